//! What lists and inboxes show, made from a run: its head and the rows of its gates.

use super::portion::portions;
use crate::action::TOOL_CHANGED;
use crate::service::SinceAsked;
use druse_engine::Timestamp;
use druse_engine::event::{Entry, Failure, RunEvent, Status, StepPath};
use druse_engine::plan::ANSWER_CHANGED;
use druse_engine::run::{ApprovalView, GateStatus, Run};
use druse_storage::{Approval, ApprovalStatus, Batch, BlobUse, Review, RunHead};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A run without its steps.
pub(super) fn head_of(run: &Run) -> RunHead {
    let start = run.start();
    RunHead {
        id: start.run,
        automation: start.automation,
        name: start.name.clone(),
        version: start.version,
        digest: start.digest.clone(),
        status: run.status(),
        cause: start.cause.clone(),
        inputs: start.inputs.clone(),
        outputs: run.outputs().cloned(),
        error: run.failure().cloned(),
        created_at: run.created_at(),
        started_at: run.started_at(),
        finished_at: run.finished_at(),
    }
}

/// The batches that make new facts of a run durable, in their order: one, unless they are large.
pub(super) fn batches_of(run: &Run, entries: Vec<Entry>) -> Vec<Batch> {
    let portions = portions(entries);
    let last = portions.len() - 1;
    let whole = head_of(run);
    portions
        .into_iter()
        .enumerate()
        .map(|(index, portion)| {
            let mut head = whole.clone();
            if index < last && run.is_over() {
                // Until its last fact is durable, it has not ended.
                head.status = Status::Running;
                head.outputs = None;
                head.error = None;
                head.finished_at = None;
            }
            batch_of(run, head, portion)
        })
        .collect()
}

/// The batch of a portion of facts, with the rows of the gates that they touch.
fn batch_of(run: &Run, head: RunHead, entries: Vec<Entry>) -> Batch {
    let mut touched: BTreeSet<&StepPath> = BTreeSet::new();
    let mut turned = Vec::new();
    let mut reviews: Vec<Review> = Vec::new();
    for entry in &entries {
        if let RunEvent::ApprovalRequested { step, .. }
        | RunEvent::ApprovalDecided { step, .. }
        | RunEvent::ApprovalExpired { step }
        | RunEvent::ApprovalReminded { step }
        | RunEvent::ApprovalEscalated { step, .. }
        | RunEvent::ApprovalReassigned { step, .. }
        | RunEvent::ApprovalNotified { step, .. }
        | RunEvent::StepCanceled { step } = &entry.event
        {
            touched.insert(step);
        }
        if let RunEvent::StepFailed { step, failure } = &entry.event
            && opens_review(failure)
            && let Some(row) = review_row(run, step, failure, entry.at)
        {
            reviews.push(row);
        }
        if let RunEvent::ApprovalSentBack { step, .. } | RunEvent::ApprovalVoided { step, .. } =
            &entry.event
        {
            // The step has another request by now, or will have.
            turned.extend(run.closed_approvals().filter(|gate| {
                let ended = matches!(gate.status, GateStatus::SentBack | GateStatus::Void);
                ended && gate.step == *step && gate.closed_at == Some(entry.at)
            }));
        }
    }
    let mut batch = Batch::new();
    for entry in &entries {
        if let RunEvent::ArtifactKept { artifact, .. } = &entry.event {
            batch = batch.put(&BlobUse {
                digest: artifact.digest.clone(),
                run: run.id(),
                bytes: artifact.bytes,
            });
        }
    }
    for gate in turned {
        batch = batch.put(&approval_row(run, gate));
    }
    for review in &reviews {
        batch = batch.put(review);
    }
    for step in touched {
        if let Some(gate) = run.approval_of(step) {
            batch = batch.put(&approval_row(run, &gate));
        }
    }
    batch.run(Arc::new(head), entries)
}

/// Whether it is the world that has changed: an answer that steps rely on, or a tool that was seen otherwise.
fn opens_review(failure: &Failure) -> bool {
    let of_tool = || {
        let details = failure.details.as_ref().map(druse_engine::Json::value);
        details.is_some_and(|details| details["kind"] == "tool" && !details["expected"].is_null())
    };
    match failure.code.as_str() {
        ANSWER_CHANGED | TOOL_CHANGED => true,
        "capability_denied" => of_tool(),
        _ => false,
    }
}

/// That the automation needs review. A run of a file has none that could.
fn review_row(run: &Run, step: &StepPath, failure: &Failure, at: Timestamp) -> Option<Review> {
    let start = run.start();
    let details = failure.details.as_ref().map(druse_engine::Json::value);
    Some(Review {
        automation: start.automation?,
        version: start.version,
        run: start.run,
        step: step.to_string(),
        message: failure.message.clone(),
        changes: details.map_or(Value::Null, |details| details["changes"].clone()),
        at,
    })
}

/// A gate as the inbox keeps it.
pub(super) fn approval_row(run: &Run, gate: &ApprovalView) -> Approval {
    Approval {
        id: gate.request.approval,
        run: run.id(),
        step: gate.step.to_string(),
        automation: run.start().automation,
        request: serde_json::to_value(&gate.request).unwrap_or_default(),
        status: match gate.status {
            GateStatus::Pending => ApprovalStatus::Pending,
            GateStatus::Approved => ApprovalStatus::Approved,
            GateStatus::Rejected => ApprovalStatus::Rejected,
            GateStatus::Expired => ApprovalStatus::Expired,
            GateStatus::Canceled => ApprovalStatus::Canceled,
            GateStatus::SentBack => ApprovalStatus::SentBack,
            GateStatus::Void => ApprovalStatus::Void,
        },
        decisions: gate.decisions.clone(),
        requested_at: gate.requested_at,
        closed_at: gate.closed_at,
        since: serde_json::to_value(SinceAsked {
            approvers: gate.approvers.clone(),
            expires_at: gate.expires_at,
            round: gate.round,
            can_send_back: gate.can_send_back,
            escalated: gate.escalated,
            reminders: gate.reminders,
            changes: gate.changes.clone(),
            notices: serde_json::to_value(&gate.notices).unwrap_or_default(),
        })
        .unwrap_or_default(),
    }
}
