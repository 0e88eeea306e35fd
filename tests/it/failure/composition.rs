//! Automations that start automations: which version, with which inputs, who is whose, and who may decide.

use crate::cli::Desk;
use crate::harness::{Browser, Client, Server, active, text, wait};
use serde_json::{Value, json};

async fn begun(client: &Client, path: &str) -> String {
    let run = client.post(&format!("{path}/runs"), &json!({})).await;
    text(&run.with(202)["id"])
}

fn report(version: u32) -> Value {
    json!({ "druse": 1, "name": "report",
        "inputs": { "region": { "type": "string", "enum": ["EU", "US"] } },
        "steps": [{ "id": "say", "action": "transform", "with": { "value": format!("{version} of {{{{ inputs.region }}}}") } }],
        "outputs": { "said": "{{ steps.say.output }}" } })
}

fn parent(name: &str, with: Value) -> Value {
    json!({ "druse": 1, "name": name,
        "steps": [{ "id": "go", "action": "automation", "with": with }],
        "outputs": { "said": "{{ steps.go.output.outputs.said }}" } })
}

/// One that starts another, whatever that gives.
fn starts(name: &str, child: &str) -> Value {
    json!({ "druse": 1, "name": name,
        "steps": [{ "id": "go", "action": "automation", "with": { "name": child } }] })
}

#[tokio::test]
async fn the_active_version_runs_or_the_one_that_is_named_with_inputs_that_it_takes() {
    let server = Server::new().await;
    let admin = server.admin();
    let child = active(&admin, &report(1)).await;
    admin.put(&child, &report(2)).await.with(200);
    let eu = json!({ "region": "EU" });
    let latest = json!({ "name": "report", "inputs": eu });
    let latest = active(&admin, &parent("latest", latest)).await;
    let pinned = json!({ "name": "report", "version": 1, "inputs": eu });
    let pinned = active(&admin, &parent("pinned", pinned)).await;
    let said = async |path: &str| {
        let run = begun(&admin, path).await;
        wait::run(&admin, &run, "succeeded").await["outputs"]["said"].clone()
    };
    // A draft beside it is nobody's version yet.
    assert_eq!(said(&latest).await, "1 of EU");
    let activate = format!("{child}/activate");
    admin.post(&activate, &json!({})).await.with(200);
    assert_eq!(said(&latest).await, "2 of EU");
    assert_eq!(said(&pinned).await, "1 of EU");

    // What it does not take starts nothing.
    for (name, with, code, word) in [
        (
            "unfit",
            json!({ "name": "report", "inputs": { "region": "Mars" } }),
            "bad_inputs",
            "region",
        ),
        (
            "more",
            json!({ "name": "report", "inputs": { "region": "EU", "regions": 1 } }),
            "bad_inputs",
            "regions",
        ),
        (
            "none",
            json!({ "name": "report", "version": 9, "inputs": eu }),
            "not_started",
            "version",
        ),
    ] {
        let before = admin.all("/runs").await.len();
        let path = active(&admin, &parent(name, with)).await;
        let run = begun(&admin, &path).await;
        let failed = wait::run(&admin, &run, "failed").await;
        assert_eq!(failed["error"]["code"], code, "{failed:#}");
        let message = text(&failed["error"]["message"]);
        assert!(message.contains(word), "{message}");
        assert_eq!(failed["steps"][0]["child"], Value::Null);
        assert_eq!(admin.all("/runs").await.len(), before + 1);
    }
}

const ASKS: &str = r#"{ "druse": 1, "name": "asks", "steps": [
    { "id": "ask", "action": "approval_gate", "with": { "title": "Go on?", "exclude_starter": true } }] }"#;

#[tokio::test]
async fn a_run_and_the_one_that_it_has_started_name_each_other_whatever_becomes_of_them() {
    let mut server = Server::new().await;
    let admin = server.admin();
    active(&admin, &serde_json::from_str(ASKS).unwrap()).await;
    let above = active(&admin, &starts("above", "asks")).await;
    let run = begun(&admin, &above).await;
    let gate = wait::until("the gate of the child", || async {
        let all = admin.all("/approvals?status=pending").await;
        all.into_iter().next()
    })
    .await;
    let child = text(&gate["run_id"]);
    let named = async |admin: &Client, when: &str| {
        let shown = admin.get(&format!("/runs/{run}")).await.with(200);
        assert_eq!(shown["steps"][0]["child"], child.as_str(), "{when}");
        let below = admin.get(&format!("/runs/{child}")).await.with(200);
        assert_eq!(below["cause"]["kind"], "automation", "{when}");
        assert_eq!(below["cause"]["run_id"], run.as_str(), "{when}");
        assert_eq!(below["cause"]["step"], "go", "{when}");
    };
    named(&admin, "while it waits").await;
    server.crash().await;
    let admin = server.admin();
    named(&admin, "after a crash").await;
    let data = server.data().to_str().unwrap().to_owned();
    let shown = Desk::new().run(&["runs", "show", &run, "--data", &data]);
    let owner = Browser::owner(&server).await;
    let page = owner.see(&format!("/runs/{run}")).await;
    assert!(page.contains(&format!("href=\"/runs/{child}\"")), "{page}");
    let page = owner.see(&format!("/runs/{child}")).await;
    assert!(page.contains(&format!("href=\"/runs/{run}\"")), "{page}");
    let shown = shown.ok().out;
    assert!(shown.contains(&format!("-> {child}")), "{shown}");
    let cancel = format!("/runs/{run}/cancel");
    admin.post(&cancel, &json!({})).await.with(202);
    wait::run(&admin, &run, "canceled").await;
    wait::run(&admin, &child, "canceled").await;
    named(&admin, "after a cancel").await;
}

/// Whoever may not decide about a run of their own may not start it by way of another one either.
/// The runs of the automation at this path, youngest first.
async fn runs_of(client: &Client, path: &str) -> Vec<Value> {
    let id = path.trim_start_matches("/automations/");
    client.all(&format!("/runs?automation_id={id}")).await
}

#[tokio::test]
async fn a_step_that_failed_and_is_tried_again_starts_the_other_automation_again() {
    let server = Server::new().await;
    let admin = server.admin();
    // Gives the only one of a list, and fails where there is none.
    let child = active(
        &admin,
        &json!({ "druse": 1, "name": "picks", "inputs": { "list": { "type": "array" } },
            "steps": [{ "id": "pick", "action": "transform", "with": { "value": "{{ inputs.list | only }}" } }],
            "outputs": { "said": "{{ steps.pick.output }}" } }),
    )
    .await;
    let mut waits = parent(
        "waits",
        json!({ "name": "picks", "inputs": { "list": [] } }),
    );
    waits["steps"][0]["on_error"] = "pause".into();
    let waits = active(&admin, &waits).await;
    let run = begun(&admin, &waits).await;
    let paused = wait::run(&admin, &run, "paused").await;
    let first = text(&paused["steps"][0]["child"]);
    let correction = json!({ "step": "go", "input": { "inputs": { "list": [7] } } });
    let resume = format!("/runs/{run}/resume");
    admin.post(&resume, &correction).await.with(202);
    let ended = wait::run(&admin, &run, "succeeded").await;
    assert_eq!(ended["outputs"]["said"], 7, "{ended:#}");
    let second = text(&ended["steps"][0]["child"]);
    let runs = runs_of(&admin, &child).await;
    let ids: Vec<String> = runs.iter().map(|run| text(&run["id"])).collect();
    assert_eq!(ids, [second, first]);

    // So does each attempt of a `retry`.
    let mut tries = parent(
        "tries",
        json!({ "name": "picks", "inputs": { "list": [] } }),
    );
    tries["steps"][0]["retry"] = json!({ "attempts": 3, "backoff": "1ms", "on": ["permanent"] });
    let tries = active(&admin, &tries).await;
    let run = begun(&admin, &tries).await;
    wait::run(&admin, &run, "failed").await;
    assert_eq!(runs_of(&admin, &child).await.len(), 2 + 3);
}

#[tokio::test]
async fn whoever_started_the_first_of_them_is_excluded_at_the_gates_of_all() {
    let server = Server::new().await;
    let editor = server.role("editor").await;
    let (approver, admin) = (server.role("approver").await, server.admin());
    active(&editor, &serde_json::from_str(ASKS).unwrap()).await;
    active(&editor, &starts("above", "asks")).await;
    let top = active(&editor, &starts("top", "above")).await;
    let decided = async |run: &str| {
        let gate = wait::until("the gate at the bottom", || async {
            let all = admin.all("/approvals?status=pending").await;
            all.into_iter().next()
        })
        .await;
        let id = text(&gate["id"]);
        let path = format!("/approvals/{id}/decision");
        let yes = json!({ "decision": "approve", "digest": gate["digest"] });
        let refused = editor.post(&path, &yes).await.problem(403, "not_allowed");
        assert!(text(&refused["message"]).contains("started the run"));
        let over = json!({ "approvers": ["role:viewer"] });
        let reassign = format!("/approvals/{id}/reassign");
        editor.post(&reassign, &over).await.with(403);
        let links = format!("/approvals/{id}/links");
        editor.post(&links, &json!({})).await.with(403);
        admin
            .post(&links, &json!({ "for": "editor" }))
            .await
            .problem(403, "not_allowed");
        approver.post(&path, &yes).await.with(200);
        wait::run(&admin, run, "succeeded").await;
    };
    let run = begun(&editor, &top).await;
    decided(&run).await;
    // A retry is whose who asked for it.
    let again = json!({ "from": "go" });
    let again = editor.post(&format!("/runs/{run}/retry"), &again).await;
    let again = text(&again.with(202)["id"]);
    decided(&again).await;
    // And stays that of who started the run before, whoever asks for it.
    let others = json!({ "from": "go" });
    let others = admin.post(&format!("/runs/{run}/retry"), &others).await;
    let others = text(&others.with(202)["id"]);
    decided(&others).await;
    let others = json!({ "from": "go" });
    let others = admin.post(&format!("/runs/{again}/retry"), &others).await;
    decided(&text(&others.with(202)["id"])).await;
    // So is what was fired by hand.
    let fired = json!({ "druse": 1, "name": "fired", "triggers": [{ "id": "told", "event": { "type": "com.example.told" } }],
        "steps": [{ "id": "go", "action": "automation", "with": { "name": "above" } }] });
    let fired = active(&editor, &fired).await;
    let triggers = admin.get(&format!("{fired}/triggers")).await.with(200);
    let trigger = text(&triggers["items"][0]["id"]);
    let fire = format!("/triggers/{trigger}/fire");
    let firing = editor.post(&fire, &json!({})).await;
    assert!(firing.status < 300, "{}", firing.text);
    decided(&text(&firing.body["run_id"])).await;
}

/// What is no event is refused in words about events.
#[tokio::test]
async fn what_is_no_event_is_not_emitted() {
    let server = Server::new().await;
    let admin = server.admin();
    let emits = json!({ "druse": 1, "name": "emits", "inputs": { "type": { "type": "string" } },
        "steps": [{ "id": "tell", "action": "emit", "with": { "type": "{{ inputs.type }}" } }] });
    let path = active(&admin, &emits).await;
    for kind in ["run.failed", "a\u{1}b"] {
        let body = json!({ "inputs": { "type": kind } });
        let run = admin.post(&format!("{path}/runs"), &body).await.with(202);
        let failed = wait::run(&admin, &text(&run["id"]), "failed").await;
        let error = &failed["error"];
        assert_eq!(error["code"], "bad_event", "{kind:?}: {error}");
        let message = text(&error["message"]);
        assert!(message.starts_with("This is no event: "), "{message}");
    }
}
