//! The triggers of an automation: when they fire next, what came, and what a person does with them.

use super::amended;
use super::home::items;
use crate::client::encode;
use crate::console::call::{Answer, Call, Done};
use crate::console::component::trigger_form;
use crate::console::component::{action, finding, state, time, value};
use crate::console::twin::Refusal;
use crate::console::visible::Kept;
use crate::service::Role;
use http::{Method, header};
use maud::{Markup, html};
use serde_json::{Map, Value, json};

pub(super) async fn show(
    call: &Call,
    whole: &Value,
    tag: &str,
    list: &Value,
) -> Result<Markup, Refusal> {
    let automation = whole["id"].as_str().unwrap_or_default();
    let inputs = &whole["document"]["inputs"];
    let mut all = Vec::new();
    for trigger in items(list) {
        let id = trigger["id"].as_str().unwrap_or_default();
        // One of a version that was never active is only written so far.
        let firings = call
            .api
            .find(&format!("/triggers/{id}/firings?limit=20"))
            .await?;
        all.push((trigger, firings));
    }
    Ok(html! {
        @if all.is_empty() { p .dim { "No trigger starts it. One lives once its version is active." } }
        @for (trigger, firings) in &all { (one(call, automation, trigger, firings.as_ref())) }
        @if call.may(Role::Editor) {
            details .more open[call.form.has("starts")] {
                summary { "Add a trigger" }
                form .step-form method="post" action={ "/automations/" (automation) "/triggers" } {
                    (action::key())
                    input type="hidden" name="tag" value=(tag);
                    (trigger_form::show(call, inputs, false))
                    div .buttons { button .primary { "Add it as a new version" } }
                    p .dim { "It starts nothing before that version is active." }
                }
            }
        }
    })
}

fn one(call: &Call, automation: &str, trigger: &Value, firings: Option<&Value>) -> Markup {
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
            (definition(&trigger["definition"]))
            (finding::list(&finding::read(&trigger["findings"])))
            @if !trigger["lookout"].is_null() { (lookout(call, &trigger["lookout"])) }
            @if !next.is_empty() { p { "Next: " @for (index, at) in next.iter().take(5).enumerate() { @if index > 0 { " · " } (time::exact(at)) } } }
            @if firings.is_none() { p .dim { "It is not alive yet: no version that has it was active." } }
            @if call.may(Role::Operator) && firings.is_some() {
                div .actions {
                    @if reads_what_came(trigger) { (fire_with(call, trigger, &path)) } @else { (action::button(&format!("{path}/fire"), "Fire now", "")) }
                    @if paused { (action::button(&format!("{path}/resume"), "Resume", "")) }
                    @else { (action::button(&format!("{path}/pause"), "Pause", "quiet")) }
                }
            }
            @let firings = firings.map_or(&[][..], items);
            @if !firings.is_empty() {
                table .list {
                    thead { tr { th scope="col" { "What became of it" } th scope="col" { "Came" } th scope="col" { "Run" } } }
                    tbody {
                        @for firing in firings {
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

/// Whether the runs of a trigger may read what came: then it is fired with something that stands for it.
fn reads_what_came(trigger: &Value) -> bool {
    trigger["kind"] != "schedule"
}

/// Fires a trigger with what would have come.
fn fire_with(call: &Call, trigger: &Value, path: &str) -> Markup {
    let id = trigger["id"].as_str().unwrap_or_default();
    let own = call.param("trigger") == id && call.form.has("trigger");
    let text = if own { call.kept("trigger", "") } else { "" };
    let example = match trigger["kind"].as_str().unwrap_or_default() {
        "webhook" => r#"{ "body": { "order": "A-17" } }"#,
        "event" => r#"{ "data": { "order": "A-17" } }"#,
        "files" => r#"{ "path": "in/a.csv", "name": "a.csv" }"#,
        _ => r#"{ "item": { "id": "A-17" } }"#,
    };
    html! {
        details .more open[own] {
            summary { "Fire now" }
            form method="post" action={ (path) "/fire" } {
                (action::key())
                label for={ "trigger-" (id) } { "What came, as JSON " span .dim { "left empty: nothing did" } }
                textarea .code #{ "trigger-" (id) } name="trigger" rows="4" spellcheck="false" placeholder=(example) { (Kept(text)) }
                p .dim { "Its inputs read it as " code { "trigger" } "." }
                div .buttons { button { "Fire it" } }
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

/// Adds a trigger: a new version, whose text keeps its comments and its layout.
pub(in crate::console) async fn add(call: &Call) -> Done {
    let path = format!("/automations/{}", call.part("id"));
    let automation = call.api.get(&path).await?;
    let mut document = automation["document"].clone();
    let mut all = document["triggers"].as_array().cloned().unwrap_or_default();
    let chosen = trigger_form::read(call, &document["inputs"], &all)?;
    let Some(chosen) = chosen else {
        return Err(Refusal::form(
            "Nothing is chosen.",
            "Choose what starts it.",
        ));
    };
    chosen.check_secret(call).await?;
    if !all.contains(&chosen.trigger) {
        all.push(chosen.trigger.clone());
    }
    document["triggers"] = all.into();
    let (media, body) = amended::body(call, &path, &automation["document"], &document).await?;
    let headers = [
        (header::CONTENT_TYPE, media),
        (header::IF_MATCH, call.form.text("tag")),
    ];
    call.api.send(Method::PUT, &path, &headers, body).await?;
    chosen.write_secret(call).await?;
    Ok(Answer::See(format!("{path}?tab=triggers")))
}

async fn done(call: &Call, verb: &str, body: Value) -> Done {
    let trigger = encode(call.param("trigger"));
    call.api
        .post(&format!("/triggers/{trigger}/{verb}"), call.key(), &body)
        .await?;
    Ok(Answer::See(format!(
        "/automations/{}?tab=triggers",
        call.part("id")
    )))
}

pub(in crate::console) async fn fire(call: &Call) -> Done {
    let mut body = json!({});
    if let Some(text) = call
        .form
        .get("trigger")
        .filter(|text| !text.trim().is_empty())
    {
        let given: Map<String, Value> = serde_json::from_str(text).map_err(|_| {
            Refusal::form(
                "What came is not a JSON object.",
                "Write an object, such as `{ \"body\": { \"order\": \"A-17\" } }`.",
            )
        })?;
        body["trigger"] = given.into();
    }
    done(call, "fire", body).await
}

pub(in crate::console) async fn pause(call: &Call) -> Done {
    done(call, "pause", json!({})).await
}

pub(in crate::console) async fn resume(call: &Call) -> Done {
    done(call, "resume", json!({})).await
}

/// What a trigger is, each of its settings by its name.
fn definition(definition: &Value) -> Markup {
    let parts = definition.as_object().into_iter().flatten();
    html! {
        dl .pairs {
            @for (name, part) in parts.filter(|(name, _)| *name != "id") {
                @match part.as_object() {
                    Some(inner) => { @for (name, value) in inner { dt { (name.replace('_', " ")) } dd { (value::show(value)) } } }
                    None => { dt { (name.replace('_', " ")) } dd { (value::show(part)) } }
                }
            }
        }
    }
}
