//! A run as one file: it can be gone through fact by fact, and a change in it shows.

use super::active;
use crate::cli::Desk;
use crate::harness::{Server, text, wait};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_run_is_stepped_through_and_a_change_in_it_shows() {
    let server = Server::new().await;
    let admin = server.admin();
    let document = json!({
        "druse": 1, "name": "paid",
        "inputs": { "amount": { "type": "number" }, "card": { "type": "string", "sensitive": true } },
        "steps": [
            { "id": "total", "action": "transform", "with": { "value": "{{ inputs.amount * 2 }}" } },
            { "id": "ask", "action": "approval_gate", "needs": ["total"], "with": { "title": "Pay?" } },
        ],
    });
    let id = active(&admin, &document).await;
    let body = json!({ "inputs": { "amount": 21, "card": "4000-1234-5678" } });
    let path = format!("/automations/{id}/runs");
    let run = text(&admin.post(&path, &body).await.with(202)["id"]);
    let approval = wait::approval(&admin, &run).await;
    let decision = json!({ "decision": "approve", "digest": approval["digest"] });
    let path = format!("/approvals/{}/decision", text(&approval["id"]));
    admin.post(&path, &decision).await.with(200);
    wait::run(&admin, &run, "succeeded").await;

    let desk = Desk::new();
    let data = server.data().to_str().unwrap().to_owned();
    let exported = desk.run(&["runs", "export", &run, "--data", &data]).ok();
    assert!(
        !exported.out.contains("4000-1234"),
        "a sensitive input is shown"
    );
    let whole = exported.json();
    assert_eq!(whole["run"]["id"], run.as_str());
    assert_eq!(whole["document"]["name"], "paid");
    assert!(whole["chain"].as_array().unwrap().len() >= 2);
    desk.write("run.json", &exported.out);
    let listed = desk.run(&["inspect", "run.json"]).ok().out;
    for words in [
        "accepted",
        "total evaluated",
        "asks: Pay?",
        "ask: approved by",
        "is unbroken",
    ] {
        let words = if words == "total evaluated" {
            "total: evaluated"
        } else {
            words
        };
        assert!(listed.contains(words), "{words} is missing:\n{listed}");
    }
    let facts = desk
        .run(&["inspect", "run.json", "--output", "json"])
        .ok()
        .json();
    let facts = facts["facts"].as_array().unwrap().clone();
    assert_eq!(facts.last().unwrap()["status"], "succeeded");
    let asked = facts
        .iter()
        .position(|one| one["fact"]["type"] == "approval_requested")
        .unwrap()
        + 1;
    let at = desk
        .run(&[
            "inspect",
            "run.json",
            "--at",
            &asked.to_string(),
            "--output",
            "json",
        ])
        .ok()
        .json();
    assert_eq!(at["run"]["status"], "waiting", "{at:#}");
    assert_eq!(at["run"]["steps"][0]["output"], 42.0);
    desk.run(&["inspect", "run.json", "--at", "99"])
        .refused(2, &["no fact 99"]);

    let look = |change: &dyn Fn(&mut Value)| {
        let mut changed = whole.clone();
        change(&mut changed);
        desk.write("changed.json", changed.to_string());
        let ran = desk
            .run(&["inspect", "changed.json", "--output", "json"])
            .with(1);
        text(&ran.json()["problems"][0])
    };
    let last = whole["entries"].as_array().unwrap().len() - 1;
    let other = look(&|run| run["entries"][last]["at"] = "2020-01-01T00:00:00.000Z".into());
    assert!(other.contains("not those of the chain"), "{other}");
    let shorter = look(&|run| drop(run["entries"].as_array_mut().unwrap().pop()));
    assert!(
        shorter.contains("not those") || shorter.contains("ends"),
        "{shorter}"
    );
    let cut = look(&|run| drop(run["chain"].as_array_mut().unwrap().pop()));
    assert!(cut.contains("the chain ends"), "{cut}");
    let swapped = look(&|run| run["chain"][1]["digest"] = run["chain"][0]["digest"].clone());
    assert!(swapped.contains("does not follow from"), "{swapped}");
    let replaced = look(&|run| run["document"]["description"] = "other".into());
    assert!(
        replaced.contains("not the one that the run ran"),
        "{replaced}"
    );
    desk.write("none.json", "{}");
    desk.run(&["inspect", "none.json"])
        .refused(65, &["no exported run"]);
}
