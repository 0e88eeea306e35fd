//! Connections that a draft needs and that are not there, with a form for each.

use super::{Draft, change, place};
use crate::console::call::{Call, Done};
use crate::console::component::command_words::command_words;
use crate::console::component::{action, state, value};
use crate::console::page::home::items;
use crate::console::page::settings;
use crate::console::twin::Refusal;
use crate::service::Role;
use druse_engine::Finding;
use http::{Method, header};
use maud::{Markup, html};
use serde_json::{Value, json};
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

/// A connection that is there and may have the tools that nothing says how to reach.
pub(super) struct Known {
    name: String,
    /// How many of them its server offered when it was asked last; none where nobody has asked it.
    offers: Option<usize>,
}

/// The MCP connections that there are, where tools are missing of which no connection is known: those whose servers
/// offered most of them first.
pub(super) async fn known(
    call: &Call,
    draft: &Draft,
    findings: &[Finding],
) -> Result<Vec<Known>, Refusal> {
    let all = missing(draft, findings);
    let Some(unnamed) = all.get("").filter(|_| call.may(Role::Admin)) else {
        return Ok(Vec::new());
    };
    let connections = call.api.all("/connections", 5).await?;
    let mut known: Vec<Known> = items(&connections)
        .iter()
        .filter(|one| one["kind"] == "mcp")
        .filter_map(|one| one["name"].as_str())
        .map(|name| {
            let offered = call.app.connections.last_tools(name);
            let has = unnamed.tools.iter().filter(|tool| offered.contains(tool));
            Known {
                name: name.to_owned(),
                offers: (!offered.is_empty()).then(|| has.count()),
            }
        })
        .collect();
    known.sort_by(|one, other| (other.offers, &one.name).cmp(&(one.offers, &other.name)));
    Ok(known)
}

/// What is missing. One that is only not named is not.
fn heading(all: &BTreeMap<&str, Missing>, known: &[Known]) -> String {
    match all.get("").filter(|_| all.len() == 1 && !known.is_empty()) {
        Some(unnamed) => format!(
            "No connection is named for {}",
            value::count(unnamed.tools.len(), "tool", "tools")
        ),
        None => format!(
            "{} missing",
            value::count(all.len(), "connection is", "connections are")
        ),
    }
}

/// How many of so many tools a connection offered, as its line in a list says it.
fn offers(one: &Known, wanted: usize) -> String {
    match one.offers {
        None => String::new(),
        Some(0) => ": offered none of them when it was asked last".to_owned(),
        Some(1) if wanted == 1 => ": offers it".to_owned(),
        Some(all) if all == wanted => ": offers all of them".to_owned(),
        Some(some) => format!(": offers {some} of {wanted}"),
    }
}

/// What a server answered that the click which led here asked.
fn answered(call: &Call) -> Markup {
    let tried = call.clicked.iter().find_map(|asked| {
        let rest = asked.line.strip_prefix("POST /api/v1/connections/")?;
        let found = asked.answer.as_ref()?.as_ref().ok()?;
        Some((rest.strip_suffix("/test")?, found))
    });
    html! {
        @if let Some((name, found)) = tried {
            p { (state::mark("succeeded")) " The connection " strong { (name) } " answers"
                @if let Some(tools) = found["tools"].as_array() {
                    @let names: Vec<&str> = tools.iter().filter_map(|tool| tool["name"].as_str()).collect();
                    ", and offers " (value::count(names.len(), "tool", "tools")) ": " (value::cut(&names.join(", "), 200))
                }
                "." }
        }
    }
}

pub(super) fn show(
    call: &Call,
    draft: &Draft,
    findings: &[Finding],
    example: Option<&str>,
    known: &[Known],
) -> Markup {
    let all = missing(draft, findings);
    let id = draft.automation["id"].as_str().unwrap_or_default();
    html! {
        (answered(call))
        @if !all.is_empty() {
            section .questions #connections {
                h2 { (heading(&all, known)) }
                @if let Some(example) = example {
                    p { "This recording is the example " code { (example) } ". The tools that it used come with Druse: they work in a folder and a database below the data folder, and reach nothing else." }
                    (action::with(&format!("/automations/{id}/review/example"), "Set up the tools of the example", "primary", &[("example", example)]))
                    p .dim { "Or another one that has these tools:" }
                }
                @for (name, one) in &all {
                    @let used = value::count(one.steps.len(), "step uses it", "steps use it");
                    @match place(one.kind).filter(|_| call.may(Role::Admin)) {
                        Some((label, example)) => (form(call, id, (name, one, known), (&used, label, example))),
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
    (name, one, known): (&str, &Missing, &[Known]),
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
        let chosen = call.form.text("existing");
        return html! {
            p .wide { "Nothing says how " @for (index, tool) in tools.iter().enumerate() { @if index > 0 { ", " } code { (tool) } } " " @if tools.len() == 1 { "is" } @else { "are" } " reached." }
            @if !known.is_empty() {
                form .connect method="post" action={ "/automations/" (id) "/review/connection" } {
                    (action::key())
                    input type="hidden" name="kind" value="mcp";
                    input type="hidden" name="anew" value="yes";
                    input type="hidden" name="unnamed" value="yes";
                    @for tool in &tools { input type="hidden" name="tool" value=(tool); }
                    label for="existing-connection" { "By a connection that is there" }
                    select #existing-connection name="existing" {
                        @for one in known {
                            option value=(one.name) selected[one.name == chosen] { (one.name) (offers(one, tools.len())) }
                        }
                    }
                    button { "Use it" }
                }
            }
            form .connect method="post" action={ "/automations/" (id) "/review/connection" } {
                (action::key())
                input type="hidden" name="kind" value="mcp";
                input type="hidden" name="anew" value="yes";
                input type="hidden" name="unnamed" value="yes";
                @for tool in &tools { input type="hidden" name="tool" value=(tool); }
                p .wide { @if known.is_empty() { "By" } @else { "Or by" } " an MCP server that has " @if tools.len() == 1 { "it" } @else { "them" } ":" }
                label for="unnamed-connection" { "A name for it" }
                input #unnamed-connection .wide name="connection" autocomplete="off" required placeholder="airline" value=(if mine { call.kept("connection", "") } else { "" });
                label for=(field) { (label) }
                input #(field) name="place" autocomplete="off" required placeholder=(example) value=(written);
                button { "Set it up" }
                (all_the_same(call, mine))
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
            @if one.kind == "mcp" { @for tool in &one.tools { input type="hidden" name="tool" value=(tool); } }
            label for=(field) { (name) " " span .dim { (one.kind) ", " (used) ". " (label) } }
            input #(field) name="place" autocomplete="off" required placeholder=(example) value=(written);
            button { "Set up " (name) }
            (all_the_same(call, mine))
        }
    }
}

/// The way of somebody who knows that the other side comes later, beside a form that was refused.
fn all_the_same(call: &Call, mine: bool) -> Markup {
    html! {
        @if mine && call.refusal.is_some() {
            button name="untested" value="yes" { "Set it up all the same" }
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
async fn add_rules(call: &Call, connection: &str, tools: &[&str]) -> Result<(), Refusal> {
    let said = call.api.send(Method::GET, "/tools", &[], "").await?;
    let (mut map, tag) = (said.json(), said.tag());
    let Some(rules) = map["tools"].as_array_mut() else {
        return Ok(());
    };
    for tool in tools {
        if rules.iter().all(|one| one["match"] != *tool) {
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

/// The name that a recorded tool has at its server.
fn own_name(tool: &str) -> &str {
    match server(tool) {
        Some(server) => tool.get("mcp__".len() + server.len() + 2..).unwrap_or(tool),
        None => tool,
    }
}

/// Asks the other side before anything is written, and gives those of the wanted tools that it offers.
async fn tried<'c>(
    call: &'c Call,
    name: &str,
    definition: &Value,
) -> Result<Vec<&'c str>, Refusal> {
    let path = format!("/connections/{}/test", crate::client::encode(name));
    let found = call.api.post(&path, None, definition).await;
    let found = found.map_err(|refusal| match refusal.code.as_str() {
        "connection_failed" => Refusal::form(
            format!(
                "The other side does not answer, so nothing was set up: {}",
                refusal.message
            ),
            "Correct it, or set it up all the same where the other side comes later.",
        ),
        _ => refusal,
    })?;
    let wanted: Vec<&str> = call.form.all("tool").collect();
    let Some(offered) = found["tools"].as_array().filter(|_| !wanted.is_empty()) else {
        return Ok(wanted);
    };
    let has = |tool: &&str| offered.iter().any(|one| one["name"] == own_name(tool));
    let there: Vec<&str> = wanted.iter().copied().filter(has).collect();
    if there.is_empty() {
        let names: Vec<&str> = offered
            .iter()
            .filter_map(|one| one["name"].as_str())
            .collect();
        return Err(Refusal::form(
            format!(
                "The server of {name} answers, and has {}, so nothing was set up. It offers {}.",
                match wanted.as_slice() {
                    [one] => format!("no tool {}", own_name(one)),
                    _ => "none of these tools".to_owned(),
                },
                match names.is_empty() {
                    true => "no tool at all".to_owned(),
                    false => value::cut(&names.join(", "), 200),
                }
            ),
            "Name the server that has them, or set it up all the same where they come later.",
        ));
    }
    Ok(there)
}

/// What a form says that a connection is.
fn written(call: &Call) -> Result<Value, Refusal> {
    let place = call.form.text("place");
    Ok(match call.form.text("kind") {
        "folder" => json!({ "kind": "folder", "path": place }),
        "http" => json!({ "kind": "http", "base_url": place }),
        "mcp" if place.starts_with("http:") || place.starts_with("https:") => {
            json!({ "kind": "mcp", "url": place })
        }
        "mcp" => {
            let words = command_words(place).ok_or_else(|| {
                Refusal::form(
                    "A quote in the command is not closed.",
                    "Write the command as in a shell: what holds a blank stands in quotes.",
                )
            })?;
            json!({ "kind": "mcp", "command": words })
        }
        _ => {
            return Err(Refusal::form(
                "This kind of connection is set up in the settings.",
                "Open the settings.",
            ));
        }
    })
}

/// Sets one up, or takes one that is there, once the other side has answered; where tools are found through it, the
/// draft is made anew.
pub(in crate::console) async fn connect(call: &Call) -> Done {
    let existing = call.form.text("existing");
    let name = match existing {
        "" => call.form.text("connection"),
        name => name,
    };
    if name.is_empty() {
        return Err(Refusal::form(
            "The connection has no name.",
            "Give it one, such as airline.",
        ));
    }
    let there = if existing.is_empty() {
        let definition = written(call)?;
        let path = format!("/connections/{}", crate::client::encode(name));
        // The page may be of before somebody else set one up. The same once more takes nothing away.
        let known = call.api.find(&path).await?;
        if known.is_some_and(|known| settings::connection::definition(&known) != definition) {
            return Err(Refusal::form(
                format!("There is a connection {name} already, and it is another one."),
                match call.form.has("unnamed") {
                    true => "Choose another name, or use the one that is there.",
                    false => "Look at it in the settings: who set it up may have meant the same.",
                },
            ));
        }
        let there = match call.form.has("untested") {
            true => call.form.all("tool").collect(),
            false => tried(call, name, &definition).await?,
        };
        call.api.json(Method::PUT, &path, None, &definition).await?;
        there
    } else {
        tried(call, name, &json!({})).await?
    };
    if call.form.has("unnamed") {
        add_rules(call, name, &there).await?;
    }
    if call.form.has("anew") {
        let draft = Draft::read(call).await?;
        change::crystallize_again(call, &draft).await?;
    }
    Ok(change::back(call))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_has_its_own_name_at_its_server() {
        assert_eq!(own_name("mcp__linear__get_issue"), "get_issue");
        assert_eq!(own_name("get_issue"), "get_issue");
        assert_eq!(own_name("mcp__x"), "mcp__x");
    }
}
