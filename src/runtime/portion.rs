//! Facts in portions that fit into records of the log: one input may make more of them than one record
//! takes.

use druse_engine::Json;
use druse_engine::event::{Decision, Entry, Failure, Outcome, RunEvent};

/// Bytes of facts after which a new record is begun, far below what a record may hold: the last fact of a
/// portion may be large, and rows of gates repeat what theirs say.
const PORTION: usize = 2 << 20;

/// Bytes of the largest fact that is written down. A record takes twice that and a portion.
const LARGEST: usize = 6 << 20;

/// Roughly how many bytes a fact takes.
fn weight(event: &RunEvent) -> usize {
    const SMALL: usize = 256;
    let json = |value: &Json| value.text().len();
    let failure = |failure: &Failure| {
        failure.code.len() + failure.message.len() + failure.details.as_ref().map_or(0, json)
    };
    let decision = |decision: &Decision| {
        decision.comment.as_ref().map_or(0, String::len) + decision.fields.as_ref().map_or(0, json)
    };
    SMALL
        + match event {
            RunEvent::Created(start) => {
                json(&start.cause) + json(&start.inputs) + json(&start.trigger)
            }
            RunEvent::StepEvaluated { output, .. }
            | RunEvent::StepKept { output, .. }
            | RunEvent::AttemptStarted { input: output, .. }
            | RunEvent::AttemptFinished {
                outcome: Outcome::Succeeded { output },
                ..
            } => json(output),
            RunEvent::AttemptFinished {
                outcome: Outcome::Failed { failure: why, .. },
                ..
            }
            | RunEvent::StepFailed { failure: why, .. } => failure(why),
            RunEvent::ApprovalRequested { request, .. } => {
                request.title.len()
                    + request.message.as_ref().map_or(0, String::len)
                    + request.approvers.iter().map(String::len).sum::<usize>()
                    + json(&request.details)
                    + json(&request.fields)
            }
            RunEvent::ApprovalDecided { decision: made, .. } => decision(made),
            RunEvent::CancelRequested { by, reason } => {
                by.len() + reason.as_ref().map_or(0, String::len)
            }
            RunEvent::Finished {
                outputs,
                failure: why,
                ..
            } => outputs.as_ref().map_or(0, json) + why.as_ref().map_or(0, failure),
            RunEvent::StepSkipped { .. }
            | RunEvent::AttemptInterrupted { .. }
            | RunEvent::RetryScheduled { .. }
            | RunEvent::WaitStarted { .. }
            | RunEvent::WaitFinished { .. }
            | RunEvent::ApprovalExpired { .. }
            | RunEvent::StepUncertain { .. }
            | RunEvent::StepCanceled { .. }
            | RunEvent::RunTimedOut => 0,
        }
}

/// The bytes of the first fact that is larger than any may be.
pub(super) fn too_large(entries: &[Entry]) -> Option<usize> {
    entries
        .iter()
        .map(|entry| weight(&entry.event))
        .find(|bytes| *bytes > LARGEST)
}

/// The facts in their order, in as few portions as fit; at least one.
pub(super) fn portions(entries: Vec<Entry>) -> Vec<Vec<Entry>> {
    let mut portions = Vec::with_capacity(1);
    let (mut portion, mut bytes) = (Vec::with_capacity(entries.len()), 0);
    for entry in entries {
        if bytes > PORTION {
            portions.push(std::mem::take(&mut portion));
            bytes = 0;
        }
        bytes += weight(&entry.event);
        portion.push(entry);
    }
    portions.push(portion);
    portions
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_engine::Timestamp;
    use serde_json::json;

    fn entry(seq: u64, bytes: usize) -> Entry {
        Entry {
            seq,
            at: Timestamp(0),
            event: RunEvent::StepEvaluated {
                step: "a".into(),
                output: Json::from(json!("x".repeat(bytes))),
            },
        }
    }

    #[test]
    fn facts_keep_their_order_and_no_portion_is_much_larger_than_its_last_fact() {
        let sizes = [10, 1 << 20, 1 << 20, 10, 5 << 20, 10, 10, 3 << 20, 1];
        let entries: Vec<Entry> = (1..)
            .zip(sizes)
            .map(|(seq, size)| entry(seq, size))
            .collect();
        assert_eq!(too_large(&entries), None);
        let portions = portions(entries);
        let seqs: Vec<Vec<u64>> = portions
            .iter()
            .map(|portion| portion.iter().map(|entry| entry.seq).collect())
            .collect();
        assert_eq!(seqs, [vec![1, 2, 3], vec![4, 5], vec![6, 7, 8], vec![9]]);
        assert!(too_large(&[entry(1, 7 << 20)]).is_some());
        assert_eq!(super::portions(Vec::new()), [Vec::new()]);
    }
}
