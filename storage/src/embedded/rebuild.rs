//! Filling the index from the log: all of it when the index is new, else what it lacks.

use super::base;
use super::index::{Changes, RowChange};
use super::pack::RunEntry;
use super::scan::{Damage, End, Met, scan};
use super::segment::{Mark, Segments};
use crate::entity::Table;
use crate::record::frame::{Frame, KIND_MOVED, KIND_PART, Link, Place};
use crate::record::{self, RecordFact, RunFacts};
use druse_engine::{Json, RunId, Timestamp};
use std::{collections::btree_map, io, sync::Arc};

/// Records merged into one write of the index.
const TOGETHER: usize = 4096;

/// Reads the log after `from`, up to a number, and puts it into the index through `apply`.
pub(crate) fn fill(
    segments: &Segments,
    from: Mark,
    upto: Option<u64>,
    apply: &dyn Fn(&Changes) -> io::Result<()>,
    find: &dyn Fn(RunId) -> io::Result<Option<RunEntry>>,
    damage: &mut dyn FnMut(Damage),
) -> io::Result<End> {
    let mut changes = Changes::default();
    let mut waiting = 0;
    let mut base = None;
    let end = scan(segments, from, |met| -> io::Result<()> {
        match met {
            Met::Record(frame, place) => {
                if upto.is_some_and(|upto| frame.number > upto) {
                    return Ok(());
                }
                absorb(
                    segments,
                    &mut changes,
                    find,
                    &frame,
                    place,
                    damage,
                    &mut base,
                )?;
                changes.mark = Mark {
                    number: frame.number,
                    place,
                    end: Place::new(
                        place.segment(),
                        place.offset() + record::frame::padded(frame.bytes.len()) as u64,
                    ),
                    hash: [0; 32],
                };
                waiting += 1;
                if waiting >= TOGETHER {
                    changes.mark.hash = hash(&frame);
                    apply(&std::mem::take(&mut changes))?;
                    waiting = 0;
                }
            }
            Met::Damage(found) => {
                for run in &found.runs {
                    if let Some(entry) = known(&mut changes, find, *run)? {
                        entry.fenced = true;
                    }
                }
                damage(found);
            }
        }
        Ok(())
    })?;
    if let Some(lost) = base::unexplained(&end, base.as_ref()) {
        damage(lost);
    }
    if waiting > 0 {
        if changes.mark.number == end.head.number {
            changes.mark = end.head;
        } else {
            let bytes = segments
                .frame(changes.mark.place)
                .map_err(|error| io::Error::other(error.to_string()))?;
            changes.mark.hash = Frame::parse(&bytes).as_ref().map(hash).unwrap_or_default();
        }
        apply(&changes)?;
    }
    Ok(end)
}

fn hash(frame: &Frame<'_>) -> [u8; 32] {
    use sha2::{Digest as _, Sha256};
    Sha256::digest(frame.bytes).into()
}

fn known<'a>(
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

fn absorb(
    segments: &Segments,
    changes: &mut Changes,
    find: &dyn Fn(RunId) -> io::Result<Option<RunEntry>>,
    frame: &Frame<'_>,
    place: Place,
    damage: &mut dyn FnMut(Damage),
    base: &mut Option<Json>,
) -> io::Result<()> {
    if frame.kind == KIND_PART {
        return Ok(());
    }
    let mut links = frame.links();
    let facts = match record::decode_all(frame.format, frame.body) {
        Ok(facts) => facts,
        Err(_) => {
            let mut runs = Vec::new();
            for link in links {
                runs.push(link.run);
                if let Some(entry) = known(changes, find, link.run)? {
                    entry.fenced = true;
                }
            }
            damage(Damage {
                place,
                first: frame.number,
                last: frame.number,
                runs,
                what: "a record cannot be read",
            });
            return Ok(());
        }
    };
    for (fact, bytes) in facts {
        match fact {
            RecordFact::Forgotten(fact) => {
                links.next();
                let automation = known(changes, find, fact.run)?.and_then(|entry| entry.automation);
                changes.runs.remove(&fact.run);
                changes.left.insert(fact.run, automation);
            }
            RecordFact::Row(row) => {
                if row.table == Table::LogBase as u8 {
                    base.clone_from(&row.value);
                }
                changes.rows.insert(
                    (row.table, Arc::from(row.key)),
                    RowChange {
                        place,
                        value: row.value,
                    },
                );
            }
            RecordFact::Run(facts) => {
                let Some(link) = links.next() else { break };
                let first = facts.entries.first().map(|entry| entry.seq);
                // Later facts of the same run in this record go on from the first ones.
                if frame.kind == KIND_MOVED && link.previous != place {
                    // Its whole journal stands here: whatever was known of it stood further in front.
                    match moved(segments, &facts, &link, first) {
                        Some(entry) => drop(changes.runs.insert(facts.run, entry)),
                        None => {
                            if let Some(entry) = known(changes, find, facts.run)? {
                                entry.fenced = true;
                            }
                        }
                    }
                }
                if known(changes, find, facts.run)?.is_none() {
                    let entry = match &facts.begun {
                        Some(begun) => RunEntry::begin(facts.run, begun, facts.now.status),
                        // Its beginning is lost, unless all of it comes again further on.
                        None => RunEntry {
                            bytes: 0,
                            signature: u64::MAX,
                            id: facts.run,
                            status: facts.now.status,
                            fenced: true,
                            cause: 0,
                            automation: None,
                            created_at: Timestamp(facts.run.0.unix_ms() as i64),
                            finished_at: None,
                            first: link.first,
                            last: link.previous,
                            seq: 0,
                            hash: [0; 32],
                        },
                    };
                    changes.runs.insert(facts.run, entry);
                }
                let Some(entry) = changes.runs.get_mut(&facts.run) else {
                    continue;
                };
                entry.fenced |= link.run != facts.run
                    || link.previous != entry.last
                    || first.is_some_and(|first| first != entry.seq + 1);
                entry.follow(&facts.now);
                if entry.first == Place::NONE {
                    entry.first = place;
                }
                entry.last = place;
                entry.seq = facts.entries.last().map_or(entry.seq, |last| last.seq);
                entry.hash = link.hash;
                entry.bytes += bytes;
            }
        }
    }
    Ok(())
}

/// The entry of a run whose journal is written again, as it is before the first facts of this record.
fn moved(
    segments: &Segments,
    facts: &RunFacts,
    link: &Link,
    first: Option<u64>,
) -> Option<RunEntry> {
    if link.previous == Place::NONE {
        let begun = facts.begun.as_ref()?;
        return Some(RunEntry::begin(facts.run, begun, facts.now.status));
    }
    // The parts before are in records of their own; what came in them is added up from there.
    let mut bytes = 0;
    let mut begun = None;
    let mut at = link.previous;
    while at != Place::NONE {
        let part = segments.frame(at).ok()?;
        let part = Frame::parse(&part)?;
        at = part.links().next()?.previous;
        for (fact, taken) in record::decode_all(part.format, part.body).ok()? {
            if let RecordFact::Run(found) = fact {
                bytes += taken;
                begun = found.begun.or(begun);
            }
        }
    }
    Some(RunEntry {
        first: link.first,
        last: link.previous,
        seq: first?.checked_sub(1)?,
        bytes,
        ..RunEntry::begin(facts.run, &begun?, facts.now.status)
    })
}
