//! Automations that a person has to look at, because an answer was not as their steps rely on.

use crate::entity::{Entity, Table};
use druse_engine::{AutomationId, RunId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An automation needs review; durable together with the failure that opened it. A later one takes its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Review {
    /// The automation.
    pub automation: AutomationId,
    /// The version that ran.
    pub version: u32,
    /// The run.
    pub run: RunId,
    /// The path of the step.
    pub step: String,
    /// What has changed, in one sentence.
    pub message: String,
    /// Each change: what was expected beside what came.
    pub changes: Value,
    /// When.
    pub at: Timestamp,
}

impl Entity for Review {
    const TABLE: Table = Table::Review;
    fn key(&self) -> String {
        self.automation.to_string()
    }
}
