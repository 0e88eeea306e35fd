//! The proof that no run is stuck: each one that has not ended has an attempt under way, a time at which
//! it is looked at again, or a wait with a name.

use super::asleep::Asleep;
use super::live::{Found, LiveRun, lock};
use super::{Engine, clock};
use druse_engine::event::{Status, StepPath};
use druse_engine::run::Run;
use druse_engine::{RunId, Span, Timestamp};
use druse_storage::ReadError;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long after its time a run may stand still before it counts as stuck.
const LATE: Span = Span::from_secs(60);

/// What looks stuck is looked at again after this long: it may just have been between two facts.
const AGAIN: Duration = Duration::from_secs(1);

/// A run that nothing will move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    /// The run.
    pub run: RunId,
    /// Why, in one sentence without a full stop.
    pub reason: String,
}

/// A run that goes on, or a step of it that does, only when a person says how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftToPeople {
    /// The run.
    pub run: RunId,
    /// Who holds the run and why, in one sentence without a full stop, if anybody does.
    pub held: Option<String>,
    /// The steps that failed under `on_error: pause`, and those of which nobody knows whether they
    /// happened.
    pub steps: Vec<(StepPath, Status)>,
}

/// What an examination of all live runs came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Examined {
    /// How many there are.
    pub live: usize,
    /// Those that go on by themselves: an attempt is under way, or a time is set.
    pub moving: usize,
    /// Those that wait for somebody or something outside, by name. A time at which such a wait is given up does
    /// not make one that goes on.
    pub waiting: usize,
    /// Those that no server carries: this process was started for one command.
    pub held: usize,
    /// Those that nothing will move.
    pub stuck: Vec<Stuck>,
    /// Those of the others that wait for each other for ever.
    pub deadlocked: Vec<Stuck>,
    /// Those of the others that wait for a person who may not know it.
    pub left_to_people: Vec<LeftToPeople>,
}

enum State {
    Gone,
    Moving(Option<LeftToPeople>),
    Waiting(Option<LeftToPeople>),
    Held,
    /// Why, and the number of its last fact.
    Stuck(String, u64),
}

impl Engine {
    /// Looks at every run that has not ended.
    ///
    /// # Errors
    /// When the list of live runs cannot be read.
    pub async fn examine(&self) -> Result<Examined, ReadError> {
        let mut examined = Examined::default();
        let mut suspects = BTreeMap::new();
        for run in self.0.store.live_runs()? {
            match self.state_of(run) {
                State::Stuck(_, seq) => drop(suspects.insert(run, seq)),
                state => examined.count(run, state),
            }
        }
        if !suspects.is_empty() {
            tokio::time::sleep(AGAIN).await;
        }
        for (run, before) in suspects {
            let state = match self.state_of(run) {
                State::Stuck(_, seq) if seq != before => State::Moving(None),
                state => state,
            };
            examined.count(run, state);
        }
        examined.deadlocked = self.deadlocked();
        Ok(examined)
    }

    fn state_of(&self, id: RunId) -> State {
        match self.0.live.find(id) {
            Some(Found::Awake(live)) => self.state_awake(id, &lock(&live)),
            Some(Found::Asleep(asleep)) => self.state_asleep(id, &asleep),
            None => self.state_of_none(id),
        }
    }

    fn state_of_none(&self, id: RunId) -> State {
        match self.0.store.run_head(id) {
            Ok(Some(head)) if !head.status.is_final() => {
                let why = self.0.fence.why(id);
                let reason = match why {
                    Some(why) => format!("it is fenced off, for {why}"),
                    None => "nobody carries it".to_owned(),
                };
                State::Stuck(reason, 0)
            }
            Ok(_) => State::Gone,
            Err(error) => State::Stuck(error.to_string(), 0),
        }
    }

    /// Only one that may have more to say is read again.
    fn state_asleep(&self, id: RunId, asleep: &Asleep) -> State {
        if asleep.tells_more {
            return match self.read_again(id) {
                Ok(read) => self.state_awake(id, &read),
                Err(error) => State::Stuck(format!("it cannot be read: {error}"), asleep.seq),
            };
        }
        match not_in_time(asleep.deadline, self.0.timers.due(id)) {
            Some(reason) => State::Stuck(reason, asleep.seq),
            None if asleep.moves => State::Moving(None),
            None => State::Waiting(None),
        }
    }

    fn state_awake(&self, id: RunId, locked: &LiveRun) -> State {
        if locked.run.is_over() {
            return State::Gone;
        }
        if self.is_held(id) {
            return State::Held;
        }
        let due = self.0.timers.due(id);
        let hearing = &self.0.hearing;
        let wrong = wrong(locked, due)
            .or_else(|| hearing.wrong(&locked.run, clock::now(), LATE))
            .or_else(|| {
                let queued = locked.run.status() == Status::Queued;
                (queued && self.why_queued(id).is_none() && !self.is_let_go(id))
                    .then(|| "it waits for its turn and stands in no queue".into())
            })
            .or_else(|| {
                let step = self.0.rates.misses(&locked.run)?;
                Some(format!(
                    "step {step} waits for the rate of a connection and stands in no queue"
                ))
            })
            .or_else(|| {
                let approval = locked.untold()?.approval;
                Some(format!("nobody tells people of the approval {approval}"))
            });
        if let Some(reason) = wrong {
            return State::Stuck(reason, locked.run.last_seq());
        }
        let run = &locked.run;
        let lost = self.0.lost.of(id);
        let works = run.running().any(|(step, _, _)| !lost.contains_key(&step));
        let only_lost = !lost.is_empty() && !works;
        let left = left_to_people(run, lost.into_keys());
        if (run.moves_by_itself() && !only_lost) || !run.throttled().is_empty() {
            State::Moving(left)
        } else {
            State::Waiting(left)
        }
    }
}

/// What of a run waits for people, with the steps that wait for a run of which nothing is known.
fn left_to_people(run: &Run, lost: impl Iterator<Item = StepPath>) -> Option<LeftToPeople> {
    let held = run.is_held().then(|| run.waits_for());
    let mut steps = run.left_to_people();
    steps.extend(lost.map(|step| (step, Status::Uncertain)));
    (held.is_some() || !steps.is_empty()).then(|| LeftToPeople {
        run: run.id(),
        held,
        steps,
    })
}

/// Why nothing will move a run, given the time at which it is looked at again.
fn wrong(live: &LiveRun, due: Option<Timestamp>) -> Option<String> {
    let run = &live.run;
    if let Err(reason) = run.check() {
        return Some(reason);
    }
    for (step, number, _) in run.running() {
        if !live.has_attempt(&(step.clone(), number)) {
            return Some(format!("nobody works on attempt {number} of step {step}"));
        }
    }
    not_in_time(run.next_deadline().map(|(at, _)| at), due)
}

/// Why a run is not looked at when its time comes.
fn not_in_time(at: Option<Timestamp>, due: Option<Timestamp>) -> Option<String> {
    let at = at?;
    if due.is_none() {
        return Some(format!("its time {at} is in no timer"));
    }
    let late = clock::now().since(at);
    (late > LATE).then(|| format!("its time {at} has come and nothing happens"))
}

impl Examined {
    fn count(&mut self, run: RunId, state: State) {
        match state {
            State::Gone => return,
            State::Moving(left) => {
                self.moving += 1;
                self.left_to_people.extend(left);
            }
            State::Waiting(left) => {
                self.waiting += 1;
                self.left_to_people.extend(left);
            }
            State::Held => self.held += 1,
            State::Stuck(reason, _) => self.stuck.push(Stuck { run, reason }),
        }
        self.live += 1;
    }
}

#[cfg(test)]
impl Engine {
    /// Forgets when a run is looked at again, as a bug would.
    pub(crate) fn lose_timer(&self, run: RunId) {
        self.0.timers.set(run, None);
    }

    /// Forgets who works on a run, as a bug would.
    pub(crate) fn lose_attempts(&self, run: RunId) {
        if let Some(live) = self.0.live.get(run) {
            lock(&live).lose_attempts();
        }
    }

    /// Forgets that a step waits for events, as a bug would.
    pub(crate) fn lose_wait(&self, run: RunId, step: &str) {
        self.0.hearing.lose(run, &step.into());
    }

    /// Forgets when a run's waits for events are over, as a bug would.
    pub(crate) fn lose_silence(&self, run: RunId) {
        self.0.hearing.silences.set(run, None);
    }

    /// Forgets who tells people of a run's gates, as a bug would.
    pub(crate) fn lose_notices(&self, run: RunId) {
        if let Some(live) = self.0.live.get(run) {
            lock(&live).lose_notices();
        }
    }

    /// Lets each turn of a run fail, as a bug would.
    pub(crate) fn make_faulty(&self, run: RunId) {
        let mut faulty = self.0.fence.faulty.lock().expect("no panic");
        faulty.insert(run);
    }

    /// Forgets that a run has not ended, as a bug would.
    pub(crate) fn lose_run(&self, run: RunId) {
        self.0.live.remove(run);
    }
}
