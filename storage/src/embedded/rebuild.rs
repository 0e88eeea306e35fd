//! Filling the index from the log: all of it when the index is new, else what it lacks.

use super::index::{Changes, RowChange};
use super::pack::RunEntry;
use super::scan::{Damage, End, Met, scan};
use super::segment::{Mark, Segments};
use crate::record::{self, RecordFact, frame::Frame, frame::Place};
use druse_engine::{RunId, Timestamp};
use std::{io, sync::Arc};

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
    let end = scan(segments, from, |met| -> io::Result<()> {
        match met {
            Met::Record(frame, place) => {
                if upto.is_some_and(|upto| frame.number > upto) {
                    return Ok(());
                }
                absorb(&mut changes, find, &frame, place, damage)?;
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
    if !changes.runs.contains_key(&run) {
        match find(run)? {
            Some(entry) => drop(changes.runs.insert(run, entry)),
            None => return Ok(None),
        }
    }
    Ok(changes.runs.get_mut(&run))
}

fn absorb(
    changes: &mut Changes,
    find: &dyn Fn(RunId) -> io::Result<Option<RunEntry>>,
    frame: &Frame<'_>,
    place: Place,
    damage: &mut dyn FnMut(Damage),
) -> io::Result<()> {
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
    for fact in facts {
        match fact {
            RecordFact::Row(row) => {
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
                if known(changes, find, facts.run)?.is_none() {
                    let entry = match &facts.begun {
                        Some(begun) => RunEntry::begin(facts.run, begun, facts.now.status),
                        // Its beginning is lost.
                        None => RunEntry {
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
            }
        }
    }
    Ok(())
}
