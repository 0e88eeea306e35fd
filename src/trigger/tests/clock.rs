//! Steps of the clock, forward and back, and restarts at any point.

use super::{World, quick, shown};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

#[derive(Debug, Clone, Copy)]
enum Happens {
    /// The clock shows so many milliseconds more, or less.
    Clock(i64),
    /// The process dies and comes back.
    Restart,
}

fn happenings() -> impl Strategy<Value = Vec<Happens>> {
    let one = prop_oneof![
        8 => (0i64..900_000).prop_map(Happens::Clock),
        1 => (3_600_000i64..10_000_000).prop_map(Happens::Clock),
        2 => (-10_000_000i64..0).prop_map(Happens::Clock),
        1 => (-59_000i64..0).prop_map(Happens::Clock),
        2 => Just(Happens::Restart),
    ];
    prop::collection::vec(one, 4..16)
}

#[test]
fn no_firing_is_lost_and_none_comes_twice() {
    let config = Config {
        cases: 24,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(4),
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&happenings(), |happenings| {
        let world = World::at("2027-03-01T00:00:00Z");
        let start = world.clock.load(Ordering::SeqCst);
        let mut furthest = start;
        let automation = world.life(async |life| {
            let schedule = json!({ "every": "10m", "catch_up": "all", "overlap": "allow" });
            life.active(&quick(
                "steady",
                json!([{ "id": "ticks", "schedule": schedule }]),
            ))
            .await
        });
        for life in happenings.split(|happens| matches!(happens, Happens::Restart)) {
            world.life(async |at_work| {
                at_work.triggers.tick().await;
                for happens in life {
                    if let Happens::Clock(step) = happens {
                        let now = at_work.clock.fetch_add(*step, Ordering::SeqCst) + step;
                        furthest = furthest.max(now);
                        at_work.triggers.tick().await;
                    }
                }
            });
        }
        let firings = world.life(async |life| {
            life.clock.store(furthest, Ordering::SeqCst);
            life.triggers.tick().await;
            let trigger = life.triggers_of(&automation).await.remove(0);
            life.firings(&trigger).await
        });
        let mut runs: BTreeMap<String, u32> = BTreeMap::new();
        for firing in firings
            .iter()
            .filter(|firing| firing["status"] == "accepted")
        {
            let at = firing["scheduled_at"].as_str().unwrap().to_owned();
            *runs.entry(at).or_default() += 1;
        }
        let twice: Vec<_> = runs.iter().filter(|(_, count)| **count > 1).collect();
        prop_assert!(twice.is_empty(), "fired twice: {:?}", twice);
        for at in (start / 600_000 + 1)..=(furthest / 600_000) {
            let at = druse_engine::Timestamp(at * 600_000).to_string();
            prop_assert!(runs.contains_key(&at), "{} was lost", at);
        }
        Ok(())
    });
    outcome.unwrap();
}

/// The clock jumps a year ahead and comes back, while the process lives: nothing stands still for a year.
#[test]
fn a_clock_that_was_wrong_for_a_while_stops_nothing() {
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        let steady = quick(
            "steady",
            json!([{ "id": "ticks", "schedule": { "every": "10m", "overlap": "allow" } }]),
        );
        let steady = life.active(&steady).await;
        let seen = |name: &str, windows: serde_json::Value| {
            let mut trigger = json!({ "id": "events", "event": { "type": name } });
            for (key, value) in windows.as_object().unwrap() {
                trigger[key] = value.clone();
            }
            quick(name, json!([trigger]))
        };
        let calm = life
            .active(&seen("calm", json!({ "debounce": { "delay": "10s" } })))
            .await;
        let slow = life
            .active(&seen(
                "slow",
                json!({ "throttle": { "limit": 1, "per": "1m" } }),
            ))
            .await;
        life.tick_at("2027-03-01T00:10:00Z").await;
        life.tick_at("2028-03-01T00:05:00Z").await;
        // These come while the clock is wrong.
        for (name, id) in [("calm", 1), ("slow", 2), ("slow", 3)] {
            let event =
                json!({ "specversion": "1.0", "id": id.to_string(), "source": "/s", "type": name });
            life.post("/events", &event).await;
        }
        life.tick_at("2027-03-01T00:20:30Z").await;
        let only = async |id: &str| {
            let trigger = life.triggers_of(id).await.remove(0);
            life.firings(&trigger).await
        };
        let waiting = async |id: &str| life.triggers_of(id).await.remove(0)["waiting"].clone();
        assert_eq!(waiting(&calm).await, json!([]), "what waited has started");
        life.tick_at("2027-03-01T00:22:30Z").await;
        assert_eq!(waiting(&slow).await, json!([]));
        for (id, runs) in [(&calm, 1), (&slow, 2)] {
            let firings = only(id).await;
            let accepted = firings.iter().filter(|one| one["status"] == "accepted");
            assert_eq!(accepted.count(), runs, "{firings:#?}");
        }
        // A time that was passed over while the clock was wrong comes all the same, and so do the next ones.
        life.tick_at("2027-03-01T00:30:00Z").await;
        life.tick_at("2027-03-01T00:40:00Z").await;
        let firings = shown(&only(&steady).await);
        for at in ["00:10", "00:30", "00:40"] {
            let wanted = format!("accepted 2027-03-01T{at}:00.000Z");
            assert!(firings.contains(&wanted), "{wanted}: {firings:#?}");
        }
        let events = life.get("/events?type=schedule.clock_went_back").await;
        assert_eq!(events["items"].as_array().unwrap().len(), 1);
    });
}
