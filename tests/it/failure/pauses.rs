//! Pauses of runs, and of steps that failed.

use super::shop::Shop;
use super::{call, facts, lines, server, start};
use crate::cli::Desk;
use crate::harness::{text, wait};
use serde_json::{Value, json};

fn two() -> Value {
    json!({ "druse": 1, "name": "two", "steps": [
        call("a", "POST /a", json!({})),
        call("b", "POST /b", json!({ "needs": ["a"] })),
    ] })
}

#[tokio::test]
async fn a_run_is_paused_and_goes_on() {
    let shop = Shop::open().await;
    let mut server = server(&shop).await;
    shop.hold("POST /a");
    let run = start(&server.admin(), &two()).await;
    shop.asks("POST /a", 1).await;
    let data = server.data().to_str().unwrap().to_owned();
    let desk = Desk::new();
    let said = desk.run(&[
        "runs",
        "pause",
        &run,
        "--reason",
        "the shop moves",
        "--data",
        &data,
    ]);
    assert_eq!(said.ok().out, format!("{run} is paused.\n"));
    let operator = server.role("operator").await;
    let path = format!("/runs/{run}");
    let again = operator
        .post(&format!("{path}/pause"), &json!({}))
        .await
        .with(202);
    assert_eq!(text(&again["status"]), "paused");
    server.crash().await;
    shop.asks("POST /a", 2).await;
    shop.let_go();
    let read = wait::until("the end of step a", || async {
        let read = server.admin().get(&path).await.with(200);
        (read["steps"][0]["status"] == "succeeded").then_some(read)
    })
    .await;
    assert_eq!(lines(&read), ["a succeeded", "b queued"]);
    assert_eq!(read["status"], "paused");
    assert!(
        text(&read["waits_for"]).ends_with(": the shop moves"),
        "{read}"
    );
    let listed = server.admin().get("/runs?status=paused").await.with(200);
    assert_eq!(listed["items"][0]["id"], run.as_str());
    let viewer = server.role("viewer").await;
    viewer
        .post(&format!("{path}/resume"), &json!({}))
        .await
        .problem(403, "role_too_low");
    let said = desk.run(&[
        "runs",
        "resume",
        &run,
        "--reason",
        "it has moved",
        "--data",
        &data,
    ]);
    said.ok();
    wait::run(&server.admin(), &run, "succeeded").await;
    assert_eq!(shop.lines(), ["POST /a", "POST /a", "POST /b"]);
    let facts = facts(&server.admin(), &run, &["paused", "resumed"]).await;
    let facts: Vec<Value> = facts
        .iter()
        .map(|fact| json!([fact["type"], fact["reason"], fact["by"].is_string()]))
        .collect();
    assert_eq!(
        facts,
        [
            json!(["paused", "the shop moves", true]),
            json!(["resumed", "it has moved", true])
        ]
    );
    for verb in ["pause", "resume"] {
        let late = server
            .admin()
            .post(&format!("{path}/{verb}"), &json!({}))
            .await;
        late.problem(409, "already_over");
        let nowhere = format!("/runs/run_00000000000000000000000000/{verb}");
        server
            .admin()
            .post(&nowhere, &json!({}))
            .await
            .problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_step_that_failed_waits_for_a_person() {
    let shop = Shop::open().await;
    let mut server = server(&shop).await;
    shop.refuse("POST /a");
    let mut document = two();
    document["steps"][0]["on_error"] = "pause".into();
    let run = start(&server.admin(), &document).await;
    let read = wait::run(&server.admin(), &run, "paused").await;
    assert_eq!(lines(&read), ["a paused", "b queued"]);
    assert_eq!(read["steps"][0]["error"]["class"], "permanent");
    server.crash().await;
    let path = format!("/runs/{run}/resume");
    let admin = server.admin();
    admin
        .post(&path, &json!({ "step": "b" }))
        .await
        .problem(409, "not_paused");
    let corrected = json!({ "step": "a", "input": { "path": "/v2/a" }, "reason": "it has moved" });
    let operator = server.role("operator").await;
    operator
        .post(&path, &corrected)
        .await
        .problem(403, "role_too_low");
    // As it is, it fails again.
    operator.post(&path, &json!({})).await.with(202);
    shop.asks("POST /a", 2).await;
    wait::run(&admin, &run, "paused").await;
    let editor = server.role("editor").await;
    editor.post(&path, &corrected).await.with(202);
    let read = wait::run(&admin, &run, "succeeded").await;
    assert_eq!(
        shop.lines(),
        ["POST /a", "POST /a", "POST /v2/a", "POST /b"]
    );
    assert_eq!(read["steps"][0]["input"]["path"], "/v2/a");
    let resumed = facts(&admin, &run, &["step_resumed"]).await;
    assert_eq!(resumed.len(), 2);
    assert_eq!(
        (&resumed[1]["by"], &resumed[1]["reason"]),
        (&json!("user:editor"), &json!("it has moved"))
    );
}

#[tokio::test]
async fn a_step_that_waits_is_let_fail_on_the_command_line() {
    let shop = Shop::open().await;
    let server = server(&shop).await;
    shop.refuse("POST /a");
    let mut document = two();
    document["steps"][0]["on_error"] = "pause".into();
    document["finally"] = json!([call("unlock", "POST /unlock", json!({}))]);
    let run = start(&server.admin(), &document).await;
    wait::run(&server.admin(), &run, "paused").await;
    let data = server.data().to_str().unwrap();
    let desk = Desk::new();
    let why = desk.run(&["runs", "why", &run, "--data", data]).ok().out;
    assert!(
        why.starts_with("‖ Step a failed and waits for a person"),
        "{why}"
    );
    desk.run(&[
        "runs", "resume", &run, "--step", "a", "--fail", "--data", data,
    ])
    .ok();
    wait::run(&server.admin(), &run, "failed").await;
    assert_eq!(shop.lines(), ["POST /a", "POST /unlock"]);
    let both = [
        "runs", "resume", &run, "--fail", "--input", "x=1", "--data", data,
    ];
    assert_eq!(desk.run(&both).code, 2);
}

#[tokio::test]
async fn a_step_that_waits_is_tried_again_as_another_version_has_it() {
    let shop = Shop::open().await;
    let mut server = server(&shop).await;
    shop.refuse("POST /b");
    let mut document = two();
    document["steps"][1]["on_error"] = "pause".into();
    let run = start(&server.admin(), &document).await;
    let admin = server.admin();
    let read = wait::run(&admin, &run, "paused").await;
    let automation = format!("/automations/{}", text(&read["automation_id"]));
    document["steps"][1]["with"]["path"] = "/v2/b".into();
    admin.put(&automation, &document).await.with(200);
    document["steps"][1]["id"] = "c".into();
    admin.put(&automation, &document).await.with(200);
    server.crash().await;
    let admin = server.admin();
    let path = format!("/runs/{run}/resume");
    for (body, status, code) in [
        (json!({ "version": 3 }), 422, "not_in_version"),
        (json!({ "version": 9 }), 404, "not_found"),
        (json!({ "version": 2, "input": {} }), 400, "bad_body"),
        (json!({ "version": 2, "decision": "fail" }), 400, "bad_body"),
        (json!({ "version": 2, "step": "a" }), 409, "not_paused"),
    ] {
        admin.post(&path, &body).await.problem(status, code);
    }
    // Nobody has taken that version into use: it is other work, as other input is.
    let operator = server.role("operator").await;
    let body = json!({ "version": 2 });
    let refused = operator.post(&path, &body).await;
    refused.problem(403, "role_too_low");
    let data = server.data().to_str().unwrap();
    let desk = Desk::new();
    let why = ["--version", "2", "--reason", "the shop has moved"];
    let resume = ["runs", "resume", &run, "--step", "b", "--data", data];
    desk.run(&[&resume[..], &why].concat()).ok();
    let both = [&resume[..], &why, &["--fail"]].concat();
    assert_eq!(desk.run(&both).code, 2);
    let over = wait::run(&admin, &run, "succeeded").await;
    assert_eq!(shop.lines(), ["POST /a", "POST /b", "POST /v2/b"]);
    let asked = shop.asked();
    assert_eq!(asked[1].key, asked[2].key, "it is the same work");
    assert_eq!(over["version"], 1, "the run stays that of its version");
    assert_eq!(over["steps"][1]["input"]["path"], "/v2/b");
    let lines = admin.all(&format!("/audit?run_id={run}")).await;
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert_eq!(
        (&lines[0]["details"]["version"], &lines[0]["reason"]),
        (&json!(2), &json!("the shop has moved"))
    );
}

/// What was wrong may be the connection.
#[tokio::test]
async fn a_step_that_waits_is_tried_again_over_a_corrected_connection() {
    let (shop, moved) = (Shop::open().await, Shop::open().await);
    let server = server(&shop).await;
    shop.refuse("POST /a");
    let mut document = two();
    document["steps"][0]["on_error"] = "pause".into();
    let run = start(&server.admin(), &document).await;
    let admin = server.admin();
    wait::run(&admin, &run, "paused").await;
    let connection = json!({ "kind": "http", "base_url": moved.address });
    admin.put("/connections/shop", &connection).await.with(200);
    let path = format!("/runs/{run}/resume");
    admin.post(&path, &json!({})).await.with(202);
    wait::run(&admin, &run, "succeeded").await;
    assert_eq!(shop.lines(), ["POST /a"]);
    assert_eq!(moved.lines(), ["POST /a", "POST /b"]);
    assert_eq!(shop.asked()[0].key, moved.asked()[0].key);
}
