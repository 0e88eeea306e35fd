//! The files of runs: what they take, and that they go when nothing needs them any more.

use super::{PAGE, Sweep};
use crate::service::Problem;
use druse_engine::event::RunEvent;
use druse_engine::{ApprovalId, Digest, RunId};
use druse_storage::{BlobUse, Entity as _, ReadError, Scan, StoreExt as _};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often unused files are looked for when nothing says that there are any.
const EVERY: Duration = Duration::from_secs(3_600);

/// When unused files were looked for.
#[derive(Debug, Default)]
pub(super) struct Searched(Mutex<Option<Instant>>);

impl Searched {
    /// There may be some.
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether it is time to look; then they count as looked for.
    fn is_due(&self, all: bool) -> bool {
        let mut at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = all || at.is_none_or(|at| at.elapsed() >= EVERY);
        if due {
            *at = Some(Instant::now());
        }
        due
    }
}

/// What goes with a run.
#[derive(Debug, Default)]
pub(super) struct LeftBehind {
    /// All that its gates have asked: those that were sent back or are void, too.
    pub(super) approvals: Vec<ApprovalId>,
    /// The files that it uses, with their bytes.
    pub(super) files: BTreeMap<Digest, u64>,
}

impl Sweep<'_> {
    /// What goes with a run; nothing where that cannot be read just now, so that the run has to stay.
    pub(super) fn left_behind(&self, run: RunId) -> Option<LeftBehind> {
        let mut left = LeftBehind::default();
        let entries = match self.store().run_entries(run, 0, usize::MAX) {
            Ok(entries) => entries,
            // The files of a damaged run are found later, by the rows that name them.
            Err(ReadError::Damaged(_)) => Vec::new(),
            Err(_) => return None,
        };
        for entry in entries {
            match entry.event {
                RunEvent::ApprovalRequested { request, .. } => {
                    left.approvals.push(request.approval)
                }
                RunEvent::ArtifactKept { artifact, .. } => {
                    left.files.insert(artifact.digest, artifact.bytes);
                }
                _ => {}
            }
        }
        Some(left)
    }

    /// The bytes of those of these files that no other runs use.
    pub(super) fn freed_by(
        &self,
        files: &BTreeMap<Digest, u64>,
        leaving: &BTreeSet<RunId>,
    ) -> Result<u64, Problem> {
        let mut freed = 0;
        for (digest, bytes) in files {
            let users: Vec<BlobUse> = self.store().scan(&Scan {
                prefix: BlobUse::prefix(digest),
                limit: leaving.len() + 1,
                ..Scan::default()
            })?;
            if users.iter().all(|user| leaving.contains(&user.run)) {
                freed += bytes;
            }
        }
        Ok(freed)
    }

    /// Bytes of all files that runs use.
    pub(super) fn file_bytes(&self) -> Result<u64, Problem> {
        let mut bytes = 0;
        let mut last: Option<Digest> = None;
        let mut scan = Scan {
            limit: PAGE,
            ..Scan::default()
        };
        loop {
            let rows: Vec<BlobUse> = self.store().scan(&scan)?;
            for row in &rows {
                // Those of one file stand together.
                if last.as_ref() != Some(&row.digest) {
                    bytes += row.bytes;
                    last = Some(row.digest.clone());
                }
            }
            match rows.last() {
                Some(row) if rows.len() == PAGE => scan.after = Some(row.key()),
                _ => return Ok(bytes),
            }
        }
    }

    /// Removes the files that nothing needs any more.
    pub(super) fn files(&mut self, all: bool) -> Result<(), Problem> {
        if !self.app.keeper.searched.is_due(all) {
            return Ok(());
        }
        self.uses_of_nobody()?;
        let found = self.store().sweep_blobs(true)?;
        if !found.damaged {
            self.swept.files = found.unused;
            self.swept.file_bytes = found.unused_bytes;
        }
        Ok(())
    }

    /// Uses by runs that have left: of a run whose journal could not be read when it did.
    fn uses_of_nobody(&mut self) -> Result<(), Problem> {
        let store = self.app.store.clone();
        self.prune("", move |used: &BlobUse| {
            store.run_head(used.run).is_ok_and(|head| head.is_none())
        })
    }
}
