//! Rates of connections around a simulated run, and what must hold of them in its facts.

use super::{Life, Random, Watch};
use crate::event::{RunEvent, StepPath};
use crate::flow::{Per, Rate};
use crate::plan::Plan;
use crate::run::{ConnectionRates, Input, Rejected};
use std::sync::Arc;

/// The connections that have a rate.
pub(super) fn rates(random: &mut Random) -> Option<Arc<ConnectionRates>> {
    if random.percent(60) {
        return None;
    }
    let rate = Rate::new(1, Per::Minute).ok()?;
    let mut rates = ConnectionRates::new();
    for name in ["crm", "bank"] {
        if random.percent(70) {
            rates.insert(name.into(), rate);
        }
    }
    Some(Arc::new(rates))
}

impl Life {
    /// A step may begin, whether it waits for that or not; or other connections have a rate from now on.
    pub(super) fn permit(&mut self) -> Result<(), String> {
        if !self.steady && self.random.percent(20) {
            self.rates = rates(&mut self.random);
            return Ok(());
        }
        let throttled = self.run.throttled();
        let step = match self.random.pick(&throttled) {
            Some((step, _)) => step.clone(),
            None => self
                .run
                .steps()
                .first()
                .map_or("nowhere".into(), |step| step.path.clone()),
        };
        let waits = self.run.step(&step.0).is_some_and(|view| {
            let says = view.waits_for.unwrap_or_default();
            says.starts_with("the rate of connection")
        });
        let may = throttled.iter().any(|(waiting, _)| *waiting == step);
        match self.give(Input::Permit { step: step.clone() })? {
            Ok(()) if may && !self.run.throttled().iter().any(|(left, _)| *left == step) => Ok(()),
            // It stands by, or is paused.
            Err(Rejected::NotItsTurn) if waits && !may => Ok(()),
            Err(Rejected::NotAwaited) if !waits => Ok(()),
            other => Err(format!("a permit for {step} gave {other:?}")),
        }
    }
}

impl Watch {
    /// A step waits once for each attempt, and none begins without where there is a rate all the time.
    pub(super) fn see_rates(
        &mut self,
        plan: &Plan,
        step: &StepPath,
        event: &RunEvent,
    ) -> Result<(), &'static str> {
        let planned = plan.find(step);
        let connection = planned.and_then(|planned| planned.connection.as_deref());
        let waited = self.throttled.remove(step);
        match event {
            RunEvent::RateAwaited {
                connection: said, ..
            } => {
                if waited {
                    return Err("a step waits once for a rate");
                }
                if connection != Some(said) {
                    return Err("a step waits for the rate of its own connection");
                }
                self.throttled.insert(step.clone());
            }
            RunEvent::AttemptStarted { .. } => {
                let rates = self.rates.as_ref();
                let rated = rates.is_some_and(|rates| {
                    connection.is_some_and(|connection| rates.contains_key(connection))
                });
                if rated && !waited {
                    return Err("nothing begins over a connection before its rate lets it");
                }
            }
            _ => {}
        }
        Ok(())
    }
}
