//! Events about artifacts, and the use of one.

use super::common::{numbered, run, start};
use druse_engine::{
    Artifact, Digest, RunId,
    event::{Entry, RunEvent, StepPath},
};
use druse_storage::{Batch, BlobUse, Store, embedded::Embedded};
use std::sync::Arc;

/// What is in an artifact.
pub(super) const ARTIFACT: &[u8] = b"pdf";

pub(super) fn entries() -> Vec<Entry> {
    let kept = |from: Option<RunId>| RunEvent::ArtifactKept {
        step: StepPath::from("each[1].render"),
        artifact: Artifact {
            name: "report.pdf".into(),
            media_type: "application/pdf".into(),
            bytes: 3,
            digest: Digest::of(ARTIFACT),
        },
        from,
    };
    let events = vec![
        RunEvent::Created(Box::new(start())),
        kept(Some(run())),
        kept(None),
    ];
    numbered(events)
}

/// The bytes and their use, to be written with the events.
pub(super) fn add(store: &Embedded, batch: Batch) -> Batch {
    let hold = Arc::new(store.put_blob(ARTIFACT).unwrap());
    let used = BlobUse {
        digest: hold.digest().clone(),
        run: run(),
        bytes: hold.bytes(),
    };
    batch.put(&used).holding(hold)
}
