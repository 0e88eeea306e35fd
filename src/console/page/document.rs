//! The document of an automation, to be read and changed.

use super::meanwhile;
use crate::console::call::Call;
use crate::console::component::{action, editor};
use crate::console::twin::Refusal;
use crate::console::visible::{kept, lines};
use crate::service::Role;
use crate::service::merge::{self, Merged};
use bytes::Bytes;
use http::{Method, StatusCode, header};
use maud::{Markup, html};
use serde_json::Value;

/// What was written and what is stored now in one text, each as made of the version that was seen.
async fn of_both(
    call: &Call,
    path: &str,
    seen: u64,
    mine: &str,
    theirs: &str,
) -> Result<Option<Merged<String>>, Refusal> {
    let yaml = [(header::ACCEPT, "application/yaml")];
    let path = format!("{path}/versions/{seen}");
    let base = match call.api.send(Method::GET, &path, &yaml, Bytes::new()).await {
        Ok(said) => said.text(),
        Err(refusal) if refusal.status == StatusCode::NOT_FOUND => return Ok(None),
        Err(refusal) => return Err(refusal),
    };
    Ok(Some(merge::lines(&base, mine, theirs)))
}

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
    let sent = call.kept("document", &stored);
    let refused = call.refusal.as_ref();
    let late = meanwhile::is_late(call) && call.form.has("document");
    let merged = match meanwhile::seen(call).filter(|_| late) {
        Some(seen) => of_both(call, &path, seen, sent, &stored).await?,
        None => None,
    };
    let written = merged.as_ref().map_or(sent, |merged| merged.both.as_str());
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
        @if let Some(merged) = &merged {
            p .finding.(if merged.conflicts.is_empty() { "f-good" } else { "f-warning" }) role="status" {
                span .sign aria-hidden="true" { @if merged.conflicts.is_empty() { "✓" } @else { "⚠" } } " "
                @if merged.conflicts.is_empty() { "Both are in the text below: what they changed, and what you wrote. Look at it, then save." }
                @else { "You both changed the same. Each such place stands below between " code { "<<<<<<< yours" } " and " code { ">>>>>>> theirs" } " ("
                    @for (index, line) in merged.conflicts.iter().enumerate() { @if index > 0 { ", " } (line) } "): leave what is meant, then save." }
            }
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
                section .theirs {
                    h2 { "Or only one of them" }
                    details .more { summary { "What is stored now, without yours" } pre .code tabindex="0" { (stored) }
                        p { a .button href={ (path) "?tab=document" } { "Take it as it is, and leave out what I wrote" } } }
                    details .more { summary { "What you wrote, without theirs" } pre .code tabindex="0" { (sent) }
                        form method="post" action={ (path) "/document" } {
                            (action::key())
                            input type="hidden" name="tag" value=(tag);
                            input type="hidden" name="document" value=(kept(sent));
                            button { "Save only mine, and take out what they changed" }
                        } }
                }
            }
        } @else { pre .code tabindex="0" { (stored) } }
    })
}
