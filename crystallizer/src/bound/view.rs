//! What a run sees of a recorded answer: the expression that leads to it, and the data there.

use super::answers::Notation;
use crate::answer::{self, Answer};
use crate::kept::Kept;
use druse_engine::expression::{json_in, yaml_in};
use serde_json::Value;
use std::sync::Arc;

/// The longest text that is read as YAML.
const LONGEST_YAML: usize = 200_000;

/// An answer as a run sees it.
pub(super) struct View {
    /// The expression that gives the data.
    pub(super) base: String,
    /// A list, a map, or a text.
    pub(super) data: Value,
}

/// Whether the kind of action puts what a tool answered into a place of its own, as data where it is data.
fn has_place(kept: &Kept<'_>) -> bool {
    kept.target.result.is_some()
        || matches!(
            kept.target.action.as_str(),
            "http" | "mcp" | "shell" | "automation"
        )
}

/// Whether the answer was recorded as a text: as one, or in blocks.
fn is_text(kept: &Kept<'_>) -> bool {
    match &*kept.answer.raw {
        Value::String(_) => true,
        Value::Array(_) => {
            let written = kept.answer.raw.to_string();
            kept.answer.text != written
        }
        _ => false,
    }
}

/// How a text of an answer is read as data.
pub(super) fn notation(text: &str) -> Option<Notation> {
    if json_in(text).is_some() {
        return Some(Notation::Json);
    }
    looks_like_yaml(text).then_some(Notation::Yaml)
}

/// The data in a text; the text itself where there is none.
pub(super) fn data_in(text: &str) -> Value {
    match notation(text) {
        Some(Notation::Json) => json_in(text),
        Some(Notation::Yaml) => yaml_in(text),
        None => None,
    }
    .unwrap_or_else(|| Value::from(text))
}

/// Whether a text is worth reading as YAML: prose with a colon is none.
fn looks_like_yaml(text: &str) -> bool {
    let first = text.trim_start();
    let key = first.lines().next().and_then(|line| line.split_once(':'));
    let begins = first.starts_with(['-', '{', '['])
        || key.is_some_and(|(key, _)| {
            !key.is_empty() && key.len() <= 60 && !key.trim().contains(char::is_whitespace)
        });
    begins && text.len() <= LONGEST_YAML && yaml_in(text).is_some()
}

/// The data that a run sees of an answer to this call, recorded or changed.
pub(super) fn data(kept: &Kept<'_>, answer: &Answer<'_>) -> Value {
    if kept.target.is_opaque() {
        return Value::Null;
    }
    if has_place(kept)
        && let Some(json) = &answer.json
    {
        return Value::clone(json);
    }
    if answer::is_line(&kept.target, answer) {
        data_in(answer.text.trim())
    } else if is_text(kept) {
        data_in(&answer.text)
    } else {
        Value::clone(&answer.raw)
    }
}

/// The data that a run sees of an answer, shared with it where it can be.
pub(super) fn shared(kept: &Kept<'_>) -> Arc<Value> {
    if let Some(json) = &kept.answer.json
        && !kept.target.is_opaque()
        && (has_place(kept) || !is_text(kept) && **json == *kept.answer.raw)
    {
        return Arc::clone(json);
    }
    Arc::new(data(kept, &kept.answer))
}

/// What a run sees of an answer.
pub(super) fn view(kept: &Kept<'_>) -> View {
    let base = answer::expression(&kept.step, &kept.target, &kept.answer, "");
    if kept.target.is_opaque() {
        return View {
            base,
            data: Value::Null,
        };
    }
    if has_place(kept)
        && let Some(json) = &kept.answer.json
    {
        // A place that a rule names may hold the recorded text in a run, or its value.
        let parse = kept.target.result.is_some() && !kept.answer.structured && is_text(kept);
        return View {
            base: if parse {
                format!("{base} | parse_json")
            } else {
                base
            },
            data: Value::clone(json),
        };
    }
    if !is_text(kept) {
        return View {
            base,
            data: Value::clone(&kept.answer.raw),
        };
    }
    let is_line = answer::is_line(&kept.target, &kept.answer);
    let text = match is_line {
        true => kept.answer.text.trim(),
        false => &kept.answer.text,
    };
    let base = match &*kept.answer.raw {
        Value::Array(_) if !has_place(kept) => format!("{base} | column('text') | join('\\n')"),
        _ => base,
    };
    let base = match notation(text) {
        Some(Notation::Json) => format!("{base} | parse_json"),
        Some(Notation::Yaml) => format!("{base} | parse_yaml"),
        None if is_line => format!("{base} | trim"),
        None => base,
    };
    View {
        base,
        data: data_in(text),
    }
}
