//! How runs fail, are ended and held: over the API and the command line, with the server killed in between.

mod branches;
mod cancels;
mod children;
mod composition;
mod handlers;
mod lost;
mod pauses;
mod poison;
mod shop;
mod starters;
mod stops;
mod versions;

use crate::harness::{Client, Server, active, text};
use serde_json::{Value, json};
use shop::Shop;

/// A server that knows the shop.
async fn server(shop: &Shop) -> Server {
    let server = Server::new().await;
    let connection = json!({ "kind": "http", "base_url": shop.address });
    let put = server.admin().put("/connections/shop", &connection).await;
    assert!(put.status < 300, "{put:?}");
    server
}

/// A call of the shop.
fn call(id: &str, what: &str, more: Value) -> Value {
    let (method, path) = what.split_once(' ').unwrap();
    let mut step = json!({ "id": id, "action": "http", "with": with(method, path) });
    step.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    step
}

fn with(method: &str, path: &str) -> Value {
    json!({ "connection": "shop", "method": method, "path": path })
}

/// Starts a run of a new automation.
async fn start(client: &Client, document: &Value) -> String {
    let runs = format!("{}/runs", active(client, document).await);
    text(&client.post(&runs, &json!({})).await.with(202)["id"])
}

/// The steps of a run, as `pay succeeded`.
fn lines(run: &Value) -> Vec<String> {
    let steps = run["steps"].as_array().unwrap().iter();
    steps
        .map(|step| format!("{} {}", text(&step["path"]), text(&step["status"])))
        .collect()
}

/// The facts of a run of these types, in order.
async fn facts(client: &Client, run: &str, types: &[&str]) -> Vec<Value> {
    let mut facts = client.all(&format!("/runs/{run}/events")).await;
    facts.retain(|fact| types.contains(&fact["type"].as_str().unwrap()));
    facts
}
