//! Blobs that nothing names any more: what let them go is durable, so they are removed. A crash before that
//! leaves them to the next search; a blob whose name is on its way to the log is held and stays.

use super::{Shared, blob, index};
use crate::blob::{BlobUse, SweptBlobs};
use crate::entity::{StoredSession, Table};
use crate::store::{AppendError, ReadError, Scan};
use druse_engine::Digest;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::PoisonError;

/// Rows that are read together.
const PAGE: usize = 1_000;

impl Shared {
    /// Whether a blob may be written now.
    pub(super) fn takes_blobs(&self, goes_on: bool) -> Result<(), AppendError> {
        let core = self.lock();
        if core.failed {
            return Err(AppendError::Failed);
        }
        if core.full || (core.over_quota && !goes_on) {
            return Err(AppendError::Full);
        }
        Ok(())
    }

    /// Looks for blobs that nothing names; with `remove`, they are removed.
    pub(super) fn sweep_blobs(&self, remove: bool) -> Result<SweptBlobs, ReadError> {
        if !remove {
            return self.swept(&|digest, _| match self.holds.is_held(digest) {
                true => Ok(false),
                // One that has been named since is used; nothing is lost by looking twice.
                false => self.is_used(digest).map(|used| !used),
            });
        }
        // A copy of the store that is being made may name what no longer has to be here.
        let _one = self
            .collecting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Before the first look at what names blobs: what is named later was held by then or is from here on.
        self.holds.begin_sweep();
        let swept = self.swept(&|digest, path| {
            let removed = self.holds.unless_met(digest, || fs::remove_file(path));
            removed.map_or(Ok(false), |removed| {
                removed.map(|()| true).map_err(|error| unlisted(&error))
            })
        });
        self.holds.end_sweep();
        swept
    }

    /// Goes through all blobs; `let_go` says of one that nothing names whether it is gone, or could be.
    fn swept(
        &self,
        let_go: &dyn Fn(&Digest, &Path) -> Result<bool, ReadError>,
    ) -> Result<SweptBlobs, ReadError> {
        let recorded = self.recorded()?;
        let mut swept = SweptBlobs::default();
        for folder in blob::folders(&self.blobs).map_err(|error| unlisted(&error))? {
            let within = blob::within(&self.blobs, &folder).map_err(|error| unlisted(&error))?;
            for (digest, bytes) in within {
                let used = recorded.contains(&digest) || self.is_used(&digest)?;
                let path = blob::path(&self.blobs, &digest).filter(|_| !used);
                if path.map_or(Ok(false), |path| let_go(&digest, &path))? {
                    swept.unused += 1;
                    swept.unused_bytes += bytes;
                } else {
                    swept.kept += 1;
                    swept.kept_bytes += bytes;
                }
            }
        }
        Ok(swept)
    }

    /// Whether a run uses a blob.
    fn is_used(&self, digest: &Digest) -> Result<bool, ReadError> {
        let scan = Scan {
            prefix: BlobUse::prefix(digest),
            limit: 1,
            ..Scan::default()
        };
        let _kept = self.keep_segments();
        Ok(!self.merged_rows(Table::BlobUse as u8, &scan)?.is_empty())
    }

    /// The blobs that recordings are in.
    fn recorded(&self) -> Result<BTreeSet<Digest>, ReadError> {
        let mut found = BTreeSet::new();
        let mut scan = Scan {
            limit: PAGE,
            ..Scan::default()
        };
        loop {
            let _kept = self.keep_segments();
            let rows = self.merged_rows(Table::Session as u8, &scan)?;
            let last = rows.last().map(|(key, _)| key.clone());
            let over = rows.len() < PAGE;
            for (key, row) in rows {
                // One that cannot be read names blobs all the same.
                let row = index::resolve(&self.segments, Table::Session as u8, &key, row)?;
                let read = serde_json::from_str(row.text());
                let session: StoredSession = read.map_err(|error| {
                    ReadError::Damaged(format!(
                        "the stored recording {key} cannot be read: {error}"
                    ))
                })?;
                found.extend([session.recording, session.normal_form]);
            }
            match last {
                Some(last) if !over => scan.after = Some(last),
                _ => return Ok(found),
            }
        }
    }
}

fn unlisted(error: &io::Error) -> ReadError {
    ReadError::of("the stored files cannot be gone through", error)
}
