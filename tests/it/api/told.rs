//! What Druse tells of itself as events: whatever people change, and whatever becomes of runs.

use crate::harness::{Browser, Client, Server, active, text, wait};
use druse_triggers::event::builtin::{Builtin, OF_CHANGES, OF_RUNS};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Somebody wants every event, and starts nothing by it.
async fn listen(admin: &Client) {
    let document = json!({
        "druse": 1, "name": "listener",
        "triggers": [{ "id": "all", "event": { "type": "*" }, "when": "false" }],
        "steps": [{ "id": "a", "action": "transform", "with": { "value": 1 } }],
    });
    active(admin, &document).await;
}

/// The events of these types that were told, by type; waits until each was.
async fn told(admin: &Client, types: &[Builtin]) -> BTreeMap<String, Vec<Value>> {
    wait::until("all of the events", || async {
        let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for event in admin.all("/events").await {
            let id = text(&event["id"]);
            let kind = text(&event["type"]);
            if types.iter().any(|one| one.event_type == kind) {
                let shown = admin.get(&format!("/events/{id}")).await.with(200);
                found.entry(kind).or_default().push(shown["event"].clone());
            }
        }
        let missing: Vec<&str> = types
            .iter()
            .map(|one| one.event_type)
            .filter(|kind| !found.contains_key(*kind))
            .collect();
        if !missing.is_empty() {
            eprintln!("not told yet: {missing:?}");
        }
        missing.is_empty().then_some(found)
    })
    .await
}

fn gated(name: &str, triggers: Value) -> Value {
    json!({
        "druse": 1, "name": name, "triggers": triggers,
        "steps": [{ "id": "gate", "action": "approval_gate",
            "with": { "title": "Go?", "approvers": ["user:ana"] } }],
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_people_change_is_told() {
    let server = Server::new().await;
    let admin = server.admin();
    listen(&admin).await;
    let schedule = json!([{ "id": "daily", "schedule": { "cron": "@daily" } }]);
    let path = active(&admin, &gated("gated", schedule)).await;

    // Automations and their versions.
    let step = json!({ "id": "a", "action": "transform", "with": { "value": 1 } });
    let mut document = json!({ "druse": 1, "name": "short", "steps": [step] });
    let short = admin.post("/automations", &document).await.with(201);
    let short = format!("/automations/{}", text(&short["id"]));
    document["description"] = "changed".into();
    admin.put(&short, &document).await.with(200);
    let gone = admin.delete(&short).await;
    assert!(gone.status < 300, "{}", gone.text);

    // A look at an answer that was not as its step relies on.
    let tell = json!({
        "id": "tell", "action": "emit", "with": { "type": "com.example.short" },
        "output_schema": { "type": "object", "required": ["nothing"] },
    });
    let stopped = json!({ "druse": 1, "name": "stopped", "steps": [tell] });
    let stopped = active(&admin, &stopped).await;
    let run = admin.post(&format!("{stopped}/runs"), &json!({})).await;
    let run = text(&run.with(202)["id"]);
    wait::run(&admin, &run, "failed").await;
    let seen = json!({ "reason": "it was to" });
    admin
        .post(&format!("/runs/{run}/seen"), &seen)
        .await
        .with(200);
    let back = admin.delete(&format!("/runs/{run}/seen")).await;
    back.with(200);
    admin
        .post(&format!("{stopped}/reviewed"), &json!({}))
        .await
        .with(200);

    // Recordings.
    let call = json!({ "messages": [{ "role": "user", "content": "Hello." }] });
    let stored = admin.post("/chat/threads", &call).await.with(201);
    let gone = admin
        .delete(&format!("/chat/threads/{}", text(&stored["id"])))
        .await;
    assert!(gone.status < 300, "{}", gone.text);

    // A backfill that waits at the gate of its first run, a link to that gate, and the backfill's end.
    let trigger = text(&admin.all(&format!("{path}/triggers")).await[0]["id"]);
    let range = json!({ "from": "2026-01-01T00:00:00Z", "to": "2026-01-03T00:00:00Z", "label": "three days" });
    let backfill = format!("/triggers/{trigger}/backfill");
    let backfill = admin.post(&backfill, &range).await.with(202);
    let gate = wait::until("a gate", || async {
        let page = admin.get("/approvals?status=pending").await.with(200);
        page["items"].get(0).cloned()
    })
    .await;
    let links = format!("/approvals/{}/links", text(&gate["id"]));
    admin
        .post(&links, &json!({ "for": "user:ana" }))
        .await
        .with(201);
    let cancel = format!(
        "/triggers/{trigger}/backfills/{}/cancel",
        text(&backfill["id"])
    );
    admin
        .post(&cancel, &json!({ "runs": true, "reason": "enough" }))
        .await
        .with(202);

    // Secrets, connections, subscriptions.
    let key = json!({ "value": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" });
    admin.put("/secrets/signs", &key).await.with(200);
    let connection = json!({ "kind": "http", "base_url": "http://127.0.0.1:9" });
    admin.put("/connections/shop", &connection).await.with(200);
    let new = json!({ "name": "shop", "types": ["com.example.*"], "connection": "shop", "secret": "signs" });
    let subscription = admin.post("/subscriptions", &new).await.with(201);
    let subscription = format!("/subscriptions/{}", text(&subscription["id"]));
    for verb in ["pause", "resume"] {
        admin
            .post(
                &format!("{subscription}/{verb}"),
                &json!({ "reason": "moving" }),
            )
            .await
            .with(200);
    }
    for path in [&subscription, "/connections/shop", "/secrets/signs"] {
        let gone = admin.delete(path).await;
        assert!(gone.status < 300, "{path}: {}", gone.text);
    }

    // Tokens, the tool map, how long history is kept, a backup, a sign-in.
    let token = json!({ "name": "ci", "role": "viewer" });
    let token = admin.post("/tokens", &token).await.with(201);
    let gone = admin
        .delete(&format!("/tokens/{}", text(&token["id"])))
        .await;
    assert!(gone.status < 300, "{}", gone.text);
    let tools =
        json!({ "tools": [{ "match": "a", "action": "shell", "with": { "argv": ["true"] } }] });
    admin.put("/tools", &tools).await.with(200);
    admin
        .put("/settings/retention", &json!({ "max_runs": 1_000_000 }))
        .await
        .with(200);
    let backup = admin.post("/store/backup", &json!({})).await;
    assert_eq!(backup.status, 200);
    Browser::owner(&server).await;

    let told = told(&admin, OF_CHANGES).await;
    let one = |kind: &str| &told[kind][0]["data"];
    let made = told["automation.created"]
        .iter()
        .find(|event| event["subject"] == "short")
        .expect("its name is the subject");
    assert_eq!(made["source"], short);
    assert_eq!(made["data"]["by"], "admin");
    assert_eq!(one("version.created")["version"], 2);
    let seen = &told["run.seen"][0];
    assert_eq!(seen["subject"], "stopped");
    assert_eq!(seen["source"], format!("/runs/{run}"));
    assert_eq!(seen["data"]["run_id"], run.as_str());
    assert_eq!(seen["data"]["reason"], "it was to");
    let unseen = &told["run.unseen"][0];
    assert_eq!(unseen["subject"], "stopped");
    assert_eq!(unseen["source"], seen["source"]);
    assert_eq!(one("run.unseen")["seen_by"], "user:admin");
    assert_eq!(one("backfill.started")["label"], "three days");
    assert_eq!(one("backfill.canceled")["reason"], "enough");
    assert_eq!(one("secret.changed")["secret"], "signs");
    assert_eq!(one("token.created")["role"], "viewer");
    // Told in full, and no secret with it.
    let all = json!(told).to_string();
    for secret in ["whsec_", &text(&token["token"])] {
        assert!(!all.contains(secret), "{all}");
    }
}

/// An automation without triggers moves none of them, and its activation is told all the same, at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_activation_that_arms_no_trigger_starts_whoever_waits_for_it() {
    let server = Server::new().await;
    let admin = server.admin();
    let step = json!({ "id": "a", "action": "transform", "with": { "value": 1 } });
    let plain = active(
        &admin,
        &json!({ "druse": 1, "name": "plain", "steps": [step] }),
    )
    .await;
    let on = |id: &str, event_type: &str| json!({ "id": id, "event": { "type": event_type, "subject": "plain" } });
    let follows = json!({ "druse": 1, "name": "follows", "steps": [step], "triggers": [
        on("up", "version.activated"), on("down", "automation.deactivated") ] });
    active(&admin, &follows).await;
    for (verb, event_type) in [
        ("deactivate", "automation.deactivated"),
        ("activate", "version.activated"),
    ] {
        admin
            .post(&format!("{plain}/{verb}"), &json!({}))
            .await
            .with(200);
        let run = wait::until("the run of the change", || async {
            let events = admin.all(&format!("/events?type={event_type}")).await;
            let run = |event: &Value| event["runs"][0].as_str().map(str::to_owned);
            events.iter().find_map(run)
        })
        .await;
        wait::run(&admin, &run, "succeeded").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_wants_is_not_told() {
    let server = Server::new().await;
    let admin = server.admin();
    let key = json!({ "value": "a value that nobody reads" });
    admin.put("/secrets/one", &key).await.with(200);
    let document = json!({
        "druse": 1, "name": "listener",
        "triggers": [{ "id": "some", "event": { "type": "secret.deleted" }, "when": "false" }],
        "steps": [{ "id": "a", "action": "transform", "with": { "value": 1 } }],
    });
    active(&admin, &document).await;
    admin.put("/secrets/two", &key).await.with(200);
    let gone = admin.delete("/secrets/one").await;
    assert!(gone.status < 300, "{}", gone.text);
    let types = wait::until("the event", || async {
        let events = admin.all("/events").await;
        let types: Vec<String> = events.iter().map(|event| text(&event["type"])).collect();
        types
            .iter()
            .any(|kind| kind == "secret.deleted")
            .then_some(types)
    })
    .await;
    let told: BTreeSet<&str> = types.iter().map(String::as_str).collect();
    assert_eq!(
        told,
        BTreeSet::from(["secret.deleted", "version.activated"])
    );
}

const GATES: &str = r#"druse: 1
name: gates
steps:
  - id: draft
    action: transform
    with: { value: "round {{ review.round }}" }
  - id: later
    action: wait
    with: { for: 100ms }
  - id: legal
    action: approval_gate
    needs: [later]
    with: { title: Legal? }
  - id: style
    action: approval_gate
    needs: [draft]
    with: { title: Style?, send_back: { to: draft } }
  - id: publish
    action: transform
    needs: [legal, style]
    with: { value: "{{ steps.draft.output }}" }
"#;

const ASKS: &str = r#"druse: 1
name: asks
steps:
  - id: gate
    action: approval_gate
    with: { title: Go?, approvers: ["user:ana"], timeout: 1500ms, on_timeout: escalate, escalate_to: ["user:eva"], remind: 1s }
"#;

async fn start(admin: &Client, path: &str) -> String {
    let started = admin.post(&format!("{path}/runs"), &json!({})).await;
    text(&started.with(202)["id"])
}

async fn made(admin: &Client, document: &str) -> String {
    let made = admin.request("POST", "/automations").yaml(document).send();
    let path = format!("/automations/{}", text(&made.await.with(201)["id"]));
    admin
        .post(&format!("{path}/activate"), &json!({}))
        .await
        .with(200);
    path
}

/// The request of a step's gate that waits, other than one that is known.
async fn request(admin: &Client, run: &str, step: &str, than: &Value) -> Value {
    let path = format!("/approvals?status=pending&run_id={run}");
    wait::until(&format!("a request of {step}"), || async {
        let page = admin.get(&path).await.with(200);
        let mut items = page["items"].as_array().unwrap().iter();
        let other = items.find(|gate| gate["step_id"] == step && gate["id"] != *than);
        other.cloned()
    })
    .await
}

async fn decide(admin: &Client, gate: &Value, decision: &str) {
    let path = format!("/approvals/{}/decision", text(&gate["id"]));
    let body = json!({ "decision": decision, "digest": gate["digest"], "comment": "seen" });
    admin.post(&path, &body).await.with(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_becomes_of_runs_is_told() {
    let mut server = Server::with(&["--allow-program", "/bin/sh"]).await;
    let place = tempfile::tempdir().unwrap();
    let admin = server.admin();
    listen(&admin).await;
    let shell = |script: &str, more: Value| {
        let mut step = json!({ "id": "act", "action": "shell", "with": { "script": script } });
        for (key, value) in more.as_object().unwrap() {
            step[key] = value.clone();
        }
        json!([step])
    };

    // Nobody knows whether it happened, for the server dies in the middle of it; a person says so.
    let begun = place.path().join("begun");
    let script = "echo begun > \"$BEGUN\"; exec sleep 100000";
    let with = json!({ "script": script, "env": { "BEGUN": begun } });
    let steps = shell("", json!({ "delivery": "at_most_once", "with": with }));
    let path = active(
        &admin,
        &json!({ "druse": 1, "name": "unsure", "steps": steps }),
    )
    .await;
    let unsure = start(&admin, &path).await;
    wait::until("the step", || {
        std::future::ready(begun.exists().then_some(()))
    })
    .await;
    server.crash().await;
    let admin = admin.at(server.address());
    wait::run(&admin, &unsure, "waiting").await;
    let happened =
        json!({ "step": "act", "found": "happened", "output": {}, "reason": "it is there" });
    admin
        .post(&format!("/runs/{unsure}/resolve"), &happened)
        .await
        .with(202);
    wait::run(&admin, &unsure, "succeeded").await;

    // A step fails and waits for a person, and fails again for good.
    let steps = shell("exit 1", json!({ "on_error": "pause" }));
    let path = active(
        &admin,
        &json!({ "druse": 1, "name": "halts", "steps": steps }),
    )
    .await;
    let halts = start(&admin, &path).await;
    wait::run(&admin, &halts, "paused").await;
    let resume = format!("/runs/{halts}/resume");
    admin
        .post(&resume, &json!({ "reason": "once more" }))
        .await
        .with(202);
    let steps = shell("exit 1", json!({}));
    let path = active(
        &admin,
        &json!({ "druse": 1, "name": "fails", "steps": steps }),
    )
    .await;
    let fails = start(&admin, &path).await;
    wait::run(&admin, &fails, "failed").await;

    // A gate reminds, asks others, is given to others, and is refused.
    let path = made(&admin, ASKS).await;
    let asks = start(&admin, &path).await;
    let gate = request(&admin, &asks, "gate", &Value::Null).await;
    wait::until("others to be asked", || async {
        let shown = admin
            .get(&format!("/approvals/{}", text(&gate["id"])))
            .await;
        let all = shown.with(200)["approvers"].clone();
        (all == json!(["user:ana", "user:eva"])).then_some(())
    })
    .await;
    let over = json!({ "approvers": ["role:approver"], "reason": "on leave" });
    let path = format!("/approvals/{}/reassign", text(&gate["id"]));
    let given = admin.post(&path, &over).await;
    // Its time may be over by now; then another one is given to others.
    let path = match given.status {
        200 => None,
        _ => Some(active(&admin, &gated("given", json!([]))).await),
    };
    if let Some(path) = path {
        let run = start(&admin, &path).await;
        let gate = request(&admin, &run, "gate", &Value::Null).await;
        let path = format!("/approvals/{}/reassign", text(&gate["id"]));
        admin.post(&path, &over).await.with(200);
        decide(&admin, &gate, "reject").await;
    }
    // Its time runs out, which refuses it.
    wait::run(&admin, &asks, "rejected").await;

    // A gate whose ground has moved asks anew.
    let path = made(&admin, GATES).await;
    let gates = start(&admin, &path).await;
    let legal = request(&admin, &gates, "legal", &Value::Null).await;
    let style = request(&admin, &gates, "style", &Value::Null).await;
    decide(&admin, &style, "send_back").await;
    let legal = request(&admin, &gates, "legal", &legal["id"]).await;
    // Held, let go on, and canceled.
    for verb in ["pause", "resume", "cancel"] {
        let path = format!("/runs/{gates}/{verb}");
        admin
            .post(&path, &json!({ "reason": format!("to {verb}") }))
            .await
            .with(202);
    }
    wait::run(&admin, &gates, "canceled").await;

    let told = told(&admin, OF_RUNS).await;
    let of = |kind: &str, run: &str| -> Value {
        let found = told[kind]
            .iter()
            .find(|event| event["data"]["run_id"] == run);
        found
            .unwrap_or_else(|| panic!("{kind} of {run}: {told:#?}"))
            .clone()
    };
    assert_eq!(of("step.uncertain", &unsure)["data"]["step_id"], "act");
    assert_eq!(
        of("step.resolved", &unsure)["data"]["reason"],
        "it is there"
    );
    assert_eq!(
        of("step.paused", &halts)["data"]["error"]["class"],
        "permanent"
    );
    assert_eq!(of("step.resumed", &halts)["data"]["reason"], "once more");
    assert_eq!(of("step.failed", &fails)["subject"], "fails");
    let asked = of("approval.requested", &asks)["data"]["approval_id"].clone();
    assert_eq!(asked, gate["id"]);
    for kind in [
        "approval.reminded",
        "approval.escalated",
        "approval.expired",
    ] {
        assert_eq!(of(kind, &asks)["data"]["approval_id"], asked, "{kind}");
    }
    let escalated = of("approval.escalated", &asks);
    assert_eq!(
        escalated["data"]["approvers"],
        json!(["user:ana", "user:eva"])
    );
    assert_eq!(of("approval.voided", &gates)["data"]["step_id"], "legal");
    assert_eq!(of("run.paused", &gates)["data"]["reason"], "to pause");
    assert_eq!(of("run.resumed", &gates)["data"]["reason"], "to resume");
    assert_eq!(of("run.canceled", &gates)["drusedepth"], 1);
    assert_ne!(legal["id"], Value::Null);
    // Each is told once.
    for (kind, events) in &told {
        let ids: BTreeSet<String> = events.iter().map(|event| text(&event["id"])).collect();
        assert_eq!(ids.len(), events.len(), "{kind}");
    }
}
