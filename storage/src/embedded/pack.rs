//! Packed values of the index: many runs under one key, sorted by id.

use super::signature;
use crate::record::frame::{Place, u32_at};
use crate::record::{Begun, Now};
use crate::store::RunQuery;
use druse_engine::{AutomationId, RunId, Timestamp, event::Status, id::Id};

/// Most runs in a pack. An entry takes about 55 bytes, 110 when the run is live: packs stay well
/// below the 8 KiB over which sled keeps values in files that it never syncs.
pub(crate) const MOST: usize = 64;

const KINDS: [&str; 8] = [
    "manual",
    "schedule",
    "webhook",
    "event",
    "automation",
    "retry",
    "files",
    "poll",
];

/// What the index knows of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunEntry {
    pub(crate) id: RunId,
    pub(crate) status: Status,
    /// Part of its history is damaged: reads of it are refused.
    pub(crate) fenced: bool,
    /// Place of the kind of its cause in a fixed list, from 1; 0 is any other.
    pub(crate) cause: u8,
    pub(crate) automation: Option<AutomationId>,
    pub(crate) created_at: Timestamp,
    pub(crate) finished_at: Option<Timestamp>,
    pub(crate) first: Place,
    pub(crate) last: Place,
    pub(crate) seq: u64,
    /// The last link of its chain of hashes.
    pub(crate) hash: [u8; 32],
    /// What its journal takes up in the log.
    pub(crate) bytes: u64,
    /// Bits of its inputs and labels: a search need not look at a run that lacks one.
    pub(crate) signature: u64,
}

/// Whether a run is wanted, as far as its entry tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Yes,
    No,
    AskHead,
}

impl RunEntry {
    pub(crate) fn cause_code(kind: Option<&str>) -> u8 {
        KINDS
            .iter()
            .position(|known| Some(*known) == kind)
            .map_or(0, |index| index as u8 + 1)
    }

    pub(crate) fn begin(id: RunId, begun: &Begun, status: Status) -> Self {
        let cause = begun.cause.value();
        Self {
            bytes: 0,
            signature: signature::of(&begun.inputs, &begun.cause),
            id,
            status,
            fenced: false,
            cause: Self::cause_code(cause.get("kind").and_then(|kind| kind.as_str())),
            automation: begun.automation,
            created_at: begun.created_at,
            finished_at: None,
            first: Place::NONE,
            last: Place::NONE,
            seq: 0,
            hash: [0; 32],
        }
    }

    pub(crate) fn follow(&mut self, now: &Now) {
        self.status = now.status;
        self.finished_at = now.finished_at;
    }

    pub(crate) fn wanted(&self, query: &RunQuery) -> Wanted {
        let no = query.before.is_some_and(|before| self.id >= before)
            || query.status.is_some_and(|status| status != self.status)
            || query
                .automation
                .is_some_and(|id| Some(id) != self.automation)
            || query.since.is_some_and(|since| self.created_at < since)
            || query.until.is_some_and(|until| self.created_at >= until);
        let bits = signature::wanted(query);
        if no || self.signature & bits != bits {
            return Wanted::No;
        }
        if !(query.inputs.is_empty() && query.labels.is_empty()) {
            return Wanted::AskHead;
        }
        match query.cause.as_deref() {
            None => Wanted::Yes,
            Some(kind) => match Self::cause_code(Some(kind)) {
                code if code == self.cause && code != 0 => Wanted::Yes,
                0 if self.cause == 0 => Wanted::AskHead,
                _ => Wanted::No,
            },
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.id.0.to_bytes());
        let live = !self.status.is_final();
        let status = crate::record::v1_status(self.status);
        out.push(
            status
                | (u8::from(self.fenced) << 4)
                | (u8::from(self.automation.is_some()) << 5)
                | (u8::from(live) << 6)
                | (u8::from(self.finished_at.is_some()) << 7),
        );
        out.push(self.cause);
        if let Some(automation) = self.automation {
            out.extend_from_slice(&automation.0.to_bytes());
        }
        let born = self.id.0.unix_ms() as i64;
        varint(zigzag(self.created_at.0.wrapping_sub(born)), out);
        if let Some(finished) = self.finished_at {
            varint(zigzag(finished.0.wrapping_sub(self.created_at.0)), out);
        }
        varint(self.first.0, out);
        varint(zigzag(self.last.0.wrapping_sub(self.first.0) as i64), out);
        varint(self.seq, out);
        varint(self.bytes, out);
        out.extend_from_slice(&self.signature.to_le_bytes());
        if live {
            out.extend_from_slice(&self.hash);
        }
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let id = RunId(Id::from_bytes(array(bytes)?));
        let [flags, cause] = array(bytes)?;
        let automation = if flags & 0x20 != 0 {
            Some(AutomationId(Id::from_bytes(array(bytes)?)))
        } else {
            None
        };
        let born = id.0.unix_ms() as i64;
        let created = born.wrapping_add(unzigzag(unvarint(bytes)?));
        let finished_at = if flags & 0x80 != 0 {
            Some(Timestamp(created.wrapping_add(unzigzag(unvarint(bytes)?))))
        } else {
            None
        };
        let first = Place(unvarint(bytes)?);
        let last = Place(first.0.wrapping_add(unzigzag(unvarint(bytes)?) as u64));
        let seq = unvarint(bytes)?;
        let taken = unvarint(bytes)?;
        let signature = u64::from_le_bytes(array(bytes)?);
        let hash = if flags & 0x40 != 0 {
            array(bytes)?
        } else {
            [0; 32]
        };
        Some(Self {
            id,
            status: crate::record::v1_status_of(flags & 0x0f)?,
            fenced: flags & 0x10 != 0,
            cause,
            automation,
            created_at: Timestamp(created),
            finished_at,
            first,
            last,
            seq,
            hash,
            bytes: taken,
            signature,
        })
    }
}

/// The bytes of a pack, with a checksum of their own: sled's are not trusted alone.
pub(crate) fn encode(entries: &[RunEntry]) -> Vec<u8> {
    let mut out = vec![0; 4];
    for entry in entries {
        entry.write(&mut out);
    }
    let crc = crc32c::crc32c(&out[4..]);
    out[..4].copy_from_slice(&crc.to_le_bytes());
    out
}

/// The runs of a pack, or nothing when it is damaged.
pub(crate) fn decode(bytes: &[u8]) -> Option<Vec<RunEntry>> {
    if bytes.len() < 4 || u32_at(bytes, 0) != crc32c::crc32c(&bytes[4..]) {
        return None;
    }
    let mut rest = &bytes[4..];
    let mut entries = Vec::with_capacity(rest.len() / 40);
    while !rest.is_empty() {
        entries.push(RunEntry::read(&mut rest)?);
    }
    Some(entries)
}

fn array<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*head)
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn unzigzag(value: u64) -> i64 {
    ((value >> 1) as i64) ^ -((value & 1) as i64)
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn unvarint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..70).step_by(7) {
        let [byte] = array(bytes)?;
        if shift < 64 {
            value |= u64::from(byte & 0x7f) << shift;
        }
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
