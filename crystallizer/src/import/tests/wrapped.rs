//! Recordings inside of what others keep with them, and answers in pieces.

use super::*;

fn call(id: &str, order: &str) -> Value {
    json!({"id":id,"type":"function","function":{"name":"refund","arguments":json!({"order":order}).to_string()}})
}

fn asked() -> Value {
    json!({"role":"user","content":"Refund 4711"})
}

fn made() -> Value {
    json!({"role":"assistant","content":null,"tool_calls":[call("c1", "4711")]})
}

fn told() -> Value {
    json!({"role":"tool","tool_call_id":"c1","content":"ok"})
}

fn completion(message: &Value) -> Value {
    json!({"id":message.to_string(),"object":"chat.completion","choices":[{"index":0,"message":message}],"usage":{"prompt_tokens":10,"completion_tokens":5}})
}

/// Holds that a body is one session with one call of a refund, and gives it.
fn refund(body: &str) -> Session {
    let mut read = sessions(body);
    assert_eq!(read.len(), 1, "{body}");
    let session = read.remove(0);
    let calls = calls(&session);
    assert_eq!(calls.len(), 1, "{body}");
    assert_eq!(
        (calls[0].name.as_str(), &calls[0].arguments),
        ("refund", &json!({"order":"4711"})),
        "{body}"
    );
    session
}

#[test]
fn one_recording_inside_of_a_document_is_found() {
    let messages = json!([asked(), made(), told()]);
    for body in [
        json!({"data":{"messages":messages}}),
        json!({"conversation":{"id":"x","messages":messages}}),
        json!({"conversations":[{"id":"a","messages":messages}]}),
        json!({"messages":messages.to_string()}),
        json!({"result":{"thread":messages}}),
        json!({"id":"chat","messages":[
            {"role":"user","parts":[{"type":"text","text":"Refund 4711"}]},
            {"role":"assistant","parts":[{"type":"tool-refund","toolCallId":"c","state":"input-available","input":{"order":"4711"}}]}]}),
        json!({"session":{"id":"s","appName":"shop","events":[
            {"author":"user","content":{"role":"user","parts":[{"text":"Refund 4711"}]}},
            {"author":"shop","content":{"role":"model","parts":[{"functionCall":{"id":"a","name":"refund","args":{"order":"4711"}}}]}}]}}),
    ] {
        let session = refund(&body.to_string());
        assert_eq!(session.goal.as_deref(), Some("Refund 4711"));
    }
    let beside =
        refund(&json!({"data":{"messages":messages},"notes":{"of":"the keeper"}}).to_string());
    let found = beside
        .findings
        .iter()
        .find(|one| one.code == "beside_the_recording");
    assert!(found.is_some_and(|one| one.message.contains("notes")));
    assert!(beside.bytes_left_out > 0);
    let shown = json!({"id":"chat","message":{"role":"assistant","parts":[
        {"type":"tool-refund","toolCallId":"c","state":"input-available","input":{"order":"4711"}}]}});
    refund(&shown.to_string());
    // Of two nobody says which is meant.
    let two = json!({"a":{"messages":messages},"b":{"messages":messages}});
    assert_eq!(
        import(two.to_string().as_bytes()).unwrap_err().code,
        "unknown_format"
    );
}

#[test]
fn a_request_stands_with_its_response() {
    let anthropic = json!({"type":"message","role":"assistant","content":[{"type":"tool_use","id":"t","name":"refund","input":{"order":"4711"}}]});
    let request = json!({"model":"m","messages":[asked()]});
    for body in [
        json!({"request":request,"response":completion(&made())}),
        json!({"request":{"body":request.to_string()},"response":{"status":200,"body":completion(&made()).to_string()}}),
        json!({"input":request,"output":made()}),
        json!({"request":request,"response":anthropic}),
        json!({"custom_id":"r","response":{"status_code":200,"body":completion(&made())}}),
        json!({"custom_id":"r","result":{"type":"succeeded","message":anthropic}}),
        completion(&made()),
    ] {
        refund(&body.to_string());
        refund(&json!([body]).to_string());
    }
    let bodies = lines(&[completion(&made()), completion(&made())]);
    assert_eq!(sessions(&bodies).len(), 2);
}

#[test]
fn requests_that_grow_are_one_session() {
    let grown = [
        json!({"messages":[asked()]}),
        json!({"messages":[asked(), made(), told()]}),
        json!({"messages":[asked(), made(), told(), {"role":"assistant","content":"Done."}]}),
    ];
    let session = refund(&lines(&grown));
    assert_eq!(session.counts().turns, 2);
    assert!(codes(&session).contains(&"repeated_record"));
    let exchanges = [
        json!({"request":grown[0],"response":completion(&made())}),
        json!({"request":grown[1],"response":completion(&json!({"role":"assistant","content":"Done."}))}),
    ];
    let session = refund(&lines(&exchanges));
    assert_eq!(session.usage.unwrap().input_tokens, 20);
    let marked = [
        json!({"system":"Help.","messages":[{"role":"user","content":[{"type":"text","text":"Refund 4711","cache_control":{"type":"ephemeral"}}]}]}),
        json!({"system":"Help.","messages":[asked(), {"role":"assistant","content":[{"type":"tool_use","id":"t","name":"refund","input":{"order":"4711"}}]}]}),
    ];
    refund(&lines(&marked));
    // Another conversation is another session.
    let other = [
        grown[1].clone(),
        json!({"messages":[asked(), {"role":"assistant","content":"No."}, asked(), made(), told()]}),
    ];
    assert_eq!(sessions(&lines(&other)).len(), 2);
}

fn sse(events: &[Value]) -> String {
    let lines: Vec<String> = events
        .iter()
        .map(|event| format!("event: x\ndata: {event}\n\n"))
        .collect();
    format!("{}data: [DONE]\n", lines.concat())
}

#[test]
fn answers_in_pieces_are_put_together() {
    let chunk = |delta: Value| json!({"id":"x","object":"chat.completion.chunk","choices":[{"index":0,"delta":delta,"finish_reason":null}]});
    let chunks = [
        chunk(json!({"role":"assistant","content":"I "})),
        chunk(json!({"content":"go."})),
        chunk(
            json!({"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"refund","arguments":""}}]}),
        ),
        chunk(json!({"tool_calls":[{"index":0,"function":{"arguments":"{\"order\":"}}]})),
        chunk(json!({"tool_calls":[{"index":0,"function":{"arguments":"\"4711\"}"}}]})),
        json!({"id":"x","object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}),
    ];
    let events = [
        json!({"type":"message_start","message":{"id":"m","role":"assistant","content":[],"usage":{"input_tokens":7,"output_tokens":1}}}),
        json!({"type":"ping"}),
        json!({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}),
        json!({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"I "}}),
        json!({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"go."}}),
        json!({"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"refund","input":{}}}),
        json!({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"order\":"}}),
        json!({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"\"4711\"}"}}),
        json!({"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":2}}),
        json!({"type":"message_stop"}),
    ];
    let shown = [
        json!({"type":"start","messageId":"m"}),
        json!({"type":"start-step"}),
        json!({"type":"text-start","id":"t"}),
        json!({"type":"text-delta","id":"t","delta":"I "}),
        json!({"type":"text-delta","id":"t","delta":"go."}),
        json!({"type":"tool-input-start","toolCallId":"c1","toolName":"refund"}),
        json!({"type":"tool-input-available","toolCallId":"c1","toolName":"refund","input":{"order":"4711"}}),
        json!({"type":"tool-output-available","toolCallId":"c1","output":{"ok":true}}),
        json!({"type":"finish"}),
    ];
    for (events, answered) in [
        (&chunks[..], false),
        (&events[..], false),
        (&shown[..], true),
    ] {
        for body in [lines(events), sse(events)] {
            let session = refund(&body);
            assert!(
                matches!(&session.turns[0], Turn::Message { text, .. } if text == "I go."),
                "{body}"
            );
            assert_eq!(calls(&session)[0].result.is_some(), answered);
            if !answered {
                let usage = session.usage.unwrap();
                assert_eq!((usage.input_tokens, usage.output_tokens), (7, 2));
            }
        }
    }
    let request = json!({"messages":[asked()],"stream":true});
    for events in [&chunks[..], &events[..]] {
        let body = format!("{request}\n{}", lines(events));
        assert_eq!(refund(&body).goal.as_deref(), Some("Refund 4711"));
    }
    let item = json!({"type":"function_call","id":"f","call_id":"c","name":"refund","arguments":"{\"order\":\"4711\"}"});
    let responses = [
        json!({"type":"response.created","response":{"id":"r","object":"response","output":[]}}),
        json!({"type":"response.completed","response":{"id":"r","object":"response","output":[item]}}),
    ];
    refund(&sse(&responses));
}

#[test]
fn a_result_of_the_ai_sdk_is_read() {
    let part =
        json!({"type":"tool-call","toolCallId":"c1","toolName":"refund","input":{"order":"4711"}});
    let answer = json!({"type":"tool-result","toolCallId":"c1","toolName":"refund","output":{"type":"json","value":{"ok":true}}});
    let messages =
        json!([{"role":"assistant","content":[part]},{"role":"tool","content":[answer]}]);
    let steps = json!([{"content":[part, answer],"finishReason":"tool-calls"}]);
    for body in [
        json!({"text":"done","steps":steps,"response":{"id":"r","messages":messages}}),
        json!({"text":"done","steps":steps}),
    ] {
        let session = refund(&body.to_string());
        assert_eq!(session.format, "ai-sdk");
        assert!(calls(&session)[0].result.is_some());
    }
}

#[test]
fn a_run_that_was_kept_is_read() {
    let raw = json!({"type":"function_call","call_id":"c1","name":"refund","arguments":"{\"order\":\"4711\"}"});
    let session = refund(&json!({"$schemaVersion":"1.13","original_input":"Refund 4711","generated_items":[
        {"type":"tool_call_item","raw_item":raw},{"type":"tool_approval_item","raw_item":raw},
        {"type":"tool_call_output_item","raw_item":{"type":"function_call_output","call_id":"c1","output":"ok"}}],
        "session_items":[]}).to_string());
    assert_eq!(session.goal.as_deref(), Some("Refund 4711"));
    assert_eq!(result(calls(&session)[0]).content, "ok");
}

#[test]
fn blocks_and_spellings_of_further_models_are_read() {
    let bedrock = refund(&json!({"modelId":"m","messages":[
        {"role":"user","content":[{"text":"Refund 4711"}]},
        {"role":"assistant","content":[{"text":"ok"},{"toolUse":{"toolUseId":"t","name":"refund","input":{"order":"4711"}}}]},
        {"role":"user","content":[{"toolResult":{"toolUseId":"t","status":"error","content":[{"json":{"why":"declined"}}]}}]}],
        "toolConfig":{"tools":[{"toolSpec":{"name":"refund","inputSchema":{"json":{"type":"object"}}}}]}}).to_string());
    let told = result(calls(&bedrock)[0]);
    assert_eq!(
        (&told.content, told.is_error),
        (&json!({"why":"declined"}), true)
    );
    assert_eq!(
        bedrock.tools[0].input_schema,
        Some(json!({"type":"object"}))
    );
    let camel = refund(&json!({"messages":[asked(),{"role":"assistant","content":"","toolCalls":[call("c1", "4711")]},
        {"role":"tool","toolCallId":"c1","content":"ok"}]}).to_string());
    assert_eq!(result(calls(&camel)[0]).content, "ok");
    let document = refund(&json!({"messages":[asked(), made(),
        {"role":"tool","tool_call_id":"c1","content":[{"type":"document","document":{"data":"{\"ok\":true}"}}]}]}).to_string());
    assert_eq!(result(calls(&document)[0]).content, "{\"ok\":true}");
    let spaced = one(&json!({"input":[{"role":"user","content":"go"},
        {"type":"function_call","call_id":"c","name":"create","namespace":"mcp__hub","arguments":"{}"}],
        "tools":[{"type":"namespace","name":"mcp__hub","tools":[{"type":"function","name":"create","parameters":{"type":"object"}}]}]}));
    assert_eq!(calls(&spaced)[0].name, "mcp__hub__create");
    assert_eq!(spaced.tools[0].name, "mcp__hub__create");
}

#[test]
fn lines_of_the_shell_in_the_words_of_an_agent_are_its_calls() {
    let block = |line: &str| json!({"role":"assistant","content":format!("I do.\n\n```mswea_bash_command\n{line}\n```")});
    let answer = |code: i64, said: &str| json!({"role":"user","content":format!("<returncode>{code}</returncode>\n<output>\n{said}\n</output>")});
    let messages = json!([{"role":"system","content":"s"},{"role":"user","content":"Fix it"},
        block("false"), answer(1, "no"), block("ls"), answer(0, "a"), block("echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"), {"role":"user","content":""}]);
    for body in [
        messages.clone(),
        json!({"info":{"exit_status":"Submitted"},"messages":messages,"trajectory_format":"mini-swe-agent-1"}),
    ] {
        let session = one(&body);
        let told: Vec<(&Value, Option<i64>, bool)> = calls(&session)
            .iter()
            .map(|call| {
                (
                    &call.arguments["command"],
                    result(call).exit_code,
                    result(call).is_error,
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (&json!("false"), Some(1), true),
                (&json!("ls"), Some(0), false)
            ]
        );
        assert_eq!(result(calls(&session)[1]).content, "a");
        assert_eq!(
            (session.product(), session.goal.as_deref()),
            ("mini-swe-agent", Some("Fix it"))
        );
    }
    let called = one(
        &json!({"trajectory_format":"mini-swe-agent-1.1","info":{},"messages":[{"role":"user","content":"Fix it"},
        {"role":"assistant","content":"t","tool_calls":[{"id":"c1","function":{"name":"bash","arguments":"{\"command\":\"false\"}"}}]},
        {"role":"tool","tool_call_id":"c1","content":"<returncode>1</returncode>\n<output>\n</output>","extra":{"returncode":1}}]}),
    );
    assert!(result(calls(&called)[0]).is_error);
}

#[test]
fn a_second_way_from_an_entry_is_told() {
    let entry = |id: &str, parent: Option<&str>| json!({"type":"message","id":id,"parentId":parent,"message":{"role":"user","content":id}});
    let start = json!({"type":"session","id":"p","cwd":"/w"});
    let straight = [
        start.clone(),
        entry("a", None),
        entry("b", Some("a")),
        entry("c", Some("b")),
    ];
    assert!(!codes(&sessions(&lines(&straight))[0]).contains(&"rewound"));
    let forked = [
        start,
        entry("a", None),
        entry("b", Some("a")),
        entry("c", Some("a")),
    ];
    assert!(codes(&sessions(&lines(&forked))[0]).contains(&"rewound"));
}

#[test]
fn a_recording_without_a_call_tells_what_was_left_out() {
    let session = one(
        &json!({"messages":[asked(),{"role":"assistant","content":[{"type":"strange_call","x":1}]}]}),
    );
    let error = crate::crystallize(&[session], &crate::Options::default()).unwrap_err();
    assert!(error.message.contains("strange_call"), "{}", error.message);
}
