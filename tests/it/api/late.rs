//! A schedule that could not keep its time: the server was not there. It is made up for, and told.

use crate::cli::Desk;
use crate::harness::{Server, text, wait};
use druse_engine::{Span, Timestamp};
use druse_storage::embedded::{Embedded, Options};
use druse_storage::{Batch, Store as _, StoreExt as _, Trigger};
use serde_json::{Value, json};
use std::path::Path;

fn now() -> Timestamp {
    let since = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .expect("after 1970");
    Timestamp(i64::try_from(since.as_millis()).expect("it fits"))
}

fn before(at: Timestamp, span: Span) -> Timestamp {
    Timestamp(at.0 - i64::try_from(span.as_millis()).expect("it fits"))
}

/// Makes a trigger one that was activated some hours ago and has not fired since, as one whose server was
/// switched off.
async fn age(data: &Path, trigger: &str, hours: u64) {
    let options = Options {
        prepare: false,
        ..Options::default()
    };
    let store = Embedded::open(data, options).expect("nobody has it");
    let mut row: Trigger = store
        .get(trigger)
        .expect("it can be read")
        .expect("it is there");
    row.since = before(now(), Span::from_secs(hours * 3_600));
    row.last_scheduled = None;
    let ticket = store.append(Batch::new().put(&row)).expect("it is taken");
    ticket.await.expect("it is durable");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_that_was_off_has_missed_is_made_up_for_and_told() {
    let mut server = Server::new().await;
    let admin = server.admin();
    // Half an hour ago, whatever the time is.
    let minute = before(now(), Span::from_secs(1_800)).0 / 60_000 % 60;
    let document = |name: &str, trigger: Value| {
        json!({
            "druse": 1, "name": name, "triggers": [trigger],
            "steps": [{ "id": "a", "action": "transform", "with": { "value": 1 } }],
        })
    };
    let mut triggers = Vec::new();
    for document in [
        document(
            "hourly",
            json!({ "id": "hours", "schedule": { "cron": format!("{minute} * * * *") } }),
        ),
        document(
            "alarm",
            json!({ "id": "late", "event": { "type": "schedule.*", "subject": "hours" } }),
        ),
    ] {
        let made = admin.post("/automations", &document).await.with(201);
        let path = format!("/automations/{}", text(&made["id"]));
        admin
            .post(&format!("{path}/activate"), &json!({}))
            .await
            .with(200);
        triggers.push(text(&admin.all(&format!("{path}/triggers")).await[0]["id"]));
    }
    assert_eq!(server.stop().await.code(), Some(0));
    age(server.data(), &triggers[0], 5).await;
    server.start().await;
    let admin = server.admin();

    // The latest of the missed times starts its run; the others are there, each with its reason.
    let path = format!("/triggers/{}/firings", triggers[0]);
    let firings = wait::until("the latest time", || async {
        let firings = admin.all(&path).await;
        (firings.len() == 5).then_some(firings)
    })
    .await;
    assert_eq!(firings[0]["status"], "accepted");
    let late = firings[0]["late_ms"].as_u64().expect("how late it was");
    assert!((29 * 60_000..40 * 60_000).contains(&late), "{late}");
    for missed in &firings[1..] {
        assert_eq!(missed["status"], "skipped");
        let why = text(&missed["reason"]);
        assert!(why.contains("missed with others (4 in all)"), "{why}");
    }
    wait::run(&admin, &text(&firings[0]["run_id"]), "succeeded").await;

    // An event of each, which starts what somebody set up for that.
    let alarms = wait::until("both alarms", || async {
        let runs = admin.all("/runs?cause=event").await;
        (runs.len() == 2).then_some(runs)
    })
    .await;
    let mut causes: Vec<String> = alarms
        .iter()
        .map(|run| text(&run["cause"]["type"]))
        .collect();
    causes.sort_unstable();
    assert_eq!(causes, ["schedule.late", "schedule.missed"]);

    // And a finding, wherever the trigger is shown.
    let shown = admin
        .get(&format!("/triggers/{}", triggers[0]))
        .await
        .with(200);
    assert_eq!(shown["findings"][0]["code"], "schedule_late", "{shown:#}");
    let data = server.data().to_str().expect("a path").to_owned();
    let desk = Desk::new();
    let said = desk.run(&["triggers", "show", "hours", "--data", &data]);
    let said = said.ok().out;
    assert!(said.contains("min late"), "{said}");
    assert!(
        said.lines()
            .any(|line| line.starts_with("last ") && line.contains("accepted")),
        "{said}"
    );
    let listed = desk.run(&["triggers", "list", "--data", &data]).ok().out;
    assert!(listed.contains("schedule_late"), "{listed}");
    let skipped = desk.run(&[
        "triggers", "firings", "hours", "--status", "skipped", "--data", &data,
    ]);
    assert_eq!(skipped.ok().out.lines().count(), 5, "a head and four times");
    let doctor = desk.run(&["doctor", "--data", &data]);
    assert_eq!(
        doctor.code, 0,
        "nothing is overdue any more: {}",
        doctor.out
    );
}
