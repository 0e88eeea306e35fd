//! What is in memory: the order of what is appended, and all that the index does not have yet.
//!
//! A run or row may have several versions: the newest is what the next append must follow, the
//! newest durable one is what reads see. One short lock guards all of it.

use super::pack::RunEntry;
use super::segment::{HEADER, Mark};
use crate::entity::RunHead;
use crate::record::frame::{self, Link, Place};
use crate::record::{self, Draft};
use crate::store::{AppendError, Batch, Expect, Fact, Position};
use druse_engine::{Json, RunId};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};
use tokio::sync::oneshot;

pub(crate) type Answer = oneshot::Sender<Result<Position, AppendError>>;

/// A run after one record.
pub(crate) struct RunVersion {
    pub(crate) number: u64,
    pub(crate) entry: RunEntry,
    pub(crate) head: Arc<RunHead>,
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
        self.versions
            .back()
            .map(|version| &version.entry)
            .or(self.base.as_ref())
    }

    /// What reads see: the entry, and the head where it is in memory.
    pub(crate) fn durable(&self, durable: u64) -> Option<(&RunEntry, Option<&Arc<RunHead>>)> {
        self.versions
            .iter()
            .rev()
            .find(|version| version.number <= durable)
            .map(|version| (&version.entry, Some(&version.head)))
            .or(self.base.as_ref().map(|entry| (entry, None)))
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
}

/// What the index said about things that are not in memory.
#[derive(Default)]
pub(crate) struct Fetched {
    pub(crate) epoch: u64,
    pub(crate) runs: BTreeMap<RunId, Option<RunEntry>>,
    pub(crate) rows: BTreeMap<(u8, String), bool>,
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
                Fact::Run { head, .. } => {
                    let known = self.slots.contains_key(&head.id)
                        || self
                            .youngest_indexed
                            .is_none_or(|youngest| head.id > youngest)
                        || (fresh && fetched.runs.contains_key(&head.id));
                    if !known {
                        lacks.runs.insert(head.id, None);
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
        mut draft: Draft,
        fetched: &Fetched,
        answer: Answer,
    ) -> Result<(), AppendError> {
        self.check(&batch, &draft, fetched)?;
        let number = self.next;
        let length = draft.buffer.len();
        let padded = frame::padded(length);
        if self.at.offset() + padded as u64 > self.capacity && self.at.offset() > HEADER {
            self.at = Place::new(self.at.segment() + 1, HEADER);
            self.capacity = self.later_capacity;
        }
        let place = self.at;
        self.at = Place::new(place.segment(), place.offset() + padded as u64);
        self.next += 1;

        let durable = self.durable.number;
        let mut links = Vec::with_capacity(draft.sections.len());
        let mut values = draft.values.into_iter();
        for fact in batch.facts {
            match fact {
                Fact::Run { head, entries } => {
                    let run = head.id;
                    let slot = self.slots.entry(run).or_insert_with(|| Slot {
                        base: fetched.runs.get(&run).cloned().flatten(),
                        versions: VecDeque::new(),
                    });
                    let mut entry = slot.newest().cloned().unwrap_or_else(|| begin(&head));
                    let link = Link {
                        run,
                        first: entry.first,
                        previous: entry.last,
                        hash: record::chain(&entry.hash, &draft.sections[links.len()]),
                    };
                    if entry.first == Place::NONE {
                        entry.first = place;
                    }
                    entry.status = head.status;
                    entry.finished_at = head.finished_at;
                    entry.last = place;
                    entry.seq = entries.last().map_or(entry.seq, |last| last.seq);
                    entry.hash = link.hash;
                    links.push(link);
                    while slot.versions.len() > 1 && slot.versions[1].number <= durable {
                        slot.versions.pop_front();
                    }
                    slot.versions.push_back(RunVersion {
                        number,
                        entry,
                        head,
                    });
                    self.dirty.push_back((number, Dirty::Run(run)));
                }
                Fact::Row { table, key, .. } => {
                    let value = values.next().flatten();
                    let key: Arc<str> = key.into();
                    let versions = self
                        .rows
                        .entry(table as u8)
                        .or_default()
                        .entry(key.clone())
                        .or_default();
                    while versions.len() > 1 && versions[1].number <= durable {
                        versions.pop_front();
                    }
                    versions.push_back(RowVersion {
                        number,
                        place,
                        value,
                    });
                    self.dirty.push_back((number, Dirty::Row(table as u8, key)));
                }
            }
        }
        frame::finish(&mut draft.buffer, draft.body_crc, number, durable, &links);
        draft.buffer.resize(padded, 0);
        self.in_flight += 1;
        self.in_flight_bytes += padded;
        self.queue.push(Pending {
            frame: draft.buffer,
            length,
            number,
            place,
            answer: Some(answer),
        });
        Ok(())
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
