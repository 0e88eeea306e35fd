//! The facts of a run. Its journal is the list of these, and its state is nothing but their fold.

use crate::definition::FailureClass;
use crate::flow::Claim;
use crate::{ApprovalId, Artifact, AutomationId, Digest, EventId, Json, RunId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use std::{fmt, sync::Arc};

/// Where a step stands in a run: its id, behind those of the loops around it and the numbers of their
/// passes (`each_invoice[3].pay`). Without a step at its end it is a pass of a loop (`each_invoice[3]`).
/// Steps of `on_failure` and `finally` stand behind that word (`finally.unlock`), what undoes a step and
/// what checks it behind the step (`each_invoice[3].pay.undo`, `pay.check`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct StepPath(pub Arc<str>);

impl fmt::Display for StepPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StepPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StepPath {
    /// Its parts from the outside in: an id, and the number of the pass where it is a loop that the path
    /// leads into. None where it is no path: each place has exactly one.
    pub fn parts(&self) -> impl Iterator<Item = Option<(&str, Option<u32>)>> {
        self.0.split('.').map(|part| {
            let Some((id, number)) = part.split_once('[') else {
                return Some((part, None));
            };
            let number = number.strip_suffix(']')?;
            let plain = number.bytes().all(|byte| byte.is_ascii_digit())
                && (number == "0" || !number.starts_with('0'));
            Some((id, Some(number.parse().ok().filter(|_| plain)?)))
        })
    }

    /// The pass of this loop with a number.
    pub fn pass(&self, number: u32) -> Self {
        Self(format!("{}[{number}]", self.0).into())
    }

    /// The step of this id in a pass.
    pub fn inner(&self, id: &str) -> Self {
        Self(format!("{}.{id}", self.0).into())
    }
}

impl From<&str> for StepPath {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

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

/// What a gate shows and asks, frozen when it was reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApprovalRequest {
    /// The gate in this run.
    pub approval: ApprovalId,
    /// What is asked, in a few words.
    pub title: String,
    /// More about it.
    pub message: Option<String>,
    /// What is shown: the document's `show`, and what would run behind the gate.
    pub details: Json,
    /// JSON Schema of the form, or null.
    pub fields: Json,
    /// `user:<name>` or `role:<role>`, any of which may decide.
    pub approvers: Vec<String>,
    /// How many approvals it takes.
    pub needed: u32,
    /// Whether who started the run may not decide.
    pub exclude_starter: bool,
    /// Digest of the version, the step and everything shown.
    pub digest: Digest,
    /// When it ends by itself, as a rejection.
    pub expires_at: Option<Timestamp>,
}

/// What a person decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Go on.
    Approve,
    /// Do not.
    Reject,
    /// Do it differently.
    SendBack,
}

/// One person's answer to a gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// The answer.
    pub decision: Verdict,
    /// Who.
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// The form's values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Json>,
    /// When.
    pub at: Timestamp,
    /// Whether it was who started the run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own_run: bool,
}

/// One thing that is not as it was when a gate asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// What: `version`, or the path of a step behind the gate and a JSON Pointer into what is shown of it.
    pub what: String,
    /// What was asked about; null where there was nothing.
    pub before: Json,
    /// What it is now; null where there is nothing, or where it is not known yet.
    pub after: Json,
}

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

/// A fact about a run, in the past tense.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RunEvent {
    /// The run exists.
    Created(Box<Start>),
    /// A step is not meant to run.
    StepSkipped {
        /// The step.
        step: StepPath,
        /// Why.
        reason: SkipReason,
    },
    /// A pure step was evaluated.
    StepEvaluated {
        /// The step.
        step: StepPath,
        /// Its value.
        output: Json,
    },
    /// A result was kept from an earlier run.
    StepKept {
        /// The step.
        step: StepPath,
        /// Its output there.
        output: Json,
        /// The earlier run.
        from: RunId,
    },
    /// A step's effect may happen from now on.
    AttemptStarted {
        /// The step.
        step: StepPath,
        /// Numbered from 1.
        number: u32,
        /// Goes up with every acquisition; an answer with an older one changes nothing.
        fence: u64,
        /// The rendered configuration, without secrets.
        input: Json,
        /// Equal over the attempts of a step.
        idempotency_key: String,
        /// When its time runs out.
        deadline: Option<Timestamp>,
    },
    /// An attempt ended. A success is the step's success.
    AttemptFinished {
        /// The step.
        step: StepPath,
        /// The attempt.
        number: u32,
        /// How.
        outcome: Outcome,
    },
    /// The process ended in the middle of an attempt.
    AttemptInterrupted {
        /// The step.
        step: StepPath,
        /// The attempt.
        number: u32,
    },
    /// It will be tried again.
    RetryScheduled {
        /// The step.
        step: StepPath,
        /// When.
        due: Timestamp,
    },
    /// A `wait` step began.
    WaitStarted {
        /// The step.
        step: StepPath,
        /// Until when.
        until: Timestamp,
    },
    /// A `wait` step is over.
    WaitFinished {
        /// The step.
        step: StepPath,
    },
    /// A gate asks.
    ApprovalRequested {
        /// The step.
        step: StepPath,
        /// What it shows and asks.
        request: Box<ApprovalRequest>,
    },
    /// A person answered; the gate may need more answers.
    ApprovalDecided {
        /// The step.
        step: StepPath,
        /// The answer.
        decision: Decision,
    },
    /// A gate's time ran out.
    ApprovalExpired {
        /// The step.
        step: StepPath,
    },
    /// A step failed for good.
    StepFailed {
        /// The step.
        step: StepPath,
        /// The failure.
        failure: Failure,
    },
    /// Nobody knows whether a step happened: its check looks, or else a person does.
    StepUncertain {
        /// The step.
        step: StepPath,
    },
    /// A step ended because the run was canceled or ran out of time.
    StepCanceled {
        /// The step.
        step: StepPath,
    },
    /// A loop begins, and with it its first passes.
    LoopStarted {
        /// The loop.
        step: StepPath,
        /// What a `for_each` goes through, a list or map; none for a `repeat`.
        items: Option<Json>,
        /// When its time runs out.
        deadline: Option<Timestamp>,
    },
    /// A further pass of a `repeat` begins.
    PassStarted {
        /// The pass (`ready[1]`).
        step: StepPath,
    },
    /// All steps of a pass are over, and it is known what the pass gave. The next pass of a `for_each`
    /// begins with it.
    PassFinished {
        /// The pass (`each_invoice[3]`).
        step: StepPath,
        /// How.
        status: Status,
        /// What it gave, where the loop has an `output`; else it is that of the body's last step.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            deserialize_with = "there"
        )]
        output: Option<Json>,
        /// Why it failed, when that was not a step of it.
        failure: Option<Failure>,
        /// Whether `until` held.
        done: bool,
        /// When the next pass of a `repeat` begins.
        due: Option<Timestamp>,
    },
    /// A loop is over.
    LoopFinished {
        /// The loop.
        step: StepPath,
        /// How.
        status: Status,
        /// Why it failed or was rejected.
        failure: Option<Failure>,
    },
    /// A loop's time ran out.
    LoopTimedOut {
        /// The loop.
        step: StepPath,
    },
    /// So many results that are kept of an earlier run follow, and do not fit into one record. Nothing
    /// begins before all of them are there.
    KeepingStarted {
        /// How many.
        results: u32,
    },
    /// What is known of a pass was kept from an earlier run. It counts when the loop comes to that pass
    /// with the same item.
    PassKept {
        /// The pass (`each_invoice[3]`).
        step: StepPath,
        /// Digest of its item.
        item: Digest,
        /// What it gave; none for one that did not succeed: then only steps of it are kept.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            deserialize_with = "there"
        )]
        output: Option<Json>,
        /// Whether `until` held after it.
        done: bool,
        /// The earlier run.
        from: RunId,
    },
    /// A person said what became of an uncertain step; what follows from that is the next fact.
    StepResolved {
        /// The step.
        step: StepPath,
        /// Who.
        by: String,
        /// How they know.
        reason: Option<String>,
    },
    /// Somebody wants the run to end.
    CancelRequested {
        /// Who.
        by: String,
        /// Why.
        reason: Option<String>,
    },
    /// The run's own time ran out.
    RunTimedOut,
    /// Nothing more happens.
    Finished {
        /// How.
        status: Status,
        /// The outputs, on success.
        outputs: Option<Json>,
        /// The failure, on failure.
        failure: Option<Failure>,
    },
    /// All of the run's own steps are over, and steps that handle its end follow.
    WorkFinished {
        /// How.
        status: Status,
        /// The outputs, on success.
        outputs: Option<Json>,
        /// The failure, on failure.
        failure: Option<Failure>,
    },
    /// A list of handlers begins.
    HandlersStarted {
        /// Which.
        list: HandlerList,
    },
    /// Somebody wants nothing new to start.
    Paused {
        /// Who.
        by: String,
        /// Why.
        reason: Option<String>,
    },
    /// Somebody lets the run go on.
    Resumed {
        /// Who.
        by: String,
        /// Why.
        reason: Option<String>,
    },
    /// A step has failed for good and waits for a person.
    StepPaused {
        /// The step.
        step: StepPath,
        /// The failure.
        failure: Failure,
    },
    /// A person has a step tried again that had failed for good.
    StepResumed {
        /// The step.
        step: StepPath,
        /// Who.
        by: String,
        /// Why.
        reason: Option<String>,
        /// The configuration that it is tried with from now on, where it was corrected.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            deserialize_with = "there"
        )]
        input: Option<Json>,
    },
    /// An earlier run has done this step, or undone it again: here it is other work, so its idempotency key is
    /// a new one.
    DoneBefore {
        /// The step.
        step: StepPath,
        /// The run whose work it is: this one, or an earlier retry that did not get it done.
        from: RunId,
    },
    /// A gate that nobody has answered is brought to mind again.
    ApprovalReminded {
        /// The step.
        step: StepPath,
    },
    /// A gate's time ran out, and others are asked, too.
    ApprovalEscalated {
        /// The step.
        step: StepPath,
        /// All who are asked from now on.
        approvers: Vec<String>,
        /// When its time runs out for good.
        expires_at: Option<Timestamp>,
    },
    /// Others are asked in the place of those before.
    ApprovalReassigned {
        /// The step.
        step: StepPath,
        /// All who are asked from now on.
        approvers: Vec<String>,
        /// Who said so.
        by: String,
        /// Why.
        reason: Option<String>,
    },
    /// A person sent it back: steps before the gate run again, and then the gate asks anew.
    ApprovalSentBack {
        /// The step.
        step: StepPath,
        /// The answer.
        decision: Decision,
    },
    /// What the gate lets through is not what was asked about any more: it asks anew.
    ApprovalVoided {
        /// The step.
        step: StepPath,
        /// What has changed.
        changes: Vec<Change>,
    },
    /// Somebody was told of a gate, or could not be.
    ApprovalNotified {
        /// The step.
        step: StepPath,
        /// 0 for the request; each reminder and escalation counts one up.
        notice: u32,
        /// Which action of the gate's `notify`, from 0.
        index: u32,
        /// How often it was tried.
        attempts: u32,
        /// Why it did not work, if it did not.
        failure: Option<Failure>,
    },
    /// A `wait` for an event began.
    EventAwaited {
        /// The step.
        step: StepPath,
        /// The CloudEvents type, `*` for any characters.
        event_type: String,
        /// The text that its `when` compares a part of the event with, where it does so.
        key: Option<String>,
        /// From when on an event counts.
        since: Timestamp,
        /// From when on none counts any more.
        until: Option<Timestamp>,
    },
    /// A `wait` took an event.
    EventTaken {
        /// The step.
        step: StepPath,
        /// The event's id here.
        event: EventId,
        /// When it came.
        received_at: Timestamp,
        /// Its attributes and `data`.
        value: Json,
    },
    /// It waits for its turn: nothing that takes work begins before [`RunEvent::Admitted`].
    Queued {
        /// What it asks for; none for the same as before.
        claim: Option<Box<Claim>>,
    },
    /// It is its turn.
    Admitted,
    /// It only waits, and gives back its slots.
    Parked {
        /// Whether it keeps that of its key.
        holding: bool,
    },
    /// It would have had to wait for its turn, and its automation says to skip it then.
    PassedOver {
        /// What it would have waited for.
        reason: String,
    },
    /// An attempt of a step waits until it may begin by the rate of a connection.
    RateAwaited {
        /// The step.
        step: StepPath,
        /// The connection.
        connection: String,
    },
    /// The check of an uncertain step has looked; what follows from that is the next fact.
    StepChecked {
        /// The step.
        step: StepPath,
        /// What it says.
        answer: Probed,
        /// Why it does not know.
        failure: Option<Failure>,
    },
    /// An earlier run has tried this step and did not get it done: where it asks for something else here, it
    /// is other work, and its idempotency key is a new one.
    AskedBefore {
        /// The step.
        step: StepPath,
        /// The run whose work it is then: this one, or an earlier retry that never came to it.
        from: RunId,
        /// Digest of what it asked for.
        asked: Digest,
    },
    /// An attempt of a step has left a file, which is kept with the run.
    ArtifactKept {
        /// The step.
        step: StepPath,
        /// The file.
        artifact: Artifact,
        /// The earlier run whose result it belongs to, where that was kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<RunId>,
    },
}

/// A value that is there, be it null.
fn there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

impl RunEvent {
    /// Whether it is a result that was kept of an earlier run.
    pub fn keeps(&self) -> bool {
        matches!(
            self,
            Self::StepKept { .. }
                | Self::PassKept { .. }
                | Self::DoneBefore { .. }
                | Self::AskedBefore { .. }
                | Self::ArtifactKept { from: Some(_), .. }
        )
    }

    /// The step, or the pass of a loop, that it is about.
    pub fn step(&self) -> Option<&StepPath> {
        match self {
            Self::StepSkipped { step, .. }
            | Self::StepEvaluated { step, .. }
            | Self::StepKept { step, .. }
            | Self::AttemptStarted { step, .. }
            | Self::AttemptFinished { step, .. }
            | Self::AttemptInterrupted { step, .. }
            | Self::RetryScheduled { step, .. }
            | Self::WaitStarted { step, .. }
            | Self::WaitFinished { step }
            | Self::ApprovalRequested { step, .. }
            | Self::ApprovalDecided { step, .. }
            | Self::ApprovalExpired { step }
            | Self::StepFailed { step, .. }
            | Self::StepUncertain { step }
            | Self::StepCanceled { step }
            | Self::StepResolved { step, .. }
            | Self::LoopStarted { step, .. }
            | Self::PassStarted { step }
            | Self::PassFinished { step, .. }
            | Self::LoopFinished { step, .. }
            | Self::LoopTimedOut { step }
            | Self::PassKept { step, .. }
            | Self::StepPaused { step, .. }
            | Self::StepResumed { step, .. }
            | Self::DoneBefore { step, .. }
            | Self::ApprovalReminded { step }
            | Self::ApprovalEscalated { step, .. }
            | Self::ApprovalReassigned { step, .. }
            | Self::ApprovalSentBack { step, .. }
            | Self::ApprovalVoided { step, .. }
            | Self::ApprovalNotified { step, .. }
            | Self::EventAwaited { step, .. }
            | Self::EventTaken { step, .. }
            | Self::RateAwaited { step, .. }
            | Self::StepChecked { step, .. }
            | Self::AskedBefore { step, .. }
            | Self::ArtifactKept { step, .. } => Some(step),
            Self::Created(_)
            | Self::KeepingStarted { .. }
            | Self::CancelRequested { .. }
            | Self::RunTimedOut
            | Self::WorkFinished { .. }
            | Self::HandlersStarted { .. }
            | Self::Paused { .. }
            | Self::Resumed { .. }
            | Self::Finished { .. }
            | Self::Queued { .. }
            | Self::Admitted
            | Self::Parked { .. }
            | Self::PassedOver { .. } => None,
        }
    }
}

/// A fact with its place and time in the run's journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// From 1, without gaps.
    pub seq: u64,
    /// When it became a fact.
    pub at: Timestamp,
    /// The fact.
    #[serde(flatten)]
    pub event: RunEvent,
}
