//! The laws that can be seen from a run's facts alone, independent of how the run computes them.

use super::heard::Heeded;
use super::law_checks::{self, Checks};
use super::law_handlers::{Handling, undoes};
use crate::Json;
use crate::definition::{Delivery, Join, OnError};
use crate::event::{
    ApprovalRequest, Entry, HandlerList, Outcome, Probed, RunEvent, Status, StepPath,
};
use crate::plan::{Plan, Times};
use crate::run::{ConnectionRates, Kept, Run, StepView};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How a pass ended.
#[derive(Debug, Clone)]
struct PassEnd {
    status: Status,
    /// What it gave by itself, not by its last step.
    output: Option<Json>,
    /// Whether a step of it is why.
    by_step: bool,
    /// Whether `until` held.
    done: bool,
}

/// Reads along with a journal.
#[derive(Debug, Default, Clone)]
pub struct Watch {
    ended: BTreeSet<StepPath>,
    keys: BTreeMap<StepPath, String>,
    /// Steps of which nobody knows whether they happened.
    open: BTreeSet<StepPath>,
    /// How often in a row the process died with nothing but this step's attempt running.
    deaths: BTreeMap<StepPath, u32>,
    /// How passes of loops ended.
    passes: BTreeMap<StepPath, PassEnd>,
    /// What each gate asked last.
    asked: BTreeMap<StepPath, Box<ApprovalRequest>>,
    /// Who has answered that.
    votes: BTreeMap<StepPath, BTreeSet<String>>,
    /// Keys of steps that have run again since.
    old_keys: BTreeSet<String>,
    fence: u64,
    seq: u64,
    over: bool,
    /// Whether it waits for its turn, or has given it back.
    stands_by: bool,
    /// Steps whose last attempt ended with the process.
    interrupted: BTreeSet<StepPath>,
    /// Steps that wait for the rate of a connection.
    pub(super) throttled: BTreeSet<StepPath>,
    /// The connections that have a rate all the time.
    pub(super) rates: Option<Arc<ConnectionRates>>,
    pub(super) heeded: Heeded,
    handling: Handling,
    checks: Checks,
}

impl Watch {
    /// Reads one fact. `resolved` is whether a person resolved an uncertain step in this turn.
    ///
    /// # Errors
    /// The law that it breaks.
    pub fn see(&mut self, plan: &Plan, entry: &Entry, resolved: bool) -> Result<(), String> {
        let wrong = |law: &str| Err(format!("{law}: {:?}", entry));
        if entry.seq != self.seq + 1 {
            return wrong("facts are numbered without gaps");
        }
        self.seq = entry.seq;
        if self.over {
            return wrong("nothing follows on the end");
        }
        if let RunEvent::Finished { .. } = entry.event {
            self.over = true;
        }
        self.heeded.see(plan, entry)?;
        self.handling.see(plan, &entry.event).or_else(wrong)?;
        self.checks
            .see(plan, &entry.event, resolved)
            .or_else(wrong)?;
        if let Some(check) = law_checks::begins(plan, &entry.event) {
            self.ended.remove(&check);
            self.deaths.remove(&check);
        }
        match &entry.event {
            RunEvent::Queued { .. } | RunEvent::Parked { .. } => self.stands_by = true,
            RunEvent::Admitted if !self.stands_by => return wrong("whoever has a turn gets none"),
            RunEvent::Admitted => self.stands_by = false,
            _ => {}
        }
        let Some(step) = entry.event.step() else {
            return Ok(());
        };
        let begins = match &entry.event {
            RunEvent::AttemptStarted { .. } | RunEvent::RateAwaited { .. } => {
                !self.interrupted.remove(step)
            }
            RunEvent::StepEvaluated { .. }
            | RunEvent::WaitStarted { .. }
            | RunEvent::ApprovalRequested { .. }
            | RunEvent::EventAwaited { .. }
            | RunEvent::LoopStarted { .. }
            | RunEvent::PassStarted { .. } => true,
            _ => false,
        };
        if begins && self.stands_by {
            return wrong("nothing begins before it is the run's turn");
        }
        if let RunEvent::AttemptInterrupted { .. } = entry.event {
            self.interrupted.insert(step.clone());
        }
        self.see_rates(plan, step, &entry.event).or_else(wrong)?;
        if let RunEvent::ApprovalNotified { .. } = entry.event {
            return Ok(());
        }
        let void = matches!(entry.event, RunEvent::ApprovalVoided { .. });
        if self.ended.contains(step) && !void {
            return wrong("a step ends at most once");
        }
        if !undoes(step) && around(step).any(|pass| self.ended.contains(&pass)) {
            return wrong("nothing happens in a pass that is over");
        }
        let ends = match &entry.event {
            RunEvent::StepSkipped { .. }
            | RunEvent::StepEvaluated { .. }
            | RunEvent::StepKept { .. }
            | RunEvent::WaitFinished { .. }
            | RunEvent::EventTaken { .. }
            | RunEvent::ApprovalExpired { .. }
            | RunEvent::StepFailed { .. }
            | RunEvent::PassFinished { .. }
            | RunEvent::LoopFinished { .. }
            | RunEvent::StepCanceled { .. } => true,
            RunEvent::AttemptFinished { outcome, .. } => {
                matches!(outcome, Outcome::Succeeded { .. })
            }
            _ => false,
        };
        if ends {
            self.ended.insert(step.clone());
        }
        match &entry.event {
            RunEvent::ApprovalRequested { request, .. } => {
                self.asked.insert(step.clone(), request.clone());
                self.votes.remove(step);
            }
            RunEvent::ApprovalDecided { decision, .. } => {
                let votes = self.votes.entry(step.clone()).or_default();
                if !votes.insert(decision.by.clone()) {
                    return wrong("a person answers once");
                }
            }
            RunEvent::ApprovalSentBack { .. } => self.turn_back(plan, step),
            RunEvent::ApprovalVoided { .. } => self.forget(step),
            RunEvent::AttemptStarted {
                fence,
                idempotency_key,
                input,
                ..
            } => {
                if self.old_keys.contains(idempotency_key) {
                    return wrong("what runs again has another key");
                }
                if !self.lets_through(plan, step, input) {
                    return wrong("what runs behind a gate is what it asked about");
                }
                if *fence <= self.fence {
                    return wrong("fences only go up");
                }
                self.fence = *fence;
                let key = self
                    .keys
                    .entry(step.clone())
                    .or_insert_with(|| idempotency_key.clone());
                if key != idempotency_key {
                    return wrong("a step has one key");
                }
                let once = plan
                    .find(step)
                    .is_some_and(|planned| planned.delivery == Delivery::AtMostOnce);
                if once && self.open.contains(step) && !resolved {
                    return wrong("at most once means at most once");
                }
                self.open.insert(step.clone());
                if self.deaths.get(step).is_some_and(|deaths| *deaths >= 3) {
                    return wrong("what killed the process three times does not start again");
                }
            }
            RunEvent::AttemptFinished {
                outcome: Outcome::Failed { failure, .. },
                ..
            } if failure.code == "process_died" => {
                self.interrupted.insert(step.clone());
                *self.deaths.entry(step.clone()).or_default() += 1;
            }
            // A plain failure is an answer: it is known that it did not happen.
            RunEvent::AttemptFinished {
                outcome: Outcome::Failed { failure, .. },
                ..
            } if matches!(
                failure.class,
                crate::definition::FailureClass::Retryable
                    | crate::definition::FailureClass::Permanent
            ) =>
            {
                self.open.remove(step);
                self.deaths.remove(step);
            }
            RunEvent::AttemptFinished { .. } => {
                self.deaths.remove(step);
            }
            RunEvent::StepResolved { .. } => {
                self.open.remove(step);
            }
            RunEvent::StepChecked {
                answer: Probed::NotHappened,
                ..
            } => {
                self.open.remove(step);
            }
            RunEvent::StepResumed { .. } => {
                self.open.remove(step);
                self.deaths.remove(step);
            }
            // A person found out that it did not happen; it begins when it is its turn.
            RunEvent::RetryScheduled { .. } if resolved => {
                self.open.remove(step);
            }
            RunEvent::PassFinished {
                status,
                output,
                failure,
                done,
                ..
            } => {
                let end = PassEnd {
                    status: *status,
                    output: output.clone(),
                    by_step: failure.is_none(),
                    done: *done,
                };
                self.passes.insert(step.clone(), end);
            }
            _ => {}
        }
        Ok(())
    }

    /// The steps before a gate that was sent back run again.
    fn turn_back(&mut self, plan: &Plan, gate: &StepPath) {
        for step in again(plan, gate) {
            self.forget(&step);
        }
        self.forget(gate);
    }

    /// A step, with all that stands inside of it, is as if it had never run.
    fn forget(&mut self, step: &StepPath) {
        let inside = format!("{step}[");
        let gone = |path: &StepPath| path == step || path.0.starts_with(&inside);
        self.ended.retain(|path| !gone(path));
        self.open.retain(|path| !gone(path));
        self.deaths.retain(|path, _| !gone(path));
        self.passes.retain(|path, _| !gone(path));
        self.asked.retain(|path, _| !gone(path));
        let (old, keys) = std::mem::take(&mut self.keys)
            .into_iter()
            .partition(|(path, _)| gone(path));
        self.keys = keys;
        let old: BTreeMap<StepPath, String> = old;
        self.old_keys.extend(old.into_values());
    }

    /// Whether a step is begun with what the gates before it have shown.
    fn lets_through(&self, plan: &Plan, step: &StepPath, input: &Json) -> bool {
        let Some((list, planned)) = plan.locate(step) else {
            return false;
        };
        planned.needs.iter().all(|need| {
            let gate = beside(step, &list.steps[need.step].id);
            let Some(asked) = self.asked.get(&gate) else {
                return true;
            };
            let next = asked.details.value()["next"].as_array();
            let shown = next.and_then(|next| next.iter().find(|item| item["step"] == *step.0));
            shown.is_some_and(|item| item["rendered"] != true || item["with"] == *input.value())
        })
    }

    /// What must hold of a run that is over, seen from outside.
    ///
    /// # Errors
    /// The law that it breaks.
    pub fn see_end(&self, run: &Run) -> Result<(), String> {
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
                None => self.handling.end_of_work(run, &unhandled)?,
                Some(pass) if pass.0.ends_with(']') => self.end_of_pass(pass, &unhandled)?,
                // Handlers, and what undoes or checks a step.
                Some(_) => {}
            }
        }
        let last = StepPath::from(HandlerList::Finally.name());
        let last = lists.get(&Some(last)).map(|steps| unhandled(plan, steps));
        self.handling
            .end(run, &last.transpose()?.unwrap_or_default())?;
        for view in &views {
            self.end_of_loop(plan, view, &lists)?;
        }
        Ok(())
    }

    fn end_of_pass(&self, pass: &StepPath, unhandled: &[Status]) -> Result<(), String> {
        let Some(end) = self.passes.get(pass) else {
            return Err(format!("pass {pass} did not end"));
        };
        let (status, by_step) = (end.status, end.by_step);
        let right = match status {
            Status::Succeeded | Status::Canceled => unhandled.is_empty(),
            Status::Failed => !by_step || unhandled.contains(&Status::Failed),
            Status::Rejected => {
                unhandled.contains(&Status::Rejected) && !unhandled.contains(&Status::Failed)
            }
            _ => false,
        };
        if right {
            return Ok(());
        }
        Err(format!(
            "pass {pass} is {} with {unhandled:?}",
            status.name()
        ))
    }

    fn end_of_loop(
        &self,
        plan: &Plan,
        view: &StepView,
        lists: &BTreeMap<Option<StepPath>, Vec<&StepView>>,
    ) -> Result<(), String> {
        let Some((planned, seen)) = plan
            .find(&view.path)
            .and_then(|planned| Some((planned.work.looped()?, view.passes.as_ref()?)))
        else {
            return Ok(());
        };
        let wrong = |law: &str| Err(format!("loop {}: {law}", view.path));
        let mut ends = Vec::new();
        let mut outputs = Vec::new();
        for number in seen.first..seen.first + seen.begun {
            let path = view.path.pass(number);
            let Some(end) = self.passes.get(&path) else {
                if seen.kept > 0 {
                    // What a kept pass gave is not among this run's facts.
                    return Ok(());
                }
                return wrong("passes begin in order and all of them end");
            };
            ends.push(end);
            let last = plan.blocks[planned.body].last().and_then(|last| {
                let id = &plan.blocks[planned.body].steps[last].id;
                let steps = lists.get(&Some(path))?;
                steps.iter().find(|step| *step.id == **id)?.output.clone()
            });
            outputs.push(match end.status {
                Status::Succeeded => end.output.clone().or(last).unwrap_or_default(),
                _ => Json::null(),
            });
        }
        let statuses: Vec<Status> = ends.iter().map(|end| end.status).collect();
        let done = ends.iter().position(|end| end.done);
        match &planned.times {
            Times::Repeat(repeat) => {
                let last = done.is_none_or(|done| done + 1 == ends.len());
                if ends.len() > repeat.max as usize || !last {
                    return wrong("it went on when it had to end");
                }
                if view.status == Status::Succeeded && done.is_none() {
                    return wrong("it succeeded and `until` did not hold");
                }
            }
            Times::ForEach(each) => {
                let most = done.map_or(usize::MAX, |done| done + each.max_parallel as usize);
                if ends.len() > most {
                    return wrong("it went on when it had to end");
                }
                let all = Some(seen.begun) == seen.items;
                if view.status == Status::Succeeded && done.is_none() && !all {
                    return wrong("it succeeded before its last item");
                }
            }
        }
        let bad = |status: &Status| matches!(status, Status::Failed | Status::Rejected);
        let (goes_on, expected) = match &planned.times {
            Times::ForEach(each) => {
                let list = outputs
                    .iter()
                    .map(|output| output.value().clone())
                    .collect();
                (each.goes_on, serde_json::Value::Array(list).into())
            }
            Times::Repeat(_) => (false, outputs.pop().unwrap_or_default()),
        };
        match view.status {
            Status::Succeeded if !goes_on && statuses.iter().any(bad) => {
                wrong("it succeeded with a pass that failed")
            }
            Status::Succeeded if view.output.as_ref() != Some(&expected) => {
                wrong(&format!("it gave {:?} for {expected:?}", view.output))
            }
            Status::Rejected if !statuses.contains(&Status::Rejected) => {
                wrong("it was rejected and no pass was")
            }
            Status::Failed if !statuses.iter().any(bad) => {
                let code = view.error.as_ref().map_or("", |error| &error.code);
                match code {
                    "timeout" | "repeat_limit" => Ok(()),
                    _ => wrong("it failed and no pass did"),
                }
            }
            _ => Ok(()),
        }
    }
}

/// What a run kept did not happen again.
///
/// # Errors
/// The law that it breaks.
pub(super) fn keeps(plan: &Plan, kept: &[Kept], journal: &[Entry]) -> Result<(), String> {
    let mut steps: BTreeSet<StepPath> = kept
        .iter()
        .filter_map(|kept| match kept {
            Kept::Step { step, .. } => Some(step.clone()),
            Kept::Pass { step, output, .. } => output.as_ref().map(|_| step.clone()),
            Kept::Undone { .. } | Kept::Asked { .. } => None,
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
        let begins = matches!(
            entry.event,
            RunEvent::StepEvaluated { .. }
                | RunEvent::AttemptStarted { .. }
                | RunEvent::WaitStarted { .. }
                | RunEvent::EventAwaited { .. }
                | RunEvent::ApprovalRequested { .. }
                | RunEvent::LoopStarted { .. }
        );
        let inside = steps.contains(step) || around(step).any(|pass| steps.contains(&pass));
        let again = inside && !undoes(step);
        if again && begins {
            return Err(format!("what was kept does not happen again: {entry:?}"));
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
fn beside(step: &StepPath, id: &str) -> StepPath {
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
fn unhandled(plan: &Plan, steps: &[&StepView]) -> Result<Vec<Status>, String> {
    let mut unhandled = Vec::new();
    for view in steps {
        let Some((list, planned)) = plan.locate(&view.path) else {
            return Err(format!("step {} is not of the plan", view.path));
        };
        if steps.len() != list.steps.len() {
            return Err("a step is not shown".into());
        }
        if !view.status.is_final() {
            return Err(format!("step {} did not end", view.path));
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
