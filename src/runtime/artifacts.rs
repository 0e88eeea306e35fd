//! Files that attempts leave, told to their run; and the files of a run, for its attempts and for people.

use super::live::{self, LiveRun};
use super::{Engine, Inner};
use crate::artifacts::{Files, Had, Left, RunFiles};
use crate::service::{ArtifactView, RunError};
use druse_engine::event::StepPath;
use druse_engine::run::{Input, Kept, KeptArtifact, Run};
use druse_engine::{Artifact, Digest, RunId};
use druse_storage::{Batch, BlobHold};
use std::sync::{Arc, Mutex, Weak};

/// The artifacts of a live run.
struct OfRun(Weak<Inner>, RunId);

impl OfRun {
    fn live(&self) -> Option<Arc<Mutex<LiveRun>>> {
        self.0.upgrade()?.live.get(self.1)
    }
}

impl RunFiles for OfRun {
    fn had(&self) -> Had {
        let Some(live) = self.live() else {
            return Had::default();
        };
        let locked = live::lock(&live);
        let (bytes, count) = locked.run.artifacts_ever();
        Had { bytes, count }
    }

    fn find(&self, digest: &Digest) -> Option<Artifact> {
        let live = self.live()?;
        let locked = live::lock(&live);
        let mut all = locked.run.artifacts();
        let found = all.find(|(_, kept)| kept.artifact.digest == *digest);
        found.map(|(_, kept)| kept.artifact.clone())
    }
}

impl Engine {
    /// Where an attempt of a run leaves files.
    pub(super) fn files(&self, run: RunId) -> Files {
        let of = OfRun(self.0.this.clone(), run);
        let limits = self.0.actions.artifact_limits();
        Files::new(self.0.store.clone(), limits, Box::new(of))
    }

    /// An attempt has left a file: durable before the attempt's end is, and in front of it.
    pub(super) fn leave(
        &self,
        run: RunId,
        step: &StepPath,
        (number, fence): (u32, u64),
        left: Left,
    ) {
        let Some(live) = self.0.live.get(run) else {
            return;
        };
        let input = Input::Artifact {
            step: step.clone(),
            number,
            fence,
            artifact: left.artifact,
        };
        let extra = Batch::new().holding(left.hold);
        let given = self.give_locked(run, &mut live::lock(&live), input, extra);
        match given {
            Ok(way) => drop(self.settle(run, live, way)),
            // Nobody names it, so it goes with the next search for such files.
            Err(rejected) => tracing::debug!(%run, ?rejected, "an artifact came too late"),
        }
    }

    /// Holds the files that a new run keeps of an earlier one until it is durable that it does.
    pub(super) fn hold_files(&self, kept: &[Kept]) -> Result<Vec<Arc<BlobHold>>, RunError> {
        let mut holds = Vec::new();
        for kept in kept {
            let Kept::Artifact { artifact, step, .. } = kept else {
                continue;
            };
            let hold = self.0.store.hold_blob(&artifact.digest)?;
            holds.push(Arc::new(hold.ok_or_else(|| RunError::ArtifactGone {
                name: artifact.name.clone(),
                step: step.to_string(),
            })?));
        }
        Ok(holds)
    }
}

/// The artifacts of a run as callers see them, in the order in which they came.
pub(super) fn views(run: &Run) -> Vec<ArtifactView> {
    let mut all: Vec<(&StepPath, &KeptArtifact)> = run.artifacts().collect();
    all.sort_by_key(|(_, kept)| kept.at);
    all.into_iter()
        .map(|(step, kept)| ArtifactView {
            name: kept.artifact.name.clone(),
            step: step.to_string(),
            media_type: kept.artifact.media_type.clone(),
            bytes: kept.artifact.bytes,
            digest: kept.artifact.digest.clone(),
            created_at: kept.at,
            kept_from: kept.from,
        })
        .collect()
}
