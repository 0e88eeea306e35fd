//! Segment files: names, headers, and reading one record by its place.

use crate::record::frame::{Frame, Place, u32_at, u64_at};
use crate::store::ReadError;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// Bytes before the first record: a block of its own, so that no record shares a page with it.
pub(crate) const HEADER: u64 = 4096;
const MAGIC: &[u8; 8] = b"DRUSELOG";
const FORMAT: u32 = 1;
/// Open files kept for reading.
const KEPT_OPEN: usize = 32;
/// Bytes of a segment that are looked at together.
const PIECE: usize = 64 << 10;

/// What a segment says about itself and about the log before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) segment: u32,
    /// Number of its first record; the one before is the head that was durable when it began.
    pub(crate) first: u64,
    /// Bytes at which the next segment begins.
    pub(crate) capacity: u64,
    /// SHA-256 of the frame of the record before.
    pub(crate) previous_hash: [u8; 32],
}

impl Header {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut block = vec![0u8; HEADER as usize];
        block[..8].copy_from_slice(MAGIC);
        block[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        block[12..16].copy_from_slice(&self.segment.to_le_bytes());
        block[16..24].copy_from_slice(&self.first.to_le_bytes());
        block[24..32].copy_from_slice(&self.capacity.to_le_bytes());
        block[32..64].copy_from_slice(&self.previous_hash);
        let crc = crc32c::crc32c(&block[..64]);
        block[64..68].copy_from_slice(&crc.to_le_bytes());
        block
    }

    pub(crate) fn decode(block: &[u8]) -> Option<Self> {
        if block.len() < 68
            || &block[..8] != MAGIC
            || u32_at(block, 8) != FORMAT
            || u32_at(block, 64) != crc32c::crc32c(&block[..64])
        {
            return None;
        }
        let mut previous_hash = [0; 32];
        previous_hash.copy_from_slice(&block[32..64]);
        Some(Self {
            segment: u32_at(block, 12),
            first: u64_at(block, 16),
            capacity: u64_at(block, 24),
            previous_hash,
        })
    }
}

/// The head of the log at some moment: a record, where it is, where the next one goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Mark {
    pub(crate) number: u64,
    pub(crate) place: Place,
    pub(crate) end: Place,
    /// SHA-256 of the record's frame.
    pub(crate) hash: [u8; 32],
}

impl Mark {
    pub(crate) const SIZE: usize = 60;

    pub(crate) fn encode(&self) -> [u8; Self::SIZE] {
        let mut out = [0; Self::SIZE];
        out[..8].copy_from_slice(&self.number.to_le_bytes());
        out[8..16].copy_from_slice(&self.place.0.to_le_bytes());
        out[16..24].copy_from_slice(&self.end.0.to_le_bytes());
        out[24..56].copy_from_slice(&self.hash);
        let crc = crc32c::crc32c(&out[..56]);
        out[56..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != Self::SIZE || u32_at(bytes, 56) != crc32c::crc32c(&bytes[..56]) {
            return None;
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(&bytes[24..56]);
        Some(Self {
            number: u64_at(bytes, 0),
            place: Place(u64_at(bytes, 8)),
            end: Place(u64_at(bytes, 16)),
            hash,
        })
    }
}

/// The log's folder, for reading.
#[derive(Debug)]
pub(crate) struct Segments {
    folder: PathBuf,
    open: Mutex<BTreeMap<u32, Arc<File>>>,
}

impl Segments {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            open: Mutex::default(),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn path(&self, segment: u32) -> PathBuf {
        self.folder.join(format!("{segment:08}.log"))
    }

    /// The numbers of the segments that there are, in order.
    pub(crate) fn list(&self) -> io::Result<Vec<u32>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            let number = name
                .to_str()
                .and_then(|name| name.strip_suffix(".log"))
                .filter(|stem| stem.len() == 8)
                .and_then(|stem| stem.parse::<u32>().ok());
            found.extend(number);
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Bytes of all segments, as far as the system says.
    pub(crate) fn bytes(&self) -> u64 {
        let length = |segment| fs::metadata(self.path(segment)).map_or(0, |found| found.len());
        self.list()
            .map_or(0, |list| list.into_iter().map(length).sum())
    }

    /// A segment's file, opened for reading.
    pub(crate) fn file(&self, segment: u32) -> io::Result<Arc<File>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = open.get(&segment) {
            return Ok(file.clone());
        }
        let file = Arc::new(File::open(self.path(segment))?);
        if open.len() >= KEPT_OPEN {
            open.pop_first();
        }
        open.insert(segment, file.clone());
        Ok(file)
    }

    /// Lets go of a segment's file.
    pub(crate) fn close(&self, segment: u32) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.remove(&segment);
    }

    /// A segment's header, if it is whole.
    pub(crate) fn header(&self, segment: u32) -> io::Result<Option<Header>> {
        let mut block = [0; 68];
        match self.file(segment)?.read_exact_at(&mut block, 0) {
            Ok(()) => Ok(Header::decode(&block).filter(|header| header.segment == segment)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A segment's bytes from an offset on, and how many of them stand before nothing but zeros: what was
    /// prepared and never used is looked at once, and not kept.
    pub(crate) fn bytes_from(&self, segment: u32, offset: u64) -> io::Result<(Vec<u8>, usize)> {
        let file = self.file(segment)?;
        let length = file.metadata()?.len().saturating_sub(offset);
        let length = usize::try_from(length).unwrap_or(0);
        let (mut piece, zeros) = (vec![0; PIECE], vec![0; PIECE]);
        let mut used = length;
        while used > 0 {
            let from = used.saturating_sub(PIECE);
            let piece = &mut piece[..used - from];
            file.read_exact_at(piece, offset + from as u64)?;
            // Compared as a whole: a byte at a time takes longer than the reading.
            if *piece != zeros[..piece.len()] {
                used = from
                    + piece
                        .iter()
                        .rposition(|byte| *byte != 0)
                        .map_or(0, |at| at + 1);
                break;
            }
            used = from;
        }
        let mut bytes = vec![0; length];
        file.read_exact_at(&mut bytes[..used], offset)?;
        Ok((bytes, used))
    }

    /// The frame at a place, checked.
    pub(crate) fn frame(&self, place: Place) -> Result<Vec<u8>, ReadError> {
        let damaged = || {
            ReadError::Damaged(format!(
                "the record at {place} of the log is damaged; what belongs to it is fenced off"
            ))
        };
        let io = |error: io::Error| {
            if error.kind() == io::ErrorKind::NotFound {
                damaged()
            } else {
                ReadError::of("the log cannot be read", &error)
            }
        };
        let file = self.file(place.segment()).map_err(io)?;
        let mut bytes = vec![0; 2048];
        let mut have = 0;
        while have < bytes.len() {
            match file.read_at(&mut bytes[have..], place.offset() + have as u64) {
                Ok(0) => break,
                Ok(read) => have += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(io(error)),
            }
        }
        bytes.truncate(have);
        let total = Frame::length(&bytes).ok_or_else(damaged)?;
        if total > have {
            bytes.resize(total, 0);
            match file.read_exact_at(&mut bytes[have..], place.offset() + have as u64) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Err(damaged());
                }
                Err(error) => return Err(io(error)),
            }
        }
        bytes.truncate(total);
        match Frame::parse(&bytes) {
            Some(_) => Ok(bytes),
            None => Err(damaged()),
        }
    }
}
