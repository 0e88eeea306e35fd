//! One automation: its graph, document, versions, triggers and runs.

use super::review::acknowledge;
use super::runs::{strip, table};
use super::{document, meanwhile, rehearsal, step, triggers, versions};
use crate::client::encode;
use crate::console::call::{Answer, Call, Done};
use crate::console::component::{action, finding, schema_form, state, time, value};
use crate::console::layout::{Here, Page};
use crate::console::picture;
use crate::console::twin::Refusal;
use crate::service::Role;
use crate::service::offered::CODES as OF_TOOLS;
use druse_engine::{Finding, Severity};
use http::{Method, header};
use maud::{Markup, html};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(in crate::console) use super::triggers::{add as add_trigger, fire, pause, resume};
pub(in crate::console) use super::versions::rollback;

const TABS: [(&str, &str); 7] = [
    ("graph", "Graph"),
    ("steps", "Steps"),
    ("document", "Document"),
    ("versions", "Versions"),
    ("triggers", "Triggers"),
    ("runs", "Runs"),
    ("try", "Try it"),
];

pub(in crate::console) async fn show(call: &Call) -> Done {
    let path = format!("/automations/{}", call.part("id"));
    let said = call.api.send(Method::GET, &path, &[], "").await?;
    let (automation, tag) = (said.json(), said.tag());
    let id = automation["id"].as_str().unwrap_or_default();
    let name = automation["name"].as_str().unwrap_or_default();
    // A form that was refused is shown where it stands.
    let tab = match call.query.text("tab") {
        "" if call.form.has("document") => "document",
        "" if call.form.has("step.needs") => "steps",
        "" if call.form.has("starts") || call.form.has("trigger") => "triggers",
        "" if rehearsal::was_sent(call) => "try",
        "" => "graph",
        tab => tab,
    };
    let runs = call
        .api
        .get(&format!("/runs?automation_id={id}&limit=50"))
        .await?;
    let own = call.api.get(&format!("/automations/{id}/triggers")).await?;
    let unread = call.api.get(&format!("/automations/{id}/drift")).await?;
    let main = match tab {
        "document" => document::show(call, &automation, &tag).await?,
        "steps" => step::show(call, &automation, &tag).await?,
        "try" => rehearsal::show(call, &automation, &runs).await?,
        "versions" => versions::show(call, &automation).await?,
        "triggers" => triggers::show(call, &automation, &tag, &own).await?,
        "runs" => table(&runs, call.now),
        _ => graph(&automation),
    };
    let late = meanwhile::show(call, &automation).await?;
    let inputs = active_inputs(call, &automation).await?;
    let next = super::home::items(&own)
        .iter()
        .flat_map(|one| one["next"].as_array().into_iter().flatten())
        .filter_map(Value::as_str)
        .min();
    let body = html! {
        header .head {
            h1 { (name) }
            p .row {
                (state::pill(automation["status"].as_str().unwrap_or_default()))
                @match automation["active_version"].as_u64() { Some(version) => { span { "version " (version) " is active" } } None => { span .dim { "no version is active" } } }
                @if automation["active_version"] != automation["latest_version"] { span .dim { "latest " (automation["latest_version"]) } }
                @if automation["source_type"] == "CRYSTALLIZED" { a href={ "/automations/" (id) "/review" } { "crystallized: the review" } } @else if automation["document"]["metadata"]["crystallized"].is_object() { span .dim { "crystallized elsewhere" } } @else { span .dim { "written by hand" } }
                @if let Some(next) = next { span { "next " (time::ago(&Value::from(next), call.now)) } }
                (value::id(&automation["id"]))
            }
            @if let Some(said) = automation["document"]["description"].as_str() { p { (said) } }
        }
        (late)
        (told_of_tools(call, &path))
        (review(call, &automation))
        (changed(call, &unread))
        (strip(&runs, call.now))
        (actions(call, &automation, &inputs))
        (said_about(&automation))
        nav .tabs aria-label="Parts of the automation" {
            @for (one, label) in TABS {
                a href={ "/automations/" (id) "?tab=" (one) } aria-current=[(one == tab).then_some("true")] data-edit[one == "document"] { (label) }
            }
        }
        (main)
    };
    Ok(Page::new(name, Here::Automations, body).into())
}

fn graph(automation: &Value) -> Markup {
    html! { (picture::of_document(&automation["document"], &BTreeMap::new(), "?tab=steps&step=")) }
}

fn said_about(automation: &Value) -> Markup {
    let all = finding::read(&automation["findings"]);
    let (loud, quiet): (Vec<Finding>, Vec<Finding>) = all
        .into_iter()
        .partition(|one| one.severity == Severity::Error);
    html! {
        @if !loud.is_empty() { (finding::by_kind(&loud.iter().collect::<Vec<_>>())) }
        @if !quiet.is_empty() { details .more { summary { "Findings (" (quiet.len()) ")" } (finding::list(&quiet)) } }
    }
}

/// Why somebody has to look at it.
fn review(call: &Call, automation: &Value) -> Markup {
    let review = &automation["needs_review"];
    if !review.is_object() {
        return html! {};
    }
    let id = automation["id"].as_str().unwrap_or_default();
    let run = review["run_id"].as_str().unwrap_or_default();
    html! {
        section .why.(state::class("failed")) aria-label="Needs review" {
            p { strong { "Needs review." } " In " a href={ "/runs/" (run) } { "run …" (value::short(run)) } " at step " code { (review["step"].as_str().unwrap_or_default()) } ", " (time::ago(&review["at"], call.now)) ": " (value::said(&value::cut(review["message"].as_str().unwrap_or_default(), 300))) }
            ul .plain {
                @for change in review["changes"].as_array().into_iter().flatten() {
                    @let (place, message) = (change["place"].as_str().unwrap_or_default(), change["message"].as_str().unwrap_or_default());
                    li { @if !message.starts_with(place) { code { (place) } " " } (value::said(&value::cut(message, 200))) }
                }
            }
            p .dim { @if let Some(help) = review["help"].as_str() { (value::said(help)) " " } "A new active version ends this, too." }
            @if call.may(Role::Editor) { (action::button(&format!("/automations/{id}/reviewed"), "I have looked at it", "")) }
        }
    }
}

/// What the servers of its tools said when the click that led here activated a version.
fn told_of_tools(call: &Call, path: &str) -> Markup {
    let lines = ["activate", "rollback"].map(|what| format!("POST /api/v1{path}/{what}"));
    let asked = call
        .clicked
        .iter()
        .filter(|asked| lines.contains(&asked.line));
    let told: Vec<Finding> = asked
        .filter_map(|asked| asked.answer.as_ref()?.as_ref().ok())
        .flat_map(|answer| finding::read(&answer["findings"]))
        .filter(|one| OF_TOOLS.contains(&one.code.as_str()) && !one.acknowledge)
        .collect();
    html! {
        @if !told.is_empty() {
            section aria-label="Its tools" { (finding::list(&told)) }
        }
    }
}

/// What looks otherwise in the answers of its runs, though nothing relies on it.
fn changed(call: &Call, unread: &Value) -> Markup {
    let items = super::home::items(unread);
    html! {
        @if unread["recorded"] == false && unread["made_of"].is_string() {
            p .dim { "The answers of its runs are compared with nothing: the recording that it was made of is not here. " a href="/recordings" { "Bring it in" } }
        }
        @if !items.is_empty() {
            details .more {
                summary { "Answers look otherwise than recorded (" (items.len()) ")" }
                p .dim { "No step relies on it: runs go on." }
                ul .plain {
                    @for one in items {
                        @let run = one["run_id"].as_str().unwrap_or_default();
                        li { code { (one["step"].as_str().unwrap_or_default()) } " " (value::said(&value::cut(one["message"].as_str().unwrap_or_default(), 200)))
                            " " span .dim { "version " (one["version"]) ", since " (time::ago(&one["at"], call.now)) " in " a href={ "/runs/" (run) } { "run …" (value::short(run)) } } }
                    }
                }
            }
        }
    }
}

pub(in crate::console) async fn reviewed(call: &Call) -> Done {
    let path = format!("/automations/{}", call.part("id"));
    call.api
        .post(&format!("{path}/reviewed"), call.key(), &json!({}))
        .await?;
    Ok(Answer::See(path))
}

/// The inputs of the version that is active, which may not be the latest.
async fn active_inputs(call: &Call, automation: &Value) -> Result<Value, Refusal> {
    let (active, latest) = (&automation["active_version"], &automation["latest_version"]);
    if active.is_null() || active == latest {
        return Ok(automation["document"]["inputs"].clone());
    }
    let id = automation["id"].as_str().unwrap_or_default();
    let path = format!("/automations/{id}/versions/{active}");
    Ok(call.api.get(&path).await?["document"]["inputs"].clone())
}

fn actions(call: &Call, automation: &Value, inputs: &Value) -> Markup {
    let id = automation["id"].as_str().unwrap_or_default();
    let path = format!("/automations/{id}");
    let active = automation["status"] == "active";
    let latest = &automation["latest_version"];
    let schema = schema_form::of_inputs(inputs);
    html! {
        div .actions {
            @if call.may(Role::Operator) && active {
                @if schema_form::is_empty(&schema) { (action::button(&format!("{path}/runs"), "Run now", "primary")) }
                @else {
                    details .more open[call.form.has("start")] {
                        summary { "Run now" }
                        form method="post" action={ (path) "/runs" } {
                            (action::key())
                            input type="hidden" name="start" value="yes";
                            (schema_form::show(call, &schema, &Value::Null))
                            button .primary { "Run it" }
                        }
                    }
                }
            }
            @if call.may(Role::Editor) {
                @if automation["active_version"] != automation["latest_version"] { (activation(call, &path, automation, latest)) }
                @if active { (action::button(&format!("{path}/deactivate"), "Deactivate", "quiet")) }
                @else {
                    details .more { summary { "Remove" }
                        p { "Its runs stay as history." }
                        (action::button(&format!("{path}/remove"), "Remove this automation", "danger")) }
                }
            }
        }
    }
}

fn activation(call: &Call, path: &str, automation: &Value, latest: &Value) -> Markup {
    let known = automation["acknowledged"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let all = finding::read(&automation["findings"]);
    let beside = acknowledge::beside(call, &all);
    let all = all.into_iter().filter(|one| one.acknowledge);
    let open: Vec<Finding> = all
        .filter(|one| !known.iter().any(|known| *known == one.id.as_str()))
        .chain(beside)
        .collect();
    let label = format!("Activate version {latest}");
    let number = latest.to_string();
    html! {
        @if open.is_empty() { (action::with(&format!("{path}/activate"), &label, "primary", &[("version", &number)])) }
        @else {
            details .more open[call.form.has("acknowledge") || call.refusal.is_some()] {
                summary { (label) }
                form method="post" action={ (path) "/activate" } {
                    (action::key())
                    input type="hidden" name="version" value=(number);
                    @for one in &open {
                        label .check { input type="checkbox" name="acknowledge" value=(format!("{}@{number}", one.id.strip_suffix(&format!("@{number}")).unwrap_or(&one.id)));
                            span { @if let Some(step) = &one.step { code { (step) } " " } (value::said(&one.message)) " " code .dim { (one.id) } } }
                    }
                    button .primary { (label) }
                }
            }
        }
    }
}

pub(in crate::console) async fn activate(call: &Call) -> Done {
    let path = format!("/automations/{}", call.part("id"));
    let acknowledge: Vec<&str> = call.form.all("acknowledge").collect();
    let mut body = json!({ "acknowledge": acknowledge });
    if let Ok(version) = call.form.text("version").parse::<u32>() {
        body["version"] = version.into();
    }
    call.api
        .post(&format!("{path}/activate"), call.key(), &body)
        .await?;
    Ok(Answer::See(path))
}

pub(in crate::console) async fn deactivate(call: &Call) -> Done {
    let path = format!("/automations/{}", call.part("id"));
    call.api
        .post(&format!("{path}/deactivate"), call.key(), &json!({}))
        .await?;
    Ok(Answer::See(path))
}

pub(in crate::console) async fn remove(call: &Call) -> Done {
    let path = format!("/automations/{}", call.part("id"));
    call.api
        .json(Method::DELETE, &path, None, &Value::Null)
        .await?;
    Ok(Answer::See("/automations".into()))
}

pub(in crate::console) async fn start(call: &Call) -> Done {
    let path = format!("/automations/{}", call.part("id"));
    let automation = call.api.get(&path).await?;
    // A version that is tried, or else the active one.
    let named = call.form.text("version").parse::<u64>().ok();
    let number = named.or(automation["active_version"].as_u64()).unwrap_or(0);
    // The inputs are those of the version that runs, which may not be the latest.
    let version = call
        .api
        .find(&format!("{path}/versions/{number}"))
        .await?
        .unwrap_or_default();
    let schema = schema_form::of_inputs(&version["document"]["inputs"]);
    let mut body = json!({ "inputs": schema_form::read(&schema, &call.form)? });
    if let Some(version) = named {
        body["version"] = version.into();
    }
    let run = call
        .api
        .post(&format!("{path}/runs"), call.key(), &body)
        .await?;
    Ok(Answer::See(format!(
        "/runs/{}",
        encode(run["id"].as_str().unwrap_or_default())
    )))
}

/// A new version, unless somebody else wrote one meanwhile.
pub(in crate::console) async fn write(call: &Call) -> Done {
    let path = format!("/automations/{}", call.part("id"));
    let text = call.form.get("document").unwrap_or_default().to_owned();
    let headers = [
        (header::CONTENT_TYPE, "application/yaml"),
        (header::IF_MATCH, call.form.text("tag")),
    ];
    call.api.send(Method::PUT, &path, &headers, text).await?;
    Ok(Answer::See(format!("{path}?tab=document")))
}
