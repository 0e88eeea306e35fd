//! The laws of uncertain steps and their checks.

use super::{Broken, Law, Looked};
use crate::event::{Entry, Outcome, Probed, RunEvent, StepPath};
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
        entry: &Entry,
        resolved: bool,
        looked: &mut Looked,
    ) -> Result<(), Broken> {
        let mut hold = |right: bool, what: &str| {
            looked.hold(Law::Checks, right, || format!("{what}: {entry:?}"))
        };
        let event = &entry.event;
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
            hold(
                self.looking.get(step).copied().unwrap_or_default(),
                "a check looks while its step is uncertain",
            )?;
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
                hold(
                    self.looking.get(&check) == Some(&false) && said == Some(None),
                    "a check answers once, when it is over, of an uncertain step",
                )?;
                hold(
                    failure.is_some() == (*answer == Probed::Unknown),
                    "a check that does not know says why",
                )?;
                self.uncertain.insert(step.clone(), Some(*answer));
                return Ok(());
            }
            _ => {}
        }
        if let RunEvent::AttemptFinished {
            outcome: Outcome::Succeeded { output },
            ..
        } = event
            && let Some(check) = plan.find(step).and_then(|step| step.output_check.as_ref())
        {
            let fits = check.failure(output.value()).is_none();
            looked.hold(Law::Fits, fits, || format!("{entry:?}"))?;
        }
        let mut hold = |right: bool, what: &str| {
            looked.hold(Law::Checks, right, || format!("{what}: {entry:?}"))
        };
        let Some(said) = said else { return Ok(()) };
        let allowed = match event {
            RunEvent::AttemptFinished { .. } => resolved || said == Some(Probed::Happened),
            RunEvent::AttemptStarted { .. }
            | RunEvent::RateAwaited { .. }
            | RunEvent::RetryScheduled { .. }
            | RunEvent::StepPaused { .. } => resolved || said == Some(Probed::NotHappened),
            RunEvent::StepFailed { .. } => resolved || said == Some(Probed::NotHappened),
            RunEvent::StepCanceled { .. } | RunEvent::StepResolved { .. } => true,
            _ => false,
        };
        hold(
            allowed,
            "what becomes of an uncertain step is what its check or a person said",
        )?;
        if !matches!(event, RunEvent::StepResolved { .. }) {
            self.uncertain.remove(step);
        }
        Ok(())
    }
}
