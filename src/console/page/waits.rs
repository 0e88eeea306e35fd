//! What waits, and for whom: what this person can do, and what only others can.

use super::home::{items, lateness};
use super::seen;
use crate::client::encode;
use crate::console::call::Call;
use crate::console::component::{state, time, value};
use crate::service::{Role, words};
use druse_engine::Timestamp;
use maud::{Markup, html};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a run says that waits because nobody knows whether a step happened.
const UNCERTAIN: &str = "a person must find out whether ";

/// What the API says that waits.
pub(super) struct Found {
    /// The gates that this person can decide.
    pub(super) own: Value,
    /// Those that they cannot.
    pub(super) others: Value,
    pub(super) uncertain: Value,
    pub(super) paused: Value,
    pub(super) drafts: Value,
    /// Automations that need review.
    pub(super) changed: Value,
    pub(super) failed: Value,
    /// Runs that go on from others.
    pub(super) retries: Value,
    /// From when on runs are looked at that failed.
    pub(super) since: Timestamp,
}

/// What waits for this person, and what waits for others.
pub(super) fn show(
    call: &Call,
    found: &Found,
    late: &[&Value],
    names: &BTreeMap<String, String>,
) -> Markup {
    let (mut own, mut others) = (gates(call, &found.own), gates(call, &found.others));
    let mut add = |role: Role, lines: Vec<Markup>| match call.may(role) {
        true => own.extend(lines),
        false => others.extend(lines),
    };
    add(Role::Operator, paused(call, &found.paused));
    add(Role::Operator, uncertain(call, &found.uncertain));
    add(Role::Editor, changed(call, &found.changed));
    add(Role::Editor, drafts(call, &found.drafts));
    add(Role::Operator, came_late(call, late, names));
    add(Role::Operator, failed(call, found));
    html! {
        section {
            h2 { "Waits for you" }
            @if own.is_empty() { p .dim { "Nothing. Approvals, drafts to review and failed runs stand here." } }
            (list(&own))
        }
        @if !others.is_empty() { section { h2 { "Waits for others" } (list(&others)) } }
    }
}

fn list(lines: &[Markup]) -> Markup {
    html! { ul .inbox { @for line in lines { li { (line) } } } }
}

/// A line at the end of those that are shown, where there are more.
fn more(list: &Value, state: &str, address: &str, says: &str) -> Option<Markup> {
    let line = html! { (state::mark(state)) a href=(address) { (says) } };
    (!list["next_cursor"].is_null()).then_some(line)
}

fn gates(call: &Call, gates: &Value) -> Vec<Markup> {
    let line = |gate: &Value| {
        let own = gate["can_decide"] == true;
        html! {
            span .sign.(state::class("waiting")) aria-hidden="true" { "⊙" }
            span .what {
                a href={ "/approvals/" (gate["id"].as_str().unwrap_or_default()) } {
                    @if own { "Approve: " } (gate["title"].as_str().unwrap_or_default())
                }
                span .dim { @if let Some(name) = gate["automation_name"].as_str() { (name) } @if !own { " · asks " (whom(gate)) } }
            }
            @if gate["expires_at"].is_null() { span .when { (time::ago(&gate["requested_at"], call.now)) } }
            @else { span .when.left { "ends " (time::ago(&gate["expires_at"], call.now)) } }
        }
    };
    let mut lines: Vec<Markup> = items(gates).iter().map(line).collect();
    let says = "Approve: more approvals wait";
    lines.extend(more(gates, "waiting", "/approvals", says));
    lines
}

/// Whom a gate asks, in words.
pub(super) fn whom(gate: &Value) -> String {
    let who = gate["approvers"].as_array().into_iter().flatten();
    let who: Vec<&str> = who.filter_map(Value::as_str).collect();
    words::asked(&who)
}

fn paused(call: &Call, paused: &Value) -> Vec<Markup> {
    let line = |run: &Value| {
        html! {
            (state::mark("paused"))
            a href={ "/runs/" (run["id"].as_str().unwrap_or_default()) } {
                "Go on: " (run["automation_name"].as_str().unwrap_or_default()) " is paused"
            }
            span .when { (time::ago(&run["created_at"], call.now)) }
        }
    };
    let mut lines: Vec<Markup> = items(paused).iter().map(line).collect();
    let says = "Go on: more runs are paused";
    lines.extend(more(paused, "paused", "/runs?status=paused", says));
    lines
}

fn uncertain(call: &Call, uncertain: &Value) -> Vec<Markup> {
    let line = |run: &Value| {
        html! {
            (state::mark("uncertain"))
            a href={ "/runs/" (run["id"].as_str().unwrap_or_default()) } {
                "Decide: did " (step_in_question(run)) " of " (run["automation_name"].as_str().unwrap_or_default()) " happen?"
            }
            span .when { (time::ago(&run["created_at"], call.now)) }
        }
    };
    let mut lines: Vec<Markup> = items(uncertain).iter().map(line).collect();
    let (address, says) = (
        "/runs?waits_for=uncertain",
        "Decide: more runs do not know whether a step happened",
    );
    lines.extend(more(uncertain, "uncertain", address, says));
    lines
}

/// The step of which a run does not know whether it happened.
fn step_in_question(run: &Value) -> &str {
    let why = run["waits_for"].as_str().unwrap_or_default();
    let step = why.strip_prefix(UNCERTAIN).unwrap_or_default();
    step.split(" happened").next().unwrap_or_default()
}

fn changed(call: &Call, changed: &Value) -> Vec<Markup> {
    let line = |one: &Value| {
        html! {
            (state::mark("needs_review"))
            a href={ "/automations/" (one["id"].as_str().unwrap_or_default()) } {
                "Look at " (one["name"].as_str().unwrap_or_default()) ": an answer has changed"
            }
            span .when { (time::ago(&one["needs_review"]["at"], call.now)) }
        }
    };
    let mut lines: Vec<Markup> = items(changed).iter().map(line).collect();
    let (address, says) = (
        "/automations?needs_review=true",
        "Look at more: answers have changed",
    );
    lines.extend(more(changed, "needs_review", address, says));
    lines
}

fn drafts(call: &Call, drafts: &Value) -> Vec<Markup> {
    let line = |draft: &Value| {
        let crystallized = draft["source_type"] == "CRYSTALLIZED";
        html! {
            (state::mark("draft"))
            a href={ "/automations/" (draft["id"].as_str().unwrap_or_default()) @if crystallized { "/review" } } {
                "Review the draft " (draft["name"].as_str().unwrap_or_default())
            }
            span .when { (time::ago(&draft["created_at"], call.now)) }
        }
    };
    let mut lines: Vec<Markup> = items(drafts).iter().map(line).collect();
    let says = "Review: more drafts";
    lines.extend(more(drafts, "draft", "/automations?status=draft", says));
    lines
}

fn came_late(call: &Call, late: &[&Value], names: &BTreeMap<String, String>) -> Vec<Markup> {
    let line = |trigger: &&Value| {
        let id = trigger["automation_id"].as_str().unwrap_or_default();
        html! {
            (state::mark("waiting"))
            a href={ "/automations/" (id) "?tab=triggers" } {
                (names.get(id).map_or("", String::as_str)) " · " (trigger["name"].as_str().unwrap_or_default())
                " came " (time::span(lateness(trigger))) " late"
            }
            span .when { (time::ago(&trigger["last_firing"]["received_at"], call.now)) }
        }
    };
    late.iter().map(line).collect()
}

/// Runs that failed and that nobody has seen, of each automation together.
fn failed(call: &Call, found: &Found) -> Vec<Markup> {
    let open = seen::all(&found.failed, &found.retries);
    let mut broken: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for run in &open {
        let name = run["automation_name"].as_str().unwrap_or_default();
        broken.entry(name).or_default().push(run);
    }
    let may = call.may(Role::Operator);
    let line = |(name, runs): (&&str, &Vec<&Value>)| {
        let last = runs[0];
        html! {
            (state::mark("failed"))
            a href={ "/runs/" (last["id"].as_str().unwrap_or_default()) } {
                (name) " failed"
                @if runs.len() > 1 { " " (runs.len()) " times" }
                @if let Some(message) = last["error"]["message"].as_str() { ": " (value::said(&value::cut(message, 120))) }
            }
            span .when { (time::ago(&last["finished_at"], call.now)) }
            @if may { (seen::button(runs, "Seen", &format!("what failed of {name}"))) }
        }
    };
    let mut lines: Vec<Markup> = broken.iter().map(line).collect();
    // As far back as the lines above, and no further.
    let since = found.since.to_string();
    let address = format!("/runs?seen=false&since={}", encode(&since));
    let says = "More runs failed within a day, and nobody has seen it";
    lines.extend(more(&found.failed, "failed", &address, says));
    if may && broken.len() > 1 {
        let label = format!("Mark all {} failed runs as seen", open.len());
        lines.push(seen::button(&open, &label, ""));
    }
    lines
}
