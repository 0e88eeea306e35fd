//! What becomes a fact: of an input, and of what is known already. Nothing here changes anything.

use super::state::{Ending, Phase, State, Timer};
use super::time::later;
use super::{GateStatus, Input, Rejected, Resolution, attempt, failure, gate, join, wait};
use crate::Timestamp;
use crate::definition::FailureClass;
use crate::event::{Failure, Outcome, RunEvent, SkipReason, Status};
use crate::plan::{ActionKind, Plan};
use serde_json::{Map, Value, json};

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
            } => {
                let last = plan
                    .step(&step.0)
                    .and_then(|index| self.steps.get(index))
                    .filter(|step| step.phase == Phase::Running)
                    .and_then(|step| step.attempts.last());
                match last {
                    Some(last) if last.number == *number && last.fence == *fence => {
                        Ok(vec![RunEvent::AttemptFinished {
                            step: step.clone(),
                            number: *number,
                            outcome: outcome.clone(),
                        }])
                    }
                    _ => Err(Rejected::StaleAttempt),
                }
            }
            Input::Decide { approval, decision } => {
                // An answer at the moment of expiry or later comes too late, whoever is handled first.
                if let Some(&index) = self.approvals.get(approval)
                    && self.steps[index]
                        .timer()
                        .is_some_and(|(at, timer)| timer == Timer::Expiry && at <= now)
                {
                    let status = match gate::approves_on_timeout(plan, index) {
                        true => GateStatus::Approved,
                        false => GateStatus::Expired,
                    };
                    return Err(Rejected::AlreadyDecided { status });
                }
                Ok(vec![gate::decide(plan, self, *approval, decision)?])
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
            Input::Recover { alone } => Ok(self.interrupt(plan, *alone)),
            Input::ResolveUncertain { step, resolution } => {
                let index = plan
                    .step(&step.0)
                    .filter(|index| self.steps[*index].phase == Phase::Uncertain)
                    .ok_or(Rejected::NotUncertain)?;
                Ok(vec![self.resolve(plan, index, resolution, now)])
            }
        }
    }

    fn interrupt(&self, plan: &Plan, alone: bool) -> Vec<RunEvent> {
        let alone = alone && self.running.len() == 1;
        self.running
            .iter()
            .filter_map(|index| {
                let step = plan.steps[*index].path.clone();
                let number = self.steps[*index].attempts.last()?.number;
                // A death is told apart by its outcome, so that the count of deaths is a fold of facts.
                Some(if alone {
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

    fn resolve(
        &self,
        plan: &Plan,
        index: usize,
        resolution: &Resolution,
        now: Timestamp,
    ) -> RunEvent {
        let step = &plan.steps[index];
        let last = self.steps[index].attempts.last();
        match resolution {
            Resolution::Happened { output } => RunEvent::AttemptFinished {
                step: step.path.clone(),
                number: last.map_or(0, |last| last.number),
                outcome: Outcome::Succeeded {
                    output: output.clone(),
                },
            },
            Resolution::Again => attempt::again(self, index, step, now),
            Resolution::Failed { message } => RunEvent::StepFailed {
                step: step.path.clone(),
                failure: Failure::new(FailureClass::Uncertain, "given_up", message.clone()),
            },
        }
    }

    /// When the run's own time is over.
    pub(super) fn run_deadline(&self, plan: &Plan) -> Option<Timestamp> {
        match self.ending {
            None | Some(Ending::Failing) => {
                plan.timeout.map(|timeout| later(self.created_at, timeout))
            }
            Some(_) => None,
        }
    }

    /// The next fact that follows from what is known at `now`, if any.
    pub(super) fn next(&self, plan: &Plan, now: Timestamp) -> Option<RunEvent> {
        if self.finish.is_some() {
            return None;
        }
        if self.open == 0 {
            return Some(self.end(plan));
        }
        if self.run_deadline(plan).is_some_and(|at| at <= now) {
            return Some(RunEvent::RunTimedOut);
        }
        if let Some(&index) = self.to_end.first() {
            let step = plan.steps[index].path.clone();
            return Some(match self.steps[index].phase {
                Phase::Queued => RunEvent::StepSkipped {
                    step,
                    reason: self.skipped_at_the_end(plan, index),
                },
                _ => RunEvent::StepCanceled { step },
            });
        }
        if let Some(&index) = self.unsettled.first() {
            return Some(self.settle_step(plan, index, now));
        }
        if let Some(&(at, timer, index)) = self.timers.first()
            && at <= now
        {
            return Some(self.fire(plan, timer, index, now));
        }
        self.ready
            .first()
            .map(|index| self.begin(plan, *index, now))
    }

    /// Why a step does not begin while the run ends: because of what it needs, where that went wrong by
    /// itself, so that the chain of reasons leads to the failure.
    fn skipped_at_the_end(&self, plan: &Plan, index: usize) -> SkipReason {
        if !self.ready.contains(&index) {
            return SkipReason::RunEnding;
        }
        let Err(reason) = join::join(plan, self, &plan.steps[index]) else {
            return SkipReason::RunEnding;
        };
        let by_itself = match &reason {
            SkipReason::Need { step, .. } => plan.step(step).is_some_and(|need| {
                self.status(need) != Status::Canceled
                    && self.steps[need].skip != Some(SkipReason::RunEnding)
            }),
            SkipReason::When | SkipReason::Case { .. } | SkipReason::RunEnding => true,
        };
        if by_itself {
            reason
        } else {
            SkipReason::RunEnding
        }
    }

    fn settle_step(&self, plan: &Plan, index: usize, now: Timestamp) -> RunEvent {
        let step = &plan.steps[index];
        match &self.steps[index].phase {
            Phase::Broken {
                failure,
                retry_after_ms,
            } => attempt::after_failure(self, index, step, failure, *retry_after_ms, now),
            _ => attempt::after_interruption(self, index, step, now),
        }
    }

    fn fire(&self, plan: &Plan, timer: Timer, index: usize, now: Timestamp) -> RunEvent {
        let planned = &plan.steps[index];
        let step = planned.path.clone();
        match timer {
            Timer::Retry => attempt::again(self, index, planned, now),
            Timer::Wait => RunEvent::WaitFinished { step },
            Timer::Expiry => RunEvent::ApprovalExpired { step },
            Timer::Attempt => RunEvent::AttemptFinished {
                step,
                number: self.steps[index]
                    .attempts
                    .last()
                    .map_or(0, |last| last.number),
                outcome: Outcome::Failed {
                    failure: attempt::timed_out(),
                    retry_after_ms: None,
                },
            },
        }
    }

    /// What becomes of a step whose needs have all ended.
    fn begin(&self, plan: &Plan, index: usize, now: Timestamp) -> RunEvent {
        let step = &plan.steps[index];
        let path = step.path.clone();
        if let Err(reason) = join::join(plan, self, step) {
            return RunEvent::StepSkipped { step: path, reason };
        }
        match step.when.as_ref().map(|when| when.holds(&self.values)) {
            None | Some(Ok(true)) => {}
            Some(Ok(false)) => {
                let reason = SkipReason::When;
                return RunEvent::StepSkipped { step: path, reason };
            }
            Some(Err(error)) => {
                let failure = failure::of_expression(&error, "when");
                return RunEvent::StepFailed {
                    step: path,
                    failure,
                };
            }
        }
        if step.kind == ActionKind::Switch {
            return self.switch(plan, index);
        }
        let rendered = match step.kind {
            // Its value alone, so that one that is read from elsewhere is shared and not copied.
            ActionKind::Transform => step
                .with
                .render_entry("value", &self.values)
                .map(Option::unwrap_or_default),
            _ => step.with.render(&self.values),
        };
        let with = match rendered {
            Ok(with) => with,
            Err(error) => {
                let failure = failure::of_expression(&error, "with");
                return RunEvent::StepFailed {
                    step: path,
                    failure,
                };
            }
        };
        match step.kind {
            ActionKind::Transform => RunEvent::StepEvaluated {
                step: path,
                output: with,
            },
            ActionKind::Wait => wait::start(&step.path, &with, now),
            ActionKind::ApprovalGate => gate::request(plan, self, index, &with, now),
            ActionKind::Switch
            | ActionKind::Http
            | ActionKind::Shell
            | ActionKind::Mcp
            | ActionKind::Automation
            | ActionKind::Emit
            | ActionKind::Sql
            | ActionKind::File
            | ActionKind::Mail
            | ActionKind::Tool => attempt::first(self, index, step, with, now),
        }
    }

    fn switch(&self, plan: &Plan, index: usize) -> RunEvent {
        let step = &plan.steps[index];
        let mut taken = None;
        for (id, when) in &step.cases {
            match when.as_ref().map(|when| when.holds(&self.values)) {
                None | Some(Ok(true)) => {
                    taken = Some(id);
                    break;
                }
                Some(Ok(false)) => {}
                Some(Err(error)) => {
                    return RunEvent::StepFailed {
                        step: step.path.clone(),
                        failure: failure::of_expression(&error, &format!("case {id}")),
                    };
                }
            }
        }
        RunEvent::StepEvaluated {
            step: step.path.clone(),
            output: json!({ "case": taken }).into(),
        }
    }

    /// How the run ends, all of its steps being over.
    fn end(&self, plan: &Plan) -> RunEvent {
        let over = |status, failure| RunEvent::Finished {
            status,
            outputs: None,
            failure: Some(failure),
        };
        match &self.ending {
            Some(Ending::Canceled { by, reason }) => {
                let message = match reason {
                    Some(reason) => format!("canceled by {by}: {reason}"),
                    None => format!("canceled by {by}"),
                };
                let failure = Failure::new(FailureClass::Canceled, "canceled", message);
                return over(Status::Canceled, failure);
            }
            Some(Ending::TimedOut) => {
                let failure = Failure::new(
                    FailureClass::Timeout,
                    "run_timeout",
                    "the run did not end within its time limit",
                );
                return over(Status::Failed, failure);
            }
            Some(Ending::Failing) | None => {}
        }
        if let Some(index) = self.failed {
            let failure = self.values.steps[index].error.clone().unwrap_or_else(|| {
                Failure::new(FailureClass::Permanent, "step_failed", "a step failed")
            });
            return over(Status::Failed, failure);
        }
        if let Some(index) = self.refused {
            return over(Status::Rejected, gate::refusal(plan, self, index));
        }
        let mut outputs = Map::new();
        for (name, template) in &plan.outputs {
            match template.render_output(&self.values) {
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
