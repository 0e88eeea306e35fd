//! What is done and what is told of it name one thing: a text follows what a value was answered to be.

use super::build::*;
use crate::session::Session;
use crate::{Crystallized, Options};
use serde_json::{Value, json};

fn answered(session: &Session, answer: Option<(&str, &str)>) -> Crystallized {
    let answers = answer
        .into_iter()
        .map(|(id, answer)| (id.to_owned(), answer.to_owned()))
        .collect();
    let made = made(session, &Options { answers, ..bound() });
    assert_eq!(made.report.replay.differences, []);
    made
}

fn sent<'m>(made: &'m Crystallized, step: &str, key: &str) -> &'m Value {
    let mut steps = made.document.steps.iter();
    let step = steps.find(|one| one.id == step).unwrap();
    &step.with.as_ref().unwrap()["arguments"][key]
}

fn asked(made: &Crystallized) -> Vec<&str> {
    let questions = made.report.questions.iter();
    questions.map(|one| one.id.as_str()).collect()
}

const MOST: &str = "(steps.list_reps.output | parse_json | max_by('score')).name";

/// Somebody of a list is promoted, and it is posted.
fn promoted() -> Session {
    let reps = json!([
        { "name": "Ines Kowalski", "score": 41 },
        { "name": "Rosa Silva", "score": 57 },
        { "name": "Kim Lee", "score": 33 }
    ]);
    session(
        "Promote our best rep and post it.",
        vec![
            call("l", 0, "list_reps", json!({}), reps.to_string().into()),
            call(
                "p",
                1,
                "promote",
                json!({ "employee": "Rosa Silva" }),
                json!({ "ok": true }),
            ),
            call(
                "m",
                2,
                "post_message",
                json!({ "text": "Congratulations to Rosa Silva!" }),
                json!({ "ok": true }),
            ),
        ],
    )
}

#[test]
fn a_text_names_whom_the_step_was_answered_to_name() {
    let session = promoted();
    let id = "source:promote:/employee";
    for (answer, employee, text) in [
        (None, "Rosa Silva", "Congratulations to Rosa Silva!"),
        (
            Some("constant"),
            "Rosa Silva",
            "Congratulations to Rosa Silva!",
        ),
        (
            Some("input"),
            "{{ inputs.employee }}",
            "Congratulations to {{ inputs.employee }}!",
        ),
        (
            Some(MOST),
            &format!("{{{{ {MOST} }}}}"),
            &format!("Congratulations to {{{{ {MOST} }}}}!"),
        ),
    ] {
        let made = answered(&session, answer.map(|answer| (id, answer)));
        assert_eq!(sent(&made, "promote", "employee"), employee, "{answer:?}");
        assert_eq!(sent(&made, "post_message", "text"), text, "{answer:?}");
        // Once it is answered, the text is settled with it, and before it waits.
        let expected: &[&str] = if answer.is_none() { &[id] } else { &[] };
        assert_eq!(asked(&made), expected, "{answer:?}");
    }
}

#[test]
fn a_text_waits_for_the_question_about_what_it_names() {
    let made = answered(&promoted(), None);
    let mut findings = made.report.findings.iter();
    let waits = findings
        .find(|finding| finding.code == "figure_stays")
        .unwrap();
    let help = waits.help.as_str();
    assert!(
        help.starts_with("Answer `source:promote:/employee` first"),
        "{help}"
    );
    assert!(waits.acknowledge);
}

/// A hotel of a list in a text is booked, and a mail tells of it.
fn booked(subject: &str) -> Session {
    session(
        "Book the best hotel in Paris and mail it to jane@acme.example.",
        vec![
            call(
                "l",
                0,
                "list_hotels",
                json!({ "city": "Paris" }),
                "Hotels: Le Marais Boutique\nGood Night\nLuxury Palace\n".into(),
            ),
            call(
                "b",
                1,
                "book_hotel",
                json!({ "hotel": "Luxury Palace" }),
                json!({ "booking": "BK-2291" }),
            ),
            call(
                "m",
                2,
                "send_email",
                json!({ "to": ["jane@acme.example"], "subject": subject, "body": "I booked Luxury Palace for you." }),
                json!({ "ok": true }),
            ),
        ],
    )
}

#[test]
fn a_name_of_several_words_that_is_given_anew_is_told_anew() {
    let session = booked("Hotel: Luxury Palace");
    let made = answered(&session, Some(("source:book_hotel:/hotel", "input")));
    assert_eq!(sent(&made, "book_hotel", "hotel"), "{{ inputs.hotel }}");
    assert_eq!(
        sent(&made, "send_email", "subject"),
        "Hotel: {{ inputs.hotel }}"
    );
    assert_eq!(
        sent(&made, "send_email", "body"),
        "I booked {{ inputs.hotel }} for you."
    );
    assert_eq!(
        made.report.generalisable,
        Some(crate::report::Level::Shuffled)
    );
}

#[test]
fn a_text_that_keeps_a_name_which_is_given_anew_does_not_hold() {
    // Nothing is put into what looks like a program.
    let session = booked("if (hotel == 'Luxury Palace') { print; }");
    let made = answered(&session, Some(("source:book_hotel:/hotel", "input")));
    let kept = made.report.findings.iter().any(|finding| {
        finding.message.contains("keeps") && finding.message.contains("Luxury Palace")
    });
    assert!(kept, "{:?}", made.report.findings);
    assert_eq!(made.report.generalisable, Some(crate::report::Level::Same));
}
