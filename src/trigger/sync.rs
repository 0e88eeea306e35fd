//! The rows of an automation's triggers, when a version becomes active or none is any more.

use super::registry::all_rows;
use super::Triggers;
use crate::runtime::clock;
use druse_engine::definition::{Document, Trigger as Definition};
use druse_engine::{AutomationId, Timestamp, TriggerId};
use druse_storage::{Batch, HookAddress, ReadError, Store, Trigger, TriggerStatus};
use std::collections::BTreeMap;
use tokio::sync::OwnedMutexGuard;

/// The rows that make the triggers of a document those of its automation, or switch all of them off.
/// A trigger keeps its id and its address over versions by its name. One that was paused stays so.
///
/// Whoever writes them holds what [`Triggers::change`] gives.
///
/// # Errors
/// When the present rows cannot be read.
pub fn rows(
    store: &dyn Store,
    automation: AutomationId,
    document: &Document,
    now: Timestamp,
    active: bool,
) -> Result<Batch, ReadError> {
    let mut known: BTreeMap<String, Trigger> = all_rows(store)?
        .into_iter()
        .filter(|row| row.automation == automation)
        .map(|row| (row.name.clone(), row))
        .collect();
    let mut batch = Batch::new();
    if active {
        for definition in &document.triggers {
            let before = known.remove(&definition.id);
            batch = switched_on(batch, automation, definition, before, now);
        }
    }
    for (_, mut row) in known {
        if row.status != TriggerStatus::Inactive {
            // A reason that is kept tells that it was paused.
            row.status = TriggerStatus::Inactive;
            batch = batch.put(&row);
        }
    }
    Ok(batch)
}

fn switched_on(
    mut batch: Batch,
    automation: AutomationId,
    definition: &Definition,
    before: Option<Trigger>,
    now: Timestamp,
) -> Batch {
    let written = serde_json::to_value(definition).unwrap_or_default();
    let mut row = before.unwrap_or_else(|| Trigger {
        id: clock::new_id(TriggerId::from_parts),
        automation,
        name: definition.id.clone(),
        definition: serde_json::Value::Null,
        status: TriggerStatus::Inactive,
        token: None,
        since: now,
        last_scheduled: None,
        reason: None,
    });
    // While the same schedule stays on, no time is lost between two versions.
    if row.status != TriggerStatus::Active || row.definition["schedule"] != written["schedule"] {
        row.since = now;
    }
    row.status = match row.reason {
        Some(_) => TriggerStatus::Paused,
        None => TriggerStatus::Active,
    };
    row.definition = written;
    if definition.webhook.is_some() {
        let token = row
            .token
            .get_or_insert_with(|| druse_triggers::address::token(clock::random()));
        if let Some(digest) = druse_triggers::address::digest(token) {
            batch = batch.put(&HookAddress {
                digest,
                trigger: row.id,
            });
        }
    } else if let Some(digest) = row.token.take().and_then(|token| druse_triggers::address::digest(&token)) {
        batch = batch.remove::<HookAddress>(digest.to_string());
    }
    batch.put(&row)
}

/// A change of an automation's triggers that is being written: no schedule writes their rows meanwhile.
#[must_use = "the change counts when it is written and done"]
pub struct Change {
    /// The rows, to be written together with the automation's own.
    pub batch: Batch,
    automation: AutomationId,
    triggers: Triggers,
    _held: OwnedMutexGuard<()>,
}

impl Change {
    /// Takes the written rows into use. To be called when they are durable; a change that is dropped
    /// was not made.
    ///
    /// # Errors
    /// When the rows cannot be read.
    pub fn done(self) -> Result<(), ReadError> {
        self.triggers.refresh(self.automation)
    }
}

impl Triggers {
    /// Begins a change of an automation's triggers: to those of the document, or with `active` false
    /// to none.
    ///
    /// # Errors
    /// When the present rows cannot be read.
    pub async fn change(
        &self,
        automation: AutomationId,
        document: &Document,
        active: bool,
    ) -> Result<Change, ReadError> {
        let held = self.0.writing.clone().lock_owned().await;
        let batch = rows(self.store(), automation, document, clock::now(), active)?;
        Ok(Change {
            batch,
            automation,
            triggers: self.clone(),
            _held: held,
        })
    }
}
