//! How a run, a step or an attempt stands, and the lists that handle the end of a run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Status of a run, a step or an attempt.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not started.
    Queued,
    /// Working.
    Running,
    /// Waiting for time, a person or an event.
    Waiting,
    /// Done.
    Succeeded,
    /// Did not do it.
    Failed,
    /// A person refused.
    Rejected,
    /// Ended on request.
    Canceled,
    /// Not meant to run this time.
    Skipped,
    /// Nobody knows whether it happened.
    Uncertain,
    /// Held until a person lets it go on.
    Paused,
}

impl Status {
    /// Whether nothing more happens to it.
    pub fn is_final(self) -> bool {
        matches!(
            self,
            Self::Succeeded | Self::Failed | Self::Rejected | Self::Canceled | Self::Skipped
        )
    }

    /// The name in documents and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::Canceled => "canceled",
            Self::Skipped => "skipped",
            Self::Uncertain => "uncertain",
            Self::Paused => "paused",
        }
    }
}

/// A list of steps that begins when the run's own work is over. The order is the one they run in.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum HandlerList {
    /// What takes back the steps that succeeded.
    Undo,
    /// The document's `on_failure`.
    OnFailure,
    /// The document's `finally`.
    Finally,
}

impl HandlerList {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Undo, Self::OnFailure, Self::Finally];

    /// The name in documents and paths.
    pub fn name(self) -> &'static str {
        match self {
            Self::Undo => "undo",
            Self::OnFailure => "on_failure",
            Self::Finally => "finally",
        }
    }
}
