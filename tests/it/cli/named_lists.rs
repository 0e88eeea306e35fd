//! What a person named one by one is one input, a list: a run takes as many as it is given.

use super::Desk;
use serde_json::{Value, json as value};

fn noted(id: &str, name: &str) -> [Value; 2] {
    let arguments = value!({ "name": name, "text": "The office is closed." });
    [
        value!({ "role": "assistant", "tool_calls": [{ "id": id, "name": "save_note", "arguments": arguments }] }),
        value!({ "role": "tool", "tool_call_id": id, "content": "saved" }),
    ]
}

#[test]
fn a_run_goes_over_as_many_as_it_is_given() {
    let desk = Desk::new();
    let mut messages = vec![value!({ "role": "user",
        "content": "Put the note “The office is closed.” into anna.txt, bob.txt and carl.txt" })];
    for (id, name) in [("a", "anna.txt"), ("b", "bob.txt"), ("c", "carl.txt")] {
        messages.extend(noted(id, name));
    }
    let recording = value!({ "status": "succeeded", "messages": messages });
    desk.write("recording.json", recording.to_string());
    std::fs::create_dir(desk.path("box")).unwrap();
    let home = desk.path("box").display().to_string();
    let connections = format!("connections:\n  box: {{ kind: folder, path: {home:?} }}\n");
    desk.write("connections.yaml", connections);
    desk.write(
        "tools.yaml",
        "tools:
  - { match: save_note, action: file, with: { connection: box, op: write, path: \"{{ call.arguments.name }}\", text: \"{{ call.arguments.text }}\" } }
",
    );
    let made = desk.run(&[
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
    ]);
    let made = made.ok().json();
    let document = &made["automation"]["document"];
    let inputs = document["inputs"].as_object().unwrap();
    let (list, schema) = inputs
        .iter()
        .find(|(_, one)| one["type"] == "array")
        .unwrap();
    assert_eq!(schema["items"], value!({ "type": "string" }));
    assert_eq!(
        schema["default"],
        value!(["anna.txt", "bob.txt", "carl.txt"])
    );
    desk.write("auto.json", document.to_string());
    let run = |given: &str| {
        let given = format!("{list}={given}");
        desk.run(&[
            "run",
            "auto.json",
            "--connections",
            "connections.yaml",
            "--yes",
            "-i",
            &given,
        ])
    };
    let files = || {
        let all = std::fs::read_dir(desk.path("box")).unwrap();
        let mut names: Vec<String> = all
            .map(|one| one.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    run("[]").ok();
    assert!(files().is_empty());
    run(r#"["dora.txt"]"#).ok();
    assert_eq!(files(), ["dora.txt"]);
    // The same twice is no list of things, and what is no list is told how to be one.
    let twice = run(r#"["emil.txt", "emil.txt"]"#);
    assert_ne!(twice.code, 0, "{twice:?}");
    assert!(
        twice.err.contains("non-unique") || twice.err.contains("unique"),
        "{twice:?}"
    );
    let bare = run("emil.txt");
    assert!(bare.err.contains("Write a list as"), "{bare:?}");
    assert_eq!(files(), ["dora.txt"]);
    run(r#"["emil.txt", "fay.txt", "gus.txt", "hal.txt"]"#).ok();
    assert_eq!(files().len(), 5);
}
