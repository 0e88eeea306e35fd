//! Giving back the oldest part of the log.
//!
//! The log is given back from its beginning, a segment at a time. What is still needed of the segment, rows
//! and the whole journals of the runs that reach into it, is written again at the end of the log. Once that
//! is durable, a row says from where on the log is kept; once that is durable, the file is removed. A crash
//! in between leaves facts twice, of which the later ones count. From the beginning, and not wherever most
//! is dead: a fact that takes another back never goes before what it takes back.
//!
//! A run's facts are written again byte by byte, so its chain of hashes stays what it was; only their places
//! change. The work is done in small records, each waited for, so that others are not held up.

use super::core::{Again, Fetched, MovedRow, MovedRun, Parts};
use super::pack::RunEntry;
use super::segment::HEADER;
use super::{Shared, base, index};
use crate::entity::LogBase;
use crate::record::frame::{FORMAT, Frame, KIND_MOVED, KIND_PART, Place, padded};
use crate::record::{self, Draft, RecordFact};
use crate::store::{
    AppendError, Batch, CompactError, Compacted, EndedRun, ReadError, Ticket, Usage,
};
use druse_engine::{Json, RunId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::oneshot;

/// The part of a segment that is written again in one record, about.
const PORTIONS: u64 = 64;
/// The most facts of runs in one record.
const LINKS: usize = 4096;
/// The most that is written again while the disk is full.
const WHEN_FULL: u64 = 4 << 20;
/// The longest wait for the index before figures are taken from it.
const CATCH_UP: Duration = Duration::from_secs(2);
/// Between two records, so that others come first.
const PACE: Duration = Duration::from_millis(1);

/// What is still needed of a segment.
#[derive(Default)]
struct Needed {
    runs: BTreeSet<RunId>,
    rows: BTreeMap<(u8, String), (Place, Json)>,
    bytes: u64,
}

/// What is written again in one record.
#[derive(Default)]
struct Portion {
    runs: Vec<MovedRun>,
    facts: Vec<Vec<u8>>,
    rows: Vec<(u8, String, Json)>,
    places: Vec<Place>,
    bytes: usize,
}

impl Shared {
    /// What the history takes.
    pub(super) fn usage(&self) -> Result<Usage, ReadError> {
        self.catch_up();
        let kept = self.keep_segments();
        let sums = self.index.sums()?;
        drop(kept);
        let core = self.lock();
        let (head, end) = (core.durable.end, core.at);
        drop(core);
        let list = self.segments.list().map_err(|error| io(&error))?;
        let mut usage = Usage {
            live_bytes: sums.ended_bytes + sums.live_bytes + sums.row_bytes,
            ended_bytes: sums.ended_bytes,
            ended: sums.ended,
            live: sums.live,
            ..Usage::default()
        };
        for segment in list {
            if segment < head.segment() {
                usage.segments += 1;
                let found = std::fs::metadata(self.segments.path(segment));
                usage.log_bytes += found.map_or(0, |found| found.len());
            } else if segment == end.segment() {
                usage.log_bytes += end.offset();
            }
        }
        Ok(usage)
    }

    /// Waits a moment for the index to have what is durable now.
    pub(super) fn catch_up(&self) {
        let wanted = self.lock().durable.number;
        let end = Instant::now() + CATCH_UP;
        while self.index.applied().number < wanted && Instant::now() < end {
            let core = self.lock();
            if core.failed || core.full || core.closing {
                return;
            }
            drop(core);
            std::thread::sleep(PACE);
        }
    }

    pub(super) fn oldest_ended(
        &self,
        after: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<EndedRun>, ReadError> {
        let found = self.index.oldest_ended(after, limit)?;
        Ok(found
            .into_iter()
            .map(|entry| EndedRun {
                run: entry.id,
                automation: entry.automation,
                ended_at: entry.finished_at.unwrap_or(entry.created_at),
                bytes: entry.bytes,
            })
            .collect())
    }

    /// Gives back the oldest segment.
    pub(super) fn collect(&self) -> Result<Compacted, CompactError> {
        let _one = self
            .collecting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let list = self.segments.list().map_err(|error| io(&error))?;
        let (Some(&oldest), Some(&second)) = (list.first(), list.get(1)) else {
            return Ok(Compacted::default());
        };
        // The writer is done with it, and with its last sync.
        if second > self.lock().durable.place.segment() {
            return Ok(Compacted::default());
        }
        let header = self.segments.header(second).map_err(|error| io(&error))?;
        let header = header.ok_or_else(|| {
            CompactError::Damaged(format!("the header of segment {second} is damaged"))
        })?;
        self.raise_format()?;
        let needed = self.needed(oldest, header.first)?;
        // What little is left belongs to work that goes on.
        if self.lock().full && needed.bytes > WHEN_FULL {
            return Err(AppendError::Full.into());
        }
        let mut done = Compacted::default();
        self.move_rows(&needed, &mut done)?;
        self.move_runs(&needed, oldest, &mut done)?;
        let row = LogBase {
            segment: second,
            number: header.first - 1,
            digest: base::digest(&header.previous_hash),
            at: now(),
        };
        self.append_alone(&row)?;
        let freed = std::fs::metadata(self.segments.path(oldest)).map_or(0, |found| found.len());
        let gate = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        base::remove(&self.segments, oldest).map_err(|error| io(&error))?;
        drop(gate);
        done.freed = freed;
        Ok(done)
    }

    /// About how many bytes are written again in one record.
    fn portion(&self) -> usize {
        (self.options.segment_bytes / PORTIONS).clamp(4 << 10, 1 << 20) as usize
    }

    /// What stands in a segment and is what stands now.
    fn needed(&self, segment: u32, end: u64) -> Result<Needed, CompactError> {
        let damaged = |number: u64| {
            CompactError::Damaged(format!("record {number} in segment {segment} is damaged"))
        };
        let (bytes, _) = self
            .segments
            .bytes_from(segment, HEADER)
            .map_err(|error| io(&error))?;
        let mut named = BTreeSet::new();
        let mut rows: BTreeMap<(u8, String), (Place, Option<Json>)> = BTreeMap::new();
        let mut next = None;
        let mut at = 0;
        while next.is_none_or(|next| next < end) {
            let frame = bytes.get(at..).and_then(Frame::parse);
            let frame = frame.filter(|frame| next.is_none_or(|next| frame.number == next));
            let frame = frame.ok_or_else(|| damaged(next.unwrap_or_default()))?;
            let place = Place::new(segment, HEADER + at as u64);
            named.extend(frame.links().map(|link| link.run));
            let parts = record::sections(frame.body).map_err(|_| damaged(frame.number))?;
            for (tag, part) in parts {
                if !record::is_row(tag) {
                    continue;
                }
                match record::decode(frame.format, tag, part) {
                    Ok(RecordFact::Row(row)) => {
                        rows.insert((row.table, row.key), (place, row.value));
                    }
                    _ => return Err(damaged(frame.number)),
                }
            }
            at += padded(frame.bytes.len());
            next = Some(frame.number + 1);
        }
        drop(bytes);
        let _kept = self.keep_segments();
        let mut needed = Needed::default();
        for run in named {
            if let Some(entry) = self.newest(run)?
                && reaches(&entry, segment)
            {
                needed.runs.insert(run);
                needed.bytes += entry.bytes;
            }
        }
        for ((table, key), (place, value)) in rows {
            if let Some(value) = value
                && self.stands(table, &key, place, &value)?
            {
                needed.bytes += (key.len() + value.text().len()) as u64;
                needed.rows.insert((table, key), (place, value));
            }
        }
        Ok(needed)
    }

    /// A run as the next append must follow it.
    fn newest(&self, run: RunId) -> Result<Option<RunEntry>, ReadError> {
        let core = self.lock();
        if let Some(slot) = core.slots.get(&run) {
            return Ok(slot.newest().cloned());
        }
        drop(core);
        self.index.run(run)
    }

    /// Whether a row is what stands: the same place, or, where the index has the row itself, the same value.
    fn stands(&self, table: u8, key: &str, place: Place, value: &Json) -> Result<bool, ReadError> {
        let core = self.lock();
        let known = core.rows.get(&table).and_then(|rows| rows.get(key));
        if let Some(version) = known.and_then(|versions| versions.back()) {
            return Ok(version.place == place);
        }
        drop(core);
        Ok(match self.index.row(table, key)? {
            None => false,
            Some(index::IndexedRow::At(now)) => now == place,
            Some(index::IndexedRow::Inline(now)) => now.text() == value.text(),
        })
    }

    fn move_rows(&self, needed: &Needed, done: &mut Compacted) -> Result<(), CompactError> {
        let mut portion = Portion::default();
        for ((table, key), (place, value)) in &needed.rows {
            portion.bytes += key.len() + value.text().len();
            portion.rows.push((*table, key.clone(), value.clone()));
            portion.places.push(*place);
            if portion.bytes >= self.portion() {
                self.write_rows(std::mem::take(&mut portion), done)?;
            }
        }
        self.write_rows(portion, done)
    }

    /// Writes rows again; those that have changed meanwhile need it no longer.
    fn write_rows(&self, portion: Portion, done: &mut Compacted) -> Result<(), CompactError> {
        let mut rows: Vec<_> = portion.rows.into_iter().zip(portion.places).collect();
        loop {
            let epoch = self.lock().epoch;
            let kept = self.keep_segments();
            let mut still = Vec::with_capacity(rows.len());
            for ((table, key, value), place) in rows {
                if self.stands(table, &key, place, &value)? {
                    still.push(((table, key, value), place));
                }
            }
            drop(kept);
            rows = still;
            if rows.is_empty() {
                return Ok(());
            }
            let facts: Vec<_> = rows.iter().map(|(row, _)| row.clone()).collect();
            let moved = rows.iter().map(|((table, key, _), place)| MovedRow {
                table: *table,
                key: key.clone(),
                place: *place,
            });
            let again = Again {
                draft: Draft::again(&[], &facts),
                runs: Vec::new(),
                rows: moved.collect(),
                kind: KIND_MOVED,
            };
            let bytes = again.draft.buffer.len() as u64;
            if self.write_again(again, epoch)?.is_some() {
                done.moved += bytes;
                done.rows += rows.len() as u64;
                return Ok(());
            }
        }
    }

    fn move_runs(
        &self,
        needed: &Needed,
        segment: u32,
        done: &mut Compacted,
    ) -> Result<(), CompactError> {
        let mut waiting: Vec<RunId> = Vec::new();
        let mut bytes = 0;
        for run in &needed.runs {
            let Some(entry) = self.newest(*run)? else {
                continue;
            };
            if entry.bytes as usize > self.portion() {
                self.move_long(*run, segment, done)?;
                continue;
            }
            waiting.push(*run);
            bytes += entry.bytes as usize;
            if bytes >= self.portion() || waiting.len() >= LINKS / 8 {
                self.move_short(&std::mem::take(&mut waiting), segment, done)?;
                bytes = 0;
            }
        }
        self.move_short(&waiting, segment, done)
    }

    /// Writes the journals of some runs again, together in one record.
    fn move_short(
        &self,
        runs: &[RunId],
        segment: u32,
        done: &mut Compacted,
    ) -> Result<(), CompactError> {
        let mut rest: Vec<RunId> = runs.to_vec();
        while !rest.is_empty() {
            let epoch = self.lock().epoch;
            let mut portion = Portion::default();
            let mut taken = 0;
            let kept = self.keep_segments();
            for run in &rest {
                if taken > 0
                    && (portion.bytes >= 4 * self.portion() || portion.facts.len() >= LINKS)
                {
                    break;
                }
                taken += 1;
                let Some(entry) = self.newest(*run)?.filter(|entry| reaches(entry, segment)) else {
                    continue;
                };
                let journal = self.journal(&entry)?;
                let facts = self.facts_at(entry.id, &journal)?;
                portion.bytes += facts.iter().map(Vec::len).sum::<usize>();
                portion.runs.push(MovedRun {
                    entry,
                    sections: facts.len(),
                    parts: Parts::default(),
                });
                portion.facts.extend(facts);
            }
            drop(kept);
            let count = portion.runs.len() as u64;
            if count > 0 {
                let again = Again {
                    draft: Draft::again(&portion.facts, &[]),
                    runs: portion.runs,
                    rows: Vec::new(),
                    kind: KIND_MOVED,
                };
                let bytes = again.draft.buffer.len() as u64;
                if self.write_again(again, epoch)?.is_none() {
                    continue;
                }
                done.moved += bytes;
                done.runs += count;
            }
            rest.drain(..taken);
        }
        Ok(())
    }

    /// Writes a long journal again: in parts that tell nothing, and a last record that makes them count.
    fn move_long(
        &self,
        run: RunId,
        segment: u32,
        done: &mut Compacted,
    ) -> Result<(), CompactError> {
        let mut parts = Parts::default();
        let mut written: Vec<Place> = Vec::new();
        loop {
            let epoch = self.lock().epoch;
            let kept = self.keep_segments();
            let Some(entry) = self.newest(run)?.filter(|entry| reaches(entry, segment)) else {
                return Ok(());
            };
            let journal = self.journal(&entry)?;
            let mut facts = Vec::new();
            let mut bytes = 0;
            let mut upto = written.len();
            // What was written of it still stands at its beginning: journals only grow.
            for place in &journal[written.len()..] {
                let more = self.facts_at(run, &[*place])?;
                bytes += more.iter().map(Vec::len).sum::<usize>();
                facts.extend(more);
                upto += 1;
                if bytes >= self.portion() || facts.len() >= LINKS {
                    break;
                }
            }
            drop(kept);
            let last = upto == journal.len();
            let draft = Draft::again(&facts, &[]);
            let size = draft.buffer.len() as u64;
            let mut hash = parts.hash;
            for section in &draft.sections {
                hash = record::chain(&hash, &section.digest);
            }
            let moved = MovedRun {
                entry,
                sections: facts.len(),
                parts,
            };
            let again = Again {
                draft,
                runs: vec![moved],
                rows: Vec::new(),
                kind: if last { KIND_MOVED } else { KIND_PART },
            };
            let Some(place) = self.write_again(again, epoch)? else {
                continue;
            };
            done.moved += size;
            if last {
                done.runs += 1;
                return Ok(());
            }
            parts = Parts {
                first: if parts.first == Place::NONE {
                    place
                } else {
                    parts.first
                },
                last: place,
                hash,
            };
            written = journal[..upto].to_vec();
        }
    }

    /// The places of a run's records, oldest first.
    fn journal(&self, entry: &RunEntry) -> Result<Vec<Place>, CompactError> {
        if entry.fenced {
            return Err(CompactError::Damaged(format!(
                "the history of run {} is damaged",
                entry.id
            )));
        }
        let mut places = Vec::new();
        let mut at = entry.last;
        while at != Place::NONE {
            places.push(at);
            let bytes = self.durable_frame(at)?;
            let frame = Frame::parse(&bytes).filter(|frame| frame.format == FORMAT);
            let link = frame.and_then(|frame| frame.links().find(|link| link.run == entry.id));
            at = link
                .ok_or_else(|| {
                    CompactError::Damaged(format!(
                        "the record at {at} does not hold run {}",
                        entry.id
                    ))
                })?
                .previous;
        }
        places.reverse();
        Ok(places)
    }

    /// The frame at a place, which may still be on its way to the disk. Waits for it as long as the writer does
    /// for space.
    fn durable_frame(&self, place: Place) -> Result<Vec<u8>, CompactError> {
        loop {
            let core = self.lock();
            let mut queue = core.queue.iter();
            if let Some(pending) = queue.find(|pending| pending.place == place) {
                return Ok(pending.frame[..pending.length].to_vec());
            }
            let durable = core.durable.place >= place;
            let over = core.failed || core.closing;
            drop(core);
            match self.segments.frame(place) {
                // The writer has it in hand.
                Err(ReadError::Damaged(_)) if !durable => {
                    if over {
                        return Err(AppendError::Failed.into());
                    }
                    std::thread::sleep(PACE);
                }
                other => return Ok(other?),
            }
        }
    }

    /// The facts of a run in some of its records, as they are written.
    fn facts_at(&self, run: RunId, places: &[Place]) -> Result<Vec<Vec<u8>>, CompactError> {
        let mut facts = Vec::new();
        for place in places {
            let bytes = self.durable_frame(*place)?;
            let damaged = || CompactError::Damaged(format!("the record at {place} cannot be read"));
            let frame = Frame::parse(&bytes).ok_or_else(damaged)?;
            let parts = record::sections(frame.body).map_err(|_| damaged())?;
            let parts = parts.into_iter().filter(|(tag, _)| !record::is_row(*tag));
            for (link, (_, part)) in frame.links().zip(parts) {
                if link.run == run {
                    facts.push(part.to_vec());
                }
            }
        }
        Ok(facts)
    }

    /// Orders facts that are written again and waits until they are durable; nothing when they are no
    /// longer what stands. The place is where they are.
    fn write_again(&self, again: Again, epoch: u64) -> Result<Option<Place>, CompactError> {
        let (answer, ticket) = oneshot::channel();
        let mut core = self.lock();
        if core.failed || core.closing {
            return Err(AppendError::Failed.into());
        }
        if core.epoch != epoch {
            return Ok(None);
        }
        let Some(place) = core.order_again(again, answer) else {
            return Ok(None);
        };
        if core.writer_waits {
            self.written.notify_one();
        }
        drop(core);
        Ticket(ticket).wait()?;
        std::thread::sleep(PACE);
        Ok(Some(place))
    }

    fn append_alone(&self, row: &LogBase) -> Result<(), CompactError> {
        let mut batch = Batch::new().put(row);
        let draft = Draft::encode(&mut batch)?;
        let (answer, ticket) = oneshot::channel();
        let mut core = self.lock();
        if core.failed || core.closing {
            return Err(AppendError::Failed.into());
        }
        core.order(batch, draft, &Fetched::default(), answer)?;
        if core.writer_waits {
            self.written.notify_one();
        }
        drop(core);
        Ticket(ticket).wait()?;
        Ok(())
    }
}

/// Whether a run's journal stands in a segment, or begins before it.
fn reaches(entry: &RunEntry, segment: u32) -> bool {
    entry.first.segment() <= segment
}

fn io(error: &std::io::Error) -> ReadError {
    ReadError::of("the log cannot be gone through", error)
}

pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Timestamp(since.map_or(0, |since| since.as_millis() as i64))
}
