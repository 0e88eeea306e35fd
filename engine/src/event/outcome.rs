//! How attempts and steps end.

use super::Status;
use crate::Json;
use crate::definition::FailureClass;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A failure of an attempt, a step or a run, as people and handlers see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// The class decides about retries.
    pub class: FailureClass,
    /// Stable, snake_case.
    pub code: String,
    /// One sentence, without internals and secrets.
    pub message: String,
    /// What a machine may want: status codes, exit codes, limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Json>,
}

impl Failure {
    /// A failure without details.
    pub fn new(class: FailureClass, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            class,
            code: code.into(),
            message: message.into(),
            details: None,
        }
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outcome {
    /// With an output.
    Succeeded {
        /// What it gave.
        output: Json,
    },
    /// With a failure; `retry_after` is the wait that the other side asked for.
    Failed {
        /// The failure.
        failure: Failure,
        /// Milliseconds that the other side asked to wait.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
    },
}

/// Why a step did not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SkipReason {
    /// Its own `when` did not hold.
    When,
    /// A needed step ended in a way that its join does not take.
    Need {
        /// The needed step.
        step: String,
        /// How that one ended.
        status: Status,
    },
    /// The needed switch took another case.
    Case {
        /// The switch.
        step: String,
        /// The case that was taken, if any.
        taken: Option<String>,
    },
    /// The run had failed or was canceled before it began.
    RunEnding,
}

/// What the check of an uncertain step says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Probed {
    /// The step happened.
    Happened,
    /// It did not: it is tried again, where its retries allow.
    NotHappened,
    /// It does not know: a person must find out.
    Unknown,
}
