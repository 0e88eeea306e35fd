//! Reads along with the journal of a run, and holds the laws that can be told from it.

use super::checks::{self, Checks};
use super::ends::Ended;
use super::granted::Granted;
use super::handlers::{Handling, undoes};
use super::heard::Heeded;
use super::loops::Passes;
use super::rates::Throttled;
use super::slots::Slots;
use super::tries::Tries;
use super::{Broken, Law, Looked, begins};
use crate::Json;
use crate::definition::{Join, OnError};
use crate::event::{ApprovalRequest, Entry, HandlerList, Outcome, RunEvent, Status, StepPath};
use crate::plan::{ActionKind, Plan};
use crate::run::{ConnectionRates, Kept, Run, StepView};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Reads along with a journal.
#[derive(Debug, Default, Clone)]
pub struct Watch {
    ended: Ended,
    tries: Tries,
    granted: Granted,
    passes: Passes,
    pub(in crate::testing) heeded: Heeded,
    handling: Handling,
    checks: Checks,
    throttled: Throttled,
    /// The connections that have a rate all the time.
    pub(in crate::testing) rates: Option<Arc<ConnectionRates>>,
    /// The version of other automations that is active; 0 where that is not known.
    pub(in crate::testing) active: u32,
    slots: Slots,
    /// What each gate asked last.
    asked: BTreeMap<StepPath, Box<ApprovalRequest>>,
    /// Who has answered that.
    votes: BTreeMap<StepPath, BTreeSet<String>>,
    /// Steps that wait for a rate: each was looked at when it began to, and starts what was let through then.
    waited: BTreeSet<StepPath>,
    /// Results of an earlier run.
    kept: BTreeSet<StepPath>,
    seq: u64,
    over: bool,
    /// Whether it waits for its turn, or has given it back.
    stands_by: bool,
    /// Steps whose last attempt ended with the process.
    interrupted: BTreeSet<StepPath>,
    pub(in crate::testing) looked: Looked,
}

impl Watch {
    /// Reads one fact. `resolved` is whether a person resolved an uncertain step in this turn.
    ///
    /// # Errors
    /// The law that it breaks.
    pub fn see(&mut self, plan: &Plan, entry: &Entry, resolved: bool) -> Result<(), Broken> {
        let mut looked = std::mem::take(&mut self.looked);
        let seen = self.look(plan, entry, resolved, &mut looked);
        self.looked = looked;
        seen
    }

    fn look(
        &mut self,
        plan: &Plan,
        entry: &Entry,
        resolved: bool,
        looked: &mut Looked,
    ) -> Result<(), Broken> {
        let told = || format!("{entry:?}");
        let next = entry.seq == self.seq + 1 && !self.over;
        looked.hold(Law::Facts, next, told)?;
        self.seq = entry.seq;
        if let RunEvent::Finished { .. } = entry.event {
            self.over = true;
        }
        self.heeded.see(plan, entry, looked)?;
        self.slots.see(entry);
        self.checks.see(plan, entry, resolved, looked)?;
        if let Some(check) = checks::begins(plan, &entry.event) {
            self.ended.forget(|path| *path == check);
            self.tries.anew(&check);
        }
        match &entry.event {
            RunEvent::Queued { .. } | RunEvent::Parked { .. } => self.stands_by = true,
            RunEvent::Admitted => {
                looked.hold(Law::Turn, self.stands_by, told)?;
                self.stands_by = false;
            }
            _ => {}
        }
        let Some(step) = entry.event.step() else {
            self.ended.see_run(&entry.event);
            self.tries.see_run(plan, entry, looked)?;
            return self.handling.see(plan, entry, looked);
        };
        let more = matches!(
            entry.event,
            RunEvent::PassStarted { .. } | RunEvent::RateAwaited { .. }
        );
        if more || begins(&entry.event) {
            // What was under way when its run was queued goes on after a crash.
            let tried = matches!(
                entry.event,
                RunEvent::AttemptStarted { .. } | RunEvent::RateAwaited { .. }
            );
            let goes_on = tried && self.interrupted.remove(step);
            looked.hold(Law::Turn, goes_on || !self.stands_by, told)?;
        }
        if let RunEvent::AttemptInterrupted { .. } = entry.event {
            self.interrupted.insert(step.clone());
        }
        if let RunEvent::AttemptFinished {
            outcome: Outcome::Failed { failure, .. },
            ..
        } = &entry.event
            && failure.code == "process_died"
        {
            self.interrupted.insert(step.clone());
        }
        self.throttled
            .see(plan, step, entry, self.rates.as_ref(), looked)?;
        if let RunEvent::ApprovalNotified { .. } = entry.event {
            return Ok(());
        }
        self.once(step, entry, looked)?;
        self.handling.see(plan, entry, looked)?;
        self.gate(plan, step, entry, looked)?;
        self.ended.see(plan, step, entry, looked)?;
        self.tries.see(plan, step, entry, resolved, looked)?;
        self.granted.see(plan, step, entry, resolved, looked)?;
        self.passes.see(step, &entry.event);
        match &entry.event {
            RunEvent::StepKept { .. } => {
                self.kept.insert(step.clone());
            }
            RunEvent::ApprovalSentBack { .. } => {
                for again in again(plan, step) {
                    self.forget(&again);
                }
                self.forget(step);
            }
            RunEvent::ApprovalVoided { .. } => self.forget(step),
            _ => {}
        }
        Ok(())
    }

    /// What has ended has ended, and what was kept stays.
    fn once(&self, step: &StepPath, entry: &Entry, looked: &mut Looked) -> Result<(), Broken> {
        let told = || format!("{entry:?}");
        // A file of what is kept is told behind it.
        if matches!(
            entry.event,
            RunEvent::ApprovalVoided { .. } | RunEvent::ArtifactKept { from: Some(_), .. }
        ) {
            return Ok(());
        }
        let again = self.ended.status(step).is_some();
        let law = match &entry.event {
            _ if again && self.kept.contains(step) => Law::Kept,
            RunEvent::ApprovalDecided { .. }
            | RunEvent::ApprovalExpired { .. }
            | RunEvent::ApprovalSentBack { .. } => Law::OneOutcome,
            _ => Law::EndsOnce,
        };
        looked.hold(law, !again, told)?;
        let mut around = around(step);
        let late = !undoes(step) && around.any(|pass| self.ended.status(&pass).is_some());
        looked.hold(Law::EndsOnce, !late, told)
    }

    /// What gates ask, who answers, and what they let through.
    fn gate(
        &mut self,
        plan: &Plan,
        step: &StepPath,
        entry: &Entry,
        looked: &mut Looked,
    ) -> Result<(), Broken> {
        match &entry.event {
            RunEvent::ApprovalRequested { request, .. } => {
                self.asked.insert(step.clone(), request.clone());
                self.votes.remove(step);
            }
            RunEvent::ApprovalDecided { decision, .. } => {
                let votes = self.votes.entry(step.clone()).or_default();
                let first = votes.insert(decision.by.clone());
                looked.hold(Law::OneOutcome, first, || format!("{entry:?}"))?;
            }
            RunEvent::RateAwaited { .. } => {
                self.waited.insert(step.clone());
            }
            RunEvent::AttemptStarted { number, input, .. } => {
                // What has begun goes on with what was let through.
                let waited = self.waited.remove(step);
                let first = *number == 1 && !waited;
                let starts = (first && self.active > 0).then_some(self.active);
                if let Some(right) = self.lets_through(plan, step, input, starts) {
                    looked.hold(Law::Bound, right, || format!("{entry:?}"))?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A step, with its check and all that stands inside of it, is as if it had never run.
    fn forget(&mut self, step: &StepPath) {
        let gone = |path: &StepPath| {
            let rest = path.0.strip_prefix(&*step.0);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['[', '.']))
        };
        self.ended.forget(gone);
        self.tries.forget(gone);
        self.passes.forget(gone);
        self.asked.retain(|path, _| !gone(path));
        self.kept.retain(|path| !gone(path));
        self.waited.retain(|path| !gone(path));
    }

    /// Whether a step is begun with what the gates before it have shown and let through; nothing where none
    /// did.
    fn lets_through(
        &self,
        plan: &Plan,
        step: &StepPath,
        input: &Json,
        starts: Option<u32>,
    ) -> Option<bool> {
        let (list, planned) = plan.locate(step)?;
        // While something ends, nobody is asked anew: what was let through runs, whatever is active by then.
        let ending =
            self.ended.trouble() && matches!(planned.join, Join::AllDone | Join::AnyFailed);
        let starts =
            starts.filter(|_| planned_kind(plan, step) == Some(ActionKind::Automation) && !ending);
        let child =
            |item: &Value| starts.is_none_or(|version| item["automation"]["version"] == version);
        let gates = planned.needs.iter().filter_map(|need| {
            let gate = beside(step, &list.steps[need.step].id);
            let asked = self.asked.get(&gate)?;
            // What runs because it was refused was let through by nobody.
            self.ended
                .status(&gate)
                .filter(|status| *status == Status::Succeeded)?;
            let next = asked.details.value()["next"].as_array();
            let shown = next.and_then(|next| next.iter().find(|item| item["step"] == *step.0));
            Some(shown.is_some_and(|item| {
                (item["rendered"] != true || item["with"] == *input.value()) && child(item)
            }))
        });
        gates.reduce(|all, one| all && one)
    }

    /// The run stands towards the limits as its facts say.
    pub(in crate::testing) fn slots(&mut self, run: &Run) -> Result<(), Broken> {
        self.slots.hold(run, &mut self.looked)
    }

    /// How it stands towards the limits, by its facts.
    #[cfg(test)]
    pub(in crate::testing) fn standing(&self) -> crate::flow::Standing {
        self.slots.standing()
    }

    /// What must hold of a run that is over, seen from outside.
    ///
    /// # Errors
    /// The law that it breaks.
    pub fn see_end(&mut self, run: &Run) -> Result<(), Broken> {
        let mut looked = std::mem::take(&mut self.looked);
        let seen = self.look_at_end(run, &mut looked);
        self.looked = looked;
        seen
    }

    fn look_at_end(&self, run: &Run, looked: &mut Looked) -> Result<(), Broken> {
        let plan = run.plan();
        let views = run.steps();
        let mut lists: BTreeMap<Option<StepPath>, Vec<&StepView>> = BTreeMap::new();
        lists.insert(None, Vec::new());
        for view in &views {
            let alone = undoes(&view.path) || plan.checked(&view.path).is_some();
            let list = match alone {
                true => Some(view.path.clone()),
                false => pass_of(&view.path),
            };
            lists.entry(list).or_default().push(view);
        }
        for (pass, steps) in &lists {
            let unhandled = unhandled(plan, steps)?;
            match pass {
                None => self.handling.end_of_work(run, &unhandled, looked)?,
                Some(pass) if pass.0.ends_with(']') => {
                    self.passes.end_of_pass(pass, &unhandled, looked)?;
                }
                // Handlers, and what undoes or checks a step.
                Some(_) => {}
            }
        }
        let last = StepPath::from(HandlerList::Finally.name());
        let last = lists.get(&Some(last)).map(|steps| unhandled(plan, steps));
        let last = last.transpose()?.unwrap_or_default();
        self.handling.end(run, &last, looked)?;
        for view in &views {
            self.passes.end_of_loop(plan, view, &lists, looked)?;
        }
        Ok(())
    }
}

/// What a run kept did not happen again.
///
/// # Errors
/// The law that it breaks.
pub(in crate::testing) fn keeps(
    plan: &Plan,
    kept: &[Kept],
    journal: &[Entry],
    looked: &mut Looked,
) -> Result<(), Broken> {
    let mut steps: BTreeSet<StepPath> = kept
        .iter()
        .filter_map(|kept| match kept {
            Kept::Step { step, .. } => Some(step.clone()),
            Kept::Pass { step, output, .. } => output.as_ref().map(|_| step.clone()),
            Kept::Undone { .. }
            | Kept::Asked { .. }
            | Kept::SentBack { .. }
            | Kept::Artifact { .. } => None,
        })
        .collect();
    for entry in journal {
        if let RunEvent::ApprovalSentBack { step, .. } = &entry.event {
            for again in again(plan, step) {
                let inside = format!("{again}[");
                steps.retain(|step| *step != again && !step.0.starts_with(&inside));
            }
        }
        let Some(step) = entry.event.step() else {
            continue;
        };
        let inside = steps.contains(step) || around(step).any(|pass| steps.contains(&pass));
        if inside && !undoes(step) {
            looked.hold(Law::Kept, !begins(&entry.event), || format!("{entry:?}"))?;
        }
    }
    Ok(())
}

/// The pass that a step stands in.
fn pass_of(step: &StepPath) -> Option<StepPath> {
    let end = step.0.rfind('.')?;
    Some(step.0[..end].into())
}

/// The steps that run again when a gate is sent back, without the gate.
fn again(plan: &Plan, gate: &StepPath) -> Vec<StepPath> {
    let Some((list, planned)) = plan.locate(gate) else {
        return Vec::new();
    };
    let back = planned
        .gate
        .as_ref()
        .and_then(|gate| gate.send_back.as_ref());
    let steps = back.map_or(&[][..], |back| &back.again);
    steps
        .iter()
        .map(|step| beside(gate, &list.steps[*step].id))
        .collect()
}

/// Another step of the same list.
pub(super) fn beside(step: &StepPath, id: &str) -> StepPath {
    match pass_of(step) {
        Some(pass) => format!("{pass}.{id}").as_str().into(),
        None => id.into(),
    }
}

/// The passes around a step or pass, from the inside out.
fn around(step: &StepPath) -> impl Iterator<Item = StepPath> {
    std::iter::successors(pass_of(step), pass_of)
}

/// The failures and refusals of a list of steps that no step of it handled.
fn unhandled(plan: &Plan, steps: &[&StepView]) -> Result<Vec<Status>, Broken> {
    let mut unhandled = Vec::new();
    for view in steps {
        let Some((list, planned)) = plan.locate(&view.path) else {
            return Law::Outcome.broken(format!("step {} is not of the plan", view.path));
        };
        if steps.len() != list.steps.len() {
            return Law::Outcome.broken("a step is not shown");
        }
        if !view.status.is_final() {
            return Law::Outcome.broken(format!("step {} did not end", view.path));
        }
        let bad = matches!(view.status, Status::Failed | Status::Rejected);
        if !bad || planned.on_error == OnError::Continue {
            continue;
        }
        let handled = planned.dependants.iter().any(|next| {
            let next = &list.steps[*next];
            let began = |view: &&&StepView| *view.id == *next.id && view.started_at.is_some();
            matches!(next.join, Join::AllDone | Join::AnyFailed) && steps.iter().any(|v| began(&v))
        });
        if !handled {
            unhandled.push(view.status);
        }
    }
    Ok(unhandled)
}

fn planned_kind(plan: &Plan, step: &StepPath) -> Option<ActionKind> {
    plan.find(step).and_then(|planned| planned.work.kind())
}
