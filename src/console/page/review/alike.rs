//! Further recordings of the same task: those that the draft is held against, and those that could be.

use super::Draft;
use crate::console::call::Call;
use crate::console::component::{action, state, time, value};
use crate::console::page::home::items;
use crate::console::twin::Refusal;
use crate::service::Role;
use maud::{Markup, html};
use serde_json::Value;

/// Recordings that are offered, the newest ones.
const OFFERED: usize = 20;
/// Recordings that have a column of their own.
const COLUMNS: usize = 6;

pub(super) async fn show(call: &Call, draft: &Draft) -> Result<Markup, Refusal> {
    let Some((own, session)) = &draft.session else {
        return Ok(html! {});
    };
    let also = draft.crystallized()["also"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    if !call.may(Role::Editor) && also.is_empty() {
        return Ok(html! {});
    }
    // Recordings of a kind stand together.
    let (home, _) = own.rsplit_once('/').unwrap_or((own, ""));
    let list = call.api.get(&format!("{home}?limit=100")).await?;
    let named = |id: &Value| items(&list).iter().find(|one| one["id"] == *id);
    let alike = match call.query.text("alike") {
        "look" => of_the_same_task(call, &session["id"]).await?,
        _ => None,
    };
    let same = |one: &Value| alike.as_ref().is_some_and(|all| all.contains(&one["id"]));
    let free = items(&list)
        .iter()
        .filter(|one| one["id"] != session["id"] && !also.contains(&one["id"]));
    let mut free: Vec<&Value> = free.collect();
    // Those of the same task come first, each kind the newest first.
    free.sort_by_key(|one| !same(one));
    free.truncate(OFFERED);
    let mut others = Vec::new();
    for id in also.iter().filter_map(Value::as_str).take(COLUMNS) {
        if let Ok((_, other)) = super::recordings::find(call, id).await {
            others.push(other);
        }
    }
    let heads: Vec<Markup> = others
        .iter()
        .map(|one| html! { a href={ "/recordings/" (one["id"].as_str().unwrap_or_default()) } { (title(one)) } })
        .collect();
    let held_out = draft.report["held_out"].as_array();
    // A recording may have an id of its own, which is not the one that it is stored under.
    let is_it = |one: &Value, id: &str| one["name"] == id || one["recording"] == id;
    let predicted = |id: &str| held_out.and_then(|all| all.iter().find(|one| is_it(one, id)));
    let review = format!(
        "/automations/{}/review",
        draft.automation["id"].as_str().unwrap_or_default()
    );
    let address = format!("{review}/answer");
    let version = draft.reported.to_string();
    Ok(html! {
        section .alike #alike {
            @if !also.is_empty() {
                h2 { "Held against " (value::count(also.len(), "more recording", "more recordings")) }
                ul .plain {
                    @for id in also {
                        @let text = id.as_str().unwrap_or_default();
                        li .row {
                            a href={ "/recordings/" (text) } { (named(id).map_or_else(|| text.to_owned(), title)) }
                            @if let Some(one) = predicted(text) { (said(one)) }
                            @if call.may(Role::Editor) { (action::with(&address, "Without it", "small", &[("without", text), ("version", &version)])) }
                        }
                    }
                }
                @if !others.is_empty() { (super::varied::table(draft, session, &others, &heads)) }
            }
            @if call.may(Role::Editor) && !free.is_empty() {
                details .more open[alike.is_some()] {
                    summary { "Add another recording of the same task" }
                    p .dim { "What is equal in all of them stays, what differs becomes an input or follows something, and what does not hold in each is told. The draft is made and proved anew." }
                    @match &alike {
                        None => p { a href={ (review) "?alike=look#alike" } { "Look for those of the same task" } },
                        Some(all) if all.is_empty() => p { "No other recording changes the same things with the same tools." },
                        Some(all) => p { (value::count(all.len(), "recording changes", "recordings change")) " the same things with the same tools." },
                    }
                    @let (near, far): (Vec<&Value>, Vec<&Value>) = free.iter().partition(|one| same(one));
                    (offered(call, &near, &address, &version))
                    // What is another task, or not known to be the same, is not offered beside it.
                    @if !far.is_empty() {
                        details .more {
                            summary { "Other recordings (" (far.len()) ")" }
                            (offered(call, &far, &address, &version))
                        }
                    }
                }
            }
        }
    })
}

/// Recordings that can be added.
fn offered(call: &Call, all: &[&Value], address: &str, version: &str) -> Markup {
    html! {
        @if !all.is_empty() {
            ul .plain {
                @for one in all {
                    @let id = one["id"].as_str().unwrap_or_default();
                    li .row {
                        a href={ "/recordings/" (id) } { (title(one)) }
                        span .dim { (time::ago(&one["created_at"], call.now)) }
                        (action::with(address, "Add it", "small", &[("also", id), ("version", version)]))
                    }
                }
            }
        }
    }
}

/// The other recordings of the task that a recording is of.
async fn of_the_same_task(call: &Call, own: &Value) -> Result<Option<Vec<Value>>, Refusal> {
    let found = call.api.get("/recordings/recurring").await?;
    let mut tasks = items(&found)
        .iter()
        .filter_map(|task| task["recordings"].as_array());
    let own_task = tasks.find(|all| all.contains(own));
    let others = own_task.into_iter().flatten().filter(|id| *id != own);
    Ok(Some(others.cloned().collect()))
}

/// How a further recording was predicted.
fn said(one: &Value) -> Markup {
    let verdict = one["verdict"].as_str().unwrap_or("not_run");
    html! {
        span { (state::mark(verdict)) " "
            @match verdict {
                "passed" => "predicted",
                "failed" => "not predicted",
                _ => "not tried",
            }
            " " span .dim { (one["matched"]) " requests as there, " (one["differing"]) " otherwise, " (one["missing"]) " missing" } }
    }
}

/// What a recording is called in a list.
fn title(one: &Value) -> String {
    let goal = one["goal"].as_str().or(one["title"].as_str());
    let text = goal.or(one["id"].as_str()).unwrap_or_default();
    value::cut(text, 90)
}
