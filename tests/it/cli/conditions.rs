//! A condition that the person named: the draft offers it as an expression, and a run goes by it once that was answered.

use super::Desk;
use serde_json::{Value, json as value};

const QUESTION: &str = "condition:save_note";

fn called(id: &str, tool: &str, arguments: &Value, answer: &str) -> [Value; 2] {
    [
        value!({ "role": "assistant", "tool_calls": [{ "id": id, "name": tool, "arguments": arguments }] }),
        value!({ "role": "tool", "tool_call_id": id, "content": answer }),
    ]
}

fn order(total: f64) -> String {
    value!({ "order_id": "ORD-88213", "total": total, "status": "delivered" }).to_string()
}

#[test]
fn a_run_goes_by_the_condition_that_was_answered() {
    let desk = Desk::new();
    let mut messages = vec![value!({ "role": "user",
        "content": "Look at order.json. If its total is under 50 euros, put the note “Refunded.” into done.txt" })];
    let read = value!({ "name": "order.json" });
    messages.extend(called("a", "get_order", &read, &order(31.5)));
    let note = value!({ "name": "done.txt", "text": "Refunded." });
    messages.extend(called("b", "save_note", &note, "saved"));
    let recording = value!({ "status": "succeeded", "messages": messages });
    desk.write("recording.json", recording.to_string());
    std::fs::create_dir(desk.path("box")).unwrap();
    let home = desk.path("box").display().to_string();
    desk.write(
        "connections.yaml",
        format!("connections:\n  box: {{ kind: folder, path: {home:?} }}\n"),
    );
    desk.write(
        "tools.yaml",
        "tools:
  - { match: get_order, action: file, with: { connection: box, op: read, path: \"{{ call.arguments.name }}\" } }
  - { match: save_note, action: file, with: { connection: box, op: write, path: \"{{ call.arguments.name }}\", text: \"{{ call.arguments.text }}\" } }
",
    );
    let crystallize = |more: &[&str]| {
        let words = [
            "crystallize",
            "recording.json",
            "--mode",
            "bound",
            "--tools",
            "tools.yaml",
            "--connections",
            "connections.yaml",
            "--output",
            "json",
        ];
        desk.run(&[&words, more].concat())
    };
    let asked = crystallize(&[]).ok().json();
    let questions = asked["report"]["questions"].as_array().unwrap();
    let question = questions.iter().find(|one| one["id"] == QUESTION).unwrap();
    let choice = question["choices"][2].as_str().unwrap();
    assert!(choice.ends_with(".total < 50"), "{question}");
    assert!(
        question["labels"][2]
            .as_str()
            .unwrap()
            .contains("less than 50"),
        "{question}"
    );
    let answer = format!("{QUESTION}={choice}");
    let made = crystallize(&["--answer", &answer]).ok().json();
    assert_eq!(made["report"]["generalisable"], "shuffled", "{made}");
    desk.write("auto.json", made["automation"]["document"].to_string());
    let run = || {
        desk.run(&[
            "run",
            "auto.json",
            "--connections",
            "connections.yaml",
            "--yes",
        ])
    };
    let is_done = || desk.path("box/done.txt").exists();
    desk.write("box/order.json", order(50.0));
    let skipped = run().ok();
    assert!(!is_done(), "{skipped:?}");
    desk.write("box/order.json", order(12.0));
    run().ok();
    assert!(is_done());
    // A choice that is none is refused before anything is written.
    let none = crystallize(&["--answer", &format!("{QUESTION}=total < 60")]);
    assert_eq!(none.code, 65, "{none:?}");
    assert!(none.err.contains("none of the choices"), "{none:?}");
}
