use super::{World, gated, quick, shown};
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[test]
fn a_time_fires_once_with_its_logical_time_and_its_lateness() {
    let world = World::at("2027-03-01T06:59:00Z");
    let automation = world.life(async |life| {
        let schedule = json!({ "cron": "0 7 * * *" });
        let id = life
            .active(&quick(
                "daily",
                json!([{ "id": "mornings", "schedule": schedule }]),
            ))
            .await;
        life.tick_at("2027-03-01T06:59:59.999Z").await;
        let trigger = life.triggers_of(&id).await.remove(0);
        assert_eq!(
            life.firings(&trigger).await,
            Vec::<Value>::new(),
            "never early"
        );
        assert_eq!(trigger["next"][0], "2027-03-01T07:00:00.000Z");
        assert_eq!(trigger["upcoming"][0]["local"], "2027-03-01T07:00:00+00:00");
        assert_eq!(trigger["findings"], json!([]));
        life.tick_at("2027-03-01T07:00:01.500Z").await;
        life.tick_at("2027-03-01T07:00:30Z").await;
        let firings = life.firings(&trigger).await;
        assert_eq!(shown(&firings), ["accepted 2027-03-01T07:00:00.000Z"]);
        assert_eq!(firings[0]["late_ms"], 1_500);
        let id_of_trigger = trigger["id"].as_str().unwrap();
        let key = format!("{id_of_trigger}@2027-03-01T07:00:00.000Z");
        assert_eq!(firings[0]["key"], key.as_str());
        let run = life.ended(&firings[0]["run_id"]).await;
        assert_eq!(run["outputs"]["at"], "2027-03-01T07:00:00.000Z");
        assert_eq!(run["cause"]["kind"], "schedule");
        id
    });
    // The next life makes up for the latest of what it missed, and says how late that is.
    world.life(async |life| {
        life.tick_at("2027-03-04T10:00:00Z").await;
        let trigger = life.triggers_of(&automation).await.remove(0);
        let firings = life.firings(&trigger).await;
        assert_eq!(
            shown(&firings),
            [
                "accepted 2027-03-01T07:00:00.000Z",
                "skipped 2027-03-02T07:00:00.000Z",
                "skipped 2027-03-03T07:00:00.000Z",
                "accepted 2027-03-04T07:00:00.000Z"
            ]
        );
        assert_eq!(trigger["findings"][0]["code"], "schedule_late");
        let message = trigger["findings"][0]["message"].as_str().unwrap();
        assert!(message.ends_with("3 h late"), "{message}");
    });
}

#[test]
fn a_time_that_nobody_makes_up_for_is_told_to_be_missed() {
    let world = World::at("2027-03-01T06:59:00Z");
    world.life(async |life| {
        let schedule = json!({ "cron": "0 7 * * *", "catch_up": "none" });
        let triggers = json!([{ "id": "mornings", "schedule": schedule }]);
        let id = life.active(&quick("daily", triggers)).await;
        life.tick_at("2027-03-01T10:00:00Z").await;
        let trigger = life.triggers_of(&id).await.remove(0);
        let firings = life.firings(&trigger).await;
        assert_eq!(shown(&firings), ["skipped 2027-03-01T07:00:00.000Z"]);
        let found = &trigger["findings"][0];
        assert_eq!(found["code"], "schedule_missed", "{trigger:#}");
        assert!(!found["help"].as_str().unwrap().is_empty());
    });
}

#[test]
fn a_schedule_that_stopped_is_told_from_its_definition_alone() {
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        let schedule = json!({ "every": "10m" });
        let id = life
            .active(&quick(
                "often",
                json!([{ "id": "ticks", "schedule": schedule }]),
            ))
            .await;
        life.set_clock("2027-03-01T00:10:59Z");
        let trigger = life.triggers_of(&id).await.remove(0);
        assert_eq!(
            trigger["findings"],
            json!([]),
            "a minute is not missing yet"
        );
        // Nobody keeps the schedules in this life, as if the keeper had died.
        life.set_clock("2027-03-01T00:11:01Z");
        let trigger = life.triggers_of(&id).await.remove(0);
        assert_eq!(trigger["findings"][0]["code"], "schedule_overdue");
        assert_eq!(life.triggers.overdue(), 1);
        // The watch puts it on the agenda again.
        life.triggers
            .0
            .schedules
            .take(super::time("2028-01-01T00:00:00Z"));
        life.triggers.look_for_missing().await;
        life.triggers.tick().await;
        assert_eq!(life.triggers.overdue(), 0);
        assert_eq!(
            shown(&life.firings(&trigger).await),
            ["accepted 2027-03-01T00:10:00.000Z"]
        );
    });
}

#[test]
fn overlaps_are_dealt_with_as_the_schedule_says() {
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        let policies = ["allow", "cancel_running", "queue", "queue_one", "skip"];
        let mut triggers = Vec::new();
        for policy in policies {
            let schedule = json!({ "every": "1h", "overlap": policy });
            let document = gated(policy, json!([{ "id": "hours", "schedule": schedule }]));
            let id = life.active(&document).await;
            triggers.push(life.triggers_of(&id).await.remove(0));
        }
        for hour in 1..=4 {
            life.tick_at(&format!("2027-03-01T0{hour}:00:00Z")).await;
        }
        let mut all = Vec::new();
        for trigger in &triggers {
            let statuses: Vec<String> = life
                .firings(trigger)
                .await
                .iter()
                .map(|firing| firing["status"].as_str().unwrap().to_owned())
                .collect();
            all.push(statuses.join(" "));
        }
        assert_eq!(
            all,
            [
                "accepted accepted accepted accepted",
                "accepted accepted accepted accepted",
                "accepted queued queued queued",
                "accepted queued skipped skipped",
                "accepted skipped skipped skipped",
            ]
        );
        let canceled = life.firings(&triggers[1]).await;
        for firing in &canceled[..3] {
            assert_eq!(life.ended(&firing["run_id"]).await["status"], "canceled");
        }
        let skipped = life.firings(&triggers[4]).await;
        let reason = skipped[1]["reason"].as_str().unwrap();
        assert!(reason.contains("has not ended"), "{reason}");
    });
    // What waits goes on waiting over a restart, and starts when the run before it is over.
    world.life(async |life| {
        let queue = life.get("/automations?name=queue").await["items"][0]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let trigger = life.triggers_of(&queue).await.remove(0);
        for started in 1..=3 {
            let firings = life.firings(&trigger).await;
            let accepted: Vec<&Value> = firings
                .iter()
                .filter(|firing| firing["status"] == "accepted")
                .collect();
            assert_eq!(accepted.len(), started);
            let run = accepted[started - 1]["run_id"].as_str().unwrap();
            life.post(&format!("/runs/{run}/cancel"), &json!({})).await;
            life.until("the next of the queue", async || {
                life.triggers.tick().await;
                let firings = life.firings(&trigger).await;
                let accepted = firings.iter().filter(|f| f["status"] == "accepted");
                (accepted.count() == started + 1).then_some(())
            })
            .await;
        }
    });
}

#[test]
fn a_paused_schedule_keeps_its_reason_and_makes_up_for_nothing() {
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        let schedule = json!({ "every": "1h", "catch_up": "all" });
        let id = life
            .active(&quick(
                "paused",
                json!([{ "id": "hours", "schedule": schedule }]),
            ))
            .await;
        let trigger = life.triggers_of(&id).await.remove(0);
        let path = format!("/triggers/{}", trigger["id"].as_str().unwrap());
        let paused = life
            .post(
                &format!("{path}/pause"),
                &json!({ "reason": "moving house" }),
            )
            .await;
        assert_eq!(
            (&paused["status"], &paused["reason"]),
            (&json!("paused"), &json!("moving house"))
        );
        life.tick_at("2027-03-01T05:30:00Z").await;
        life.post(&format!("{path}/resume"), &json!({})).await;
        life.tick_at("2027-03-01T06:00:00Z").await;
        assert_eq!(
            shown(&life.firings(&trigger).await),
            ["accepted 2027-03-01T06:00:00.000Z"]
        );
    });
}

#[test]
fn jitter_and_calendars_hold_at_work() {
    let world = World::at("2027-12-24T06:00:00Z");
    world.life(async |life| {
        let triggers: Vec<Value> = (0..40)
            .map(|n| {
                json!({ "id": format!("t{n:02}"), "schedule": {
                    "cron": "0 7 * * *", "jitter": "1h", "skip": ["12-25"], "end": "2027-12-26" } })
            })
            .collect();
        let id = life.active(&quick("spread", json!(triggers))).await;
        let triggers = life.triggers_of(&id).await;
        let delays: BTreeSet<&str> = triggers
            .iter()
            .map(|trigger| trigger["delay"].as_str().unwrap())
            .collect();
        assert!(delays.len() > 35, "{delays:?}");
        life.tick_at("2027-12-24T07:30:00Z").await;
        let mut fired = 0;
        for trigger in &triggers {
            fired += life.firings(trigger).await.len();
        }
        assert!(
            (8..=32).contains(&fired),
            "{fired} of 40 after half of the jitter"
        );
        for hours in ["24T08:00:00", "25T12:00:00", "26T08:00:00", "27T12:00:00"] {
            life.tick_at(&format!("2027-12-{hours}Z")).await;
        }
        for trigger in &life.triggers_of(&id).await {
            assert_eq!(
                shown(&life.firings(trigger).await),
                [
                    "accepted 2027-12-24T07:00:00.000Z",
                    "accepted 2027-12-26T07:00:00.000Z"
                ]
            );
            let findings = trigger["findings"].as_array().unwrap();
            assert_eq!(findings.last().unwrap()["code"], "schedule_over");
        }
    });
}

#[test]
fn two_thousand_schedules_of_one_second_all_fire() {
    let world = World::at("2027-03-01T06:59:00Z");
    world.life(async |life| {
        let mut automations = Vec::new();
        for automation in 0..5 {
            let triggers: Vec<Value> = (0..400)
                .map(|n| {
                    json!({ "id": format!("t{n:03}"), "schedule": { "cron": "0 7 * * *", "overlap": "allow" } })
                })
                .collect();
            let name = format!("many-{automation}");
            automations.push(life.active(&quick(&name, json!(triggers))).await);
        }
        life.tick_at("2027-03-01T07:00:00Z").await;
        let mut runs = BTreeSet::new();
        for automation in &automations {
            for trigger in life.triggers_of(automation).await {
                let last = &trigger["last_firing"];
                assert_eq!(last["status"], "accepted", "{trigger}");
                runs.insert(last["run_id"].as_str().unwrap().to_owned());
            }
        }
        assert_eq!(runs.len(), 2_000, "each has a run of its own");
    });
}

#[test]
fn a_preview_shows_what_a_schedule_would_do() {
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        let body = json!({
            "schedule": { "cron": "30 2 * * *", "timezone": "Europe/Berlin" },
            "from": "2027-03-27T12:00:00Z", "n": 2,
        });
        let preview = life.post("/triggers/preview", &body).await;
        assert_eq!(preview["items"][0]["local"], "2027-03-28T03:00:00+02:00");
        assert!(
            preview["items"][0]["note"]
                .as_str()
                .unwrap()
                .contains("gap")
        );
        assert_eq!(preview["items"][1]["local"], "2027-03-29T02:30:00+02:00");
        let wrong = json!({ "schedule": { "cron": "0 0 31 2 *" } });
        let (status, problem) = life.call("POST", "/triggers/preview", &wrong).await;
        assert_eq!(status, 422);
        assert_eq!(problem["findings"][0]["path"], "/cron");
    });
}
