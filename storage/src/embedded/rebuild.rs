//! Filling the index from the log: all of it when the index is new, else what it lacks.

use super::base;
use super::gap::{self, Filled, Gaps, known};
use super::index::{Changes, RowChange};
use super::pack::RunEntry;
use super::remains::{Claim, Remains};
use super::scan::{Damage, End, Met, scan};
use super::segment::{Mark, Segments};
use crate::entity::Table;
use crate::record::frame::{Frame, KIND_MOVED, KIND_PART, Link, Place};
use crate::record::{self, RecordFact, RunFacts};
use druse_engine::{Json, RunId};
use std::{io, sync::Arc};

/// Records merged into one write of the index.
const TOGETHER: usize = 4096;

/// Reads the log after `from`, up to a number, and puts it into what is filled. `reached` is the newest record that is
/// known to have been durable, and `known` what was found damaged of what is filled already. Damage that takes no record away is handed over; other damage is a gap in what is
/// filled.
pub(crate) fn fill(
    segments: &Segments,
    from: Mark,
    reached: Mark,
    upto: Option<u64>,
    known: Vec<Damage>,
    filled: &dyn Filled,
    damage: &mut dyn FnMut(Damage),
) -> io::Result<End> {
    let mut filling = Filling {
        segments,
        find: &|run| filled.run(run),
        changes: Changes::default(),
        gaps: Gaps::new(known),
        base: None,
        damage,
    };
    let mut waiting = 0;
    let mut mark = from;
    let end = scan(segments, from, reached, |met| -> io::Result<()> {
        match met {
            Met::Record(frame, place) => {
                if upto.is_some_and(|upto| frame.number > upto) {
                    return Ok(());
                }
                filling.absorb(&frame, place)?;
                mark = Mark {
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
                    let changes = &mut filling.changes;
                    changes.mark = Mark {
                        hash: hash(&frame),
                        ..mark
                    };
                    changes.settled = (!filling.gaps.is_empty()).then_some(false);
                    filled.apply(&std::mem::take(changes))?;
                    waiting = 0;
                }
            }
            Met::Damage(found) if found.first > found.last => (filling.damage)(found),
            Met::Damage(found) => {
                if upto.is_none_or(|upto| found.first <= upto) {
                    filling.gaps.found(found);
                }
            }
        }
        Ok(())
    })?;
    if let Some(lost) = base::unexplained(&end, filling.base.as_ref()) {
        (filling.damage)(lost);
    }
    let Filling {
        mut changes, gaps, ..
    } = filling;
    if waiting == 0 && gaps.is_empty() {
        return Ok(end);
    }
    if !gaps.is_empty() {
        changes.settled = Some(true);
        gaps.settle(&mut changes, filled)?;
    }
    changes.mark = if upto.is_none_or(|upto| end.head.number <= upto) {
        end.head
    } else if mark.number == from.number {
        from
    } else {
        let bytes = segments
            .frame(mark.place)
            .map_err(|error| io::Error::other(error.to_string()))?;
        let hash = Frame::parse(&bytes).as_ref().map(hash).unwrap_or_default();
        Mark { hash, ..mark }
    };
    filled.apply(&changes)?;
    Ok(end)
}

fn hash(frame: &Frame<'_>) -> [u8; 32] {
    use sha2::{Digest as _, Sha256};
    Sha256::digest(frame.bytes).into()
}

/// The log while it is read into what is filled.
struct Filling<'a> {
    segments: &'a Segments,
    find: &'a dyn Fn(RunId) -> io::Result<Option<RunEntry>>,
    changes: Changes,
    gaps: Gaps,
    base: Option<Json>,
    damage: &'a mut dyn FnMut(Damage),
}

impl Filling<'_> {
    fn absorb(&mut self, frame: &Frame<'_>, place: Place) -> io::Result<()> {
        if frame.kind == KIND_PART {
            return Ok(());
        }
        let (changes, find) = (&mut self.changes, self.find);
        let mut links = frame.links();
        let facts = match record::decode_all(frame.format, frame.body) {
            Ok(facts) => facts,
            Err(_) => {
                let mut claims = Vec::new();
                for link in links {
                    claims.push(Claim {
                        link: Some(link),
                        facts: None,
                    });
                    if let Some(entry) = known(changes, find, link.run)? {
                        entry.fenced = true;
                    }
                }
                (self.damage)(Damage {
                    place,
                    until: place,
                    first: frame.number,
                    last: frame.number,
                    remains: Remains { claims, all: true },
                    indexed: false,
                    what: "a record cannot be read",
                });
                return Ok(());
            }
        };
        for (fact, bytes) in facts {
            match fact {
                RecordFact::Forgotten(fact) => {
                    links.next();
                    let automation =
                        known(changes, find, fact.run)?.and_then(|entry| entry.automation);
                    changes.runs.remove(&fact.run);
                    self.gaps.leaves(fact.run);
                    changes.left.insert(fact.run, automation);
                }
                RecordFact::Row(row) => {
                    if row.table == Table::LogBase as u8 {
                        self.base.clone_from(&row.value);
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
                        match moved(self.segments, &facts, &link, first) {
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
                                status: facts.now.status,
                                first: link.first,
                                last: link.previous,
                                ..gap::lost(facts.run, place)
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
