//! The rows of triggers that look by themselves: where each stands, and what it has seen.

use crate::entity::{Entity, Table};
use druse_engine::{Digest, Timestamp, TriggerId};
use druse_triggers::folder::Known;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where a trigger stands that looks at a folder, or at what a service or a database answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lookout {
    /// Whose.
    pub trigger: TriggerId,
    /// What it looks at: when that is another, it begins anew.
    pub identity: Digest,
    /// Whether what was there at first has been seen: what comes from then on starts runs.
    pub begun: bool,
    /// Where the next answer goes on.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub cursor: Value,
    /// How often in a row it could not look.
    #[serde(default)]
    pub failures: u32,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    /// Why, the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Whether that was told as an event.
    #[serde(default)]
    pub told: bool,
    /// Not before this: it waits after a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// When it last had an answer, to the day: what was not in one for long is counted from then. None of a row
    /// that an older Druse wrote, until the next answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Timestamp>,
}

impl Lookout {
    /// One that has not looked yet.
    pub fn new(trigger: TriggerId, identity: Digest) -> Self {
        Self {
            trigger,
            identity,
            begun: false,
            cursor: Value::Null,
            failures: 0,
            failing_since: None,
            error: None,
            told: false,
            not_before: None,
            answered_at: None,
        }
    }
}

impl Entity for Lookout {
    const TABLE: Table = Table::Lookout;
    fn key(&self) -> String {
        self.trigger.to_string()
    }
}

/// A file that was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeenFile {
    /// By whom.
    pub trigger: TriggerId,
    /// Its path below the connection's folder.
    pub path: String,
    /// What is known of it.
    #[serde(flatten)]
    pub known: Known,
}

impl SeenFile {
    /// The key of a file.
    pub fn key_of(trigger: TriggerId, path: &str) -> String {
        format!("{trigger}/{path}")
    }
}

impl Entity for SeenFile {
    const TABLE: Table = Table::SeenFile;
    fn key(&self) -> String {
        Self::key_of(self.trigger, &self.path)
    }
}

/// An item that was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeenItem {
    /// By whom.
    pub trigger: TriggerId,
    /// SHA-256 of its key.
    pub digest: Digest,
    /// When it was in an answer, to the day.
    pub at: Timestamp,
}

impl SeenItem {
    /// The key of an item.
    pub fn key_of(trigger: TriggerId, digest: &Digest) -> String {
        format!("{trigger}/{digest}")
    }
}

impl Entity for SeenItem {
    const TABLE: Table = Table::SeenItem;
    fn key(&self) -> String {
        Self::key_of(self.trigger, &self.digest)
    }
}
