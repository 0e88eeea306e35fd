//! The laws of what follows on the end of a run's own work, and of pauses.

use super::{Broken, Law, Looked, begins};
use crate::event::{Entry, HandlerList, Outcome, RunEvent, Status, StepPath};
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
    pub(super) fn see(
        &mut self,
        plan: &Plan,
        entry: &Entry,
        looked: &mut Looked,
    ) -> Result<(), Broken> {
        let told = || format!("{entry:?}");
        let event = &entry.event;
        match event {
            RunEvent::WorkFinished { status, .. } => {
                looked.hold(Law::Handlers, self.outcome.is_none(), told)?;
                self.outcome = Some(*status);
            }
            RunEvent::HandlersStarted { list } => {
                let in_order = self.begun.last().is_none_or(|last| last < list);
                let right = self.outcome.is_some() && in_order;
                looked.hold(Law::Handlers, right, told)?;
                looked.hold(Law::Cancels, self.cancels < 2, told)?;
                looked.hold(Law::Pauses, !self.paused, told)?;
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
        // What an earlier run did of a handler is told before any begins.
        let of_before = matches!(
            event,
            RunEvent::DoneBefore { .. }
                | RunEvent::AskedBefore { .. }
                | RunEvent::SentBackBefore { .. }
        );
        match event.step().filter(|_| !of_before) {
            Some(step) => self.see_step(plan, step, entry, looked),
            None => Ok(()),
        }
    }

    fn see_step(
        &mut self,
        plan: &Plan,
        step: &StepPath,
        entry: &Entry,
        looked: &mut Looked,
    ) -> Result<(), Broken> {
        let told = || format!("{entry:?}");
        let event = &entry.event;
        // What was under way when the process died goes on.
        let again = self.interrupted.contains(step);
        if begins(event) {
            looked.hold(Law::Pauses, again || !self.paused, told)?;
            looked.hold(Law::Pauses, !self.held.contains(step), told)?;
            if self.cancels > 0 {
                let right = self.cancels < 2 && list_of(step).is_some();
                looked.hold(Law::Cancels, right, told)?;
            }
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
            RunEvent::StepResumed { .. }
            | RunEvent::StepFailed { .. }
            | RunEvent::StepCanceled { .. } => {
                self.held.remove(step);
            }
            _ => {}
        }
        match list_of(step) {
            None => looked.hold(Law::Handlers, self.outcome.is_none(), told)?,
            Some(list) => {
                looked.hold(Law::Handlers, self.begun.last() == Some(&list), told)?;
                return match list {
                    HandlerList::Undo => self.see_undo(step, looked),
                    HandlerList::OnFailure | HandlerList::Finally => Ok(()),
                };
            }
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

    fn see_undo(&mut self, path: &StepPath, looked: &mut Looked) -> Result<(), Broken> {
        if !self.undone.insert(path.clone()) {
            return Ok(());
        }
        let step = StepPath::from(path.0.trim_end_matches(".undo"));
        let Some(place) = self.done.iter().position(|done| *done == step) else {
            // A gate, or a result that was kept for a pass: no fact says when it came.
            return Ok(());
        };
        let last = place + 1 == self.done.len();
        looked.hold(Law::Undo, last, || {
            format!("{path} before what finished later: {:?}", self.done)
        })?;
        self.done.pop();
        Ok(())
    }

    /// What must hold of the end of the run's own work, given the failures and refusals in it that
    /// nothing handled.
    pub(super) fn end_of_work(
        &self,
        run: &Run,
        unhandled: &[Status],
        looked: &mut Looked,
    ) -> Result<(), Broken> {
        let code = run.failure().map(|failure| failure.code.as_str());
        let outcome = self.outcome.unwrap_or(run.status());
        let right = match outcome {
            Status::Succeeded => unhandled.is_empty(),
            Status::Rejected => unhandled.contains(&Status::Rejected),
            Status::Failed => unhandled.contains(&Status::Failed) || code == Some("run_timeout"),
            Status::Skipped => !run.has_begun() && code == Some("concurrency_limit"),
            Status::Canceled => self.cancels > 0,
            _ => false,
        };
        looked.hold(Law::Outcome, right, || {
            format!("the work ended as {} with {unhandled:?}", outcome.name())
        })
    }

    /// What must hold of the whole run, given what `finally` did not handle.
    pub(super) fn end(
        &self,
        run: &Run,
        unhandled: &[Status],
        looked: &mut Looked,
    ) -> Result<(), Broken> {
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
        looked.hold(Law::Outcome, right, || {
            format!(
                "the run is {} after {} with {unhandled:?} in `finally`",
                status.name(),
                outcome.name()
            )
        })?;
        if self.cancels > 1 {
            return Ok(());
        }
        let failed = matches!(outcome, Status::Failed | Status::Rejected);
        for (list, due) in [
            (HandlerList::OnFailure, failed),
            (HandlerList::Finally, true),
        ] {
            let due = due && run.has_begun() && run.plan().handler_block(list).is_some();
            looked.hold(Law::Handlers, self.begun.contains(&list) == due, || {
                format!("`{}` is wrong after {}", list.name(), outcome.name())
            })?;
        }
        // Undoing may have been stopped by its time limit.
        let stopped = run.plan().timeout.is_some();
        if failed {
            looked.hold(Law::Undo, self.done.is_empty() || stopped, || {
                format!("not undone: {:?}", self.done)
            })?;
        }
        let undoes = self.begun.contains(&HandlerList::Undo);
        looked.hold(Law::Undo, failed || !undoes, || {
            "what did not fail was undone".into()
        })
    }
}
