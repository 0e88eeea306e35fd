//! What a run is told, what it asks for, and what it refuses.

use super::hear::Heard;
use crate::event::{Change, Decision, Failure, Outcome, StepPath};
use crate::flow::Claim;
use crate::plan::{ActionKind, Plan, SecretPlace};
use crate::{ApprovalId, Artifact, Finding, Json, Span, Timestamp};
use std::sync::Arc;

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
    /// An attempt succeeded, and what is kept of its output is not all as it came: it is judged as it came.
    Answered {
        /// The step.
        step: StepPath,
        /// The attempt's number, as its effect said.
        number: u32,
        /// The attempt's fence, as its effect said.
        fence: u64,
        /// What is kept of it.
        output: Json,
        /// It as it came; no fact holds it.
        clear: Json,
    },
    /// An attempt has left a file. Told before its end.
    Artifact {
        /// The step.
        step: StepPath,
        /// The attempt's number, as its effect said.
        number: u32,
        /// The attempt's fence, as its effect said.
        fence: u64,
        /// The file.
        artifact: Artifact,
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
    /// Others are to be asked in the place of those who are asked now. Who may say so was checked before.
    Reassign {
        /// The gate in this run.
        approval: ApprovalId,
        /// Who is asked from now on: `user:<name>` or `role:<role>`.
        approvers: Vec<String>,
        /// Who says so.
        by: String,
        /// Why.
        reason: Option<String>,
    },
    /// Somebody was told of a gate, or could not be.
    Notified {
        /// The gate in this run.
        approval: ApprovalId,
        /// The number of the notice, as [`super::Notice`] said.
        notice: u32,
        /// Which action of the gate's `notify`.
        index: u32,
        /// How often it was tried.
        attempts: u32,
        /// Why it did not work, if it did not.
        failure: Option<Failure>,
    },
    /// Somebody wants the run to end. The first time its own work ends and `finally` runs; when handlers
    /// run already, they go on. The second time handlers end too.
    Cancel {
        /// Who.
        by: String,
        /// Why.
        reason: Option<String>,
    },
    /// Somebody wants nothing new to start. A run that is paused already stays so.
    Pause {
        /// Who.
        by: String,
        /// Why.
        reason: Option<String>,
    },
    /// Somebody lets the run go on, and with it the steps that failed under `on_error: pause`. A run that
    /// is not held goes on as it is.
    Resume {
        /// Who.
        by: String,
        /// Why.
        reason: Option<String>,
        /// Of the steps that wait only this one.
        step: Option<StepPath>,
        /// What becomes of the steps that wait.
        answer: ResumeAnswer,
    },
    /// The process began anew: every attempt that was running is interrupted. A step with
    /// `at_least_once` starts again with the same key, one with `at_most_once` becomes uncertain.
    Recover {
        /// Whether the attempt that this run had running was the only one of the whole process. Only
        /// then does the death of the process count against it; three such deaths in a row
        /// quarantine the step.
        alone: bool,
    },
    /// As [`Input::Recover`], and this attempt was the only one at work when the process died, whatever
    /// else had been started: all others were held back. Its death counts against it.
    Died {
        /// The step whose attempt it was.
        step: StepPath,
    },
    /// It is to wait for its turn from now on, as if it had been queued from the start.
    Claim {
        /// What it asks for.
        claim: Claim,
    },
    /// It is its turn.
    Admit,
    /// A step that waits for the rate of a connection may begin.
    Permit {
        /// The step.
        step: StepPath,
    },
    /// It would have to wait for its turn, and is skipped instead.
    PassOver {
        /// What it would have waited for.
        reason: String,
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
    /// An event came. Each wait is told all events from the time on that counts for it, in the order in
    /// which they came.
    Event {
        /// The wait.
        step: StepPath,
        /// The event.
        heard: Heard,
    },
    /// All events that came until now were told.
    Silence,
}

/// What becomes of steps that failed under `on_error: pause`.
#[derive(Debug, Clone, PartialEq)]
pub enum ResumeAnswer {
    /// They are tried again, with all their retries.
    Again {
        /// Keys that take the place of those of the step's configuration. For one step only.
        input: Option<Json>,
    },
    /// They are tried again with the configuration that another version of the document gives them. All
    /// else stays that of the run's own version.
    Version {
        /// The other version.
        plan: Arc<Plan>,
    },
    /// They fail.
    Fail,
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
        secrets: Vec<SecretPlace>,
        /// Time limit of one attempt as the document gives it.
        timeout: Option<Span>,
        /// Equal over all attempts of the step.
        idempotency_key: String,
        /// When its time runs out; the run notes that by itself at the next tick.
        deadline: Option<Timestamp>,
    },
}

/// Somebody is to be told of a gate: [`Run::notices`](super::Run::notices) lists these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Notice {
    /// The gate.
    pub approval: ApprovalId,
    /// 0 for the request; each reminder and escalation counts one up.
    pub notice: u32,
    /// Which action of the gate's `notify`, from 0.
    pub index: u32,
}

/// Why an input changed nothing.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
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
    #[error("this approval needs another person: {by} has already answered")]
    AlreadyVoted {
        /// Who.
        by: String,
    },
    /// Whoever refuses, or sends back, says why.
    #[error("a comment is needed: whoever reads it has to know why")]
    CommentNeeded,
    /// What the gate lets through is not what it asked about.
    #[error("what is to be approved has changed since it was asked")]
    ApprovalChanged {
        /// What has changed.
        changes: Vec<Change>,
    },
    /// The gate cannot be sent back, or not any more.
    #[error("{why}")]
    CannotSendBack {
        /// Why, in one sentence.
        why: String,
    },
    /// A list of people to be asked is empty or says something else.
    #[error("{why}")]
    BadApprovers {
        /// Why, in one sentence.
        why: String,
    },
    /// There is no such step, or it is not uncertain.
    #[error("this step does not wait to be resolved")]
    NotUncertain,
    /// There is no such step, or it does not wait for a person after a failure.
    #[error("no such step waits for a person after a failure")]
    NotPaused,
    /// Several steps wait, and the input is for one.
    #[error("say which step the input is for")]
    WhichStep,
    /// What it sends out was approved as it stands.
    #[error("what this step does was approved as it stands, so its input cannot be changed")]
    Approved,
    /// The step's action does not take what is corrected.
    #[error("the step does not take this input: {}", findings.first().map_or("", |first| &*first.message))]
    BadCorrection {
        /// What is wrong, key by key.
        findings: Vec<Finding>,
    },
    /// What is said that a step gave is not what its document says that it gives.
    #[error("{}", failure.message)]
    BadOutput {
        /// What does not fit.
        failure: Box<Failure>,
    },
    /// The step is not there in the version that it is to be tried again with, or is another one.
    #[error("{why}")]
    NotInVersion {
        /// Why, in one sentence.
        why: String,
    },
    /// The step does not wait for this: for this event, or for the rate of a connection.
    #[error("the step does not wait for this")]
    NotAwaited,
    /// It does not wait for its turn, or has begun.
    #[error("the run does not wait for its turn")]
    NotItsTurn,
    /// It says more than can be written down.
    #[error("this is more than can be kept")]
    TooLarge,
    /// Working out what follows failed, so that nothing is known of the run any more. Never given by the
    /// core: whoever drives it caught a panic.
    #[error("the run is fenced off: working it out failed by a fault of Druse")]
    FencedOff,
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
            Self::NotPaused => "not_paused",
            Self::WhichStep => "which_step",
            Self::Approved => "approved_input",
            Self::BadCorrection { .. } => "bad_correction",
            Self::BadOutput { .. } => "bad_output",
            Self::NotInVersion { .. } => "not_in_version",
            Self::NotAwaited => "not_awaited",
            Self::NotItsTurn => "not_its_turn",
            Self::TooLarge => "too_large",
            Self::FencedOff => "fenced_off",
            Self::CommentNeeded => "comment_required",
            Self::ApprovalChanged { .. } => "approval_changed",
            Self::CannotSendBack { .. } => "cannot_send_back",
            Self::BadApprovers { .. } => "bad_approvers",
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
    /// Somebody sent it back; the gate asks anew when the steps before it have run again.
    SentBack,
    /// What it would have let through has changed; the gate asks anew.
    Void,
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
            Self::SentBack => "sent_back",
            Self::Void => "void",
        }
    }
}
