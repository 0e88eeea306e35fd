//! What becomes of a run that does not get its slot, and what is said about it.

use super::{active, gated, start};
use crate::harness::{Client, Server, druse, text, wait};
use serde_json::{Value, json};

fn held(name: &str, overflow: &str) -> Value {
    gated(
        name,
        json!({ "key": "{{ inputs.region }}", "limit": 1, "overflow": overflow, "hold_while_waiting": true }),
    )
}

async fn approve(admin: &Client, run: &str) {
    let gate = wait::approval(admin, run).await;
    let yes = json!({ "decision": "approve", "digest": gate["digest"] });
    let path = format!("/approvals/{}/decision", text(&gate["id"]));
    admin.post(&path, &yes).await.with(200);
}

#[tokio::test]
async fn a_run_waits_for_its_key_and_says_so() {
    let server = Server::new().await;
    let admin = server.admin();
    let path = active(&admin, &held("held", "queue")).await;
    let first = start(&admin, &path, json!({})).await;
    wait::approval(&admin, &first).await;
    let second = start(&admin, &path, json!({})).await;
    let third = start(&admin, &path, json!({ "priority": 7 })).await;
    let other = start(&admin, &path, json!({ "inputs": { "region": "US" } })).await;
    wait::run(&admin, &other, "waiting").await;

    let shown = admin.get(&format!("/runs/{second}")).await.with(200);
    assert_eq!(shown["status"], "queued");
    assert_eq!(shown["started_at"], Value::Null);
    assert_eq!(
        shown["waits_for"],
        format!("waits for concurrency key EU, held by {first}; it is number 2 in the queue")
    );
    assert_eq!(
        shown["queue"],
        json!({ "kind": "key", "key": "EU", "limit": 1, "taken": 1, "held_by": [first], "position": 2 })
    );
    let listed = admin.all("/runs?status=queued").await;
    let ids: Vec<&Value> = listed.iter().map(|run| &run["id"]).collect();
    assert_eq!(ids, [&json!(third), &json!(second)]);
    assert_eq!(listed[0]["queue"]["position"], 1);

    let queues = admin.all("/queues").await;
    assert_eq!(queues.len(), 2, "{queues:#?}");
    assert_eq!(queues[0]["automation_name"], "held");
    assert_eq!(
        (&queues[0]["key"], &queues[0]["taken"]),
        (&json!("EU"), &json!(1))
    );
    let order: Vec<&Value> = queues[0]["queue"]
        .as_array()
        .unwrap()
        .iter()
        .map(|w| &w["run_id"])
        .collect();
    assert_eq!(order, [&json!(third), &json!(second)]);
    let metrics = admin.root("GET", "/metrics").send().await;
    assert!(
        metrics.text.contains("druse_runs_queued 2\n"),
        "{}",
        metrics.text
    );

    let data = server.data().to_str().unwrap();
    let said = |arguments: &[&str]| {
        let mut command = druse(arguments);
        let output = command.args(["--data", data]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let table = said(&["queues"]);
    assert!(
        table.contains("EU") && table.contains("1 of 1") && table.contains(&second),
        "{table}"
    );
    let why = said(&["runs", "why", &second]);
    assert!(
        why.starts_with("○ Waits for concurrency key EU, held by run_"),
        "{why}"
    );

    // A queued run is canceled at once; what waits behind it moves up.
    let canceled = admin
        .post(&format!("/runs/{third}/cancel"), &json!({}))
        .await
        .with(202);
    assert_eq!(canceled["status"], "canceled");
    approve(&admin, &first).await;
    wait::run(&admin, &first, "succeeded").await;
    wait::run(&admin, &second, "waiting").await;
    approve(&admin, &second).await;
    wait::run(&admin, &second, "succeeded").await;
    approve(&admin, &other).await;
    wait::run(&admin, &other, "succeeded").await;
    assert_eq!(admin.all("/queues").await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_run_over_the_limit_is_refused_skipped_or_takes_the_place() {
    let server = Server::new().await;
    let admin = server.admin();
    let reject = active(&admin, &held("refuses", "reject")).await;
    let first = start(&admin, &reject, json!({})).await;
    let runs = format!("{reject}/runs");
    let refused = admin.post(&runs, &json!({})).await;
    let problem = refused.problem(409, "concurrency_limit");
    assert!(
        text(&problem["detail"]).contains(&first) || problem.to_string().contains(&first),
        "{problem:#}"
    );
    assert_eq!(admin.all("/runs").await.len(), 1, "nothing is stored of it");
    // A key that is refused is free for the next try.
    let again = |region: &str| {
        let body = json!({ "inputs": { "region": region } });
        admin.request("POST", &runs).key("once").json(&body).send()
    };
    again("EU").await.problem(409, "concurrency_limit");
    again("US").await.with(202);

    let skip = active(&admin, &held("skips", "skip")).await;
    let first = start(&admin, &skip, json!({})).await;
    let second = start(&admin, &skip, json!({})).await;
    let shown = admin.get(&format!("/runs/{second}")).await.with(200);
    assert_eq!(shown["status"], "skipped");
    assert_eq!(shown["error"]["code"], "concurrency_limit");
    assert_eq!(
        shown["error"]["message"],
        format!("the slot of concurrency key EU is taken by {first}")
    );
    assert_eq!(shown["steps"][0]["status"], "skipped");

    let replace = active(&admin, &held("replaces", "replace")).await;
    let first = start(&admin, &replace, json!({})).await;
    let second = start(&admin, &replace, json!({})).await;
    let old = wait::run(&admin, &first, "canceled").await;
    assert!(text(&old["error"]["message"]).contains(&format!("the run {second} takes its place")));
    wait::run(&admin, &second, "waiting").await;
    let third = start(&admin, &replace, json!({})).await;
    wait::run(&admin, &second, "canceled").await;
    approve(&admin, &third).await;
    wait::run(&admin, &third, "succeeded").await;
}

#[tokio::test]
async fn a_run_that_starts_another_never_waits_for_itself() {
    let server = Server::with(&["--max-runs", "1"]).await;
    let admin = server.admin();
    let key = json!({ "key": "one", "limit": 1 });
    let own = json!({ "druse": 1, "name": "own", "inputs": { "n": { "type": "integer" } }, "concurrency": key,
        "steps": [
            { "id": "more", "action": "automation", "when": "inputs.n > 0", "with": { "name": "own", "inputs": { "n": "{{ inputs.n - 1 }}" } } },
            { "id": "then", "needs": ["more"], "join": "all_done", "action": "shell", "with": { "argv": ["true"] } },
        ] });
    let path = active(&admin, &own).await;
    let runs = [
        start(&admin, &path, json!({ "inputs": { "n": 3 } })).await,
        start(&admin, &path, json!({ "inputs": { "n": 2 } })).await,
    ];
    for run in runs {
        wait::run(&admin, &run, "succeeded").await;
    }
    assert_eq!(admin.all("/runs?status=succeeded").await.len(), 7);
}

#[tokio::test]
async fn a_webhook_that_is_refused_is_a_firing_that_says_so() {
    let server = Server::new().await;
    let admin = server.admin();
    let mut document = held("hooked", "reject");
    document["triggers"] = json!([{ "id": "comes", "event": { "type": "com.example.came" } }]);
    let path = active(&admin, &document).await;
    let first = start(&admin, &path, json!({})).await;
    wait::approval(&admin, &first).await;
    let event =
        json!({ "specversion": "1.0", "id": "1", "source": "/test", "type": "com.example.came" });
    admin.post("/events", &event).await.with(202);
    let triggers = admin.all(&format!("{path}/triggers")).await;
    let firings = format!("/triggers/{}/firings", text(&triggers[0]["id"]));
    let firing = wait::until("a firing", || async {
        admin.all(&firings).await.into_iter().next()
    })
    .await;
    assert_eq!(firing["status"], "rejected", "{firing:#}");
    assert!(text(&firing["reason"]).contains(&first), "{firing:#}");
    assert_eq!(firing["run_id"], Value::Null);
}

#[tokio::test]
async fn a_run_that_is_paused_in_the_queue_lets_others_pass_and_keeps_its_place() {
    let server = Server::new().await;
    let admin = server.admin();
    let mut document = held("held", "queue");
    document["timeout"] = json!("1h");
    document["finally"] = json!([{ "id": "clean", "action": "transform", "with": { "value": 1 } }]);
    let path = active(&admin, &document).await;
    let first = start(&admin, &path, json!({})).await;
    wait::approval(&admin, &first).await;
    let paused = start(&admin, &path, json!({})).await;
    let last = start(&admin, &path, json!({})).await;
    let canceled = start(&admin, &path, json!({})).await;
    for run in [&paused, &canceled] {
        let pause = format!("/runs/{run}/pause");
        admin.post(&pause, &json!({})).await.with(202);
    }
    approve(&admin, &first).await;
    wait::approval(&admin, &last).await;
    let shown = admin.get(&format!("/runs/{paused}")).await.with(200);
    assert_eq!(
        (&shown["status"], &shown["started_at"]),
        (&json!("paused"), &Value::Null)
    );
    // Nothing of it has begun, so there is nothing to clean up.
    let cancel = format!("/runs/{canceled}/cancel");
    admin.post(&cancel, &json!({})).await.with(202);
    let over = wait::run(&admin, &canceled, "canceled").await;
    let steps = over["steps"].as_array().unwrap();
    assert!(
        steps.iter().all(|step| step["path"] != "finally.clean"),
        "{over:#}"
    );
    // It goes on where it stood: before one that came later.
    let later = start(&admin, &path, json!({})).await;
    let resume = format!("/runs/{paused}/resume");
    admin.post(&resume, &json!({})).await.with(202);
    let shown = wait::run(&admin, &paused, "queued").await;
    assert_eq!(shown["queue"]["position"], 1, "{shown:#}");
    approve(&admin, &last).await;
    approve(&admin, &paused).await;
    approve(&admin, &later).await;
    wait::run(&admin, &later, "succeeded").await;
}
