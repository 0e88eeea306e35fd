//! What held a run up besides its answers: its turn, and the rates of connections.

use super::answers::{Hold, Limits};
use crate::event::{Entry, RunEvent, StepPath};
use crate::flow::{Claim, Per, Rate};
use crate::run::ConnectionRates;
use crate::{Span, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is known of the limits that an earlier run met.
#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    /// What it asked for before anything of it began.
    claim: Option<Claim>,
    /// How long it waited each time that it was queued; none where it ended first.
    turns: Vec<Option<Span>>,
    /// When it was queued last.
    queued: Timestamp,
    /// The connections whose rates its steps waited for.
    connections: BTreeSet<String>,
    /// How long the attempts of each step waited for a rate, by their place among all of its attempts.
    permits: BTreeMap<StepPath, BTreeMap<usize, Option<Span>>>,
    /// How many attempts of each step have begun.
    begun: BTreeMap<StepPath, usize>,
    /// Since when steps wait for a rate.
    awaiting: BTreeMap<StepPath, Timestamp>,
}

impl Held {
    /// Takes in what a fact tells of it.
    pub(super) fn see(&mut self, entry: &Entry) {
        match &entry.event {
            RunEvent::Queued { claim } => {
                // One that asks later has begun without: that comes from outside.
                if let Some(claim) = claim.as_deref().filter(|_| entry.seq == 2) {
                    self.claim = Some(claim.clone());
                }
                self.turns.push(None);
                self.queued = entry.at;
            }
            RunEvent::Admitted => {
                if let Some(turn) = self.turns.last_mut() {
                    turn.get_or_insert(entry.at.since(self.queued));
                }
            }
            RunEvent::RateAwaited { step, connection } => {
                self.connections.insert(connection.clone());
                let number = self.begun.get(step).copied().unwrap_or_default();
                let permits = self.permits.entry(step.clone()).or_default();
                permits.insert(number, None);
                self.awaiting.insert(step.clone(), entry.at);
            }
            RunEvent::AttemptStarted { step, .. } => {
                let begun = self.begun.entry(step.clone()).or_default();
                *begun += 1;
                let Some(from) = self.awaiting.remove(step) else {
                    return;
                };
                let permits = self.permits.entry(step.clone()).or_default();
                permits.insert(*begun - 1, Some(entry.at.since(from)));
            }
            _ => {}
        }
    }

    /// As a run meets them that is like it.
    pub(super) fn limits(&self) -> Limits {
        // How many a rate lets through says nothing here: each permit comes when it came.
        let rate = Rate::new(1, Per::Minute).ok();
        let rates = self
            .connections
            .iter()
            .filter_map(|name| Some((name.clone(), rate?)));
        let rates: ConnectionRates = rates.collect();
        Limits {
            claim: self.claim.clone(),
            rates: (!rates.is_empty()).then(|| Arc::new(rates)),
        }
    }

    /// How long it is queued, counted from 0. A turn that the earlier run did not wait for comes at once.
    pub(super) fn turn(&self, number: usize) -> Hold {
        held(self.turns.get(number))
    }

    /// How long an attempt of a step waits for a rate, counted from 0 over all of its attempts.
    pub(super) fn permit(&self, step: &StepPath, number: usize) -> Hold {
        held(self.permits.get(step).and_then(|all| all.get(&number)))
    }
}

fn held(known: Option<&Option<Span>>) -> Hold {
    match known {
        Some(Some(span)) => Hold::Ends(*span),
        Some(None) => Hold::Lasts,
        None => Hold::default(),
    }
}
