//! Whatever a run with sensitive inputs does, and wherever somebody looks: nobody reads them, short ones neither.

use super::service::Service;
use crate::cli::Desk;
use crate::harness::{Browser, Client, Server, text, wait};
use serde_json::json;
use std::path::Path;

/// Long enough to be looked for within other text, and too short for that.
const CARD: &str = "4929-7788-1234";
const PIN: &str = "q7-wz";

/// Calls that answer with what they were sent, a later one that answers with what others were sent, a failure
/// that says what was wrong, a program that writes, a message to somebody, and a loop.
const USED: &str = r#"druse: 1
name: used
inputs:
  card: { type: string, sensitive: true }
  pin: { type: string, sensitive: true }
steps:
  - id: ask
    action: approval_gate
    with:
      title: Charge?
      approvers: ["user:ana"]
      notify:
        action: http
        with: { connection: bank, path: /say, json: { shown: "{{ approval.details }}" } }
  - id: charge
    action: http
    needs: [ask]
    with: { connection: bank, path: /charge, json: { card: "{{ inputs.card }}", pin: "{{ inputs.pin }}" } }
  - id: later
    action: http
    needs: [charge]
    with: { connection: bank, path: /all }
  - id: refused
    action: http
    needs: [charge]
    on_error: continue
    with: { connection: bank, path: /no, json: { pin: "{{ inputs.pin }}", card: "{{ inputs.card }}" } }
  - id: program
    action: shell
    needs: [ask]
    with:
      script: |
        echo "card $CARD, pin $PIN"
        echo "{\"pin\": \"$PIN\"}" >&2
        printf 'plain\n' > "$DRUSE_ARTIFACTS/note.txt"
      env: { CARD: "{{ inputs.card }}", PIN: "{{ inputs.pin }}" }
      artifacts: { note: note.txt }
  - id: each
    needs: [charge]
    for_each: { items: [1, 2], as: part, output: "{{ steps.call.output.json.body }}" }
    steps:
      - { id: call, action: http, with: { connection: bank, path: "/part/{{ part }}", json: "{{ inputs.pin }}" } }
outputs:
  charged: "{{ steps.charge.output.json.body }}"
  later: "{{ steps.later.output.json.all }}"
  said: "{{ steps.program.output.stdout }}"
  parts: "{{ steps.each.output }}"
"#;

/// Whether a value stands in a text, and not within a longer word: short ones stand there by chance.
fn shows(text: &str, value: &str) -> bool {
    let word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    text.match_indices(value).any(|(at, _)| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        !word(before) && !word(bytes.get(at + value.len()))
    })
}

#[track_caller]
fn hidden(place: &str, text: &str) {
    for value in [CARD, PIN] {
        assert!(!shows(text, value), "{place} shows {value}:\n{text}");
    }
    assert!(
        !text.contains("{{ sealed."),
        "{place} shows a seal:\n{text}"
    );
}

/// No file below a folder holds one.
fn hidden_below(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            hidden_below(&path);
        } else if kind.is_file() {
            let bytes = std::fs::read(&path).unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes);
            for value in [CARD, PIN] {
                assert!(!shows(&text, value), "{} holds {value}", path.display());
            }
        }
    }
}

/// Every address that is read, of those that need no more than a run, its gate and its automation.
async fn addresses(admin: &Client, run: &str, gate: &str, automation: &str) -> Vec<String> {
    let described = admin.get("/openapi.json").await.with(200);
    let mut found = Vec::new();
    for (path, methods) in described["paths"].as_object().unwrap() {
        let Some(path) = path.strip_prefix("/api/v1") else {
            continue;
        };
        if methods.get("get").is_none() || path == "/openapi.json" {
            continue;
        }
        let id = match path.split('/').nth(1) {
            Some("runs") => run,
            Some("approvals") => gate,
            Some("automations") => automation,
            _ => "",
        };
        let path = path
            .replacen("{id}", id, 1)
            .replace("{n}", "1")
            .replace("{path}", "charge")
            .replace("{name}", "note");
        if !path.contains('{') && !path.contains("//") {
            found.push(path);
        }
    }
    found
}

async fn active(admin: &Client) -> String {
    let made = admin
        .request("POST", "/automations")
        .yaml(USED)
        .send()
        .await
        .with(201);
    let id = text(&made["id"]);
    let path = format!("/automations/{id}/activate");
    admin.post(&path, &json!({})).await.with(200);
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_a_sensitive_input_anywhere() {
    let bank = Service::start().await;
    let mut server = Server::new().await;
    let admin = server.admin();
    let connection = json!({ "kind": "http", "base_url": bank.address });
    admin.put("/connections/bank", &connection).await.with(200);
    let automation = active(&admin).await;
    let inputs = json!({ "card": CARD, "pin": PIN });
    let runs = format!("/automations/{automation}/runs");
    let run = admin.post(&runs, &json!({ "inputs": inputs })).await;
    let run = text(&run.with(202)["id"]);
    let gate = wait::approval(&admin, &run).await;
    hidden("the gate", &gate.to_string());
    let told = wait::until("the message", || async { bank.seen().first().cloned() }).await;
    hidden("the message", &told.to_string());
    assert_eq!(
        told["body"]["shown"]["next"][0]["with"]["json"]["pin"],
        "[sensitive]"
    );
    // The page behind a link.
    let id = text(&gate["id"]);
    let link = format!("/approvals/{id}/links");
    let made = admin.post(&link, &json!({ "for": "ana" })).await.with(201);
    let address = text(&made["address"]);
    let link = &address[address.find("/approve/").unwrap()..];
    let page = server.anonymous().root("GET", link).send().await;
    assert_eq!(page.status, 200);
    hidden("the page of the link", &page.text);
    let decision = json!({ "decision": "approve", "digest": gate["digest"] });
    let path = format!("/approvals/{id}/decision");
    admin.post(&path, &decision).await.with(200);
    let done = wait::run(&admin, &run, "succeeded").await;

    // Each step got the values, and what came back of them is not there, whoever sent it.
    let charged = bank
        .seen()
        .into_iter()
        .find(|seen| seen["target"] == "/charge");
    assert_eq!(
        charged.unwrap()["body"],
        json!({ "card": CARD, "pin": PIN })
    );
    let redacted = json!({ "card": "[redacted]", "pin": "[redacted]" });
    assert_eq!(done["outputs"]["charged"], redacted);
    assert_eq!(done["outputs"]["said"], "card [redacted], pin [redacted]\n");
    assert_eq!(
        done["outputs"]["parts"],
        json!(["[redacted]", "[redacted]"])
    );
    let later = done["outputs"]["later"].as_array().unwrap();
    assert!(
        later.iter().any(|seen| seen["body"] == redacted),
        "{later:#?}"
    );
    let refused = done["steps"].as_array().unwrap().iter();
    let refused = refused
        .clone()
        .find(|step| step["id"] == "refused")
        .unwrap();
    assert_eq!(refused["status"], "failed");

    // Whatever is read over the API, on the command line and in the console.
    let all = addresses(&admin, &run, &id, &automation).await;
    assert!(all.len() > 25, "{all:?}");
    for path in &all {
        let answer = admin.get(path).await;
        assert!(
            [200, 404].contains(&answer.status),
            "{path}: {}",
            answer.text
        );
        hidden(path, &answer.text);
    }
    let refuses = [
        (
            format!("/runs/{run}/retry/preview"),
            json!({ "from": "charge" }),
        ),
        (
            runs.to_string(),
            json!({ "dry_run": true, "from_run": run, "inputs": inputs }),
        ),
        (
            format!("/automations/{automation}/versions/1/try"),
            json!({ "runs": 5 }),
        ),
        (
            format!("/automations/{automation}/test"),
            json!({ "tests": [{
            "name": "charged", "inputs": inputs,
            "mocks": { "ask": { "decision": "approve" }, "charge": { "output": { "json": { "body": inputs } } },
                "later": { "output": { "json": { "all": [PIN] } } }, "refused": { "fail": "permanent", "message": format!("not {CARD}") },
                "program": { "output": { "stdout": CARD } }, "each[*].call": { "output": { "json": { "body": PIN } } } },
            "expect": { "status": "failed", "outputs": { "said": "other" }, "steps": { "charge": { "input": { "json": { "pin": "0" } } } } },
        }] }),
        ),
        (
            runs.to_string(),
            json!({ "inputs": { "card": 5, "pin": PIN } }),
        ),
        (
            runs.to_string(),
            json!({ "inputs": { "card": CARD, "pin": PIN, "more": 1 } }),
        ),
    ];
    for (path, body) in refuses {
        let answer = admin.post(&path, &body).await;
        assert!(
            [200, 422].contains(&answer.status),
            "{path}: {}",
            answer.text
        );
        hidden(&path, &answer.text);
    }
    let owner = Browser::owner(&server).await;
    for path in [
        format!("/runs/{run}"),
        format!("/runs/{run}/events"),
        format!("/runs/{run}/logs"),
        format!("/approvals/{id}"),
        "/".to_owned(),
        "/runs".to_owned(),
        format!("/automations/{automation}"),
    ] {
        let page = owner.get(&path).await;
        hidden(&path, &page.text);
    }
    let desk = Desk::new();
    let data = server.data().to_str().unwrap().to_owned();
    for command in [
        vec!["runs", "show", &run],
        vec!["runs", "show", &run, "--output", "json"],
        vec!["runs", "logs", &run],
        vec!["runs", "watch", &run],
        vec!["runs", "export", &run],
        vec!["approvals", "show", &id],
        vec!["automations", "try", "used", "--version", "1"],
        vec![
            "runs",
            "start",
            "used",
            "--dry-run",
            "--from-run",
            &run,
            "-i",
            &format!("pin={PIN}"),
            "-i",
            &format!("card={CARD}"),
        ],
        vec!["runs", "start", "used", "-i", &format!("pin={PIN}")],
    ] {
        let said = command.join(" ");
        let ran = desk.run(&[&command[..], &["--data", &data]].concat());
        hidden(&said, &ran.out);
        // What was typed is its own.
        if !said.contains("-i ") {
            ran.ok();
        }
    }
    let backup = desk.path("backup.tar");
    let backup = backup.to_str().unwrap();
    desk.run(&["backup", "create", backup, "--data", &data])
        .ok();
    hidden("the log of the server", &server.said());
    server.kill();
    hidden_below(server.data());
    hidden_below(Path::new(backup).parent().unwrap());
    // What is not sensitive is found by the same look.
    assert!(shows(&done.to_string(), "charge"));
}
