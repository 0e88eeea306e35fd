//! A run that is paused, sent back, woken by an event and ended by handlers, as the doctor, an export and
//! `inspect` tell of it.

use super::active;
use crate::cli::Desk;
use crate::harness::{Client, Server, text, wait};
use serde_json::{Value, json};

fn document() -> Value {
    json!({
        "druse": 1, "name": "long_way", "undo_on_failure": true,
        "steps": [
            { "id": "heard", "action": "wait", "with": { "event": { "type": "com.example.paid" } } },
            { "id": "kept", "action": "shell", "needs": ["heard"], "with": { "argv": ["true"] },
              "undo": { "action": "shell", "with": { "argv": ["true"] } } },
            { "id": "draft", "action": "transform", "needs": ["kept"],
              "with": { "value": "{{ steps.heard.output.event.data.amount }}" } },
            { "id": "ask", "action": "approval_gate", "needs": ["draft"],
              "with": { "title": "Pay?", "send_back": { "to": "draft" } } },
            { "id": "pay", "action": "shell", "needs": ["ask"], "on_error": "pause",
              "with": { "argv": ["false"] } },
        ],
        "finally": [{ "id": "note", "action": "transform", "with": { "value": "over" } }],
    })
}

/// What the doctor warns of a run.
async fn warned(client: &Client, run: &str, code: &str) -> Value {
    wait::until(code, || async {
        let found = client.get("/doctor").await.with(200);
        assert_eq!(found["runs"]["stuck"], 0, "{found:#}");
        assert_eq!(found["healthy"], true, "{found:#}");
        let problems = found["problems"].as_array().unwrap();
        let mut of_run = problems
            .iter()
            .filter(|one| one["subject"] == run && one["code"] == code);
        of_run.next().cloned()
    })
    .await
}

async fn decided(client: &Client, run: &str, verdict: &str) {
    let gate = wait::approval(client, run).await;
    let path = format!("/approvals/{}/decision", text(&gate["id"]));
    let body = json!({ "decision": verdict, "digest": gate["digest"], "comment": "look again" });
    client.post(&path, &body).await.with(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn new_kinds_of_waiting_are_told_of_by_the_doctor_and_in_the_file() {
    let server = Server::new().await;
    let admin = server.admin();
    let id = active(&admin, &document()).await;
    let started = admin
        .post(&format!("/automations/{id}/runs"), &json!({}))
        .await;
    let run = text(&started.with(202)["id"]);
    let path = format!("/runs/{run}");
    wait::until("the wait for an event", || async {
        let found = admin.get("/doctor").await.with(200);
        (found["runs"]["waiting"] == 1).then_some(())
    })
    .await;
    let pause = json!({ "reason": "the bank moves" });
    admin.post(&format!("{path}/pause"), &pause).await.with(202);
    let paused = warned(&admin, &run, "run_paused").await;
    assert!(
        text(&paused["message"]).ends_with(": the bank moves."),
        "{paused}"
    );
    let back = json!({});
    admin.post(&format!("{path}/resume"), &back).await.with(202);
    let event = json!({
        "specversion": "1.0", "id": "1", "source": "bank", "type": "com.example.paid",
        "data": { "amount": 7 },
    });
    let told = admin.request("POST", "/events");
    let told = told.header("content-type", "application/cloudevents+json");
    let told = told.bytes(event.to_string()).send().await;
    assert_eq!(told.status, 202, "{}", told.text);
    decided(&admin, &run, "send_back").await;
    decided(&admin, &run, "approve").await;
    let held = warned(&admin, &run, "step_paused").await;
    assert_eq!(held["message"], "Step pay failed and waits for a person.");
    let fail = json!({ "step": "pay", "decision": "fail" });
    admin.post(&format!("{path}/resume"), &fail).await.with(202);
    wait::run(&admin, &run, "failed").await;

    let desk = Desk::new();
    let data = server.data().to_str().unwrap().to_owned();
    let exported = desk.run(&["runs", "export", &run, "--data", &data]).ok();
    desk.write("run.json", &exported.out);
    let journal = admin.all(&format!("{path}/events")).await;
    assert_eq!(exported.json()["entries"], json!(journal));
    let listed = desk.run(&["inspect", "run.json"]).ok().out;
    for words in [
        "heard: waits for an event of the type com.example.paid",
        "heard: took the event evt_",
        "paused by",
        "goes on, says",
        "ask: sent back by",
        "pay: failed and waits for a person",
        "its own work is over: failed",
        "`undo` begins",
        "kept.undo: succeeded",
        "`finally` begins",
        "finally.note: evaluated",
        "is unbroken",
    ] {
        assert!(listed.contains(words), "{words} is missing:\n{listed}");
    }
    // Every fact can be gone back to, and says what the run waited for then.
    let facts = desk.run(&["inspect", "run.json", "--output", "json"]).ok();
    let facts = facts.json()["facts"].as_array().unwrap().clone();
    assert_eq!(facts.len(), journal.len());
    let after = |kind: &str| {
        let mut facts = facts.iter().filter(|one| one["fact"]["type"] == kind);
        facts.next_back().cloned().unwrap()
    };
    for (kind, waits_for) in [
        ("event_awaited", "step heard waits for an event"),
        ("paused", "the bank moves"),
        ("step_paused", "step pay failed and waits for a person"),
    ] {
        let said = text(&after(kind)["waits_for"]);
        assert!(said.contains(waits_for), "{kind}: {said}");
    }
    let at = after("approval_sent_back")["fact"]["seq"].to_string();
    desk.run(&["inspect", "run.json", "--at", &at]).ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_names_a_step_of_which_nobody_knows_whether_it_happened() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let document = json!({
        "druse": 1, "name": "once",
        "steps": [{ "id": "pay", "action": "shell", "delivery": "at_most_once",
            "with": { "argv": ["sleep", "20"] } }],
    });
    let id = active(&admin, &document).await;
    let started = admin
        .post(&format!("/automations/{id}/runs"), &json!({}))
        .await;
    let run = text(&started.with(202)["id"]);
    wait::until("the attempt", || async {
        let read = admin.get(&format!("/runs/{run}")).await.with(200);
        (read["status"] == "running").then_some(())
    })
    .await;
    server.crash().await;
    let said = warned(&server.admin(), &run, "step_uncertain").await;
    assert_eq!(said["message"], "Nobody knows whether step pay happened.");
    assert!(text(&said["help"]).contains(&format!("druse runs resolve {run} pay")));
}
