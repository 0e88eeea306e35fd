//! A history that may take only so much: under load the oldest runs leave and nobody is refused; where nothing can
//! leave, new work is refused in clear words, what was begun goes on, and with its end there is room again.

use super::{active, quiet};
use crate::harness::{Server, text, wait};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn new_work_is_refused_while_what_cannot_leave_takes_more_than_it_may() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let make = |id: &str| {
        json!({ "id": id, "action": "shell", "with": {
            "script": format!("{{ echo {id}; head -c 40000000 /dev/zero; }} > \"$DRUSE_ARTIFACTS/a\""),
            "artifacts": { "a": "a" },
        } })
    };
    let holds = json!({ "druse": 1, "name": "holds", "steps": [
        make("one"), make("two"),
        { "id": "ask", "action": "approval_gate", "needs": ["one", "two"], "with": { "title": "Done?" } },
    ] });
    let holds = active(&admin, &holds).await;
    let small = active(&admin, &quiet("small")).await;
    let small = format!("/automations/{small}/runs");
    let runs = format!("/automations/{holds}/runs");
    let run = text(&admin.post(&runs, &json!({})).await.with(202)["id"]);
    let gate = wait::approval(&admin, &run).await;
    let quota = json!({ "max_bytes": 64 << 20 });
    admin.put("/settings/retention", &quota).await.with(200);
    let refused = wait::until("the refusal of new work", || async {
        let answer = admin.post(&small, &json!({})).await;
        (answer.status == 507).then_some(answer)
    })
    .await;
    let refused = refused.problem(507, "disk_full");
    assert!(!text(&refused["help"]).is_empty(), "{refused}");
    let diagnosis = admin.get("/doctor").await.with(200);
    let problems = diagnosis["problems"].as_array().unwrap();
    let told = problems
        .iter()
        .any(|problem| problem["code"] == "over_quota");
    assert!(told, "{diagnosis:#}");

    // Reading works, and what was begun goes on to its end.
    admin.get(&format!("/runs/{run}")).await.with(200);
    let path = format!("/approvals/{}/decision", text(&gate["id"]));
    let decision = json!({ "decision": "approve", "digest": gate["digest"] });
    admin.post(&path, &decision).await.with(200);
    wait::run(&admin, &run, "succeeded").await;
    // Now it can leave, and with it what it took.
    admin.post("/store/compact", &json!({})).await.with(200);
    admin
        .get(&format!("/runs/{run}"))
        .await
        .problem(404, "not_found");
    let again = wait::until("new work that is taken", || async {
        let answer = admin.post(&small, &json!({})).await;
        (answer.status == 202).then_some(answer)
    })
    .await;
    wait::run(&admin, &text(&again.body["id"]), "succeeded").await;
    server.kill();
    server.verify();
}

/// What the log takes of the disk.
fn taken(server: &Server) -> u64 {
    let log = std::fs::read_dir(server.data().join("log")).unwrap();
    let bytes =
        |entry: std::io::Result<std::fs::DirEntry>| Some(entry.ok()?.metadata().ok()?.len());
    // A part may leave between the two looks at it.
    log.filter_map(bytes).sum()
}

/// What is written is watched: the oldest leave when the quota is near, however soon that is, so that nobody is
/// refused and nothing stops.
#[tokio::test(flavor = "multi_thread")]
async fn under_load_the_oldest_runs_leave_before_the_quota_is_overshot() {
    const MOST: u64 = 64 << 20;
    const EACH: u64 = 2_500_000;
    const AT_ONCE: u64 = 4;
    let mut server = Server::new().await;
    let admin = server.admin();
    let script = format!("head -c {EACH} /dev/zero | tr '\\0' x");
    let large = json!({ "druse": 1, "name": "large", "steps": [
        { "id": "a", "action": "shell", "with": { "script": script } },
    ] });
    let gated = json!({ "druse": 1, "name": "gated", "steps": [
        { "id": "ask", "action": "approval_gate", "with": { "title": "Go on?" } },
    ] });
    let gated = active(&admin, &gated).await;
    let large = active(&admin, &large).await;
    let runs = format!("/automations/{gated}/runs");
    let waiting = text(&admin.post(&runs, &json!({})).await.with(202)["id"]);
    let gate = wait::approval(&admin, &waiting).await;
    let quota = json!({ "max_bytes": MOST });
    admin.put("/settings/retention", &quota).await.with(200);

    // Two quotas of them, some at once: each is taken and comes to its end.
    let path = format!("/automations/{large}/runs?wait=60s");
    let mut first = None;
    let mut last = String::new();
    let rounds = (2 * MOST).div_ceil(EACH * AT_ONCE);
    for _ in 0..rounds {
        let ask = || async {
            let done = admin.post(&path, &json!({})).await.with(200);
            assert_eq!(done["status"], "succeeded", "{}", done["error"]);
            text(&done["id"])
        };
        let done = futures_util::future::join_all((0..AT_ONCE).map(|_| ask())).await;
        first.get_or_insert_with(|| done[0].clone());
        last.clone_from(&done[0]);
        let taken = taken(&server);
        assert!(taken < 2 * MOST, "{taken} bytes");
    }
    let first = first.expect("there was a round");
    admin
        .get(&format!("/runs/{first}"))
        .await
        .problem(404, "not_found");
    admin.get(&format!("/runs/{last}")).await.with(200);
    // Older than all of them, and not over.
    let path = format!("/approvals/{}/decision", text(&gate["id"]));
    let decision = json!({ "decision": "approve", "digest": gate["digest"] });
    admin.post(&path, &decision).await.with(200);
    wait::run(&admin, &waiting, "succeeded").await;
    server.kill();
    server.verify();
}
