//! Of what is read.

use super::given;
use crate::import;
use druse_engine::Finding;
use serde_json::{Value, json};

fn of_bytes(bytes: &[u8]) -> Vec<Finding> {
    let sessions = import(bytes).unwrap();
    sessions.into_iter().flat_map(|one| one.findings).collect()
}

fn of(recording: &Value) -> Vec<Finding> {
    of_bytes(recording.to_string().as_bytes())
}

/// A call of our own form, and what follows.
fn called(id: &str) -> Value {
    json!({ "role": "assistant", "content": "", "tool_calls": [{ "id": id, "name": "look", "arguments": {} }] })
}

fn answered(id: &str) -> Value {
    json!({ "role": "tool", "tool_call_id": id, "content": "ok" })
}

fn plain() -> Value {
    let task = json!({ "role": "user", "content": "Look." });
    json!({ "status": "succeeded", "messages": [task, called("a"), answered("a")] })
}

#[test]
fn what_was_mended_or_left_out_is_told() {
    let mut ended = plain().to_string().into_bytes();
    ended.extend([0, 0]);
    let wide: Vec<u8> = "\u{feff}"
        .encode_utf16()
        .chain(plain().to_string().encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let odd = plain().to_string().replace("\"ok\"", "{\"n\": NaN}");
    let mut twice = plain();
    let messages = twice["messages"].as_array_mut().unwrap();
    messages.extend([called("a"), answered("a")]);
    let mut again = plain();
    again["messages"]
        .as_array_mut()
        .unwrap()
        .push(answered("a"));
    given(vec![
        ("nul_bytes", of_bytes(&ended)),
        ("recoded_text", of_bytes(&wide)),
        ("repaired_json", of_bytes(odd.as_bytes())),
        ("repeated_call_id", of(&twice)),
        ("repeated_result", of(&again)),
    ]);
}

#[test]
fn what_a_recorder_does_otherwise_is_told() {
    let shown = json!({ "role": "user", "content": "An example.", "is_demo": true });
    let task = json!({ "role": "user", "content": "Fix it." });
    let step =
        json!({ "action": "ls", "observation": "a.py", "thought": "I look.", "response": "" });
    let trajectory = json!({
        "environment": "main", "history": [shown, task], "trajectory": [step],
        "info": { "exit_status": "submitted" },
    });
    let printed = [
        json!({ "type": "system", "subtype": "init", "session_id": "s", "cwd": "/home/u/shop", "tools": ["Bash"] }),
        json!({ "type": "assistant", "session_id": "s", "message": { "id": "m", "role": "assistant", "content": [
            { "type": "tool_use", "id": "a", "name": "Bash", "input": { "command": "cd packages" } } ] } }),
        json!({ "type": "user", "session_id": "s", "message": { "role": "user", "content": [
            { "type": "tool_result", "tool_use_id": "a", "content": "" } ] } }),
        json!({ "type": "result", "subtype": "success", "is_error": false, "session_id": "s", "result": "done" }),
    ];
    let printed: Vec<String> = printed.iter().map(Value::to_string).collect();
    given(vec![
        ("demonstration", of(&trajectory)),
        (
            "folder_not_followed",
            of_bytes(printed.join("\n").as_bytes()),
        ),
    ]);
}

#[test]
fn what_a_recording_does_not_tell_of_a_call_is_told() {
    let asks = |name: &str| json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": name } });
    let gives = json!({ "jsonrpc": "2.0", "id": 1, "result": { "content": [] } });
    let crossed = json!([asks("order"), asks("bill"), gives, gives]);
    let text = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
    let span = json!({ "spanId": "1", "startTimeUnixNano": "1", "attributes": [
        text("gen_ai.operation.name", "execute_tool"), text("gen_ai.tool.name", "bill"),
    ] });
    let trace = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [span] }] }] });
    let doubtful = |arguments: &str| {
        let mut call = called("a");
        call["tool_calls"][0]["arguments"] = Value::from(arguments);
        of(&json!({ "messages": [call, answered("a")] }))
    };
    given(vec![
        ("number_precision", doubtful(r#"{"n":1e400}"#)),
        ("repeated_key", doubtful(r#"{"to":"a","to":"b"}"#)),
        ("ambiguous_result", of(&crossed)),
        ("arguments_not_recorded", of(&trace)),
    ]);
}
