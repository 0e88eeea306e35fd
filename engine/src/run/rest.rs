//! What a run gives up while it only waits: many wait for days, and then what counts is what each one holds.

use super::scope::Scope;
use super::state::{State, StepState};
use super::{GateStatus, Run};
use crate::Json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Run {
    /// Gives up room that only speed needs: trees of values whose text is known, and what sets and lists
    /// keep for more than they hold. It knows the same afterwards. For a run that comes to rest; when little
    /// has happened since the last time it does nothing, so that it costs a run no more than its facts do.
    pub fn rest(&mut self) {
        let since = self.state.last_seq.saturating_sub(self.rested);
        let held = u64::try_from(self.state.held).unwrap_or(u64::MAX);
        if since.saturating_mul(4) < held {
            return;
        }
        self.rested = self.state.last_seq;
        self.state.rest();
    }
}

impl State {
    fn rest(&mut self) {
        let start = &mut self.start;
        for json in [&mut start.cause, &mut start.inputs, &mut start.trigger] {
            compact(json);
        }
        self.scopes.iter_mut().for_each(Scope::rest);
        empty(&mut self.ready);
        empty(&mut self.unsettled);
        empty(&mut self.running);
        empty(&mut self.to_end);
        empty(&mut self.over);
        empty(&mut self.idle);
        empty(&mut self.held_steps);
        empty(&mut self.timers);
        empty(&mut self.listening);
        empty(&mut self.silences);
        empty(&mut self.taken);
        empty(&mut self.stale);
        if self.approvals.is_empty() {
            self.approvals = BTreeMap::new();
        }
    }
}

impl Scope {
    fn rest(&mut self) {
        let frame = Arc::make_mut(&mut self.frame);
        for (_, json) in &mut frame.locals {
            compact(json);
        }
        self.previous.iter_mut().for_each(compact);
        for value in &mut frame.steps {
            value.output.iter_mut().for_each(compact);
        }
        for step in &mut self.steps {
            step.rest();
        }
    }
}

impl StepState {
    fn rest(&mut self) {
        self.input.iter_mut().for_each(compact);
        self.attempts.shrink_to_fit();
        let Some(gate) = &mut self.gate else { return };
        compact(&mut gate.request.details);
        compact(&mut gate.request.fields);
        if gate.untold.is_empty() {
            gate.untold = BTreeSet::new();
        }
        if gate.status != GateStatus::Pending {
            gate.decisions.shrink_to_fit();
            gate.told.shrink_to_fit();
        }
    }
}

fn compact(json: &mut Json) {
    *json = json.compacted();
}

/// A set that was used keeps room for its first element.
fn empty<T>(set: &mut BTreeSet<T>) {
    if set.is_empty() {
        *set = BTreeSet::new();
    }
}
