//! The rows of an automation's triggers, when a version becomes active or none is any more.

use super::Triggers;
use super::files::begins_anew;
use crate::runtime::clock;
use druse_engine::definition::{Document, Trigger as Definition};
use druse_engine::{AutomationId, Timestamp, TriggerId};
use druse_storage::{
    Batch, HookAddress, Lookout, ReadError, Store, StoreExt, Trigger, TriggerStatus,
};
use std::collections::BTreeMap;
use tokio::sync::OwnedRwLockWriteGuard;

/// The rows that make the triggers of a document those of its automation, or without one switch all off.
/// A trigger keeps its id and its address over versions by its name. One that was paused stays so.
///
/// `present` are the rows that it has, see [`Triggers::rows_of`]. Whoever writes them holds [`Triggers::hold`] until [`Triggers::refresh`].
///
/// # Errors
/// When the present rows cannot be read.
pub fn rows(
    store: &dyn Store,
    automation: AutomationId,
    present: Vec<Trigger>,
    document: Option<&Document>,
    now: Timestamp,
) -> Result<Batch, ReadError> {
    let present = present.into_iter().map(|row| (row.name.clone(), row));
    let mut known: BTreeMap<String, Trigger> = present.collect();
    let mut batch = Batch::new();
    for definition in document.into_iter().flat_map(|document| &document.triggers) {
        let before = known.remove(&definition.id);
        batch = switched_on(batch, automation, definition, before, now);
    }
    for (_, mut row) in known {
        if row.status != TriggerStatus::Inactive {
            // A reason that is kept tells that it was paused.
            row.status = TriggerStatus::Inactive;
            batch = batch.put(&row);
            let lookout: Option<Lookout> = store.get(&row.id.to_string())?;
            if let Some(lookout) = lookout {
                batch = batch.put(&begins_anew(lookout));
            }
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
        let is_new = row.token.is_none();
        let token = row
            .token
            .get_or_insert_with(|| druse_triggers::address::token(clock::random()));
        if let Some(digest) = druse_triggers::address::digest(token) {
            let address = HookAddress {
                digest,
                trigger: row.id,
            };
            // A new address is claimed: no two triggers ever share one.
            batch = match is_new {
                true => batch.claim(&address),
                false => batch.put(&address),
            };
        }
    } else if let Some(digest) = row
        .token
        .take()
        .and_then(|token| druse_triggers::address::digest(&token))
    {
        batch = batch.remove::<HookAddress>(digest.to_string());
    }
    batch.put(&row)
}

impl Triggers {
    /// Held over the reading of triggers' rows, their change and [`Triggers::refresh`]: no schedule writes
    /// them meanwhile.
    pub async fn hold(&self) -> OwnedRwLockWriteGuard<()> {
        self.0.writing.clone().write_owned().await
    }
}
