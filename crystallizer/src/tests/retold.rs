//! What the person said and a message tells again in another notation, and titles around a name.

use super::build::*;
use crate::Crystallized;
use crate::report::Level;
use crate::session::Session;
use serde_json::{Value, json};

fn mail(text: &str) -> Value {
    json!({ "to": "kim@shop.example", "subject": "News", "text": text })
}

fn mailed(task: &str, text: &str) -> Session {
    session(
        task,
        vec![call("m", 0, "send_mail", mail(text), json!({ "ok": true }))],
    )
}

/// A change with these arguments, and a mail behind it.
fn after(task: &str, tool: &str, arguments: Value, text: &str) -> Session {
    session(
        task,
        vec![
            call("c", 0, tool, arguments, json!({ "ok": true })),
            call("m", 1, "send_mail", mail(text), json!({ "ok": true })),
        ],
    )
}

fn crystallized(session: &Session) -> Crystallized {
    let made = made(session, &bound());
    assert_eq!(made.report.replay.differences, []);
    made
}

fn text(made: &Crystallized) -> String {
    let last = made.document.steps.last().unwrap();
    let sent = &last.with.as_ref().unwrap()["arguments"]["text"];
    sent.as_str().unwrap().to_owned()
}

fn figure(made: &Crystallized) -> Option<&[String]> {
    let mut all = made.report.questions.iter();
    let one = all.find(|one| one.id == "figure:send_mail:/text")?;
    Some(&one.choices)
}

#[test]
fn a_day_in_another_notation_is_the_same_day() {
    for (task, sent, expected) in [
        (
            "Tell kim@shop.example that order #W4817 comes on 2027-06-15.",
            "It comes on 06/15/2027.",
            "It comes on {{ inputs.date | format_date('%m/%d/%Y') }}.",
        ),
        (
            "Tell kim@shop.example that order #W4817 comes on 06/15/2027.",
            "It comes on Tuesday, June 15.",
            "It comes on {{ inputs.date | format_date('%A, %B %-d') }}.",
        ),
    ] {
        let made = crystallized(&mailed(task, sent));
        assert_eq!(text(&made), expected, "{task}");
        assert_eq!(made.document.inputs["date"]["default"], "2027-06-15");
        assert_eq!(made.report.generalisable, Some(Level::Shuffled));
        assert_eq!(figure(&made), None);
    }
    // Another day than the one that was said is no notation of it.
    let made = crystallized(&mailed(
        "Tell kim@shop.example that order #W4817 comes on 2027-06-15.",
        "It comes soon, on 06/16/2027.",
    ));
    assert!(text(&made).ends_with("06/16/2027."));
}

#[test]
fn an_amount_and_a_time_follow_their_inputs() {
    let charge = json!({ "account": "A-55120", "amount": 120 });
    let task = "Charge A-55120 the amount of 120 and mail kim@shop.example.";
    let made = crystallized(&after(
        task,
        "charge_account",
        charge,
        "We charged you 120.00 today.",
    ));
    assert_eq!(
        text(&made),
        "We charged you {{ '%.2f' | format(inputs.amount) }} today."
    );
    let call = json!({ "call": "C-88310", "start": "2027-06-15T15:30:00" });
    let task = "Move call C-88310 on 2027-06-15 to 15:30 and mail kim@shop.example.";
    let made = crystallized(&after(task, "update_call", call, "It is now at 3:30 pm."));
    assert_eq!(
        text(&made),
        "It is now at {{ inputs.start | format_date('%-I:%M %p') | lower }}."
    );
}

#[test]
fn what_may_be_wording_is_asked_about() {
    let order = json!({ "order_id": "SO-88310", "status": "shipped" });
    let task = "Set order SO-88310 to status shipped and mail kim@shop.example.";
    let made = crystallized(&after(
        task,
        "update_order",
        order,
        "It is on its way: shipped.",
    ));
    assert_eq!(
        figure(&made).unwrap(),
        ["constant", "gate", "inputs.status"]
    );
    let mut options = bound();
    options.answers.insert(
        "figure:send_mail:/text".to_owned(),
        "inputs.status".to_owned(),
    );
    let order = json!({ "order_id": "SO-88310", "status": "shipped" });
    let answered = super::build::made(
        &after(task, "update_order", order, "It is on its way: shipped."),
        &options,
    );
    assert_eq!(text(&answered), "It is on its way: {{ inputs.status }}.");
    let grant = json!({ "user": "u-55120", "count": 3 });
    let task = "Give user u-55120 three vouchers and mail kim@shop.example.";
    let made = crystallized(&after(
        task,
        "grant_vouchers",
        grant,
        "You got three vouchers.",
    ));
    assert_eq!(figure(&made).unwrap(), ["constant", "gate"]);
}

#[test]
fn a_word_that_was_sent_as_a_code_is_asked_about() {
    let country = |task: &str, key: &str, code: &str| {
        let mut arguments = json!({ "order_id": "SO-88310" });
        arguments[key] = code.into();
        let made = crystallized(&session(
            task,
            vec![call("s", 0, "ship_order", arguments, json!({ "ok": true }))],
        ));
        let mut all = made.report.questions.iter();
        all.any(|one| one.id == format!("source:ship_order:/{key}"))
    };
    assert!(country(
        "Ship order SO-88310 to switzerland.",
        "country",
        "CH"
    ));
    // Nothing was said that it may stand for, or it is of no kind that has codes.
    assert!(!country("Ship order SO-88310.", "country", "CH"));
    assert!(!country(
        "Ship order SO-88310 to switzerland.",
        "mode",
        "std"
    ));
}

#[test]
fn a_title_follows_the_name_in_it() {
    let made = crystallized(&session(
        "Create a task: Call Kira Ortiz. Attach it to her contact.",
        vec![
            call(
                "s",
                0,
                "search_contacts",
                json!({ "query": "Kira Ortiz" }),
                json!({ "contacts": [{ "contact_id": "ct_88120", "name": "Kira Ortiz" }] }),
            ),
            call(
                "t",
                1,
                "create_task",
                json!({ "title": "Call Kira Ortiz", "contact_id": "ct_88120" }),
                json!({ "ok": true }),
            ),
        ],
    ));
    let last = made.document.steps.last().unwrap();
    assert_eq!(
        last.with.as_ref().unwrap()["arguments"]["title"],
        "Call {{ inputs.query }}"
    );
    assert_eq!(made.document.inputs.len(), 1);
}
