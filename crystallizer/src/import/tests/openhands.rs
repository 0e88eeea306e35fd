//! OpenHands' newer events, and the ways in which its events are exported.

use super::*;

fn action(id: &str, tool: &str, arguments: &Value, action: &Value) -> Value {
    json!({"id":format!("e{id}"),"source":"agent","kind":"ActionEvent","thought":[{"type":"text","text":"I go on."}],
        "action":action,"tool_name":tool,"tool_call_id":id,"llm_response_id":"r1",
        "tool_call":{"id":id,"name":tool,"arguments":arguments.to_string()}})
}

fn observed(id: &str, observation: &Value) -> Value {
    json!({"id":format!("o{id}"),"source":"environment","kind":"ObservationEvent","tool_call_id":id,"action_id":format!("e{id}"),"observation":observation})
}

#[test]
fn newer_events_are_read() {
    let shell = |id: &str, line: &str| {
        action(
            id,
            "terminal",
            &json!({"command":line,"security_risk":"LOW","summary":"look"}),
            &json!({"kind":"TerminalAction","command":line}),
        )
    };
    let events = [
        json!({"id":"0","source":"agent","kind":"SystemPromptEvent","system_prompt":{"type":"text","text":"Help."},"tools":[{"type":"function","function":{"name":"terminal","parameters":{"type":"object"}}}]}),
        json!({"id":"1","source":"user","kind":"MessageEvent","llm_message":{"role":"user","content":[{"type":"text","text":"Tidy up"}]}}),
        shell("a", "rm x"),
        shell("b", "rm y"),
        shell("c", "rm z"),
        observed(
            "a",
            &json!({"kind":"TerminalObservation","is_error":false,"content":[{"type":"text","text":"no"}],"exit_code":1,"metadata":{"exit_code":1,"working_dir":"/w"}}),
        ),
        json!({"id":"2","source":"user","kind":"UserRejectObservation","tool_call_id":"b","action_id":"eb","rejection_reason":"keep it"}),
        json!({"id":"3","source":"agent","kind":"AgentErrorEvent","tool_call_id":"c","error":"bad"}),
        action(
            "d",
            "ask",
            &json!({"summary":"q"}),
            &json!({"kind":"MCPToolAction","data":{"summary":"q"}}),
        ),
        observed(
            "d",
            &json!({"kind":"MCPToolObservation","is_error":true,"content":[{"type":"text","text":"x"}]}),
        ),
        json!({"id":"4","source":"environment","kind":"ConversationStateUpdateEvent","key":"execution_status","value":"finished"}),
        action(
            "f",
            "finish",
            &json!({"message":"done"}),
            &json!({"kind":"FinishAction","message":"done"}),
        ),
        observed(
            "f",
            &json!({"kind":"FinishObservation","content":[{"type":"text","text":"done"}],"is_error":false}),
        ),
    ];
    for body in [
        lines(&events),
        Value::from(events.to_vec()).to_string(),
        json!({"items":events,"next_page_id":null}).to_string(),
    ] {
        let session = &sessions(&body)[0];
        assert_eq!(
            (
                session.format.as_str(),
                session.goal.as_deref(),
                session.status
            ),
            ("openhands", Some("Tidy up"), Some(SessionStatus::Succeeded))
        );
        let calls = calls(session);
        assert_eq!(calls[0].arguments, json!({"command":"rm x"}));
        assert_eq!(calls[3].arguments, json!({"summary":"q"}));
        assert_eq!(
            (calls[0].batch, calls[0].shell.as_deref()),
            (calls[1].batch, Some("bash"))
        );
        let told: Vec<(bool, bool)> = calls
            .iter()
            .map(|call| (result(call).is_error, result(call).refused))
            .collect();
        assert_eq!(
            told,
            [
                (true, false),
                (true, true),
                (true, false),
                (true, false),
                (false, false)
            ]
        );
        assert_eq!(result(calls[0]).exit_code, Some(1));
        assert_eq!(approvals(session)[0].comment.as_deref(), Some("keep it"));
        assert_eq!(session.working_folder.as_deref(), Some("/w"));
        assert_eq!(session.tools[0].name, "terminal");
    }
}

#[test]
fn an_export_is_no_trajectory_of_another_product() {
    let session = one(&json!({"trajectory":[
        {"id":0,"source":"user","action":"message","message":"Tidy up","args":{"content":"Tidy up"}},
        {"id":1,"source":"agent","action":"run","args":{"command":"ls"}},
        {"id":2,"source":"environment","observation":"run","cause":1,"content":"a","extras":{}}]}));
    assert_eq!(
        (session.format.as_str(), session.goal.as_deref()),
        ("openhands", Some("Tidy up"))
    );
    assert_eq!(calls(&session).len(), 1);
}

#[test]
fn the_word_that_it_is_done_is_known_by_the_agent() {
    let session = |agent: &str| {
        one(
            &json!({"schema_version":"ATIF-v1.5","agent":{"name":agent},"steps":[{"source":"user","message":"go"}]}),
        )
    };
    assert_eq!(session("OpenHands").product(), "openhands");
    assert_eq!(session("other").product(), "atif");
}

#[test]
fn what_its_newer_tools_did_becomes_steps() {
    let did = |id: &str, tool: &str, arguments: &Value| {
        let done = json!({"kind":"Done","is_error":false,"content":[{"type":"text","text":"ok"}],"metadata":{"exit_code":0,"working_dir":"/w"}});
        [action(id, tool, arguments, arguments), observed(id, &done)]
    };
    let mut events = vec![
        json!({"id":"1","source":"user","kind":"MessageEvent","llm_message":{"role":"user","content":[{"type":"text","text":"Tidy up"}]}}),
    ];
    events.extend(did("a", "terminal", &json!({"command":"rm x"})));
    events.extend(did(
        "b",
        "file_editor",
        &json!({"command":"create","path":"/w/a.txt","file_text":"x"}),
    ));
    events.extend(did("c", "finish", &json!({"message":"done"})));
    let session = sessions(&lines(&events)).remove(0);
    let made = crate::crystallize(&[session], &crate::Options::default()).unwrap();
    let actions: Vec<&str> = made
        .document
        .steps
        .iter()
        .map(|step| step.action.as_deref().unwrap_or(""))
        .collect();
    assert_eq!(actions, ["shell", "file"]);
}
