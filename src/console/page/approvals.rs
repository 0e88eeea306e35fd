//! The inbox.

use super::home::items;
use crate::client::encode;
use crate::console::call::{Answer, Call, Done};
use crate::console::component::{action, pager, state, time, value};
use crate::console::layout::{Here, Page};
use crate::console::twin::{Place, Refusal};
use maud::{Markup, html};
use serde_json::{Value, json};

const STATES: [&str; 7] = [
    "pending",
    "approved",
    "rejected",
    "sent_back",
    "expired",
    "canceled",
    "void",
];

pub(in crate::console) async fn show(call: &Call) -> Done {
    let status = call.query.get("status").unwrap_or("pending");
    let mut query = format!("status={}", encode(status));
    if let Some(run) = call.query.get("run_id") {
        query.push_str(&format!("&run_id={}", encode(run)));
    }
    let cursor = call.query.get("cursor");
    let page = cursor.map_or_else(String::new, |cursor| format!("&cursor={}", encode(cursor)));
    let list = call.api.get(&format!("/approvals?{query}{page}")).await?;
    let mut plain = Vec::new();
    if status == "pending" {
        for gate in items(&list) {
            if gate["can_decide"] == true && super::approval::is_plain(call, gate).await? {
                plain.push(gate["id"].as_str().unwrap_or_default());
            }
        }
    }
    let several = plain.len() > 1;
    let body = html! {
        header .head {
            h1 { "Approvals" }
            nav .tabs aria-label="By state" {
                @for one in STATES {
                    a href={ "/approvals?status=" (one) } aria-current=[(one == status).then_some("true")] { (one.replace('_', " ")) }
                }
            }
        }
        @if items(&list).is_empty() {
            @if status == "pending" {
                p .dim { "Nothing waits for a decision. A step " code { "action: approval_gate" } " asks here before what stands behind it happens." }
            } @else {
                p .dim { "None." }
            }
        }
        ul .cards {
            @for gate in items(&list) {
                li .chosen-of[several] {
                    @if several { (choice(call, gate, &plain)) }
                    (card(call, gate, status))
                }
            }
        }
        @if several {
            form #several .several method="post" action="/approvals" {
                (action::key())
                div .buttons { button .primary { "Approve the chosen ones" } }
                p .dim { "Those with a form, or with values from texts of others, are approved on their own pages." }
            }
        }
        (pager::links("/approvals", &query, &list, cursor.is_none()))
    };
    Ok(Page::new("Approvals", Here::Approvals, body).looks().into())
}

/// A box to choose a gate by; none where it wants its own page.
fn choice(call: &Call, gate: &Value, plain: &[&str]) -> Markup {
    let id = gate["id"].as_str().unwrap_or_default();
    let chosen = format!("{id} {}", gate["digest"].as_str().unwrap_or_default());
    html! {
        @if plain.contains(&id) {
            input type="checkbox" name="gate" value=(chosen) form="several" checked[call.form.all("gate").any(|one| one == chosen)]
                aria-label={ "Choose: " (gate["title"].as_str().unwrap_or_default()) };
        } @else { span .sign aria-hidden="true" { "–" } }
    }
}

fn card(call: &Call, gate: &Value, status: &str) -> Markup {
    html! {
        a .card href={ "/approvals/" (gate["id"].as_str().unwrap_or_default()) } {
            strong { (gate["title"].as_str().unwrap_or_default()) }
            span .row {
                (state::pill(gate["status"].as_str().unwrap_or_default()))
                span .dim {
                    "asked " (time::plain(&gate["requested_at"], call.now))
                    @if status == "pending" && !gate["expires_at"].is_null() {
                        span .left { " · ends " (time::plain(&gate["expires_at"], call.now)) }
                    }
                }
            }
            span .dim {
                @if let Some(name) = gate["automation_name"].as_str() { (name) " · run …" (value::short(gate["run_id"].as_str().unwrap_or_default())) }
                @if status == "pending" && gate["can_decide"] != true { " · asks " (super::waits::whom(gate)) }
            }
            @if let Some(message) = gate["message"].as_str() { span .dim { (value::cut(message, 140)) } }
        }
    }
}

/// Approves those that were chosen, each as it was shown, and says which ones were not and why.
pub(in crate::console) async fn decide(call: &Call) -> Done {
    let chosen: Vec<(&str, &str)> = call
        .form
        .all("gate")
        .filter_map(|one| one.split_once(' '))
        .collect();
    if chosen.is_empty() {
        return Err(Refusal::form(
            "None is chosen.",
            "Tick those that are to be approved.",
        ));
    }
    let mut not = Vec::new();
    for (id, digest) in &chosen {
        if let Err(refusal) = approve(call, id, digest).await {
            let path = format!("/approvals/{}", encode(id));
            let gate = call.api.find(&path).await?.unwrap_or_default();
            not.push(Place {
                title: gate["title"].as_str().unwrap_or(id).to_owned(),
                address: path,
                why: refusal.message,
            });
        }
    }
    if not.is_empty() {
        return Ok(Answer::See("/approvals".into()));
    }
    let message = match chosen.len() - not.len() {
        1 => format!("1 of {} was approved.", chosen.len()),
        done => format!("{done} of {} were approved.", chosen.len()),
    };
    let refusal = Refusal::form(message, "Open those that were not.");
    Err(refusal.at(not))
}

async fn approve(call: &Call, id: &str, digest: &str) -> Result<(), Refusal> {
    let path = format!("/approvals/{}", encode(id));
    let gate = call.api.get(&path).await?;
    if gate["status"] == "pending" && !super::approval::is_plain(call, &gate).await? {
        return Err(Refusal::form(
            "It wants its own page.",
            "Open it and decide there.",
        ));
    }
    let key = call.key().map(|key| format!("{key}-{id}"));
    let body = json!({ "decision": "approve", "digest": digest });
    call.api
        .post(&format!("{path}/decision"), key.as_deref(), &body)
        .await?;
    Ok(())
}
