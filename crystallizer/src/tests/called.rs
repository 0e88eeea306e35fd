//! People whom a text calls by half of their name or by their handle, and other words of a record in a text.

use super::build::*;
use crate::Crystallized;
use crate::session::{Session, Turn};
use serde_json::{Value, json};

fn looked(task: &str, record: Value, sent: Value) -> Session {
    let turns: Vec<Turn> = vec![
        call(
            "g",
            0,
            "get_ticket",
            json!({ "ticket_id": "T-90112" }),
            record,
        ),
        call("r", 1, "reply_ticket", sent, json!({ "ok": true })),
    ];
    session(task, turns)
}

/// The argument of the only change, as the draft has it.
fn written(made: &Crystallized, key: &str) -> String {
    let all = made.document.steps.iter();
    let with = all.filter_map(|step| step.with.as_ref());
    let mut found = with.filter_map(|with| {
        let value = Value::from(with.clone());
        let text = value.pointer(&format!("/arguments/{key}"))?.as_str()?;
        Some(text.to_owned())
    });
    found.next_back().unwrap_or_default()
}

fn reply(task: &str, record: Value, text: &str) -> Crystallized {
    let sent = json!({ "ticket_id": "T-90112", "text": text });
    made(&looked(task, record, sent), &bound())
}

#[test]
fn who_is_greeted_follows_the_name_of_the_record() {
    let record = || json!({ "id": "T-90112", "customer": { "name": "Boris Hartman" } });
    let task = "Tell the customer of ticket T-90112 that we are on it.";
    for (text, expected) in [
        ("Hi Boris, we are on it.", "| first }}, we are on it."),
        (
            "Dear Mr. Hartman, we are on it.",
            "| last }}, we are on it.",
        ),
        ("Boris is told.", "Boris is told."),
    ] {
        let made = reply(task, record(), text);
        let written = written(&made, "text");
        assert!(written.ends_with(expected), "{text}: {written}");
    }
}

#[test]
fn a_handle_follows_the_record_that_has_it() {
    let record = json!({ "id": "T-90112", "author": { "login": "borish" } });
    let made = reply(
        "Tell the author of ticket T-90112 that we are on it.",
        record,
        "@borish we are on it.",
    );
    let written = written(&made, "text");
    assert!(
        written.starts_with("@{{") && written.contains("login"),
        "{written}"
    );
}

#[test]
fn the_words_beside_a_figure_of_a_record_follow_with_it() {
    let record = json!({ "id": "T-90112", "balance": 7431.25, "currency": "EUR", "plan": "gold" });
    let made = reply(
        "Tell the customer of ticket T-90112 what they owe.",
        record,
        "You owe 7431.25 EUR on your gold plan.",
    );
    let question = made
        .report
        .questions
        .iter()
        .find(|question| question.id.starts_with("figure:"));
    let text = question.map_or("", |question| question.text.as_str());
    for word in ["EUR", "gold"] {
        assert!(text.contains(&format!("`{word}`")), "{text}");
    }
}

#[test]
fn one_id_is_one_input_though_a_subject_holds_it() {
    let turns = vec![call(
        "m",
        0,
        "send_mail",
        json!({ "to": "ana@shop.example", "subject": "Order ORD-99248", "body": "Your order ORD-99248 has arrived." }),
        json!({ "ok": true }),
    )];
    let task = "Tell ana@shop.example that order ORD-99248 has arrived.";
    let made = made(&session(task, turns), &bound());
    let holds = made
        .document
        .inputs
        .values()
        .filter(|input| input["default"].to_string().contains("ORD-99248"))
        .count();
    assert_eq!(holds, 1, "{:?}", made.document.inputs);
    assert!(written(&made, "subject").starts_with("Order {{"));
}

#[test]
fn one_of_several_ways_that_were_named_is_asked_about() {
    let sent = |service: &str| {
        let sent = json!({ "ticket_id": "T-90112", "service": service });
        let record = json!({ "id": "T-90112", "tier": "basic", "topic": "billing" });
        vec![
            call(
                "g",
                0,
                "get_ticket",
                json!({ "ticket_id": "T-90112" }),
                record,
            ),
            call("r", 1, "assign_ticket", sent, json!({ "ok": true })),
        ]
    };
    for (task, service, expected) in [
        (
            "Assign ticket T-90112: express for members, otherwise standard.",
            "standard",
            true,
        ),
        (
            "Assign ticket T-90112: billing goes to finance, technical goes to engineering.",
            "finance",
            true,
        ),
        ("Assign ticket T-90112 to finance.", "finance", false),
    ] {
        let made = made(&session(task, sent(service)), &bound());
        let asked = made
            .report
            .questions
            .iter()
            .any(|question| question.id.starts_with("condition:"));
        assert_eq!(asked, expected, "{task}");
    }
}

#[test]
fn a_new_start_is_not_the_old_end() {
    let record =
        json!({ "id": "E-90112", "start": "2027-05-03T10:00:00", "end": "2027-05-03T11:00:00" });
    let turns = vec![
        call(
            "g",
            0,
            "get_event",
            json!({ "event_id": "E-90112" }),
            record,
        ),
        call(
            "u",
            1,
            "update_event",
            json!({ "event_id": "E-90112", "start": "2027-05-03T11:00:00" }),
            json!({ "ok": true }),
        ),
    ];
    let made = made(
        &session("Move event E-90112 one hour later.", turns),
        &bound(),
    );
    let asked = made
        .report
        .questions
        .iter()
        .any(|question| question.id.contains("/start"));
    assert!(asked, "{:?}", made.report.questions);
}

#[test]
fn of_two_fields_alike_the_one_that_was_named_is_taken() {
    let record = json!({ "id": "INV-90112", "total": 5431.75, "balance": 5431.75 });
    let turns = vec![
        call(
            "g",
            0,
            "get_invoice",
            json!({ "invoice_id": "INV-90112" }),
            record,
        ),
        call(
            "p",
            1,
            "pay_invoice",
            json!({ "invoice_id": "INV-90112", "amount": 5431.75 }),
            json!({ "ok": true }),
        ),
    ];
    let made = made(
        &session("Pay the balance of invoice INV-90112.", turns),
        &bound(),
    );
    assert!(
        written(&made, "amount").contains(".balance"),
        "{}",
        written(&made, "amount")
    );
}

#[test]
fn both_halves_of_a_name_are_of_one_person() {
    let record = json!({ "id": "T-90112", "name": "Ines Kowalski" });
    let task = "Tell the team of ticket T-90112 who joins.";
    let first = "{{ steps.get_ticket.output.name | split(' ') | first }}";
    let last = "{{ steps.get_ticket.output.name | split(' ') | last }}";
    for (text, expected) in [
        (
            "Kowalski, Ines joins us.",
            format!("{last}, {first} joins us."),
        ),
        (
            "Kowalskis, Ines joins us. Ines is new.",
            format!("Kowalskis, {first} joins us. {first} is new."),
        ),
        (
            "Welcome, Ines (Kowalski).",
            format!("Welcome, {first} ({last})."),
        ),
    ] {
        let made = reply(task, record.clone(), text);
        assert_eq!(written(&made, "text"), expected);
    }
}

#[test]
fn who_stands_under_what_they_are_to_the_record_is_called_by_name() {
    for key in ["customer", "assignee", "guest"] {
        let record = json!({ "id": "T-90112", key: "Ana Novak" });
        let made = reply(
            "Tell the customer of ticket T-90112.",
            record,
            "Hi Ana, it is sent.",
        );
        let text = written(&made, "text");
        assert!(text.contains("| first }}, it is sent."), "{key}: {text}");
    }
}

#[test]
fn a_word_of_the_language_that_is_half_a_name_as_well_is_asked_about() {
    for (name, text) in [
        ("Ana May", "Hi Ana, we ship it in May."),
        ("John Brown", "Hi John, the Brown shoes are sent."),
        ("Rosa Stein", "Hallo Rosa, der Tisch aus Stein ist da."),
    ] {
        let record = json!({ "id": "T-90112", "name": name });
        let made = reply("Tell the customer of ticket T-90112.", record, text);
        let sent = written(&made, "text");
        assert!(!sent.contains("| last"), "{sent}");
        let mut questions = made.report.questions.iter();
        assert!(
            questions.any(|one| one.id.contains("reply_ticket")),
            "{sent}"
        );
    }
}

#[test]
fn half_a_name_of_one_of_two_is_not_mixed() {
    // The first name is that of the one, and the last name that of both: it is not certain whose it is.
    let record = json!({ "id": "T-90112", "customer": { "name": "Ines Kowalski" }, "agent": { "name": "Adam Kowalski" } });
    let made = reply(
        "Tell the team of ticket T-90112 who joins.",
        record,
        "Kowalski, Ines joins us.",
    );
    let text = written(&made, "text");
    let asked = made
        .report
        .questions
        .iter()
        .any(|one| one.id == "source:reply_ticket:/text");
    assert!(asked || text.contains("| last"), "{text}");
}
