//! Runs that wait at gates have no slot and no worker: others go on.

use super::{active, gated, start};
use crate::harness::{Server, wait};
use futures_util::StreamExt as _;
use serde_json::json;

/// How many wait.
const GATES: usize = 10_000;
/// What they may take more, in KiB: 50 MB, with a debug build too.
const MOST: usize = 50_000_000 / 1024;

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
    futures_util::stream::iter(0..GATES)
        .map(|_| start(&admin, &path, json!({})))
        .buffer_unordered(16)
        .for_each(async |_| {})
        .await;
    // Each had its turn at the one slot, and left it at its gate.
    wait::until("all gates", || async {
        let diagnosis = admin.get("/doctor").await.with(200);
        (diagnosis["runs"]["waiting"] == GATES + 1).then_some(())
    })
    .await;
    let after = memory(&server);
    println!("{GATES} gates: {} KiB more", after.saturating_sub(before));
    assert!(after < before + MOST, "{before} KiB became {after} KiB");
    let plain = json!({ "druse": 1, "name": "plain", "steps": [
        { "id": "a", "action": "shell", "with": { "argv": ["true"] } } ] });
    let plain = active(&admin, &plain).await;
    let runs = format!("{plain}/runs?wait=50s");
    let run = admin.post(&runs, &json!({})).await.with(200);
    assert_eq!(run["status"], "succeeded");
}
