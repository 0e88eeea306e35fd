//! Failed runs that a person has seen.

use super::common::run;
use super::opened;
use druse_engine::{RunId, Timestamp};
use druse_storage::{Batch, Entity as _, SeenRun, Store, StoreExt, embedded::Embedded};

fn seen() -> SeenRun {
    SeenRun {
        run: run(),
        by: "user:ada".into(),
        reason: Some("the shop was being moved".into()),
        at: Timestamp(1_800_000_010_000),
    }
}

/// One of which nobody said why.
fn without_words() -> SeenRun {
    SeenRun {
        run: RunId::from_parts(1_800_000_001_000, *b"format two"),
        reason: None,
        ..seen()
    }
}

pub(super) fn write(store: &Embedded) {
    let batch = Batch::new().put(&seen()).put(&without_words());
    store.append(batch).unwrap().wait().unwrap();
}

#[test]
fn who_has_seen_a_failed_run_of_format_1_says_what_it_said() {
    let (_folder, _, store) = opened("v1-seen");
    assert_eq!(store.get(&seen().key()).unwrap(), Some(seen()));
    let other = without_words();
    assert_eq!(store.get(&other.key()).unwrap(), Some(other));
}
