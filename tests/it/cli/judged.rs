//! What a draft says of itself on the command line: where a person's say was kept, is missing or was passed by, whether
//! the recording is worth it, and what may come out otherwise.

use super::Desk;
use serde_json::{Value, json as value};

fn call(id: &str, name: &str, arguments: Value) -> Value {
    value!({ "role": "assistant", "tool_calls": [{ "id": id, "name": name, "arguments": arguments }] })
}

fn answer(id: &str, content: Value) -> Value {
    value!({ "role": "tool", "tool_call_id": id, "content": content })
}

fn says(role: &str, text: &str) -> Value {
    value!({ "role": role, "content": text })
}

fn made(messages: &[Value], mode: &str) -> Value {
    let desk = Desk::new();
    let recording = value!({ "status": "succeeded", "kind": "chat_thread", "messages": messages });
    desk.write("recording.json", recording.to_string());
    let words = [
        "crystallize",
        "recording.json",
        "--mode",
        mode,
        "--output",
        "json",
    ];
    desk.run(&words).ok().json()
}

fn codes<'a>(made: &'a Value, code: &str) -> Vec<&'a Value> {
    let findings = made["report"]["findings"].as_array().unwrap().iter();
    findings.filter(|one| one["code"] == code).collect()
}

fn actions(made: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("loop").to_owned();
    let steps = made["automation"]["document"]["steps"].as_array().unwrap();
    steps
        .iter()
        .map(|step| (text(&step["id"]), text(&step["action"])))
        .collect()
}

#[test]
fn a_yes_in_a_chat_is_a_gate_and_the_lack_of_one_is_said() {
    let chat = |yes: &str| {
        [
            says("user", "Please cancel the booking R1 for me"),
            call("c1", "get_booking", value!({ "id": "R1" })),
            answer("c1", value!({ "id": "R1", "state": "open" })),
            says("assistant", "Shall I cancel R1?"),
            says("user", yes),
            call("c2", "delete_booking", value!({ "id": "R1" })),
            answer("c2", value!({ "ok": true })),
        ]
    };
    for mode in ["exact", "bound"] {
        let with = made(&chat("Yes, please."), mode);
        let gated = actions(&with);
        assert!(
            gated
                .iter()
                .any(|(id, action)| id == "approve_delete_booking" && action == "approval_gate"),
            "{gated:?}"
        );
        assert_eq!(codes(&with, "approved_in_words").len(), 1);
        assert_eq!(codes(&with, "gate_suggested").len(), 0);
        let without = made(&chat("What would that cost me?"), mode);
        assert_eq!(codes(&without, "approved_in_words").len(), 0);
        let suggested = codes(&without, "gate_suggested");
        assert_eq!(suggested.len(), 1, "{without:#}");
        assert_eq!(suggested[0]["step"], "delete_booking");
        let reasons = without["report"]["judgement"]["reasons"].to_string();
        assert!(reasons.contains("no_approval"), "{reasons}");
    }
}

#[test]
fn what_was_done_instead_of_what_was_refused_is_explained() {
    let refused = value!({ "role": "tool", "tool_call_id": "c1", "content": "The user said no.", "is_error": true, "refused": true });
    let messages = [
        says("user", "Clean up and move things"),
        call("c1", "delete_file", value!({ "path": "reports/may.txt" })),
        refused,
        call(
            "c2",
            "move_file",
            value!({ "path": "reports/may.txt", "to": "trash" }),
        ),
        answer("c2", value!({ "ok": true })),
    ];
    let made = made(&messages, "exact");
    let found = codes(&made, "after_refusal");
    assert_eq!(found.len(), 1, "{made:#}");
    assert_eq!(
        (&found[0]["step"], &found[0]["acknowledge"]),
        (&value!("move_file"), &value!(true))
    );
    let message = found[0]["message"].as_str().unwrap();
    assert!(
        message.contains("delete_file") && message.contains("c1"),
        "{message}"
    );
    assert_eq!(actions(&made).len(), 1, "{made:#}");
}

#[test]
fn whether_it_is_worth_it_and_what_may_come_out_otherwise_is_said() {
    let one = made(
        &[
            says("user", "What is the weather in Graz?"),
            call("c1", "web_search", value!({ "query": "weather Graz" })),
            answer("c1", value!({ "text": "sunny" })),
        ],
        "bound",
    );
    let judgement = &one["report"]["judgement"];
    assert_ne!(judgement["worth"], "yes", "{judgement:#}");
    let reasons = judgement["reasons"].to_string();
    assert!(reasons.contains("one_step_only"), "{reasons}");
    let flags = judgement["flags"].to_string();
    assert!(flags.contains("search"), "{flags}");
    assert!(
        one["report"]["savings"]["agent_turns"].as_u64() >= Some(1),
        "{:#}",
        one["report"]["savings"]
    );
}
