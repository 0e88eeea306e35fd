//! What waits for me, what is about to happen, and how the server does.

use super::runs::strip;
use super::waits::{self, Found};
use crate::console::call::{Call, Done};
use crate::console::component::{state, time, value};
use crate::console::layout::{Here, Page};
use crate::console::twin::Refusal;
use crate::service::Role;
use druse_engine::{Span, Timestamp};
use maud::{Markup, html};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

/// The most pages of triggers that are looked through, of 200 each.
const TRIGGER_PAGES: usize = 10;

/// How far back failed runs are looked at.
const DAY: i64 = 24 * 3_600 * 1_000;

pub(in crate::console) async fn show(call: &Call) -> Done {
    let since = whole_minute(Timestamp(call.now.0 - DAY));
    let found = Found {
        own: gates(call, true).await?,
        others: gates(call, false).await?,
        uncertain: call.api.get("/runs?waits_for=uncertain&limit=20").await?,
        paused: call.api.get("/runs?status=paused&limit=20").await?,
        drafts: call.api.get("/automations?status=draft&limit=20").await?,
        changed: call
            .api
            .get("/automations?needs_review=true&limit=20")
            .await?,
        failed: call
            .api
            .get(&format!("/runs?seen=false&since={since}&limit=200"))
            .await?,
        retries: call
            .api
            .get(&format!("/runs?cause=retry&since={since}&limit=200"))
            .await?,
        since,
    };
    let runs = call.api.get("/runs?limit=50").await?;
    let triggers = call.api.all("/triggers", TRIGGER_PAGES).await?;
    let known = call.api.get("/automations?limit=1").await?;
    let empty = items(&known).is_empty() && items(&runs).is_empty();
    let soon = soon(&triggers);
    let late = late(&triggers);
    let mut told = soon.clone();
    told.extend(late.iter().map(|trigger| ("", *trigger)));
    let names = automation_names(call, &told).await?;
    let body = html! {
        header .head { h1 { "Home" } }
        @if empty {
            (first_steps(call))
        } @else {
            div .columns {
                div { (waits::show(call, &found, &late, &names)) }
                div {
                    section { h2 { "Next" } (next(call, &soon, &names)) }
                    section { h2 { "Health" } (health(call, &triggers)) }
                }
            }
            section {
                h2 { "Last runs" }
                (strip(&runs, call.now))
                p { a href="/runs" { "All runs" } }
            }
        }
    };
    Ok(Page::new("Home", Here::Home, body).looks().into())
}

/// The begin of its minute: the page stays the same for as long, and so does where it leads.
fn whole_minute(at: Timestamp) -> Timestamp {
    Timestamp(at.0 - at.0.rem_euclid(60_000))
}

/// The gates that wait: those that this person can decide, or those that they cannot.
async fn gates(call: &Call, own: bool) -> Result<Value, Refusal> {
    let path = format!("/approvals?status=pending&can_decide={own}&limit=20");
    call.api.get(&path).await
}

pub(super) fn items(list: &Value) -> &[Value] {
    list["items"].as_array().map_or(&[], Vec::as_slice)
}

/// By how much the last firing of a schedule came late, in milliseconds.
pub(super) fn lateness(trigger: &Value) -> u64 {
    trigger["last_firing"]["late_ms"].as_u64().unwrap_or(0)
}

/// Schedules whose last firing came late.
fn late(triggers: &Value) -> Vec<&Value> {
    let most = Span::from_secs(60).0.as_millis();
    let late = |one: &&Value| u128::from(lateness(one)) > most;
    items(triggers).iter().filter(late).collect()
}

/// How many triggers that come are shown.
const SOON: usize = 6;

/// The next time of each trigger, the first ones.
fn soon(triggers: &Value) -> Vec<(&str, &Value)> {
    let all = items(triggers).iter();
    let mut soon: Vec<(&str, &Value)> = all
        .filter_map(|trigger| {
            let times = trigger["next"].as_array()?.iter();
            Some((times.filter_map(Value::as_str).min()?, trigger))
        })
        .collect();
    soon.sort_by(|a, b| a.0.cmp(b.0));
    soon.truncate(SOON);
    soon
}

/// The names of the automations that these belong to.
async fn automation_names(
    call: &Call,
    soon: &[(&str, &Value)],
) -> Result<BTreeMap<String, String>, Refusal> {
    let mut names = BTreeMap::new();
    for (_, trigger) in soon {
        let Some(id) = trigger["automation_id"].as_str() else {
            continue;
        };
        if !names.contains_key(id)
            && let Some(found) = call.api.find(&format!("/automations/{id}")).await?
        {
            let name = found["name"].as_str().unwrap_or_default();
            names.insert(id.to_owned(), name.to_owned());
        }
    }
    Ok(names)
}

fn first_steps(call: &Call) -> Markup {
    html! {
        section .first {
            p { "Druse turns what an agent did once, with tools, into an automation that does it again without AI: recorded, proved, reviewed by you, then run." }
            h2 { "Nothing here yet. The first three things:" }
            ol {
                li {
                    h3 { a href="/recordings" { "Bring a recording" } }
                    p { "Drop a session that an agent has done well. It becomes a draft of an automation that needs no AI." }
                    @if call.may(Role::Editor) {
                        form method="post" action="/recordings" {
                            (crate::console::component::action::key())
                            input type="hidden" name="kind" value="agent_run";
                            input type="hidden" name="text" value=(super::recordings::EXAMPLE);
                            button .primary { "Try it with an example" }
                        }
                    }
                }
                li {
                    h3 { a href="/settings#connections" { "Set up a connection" } }
                    p { "Say how the tools of the recording are reached: an HTTP API, an MCP server, a database, a folder." }
                }
                li {
                    h3 { a href="/automations" { "Write an automation" } }
                    p { "Or write one by hand, as a short YAML document, and activate it." }
                }
            }
        }
    }
}

fn next(call: &Call, soon: &[(&str, &Value)], names: &BTreeMap<String, String>) -> Markup {
    html! {
        @if soon.is_empty() { p .dim { "No schedule is active." } }
        ul .inbox {
            @for (at, trigger) in soon {
                @let id = trigger["automation_id"].as_str().unwrap_or_default();
                li {
                    span .when { (time::ago(&Value::from(*at), call.now)) }
                    a href={ "/automations/" (id) "?tab=triggers" } {
                        (names.get(id).map_or("", String::as_str)) " · " (trigger["name"].as_str().unwrap_or_default())
                    }
                    @if let Some(then) = then(trigger) { span .when { "then " (time::ago(then, call.now)) } }
                }
            }
        }
    }
}

/// The time behind the next one.
fn then(trigger: &Value) -> Option<&Value> {
    let mut times: Vec<&Value> = trigger["next"].as_array()?.iter().collect();
    times.sort_by_key(|at| at.as_str());
    times.get(1).copied()
}

fn health(call: &Call, triggers: &Value) -> Markup {
    let ready = call.app.ready.load(Ordering::Acquire);
    let space = call.app.store.accepts_work();
    let paused = items(triggers)
        .iter()
        .filter(|one| one["status"] == "paused")
        .count();
    let late = late(triggers).len();
    let line = |good: bool, yes: &str, no: String| {
        html! { li { (state::mark(if good { "succeeded" } else { "failed" })) " " @if good { (yes) } @else { (no) } } }
    };
    html! {
        ul .plain {
            (line(ready, "The server takes work", "The server is starting or ending".into()))
            (line(space, "There is space on the disk", "There is no space left for new work".into()))
            (line(late == 0, "Schedules fire in time", format!("{late} schedules came late")))
            @if !triggers["next_cursor"].is_null() { li .dim { "Only the youngest " (items(triggers).len()) " triggers are looked at" } }
            @if paused > 0 { li { (state::mark("paused")) " " (paused) " triggers are paused" } }
            li .dim { (value::count(call.app.engine.live(), "run is", "runs are")) " live" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_schedule_that_came_a_minute_late_is_told_and_the_next_times_come_in_their_order() {
        let trigger = |name: &str, late: u64, next: &[&str]| json!({ "name": name, "last_firing": { "late_ms": late }, "next": next });
        let all = json!({ "items": [
            trigger("nights", 61_000, &["2027-03-29T03:30:00Z"]),
            trigger("often", 400, &["2027-03-28T09:15:00Z", "2027-03-28T09:30:00Z"]),
            json!({ "name": "never fired" }),
        ] });
        let names: Vec<&Value> = late(&all).iter().map(|one| &one["name"]).collect();
        assert_eq!(names, ["nights"]);
        let soon: Vec<&str> = soon(&all).iter().map(|(at, _)| *at).collect();
        // One line for each, however often it comes.
        assert_eq!(soon, ["2027-03-28T09:15:00Z", "2027-03-29T03:30:00Z"]);
        assert_eq!(
            then(&all["items"][1]).and_then(Value::as_str),
            Some("2027-03-28T09:30:00Z")
        );
        assert_eq!(then(&all["items"][0]), None);
    }
}
