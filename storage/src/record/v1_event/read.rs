//! The event that format 1 wrote.

use super::super::Undecodable;
use super::super::v1::{digest, json, run_id};
use super::super::v1_parts::*;
use super::V1Event;
use druse_engine::{
    Artifact, EventId, Id, Timestamp,
    event::{Change, Outcome, RunEvent},
};
use std::borrow::Cow;

impl V1Event<'_> {
    pub(in crate::record) fn into_event(self) -> Result<RunEvent, Undecodable> {
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
            Self::SentBackBefore {
                step,
                turn,
                times,
                review,
            } => E::SentBackBefore {
                step: path(step),
                turn,
                times,
                review: review.map(json),
            },
        })
    }
}
