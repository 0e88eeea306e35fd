//! The laws of what follows on the end of a run's own work, and of pauses.

use crate::event::{HandlerList, Outcome, RunEvent, Status, StepPath};
use crate::plan::Plan;
use crate::run::Run;
use std::collections::BTreeSet;

/// Whether it is the path of what undoes a step.
pub(super) fn undoes(step: &StepPath) -> bool {
    step.0.ends_with(".undo")
}

/// The list of handlers that a path leads into.
fn list_of(step: &StepPath) -> Option<HandlerList> {
    if undoes(step) {
        return Some(HandlerList::Undo);
    }
    let (first, _) = step.0.split_once('.')?;
    let mut lists = HandlerList::ALL.into_iter();
    lists.find(|list| list.name() == first)
}

/// Reads along with a journal.
#[derive(Debug, Default, Clone)]
pub(super) struct Handling {
    outcome: Option<Status>,
    begun: Vec<HandlerList>,
    /// Steps with an `undo` that succeeded by facts of their own, the last to finish last.
    done: Vec<StepPath>,
    undone: BTreeSet<StepPath>,
    cancels: u32,
    paused: bool,
    /// Steps that wait for a person.
    held: BTreeSet<StepPath>,
    /// Steps whose attempt a crash interrupted.
    interrupted: BTreeSet<StepPath>,
}

impl Handling {
    /// Reads one fact.
    pub(super) fn see(&mut self, plan: &Plan, event: &RunEvent) -> Result<(), &'static str> {
        match event {
            RunEvent::WorkFinished { .. } if self.outcome.is_some() => {
                return Err("a run's own work ends once");
            }
            RunEvent::WorkFinished { status, .. } => self.outcome = Some(*status),
            RunEvent::HandlersStarted { list } => {
                if self.outcome.is_none() || self.begun.last().is_some_and(|last| last >= list) {
                    return Err("handlers begin after the work, each list once and in order");
                }
                if self.cancels > 1 || self.paused {
                    return Err("no handlers begin after a second cancel or in a pause");
                }
                self.begun.push(*list);
            }
            RunEvent::CancelRequested { .. } => {
                self.cancels += 1;
                self.paused = false;
            }
            RunEvent::Paused { .. } => self.paused = true,
            RunEvent::Resumed { .. } => self.paused = false,
            _ => {}
        }
        let Some(step) = event.step() else {
            return Ok(());
        };
        let begins = matches!(
            event,
            RunEvent::StepEvaluated { .. }
                | RunEvent::WaitStarted { .. }
                | RunEvent::ApprovalRequested { .. }
                | RunEvent::LoopStarted { .. }
                | RunEvent::AttemptStarted { .. }
        );
        let again = self.interrupted.contains(step);
        if begins && !again && self.paused {
            return Err("nothing begins in a pause");
        }
        if begins && self.cancels > 1 {
            return Err("nothing begins after a second cancel");
        }
        if begins && self.held.contains(step) {
            return Err("a step that waits for a person does not go on");
        }
        match event {
            RunEvent::AttemptInterrupted { .. } => {
                self.interrupted.insert(step.clone());
            }
            RunEvent::AttemptFinished {
                outcome: Outcome::Failed { failure, .. },
                ..
            } if failure.code == "process_died" => {
                self.interrupted.insert(step.clone());
            }
            RunEvent::AttemptStarted { .. } => {
                self.interrupted.remove(step);
            }
            RunEvent::StepPaused { .. } => {
                self.held.insert(step.clone());
            }
            RunEvent::StepResumed { .. } => {
                self.held.remove(step);
            }
            _ => {}
        }
        match list_of(step) {
            None if self.outcome.is_some() => return Err("no step runs after the run's work"),
            None => {}
            Some(list) if self.begun.last() != Some(&list) => {
                return Err("a handler runs while its list does");
            }
            Some(HandlerList::Undo) => return self.see_undo(step),
            Some(HandlerList::OnFailure | HandlerList::Finally) => return Ok(()),
        }
        let succeeds = match event {
            RunEvent::StepEvaluated { .. } | RunEvent::WaitFinished { .. } => true,
            // One in a pass counts when the loop comes to the pass, which no fact of its own says.
            RunEvent::StepKept { step, .. } => !step.0.contains('['),
            RunEvent::AttemptFinished { outcome, .. } => {
                matches!(outcome, Outcome::Succeeded { .. })
            }
            _ => false,
        };
        if succeeds && plan.find(step).is_some_and(|step| step.undo.is_some()) {
            self.done.push(step.clone());
        }
        Ok(())
    }

    fn see_undo(&mut self, path: &StepPath) -> Result<(), &'static str> {
        if !self.undone.insert(path.clone()) {
            return Ok(());
        }
        let step = StepPath::from(path.0.trim_end_matches(".undo"));
        let Some(place) = self.done.iter().position(|done| *done == step) else {
            // A gate, or a result that was kept for a pass: no fact says when it came.
            return Ok(());
        };
        if place + 1 != self.done.len() {
            return Err("the last to finish is undone first");
        }
        self.done.pop();
        Ok(())
    }

    /// What must hold of the end of the run's own work, given the failures and refusals in it that
    /// nothing handled.
    pub(super) fn end_of_work(&self, run: &Run, unhandled: &[Status]) -> Result<(), String> {
        let code = run.failure().map(|failure| failure.code.as_str());
        match self.outcome.unwrap_or(run.status()) {
            Status::Succeeded if !unhandled.is_empty() => {
                Err("a run with an unhandled failure succeeded".into())
            }
            Status::Rejected if !unhandled.contains(&Status::Rejected) => {
                Err("a run was rejected and no gate was".into())
            }
            Status::Failed
                if !unhandled.contains(&Status::Failed) && code != Some("run_timeout") =>
            {
                Err("a run failed and no step did".into())
            }
            Status::Skipped if run.has_begun() || code != Some("concurrency_limit") => {
                Err("a run that had begun was passed over".into())
            }
            Status::Succeeded
            | Status::Rejected
            | Status::Failed
            | Status::Canceled
            | Status::Skipped => Ok(()),
            other => Err(format!("a run ended as {}", other.name())),
        }
    }

    /// What must hold of the whole run, given what `finally` did not handle.
    pub(super) fn end(&self, run: &Run, unhandled: &[Status]) -> Result<(), String> {
        let status = run.status();
        let outcome = self.outcome.unwrap_or(status);
        let code = run.failure().map(|failure| failure.code.as_str());
        let right = match status {
            _ if outcome == status && outcome != Status::Succeeded => true,
            _ if outcome != Status::Succeeded => false,
            Status::Succeeded => unhandled.is_empty() && self.cancels < 2,
            Status::Canceled => self.cancels > 1,
            Status::Failed => unhandled.contains(&Status::Failed) || code == Some("run_timeout"),
            Status::Rejected => unhandled.contains(&Status::Rejected),
            _ => false,
        };
        if !right {
            return Err(format!(
                "the run is {} after {} with {unhandled:?} in `finally`",
                status.name(),
                outcome.name()
            ));
        }
        if self.cancels > 1 {
            return Ok(());
        }
        let failed = matches!(outcome, Status::Failed | Status::Rejected);
        for (list, due) in [
            (HandlerList::OnFailure, failed),
            (HandlerList::Finally, true),
        ] {
            let due = due && run.has_begun() && run.plan().handler_block(list).is_some();
            if self.begun.contains(&list) != due {
                return Err(format!(
                    "`{}` is wrong after {}",
                    list.name(),
                    outcome.name()
                ));
            }
        }
        if failed && !self.done.is_empty() && !self.timed_out_undoing(run) {
            return Err(format!("not undone: {:?}", self.done));
        }
        if self.begun.contains(&HandlerList::Undo) && !failed {
            return Err("what did not fail was undone".into());
        }
        Ok(())
    }

    /// Whether undoing may have been stopped by its time limit.
    fn timed_out_undoing(&self, run: &Run) -> bool {
        run.plan().timeout.is_some()
    }
}
