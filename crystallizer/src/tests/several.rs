//! Several recordings of one task: what is the same in all stays, what differs has a source that holds in all, and the
//! draft predicts what it was not made of.

use super::build::*;
use crate::report::{Level, Verdict};
use crate::session::Session;
use crate::{Crystallized, Mode, Options, crystallize};
use serde_json::{Value, json};

fn both(sessions: &[Session]) -> Crystallized {
    crystallize(
        sessions,
        &Options {
            mode: Mode::Bound,
            ..options()
        },
    )
    .unwrap()
}

/// Looks for a customer's orders and cancels the first, with a code and a fee.
fn canceled(
    number: u32,
    customer: &str,
    orders: [&str; 2],
    taken: &str,
    code: &str,
    fee: u32,
) -> Session {
    let mut session = session(
        &format!("Cancel an order of {customer}."),
        vec![
            call(
                "l",
                0,
                "list_orders",
                json!({ "customer_id": customer }),
                json!({ "orders": [{ "order_id": orders[0] }, { "order_id": orders[1] }] }),
            ),
            call(
                "c",
                1,
                "cancel_order",
                json!({ "order_id": taken, "code": code, "fee": fee }),
                json!({ "ok": true }),
            ),
        ],
    );
    session.external_id = Some(format!("rec-{number}"));
    session
}

/// Ana's first order, canceled.
fn of_ana() -> Session {
    let orders = ["W-481210", "W-773402"];
    canceled(1, "ana_li_3668", orders, "W-481210", "RX-2210", 25)
}

/// One of Ben's orders, canceled.
fn of_ben(taken: &str, code: &str, fee: u32) -> Session {
    let orders = ["W-555120", "W-900817"];
    canceled(2, "ben_xu_7011", orders, taken, code, fee)
}

fn arguments(made: &Crystallized) -> serde_json::Value {
    made.document.steps[1].with.as_ref().unwrap()["arguments"].clone()
}

#[test]
fn one_recording_asks_what_two_answer() {
    let first = of_ana();
    let second = of_ben("W-555120", "RX-2210", 25);
    let alone = both(std::slice::from_ref(&first));
    assert_eq!(alone.report.questions.len(), 3);
    assert_eq!(alone.report.generalisable, Some(Level::Same));

    let made = both(&[first, second]);
    assert_eq!(made.report.questions, []);
    assert_eq!(
        arguments(&made),
        json!({ "order_id": "{{ (steps.list_orders.output.orders | first).order_id }}", "code": "RX-2210", "fee": 25 })
    );
    // By its place it does not hold on a list in another order, and that is said.
    assert_eq!(made.report.generalisable, Some(Level::Reordered));
    assert_eq!(made.report.held_out.len(), 1);
    assert_eq!(made.report.held_out[0].recording, "rec-2");
    assert_eq!(made.report.held_out[0].verdict, Verdict::Passed);
}

#[test]
fn what_differs_is_no_constant() {
    let first = of_ana();
    let second = of_ben("W-900817", "RX-7099", 40);
    let made = both(&[first, second]);
    let asked: Vec<&str> = made
        .report
        .questions
        .iter()
        .map(|question| question.id.as_str())
        .collect();
    assert_eq!(
        asked,
        [
            "source:cancel_order:/order_id",
            "source:cancel_order:/code",
            "source:cancel_order:/fee"
        ]
    );
    assert_eq!(made.report.generalisable, Some(Level::Same));
    assert_eq!(made.report.held_out[0].verdict, Verdict::Failed);
    assert_eq!(
        (
            made.report.held_out[0].differing,
            made.report.held_out[0].missing
        ),
        (1, 1)
    );
}

/// A source that explains the first recording by chance is none when another one has something else there.
#[test]
fn a_source_has_to_hold_in_all() {
    let sent = |number: u32, address: &str, shown: &str, to: &str| {
        let mut session = session(
            "Send the report.",
            vec![
                call(
                    "a",
                    0,
                    "get_account",
                    json!({}),
                    json!({ "email": address, "contact": shown }),
                ),
                call(
                    "s",
                    1,
                    "send_report",
                    json!({ "email": to }),
                    json!({ "ok": true }),
                ),
            ],
        );
        session.external_id = Some(format!("rec-{number}"));
        session
    };
    let first = sent(
        1,
        "ana@example.com",
        "office@example.com",
        "ana@example.com",
    );
    let alone = both(std::slice::from_ref(&first));
    assert_eq!(
        arguments(&alone),
        json!({ "email": "{{ steps.get_account.output.email }}" })
    );
    let second = sent(2, "ben@example.com", "desk@example.com", "desk@example.com");
    let made = both(&[first, second]);
    assert_eq!(arguments(&made), json!({ "email": "ana@example.com" }));
    assert_eq!(made.report.questions[0].id, "source:send_report:/email");
    assert_eq!(made.report.generalisable, Some(Level::Same));
}

#[test]
fn another_task_is_no_witness() {
    let first = of_ana();
    let made = both(&[first, bill()]);
    assert!(codes(&made.report.findings).contains(&"- another_task".to_owned()));
    assert_eq!(made.report.held_out, []);
}

/// Looks at an order, sends a voucher for some, and notes that it was looked at.
pub(super) fn looked_at(
    number: u32,
    order: &str,
    tier: &str,
    state: &str,
    voucher: bool,
) -> Session {
    let mut turns = vec![call(
        "g",
        0,
        "get_order",
        json!({ "order_id": order }),
        json!({ "order_id": order, "tier": tier, "state": state, "email": format!("p{number}7@example.com") }),
    )];
    if voucher {
        turns.push(call(
            "v",
            1,
            "send_voucher",
            json!({ "to": format!("p{number}7@example.com") }),
            json!({ "ok": true }),
        ));
    }
    turns.push(call(
        "n",
        2,
        "add_note",
        json!({ "order_id": order }),
        json!({ "ok": true }),
    ));
    let mut session = session(&format!("Look after order {order}."), turns);
    session.external_id = Some(format!("rec-{number}"));
    session
}

/// Looks at an order, and cancels some.
fn cancelled_if(
    number: u32,
    condition: &str,
    order: &str,
    fields: Value,
    cancels: bool,
) -> Session {
    let mut turns = vec![call(
        "g",
        0,
        "get_order",
        json!({ "order_id": order }),
        fields,
    )];
    if cancels {
        turns.push(call(
            "x",
            1,
            "cancel_order",
            json!({ "order_id": order }),
            json!({ "ok": true }),
        ));
    }
    let mut session = session(
        &format!("Look at order {order}. Cancel it {condition}."),
        turns,
    );
    session.external_id = Some(format!("rec-{number}"));
    session
}

#[test]
fn a_condition_that_was_named_is_asked_about_until_what_parts_the_recordings_says_it() {
    let orders = ["W-481210", "W-555120", "W-773402", "W-900817"];
    let told = |condition: &str, fields: [Value; 4]| {
        let all: Vec<Session> = fields
            .into_iter()
            .zip(orders)
            .zip(1..)
            .map(|((fields, order), number)| {
                cancelled_if(number, condition, order, fields, number < 3)
            })
            .collect();
        let made = both(&all);
        let asked = made
            .report
            .questions
            .iter()
            .any(|question| question.id == "condition:cancel_order");
        let when = made.document.steps[1].when.is_some();
        (when, asked, made.report.generalisable)
    };
    // By chance the presents are those that were cancelled.
    let (when, asked, level) = told(
        "if it has not shipped",
        [
            json!({ "status": "packed", "gift": true }),
            json!({ "status": "queued", "gift": true }),
            json!({ "status": "in transit", "gift": false }),
            json!({ "status": "delivered", "gift": false }),
        ],
    );
    assert_eq!((when, asked, level), (true, true, Some(Level::Same)));
    // Only half of what was said parts them.
    let halves = || {
        [
            json!({ "paid": false, "gift": false }),
            json!({ "paid": false, "gift": false }),
            json!({ "paid": true, "gift": false }),
            json!({ "paid": true, "gift": true }),
        ]
    };
    for condition in [
        "if it is unpaid and not a gift",
        "if it is unpaid, and not a gift",
    ] {
        let (when, asked, level) = told(condition, halves());
        assert_eq!(
            (when, asked, level),
            (true, true, Some(Level::Same)),
            "{condition}"
        );
    }
    let (when, asked, level) = told("if it is unpaid", halves());
    assert_eq!((when, asked, level), (true, false, Some(Level::Shuffled)));
}

/// Once a person has said when the voucher is sent.
fn answered_by(sessions: &[Session], answer: &str) -> Crystallized {
    let options = Options {
        mode: Mode::Bound,
        answers: [("branch:send_voucher".to_owned(), answer.to_owned())].into(),
        ..options()
    };
    crystallize(sessions, &options).unwrap()
}

#[test]
fn what_only_some_do_gets_a_condition_that_parts_them() {
    let all = [
        looked_at(1, "W-481210", "gold", "late", true),
        looked_at(2, "W-555120", "basic", "late", false),
        looked_at(3, "W-773402", "gold", "sent", true),
        looked_at(4, "W-900817", "silver", "sent", false),
    ];
    // Four recordings may be parted by chance: a person says that it is the reason.
    let open = both(&all);
    let question = &open.report.questions[0];
    assert_eq!(question.default, "steps.get_order.output.tier == 'gold'");
    assert_eq!(open.report.generalisable, Some(Level::Same));
    let made = answered_by(&all, "steps.get_order.output.tier == 'gold'");
    assert_eq!(
        chain(&made),
        [
            "get_order tool <- ",
            "send_voucher tool <- get_order when steps.get_order.output.tier == 'gold'",
            "add_note tool <- get_order when steps.send_voucher.status in ['succeeded', 'skipped']",
        ]
    );
    let verdicts: Vec<Verdict> = made
        .report
        .held_out
        .iter()
        .map(|held| held.verdict)
        .collect();
    assert_eq!(verdicts, [Verdict::Passed; 3]);
    assert_eq!(made.report.questions, []);
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));

    // One recording a side is too little.
    let few = both(&all[..3]);
    assert!(codes(&few.report.findings).contains(&"send_voucher step_not_in_all".to_owned()));
    assert_eq!(few.report.generalisable, Some(Level::Same));

    // Two things that part them: a person says which.
    let both_ways = [
        looked_at(1, "W-481210", "gold", "late", true),
        looked_at(2, "W-555120", "basic", "sent", false),
        looked_at(3, "W-773402", "gold", "late", true),
        looked_at(4, "W-900817", "silver", "open", false),
    ];
    let made = both(&both_ways);
    let question = &made.report.questions[0];
    assert_eq!(question.id, "branch:send_voucher");
    assert_eq!(
        question.choices,
        [
            "always",
            "steps.get_order.output.tier == 'gold'",
            "steps.get_order.output.state == 'late'"
        ]
    );
    assert_eq!(made.report.generalisable, Some(Level::Same));
    let answered = answered_by(&both_ways, "steps.get_order.output.tier == 'gold'");
    assert_eq!(answered.report.questions, []);
    assert_eq!(answered.report.generalisable, Some(Level::Shuffled));
}

#[test]
fn what_was_said_of_one_step_is_not_asked_about_another_that_all_recordings_have() {
    let closed = |number: u32, vip: bool| {
        let (ticket, email) = (
            format!("tck_80{number}"),
            format!("person{number}@example.com"),
        );
        let mut turns = vec![
            call(
                "f",
                0,
                "find_customer",
                json!({ "email": email }),
                json!({ "id": format!("cus_100{number}"), "email": email, "vip": vip }),
            ),
            call(
                "c",
                1,
                "close_ticket",
                json!({ "ticket_id": ticket }),
                json!({ "ok": true }),
            ),
        ];
        if vip {
            let body = format!("Ticket {ticket} is closed.");
            let mail = json!({ "to": email, "subject": "Closed", "body": body });
            turns.push(call("m", 2, "send_mail", mail, json!({ "ok": true })));
        }
        let task =
            format!("Close ticket {ticket} of {email}, and mail them a note if they are a vip.");
        let mut session = session(&task, turns);
        session.external_id = Some(format!("rec-{number}"));
        session
    };
    let made = both(&[
        closed(1, true),
        closed(2, false),
        closed(3, true),
        closed(4, false),
    ]);
    assert_eq!(
        made.document.steps[2].when.as_deref(),
        Some("steps.find_customer.output.vip == true")
    );
    assert_eq!(made.report.questions, []);
    let held = made.report.held_out.iter();
    assert!(held.clone().count() == 3 && held.clone().all(|held| held.verdict == Verdict::Passed));
    // With one recording nothing shows it.
    let alone = both(&[closed(1, true)]);
    assert!(!alone.report.questions.is_empty());
}

/// Two words are said under one key in each recording: one is sent, the other tells which are meant.
#[test]
fn what_tells_which_is_not_what_was_sent_under_such_a_key() {
    let changed = |number: u32, class: &str, classes: [&str; 4]| {
        let customer = format!("person_{number}_4471");
        let bookings: Vec<Value> = (0..)
            .zip(classes)
            .map(
                |(at, class)| json!({ "booking_id": format!("B-{number}{at}071"), "class": class }),
            )
            .collect();
        let asked = json!({ "customer_id": customer });
        let found = json!({ "bookings": bookings });
        let mut turns = vec![call("l", 0, "list_bookings", asked, found)];
        let taken = bookings.iter().filter(|one| one["class"] == class);
        for (at, booking) in (1..).zip(taken) {
            let sent = json!({ "booking_id": booking["booking_id"], "class": "economy" });
            turns.push(call(
                &format!("c{at}"),
                at,
                "change_class",
                sent,
                json!({ "ok": true }),
            ));
        }
        let task = format!("Please change all {class} bookings of {customer} to economy class.");
        let mut session = session(&task, turns);
        session.external_id = Some(format!("rec-{number}"));
        session
    };
    let made = both(&[
        changed(
            1,
            "business",
            ["business", "economy", "business", "premium"],
        ),
        changed(2, "premium", ["premium", "premium", "business", "economy"]),
        changed(3, "premium", ["business", "premium", "premium", "premium"]),
    ]);
    let verdicts: Vec<Verdict> = made
        .report
        .held_out
        .iter()
        .map(|held| held.verdict)
        .collect();
    assert_eq!(
        verdicts,
        [Verdict::Passed; 2],
        "{:#?}",
        made.report.held_out
    );
}

/// Where no pass sends what the person said there, the sentence that is worded alike tells what it was: nothing had that
/// class, and nothing was changed.
#[test]
fn what_was_said_is_known_by_the_sentence_that_is_worded_alike() {
    let changed = |number: u32, task: &str, class: &str, classes: [&str; 3]| {
        let customer = format!("person_{number}_4471");
        let bookings: Vec<Value> = (0..)
            .zip(classes)
            .map(
                |(at, class)| json!({ "booking_id": format!("B-{number}{at}071"), "class": class }),
            )
            .collect();
        let asked = json!({ "customer_id": customer });
        let mut turns = vec![call(
            "l",
            0,
            "list_bookings",
            asked,
            json!({ "bookings": bookings }),
        )];
        let taken = bookings.iter().filter(|one| one["class"] == class);
        for (at, booking) in (1..).zip(taken) {
            let sent = json!({ "booking_id": booking["booking_id"], "class": "economy" });
            turns.push(call(
                &format!("c{at}"),
                at,
                "change_class",
                sent,
                json!({ "ok": true }),
            ));
        }
        let mut session = session(&format!("The customer is {customer}. {task}"), turns);
        session.external_id = Some(format!("rec-{number}"));
        session
    };
    let first = changed(
        1,
        "Please change all business bookings to economy class.",
        "business",
        ["business", "premium", "business"],
    );
    let none = ["business", "economy", "business"];
    let told = "Please change all premium bookings to economy class.";
    let other = "Whatever is premium should be in economy class.";
    let held = |task: &str| {
        let made = both(&[first.clone(), changed(2, task, "premium", none)]);
        made.report.held_out[0].verdict
    };
    assert_eq!(held(told), Verdict::Passed);
    assert_ne!(held(other), Verdict::Passed);
}

/// What was said in passing, too, is not looked for in the sentence where it was.
#[test]
fn what_was_said_in_passing_tells_nothing_of_another_recording() {
    let found = |number: u32, friend: &str, first: &str| {
        let all: Vec<Value> = [first, "Greta", "Olga"]
            .into_iter()
            .zip(11_111..)
            .map(|(name, at)| json!({ "person_id": format!("P-{}", at + number * 7), "first_name": name }))
            .collect();
        let id = all[0]["person_id"].clone();
        let task = format!("My friend {friend} told me about you. It is about {first} Petrov.");
        let mut session = session(
            &task,
            vec![
                call(
                    "s",
                    0,
                    "search_people",
                    json!({ "last_name": "Petrov" }),
                    json!(all),
                ),
                call(
                    "w",
                    1,
                    "write_to",
                    json!({ "person_id": id }),
                    json!({ "ok": true }),
                ),
            ],
        );
        session.external_id = Some(format!("rec-{number}"));
        session
    };
    let sessions = [found(1, "Hugo", "Hugo"), found(2, "Mara", "Ana")];
    let made = both(&sessions);
    assert!(made.document.inputs.contains_key("first_name"));
    assert_eq!(made.report.held_out[0].verdict, Verdict::Passed);
}

/// All of the list was looked at in the recording that is followed, for what was looked for stood last. Another one shows
/// that the looking ends where it is found.
#[test]
fn a_search_that_went_to_the_end_is_known_by_one_that_did_not() {
    let search = |number: u32, found: usize, looks: usize| {
        let customer = format!("person_{number}_4471");
        let ids: Vec<String> = (0..3).map(|at| format!("T-{number}{at}071")).collect();
        let topic = |at: usize| match at == found {
            true => "warranty",
            false => "delivery",
        };
        let mut turns = vec![call(
            "l",
            0,
            "list_ticket_ids",
            json!({ "customer_id": customer }),
            json!({ "ticket_ids": ids }),
        )];
        for (at, id) in ids.iter().enumerate().take(looks) {
            turns.push(call(
                &format!("g{at}"),
                1 + u32::try_from(at).unwrap(),
                "get_ticket",
                json!({ "ticket_id": id }),
                json!({ "ticket_id": id, "topic": topic(at), "contact": format!("c{number}{at}9@example.com") }),
            ));
        }
        turns.push(call(
            "m",
            9,
            "close_ticket",
            json!({ "ticket_id": ids[found] }),
            json!({ "ok": true }),
        ));
        let task = format!("The customer is {customer}. Close the ticket about the warranty.");
        let mut session = session(&task, turns);
        session.external_id = Some(format!("rec-{number}"));
        session
    };
    let ends = |made: &Crystallized| {
        made.document.steps[1]
            .for_each
            .as_ref()
            .unwrap()
            .until
            .clone()
    };
    let until = "steps.get_ticket.output.topic == inputs.topic";
    let stopped = both(&[search(1, 2, 3), search(2, 1, 2)]);
    assert_eq!(ends(&stopped).as_deref(), Some(until));
    assert_eq!(stopped.report.held_out[0].verdict, Verdict::Passed);
    // All were looked at in either: nothing shows that it would have ended before.
    let all = both(&[search(1, 2, 3), search(2, 1, 3)]);
    assert_eq!(ends(&all), None);
    assert_eq!(all.report.held_out[0].verdict, Verdict::Passed);
    let alone = both(&[search(1, 2, 3)]);
    assert_eq!(ends(&alone), None);
}

/// A customer is looked up, and greeted.
fn greeted(number: u32, customer: &str, name: &str, body: &str) -> Session {
    let mut session = session(
        &format!("Send customer {customer} a short greeting mail."),
        vec![
            call(
                "g",
                0,
                "get_customer",
                json!({ "customer_id": customer }),
                json!({ "customer_id": customer, "name": name }),
            ),
            call(
                "m",
                1,
                "send_mail",
                json!({ "customer_id": customer, "body": body }),
                json!({ "ok": true }),
            ),
        ],
    );
    session.external_id = Some(format!("rec-{number}"));
    session
}

#[test]
fn a_text_is_only_put_together_where_it_is_worded_alike() {
    let first = greeted(1, "cus_4038", "Tamara Dubois", "Good morning, Tamara!");
    let second = greeted(2, "cus_2990", "Elena Rossi", "Good morning, Elena!");
    let third = greeted(3, "cus_8960", "Olga Novak", "Good afternoon, Olga!");
    let alike = both(&[first.clone(), second.clone()]);
    assert_eq!(alike.report.questions, []);
    assert_eq!(
        arguments(&alike)["body"],
        "Good morning, {{ steps.get_customer.output.name | split(' ') | first }}!"
    );

    let made = both(&[first, second, third]);
    let questions = made.report.questions.iter();
    let found: Vec<&str> = questions.map(|one| one.id.as_str()).collect();
    assert_eq!(found, ["source:send_mail:/body"]);
    assert_eq!(arguments(&made)["body"], "Good morning, Tamara!");
}
