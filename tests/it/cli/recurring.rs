//! Tasks that were recorded more than once are found among the stored recordings, and one command makes a draft of all.

use super::help::examples;
use super::{Desk, json};
use clap::Parser as _;
use druse::cli::Cli;
use serde_json::{Value, json as value};
use std::path::Path;

/// A recording in which an order was refunded.
fn refund(order: &str, status: &str) -> Value {
    let call = |id: &str, name: &str, arguments: Value| value!({ "role": "assistant", "tool_calls": [{ "id": id, "name": name, "arguments": arguments }] });
    let answer = |id: &str, content: Value| value!({ "role": "tool", "tool_call_id": id, "content": content });
    value!({ "status": status, "messages": [
        { "role": "user", "content": format!("Refund the order {order} \u{1b}[31m") },
        call("a", "get_order", value!({ "order_id": order })),
        answer("a", value!({ "order_id": order, "payment_id": format!("pay_{order}") })),
        call("b", "refund_payment", value!({ "payment_id": format!("pay_{order}") })),
        answer("b", value!({ "done": true })),
    ] })
}

#[test]
fn what_recurs_becomes_one_draft() {
    let desk = Desk::new();
    let other = value!({ "status": "succeeded", "messages": [
        { "role": "user", "content": "Invite Ana" },
        { "role": "assistant", "tool_calls": [{ "id": "a", "name": "send_invite", "arguments": { "to": "ana" } }] },
        { "role": "tool", "tool_call_id": "a", "content": "sent" },
    ] });
    let recordings = [
        refund("ORD-48213", "succeeded"),
        other,
        refund("ORD-90077", "succeeded"),
        refund("ORD-11111", "failed"),
        refund("ORD-63350", "succeeded"),
    ];
    let mut ids = Vec::new();
    for (index, recording) in recordings.iter().enumerate() {
        let name = format!("{index}.json");
        desk.write(&name, recording.to_string());
        let stored = json(&desk, &["sessions", "import", &name]);
        ids.push(stored[0]["id"].as_str().unwrap().to_owned());
        if index == 1 {
            let none = desk.run(&["sessions", "recurring"]).ok();
            assert_eq!(none.out, "");
            assert_eq!(none.err, "No task recurs among 2 recordings.\n");
        }
    }
    let found = json(&desk, &["sessions", "recurring"]);
    assert_eq!(
        (&found["compared"], &found["limited"]),
        (&value!(4), &value!(false))
    );
    let items = found["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{found:#}");
    let task = &items[0];
    // All use the same: the newest is followed.
    assert_eq!(task["recordings"], value!([ids[4], ids[2], ids[0]]));
    assert_eq!(
        (&task["count"], &task["likeness"]),
        (&value!(3), &value!(100))
    );
    assert_eq!(task["changes"], value!(["refund_payment"]));
    assert_eq!(task["tools"], value!(["get_order", "refund_payment"]));
    assert_eq!(
        task["crystallize"]["body"],
        value!({ "mode": "bound", "also": [ids[2], ids[0]] })
    );

    let told = desk.run(&["sessions", "recurring"]).ok();
    let lines: Vec<&str> = told.out.lines().collect();
    assert!(
        lines[0].starts_with("3 times, 100 % alike: Refund the order ORD-63350"),
        "{}",
        told.out
    );
    assert!(!told.out.contains('\u{1b}'), "{:?}", told.out);
    assert_eq!(lines[1], "  changes refund_payment");
    // The command that is told does it.
    let words: Vec<&str> = lines[2].split_whitespace().skip(1).collect();
    let mut words = words;
    words.extend(["--name", "refund", "--output", "json"]);
    let made = desk.run(&words).ok().json();
    assert_eq!(made["automation"]["name"], "refund");
    assert_eq!(
        made["report"]["held_out"].as_array().map(Vec::len),
        Some(2),
        "{:#}",
        made["report"]
    );
}

#[test]
fn what_no_draft_can_be_made_of_is_passed_over() {
    let desk = Desk::new();
    for name in ["a.jsonl", "b.jsonl"] {
        let line = |kind: &str, content: Value| value!({ "type": kind, "sessionId": name, "uuid": kind, "message": { "role": kind, "content": content } });
        let searched = [
            value!({ "type": "user", "sessionId": name, "uuid": "p", "message": { "role": "user", "content": "Find a thai curry" } }),
            line(
                "assistant",
                value!([{ "type": "tool_use", "id": "t", "name": "WebSearch", "input": { "query": name } }]),
            ),
            line(
                "user",
                value!([{ "type": "tool_result", "tool_use_id": "t", "content": "Curry" }]),
            ),
        ];
        let text: Vec<String> = searched.iter().map(Value::to_string).collect();
        desk.write(name, text.join("\n"));
        desk.run(&["sessions", "import", name]).ok();
    }
    let found = json(&desk, &["sessions", "recurring"]);
    assert_eq!(found["items"], value!([]), "{found:#}");
    assert_eq!(
        (&found["compared"], &found["nothing_to_repeat"]),
        (&value!(2), &value!(2))
    );
    let told = desk.run(&["sessions", "recurring"]).ok();
    assert!(
        told.err
            .contains("nothing in them is to be done again: 2 recordings"),
        "{}",
        told.err
    );
}

#[test]
fn the_page_has_its_command() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/crystallizer.md");
    let page = std::fs::read_to_string(page).unwrap();
    let part = page
        .split("\n## ")
        .find(|part| part.starts_with("Tasks that recur"))
        .expect("the page has a part about it");
    let commands = examples(part);
    assert_eq!(commands.len(), 2, "{commands:?}");
    for words in commands {
        if let Err(error) = Cli::try_parse_from(&words) {
            panic!("{words:?}: {error}");
        }
    }
}
