//! Calls that repeat over a list become a loop, where every pass follows from it; otherwise they stay one by one.

use super::build::*;
use crate::Crystallized;
use crate::report::Level;
use crate::session::{Role, Session, Turn};
use druse_engine::Severity;
use druse_engine::check::{Catalog, check};
use serde_json::{Value, json};

/// The draft; what the engine finds wrong with it is only that its tools are not mapped.
fn crystallized(session: &Session) -> Crystallized {
    let made = made(session, &bound());
    assert_eq!(made.report.replay.differences, []);
    let wrong: Vec<_> = check(&made.document, &Catalog::default())
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error && finding.code != "unmapped_tool")
        .collect();
    assert_eq!(wrong, []);
    made
}

/// The loops as `id: items, until`, with the steps of their bodies.
fn loops(made: &Crystallized) -> Vec<String> {
    made.document
        .steps
        .iter()
        .filter_map(|step| {
            let each = step.for_each.as_ref()?;
            let body: Vec<&str> = step.steps.iter().map(|step| step.id.as_str()).collect();
            let until = each
                .until
                .as_ref()
                .map(|until| format!(" until {until}"))
                .unwrap_or_default();
            Some(format!(
                "{}: {}{until} [{}]",
                step.id,
                each.items.as_str().unwrap_or(""),
                body.join(" ")
            ))
        })
        .collect()
}

fn tickets() -> Value {
    json!({ "tickets": [
        { "ticket_id": "T-48121", "state": "waiting", "hours": 31 },
        { "ticket_id": "T-77340", "state": "solved", "hours": 12 },
        { "ticket_id": "T-10553", "state": "waiting", "hours": 4 },
        { "ticket_id": "T-62087", "state": "solved", "hours": 55 },
    ] })
}

pub(super) fn list() -> Turn {
    call(
        "l",
        0,
        "list_tickets",
        json!({ "customer_id": "ana_li_3668" }),
        tickets(),
    )
}

pub(super) fn close(number: u32, ticket: &str) -> Turn {
    call(
        &format!("c{number}"),
        number,
        "close_ticket",
        json!({ "ticket_id": ticket, "note": format!("{ticket} is done.") }),
        json!({ "ok": true }),
    )
}

fn look(number: u32, ticket: &str, topic: &str) -> Turn {
    call(
        &format!("g{number}"),
        number,
        "get_ticket",
        json!({ "ticket_id": ticket }),
        json!({ "ticket_id": ticket, "topic": topic, "contact": format!("c{number}9@example.com") }),
    )
}

#[test]
fn a_whole_list_becomes_a_loop() {
    let session = session(
        "Close all tickets of ana_li_3668.",
        vec![
            list(),
            close(1, "T-48121"),
            close(2, "T-77340"),
            close(3, "T-10553"),
            close(4, "T-62087"),
        ],
    );
    let made = crystallized(&session);
    assert_eq!(
        loops(&made),
        ["each_ticket: {{ steps.list_tickets.output.tickets }} [close_ticket]"]
    );
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
    assert_eq!(made.report.counts.steps, 5);
    let step = &made.document.steps[1];
    assert_eq!(step.needs, ["list_tickets"]);
    assert_eq!(
        step.steps[0].with.as_ref().unwrap()["arguments"],
        json!({ "ticket_id": "{{ ticket.ticket_id }}", "note": "{{ ticket.ticket_id }} is done." })
    );
    let edited = crate::replay_edited(&made.document, &session, &bound()).unwrap();
    assert_eq!((edited.matched, edited.differences), (5, Vec::new()));
    // A rehearsal is answered pass by pass.
    let outcomes = crate::recorded_outcomes(&made.document, &session, &bound()).unwrap();
    let paths: Vec<&str> = outcomes.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "list_tickets",
            "each_ticket[0].close_ticket",
            "each_ticket[1].close_ticket",
            "each_ticket[2].close_ticket",
            "each_ticket[3].close_ticket",
        ]
    );
    assert_eq!(
        made.document.metadata["crystallized"]["calls"],
        json!({
            "list_tickets": "l", "each_ticket[0].close_ticket": "c1", "each_ticket[1].close_ticket": "c2",
            "each_ticket[2].close_ticket": "c3", "each_ticket[3].close_ticket": "c4",
        })
    );
}

#[test]
fn a_part_of_a_list_needs_a_reason_that_was_said() {
    let turns = || vec![list(), close(1, "T-48121"), close(2, "T-10553")];
    let said = session("Close every waiting ticket of ana_li_3668.", turns());
    let made = crystallized(&said);
    assert_eq!(
        loops(&made),
        [
            "each_ticket: {{ steps.list_tickets.output.tickets | where('state', inputs.state) }} [close_ticket]"
        ]
    );
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));

    let unsaid = session("Tidy up for ana_li_3668.", turns());
    let made = crystallized(&unsaid);
    assert_eq!(loops(&made), Vec::<String>::new());
    assert_eq!(made.report.generalisable, Some(Level::Same));
    let question = &made.report.questions[0];
    assert_eq!(question.id, "loop:close_ticket");
    assert_eq!(
        question.choices,
        ["one_by_one", "where('state', 'waiting')"]
    );

    // A person says that it is meant.
    let mut options = bound();
    options.answers.insert(
        "loop:close_ticket".to_owned(),
        "where('state', 'waiting')".to_owned(),
    );
    let made = crate::tests::build::made(&unsaid, &options);
    assert_eq!(
        loops(&made),
        [
            "each_ticket: {{ steps.list_tickets.output.tickets | where('state', 'waiting') }} [close_ticket]"
        ]
    );
    assert_eq!(made.report.replay.differences, []);
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
    assert_eq!(made.report.questions, []);
}

#[test]
fn a_number_that_was_named_parts_a_list() {
    let session = session(
        "Close the tickets of ana_li_3668 with more than 20 hours.",
        vec![list(), close(1, "T-48121"), close(2, "T-62087")],
    );
    let made = crystallized(&session);
    assert_eq!(
        loops(&made),
        [
            "each_ticket: {{ steps.list_tickets.output.tickets | selectattr('hours', 'gt', inputs.hour) | list }} [close_ticket]"
        ]
    );
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

#[test]
fn what_was_said_of_all_elements_is_followed_too() {
    let all_waiting = call(
        "l",
        0,
        "list_tickets",
        json!({ "customer_id": "ana_li_3668" }),
        json!({ "tickets": [
            { "ticket_id": "T-48121", "state": "waiting" },
            { "ticket_id": "T-77340", "state": "waiting" },
        ] }),
    );
    let session = session(
        "Close every waiting ticket of ana_li_3668.",
        vec![all_waiting, close(1, "T-48121"), close(2, "T-77340")],
    );
    assert_eq!(
        loops(&crystallized(&session)),
        [
            "each_ticket: {{ steps.list_tickets.output.tickets | where('state', inputs.state) }} [close_ticket]"
        ]
    );
}

#[test]
fn a_search_ends_where_what_was_said_is_found() {
    let ids = call(
        "l",
        0,
        "list_ticket_ids",
        json!({ "customer_id": "ana_li_3668" }),
        json!({ "ticket_ids": ["T-48121", "T-77340", "T-10553", "T-62087"] }),
    );
    let session = session(
        "Answer the ticket about the warranty of ana_li_3668.",
        vec![
            ids,
            look(1, "T-48121", "delivery"),
            look(2, "T-77340", "warranty"),
            call(
                "m",
                3,
                "send_email",
                json!({ "to": "c29@example.com", "subject": "T-77340" }),
                json!({ "ok": true }),
            ),
        ],
    );
    let made = crystallized(&session);
    assert_eq!(
        loops(&made),
        [
            "each_ticket: {{ steps.list_ticket_ids.output.ticket_ids }} until steps.get_ticket.output.topic == inputs.topic [get_ticket]"
        ]
    );
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
    assert_eq!(
        made.document.steps[2].with.as_ref().unwrap()["arguments"],
        json!({
            "to": "{{ (steps.each_ticket.output | where('topic', inputs.topic) | only).contact }}",
            "subject": "{{ (steps.each_ticket.output | where('contact', (steps.each_ticket.output | where('topic', inputs.topic) | only).contact) | where('topic', inputs.topic) | only).ticket_id }}",
        })
    );
}

#[test]
fn several_calls_make_a_pass() {
    let mail = |number: u32, ticket: &str, to: u32, topic: &str| {
        call(
            &format!("m{number}"),
            number,
            "send_email",
            json!({ "to": format!("c{to}9@example.com"), "body": format!("Ticket {ticket} about {topic}") }),
            json!({ "ok": true }),
        )
    };
    let session = session(
        "Write to all tickets of ana_li_3668.",
        vec![
            list(),
            look(1, "T-48121", "delivery"),
            mail(2, "T-48121", 1, "delivery"),
            look(3, "T-77340", "invoice"),
            mail(4, "T-77340", 3, "invoice"),
            look(5, "T-10553", "warranty"),
            mail(6, "T-10553", 5, "warranty"),
            look(7, "T-62087", "password"),
            mail(8, "T-62087", 7, "password"),
        ],
    );
    let made = crystallized(&session);
    assert_eq!(
        loops(&made),
        ["each_ticket: {{ steps.list_tickets.output.tickets }} [get_ticket send_email]"]
    );
    assert_eq!(
        made.document.steps[1].steps[1].with.as_ref().unwrap()["arguments"],
        json!({
            "to": "{{ steps.get_ticket.output.contact }}",
            "body": "Ticket {{ ticket.ticket_id }} about {{ steps.get_ticket.output.topic }}",
        })
    );
    assert_eq!(made.document.steps[1].steps[1].needs, ["get_ticket"]);
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

/// Each call was approved: each pass asks.
#[test]
fn a_gate_before_each_call_stands_in_the_body() {
    let mut turns = vec![
        list(),
        close(1, "T-48121"),
        close(2, "T-77340"),
        close(3, "T-10553"),
        close(4, "T-62087"),
    ];
    for number in (1..=4).rev() {
        turns.insert(
            number,
            approval(Some(&format!("c{number}")), true, "ana", ""),
        );
    }
    let session = session("Close all tickets of ana_li_3668.", turns);
    let made = crystallized(&session);
    assert_eq!(
        loops(&made),
        [
            "each_ticket: {{ steps.list_tickets.output.tickets }} [approve_close_ticket close_ticket]"
        ]
    );
    let body = &made.document.steps[1].steps;
    assert_eq!(
        body[0].with.as_ref().unwrap()["title"],
        "Close ticket: ticket id {{ ticket.ticket_id }}, note {{ ticket.ticket_id }} is done.?"
    );
    assert_eq!(body[1].needs, ["approve_close_ticket"]);
    assert_eq!(made.report.counts.gates, 1);
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

/// The person said yes to each in words: each pass asks, as if it had been a recorder's approval.
#[test]
fn a_yes_in_words_before_each_call_stands_in_the_body() {
    let asked = |yes: &str| {
        let mut turns = vec![
            list(),
            close(1, "T-48121"),
            close(2, "T-77340"),
            close(3, "T-10553"),
            close(4, "T-62087"),
        ];
        for number in (1..=4).rev() {
            turns.insert(number, said(Role::User, yes));
            turns.insert(number, said(Role::Assistant, "Shall I close this one?"));
        }
        crystallized(&session("Close all tickets of ana_li_3668.", turns))
    };
    let made = asked("Yes, please.");
    assert_eq!(
        loops(&made),
        [
            "each_ticket: {{ steps.list_tickets.output.tickets }} [approve_close_ticket close_ticket]"
        ]
    );
    assert_eq!(
        made.document.steps[1].steps[1].needs,
        ["approve_close_ticket"]
    );
    assert_eq!(made.report.counts.gates, 1);
    // Who says more than yes may have meant this one alone.
    let other = asked("Only if the customer has written again.");
    assert_eq!(loops(&other), [""; 0]);
}

/// The customers of a town, and of each the orders that wait are cancelled.
#[test]
fn a_loop_stands_inside_of_another() {
    let customers = json!({ "customers": [
        { "customer_id": "ana_li_3668", "name": "Ana" },
        { "customer_id": "ben_ode_1204", "name": "Ben" },
        { "customer_id": "eva_sun_7741", "name": "Eva" },
    ] });
    let mut turns = vec![call(
        "l",
        0,
        "list_customers",
        json!({ "town": "Graz" }),
        customers,
    )];
    let all = [
        (
            "ana_li_3668",
            vec![
                ("#W4812100", "waiting"),
                ("#W7734001", "sent"),
                ("#W1055300", "waiting"),
            ],
        ),
        ("ben_ode_1204", vec![("#W6208711", "sent")]),
        (
            "eva_sun_7741",
            vec![("#W9911203", "waiting"), ("#W3120047", "waiting")],
        ),
    ];
    let mut number = 1;
    for (customer, orders) in all {
        let rows: Vec<Value> = orders
            .iter()
            .map(|(order, state)| json!({ "order_id": order, "state": state }))
            .collect();
        turns.push(call(
            &format!("o{number}"),
            number,
            "list_orders",
            json!({ "customer_id": customer }),
            json!({ "orders": rows }),
        ));
        number += 1;
        for (order, _) in orders.iter().filter(|(_, state)| *state == "waiting") {
            turns.push(call(
                &format!("c{number}"),
                number,
                "cancel_order",
                json!({ "order_id": order, "note": format!("{order} of {customer}") }),
                json!({ "ok": true }),
            ));
            number += 1;
        }
        turns.push(call(
            &format!("n{number}"),
            number,
            "add_note",
            json!({ "customer_id": customer, "text": "Looked through." }),
            json!({ "ok": true }),
        ));
        number += 1;
    }
    let session = session(
        "Cancel every waiting order of each customer in Graz.",
        turns,
    );
    let made = crystallized(&session);
    assert_eq!(
        loops(&made),
        [
            "each_customer: {{ steps.list_customers.output.customers }} [list_orders each_order add_note]"
        ]
    );
    let inner = &made.document.steps[1].steps[1];
    assert_eq!(
        inner.for_each.as_ref().unwrap().items,
        json!("{{ steps.list_orders.output.orders | where('state', inputs.state) }}")
    );
    assert_eq!(
        inner.steps[0].with.as_ref().unwrap()["arguments"],
        json!({
            "order_id": "{{ order.order_id }}",
            "note": "{{ order.order_id }} of {{ customer.customer_id }}",
        })
    );
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
    assert_eq!(made.document.steps.len(), 2);
}

/// What differs from pass to pass is a list, longer here and shorter there.
#[test]
fn a_list_of_the_pass_is_handed_on() {
    let mut turns = vec![call(
        "l",
        0,
        "list_orders",
        json!({ "customer_id": "ana_li_3668" }),
        json!({ "orders": [
            { "order_id": "#W4812100", "lines": [
                { "sku": "SKU-48120", "quantity": 2, "price": 9.5 },
                { "sku": "SKU-77341", "quantity": 1, "price": 4.0 },
            ] },
            { "order_id": "#W7734001", "lines": [{ "sku": "SKU-10552", "quantity": 5, "price": 1.5 }] },
        ] }),
    )];
    for (number, (order, lines)) in [
        (
            "#W4812100",
            json!([{ "sku": "SKU-48120", "quantity": 2 }, { "sku": "SKU-77341", "quantity": 1 }]),
        ),
        ("#W7734001", json!([{ "sku": "SKU-10552", "quantity": 5 }])),
    ]
    .into_iter()
    .enumerate()
    {
        turns.push(call(
            &format!("r{number}"),
            u32::try_from(number).unwrap() + 1,
            "return_order",
            json!({ "order_id": order, "lines": lines }),
            json!({ "ok": true }),
        ));
    }
    let made = crystallized(&session("Return all orders of ana_li_3668.", turns));
    assert_eq!(
        made.document.steps[1].steps[0].with.as_ref().unwrap()["arguments"],
        json!({
            "order_id": "{{ order.order_id }}",
            "lines": "{{ order.lines | pick('sku', 'quantity') }}",
        })
    );
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

/// The only one that there is may be taken for the number that was named, or for being the only one.
#[test]
fn the_only_one_of_a_list_is_asked_about_where_a_side_was_named() {
    let one = json!({ "tickets": [{ "ticket_id": "T-48121", "state": "waiting", "hours": 31 }] });
    let turns = |task: &str| {
        let list = call(
            "l",
            0,
            "list_tickets",
            json!({ "customer_id": "ana_li_3668" }),
            one.clone(),
        );
        let close = call(
            "c",
            1,
            "close_ticket",
            json!({ "ticket_id": "T-48121" }),
            json!({ "ok": true }),
        );
        crystallized(&session(task, vec![list, close])).report
    };
    assert_eq!(turns("Close the ticket of ana_li_3668.").questions, []);
    let asked = turns("Close the tickets of ana_li_3668 with more than 20 hours.");
    assert_eq!(asked.questions[0].id, "source:close_ticket:/ticket_id");
    assert_eq!(asked.generalisable, Some(Level::Same));
}

/// The order is not told by itself, but by one of its items.
#[test]
fn a_search_looks_into_lists_of_the_answers() {
    let order = |number: u32, order: &str, items: [(&str, &str); 2]| {
        let items: Vec<Value> = items
            .iter()
            .map(|(id, name)| json!({ "item_id": id, "name": name }))
            .collect();
        call(
            &format!("g{number}"),
            number,
            "get_order",
            json!({ "order_id": order }),
            json!({ "order_id": order, "items": items }),
        )
    };
    let ids = call(
        "l",
        0,
        "list_order_ids",
        json!({ "customer_id": "ana_li_3668" }),
        json!({ "order_ids": ["#W4812100", "#W7734001", "#W1055300"] }),
    );
    let session = session(
        "ana_li_3668 sends back the desk lamp of one of the orders.",
        vec![
            ids,
            order(
                1,
                "#W4812100",
                [("7710023355", "keyboard"), ("9920014468", "webcam")],
            ),
            order(
                2,
                "#W7734001",
                [("5548812093", "footrest"), ("6631177520", "desk lamp")],
            ),
            call(
                "r",
                3,
                "return_item",
                json!({ "order_id": "#W7734001", "item_id": "6631177520" }),
                json!({ "ok": true }),
            ),
        ],
    );
    let made = crystallized(&session);
    assert_eq!(
        loops(&made),
        [
            "each_order: {{ steps.list_order_ids.output.order_ids }} until [steps.get_order.output] | where(['items', '*', 'name'], inputs.item_name) | length > 0 [get_order]"
        ]
    );
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

/// A person who speaks in between, calls of which some were approved, a pass that is not predicted, two lists
/// that may be meant: no loop.
#[test]
fn what_is_not_certain_stays_one_by_one() {
    let all = || {
        vec![
            list(),
            close(1, "T-48121"),
            close(2, "T-77340"),
            close(3, "T-10553"),
            close(4, "T-62087"),
        ]
    };
    let none = |what: &str, turns: Vec<Turn>| {
        let made = crystallized(&session("Close all tickets of ana_li_3668.", turns));
        assert_eq!(loops(&made), Vec::<String>::new(), "{what}");
        assert_eq!(made.report.generalisable, Some(Level::Same), "{what}");
    };
    let mut spoken = all();
    for at in [3, 2] {
        spoken.insert(at, said(Role::User, "And the next, please."));
    }
    spoken.insert(6, said(Role::User, "And the next, please."));
    none("the person speaks before each", spoken);

    let mut approved = all();
    for number in (2..=4).rev() {
        approved.insert(
            number as usize + 1,
            approval(Some(&format!("c{number}")), true, "ana", ""),
        );
    }
    none("all but one were approved", approved);

    let mut worded = all();
    for (number, turn) in worded.iter_mut().enumerate().skip(1) {
        *turn = change(turn.clone(), |call| {
            call.arguments["note"] = format!("Reason number {}", number * number + 900).into();
        });
    }
    none("a text that nothing gives", worded);

    let mut twice = all();
    let ids = json!({ "ticket_ids": ["T-48121", "T-77340", "T-10553", "T-62087"] });
    twice.insert(
        1,
        call(
            "o",
            0,
            "list_open",
            json!({ "customer_id": "ana_li_3668" }),
            ids,
        ),
    );
    none("two lists", twice);
}

#[test]
fn a_person_is_shown_the_body() {
    let session = session(
        "Close all tickets of ana_li_3668.",
        vec![
            list(),
            close(1, "T-48121"),
            close(2, "T-77340"),
            close(3, "T-10553"),
            close(4, "T-62087"),
        ],
    );
    let made = crystallized(&session);
    let text = crate::text::text(&made.report, &made.document);
    for said in [
        "Crystallized: 5 calls in 2 steps",
        "for each of {{ steps.list_tickets.output.tickets }}:",
        "close_ticket  tool",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
}

/// Bookings with flights, each looked at; those of these numbers are changed.
fn downgraded(task: &str, cabins: [&str; 4], changed: &[usize]) -> Session {
    let ids = ["BK4410", "BK7702", "BK9031", "BK1288"];
    let number = |at: usize| u32::try_from(at).unwrap();
    let mut turns = vec![call(
        "l",
        0,
        "get_user",
        json!({ "user_id": "ana_li_3668" }),
        json!({ "user_id": "ana_li_3668", "bookings": ids }),
    )];
    for (at, id) in ids.iter().enumerate() {
        turns.push(call(
            &format!("g{at}"),
            1 + number(at),
            "get_booking_details",
            json!({ "booking_id": id }),
            json!({ "booking_id": id, "cabin": cabins[at], "flights": [{ "flight_number": format!("FL{}7", 310 + at), "seat": "12A" }] }),
        ));
    }
    for at in changed {
        turns.push(call(
            &format!("u{at}"),
            10 + number(*at),
            "change_cabin",
            json!({ "booking_id": ids[*at], "cabin": "economy" }),
            json!({ "ok": true }),
        ));
    }
    session(task, turns)
}

#[test]
fn what_was_said_before_the_name_of_a_list_inside_narrows_the_loop() {
    let task = "I am ana_li_3668. Downgrade all my business flights to economy.";
    let over = |made: &Crystallized| loops(made).pop().unwrap_or_default();
    let expected = "each_booking_2: {{ steps.each_booking.output | where('cabin', inputs.cabin) }} [change_cabin]";
    for (cabins, changed) in [
        (["business", "economy", "business", "economy"], &[0, 2][..]),
        // That all are of that kind may be chance.
        (["business"; 4], &[0, 1, 2, 3]),
    ] {
        let made = crystallized(&downgraded(task, cabins, changed));
        assert_eq!(over(&made), expected);
        let open: Vec<_> = made.report.questions.iter().map(|one| &one.text).collect();
        assert_eq!(made.report.generalisable, Some(Level::Shuffled), "{open:?}");
        assert_eq!(made.document.inputs["cabin"]["default"], "business");
    }
    // Said of something else, it tells nothing.
    let made = crystallized(&downgraded(
        "I am ana_li_3668. Downgrade my flights to economy, this is no business of mine.",
        ["business", "economy", "business", "economy"],
        &[0, 2],
    ));
    assert_eq!(loops(&made).len(), 1);
    assert!(
        made.report
            .questions
            .iter()
            .any(|one| one.id.starts_with("loop:"))
    );
    assert_eq!(made.report.generalisable, Some(Level::Same));
}

#[test]
fn passes_are_counted() {
    let rows = |places: [u32; 4]| {
        let mut turns = vec![list()];
        let ids = ["T-48121", "T-77340", "T-10553", "T-62087"];
        for (at, (id, place)) in ids.iter().zip(places).enumerate() {
            let number = 1 + u32::try_from(at).unwrap();
            turns.push(call(
                &format!("r{number}"),
                number,
                "add_row",
                json!({ "ticket_id": id, "row": place }),
                json!({ "ok": true }),
            ));
        }
        session("Add a row for all tickets of ana_li_3668.", turns)
    };
    for (places, expected) in [
        ([1, 2, 3, 4], "{{ loop.index + 1 }}"),
        ([0, 1, 2, 3], "{{ loop.index }}"),
        ([10, 20, 30, 40], "{{ loop.index * 10 + 10 }}"),
    ] {
        let made = crystallized(&rows(places));
        assert_eq!(
            loops(&made),
            ["each_ticket: {{ steps.list_tickets.output.tickets }} [add_row]"]
        );
        let with = made.document.steps[1].steps[0].with.as_ref().unwrap();
        assert_eq!(with["arguments"]["row"], expected);
        let open: Vec<_> = made
            .report
            .findings
            .iter()
            .filter(|one| one.acknowledge)
            .collect();
        assert_eq!(made.report.generalisable, Some(Level::Shuffled), "{open:?}");
    }
    // What goes on from somewhere, or not evenly, is counted from what nobody saw.
    for places in [[7, 8, 9, 10], [1, 2, 3, 5], [4, 3, 2, 1]] {
        let made = crystallized(&rows(places));
        assert_eq!(loops(&made), Vec::<String>::new(), "{places:?}");
        assert_eq!(made.report.generalisable, Some(Level::Same));
    }
}

#[test]
fn a_field_of_the_only_element_of_a_list_is_given_to_each_pass() {
    let order = |id: &str, cards: &[&str]| {
        let paid: Vec<Value> = cards
            .iter()
            .map(|card| json!({ "payment_id": card, "amount": 40 }))
            .collect();
        json!({ "order_id": id, "payments": paid })
    };
    let refunded = |task: &str, third: &[&str]| {
        let orders = [
            order("W-48121", &["card_441020"]),
            order("W-77340", &["gift_770213"]),
            order("W-10553", third),
        ];
        let mut turns = vec![call(
            "l",
            0,
            "list_orders",
            json!({ "customer_id": "ana_li_3668" }),
            json!({ "orders": orders }),
        )];
        for (at, order) in orders.iter().enumerate() {
            turns.push(call(
                &format!("r{at}"),
                1 + u32::try_from(at).unwrap(),
                "refund_order",
                json!({ "order_id": order["order_id"], "payment_id": order["payments"][0]["payment_id"] }),
                json!({ "ok": true }),
            ));
        }
        crystallized(&session(task, turns))
    };
    let task = "Refund all orders of ana_li_3668.";
    let made = refunded(task, &["card_903155"]);
    assert_eq!(
        loops(&made),
        ["each_order: {{ steps.list_orders.output.orders }} [refund_order]"]
    );
    let with = made.document.steps[1].steps[0].with.as_ref().unwrap();
    assert_eq!(
        with["arguments"]["payment_id"],
        "{{ (order.payments | only).payment_id }}"
    );
    // A further payment stops a run, so it is not shown for lists with strangers in them.
    assert_eq!(made.report.generalisable, Some(Level::Reordered));
    // Of several payments nothing tells which it has to be.
    let made = refunded(task, &["card_903155", "gift_120846"]);
    assert_eq!(loops(&made), Vec::<String>::new());
    // A list that was spoken of is one to go over.
    let made = refunded(
        "Refund all payments of all orders of ana_li_3668.",
        &["card_903155"],
    );
    assert!(
        loops(&made)
            .iter()
            .all(|one| !one.contains("each_order: ") || one.contains("each_payment"))
    );
}

#[test]
fn small_numbers_beside_a_larger_one_are_those_of_the_only_field_that_has_them() {
    let pay = |number: u32, invoice: &str, amount: u32| {
        call(
            &format!("p{number}"),
            number,
            "pay_invoice",
            json!({ "invoice_id": invoice, "amount": amount }),
            json!({ "ok": true }),
        )
    };
    let invoices = |last: u32| {
        json!({ "invoices": [
            { "id": "inv_70031", "total": 80, "net": 67 },
            { "id": "inv_70242", "total": 120, "net": last },
        ] })
    };
    let paid = |last: u32| {
        session(
            "Pay every approved invoice.",
            vec![
                call(
                    "l",
                    0,
                    "list_invoices",
                    json!({ "status": "approved" }),
                    invoices(last),
                ),
                pay(1, "inv_70031", 80),
                pay(2, "inv_70242", 120),
            ],
        )
    };
    let made = crystallized(&paid(100));
    assert_eq!(
        loops(&made),
        ["each_invoice: {{ steps.list_invoices.output.invoices }} [pay_invoice]"]
    );
    // Where two fields have them, nobody can tell.
    let mut both = paid(100);
    for turn in &mut both.turns {
        if let Turn::Call(call) = turn
            && call.name == "list_invoices"
        {
            let all = call.result.as_mut().unwrap().content["invoices"]
                .as_array_mut()
                .unwrap();
            for one in all {
                one["net"] = one["total"].clone();
            }
        }
    }
    assert_eq!(loops(&crystallized(&both)), [] as [&str; 0]);
}
