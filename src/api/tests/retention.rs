//! Runs leave by their age: each as its automation says, and none that has not ended.

use super::*;
use druse_engine::{Span, Timestamp};
use druse_storage::{Batch, Setting};

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
