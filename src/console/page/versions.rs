//! The versions of an automation, what differs between two, and the way back.

use super::home::items;
use crate::console::call::{Answer, Call, Done};
use crate::console::component::{action, pager, time, value};
use crate::console::twin::Refusal;
use crate::service::Role;
use maud::{Markup, html};
use serde_json::{Value, json};

pub(super) async fn show(call: &Call, automation: &Value) -> Result<Markup, Refusal> {
    let id = automation["id"].as_str().unwrap_or_default();
    let cursor = call.query.query(&["cursor"]);
    let list = call
        .api
        .get(&format!("/automations/{id}/versions?limit=100&{cursor}"))
        .await?;
    let latest = automation["latest_version"].as_u64().unwrap_or(1);
    let number = |name: &str, or: u64| call.query.text(name).parse().unwrap_or(or);
    let (from, to) = (
        number("from", latest.saturating_sub(1).max(1)),
        number("to", latest),
    );
    let diff = match from == to {
        true => None,
        false => Some(
            call.api
                .get(&format!("/automations/{id}/diff?from={from}&to={to}"))
                .await?,
        ),
    };
    let all = items(&list);
    let choices = |name: &str, chosen: u64| {
        html! {
            select name=(name) aria-label=(name) {
                // All of them, and not only those of this page: no version is ever taken away.
                @for number in (1..=latest).rev() {
                    option value=(number) selected[number == chosen] { "version " (number) }
                }
            }
        }
    };
    Ok(html! {
        table .list {
            thead { tr { th scope="col" .num { "Version" } th scope="col" { "Digest" } th scope="col" { "By" } th scope="col" { "When" } th scope="col" { span .sr { "Actions" } } } }
            tbody {
                @for one in all {
                    @let number = one["version"].as_u64().unwrap_or(0);
                    tr {
                        td .num { span .phone-word { "version " } (number) @if automation["active_version"] == number { " ◆" span .sr { " active" } } }
                        td { span .phone-word .dim { "digest " } (value::id(&one["digest"])) }
                        td { span .phone-word .dim { "by " } (one["created_by"].as_str().unwrap_or_default()) }
                        td { (time::ago(&one["created_at"], call.now)) }
                        td { @if call.may(Role::Editor) && number != latest {
                            (action::with(&format!("/automations/{id}/rollback"), &format!("Go back to version {number}"), "small", &[("version", &number.to_string())])) } }
                    }
                }
            }
        }
        (pager::links(&format!("/automations/{id}"), "tab=versions", &list, cursor.is_empty()))
        @if latest > 1 {
            h2 { "What differs" }
            form .filters method="get" action={ "/automations/" (id) } {
                input type="hidden" name="tab" value="versions";
                label { span { "From" } (choices("from", from)) } label { span { "To" } (choices("to", to)) }
                button { "Compare" }
            }
            @if let Some(diff) = &diff { (difference(diff)) } @else { p .dim { "A version does not differ from itself." } }
        }
    })
}

/// Steps by what became of them, and the lines.
pub(super) fn difference(diff: &Value) -> Markup {
    let text = diff["diff"].as_str().unwrap_or_default();
    let said = diff["text"].as_str().unwrap_or_default();
    html! {
        @if !said.is_empty() { pre .code.said-of tabindex="0" { (said) } }
        ul .plain {
            @for (what, sign) in [("added", "+"), ("removed", "−"), ("changed", "~")] {
                @let steps: Vec<&str> = diff["steps"][what].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                @if !steps.is_empty() { li { (sign) " " (what) ": " @for step in steps { code { (step) } " " } } }
            }
        }
        @if text.is_empty() { p .dim { "They say the same." } } @else {
            h3 { "Line by line" }
            pre .diff tabindex="0" {
                @for line in text.lines() {
                    @let class = match line.as_bytes().first() { Some(b'+') => "plus", Some(b'-') => "minus", Some(b'@') => "at", _ => "" };
                    span .(class) { (line) "\n" }
                }
            }
        }
    }
}

pub(in crate::console) async fn rollback(call: &Call) -> Done {
    let path = format!("/automations/{}", call.part("id"));
    let version: u32 = call
        .form
        .text("version")
        .parse()
        .map_err(|_| Refusal::form("No version is named.", "Choose one of the list."))?;
    call.api
        .post(
            &format!("{path}/rollback"),
            call.key(),
            &json!({ "version": version }),
        )
        .await?;
    Ok(Answer::See(format!("{path}?tab=versions")))
}
