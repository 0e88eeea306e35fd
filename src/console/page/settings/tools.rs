//! The tool map: what a recorded tool becomes.

use crate::console::call::{Answer, Call, Done};
use crate::console::twin::Refusal;
use crate::console::visible::Kept;
use crate::service::Role;
use http::{Method, header};
use maud::{Markup, html};
use serde_json::Value;

pub(super) async fn show(call: &Call) -> Result<Markup, Refusal> {
    let said = call.api.send(Method::GET, "/tools", &[], "").await?;
    let tag = said.tag();
    let rules = said.json();
    let map = serde_json::to_string_pretty(&rules).unwrap_or_default();
    let text = call.kept("tools", &map);
    Ok(html! {
        section #tools {
            h2 { "Tool map" }
            p .dim { "What a recorded tool becomes; the first rule that matches counts. A recorded MCP call whose connection is here needs none." }
            (table(&rules))
            @if call.may(Role::Admin) {
                form method="post" action="/settings/tools" {
                    input type="hidden" name="tag" value=(tag);
                    label for="tools-map" { "Rules, as JSON" }
                    textarea #tools-map .code name="tools" rows="12" spellcheck="false" { (Kept(text)) }
                    div .buttons { button .primary { "Save the tool map" } }
                }
            } @else { pre .code tabindex="0" { (map) } }
        }
    })
}

/// The rules in the order in which they count.
fn table(map: &Value) -> Markup {
    let rules = map["tools"].as_array().map_or(&[][..], Vec::as_slice);
    let text = |rule: &Value, name: &str| rule[name].as_str().unwrap_or_default().to_owned();
    html! {
        @if !rules.is_empty() {
            div .scroll tabindex="0" role="region" aria-label="Rules of the tool map" { table .list {
                thead { tr { th scope="col" { "Tool" } th scope="col" { "Becomes" } th scope="col" { "Does to the world" } th scope="col" { "Answers" } } }
                tbody {
                    @for rule in rules {
                        tr {
                            td { code { (text(rule, "match")) } }
                            td { (text(rule, "action")) @if let Some(name) = rule["with"]["connection"].as_str() { " · " (name) } }
                            td { (text(rule, "effects")) }
                            td { @if rule["deterministic"] == false { "≈ may differ " span .dim { (text(rule, "reason")) } } }
                        }
                    }
                }
            } }
        }
    }
}

pub(in crate::console) async fn write(call: &Call) -> Done {
    let text = call.form.get("tools").unwrap_or_default();
    let map: Value = serde_json::from_str(text).map_err(|error| {
        Refusal::form(
            format!("The rules are not JSON: {error}."),
            "Correct them and save again.",
        )
    })?;
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::IF_MATCH, call.form.text("tag")),
    ];
    call.api
        .send(Method::PUT, "/tools", &headers, map.to_string())
        .await?;
    Ok(Answer::See("/settings#tools".into()))
}
