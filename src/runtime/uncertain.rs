//! Runs with a step of which nobody knows whether it happened. A person has to find out, and no gate tells of it: they
//! are found here however many others wait, also while they sleep.

use super::Engine;
use druse_engine::RunId;
use druse_engine::event::{Entry, RunEvent, Status, StepPath};
use druse_engine::run::Run;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Each of them, with the first such step.
#[derive(Default)]
pub(super) struct Uncertain(Mutex<BTreeMap<RunId, StepPath>>);

impl Uncertain {
    fn all(&self) -> MutexGuard<'_, BTreeMap<RunId, StepPath>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes how a run stands that this process takes up.
    pub(super) fn take_up(&self, run: &Run) {
        let mut left = run.left_to_people().into_iter();
        match left.find(|(_, status)| *status == Status::Uncertain) {
            Some((step, _)) => drop(self.all().insert(run.id(), step)),
            None => self.remove(run.id()),
        }
    }

    /// Notes what new facts made of a run. Few of them make a step uncertain: the others cost nothing.
    pub(super) fn follow(&self, run: &Run, entries: &[Entry]) {
        let begins = |entry: &Entry| {
            matches!(
                entry.event,
                RunEvent::StepUncertain { .. } | RunEvent::StepChecked { .. }
            )
        };
        if entries.iter().any(begins) || self.all().contains_key(&run.id()) {
            self.take_up(run);
        }
    }

    pub(super) fn remove(&self, run: RunId) {
        self.all().remove(&run);
    }
}

impl Engine {
    /// The runs with an uncertain step, or one that waits for a run of which nothing is known, oldest first.
    pub fn uncertain(&self) -> Vec<RunId> {
        let mut all: BTreeSet<RunId> = self.0.uncertain.all().keys().copied().collect();
        all.extend(self.0.lost.runs());
        all.into_iter().collect()
    }

    /// The first uncertain step of a run.
    pub(super) fn step_in_question(&self, run: RunId) -> Option<StepPath> {
        let known = self.0.uncertain.all().get(&run).cloned();
        known.or_else(|| self.0.lost.of(run).into_keys().next())
    }
}
