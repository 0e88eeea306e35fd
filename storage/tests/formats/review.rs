//! Rows about what has changed outside, and about what people acknowledged.

use super::opened;
use druse_engine::{AutomationId, Digest, RunId, Timestamp};
use druse_storage::{
    Acknowledgement, Automation, AutomationStatus, Batch, Entity, Review, SourceType, Store,
    StoreExt, Table, ToolPin, ToolPins, UnreadChange, embedded::Embedded,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

fn at(second: i64) -> Timestamp {
    Timestamp(1_800_000_000_000 + second * 1000)
}

fn run() -> RunId {
    RunId::from_parts(1_800_000_000_000, *b"format one")
}

fn automation() -> AutomationId {
    AutomationId::from_parts(1_799_999_999_000, [9; 10])
}

fn review(version: u32) -> Review {
    Review {
        automation: automation(),
        version,
        run: run(),
        step: "each[1].get_order".into(),
        message: "The answer has no `payment_id`.".into(),
        changes: json!([{ "place": "/json", "keyword": "required", "missing": ["payment_id"] }]),
        at: at(5),
    }
}

/// The row as it was when there was one for all versions.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct OfAll(Review);

impl Entity for OfAll {
    const TABLE: Table = Table::Review;
    fn key(&self) -> String {
        self.0.automation.to_string()
    }
}

fn unread() -> UnreadChange {
    UnreadChange {
        automation: automation(),
        version: 3,
        step: "get_order".into(),
        place: "/json/state".into(),
        kind: "type".into(),
        expected: vec!["string".into()],
        came: Some("number".into()),
        message: "/json/state is number, and was string.".into(),
        run: run(),
        at: at(6),
    }
}

fn pins() -> ToolPins {
    ToolPins {
        automation: automation(),
        version: 3,
        tools: vec![ToolPin {
            connection: "bank".into(),
            tool: "pay".into(),
            digest: Digest::of(b"a schema"),
            schema: json!({ "type": "object", "properties": { "amount": { "type": "number" } } }),
        }],
        at: at(7),
    }
}

fn row() -> Automation {
    Automation {
        id: automation(),
        name: "pay-bill".into(),
        source_type: SourceType::Crystallized,
        source: None,
        status: AutomationStatus::Active,
        latest_version: 3,
        active_version: Some(3),
        acknowledged: vec!["runs_program:git".into()],
        acknowledgements: vec![Acknowledgement {
            finding: "frozen_from_output:pay:/with/arguments/to".into(),
            version: 3,
            digest: Digest::of(b"the document"),
            by: "ada".into(),
            at: at(8),
        }],
        created_at: at(1),
        updated_at: at(9),
    }
}

pub(super) fn write(store: &Embedded) {
    let batch = Batch::new()
        .put(&OfAll(review(2)))
        .put(&review(3))
        .put(&unread())
        .put(&pins())
        .put(&row());
    store.append(batch).unwrap().wait().unwrap();
}

#[test]
fn what_has_changed_outside_of_format_1_says_what_it_said() {
    let (_folder, _, store) = opened("v1-reviews");
    let of_all: Option<Review> = store.get(&automation().to_string()).unwrap();
    assert_eq!(of_all, Some(review(2)));
    let key = Review::key_of(automation(), 3);
    assert_eq!(store.get(&key).unwrap(), Some(review(3)));
    assert_eq!(store.get(&key).unwrap(), Some(pins()));
    assert_eq!(store.get(&unread().key()).unwrap(), Some(unread()));
    assert_eq!(store.get(&automation().to_string()).unwrap(), Some(row()));
}
