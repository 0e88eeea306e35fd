//! Limits on runs that go at once, over the real binary.

mod crash;
mod deadlock;
mod gates;
mod overflow;
mod rates;

use crate::harness::{Client, active, text};
use serde_json::{Value, json};

/// Starts a run and gives its id.
async fn start(admin: &Client, path: &str, body: Value) -> String {
    text(&admin.post(&format!("{path}/runs"), &body).await.with(202)["id"])
}

/// A gate whose runs share one key, with a pure step behind it.
fn gated(name: &str, concurrency: Value) -> Value {
    json!({ "druse": 1, "name": name, "inputs": { "region": { "type": "string", "default": "EU" } },
        "concurrency": concurrency,
        "steps": [
            { "id": "ask", "action": "approval_gate", "with": { "title": "Go on?" } },
            { "id": "then", "needs": ["ask"], "action": "transform", "with": { "value": 1 } },
        ] })
}
