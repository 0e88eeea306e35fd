//! What a run asks for before it works.

use crate::definition::{Concurrency, Document, Overflow};
use crate::expression::{RunFacts, Template, Values};
use crate::plan::Plan;
use crate::{Json, RunId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// What a run asks for before it works: it is written into its journal, so that a later start of the
/// process asks for the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Higher goes first.
    pub priority: i32,
    /// The key that it shares with other runs of its automation.
    pub key: Option<KeyClaim>,
}

/// A key of an automation, and how many runs may have it at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyClaim {
    /// The key, rendered.
    pub key: String,
    /// How many at once.
    pub limit: u32,
    /// What becomes of a run that does not get a slot at once.
    pub overflow: Overflow,
    /// Whether a run keeps its slot while it waits.
    pub hold: bool,
}

/// Why a key cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the concurrency key cannot be told: {0}")]
pub struct NoKey(pub String);

impl Claim {
    /// The claim of a run of a plan: the document's, with the priority that the start gave, if it did.
    ///
    /// # Errors
    /// When the key's expression has no value.
    pub fn of(
        plan: &Plan,
        run: RunId,
        inputs: &Json,
        trigger: &Json,
        at: Timestamp,
        scheduled_at: Option<Timestamp>,
        priority: Option<i32>,
    ) -> Result<Self, NoKey> {
        let facts = RunFacts {
            id: run,
            started_at: at,
            scheduled_at,
        };
        let key = match &plan.concurrency {
            None => None,
            Some((template, limit)) => Some(key(template, limit, inputs, trigger, facts)?),
        };
        Ok(Self {
            priority: priority.unwrap_or_else(|| priority_of(&plan.document)),
            key,
        })
    }
}

fn priority_of(document: &Document) -> i32 {
    document.priority.unwrap_or_default()
}

fn key(
    template: &Template,
    limit: &Concurrency,
    inputs: &Json,
    trigger: &Json,
    run: RunFacts,
) -> Result<KeyClaim, NoKey> {
    let values = Arc::new(Values {
        inputs: inputs.clone(),
        trigger: trigger.clone(),
        run,
        frames: Vec::new(),
        loops: Vec::new(),
    });
    let key = template
        .render(&values)
        .map_err(|error| NoKey(error.to_string()))?;
    Ok(KeyClaim {
        key: match key.value() {
            Value::String(text) => text.clone(),
            _ => key.text().to_owned(),
        },
        limit: limit.limit.max(1),
        overflow: limit.overflow,
        hold: limit.hold_while_waiting,
    })
}
