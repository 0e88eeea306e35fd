//! Connections: how tools are reached.

use crate::client::encode;
use crate::console::call::{Answer, Call, Done};
use crate::console::component::config_form::{self, Field};
use crate::console::component::{action, pager, state, time, value};
use crate::console::page::home::items;
use crate::console::twin::Refusal;
use http::{Method, StatusCode, header};
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
    let all = call.api.all("/connections", super::PAGES).await?;
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
            (pager::cut(&all, "connections"))
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
    let mut changed = of("change");
    let (mut given, mut tag) = (Value::Null, String::new());
    let mut name = call.kept("name", "").to_owned();
    if !changed.is_empty() {
        match call
            .api
            .send(Method::GET, &address(&changed), &[], "")
            .await
        {
            Ok(said) => (given, tag) = (said.json(), said.tag()),
            // What was written for one that was removed meanwhile can be set up anew.
            Err(no) if no.status == StatusCode::NOT_FOUND && call.refusal.is_some() => {
                name = std::mem::take(&mut changed);
            }
            Err(no) => return Err(no),
        }
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
                    input #connection-name name="name" autocomplete="off" required value=(name);
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
pub(in crate::console::page) fn definition(one: &Value) -> Value {
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
    if !changed.is_empty() && before.is_none() {
        return Err(Refusal::new(
            StatusCode::PRECONDITION_FAILED,
            "changed_meanwhile",
            &format!("The connection {name} was removed since you saw it."),
            "What you wrote is still in the form: set it up anew, or leave it.",
        ));
    }
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

/// Tries a connection out; the page that it leads to tells what the other side answered, or why it did not.
async fn tried(call: &Call, name: &str) -> Done {
    let path = trial(name);
    match call.api.post(&path, None, &json!({})).await {
        Err(no) if no.code != FAILED => Err(no),
        _ => Ok(Answer::See(format!("/settings?tested={}", encode(name)))),
    }
}

/// The code of a connection that does not answer.
const FAILED: &str = "connection_failed";

fn trial(name: &str) -> String {
    format!("{}/test", address(name))
}

/// What the last trial of the connection found that the page's address names, where the click that led here asked for
/// it.
pub(super) fn tested(call: &Call) -> Option<Markup> {
    let name = call.query.get("tested")?;
    let line = format!("POST /api/v1{}", trial(name));
    let asked = call.clicked.iter().find(|asked| asked.line == line)?;
    Some(match asked.answer.as_ref()? {
        Ok(found) => html! {
            p { (state::mark("succeeded")) " The connection " strong { (name) } " answers." }
            (value::pairs(found))
        },
        Err(no) => html! {
            p { (state::mark("failed")) " The connection " strong { (name) } " is kept, and does not answer: " (value::said(&no.message)) }
            p { (no.help) " " a href={ "/settings?change=" (encode(name)) "#connection-form" } { "Change it" } }
        },
    })
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
