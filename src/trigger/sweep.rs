//! Claims of deliveries and events are forgotten once they are too old to tell a repetition, and events
//! once they are older than events are kept.

use super::Triggers;
use super::registry::Kind;
use crate::service::RunError;
use druse_engine::TriggerId;
use druse_storage::{Backfill, Batch, Entity, Firing, FiringKey, Held, Scan, StoreExt, Window};
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
            if let Err(error) = self.sweep_removed().await {
                tracing::warn!(%error, "what removed triggers left behind could not be forgotten");
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

    /// Forgets what triggers have left behind that were removed with their automation: nobody can ask for it
    /// any more.
    pub(super) async fn sweep_removed(&self) -> Result<(), RunError> {
        self.sweep_rows_of_removed(|row: &Firing| Some(row.trigger))
            .await?;
        self.sweep_rows_of_removed(|row: &FiringKey| Some(row.trigger))
            .await?;
        self.sweep_rows_of_removed(|row: &Backfill| Some(row.trigger))
            .await?;
        self.sweep_rows_of_removed(|row: &Window| Some(row.trigger))
            .await?;
        let of_window = |row: &Held| row.window.split('/').next()?.parse().ok();
        self.sweep_rows_of_removed(of_window).await
    }

    /// Looks at one row of each trigger, and removes all of those that are no more.
    async fn sweep_rows_of_removed<E: Entity>(
        &self,
        trigger: impl Fn(&E) -> Option<TriggerId>,
    ) -> Result<(), RunError> {
        let mut after = None;
        loop {
            let first: Vec<E> = self.store().scan(&Scan {
                after: after.take(),
                limit: 1,
                ..Scan::default()
            })?;
            let Some(id) = first.first().and_then(&trigger) else {
                return Ok(());
            };
            while !self.is_known(id) {
                let page: Vec<E> = self.store().scan(&Scan {
                    prefix: format!("{id}/"),
                    limit: PAGE,
                    ..Scan::default()
                })?;
                if page.is_empty() {
                    break;
                }
                let gone = page
                    .iter()
                    .fold(Batch::new(), |batch, row| batch.remove::<E>(row.key()));
                self.append(gone).await?;
            }
            // Behind all of its rows: `0` follows `/`.
            after = Some(format!("{id}0"));
        }
    }
}
