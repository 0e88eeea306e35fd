//! The run that all of the data is about.

use super::general;
use druse_engine::{
    AutomationId, Digest, Json, RunId, Timestamp,
    event::{Entry, RunEvent, Start, Status},
};
use druse_storage::RunHead;
use serde_json::json;

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp(1_800_000_000_000 + second * 1000)
}

pub(super) fn run() -> RunId {
    RunId::from_parts(1_800_000_000_000, *b"format one")
}

pub(super) fn start() -> Start {
    Start {
        run: run(),
        automation: Some(AutomationId::from_parts(1_799_999_999_000, [9; 10])),
        name: "pay-bill".into(),
        version: 3,
        digest: Digest::of(b"the document"),
        cause: Json::from(json!({ "kind": "schedule", "trigger": "nightly" })),
        started_by: "trigger:nightly".into(),
        inputs: Json::from(json!({ "bill": "bills/december.txt", "limit": 100.5 })),
        trigger: Json::from(json!({ "scheduled_at": "2027-01-15T08:00:00.000Z" })),
        scheduled_at: Some(at(0)),
        root: RunId::from_parts(1_700_000_000_000, [1; 10]),
        depth: 1,
    }
}

/// The events as a journal, one a second.
pub(super) fn numbered(events: Vec<RunEvent>) -> Vec<Entry> {
    let entry = |(event, seq)| Entry {
        seq,
        at: at(seq as i64),
        event,
    };
    events.into_iter().zip(1..).map(entry).collect()
}

pub(super) fn head(status: Status) -> RunHead {
    let start = start();
    let over = status.is_final();
    let Some(RunEvent::Finished {
        outputs, failure, ..
    }) = general::entries().pop().map(|entry| entry.event)
    else {
        panic!("the last entry finishes the run");
    };
    RunHead {
        id: start.run,
        automation: start.automation,
        name: start.name,
        version: start.version,
        digest: start.digest,
        status,
        cause: start.cause,
        inputs: start.inputs,
        outputs: outputs.filter(|_| over),
        error: failure.filter(|_| over),
        created_at: at(1),
        started_at: Some(at(1)),
        finished_at: over.then(|| at(26)),
    }
}
