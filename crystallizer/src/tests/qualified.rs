//! Sayings that narrow what is done, and those that do not, each through a real draft.

use super::build::*;
use crate::session::Session;
use serde_json::{Value, json};

/// One order that is looked up and cancelled or refunded.
fn order(task: &str, deed: &str) -> Session {
    let order = json!({ "order_id": "W48121", "status": "pending", "sum": 60 });
    with_order(task, order, deed)
}

/// All tickets of a list are closed.
fn loop_over(task: &str) -> Session {
    let ids = ["T-48121", "T-77340", "T-10553"];
    let opened = ["2025-11-03", "2025-11-09", "2025-12-01"];
    let all: Vec<Value> = ids
        .iter()
        .zip(opened)
        .map(|(id, day)| {
            json!({
                "ticket_id": id, "pinned": false, "priority": "urgent", "owner": "Bob",
                "last_opened": day, "due": day,
            })
        })
        .collect();
    closing(task, json!({}), &all, &[0, 1, 2])
}

fn holds(cases: &[(&str, bool)], play: impl Fn(&str) -> Session) {
    let wrong: Vec<&(&str, bool)> = cases
        .iter()
        .filter(|(task, expected)| unshown(&made(&play(task), &bound())).is_empty() == *expected)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn conditions_are_asked_about_and_manners_of_speaking_are_not() {
    holds(
        &[
            ("Cancel order W48121.", false),
            ("Cancel order W48121, if possible.", false),
            ("If you can, cancel order W48121.", false),
            ("Please cancel order W48121 if you don't mind.", false),
            ("If you'd be so kind, cancel order W48121.", false),
            ("Storniere order W48121, wenn es geht.", false),
            (
                "Look at order W48121. If any item in it is late, cancel it.",
                true,
            ),
            (
                "If I have paid less than 100 for order W48121, cancel it.",
                true,
            ),
            (
                "If you have no shipping date there, cancel order W48121.",
                true,
            ),
            (
                "If you see that it has not shipped, cancel order W48121.",
                true,
            ),
            (
                "If this is right below 60 euros, cancel order W48121.",
                true,
            ),
            ("Look at order W48121. When it is unpaid, cancel it.", true),
            ("Should it still be pending, cancel order W48121.", true),
            ("Given that it is unpaid, cancel order W48121.", true),
            ("In the event that it is late, cancel order W48121.", true),
            ("Cancel order W48121 on condition that it is unpaid.", true),
            (
                "Cancel order W48121 depending on whether it has shipped.",
                true,
            ),
            ("Cancel order W48121, solange sie nicht versandt ist.", true),
            (
                "Order W48121: Ist sie noch nicht versandt, storniere sie.",
                true,
            ),
            (
                "Look at order W48121. Ist sie noch nicht versandt, storniere sie.",
                true,
            ),
            ("Look at order W48121. If it is unpaid, kill it.", true),
            (
                "Look at order W48121 and drop it from the system, provided it is unpaid.",
                true,
            ),
            ("Cancel order W48121. Never cancel shipped orders.", true),
            (
                "Cancel order W48121. Don't cancel anything that has shipped.",
                true,
            ),
        ],
        |task| order(task, "cancel_order"),
    );
}

#[test]
fn caps_on_sums_are_asked_about() {
    holds(
        &[
            ("Refund order W48121.", false),
            ("Refund order W48121 but at most 100.", true),
            ("Refund order W48121, up to 100 euros.", true),
            ("Refund order W48121. Above 100 ask me first.", true),
            (
                "Refund order W48121. Ask me before you refund more than 100.",
                true,
            ),
            ("Refund order W48121. Anything above 100 needs my ok.", true),
        ],
        |task| order(task, "refund_order"),
    );
}

#[test]
fn fields_and_values_of_elements_are_asked_about_however_they_are_named() {
    holds(
        &[
            ("Close all tickets.", false),
            ("Close all tickets. Leave the pinned ones alone.", true),
            ("Close all tickets. Don't touch pinned stuff.", true),
            ("Close all tickets. Hands off whatever is pinned.", true),
            ("Close all tickets. Only urgent, though.", true),
            ("Close all tickets. Bob's must stay.", true),
            ("Close the tickets Bob opened.", true),
            ("Close all tickets. Exception: pinned", true),
            ("Close all tickets last opened over 30 days ago.", true),
        ],
        loop_over,
    );
}
