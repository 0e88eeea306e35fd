//! Beside deciding: others are asked, or somebody gets an address of their own.

use crate::console::call::{Answer, Call, Done};
use crate::console::component::{action, time};
use crate::console::layout::{Here, Page};
use crate::service::Role;
use maud::{Markup, html};
use serde_json::{Value, json};

/// What can be done beside deciding: others are asked, or somebody gets an address of their own.
pub(super) fn show(call: &Call, gate: &Value) -> Markup {
    let path = format!("/approvals/{}", gate["id"].as_str().unwrap_or_default());
    // Whoever has answered where more are needed was asked, and may still ask others.
    let mut said = gate["decisions"].as_array().into_iter().flatten();
    let asked = gate["can_decide"] == true || said.any(|one| one["by"] == *call.who.name);
    html! {
        @if asked && call.may(Role::Approver) && gate["status"] == "pending" {
            details .more open[call.form.has("approvers")] {
                summary { "Ask others instead" }
                form method="post" action={ (path) "/reassign" } {
                    (action::key())
                    label for="approvers" { "Whom: " span .dim { "user:NAME or role:ROLE, with spaces between" } }
                    input #approvers name="approvers" autocomplete="off" required value=(call.kept("approvers", ""));
                    label for="reassign-reason" { "Reason" }
                    input #reassign-reason name="reason" autocomplete="off" value=(call.kept("reason", ""));
                    div .buttons { button { "Ask them" } }
                }
            }
            details .more open[call.form.has("for")] {
                summary { "Make a link by which one person decides" }
                form method="post" action={ (path) "/links" } {
                    (action::key())
                    label for="for" { "Whose " span .dim { "left empty: yours" } }
                    input #for name="for" autocomplete="off" value=(call.kept("for", ""));
                    div .buttons { button { "Make the link" } }
                    p .dim { "Whoever has it decides as that person. It is shown once." }
                }
            }
        }
    }
}

/// Asks others.
pub(in crate::console) async fn reassign(call: &Call) -> Done {
    let path = format!("/approvals/{}", call.part("id"));
    let who: Vec<&str> = call
        .form
        .text("approvers")
        .split([' ', ','])
        .filter(|one| !one.is_empty())
        .collect();
    let mut body = json!({ "approvers": who });
    if let Some(reason) = call.form.get("reason") {
        body["reason"] = reason.into();
    }
    call.api
        .post(&format!("{path}/reassign"), call.key(), &body)
        .await?;
    Ok(Answer::See(path))
}

/// Makes an address for one person, and shows it.
pub(in crate::console) async fn link(call: &Call) -> Done {
    let path = format!("/approvals/{}", call.part("id"));
    let mut body = json!({});
    if !call.form.text("for").is_empty() {
        body["for"] = call.form.text("for").into();
    }
    let made = call
        .api
        .post(&format!("{path}/links"), call.key(), &body)
        .await?;
    let address = made["address"].as_str().unwrap_or_default();
    let told = html! {
        header .head { h1 { "A link for " (made["for"].as_str().unwrap_or_default()) } }
        p { "It is shown only now, and can be used until " (time::exact(&made["expires_at"])) "." }
        p { code .secret data-copy=(address) { (address) } }
        p { a href=(path) { "Back to the approval" } }
    };
    Ok(Page::new("A link", Here::Approvals, told).into())
}
