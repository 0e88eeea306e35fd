//! Steps of the clock, forward and back, and restarts at any point.

use super::{World, quick};
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
