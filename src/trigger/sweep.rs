//! Claims of deliveries and events are forgotten once they are too old to tell a repetition, and events
//! once they are older than events are kept.

use super::Triggers;
use super::registry::Kind;
use crate::service::RunError;
use druse_storage::{Batch, Entity, FiringKey, Scan, StoreExt};
use druse_triggers::webhook::REMEMBERED;
use std::time::Duration;

/// How often.
const EVERY: Duration = Duration::from_secs(3_600);

/// How many are looked at, and forgotten, at once.
const PAGE: usize = 500;

impl Triggers {
    /// Forgets what is old until [`Triggers::close`].
    pub(super) async fn keep_swept(self) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = self.0.closing.cancelled() => return,
            }
            if let Err(error) = self.sweep().await {
                tracing::warn!(%error, "old claims could not be forgotten");
            }
            if let Err(error) = self.sweep_seen().await {
                tracing::warn!(%error, "what was seen long ago could not be forgotten");
            }
            if let Err(error) = self.sweep_events().await {
                tracing::warn!(%error, "old events could not be forgotten");
            }
        }
    }

    /// Forgets claims that are older than a week. Those of scheduled times stay: they tell which times
    /// a backfill has to make up for, and keep a clock that goes back from firing one twice.
    pub(super) async fn sweep(&self) -> Result<(), RunError> {
        let now = self.now();
        for armed in self.those(|armed| !matches!(armed.kind, Kind::Schedule { .. })) {
            let mut after = None;
            loop {
                let page: Vec<FiringKey> = self.store().scan(&Scan {
                    prefix: format!("{}/", armed.row.id),
                    after: after.take(),
                    limit: PAGE,
                    ..Scan::default()
                })?;
                let Some(last) = page.last() else { break };
                after = Some(last.key());
                let old = page.iter().filter(|key| now.since(key.at) > REMEMBERED);
                let gone = old.fold(Batch::new(), |batch, key| {
                    batch.remove::<FiringKey>(key.key())
                });
                if !gone.facts.is_empty() {
                    self.append(gone).await?;
                }
            }
        }
        Ok(())
    }
}
