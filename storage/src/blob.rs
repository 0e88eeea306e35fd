//! Large bodies as users of a store meet them: files named by their digest, kept while something names them.

use crate::entity::{Entity, Table};
use crate::store::AppendError;
use druse_engine::{Digest, RunId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A run uses a blob: an artifact of it. Durable together with the fact that says so, and gone with the run's
/// history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobUse {
    /// The blob.
    pub digest: Digest,
    /// The run.
    pub run: RunId,
    /// Bytes of the blob.
    pub bytes: u64,
}

impl BlobUse {
    /// The key of a run's use of a blob.
    pub fn key_of(digest: &Digest, run: RunId) -> String {
        format!("{}/{run}", digest.hex())
    }

    /// What the keys of all uses of a blob begin with.
    pub fn prefix(digest: &Digest) -> String {
        format!("{}/", digest.hex())
    }
}

impl Entity for BlobUse {
    const TABLE: Table = Table::BlobUse;
    fn key(&self) -> String {
        Self::key_of(&self.digest, self.run)
    }
}

/// Keeps a blob that no durable row names yet. It goes into the batch with the row that names it, or is
/// dropped, and then the blob is nobody's.
#[derive(Debug)]
pub struct BlobHold {
    digest: Digest,
    bytes: u64,
    holds: Arc<Holds>,
}

impl BlobHold {
    /// The blob.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Its bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for BlobHold {
    fn drop(&mut self) {
        let mut known = self.holds.lock();
        if let Some(count) = known.held.get_mut(&self.digest) {
            *count -= 1;
            if *count == 0 {
                known.held.remove(&self.digest);
            }
        }
    }
}

/// The blobs that are held.
#[derive(Debug, Default)]
pub(crate) struct Holds(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    held: BTreeMap<Digest, usize>,
    /// While unused blobs are removed: what is or was held meanwhile. What names it may be durable only
    /// after it was looked for.
    met: Option<BTreeSet<Digest>>,
    /// Bytes of all blobs that were written.
    written: u64,
}

impl Holds {
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds a blob, which need not be there yet. Whoever holds one and then finds it there keeps it there.
    pub(crate) fn take(self: &Arc<Self>, digest: Digest, bytes: u64) -> BlobHold {
        let mut known = self.lock();
        *known.held.entry(digest.clone()).or_default() += 1;
        if let Some(met) = &mut known.met {
            met.insert(digest.clone());
        }
        drop(known);
        BlobHold {
            digest,
            bytes,
            holds: self.clone(),
        }
    }

    /// A blob of so many bytes was written.
    pub(crate) fn wrote(&self, bytes: u64) {
        self.lock().written += bytes;
    }

    /// Bytes of all blobs that were written since the store was opened.
    pub(crate) fn written(&self) -> u64 {
        self.lock().written
    }

    /// From now on and until [`Holds::end_sweep`] it is remembered what is held.
    pub(crate) fn begin_sweep(&self) {
        let mut known = self.lock();
        known.met = Some(known.held.keys().cloned().collect());
    }

    pub(crate) fn end_sweep(&self) {
        self.lock().met = None;
    }

    /// Whether somebody holds it now.
    pub(crate) fn is_held(&self, digest: &Digest) -> bool {
        self.lock().held.contains_key(digest)
    }

    /// Does something to a blob that was not held since the sweep began. Nobody comes to hold it meanwhile.
    pub(crate) fn unless_met<T>(&self, digest: &Digest, act: impl FnOnce() -> T) -> Option<T> {
        let known = self.lock();
        let met = known.met.as_ref().is_none_or(|met| met.contains(digest));
        (!met).then(act)
    }
}

/// A blob that is being written. Dropped before its end, nothing is left of it.
pub trait NewBlob: Write + Send {
    /// Makes it durable under its digest.
    ///
    /// # Errors
    /// When the disk does not take it.
    fn finish(self: Box<Self>) -> Result<BlobHold, AppendError>;
}

/// What a search for blobs that nothing names came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SweptBlobs {
    /// Blobs that something names, or will.
    pub kept: u64,
    /// Their bytes.
    pub kept_bytes: u64,
    /// Blobs that nothing names.
    pub unused: u64,
    /// Their bytes.
    pub unused_bytes: u64,
    /// Whether nothing was removed because damage was found at the start: what names a blob may be lost, and
    /// come back with a backup.
    pub damaged: bool,
}
