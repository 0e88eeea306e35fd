//! Versions that are named by their numbers, where no person starts them.

use crate::harness::{Client, Server, active, text, wait};
use serde_json::{Value, json};

/// One that steers a program by what stands around it, which somebody has to acknowledge.
fn steered() -> Value {
    json!({ "druse": 1, "name": "steered", "steps": [
        { "id": "say", "action": "shell", "with": { "argv": ["bash", "-c", "true"], "env": { "BASH_ENV": "/dev/null" } } }] })
}

fn plain() -> Value {
    json!({ "druse": 1, "name": "steered",
        "triggers": [{ "id": "told", "event": { "type": "com.example.go" }, "version": 1 }],
        "steps": [{ "id": "say", "action": "transform", "with": { "value": 2 } }] })
}

fn parent(name: &str, version: Value) -> Value {
    json!({ "druse": 1, "name": name, "inputs": { "v": { "default": null } }, "steps": [
        { "id": "go", "action": "automation", "with": { "name": "steered", "version": version } }] })
}

async fn stored(client: &Client, document: &Value) -> String {
    let made = client.post("/automations", document).await.with(201);
    format!("/automations/{}", text(&made["id"]))
}

async fn ended(client: &Client, path: &str, body: Value, status: &str) -> Value {
    let run = client.post(&format!("{path}/runs"), &body).await.with(202);
    wait::run(client, &text(&run["id"]), status).await
}

#[tokio::test]
async fn what_nobody_acknowledged_is_started_neither_by_a_trigger_nor_by_a_step() {
    let server = Server::new().await;
    let (admin, operator) = (server.admin(), server.role("operator").await);
    let child = stored(&admin, &steered()).await;
    admin.put(&child, &plain()).await.with(200);
    let activate = format!("{child}/activate");
    let blocked = admin.post(&activate, &json!({})).await;
    let blocked = blocked.problem(422, "activation_blocked");
    assert_eq!(blocked["findings"][0]["code"], "version_not_runnable");
    assert_eq!(blocked["findings"][0]["path"], "/triggers/0/version");

    // A step that names it is seen when it is activated; one that computes it, when it runs.
    let pinned = stored(&admin, &parent("pinned", json!(1))).await;
    let refused = admin
        .post(&format!("{pinned}/activate"), &json!({}))
        .await
        .problem(422, "activation_blocked");
    assert_eq!(refused["findings"][0]["code"], "version_not_runnable");
    assert_eq!(refused["findings"][0]["path"], "/steps/0/with/version");
    let computed = active(&admin, &parent("computed", json!("{{ inputs.v }}"))).await;
    let body = json!({ "inputs": { "v": 1 } });
    let failed = ended(&operator, &computed, body.clone(), "failed").await;
    assert_eq!(failed["error"]["code"], "not_runnable", "{failed:#}");
    assert_eq!(failed["steps"][0]["child"], Value::Null);

    // What only looks like such a step is data.
    let like = json!({ "action": "automation", "with": { "name": "steered", "version": 1 } });
    let data = json!({ "druse": 1, "name": "data", "metadata": { "like": like }, "steps": [
        { "id": "say", "action": "transform", "with": { "value": [like] }, "metadata": { "like": like } }] });
    active(&admin, &data).await;

    // Once somebody has acknowledged it, it runs, though another one is active.
    let asked = admin.post(&activate, &json!({ "version": 1 })).await;
    let asked = asked.problem(422, "activation_blocked");
    let findings = asked["findings"].as_array().unwrap();
    let ids: Vec<&Value> = findings.iter().map(|one| &one["id"]).collect();
    let body_of_first = json!({ "version": 1, "acknowledge": ids });
    admin.post(&activate, &body_of_first).await.with(200);
    admin.post(&activate, &json!({})).await.with(200);
    ended(&operator, &computed, body, "succeeded").await;
    admin
        .post(&format!("{pinned}/activate"), &json!({}))
        .await
        .with(200);
    let event = json!({ "specversion": "1.0", "id": "1", "source": "x", "type": "com.example.go" });
    admin.post("/events", &event).await.with(202);
    wait::until("the run of the trigger", || async {
        let runs = admin.all("/runs").await;
        runs.into_iter()
            .find(|run| run["cause"]["kind"] == "event" && run["version"] == 1)
    })
    .await;
}

#[tokio::test]
async fn what_is_no_number_of_a_version_never_means_the_active_one() {
    let server = Server::new().await;
    let admin = server.admin();
    let child = json!({ "druse": 1, "name": "steered", "steps": [
        { "id": "say", "action": "transform", "with": { "value": 1 } }] });
    active(&admin, &child).await;
    let computed = active(&admin, &parent("computed", json!("{{ inputs.v }}"))).await;
    for v in [
        json!("1"),
        json!(1.5),
        json!(0),
        json!(-1),
        json!(4_294_967_297_u64),
        json!("x"),
        json!([1]),
        json!(true),
    ] {
        let failed = ended(&admin, &computed, json!({ "inputs": { "v": v } }), "failed").await;
        let error = &failed["error"];
        assert_eq!(error["code"], "invalid_input", "{v}: {error}");
        assert!(text(&error["message"]).contains("version"), "{error}");
    }
    for v in [json!(1), Value::Null] {
        ended(
            &admin,
            &computed,
            json!({ "inputs": { "v": v } }),
            "succeeded",
        )
        .await;
    }
}
