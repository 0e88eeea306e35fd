use super::{Life, World};
use serde_json::{Value, json};

/// An automation whose runs give back what their trigger saw.
pub(super) fn document(name: &str, windows: &Value, seen: &str) -> Value {
    let mut trigger = json!({
        "id": "events", "event": { "type": format!("com.example.{name}") },
        "when": "trigger.data.n != 99", "inputs": { "seen": seen },
    });
    for (key, value) in windows.as_object().unwrap() {
        trigger[key] = value.clone();
    }
    json!({
        "druse": 1, "name": name, "inputs": { "seen": {} }, "triggers": [trigger],
        "steps": [{ "id": "see", "action": "transform", "with": { "value": "{{ inputs.seen }}" } }],
        "outputs": { "seen": "{{ steps.see.output }}" },
    })
}

pub(super) async fn publish(life: &Life, name: &str, id: u64, data: Value) -> Value {
    let event = json!({
        "specversion": "1.0", "id": id.to_string(), "source": "/shop",
        "type": format!("com.example.{name}"), "data": data,
    });
    life.post("/events", &event).await
}

pub(super) async fn firings(life: &Life, automation: &str) -> Vec<Value> {
    let trigger = life.triggers_of(automation).await.remove(0);
    life.firings(&trigger).await
}

pub(super) async fn waiting(life: &Life, automation: &str) -> Value {
    life.triggers_of(automation).await.remove(0)["waiting"].clone()
}

/// Statuses of firings, and what each run saw.
pub(super) async fn told(life: &Life, firings: &[Value]) -> Vec<String> {
    let mut all = Vec::new();
    for firing in firings {
        let status = firing["status"].as_str().unwrap();
        let seen = match &firing["run_id"] {
            Value::Null => Value::Null,
            run => life.ended(run).await["outputs"]["seen"].clone(),
        };
        all.push(format!("{status} {seen}"));
    }
    all
}

#[test]
fn an_event_tells_what_came_of_it_before_and_after_its_window() {
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        let windows = json!({ "debounce": { "delay": "10s" } });
        life.active(&document("calm", &windows, "{{ trigger.data.n }}"))
            .await;
        let mut ids = Vec::new();
        for n in [1u64, 2, 99] {
            let taken = publish(&life, "calm", n, json!({ "n": n })).await;
            assert_eq!(taken["runs"], json!([]));
            ids.push(taken["id"].as_str().unwrap().to_owned());
        }
        let event = async |number: usize| life.get(&format!("/events/{}", ids[number])).await;
        let first = event(0).await;
        assert_eq!(first["runs"], json!([]));
        assert_eq!(first["firings"][0]["status"], "queued");
        assert_eq!(event(2).await["firings"][0]["status"], "filtered");
        life.tick_at("2027-03-01T00:00:10Z").await;
        let (first, second) = (event(0).await, event(1).await);
        // The one run is counted on both: one began it, the other is a part of it.
        assert_eq!(second["firings"][0]["status"], "accepted");
        assert_eq!(second["runs"][0], second["firings"][0]["run_id"]);
        assert_eq!(first["firings"][0]["status"], "skipped");
        assert_eq!(first["runs"], second["runs"]);
        assert_eq!(first["runs"].as_array().unwrap().len(), 1);
        assert_eq!(event(2).await["runs"], json!([]));
        let listed = life.get("/events?type=com.example.calm").await;
        let runs: Vec<&Value> = listed["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["runs"])
            .collect();
        assert_eq!(runs, [&json!([]), &second["runs"], &second["runs"]]);
    });
}

#[test]
fn a_debounced_stream_starts_one_run_with_the_last_and_never_waits_for_ever() {
    let world = World::at("2027-03-01T00:00:00Z");
    let windows = json!({ "debounce": { "key": "{{ trigger.data.shop }}", "delay": "10s", "max_delay": "25s" } });
    let id = world.life(async |life| {
        let id = life
            .active(&document("burst", &windows, "{{ trigger.data.n }}"))
            .await;
        // Every five seconds one: nothing is ever quiet for ten.
        for n in 0..5u64 {
            life.tick_at(&format!("2027-03-01T00:00:{:02}Z", n * 5))
                .await;
            publish(&life, "burst", n, json!({ "n": n, "shop": "a" })).await;
        }
        publish(&life, "burst", 50, json!({ "n": 50, "shop": "b" })).await;
        publish(&life, "burst", 99, json!({ "n": 99, "shop": "a" })).await;
        let waits = waiting(&life, &id).await;
        let held: Vec<&Value> = waits
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["held"])
            .collect();
        assert!(
            held.contains(&&json!(5)) && held.contains(&&json!(1)),
            "{waits}"
        );
        life.tick_at("2027-03-01T00:00:24Z").await;
        assert_eq!(life.get("/runs").await["items"], json!([]));
        id
    });
    // The process dies; what waited is there again.
    world.life(async |life| {
        life.tick_at("2027-03-01T00:00:25Z").await;
        let all = firings(&life, &id).await;
        assert_eq!(
            told(&life, &all).await,
            [
                "skipped 4",
                "skipped 4",
                "skipped 4",
                "skipped 4",
                "accepted 4",
                "queued null",
                "filtered null"
            ]
        );
        let run = life.ended(&all[4]["run_id"]).await;
        let absorbed: Vec<&Value> = run["cause"]["absorbed"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["firing_id"])
            .collect();
        let expected: Vec<&Value> = all[..4].iter().map(|firing| &firing["id"]).collect();
        assert_eq!(absorbed, expected, "the run lists what it took in");
        // What was absorbed can still be looked at.
        let path = format!(
            "/triggers/{}/firings/{}",
            all[0]["trigger_id"].as_str().unwrap(),
            all[0]["id"].as_str().unwrap()
        );
        assert_eq!(life.get(&path).await["payload"]["data"]["n"], 0);
        life.tick_at("2027-03-01T00:00:30Z").await;
        let all = firings(&life, &id).await;
        assert_eq!(told(&life, &all[5..6]).await, ["accepted 50"]);
        assert_eq!(waiting(&life, &id).await, json!([]));
        // The same event again starts nothing.
        let again = publish(&life, "burst", 4, json!({ "n": 4, "shop": "a" })).await;
        assert_eq!(again["runs"], json!([]));
    });
}

#[test]
fn a_batch_is_one_run_with_the_list() {
    let world = World::at("2027-03-01T00:00:00Z");
    let windows = json!({ "batch": { "count": 3, "time": "1m" } });
    let id = world.life(async |life| {
        let seen = "{{ trigger.items | map(attribute='data.n') | list }}";
        let id = life.active(&document("batch", &windows, seen)).await;
        for n in 0..4 {
            publish(&life, "batch", n, json!({ "n": n })).await;
            life.triggers.tick().await;
        }
        let all = firings(&life, &id).await;
        assert_eq!(
            told(&life, &all).await,
            [
                "accepted [0,1,2]",
                "accepted [0,1,2]",
                "accepted [0,1,2]",
                "queued null"
            ]
        );
        assert!(all[0]["reason"].as_str().unwrap().contains("one of 3"));
        id
    });
    world.life(async |life| {
        life.tick_at("2027-03-01T00:00:59Z").await;
        assert_eq!(waiting(&life, &id).await[0]["held"], 1);
        life.tick_at("2027-03-01T00:01:00Z").await;
        let all = firings(&life, &id).await;
        assert_eq!(told(&life, &all[3..]).await, ["accepted [3]"]);
    });
}

#[test]
fn a_throttle_lets_the_rest_wait_or_skips_it() {
    let world = World::at("2027-03-01T00:00:00Z");
    let queue = json!({ "throttle": { "limit": 2, "per": "1m" } });
    let skip = json!({ "throttle": { "limit": 2, "per": "1m", "over": "skip" } });
    let (waits, skips) = world.life(async |life| {
        let waits = life
            .active(&document("waits", &queue, "{{ trigger.data.n }}"))
            .await;
        let skips = life
            .active(&document("skips", &skip, "{{ trigger.data.n }}"))
            .await;
        for n in 0..5 {
            life.set_clock(&format!("2027-03-01T00:00:0{n}Z"));
            publish(&life, "waits", n, json!({ "n": n })).await;
            publish(&life, "skips", n + 100, json!({ "n": n })).await;
        }
        life.tick_at("2027-03-01T00:00:59Z").await;
        let all = firings(&life, &waits).await;
        assert_eq!(
            told(&life, &all).await,
            [
                "accepted 0",
                "accepted 1",
                "queued null",
                "queued null",
                "queued null"
            ]
        );
        let all = firings(&life, &skips).await;
        assert_eq!(
            told(&life, &all).await,
            [
                "accepted 0",
                "accepted 1",
                "skipped null",
                "skipped null",
                "skipped null"
            ]
        );
        (waits, skips)
    });
    world.life(async |life| {
        for (at, expected) in [
            ("00:01:00Z", ["accepted 2", "queued null", "queued null"]),
            ("00:01:01Z", ["accepted 2", "accepted 3", "queued null"]),
            ("00:01:59Z", ["accepted 2", "accepted 3", "queued null"]),
            ("00:02:00Z", ["accepted 2", "accepted 3", "accepted 4"]),
        ] {
            life.tick_at(&format!("2027-03-01T{at}")).await;
            let all = firings(&life, &waits).await;
            assert_eq!(told(&life, &all[2..]).await, expected, "{at}");
        }
        publish(&life, "skips", 109, json!({ "n": 9 })).await;
        let all = firings(&life, &skips).await;
        assert_eq!(told(&life, &all[5..]).await, ["accepted 9"]);
    });
}

#[test]
fn the_same_key_within_its_window_is_a_duplicate() {
    let world = World::at("2027-03-01T00:00:00Z");
    let windows = json!({ "dedupe": { "key": "{{ trigger.data.order }}", "window": "1h" } });
    let id = world.life(async |life| {
        let id = life
            .active(&document("orders", &windows, "{{ trigger.data.n }}"))
            .await;
        publish(&life, "orders", 1, json!({ "n": 1, "order": "a" })).await;
        publish(&life, "orders", 2, json!({ "n": 2, "order": "b" })).await;
        let again = publish(&life, "orders", 3, json!({ "n": 3, "order": "a" })).await;
        assert_eq!(again["runs"], json!([]));
        publish(&life, "orders", 4, json!({ "n": 4 })).await;
        id
    });
    world.life(async |life| {
        life.tick_at("2027-03-01T00:59:59Z").await;
        publish(&life, "orders", 5, json!({ "n": 5, "order": "a" })).await;
        life.tick_at("2027-03-01T01:00:00Z").await;
        publish(&life, "orders", 6, json!({ "n": 6, "order": "a" })).await;
        let all = firings(&life, &id).await;
        assert_eq!(
            told(&life, &all).await,
            [
                "accepted 1",
                "accepted 2",
                "duplicate 1",
                "rejected null",
                "duplicate 1",
                "accepted 6"
            ]
        );
        assert!(all[2]["reason"].as_str().unwrap().contains("\"a\""));
    });
}

#[test]
fn what_waits_does_not_outlive_its_trigger_and_a_pause_keeps_it() {
    let world = World::at("2027-03-01T00:00:00Z");
    let windows = json!({ "debounce": { "delay": "10s" } });
    world.life(async |life| {
        let id = life
            .active(&document("stopped", &windows, "{{ trigger.data.n }}"))
            .await;
        publish(&life, "stopped", 1, json!({ "n": 1 })).await;
        let trigger = life.triggers_of(&id).await.remove(0);
        let path = format!("/triggers/{}", trigger["id"].as_str().unwrap());
        life.post(&format!("{path}/pause"), &json!({})).await;
        life.tick_at("2027-03-01T00:05:00Z").await;
        assert_eq!(
            told(&life, &firings(&life, &id).await).await,
            ["queued null"]
        );
        life.post(&format!("{path}/resume"), &json!({})).await;
        life.triggers.tick().await;
        assert_eq!(
            told(&life, &firings(&life, &id).await).await,
            ["accepted 1"]
        );
        publish(&life, "stopped", 2, json!({ "n": 2 })).await;
        life.post(&format!("/automations/{id}/deactivate"), &json!({}))
            .await;
        life.tick_at("2027-03-01T00:06:00Z").await;
        life.post(&format!("/automations/{id}/activate"), &json!({}))
            .await;
        let all = firings(&life, &id).await;
        assert_eq!(told(&life, &all[1..]).await, ["skipped null"]);
        assert_eq!(all[1]["reason"], "the trigger was stopped while it waited");
    });
}

#[test]
fn an_event_that_a_pause_kept_out_is_told_and_can_come_again() {
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        let id = life
            .active(&document("held", &json!({}), "{{ trigger.data.n }}"))
            .await;
        let trigger = life.triggers_of(&id).await.remove(0);
        let path = format!("/triggers/{}", trigger["id"].as_str().unwrap());
        life.post(&format!("{path}/pause"), &json!({ "reason": "moving" }))
            .await;
        let taken = publish(&life, "held", 1, json!({ "n": 1 })).await;
        assert_eq!(taken["runs"], json!([]));
        let event = life
            .get(&format!("/events/{}", taken["id"].as_str().unwrap()))
            .await;
        assert_eq!(event["firings"][0]["status"], "skipped");
        assert_eq!(event["firings"][0]["reason"], "the trigger is paused");
        life.post(&format!("{path}/resume"), &json!({})).await;
        // The same event again starts nothing; whoever wants it replays it.
        let again = publish(&life, "held", 1, json!({ "n": 1 })).await;
        assert_eq!(again, taken);
        let firing = event["firings"][0]["id"].as_str().unwrap();
        let replay = format!("{path}/firings/{firing}/replay");
        let replayed = life.post(&replay, &json!({})).await;
        assert_eq!(replayed["status"], "accepted");
        let all = firings(&life, &id).await;
        assert_eq!(told(&life, &all).await, ["skipped null", "accepted 1"]);
    });
}

#[test]
fn a_removed_automation_leaves_nothing_behind() {
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        let windows = json!({ "dedupe": { "key": "{{ trigger.data.n }}", "window": "1h" }, "batch": { "count": 9, "time": "1h" } });
        let gone = life.active(&document("gone", &windows, "{{ trigger.items }}")).await;
        let stays = life.active(&document("stays", &windows, "{{ trigger.items }}")).await;
        for (name, first) in [("gone", 0), ("stays", 10)] {
            for n in 0..3 {
                publish(&life, name, first + n, json!({ "n": n % 2 })).await;
            }
        }
        life.post(&format!("/automations/{gone}/deactivate"), &json!({})).await;
        let (status, _) = life.call("DELETE", &format!("/automations/{gone}"), &Value::Null).await;
        assert!(status.is_success());
        life.triggers.tick().await;
        life.triggers.sweep_removed().await.unwrap();
        let kept = firings(&life, &stays).await;
        assert_eq!(kept.len(), 3);
        let trigger = kept[0]["trigger_id"].as_str().unwrap().to_owned();
        fn of_others<E: druse_storage::Entity>(life: &Life, trigger: &str) -> Vec<String> {
            use druse_storage::StoreExt as _;
            let rows: Vec<E> = life.triggers.store().scan(&druse_storage::Scan {
                limit: 1_000,
                ..druse_storage::Scan::default()
            }).unwrap();
            let keys = rows.iter().map(E::key);
            keys.filter(|key| !key.starts_with(trigger)).collect()
        }
        let none: Vec<String> = Vec::new();
        assert_eq!(of_others::<druse_storage::Firing>(&life, &trigger), none);
        assert_eq!(of_others::<druse_storage::FiringKey>(&life, &trigger), none);
        assert_eq!(of_others::<druse_storage::Window>(&life, &trigger), none);
        assert_eq!(of_others::<druse_storage::Held>(&life, &trigger), none);
    });
}
