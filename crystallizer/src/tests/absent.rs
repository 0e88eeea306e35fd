//! What is only made because a look had found none.

use super::build::*;
use crate::report::Level;
use crate::session::Session;
use serde_json::{Value, json};

/// A contact is looked for, made, and a call with it is logged.
fn logged(task: &str, found: Value) -> Session {
    session(
        task,
        vec![
            call(
                "s",
                0,
                "search_contacts",
                json!({ "email": "peter@lang.at" }),
                found,
            ),
            call(
                "c",
                1,
                "create_contact",
                json!({ "name": "Peter Lang", "email": "peter@lang.at" }),
                json!({ "id": "ct_90112" }),
            ),
            call(
                "l",
                2,
                "log_call",
                json!({ "contact_id": "ct_90112" }),
                json!({ "ok": true }),
            ),
        ],
    )
}

#[test]
fn what_is_made_because_there_was_none_is_asked_about() {
    let log = "Log a call with Peter Lang (peter@lang.at).";
    for (task, found, expected) in [
        (log, json!({ "contacts": [] }), true),
        (log, json!([]), true),
        (log, json!({ "contact": null }), true),
        (log, json!({ "total": 0, "page": 1, "results": [] }), true),
        (
            log,
            json!({ "email": "peter@lang.at", "contacts": [] }),
            true,
        ),
        (log, json!("Error: 404 contact not found"), true),
        (
            log,
            json!({ "contacts": [{ "id": "ct_5", "email": "peter@other.at" }] }),
            false,
        ),
        (log, json!({ "ok": true }), false),
        (
            "Create a contact for Peter Lang (peter@lang.at) and log a call with him.",
            json!({ "contacts": [] }),
            false,
        ),
    ] {
        let made = made(&logged(task, found.clone()), &bound());
        let questions = made.report.questions.iter();
        let asked = questions
            .clone()
            .any(|question| question.id == "absent:create_contact");
        assert_eq!(asked, expected, "{task} {found}");
        let findings = made.report.findings.iter();
        let waived = findings
            .clone()
            .any(|finding| finding.code == "made_when_absent" && finding.acknowledge);
        assert_eq!(waived, expected, "{task} {found}");
        if expected {
            assert_eq!(made.report.generalisable, Some(Level::Same), "{found}");
        }
    }
}

#[test]
fn an_answer_settles_it() {
    for (answer, gates) in [("always", 0), ("gate", 1)] {
        let mut options = bound();
        let id = "absent:create_contact".to_owned();
        options.answers.insert(id.clone(), answer.to_owned());
        let task = "Log a call with Peter Lang (peter@lang.at).";
        let made = made(&logged(task, json!({ "contacts": [] })), &options);
        assert!(made.report.questions.iter().all(|one| one.id != id));
        let codes = codes(&made.report.findings);
        assert!(
            codes.iter().all(|code| !code.contains("question_unknown")),
            "{codes:?}"
        );
        assert!(
            codes.iter().all(|code| !code.contains("made_when_absent")),
            "{codes:?}"
        );
        assert_eq!(made.report.counts.gates, gates, "{answer}");
    }
}

#[test]
fn recordings_are_parted_by_whether_a_list_is_empty() {
    let one = |number: u32, known: bool| {
        let email = format!("guest{number}@mail.net");
        let id = format!("ct_{}", 70_110 + number * 913);
        let found = match known {
            true => json!([{ "id": id, "email": email }]),
            false => json!([]),
        };
        let mut turns = vec![call(
            "s",
            0,
            "search_contacts",
            json!({ "email": email }),
            json!({ "contacts": found }),
        )];
        if !known {
            turns.push(call(
                "c",
                1,
                "create_contact",
                json!({ "email": email }),
                json!({ "id": id }),
            ));
        }
        turns.push(call(
            "l",
            2,
            "log_call",
            json!({ "contact_id": id }),
            json!({ "ok": true }),
        ));
        session(&format!("Log a call with {email}."), turns)
    };
    let all = [one(1, false), one(2, false), one(3, true), one(4, true)];
    let made = crate::crystallize(&all, &bound()).unwrap();
    let created = made.document.steps.iter();
    let mut created = created.filter(|step| step.id == "create_contact");
    let when = created.next().and_then(|step| step.when.as_deref());
    assert_eq!(
        when,
        Some("(steps.search_contacts.output.contacts | length) == 0")
    );
    let logged: Vec<&str> = made
        .document
        .steps
        .iter()
        .filter(|step| step.id.starts_with("log_call"))
        .filter_map(|step| step.when.as_deref())
        .collect();
    let otherwise = "(steps.search_contacts.output.contacts | length) > 0";
    assert!(logged.contains(&otherwise), "{logged:?}");
    // So few recordings may be parted by chance.
    let asked = made.report.questions.iter();
    assert!(asked.clone().any(|one| one.id == "branch:create_contact"));
}
