use super::build::*;
use crate::session::*;
use crate::{Options, crystallize, parse_tools};
use druse_engine::definition::to_yaml;
use serde_json::json;

#[test]
fn the_bill_becomes_a_chain_with_a_gate() {
    let made = made(&bill(), &options());
    insta::assert_snapshot!(to_yaml(&made.document));
    insta::assert_snapshot!("bill_report", crate::text::text(&made.report, &made.document));
    insta::assert_debug_snapshot!(codes(&made.report.findings));
    assert_eq!(made.report.replay.matched, 3);
}

#[test]
fn failed_calls_that_were_not_repeated_stay_and_the_run_goes_on() {
    let session = session(
        "Look up two users",
        vec![
            failed("c1", 0, "get_user", json!({ "id": "u1" }), "Error: not found"),
            failed("c2", 0, "get_user", json!({ "id": "u2" }), "Error: not found"),
            call("c3", 1, "list_orders", json!({ "a": 1 }), json!([])),
        ],
    );
    let made = made(&session, &options());
    insta::assert_debug_snapshot!(chain(&made));
    insta::assert_debug_snapshot!(codes(&made.report.findings));
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
    let plan = std::sync::Arc::new(druse_engine::plan::Plan::compile(std::sync::Arc::new(made.document)).unwrap());
    let id = druse_engine::RunId::from_parts(1, [1; 10]);
    let start = Start {
        run: id,
        automation: None,
        name: "x".into(),
        version: 0,
        digest: plan.digest.clone(),
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
            RunEvent::AttemptStarted { step, number, fence, .. } => {
                asked.push(step.to_string());
                let outcome = druse_engine::event::Outcome::Succeeded { output: json!({}).into() };
                facts.extend(run.handle(now, druse_engine::run::Input::Finished { step, number, fence, outcome }).unwrap());
            }
            RunEvent::ApprovalRequested { request, .. } => {
                let decision = Decision { decision: Verdict::Reject, by: "user:b".into(), comment: None, fields: None, at: now, own_run: false };
                facts.extend(run.handle(now, druse_engine::run::Input::Decide { approval: request.approval, decision }).unwrap());
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
            failed("b1", 2, "update_reservation", json!({ "reservation_id": "R1", "cabin": "x" }), "Error"),
            call("c1", 3, "update_reservation", json!({ "reservation_id": "R2", "cabin": "y" }), json!({})),
            call("b2", 4, "update_reservation", json!({ "reservation_id": "R1", "cabin": "z" }), json!({})),
            // Issued together: no repetition.
            failed("d1", 5, "get_flight", json!({ "n": "1" }), "Error"),
            call("d2", 5, "get_flight", json!({ "n": "2" }), json!({})),
            // Two shell lines about different things; two about the same.
            failed("e1", 6, "Bash", json!({ "command": "cat a" }), "no such file"),
            call("e2", 7, "Bash", json!({ "command": "ls" }), "a".into()),
            failed("f1", 8, "Bash", json!({ "command": "cd /x && npm tset" }), "no such script"),
            failed("f2", 9, "Bash", json!({ "command": "npm test --x" }), "fails"),
            call("f3", 10, "Bash", json!({ "command": "npm test" }), "ok".into()),
        ],
    );
    let made = made(&session, &options());
    insta::assert_debug_snapshot!(made.document.metadata["crystallized"]["left_out"].to_string());
    assert_eq!(made.report.replay.differences, []);
}

#[test]
fn approvals_find_their_call() {
    let session = session(
        "Do it",
        vec![
            approval(Some("c1"), true, "ana", ""),
            failed("c1", 0, "send_mail", json!({ "to": "bob@example.com" }), "Error: try again"),
            call("c2", 1, "send_mail", json!({ "to": "bob@example.com", "text": "{{ hi }}" }), json!({ "id": 1 })),
            approval(None, true, "", "go on"),
            call("c3", 2, "post_note", json!({ "text": "a" }), json!({})),
            approval(Some("c4"), true, "ana", ""),
            approval(Some("c4"), true, "ben", "fine"),
            call("c4", 3, "post_note", json!({ "text": "b", "password": "hunter22" }), json!({})),
            approval(Some("gone"), true, "ana", ""),
            approval(None, false, "ana", ""),
            approval(None, true, "ana", ""),
        ],
    );
    let made = made(&session, &options());
    insta::assert_debug_snapshot!(chain(&made));
    let gates = made.document.steps.iter().filter(|step| step.action.as_deref() == Some("approval_gate"));
    let asked: Vec<String> = gates.map(|step| serde_json::to_string(&step.with).unwrap()).collect();
    insta::assert_debug_snapshot!(asked);
    insta::assert_debug_snapshot!(codes(&made.report.findings));
    assert_eq!(made.report.counts.gates, 3);
    assert_eq!(made.report.replay.matched, 3);
}

#[test]
fn odd_names_texts_and_missing_results() {
    let unmatched = change(call("c2", 1, "größe.ändern", json!("no object"), json!(null)), |call| call.result = None);
    let session = session(
        "x",
        vec![
            call("c1", 0, "", json!({ "{{ key }}": "{{ inputs.x }} and {% raw %} {# c #}", "n": 1.0, "big": 18446744073709551615_u64, "u": "a\u{202e}b" }), "{{ out }}".into()),
            unmatched,
            call("c3", 2, "not", json!(null), json!({ "deep": { "{{": ["}}"] } })),
            call("c4", 3, "查询", json!(["{{"]), json!(null)),
            call("c5", 3, "tool.with.dots/and\nline", json!({}), json!(0)),
        ],
    );
    let made = made(&session, &options());
    insta::assert_debug_snapshot!(chain(&made));
    assert_eq!(made.report.replay.differences, []);
    assert_eq!(made.report.replay.matched, 5);
    let written = to_yaml(&made.document);
    let again = druse_engine::definition::parse(&written, druse_engine::definition::Syntax::Yaml).unwrap();
    assert_eq!(again.document, made.document);
}

#[test]
fn what_is_refused() {
    let code = |sessions: &[Session], options: &Options| crystallize(sessions, options).unwrap_err().code;
    let one = |status| {
        let mut session = bill();
        session.status = status;
        vec![session]
    };
    assert_eq!(code(&[], &options()), "nothing_to_crystallize");
    assert_eq!(code(&[session("x", vec![])], &options()), "nothing_to_crystallize");
    assert_eq!(code(&one(Some(SessionStatus::Failed)), &options()), "run_not_successful");
    assert_eq!(code(&one(Some(SessionStatus::Canceled)), &options()), "run_not_successful");
    assert_eq!(code(&one(None), &Options { name: Some("a b".into()), ..options() }), "invalid_name");
    assert_eq!(code(&one(None), &Options { mode: crate::Mode::Bound, ..options() }), "not_supported_yet");
    let forced = crystallize(&one(Some(SessionStatus::Failed)), &Options { force: true, ..options() }).unwrap();
    assert!(forced.report.findings.iter().any(|f| f.code == "run_not_successful"));
    let unknown = crystallize(&one(None), &Options { name: Some("pay.bill-2".into()), ..options() }).unwrap();
    assert!(unknown.report.findings.iter().any(|f| f.code == "success_unknown"));
    assert_eq!(unknown.document.name, "pay.bill-2");
}

#[test]
fn rules_decide_what_is_deterministic() {
    let session = session(
        "A dashboard of revenue and orders",
        vec![
            call("q1", 0, "generate_query", json!({ "question": "revenue by month" }), json!({ "sql": "SELECT 1" })),
            call("q2", 0, "generate_query", json!({ "question": "orders by month" }), json!({ "sql": "SELECT 2" })),
            call("d", 1, "create_dashboard", json!({ "queries": ["SELECT 1", "SELECT 2"] }), json!({ "url": "https://bi.example.com/d/1" })),
            call("t", 2, "get_current_time", json!({}), "2027-01-15T08:00:00Z".into()),
        ],
    );
    let none = made(&session, &options());
    assert_eq!(none.document.metadata["non_deterministic_steps"], json!(["generate_query", "generate_query_2", "get_current_time"]));
    let tools = parse_tools(
        "tools:\n- { match: \"generate_*\", action: http, with: { connection: tools, method: POST, path: \"/tools/{{ call.name }}\", json: \"{{ call.arguments }}\" }, effects: read, deterministic: false, reason: an AI writes the SQL }\n- { match: get_current_time, action: emit, with: { type: com.example.time, data: {} }, deterministic: true }",
    )
    .unwrap();
    let ruled = made(&session, &Options { tools, connections: connections(json!({ "tools": { "kind": "http", "base_url": "http://localhost:1" } })), ..options() });
    assert_eq!(ruled.document.metadata["non_deterministic_steps"], json!(["generate_query", "generate_query_2"]));
    insta::assert_snapshot!(to_yaml(&ruled.document));
    assert_eq!(ruled.report.replay.matched, 4);
}
