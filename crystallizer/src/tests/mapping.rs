use super::build::*;
use crate::{Options, parse_tools};
use serde_json::json;

#[test]
fn shell_tools_of_agents_need_no_rule() {
    let mut session = session(
        "Run the tests",
        vec![
            call(
                "c1",
                0,
                "Bash",
                json!({ "command": "git status --short", "description": "Look at changes" }),
                "".into(),
            ),
            call(
                "c2",
                1,
                "Bash",
                json!({ "command": "docker ps --format '{{.ID}}' > ids", "timeout": 120000 }),
                "".into(),
            ),
            call(
                "c3",
                2,
                "shell",
                json!({ "command": ["bash", "-lc", "npm test"], "workdir": "web" }),
                "ok".into(),
            ),
            call(
                "c4",
                3,
                "exec_command",
                json!({ "cmd": "date", "yield_time_ms": 100 }),
                "Fri".into(),
            ),
            call(
                "c5",
                4,
                "local_shell_call",
                json!({ "action": { "type": "exec", "command": ["ls"] } }),
                "a".into(),
            ),
            call(
                "c6",
                5,
                "Bash",
                json!({ "command": "sleep 5", "run_in_background": true }),
                "".into(),
            ),
            call("c7", 6, "Bash", json!({ "cmd": 1 }), "".into()),
        ],
    );
    session.working_folder = Some("/home/ana/shop".to_owned());
    let made = made(&session, &options());
    insta::assert_snapshot!(yaml(&made.document), @r#"
druse: 1
name: run-tests
description: Run the tests
steps:
  - id: git_status
    name: Look at changes
    action: shell
    with:
      script: git status --short
      cwd: /home/ana/shop
    effects: read
    metadata:
      tool: Bash
      deterministic: true
  - id: docker_ps
    action: shell
    needs: [git_status]
    with:
      argv: [bash, "-c", "{{ 'docker ps --format \\'{{.ID}}\\' > ids' }}"]
      cwd: /home/ana/shop
    timeout: 2m
    metadata:
      tool: Bash
      deterministic: true
  - id: npm_test
    action: shell
    needs: [docker_ps]
    with:
      argv: [bash, "-lc", npm test]
      cwd: /home/ana/shop/web
    metadata:
      tool: shell
      deterministic: true
  - id: date
    action: shell
    needs: [npm_test]
    with:
      script: date
      cwd: /home/ana/shop
    effects: read
    metadata:
      tool: exec_command
      deterministic: false
      reasons:
        - code: time
          message: the answer is the moment of asking
  - id: ls
    action: shell
    needs: [date]
    with:
      argv: [ls]
      cwd: /home/ana/shop
    effects: read
    metadata:
      tool: local_shell_call
      deterministic: true
  - id: sleep
    action: shell
    needs: [ls]
    with:
      script: sleep 5
      cwd: /home/ana/shop
    metadata:
      tool: Bash
      deterministic: true
  - id: bash
    action: tool
    needs: [sleep]
    with:
      tool: Bash
      arguments:
        cmd: 1
    metadata:
      tool: Bash
      deterministic: true
capabilities:
  programs: [/bin/sh, bash, ls]
  folders: [/home/ana/shop, /home/ana/shop/web]
metadata:
  crystallized:
    source:
      kind: agent_run
      id: ext-1
      digest: sha256:cfa685e12bdaf8293e96432e38c9e67292c824c103668feee4fe146772772bf7
    mode: exact
    at: "2027-01-15T08:01:40.000Z"
    druse_version: "0.1.0"
    calls:
      git_status: c1
      docker_ps: c2
      npm_test: c3
      date: c4
      ls: c5
      sleep: c6
      bash: c7
    left_out: []
    findings:
      - id: runs_program:date
        message: "The automation runs the program `date` on the server's machine: 1 step uses it."
        step: date
      - id: runs_program:docker
        message: "The automation runs the program `docker` on the server's machine: 1 step uses it."
        step: docker_ps
      - id: runs_program:git
        message: "The automation runs the program `git` on the server's machine: 1 step uses it."
        step: git_status
      - id: runs_program:ls
        message: "The automation runs the program `ls` on the server's machine: 1 step uses it."
        step: ls
      - id: runs_program:npm
        message: "The automation runs the program `npm` on the server's machine: 1 step uses it."
        step: npm_test
      - id: runs_program:sleep
        message: "The automation runs the program `sleep` on the server's machine: 1 step uses it."
        step: sleep
  non_deterministic_steps: [date]
"#);
    insta::assert_debug_snapshot!(codes(&made.report.findings), @r#"
[
    "bash unmapped_tool",
    "date runs_program (acknowledge)",
    "docker_ps runs_program (acknowledge)",
    "git_status runs_program (acknowledge)",
    "ls runs_program (acknowledge)",
    "npm_test runs_program (acknowledge)",
    "sleep runs_program (acknowledge)",
    "sleep background_command",
]
"#);
    assert_eq!(made.report.replay.differences, []);
}

#[test]
fn unmapped_tools_are_named_once_with_what_to_add() {
    let session = session(
        "x",
        vec![
            call(
                "c1",
                0,
                "mcp__linear__get_issue",
                json!({ "id": 1 }),
                json!({}),
            ),
            call(
                "c2",
                1,
                "mcp__linear__get_issue",
                json!({ "id": 2 }),
                json!({}),
            ),
            call("c3", 2, "frobnicate", json!({}), json!({})),
        ],
    );
    let unmapped = |made: &crate::Crystallized| -> Vec<String> {
        made.report
            .findings
            .iter()
            .filter(|f| f.code == "unmapped_tool")
            .map(|f| format!("{} | {} | {}", f.id, f.message, f.help))
            .collect()
    };
    insta::assert_debug_snapshot!(unmapped(&made(&session, &options())), @r#"
[
    "unmapped_tool:frobnicate:/with/tool | Nothing says what the recorded tool `frobnicate` is: 1 step uses it. | Add a rule to the tool map (`--tools FILE`, or `tools` of the API): { match: \"frobnicate\", action: mcp, with: { connection: NAME, tool: \"{{ call.name }}\", arguments: \"{{ call.arguments }}\" } }, or one with `action: http` or `shell`.",
    "unmapped_tool:get_issue:/with/tool | Nothing says what the recorded tool `mcp__linear__get_issue` is: 2 steps use it. | Set up an MCP connection named `linear`, or add a rule to the tool map (`--tools FILE`, or `tools` of the API): { match: \"mcp__linear__get_issue\", action: …, with: … }.",
]
"#);
    let with = Options {
        connections: connections(json!({ "linear": { "kind": "mcp", "url": "http://x" } })),
        ..options()
    };
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
    insta::assert_debug_snapshot!(chain(&made), @r#"
[
    "get_a tool <- ",
    "get_b tool <- get_a",
    "sleep wait <- get_b",
    "add transform <- sleep",
]
"#);
    let said: Vec<_> = made
        .report
        .findings
        .iter()
        .filter(|f| f.code == "unmapped_tool")
        .map(|f| f.message.clone())
        .collect();
    insta::assert_debug_snapshot!(said, @r#"
[
    "The recorded tool `get_a` cannot become a step: an http step needs a `connection` with a `path`, or a `url`.",
    "The recorded tool `get_b` cannot become a step: the call has no argument `call.arguments.nothing`.",
]
"#);
    assert_eq!(made.report.replay.differences, []);
    assert_eq!(made.report.replay.matched, 4);
}

#[test]
fn secrets_of_a_rule_are_left_to_the_run() {
    let session = session(
        "x",
        vec![
            call(
                "c1",
                0,
                "get_a",
                json!({ "id": 1 }),
                json!({ "data": { "n": 5 } }),
            ),
            call("c2", 1, "get_a", json!({ "id": 2 }), "no json".into()),
        ],
    );
    let tools = parse_tools(
        "- { match: get_a, action: http, with: { url: \"https://api.example.com/{{ call.arguments.id }}\", headers: { authorization: \"Bearer {{secrets.KEY}}\" } }, result: output.json.data }",
    )
    .unwrap();
    let made = made(
        &session,
        &Options {
            tools,
            secrets: Some(vec![]),
            ..options()
        },
    );
    assert_eq!(made.report.replay.matched, 2);
    let codes = codes(&made.report.findings);
    assert!(
        codes.contains(&"get_a missing_secret".to_owned()),
        "{codes:?}"
    );
}

#[test]
fn values_that_an_answer_gave_or_a_clock_made_are_said() {
    let mut session = session(
        "Order a lamp for tomorrow",
        vec![
            call(
                "c1",
                0,
                "list_products",
                json!({ "kind": "lamp" }),
                json!({ "items": [{ "product_id": "prod-77812", "price": 34.5 }] }),
            ),
            call(
                "c2",
                1,
                "create_order",
                json!({ "product_id": "prod-77812", "date": "2027-01-16", "request_id": "0b7e6c1e-1d2f-4a52-9b53-0a1f2c3d4e5f" }),
                json!({ "order": { "id": "ord-99121" } }),
            ),
            call(
                "c3",
                2,
                "pay_order",
                json!({ "order_id": "ord-99121", "amount": 34.5, "made_at": 1800000000, "api_key": "k3y-abcdef-123" }),
                json!({}),
            ),
            call(
                "c4",
                2,
                "get_order",
                json!({ "order_id": "ord-99121" }),
                json!({}),
            ),
            call(
                "c5",
                3,
                "run_sql",
                json!({ "sql": "SELECT price FROM products" }),
                json!([]),
            ),
        ],
    );
    session.started_at = Some(druse_engine::Timestamp(1_800_000_000_000));
    let made = made(&session, &options());
    let said: Vec<_> = made
        .report
        .findings
        .iter()
        .filter(|f| {
            f.code.starts_with("frozen")
                || f.code.starts_with("looks")
                || f.code.starts_with("written")
        })
        .map(|f| {
            format!(
                "{} {:?}{} {}: {} | {}",
                f.code,
                f.severity,
                if f.acknowledge { " ask" } else { "" },
                f.path.as_deref().unwrap_or(""),
                f.message,
                f.help
            )
        })
        .collect();
    insta::assert_debug_snapshot!(said, @r#"
[
    "looks_like_secret Warning ask /steps/2/with/arguments/api_key: `api_key` holds what looks like a secret. | Store it with `druse secrets set NAME` and let a connection's headers or env carry \"{{ secrets.NAME }}\" instead; or acknowledge that it is no secret.",
    "frozen_from_output Warning /steps/1/with/arguments/product_id: `product_id` is frozen as prod-77812, an id that stood in the answer of `list_products` at `/items/0/product_id` (call c1) and that the person did not write. | Every run uses this value again. If it has to follow the answer, make it an input or choose it there with an expression.",
    "frozen_date Warning /steps/1/with/arguments/date: `date` is frozen as 2027-01-16, while the person spoke of a day such as today or tomorrow. | If it has to move with the day of the run, write an expression such as \"{{ run.started_at | add_days(1) }}\" there.",
    "frozen_volatile Warning ask /steps/1/with/arguments/request_id: `request_id` is frozen as 0b7e6c1e-1d2f-4a52-9b53-0a1f2c3d4e5f, which looks made by chance while the session was recorded. | Every run uses this value again. Replace it with an input or an expression such as \"{{ run.id }}\" or \"{{ run.started_at }}\", or acknowledge it.",
    "frozen_from_output Warning ask /steps/2/with/arguments/order_id: `order_id` is frozen as ord-99121, an id that stood in the answer of `create_order` at `/order/id` (call c2) and that the person did not write. | Every run uses this value again. To follow the answer instead, write \"{{ steps.create_order.output.order.id }}\" there.",
    "frozen_volatile Warning ask /steps/2/with/arguments/made_at: `made_at` is frozen as 1800000000, which looks made by the clock while the session was recorded. | Every run uses this value again. Replace it with an input or an expression such as \"{{ run.id }}\" or \"{{ run.started_at }}\", or acknowledge it.",
    "frozen_from_output Warning ask /steps/3/with/arguments/order_id: `order_id` is frozen as ord-99121, an id that stood in the answer of `create_order` at `/order/id` (call c2) and that the person did not write. | Every run uses this value again. To follow the answer instead, write \"{{ steps.create_order.output.order.id }}\" there.",
    "frozen_from_output Info /steps/2/with/arguments/amount: `amount` is frozen as 34.5, a number that stood in the answer of `list_products` at `/items/0/price` (call c1) and that the person did not write. | Every run uses this value again. If it has to follow the answer, make it an input or choose it there with an expression.",
    "written_by_agent Info /steps/4/with/arguments/sql: `sql` is a text that the agent wrote: SELECT price FROM products. | It stays as it was written. Read it once.",
]
"#);
    let text = serde_json::to_string(&made.report).unwrap();
    assert!(
        !text.contains("k3y-abcdef-123"),
        "the report shows a secret"
    );
}

#[test]
fn ids_inside_longer_values_are_said() {
    let session = session(
        "Tell bob about the order",
        vec![
            call(
                "c1",
                0,
                "get_order",
                json!({}),
                json!({ "order": { "id": "ord-99121" } }),
            ),
            call(
                "c2",
                1,
                "send_mail",
                json!({ "to": "bob", "text": "Your order ord-99121 is ready.", "url": "https://shop.example.com/o/ord-99121?x=1" }),
                json!({}),
            ),
        ],
    );
    let made = made(&session, &options());
    let said: Vec<_> = made
        .report
        .findings
        .iter()
        .filter(|finding| finding.code == "frozen_from_output")
        .map(|finding| (finding.id.as_str(), finding.acknowledge))
        .collect();
    assert_eq!(
        said,
        [
            ("frozen_from_output:send_mail:/with/arguments/url", true),
            ("frozen_from_output:send_mail:/with/arguments/text", false),
        ]
    );
}

#[test]
fn a_program_that_a_rule_takes_from_the_recording_is_acknowledged_by_name() {
    let calls = vec![
        call(
            "c1",
            0,
            "lint",
            json!({ "line": "make lint && git diff" }),
            "".into(),
        ),
        call(
            "c2",
            1,
            "start",
            json!({ "words": ["ls", "-l"] }),
            "".into(),
        ),
        call("c3", 2, "fixed", json!({ "file": "a" }), "".into()),
    ];
    let rules = r#"tools:
  - { match: lint, action: shell, with: { script: "{{ call.arguments.line }}" } }
  - { match: start, action: shell, with: { argv: "{{ call.arguments.words }}" } }
  - { match: fixed, action: shell, with: { argv: [wc, "{{ call.arguments.file }}"] } }
"#;
    let options = Options {
        tools: parse_tools(rules).unwrap(),
        ..options()
    };
    let made = made(&session("Look after it", calls), &options);
    let asked: Vec<&str> = made
        .report
        .findings
        .iter()
        .filter(|finding| finding.acknowledge)
        .map(|finding| finding.id.as_str())
        .collect();
    assert_eq!(
        asked,
        ["runs_program:git", "runs_program:ls", "runs_program:make"]
    );
}

#[test]
fn a_draft_that_is_too_deep_to_be_edited_says_so() {
    let deep = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    let codes_of = |levels: usize| {
        let calls = vec![call(
            "c1",
            0,
            "nest",
            json!({ "deep": deep(levels) }),
            "".into(),
        )];
        let rules = "tools: [{ match: nest, action: emit, with: { type: t, data: \"{{ call.arguments }}\" } }]";
        let options = Options {
            tools: parse_tools(rules).unwrap(),
            ..options()
        };
        let made = made(&session("Nest", calls), &options);
        let value = serde_json::to_value(&made.document).unwrap();
        let editable = druse_engine::definition::from_value(value).is_ok();
        let said = made
            .report
            .findings
            .iter()
            .any(|f| f.code == "document_too_deep");
        (editable, said)
    };
    for levels in 50..70 {
        let (editable, said) = codes_of(levels);
        assert_eq!(editable, !said, "{levels} levels");
    }
}
