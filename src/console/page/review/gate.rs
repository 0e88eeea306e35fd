//! The gates of a draft, each with its form, and the gates that a step could have before it.

use super::step::Shown;
use super::{change, place};
use crate::console::call::{Call, Done};
use crate::console::component::config_form::{self, Field, fields};
use crate::console::component::{action, finding};
use crate::console::page::draft;
use crate::console::twin::Refusal;
use crate::service::Role;
use crate::service::gate::{is_gated, put_before};
use druse_engine::Finding;
use druse_engine::action_config::schema_of;
use druse_engine::plan::ActionKind;
use http::{Method, header};
use maud::{Markup, html};
use serde_json::{Map, Value, json};

/// What a gate asks, whom, and how long it waits. The rest of it has its place in the form of the step.
const USUAL: [(&str, &str); 6] = [
    ("title", "Pay {{ inputs.amount }}?"),
    ("message", ""),
    ("approvers", "role:approver, user:ana"),
    ("needed", "1"),
    ("timeout", "24h"),
    ("on_timeout", ""),
];

fn usual() -> Vec<Field> {
    let mut all = fields(schema_of(ActionKind::ApprovalGate));
    all.retain(|field| USUAL.iter().any(|(name, _)| *name == field.name));
    for field in &mut all {
        let known = USUAL.iter().find(|(name, _)| *name == field.name);
        field.example = known.map_or("", |(_, example)| example);
    }
    all
}

/// What the fields of the form about a step are called.
fn prefix(way: &str) -> String {
    format!("gate-{way}")
}

/// A gate: what it asks, and a form for that.
pub(super) fn show(
    shown: &Shown<'_>,
    way: &str,
    step: &Value,
    at: &str,
    own: &mut Vec<&Finding>,
) -> Markup {
    let with = &step["with"];
    let items = shown.items(way);
    let said = |name: &str| with[name].as_str();
    let people: Vec<&str> = with["approvers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let inside = format!("{at}/");
    let about: Vec<Finding> = own
        .iter()
        .filter(|one| {
            one.path
                .as_deref()
                .is_some_and(|path| path.starts_with(&inside))
        })
        .map(|one| (*one).clone())
        .collect();
    html! {
        dl .pairs {
            dt { "asks" } dd { (draft::show(&with["title"], &items, None)) }
            @if let Some(message) = said("message") { dt { "says" } dd { (message) } }
            dt { "whom" } dd {
                @if people.is_empty() { "whoever may approve" } @else { code { (people.join(", ")) } }
                @if let Some(needed) = with["needed"].as_u64().filter(|needed| *needed > 1) { ", " (needed) " of them" }
            }
            dt { "waits" } dd { @match said("timeout") {
                Some(time) => { (time) ", then it " @match said("on_timeout") { Some("escalate") => "asks others", Some("approve") => "approves itself", _ => "rejects" } },
                None => "as long as it takes",
            } }
        }
        @if shown.call.may(Role::Editor) {
            details .more open[shown.call.form.has(&format!("{}.title", prefix(way)))] {
                summary { "Change what it asks, whom, and how long" }
                (form(shown, way, "gate", "Save this gate", with, &about))
            }
        }
    }
}

fn form(
    shown: &Shown<'_>,
    way: &str,
    verb: &str,
    label: &str,
    given: &Value,
    about: &[Finding],
) -> Markup {
    let own = |name: &str| -> Vec<Finding> {
        let end = format!("/with/{name}");
        let own = about.iter().filter(|one| {
            one.path
                .as_deref()
                .is_some_and(|path| path.ends_with(&end) || path.contains(&format!("{end}/")))
        });
        own.cloned().collect()
    };
    let wrong = shown
        .call
        .refusal
        .as_ref()
        .filter(|_| shown.call.form.text("step") == way);
    html! {
        form .step-form method="post" action={ (shown.review) "/" (verb) } {
            (action::key())
            input type="hidden" name="step" value=(way);
            input type="hidden" name="version" value=(shown.draft.automation["latest_version"]);
            @if let Some(wrong) = wrong.filter(|wrong| !wrong.findings.is_empty()) { (finding::list(&wrong.findings)) }
            (config_form::show(shown.call, &prefix(way), &usual(), given, own))
            div .buttons { button { (label) } }
        }
    }
}

/// What a step does, as a question.
fn question(id: &str) -> String {
    let words = id.replace('_', " ");
    let mut chars = words.chars();
    let first: String = chars
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    format!("{first}{}?", chars.as_str())
}

/// A gate that could stand before a step which changes something and has none; open where it is suggested.
pub(super) fn offer(shown: &Shown<'_>, way: &str, step: &Value) -> Markup {
    let id = place::id(way);
    let reported = finding::read(&shown.draft.report["findings"]);
    let suggested = reported
        .iter()
        .find(|one| one.code == "gate_suggested" && one.step.as_deref() == Some(id));
    if is_gated(&shown.draft.automation["document"], way) || !(changes(step) || suggested.is_some())
    {
        return html! {};
    }
    let given = json!({ "title": question(id), "timeout": "24h" });
    let sent = shown.call.form.has(&format!("{}.title", prefix(way)));
    html! {
        details .more .suggested[suggested.is_some()] open[sent || suggested.is_some()] {
            summary { @if suggested.is_some() { "A gate is suggested before it" } @else { "Ask somebody before it" } }
            @if let Some(suggested) = suggested { (finding::one(suggested)) p .dim { "Put it in, or leave it out: without it nobody is asked." } }
            @if shown.call.may(Role::Editor) { (form(shown, way, "ask", "Put this gate in", &given, &[])) }
        }
    }
}

/// Whether a step may change something outside.
fn changes(step: &Value) -> bool {
    let does = step["action"].as_str().unwrap_or_default();
    !matches!(does, "" | "transform" | "wait" | "switch" | "approval_gate")
        && !matches!(step["effects"].as_str(), Some("read" | "pure"))
}

/// The gate that a form says.
fn said(call: &Call, before: &Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
    config_form::read(
        &call.form,
        &prefix(call.form.text("step")),
        &usual(),
        before,
    )
}

/// The automation as it was when its form was shown, and its entity tag.
async fn seen(call: &Call) -> Result<(Value, String), Refusal> {
    let path = format!("/automations/{}", call.part("id"));
    let said = call.api.send(Method::GET, &path, &[], "").await?;
    let automation = said.json();
    change::seen(call, &automation)?;
    Ok((automation, said.tag()))
}

/// Writes what a gate asks, whom, and how long it waits.
pub(in crate::console) async fn write(call: &Call) -> Done {
    let (automation, tag) = seen(call).await?;
    let way = call.form.text("step");
    let step =
        place::step(&automation["document"], way).filter(|step| step["action"] == "approval_gate");
    let before = step.ok_or_else(change::gone)?["with"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    let with = said(call, &before)?;
    if with != before {
        let path = format!(
            "/automations/{}/steps/{}",
            call.part("id"),
            crate::client::encode(way)
        );
        let headers = [
            (header::CONTENT_TYPE, "application/json"),
            (header::IF_MATCH, tag.as_str()),
        ];
        let body = json!({ "with": with }).to_string();
        call.api.send(Method::PATCH, &path, &headers, body).await?;
    }
    Ok(change::back(call))
}

/// Puts a gate right before a step.
pub(in crate::console) async fn add(call: &Call) -> Done {
    let (automation, tag) = seen(call).await?;
    let way = call.form.text("step");
    let mut document = automation["document"].clone();
    if place::step(&document, way).is_none() {
        return Err(change::gone());
    }
    if !is_gated(&document, way) {
        let with = said(call, &Map::new())?;
        put_before(&mut document, way, with).ok_or_else(change::gone)?;
        change::write(call, (&automation, &tag), &document).await?;
    }
    Ok(change::back(call))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_something_can_be_asked_about() {
        let steps = json!([
            { "id": "get", "action": "http", "effects": "read" },
            { "id": "ask", "action": "approval_gate" },
            { "id": "pay", "action": "http" },
        ]);
        let changing: Vec<bool> = steps
            .as_array()
            .expect("a list")
            .iter()
            .map(changes)
            .collect();
        assert_eq!(changing, [false, false, true]);
        assert_eq!(question("send_money"), "Send money?");
    }
}
