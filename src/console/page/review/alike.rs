//! Further recordings of the same task: those that the draft is held against, and those that could be.

use super::Draft;
use crate::console::call::Call;
use crate::console::component::{action, time, value};
use crate::console::page::home::items;
use crate::console::twin::Refusal;
use crate::service::Role;
use maud::{Markup, html};
use serde_json::Value;

/// Recordings that are offered, the newest ones.
const OFFERED: usize = 20;

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
    let free = items(&list)
        .iter()
        .filter(|one| one["id"] != session["id"] && !also.contains(&one["id"]));
    let free: Vec<&Value> = free.take(OFFERED).collect();
    let address = format!(
        "/automations/{}/review/answer",
        draft.automation["id"].as_str().unwrap_or_default()
    );
    let version = draft.reported.to_string();
    Ok(html! {
        section .alike {
            @if !also.is_empty() {
                h2 { "Held against " (value::count(also.len(), "more recording", "more recordings")) }
                ul .plain {
                    @for id in also {
                        @let text = id.as_str().unwrap_or_default();
                        li .row {
                            a href={ "/recordings/" (text) } { (named(id).map_or_else(|| text.to_owned(), title)) }
                            @if call.may(Role::Editor) { (action::with(&address, "Without it", "small", &[("without", text), ("version", &version)])) }
                        }
                    }
                }
            }
            @if call.may(Role::Editor) && !free.is_empty() {
                details .more {
                    summary { "Add another recording of the same task" }
                    p .dim { "What is equal in all of them stays, what differs becomes an input or follows something, and what does not hold in each is told. The draft is made and proved anew." }
                    ul .plain {
                        @for one in &free {
                            @let id = one["id"].as_str().unwrap_or_default();
                            li .row {
                                a href={ "/recordings/" (id) } { (title(one)) }
                                span .dim { (time::ago(&one["created_at"], call.now)) }
                                (action::with(&address, "Add it", "small", &[("also", id), ("version", &version)]))
                            }
                        }
                    }
                }
            }
        }
    })
}

/// What a recording is called in a list.
fn title(one: &Value) -> String {
    let goal = one["goal"].as_str().or(one["title"].as_str());
    let text = goal.or(one["id"].as_str()).unwrap_or_default();
    value::cut(text, 90)
}
