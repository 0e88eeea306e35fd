//! What becomes a fact: of an input, and of what is known already. Nothing here changes anything.

use super::scope::{Owner, Place, TOP};
use super::state::{AttemptState, Ending, Phase, State, StepState, Timer};
use super::time::later;
use super::{
    Input, Rejected, Resolution, approvers, attempt, changes, failure, gate, handlers, hear, join,
    looping, pass, pause, probe, wait,
};
use crate::definition::FailureClass;
use crate::event::{Failure, Outcome, RunEvent, SkipReason, Status, StepPath};
use crate::plan::{ActionKind, Plan, Work};
#[cfg(test)]
use crate::testing::{Bug, planted};
use crate::{Json, Timestamp};
use serde_json::{Map, Value, json};

/// The code of the failure of a step of which a person says that it did not happen.
pub(super) const GIVEN_UP: &str = "given_up";

impl State {
    /// The facts that an input makes by itself.
    pub(super) fn decide(
        &self,
        plan: &Plan,
        now: Timestamp,
        input: &Input,
    ) -> Result<Vec<RunEvent>, Rejected> {
        match input {
            Input::Tick => Ok(Vec::new()),
            Input::Finished {
                step,
                number,
                fence,
                outcome,
            } => self.finished(plan, (step, *number, *fence), outcome, None),
            Input::Answered {
                step,
                number,
                fence,
                output,
                clear,
            } => {
                let output = output.clone();
                let outcome = Outcome::Succeeded { output };
                self.finished(plan, (step, *number, *fence), &outcome, Some(clear))
            }
            Input::Artifact { .. } => self.leave(plan, input),
            Input::Decide { approval, decision } => {
                Ok(vec![gate::decide(self, plan, *approval, decision, now)?])
            }
            Input::Reassign {
                approval,
                approvers,
                by,
                reason,
            } => {
                let reason = reason.as_ref();
                let fact = approvers::reassign(self, plan, *approval, approvers, by, reason)?;
                Ok(vec![fact])
            }
            Input::Notified {
                approval,
                notice,
                index,
                attempts,
                failure,
            } => {
                let told = (*notice, *index, *attempts);
                let fact = gate::notified(self, plan, *approval, told, failure.as_ref())?;
                Ok(vec![fact])
            }
            Input::Cancel { by, reason } => {
                if self.finish.is_some() {
                    return Err(Rejected::AlreadyOver);
                }
                Ok(vec![RunEvent::CancelRequested {
                    by: by.clone(),
                    reason: reason.clone(),
                }])
            }
            Input::Claim { claim } => self.of_slot(RunEvent::Queued {
                claim: Some(Box::new(claim.clone())),
            }),
            Input::Admit => self.of_slot(RunEvent::Admitted),
            Input::Permit { step } => self.permit(plan, step, now),
            Input::PassOver { reason } => self.of_slot(RunEvent::PassedOver {
                reason: reason.clone(),
            }),
            Input::Pause { by, reason } => self.pause(by, reason.as_deref()),
            Input::Resume {
                by,
                reason,
                step,
                answer,
            } => self.resume(plan, by, reason.as_deref(), step.as_ref(), answer),
            Input::Recover { .. } | Input::Died { .. } if self.awaits_kept() => {
                Ok(vec![RunEvent::CancelRequested {
                    by: "druse".into(),
                    reason: Some("the server stopped before the run could begin".into()),
                }])
            }
            Input::Recover { alone } => {
                let alone = *alone && self.running.len() == 1;
                Ok(self.interrupt(plan, |_| alone))
            }
            Input::Died { step } => Ok(self.interrupt(plan, |path| path == step)),
            Input::ResolveUncertain {
                step,
                resolution,
                by,
                reason,
            } => {
                let place = self
                    .place_of_step(plan, step)
                    .filter(|place| {
                        let phase = &self.step(*place).phase;
                        matches!(phase, Phase::Uncertain | Phase::Probing)
                    })
                    .ok_or(Rejected::NotUncertain)?;
                if let Resolution::Happened { output } = resolution
                    && let Some(failure) = self.misfit(plan, place, output)
                {
                    let failure = Box::new(failure);
                    return Err(Rejected::BadOutput { failure });
                }
                let resolved = RunEvent::StepResolved {
                    step: self.path(plan, place),
                    by: by.clone(),
                    reason: reason.clone(),
                };
                // Whoever knows does not wait for the check.
                let ended = self.looks(place).map(|looks| RunEvent::StepCanceled {
                    step: self.path(plan, looks),
                });
                let resolution = self.resolve(plan, place, resolution, now);
                Ok(ended.into_iter().chain([resolved, resolution]).collect())
            }
            Input::Event { step, heard } => {
                self.place_of_step(plan, step)
                    .filter(|place| hear::takes(self, plan, *place, heard))
                    .ok_or(Rejected::NotAwaited)?;
                Ok(vec![RunEvent::EventTaken {
                    step: step.clone(),
                    event: heard.event,
                    received_at: heard.received_at,
                    value: heard.value.clone(),
                }])
            }
            Input::Silence => Ok(hear::silence(self, plan, now)),
        }
    }

    /// A fact about the run's slots, if it can follow.
    fn of_slot(&self, event: RunEvent) -> Result<Vec<RunEvent>, Rejected> {
        if self.finish.is_some() {
            return Err(Rejected::AlreadyOver);
        }
        match self.fits_slot(&event) {
            true => Ok(vec![event]),
            false => Err(Rejected::NotItsTurn),
        }
    }

    /// The attempts that ended with the process, and of which of them that is held against them.
    fn interrupt(&self, plan: &Plan, blamed: impl Fn(&StepPath) -> bool) -> Vec<RunEvent> {
        self.running
            .iter()
            .filter_map(|place| {
                let step = self.path(plan, *place);
                let number = self.step(*place).attempts.last()?.number;
                // A death is told apart by its outcome, so that the count of deaths is a fold of facts.
                Some(if blamed(&step) {
                    RunEvent::AttemptFinished {
                        step,
                        number,
                        outcome: Outcome::Failed {
                            failure: attempt::death(),
                            retry_after_ms: None,
                        },
                    }
                } else {
                    RunEvent::AttemptInterrupted { step, number }
                })
            })
            .collect()
    }

    /// Why an output is not one of this step, if it is not.
    pub(super) fn misfit(&self, plan: &Plan, place: Place, output: &Json) -> Option<Failure> {
        #[cfg(test)]
        if planted(Bug::ResolvedUnchecked) {
            return None;
        }
        self.wrong(plan, place, output, None)
    }

    /// The failure of a step that gave this: its output is of another shape than its document says, or about another
    /// thing than it was sent. `clear` is what it gave where not all of that is kept.
    fn wrong(
        &self,
        plan: &Plan,
        place: Place,
        output: &Json,
        clear: Option<&Json>,
    ) -> Option<Failure> {
        let planned = self.planned(plan, place);
        let (kept, clear) = (output.value(), clear.unwrap_or(output).value());
        let shape = planned.output_check.as_ref();
        let shape = shape.and_then(|check| check.failure_of(kept, clear));
        shape.or_else(|| {
            let sent = self.step(place).input.as_ref()?.value();
            planned.answers_to.as_ref()?.failure(sent, kept, clear)
        })
    }

    /// The end of an attempt, told by its step, number and fence.
    fn finished(
        &self,
        plan: &Plan,
        (step, number, fence): (&StepPath, u32, u64),
        outcome: &Outcome,
        clear: Option<&Json>,
    ) -> Result<Vec<RunEvent>, Rejected> {
        let runs = |step: &&StepState| step.phase == Phase::Running;
        #[cfg(test)]
        let runs = |step: &&StepState| runs(step) || planted(Bug::FinishesTwice);
        let is_it = |last: &AttemptState| last.number == number && last.fence == fence;
        #[cfg(test)]
        let is_it = |last: &AttemptState| is_it(last) || planted(Bug::NoFence);
        let last = self
            .place_of_step(plan, step)
            .map(|place| self.step(place))
            .filter(runs)
            .and_then(|step| step.attempts.last());
        match last {
            Some(last) if is_it(last) => Ok(vec![RunEvent::AttemptFinished {
                step: step.clone(),
                number,
                outcome: self.checked(plan, step, outcome, clear),
            }]),
            _ => Err(Rejected::StaleAttempt),
        }
    }

    /// How an attempt ended: one that gave what its step must not give has failed. `clear` is what it gave where not
    /// all of that is kept.
    fn checked(
        &self,
        plan: &Plan,
        step: &StepPath,
        outcome: &Outcome,
        clear: Option<&Json>,
    ) -> Outcome {
        if let (Some(place), Outcome::Succeeded { output }) =
            (self.place_of_step(plan, step), outcome)
            && let Some(failure) = self.wrong(plan, place, output, clear)
        {
            return Outcome::Failed {
                failure,
                retry_after_ms: None,
            };
        }
        outcome.clone()
    }

    fn resolve(
        &self,
        plan: &Plan,
        place: Place,
        resolution: &Resolution,
        now: Timestamp,
    ) -> RunEvent {
        let step = self.path(plan, place);
        let last = self.step(place).attempts.last();
        match resolution {
            Resolution::Happened { output } => RunEvent::AttemptFinished {
                step,
                number: last.map_or(0, |last| last.number),
                outcome: Outcome::Succeeded {
                    output: output.clone(),
                },
            },
            Resolution::Again if self.may_begin() => attempt::again(self, plan, place, now),
            // Nothing starts in a pause, or before it is the run's turn.
            Resolution::Again => RunEvent::RetryScheduled { step, due: now },
            Resolution::Failed { message } => RunEvent::StepFailed {
                step,
                failure: Failure::new(FailureClass::Uncertain, GIVEN_UP, message.clone()),
            },
        }
    }

    /// When the run's own time is over.
    pub(super) fn run_deadline(&self, plan: &Plan) -> Option<Timestamp> {
        if self.handling.outcome.is_some() {
            return self.handlers_deadline(plan);
        }
        match self.ending {
            None | Some(Ending::Failing) => Some(later(self.begun_at()?, plan.timeout?)),
            Some(_) => None,
        }
    }

    /// Whether something follows at once, without an input and without time passing.
    pub(super) fn goes_on(&self, plan: &Plan) -> bool {
        let begins = self.paused.is_none() && !self.ready.is_empty() && !self.is_queued();
        let left = begins
            || (self.between() && self.after_list(plan).is_some())
            || !self.over.is_empty()
            || !self.to_end.is_empty()
            || !self.unsettled.is_empty()
            || !self.idle.is_empty()
            || self.stale_gate(plan).is_some()
            || self.next_of_slot(plan).is_some();
        left && self.finish.is_none() && !self.awaits_kept() && !self.awaits_turn()
    }

    /// A gate that asks about what is not so any more, and can ask anew.
    fn stale_gate(&self, plan: &Plan) -> Option<Place> {
        let mut stale = self.stale.iter().copied();
        stale.find(|place| changes::may_ask_anew(self, plan, *place))
    }

    /// Whether results of an earlier run are missing: then it was never said that the run begins.
    fn awaits_kept(&self) -> bool {
        self.keep.awaited > 0 && self.ending.is_none()
    }

    /// Whether nothing of it may begin yet, and nothing of it is to end.
    fn awaits_turn(&self) -> bool {
        !self.has_begun() && self.ending.is_none()
    }

    /// Whether there is a next fact at `now`.
    pub(super) fn follows(&self, plan: &Plan, now: Timestamp) -> bool {
        let timer = self.first_timer().map(|(at, _, _)| at);
        let due = timer.into_iter().chain(self.run_deadline(plan)).min();
        let waits = self.finish.is_none() && !self.awaits_kept() && !self.awaits_turn();
        let due = due.is_some_and(|at| at <= now);
        self.goes_on(plan) || (waits && due)
    }

    /// The next fact that follows from what is known at `now`, if any.
    pub(super) fn next(&self, plan: &Plan, now: Timestamp) -> Option<RunEvent> {
        if self.finish.is_some() || self.awaits_kept() || self.awaits_turn() {
            return None;
        }
        if let Some(&scope) = self.over.first() {
            match self.scopes[scope].owner {
                Owner::Run => return Some(self.end_of_work(plan, self.end(plan))),
                Owner::Pass { of, number } => {
                    let end = pass::finish_pass(self, plan, scope, of, number, now);
                    return Some(end);
                }
                Owner::Probe { of } => return Some(probe::checked(self, plan, of)),
                // Their ends are no facts of their own.
                Owner::Handlers(_) | Owner::Undo { .. } => {}
            }
        }
        if self.between() {
            // In a pause no list begins, and its slots are free for others.
            let next = self.after_list(plan);
            return next.or_else(|| self.next_of_slot(plan));
        }
        if self.run_deadline(plan).is_some_and(|at| at <= now) {
            return Some(RunEvent::RunTimedOut);
        }
        if let Some(&place) = self.to_end.first() {
            let step = self.path(plan, place);
            return Some(match self.step(place).phase {
                Phase::Queued => RunEvent::StepSkipped {
                    step,
                    reason: self.skipped_at_the_end(plan, place),
                },
                _ => RunEvent::StepCanceled { step },
            });
        }
        if let Some(&place) = self.unsettled.first() {
            return Some(self.settle_step(plan, place, now));
        }
        if let Some(&place) = self.idle.first() {
            return Some(looping::finish(self, plan, place));
        }
        if let Some(place) = self.stale_gate(plan) {
            let gate = self.step(place).gate.as_ref();
            let changes = gate.map(|gate| changes::changes(self, plan, place, &gate.request));
            return Some(changes::void(
                self,
                plan,
                place,
                changes.unwrap_or_default(),
            ));
        }
        #[cfg(test)]
        let (clock, now) = (now, planted_clock(now));
        let due = self.first_timer().filter(|(at, _, _)| *at <= now);
        #[cfg(test)]
        let now = clock;
        if let Some((_, timer, place)) = due {
            return Some(self.fire(plan, timer, place, now));
        }
        match self.ready.first() {
            Some(place) if self.may_begin() => Some(self.begin(plan, *place, now)),
            _ => self.next_of_slot(plan),
        }
    }

    /// Why a step does not begin while its scope ends: because of what it needs, where that went wrong by
    /// itself, so that the chain of reasons leads to the failure.
    fn skipped_at_the_end(&self, plan: &Plan, place: Place) -> SkipReason {
        if !self.ready.contains(&place) {
            return SkipReason::RunEnding;
        }
        let Err(Some(need)) = join::join(plan, self, place) else {
            return SkipReason::RunEnding;
        };
        let needed = Place {
            step: need.step,
            ..place
        };
        let ended = self.step(needed).skip.as_deref() == Some(&SkipReason::RunEnding);
        if self.status(needed) == Status::Canceled || ended {
            return SkipReason::RunEnding;
        }
        join::reason(plan, self, place, need)
    }

    fn settle_step(&self, plan: &Plan, place: Place, now: Timestamp) -> RunEvent {
        match &self.step(place).phase {
            Phase::Broken {
                failure,
                retry_after_ms,
            } => attempt::after_failure(self, plan, place, failure, *retry_after_ms, now),
            Phase::Told { happened } => probe::follows(self, plan, place, *happened, now),
            _ => attempt::after_interruption(self, plan, place, now),
        }
    }

    fn fire(&self, plan: &Plan, timer: Timer, place: Place, now: Timestamp) -> RunEvent {
        let step = self.path(plan, place);
        match timer {
            Timer::Retry => attempt::again(self, plan, place, now),
            Timer::Wait => RunEvent::WaitFinished { step },
            Timer::Expiry => gate::expire(self, plan, place, now),
            Timer::Remind => RunEvent::ApprovalReminded { step },
            Timer::Attempt => RunEvent::AttemptFinished {
                step,
                number: self
                    .step(place)
                    .attempts
                    .last()
                    .map_or(0, |last| last.number),
                outcome: Outcome::Failed {
                    failure: attempt::timed_out(),
                    retry_after_ms: None,
                },
            },
            Timer::Pass => {
                let looped = self.step(place).looped.as_ref();
                let next = looped.map_or(0, |looped| looped.next);
                RunEvent::PassStarted {
                    step: step.pass(next),
                }
            }
            Timer::Loop => RunEvent::LoopTimedOut { step },
            Timer::Rate => self.waited_too_long(plan, place),
        }
    }

    /// What becomes of a step whose needs have all ended.
    fn begin(&self, plan: &Plan, place: Place, now: Timestamp) -> RunEvent {
        let planned = self.planned(plan, place);
        let step = self.path(plan, place);
        if let Err(need) = join::join(plan, self, place) {
            let reason = need.map_or(SkipReason::RunEnding, |need| {
                join::reason(plan, self, place, need)
            });
            return RunEvent::StepSkipped { step, reason };
        }
        let values = self.values(place.scope);
        match planned.when.as_ref().map(|when| when.holds(&values)) {
            None | Some(Ok(true)) => {}
            Some(Ok(false)) => {
                let reason = SkipReason::When;
                return RunEvent::StepSkipped { step, reason };
            }
            Some(Err(error)) => {
                let failure = failure::of_expression(&error, "when");
                return pause::failed(self, plan, place, failure);
            }
        }
        if let Some(void) = changes::not_approved(self, plan, place) {
            return void;
        }
        let kind = match &planned.work {
            Work::Loop(looped) => return looping::start(self, plan, place, looped, now),
            Work::Action(ActionKind::Switch) => return self.switch(plan, place),
            Work::Action(kind) => *kind,
        };
        let rendered = match kind {
            // Its value alone, so that one that is read from elsewhere is shared and not copied.
            ActionKind::Transform => planned
                .with
                .render_entry("value", &values)
                .map(Option::unwrap_or_default),
            _ => planned.with.render(&values),
        };
        let with = match rendered {
            Ok(with) => with,
            Err(error) => {
                let failure = failure::of_expression(&error, "with");
                return pause::failed(self, plan, place, failure);
            }
        };
        match kind {
            ActionKind::Transform => RunEvent::StepEvaluated { step, output: with },
            ActionKind::Wait if planned.hears.is_some() => {
                hear::start(self, plan, place, with.value(), now)
            }
            ActionKind::Wait => wait::start(&step, &with, now),
            ActionKind::ApprovalGate => gate::request(self, plan, place, &with, now),
            ActionKind::Switch
            | ActionKind::Http
            | ActionKind::Shell
            | ActionKind::Mcp
            | ActionKind::Automation
            | ActionKind::Emit
            | ActionKind::Sql
            | ActionKind::File
            | ActionKind::Mail
            | ActionKind::Tool => attempt::first(self, plan, place, with, now),
        }
    }

    fn switch(&self, plan: &Plan, place: Place) -> RunEvent {
        let step = self.path(plan, place);
        let values = self.values(place.scope);
        let mut taken = None;
        for (id, when) in &self.planned(plan, place).cases {
            match when.as_ref().map(|when| when.holds(&values)) {
                None | Some(Ok(true)) => {
                    taken = Some(id);
                    break;
                }
                Some(Ok(false)) => {}
                Some(Err(error)) => {
                    return RunEvent::StepFailed {
                        step,
                        failure: failure::of_expression(&error, &format!("case {id}")),
                    };
                }
            }
        }
        RunEvent::StepEvaluated {
            step,
            output: json!({ "case": taken }).into(),
        }
    }

    /// How the run's own work ends, all of its steps being over.
    fn end(&self, plan: &Plan) -> RunEvent {
        let over = |status, failure| RunEvent::Finished {
            status,
            outputs: None,
            failure: Some(failure),
        };
        match &self.ending {
            Some(Ending::Canceled { by, reason }) => {
                return over(Status::Canceled, handlers::canceled(by, reason.as_deref()));
            }
            Some(Ending::TimedOut) => {
                let failure = Failure::new(
                    FailureClass::Timeout,
                    "run_timeout",
                    "the run did not end within its time limit",
                );
                return over(Status::Failed, failure);
            }
            Some(Ending::PassedOver { reason }) => {
                let failure =
                    Failure::new(FailureClass::Canceled, "concurrency_limit", reason.clone());
                return over(Status::Skipped, failure);
            }
            Some(Ending::Failing) | None => {}
        }
        if let Some((status, failure)) = pass::trouble_in(self, plan, TOP) {
            return over(status, failure);
        }
        let values = self.values(TOP);
        let mut outputs = Map::new();
        for (name, template) in &plan.outputs {
            match template.render_output(&values) {
                Ok(json) => outputs.insert(name.clone(), json.value().clone()),
                Err(error) => {
                    let place = format!("output {name}");
                    return over(Status::Failed, failure::of_expression(&error, &place));
                }
            };
        }
        RunEvent::Finished {
            status: Status::Succeeded,
            outputs: Some(Value::Object(outputs).into()),
            failure: None,
        }
    }
}

/// The time as a planted bug has it.
#[cfg(test)]
fn planted_clock(now: Timestamp) -> Timestamp {
    match () {
        () if planted(Bug::TimerEarly) => Timestamp(now.0 + 1_000),
        () if planted(Bug::TimerMissed) => Timestamp(now.0 - 1),
        () => now,
    }
}
