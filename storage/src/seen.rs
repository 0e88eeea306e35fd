//! Failed runs that a person has seen.

use crate::entity::{Entity, Table};
use druse_engine::{RunId, Timestamp};
use serde::{Deserialize, Serialize};

/// A person has seen that a run failed, and nothing more is to be done about it. The run stays as it is. It goes with
/// the run when that leaves the history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeenRun {
    /// The run.
    pub run: RunId,
    /// Who: `user:<name>`.
    pub by: String,
    /// Why nothing more is done about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
}

impl Entity for SeenRun {
    const TABLE: Table = Table::SeenRun;
    fn key(&self) -> String {
        self.run.to_string()
    }
}
