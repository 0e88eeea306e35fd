//! The audit log, as administrators read it: over the API and on the command line.

use crate::cli::{Desk, json as said};
use crate::harness::{Client, Server, text, wait};
use serde_json::{Value, json};

const GATED: &str = "druse: 1
name: gated
triggers:
  - { id: comes, event: { type: com.example.came } }
steps:
  - { id: ask, action: approval_gate, with: { title: Go on? } }
";

async fn automation(editor: &Client) -> String {
    let request = editor.request("POST", "/automations").yaml(GATED);
    let id = text(&request.send().await.with(201)["id"]);
    let path = format!("/automations/{id}/activate");
    editor.post(&path, &json!({})).await.with(200);
    id
}

/// Who, what and why, oldest first.
fn short(lines: &[Value]) -> Vec<(String, String, Value)> {
    let lines = lines.iter().rev();
    lines
        .map(|line| {
            (
                text(&line["by"]),
                text(&line["action"]),
                line["reason"].clone(),
            )
        })
        .collect()
}

fn line(by: &str, action: &str, why: Value) -> (String, String, Value) {
    (by.into(), action.into(), why)
}

#[tokio::test]
async fn who_did_what_and_why_is_read_by_run_automation_person_action_and_time() {
    let mut server = Server::new().await;
    let (operator, editor) = (server.role("operator").await, server.role("editor").await);
    let id = automation(&editor).await;
    let start = || async {
        let path = format!("/automations/{id}/runs");
        text(&operator.post(&path, &json!({})).await.with(202)["id"])
    };
    let first = start().await;
    wait::approval(&operator, &first).await;
    for verb in ["pause", "resume", "cancel"] {
        let why = json!({ "reason": format!("because of {verb}") });
        let path = format!("/runs/{first}/{verb}");
        operator.post(&path, &why).await.with(202);
    }
    wait::run(&operator, &first, "canceled").await;
    let retry = format!("/runs/{first}/retry");
    let why = json!({ "reason": "once more" });
    let second = text(&operator.post(&retry, &why).await.with(202)["id"]);
    let gate = wait::approval(&operator, &second).await;
    let approval = format!("/approvals/{}", text(&gate["id"]));
    let yes = json!({ "decision": "approve", "digest": gate["digest"], "comment": "it is right" });
    let approver = server.role("approver").await;
    let path = format!("{approval}/decision");
    approver.post(&path, &yes).await.with(200);
    wait::run(&operator, &second, "succeeded").await;
    let triggers = operator.all(&format!("/automations/{id}/triggers")).await;
    let pause = format!("/triggers/{}/pause", text(&triggers[0]["id"]));
    let why = json!({ "reason": "the sender is broken" });
    operator.post(&pause, &why).await.with(200);

    let admin = server.admin();
    let read = async |query: &str| admin.all(&format!("/audit{query}")).await;
    let of_first = [
        line("operator", "run.pause", json!("because of pause")),
        line("operator", "run.resume", json!("because of resume")),
        line("operator", "run.cancel", json!("because of cancel")),
        line("operator", "run.retry", json!("once more")),
    ];
    let lines = read(&format!("?run_id={first}")).await;
    assert_eq!(short(&lines), of_first);
    for line in &lines {
        assert_eq!(line["run_id"], first.as_str(), "{line}");
        assert_eq!(line["automation_id"], id.as_str(), "{line}");
        assert_eq!(line["automation_name"], "gated", "{line}");
        assert!(text(&line["by_id"]).starts_with("tok_"), "{line}");
    }
    let of_second = [
        line("operator", "run.retry", json!("once more")),
        line("approver", "approval.decide", json!("it is right")),
    ];
    assert_eq!(short(&read(&format!("?run_id={second}")).await), of_second);

    let mut of_automation = vec![
        line("editor", "automation.create", json!(null)),
        line("editor", "automation.activate", json!(null)),
    ];
    of_automation.extend(of_first.clone());
    of_automation.push(of_second[1].clone());
    of_automation.push(line(
        "operator",
        "trigger.pause",
        json!("the sender is broken"),
    ));
    let by_id = format!("?automation_id={id}");
    let lines = read(&by_id).await;
    assert_eq!(short(&lines), of_automation);
    assert_eq!(read("?automation_id=gated").await, lines);
    let of_operator = read("?by=operator").await;
    assert_eq!(of_operator.len(), 5, "{of_operator:#?}");
    assert_eq!(read("?by=user:operator").await, of_operator);
    assert_eq!(short(&read("?by=operator&action=run.*").await), of_first);
    let canceled = read("?action=run.cancel").await;
    assert_eq!(short(&canceled), of_first[2..3]);
    // Times bound the log: from `since` on, and before `until`.
    let all = read("").await;
    let at = text(&canceled[0]["at"]);
    let since = read(&format!("?since={at}")).await;
    let until = read(&format!("?until={at}")).await;
    assert_eq!([since.clone(), until.clone()].concat(), all);
    assert!(since.contains(&canceled[0]) && !until.contains(&canceled[0]));
    for limit in [1, 2, 3] {
        let (mut paged, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/audit{by_id}&limit={limit}{cursor}");
            let page = admin.get(&path).await.with(200);
            let items = page["items"].as_array().unwrap();
            assert!(!items.is_empty() && items.len() <= limit, "{page:#}");
            paged.extend(items.iter().cloned());
            let Some(next) = page["next_cursor"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(paged, lines, "by {limit}");
    }
    for (query, code) in [
        ("run_id=first", "bad_query"),
        ("since=yesterday", "bad_query"),
        ("who=ana", "unknown_query"),
    ] {
        let path = format!("/audit?{query}");
        admin.get(&path).await.problem(400, code);
    }
    let none = admin.get("/audit?automation_id=nothing").await;
    none.problem(404, "not_found");
    editor.get("/audit").await.problem(403, "role_too_low");

    // What is gone has its lines all the same.
    let path = format!("/automations/{id}");
    let deactivate = format!("{path}/deactivate");
    editor.post(&deactivate, &json!({})).await.with(200);
    editor.delete(&path).await.with(204);
    let lines = read(&by_id).await;
    of_automation.push(line("editor", "automation.deactivate", json!(null)));
    of_automation.push(line("editor", "automation.delete", json!(null)));
    assert_eq!(short(&lines), of_automation);
    assert!(lines.iter().all(|line| line["automation_name"].is_null()));

    let desk = Desk::new();
    let data = server.data().to_str().unwrap().to_owned();
    let by_run = ["audit", "--run", &first, "--data", &data];
    let shown = desk.run(&by_run).ok().out;
    assert!(shown.starts_with("TIME"), "{shown}");
    let row = |words: [&str; 3]| {
        let has = |row: &&str| words.iter().all(|word| row.contains(word));
        shown.lines().find(has).is_some()
    };
    assert!(
        row(["operator", "run.cancel", "because of cancel"]),
        "{shown}"
    );
    let query = ["audit", "--automation", &id, "--data", &data];
    assert_eq!(said(&desk, &query), json!(lines));
    let few = [
        "audit", "--by", "operator", "--action", "run.*", "--since", &at, "--limit", "1", "--data",
        &data,
    ];
    assert_eq!(said(&desk, &few).as_array().unwrap().len(), 1);
    // With no server the folder itself is read.
    server.stop().await;
    assert_eq!(said(&desk, &query), json!(lines));
}

/// Whoever repeats a request with its key has done it once: one line, one fact.
#[tokio::test]
async fn what_is_repeated_with_its_key_is_done_and_written_down_once() {
    let server = Server::new().await;
    let admin = server.admin();
    let id = automation(&admin).await;
    let path = format!("/automations/{id}/runs");
    let run = text(&admin.post(&path, &json!({})).await.with(202)["id"]);
    let gate = wait::approval(&admin, &run).await;
    let twice = async |path: String, body: Value, status: u16| {
        let ask = || admin.request("POST", &path).json(&body).key("once").send();
        let (made, again) = (ask().await.with(status), ask().await.with(status));
        assert_eq!(made["id"], again["id"], "{path}");
        let other = json!({ "reason": "something else" });
        let other = admin.request("POST", &path).json(&other).key("once");
        other.send().await.problem(409, "idempotency_conflict");
        made
    };
    let why = json!({ "reason": "a reason" });
    let reassign = format!("/approvals/{}/reassign", text(&gate["id"]));
    let to = json!({ "approvers": ["role:admin"] });
    for _ in 0..2 {
        let ask = admin.request("POST", &reassign).json(&to).key("once");
        ask.send().await.with(200);
    }
    for verb in ["pause", "resume", "cancel"] {
        twice(format!("/runs/{run}/{verb}"), why.clone(), 202).await;
    }
    wait::run(&admin, &run, "canceled").await;
    let retry = twice(format!("/runs/{run}/retry"), why.clone(), 202).await;
    let second = text(&retry["id"]);
    let gate = wait::approval(&admin, &second).await;
    let decision = format!("/approvals/{}/decision", text(&gate["id"]));
    let yes = json!({ "decision": "approve", "digest": gate["digest"] });
    twice(decision, yes, 200).await;
    let lines = admin.all(&format!("/audit?automation_id={id}")).await;
    let actions: Vec<String> = short(&lines).into_iter().map(|line| line.1).collect();
    assert_eq!(
        actions[2..],
        [
            "approval.reassign",
            "run.pause",
            "run.resume",
            "run.cancel",
            "run.retry",
            "approval.decide"
        ]
    );
    assert_eq!(admin.all("/runs").await.len(), 2);
    let facts = admin.all(&format!("/runs/{run}/events")).await;
    for fact in ["paused", "resumed", "cancel_requested"] {
        let found = facts.iter().filter(|one| one["type"] == fact).count();
        assert_eq!(found, 1, "{fact}");
    }
    // Said again without the key, a pause changes nothing, and there is nothing to write down.
    let path = format!("/automations/{id}/runs");
    let third = text(&admin.post(&path, &json!({})).await.with(202)["id"]);
    wait::approval(&admin, &third).await;
    for _ in 0..2 {
        let pause = format!("/runs/{third}/pause");
        admin.post(&pause, &why).await.with(202);
    }
    let lines = admin.all(&format!("/audit?run_id={third}")).await;
    assert_eq!(lines.len(), 1, "{lines:#?}");
}

#[tokio::test]
async fn who_frees_space_leaves_a_line() {
    let server = Server::new().await;
    let admin = server.admin();
    admin.post("/store/compact", &json!({})).await.with(200);
    let lines = admin.all("/audit?action=store.compact").await;
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert_eq!(lines[0]["subject"], "store");
}
