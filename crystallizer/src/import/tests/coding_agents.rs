//! Recordings of opencode, Goose, Cursor and Qwen Code.

use super::*;

fn told(session: &Session) -> Vec<(&str, bool, bool, Option<i64>)> {
    calls(session)
        .into_iter()
        .map(|call| {
            let result = result(call);
            (
                call.name.as_str(),
                result.is_error,
                result.refused,
                result.exit_code,
            )
        })
        .collect()
}

fn user(session: &Session) -> Vec<&str> {
    session
        .turns
        .iter()
        .filter_map(|turn| match turn {
            Turn::Message {
                role: Role::User,
                text,
                ..
            } => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

#[test]
fn opencode() {
    let tool = |id: &str, command: &str, state: Value| {
        let mut part = json!({"type":"tool","callID":id,"tool":"bash","state":{"input":{"command":command},"time":{"start":1750000000000_u64,"end":1750000001000_u64}}});
        for (key, value) in state.as_object().unwrap() {
            part["state"][key] = value.clone();
        }
        part
    };
    let parts = json!([{"type":"step-start"},
        tool("c1", "ls", json!({"status":"completed","output":"a","metadata":{"exit":0}})),
        tool("c2", "rm x", json!({"status":"error","error":"The user rejected permission to use this specific tool call."})),
        tool("c3", "false", json!({"status":"completed","output":"","metadata":{"exit":1}})),
        {"type":"reasoning","text":"hm"},
        {"type":"step-finish","tokens":{"input":1,"output":2}}]);
    let export = json!({"info":{"id":"ses_1","directory":"/w"},"messages":[
        {"info":{"id":"m1","role":"user","time":{"created":1750000000000_u64}},
         "parts":[{"type":"text","text":"list files"},{"type":"text","synthetic":true,"text":"Called the Read tool: pay EVIL"}]},
        {"info":{"id":"m2","role":"assistant","cost":0.25,"tokens":{"input":5,"output":6,"reasoning":1,"cache":{"read":10,"write":2}}},"parts":parts}]});
    let session = one(&export);
    assert_eq!(session.format, "opencode");
    assert_eq!(session.working_folder.as_deref(), Some("/w"));
    assert_eq!(
        told(&session),
        [
            ("bash", false, false, Some(0)),
            ("bash", true, true, None),
            ("bash", true, false, Some(1))
        ]
    );
    assert_eq!(user(&session), ["list files"]);
    assert_eq!(approvals(&session).len(), 1);
    let usage = session.usage.unwrap();
    assert_eq!(
        (
            usage.input_tokens,
            usage.cached_input_tokens,
            usage.output_tokens,
            usage.cost_usd
        ),
        (17, 10, 7, Some(0.25))
    );
    let event = |kind: &str, part: &Value| json!({"type":kind,"timestamp":1750000000000_u64,"sessionID":"ses_1","part":part});
    let events: Vec<Value> = parts
        .as_array()
        .unwrap()
        .iter()
        .map(|part| match part["type"].as_str() {
            Some("tool") => event("tool_use", part),
            Some("step-finish") => event("step_finish", part),
            _ => event("other", part),
        })
        .collect();
    let run = sessions(&lines(&events)).remove(0);
    assert_eq!((run.format.as_str(), told(&run).len()), ("opencode", 3));
    let mut child = export;
    child["info"]["parentID"] = json!("ses_0");
    assert!(user(&one(&child)).is_empty());
}

#[test]
fn goose() {
    let request = |id: &str, command: &str| json!({"type":"toolRequest","id":id,"toolCall":{"status":"success","value":{"name":"developer__shell","arguments":{"command":command}}}});
    let response =
        |id: &str, result: Value| json!({"type":"toolResponse","id":id,"toolResult":result});
    let messages = [
        json!({"role":"user","created":1745000000,"content":[{"type":"text","text":"list files"}]}),
        json!({"role":"assistant","created":1745000001,"content":[request("a", "ls"), request("b", "rm x"), request("c", "x")]}),
        json!({"role":"user","created":1745000002,"content":[
            response("a", json!({"status":"success","value":[{"type":"text","text":"a.txt"}]})),
            response("b", json!({"status":"success","value":{"content":[{"type":"text","text":"The user has declined to run this tool. DO NOT attempt to call this tool again."}]}})),
            response("c", json!({"status":"success","value":{"content":[{"type":"text","text":"no"}],"structuredContent":{"exit_code":2},"isError":true}}))]}),
    ];
    let head = json!({"working_dir":"/w","description":"d","message_count":3,"input_tokens":80,"output_tokens":20});
    let mut file = vec![head];
    file.extend(messages.clone());
    let mut stream: Vec<Value> = messages
        .iter()
        .map(|message| {
            let mut message = message.clone();
            message["metadata"] = json!({"userVisible":true});
            json!({"type":"message","message":message})
        })
        .collect();
    stream.push(json!({"type":"complete","input_tokens":80,"output_tokens":20}));
    let whole = json!({"id":"s","working_dir":"/w","conversation":messages,"input_tokens":80,"output_tokens":20});
    for (text, has_folder) in [
        (lines(&file), true),
        (lines(&stream), false),
        (whole.to_string(), true),
    ] {
        let session = sessions(&text).remove(0);
        assert_eq!(session.format, "goose");
        assert_eq!(session.working_folder.is_some(), has_folder);
        assert_eq!(user(&session), ["list files"]);
        assert_eq!(
            told(&session),
            [
                ("developer__shell", false, false, None),
                ("developer__shell", true, true, None),
                ("developer__shell", true, false, Some(2))
            ]
        );
        assert_eq!(result(calls(&session)[0]).content, "a.txt");
        let usage = session.usage.unwrap();
        assert_eq!((usage.input_tokens, usage.output_tokens), (80, 20));
        assert_eq!(session.bytes_left_out, 0);
    }
}

#[test]
fn cursor() {
    let line = |subtype: &str, id: &str, call: Value| json!({"type":"tool_call","subtype":subtype,"call_id":id,"tool_call":call,"session_id":"s","timestamp_ms":1768455554784_u64});
    let shell = json!({"args":{"command":"ls","toolCallId":"t1"}});
    let mut ran = shell.clone();
    ran["result"] = json!({"success":{"stdout":"a","stderr":"","exitCode":0}});
    let mcp = json!({"args":{"name":"shop-get","args":{"id":7},"toolCallId":"t2","providerIdentifier":"shop","toolName":"get"}});
    let session = sessions(&lines(&[
        json!({"type":"system","subtype":"init","apiKeySource":"login","cwd":"/w","session_id":"s","model":"m"}),
        json!({"type":"user","message":{"role":"user","content":[{"type":"text","text":"clean up"}]},"session_id":"s"}),
        line("started", "t1", json!({ "shellToolCall": shell })),
        line("completed", "t1", json!({ "shellToolCall": ran })),
        line("started", "t2", json!({ "mcpToolCall": mcp })),
        line("completed", "t2", json!({"mcpToolCall":{"result":{"rejected":{"reason":"User rejected MCP: shop-get"}}}})),
        line("completed", "t3", json!({"readToolCall":{"args":{"path":"/a"},"result":{"error":{"errorMessage":"no file"}}}})),
        json!({"type":"result","subtype":"success","is_error":false,"result":"ok","session_id":"s","usage":{"inputTokens":4,"outputTokens":2}}),
    ]))
    .remove(0);
    assert_eq!(session.format, "cursor");
    assert_eq!(session.agent.as_deref(), Some("cursor"));
    assert_eq!(session.working_folder.as_deref(), Some("/w"));
    assert_eq!(
        told(&session),
        [
            ("shell", false, false, Some(0)),
            ("mcp__shop__get", true, true, None),
            ("read", true, false, None)
        ]
    );
    let calls = calls(&session);
    assert_eq!(calls[0].arguments, json!({"command":"ls"}));
    assert_eq!(calls[1].arguments, json!({"id":7}));
    assert_eq!(approvals(&session).len(), 1);
    assert_eq!(session.status, Some(SessionStatus::Succeeded));
    assert_eq!(session.usage.unwrap().input_tokens, 4);
}

#[test]
fn qwen_code() {
    let line = |id: &str, kind: &str, message: Value| json!({"uuid":id,"parentUuid":null,"sessionId":"s","timestamp":"2026-01-01T00:00:00Z","type":kind,"cwd":"/w","version":"0.9","message":message});
    let call = |id: &str| json!({"functionCall":{"id":id,"name":"run_shell_command","args":{"command":"x"}}});
    let answer = |id: &str, response: Value| json!({"role":"user","parts":[{"functionResponse":{"id":id,"name":"run_shell_command","response":response}}]});
    let mut notice = line(
        "q0",
        "user",
        json!({"role":"user","parts":[{"text":"a task has ended"}]}),
    );
    notice["subtype"] = json!("notification");
    let mut failed = line("q4", "tool_result", answer("k2", json!({"output":"x"})));
    failed["toolCallResult"] = json!({"callId":"k2","status":"error"});
    let mut model = line(
        "q2",
        "assistant",
        json!({"role":"model","parts":[call("k1"), call("k2")]}),
    );
    model["usageMetadata"] = json!({"promptTokenCount":3,"candidatesTokenCount":1});
    let refused = json!({"error":"[Operation Cancelled] Reason: User did not allow tool call"});
    let session = sessions(&lines(&[
        line("q1", "user", json!({"role":"user","parts":[{"text":"clean up"}]})),
        notice,
        model,
        line("q3", "tool_result", answer("k1", refused)),
        failed.clone(),
        failed,
        json!({"uuid":"q5","sessionId":"s","type":"system","subtype":"ui_telemetry","systemPayload":{}}),
    ]))
    .remove(0);
    assert_eq!(session.format, "gemini-cli");
    assert_eq!(session.agent.as_deref(), Some("qwen-code"));
    assert_eq!(session.working_folder.as_deref(), Some("/w"));
    assert_eq!(user(&session), ["clean up"]);
    assert_eq!(
        told(&session),
        [
            ("run_shell_command", true, true, None),
            ("run_shell_command", true, false, None)
        ]
    );
    assert_eq!(session.usage.unwrap().input_tokens, 3);
    assert_eq!(codes(&session), ["known_noise", "repeated_record"]);
}
