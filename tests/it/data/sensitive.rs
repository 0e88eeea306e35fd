//! Inputs that are sensitive: they reach the service, and nobody and nothing else.

use super::service::Service;
use crate::harness::{Client, Server, Stream, text, wait};
use serde_json::{Value, json};
use std::path::Path;

/// Found nowhere by chance.
const PIN: &str = "pin-4711-geheim";
const OTHER: &str = "another-0815-pin";

const PAY: &str = r#"druse: 1
name: pay
inputs:
  pin: { type: string, minLength: 8, sensitive: true }
  card: { type: object, required: [number], sensitive: true }
  amount: { type: integer }
steps:
  - id: ask
    action: approval_gate
    with: { title: Pay? }
  - id: charge
    action: http
    needs: [ask]
    with:
      connection: bank
      path: /charge
      headers: { authorization: "Pin {{ inputs.pin }}" }
      json: { pin: "{{ inputs.pin }}", card: "{{ inputs.card }}", amount: "{{ inputs.amount }}" }
  - id: receipt
    action: http
    needs: [charge]
    with: { connection: bank, path: "/receipt/{{ inputs.amount }}", json: { echo: "{{ steps.charge.output.json.body.pin }}" } }
outputs:
  echo: "{{ steps.charge.output.json.body }}"
"#;

const OUTER: &str = r#"druse: 1
name: outer
inputs:
  pin: { type: string, sensitive: true }
steps:
  - id: inner
    action: automation
    with: { name: NAME, inputs: { pin: "{{ inputs.pin }}" } }
"#;

pub(super) async fn active(client: &Client, document: &str) -> String {
    let made = client
        .request("POST", "/automations")
        .yaml(document)
        .send()
        .await
        .with(201);
    let id = text(&made["id"]);
    client
        .post(&format!("/automations/{id}/activate"), &json!({}))
        .await
        .with(200);
    id
}

/// Everything that anybody may read of a run.
pub(super) async fn all_views(client: &Client, id: &str) -> String {
    let mut all = String::new();
    for path in [
        format!("/runs/{id}"),
        format!("/runs/{id}/events?limit=200"),
        "/runs?limit=200".to_owned(),
        "/approvals?limit=200".to_owned(),
    ] {
        all.push_str(&client.get(&path).await.text);
    }
    for event in Stream::of(client, id, None).await.rest().await {
        all.push_str(&event.data.to_string());
    }
    all
}

/// The files below a folder that hold a text.
pub(super) fn holding(folder: &Path, needle: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(holding(&path, needle));
        } else if kind.is_file() {
            let bytes = std::fs::read(&path).unwrap_or_default();
            if String::from_utf8_lossy(&bytes).contains(needle) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

pub(super) async fn start(client: &Client, automation: &str, inputs: &Value) -> String {
    let started = client
        .post(
            &format!("/automations/{automation}/runs"),
            &json!({ "inputs": inputs }),
        )
        .await
        .with(202);
    text(&started["id"])
}

pub(super) async fn approve(client: &Client, run: &str) {
    let gate = wait::approval(client, run).await;
    let path = format!("/approvals/{}/decision", text(&gate["id"]));
    let body = json!({ "decision": "approve", "digest": gate["digest"] });
    client.post(&path, &body).await.with(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sensitive_input_reaches_its_service_over_a_crash_and_nobody_else() {
    let bank = Service::start().await;
    let mut server = Server::new().await;
    let client = server.admin();
    let connection = json!({ "kind": "http", "base_url": bank.address });
    client.put("/connections/bank", &connection).await.with(200);
    let pay = active(&client, PAY).await;
    let inputs = json!({ "pin": PIN, "card": { "number": "4111-1111-1111" }, "amount": 5 });
    let run = start(&client, &pay, &inputs).await;
    wait::approval(&client, &run).await;

    server.crash().await;
    let client = server.admin();
    approve(&client, &run).await;
    let done = wait::run(&client, &run, "succeeded").await;

    let charged = &bank.seen()[0];
    assert_eq!(charged["authorization"], format!("Pin {PIN}"));
    assert_eq!(charged["body"], inputs);
    // What comes back of it is not shown, nor passed on.
    assert_eq!(bank.seen()[1]["body"], json!({ "echo": "[redacted]" }));
    assert_eq!(
        done["inputs"],
        json!({ "pin": "[sensitive]", "card": "[sensitive]", "amount": 5 })
    );
    let charge = &done["steps"][1]["input"];
    assert_eq!(charge["headers"]["authorization"], "Pin [sensitive]");
    assert_eq!(
        charge["json"],
        json!({ "pin": "[sensitive]", "card": "[sensitive]", "amount": 5 })
    );
    assert_eq!(done["outputs"]["echo"]["card"]["number"], "[redacted]");
    let views = all_views(&client, &run).await;
    for secret in [PIN, "4111-1111-1111", "{{ sealed."] {
        assert!(!views.contains(secret), "{secret} is shown");
    }
    server.kill();
    for secret in [PIN, "4111-1111-1111"] {
        assert_eq!(
            holding(server.data(), secret),
            Vec::<String>::new(),
            "{secret} is stored"
        );
    }
    // What is not sensitive is found: the search finds what there is.
    assert_ne!(holding(server.data(), "/receipt/5"), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_keeps_what_it_was_given_or_takes_it_anew() {
    let bank = Service::start().await;
    let server = Server::new().await;
    let client = server.admin();
    let connection = json!({ "kind": "http", "base_url": bank.address });
    client.put("/connections/bank", &connection).await.with(200);
    let pay = active(&client, PAY).await;
    let inputs = json!({ "pin": PIN, "card": { "number": "4111-1111-1111" }, "amount": 5 });
    let first = start(&client, &pay, &inputs).await;
    approve(&client, &first).await;
    let first_done = wait::run(&client, &first, "succeeded").await;
    let retry = |from: &str, inputs: Value| {
        let body = json!({ "from": from, "inputs": inputs });
        let path = format!("/runs/{first}/retry");
        let client = client.clone();
        async move { client.post(&path, &body).await }
    };

    // Nothing is given: the same values, and what was done before is kept.
    let again = text(&retry("charge", json!(null)).await.with(202)["id"]);
    wait::run(&client, &again, "succeeded").await;
    assert_eq!(bank.seen()[2]["body"], inputs);
    // What was shown is sent back: the same values again.
    let shown = text(
        &retry("charge", first_done["inputs"].clone())
            .await
            .with(202)["id"],
    );
    wait::run(&client, &shown, "succeeded").await;
    assert_eq!(bank.seen()[4]["body"], inputs);
    // Another value: the gate asks anew, for nothing of before is of this run.
    let mut other = first_done["inputs"].clone();
    other["pin"] = OTHER.into();
    let other = text(&retry("charge", other).await.with(202)["id"]);
    approve(&client, &other).await;
    wait::run(&client, &other, "succeeded").await;
    assert_eq!(bank.seen()[6]["body"]["pin"], OTHER);
    assert_eq!(bank.seen()[6]["body"]["card"], inputs["card"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_one_is_said_without_it() {
    let server = Server::new().await;
    let client = server.admin();
    let connection = json!({ "kind": "http", "base_url": "http://127.0.0.1:1" });
    client.put("/connections/bank", &connection).await.with(200);
    let pay = active(&client, PAY).await;
    let path = format!("/automations/{pay}/runs");
    for (inputs, place) in [
        (
            json!({ "pin": "kurz-99", "card": { "number": "1" }, "amount": 1 }),
            "/pin",
        ),
        (
            json!({ "pin": PIN, "card": { "nummer": "kurz-99" }, "amount": 1 }),
            "/card",
        ),
        (
            json!({ "pin": "[sensitive]", "card": { "number": "1" }, "amount": 1 }),
            "/pin",
        ),
    ] {
        let refused = client.post(&path, &json!({ "inputs": inputs })).await;
        assert_eq!(refused.status, 422, "{}", refused.text);
        assert_eq!(
            refused.body["findings"][0]["path"], place,
            "{}",
            refused.text
        );
        assert!(!refused.text.contains("kurz-99"), "{}", refused.text);
    }
    // A document that would compare it is not stored.
    let compares = PAY.replace("needs: [ask]", "needs: [ask]\n    when: inputs.pin == 'x'");
    let refused = client
        .request("POST", "/automations")
        .yaml(&compares.replace("name: pay", "name: compares"))
        .send()
        .await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.body["findings"][0]["code"], "sensitive_not_allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_into_another_automation_only_as_a_sensitive_one() {
    let bank = Service::start().await;
    let server = Server::new().await;
    let client = server.admin();
    let connection = json!({ "kind": "http", "base_url": bank.address });
    client.put("/connections/bank", &connection).await.with(200);
    let child = |name: &str, schema: &str| {
        format!(
            "druse: 1\nname: {name}\ninputs: {{ pin: {schema} }}\nsteps:\n  - {{ id: a, action: http, with: {{ connection: bank, path: /x, json: \"{{{{ inputs.pin }}}}\" }} }}\n"
        )
    };
    active(
        &client,
        &child("keeps", "{ type: string, sensitive: true }"),
    )
    .await;
    active(&client, &child("shows", "{ type: string }")).await;
    for (name, status) in [("keeps", "succeeded"), ("shows", "failed")] {
        let outer = OUTER
            .replace("NAME", name)
            .replace("name: outer", &format!("name: outer-{name}"));
        let outer = active(&client, &outer).await;
        let run = start(&client, &outer, &json!({ "pin": PIN })).await;
        let done = wait::run(&client, &run, status).await;
        if status == "failed" {
            assert_eq!(done["error"]["code"], "sensitive_not_allowed");
        }
        let views = all_views(&client, &run).await;
        assert!(
            !views.contains(PIN) && !views.contains("{{ sealed."),
            "{views}"
        );
    }
    let sent: Vec<Value> = bank
        .seen()
        .iter()
        .map(|seen| seen["body"].clone())
        .collect();
    assert_eq!(sent, [json!(PIN)]);
}

const WAITS: &str = r#"druse: 1
name: waits
inputs:
  pin: { type: string, minLength: 8, sensitive: true }
  note: { type: string, default: none }
steps:
  - id: said
    action: transform
    with: { value: "{{ inputs.note }}" }
  - id: charge
    action: http
    needs: [said]
    on_error: pause
    with:
      connection: bank
      path: /no
      headers: { authorization: "Pin {{ inputs.pin }}" }
      json: { note: "{{ steps.said.output }}" }
"#;

/// The first seal in the files of a folder, as somebody finds it who reads the disk.
fn seal_on_disk(folder: &Path) -> String {
    for file in holding(folder, "{{ sealed.pin.") {
        let bytes = std::fs::read(file).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let from = text.find("{{ sealed.pin.").unwrap();
        if let Some(to) = text[from..].find(" }}") {
            return text[from..from + to + 3].to_owned();
        }
    }
    panic!("no seal is stored");
}

/// A seal is opened where the version puts it, and nowhere else: not where somebody writes it, and what only
/// looks like one is a text like any other.
#[tokio::test(flavor = "multi_thread")]
async fn a_seal_that_somebody_writes_is_refused_or_stays_a_text() {
    let bank = Service::start().await;
    let server = Server::new().await;
    let client = server.admin();
    let connection = json!({ "kind": "http", "base_url": bank.address });
    client.put("/connections/bank", &connection).await.with(200);
    let waits = active(&client, WAITS).await;
    // It came from anywhere: a mail, a web page.
    let alike = "see {{ sealed.pin.abcd }} there";
    let run = start(&client, &waits, &json!({ "pin": PIN, "note": alike })).await;
    wait::run(&client, &run, "paused").await;
    assert_eq!(bank.seen()[0]["body"], json!({ "note": alike }));
    assert_eq!(bank.seen()[0]["authorization"], format!("Pin {PIN}"));

    let seal = seal_on_disk(server.data());
    let resume = format!("/runs/{run}/resume");
    for (input, path) in [
        // Where none may go, and where the document has one: it is not for a person to put it there.
        (json!({ "path": "/ok", "method": seal }), "/input/method"),
        (json!({ "json": { "note": [seal] } }), "/input/json/note/0"),
        (
            json!({ "headers": { "authorization": format!("Pin {seal}") } }),
            "/input/headers/authorization",
        ),
        // What was shown in the place of it is no value either.
        (
            json!({ "headers": { "authorization": "Pin [sensitive]" } }),
            "/input/headers/authorization",
        ),
        (
            json!({ "path": "/ok", "json": { seal.clone(): 1 } }),
            "/input/json",
        ),
    ] {
        let body = json!({ "step": "charge", "input": input });
        let refused = client
            .post(&resume, &body)
            .await
            .problem(422, "bad_correction");
        let finding = &refused["findings"][0];
        assert_eq!(finding["code"], "sensitive_not_allowed", "{refused:#}");
        assert!(text(&finding["path"]).starts_with(path), "{refused:#}");
        assert!(!refused.to_string().contains("{{ sealed."), "{refused:#}");
    }
    assert_eq!(bank.seen().len(), 1);
    // An expression in a correction is a text too.
    let body = json!({ "step": "charge", "input": { "path": "/ok", "json": { "note": "{{ inputs.pin }}" } } });
    client.post(&resume, &body).await.with(202);
    wait::run(&client, &run, "succeeded").await;
    assert_eq!(
        bank.seen()[1]["body"],
        json!({ "note": "{{ inputs.pin }}" })
    );
    assert_eq!(bank.seen()[1]["authorization"], format!("Pin {PIN}"));

    // Nor does a retry put it into an input that everybody reads, or another run open it.
    let retry = json!({ "inputs": { "pin": PIN, "note": seal }, "from": "said" });
    let refused = client.post(&format!("/runs/{run}/retry"), &retry).await;
    let refused = refused.problem(422, "bad_inputs");
    assert_eq!(refused["findings"][0]["path"], "/note", "{refused:#}");
    let other = start(&client, &waits, &json!({ "pin": OTHER, "note": seal })).await;
    wait::run(&client, &other, "paused").await;
    assert_eq!(bank.seen()[2]["body"], json!({ "note": seal }));
    client
        .post(&format!("/runs/{other}/cancel"), &json!({}))
        .await
        .with(202);
    wait::run(&client, &other, "canceled").await;
    let views = all_views(&client, &run).await + &all_views(&client, &other).await;
    for secret in [PIN, OTHER] {
        assert!(!views.contains(secret), "{secret} is shown");
    }
}

/// Whoever loses the key has lost what it sealed, and is told so instead of a run that begins with nothing.
#[tokio::test]
async fn a_sensitive_input_of_another_key_is_asked_for_anew() {
    let mut server = Server::new().await;
    let admin = server.admin();
    let id = active(
        &admin,
        r#"druse: 1
name: keyed
inputs:
  pin: { type: string, minLength: 8, sensitive: true }
steps:
  - { id: ask, action: approval_gate, with: { title: Go? } }
  - { id: told, action: http, needs: [ask], with: { url: "https://example.com/x", json: { pin: "{{ inputs.pin }}" } } }
"#,
    )
    .await;
    let start = format!("/automations/{id}/runs");
    let given = json!({ "inputs": { "pin": PIN } });
    let run = text(&admin.post(&start, &given).await.with(202)["id"]);
    let cancel = format!("/runs/{run}/cancel");
    admin.post(&cancel, &json!({})).await.with(202);
    wait::run(&admin, &run, "canceled").await;
    server.stop().await;
    std::fs::remove_file(server.data().join("secret.key")).expect("the key is there");
    server.start().await;
    let admin = server.admin();
    let retry = format!("/runs/{run}/retry");
    let refused = admin
        .post(&retry, &json!({}))
        .await
        .problem(422, "bad_inputs");
    assert_eq!(
        refused["findings"][0]["code"], "sensitive_unreadable",
        "{refused:#}"
    );
}
