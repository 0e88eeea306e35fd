//! Conditions of a deed, and what becomes of them once somebody has answered.

use super::*;
use crate::report::Level;

fn cancelling(task: &str) -> Session {
    let order = json!({ "order_id": "#W4817", "tracking": "Z-77120" });
    with_order(task, order, "cancel_order")
}

#[test]
fn a_condition_of_a_deed_is_asked_about() {
    for (task, expected) in [
        (
            "Cancel the order #W4817 if it has not shipped.",
            Some("“if it has not shipped”"),
        ),
        (
            "Unless it has shipped, cancel the order #W4817.",
            Some("“Unless it has shipped”"),
        ),
        (
            "Look at #W4817. If it is late, do it: cancel.",
            Some("“If it is late”"),
        ),
        ("Cancel the order #W4817. If you need more, ask me.", None),
        (
            "Can you tell me if #W4817 has shipped? Cancel the order.",
            None,
        ),
        (
            "Storniere die Bestellung #W4817, falls sie nicht versandt ist.",
            Some("“falls sie nicht versandt ist”"),
        ),
    ] {
        let made = crystallized(&cancelling(task));
        let asked = asked(&made);
        assert_eq!(
            asked,
            expected.map(str::to_owned).into_iter().collect::<Vec<_>>(),
            "{task}"
        );
        if expected.is_some() {
            assert_eq!(made.report.generalisable, Some(Level::Same), "{task}");
            assert_eq!(made.report.questions[0].id, "condition:cancel_order");
            assert_eq!(made.report.questions[0].choices, ["always", "gate"]);
        }
    }
}

#[test]
fn an_answer_settles_it() {
    let task = "Cancel the order #W4817 if it has not shipped.";
    let answered = |answer: &str| {
        let mut options = bound();
        options
            .answers
            .insert("condition:cancel_order".to_owned(), answer.to_owned());
        crate::tests::build::made(&cancelling(task), &options)
    };
    let made = answered("always");
    assert_eq!(made.report.questions, []);
    assert_eq!(asked(&made), Vec::<String>::new());
    assert!(made.report.generalisable >= Some(Level::Renamed));
    let made = answered("gate");
    assert_eq!(made.report.questions, []);
    assert!(made.report.generalisable >= Some(Level::Renamed));
    assert_eq!(
        chain(&made),
        [
            "get_order tool <- ",
            "approve_cancel_order approval_gate <- get_order",
            "cancel_order tool <- approve_cancel_order"
        ]
    );
    assert_eq!(made.report.counts.gates, 1);
    // The answer was for these words, and holds for no others.
    let mut options = bound();
    options
        .answers
        .insert("condition:cancel_order".to_owned(), "always".to_owned());
    options.answered_for.insert(
        "condition:cancel_order".to_owned(),
        "if it is late".to_owned(),
    );
    let made = crate::tests::build::made(&cancelling(task), &options);
    assert_eq!(asked(&made), ["“if it has not shipped”"]);
    assert!(
        made.report
            .findings
            .iter()
            .any(|finding| finding.code == "answer_outdated")
    );
}

/// Whoever was asked before the step in the recording is asked about this too: there is one gate, and it says both.
#[test]
fn a_gate_that_the_recording_has_is_the_one_that_asks() {
    let mut session = cancelling("Cancel the order #W4817 if it has not shipped.");
    let last = session.turns.len() - 1;
    session
        .turns
        .insert(last, approval(Some("x"), true, "ana", "as she wants"));
    let mut options = bound();
    let answer = ("condition:cancel_order".to_owned(), "gate".to_owned());
    options.answers = [answer].into();
    let made = crate::tests::build::made(&session, &options);
    assert_eq!(made.report.questions, []);
    assert_eq!(
        chain(&made),
        [
            "get_order tool <- ",
            "approve_cancel_order approval_gate <- get_order",
            "cancel_order tool <- approve_cancel_order"
        ]
    );
    assert_eq!(made.report.counts.gates, 1);
    let with = made.document.steps[1].with.as_ref().unwrap();
    let message = with["message"].as_str().unwrap();
    assert!(message.contains("as she wants"), "{message}");
}

#[test]
fn a_loop_can_be_left_one_by_one_or_behind_a_gate() {
    let all = tickets(&[json!({ "hours": 3 }), json!({ "hours": 7 })]);
    let session = closing("Close all unread tickets of ana_li_3668.", &all, &[0, 1]);
    let answered = |answer: &str| {
        let mut options = bound();
        options
            .answers
            .insert("condition:close_ticket".to_owned(), answer.to_owned());
        crate::tests::build::made(&session, &options)
    };
    let made = crystallized(&session);
    assert_eq!(
        made.report.questions[0].choices,
        ["always", "gate", "one_by_one"]
    );
    let made = answered("one_by_one");
    assert_eq!(over(&made), Vec::<String>::new());
    assert!(
        !made
            .report
            .findings
            .iter()
            .any(|finding| finding.code == "question_unknown")
    );
    let made = answered("gate");
    assert_eq!(over(&made).len(), 1);
    assert_eq!(
        made.document.steps[1].action.as_deref(),
        Some("approval_gate")
    );
    assert_eq!(made.document.steps[2].needs, ["approve_close_ticket"]);
    assert_eq!(made.report.generalisable, Some(Level::Shuffled));
}

#[test]
fn a_gate_tells_the_whole_sentence() {
    let all = tickets(&[json!({}), json!({}), json!({})]);
    let closing = closing(
        "Close all tickets of ana_li_3668 but keep the pinned tickets open.",
        &all,
        &[0, 1, 2],
    );
    let asked = crate::tests::build::made(&closing, &bound());
    let question = asked
        .report
        .questions
        .iter()
        .find(|question| question.id.starts_with("condition:"))
        .unwrap();
    let mut options = bound();
    options.answers = [(question.id.clone(), "gate".to_owned())].into();
    let made = crate::tests::build::made(&closing, &options);
    let gate = made
        .document
        .steps
        .iter()
        .find(|step| step.action.as_deref() == Some("approval_gate"))
        .unwrap();
    let message = &gate.with.as_ref().unwrap()["message"];
    assert!(
        message
            .as_str()
            .unwrap()
            .contains("but keep the pinned tickets open"),
        "{message}"
    );
}
