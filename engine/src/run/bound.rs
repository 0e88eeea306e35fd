//! Bounds of what one fact and one turn hold, so that they can be written down.

use crate::Json;
use crate::definition::FailureClass;
use crate::event::{Failure, Outcome, RunEvent, Status, StepPath};

/// The most bytes that one fact may take: a few of this size fit into a record. A run never makes a
/// larger one; where one would arise, its step fails.
pub const LARGEST_FACT: usize = 5 << 20;
/// The most bytes of one output: of a step, of a pass, of a run.
pub const LARGEST_OUTPUT: usize = 4 << 20;
/// The most bytes of what a gate shows, which is written down twice.
const LARGEST_GATE: usize = 3 << 20;
/// A turn with more bytes than this is cut.
pub(super) const TURN_WEIGHT: usize = 2 << 20;
/// What a fact takes besides its values, at most.
const PLAIN: usize = 256;

fn json(value: &Json) -> usize {
    value.text().len()
}

fn failure_weight(failure: &Failure) -> usize {
    failure.code.len() + failure.message.len() + failure.details.as_ref().map_or(0, json)
}

impl RunEvent {
    /// How many bytes it takes where it is written down, roughly.
    pub fn weight(&self) -> usize {
        let values = match self {
            Self::Created(start) => json(&start.cause) + json(&start.inputs) + json(&start.trigger),
            Self::StepEvaluated { output, .. } | Self::StepKept { output, .. } => json(output),
            Self::AttemptStarted {
                input,
                idempotency_key,
                ..
            } => json(input) + idempotency_key.len(),
            Self::AttemptFinished { outcome, .. } => match outcome {
                Outcome::Succeeded { output } => json(output),
                Outcome::Failed { failure, .. } => failure_weight(failure),
            },
            Self::StepFailed { failure, .. } | Self::StepPaused { failure, .. } => {
                failure_weight(failure)
            }
            Self::StepResumed {
                by, reason, input, ..
            } => by.len() + reason.as_ref().map_or(0, String::len) + input.as_ref().map_or(0, json),
            Self::ApprovalRequested { request, .. } => {
                request.title.len()
                    + request.message.as_ref().map_or(0, String::len)
                    + request.approvers.iter().map(String::len).sum::<usize>()
                    + json(&request.details)
                    + json(&request.fields)
            }
            Self::ApprovalDecided { decision, .. } => {
                decision.comment.as_ref().map_or(0, String::len)
                    + decision.fields.as_ref().map_or(0, json)
            }
            Self::ApprovalSentBack { decision, .. } => {
                decision.comment.as_ref().map_or(0, String::len)
                    + decision.fields.as_ref().map_or(0, json)
            }
            Self::ApprovalEscalated { approvers, .. } => {
                approvers.iter().map(String::len).sum::<usize>()
            }
            Self::ApprovalReassigned {
                approvers,
                by,
                reason,
                ..
            } => {
                approvers.iter().map(String::len).sum::<usize>()
                    + by.len()
                    + reason.as_ref().map_or(0, String::len)
            }
            Self::ApprovalVoided { changes, .. } => changes
                .iter()
                .map(|change| change.what.len() + json(&change.before) + json(&change.after))
                .sum(),
            Self::ApprovalNotified { failure, .. } | Self::StepChecked { failure, .. } => {
                failure.as_ref().map_or(0, failure_weight)
            }
            Self::LoopStarted { items, .. } => items.as_ref().map_or(0, json),
            Self::PassFinished {
                output, failure, ..
            } => output.as_ref().map_or(0, json) + failure.as_ref().map_or(0, failure_weight),
            Self::EventTaken { value, .. } => json(value),
            Self::EventAwaited {
                event_type, key, ..
            } => event_type.len() + key.as_ref().map_or(0, String::len),
            Self::PassKept { output, .. } => output.as_ref().map_or(0, json),
            Self::LoopFinished { failure, .. } => failure.as_ref().map_or(0, failure_weight),
            Self::CancelRequested { by, reason }
            | Self::Paused { by, reason }
            | Self::Resumed { by, reason }
            | Self::StepResolved { by, reason, .. } => {
                by.len() + reason.as_ref().map_or(0, String::len)
            }
            Self::Finished {
                outputs, failure, ..
            }
            | Self::WorkFinished {
                outputs, failure, ..
            } => outputs.as_ref().map_or(0, json) + failure.as_ref().map_or(0, failure_weight),
            Self::Queued { claim } => {
                let key = claim.as_ref().and_then(|claim| claim.key.as_ref());
                key.map_or(0, |key| key.key.len())
            }
            Self::PassedOver { reason } => reason.len(),
            Self::RateAwaited { connection, .. } => connection.len(),
            Self::ArtifactKept { artifact, .. } => artifact.name.len() + artifact.media_type.len(),
            Self::SentBackBefore { review, .. } => review.as_ref().map_or(0, json),
            Self::StepSkipped { .. }
            | Self::AttemptInterrupted { .. }
            | Self::RetryScheduled { .. }
            | Self::WaitStarted { .. }
            | Self::WaitFinished { .. }
            | Self::ApprovalExpired { .. }
            | Self::ApprovalReminded { .. }
            | Self::StepUncertain { .. }
            | Self::StepCanceled { .. }
            | Self::PassStarted { .. }
            | Self::LoopTimedOut { .. }
            | Self::KeepingStarted { .. }
            | Self::HandlersStarted { .. }
            | Self::DoneBefore { .. }
            | Self::AskedBefore { .. }
            | Self::RunTimedOut
            | Self::Admitted
            | Self::Parked { .. } => 0,
        };
        PLAIN + values
    }
}

/// Whether a person said more than can be written down.
pub(super) fn says_too_much(events: &[RunEvent]) -> bool {
    let said = matches!(
        events.first(),
        Some(
            RunEvent::ApprovalDecided { .. }
                | RunEvent::ApprovalSentBack { .. }
                | RunEvent::ApprovalReassigned { .. }
                | RunEvent::CancelRequested { .. }
                | RunEvent::StepResolved { .. }
                | RunEvent::Paused { .. }
                | RunEvent::Resumed { .. }
                | RunEvent::StepResumed { .. }
        )
    );
    said && events.iter().any(|event| event.weight() > LARGEST_FACT)
}

/// The fact, or in the place of one that is too large the failure that this is.
pub(super) fn within(event: RunEvent) -> RunEvent {
    // Of an output its own bytes count, as where an attempt gives it.
    let (bytes, limit) = match &event {
        RunEvent::ApprovalRequested { .. } => (event.weight(), LARGEST_GATE),
        RunEvent::StepEvaluated { .. }
        | RunEvent::EventTaken { .. }
        | RunEvent::PassFinished { .. }
        | RunEvent::WorkFinished { .. }
        | RunEvent::Finished { .. }
        | RunEvent::AttemptFinished {
            outcome: Outcome::Succeeded { .. },
            ..
        } => (event.weight() - PLAIN, LARGEST_OUTPUT),
        _ => (event.weight(), LARGEST_FACT),
    };
    if bytes <= limit {
        return event;
    }
    let failed = |step: StepPath, code, what| RunEvent::StepFailed {
        step,
        failure: large(code, what, bytes, limit),
    };
    match event {
        RunEvent::StepEvaluated { step, .. } => failed(step, "output_too_large", "its output"),
        RunEvent::AttemptStarted { step, .. } => failed(step, "input_too_large", "its input"),
        RunEvent::EventAwaited { step, .. } => failed(step, "input_too_large", "its input"),
        RunEvent::EventTaken { step, .. } => failed(step, "output_too_large", "its output"),
        RunEvent::ApprovalRequested { step, .. } => {
            failed(step, "input_too_large", "what it shows")
        }
        RunEvent::LoopStarted { step, .. } => failed(step, "items_too_large", "`items`"),
        RunEvent::AttemptFinished {
            step,
            number,
            outcome,
        } => {
            let failure = match outcome {
                Outcome::Succeeded { .. } => large("output_too_large", "its output", bytes, limit),
                Outcome::Failed { failure, .. } => plain(failure),
            };
            RunEvent::AttemptFinished {
                step,
                number,
                outcome: Outcome::Failed {
                    failure,
                    retry_after_ms: None,
                },
            }
        }
        RunEvent::StepFailed { step, failure } => RunEvent::StepFailed {
            step,
            failure: plain(failure),
        },
        RunEvent::ApprovalNotified {
            step,
            notice,
            index,
            attempts,
            failure,
        } => RunEvent::ApprovalNotified {
            step,
            notice,
            index,
            attempts,
            failure: failure.map(plain),
        },
        RunEvent::StepPaused { step, failure } => RunEvent::StepPaused {
            step,
            failure: plain(failure),
        },
        RunEvent::PassFinished { step, .. } => RunEvent::PassFinished {
            step,
            status: Status::Failed,
            output: None,
            failure: Some(large("output_too_large", "its output", bytes, limit)),
            done: false,
            due: None,
        },
        RunEvent::LoopFinished {
            step,
            status,
            failure,
        } => RunEvent::LoopFinished {
            step,
            status,
            failure: failure.map(plain),
        },
        RunEvent::WorkFinished { .. } => RunEvent::WorkFinished {
            status: Status::Failed,
            outputs: None,
            failure: Some(large("output_too_large", "the outputs", bytes, limit)),
        },
        RunEvent::Finished { .. } => RunEvent::Finished {
            status: Status::Failed,
            outputs: None,
            failure: Some(large("output_too_large", "the outputs", bytes, limit)),
        },
        other => other,
    }
}

fn large(code: &str, what: &str, bytes: usize, limit: usize) -> Failure {
    let message = format!("{what} would take {bytes} bytes; the limit is {limit}");
    Failure::new(FailureClass::Permanent, code, message)
}

/// A failure without what makes it large.
fn plain(mut failure: Failure) -> Failure {
    failure.details = None;
    let end = failure.message.char_indices().nth(1000).map(|(at, _)| at);
    if let Some(end) = end {
        failure.message.truncate(end);
    }
    failure
}
