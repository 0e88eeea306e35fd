//! One recording, and its way to an automation.

use super::{conversation, recordings};
use crate::client::encode;
use crate::console::call::{Answer, Call, Done};
use crate::console::component::{action, state, time, value};
use crate::console::layout::{Here, Page};
use crate::service::Role;
use http::Method;
use maud::{Markup, html};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(in crate::console) async fn show(call: &Call) -> Done {
    let id = call.param("id");
    let (_, session) = recordings::find(call, id).await?;
    let title = recordings::title(&session);
    let counts = &session["counts"];
    let many = |of: &str, one: &str| {
        let number = counts[of].as_u64().unwrap_or(0);
        value::count(
            usize::try_from(number).unwrap_or(usize::MAX),
            one,
            &format!("{one}s"),
        )
    };
    let body = html! {
        header .head {
            h1 { (title) }
            p .row {
                @match session["status"].as_str() { Some(status) => { (state::pill(status)) } None => { span .dim { "It does not say how it ended" } } }
                span .dim { (session["format"].as_str().unwrap_or_default())
                    @if let Some(agent) = session["agent"].as_str() { " · " (value::cut(agent, 60)) } }
                span .dim { "brought " (time::ago(&session["created_at"], call.now)) }
                (value::id(&session["id"]))
            }
            p { (many("turns", "message")) ", " (many("tool_calls", "call")) ": " (counts["succeeded"]) " succeeded, " (counts["failed"]) " failed, " (counts["unmatched"]) " without an answer; " (many("approvals", "approval")) "."
                @if counts["bytes_left_out"].as_u64().unwrap_or(0) > 0 { " " (many("bytes_left_out", "byte")) " not read." } }
        }
        @if let Some(same) = call.query.get("same_as") {
            p { "The same recording is here already: " a href={ "/recordings/" (encode(same)) } { "…" (value::short(same)) } ". One of the two can be removed." }
        }
        (recordings::findings(&session))
        @if call.may(Role::Editor) { (crystallize_form(call, id, &session)) }
        section { h2 { "Conversation" } (conversation::show(&session, &BTreeMap::new(), None)) }
        @if call.may(Role::Editor) {
            details .more {
                summary { "Remove this recording" }
                p { "Automations that were made from it stay." }
                (action::button(&format!("/recordings/{id}/remove"), "Remove this recording", "danger"))
            }
        }
    };
    Ok(Page::new(title, Here::Recordings, body).into())
}

fn crystallize_form(call: &Call, id: &str, session: &Value) -> Markup {
    let failed = matches!(session["status"].as_str(), Some("failed" | "canceled"));
    let mode = call.kept("mode", "bound");
    html! {
        section .bring {
            h2 { "Make it an automation" }
            form method="post" action={ "/recordings/" (id) "/crystallize" } {
                (action::key())
                div .row {
                    label { span { "Name" } input name="name" autocomplete="off" value=(call.kept("name", "")) placeholder="made from the goal"; }
                    label { span { "Mode" } select name="mode" {
                        option value="bound" selected[mode == "bound"] { "bound: values follow where they came from" }
                        option value="exact" selected[mode == "exact"] { "exact: every value stays as recorded" }
                    } }
                }
                @if failed { label .check { input type="checkbox" name="force" value="yes"; span { "It did not succeed; make a draft all the same." } } }
                div .buttons { button .primary { "Crystallize" } }
                p .dim { "A draft is made and proved by replaying this recording. Nothing is run." }
            }
        }
    }
}

pub(in crate::console) async fn crystallize(call: &Call) -> Done {
    let (path, _) = recordings::find(call, call.param("id")).await?;
    let mut body = json!({ "mode": call.form.text("mode"), "force": call.form.has("force") });
    let also: Vec<&str> = call.form.all("also").collect();
    if !also.is_empty() {
        body["also"] = json!(also);
    }
    if !call.form.text("name").is_empty() {
        body["name"] = call.form.text("name").into();
    }
    let made = call
        .api
        .post(&format!("{path}/crystallize"), call.key(), &body)
        .await
        .map_err(|mut refusal| {
            if refusal.code == "run_not_successful" {
                refusal.help = "Bring one that succeeded, or say below that a draft is to be made all the same.".into();
            }
            refusal
        })?;
    let id = made["automation"]["id"].as_str().unwrap_or_default();
    Ok(Answer::See(format!("/automations/{id}/review")))
}

pub(in crate::console) async fn remove(call: &Call) -> Done {
    let (path, _) = recordings::find(call, call.param("id")).await?;
    call.api
        .json(Method::DELETE, &path, None, &Value::Null)
        .await?;
    Ok(Answer::See("/recordings".into()))
}
