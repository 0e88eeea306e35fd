//! Acknowledgements of before and of now, and what they hold for.

use super::*;
use druse_storage::{Automation, Batch, StoreExt as _};

/// A document that says of its step that somebody else chose the recipient.
fn document(to: &str) -> String {
    json!({
        "druse": 1, "name": "pay",
        "steps": [{ "id": "pay", "action": "emit", "with": { "type": "com.example.pay", "data": { "to": to } } }],
        "metadata": { "crystallized": { "findings": [{
            "id": "frozen_from_output:pay:/with/data/to", "message": "`to` stood in an answer.",
            "step": "pay", "place": "/with/data/to",
        }] } },
    })
    .to_string()
}

const ID: &str = "frozen_from_output:pay:/with/data/to";

fn asked(body: &Value) -> Vec<String> {
    let findings = body["findings"].as_array().into_iter().flatten();
    findings
        .filter(|one| one["acknowledge"] == true)
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

async fn put(server: &Server, path: &str, to: &str) -> Value {
    let method = if path == "/automations" {
        "POST"
    } else {
        "PUT"
    };
    let put = server.call(method, path, &[], &document(to)).await;
    assert!(put.status.is_success(), "{}", put.body);
    put.body
}

#[tokio::test]
async fn what_was_acknowledged_before_holds_for_the_version_that_the_audit_log_names() {
    let server = Server::new().await;
    let made = put(&server, "/automations", "ada").await;
    let path = format!("/automations/{}", made["id"].as_str().unwrap());
    let activate = format!("{path}/activate");
    let yes = json!({ "acknowledge": [ID] });
    assert_eq!(server.post(&activate, &yes).await.status, 200);
    put(&server, &path, "mallory").await;
    put(&server, &path, "ada").await;

    // As a server of before has left it: ids alone.
    let key = made["id"].as_str().unwrap();
    let mut row: Automation = server.app.store.get(key).unwrap().unwrap();
    row.acknowledgements.clear();
    row.acknowledged = vec![ID.into()];
    server.app.commit(Batch::new().put(&row)).await.unwrap();

    let other = json!({ "version": 2 });
    let refused = server.post(&activate, &other).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert_eq!(asked(&refused.body), [format!("{ID}@2")]);
    let said = refused.body["findings"][0]["message"].as_str().unwrap();
    assert!(said.contains("became mallory and was ada"), "{said}");
    // The same value is the same.
    let same = server.post(&activate, &json!({ "version": 3 })).await;
    assert_eq!(same.status, 200, "{}", same.body);
    assert_eq!(same.body["acknowledged"], json!([ID]));
}

#[tokio::test]
async fn what_nothing_tells_of_any_more_is_asked_about_again() {
    let server = Server::new().await;
    let made = put(&server, "/automations", "ada").await;
    let key = made["id"].as_str().unwrap();
    let mut row: Automation = server.app.store.get(key).unwrap().unwrap();
    row.acknowledged = vec![ID.into()];
    server.app.commit(Batch::new().put(&row)).await.unwrap();
    let activate = format!("/automations/{key}/activate");
    let refused = server.post(&activate, &json!({})).await;
    assert_eq!(
        asked(&refused.body),
        [format!("{ID}@1")],
        "{}",
        refused.body
    );
    let yes = json!({ "acknowledge": [format!("{ID}@1")] });
    assert_eq!(server.post(&activate, &yes).await.status, 200);
}

#[tokio::test]
async fn an_id_with_a_version_is_taken_as_that_version_has_it() {
    let server = Server::new().await;
    let made = put(&server, "/automations", "ada").await;
    let path = format!("/automations/{}", made["id"].as_str().unwrap());
    let activate = format!("{path}/activate");
    // Somebody saw version 1; meanwhile there is another.
    put(&server, &path, "mallory").await;
    let seen = json!({ "acknowledge": [format!("{ID}@1")] });
    let refused = server.post(&activate, &seen).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    put(&server, &path, "ada").await;
    assert_eq!(server.post(&activate, &seen).await.status, 200);
}

#[tokio::test]
async fn a_path_that_makes_a_program_another_one_is_acknowledged() {
    let server = Server::new().await;
    let document = json!({
        "druse": 1, "name": "look",
        "steps": [{ "id": "look", "action": "shell", "with": { "argv": ["ls"], "env": { "PATH": "/tmp/other" } } }],
        "capabilities": { "programs": ["ls"] },
    });
    let made = server.post("/automations", &document).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let path = format!("/automations/{}", made.body["id"].as_str().unwrap());
    let activate = format!("{path}/activate");
    let refused = server.post(&activate, &json!({})).await;
    let id = "program_steered:look:/steps/0/with/env/PATH";
    assert_eq!(asked(&refused.body), [id], "{}", refused.body);
    let yes = json!({ "acknowledge": [id] });
    assert_eq!(server.post(&activate, &yes).await.status, 200);
    let mut other = document.clone();
    other["steps"][0]["with"]["env"]["PATH"] = "/tmp/third".into();
    let put = server.call("PUT", &path, &[], &other.to_string()).await;
    assert_eq!(put.status, 200, "{}", put.body);
    let refused = server.post(&activate, &yes).await;
    assert_eq!(
        asked(&refused.body),
        [format!("{id}@2")],
        "{}",
        refused.body
    );
}

#[tokio::test]
async fn what_an_editor_let_begin_is_no_way_to_run_it_with_other_inputs() {
    let server = Server::new().await;
    let mut document: Value = serde_json::from_str(&document("ada")).unwrap();
    document["inputs"] = json!({ "note": { "type": "string", "default": "n" } });
    let made = server.post("/automations", &document).await.body;
    let runs = format!("/automations/{}/runs", made["id"].as_str().unwrap());
    let run = server
        .post(&format!("{runs}?wait=30s"), &json!({ "version": 1 }))
        .await;
    assert_eq!(run.body["status"], "succeeded", "{}", run.body);
    let operator = server.token(Role::Operator).await;
    let by_operator = |path: String, body: Value| {
        let request = Request::builder()
            .method("POST")
            .uri(format!("/api/v1{path}"))
            .header("authorization", format!("Bearer {operator}"));
        server.send(request.body(Body::from(body.to_string())).unwrap())
    };
    let refused = by_operator(runs, json!({ "version": 1 })).await;
    assert_eq!(refused.body["code"], "not_runnable", "{}", refused.body);
    let retry = format!("/runs/{}/retry", run.body["id"].as_str().unwrap());
    let other = json!({ "from": "pay", "inputs": { "note": "other" } });
    let refused = by_operator(retry.clone(), other).await;
    assert_eq!(refused.body["code"], "not_runnable", "{}", refused.body);
    assert_eq!(asked(&refused.body), [ID]);
    // As it was it may be tried again, also where a form sends what nobody changed.
    let same = by_operator(
        retry.clone(),
        json!({ "from": "pay", "inputs": { "note": "n" } }),
    )
    .await;
    assert_eq!(same.status, 202, "{}", same.body);
    let again = by_operator(retry, json!({ "from": "pay" })).await;
    assert_eq!(again.status, 202, "{}", again.body);
}

/// A document with these findings, as id, message and place each.
fn with_findings(to: &str, findings: &[(&str, &str, Option<&str>)]) -> Value {
    let findings = findings.iter().map(|(id, message, place)| {
        let mut finding = json!({ "id": id, "message": message, "step": "pay" });
        if let Some(place) = place {
            finding["place"] = (*place).into();
        }
        finding
    });
    json!({
        "druse": 1, "name": "pay",
        "steps": [{ "id": "pay", "action": "emit", "with": { "type": "com.example.pay", "data": { "to": to, "cc": "carl" } } }],
        "metadata": { "crystallized": { "findings": findings.collect::<Vec<_>>() } },
    })
}

/// Stores two versions of it, and activates the second with these ids. The first is activated with all that it asks
/// for when `first` says so.
async fn in_two(first: bool, one: &Value, two: &Value, given: &[&str]) -> Answered {
    let server = Server::new().await;
    let made = server.post("/automations", one).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let path = format!("/automations/{}", made.body["id"].as_str().unwrap());
    let activate = format!("{path}/activate");
    if first {
        let refused = server.post(&activate, &json!({})).await;
        let all = json!({ "acknowledge": asked(&refused.body) });
        assert_eq!(server.post(&activate, &all).await.status, 200);
    }
    let put = server.call("PUT", &path, &[], &two.to_string()).await;
    assert_eq!(put.status, 200, "{}", put.body);
    let given = json!({ "version": 2, "acknowledge": given });
    server.post(&activate, &given).await
}

#[tokio::test]
async fn of_two_findings_of_one_id_none_stands_for_the_other() {
    let id = "frozen_from_output:pay:/with/data";
    let findings = [
        (id, "`to` is frozen.", Some("/with/data/to")),
        (id, "`cc` is frozen.", Some("/with/data/cc")),
    ];
    let (one, two) = (
        with_findings("ada", &findings),
        with_findings("mallory", &findings),
    );
    let seen = format!("{id}@1");
    let refused = in_two(false, &one, &two, &[&seen]).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    let refused = in_two(true, &one, &two, &[]).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    let said = refused.body["findings"][0]["message"].as_str().unwrap();
    assert!(said.contains("became mallory and was ada"), "{said}");
    assert!(
        !said.contains("nothing") && !said.contains("loop"),
        "{said}"
    );
    let again = format!("{id}@2");
    assert_eq!(in_two(true, &one, &two, &[&again]).await.status, 200);
    // Where both stand as they stood, both hold.
    let mut same = one.clone();
    same["description"] = "x".into();
    assert_eq!(in_two(true, &one, &same, &[]).await.status, 200);
    assert_eq!(in_two(false, &one, &same, &[&seen]).await.status, 200);
}

#[tokio::test]
async fn an_id_means_the_finding_that_is_called_so() {
    let git = ("runs_program:git", "git", None);
    let other = ("runs_program:git@2", "git@2", None);
    let one = with_findings("a", &[git]);
    let two = with_findings("b", &[other, git]);
    let refused = in_two(false, &one, &two, &[other.0]).await;
    assert_eq!(asked(&refused.body), [git.0], "{}", refused.body);
    // What is asked about again is not called like another.
    let refused = in_two(true, &one, &two, &[other.0]).await;
    assert_eq!(
        asked(&refused.body),
        ["runs_program:git@02"],
        "{}",
        refused.body
    );
    let both = in_two(true, &one, &two, &[other.0, "runs_program:git@02"]).await;
    assert_eq!(both.status, 200, "{}", both.body);
    // As the pages of the console write it.
    let both = in_two(true, &one, &two, &[other.0, "runs_program:git@02@2"]).await;
    assert_eq!(both.status, 200, "{}", both.body);
}

#[tokio::test]
async fn what_is_said_of_a_step_holds_for_what_it_does() {
    let findings = [("influenced:pay", "The step follows texts of others.", None)];
    let two = with_findings("mallory", &findings);
    let refused = in_two(true, &with_findings("ada", &findings), &two, &[]).await;
    assert_eq!(asked(&refused.body), ["influenced:pay@2"]);
    // Of a sentence alone it is said what it is.
    let place = Some("/with/data/to");
    let say = |said| with_findings("ada", &[("influenced:pay", said, place)]);
    let refused = in_two(true, &say("One."), &say("Two."), &[]).await;
    let said = refused.body["findings"][0]["message"].as_str().unwrap();
    assert!(said.contains("what is said of it became Two."), "{said}");
}
