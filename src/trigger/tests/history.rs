//! What triggers have done leaves with the history.

use super::windows::document;
use super::{Life, World};
use crate::api::Sender;
use axum::body::Body;
use druse_storage::{Firing, FiringStatus, Scan, StoreExt as _};
use http::{Method, Request};
use serde_json::{Value, json};

const START: &str = "2027-03-01T00:00:00Z";

fn firings(life: &Life) -> Vec<Firing> {
    let all = Scan {
        limit: 10_000,
        ..Scan::default()
    };
    life.triggers.store().scan(&all).unwrap()
}

async fn deliver(life: &Life, address: &str, n: u64, text: &str) {
    let body = json!({ "n": n, "text": text }).to_string();
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(address)
        .header("content-type", "application/json")
        .body(Body::from(body))
        .unwrap();
    let sender = Sender("192.0.2.7".parse().unwrap());
    request.extensions_mut().insert(sender);
    let (status, _, answer) = life.send_with_headers(request).await;
    assert!(status.is_success(), "{status} {answer}");
}

async fn keep(life: &Life, kept: Value) {
    let (status, answer) = life.call("PUT", "/settings/retention", &kept).await;
    assert!(status.is_success(), "{answer}");
}

async fn sweep(life: &Life) {
    let app = life.app.clone();
    life.app.off_thread(move || app.sweep(false)).await.unwrap();
}

/// An automation behind an open webhook, which takes the small numbers only.
async fn hooked(life: &Life, name: &str) -> String {
    let mut document = document(name, &json!({}), "{{ trigger.body.n }}");
    document["triggers"][0] = json!({
        "id": "hook", "webhook": { "verify": { "scheme": "none" } }, "when": "trigger.body.n < 10",
        "inputs": { "seen": "{{ trigger.body.n }}" },
    });
    let id = life.active(&document).await;
    let trigger = life.triggers_of(&id).await.remove(0);
    trigger["address"].as_str().unwrap().to_owned()
}

#[test]
fn what_started_nothing_leaves_before_younger_runs_where_space_is_short() {
    let world = World::at(START);
    world.life(async |life| {
        let address = hooked(&life, "crowded").await;
        let text = "x".repeat(900_000);
        for n in 0..80 {
            // Each in a minute of its own; the first ones and the last one start a run.
            life.set_clock(&format!("2027-03-01T{:02}:{:02}:00Z", n / 60, n % 60));
            let n = if n == 79 { 9 } else { n + 8 };
            deliver(&life, &address, n, &text).await;
        }
        assert_eq!(firings(&life).len(), 80);
        keep(&life, json!({ "max_bytes": "64MiB" })).await;
        sweep(&life).await;
        let left = firings(&life);
        let filtered = |firing: &&Firing| firing.status == FiringStatus::Filtered;
        let kept = left.iter().filter(filtered).count();
        assert!((20..70).contains(&kept), "{kept} of 77");
        // The youngest stay.
        assert_eq!(left.last().unwrap().status, FiringStatus::Accepted);
        let times: Vec<_> = left.iter().map(|firing| firing.received_at).collect();
        assert!(times.is_sorted());
        assert_eq!(
            times.last().unwrap().0 - times[0].0,
            60_000 * (left.len() as i64 - 1)
        );
    });
}

#[test]
fn as_many_firings_are_kept_as_runs() {
    let world = World::at(START);
    world.life(async |life| {
        let address = hooked(&life, "counted").await;
        for n in 0..16 {
            deliver(&life, &address, n, "").await;
        }
        keep(&life, json!({ "max_runs": 3 })).await;
        sweep(&life).await;
        let left = firings(&life);
        let of = |status| left.iter().filter(|firing| firing.status == status).count();
        assert_eq!(of(FiringStatus::Accepted), 3);
        assert_eq!(of(FiringStatus::Filtered), 3);
        let seen: Vec<_> = left
            .iter()
            .filter_map(|firing| firing.payload.as_ref())
            .collect();
        assert_eq!(seen.last().unwrap()["body"]["n"], 15, "the newest");
    });
}
