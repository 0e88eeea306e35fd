//! More in a window than one run takes: by count, by size, or because what came in parallel was let in before the
//! window was looked at.

use super::windows::{document, firings, publish, told, waiting};
use super::{Life, World};
use druse_storage::{
    Batch, Entity as _, Firing, FiringKey, FiringStatus, Held, Scan, StoreExt as _, Window,
};
use serde_json::{Value, json};

const START: &str = "2027-03-01T00:00:00Z";

fn rows<E: druse_storage::Entity>(life: &Life) -> Vec<E> {
    let all = Scan {
        limit: 10_000,
        ..Scan::default()
    };
    life.triggers.store().scan(&all).unwrap()
}

/// A window from which a part has left is looked at again with the next tick.
async fn ticks(life: &Life) {
    for _ in 0..4 {
        life.triggers.tick().await;
    }
}

/// What is there of each status.
async fn statuses(life: &Life, automation: &str, of: &str) -> usize {
    let trigger = life.triggers_of(automation).await.remove(0);
    let path = format!("/triggers/{}/firings", trigger["id"].as_str().unwrap());
    let mut found = 0;
    let mut after = String::new();
    loop {
        let page = life
            .get(&format!("{path}?limit=200&status={of}{after}"))
            .await;
        found += page["items"].as_array().unwrap().len();
        match page["next_cursor"].as_str() {
            Some(cursor) => after = format!("&cursor={cursor}"),
            None => return found,
        }
    }
}

#[test]
fn a_batch_is_never_larger_than_its_count() {
    let world = World::at(START);
    let windows = json!({ "batch": { "count": 3, "time": "1m" } });
    world.life(async |life| {
        let seen = "{{ trigger.items | map(attribute='data.n') | list }}";
        let id = life.active(&document("crowd", &windows, seen)).await;
        for n in 0..8 {
            publish(&life, "crowd", n, json!({ "n": n })).await;
        }
        ticks(&life).await;
        let all = firings(&life, &id).await;
        let three = |list| vec![format!("accepted {list}"); 3];
        let mut expected = [three("[0,1,2]"), three("[3,4,5]")].concat();
        expected.extend(["queued null".to_owned(), "queued null".to_owned()]);
        assert_eq!(told(&life, &all).await, expected);
        let waits = waiting(&life, &id).await;
        assert_eq!(waits[0]["held"], 2);
        assert_eq!(
            waits[0]["due"], "2027-03-01T00:01:00.000Z",
            "their own minute"
        );
        life.tick_at("2027-03-01T00:01:00Z").await;
        let all = firings(&life, &id).await;
        assert_eq!(
            told(&life, &all[6..]).await,
            ["accepted [6,7]", "accepted [6,7]"]
        );
        assert_eq!(waiting(&life, &id).await, json!([]));
        assert_eq!(rows::<Held>(&life), []);
    });
}

#[test]
fn what_is_too_large_for_one_run_becomes_several() {
    let world = World::at(START);
    let windows = json!({ "batch": { "count": 4, "time": "1m" } });
    world.life(async |life| {
        // What is seen is taken over whole: a run holds it twice.
        let mut document = document("large", &windows, "{{ trigger.items }}");
        document["outputs"]["seen"] = "{{ inputs.seen | length }}".into();
        document["steps"][0]["with"]["value"] = json!(1);
        let id = life.active(&document).await;
        let text = "x".repeat(700_000);
        for n in 0..4 {
            publish(&life, "large", n, json!({ "n": n, "text": text })).await;
        }
        ticks(&life).await;
        let all = firings(&life, &id).await;
        assert_eq!(told(&life, &all).await, ["accepted 2"; 4]);
        assert_eq!(all[0]["run_id"], all[1]["run_id"]);
        assert_ne!(all[1]["run_id"], all[2]["run_id"]);
        assert_eq!(rows::<Held>(&life), []);
    });
}

#[test]
fn what_a_batch_rejects_keeps_what_came_and_may_come_again() {
    let world = World::at(START);
    let windows = json!({ "batch": { "count": 2, "time": "1m" } });
    world.life(async |life| {
        let wrong = "{{ trigger.items[0].data.absent.deeper }}";
        let id = life.active(&document("wrong", &windows, wrong)).await;
        for n in 0..2 {
            publish(&life, "wrong", n, json!({ "n": n })).await;
        }
        assert_eq!(rows::<FiringKey>(&life).len(), 2);
        life.triggers.tick().await;
        let all = firings(&life, &id).await;
        assert_eq!(told(&life, &all).await, ["rejected null"; 2]);
        for (n, firing) in all.iter().enumerate() {
            let path = format!(
                "/triggers/{}/firings/{}",
                firing["trigger_id"].as_str().unwrap(),
                firing["id"].as_str().unwrap()
            );
            let shown = life.get(&path).await;
            assert_eq!(
                shown["payload"]["data"]["n"], n,
                "its own, not those of all"
            );
        }
        assert_eq!(rows::<FiringKey>(&life), []);
    });
}

#[test]
fn the_last_of_more_than_a_window_is_waited_for_starts_the_run() {
    const MANY: u64 = 1_204;
    let world = World::at(START);
    let windows = json!({ "debounce": { "delay": "10s" } });
    world.life(async |life| {
        let id = life
            .active(&document("storm", &windows, "{{ trigger.data.n }}"))
            .await;
        for n in 0..MANY {
            publish(&life, "storm", n, json!({ "n": n })).await;
        }
        life.set_clock("2027-03-01T00:00:20Z");
        ticks(&life).await;
        assert_eq!(rows::<Held>(&life), []);
        assert_eq!(statuses(&life, &id, "queued").await, 0);
        assert_eq!(statuses(&life, &id, "accepted").await, 1);
        // One of them did not pass `when`.
        assert_eq!(statuses(&life, &id, "skipped").await as u64, MANY - 2);
        let runs = life.get("/runs").await;
        let run = life.ended(&runs["items"][0]["id"]).await;
        assert_eq!(run["outputs"]["seen"], MANY - 1);
    });
}

#[test]
fn what_waits_in_a_window_that_is_not_there_starts_with_the_next_start() {
    let world = World::at(START);
    let windows =
        json!({ "batch": { "key": "{{ trigger.data.shop }}", "count": 9, "time": "1h" } });
    let id = world.life(async |life| {
        let seen = "{{ trigger.items | map(attribute='data.n') | list }}";
        let id = life.active(&document("lost", &windows, seen)).await;
        for n in 0..2 {
            publish(&life, "lost", n, json!({ "n": n, "shop": "a" })).await;
        }
        let windows: Vec<Window> = rows(&life);
        assert_eq!(windows.len(), 1);
        let gone = Batch::new().remove::<Window>(windows[0].key());
        life.triggers.append(gone).await.unwrap();
        id
    });
    world.life(async |life| {
        ticks(&life).await;
        let all: Vec<Value> = firings(&life, &id).await;
        assert_eq!(
            told(&life, &all).await,
            ["accepted [0,1]", "accepted [0,1]"]
        );
        assert_eq!(rows::<Held>(&life), []);
        assert_eq!(rows::<Window>(&life), []);
    });
}

/// A row whose firing is lost goes, whether the trigger is armed or off.
#[test]
fn what_waits_without_its_firing_is_removed() {
    for is_off in [false, true] {
        let world = World::at(START);
        let windows = json!({ "debounce": { "delay": "10s" } });
        world.life(async |life| {
            let id = life
                .active(&document("gone", &windows, "{{ trigger.data.n }}"))
                .await;
            for n in 0..2 {
                publish(&life, "gone", n, json!({ "n": n })).await;
            }
            let held: Vec<Held> = rows(&life);
            assert_eq!(held.len(), 2);
            let trigger = rows::<Window>(&life)[0].trigger;
            let lost = Firing::key_of(trigger, held[0].firing);
            let gone = Batch::new().remove::<Firing>(lost);
            life.triggers.append(gone).await.unwrap();
            if is_off {
                life.post(&format!("/automations/{id}/deactivate"), &json!({}))
                    .await;
            }
            life.set_clock("2027-03-01T00:00:20Z");
            ticks(&life).await;
            assert_eq!(rows::<Held>(&life), [], "off: {is_off}");
            assert_eq!(rows::<Window>(&life), [], "off: {is_off}");
            let firings: Vec<Firing> = rows(&life);
            let statuses: Vec<FiringStatus> = firings.iter().map(|one| one.status).collect();
            let expected = if is_off {
                FiringStatus::Skipped
            } else {
                FiringStatus::Accepted
            };
            assert_eq!(statuses, [expected], "off: {is_off}");
        });
    }
}
