//! The laws of uncertain steps and their checks.

use crate::event::{Outcome, Probed, RunEvent, StepPath};
use crate::plan::{PROBE, Plan};
use std::collections::BTreeMap;

/// Reads along with a journal.
#[derive(Debug, Default, Clone)]
pub(super) struct Checks {
    /// Steps of which nobody knows whether they happened, with what their check said.
    uncertain: BTreeMap<StepPath, Option<Probed>>,
    /// Checks that look.
    looking: BTreeMap<StepPath, bool>,
}

/// The check that a fact begins.
pub(super) fn begins(plan: &Plan, event: &RunEvent) -> Option<StepPath> {
    let RunEvent::StepUncertain { step } = event else {
        return None;
    };
    let check = StepPath::from(&*format!("{step}.{PROBE}"));
    plan.find(step)?.probe.as_ref().map(|_| check)
}

impl Checks {
    /// Reads one fact. `resolved` is whether a person resolved an uncertain step in this turn.
    pub(super) fn see(
        &mut self,
        plan: &Plan,
        event: &RunEvent,
        resolved: bool,
    ) -> Result<(), &'static str> {
        if let Some(check) = begins(plan, event) {
            self.looking.insert(check, true);
        }
        let Some(step) = event.step() else {
            return Ok(());
        };
        let said = self.uncertain.get(step).copied();
        let over = match event {
            RunEvent::AttemptFinished { outcome, .. } => {
                matches!(outcome, Outcome::Succeeded { .. })
            }
            RunEvent::StepFailed { .. }
            | RunEvent::StepCanceled { .. }
            | RunEvent::StepSkipped { .. } => true,
            _ => false,
        };
        if plan.checked(step).is_some() {
            if !self.looking.get(step).copied().unwrap_or_default() {
                return Err("a check looks while its step is uncertain");
            }
            if over {
                self.looking.insert(step.clone(), false);
            }
            return Ok(());
        }
        match event {
            RunEvent::StepUncertain { .. } => {
                self.uncertain.insert(step.clone(), None);
                return Ok(());
            }
            RunEvent::StepChecked {
                answer, failure, ..
            } => {
                let check = StepPath::from(&*format!("{step}.{PROBE}"));
                if self.looking.get(&check) != Some(&false) || said != Some(None) {
                    return Err("a check answers once, when it is over, of an uncertain step");
                }
                if failure.is_some() != (*answer == Probed::Unknown) {
                    return Err("a check that does not know says why");
                }
                self.uncertain.insert(step.clone(), Some(*answer));
                return Ok(());
            }
            _ => {}
        }
        let Some(said) = said else { return Ok(()) };
        let allowed = match event {
            RunEvent::AttemptFinished { .. } => resolved || said == Some(Probed::Happened),
            RunEvent::AttemptStarted { .. }
            | RunEvent::RetryScheduled { .. }
            | RunEvent::StepPaused { .. } => resolved || said == Some(Probed::NotHappened),
            RunEvent::StepFailed { .. } => resolved || said == Some(Probed::NotHappened),
            RunEvent::StepCanceled { .. } | RunEvent::StepResolved { .. } => true,
            _ => return Err("an uncertain step waits for its check or a person"),
        };
        if !allowed {
            return Err("what becomes of an uncertain step is what its check or a person said");
        }
        if !matches!(event, RunEvent::StepResolved { .. }) {
            self.uncertain.remove(step);
        }
        Ok(())
    }
}
