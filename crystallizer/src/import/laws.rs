//! Laws of the readers over generated bodies: they never panic, give the same for the same bytes,
//! and Druse's own form holds all of a session.

use super::*;
use crate::session::*;
use druse_engine::Timestamp;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Keys and words that lead deep into the readers.
const WORDS: &[&str] = &[
    "type",
    "message",
    "messages",
    "role",
    "content",
    "tool_calls",
    "function",
    "name",
    "arguments",
    "id",
    "tool_call_id",
    "user",
    "assistant",
    "tool",
    "system",
    "tool_use",
    "tool_result",
    "tool_use_id",
    "input",
    "text",
    "uuid",
    "parentUuid",
    "sessionId",
    "isSidechain",
    "payload",
    "response_item",
    "session_meta",
    "function_call",
    "function_call_output",
    "call_id",
    "output",
    "traj",
    "reward",
    "task_id",
    "simulations",
    "reward_info",
    "suite_name",
    "user_task_id",
    "events",
    "parts",
    "author",
    "function_response",
    "response",
    "eval_cases",
    "conversation",
    "user_content",
    "intermediate_data",
    "tool_uses",
    "expected_tool_use",
    "query",
    "trajectory",
    "history",
    "environment",
    "action",
    "observation",
    "cause",
    "source",
    "args",
    "steps",
    "schema_version",
    "ATIF-v1",
    "agent",
    "samples",
    "eval",
    "plan",
    "version",
    "resourceSpans",
    "scopeSpans",
    "spans",
    "attributes",
    "key",
    "value",
    "stringValue",
    "data",
    "question",
    "ground_truth",
    "loglines",
    "projectHash",
    "toolCalls",
    "gemini",
    "status",
    "approval",
    "decision",
    "thread.started",
    "item.completed",
    "item",
    "session",
    "cwd",
    "toolCall",
    "toolResult",
    "timestamp",
    "2027-01-01T00:00:00Z",
    "a(b='c')",
    "{\"a\":1}",
    "error",
    "is_error",
    "subagent_trajectories",
    "results",
    "attachments",
    "batch",
    "summary",
    "result",
    "termination_reason",
    "tags",
    "jsonrpc",
    "2.0",
    "method",
    "params",
    "tools/call",
    "run_type",
    "child_runs",
    "parent_run_id",
    "outputs",
    "inputs",
    "contents",
    "functionCall",
    "candidates",
    "toolCallId",
    "tool-f",
    "tool-call",
    "tool-result",
    "toolInvocations",
    "approval",
    "mcp_call",
    "previous_response_id",
    "object",
    "attributes",
    "openinference.span.kind",
    "instance_id",
    "run",
    "kind",
    "ActionEvent",
    "ObservationEvent",
    "request",
    "part_kind",
    "tool-return",
    "choices",
    "delta",
    "chat.completion.chunk",
    "content_block_delta",
    "tool-input-available",
    "toolUse",
    "toolResult",
    "generated_items",
    "raw_item",
    "$schemaVersion",
    "parent_tool_use_id",
    "permission_denials",
    "tool_result_meta",
    "trajectory_format",
    "mini-swe-agent-1",
    "index",
    "body",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![8 => proptest::sample::select(WORDS).prop_map(str::to_owned), 1 => ".{0,6}"]
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 80, 8, |inner| {
        prop_oneof![
            1 => proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            3 => proptest::collection::vec((word(), inner), 0..7).prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// Small recordings that the mutations start from.
fn seeds() -> Vec<Value> {
    let messages = json!([{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"text","text":"y"}],"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"a\":1}"}}]},{"role":"tool","tool_call_id":"a","content":"z"}]);
    vec![
        json!({"messages":messages}),
        json!({"status":"failed","messages":messages}),
        json!({"task_id":1,"reward":1,"traj":messages}),
        json!({"simulations":[{"task_id":1,"reward_info":{"reward":0},"messages":messages}]}),
        json!({"suite_name":"s","user_task_id":"u","utility":true,"messages":messages}),
        json!({"type":"assistant","uuid":"u","sessionId":"s","message":{"id":"m","content":[{"type":"tool_use","id":"a","name":"f","input":{}}]}}),
        json!({"type":"user","uuid":"v","parentUuid":"u","sessionId":"s","toolUseResult":{},"message":{"content":[{"type":"tool_result","tool_use_id":"a","content":"x"}]}}),
        json!({"type":"response_item","payload":{"type":"function_call","name":"f","call_id":"a","arguments":"{}"}}),
        json!({"type":"response_item","payload":{"type":"function_call_output","call_id":"a","output":"{\"output\":1,\"metadata\":{\"exit_code\":1}}"}}),
        json!({"id":"s","app_name":"a","events":[{"author":"a","content":{"parts":[{"function_call":{"name":"f","args":{}}},{"function_response":{"name":"f","response":{}}}]}}]}),
        json!({"eval_cases":[{"conversation":[{"user_content":{"parts":[{"text":"x"}]},"intermediate_data":{"tool_uses":[{"name":"f"}]}}]}]}),
        json!({"environment":"e","trajectory":[{"action":"ls","observation":"x"}],"history":messages}),
        json!([{"id":1,"source":"agent","action":"run","args":{"command":"ls"}},{"id":2,"cause":1,"observation":"run","content":"x"}]),
        json!({"schema_version":"ATIF-v1","steps":[{"source":"agent","tool_calls":[{"tool_call_id":"a","function_name":"f","arguments":{}}],"observation":{"results":[{"source_call_id":"a","content":"x"}]}}]}),
        json!({"version":2,"eval":{},"plan":{},"samples":[{"messages":messages,"events":[{"event":"tool","id":"a"}]}]}),
        json!({"resourceSpans":[{"scopeSpans":[{"spans":[{"spanId":"1","startTimeUnixNano":"1","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"execute_tool"}}]}]}]}]}),
        json!({"question":[[{"content":"x"}]],"ground_truth":[["f(a=1)"]]}),
        json!({"object":"response","id":"r","previous_response_id":"q","input":"x","output":[{"type":"function_call","call_id":"a","name":"f","arguments":"{}"},{"type":"mcp_approval_request","id":"b","name":"f"},{"type":"mcp_approval_response","approval_request_id":"b","approve":false},{"type":"mcp_call","id":"c","name":"f","output":"x","approval_request_id":"b"}]}),
        json!({"contents":[{"role":"user","parts":[{"text":"x"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{}}}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":1}}}]}],"candidates":[{"finishReason":"STOP"}]}),
        json!({"messages":[{"role":"assistant","parts":[{"type":"step-start"},{"type":"tool-f","toolCallId":"a","state":"output-available","input":{},"output":1,"approval":{"id":"p","approved":true}},{"type":"dynamic-tool","toolName":"g","toolCallId":"b","state":"output-denied","input":{}}]}]}),
        json!({"role":"tool","content":[{"type":"tool-call","toolCallId":"a","toolName":"f","input":{}},{"type":"tool-approval-request","approvalId":"p","toolCallId":"a"},{"type":"tool-approval-response","approvalId":"p","approved":false},{"type":"tool-result","toolCallId":"a","output":{"type":"execution-denied"}}]}),
        json!({"id":"r","run_type":"chain","name":"a","trace_id":"t","inputs":{"messages":[{"type":"human","content":"x"}]},"child_runs":[{"id":"s","run_type":"tool","name":"f","start_time":1,"inputs":{"input":"{'a': 1}"},"outputs":{"output":"y"}},{"id":"u","run_type":"llm","outputs":{"generations":[[{"message":{"kwargs":{"tool_calls":[{"id":"c","name":"g","args":{}}]},"lc":1}}]]}}]}),
        json!({"id":"v","run_type":"tool","name":"f","parent_run_id":"r","start_time":1,"inputs":{},"error":"e"}),
        json!({"name":"f","context":{"span_id":"2"},"start_time":1,"attributes":{"openinference":{"span":{"kind":"TOOL"}},"input":{"value":"{}"},"output":{"value":"x"}}}),
        json!({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"f","arguments":{}}}),
        json!({"server":"s","message":{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"x"}],"isError":true}}}),
        json!({"id":"1","source":"agent","kind":"ActionEvent","action":{"command":"ls"},"tool_name":"terminal","tool_call_id":"a","llm_response_id":"r","tool_call":{"arguments":"{}"}}),
        json!({"id":"2","source":"environment","kind":"ObservationEvent","tool_call_id":"a","observation":{"content":[{"type":"text","text":"x"}],"is_error":true,"exit_code":1}}),
        json!([{"kind":"request","parts":[{"part_kind":"user-prompt","content":"x"}]},{"kind":"response","parts":[{"part_kind":"tool-call","tool_name":"f","args":"{}","tool_call_id":"a"}]},{"kind":"request","parts":[{"part_kind":"tool-return","tool_call_id":"a","content":1,"outcome":"denied"}]}]),
        json!({"type":"init","session_id":"s","model":"m"}),
        json!({"type":"tool_use","tool_id":"a","tool_name":"f","parameters":{}}),
        json!({"type":"tool_result","tool_id":"a","status":"error","output":"Exit Code: 1"}),
        json!({"object":"chat.completion.chunk","id":"c","choices":[{"index":0,"delta":{"content":"x","tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]}}]}),
        json!({"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"f","input":{}}}),
        json!({"type":"content_block_delta","index":0,"delta":{"partial_json":"{}"}}),
        json!({"type":"tool-input-available","toolCallId":"a","toolName":"f","input":{}}),
        json!({"request":{"body":{"messages":messages}},"response":{"body":{"choices":[{"message":{"role":"assistant","content":"x"}}]}}}),
        json!({"data":{"thread":{"messages":messages.to_string()}},"beside":[1]}),
        json!({"$schemaVersion":"1","original_input":"x","generated_items":[{"type":"tool_call_item","raw_item":{"type":"function_call","call_id":"a","name":"f","arguments":"{}"}}]}),
        json!({"steps":[{"content":[{"type":"tool-call","toolCallId":"a","toolName":"f","input":{}}]}],"response":{"messages":[]}}),
        json!({"trajectory_format":"mini-swe-agent-1","info":{},"messages":[{"role":"assistant","content":"```mswea_bash_command\nls\n```"},{"role":"user","content":"<returncode>1</returncode>"}]}),
        json!({"messages":[{"role":"assistant","content":[{"toolUse":{"toolUseId":"a","name":"f","input":{}}}]},{"role":"user","content":[{"toolResult":{"toolUseId":"a","content":[{"json":{}}],"status":"error"}}]}]}),
        json!({"sessionId":"s","projectHash":"h","messages":[{"type":"gemini","toolCalls":[{"id":"1","name":"f","status":"success","result":[]}]}]}),
    ]
}

/// Puts `with` in the place of the n-th value, counted from the outside in.
fn replace(value: &mut Value, n: &mut usize, with: &Value) {
    if *n == 0 {
        *value = with.clone();
        *n = usize::MAX;
        return;
    }
    *n = n.saturating_sub(1);
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, n, with)),
        Value::Object(map) => map.values_mut().for_each(|item| replace(item, n, with)),
        _ => {}
    }
}

fn checked(bytes: &[u8]) {
    let first = import(bytes);
    assert_eq!(first, import(bytes));
    let Ok(sessions) = first else { return };
    assert!(!sessions.is_empty() && detect(bytes).is_some());
    for session in sessions {
        let counts = session.counts();
        assert_eq!(
            counts.tool_calls,
            counts.succeeded + counts.failed + counts.unmatched
        );
        let ids: std::collections::BTreeSet<_> = session.calls().map(|call| &call.id).collect();
        assert_eq!(ids.len() as u64, counts.tool_calls);
        for turn in &session.turns {
            if let Turn::Approval(approval) = turn
                && let Some(call) = &approval.call
            {
                assert!(ids.contains(call));
            }
        }
        assert!(session.bytes_left_out == 0 || !session.findings.is_empty());
    }
}

fn moment() -> impl Strategy<Value = Option<Timestamp>> {
    proptest::option::of((0i64..4_000_000_000_000).prop_map(Timestamp))
}

fn said() -> impl Strategy<Value = String> {
    "[a-zäß\u{202e} \n{}\"\\\\]{0,12}x"
}

prop_compose! {
    fn tool_result()(content in json_value(), structured in proptest::option::of(said()), is_error: bool, refused: bool, truncated: bool, unread: bool, exit_code in proptest::option::of(any::<i64>())) -> ToolResult {
        ToolResult { content, structured: structured.map(Value::from).map(Box::new), is_error: is_error || refused, refused, truncated, unread, exit_code }
    }
}

prop_compose! {
    fn turn()(kind in 0..4, text in said(), role in proptest::sample::select(vec![Role::System, Role::User, Role::Assistant]), at in moment(), until in moment(),
              arguments in prop_oneof![3 => json_value().prop_filter("an object", Value::is_object), 1 => json_value()], result in proptest::option::of(tool_result()),
              batch in 0u32..4, folder in proptest::option::of(said()), agent in proptest::option::of(said()), about in 0usize..6, approved: bool) -> (Turn, usize) {
        (match kind {
            0 => Turn::Message { role, text, at },
            1 => Turn::Approval(Box::new(RecordedApproval { call: None, approved, by: agent, comment: Some(text), requested_at: at, decided_at: until })),
            _ => Turn::Call(Box::new(ToolCall {
                id: String::new(), name: text, arguments, batch, agent, folder: folder.clone(), shell: folder, inside: None, waits: approved && result.is_none(), started_at: at,
                finished_at: until.filter(|_| result.is_some()), result,
            })),
        }, about)
    }
}

fn session(turns: Vec<(Turn, usize)>, status: Option<SessionStatus>, goal: String) -> Session {
    let mut ids: Vec<String> = Vec::new();
    let mut out = Vec::new();
    for (index, (mut turn, about)) in turns.into_iter().enumerate() {
        match &mut turn {
            Turn::Call(call) => {
                call.id = format!("c{index}");
                // Null arguments and arguments that were no JSON have one normal form, an object.
                if call.arguments.is_null() {
                    call.arguments = Value::Object(Map::new());
                }
                if let Some(result) = &mut call.result {
                    // What a reader itself would add must stand there already.
                    if let Value::String(text) = &result.content {
                        result.truncated |= super::value::is_cut(text);
                    }
                }
                ids.push(call.id.clone());
            }
            Turn::Approval(approval) => approval.call = ids.get(about).cloned(),
            Turn::Message { .. } => {}
        }
        out.push(turn);
    }
    Session {
        format: "druse".into(),
        recorded_as: None,
        kind: SessionKind::AgentRun,
        external_id: Some("r".into()),
        agent: Some("a".into()),
        goal: Some(goal),
        status,
        started_at: Some(Timestamp(1)),
        finished_at: Some(Timestamp(2)),
        working_folder: None,
        tools: vec![ToolSpec {
            name: "t".into(),
            input_schema: Some(json!({"type":"object"})),
            ..ToolSpec::default()
        }],
        turns: out,
        digest: Digest::of(b""),
        bytes_left_out: 0,
        findings: Vec::new(),
        secrets: Vec::new(),
        usage: None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        checked(&bytes);
    }

    #[test]
    fn any_json_is_read_or_refused(values in proptest::collection::vec(json_value(), 1..4)) {
        let text: String = values.iter().map(|value| format!("{value}\n")).collect();
        checked(text.as_bytes());
        checked(Value::from(values).to_string().as_bytes());
    }

    #[test]
    fn a_changed_recording_is_read_or_refused(
        picks in proptest::collection::vec((0usize..43, 0usize..30, json_value()), 1..4),
        cut in proptest::option::of(0usize..400),
        byte in proptest::option::of((0usize..400, any::<u8>())),
    ) {
        let seeds = seeds();
        let mut text = Vec::new();
        for (seed, mut place, with) in picks {
            let mut value = seeds[seed % seeds.len()].clone();
            replace(&mut value, &mut place, &with);
            text.extend_from_slice(value.to_string().as_bytes());
            text.push(b'\n');
        }
        if let Some((at, byte)) = byte
            && let Some(place) = text.get_mut(at) {
                *place = byte;
            }
        text.truncate(cut.unwrap_or(usize::MAX));
        checked(&text);
    }

    #[test]
    fn our_own_form_comes_back_as_it_was(
        turns in proptest::collection::vec(turn(), 1..8),
        status in proptest::option::of(proptest::sample::select(vec![SessionStatus::Succeeded, SessionStatus::Failed, SessionStatus::Canceled])),
        goal in said(),
    ) {
        let before = session(turns, status, goal);
        let text = to_own_form(&before).to_string();
        let after = import(text.as_bytes()).unwrap().remove(0);
        prop_assert_eq!(&after.turns, &before.turns);
        prop_assert_eq!(Session { digest: before.digest.clone(), findings: Vec::new(), bytes_left_out: 0, ..after }, before);
    }
}
