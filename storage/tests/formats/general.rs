//! The kinds of event that format 1 began with.

use super::common::{at, head, numbered, start};
use druse_engine::{
    ApprovalId, Digest, Json,
    definition::FailureClass,
    event::{
        ApprovalRequest, Decision, Entry, Failure, Outcome, RunEvent, SkipReason, Status, StepPath,
        Verdict,
    },
};
use druse_storage::{Batch, Setting, Store, embedded::Embedded};
use serde_json::json;
use std::sync::Arc;

/// Every kind of event of then, with every optional part there and missing.
pub(super) fn entries() -> Vec<Entry> {
    let step = |name: &str| StepPath::from(name);
    let failure = Failure {
        class: FailureClass::Retryable,
        code: "http_503".into(),
        message: "The bank answered 503.".into(),
        details: Some(Json::from(json!({ "status": 503 }))),
    };
    let plain = Failure::new(FailureClass::Quarantined, "killed", "It ended the process.");
    let request = |open: bool| ApprovalRequest {
        approval: ApprovalId::from_parts(1_800_000_003_000, [2; 10]),
        title: "Pay 98.70?".into(),
        message: open.then(|| "The December bill".into()),
        details: Json::from(json!({ "amount": 98.7 })),
        fields: Json::null(),
        approvers: vec!["role:approver".into(), "user:ada".into()],
        needed: 2,
        exclude_starter: open,
        digest: Digest::of(b"what is shown"),
        expires_at: open.then(|| at(90)),
    };
    let decision = |verdict, open: bool| Decision {
        decision: verdict,
        by: "ada".into(),
        comment: open.then(|| "ok ✓".into()),
        fields: open.then(|| Json::from(json!({ "note": [1, 2.5, null] }))),
        at: at(40),
        own_run: open,
    };
    let events = vec![
        RunEvent::Created(Box::new(start())),
        RunEvent::StepSkipped {
            step: step("a"),
            reason: SkipReason::When,
        },
        RunEvent::StepSkipped {
            step: step("b"),
            reason: SkipReason::Need {
                step: "a".into(),
                status: Status::Skipped,
            },
        },
        RunEvent::StepSkipped {
            step: step("c"),
            reason: SkipReason::Case {
                step: "choose".into(),
                taken: Some("large".into()),
            },
        },
        RunEvent::StepSkipped {
            step: step("d"),
            reason: SkipReason::RunEnding,
        },
        RunEvent::StepEvaluated {
            step: step("e"),
            output: Json::from(json!({ "z": 1, "a": [true] })),
        },
        RunEvent::StepKept {
            step: step("f"),
            output: Json::from(json!("kept")),
            from: start().root,
        },
        RunEvent::AttemptStarted {
            step: step("pay"),
            number: 1,
            fence: 7,
            input: Json::from(json!({ "amount": 98.70 })),
            idempotency_key: "key".into(),
            deadline: Some(at(60)),
        },
        RunEvent::AttemptFinished {
            step: step("pay"),
            number: 1,
            outcome: Outcome::Failed {
                failure: failure.clone(),
                retry_after_ms: Some(1500),
            },
        },
        RunEvent::RetryScheduled {
            step: step("pay"),
            due: at(2),
        },
        RunEvent::AttemptInterrupted {
            step: step("pay"),
            number: 2,
        },
        RunEvent::AttemptFinished {
            step: step("pay"),
            number: 3,
            outcome: Outcome::Succeeded {
                output: Json::from(json!({ "paid": true })),
            },
        },
        RunEvent::WaitStarted {
            step: step("rest"),
            until: at(30),
        },
        RunEvent::WaitFinished { step: step("rest") },
        RunEvent::ApprovalRequested {
            step: step("gate"),
            request: Box::new(request(true)),
        },
        RunEvent::ApprovalRequested {
            step: step("gate2"),
            request: Box::new(request(false)),
        },
        RunEvent::ApprovalDecided {
            step: step("gate"),
            decision: decision(Verdict::Approve, true),
        },
        RunEvent::ApprovalDecided {
            step: step("gate2"),
            decision: decision(Verdict::SendBack, false),
        },
        RunEvent::ApprovalExpired {
            step: step("gate2"),
        },
        RunEvent::StepFailed {
            step: step("g"),
            failure: plain.clone(),
        },
        RunEvent::StepUncertain { step: step("h") },
        RunEvent::StepCanceled { step: step("i") },
        RunEvent::CancelRequested {
            by: "ada".into(),
            reason: Some("wrong bill".into()),
        },
        RunEvent::CancelRequested {
            by: "bob".into(),
            reason: None,
        },
        RunEvent::RunTimedOut,
        RunEvent::Finished {
            status: Status::Failed,
            outputs: Some(Json::from(json!({ "paid": 98.7 }))),
            failure: Some(failure),
        },
    ];
    numbered(events)
}

pub(super) fn setting(name: &str, text: &str) -> Setting {
    Setting {
        name: name.into(),
        value: json!({ "text": text }),
        updated_at: at(5),
    }
}

/// Writes it, in three records.
pub(super) fn write(store: &Embedded) {
    let mut entries = entries();
    let later = entries.split_off(7);
    let wait = |batch: Batch| store.append(batch).unwrap().wait().unwrap();
    wait(
        Batch::new()
            .run(Arc::new(head(Status::Running)), entries)
            .put(&setting("gone", "soon")),
    );
    wait(
        Batch::new()
            .put(&setting("short", "ß"))
            .put(&setting("long", &"long ".repeat(600))),
    );
    wait(
        Batch::new()
            .run(Arc::new(head(Status::Failed)), later)
            .remove::<Setting>("gone"),
    );
}
