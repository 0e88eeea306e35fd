//! Calls that count: a loop over a range whose end or length was said or answered. One number of several that are counted
//! is never an input by itself.

use super::build::*;
use crate::report::{Level, Question, Verdict};
use crate::session::{Session, Turn};
use crate::{Crystallized, crystallize};
use serde_json::{Value, json};

/// A room whose seats are made one by one.
fn seats(task: &str, room: &str, numbers: impl Iterator<Item = Value>) -> Session {
    session(task, made(0, room, numbers))
}

fn made(from: u32, room: &str, numbers: impl Iterator<Item = Value>) -> Vec<Turn> {
    numbers
        .zip(from..)
        .map(|(number, at)| {
            let sent = json!({ "room": room, "number": number });
            call(
                &format!("c{at}"),
                at,
                "create_seat",
                sent,
                json!({ "ok": true }),
            )
        })
        .collect()
}

fn plain(range: std::ops::RangeInclusive<i64>) -> impl Iterator<Item = Value> {
    range.map(Value::from)
}

fn made_of(sessions: &[Session]) -> Crystallized {
    crystallize(sessions, &bound()).unwrap()
}

fn items(made: &Crystallized) -> Vec<&str> {
    made.document
        .steps
        .iter()
        .filter_map(|step| step.for_each.as_ref()?.items.as_str())
        .collect()
}

fn body(made: &Crystallized) -> Value {
    let each = made
        .document
        .steps
        .iter()
        .find(|step| step.for_each.is_some())
        .unwrap();
    let with = each.steps[0].with.as_ref().unwrap();
    with.get("arguments")
        .cloned()
        .unwrap_or_else(|| Value::Object(with.clone()))
}

fn question(made: &Crystallized) -> Option<&Question> {
    made.report
        .questions
        .iter()
        .find(|one| one.id.starts_with("loop:"))
}

#[test]
fn as_many_as_the_person_said() {
    let made = made_of(&[seats(
        "Create 5 seats in room RM-8841.",
        "RM-8841",
        plain(1..=5),
    )]);
    assert_eq!(items(&made), ["{{ range(1, inputs.seats + 1) }}"]);
    assert_eq!(body(&made)["number"], json!("{{ number }}"));
    assert_eq!(made.document.inputs["seats"]["default"], json!(5));
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
    assert_eq!(made.report.questions, []);
}

/// In texts, filled up with zeros, from another beginning, in steps.
#[test]
fn however_the_number_is_written() {
    let label = |text: fn(i64) -> String| (1..=5).map(move |one| Value::from(text(one)));
    for (task, numbers, expected, sent) in [
        (
            "Create 5 seats in room RM-8841.",
            label(|one| format!("Seat {one}")).collect::<Vec<_>>(),
            "{{ range(1, inputs.seats + 1) }}",
            "Seat {{ number }}",
        ),
        (
            "Create 5 seats in room RM-8841.",
            label(|one| format!("S-{one:02}")).collect(),
            "{{ range(1, inputs.seats + 1) }}",
            "S-{{ '%02d' | format(number) }}",
        ),
        (
            "Create 6 seats in room RM-8841, starting with number 101.",
            plain(101..=106).collect(),
            "{{ range(inputs.first_seat, inputs.first_seat + inputs.seats) }}",
            "{{ number }}",
        ),
        (
            "Create 4 seats in room RM-8841.",
            (1..=4).map(|one| Value::from(one * 10)).collect(),
            "{{ range(10, 10 + inputs.seats * 10, 10) }}",
            "{{ number }}",
        ),
        (
            "Create seats 1 to 5 in room RM-8841.",
            plain(1..=5).collect(),
            "{{ range(inputs.first_seat, inputs.last_seat + 1) }}",
            "{{ number }}",
        ),
        (
            "Create the seats from 3 to 9 in room RM-8841.",
            plain(3..=9).collect(),
            "{{ range(inputs.first_seat, inputs.last_seat + 1) }}",
            "{{ number }}",
        ),
        (
            "Create seats 3-9 in room RM-8841.",
            plain(3..=9).collect(),
            "{{ range(inputs.first_seat, inputs.last_seat + 1) }}",
            "{{ number }}",
        ),
    ] {
        let made = made_of(&[seats(task, "RM-8841", numbers.into_iter())]);
        assert_eq!(items(&made), [expected], "{task}");
        assert_eq!(body(&made)["number"], json!(sent), "{task}");
        assert_eq!(unshown(&made), Vec::<&str>::new(), "{task}");
        assert_eq!(made.report.generalisable, Some(Level::Shuffled), "{task}");
        assert_eq!(
            made.report.replay.differing + made.report.replay.missing,
            0,
            "{task}"
        );
    }
}

/// What is numbered beside it counts with it.
#[test]
fn several_numbers_in_a_call() {
    let turns = (1..=5).map(|one| {
        let at = u32::try_from(one).unwrap();
        let sent = json!({ "room": "RM-8841", "number": one + 100, "label": format!("Seat {one}"), "left": (one - 1) * 40 });
        call(&format!("c{one}"), at, "create_seat", sent, json!({ "ok": true }))
    });
    let made = made_of(&[session(
        "Create 5 seats in room RM-8841, the first is 101.",
        turns.collect(),
    )]);
    let sent = body(&made);
    assert_eq!(sent["number"], json!("{{ number }}"));
    assert_eq!(sent["label"], json!("Seat {{ loop.index + 1 }}"));
    assert_eq!(sent["left"], json!("{{ loop.index * 40 }}"));
    assert_eq!(sent["room"], json!("{{ inputs.room }}"));
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

/// One range for calls of several steps, each with what the pass answered before.
#[test]
fn several_steps_in_a_pass() {
    let mut turns = Vec::new();
    for one in 1..=4_u32 {
        let id = format!("SEAT-{}", 7000 + one * 731);
        let sent = json!({ "room": "RM-8841", "number": one });
        turns.push(call(
            &format!("a{one}"),
            one * 2,
            "create_seat",
            sent,
            json!({ "seat_id": id }),
        ));
        let sent = json!({ "seat_id": id });
        turns.push(call(
            &format!("b{one}"),
            one * 2 + 1,
            "open_seat",
            sent,
            json!({ "ok": true }),
        ));
    }
    let made = made_of(&[session(
        "Create 4 seats in room RM-8841 and open them.",
        turns,
    )]);
    assert_eq!(items(&made), ["{{ range(1, inputs.seats + 1) }}"]);
    let each = &made.document.steps[0];
    assert_eq!(each.steps.len(), 2);
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

fn badges(event: &str, key: &str, count: i64) -> Session {
    let mut turns = vec![call(
        "g",
        0,
        "get_event",
        json!({ "event": event }),
        json!({ "event": event, key: count }),
    )];
    for one in 1..=count {
        let at = u32::try_from(one).unwrap();
        let sent = json!({ "event": event, "number": one });
        turns.push(call(
            &format!("p{one}"),
            at,
            "print_badge",
            sent,
            json!({ "ok": true }),
        ));
    }
    let mut made = session(&format!("Print the badges of event {event}."), turns);
    made.external_id = Some(format!("rec-{event}"));
    made
}

/// An answer that says how many badges there are is followed; one that counts something else is asked about.
#[test]
fn as_many_as_an_answer_says() {
    let made = made_of(&[badges("EV-7712", "badges", 4)]);
    let counts = "{{ range(1, steps.get_event.output.badges + 1) }}";
    assert_eq!(items(&made), [counts]);
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));

    let made = made_of(&[badges("EV-7712", "guests", 4)]);
    assert_eq!(items(&made), Vec::<&str>::new());
    let asked: Vec<&str> = made
        .report
        .questions
        .iter()
        .map(|one| one.id.as_str())
        .collect();
    assert_eq!(asked, ["loop:print_badge"]);
    let asked = question(&made).unwrap();
    let guests = "steps.get_event.output.guests";
    assert_eq!(asked.choices, ["one_by_one", "input", guests]);
    assert_eq!(
        asked.text,
        "`print_badge` is done 4 times, and `number` counts: 1, 2, 3, …. What says how far it counts in another run? \
         `one_by_one`: a run does it as often as it was recorded, with what was recorded. `input`: a run is told how many \
         times. `steps.get_event.output.guests`: it is done as often as that number says."
    );

    let answered = |answer: &str| {
        let mut options = bound();
        options
            .answers
            .insert("loop:print_badge".to_owned(), answer.to_owned());
        crystallize(&[badges("EV-7712", "guests", 4)], &options).unwrap()
    };
    let made = answered(guests);
    assert_eq!(
        items(&made),
        ["{{ range(1, steps.get_event.output.guests + 1) }}"]
    );
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
    let made = answered("input");
    assert_eq!(items(&made), ["{{ range(1, inputs.badges + 1) }}"]);
    let made = answered("one_by_one");
    assert_eq!(items(&made), Vec::<&str>::new());
    assert_eq!(question(&made), None);
}

/// Recordings that count another number of times answer it.
#[test]
fn further_recordings_show_what_says_how_far() {
    let all = [
        badges("EV-7712", "guests", 4),
        badges("EV-9031", "guests", 6),
        badges("EV-5150", "guests", 3),
    ];
    for first in 0..3 {
        let mut all = all.clone();
        all.rotate_left(first);
        let made = made_of(&all);
        assert_eq!(
            items(&made),
            ["{{ range(1, steps.get_event.output.guests + 1) }}"]
        );
        assert_eq!(made.report.generalisable, Some(Level::Shuffled));
        assert!(
            made.report
                .held_out
                .iter()
                .all(|held| held.verdict == Verdict::Passed)
        );
        assert_eq!(made.report.questions, []);
    }

    let counted = |room: &str, count: i64| {
        let mut made = seats(
            &format!("Create {count} seats in room {room}."),
            room,
            plain(1..=count),
        );
        made.external_id = Some(format!("rec-{room}"));
        made
    };
    let all = [
        counted("RM-8841", 5),
        counted("RM-9902", 7),
        counted("RM-7713", 3),
    ];
    for first in 0..3 {
        let mut all = all.clone();
        all.rotate_left(first);
        let made = made_of(&all);
        assert_eq!(items(&made), ["{{ range(1, inputs.seats + 1) }}"]);
        assert_eq!(made.report.generalisable, Some(Level::Shuffled));
        assert!(
            made.report
                .held_out
                .iter()
                .all(|held| held.verdict == Verdict::Passed)
        );
    }
}

/// A recording that goes another way refutes it.
#[test]
fn a_recording_that_counts_otherwise_refutes_it() {
    let all = [badges("EV-7712", "guests", 4), {
        let mut other = badges("EV-9031", "guests", 6);
        other.turns.pop();
        other
    }];
    let made = made_of(&all);
    assert_eq!(items(&made), Vec::<&str>::new());
    assert_eq!(question(&made).unwrap().choices, ["one_by_one", "input"]);
}

/// Nobody said how many: one question, and no number of them is an input by itself.
#[test]
fn one_number_of_several_is_no_input() {
    for (task, last) in [
        ("Create the seats in room RM-8841.", 5),
        ("Create the seats in room RM-8841 for the 5 guests.", 5),
        ("Create the seats in room RM-8841, the last one is 5.", 5),
    ] {
        let made = made_of(&[seats(task, "RM-8841", plain(1..=last))]);
        assert_eq!(items(&made), Vec::<&str>::new(), "{task}");
        let asked: Vec<&str> = made
            .report
            .questions
            .iter()
            .map(|one| one.id.as_str())
            .collect();
        assert_eq!(asked, ["loop:create_seat"], "{task}");
        for step in &made.document.steps {
            let with = step.with.as_ref().unwrap();
            assert!(with["arguments"]["number"].is_number(), "{task}: {with:?}");
        }
        assert_eq!(made.report.generalisable, Some(Level::Same), "{task}");
    }
    // Two are enough where they begin as all counting does.
    let made = made_of(&[seats(
        "Set up room RM-8841 for 2 people.",
        "RM-8841",
        plain(1..=2),
    )]);
    for step in &made.document.steps {
        assert!(step.with.as_ref().unwrap()["arguments"]["number"].is_number());
    }
    // Each of them was named: that is no counting.
    let made = made_of(&[seats(
        "Create seats 1, 2 and 3 in room RM-8841.",
        "RM-8841",
        plain(1..=3),
    )]);
    assert_eq!(items(&made), ["{{ inputs.seat_numbers }}"]);
}

/// A list that tells the passes apart goes before what only counts.
#[test]
fn a_list_goes_before_counting() {
    let mut turns = vec![super::loops::list()];
    for (at, id) in (1..).zip(["T-48121", "T-77340", "T-10553", "T-62087"]) {
        let sent = json!({ "ticket_id": id, "number": at });
        turns.push(call(
            &format!("c{at}"),
            at,
            "close_ticket",
            sent,
            json!({ "ok": true }),
        ));
    }
    let made = made_of(&[session("Close the 4 tickets of ana_li_3668.", turns)]);
    assert_eq!(items(&made), ["{{ steps.list_tickets.output.tickets }}"]);
}

/// How many things are made is how many of them there are, for what is done with them next.
#[test]
fn what_was_made_by_counting_is_gone_over_whole() {
    for task in [
        "Create 5 seats in row A and publish them.",
        "Create 5 seats in row A, then publish every one.",
    ] {
        let made_seats = (1..=5_u32).map(|at| {
            let sent = json!({ "number": at, "row": "A" });
            let answer = json!({ "id": format!("st-{}", 8800 + at * 17) });
            call(&format!("c{at}"), at, "create_seat", sent, answer)
        });
        let published = (1..=5_u32).map(|at| {
            let sent = json!({ "id": format!("st-{}", 8800 + at * 17) });
            call(
                &format!("p{at}"),
                at + 5,
                "publish_seat",
                sent,
                json!({ "ok": true }),
            )
        });
        let turns = made_seats.chain(published).collect();
        let made = made_of(&[session(task, turns)]);
        let expected = [
            "{{ range(1, inputs.seats + 1) }}",
            "{{ steps.each_number.output }}",
        ];
        assert_eq!(items(&made), expected, "{task}");
        assert_eq!(made.report.questions, [], "{task}");
        assert_eq!(made.report.generalisable, Some(Level::Shuffled), "{task}");
    }
}
