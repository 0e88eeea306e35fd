//! Tests of the readers over small recordings made by hand.

mod agents_trace;
mod ai_sdk;
mod bounds;
mod chat;
mod claude_code;
mod codex;
mod coding_agents;
mod doubts;
mod exchanges;
mod gemini_cli;
mod gemini_contents;
mod google_adk;
mod grown;
mod langchain;
mod langsmith;
mod mcp_log;
mod openai_responses;
mod openhands;
mod openinference;
mod otel;
mod product_words;
mod pydantic_ai;
mod refusals;
mod shortened;
mod wrapped;

use super::{detect, formats, import, to_own_form};
use crate::session::*;
use serde_json::{Value, json};

fn one(value: &Value) -> Session {
    sessions(&value.to_string()).remove(0)
}

fn sessions(text: &str) -> Vec<Session> {
    import(text.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

fn lines(values: &[Value]) -> String {
    values.iter().map(|value| format!("{value}\n")).collect()
}

fn codes(session: &Session) -> Vec<&str> {
    let mut codes: Vec<&str> = session
        .findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect();
    codes.dedup();
    codes
}

fn calls(session: &Session) -> Vec<&ToolCall> {
    session.calls().collect()
}

fn result(call: &ToolCall) -> &ToolResult {
    call.result.as_ref().expect("the call has a result")
}

fn approvals(session: &Session) -> Vec<&RecordedApproval> {
    session
        .turns
        .iter()
        .filter_map(|turn| match turn {
            Turn::Approval(approval) => Some(approval.as_ref()),
            _ => None,
        })
        .collect()
}

fn openai_messages() -> Vec<Value> {
    vec![
        json!({"role":"system","content":"Help."}),
        json!({"role":"user","content":"Pay bill 7"}),
        json!({"role":"assistant","content":null,"tool_calls":[
            {"id":"a","type":"function","function":{"name":"read_bill","arguments":"{\"bill\":7}"}},
            {"id":"b","type":"function","function":{"name":"balance","arguments":""}}]}),
        json!({"role":"tool","tool_call_id":"b","content":"Error: bank closed"}),
        json!({"role":"tool","tool_call_id":"a","content":"{\"amount\": 12.5}"}),
        json!({"role":"assistant","content":"Done."}),
    ]
}

#[test]
fn openai_chat() {
    for body in [
        json!({"model":"m","messages":openai_messages(),"tools":[{"type":"function","function":{"name":"read_bill","parameters":{"type":"object"}}}]}).to_string(),
        Value::from(openai_messages()).to_string(),
        lines(&openai_messages()),
    ] {
        let session = &sessions(&body)[0];
        assert_eq!((session.format.as_str(), session.kind), ("openai-chat", SessionKind::ChatThread));
        assert_eq!(session.goal.as_deref(), Some("Pay bill 7"));
        let calls = calls(session);
        assert_eq!((calls[0].arguments.clone(), calls[0].batch), (json!({"bill":7}), calls[1].batch));
        assert_eq!(result(calls[0]).content, json!("{\"amount\": 12.5}"));
        assert!(result(calls[1]).is_error && !result(calls[0]).is_error);
        assert_eq!(session.counts().turns, 3);
    }
}

#[test]
fn training_lines_are_a_session_each() {
    let body = lines(&[
        json!({"messages":openai_messages()}),
        json!({"messages":openai_messages()}),
    ]);
    let sessions = sessions(&body);
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[1].counts().tool_calls, 2);
}

#[test]
fn anthropic_chat() {
    let session = one(
        &json!({"system":"Help.","tools":[{"name":"look","input_schema":{"type":"object"}}],"messages":[
        {"role":"user","content":"Look"},
        {"role":"assistant","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"I look."},{"type":"tool_use","id":"t1","name":"look","input":{"n":1}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","is_error":true,"content":[{"type":"text","text":"no"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]}]}]}),
    );
    assert_eq!(session.format, "anthropic-chat");
    assert_eq!(session.tools[0].name, "look");
    let call = calls(&session)[0];
    assert_eq!(
        (result(call).content.clone(), result(call).is_error),
        (json!("no"), true)
    );
    assert_eq!(codes(&session), ["known_noise", "media_left_out"]);
    assert!(session.bytes_left_out > 50);
}

#[test]
fn an_answer_that_was_cut_is_told() {
    let read = |text: &str| {
        one(&json!({"messages":[
            {"role":"user","content":"Read the log"},
            {"role":"assistant","content":null,"tool_calls":[
                {"id":"a","type":"function","function":{"name":"read_log","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"a","content":text}]}))
    };
    let whole = read("all of it");
    assert!(!result(calls(&whole)[0]).truncated);
    assert!(!codes(&whole).contains(&"truncated_result"));
    for text in [
        "line 1\n[output truncated: 9,000 bytes]",
        "line 1\n... [120 lines truncated] ...\nline 200",
        "<response clipped><NOTE>To save on context only part of this file has been shown.</NOTE>",
    ] {
        let cut = read(text);
        let result = result(calls(&cut)[0]);
        assert!(result.truncated, "{text}");
        assert_eq!(result.content, text);
        assert!(codes(&cut).contains(&"truncated_result"), "{text}");
    }
}

#[test]
fn own_form_with_approvals() {
    let session = one(
        &json!({"status":"succeeded","agent":"clerk","goal":"Pay","id":"r1","started_at":"2027-01-01T00:00:00Z",
        "tools":[{"name":"pay","input_schema":{"type":"object"},"annotations":{"readOnlyHint":false}}],
        "messages":[
        {"role":"assistant","content":"","tool_calls":[{"id":"c1","name":"pay","arguments":{"amount":12.50}}]},
        {"role":"approval","tool_call_id":"c1","decision":"approved","by":"ann","decided_at":"2027-01-01T00:00:05Z"},
        {"role":"tool","tool_call_id":"c1","content":{"paid":true},"is_error":false,"finished_at":"2027-01-01T00:00:06Z"},
        {"role":"approval","tool_call_id":"zz","decision":"rejected"}]}),
    );
    assert_eq!(
        (session.format.as_str(), session.status),
        ("druse", Some(SessionStatus::Succeeded))
    );
    assert_eq!(result(calls(&session)[0]).content, json!({"paid":true}));
    let given = approvals(&session);
    assert_eq!(
        (
            given[0].approved,
            given[0].call.as_deref(),
            given[0].by.as_deref()
        ),
        (true, Some("c1"), Some("ann"))
    );
    assert_eq!((given[1].approved, &given[1].call), (false, &None));
    assert_eq!(codes(&session), ["approval_without_call"]);
    assert_eq!(
        session.finished_at.map(|at| at.to_string()).as_deref(),
        Some("2027-01-01T00:00:06.000Z")
    );
}

fn claude(kind: &str, uuid: &str, message: &Value) -> Value {
    json!({"type":kind,"uuid":uuid,"sessionId":"s","cwd":"/w","timestamp":"2027-01-01T00:00:00Z","message":message})
}

#[test]
fn claude_code() {
    let use_of = |id: &str, name: &str| json!({"type":"tool_use","id":id,"name":name,"input":{"command":"ls"}});
    let refusal = "The user doesn't want to proceed with this tool use. To tell you how to proceed, the user said:\nno, list /tmp";
    let mut sub = claude(
        "assistant",
        "u9",
        &json!({"id":"m9","role":"assistant","content":[use_of("t3", "Read")]}),
    );
    sub["isSidechain"] = json!(true);
    sub["agentId"] = json!("a1");
    let mut answered = claude(
        "user",
        "u5",
        &json!({"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"a.txt"}]}),
    );
    answered["toolUseResult"] = json!({"stdout":"a.txt","stderr":""});
    let body = lines(&[
        json!({"type":"summary","summary":"x","leafUuid":"u1"}),
        claude("user", "u1", &json!({"role":"user","content":"list"})),
        claude(
            "assistant",
            "u2",
            &json!({"id":"m1","role":"assistant","content":[{"type":"text","text":"ok"}]}),
        ),
        claude(
            "assistant",
            "u3",
            &json!({"id":"m1","role":"assistant","content":[use_of("t1", "Bash")]}),
        ),
        claude(
            "assistant",
            "u3",
            &json!({"id":"m1","role":"assistant","content":[use_of("t1", "Bash")]}),
        ),
        claude(
            "assistant",
            "u3b",
            &json!({"id":"m1","role":"assistant","content":[use_of("t1", "Bash")]}),
        ),
        claude(
            "assistant",
            "u4",
            &json!({"id":"m1","role":"assistant","content":[use_of("t2", "Bash")]}),
        ),
        answered,
        claude(
            "user",
            "u6",
            &json!({"role":"user","content":[{"type":"tool_result","tool_use_id":"t2","is_error":true,"content":refusal}]}),
        ),
        sub,
        json!({"type":"hologram","x":1}),
        json!(42),
    ]) + "{broken\n";
    let session = &sessions(&body)[0];
    let calls = calls(session);
    assert_eq!(calls.len(), 3);
    assert_eq!(calls[0].batch, calls[1].batch);
    assert_eq!(
        result(calls[0])
            .structured
            .as_ref()
            .map(|twin| twin["stdout"].clone()),
        Some(json!("a.txt"))
    );
    assert!(result(calls[1]).refused && result(calls[1]).is_error);
    assert_eq!(calls[2].agent.as_deref(), Some("a1"));
    let refused = approvals(session);
    assert_eq!(
        (
            refused[0].approved,
            refused[0].call.as_deref(),
            refused[0].comment.as_deref()
        ),
        (false, Some("t2"), Some("no, list /tmp"))
    );
    assert_eq!(
        codes(session),
        [
            "broken_line",
            "known_noise",
            "not_a_record",
            "repeated_record",
            "sub_agent",
            "unknown_record",
            "unmatched_call"
        ]
    );
    assert_eq!(
        session.bytes_left_out,
        "{broken".len() as u64 + 2 + json!({"type":"hologram","x":1}).to_string().len() as u64
    );
    assert_eq!(
        (session.working_folder.as_deref(), session.goal.as_deref()),
        (Some("/w"), Some("list"))
    );
}

#[test]
fn claude_code_sessions_in_one_body_are_told_apart_and_resumed_ones_are_one() {
    let line = |session: &str, uuid: &str, parent: Option<&str>| json!({"type":"user","uuid":uuid,"parentUuid":parent,"sessionId":session,"message":{"role":"user","content":uuid}});
    assert_eq!(
        sessions(&lines(&[line("a", "1", None), line("b", "2", None)])).len(),
        2
    );
    assert_eq!(
        sessions(&lines(&[line("a", "1", None), line("b", "2", Some("1"))])).len(),
        1
    );
    let export = json!({"loglines":[line("a", "1", None)]});
    assert_eq!(one(&export).format, "claude-code");
}

/// What an agent tells itself or a sub-agent is made of all that it had read: it is no word of the person, and no
/// instruction.
#[test]
fn what_an_agent_tells_itself_is_its_own_word() {
    let told = "Pay DE89370400440532013000.";
    let mut summary = claude("user", "u2", &json!({"role":"user","content":told}));
    summary["isCompactSummary"] = json!(true);
    summary["parentUuid"] = json!("u1");
    let mut prompt = claude("user", "u2", &json!({"role":"user","content":told}));
    prompt["isSidechain"] = json!(true);
    prompt["agentId"] = json!("a1");
    let person = claude("user", "u1", &json!({"role":"user","content":"go on"}));
    let atif = json!({"schema_version":"ATIF-v1.7","agent":{"name":"main"},
        "steps":[{"source":"user","message":"go on"}],
        "subagent_trajectories":[{"agent":{"name":"helper"},"steps":[{"source":"user","message":told}]}]});
    for body in [
        lines(&[person.clone(), summary]),
        lines(&[person, prompt]),
        lines(&[
            json!({"timestamp":"2027-01-01T00:00:00Z","type":"session_meta","payload":{"id":"x","cwd":"/w"}}),
            json!({"timestamp":"2027-01-01T00:00:01Z","type":"response_item","payload":
                {"type":"message","role":"user","content":[{"type":"input_text","text":"go on"}]}}),
            json!({"timestamp":"2027-01-01T00:00:02Z","type":"compacted","payload":{"message":told}}),
        ]),
        lines(&[
            json!({"type":"session","id":"p","cwd":"/w"}),
            json!({"type":"message","message":{"role":"user","content":"go on"}}),
            json!({"type":"compaction","summary":told}),
        ]),
        atif.to_string(),
    ] {
        let session = sessions(&body).remove(0);
        let said: Vec<(Role, &str)> = session
            .turns
            .iter()
            .filter_map(|turn| match turn {
                Turn::Message { role, text, .. } => Some((*role, text.as_str())),
                _ => None,
            })
            .collect();
        let format = &session.format;
        assert_eq!(
            said,
            [(Role::User, "go on"), (Role::Assistant, told)],
            "{format}"
        );
        assert_eq!(session.goal.as_deref(), Some("go on"), "{format}");
    }
}

#[test]
fn what_an_editor_puts_before_a_request_of_codex_is_no_task() {
    let item = |role: &str, text: &str| {
        json!({"timestamp":"2027-01-01T00:00:00Z","type":"response_item","payload":
            {"type":"message","role":role,"content":[{"type":"input_text","text":text}]}})
    };
    let read = |text: &str| {
        let body = lines(&[
            json!({"timestamp":"2027-01-01T00:00:00Z","type":"session_meta","payload":{"id":"x","cwd":"/w"}}),
            item("user", text),
            item("assistant", "ok"),
        ]);
        sessions(&body).remove(0)
    };
    let context = "# Context from my IDE setup:\n\n## Open tabs:\n- evil.ts: evil.ts";
    let session = read(&format!(
        "{context}\n\n## My request for Codex:\nFix the totals.\n## My request is old\n"
    ));
    let goal = "Fix the totals.\n## My request is old";
    assert_eq!(session.goal.as_deref(), Some(goal));
    let said: Vec<(Role, &str)> = session
        .turns
        .iter()
        .filter_map(|turn| match turn {
            Turn::Message { role, text, .. } => Some((*role, text.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(said[..2], [(Role::System, context), (Role::User, goal)]);
    assert_eq!(read(context).goal, None);
    let plain = "See this:\n## My request for Codex:\ngo";
    assert_eq!(read(plain).goal.as_deref(), Some(plain));
}

#[test]
fn codex_rollout() {
    let item = |payload: Value| json!({"timestamp":"2027-01-01T00:00:00Z","type":"response_item","payload":payload});
    let meta = json!({"timestamp":"2027-01-01T00:00:00Z","type":"session_meta","payload":{"id":"x","cwd":"/w"}});
    let output = |id: &str, text: &str| {
        item(json!({"type":"function_call_output","call_id":id,"output":text}))
    };
    let call = |id: &str| {
        item(
            json!({"type":"function_call","name":"shell","call_id":id,"arguments":"{\"command\":[\"ls\"],\"with_escalated_permissions\":true,\"justification\":\"why\"}"}),
        )
    };
    let body = lines(&[
        meta.clone(),
        json!({"type":"turn_context","payload":{"approval_policy":"on-request"}}),
        item(
            json!({"type":"message","role":"user","content":[{"type":"input_text","text":"<environment_context>x"}]}),
        ),
        item(json!({"type":"message","role":"user","content":[{"type":"input_text","text":"go"}]})),
        call("1"),
        call("2"),
        output("1", "{\"output\":\"a\\n\",\"metadata\":{\"exit_code\":0}}"),
        output("2", "{\"output\":\"bad\",\"metadata\":{\"exit_code\":3}}"),
        item(
            json!({"type":"custom_tool_call","name":"apply_patch","call_id":"3","input":"*** Begin"}),
        ),
        item(
            json!({"type":"custom_tool_call_output","call_id":"3","output":"patch rejected by user"}),
        ),
        call("4"),
        output("4", "Exit code: 1\nWall time: 1 s\nOutput:\nno"),
        meta,
    ]);
    let sessions = sessions(&body);
    assert_eq!(sessions.len(), 2);
    let session = &sessions[0];
    let calls = calls(session);
    assert_eq!(
        (
            calls[0].batch == calls[1].batch,
            calls[1].batch == calls[2].batch
        ),
        (true, false)
    );
    assert_eq!(
        (result(calls[0]).content.clone(), result(calls[0]).exit_code),
        (json!("a\n"), Some(0))
    );
    assert_eq!(
        (result(calls[1]).is_error, result(calls[1]).exit_code),
        (true, Some(3))
    );
    assert_eq!(
        (calls[2].arguments.clone(), result(calls[2]).refused),
        (json!({"_raw":"*** Begin"}), true)
    );
    assert_eq!(
        (result(calls[3]).content.clone(), result(calls[3]).exit_code),
        (json!("no"), Some(1))
    );
    let told: Vec<(bool, Option<&str>)> = approvals(session)
        .iter()
        .map(|approval| (approval.approved, approval.call.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            (true, Some("1")),
            (true, Some("2")),
            (false, Some("3")),
            (true, Some("4"))
        ]
    );
    assert_eq!(session.goal.as_deref(), Some("go"));
}

#[test]
fn agentdojo() {
    let session = one(
        &json!({"suite_name":"bank","user_task_id":"t","utility":false,"messages":[
        {"role":"user","content":[{"type":"text","content":"Pay"}]},
        {"role":"assistant","content":null,"tool_calls":[{"function":"pay","args":{"n":1},"id":"c"}]},
        {"role":"tool","content":"","tool_call_id":"c","error":"ValueError"}]}),
    );
    assert_eq!(
        (
            session.format.as_str(),
            session.status,
            session.goal.as_deref()
        ),
        ("agentdojo", Some(SessionStatus::Failed), Some("Pay"))
    );
    assert_eq!(
        (
            result(calls(&session)[0]).content.clone(),
            result(calls(&session)[0]).is_error
        ),
        (json!("ValueError"), true)
    );
}

#[test]
fn tau_bench_repeats_ids() {
    let call = |n: u32| json!({"role":"assistant","tool_calls":[{"id":"x","function":{"name":"f","arguments":format!("{{\"n\":{n}}}")}}]});
    let answer = |text: &str| json!({"role":"tool","tool_call_id":"x","content":text});
    let run = json!({"task_id":1,"reward":1.0,"traj":[call(1), call(2), answer("two"), call(3), answer("three"), answer("again")]});
    let both = sessions(&json!([run, {"task_id":2,"reward":0.0,"traj":[]}]).to_string());
    assert_eq!(
        both.iter()
            .map(|session| session.status)
            .collect::<Vec<_>>(),
        [Some(SessionStatus::Succeeded), Some(SessionStatus::Failed)]
    );
    assert_ne!(both[0].digest, both[1].digest);
    let calls = calls(&both[0]);
    assert_eq!(
        calls
            .iter()
            .map(|call| call.id.as_str())
            .collect::<Vec<_>>(),
        ["x", "x#2", "x#3"]
    );
    assert_eq!(result(calls[1]).content, "two");
    assert_eq!(result(calls[2]).content, "three");
    // The last answer belongs to the only call that is still open.
    assert_eq!(result(calls[0]).content, "again");
}

#[test]
fn tau2_bench() {
    let simulation = json!({"id":"s","task_id":"1","termination_reason":"user_stop","reward_info":{"reward":1.0},"messages":[
        {"role":"assistant","tool_calls":[{"id":"a","name":"f","arguments":{"k":1},"requestor":"assistant"}]},
        {"role":"tool","id":"a","content":"oops","error":true,"requestor":"assistant"},
        {"role":"user","content":null,"tool_calls":[{"id":"b","name":"toggle","arguments":{},"requestor":"user"}]},
        {"role":"tool","id":"b","content":"on","error":false,"requestor":"user"}]});
    let both = sessions(&json!({"simulations":[simulation, simulation]}).to_string());
    assert_eq!(both.len(), 2);
    let calls = calls(&both[0]);
    assert!(result(calls[0]).is_error);
    assert_eq!(calls[1].agent.as_deref(), Some("user"));
    assert_eq!(both[0].status, Some(SessionStatus::Succeeded));
}

#[test]
fn google_adk() {
    let part = |part: Value, author: &str| json!({"author":author,"timestamp":1_800_000_000.5,"content":{"parts":[part]}});
    let session = one(&json!({"id":"1","app_name":"shop","events":[
        part(json!({"text":"hi"}), "user"),
        part(json!({"function_call":{"name":"f","args":{"a":1}}}), "root"),
        part(json!({"function_response":{"name":"f","response":{"status":"error"}}}), "root"),
        part(json!({"functionCall":{"id":"q","name":"adk_request_confirmation","args":{"originalFunctionCall":{"id":"z","name":"pay"}}}}), "sub"),
        part(json!({"functionCall":{"id":"z","name":"pay","args":{}}}), "sub"),
        part(json!({"functionResponse":{"id":"q","name":"adk_request_confirmation","response":{"confirmed":true}}}), "user"),
    ]}));
    let calls = calls(&session);
    assert!(result(calls[0]).is_error);
    assert_eq!(calls[1].agent.as_deref(), Some("sub"));
    assert_eq!(
        (
            approvals(&session)[0].approved,
            approvals(&session)[0].call.as_deref()
        ),
        (true, Some("z"))
    );
    assert_eq!(session.started_at.map(|at| at.0), Some(1_800_000_000_500));
    let turn = json!({"user_content":{"parts":[{"text":"q"}]},"intermediate_data":{"tool_uses":[{"name":"f","args":{}}]},"final_response":{"parts":[{"text":"a"}]}});
    let set = json!({"eval_set_id":"s","eval_cases":[{"eval_id":"1","conversation":[turn]},{"eval_id":"2","conversation":[turn]}]});
    assert_eq!(sessions(&set.to_string()).len(), 2);
    let old = one(
        &json!([{"query":"q","expected_tool_use":[{"tool_name":"f","tool_input":{"a":1}}],"reference":"r"}]),
    );
    assert_eq!(
        (old.format.as_str(), old.counts().unmatched, codes(&old)),
        ("google-adk", 1, vec!["expected_calls", "unmatched_call"])
    );
}

#[test]
fn the_other_formats() {
    let gemini = one(
        &json!({"sessionId":"s","projectHash":"h","messages":[{"type":"user","content":"go"},{"type":"gemini","content":"","toolCalls":[
        {"id":"1","name":"write","args":{},"status":"cancelled"},
        {"id":"2","name":"read","args":{},"status":"success","result":[{"functionResponse":{"response":{"output":"text"}}}]}]}]}),
    );
    assert!(result(calls(&gemini)[0]).refused && !approvals(&gemini)[0].approved);
    assert_eq!(result(calls(&gemini)[1]).content, "text");

    let exec = &sessions(&lines(&[
        json!({"type":"thread.started","thread_id":"t"}),
        json!({"type":"item.completed","item":{"id":"1","type":"command_execution","command":"ls","aggregated_output":"x","exit_code":2}}),
        json!({"type":"turn.completed"}),
    ]))[0];
    assert_eq!(
        (
            exec.format.as_str(),
            result(calls(exec)[0]).exit_code,
            exec.status
        ),
        ("codex-exec", Some(2), Some(SessionStatus::Succeeded))
    );

    let pi = &sessions(&lines(&[
        json!({"type":"session","id":"p","cwd":"/w"}),
        json!({"type":"message","message":{"role":"assistant","content":[{"type":"toolCall","id":"1","name":"bash","arguments":{"command":"ls"}}]}}),
        json!({"type":"message","message":{"role":"toolResult","toolCallId":"1","content":[{"type":"text","text":"x"}],"isError":true}}),
    ]))[0];
    assert_eq!((pi.format.as_str(), pi.counts().failed), ("pi", 1));

    let swe = one(
        &json!({"environment":"e","info":{"exit_status":"submitted"},"history":[{"role":"user","content":"demo","is_demo":true},{"role":"user","content":"fix"}],"trajectory":[{"action":"ls -a\n","observation":"x","thought":"look"},{"action":"","observation":""}]}),
    );
    assert_eq!(
        (
            calls(&swe)[0].name.as_str(),
            &calls(&swe)[0].arguments["_raw"],
            swe.goal.as_deref()
        ),
        ("ls", &json!("-a"), Some("fix"))
    );

    let hands = one(&json!([
        {"id":1,"source":"user","action":"message","args":{"content":"go"}},
        {"id":2,"source":"agent","action":"run","args":{"command":"ls","thought":"","confirmation_state":"awaiting_confirmation"}},
        {"id":3,"source":"agent","cause":2,"observation":"run","content":"x","extras":{"metadata":{"exit_code":1}}},
        {"id":4,"source":"agent","action":"run","args":{"command":"rm"}},
        {"id":5,"source":"user","cause":4,"observation":"user_rejected","content":"no","extras":{}}]));
    assert_eq!(calls(&hands)[0].arguments, json!({"command":"ls"}));
    assert_eq!(
        approvals(&hands)
            .iter()
            .map(|approval| approval.approved)
            .collect::<Vec<_>>(),
        [true, false]
    );
    assert_eq!(result(calls(&hands)[0]).exit_code, Some(1));

    let step = |name: &str| json!({"source":"agent","message":"","tool_calls":[{"tool_call_id":name,"function_name":name,"arguments":{}}],"observation":{"results":[{"source_call_id":name,"content":"ok"}]}});
    let atif = one(
        &json!({"schema_version":"ATIF-v1.7","agent":{"name":"main"},"steps":[step("a")],"subagent_trajectories":[{"agent":{"name":"researcher"},"steps":[step("b")]}]}),
    );
    assert_eq!(
        calls(&atif)
            .iter()
            .map(|call| call.agent.as_deref())
            .collect::<Vec<_>>(),
        [None, Some("researcher")]
    );

    let inspect = one(
        &json!({"version":2,"status":"success","eval":{"task":"t"},"plan":{},"samples":[{"id":1,"scores":{"s":{"value":"C"}},"attachments":{"k":"long"},
        "messages":[{"role":"assistant","tool_calls":[{"id":"a","function":"f","arguments":{"x":"attachment://k"}}]},{"role":"tool","tool_call_id":"a","content":"y"}],
        "events":[{"event":"approval","call":{"id":"a"},"decision":"approve","approver":"human"},{"event":"tool","id":"a","timestamp":"2027-01-01T00:00:00Z","completed":"2027-01-01T00:00:01Z"}]}]}),
    );
    assert_eq!(
        (inspect.status, &calls(&inspect)[0].arguments),
        (Some(SessionStatus::Succeeded), &json!({"x":"long"}))
    );
    assert!(matches!(&inspect.turns[0], Turn::Approval(approval) if approval.approved));

    let span = |start: u64, attributes: Value| json!({"spanId":format!("{start}"),"startTimeUnixNano":format!("{start}000000000"),"endTimeUnixNano":format!("{}000000000", start + 5),"attributes":attributes.as_object().map(|map| map.iter().map(|(key, value)| json!({"key":key,"value":{"stringValue":value}})).collect::<Vec<_>>())});
    let call = json!({"gen_ai.operation.name":"execute_tool","gen_ai.tool.name":"f","gen_ai.tool.call.arguments":"{\"a\":1}","gen_ai.tool.call.result":"{\"isError\":true}"});
    let batch = json!({"resourceSpans":[{"scopeSpans":[{"spans":[span(20, call.clone()), span(10, call.clone()), span(12, call)]}]}]});
    let otel = &sessions(&lines(&[batch]))[0];
    assert_eq!(
        calls(otel)
            .iter()
            .map(|call| call.batch)
            .collect::<Vec<_>>(),
        [0, 0, 1]
    );
    assert_eq!((otel.format.as_str(), otel.counts().failed), ("otel", 3));

    let bfcl = one(
        &json!({"id":"b","question":[[{"role":"user","content":"go"}]],"ground_truth":[["cd(folder='x')", "1 +"]]}),
    );
    assert_eq!(
        (calls(&bfcl)[0].arguments.clone(), codes(&bfcl)),
        (
            json!({"folder":"x"}),
            vec!["expected_calls", "unmatched_call", "unreadable_call"]
        )
    );
}

#[test]
fn results_may_come_before_their_calls_and_strangers_are_told() {
    let session = one(&json!({"messages":[
        {"role":"tool","tool_call_id":"a","content":"early"},
        {"role":"tool","tool_call_id":"never","content":"lost"},
        {"role":"assistant","tool_calls":[{"id":"a","function":{"name":"f","arguments":"not json"}}]},
        {"role":"narrator","content":"and then"}]}));
    assert_eq!(result(calls(&session)[0]).content, "early");
    assert_eq!(calls(&session)[0].arguments, json!({"_raw":"not json"}));
    assert_eq!(
        codes(&session),
        [
            "arguments_not_json",
            "result_before_call",
            "result_without_call",
            "unknown_role"
        ]
    );
    assert!(session.bytes_left_out > 0);
    // The answer behind the call is the call's.
    let both = one(&json!({"messages":[
        {"role":"tool","tool_call_id":"a","content":"early"},
        {"role":"assistant","tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}]},
        {"role":"tool","tool_call_id":"a","content":"behind"},
        {"role":"tool","tool_call_id":"a","content":"again"}]}));
    assert_eq!(result(calls(&both)[0]).content, "behind");
    assert_eq!(codes(&both), ["repeated_result", "result_before_call"]);
}

#[test]
fn odd_values_are_named() {
    let body = r#"{"messages":[{"role":"assistant","tool_calls":[
        {"id":"big","function":{"name":"f","arguments":{"n":123456789012345678901}}},
        {"id":"text","function":{"name":"f","arguments":"{\"n\":0.12345678901234567890123}"}},
        {"id":"fine","function":{"name":"f","arguments":{"n":12345678901234567890,"m":0.1}}},
        {"id":"bidi","function":{"name":"f","arguments":{"s":"a\u202eb"}}},
        {"id":"name","function":{"name":"f\u200b","arguments":{}}}]}]}"#;
    let session = &sessions(body)[0];
    let named: Vec<&str> = session
        .findings
        .iter()
        .map(|finding| finding.id.as_str())
        .collect();
    assert_eq!(
        named,
        [
            "hidden_characters:Call bidi",
            "hidden_characters:The name of the tool of call name",
            "number_precision:big",
            "number_precision:text",
            "unmatched_call:f",
            "unmatched_call:f\u{200b}"
        ]
    );
    assert_eq!(
        calls(session)[2].arguments["n"],
        json!(12_345_678_901_234_567_890u64)
    );
}

#[test]
fn bodies_of_other_encodings_and_line_ends_are_read() {
    let text = lines(&openai_messages()).replace('\n', "\r\n");
    let wide: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(text.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let marked = [b"\xef\xbb\xbf", text.as_bytes(), b"\0\0\0"].concat();
    for body in [wide, marked] {
        assert_eq!(import(&body).unwrap()[0].counts().tool_calls, 2);
    }
}

#[test]
fn unknown_formats_are_refused_with_the_known_ones() {
    for body in [
        "{}",
        "[]",
        "[1,2]",
        "3",
        "{\"a\":1}\n{\"b\":2}\n",
        "{\"messages\":[]}",
        "{\"messages\":[1]}",
    ] {
        let error = import(body.as_bytes()).unwrap_err();
        assert_eq!(error.code, "unknown_format", "{body}");
        assert!(formats().iter().all(|info| error.help.contains(info.name)));
        assert_eq!(detect(body.as_bytes()), None);
    }
}

#[test]
fn pairing_is_linear() {
    // Ten times ten thousand calls of one id, answered last to first: with a search per answer this would not end.
    let many = 20_000;
    let calls: Vec<Value> = (0..many)
        .map(|_| json!({"id":"x","function":{"name":"f","arguments":"{}"}}))
        .collect();
    let mut messages = vec![json!({"role":"assistant","tool_calls":calls})];
    messages.extend((0..many).map(|_| json!({"role":"tool","tool_call_id":"x","content":""})));
    let session = one(&json!({"messages":messages}));
    assert_eq!(
        (session.counts().tool_calls, session.counts().unmatched),
        (many, 0)
    );
}

#[test]
fn further_shapes_of_chats() {
    let response = json!({"instructions":"Help.","input":"Pay","output":[
        {"type":"reasoning"},
        {"type":"function_call","id":"fc_1","call_id":"a","name":"f","arguments":"{\"n\":1}"},
        {"type":"function_call_output","call_id":"a","output":"ok"},
        {"type":"message","role":"assistant","content":[{"type":"output_text","text":"Done."}]}]});
    let chain = json!([{"type":"human","content":"Pay"},{"type":"ai","content":"","tool_calls":[{"name":"f","args":{"n":1},"id":"a","type":"tool_call"}]},{"type":"tool","content":"ok","tool_call_id":"a"}]);
    let items = json!([{"role":"user","content":"Pay"},{"type":"function_call","call_id":"a","name":"f","arguments":"{\"n\":1}"},{"type":"function_call_output","call_id":"a","output":"ok"}]);
    for (value, format) in [
        (response, "openai-responses"),
        (chain, "openai-chat"),
        (items, "openai-responses"),
    ] {
        let session = one(&value);
        assert_eq!(
            (session.format.as_str(), session.goal.as_deref()),
            (format, Some("Pay")),
            "{value}"
        );
        assert_eq!(
            (
                calls(&session)[0].arguments.clone(),
                result(calls(&session)[0]).content.clone()
            ),
            (json!({"n":1}), json!("ok")),
            "{value}"
        );
        assert_eq!(session.counts().tool_calls, 1);
    }
    let contents = json!([{"role":"user","parts":[{"text":"Pay"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{"n":1}}}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"x":1}}}]}]);
    for value in [contents.clone(), json!({"contents":contents})] {
        let session = one(&value);
        assert_eq!(
            (
                session.format.as_str(),
                session.goal.as_deref(),
                session.counts().succeeded
            ),
            ("gemini-contents", Some("Pay"), 1),
            "{value}"
        );
    }
}

#[test]
fn otel_calls_that_only_messages_hold() {
    let span = |attributes: Value| json!({"spanID":"1","startTime":1_000_000,"duration":1,"tags":attributes.as_object().map(|map| map.iter().map(|(key, value)| json!({"key":key,"value":value})).collect::<Vec<_>>())});
    let input = json!([{"role":"user","parts":[{"type":"text","content":"Pay"}]},{"role":"assistant","parts":[{"type":"tool_call","id":"a","name":"f","arguments":{"n":1}}]},{"role":"tool","parts":[{"type":"tool_call_response","id":"a","response":"ok"}]}]).to_string();
    let semantic = json!({"gen_ai.operation.name":"chat","gen_ai.input.messages":input});
    let numbered = json!({"gen_ai.prompt.0.role":"user","gen_ai.prompt.0.content":"Pay","gen_ai.prompt.1.role":"assistant","gen_ai.prompt.1.tool_calls.0.id":"a",
        "gen_ai.prompt.1.tool_calls.0.name":"f","gen_ai.prompt.1.tool_calls.0.arguments":"{\"n\":1}","gen_ai.prompt.2.role":"tool","gen_ai.prompt.2.tool_call_id":"a","gen_ai.prompt.2.content":"ok"});
    let tool = json!({"gen_ai.operation.name":"execute_tool","gen_ai.tool.name":"f","gen_ai.tool.call.id":"a"});
    for spans in [
        vec![span(semantic.clone()), span(semantic.clone())],
        vec![span(numbered)],
        vec![span(semantic), span(tool)],
    ] {
        let session = one(&json!({"data":[{"spans":spans}]}));
        assert_eq!(
            (session.goal.as_deref(), session.counts().tool_calls),
            (Some("Pay"), 1)
        );
        assert_eq!(
            (
                calls(&session)[0].arguments.clone(),
                result(calls(&session)[0]).content.clone()
            ),
            (json!({"n":1}), json!("ok"))
        );
    }
}

#[test]
fn gemini_chats_are_kept_as_lines_too() {
    let call = |status: &str, result: Value| {
        json!({"id":"m2","timestamp":"2026-03-01T10:00:02Z","type":"gemini","content":"Looking.","toolCalls":[
            {"id":"c1","name":"read_file","args":{"path":"a.txt"},"status":status,"result":result}]})
    };
    let answered =
        json!([{"functionResponse":{"id":"c1","name":"read_file","response":{"output":"hello"}}}]);
    let text = lines(&[
        json!({"sessionId":"s1","projectHash":"h","startTime":"2026-03-01T10:00:00Z","lastUpdated":"2026-03-01T10:00:00Z","kind":"main","directories":["/home/a/p"]}),
        json!({"id":"m1","timestamp":"2026-03-01T10:00:01Z","type":"user","content":[{"text":"Read a.txt"}]}),
        // Written when the call was made, and again when it was answered.
        call("executing", Value::Null),
        call("success", answered),
        json!({"$set":{"lastUpdated":"2026-03-01T10:00:05Z"}}),
        json!({"id":"m3","timestamp":"2026-03-01T10:00:06Z","type":"user","content":"No, wait"}),
        json!({"$rewindTo":"m3"}),
        json!({"$set":{"messages":[{"id":"m9","type":"user","content":"What was said, in short"}]}}),
    ]);
    let session = &sessions(&text)[0];
    assert_eq!(sessions(&text).len(), 1);
    assert_eq!(session.format, "gemini-cli");
    assert_eq!(session.external_id.as_deref(), Some("s1"));
    assert_eq!(session.working_folder.as_deref(), Some("/home/a/p"));
    assert_eq!(session.goal.as_deref(), Some("Read a.txt"));
    assert_eq!(
        session.finished_at.map(|at| at.to_string()).as_deref(),
        Some("2026-03-01T10:00:05.000Z")
    );
    assert_eq!((session.counts().turns, calls(session).len()), (3, 1));
    assert_eq!(result(calls(session)[0]).content, "hello");
    assert!(codes(session).contains(&"rewound"), "{:?}", codes(session));
    // A list of messages in the first line begins one, too, and two chats after each other are two.
    let second = lines(&[
        json!({"sessionId":"s2","projectHash":"h","startTime":"2026-03-02T10:00:00Z","messages":[]}),
        json!({"id":"m1","type":"user","content":"Again"}),
    ]);
    let both = sessions(&(text + &second));
    assert_eq!(both.len(), 2);
    assert_eq!(both[1].goal.as_deref(), Some("Again"));
}

#[test]
fn the_word_by_which_a_run_was_cut_off_is_no_command() {
    let step = |action: &str| json!({"action":action,"observation":"","thought":"t","state":{"working_dir":"/repo"}});
    let session = one(&json!({"environment":"swe_main","history":[],
        "trajectory":[step("ls"), step("exit_cost")],
        "info":{"exit_status":"submitted (exit_cost)"}}));
    let names: Vec<&str> = calls(&session)
        .iter()
        .map(|call| call.name.as_str())
        .collect();
    assert_eq!(names, ["ls"]);
    assert_eq!(session.status, None);
}
