//! The start: every run that had not ended is rebuilt from its journal and goes on.

use super::asleep::{AGAIN, Asleep};
use super::fence::unless_it_panics;
use super::live::{LiveRun, lock};
use super::plan::{Compiled, NoPlan};
use super::{Engine, clock};
use druse_engine::RunId;
use druse_engine::event::{Entry, RunEvent};
use druse_engine::run::{Input, Run};
use druse_storage::ReadError;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What the start found.
#[derive(Debug, Default, Clone, Copy)]
pub struct Recovered {
    /// Runs that go on.
    pub resumed: usize,
    /// Runs whose journal or version cannot be read: fenced off, named in the log, left as they are.
    pub fenced: usize,
}

/// How often it is tried to read runs that may be readable a moment later.
const TRIES: usize = 5;

/// How many entries are read at once.
const PAGE: usize = 10_000;

impl Engine {
    /// Takes up every run that has not ended.
    ///
    /// # Errors
    /// When the list of live runs cannot be read at all, or one of them not just now: to go on without it would be to
    /// take it for lost, and do again what it does.
    pub async fn recover(&self) -> Result<Recovered, ReadError> {
        self.0.carries_all.store(true, Ordering::Release);
        let mut runs = Vec::new();
        let mut ids = Vec::new();
        let mut recovered = Recovered {
            fenced: self
                .rebuild_each(|id, run| {
                    ids.push(id);
                    // Most of what waits sleeps on: no more than one of these is in memory at a time.
                    if let Some(awake) = self.sleeps_on(id, run) {
                        runs.push((id, awake));
                    }
                })
                .await?,
            resumed: 0,
        };
        recovered.resumed = ids.len();
        // One that could be read only later stands where it would have stood.
        ids.sort_unstable();
        runs.sort_by_key(|(id, _)| *id);
        // What comes for them comes later, and so its ids have to say.
        if let Some(last) = ids.iter().max() {
            clock::sort_behind(last.0.unix_ms());
        }
        let death = self.death(&runs)?;
        self.0.store.take_up();
        self.load_rates()?;
        self.face(&death);
        let mut under_way = Vec::new();
        let mut taken_up = Vec::with_capacity(runs.len());
        for (id, run) in runs {
            let deadline = run.next_deadline().map(|(at, _)| at);
            let live = self.0.live.insert(id, LiveRun::known(run));
            self.0.timers.set(id, deadline);
            self.take_place(&live);
            self.0.rates.take_up(&lock(&live).run);
            taken_up.push((id, live));
        }
        // Only when all stand where they stood: then the order is what it was.
        for (id, live) in &taken_up {
            self.claim_late(*id, live);
        }
        let mut suspects = BTreeMap::new();
        for (id, live) in taken_up {
            self.0.hearing.take_up(&lock(&live).run, true);
            self.0.uncertain.take_up(&lock(&live).run);
            let given_up = self.given_up_by(id);
            if given_up.is_none() {
                self.notify(id);
                if death.keeps_back(id) {
                    suspects.insert(id, live);
                    continue;
                }
            }
            match self.take_up_or_end(id, &live, death.input(id), given_up) {
                Ok(way) => under_way.push(self.settle(id, live, way)),
                Err(rejected) => tracing::error!(run = %id, ?rejected, "a run refused to go on"),
            }
        }
        for task in under_way {
            let _ = task.await;
        }
        self.try_suspects(death, suspects).await;
        for id in &ids {
            self.take_places(*id).await;
        }
        self.end_orphans(&ids).await;
        self.let_go();
        self.let_begin();
        Ok(recovered)
    }

    /// Leaves a run asleep that only waits, for long: nothing follows on this start for it. Gives one back
    /// for which that is not so.
    fn sleeps_on(&self, id: RunId, run: Run) -> Option<Run> {
        let now = clock::now();
        let asleep = Asleep::of(&run, now).filter(|_| {
            // A fault in it is met again, and dealt with, when it is taken up.
            let recovers = unless_it_panics(|| run.decide(now, &Input::Recover { alone: false }));
            recovers.is_ok_and(|facts| facts.is_ok_and(|facts| facts.is_empty()))
                && !self.lacks_claim(&run)
        });
        let Some(asleep) = asleep else {
            return Some(run);
        };
        self.0.timers.set(id, asleep.deadline);
        self.0.slots.note(&run);
        self.0.hearing.take_up(&run, true);
        self.0.uncertain.take_up(&run);
        let plan = run.plan().clone();
        self.0.live.add_asleep(id, asleep, plan);
        None
    }

    /// Hands over every run that has not ended, as its journal tells it. What cannot be read just now is tried again,
    /// after all others. Gives how many are fenced off.
    ///
    /// # Errors
    /// When the list of them cannot be read, or one of them not just now.
    pub(super) async fn rebuild_each(
        &self,
        mut take: impl FnMut(RunId, Run) + Send,
    ) -> Result<usize, ReadError> {
        let mut fenced = 0;
        let mut left = self.0.store.live_runs()?;
        for tries_left in (0..TRIES).rev() {
            let mut again = Vec::new();
            for id in left {
                match self.rebuild(id) {
                    Ok(run) if run.is_over() => {}
                    Ok(run) => take(id, run),
                    Err(error) if error.is_transient() && tries_left > 0 => {
                        tracing::warn!(run = %id, %error, "a run cannot be taken up just now");
                        again.push(id);
                    }
                    // This process cannot read just now, whatever the run. What a disk fails to give back time after
                    // time concerns this run alone, and the others go on.
                    Err(error @ ReadError::Busy(_)) => {
                        tracing::error!(run = %id, %error, "a run that has not ended cannot be read");
                        return Err(error);
                    }
                    Err(error) => {
                        fenced += 1;
                        tracing::error!(run = %id, %error, "a run cannot be taken up and is fenced off");
                        self.0.fence.add(id, format!("it cannot be read: {error}"));
                    }
                }
            }
            // All together: however many there are, the start waits no longer for them than for one.
            left = again;
            if left.is_empty() {
                break;
            }
            tokio::time::sleep(AGAIN.0).await;
        }
        Ok(fenced)
    }

    /// A run as its journal tells it.
    ///
    /// # Errors
    /// When it cannot be read, now or ever.
    pub(super) fn rebuild(&self, id: RunId) -> Result<Run, ReadError> {
        self.replayed(self.journal(id)?)
    }

    /// The run that a journal tells of.
    pub(super) fn replayed(&self, entries: Vec<Entry>) -> Result<Run, ReadError> {
        let compiled = self.plan_of(&entries)?;
        let replayed = unless_it_panics(|| Run::replay(compiled.plan.clone(), entries));
        let replayed = replayed.map_err(ReadError::Damaged)?;
        replayed.map_err(|error| ReadError::Damaged(error.to_string()))
    }

    /// The whole journal of a run.
    pub(super) fn journal(&self, id: RunId) -> Result<Vec<Entry>, ReadError> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let after = entries.last().map_or(0, |entry| entry.seq);
            let page = self.0.store.run_entries(id, after, PAGE)?;
            let last = page.len() < PAGE;
            entries.extend(page);
            if last {
                return Ok(entries);
            }
        }
    }

    /// The version that a journal is of.
    pub(super) fn plan_of(&self, entries: &[Entry]) -> Result<Arc<Compiled>, ReadError> {
        let damaged = |reason: &str| ReadError::Damaged(reason.to_owned());
        let Some(RunEvent::Created(start)) = entries.first().map(|entry| &entry.event) else {
            return Err(damaged("its journal does not begin with its creation"));
        };
        let automation = start
            .automation
            .ok_or_else(|| damaged("it belongs to no stored automation"))?;
        let store = self.0.store.as_ref();
        let plan = self.0.plans.get(store, automation, Some(start.version));
        plan.map_err(|error| match error {
            NoPlan::Read(error) => error,
            other => damaged(&format!("its version cannot be read: {other:?}")),
        })
    }
}
