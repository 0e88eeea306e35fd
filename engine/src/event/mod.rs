//! The facts of a run. Its journal is the list of these, and its state is nothing but their fold.

mod approval;
mod outcome;
mod path;
mod start;
mod status;

pub use approval::{ApprovalRequest, Change, Decision, Verdict};
pub use outcome::{Failure, Outcome, Probed, SkipReason};
pub use path::StepPath;
pub use start::Start;
pub use status::{HandlerList, Status};

use crate::flow::Claim;
use crate::{Artifact, Digest, EventId, Json, RunId, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};

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
    /// An earlier run has run this step again because a gate was sent back: here it goes on from there, and
    /// no idempotency key of one round is that of another.
    SentBackBefore {
        /// The step, a gate and a loop included.
        step: StepPath,
        /// The number of the last turning back that made it run again.
        turn: u32,
        /// How often it was sent back, being a gate.
        #[serde(default)]
        times: u32,
        /// What the reviewer said, where this gate was sent back last in its list.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        review: Option<Json>,
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
                | Self::SentBackBefore { .. }
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
            | Self::SentBackBefore { step, .. }
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
