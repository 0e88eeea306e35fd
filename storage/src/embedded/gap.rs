//! Records that are missing in the log because their bytes are damaged, and the runs that are held because of them.
//!
//! A run is held when the damaged bytes may be of it and nothing shows that they are not. What shows it is a later
//! record of the run: each one names the place of the one before. So a run that has written something since goes on
//! where its links join, and is held where they do not. Of a run that has written nothing since, the damaged bytes
//! tell by the names that are left. Where these are not all there, any run that had not ended may be meant, and all
//! that have written nothing since are held, until a person accepts the loss.

use super::index::{Changes, IndexedRow};
use super::pack::RunEntry;
use super::remains::{Claim, looks_made};
use super::scan::{Damage, MISSING};
use super::segment::Segments;
use crate::entity::{Entity as _, LogDamage, Table};
use crate::record::frame::{Frame, Place};
use druse_engine::{RunId, Timestamp, event::Status};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, btree_map};
use std::io;

/// What is filled from the log.
pub(crate) trait Filled {
    /// Puts changes in.
    fn apply(&self, changes: &Changes) -> io::Result<()>;
    /// A run.
    fn run(&self, run: RunId) -> io::Result<Option<RunEntry>>;
    /// All runs that have not ended.
    fn live(&self) -> io::Result<Vec<RunEntry>>;
    /// A row.
    fn row(&self, table: Table, key: &str) -> io::Result<Option<IndexedRow>>;
}

/// Records that are missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Gap {
    pub(crate) first: u64,
    pub(crate) last: u64,
    /// Where they stood.
    pub(crate) place: u64,
    /// Whether a run may have begun in them of which nothing else is known.
    pub(crate) begins: bool,
    /// Whether runs are held that it does not name.
    pub(crate) unnamed: bool,
    /// Whether the segment is not there.
    pub(crate) missing: bool,
    /// What is said of it.
    pub(crate) text: String,
}

impl Gap {
    /// Whether what was missing can be read again.
    pub(crate) fn is_whole(&self, segments: &Segments) -> bool {
        let place = Place(self.place);
        if self.missing {
            let before = place.segment().saturating_sub(1);
            return segments.path(before).exists();
        }
        let frame = segments.frame(place);
        frame
            .is_ok_and(|bytes| Frame::parse(&bytes).is_some_and(|frame| frame.number == self.first))
    }
}

/// What was found damaged while the index was filled.
pub(crate) struct Gaps {
    found: Vec<Damage>,
    /// Runs that have left since.
    left: BTreeSet<RunId>,
}

impl Gaps {
    pub(crate) fn new(found: Vec<Damage>) -> Self {
        Self {
            found,
            left: BTreeSet::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(crate) fn found(&mut self, damage: Damage) {
        self.found.push(damage);
    }

    /// A run has left the history.
    pub(crate) fn leaves(&mut self, run: RunId) {
        if !self.found.is_empty() {
            self.left.insert(run);
        }
    }

    /// Fences off, in what is about to be put in, the runs that the damage may be of. All records after it were
    /// absorbed.
    pub(crate) fn settle(self, changes: &mut Changes, filled: &dyn Filled) -> io::Result<()> {
        let mut holds = Holds {
            changes,
            filled,
            live: None,
            left: &self.left,
        };
        let mut gaps = Vec::new();
        for damage in &self.found {
            let held = holds.of(damage)?;
            gaps.push(Gap {
                first: damage.first,
                last: damage.last,
                place: damage.place.0,
                begins: held.begins,
                unnamed: held.unnamed,
                missing: damage.what == MISSING,
                text: text(damage, &held),
            });
        }
        changes.gaps.extend(gaps);
        Ok(())
    }
}

fn text(damage: &Damage, held: &Held) -> String {
    let mut text = damage.sentence();
    if held.unnamed {
        text.push_str(
            "; not all of them say whose they were, so every run that had not ended and has written nothing since is held",
        );
    }
    text
}

/// What a stretch of damage means.
#[derive(Default)]
struct Held {
    begins: bool,
    unnamed: bool,
}

struct Holds<'a> {
    changes: &'a mut Changes,
    filled: &'a dyn Filled,
    /// The runs that have not ended, once they were asked for.
    live: Option<Vec<RunId>>,
    left: &'a BTreeSet<RunId>,
}

impl Holds<'_> {
    fn of(&mut self, damage: &Damage) -> io::Result<Held> {
        let mut held = Held::default();
        if damage.indexed {
            // Whose they were is known, and what rows they had.
            self.hold_each(|entry| entry.last >= damage.place && entry.last < damage.until)?;
            return Ok(held);
        }
        let mut unsure = !damage.remains.all;
        for claim in &damage.remains.claims {
            unsure |= !self.hold_claim(claim, damage)?;
            held.begins |= self.may_begin(claim, damage)?;
        }
        held.begins |= unsure;
        if unsure && !self.accepted(damage)? {
            held.unnamed = self.hold_each(|entry| entry.last < damage.until)?;
        }
        Ok(held)
    }

    /// Holds the runs that a claim names. Gives whether it is known whose it is.
    fn hold_claim(&mut self, claim: &Claim, damage: &Damage) -> io::Result<bool> {
        let mut known = false;
        for run in claim.names() {
            if let Some(entry) = self.known(run)? {
                known = true;
                entry.fenced |= entry.last < damage.until;
            }
        }
        if known {
            return Ok(true);
        }
        if let Some(link) = claim.link.filter(|link| link.previous != Place::NONE) {
            let joins = |entry: &RunEntry| entry.last == link.previous && entry.first == link.first;
            known = self.hold_each(joins)?;
        }
        let Some(run) = claim.agreed().filter(|_| !known) else {
            let begins = claim.link.is_some_and(|link| {
                link.first == Place::NONE && link.previous == Place::NONE && looks_made(link.run)
            });
            return Ok(known || begins);
        };
        if !self.left.contains(&run) && looks_made(run) {
            self.changes.runs.insert(run, lost(run, damage.place));
        }
        Ok(true)
    }

    /// Whether a run may have begun with what a claim is about.
    fn may_begin(&mut self, claim: &Claim, damage: &Damage) -> io::Result<bool> {
        for run in claim.names() {
            if let Some(entry) = self.known(run)?
                && entry.first < damage.place
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a person has accepted that it is not known whose records these were.
    fn accepted(&self, damage: &Damage) -> io::Result<bool> {
        let key = LogDamage::key_of(damage.first);
        let table = Table::LogDamage as u8;
        let changed = self.changes.rows.get(&(table, key.as_str().into()));
        let row = match changed {
            Some(change) => change.value.clone(),
            None => match self.filled.row(LogDamage::TABLE, &key)? {
                Some(IndexedRow::Inline(value)) => Some(value),
                Some(IndexedRow::At(_)) | None => None,
            },
        };
        let row = row.and_then(|row| serde_json::from_str::<LogDamage>(row.text()).ok());
        Ok(row.is_some_and(|row| row.accepted && row.last == damage.last))
    }

    fn known(&mut self, run: RunId) -> io::Result<Option<&mut RunEntry>> {
        known(self.changes, &|run| self.filled.run(run), run)
    }

    /// Holds the runs that have not ended of which something is so. Gives whether there is one.
    fn hold_each(&mut self, of: impl Fn(&RunEntry) -> bool) -> io::Result<bool> {
        if self.live.is_none() {
            let live = self.filled.live()?.into_iter().map(|entry| entry.id);
            let changed = self.changes.runs.keys().copied();
            let all: BTreeSet<RunId> = live.chain(changed).collect();
            self.live = Some(all.into_iter().collect());
        }
        let mut any = false;
        for run in self.live.clone().unwrap_or_default() {
            if let Some(entry) = self.known(run)?
                && !entry.status.is_final()
                && of(entry)
            {
                entry.fenced = true;
                any = true;
            }
        }
        Ok(any)
    }
}

/// A run as it is with these changes.
pub(crate) fn known<'a>(
    changes: &'a mut Changes,
    find: &dyn Fn(RunId) -> io::Result<Option<RunEntry>>,
    run: RunId,
) -> io::Result<Option<&'a mut RunEntry>> {
    Ok(match changes.runs.entry(run) {
        btree_map::Entry::Occupied(entry) => Some(entry.into_mut()),
        btree_map::Entry::Vacant(_) if changes.left.contains_key(&run) => None,
        btree_map::Entry::Vacant(place) => find(run)?.map(|entry| place.insert(entry)),
    })
}

/// A run of which nothing can be read, but that it was there.
pub(crate) fn lost(run: RunId, place: Place) -> RunEntry {
    RunEntry {
        bytes: 0,
        signature: u64::MAX,
        id: run,
        status: Status::Running,
        fenced: true,
        cause: 0,
        automation: None,
        created_at: Timestamp(run.0.unix_ms() as i64),
        finished_at: None,
        first: place,
        last: place,
        seq: 0,
        hash: [0; 32],
    }
}
