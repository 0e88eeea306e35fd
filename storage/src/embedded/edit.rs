//! Changing packs in the index: each pack is read once and written once per batch of changes.

use super::index::{Broken, run_key, unpack};
use super::pack::{self, RunEntry};
use druse_engine::RunId;
use std::ops::Bound;

/// A pack that is being changed. Packs of one prefix cover the ids without gap or overlap: each
/// reaches from its key to the next one's.
struct Open {
    key: Vec<u8>,
    /// Key of the next pack.
    until: Option<Vec<u8>>,
    entries: Vec<RunEntry>,
    stored: bool,
    changed: bool,
    grew_at_end: bool,
}

/// Puts runs in, or takes them out, in the order of their ids.
pub(super) fn edit<'a>(
    db: &sled::Db,
    batch: &mut sled::Batch,
    prefix: &[u8],
    sorted: impl Iterator<Item = (RunId, Option<&'a RunEntry>)>,
) -> Result<(), Broken> {
    let mut open: Option<Open> = None;
    for (run, entry) in sorted {
        let key = run_key(prefix, run);
        let inside = open
            .as_ref()
            .is_some_and(|open| open.until.as_ref().is_none_or(|until| key < *until));
        if !inside {
            if let Some(done) = open.take() {
                close(batch, prefix, done);
            }
            open = Some(load(db, prefix, &key)?);
        }
        let Some(pack) = open.as_mut() else { continue };
        match (
            pack.entries.binary_search_by_key(&run, |entry| entry.id),
            entry,
        ) {
            (Ok(at), Some(entry)) => pack.entries[at] = entry.clone(),
            (Ok(at), None) => drop(pack.entries.remove(at)),
            (Err(at), Some(entry)) => {
                pack.grew_at_end = at == pack.entries.len();
                pack.entries.insert(at, entry.clone());
            }
            (Err(_), None) => continue,
        }
        pack.changed = true;
    }
    if let Some(done) = open {
        close(batch, prefix, done);
    }
    Ok(())
}

fn load(db: &sled::Db, prefix: &[u8], key: &[u8]) -> Result<Open, Broken> {
    let mut pack = Open {
        key: [prefix, &[0; 16]].concat(),
        until: None,
        entries: Vec::new(),
        stored: false,
        changed: false,
        grew_at_end: false,
    };
    if let Some(item) = db.range(prefix.to_vec()..=key.to_vec()).next_back() {
        let (key, value) = item?;
        pack.key = key.to_vec();
        pack.entries = unpack(&value)?;
        pack.stored = true;
    }
    let after = (Bound::Excluded(pack.key.clone()), Bound::Unbounded);
    if let Some(item) = db.range::<Vec<u8>, _>(after).next() {
        let (key, _) = item?;
        if key.starts_with(prefix) {
            pack.until = Some(key.to_vec());
        }
    }
    Ok(pack)
}

fn close(batch: &mut sled::Batch, prefix: &[u8], pack: Open) {
    if !pack.changed {
        return;
    }
    if pack.entries.is_empty() {
        if pack.stored {
            batch.remove(pack.key);
        }
        return;
    }
    let count = pack.entries.len();
    // Ids grow with time: packs at the end are filled whole, one in the middle is halved.
    let size = if count <= pack::MOST || pack.grew_at_end {
        pack::MOST
    } else {
        count.div_ceil(count.div_ceil(pack::MOST)).max(1)
    };
    for (index, chunk) in pack.entries.chunks(size).enumerate() {
        let key = match (index, chunk.first()) {
            (0, _) | (_, None) => pack.key.clone(),
            (_, Some(first)) => run_key(prefix, first.id),
        };
        batch.insert(key, pack::encode(chunk));
    }
}
