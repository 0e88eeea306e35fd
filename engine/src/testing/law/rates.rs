//! The law of rates: a step waits once for each attempt, and none begins without where there is a rate all
//! the time.

use super::{Broken, Law, Looked};
use crate::event::{Entry, RunEvent, StepPath};
use crate::plan::Plan;
use crate::run::ConnectionRates;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Reads along which steps wait for the rate of a connection.
#[derive(Debug, Default, Clone)]
pub(super) struct Throttled(BTreeSet<StepPath>);

impl Throttled {
    /// Reads one fact. `rates` are those of connections that have one all the time.
    pub(super) fn see(
        &mut self,
        plan: &Plan,
        step: &StepPath,
        entry: &Entry,
        rates: Option<&Arc<ConnectionRates>>,
        looked: &mut Looked,
    ) -> Result<(), Broken> {
        let mut hold = |right: bool, what: &str| {
            looked.hold(Law::Rates, right, || format!("{what}: {entry:?}"))
        };
        let planned = plan.find(step);
        let connection = planned.and_then(|planned| planned.connection.as_deref());
        let waited = self.0.remove(step);
        match &entry.event {
            RunEvent::RateAwaited {
                connection: said, ..
            } => {
                hold(!waited, "a step waits once for a rate")?;
                hold(
                    connection == Some(said),
                    "a step waits for the rate of its own connection",
                )?;
                self.0.insert(step.clone());
            }
            RunEvent::AttemptStarted { .. } => {
                let rated = rates.is_some_and(|rates| {
                    connection.is_some_and(|connection| rates.contains_key(connection))
                });
                if rated {
                    hold(
                        waited,
                        "it begins before the rate of its connection lets it",
                    )?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}
