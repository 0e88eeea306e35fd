//! Events about what an earlier run ran again because a gate was sent back.

use super::common::{numbered, start};
use druse_engine::event::{Entry, RunEvent, StepPath};
use serde_json::json;

pub(super) fn entries() -> Vec<Entry> {
    let events = vec![
        RunEvent::Created(Box::new(start())),
        RunEvent::SentBackBefore {
            step: StepPath::from("each[1].pay"),
            turn: 3,
            times: 0,
            review: None,
        },
        RunEvent::SentBackBefore {
            step: StepPath::from("each[1].ask"),
            turn: 3,
            times: 2,
            review: Some(json!({ "by": "ana", "comment": "shorter" }).into()),
        },
    ];
    numbered(events)
}
