//! Runs of this process that wait for each other for ever.

use super::hold::parent_of;
use super::live::{Found, lock};
use super::{Engine, stuck::Stuck};
use druse_engine::RunId;
use std::collections::{BTreeMap, BTreeSet};

impl Engine {
    /// The runs that wait for each other, directly or behind such, each with the reason. Looked at twice, so
    /// that none is named that was only just about to go on.
    pub(super) fn deadlocked(&self) -> Vec<Stuck> {
        let before = self.look_for_deadlocks();
        if before.is_empty() {
            return Vec::new();
        }
        let mut found = self.look_for_deadlocks();
        // Those that have not changed in between were in it together at one moment.
        found.retain(|run, (_, seq)| before.get(run).is_some_and(|(_, same)| same == seq));
        if found.len() < before.len() {
            return Vec::new();
        }
        let of = |run: &RunId| found[run].0;
        let waits = |run: RunId, of: RunId| match self.key_of(run) {
            Some(key) => format!("{run} waits for concurrency key {key}, held by {of}"),
            None => format!("{run} waits for its child {of}"),
        };
        let reason = |run: &RunId| {
            let (mut next, mut seen, mut parts) = (*run, BTreeSet::new(), Vec::new());
            while seen.insert(next) && found.contains_key(&next) {
                parts.push(waits(next, of(&next)));
                next = of(&next);
            }
            format!("runs wait for each other: {}", parts.join("; "))
        };
        let runs = found.keys();
        runs.map(|run| Stuck {
            run: *run,
            reason: reason(run),
        })
        .collect()
    }

    /// For each run that is blocked one that it waits for, and the number of its last fact.
    fn look_for_deadlocks(&self) -> BTreeMap<RunId, (RunId, u64)> {
        let mut parents: BTreeMap<RunId, BTreeSet<RunId>> = BTreeMap::new();
        let mut only: BTreeSet<RunId> = BTreeSet::new();
        let mut seqs = BTreeMap::new();
        for id in self.0.live.ids() {
            let live = match self.0.live.find(id) {
                Some(Found::Awake(live)) => live,
                // It waits for no run; but one may wait for it.
                Some(Found::Asleep(asleep)) => {
                    seqs.insert(id, asleep.seq);
                    if let Some(parent) = asleep.parent {
                        parents.entry(parent).or_default().insert(id);
                    }
                    continue;
                }
                None => continue,
            };
            let run = &lock(&live).run;
            seqs.insert(id, run.last_seq());
            if run.is_over() {
                continue;
            }
            if run.waits_for_children_alone() {
                only.insert(id);
            }
            if let Some(parent) = parent_of(&run.start().cause) {
                parents.entry(parent).or_default().insert(id);
            }
        }
        parents.retain(|parent, _| only.contains(parent));
        let found = self.blocked_by(&parents);
        let seq = |run: &RunId| seqs.get(run).copied().unwrap_or_default();
        let found = found.into_iter();
        found.map(|(run, of)| (run, (of, seq(&run)))).collect()
    }
}
