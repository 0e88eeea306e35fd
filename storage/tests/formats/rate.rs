//! Events about rates, and what is kept of them beside runs.

use super::common::{at, numbered, run, start};
use druse_engine::event::{Entry, RunEvent};
use druse_storage::{RateHold, RateStart};

pub(super) fn entries() -> Vec<Entry> {
    let events = vec![
        RunEvent::Created(Box::new(start())),
        RunEvent::RateAwaited {
            step: "each[3].send".into(),
            connection: "crm".into(),
        },
    ];
    numbered(events)
}

pub(super) fn rows() -> (RateStart, RateHold) {
    let (connection, step) = ("crm".to_owned(), "each[3].send".to_owned());
    let start = RateStart {
        connection: connection.clone(),
        number: 7,
        at: at(3),
        run: run(),
        step: step.clone(),
    };
    let hold = RateHold {
        connection,
        until: at(60),
        run: run(),
        step,
    };
    (start, hold)
}
