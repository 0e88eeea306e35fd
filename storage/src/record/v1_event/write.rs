//! An event as format 1 writes it.

use super::super::v1::text;
use super::super::v1_parts::*;
use super::V1Event;
use druse_engine::event::{Outcome, RunEvent};

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
            E::SentBackBefore {
                step: s,
                turn,
                times,
                review,
            } => Self::SentBackBefore {
                step: step(s),
                turn: *turn,
                times: *times,
                review: review.as_ref().map(text),
            },
        }
    }
}
