//! A history that takes more than it may and from which nothing can leave: new work is refused in clear words, what
//! was begun goes on, and with its end there is room again.

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
