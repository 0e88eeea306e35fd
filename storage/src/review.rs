//! What has changed outside: versions that a person has to look at, because an answer was not as their steps rely on,
//! and changes of answers that nothing relies on.

use crate::entity::{Entity, Table};
use druse_engine::{AutomationId, Digest, RunId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A version of an automation needs review; durable together with the failure that opened it. A later one of the same
/// version takes its place, one of another version stands beside it.
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

impl Review {
    /// The key of a version's row.
    pub fn key_of(automation: AutomationId, version: u32) -> String {
        format!("{automation}/{version:010}")
    }
}

impl Entity for Review {
    const TABLE: Table = Table::Review;
    fn key(&self) -> String {
        Self::key_of(self.automation, self.version)
    }
}

/// An answer had another shape than it had where it was recorded, at a place that no later step reads. It is noted
/// once for each version and change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnreadChange {
    /// The automation.
    pub automation: AutomationId,
    /// The version that ran.
    pub version: u32,
    /// The id of the step.
    pub step: String,
    /// JSON Pointer into its output; `*` stands for each element.
    pub place: String,
    /// `missing`, `new` or `type`.
    pub kind: String,
    /// The types that it had.
    pub expected: Vec<String>,
    /// The type that it has.
    pub came: Option<String>,
    /// The same in one sentence.
    pub message: String,
    /// The first run that showed it.
    pub run: RunId,
    /// When that was noted.
    pub at: Timestamp,
}

/// The tools of MCP servers as they were when a version was activated: it calls no other ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolPins {
    /// The automation.
    pub automation: AutomationId,
    /// The version.
    pub version: u32,
    /// The tools whose server could be asked.
    pub tools: Vec<ToolPin>,
    /// When they were looked at.
    pub at: Timestamp,
}

/// A tool as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolPin {
    /// The connection of its server.
    pub connection: String,
    /// Its name.
    pub tool: String,
    /// The digest of the schema of its arguments.
    pub digest: Digest,
    /// That schema.
    pub schema: Value,
}

impl Entity for ToolPins {
    const TABLE: Table = Table::ToolPins;
    fn key(&self) -> String {
        Review::key_of(self.automation, self.version)
    }
}

impl UnreadChange {
    /// What the keys of a version's rows begin with.
    pub fn prefix_of(automation: AutomationId, version: u32) -> String {
        format!("{automation}/{version:010}/")
    }
}

impl Entity for UnreadChange {
    const TABLE: Table = Table::UnreadChange;
    fn key(&self) -> String {
        let came = self.came.as_deref().unwrap_or_default();
        let change = [&self.step, &self.place, &self.kind, came].join("\n");
        let digest = Digest::of(change.as_bytes());
        let prefix = Self::prefix_of(self.automation, self.version);
        format!("{prefix}{}", digest.hex().get(..16).unwrap_or_default())
    }
}
