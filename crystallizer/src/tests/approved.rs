//! A person's yes before a change is never lost, however the agent asked and whatever was said beside it.

use super::build::*;
use crate::session::{Role, Session};
use crate::{Crystallized, Mode, Options};
use serde_json::json;

/// The agent looks an order up, says something, the person answers, and the order is refunded.
fn refunded(question: &str, answer: &str) -> Session {
    session(
        "Please look up order W48121 and refund it to my card.",
        vec![
            call(
                "a",
                0,
                "get_order",
                json!({ "order_id": "W48121" }),
                json!({ "order_id": "W48121", "total": 128.4, "card_id": "card_99817" }),
            ),
            said(Role::Assistant, question),
            said(Role::User, answer),
            call(
                "b",
                1,
                "refund_order",
                json!({ "order_id": "W48121", "amount": 128.4, "card_id": "card_99817" }),
                json!({ "ok": true }),
            ),
        ],
    )
}

fn both(session: &Session) -> [Crystallized; 2] {
    [Mode::Exact, Mode::Bound].map(|mode| made(session, &Options { mode, ..options() }))
}

fn has_gate(made: &Crystallized) -> bool {
    let mut steps = made.document.steps.iter();
    steps.any(|step| step.action.as_deref() == Some("approval_gate"))
}

const TOLD: &str = "I will refund order W48121 with 128.40 to card_99817.";

#[test]
fn however_the_agent_asks_a_yes_is_a_gate() {
    for question in [
        "Please reply with 'yes' to go on.",
        "Type \"yes\" to confirm.",
        "If this is correct and you approve, I will process it immediately.",
        "If it looks right (type “yes” to confirm), I will process it.",
        "Reply YES and I will do it.",
        "Tell me to go ahead and I will do it.",
        "Please confirm.",
        "Can you confirm that, please.",
        "Say the word and I do it.",
        "Waiting for your approval.",
        "Does that work for you?",
        // Words that no list holds: who begins with a yes has said yes.
        "Everything hangs on you now.",
    ] {
        let session = refunded(&format!("{TOLD} {question}"), "Yes, go ahead.");
        for made in both(&session) {
            assert!(has_gate(&made), "{question}");
        }
    }
}

#[test]
fn what_is_said_beside_a_yes_takes_no_gate_away() {
    for answer in [
        "Yes, let's go with the card—no voucher needed, and no receipt. Thanks!",
        "Yes, refund it to the card, not as store credit.",
        "Yes, go ahead. I don't need a receipt.",
        "Yes, can you do it today?",
        "Yes, but never by cheque.",
        "Yes. What comes after that?",
        "Yes, wait for nothing else.",
        "Okay, I see that it is not refundable in cash. Yes, please proceed.",
        "That took long. Well, yes, the details look right otherwise.",
        &format!(
            "Yes, that is right. {}",
            "I really do like the old one more. ".repeat(12)
        ),
    ] {
        let session = refunded(&format!("{TOLD} Please confirm."), answer);
        for made in both(&session) {
            assert!(has_gate(&made), "{answer}");
            let no = |id: &str| id.starts_with("after_refusal");
            assert!(
                !made.report.findings.iter().any(|one| no(&one.id)),
                "{answer}"
            );
        }
    }
}

#[test]
fn a_no_stays_one_and_what_is_no_answer_gives_no_gate() {
    for answer in [
        "Yes, but don't do it yet.",
        "Yes... actually no.",
        "No. I said yes yesterday.",
        "Yes, I understand. Please don't refund it.",
        "Yes that is the order, but do not refund it.",
    ] {
        let session = refunded(&format!("{TOLD} Shall I?"), answer);
        for made in both(&session) {
            let mut findings = made.report.findings.iter();
            let found = findings.find(|one| one.id == "after_refusal:refund_order");
            assert!(found.is_some_and(|one| one.acknowledge), "{answer}");
            assert!(has_gate(&made), "{answer}");
        }
    }
    for (told, answer) in [
        ("I looked it up.", "Great. Refund it then, please."),
        ("Done. The order is looked up.", "Yes, thank you"),
        ("I looked it up.", "Correct the amount and refund it."),
    ] {
        for made in both(&refunded(told, answer)) {
            assert!(!has_gate(&made), "{answer}");
        }
    }
}
