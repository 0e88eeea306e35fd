//! The frame around a record: length, checksum, number, and the links of the runs in it.
//!
//! ```text
//!  0  u32  length of everything after the first 8 bytes
//!  4  u32  CRC32C of the body, then of the length, the head and the links
//!  8  u8   format      9 u8 kind      10 u16 count of links
//! 12  u64  number of the newest record that was durable when this one was ordered
//! 20  u64  number of this record
//! 28  64 × links: run 16 · place of its first record 8 · of the one before 8 · hash 32
//!     body, then zeros up to the next multiple of 8
//! ```
//!
//! All integers are little endian. The checksum takes the body first, so that it can be computed
//! before the record's number is known.

use druse_engine::{RunId, id::Id};

/// Bytes before the links.
pub(crate) const FRAME_HEAD: usize = 28;
/// Bytes of a link.
pub(crate) const LINK: usize = 64;
/// The only format so far.
pub(crate) const FORMAT: u8 = 1;
/// A batch of facts.
pub(crate) const KIND_BATCH: u8 = 1;
/// Facts that stood further in front and are written again, with the whole journal of each run in it (or,
/// where its links go on from a record before, the last part of it). They take the place of the earlier ones.
pub(crate) const KIND_MOVED: u8 = 2;
/// A part of a journal that a later record of the kind above goes on from. It tells nothing by itself.
pub(crate) const KIND_PART: u8 = 3;

/// Where a record begins: segment and offset. 0 is nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Place(pub(crate) u64);

impl Place {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn new(segment: u32, offset: u64) -> Self {
        Self((u64::from(segment) << 32) | (offset & 0xffff_ffff))
    }
    pub(crate) fn segment(self) -> u32 {
        (self.0 >> 32) as u32
    }
    pub(crate) fn offset(self) -> u64 {
        self.0 & 0xffff_ffff
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "segment {}, offset {}", self.segment(), self.offset())
    }
}

/// How a record hangs on the earlier ones of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) run: RunId,
    pub(crate) first: Place,
    pub(crate) previous: Place,
    pub(crate) hash: [u8; 32],
}

impl Link {
    fn write(&self, out: &mut [u8]) {
        out[..16].copy_from_slice(&self.run.0.to_bytes());
        out[16..24].copy_from_slice(&self.first.0.to_le_bytes());
        out[24..32].copy_from_slice(&self.previous.0.to_le_bytes());
        out[32..64].copy_from_slice(&self.hash);
    }

    pub(crate) fn read(bytes: &[u8]) -> Self {
        let mut run = [0; 16];
        run.copy_from_slice(&bytes[..16]);
        let mut hash = [0; 32];
        hash.copy_from_slice(&bytes[32..64]);
        Self {
            run: RunId(Id::from_bytes(run)),
            first: Place(u64_at(bytes, 16)),
            previous: Place(u64_at(bytes, 24)),
            hash,
        }
    }
}

/// Writes the head and the links into the room left before a body.
pub(crate) fn finish(
    buffer: &mut [u8],
    kind: u8,
    body_crc: u32,
    number: u64,
    durable: u64,
    links: &[Link],
) {
    let length = (buffer.len() - 8) as u32;
    let body_at = FRAME_HEAD + links.len() * LINK;
    buffer[0..4].copy_from_slice(&length.to_le_bytes());
    buffer[8] = FORMAT;
    buffer[9] = kind;
    buffer[10..12].copy_from_slice(&(links.len() as u16).to_le_bytes());
    buffer[12..20].copy_from_slice(&durable.to_le_bytes());
    buffer[20..28].copy_from_slice(&number.to_le_bytes());
    for (index, link) in links.iter().enumerate() {
        let at = FRAME_HEAD + index * LINK;
        link.write(&mut buffer[at..at + LINK]);
    }
    let crc = crc32c::crc32c_append(body_crc, &buffer[0..4]);
    let crc = crc32c::crc32c_append(crc, &buffer[8..body_at]);
    buffer[4..8].copy_from_slice(&crc.to_le_bytes());
}

/// What a frame takes up in its segment.
pub(crate) fn padded(length: usize) -> usize {
    length.next_multiple_of(8)
}

/// A record whose checksum held.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    pub(crate) format: u8,
    pub(crate) kind: u8,
    pub(crate) number: u64,
    pub(crate) durable: u64,
    links: &'a [u8],
    pub(crate) body: &'a [u8],
    /// The whole frame without its padding.
    pub(crate) bytes: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The record at the beginning of these bytes, if there is a whole one.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let total = Self::length(bytes)?;
        let bytes = bytes.get(..total)?;
        let links = usize::from(u16::from_le_bytes([bytes[10], bytes[11]]));
        let body_at = FRAME_HEAD + links * LINK;
        if body_at > total {
            return None;
        }
        let crc = crc32c::crc32c(&bytes[body_at..]);
        let crc = crc32c::crc32c_append(crc, &bytes[0..4]);
        let crc = crc32c::crc32c_append(crc, &bytes[8..body_at]);
        (crc == u32_at(bytes, 4)).then(|| Self {
            format: bytes[8],
            kind: bytes[9],
            number: u64_at(bytes, 20),
            durable: u64_at(bytes, 12),
            links: &bytes[FRAME_HEAD..body_at],
            body: &bytes[body_at..],
            bytes,
        })
    }

    /// The length that a frame claims, when it is plausible.
    pub(crate) fn length(bytes: &[u8]) -> Option<usize> {
        if bytes.len() < FRAME_HEAD {
            return None;
        }
        let total = u32_at(bytes, 0) as usize + 8;
        (FRAME_HEAD..=super::MAX_RECORD + LINK)
            .contains(&total)
            .then_some(total)
    }

    /// The number that a frame claims, damaged or not.
    pub(crate) fn claimed_number(bytes: &[u8]) -> Option<u64> {
        (bytes.len() >= FRAME_HEAD).then(|| u64_at(bytes, 20))
    }

    pub(crate) fn links(&self) -> impl Iterator<Item = Link> + 'a {
        self.links.chunks_exact(LINK).map(Link::read)
    }
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut four = [0; 4];
    four.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(four)
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut eight = [0; 8];
    eight.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(eight)
}
