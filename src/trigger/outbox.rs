//! What happened inside becomes an event: the wish to tell is durable together with what happened, and is
//! taken out together with the event, so that each is told once whatever happens in between.

use super::Triggers;
use super::builtin::event;
use super::registry::Armed;
use crate::runtime::{clock, starters};
use crate::service::RunError;
use druse_engine::{EventId, Timestamp};
use druse_storage::{Batch, Entity, Outbox, Scan, StoreExt};
use druse_triggers::event::read_one;
use futures_util::{StreamExt as _, stream};
use serde_json::Value;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How many are read, and how many are published, at once.
const PAGE: usize = 200;
const AT_ONCE: usize = 32;

/// The wait after which what could not be told is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// The row that tells something, to become durable together with it. Whoever `data` names with `by` is behind it.
pub fn announcement(
    event_type: &str,
    source: &str,
    subject: &str,
    at: Timestamp,
    data: Value,
) -> Batch {
    let id = clock::new_id(EventId::from_parts);
    let starters = data["by"].as_str().and_then(starters::person);
    let value = event(event_type, source, id.to_string(), subject, at, 0, data);
    Batch::new().put(&Outbox {
        id,
        event: value,
        starters: starters.into_iter().collect(),
    })
}

impl Triggers {
    /// The row that tells something about a trigger. Its name is the subject.
    pub(super) fn announce(&self, event_type: &str, armed: &Armed, mut data: Value) -> Batch {
        data["trigger_id"] = serde_json::json!(armed.row.id);
        data["trigger"] = armed.row.name.clone().into();
        data["automation_id"] = serde_json::json!(armed.row.automation);
        let source = format!("/triggers/{}", armed.row.id);
        announcement(event_type, &source, &armed.row.name, self.now(), data)
    }

    /// Makes rows durable together with what tells of them.
    pub(super) async fn append_announced(
        &self,
        mut batch: Batch,
        announced: Batch,
    ) -> Result<(), RunError> {
        batch.facts.extend(announced.facts);
        self.append(batch).await?;
        self.look_into_outbox();
        Ok(())
    }

    /// Something to be told has become durable.
    pub(super) fn look_into_outbox(&self) {
        self.0.outbox.store(true, Ordering::Release);
        self.0.told.notify_one();
    }

    /// Publishes what is to be told until [`Triggers::close`].
    pub(super) async fn keep_outbox(self) {
        loop {
            self.publish_outbox().await;
            // What could not be told is tried again after a while.
            let again = self.0.outbox.load(Ordering::Acquire);
            tokio::select! {
                () = self.0.told.notified(), if !again => {}
                () = tokio::time::sleep(AGAIN), if again => {}
                () = self.0.closing.cancelled() => return,
            }
        }
    }

    /// Publishes what is to be told.
    pub(super) async fn publish_outbox(&self) {
        while self.0.outbox.swap(false, Ordering::AcqRel) {
            let page: Vec<Outbox> = match self.store().scan(&Scan {
                limit: PAGE,
                ..Scan::default()
            }) {
                Ok(page) => page,
                Err(error) => {
                    tracing::error!(%error, "what is to be told cannot be read");
                    self.0.outbox.store(true, Ordering::Release);
                    return;
                }
            };
            let full = page.len() == PAGE;
            let told = stream::iter(page).map(|row| self.publish_row(row));
            let told: Vec<bool> = told.buffer_unordered(AT_ONCE).collect().await;
            if told.contains(&false) {
                self.0.outbox.store(true, Ordering::Release);
                return;
            }
            if full {
                self.0.outbox.store(true, Ordering::Release);
            }
        }
    }

    /// Publishes one; whether it is told.
    async fn publish_row(&self, row: Outbox) -> bool {
        let gone = Batch::new().remove::<Outbox>(row.key());
        let done = match read_one(row.event) {
            Ok(event) => match self.take_in(event, row.starters, gone.clone()).await {
                Ok(published) if published.duplicate => self.append(gone).await,
                Ok(_) => Ok(()),
                Err(error) => Err(error),
            },
            Err(error) => {
                tracing::error!(row = %row.id, %error, "what was to be told is no event");
                self.append(gone).await
            }
        };
        if let Err(error) = &done {
            tracing::warn!(row = %row.id, %error, "something could not be told and is tried again");
        }
        done.is_ok()
    }
}
