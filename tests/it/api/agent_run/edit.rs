//! Steps changed, added, removed and branched, each as a version of its own; and activation.

use super::People;
use crate::harness::{Client, text};
use serde_json::{Value, json};

/// Changes, adds, removes and branches steps, each as a version of its own.
pub(super) async fn edit(people: &People, id: &str) {
    let path = format!("/automations/{id}");
    change(&people.editor, &path).await;
    remove(&people.editor, &path).await;
    branch(&people.editor, &path).await;
    replace(people, &path).await;

    let versions = people.viewer.all(&format!("{path}/versions")).await;
    let numbers: Vec<i64> = versions
        .iter()
        .map(|version| version["version"].as_i64().unwrap())
        .collect();
    assert_eq!(numbers, [9, 8, 7, 6, 5, 4, 3, 2, 1]);
    let one = people
        .viewer
        .get(&format!("{path}/versions/1"))
        .await
        .with(200);
    assert_eq!(
        one["document"]["steps"][4]["with"]["arguments"]["amount"],
        84.2
    );
    let diff = people
        .viewer
        .get(&format!("{path}/diff?from=1&to=2"))
        .await
        .with(200);
    assert!(diff["diff"].to_string().contains("84.2"), "{diff:#}");
}

/// A frozen parameter, as a number as it was.
async fn change(editor: &Client, path: &str) {
    let steps = format!("{path}/steps");
    let first = editor.get(path).await;
    let tag = first.header("etag").to_owned();
    let mut pay = first.with(200)["document"]["steps"][4]["with"].clone();
    pay["arguments"]["amount"] = json!(50.0);
    let patch = editor
        .request("PATCH", &format!("{steps}/pay"))
        .header("if-match", &tag);
    let changed = patch.json(&json!({ "with": pay })).send().await;
    assert_ne!(changed.header("etag"), tag);
    let changed = changed.with(200);
    assert_eq!(changed["latest_version"], 2);
    assert_eq!(
        changed["document"]["steps"][4]["with"]["arguments"]["amount"],
        50.0
    );
    assert_eq!(changed["document"]["steps"][4]["effects"], "write");
    let moved = editor
        .request("PATCH", &format!("{steps}/pay"))
        .header("if-match", &tag);
    moved
        .json(&json!({ "with": {} }))
        .send()
        .await
        .problem(412, "changed_meanwhile");
    // What was said about the frozen amount is said no more; what was said about the reference is.
    let said = |view: &Value, place: &str| {
        let findings = view["findings"].as_array().unwrap().iter();
        findings
            .filter(|finding| {
                finding["id"] == format!("frozen_from_output:pay:/with/arguments/{place}")
            })
            .count()
    };
    assert_eq!(
        (said(&changed, "amount"), said(&changed, "reference")),
        (0, 1)
    );
}

/// The dependant of a step that is removed needs what that needed, which is nothing here.
async fn remove(editor: &Client, path: &str) {
    let removed = editor
        .delete(&format!("{path}/steps/list_files"))
        .await
        .with(200);
    let rewired = removed["findings"].as_array().unwrap().iter();
    let rewired = rewired
        .filter(|finding| finding["code"] == "rewired")
        .count();
    assert_eq!(rewired, 1, "{:#}", removed["findings"]);
    assert_eq!(removed["document"]["steps"][0].get("needs"), None);
}

/// Enough money goes on to the gate, too little tells somebody.
async fn branch(editor: &Client, path: &str) {
    let steps = format!("{path}/steps");
    let size = json!({
        "id": "size", "action": "switch",
        "with": { "cases": [
            { "id": "enough", "when": "steps.get_account.output.json.balance > inputs.reserve" },
            { "id": "short" },
        ] },
    });
    let inputs = editor
        .post(&steps, &json!({ "step": size, "after": "get_account" }))
        .await;
    let refused = inputs.problem(422, "bad_document");
    assert!(
        refused["findings"].to_string().contains("reserve"),
        "{refused:#}"
    );
    let mut document = editor.get(path).await.with(200)["document"].clone();
    document["inputs"] = json!({ "reserve": { "type": "integer", "default": 100 } });
    editor.put(path, &document).await.with(200);
    let add = editor.request("POST", &steps).key("size");
    let added = add
        .json(&json!({ "step": size, "after": "get_account" }))
        .send()
        .await
        .with(200);
    let ids: Vec<&Value> = added["document"]["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| &step["id"])
        .collect();
    assert_eq!(
        ids,
        ["read_file", "get_account", "size", "approve_pay", "pay"]
    );
    assert_eq!(
        added["document"]["steps"][2]["needs"],
        json!(["get_account"])
    );
    assert_eq!(
        added["document"]["steps"][3]["needs"],
        json!(["get_account"])
    );
    let again = editor.request("POST", &steps).key("size");
    let again = again
        .json(&json!({ "step": size, "after": "get_account" }))
        .send()
        .await;
    assert_eq!(again.with(200), added);
    let gate = json!({ "needs": ["size.enough"] });
    editor
        .patch(&format!("{steps}/approve_pay"), &gate)
        .await
        .with(200);
    let tell = json!({
        "id": "tell", "action": "emit", "needs": ["size.short"],
        "with": { "type": "com.example.account.short", "data": { "balance": "{{ steps.get_account.output.json.balance }}" } },
    });
    editor
        .post(&steps, &json!({ "step": tell }))
        .await
        .with(200);
    let receipt = json!({
        "id": "receipt", "action": "transform", "when": "steps.pay.output.json.status == 'booked'",
        "with": { "value": { "payment": "{{ steps.pay.output.json.payment_id }}", "left": "{{ steps.pay.output.json.balance }}" } },
    });
    editor
        .post(&steps, &json!({ "step": receipt, "after": "pay" }))
        .await
        .with(200);
}

/// Replaces the whole document, with outputs and triggers, as YAML; who has not seen the newest is refused.
async fn replace(people: &People, path: &str) {
    let read = people
        .editor
        .request("GET", path)
        .header("accept", "application/yaml")
        .send()
        .await;
    let tag = read.header("etag").to_owned();
    assert_eq!(read.status, 200, "{}", read.text);
    let yaml = format!(
        "{}\n# What a caller gets.\noutputs:\n  payment: \"{{{{ steps.receipt.output.payment }}}}\"\n  told: \"{{{{ steps.tell.output.event_id }}}}\"\ntriggers:\n  - id: monthly\n    schedule: {{ cron: \"0 7 1 * *\", timezone: Europe/Berlin }}\n    inputs: {{ reserve: 300 }}\n  - id: letter\n    webhook: {{ verify: {{ scheme: bearer, secret: letters }}, respond: accepted }}\n",
        read.text.trim_end()
    );
    let put = |tag: &str| {
        people
            .editor
            .request("PUT", path)
            .header("if-match", tag)
            .yaml(&yaml)
            .send()
    };
    put("\"1-1\"").await.problem(412, "changed_meanwhile");
    let written = put(&tag).await;
    let newer = written.header("etag").to_owned();
    assert_ne!(newer, tag);
    assert_eq!(written.with(200)["latest_version"], 9);
    put(&tag).await.problem(412, "changed_meanwhile");
    let read = people
        .editor
        .request("GET", path)
        .header("accept", "application/yaml")
        .send()
        .await;
    assert_eq!(
        (read.text.as_str(), read.header("etag")),
        (yaml.as_str(), newer.as_str())
    );
}

/// Activation is refused until the webhook's secret is there; then the triggers live.
pub(super) async fn activate(people: &People, id: &str) {
    let path = format!("/automations/{id}");
    let runs = format!("{path}/runs");
    people
        .operator
        .post(&runs, &json!({}))
        .await
        .problem(409, "not_active");
    let activate = format!("{path}/activate");
    let refused = people
        .editor
        .post(&activate, &json!({}))
        .await
        .problem(422, "activation_blocked");
    let findings = refused["findings"].as_array().unwrap();
    assert!(!findings.is_empty());
    assert!(
        findings
            .iter()
            .all(|finding| finding["code"] == "missing_secret"),
        "{refused:#}"
    );
    let secret = json!({ "value": "a letter came" });
    people
        .admin
        .put("/secrets/letters", &secret)
        .await
        .with(200);
    let active = people.editor.post(&activate, &json!({})).await.with(200);
    assert_eq!(
        (&active["status"], &active["active_version"]),
        (&json!("active"), &json!(9))
    );
    let triggers = people.editor.all(&format!("{path}/triggers")).await;
    let kinds: Vec<(&Value, &Value)> = triggers
        .iter()
        .map(|one| (&one["name"], &one["kind"]))
        .collect();
    assert_eq!(
        kinds,
        [
            (&json!("monthly"), &json!("schedule")),
            (&json!("letter"), &json!("webhook"))
        ]
    );
    assert_eq!(triggers[0]["address"], Value::Null);
    assert!(!triggers[0]["next"].as_array().unwrap().is_empty());
    assert!(text(&triggers[1]["address"]).starts_with("/hooks/"));

    // What people edit now does not touch what runs.
    let dry = people
        .operator
        .post(&runs, &json!({ "dry_run": true }))
        .await
        .with(200);
    assert_eq!(dry["version"], 9);
    assert_eq!(
        people
            .viewer
            .all(&format!("/runs?automation_id={id}"))
            .await
            .len(),
        0
    );
    let wrong = json!({ "inputs": { "reserve": "much", "colour": "red" } });
    let wrong = people
        .operator
        .post(&runs, &wrong)
        .await
        .problem(422, "bad_inputs");
    let said = wrong["findings"].to_string();
    assert!(
        said.contains("reserve") && said.contains("colour"),
        "{said}"
    );
}
