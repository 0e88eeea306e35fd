//! Passes of loops: how they begin and end, and which of them stay known.

use super::looping::{KNOWN_PASSES, MOST_STEPS, Pass};
use super::scope::{Close, Owner, Place, Scope};
use super::state::State;
use super::time::later;
use super::{failure, gate};
use crate::definition::FailureClass;
use crate::event::{Failure, RunEvent, Status, StepPath};
use crate::plan::{Plan, RepeatPlan, Times};
#[cfg(test)]
use crate::testing::{Bug, planted};
use crate::{Json, Span, Timestamp};
use serde_json::json;

/// What a wait between passes grows to at most, in milliseconds; `every` itself may be longer.
const LONGEST_WAIT: f64 = 3_600_000.0;

/// The end of a pass whose steps are all over.
pub(super) fn finish_pass(
    state: &State,
    plan: &Plan,
    scope: usize,
    of: Place,
    number: u32,
    now: Timestamp,
) -> RunEvent {
    let step = state.path(plan, of).pass(number);
    let end = |status, failure| RunEvent::PassFinished {
        step: step.clone(),
        status,
        output: None,
        failure,
        done: false,
        due: None,
    };
    if let Some((status, _)) = trouble_in(state, plan, scope) {
        return end(status, None);
    }
    if state.scopes[scope].close.is_some() {
        return end(Status::Canceled, None);
    }
    let failed = |error, place| end(Status::Failed, Some(failure::of_expression(error, place)));
    let (Some(looped), Some(known)) = (
        state.planned(plan, of).work.looped(),
        &state.step(of).looped,
    ) else {
        return end(Status::Canceled, None);
    };
    let (output, until) = match &looped.times {
        Times::ForEach(each) => (each.output.as_ref(), each.until.as_ref()),
        Times::Repeat(repeat) => (repeat.output.as_ref(), Some(&repeat.until)),
    };
    let (mut given, mut done) = (None, false);
    if output.is_some() || until.is_some() {
        let values = state.values(scope);
        match output
            .map(|output| output.render_output(&values))
            .transpose()
        {
            Ok(output) => given = output,
            Err(error) => return failed(&error, "output"),
        }
        match until.map(|until| until.holds(&values)).transpose() {
            Ok(held) => done = held.unwrap_or(false),
            Err(error) => return failed(&error, "until"),
        }
    }
    let due = match &looped.times {
        Times::Repeat(repeat) if !done && number.saturating_add(1) < known.count => {
            Some(later(now, wait(repeat, number.saturating_sub(known.first))))
        }
        _ => None,
    };
    RunEvent::PassFinished {
        step,
        status: Status::Succeeded,
        output: given,
        failure: None,
        done,
        due,
    }
}

/// The wait after the pass with this index: `every`, multiplied by `factor` once for each pass before.
fn wait(repeat: &RepeatPlan, index: u32) -> Span {
    let every = repeat.every.as_millis() as f64;
    let longest = every.max(LONGEST_WAIT);
    let mut wait = every;
    for _ in 0..index.min(10_000) {
        if wait >= longest || wait < 1.0 || repeat.factor <= 1.0 {
            break;
        }
        wait *= repeat.factor;
    }
    // A cast from float to integer saturates.
    Span::from_millis(wait.min(longest).ceil() as u64)
}

/// What went wrong in a scope and was not handled there: a failure before a refusal.
pub(super) fn trouble_in(state: &State, plan: &Plan, scope: usize) -> Option<(Status, Failure)> {
    let inner = &state.scopes[scope];
    let (status, step) = match (inner.failed, inner.refused) {
        (Some(step), _) => (Status::Failed, step),
        (None, Some(step)) => (Status::Rejected, step),
        (None, None) => return None,
    };
    let place = Place { scope, step };
    let known = state.value(place).error.as_deref().cloned();
    let failure = match status {
        Status::Rejected => known.unwrap_or_else(|| gate::refusal(state, plan, place)),
        _ => known.unwrap_or_else(|| {
            Failure::new(FailureClass::Permanent, "step_failed", "a step failed")
        }),
    };
    Some((status, failure))
}

/// The failure of a pass as that of its loop: it says which step it was.
fn from_inside(state: &State, plan: &Plan, scope: usize, failure: Failure) -> Failure {
    let inner = &state.scopes[scope];
    let Some(step) = inner.failed.or(inner.refused) else {
        return failure;
    };
    let place = Place { scope, step };
    let named = |failure: &Failure| {
        let details = failure.details.as_ref().map(Json::value);
        details.is_some_and(|details| details["step"].is_string())
    };
    if state.step(place).looped.is_some() && named(&failure) {
        return failure;
    }
    let path = state.path(plan, place);
    at(&path, failure, inner.failed.is_some())
}

fn at(path: &StepPath, mut failure: Failure, prefix: bool) -> Failure {
    if prefix {
        failure.message = format!("{path}: {}", failure.message);
    }
    let mut details = json!({ "step": path });
    if let Some(inner) = failure.details.take() {
        details["details"] = inner.value().clone();
    }
    failure.details = Some(details.into());
    failure
}

fn at_pass(path: &StepPath, failure: &Failure) -> Failure {
    at(path, failure.clone(), true)
}

impl State {
    /// Begins the next pass of a loop.
    pub(super) fn open_pass(&mut self, plan: &Plan, place: Place, at: Timestamp) {
        let path = self.path(plan, place);
        let Some(planned) = self.planned(plan, place).work.looped() else {
            return;
        };
        let Some(looped) = self.looped(place) else {
            return;
        };
        let number = looped.next;
        looped.next = number.saturating_add(1);
        let item = looped.item(number);
        let previous = looped.previous.clone();
        let path = path.pass(number);
        let kept = self.keep.take(&path, &item);
        if let Some(kept) = &kept
            && let Some(output) = &kept.output
        {
            if let Some(looped) = self.looped(place) {
                looped.kept += 1;
                looped.succeeded += 1;
                looped.done |= kept.done;
                let pass = Pass {
                    scope: None,
                    status: Status::Succeeded,
                    output: Some(output.compacted()),
                    done: kept.done,
                };
                looped.passes.push(pass);
            }
            return;
        }
        if self.held + plan.blocks[planned.body].steps.len() > MOST_STEPS {
            let message = format!("a run has at most {MOST_STEPS} steps, those of loops included");
            let failure = Failure::new(FailureClass::Permanent, "too_many_steps", message);
            self.fail_loop(plan, place, Status::Failed, failure, Close::Failing);
            return;
        }
        let owner = Owner::Pass { of: place, number };
        let mut scope = Scope::new(plan, owner, planned.body, Some(&path));
        if let Times::Repeat(RepeatPlan {
            output: Some(_), ..
        }) = &planned.times
        {
            scope.previous = Some(previous.unwrap_or_default());
        }
        let round = self.step(place).round;
        for step in &mut scope.steps {
            step.round = round;
        }
        let scope = self.scopes.add(scope);
        if let Some(looped) = self.looped(place) {
            looped.open += 1;
            let pass = Pass {
                scope: Some(scope),
                status: Status::Running,
                output: None,
                done: false,
            };
            looped.passes.push(pass);
        }
        self.enlist(scope);
        self.review_pass(plan, scope, kept.is_some());
        if kept.is_some() {
            for step in 0..self.scopes[scope].steps.len() {
                let place = Place { scope, step };
                let path = self.path(plan, place);
                if let Some((output, from)) = self.keep.take_step(&path) {
                    self.keep_step(plan, place, output, from, at);
                }
            }
        }
    }

    pub(super) fn pass_started(&mut self, plan: &Plan, place: Place, at: Timestamp) {
        self.retime(place, |looped| looped.due = None);
        self.set_status(place, Status::Running);
        self.open_pass(plan, place, at);
        self.note_idle(place);
    }

    pub(super) fn pass_finished(
        &mut self,
        plan: &Plan,
        place: Place,
        number: u32,
        end: &RunEvent,
        at: Timestamp,
    ) {
        let RunEvent::PassFinished {
            status,
            output,
            failure,
            done,
            due,
            ..
        } = end
        else {
            return;
        };
        let looped = self.step(place).looped.as_ref();
        let Some(scope) = looped.and_then(|looped| looped.passes.get(number)?.scope) else {
            return;
        };
        self.over.remove(&scope);
        let failure = match failure {
            Some(failure) => Some(at_pass(&self.path(plan, place).pass(number), failure)),
            None => trouble_in(self, plan, scope)
                .map(|(_, failure)| from_inside(self, plan, scope, failure)),
        };
        self.scopes[scope].compact(plan);
        let output = match (status, output) {
            (Status::Succeeded, Some(output)) => Some(output.compacted()),
            (Status::Succeeded, None) => self.scopes[scope]
                .list(plan)
                .last()
                .and_then(|last| self.scopes[scope].value(last).output.clone()),
            _ => None,
        };
        let hands_on = matches!(
            self.planned(plan, place)
                .work
                .looped()
                .map(|looped| &looped.times),
            Some(Times::Repeat(RepeatPlan {
                output: Some(_),
                ..
            }))
        );
        #[cfg(test)]
        let hands_on = hands_on && !planted(Bug::PreviousForgotten);
        let Some(looped) = self.looped(place) else {
            return;
        };
        looped.open = looped.open.saturating_sub(1);
        looped.done |= done;
        if output.is_some() && hands_on {
            looped.previous.clone_from(&output);
        }
        if let Some(pass) = looped.passes.get_mut(number) {
            pass.status = *status;
            pass.output = output;
            pass.done = *done;
        }
        match status {
            Status::Succeeded => looped.succeeded += 1,
            Status::Failed | Status::Rejected => looped.failed += 1,
            _ => {}
        }
        if matches!(status, Status::Failed | Status::Rejected) {
            let failure = failure.unwrap_or_else(|| {
                Failure::new(FailureClass::Permanent, "pass_failed", "a pass failed")
            });
            if let Some(looped) = self.looped(place) {
                looped
                    .first_failure
                    .get_or_insert_with(|| Box::new(failure.clone()));
            }
            if !self.goes_on_past_failures(plan, place) {
                self.fail_loop(plan, place, *status, failure, Close::Failing);
            }
        }
        self.after_pass(plan, place, *due, at);
    }

    /// What follows on the end of a pass.
    fn after_pass(&mut self, plan: &Plan, place: Place, due: Option<Timestamp>, at: Timestamp) {
        let Some(planned) = self.planned(plan, place).work.looped() else {
            return;
        };
        let repeat = match &planned.times {
            Times::ForEach(_) => return self.fill(plan, place, at),
            Times::Repeat(repeat) => repeat,
        };
        let Some(looped) = self.looped(place) else {
            return;
        };
        if looped.stops() {
        } else if looped.next >= looped.count {
            let most = repeat.max;
            let message = format!("`until` did not hold within {most} passes");
            let failure = Failure::new(FailureClass::Permanent, "repeat_limit", message);
            looped.trouble = Some((Status::Failed, Box::new(failure)));
        } else {
            self.retime(place, |looped| looped.due = Some(due.unwrap_or(at)));
            self.set_status(place, Status::Waiting);
        }
        self.forget_passes(plan, place);
        self.note_idle(place);
    }

    /// Forgets early passes of a `repeat`, but for those with gates, because an answer to one of these may
    /// come, and those with steps that may be undone.
    fn forget_passes(&mut self, plan: &Plan, place: Place) {
        let looped = self.planned(plan, place).work.looped();
        if looped.is_some_and(|looped| plan.blocks[looped.body].undoes) {
            return;
        }
        loop {
            let Some(looped) = self.looped(place) else {
                return;
            };
            if looped.passes.len() <= KNOWN_PASSES {
                return;
            }
            let Some(pass) = looped.passes.first() else {
                return;
            };
            let mut inside = Vec::new();
            if let Some(scope) = pass.scope {
                inside.push(scope);
            }
            let mut next = 0;
            while let Some(&scope) = inside.get(next) {
                next += 1;
                for step in &self.scopes[scope].steps {
                    if step.gate.is_some() {
                        return;
                    }
                    let passes = step.looped.iter().flat_map(|looped| looped.passes.values());
                    inside.extend(passes.filter_map(|pass| pass.scope));
                    inside.extend(step.probe.as_ref().map(|probe| probe.scope));
                }
            }
            for scope in inside {
                self.held = self.held.saturating_sub(self.scopes[scope].steps.len());
                self.scopes.forget(scope);
            }
            if let Some(looped) = self.looped(place) {
                looped.passes.forget_first();
            }
        }
    }

    /// Something in a pass failed or was refused, and nothing there handled it.
    pub(super) fn pass_is_failing(&mut self, plan: &Plan, place: Place, scope: usize) {
        if self.goes_on_past_failures(plan, place) {
            return;
        }
        if let Some((status, failure)) = trouble_in(self, plan, scope) {
            let failure = from_inside(self, plan, scope, failure);
            self.fail_loop(plan, place, status, failure, Close::Failing);
        }
    }

    fn goes_on_past_failures(&self, plan: &Plan, place: Place) -> bool {
        match self.planned(plan, place).work.looped().map(|l| &l.times) {
            Some(Times::ForEach(each)) => each.goes_on,
            _ => false,
        }
    }
}
