//! How a run begins.

use crate::{AutomationId, Digest, Json, RunId, Timestamp};
use serde::{Deserialize, Serialize};

/// Where a cause names those before whoever started the run itself.
const STARTERS: &str = "starters";

/// How a run began: what its `Created` fact carries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// The run.
    pub run: RunId,
    /// The automation; absent for a document that was run from a file without being stored.
    pub automation: Option<AutomationId>,
    /// Its name.
    pub name: String,
    /// The version's number; 0 for a document that was never stored.
    pub version: u32,
    /// The version's digest.
    pub digest: Digest,
    /// `{kind: manual|schedule|webhook|event|automation|retry, …}`.
    pub cause: Json,
    /// `user:<name>`, `trigger:<id>` or `run:<id>`: who is asked when a gate excludes the starter.
    pub started_by: String,
    /// The inputs, checked and with their defaults.
    pub inputs: Json,
    /// What expressions see as `trigger`.
    pub trigger: Json,
    /// The logical time, where a schedule gave one.
    pub scheduled_at: Option<Timestamp>,
    /// The first run of a chain of retries: idempotency keys are made of it.
    pub root: RunId,
    /// Depth of automations that start automations.
    pub depth: u32,
}

impl Start {
    /// Who began what led to it: people (`user:<name>`) and what acted for them, the first ones first, and who
    /// started the run itself at the end.
    pub fn starters(&self) -> Vec<&str> {
        let cause = self.cause.value();
        let earlier = cause[STARTERS].as_array().into_iter().flatten();
        let first = (cause["kind"] == "automation")
            .then(|| cause["started_by"].as_str())
            .flatten();
        let earlier = earlier.filter_map(|starter| starter.as_str());
        first
            .into_iter()
            .chain(earlier)
            .chain([self.started_by.as_str()])
            .collect()
    }
}
