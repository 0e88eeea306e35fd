//! What the instructions say on what a change hangs.

use super::*;
use crate::session::Role;

/// An order is refunded under some instructions.
fn instructed(instructions: &str, task: &str, tool: &str) -> Session {
    let order = json!({ "order_id": "W48121", "status": "delivered" });
    let mut session = with_order(task, order, tool);
    session.turns.insert(0, said(Role::System, instructions));
    session
}

fn policies(made: &Crystallized) -> Vec<(&str, &str)> {
    let all = made.report.questions.iter();
    all.filter(|one| one.id.starts_with("policy:"))
        .map(|one| (one.id.as_str(), one.text.as_str()))
        .collect()
}

const TASK: &str = "Refund order W48121.";

#[test]
fn a_condition_of_the_instructions_that_concerns_a_change_is_asked_about_once() {
    for (instructions, expected) in [
        ("Refunds over $100 need a manager's approval.", true),
        ("Only refund within 30 days of purchase.", true),
        ("If the user is gold, refund the order in full.", true),
        ("Orders that were paid by card cannot be refunded.", true),
        ("You help users with their orders.", false),
        (
            "Reservations can be cancelled within 24 hours of booking.",
            false,
        ),
        (
            "Before you refund an order, you must ask for the reason.",
            false,
        ),
        ("Be polite. Only answer questions about orders.", false),
    ] {
        let made = crystallized(&instructed(instructions, TASK, "refund_order"));
        let asked = policies(&made);
        assert_eq!(
            asked.len(),
            usize::from(expected),
            "{instructions} {asked:?}"
        );
        let findings = unshown(&made);
        assert_eq!(findings.len(), asked.len(), "{instructions} {findings:?}");
        if let [(id, text)] = asked.as_slice() {
            let quoted = format!(
                "The instructions say “{}”",
                instructions.trim_end_matches('.')
            );
            assert_eq!(*id, "policy:refund_order");
            assert!(text.starts_with(&quoted), "{text}");
        }
    }
}

#[test]
fn of_a_long_policy_the_plainest_sentence_is_shown() {
    let long = format!(
        "{}\n- Refunds go to the way of payment.\n- Never refund orders unless they were paid.\n\
         - Orders can be refunded within 30 days of purchase. Nothing else is done.\n{}",
        "You greet people and look at what they bought. ".repeat(60),
        "If a refund is late, say so. ".repeat(60),
    );
    let made = crystallized(&instructed(&long, TASK, "refund_order"));
    let asked = policies(&made);
    let [(_, text)] = asked.as_slice() else {
        panic!("{asked:?}")
    };
    assert!(
        text.contains("“Orders can be refunded within 30 days of purchase”"),
        "{text}"
    );
}

#[test]
fn nobody_is_asked_about_a_policy_where_they_are_asked_before_the_step() {
    let policy = "Refunds over $100 need a manager's approval.";
    let mut session = instructed(policy, TASK, "refund_order");
    let at = session.turns.len() - 1;
    session
        .turns
        .insert(at, said(Role::Assistant, "Shall I refund order W48121?"));
    session.turns.insert(at + 1, said(Role::User, "Yes"));
    let made = crystallized(&session);
    assert_eq!(made.report.counts.gates, 1);
    assert_eq!(policies(&made), []);
    // The answer puts a gate there that tells what the instructions say.
    let options = crate::Options {
        answers: [("policy:refund_order".to_owned(), "gate".to_owned())].into(),
        ..bound()
    };
    let session = instructed(policy, TASK, "refund_order");
    let made = super::super::build::made(&session, &options);
    assert_eq!(policies(&made), []);
    let gate = druse_engine::definition::to_yaml(&made.document);
    assert!(
        gate.contains("The instructions say") && gate.contains("approval_gate"),
        "{gate}"
    );
}

#[test]
fn a_policy_is_none_for_work_on_files() {
    let policy = "Never edit files over 300 lines without approval.";
    let made = crystallized(&instructed(policy, "Edit the file W48121.", "edit_file"));
    assert_eq!(policies(&made), []);
}
