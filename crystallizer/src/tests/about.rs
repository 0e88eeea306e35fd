//! What answers are about: a look that was sent an id and answered with the same is held to it in every run.

use super::build::*;
use crate::session::{Session, Turn};
use crate::{Crystallized, crystallize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A look, a change that is made by what it answered, and nothing else.
fn looked(look: &str, asked: &Value, answer: &Value) -> Session {
    session(
        "Refund order W48121.",
        vec![
            call("a", 0, look, asked.clone(), answer.clone()),
            refund(answer),
        ],
    )
}

fn refund(answer: &Value) -> Turn {
    let sent = json!({ "payment_id": answer.pointer("/payment_id").or(answer.pointer("/order/payment_id")) });
    call("b", 1, "refund_payment", sent, json!({ "refund": 7 }))
}

fn held(made: &Crystallized, step: usize) -> Vec<(String, String)> {
    let places = made.document.steps[step].answers_to.as_deref();
    let places: BTreeMap<String, String> = places.cloned().unwrap_or_default();
    places.into_iter().collect()
}

#[test]
fn a_look_that_shows_what_it_was_asked_for_is_held_to_it() {
    let pay = "pay_881273";
    for (look, asked, answer, expected) in [
        (
            "get_order",
            json!({ "order_id": "W48121" }),
            json!({ "order_id": "W48121", "payment_id": pay }),
            Some(("/order_id", "/arguments/order_id")),
        ),
        (
            "get_order",
            json!({ "order_id": "W48121" }),
            json!({ "id": "W48121", "payment_id": pay }),
            Some(("/id", "/arguments/order_id")),
        ),
        // The key that names it wins.
        (
            "get_order",
            json!({ "order_id": "W48121" }),
            json!({ "id": "W48121", "order": { "orderId": "w48121", "payment_id": pay } }),
            Some(("/order/orderId", "/arguments/order_id")),
        ),
        (
            "get_issue",
            json!({ "issue_number": 6718 }),
            json!({ "number": 6718, "id": 99, "payment_id": pay }),
            Some(("/number", "/arguments/issue_number")),
        ),
        // Another form of it, another thing's id, or none.
        (
            "get_order",
            json!({ "order_id": "W48121" }),
            json!({ "order_id": "ORDER-W48121", "payment_id": pay }),
            None,
        ),
        (
            "get_order",
            json!({ "order_id": "W48121" }),
            json!({ "customer_id": "W48121", "payment_id": pay }),
            None,
        ),
        (
            "get_order",
            json!({ "order_id": "W48121" }),
            json!({ "payment_id": pay }),
            None,
        ),
        // What a list was searched by.
        (
            "get_order",
            json!({ "order_id": "W48121" }),
            json!({ "found": [{ "order_id": "W48121" }], "payment_id": pay }),
            None,
        ),
        (
            "get_order",
            json!({ "page_number": 2 }),
            json!({ "page_number": 2, "payment_id": pay }),
            None,
        ),
    ] {
        let made = made(&looked(look, &asked, &answer), &bound());
        let expected: Vec<(String, String)> = expected
            .into_iter()
            .map(|(came, sent)| (came.to_owned(), sent.to_owned()))
            .collect();
        assert_eq!(held(&made, 0), expected, "{asked} {answer}");
    }
}

#[test]
fn what_stands_in_a_path_or_a_text_is_found_there() {
    let tools = "tools:\n- { match: get_order, action: http, with: { connection: shop, path: \"/orders/{{ call.arguments.order_id }}\" }, effects: read }\n";
    let options = crate::Options {
        tools: crate::parse_tools(tools).unwrap(),
        ..bound()
    };
    let answer = json!({ "order_id": "W48121", "payment_id": "pay_881273" });
    let asked = json!({ "order_id": "W48121" });
    let by_path = made(&looked("get_order", &asked, &answer), &options);
    assert_eq!(
        held(&by_path, 0),
        [("/json/order_id".to_owned(), "/path".to_owned())]
    );
    let turns = vec![
        call("a", 0, "get_order", asked, answer.to_string().into()),
        refund(&answer),
    ];
    let in_text = made(&session("Refund order W48121.", turns), &bound());
    assert_eq!(
        held(&in_text, 0),
        [("/order_id".to_owned(), "/arguments/order_id".to_owned())]
    );
    assert_eq!(
        in_text.report.replay.differing + in_text.report.replay.missing,
        0
    );
}

#[test]
fn only_what_a_change_is_made_by_is_held() {
    let order = json!({ "order_id": "W48121", "customer_id": "C-7712", "note": "late" });
    let customer = json!({ "customer_id": "C-7712", "email": "ana.k@example.com" });
    let ask = |id: &str, batch, tool: &str, key: &str, answer: &Value| {
        call(id, batch, tool, json!({ key: answer[key] }), answer.clone())
    };
    // The order leads to the customer, and that to whom the mail goes.
    let mail = call(
        "m",
        2,
        "send_mail",
        json!({ "to": "ana.k@example.com", "text": "It is on its way." }),
        json!({ "sent": true }),
    );
    let all = vec![
        ask("a", 0, "get_order", "order_id", &order),
        ask("b", 1, "get_customer", "customer_id", &customer),
        mail,
    ];
    let chained = made(
        &session("Tell the customer of W48121 that it is on its way.", all),
        &bound(),
    );
    for (step, key) in [(0, "order_id"), (1, "customer_id")] {
        assert_eq!(
            held(&chained, step),
            [(format!("/{key}"), format!("/arguments/{key}"))],
            "{}",
            yaml(&chained.document)
        );
    }
    // Nothing of it is sent.
    let unread = made(
        &with_order("Cancel order W48121.", order, "cancel_order"),
        &bound(),
    );
    assert!(
        unread
            .document
            .steps
            .iter()
            .all(|step| step.answers_to.is_none())
    );
}

#[test]
fn further_recordings_have_to_show_it_too() {
    let one = |id: &str, shown: Value, pay: &str| {
        let answer = json!({ "order_id": shown, "payment_id": pay });
        let mut session = looked("get_order", &json!({ "order_id": id }), &answer);
        if let Some(Turn::Message { text, .. }) = session.turns.first_mut() {
            *text = format!("Refund order {id}.");
        }
        session
    };
    let first = || one("W48121", json!("W48121"), "pay_881273");
    for (other, expected) in [
        (json!("W7712"), 1),
        (json!("w7712"), 1),
        (json!("2027/W7712"), 0),
        (json!(null), 0),
    ] {
        let both = [first(), one("W7712", other.clone(), "pay_771234")];
        let made = crystallize(&both, &bound()).unwrap();
        assert_eq!(held(&made, 0).len(), expected, "{other}");
    }
}

#[test]
fn each_pass_of_a_loop_is_held_to_its_own() {
    let ids = ["T-4411", "T-5512", "T-6613"];
    let list: Vec<Value> = ids.iter().map(|id| json!({ "ticket_id": id })).collect();
    let mut turns = vec![call(
        "l",
        0,
        "list_tickets",
        json!({}),
        json!({ "tickets": list }),
    )];
    for (number, id) in (1..).zip(ids) {
        let owner = format!("{}@example.com", id.to_lowercase());
        let ticket = json!({ "ticket_id": id, "owner": owner });
        let asked = json!({ "ticket_id": id });
        turns.push(call(
            &format!("g{number}"),
            number * 2,
            "get_ticket",
            asked,
            ticket,
        ));
        let sent = json!({ "to": owner, "text": "Closed." });
        turns.push(call(
            &format!("m{number}"),
            number * 2 + 1,
            "send_mail",
            sent,
            json!({ "sent": true }),
        ));
    }
    let made = made(
        &session("Mail the owner of every ticket that it is closed.", turns),
        &bound(),
    );
    let body = &made.document.steps[1].steps;
    assert_eq!(body.len(), 2, "{}", yaml(&made.document));
    let places = body[0].answers_to.as_deref().unwrap();
    assert_eq!(
        places.iter().collect::<Vec<_>>(),
        [(&"/ticket_id".to_owned(), &"/arguments/ticket_id".to_owned())]
    );
}
