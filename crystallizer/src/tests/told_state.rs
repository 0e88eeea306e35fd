//! What somebody is told of what was looked up: a state that a look showed is asked about, with the field as an answer, and
//! looking it up for that is no condition. So are halves of names and names in the words around a value.

use super::build::*;
use crate::report::Level;
use crate::session::Session;
use serde_json::{Value, json};

fn looked_up(task: &str, answer: Value, body: &str) -> Session {
    session(
        task,
        vec![
            call("g", 0, "get_card", json!({ "id": "4411" }), answer),
            call(
                "m",
                1,
                "send_mail",
                json!({ "to": "dora@acme.com", "body": body }),
                json!({ "ok": true }),
            ),
        ],
    )
}

const BODY: &str = "figure:send_mail:/body";

#[test]
fn a_state_that_people_named_is_asked_about_with_its_field() {
    for (task, key, value) in [
        (
            "Look up the state of card 4411 and mail it to dora@acme.com.",
            "state",
            "blocked",
        ),
        (
            "Tell dora@acme.com the state of card 4411.",
            "state",
            "BLOCKED",
        ),
        (
            "Tell dora@acme.com the status of card 4411.",
            "state",
            "shipped",
        ),
        (
            "What is the state of card 4411? Then mail it to dora@acme.com.",
            "state",
            "blocked",
        ),
        (
            "How is the status of card 4411? Then mail it to dora@acme.com.",
            "status",
            "blocked",
        ),
        (
            "Mail dora@acme.com which colour card 4411 has.",
            "colour",
            "green",
        ),
    ] {
        let body = format!("Your card 4411 is {value}.");
        let session = looked_up(
            task,
            json!({ "id": "4411", key: value, "limit": 20 }),
            &body,
        );
        let made = drafted(&session, &[]);
        assert_eq!(asked(&made), [BODY], "{task}");
        let field = format!("steps.get_card.output.{key}");
        assert!(made.report.questions[0].choices.contains(&field), "{task}");
        let made = drafted(&session, &[(BODY, &field)]);
        let expected = format!("Your card {{{{ inputs.card_id }}}} is {{{{ {field} }}}}.");
        assert_eq!(sent(&made, "body"), expected, "{task}");
        assert_eq!(made.report.generalisable, Some(Level::Shuffled), "{task}");
    }
}

/// What nobody named is wording, and what the person said is theirs.
#[test]
fn other_words_of_a_record_are_no_state() {
    for (task, body) in [
        (
            "Mail dora@acme.com that card 4411 is here.",
            "Your card 4411 is ready to use.",
        ),
        (
            "Look up the state of card 4411 and mail dora@acme.com that it is blocked.",
            "Your card 4411 is blocked.",
        ),
    ] {
        let record = json!({ "id": "4411", "state": "blocked", "kind": "ready" });
        let made = drafted(&looked_up(task, record, body), &[]);
        assert!(
            !asked(&made).contains(&BODY),
            "{task}: {:?}",
            made.report.questions
        );
    }
}

/// A question whether it is so is a condition still.
#[test]
fn a_question_whether_it_is_so_hangs_what_is_done_then() {
    let task = "Is card 4411 blocked? Then mail dora@acme.com.";
    let record = json!({ "id": "4411", "state": "blocked" });
    let made = drafted(&looked_up(task, record, "We saw your card 4411."), &[]);
    assert!(asked(&made).contains(&"condition:send_mail"));
}

/// `check the stock and mail it`: what the message tells was looked up for that.
#[test]
fn what_is_checked_to_be_told_is_no_condition() {
    let checked = |task: &str, body: &str| {
        session(
            task,
            vec![
                call(
                    "g",
                    0,
                    "get_stock",
                    json!({ "sku": "SKU-4411" }),
                    json!({ "sku": "SKU-4411", "stock": 231 }),
                ),
                call(
                    "m",
                    1,
                    "send_mail",
                    json!({ "to": "k@b.test", "body": body }),
                    json!({ "ok": true }),
                ),
            ],
        )
    };
    for (task, body, expected) in [
        (
            "Check the stock of SKU-4411 and mail it to k@b.test.",
            "SKU-4411: 231 left.",
            vec![BODY],
        ),
        (
            "Verify the stock of SKU-4411, then note it for k@b.test.",
            "SKU-4411 has 231 pieces.",
            vec![BODY],
        ),
        (
            "Check the stock of SKU-4411 and mail k@b.test the usual offer.",
            "Please order now.",
            vec!["condition:send_mail"],
        ),
    ] {
        let made = drafted(&checked(task, body), &[]);
        assert_eq!(asked(&made), expected, "{task}");
    }
}

/// The certain halves of a name are followed, and the word that may be one of the language is asked about by itself.
#[test]
fn half_a_name_elsewhere_is_asked_about_alone() {
    let welcomed = |body: &str| {
        session(
            "Mail user U-8841.",
            vec![
                call(
                    "g",
                    0,
                    "get_user",
                    json!({ "user": "U-8841" }),
                    json!({ "user": "U-8841", "name": "Ines Kowalski", "email": "ines@acme.com" }),
                ),
                call(
                    "m",
                    1,
                    "send_mail",
                    json!({ "to": "ines@acme.com", "body": body }),
                    json!({ "ok": true }),
                ),
            ],
        )
    };
    let first = "steps.get_user.output.name | split(' ') | first";
    let last = "steps.get_user.output.name | split(' ') | last";
    let session = welcomed("Hi Ines! Kowalski will be shown as your name.");
    let made = drafted(&session, &[]);
    assert_eq!(
        sent(&made, "body"),
        format!("Hi {{{{ {first} }}}}! Kowalski will be shown as your name.")
    );
    assert_eq!(asked(&made), [BODY]);
    assert_eq!(made.report.questions[0].choices, ["constant", "gate", last]);
    let made = drafted(&session, &[(BODY, last)]);
    assert_eq!(
        sent(&made, "body"),
        format!("Hi {{{{ {first} }}}}! {{{{ {last} }}}} will be shown as your name.")
    );
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

/// A value that stands beside a name which the person said is that of the name which a run is given.
#[test]
fn a_name_beside_a_value_is_the_input() {
    let table = "City | PIN | Zone\nMumbai | 400001 | W\nDelhi | 110001 | N\nPune | 411001 | W\n";
    let listing = "the key of project-a is kx-8812;\nthe key of project-b is kx-9921;\n";
    for (task, text, value, expected) in [
        (
            "Note the PIN of the city Delhi in T-5512.",
            table,
            "110001",
            "between(inputs.city ~ ' | ', ' | ')",
        ),
        (
            "Note the key of project-a in T-5512.",
            listing,
            "kx-8812",
            "inputs.name ~ ' is '",
        ),
    ] {
        let session = session(
            task,
            vec![
                call(
                    "r",
                    0,
                    "read_table",
                    json!({ "path": "T-5512" }),
                    json!(text),
                ),
                call(
                    "n",
                    1,
                    "add_note",
                    json!({ "ticket_id": "T-5512", "text": value }),
                    json!({ "ok": true }),
                ),
            ],
        );
        let made = drafted(&session, &[]);
        let own = sent(&made, "text");
        assert!(own.as_str().unwrap().contains(expected), "{task}: {own}");
        assert_eq!(made.report.generalisable, Some(Level::Shuffled), "{task}");
    }
}

/// Amounts that were said one behind the other are each meant at their place.
#[test]
fn amounts_in_a_row_follow_what_was_said() {
    let paid = |amounts: [i64; 3]| {
        let names = ["anna", "bob", "carl"].into_iter().zip(amounts).zip(0..);
        let calls = names.map(|((to, amount), at)| {
            let sent = json!({ "to": to, "amount": amount });
            call(&format!("p{at}"), at, "pay", sent, json!({ "ok": true }))
        });
        calls.collect::<Vec<_>>()
    };
    for (task, amounts) in [
        ("Pay 20, 30 and 40 EUR to anna, bob and carl.", [20, 30, 40]),
        ("Pay 25, 30 and 70 to anna, bob and carl.", [25, 30, 70]),
        (
            "Zahle 20 EUR, 30 EUR und 40 EUR an anna, bob und carl.",
            [20, 30, 40],
        ),
    ] {
        let made = drafted(&session(task, paid(amounts)), &[]);
        assert_eq!(asked(&made), Vec::<&str>::new(), "{task}");
        let text = serde_json::to_string(&made.document.steps).unwrap();
        assert_eq!(
            text.matches("\"amount\":\"{{ inputs.").count(),
            3,
            "{task}: {text}"
        );
    }
    // In another order they are no such row.
    let made = drafted(
        &session(
            "Pay 40, 30 and 20 EUR to carl, bob and anna.",
            paid([20, 30, 40]),
        ),
        &[],
    );
    let text = serde_json::to_string(&made.document.steps).unwrap();
    assert!(
        !asked(&made).is_empty() || !text.contains("\"amount\":\"{{ inputs."),
        "{text}"
    );
}

/// Who is taken off a list is off it, whatever the record said.
#[test]
fn what_is_switched_off_is_not_turned_round() {
    let consent = |task: &str| {
        let email = json!({ "email": "m@acme.com" });
        let record = json!({ "id": "S-8812", "email": "m@acme.com", "consent": true });
        session(
            task,
            vec![
                call("g", 0, "get_subscriber", email, record),
                call(
                    "s",
                    1,
                    "set_consent",
                    json!({ "email": "m@acme.com", "consent": false }),
                    json!({ "ok": true }),
                ),
            ],
        )
    };
    for (task, turns) in [
        ("m@acme.com doesnt want mails anymore. unsubscribe", false),
        ("Unsubscribe m@acme.com.", false),
        ("Bitte m@acme.com abmelden.", false),
        ("Toggle the mails of m@acme.com.", true),
    ] {
        let made = drafted(&consent(task), &[]);
        let mut choices = made.report.questions.iter().flat_map(|one| &one.choices);
        assert_eq!(choices.any(|one| one.starts_with("not ")), turns, "{task}");
    }
}
