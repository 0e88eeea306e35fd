//! One timer for all runs: absolute UTC times, never early, late rather than never.

use super::clock;
use druse_engine::{RunId, Timestamp};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// The longest sleep: after a step of the wall clock, due times are noticed within this.
const LONGEST_SLEEP: Duration = Duration::from_secs(15);

/// The due time of each run that has one.
#[derive(Default)]
pub(super) struct Timers {
    due: Mutex<Due>,
    changed: Notify,
}

#[derive(Default)]
struct Due {
    by_time: BTreeSet<(Timestamp, RunId)>,
    by_run: HashMap<RunId, Timestamp>,
}

impl Timers {
    fn lock(&self) -> MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets or clears a run's due time.
    pub(super) fn set(&self, run: RunId, at: Option<Timestamp>) {
        self.put(self.lock(), run, at);
    }

    /// Gives a run that was taken out and could not be looked at another due time, unless it has one by now.
    pub(super) fn put_back(&self, run: RunId, at: Timestamp) {
        let due = self.lock();
        if !due.by_run.contains_key(&run) {
            self.put(due, run, Some(at));
        }
    }

    fn put(&self, mut due: MutexGuard<'_, Due>, run: RunId, at: Option<Timestamp>) {
        let before = due.by_run.get(&run).copied();
        if before == at {
            return;
        }
        if let Some(old) = before {
            due.by_time.remove(&(old, run));
            due.by_run.remove(&run);
        }
        if let Some(at) = at {
            due.by_run.insert(run, at);
            due.by_time.insert((at, run));
            if due.by_time.first() == Some(&(at, run)) {
                drop(due);
                self.changed.notify_one();
            }
        }
    }

    /// Waits until at least one run is due, and takes the due ones.
    pub(super) async fn next(&self) -> Vec<RunId> {
        loop {
            let sleep = {
                let mut due = self.lock();
                let now = clock::now();
                let later = due
                    .by_time
                    .split_off(&(Timestamp(now.0 + 1), RunId::from_parts(0, [0; 10])));
                let ripe = std::mem::replace(&mut due.by_time, later);
                if !ripe.is_empty() {
                    return ripe
                        .into_iter()
                        .map(|(_, run)| {
                            due.by_run.remove(&run);
                            run
                        })
                        .collect();
                }
                due.by_time
                    .first()
                    .map_or(LONGEST_SLEEP, |(at, _)| at.since(now).0.min(LONGEST_SLEEP))
            };
            tokio::select! {
                () = tokio::time::sleep(sleep) => {}
                () = self.changed.notified() => {}
            }
        }
    }

    /// A run's due time.
    pub(super) fn due(&self, run: RunId) -> Option<Timestamp> {
        self.lock().by_run.get(&run).copied()
    }

    /// How many runs have a due time.
    pub(super) fn len(&self) -> usize {
        self.lock().by_run.len()
    }
}
