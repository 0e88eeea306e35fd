//! Looks that the agent repeated until another answer came.

use super::build::*;
use crate::Options;
use crate::session::{Session, Turn};
use serde_json::json;

fn asks(id: &str, batch: u32, state: &str) -> Turn {
    let answer = json!({ "job_id": "job-55671", "state": state });
    call(
        id,
        batch,
        "get_job",
        json!({ "job_id": "job-55671" }),
        answer,
    )
}

fn restart(between: Vec<Turn>) -> Session {
    let mut turns = vec![call(
        "r",
        0,
        "restart_server",
        json!({ "server": "srv-88123" }),
        json!({ "job_id": "job-55671" }),
    )];
    turns.extend(between);
    turns.push(call(
        "l",
        8,
        "get_log",
        json!({ "job_id": "job-55671" }),
        json!({ "lines": 12 }),
    ));
    session("Restart the server srv-88123.", turns)
}

fn said(session: &Session, options: &Options) -> Vec<String> {
    made(session, options)
        .report
        .findings
        .iter()
        .filter(|finding| finding.code == "waits_by_asking")
        .map(|finding| format!("{} {}", finding.id, finding.acknowledge))
        .collect()
}

#[test]
fn a_look_that_waits_keeps_its_place() {
    let session = restart(vec![
        asks("b0", 1, "pending"),
        asks("b1", 2, "running"),
        asks("b2", 3, "done"),
    ]);
    assert_eq!(
        chain(&made(&session, &bound())),
        [
            "restart_server tool <- ",
            "get_job tool <- restart_server",
            "get_job_2 tool <- get_job",
            "get_job_3 tool <- get_job_2",
            "get_log tool <- get_job_3",
        ]
    );
    for options in [options(), bound()] {
        assert_eq!(
            said(&session, &options),
            ["waits_by_asking:get_job true"],
            "{:?}",
            options.mode
        );
    }
}

#[test]
fn time_that_only_passes_is_no_change() {
    let sleep = |line: &str| call("s", 2, "Bash", json!({ "command": line }), "".into());
    let waits = |between: Turn| {
        let mut session = restart(vec![
            asks("b0", 1, "pending"),
            between,
            asks("b1", 3, "done"),
        ]);
        session.format = "claude-code".to_owned();
        said(&session, &bound())
    };
    assert_eq!(waits(sleep("sleep 30")), ["waits_by_asking:get_job true"]);
    assert_eq!(waits(sleep("sleep 30; ./go")), [""; 0]);
}

#[test]
fn what_is_answered_alike_or_after_a_change_waits_for_nothing() {
    let alike = restart(vec![asks("b0", 1, "done"), asks("b1", 2, "done")]);
    let nudge = call(
        "n",
        2,
        "update_job",
        json!({ "job_id": "job-55671", "priority": "high" }),
        json!({ "ok": true }),
    );
    let changed = restart(vec![asks("b0", 1, "pending"), nudge, asks("b1", 3, "done")]);
    for session in [alike, changed] {
        for options in [options(), bound()] {
            assert_eq!(said(&session, &options), [""; 0]);
        }
    }
    let clock = |id: &str, batch: u32, now: &str| {
        call(id, batch, "current_time", json!({}), json!({ "now": now }))
    };
    let session = restart(vec![
        clock("t0", 1, "2027-01-05T10:00:00Z"),
        clock("t1", 2, "2027-01-05T10:02:00Z"),
    ]);
    assert_eq!(said(&session, &bound()), [""; 0]);
}
