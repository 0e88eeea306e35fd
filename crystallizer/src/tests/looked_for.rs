//! What a list was looked for by is carried, and is not asked about again.

use super::build::*;
use crate::session::Session;
use serde_json::json;

fn closed(task: &str, board: u32) -> Session {
    let tickets: Vec<_> = ["PAY-1011", "PAY-1044", "PAY-1093"]
        .map(|id| json!({ "id": id, "title": format!("About {id}") }))
        .into();
    let mut turns = vec![
        call(
            "b",
            0,
            "list_boards",
            json!({}),
            json!({ "boards": [{ "id": 83, "name": "Shop" }, { "id": 84, "name": "Payments" }] }),
        ),
        call(
            "l",
            1,
            "list_tickets",
            json!({ "boardId": board }),
            json!({ "tickets": tickets }),
        ),
    ];
    for (number, ticket) in (2..).zip(&tickets) {
        turns.push(call(
            &format!("c{number}"),
            number,
            "close_ticket",
            json!({ "ticket_id": ticket["id"] }),
            json!({ "ok": true }),
        ));
    }
    session(task, turns)
}

#[test]
fn what_the_look_was_asked_for_is_not_asked_about() {
    let made = made(
        &closed("Close the tickets of the Payments board.", 84),
        &bound(),
    );
    assert_eq!(unshown(&made), [] as [&str; 0]);
    assert_eq!(made.report.questions, []);
    let asked = made.document.steps[1].with.as_ref().unwrap()["arguments"]["boardId"].clone();
    assert!(
        asked
            .as_str()
            .unwrap()
            .contains("where('name', inputs.name)"),
        "{asked}"
    );
}

#[test]
fn what_the_look_was_not_asked_for_is_asked_about() {
    for task in [
        "Close the tickets of the Payments board that are urgent.",
        "Close the tickets that are not of the Payments board.",
    ] {
        let made = made(&closed(task, 84), &bound());
        assert!(!unshown(&made).is_empty(), "{task}");
    }
}
