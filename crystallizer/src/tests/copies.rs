//! The same recording given twice is one recording.

use super::build::*;
use crate::mining::{Signature, recurring};
use crate::{Session, crystallize, import};
use serde_json::{Value, json};

fn refund(order: &str) -> Session {
    let turns = vec![
        call(
            "a",
            0,
            "get_order",
            json!({ "order": order }),
            json!({ "order": order, "total": 77 }),
        ),
        call(
            "b",
            1,
            "refund_order",
            json!({ "order": order, "amount": 77 }),
            json!({ "ok": true }),
        ),
    ];
    session(&format!("Refund order {order}."), turns)
}

/// The same in the form of OpenAI's messages.
fn as_messages(order: &str) -> Session {
    let asked = |id: &str, name: &str, given: Value| json!({ "role": "assistant", "tool_calls": [{ "id": id, "type": "function", "function": { "name": name, "arguments": given.to_string() } }] });
    let told = |id: &str, answer: Value| json!({ "role": "tool", "tool_call_id": id, "content": answer.to_string() });
    let recording = json!({ "messages": [
        { "role": "user", "content": format!("Refund order {order}.") },
        asked("x", "get_order", json!({ "order": order })),
        told("x", json!({ "total": 77, "order": order })),
        asked("y", "refund_order", json!({ "amount": 77, "order": order })),
        told("y", json!({ "ok": true })),
    ] });
    import(recording.to_string().as_bytes()).unwrap().remove(0)
}

#[test]
fn a_copy_counts_once_and_is_named() {
    let (one, two) = (refund("ORD-1001"), refund("ORD-2002"));
    let made = |all: &[&Session]| {
        let all: Vec<Session> = all.iter().map(|one| (*one).clone()).collect();
        crystallize(&all, &bound()).unwrap()
    };
    let plain = made(&[&one, &two]);
    let other = as_messages("ORD-1001");
    let copied = made(&[&one, &other, &one, &two, &two]);
    assert_eq!(copied.document.steps, plain.document.steps);
    assert_eq!(copied.report.held_out, plain.report.held_out);
    let said = |made: &crate::Crystallized| {
        let found = made.report.findings.iter();
        let found = found.filter(|one| one.code == "recording_not_used");
        found.map(|one| one.message.clone()).collect::<Vec<_>>()
    };
    assert!(said(&plain).is_empty());
    let found = said(&copied);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].starts_with("2 further recordings came"),
        "{found:?}"
    );
    assert!(
        found[1].starts_with("1 further recording came"),
        "{found:?}"
    );
}

#[test]
fn one_session_in_two_formats_does_not_recur() {
    let named = |all: &[Session]| -> Vec<(String, Signature)> {
        let all = all.iter().enumerate();
        all.map(|(at, one)| (format!("r{at}"), Signature::of(one, &options())))
            .collect()
    };
    let (one, other) = (refund("ORD-1001"), as_messages("ORD-1001"));
    assert_eq!(recurring(&named(&[one.clone(), other.clone()])), []);
    let found = recurring(&named(&[one.clone(), other, refund("ORD-2002")]));
    assert_eq!(found[0].recordings, ["r0", "r2"]);
    // What ran at another time is another run, whatever it found.
    let mut later = one.clone();
    for at in [&mut later.started_at, &mut later.finished_at] {
        *at = at.map(|at| druse_engine::Timestamp(at.0 + 86_400_000));
    }
    assert_eq!(recurring(&named(&[one, later])).len(), 1);
}
