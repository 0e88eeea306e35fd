//! Days that follow from the day of the run. The recordings of these tests are of Friday, 15 January 2027.

use super::build::*;
use crate::session::Session;
use crate::{Crystallized, crystallize};
use druse_engine::Timestamp;
use serde_json::{Value, json};

const TODAY: &str = "run.started_at | format_date('%Y-%m-%d')";

fn booked(task: &str, sent: Value) -> Session {
    let done = json!({ "ok": true });
    session(task, vec![call("x", 0, "book_table", sent, done)])
}

fn sent<'m>(made: &'m Crystallized, key: &str) -> &'m Value {
    &made.document.steps[0].with.as_ref().unwrap()["arguments"][key]
}

fn choices<'m>(made: &'m Crystallized, key: &str) -> Vec<&'m str> {
    let id = format!("source:book_table:/{key}");
    let question = made.report.questions.iter().find(|one| one.id == id);
    let choices = question.map(|one| one.choices.iter().map(String::as_str).collect());
    choices.unwrap_or_default()
}

#[test]
fn a_day_that_is_named_by_its_distance_is_counted_from_that_of_the_run() {
    for (said, day, days) in [
        ("tomorrow", "2027-01-16", 1),
        ("the day after tomorrow", "2027-01-17", 2),
        ("in three days", "2027-01-18", 3),
        ("in two weeks", "2027-01-29", 14),
        ("a week from today", "2027-01-22", 7),
        ("a fortnight from now", "2027-01-29", 14),
    ] {
        let made = made(
            &booked(&format!("Book a table for {said}"), json!({ "date": day })),
            &bound(),
        );
        assert_eq!(
            *sent(&made, "date"),
            format!("{{{{ {TODAY} | add_days({days}) }}}}"),
            "{said}"
        );
        assert!(
            made.report.questions.is_empty(),
            "{said}: {:?}",
            made.report.questions
        );
    }
}

#[test]
fn a_day_of_the_week_or_a_month_is_offered_counted_from_that_of_the_run() {
    for (said, day, expected) in [
        ("next Monday", "2027-01-18", " | next_weekday('monday')"),
        ("next Friday", "2027-01-22", " | next_weekday('friday')"),
        ("nächsten Montag", "2027-01-18", " | next_weekday('monday')"),
        (
            "Thursday the week after next",
            "2027-01-28",
            " | next_weekday('thursday') | add_days(7)",
        ),
        (
            "last Friday",
            "2027-01-08",
            " | add_days(-8) | next_weekday('friday')",
        ),
    ] {
        let made = made(
            &booked(&format!("Book a table for {said}"), json!({ "date": day })),
            &bound(),
        );
        let expected = format!("{TODAY}{expected}");
        assert_eq!(
            choices(&made, "date"),
            ["constant", "input", &expected],
            "{said}"
        );
        // Nobody took it yet.
        assert_eq!(*sent(&made, "date"), day, "{said}");
    }
    let friday = made(
        &booked(
            "Book a table for next Friday",
            json!({ "date": "2027-01-22" }),
        ),
        &bound(),
    );
    assert_eq!(
        friday.report.questions[0].labels[2],
        "the first Friday after the day of the run (2027-01-22 in the recording)"
    );
    let first = "run.started_at | format_date('%Y-%m-01')";
    for (said, from, to, before, after) in [
        (
            "last month",
            "2026-12-01",
            "2026-12-31",
            " | add_days(-1) | format_date('%Y-%m-01')",
            " | add_days(-1)",
        ),
        (
            "this month",
            "2027-01-01",
            "2027-01-31",
            "",
            " | add_days(31) | format_date('%Y-%m-01') | add_days(-1)",
        ),
    ] {
        let made = made(
            &booked(
                &format!("Book the tables of {said}"),
                json!({ "from": from, "to": to }),
            ),
            &bound(),
        );
        assert_eq!(
            choices(&made, "from"),
            ["constant", "input", &format!("{first}{before}")]
        );
        assert_eq!(
            choices(&made, "to"),
            ["constant", "input", &format!("{first}{after}")]
        );
    }
    // Another day than any that they give.
    let other = made(
        &booked(
            "Book a table for next Monday",
            json!({ "date": "2027-03-03" }),
        ),
        &bound(),
    );
    assert_eq!(choices(&other, "date"), ["constant", "input"]);
}

#[test]
fn what_is_chosen_is_counted_and_further_recordings_choose_it() {
    let formula = format!("{TODAY} | next_weekday('monday')");
    let first = booked(
        "Book a table for next Monday",
        json!({ "date": "2027-01-18" }),
    );
    let mut options = bound();
    options
        .answers
        .insert("source:book_table:/date".to_owned(), formula.clone());
    let answered = made(&first, &options);
    assert_eq!(*sent(&answered, "date"), format!("{{{{ {formula} }}}}"));
    assert!(answered.report.questions.is_empty());
    // Of a Wednesday.
    let mut second = booked(
        "Book a table for next Monday",
        json!({ "date": "2027-01-25" }),
    );
    second.started_at = Some(Timestamp(1_800_432_000_000));
    let both = crystallize(&[first, second], &bound()).unwrap();
    assert_eq!(*sent(&both, "date"), format!("{{{{ {formula} }}}}"));
    assert!(
        both.report.questions.is_empty(),
        "{:?}",
        both.report.questions
    );
}
