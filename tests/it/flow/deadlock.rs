//! Two automations that start each other crosswise, each under a key of its own.

use super::{active, start};
use crate::harness::{Client, Server, text, wait};
use serde_json::{Value, json};

/// Asks first, with its key in its hand, and then starts the other one.
fn crossed(name: &str, other: &str) -> Value {
    json!({ "druse": 1, "name": name, "inputs": { "starts": { "type": "boolean", "default": true } },
        "concurrency": { "key": name, "hold_while_waiting": true },
        "steps": [
            { "id": "ask", "action": "approval_gate", "when": "inputs.starts", "with": { "title": "Go on?" } },
            { "id": "more", "needs": ["ask"], "when": "inputs.starts", "action": "automation",
              "with": { "name": other, "inputs": { "starts": false } } },
        ] })
}

async fn approve(admin: &Client, run: &str) {
    let gate = wait::approval(admin, run).await;
    let yes = json!({ "decision": "approve", "digest": gate["digest"] });
    let path = format!("/approvals/{}/decision", text(&gate["id"]));
    admin.post(&path, &yes).await.with(200);
}

/// What the doctor says of runs that wait for each other.
async fn deadlocks(admin: &Client) -> Vec<Value> {
    let found = admin.get("/doctor").await.with(200);
    let problems = found["problems"].as_array().unwrap().clone();
    let mut problems = problems.into_iter();
    let deadlocks = problems
        .by_ref()
        .filter(|problem| problem["code"] == "runs_deadlocked");
    deadlocks.collect()
}

#[tokio::test]
async fn runs_that_wait_for_each_other_are_named_until_one_of_them_is_canceled() {
    let server = Server::new().await;
    let admin = server.admin();
    let left = active(&admin, &crossed("left", "right")).await;
    let right = active(&admin, &crossed("right", "left")).await;
    let first = start(&admin, &left, json!({})).await;
    let second = start(&admin, &right, json!({})).await;
    approve(&admin, &first).await;
    let below = wait::until("the queued child", || async {
        admin.all("/runs?status=queued").await.pop()
    })
    .await;
    let below = text(&below["id"]);
    assert_eq!(deadlocks(&admin).await, Vec::<Value>::new());
    approve(&admin, &second).await;
    let found = wait::until("the deadlock", || async {
        let found = deadlocks(&admin).await;
        (!found.is_empty()).then_some(found)
    })
    .await;
    assert_eq!(found.len(), 4, "{found:#?}");
    let about = found.iter().find(|problem| problem["subject"] == first);
    let message = text(&about.unwrap()["message"]);
    let parts = [
        format!("{first} waits for its child {below}"),
        format!("{below} waits for concurrency key right, held by {second}"),
        format!("{second} waits for its child "),
        format!("waits for concurrency key left, held by {first}"),
    ];
    assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    let queued = admin.all("/runs?status=queued").await;
    let other = queued.iter().find(|run| run["id"] != below).unwrap();
    let cancel = format!("/runs/{}/cancel", text(&other["id"]));
    admin.post(&cancel, &json!({})).await.with(202);
    wait::run(&admin, &first, "succeeded").await;
    wait::run(&admin, &second, "failed").await;
    assert_eq!(deadlocks(&admin).await, Vec::<Value>::new());
}
