//! Events about handlers and pauses.

use super::common::{numbered, start};
use druse_engine::{
    Json,
    definition::FailureClass,
    event::{Entry, Failure, HandlerList, RunEvent, Status, StepPath},
};
use serde_json::json;

/// What came with handlers and pauses.
pub(super) fn entries() -> Vec<Entry> {
    let step = |name: &str| StepPath::from(name);
    let failure = Failure::new(FailureClass::Timeout, "timeout", "It took too long.");
    let (by, reason) = (
        "user:ana".to_owned(),
        Some("ein Blick darauf, größer".to_owned()),
    );
    let events = vec![
        RunEvent::Created(Box::new(start())),
        RunEvent::DoneBefore {
            step: step("each[0].pay"),
            from: start().root,
        },
        RunEvent::Paused {
            by: by.clone(),
            reason: reason.clone(),
        },
        RunEvent::Resumed {
            by: by.clone(),
            reason: None,
        },
        RunEvent::StepPaused {
            step: step("pay"),
            failure: failure.clone(),
        },
        RunEvent::StepResumed {
            step: step("pay"),
            by: by.clone(),
            reason,
            input: Some(Json::from(json!({ "path": "/v2" }))),
        },
        RunEvent::StepResumed {
            step: step("pay"),
            by,
            reason: None,
            input: None,
        },
        RunEvent::WorkFinished {
            status: Status::Failed,
            outputs: None,
            failure: Some(failure),
        },
        RunEvent::HandlersStarted {
            list: HandlerList::Undo,
        },
        RunEvent::HandlersStarted {
            list: HandlerList::OnFailure,
        },
        RunEvent::HandlersStarted {
            list: HandlerList::Finally,
        },
        RunEvent::WorkFinished {
            status: Status::Succeeded,
            outputs: Some(Json::from(json!({ "n": 1 }))),
            failure: None,
        },
    ];
    numbered(events)
}
