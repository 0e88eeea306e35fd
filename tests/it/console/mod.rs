//! The console as a browser meets it, without its script: every page, every form.

mod approval;
mod automation;
mod home;
mod hostile;
mod meanwhile;
mod offered;
mod recording;
mod review;
mod run;
mod settings;
mod signin;

use crate::harness::browser::Page;
use crate::harness::{Browser, Client, Server, text};
use serde_json::{Value, json};

/// An automation made and activated by the API; its id.
async fn active(server: &Server, document: &str) -> String {
    let admin = server.admin();
    let made = admin
        .request("POST", "/automations")
        .yaml(document)
        .send()
        .await
        .with(201);
    let id = text(&made["id"]);
    activated(&admin, &id).await;
    id
}

async fn activated(client: &Client, id: &str) -> Value {
    client
        .post(&format!("/automations/{id}/activate"), &json!({}))
        .await
        .with(200)
}

/// A run of it; its id.
async fn started(client: &Client, automation: &str, inputs: Value) -> String {
    let path = format!("/automations/{automation}/runs");
    let run = client.post(&path, &json!({ "inputs": inputs })).await;
    text(&run.with(202)["id"])
}

/// Sends what a page of a draft, as it is now, sends about one value of it.
async fn about_value(
    admin: &Client,
    browser: &Browser,
    automation: &str,
    fields: &[(&str, &str)],
) -> Page {
    let version = admin.get(automation).await.with(200)["latest_version"].to_string();
    let mut fields = fields.to_vec();
    fields.push(("version", &version));
    let path = format!("{automation}/review/answer");
    browser.post(&path, &fields).await
}
