//! Connections: how tools are reached.

use super::page;
use crate::client::encode;
use crate::console::call::{Answer, Call, Done};
use crate::console::component::{action, time, value};
use crate::console::page::home::items;
use crate::console::twin::Refusal;
use crate::console::visible::Kept;
use http::Method;
use maud::{Markup, html};
use serde_json::{Value, json};

const EXAMPLES: [(&str, &str); 4] = [
    (
        "an HTTP API",
        r#"{ "kind": "http", "base_url": "https://api.example.com", "headers": { "Authorization": "Bearer {{ secrets.api_token }}" } }"#,
    ),
    (
        "an MCP server",
        r#"{ "kind": "mcp", "url": "https://mcp.example.com/" }"#,
    ),
    (
        "an MCP server that is started here",
        r#"{ "kind": "mcp", "command": ["/usr/local/bin/my-server", "--stdio"] }"#,
    ),
    ("a folder", r#"{ "kind": "folder", "path": "/srv/files" }"#),
];

pub(super) async fn list(call: &Call) -> Result<Markup, Refusal> {
    let all = call.api.get("/connections?limit=200").await?;
    Ok(html! {
        section #connections {
            h2 { "Connections" }
            @if items(&all).is_empty() { p .dim { "None. A step names one to say where it reaches." } }
            @for one in items(&all) {
                @let name = one["name"].as_str().unwrap_or_default();
                @let path = format!("/settings/connections/{}", encode(name));
                details .more {
                    summary { strong { (name) } " " span .dim { (one["kind"].as_str().unwrap_or_default()) " · written " (time::ago(&one["updated_at"], call.now)) } }
                    (value::pairs(&definition(one)))
                    div .actions {
                        (action::button(&format!("{path}/test"), "Test it", ""))
                        (action::button(&format!("{path}/remove"), &format!("Remove {name}"), "danger"))
                    }
                }
            }
            details .more open[call.form.has("definition")] {
                summary { "Set one up" }
                form method="post" action="/settings/connections" {
                    label for="connection-name" { "Name" }
                    input #connection-name name="name" autocomplete="off" required value=(call.kept("name", ""));
                    label for="definition" { "What it is, as JSON" }
                    textarea #definition .code name="definition" rows="5" spellcheck="false" required { (Kept(call.kept("definition", ""))) }
                    div .buttons { button .primary { "Set it up" } }
                }
                p .dim { "For example:" }
                @for (what, text) in EXAMPLES { p .dim { (what) ": " code data-copy=(text) { (text) } } }
            }
        }
    })
}

/// A connection without its name and its time.
fn definition(one: &Value) -> Value {
    let mut definition = one.clone();
    if let Some(map) = definition.as_object_mut() {
        map.remove("name");
        map.remove("updated_at");
    }
    definition
}

fn address(name: &str) -> String {
    format!("/connections/{}", encode(name))
}

pub(in crate::console) async fn write(call: &Call) -> Done {
    let text = call.form.get("definition").unwrap_or_default();
    let definition: Value = serde_json::from_str(text).map_err(|error| {
        Refusal::form(
            format!("The definition is not JSON: {error}."),
            "One of the examples is a beginning.",
        )
    })?;
    let name = call.form.text("name");
    call.api
        .json(Method::PUT, &address(name), None, &definition)
        .await?;
    Ok(Answer::See("/settings#connections".into()))
}

pub(in crate::console) async fn test(call: &Call) -> Done {
    let name = call.param("name");
    let found = call
        .api
        .post(&format!("{}/test", address(name)), None, &json!({}))
        .await?;
    let told =
        html! { p { "The connection " strong { (name) } " answers." } (value::pairs(&found)) };
    Ok(page(call, Some(told)).await?.into())
}

pub(in crate::console) async fn remove(call: &Call) -> Done {
    call.api
        .json(
            Method::DELETE,
            &address(call.param("name")),
            None,
            &Value::Null,
        )
        .await?;
    Ok(Answer::See("/settings#connections".into()))
}
