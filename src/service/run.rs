//! Runs and gates as callers see them, and what they may ask of the engine.

use super::artifacts::ArtifactView;
use druse_engine::definition::FailureClass;
use druse_engine::event::{ApprovalRequest, Change, Decision, Failure, Status, StepPath, Verdict};
use druse_engine::flow::{QueueKind, Wait};
use druse_engine::rehearsal::Again;
use druse_engine::run::{CheckView, LARGEST_FACT, PassesView, Resolution, ResumeAnswer};
use druse_engine::{ApprovalId, AutomationId, Digest, Finding, Json, RunId, Span, Timestamp};
use druse_storage::{Approval, ApprovalStatus, Batch, ReadError, RunHead};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A caller's idempotency key, to be claimed in the batch that makes what was asked for.
#[derive(Debug, Clone)]
pub struct IdempotencyClaim {
    /// Caller and path.
    pub scope: String,
    /// The caller's key.
    pub key: String,
    /// Digest of the request's body.
    pub body: Digest,
}

impl IdempotencyClaim {
    /// The row of the claim; `made` is what the answer is made from again.
    pub fn row(&self, made: Value, at: Timestamp) -> druse_storage::IdempotencyKey {
        druse_storage::IdempotencyKey {
            scope: self.scope.clone(),
            key: self.key.clone(),
            body: self.body.clone(),
            made,
            at,
        }
    }
}

/// A run to be started.
#[derive(Debug, Clone)]
pub struct Submit {
    /// What is run.
    pub automation: AutomationId,
    /// Which version; left out: the active one.
    pub version: Option<u32>,
    /// The inputs as given, not checked yet.
    pub inputs: Value,
    /// `{kind: manual|schedule|webhook|event|automation|retry, …}`.
    pub cause: Json,
    /// `user:<name>`, `trigger:<id>` or `run:<id>`.
    pub started_by: String,
    /// What expressions see as `trigger`.
    pub trigger: Json,
    /// The logical time, where a schedule gave one.
    pub scheduled_at: Option<Timestamp>,
    /// Claimed together with the run, with `{"run": id}` as what was made.
    pub idempotency: Option<IdempotencyClaim>,
    /// Facts that become durable together with the run: a firing, its key, an event.
    pub extra: Batch,
    /// The run's id, chosen by the caller.
    pub run: RunId,
    /// Answers what would run without running or storing anything.
    pub dry_run: bool,
    /// Where it has to wait for a limit, higher goes first; left out: the document's.
    pub priority: Option<i32>,
    /// Whether a person starts it who was looked at for that: a version that is named and not active, and that
    /// nobody has acknowledged, runs for nobody else.
    pub judged: bool,
}

/// A run to be made from an earlier one.
#[derive(Debug, Clone)]
pub struct Retry {
    /// The new run's id, chosen by the caller.
    pub run: RunId,
    /// Results of the steps before this one are kept; left out: the failed steps run again.
    pub from: Option<String>,
    /// Other inputs than those of the earlier run.
    pub inputs: Option<Value>,
    /// Another version than that of the earlier run.
    pub version: Option<u32>,
    /// Steps of which nobody knows whether they were undone, and whose results are kept all the same.
    pub keep: Vec<String>,
    /// `user:<name>`.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// Claimed together with the run, with `{"run": id}` as what was made.
    pub idempotency: Option<IdempotencyClaim>,
    /// What becomes durable together with it.
    pub extra: Batch,
}

/// What a person found out of an uncertain step.
#[derive(Debug, Clone)]
pub struct ResolveRequest {
    /// The step, by its path in the run.
    pub step: String,
    /// What became of it.
    pub resolution: Resolution,
    /// `user:<name>`.
    pub by: String,
    /// How they know.
    pub reason: Option<String>,
    /// Claimed together with it, with `{"run": id}` as what was made.
    pub idempotency: Option<IdempotencyClaim>,
    /// Facts that become durable together with it: its line in the audit log.
    pub extra: Batch,
}

/// What a retry would do.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RetryPreview {
    /// The version that it would run.
    pub version: u32,
    /// The steps and passes of loops whose results are kept.
    #[schemars(with = "Vec<String>")]
    pub keeps: Vec<StepPath>,
    /// The steps of the document's list that run again, with why.
    pub runs_again: Vec<Again>,
    /// The steps of which nobody knows whether they were undone: what `keep` may name.
    pub undo_unknown: Vec<UndoUnknown>,
}

/// A step whose undo has begun, and of which nobody knows whether it was undone.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct UndoUnknown {
    /// Its path in the earlier run.
    #[schemars(with = "String")]
    pub step: StepPath,
    /// Where its undo stands: `failed`, `canceled`, `uncertain`.
    pub undo: Status,
    /// Why its undo failed, where it has said so.
    pub error: Option<FailureView>,
}

/// A person's answer to a gate.
#[derive(Debug, Clone)]
pub struct DecisionRequest {
    /// The answer.
    pub decision: Verdict,
    /// Why.
    pub comment: Option<String>,
    /// The form's values.
    pub fields: Option<Filled>,
    /// The digest that the person saw.
    pub digest: Digest,
    /// Claimed together with the decision, with `{"approval": id}` as what was made.
    pub idempotency: Option<IdempotencyClaim>,
    /// Facts that become durable together with the decision: its line in the audit log.
    pub extra: Batch,
}

/// The values of a gate's form.
#[derive(Debug, Clone)]
pub struct Filled {
    /// As they were given: with these the form is checked, and nothing keeps them.
    pub given: Value,
    /// As they are kept: a secret is masked, a sensitive input of the run is its seal.
    pub kept: Value,
}

/// How runs begin.
pub const CAUSES: [&str; 8] = [
    "manual",
    "schedule",
    "webhook",
    "event",
    "files",
    "poll",
    "automation",
    "retry",
];

/// A run as callers see it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RunView {
    /// The run.
    #[schemars(with = "String")]
    pub id: RunId,
    /// The automation; null for a document that was run from a file.
    #[schemars(with = "Option<String>")]
    pub automation_id: Option<AutomationId>,
    /// The automation's name.
    pub automation_name: String,
    /// The version's number.
    pub version: u32,
    /// The version's digest.
    pub digest: Digest,
    /// Where it stands.
    pub status: Status,
    /// What a live run waits for, in one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
    /// What a queued run waits for, and its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueuePlace>,
    /// How it began.
    pub cause: Json,
    /// By which it can be found.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<std::collections::BTreeMap<String, String>>")]
    pub labels: Option<Value>,
    /// The inputs, with their defaults.
    pub inputs: Json,
    /// The outputs, on success.
    pub outputs: Option<Json>,
    /// The failure.
    pub error: Option<FailureView>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it began to work.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Who has seen that it failed: `user:<name>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen_by: Option<String>,
    /// When they said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Timestamp>,
    /// Why nothing more is done about it, as they said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen_reason: Option<String>,
    /// Its steps in the order of the document, those of a loop's passes behind the loop; left out of lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<Vec<StepView>>,
    /// The files that its steps left; left out of lists, and where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<ArtifactView>,
}

/// What a queued run waits for.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct QueuePlace {
    /// What has no room.
    pub kind: QueueKind,
    /// The concurrency key, where it is one.
    pub key: Option<String>,
    /// How many runs may go at once.
    pub limit: u32,
    /// How many go.
    pub taken: usize,
    /// Which ones; a few of them.
    #[schemars(with = "Vec<String>")]
    pub held_by: Vec<RunId>,
    /// Its place, from 1.
    pub position: usize,
}

impl From<Wait> for QueuePlace {
    fn from(wait: Wait) -> Self {
        Self {
            kind: wait.kind,
            key: wait.key,
            limit: wait.limit,
            taken: wait.taken,
            held_by: wait.held_by,
            position: wait.position,
        }
    }
}

/// A step of a run as callers see it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StepView {
    /// Its id in the document.
    pub id: String,
    /// Where it stands in the run, with the loops around it.
    pub path: String,
    /// The kind of action; `for_each` or `repeat` for a loop.
    pub action: String,
    /// Where it stands.
    pub status: Status,
    /// Its attempts, oldest first.
    pub attempts: Vec<AttemptView>,
    /// The rendered configuration, without secrets.
    pub input: Option<Json>,
    /// What it gave.
    pub output: Option<Json>,
    /// Why it failed.
    pub error: Option<FailureView>,
    /// Why it did not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<Value>,
    /// The event that it waits for, in a few words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
    /// Until when it waits, or when it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_until: Option<Timestamp>,
    /// The gate that it asks or asked through.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub approval_id: Option<ApprovalId>,
    /// The run that it has started, where it starts another automation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub child: Option<RunId>,
    /// The earlier run that its result was kept from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub kept_from: Option<RunId>,
    /// How what undoes it stands, once the run undoes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undo: Option<Status>,
    /// What its check says, where it has one and was uncertain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<CheckView>,
    /// How far a loop has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passes: Option<PassesView>,
    /// When it began: its first attempt, the request of a gate, a wait; null before.
    pub started_at: Option<Timestamp>,
    /// When it ended; null before.
    pub finished_at: Option<Timestamp>,
}

/// One try of a step.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AttemptView {
    /// From 1.
    pub number: u32,
    /// Where it stands.
    pub status: Status,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Why it failed.
    pub error: Option<FailureView>,
}

/// A failure, with every field present.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FailureView {
    /// The class decides about retries.
    pub class: FailureClass,
    /// Stable, snake_case.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// What a machine may want, or null.
    pub details: Option<Json>,
}

impl From<Failure> for FailureView {
    fn from(failure: Failure) -> Self {
        Self {
            class: failure.class,
            code: failure.code,
            message: failure.message,
            details: failure.details,
        }
    }
}

impl From<&RunHead> for RunView {
    fn from(head: &RunHead) -> Self {
        Self {
            id: head.id,
            automation_id: head.automation,
            automation_name: head.name.clone(),
            version: head.version,
            digest: head.digest.clone(),
            status: head.status,
            waits_for: None,
            labels: super::label::of(&head.cause).cloned(),
            queue: None,
            cause: head.cause.clone(),
            inputs: head.inputs.clone(),
            outputs: head.outputs.clone(),
            error: head.error.clone().map(FailureView::from),
            created_at: head.created_at,
            started_at: head.started_at,
            finished_at: head.finished_at,
            seen_by: None,
            seen_at: None,
            seen_reason: None,
            steps: None,
            artifacts: Vec::new(),
        }
    }
}

impl RunView {
    /// Whether nothing more happens to it.
    pub fn is_over(&self) -> bool {
        self.status.is_final()
    }
}

/// A gate as the inbox shows it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ApprovalView {
    /// The gate in its run.
    #[schemars(with = "String")]
    pub id: ApprovalId,
    /// The run that waits.
    #[schemars(with = "String")]
    pub run_id: RunId,
    /// The gate's step.
    pub step_id: String,
    /// The automation.
    #[schemars(with = "Option<String>")]
    pub automation_id: Option<AutomationId>,
    /// Its name.
    pub automation_name: Option<String>,
    /// What is asked, in a few words.
    pub title: String,
    /// More about it.
    pub message: Option<String>,
    /// What is shown.
    pub details: Json,
    /// JSON Schema of the form, or null.
    pub fields: Json,
    /// Who may decide: `user:<name>`, `role:<role>`.
    pub approvers: Vec<String>,
    /// Whether who started the run may not decide.
    pub exclude_starter: bool,
    /// To be sent back with the decision.
    pub digest: Digest,
    /// Where it stands.
    #[schemars(with = "String")]
    pub status: ApprovalStatus,
    /// How many approvals it takes.
    pub needed: u32,
    /// The answers so far.
    pub decisions: Vec<Decision>,
    /// When it was asked.
    pub requested_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it ended.
    pub closed_at: Option<Timestamp>,
    /// How often the gate was sent back before it asked this.
    pub round: u32,
    /// Whether `send_back` is an answer that it takes.
    pub can_send_back: bool,
    /// Whether whoever reads this can decide it now.
    pub can_decide: bool,
    /// Why they cannot, as a refused decision says it; null where they can.
    pub why_not: Option<String>,
    /// Whether others were asked because its time ran out.
    pub escalated: bool,
    /// How often it was brought to mind.
    pub reminders: u32,
    /// What has changed, of one that is void.
    pub changes: Vec<Change>,
    /// What became of telling people.
    pub notices: Value,
}

/// What has become of an approval since it was asked, as its row keeps it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SinceAsked {
    /// Who is asked now.
    pub approvers: Vec<String>,
    /// When its time runs out now.
    pub expires_at: Option<Timestamp>,
    /// How often the gate was sent back before.
    pub round: u32,
    /// Whether it can be sent back.
    pub can_send_back: bool,
    /// Whether others were asked because its time ran out.
    pub escalated: bool,
    /// How often it was brought to mind.
    pub reminders: u32,
    /// What has changed, of one that is void.
    pub changes: Vec<Change>,
    /// What became of telling people.
    pub notices: Value,
}

impl TryFrom<Approval> for ApprovalView {
    type Error = ReadError;
    fn try_from(row: Approval) -> Result<Self, ReadError> {
        let request: ApprovalRequest = serde_json::from_value(row.request)
            .map_err(|error| ReadError::Damaged(error.to_string()))?;
        let since = match row.since {
            Value::Null => SinceAsked {
                approvers: request.approvers.clone(),
                expires_at: request.expires_at,
                notices: Value::Array(Vec::new()),
                ..SinceAsked::default()
            },
            since => serde_json::from_value(since)
                .map_err(|error| ReadError::Damaged(error.to_string()))?,
        };
        Ok(Self {
            id: row.id,
            run_id: row.run,
            step_id: row.step,
            automation_id: row.automation,
            automation_name: None,
            title: request.title,
            message: request.message,
            details: request.details,
            fields: request.fields,
            approvers: since.approvers,
            exclude_starter: request.exclude_starter,
            digest: request.digest,
            status: row.status,
            needed: request.needed,
            decisions: row.decisions,
            requested_at: row.requested_at,
            expires_at: since.expires_at,
            closed_at: row.closed_at,
            round: since.round,
            can_send_back: since.can_send_back,
            // Until it is known who reads it.
            can_decide: false,
            why_not: None,
            escalated: since.escalated,
            reminders: since.reminders,
            changes: since.changes,
            notices: since.notices,
        })
    }
}

/// Somebody's wish that a run ends, is held, or goes on.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// Claimed together with the wish.
    pub idempotency: Option<IdempotencyClaim>,
    /// What becomes durable together with it: a line of the audit log.
    pub extra: Batch,
}

/// How a run goes on.
#[derive(Debug, Clone)]
pub struct Resume {
    /// Of the steps that wait only this one.
    pub step: Option<String>,
    /// What becomes of the steps that wait.
    pub answer: ResumeAnswer,
}

/// Why the engine did not do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RunError {
    /// No such automation, version, run, step or gate.
    #[error("There is no such {0}.")]
    NotFound(&'static str),
    /// A file that a result has which would be kept is not there any more.
    #[error("The file of the artifact {name:?}, which the step {step} left, is gone.")]
    ArtifactGone {
        /// The artifact.
        name: String,
        /// The step.
        step: String,
    },
    /// The result of this step is not kept by saying that it was not undone.
    #[error("{step:?} is no step whose result can be kept so: {why}.")]
    BadKeep {
        /// The path that was given.
        step: String,
        /// Why.
        why: &'static str,
    },
    /// The automation is not active, and no version was named.
    #[error("The automation is not active.")]
    NotActive,
    /// The version cannot run.
    #[error("The version cannot run as it is.")]
    NotRunnable(Vec<Finding>),
    /// The inputs are not what the automation takes.
    #[error("The inputs are not what the automation takes.")]
    BadInputs(Vec<Finding>),
    /// A row that goes with the run is taken: an idempotency key, the key of a firing or an event.
    #[error("Another request has claimed {0:?}.")]
    Claimed(String),
    /// The concurrency rule refuses it.
    #[error("The run would have to wait: {0}.")]
    LimitReached(String),
    /// Its concurrency key has no value.
    #[error("The concurrency key has no value: {0}.")]
    NoKey(String),
    /// The run has ended.
    #[error("The run has ended.")]
    AlreadyOver,
    /// Nobody knows any more how it stands.
    #[error(
        "The run is fenced off: its journal cannot be read, or a fault of Druse ended its last turn."
    )]
    FencedOff,
    /// The step is not there, or is not uncertain.
    #[error("The run has no step at this path that is uncertain.")]
    NotUncertain,
    /// The run has not ended.
    #[error("The run has not ended yet.")]
    NotOver,
    /// No such step waits for a person after a failure.
    #[error("No such step of the run waits for a person after a failure.")]
    NotPaused,
    /// Several steps wait, and the input is for one.
    #[error("Several steps of the run wait, and the input is for one.")]
    WhichStep,
    /// What the step does was approved as it stands.
    #[error("What this step does was approved as it stands.")]
    ApprovedInput,
    /// The step's action does not take what is corrected.
    #[error("The step does not take this input: {}.", .0.first().map_or("", |first| &*first.message))]
    BadCorrection(Vec<Finding>),
    /// What is said that a step gave does not fit its `output_schema`.
    #[error("This is no output of the step: {}.", .0.message)]
    BadOutput(Box<druse_engine::event::Failure>),
    /// The step is not there in the version that it is to be tried again with, or is another one.
    #[error("{0}")]
    NotInVersion(String),
    /// The gate has ended.
    #[error("The decision was already taken: {}.", word(.0))]
    AlreadyDecided(ApprovalStatus),
    /// What would be done is not what the person saw.
    #[error("What is to be approved is not what you saw.")]
    ApprovalChanged(Vec<Change>),
    /// Whoever refuses says why.
    #[error("A refusal needs a comment, and so does sending back.")]
    CommentNeeded,
    /// The gate cannot be sent back, or not any more.
    #[error("{0}")]
    CannotSendBack(String),
    /// A list of people to be asked is wrong.
    #[error("{0}")]
    BadApprovers(String),
    /// The form's values do not fit the form.
    #[error("The fields do not fit the form.")]
    BadFields(Vec<Finding>),
    /// The gate does not ask this person.
    #[error("{0}")]
    NotAllowed(String),
    /// There is no space left for new work.
    #[error("There is no space left for new work.")]
    Full,
    /// Too much waits.
    #[error("Too much work waits to be done.")]
    Busy {
        /// When it may be tried again.
        retry_after: Span,
    },
    /// Something is too large to be stored.
    #[error(
        "The run's data is too large to be stored: its inputs and what started it have at most {LARGEST_FACT} bytes together."
    )]
    TooLarge,
    /// What was stored cannot be read.
    #[error("What was stored cannot be read.")]
    Read(ReadError),
    /// The log has failed, or the server is ending.
    #[error("The server is ending.")]
    Ending,
}

impl From<ReadError> for RunError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

/// The name of a gate's status in answers.
pub fn word(status: &ApprovalStatus) -> &'static str {
    match status {
        ApprovalStatus::Pending => "pending",
        ApprovalStatus::Approved => "approved",
        ApprovalStatus::Rejected => "rejected",
        ApprovalStatus::Expired => "expired",
        ApprovalStatus::Canceled => "canceled",
        ApprovalStatus::SentBack => "sent_back",
        ApprovalStatus::Void => "void",
    }
}
