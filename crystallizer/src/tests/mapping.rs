use super::build::*;
use crate::{Options, parse_tools};
use serde_json::json;

#[test]
fn shell_tools_of_agents_need_no_rule() {
    let mut session = session(
        "Run the tests",
        vec![
            call("c1", 0, "Bash", json!({ "command": "git status --short", "description": "Look at changes" }), "".into()),
            call("c2", 1, "Bash", json!({ "command": "docker ps --format '{{.ID}}' > ids", "timeout": 120000 }), "".into()),
            call("c3", 2, "shell", json!({ "command": ["bash", "-lc", "npm test"], "workdir": "web" }), "ok".into()),
            call("c4", 3, "exec_command", json!({ "cmd": "date", "yield_time_ms": 100 }), "Fri".into()),
            call("c5", 4, "local_shell_call", json!({ "action": { "type": "exec", "command": ["ls"] } }), "a".into()),
            call("c6", 5, "Bash", json!({ "command": "sleep 5", "run_in_background": true }), "".into()),
            call("c7", 6, "Bash", json!({ "cmd": 1 }), "".into()),
        ],
    );
    session.working_folder = Some("/home/ana/shop".to_owned());
    let made = made(&session, &options());
    insta::assert_snapshot!(druse_engine::definition::to_yaml(&made.document));
    insta::assert_debug_snapshot!(codes(&made.report.findings));
    assert_eq!(made.report.replay.differences, []);
}

#[test]
fn unmapped_tools_are_named_once_with_what_to_add() {
    let session = session(
        "x",
        vec![
            call("c1", 0, "mcp__linear__get_issue", json!({ "id": 1 }), json!({})),
            call("c2", 1, "mcp__linear__get_issue", json!({ "id": 2 }), json!({})),
            call("c3", 2, "frobnicate", json!({}), json!({})),
        ],
    );
    let unmapped = |made: &crate::Crystallized| -> Vec<String> {
        made.report.findings.iter().filter(|f| f.code == "unmapped_tool").map(|f| format!("{} | {} | {}", f.id, f.message, f.help)).collect()
    };
    insta::assert_debug_snapshot!(unmapped(&made(&session, &options())));
    let with = Options { connections: connections(json!({ "linear": { "kind": "mcp", "url": "http://x" } })), ..options() };
    let made = made(&session, &with);
    assert_eq!(made.document.steps[0].action.as_deref(), Some("mcp"));
    assert_eq!(unmapped(&made).len(), 1);
    assert_eq!(made.report.replay.matched, 3);
}

#[test]
fn rules_that_do_not_fit_leave_the_tool_unmapped_and_say_why() {
    let session = session(
        "x",
        vec![
            call("c1", 0, "get_a", json!({ "id": 1 }), json!({})),
            call("c2", 1, "get_b", json!({ "id": 1 }), json!({})),
            call("c3", 2, "sleep", json!({ "time": "5s" }), json!({})),
            call("c4", 3, "add", json!({ "a": "{{ x" }), json!({})),
        ],
    );
    let tools = parse_tools(
        "- { match: get_a, action: http, with: { pth: /a } }\n- { match: get_b, action: emit, with: { type: x, data: \"{{ call.arguments.nothing }}\" } }\n- { match: sleep, action: wait, with: { for: \"{{ call.arguments.time }}\" } }\n- { match: add, action: transform, with: { value: \"{{ call.arguments }}\" } }",
    )
    .unwrap();
    let made = made(&session, &Options { tools, ..options() });
    insta::assert_debug_snapshot!(chain(&made));
    let said: Vec<_> = made.report.findings.iter().filter(|f| f.code == "unmapped_tool").map(|f| f.message.clone()).collect();
    insta::assert_debug_snapshot!(said);
    assert_eq!(made.report.replay.differences, []);
    assert_eq!(made.report.replay.matched, 4);
}

#[test]
fn secrets_of_a_rule_are_left_to_the_run() {
    let session = session("x", vec![call("c1", 0, "get_a", json!({ "id": 1 }), json!({ "data": { "n": 5 } })), call("c2", 1, "get_a", json!({ "id": 2 }), "no json".into())]);
    let tools = parse_tools(
        "- { match: get_a, action: http, with: { url: \"https://api.example.com/{{ call.arguments.id }}\", headers: { authorization: \"Bearer {{secrets.KEY}}\" } }, result: output.json.data }",
    )
    .unwrap();
    let made = made(&session, &Options { tools, secrets: Some(vec![]), ..options() });
    assert_eq!(made.report.replay.matched, 2);
    let codes = codes(&made.report.findings);
    assert!(codes.contains(&"get_a missing_secret".to_owned()), "{codes:?}");
}

#[test]
fn values_that_an_answer_gave_or_a_clock_made_are_said() {
    let mut session = session(
        "Order a lamp for tomorrow",
        vec![
            call("c1", 0, "list_products", json!({ "kind": "lamp" }), json!({ "items": [{ "product_id": "prod-77812", "price": 34.5 }] })),
            call("c2", 1, "create_order", json!({ "product_id": "prod-77812", "date": "2027-01-16", "request_id": "0b7e6c1e-1d2f-4a52-9b53-0a1f2c3d4e5f" }), json!({ "order": { "id": "ord-99121" } })),
            call("c3", 2, "pay_order", json!({ "order_id": "ord-99121", "amount": 34.5, "made_at": 1800000000, "api_key": "k3y-abcdef-123" }), json!({})),
            call("c4", 2, "get_order", json!({ "order_id": "ord-99121" }), json!({})),
            call("c5", 3, "run_sql", json!({ "sql": "SELECT price FROM products" }), json!([])),
        ],
    );
    session.started_at = Some(druse_engine::Timestamp(1_800_000_000_000));
    let made = made(&session, &options());
    let said: Vec<_> = made
        .report
        .findings
        .iter()
        .filter(|f| f.code.starts_with("frozen") || f.code.starts_with("looks") || f.code.starts_with("written"))
        .map(|f| format!("{} {:?}{} {}: {} | {}", f.code, f.severity, if f.acknowledge { " ask" } else { "" }, f.path.as_deref().unwrap_or(""), f.message, f.help))
        .collect();
    insta::assert_debug_snapshot!(said);
    let text = serde_json::to_string(&made.report).unwrap();
    assert!(!text.contains("k3y-abcdef-123"), "the report shows a secret");
}
