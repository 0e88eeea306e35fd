//! The head of the log, kept elsewhere, shows that nothing at its end was cut off or changed.

use super::{active, quiet, ran};
use crate::cli::Desk;
use crate::harness::Server;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::FileExt as _;

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_lost_its_end_does_not_hold_a_head_that_was_kept() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let id = active(&admin, &quiet("kept")).await;
    ran(&admin, &id, &json!({})).await;
    let desk = Desk::new();
    let data = server.data().to_str().unwrap().to_owned();
    // From the server while it runs, and from the folder when it does not.
    let early = desk.run(&["verify", "--print-head", "--data", &data]).ok();
    desk.write("early.json", &early.out);
    ran(&admin, &id, &json!({})).await;
    let answered = admin.get("/store/head").await.with(200);
    server.stop().await;
    let late = desk.run(&["verify", "--print-head", "--data", &data]).ok();
    assert_eq!(late.json(), answered);
    desk.write("late.json", &late.out);
    let verify = |head: &str| {
        let words = [
            "verify", "--data", &data, "--output", "json", "--head", head,
        ];
        desk.run(&words)
    };
    verify("early.json").ok();
    verify("late.json").ok();
    let mut changed: Value = late.json();
    changed["digest"] = early.json()["digest"].clone();
    desk.write("changed.json", changed.to_string());
    let found = verify("changed.json").with(1).json();
    assert_eq!(found["problems"][0]["code"], "head_changed", "{found:#}");
    desk.write("none.json", "{}");
    verify("none.json").refused(65, &["no head of a log"]);

    // Somebody cuts the end off, and all that stands beside the log with it.
    let path = server.data().join("log/00000001.log");
    let bytes = fs::read(&path).unwrap();
    let last = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&[0; 40], last as u64 - 39).unwrap();
    fs::remove_file(server.data().join("log/head")).unwrap();
    fs::remove_dir_all(server.data().join("index")).unwrap();
    desk.run(&["verify", "--data", &data]).ok();
    verify("early.json").ok();
    let found = verify("late.json").with(1).json();
    assert_eq!(found["problems"][0]["code"], "log_truncated", "{found:#}");
}
