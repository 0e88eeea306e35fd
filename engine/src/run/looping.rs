//! Loops: what begins their passes ([`super::pass`]), and what their ends come to.
//!
//! Each pass is a [`Scope`](super::scope::Scope) of its own: the body's steps with their states, the item
//! and `loop`. A pass ends like a run does: when all of its steps are over it has succeeded, unless a
//! failure or refusal in it was not handled.
//!
//! - A `for_each` begins passes in the order of its items, while fewer than `max_parallel` are open. An
//!   item that was kept from an earlier run is over at once.
//! - A `repeat` has one pass at a time; the next one begins `every` after the end of the one before.
//! - No further pass begins once `until` held, a pass failed (and the loop does not go on), the loop's
//!   time ran out, or the loop must end. Passes that are open come to their end first.
//! - A failure that is not handled in its pass fails the loop, unless the loop goes on: the open passes
//!   beside it are closed at once, as a failure closes a run. Only steps that handle failures still run.

use super::scope::{Close, Place};
use super::state::{Phase, State, StepState};
use super::time::later;
use super::{failure, join};
use crate::definition::FailureClass;
use crate::event::{Failure, RunEvent, Status};
use crate::plan::{LoopPlan, Plan, Times};
#[cfg(test)]
use crate::testing::{Bug, planted};
use crate::{Digest, Json, Timestamp};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::Arc;

/// How many steps a run holds at most, those of all passes together.
pub const MOST_STEPS: usize = 250_000;
/// How many passes of a `repeat` stay known: what earlier ones did is in the journal.
pub const KNOWN_PASSES: usize = 100;
/// The most bytes of JSON that the results of a `for_each` come to.
const RESULTS_LIMIT: usize = 64 * 1024 * 1024;

/// A loop that has begun.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LoopState {
    /// The items of a `for_each`, as a list, and what a pass calls its item.
    items: Option<(Arc<str>, Json)>,
    /// The number of its first pass.
    pub(super) first: u32,
    /// The number behind that of its last pass, if all of them run.
    pub(super) count: u32,
    /// The number of the next pass to begin.
    pub(super) next: u32,
    pub(super) passes: Passes,
    /// How many passes are open.
    pub(super) open: usize,
    pub(super) succeeded: u32,
    pub(super) failed: u32,
    pub(super) kept: u32,
    /// Whether `until` held.
    pub(super) done: bool,
    /// When the next pass of a `repeat` begins.
    pub(super) due: Option<Timestamp>,
    pub(super) deadline: Option<Timestamp>,
    /// What ends it from outside.
    pub(super) close: Option<Close>,
    /// Why it fails or is rejected.
    pub(super) trouble: Option<(Status, Box<Failure>)>,
    /// The first failure of a pass, whether or not the loop goes on.
    pub(super) first_failure: Option<Box<Failure>>,
    /// What the last pass that succeeded handed to the next one.
    pub(super) previous: Option<Json>,
}

/// One pass of a loop that has begun.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pass {
    /// Its steps; none for a result that was kept.
    pub(super) scope: Option<usize>,
    /// `running` until it is over.
    pub(super) status: Status,
    pub(super) output: Option<Json>,
    /// Whether `until` held after it.
    pub(super) done: bool,
}

/// The passes of a loop that are known, by their numbers: these go up one by one, and only the first ones
/// are forgotten.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Passes {
    /// The number of the first one.
    first: u32,
    known: VecDeque<Pass>,
}

impl Passes {
    fn new(first: u32) -> Self {
        Self {
            first,
            known: VecDeque::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    fn index(&self, number: u32) -> Option<usize> {
        Some(number.checked_sub(self.first)? as usize)
    }

    pub(super) fn get(&self, number: u32) -> Option<&Pass> {
        self.known.get(self.index(number)?)
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Pass> {
        let index = self.index(number)?;
        self.known.get_mut(index)
    }

    /// The next one.
    pub(super) fn push(&mut self, pass: Pass) {
        self.known.push_back(pass);
    }

    pub(super) fn first(&self) -> Option<&Pass> {
        self.known.front()
    }

    /// Forgets the first one.
    pub(super) fn forget_first(&mut self) {
        if self.known.pop_front().is_some() {
            self.first = self.first.saturating_add(1);
        }
    }

    /// In the order of their numbers.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (u32, &Pass)> + ExactSizeIterator {
        let known = self.known.iter().enumerate();
        known.map(|(index, pass)| (self.first.saturating_add(index as u32), pass))
    }

    pub(super) fn values(&self) -> impl DoubleEndedIterator<Item = &Pass> + Clone {
        self.known.iter()
    }
}

impl LoopState {
    pub(super) fn stops(&self) -> bool {
        let done = self.done;
        #[cfg(test)]
        let done = done && !planted(Bug::LoopGoesOn);
        done || self.close.is_some() || self.trouble.is_some()
    }

    pub(super) fn is_repeat(&self) -> bool {
        self.items.is_none()
    }

    /// The item of a pass, read in the list of all.
    pub(super) fn item(&self, number: u32) -> Json {
        let items = self.items.as_ref();
        items.map_or_else(Json::null, |(_, items)| items.item(number as usize))
    }

    /// The items, with what a pass calls its own.
    pub(super) fn named_items(&self) -> Option<(Arc<str>, Json)> {
        self.items.clone()
    }

    fn open_scopes(&self) -> Vec<usize> {
        self.passes
            .values()
            .filter(|pass| pass.status == Status::Running)
            .filter_map(|pass| pass.scope)
            .collect()
    }
}

/// What tells items apart when results of an earlier run are kept.
pub(super) fn digest(item: &Json) -> Digest {
    Digest::of(crate::json::canonical(item.value()).as_bytes())
}

/// The beginning of a loop, from its rendered items.
pub(super) fn start(
    state: &State,
    plan: &Plan,
    place: Place,
    looped: &LoopPlan,
    now: Timestamp,
) -> RunEvent {
    let step = state.path(plan, place);
    let failed = |failure| RunEvent::StepFailed {
        step: step.clone(),
        failure,
    };
    let permanent = |code, message| failed(Failure::new(FailureClass::Permanent, code, message));
    let items = match &looped.times {
        Times::Repeat(_) => None,
        Times::ForEach(each) => {
            let items = match each.items.render(&state.values(place.scope)) {
                Ok(items) => items,
                Err(error) => return failed(failure::of_expression(&error, "items")),
            };
            let count = match items.value() {
                Value::Array(list) => list.len(),
                Value::Object(map) => map.len(),
                other => {
                    let message = format!("`items` is a list or a map, not {other:.60}");
                    return permanent("invalid_items", message);
                }
            };
            if count > each.max_items as usize {
                let most = each.max_items;
                let message = format!("there are {count} items, and `max_items` is {most}");
                return permanent("too_many_items", message);
            }
            Some(items)
        }
    };
    let timeout = state.planned(plan, place).timeout;
    RunEvent::LoopStarted {
        step,
        items,
        deadline: timeout.map(|timeout| later(now, timeout)),
    }
}

/// The end of a loop whose passes are all over.
pub(super) fn finish(state: &State, plan: &Plan, place: Place) -> RunEvent {
    let step = state.path(plan, place);
    let Some(looped) = &state.step(place).looped else {
        return RunEvent::StepCanceled { step };
    };
    let (status, failure) = match (&looped.trouble, looped.close) {
        (Some((status, failure)), _) => (*status, Some((**failure).clone())),
        (None, Some(_)) => return RunEvent::StepCanceled { step },
        (None, None) => {
            let outputs = looped
                .passes
                .values()
                .filter_map(|pass| pass.output.as_ref());
            let size: usize = outputs.map(|output| output.text().len() + 1).sum();
            if size > RESULTS_LIMIT {
                let message = format!("the loop gave {size} bytes; the limit is {RESULTS_LIMIT}");
                let failure = Failure::new(FailureClass::Permanent, "output_too_large", message);
                (Status::Failed, Some(failure))
            } else {
                (Status::Succeeded, None)
            }
        }
    };
    RunEvent::LoopFinished {
        step,
        status,
        failure,
    }
}

impl State {
    pub(super) fn loop_started(
        &mut self,
        plan: &Plan,
        place: Place,
        items: Option<&Json>,
        deadline: Option<Timestamp>,
        at: Timestamp,
    ) {
        let Some(looped) = self.planned(plan, place).work.looped() else {
            return;
        };
        let path = self.path(plan, place);
        let mut previous = None;
        let (first, count, items) = match &looped.times {
            Times::Repeat(repeat) => {
                let first = self.keep.first_pass(&path).unwrap_or(0);
                previous = self.keep.handed_on(&path, first);
                (first, first.saturating_add(repeat.max), None)
            }
            Times::ForEach(each) => {
                let items = items.map(listed).unwrap_or_default();
                let count = items.value().as_array().map_or(0, Vec::len);
                let items = Some((each.name.clone(), items));
                (0, u32::try_from(count).unwrap_or(u32::MAX), items)
            }
        };
        self.step_mut(place).looped = Some(Box::new(LoopState {
            items,
            first,
            count,
            next: first,
            passes: Passes::new(first),
            open: 0,
            succeeded: 0,
            failed: 0,
            kept: 0,
            done: false,
            due: None,
            deadline,
            close: None,
            trouble: None,
            first_failure: None,
            previous,
        }));
        self.enter(place, Phase::Looping, Status::Running);
        match &looped.times {
            Times::ForEach(_) => self.fill(plan, place, at),
            Times::Repeat(_) => {
                self.open_pass(plan, place, at);
                self.note_idle(place);
            }
        }
    }

    pub(super) fn looped(&mut self, place: Place) -> Option<&mut LoopState> {
        self.step_mut(place).looped.as_deref_mut()
    }

    /// Begins passes of a `for_each` as long as it may.
    pub(super) fn fill(&mut self, plan: &Plan, place: Place, at: Timestamp) {
        let looped = self.planned(plan, place).work.looped();
        let most = looped.map_or(0, |looped| looped.times.max_parallel());
        while self.looped(place).is_some_and(|looped| {
            !looped.stops() && looped.next < looped.count && looped.open < most
        }) {
            self.open_pass(plan, place, at);
        }
        self.note_idle(place);
    }

    pub(super) fn note_idle(&mut self, place: Place) {
        if self
            .looped(place)
            .is_some_and(|looped| looped.open == 0 && looped.due.is_none())
        {
            self.idle.insert(place);
        }
    }

    /// A loop fails: its open passes are closed, and its own end follows on theirs. A failure outweighs
    /// a refusal.
    pub(super) fn fail_loop(
        &mut self,
        plan: &Plan,
        place: Place,
        status: Status,
        failure: Failure,
        close: Close,
    ) {
        self.retime(place, |looped| looped.due = None);
        let Some(looped) = self.looped(place) else {
            return;
        };
        let outweighs = match &looped.trouble {
            None => true,
            Some((known, _)) => *known == Status::Rejected && status == Status::Failed,
        };
        if outweighs {
            looped.trouble = Some((status, Box::new(failure)));
        }
        for scope in looped.open_scopes() {
            self.close_scope(plan, scope, close);
        }
    }

    pub(super) fn loop_timed_out(&mut self, plan: &Plan, place: Place) {
        self.retime(place, |looped| looped.deadline = None);
        let failure = Failure::new(
            FailureClass::Timeout,
            "timeout",
            "the loop did not end within its time limit",
        );
        self.fail_loop(plan, place, Status::Failed, failure, Close::Stopped);
        self.note_idle(place);
    }

    /// A loop must end: no pass begins, and the open ones are closed.
    fn close_loop(&mut self, plan: &Plan, place: Place, close: Close) {
        self.retime(place, |looped| {
            looped.due = None;
            looped.close = looped.close.max(Some(close));
        });
        let Some(looped) = self.looped(place) else {
            return;
        };
        for scope in looped.open_scopes() {
            self.close_scope(plan, scope, close);
        }
        self.note_idle(place);
    }

    /// A scope must end: what is left of it is ended at once, but for steps that handle failures where
    /// it is failing.
    pub(super) fn close_scope(&mut self, plan: &Plan, scope: usize, close: Close) {
        let inner = &mut self.scopes[scope];
        if inner.open == 0 || inner.close.is_some_and(|known| known >= close) {
            return;
        }
        inner.close = Some(close);
        let inner = &self.scopes[scope];
        let list = inner.list(plan);
        let ends = |(index, step): &(usize, &StepState)| {
            let spared = close == Close::Failing && join::is_handler(&list.steps[*index]);
            step.phase != Phase::Over && !spared
        };
        let steps = inner.steps.iter().enumerate().filter(ends);
        let left: Vec<(usize, bool)> = steps
            .map(|(index, step)| (index, step.phase == Phase::Looping))
            .collect();
        for (step, looping) in left {
            let place = Place { scope, step };
            if looping {
                self.close_loop(plan, place, close);
            } else if !self.close_probe(plan, place, close) {
                self.to_end.insert(place);
            }
        }
    }

    pub(super) fn loop_finished(
        &mut self,
        plan: &Plan,
        place: Place,
        status: Status,
        failure: Option<&Failure>,
        at: Timestamp,
    ) {
        let output = match (status, self.planned(plan, place).work.looped()) {
            (Status::Succeeded, Some(planned)) => Some(self.output(place, planned)),
            _ => None,
        };
        self.end_step(plan, place, status, output, failure.cloned(), at);
    }

    /// What a loop gives: the results of a `for_each` in the order of its items, as far as it came, or
    /// that of the last pass of a `repeat`.
    fn output(&self, place: Place, planned: &LoopPlan) -> Json {
        let Some(looped) = &self.step(place).looped else {
            return Json::null();
        };
        let mut outputs = looped.passes.values().map(|pass| &pass.output);
        #[cfg(test)]
        if planted(Bug::ResultsReversed) && !looped.is_repeat() {
            let results = outputs
                .rev()
                .map(|output| output.clone().unwrap_or_default());
            return Value::Array(results.map(|json| json.value().clone()).collect()).into();
        }
        if let Times::Repeat(_) = planned.times {
            return outputs.next_back().cloned().flatten().unwrap_or_default();
        }
        let mut text = String::from("[");
        for (index, output) in outputs.enumerate() {
            if index > 0 {
                text.push(',');
            }
            text.push_str(output.as_ref().map_or("null", Json::text));
        }
        text.push(']');
        Json::from_trusted_text(text)
    }

    /// Changes what a loop waits for, and keeps the timers right.
    pub(super) fn retime(&mut self, place: Place, change: impl FnOnce(&mut LoopState)) {
        let step = self.step_mut(place);
        let before = step.timer();
        if let Some(looped) = step.looped.as_deref_mut() {
            change(looped);
        }
        let after = step.timer();
        if let Some((at, timer)) = before {
            self.timers.remove(&(at, timer, place));
        }
        if let Some((at, timer)) = after {
            self.timers.insert((at, timer, place));
        }
    }
}

/// The items as a list: the entries of a map are `{key, value}`.
fn listed(items: &Json) -> Json {
    match items.value() {
        Value::Object(map) => {
            let entries = map
                .iter()
                .map(|(key, value)| json!({ "key": key, "value": value }));
            Value::Array(entries.collect()).into()
        }
        _ => items.clone(),
    }
}
