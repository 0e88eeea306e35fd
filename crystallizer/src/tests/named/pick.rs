//! What was named of one thing that is picked.

use super::*;
use crate::report::Level;
use crate::session::Turn;

/// Deletes one of three messages, which the sender tells from the others.
fn deleting(task: &str, field: &str, value: Value) -> Session {
    let message = |id: &str, from: &str, value: &Value| {
        let mut message = json!({ "message_id": id, "from": from });
        message[field] = value.clone();
        message
    };
    let all = json!([
        message("M-48121", "Bruno", &value),
        message("M-77340", "Anna", &value),
        message("M-10553", "Carla", &value),
    ]);
    session(
        task,
        vec![
            call(
                "l",
                0,
                "list_messages",
                json!({}),
                json!({ "messages": all }),
            ),
            call(
                "d",
                1,
                "delete_message",
                json!({ "message_id": "M-77340" }),
                json!({ "ok": true }),
            ),
        ],
    )
}

#[test]
fn what_else_is_said_of_one_that_is_picked_goes_with_it() {
    for (task, field, value, narrowed, words) in [
        (
            "Delete the unread message from Anna.",
            "read",
            json!(false),
            " | where('read', false)",
            None,
        ),
        (
            "Delete the unread message from Anna.",
            "unread",
            json!(true),
            " | where('unread', true)",
            None,
        ),
        // Nothing stands for it, or the field says the contrary.
        (
            "Delete the unread message from Anna.",
            "size",
            json!(4),
            "",
            Some("“unread”"),
        ),
        (
            "Delete the unread message from Anna.",
            "read",
            json!(true),
            "",
            Some("“unread”"),
        ),
        (
            "Delete the latest message from Anna.",
            "size",
            json!(4),
            "",
            Some("“latest”"),
        ),
        // Nothing else is said of it: a deed that nobody knows is none, either.
        (
            "I want to tweak my message from Anna: delete it.",
            "size",
            json!(4),
            "",
            None,
        ),
        (
            "Delete the message from Anna.",
            "read",
            json!(false),
            "",
            None,
        ),
        (
            "There are unread messages. Delete the message from Anna.",
            "size",
            json!(4),
            "",
            None,
        ),
    ] {
        let made = crystallized(&deleting(task, field, value));
        let with = made.document.steps[1].with.as_ref().unwrap();
        let written = with["arguments"]["message_id"].as_str().unwrap();
        assert_eq!(
            written.replace("steps.list_messages.output.messages", "MESSAGES"),
            format!(
                "{{{{ (MESSAGES | where('from', inputs.from){narrowed} | only).message_id }}}}"
            ),
            "{task}"
        );
        let expected: Vec<&str> = words.into_iter().collect();
        assert_eq!(asked(&made), expected, "{task}");
        assert_eq!(
            made.report.generalisable == Some(Level::Same),
            words.is_some(),
            "{task}"
        );
    }
}

#[test]
fn what_is_looked_at_first_is_asked_about_once() {
    for (read, expected) in [(json!(true), vec!["“unread”"]), (json!(false), Vec::new())] {
        let mut session = deleting(
            "Show me the unread message from Anna and delete it.",
            "read",
            read,
        );
        session.turns.insert(
            2,
            call(
                "g",
                1,
                "get_message",
                json!({ "message_id": "M-77340" }),
                json!({ "message_id": "M-77340", "text": "Hello." }),
            ),
        );
        if let Some(Turn::Call(last)) = session.turns.last_mut() {
            last.batch = 2;
        }
        let made = crystallized(&session);
        assert_eq!(made.document.steps.len(), 3);
        assert_eq!(asked(&made), expected);
        let narrowed = made.document.steps[1..].iter().all(|step| {
            let written = Value::from(step.with.clone().unwrap()).to_string();
            written.contains("where('read', false)")
                || written.contains("get_message") && !written.contains("where('from'")
        });
        assert_eq!(narrowed, expected.is_empty());
    }
}

/// The way back is told by the ends of the way out, turned round: what was said of that is not said of it.
#[test]
fn what_is_said_of_another_is_not_asked_about() {
    let flight = |number: &str, origin: &str, destination: &str| json!({ "flight_number": number, "origin": origin, "destination": destination });
    let made = crystallized(&session(
        "Change my outbound flight from Lisbon to Tromso in reservation R-48121X, and keep the other.",
        vec![
            call(
                "s",
                0,
                "search_offers",
                json!({ "origin": "Lisbon", "destination": "Tromso" }),
                json!({ "offers": [{ "offer_id": "OF-771203" }] }),
            ),
            call(
                "g",
                1,
                "get_reservation",
                json!({ "reservation_id": "R-48121X" }),
                json!({ "flights": [
                    flight("HAT069", "Lisbon", "Tromso"),
                    flight("HAT271", "Tromso", "Lisbon"),
                ] }),
            ),
            call(
                "k",
                2,
                "keep_flight",
                json!({ "flight_number": "HAT271" }),
                json!({ "ok": true }),
            ),
        ],
    ));
    let with = made.document.steps[2].with.as_ref().unwrap();
    let written = with["arguments"]["flight_number"].as_str().unwrap();
    assert!(
        written.contains("where('origin', inputs.destination)"),
        "{written}"
    );
    assert_eq!(asked(&made), Vec::<String>::new());
}
