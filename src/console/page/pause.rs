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

/// What can be done with a step that failed and waits.
pub(super) fn of_step(call: &Call, run: &str, step: &str) -> Markup {
    let path = format!("/runs/{run}/resume");
    let own = call.form.text("step") == step;
    let input = if own { call.kept("input", "") } else { "" };
    html! {
        div .actions {
            (action::with(&path, "Try it again", "primary", &[("step", step), ("decision", "retry")]))
            (action::with(&path, "Let it fail", "danger", &[("step", step), ("decision", "fail")]))
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
    if let Some(text) = call.form.get("input") {
        body["input"] = serde_json::from_str(text)
            .map_err(|_| Refusal::form("The input is not JSON.", "Write an object of keys."))?;
    }
    wish(call, "resume", body).await
}
