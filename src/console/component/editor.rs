//! A document as it is written, and what there is to say about it.

use super::finding;
use crate::console::asset;
use crate::console::call::Call;
use crate::console::twin::Refusal;
use crate::console::visible::Kept;
use http::{Method, header};
use maud::{Markup, html};
use serde_json::Value;

/// What the API says about a text that was sent to be checked, and for nothing else.
pub(in crate::console) async fn checked(call: &Call) -> Result<Option<Value>, Refusal> {
    let Some(text) = call.form.get("document") else {
        return Ok(None);
    };
    if call.refusal.is_some() {
        return Ok(None);
    }
    let yaml = [(header::CONTENT_TYPE, "application/yaml")];
    let said = call
        .api
        .send(
            Method::POST,
            "/documents/check",
            &yaml,
            text.to_owned().into_bytes(),
        )
        .await?;
    Ok(Some(said.json()))
}

/// The text, a button that has it checked at an address, and what the check said. The script asks there
/// while somebody writes.
pub(in crate::console) fn show(
    text: &str,
    rows: u32,
    address: &str,
    checked: Option<&Value>,
) -> Markup {
    html! {
        label for="document" { "Document" }
        div .editor {
            textarea #document .code.lines name="document" rows=(rows) spellcheck="false" autocomplete="off" autocapitalize="off"
                wrap="off" data-unsaved data-check=(address) { (Kept(text)) }
        }
        div #keys-here .keys-here hidden {}
        div #checked role="status" { @if let Some(checked) = checked { (verdict(text, checked)) } }
        script src=(asset::editor()) defer {}
    }
}

fn verdict(text: &str, checked: &Value) -> Markup {
    let findings = finding::read(&checked["findings"]);
    let wrong: Vec<u32> = findings.iter().filter_map(|finding| finding.line).collect();
    html! {
        @if findings.is_empty() { p .finding.f-good { span .sign aria-hidden="true" { "✓" } " Nothing is wrong." } }
        @else {
            @if checked["storable"] != true { p .dim { "It would not be stored like this:" } }
            (finding::list_of_text(&findings))
            @if !wrong.is_empty() { (excerpt(text, &wrong)) }
        }
    }
}

/// The lines that findings are about, with their numbers.
pub(in crate::console) fn excerpt(text: &str, wrong: &[u32]) -> Markup {
    let near = |number: u32| wrong.iter().any(|line| line.abs_diff(number) <= 1);
    let numbered = (1_u32..).zip(text.lines());
    html! {
        pre .excerpt tabindex="0" {
            @for (number, line) in numbered.filter(|(number, _)| near(*number)).take(60) {
                span .wrong[wrong.contains(&number)] #{ "line-" (number) } { (format!("{number:>5}  ")) (line) "\n" }
            }
        }
    }
}
