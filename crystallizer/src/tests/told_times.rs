//! Times of day and days that a message tells in its own notation: there is one input for one time, and the text follows
//! it. What the notation of a text cannot say of another time is asked about.

use super::build::*;
use crate::Crystallized;
use crate::report::Level;
use crate::session::Session;
use serde_json::{Value, json};

fn recorded(said: &str, booked: Value, body: &str) -> Session {
    let task = format!("Book a table at Luigi {said} and mail anna@acme.com that it is booked.");
    let done = json!({ "ok": true });
    let mail = json!({ "to": "anna@acme.com", "body": body });
    session(
        &task,
        vec![
            call("b", 0, "book_table", booked, done.clone()),
            call("m", 1, "send_mail", mail, done),
        ],
    )
}

fn drafted(session: &Session) -> Crystallized {
    let made = made(session, &bound());
    assert_eq!(made.report.replay.differences, []);
    made
}

fn sent(made: &Crystallized, step: &str, key: &str) -> String {
    let mut steps = made.document.steps.iter();
    let step = steps.find(|one| one.id == step).unwrap();
    let value = &step.with.as_ref().unwrap()["arguments"][key];
    value.as_str().unwrap_or_default().to_owned()
}

fn asked(made: &Crystallized) -> Vec<&str> {
    let questions = made.report.questions.iter();
    questions.map(|one| one.id.as_str()).collect()
}

#[test]
fn a_time_follows_its_one_input_in_the_notation_of_the_text() {
    let clock = "inputs.time | format_date('%-I:%M %p') | lower";
    for (said, time, told, expected) in [
        ("at 7:30 pm", "19:30", "7:30 pm", clock.to_owned()),
        ("at 7:30pm", "19:30", "7:30 pm", clock.to_owned()),
        ("at 19:30", "19:30", "7:30 pm", clock.to_owned()),
        ("at 19:30", "19:30:00", "7:30 pm", clock.to_owned()),
        (
            "at 7:30 pm",
            "19:30",
            "7:30 p.m.",
            format!("{clock} | replace('m', '.m.')"),
        ),
        (
            "at 7:30 pm",
            "19:30",
            "7:30pm",
            "inputs.time | format_date('%-I:%M%p') | lower".to_owned(),
        ),
        (
            "at 7:30 PM",
            "19:30",
            "7:30 PM",
            "inputs.time | format_date('%-I:%M %p')".to_owned(),
        ),
        (
            "at 7 pm",
            "19:00",
            "7 pm",
            "inputs.time | format_date('%-I:%M %p') | replace(':00', '') | lower".to_owned(),
        ),
        ("at 7:30 pm", "19:30", "19:30", "inputs.time".to_owned()),
    ] {
        let booked = json!({ "restaurant": "Luigi", "time": time });
        let body = format!("Luigi is booked at {told}.");
        let made = drafted(&recorded(said, booked, &body));
        assert_eq!(
            sent(&made, "book_table", "time"),
            "{{ inputs.time }}",
            "{said} {told}"
        );
        let own = sent(&made, "send_mail", "body");
        assert!(
            own.contains(&format!("{{{{ {expected} }}}}")),
            "{said} {told}: {own}"
        );
        assert_eq!(asked(&made), Vec::<&str>::new(), "{said} {told}");
        assert_eq!(
            made.report.generalisable,
            Some(Level::Shuffled),
            "{said} {told}"
        );
        assert!(
            !made.document.inputs.contains_key("time_2"),
            "{said} {told}"
        );
        // What is no time of day is refused before the table is booked.
        let schema = &made.document.inputs["time"];
        assert_eq!(
            schema.get("pattern").is_some(),
            expected != "inputs.time",
            "{schema}"
        );
    }
}

#[test]
fn the_time_of_a_moment_follows_the_moment() {
    let booked = json!({ "restaurant": "Luigi", "at": "2026-12-04T19:30:00" });
    let body = "Luigi is booked on December 4 at 7:30 pm.";
    let made = drafted(&recorded("on December 4 2026 at 7:30 pm", booked, body));
    assert_eq!(
        sent(&made, "send_mail", "body"),
        "{{ inputs.restaurant }} is booked on {{ inputs.at | format_date('%B %-d') }} at {{ inputs.at | format_date('%-I:%M %p') | lower }}."
    );
    assert_eq!(asked(&made), Vec::<&str>::new());
}

#[test]
fn a_day_that_was_said_so_is_no_input_of_its_own() {
    for (said, told, expected) in [
        (
            "on December 4 2026",
            "December 4",
            "inputs.date | format_date('%B %-d')",
        ),
        (
            "on December 4 2026",
            "Friday, December 4",
            "inputs.date | format_date('%A, %B %-d')",
        ),
        (
            "on December 4 2026",
            "12/04/2026",
            "inputs.date | format_date('%m/%d/%Y')",
        ),
        (
            "on 2026-12-04",
            "Friday, December 4",
            "inputs.date | format_date('%A, %B %-d')",
        ),
    ] {
        let booked = json!({ "restaurant": "Luigi", "date": "2026-12-04" });
        let body = format!("Luigi is booked for {told}.");
        let made = drafted(&recorded(said, booked, &body));
        let own = sent(&made, "send_mail", "body");
        assert!(
            own.contains(&format!("{{{{ {expected} }}}}")),
            "{said} {told}: {own}"
        );
        assert!(
            !made.document.inputs.contains_key("date_2"),
            "{said} {told}"
        );
        assert_eq!(
            made.report.generalisable,
            Some(Level::Shuffled),
            "{said} {told}"
        );
    }
}

/// Two notations of one day in one text, as the invoice and its reminder have them.
#[test]
fn a_day_that_is_told_twice_follows_one_input() {
    let task = "The invoice 4711 over 120 euros is due on June 15 2027. Mail it to kim@acme.com.";
    let done = json!({ "ok": true });
    let invoice = json!({ "number": "4711", "due": "2027-06-15" });
    let mail = json!({ "to": "kim@acme.com", "body": "Due by 06/15/2027 (Tuesday, June 15)." });
    let made = drafted(&session(
        task,
        vec![
            call("i", 0, "create_invoice", invoice, done.clone()),
            call("m", 1, "send_mail", mail, done),
        ],
    ));
    assert_eq!(
        sent(&made, "send_mail", "body"),
        "Due by {{ inputs.due | format_date('%m/%d/%Y') }} ({{ inputs.due | format_date('%A, %B %-d') }})."
    );
}

/// Another time, and what no notation can write of another one.
#[test]
fn other_times_do_not_follow_and_what_stays_is_asked_about() {
    let booked = json!({ "restaurant": "Luigi", "time": "19:30" });
    let made = drafted(&recorded(
        "at 7:30 pm",
        booked.clone(),
        "Luigi is booked. The bar opens at 6:30 pm.",
    ));
    let own = sent(&made, "send_mail", "body");
    assert!(own.contains("6:30 pm"), "{own}");
    let made = drafted(&recorded(
        "at 7:30 pm",
        booked,
        "Luigi is booked at 7:30 Pm.",
    ));
    let own = sent(&made, "send_mail", "body");
    assert!(!own.contains("inputs.time"), "{own}");
    assert_eq!(asked(&made), ["figure:send_mail:/body"]);
}

/// An hour alone is a time of day where it leads to nothing else, and how long something lasts is none.
#[test]
fn hours_that_are_said_alone() {
    let one = |task: &str, at: &str| {
        let set = json!({ "at": at });
        session(
            task,
            vec![call("a", 0, "set_alarm", set, json!({ "ok": true }))],
        )
    };
    for (task, at, expected) in [
        (
            "Wake me at 7 on 2026-12-04.",
            "2026-12-04T07:00:00",
            "{{ inputs.at }}",
        ),
        (
            "On 2026-12-04 wake me at 7.",
            "2026-12-04T19:00:00",
            "{{ inputs.at }}",
        ),
        (
            "Weck mich am 04.12.2026 um 7.",
            "2026-12-04T07:00:00",
            "{{ inputs.at }}",
        ),
        // Another hour was said, and none.
        ("Wake me at 7 on 2026-12-04.", "2026-12-04T08:00:00", ""),
        (
            "Wake me on 2026-12-04 at 7 Main Street.",
            "2026-12-04T07:00:00",
            "{{ inputs.date ~ 'T07:00:00' }}",
        ),
    ] {
        let made = drafted(&one(task, at));
        let own = sent(&made, "set_alarm", "at");
        match expected {
            "" => assert!(!asked(&made).is_empty(), "{task}: {own}"),
            expected => assert_eq!(own, expected, "{task}"),
        }
        assert_eq!(
            asked(&made).is_empty(),
            expected == "{{ inputs.at }}",
            "{task}"
        );
    }
}

#[test]
fn how_long_it_lasts_hides_no_day() {
    let task = "Book the room Fuji on 4 December 2026 for 2 hours.";
    let sent_to =
        json!({ "room": "Fuji", "start": "2026-12-04T14:00:00", "end": "2026-12-04T16:00:00" });
    let made = drafted(&session(
        task,
        vec![call("b", 0, "book_room", sent_to, json!({ "ok": true }))],
    ));
    assert_eq!(
        sent(&made, "book_room", "start"),
        "{{ inputs.date ~ 'T14:00:00' }}"
    );
    assert_eq!(
        sent(&made, "book_room", "end"),
        "{{ (inputs.date ~ 'T14:00:00') | add_minutes(inputs.duration_minutes) }}"
    );
    assert_eq!(asked(&made), ["source:book_room:/start"]);
}
