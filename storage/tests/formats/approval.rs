//! Events about approvals that came later.

use super::common::{at, numbered, start};
use druse_engine::{
    Json,
    definition::FailureClass,
    event::{Change, Decision, Entry, Failure, RunEvent, StepPath, Verdict},
};
use serde_json::json;

/// Every kind of event about approvals that came to format 1 later, with every optional part there and
/// missing.
pub(super) fn entries() -> Vec<Entry> {
    let step = || StepPath::from("each[3].ask");
    let decision = Decision {
        decision: Verdict::SendBack,
        by: "ada".into(),
        comment: Some("shorter ✓".into()),
        fields: None,
        at: at(40),
        own_run: false,
    };
    let failure = Failure::new(FailureClass::Timeout, "timeout", "Nobody took it.");
    let change = Change {
        what: "pay/with/amount".into(),
        before: Json::from(json!(98.7)),
        after: Json::null(),
    };
    let mut events = vec![
        RunEvent::Created(Box::new(start())),
        RunEvent::ApprovalReminded { step: step() },
        RunEvent::StepResolved {
            step: step(),
            by: "user:ada".into(),
            reason: Some("the bank shows it".into()),
        },
        RunEvent::StepResolved {
            step: step(),
            by: "user:ada".into(),
            reason: None,
        },
        RunEvent::ApprovalSentBack {
            step: step(),
            decision,
        },
        RunEvent::ApprovalVoided {
            step: step(),
            changes: vec![change],
        },
    ];
    for open in [false, true] {
        let approvers = vec!["user:ada".to_owned(); usize::from(open)];
        events.extend([
            RunEvent::ApprovalEscalated {
                step: step(),
                approvers: approvers.clone(),
                expires_at: open.then(|| at(90)),
            },
            RunEvent::ApprovalReassigned {
                step: step(),
                approvers,
                by: "bob".into(),
                reason: open.then(|| "on leave".into()),
            },
            RunEvent::ApprovalNotified {
                step: step(),
                notice: 1,
                index: 2,
                attempts: 5,
                failure: open.then(|| failure.clone()),
            },
        ]);
    }
    numbered(events)
}
