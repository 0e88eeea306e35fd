//! Changes that were tried more than once: what failed and was done in another way, and what was done twice.

use super::build::*;
use crate::{Crystallized, Options, Session, Turn};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn actions(made: &Crystallized) -> Vec<&str> {
    let steps = made.document.steps.iter();
    steps.map(|step| step.id.as_str()).collect()
}

fn waits(made: &Crystallized, code: &str) -> usize {
    let findings = made.report.findings.iter();
    findings
        .filter(|one| one.code == code && one.acknowledge)
        .count()
}

fn both(session: &Session) -> [Crystallized; 2] {
    [options(), bound()].map(|options| made(session, &options))
}

fn paid(id: &str, batch: u32, invoice: &str, with: &str, error: Option<&str>) -> Turn {
    let arguments = json!({ "invoice_id": invoice, "payment_id": with });
    match error {
        Some(error) => failed(id, batch, "pay_invoice", arguments, error),
        None => call(id, batch, "pay_invoice", arguments, json!({ "ok": true })),
    }
}

const EMPTY: Option<&str> = Some("Error: the balance of the gift card is not enough");

#[test]
fn a_failed_change_that_was_done_in_another_way_is_left_out() {
    let session = session(
        "Pay invoice INV-88231.",
        vec![
            paid("a", 0, "INV-88231", "gift_card_7480005", EMPTY),
            paid("b", 1, "INV-88231", "gift_card_7480006", EMPTY),
            paid("c", 2, "INV-88231", "credit_card_9879898", None),
        ],
    );
    for made in both(&session) {
        assert_eq!(actions(&made), ["pay_invoice"]);
        assert_eq!(waits(&made, "failed_then_varied"), 2);
        assert_eq!(made.report.counts.left_out, 2);
    }
    // Put back it is a step, and has to be acknowledged as one that may succeed.
    let keep = BTreeSet::from(["a".to_owned()]);
    let kept = made(&session, &Options { keep, ..options() });
    assert_eq!(actions(&kept).len(), 2);
    assert_eq!(waits(&kept, "failed_then_varied"), 1);
    assert_eq!(waits(&kept, "failed_call_kept"), 1);
}

#[test]
fn of_ways_that_all_failed_the_last_is_kept() {
    let moved = |id: &str, batch: u32, cabin: &str| {
        let arguments =
            json!({ "booking_id": "BK-88231", "cabin": cabin, "legs": [{ "leg": cabin }] });
        failed(id, batch, "update_booking", arguments, "Error: no seat")
    };
    let session = session(
        "Move booking BK-88231 to a better cabin.",
        vec![
            moved("a", 0, "business"),
            moved("b", 1, "premium"),
            moved("c", 2, "economy"),
        ],
    );
    for made in both(&session) {
        assert_eq!(actions(&made), ["update_booking"]);
        assert_eq!(waits(&made, "failed_then_varied"), 2);
        let judgement = &made.report.judgement;
        let told = judgement.reasons.iter();
        assert!(
            told.clone()
                .any(|reason| reason.code == "nothing_succeeded")
        );
    }
}

#[test]
fn a_failed_change_of_something_else_stays_and_is_acknowledged() {
    let session = session(
        "Pay what is open.",
        vec![
            paid("a", 0, "INV-88231", "gift_card_7480005", EMPTY),
            paid("b", 1, "INV-90417", "credit_card_9879898", None),
        ],
    );
    for made in both(&session) {
        assert_eq!(actions(&made).len(), 2);
        assert_eq!(waits(&made, "failed_then_varied"), 0);
        assert_eq!(waits(&made, "failed_call_kept"), 1);
    }
    // What only looks may fail again.
    let looked = super::build::session(
        "Pay invoice INV-90417.",
        vec![
            failed(
                "a",
                0,
                "get_invoice",
                json!({ "invoice_id": "INV-88231" }),
                "Error: not found",
            ),
            paid("b", 1, "INV-90417", "credit_card_9879898", None),
        ],
    );
    for made in both(&looked) {
        assert_eq!(waits(&made, "failed_call_kept"), 0);
    }
}

#[test]
fn what_is_done_to_comes_before_what_it_is_done_with() {
    let transfer = |id: &str, batch: u32, from: &str, to: &str, error: Option<&str>| {
        let arguments = json!({ "from_account_id": from, "to_account_id": to, "amount": 20 });
        match error {
            Some(error) => failed(id, batch, "transfer_money", arguments, error),
            None => call(
                id,
                batch,
                "transfer_money",
                arguments,
                json!({ "ok": true }),
            ),
        }
    };
    let tried = |other: &str| {
        session(
            "Move 20 to where it belongs.",
            vec![
                transfer("a", 0, "acc_771", "acc_202", Some("Error: no money")),
                transfer("b", 1, "acc_303", other, None),
            ],
        )
    };
    assert_eq!(
        actions(&made(&tried("acc_202"), &options())),
        ["transfer_money"]
    );
    assert_eq!(actions(&made(&tried("acc_909"), &options())).len(), 2);
}

/// What goes to another one, or is of another amount, was not done by the next call.
#[test]
fn a_failed_change_for_another_one_stays() {
    for (tool, first, second) in [
        (
            "share_file",
            json!({ "file_id": "F-88123", "email": "ann@x.org" }),
            json!({ "file_id": "F-88123", "email": "bob@x.org" }),
        ),
        (
            "invite_to_repo",
            json!({ "repo_name": "core-771", "email": "ann@x.org" }),
            json!({ "repo_name": "core-771", "email": "bob@x.org" }),
        ),
        (
            "refund_order",
            json!({ "order_id": "ORD-77", "payment_id": "card-1", "amount": 5 }),
            json!({ "order_id": "ORD-77", "payment_id": "card-2", "amount": 9 }),
        ),
        (
            "send_gift",
            json!({ "order_id": "ORD-77", "gift_user": "ann" }),
            json!({ "order_id": "ORD-77", "gift_user": "bob" }),
        ),
    ] {
        let turns = vec![
            failed("a", 0, tool, first, "Error: blocked"),
            call("b", 1, tool, second, json!({ "ok": true })),
        ];
        for made in both(&session("Do both.", turns)) {
            assert_eq!(waits(&made, "failed_then_varied"), 0, "{tool}");
            assert_eq!(made.report.counts.left_out, 0, "{tool}");
            assert_eq!(waits(&made, "failed_call_kept"), 1, "{tool}");
        }
    }
}

fn added(id: &str, batch: u32, product: &str) -> Turn {
    call(
        id,
        batch,
        "add_to_cart",
        json!({ "customer_id": "12345", "products": [{ "product_id": product, "quantity": 2 }] }),
        json!({ "status": "success" }),
    )
}

fn other(id: &str, batch: u32, tool: &str, arguments: Value) -> Turn {
    call(id, batch, tool, arguments, json!({ "items": [] }))
}

#[test]
fn the_same_change_twice_is_acknowledged() {
    let cart = json!({ "customer_id": "12345" });
    for (turns, expected) in [
        (vec![added("a", 0, "TREE-9"), added("b", 1, "TREE-9")], 1),
        (
            vec![
                added("a", 0, "TREE-9"),
                other("l", 1, "get_cart", cart.clone()),
                added("b", 2, "TREE-9"),
            ],
            1,
        ),
        // Nobody knows what that does: it is hardly why it was added again.
        (
            vec![
                added("a", 0, "TREE-9"),
                other("l", 1, "access_cart_information", cart.clone()),
                added("b", 2, "TREE-9"),
            ],
            1,
        ),
        (
            vec![
                added("a", 0, "TREE-9"),
                failed(
                    "f",
                    1,
                    "order_cart",
                    cart.clone(),
                    "Error: the cart is empty",
                ),
                added("b", 2, "TREE-9"),
            ],
            0,
        ),
        (vec![added("a", 0, "TREE-9"), added("b", 1, "TREE-8")], 0),
        (
            vec![
                added("a", 0, "TREE-9"),
                other("o", 1, "order_cart", cart.clone()),
                added("b", 2, "TREE-9"),
            ],
            0,
        ),
        // To set what is set already changes nothing, and work is started again.
        (
            vec![
                other("a", 0, "update_cart", cart.clone()),
                other("b", 1, "update_cart", cart.clone()),
            ],
            0,
        ),
        (
            vec![
                other("a", 0, "run_checks", cart.clone()),
                other("b", 1, "run_checks", cart.clone()),
            ],
            0,
        ),
    ] {
        let session = session("Add the tree TREE-9 to the cart of customer 12345.", turns);
        for made in both(&session) {
            assert_eq!(waits(&made, "done_twice"), expected, "{:?}", actions(&made));
        }
    }
}
