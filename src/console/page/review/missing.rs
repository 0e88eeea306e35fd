//! Connections that a draft needs and that are not there, with a form for each.

use super::{Draft, change};
use crate::console::call::{Call, Done};
use crate::console::component::{action, value};
use crate::console::twin::Refusal;
use crate::service::Role;
use druse_engine::Finding;
use http::Method;
use maud::{Markup, html};
use serde_json::json;
use std::collections::BTreeMap;

/// A connection that is needed.
#[derive(Default)]
struct Missing {
    steps: Vec<String>,
    kind: &'static str,
    /// Whether the draft has to be made anew for it, because tools are found through it.
    anew: bool,
}

/// What a kind is reached by, as a form asks for it.
fn place(kind: &str) -> Option<(&'static str, &'static str)> {
    match kind {
        "folder" => Some(("Folder on the server's machine", "/srv/work")),
        "http" => Some(("Address", "https://api.example.com")),
        "mcp" => Some((
            "Address, or the command that starts it",
            "https://mcp.example.com/",
        )),
        _ => None,
    }
}

/// The server in the name of a recorded tool, as agents write it.
fn server(tool: &str) -> Option<&str> {
    let (server, _) = tool.strip_prefix("mcp__")?.split_once("__")?;
    Some(server)
}

/// By name, from what the findings say about steps.
fn missing<'a>(draft: &'a Draft, findings: &[Finding]) -> BTreeMap<&'a str, Missing> {
    let mut all: BTreeMap<&str, Missing> = BTreeMap::new();
    for finding in findings {
        let step = finding.step.as_deref().unwrap_or_default();
        let Some(found) = draft.steps().iter().find(|one| one["id"] == step) else {
            continue;
        };
        let with = &found["with"];
        let (name, anew) = match finding.code.as_str() {
            "missing_connection" => (with["connection"].as_str(), false),
            "unmapped_tool" => (with["tool"].as_str().and_then(server), true),
            _ => (None, false),
        };
        let Some(name) = name.filter(|name| !name.contains("{{")) else {
            continue;
        };
        let one = all.entry(name).or_default();
        one.steps.push(step.to_owned());
        one.anew |= anew;
        one.kind = match found["action"].as_str().unwrap_or_default() {
            "file" | "shell" => "folder",
            "http" => "http",
            "mcp" | "tool" => "mcp",
            _ => "",
        };
    }
    all
}

pub(super) fn show(call: &Call, draft: &Draft, findings: &[Finding]) -> Markup {
    let all = missing(draft, findings);
    let id = draft.automation["id"].as_str().unwrap_or_default();
    html! {
        @if !all.is_empty() {
            section .questions #connections {
                h2 { (value::count(all.len(), "connection is", "connections are")) " missing" }
                @for (name, one) in &all {
                    @let used = value::count(one.steps.len(), "step uses it", "steps use it");
                    @match place(one.kind).filter(|_| call.may(Role::Admin)) {
                        Some((label, example)) => (form(call, id, name, one, (&used, label, example))),
                        None => p { code { (name) } ": " (used) ". " a href="/settings#connections" { "Connections" } " are set up by administrators." },
                    }
                }
            }
        }
    }
}

fn form(
    call: &Call,
    id: &str,
    name: &str,
    one: &Missing,
    (used, label, example): (&str, &str, &str),
) -> Markup {
    let mine = call.form.text("connection") == name;
    let written = if mine { call.kept("place", "") } else { "" };
    let field = format!("place-{name}");
    html! {
        form .connect method="post" action={ "/automations/" (id) "/review/connection" } {
            (action::key())
            input type="hidden" name="connection" value=(name);
            input type="hidden" name="kind" value=(one.kind);
            @if one.anew { input type="hidden" name="anew" value="yes"; }
            label for=(field) { (name) " " span .dim { (one.kind) ", " (used) ". " (label) } }
            input #(field) name="place" autocomplete="off" required placeholder=(example) value=(written);
            button { "Set up " (name) }
        }
    }
}

/// Sets one up; where tools are found through it, the draft is made anew.
pub(in crate::console) async fn connect(call: &Call) -> Done {
    let place = call.form.text("place");
    let definition = match call.form.text("kind") {
        "folder" => json!({ "kind": "folder", "path": place }),
        "http" => json!({ "kind": "http", "base_url": place }),
        "mcp" if place.starts_with("http:") || place.starts_with("https:") => {
            json!({ "kind": "mcp", "url": place })
        }
        "mcp" => {
            let words: Vec<&str> = place.split_whitespace().collect();
            json!({ "kind": "mcp", "command": words })
        }
        _ => {
            return Err(Refusal::form(
                "This kind of connection is set up in the settings.",
                "Open the settings.",
            ));
        }
    };
    let name = crate::client::encode(call.form.text("connection"));
    call.api
        .json(
            Method::PUT,
            &format!("/connections/{name}"),
            None,
            &definition,
        )
        .await?;
    if call.form.has("anew") {
        let draft = Draft::read(call).await?;
        change::crystallize_again(call, &draft).await?;
    }
    Ok(change::back(call))
}
