//! Connections that a draft needs and that are not there, with a form for each.

use super::{Draft, change, place};
use crate::console::call::{Call, Done};
use crate::console::component::{action, value};
use crate::console::page::home::items;
use crate::console::page::settings;
use crate::console::twin::Refusal;
use crate::service::Role;
use druse_engine::Finding;
use http::{Method, header};
use maud::{Markup, html};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// A connection that is needed.
#[derive(Default)]
struct Missing {
    steps: Vec<String>,
    /// The tools that are looked for in it.
    tools: BTreeSet<String>,
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
    let steps = place::all(&draft.automation["document"]);
    for finding in findings {
        let step = finding.step.as_deref().unwrap_or_default();
        let Some((_, found)) = steps.iter().find(|(way, _)| place::id(way) == step) else {
            continue;
        };
        let with = &found["with"];
        let (name, anew) = match finding.code.as_str() {
            "missing_connection" => (with["connection"].as_str(), false),
            "unmapped_tool" => (with["tool"].as_str().and_then(server), true),
            _ => (None, false),
        };
        // A tool in whose name no server stands may be one of any server: a person names it.
        let name = match anew {
            true => Some(name.unwrap_or_default()),
            false => name.filter(|name| !name.contains("{{")),
        };
        let Some(name) = name else {
            continue;
        };
        let one = all.entry(name).or_default();
        if let Some(tool) = with["tool"].as_str() {
            one.tools.insert(tool.to_owned());
        }
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

/// How many there are.
pub(super) fn many(draft: &Draft, findings: &[Finding]) -> usize {
    missing(draft, findings).len()
}

/// The name of the example that the recording is, where something is missing and its own world can be had.
pub(super) async fn example(
    call: &Call,
    draft: &Draft,
    findings: &[Finding],
) -> Result<Option<String>, Refusal> {
    let digest = draft
        .session
        .as_ref()
        .map(|(_, session)| &session["digest"]);
    let Some(digest) = digest.filter(|_| call.may(Role::Admin)) else {
        return Ok(None);
    };
    if missing(draft, findings).is_empty() {
        return Ok(None);
    }
    let all = call.api.get("/examples").await?;
    let found = items(&all).iter().find(|one| one["recording"] == *digest);
    Ok(found
        .and_then(|one| one["name"].as_str())
        .map(str::to_owned))
}

pub(super) fn show(
    call: &Call,
    draft: &Draft,
    findings: &[Finding],
    example: Option<&str>,
) -> Markup {
    let all = missing(draft, findings);
    let id = draft.automation["id"].as_str().unwrap_or_default();
    html! {
        @if !all.is_empty() {
            section .questions #connections {
                h2 { (value::count(all.len(), "connection is", "connections are")) " missing" }
                @if let Some(example) = example {
                    p { "This recording is the example " code { (example) } ". The tools that it used come with Druse: they work in a folder and a database below the data folder, and reach nothing else." }
                    (action::with(&format!("/automations/{id}/review/example"), "Set up the tools of the example", "primary", &[("example", example)]))
                    p .dim { "Or another one that has these tools:" }
                }
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
    let unnamed = name.is_empty();
    let mine = match unnamed {
        true => call.form.has("unnamed"),
        false => call.form.text("connection") == name,
    };
    let written = if mine { call.kept("place", "") } else { "" };
    let field = format!("place-{name}");
    if unnamed {
        let tools: Vec<&str> = one.tools.iter().map(String::as_str).collect();
        return html! {
            form .connect method="post" action={ "/automations/" (id) "/review/connection" } {
                (action::key())
                input type="hidden" name="kind" value="mcp";
                input type="hidden" name="anew" value="yes";
                input type="hidden" name="unnamed" value="yes";
                @for tool in &tools { input type="hidden" name="tool" value=(tool); }
                p .wide { "Nothing says how " @for (index, tool) in tools.iter().enumerate() { @if index > 0 { ", " } code { (tool) } } " " @if tools.len() == 1 { "is" } @else { "are" } " reached. An MCP server that has " @if tools.len() == 1 { "it" } @else { "them" } ":" }
                label for="unnamed-connection" { "A name for it" }
                input #unnamed-connection .wide name="connection" autocomplete="off" required placeholder="airline" value=(if mine { call.kept("connection", "") } else { "" });
                label for=(field) { (label) }
                input #(field) name="place" autocomplete="off" required placeholder=(example) value=(written);
                button { "Set it up" }
            }
            p .dim { "Reached in another way? " a href="/settings#tools" { "The tool map" } " says for each tool whether it is an HTTP call, a program or something else." }
        };
    }
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

/// Sets the world of an example up, and makes the draft anew with what its tools say of themselves.
pub(in crate::console) async fn lay_out(call: &Call) -> Done {
    let name = crate::client::encode(call.form.text("example"));
    let path = format!("/examples/{name}");
    call.api.post(&path, call.key(), &json!({})).await?;
    let draft = Draft::read(call).await?;
    change::crystallize_again(call, &draft).await?;
    Ok(change::back(call))
}

/// Says in the tool map that these tools are reached by a connection, behind the rules that are there.
async fn add_rules(call: &Call, connection: &str) -> Result<(), Refusal> {
    let said = call.api.send(Method::GET, "/tools", &[], "").await?;
    let (mut map, tag) = (said.json(), said.tag());
    let Some(rules) = map["tools"].as_array_mut() else {
        return Ok(());
    };
    for tool in call.form.all("tool") {
        if rules.iter().all(|one| one["match"] != tool) {
            rules.push(json!({
                "match": tool, "action": "mcp",
                "with": { "connection": connection, "tool": "{{ call.name }}", "arguments": "{{ call.arguments }}" },
            }));
        }
    }
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::IF_MATCH, tag.as_str()),
    ];
    call.api
        .send(Method::PUT, "/tools", &headers, map.to_string())
        .await?;
    Ok(())
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
    let name = call.form.text("connection");
    if name.is_empty() {
        return Err(Refusal::form(
            "The connection has no name.",
            "Give it one, such as airline.",
        ));
    }
    let path = format!("/connections/{}", crate::client::encode(name));
    // The page may be of before somebody else set one up. The same once more takes nothing away.
    let known = call.api.find(&path).await?;
    if known.is_some_and(|known| settings::connection::definition(&known) != definition) {
        return Err(Refusal::form(
            format!("There is a connection {name} already, and it is another one."),
            match call.form.has("unnamed") {
                true => {
                    "Choose another name, or say in the tool map that these tools are reached by it."
                }
                false => "Look at it in the settings: who set it up may have meant the same.",
            },
        ));
    }
    call.api.json(Method::PUT, &path, None, &definition).await?;
    if call.form.has("unnamed") {
        add_rules(call, name).await?;
    }
    if call.form.has("anew") {
        let draft = Draft::read(call).await?;
        change::crystallize_again(call, &draft).await?;
    }
    Ok(change::back(call))
}
