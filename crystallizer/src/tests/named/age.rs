//! Ages and stays, which are counted from a day.

use super::*;
use crate::report::Level;

/// The recording was made on 2027-01-15.
#[test]
fn an_age_is_counted_from_the_day_of_the_run() {
    let all = tickets(&[
        json!({ "opened_on": "2026-10-02" }),
        json!({ "opened_on": "2026-11-20" }),
        json!({ "opened_on": "2026-12-01" }),
    ]);
    for (task, expected) in [
        (
            "Close the tickets of ana_li_3668 older than 30 days.",
            "TICKETS | selectattr('opened_on', 'lt', run.started_at | format_date('%Y-%m-%d') | add_days(-30)) | list",
        ),
        (
            "Close the tickets of ana_li_3668 opened more than 2 weeks ago.",
            "TICKETS | selectattr('opened_on', 'lt', run.started_at | format_date('%Y-%m-%d') | add_days(-14)) | list",
        ),
        (
            "Close the tickets of ana_li_3668 from the last 200 days.",
            "TICKETS | selectattr('opened_on', 'ge', run.started_at | format_date('%Y-%m-%d') | add_days(-200)) | list",
        ),
    ] {
        let made = crystallized(&closing(task, &all, &[0, 1, 2]));
        assert_eq!(over(&made), [format!("{{{{ {expected} }}}}")], "{task}");
        assert_eq!(asked(&made), Vec::<String>::new(), "{task}");
        assert_eq!(made.report.generalisable, Some(Level::Shuffled), "{task}");
    }
}

#[test]
fn a_stay_ends_where_its_length_says() {
    let book = |task: &str| {
        let session = session(
            task,
            vec![call(
                "b",
                0,
                "book_hotel",
                json!({ "hotel": "Sacher", "check_in": "2027-05-03", "check_out": "2027-05-05" }),
                json!({ "ok": true }),
            )],
        );
        let made = crystallized(&session);
        let questions: Vec<Vec<String>> = made
            .report
            .questions
            .iter()
            .map(|question| question.choices.clone())
            .collect();
        let end = made.document.steps[0].with.as_ref().unwrap()["arguments"]["check_out"].clone();
        (end, questions)
    };
    // A day that was said is the person's own, whatever lasts as long.
    for task in [
        "Book the hotel Sacher from 2027-05-03 to 2027-05-05.",
        "Book the hotel Sacher from May 3 to May 5 2027 for 2 nights.",
        "Book a 2-night stay in the hotel Sacher, from 2027-05-03 to 2027-05-05.",
        "Book the hotel Sacher from 2027-05-03 to 2027-05-05. Bob's reservation was for 2 days as well.",
    ] {
        let (end, questions) = book(task);
        assert_eq!(end, json!("{{ inputs.check_out }}"), "{task}");
        assert_eq!(questions, Vec::<Vec<String>>::new(), "{task}");
    }
    // One that only follows from the length is asked about, where the length is said of what begins.
    let (end, questions) = book("Book the hotel Sacher from May 3 2027 for two nights.");
    assert_eq!(end, json!("2027-05-05"));
    assert_eq!(
        questions,
        [["inputs.check_in | add_days(2)", "constant", "input"]]
    );
    let (end, questions) =
        book("Book the hotel Sacher from May 3 2027. Bob's reservation was for 2 days as well.");
    assert_eq!(end, json!("2027-05-05"));
    assert!(
        !questions
            .iter()
            .flatten()
            .any(|choice| choice.contains("add_days"))
    );
}

#[test]
fn an_age_is_bound_to_no_field_of_something_else() {
    for (task, field) in [
        (
            "Close the tickets of ana_li_3668 opened more than 30 days ago.",
            "due_date",
        ),
        (
            "Close the tickets of ana_li_3668 older than 30 days.",
            "closed_on",
        ),
        (
            "Close the tickets of ana_li_3668 older than 30 days but newer than 200 days.",
            "opened_on",
        ),
    ] {
        let all = tickets(&[
            json!({ field: "2026-10-02" }),
            json!({ field: "2026-11-20" }),
            json!({ field: "2026-12-01" }),
        ]);
        let made = crystallized(&closing(task, &all, &[0, 1, 2]));
        assert_eq!(over(&made), ["{{ TICKETS }}"], "{task}");
        assert!(!asked(&made).is_empty(), "{task}");
    }
    let all = tickets(&[
        json!({ "opened_on": "2026-10-02" }),
        json!({ "opened_on": "2026-11-20" }),
        json!({ "opened_on": "2026-12-16" }),
    ]);
    let made = crystallized(&closing(
        "Close the tickets of ana_li_3668 that are at least 30 days old.",
        &all,
        &[0, 1, 2],
    ));
    assert_eq!(
        over(&made),
        [
            "{{ TICKETS | selectattr('opened_on', 'le', run.started_at | format_date('%Y-%m-%d') | add_days(-30)) | list }}"
        ]
    );
}
