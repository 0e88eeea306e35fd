//! What a run is told, what it asks for, and what it refuses.

use crate::event::{Decision, Outcome, StepPath};
use crate::plan::ActionKind;
use crate::{ApprovalId, Json, Span, Timestamp};

/// Something that a run is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// An attempt ended.
    Finished {
        /// The step.
        step: StepPath,
        /// The attempt's number, as its effect said.
        number: u32,
        /// The attempt's fence, as its effect said.
        fence: u64,
        /// How it ended.
        outcome: Outcome,
    },
    /// Time has passed.
    Tick,
    /// A person answered a gate. Who may do so was checked before.
    Decide {
        /// The gate in this run.
        approval: ApprovalId,
        /// The answer.
        decision: Decision,
    },
    /// Somebody wants the run to end.
    Cancel {
        /// Who.
        by: String,
        /// Why.
        reason: Option<String>,
    },
    /// The process began anew: every attempt that was running is interrupted. A step with
    /// `at_least_once` starts again with the same key, one with `at_most_once` becomes uncertain.
    Recover {
        /// Whether the attempt that this run had running was the only one of the whole process. Only
        /// then does the death of the process count against it; three such deaths in a row
        /// quarantine the step.
        alone: bool,
    },
    /// A person found out what became of an uncertain step.
    ResolveUncertain {
        /// The step.
        step: StepPath,
        /// What became of it.
        resolution: Resolution,
        /// Who.
        by: String,
        /// How they know.
        reason: Option<String>,
    },
}

/// What became of an uncertain step.
#[derive(Debug, Clone, PartialEq)]
pub enum Resolution {
    /// It happened; the output is what later steps read.
    Happened {
        /// Its output.
        output: Json,
    },
    /// It did not happen: it is started again, with the same key.
    Again,
    /// It is given up: the step fails.
    Failed {
        /// Why, in one sentence.
        message: String,
    },
}

/// Something that must be in force now.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// An attempt must be running. One that is no longer listed must be stopped.
    Attempt {
        /// The step.
        step: StepPath,
        /// Numbered from 1.
        number: u32,
        /// Goes up with every attempt of the run; the answer must carry it.
        fence: u64,
        /// What to do.
        kind: ActionKind,
        /// The rendered configuration; secrets still stand in it as `{{ secrets.NAME }}`.
        input: Json,
        /// The secrets that may be filled in.
        secrets: Vec<String>,
        /// Time limit of one attempt as the document gives it.
        timeout: Option<Span>,
        /// Equal over all attempts of the step.
        idempotency_key: String,
        /// When its time runs out; the run notes that by itself at the next tick.
        deadline: Option<Timestamp>,
    },
}

/// Why an input changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// The attempt is not the one that runs: it was answered, replaced or canceled.
    #[error("this attempt is not the one that runs")]
    StaleAttempt,
    /// The run has ended.
    #[error("the run is over")]
    AlreadyOver,
    /// The run has no such approval.
    #[error("the run has no such approval")]
    UnknownApproval,
    /// The gate has ended; the status is `approved`, `rejected`, `expired` or `canceled`.
    #[error("the approval is already {}", status.name())]
    AlreadyDecided {
        /// How it ended.
        status: GateStatus,
    },
    /// This person has answered this gate already, and it needs somebody else.
    #[error("{by} has already answered; this approval needs another person")]
    AlreadyVoted {
        /// Who.
        by: String,
    },
    /// There is no such step, or it is not uncertain.
    #[error("this step does not wait to be resolved")]
    NotUncertain,
    /// It says more than can be written down.
    #[error("this is more than can be kept")]
    TooLarge,
    /// It is understood but not done by this version.
    #[error("{what} is not supported yet")]
    NotSupportedYet {
        /// What.
        what: &'static str,
    },
}

impl Rejected {
    /// Stable, snake_case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::StaleAttempt => "stale_attempt",
            Self::AlreadyOver => "already_over",
            Self::UnknownApproval => "unknown_approval",
            Self::AlreadyDecided { .. } => "already_decided",
            Self::AlreadyVoted { .. } => "already_voted",
            Self::NotUncertain => "not_uncertain",
            Self::TooLarge => "too_large",
            Self::NotSupportedYet { .. } => "not_supported_yet",
        }
    }
}

/// How a gate stands.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum GateStatus {
    /// It waits.
    Pending,
    /// Enough people approved, or its time ran out and `on_timeout` says approve.
    Approved,
    /// Somebody rejected.
    Rejected,
    /// Its time ran out.
    Expired,
    /// The run ended first.
    Canceled,
}

impl GateStatus {
    /// The name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Canceled => "canceled",
        }
    }
}
