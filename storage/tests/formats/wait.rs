//! Events about waits for events.

use super::common::{at, numbered, start};
use druse_engine::{
    EventId, Json,
    event::{Entry, RunEvent, StepPath},
};
use serde_json::json;

/// Every kind of event about waits for events, with every optional part there and missing.
pub(super) fn entries() -> Vec<Entry> {
    let step = |name: &str| StepPath::from(name);
    let awaited = |name: &str, open: bool| RunEvent::EventAwaited {
        step: step(name),
        event_type: "com.example.*".into(),
        key: open.then(|| "ß-17".into()),
        since: at(1),
        until: open.then(|| at(90)),
    };
    let events = vec![
        RunEvent::Created(Box::new(start())),
        awaited("paid", true),
        awaited("each[0].paid", false),
        RunEvent::EventTaken {
            step: step("paid"),
            event: EventId::from_parts(1_800_000_000_000, [9; 10]),
            received_at: at(2),
            value: Json::from(json!({ "type": "com.example.paid", "data": [98.70] })),
        },
    ];
    numbered(events)
}
