//! Steps that wait for the rate of a connection ([`crate::flow::Rates`]).
//!
//! An attempt over a connection that has a rate does not start by itself. In the place of its start stands the
//! fact that it waits (`RateAwaited`), and it starts when the run is told that it may ([`Input::Permit`]). That
//! holds for every attempt: the first, a retry, one that a crash interrupted, one that a person wants again.
//! Which connections have a rate is told before each turn and is no part of the state: what came of it stands
//! in the journal.
//!
//! A step that waits runs nothing. Its run keeps its slots, as before a retry; the time limit of an attempt
//! begins with the attempt, that of all attempts (`retry.total`) goes on. A pause lets others pass.
//!
//! [`Input::Permit`]: super::Input::Permit

use super::scope::Place;
use super::state::{Phase, State};
use super::{Rejected, Run, attempt, failure, pause};
use crate::Timestamp;
use crate::event::{RunEvent, StepPath};
use crate::flow::{Rate, RateWait};
use crate::plan::Plan;
#[cfg(test)]
use crate::testing::{Bug, planted};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The connections that have a rate.
pub type ConnectionRates = BTreeMap<String, Rate>;

impl Run {
    /// Says which connections have a rate, from the next turn on; none for none.
    pub fn know_rates(&mut self, rates: Option<Arc<ConnectionRates>>) {
        self.rates = rates;
    }

    /// Whether any step of it goes over a connection: only then rates concern it.
    pub fn connects(&self) -> bool {
        self.plan.connects
    }

    /// The steps that wait for the rate of a connection and could begin.
    pub fn throttled(&self) -> Vec<(StepPath, RateWait)> {
        if self.is_over() || !self.state.may_begin() {
            return Vec::new();
        }
        let throttled = self.state.throttled.iter();
        throttled.filter_map(|place| self.wait_at(*place)).collect()
    }

    /// What a step waits for, if it is the rate of a connection and the step could begin.
    pub fn throttled_at(&self, step: &StepPath) -> Option<RateWait> {
        if self.state.throttled.is_empty() || self.is_over() || !self.state.may_begin() {
            return None;
        }
        let place = self.state.place_of_step(&self.plan, step)?;
        self.wait_at(place).map(|(_, wait)| wait)
    }

    /// How high it ranks among those that wait for the same.
    pub fn priority(&self) -> i32 {
        match self.claim() {
            Some(claim) => claim.priority,
            None => self.plan.document.priority.unwrap_or_default(),
        }
    }

    fn wait_at(&self, place: Place) -> Option<(StepPath, RateWait)> {
        let Phase::Throttled(wait) = &self.state.step(place).phase else {
            return None;
        };
        let wait = RateWait {
            connection: wait.connection.clone(),
            since: wait.since,
            turn: wait.turn,
            priority: self.priority(),
        };
        Some((self.state.path(&self.plan, place), wait))
    }

    /// In the place of the start of an attempt that has to wait: that it waits.
    pub(super) fn throttle(&self, event: RunEvent) -> RunEvent {
        #[cfg(test)]
        if planted(Bug::RateIgnored) {
            return event;
        }
        let (Some(rates), RunEvent::AttemptStarted { step, .. }) = (&self.rates, &event) else {
            return event;
        };
        let connection = self
            .plan
            .find(step)
            .and_then(|step| step.connection.as_ref());
        match connection.filter(|connection| rates.contains_key(&***connection)) {
            None => event,
            Some(connection) => RunEvent::RateAwaited {
                step: step.clone(),
                connection: connection.to_string(),
            },
        }
    }
}

impl State {
    /// What becomes of a step that may begin now.
    pub(super) fn permit(
        &self,
        plan: &Plan,
        step: &StepPath,
        now: Timestamp,
    ) -> Result<Vec<RunEvent>, Rejected> {
        let place = self
            .place_of_step(plan, step)
            .filter(|place| self.throttled.contains(place))
            .ok_or(Rejected::NotAwaited)?;
        if !self.may_begin() {
            return Err(Rejected::NotItsTurn);
        }
        Ok(vec![self.begin_throttled(plan, place, now)])
    }

    fn begin_throttled(&self, plan: &Plan, place: Place, now: Timestamp) -> RunEvent {
        let known = self.step(place);
        if known.input.is_some() && known.key.is_some() {
            return attempt::again(self, plan, place, now);
        }
        // It had a value when the step began to wait, and what it is made of has not changed since.
        match self
            .planned(plan, place)
            .with
            .render(&self.values(place.scope))
        {
            Ok(with) => attempt::first(self, plan, place, with, now),
            Err(error) => pause::failed(self, plan, place, failure::of_expression(&error, "with")),
        }
    }

    /// The time over all attempts is over, and the next one still waits.
    pub(super) fn waited_too_long(&self, plan: &Plan, place: Place) -> RunEvent {
        let attempts = self.step(place).attempts.iter().rev();
        let last = attempts.map(|attempt| attempt.failure.as_deref()).next();
        let failure = last.flatten().cloned().unwrap_or_else(attempt::timed_out);
        pause::failed(self, plan, place, failure)
    }
}
