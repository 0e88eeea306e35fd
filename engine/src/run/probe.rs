//! Finding out whether an uncertain step happened: its `check`.
//!
//! A step with `delivery: at_most_once` becomes uncertain when the process ended in the middle of its
//! attempt, or when the attempt's failure leaves open whether it happened. Where the step has a `check`,
//! that looks at the other side: as a step of its own behind the checked one (`pay.check`), with attempts,
//! retries and a time limit of its own. It only reads, so a crash in the middle has it look again.
//!
//! When it is over, its answer is a fact (`StepChecked`):
//!
//! - **happened**: the step succeeds; its output is what the check's `output` says.
//! - **not happened**: an attempt that ended with the process is begun again, as under `at_least_once`;
//!   one that failed counts as a failure after which it is known that nothing happened, and the step's
//!   `retry` says whether it is tried again.
//! - **unknown**: the look failed for good, or its answer does not say. A person must find out.
//!
//! A person may say what became of the step while the check still looks; then that ends. It ends, too, when
//! its scope does: then the step is canceled like one that nobody has resolved.

use super::scope::{Owner, Place, Scope};
use super::state::{Phase, State, StepState};
use super::{attempt, failure, pause};
use crate::Timestamp;
use crate::definition::FailureClass;
use crate::event::{Failure, Probed, RunEvent, Status};
use crate::expression::{Frame, StepValue, Values};
use crate::plan::{ATTEMPT, PROBE, Plan, ProbePlan};
#[cfg(test)]
use crate::testing::{Bug, planted};
use crate::{Json, plan};
use serde_json::{Value, json};
use std::sync::Arc;

/// The check of a step that was uncertain at least once.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ProbeState {
    /// The scope whose only step looks.
    pub(super) scope: usize,
    /// What it said last; none while it looks.
    pub(super) answer: Option<Probed>,
    /// Why it did not know.
    pub(super) failure: Option<Failure>,
}

impl State {
    /// Nobody knows whether a step happened.
    pub(super) fn step_uncertain(&mut self, plan: &Plan, place: Place) {
        if let Some(last) = self.step_mut(place).attempts.last_mut() {
            last.status = Status::Uncertain;
        }
        let Some(probe) = self.planned(plan, place).probe.as_deref() else {
            self.enter(place, Phase::Uncertain, Status::Uncertain);
            return;
        };
        self.enter(place, Phase::Probing, Status::Uncertain);
        let scope = match self.step(place).probe.as_ref().map(|known| known.scope) {
            Some(scope) => {
                self.look_again(scope);
                scope
            }
            None => {
                let path = self.path(plan, place);
                let owner = Owner::Probe { of: place };
                let mut scope = Scope::new(plan, owner, probe.block, Some(&path));
                // What looks for other work has another key.
                let round = self.step(place).round;
                scope.steps.iter_mut().for_each(|step| step.round = round);
                let scope = self.scopes.add(scope);
                self.enlist(scope);
                scope
            }
        };
        let attempt = self.attempt_seen(place);
        let frame = Arc::make_mut(&mut self.scopes[scope].frame);
        frame.locals = vec![(ATTEMPT.into(), attempt)];
        self.step_mut(place).probe = Some(Box::new(ProbeState {
            scope,
            answer: None,
            failure: None,
        }));
    }

    /// A check that has looked before begins anew; its attempts stay and are numbered on.
    fn look_again(&mut self, scope: usize) {
        let place = Place { scope, step: 0 };
        let inner = &mut self.scopes[scope];
        inner.close = None;
        inner.failed = None;
        inner.open = 1;
        let attempts = std::mem::take(&mut inner.steps[0].attempts);
        inner.steps[0] = StepState {
            anew: attempts.len(),
            attempts,
            round: inner.steps[0].round,
            ..StepState::new(0)
        };
        *inner.value_mut(0) = StepValue::default();
        self.ready.insert(place);
    }

    /// The attempt that nobody knows the end of, as expressions of the check see it.
    fn attempt_seen(&self, place: Place) -> Json {
        let step = self.step(place);
        let last = step.attempts.last();
        json!({
            "number": last.map(|last| last.number),
            "started_at": last.map(|last| last.started_at),
            "idempotency_key": step.key.as_deref(),
        })
        .into()
    }

    /// The place of a step's check, while it looks.
    pub(super) fn looks(&self, place: Place) -> Option<Place> {
        let step = self.step(place);
        let scope = step.probe.as_ref()?.scope;
        let looks = step.phase == Phase::Probing && self.scopes[scope].open > 0;
        looks.then_some(Place { scope, step: 0 })
    }

    /// Ends the check of a step with the scope that the step stands in. Gives whether it had to be ended: then
    /// the step itself follows.
    pub(super) fn close_probe(
        &mut self,
        plan: &Plan,
        place: Place,
        close: super::scope::Close,
    ) -> bool {
        let Some(looks) = self.looks(place) else {
            return false;
        };
        self.close_scope(plan, looks.scope, close);
        true
    }

    /// A check is over.
    pub(super) fn probe_over(&mut self, scope: usize, of: Place) {
        match self.scopes[scope].close {
            // Whatever it says, its step ends.
            Some(_) => self.to_end.insert(of),
            None => self.over.insert(scope),
        };
    }

    /// A step is not looked for any more.
    pub(super) fn leave_probe(&mut self, place: Place) {
        if let Some(probe) = &self.step(place).probe {
            let scope = probe.scope;
            self.over.remove(&scope);
        }
    }

    /// What a check says is a fact.
    pub(super) fn step_checked(&mut self, place: Place, answer: Probed, failure: Option<&Failure>) {
        let phase = match answer {
            Probed::Happened => Phase::Told { happened: true },
            Probed::NotHappened => Phase::Told { happened: false },
            Probed::Unknown => Phase::Uncertain,
        };
        self.enter(place, phase, Status::Uncertain);
        if let Some(probe) = &mut self.step_mut(place).probe {
            probe.answer = Some(answer);
            probe.failure = failure.cloned();
        }
    }
}

/// What a check says that is over.
pub(super) fn checked(state: &State, plan: &Plan, of: Place) -> RunEvent {
    let (answer, failure) = match answer(state, plan, of) {
        Ok((true, _)) => (Probed::Happened, None),
        Ok((false, _)) => (Probed::NotHappened, None),
        #[cfg(test)]
        Err(failure) if planted(Bug::CheckMisread) => (Probed::NotHappened, Some(failure)),
        Err(failure) => (Probed::Unknown, Some(failure)),
    };
    RunEvent::StepChecked {
        step: state.path(plan, of),
        answer,
        failure,
    }
}

/// Whether the step happened, and its output if so; or why that is not known.
fn answer(state: &State, plan: &Plan, of: Place) -> Result<(bool, Json), Failure> {
    let unknown = |code: &str, message: &str| Failure::new(FailureClass::Uncertain, code, message);
    let nothing = || unknown("check_unknown", "the check did not look");
    let probe = state.planned(plan, of).probe.as_deref();
    let scope = state.step(of).probe.as_ref().map(|known| known.scope);
    let (Some(probe), Some(scope)) = (probe, scope) else {
        return Err(nothing());
    };
    let value = state.value(Place { scope, step: 0 });
    match value.status {
        Some(Status::Succeeded) => {}
        Some(Status::Failed) if probe.reads_failure => {}
        _ => return Err(value.error.as_deref().cloned().unwrap_or_else(nothing)),
    }
    let values = seen(state, scope, value);
    let done = probe
        .done
        .evaluate(&values)
        .map_err(|error| failure::of_expression(&error, "check.done"))?;
    match done {
        Value::Bool(false) => Ok((false, Json::null())),
        Value::Bool(true) => {
            let output = output(probe, &values, value)?;
            match state.misfit(plan, of, &output) {
                None => Ok((true, output)),
                // It happened, or so it seems: what it gave is not what later steps rely on.
                Some(mut failure) => {
                    failure.class = FailureClass::Uncertain;
                    Err(failure)
                }
            }
        }
        Value::Null => Err(unknown(
            "check_unknown",
            "what the check saw does not say whether the step happened",
        )),
        _ => Err(unknown(
            "check_unclear",
            "`done` of the check gave neither true, false nor null",
        )),
    }
}

/// What `done` and `output` see: what the check saw, and its answer.
fn seen(state: &State, scope: usize, value: &StepValue) -> Arc<Values> {
    let error = value.error.as_deref().map(serde_json::to_value);
    let error = error.and_then(Result::ok).unwrap_or_default();
    let output = value.output.as_ref().map(Json::value);
    let answer = json!({ plan::PROBED[0]: output, plan::PROBED[1]: error });
    let mut values = (*state.values(scope)).clone();
    let mut frame = Frame::default();
    frame.locals.push((PROBE.into(), answer.into()));
    values.frames.insert(0, Arc::new(frame));
    Arc::new(values)
}

fn output(probe: &ProbePlan, values: &Arc<Values>, value: &StepValue) -> Result<Json, Failure> {
    match &probe.output {
        None => Ok(value.output.clone().unwrap_or_default()),
        Some(template) => template
            .render(values)
            .map_err(|error| failure::of_expression(&error, "check.output")),
    }
}

/// What follows on what a check says.
pub(super) fn follows(
    state: &State,
    plan: &Plan,
    place: Place,
    happened: bool,
    now: Timestamp,
) -> RunEvent {
    let step = state.path(plan, place);
    let known = state.step(place);
    if happened {
        let output = answer(state, plan, place).map(|(_, output)| output);
        return RunEvent::AttemptFinished {
            step,
            number: known.attempts.last().map_or(0, |last| last.number),
            outcome: crate::event::Outcome::Succeeded {
                output: output.unwrap_or_default(),
            },
        };
    }
    let last = known
        .attempts
        .last()
        .and_then(|last| last.failure.as_deref());
    match last {
        Some(failure) if failure.class != FailureClass::Interrupted => {
            attempt::after_known_failure(state, plan, place, failure, now)
        }
        _ => match attempt::quarantined(state, place) {
            Some(failure) => pause::failed(state, plan, place, failure),
            None if state.may_begin() => attempt::again(state, plan, place, now),
            // Nothing starts in a pause, or before it is the run's turn.
            None => RunEvent::RetryScheduled { step, due: now },
        },
    }
}
