//! Recordings are found again: the list says what each was about, the same one is named, and a question shows its choices
//! on a server as it does without one.

use super::{Desk, json};
use serde_json::{Value, json as value};

fn recording(order: &str) -> Value {
    value!({ "status": "succeeded", "messages": [
        { "role": "user", "content": format!("Refund the order {order}") },
        { "role": "assistant", "tool_calls": [{ "id": "a", "name": "refund_order", "arguments": { "order_id": order, "fee": 17.25 } }] },
        { "role": "tool", "tool_call_id": "a", "content": "done" },
    ] })
}

const TOOLS: &str = "tools:\n  - match: refund_order\n    action: emit\n    with: { type: com.example.refund, data: \"{{ call.arguments }}\" }\n    effects: write\n";

#[test]
fn the_list_says_what_was_wanted_and_an_import_what_is_the_same() {
    let desk = Desk::new();
    desk.write("one.json", recording("ORD-48213").to_string());
    let first = json(&desk, &["sessions", "import", "one.json"]);
    assert!(first[0]["same_as"].is_null(), "{first:#}");
    let listed = desk.run(&["sessions", "list"]).ok().out;
    for part in ["BROUGHT", "WHAT", "Refund the order ORD-48213"] {
        assert!(listed.contains(part), "{part}: {listed}");
    }
    let (id, other) = (first[0]["id"].as_str().unwrap(), "other.json");
    let again = desk.run(&["sessions", "import", "one.json"]).ok();
    assert!(
        again
            .err
            .contains(&format!("is the same recording as {id}")),
        "{again:#?}"
    );
    desk.write(other, recording("ORD-77310").to_string());
    let another = desk.run(&["sessions", "import", other]).ok();
    assert_eq!(another.err, "");
}

#[test]
fn a_question_shows_its_choices_on_a_server_as_without_one() {
    let desk = Desk::new();
    desk.write("one.json", recording("ORD-48213").to_string());
    desk.write("tools.yaml", TOOLS);
    let stored = json(&desk, &["sessions", "import", "one.json"]);
    let id = stored[0]["id"].as_str().unwrap();
    let common = [
        "--mode",
        "bound",
        "--tools",
        "tools.yaml",
        "--name",
        "refund",
    ];
    let mut words = vec!["sessions", "crystallize", id];
    words.extend(common);
    let made = desk.run(&words).ok();
    let mut words = vec!["crystallize", "one.json"];
    words.extend(common);
    let offline = desk.run(&words).ok();
    let questions = |text: &str| {
        let lines = text
            .lines()
            .skip_while(|line| !line.starts_with("Questions"));
        let lines: Vec<String> = lines
            .take_while(|line| !line.is_empty())
            .map(str::to_owned)
            .collect();
        lines
    };
    let asked = questions(&offline.err);
    assert!(
        asked
            .iter()
            .any(|line| line.contains("--answer 'source:refund_order:/fee=")),
        "{offline:#?}"
    );
    assert_eq!(questions(&made.err), asked, "{made:#?}");
    let next = format!("druse sessions crystallize {id} --into refund --answer ID=CHOICE");
    assert!(made.err.contains(&next), "{made:#?}");
    assert!(
        made.out.starts_with("refund: 1 step from 1 call"),
        "{made:#?}"
    );
    // A name that is taken makes another one, and says so.
    let mut words = vec!["sessions", "crystallize", id];
    words.extend(common);
    let second = desk.run(&words).ok();
    assert!(second.out.starts_with("refund-2: "), "{second:#?}");
    assert!(
        second
            .err
            .contains("There is an automation refund already: `--into refund`"),
        "{second:#?}"
    );
}

#[test]
fn small_words_say_what_is_meant() {
    let desk = Desk::new();
    desk.write(
        "a.yaml",
        "druse: 1\nname: a\nsteps: [{ id: a, action: transform, with: { value: 1 } }]\n",
    );
    desk.run(&["apply", "a.yaml", "--activate"]).ok();
    desk.write(
        "a.yaml",
        "druse: 1\nname: a\nsteps: [{ id: a, action: transform, with: { value: 2 } }]\n",
    );
    desk.run(&["apply", "a.yaml"]).ok();
    let versions = desk.run(&["automations", "versions", "a"]).ok().out;
    let lines: Vec<&str> = versions.lines().collect();
    assert!(lines[0].contains("STATE"), "{versions}");
    let active: Vec<&&str> = lines
        .iter()
        .filter(|line| line.contains(" active "))
        .collect();
    assert!(
        matches!(active[..], [line] if line.starts_with("1 ")),
        "{versions}"
    );

    desk.run(&["events", "send", "com.example.x", "--data", "{\"a\": 1}"])
        .refused(2, &["--data names the data folder", "--event-data"]);

    // What is missing is named as the command line calls it.
    desk.write(
        "gate.yaml",
        "druse: 1\nname: gate\nsteps: [{ id: ask, action: approval_gate, with: { title: Pay? } }]\n",
    );
    desk.run(&["apply", "gate.yaml", "--activate"]).ok();
    desk.run(&["runs", "start", "gate"]);
    let waiting = json(&desk, &["approvals", "list"]);
    let id = waiting[0]["id"].as_str().unwrap();
    let refused = desk.run(&["approvals", "reject", id]).with(65);
    assert!(
        refused.err.contains("Say why with --comment"),
        "{refused:#?}"
    );

    // A run without a data folder has no secrets, wherever they are set.
    desk.write(
        "secret.yaml",
        "druse: 1\nname: secret\nsteps: [{ id: a, action: shell, with: { argv: [\"true\"], env: { PASSWORD: \"{{ secrets.PASSWORD }}\" } } }]\n",
    );
    desk.run_with(&["secrets", "set", "PASSWORD"], "x1y2z3\n")
        .ok();
    let refused = desk.run(&["run", "secret.yaml", "--yes"]).with(65);
    for part in [
        "there is no secret `PASSWORD`",
        "druse secrets set NAME --data DIR",
    ] {
        assert!(refused.err.contains(part), "{part}: {refused:#?}");
    }
    desk.run(&["run", "secret.yaml", "--yes", "--data", "druse-data"])
        .ok();
}
