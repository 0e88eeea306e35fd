//! The triggers of an automation: when they fire next, what came, and what a person does with them.

use super::home::items;
use crate::client::encode;
use crate::console::call::{Answer, Call, Done};
use crate::console::component::{action, finding, state, time, value};
use crate::console::twin::Refusal;
use crate::service::Role;
use maud::{Markup, html};
use serde_json::{Value, json};

pub(super) async fn show(call: &Call, automation: &str, list: &Value) -> Result<Markup, Refusal> {
    let mut all = Vec::new();
    for trigger in items(list) {
        let id = trigger["id"].as_str().unwrap_or_default();
        let firings = call
            .api
            .get(&format!("/triggers/{id}/firings?limit=20"))
            .await?;
        all.push((trigger, firings));
    }
    Ok(html! {
        @if all.is_empty() { p .dim { "No trigger starts it. Triggers are written in the document, and live once a version is active." } }
        @for (trigger, firings) in &all { (one(call, automation, trigger, firings)) }
    })
}

fn one(call: &Call, automation: &str, trigger: &Value, firings: &Value) -> Markup {
    let id = trigger["id"].as_str().unwrap_or_default();
    let path = format!("/automations/{automation}/triggers/{id}");
    let paused = trigger["status"] == "paused";
    let next = trigger["next"].as_array().map_or(&[][..], Vec::as_slice);
    html! {
        section .trigger {
            h2 { (trigger["name"].as_str().unwrap_or_default()) " " span .dim { (trigger["kind"].as_str().unwrap_or_default()) } }
            p .row { (state::pill(trigger["status"].as_str().unwrap_or_default()))
                @if let Some(reason) = trigger["reason"].as_str() { span { (reason) } } }
            @if trigger["open"] == true { p .finding.f-error { span .sign aria-hidden="true" { "✕" } " Whoever knows its address can start it: it verifies nothing." } }
            @if let Some(address) = trigger["address"].as_str() { p { code data-copy=(address) { (address) } } }
            (value::pairs(&trigger["definition"]))
            (finding::list(&finding::read(&trigger["findings"])))
            @if !trigger["lookout"].is_null() { (lookout(call, &trigger["lookout"])) }
            @if !next.is_empty() { p { "Next: " @for at in next.iter().take(5) { (time::exact(at)) " " } } }
            @if call.may(Role::Operator) {
                div .actions {
                    (action::button(&format!("{path}/fire"), "Fire now", ""))
                    @if paused { (action::button(&format!("{path}/resume"), "Resume", "")) }
                    @else { (action::button(&format!("{path}/pause"), "Pause", "quiet")) }
                }
            }
            @if !items(firings).is_empty() {
                table .list {
                    thead { tr { th scope="col" { "What became of it" } th scope="col" { "Came" } th scope="col" { "Run" } } }
                    tbody {
                        @for firing in items(firings) {
                            tr {
                                td { (firing["status"].as_str().unwrap_or_default()) @if let Some(reason) = firing["reason"].as_str() { ": " (reason) } }
                                td { (time::ago(&firing["received_at"], call.now)) }
                                td { @if let Some(run) = firing["run_id"].as_str() { a href={ "/runs/" (run) } { "…" (value::short(run)) } } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// How a trigger stands that looks by itself.
fn lookout(call: &Call, lookout: &Value) -> Markup {
    html! {
        p {
            @match lookout["looked_at"].as_str() {
                Some(_) => { "Looked " (time::ago(&lookout["looked_at"], call.now)) }
                None => { "Has not looked yet" }
            }
            @if let Some(found) = lookout["found"].as_u64() { ", found " (found) }
            @if let Some(next) = lookout["next_at"].as_str() { ", looks next " (time::exact(&json!(next))) }
            "."
            @if lookout["notified"] == true { " The system tells of changes at once." }
            @if !lookout["cursor"].is_null() { " Goes on at " code { (value::line(&lookout["cursor"], 60)) } "." }
        }
    }
}

async fn done(call: &Call, verb: &str) -> Done {
    let trigger = encode(call.param("trigger"));
    call.api
        .post(
            &format!("/triggers/{trigger}/{verb}"),
            call.key(),
            &json!({}),
        )
        .await?;
    Ok(Answer::See(format!(
        "/automations/{}?tab=triggers",
        call.part("id")
    )))
}

pub(in crate::console) async fn fire(call: &Call) -> Done {
    done(call, "fire").await
}

pub(in crate::console) async fn pause(call: &Call) -> Done {
    done(call, "pause").await
}

pub(in crate::console) async fn resume(call: &Call) -> Done {
    done(call, "resume").await
}
