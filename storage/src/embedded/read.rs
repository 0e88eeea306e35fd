//! Reads: what is in memory and durable, and below it what the index and the log have.

use super::index::{self, IndexedRow};
use super::pack::{RunEntry, Wanted};
use super::signature;
use super::{Shared, base};
use crate::chain::ChainPart;
use crate::entity::{RunHead, Table};
use crate::record::{self, RecordFact, RunFacts, frame::Frame, frame::KIND_BATCH, frame::Place};
use crate::store::{ReadError, RunQuery, Scan};
use druse_engine::{Json, RunId, event::Entry};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
    sync::Arc,
};

/// Ids are made when a run is, but perhaps by another look at the clock.
const SLACK_MS: i64 = 86_400_000;

/// A run's durable entry, and its head where that is in memory.
type Known = (RunEntry, Option<Arc<RunHead>>);

impl Shared {
    pub(super) fn read_row(&self, table: Table, key: &str) -> Result<Option<Value>, ReadError> {
        let table = table as u8;
        let known = self.lock().row(table, key);
        if let Some(value) = known {
            return Ok(value.map(|value| value.to_value()));
        }
        match self.index.row(table, key)? {
            None => Ok(None),
            Some(row) => {
                index::resolve(&self.segments, table, key, row).map(|value| Some(value.to_value()))
            }
        }
    }

    /// Rows in the order of their keys. One that is damaged is left out: a list is not lost with it.
    pub(super) fn read_rows(
        &self,
        table: Table,
        scan: &Scan,
    ) -> Result<Vec<(String, Value)>, ReadError> {
        let table = table as u8;
        let mut found = Vec::new();
        let mut rest = scan.clone();
        loop {
            let rows = self.merged_rows(table, &rest)?;
            let over = rows.len() < rest.limit;
            for (key, row) in rows {
                match index::resolve(&self.segments, table, &key, row) {
                    Ok(value) => found.push((key.clone(), value.to_value())),
                    Err(ReadError::Damaged(error)) => {
                        tracing::warn!(key, error, "a damaged row is left out of a list");
                    }
                    Err(error) => return Err(error),
                }
                rest.after = Some(key);
            }
            rest.limit = scan.limit.saturating_sub(found.len());
            if over || rest.limit == 0 {
                return Ok(found);
            }
        }
    }

    /// What memory and the index have, memory first.
    pub(super) fn merged_rows(
        &self,
        table: u8,
        scan: &Scan,
    ) -> Result<Vec<(String, IndexedRow)>, ReadError> {
        let after = scan.after.as_deref();
        let inside = |key: &str| {
            key.starts_with(&scan.prefix)
                && after.is_none_or(|after| match scan.descending {
                    true => key < after,
                    false => key > after,
                })
        };
        let mut recent: BTreeMap<String, Option<Json>> = BTreeMap::new();
        let core = self.lock();
        if let Some(rows) = core.rows.get(&table) {
            for key in rows.keys().filter(|key| inside(key)) {
                if let Some(value) = core.row(table, key) {
                    recent.insert(key.to_string(), value);
                }
            }
        }
        drop(core);
        let wanted = scan.limit.saturating_add(recent.len());
        let stored = self
            .index
            .rows(table, &scan.prefix, after, scan.descending, wanted)?;
        let mut merged: BTreeMap<String, IndexedRow> = stored.into_iter().collect();
        for (key, value) in recent {
            match value {
                Some(value) => drop(merged.insert(key, IndexedRow::Inline(value))),
                None => drop(merged.remove(&key)),
            }
        }
        Ok(if scan.descending {
            merged.into_iter().rev().take(scan.limit).collect()
        } else {
            merged.into_iter().take(scan.limit).collect()
        })
    }

    /// The durable entry of a run, and its head where that is in memory.
    fn find(&self, run: RunId) -> Result<Option<Known>, ReadError> {
        let core = self.lock();
        let mut undurable = false;
        if let Some(slot) = core.slots.get(&run) {
            if let Some((entry, head)) = slot.durable(core.durable.number) {
                return Ok(Some((entry.clone(), head.cloned())));
            }
            undurable = true;
        }
        drop(core);
        if undurable {
            return Ok(None);
        }
        Ok(self.index.run(run)?.map(|entry| (entry, None)))
    }

    pub(super) fn read_head(&self, run: RunId) -> Result<Option<Arc<RunHead>>, ReadError> {
        match self.find(run)? {
            None => Ok(None),
            Some((entry, _)) if entry.fenced => Err(fenced(run)),
            Some((_, Some(head))) => Ok(Some(head)),
            Some((entry, None)) => self.head_of(&entry).map(Some),
        }
    }

    fn head_of(&self, entry: &RunEntry) -> Result<Arc<RunHead>, ReadError> {
        let (mut last, _) = self.facts(entry.id, entry.last)?;
        let Some(now) = last.pop() else {
            return Err(fenced(entry.id));
        };
        let begun = if entry.first == entry.last {
            last.into_iter()
                .chain([now.clone()])
                .find_map(|facts| facts.begun)
        } else {
            let (first, _) = self.facts(entry.id, entry.first)?;
            first.into_iter().find_map(|facts| facts.begun)
        };
        let begun = begun.ok_or_else(|| fenced(entry.id))?;
        Ok(Arc::new(record::head(entry.id, &begun, now.now)))
    }

    /// A run's facts in one record, and the place of its record before.
    fn facts(&self, run: RunId, place: Place) -> Result<(Vec<RunFacts>, Place), ReadError> {
        let bytes = self.segments.frame(place)?;
        let damaged = || {
            ReadError::Damaged(format!(
                "the record at {place} of the log does not hold what run {run} has there"
            ))
        };
        let frame = Frame::parse(&bytes).ok_or_else(damaged)?;
        let parts = record::sections(frame.body).map_err(|_| damaged())?;
        let runs = parts.into_iter().filter(|(tag, _)| !record::is_row(*tag));
        let mut facts = Vec::new();
        let mut previous = None;
        for (link, (tag, part)) in frame.links().zip(runs) {
            if link.run != run {
                continue;
            }
            match record::decode(frame.format, tag, part) {
                Ok(RecordFact::Run(found)) if found.run == run => facts.push(*found),
                _ => return Err(damaged()),
            }
            previous.get_or_insert(link.previous);
        }
        previous
            .map(|previous| (facts, previous))
            .ok_or_else(damaged)
    }

    pub(super) fn read_entries(
        &self,
        run: RunId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Entry>, ReadError> {
        let Some((entry, _)) = self.find(run)? else {
            return Ok(Vec::new());
        };
        if entry.fenced {
            return Err(fenced(run));
        }
        let mut records = Vec::new();
        let mut place = entry.last;
        let mut lowest = entry.seq + 1;
        while place != Place::NONE && lowest > after.saturating_add(1) {
            let (facts, previous) = self.facts(run, place)?;
            let entries: Vec<Entry> = facts.into_iter().flat_map(|facts| facts.entries).collect();
            if let Some(first) = entries.first() {
                if entries.last().is_none_or(|last| last.seq + 1 != lowest) {
                    return Err(fenced(run));
                }
                lowest = first.seq;
            }
            records.push(entries);
            place = previous;
        }
        if place == Place::NONE && lowest > after + 1 && lowest != 1 {
            return Err(fenced(run));
        }
        Ok(records
            .into_iter()
            .rev()
            .flatten()
            .filter(|entry| entry.seq > after)
            .take(limit)
            .collect())
    }

    /// The number of the record that holds a fact of a run; nothing where it was written again, and stood elsewhere
    /// before.
    pub(super) fn position(&self, run: RunId, seq: u64) -> Result<Option<u64>, ReadError> {
        let Some((entry, _)) = self.find(run)? else {
            return Ok(None);
        };
        if entry.fenced {
            return Err(fenced(run));
        }
        let mut place = entry.last;
        while place != Place::NONE {
            let bytes = self.segments.frame(place)?;
            let frame = Frame::parse(&bytes).ok_or_else(|| fenced(run))?;
            let (facts, previous) = self.facts(run, place)?;
            let first = facts.iter().find_map(|facts| facts.entries.first());
            if first.is_some_and(|first| first.seq <= seq) {
                return Ok((frame.kind == KIND_BATCH).then_some(frame.number));
            }
            place = previous;
        }
        Err(fenced(run))
    }

    pub(super) fn read_chain(&self, run: RunId) -> Result<Vec<ChainPart>, ReadError> {
        let Some((entry, _)) = self.find(run)? else {
            return Ok(Vec::new());
        };
        if entry.fenced {
            return Err(fenced(run));
        }
        let mut parts = Vec::new();
        let mut place = entry.last;
        while place != Place::NONE {
            let bytes = self.segments.frame(place)?;
            let frame = Frame::parse(&bytes).ok_or_else(|| fenced(run))?;
            let found = record::sections(frame.body).map_err(|_| fenced(run))?;
            let found = found.into_iter().filter(|(tag, _)| !record::is_row(*tag));
            let mut here = Vec::new();
            let mut previous = None;
            for (link, (_, part)) in frame.links().zip(found) {
                if link.run == run {
                    previous.get_or_insert(link.previous);
                    here.push(ChainPart {
                        format: frame.format,
                        facts: part.to_vec(),
                        hash: base::digest(&link.hash),
                    });
                }
            }
            place = previous.ok_or_else(|| fenced(run))?;
            parts.extend(here.into_iter().rev());
        }
        parts.reverse();
        Ok(parts)
    }

    pub(super) fn read_runs(&self, query: &RunQuery) -> Result<Vec<Arc<RunHead>>, ReadError> {
        if query.limit == 0 {
            return Ok(Vec::new());
        }
        let mut found: BTreeMap<RunId, Known> = BTreeMap::new();
        // Ended runs that have changed since: what the index says about them is old.
        let mut changed = BTreeSet::new();
        let core = self.lock();
        let durable = core.durable.number;
        let mut sure = 0;
        for (run, slot) in core.slots.iter().rev() {
            if slot.base.is_some() || slot.versions.len() > 1 {
                changed.insert(*run);
            }
            let Some((entry, head)) = slot.durable(durable) else {
                continue;
            };
            if sure >= query.limit {
                continue;
            }
            match entry.wanted(query) {
                Wanted::No => continue,
                Wanted::Yes => sure += 1,
                Wanted::AskHead => {}
            }
            found.insert(*run, (entry.clone(), head.cloned()));
        }
        drop(core);
        let mut heads = Vec::new();
        let mut before = query.before;
        let oldest = query.since.map(|since| since.0.saturating_sub(SLACK_MS));
        loop {
            let batch = query.limit.min(256);
            let narrowed = RunQuery {
                before,
                ..query.clone()
            };
            let ended = self
                .index
                .ended(query.automation, before, batch, &|entry| {
                    if oldest.is_some_and(|oldest| (entry.id.0.unix_ms() as i64) < oldest) {
                        return ControlFlow::Break(());
                    }
                    let skip = found.contains_key(&entry.id) || changed.contains(&entry.id);
                    ControlFlow::Continue(!skip && entry.wanted(&narrowed) != Wanted::No)
                })?;
            let over = ended.len() < batch;
            let until = ended.last().map(|entry| entry.id);
            // Everything in memory that is not older than what the index has given so far.
            let recent = match until {
                Some(until) if !over => found.split_off(&until),
                _ => std::mem::take(&mut found),
            };
            let mut merged: BTreeMap<RunId, _> = recent;
            merged.extend(ended.into_iter().map(|entry| (entry.id, (entry, None))));
            for (run, (entry, head)) in merged.into_iter().rev() {
                if heads.len() >= query.limit {
                    return Ok(heads);
                }
                let head = match head {
                    Some(head) => Ok(head),
                    None if entry.fenced => Err(fenced(run)),
                    None => self.head_of(&entry),
                };
                let head = match head {
                    Ok(head) => head,
                    Err(ReadError::Damaged(error)) => {
                        tracing::warn!(%run, error, "a damaged run is left out of a list");
                        continue;
                    }
                    Err(error) => return Err(error),
                };
                if entry.wanted(query) == Wanted::AskHead && !fits(&head, query) {
                    continue;
                }
                heads.push(head);
            }
            if over || heads.len() >= query.limit {
                return Ok(heads);
            }
            before = until;
        }
    }

    pub(super) fn read_live(&self) -> Vec<RunId> {
        let core = self.lock();
        let durable = core.durable.number;
        core.slots
            .iter()
            .filter(|(_, slot)| {
                slot.durable(durable)
                    .is_some_and(|(entry, _)| !entry.status.is_final())
            })
            .map(|(run, _)| *run)
            .collect()
    }
}

/// What the head alone tells of a run that is searched for.
pub(crate) fn fits(head: &RunHead, query: &RunQuery) -> bool {
    let kind = head.cause.value().get("kind").and_then(Value::as_str);
    let begun = query.cause.is_none() || kind == query.cause.as_deref();
    begun && signature::fits(head, query)
}

fn fenced(run: RunId) -> ReadError {
    ReadError::Damaged(format!(
        "a record of run {run} is damaged; the run is fenced off"
    ))
}
