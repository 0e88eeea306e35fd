//! Events about loops.

use super::common::{at, numbered, start};
use druse_engine::{
    Digest, Json,
    definition::FailureClass,
    event::{Entry, Failure, RunEvent, Status, StepPath},
};
use serde_json::json;

/// Every kind of event about loops, with every optional part there and missing.
pub(super) fn entries() -> Vec<Entry> {
    let step = |name: &str| StepPath::from(name);
    let failure = Failure::new(FailureClass::Permanent, "repeat_limit", "It did not come.");
    let finished = |name: &str, open: bool| RunEvent::PassFinished {
        step: step(name),
        status: if open {
            Status::Succeeded
        } else {
            Status::Failed
        },
        output: open.then(Json::null),
        failure: (!open).then(|| failure.clone()),
        done: open,
        due: (!open).then(|| at(9)),
    };
    let kept = |name: &str, open: bool| RunEvent::PassKept {
        step: step(name),
        item: Digest::of(b"item"),
        output: open.then(|| Json::from(json!([1, "ß"]))),
        done: open,
        from: start().root,
    };
    let events = vec![
        RunEvent::Created(Box::new(start())),
        RunEvent::KeepingStarted { results: 2 },
        kept("each[3]", true),
        kept("each[4]", false),
        RunEvent::LoopStarted {
            step: step("each"),
            items: Some(Json::from(json!({ "a": 1, "b": [2.5] }))),
            deadline: Some(at(60)),
        },
        RunEvent::LoopStarted {
            step: step("each[0].ready"),
            items: None,
            deadline: None,
        },
        RunEvent::PassStarted {
            step: step("each[0].ready[1]"),
        },
        finished("each[0].ready[1]", true),
        finished("each[0]", false),
        RunEvent::LoopFinished {
            step: step("each[0].ready"),
            status: Status::Succeeded,
            failure: None,
        },
        RunEvent::LoopTimedOut { step: step("each") },
        RunEvent::LoopFinished {
            step: step("each"),
            status: Status::Rejected,
            failure: Some(failure),
        },
    ];
    numbered(events)
}
