//! Connections: how tools are reached.

use super::page;
use crate::client::encode;
use crate::console::call::{Answer, Call, Done};
use crate::console::component::config_form::{self, Field};
use crate::console::component::{action, state, time, value};
use crate::console::page::home::items;
use crate::console::twin::Refusal;
use http::{Method, header};
use maud::{Markup, html};
use serde_json::{Value, json};

/// The kinds, as people call them.
const KINDS: [(&str, &str); 6] = [
    ("http", "an HTTP API"),
    ("mcp", "an MCP server"),
    ("folder", "a folder"),
    ("sqlite", "an SQLite file"),
    ("postgres", "a PostgreSQL database"),
    ("smtp", "a mail server"),
];

/// What may stand in a field.
const EXAMPLES: [(&str, &str, &str); 14] = [
    ("http", "base_url", "https://api.example.com"),
    (
        "http",
        "headers",
        "Authorization: Bearer {{ secrets.api_token }}",
    ),
    ("mcp", "url", "https://mcp.example.com/"),
    (
        "mcp",
        "headers",
        "Authorization: Bearer {{ secrets.mcp_token }}",
    ),
    ("mcp", "command", "/usr/local/bin/my-server --stdio"),
    ("mcp", "env", "API_KEY: \"{{ secrets.api_key }}\""),
    ("folder", "path", "/srv/files"),
    ("sqlite", "path", "/srv/shop.db"),
    ("postgres", "url", "postgres://druse@db.example.com/shop"),
    ("postgres", "password", "{{ secrets.db_password }}"),
    ("smtp", "host", "mail.example.com"),
    ("smtp", "from", "reports@example.com"),
    ("smtp", "password", "{{ secrets.mail_password }}"),
    ("smtp", "recipients", "\"*@example.com\""),
];

/// What few connections need.
const SELDOM: [&str; 6] = ["tls", "cwd", "create", "max_sessions", "rate", "burst"];

/// The fields of a kind, from the schema that `druse schema connections` prints.
fn fields_of(kind: &str) -> Vec<Field> {
    let whole = crate::connection::file_schema();
    let ways = whole["$defs"]["Definition"]["oneOf"].as_array();
    let mut ways = ways.into_iter().flatten();
    let Some(way) = ways.find(|way| way["properties"]["kind"]["const"] == kind) else {
        return Vec::new();
    };
    let mut schema = way.clone();
    schema["$defs"] = whole["$defs"].clone();
    let mut all = config_form::fields(&schema);
    all.retain(|field| field.name != "kind");
    for field in &mut all {
        let known = EXAMPLES
            .iter()
            .find(|(of, name, _)| *of == kind && *name == field.name);
        field.example = known.map_or("", |(_, _, example)| example);
    }
    // What is needed stands first.
    all.sort_by_key(|field| !field.required);
    all
}

pub(super) async fn list(call: &Call) -> Result<Markup, Refusal> {
    let all = call.api.get("/connections?limit=200").await?;
    Ok(html! {
        section #connections {
            h2 { "Connections" }
            @if items(&all).is_empty() { p .dim { "None. A step names one to say where it reaches." } }
            @for one in items(&all) {
                @let name = one["name"].as_str().unwrap_or_default();
                @let path = format!("/settings/connections/{}", encode(name));
                details .more #{ "connection-" (name) } {
                    summary { strong { (name) } " " span .dim { (one["kind"].as_str().unwrap_or_default()) " · written " (time::plain(&one["updated_at"], call.now)) } }
                    (value::pairs(&definition(one)))
                    div .actions {
                        (action::button(&format!("{path}/test"), "Test it", ""))
                        a .button href={ "/settings?change=" (encode(name)) "#connection-form" } { "Change it" }
                        (action::button(&format!("{path}/remove"), &format!("Remove {name}"), "danger"))
                    }
                }
            }
            p .row { "Set one up: "
                @for (kind, said) in KINDS { a href={ "/settings?kind=" (kind) "#connection-form" } { (said) } }
            }
            (form(call).await?)
        }
    })
}

/// The form of one kind, empty or with a connection that is to be changed.
async fn form(call: &Call) -> Result<Markup, Refusal> {
    // What was taken is not shown once more.
    let of = |name: &str| match call.refusal {
        Some(_) => call.form.text(name).to_owned(),
        None => call.query.text(name).to_owned(),
    };
    let changed = of("change");
    let (mut given, mut tag) = (Value::Null, String::new());
    if !changed.is_empty() {
        let said = call
            .api
            .send(Method::GET, &address(&changed), &[], "")
            .await?;
        (given, tag) = (said.json(), said.tag());
    }
    let kind = match given["kind"].as_str() {
        Some(kind) => kind.to_owned(),
        None => of("kind"),
    };
    let all = fields_of(&kind);
    if all.is_empty() {
        return Ok(html! {});
    }
    let known = KINDS.iter().find(|(one, _)| *one == kind);
    let said = known.map_or(kind.as_str(), |(_, said)| said);
    let findings = call
        .refusal
        .as_ref()
        .map_or(&[][..], |one| one.findings.as_slice());
    let about = |name: &str| {
        let place = format!("/{name}");
        let own = findings.iter().filter(|one| {
            let path = one.path.as_deref().unwrap_or_default();
            path == place || path.starts_with(&format!("{place}/"))
        });
        own.cloned().collect()
    };
    let (seldom, usual): (Vec<Field>, Vec<Field>) = all
        .into_iter()
        .partition(|field| SELDOM.contains(&field.name.as_str()));
    let set = seldom
        .iter()
        .filter(|field| !given[&field.name].is_null())
        .count();
    let sent = seldom.iter().any(|field| {
        call.form
            .get(&format!("connection.{}", field.name))
            .is_some()
    });
    Ok(html! {
        form .step-form #connection-form method="post" action="/settings/connections" {
            (action::key())
            h3 { @if changed.is_empty() { "Set up " (said) } @else { "Change " (changed) ", " (said) } }
            input type="hidden" name="kind" value=(kind);
            @if changed.is_empty() {
                div .field {
                    label for="connection-name" { "name" span .dim { " needed" } }
                    input #connection-name name="name" autocomplete="off" required value=(call.kept("name", ""));
                    p .dim { "Steps name it in " code { "connection" } "." }
                }
            } @else {
                input type="hidden" name="change" value=(changed);
                input type="hidden" name="tag" value=(tag);
            }
            (config_form::show(call, "connection", &usual, &given, about))
            details .more open[set > 0 || sent] {
                summary { "What few need (" (value::count(seldom.len(), "field", "fields")) ")" }
                (config_form::show(call, "connection", &seldom, &given, about))
            }
            div .buttons {
                button .primary name="test" value="yes" { @if changed.is_empty() { "Set it up and test it" } @else { "Save and test it" } }
                button { @if changed.is_empty() { "Set it up" } @else { "Save" } }
            }
            p .dim { "Passwords and tokens stand in " a href="#secrets" { "secrets" } ", and here only by name: " code { "{{ secrets.NAME }}" } "." }
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

/// What a form says a connection is; what it has no field for stays as it was.
fn written(call: &Call, kind: &str, before: &Value) -> Result<Value, Refusal> {
    let mut form = call.form.clone();
    // A command is written as in a shell where nothing in it has to be kept together.
    let command = form.text("connection.command").to_owned();
    if !command.is_empty()
        && !command.contains(['\n', '[', ',', '"', '\''])
        && !command.starts_with('-')
    {
        let words: Vec<&str> = command.split_whitespace().collect();
        form = form.with("connection.command", &json!(words).to_string());
    }
    let before = before.as_object().cloned().unwrap_or_default();
    let mut all = config_form::read(&form, "connection", &fields_of(kind), &before)?;
    all.insert("kind".into(), kind.into());
    Ok(all.into())
}

pub(in crate::console) async fn write(call: &Call) -> Done {
    let changed = call.form.text("change");
    let name = if changed.is_empty() {
        call.form.text("name")
    } else {
        changed
    };
    let before = call.api.find(&address(name)).await?;
    let before = before.map(|one| definition(&one)).unwrap_or_default();
    let from = if changed.is_empty() {
        &Value::Null
    } else {
        &before
    };
    let definition = written(call, call.form.text("kind"), from)?;
    // The same once more is a page that was loaded again.
    if changed.is_empty() && !before.is_null() && before != definition {
        return Err(Refusal::form(
            format!("There is a connection {name} already."),
            "Choose another name, or change that one.",
        ));
    }
    let mut headers = vec![(header::CONTENT_TYPE, "application/json")];
    if !changed.is_empty() {
        headers.push((header::IF_MATCH, call.form.text("tag")));
    }
    call.api
        .send(
            Method::PUT,
            &address(name),
            &headers,
            definition.to_string(),
        )
        .await?;
    if call.form.has("test") {
        return tried(call, name).await;
    }
    Ok(Answer::See("/settings#connections".into()))
}

pub(in crate::console) async fn test(call: &Call) -> Done {
    tried(call, call.param("name")).await
}

/// The page with what the other side answered, or why it did not.
async fn tried(call: &Call, name: &str) -> Done {
    let path = format!("{}/test", address(name));
    let told = match call.api.post(&path, None, &json!({})).await {
        Ok(found) => html! {
            p { (state::mark("succeeded")) " The connection " strong { (name) } " answers." }
            (value::pairs(&found))
        },
        Err(no) if no.code == "connection_failed" => html! {
            p { (state::mark("failed")) " The connection " strong { (name) } " is kept, and does not answer: " (value::said(&no.message)) }
            p { (no.help) " " a href={ "/settings?change=" (encode(name)) "#connection-form" } { "Change it" } }
        },
        Err(no) => return Err(no),
    };
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
