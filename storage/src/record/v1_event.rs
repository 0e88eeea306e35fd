//! Format 1 of a run's events, and the codes of their enumerations.

use super::Undecodable;
use super::v1::{Text, approval, automation, digest, json, run_id, text};
use druse_engine::{
    EventId, Id, Timestamp,
    definition::{FailureClass, Overflow},
    event::{
        ApprovalRequest, Change, Decision, Failure, HandlerList, Outcome, RunEvent, SkipReason,
        Start, Status, StepPath, Verdict,
    },
    flow::{Claim, KeyClaim},
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

type Step<'a> = Text<'a>;

#[derive(Serialize, Deserialize)]
pub(super) struct V1Failure<'a> {
    pub(super) class: u8,
    pub(super) code: Text<'a>,
    pub(super) message: Text<'a>,
    pub(super) details: Option<Text<'a>>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct V1Start<'a> {
    run: [u8; 16],
    automation: Option<[u8; 16]>,
    name: Text<'a>,
    version: u32,
    digest: Text<'a>,
    cause: Text<'a>,
    started_by: Text<'a>,
    inputs: Text<'a>,
    trigger: Text<'a>,
    scheduled_at: Option<i64>,
    root: [u8; 16],
    depth: u32,
}

#[derive(Serialize, Deserialize)]
pub(super) enum V1Skip<'a> {
    When,
    Need {
        step: Text<'a>,
        status: u8,
    },
    Case {
        step: Text<'a>,
        taken: Option<Text<'a>>,
    },
    RunEnding,
}

#[derive(Serialize, Deserialize)]
pub(super) enum V1Outcome<'a> {
    Succeeded {
        output: Text<'a>,
    },
    Failed {
        failure: V1Failure<'a>,
        retry_after_ms: Option<u64>,
    },
}

#[derive(Serialize, Deserialize)]
pub(super) struct V1Request<'a> {
    approval: [u8; 16],
    title: Text<'a>,
    message: Option<Text<'a>>,
    details: Text<'a>,
    fields: Text<'a>,
    approvers: Vec<Text<'a>>,
    needed: u32,
    exclude_starter: bool,
    digest: Text<'a>,
    expires_at: Option<i64>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct V1Decision<'a> {
    decision: u8,
    by: Text<'a>,
    comment: Option<Text<'a>>,
    fields: Option<Text<'a>>,
    at: i64,
    own_run: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct V1Change<'a> {
    what: Text<'a>,
    before: Text<'a>,
    after: Text<'a>,
}

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
    UndoneBefore {
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
}

#[derive(Serialize, Deserialize)]
pub(super) struct V1Claim<'a> {
    priority: i32,
    key: Option<V1Key<'a>>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct V1Key<'a> {
    key: Text<'a>,
    limit: u32,
    overflow: u8,
    hold: bool,
}

macro_rules! codes {
    ($to:ident, $from:ident, $type:ty, $what:literal, $($variant:ident = $code:literal),*) => {
        pub(crate) fn $to(value: $type) -> u8 {
            match value { $(<$type>::$variant => $code),* }
        }
        pub(crate) fn $from(code: u8) -> Result<$type, Undecodable> {
            match code {
                $($code => Ok(<$type>::$variant),)*
                other => Err(Undecodable(format!(concat!("unknown ", $what, " {}"), other))),
            }
        }
    };
}

codes!(
    status_code,
    status,
    Status,
    "status",
    Queued = 0,
    Running = 1,
    Waiting = 2,
    Succeeded = 3,
    Failed = 4,
    Rejected = 5,
    Canceled = 6,
    Skipped = 7,
    Uncertain = 8,
    Paused = 9
);
codes!(
    list_code,
    list,
    HandlerList,
    "list of handlers",
    Undo = 0,
    OnFailure = 1,
    Finally = 2
);
codes!(
    class_code,
    class,
    FailureClass,
    "failure class",
    Retryable = 0,
    Permanent = 1,
    Timeout = 2,
    Canceled = 3,
    Uncertain = 4,
    Interrupted = 5,
    Quarantined = 6
);
codes!(
    overflow_code,
    overflow,
    Overflow,
    "overflow",
    Queue = 0,
    Skip = 1,
    Replace = 2,
    Reject = 3
);
codes!(
    verdict_code,
    verdict,
    Verdict,
    "decision",
    Approve = 0,
    Reject = 1,
    SendBack = 2
);

fn borrowed(text: &str) -> Text<'_> {
    Cow::Borrowed(text)
}

fn step(path: &StepPath) -> Text<'_> {
    Cow::Borrowed(&path.0)
}

fn path(text: Text<'_>) -> StepPath {
    StepPath::from(text.as_ref())
}

impl V1Failure<'_> {
    pub(super) fn into_failure(self) -> Result<Failure, Undecodable> {
        Ok(Failure {
            class: class(self.class)?,
            code: self.code.into_owned(),
            message: self.message.into_owned(),
            details: self.details.map(json),
        })
    }
}

impl<'a> From<&'a Start> for V1Start<'a> {
    fn from(start: &'a Start) -> Self {
        Self {
            run: start.run.0.to_bytes(),
            automation: start.automation.map(|id| id.0.to_bytes()),
            name: borrowed(&start.name),
            version: start.version,
            digest: borrowed(start.digest.as_str()),
            cause: text(&start.cause),
            started_by: borrowed(&start.started_by),
            inputs: text(&start.inputs),
            trigger: text(&start.trigger),
            scheduled_at: start.scheduled_at.map(|at| at.0),
            root: start.root.0.to_bytes(),
            depth: start.depth,
        }
    }
}

impl V1Start<'_> {
    fn into_start(self) -> Result<Start, Undecodable> {
        Ok(Start {
            run: run_id(self.run),
            automation: self.automation.map(automation),
            name: self.name.into_owned(),
            version: self.version,
            digest: digest(&self.digest)?,
            cause: json(self.cause),
            started_by: self.started_by.into_owned(),
            inputs: json(self.inputs),
            trigger: json(self.trigger),
            scheduled_at: self.scheduled_at.map(Timestamp),
            root: run_id(self.root),
            depth: self.depth,
        })
    }
}

impl<'a> From<&'a ApprovalRequest> for V1Request<'a> {
    fn from(request: &'a ApprovalRequest) -> Self {
        Self {
            approval: request.approval.0.to_bytes(),
            title: borrowed(&request.title),
            message: request.message.as_deref().map(borrowed),
            details: text(&request.details),
            fields: text(&request.fields),
            approvers: request.approvers.iter().map(|who| borrowed(who)).collect(),
            needed: request.needed,
            exclude_starter: request.exclude_starter,
            digest: borrowed(request.digest.as_str()),
            expires_at: request.expires_at.map(|at| at.0),
        }
    }
}

impl V1Request<'_> {
    fn into_request(self) -> Result<ApprovalRequest, Undecodable> {
        Ok(ApprovalRequest {
            approval: approval(self.approval),
            title: self.title.into_owned(),
            message: self.message.map(Cow::into_owned),
            details: json(self.details),
            fields: json(self.fields),
            approvers: self.approvers.into_iter().map(Cow::into_owned).collect(),
            needed: self.needed,
            exclude_starter: self.exclude_starter,
            digest: digest(&self.digest)?,
            expires_at: self.expires_at.map(Timestamp),
        })
    }
}

impl<'a> From<&'a Decision> for V1Decision<'a> {
    fn from(decision: &'a Decision) -> Self {
        Self {
            decision: verdict_code(decision.decision),
            by: borrowed(&decision.by),
            comment: decision.comment.as_deref().map(borrowed),
            fields: decision.fields.as_ref().map(text),
            at: decision.at.0,
            own_run: decision.own_run,
        }
    }
}

impl V1Decision<'_> {
    fn into_decision(self) -> Result<Decision, Undecodable> {
        Ok(Decision {
            decision: verdict(self.decision)?,
            by: self.by.into_owned(),
            comment: self.comment.map(Cow::into_owned),
            fields: self.fields.map(json),
            at: Timestamp(self.at),
            own_run: self.own_run,
        })
    }
}

impl<'a> From<&'a Claim> for V1Claim<'a> {
    fn from(claim: &'a Claim) -> Self {
        Self {
            priority: claim.priority,
            key: claim.key.as_ref().map(|key| V1Key {
                key: borrowed(&key.key),
                limit: key.limit,
                overflow: overflow_code(key.overflow),
                hold: key.hold,
            }),
        }
    }
}

impl V1Claim<'_> {
    fn into_claim(self) -> Result<Claim, Undecodable> {
        let key = self.key.map(|key| {
            Ok(KeyClaim {
                key: key.key.into_owned(),
                limit: key.limit,
                overflow: overflow(key.overflow)?,
                hold: key.hold,
            })
        });
        Ok(Claim {
            priority: self.priority,
            key: key.transpose()?,
        })
    }
}

impl<'a> From<&'a SkipReason> for V1Skip<'a> {
    fn from(reason: &'a SkipReason) -> Self {
        match reason {
            SkipReason::When => Self::When,
            SkipReason::Need { step, status } => Self::Need {
                step: borrowed(step),
                status: status_code(*status),
            },
            SkipReason::Case { step, taken } => Self::Case {
                step: borrowed(step),
                taken: taken.as_deref().map(borrowed),
            },
            SkipReason::RunEnding => Self::RunEnding,
        }
    }
}

impl V1Skip<'_> {
    fn into_reason(self) -> Result<SkipReason, Undecodable> {
        Ok(match self {
            Self::When => SkipReason::When,
            Self::Need { step, status: code } => SkipReason::Need {
                step: step.into_owned(),
                status: status(code)?,
            },
            Self::Case { step, taken } => SkipReason::Case {
                step: step.into_owned(),
                taken: taken.map(Cow::into_owned),
            },
            Self::RunEnding => SkipReason::RunEnding,
        })
    }
}

impl<'a> From<&'a RunEvent> for V1Event<'a> {
    fn from(event: &'a RunEvent) -> Self {
        use RunEvent as E;
        match event {
            E::Created(start) => Self::Created(V1Start::from(start.as_ref())),
            E::StepSkipped { step: s, reason } => Self::StepSkipped {
                step: step(s),
                reason: reason.into(),
            },
            E::StepEvaluated { step: s, output } => Self::StepEvaluated {
                step: step(s),
                output: text(output),
            },
            E::StepKept {
                step: s,
                output,
                from,
            } => Self::StepKept {
                step: step(s),
                output: text(output),
                from: from.0.to_bytes(),
            },
            E::AttemptStarted {
                step: s,
                number,
                fence,
                input,
                idempotency_key,
                deadline,
            } => Self::AttemptStarted {
                step: step(s),
                number: *number,
                fence: *fence,
                input: text(input),
                idempotency_key: borrowed(idempotency_key),
                deadline: deadline.map(|at| at.0),
            },
            E::AttemptFinished {
                step: s,
                number,
                outcome,
            } => Self::AttemptFinished {
                step: step(s),
                number: *number,
                outcome: match outcome {
                    Outcome::Succeeded { output } => V1Outcome::Succeeded {
                        output: text(output),
                    },
                    Outcome::Failed {
                        failure,
                        retry_after_ms,
                    } => V1Outcome::Failed {
                        failure: failure.into(),
                        retry_after_ms: *retry_after_ms,
                    },
                },
            },
            E::AttemptInterrupted { step: s, number } => Self::AttemptInterrupted {
                step: step(s),
                number: *number,
            },
            E::RetryScheduled { step: s, due } => Self::RetryScheduled {
                step: step(s),
                due: due.0,
            },
            E::WaitStarted { step: s, until } => Self::WaitStarted {
                step: step(s),
                until: until.0,
            },
            E::WaitFinished { step: s } => Self::WaitFinished { step: step(s) },
            E::EventAwaited {
                step: s,
                event_type,
                key,
                since,
                until,
            } => Self::EventAwaited {
                step: step(s),
                event_type: borrowed(event_type),
                key: key.as_deref().map(borrowed),
                since: since.0,
                until: until.map(|at| at.0),
            },
            E::EventTaken {
                step: s,
                event,
                received_at,
                value,
            } => Self::EventTaken {
                step: step(s),
                event: event.0.to_bytes(),
                received_at: received_at.0,
                value: text(value),
            },
            E::ApprovalRequested { step: s, request } => Self::ApprovalRequested {
                step: step(s),
                request: request.as_ref().into(),
            },
            E::ApprovalDecided { step: s, decision } => Self::ApprovalDecided {
                step: step(s),
                decision: decision.into(),
            },
            E::ApprovalExpired { step: s } => Self::ApprovalExpired { step: step(s) },
            E::StepFailed { step: s, failure } => Self::StepFailed {
                step: step(s),
                failure: failure.into(),
            },
            E::StepUncertain { step: s } => Self::StepUncertain { step: step(s) },
            E::StepCanceled { step: s } => Self::StepCanceled { step: step(s) },
            E::CancelRequested { by, reason } => Self::CancelRequested {
                by: borrowed(by),
                reason: reason.as_deref().map(borrowed),
            },
            E::RunTimedOut => Self::RunTimedOut,
            E::Finished {
                status: s,
                outputs,
                failure,
            } => Self::Finished {
                status: status_code(*s),
                outputs: outputs.as_ref().map(text),
                failure: failure.as_ref().map(V1Failure::from),
            },
            E::LoopStarted {
                step: s,
                items,
                deadline,
            } => Self::LoopStarted {
                step: step(s),
                items: items.as_ref().map(text),
                deadline: deadline.map(|at| at.0),
            },
            E::PassStarted { step: s } => Self::PassStarted { step: step(s) },
            E::PassFinished {
                step: s,
                status,
                output,
                failure,
                done,
                due,
            } => Self::PassFinished {
                step: step(s),
                status: status_code(*status),
                output: output.as_ref().map(text),
                failure: failure.as_ref().map(V1Failure::from),
                done: *done,
                due: due.map(|at| at.0),
            },
            E::LoopFinished {
                step: s,
                status,
                failure,
            } => Self::LoopFinished {
                step: step(s),
                status: status_code(*status),
                failure: failure.as_ref().map(V1Failure::from),
            },
            E::LoopTimedOut { step: s } => Self::LoopTimedOut { step: step(s) },
            E::WorkFinished {
                status: s,
                outputs,
                failure,
            } => Self::WorkFinished {
                status: status_code(*s),
                outputs: outputs.as_ref().map(text),
                failure: failure.as_ref().map(V1Failure::from),
            },
            E::HandlersStarted { list } => Self::HandlersStarted {
                list: list_code(*list),
            },
            E::Paused { by, reason } => Self::Paused {
                by: borrowed(by),
                reason: reason.as_deref().map(borrowed),
            },
            E::Resumed { by, reason } => Self::Resumed {
                by: borrowed(by),
                reason: reason.as_deref().map(borrowed),
            },
            E::StepPaused { step: s, failure } => Self::StepPaused {
                step: step(s),
                failure: failure.into(),
            },
            E::StepResumed {
                step: s,
                by,
                reason,
                input,
            } => Self::StepResumed {
                step: step(s),
                by: borrowed(by),
                reason: reason.as_deref().map(borrowed),
                input: input.as_ref().map(text),
            },
            E::UndoneBefore { step: s, from } => Self::UndoneBefore {
                step: step(s),
                from: from.0.to_bytes(),
            },
            E::KeepingStarted { results } => Self::KeepingStarted { results: *results },
            E::PassKept {
                step: s,
                item,
                output,
                done,
                from,
            } => Self::PassKept {
                step: step(s),
                item: borrowed(item.as_str()),
                output: output.as_ref().map(text),
                done: *done,
                from: from.0.to_bytes(),
            },
            E::StepResolved {
                step: s,
                by,
                reason,
            } => Self::StepResolved {
                step: step(s),
                by: borrowed(by),
                reason: reason.as_deref().map(borrowed),
            },
            E::ApprovalReminded { step: s } => Self::ApprovalReminded { step: step(s) },
            E::ApprovalEscalated {
                step: s,
                approvers,
                expires_at,
            } => Self::ApprovalEscalated {
                step: step(s),
                approvers: approvers.iter().map(|who| borrowed(who)).collect(),
                expires_at: expires_at.map(|at| at.0),
            },
            E::ApprovalReassigned {
                step: s,
                approvers,
                by,
                reason,
            } => Self::ApprovalReassigned {
                step: step(s),
                approvers: approvers.iter().map(|who| borrowed(who)).collect(),
                by: borrowed(by),
                reason: reason.as_deref().map(borrowed),
            },
            E::ApprovalSentBack { step: s, decision } => Self::ApprovalSentBack {
                step: step(s),
                decision: decision.into(),
            },
            E::ApprovalVoided { step: s, changes } => Self::ApprovalVoided {
                step: step(s),
                changes: changes
                    .iter()
                    .map(|change| V1Change {
                        what: borrowed(&change.what),
                        before: text(&change.before),
                        after: text(&change.after),
                    })
                    .collect(),
            },
            E::ApprovalNotified {
                step: s,
                notice,
                index,
                attempts,
                failure,
            } => Self::ApprovalNotified {
                step: step(s),
                notice: *notice,
                index: *index,
                attempts: *attempts,
                failure: failure.as_ref().map(V1Failure::from),
            },
            E::Queued { claim } => Self::Queued {
                claim: claim.as_deref().map(V1Claim::from),
            },
            E::Admitted => Self::Admitted,
            E::Parked { holding } => Self::Parked { holding: *holding },
            E::PassedOver { reason } => Self::PassedOver {
                reason: borrowed(reason),
            },
        }
    }
}

impl V1Event<'_> {
    pub(super) fn into_event(self) -> Result<RunEvent, Undecodable> {
        use RunEvent as E;
        Ok(match self {
            Self::Created(start) => E::Created(Box::new(start.into_start()?)),
            Self::StepSkipped { step, reason } => E::StepSkipped {
                step: path(step),
                reason: reason.into_reason()?,
            },
            Self::StepEvaluated { step, output } => E::StepEvaluated {
                step: path(step),
                output: json(output),
            },
            Self::StepKept { step, output, from } => E::StepKept {
                step: path(step),
                output: json(output),
                from: run_id(from),
            },
            Self::AttemptStarted {
                step,
                number,
                fence,
                input,
                idempotency_key,
                deadline,
            } => E::AttemptStarted {
                step: path(step),
                number,
                fence,
                input: json(input),
                idempotency_key: idempotency_key.into_owned(),
                deadline: deadline.map(Timestamp),
            },
            Self::AttemptFinished {
                step,
                number,
                outcome,
            } => E::AttemptFinished {
                step: path(step),
                number,
                outcome: match outcome {
                    V1Outcome::Succeeded { output } => Outcome::Succeeded {
                        output: json(output),
                    },
                    V1Outcome::Failed {
                        failure,
                        retry_after_ms,
                    } => Outcome::Failed {
                        failure: failure.into_failure()?,
                        retry_after_ms,
                    },
                },
            },
            Self::AttemptInterrupted { step, number } => E::AttemptInterrupted {
                step: path(step),
                number,
            },
            Self::RetryScheduled { step, due } => E::RetryScheduled {
                step: path(step),
                due: Timestamp(due),
            },
            Self::WaitStarted { step, until } => E::WaitStarted {
                step: path(step),
                until: Timestamp(until),
            },
            Self::WaitFinished { step } => E::WaitFinished { step: path(step) },
            Self::EventAwaited {
                step,
                event_type,
                key,
                since,
                until,
            } => E::EventAwaited {
                step: path(step),
                event_type: event_type.into_owned(),
                key: key.map(Cow::into_owned),
                since: Timestamp(since),
                until: until.map(Timestamp),
            },
            Self::EventTaken {
                step,
                event,
                received_at,
                value,
            } => E::EventTaken {
                step: path(step),
                event: EventId(Id::from_bytes(event)),
                received_at: Timestamp(received_at),
                value: json(value),
            },
            Self::ApprovalRequested { step, request } => E::ApprovalRequested {
                step: path(step),
                request: Box::new(request.into_request()?),
            },
            Self::ApprovalDecided { step, decision } => E::ApprovalDecided {
                step: path(step),
                decision: decision.into_decision()?,
            },
            Self::ApprovalExpired { step } => E::ApprovalExpired { step: path(step) },
            Self::StepFailed { step, failure } => E::StepFailed {
                step: path(step),
                failure: failure.into_failure()?,
            },
            Self::StepUncertain { step } => E::StepUncertain { step: path(step) },
            Self::StepCanceled { step } => E::StepCanceled { step: path(step) },
            Self::CancelRequested { by, reason } => E::CancelRequested {
                by: by.into_owned(),
                reason: reason.map(Cow::into_owned),
            },
            Self::RunTimedOut => E::RunTimedOut,
            Self::Finished {
                status: code,
                outputs,
                failure,
            } => E::Finished {
                status: status(code)?,
                outputs: outputs.map(json),
                failure: failure.map(V1Failure::into_failure).transpose()?,
            },
            Self::LoopStarted {
                step,
                items,
                deadline,
            } => E::LoopStarted {
                step: path(step),
                items: items.map(json),
                deadline: deadline.map(Timestamp),
            },
            Self::PassStarted { step } => E::PassStarted { step: path(step) },
            Self::PassFinished {
                step,
                status: code,
                output,
                failure,
                done,
                due,
            } => E::PassFinished {
                step: path(step),
                status: status(code)?,
                output: output.map(json),
                failure: failure.map(V1Failure::into_failure).transpose()?,
                done,
                due: due.map(Timestamp),
            },
            Self::LoopFinished {
                step,
                status: code,
                failure,
            } => E::LoopFinished {
                step: path(step),
                status: status(code)?,
                failure: failure.map(V1Failure::into_failure).transpose()?,
            },
            Self::LoopTimedOut { step } => E::LoopTimedOut { step: path(step) },
            Self::WorkFinished {
                status: code,
                outputs,
                failure,
            } => E::WorkFinished {
                status: status(code)?,
                outputs: outputs.map(json),
                failure: failure.map(V1Failure::into_failure).transpose()?,
            },
            Self::HandlersStarted { list: code } => E::HandlersStarted { list: list(code)? },
            Self::Paused { by, reason } => E::Paused {
                by: by.into_owned(),
                reason: reason.map(Cow::into_owned),
            },
            Self::Resumed { by, reason } => E::Resumed {
                by: by.into_owned(),
                reason: reason.map(Cow::into_owned),
            },
            Self::StepPaused { step, failure } => E::StepPaused {
                step: path(step),
                failure: failure.into_failure()?,
            },
            Self::StepResumed {
                step,
                by,
                reason,
                input,
            } => E::StepResumed {
                step: path(step),
                by: by.into_owned(),
                reason: reason.map(Cow::into_owned),
                input: input.map(json),
            },
            Self::UndoneBefore { step, from } => E::UndoneBefore {
                step: path(step),
                from: run_id(from),
            },
            Self::KeepingStarted { results } => E::KeepingStarted { results },
            Self::PassKept {
                step,
                item,
                output,
                done,
                from,
            } => E::PassKept {
                step: path(step),
                item: digest(&item)?,
                output: output.map(json),
                done,
                from: run_id(from),
            },
            Self::StepResolved { step, by, reason } => E::StepResolved {
                step: path(step),
                by: by.into_owned(),
                reason: reason.map(Cow::into_owned),
            },
            Self::ApprovalReminded { step } => E::ApprovalReminded { step: path(step) },
            Self::ApprovalEscalated {
                step,
                approvers,
                expires_at,
            } => E::ApprovalEscalated {
                step: path(step),
                approvers: approvers.into_iter().map(Cow::into_owned).collect(),
                expires_at: expires_at.map(Timestamp),
            },
            Self::ApprovalReassigned {
                step,
                approvers,
                by,
                reason,
            } => E::ApprovalReassigned {
                step: path(step),
                approvers: approvers.into_iter().map(Cow::into_owned).collect(),
                by: by.into_owned(),
                reason: reason.map(Cow::into_owned),
            },
            Self::ApprovalSentBack { step, decision } => E::ApprovalSentBack {
                step: path(step),
                decision: decision.into_decision()?,
            },
            Self::ApprovalVoided { step, changes } => E::ApprovalVoided {
                step: path(step),
                changes: changes
                    .into_iter()
                    .map(|change| Change {
                        what: change.what.into_owned(),
                        before: json(change.before),
                        after: json(change.after),
                    })
                    .collect(),
            },
            Self::ApprovalNotified {
                step,
                notice,
                index,
                attempts,
                failure,
            } => E::ApprovalNotified {
                step: path(step),
                notice,
                index,
                attempts,
                failure: failure.map(V1Failure::into_failure).transpose()?,
            },
            Self::Queued { claim } => E::Queued {
                claim: claim
                    .map(|claim| claim.into_claim().map(Box::new))
                    .transpose()?,
            },
            Self::Admitted => E::Admitted,
            Self::Parked { holding } => E::Parked { holding },
            Self::PassedOver { reason } => E::PassedOver {
                reason: reason.into_owned(),
            },
        })
    }
}
