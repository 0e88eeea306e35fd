//! The steps of an automation, and a form for each: made from the schema of its action, and written into the
//! document by the server.

use super::meanwhile;
use crate::client::encode;
use crate::console::call::{Answer, Call, Done};
use crate::console::component::config_form::{self, Field, fields};
use crate::console::component::{action, finding, sent, value};
use crate::console::twin::Refusal;
use crate::service::Role;
use crate::service::merge;
use druse_engine::action_config::schema_of;
use druse_engine::plan::ActionKind;
use druse_engine::{Finding, Severity, definition};
use http::{HeaderName, Method, header};
use maud::{Markup, html};
use serde_json::{Map, Value, json};

/// What a form about the step itself has no field for.
const APART: [&str; 6] = ["id", "action", "with", "steps", "metadata", "druse"];
/// The kinds of loops, as they stand in a document, and where its schema says what they take.
const LOOPS: [(&str, &str); 2] = [("for_each", "ForEach"), ("repeat", "Repeat")];
/// What is about a loop as a whole.
const OF_LOOPS: [&str; 6] = ["name", "needs", "join", "when", "timeout", "on_error"];

/// The step that the page is about.
fn chosen(call: &Call) -> &str {
    match call.param("step") {
        "" => call.query.text("step"),
        step => step,
    }
}

/// The action of a step that is to be added.
fn new_action(call: &Call) -> &str {
    match call.form.text("action") {
        "" => call.query.text("action"),
        action => action,
    }
}

pub(super) async fn show(call: &Call, automation: &Value, tag: &str) -> Result<Markup, Refusal> {
    if !call.may(Role::Editor) {
        return Ok(list(call, automation));
    }
    if !new_action(call).is_empty() {
        return Ok(new(call, automation, tag));
    }
    match place_of(automation, chosen(call)) {
        Some(place) => one(call, automation, tag, &place).await,
        // What was written for a step that is not there any more is not lost with it.
        None => Ok(html! {
            @if call.refusal.is_some() && call.form.has("step.needs") { (sent::lost(call)) }
            (list(call, automation))
        }),
    }
}

/// Where a step stands in the document, as a JSON Pointer, by the way to it: `each.pay`.
fn place_of(automation: &Value, path: &str) -> Option<String> {
    let mut place = String::new();
    let mut steps = steps_of(automation);
    for id in path.split('.') {
        let index = steps.iter().position(|one| one["id"] == id)?;
        place.push_str(&format!("/steps/{index}"));
        steps = steps[index]["steps"].as_array().map_or(&[], Vec::as_slice);
    }
    Some(place)
}

/// All steps with the way to each, in the order of the document.
fn paths(automation: &Value) -> Vec<(String, &Value)> {
    fn walk<'v>(steps: &'v [Value], around: &str, all: &mut Vec<(String, &'v Value)>) {
        for step in steps {
            let path = format!("{around}{}", step["id"].as_str().unwrap_or_default());
            all.push((path.clone(), step));
            let inner = step["steps"].as_array().map_or(&[][..], Vec::as_slice);
            walk(inner, &format!("{path}."), all);
        }
    }
    let mut all = Vec::new();
    walk(steps_of(automation), "", &mut all);
    all
}

fn steps_of(automation: &Value) -> &[Value] {
    automation["document"]["steps"]
        .as_array()
        .map_or(&[], Vec::as_slice)
}

/// What a step does, in a word.
fn action_of(step: &Value) -> &str {
    step["action"].as_str().unwrap_or_else(|| loop_of(step))
}

/// The kind of a loop.
fn loop_of(step: &Value) -> &'static str {
    let of = |(kind, _): &&(&'static str, &str)| step[*kind].is_object();
    LOOPS.iter().find(of).map_or("", |(kind, _)| kind)
}

fn list(call: &Call, automation: &Value) -> Markup {
    let id = automation["id"].as_str().unwrap_or_default();
    let findings = finding::read(&automation["findings"]);
    let about = |step: &str| {
        let own = findings
            .iter()
            .filter(|one| one.step.as_deref() == Some(step));
        own.filter(|one| one.severity != Severity::Info).count()
    };
    // The last of the document first: what is added is most often the end.
    let (outer, inner): (Vec<_>, Vec<_>) = paths(automation)
        .into_iter()
        .partition(|(path, _)| !path.contains('.'));
    let after = outer.iter().rev().chain(&inner);
    let mut steps = paths(automation).into_iter();
    let some = steps.any(|(_, step)| about(step["id"].as_str().unwrap_or_default()) > 0);
    html! {
        div .scroll tabindex="0" role="region" aria-label="Steps" { table .list {
            thead { tr { th scope="col" { "Step" } th scope="col" { "Action" } th scope="col" { "After" } @if some { th scope="col" { "Findings" } } } }
            tbody {
                @for (path, step) in paths(automation) {
                    @let name = step["id"].as_str().unwrap_or_default();
                    @let around = path.strip_suffix(name).unwrap_or_default();
                    tr #{ "step-" (path) } {
                        td {
                            @if !around.is_empty() { span .dim { (around.replace('.', " › ")) } }
                            @if call.may(Role::Editor) { a href={ "/automations/" (id) "?tab=steps&step=" (encode(&path)) } data-open { (name) } } @else { (name) }
                            @if let Some(said) = step["name"].as_str() { div .dim { (value::cut(said, 90)) } }
                        }
                        td { (action_of(step)) }
                        td { @for need in step["needs"].as_array().into_iter().flatten().filter_map(Value::as_str) { code { (need) } " " } }
                        @if some { td { @if about(name) > 0 { (value::count(about(name), "finding", "findings")) } } }
                    }
                }
            }
        } }
        @if call.may(Role::Editor) {
            form .filters method="get" action={ "/automations/" (id) } {
                input type="hidden" name="tab" value="steps";
                label { span { "Add a step that does" } select name="action" {
                    @for kind in ActionKind::ALL { option value=(kind.name()) { (kind.name()) } }
                    @for (kind, _) in LOOPS { option value=(kind) { (kind) " (a loop)" } }
                } }
                label { span { "after" } select name="after" {
                    @for (path, _) in after { option value=(path) { (path.replace('.', " › ")) } }
                } }
                button { "Add a step" }
            }
        }
    }
}

/// What a loop goes over and until when.
fn loop_fields(kind: &str) -> Vec<Field> {
    let schema = definition::schema();
    let Some((_, name)) = LOOPS.iter().find(|(one, _)| *one == kind) else {
        return Vec::new();
    };
    let mut looped = schema["$defs"][name].clone();
    looped["$defs"] = schema["$defs"].clone();
    fields(&looped)
}

/// The fields of the step itself.
fn own_fields(is_loop: bool) -> Vec<Field> {
    let schema = definition::schema();
    let mut step = schema["$defs"]["Step"].clone();
    step["$defs"] = schema["$defs"].clone();
    let mut all = fields(&step);
    all.retain(|field| {
        let name = field.name.as_str();
        let kind = LOOPS.iter().any(|(kind, _)| *kind == name);
        !APART.contains(&name) && !kind && (!is_loop || OF_LOOPS.contains(&name))
    });
    all
}

fn action_fields(action: &str) -> Vec<Field> {
    let kind = ActionKind::ALL
        .into_iter()
        .find(|kind| kind.name() == action);
    kind.map_or_else(Vec::new, |kind| fields(schema_of(kind)))
}

async fn one(call: &Call, automation: &Value, tag: &str, place: &str) -> Result<Markup, Refusal> {
    let step = automation["document"]
        .pointer(place)
        .unwrap_or(&Value::Null);
    let id = automation["id"].as_str().unwrap_or_default();
    let name = step["id"].as_str().unwrap_or_default();
    let way = chosen(call);
    let path = format!("/automations/{id}/steps/{}", encode(way));
    let checked = checked(call, automation, place).await?;
    let findings = match (&call.refusal, &checked) {
        (Some(refusal), _) if !refusal.findings.is_empty() => refusal.findings.clone(),
        (_, Some(findings)) => findings.clone(),
        _ => finding::read(&automation["findings"]),
    };
    let own = findings.iter().filter(|one| {
        let path = one.path.as_deref().unwrap_or_default();
        // What is inside of a loop has its own form.
        match path.is_empty() {
            true => one.step.as_deref() == Some(name),
            false => {
                path.starts_with(&format!("{place}/"))
                    && !path.starts_with(&format!("{place}/steps/"))
            }
        }
    });
    let own: Vec<Finding> = own.cloned().collect();
    let body = form_body(call, step, place, &own);
    let around = way.strip_suffix(name).and_then(|way| way.strip_suffix('.'));
    let next = automation["latest_version"].as_u64().unwrap_or(0) + 1;
    Ok(html! {
        p .row { a href={ "/automations/" (id) "?tab=steps" } { "All steps" }
            @if let Some(around) = around { span { "in each pass of " a href={ "/automations/" (id) "?tab=steps&step=" (encode(around)) } { (around) } } } }
        h2 { (name) " " span .dim { (action_of(step)) } }
        @if let Some(findings) = &checked {
            div role="status" { @if findings.iter().all(|one| one.severity != Severity::Error) { p .finding.f-good { span .sign aria-hidden="true" { "✓" } " It would be stored like this." } }
                @else { p .finding.f-error { span .sign aria-hidden="true" { "✕" } " It would not be stored like this." } } }
        }
        form .step-form method="post" action=(path) {
            (action::key())
            @if meanwhile::is_late(call) && call.form.has("step.needs") {
                // What was written is of the version that it began with, and goes over the one that is told now.
                input type="hidden" name="tag" value=(call.form.text("tag"));
                input type="hidden" name="over" value=(tag);
            } @else { input type="hidden" name="tag" value=(tag); }
            (body)
            div .buttons {
                button .primary { "Save as version " (next) }
                button formaction={ (path) "/check" } { "Check" }
            }
            p .dim { (kept_note(call, automation).await?) }
        }
        @if let Some(body) = step["steps"].as_array() {
            section {
                h3 { "In each pass" }
                ul .plain {
                    @for inner in body.iter().filter_map(|inner| Some((inner["id"].as_str()?, action_of(inner)))) {
                        li { a href={ "/automations/" (id) "?tab=steps&step=" (encode(&format!("{way}.{}", inner.0))) } { (inner.0) } " " span .dim { (inner.1) } }
                    }
                }
            }
        }
        (action::button(&format!("{path}/remove"), if step["steps"].is_array() { "Drop this loop" } else { "Drop this step" }, "quiet"))
    })
}

/// What becomes of the text.
async fn kept_note(call: &Call, automation: &Value) -> Result<&'static str, Refusal> {
    let id = automation["id"].as_str().unwrap_or_default();
    let yaml = [(header::ACCEPT, "application/yaml")];
    let said = call
        .api
        .send(Method::GET, &format!("/automations/{id}"), &yaml, "")
        .await?;
    Ok(match definition::comments(&said.text()).len() {
        0 | 1 => "Only what you change is written; runs that are going on are not touched.",
        _ => {
            "Only the lines of what you change are written anew: comments and layout of all others stay. Runs that are going on are not touched."
        }
    })
}

fn form_body(call: &Call, step: &Value, place: &str, findings: &[Finding]) -> Markup {
    let action = step["action"].as_str();
    let about = |part: &str, name: &str| -> Vec<Finding> {
        let place = format!("{place}/{part}{name}");
        let own = findings.iter().filter(|one| {
            let path = one.path.as_deref().unwrap_or_default();
            path == place || path.starts_with(&format!("{place}/"))
        });
        own.cloned().collect()
    };
    let own = own_fields(action.is_none());
    let (part, legend) = match action {
        Some(_) => ("with", "What it does"),
        None => (loop_of(step), "What it goes over, and until when"),
    };
    let with = action.map_or_else(|| loop_fields(part), action_fields);
    let shown: Vec<String> = with
        .iter()
        .map(|field| format!("{place}/{part}/{}", field.name))
        .chain(own.iter().map(|field| format!("{place}/{}", field.name)))
        .collect();
    // What is about no field stands on top.
    let rest: Vec<Finding> = findings
        .iter()
        .filter(|one| {
            let path = one.path.as_deref().unwrap_or_default();
            !shown
                .iter()
                .any(|place| path == place || path.starts_with(&format!("{place}/")))
        })
        .cloned()
        .collect();
    let set = own
        .iter()
        .filter(|field| !step[field.name.as_str()].is_null())
        .count();
    let sent = call.form.has("step.needs");
    html! {
        @if !rest.is_empty() { (finding::list(&rest)) }
        @if !with.is_empty() {
            fieldset { legend { (legend) }
                (config_form::show(call, "with", &with, &step[part], |name| about(&format!("{part}/"), name))) }
        }
        details .more open[sent] {
            summary { "When it runs, and what happens when it fails (" (value::count(set, "field is set", "fields are set")) ")" }
            (config_form::show(call, "step", &own, step, |name| about("", name)))
        }
    }
}

fn new(call: &Call, automation: &Value, tag: &str) -> Markup {
    let id = automation["id"].as_str().unwrap_or_default();
    let action = new_action(call);
    let after = match call.form.text("after") {
        "" => call.query.text("after"),
        after => after,
    };
    // Where it will stand, which is where the check names it.
    let place = match place_of(automation, after) {
        Some(place) => next_to(&place),
        None => format!("/steps/{}", steps_of(automation).len()),
    };
    let findings = call
        .refusal
        .as_ref()
        .map_or_else(Vec::new, |refusal| refusal.findings.clone());
    let step = begun(action);
    let looped = step["action"].is_null();
    html! {
        p { a href={ "/automations/" (id) "?tab=steps" } { "All steps" } }
        h2 { @if looped { "A new loop " } @else { "A new step " } span .dim { (action) " after " (after.replace('.', " › ")) } }
        form .step-form method="post" action={ "/automations/" (id) "/steps" } {
            (action::key())
            input type="hidden" name="tag" value=(tag);
            input type="hidden" name="action" value=(action);
            input type="hidden" name="after" value=(after);
            div .field {
                label for="step-id" { "id" span .dim { " needed" } }
                input #step-id name="id" autocomplete="off" required value=(call.kept("id", ""));
                p .dim { "A short name of small letters, digits and " code { "_" } "; others take its output by it." }
            }
            (form_body(call, &step, &place, &findings))
            @if looped {
                div .field {
                    label for="first-step" { "id of the first step in each pass" span .dim { " needed" } }
                    input #first-step name="first" autocomplete="off" required value=(call.kept("first", ""));
                    p .dim { "It gives what the pass is about. Change it, or add others behind it, once the loop is there." }
                }
            }
            div .buttons { button .primary { @if looped { "Add this loop" } @else { "Add this step" } } }
        }
    }
}

/// A step of which nothing is known but what it does.
fn begun(action: &str) -> Value {
    match LOOPS.iter().any(|(kind, _)| *kind == action) {
        true => json!({ action: {} }),
        false => json!({ "action": action }),
    }
}

/// The place behind this one in its list.
fn next_to(place: &str) -> String {
    let (list, index) = place.rsplit_once('/').unwrap_or(("/steps", "0"));
    format!("{list}/{}", index.parse::<usize>().unwrap_or(0) + 1)
}

/// The step as the form says it, and what of it differs from the stored one.
fn patched(call: &Call, step: &Value) -> Result<(Value, Map<String, Value>), Refusal> {
    let action = step["action"].as_str();
    let before = step.as_object().cloned().unwrap_or_default();
    let mut after = config_form::read(&call.form, "step", &own_fields(action.is_none()), &before)?;
    let part = if action.is_some() {
        "with"
    } else {
        loop_of(step)
    };
    let with = action.map_or_else(|| loop_fields(part), action_fields);
    let given = step[part].as_object().cloned().unwrap_or_default();
    let given = config_form::read(&call.form, "with", &with, &given)?;
    if !given.is_empty() || before.contains_key(part) {
        after.insert(part.into(), given.into());
    }
    let after = Value::from(after);
    let patch = difference(step, &after);
    Ok((after, patch))
}

/// What the check says about the document with a form's step, where it was sent to be checked.
async fn checked(
    call: &Call,
    automation: &Value,
    place: &str,
) -> Result<Option<Vec<Finding>>, Refusal> {
    if call.refusal.is_some() || !call.form.has("step.needs") {
        return Ok(None);
    }
    let mut document = automation["document"].clone();
    let Some(stored) = document.pointer_mut(place) else {
        return Ok(None);
    };
    let (step, _) = match patched(call, stored) {
        Ok(found) => found,
        Err(refusal) => {
            let wrong = Finding::error(refusal.code, refusal.message).help(refusal.help);
            return Ok(Some(vec![wrong.at_path(format!("{place}/"))]));
        }
    };
    *stored = step;
    let said = call.api.post("/documents/check", None, &document).await?;
    Ok(Some(finding::read(&said["findings"])))
}

/// Where an automation's step stands in the API.
fn address(call: &Call) -> String {
    format!(
        "/automations/{}/steps/{}",
        call.part("id"),
        call.part("step")
    )
}

fn back(call: &Call, step: &str) -> Answer {
    let id = call.part("id");
    Answer::See(format!("/automations/{id}?tab=steps&step={}", encode(step)))
}

/// Writes what a form changed. Where somebody else was quicker, what only they changed stays; where both changed the
/// same, whoever comes later is told first.
pub(in crate::console) async fn write(call: &Call) -> Done {
    let path = format!("/automations/{}", call.part("id"));
    let said = call.api.send(Method::GET, &path, &[], "").await?;
    let (automation, tag) = (said.json(), said.tag());
    let missing = || Refusal::from(crate::service::Problem::not_found("step"));
    let found = |document: &Value| {
        let place = place_of(document, call.param("step"))?;
        document["document"].pointer(&place).cloned()
    };
    let now = found(&automation).ok_or_else(missing)?;
    let seen = meanwhile::seen(call);
    let before = match seen.filter(|seen| automation["latest_version"].as_u64() != Some(*seen)) {
        Some(seen) => {
            let version = call.api.find(&format!("{path}/versions/{seen}")).await?;
            version.as_ref().and_then(found)
        }
        None => None,
    };
    let (before, late) = match before {
        Some(before) => (before, true),
        None => (now.clone(), false),
    };
    let (mine, _) = patched(call, &before)?;
    let merged = merge::values(&before, &mine, &now);
    if late && !merged.conflicts.is_empty() && call.form.text("over") != tag {
        return Err(Refusal::new(
            http::StatusCode::PRECONDITION_FAILED,
            "changed_meanwhile",
            &format!(
                "Both of you changed `{}` of this step: it has changed since you read it.",
                merged.conflicts.join("`, `")
            ),
            "Save again to put yours in the place of theirs; what else they changed stays as it is. Or leave this page to keep theirs.",
        ));
    }
    let patch = difference(&now, &merged.both);
    if patch.is_empty() {
        return Ok(back(call, call.param("step")));
    }
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::IF_MATCH, tag.as_str()),
    ];
    let body = Value::from(patch).to_string();
    call.api
        .send(Method::PATCH, &address(call), &headers, body)
        .await?;
    Ok(back(call, call.param("step")))
}

/// The keys of a step that are others in a newer one; null for those that are gone.
fn difference(before: &Value, after: &Value) -> Map<String, Value> {
    let empty = Map::new();
    let of = |step: &'_ Value| step.as_object().cloned().unwrap_or_else(|| empty.clone());
    let (before, after) = (of(before), of(after));
    let mut patch = Map::new();
    for name in before.keys().chain(after.keys()) {
        if before.get(name) != after.get(name) {
            let now = after.get(name).cloned().unwrap_or(Value::Null);
            patch.insert(name.clone(), now);
        }
    }
    patch
}

/// Adds a step.
pub(in crate::console) async fn add(call: &Call) -> Done {
    let id = call.form.text("id");
    let begun = begun(call.form.text("action"));
    let (mut step, _) = patched(call, &begun)?;
    step["id"] = id.into();
    if begun["action"].is_null() {
        let given = &step["for_each"]["as"];
        let about = match begun["for_each"].is_object() {
            true => given.as_str().unwrap_or("item"),
            false => "loop.index",
        };
        let value = format!("{{{{ {about} }}}}");
        step["steps"] = json!([{ "id": call.form.text("first"), "action": "transform", "with": { "value": value } }]);
    }
    let mut body = json!({ "step": step });
    if !call.form.text("after").is_empty() {
        body["after"] = call.form.text("after").into();
    }
    let mut headers = vec![
        (header::CONTENT_TYPE, "application/json"),
        (header::IF_MATCH, call.form.text("tag")),
    ];
    if let Some(key) = call.key() {
        headers.push((HeaderName::from_static("idempotency-key"), key));
    }
    let path = format!("/automations/{}/steps", call.part("id"));
    call.api
        .send(Method::POST, &path, &headers, body.to_string())
        .await?;
    let around = call.form.text("after").rsplit_once('.');
    let path = around.map_or_else(|| id.to_owned(), |(around, _)| format!("{around}.{id}"));
    Ok(back(call, &path))
}

/// Drops a step; what needed it needs what it needed.
pub(in crate::console) async fn remove(call: &Call) -> Done {
    call.api
        .json(Method::DELETE, &address(call), None, &Value::Null)
        .await?;
    Ok(Answer::See(format!(
        "/automations/{}?tab=steps",
        call.part("id")
    )))
}
