//! What cannot be read for a moment is no answer: nothing is taken for refused or for changed because of it.

use super::*;
use druse_storage::{AutomationName, Batch, Entity, Secret, Table};
use serde::{Deserialize, Serialize};
use std::time::Duration;

const CHILD: &str = "druse: 1
name: payout
steps:
  - { id: say, action: transform, with: { value: 1 } }
";

/// Something in the place of an automation's name.
#[derive(Serialize, Deserialize)]
struct Name(String);

impl Entity for Name {
    const TABLE: Table = AutomationName::TABLE;
    fn key(&self) -> String {
        self.0.clone()
    }
}

/// Something in the place of a secret.
#[derive(Serialize, Deserialize)]
struct Hidden(String);

impl Entity for Hidden {
    const TABLE: Table = Secret::TABLE;
    fn key(&self) -> String {
        self.0.clone()
    }
}

impl Server {
    async fn store(&self, batch: Batch) {
        self.app.commit(batch).await.unwrap();
    }

    async fn begun(&self, automation: &str, inputs: &Value) -> String {
        let path = format!("/automations/{automation}/runs");
        let run = self.post(&path, &json!({ "inputs": inputs })).await;
        assert_eq!(run.status, 202, "{}", run.body);
        run.body["id"].as_str().unwrap().to_owned()
    }

    async fn ended(&self, run: &str) -> Value {
        let id = run.parse().unwrap();
        let view = self.app.engine.wait(id, Duration::from_secs(60)).await;
        json!(view.unwrap())
    }

    async fn gate(&self, run: &str) -> Value {
        let path = format!("/approvals?status=pending&run_id={run}");
        let found = self.call("GET", &path, &[], "").await;
        found.body["items"][0].clone()
    }
}

/// A version is not judged by what nobody can read.
#[tokio::test]
async fn a_version_that_cannot_be_judged_now_is_tried_again() {
    let server = Server::new().await;
    let child = server.active(CHILD).await;
    let second = CHILD.replace("value: 1", "value: 2");
    let yaml = [("content-type", "application/yaml")];
    let path = format!("/automations/{child}");
    let put = server.call("PUT", &path, &yaml, &second).await;
    assert_eq!(put.status, 200, "{}", put.body);
    let parent = server
        .active(
            "druse: 1
name: parent
inputs: { v: {} }
steps:
  - { id: go, action: automation, with: { name: payout, version: \"{{ inputs.v }}\" } }
",
        )
        .await;
    server.store(Batch::new().put(&Hidden("torn".into()))).await;
    let run = server.begun(&parent, &json!({ "v": 2 })).await;
    let failed = server.ended(&run).await;
    let error = &failed["steps"][0]["error"];
    assert_eq!(
        (&error["code"], &error["class"]),
        (&json!("not_accepted"), &json!("retryable")),
        "{failed:#}"
    );
    server.store(Batch::new().remove::<Hidden>("torn")).await;
    let run = server.begun(&parent, &json!({ "v": 2 })).await;
    assert_eq!(server.ended(&run).await["status"], "succeeded");
}

/// An approval holds while nobody can read which version its step would start.
#[tokio::test]
async fn an_approval_is_not_void_because_something_cannot_be_read() {
    let server = Server::new().await;
    let child = server.active(CHILD).await;
    let parent = server
        .active(
            "druse: 1
name: parent
steps:
  - { id: ask, action: approval_gate, with: { title: Pay? } }
  - { id: go, needs: [ask], action: automation, with: { name: payout } }
",
        )
        .await;
    let run = server.begun(&parent, &json!({})).await;
    let first = server.gate(&run).await;
    assert_eq!(first["details"]["next"][0]["automation"]["version"], 1);

    server.store(Batch::new().put(&Name("payout".into()))).await;
    for turn in ["pause", "resume"] {
        let path = format!("/runs/{run}/{turn}");
        let given = server.post(&path, &json!({})).await;
        assert!(given.status.is_success(), "{}", given.body);
    }
    assert_eq!(server.gate(&run).await["id"], first["id"]);
    // Nothing begins that would show nothing.
    let path = format!("/automations/{parent}/runs");
    let refused = server.post(&path, &json!({})).await;
    assert_eq!(refused.body["code"], "damaged", "{}", refused.body);

    let row = AutomationName {
        name: "payout".into(),
        automation: child.parse().unwrap(),
    };
    server.store(Batch::new().put(&row)).await;
    let path = format!("/approvals/{}/decision", first["id"].as_str().unwrap());
    let body = json!({ "decision": "approve", "digest": first["digest"] });
    let decided = server.post(&path, &body).await;
    assert_eq!(decided.status, 200, "{}", decided.body);
    assert_eq!(server.ended(&run).await["status"], "succeeded");
}
