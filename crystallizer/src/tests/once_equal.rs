//! What was equal once: words of an order that stand in other values, a list whose elements all have what was said for
//! something else, two things of one name, a record that has what is sent under another key. None of it is bound on a
//! guess: it follows what it is, or it is asked about.

use super::build::*;
use crate::session::{Session, Turn};
use crate::{Crystallized, Mode, Options};
use serde_json::{Value, json};

fn bound(session: &Session) -> Crystallized {
    answered(session, &[])
}

fn answered(session: &Session, answers: &[(&str, &str)]) -> Crystallized {
    let mut options = Options {
        mode: Mode::Bound,
        ..options()
    };
    for (id, answer) in answers {
        options
            .answers
            .insert((*id).to_owned(), (*answer).to_owned());
    }
    made(session, &options)
}

/// What an order and calls that change something become.
fn ordered(order: &str, calls: &[(&str, Value)]) -> Crystallized {
    let turns = calls.iter().enumerate().map(|(at, (tool, arguments))| {
        let at = u32::try_from(at).unwrap();
        call(
            &format!("c{at}"),
            at,
            tool,
            arguments.clone(),
            json!({ "ok": true }),
        )
    });
    bound(&session(order, turns.collect()))
}

/// The arguments of a step.
fn sent<'m>(made: &'m Crystallized, step: &str) -> &'m Value {
    let found = made.document.steps.iter().find(|one| one.id == step);
    &found.unwrap().with.as_ref().unwrap()["arguments"]
}

/// The default of each input.
fn inputs(made: &Crystallized) -> Vec<(&str, &Value)> {
    let all = made.document.inputs.iter();
    all.map(|(name, schema)| (name.as_str(), &schema["default"]))
        .collect()
}

/// The codes of what a person has to look at.
fn waived(made: &Crystallized) -> Vec<&str> {
    let all = made.report.findings.iter();
    all.filter(|finding| finding.acknowledge)
        .map(|finding| finding.code.as_str())
        .collect()
}

fn holds(made: &Crystallized) -> bool {
    waived(made).is_empty() && made.report.questions.is_empty()
}

#[test]
fn no_word_of_a_sentence_is_an_address_or_an_id() {
    let order = "Send the report RPT-771 to kim@x.test.";
    let made = ordered(
        order,
        &[
            (
                "search_docs",
                json!({ "query": "Send the report RPT-771 to kim@x.test" }),
            ),
            (
                "send_mail",
                json!({ "to": "kim@x.test", "body": "See RPT-771" }),
            ),
        ],
    );
    assert_eq!(
        *sent(&made, "send_mail"),
        json!({ "to": "{{ inputs.to }}", "body": "See {{ inputs.body_id }}" })
    );
    assert_eq!(made.document.inputs["to"]["default"], "kim@x.test");
    assert!(!yaml(&made.document).contains("split"));
}

#[test]
fn what_is_said_by_itself_is_no_word_of_a_name() {
    let made = ordered(
        "Create the campaign \"Summer Sale 2026\" with the segment \"Summer\".",
        &[
            ("create_campaign", json!({ "name": "Summer Sale 2026" })),
            (
                "create_segment",
                json!({ "name": "Summer", "note": "Summer Sale 2026 / Summer" }),
            ),
        ],
    );
    assert_eq!(
        *sent(&made, "create_segment"),
        json!({
            "name": "{{ inputs.segment_name }}",
            "note": "{{ inputs.campaign_name }} / {{ inputs.segment_name }}",
        })
    );
    let made = ordered(
        "Onboard the company Nordic Timber AB, contact Lars Holm.",
        &[
            (
                "create_account",
                json!({ "name": "Nordic Timber AB", "contact": "Lars Holm" }),
            ),
            (
                "send_welcome",
                json!({
                    "subject": "Welcome, Nordic Timber AB!",
                    "body": "Dear Lars Holm,\nwelcome to our platform. Nordic Timber AB is set up.",
                }),
            ),
        ],
    );
    assert_eq!(
        *sent(&made, "send_welcome"),
        json!({
            "subject": "Welcome, {{ inputs.account_name }}!",
            "body": "Dear {{ inputs.contact }},\nwelcome to our platform. {{ inputs.account_name }} is set up.",
        })
    );
    assert!(holds(&made), "{:?}", waived(&made));
}

#[test]
fn a_name_of_somebody_gives_its_first_and_its_last_word() {
    let made = ordered(
        "Create a user for Kim Lee.",
        &[
            ("check_name", json!({ "name": "Kim Lee" })),
            (
                "create_user",
                json!({ "first_name": "Kim", "last_name": "Lee" }),
            ),
        ],
    );
    let sent = sent(&made, "create_user");
    assert!(
        sent["last_name"]
            .as_str()
            .unwrap()
            .contains("split(' ') | last"),
        "{sent}"
    );
}

/// The same change to each of the tickets of a queue.
fn each_ticket(order: &str, fields: &[Value], key: &str, value: &Value) -> Session {
    let tickets: Vec<Value> = fields
        .iter()
        .enumerate()
        .map(|(at, fields)| {
            let mut ticket = fields.clone();
            ticket["ticket_id"] = json!(format!("TCK-{}", 10 + at));
            ticket
        })
        .collect();
    let mut turns = vec![call(
        "l",
        0,
        "list_tickets",
        json!({ "queue": "QUE-771" }),
        json!(tickets),
    )];
    turns.extend(tickets.iter().enumerate().map(|(at, ticket)| {
        let mut arguments = json!({ "ticket_id": ticket["ticket_id"] });
        arguments[key] = value.clone();
        let at = u32::try_from(at).unwrap() + 1;
        call(
            &format!("c{at}"),
            at,
            "update_ticket",
            arguments,
            json!({ "ok": true }),
        )
    }));
    session(order, turns)
}

#[test]
fn what_is_said_for_what_is_sent_is_no_filter() {
    for (order, field, key, value) in [
        (
            "Assign all tickets of QUE-771 to kim@x.test.",
            "reporter",
            "assignee",
            json!("kim@x.test"),
        ),
        (
            "Tag all tickets of QUE-771 with Falcon.",
            "product",
            "tag",
            json!("Falcon"),
        ),
        (
            "Set the due date of all tickets of QUE-771 to 2026-12-01.",
            "created",
            "due_date",
            json!("2026-12-01"),
        ),
        (
            "Log a call for each ticket of QUE-771, caller is Kim Lee.",
            "owner",
            "caller",
            json!("Kim Lee"),
        ),
    ] {
        let fields = vec![json!({ field: value }); 2];
        let made = bound(&each_ticket(order, &fields, key, &value));
        let each = made
            .document
            .steps
            .iter()
            .find(|step| step.for_each.is_some());
        let each = each.unwrap();
        assert_eq!(
            serde_json::to_value(&each.for_each).unwrap()["items"],
            "{{ steps.list_tickets.output }}",
            "{order}"
        );
        let arguments = &each.steps[0].with.as_ref().unwrap()["arguments"];
        assert_eq!(arguments[key], format!("{{{{ inputs.{key} }}}}"), "{order}");
        assert_eq!(made.report.questions, [], "{order}");
    }
}

#[test]
fn what_may_be_said_of_the_elements_or_of_what_is_sent_is_asked() {
    for (order, field, key, value) in [
        (
            "Move all tickets of QUE-771 to the team Blue.",
            "previous_team",
            "team",
            json!("Blue"),
        ),
        (
            "Set the priority of all tickets of QUE-771 to high.",
            "priority",
            "priority",
            json!("high"),
        ),
        (
            "Notify the customer Acme Ltd of all tickets of QUE-771.",
            "client",
            "customer",
            json!("Acme Ltd"),
        ),
        (
            "Book 8 hours on all tickets of QUE-771.",
            "hours",
            "booked",
            json!(8),
        ),
    ] {
        let fields = vec![json!({ field: value }); 2];
        let recorded = each_ticket(order, &fields, key, &value);
        let made = bound(&recorded);
        assert!(!holds(&made), "{order}");
        assert!(!waived(&made).is_empty(), "{order}");
        let asked = made
            .report
            .questions
            .iter()
            .find(|one| one.id.starts_with("loop:"));
        let asked = asked.unwrap();
        assert_eq!(asked.choices[..2], ["one_by_one", "all"], "{order}");
        let made = answered(&recorded, &[(&asked.id, "all")]);
        let each = made
            .document
            .steps
            .iter()
            .find(|step| step.for_each.is_some());
        assert_eq!(
            serde_json::to_value(&each.unwrap().for_each).unwrap()["items"],
            "{{ steps.list_tickets.output }}",
            "{order}"
        );
    }
    // What parts the elements was said of them.
    let mut fields = vec![json!({ "team": "Blue" }); 2];
    fields.push(json!({ "team": "Red" }));
    let mut recorded = each_ticket(
        "Write a note for team Blue on each ticket of team Blue in QUE-771.",
        &fields,
        "team",
        &json!("Blue"),
    );
    recorded.turns.pop();
    let made = bound(&recorded);
    assert!(yaml(&made.document).contains("where('team', inputs.team)"));
}

#[test]
fn two_things_of_one_name_are_two_inputs() {
    let made = ordered(
        "Create a task for Kim and let Kim review it.",
        &[(
            "create_task",
            json!({ "assignee": "Kim", "reviewer": "Kim" }),
        )],
    );
    assert_eq!(
        inputs(&made),
        [("assignee", &json!("Kim")), ("reviewer", &json!("Kim"))]
    );
    let made = ordered(
        "Book flight FL-771 on 2026-12-01 and the hotel HTL-77 from 2026-12-01.",
        &[
            (
                "book_flight",
                json!({ "flight": "FL-771", "date": "2026-12-01" }),
            ),
            (
                "book_hotel",
                json!({ "hotel_id": "HTL-77", "check_in": "2026-12-01" }),
            ),
        ],
    );
    assert_eq!(
        sent(&made, "book_hotel")["check_in"],
        "{{ inputs.check_in }}"
    );
    // Said once it is one thing.
    let made = ordered(
        "Book flight FL-771 and the hotel HTL-77 on 2026-12-01.",
        &[
            (
                "book_flight",
                json!({ "flight": "FL-771", "date": "2026-12-01" }),
            ),
            (
                "book_hotel",
                json!({ "hotel_id": "HTL-77", "check_in": "2026-12-01" }),
            ),
        ],
    );
    assert_eq!(sent(&made, "book_hotel")["check_in"], "{{ inputs.date }}");
}

/// A record is looked up by what the person said, and something is sent about it.
fn of_record(order: &str, record: &Value, arguments: &Value) -> Crystallized {
    bound(&session(
        order,
        vec![
            call(
                "g",
                0,
                "get_record",
                json!({ "record_id": record["record_id"] }),
                record.clone(),
            ),
            call(
                "s",
                1,
                "submit_change",
                arguments.clone(),
                json!({ "ok": true }),
            ),
        ] as Vec<Turn>,
    ))
}

#[test]
fn the_records_own_field_is_no_other_number() {
    let made = bound(&session(
        "Bill the order 4711.",
        vec![
            call(
                "g",
                0,
                "get_order",
                json!({ "order_id": 4711 }),
                json!({ "order_id": 4711, "customer_no": 4711, "inv": 9001 }),
            ),
            call(
                "s",
                1,
                "create_invoice",
                json!({ "customer_no": 4711, "order": 4711 }),
                json!({ "ok": true }),
            ),
        ],
    ));
    assert_eq!(
        *sent(&made, "create_invoice"),
        json!({
            "customer_no": "{{ steps.get_order.output.customer_no }}",
            "order": "{{ inputs.order_id }}",
        })
    );
}

#[test]
fn what_the_record_has_under_another_key_is_asked() {
    let order = "Submit the change for REC-5501.";
    for (key, value, argument) in [
        ("express", json!(true), "express"),
        ("tier", json!("gold"), "level"),
        ("cur", json!("GBP"), "currency"),
        ("lang", json!("de"), "locale"),
    ] {
        let mut record = json!({ "record_id": "REC-5501", "other": 1 });
        record[key] = value.clone();
        let mut arguments = json!({ "record_id": "REC-5501" });
        arguments[argument] = value;
        let made = of_record(order, &record, &arguments);
        assert_eq!(waived(&made), ["open_source"], "{argument}");
        let choices = &made.report.questions[0].choices;
        assert_eq!(
            choices[..],
            [
                "constant",
                "input",
                &format!("steps.get_record.output.{key}")
            ],
            "{argument}"
        );
    }
    // What no record has is how the agent works, where something else of it was read.
    let made = of_record(
        order,
        &json!({ "record_id": "REC-5501", "tier": "gold", "owner": "usr_48121" }),
        &json!({ "record_id": "REC-5501", "owner": "usr_48121", "mode": "fast", "notify": true }),
    );
    assert!(holds(&made), "{:?}", made.report.questions);
}

#[test]
fn a_text_of_the_record_is_followed_in_a_message() {
    let made = of_record(
        "Submit the change for REC-5501.",
        &json!({ "record_id": "REC-5501", "subject": "Printer on fire", "first": "Ann", "last": "Lee" }),
        &json!({ "record_id": "REC-5501", "title": "[Escalated] Printer on fire", "name": "Ann Lee" }),
    );
    assert_eq!(
        *sent(&made, "submit_change"),
        json!({
            "record_id": "{{ inputs.record_id }}",
            "title": "[Escalated] {{ steps.get_record.output.subject }}",
            "name": "{{ steps.get_record.output.first }} {{ steps.get_record.output.last }}",
        })
    );
}

/// What the text of a mail becomes.
fn mailed(order: &str, body: &str) -> Crystallized {
    ordered(
        order,
        &[("send_mail", json!({ "to": "kim@x.test", "body": body }))],
    )
}

#[test]
fn what_was_said_moves_in_a_text() {
    for (order, body, expected) in [
        (
            "Tell kim@x.test that the deposit is 450 EUR.",
            "Dear customer, the deposit is 450 EUR.",
            "Dear customer, the deposit is {{ inputs.body_number }} EUR.",
        ),
        (
            "Tell kim@x.test to come to room 14.",
            "Please come to room 14.",
            "Please come to room {{ inputs.room }}.",
        ),
        (
            "Tell kim@x.test that the call is at 15:30.",
            "Your call is at 15:30.",
            "Your call is at {{ inputs.time }}.",
        ),
        (
            "Write to Dr. Kim van der Berg, kim@x.test, that the parcel is here.",
            "Dear Dr. Kim van der Berg,\nyour parcel is here.",
            "Dear {{ inputs.body_name }},\nyour parcel is here.",
        ),
        (
            "Tell kim@x.test that the Sonos Era 100 is back in stock.",
            "Good news: the Sonos Era 100 is back in stock.",
            "Good news: the {{ inputs.body_name }} is back in stock.",
        ),
        (
            "Tell kim@x.test that the office is closed on 2026-12-24.",
            "Please note: we are closed on 2026-12-24.",
            "Please note: we are closed on {{ inputs.date }}.",
        ),
        (
            "Tell kim@x.test that version 4.2.0 is out.",
            "Get version 4.2.0 now.",
            "Get version {{ inputs.version }} now.",
        ),
    ] {
        let made = mailed(order, body);
        assert_eq!(sent(&made, "send_mail")["body"], expected, "{order}");
        assert!(holds(&made), "{order}: {:?}", made.report.questions);
    }
    let made = ordered(
        "Invite kim@x.test to the product demo day.",
        &[(
            "send_mail",
            json!({
                "to": "kim@x.test",
                "body": "You are invited to the product demo day.",
                "event": "product demo day",
            }),
        )],
    );
    assert_eq!(
        sent(&made, "send_mail")["body"],
        "You are invited to the {{ inputs.event }}."
    );
}

#[test]
fn what_was_said_and_may_be_meant_otherwise_is_asked() {
    let made = mailed(
        "Tell kim@x.test that 14 chairs are in stock.",
        "Please answer within 14 days.",
    );
    assert!(waived(&made).contains(&"figure_stays"));
    let told: Vec<&str> = made
        .report
        .findings
        .iter()
        .filter(|finding| finding.code == "figure_stays")
        .map(|finding| finding.message.as_str())
        .collect();
    assert_eq!(
        told,
        ["In `body` `14` stays as it was recorded, and a person said it."]
    );
}

#[test]
fn data_from_nowhere_is_asked_about() {
    for (key, value) in [
        ("callback_url", "https://hooks.x.test/cb"),
        ("phone", "+436601234567"),
        ("copy", "Kim Lee <kim@x.test>"),
        ("copies", "kim@x.test, al@x.test"),
        ("due", "12/03/2026"),
        ("bic", "COBADEFFXXX"),
        ("payload", "{\"amount\": 450}"),
    ] {
        let mut arguments = json!({ "booking": "BK-771" });
        arguments[key] = json!(value);
        let made = ordered("Handle booking BK-771.", &[("update_thing", arguments)]);
        assert_eq!(waived(&made), ["made_by_agent"], "{key}");
    }
}

#[test]
fn a_number_in_groups_is_the_one_that_was_said() {
    let made = ordered(
        "Pay 50 EUR to Kim Lee, DE89 3704 0044 0532 0130 00.",
        &[(
            "send_payment",
            json!({ "iban": "DE89370400440532013000", "amount": 50, "name": "Kim Lee" }),
        )],
    );
    assert_eq!(sent(&made, "send_payment")["iban"], "{{ inputs.iban }}");
    let made = ordered(
        "Call the number (415) 555-0132 for lead LD-771.",
        &[(
            "start_call",
            json!({ "phone_number": "+14155550132", "lead_id": "LD-771" }),
        )],
    );
    assert_eq!(waived(&made), ["open_source"]);
}

#[test]
fn what_is_told_of_a_value_is_true() {
    let made = bound(&session(
        "Refund half of the order ORD-771.",
        vec![
            call(
                "g",
                0,
                "get_order",
                json!({ "order_id": "ORD-771" }),
                json!({ "order_id": "ORD-771", "total": 50 }),
            ),
            call(
                "r",
                1,
                "refund",
                json!({ "order_id": "ORD-771", "sum": 50, "fee": 7 }),
                json!({ "ok": true }),
            ),
        ],
    ));
    for finding in &made.report.findings {
        let untrue = finding.message.contains("no answer holds") && finding.message.contains("50");
        assert!(!untrue, "{}", finding.message);
    }
}

#[test]
fn names_of_the_record_in_a_message_are_asked_about() {
    let made = of_record(
        "Submit the change for REC-5501.",
        &json!({ "record_id": "REC-5501", "owner": "Kim Park", "team": "Blue", "tags": ["red", "green"] }),
        &json!({ "record_id": "REC-5501", "text": "Hi there, team Blue has a new request." }),
    );
    assert_eq!(waived(&made), ["open_source"]);
    let made = of_record(
        "Submit the change for REC-5501.",
        &json!({ "record_id": "REC-5501", "tags": ["red", "green"] }),
        &json!({ "record_id": "REC-5501", "labels": "red, green" }),
    );
    assert_eq!(waived(&made), ["open_source"]);
}

#[test]
fn what_gives_a_value_in_all_recordings_is_taken() {
    let recorded = |number: u32, currency: &str, express: bool| {
        let id = format!("REC-55{number}1");
        let mut one = session(
            &format!("Submit the change for {id}."),
            vec![
                call(
                    "g",
                    0,
                    "get_record",
                    json!({ "record_id": id }),
                    json!({ "record_id": id, "cur": currency, "express": express }),
                ),
                call(
                    "s",
                    1,
                    "submit_change",
                    json!({ "record_id": id, "currency": currency, "express": express }),
                    json!({ "ok": true }),
                ),
            ],
        );
        one.external_id = Some(format!("ext-{number}"));
        one
    };
    let all = [
        recorded(1, "GBP", true),
        recorded(2, "USD", false),
        recorded(3, "EUR", true),
    ];
    let options = Options {
        mode: Mode::Bound,
        ..options()
    };
    let made = crate::crystallize(&all, &options).unwrap();
    assert_eq!(
        *sent(&made, "submit_change"),
        json!({
            "record_id": "{{ inputs.record_id }}",
            "currency": "{{ steps.get_record.output.cur }}",
            "express": "{{ steps.get_record.output.express }}",
        })
    );
    assert!(holds(&made));
}
