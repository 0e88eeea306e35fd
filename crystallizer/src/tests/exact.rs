use super::build::*;
use crate::session::*;
use crate::{Options, crystallize, parse_tools};
use druse_engine::definition::to_yaml;
use serde_json::json;

#[test]
fn the_bill_becomes_a_chain_with_a_gate() {
    let made = made(&bill(), &options());
    insta::assert_snapshot!(yaml(&made.document), @r#"
druse: 1
name: pay-bill-december-txt
description: Please pay the bill in bill-december.txt
steps:
  - id: read_file
    action: tool
    with:
      tool: read_file
      arguments:
        file_path: bill-december.txt
    effects: read
    metadata:
      tool: read_file
      deterministic: true
  - id: get_balance
    action: tool
    needs: [read_file]
    with:
      tool: get_balance
      arguments: {}
    effects: read
    metadata:
      tool: get_balance
      deterministic: true
  - id: approve_send_money
    action: approval_gate
    needs: [get_balance]
    with:
      title: Send money?
      message: "In the recording ana approved this: “looks right”."
    metadata:
      recorded:
        call: c4
        approvals:
          - by: ana
            comment: looks right
            decided_at: "2027-01-15T08:00:30.000Z"
  - id: send_money
    action: tool
    needs: [approve_send_money]
    with:
      tool: send_money
      arguments:
        recipient: UK12345678901234567890
        amount: 98.7
        subject: INV-2027-0042
    effects: write
    metadata:
      tool: send_money
      deterministic: true
capabilities: {}
metadata:
  crystallized:
    source:
      kind: agent_run
      id: ext-1
      digest: sha256:ebb2f6e1e9aa9bd34e4ca37d15413395920170904018ae4b8933aaa966d5a30d
    mode: exact
    at: "2027-01-15T08:01:40.000Z"
    druse_version: "0.1.0"
    calls:
      read_file: c1
      get_balance: c2
      send_money: c4
    left_out:
      - call: c3
        code: failed_then_repeated
      - call: c5
        code: refused
    findings:
      - id: frozen_from_output:send_money:/with/arguments/recipient
        message: "`recipient` is frozen as UK12345678901234567890, an id that stood inside a text of the answer of `read_file` (call c1) and that the person did not write."
        step: send_money
        place: /with/arguments/recipient
        was: bbe50627e40e
      - id: frozen_from_output:send_money:/with/arguments/subject
        message: "`subject` is frozen as INV-2027-0042, an id that stood inside a text of the answer of `read_file` (call c1) and that the person did not write."
        gated: true
        step: send_money
        place: /with/arguments/subject
        was: "8b7f42fff784"
      - id: frozen_from_output:send_money:/with/arguments/amount
        message: "`amount` is frozen as 98.7, a number that stood inside a text of the answer of `read_file` (call c1) and that the person did not write."
        gated: true
        step: send_money
        place: /with/arguments/amount
        was: c76711e77f5a
  non_deterministic_steps: []
"#);
    insta::assert_snapshot!(crate::text::text(&made.report, &made.document), @r#"
pay-bill-december-txt
  Please pay the bill in bill-december.txt

Recorded
  5 tool calls in 5 turns of the agent, 60.0 s
  from agent run ext-1

Crystallized: 3 steps and 1 approval gate
    1. read_file           tool  (read)
    2. get_balance         tool  (read)
    3. approve_send_money  approval_gate  Send money?
    4. send_money          tool  (write)

Left out: 2 calls
  - A call of `send_money` failed and was repeated (call c4). Only the repetition is kept.
  - The call of `delete_file` was refused by ana: “keep it”. It is left out.

Replayed
  all 3 calls asked for exactly as recorded

Worth it: yes

Worth a look
  - send_money: `subject` is frozen as INV-2027-0042, an id that stood inside a text of the answer of `read_file` (call c1) and that the person did not write.
    Every run uses this value again. If it has to follow the answer, make it an input or take it from that text with an expression.

3 further notes for the record, in the report as JSON.

Before it can be activated
  Correct 3 things:
  - get_balance: Nothing says what the recorded tool `get_balance` is: 1 step uses it.
  - read_file: Nothing says what the recorded tool `read_file` is: 1 step uses it.
  - send_money: Nothing says what the recorded tool `send_money` is: 1 step uses it.
    Add a rule to the tool map (`--tools FILE`, or `tools` of the API): { match: "get_balance", action: mcp, with: { connection: NAME, tool: "{{ call.name }}", arguments: "{{ call.arguments }}" } }, or one with `action: http` or `shell`.
  Change or acknowledge 1 thing:
  - send_money: `recipient` is frozen as UK12345678901234567890, an id that stood inside a text of the answer of `read_file` (call c1) and that the person did not write.
    Every run uses this value again. If it has to follow the answer, make it an input or take it from that text with an expression.
    acknowledge as frozen_from_output:send_money:/with/arguments/recipient
"#);
    insta::assert_debug_snapshot!(codes(&made.report.findings), @r#"
[
    "get_balance unmapped_tool",
    "read_file unmapped_tool",
    "send_money unmapped_tool",
    "send_money frozen_from_output (acknowledge)",
    "send_money frozen_from_output",
    "- failed_then_repeated",
    "- refused",
    "send_money frozen_from_output",
]
"#);
    assert_eq!(made.report.replay.matched, 3);
}

#[test]
fn failed_calls_that_were_not_repeated_stay_and_the_run_goes_on() {
    let session = session(
        "Look up two users",
        vec![
            failed(
                "c1",
                0,
                "get_user",
                json!({ "id": "u1" }),
                "Error: not found",
            ),
            failed(
                "c2",
                0,
                "get_user",
                json!({ "id": "u2" }),
                "Error: not found",
            ),
            call("c3", 1, "list_orders", json!({ "a": 1 }), json!([])),
        ],
    );
    let made = made(&session, &options());
    insta::assert_debug_snapshot!(chain(&made), @r#"
[
    "get_user tool <-  continue",
    "get_user_2 tool <- get_user continue when steps.get_user.status in ['succeeded', 'failed']",
    "list_orders tool <- get_user_2 when steps.get_user_2.status in ['succeeded', 'failed']",
]
"#);
    insta::assert_debug_snapshot!(codes(&made.report.findings), @r#"
[
    "get_user unmapped_tool",
    "list_orders unmapped_tool",
    "get_user failed_call_kept",
    "get_user_2 failed_call_kept",
]
"#);
    assert_eq!(made.report.replay.matched, 3);
    assert_eq!(made.report.replay.differences, []);
}

#[test]
fn a_refused_gate_stops_what_comes_after_a_tolerated_failure() {
    use druse_engine::event::{Decision, RunEvent, Start, Status, Verdict};
    let session = session(
        "Do it",
        vec![
            call("c0", 0, "get_a", json!({}), json!({})),
            approval(Some("c1"), true, "ana", ""),
            failed("c1", 1, "send_a", json!({ "x": 1 }), "Error"),
            call("c2", 2, "send_b", json!({ "x": 1 }), json!({})),
        ],
    );
    let made = made(&session, &options());
    let plan = std::sync::Arc::new(
        druse_engine::plan::Plan::compile(std::sync::Arc::new(made.document)).unwrap(),
    );
    let id = druse_engine::RunId::from_parts(1, [1; 10]);
    let start = Start {
        run: id,
        automation: None,
        name: "x".into(),
        version: 0,
        digest: plan.digest().clone(),
        cause: json!({ "kind": "manual" }).into(),
        started_by: "user:a".into(),
        inputs: json!({}).into(),
        trigger: druse_engine::Json::null(),
        scheduled_at: None,
        root: id,
        depth: 0,
    };
    let now = druse_engine::Timestamp(0);
    let (mut run, facts) = druse_engine::run::Run::begin(plan, start, now);
    let mut facts: std::collections::VecDeque<_> = facts.into();
    let mut asked = Vec::new();
    while let Some(fact) = facts.pop_front() {
        match fact.event {
            RunEvent::AttemptStarted {
                step,
                number,
                fence,
                ..
            } => {
                asked.push(step.to_string());
                let outcome = druse_engine::event::Outcome::Succeeded {
                    output: json!({}).into(),
                };
                facts.extend(
                    run.handle(
                        now,
                        druse_engine::run::Input::Finished {
                            step,
                            number,
                            fence,
                            outcome,
                        },
                    )
                    .unwrap(),
                );
            }
            RunEvent::ApprovalRequested { request, .. } => {
                let decision = Decision {
                    decision: Verdict::Reject,
                    by: "user:b".into(),
                    comment: Some("not this".into()),
                    fields: None,
                    at: now,
                    own_run: false,
                };
                facts.extend(
                    run.handle(
                        now,
                        druse_engine::run::Input::Decide {
                            approval: request.approval,
                            decision,
                        },
                    )
                    .unwrap(),
                );
            }
            _ => {}
        }
    }
    assert_eq!(asked, ["get_a"]);
    assert_eq!(run.status(), Status::Rejected);
}

#[test]
fn retries_are_told_by_what_they_are_about() {
    let session = session(
        "Book",
        vec![
            // Equal arguments, twice failed, never succeeded: the last one stays.
            failed("a1", 0, "ping", json!({ "x": 1 }), "Error: timed out"),
            failed("a2", 1, "ping", json!({ "x": 1 }), "Error: timed out"),
            // About the same reservation.
            failed(
                "b1",
                2,
                "update_reservation",
                json!({ "reservation_id": "R1", "cabin": "x" }),
                "Error",
            ),
            call(
                "c1",
                3,
                "update_reservation",
                json!({ "reservation_id": "R2", "cabin": "y" }),
                json!({}),
            ),
            call(
                "b2",
                4,
                "update_reservation",
                json!({ "reservation_id": "R1", "cabin": "z" }),
                json!({}),
            ),
            // Issued together: no repetition.
            failed("d1", 5, "get_flight", json!({ "n": "1" }), "Error"),
            call("d2", 5, "get_flight", json!({ "n": "2" }), json!({})),
            // Lines of a shell that are not the same, also where they run one program.
            failed(
                "e1",
                6,
                "Bash",
                json!({ "command": "cat a" }),
                "no such file",
            ),
            call("e2", 7, "Bash", json!({ "command": "ls" }), "a".into()),
            failed(
                "f1",
                8,
                "Bash",
                json!({ "command": "cd /x && npm tset" }),
                "no such script",
            ),
            failed(
                "f2",
                9,
                "Bash",
                json!({ "command": "npm test --x" }),
                "fails",
            ),
            call(
                "f3",
                10,
                "Bash",
                json!({ "command": "npm test" }),
                "ok".into(),
            ),
        ],
    );
    let made = made(&session, &options());
    insta::assert_debug_snapshot!(made.document.metadata["crystallized"]["left_out"].to_string(), @r#"
"[{\"call\":\"a1\",\"code\":\"failed_then_repeated\"},{\"call\":\"b1\",\"code\":\"failed_then_repeated\"}]"
"#);
    assert_eq!(made.report.replay.differences, []);
    // What looks like a first try is only said to be one.
    let suggested: Vec<&str> = made
        .report
        .findings
        .iter()
        .filter(|finding| {
            finding.code == "failed_call_kept" && finding.help.contains("the same program")
        })
        .filter_map(|finding| finding.step.as_deref())
        .collect();
    assert_eq!(suggested, ["npm_test"]);
}

#[test]
fn what_failed_and_what_came_later_must_be_the_same_act() {
    let left_out = |turns| {
        let made = made(&session("Do it", turns), &options());
        made.document.metadata["crystallized"]["left_out"]
            .as_array()
            .unwrap()
            .iter()
            .map(|out| out["call"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let bash = |id: &str, batch, line: &str, good: bool| {
        let arguments = json!({ "command": line, "description": id });
        match good {
            true => call(id, batch, "Bash", arguments, "ok".into()),
            false => failed(id, batch, "Bash", arguments, "no"),
        }
    };
    // The same line, whatever is said about it; not in another folder.
    let mut elsewhere = bash("c", 2, "make", true);
    if let Turn::Call(call) = &mut elsewhere {
        call.folder = Some("/elsewhere".to_owned());
    }
    assert_eq!(
        left_out(vec![
            bash("a", 0, "make", false),
            bash("b", 1, "make", true)
        ]),
        ["a"]
    );
    assert!(left_out(vec![bash("a", 0, "make", false), elsewhere]).is_empty());
    assert!(
        left_out(vec![
            bash("a", 0, "rm x", false),
            bash("b", 1, "rm y", true)
        ])
        .is_empty()
    );
    // One thing that is named is another one; or the same, written otherwise.
    let get = |id: &str, batch, order: &str, good: bool| {
        let arguments = json!({ "order_id": order });
        match good {
            true => call(id, batch, "cancel_order", arguments, json!({})),
            false => failed(id, batch, "cancel_order", arguments, "Error"),
        }
    };
    assert!(left_out(vec![get("a", 0, "W1", false), get("b", 1, "W2", true)]).is_empty());
    assert_eq!(
        left_out(vec![get("a", 0, "W1", false), get("b", 1, "#w1", true)]),
        ["a"]
    );
    assert_eq!(
        left_out(vec![
            get("a", 0, "bill-2027-3", false),
            get("b", 1, "bill-2027-03", true)
        ]),
        ["a"]
    );
    assert!(left_out(vec![get("a", 0, "W-1-1", false), get("b", 1, "W-11", true)]).is_empty());
    // Of two things that are named one is the same.
    let both = |id: &str, batch, user: &str, order: &str, good: bool| {
        let arguments = json!({ "user_id": user, "order_id": order });
        match good {
            true => call(id, batch, "cancel_order", arguments, json!({})),
            false => failed(id, batch, "cancel_order", arguments, "Error"),
        }
    };
    assert!(
        left_out(vec![
            both("a", 0, "ana", "W1", false),
            both("b", 1, "ana", "W2", true)
        ])
        .is_empty()
    );
}

#[test]
fn a_search_that_found_nothing_did_not_fail() {
    let nothing = |id: &str, line: &str| {
        change(
            failed(id, 0, "Bash", json!({ "command": line }), "Exit code 1"),
            |call| {
                if let Some(result) = &mut call.result {
                    result.exit_code = Some(1);
                }
            },
        )
    };
    let made = made(
        &session(
            "Look",
            vec![nothing("a", "grep -rn x src"), nothing("b", "make")],
        ),
        &options(),
    );
    let steps = &made.document.steps;
    assert_eq!(
        steps[0].with.as_ref().unwrap()["success_exit_codes"],
        json!([0, 1])
    );
    assert_eq!(steps[0].on_error, None);
    assert!(steps[1].on_error.is_some());
    assert!(
        !steps[1]
            .with
            .as_ref()
            .unwrap()
            .contains_key("success_exit_codes")
    );
    assert_eq!(made.report.replay.differences, []);
}

#[test]
fn approvals_find_their_call() {
    let session = session(
        "Do it",
        vec![
            approval(Some("c1"), true, "ana", ""),
            failed(
                "c1",
                0,
                "send_mail",
                json!({ "to": "bob@example.com" }),
                "Error: try again",
            ),
            call(
                "c2",
                1,
                "send_mail",
                json!({ "to": "bob@example.com", "text": "{{ hi }}" }),
                json!({ "id": 1 }),
            ),
            approval(None, true, "", "go on"),
            call("c3", 2, "post_note", json!({ "text": "a" }), json!({})),
            approval(Some("c4"), true, "ana", ""),
            approval(Some("c4"), true, "ben", "fine"),
            call(
                "c4",
                3,
                "post_note",
                json!({ "text": "b", "password": "hunter22" }),
                json!({}),
            ),
            approval(Some("gone"), true, "ana", ""),
            approval(None, false, "ana", ""),
            approval(None, true, "ana", ""),
        ],
    );
    let made = made(&session, &options());
    insta::assert_debug_snapshot!(chain(&made), @r#"
[
    "approve_send_mail approval_gate <- ",
    "send_mail tool <- approve_send_mail",
    "approve_post_note approval_gate <- send_mail",
    "post_note tool <- approve_post_note",
    "approve_post_note_2 approval_gate <- post_note",
    "post_note_2 tool <- approve_post_note_2",
]
"#);
    let gates = made
        .document
        .steps
        .iter()
        .filter(|step| step.action.as_deref() == Some("approval_gate"));
    let asked: Vec<String> = gates
        .map(|step| serde_json::to_string(&step.with).unwrap())
        .collect();
    insta::assert_debug_snapshot!(asked, @r#"
[
    "{\"title\":\"Send mail?\",\"message\":\"In the recording ana approved this.\"}",
    "{\"title\":\"Post note?\",\"message\":\"In the recording a person approved this: “go on”.\"}",
    "{\"title\":\"Post note?\",\"message\":\"In the recording ana approved this, and ben approved this: “fine”.\",\"needed\":2}",
]
"#);
    insta::assert_debug_snapshot!(codes(&made.report.findings), @r#"
[
    "post_note unmapped_tool",
    "send_mail unmapped_tool",
    "post_note_2 looks_like_secret (acknowledge)",
    "- failed_then_repeated",
    "- approval_without_call",
    "- refusal_without_call",
    "- approval_without_call",
]
"#);
    assert_eq!(made.report.counts.gates, 3);
    assert_eq!(made.report.replay.matched, 3);
}

#[test]
fn odd_names_texts_and_missing_results() {
    let unmatched = change(
        call("c2", 1, "größe.ändern", json!("no object"), json!(null)),
        |call| call.result = None,
    );
    let session = session(
        "x",
        vec![
            call(
                "c1",
                0,
                "",
                json!({ "{{ key }}": "{{ inputs.x }} and {% raw %} {# c #}", "n": 1.0, "big": 18446744073709551615_u64, "u": "a\u{202e}b" }),
                "{{ out }}".into(),
            ),
            unmatched,
            call(
                "c3",
                2,
                "not",
                json!(null),
                json!({ "deep": { "{{": ["}}"] } }),
            ),
            call("c4", 3, "查询", json!(["{{"]), json!(null)),
            call("c5", 3, "tool.with.dots/and\nline", json!({}), json!(0)),
        ],
    );
    let made = made(&session, &options());
    insta::assert_debug_snapshot!(chain(&made), @r#"
[
    "step tool <- ",
    "ndern tool <- step",
    "not_step tool <- ndern",
    "step_2 tool <- not_step",
    "dots_and_line tool <- step_2",
]
"#);
    assert_eq!(made.report.replay.differences, []);
    assert_eq!(made.report.replay.matched, 5);
    let written = to_yaml(&made.document);
    let again =
        druse_engine::definition::parse(&written, druse_engine::definition::Syntax::Yaml).unwrap();
    assert_eq!(again.document, made.document);
}

#[test]
fn what_is_refused() {
    let code =
        |sessions: &[Session], options: &Options| crystallize(sessions, options).unwrap_err().code;
    let one = |status| {
        let mut session = bill();
        session.status = status;
        vec![session]
    };
    assert_eq!(code(&[], &options()), "nothing_to_crystallize");
    assert_eq!(
        code(&[session("x", vec![])], &options()),
        "nothing_to_crystallize"
    );
    assert_eq!(
        code(&one(Some(SessionStatus::Failed)), &options()),
        "run_not_successful"
    );
    assert_eq!(
        code(&one(Some(SessionStatus::Canceled)), &options()),
        "run_not_successful"
    );
    assert_eq!(
        code(
            &one(None),
            &Options {
                name: Some("a b".into()),
                ..options()
            }
        ),
        "bad_name"
    );
    let forced = crystallize(
        &one(Some(SessionStatus::Failed)),
        &Options {
            force: true,
            ..options()
        },
    )
    .unwrap();
    assert!(
        forced
            .report
            .findings
            .iter()
            .any(|f| f.code == "run_not_successful")
    );
    let unknown = crystallize(
        &one(None),
        &Options {
            name: Some("pay.bill-2".into()),
            ..options()
        },
    )
    .unwrap();
    assert!(
        unknown
            .report
            .findings
            .iter()
            .any(|f| f.code == "success_unknown")
    );
    assert_eq!(unknown.document.name, "pay.bill-2");
}

#[test]
fn rules_decide_what_is_deterministic() {
    let session = session(
        "A dashboard of revenue and orders",
        vec![
            call(
                "q1",
                0,
                "generate_query",
                json!({ "question": "revenue by month" }),
                json!({ "sql": "SELECT 1" }),
            ),
            call(
                "q2",
                0,
                "generate_query",
                json!({ "question": "orders by month" }),
                json!({ "sql": "SELECT 2" }),
            ),
            call(
                "d",
                1,
                "create_dashboard",
                json!({ "queries": ["SELECT 1", "SELECT 2"] }),
                json!({ "url": "https://bi.example.com/d/1" }),
            ),
            call(
                "t",
                2,
                "get_current_time",
                json!({}),
                "2027-01-15T08:00:00Z".into(),
            ),
        ],
    );
    let none = made(&session, &options());
    assert_eq!(
        none.document.metadata["non_deterministic_steps"],
        json!(["generate_query", "generate_query_2", "get_current_time"])
    );
    let tools = parse_tools(
        "tools:\n- { match: \"generate_*\", action: http, with: { connection: tools, method: POST, path: \"/tools/{{ call.name }}\", json: \"{{ call.arguments }}\" }, effects: read, deterministic: false, reason: an AI writes the SQL }\n- { match: get_current_time, action: emit, with: { type: com.example.time, data: {} }, deterministic: true }",
    )
    .unwrap();
    let ruled = made(
        &session,
        &Options {
            tools,
            connections: connections(
                json!({ "tools": { "kind": "http", "base_url": "http://localhost:1" } }),
            ),
            ..options()
        },
    );
    assert_eq!(
        ruled.document.metadata["non_deterministic_steps"],
        json!(["generate_query", "generate_query_2"])
    );
    insta::assert_snapshot!(yaml(&ruled.document), @r#"
druse: 1
name: dashboard-revenue-orders
description: A dashboard of revenue and orders
steps:
  - id: generate_query
    action: http
    with:
      connection: tools
      method: POST
      path: /tools/generate_query
      json:
        question: revenue by month
    effects: read
    metadata:
      tool: generate_query
      deterministic: false
      reasons:
        - code: tool_map
          message: an AI writes the SQL
  - id: generate_query_2
    action: http
    needs: [generate_query]
    with:
      connection: tools
      method: POST
      path: /tools/generate_query
      json:
        question: orders by month
    effects: read
    metadata:
      tool: generate_query
      deterministic: false
      reasons:
        - code: tool_map
          message: an AI writes the SQL
  - id: create_dashboard
    action: tool
    needs: [generate_query_2]
    with:
      tool: create_dashboard
      arguments:
        queries: [SELECT 1, SELECT 2]
    effects: write
    metadata:
      tool: create_dashboard
      deterministic: true
  - id: get_current_time
    action: emit
    needs: [create_dashboard]
    with:
      type: com.example.time
      data: {}
    effects: read
    metadata:
      tool: get_current_time
      deterministic: true
capabilities:
  connections: [tools]
  events: [com.example.time]
metadata:
  crystallized:
    source:
      kind: agent_run
      id: ext-1
      digest: sha256:06bd10f915712889849c43660bbfa5f7438697da77df1a184bfaccca4e3347c1
    mode: exact
    at: "2027-01-15T08:01:40.000Z"
    druse_version: "0.1.0"
    calls:
      generate_query: q1
      generate_query_2: q2
      create_dashboard: d
      get_current_time: t
    left_out: []
  non_deterministic_steps: [generate_query, generate_query_2]
"#);
    assert_eq!(ruled.report.replay.matched, 4);
}

#[test]
fn a_yes_in_words_is_a_gate_before_each_call_that_changes_something() {
    let session = session(
        "Cancel my booking R1 and book R2",
        vec![
            call("c1", 0, "get_booking", json!({ "id": "R1" }), json!({})),
            said(Role::Assistant, "Shall I cancel R1?"),
            said(Role::User, "Yes, please. {{ now }}"),
            call("c2", 1, "get_booking", json!({ "id": "R1" }), json!({})),
            call("c3", 2, "cancel_booking", json!({ "id": "R1" }), json!({})),
            call("c4", 3, "book_trip", json!({ "id": "R2" }), json!({})),
            said(Role::Assistant, "Done."),
            said(Role::User, "Yes, thank you"),
            call("c5", 4, "send_mail", json!({}), json!({})),
        ],
    );
    let made = made(&session, &options());
    assert_eq!(
        chain(&made),
        [
            "get_booking tool <- ",
            "get_booking_2 tool <- get_booking",
            "approve_cancel_booking approval_gate <- get_booking_2",
            "cancel_booking tool <- approve_cancel_booking",
            "approve_book_trip approval_gate <- cancel_booking",
            "book_trip tool <- approve_book_trip",
            "send_mail tool <- book_trip",
        ]
    );
    assert_eq!(made.report.counts.gates, 2);
    assert_eq!(made.report.replay.matched, 5);
}

#[test]
fn the_replay_of_an_edited_document_says_what_is_no_longer_as_recorded() {
    let session = bill();
    let mut document = made(&session, &options()).document;
    let same = crate::replay_edited(&document, &session, &options()).unwrap();
    assert_eq!((same.matched, same.differing, same.missing), (3, 0, 0));

    let pay = document
        .steps
        .iter_mut()
        .find(|step| step.id == "send_money")
        .unwrap();
    pay.with.as_mut().unwrap()["arguments"]["amount"] = json!("98.7");
    pay.with.as_mut().unwrap()["arguments"]["note"] = json!("x");
    let read = document
        .steps
        .iter_mut()
        .find(|step| step.id == "get_balance")
        .unwrap();
    read.when = Some("1 > 2".to_owned());
    let changed = crate::replay_edited(&document, &session, &options()).unwrap();
    let said: Vec<_> = changed
        .differences
        .iter()
        .map(|difference| difference.message.as_str())
        .collect();
    assert_eq!(
        said,
        [
            "`get_balance` was not asked for in the replay.",
            "`send_money` was not asked for in the replay.",
        ]
    );

    let read = document
        .steps
        .iter_mut()
        .find(|step| step.id == "get_balance")
        .unwrap();
    read.when = None;
    let changed = crate::replay_edited(&document, &session, &options()).unwrap();
    let said: Vec<_> = changed
        .differences
        .iter()
        .map(|difference| difference.message.as_str())
        .collect();
    assert_eq!(
        said,
        [
            "`send_money` at `/amount`: recorded 98.7 (a number with a fraction), replayed 98.7 (a text).",
            "`send_money` at `/note`: replayed x, not recorded.",
        ]
    );
    assert_eq!(
        (changed.matched, changed.differing, changed.missing),
        (2, 1, 0)
    );
}

#[test]
fn a_session_is_summed_up_in_one_line() {
    let summary = crate::Summary::of("a.json", 0, &bill(), &options());
    insta::assert_snapshot!(serde_json::to_string(&summary).unwrap(), @r#"{"file":"a.json","index":0,"format":"druse","status":"succeeded","turns":2,"tool_calls":5,"failed_calls":2,"steps":3,"gates":1,"left_out":2,"replay":{"matched":3,"differing":0,"missing":0},"findings":{"failed_then_repeated":1,"frozen_from_output":3,"refused":1,"unmapped_tool":3},"error":null,"micros":0}"#);
    let empty = crate::Summary::of("a.json", 1, &session("x", vec![]), &options());
    assert_eq!(empty.error, None);
    assert_eq!(
        empty.findings,
        [("nothing_to_crystallize".to_owned(), 1)].into()
    );
    let error = crate::import(b"").unwrap_err();
    let unreadable = crate::Summary::unreadable("b.json", error.code, &error.message);
    assert_eq!(unreadable.error.unwrap().code, "empty");
    for schema in [
        crate::report_schema(),
        crate::session_schema(),
        crate::tool_map_schema(),
    ] {
        assert!(schema["properties"].is_object());
    }
}
