//! An approval is bound to the version of another automation that the step behind its gate starts.

use crate::harness::{Client, Server, active, text, wait};
use serde_json::{Value, json};

/// Stores a version of the other automation and activates it.
async fn payout(admin: &Client, id: Option<&str>, path: &str) -> String {
    let document = json!({ "druse": 1, "name": "payout", "inputs": { "a": { "type": "integer" } }, "steps": [
        { "id": "x", "action": "transform", "with": { "value": path } },
        { "id": "ask", "needs": ["x"], "action": "approval_gate", "with": { "title": "Really?" } },
    ], "outputs": { "x": "{{ steps.x.output }}" } });
    let Some(id) = id else {
        let path = active(admin, &document).await;
        return path.trim_start_matches("/automations/").to_owned();
    };
    let path = format!("/automations/{id}");
    admin.put(&path, &document).await.with(200);
    let activate = format!("{path}/activate");
    admin.post(&activate, &json!({})).await.with(200);
    id.to_owned()
}

/// A run of the automation at this path, and its gate.
async fn asked(admin: &Client, path: &str) -> (String, Value) {
    let runs = format!("{path}/runs");
    let run = text(&admin.post(&runs, &json!({})).await.with(202)["id"]);
    let gate = wait::approval(admin, &run).await;
    (run, gate)
}

fn approve(gate: &Value) -> (String, Value) {
    let path = format!("/approvals/{}/decision", text(&gate["id"]));
    (
        path,
        json!({ "decision": "approve", "digest": gate["digest"] }),
    )
}

#[tokio::test]
async fn another_version_behind_a_gate_is_approved_anew() {
    let server = Server::new().await;
    let admin = server.admin();
    let child = payout(&admin, None, "v1").await;
    let document = json!({ "druse": 1, "name": "parent", "steps": [
        { "id": "g", "action": "approval_gate", "with": { "title": "Pay?" } },
        { "id": "c", "needs": ["g"], "action": "automation", "with": { "name": "payout", "inputs": { "a": 5 } } },
    ], "outputs": { "said": "{{ steps.c.output.outputs.x }}" } });
    let path = active(&admin, &document).await;
    let (run, first) = asked(&admin, &path).await;
    let shown = &first["details"]["next"][0]["automation"];
    assert_eq!(
        (&shown["id"], &shown["version"]),
        (&json!(child), &json!(1))
    );

    payout(&admin, Some(&child), "v2").await;
    let (path, body) = approve(&first);
    let refused = admin
        .post(&path, &body)
        .await
        .problem(409, "approval_changed");
    let changes = refused["changes"].to_string();
    assert!(changes.contains("c/automation/version"), "{refused}");
    let second = wait::approval(&admin, &run).await;
    assert_ne!(first["id"], second["id"]);
    assert_eq!(second["details"]["next"][0]["automation"]["version"], 2);
    let (path, body) = approve(&second);
    admin.post(&path, &body).await.with(200);

    // What the parent waits for is said with the other run, and what that waits for.
    let path = format!("/runs/{run}");
    let (waits, child) = wait::until("a parent that waits for its child's gate", || async {
        let view = admin.get(&path).await.with(200);
        let waits = view["waits_for"].as_str()?.to_owned();
        let child = view["steps"][1]["child"].as_str()?.to_owned();
        waits.contains("step ask").then_some((waits, child))
    })
    .await;
    let which =
        format!("step c waits for {child} of payout, which waits for an approval of step ask");
    assert_eq!(waits, which);
    let inner = wait::approval(&admin, &child).await;
    let (path, body) = approve(&inner);
    admin.post(&path, &body).await.with(200);
    let ended = wait::run(&admin, &run, "succeeded").await;
    assert_eq!(ended["outputs"]["said"], "v2");
}

/// A version tried on its own run is the same: the gate is answered in a pause, and the run is canceled before
/// anything behind it begins.
#[tokio::test]
async fn a_version_is_the_same_on_its_own_run_whatever_held_that_up() {
    let server = Server::new().await;
    let admin = server.admin();
    let document = json!({ "druse": 1, "name": "held", "steps": [
        { "id": "g", "action": "approval_gate", "with": { "title": "Pay?" } },
        { "id": "pay", "needs": ["g"], "action": "emit", "with": { "type": "pay" } },
    ]});
    let path = active(&admin, &document).await;
    let (run, gate) = asked(&admin, &path).await;
    admin.post(&format!("/runs/{run}/pause"), &json!({})).await;
    let (decide, body) = approve(&gate);
    admin.post(&decide, &body).await.with(200);
    admin.post(&format!("/runs/{run}/cancel"), &json!({})).await;
    wait::run(&admin, &run, "canceled").await;
    let tried = format!("{path}/versions/1/try");
    let tried = admin.post(&tried, &json!({ "runs": 10 })).await.with(200);
    assert_eq!(tried["counts"]["same"], 1, "{tried:#}");
}

/// What was let through is not started once its automation was taken out of service, however long ago it was approved.
#[tokio::test]
async fn what_was_taken_out_of_service_is_not_started_by_an_approval() {
    let server = Server::new().await;
    let admin = server.admin();
    let child = payout(&admin, None, "v1").await;
    let document = json!({ "druse": 1, "name": "parent", "steps": [
        { "id": "g", "action": "approval_gate", "with": { "title": "Pay?" } },
        { "id": "w", "needs": ["g"], "action": "wait", "with": { "event": { "type": "com.example.now" } } },
        { "id": "c", "needs": ["w"], "action": "automation", "with": { "name": "payout" } },
    ] });
    let path = active(&admin, &document).await;
    let (run, gate) = asked(&admin, &path).await;
    assert_eq!(gate["details"]["automations"][0]["starts"]["version"], 1);
    let (decide, body) = approve(&gate);
    admin.post(&decide, &body).await.with(200);
    let stop = format!("/automations/{child}/deactivate");
    admin.post(&stop, &json!({})).await.with(200);
    let event =
        json!({ "specversion": "1.0", "id": "1", "source": "/x", "type": "com.example.now" });
    admin.post("/events", &event).await.with(202);
    let ended = wait::run(&admin, &run, "failed").await;
    assert_eq!(ended["error"]["code"], "not_started", "{ended:#}");
    assert_eq!(ended["error"]["message"], "The automation is not active.");
}
