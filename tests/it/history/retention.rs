//! What the settings do not keep leaves, what is still needed stays, and the disk gets its space back,
//! whenever the server is killed.

use super::{active, quiet, ran};
use crate::cli::Desk;
use crate::harness::{Server, text, wait};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn log_bytes(server: &Server) -> u64 {
    let log = std::fs::read_dir(server.data().join("log")).unwrap();
    let files = log.map(|entry| entry.unwrap());
    let segments = files.filter(|file| file.file_name().to_string_lossy().ends_with(".log"));
    segments.map(|file| file.metadata().unwrap().len()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn old_runs_leave_and_what_is_needed_stays() {
    let server = Server::new().await;
    let admin = server.admin();
    let many = active(&admin, &quiet("many")).await;
    let few = active(&admin, &quiet("few")).await;
    let gated = json!({
        "druse": 1, "name": "gated",
        "steps": [{ "id": "ask", "action": "approval_gate", "with": { "title": "Go on?" } }],
    });
    let gated = active(&admin, &gated).await;
    let path = format!("/automations/{gated}/runs");
    let waiting = text(&admin.post(&path, &json!({})).await.with(202)["id"]);
    let decided = text(&admin.post(&path, &json!({})).await.with(202)["id"]);
    let approval = wait::approval(&admin, &decided).await;
    let approval_path = format!("/approvals/{}", text(&approval["id"]));
    let decision = json!({ "decision": "approve", "digest": approval["digest"] });
    admin
        .post(&format!("{approval_path}/decision"), &decision)
        .await
        .with(200);
    wait::run(&admin, &decided, "succeeded").await;
    let younger = text(&admin.post(&path, &json!({})).await.with(202)["id"]);
    let cancel = format!("/runs/{younger}/cancel");
    admin.post(&cancel, &json!({})).await.with(202);
    wait::run(&admin, &younger, "canceled").await;
    let path = format!("/automations/{many}/runs?wait=30s");
    let keyed = admin
        .request("POST", &path)
        .key("k1")
        .json(&json!({}))
        .send()
        .await;
    let keyed = text(&keyed.with(200)["id"]);
    let mut ids = Vec::new();
    for n in 0..10 {
        ids.push(ran(&admin, &many, &json!({ "inputs": { "n": n } })).await);
        ran(&admin, &few, &json!({})).await;
    }

    let viewer = server.role("viewer").await;
    assert_eq!(viewer.get("/settings/retention").await.with(200), json!({}));
    let wanted = json!({ "max_runs": 3, "automations": { "few": { "max_runs": 1 }, "gated": { "max_runs": 1 } } });
    viewer.put("/settings/retention", &wanted).await.with(403);
    for wrong in [
        json!({ "max_age": "soon" }),
        json!({ "max_bytes": "1MB" }),
        json!({ "automations": { "nobody": {} } }),
        json!({ "max_runs": 0 }),
        json!({ "max_age": "0s" }),
        json!({ "max_ages": "1d" }),
    ] {
        let refused = admin.put("/settings/retention", &wrong).await;
        assert!(
            [400, 422].contains(&refused.status),
            "{wrong}: {}",
            refused.text
        );
    }
    admin.put("/settings/retention", &wanted).await.with(200);
    // By itself, without being asked again.
    let left = wait::until("the old runs' leaving", || async {
        let left = admin.all("/runs").await;
        (left.len() == 3 + 1 + 1 + 1 + 1).then_some(left)
    })
    .await;
    let left: BTreeSet<String> = left.iter().map(|run| text(&run["id"])).collect();
    assert!(left.contains(&waiting), "a run that has not ended left");
    assert!(
        left.contains(&keyed),
        "a run that a repeated request asks for left"
    );
    for id in &ids[7..] {
        assert!(left.contains(id), "one of the youngest left");
    }
    admin.get(&format!("/runs/{decided}")).await.with(404);
    admin
        .get(&format!("/runs/{decided}/events"))
        .await
        .with(404);
    admin.get(&approval_path).await.with(404);
    let again = admin
        .request("POST", &path)
        .key("k1")
        .json(&json!({}))
        .send()
        .await;
    assert_eq!(text(&again.with(200)["id"]), keyed);
    let approval = wait::approval(&admin, &waiting).await;
    let decision = json!({ "decision": "approve", "digest": approval["digest"] });
    let path = format!("/approvals/{}/decision", text(&approval["id"]));
    admin.post(&path, &decision).await.with(200);
    let audit = json!({ "max_age": "90d", "max_bytes": "10GB" });
    let kept = admin.put("/settings/retention", &audit).await.with(200);
    assert_eq!(
        kept,
        json!({ "max_age": "90d", "max_bytes": 10_000_000_000u64 })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_space_of_what_left_comes_back_whenever_the_server_is_killed() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let id = active(&admin, &quiet("large")).await;
    let kept = ran(
        &admin,
        &id,
        &json!({ "inputs": { "n": 7 }, "labels": { "keep": "yes" } }),
    )
    .await;
    let pad = "x".repeat(800_000);
    for n in 0..26 {
        ran(&admin, &id, &json!({ "inputs": { "n": n, "pad": pad } })).await;
    }
    let before = log_bytes(&server);
    assert!(before > 20_000_000, "{before}");
    // It leaves the large ones and keeps itself.
    let gated = active(&admin, &quiet("other")).await;
    ran(&admin, &gated, &json!({})).await;
    let wanted = json!({ "max_runs": 2 });
    admin.put("/settings/retention", &wanted).await.with(200);
    for round in 0..2 {
        let asked = tokio::spawn({
            let admin = server.admin();
            async move {
                admin
                    .request("POST", "/store/compact")
                    .json(&json!({}))
                    .try_send()
                    .await
            }
        });
        // Another moment of it each time.
        tokio::time::sleep(std::time::Duration::from_millis(round * 40)).await;
        server.kill();
        let _ = asked.await;
        server.verify();
        server.start().await;
        assert!(!server.said().contains("damage"), "{}", server.said());
    }
    let admin = server.admin();
    let done = admin.post("/store/compact", &json!({})).await.with(200);
    assert_eq!(admin.all("/runs").await.len(), 3, "{done:#}");
    let after = log_bytes(&server);
    // One part of it is always being written, and is prepared ahead.
    assert!(
        after * 3 < before * 2,
        "{after} of {before} bytes are left: {done:#}"
    );
    admin.get(&format!("/runs/{kept}")).await.with(404);
    server.crash().await;
    let left: Vec<Value> = server.admin().all("/runs").await;
    assert_eq!(left.len(), 3);
    for run in &left {
        let path = format!("/runs/{}", text(&run["id"]));
        assert_eq!(
            server.admin().get(&path).await.with(200)["status"],
            "succeeded"
        );
    }
    server.stop().await;
    let desk = Desk::new();
    let data = server.data().to_str().unwrap();
    let report = desk
        .run(&["verify", "--data", data, "--output", "json"])
        .ok()
        .json();
    assert!(report["first"].as_u64().unwrap() > 1, "{report:#}");
    let done = desk.run(&["compact", "--data", data]).ok().out;
    assert!(done.starts_with("0 runs left"), "{done}");
}

/// A time fires once because a row of its own says so: its run need not stay for that.
#[tokio::test(flavor = "multi_thread")]
async fn runs_of_a_schedule_leave_and_no_time_fires_again() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let ticks = json!({
        "druse": 1, "name": "ticks",
        "triggers": [{ "id": "s", "schedule": { "every": "1s", "catch_up": "all" } }],
        "steps": [{ "id": "a", "action": "transform", "with": { "value": 1 } }],
    });
    let id = active(&admin, &ticks).await;
    let triggers = admin.get(&format!("/automations/{id}/triggers")).await;
    let trigger = text(&triggers.with(200)["items"][0]["id"]);
    let path = format!("/triggers/{trigger}/firings");
    wait::until("three firings", || async {
        (admin.all(&path).await.len() >= 3).then_some(())
    })
    .await;
    let first: Vec<Value> = admin.all("/runs").await;
    let wanted = json!({ "max_runs": 1 });
    admin.put("/settings/retention", &wanted).await.with(200);
    wait::until("the old runs' leaving", || async {
        let left = admin.all("/runs").await;
        let left: BTreeSet<String> = left.iter().map(|run| text(&run["id"])).collect();
        let stay = first.iter().filter(|run| left.contains(&text(&run["id"])));
        (stay.count() <= 1).then_some(())
    })
    .await;
    server.crash().await;
    let admin = server.admin();
    let before = admin.all(&path).await.len();
    wait::until("more firings", || async {
        (admin.all(&path).await.len() > before).then_some(())
    })
    .await;
    let firings = admin.all(&path).await;
    let times: BTreeSet<String> = firings
        .iter()
        .map(|firing| text(&firing["scheduled_at"]))
        .collect();
    assert_eq!(
        times.len(),
        firings.len(),
        "a time fired twice: {firings:#?}"
    );
}
