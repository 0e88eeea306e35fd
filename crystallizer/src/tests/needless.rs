//! Conditions that something of the draft accounts for, so that nobody is asked about them; beside each the real one
//! that has to be asked about.

use super::build::*;
use crate::session::{Role, Session};
use crate::{Crystallized, Mode, Options, crystallize};
use serde_json::{Value, json};

fn drafted(session: &Session) -> Crystallized {
    made(session, &bound())
}

/// The text of the question on what a step hangs.
fn condition(made: &Crystallized, step: &str) -> Option<String> {
    let mut questions = made.report.questions.iter();
    let id = format!("condition:{step}");
    questions
        .find(|one| one.id == id)
        .map(|one| one.text.clone())
}

/// A task with one look and one change.
fn changed(task: &str, look: (&str, Value, Value), change: (&str, Value)) -> Crystallized {
    drafted(&session(
        task,
        vec![
            call("l", 0, look.0, look.1, look.2),
            call("c", 1, change.0, change.1, json!({ "ok": true })),
        ],
    ))
}

fn refunded(task: &str) -> Crystallized {
    changed(
        task,
        (
            "get_order",
            json!({ "order_id": "W48121" }),
            json!({ "order_id": "W48121", "total": 120.5, "state": "delivered" }),
        ),
        (
            "refund_order",
            json!({ "order_id": "W48121", "amount": 59.9, "name": "Ann Lee" }),
        ),
    )
}

#[test]
fn the_words_of_an_input_are_no_condition() {
    let made = refunded("Refund order W48121, 59.90 to Ann Lee.");
    assert_eq!(condition(&made, "refund_order"), None);
    for real in [
        "Refund order W48121, 59.90 to Ann Lee if it is late.",
        "Refund order W48121, 59.90 to Ann Lee, only if it was paid.",
        "Refund order W48121, 59.90 to Ann Lee, unless she is a VIP.",
        "Refund order W48121, 59.90 to Ann Lee, if it is over 100 euros.",
    ] {
        assert!(
            condition(&refunded(real), "refund_order").is_some(),
            "{real}"
        );
    }
}

#[test]
fn a_pronoun_is_no_number() {
    let made = |task: &str| {
        changed(
            task,
            (
                "get_mail",
                json!({ "mail_id": "ML-48121" }),
                json!({ "mail_id": "ML-48121", "place": "Room Vega", "day": "2027-05-12" }),
            ),
            (
                "create_event",
                json!({ "title": "Review", "location": "Room Vega", "day": "2027-05-12" }),
            ),
        )
    };
    let asked = made(
        "Read mail ML-48121 and create the event 'Review'. Set its location to the one mentioned in the mail.",
    );
    assert_eq!(condition(&asked, "create_event"), None);
    let asked = made("Read mail ML-48121 and create the event 'Review' if the room is free.");
    assert!(condition(&asked, "create_event").is_some());
}

#[test]
fn what_is_hoped_for_is_no_demand() {
    let made = |said: &str| {
        changed(
            said,
            (
                "get_order",
                json!({ "order_id": "W48121" }),
                json!({ "order_id": "W48121", "state": "open" }),
            ),
            ("cancel_order", json!({ "order_id": "W48121" })),
        )
    };
    let asked = made("Cancel order W48121. There must be something that can be done.");
    assert_eq!(condition(&asked, "cancel_order"), None);
    let asked = made("Cancel order W48121. It must be still open.");
    assert!(condition(&asked, "cancel_order").is_some());
}

/// What is said of a look that no change reads.
fn moved(task: &str, reads: bool) -> Crystallized {
    let flight = match reads {
        true => "HAT-20271",
        false => "HAT-30415",
    };
    let searched = |id: &str, batch| {
        call(
            id,
            batch,
            "search_flights",
            json!({ "origin": "DTW", "destination": "LGA" }),
            json!([{ "flight_number": "HAT-20271", "stops": 0 }]),
        )
    };
    drafted(&session(
        task,
        vec![
            searched("s", 0),
            call(
                "b",
                1,
                "update_booking",
                json!({ "booking_id": "BK-48121", "flight_number": flight }),
                json!({ "ok": true }),
            ),
        ],
    ))
}

#[test]
fn nothing_is_asked_about_a_look_that_no_change_reads() {
    let made = moved(
        "Move booking BK-48121 to flight HAT-30415. I have roundtrip flights between DTW and LGA.",
        false,
    );
    assert_eq!(condition(&made, "search_flights"), None);
    for real in [
        "Move booking BK-48121 to flight HAT-30415 if it costs nothing.",
        "Move booking BK-48121 to flight HAT-30415, unless it was paid with points.",
    ] {
        let made = moved(real, false);
        assert!(condition(&made, "update_booking").is_some(), "{real}");
    }
}

/// Tells each customer of a list something.
fn told(task: &str) -> Crystallized {
    let mut turns = vec![call(
        "l",
        0,
        "list_shipments",
        json!({}),
        json!([
            { "id": "SH-1001", "customer_id": "cus_8612", "state": "sent" },
            { "id": "SH-1002", "customer_id": "cus_9944", "state": "sent" },
            { "id": "SH-1003", "customer_id": "cus_7070", "state": "sent" },
        ]),
    )];
    for (at, customer) in ["cus_8612", "cus_9944", "cus_7070"].iter().enumerate() {
        turns.push(call(
            &format!("m{at}"),
            u32::try_from(at + 1).unwrap(),
            "send_message",
            json!({ "customer_id": customer, "text": "Your parcel is on the way." }),
            json!({ "ok": true }),
        ));
    }
    drafted(&session(task, turns))
}

#[test]
fn what_somebody_is_told_says_nothing_of_whom() {
    let made = told("Tell the customers of all shipments that their parcel is on the way.");
    assert_eq!(condition(&made, "send_message"), None);
    let made =
        told("Tell the customers of all shipments that are late that their parcel is on the way.");
    assert!(condition(&made, "send_message").is_some());
}

#[test]
fn who_is_away_is_left_nothing() {
    let assigned = |task: &str| {
        let mut turns = vec![call(
            "l",
            0,
            "list_tickets",
            json!({ "assignee": "Hassan Novak" }),
            json!([{ "id": "T-5512" }, { "id": "T-5513" }, { "id": "T-5514" }]),
        )];
        for (at, ticket) in ["T-5512", "T-5513", "T-5514"].iter().enumerate() {
            turns.push(call(
                &format!("a{at}"),
                u32::try_from(at + 1).unwrap(),
                "assign_ticket",
                json!({ "ticket_id": ticket, "assignee": "Anna Berg" }),
                json!({ "ok": true }),
            ));
        }
        drafted(&session(task, turns))
    };
    let made =
        assigned("Hassan Novak is on leave. Assign all tickets of Hassan Novak to Anna Berg.");
    assert_eq!(condition(&made, "assign_ticket"), None);
    let made =
        assigned("Assign all tickets of Hassan Novak to Anna Berg. VIPs are handled by Kim.");
    assert!(condition(&made, "assign_ticket").is_some());
}

/// Cancels after a question of the agent and an answer.
fn agreed(question: &str, answer: &str, sent: Value) -> Crystallized {
    drafted(&session(
        "I want to change booking BK-48121.",
        vec![
            call(
                "g",
                0,
                "get_booking",
                json!({ "booking_id": "BK-48121" }),
                json!({ "booking_id": "BK-48121", "fee": 120 }),
            ),
            said(Role::Assistant, question),
            said(Role::User, answer),
            call("u", 1, "update_booking", sent, json!({ "ok": true })),
        ],
    ))
}

#[test]
fn a_yes_that_repeats_the_question_limits_nothing() {
    let question = "Option 1 keeps the flight and costs $500, paid with your certificate, with no insurance. Shall I go on?";
    let sent = || json!({ "booking_id": "BK-48121", "bags": 0, "insurance": "no" });
    for plain in [
        "Yes, Option 1 works. Please use my $500 certificate for the fee",
        "Yes, let's go with that—no checked bags needed, and no insurance",
        "Okay, I understand about the seats not being possible—yes, please go ahead with the booking",
        "Yes, that's fine, it keeps us under budget",
    ] {
        let made = agreed(question, plain, sent());
        assert_eq!(condition(&made, "update_booking"), None, "{plain}");
    }
    for real in [
        "Yes, but only if it costs nothing",
        "Yes, if the fee is below $100",
        "Yes, but use another card",
        "Yes, at most $400 of it",
        "Yes, unless the seats are taken",
        "Okay, I understand, but only if there is a seat—yes, please go ahead",
    ] {
        let made = agreed(question, real, sent());
        assert!(condition(&made, "update_booking").is_some(), "{real}");
    }
    // What is to be left out, and is sent.
    let insured = json!({ "booking_id": "BK-48121", "bags": 2, "insurance": "yes" });
    let made = agreed(
        "The flight is free. Shall I go on?",
        "Yes, let's go with that, no insurance",
        insured,
    );
    assert!(condition(&made, "update_booking").is_some());
}

#[test]
fn a_question_tells_what_the_look_before_it_had() {
    let made = changed(
        "Copy ticket T-5512 for Phoenix.",
        (
            "get_ticket",
            json!({ "ticket_id": "T-5512" }),
            json!({ "ticket_id": "T-5512", "archived": false, "title": "Login broken" }),
        ),
        (
            "create_ticket",
            json!({ "title": "Phoenix", "archived": false }),
        ),
    );
    let mut questions = made.report.questions.iter();
    let asked = questions.find(|one| one.id == "source:create_ticket:/archived");
    let asked = asked.unwrap();
    let place = "steps.get_ticket.output.archived";
    assert_eq!(asked.choices, ["constant", "input", place]);
    assert_eq!(
        asked.labels[2],
        "`archived` of `get_ticket` (false in the recording)"
    );
    assert!(!asked.text.contains("no answer holds it"), "{}", asked.text);

    // The answer is taken.
    let mut options = bound();
    options.answers.insert(asked.id.clone(), place.to_owned());
    let session = session(
        "Copy ticket T-5512 for Phoenix.",
        vec![
            call(
                "l",
                0,
                "get_ticket",
                json!({ "ticket_id": "T-5512" }),
                json!({ "ticket_id": "T-5512", "archived": false, "title": "Login broken" }),
            ),
            call(
                "c",
                1,
                "create_ticket",
                json!({ "title": "Phoenix", "archived": false }),
                json!({ "ok": true }),
            ),
        ],
    );
    let answered = super::build::made(&session, &options);
    let step = answered
        .document
        .steps
        .iter()
        .find(|one| one.id == "create_ticket");
    assert_eq!(
        step.unwrap().with.as_ref().unwrap()["arguments"]["archived"],
        format!("{{{{ {place} }}}}")
    );
}

/// The id that was asked for, and that the answer only repeats, is no second source.
#[test]
fn what_an_answer_repeats_needs_no_agreement() {
    let made = drafted(&session(
        "Cancel the order that was paid last.",
        vec![
            call(
                "l",
                0,
                "list_orders",
                json!({}),
                json!([
                    { "order_id": "W-481210", "paid_at": "2027-01-04" },
                    { "order_id": "W-773402", "paid_at": "2027-01-02" },
                ]),
            ),
            call(
                "g",
                1,
                "get_order",
                json!({ "order_id": "W-481210" }),
                json!({ "order_id": "W-481210", "state": "open" }),
            ),
            call(
                "c",
                2,
                "cancel_order",
                json!({ "order_id": "W-481210" }),
                json!({ "ok": true }),
            ),
        ],
    ));
    let written = serde_json::to_string(&made.document).unwrap();
    assert!(!written.contains("agreed("), "{written}");
}

/// No two choices of one question of a real recording are told in the same words.
#[test]
fn every_label_tells_its_choice_from_the_others() {
    let Some(root) = super::corpus::folder() else {
        println!("not run: no folder of recorded sessions (set DRUSE_SESSIONS)");
        return;
    };
    let options = Options {
        force: true,
        mode: Mode::Bound,
        ..options()
    };
    let mut count = 0_usize;
    for path in super::corpus::recordings(&root) {
        let bytes = std::fs::read(&path).unwrap();
        for session in crate::import(&bytes).unwrap_or_default() {
            let Ok(made) = crystallize(std::slice::from_ref(&session), &options) else {
                continue;
            };
            for question in &made.report.questions {
                let mut labels: Vec<&String> = question.labels.iter().collect();
                assert_eq!(labels.len(), question.choices.len(), "{}", question.id);
                labels.sort();
                labels.dedup();
                assert_eq!(
                    labels.len(),
                    question.choices.len(),
                    "{} {:?}",
                    path.display(),
                    question.labels
                );
                count += labels.len();
            }
        }
    }
    assert!(count > 0);
}
