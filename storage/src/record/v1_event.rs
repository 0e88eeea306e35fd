//! Format 1 of a run's events.

use super::Undecodable;
use super::v1::{Text, digest, json, run_id, text};
use super::v1_parts::*;
use druse_engine::{
    Artifact, EventId, Id, Timestamp,
    event::{Change, Outcome, RunEvent},
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

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
            E::DoneBefore { step: s, from } => Self::DoneBefore {
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
            E::RateAwaited {
                step: s,
                connection,
            } => Self::RateAwaited {
                step: step(s),
                connection: borrowed(connection),
            },
            E::StepChecked {
                step: s,
                answer,
                failure,
            } => Self::StepChecked {
                step: step(s),
                answer: probed_code(*answer),
                failure: failure.as_ref().map(Into::into),
            },
            E::AskedBefore {
                step: s,
                from,
                asked,
            } => Self::AskedBefore {
                step: step(s),
                from: from.0.to_bytes(),
                asked: borrowed(asked.as_str()),
            },
            E::ArtifactKept {
                step: s,
                artifact,
                from,
            } => Self::ArtifactKept {
                step: step(s),
                name: borrowed(&artifact.name),
                media_type: borrowed(&artifact.media_type),
                bytes: artifact.bytes,
                digest: borrowed(artifact.digest.as_str()),
                from: from.map(|from| from.0.to_bytes()),
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
            Self::DoneBefore { step, from } => E::DoneBefore {
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
            Self::RateAwaited { step, connection } => E::RateAwaited {
                step: path(step),
                connection: connection.into_owned(),
            },
            Self::StepChecked {
                step,
                answer,
                failure,
            } => E::StepChecked {
                step: path(step),
                answer: probed(answer)?,
                failure: failure.map(V1Failure::into_failure).transpose()?,
            },
            Self::AskedBefore { step, from, asked } => E::AskedBefore {
                step: path(step),
                from: run_id(from),
                asked: digest(&asked)?,
            },
            Self::ArtifactKept {
                step,
                name,
                media_type,
                bytes,
                digest: written,
                from,
            } => E::ArtifactKept {
                step: path(step),
                artifact: Artifact {
                    name: name.into_owned(),
                    media_type: media_type.into_owned(),
                    bytes,
                    digest: digest(&written)?,
                },
                from: from.map(run_id),
            },
        })
    }
}
