//! OpenAI's Responses.

use super::*;

fn call(id: &str, name: &str, arguments: &str) -> Value {
    json!({"type":"function_call","id":format!("fc_{id}"),"call_id":id,"name":name,"arguments":arguments,"status":"completed"})
}

fn output(id: &str, said: &str) -> Value {
    json!({"type":"function_call_output","call_id":id,"output":said})
}

#[test]
fn items_of_a_response_are_read() {
    let session = one(&json!({
        "id":"resp_1","object":"response","created_at":1_790_000_000,"status":"completed","instructions":"Be brief.",
        "tools":[{"type":"function","name":"weigh","parameters":{"type":"object"}}],
        "input":[
            {"role":"user","content":[{"type":"input_text","text":"Weigh both boxes"},{"type":"input_image","image_url":"data:x"}]},
            {"type":"reasoning","id":"rs_1","summary":[]},
            call("a", "weigh", "{\"box\":1}"), call("b", "weigh", "{\"box\":2}"),
            output("b", "{\"kg\":4}"), output("a", "Error: scale is off"),
            call("c", "weigh", "{\"box\":"), output("lost", "who?")],
        "output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Box 2 has 4 kg."}]}]
    }));
    assert_eq!(session.format, "openai-responses");
    assert_eq!(session.external_id.as_deref(), Some("resp_1"));
    assert_eq!(session.goal.as_deref(), Some("Weigh both boxes"));
    assert_eq!(session.tools[0].name, "weigh");
    let calls = calls(&session);
    assert_eq!(
        calls.iter().map(|call| call.batch).collect::<Vec<_>>(),
        [0, 0, 1]
    );
    assert_eq!(result(calls[1]).content, "{\"kg\":4}");
    assert!(result(calls[0]).is_error);
    assert_eq!(calls[2].arguments, json!({"_raw":"{\"box\":"}));
    assert_eq!(
        codes(&session),
        [
            "arguments_not_json",
            "failure_inferred",
            "known_noise",
            "media_left_out",
            "result_without_call",
            "unmatched_call"
        ]
    );
}

#[test]
fn calls_of_the_server_stand_with_their_answers() {
    let session = one(&json!({"object":"response","id":"r","output":[
        {"type":"mcp_list_tools","id":"l","server_label":"shop","tools":[{"name":"find","input_schema":{"type":"object"},"annotations":{"readOnlyHint":true}}]},
        {"type":"mcp_call","id":"m1","server_label":"shop","name":"find","arguments":"{\"q\":\"cup\"}","output":"2 cups","error":null},
        {"type":"mcp_call","id":"m2","server_label":"shop","name":"find","arguments":"{}","output":null,"error":{"type":"http_error","code":500,"message":"down"}},
        {"type":"web_search_call","id":"w","status":"completed","action":{"type":"search","query":"cups"}},
        {"type":"file_search_call","id":"f","status":"completed","queries":["cup"],"results":[{"file_id":"x","text":"A cup"}]},
        {"type":"code_interpreter_call","id":"c","status":"failed","code":"1/0","outputs":null},
        {"type":"custom_tool_call","id":"ctc","call_id":"p","name":"patch","input":"free text"},
        {"type":"custom_tool_call_output","call_id":"p","output":"done"},
        {"type":"shell_call","id":"s","call_id":"s1","action":{"commands":["false"]}},
        {"type":"shell_call_output","call_id":"s1","output":[{"stdout":"","stderr":"","outcome":{"type":"exit","exit_code":1}}]},
        {"type":"hologram_call","id":"h"}]}));
    let calls = calls(&session);
    let names: Vec<&str> = calls.iter().map(|call| call.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "mcp__shop__find",
            "mcp__shop__find",
            "web_search",
            "file_search",
            "code_interpreter",
            "patch",
            "shell"
        ]
    );
    assert_eq!(session.tools[0].name, "mcp__shop__find");
    assert_eq!(session.tools[0].annotations["readOnlyHint"], true);
    assert_eq!(result(calls[0]).content, "2 cups");
    assert_eq!(
        (result(calls[1]).is_error, &result(calls[1]).content),
        (true, &json!("down"))
    );
    assert_eq!(calls[2].arguments, json!({"type":"search","query":"cups"}));
    assert_eq!(calls[2].result, None);
    assert_eq!(result(calls[3]).content[0]["text"], "A cup");
    assert!(result(calls[4]).is_error);
    assert_eq!(calls[5].arguments, json!({"_raw":"free text"}));
    assert_eq!(
        (result(calls[6]).is_error, result(calls[6]).exit_code),
        (true, Some(1))
    );
    assert_eq!(codes(&session), ["unknown_record", "unmatched_call"]);
}

#[test]
fn approvals_of_the_servers_tools_are_read() {
    let ask = |id: &str| json!({"type":"mcp_approval_request","id":id,"server_label":"shop","name":"buy","arguments":"{\"n\":1}"});
    let session = one(&json!([
        {"role":"user","content":"Buy"},
        ask("q1"), {"type":"mcp_approval_response","approval_request_id":"q1","approve":true},
        {"type":"mcp_call","id":"m","approval_request_id":"q1","server_label":"shop","name":"buy","arguments":"{\"n\":1}","output":"bought"},
        ask("q2"), {"type":"mcp_approval_response","approval_request_id":"q2","approve":false,"reason":"enough"},
        ask("q3")]));
    assert_eq!(session.format, "openai-responses");
    let calls = calls(&session);
    assert_eq!(calls.len(), 3);
    assert!(result(calls[1]).refused && calls[2].result.is_none());
    let approvals = approvals(&session);
    assert_eq!(
        approvals
            .iter()
            .map(|approval| (approval.approved, approval.call.as_deref()))
            .collect::<Vec<_>>(),
        [(true, Some("m")), (false, Some("q2"))]
    );
    assert_eq!(approvals[1].comment.as_deref(), Some("enough"));
    // The yes stands before the call that it allows.
    assert!(matches!(session.turns[1], Turn::Approval(_)));
}

#[test]
fn responses_that_name_one_another_are_one_session() {
    let first =
        json!({"object":"response","id":"r1","input":"Weigh","output":[call("a", "weigh", "{}")]});
    let second = json!({"object":"response","id":"r2","previous_response_id":"r1","input":[output("a", "4")],"output":[]});
    let other = json!({"object":"response","id":"r3","previous_response_id":"r0","input":"Else","output":[]});
    for body in [
        lines(&[first.clone(), other.clone(), second.clone()]),
        json!([first, other, second]).to_string(),
    ] {
        let read = sessions(&body);
        assert_eq!(read.len(), 2);
        assert_eq!((calls(&read[0]).len(), read[0].counts().succeeded), (1, 1));
        assert_eq!(codes(&read[0]), [""; 0]);
        assert_eq!(codes(&read[1]), ["earlier_part_missing"]);
        assert_ne!(read[0].digest, read[1].digest);
    }
}

#[test]
fn a_request_that_repeats_the_conversation_adds_only_what_is_new() {
    let asked = json!({"role":"user","content":"Weigh"});
    let first = json!({"request":{"input":[asked]},"response":{"object":"response","id":"r1","output":[{"type":"reasoning","id":"x"},call("a", "weigh", "{}")]}});
    let second = json!({"request":{"input":[asked, call("a", "weigh", "{}"), output("a", "4")]},"response":{"object":"response","id":"r2","output":[]}});
    let read = sessions(&lines(&[first, second]));
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].turns.len(), 2);
    assert_eq!(codes(&read[0]), ["known_noise", "repeated_record"]);
}

#[test]
fn streams_are_read_whole_or_as_far_as_they_went() {
    let events = [
        json!({"type":"response.created","response":{"id":"r","object":"response","output":[]}}),
        json!({"type":"response.function_call_arguments.delta","item_id":"fc_a","output_index":0,"delta":"{"}),
        json!({"type":"response.output_item.done","output_index":0,"item":call("a", "weigh", "{}")}),
        json!({"type":"response.completed","response":{"id":"r","object":"response","status":"completed","output":[call("a", "weigh", "{}")]}}),
    ];
    let whole = &sessions(&lines(&events))[0];
    assert_eq!(
        (calls(whole).len(), whole.format.as_str()),
        (1, "openai-responses")
    );
    let broken = &sessions(&lines(&events[..3]))[0];
    assert_eq!(calls(broken).len(), 1);
    assert!(codes(broken).contains(&"answer_cut_short"));
    assert!(!codes(whole).contains(&"answer_cut_short"));
}

#[test]
fn items_of_the_library_for_javascript_keep_their_answers() {
    let session = one(&json!([
        {"type":"message","role":"user","content":"cancel 7"},
        {"type":"function_call","id":"fc","callId":"c1","name":"cancel","status":"completed","arguments":"{\"id\":\"7\"}"},
        {"type":"function_call_result","name":"cancel","callId":"c1","status":"completed","output":{"type":"text","text":"ok"}},
        {"type":"function_call","id":"fd","callId":"c2","name":"note","status":"completed","arguments":"{}"},
        {"type":"function_call_result","name":"note","callId":"c2","status":"completed","output":"Tool execution was not approved."},
        {"type":"shell_call","callId":"c3","action":{"commands":["false"]}},
        {"type":"shell_call_output","callId":"c3","output":[{"stdout":"","stderr":"","outcome":{"type":"exit","exitCode":1}}]},
        {"type":"hosted_tool_call","id":"ws","name":"web_search_call","status":"completed","providerData":{"type":"web_search_call","action":{"type":"search","query":"x"}}},
        {"type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":"done"}]}]));
    assert_eq!(session.format, "openai-responses");
    let calls = calls(&session);
    assert_eq!(calls[0].id, "c1");
    assert_eq!(result(calls[0]).content, "ok");
    assert!(result(calls[1]).refused);
    assert_eq!(result(calls[2]).exit_code, Some(1));
    assert_eq!(calls[3].name, "web_search");
    assert!(!codes(&session).contains(&"unknown_record"));
}
