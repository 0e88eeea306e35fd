//! What is in memory: the order of what is appended, and all that the index does not have yet.
//!
//! A run or row may have several versions: the newest is what the next append must follow, the
//! newest durable one is what reads see. One short lock guards all of it.

use super::pack::RunEntry;
use super::segment::{HEADER, Mark};
use super::signature;
use crate::blob::BlobHold;
use crate::entity::RunHead;
use crate::record::frame::{self, Link, Place};
use crate::record::{self, Draft};
use crate::store::{AppendError, Batch, Expect, Fact, Position};
use druse_engine::{AutomationId, Json, RunId};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};
use tokio::sync::oneshot;

pub(crate) type Answer = oneshot::Sender<Result<Position, AppendError>>;

/// A run after one record.
pub(crate) struct RunVersion {
    pub(crate) number: u64,
    pub(crate) state: RunState,
}

/// What a run is like after a record.
pub(crate) enum RunState {
    /// It is there; its head where that is in memory.
    Here(RunEntry, Option<Arc<RunHead>>),
    /// It has left the history.
    Left(Option<AutomationId>),
}

impl RunState {
    fn entry(&self) -> Option<(&RunEntry, Option<&Arc<RunHead>>)> {
        match self {
            Self::Here(entry, head) => Some((entry, head.as_ref())),
            Self::Left(_) => None,
        }
    }
}

/// A live run, or one that the index does not have as it is now.
#[derive(Default)]
pub(crate) struct Slot {
    /// As the index has it.
    pub(crate) base: Option<RunEntry>,
    pub(crate) versions: VecDeque<RunVersion>,
}

impl Slot {
    pub(crate) fn newest(&self) -> Option<&RunEntry> {
        self.newest_with_head().map(|(entry, _)| entry)
    }

    fn newest_with_head(&self) -> Option<(&RunEntry, Option<&Arc<RunHead>>)> {
        match self.versions.back() {
            Some(version) => version.state.entry(),
            None => self.base.as_ref().map(|entry| (entry, None)),
        }
    }

    /// What reads see: the entry, and the head where it is in memory.
    pub(crate) fn durable(&self, durable: u64) -> Option<(&RunEntry, Option<&Arc<RunHead>>)> {
        match self.durable_state(durable) {
            Some(state) => state.entry(),
            None => self.base.as_ref().map(|entry| (entry, None)),
        }
    }

    /// The newest durable state that the index does not have yet.
    pub(crate) fn durable_state(&self, durable: u64) -> Option<&RunState> {
        let mut newest = self.versions.iter().rev();
        newest
            .find(|version| version.number <= durable)
            .map(|version| &version.state)
    }

    fn push(&mut self, number: u64, durable: u64, state: RunState) {
        while self.versions.len() > 1 && self.versions[1].number <= durable {
            self.versions.pop_front();
        }
        self.versions.push_back(RunVersion { number, state });
    }
}

pub(crate) struct RowVersion {
    pub(crate) number: u64,
    pub(crate) place: Place,
    pub(crate) value: Option<Json>,
}

#[derive(Clone)]
pub(crate) enum Dirty {
    Run(RunId),
    Row(u8, Arc<str>),
}

/// A record on its way to the disk.
pub(crate) struct Pending {
    /// Padded.
    pub(crate) frame: Vec<u8>,
    pub(crate) length: usize,
    pub(crate) number: u64,
    pub(crate) place: Place,
    pub(crate) answer: Option<Answer>,
    /// Blobs that it names, held until it is durable.
    pub(crate) holds: Vec<Arc<BlobHold>>,
}

/// What the index said about things that are not in memory.
#[derive(Default)]
pub(crate) struct Fetched {
    pub(crate) epoch: u64,
    pub(crate) runs: BTreeMap<RunId, Option<RunEntry>>,
    pub(crate) rows: BTreeMap<(u8, String), bool>,
}

/// Facts that are to be written again.
pub(crate) struct Again {
    pub(crate) draft: Draft,
    /// Whose facts they are, in the order of the draft.
    pub(crate) runs: Vec<MovedRun>,
    /// Which rows they are, in the order of the draft.
    pub(crate) rows: Vec<MovedRow>,
    pub(crate) kind: u8,
}

/// A run whose journal is written again.
#[derive(Clone)]
pub(crate) struct MovedRun {
    /// As it stands.
    pub(crate) entry: RunEntry,
    /// How many facts of the draft are its own.
    pub(crate) sections: usize,
    /// What was written of it in records before.
    pub(crate) parts: Parts,
}

/// The parts of a journal that have been written again, each in a record of its own.
#[derive(Clone, Copy, Default)]
pub(crate) struct Parts {
    pub(crate) first: Place,
    pub(crate) last: Place,
    pub(crate) hash: [u8; 32],
}

/// A row that is written again.
#[derive(Clone)]
pub(crate) struct MovedRow {
    pub(crate) table: u8,
    pub(crate) key: String,
    /// Where it stood.
    pub(crate) place: Place,
}

#[derive(Default)]
pub(crate) struct Core {
    pub(crate) next: u64,
    /// Where the next record goes.
    pub(crate) at: Place,
    /// Bytes of the segment it goes to, and of every later one.
    pub(crate) capacity: u64,
    pub(crate) later_capacity: u64,
    pub(crate) durable: Mark,
    pub(crate) slots: BTreeMap<RunId, Slot>,
    pub(crate) rows: BTreeMap<u8, BTreeMap<Arc<str>, VecDeque<RowVersion>>>,
    pub(crate) dirty: VecDeque<(u64, Dirty)>,
    /// Goes up whenever something leaves memory for the index.
    pub(crate) epoch: u64,
    /// No run younger than this one is in the index without being here.
    pub(crate) youngest_indexed: Option<RunId>,
    pub(crate) queue: Vec<Pending>,
    pub(crate) in_flight: usize,
    pub(crate) in_flight_bytes: usize,
    pub(crate) failed: bool,
    pub(crate) full: bool,
    /// The history takes more than it may.
    pub(crate) over_quota: bool,
    pub(crate) closing: bool,
    pub(crate) writer_waits: bool,
    pub(crate) applier_waits: bool,
}

impl Core {
    /// What has to be asked of the index before the batch can be ordered.
    pub(crate) fn lacks(&self, batch: &Batch, fetched: &Fetched) -> Option<Fetched> {
        let mut lacks = Fetched {
            epoch: self.epoch,
            ..Fetched::default()
        };
        let fresh = fetched.epoch == self.epoch;
        for fact in &batch.facts {
            match fact {
                Fact::Run { .. } | Fact::Forget { .. } => {
                    let run = match fact {
                        Fact::Run { head, .. } => &head.id,
                        Fact::Forget { run, .. } => run,
                        Fact::Row { .. } => continue,
                    };
                    let known = self.slots.contains_key(run)
                        || self.youngest_indexed.is_none_or(|youngest| *run > youngest)
                        || (fresh && fetched.runs.contains_key(run));
                    if !known {
                        lacks.runs.insert(*run, None);
                    }
                }
                Fact::Row {
                    table, key, expect, ..
                } => {
                    let table = *table as u8;
                    let known = *expect == Expect::Any
                        || self
                            .rows
                            .get(&table)
                            .is_some_and(|rows| rows.contains_key(key.as_str()))
                        || (fresh && fetched.rows.contains_key(&(table, key.clone())));
                    if !known {
                        lacks.rows.insert((table, key.clone()), false);
                    }
                }
            }
        }
        (!lacks.runs.is_empty() || !lacks.rows.is_empty()).then_some(lacks)
    }

    /// Checks what must be so, and gives each run's last entry as it will be when its turn comes.
    fn check(&self, batch: &Batch, draft: &Draft, fetched: &Fetched) -> Result<(), AppendError> {
        for (index, fact) in batch.facts.iter().enumerate() {
            let earlier = &batch.facts[..index];
            match fact {
                Fact::Run { head, entries } => {
                    let stored = match self.slots.get(&head.id) {
                        Some(slot) => slot.newest(),
                        None => fetched.runs.get(&head.id).and_then(Option::as_ref),
                    };
                    let mut last = stored.map_or(0, |entry| entry.seq);
                    let mut begun = stored.is_some();
                    for fact in earlier {
                        if let Fact::Run {
                            head: same,
                            entries,
                        } = fact
                            && same.id == head.id
                        {
                            last = entries.last().map_or(last, |entry| entry.seq);
                            begun = true;
                        }
                    }
                    let first = entries.first().map_or(last, |entry| entry.seq);
                    let refused = AppendError::Sequence {
                        run: head.id,
                        last,
                        first,
                    };
                    if stored.is_some_and(|entry| entry.fenced) || (entries.is_empty() && !begun) {
                        return Err(refused);
                    }
                    for entry in entries {
                        if entry.seq != last + 1 {
                            return Err(refused);
                        }
                        last = entry.seq;
                    }
                }
                Fact::Forget { run, .. } => {
                    let stored = match self.slots.get(run) {
                        Some(slot) => slot.newest(),
                        None => fetched.runs.get(run).and_then(Option::as_ref),
                    };
                    let named = |fact: &Fact| match fact {
                        Fact::Run { head, .. } => head.id == *run,
                        Fact::Forget { run: same, .. } => same == run,
                        Fact::Row { .. } => false,
                    };
                    let over = stored.is_some_and(|entry| entry.status.is_final());
                    if !over || earlier.iter().any(named) {
                        return Err(AppendError::NotOver { run: *run });
                    }
                }
                Fact::Row {
                    table, key, expect, ..
                } => {
                    if *expect == Expect::Any {
                        continue;
                    }
                    let mut there = match self
                        .rows
                        .get(&(*table as u8))
                        .and_then(|rows| rows.get(key.as_str()))
                        .and_then(VecDeque::back)
                    {
                        Some(version) => version.value.is_some(),
                        None => fetched
                            .rows
                            .get(&(*table as u8, key.clone()))
                            .copied()
                            .unwrap_or(false),
                    };
                    let mut row = 0;
                    for fact in earlier {
                        if let Fact::Row {
                            table: same_table,
                            key: same_key,
                            ..
                        } = fact
                        {
                            if same_table == table && same_key == key {
                                there = draft.values[row].is_some();
                            }
                            row += 1;
                        }
                    }
                    if there != (*expect == Expect::Present) {
                        return Err(AppendError::Conflict {
                            table: *table,
                            key: key.clone(),
                        });
                    }
                }
            }
        }
        Ok(())
    }

    /// Gives the batch its number and place and queues it.
    pub(crate) fn order(
        &mut self,
        batch: Batch,
        draft: Draft,
        fetched: &Fetched,
        answer: Answer,
    ) -> Result<(), AppendError> {
        self.check(&batch, &draft, fetched)?;
        let (number, place) = self.next_place(draft.buffer.len());
        let durable = self.durable.number;
        let mut links = Vec::with_capacity(draft.sections.len());
        let mut values = draft.values.clone().into_iter();
        for fact in batch.facts {
            match fact {
                Fact::Run { head, entries } => {
                    let run = head.id;
                    let slot = self.slots.entry(run).or_insert_with(|| Slot {
                        base: fetched.runs.get(&run).cloned().flatten(),
                        versions: VecDeque::new(),
                    });
                    let mut entry = slot.newest().cloned().unwrap_or_else(|| begin(&head));
                    let section = draft.sections[links.len()];
                    let link = Link {
                        run,
                        first: entry.first,
                        previous: entry.last,
                        hash: record::chain(&entry.hash, &section.digest),
                    };
                    entry.bytes += section.bytes;
                    if entry.first == Place::NONE {
                        entry.first = place;
                    }
                    entry.status = head.status;
                    entry.finished_at = head.finished_at;
                    entry.last = place;
                    entry.seq = entries.last().map_or(entry.seq, |last| last.seq);
                    entry.hash = link.hash;
                    links.push(link);
                    slot.push(number, durable, RunState::Here(entry, Some(head)));
                    self.dirty.push_back((number, Dirty::Run(run)));
                }
                Fact::Forget { run, .. } => {
                    let slot = self.slots.entry(run).or_insert_with(|| Slot {
                        base: fetched.runs.get(&run).cloned().flatten(),
                        versions: VecDeque::new(),
                    });
                    let entry = slot.newest();
                    // What was there: the removal can be told from a loss, and names its history.
                    links.push(Link {
                        run,
                        first: entry.map_or(Place::NONE, |entry| entry.first),
                        previous: entry.map_or(Place::NONE, |entry| entry.last),
                        hash: entry.map_or([0; 32], |entry| entry.hash),
                    });
                    let automation = entry.and_then(|entry| entry.automation);
                    slot.push(number, durable, RunState::Left(automation));
                    self.dirty.push_back((number, Dirty::Run(run)));
                }
                Fact::Row { table, key, .. } => {
                    let value = values.next().flatten();
                    self.put_row(table as u8, key.into(), number, place, value);
                }
            }
        }
        self.enqueue(draft, frame::KIND_BATCH, (number, place), &links, answer);
        if let Some(pending) = self.queue.last_mut() {
            pending.holds = batch.holds;
        }
        Ok(())
    }

    fn put_row(
        &mut self,
        table: u8,
        key: Arc<str>,
        number: u64,
        place: Place,
        value: Option<Json>,
    ) {
        let durable = self.durable.number;
        let rows = self.rows.entry(table).or_default();
        let versions = rows.entry(key.clone()).or_default();
        while versions.len() > 1 && versions[1].number <= durable {
            versions.pop_front();
        }
        versions.push_back(RowVersion {
            number,
            place,
            value,
        });
        self.dirty.push_back((number, Dirty::Row(table, key)));
    }

    /// The number and the place of the next record, for one of this length.
    fn next_place(&mut self, length: usize) -> (u64, Place) {
        let padded = frame::padded(length) as u64;
        if self.at.offset() + padded > self.capacity && self.at.offset() > HEADER {
            self.at = Place::new(self.at.segment() + 1, HEADER);
            self.capacity = self.later_capacity;
        }
        let (number, place) = (self.next, self.at);
        self.at = Place::new(place.segment(), place.offset() + padded);
        self.next += 1;
        (number, place)
    }

    fn enqueue(
        &mut self,
        mut draft: Draft,
        kind: u8,
        (number, place): (u64, Place),
        links: &[Link],
        answer: Answer,
    ) {
        let length = draft.buffer.len();
        let padded = frame::padded(length);
        let durable = self.durable.number;
        frame::finish(
            &mut draft.buffer,
            kind,
            draft.body_crc,
            number,
            durable,
            links,
        );
        draft.buffer.resize(padded, 0);
        self.in_flight += 1;
        self.in_flight_bytes += padded;
        self.queue.push(Pending {
            frame: draft.buffer,
            length,
            number,
            place,
            answer: Some(answer),
            holds: Vec::new(),
        });
    }

    /// Gives facts that are written again their number and place, unless they are no longer what stands
    /// (`Ok(None)`). What memory does not know must be as the index had it at this epoch.
    pub(crate) fn order_again(&mut self, again: Again, answer: Answer) -> Option<Place> {
        for moved in &again.runs {
            let newest = match self.slots.get(&moved.entry.id) {
                Some(slot) => slot.newest().map(|entry| (entry.last, entry.seq)),
                None => Some((moved.entry.last, moved.entry.seq)),
            };
            if newest != Some((moved.entry.last, moved.entry.seq)) {
                return None;
            }
        }
        for row in &again.rows {
            let rows = self.rows.get(&row.table);
            let newest = rows.and_then(|rows| rows.get(row.key.as_str()));
            if newest
                .and_then(VecDeque::back)
                .is_some_and(|version| version.place != row.place)
            {
                return None;
            }
        }
        let (number, place) = self.next_place(again.draft.buffer.len());
        let durable = self.durable.number;
        let mut links = Vec::with_capacity(again.draft.sections.len());
        let mut sections = again.draft.sections.iter();
        for moved in again.runs {
            let (mut first, mut previous) = (moved.parts.first, moved.parts.last);
            let mut hash = moved.parts.hash;
            for section in sections.by_ref().take(moved.sections) {
                hash = record::chain(&hash, &section.digest);
                links.push(Link {
                    run: moved.entry.id,
                    first,
                    previous,
                    hash,
                });
                if first == Place::NONE {
                    first = place;
                }
                previous = place;
            }
            if again.kind != frame::KIND_MOVED {
                continue;
            }
            let entry = RunEntry {
                first,
                last: place,
                hash,
                ..moved.entry.clone()
            };
            let run = entry.id;
            let slot = self.slots.entry(run).or_insert_with(|| Slot {
                base: Some(moved.entry),
                versions: VecDeque::new(),
            });
            let head = slot.newest_with_head().and_then(|(_, head)| head.cloned());
            slot.push(number, durable, RunState::Here(entry, head));
            self.dirty.push_back((number, Dirty::Run(run)));
        }
        let values = again.draft.values.clone();
        for (row, value) in again.rows.into_iter().zip(values) {
            self.put_row(row.table, row.key.into(), number, place, value);
        }
        self.enqueue(again.draft, again.kind, (number, place), &links, answer);
        Some(place)
    }

    /// The durable value of a row in memory: `None` when memory does not know it.
    pub(crate) fn row(&self, table: u8, key: &str) -> Option<Option<Json>> {
        let versions = self.rows.get(&table)?.get(key)?;
        versions
            .iter()
            .rev()
            .find(|version| version.number <= self.durable.number)
            .map(|version| version.value.clone())
    }
}

fn begin(head: &RunHead) -> RunEntry {
    let kind = head
        .cause
        .value()
        .get("kind")
        .and_then(|kind| kind.as_str());
    RunEntry {
        bytes: 0,
        signature: signature::of(&head.inputs, &head.cause),
        id: head.id,
        status: head.status,
        fenced: false,
        cause: RunEntry::cause_code(kind),
        automation: head.automation,
        created_at: head.created_at,
        finished_at: head.finished_at,
        first: Place::NONE,
        last: Place::NONE,
        seq: 0,
        hash: [0; 32],
    }
}
