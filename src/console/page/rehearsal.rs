//! What would happen: a dry run, the tests of the document, and a version tried on the last runs.

use super::home::items;
use crate::console::call::Call;
use crate::console::component::{action, finding, schema_form, state, time, value};
use crate::console::twin::Refusal;
use crate::service::Role;
use maud::{Markup, html};
use serde_json::{Value, json};

/// The field that says which of the forms was sent.
const WHAT: &str = "rehearse";

/// Whether a form of this page was sent.
pub(super) fn was_sent(call: &Call) -> bool {
    call.form.has(WHAT)
}

pub(super) async fn show(call: &Call, automation: &Value, runs: &Value) -> Result<Markup, Refusal> {
    if !call.may(Role::Operator) {
        return Ok(html! { p .dim { "Trying it needs the role operator." } });
    }
    let told = match (call.form.text(WHAT), &call.refusal) {
        (_, Some(_)) => html! {},
        ("dry_run", _) => dry_run(call, automation).await?,
        ("tests", _) => tests(call, automation).await?,
        ("last_runs", _) => last_runs(call, automation).await?,
        _ => html! {},
    };
    Ok(html! {
        (told)
        (forms(call, automation, runs))
    })
}

fn forms(call: &Call, automation: &Value, runs: &Value) -> Markup {
    let id = automation["id"].as_str().unwrap_or_default();
    let path = format!("/automations/{id}/rehearse");
    let schema = schema_form::of_inputs(&automation["document"]["inputs"]);
    let latest = automation["latest_version"].as_u64().unwrap_or(1);
    let own = automation["document"]["tests"]
        .as_array()
        .map_or(0, Vec::len);
    let from = call.kept("from", "");
    let recorded = automation["source"]["id"].is_string();
    let version = latest.to_string();
    html! {
        section {
            h2 { "Dry run and test run" }
            p { "A dry run goes through version " (latest) " with these inputs and says what it would do. Nothing is sent and nothing stored." }
            form .step-form method="post" action=(path) {
                (action::key())
                input type="hidden" name=(WHAT) value="dry_run";
                input type="hidden" name="version" value=(version);
                (schema_form::among(call, &schema, &Value::Null, "try-"))
                div .field {
                    label for="from" { "Answers of steps that reach outside" }
                    select #from name="from" {
                        option value="" { "none: it stops at the first one" }
                        @if recorded { option value="recording" selected[from == "recording"] { "those of the recording" } }
                        @for run in items(runs).iter().filter(|run| !run["finished_at"].is_null()).take(20) {
                            @let run_id = run["id"].as_str().unwrap_or_default();
                            option value=(run_id) selected[from == run_id] { "those of run …" (value::short(run_id)) ", " (run["status"].as_str().unwrap_or_default()) ", " (time::words(&run["created_at"], call.now)) }
                        }
                    }
                }
                label .check { input type="checkbox" name="approve" value="yes" checked[call.form.has("approve")]; span { "Gates are approved" } }
                div .buttons {
                    button .primary { "Say what it would do" }
                    button formaction={ "/automations/" (id) "/runs" } { "Run version " (latest) " once" }
                }
                p .dim { "Running it once does all of it for real, also where another version is active or none is." }
            }
        }
        section {
            h2 { "Tests" }
            @if own == 0 { p .dim { "The document has none. Under " code { "tests" } " stand inputs, answers, and what has to come of them." } }
            @else { (action::with(&path, &format!("Run its {}", value::count(own, "test", "tests")), "", &[(WHAT, "tests"), ("version", &version)])) }
        }
        section {
            h2 { "The last runs" }
            p { "Tries version " (latest) " on the last runs that have ended, with the answers that those had, and says what would be different." }
            @if items(runs).is_empty() { p .dim { "It has not run yet." } }
            @else { (action::with(&path, "Try it on the last 20 runs", "", &[(WHAT, "last_runs"), ("version", &version)])) }
        }
    }
}

fn version(call: &Call) -> Value {
    call.form
        .text("version")
        .parse::<u32>()
        .map_or(Value::Null, Value::from)
}

async fn dry_run(call: &Call, automation: &Value) -> Result<Markup, Refusal> {
    let id = automation["id"].as_str().unwrap_or_default();
    let schema = schema_form::of_inputs(&automation["document"]["inputs"]);
    let mut body = json!({
        "dry_run": true,
        "version": version(call),
        "inputs": schema_form::read(&schema, &call.form)?,
        "approve": call.form.has("approve"),
    });
    match call.form.text("from") {
        "" => {}
        "recording" => body["from_recording"] = true.into(),
        run => body["from_run"] = run.into(),
    }
    let path = format!("/automations/{id}/runs");
    let run = call.api.post(&path, None, &body).await?;
    let status = run["status"].as_str().unwrap_or_default();
    let list = |name: &str| run[name].as_array().cloned().unwrap_or_default();
    let skipped: Vec<Value> = list("steps")
        .into_iter()
        .filter(|step| step["status"] == "skipped")
        .collect();
    Ok(html! {
        section .told role="status" {
            h2 { "What would happen" }
            p .row { (state::pill(status)) span { "Nothing was sent." }
                @if let Some(message) = run["error"]["message"].as_str() { span { (message) } } }
            @let effects = list("effects");
            @if effects.is_empty() { p { "Nothing outside would be done." } }
            ol .steps {
                @for effect in &effects {
                    li {
                        p { strong { (effect["path"].as_str().unwrap_or_default()) } " "
                            span .dim { (effect["action"].as_str().unwrap_or_default())
                                @if effect["attempt"].as_u64().unwrap_or(1) > 1 { ", attempt " (effect["attempt"]) }
                                " · " (answered(&effect["answer"])) } }
                        (value::pairs(&effect["input"]))
                    }
                }
            }
            @for stop in list("stops") {
                p .finding.f-warning { span .sign aria-hidden="true" { "‖" } " It stops here: " (stop["message"].as_str().unwrap_or_default()) }
            }
            @if !skipped.is_empty() {
                p { "Skipped: " @for step in &skipped { code { (step["path"].as_str().unwrap_or_default()) } " " } }
            }
            @if !run["outputs"].is_null() { h3 { "Outputs" } (value::pairs(&run["outputs"])) }
        }
    })
}

fn answered(answer: &Value) -> &'static str {
    match answer.as_str().unwrap_or_default() {
        "mocked" => "answered by a mock",
        "kept" => "answered as the run had kept it of an earlier one",
        "recorded" => "answered as it was recorded",
        "assumed" => "answered as a call that asked for something else",
        _ => "no answer is known",
    }
}

async fn tests(call: &Call, automation: &Value) -> Result<Markup, Refusal> {
    let id = automation["id"].as_str().unwrap_or_default();
    let body = json!({ "version": version(call) });
    let path = format!("/automations/{id}/test");
    let tested = call.api.post(&path, None, &body).await?;
    Ok(html! {
        section .told role="status" {
            h2 { (tested["passed"]) " passed, " (tested["failed"]) " failed" }
            ul .plain {
                @for test in tested["tests"].as_array().into_iter().flatten() {
                    li {
                        p { (state::pill(if test["passed"] == true { "passed" } else { "failed" })) " " (test["name"].as_str().unwrap_or_default()) }
                        @for one in test["differences"].as_array().into_iter().flatten() {
                            p { code { (one["what"].as_str().unwrap_or_default()) } " " (value::said(one["message"].as_str().unwrap_or_default())) }
                            dl .pairs { dt { "expected" } dd { (value::show(&one["expected"])) } dt { "found" } dd { (value::show(&one["found"])) } }
                        }
                    }
                }
            }
        }
    })
}

async fn last_runs(call: &Call, automation: &Value) -> Result<Markup, Refusal> {
    let id = automation["id"].as_str().unwrap_or_default();
    let number = version(call);
    let path = format!("/automations/{id}/versions/{number}/try");
    let tried = call.api.post(&path, None, &json!({})).await?;
    let counts = &tried["counts"];
    Ok(html! {
        section .told role="status" {
            h2 { "On " (counts["runs"]) " runs: " (counts["same"]) " the same, " (counts["changed"]) " different, " (counts["not_tried"]) " not tried" }
            ul .plain {
                @for run in tried["runs"].as_array().into_iter().flatten() {
                    li {
                        p { (value::run(&run["run_id"])) " version " (run["version"]) ": " (run["outcome"].as_str().unwrap_or_default().replace('_', " "))
                            @if let Some(reason) = run["reason"].as_str() { ": " (reason) } }
                        (finding::list(&finding::read(&run["findings"])))
                        @if run["outcome"] == "changed" { (changed(run)) }
                    }
                }
            }
        }
    })
}

fn changed(run: &Value) -> Markup {
    html! {
        @if run["status_before"] != run["status_after"] {
            p { (state::pill(run["status_before"].as_str().unwrap_or_default())) " → " (state::pill(run["status_after"].as_str().unwrap_or_default())) }
        }
        @for one in run["calls"].as_array().into_iter().flatten() {
            p { code { (one["path"].as_str().unwrap_or_default()) } " "
                @match one["kind"].as_str().unwrap_or_default() {
                    "added" => "is called now",
                    "removed" => "is not called any more",
                    "moved" => { "is what " (one["from"].as_str().unwrap_or_default()) " was" }
                    _ => "asks for something else",
                } }
            @if one["kind"] != "moved" {
                dl .pairs {
                    @for side in ["before", "after"] { @if !one[side].is_null() { dt { (side) } dd { (value::show(&one[side])) } } }
                }
            }
        }
        @if !run["outputs_before"].is_null() || !run["outputs_after"].is_null() {
            dl .pairs { dt { "outputs before" } dd { (value::show(&run["outputs_before"])) } dt { "outputs after" } dd { (value::show(&run["outputs_after"])) } }
        }
        @for stop in run["stops"].as_array().into_iter().flatten() {
            p { "It stops: " (stop["message"].as_str().unwrap_or_default()) }
        }
    }
}
