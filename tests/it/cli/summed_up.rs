//! One line for each of many recordings: no call is lost, and what gives no draft says why.

use super::Desk;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

fn lines(desk: &Desk, path: &str, more: &[&str]) -> Vec<Value> {
    let words = [
        &["crystallize", "--summary", "--output", "json", path],
        more,
    ]
    .concat();
    let ran = desk.run(&words);
    ran.out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// A recording with these calls of one tool.
fn calls(tool: &str, count: usize) -> String {
    let mut messages = vec![json!({ "role": "user", "content": "Do it" })];
    for call in 0..count {
        let id = format!("c{call}");
        messages.push(json!({ "role": "assistant", "tool_calls": [{ "id": id, "name": tool, "arguments": {} }] }));
        messages.push(json!({ "role": "tool", "tool_call_id": id, "content": "ok" }));
    }
    json!({ "status": "succeeded", "messages": messages }).to_string()
}

#[test]
fn what_gives_no_draft_is_left_out_with_its_reason() {
    let desk = Desk::new();
    desk.write("few.json", calls("pay", 2));
    desk.write("many.json", calls("pay", 20_001));
    desk.write("none.json", calls("pay", 0));
    let note = json!({ "type": "assistant", "sessionId": "s", "uuid": "a", "message": { "role": "assistant", "content": [
        { "type": "tool_use", "id": "t", "name": "TodoWrite", "input": { "todos": [] } }] } });
    let said = json!({ "type": "user", "sessionId": "s", "uuid": "u", "message": { "role": "user", "content": "Plan it" } });
    desk.write("notes.jsonl", format!("{said}\n{note}\n"));
    for (file, figures, reason) in [
        ("few.json", (2, 2, 0), None),
        ("many.json", (20_001, 0, 20_001), Some("too_many_calls")),
        ("none.json", (0, 0, 0), Some("nothing_to_crystallize")),
        ("notes.jsonl", (1, 0, 1), Some("nothing_to_crystallize")),
    ] {
        for mode in ["exact", "bound"] {
            let told = lines(&desk, file, &["--mode", mode]);
            let [line] = told.as_slice() else {
                panic!("{told:#?}")
            };
            let of = |key: &str| line[key].as_u64().unwrap();
            assert_eq!(
                (of("tool_calls"), of("steps"), of("left_out")),
                figures,
                "{line}"
            );
            if let Some(reason) = reason {
                assert_eq!(line["findings"][reason], 1, "{line}");
            }
            assert_eq!(line["error"], Value::Null);
        }
    }
}

#[test]
fn each_call_of_the_real_recordings_is_a_step_or_left_out() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = match std::env::var_os("DRUSE_SESSIONS") {
        Some(given) => PathBuf::from(given),
        None => ["../shared/sessions", "../../shared/sessions"]
            .iter()
            .map(|path| root.join(path))
            .find(|path| path.is_dir())
            .unwrap_or_default(),
    };
    if !folder.is_dir() {
        println!("not run: no folder of recorded sessions (set DRUSE_SESSIONS)");
        return;
    }
    let told = lines(&Desk::new(), folder.to_str().unwrap(), &[]);
    assert!(!told.is_empty());
    for line in told {
        let of = |key: &str| line[key].as_u64().unwrap();
        assert_eq!(of("tool_calls"), of("steps") + of("left_out"), "{line}");
        let has_reason = line["findings"]
            .as_object()
            .is_some_and(|found| !found.is_empty());
        assert!(of("steps") > 0 || has_reason, "{line}");
    }
}
