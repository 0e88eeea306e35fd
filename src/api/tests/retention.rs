//! Runs leave by their age: each as its automation says, and none that has not ended.

use super::*;
use druse_engine::{Span, Timestamp};
use druse_storage::{Batch, Setting, Table};

const DAY: i64 = 24 * 3_600_000;

fn named(name: &str) -> String {
    DOCUMENT.replace("name: greet", &format!("name: {name}"))
}

impl Server {
    /// Stores a document, makes it active and starts a run of it, with a key when there is one.
    async fn ran(&self, document: &str, key: &str) -> String {
        let yaml = [("content-type", "application/yaml")];
        let made = self.call("POST", "/automations", &yaml, document).await;
        let path = format!("/automations/{}", made.body["id"].as_str().unwrap());
        let activate = format!("{path}/activate");
        self.call("POST", &activate, &[], "{}").await;
        let headers = [("idempotency-key", key)];
        let headers = if key.is_empty() { &[][..] } else { &headers };
        let path = format!("{path}/runs");
        let run = self.call("POST", &path, headers, "{}");
        run.await.body["id"].as_str().unwrap().to_owned()
    }

    /// Which of these runs are still there.
    async fn there<'a>(&self, runs: &[(&'a str, String)]) -> Vec<&'a str> {
        let mut there = Vec::new();
        for (name, run) in runs {
            let read = self.call("GET", &format!("/runs/{run}"), &[], "").await;
            if read.status == StatusCode::OK {
                there.push(*name);
            }
        }
        there
    }
}

#[tokio::test]
async fn runs_leave_by_the_age_that_their_automation_says() {
    let server = Server::new().await;
    let mut runs = Vec::new();
    for (name, key) in [("plain", ""), ("asked", "k1"), ("bills", ""), ("pings", "")] {
        runs.push((name, server.ran(&named(name), key).await));
    }
    runs.push(("gated", server.ran(GATED, "").await));
    let kept = r#"{ "max_age": "5d", "automations": {
        "bills": { "max_age": "3650d" }, "pings": { "max_age": "1h" } } }"#;
    let put = server.call("PUT", "/settings/retention", &[], kept).await;
    assert_eq!(put.status, StatusCode::OK, "{:?}", put.body);
    let begun = crate::runtime::clock::now();
    for (after, left) in [
        (0, &["plain", "asked", "bills", "pings", "gated"][..]),
        (DAY, &["plain", "asked", "bills", "gated"]),
        (5 * DAY - 60_000, &["plain", "asked", "bills", "gated"]),
        // Whoever repeats the request within seven days gets the run again.
        (6 * DAY, &["asked", "bills", "gated"]),
        (8 * DAY, &["bills", "gated"]),
        (3_649 * DAY, &["bills", "gated"]),
        // One that has not ended has no age.
        (3_651 * DAY, &["gated"]),
    ] {
        let now = Timestamp(begun.0 + after);
        let app = server.app.clone();
        let swept = tokio::task::spawn_blocking(move || app.sweep_at(false, now));
        swept.await.unwrap().unwrap();
        let there = server.there(&runs).await;
        assert_eq!(
            there,
            left,
            "after {}",
            Span::from_millis(after.unsigned_abs())
        );
    }
}

/// That a person has seen a failed run is told by a row of its own, which stays no longer than the run.
#[tokio::test]
async fn what_was_said_of_a_run_leaves_with_it() {
    let server = Server::new().await;
    let fails = "druse: 1\nname: fails\nsteps:\n  - { id: say, action: transform, with: { value: \"{{ [] | only }}\" } }\n";
    let run = server.ran(fails, "").await;
    let seen = server.post(&format!("/runs/{run}/seen"), &json!({})).await;
    assert_eq!(seen.status, StatusCode::OK, "{}", seen.body);
    let row = || server.app.store.row(Table::SeenRun, &run).unwrap();
    assert_eq!(row().unwrap()["by"], seen.body["seen_by"]);
    let put = server
        .call("PUT", "/settings/retention", &[], r#"{ "max_age": "1h" }"#)
        .await;
    assert_eq!(put.status, StatusCode::OK, "{:?}", put.body);
    let app = server.app.clone();
    let later = Timestamp(crate::runtime::clock::now().0 + DAY);
    let swept = tokio::task::spawn_blocking(move || app.sweep_at(false, later));
    assert_eq!(swept.await.unwrap().unwrap().forgotten, 1);
    assert_eq!(row(), None);
}

/// An older Druse took values by which every run leaves.
#[tokio::test]
async fn stored_settings_that_keep_nothing_are_told_and_not_followed() {
    let server = Server::new().await;
    let run = server.ran(&named("plain"), "").await;
    let row = Setting {
        name: "retention".into(),
        value: json!({ "max_runs": 0, "automations": { "plain": { "max_age": "0s" } } }),
        updated_at: crate::runtime::clock::now(),
    };
    let written = server.app.store.append(Batch::new().put(&row)).unwrap();
    written.await.unwrap();
    let app = server.app.clone();
    let later = Timestamp(crate::runtime::clock::now().0 + DAY);
    let swept = tokio::task::spawn_blocking(move || app.sweep_at(false, later));
    assert_eq!(swept.await.unwrap().unwrap().forgotten, 0);
    assert_eq!(server.there(&[("plain", run)]).await, ["plain"]);
    let told = server.call("GET", "/doctor", &[], "").await.body;
    let problems = told["problems"].as_array().unwrap().iter();
    let codes = problems.filter(|problem| problem["code"] == "keeps_nothing");
    assert_eq!(codes.count(), 2, "{told:#}");
}

impl Server {
    /// Delivers to a webhook under a key.
    async fn deliver(&self, address: &str, key: &str) -> Answered {
        let request = Request::builder()
            .method(Method::POST)
            .uri(address)
            .header("content-type", "application/json")
            .header("idempotency-key", key)
            .body(Body::from("{\"n\": 21}"))
            .unwrap();
        self.send(request).await
    }

    /// The ids of all runs, once all have ended.
    async fn all_ended(&self) -> Vec<String> {
        let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
        loop {
            let runs = self.call("GET", "/runs", &[], "").await.body;
            let runs = runs["items"].as_array().unwrap();
            if runs.iter().all(|run| run["status"] == "succeeded") {
                return runs
                    .iter()
                    .map(|run| run["id"].as_str().unwrap().to_owned())
                    .collect();
            }
            assert!(std::time::Instant::now() < end, "{runs:#?}");
            tokio::task::yield_now().await;
        }
    }

    async fn sweep_after(&self, millis: i64) {
        let app = self.app.clone();
        let now = Timestamp(crate::runtime::clock::now().0 + millis);
        let swept = tokio::task::spawn_blocking(move || app.sweep_at(false, now));
        swept.await.unwrap().unwrap();
    }
}

/// That something came before is told by small rows of their own: the runs need not stay for it, and what
/// comes again when they have left starts nothing.
#[tokio::test]
async fn runs_that_triggers_started_leave_and_what_comes_again_starts_none() {
    let server = Server::new().await;
    let hooked = |name: &str, respond: &str| {
        format!(
            "druse: 1
name: {name}
triggers:
  - id: hook
    webhook: {{ verify: {{ scheme: none }}, respond: {respond} }}
  - id: told
    event: {{ type: com.example.* }}
steps:
  - id: one
    action: transform
    with: {{ value: 1 }}
outputs: {{ one: \"{{{{ steps.one.output }}}}\" }}
"
        )
    };
    let mut addresses = Vec::new();
    for (name, respond) in [("quick", "accepted"), ("slow", "result")] {
        let id = server.active(&hooked(name, respond)).await;
        let path = format!("/automations/{id}/triggers");
        let triggers = server.call("GET", &path, &[], "").await.body;
        let items = triggers["items"].as_array().unwrap();
        let hook = items.iter().find(|item| item["name"] == "hook").unwrap();
        addresses.push(hook["address"].as_str().unwrap().to_owned());
    }
    let quick = server.deliver(&addresses[0], "d1").await;
    assert_eq!(quick.status, 202, "{}", quick.body);
    let slow = server.deliver(&addresses[1], "d2").await;
    assert_eq!(slow.body, json!({ "one": 1 }));
    let event = json!({ "specversion": "1.0", "id": "1", "source": "/books", "type": "com.example.closed" });
    let told = server.post("/events", &event).await;
    assert!(told.status.is_success(), "{}", told.body);
    let asked = server.ran(&named("asked"), "k1").await;
    assert_eq!(server.all_ended().await.len(), 5);

    let kept = r#"{ "max_age": "1h" }"#;
    let put = server.call("PUT", "/settings/retention", &[], kept).await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.body);
    server.sweep_after(2 * 3_600_000).await;
    // Whose result is answered stays for its week, and so does what a caller's key gives again.
    let left = server.all_ended().await;
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(left.contains(&asked));
    let again = server.deliver(&addresses[1], "d2").await;
    assert_eq!(again.body, slow.body);
    let again = server.deliver(&addresses[0], "d1").await;
    assert_eq!((again.status, &again.body), (quick.status, &quick.body));
    let again = server.post("/events", &event).await;
    assert_eq!(again.body["runs"], told.body["runs"], "{}", again.body);
    assert_eq!(server.all_ended().await.len(), 2);
    // A start looks for what events still owe: these owe nothing.
    let triggers = server.app.triggers().unwrap().clone();
    triggers.take_up().await.unwrap();
    assert_eq!(server.all_ended().await.len(), 2);

    // Where space is short these leave, too.
    let row = Setting {
        name: "retention".into(),
        value: json!({ "max_bytes": 1 }),
        updated_at: crate::runtime::clock::now(),
    };
    let written = server.app.store.append(Batch::new().put(&row)).unwrap();
    written.await.unwrap();
    server.sweep_after(0).await;
    assert_eq!(server.all_ended().await, Vec::<String>::new());
    let row = Setting {
        value: json!({}),
        ..row
    };
    let mut batch = Batch::new().put(&row);
    batch.must_fit = true;
    server.app.store.append(batch).unwrap().await.unwrap();
    server.sweep_after(0).await;
    let again = server.deliver(&addresses[1], "d2").await;
    assert_eq!(again.status, 202, "{}", again.body);
    assert!(again.body["run_id"].is_string(), "{}", again.body);
    let id = server.call("GET", "/automations/asked", &[], "").await;
    let path = format!("/automations/{}/runs", id.body["id"].as_str().unwrap());
    let headers = [("idempotency-key", "k1")];
    let again = server.call("POST", &path, &headers, "{}").await;
    assert_eq!(
        (again.status.as_u16(), again.body["code"].as_str()),
        (410, Some("run_left")),
        "{}",
        again.body
    );
    assert_eq!(server.all_ended().await, Vec::<String>::new());
}
