//! Messages with roles that libraries and gateways keep in their own ways.

use super::*;

#[test]
fn a_call_that_a_library_keeps_twice_is_made_once() {
    let session = one(&json!([
        {"type":"human","content":"Refund 4711"},
        {"type":"ai","content":[{"type":"text","text":"ok"},{"type":"tool_use","id":"c1","name":"refund","input":{"order":"4711"}}],
         "tool_calls":[{"name":"refund","args":{"order":"4711"},"id":"c1","type":"tool_call"},{"name":"note","args":{},"id":"c2","type":"tool_call"}]},
        {"type":"tool","content":"card declined","name":"refund","tool_call_id":"c1","status":"error"},
        {"type":"tool","content":"kept","name":"note","tool_call_id":"c2","status":"success"}]));
    let calls = calls(&session);
    let names: Vec<&str> = calls.iter().map(|call| call.name.as_str()).collect();
    assert_eq!(names, ["refund", "note"]);
    assert!(result(calls[0]).is_error && !result(calls[1]).is_error);
    assert!(!codes(&session).contains(&"repeated_call_id"));
}

#[test]
fn the_answers_of_a_models_own_servers_tell_their_failures() {
    let ran = |code: i64| json!({"type":"bash_code_execution_result","stdout":"","stderr":"e","return_code":code,"content":[]});
    let session = one(
        &json!({"messages":[{"role":"user","content":"go"},{"role":"assistant","content":[
        {"type":"mcp_tool_use","id":"m","name":"refund","server_name":"shop","input":{}},
        {"type":"mcp_tool_result","tool_use_id":"m","is_error":false,"content":[{"type":"text","text":"ok"}]},
        {"type":"server_tool_use","id":"w","name":"web_search","input":{"query":"x"}},
        {"type":"web_search_tool_result","tool_use_id":"w","content":{"type":"web_search_tool_result_error","error_code":"max_uses_exceeded"}},
        {"type":"server_tool_use","id":"b","name":"bash_code_execution","input":{"command":"false"}},
        {"type":"bash_code_execution_tool_result","tool_use_id":"b","content":ran(1)},
        {"type":"server_tool_use","id":"c","name":"bash_code_execution","input":{"command":"true"}},
        {"type":"bash_code_execution_tool_result","tool_use_id":"c","content":ran(0)}]}]}),
    );
    let told: Vec<(&str, bool, Option<i64>)> = calls(&session)
        .iter()
        .map(|call| {
            (
                call.name.as_str(),
                result(call).is_error,
                result(call).exit_code,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("mcp__shop__refund", false, None),
            ("web_search", true, None),
            ("bash_code_execution", true, Some(1)),
            ("bash_code_execution", false, Some(0)),
        ]
    );
}

#[test]
fn an_answer_beside_its_request_is_read() {
    let call = json!({"id":"c1","type":"function","function":{"name":"refund","arguments":"{\"order\":\"4711\"}"}});
    let session = one(
        &json!({"messages":[{"role":"user","content":"Refund 4711"}],"cost":0.1,
        "response":{"object":"chat.completion","choices":[{"message":{"role":"assistant","content":null,"tool_calls":[call]}}]}}),
    );
    assert_eq!(calls(&session)[0].arguments, json!({"order":"4711"}));
}

#[test]
fn an_event_that_tells_an_error_of_the_model_is_told() {
    let session = one(&json!({"id":"s","appName":"shop","events":[
        {"author":"user","content":{"role":"user","parts":[{"text":"Refund 4711"}]}},
        {"author":"shop","errorCode":"429","errorMessage":"Too many requests"}]}));
    assert!(codes(&session).contains(&"answer_cut_short"));
    assert!(
        matches!(&session.turns[1], Turn::Message { role: Role::Assistant, text, .. } if text == "Too many requests")
    );
}
