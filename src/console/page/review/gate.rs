//! The gates of a draft, each with its form, and the gates that a step could have before it.

use super::step::Shown;
use super::{change, place};
use crate::console::call::{Call, Done};
use crate::console::component::config_form::{self, Field, fields};
use crate::console::component::{action, finding};
use crate::console::page::draft;
use crate::console::twin::Refusal;
use crate::service::Role;
use druse_engine::Finding;
use druse_engine::action_config::schema_of;
use druse_engine::plan::ActionKind;
use http::{Method, StatusCode};
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

/// Whether a gate stands right before a step, and the step does not run in spite of it.
fn is_gated(document: &Value, way: &str) -> bool {
    let list = match way.rsplit_once('.') {
        Some((around, _)) => place::step(document, around).map(|step| &step["steps"]),
        None => Some(&document["steps"]),
    };
    let all = list
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let Some(step) = place::step(document, way) else {
        return false;
    };
    let needs = step["needs"].as_array().map_or(&[][..], Vec::as_slice);
    let gates = needs.iter().filter_map(Value::as_str).filter(|need| {
        all.iter()
            .any(|one| one["id"] == *need && one["action"] == "approval_gate")
    });
    // One that looks at what became of its gate decides by that, as its author wanted.
    let asked = |gate: &str| {
        let when = step["when"].as_str();
        when.is_some_and(|when| druse_engine::check::reads_step(when, gate))
    };
    match step["join"].as_str() {
        None | Some("all_succeeded") => gates.count() > 0,
        Some("none_failed" | "any_succeeded") if needs.len() == 1 => gates.count() > 0,
        _ => gates.into_iter().any(asked),
    }
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

/// The automation as it was when its form was shown.
async fn seen(call: &Call) -> Result<Value, Refusal> {
    let path = format!("/automations/{}", call.part("id"));
    let automation = call.api.get(&path).await?;
    let latest = automation["latest_version"].to_string();
    if call.form.text("version") != latest {
        return Err(Refusal::new(
            StatusCode::PRECONDITION_FAILED,
            "changed_meanwhile",
            "Somebody changed it since you saw it.",
            "Look at it again: what you wrote is still in the form.",
        ));
    }
    Ok(automation)
}

/// Writes what a gate asks, whom, and how long it waits.
pub(in crate::console) async fn write(call: &Call) -> Done {
    let automation = seen(call).await?;
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
        call.api
            .json(Method::PATCH, &path, call.key(), &json!({ "with": with }))
            .await?;
    }
    Ok(change::back(call))
}

/// Puts a gate right before a step.
pub(in crate::console) async fn add(call: &Call) -> Done {
    let mut automation = seen(call).await?;
    let way = call.form.text("step");
    let document = &mut automation["document"];
    if place::step(document, way).is_none() {
        return Err(change::gone());
    }
    if !is_gated(document, way) {
        let with = said(call, &Map::new())?;
        put_before(document, way, with).ok_or_else(change::gone)?;
        change::write(call, document).await?;
    }
    Ok(change::back(call))
}

fn put_before(document: &mut Value, way: &str, with: Map<String, Value>) -> Option<()> {
    let id = place::id(way);
    let taken: Vec<String> = place::all(document)
        .iter()
        .map(|(way, _)| place::id(way).to_owned())
        .collect();
    let mut name = format!("approve_{id}");
    let mut number = 2;
    while taken.contains(&name) {
        name = format!("approve_{id}_{number}");
        number += 1;
    }
    let list = match way.rsplit_once('.') {
        Some((around, _)) => place::step_mut(document, around)?,
        None => document,
    };
    let steps = list.get_mut("steps")?.as_array_mut()?;
    let at = steps.iter().position(|one| one["id"] == id)?;
    // What the step reads comes before it, also where nobody has written down that it needs it.
    let text = steps[at].to_string();
    let read: Vec<String> = steps[..at]
        .iter()
        .filter_map(|one| one["id"].as_str())
        .filter(|id| text.contains(&format!("steps.{id}.")))
        .map(str::to_owned)
        .collect();
    let step = steps[at].as_object_mut()?;
    let mut gate = json!({ "id": name, "action": "approval_gate", "with": with });
    if !read.is_empty() {
        gate["needs"] = read.into();
    }
    // It asks once all is known that the step would be given, and only where the step would run.
    for key in ["needs", "join", "when"] {
        if let Some(value) = step.get(key) {
            gate[key] = value.clone();
        }
    }
    // What it was joined by would let it run after a refusal: behind the gate it runs only when that was granted.
    step.remove("join");
    step.insert("needs".into(), json!([name]));
    steps.insert(at, gate);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_is_put_right_before_its_step_also_in_a_loop() {
        let mut document = json!({ "steps": [
            { "id": "list", "action": "http" },
            { "id": "each", "for_each": { "items": "x" }, "needs": ["list"], "steps": [
                { "id": "get", "action": "http", "effects": "read" },
                { "id": "pay", "action": "http", "needs": ["get"], "when": "item.open" },
            ] },
        ] });
        let gate = Map::from_iter([("title".to_owned(), json!("Pay?"))]);
        assert!(!is_gated(&document, "each.pay"));
        put_before(&mut document, "each.pay", gate.clone()).expect("it is there");
        assert!(is_gated(&document, "each.pay"));
        let steps = &document["steps"][1]["steps"];
        assert_eq!(
            steps[1],
            json!({ "id": "approve_pay", "action": "approval_gate", "with": { "title": "Pay?" }, "needs": ["get"], "when": "item.open" })
        );
        assert_eq!(steps[2]["needs"], json!(["approve_pay"]));
        put_before(&mut document, "list", gate.clone()).expect("it is there");
        assert_eq!(document["steps"][0]["id"], "approve_list");
        assert_eq!(document["steps"][1]["needs"], json!(["approve_list"]));
        assert!(put_before(&mut document, "nobody", gate).is_none());
        let changing: Vec<bool> = document["steps"][2]["steps"]
            .as_array()
            .expect("a list")
            .iter()
            .map(changes)
            .collect();
        assert_eq!(changing, [false, false, true]);
        assert_eq!(question("send_money"), "Send money?");
    }

    #[test]
    fn a_gate_takes_over_how_its_step_is_joined() {
        let mut document = json!({ "steps": [
            { "id": "a", "action": "http", "on_error": "continue" },
            { "id": "send", "action": "http", "needs": ["a"], "join": "all_done" },
        ] });
        put_before(&mut document, "send", Map::new()).expect("it is there");
        let gate = &document["steps"][1];
        assert_eq!(
            (&gate["needs"], &gate["join"]),
            (&json!(["a"]), &json!("all_done"))
        );
        let send = &document["steps"][2];
        assert_eq!(send["needs"], json!(["approve_send"]));
        assert_eq!(send.get("join"), None);
        assert!(is_gated(&document, "send"));
    }

    #[test]
    fn a_step_that_runs_after_a_refusal_is_not_gated() {
        let gated = |join: &str, needs: &[&str], when: &str| {
            let document = json!({ "steps": [
                { "id": "a", "action": "http" },
                { "id": "ask", "action": "approval_gate", "with": {} },
                { "id": "send", "action": "http", "needs": needs, "join": join, "when": when },
            ] });
            is_gated(&document, "send")
        };
        assert!(gated("all_succeeded", &["a", "ask"], "true"));
        assert!(gated("none_failed", &["ask"], "true"));
        assert!(gated("any_succeeded", &["ask"], "true"));
        assert!(gated(
            "all_done",
            &["ask"],
            "steps.ask.status == 'succeeded'"
        ));
        assert!(!gated(
            "all_done",
            &["ask"],
            "steps.a.status == 'succeeded'"
        ));
        assert!(!gated("all_done", &["ask"], "true"));
        assert!(!gated("any_failed", &["ask"], "true"));
        assert!(!gated("any_succeeded", &["a", "ask"], "true"));
        assert!(!gated("none_failed", &["a", "ask"], "true"));
        assert!(!gated("all_succeeded", &["a"], "true"));
    }
}
