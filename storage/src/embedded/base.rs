//! Where the log begins. It begins with its first record until the oldest part of it is given back; from
//! then on a row says so, and names the last record that is gone by its hash.

use super::index::{self, Index};
use super::remains::Remains;
use super::scan::{Damage, End, MISSING};
use super::segment::{HEADER, Segments};
use crate::entity::{LogBase, Table};
use crate::record::frame::Place;
use crate::store::ReadError;
use druse_engine::{Digest, Json};
use std::{fs, fs::File, io};

/// What is missing in front of the log without the log saying that it was given back.
pub(crate) fn unexplained(end: &End, row: Option<&Json>) -> Option<Damage> {
    let begins = end.begins?;
    let told = row.and_then(|row| serde_json::from_str(row.text()).ok());
    let told = told.is_some_and(|base: LogBase| {
        // A later segment than this one may be the first to be kept: giving back was cut short.
        base.segment > begins.segment
            || (base.segment == begins.segment
                && base.number + 1 == begins.first
                && base.digest == digest(&begins.previous_hash))
    });
    (!told).then(|| Damage {
        place: Place::new(begins.segment, 0),
        until: Place::new(begins.segment, HEADER),
        first: 1,
        last: begins.first - 1,
        remains: Remains::none(),
        indexed: false,
        what: MISSING,
    })
}

/// A digest in its written form.
pub(crate) fn digest(hash: &[u8; 32]) -> Digest {
    Digest::from_bytes(*hash)
}

/// Gives back what a process before this one had only said that it would.
pub(crate) fn finish(segments: &Segments, index: &Index) -> Result<(), ReadError> {
    let table = Table::LogBase as u8;
    let Some(row) = index.row(table, LogBase::KEY)? else {
        return Ok(());
    };
    let row = index::resolve(segments, table, LogBase::KEY, row)?;
    let base: LogBase = serde_json::from_str(row.text()).map_err(|error| {
        ReadError::Damaged(format!("where the log begins cannot be read: {error}"))
    })?;
    let failed = |error: io::Error| ReadError::of("the log cannot be tidied", &error);
    let list = segments.list().map_err(failed)?;
    let (gone, kept): (Vec<u32>, Vec<u32>) = list
        .into_iter()
        .partition(|segment| *segment < base.segment);
    if gone.is_empty() || kept.first() != Some(&base.segment) {
        return Ok(());
    }
    // That process may have been killed before all of this was on the disk.
    for segment in kept {
        File::open(segments.path(segment))
            .and_then(|file| file.sync_all())
            .map_err(failed)?;
    }
    for segment in gone {
        remove(segments, segment).map_err(failed)?;
    }
    Ok(())
}

/// Removes the file of a segment.
pub(crate) fn remove(segments: &Segments, segment: u32) -> io::Result<()> {
    segments.close(segment);
    fs::remove_file(segments.path(segment))?;
    File::open(segments.folder())?.sync_all()
}
