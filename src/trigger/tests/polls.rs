//! Polls: each new item of an answer is one run, whatever dies in between.

use super::{Life, World};
use crate::api::{Listener, serve};
use axum::extract::{RawQuery, State};
use axum::routing::get;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio_util::sync::CancellationToken;

/// A document whose runs tell the item.
fn asking(name: &str, poll: Value) -> Value {
    json!({
        "druse": 1, "name": name, "inputs": { "item": {} },
        "triggers": [{ "id": "asks", "poll": poll, "inputs": { "item": "{{ trigger.item }}" } }],
        "steps": [{ "id": "note", "action": "transform", "with": { "value": "{{ inputs.item }}" } }],
        "outputs": { "item": "{{ inputs.item }}" },
    })
}

async fn connect(life: &Life, name: &str, connection: Value) {
    let path = format!("/connections/{name}");
    let (status, answer) = life.call("PUT", &path, &connection).await;
    assert!(status.is_success(), "{answer}");
}

async fn the_trigger(life: &Life, automation: &str) -> Value {
    life.triggers_of(automation).await.remove(0)
}

/// What became of what came: `status key`, oldest first.
async fn told(life: &Life, automation: &str) -> Vec<String> {
    let trigger = the_trigger(life, automation).await;
    let firings = life.firings(&trigger).await;
    let line = |firing: &Value| {
        format!(
            "{} {}",
            firing["status"].as_str().unwrap(),
            firing["key"].as_str().unwrap()
        )
    };
    firings.iter().map(line).collect()
}

fn table(path: &Path) -> rusqlite::Connection {
    let database = rusqlite::Connection::open(path).unwrap();
    database
        .execute_batch("create table if not exists orders (id integer primary key, total integer)")
        .unwrap();
    database
}

fn order(database: &rusqlite::Connection, id: i64) {
    database
        .execute("insert into orders values (?1, ?2)", [id, id * 10])
        .unwrap();
}

fn rows(change: Value) -> Value {
    let mut poll = json!({
        "action": "sql", "every": "1m", "key": "item.id", "cursor": "item.id",
        "with": {
            "connection": "shop", "params": ["{{ cursor }}"],
            "statement": "select id, total from orders where id >= coalesce(?1, 0) order by id limit 3",
        },
    });
    for (key, value) in change.as_object().unwrap() {
        poll[key] = value.clone();
    }
    poll
}

#[test]
fn new_rows_start_runs_in_order_and_old_ones_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let database = table(&path);
    (1..=8).for_each(|id| order(&database, id));
    let world = World::at("2027-03-01T00:00:00Z");
    let automation = world.life(async |life| {
        connect(&life, "shop", json!({ "kind": "sqlite", "path": path })).await;
        let id = life
            .active(&asking("orders", rows(json!({ "limit": 2 }))))
            .await;
        // What was there at first takes several answers.
        for second in 0..5 {
            life.tick_at(&format!("2027-03-01T00:00:0{second}Z")).await;
        }
        assert_eq!(told(&life, &id).await, Vec::<String>::new());
        let trigger = the_trigger(&life, &id).await;
        assert_eq!(trigger["lookout"]["cursor"], 8);
        (9..=12).for_each(|id| order(&database, id));
        life.tick_at("2027-03-01T00:01:30Z").await;
        assert_eq!(
            told(&life, &id).await,
            ["accepted 9", "accepted 10"],
            "its limit"
        );
        id
    });
    world.life(async |life| {
        life.tick_at("2027-03-01T00:03:00Z").await;
        life.tick_at("2027-03-01T00:05:00Z").await;
        assert_eq!(
            told(&life, &automation).await,
            ["accepted 9", "accepted 10", "accepted 11", "accepted 12"]
        );
        let firings = life.firings(&the_trigger(&life, &automation).await).await;
        let run = life.ended(&firings[3]["run_id"]).await;
        assert_eq!(run["outputs"]["item"], json!({ "id": 12, "total": 120 }));
        assert_eq!(
            (&run["cause"]["kind"], &run["cause"]["key"]),
            (&json!("poll"), &json!("12"))
        );
    });
}

#[test]
fn a_poll_changes_nothing_and_says_what_it_cannot() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let database = table(&path);
    order(&database, 1);
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        connect(&life, "shop", json!({ "kind": "sqlite", "path": path })).await;
        let taking = json!({ "connection": "shop", "statement": "delete from orders returning id" });
        let (status, problem) = life
            .call("POST", "/automations", &asking("takes", rows(json!({ "with": taking }))))
            .await;
        assert_eq!(status, 422, "{problem}");
        assert_eq!(problem["findings"][0]["path"], "/triggers/0/poll/with/statement");
        let hidden = json!({ "connection": "shop", "statement": "with a as (select 1) delete from orders returning id" });
        let id = life.active(&asking("hides", rows(json!({ "with": hidden })))).await;
        life.tick_at("2027-03-01T00:00:01Z").await;
        let trigger = the_trigger(&life, &id).await;
        let error = trigger["lookout"]["error"].as_str().unwrap();
        assert!(error.contains("read"), "{error}");
        let left: i64 = database.query_row("select count(*) from orders", [], |row| row.get(0)).unwrap();
        assert_eq!(left, 1);
    });
}

/// A service that lists what it has, or answers as it is told.
#[derive(Clone, Default)]
struct Service {
    items: Arc<Mutex<Vec<Value>>>,
    says: Arc<Mutex<Option<(u16, &'static str)>>>,
    asked: Arc<Mutex<Vec<(String, String)>>>,
}

async fn list(
    State(me): State<Service>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> (StatusCode, HeaderMap, String) {
    let key = headers["idempotency-key"].to_str().unwrap().to_owned();
    me.asked
        .lock()
        .unwrap()
        .push((query.unwrap_or_default(), key));
    let mut answer = HeaderMap::new();
    answer.insert("content-type", "application/json".parse().unwrap());
    if let Some((status, wait)) = *me.says.lock().unwrap() {
        answer.insert("retry-after", wait.parse().unwrap());
        return (StatusCode::from_u16(status).unwrap(), answer, "{}".into());
    }
    let items = me.items.lock().unwrap().clone();
    (
        StatusCode::OK,
        answer,
        json!({ "items": items }).to_string(),
    )
}

impl Service {
    async fn listen(&self, life: &Life, end: &CancellationToken) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let router = axum::Router::new()
            .route("/tickets", get(list))
            .with_state(self.clone());
        tokio::spawn(serve(vec![Listener::Tcp(listener)], router, end.clone()));
        connect(life, "crm", json!({ "kind": "http", "base_url": base_url })).await;
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

fn tickets(change: Value) -> Value {
    let mut poll = json!({
        "action": "http", "every": "1m", "items": "output.json.items", "key": "item.id",
        "with": { "connection": "crm", "path": "/tickets", "query": { "after": "{{ cursor }}" } },
    });
    for (key, value) in change.as_object().unwrap() {
        poll[key] = value.clone();
    }
    poll
}

#[test]
fn a_service_that_wants_a_pause_gets_it_and_its_failure_is_told() {
    let service = Service::default();
    let world = World::at("2027-03-01T00:00:00Z");
    let end = CancellationToken::new();
    let automation = world.life(async |life| {
        service.listen(&life, &end).await;
        let id = life
            .active(&asking("tickets", tickets(json!({ "existing": true }))))
            .await;
        *service.says.lock().unwrap() = Some((429, "120"));
        life.tick_at("2027-03-01T00:00:01Z").await;
        assert_eq!(service.asked(), 1);
        life.tick_at("2027-03-01T00:01:50Z").await;
        assert_eq!(service.asked(), 1, "it asked for two minutes");
        let trigger = the_trigger(&life, &id).await;
        assert_eq!(trigger["findings"][0]["code"], "trigger_failing");
        assert_eq!(trigger["lookout"]["next_at"], "2027-03-01T00:02:01.000Z");
        id
    });
    // The pause holds over a restart.
    world.life(async |life| {
        service.listen(&life, &end).await;
        life.tick_at("2027-03-01T00:01:55Z").await;
        assert_eq!(service.asked(), 1);
        *service.says.lock().unwrap() = Some((503, "1"));
        for minute in [2, 4, 6, 8] {
            life.tick_at(&format!("2027-03-01T00:0{minute}:01Z")).await;
        }
        assert_eq!(service.asked(), 4, "2 minutes, then 4: {:?}", service.asked);
        life.tick_at("2027-03-01T00:09:00Z").await;
        let events = life.get("/events?type=trigger.failing").await;
        assert_eq!(events["items"].as_array().unwrap().len(), 1, "{events}");
        *service.says.lock().unwrap() = None;
        service
            .items
            .lock()
            .unwrap()
            .extend([json!({ "id": "a" }), json!({ "id": "b" })]);
        life.tick_at("2027-03-01T01:00:00Z").await;
        assert_eq!(told(&life, &automation).await, ["accepted a", "accepted b"]);
        assert_eq!(the_trigger(&life, &automation).await["findings"], json!([]));
        let keys: BTreeSet<String> = service
            .asked
            .lock()
            .unwrap()
            .iter()
            .map(|(_, key)| key.clone())
            .collect();
        assert_eq!(
            keys.len(),
            service.asked(),
            "each question is one of its own"
        );
    });
}

#[test]
fn what_is_there_at_first_is_seen_and_what_comes_again_is_no_news() {
    let service = Service::default();
    let put = |ids: &[i64]| {
        *service.items.lock().unwrap() = ids.iter().map(|id| json!({ "id": id })).collect();
    };
    let world = World::at("2027-03-01T00:00:00Z");
    let end = CancellationToken::new();
    world.life(async |life| {
        service.listen(&life, &end).await;
        put(&[3, 2, 1]);
        let newest_first = tickets(json!({ "order": "newest_first" }));
        let id = life.active(&asking("newest", newest_first)).await;
        life.tick_at("2027-03-01T00:00:01Z").await;
        put(&[5, 4, 3, 2]);
        life.tick_at("2027-03-01T00:02:00Z").await;
        life.tick_at("2027-03-01T00:04:00Z").await;
        assert_eq!(told(&life, &id).await, ["accepted 4", "accepted 5"]);
        service
            .items
            .lock()
            .unwrap()
            .extend([json!({ "no": 1 }), json!({ "id": 6 })]);
        life.tick_at("2027-03-01T00:06:00Z").await;
        life.tick_at("2027-03-01T00:08:00Z").await;
        let all = told(&life, &id).await;
        assert_eq!(all[2], "accepted 6");
        assert!(all[3].starts_with("rejected sha256:"), "{all:?}");
        assert_eq!(all.len(), 4, "what has no key is told once: {all:?}");
        *service.items.lock().unwrap() = vec![json!("no object")];
        service.items.lock().unwrap().clear();
        life.tick_at("2027-03-01T00:10:00Z").await;
        assert_eq!(told(&life, &id).await.len(), 4);
        // A changed `key` makes all items others: what is there is seen anew, and starts nothing.
        put(&[7, 8]);
        let changed = asking("newest", tickets(json!({ "key": "item.id ~ '!'" })));
        let (status, answer) = life
            .call("PUT", &format!("/automations/{id}"), &changed)
            .await;
        assert!(status.is_success(), "{answer}");
        life.post(&format!("/automations/{id}/activate"), &json!({}))
            .await;
        life.tick_at("2027-03-01T00:12:00Z").await;
        put(&[7, 8, 9]);
        life.tick_at("2027-03-01T00:14:00Z").await;
        assert_eq!(told(&life, &id).await[4..], ["accepted 9!"]);
    });
}

/// What came in the last answer is known at the next, however late that is.
#[test]
fn a_poll_that_asks_seldom_or_not_for_long_starts_nothing_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let database = table(&path);
    (1..=2).for_each(|id| order(&database, id));
    let world = World::at("2027-03-01T00:00:00Z");
    world.life(async |life| {
        connect(&life, "shop", json!({ "kind": "sqlite", "path": path })).await;
        let poll = json!({
            "action": "sql", "every": "10d", "key": "item.id",
            "with": { "connection": "shop", "statement": "select id from orders order by id" },
        });
        let id = life.active(&asking("orders", poll)).await;
        let at = async |time: &str| {
            life.tick_at(time).await;
            life.triggers.sweep_seen().await.unwrap();
        };
        at("2027-03-01T00:00:01Z").await;
        order(&database, 3);
        at("2027-03-09T00:00:00Z").await;
        at("2027-03-12T00:00:00Z").await;
        assert_eq!(told(&life, &id).await, ["accepted 3"]);
        // A service that is down answers nothing, and nothing is forgotten meanwhile.
        std::fs::rename(&path, folder.path().join("away")).unwrap();
        at("2027-03-23T00:00:00Z").await;
        at("2027-04-03T00:00:00Z").await;
        let trigger = the_trigger(&life, &id).await;
        assert!(trigger["lookout"]["error"].is_string(), "{trigger:#}");
        std::fs::rename(folder.path().join("away"), &path).unwrap();
        at("2027-04-14T00:00:00Z").await;
        assert_eq!(told(&life, &id).await, ["accepted 3"]);
        // One that had not come for more than a week when there was an answer is news when it comes again.
        database
            .execute("delete from orders where id = 1", [])
            .unwrap();
        at("2027-04-25T00:00:00Z").await;
        order(&database, 1);
        at("2027-05-06T00:00:00Z").await;
        assert_eq!(told(&life, &id).await, ["accepted 3", "accepted 1"]);
    });
}

#[test]
fn every_row_has_one_run_wherever_it_dies() {
    use proptest::prelude::*;
    use proptest::test_runner::{Config, RngSeed, TestRunner};
    let config = Config {
        cases: 8,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(12),
        ..Config::default()
    };
    // Rows that come, then whether it dies before it asks, after, or not.
    let deeds = prop::collection::vec((0i64..4, 0u8..3), 3..10);
    let outcome = TestRunner::new(config).run(&deeds, |deeds| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.db");
        let database = table(&path);
        order(&database, 1);
        let world = World::at("2027-03-01T00:00:00Z");
        let automation = world.life(async |life| {
            connect(&life, "shop", json!({ "kind": "sqlite", "path": path })).await;
            let id = life
                .active(&asking("orders", rows(json!({ "limit": 2 }))))
                .await;
            for second in 0..3 {
                life.tick_at(&format!("2027-03-01T00:00:0{second}Z")).await;
            }
            id
        });
        let mut last = 1;
        for life in deeds.chunk_by(|(_, dies), _| *dies == 0) {
            world.life(async |at_work| {
                for (rows, dies) in life {
                    for _ in 0..*rows {
                        last += 1;
                        order(&database, last);
                    }
                    at_work
                        .clock
                        .fetch_add(70_000, std::sync::atomic::Ordering::SeqCst);
                    if *dies != 1 {
                        at_work.triggers.tick().await;
                    }
                }
            });
        }
        let told = world.life(async |life| {
            for _ in 0..30 {
                life.clock
                    .fetch_add(70_000, std::sync::atomic::Ordering::SeqCst);
                life.triggers.tick().await;
            }
            told(&life, &automation).await
        });
        let wanted: Vec<String> = (2..=last).map(|id| format!("accepted {id}")).collect();
        prop_assert_eq!(told, wanted);
        Ok(())
    });
    outcome.unwrap();
}
