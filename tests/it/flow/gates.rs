//! Runs that wait at gates have no slot and no worker: others go on.

use super::{active, gated, start};
use crate::harness::{Server, wait};
use futures_util::StreamExt as _;
use serde_json::json;

/// `DRUSE_GATES` waits with more of them and prints what they take.
fn gates() -> usize {
    let set = std::env::var("DRUSE_GATES").ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(1_000)
}

/// The memory that a process has, in KiB.
fn memory(server: &Server) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|text| text.split_whitespace().next()?.parse().ok())
        .expect("the system says how much memory a process has")
}

#[tokio::test]
async fn others_go_on_while_many_gates_wait() {
    let server = Server::with(&["--max-runs", "2"]).await;
    let admin = server.admin();
    let path = active(&admin, &gated("gated", json!({ "key": "one", "limit": 1 }))).await;
    let warm = start(&admin, &path, json!({})).await;
    wait::run(&admin, &warm, "waiting").await;
    let before = memory(&server);
    let count = gates();
    let started: Vec<String> = futures_util::stream::iter(0..count)
        .map(|_| start(&admin, &path, json!({})))
        .buffer_unordered(16)
        .collect()
        .await;
    // Each had its turn at the one slot, and left it at its gate.
    for run in &started {
        wait::run(&admin, run, "waiting").await;
    }
    let after = memory(&server);
    println!("{count} gates: {} KiB more", after.saturating_sub(before));
    // What a debug build takes for each that sleeps, with its part of the index, its claim and what is known
    // of its slot: 10,000 of them take less than 50 MB.
    let limit = 8_192 + count * 4;
    assert!(after < before + limit, "{before} KiB became {after} KiB");
    let plain = json!({ "druse": 1, "name": "plain", "steps": [
        { "id": "a", "action": "shell", "with": { "argv": ["true"] } } ] });
    let plain = active(&admin, &plain).await;
    let runs = format!("{plain}/runs?wait=50s");
    let run = admin.post(&runs, &json!({})).await.with(200);
    assert_eq!(run["status"], "succeeded");
}
