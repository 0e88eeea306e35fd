//! Runs that sleep do all that others do.

use super::super::*;
use super::help::*;
use serde_json::Value;

const ASKS: &str = "druse: 1
name: asks
inputs:
  who: { type: string, default: you }
steps:
  - { id: ask, action: approval_gate, with: { title: 'Go on, {{ inputs.who }}?' } }
  - { id: say, needs: [ask], action: transform, with: { value: '{{ inputs.who }}' } }
outputs: { said: '{{ steps.say.output }}' }
";

const LISTENS: &str = "druse: 1
name: listens
inputs:
  order: { type: string }
steps:
  - id: paid
    action: wait
    with: { event: { type: order.paid, when: event.data.order == inputs.order } }
";

const WAITS: &str = "druse: 1
name: waits
steps:
  - { id: pause, action: wait, with: { for: 2s } }
";

const LATER: &str = "druse: 1
name: later
steps:
  - { id: pause, action: wait, with: { for: 9d } }
";

fn serving() -> Setup {
    Setup {
        serves: true,
        ..Setup::own()
    }
}

async fn post(assembly: &Assembly, path: &str, body: Value) -> (u16, Value) {
    let path = format!("/api/v1{path}");
    ask(assembly, "POST", &path, &body.to_string()).await
}

async fn run(assembly: &Assembly, id: &str) -> Value {
    let (status, run) = ask(assembly, "GET", &format!("/api/v1/runs/{id}"), "").await;
    assert_eq!(status, 200, "{run}");
    run
}

async fn start(assembly: &Assembly, automation: &str, inputs: Value) -> String {
    let path = format!("/automations/{automation}/runs");
    let (status, run) = post(assembly, &path, json!({ "inputs": inputs })).await;
    assert_eq!(status, 202, "{run}");
    run["id"].as_str().unwrap().to_owned()
}

async fn stands(assembly: &Assembly, id: &str, status: &str) -> Value {
    until(&format!("the status {status} of a run"), || async {
        let run = run(assembly, id).await;
        (run["status"] == status).then_some(run)
    })
    .await
}

async fn sleeping(assembly: &Assembly, count: usize) {
    until(&format!("the sleep of {count} runs"), || async {
        (assembly.app.engine.sleeping() == count).then_some(())
    })
    .await;
}

async fn gate(assembly: &Assembly, id: &str) -> Value {
    let approval = run(assembly, id).await["steps"][0]["approval_id"].clone();
    let path = format!("/api/v1/approvals/{}", approval.as_str().unwrap());
    ask(assembly, "GET", &path, "").await.1
}

async fn decide(assembly: &Assembly, gate: &Value, digest: &Value) -> u16 {
    let path = format!("/approvals/{}/decision", gate["id"].as_str().unwrap());
    let body = json!({ "decision": "approve", "digest": digest });
    post(assembly, &path, body).await.0
}

async fn diagnosis(assembly: &Assembly) -> Value {
    ask(assembly, "GET", "/api/v1/doctor", "").await.1
}

#[test]
fn what_waits_for_long_sleeps_and_wakes_for_each_thing_that_comes() {
    let folder = tempfile::tempdir().unwrap();
    let last = life(async {
        let assembly = Assembly::open(folder.path(), serving()).await.unwrap();
        let asks = active(&assembly, ASKS).await;
        let listens = active(&assembly, LISTENS).await;
        let waits = active(&assembly, WAITS).await;
        let mut gates = Vec::new();
        for who in ["a", "b", "c", "d"] {
            gates.push(start(&assembly, &asks, json!({ "who": who })).await);
        }
        let paid = start(&assembly, &listens, json!({ "order": "x" })).await;
        let unpaid = start(&assembly, &listens, json!({ "order": "y" })).await;
        sleeping(&assembly, 6).await;

        // Whoever only looks wakes nobody.
        let [decided, canceled, paused, last] = &gates[..] else {
            unreachable!()
        };
        let shown = run(&assembly, decided).await;
        assert_eq!(shown["status"], "waiting");
        assert_eq!(shown["steps"][0]["status"], "waiting", "{shown}");
        let why = shown["waits_for"].as_str().unwrap();
        assert!(why.contains("ask"), "{why}");
        let found = diagnosis(&assembly).await;
        assert_eq!(found["healthy"], true, "{found:#}");
        let runs = json!({ "live": 6, "moving": 0, "waiting": 6, "held": 0, "stuck": 0 });
        assert_eq!(found["runs"], runs);
        assert_eq!(assembly.app.engine.sleeping(), 6);

        // What is refused leaves it as it was, and it sleeps again.
        let asked = gate(&assembly, decided).await;
        assert_eq!(decide(&assembly, &asked, &json!("sha256:00")).await, 409);
        sleeping(&assembly, 6).await;
        assert_eq!(decide(&assembly, &asked, &asked["digest"]).await, 200);
        let ended = stands(&assembly, decided, "succeeded").await;
        assert_eq!(ended["outputs"], json!({ "said": "a" }));

        let path = format!("/runs/{canceled}/cancel");
        assert!(post(&assembly, &path, json!({})).await.0 < 300);
        stands(&assembly, canceled, "canceled").await;

        let path = format!("/runs/{paused}/pause");
        let (status, answer) = post(&assembly, &path, json!({ "reason": "later" })).await;
        assert!(status < 300, "{answer}");
        stands(&assembly, paused, "paused").await;
        sleeping(&assembly, 4).await;
        let found = diagnosis(&assembly).await;
        let said = found["problems"].to_string();
        assert!(
            said.contains(paused),
            "a paused run is left to people: {found:#}"
        );
        let path = format!("/runs/{paused}/retry");
        assert_eq!(
            post(&assembly, &path, json!({})).await.0,
            409,
            "it has not ended"
        );
        let path = format!("/runs/{paused}/resume");
        assert!(post(&assembly, &path, json!({})).await.0 < 300);
        stands(&assembly, paused, "waiting").await;

        // An event wakes the one that it is for.
        sleeping(&assembly, 4).await;
        let event = json!({
            "specversion": "1.0", "id": "1", "source": "/shop", "type": "order.paid",
            "data": { "order": "x" },
        });
        assert!(post(&assembly, "/events", event).await.0 < 300);
        stands(&assembly, &paid, "succeeded").await;
        assert_eq!(assembly.app.engine.sleeping(), 3);
        stands(&assembly, &unpaid, "waiting").await;

        // Its time wakes one, too.
        let timed = start(&assembly, &waits, json!({})).await;
        sleeping(&assembly, 4).await;
        assert_eq!(diagnosis(&assembly).await["runs"]["moving"], 1);
        stands(&assembly, &timed, "succeeded").await;
        sleeping(&assembly, 3).await;
        assembly.close().await;
        last.clone()
    });
    life(async {
        let assembly = Assembly::open(folder.path(), serving()).await.unwrap();
        // They slept through the start.
        assert_eq!(assembly.app.engine.sleeping(), 3);
        let asked = gate(&assembly, &last).await;
        assert_eq!(decide(&assembly, &asked, &asked["digest"]).await, 200);
        let ended = stands(&assembly, &last, "succeeded").await;
        assert_eq!(ended["outputs"], json!({ "said": "d" }));
        assembly.close().await;
    });
}

#[test]
fn a_sleeper_that_nothing_wakes_is_found() {
    let folder = tempfile::tempdir().unwrap();
    life(async {
        let assembly = Assembly::open(folder.path(), serving()).await.unwrap();
        let later = active(&assembly, LATER).await;
        let listens = active(&assembly, LISTENS).await;
        let timed = start(&assembly, &later, json!({})).await;
        let listening = start(&assembly, &listens, json!({ "order": "x" })).await;
        sleeping(&assembly, 2).await;
        let engine = &assembly.app.engine;
        engine.lose_timer(timed.parse().unwrap());
        engine.lose_wait(listening.parse().unwrap(), "paid");
        let found = diagnosis(&assembly).await;
        assert_eq!(found["runs"]["stuck"], 2, "{found:#}");
        let said = found["problems"].to_string();
        for words in ["is in no timer", "nobody tells step paid of events"] {
            assert!(said.contains(words), "{said}");
        }
        assert_eq!(engine.sleeping(), 2);
        assembly.close().await;
    });
}

/// Whether somebody can decide is said of runs that sleep on.
#[test]
fn who_cannot_decide_is_said_without_waking_anybody() {
    let folder = tempfile::tempdir().unwrap();
    life(async {
        let assembly = Assembly::open(folder.path(), serving()).await.unwrap();
        let title = "title: 'Go on, {{ inputs.who }}?'";
        let excludes = ASKS.replace(title, &format!("{title}, exclude_starter: true"));
        let asks = active(&assembly, &excludes).await;
        start(&assembly, &asks, json!({})).await;
        sleeping(&assembly, 1).await;
        let path = "/api/v1/approvals?status=pending";
        let (_, list) = ask(&assembly, "GET", path, "").await;
        let gate = &list["items"][0];
        assert_eq!(gate["can_decide"], false, "{list:#}");
        let why = gate["why_not"].as_str().unwrap();
        assert!(why.contains("somebody else than whoever started"), "{why}");
        assert_eq!(assembly.app.engine.sleeping(), 1);
        assembly.close().await;
    });
}
