//! History that stays manageable: what leaves it and what does not, searches, and what says that something
//! is wrong.

mod artifacts;
mod backup;
mod doctor;
mod export;
mod facts;
mod head;
mod logs;
mod quota;
mod retention;
mod search;

use crate::harness::{Client, text};
use serde_json::{Value, json};

/// Makes an automation active and gives its id.
async fn active(client: &Client, document: &Value) -> String {
    let made = client.post("/automations", document).await.with(201);
    let id = text(&made["id"]);
    let path = format!("/automations/{id}/activate");
    client.post(&path, &json!({})).await.with(200);
    id
}

/// An automation that does nothing with its inputs.
fn quiet(name: &str) -> Value {
    json!({
        "druse": 1, "name": name,
        "inputs": {
            "n": { "type": "integer", "default": 0 },
            "region": { "type": "string", "default": "EU" },
            "pad": { "type": "string", "default": "" },
        },
        "steps": [{ "id": "a", "action": "transform", "with": { "value": 1 } }],
    })
}

/// Runs an automation to its end and gives the run's id.
async fn ran(client: &Client, automation: &str, body: &Value) -> String {
    let path = format!("/automations/{automation}/runs?wait=30s");
    let run = client.post(&path, body).await.with(200);
    assert_eq!(run["status"], "succeeded", "{run:#}");
    text(&run["id"])
}
