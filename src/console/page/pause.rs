//! Runs that are held and let go on, and steps that failed and wait for a person.

use crate::console::call::{Answer, Call, Done};
use crate::console::component::action;
use crate::console::twin::Refusal;
use crate::console::visible::Kept;
use crate::service::Role;
use maud::{Markup, html};
use serde_json::{Value, json};

/// What can be done with a run that has not ended.
pub(super) fn of_run(call: &Call, run: &Value) -> Markup {
    let path = format!("/runs/{}", run["id"].as_str().unwrap_or_default());
    let steps = run["steps"].as_array().into_iter().flatten();
    let waits = steps.filter(|step| step["status"] == "paused").count() > 0;
    html! {
        @if run["status"] == "paused" && !waits { (action::button(&format!("{path}/resume"), "Resume", "primary")) }
        @if run["status"] != "paused" {
            details .more {
                summary { "Pause" }
                form method="post" action={ (path) "/pause" } {
                    (action::key())
                    label for="pause-reason" { "Reason" }
                    input #pause-reason name="reason" autocomplete="off" value=(call.kept("reason", ""));
                    button { "Pause this run" }
                    p .dim { "What is going on ends; nothing new starts until somebody resumes it." }
                }
            }
        }
    }
}

/// The versions of the run's automation that a step which waits could be tried again with, the newest first, those
/// that this person may take.
pub(super) async fn versions(call: &Call, run: &Value) -> Result<Vec<Choice>, Refusal> {
    let steps = run["steps"].as_array().into_iter().flatten();
    let waits = steps.filter(|step| step["status"] == "paused").count() > 0;
    let Some(id) = run["automation_id"]
        .as_str()
        .filter(|_| waits && call.may(Role::Operator))
    else {
        return Ok(Vec::new());
    };
    let automation = call
        .api
        .find(&format!("/automations/{id}"))
        .await?
        .unwrap_or_default();
    let (latest, active) = (
        automation["latest_version"].as_u64().unwrap_or(0),
        automation["active_version"].as_u64(),
    );
    let all = (1..=latest).rev().map(|number| Choice {
        number,
        active: active == Some(number),
    });
    let others =
        all.filter(|one| run["version"] != one.number && (one.active || call.may(Role::Editor)));
    Ok(others.take(VERSIONS).collect())
}

/// A version to try again with.
pub(super) struct Choice {
    number: u64,
    active: bool,
}

/// Versions that are offered.
const VERSIONS: usize = 20;

/// What can be done with a step that failed and waits.
pub(super) fn of_step(call: &Call, run: &str, step: &str, versions: &[Choice]) -> Markup {
    let path = format!("/runs/{run}/resume");
    let own = call.form.text("step") == step;
    let taken = if own { call.form.text("version") } else { "" };
    let input = if own { call.kept("input", "") } else { "" };
    html! {
        div .actions {
            (action::with(&path, "Try it again", "primary", &[("step", step), ("decision", "retry")]))
            (action::with(&path, "Let it fail", "danger", &[("step", step), ("decision", "fail")]))
            (as_in(&path, step, versions, taken))
            @if call.may(Role::Editor) {
                details .more open[own && !input.is_empty()] {
                    summary { "Try it again with other input" }
                    form method="post" action=(path) {
                        (action::key())
                        input type="hidden" name="step" value=(step);
                        input type="hidden" name="decision" value="retry";
                        label for={ "input-" (step) } { "Keys that take the place of its own, as JSON" }
                        textarea .code #{ "input-" (step) } name="input" rows="4" spellcheck="false" required { (Kept(input)) }
                        button { "Try it again with this" }
                    }
                }
            }
        }
    }
}

/// What can be done with all steps that wait, where there are several.
pub(super) fn of_all(call: &Call, run: &Value, versions: &[Choice]) -> Markup {
    let path = format!("/runs/{}/resume", run["id"].as_str().unwrap_or_default());
    let steps = run["steps"].as_array().into_iter().flatten();
    let waits = steps.filter(|step| step["status"] == "paused").count();
    let taken = if call.form.text("step").is_empty() {
        call.form.text("version")
    } else {
        ""
    };
    html! {
        @if waits > 1 && call.may(Role::Operator) {
            section .actions aria-label="All steps that wait" {
                (action::with(&path, &format!("Try all {waits} that wait again"), "", &[("decision", "retry")]))
                (as_in(&path, "", versions, taken))
            }
        }
    }
}

/// A form that tries a step, or all that wait, again with the configuration that another version gives it.
fn as_in(path: &str, step: &str, versions: &[Choice], taken: &str) -> Markup {
    html! {
        @if !versions.is_empty() {
            details .more open[!taken.is_empty()] {
                summary { @if step.is_empty() { "Try all that wait again as another version has them" } @else { "Try it again as another version has it" } }
                form method="post" action=(path) {
                    (action::key())
                    @if !step.is_empty() { input type="hidden" name="step" value=(step); }
                    label for={ "version-" (step) } { "Version" }
                    select #{ "version-" (step) } name="version" {
                        @for one in versions { option value=(one.number) selected[taken == one.number.to_string()] { (one.number) @if one.active { " (active)" } } }
                    }
                    button { "Try again with this version" }
                    p .dim { "What the version says that a step does is taken; its retries and time limits, and the rest of the run, stay as they are." }
                }
            }
        }
    }
}

async fn wish(call: &Call, verb: &str, mut body: Value) -> Done {
    let id = call.part("id");
    if let Some(reason) = call.form.get("reason") {
        body["reason"] = reason.into();
    }
    call.api
        .post(&format!("/runs/{id}/{verb}"), call.key(), &body)
        .await?;
    Ok(Answer::See(format!("/runs/{id}")))
}

/// Holds a run.
pub(in crate::console) async fn pause(call: &Call) -> Done {
    wish(call, "pause", json!({})).await
}

/// Lets a run, or a step of it, go on.
pub(in crate::console) async fn resume(call: &Call) -> Done {
    let mut body = json!({});
    for name in ["step", "decision"] {
        if let Some(value) = call.form.get(name) {
            body[name] = value.into();
        }
    }
    if let Some(version) = call.form.get("version") {
        let number: u32 = version.trim().parse().map_err(|_| {
            Refusal::form(
                "The version is not a number.",
                "Choose one of the versions.",
            )
        })?;
        body["version"] = number.into();
    }
    if let Some(text) = call.form.get("input") {
        body["input"] = serde_json::from_str(text)
            .map_err(|_| Refusal::form("The input is not JSON.", "Write an object of keys."))?;
    }
    wish(call, "resume", body).await
}
