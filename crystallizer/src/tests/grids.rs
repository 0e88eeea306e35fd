//! Calls that count in two columns, one within the other: a loop over a range with another one inside, both as far as the
//! person said, or one question about all of them. Neither number is ever an input by itself.

use super::build::*;
use crate::report::Level;
use crate::session::{Session, Turn};
use crate::{Crystallized, crystallize};
use serde_json::{Value, json};

/// Calls of a tool, one for each of what they are sent.
fn made_by(tool: &str, all: Vec<Value>) -> Vec<Turn> {
    let calls = all.into_iter().zip(0..);
    calls
        .map(|(sent, at)| call(&format!("c{at}"), at, tool, sent, json!({ "ok": true })))
        .collect()
}

fn rooms(floors: &[i64], rooms: &[i64]) -> Vec<Value> {
    let of = |floor: &i64| {
        let floor = *floor;
        let room = move |room: &i64| json!({ "building": "B-7741", "floor": floor, "room": room });
        rooms.iter().map(room).collect::<Vec<_>>()
    };
    floors.iter().flat_map(of).collect()
}

fn of(task: &str, turns: Vec<Turn>) -> Crystallized {
    crystallize(&[session(task, turns)], &bound()).unwrap()
}

fn of_rooms(task: &str, floors: &[i64], numbers: &[i64]) -> Crystallized {
    of(task, made_by("create_room", rooms(floors, numbers)))
}

fn items(made: &Crystallized) -> [Value; 2] {
    let outer = &made.document.steps.last().unwrap();
    let inner = outer.steps.last().unwrap();
    [outer, inner].map(|step| json!(step.for_each.as_ref().unwrap().items))
}

/// What no input may be: a number of one of the calls by itself.
fn no_number_by_itself(made: &Crystallized, task: &str) {
    let text = serde_json::to_string(&made.document.steps).unwrap();
    for key in ["floor", "row", "rack"] {
        let own = format!("\"{key}\":\"{{{{ inputs.");
        assert!(!text.contains(&own), "{task}: {text}");
    }
}

#[test]
fn a_range_inside_of_a_range() {
    let (outer, inner) = (
        "{{ range(1, inputs.floors + 1) }}",
        "{{ range(1, inputs.rooms + 1) }}",
    );
    for (task, floors, numbers) in [
        (
            "Create 2 floors with 3 rooms each in building B-7741.",
            2,
            3,
        ),
        (
            "Set up building B-7741: it has 3 floors, 2 rooms on each.",
            3,
            2,
        ),
        (
            "Create rooms for building B-7741: three floors, four rooms on each.",
            3,
            4,
        ),
        (
            "Building B-7741 needs 4 rooms on each of its 3 floors.",
            3,
            4,
        ),
        (
            "Create 3 rooms on each of the 3 floors of building B-7741.",
            3,
            3,
        ),
    ] {
        let all: Vec<i64> = (1..=floors).collect();
        let each: Vec<i64> = (1..=numbers).collect();
        let made = of_rooms(task, &all, &each);
        assert_eq!(items(&made), [json!(outer), json!(inner)], "{task}");
        assert_eq!(
            made.document.inputs["floors"]["default"],
            json!(floors),
            "{task}"
        );
        assert_eq!(
            made.document.inputs["rooms"]["default"],
            json!(numbers),
            "{task}"
        );
        assert_eq!(made.report.questions, [], "{task}");
        assert_eq!(made.report.generalisable, Some(Level::Shuffled), "{task}");
        no_number_by_itself(&made, task);
    }
}

/// With a call of its own for each pass, of which those in it take the id; as texts; as ranges with both ends.
#[test]
fn however_the_numbers_are_written() {
    let mut turns = Vec::new();
    let mut at = 0;
    for floor in 1..=2 {
        let id = format!("FL-{}", 8800 + floor * 17);
        let sent = json!({ "building": "B-7741", "level": floor });
        turns.push(call(
            &format!("c{at}"),
            at,
            "create_floor",
            sent,
            json!({ "floor_id": id }),
        ));
        at += 1;
        for room in 1..=3 {
            let sent = json!({ "floor_id": id, "label": format!("Room {room}") });
            turns.push(call(
                &format!("c{at}"),
                at,
                "create_room",
                sent,
                json!({ "ok": true }),
            ));
            at += 1;
        }
    }
    let made = of(
        "Create 2 floors with 3 rooms each in building B-7741.",
        turns,
    );
    let text = serde_json::to_string(&made.document.steps).unwrap();
    assert!(text.contains("range(1, inputs.rooms + 1)"), "{text}");
    assert!(text.contains("steps.create_floor.output"), "{text}");
    assert!(text.contains("\"level\":\"{{ level }}\""), "{text}");
    assert!(text.contains("Room {{ label }}"), "{text}");

    let shelves: Vec<Value> = (1..=3)
        .flat_map(|row| (1..=4).map(move |shelf| json!({ "hall": "H-8812", "row": row, "rack": format!("R{shelf:02}") })))
        .collect();
    let task = "Label hall H-8812: rows 1 to 3 with 4 racks each.";
    let made = of(task, made_by("label_rack", shelves));
    let [outer, inner] = items(&made);
    assert_eq!(
        outer,
        json!("{{ range(inputs.first_row, inputs.last_row + 1) }}")
    );
    assert_eq!(inner, json!("{{ range(1, inputs.racks + 1) }}"));
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

/// Where it is not said how far both count, all of it is one question.
#[test]
fn asked_about_once() {
    for task in [
        "Create the rooms of building B-7741.",
        "Create 6 rooms in building B-7741.",
        "Create 2 more floors with 3 rooms each in building B-7741.",
        "Create the 3 rooms of building B-7741 on each floor.",
    ] {
        let made = of_rooms(task, &[1, 2], &[1, 2, 3]);
        let ids: Vec<&str> = made
            .report
            .questions
            .iter()
            .map(|one| one.id.as_str())
            .collect();
        assert_eq!(ids.first(), Some(&"loop:create_room"), "{task}");
        assert!(
            ids.iter().all(|id| !id.starts_with("source:")),
            "{task}: {ids:?}"
        );
        assert_eq!(made.document.steps.len(), 6, "{task}");
        no_number_by_itself(&made, task);

        let options = crate::Options {
            answers: [("loop:create_room".to_owned(), "input".to_owned())].into(),
            ..bound()
        };
        let sessions: [Session; 1] = [session(
            task,
            made_by("create_room", rooms(&[1, 2], &[1, 2, 3])),
        )];
        let made = crystallize(&sessions, &options).unwrap();
        let [outer, inner] = items(&made);
        let text = |items: &Value| items.as_str().unwrap().replace(char::is_numeric, "");
        assert!(
            text(&outer).starts_with("{{ range(, inputs."),
            "{task}: {outer}"
        );
        assert!(
            text(&inner).starts_with("{{ range(, inputs."),
            "{task}: {inner}"
        );
        assert_ne!(outer, inner, "{task}");
    }
}

/// Floors that differ in how many rooms they have are no such loop, and their numbers are none of the person's.
#[test]
fn floors_that_are_not_alike() {
    let task = "Create 2 floors in building B-7741, the first with 3 rooms and the second with 2.";
    let mut all = rooms(&[1], &[1, 2, 3]);
    all.extend(rooms(&[2], &[1, 2]));
    let made = of(task, made_by("create_room", all));
    no_number_by_itself(&made, task);
    assert!(
        !made.report.questions.is_empty(),
        "{:?}",
        made.document.steps
    );
}

/// What does not count stays what it is: a list, or what was named.
#[test]
fn what_does_not_count() {
    let all = ["L-2201", "L-3302"]
        .into_iter()
        .flat_map(|lab| (1..=3).map(move |desk| json!({ "lab": lab, "desk": desk })));
    let task = "Create 3 desks in the labs L-2201 and L-3302.";
    let made = of(task, made_by("create_desk", all.collect()));
    let text = serde_json::to_string(&made.document).unwrap();
    assert!(text.contains("\"lab\":\"{{ lab }}\""), "{text}");
    assert!(!text.contains("\"desk\":\"{{ inputs."), "{text}");
    assert!(
        made.report
            .questions
            .iter()
            .any(|one| one.id.ends_with("/desk"))
    );
}
