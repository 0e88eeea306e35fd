//! Sayings about one thing of a list: each word that narrows is followed by the field that it names, or asked about, and
//! no field stands for it that nobody named.

use super::*;

/// One of some things is taken. Its fields tell what of it the person may have named.
fn taking(task: &str, things: &str, all: &Value, chosen: usize, more: &Value) -> Session {
    let thing = things.trim_end_matches('s');
    let mut arguments = json!({ format!("{thing}_id"): all[chosen]["id"] });
    for (key, value) in more.as_object().unwrap() {
        arguments[key] = value.clone();
    }
    session(
        task,
        vec![
            call(
                "l",
                0,
                &format!("list_{things}"),
                json!({}),
                json!({ things: all }),
            ),
            call(
                "r",
                1,
                &format!("reserve_{thing}"),
                arguments,
                json!({ "ok": true }),
            ),
        ],
    )
}

/// Holds how the thing is picked; none where somebody has to be asked.
fn hold_picked(
    things: &str,
    all: &Value,
    chosen: usize,
    more: &Value,
    cases: &[(&str, Option<&str>)],
) {
    let thing = things.trim_end_matches('s');
    let list = format!("steps.list_{things}.output.{things}");
    let mut wrong = Vec::new();
    for (task, expected) in cases {
        let made = crystallized(&taking(task, things, all, chosen, more));
        let with = made.document.steps[1].with.as_ref().unwrap();
        let written = with["arguments"][format!("{thing}_id")].as_str().unwrap();
        let written = written.replace(&list, "ALL");
        let accepted = made.report.generalisable >= Some(Level::Renamed)
            && made.report.questions.is_empty()
            && unshown(&made).is_empty();
        let right = match expected {
            Some(expected) => accepted && written == format!("{{{{ ({expected}).id }}}}"),
            None => !accepted,
        };
        if !right {
            wrong.push(format!(
                "{task}\n    {expected:?}, but {written} {:?} {:?} {:?}",
                made.report.generalisable,
                unshown(&made),
                made.report
                    .questions
                    .iter()
                    .map(|one| &one.text)
                    .collect::<Vec<_>>(),
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

#[test]
fn a_number_is_the_field_that_it_was_said_of() {
    let rooms = json!([
        { "id": "rm_1", "floor": 1, "beds": 2, "free": true, "price": 70 },
        { "id": "rm_2", "floor": 2, "beds": 1, "free": false, "price": 60 },
        { "id": "rm_3", "floor": 2, "beds": 2, "free": true, "price": 90 },
    ]);
    let free = "ALL | where('floor', inputs.floor) | where('free', true) | only";
    let beds = "ALL | where('floor', inputs.floor) | where('beds', inputs.bed) | only";
    let all = "ALL | where('floor', inputs.floor) | where('beds', inputs.bed) | where('free', true) | only";
    hold_picked(
        "rooms",
        &rooms,
        2,
        &json!({ "guests": 2 }),
        &[
            (
                "Reserve a free room on the second floor for 2 guests.",
                Some(free),
            ),
            (
                "Reserve a free room on the 2nd floor for two guests.",
                Some(free),
            ),
            ("Reserve a free room for 2 guests on floor 2.", Some(free)),
            (
                "For 2 guests, reserve a free room on floor 2, please.",
                Some(free),
            ),
            (
                "Please reserve the free room on floor 2 for 2 guests.",
                Some(free),
            ),
            (
                "Reserve a room on floor 2 with 2 beds for 2 guests.",
                Some(beds),
            ),
            (
                "Reserve a free room with 2 beds on floor 2 for 2 guests.",
                Some(all),
            ),
            (
                "Reserve a free room with two beds on the second floor for 2 guests.",
                Some(all),
            ),
            // Nothing stands for it.
            (
                "Reserve a quiet room with 2 beds on floor 2 for 2 guests.",
                None,
            ),
            (
                "Reserve a free and quiet room on floor 2 for 2 guests.",
                None,
            ),
            (
                "Reserve a free room on floor 2 with a balcony for 2 guests.",
                None,
            ),
            (
                "Reserve a free room on floor 2 for 2 guests, but not a noisy one.",
                None,
            ),
            (
                "Reserve a free room on floor 2 for 2 guests. It must be quiet.",
                None,
            ),
            (
                "Reserve a free room on floor 2 for 2 guests. I need a bath.",
                None,
            ),
            // Nobody said how many beds.
            ("Reserve a room for 2 guests.", None),
            ("Reserve a room for 2.", None),
            ("Reserve the cheapest room for 2 guests.", None),
            ("Reserve a room on the second floor for 2 guests.", None),
        ],
    );
    // What was not free is not what was meant.
    hold_picked(
        "rooms",
        &rooms,
        1,
        &json!({ "guests": 2 }),
        &[
            ("Reserve a free room on floor 2 for 2 guests.", None),
            (
                "Reserve a free room with 1 bed on floor 2 for 2 guests.",
                None,
            ),
        ],
    );
}

#[test]
fn a_word_that_holds_for_other_things_is_no_other_field() {
    let cars = json!([
        { "id": "car_71", "seats": 5, "doors": 5, "automatic": false, "available": true },
        { "id": "car_72", "seats": 5, "doors": 3, "automatic": true, "available": true },
        { "id": "car_73", "seats": 7, "doors": 3, "automatic": false, "available": false },
    ]);
    let seats = "ALL | where('seats', inputs.seat) | where('automatic', true) | only";
    hold_picked(
        "cars",
        &cars,
        1,
        &json!({ "days": 3 }),
        &[
            (
                "Reserve an automatic car with 5 seats for 3 days.",
                Some(seats),
            ),
            ("Reserve a car for 3 days: automatic, with 5 seats.", None),
            ("Reserve a car with 5 seats for 3 days.", None),
            ("Reserve a red automatic car with 5 seats for 3 days.", None),
            (
                "Reserve a car with 5 seats and 3 doors for 3 days.",
                Some("ALL | where('seats', inputs.seat) | where('doors', inputs.door) | only"),
            ),
        ],
    );
    let tables = json!([
        { "id": "t_41", "seats": 4, "row": 1, "outdoor": false, "zone": "hall" },
        { "id": "t_42", "seats": 4, "row": 2, "outdoor": true, "zone": "garden" },
        { "id": "t_43", "seats": 6, "row": 4, "outdoor": true, "zone": "garden" },
    ]);
    hold_picked(
        "tables",
        &tables,
        1,
        &json!({}),
        &[(
            "Reserve an outdoor table with 4 seats.",
            Some("ALL | where('seats', inputs.seat) | where('outdoor', true) | only"),
        )],
    );
    hold_picked(
        "tables",
        &tables,
        1,
        &json!({ "people": 4 }),
        &[
            // Nobody said how many people there are.
            ("Reserve an outdoor table with 4 seats.", None),
            (
                "Reserve a table in the second row for 4 people.",
                Some("ALL | where('row', inputs.row) | only"),
            ),
            ("Reserve an outdoor table for 4 people.", None),
            ("Reserve a table for 4 people.", None),
            ("Reserve a table by the window in row 2 for 4 people.", None),
        ],
    );
}
