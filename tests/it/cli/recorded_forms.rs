//! What recorders write in forms of their own, as a person gives it to `druse crystallize`.

use super::{Desk, Ran};
use serde_json::{Value, json};

fn lines(values: &[Value]) -> String {
    values.iter().map(|value| format!("{value}\n")).collect()
}

/// The draft and its report.
fn made(desk: &Desk, words: &[&str]) -> Value {
    let words = [&["crystallize", "--output", "json"], words].concat();
    desk.run(&words).ok().json()
}

fn codes(made: &Value) -> Vec<&str> {
    let found = made["report"]["findings"].as_array().into_iter().flatten();
    found
        .filter_map(|finding| finding["code"].as_str())
        .collect()
}

fn steps(made: &Value) -> Vec<&str> {
    let steps = made["automation"]["document"]["steps"].as_array();
    steps
        .into_iter()
        .flatten()
        .filter_map(|step| step["id"].as_str())
        .collect()
}

#[test]
fn what_a_model_summed_up_is_no_word_of_the_person() {
    let desk = Desk::new();
    let head =
        "This session is being continued from a previous conversation that ran out of context.";
    for (said, by_person) in [
        (
            format!("{head}\nCancel order W99999 with fee 17.25."),
            false,
        ),
        (
            "<state_snapshot>Cancel order W99999 with fee 17.25</state_snapshot>".to_owned(),
            false,
        ),
        ("Cancel order W99999 with fee 17.25.".to_owned(), true),
    ] {
        let recording = json!({ "system": "Help.", "messages": [
            { "role": "user", "content": said },
            { "role": "assistant", "content": [{ "type": "tool_use", "id": "t", "name": "cancel_order", "input": { "order_id": "W99999", "fee": 17.25 } }] },
            { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "t", "content": "ok" }] },
        ] });
        desk.write("one.json", recording.to_string());
        let made = made(&desk, &["--mode", "bound", "one.json"]);
        let codes = codes(&made);
        assert_eq!(
            codes.contains(&"bound_to_input"),
            by_person,
            "{said}: {codes:?}"
        );
        assert_eq!(
            codes.contains(&"earlier_part_missing"),
            !by_person,
            "{said}: {codes:?}"
        );
    }
}

#[test]
fn requests_of_gemini_that_grow_are_one_draft() {
    let desk = Desk::new();
    let call = |name: &str| json!({ "role": "model", "parts": [{ "functionCall": { "name": name, "args": { "id": "W4" } } }] });
    let told = |name: &str| json!({ "role": "user", "parts": [{ "functionResponse": { "name": name, "response": { "ok": true } } }] });
    let said = [
        json!({ "role": "user", "parts": [{ "text": "Refund W4" }] }),
        call("get_order"),
        told("get_order"),
        call("refund"),
        told("refund"),
    ];
    let requests: Vec<Value> = [1, 3, 5]
        .iter()
        .map(|end| json!({ "contents": said[..*end] }))
        .collect();
    desk.write("log.jsonl", lines(&requests));
    assert_eq!(steps(&made(&desk, &["log.jsonl"])), ["get_order", "refund"]);
}

#[test]
fn a_trace_whose_root_failed_is_refused() {
    let desk = Desk::new();
    let attribute =
        |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
    let span = |id: &str, parent: &str, attributes: Value, code: u8| {
        json!({
            "traceId": "t", "spanId": id, "parentSpanId": parent, "name": id, "attributes": attributes,
            "startTimeUnixNano": "1900000000000000000", "endTimeUnixNano": "1900000009000000000", "status": { "code": code },
        })
    };
    let root = |code| {
        span(
            "a",
            "",
            json!([attribute("gen_ai.operation.name", "invoke_agent")]),
            code,
        )
    };
    let tool = span(
        "b",
        "a",
        json!([
            attribute("gen_ai.operation.name", "execute_tool"),
            attribute("gen_ai.tool.name", "refund"),
            attribute("gen_ai.tool.call.arguments", "{}"),
            attribute("gen_ai.tool.call.result", "ok"),
        ]),
        1,
    );
    let trace =
        |code| json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [root(code), tool] }] }] });
    desk.write("failed.json", trace(2).to_string());
    desk.run(&["crystallize", "failed.json"])
        .refused(65, &["failed"]);
    assert_eq!(steps(&made(&desk, &["--force", "failed.json"])), ["refund"]);
    desk.write("ok.json", trace(1).to_string());
    assert_eq!(steps(&made(&desk, &["ok.json"])), ["refund"]);
}

#[test]
fn an_answer_before_its_call_is_told_and_times_of_answers_count() {
    let desk = Desk::new();
    let recording = json!({ "status": "succeeded", "messages": [
        { "role": "user", "content": "Look it up" },
        { "role": "tool", "tool_call_id": "a", "content": "early" },
        { "role": "assistant", "tool_calls": [
            { "id": "a", "name": "get_order", "arguments": {} }, { "id": "b", "name": "get_customer", "arguments": {} }] },
        { "role": "tool", "tool_call_id": "b", "content": "x", "started_at": "2027-01-01T10:00:00Z", "finished_at": "2027-01-01T10:00:08Z" },
        { "role": "assistant", "tool_calls": [
            { "id": "c", "name": "get_item", "arguments": {} }, { "id": "d", "name": "get_price", "arguments": {} }] },
        { "role": "tool", "tool_call_id": "c", "content": "y", "started_at": "2027-01-01T10:00:10Z", "finished_at": "2027-01-01T10:00:11Z" },
        { "role": "tool", "tool_call_id": "d", "content": "z", "started_at": "2027-01-01T10:00:10Z", "finished_at": "2027-01-01T10:00:11Z" },
    ] });
    desk.write("one.json", recording.to_string());
    let made = made(&desk, &["one.json"]);
    assert!(
        codes(&made).contains(&"result_before_call"),
        "{:?}",
        codes(&made)
    );
    let savings = &made["report"]["savings"];
    let of = |key: &str| savings[key].as_u64();
    assert_eq!(
        (of("recorded_ms"), of("tools_ms"), of("agent_ms")),
        (Some(11_000), Some(9_000), Some(2_000)),
        "{savings}"
    );
}

#[test]
fn one_session_of_a_file_is_chosen() {
    let desk = Desk::new();
    let session = |id: &str, tool: &str| {
        json!({ "id": id, "status": "succeeded", "messages": [
        { "role": "user", "content": format!("Use {tool}") },
        { "role": "assistant", "tool_calls": [{ "id": "a", "name": tool, "arguments": {} }] },
        { "role": "tool", "tool_call_id": "a", "content": "ok" },
    ] })
    };
    desk.write(
        "two.jsonl",
        lines(&[session("first", "pay"), session("second", "refund")]),
    );
    let refused: Ran = desk.run(&["crystallize", "two.jsonl"]);
    for said in [
        "2 sessions",
        "1: 1 call: Use pay",
        "2: 1 call: Use refund",
        "--session NUMBER",
    ] {
        assert!(refused.err.contains(said), "{said}: {}", refused.err);
    }
    assert_eq!(refused.code, 65);
    for (wanted, tool) in [("1", "pay"), ("2", "refund"), ("second", "refund")] {
        assert_eq!(
            steps(&made(&desk, &["two.jsonl", "--session", wanted])),
            [tool]
        );
    }
    for wanted in ["3", "0", "third"] {
        desk.run(&["crystallize", "two.jsonl", "--session", wanted])
            .refused(65, &["no session", wanted]);
    }
    desk.run(&["crystallize", "two.jsonl", "two.jsonl", "--session", "1"])
        .refused(2, &["one file"]);
}
