//! What is to be known of the rates of connections when the process begins anew.

use crate::entity::{Entity, Table};
use druse_engine::{RunId, Timestamp};
use serde::{Deserialize, Serialize};

/// An attempt began over a connection with a rate; durable together with that fact, so that runs of which
/// the history is gone still count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateStart {
    /// The connection.
    pub connection: String,
    /// Goes up with every start over any connection.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// The run.
    pub run: RunId,
    /// The path of the step.
    pub step: String,
}

impl RateStart {
    /// The key of one of a connection.
    pub fn key_of(connection: &str, number: u64) -> String {
        format!("{connection}/{number:020}")
    }
}

impl Entity for RateStart {
    const TABLE: Table = Table::RateStart;
    fn key(&self) -> String {
        Self::key_of(&self.connection, self.number)
    }
}

/// The other side of a connection asked to wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateHold {
    /// The connection.
    pub connection: String,
    /// Until when.
    pub until: Timestamp,
    /// Who was told so.
    pub run: RunId,
    /// The path of the step that was.
    pub step: String,
}

impl Entity for RateHold {
    const TABLE: Table = Table::RateHold;
    fn key(&self) -> String {
        self.connection.clone()
    }
}
