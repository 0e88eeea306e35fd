//! Tests, dry runs and trials over the API: nothing of them happens.

use crate::harness::{Server, text, wait, world};
use serde_json::{Value, json};

const GUARDED: &str = r#"druse: 1
name: guarded
inputs:
  amount: { type: integer }
  pin: { type: string, sensitive: true, default_hint: none }
steps:
  - { id: ask, action: http, with: { connection: bank, method: POST, path: /ask, json: { amount: "{{ inputs.amount }}", pin: "{{ inputs.pin }}" } } }
  - { id: gate, action: approval_gate, needs: [ask], when: inputs.amount > 100, with: { title: "Pay {{ inputs.amount }}?" } }
  - { id: pay, action: http, needs: [gate, ask], join: none_failed, with: { connection: bank, method: POST, path: /pay, json: "{{ steps.ask.output.json }}" } }
outputs:
  paid: "{{ steps.pay.output.json }}"
"#;

fn guarded() -> String {
    GUARDED.replace(", default_hint: none", "")
}

#[tokio::test]
async fn tests_run_against_a_stored_version() {
    let server = Server::new().await;
    let admin = server.admin();
    let made = admin
        .request("POST", "/automations")
        .yaml(&guarded())
        .send()
        .await
        .with(201);
    let path = format!("/automations/{}/test", text(&made["id"]));
    let mocks =
        json!({ "ask": { "output": { "json": 7 } }, "pay": { "output": { "json": "ok" } } });
    let tests = json!({ "tests": [
        { "name": "small", "inputs": { "amount": 5, "pin": "x" }, "mocks": mocks,
          "expect": { "status": "succeeded", "outputs": { "paid": "ok" }, "steps": { "pay": { "input": { "json": 7 } } } } },
        { "name": "large", "inputs": { "amount": 500, "pin": "x" }, "mocks": mocks,
          "expect": { "status": "succeeded", "never": ["pay"] } },
    ]});
    let done = admin.post(&path, &tests).await.with(200);
    assert_eq!(
        (&done["version"], &done["passed"], &done["failed"]),
        (&json!(1), &json!(1), &json!(1))
    );
    let said: Vec<&str> = done["tests"][1]["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["message"].as_str().unwrap())
        .collect();
    assert_eq!(said[0], "no mock for the gate gate");
    // Without any, those of the document run; it has none yet.
    let own = admin.post(&path, &json!({})).await;
    own.problem(422, "no_tests");
    let mut document = made["document"].clone();
    document["tests"] = tests["tests"].clone();
    let address = format!("/automations/{}", text(&made["id"]));
    let changed = admin.request("PUT", &address).json(&document).send().await;
    let changed = changed.with(200);
    assert_eq!(changed["digest"], made["digest"]);
    let own = admin.post(&path, &json!({})).await.with(200);
    assert_eq!(
        (&own["version"], &own["passed"], &own["failed"]),
        (&json!(2), &json!(1), &json!(1))
    );
    let wrong = json!({ "tests": [{ "name": "x", "inputs": { "amount": 1, "pin": "x" }, "mocks": { "aks": { "output": 1 } }, "expect": {} }] });
    let wrong = admin.post(&path, &wrong).await.problem(422, "bad_test");
    assert_eq!(wrong["findings"][0]["code"], "unknown_step");
    assert_eq!(wrong["findings"][0]["path"], "/tests/0/mocks/aks");
    admin
        .post(&path, &json!({ "tests": [], "version": 9 }))
        .await
        .problem(404, "not_found");
    server
        .role("viewer")
        .await
        .post(&path, &tests)
        .await
        .problem(403, "role_too_low");
}

#[tokio::test]
async fn a_dry_run_shows_what_would_be_asked_and_hides_what_is_sensitive() {
    let server = Server::new().await;
    let admin = server.admin();
    let made = admin
        .request("POST", "/automations")
        .yaml(&guarded())
        .send()
        .await
        .with(201);
    let id = text(&made["id"]);
    // A draft without its connection: nothing is called, so nothing is missing.
    let runs = format!("/automations/{id}/runs");
    let mut body =
        json!({ "dry_run": true, "version": 1, "inputs": { "amount": 500, "pin": "geheim-4711" } });
    let dry = admin.post(&runs, &body).await.with(200);
    assert_eq!(dry["effects"][0]["answer"], "none");
    assert_eq!(dry["effects"][0]["input"]["json"]["amount"], 500);
    assert_eq!(dry["stops"][0]["code"], "no_answer");
    assert!(!dry.to_string().contains("4711"), "{dry:#}");
    body["mocks"] =
        json!({ "ask": { "output": { "json": 7 } }, "pay": { "output": { "json": "ok" } } });
    let dry = admin.post(&runs, &body).await.with(200);
    assert_eq!(
        (&dry["status"], &dry["stops"][0]["code"]),
        (&json!("waiting"), &json!("no_decision"))
    );
    body["approve"] = true.into();
    let dry = admin.post(&runs, &body).await.with(200);
    assert_eq!(
        (&dry["status"], &dry["outputs"]["paid"]),
        (&json!("succeeded"), &json!("ok"))
    );
    assert_eq!(dry["effects"].as_array().unwrap().len(), 2);
    assert!(!dry.to_string().contains("4711"), "{dry:#}");
    // Nothing was started and nothing is waiting for a person.
    assert_eq!(admin.all("/runs").await.len(), 0);
    assert_eq!(admin.all("/approvals").await.len(), 0);
    admin
        .get(&format!("/runs/{}", text(&dry["id"])))
        .await
        .problem(404, "not_found");

    body["from_run"] = "run_x".into();
    admin.post(&runs, &body).await.problem(404, "not_found");
    let real = json!({ "version": 1, "inputs": { "amount": 1, "pin": "x" }, "approve": true });
    admin.post(&runs, &real).await.problem(422, "bad_body");
    let recording = json!({ "dry_run": true, "version": 1, "inputs": { "amount": 1, "pin": "x" }, "from_recording": true });
    admin
        .post(&runs, &recording)
        .await
        .problem(422, "no_recording");
}

#[tokio::test]
async fn a_crystallized_automation_is_rehearsed_with_its_recording() {
    let server = Server::new().await;
    let admin = server.admin();
    let folder = world::example("pay-bill");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let recording: Value = serde_json::from_str(&read("recording.json")).unwrap();
    let stored = admin.post("/agents/runs", &recording).await.with(201);
    let (map, _) = druse_engine::definition::parse_value(
        &read("tools.yaml"),
        druse_engine::definition::Syntax::Yaml,
    )
    .unwrap();
    let path = format!("/agents/runs/{}/crystallize", text(&stored["id"]));
    // Made by rules that only this request has, and by the server's, which then change: both read the answers as
    // the draft does.
    let with_own = json!({ "mode": "bound", "name": "own-rules", "tools": map["tools"] });
    let own = admin.post(&path, &with_own).await.with(201);
    admin.put("/tools", &map).await.with(200);
    let body = json!({ "mode": "bound", "name": "server-rules" });
    let of_server = admin.post(&path, &body).await.with(201);
    let made = admin.post(&path, &json!({})).await.with(201);
    admin.put("/tools", &json!({ "tools": [] })).await.with(200);
    let body = json!({ "dry_run": true, "version": 1, "from_recording": true });
    for draft in [own, of_server] {
        let runs = format!("/automations/{}/runs", text(&draft["automation"]["id"]));
        let dry = admin.post(&runs, &body).await.with(200);
        assert_eq!(dry["status"], "succeeded", "{dry:#}");
    }
    let id = text(&made["automation"]["id"]);
    let dry = admin
        .post(&format!("/automations/{id}/runs"), &body)
        .await
        .with(200);
    assert_eq!(dry["status"], "succeeded", "{dry:#}");
    assert_eq!(dry["effects"].as_array().unwrap().len(), 4);
    assert!(
        dry["effects"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["answer"] == "recorded")
    );
    assert_eq!(dry["stops"], json!([]));
    assert_eq!(admin.all("/runs").await.len(), 0);
}

#[tokio::test]
async fn runs_stay_on_their_version_while_a_draft_stands_beside_it() {
    let server = Server::new().await;
    let admin = server.admin();
    let document = |said: &str| {
        format!(
            "druse: 1\nname: pinned\nsteps:\n  - {{ id: gate, action: approval_gate, with: {{ title: Go? }} }}\n  - {{ id: say, action: transform, needs: [gate], with: {{ value: {said} }} }}\noutputs:\n  said: \"{{{{ steps.say.output }}}}\"\n"
        )
    };
    let made = admin
        .request("POST", "/automations")
        .yaml(&document("old"))
        .send()
        .await
        .with(201);
    let path = format!("/automations/{}", text(&made["id"]));
    admin
        .post(&format!("{path}/activate"), &json!({}))
        .await
        .with(200);
    let first = text(
        &admin
            .post(&format!("{path}/runs"), &json!({}))
            .await
            .with(202)["id"],
    );
    wait::approval(&admin, &first).await;
    // A draft is written: who starts the automation gets the active version.
    let edited = admin
        .request("PUT", &path)
        .yaml(&document("new"))
        .send()
        .await
        .with(200);
    assert_eq!(
        (&edited["latest_version"], &edited["active_version"]),
        (&json!(2), &json!(1))
    );
    let second = text(
        &admin
            .post(&format!("{path}/runs"), &json!({}))
            .await
            .with(202)["id"],
    );
    admin
        .post(&format!("{path}/activate"), &json!({}))
        .await
        .with(200);
    let third = text(
        &admin
            .post(&format!("{path}/runs"), &json!({}))
            .await
            .with(202)["id"],
    );
    // Each ends with the version that it began with, though another is active by now.
    for (run, version, said) in [(&first, 1, "old"), (&second, 1, "old"), (&third, 2, "new")] {
        let gate = wait::approval(&admin, run).await;
        let yes = json!({ "decision": "approve", "digest": gate["digest"] });
        admin
            .post(&format!("/approvals/{}/decision", text(&gate["id"])), &yes)
            .await
            .with(200);
        let done = wait::run(&admin, run, "succeeded").await;
        assert_eq!(
            (&done["version"], &done["outputs"]["said"]),
            (&json!(version), &json!(said))
        );
    }
    // The draft is tried on all three: what the gate let through is said otherwise now.
    let tried = admin
        .post(&format!("{path}/versions/2/try"), &json!({ "runs": 10 }))
        .await
        .with(200);
    assert_eq!(
        tried["counts"],
        json!({ "runs": 3, "same": 1, "changed": 2, "stopped": 0, "not_tried": 0 })
    );
    assert_eq!(tried["runs"][2]["outputs_before"], json!({ "said": "old" }));
    assert_eq!(tried["runs"][2]["outputs_after"], json!({ "said": "new" }));
    let diff = admin
        .get(&format!("{path}/diff?from=1&to=2"))
        .await
        .with(200);
    assert_eq!(
        diff["changes"][0]["fields"],
        json!([{ "path": "with.value", "before": "old", "after": "new" }])
    );
    assert_eq!(
        diff["text"],
        "~ step say (transform)\n    with.value: \"old\" -> \"new\""
    );
    admin
        .post(&format!("{path}/versions/9/try"), &json!({}))
        .await
        .problem(404, "not_found");
    admin
        .post(&format!("{path}/versions/1/try"), &json!({ "runs": 0 }))
        .await
        .problem(422, "bad_body");
    // A version that needs what those runs did not give is not tried on them.
    let needs = document("new").replace("steps:", "inputs: { n: { type: integer } }\nsteps:");
    admin
        .request("PUT", &path)
        .yaml(&needs)
        .send()
        .await
        .with(200);
    let tried = admin
        .post(&format!("{path}/versions/3/try"), &json!({ "runs": 1 }))
        .await
        .with(200);
    assert_eq!(tried["runs"][0]["outcome"], "not_tried");
    assert_eq!(tried["runs"][0]["findings"][0]["code"], "missing_input");
}
