//! A draft whose tools a tool map makes files of, run with real files: what follows an answer is what the action gives.

use super::Desk;
use serde_json::{Value, json as value};

fn call(id: &str, name: &str, arguments: Value) -> Value {
    value!({ "role": "assistant", "tool_calls": [{ "id": id, "name": name, "arguments": arguments }] })
}

fn answer(id: &str, content: &str) -> Value {
    value!({ "role": "tool", "tool_call_id": id, "content": content })
}

#[test]
fn a_draft_of_mapped_files_runs_on_what_the_files_hold_now() {
    let desk = Desk::new();
    let order = |id: &str| value!({ "order_id": id, "total": 137 }).to_string();
    let recording = value!({ "status": "succeeded", "messages": [
        { "role": "user", "content": "Note the newest order and its total" },
        call("a", "read_doc", value!({ "name": "newest.txt" })),
        answer("a", "ord-77812"),
        call("b", "read_data", value!({ "name": "order.json" })),
        answer("b", &order("ord-90211")),
        call("c", "save_note", value!({ "name": "noted.json", "about": { "newest": "ord-77812", "other": "ord-90211" } })),
        answer("c", "saved"),
    ] });
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
  - { match: \"read_*\", action: file, with: { connection: box, op: read, path: \"{{ call.arguments.name }}\" } }
  - { match: save_note, action: file, with: { connection: box, op: write, path: \"{{ call.arguments.name }}\", json: \"{{ call.arguments.about }}\" } }
",
    );
    let made = desk
        .run(&[
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
        ])
        .ok()
        .json();
    let steps = &made["automation"]["document"]["steps"];
    assert_eq!(
        steps[0]["output_schema"]["required"],
        value!(["text"]),
        "{steps:#}"
    );
    // Other orders stand in the files now.
    desk.write("box/newest.txt", "ord-10553\n");
    desk.write("box/order.json", order("ord-62087"));
    desk.write("auto.json", made["automation"]["document"].to_string());
    let run = desk
        .run(&[
            "run",
            "auto.json",
            "--connections",
            "connections.yaml",
            "--yes",
            "--output",
            "json",
        ])
        .ok();
    assert!(run.out.contains("succeeded"), "{run:?}");
    let noted: Value = serde_json::from_str(&desk.read("box/noted.json")).unwrap();
    assert_eq!(
        noted,
        value!({ "newest": "ord-10553", "other": "ord-62087" })
    );
}
