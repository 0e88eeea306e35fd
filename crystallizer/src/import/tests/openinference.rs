//! OpenInference's spans, and what further exporters of GenAI spans write.

use super::*;

fn otlp(id: u32, parent: u32, name: &str, attributes: Value) -> Value {
    let attributes: Vec<Value> = attributes
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, value)| json!({"key":key,"value":{"stringValue":value}}))
        .collect();
    json!({"spanId":id.to_string(),"parentSpanId":parent.to_string(),"name":name,"startTimeUnixNano":(id * 10).to_string(),"endTimeUnixNano":(id * 10 + 5).to_string(),"attributes":attributes})
}

fn document(spans: Vec<Value>) -> Value {
    json!({"resourceSpans":[{"scopeSpans":[{"spans":spans}]}]})
}

fn spans() -> Vec<(u32, u32, &'static str, Value)> {
    vec![
        (
            1,
            0,
            "baker",
            json!({"openinference.span.kind":"AGENT","session.id":"s-1"}),
        ),
        (
            2,
            1,
            "ChatModel",
            json!({"openinference.span.kind":"LLM","llm.tools.0.tool.json_schema":"{\"type\":\"function\",\"function\":{\"name\":\"bake\",\"parameters\":{\"type\":\"object\"}}}",
            "llm.input_messages.0.message.role":"user","llm.input_messages.0.message.content":"Bake bread",
            "llm.output_messages.0.message.role":"assistant","llm.output_messages.0.message.contents.0.message_content.type":"text","llm.output_messages.0.message.contents.0.message_content.text":"I bake.",
            "llm.output_messages.0.message.tool_calls.0.tool_call.id":"c1","llm.output_messages.0.message.tool_calls.0.tool_call.function.name":"bake",
            "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments":"{\"loaves\":2}"}),
        ),
        (
            3,
            1,
            "bake",
            json!({"openinference.span.kind":"TOOL","tool.name":"bake","tool.parameters":"{\"loaves\":\"int\"}","input.value":"{\"loaves\": 2}","output.value":"2 loaves"}),
        ),
        (
            4,
            1,
            "taste",
            json!({"openinference.span.kind":"TOOL","input.value":"{'loaf': 1}","output.value":"{\"error\":\"too hot\"}"}),
        ),
        (
            5,
            1,
            "cookbook",
            json!({"openinference.span.kind":"RETRIEVER","input.value":"{\"query\":\"crust\"}","output.value":"bake longer"}),
        ),
        (6, 1, "step", json!({"openinference.span.kind":"CHAIN"})),
    ]
}

fn check(session: &Session) {
    assert_eq!(session.format, "otel");
    assert_eq!(session.external_id.as_deref(), Some("s-1"));
    assert_eq!(session.agent.as_deref(), Some("baker"));
    assert_eq!(session.goal.as_deref(), Some("Bake bread"));
    assert_eq!(session.tools[0].name, "bake");
    let calls = calls(session);
    let names: Vec<&str> = calls.iter().map(|call| call.name.as_str()).collect();
    assert_eq!(names, ["bake", "taste", "cookbook"]);
    assert_eq!(calls[0].arguments, json!({"loaves":2}));
    assert_eq!(result(calls[0]).content, "2 loaves");
    assert_eq!(calls[1].arguments, json!({"loaf":1}));
    assert!(result(calls[1]).is_error);
    assert_eq!(result(calls[2]).content, "bake longer");
    assert_eq!(codes(session), ["known_noise"]);
    assert!(session.turns.iter().any(
        |turn| matches!(turn, Turn::Message { role: Role::Assistant, text, .. } if text == "I bake.")
    ));
}

#[test]
fn kinds_of_spans_are_read() {
    let all = spans()
        .into_iter()
        .map(|(id, parent, name, attributes)| otlp(id, parent, name, attributes))
        .collect();
    check(&one(&document(all)));
}

/// The attributes as a tree, as some exports keep them.
fn tree(attributes: &Value) -> Value {
    let mut out = json!({});
    for (key, value) in attributes.as_object().unwrap() {
        let mut at = &mut out;
        for part in key.split('.') {
            at = &mut at[part];
        }
        *at = value.clone();
    }
    out
}

#[test]
fn spans_by_themselves_are_read_flat_and_nested() {
    let plain = |nest: bool| -> Vec<Value> {
        spans()
            .into_iter()
            .map(|(id, parent, name, attributes)| {
                json!({"name":name,"context":{"trace_id":"t","span_id":id.to_string()},"parent_id":parent.to_string(),
                    "start_time":format!("2026-03-01T10:00:{id:02}.000001Z"),"end_time":format!("2026-03-01T10:00:{id:02}.5Z"),
                    "status":{"status_code":"OK"},"attributes": if nest { tree(&attributes) } else { attributes }})
            })
            .collect()
    };
    for nest in [false, true] {
        let all = plain(nest);
        check(&one(&json!(all)));
        check(&sessions(&lines(&all))[0]);
    }
}

#[test]
fn failures_tell_their_reason_and_events_hold_messages() {
    let mut failed = otlp(
        2,
        1,
        "execute_tool bake",
        json!({"gen_ai.operation.name":"execute_tool","gen_ai.tool.name":"bake","gen_ai.tool.call.arguments":"{}"}),
    );
    failed["status"] = json!({"code":2,"message":"oven is cold"});
    let mut chat = otlp(1, 0, "chat", json!({"gen_ai.operation.name":"chat"}));
    let messages = json!([{"role":"user","parts":[{"type":"text","content":"Bake"}]}]).to_string();
    chat["events"] = json!([{"name":"gen_ai.client.inference.operation.details","attributes":[
        {"key":"gen_ai.input.messages","value":{"stringValue":messages}},
        {"key":"gen_ai.tool.definitions","value":{"stringValue":"[{\"type\":\"function\",\"name\":\"bake\",\"parameters\":{}}]"}}]}]);
    let session = one(&document(vec![chat, failed]));
    assert_eq!(session.goal.as_deref(), Some("Bake"));
    assert_eq!(session.tools[0].name, "bake");
    let calls = calls(&session);
    assert_eq!(
        (&result(calls[0]).content, result(calls[0]).is_error),
        (&json!("oven is cold"), true)
    );
}

#[test]
fn deep_and_long_names_of_attributes_stay_bounded() {
    let mut deep = json!("end");
    for _ in 0..100 {
        deep = json!({"a_name_of_some_length": deep, "x": 1});
    }
    let span = json!({"name":"n","context":{"span_id":"1"},"start_time":"2026-03-01T10:00:00Z","attributes":{
        "openinference":{"span":{"kind":"TOOL"}},"metadata":deep,"input":{"value":{"whole":{"a":1}}},"output":{"value":"ok"}}});
    let session = one(&span);
    assert_eq!(calls(&session)[0].arguments, json!({"whole":{"a":1}}));
}

#[test]
fn an_agent_that_ended_in_an_error_is_a_failed_session() {
    let span = |id: &str, parent: Value, kind: &str, code: &str| {
        json!({"name":id,"context":{"trace_id":"t","span_id":id},"parent_id":parent,"span_kind":kind,"status_code":code,
            "start_time":"2027-01-01T00:00:00Z","end_time":"2027-01-01T00:00:09Z",
            "attributes":{"tool":{"name":"refund"},"input":{"value":"{}"}}})
    };
    for (root, tool, expected) in [
        ("ERROR", "OK", Some(SessionStatus::Failed)),
        ("OK", "ERROR", None),
    ] {
        let spans = json!([
            span("a", Value::Null, "AGENT", root),
            span("b", json!("a"), "TOOL", tool)
        ]);
        let session = one(&spans);
        assert_eq!(
            (session.format.as_str(), session.status),
            ("otel", expected)
        );
    }
}
