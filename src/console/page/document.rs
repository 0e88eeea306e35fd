//! The document of an automation, to be read and changed.

use crate::console::call::Call;
use crate::console::component::{action, editor};
use crate::console::twin::Refusal;
use crate::console::visible::lines;
use crate::service::Role;
use bytes::Bytes;
use http::{Method, StatusCode, header};
use maud::{Markup, html};
use serde_json::Value;

/// The editor. After a refusal it holds what was written; where somebody else was quicker, theirs stands below.
pub(super) async fn show(call: &Call, automation: &Value, tag: &str) -> Result<Markup, Refusal> {
    let path = format!(
        "/automations/{}",
        automation["id"].as_str().unwrap_or_default()
    );
    let yaml = [(header::ACCEPT, "application/yaml")];
    let stored = call
        .api
        .send(Method::GET, &path, &yaml, Bytes::new())
        .await?
        .text();
    let written = call.kept("document", &stored);
    let refused = call.refusal.as_ref();
    let late = refused.is_some_and(|refusal| refusal.status == StatusCode::PRECONDITION_FAILED);
    let hidden = lines(written);
    let wrong: Vec<u32> = refused
        .iter()
        .flat_map(|refusal| &refusal.findings)
        .filter_map(|finding| finding.line)
        .collect();
    let checked = editor::checked(call).await?;
    let check = format!("{path}/document/check");
    Ok(html! {
        @if !hidden.is_empty() {
            p .finding.f-warning { span .sign aria-hidden="true" { "⚠" } " Characters that are not seen stand in "
                @for (index, line) in hidden.iter().enumerate() { @if index > 0 { ", " } a href={ "#line-" (line) } data-line=(line) { "line " (line) } } "." }
        }
        @if !wrong.is_empty() { (editor::excerpt(written, &wrong)) }
        @if call.may(Role::Editor) {
            form method="post" action={ (path) "/document" } {
                (action::key())
                // After a late one the newest tag goes along: who sends it again has seen what the other wrote.
                input type="hidden" name="tag" value=(tag);
                (editor::show(written, 28, &check, checked.as_ref()))
                div .buttons {
                    button .primary { "Save as version " (automation["latest_version"].as_u64().unwrap_or(0) + 1) }
                    button formaction=(check) { "Check" }
                }
                p .dim { "Saving makes a version beside the active one; runs that are going on are not touched." }
            }
            @if late {
                section { h2 { "What is stored now" } p { "Somebody else saved version " (automation["latest_version"]) ". Yours is kept above." } pre .code tabindex="0" { (stored) } }
            }
        } @else { pre .code tabindex="0" { (stored) } }
    })
}
