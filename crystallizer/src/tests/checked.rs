//! What was to be checked before something is done, and what somebody is to be told of a verdict, while no step reads what
//! was looked at.

use super::build::*;
use crate::Crystallized;
use crate::session::Session;
use serde_json::{Value, json};

fn closed(task: &str) -> Crystallized {
    let ticket = json!({ "ticket_id": "T-88120", "state": "solved", "vip": false });
    made(
        &session(
            task,
            vec![
                call(
                    "g",
                    0,
                    "get_ticket",
                    json!({ "ticket_id": "T-88120" }),
                    ticket,
                ),
                call(
                    "c",
                    1,
                    "close_ticket",
                    json!({ "ticket_id": "T-88120" }),
                    json!({ "ok": true }),
                ),
            ],
        ),
        &bound(),
    )
}

#[test]
fn a_check_that_nothing_reads_is_asked_about() {
    for (task, expected) in [
        ("verify T-88120 was solved and close it", true),
        ("see if T-88120 is solved and close it", true),
        ("look whether T-88120 is solved, then close it", true),
        ("first check T-88120 then close it", true),
        ("Schau ob T-88120 gelöst ist und schließ es", true),
        ("close T-88120 (solved ones only)", true),
        ("close T-88120 provided its solved", true),
        ("wenns gelöst ist: T-88120 zu", true),
        ("ferme T-88120 s'il est résolu", true),
        ("T-88120 solved -> close", true),
        ("close T-88120", false),
        ("look up T-88120 and close it", false),
        ("make sure to close T-88120", false),
        ("see if you can close T-88120", false),
        ("close T-88120, and only this one", false),
    ] {
        let made = closed(task);
        let mut all = made.report.questions.iter();
        let is_asked = all.any(|one| one.id == "condition:close_ticket");
        assert_eq!(is_asked, expected, "{task}: {:?}", made.report.questions);
    }
}

fn told(task: &str, text: &str) -> Session {
    let job = json!({ "job_id": "J-33114", "done": false });
    let mail = json!({ "to": "kim@shop.example", "subject": "Job J-33114", "text": text });
    session(
        task,
        vec![
            call("g", 0, "get_job", json!({ "job_id": "J-33114" }), job),
            call("m", 1, "send_mail", mail, json!({ "ok": true })),
        ],
    )
}

#[test]
fn the_verdict_of_the_recording_is_asked_about() {
    for (task, text, expected) in [
        (
            "tell kim@shop.example whether job J-33114 is done",
            "Your job is not finished yet.",
            true,
        ),
        (
            "tell kim@shop.example if job J-33114 worked",
            "Sorry, it failed.",
            true,
        ),
        (
            "Let kim@shop.example know how job J-33114 went",
            "All well.",
            true,
        ),
        (
            "check job J-33114 and report to kim@shop.example",
            "The job J-33114 ran without problems.",
            true,
        ),
        (
            "tell kim@shop.example that job J-33114 is on hold",
            "Your job is on hold for now.",
            false,
        ),
    ] {
        let made = made(&told(task, text), &bound());
        let one = made
            .report
            .questions
            .iter()
            .find(|one| one.id == "figure:send_mail:/text");
        assert_eq!(one.is_some(), expected, "{task}");
        if let Some(one) = one {
            assert_eq!(one.choices, ["constant", "gate"], "{task}");
            assert!(
                one.text
                    .contains("the agent made of what `get_job` answered"),
                "{}",
                one.text
            );
        }
    }
}

#[test]
fn names_of_several_words_beside_a_figure_follow_with_it() {
    let reading = json!({ "sensor": "sn-44540", "zone": { "name": "Halle 3" }, "value": 53.68 });
    let session = session(
        "Mail kim@shop.example what sensor sn-44540 reads.",
        vec![
            call(
                "g",
                0,
                "get_reading",
                json!({ "sensor": "sn-44540" }),
                reading,
            ),
            call(
                "m",
                1,
                "send_mail",
                json!({ "to": "kim@shop.example", "text": "Halle 3: 53.68" }),
                json!({ "ok": true }),
            ),
        ],
    );
    let mut options = bound();
    let follow = "steps.get_reading.output.value; steps.get_reading.output.zone.name";
    let asked = made(&session, &options);
    let one = asked
        .report
        .questions
        .iter()
        .find(|one| one.id == "figure:send_mail:/text")
        .unwrap();
    assert_eq!(one.choices.last().unwrap(), follow);
    options.answers.insert(one.id.clone(), follow.to_owned());
    let answered = made(&session, &options);
    let sent: &Value = &answered
        .document
        .steps
        .last()
        .unwrap()
        .with
        .as_ref()
        .unwrap()["arguments"]["text"];
    assert_eq!(
        sent,
        "{{ steps.get_reading.output.zone.name }}: {{ steps.get_reading.output.value }}"
    );
}
