//! A run of which nothing is known any more is fenced off: it stays as its journal tells it, and all others go
//! on. So it is when its journal or its version cannot be read, and when a fault of Druse ends one of its turns.

use super::Engine;
use super::live::LiveRun;
use druse_engine::RunId;
use druse_engine::run::Rejected;
use std::collections::BTreeMap;
#[cfg(test)]
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The runs that are fenced off by this process.
#[derive(Default)]
pub(super) struct Fence {
    /// Each with the reason, in words that follow its name, without a full stop.
    runs: Mutex<BTreeMap<RunId, String>>,
    /// Runs whose next turn fails, as by a bug.
    #[cfg(test)]
    pub(super) faulty: Mutex<BTreeSet<RunId>>,
}

impl Fence {
    fn runs(&self) -> MutexGuard<'_, BTreeMap<RunId, String>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, run: RunId, reason: String) {
        self.runs().insert(run, reason);
    }

    /// Why a run is fenced off, if it is.
    pub(super) fn why(&self, run: RunId) -> Option<String> {
        self.runs().get(&run).cloned()
    }

    /// Whether a run is fenced off.
    pub(super) fn holds(&self, run: RunId) -> bool {
        self.runs().contains_key(&run)
    }
}

/// What work gives, or why it panicked.
pub(super) fn unless_it_panics<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic".to_owned())
    })
}

impl Engine {
    /// A turn of a run. What a panic leaves in memory may be ahead of what was written down, so that the run
    /// is fenced off then: the next process takes it up as its journal tells it.
    pub(super) fn turn<T>(
        &self,
        id: RunId,
        locked: &mut LiveRun,
        work: impl FnOnce(&mut LiveRun) -> Result<T, Rejected>,
    ) -> Result<T, Rejected> {
        let turn = unless_it_panics(|| {
            #[cfg(test)]
            if self
                .0
                .fence
                .faulty
                .lock()
                .is_ok_and(|faulty| faulty.contains(&id))
            {
                panic!("planted");
            }
            work(locked)
        });
        turn.unwrap_or_else(|fault| {
            tracing::error!(run = %id, fault, "a turn of a run failed by a fault of Druse: it is fenced off");
            self.fence_off(id, locked);
            Err(Rejected::FencedOff)
        })
    }

    fn fence_off(&self, id: RunId, locked: &mut LiveRun) {
        locked.cut_off();
        locked.stop_attempts();
        self.0
            .fence
            .add(id, "a fault of Druse ended its turn".to_owned());
        self.0.timers.set(id, None);
        self.0.hearing.silences.set(id, None);
        self.0.uncertain.remove(id);
        self.leave_queue(&locked.run);
        self.0.live.remove(id);
    }
}
