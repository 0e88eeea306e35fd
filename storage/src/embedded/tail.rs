//! What stands after the last whole record: a write that was cut short, or a record that was damaged.
//!
//! A write that was cut short, and so never acknowledged, leaves what was there before in each piece that did not come
//! to the disk: zeros, for the end of the log is written with zeros before it is used. The disk takes whole sectors
//! and the system hands over whole pages, so that at least a sector, or all that was to come after some byte, is
//! missing. Where a record can be recognised and nothing of it is missing, it was written as a whole and is damaged
//! since.

use super::remains::{by_facts, plausible};
use crate::record::frame::{
    FORMAT, FRAME_HEAD, Frame, KIND_BATCH, KIND_PART, LINK, Link, Place, padded,
};

/// The smallest piece that a disk writes, in bytes.
const SECTOR: u64 = 512;
/// More zeros than a record ends in.
const SLACK: usize = 16;

/// Bytes after the last whole record.
pub(super) struct Tail<'a> {
    /// From its first byte to the end of the segment.
    pub(super) bytes: &'a [u8],
    /// How many of them stand before nothing but zeros.
    pub(super) used: usize,
    /// Where it begins.
    pub(super) place: Place,
    /// The number of the record that would stand there.
    pub(super) number: u64,
    /// Where a whole record with the number after it stands.
    pub(super) next: Option<usize>,
}

impl Tail<'_> {
    /// Where the damaged record ends that begins here; nothing where this is no more than a write that was cut short.
    pub(super) fn damaged(&self) -> Option<usize> {
        // One that is whole has a number that cannot follow: nobody wrote it here.
        if self.bytes.len() < FRAME_HEAD || self.used == 0 || Frame::parse(self.bytes).is_some() {
            return None;
        }
        let end = self.end()?;
        (end <= self.bytes.len() && !self.misses(end)).then_some(end)
    }

    /// Where the record ends, if one can be recognised.
    fn end(&self) -> Option<usize> {
        let kind = self.bytes[8] == FORMAT && (KIND_BATCH..=KIND_PART).contains(&self.bytes[9]);
        let number = Frame::claimed_number(self.bytes) == Some(self.number);
        let link = self.bytes.get(FRAME_HEAD..FRAME_HEAD + LINK);
        let link = link.is_some_and(|link| plausible(&Link::read(link), self.place));
        let claimed = Frame::length(self.bytes).map(padded);
        if let Some(next) = self.next {
            let fits = kind && claimed == Some(next);
            let facts = || by_facts(&self.bytes[..next], 8).is_some();
            return (fits || number || link || facts()).then_some(next);
        }
        // Another one follows, of which it is asked next what it is.
        if let Some(end) = claimed.filter(|end| *end < self.used && (kind || number)) {
            let rest = self.bytes.get(end..)?;
            if Frame::claimed_number(rest) == Some(self.number + 1) {
                return Some(end);
            }
        }
        let ends = |length: usize| (self.used..self.used + SLACK).contains(&length);
        if let Some(length) = Frame::length(self.bytes)
            && ends(length)
            && (kind || number || link)
        {
            return Some(padded(length));
        }
        let until = self.bytes.len().min(self.used + SLACK - 1);
        let facts = by_facts(&self.bytes[..until], SLACK)?;
        Some(padded(facts.length.max(self.used)))
    }

    /// Whether a piece of these bytes was never written.
    fn misses(&self, end: usize) -> bool {
        let mut at = 0;
        while at < end {
            let sector = (self.place.offset() + at as u64) % SECTOR;
            let piece = (at + (SECTOR - sector) as usize).min(end);
            if self.bytes[at..piece].iter().all(|byte| *byte == 0) {
                return true;
            }
            at = piece;
        }
        false
    }
}
