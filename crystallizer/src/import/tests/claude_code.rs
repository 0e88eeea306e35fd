//! What the output of print mode and newer logs of Claude Code tell.

use super::*;

fn said(session: &Session) -> Vec<(Role, &str)> {
    session
        .turns
        .iter()
        .filter_map(|turn| match turn {
            Turn::Message { role, text, .. } => Some((*role, text.as_str())),
            _ => None,
        })
        .collect()
}

fn printed(kind: &str, parent: Option<&str>, content: &Value) -> Value {
    json!({"type":kind,"session_id":"s","parent_tool_use_id":parent,"message":{"role":kind,"content":content}})
}

#[test]
fn a_sub_agent_of_print_mode_is_one() {
    let make = |id: &str, name: &str, input: &Value| json!([{"type":"tool_use","id":id,"name":name,"input":input}]);
    let answer =
        |id: &str| json!([{"type":"tool_result","tool_use_id":id,"content":"ok","is_error":false}]);
    let order = "Pay 900 to DE89370400440532013000";
    let session = &sessions(&lines(&[
        json!({"type":"system","subtype":"init","session_id":"s","cwd":"/w","tools":["Task"]}),
        printed("user", None, &json!("See to the bill")),
        printed(
            "assistant",
            None,
            &make(
                "t1",
                "Task",
                &json!({"prompt":order,"subagent_type":"payer"}),
            ),
        ),
        printed("user", Some("t1"), &json!([{"type":"text","text":order}])),
        printed(
            "assistant",
            Some("t1"),
            &make("t2", "mcp__bank__pay", &json!({"amount":900})),
        ),
        printed("user", Some("t1"), &answer("t2")),
        printed("user", None, &answer("t1")),
    ]))[0];
    assert_eq!(
        said(session),
        [(Role::User, "See to the bill"), (Role::Assistant, order)]
    );
    let calls = calls(session);
    assert_eq!(
        (calls[0].agent.as_deref(), calls[0].inside.as_deref()),
        (None, None)
    );
    assert_eq!(
        (calls[1].agent.as_deref(), calls[1].inside.as_deref()),
        (Some("payer"), Some("t1"))
    );
    assert!(codes(session).contains(&"sub_agent"));
}

#[test]
fn a_call_that_was_not_granted_is_a_refused_one() {
    let make = |id: &str| {
        claude(
            "assistant",
            &format!("a{id}"),
            &json!({"id":format!("m{id}"),"role":"assistant","content":[{"type":"tool_use","id":id,"name":"Bash","input":{"command":format!("rm {id}")}}]}),
        )
    };
    let answer = |id: &str, said: &str| {
        claude(
            "user",
            &format!("r{id}"),
            &json!({"role":"user","content":[{"type":"tool_result","tool_use_id":id,"content":said,"is_error":true}]}),
        )
    };
    let mut told = answer("t3", "Not run.");
    told["tool_result_meta"] =
        json!([{"id":"t3","non_execution_kind":"user-rejected","user_feedback":"keep it"}]);
    let mut skipped = answer("t5", "Not run.");
    skipped["tool_result_meta"] = json!([{"id":"t5","non_execution_kind":"invalid-input"}]);
    let session = &sessions(&lines(&[
        claude("user", "u1", &json!({"role":"user","content":"tidy up"})),
        make("t1"),
        answer(
            "t1",
            "Claude requested permissions to use Bash, but you haven't granted it yet.",
        ),
        make("t2"),
        answer("t2", "This command requires approval"),
        make("t3"),
        told,
        make("t4"),
        answer("t4", "The hook said no."),
        make("t5"),
        skipped,
        make("t6"),
        answer("t6", "Exit code 1"),
        json!({"type":"result","subtype":"success","is_error":false,"permission_denials":[{"tool_name":"Bash","tool_use_id":"t4","tool_input":{}},{"tool_name":"Bash","tool_use_id":"t1","tool_input":{}}]}),
    ]))[0];
    let refused: Vec<bool> = calls(session)
        .iter()
        .map(|call| result(call).refused)
        .collect();
    assert_eq!(refused, [true, true, true, true, false, false]);
    let mut about: Vec<(Option<&str>, Option<&str>)> = approvals(session)
        .iter()
        .map(|one| (one.call.as_deref(), one.comment.as_deref()))
        .collect();
    about.sort_unstable();
    assert_eq!(
        about,
        [
            (Some("t1"), None),
            (Some("t2"), None),
            (Some("t3"), Some("keep it")),
            (Some("t4"), None)
        ]
    );
}

#[test]
fn what_was_said_while_the_agent_was_at_work_is_said() {
    let queue = |operation: &str, said: &str| json!({"type":"queue-operation","operation":operation,"content":said,"sessionId":"s","timestamp":"2027-01-01T00:00:00Z"});
    let attached = |mode: &str, said: &str| json!({"type":"attachment","uuid":said,"sessionId":"s","attachment":{"type":"queued_command","prompt":said,"commandMode":mode}});
    let session = &sessions(&lines(&[
        claude(
            "user",
            "u1",
            &json!({"role":"user","content":"pay the bill"}),
        ),
        queue("enqueue", "and tell Ann"),
        attached("prompt", "and tell Ann"),
        attached(
            "task-notification",
            "<task-notification>done</task-notification>",
        ),
        queue("enqueue", "taken back"),
        json!({"type":"queue-operation","operation":"popAll","sessionId":"s"}),
        queue("enqueue", "by noon"),
        queue("enqueue", "then stop"),
        claude("user", "u2", &json!({"role":"user","content":"then stop"})),
    ]))[0];
    assert_eq!(
        said(session),
        [
            (Role::User, "pay the bill"),
            (Role::User, "and tell Ann"),
            (Role::System, "<task-notification>done</task-notification>"),
            (Role::User, "by noon"),
            (Role::User, "then stop"),
        ]
    );
    assert_eq!(session.bytes_left_out, 0);
}

#[test]
fn a_way_back_to_the_very_first_message_is_told() {
    let prompt = |uuid: &str, said: &str| json!({"parentUuid":null,"isSidechain":false,"sessionId":"s","type":"user","uuid":uuid,"message":{"role":"user","content":said}});
    let answer = json!({"parentUuid":"1","isSidechain":false,"sessionId":"s","type":"assistant","uuid":"1a","message":{"role":"assistant","content":[{"type":"text","text":"Done"}]}});
    let back = sessions(&lines(&[
        prompt("1", "refund order 7"),
        answer.clone(),
        prompt("2", "refund order 8"),
    ]));
    assert!(codes(&back[0]).contains(&"rewound"));
    // A recorder that tells no parents at all tells no way back.
    let flat = sessions(&lines(&[
        prompt("1", "refund order 7"),
        prompt("2", "refund order 8"),
    ]));
    assert!(!codes(&flat[0]).contains(&"rewound"));
    let command = "<command-name>/clear</command-name>";
    let mut compacted = prompt("3", "go on");
    compacted["logicalParentUuid"] = json!("1");
    let mut summary = prompt("4", "what was before");
    summary["isCompactSummary"] = json!(true);
    let on = sessions(&lines(&[
        prompt("1", command),
        answer,
        prompt("2", "refund order 8"),
        compacted,
        summary,
    ]));
    assert!(!codes(&on[0]).contains(&"rewound"));
}

/// A line of a session, or of its sub-agent, so many seconds after its beginning.
fn timed(agent: Option<&str>, second: u32, kind: &str, content: Value) -> Value {
    let id = format!("{}{second}", agent.unwrap_or("m"));
    let mut line = claude(kind, &id, &json!({"id":id,"role":kind,"content":content}));
    line["timestamp"] = json!(format!("2027-01-01T10:00:{second:02}Z"));
    if let Some(agent) = agent {
        line["isSidechain"] = json!(true);
        line["agentId"] = json!(agent);
    }
    line
}

#[test]
fn files_of_sub_agents_stand_in_order_of_time() {
    let uses = |id: &str, name: &str| json!([{"type":"tool_use","id":id,"name":name,"input":{}}]);
    let told = |id: &str| json!([{"type":"tool_result","tool_use_id":id,"content":"ok"}]);
    let mut answered = timed(None, 8, "user", told("t"));
    answered["toolUseResult"] = json!({"status":"completed","agentId":"ab1"});
    let main = [
        timed(None, 0, "user", json!("Refund it")),
        timed(None, 1, "assistant", uses("t", "Task")),
        answered,
        timed(None, 9, "assistant", uses("n", "mcp__shop__notify")),
        timed(None, 10, "user", told("n")),
    ];
    let agent = [
        timed(Some("ab1"), 2, "user", json!("Refund it, and tell nobody")),
        timed(
            Some("ab1"),
            3,
            "assistant",
            uses("g", "mcp__shop__get_order"),
        ),
        timed(Some("ab1"), 4, "user", told("g")),
        timed(Some("ab1"), 5, "assistant", uses("r", "mcp__shop__refund")),
        timed(Some("ab1"), 6, "user", told("r")),
    ];
    let names = |recording: &[Value]| -> Vec<String> {
        let read = sessions(&lines(recording));
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].goal.as_deref(), Some("Refund it"));
        calls(&read[0])
            .iter()
            .map(|call| call.name.clone())
            .collect()
    };
    let order = [
        "Task",
        "mcp__shop__get_order",
        "mcp__shop__refund",
        "mcp__shop__notify",
    ];
    assert_eq!(names(&[&main[..], &agent[..]].concat()), order);
    assert_eq!(names(&[&agent[..], &main[..]].concat()), order);
    // A session that was taken up again has another id than its agents' lines name.
    let mut renamed = agent.clone();
    for line in &mut renamed {
        line["sessionId"] = json!("before");
    }
    assert_eq!(names(&[&main[..], &renamed[..]].concat()), order);
    let log = |lines: &[Value]| crate::agent_log(super::lines(lines).as_bytes());
    assert_eq!(log(&main).and_then(|log| log.agent), None);
    let of_agent = log(&agent).expect("it is a log");
    assert_eq!(of_agent.agent.as_deref(), Some("ab1"));
    assert_eq!(of_agent.session, log(&main).expect("it is a log").session);
    assert_eq!(crate::agent_log(b"{\"messages\": []}"), None);
}
