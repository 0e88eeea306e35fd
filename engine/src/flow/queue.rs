//! The slots, and the order of those that wait for one.

use super::view::shown;
use super::{Claim, KeyClaim, Rank};
use crate::definition::Overflow;
use crate::{AutomationId, RunId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// The limits that are not a document's own; none: no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunLimits {
    /// How many runs may work at once.
    pub runs: Option<u32>,
    /// How many runs of one automation may work at once.
    pub runs_per_automation: Option<u32>,
}

impl RunLimits {
    /// Whether there is one.
    pub fn any(&self) -> bool {
        self.runs.is_some() || self.runs_per_automation.is_some()
    }
}

/// How a run stands towards the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It waits for its turn.
    Queued {
        /// Since when.
        since: Timestamp,
        /// Tells this wait from earlier ones of the same run.
        turn: u64,
        /// Whether it has kept the slot of its key.
        holding: bool,
    },
    /// It has what it needs.
    Working,
    /// It waits, and keeps the slot of its key alone.
    Holding,
    /// It waits, and has no slot.
    Parked,
    /// It has ended.
    Ended,
}

/// An automation; none for documents that belong to none.
type Owner = Option<AutomationId>;

/// A run as the limits see it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Known {
    pub(super) owner: Owner,
    pub(super) claim: Claim,
    pub(super) standing: Standing,
    /// The turn that was granted and not taken up yet: until then it has what it needs.
    pub(super) granted: Option<u64>,
}

impl Known {
    /// Whether it has a slot of the server and of its automation.
    fn works(&self) -> bool {
        self.standing == Standing::Working || self.granted.is_some()
    }

    /// Whether it has a slot of its key.
    fn has_key(&self) -> bool {
        let holds = match self.standing {
            Standing::Queued { holding, .. } => holding,
            Standing::Working | Standing::Holding => true,
            Standing::Parked | Standing::Ended => false,
        };
        holds || self.granted.is_some()
    }

    /// Its place among those that wait.
    pub(super) fn rank(&self, run: RunId) -> Option<Rank> {
        match self.standing {
            Standing::Queued { since, .. } if self.granted.is_none() => {
                Some(Rank::new(run, since, self.claim.priority))
            }
            _ => None,
        }
    }

    /// The key that it still needs a slot of.
    pub(super) fn lane(&self) -> Option<&KeyClaim> {
        match self.standing {
            Standing::Queued { holding: true, .. } => None,
            _ => self.claim.key.as_ref(),
        }
    }
}

/// Those that wait for the same thing, the first of them first.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Lane {
    /// Runs with a slot of the key. Empty in the lane of runs that need none.
    pub(super) taken: BTreeSet<RunId>,
    pub(super) waiting: BTreeSet<Rank>,
    /// The first one, where it could have the key now.
    offered: Option<Rank>,
}

/// An automation: its lanes, by key; the one of runs that need no key is that of none.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Branch {
    pub(super) working: BTreeSet<RunId>,
    pub(super) lanes: BTreeMap<Option<String>, Lane>,
    /// What its lanes offer.
    pub(super) ready: BTreeSet<Rank>,
    /// The first of these, where the automation has room.
    offered: Option<Rank>,
}

/// The slots of a server: a function of the claims and standings of its runs.
///
/// A change costs as much as a few steps in trees of the runs that wait, whatever their number.
#[derive(Debug, Default, PartialEq)]
pub struct Flow {
    pub(super) limits: RunLimits,
    pub(super) runs: BTreeMap<RunId, Known>,
    pub(super) working: BTreeSet<RunId>,
    pub(super) branches: BTreeMap<Owner, Branch>,
    /// What the automations offer.
    ready: BTreeSet<Rank>,
    queued: BTreeSet<RunId>,
}

impl Flow {
    /// Without any run.
    pub fn new(limits: RunLimits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Says how a run stands now. What it stood as before does not matter.
    pub fn stand(&mut self, run: RunId, owner: Owner, claim: &Claim, standing: Standing) {
        let known = self.runs.get(&run);
        // A turn that was granted stays so until the run has taken it up, or has another.
        let granted = known.and_then(|known| known.granted).filter(
            |granted| matches!(standing, Standing::Queued { turn, .. } if turn == *granted),
        );
        let next = Known {
            owner,
            claim: claim.clone(),
            standing,
            granted,
        };
        if known == Some(&next) {
            return;
        }
        self.remove(run);
        if standing != Standing::Ended {
            self.insert(run, next);
        }
    }

    /// Lets those go whose turn it is, in their order. They have their slots from now on.
    pub fn admit(&mut self) -> Vec<RunId> {
        let mut admitted = Vec::new();
        while let Some(run) = self.next() {
            self.grant(run);
            admitted.push(run);
        }
        admitted
    }

    fn grant(&mut self, run: RunId) {
        if let Some(mut known) = self.remove(run) {
            if let Standing::Queued { turn, .. } = known.standing {
                known.granted = Some(turn);
            }
            self.insert(run, known);
        }
    }

    /// Lets a run go if it is the next one.
    pub fn admit_first(&mut self, run: RunId) -> bool {
        if self.next() != Some(run) {
            return false;
        }
        self.grant(run);
        true
    }

    /// Who would go next.
    fn next(&self) -> Option<RunId> {
        let room = has_room(self.limits.runs, self.working.len());
        self.ready.first().filter(|_| room).map(|rank| rank.run)
    }

    /// Whether somebody could go now.
    pub fn has_next(&self) -> bool {
        self.next().is_some()
    }

    /// Whether a run that is queued has been let go and has not taken that up.
    pub fn is_granted(&self, run: RunId) -> bool {
        self.runs
            .get(&run)
            .is_some_and(|known| known.granted.is_some())
    }

    /// What becomes of a new run, and why, when its key has no room and it is not to wait.
    pub fn passed_over(&self, owner: Owner, claim: &Claim) -> Option<(Overflow, String)> {
        let key = claim.key.as_ref()?;
        if !matches!(key.overflow, Overflow::Skip | Overflow::Reject) {
            return None;
        }
        let holders = self.full(owner, key)?;
        let by = match holders.as_slice() {
            [] => String::new(),
            [one] => format!(" by {one}"),
            [first, more @ ..] => format!(" by {first} and {} more", more.len()),
        };
        let slots = match key.limit {
            1 => "the slot".to_owned(),
            limit => format!("all {limit} slots"),
        };
        let verb = if key.limit == 1 { "is" } else { "are" };
        let key_shown = shown(&key.key);
        let reason = format!("{slots} of concurrency key {key_shown} {verb} taken{by}");
        Some((key.overflow, reason))
    }

    /// Who has the slots of a key, when a further run would have to wait for one.
    fn full(&self, owner: Owner, key: &KeyClaim) -> Option<Vec<RunId>> {
        let lane = self.lane(owner, key)?;
        let room = lane.waiting.is_empty() && has_room(Some(key.limit), lane.taken.len());
        (!room).then(|| lane.taken.iter().copied().collect())
    }

    /// The runs whose place a run takes that replaces others: those before it that wait for the key, whether or
    /// not they have begun, and of those that have it the oldest, as many as it takes.
    pub fn replaced_by(&self, run: RunId) -> Vec<RunId> {
        let Some(known) = self.runs.get(&run) else {
            return Vec::new();
        };
        let waits = known.rank(run).and(known.lane());
        let (Standing::Queued { since, .. }, Some(key)) = (known.standing, waits) else {
            return Vec::new();
        };
        let Some(lane) = self.lane(known.owner, key) else {
            return Vec::new();
        };
        let before = |other: &RunId| match self.runs.get(other).map(|known| known.standing) {
            Some(Standing::Queued {
                since: other_since, ..
            }) => (other_since, *other) < (since, run),
            _ => false,
        };
        let waiting = lane.waiting.iter().map(|rank| rank.run).filter(before);
        let limit = usize::try_from(key.limit).unwrap_or(usize::MAX);
        let most = (lane.taken.len() + 1).saturating_sub(limit);
        let taken = lane.taken.iter().copied().take(most);
        waiting.chain(taken).collect()
    }

    /// How many runs wait.
    pub fn queued(&self) -> usize {
        self.queued.len()
    }

    /// How many runs work.
    pub fn working(&self) -> usize {
        self.working.len()
    }

    /// How many runs are known here.
    pub fn len(&self) -> usize {
        self.runs.len()
    }

    /// Whether no run is known here.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    pub(super) fn lane(&self, owner: Owner, key: &KeyClaim) -> Option<&Lane> {
        let branch = self.branches.get(&owner)?;
        branch.lanes.get(&Some(key.key.clone()))
    }

    fn remove(&mut self, run: RunId) -> Option<Known> {
        let known = self.runs.remove(&run)?;
        self.working.remove(&run);
        self.queued.remove(&run);
        if let Some(branch) = self.branches.get_mut(&known.owner) {
            branch.working.remove(&run);
            let own = known.claim.key.as_ref().map(|key| key.key.clone());
            let waits_in = known.lane().map(|key| key.key.clone());
            if let Some(lane) = branch.lanes.get_mut(&own) {
                lane.taken.remove(&run);
            }
            if let (Some(rank), Some(lane)) = (known.rank(run), branch.lanes.get_mut(&waits_in)) {
                lane.waiting.remove(&rank);
            }
            self.offer(known.owner, own, waits_in);
        }
        Some(known)
    }

    fn insert(&mut self, run: RunId, known: Known) {
        if known.works() {
            self.working.insert(run);
        }
        let branch = self.branches.entry(known.owner).or_default();
        if known.works() {
            branch.working.insert(run);
        }
        let own = known.claim.key.as_ref().map(|key| key.key.clone());
        let waits_in = known.lane().map(|key| key.key.clone());
        if own.is_some() && known.has_key() {
            let lane = branch.lanes.entry(own.clone()).or_default();
            lane.taken.insert(run);
        }
        if let Some(rank) = known.rank(run) {
            let lane = branch.lanes.entry(waits_in.clone()).or_default();
            lane.waiting.insert(rank);
            self.queued.insert(run);
        }
        let owner = known.owner;
        self.runs.insert(run, known);
        self.offer(owner, own, waits_in);
    }

    /// Finds out anew what two lanes of an automation, and the automation itself, have to offer.
    fn offer(&mut self, owner: Owner, own: Option<String>, waits_in: Option<String>) {
        let Some(branch) = self.branches.get_mut(&owner) else {
            return;
        };
        let again = (own != waits_in).then_some(waits_in);
        for key in std::iter::once(own).chain(again) {
            let Some(lane) = branch.lanes.get_mut(&key) else {
                continue;
            };
            let first = lane.waiting.first().copied().filter(|rank| {
                let limit = self
                    .runs
                    .get(&rank.run)
                    .and_then(|known| known.lane())
                    .map(|key| key.limit);
                has_room(limit, lane.taken.len())
            });
            change(&mut branch.ready, &mut lane.offered, first);
            if lane.taken.is_empty() && lane.waiting.is_empty() {
                branch.lanes.remove(&key);
            }
        }
        let room = has_room(self.limits.runs_per_automation, branch.working.len());
        let first = branch.ready.first().copied().filter(|_| room);
        change(&mut self.ready, &mut branch.offered, first);
        if branch.lanes.is_empty() && branch.working.is_empty() {
            self.branches.remove(&owner);
        }
    }

    /// Checks that what is kept is what follows from the runs; `Err` says what does not.
    ///
    /// # Errors
    /// One sentence on the first difference. It is a bug, whatever was said before.
    pub fn check(&self) -> Result<(), String> {
        let mut anew = Self::new(self.limits);
        for (run, known) in &self.runs {
            anew.insert(*run, known.clone());
        }
        if anew == *self {
            return Ok(());
        }
        Err(format!(
            "the slots are not what follows from the runs: {self:?} and {anew:?}"
        ))
    }
}

fn has_room(limit: Option<u32>, taken: usize) -> bool {
    limit.is_none_or(|limit| usize::try_from(limit).is_ok_and(|limit| taken < limit))
}

/// Puts one offer in the place of another.
fn change(ready: &mut BTreeSet<Rank>, offered: &mut Option<Rank>, next: Option<Rank>) {
    if *offered == next {
        return;
    }
    if let Some(old) = offered.take() {
        ready.remove(&old);
    }
    ready.extend(next);
    *offered = next;
}
