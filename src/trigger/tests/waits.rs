//! Runs that wait for events.

use super::{Life, World};
use crate::runtime::clock;
use crate::trigger::KeptEvents;
use serde_json::{Value, json};

/// A document whose runs wait for the payment of their order.
fn paid(name: &str, more: Value) -> Value {
    let mut with = json!({
        "event": { "type": "order.paid", "when": "event.data.order == inputs.order" },
    });
    with.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    json!({
        "druse": 1, "name": name, "inputs": { "order": { "type": "string" } },
        "steps": [{ "id": "paid", "action": "wait", "with": with }],
        "outputs": { "event": "{{ steps.paid.output.event }}" },
    })
}

/// A world on the true clock, as far as events go.
fn world() -> World {
    World::at(&clock::now().to_string())
}

async fn start(life: &Life, automation: &str, order: &str) -> Value {
    let path = format!("/automations/{automation}/runs");
    let body = json!({ "inputs": { "order": order } });
    life.post(&path, &body).await["id"].clone()
}

async fn send(life: &Life, id: &str, order: &str) -> Value {
    let event = json!({
        "specversion": "1.0", "id": id, "source": "/shop", "type": "order.paid",
        "data": { "order": order },
    });
    life.post("/events", &event).await
}

async fn status(life: &Life, run: &Value) -> Value {
    let path = format!("/runs/{}", run.as_str().unwrap());
    life.get(&path).await["status"].clone()
}

/// The event that a run took.
async fn took(life: &Life, run: &Value) -> Value {
    let run = life.ended(run).await;
    assert_eq!(run["status"], "succeeded", "{run}");
    run["outputs"]["event"]["id"].clone()
}

#[test]
fn an_event_wakes_the_run_that_waits_for_it() {
    let world = world();
    world.life(async |life| {
        let id = life.active(&paid("orders", json!({}))).await;
        let mut runs = Vec::new();
        for number in 0..50 {
            runs.push(start(&life, &id, &format!("o-{number}")).await);
        }
        let shown = life
            .get(&format!("/runs/{}", runs[7].as_str().unwrap()))
            .await;
        assert_eq!(
            shown["waits_for"],
            "step paid waits for an event of the type `order.paid` with data.order \"o-7\""
        );
        let sent = send(&life, "a", "o-7").await;
        assert_eq!(took(&life, &runs[7]).await, "a");
        // What is told comes in order: when the second has come, the first has been told to all.
        send(&life, "b", "o-9").await;
        assert_eq!(took(&life, &runs[9]).await, "b");
        for (number, run) in runs.iter().enumerate() {
            if number != 7 && number != 9 {
                assert_eq!(status(&life, run).await, "waiting", "{number}");
            }
        }
        let again = send(&life, "a", "o-7").await;
        assert_eq!(again, sent);
        let kept = life
            .get(&format!("/events/{}", sent["id"].as_str().unwrap()))
            .await;
        assert_eq!(kept["event"]["data"], json!({ "order": "o-7" }));
        assert_eq!(kept["woke"][0]["run_id"], runs[7]);
        assert_eq!(kept["woke"][0]["step_id"], "paid");
    });
}

#[test]
fn an_event_that_came_before_the_wait_began_counts() {
    let world = world();
    world.life(async |life| {
        let mut document = paid("orders", json!({}));
        let gate =
            json!({ "id": "gate", "action": "approval_gate", "with": { "title": "Go on?" } });
        document["steps"][0]["needs"] = json!(["gate"]);
        document["steps"].as_array_mut().unwrap().insert(0, gate);
        let id = life.active(&document).await;
        send(&life, "before", "o-1").await;
        let run = start(&life, &id, "o-1").await;
        send(&life, "other", "o-2").await;
        send(&life, "first", "o-1").await;
        send(&life, "second", "o-1").await;
        assert_eq!(status(&life, &run).await, "waiting");
        let gate = life.get("/approvals").await["items"][0].clone();
        let path = format!("/approvals/{}/decision", gate["id"].as_str().unwrap());
        life.post(
            &path,
            &json!({ "decision": "approve", "digest": gate["digest"] }),
        )
        .await;
        assert_eq!(took(&life, &run).await, "first");
    });
}

/// A wait without any time takes what has come by then, also one that begins when the time of the one
/// before it is over.
#[test]
fn waits_without_time_miss_nothing_that_has_come() {
    let world = world();
    world.life(async |life| {
        let mut document = paid("orders", json!({ "timeout": "0s" }));
        let gate =
            json!({ "id": "gate", "action": "approval_gate", "with": { "title": "Go on?" } });
        document["steps"][0]["needs"] = json!(["gate"]);
        let mut next = document["steps"][0].clone();
        next["id"] = json!("again");
        next["needs"] = json!(["paid"]);
        let steps = document["steps"].as_array_mut().unwrap();
        steps.insert(0, gate);
        steps.push(next);
        document["outputs"]["event"] = json!("{{ steps.again.output.event }}");
        let id = life.active(&document).await;
        for number in 0..20 {
            let order = format!("o-{number}");
            let run = start(&life, &id, &order).await;
            for name in ["first", "second", "third"] {
                send(&life, &format!("{name}-{number}"), &order).await;
            }
            let gate = life.get("/approvals?status=pending").await["items"][0].clone();
            let path = format!("/approvals/{}/decision", gate["id"].as_str().unwrap());
            let approve = json!({ "decision": "approve", "digest": gate["digest"] });
            life.post(&path, &approve).await;
            assert_eq!(took(&life, &run).await, format!("second-{number}"));
        }
    });
}

/// A wait that looks back finds what came before its run, in the order in which it came; an open type
/// finds it among all events.
#[test]
fn a_wait_may_look_back() {
    let world = world();
    world.life(async |life| {
        send(&life, "before", "o-1").await;
        send(&life, "after", "o-1").await;
        let open = json!({ "type": "order.*", "when": "event.data.order == inputs.order" });
        for (name, more) in [
            ("exact", json!({ "lookback": "1h" })),
            ("open", json!({ "lookback": "1h", "event": open })),
        ] {
            let id = life.active(&paid(name, more)).await;
            let run = start(&life, &id, "o-1").await;
            assert_eq!(took(&life, &run).await, "before", "{name}");
        }
    });
}

/// An event that was acknowledged and that nobody was told of before the process ended is found by the
/// next one, also where the wait's own time was over meanwhile.
#[test]
fn an_acknowledged_event_is_never_missed() {
    let world = world();
    let (runs, limited) = world.life(async |life| {
        let id = life.active(&paid("orders", json!({}))).await;
        let open = json!({ "type": "order.*", "when": "event.data.order == inputs.order" });
        let open = life.active(&paid("open", json!({ "event": open }))).await;
        let runs = [
            start(&life, &id, "o-1").await,
            start(&life, &open, "o-1").await,
        ];
        let id = life
            .active(&paid("limited", json!({ "timeout": "2s" })))
            .await;
        (runs, start(&life, &id, "o-1").await)
    });
    world.deaf_life(async |life| {
        send(&life, "a", "o-1").await;
        send(&life, "b", "o-1").await;
        assert_eq!(status(&life, &runs[0]).await, "waiting");
        let run = life
            .get(&format!("/runs/{}", limited.as_str().unwrap()))
            .await;
        let began = run["created_at"].as_str().unwrap().parse().unwrap();
        life.until("the end of the wait's time", async || {
            (clock::now().since(began) > "2500ms".parse().unwrap()).then_some(())
        })
        .await;
        assert_eq!(status(&life, &limited).await, "waiting");
    });
    world.life(async |life| {
        for run in runs.iter().chain([&limited]) {
            assert_eq!(took(&life, run).await, "a");
        }
    });
}

#[test]
fn a_wait_ends_with_its_time() {
    let world = world();
    world.life(async |life| {
        let id = life
            .active(&paid("fails", json!({ "timeout": "20ms" })))
            .await;
        let run = start(&life, &id, "o-1").await;
        let run = life.ended(&run).await;
        assert_eq!(run["status"], "failed");
        assert_eq!(run["error"]["class"], "timeout");
        assert_eq!(run["error"]["code"], "event_timeout");
        let more = json!({ "timeout": "20ms", "on_timeout": "continue" });
        let id = life.active(&paid("goes_on", more)).await;
        let run = start(&life, &id, "o-1").await;
        let run = life.ended(&run).await;
        assert_eq!(run["status"], "succeeded");
        assert_eq!(run["outputs"], json!({ "event": null }));
    });
}

/// What runs emit, and what Druse itself tells, is waited for as what comes from outside; also what came
/// before the wait began.
#[test]
fn what_happens_inside_can_be_waited_for() {
    let world = world();
    world.life(async |life| {
        let child = json!({
            "druse": 1, "name": "child",
            "steps": [{ "id": "say", "action": "emit", "with": { "type": "child.said", "data": "hello" } }],
        });
        life.active(&child).await;
        let parent = json!({
            "druse": 1, "name": "parent",
            "steps": [
                { "id": "begin", "action": "automation", "with": { "name": "child" } },
                { "id": "ended", "action": "wait", "needs": ["begin"], "with": {
                    "event": { "type": "run.succeeded", "when": "event.data.run_id == steps.begin.output.run_id" } } },
                { "id": "said", "action": "wait", "needs": ["begin"], "with": { "event": { "type": "child.*" } } },
            ],
            "outputs": { "said": "{{ steps.said.output.event.data }}", "of": "{{ steps.ended.output.event.subject }}" },
        });
        let id = life.active(&parent).await;
        let run = life.post(&format!("/automations/{id}/runs"), &json!({})).await;
        let path = format!("/runs/{}", run["id"].as_str().unwrap());
        let ended = life
            .until("the end of a run", async || {
                // Whoever tells what happened inside is called here; the server does it by itself.
                life.triggers.tick().await;
                let run = life.get(&path).await;
                (run["status"] != "running" && run["status"] != "waiting").then_some(run)
            })
            .await;
        assert_eq!(ended["outputs"], json!({ "said": "hello", "of": "child" }), "{ended}");
    });
}

/// A canceled run waits no more, and each pass of a loop takes an event of its own.
#[test]
fn each_pass_takes_an_event_of_its_own() {
    let world = world();
    world.life(async |life| {
        let id = life
            .active(&json!({
                "druse": 1, "name": "votes",
                "steps": [{
                    "id": "each", "repeat": { "until": "loop.index == 2", "max": 3 },
                    "steps": [
                        { "id": "vote", "action": "wait", "with": { "event": { "type": "vote" } } },
                        { "id": "who", "action": "transform", "with": { "value": "{{ steps.vote.output.event.id }}" } },
                    ],
                }],
                "outputs": { "last": "{{ steps.each.output }}" },
            }))
            .await;
        let run = life.post(&format!("/automations/{id}/runs"), &json!({})).await;
        let canceled = life.post(&format!("/automations/{id}/runs"), &json!({})).await;
        let cancel = format!("/runs/{}/cancel", canceled["id"].as_str().unwrap());
        life.post(&cancel, &json!({})).await;
        for id in ["ana", "ben", "cem"] {
            let event = json!({ "specversion": "1.0", "id": id, "source": "/v", "type": "vote" });
            life.post("/events", &event).await;
        }
        let ended = life.ended(&run["id"]).await;
        assert_eq!(ended["outputs"], json!({ "last": "cem" }));
        assert_eq!(life.ended(&canceled["id"]).await["status"], "canceled");
    });
}

/// Events are forgotten with all that tells of them, the oldest first; one that is forgotten and comes
/// again is a new one.
#[test]
fn events_are_kept_for_a_time_and_up_to_a_number() {
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        life.triggers.keep_events(KeptEvents {
            span: "2d".parse().unwrap(),
            most: 3,
        });
        let ids = async |path: &str| -> Vec<String> {
            let items = life.get(path).await["items"].as_array().unwrap().clone();
            let ids = items
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned());
            ids.collect()
        };
        let first = send(&life, "a", "o-1").await;
        life.set_clock("2027-03-02T12:00:00Z");
        let second = send(&life, "b", "o-2").await;
        life.triggers.sweep_events().await.unwrap();
        assert_eq!(ids("/events").await.len(), 2);
        life.set_clock("2027-03-03T00:00:00.001Z");
        life.triggers.sweep_events().await.unwrap();
        assert_eq!(ids("/events").await, [second["id"].as_str().unwrap()]);
        assert_eq!(ids("/events?type=order.paid").await.len(), 1);
        let again = send(&life, "a", "o-1").await;
        assert_ne!(again["id"], first["id"]);
        for id in ["c", "d", "e"] {
            send(&life, id, "o-3").await;
        }
        life.triggers.sweep_events().await.unwrap();
        let left = ids("/events?type=order.*&source=/shop").await;
        assert_eq!(left.len(), 3);
        assert!(!left.contains(&again["id"].as_str().unwrap().to_owned()));
        let (status, _) = life
            .call(
                "GET",
                &format!("/events/{}", first["id"].as_str().unwrap()),
                &Value::Null,
            )
            .await;
        assert_eq!(status, 404);
    });
}
