//! Events about turns.

use super::common::{numbered, start};
use druse_engine::{
    definition::Overflow,
    event::{Entry, RunEvent},
    flow::{Claim, KeyClaim},
};

/// Every kind of event about turns, with every optional part there and missing.
pub(super) fn entries() -> Vec<Entry> {
    let claim = |key: Option<KeyClaim>, priority: i32| RunEvent::Queued {
        claim: Some(Box::new(Claim { priority, key })),
    };
    let key = |overflow: Overflow, hold: bool| KeyClaim {
        key: "EÜ".into(),
        limit: 3,
        overflow,
        hold,
    };
    let events = vec![
        RunEvent::Created(Box::new(start())),
        claim(Some(key(Overflow::Queue, true)), -5),
        claim(Some(key(Overflow::Replace, false)), 1000),
        claim(Some(key(Overflow::Skip, false)), 0),
        claim(Some(key(Overflow::Reject, false)), 0),
        claim(None, 7),
        RunEvent::Admitted,
        RunEvent::Parked { holding: true },
        RunEvent::Parked { holding: false },
        RunEvent::Queued { claim: None },
        RunEvent::PassedOver {
            reason: "all are taken".into(),
        },
    ];
    numbered(events)
}
