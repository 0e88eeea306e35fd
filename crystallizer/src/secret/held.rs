//! Secrets that were taken out of the recording and that the draft does not have: what stood there follows an earlier
//! answer, so that each run gets its own and nobody has to store one.

use druse_engine::definition::Document;
use druse_engine::{Finding, Severity};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Says only that a secret was there, where nothing in the document names it.
pub(crate) fn only_held(findings: &mut [Finding], document: &Document) {
    let lifted = |finding: &&mut Finding| finding.code == "secret_lifted" && finding.acknowledge;
    let mut lifted = findings.iter_mut().filter(lifted).peekable();
    if lifted.peek().is_none() {
        return;
    }
    let document = json!({ "steps": document.steps });
    let mut named = BTreeSet::new();
    words(&document, &mut named);
    for finding in lifted {
        let name = finding
            .id
            .strip_prefix("secret_lifted:")
            .unwrap_or_default();
        if named.contains(name) {
            continue;
        }
        let place = finding
            .path
            .as_deref()
            .and_then(|path| document.pointer(path));
        let source = place.and_then(Value::as_str).and_then(source);
        let there = match &source {
            Some(step) => format!("the draft takes it from what `{step}` answers in each run"),
            None => "nothing in the draft names it".to_owned(),
        };
        finding.message = format!(
            "{} Where it stood, {there}.",
            finding
                .message
                .split(" A secret of this name is stored")
                .next()
                .unwrap_or_default()
        );
        finding.help = "Nothing is to be stored for it.".to_owned();
        finding.severity = Severity::Info;
        finding.acknowledge = false;
    }
}

/// The words of all texts by which something is done. What only people read is none of them: it quotes the recording.
fn words<'d>(value: &'d Value, found: &mut BTreeSet<&'d str>) {
    match value {
        Value::String(text) => {
            found.extend(text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')));
        }
        Value::Array(items) => items.iter().for_each(|item| words(item, found)),
        Value::Object(map) => {
            for (key, inner) in map {
                if key != "metadata" {
                    words(inner, found);
                }
            }
        }
        _ => {}
    }
}

/// The step that a template reads first.
fn source(template: &str) -> Option<&str> {
    let (_, behind) = template.split_once("steps.")?;
    let end = behind.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    behind
        .get(..end.unwrap_or(behind.len()))
        .filter(|step| !step.is_empty())
}
