//! Recordings: bring one in, and what there is.

use super::home::items;
use crate::client::encode;
use crate::console::call::{Answer, Call, Done};
use crate::console::component::{action, finding, pager, state, time, value};
use crate::console::layout::{Here, Page};
use crate::console::multipart;
use crate::console::twin::Refusal;
use crate::console::visible::Kept;
use crate::service::Role;
use bytes::Bytes;
use druse_crystallizer::SessionKind;
use http::{HeaderName, Method, header};
use maud::{Markup, html};
use serde_json::Value;

/// A recording to try it with.
pub(super) const EXAMPLE: &str = include_str!("../../../examples/pay-bill/recording.json");

const KINDS: [(&str, &str, &str); 2] = [
    ("agent_run", "/agents/runs", "a run of an agent"),
    ("chat_thread", "/chat/threads", "a chat"),
];

/// The address of a kind in the API.
fn home_of(kind: &str) -> &'static str {
    let found = KINDS.iter().find(|(known, _, _)| *known == kind);
    found.map_or("/agents/runs", |(_, home, _)| home)
}

/// A recording and its address in the API.
pub(super) async fn find(call: &Call, id: &str) -> Result<(String, Value), Refusal> {
    for (_, home, _) in KINDS {
        let path = format!("{home}/{}", encode(id));
        if let Some(found) = call.api.find(&path).await? {
            return Ok((path, found));
        }
    }
    Err(crate::service::Problem::not_found("recording").into())
}

pub(in crate::console) async fn show(call: &Call) -> Done {
    let named = call.query.text("kind");
    let mut kind = match named {
        "chat_thread" => "chat_thread",
        _ => "agent_run",
    };
    let query = call.query.query(&["kind", "text", "status"]);
    let asked = call.query.query(&["text", "status", "cursor"]);
    let mut list = call.api.get(&format!("{}?{asked}", home_of(kind))).await?;
    // Recordings of the other kind, where there are none of this one.
    let mut others = Value::Null;
    if items(&list).is_empty() && call.query.get("cursor").is_none() {
        let other = other(kind);
        others = call.api.get(&format!("{}?{asked}", home_of(other))).await?;
        if named.is_empty() && !items(&others).is_empty() {
            (kind, list) = (other, others.take());
        }
    }
    // Who looks for something is not in want of suggestions.
    let plain = call.query.text("text").is_empty() && call.query.get("cursor").is_none();
    let again = match plain {
        true => recurring(call, kind).await?,
        false => html! {},
    };
    let body = html! {
        header .head {
            h1 { "Recordings" }
            nav .tabs aria-label="By kind" {
                a href="/recordings?kind=agent_run" aria-current=[(kind == "agent_run").then_some("true")] { "Runs of agents" }
                a href="/recordings?kind=chat_thread" aria-current=[(kind == "chat_thread").then_some("true")] { "Chats" }
            }
        }
        @if call.may(Role::Editor) { (bring(call)) }
        (again)
        form .filters method="get" action="/recordings" role="search" {
            input type="hidden" name="kind" value=(kind);
            label { span { "Text" } input name="text" value=(call.query.text("text")) placeholder="in the goal or what was said" data-filter; }
            button { "Filter" }
        }
        @if items(&list).is_empty() {
            p .dim { @if items(&others).is_empty() { "No recording is here." } @else { (elsewhere(&others, kind, &asked)) } }
        }
        @else {
            div .scroll tabindex="0" role="region" aria-label="Recordings" { table .list {
                thead { tr { th scope="col" { "What it was about" } th scope="col" { "Ended" } th scope="col" { "Format" } th scope="col" .num { "Calls" } th scope="col" { "Brought" } } }
                tbody {
                    @for one in items(&list) {
                        tr {
                            td { a href={ "/recordings/" (one["id"].as_str().unwrap_or_default()) } data-open { (title(one)) }
                                @if let Some(agent) = one["agent"].as_str() { div .dim { (value::cut(agent, 60)) } } }
                            td { @match one["status"].as_str() { Some(status) => { (state::pill(status)) } None => { span .dim { "unknown" } } } }
                            td { (one["format"].as_str().unwrap_or_default()) }
                            td .num { (one["counts"]["tool_calls"]) }
                            td { (time::ago(&one["created_at"], call.now)) }
                        }
                    }
                }
            } }
        }
        (pager::links("/recordings", &query, &list, call.query.get("cursor").is_none()))
    };
    Ok(Page::new("Recordings", Here::Recordings, body).into())
}

/// The kind that this one is not.
fn other(kind: &str) -> &'static str {
    match kind {
        "chat_thread" => "agent_run",
        _ => "chat_thread",
    }
}

/// How many there are of the other kind.
fn elsewhere(others: &Value, kind: &str, asked: &str) -> Markup {
    let many = items(others).len();
    let more = if others["next_cursor"].is_null() {
        ""
    } else {
        "more than "
    };
    let (one, some, tab) = match other(kind) {
        "chat_thread" => ("chat is", "chats are", "Chats"),
        _ => ("run of an agent is", "runs of agents are", "Runs of agents"),
    };
    let page = format!("/recordings?kind={}&{asked}", other(kind));
    html! {
        "None of this kind is here; " (more) (value::count(many, one, some)) " under " a href=(page.trim_end_matches('&')) { (tab) } "."
    }
}

/// How many tasks that recur are shown.
const TASKS: usize = 5;

/// The tasks that were recorded more than once, each with a button that makes one draft of its recordings.
async fn recurring(call: &Call, kind: &str) -> Result<Markup, Refusal> {
    let found = call.api.get("/recordings/recurring").await?;
    let tasks: Vec<&Value> = items(&found)
        .iter()
        .filter(|one| one["kind"] == kind)
        .collect();
    Ok(html! {
        @if !tasks.is_empty() {
            section .recurring {
                h2 { "Done more than once" }
                p .dim { "Recordings in which the same is changed with much the same tools. One draft of all of them is surer than one of each: what is equal stays, what differs becomes an input." }
                ul .plain {
                    @for task in tasks.iter().take(TASKS) { li .row { (task_of(call, task)) } }
                }
                @if tasks.len() > TASKS { p .dim { (tasks.len() - TASKS) " more: " code { "druse sessions recurring" } } }
            }
        }
    })
}

fn task_of(call: &Call, task: &Value) -> Markup {
    let ids: Vec<&str> = task["recordings"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let Some((first, others)) = ids.split_first() else {
        return html! {};
    };
    let names = |list: &Value| {
        let all = list.as_array().into_iter().flatten();
        value::cut(
            &all.filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
            120,
        )
    };
    let goal = task["goal"].as_str().filter(|goal| !goal.trim().is_empty());
    let about = match goal {
        Some(goal) => value::cut(goal.lines().next().unwrap_or_default(), 90),
        None => names(&task["tools"]),
    };
    let mut along = vec![("mode", "bound")];
    along.extend(others.iter().map(|id| ("also", *id)));
    html! {
        a href={ "/recordings/" (first) } { (about) }
        span { "recorded " (ids.len()) " times, " (task["likeness"]) " % alike" }
        span .dim { @if task["changes"].as_array().is_some_and(|all| !all.is_empty()) { "changes by " (names(&task["changes"])) } @else { "only looks" } }
        @if call.may(Role::Editor) { (action::with(&format!("/recordings/{first}/crystallize"), "Crystallize them together", "small", &along)) }
    }
}

/// What a recording was about, in a line.
pub(super) fn title(one: &Value) -> String {
    let goal = one["goal"].as_str().filter(|goal| !goal.trim().is_empty());
    let goal = goal.map(|goal| value::cut(goal.lines().next().unwrap_or_default(), 90));
    goal.unwrap_or_else(|| format!("…{}", value::short(one["id"].as_str().unwrap_or_default())))
}

fn bring(call: &Call) -> Markup {
    let chosen = call.kept("kind", "");
    html! {
        section .bring {
            h2 { "Bring a recording" }
            p .dim { "Drop a file anywhere on this page, choose one, or paste its text." }
            form method="post" action="/recordings" enctype="multipart/form-data" data-drop {
                (action::key())
                div .row {
                    label { span { "It is" } select name="kind" {
                        option value="" selected[chosen.is_empty()] { "what it says itself" }
                        @for (name, _, label) in KINDS { option value=(name) selected[name == chosen] { (label) } }
                    } }
                    label { span { "File" } input type="file" name="file"; }
                }
                label for="text" { "or its text" }
                textarea #text .code name="text" rows="5" spellcheck="false" placeholder="JSON or JSON Lines, of any known recorder" { (Kept(call.kept("text", ""))) }
                div .buttons { button .primary { "Bring it in" } }
                p .dim { "Its format is found by what is in it. Nothing in it is run." }
            }
        }
    }
}

/// Where recordings live of the kind that this one says it is.
async fn own_home(call: &Call, body: Bytes) -> Result<&'static str, Refusal> {
    // One that cannot be read is refused where it is stored.
    let read = move || Ok(druse_crystallizer::import(&body).unwrap_or_default());
    let sessions = call.app.off_thread(read).await?;
    let chat = sessions
        .first()
        .is_some_and(|session| session.kind == SessionKind::ChatThread);
    Ok(home_of(if chat { "chat_thread" } else { "agent_run" }))
}

/// Stores what a form brought.
pub(in crate::console) async fn store(call: &Call) -> Done {
    let media = call
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|media| media.to_str().ok());
    let boundary = media.and_then(multipart::boundary);
    let file = boundary.and_then(|boundary| {
        let parts = multipart::parts(&call.body, boundary);
        parts
            .into_iter()
            .find(|(name, file)| name == "file" && !file.is_empty())
    });
    let body = match file {
        Some((_, file)) => file,
        None => Bytes::from(call.form.get("text").unwrap_or_default().to_owned()),
    };
    if body.is_empty() {
        return Err(Refusal::form(
            "There is neither a file nor a text.",
            "Choose a file, or paste the recording.",
        ));
    }
    let mut headers = vec![(header::CONTENT_TYPE, "application/octet-stream")];
    if let Some(key) = call.key() {
        headers.push((HeaderName::from_static("idempotency-key"), key));
    }
    let home = match call.form.text("kind") {
        "" => own_home(call, body.clone()).await?,
        kind => home_of(kind),
    };
    let said = call.api.send(Method::POST, home, &headers, body).await?;
    let made = said.json();
    if let Some(id) = made["id"].as_str() {
        let same = made["same_as"].as_str();
        let same = same.map_or_else(String::new, |same| format!("?same_as={}", encode(same)));
        return Ok(Answer::See(format!("/recordings/{id}{same}")));
    }
    let kind = KINDS.iter().find(|(_, known, _)| *known == home);
    let kind = kind.map_or("", |(kind, _, _)| kind);
    Ok(Answer::See(format!("/recordings?kind={kind}")))
}

/// What was odd about a recording.
pub(super) fn findings(one: &Value) -> Markup {
    let found = finding::read(&one["findings"]);
    html! {
        @if !found.is_empty() { details .more { summary { "What was odd (" (found.len()) ")" } (finding::list(&found)) } }
    }
}
