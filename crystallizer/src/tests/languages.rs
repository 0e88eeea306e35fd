//! What people say in other languages than English: names with letters of their own, words as they are bent, numbers
//! with a comma before their decimals, days as they are written elsewhere.

use super::build::*;
use crate::report::Level;
use crate::session::Session;
use crate::{Crystallized, Mode, Options};
use serde_json::{Value, json};

fn crystallized(session: &Session) -> Crystallized {
    let options = Options {
        mode: Mode::Bound,
        ..options()
    };
    let made = made(session, &options);
    assert_eq!(made.report.replay.differences, []);
    made
}

/// What the last step sends.
fn sent(made: &Crystallized) -> Value {
    let step = made.document.steps.last().unwrap();
    step.with.as_ref().unwrap()["arguments"].clone()
}

#[test]
fn what_was_said_in_another_language_becomes_an_input() {
    for task in [
        "Überweise bitte 1.234,56 € an Jürgen Größling, und zwar am 27.11.2026.",
        "Bitte überweise am 27. November 2026 an Jürgen Größling 1.234,56 EUR.",
        "Veuillez virer 1 234,56 € à Jürgen Größling le 27 novembre 2026.",
        "Transfiere 1.234,56 euros a Jürgen Größling el 27 de noviembre de 2026.",
        "Bonifica 1.234,56 € a Jürgen Größling il 27/11/2026.",
    ] {
        let made = crystallized(&session(
            task,
            vec![call(
                "p",
                0,
                "transfer_money",
                json!({ "recipient": "Jürgen Größling", "amount": 1234.56, "date": "2026-11-27" }),
                json!({ "ok": true }),
            )],
        ));
        assert_eq!(
            sent(&made),
            json!({ "recipient": "{{ inputs.recipient }}", "amount": "{{ inputs.amount }}", "date": "{{ inputs.date }}" }),
            "{task}"
        );
        assert_eq!(made.document.inputs["amount"]["default"], 1234.56);
        // What may narrow or be a condition is read in German; of another language that is told, it is asked about.
        let level = made.report.generalisable;
        let asks = usize::from(level == Some(Level::Same));
        assert_eq!(made.report.questions.len(), asks, "{task}");
        if task.contains("itte") {
            assert_eq!(level, Some(Level::Shuffled), "{task}");
        }
    }
}

#[test]
fn a_day_that_may_be_read_in_two_ways_is_the_one_that_was_sent() {
    for (day, others) in [("2026-06-05", "2026-07-05"), ("2026-05-06", "2026-05-07")] {
        let booked = |day: &str| {
            crystallized(&session(
                "Réserve la salle le 05/06/2026, s'il te plaît.",
                vec![call(
                    "b",
                    0,
                    "book_room",
                    json!({ "date": day }),
                    json!({ "ok": true }),
                )],
            ))
        };
        assert_eq!(sent(&booked(day))["date"], "{{ inputs.date }}");
        assert_eq!(sent(&booked(others))["date"], others);
    }
}

#[test]
fn an_appointment_lasts_as_long_as_was_said_in_german() {
    let made = crystallized(&session(
        "Lege bitte einen Termin mit Frau Özdemir an: am 3. Dezember um 9.30 Uhr, er dauert zwei Stunden.",
        vec![call(
            "c",
            0,
            "create_event",
            json!({ "title": "Özdemir", "start_time": "2026-12-03 09:30", "end_time": "2026-12-03 11:30" }),
            json!({ "ok": true }),
        )],
    ));
    let sent = sent(&made);
    for key in ["title", "start_time", "end_time"] {
        assert!(sent[key].as_str().unwrap().contains("inputs."), "{sent}");
    }
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

#[test]
fn amounts_with_a_comma_are_followed_out_of_an_answer() {
    let bill = |amount: &str| json!({ "rechnung": "R-48121", "betrag": amount });
    for (amount, filters) in [
        (
            "1.234,56 €",
            "replace('€', '') | replace('.', '') | replace(',', '.') | parse_number",
        ),
        (
            "234,56",
            "replace('.', '') | replace(',', '.') | parse_number",
        ),
    ] {
        let number: f64 = amount
            .trim_end_matches(" €")
            .replace('.', "")
            .replace(',', ".")
            .parse()
            .unwrap();
        let made = crystallized(&session(
            "Bezahle bitte die Rechnung R-48121.",
            vec![
                call(
                    "g",
                    0,
                    "hole_rechnung",
                    json!({ "rechnung": "R-48121" }),
                    bill(amount),
                ),
                call(
                    "p",
                    1,
                    "bezahle_rechnung",
                    json!({ "rechnung": "R-48121", "betrag": number }),
                    json!({ "ok": true }),
                ),
            ],
        ));
        assert_eq!(
            sent(&made)["betrag"],
            format!("{{{{ steps.hole_rechnung.output.betrag | {filters} }}}}")
        );
        assert_eq!(made.report.generalisable, Some(Level::Shuffled), "{amount}");
    }
}

#[test]
fn a_bent_word_tells_the_element() {
    let made = crystallized(&session(
        "Storniere bitte die offene Bestellung von Müller, und sag mir Bescheid.",
        vec![
            call(
                "l",
                0,
                "list_orders",
                json!({ "customer": "Müller" }),
                json!({ "orders": [
                    { "order_id": "W-48121", "status": "offen" },
                    { "order_id": "W-77340", "status": "versandt" },
                ] }),
            ),
            call(
                "c",
                1,
                "cancel_order",
                json!({ "order_id": "W-48121" }),
                json!({ "ok": true }),
            ),
        ],
    ));
    let id = sent(&made)["order_id"].as_str().unwrap().to_owned();
    // Nothing in the sentence names the list or the field in the language of the tool: it is asked about, or told by
    // the word, and never by the place.
    assert!(
        id == "W-48121" && made.report.generalisable == Some(Level::Same)
            || id.contains("where('status', inputs.status)"),
        "{id}"
    );
    assert!(!id.contains("first"));
}
