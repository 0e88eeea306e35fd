//! Failed runs that somebody has seen: a person says so, and they wait for nobody any more.

use super::home::items;
use super::retries;
use crate::console::call::{Answer, Call, Done};
use crate::console::component::{action, time, value};
use crate::service::Role;
use futures_util::future::join_all;
use http::{Method, StatusCode};
use maud::{Markup, html};
use serde_json::{Value, json};

/// Who has seen that a run failed.
pub(super) fn by(call: &Call, run: &Value) -> Markup {
    html! {
        @if let Some(by) = run["seen_by"].as_str() {
            p .dim { "Seen by " (by.trim_start_matches("user:")) " " (time::ago(&run["seen_at"], call.now))
                @if let Some(reason) = run["seen_reason"].as_str() { ": “" (value::said(reason)) "”" } }
            @if call.may(Role::Operator) {
                form .inline method="post" action={ "/runs/" (run["id"].as_str().unwrap_or_default()) "/unseen" } {
                    (action::key())
                    button .small title="The run waits at home again" { "Take back that it was seen" }
                }
            }
        }
    }
}

/// The form that says so, for a failed run that nobody has tried again.
pub(super) fn form(call: &Call, run: &Value, retries: &[Value]) -> Markup {
    let id = run["id"].as_str().unwrap_or_default();
    let open = run["status"] == "failed" && run["seen_by"].is_null() && retries.is_empty();
    html! {
        @if open && call.may(Role::Operator) {
            details .more {
                summary { "Mark as seen" }
                form method="post" action={ "/runs/" (id) "/seen" } {
                    (action::key())
                    label for="seen-reason" { "Why nothing more is done, if others should know" }
                    input #seen-reason name="reason" size="32" autocomplete="off" value=(call.kept("reason", ""));
                    button { "Mark this run as seen" }
                    p .dim { "It leaves Home. In the list of runs it stays failed, and can still be retried." }
                }
            }
        }
    }
}

/// A button of a line at home, which marks the runs of that line.
pub(super) fn button(runs: &[&Value], label: &str, of: &str) -> Markup {
    html! {
        form .inline method="post" action="/" {
            (action::key())
            @for run in runs { input type="hidden" name="run" value=(run["id"].as_str().unwrap_or_default()); }
            button .small title="They stay in the list of runs" { (label) @if !of.is_empty() { span .sr { " " (of) } } }
        }
    }
}

/// The failed runs of a list that nobody has tried again, however many.
pub(super) fn all<'v>(failed: &'v Value, retried: &Value) -> Vec<&'v Value> {
    retries::unanswered(items(failed), items(retried))
}

async fn say(call: &Call, id: &str, body: &Value) -> Result<(), crate::console::twin::Refusal> {
    let path = format!("/runs/{}/seen", crate::client::encode(id));
    call.api.post(&path, None, body).await.map(|_| ())
}

/// Marks the run of a page.
pub(in crate::console) async fn one(call: &Call) -> Done {
    let mut body = json!({});
    if let Some(reason) = call.form.get("reason") {
        body["reason"] = reason.into();
    }
    say(call, call.param("id"), &body).await?;
    Ok(Answer::See(format!("/runs/{}", call.part("id"))))
}

/// Takes the mark of the run of a page back.
pub(in crate::console) async fn back(call: &Call) -> Done {
    let path = format!("/runs/{}/seen", call.part("id"));
    call.api
        .json(Method::DELETE, &path, None, &Value::Null)
        .await?;
    Ok(Answer::See(format!("/runs/{}", call.part("id"))))
}

/// Marks the runs that a line of the home page was about when it was read: what failed since is not among them.
pub(in crate::console) async fn several(call: &Call) -> Done {
    let body = json!({});
    let said = join_all(call.form.all("run").map(|id| say(call, id, &body))).await;
    for one in said {
        match one {
            // What has left the history meanwhile waits for nobody either.
            Err(refusal) if refusal.status != StatusCode::NOT_FOUND => return Err(refusal),
            _ => {}
        }
    }
    Ok(Answer::See("/".into()))
}
