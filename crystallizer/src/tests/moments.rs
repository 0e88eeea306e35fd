//! Days and times of day: what was said of them, in whatever notation, and what the agent chose.

use super::build::*;
use crate::report::Level;
use crate::session::Session;
use serde_json::{Value, json};

fn one(task: &str, tool: &str, arguments: Value) -> Session {
    let done = json!({ "ok": true });
    session(task, vec![call("x", 0, tool, arguments, done)])
}

#[test]
fn the_time_of_a_day_that_was_said_is_asked_about() {
    for (value, expression) in [
        ("2026-11-14 18:00", "inputs.date ~ ' 18:00'"),
        ("2026-11-14T03:30:00Z", "inputs.date ~ 'T03:30:00Z'"),
    ] {
        let task = "Put the table at Miznon into my calendar for 2026-11-14.";
        let session = one(
            task,
            "create_event",
            json!({ "place": "Miznon", "start": value }),
        );
        let id = "source:create_event:/start";
        let made = drafted(&session, &[]);
        assert_eq!(sent(&made, "start"), format!("{{{{ {expression} }}}}"));
        assert_eq!(asked(&made), [id]);
        let question = &made.report.questions[0];
        assert_eq!(question.choices, [expression, "constant", "input"]);
        assert_eq!(question.default, expression);
        let mut findings = made.report.findings.iter();
        assert!(findings.any(|finding| finding.code == "made_by_agent" && finding.acknowledge));
        for (answer, expected) in [
            ("constant", value.to_owned()),
            ("input", "{{ inputs.start }}".to_owned()),
            (expression, format!("{{{{ {expression} }}}}")),
        ] {
            let made = drafted(&session, &[(id, answer)]);
            assert_eq!(sent(&made, "start"), expected, "{answer}");
            assert_eq!(asked(&made), [""; 0], "{answer}");
        }
    }
}

#[test]
fn a_day_as_a_whole_has_no_time_to_ask_about() {
    let task = "Block 2026-11-14 in my calendar.";
    let made = drafted(
        &one(task, "create_event", json!({ "start": "2026-11-14 00:00" })),
        &[],
    );
    assert_eq!(sent(&made, "start"), "{{ inputs.date }} 00:00");
    assert_eq!(asked(&made), [""; 0]);
}

#[test]
fn a_time_of_day_is_known_in_both_clocks() {
    for (said, value) in [
        ("at 7:30 pm", json!("19:30")),
        ("at 7 pm", json!("19:00")),
        ("at 6:45 am", json!("06:45:00")),
        ("at 19:30", json!("19:30")),
        ("at noon", json!("12:00")),
        ("um 10 Uhr", json!("10:00")),
    ] {
        let task = format!("Book a table at Miznon {said}.");
        let session = one(
            &task,
            "book_table",
            json!({ "place": "Miznon", "time": value }),
        );
        let made = drafted(&session, &[]);
        assert_eq!(sent(&made, "time"), "{{ inputs.time }}", "{said}");
        assert_eq!(asked(&made), [""; 0], "{said}");
        assert_eq!(made.document.inputs["time"]["default"], value);
    }
    let made = drafted(
        &one("Remind me at 3pm.", "remind", json!({ "hour": 15 })),
        &[],
    );
    assert_eq!(sent(&made, "hour"), "{{ inputs.hour }}");
    // What nobody said is asked about as before.
    let made = drafted(
        &one(
            "Book a table at 7:30 pm.",
            "book_table",
            json!({ "time": "20:30" }),
        ),
        &[],
    );
    assert!(asked(&made).contains(&"source:book_table:/time"));
}

#[test]
fn when_something_is_done_is_no_condition_of_it() {
    for (task, arguments) in [
        (
            "Schedule the deploy of billing on 2026-11-14 at 10:00.",
            json!({ "service": "billing", "at": "2026-11-14T10:00:00Z" }),
        ),
        (
            "Schedule the deploy of billing for 2026-11-14 at 10:00.",
            json!({ "service": "billing", "at": "2026-11-14T10:00:00+02:00" }),
        ),
        (
            "Schedule the deploy of billing on November 14th 2026 at 10 am.",
            json!({ "service": "billing", "at": "2026-11-14T10:00:00Z" }),
        ),
        (
            "Schedule the deploy of billing on 2026-11-14 at 3:30 pm.",
            json!({ "service": "billing", "date": "2026-11-14", "time": "15:30" }),
        ),
    ] {
        let made = drafted(&one(task, "schedule_deploy", arguments), &[]);
        assert_eq!(unshown(&made), [""; 0], "{task}");
        assert_eq!(made.report.generalisable, Some(Level::Shuffled), "{task}");
    }
    // Another time is no notation of the one that was sent.
    let made = drafted(
        &one(
            "Schedule the deploy of billing on 2026-11-14 at 10:00.",
            "schedule_deploy",
            json!({ "service": "billing", "date": "2026-11-14", "time": "11:00" }),
        ),
        &[],
    );
    assert_eq!(unshown(&made).len(), 1);
}

#[test]
fn the_description_of_a_time_shows_that_time() {
    let task = "Create an event 'Sync' on 2024-05-19 at 10:00 or else at 16:00 for 1 hour.";
    let session = session(
        task,
        vec![
            call(
                "g",
                0,
                "get_day",
                json!({ "day": "2024-05-19" }),
                json!([{ "start": "10:00" }]),
            ),
            call(
                "c",
                1,
                "create_event",
                json!({ "title": "Sync", "start": "2024-05-19 16:00", "end": "2024-05-19 17:00" }),
                json!({ "id": "e1" }),
            ),
        ],
    );
    let made = drafted(&session, &[]);
    let told = made.document.inputs["start"]["description"]
        .as_str()
        .unwrap();
    assert!(told.contains("at 16:00"), "{told}");
    assert_eq!(made.document.inputs["start"]["default"], "16:00");
}

#[test]
fn an_end_follows_a_begin_that_is_given_anew() {
    let session = session(
        "Create an event for the reunion based on the mails. It lasts 4 hours.",
        vec![
            call(
                "m",
                0,
                "search_mails",
                json!({ "query": "reunion" }),
                json!([{ "id": "m1", "body": "On June 10th 2024 at 1 PM at the lake." }]),
            ),
            call(
                "c",
                1,
                "create_event",
                json!({ "start": "2024-06-10 13:00", "end": "2024-06-10 17:00" }),
                json!({ "id": "e1" }),
            ),
        ],
    );
    let made = drafted(&session, &[]);
    assert_eq!(asked(&made), ["source:create_event:/start"]);
    let made = drafted(&session, &[("source:create_event:/start", "input")]);
    assert_eq!(
        sent(&made, "end"),
        "{{ inputs.start | add_minutes(inputs.duration_minutes) }}"
    );
    assert_eq!(asked(&made), [""; 0]);
    let made = drafted(&session, &[("source:create_event:/start", "constant")]);
    assert_eq!(asked(&made), ["source:create_event:/end"]);
}
