//! The least and the most of what the person asked for, where it stands under a kind that they named, and of two
//! things; and what only computes, behind all that is changed.

use super::build::*;
use crate::report::Level;
use crate::session::{Session, Turn};
use crate::{Crystallized, Mode, Options};
use druse_engine::definition::OnError;
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

fn sent<'m>(made: &'m Crystallized, step: &str, pointer: &str) -> &'m str {
    let step = made.document.steps.iter().find(|one| one.id == step);
    let with = step.unwrap().with.as_ref().unwrap();
    with["arguments"]
        .pointer(pointer)
        .unwrap()
        .as_str()
        .unwrap()
}

fn cabins(prices: [[u32; 2]; 3]) -> Value {
    let numbers = ["FL4410", "FL7702", "FL9031"];
    let all = numbers.iter().zip(prices).map(|(number, [first, second])| {
        json!({ "flight_number": number, "prices": { "economy": first, "business": second } })
    });
    Value::Array(all.collect())
}

fn booked(task: &str, cabin: &str, number: &str, flights: Value) -> Crystallized {
    crystallized(&session(
        task,
        vec![
            call("s", 0, "search_flights", json!({ "to": "OSL" }), flights),
            call(
                "b",
                1,
                "book_flight",
                json!({ "flight_number": number, "cabin": cabin }),
                json!({ "ok": true }),
            ),
        ],
    ))
}

#[test]
fn the_cheapest_of_a_class_is_looked_for_in_the_class_of_the_run() {
    let flights = || cabins([[120, 300], [95, 410], [140, 280]]);
    for (task, cabin, number) in [
        (
            "Book the cheapest business flight to OSL.",
            "business",
            "FL9031",
        ),
        (
            "Book the cheapest flight to OSL in economy.",
            "economy",
            "FL7702",
        ),
        (
            "Buche den günstigsten Flug nach OSL, economy.",
            "economy",
            "FL7702",
        ),
    ] {
        let made = booked(task, cabin, number, flights());
        let german = task.starts_with("Buche");
        let expected =
            "{{ (steps.search_flights.output | min_by(['prices', inputs.cabin])).flight_number }}";
        // Nothing in the German sentence is named like the list or its fields.
        if german {
            assert!(!sent(&made, "book_flight", "/flight_number").contains("max_by"));
            continue;
        }
        assert_eq!(
            sent(&made, "book_flight", "/flight_number"),
            expected,
            "{task}"
        );
        assert_eq!(sent(&made, "book_flight", "/cabin"), "{{ inputs.cabin }}");
        assert_eq!(made.document.inputs["cabin"]["default"], cabin);
        assert_eq!(made.report.generalisable, Some(Level::Shuffled), "{task}");
    }
}

#[test]
fn the_cheapest_of_a_class_is_asked_about_where_it_is_not_certain() {
    let flights = || cabins([[120, 300], [95, 410], [140, 280]]);
    for (task, cabin, number) in [
        // The class is not what was said.
        ("Book the cheapest flight to OSL.", "business", "FL9031"),
        // It is not the cheapest of its class.
        (
            "Book the cheapest business flight to OSL.",
            "business",
            "FL4410",
        ),
        (
            "Book the second cheapest business flight to OSL.",
            "business",
            "FL9031",
        ),
    ] {
        let made = booked(task, cabin, number, flights());
        assert_eq!(
            sent(&made, "book_flight", "/flight_number"),
            number,
            "{task}"
        );
        assert_eq!(made.report.generalisable, Some(Level::Same), "{task}");
    }
}

#[test]
fn of_what_is_sent_together_none_was_picked_for_its_price() {
    let legs = json!([
        { "flight_number": "FL4410", "prices": { "economy": 95, "business": 300 } },
        { "flight_number": "FL7702", "prices": { "economy": 120, "business": 410 } },
    ]);
    let made = crystallized(&session(
        "Book the cheapest flight to OSL in economy.",
        vec![
            call("s", 0, "search_flights", json!({ "to": "OSL" }), legs),
            call(
                "b",
                1,
                "book_trip",
                json!({ "first": "FL4410", "then": "FL7702", "cabin": "economy" }),
                json!({ "ok": true }),
            ),
        ],
    ));
    assert!(!sent(&made, "book_trip", "/first").contains("min_by"));
    assert_eq!(made.report.generalisable, Some(Level::Same));
}

fn cards(task: &str, amounts: &[u32], sent: &str) -> Crystallized {
    let ids = ["card_441020", "card_770213", "card_903155"];
    let all = ids.iter().zip(amounts);
    let all: Vec<Value> = all
        .map(|(id, amount)| json!({ "card_id": id, "balance": amount }))
        .collect();
    crystallized(&session(
        task,
        vec![
            call("l", 0, "list_cards", json!({}), json!({ "cards": all })),
            call(
                "p",
                1,
                "charge_card",
                json!({ "card_id": sent }),
                json!({ "ok": true }),
            ),
        ],
    ))
}

#[test]
fn the_larger_of_two_is_told_by_the_only_number_that_they_have() {
    let two =
        "{{ (steps.list_cards.output.cards | batch(2, 0) | only | max_by('balance')).card_id }}";
    let made = cards("Charge the larger card.", &[39, 203], "card_770213");
    assert_eq!(sent(&made, "charge_card", "/card_id"), two);
    assert_eq!(made.report.generalisable, Some(Level::Reordered));
    let made = cards("Charge my smaller card.", &[39, 203], "card_441020");
    assert_eq!(
        sent(&made, "charge_card", "/card_id"),
        two.replace("max_by", "min_by")
    );
    for (task, amounts, id) in [
        (
            "Charge the larger card.",
            &[39, 203, 110][..],
            "card_770213",
        ),
        ("Charge the larger card.", &[39, 203], "card_441020"),
        ("Charge a larger card.", &[39, 203], "card_770213"),
        ("Charge a card larger than 50.", &[39, 203], "card_770213"),
        ("Do not charge the larger card.", &[203, 39], "card_770213"),
    ] {
        let made = cards(task, amounts, id);
        assert!(
            !sent(&made, "charge_card", "/card_id").contains("_by("),
            "{task}"
        );
        assert_eq!(made.report.generalisable, Some(Level::Same), "{task}");
    }
}

#[test]
fn what_was_said_of_the_pair_goes_with_it() {
    let kinds = |third: &str| {
        let all = json!({ "cards": [
            { "card_id": "card_441020", "kind": "gift_card", "balance": 39 },
            { "card_id": "card_770213", "kind": "gift_card", "balance": 203 },
            { "card_id": "card_903155", "kind": third, "balance": 900 },
        ] });
        crystallized(&session(
            "Charge my larger gift card.",
            vec![
                call("l", 0, "list_cards", json!({}), all),
                call(
                    "p",
                    1,
                    "charge_card",
                    json!({ "card_id": "card_770213" }),
                    json!({ "ok": true }),
                ),
            ],
        ))
    };
    let made = kinds("credit_card");
    assert_eq!(
        sent(&made, "charge_card", "/card_id"),
        "{{ (steps.list_cards.output.cards | where('kind', inputs.kind) | batch(2, 0) | only | max_by('balance')).card_id }}"
    );
    let made = kinds("gift_card");
    assert!(!sent(&made, "charge_card", "/card_id").contains("max_by"));
}

fn saved(calls: Vec<Turn>) -> Session {
    let mut all = vec![
        call(
            "g",
            0,
            "get_booking",
            json!({ "booking_id": "BK-48121" }),
            json!({ "booking_id": "BK-48121", "paid": 6594, "now": 140 }),
        ),
        call(
            "u",
            1,
            "cancel_booking",
            json!({ "booking_id": "BK-48121" }),
            json!({ "refund": 6454 }),
        ),
    ];
    all.extend(calls);
    session("Cancel BK-48121 and tell me what I save.", all)
}

#[test]
fn what_only_computes_behind_all_changes_asks_for_what_was_recorded() {
    let sum = |at| {
        call(
            "c",
            at,
            "calculate",
            json!({ "expression": "6594 - 140" }),
            json!("6454"),
        )
    };
    let made = crystallized(&saved(vec![sum(2)]));
    let step = made.document.steps.iter().find(|one| one.id == "calculate");
    assert_eq!(step.unwrap().on_error, Some(OnError::Continue));
    assert!(
        made.report
            .findings
            .iter()
            .any(|one| one.code == "informs_nobody")
    );
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
    // What comes behind it may have been done for what it gave.
    let note = call(
        "n",
        3,
        "add_note",
        json!({ "text": "The customer saves a lot." }),
        json!({ "ok": true }),
    );
    let made = crystallized(&saved(vec![sum(2), note]));
    let step = made.document.steps.iter().find(|one| one.id == "calculate");
    assert_eq!(step.unwrap().on_error, None);
    assert_eq!(made.report.generalisable, Some(Level::Same));
}

/// How many are wanted, behind a comma or with the number, is no word for what is to be the least.
#[test]
fn how_many_are_wanted_says_nothing_of_the_least() {
    let play = |task: &str, chosen: &str| {
        let lamps = json!([
            { "sku": "LMP-48121", "colour": "grey", "price": 61.7, "stock": 33 },
            { "sku": "LMP-77340", "colour": "grey", "price": 18.85, "stock": 21 },
            { "sku": "LMP-10553", "colour": "grey", "price": 304.93, "stock": 5 },
        ]);
        crystallized(&session(
            task,
            vec![
                call("s", 0, "search_lamps", json!({ "query": "grey" }), lamps),
                call(
                    "o",
                    1,
                    "place_order",
                    json!({ "sku": chosen, "quantity": 2 }),
                    json!({ "ok": true }),
                ),
            ],
        ))
    };
    for task in [
        "I want the cheapest grey, quantity 2.",
        "I want the cheapest grey quantity 2.",
        "I want the cheapest grey (quantity 2).",
        "Order the cheapest grey lamp, quantity 2.",
    ] {
        let made = play(task, "LMP-77340");
        assert_eq!(
            sent(&made, "place_order", "/sku"),
            "{{ (steps.search_lamps.output | min_by('price')).sku }}",
            "{task}"
        );
    }
    // Here it is the quantity that is to be the least, and no price tells it.
    let made = play(
        "Order the grey lamp of the lowest quantity, 2 of them.",
        "LMP-77340",
    );
    assert_eq!(sent(&made, "place_order", "/sku"), "LMP-77340");
}

/// `the green line`, where a tool was told `line: green`: both words are carried.
#[test]
fn the_key_beside_what_a_tool_was_told_narrows_nothing() {
    let play = |task: &str, asked: Value| {
        let trips = json!([
            { "trip_number": "TR-215962", "price": 149.01, "seats": 3 },
            { "trip_number": "TR-473583", "price": 242.26, "seats": 9 },
            { "trip_number": "TR-545875", "price": 139.43, "seats": 4 },
        ]);
        crystallized(&session(
            task,
            vec![
                call("s", 0, "search_trips", asked, trips),
                call(
                    "b",
                    1,
                    "book_trip",
                    json!({ "trip_number": "TR-545875" }),
                    json!({ "ok": true }),
                ),
            ],
        ))
    };
    for task in [
        "Book the cheapest trip on the green line.",
        "Book the cheapest trip on the golden line.",
    ] {
        let word = task.split(' ').nth(6).unwrap();
        let made = play(task, json!({ "line": word }));
        assert_eq!(unshown(&made), [""; 0], "{task}");
        assert_eq!(made.report.generalisable, Some(Level::Shuffled), "{task}");
        // The word was told under another key, or another word under this one.
        for asked in [json!({ "colour": word }), json!({ "line": "north" })] {
            let made = play(task, asked);
            assert_ne!(unshown(&made), [""; 0], "{task}");
        }
    }
}
