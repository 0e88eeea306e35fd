//! A step of which nobody knows whether it happened, and what its check or a person found out.

use crate::harness::server::druse;
use crate::harness::{Client, Server, text, wait};
use serde_json::{Value, json};
use std::path::Path;

/// A payment that must not be made twice: its first try never ends.
fn document(file: &Path) -> Value {
    let script = "echo \"$DRUSE_IDEMPOTENCY_KEY\" >> \"$FILE\"; [ $(wc -l < \"$FILE\") -gt 1 ] || exec sleep 100000; echo paid";
    json!({ "druse": 1, "name": "pay", "steps": [
        { "id": "pay", "action": "shell", "delivery": "at_most_once",
          "with": { "script": script, "env": { "FILE": file } },
          "output_schema": { "type": "object", "required": ["stdout"] } },
        { "id": "tell", "action": "transform",
          "with": { "value": "{{ steps.pay.output.stdout }}" } },
    ] })
}

/// A run whose server was killed in the middle of the payment, and taken up by the next.
pub(crate) async fn uncertain(server: &mut Server, file: &Path) -> (Client, String) {
    let admin = server.admin();
    let made = admin.post("/automations", &document(file)).await.with(201);
    let path = format!("/automations/{}", text(&made["id"]));
    admin
        .post(&format!("{path}/activate"), &json!({}))
        .await
        .with(200);
    let run = text(
        &admin
            .post(&format!("{path}/runs"), &json!({}))
            .await
            .with(202)["id"],
    );
    wait::until("the payment", || {
        let there = std::fs::read_to_string(file).is_ok_and(|text| text.ends_with('\n'));
        std::future::ready(there.then_some(()))
    })
    .await;
    server.crash().await;
    let admin = server.admin();
    let shown = wait::run(&admin, &run, "waiting").await;
    assert_eq!(shown["steps"][0]["status"], "uncertain");
    assert_eq!(
        shown["waits_for"],
        "a person must find out whether step pay happened"
    );
    (admin, run)
}

#[tokio::test]
async fn a_person_says_that_it_happened() {
    let mut server = Server::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("payments");
    let (admin, run) = uncertain(&mut server, &file).await;
    let path = format!("/runs/{run}/resolve");
    let happened = json!({ "step": "pay", "found": "happened",
        "output": { "stdout": "paid by hand" }, "reason": "the bank shows it" });
    let viewer = server.role("viewer").await;
    viewer
        .post(&path, &happened)
        .await
        .problem(403, "role_too_low");
    for (wrong, status, code) in [
        (
            json!({ "step": "tell", "found": "again" }),
            409,
            "not_uncertain",
        ),
        (
            json!({ "step": "pay[0]", "found": "again" }),
            409,
            "not_uncertain",
        ),
        // What it is said to have given is looked at like an answer.
        (
            json!({ "step": "pay", "found": "happened", "output": { "out": "paid" } }),
            422,
            "bad_output",
        ),
        (
            json!({ "step": "pay", "found": "happened" }),
            422,
            "bad_output",
        ),
        (json!({ "step": "pay", "found": "maybe" }), 422, "bad_body"),
        (
            json!({ "step": "pay", "found": "again", "output": 1 }),
            422,
            "bad_body",
        ),
        (
            json!({ "step": "pay", "found": "happened", "message": "no" }),
            422,
            "bad_body",
        ),
    ] {
        admin.post(&path, &wrong).await.problem(status, code);
    }
    let ask = || admin.request("POST", &path).json(&happened).key("found");
    ask().send().await.with(202);
    let over = wait::run(&admin, &run, "succeeded").await;
    assert_eq!(over["steps"][1]["output"], "paid by hand");
    // The same key says the same; without one there is nothing left to say.
    ask().send().await.with(202);
    admin
        .post(&path, &happened)
        .await
        .problem(409, "already_over");
    let lines = admin.all("/audit?action=run.resolve").await;
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert_eq!(
        (&lines[0]["run_id"], &lines[0]["reason"]),
        (&json!(run), &json!("the bank shows it"))
    );
    let facts = admin.all(&format!("/runs/{run}/events")).await;
    let said: Vec<_> = facts
        .iter()
        .filter(|fact| fact["type"] == "step_resolved")
        .collect();
    assert_eq!(said.len(), 1);
    assert_eq!(said[0]["by"], "user:admin");
    assert_eq!(said[0]["reason"], "the bank shows it");
    let audit = std::fs::read_to_string(&file).unwrap();
    assert_eq!(audit.lines().count(), 1, "it was not paid again: {audit}");
    server.kill();
    server.verify();
}

#[tokio::test]
async fn by_the_command_line_it_starts_again_or_is_given_up() {
    let mut server = Server::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("payments");
    let (admin, run) = uncertain(&mut server, &file).await;
    let resolve = |more: &[&str]| {
        let output = druse(
            ["runs", "resolve", &run, "pay"]
                .iter()
                .chain(more)
                .chain(&["--data"]),
        )
        .arg(server.data())
        .output()
        .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (
            output.status.code().unwrap(),
            String::from_utf8(said).unwrap(),
        )
    };
    let (code, said) = resolve(&[]);
    assert_eq!(code, 2, "{said}");
    let (code, said) = resolve(&["--happened", "--again"]);
    assert_eq!(code, 2, "{said}");
    let (code, said) = resolve(&["--again", "--reason", "the bank knows nothing of it"]);
    assert_eq!(
        (code, said.as_str()),
        (0, format!("{run} is running.\n").as_str())
    );
    let over = wait::run(&admin, &run, "succeeded").await;
    assert_eq!(over["steps"][1]["output"], "paid\n");
    let keys = std::fs::read_to_string(&file).unwrap();
    let keys: Vec<&str> = keys.lines().collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1], "the same step has the same key");
    let (code, said) = resolve(&["--failed", "too late"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("The run has ended."), "{said}");
}

#[tokio::test]
async fn what_is_given_up_fails_with_what_was_said() {
    let mut server = Server::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("payments");
    let (admin, run) = uncertain(&mut server, &file).await;
    let given_up = json!({ "step": "pay", "found": "failed", "message": "The bank refused it." });
    admin
        .post(&format!("/runs/{run}/resolve"), &given_up)
        .await
        .with(202);
    let over = wait::run(&admin, &run, "failed").await;
    assert_eq!(over["error"]["code"], "given_up");
    assert_eq!(over["error"]["message"], "The bank refused it.");
}

/// The payment with a check that looks into the file. The first look never ends where it is to hang.
fn checked(file: &Path, looks: &Path, hangs: bool) -> Value {
    let mut document = document(file);
    let hang = if hangs {
        "[ $(wc -l < \"$LOOKS\") -gt 1 ] || exec sleep 100000; echo '{\"paid\": false}'"
    } else {
        "grep -q \"$KEY\" \"$FILE\" && echo '{\"paid\": true}'"
    };
    document["steps"][0]["check"] = json!({
        "action": "shell", "effects": "read", "done": "check.output.json.paid",
        "with": {
            "script": format!("echo look >> \"$LOOKS\"; {hang}"),
            "env": { "FILE": file, "LOOKS": looks, "KEY": "{{ attempt.idempotency_key }}" },
        },
        "output": { "stdout": "seen by the check" },
    });
    document
}

/// A run of it whose server was killed in the middle of the payment and started again.
async fn killed(server: &mut Server, document: &Value, file: &Path) -> String {
    let admin = server.admin();
    let made = admin.post("/automations", document).await.with(201);
    let path = format!("/automations/{}", text(&made["id"]));
    let activate = format!("{path}/activate");
    admin.post(&activate, &json!({})).await.with(200);
    let begun = admin.post(&format!("{path}/runs"), &json!({})).await;
    written(file, 1).await;
    server.crash().await;
    text(&begun.with(202)["id"])
}

/// Waits until a file has this many lines.
async fn written(file: &Path, lines: usize) {
    wait::until("a line of the file", || {
        let there = std::fs::read_to_string(file).is_ok_and(|text| text.lines().count() >= lines);
        std::future::ready(there.then_some(()))
    })
    .await;
}

#[tokio::test]
async fn a_check_finds_that_it_happened() {
    let mut server = Server::new().await;
    let folder = tempfile::tempdir().unwrap();
    let (file, looks) = (folder.path().join("payments"), folder.path().join("looks"));
    let run = killed(&mut server, &checked(&file, &looks, false), &file).await;
    let admin = server.admin();
    let over = wait::run(&admin, &run, "succeeded").await;
    assert_eq!(over["steps"][0]["status"], "succeeded");
    assert_eq!(over["steps"][0]["check"]["answer"], "happened");
    assert_eq!(over["steps"][1]["path"], "pay.check");
    assert_eq!(over["steps"][2]["output"], "seen by the check");
    let paid = std::fs::read_to_string(&file).unwrap();
    assert_eq!(paid.lines().count(), 1, "it was not paid again: {paid}");
    let show = druse(["runs", "watch", &run, "--data"])
        .arg(server.data())
        .output()
        .unwrap();
    let said = String::from_utf8(show.stdout).unwrap();
    assert!(
        said.contains("pay: its check says that it happened"),
        "{said}"
    );
    server.kill();
    server.verify();
}

#[tokio::test]
async fn a_check_that_a_crash_interrupted_looks_again() {
    let mut server = Server::new().await;
    let folder = tempfile::tempdir().unwrap();
    let (file, looks) = (folder.path().join("payments"), folder.path().join("looks"));
    let run = killed(&mut server, &checked(&file, &looks, true), &file).await;
    written(&looks, 1).await;
    let shown = server.admin().get(&format!("/runs/{run}")).await.with(200);
    assert_eq!(shown["steps"][0]["status"], "uncertain");
    assert_eq!(
        shown["waits_for"],
        "its check finds out whether step pay happened, and attempt 1 of step pay.check runs"
    );
    server.crash().await;
    let admin = server.admin();
    let over = wait::run(&admin, &run, "succeeded").await;
    assert_eq!(over["steps"][0]["check"]["answer"], "not_happened");
    assert_eq!(over["steps"][1]["attempts"].as_array().unwrap().len(), 2);
    let keys = std::fs::read_to_string(&file).unwrap();
    let keys: Vec<&str> = keys.lines().collect();
    assert_eq!(keys.len(), 2, "it was paid once it was known not to be");
    assert_eq!(keys[0], keys[1], "the same step has the same key");
    assert_eq!(std::fs::read_to_string(&looks).unwrap().lines().count(), 2);
    server.kill();
    server.verify();
}
