//! `druse verify`: reads the whole log of a folder that no server uses, and changes nothing.

mod named;

use crate::embedded::scan::{Met, scan};
use crate::embedded::segment::{Mark, Segments};
use crate::embedded::{OpenError, base, offline};
use crate::entity::{LogBase, Table};
use crate::record::frame::{Frame, KIND_BATCH, KIND_MOVED, Link, Place};
use crate::record::{self, RecordFact, RunFacts};
use crate::store::LogHead;
use druse_engine::{Digest, Json, RunId};
use named::Named;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

/// What was read, and all that is wrong with it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VerifyReport {
    /// Segment files.
    pub segments: u64,
    /// Bytes of the records.
    pub bytes: u64,
    /// Whole records.
    pub records: u64,
    /// Number of the first record that is kept: what stood before was given back.
    pub first: u64,
    /// Number of the last whole record.
    pub head: u64,
    /// SHA-256 of it.
    pub digest: Digest,
    /// Runs of which the log says that they left the history.
    pub forgotten: u64,
    /// Runs that the log tells of.
    pub runs: u64,
    /// Entries of those runs.
    pub entries: u64,
    /// Writes and removals of rows.
    pub rows: u64,
    /// Stored files that were compared with their digest.
    pub blobs: u64,
    /// Whether the log ends in a write that was never acknowledged; it is cut at the next start.
    pub torn_tail: bool,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

impl Default for VerifyReport {
    fn default() -> Self {
        Self {
            segments: 0,
            bytes: 0,
            records: 0,
            first: 1,
            head: 0,
            digest: base::digest(&[0; 32]),
            forgotten: 0,
            runs: 0,
            entries: 0,
            rows: 0,
            blobs: 0,
            torn_tail: false,
            problems: Vec::new(),
        }
    }
}

impl VerifyReport {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Stable: `record_damaged`, `record_unreadable`, `chain_broken`, `sequence_gap`,
    /// `log_truncated`, `head_changed`, `head_gone`, `mark_damaged`, `blob_missing`, `blob_damaged`, `blob_unnamed`,
    /// `row_unreadable`.
    pub code: &'static str,
    /// Where: a segment and an offset in it, or the name of a file.
    pub place: String,
    /// The number of the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<u64>,
    /// The run it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// One sentence.
    pub message: String,
}

/// Why a folder cannot be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It is in use, of another format, or no data folder.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It cannot be read.
    #[error("the data folder cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// A run as far as it was read.
#[derive(Clone)]
struct Tail {
    seq: u64,
    place: Place,
    hash: [u8; 32],
    broken: bool,
    /// Its beginning stood in a part of the log that was given back: all of it has to come again.
    headless: bool,
}

impl Tail {
    fn new() -> Self {
        Self {
            seq: 0,
            place: Place::NONE,
            hash: [0; 32],
            broken: false,
            headless: false,
        }
    }
}

#[derive(Default)]
struct Verifier {
    report: VerifyReport,
    runs: BTreeMap<RunId, Tail>,
    /// Journals that are being written again.
    again: BTreeMap<RunId, Tail>,
    /// What names blobs.
    named: Named,
    last: Option<(u64, [u8; 32])>,
    next_segment: u32,
    /// The first segment that there is.
    first_segment: u32,
    base: Option<Json>,
    /// What was the head once, and what now stands there.
    known: Option<LogHead>,
    there: Option<Digest>,
}

/// Facts of a run in a record, as they are looked at.
struct Facts<'a> {
    facts: &'a RunFacts,
    part: &'a [u8],
    link: Link,
    number: u64,
    place: Place,
}

/// Reads everything and says what is wrong. The folder is held meanwhile, and not changed.
pub fn verify(path: impl AsRef<Path>) -> Result<VerifyReport, VerifyError> {
    verify_against(path, None)
}

/// As [`verify`], and says whether the log still holds a record that was its head once.
pub fn verify_against(
    path: impl AsRef<Path>,
    known: Option<&LogHead>,
) -> Result<VerifyReport, VerifyError> {
    let path = path.as_ref();
    let _lock = offline(path)?;
    let log = path.join("log");
    let segments = Segments::new(log.clone());
    let mut verifier = Verifier {
        known: known.cloned(),
        ..Verifier::default()
    };
    let list = segments.list()?;
    verifier.report.segments = list.len() as u64;
    verifier.first_segment = list.first().copied().unwrap_or_default();
    let stopped = fs::read(log.join("head")).ok();
    let stopped = stopped.and_then(|bytes| Mark::decode(&bytes));
    let end = scan(
        &segments,
        Mark::default(),
        stopped.unwrap_or_default(),
        |met| -> io::Result<()> {
            match met {
                Met::Damage(found) => {
                    verifier.last = None;
                    let mut named = found.named_runs();
                    let run = named.next().filter(|_| named.next().is_none());
                    verifier.problem(
                        "record_damaged",
                        found.place,
                        (found.first <= found.last).then_some(found.first),
                        run,
                        found.sentence(),
                    );
                }
                Met::Record(frame, place) => verifier.record(&segments, &frame, place)?,
            }
            Ok(())
        },
    )?;
    verifier.report.torn_tail = end.torn;
    verifier.report.head = end.head.number;
    verifier.report.first = end.begins.map_or(1, |header| header.first);
    if let Some(lost) = base::unexplained(&end, verifier.base.as_ref()) {
        let text = format!(
            "{}, and nothing says that it was given back",
            lost.sentence()
        );
        verifier.problem("record_damaged", lost.place, Some(1), None, text);
    }
    verifier.ends();
    verifier.known(end.head);
    verifier.report.digest = base::digest(&end.head.hash);
    verifier.mark(&log, end.head)?;
    verifier.blobs(&path.join("blobs"))?;
    Ok(verifier.report)
}

impl Verifier {
    fn problem(
        &mut self,
        code: &'static str,
        place: impl ToString,
        record: Option<u64>,
        run: Option<RunId>,
        message: String,
    ) {
        self.report.problems.push(Problem {
            code,
            place: place.to_string(),
            record,
            run,
            message,
        });
    }

    fn record(&mut self, segments: &Segments, frame: &Frame<'_>, place: Place) -> io::Result<()> {
        if place.segment() != self.next_segment {
            self.next_segment = place.segment();
            if let (Some(header), Some((number, hash))) =
                (segments.header(place.segment())?, self.last)
                && (header.first != number + 1 || header.previous_hash != hash)
            {
                self.problem(
                    "mark_damaged",
                    Place::new(place.segment(), 0),
                    Some(number),
                    None,
                    format!("the segment does not continue record {number} as it is now"),
                );
            }
        }
        let hash = Sha256::digest(frame.bytes).into();
        self.last = Some((frame.number, hash));
        let known = self.known.as_ref();
        if known.is_some_and(|known| known.number == frame.number) {
            self.there = Some(base::digest(&hash));
        }
        self.report.records += 1;
        self.report.bytes += frame.bytes.len() as u64;
        let parts = match record::sections(frame.body) {
            Ok(parts) => parts,
            Err(error) => {
                let number = Some(frame.number);
                self.problem("record_unreadable", place, number, None, error.to_string());
                return Ok(());
            }
        };
        let mut links = frame.links();
        let mut again = BTreeSet::new();
        for (tag, part) in parts {
            let fact = match record::decode(frame.format, tag, part) {
                Err(error) => {
                    let number = Some(frame.number);
                    self.problem("record_unreadable", place, number, None, error.to_string());
                    continue;
                }
                Ok(RecordFact::Row(row)) => {
                    self.report.rows += 1;
                    if let Err(text) = self.named.row(&row, frame.number) {
                        let number = Some(frame.number);
                        self.problem("row_unreadable", place, number, None, text);
                    }
                    if row.table == Table::LogBase as u8 {
                        self.base = row.value;
                    }
                    continue;
                }
                Ok(fact) => fact,
            };
            let run = match &fact {
                RecordFact::Run(facts) => facts.run,
                RecordFact::Forgotten(fact) => fact.run,
                RecordFact::Row(_) => continue,
            };
            let Some(link) = links.next() else {
                let text = "the record has too few links".to_owned();
                let number = Some(frame.number);
                self.problem("record_unreadable", place, number, Some(run), text);
                continue;
            };
            let RecordFact::Run(facts) = &fact else {
                self.forgotten(run, link, frame.number, place);
                continue;
            };
            self.named.facts(facts, frame.number);
            let found = Facts {
                facts,
                part,
                link,
                number: frame.number,
                place,
            };
            if frame.kind == KIND_BATCH {
                self.follow(&found);
            } else {
                self.follow_again(&found);
                again.insert(run);
            }
        }
        if frame.kind == KIND_MOVED {
            for run in again {
                self.replaced(run, frame.number, place);
            }
        }
        Ok(())
    }

    fn follow(&mut self, found: &Facts<'_>) {
        let run = found.facts.run;
        let tail = self.runs.remove(&run);
        let tail = self.followed(tail, found);
        self.runs.insert(run, tail);
    }

    /// A journal that is written again stands on its own: its chain begins anew and must come out the same.
    fn follow_again(&mut self, found: &Facts<'_>) {
        let run = found.facts.run;
        let tail = self.again.remove(&run);
        let tail = tail.filter(|_| found.link.previous != Place::NONE);
        let tail = self.followed(tail, found);
        self.again.insert(run, tail);
    }

    fn followed(&mut self, tail: Option<Tail>, found: &Facts<'_>) -> Tail {
        let previous = found.link.previous;
        if tail.is_none() && previous != Place::NONE && previous.segment() < self.first_segment {
            return Tail {
                seq: found.facts.entries.last().map_or(0, |entry| entry.seq),
                place: found.place,
                hash: found.link.hash,
                broken: false,
                headless: true,
            };
        }
        let mut tail = tail.unwrap_or_else(Tail::new);
        self.chain(&mut tail, found);
        tail
    }

    /// All of a run's journal stands again: it takes the place of the earlier one.
    fn replaced(&mut self, run: RunId, number: u64, place: Place) {
        let Some(tail) = self.again.remove(&run) else {
            return;
        };
        if let Some(before) = self.runs.get(&run)
            && !before.broken
            && !tail.broken
            && (before.seq != tail.seq || before.hash != tail.hash)
        {
            let text = format!("the history of run {run} was written again, and not as it was");
            self.problem("chain_broken", place, Some(number), Some(run), text);
        }
        self.runs.insert(run, tail);
    }

    /// A run has left. What is named of it must be what was there.
    fn forgotten(&mut self, run: RunId, link: Link, number: u64, place: Place) {
        self.report.forgotten += 1;
        self.named.forgotten(run);
        let Some(tail) = self.runs.remove(&run) else {
            return;
        };
        if link.run != run || (!tail.broken && link.hash != tail.hash) {
            let text = format!("what left the history is not the run {run} that was there");
            self.problem("chain_broken", place, Some(number), Some(run), text);
        }
    }

    fn chain(&mut self, tail: &mut Tail, found: &Facts<'_>) {
        let Facts {
            facts, part, link, ..
        } = found;
        let hash = record::chain(&tail.hash, &Sha256::digest(part).into());
        let first = facts.entries.first().map(|entry| entry.seq);
        let last = tail.seq;
        let gap = first.is_some_and(|first| first != last + 1)
            || facts
                .entries
                .windows(2)
                .any(|pair| pair[1].seq != pair[0].seq + 1);
        let torn_off = link.run != facts.run || link.previous != tail.place || link.hash != hash;
        let told = tail.broken;
        tail.seq = facts.entries.last().map_or(last, |entry| entry.seq);
        tail.place = found.place;
        tail.hash = link.hash;
        tail.broken |= gap || torn_off;
        let (number, run) = (Some(found.number), Some(facts.run));
        if gap && !told {
            let text = format!(
                "run {} goes on with entry {} after entry {last}",
                facts.run,
                first.unwrap_or(0),
            );
            self.problem("sequence_gap", found.place, number, run, text);
        }
        if torn_off && !told {
            let text = format!(
                "the chain of hashes of run {} is broken: a record before this one is missing or was changed",
                facts.run
            );
            self.problem("chain_broken", found.place, number, run, text);
        }
    }

    /// Compares with the head of an earlier time.
    fn known(&mut self, head: Mark) {
        let Some(known) = self.known.take().filter(|known| known.number > 0) else {
            return;
        };
        let number = known.number;
        let base = self.base.as_ref();
        let base: Option<LogBase> =
            base.and_then(|row| serde_json::from_value(row.value().clone()).ok());
        let (code, text) = match &self.there {
            Some(there) if *there == known.digest => return,
            Some(_) => (
                "head_changed",
                format!("record {number} is not the one that was the head"),
            ),
            None if number > head.number => (
                "log_truncated",
                format!(
                    "the log ends at record {}, but record {number} was its head",
                    head.number
                ),
            ),
            // Of what was given back only the last record is still named.
            None if number < self.report.first => match base {
                Some(base) if base.number == number && base.digest == known.digest => return,
                Some(base) if base.number == number => (
                    "head_changed",
                    format!(
                        "record {number}, which was given back, is not the one that was the head"
                    ),
                ),
                _ => (
                    "head_gone",
                    format!(
                        "record {number}, which was the head, was given back: the log begins at record {}, and nothing tells whether it was this one. Keep a newer head",
                        self.report.first
                    ),
                ),
            },
            None => (
                "record_damaged",
                format!("record {number}, which was the head, cannot be read"),
            ),
        };
        self.problem(code, head.end, Some(number), None, text);
    }

    fn ends(&mut self) {
        self.report.runs = self.runs.len() as u64;
        self.report.entries = self.runs.values().map(|tail| tail.seq).sum();
        let headless: Vec<_> = self
            .runs
            .iter()
            .filter(|(_, tail)| tail.headless)
            .map(|(run, tail)| (*run, tail.place))
            .collect();
        for (run, place) in headless {
            let text = format!("the beginning of run {run} is gone, and it does not stand again");
            self.problem("chain_broken", place, None, Some(run), text);
        }
    }

    fn mark(&mut self, log: &Path, head: Mark) -> io::Result<()> {
        let bytes = match fs::read(log.join("head")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        };
        match Mark::decode(&bytes) {
            None => {
                let text = "the mark of the last clean stop is damaged".to_owned();
                self.problem("mark_damaged", "log/head", None, None, text);
            }
            Some(mark) if mark.number > head.number => {
                let text = format!(
                    "the log ends at record {}, but record {} was durable",
                    head.number, mark.number
                );
                self.problem("log_truncated", head.end, Some(mark.number), None, text);
            }
            Some(mark) if mark.number == head.number && mark.hash != head.hash => {
                let text = format!("record {} is not the one that was written", mark.number);
                self.problem("mark_damaged", head.place, Some(mark.number), None, text);
            }
            Some(_) => {}
        }
        Ok(())
    }
}
