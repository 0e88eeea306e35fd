//! What a record has by coincidence: a value that a person said or refused is theirs, a new thing is not the old one of
//! its kind that was looked up before, and one thing is found in one way.

use super::build::*;
use crate::session::{Role, Session};
use crate::{Crystallized, Turn};
use serde_json::{Value, json};

fn arguments<'m>(made: &'m Crystallized, step: &str) -> &'m Value {
    let step = made.document.steps.iter().find(|one| one.id == step);
    &step.unwrap().with.as_ref().unwrap()["arguments"]
}

fn drafted(session: &Session) -> Crystallized {
    made(session, &bound())
}

fn is_asked(made: &Crystallized, id: &str) -> bool {
    made.report.questions.iter().any(|one| one.id == id)
}

/// Looks an old booking up and books a new stay.
fn booked(task: &str, sent: Value) -> Session {
    let old = json!({
        "booking_id": "BK-48121", "guest_id": "gst_77340", "board": "half_board", "parking": "no",
        "beds": 3, "insurance": "no", "town": "Kiel"
    });
    session(
        task,
        vec![
            call(
                "g",
                0,
                "get_booking",
                json!({ "booking_id": "BK-48121" }),
                old,
            ),
            call("b", 1, "create_booking", sent, json!({ "ok": true })),
        ],
    )
}

#[test]
fn a_new_thing_follows_no_old_one_of_its_kind_unasked() {
    let made = drafted(&booked(
        "I am gst_77340 and had booking BK-48121. I need another stay.",
        json!({ "guest_id": "gst_77340", "board": "half_board", "beds": 3, "insurance": "no" }),
    ));
    let sent = arguments(&made, "create_booking");
    assert_eq!(sent["guest_id"], "{{ inputs.guest_id }}");
    for (key, value) in [
        ("board", json!("half_board")),
        ("beds", json!(3)),
        ("insurance", json!("no")),
    ] {
        assert_eq!(sent[key], value, "{key}");
        assert!(
            is_asked(&made, &format!("source:create_booking:/{key}")),
            "{key}: {:#?}",
            made.report.questions
        );
    }
    // The question proposes what it would have followed.
    let asked = made.report.questions.iter();
    let board = asked
        .clone()
        .find(|one| one.id.ends_with("/board"))
        .unwrap();
    assert!(
        board
            .choices
            .contains(&"steps.get_booking.output.board".to_owned()),
        "{board:?}"
    );
}

#[test]
fn what_the_person_said_or_refused_is_theirs() {
    let made = drafted(&booked(
        "I am gst_77340 and had booking BK-48121. Make it half board this time. I don't need insurance.",
        json!({ "guest_id": "gst_77340", "board": "half_board", "insurance": "no" }),
    ));
    assert_eq!(
        arguments(&made, "create_booking"),
        &json!({
            "guest_id": "{{ inputs.guest_id }}",
            "board": "{{ inputs.board }}",
            "insurance": "{{ inputs.insurance }}",
        })
    );
    assert_eq!(made.report.questions, []);
}

#[test]
fn what_the_person_wants_as_it_was_is_followed() {
    let sent = json!({ "guest_id": "gst_77340", "board": "half_board" });
    for (task, follows) in [
        (
            "I am gst_77340. Book me a stay with the board of booking BK-48121.",
            true,
        ),
        (
            "I am gst_77340. I had booking BK-48121 and want a stay with the same board.",
            true,
        ),
        (
            "I am gst_77340. I had booking BK-48121. I want a stay.",
            false,
        ),
        (
            "I am gst_77340. I had booking BK-48121. I want another board now.",
            false,
        ),
        (
            "I am gst_77340. Not the board of booking BK-48121 again, please.",
            false,
        ),
    ] {
        let made = drafted(&booked(task, sent.clone()));
        let board = &arguments(&made, "create_booking")["board"];
        let followed = board == "{{ steps.get_booking.output.board }}";
        assert_eq!(followed, follows, "{task} {board}");
    }
}

/// The same record, where the change is about it: it is followed.
#[test]
fn a_change_of_the_record_follows_it() {
    let turns = |tool: &str, sent: Value| {
        let mut session = booked("Booking BK-48121, please.", json!({}));
        session.turns.pop();
        session
            .turns
            .push(call("b", 1, tool, sent, json!({ "ok": true })));
        drafted(&session)
    };
    let board = "{{ steps.get_booking.output.board }}";
    let made = turns(
        "update_booking",
        json!({ "booking_id": "BK-48121", "board": "half_board" }),
    );
    assert_eq!(arguments(&made, "update_booking")["board"], board);
    // A new thing of another kind, and one that names the record.
    let made = turns(
        "create_invoice",
        json!({ "guest_id": "gst_77340", "board": "half_board" }),
    );
    assert_eq!(arguments(&made, "create_invoice")["board"], board);
    let made = turns(
        "create_booking_note",
        json!({ "booking_id": "BK-48121", "board": "half_board" }),
    );
    assert_eq!(arguments(&made, "create_booking_note")["board"], board);
}

/// What an earlier step took from the old one is what the task goes on with.
#[test]
fn what_the_task_goes_on_with_is_followed() {
    let mut session = booked(
        "I am gst_77340. Look where booking BK-48121 was and book there again.",
        json!({ "guest_id": "gst_77340", "town": "Kiel" }),
    );
    session.turns.insert(
        2,
        call(
            "s",
            1,
            "search_rooms",
            json!({ "town": "Kiel" }),
            json!({ "rooms": 4 }),
        ),
    );
    let Some(Turn::Call(last)) = session.turns.last_mut() else {
        unreachable!()
    };
    last.batch = 2;
    let made = drafted(&session);
    let town = "{{ steps.get_booking.output.town }}";
    assert_eq!(arguments(&made, "search_rooms")["town"], town);
    assert_eq!(arguments(&made, "create_booking")["town"], town);
}

/// Two tickets of a list, one of which is moved twice: what is added says nothing of what it is found by.
#[test]
fn what_is_to_be_added_picks_nothing() {
    let tickets = json!({ "tickets": [
        { "ticket_id": "TCK-48121", "bags": 1, "day": "2026-05-27" },
        { "ticket_id": "TCK-77340", "bags": 2, "day": "2026-05-27" },
        { "ticket_id": "TCK-10553", "bags": 1, "day": "2026-06-02" },
    ] });
    let play = |task: &str| {
        drafted(&session(
            task,
            vec![
                call("l", 0, "list_tickets", json!({}), tickets.clone()),
                call(
                    "u",
                    1,
                    "move_ticket",
                    json!({ "ticket_id": "TCK-48121", "to": "window" }),
                    json!({ "ok": true }),
                ),
            ],
        ))
    };
    let added = play("Move my ticket of May 27 to the window. Please add one bag to it.");
    assert_eq!(arguments(&added, "move_ticket")["ticket_id"], "TCK-48121");
    let told = play("Move my ticket of May 27 with one bag to the window.");
    assert_ne!(arguments(&told, "move_ticket")["ticket_id"], "TCK-48121");
}

/// Of two cards the person asked for the smaller balance; that says nothing about the price of what is booked.
#[test]
fn a_superlative_of_something_else_picks_nothing() {
    let play = |task: &str| {
        let trips = json!({ "trips": [
            { "trip_code": "TRP-48121", "day": "2026-05-27", "price": 90 },
            { "trip_code": "TRP-77340", "day": "2026-05-27", "price": 120 },
            { "trip_code": "TRP-10553", "day": "2026-06-02", "price": 70 },
        ] });
        let made = drafted(&session(
            task,
            vec![
                call("l", 0, "list_trips", json!({}), trips),
                call(
                    "u",
                    1,
                    "book_trip",
                    json!({ "trip_code": "TRP-48121", "day": "2026-05-27" }),
                    json!({ "ok": true }),
                ),
            ],
        ));
        arguments(&made, "book_trip")["trip_code"].clone()
    };
    assert_eq!(
        play("Book a trip on May 27, and pay with the card of the smallest balance."),
        "TRP-48121"
    );
    assert_ne!(
        play("Book the trip with the lowest price on May 27."),
        "TRP-48121"
    );
}

/// The same is tried twice, the second time with a word more of the person: it is one ticket all the same.
#[test]
fn one_thing_is_found_in_one_way() {
    let tickets = json!({ "tickets": [
        { "ticket_id": "TCK-48121", "day": "2026-05-27", "class": "second", "paid": "card_900" },
        { "ticket_id": "TCK-77340", "day": "2026-06-02", "class": "first", "paid": "card_901" },
    ] });
    let moved = |id: &str, batch: u32, class: &str| {
        call(
            id,
            batch,
            "change_ticket",
            json!({ "ticket_id": "TCK-48121", "row": class }),
            json!({ "ok": true }),
        )
    };
    let made = drafted(&session(
        "Change my ticket of May 27 to the window row.",
        vec![
            call("l", 0, "list_tickets", json!({}), tickets),
            moved("a", 1, "window"),
            said(
                Role::User,
                "It is the second class one, paid with card_900. Now the aisle row, please.",
            ),
            moved("b", 2, "aisle"),
        ],
    ));
    let first = arguments(&made, "change_ticket")["ticket_id"].clone();
    assert_ne!(first, "TCK-48121");
    assert_eq!(arguments(&made, "change_ticket_2")["ticket_id"], first);
}

/// The agent looked at the booking that the person then agreed to: another one is looked at where another is chosen.
#[test]
fn what_a_yes_chose_is_looked_at_too() {
    let made = drafted(&session(
        "Change my trip, I am gst_77340.",
        vec![
            call(
                "u",
                0,
                "get_guest",
                json!({ "guest_id": "gst_77340" }),
                json!({ "guest_id": "gst_77340", "bookings": ["BK-48121", "BK-99017"] }),
            ),
            call(
                "l",
                1,
                "get_booking",
                json!({ "booking_id": "BK-48121" }),
                json!({ "booking_id": "BK-48121", "paid_with": "card_31990" }),
            ),
            said(
                Role::Assistant,
                "I would move BK-48121 to the window and use the card that it was paid with. Shall I?",
            ),
            said(Role::User, "Yes, please."),
            call(
                "m",
                2,
                "update_booking",
                json!({ "booking_id": "BK-48121", "paid_with": "card_31990" }),
                json!({ "ok": true }),
            ),
        ],
    ));
    let sent = arguments(&made, "update_booking");
    assert_eq!(sent["booking_id"], "{{ inputs.booking_id }}");
    assert_eq!(
        arguments(&made, "get_booking")["booking_id"],
        "{{ inputs.booking_id }}"
    );
    assert_eq!(
        sent["paid_with"],
        "{{ steps.get_booking.output.paid_with }}"
    );
}

/// One day and one code that the person said are one input each, wherever they stand.
#[test]
fn one_thing_that_was_said_is_one_input() {
    let made = drafted(&session(
        "Look for trips on May 27, 2026 and book TRP-48121 then.",
        vec![
            call(
                "s",
                0,
                "search_trips",
                json!({ "day": "2026-05-27" }),
                json!({ "found": 3 }),
            ),
            call(
                "b",
                1,
                "book_trip",
                json!({ "legs": [{ "trip_code": "TRP-48121", "day": "2026-05-27" }] }),
                json!({ "ok": true }),
            ),
        ],
    ));
    assert_eq!(
        arguments(&made, "book_trip")["legs"],
        json!([{ "trip_code": "{{ inputs.trip_code }}", "day": "{{ inputs.day }}" }])
    );
    // The list may be sent before.
    let made = drafted(&session(
        "Compare the hotels Alpenhof and Seeblick, then book the hotel Seeblick.",
        vec![
            call(
                "s",
                0,
                "compare_hotels",
                json!({ "hotels": ["Alpenhof", "Seeblick"] }),
                json!({ "best": 1 }),
            ),
            call(
                "b",
                1,
                "book_hotel",
                json!({ "hotel": "Seeblick" }),
                json!({ "ok": true }),
            ),
        ],
    ));
    let list = &arguments(&made, "compare_hotels")["hotels"];
    assert_eq!(list[1], arguments(&made, "book_hotel")["hotel"], "{list}");
    // A list by itself stays one that may be longer.
    let made = drafted(&session(
        "Compare the hotels Alpenhof and Seeblick.",
        vec![call(
            "s",
            0,
            "compare_hotels",
            json!({ "hotels": ["Alpenhof", "Seeblick"] }),
            json!({ "best": 1 }),
        )],
    ));
    assert!(arguments(&made, "compare_hotels")["hotels"].is_string());
}

#[test]
fn a_moment_has_the_day_that_was_said() {
    let made = drafted(&session(
        "Look what is on May 19, 2027 and put a lunch there on May 19, 2027 at 16:00.",
        vec![
            call(
                "s",
                0,
                "list_events",
                json!({ "day": "2027-05-19" }),
                json!({ "found": 3 }),
            ),
            call(
                "b",
                1,
                "create_event",
                json!({ "title": "lunch", "start_time": "2027-05-19 16:00" }),
                json!({ "ok": true }),
            ),
        ],
    ));
    assert_eq!(
        arguments(&made, "create_event")["start_time"],
        "{{ inputs.day }} {{ inputs.start_time }}"
    );
    let inputs = json!(made.document.inputs);
    assert_eq!(inputs["start_time"]["default"], "16:00");
    assert_eq!(inputs["day"]["default"], "2027-05-19");
}

/// That somebody called on the day on which an order was placed tells no order. A message is told by it.
#[test]
fn the_day_on_which_somebody_got_in_touch_picks_nothing() {
    let play = |task: &str, noun: &str, chosen: usize| {
        let things: Vec<Value> = ["2026-11-05", "2027-05-23", "2027-01-15"]
            .into_iter()
            .zip(["X-481210", "X-773402", "X-105531"])
            .map(|(day, id)| json!({ format!("{noun}_id"): id, "placed_on": day, "total": 12.5 }))
            .collect();
        let key = format!("{noun}_id");
        let id = things[chosen][&key].clone();
        let made = drafted(&session(
            task,
            vec![
                call(
                    "l",
                    0,
                    &format!("list_{noun}s"),
                    json!({}),
                    json!({ format!("{noun}s"): things }),
                ),
                call(
                    "c",
                    1,
                    &format!("cancel_{noun}"),
                    json!({ key.clone(): id }),
                    json!({ "ok": true }),
                ),
            ],
        ));
        arguments(&made, &format!("cancel_{noun}"))[&key]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        play(
            "I already called on May 23. Cancel the latest order.",
            "order",
            1
        ),
        "{{ (steps.list_orders.output.orders | max_by('placed_on')).order_id }}"
    );
    // Nothing else tells it: it is asked about.
    assert_eq!(
        play(
            "I already called on May 23. Cancel what I bought.",
            "order",
            1
        ),
        "X-773402"
    );
    for (task, noun) in [
        ("Cancel the order of May 23, please.", "order"),
        ("I got it on May 23. Cancel the order.", "order"),
        ("I wrote to you on May 23. Cancel it.", "message"),
    ] {
        let sent = play(task, noun, 1);
        assert!(sent.contains("where('placed_on'"), "{task}: {sent}");
    }
}
