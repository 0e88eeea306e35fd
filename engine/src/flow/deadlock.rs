//! Runs that wait for each other for ever.
//!
//! A run that waits for runs it has started keeps the slot of its key. So two automations that start each
//! other in both directions, each under a key of its own, can come to stand like this: A holds key X and waits
//! for its child, which waits for key Y; that is held by B, which waits for its child, which waits for X.
//!
//! A queued run is blocked when its key has no room and each run that has it is blocked; a run that only waits
//! for runs it has started is blocked when each of them is. The largest set of runs for which that holds is
//! what nothing moves any more; it holds as long as nobody ends one of them.

use super::Flow;
use crate::RunId;
use std::collections::{BTreeMap, BTreeSet};

impl Flow {
    /// The runs that wait for each other for ever, and those behind them; each with the first of those that it
    /// waits for. `children` are the runs that only wait for runs they have started, with these.
    pub fn deadlocked(
        &self,
        children: &BTreeMap<RunId, BTreeSet<RunId>>,
    ) -> BTreeMap<RunId, RunId> {
        let mut blocked: BTreeMap<RunId, Vec<RunId>> = BTreeMap::new();
        for (run, known) in &self.runs {
            let key = known.rank(*run).and(known.lane());
            let Some((key, lane)) = key.and_then(|key| Some((key, self.lane(known.owner, key)?)))
            else {
                continue;
            };
            if lane.taken.len() >= usize::try_from(key.limit).unwrap_or(usize::MAX) {
                blocked.insert(*run, lane.taken.iter().copied().collect());
            }
        }
        let waits = children.iter().filter(|(_, of)| !of.is_empty());
        blocked.extend(waits.map(|(run, of)| (*run, of.iter().copied().collect())));
        loop {
            let free = |of: &[RunId]| of.iter().any(|other| !blocked.contains_key(other));
            let moves = blocked.iter().filter(|(_, of)| free(of));
            let moves: Vec<RunId> = moves.map(|(run, _)| *run).collect();
            if moves.is_empty() {
                break;
            }
            for run in moves {
                blocked.remove(&run);
            }
        }
        let first = |(run, of): (RunId, Vec<RunId>)| Some((run, *of.first()?));
        blocked.into_iter().filter_map(first).collect()
    }

    /// The concurrency key that a queued run waits for.
    pub fn waits_for_key(&self, run: RunId) -> Option<&str> {
        let known = self.runs.get(&run)?;
        known.rank(run)?;
        known.lane().map(|key| key.key.as_str())
    }
}
