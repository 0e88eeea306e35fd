//! Traces of the Agents SDK.

use super::*;

fn span(id: &str, parent: &str, second: u32, data: &Value) -> Value {
    json!({"object":"trace.span","id":id,"trace_id":"t1","parent_id":parent,
        "started_at":format!("2026-01-02T03:04:{second:02}+00:00"),
        "ended_at":format!("2026-01-02T03:04:{:02}+00:00", second + 1),"span_data":data,"error":null})
}

fn function(name: &str, input: &str, output: &Value) -> Value {
    json!({"type":"function","name":name,"input":input,"output":output,"mcp_data":null})
}

fn trace() -> Vec<Value> {
    let asked = json!({"id":"call_1","type":"function","function":{"name":"get_order","arguments":"{\"id\":\"7\"}"}});
    let lost =
        json!({"id":"call_9","type":"function","function":{"name":"notify","arguments":"{}"}});
    let first = json!({"type":"generation","input":[{"role":"system","content":"s"},{"role":"user","content":"refund order 7"}],
        "output":[{"role":"assistant","content":null,"tool_calls":[asked, lost]}],"usage":{"input_tokens":5,"output_tokens":6}});
    let again = json!({"type":"generation","input":[{"role":"system","content":"s"},{"role":"user","content":"refund order 7"}],
        "output":[{"role":"assistant","content":"Done"}],"usage":{"input_tokens":10,"output_tokens":1}});
    let mut failed = span(
        "s4",
        "s1",
        10,
        &function("refund", "{\"id\":\"7\",\"amount\":5}", &Value::Null),
    );
    failed["error"] =
        json!({"message":"Error running tool","data":{"tool_name":"refund","error":"boom"}});
    let sub =
        json!({"type":"generation","input":[{"role":"user","content":"look it up"}],"output":[]});
    vec![
        json!({"object":"trace","id":"t1","workflow_name":"Refund"}),
        // Those that have ended stand before those that they stand in.
        span(
            "s6",
            "s5",
            9,
            &function("search", "{\"q\":\"7\"}", &json!("found")),
        ),
        span("s2", "s1", 2, &first),
        span(
            "s3",
            "s1",
            4,
            &function("get_order", "{\"id\":\"7\"}", &json!("{'total': 5}")),
        ),
        failed,
        span("s7", "s5", 8, &sub),
        span("s8", "s1", 12, &again),
        span(
            "s5",
            "s1",
            7,
            &function("helper", "{\"input\":\"look it up\"}", &json!("found")),
        ),
        span(
            "s9",
            "s1",
            13,
            &json!({"type":"handoff","from_agent":"Triage","to_agent":"Refund"}),
        ),
        span(
            "s1",
            "",
            1,
            &json!({"type":"agent","name":"Triage","tools":["get_order"]}),
        ),
    ]
}

#[test]
fn spans_of_functions_are_the_calls() {
    let trace = trace();
    for session in [
        sessions(&lines(&trace)).remove(0),
        one(&json!({ "data": trace })),
        one(&Value::Array(trace.clone())),
    ] {
        assert_eq!(session.format, "agents-trace");
        assert_eq!(session.external_id.as_deref(), Some("t1"));
        assert_eq!(session.goal.as_deref(), Some("refund order 7"));
        let calls = calls(&session);
        let names: Vec<&str> = calls.iter().map(|call| call.name.as_str()).collect();
        assert_eq!(names, ["get_order", "helper", "search", "refund", "notify"]);
        assert_eq!(result(calls[0]).content, "{'total': 5}");
        assert_eq!(calls[2].inside.as_deref(), Some(calls[1].id.as_str()));
        let failed = result(calls[3]);
        assert!(failed.is_error && failed.content == "boom");
        assert!(calls[4].result.is_none());
        let asked = |text: &str| {
            session.turns.iter().any(|turn| {
                matches!(turn, Turn::Message { role: Role::User, text: said, .. } if said == text)
            })
        };
        assert!(asked("refund order 7") && !asked("look it up"));
        let usage = session.usage.unwrap();
        assert_eq!((usage.input_tokens, usage.output_tokens), (15, 7));
    }
}

#[test]
fn each_trace_is_a_session() {
    let mut all = trace();
    for entry in trace() {
        let mut other = entry;
        let key = if other["object"] == "trace" {
            "id"
        } else {
            "trace_id"
        };
        other[key] = json!("t2");
        all.push(other);
    }
    assert_eq!(sessions(&lines(&all)).len(), 2);
}
