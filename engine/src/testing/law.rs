//! The laws that can be seen from a run's facts alone, independent of how the run computes them.

use crate::definition::{Delivery, OnError};
use crate::event::{Entry, Outcome, RunEvent, Status, StepPath};
use crate::plan::Plan;
use crate::run::Run;
use std::collections::{BTreeMap, BTreeSet};

/// Reads along with a journal.
#[derive(Debug, Default, Clone)]
pub struct Watch {
    ended: BTreeSet<StepPath>,
    keys: BTreeMap<StepPath, String>,
    /// Steps of which nobody knows whether they happened.
    open: BTreeSet<StepPath>,
    /// How often in a row the process died with nothing but this step's attempt running.
    deaths: BTreeMap<StepPath, u32>,
    fence: u64,
    seq: u64,
    over: bool,
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
        let Some(step) = entry.event.step() else {
            return Ok(());
        };
        if self.ended.contains(step) {
            return wrong("a step ends at most once");
        }
        let ends = match &entry.event {
            RunEvent::StepSkipped { .. }
            | RunEvent::StepEvaluated { .. }
            | RunEvent::StepKept { .. }
            | RunEvent::WaitFinished { .. }
            | RunEvent::ApprovalExpired { .. }
            | RunEvent::StepFailed { .. }
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
            RunEvent::AttemptStarted {
                fence,
                idempotency_key,
                ..
            } => {
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
                    .step(&step.0)
                    .is_some_and(|index| plan.steps[index].delivery == Delivery::AtMostOnce);
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
            _ => {}
        }
        Ok(())
    }

    /// What must hold of a run that is over, seen from outside.
    ///
    /// # Errors
    /// The law that it breaks.
    pub fn see_end(&self, run: &Run) -> Result<(), String> {
        let plan = run.plan();
        let steps = run.steps();
        let find = |index: usize| {
            steps
                .iter()
                .find(|view| view.path == plan.steps[index].path)
        };
        let mut unhandled = Vec::new();
        for (index, planned) in plan.steps.iter().enumerate() {
            let Some(view) = find(index) else {
                return Err(format!("step {} is not shown", planned.path));
            };
            if !view.status.is_final() {
                return Err(format!("step {} did not end", planned.path));
            }
            let bad = matches!(view.status, Status::Failed | Status::Rejected);
            if bad && planned.on_error != OnError::Continue {
                use crate::definition::Join::{AllDone, AnyFailed};
                let handled = planned.dependants.iter().any(|next| {
                    matches!(plan.steps[*next].join, AllDone | AnyFailed)
                        && find(*next).is_some_and(|view| view.started_at.is_some())
                });
                if !handled {
                    unhandled.push(view.status);
                }
            }
        }
        match run.status() {
            Status::Succeeded if !unhandled.is_empty() => {
                Err("a run with an unhandled failure succeeded".into())
            }
            Status::Rejected if !unhandled.contains(&Status::Rejected) => {
                Err("a run was rejected and no gate was".into())
            }
            Status::Failed
                if !unhandled.contains(&Status::Failed)
                    && run.failure().map(|failure| failure.code.as_str())
                        != Some("run_timeout") =>
            {
                Err("a run failed and no step did".into())
            }
            Status::Succeeded | Status::Rejected | Status::Failed | Status::Canceled => Ok(()),
            other => Err(format!("a run ended as {}", other.name())),
        }
    }
}
