//! Values that looked given, so that nobody was asked about them: what the instructions only offer, what stands under a
//! key that is data, what the agent brought along, what another record has, what was said not to be taken.

use super::build::*;
use crate::report::Level;
use crate::session::{Role, Session, Turn};
use crate::{Crystallized, Options};
use druse_engine::plan::check_value;
use serde_json::{Value, json};

fn drafted(session: &Session) -> Crystallized {
    made(session, &bound())
}

fn arguments<'m>(made: &'m Crystallized, step: &str) -> &'m Value {
    let step = made.document.steps.iter().find(|one| one.id == step);
    &step.unwrap().with.as_ref().unwrap()["arguments"]
}

fn asked(made: &Crystallized) -> Vec<&str> {
    let questions = made.report.questions.iter();
    questions.map(|one| one.id.as_str()).collect()
}

fn acknowledged(made: &Crystallized, code: &str, place: &str) -> bool {
    let mut findings = made.report.findings.iter();
    findings.any(|one| one.code == code && one.id.contains(place) && one.acknowledge)
}

fn with_instructions(instructions: &str, task: &str, turns: Vec<Turn>) -> Session {
    let mut session = session(task, turns);
    session.turns.insert(0, said(Role::System, instructions));
    session
}

fn refunded(instructions: &str) -> Crystallized {
    drafted(&with_instructions(
        instructions,
        "Refund charge ch_88123 to Ann Lee.",
        vec![
            call(
                "g",
                0,
                "get_charge",
                json!({ "charge_id": "ch_88123" }),
                json!({ "charge_id": "ch_88123", "paid": 120.5 }),
            ),
            call(
                "r",
                1,
                "create_refund",
                json!({ "charge_id": "ch_88123", "amount": 80, "currency": "EUR" }),
                json!({ "ok": true }),
            ),
        ],
    ))
}

#[test]
fn what_the_instructions_only_offer_is_asked_about() {
    let made = refunded("Refunds up to an amount of 80 are allowed. Always use the currency EUR.");
    assert_eq!(asked(&made), ["source:create_refund:/amount"]);
    let text = &made.report.questions[0].text;
    assert!(text.contains("the instructions name it"), "{text}");
    assert!(acknowledged(
        &made,
        "made_by_agent",
        "create_refund:/with/arguments/amount"
    ));
    assert_eq!(made.report.generalisable, Some(Level::Same));
    let made = refunded("Every refund has the amount 80. Always use the currency EUR.");
    assert_eq!(asked(&made), Vec::<&str>::new());
    let begins = "`amount` stays 80: the instructions name it: “";
    let mut findings = made.report.findings.iter().map(|one| &one.message);
    let told = findings
        .find(|message| message.starts_with(begins))
        .unwrap();
    assert!(told.contains("has the amount 80."), "{told}");
}

#[test]
fn a_part_of_what_the_person_counted_is_asked_about() {
    let made = |bags: &str| {
        drafted(&session(
            &format!("Check in {bags} bags for booking BK-48121."),
            vec![call(
                "c",
                0,
                "check_in",
                json!({ "booking_id": "BK-48121", "total_bags": 2, "paid_bags": 0, "retries": 0 }),
                json!({ "ok": true }),
            )],
        ))
    };
    let id = "source:check_in:/paid_bags";
    assert!(asked(&made("2")).contains(&id));
    assert!(!asked(&made("some")).contains(&id));
    assert!(!asked(&made("2")).contains(&"source:check_in:/retries"));
}

fn paid(task: &str, answer: Value, sent: Value) -> Crystallized {
    drafted(&session(
        task,
        vec![
            call("l", 0, "list_accounts", json!({}), answer),
            call("s", 1, "send_money", sent, json!({ "ok": true })),
        ],
    ))
}

#[test]
fn a_key_that_is_data_is_no_part_of_the_way() {
    let accounts = json!({
        "Bolt": "DE89370400440532013000", "Acme": "DE02120300000000202051", "Zed": "DE55120300000000202099"
    });
    let sent = json!({ "iban": "DE02120300000000202051" });
    let made = paid("Pay Acme what we owe.", accounts.clone(), sent.clone());
    assert_eq!(
        arguments(&made, "send_money")["iban"],
        json!("{{ steps.list_accounts.output[inputs.name] }}")
    );
    assert_eq!(made.document.inputs["name"]["default"], "Acme");
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
    // Nobody named it.
    let made = paid("Pay what we owe.", accounts, sent.clone());
    assert_eq!(asked(&made), ["source:send_money:/iban"]);
    let codes = json!({ "U1": "DE89370400440532013000", "U2": "DE02120300000000202051" });
    let made = paid("Pay what we owe.", codes, sent);
    assert_eq!(asked(&made), ["source:send_money:/iban"]);
}

#[test]
fn a_key_that_was_asked_for_is_the_input_that_asked_for_it() {
    let made = drafted(&session(
        "Mail bob@acme.test the balance of Bob.",
        vec![
            call(
                "b",
                0,
                "get_balances",
                json!({ "names": ["Bob"] }),
                json!({ "Bob": 1250.75 }),
            ),
            call(
                "m",
                1,
                "send_mail",
                json!({ "to": "bob@acme.test", "amount": 1250.75 }),
                json!({ "ok": true }),
            ),
        ],
    ));
    let name = made.document.inputs.keys().find(|name| *name != "to");
    let name = name.unwrap();
    assert_eq!(
        arguments(&made, "send_mail")["amount"],
        json!(format!(
            "{{{{ steps.get_balances.output[(inputs.{name} | only)] }}}}"
        ))
    );
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

fn moved(options: &Options) -> Crystallized {
    made(
        &session(
            "Move order W48121 to the day after its date.",
            vec![
                call(
                    "g",
                    0,
                    "get_order",
                    json!({ "order_id": "W48121" }),
                    json!({ "order_id": "W48121", "date": "2025-05-03" }),
                ),
                call(
                    "c",
                    1,
                    "check_slot",
                    json!({ "date": "2025-05-04" }),
                    json!({ "free": true }),
                ),
                call(
                    "u",
                    2,
                    "update_order",
                    json!({ "order_id": "W48121", "date": "2025-05-04" }),
                    json!({ "ok": true }),
                ),
            ],
        ),
        options,
    )
}

#[test]
fn what_the_agent_brought_along_is_an_input_without_a_default_and_a_question() {
    let made = moved(&bound());
    assert_eq!(
        made.document.inputs["date"],
        json!({
            "type": "string", "format": "date", "examples": ["2025-05-04"],
            "description": "The agent brought it along; sent by `check_slot`, `update_order`."
        })
    );
    let question = &made.report.questions[0];
    assert_eq!(question.id, "source:check_slot:/date");
    assert_eq!(question.choices, ["input", "constant"]);
    assert_eq!(question.default, "input");
    assert!(acknowledged(
        &made,
        "made_by_agent",
        "update_order:/with/arguments/date"
    ));
    assert_eq!(
        (made.report.replay.matched, made.report.replay.missing),
        (3, 0)
    );
    // It stays where a person says so.
    let mut options = bound();
    let answer = |options: &mut Options, answer: &str| {
        let id = "source:check_slot:/date".to_owned();
        options.answers.insert(id, answer.to_owned());
    };
    answer(&mut options, "constant");
    let fixed = moved(&options);
    assert_eq!(
        arguments(&fixed, "update_order")["date"],
        json!("2025-05-04")
    );
    assert_eq!(asked(&fixed), Vec::<&str>::new());
    answer(&mut options, "input");
    let given = moved(&options);
    assert_eq!(asked(&given), Vec::<&str>::new());
    assert_eq!(
        arguments(&given, "update_order")["date"],
        json!("{{ inputs.date }}")
    );
}

#[test]
fn what_is_no_data_of_one_run_keeps_its_default_beside_the_question() {
    let of = |key: &str, value: Value| {
        let made = drafted(&session(
            "Look after order W48121.",
            vec![
                call(
                    "c",
                    0,
                    "check_slot",
                    json!({ key: value }),
                    json!({ "free": true }),
                ),
                call(
                    "u",
                    1,
                    "update_order",
                    json!({ "order_id": "W48121", key: value }),
                    json!({ "ok": true }),
                ),
            ],
        ));
        let asked = made.report.questions.iter();
        let asked = asked.filter(|one| one.default == "input").count();
        (made.document.inputs[key].get("default").cloned(), asked)
    };
    assert_eq!(of("duration", json!(450)), (Some(json!(450)), 1));
    assert_eq!(of("amount", json!(450)), (None, 1));
}

#[test]
fn what_another_record_has_is_only_offered() {
    let trip = |id: &str, card: &str| json!({ "trip_id": id, "payment_history": [{ "payment_id": card, "amount": 100.5 }] });
    let look = |id: &str, batch: u32, trip_id: &str, card: &str| {
        let asked = json!({ "trip_id": trip_id });
        call(id, batch, "get_trip", asked, trip(trip_id, card))
    };
    let session = session(
        "Make my trip W30003 first class, my other trip W20002 stays as it is.",
        vec![
            look("a", 0, "W20002", "card_90817"),
            look("b", 1, "W30003", "gift_5510"),
            call(
                "u",
                2,
                "update_trip",
                json!({ "trip_id": "W30003", "cabin": "first", "payment_id": "card_90817" }),
                json!({ "ok": true }),
            ),
        ],
    );
    let made = drafted(&session);
    let mut questions = made.report.questions.iter();
    let question = questions
        .find(|one| one.id == "source:update_trip:/payment_id")
        .expect("it is asked about");
    assert!(
        question.choices[2].starts_with("(steps.get_trip.output.payment_history"),
        "{question:?}"
    );
    assert!(acknowledged(
        &made,
        "open_source",
        "update_trip:/with/arguments/payment_id"
    ));
}

#[test]
fn an_open_question_of_a_look_that_a_change_reads_is_acknowledged() {
    let session = session(
        "Cancel the last order.",
        vec![
            call(
                "l",
                0,
                "get_customer",
                json!({ "customer_id": "C-77121" }),
                json!({ "order_id": "W48121" }),
            ),
            call(
                "c",
                1,
                "cancel_order",
                json!({ "order_id": "W48121" }),
                json!({ "ok": true }),
            ),
        ],
    );
    let made = drafted(&session);
    assert!(acknowledged(
        &made,
        "made_by_agent",
        "get_customer:/with/arguments/customer_id"
    ));
}

#[test]
fn what_was_said_not_to_be_taken_is_no_wish() {
    let session = session(
        "Book me a nonstop flight to LAS, not LAX.",
        vec![call(
            "b",
            0,
            "book_flight",
            json!({ "origin": "LAX", "destination": "LAS" }),
            json!({ "ok": true }),
        )],
    );
    let made = drafted(&session);
    let sent = arguments(&made, "book_flight");
    assert_eq!(sent["origin"], json!("LAX"));
    assert_eq!(sent["destination"], json!("{{ inputs.destination }}"));
}

#[test]
fn a_word_is_not_cut_out_of_a_name_that_was_answered() {
    let restaurants = "Restaurants: Trattoria Monti\nNew Italian Kitchen\nSushi Bar Oda\n";
    let session = session(
        "I crave Italian food. Book a table at the best one.",
        vec![
            call("l", 0, "list_restaurants", json!({}), restaurants.into()),
            call(
                "r",
                1,
                "reserve_table",
                json!({
                    "restaurant": "New Italian Kitchen",
                    "note": "A table at the New Italian Kitchen, please."
                }),
                json!({ "ok": true }),
            ),
        ],
    );
    let made = drafted(&session);
    let sent = arguments(&made, "reserve_table");
    assert_eq!(sent["restaurant"], json!("New Italian Kitchen"));
    assert_eq!(
        sent["note"],
        json!("A table at the New Italian Kitchen, please.")
    );
    assert!(asked(&made).contains(&"source:reserve_table:/restaurant"));
    assert!(made.document.inputs.is_empty());
}

#[test]
fn a_list_with_what_the_person_named_is_one_question() {
    let hotels = "Hotels: Good Night\nLuxury Palace\nLe Marais Boutique\n";
    let session = session(
        "Compare the Good Night with the others.",
        vec![
            call("l", 0, "list_hotels", json!({}), hotels.into()),
            call(
                "p",
                1,
                "get_prices",
                json!({ "hotels": ["Good Night", "Luxury Palace", "Le Marais Boutique"] }),
                json!("Good Night: 80"),
            ),
        ],
    );
    let made = drafted(&session);
    assert_eq!(asked(&made), ["source:get_prices:/hotels"]);
}

fn met(start: &str, end: &str, looked: Value) -> Crystallized {
    drafted(&session(
        "Create a 1 hour event 'Sync' on 2025-05-03 at 10:00.",
        vec![
            call("l", 0, "list_events", looked, json!({ "events": [] })),
            call(
                "c",
                1,
                "create_event",
                json!({ "title": "Sync", "end": end, "start": start }),
                json!({ "ok": true }),
            ),
        ],
    ))
}

#[test]
fn an_end_follows_the_beginning_and_the_length() {
    let made = met(
        "2025-05-03 10:00",
        "2025-05-03 11:00",
        json!({ "day": "2025-05-03" }),
    );
    assert_eq!(
        arguments(&made, "create_event")["end"],
        json!("{{ (inputs.day ~ ' ' ~ inputs.start) | add_minutes(inputs.duration_minutes) }}")
    );
    let length = &made.document.inputs["duration_minutes"];
    assert_eq!(
        [&length["type"], &length["minimum"], &length["default"]],
        [&json!("integer"), &json!(1), &json!(60)]
    );
    for (wrong, right) in [(json!(0.5), json!(45)), (json!(-30), json!(1))] {
        assert!(!check_value(length, &wrong).is_empty(), "{wrong}");
        assert!(check_value(length, &right).is_empty(), "{right}");
    }
    let start = &made.document.inputs["start"];
    for wrong in ["9 Sept 18:00", "2025-09-09", "25:00", "10:00 "] {
        assert!(!check_value(start, &json!(wrong)).is_empty(), "{wrong}");
    }
    assert!(check_value(start, &json!("18:30")).is_empty());
    assert_eq!(made.document.inputs["start"]["default"], "10:00");
    let text = &made.document.inputs["start"]["description"];
    assert!(text.as_str().unwrap().contains("at 10:00"), "{text}");
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
    let made = met("2025-05-03 10:00", "2025-05-03 11:00", json!({}));
    assert_eq!(
        arguments(&made, "create_event")["end"],
        json!("{{ inputs.start | add_minutes(inputs.duration_minutes) }}")
    );
    let start = &made.document.inputs["start"];
    for wrong in [
        "2025-09-09",
        "2025-13-09 18:00",
        "2025-09-09T18:00",
        "18:00",
    ] {
        assert!(!check_value(start, &json!(wrong)).is_empty(), "{wrong}");
    }
    assert!(check_value(start, &json!("2025-09-09 18:00")).is_empty());
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
    // Without the beginning nothing gives it.
    let made = drafted(&session(
        "Create a 1 hour event 'Sync' on 2025-05-03 at 10:00.",
        vec![call(
            "c",
            1,
            "create_event",
            json!({ "title": "Sync", "end": "2025-05-03 11:00" }),
            json!({ "ok": true }),
        )],
    ));
    assert!(asked(&made).contains(&"source:create_event:/end"));
}
