//! Format 1 of a run's events.

mod read;
mod write;

use super::v1::Text;
use super::v1_parts::*;
use serde::{Deserialize, Serialize};

type Step<'a> = Text<'a>;

/// New variants go to the end: the number of a variant is what stands in the log.
#[derive(Serialize, Deserialize)]
pub(super) enum V1Event<'a> {
    Created(V1Start<'a>),
    StepSkipped {
        step: Step<'a>,
        reason: V1Skip<'a>,
    },
    StepEvaluated {
        step: Step<'a>,
        output: Text<'a>,
    },
    StepKept {
        step: Step<'a>,
        output: Text<'a>,
        from: [u8; 16],
    },
    AttemptStarted {
        step: Step<'a>,
        number: u32,
        fence: u64,
        input: Text<'a>,
        idempotency_key: Text<'a>,
        deadline: Option<i64>,
    },
    AttemptFinished {
        step: Step<'a>,
        number: u32,
        outcome: V1Outcome<'a>,
    },
    AttemptInterrupted {
        step: Step<'a>,
        number: u32,
    },
    RetryScheduled {
        step: Step<'a>,
        due: i64,
    },
    WaitStarted {
        step: Step<'a>,
        until: i64,
    },
    WaitFinished {
        step: Step<'a>,
    },
    ApprovalRequested {
        step: Step<'a>,
        request: V1Request<'a>,
    },
    ApprovalDecided {
        step: Step<'a>,
        decision: V1Decision<'a>,
    },
    ApprovalExpired {
        step: Step<'a>,
    },
    StepFailed {
        step: Step<'a>,
        failure: V1Failure<'a>,
    },
    StepUncertain {
        step: Step<'a>,
    },
    StepCanceled {
        step: Step<'a>,
    },
    CancelRequested {
        by: Text<'a>,
        reason: Option<Text<'a>>,
    },
    RunTimedOut,
    Finished {
        status: u8,
        outputs: Option<Text<'a>>,
        failure: Option<V1Failure<'a>>,
    },
    LoopStarted {
        step: Step<'a>,
        items: Option<Text<'a>>,
        deadline: Option<i64>,
    },
    PassStarted {
        step: Step<'a>,
    },
    PassFinished {
        step: Step<'a>,
        status: u8,
        output: Option<Text<'a>>,
        failure: Option<V1Failure<'a>>,
        done: bool,
        due: Option<i64>,
    },
    LoopFinished {
        step: Step<'a>,
        status: u8,
        failure: Option<V1Failure<'a>>,
    },
    LoopTimedOut {
        step: Step<'a>,
    },
    KeepingStarted {
        results: u32,
    },
    PassKept {
        step: Step<'a>,
        item: Text<'a>,
        output: Option<Text<'a>>,
        done: bool,
        from: [u8; 16],
    },
    StepResolved {
        step: Step<'a>,
        by: Text<'a>,
        reason: Option<Text<'a>>,
    },
    WorkFinished {
        status: u8,
        outputs: Option<Text<'a>>,
        failure: Option<V1Failure<'a>>,
    },
    HandlersStarted {
        list: u8,
    },
    Paused {
        by: Text<'a>,
        reason: Option<Text<'a>>,
    },
    Resumed {
        by: Text<'a>,
        reason: Option<Text<'a>>,
    },
    StepPaused {
        step: Step<'a>,
        failure: V1Failure<'a>,
    },
    StepResumed {
        step: Step<'a>,
        by: Text<'a>,
        reason: Option<Text<'a>>,
        input: Option<Text<'a>>,
    },
    DoneBefore {
        step: Step<'a>,
        from: [u8; 16],
    },
    ApprovalReminded {
        step: Step<'a>,
    },
    ApprovalEscalated {
        step: Step<'a>,
        approvers: Vec<Text<'a>>,
        expires_at: Option<i64>,
    },
    ApprovalReassigned {
        step: Step<'a>,
        approvers: Vec<Text<'a>>,
        by: Text<'a>,
        reason: Option<Text<'a>>,
    },
    ApprovalSentBack {
        step: Step<'a>,
        decision: V1Decision<'a>,
    },
    ApprovalVoided {
        step: Step<'a>,
        changes: Vec<V1Change<'a>>,
    },
    ApprovalNotified {
        step: Step<'a>,
        notice: u32,
        index: u32,
        attempts: u32,
        failure: Option<V1Failure<'a>>,
    },
    EventAwaited {
        step: Step<'a>,
        event_type: Text<'a>,
        key: Option<Text<'a>>,
        since: i64,
        until: Option<i64>,
    },
    EventTaken {
        step: Step<'a>,
        event: [u8; 16],
        received_at: i64,
        value: Text<'a>,
    },
    Queued {
        claim: Option<V1Claim<'a>>,
    },
    Admitted,
    Parked {
        holding: bool,
    },
    PassedOver {
        reason: Text<'a>,
    },
    RateAwaited {
        step: Step<'a>,
        connection: Text<'a>,
    },
    StepChecked {
        step: Step<'a>,
        answer: u8,
        failure: Option<V1Failure<'a>>,
    },
    AskedBefore {
        step: Step<'a>,
        from: [u8; 16],
        asked: Text<'a>,
    },
    ArtifactKept {
        step: Step<'a>,
        name: Text<'a>,
        media_type: Text<'a>,
        bytes: u64,
        digest: Text<'a>,
        from: Option<[u8; 16]>,
    },
    SentBackBefore {
        step: Step<'a>,
        turn: u32,
        times: u32,
        review: Option<Text<'a>>,
    },
}
