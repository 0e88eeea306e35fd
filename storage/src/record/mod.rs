//! What stands in the log, byte by byte. Formats are frozen: a new one gets a new module, and the
//! old one stays readable for ever. `bincode` is used here and nowhere else.

pub(crate) mod frame;
pub(crate) mod v1;
mod v1_event;
mod v1_parts;

use crate::entity::RunHead;
use crate::store::{AppendError, Batch, Fact};
use druse_engine::{AutomationId, Digest, Json, RunId, Timestamp, event};
use frame::{FRAME_HEAD, LINK};
use sha2::{Digest as _, Sha256};

/// The largest record that the log takes, in bytes.
pub(crate) const MAX_RECORD: usize = 16 << 20;
/// The longest key of a row, in bytes.
pub(crate) const MAX_KEY: usize = 4096;

/// Bytes before each fact: its tag and its length.
pub(crate) const TAG: usize = 5;
const TAG_RUN: u8 = 1;
const TAG_ROW: u8 = 2;
const TAG_FORGOTTEN: u8 = 3;

/// A record whose bytes are not what their format says.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Undecodable(pub(crate) String);

/// What does not change over the life of a run: written with its first facts only.
#[derive(Debug, Clone)]
pub(crate) struct Begun {
    pub(crate) automation: Option<AutomationId>,
    pub(crate) name: String,
    pub(crate) version: u32,
    pub(crate) digest: Digest,
    pub(crate) cause: Json,
    pub(crate) inputs: Json,
    pub(crate) created_at: Timestamp,
}

/// What a run is like after a record.
#[derive(Debug, Clone)]
pub(crate) struct Now {
    pub(crate) status: event::Status,
    pub(crate) outputs: Option<Json>,
    pub(crate) error: Option<event::Failure>,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) finished_at: Option<Timestamp>,
}

/// Facts of one run, read from a record.
#[derive(Debug, Clone)]
pub(crate) struct RunFacts {
    pub(crate) run: RunId,
    pub(crate) begun: Option<Begun>,
    pub(crate) now: Now,
    pub(crate) entries: Vec<event::Entry>,
}

/// A row, read from a record.
#[derive(Debug, Clone)]
pub(crate) struct RowFact {
    pub(crate) table: u8,
    pub(crate) key: String,
    pub(crate) value: Option<Json>,
}

/// A run that left the history, read from a record. Its link says what was there.
#[derive(Debug, Clone)]
pub(crate) struct ForgottenFact {
    pub(crate) run: RunId,
}

/// One fact of a record.
#[derive(Debug, Clone)]
pub(crate) enum RecordFact {
    Run(Box<RunFacts>),
    Row(RowFact),
    Forgotten(ForgottenFact),
}

/// The head of a run from its two halves.
pub(crate) fn head(run: RunId, begun: &Begun, now: Now) -> RunHead {
    RunHead {
        id: run,
        automation: begun.automation,
        name: begun.name.clone(),
        version: begun.version,
        digest: begun.digest.clone(),
        status: now.status,
        cause: begun.cause.clone(),
        inputs: begun.inputs.clone(),
        outputs: now.outputs,
        error: now.error,
        created_at: begun.created_at,
        started_at: now.started_at,
        finished_at: now.finished_at,
    }
}

/// Facts of one run in a record on its way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Section {
    /// SHA-256 of them.
    pub(crate) digest: [u8; 32],
    /// What they take up, with their link.
    pub(crate) bytes: u64,
}

impl Section {
    pub(crate) fn of(part: &[u8]) -> Self {
        Self {
            digest: Sha256::digest(part).into(),
            bytes: taken(part),
        }
    }
}

/// What a run's facts take up in the log, with their link.
pub(crate) fn taken(part: &[u8]) -> u64 {
    (part.len() + TAG + LINK) as u64
}

/// A record on its way: everything that can be computed before its place in the order is known.
pub(crate) struct Draft {
    /// The frame, with room for its head.
    pub(crate) buffer: Vec<u8>,
    /// CRC32C of the body.
    pub(crate) body_crc: u32,
    /// Each run's facts, in the order of the batch.
    pub(crate) sections: Vec<Section>,
    /// The values of rows, in the order of the batch.
    pub(crate) values: Vec<Option<Json>>,
}

impl Draft {
    /// Encodes a batch. Rows' values are moved out of it.
    pub(crate) fn encode(batch: &mut Batch) -> Result<Self, AppendError> {
        let runs = batch
            .facts
            .iter()
            .filter(|fact| !matches!(fact, Fact::Row { .. }))
            .count();
        let body_at = FRAME_HEAD + runs * LINK;
        let mut buffer = Vec::with_capacity(body_at + 512 * batch.facts.len());
        buffer.resize(body_at, 0);
        let mut sections = Vec::with_capacity(runs);
        let mut values = Vec::new();
        for fact in &mut batch.facts {
            let tag_at = buffer.len();
            buffer.extend_from_slice(&[0; TAG]);
            let start = buffer.len();
            let tag = match fact {
                Fact::Run { head, entries } => {
                    v1::encode_run(head, entries, &mut buffer);
                    sections.push(Section::of(&buffer[start..]));
                    TAG_RUN
                }
                Fact::Forget { run, reason, at } => {
                    v1::encode_forgotten(*run, reason, *at, &mut buffer);
                    sections.push(Section::of(&buffer[start..]));
                    TAG_FORGOTTEN
                }
                Fact::Row {
                    table, key, value, ..
                } => {
                    if key.len() > MAX_KEY {
                        return Err(AppendError::TooLarge {
                            bytes: key.len(),
                            limit: MAX_KEY,
                        });
                    }
                    let value = value.take();
                    v1::encode_row(*table as u8, key, value.as_ref(), &mut buffer);
                    values.push(value);
                    TAG_ROW
                }
            };
            let length = buffer.len() - start;
            if buffer.len() > MAX_RECORD || runs > usize::from(u16::MAX) {
                return Err(AppendError::TooLarge {
                    bytes: buffer.len(),
                    limit: MAX_RECORD,
                });
            }
            buffer[tag_at] = tag;
            buffer[tag_at + 1..start].copy_from_slice(&(length as u32).to_le_bytes());
        }
        let body_crc = crc32c::crc32c(&buffer[body_at..]);
        Ok(Self {
            buffer,
            body_crc,
            sections,
            values,
        })
    }

    /// Encodes facts that are written again: those of runs as they stood, byte by byte, and rows.
    pub(crate) fn again(facts: &[Vec<u8>], rows: &[(u8, String, Json)]) -> Self {
        let body_at = FRAME_HEAD + facts.len() * LINK;
        let mut buffer = vec![0; body_at];
        let mut put = |tag: u8, part: &[u8]| {
            buffer.push(tag);
            buffer.extend_from_slice(&(part.len() as u32).to_le_bytes());
            buffer.extend_from_slice(part);
        };
        for part in facts {
            put(TAG_RUN, part);
        }
        let mut row = Vec::new();
        for (table, key, value) in rows {
            row.clear();
            v1::encode_row(*table, key, Some(value), &mut row);
            put(TAG_ROW, &row);
        }
        Self {
            body_crc: crc32c::crc32c(&buffer[body_at..]),
            buffer,
            sections: facts.iter().map(|part| Section::of(part)).collect(),
            values: rows
                .iter()
                .map(|(_, _, value)| Some(value.clone()))
                .collect(),
        }
    }
}

/// The parts of a body: tag and bytes.
pub(crate) fn sections(mut body: &[u8]) -> Result<Vec<(u8, &[u8])>, Undecodable> {
    let mut parts = Vec::new();
    while !body.is_empty() {
        let (head, rest) = body
            .split_at_checked(TAG)
            .ok_or_else(|| Undecodable("a fact is cut short".into()))?;
        let length = u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let (part, rest) = rest
            .split_at_checked(length)
            .ok_or_else(|| Undecodable("a fact is longer than its record".into()))?;
        parts.push((head[0], part));
        body = rest;
    }
    Ok(parts)
}

/// Reads one part of a body in the format of its record.
pub(crate) fn decode(format: u8, tag: u8, part: &[u8]) -> Result<RecordFact, Undecodable> {
    match (format, tag) {
        (1, TAG_RUN) => Ok(RecordFact::Run(Box::new(v1::decode_run(part)?))),
        (1, TAG_ROW) => Ok(RecordFact::Row(v1::decode_row(part)?)),
        (1, TAG_FORGOTTEN) => Ok(RecordFact::Forgotten(v1::decode_forgotten(part)?)),
        (1, other) => Err(Undecodable(format!("unknown kind of fact {other}"))),
        (other, _) => Err(Undecodable(format!("unknown format {other}"))),
    }
}

/// Reads facts of a run alone, as [`crate::ChainPart`] has them.
pub(crate) fn decode_run(format: u8, part: &[u8]) -> Result<RecordFact, Undecodable> {
    decode(format, TAG_RUN, part)
}

/// Reads a whole body: each fact, with what it takes up where it is one of a run.
pub(crate) fn decode_all(format: u8, body: &[u8]) -> Result<Vec<(RecordFact, u64)>, Undecodable> {
    sections(body)?
        .into_iter()
        .map(|(tag, part)| Ok((decode(format, tag, part)?, taken(part))))
        .collect()
}

/// The next link of a run's chain of hashes: SHA-256 of the one before and of its new facts' digest.
pub(crate) fn chain(previous: &[u8; 32], section: &[u8; 32]) -> [u8; 32] {
    let mut both = [0u8; 64];
    both[..32].copy_from_slice(previous);
    both[32..].copy_from_slice(section);
    Sha256::digest(both).into()
}

/// The code of a status, for the index.
pub(crate) fn v1_status(status: event::Status) -> u8 {
    v1_parts::status_code(status)
}

/// The status of a code, for the index.
pub(crate) fn v1_status_of(code: u8) -> Option<event::Status> {
    v1_parts::status(code).ok()
}

/// Whether there are facts of this kind.
pub(crate) fn is_tag(tag: u8) -> bool {
    matches!(tag, TAG_RUN | TAG_ROW | TAG_FORGOTTEN)
}

/// Whether a part of a body is a row.
pub(crate) fn is_row(tag: u8) -> bool {
    tag == TAG_ROW
}
