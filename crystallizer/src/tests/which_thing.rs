//! Which thing something is done with: ids that are words, pieces of other ids, and references to what was found.

use super::build::*;
use crate::Crystallized;
use crate::session::{Role, Session};
use serde_json::{Value, json};

fn one(task: &str, tool: &str, arguments: Value) -> Crystallized {
    let done = json!({ "ok": true });
    made(
        &session(task, vec![call("x", 0, tool, arguments, done)]),
        &bound(),
    )
}

fn asked(made: &Crystallized) -> Vec<&str> {
    let questions = made.report.questions.iter();
    questions.map(|one| one.id.as_str()).collect()
}

fn sent<'m>(made: &'m Crystallized, key: &str) -> &'m Value {
    let last = made.document.steps.last().unwrap();
    &last.with.as_ref().unwrap()["arguments"][key]
}

#[test]
fn an_id_that_is_a_word_is_asked_about() {
    for (key, value, is_asked) in [
        ("product_id", "arbequina_olive_tree", true),
        ("user_id", "dora", true),
        ("card_id", "main_card", true),
        ("sku", "lamp", true),
        ("user_id", "me", false),
        ("calendar_id", "primary", false),
        ("kind", "lamp", false),
    ] {
        let made = one(
            "Do what has to be done.",
            "modify_cart",
            json!({ key: value }),
        );
        let id = format!("source:modify_cart:/{key}");
        assert_eq!(
            asked(&made).contains(&id.as_str()),
            is_asked,
            "{key} {value}"
        );
    }
    let made = one(
        "Invite dora to the team.",
        "invite",
        json!({ "user_id": "dora" }),
    );
    assert_eq!(sent(&made, "user_id"), "{{ inputs.user_id }}");
    // Of a few that the tool offers one is how the agent works.
    let mut session = session(
        "Do what has to be done.",
        vec![call(
            "x",
            0,
            "modify_cart",
            json!({ "list_id": "wishes" }),
            json!({ "ok": true }),
        )],
    );
    session.tools = vec![crate::session::ToolSpec {
        name: "modify_cart".to_owned(),
        input_schema: Some(json!({
            "type": "object",
            "properties": { "list_id": { "type": "string", "enum": ["cart", "wishes"] } }
        })),
        ..Default::default()
    }];
    assert!(!asked(&made_of(&session)).contains(&"source:modify_cart:/list_id"));
}

fn made_of(session: &Session) -> Crystallized {
    made(session, &bound())
}

#[test]
fn a_piece_of_another_id_was_not_said() {
    let session = session(
        "Please send me a voucher.",
        vec![
            said(
                Role::Assistant,
                "You have one potting soil (product soil-123). Shall I send you a voucher?",
            ),
            said(Role::User, "Yes, please."),
            call(
                "v",
                0,
                "create_voucher",
                json!({ "customer_id": "123" }),
                json!({ "ok": true }),
            ),
        ],
    );
    let made = made_of(&session);
    assert_eq!(sent(&made, "customer_id"), "123");
    assert_eq!(asked(&made), ["source:create_voucher:/customer_id"]);
    // The number of an address may be meant.
    let task = "Look at https://github.com/acme/web/pull/345 and approve it.";
    let made = one(task, "approve_pull_request", json!({ "number": 345 }));
    let number = sent(&made, "number").to_string();
    assert!(number.contains("inputs."), "{number}");
}

#[test]
fn a_comment_is_made_on_the_ticket_that_was_found() {
    for tool in ["add_ticket_comment", "create_ticket_comment", "add_comment"] {
        let found = json!([{ "id": "31", "title": "Broken lamp", "state": "open" }]);
        let session = session(
            "Tell john@acme.example in the 'Broken lamp' ticket.",
            vec![
                call(
                    "s",
                    0,
                    "search_tickets",
                    json!({ "query": "Broken lamp" }),
                    found,
                ),
                call(
                    "c",
                    1,
                    tool,
                    json!({ "ticket_id": "31", "to": "john@acme.example" }),
                    json!({ "ok": true }),
                ),
            ],
        );
        let made = made_of(&session);
        let written = sent(&made, "ticket_id").as_str().unwrap();
        assert!(
            written.contains("steps.search_tickets.output"),
            "{tool}: {written}"
        );
        assert!(
            !asked(&made).iter().any(|id| id.contains("ticket_id")),
            "{tool}"
        );
    }
}

#[test]
fn an_amount_is_not_held_by_an_id_that_is_equal() {
    let session = session(
        "Send GB29NWBK60161331926819 back what they sent me too much.",
        vec![
            call(
                "l",
                0,
                "list_transactions",
                json!({}),
                json!([{ "id": 4, "amount": 1000.0 }, { "id": 5, "amount": 10.0 }]),
            ),
            call(
                "s",
                1,
                "send_money",
                json!({ "recipient": "GB29NWBK60161331926819", "amount": 4.0 }),
                json!({ "ok": true }),
            ),
        ],
    );
    let made = made_of(&session);
    let mut all = made.report.questions.iter();
    let question = all
        .find(|question| question.id == "source:send_money:/amount")
        .unwrap();
    assert!(
        !question.text.contains("holds it, too"),
        "{}",
        question.text
    );
}
