//! Watched folders: what comes while somebody looks, while nobody does, and while the process dies.

use super::{Life, World};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// A document whose runs tell the path, and read the file through the same connection.
fn intake(name: &str, files: Value) -> Value {
    let mut trigger = json!({ "id": "inbox", "inputs": { "path": "{{ trigger.path }}" } });
    let known = ["when", "dedupe", "debounce", "batch", "throttle", "inputs"];
    let mut watch = json!({ "connection": "inbox" });
    for (key, value) in files.as_object().unwrap() {
        let place = if known.contains(&key.as_str()) {
            &mut trigger
        } else {
            &mut watch
        };
        place[key] = value.clone();
    }
    trigger["files"] = watch;
    json!({
        "druse": 1, "name": name, "inputs": { "path": {} }, "triggers": [trigger],
        "steps": [{ "id": "read", "action": "file", "with": {
            "connection": "inbox", "op": "read", "path": "{{ inputs.path }}", "encoding": "text" } }],
        "outputs": { "path": "{{ inputs.path }}", "text": "{{ steps.read.output.text }}" },
    })
}

async fn connect(life: &Life, folder: &Path) {
    let connection = json!({ "kind": "folder", "path": folder });
    let (status, answer) = life.call("PUT", "/connections/inbox", &connection).await;
    assert!(status.is_success(), "{answer}");
}

async fn the_trigger(life: &Life, automation: &str) -> Value {
    life.triggers_of(automation).await.remove(0)
}

/// What became of what came: `status path`, oldest first.
async fn told(life: &Life, automation: &str) -> Vec<String> {
    let trigger = the_trigger(life, automation).await;
    let mut told = Vec::new();
    for firing in life.firings(&trigger).await {
        let key = firing["key"].as_str().unwrap();
        let (event, rest) = key.split_once('/').unwrap();
        let path = rest.split_once('/').unwrap().1;
        told.push(format!(
            "{} {event} {path}",
            firing["status"].as_str().unwrap()
        ));
    }
    told
}

#[test]
fn a_file_starts_one_run_once_it_is_complete_whoever_looked_when() {
    let inbox = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| fs::write(inbox.path().join(name), text).unwrap();
    put("there.csv", "before");
    let world = World::at("2027-03-01T00:00:00Z");
    let automation = world.life(async |life| {
        connect(&life, inbox.path()).await;
        let document = intake("intake", json!({ "pattern": "*.csv", "settle": "5s" }));
        let id = life.active(&document).await;
        put("a.csv", "one");
        put("b.csv.part", "half");
        put(".c.csv", "hidden");
        put("d.txt", "other");
        fs::create_dir(inbox.path().join("deep.csv")).unwrap();
        put("deep.csv/e.csv", "inside");
        life.tick_at("2027-03-01T00:00:01Z").await;
        assert_eq!(
            told(&life, &id).await,
            Vec::<String>::new(),
            "it may be written to yet"
        );
        put("a.csv", "one and two");
        life.tick_at("2027-03-01T00:00:06Z").await;
        assert_eq!(told(&life, &id).await, Vec::<String>::new(), "it was");
        life.tick_at("2027-03-01T00:00:11Z").await;
        life.tick_at("2027-03-01T00:01:00Z").await;
        assert_eq!(told(&life, &id).await, ["accepted complete a.csv"]);
        let trigger = the_trigger(&life, &id).await;
        let firing = &trigger["last_firing"];
        let run = life.ended(&firing["run_id"]).await;
        assert_eq!(
            run["outputs"],
            json!({ "path": "a.csv", "text": "one and two" })
        );
        assert_eq!(run["cause"]["kind"], "files");
        assert_eq!(run["cause"]["path"], "a.csv");
        assert_eq!(trigger["kind"], "files");
        assert_eq!(trigger["lookout"]["found"], 2);
        assert_eq!(trigger["lookout"]["next_at"], "2027-03-01T00:01:30.000Z");
        let runs = life.get("/runs?cause=files").await;
        assert_eq!(runs["items"].as_array().unwrap().len(), 1);
        id
    });
    // Nobody looks.
    put("f.csv", "while it was down");
    fs::remove_file(inbox.path().join("there.csv")).unwrap();
    world.life(async |life| {
        life.tick_at("2027-03-01T01:00:00Z").await;
        assert_eq!(told(&life, &automation).await.len(), 1);
    });
    // It died before the file had settled: what was seen of it was not forgotten.
    world.life(async |life| {
        life.tick_at("2027-03-01T01:00:05Z").await;
        assert_eq!(
            told(&life, &automation).await,
            ["accepted complete a.csv", "accepted complete f.csv"]
        );
        // Deleted and made anew, with the same content: another file.
        let path = inbox.path().join("a.csv");
        fs::rename(&path, inbox.path().join("a.old")).unwrap();
        put("a.csv", "one and two");
        put("there.csv", "new at this place");
        life.tick_at("2027-03-01T01:01:00Z").await;
        life.tick_at("2027-03-01T01:01:10Z").await;
        assert_eq!(
            told(&life, &automation).await[2..],
            ["accepted complete a.csv", "accepted complete there.csv"]
        );
    });
}

#[test]
fn links_lead_nowhere_and_folders_inside_only_where_that_is_said() {
    let (inbox, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::create_dir_all(inbox.path().join("in/deep")).unwrap();
    fs::create_dir(inbox.path().join("in/.git")).unwrap();
    fs::write(outside.path().join("secret.csv"), "secret").unwrap();
    symlink(
        outside.path().join("secret.csv"),
        inbox.path().join("in/link.csv"),
    )
    .unwrap();
    symlink(outside.path(), inbox.path().join("in/away")).unwrap();
    symlink(inbox.path().join("in"), inbox.path().join("around")).unwrap();
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        connect(&life, inbox.path()).await;
        let watch =
            json!({ "path": "in", "recursive": true, "on": ["new", "changed"], "existing": true });
        let id = life.active(&intake("deep", watch)).await;
        let round = life
            .active(&intake(
                "round",
                json!({ "path": "around", "on": "new", "existing": true }),
            ))
            .await;
        fs::write(inbox.path().join("in/deep/a.csv"), "a").unwrap();
        fs::write(inbox.path().join("in/.git/b.csv"), "b").unwrap();
        life.tick_at("2027-03-01T00:00:01Z").await;
        assert_eq!(told(&life, &id).await, ["accepted new in/deep/a.csv"]);
        fs::write(inbox.path().join("in/deep/a.csv"), "and more").unwrap();
        life.tick_at("2027-03-01T00:01:00Z").await;
        assert_eq!(
            told(&life, &id).await[1..],
            ["accepted changed in/deep/a.csv"]
        );
        let round = the_trigger(&life, &round).await;
        let error = round["lookout"]["error"].as_str().unwrap();
        assert!(error.contains("symbolic link"), "{error}");
    });
}

#[test]
fn many_files_at_once_are_as_many_runs() {
    let inbox = tempfile::tempdir().unwrap();
    let world = World::at("2027-03-01T00:00:00Z");
    let automation = world.life(async |life| {
        connect(&life, inbox.path()).await;
        let id = life
            .active(&intake("many", json!({ "settle": "0s" })))
            .await;
        for n in 0..1_000 {
            fs::write(inbox.path().join(format!("{n:04}.csv")), n.to_string()).unwrap();
        }
        life.tick_at("2027-03-01T00:00:01Z").await;
        id
    });
    world.life(async |life| {
        life.tick_at("2027-03-01T00:01:00Z").await;
        let firings = life.firings(&the_trigger(&life, &automation).await).await;
        let runs: BTreeSet<&str> = firings
            .iter()
            .filter_map(|one| one["run_id"].as_str())
            .collect();
        assert_eq!((firings.len(), runs.len()), (1_000, 1_000));
    });
}

#[test]
fn a_folder_that_is_not_there_is_told_and_what_came_is_found_later() {
    let parent = tempfile::tempdir().unwrap();
    let inbox = parent.path().join("inbox");
    let world = World::at("2027-03-01T00:00:00Z");
    let automation = world.life(async |life| {
        connect(&life, &inbox).await;
        let id = life
            .active(&intake("gone", json!({ "on": "new", "existing": true })))
            .await;
        life.tick_at("2027-03-01T00:00:01Z").await;
        let trigger = the_trigger(&life, &id).await;
        assert_eq!(trigger["findings"][0]["code"], "trigger_failing");
        assert_eq!(trigger["findings"][0]["severity"], "warning");
        let doctor = life.get("/doctor").await;
        assert!(doctor.to_string().contains("trigger_failing"), "{doctor}");
        for minute in 1..=6 {
            life.tick_at(&format!("2027-03-01T00:0{minute}:01Z")).await;
        }
        let trigger = the_trigger(&life, &id).await;
        assert_eq!(trigger["findings"][0]["severity"], "error");
        assert_eq!(trigger["lookout"]["failures"], 7);
        let events = life.get("/events?type=trigger.failing").await;
        assert_eq!(events["items"].as_array().unwrap().len(), 1, "{events}");
        id
    });
    fs::create_dir(&inbox).unwrap();
    fs::write(inbox.join("a.csv"), "a").unwrap();
    world.life(async |life| {
        life.tick_at("2027-03-01T00:07:01Z").await;
        assert_eq!(told(&life, &automation).await, ["accepted new a.csv"]);
        let trigger = the_trigger(&life, &automation).await;
        assert_eq!(trigger["findings"], json!([]));
        let events = life.get("/events?type=trigger.recovered").await;
        assert_eq!(events["items"].as_array().unwrap().len(), 1, "{events}");
    });
}

#[test]
fn a_pause_keeps_what_came_for_later_and_an_activation_begins_anew() {
    let inbox = tempfile::tempdir().unwrap();
    let put = |name: &str| fs::write(inbox.path().join(name), name).unwrap();
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        connect(&life, inbox.path()).await;
        let id = life.active(&intake("paused", json!({ "on": "new" }))).await;
        let trigger = the_trigger(&life, &id).await;
        let path = format!("/triggers/{}", trigger["id"].as_str().unwrap());
        life.post(&format!("{path}/pause"), &json!({})).await;
        put("a.csv");
        life.tick_at("2027-03-01T00:01:00Z").await;
        assert_eq!(told(&life, &id).await, Vec::<String>::new());
        life.post(&format!("{path}/resume"), &json!({})).await;
        life.tick_at("2027-03-01T00:02:00Z").await;
        assert_eq!(told(&life, &id).await, ["accepted new a.csv"]);
        life.post(&format!("/automations/{id}/deactivate"), &json!({}))
            .await;
        put("b.csv");
        life.post(&format!("/automations/{id}/activate"), &json!({}))
            .await;
        put("c.csv");
        life.tick_at("2027-03-01T00:03:00Z").await;
        assert_eq!(told(&life, &id).await[1..], ["accepted new c.csv"]);
        let answer = life
            .post(
                &format!("{path}/fire"),
                &json!({ "trigger": { "path": "a.csv" } }),
            )
            .await;
        let run = life.ended(&answer["run_id"]).await;
        assert_eq!(run["outputs"]["text"], "a.csv");
    });
}

#[test]
fn filters_windows_and_digests_go_with_files() {
    let inbox = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| fs::write(inbox.path().join(name), text).unwrap();
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        connect(&life, inbox.path()).await;
        let watch = json!({
            "on": "new", "digest": true, "when": "trigger.size > 2",
            "dedupe": { "key": "{{ trigger.digest }}" },
        });
        let id = life.active(&intake("unique", watch)).await;
        let watch = json!({
            "on": "new", "batch": { "count": 100, "time": "10s" },
            "inputs": { "path": "{{ trigger.items | map(attribute='name') | join(' ') }}" },
        });
        let mut document = intake("batched", watch);
        document["steps"] =
            json!([{ "id": "note", "action": "transform", "with": { "value": 1 } }]);
        document["outputs"] = json!({ "path": "{{ inputs.path }}" });
        let batched = life.active(&document).await;
        put("a.csv", "same");
        put("b.csv", "same");
        put("c.csv", "no");
        life.tick_at("2027-03-01T00:00:01Z").await;
        assert_eq!(
            told(&life, &id).await,
            [
                "accepted new a.csv",
                "duplicate new b.csv",
                "filtered new c.csv"
            ]
        );
        life.tick_at("2027-03-01T00:00:20Z").await;
        let firings = life.firings(&the_trigger(&life, &batched).await).await;
        assert_eq!(firings.len(), 3);
        let run = life.ended(&firings[0]["run_id"]).await;
        assert_eq!(run["outputs"]["path"], "a.csv b.csv c.csv");
        let trigger = the_trigger(&life, &id).await;
        let firing = life.firings(&trigger).await.remove(2);
        let (trigger, firing) = (
            trigger["id"].as_str().unwrap(),
            firing["id"].as_str().unwrap(),
        );
        let kept = life
            .get(&format!("/triggers/{trigger}/firings/{firing}"))
            .await;
        assert_eq!(kept["payload"]["name"], "c.csv");
        assert_eq!(kept["payload"]["event"], "new");
    });
}

#[test]
fn whatever_is_written_and_whenever_it_dies_each_file_that_stays_has_one_run() {
    use proptest::prelude::*;
    use proptest::test_runner::{Config, RngSeed, TestRunner};
    #[derive(Debug, Clone)]
    enum Does {
        Write(u8),
        Remove(u8),
        Clock(i64),
        Die,
    }
    let one = prop_oneof![
        4 => (0u8..5).prop_map(Does::Write),
        1 => (0u8..5).prop_map(Does::Remove),
        4 => (-5i64..40).prop_map(Does::Clock),
        2 => Just(Does::Die),
    ];
    let config = Config {
        cases: 12,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(11),
        ..Config::default()
    };
    let deeds = prop::collection::vec(one, 6..24);
    let outcome = TestRunner::new(config).run(&deeds, |deeds| {
        let inbox = tempfile::tempdir().unwrap();
        let world = World::at("2027-03-01T00:00:00Z");
        let automation = world.life(async |life| {
            connect(&life, inbox.path()).await;
            // Read by the run, it could have changed since.
            let watch = json!({
                "settle": "3s", "every": "1s",
                "inputs": { "path": "{{ trigger.path }} {{ trigger.size }}" },
            });
            let mut document = intake("steady", watch);
            document["steps"] =
                json!([{ "id": "note", "action": "transform", "with": { "value": 1 } }]);
            document["outputs"] = json!({ "path": "{{ inputs.path }}" });
            life.active(&document).await
        });
        // Each content that is written is longer than all before: its name and its size tell it.
        let mut there: BTreeMap<u8, String> = BTreeMap::new();
        let mut written = BTreeSet::new();
        let mut number = 0;
        for life in deeds.split(|does| matches!(does, Does::Die)) {
            world.life(async |at_work| {
                at_work.triggers.tick().await;
                for does in life {
                    let path = |name: &u8| inbox.path().join(format!("f{name}"));
                    match does {
                        Does::Write(name) => {
                            number += 1;
                            let text = format!("f{name} {number}");
                            fs::write(path(name), "x".repeat(number)).unwrap();
                            written.insert(text.clone());
                            there.insert(*name, text);
                        }
                        Does::Remove(name) => {
                            let _ = fs::remove_file(path(name));
                            there.remove(name);
                        }
                        Does::Clock(seconds) => {
                            at_work
                                .clock
                                .fetch_add(seconds * 1_000, std::sync::atomic::Ordering::SeqCst);
                            at_work.triggers.tick().await;
                        }
                        Does::Die => {}
                    }
                }
            });
        }
        let texts = world.life(async |life| {
            life.tick_at("2027-03-02T00:00:00Z").await;
            life.tick_at("2027-03-02T00:00:30Z").await;
            let mut texts: BTreeMap<String, usize> = BTreeMap::new();
            for firing in life.firings(&the_trigger(&life, &automation).await).await {
                let run = life.ended(&firing["run_id"]).await;
                if let Some(text) = run["outputs"]["path"].as_str() {
                    *texts.entry(text.to_owned()).or_default() += 1;
                }
            }
            texts
        });
        for text in there.values() {
            prop_assert_eq!(texts.get(text), Some(&1), "{} of {:?}", text, texts);
        }
        prop_assert!(texts.keys().all(|text| written.contains(text)));
        Ok(())
    });
    outcome.unwrap();
}
