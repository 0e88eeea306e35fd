//! What people change, told as events: from the line of the audit log that stands in the same batch, so that
//! no change can be made without it.

use super::Triggers;
use super::builtin::event;
use crate::runtime::{clock, starters};
use druse_engine::EventId;
use druse_storage::{Audit, Batch, Fact, Outbox, Table};
use druse_triggers::event::builtin::{Change, change_of};
use serde_json::{Map, Value, json};

impl Triggers {
    /// Adds to a batch what tells of the changes in it, where anybody wants to know; whether the batch tells
    /// anything, which it may have done already.
    pub fn tell_changes(&self, batch: &mut Batch) -> bool {
        let audits = batch.facts.iter().filter_map(audit_of);
        let changes: Vec<(Audit, &'static Change)> = audits
            .filter_map(|audit| Some((change_of(&audit.action)?, audit)))
            .map(|(change, audit)| (audit, change))
            .collect();
        let types: Vec<&'static str> = changes.iter().map(|(_, one)| one.event_type).collect();
        if types.is_empty() {
            return batch.facts.iter().any(tells);
        }
        let wanted = self.wanted_of(&types);
        let mut told = Batch::new();
        for (audit, change) in changes {
            if wanted.contains(change.event_type) {
                told = told.put(&row(&audit, change));
            }
        }
        batch.facts.extend(told.facts);
        batch.facts.iter().any(tells)
    }

    /// What was to be told has become durable with its change.
    pub fn changes_told(&self) {
        self.look_into_outbox();
    }
}

/// Whether a fact is something to be told.
fn tells(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Row {
            table: Table::Outbox,
            value: Some(_),
            ..
        }
    )
}

fn audit_of(fact: &Fact) -> Option<Audit> {
    match fact {
        Fact::Row {
            table: Table::Audit,
            value: Some(value),
            ..
        } => serde_json::from_str(value.text()).ok(),
        _ => None,
    }
}

/// The event of a change: what the audit log says of it, and never a secret, for that holds none.
fn row(audit: &Audit, change: &Change) -> Outbox {
    let mut data = match audit.details.clone() {
        Value::Object(details) => details,
        _ => Map::new(),
    };
    data.insert(change.key.into(), audit.subject.clone().into());
    data.insert("by".into(), audit.actor.clone().into());
    let source = match change.folder {
        "" => format!("/{}", audit.subject),
        folder => format!("{folder}/{}", audit.subject),
    };
    // Filters of subjects name automations, not their ids.
    let subject = match data.get("automation").and_then(Value::as_str) {
        Some(name) => name.to_owned(),
        None => audit.subject.clone(),
    };
    let id = format!("{}/{}", change.event_type, audit.nonce);
    Outbox {
        starters: starters::person(&audit.actor).into_iter().collect(),
        id: clock::new_id(EventId::from_parts),
        event: event(
            change.event_type,
            &source,
            id,
            &subject,
            audit.at,
            0,
            json!(data),
        ),
    }
}
