//! The life of a run, as a pure state machine.
//!
//! `decide` proposes facts and changes nothing, `apply` is the only place where state changes, and
//! [`Run::handle`] alternates between them until nothing more follows from what is known. A fact that
//! makes pure steps ready is settled together with them: a chain of ten transforms is one turn. A turn
//! has bounds, so that its facts fit into one record and others come in between: of what is more, the
//! next turn comes at once ([`Run::goes_on`]).
//! [`Run::pending`] says what must be in force, as a function of state: whoever drives a run compares it
//! with what is in force, after every turn and after a restart.
//!
//! Laws, held by the tests of [`crate::testing`], which lists all of them: replayed state equals live state;
//! a step ends at most once; a stale attempt changes nothing; a live run always waits for something that has
//! a name; same inputs, same bytes; and every run ends once all that it waits for has come.

mod again;
mod apply;
mod approvers;
mod artifact;
mod attempt;
mod bound;
mod changes;
mod child;
mod covered;
mod deadline;
mod decide;
mod ending;
mod failure;
mod fits;
mod gate;
mod handlers;
mod hear;
mod input;
mod invariant;
mod join;
mod kept;
mod looping;
#[cfg(any(test, feature = "testing"))]
mod names;
mod pass;
mod pause;
mod probe;
mod rest;
mod retry;
mod scope;
mod slot;
mod state;
mod throttle;
mod time;
mod view;
mod wait;

pub use apply::CorruptJournal;
pub use artifact::KeptArtifact;
pub(crate) use attempt::is_death;
pub use bound::{LARGEST_FACT, LARGEST_OUTPUT};
pub(crate) use child::is_of_child;
pub use child::{ChildVersion, ChildVersions};
pub use deadline::DeadlineReason;
pub(crate) use hear::type_fault;
pub use hear::{Heard, Listening};
pub use input::{Effect, GateStatus, Input, Notice, Rejected, Resolution, ResumeAnswer};
pub use kept::{Kept, Undone, asked};
pub use looping::{KNOWN_PASSES, MOST_STEPS};
#[cfg(any(test, feature = "testing"))]
pub(crate) use names::{ENDINGS, OWNERS, PHASES, SLOTS, TIMERS, TROUBLES};
pub use retry::FENCED_OFF;
pub use throttle::ConnectionRates;
pub use view::{ApprovalView, AttemptView, CheckView, Message, NoticeView, PassesView, StepView};

use crate::event::{Entry, Failure, HandlerList, RunEvent, Start, Status, StepPath};
use crate::flow::Claim;
use crate::plan::Plan;
#[cfg(test)]
use crate::testing::{Bug, planted};
use crate::{Json, RunId, Timestamp};
use state::State;
use std::fmt;
use std::sync::Arc;

/// One execution of an automation.
#[derive(Clone)]
pub struct Run {
    plan: Arc<Plan>,
    state: State,
    /// Whether the last turn was cut, for the check of what must always hold.
    cut: bool,
    /// The connections that have a rate, as it was last told.
    rates: Option<Arc<ConnectionRates>>,
    /// Which versions of other automations its steps would start, as it was last told.
    children: Option<Arc<ChildVersions>>,
    /// Whether gates that ask have not been compared with that yet.
    uncompared: bool,
    /// The number of its last fact when it came to rest.
    rested: u64,
}

/// What is no part of a run's state, and what a turn of it has to know all the same.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The connections that have a rate ([`Run::know_rates`]).
    pub rates: Option<Arc<ConnectionRates>>,
    /// The versions that its steps would start ([`Run::know_children`]).
    pub children: Option<Arc<ChildVersions>>,
}

impl Run {
    /// A new run and its first facts: pure steps are evaluated, attempts started, gates asked.
    pub fn begin(plan: Arc<Plan>, start: Start, now: Timestamp) -> (Self, Vec<Entry>) {
        Self::begin_with(plan, start, Vec::new(), now)
    }

    /// As [`Run::begin`], with results of an earlier run that are kept ([`Run::kept`]): what does not run
    /// again. Steps that the plan does not have are left out.
    pub fn begin_with(
        plan: Arc<Plan>,
        start: Start,
        kept: Vec<Kept>,
        now: Timestamp,
    ) -> (Self, Vec<Entry>) {
        Self::begin_claiming(plan, start, kept, None, now)
    }

    /// As [`Run::begin_with`]; with a claim it is queued, and nothing begins before it is admitted.
    pub fn begin_claiming(
        plan: Arc<Plan>,
        start: Start,
        kept: Vec<Kept>,
        claim: Option<Claim>,
        now: Timestamp,
    ) -> (Self, Vec<Entry>) {
        Self::begin_limited(plan, start, kept, claim, None, now)
    }

    /// As [`Run::begin_claiming`], with the connections that have a rate ([`Run::know_rates`]).
    pub fn begin_limited(
        plan: Arc<Plan>,
        start: Start,
        kept: Vec<Kept>,
        claim: Option<Claim>,
        rates: Option<Arc<ConnectionRates>>,
        now: Timestamp,
    ) -> (Self, Vec<Entry>) {
        let children = None;
        Self::begin_knowing(plan, start, kept, claim, Known { rates, children }, now)
    }

    /// As [`Run::begin_claiming`], with what its first turn has to know.
    pub fn begin_knowing(
        plan: Arc<Plan>,
        start: Start,
        kept: Vec<Kept>,
        claim: Option<Claim>,
        known: Known,
        now: Timestamp,
    ) -> (Self, Vec<Entry>) {
        let mut run = Self::created(plan, start, now);
        let created = Entry {
            seq: 1,
            at: now,
            event: RunEvent::Created(run.state.start.clone()),
        };
        let mut entries = vec![created];
        if let Some(claim) = claim {
            let claim = Some(Box::new(claim));
            run.take(RunEvent::Queued { claim }, now, &mut entries);
        }
        let first = entries.len();
        for kept in kept {
            // One that does not fit (no such step, named twice) is not taken in.
            run.take(kept.into_event(), now, &mut entries);
        }
        let weight: usize = entries.iter().map(|entry| entry.event.weight()).sum();
        if weight > bound::TURN_WEIGHT || entries.len() > run.plan.turn {
            let start = (*run.state.start).clone();
            run = Self::created(run.plan, start, now);
            let results = u32::try_from(entries.len() - first).unwrap_or(u32::MAX);
            let kept = entries.split_off(first);
            for entry in entries.split_off(1) {
                run.take(entry.event, now, &mut entries);
            }
            run.take(RunEvent::KeepingStarted { results }, now, &mut entries);
            for entry in kept {
                run.take(entry.event, now, &mut entries);
            }
        }
        run.rates = known.rates;
        run.children = known.children;
        run.settle(now, &mut entries);
        (run, entries)
    }

    fn created(plan: Arc<Plan>, start: Start, now: Timestamp) -> Self {
        let state = State::new(&plan, Box::new(start), now);
        Self {
            plan,
            state,
            cut: false,
            rates: None,
            children: None,
            uncompared: false,
            rested: 0,
        }
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
        let mut run = Self {
            plan,
            state,
            cut: true,
            rates: None,
            children: None,
            uncompared: false,
            rested: 0,
        };
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
        let events = self.state.decide(&self.plan, now, input)?;
        self.still_starts(input)?;
        Ok(events)
    }

    /// Takes in an input and everything that follows from it and from the time, and gives the new facts
    /// in order. Effects, answers and visibility wait until they are durable.
    ///
    /// # Errors
    /// When the input is out of place; then nothing has changed.
    pub fn handle(&mut self, now: Timestamp, input: Input) -> Result<Vec<Entry>, Rejected> {
        let decided = self.decide(now, &input);
        #[cfg(test)]
        if planted(Bug::UnwrittenChange) || (decided.is_err() && planted(Bug::RefusalLeavesTrace)) {
            self.state.fence += 1;
        }
        let events = decided?;
        if bound::says_too_much(&events) {
            return Err(Rejected::TooLarge);
        }
        let permitted = matches!(input, Input::Permit { .. });
        let mut entries = Vec::with_capacity(events.len() + 1);
        for event in events {
            let event = match permitted {
                true => event,
                false => self.throttle(event),
            };
            self.take(bound::within(event), now, &mut entries);
        }
        self.settle(now, &mut entries);
        Ok(entries)
    }

    /// Takes in an input alone, and nothing that follows from it: that comes with the next input. For a
    /// process that is about to end and lets nothing new begin.
    ///
    /// # Errors
    /// As [`Run::handle`].
    pub fn note(&mut self, now: Timestamp, input: Input) -> Result<Vec<Entry>, Rejected> {
        let events = self.decide(now, &input)?;
        if bound::says_too_much(&events) {
            return Err(Rejected::TooLarge);
        }
        let mut entries = Vec::with_capacity(events.len());
        for event in events {
            self.take(bound::within(event), now, &mut entries);
        }
        self.cut = self.state.follows(&self.plan, now);
        Ok(entries)
    }

    /// Takes in what follows, until nothing more does or the turn is long enough.
    fn settle(&mut self, now: Timestamp, entries: &mut Vec<Entry>) {
        let mut weight: usize = entries.iter().map(|entry| entry.event.weight()).sum();
        self.cut = false;
        while let Some(event) = self.follows(now) {
            let event = bound::within(self.throttle(self.bind(event)));
            weight += event.weight();
            if !self.take(event, now, entries) {
                let next = self.state.next(&self.plan, now);
                debug_assert!(
                    false,
                    "a run proposed a fact that does not fit: {next:?} in {self:?}"
                );
                break;
            }
            if entries.len() >= self.plan.turn || weight >= bound::TURN_WEIGHT {
                self.cut = self.state.follows(&self.plan, now);
                if self.cut {
                    break;
                }
            }
        }
    }

    /// The next fact: one that follows from the state, or else from what was told beside it.
    fn follows(&mut self, now: Timestamp) -> Option<RunEvent> {
        let next = self.state.next(&self.plan, now);
        next.or_else(|| self.starts_others())
    }

    /// Whether more follows at once, without an input: the last turn was cut because it was long. The
    /// next input, a tick for instance, goes on with it.
    pub fn goes_on(&self) -> bool {
        self.state.goes_on(&self.plan)
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
        let pending = self
            .state
            .running
            .iter()
            .filter_map(|place| attempt::effect(&self.state, &self.plan, *place))
            .collect();
        #[cfg(test)]
        if planted(Bug::PendingForgets) && !self.cut {
            return Vec::new();
        }
        pending
    }

    /// The running attempts alone (step, number, fence), for comparing them cheaply with what is in force.
    pub fn running(&self) -> impl Iterator<Item = (StepPath, u32, u64)> {
        self.state.running.iter().filter_map(|place| {
            let last = self.state.step(*place).attempts.last()?;
            Some((self.state.path(&self.plan, *place), last.number, last.fence))
        })
    }

    /// The effect of one step, while an attempt of it runs. With the `AttemptStarted` facts of a turn it
    /// spares going through [`Run::pending`] again for wide runs.
    pub fn effect(&self, step: &str) -> Option<Effect> {
        let place = self.state.place_of_step(&self.plan, &step.into())?;
        attempt::effect(&self.state, &self.plan, place)
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

    /// How it stands: `paused` while a person holds it, `queued` while it waits for its turn, `running` while
    /// an attempt runs, `paused` too while a step has failed and waits for a person, `waiting` while it waits
    /// for time or people otherwise.
    pub fn status(&self) -> Status {
        match &self.state.finish {
            Some(finish) => finish.status,
            None if self.state.paused.is_some() => Status::Paused,
            None if self.state.is_queued() => Status::Queued,
            None if !self.state.running.is_empty() || self.goes_on() => Status::Running,
            None if !self.state.held_steps.is_empty() => Status::Paused,
            None => Status::Waiting,
        }
    }

    /// The list of handlers that runs.
    pub fn handles(&self) -> Option<HandlerList> {
        let current = self.state.handling.current.as_ref();
        current.map(|current| current.list)
    }

    /// Whether somebody wanted it to end.
    pub fn is_canceled(&self) -> bool {
        self.state.handling.cancels > 0
    }

    /// Whoever wanted it to end: where it was wanted twice, the one who stopped what handles its end.
    pub fn canceled_by(&self) -> Option<&str> {
        self.state.canceled_by()
    }

    /// Whether somebody wanted that a second time, which ends what handles its end, too.
    pub fn is_forced(&self) -> bool {
        self.state.handling.cancels > 1
    }

    /// Whether a person holds it.
    pub fn is_held(&self) -> bool {
        self.state.paused.is_some()
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

    /// When it began to work; none while it waits for its turn to.
    pub fn started_at(&self) -> Option<Timestamp> {
        self.state.begun_at()
    }

    /// When it ended.
    pub fn finished_at(&self) -> Option<Timestamp> {
        self.state.finish.as_ref().map(|finish| finish.at)
    }

    /// Whether two runs know the same: what replay and live state are compared by.
    pub fn same_state(&self, other: &Self) -> bool {
        self.state == other.state
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
