//! Runs that sleep. One that only waits, and for long, is no more in memory than what finds it and what
//! looks after it; its journal has the rest. It is read again when something comes for it: its time, an
//! event, a person.

use super::hold::parent_of;
use super::live::{self, Found, LiveRun};
use super::{Engine, clock};
use druse_engine::event::Status;
use druse_engine::run::{Input, Run};
use druse_engine::{RunId, Span, Timestamp};
use druse_storage::ReadError;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How far its next time must lie ahead for a run to go to sleep. Tests do not wait for so long.
const FAR: Span = Span::from_secs(if cfg!(test) { 1 } else { 60 });

/// A run with more facts stays awake: it is one of few, and to read it again costs more each time.
const MOST_FACTS: u64 = 500;

/// After this long it is looked at again whether a run that was woken can go to sleep.
const LOOK: Duration = Duration::from_secs(1);

/// How soon what could not be read is tried again.
pub(super) const AGAIN: Span = Span::from_secs(1);

/// What is in memory of a run that sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asleep {
    /// The number of its last fact.
    pub(super) seq: u64,
    /// When it next needs the clock.
    pub(super) deadline: Option<Timestamp>,
    /// The first run of which it is a retry, or itself.
    pub(super) root: RunId,
    /// The run that started it and may wait for it.
    pub(super) parent: Option<RunId>,
    /// Whether it goes on by itself when its time comes.
    pub(super) moves: bool,
    /// Whether it waits for an event, or for a person who may not know it: then whoever examines it has to
    /// read it.
    pub(super) tells_more: bool,
}

impl Asleep {
    /// What is kept of a run, if it can sleep as it stands.
    pub(super) fn of(run: &Run, now: Timestamp) -> Option<Self> {
        let deadline = run.next_deadline().map(|(at, _)| at);
        let far = |at: Option<Timestamp>| at.is_none_or(|at| at > now.after(FAR));
        let waits = matches!(run.status(), Status::Waiting | Status::Paused);
        // An event that is found by what it is wakes those that take it; any other would wake all that may.
        let found = || run.listening().all(|listening| listening.key.is_some());
        let sleeps = waits
            && far(deadline)
            && far(run.next_silence())
            && run.last_seq() <= MOST_FACTS
            && run.running().next().is_none()
            && run.throttled().is_empty()
            && run.notices().is_empty()
            && found();
        sleeps.then(|| Self {
            seq: run.last_seq(),
            deadline,
            root: run.start().root,
            parent: parent_of(&run.start().cause),
            moves: run.moves_by_itself(),
            tells_more: run.is_held()
                || run.listening().next().is_some()
                || !run.left_to_people().is_empty(),
        })
    }
}

impl Engine {
    /// A run that has not ended. One that sleeps wakes up for it. Nothing where there is no such run, it is over or
    /// it is fenced off.
    ///
    /// # Errors
    /// When it sleeps and cannot be read: then it sleeps on, and what came for it has still to be told to it.
    pub(super) fn live_run(&self, id: RunId) -> Result<Option<Arc<Mutex<LiveRun>>>, ReadError> {
        loop {
            match self.0.live.find(id) {
                None => return Ok(None),
                Some(Found::Awake(live)) => return Ok(Some(live)),
                Some(Found::Asleep(_)) => {}
            }
            let read = self.read_again(id)?;
            if let Some(live) = self.0.live.wake(id, read) {
                return Ok(Some(live));
            }
        }
    }

    /// A run that sleeps, as its journal tells it. It sleeps on.
    pub(super) fn read_again(&self, id: RunId) -> Result<LiveRun, ReadError> {
        let read = self.rebuild(id).map(LiveRun::known);
        if let Err(error) = &read {
            tracing::error!(run = %id, %error, "a run that waits cannot be read again");
        }
        read
    }

    /// The time of a run has come. One that cannot be read just now keeps a time at which it is tried again.
    pub(super) fn tick(&self, id: RunId) {
        match self.live_run(id) {
            // Given to the very one that was found: to look for it again could fail.
            Ok(Some(live)) => self.give_to(id, live, Input::Tick),
            Err(error) if error.is_transient() => {
                self.0.timers.put_back(id, clock::now().after(AGAIN));
            }
            Ok(None) | Err(_) => {}
        }
    }

    /// Nothing of a run is under way any more, as whoever shares it this often knows: it goes to sleep, or
    /// gives up what it holds for speed.
    pub(super) fn lull(&self, id: RunId, live: &Arc<Mutex<LiveRun>>) {
        let now = clock::now();
        let mut locked = live::lock(live);
        if self.0.carries_all() && locked.asleep(now).is_some() {
            drop(locked);
            self.0.live.lull(id, 1, now);
        } else {
            locked.rest();
        }
    }

    /// How many runs sleep.
    #[cfg(test)]
    pub(crate) fn sleeping(&self) -> usize {
        self.0.live.sleeping()
    }

    /// Puts runs to sleep again that were woken and did not go on. Ends with the engine.
    pub(super) async fn keep_quiet(self) {
        loop {
            tokio::select! {
                () = self.0.live.disturbed() => {}
                () = self.0.closing.cancelled() => return,
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = self.0.closing.cancelled() => return,
            }
            self.0.live.lull_all(clock::now());
        }
    }
}
