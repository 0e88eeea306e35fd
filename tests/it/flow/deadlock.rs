//! Runs that wait for each other for ever are not ended for that, but named.

use super::{active, start};
use crate::cli::Desk;
use crate::harness::{Server, wait};
use serde_json::{Value, json};
use std::path::Path;

/// One run at a time; it starts the other automation once the file `go` is there, which starts none.
fn starts(name: &str, other: &str, folder: &Path) -> Value {
    let script = format!(
        "cd '{}' && while [ ! -e go ]; do sleep 0.02; done",
        folder.display()
    );
    json!({
        "druse": 1, "name": name,
        "inputs": { "again": { "type": "boolean", "default": true } },
        "concurrency": { "key": "one", "limit": 1 },
        "steps": [
            { "id": "wait", "action": "shell", "with": { "argv": ["/bin/sh", "-c", script] } },
            { "id": "start", "needs": ["wait"], "when": "inputs.again", "action": "automation",
                "with": { "name": other, "inputs": { "again": false } } },
        ],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_wait_for_each_other_for_ever_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::new().await;
    let admin = server.admin();
    let mut first = Vec::new();
    // Whoever is named comes first: `right` names `left` only in its second version.
    let plain = json!({ "druse": 1, "name": "right",
        "inputs": { "again": { "type": "boolean" } },
        "steps": [{ "id": "say", "action": "transform", "with": { "value": 1 } }] });
    let right = active(&admin, &plain).await;
    let left = active(&admin, &starts("left", "right", folder.path())).await;
    let second = starts("right", "left", folder.path());
    admin.put(&right, &second).await.with(200);
    let activate = format!("{right}/activate");
    admin.post(&activate, &json!({})).await.with(200);
    for path in [&left, &right] {
        first.push(start(&admin, path, json!({})).await);
    }
    for run in &first {
        wait::run(&admin, run, "running").await;
    }
    std::fs::write(folder.path().join("go"), "").unwrap();
    let found = wait::until("the deadlock", || async {
        let found = admin.get("/doctor").await.with(200);
        let problems = found["problems"].as_array().unwrap();
        let named = problems.iter().any(|one| one["code"] == "runs_deadlocked");
        named.then_some(found)
    })
    .await;
    let said = found["problems"].to_string();
    for run in &first {
        assert!(said.contains(run.as_str()), "{found:#}");
    }
    for words in [
        "waits for concurrency key one, held by",
        "waits for its child",
    ] {
        assert!(said.contains(words), "{found:#}");
    }
    let desk = Desk::new();
    let data = server.data().to_str().unwrap();
    let out = desk.run(&["doctor", "--data", data]).with(1).out;
    assert!(out.contains("Runs wait for each other"), "{out}");
    // Whoever cancels one of them lets the other go on.
    let path = format!("/runs/{}/cancel", first[0]);
    admin.post(&path, &json!({})).await.with(202);
    wait::run(&admin, &first[0], "canceled").await;
    wait::run(&admin, &first[1], "succeeded").await;
    let found = admin.get("/doctor").await.with(200);
    assert!(
        !found["problems"].to_string().contains("runs_deadlocked"),
        "{found:#}"
    );
}
