//! What waits for me, what is about to happen, and how the server does.

use super::retries;
use super::runs::strip;
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

/// What a run says that waits because nobody knows whether a step happened.
const UNCERTAIN: &str = "a person must find out whether ";

/// How far back failed runs are looked at.
const DAY: i64 = 24 * 3_600 * 1_000;

pub(in crate::console) async fn show(call: &Call) -> Done {
    let since = Timestamp(call.now.0 - DAY);
    let gates = call.api.get("/approvals?status=pending&limit=20").await?;
    let uncertain = call.api.get("/runs?waits_for=uncertain&limit=20").await?;
    let paused = call.api.get("/runs?status=paused&limit=20").await?;
    let drafts = call.api.get("/automations?status=draft&limit=20").await?;
    let changed = call.api.get("/automations?limit=200").await?;
    let changed: Vec<&Value> = items(&changed)
        .iter()
        .filter(|one| one["needs_review"].is_object())
        .collect();
    let failed = call
        .api
        .get(&format!("/runs?status=failed&since={since}&limit=200"))
        .await?;
    let retries = call
        .api
        .get(&format!("/runs?cause=retry&since={since}&limit=200"))
        .await?;
    let failed = retries::unanswered(items(&failed), items(&retries));
    let runs = call.api.get("/runs?limit=50").await?;
    let triggers = call.api.get("/triggers?limit=200").await?;
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
                section {
                    h2 { "Waits for you" }
                    (waiting(call, &gates, (&paused, &uncertain), &drafts, &failed, &changed, (&late, &names)))
                }
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

pub(super) fn items(list: &Value) -> &[Value] {
    list["items"].as_array().map_or(&[], Vec::as_slice)
}

/// By how much the last firing of a schedule came late, in milliseconds.
fn lateness(trigger: &Value) -> u64 {
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

fn waiting(
    call: &Call,
    gates: &Value,
    (paused, uncertain): (&Value, &Value),
    drafts: &Value,
    failed: &[&Value],
    changed: &[&Value],
    (late, names): (&[&Value], &BTreeMap<String, String>),
) -> Markup {
    let mut broken: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for run in failed {
        let name = run["automation_name"].as_str().unwrap_or_default();
        broken.entry(name).or_default().push(run);
    }
    let nothing = items(gates).is_empty()
        && items(uncertain).is_empty()
        && items(paused).is_empty()
        && items(drafts).is_empty()
        && late.is_empty()
        && changed.is_empty()
        && broken.is_empty();
    html! {
        @if nothing { p .dim { "Nothing. Approvals, drafts to review and failed runs stand here." } }
        ul .inbox {
            @for gate in items(gates) {
                li {
                    span .sign.(state::class("waiting")) aria-hidden="true" { "⊙" }
                    a href={ "/approvals/" (gate["id"].as_str().unwrap_or_default()) } {
                        "Approve: " (gate["title"].as_str().unwrap_or_default())
                    }
                    @if gate["expires_at"].is_null() { span .when { (time::ago(&gate["requested_at"], call.now)) } }
                    @else { span .when.left { "ends " (time::ago(&gate["expires_at"], call.now)) } }
                }
            }
            @if !gates["next_cursor"].is_null() {
                li { span .sign.(state::class("waiting")) aria-hidden="true" { "⊙" } a href="/approvals" { "Approve: more approvals wait" } }
            }
            @for run in items(paused) {
                li {
                    (state::mark("paused"))
                    a href={ "/runs/" (run["id"].as_str().unwrap_or_default()) } {
                        "Go on: " (run["automation_name"].as_str().unwrap_or_default()) " is paused"
                    }
                    span .when { (time::ago(&run["created_at"], call.now)) }
                }
            }
            @if !paused["next_cursor"].is_null() {
                li { (state::mark("paused")) a href="/runs?status=paused" { "Go on: more runs are paused" } }
            }
            @for run in items(uncertain) {
                li {
                    (state::mark("uncertain"))
                    a href={ "/runs/" (run["id"].as_str().unwrap_or_default()) } {
                        "Decide: did " (step_in_question(run)) " of " (run["automation_name"].as_str().unwrap_or_default()) " happen?"
                    }
                    span .when { (time::ago(&run["created_at"], call.now)) }
                }
            }
            @if !uncertain["next_cursor"].is_null() {
                li { (state::mark("uncertain")) a href="/runs?waits_for=uncertain" { "Decide: more runs do not know whether a step happened" } }
            }
            @for one in changed {
                li {
                    (state::mark("needs_review"))
                    a href={ "/automations/" (one["id"].as_str().unwrap_or_default()) } {
                        "Look at " (one["name"].as_str().unwrap_or_default()) ": an answer has changed"
                    }
                    span .when { (time::ago(&one["needs_review"]["at"], call.now)) }
                }
            }
            @for draft in items(drafts) {
                @let crystallized = draft["source_type"] == "CRYSTALLIZED";
                li {
                    (state::mark("draft"))
                    a href={ "/automations/" (draft["id"].as_str().unwrap_or_default()) @if crystallized { "/review" } } {
                        "Review the draft " (draft["name"].as_str().unwrap_or_default())
                    }
                    span .when { (time::ago(&draft["created_at"], call.now)) }
                }
            }
            @if !drafts["next_cursor"].is_null() {
                li { (state::mark("draft")) a href="/automations?status=draft" { "Review: more drafts" } }
            }
            @for trigger in late {
                @let id = trigger["automation_id"].as_str().unwrap_or_default();
                li {
                    (state::mark("waiting"))
                    a href={ "/automations/" (id) "?tab=triggers" } {
                        (names.get(id).map_or("", String::as_str)) " · " (trigger["name"].as_str().unwrap_or_default())
                        " came " (time::span(lateness(trigger))) " late"
                    }
                    span .when { (time::ago(&trigger["last_firing"]["received_at"], call.now)) }
                }
            }
            @for (name, runs) in &broken {
                @let last = runs[0];
                li {
                    (state::mark("failed"))
                    a href={ "/runs/" (last["id"].as_str().unwrap_or_default()) } {
                        (name) " failed"
                        @if runs.len() > 1 { " " (runs.len()) " times" }
                        @if let Some(message) = last["error"]["message"].as_str() { ": " (value::said(&value::cut(message, 120))) }
                    }
                    span .when { (time::ago(&last["finished_at"], call.now)) }
                }
            }
        }
    }
}

/// The step of which a run does not know whether it happened.
fn step_in_question(run: &Value) -> &str {
    let why = run["waits_for"].as_str().unwrap_or_default();
    let step = why.strip_prefix(UNCERTAIN).unwrap_or_default();
    step.split(" happened").next().unwrap_or_default()
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
