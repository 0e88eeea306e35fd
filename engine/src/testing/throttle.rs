//! Rates of connections around a simulated run.

use super::law::{Broken, Law};
use super::{Life, Random};
use crate::flow::{Per, Rate};
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
    pub(super) fn permit(&mut self) -> Result<(), Broken> {
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
            other => Law::Answered.broken(format!("a permit for {step} gave {other:?}")),
        }
    }
}
