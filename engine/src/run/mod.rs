//! The life of a run, as a pure state machine.
//!
//! `decide` proposes facts and changes nothing, `apply` is the only place where state changes, and
//! [`Run::handle`] alternates between them until nothing more follows from what is known. A fact that
//! makes pure steps ready is settled together with them: a chain of ten transforms is one turn.
//! [`Run::pending`] says what must be in force, as a function of state: whoever drives a run compares it
//! with what is in force, after every turn and after a restart.
//!
//! Laws, held by the tests of [`crate::testing`]: replayed state equals live state; a step ends at most
//! once; a stale attempt changes nothing; a live run always waits for something that has a name; same
//! inputs, same bytes; and every run ends once all that it waits for has come.

mod apply;
mod attempt;
mod deadline;
mod decide;
mod ending;
mod failure;
mod fits;
mod gate;
mod input;
mod invariant;
mod join;
mod retry;
mod state;
mod time;
mod view;
mod wait;

pub use apply::CorruptJournal;
pub use deadline::DeadlineReason;
pub use input::{Effect, GateStatus, Input, Rejected, Resolution};
pub use view::{ApprovalView, AttemptView, StepView};

use crate::event::{Entry, Failure, RunEvent, Start, Status, StepPath};
use crate::plan::Plan;
use crate::{Json, RunId, Timestamp};
use state::State;
use std::fmt;
use std::sync::Arc;

/// One execution of an automation.
#[derive(Clone)]
pub struct Run {
    plan: Arc<Plan>,
    state: State,
}

impl Run {
    /// A new run and its first facts: pure steps are evaluated, attempts started, gates asked.
    pub fn begin(plan: Arc<Plan>, start: Start, now: Timestamp) -> (Self, Vec<Entry>) {
        Self::begin_with(plan, start, Vec::new(), now)
    }

    /// As [`Run::begin`], with results of an earlier run that are kept: steps that do not run again.
    /// Steps that the plan does not have are left out.
    pub fn begin_with(
        plan: Arc<Plan>,
        start: Start,
        kept: Vec<(StepPath, Json, RunId)>,
        now: Timestamp,
    ) -> (Self, Vec<Entry>) {
        let start = Box::new(start);
        let mut entries = vec![Entry {
            seq: 1,
            at: now,
            event: RunEvent::Created(start.clone()),
        }];
        let state = State::new(&plan, start, now);
        let mut run = Self { plan, state };
        for (step, output, from) in kept {
            // One that does not fit (no such step, named twice) is not taken in.
            run.take(RunEvent::StepKept { step, output, from }, now, &mut entries);
        }
        run.settle(now, &mut entries);
        (run, entries)
    }

    /// The run that a journal tells of. A journal that ends in the middle of a turn is taken as it is:
    /// the next input, whichever it is, goes on from there.
    ///
    /// # Errors
    /// When the journal cannot be that of a run of this plan.
    pub fn replay(
        plan: Arc<Plan>,
        entries: impl IntoIterator<Item = Entry>,
    ) -> Result<Self, CorruptJournal> {
        let mut entries = entries.into_iter();
        let (start, at) = match entries.next() {
            Some(Entry {
                seq: 1,
                at,
                event: RunEvent::Created(start),
            }) => (start, at),
            Some(entry) => {
                let message = "a journal begins with the creation of its run";
                return Err(CorruptJournal::new(entry.seq, message));
            }
            None => return Err(CorruptJournal::new(0, "it is empty")),
        };
        let state = State::new(&plan, start, at);
        let mut run = Self { plan, state };
        for entry in entries {
            run.apply(&entry)?;
        }
        Ok(run)
    }

    /// Takes in a fact that was decided elsewhere: by the same run before a restart, or by its leader.
    ///
    /// # Errors
    /// When it does not follow from the state, which then is unchanged.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), CorruptJournal> {
        self.state.apply(&self.plan, entry)
    }

    /// The facts that an input makes by itself; changes nothing. What follows from them comes by
    /// [`Run::handle`].
    ///
    /// # Errors
    /// When the input is out of place.
    pub fn decide(&self, now: Timestamp, input: &Input) -> Result<Vec<RunEvent>, Rejected> {
        self.state.decide(&self.plan, now, input)
    }

    /// Takes in an input and everything that follows from it and from the time, and gives the new facts
    /// in order. Effects, answers and visibility wait until they are durable.
    ///
    /// # Errors
    /// When the input is out of place; then nothing has changed.
    pub fn handle(&mut self, now: Timestamp, input: Input) -> Result<Vec<Entry>, Rejected> {
        let events = self.decide(now, &input)?;
        let mut entries = Vec::with_capacity(events.len() + 1);
        for event in events {
            self.take(event, now, &mut entries);
        }
        self.settle(now, &mut entries);
        Ok(entries)
    }

    fn settle(&mut self, now: Timestamp, entries: &mut Vec<Entry>) {
        while let Some(event) = self.state.next(&self.plan, now) {
            if !self.take(event, now, entries) {
                debug_assert!(false, "a run proposed a fact that does not fit: {self:?}");
                break;
            }
        }
    }

    fn take(&mut self, event: RunEvent, at: Timestamp, entries: &mut Vec<Entry>) -> bool {
        let seq = self.state.last_seq.saturating_add(1);
        let entry = Entry { seq, at, event };
        let fits = self.state.apply(&self.plan, &entry).is_ok();
        if fits {
            entries.push(entry);
        }
        fits
    }

    /// What must be in force now: the attempts that must be running, in the order of the plan.
    pub fn pending(&self) -> Vec<Effect> {
        self.state
            .running
            .iter()
            .filter_map(|index| attempt::effect(&self.state, *index, &self.plan.steps[*index]))
            .collect()
    }

    /// Its plan.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// How it began.
    pub fn start(&self) -> &Start {
        &self.state.start
    }

    /// Its id.
    pub fn id(&self) -> RunId {
        self.state.start.run
    }

    /// How it stands: `running` while an attempt runs, `waiting` while it waits for time or people.
    pub fn status(&self) -> Status {
        match &self.state.finish {
            Some(finish) => finish.status,
            None if self.state.running.is_empty() && self.state.last_seq > 1 => Status::Waiting,
            None => Status::Running,
        }
    }

    /// Whether nothing more happens.
    pub fn is_over(&self) -> bool {
        self.state.finish.is_some()
    }

    /// The outputs, when it succeeded.
    pub fn outputs(&self) -> Option<&Json> {
        self.state.finish.as_ref()?.outputs.as_ref()
    }

    /// Why it did not succeed.
    pub fn failure(&self) -> Option<&Failure> {
        self.state.finish.as_ref()?.failure.as_ref()
    }

    /// The number of its last fact.
    pub fn last_seq(&self) -> u64 {
        self.state.last_seq
    }

    /// When it was created.
    pub fn created_at(&self) -> Timestamp {
        self.state.created_at
    }

    /// When it began to work.
    pub fn started_at(&self) -> Timestamp {
        self.state.created_at
    }

    /// When it ended.
    pub fn finished_at(&self) -> Option<Timestamp> {
        self.state.finish.as_ref().map(|finish| finish.at)
    }

    /// Whether two runs know the same: what replay and live state are compared by.
    pub fn same_state(&self, other: &Self) -> bool {
        self.state.same(&other.state)
    }

    /// Everything that it knows, as text. For tests and for support, not for programs.
    pub fn dump(&self) -> String {
        format!("{:#?}", self.state)
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.dump())
    }
}

#[cfg(test)]
mod tests;
