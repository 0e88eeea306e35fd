//! A cancel over the API, from every state that a run can stand in.

use super::shop::Shop;
use super::{call, server};
use crate::harness::{Client, Server, active, text, wait};
use serde_json::{Value, json};

/// A way into a state: the step that brings a run there, and how the run and the step are shown.
struct State {
    name: &'static str,
    step: Value,
    run: &'static str,
    status: &'static str,
}

fn state(name: &'static str, step: Value, run: &'static str, status: &'static str) -> State {
    State {
        name,
        step,
        run,
        status,
    }
}

fn states() -> Vec<State> {
    let step = |action: &str, with: Value| json!({ "id": "a", "action": action, "with": with });
    let refused = |more| call("a", "POST /refused", more);
    let retry = json!({ "retry": { "attempts": 3, "backoff": "1h", "jitter": false, "on": ["permanent"] } });
    let deaf = "trap '' TERM; echo deaf; while :; do sleep 1000; done";
    let gate = json!({ "title": "Go on?" });
    let event = json!({ "event": { "type": "com.example.never" } });
    let child = json!({ "name": "child" });
    let poll = json!({ "id": "a", "repeat": { "until": "false", "every": "1h", "max": 3 },
        "steps": [{ "id": "look", "action": "transform", "with": { "value": 1 } }] });
    vec![
        state(
            "attempt",
            call("a", "POST /held", json!({})),
            "running",
            "running",
        ),
        state(
            "deaf",
            step("shell", json!({ "argv": ["/bin/sh", "-c", deaf] })),
            "running",
            "running",
        ),
        state("retry", refused(retry), "waiting", "waiting"),
        state(
            "sleep",
            step("wait", json!({ "for": "30d" })),
            "waiting",
            "waiting",
        ),
        state("event", step("wait", event), "waiting", "waiting"),
        state("gate", step("approval_gate", gate), "waiting", "waiting"),
        state("parent", step("automation", child), "running", "running"),
        state("poll", poll, "waiting", "waiting"),
        state(
            "rate",
            call(
                "a",
                "POST /rate",
                json!({ "with": { "connection": "slow", "path": "/rate" } }),
            ),
            "waiting",
            "waiting",
        ),
        state(
            "failed",
            refused(json!({ "on_error": "pause" })),
            "paused",
            "paused",
        ),
    ]
}

/// The automation of a state: one run at a time, which keeps its slot whatever it waits for, and a call that
/// cleans up.
async fn automation(admin: &Client, state: &State) -> String {
    let clean = call("clean", &format!("POST /clean/{}", state.name), json!({}));
    let document = json!({ "druse": 1, "name": state.name,
        "concurrency": { "key": "one", "hold_while_waiting": true },
        "steps": [state.step, call("after", "POST /after", json!({ "needs": ["a"] }))],
        "finally": [clean] });
    active(admin, &document).await
}

async fn start(admin: &Client, path: &str) -> String {
    text(
        &admin
            .post(&format!("{path}/runs"), &json!({}))
            .await
            .with(202)["id"],
    )
}

/// The run once it and its first step stand like this.
async fn stands(admin: &Client, run: &str, state: &State) {
    let what = format!("{}: a run that is {}", state.name, state.run);
    wait::until(&what, || async {
        let shown = admin.get(&format!("/runs/{run}")).await.with(200);
        let step = &shown["steps"][0]["status"];
        let there = shown["status"] == state.run && step == state.status;
        assert!(shown["finished_at"].is_null(), "{}: {shown:#}", state.name);
        there.then_some(())
    })
    .await;
}

/// Some states have to be brought about from outside.
async fn prepared(shop: &Shop) -> (Server, Client) {
    let server = server(shop).await;
    let admin = server.admin();
    shop.hold("POST /held");
    shop.refuse("POST /refused");
    let slow = json!({ "kind": "http", "base_url": shop.address, "rate": "1/d" });
    admin.put("/connections/slow", &slow).await.with(200);
    // It takes the one start of the day.
    let first = call(
        "a",
        "GET /first",
        json!({ "with": { "connection": "slow", "path": "/first" } }),
    );
    let first = active(
        &admin,
        &json!({ "druse": 1, "name": "first", "steps": [first] }),
    )
    .await;
    let first = start(&admin, &first).await;
    wait::run(&admin, &first, "succeeded").await;
    let gate = json!({ "id": "ask", "action": "approval_gate", "with": { "title": "Go on?" } });
    let child = json!({ "druse": 1, "name": "child", "steps": [gate] });
    active(&admin, &child).await;
    (server, admin)
}

#[tokio::test]
async fn a_cancel_ends_a_run_from_every_state_cleans_up_once_and_frees_its_slot() {
    let shop = Shop::open().await;
    let (mut server, admin) = prepared(&shop).await;
    for state in states() {
        let name = state.name;
        let path = automation(&admin, &state).await;
        let run = start(&admin, &path).await;
        stands(&admin, &run, &state).await;
        let next = start(&admin, &path).await;
        let last = start(&admin, &path).await;
        wait::run(&admin, &next, "queued").await;
        // One that never had its turn ends at once, and has nothing to clean up.
        let cancel = |run: &str| format!("/runs/{run}/cancel");
        let why = json!({ "reason": format!("seen enough of {name}") });
        let over = admin.post(&cancel(&last), &why).await.with(202);
        assert_eq!(over["status"], "canceled", "{name}: {over:#}");
        admin.post(&cancel(&run), &why).await.with(202);
        let over = wait::run(&admin, &run, "canceled").await;
        assert_eq!(over["steps"][0]["status"], "canceled", "{name}: {over:#}");
        let steps = over["steps"].as_array().unwrap();
        let after = steps.iter().find(|step| step["path"] == "after").unwrap();
        assert_eq!(after["status"], "skipped", "{name}: {over:#}");
        assert_eq!(after["skipped"]["kind"], "run_ending", "{name}");
        // The slot is free, so the next one has its turn, and comes to the same state.
        stands(&admin, &next, &state).await;
        // A pause by a person is a state as well.
        let pause = format!("/runs/{next}/pause");
        let paused = admin.post(&pause, &json!({})).await.with(202);
        assert_eq!(paused["status"], "paused", "{name}");
        admin.post(&cancel(&next), &why).await.with(202);
        wait::run(&admin, &next, "canceled").await;
        let clean = format!("POST /clean/{name}");
        let cleaned = shop.lines().iter().filter(|line| **line == clean).count();
        assert_eq!(cleaned, 2, "{name}: once for each that had its turn");
        let late = admin.post(&cancel(&run), &why).await;
        late.problem(409, "already_over");
        let lines = admin.all(&format!("/audit?run_id={run}")).await;
        let found: Vec<(&Value, &Value)> = lines
            .iter()
            .map(|line| (&line["action"], &line["reason"]))
            .collect();
        assert_eq!(found, [(&json!("run.cancel"), &why["reason"])], "{name}");
    }
    let left = admin.all("/runs?status=waiting").await;
    assert_eq!(left, Vec::<Value>::new(), "children end with their parents");
    assert!(!shop.lines().contains(&"POST /after".to_owned()));
    wait::until(
        "queues that hold nobody and that nobody waits in",
        || async {
            let queues = admin.all("/queues").await;
            let free = |queue: &Value| queue["held_by"] == json!([]) && queue["waiting"] == 0;
            queues.iter().all(free).then_some(())
        },
    )
    .await;
    server.stop().await;
    server.verify();
}

/// Where the server was killed in the middle, too: what it left is canceled like anything else.
#[tokio::test]
async fn an_uncertain_step_is_canceled_and_a_second_cancel_forces() {
    let shop = Shop::open().await;
    let (mut server, admin) = prepared(&shop).await;
    let pay = json!({ "delivery": "at_most_once" });
    let pay = state("pay", call("a", "POST /held", pay), "waiting", "uncertain");
    let path = automation(&admin, &pay).await;
    let run = start(&admin, &path).await;
    shop.asks("POST /held", 1).await;
    server.crash().await;
    let admin = server.admin();
    stands(&admin, &run, &pay).await;
    shop.hold("POST /clean/pay");
    let cancel = format!("/runs/{run}/cancel");
    let ask = |key: &'static str| {
        let request = admin.request("POST", &cancel).key(key);
        request
            .json(&json!({ "reason": "it takes too long" }))
            .send()
    };
    ask("first").await.with(202);
    shop.asks("POST /clean/pay", 1).await;
    // Who repeats a request forces nothing.
    let again = ask("first").await.with(202);
    assert_eq!(again["status"], "running", "{again:#}");
    let forced = ask("second").await.with(202);
    assert!(!forced["status"].is_null());
    let over = wait::run(&admin, &run, "canceled").await;
    let clean = &over["steps"][2];
    assert_eq!(
        (&clean["path"], &clean["status"]),
        (&json!("finally.clean"), &json!("canceled"))
    );
    let lines = shop.lines();
    let cleaned = lines
        .iter()
        .filter(|line| *line == "POST /clean/pay")
        .count();
    assert_eq!(cleaned, 1);
    assert_eq!(admin.all(&format!("/audit?run_id={run}")).await.len(), 2);
    let next = start(&admin, &path).await;
    shop.asks("POST /held", 2).await;
    shop.let_go();
    wait::run(&admin, &next, "succeeded").await;
}
