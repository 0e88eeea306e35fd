//! The steps of an automation, and a form for each: made from the schema of its action, and written into the
//! document by the server.

use crate::client::encode;
use crate::console::call::{Answer, Call, Done};
use crate::console::component::config_form::{self, Field, fields};
use crate::console::component::{action, finding, value};
use crate::console::twin::Refusal;
use crate::service::Role;
use druse_engine::action_config::schema_of;
use druse_engine::plan::ActionKind;
use druse_engine::{Finding, Severity, definition};
use http::{HeaderName, Method, header};
use maud::{Markup, html};
use serde_json::{Map, Value, json};

/// What a form about the step itself has no field for.
const APART: [&str; 6] = ["id", "action", "with", "steps", "metadata", "druse"];
/// What only a loop has.
const LOOPS: [&str; 2] = ["for_each", "repeat"];

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
    let steps = steps_of(automation);
    if !call.may(Role::Editor) {
        return Ok(list(call, automation));
    }
    if !new_action(call).is_empty() {
        return Ok(new(call, automation, tag));
    }
    match steps.iter().position(|one| one["id"] == chosen(call)) {
        Some(index) => one(call, automation, tag, index).await,
        None => Ok(list(call, automation)),
    }
}

fn steps_of(automation: &Value) -> &[Value] {
    automation["document"]["steps"]
        .as_array()
        .map_or(&[], Vec::as_slice)
}

/// What a step does, in a word.
fn action_of(step: &Value) -> &str {
    match step["action"].as_str() {
        Some(action) => action,
        None if step["for_each"].is_object() => "for_each",
        None => "repeat",
    }
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
    html! {
        div .scroll tabindex="0" role="region" aria-label="Steps" { table .list {
            thead { tr { th scope="col" { "Step" } th scope="col" { "Action" } th scope="col" { "After" } th scope="col" { "Findings" } } }
            tbody {
                @for step in steps_of(automation) {
                    @let name = step["id"].as_str().unwrap_or_default();
                    tr #{ "step-" (name) } {
                        td {
                            @if call.may(Role::Editor) { a href={ "/automations/" (id) "?tab=steps&step=" (encode(name)) } data-open { (name) } } @else { (name) }
                            @if let Some(said) = step["name"].as_str() { div .dim { (value::cut(said, 90)) } }
                        }
                        td { (action_of(step)) }
                        td { @for need in step["needs"].as_array().into_iter().flatten().filter_map(Value::as_str) { code { (need) } " " } }
                        td { @if about(name) > 0 { (value::count(about(name), "finding", "findings")) } }
                    }
                    @for inner in step["steps"].as_array().into_iter().flatten() {
                        tr { td { span .dim { (name) " › " } (inner["id"].as_str().unwrap_or_default()) } td { (action_of(inner)) } td {} td .dim { "in the document" } }
                    }
                }
            }
        } }
        @if call.may(Role::Editor) {
            form .filters method="get" action={ "/automations/" (id) } {
                input type="hidden" name="tab" value="steps";
                label { span { "Add a step that does" } select name="action" {
                    @for kind in ActionKind::ALL { option value=(kind.name()) { (kind.name()) } }
                } }
                label { span { "after" } select name="after" {
                    @for step in steps_of(automation).iter().rev() {
                        @let name = step["id"].as_str().unwrap_or_default();
                        option value=(name) { (name) }
                    }
                } }
                button { "Add a step" }
            }
        }
    }
}

/// The fields of the step itself.
fn own_fields(is_loop: bool) -> Vec<Field> {
    let schema = definition::schema();
    let mut step = schema["$defs"]["Step"].clone();
    step["$defs"] = schema["$defs"].clone();
    let mut all = fields(&step);
    all.retain(|field| {
        let name = field.name.as_str();
        !APART.contains(&name) && (is_loop || !LOOPS.contains(&name))
    });
    all
}

fn action_fields(action: &str) -> Vec<Field> {
    let kind = ActionKind::ALL
        .into_iter()
        .find(|kind| kind.name() == action);
    kind.map_or_else(Vec::new, |kind| fields(schema_of(kind)))
}

async fn one(call: &Call, automation: &Value, tag: &str, index: usize) -> Result<Markup, Refusal> {
    let step = &steps_of(automation)[index];
    let id = automation["id"].as_str().unwrap_or_default();
    let name = step["id"].as_str().unwrap_or_default();
    let path = format!("/automations/{id}/steps/{}", encode(name));
    let checked = checked(call, automation, index).await?;
    let findings = match (&call.refusal, &checked) {
        (Some(refusal), _) if !refusal.findings.is_empty() => refusal.findings.clone(),
        (_, Some(findings)) => findings.clone(),
        _ => finding::read(&automation["findings"]),
    };
    let own = findings.iter().filter(|one| {
        let path = one.path.as_deref().unwrap_or_default();
        one.step.as_deref() == Some(name) || path.starts_with(&format!("/steps/{index}/"))
    });
    let own: Vec<Finding> = own.cloned().collect();
    let body = form_body(call, step, index, &own);
    let next = automation["latest_version"].as_u64().unwrap_or(0) + 1;
    Ok(html! {
        p { a href={ "/automations/" (id) "?tab=steps" } { "All steps" } }
        h2 { (name) " " span .dim { (action_of(step)) } }
        @if let Some(findings) = &checked {
            div role="status" { @if findings.iter().all(|one| one.severity != Severity::Error) { p .finding.f-good { span .sign aria-hidden="true" { "✓" } " It would be stored like this." } }
                @else { p .finding.f-error { span .sign aria-hidden="true" { "✕" } " It would not be stored like this." } } }
        }
        form .step-form method="post" action=(path) {
            (action::key())
            input type="hidden" name="tag" value=(tag);
            (body)
            div .buttons {
                button .primary { "Save as version " (next) }
                button formaction={ (path) "/check" } { "Check" }
            }
            p .dim { (kept_note(call, automation).await?) }
        }
        (action::button(&format!("{path}/remove"), "Drop this step", "quiet"))
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

fn form_body(call: &Call, step: &Value, index: usize, findings: &[Finding]) -> Markup {
    let action = step["action"].as_str();
    let about = |part: &str, name: &str| -> Vec<Finding> {
        let place = format!("/steps/{index}/{part}{name}");
        let own = findings.iter().filter(|one| {
            let path = one.path.as_deref().unwrap_or_default();
            path == place || path.starts_with(&format!("{place}/"))
        });
        own.cloned().collect()
    };
    let (with, own) = (
        action.map_or_else(Vec::new, action_fields),
        own_fields(action.is_none()),
    );
    let shown: Vec<String> = with
        .iter()
        .map(|field| format!("/steps/{index}/with/{}", field.name))
        .chain(
            own.iter()
                .map(|field| format!("/steps/{index}/{}", field.name)),
        )
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
            fieldset { legend { "What it does" }
                (config_form::show(call, "with", &with, &step["with"], |name| about("with/", name))) }
        }
        details .more open[action.is_none() || sent] {
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
    let steps = steps_of(automation);
    let index = match steps.iter().position(|one| one["id"] == after) {
        Some(place) => place + 1,
        None => steps.len(),
    };
    let findings = call
        .refusal
        .as_ref()
        .map_or_else(Vec::new, |refusal| refusal.findings.clone());
    let step = json!({ "action": action });
    html! {
        p { a href={ "/automations/" (id) "?tab=steps" } { "All steps" } }
        h2 { "A new step " span .dim { (action) " after " (after) } }
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
            (form_body(call, &step, index, &findings))
            div .buttons { button .primary { "Add this step" } }
        }
    }
}

/// The step as the form says it, and what of it differs from the stored one.
fn patched(call: &Call, step: &Value) -> Result<(Value, Map<String, Value>), Refusal> {
    let action = step["action"].as_str();
    let before = step.as_object().cloned().unwrap_or_default();
    let mut after = config_form::read(&call.form, "step", &own_fields(action.is_none()), &before)?;
    if let Some(action) = action {
        let with = step["with"].as_object().cloned().unwrap_or_default();
        let with = config_form::read(&call.form, "with", &action_fields(action), &with)?;
        if !with.is_empty() || before.contains_key("with") {
            after.insert("with".into(), with.into());
        }
    }
    let mut patch = Map::new();
    for name in before.keys().chain(after.keys()) {
        if before.get(name) != after.get(name) {
            let now = after.get(name).cloned().unwrap_or(Value::Null);
            patch.insert(name.clone(), now);
        }
    }
    Ok((after.into(), patch))
}

/// What the check says about the document with a form's step, where it was sent to be checked.
async fn checked(
    call: &Call,
    automation: &Value,
    index: usize,
) -> Result<Option<Vec<Finding>>, Refusal> {
    if call.refusal.is_some() || !call.form.has("step.needs") {
        return Ok(None);
    }
    let mut document = automation["document"].clone();
    let (step, _) = match patched(call, &document["steps"][index]) {
        Ok(found) => found,
        Err(refusal) => {
            let wrong = Finding::error(refusal.code, refusal.message).help(refusal.help);
            return Ok(Some(vec![wrong.at_path(format!("/steps/{index}"))]));
        }
    };
    document["steps"][index] = step;
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

/// Writes what a form changed.
pub(in crate::console) async fn write(call: &Call) -> Done {
    let automation = call
        .api
        .get(&format!("/automations/{}", call.part("id")))
        .await?;
    let step = steps_of(&automation)
        .iter()
        .find(|one| one["id"] == call.param("step"));
    let step = step.ok_or_else(|| Refusal::from(crate::service::Problem::not_found("step")))?;
    let (_, patch) = patched(call, step)?;
    if patch.is_empty() {
        return Ok(back(call, call.param("step")));
    }
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::IF_MATCH, call.form.text("tag")),
    ];
    let body = Value::from(patch).to_string();
    call.api
        .send(Method::PATCH, &address(call), &headers, body)
        .await?;
    Ok(back(call, call.param("step")))
}

/// Adds a step.
pub(in crate::console) async fn add(call: &Call) -> Done {
    let id = call.form.text("id");
    let mut step = json!({ "id": id, "action": call.form.text("action") });
    let (filled, _) = patched(call, &step)?;
    step = filled;
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
    Ok(back(call, id))
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
