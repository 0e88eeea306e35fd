//! What a run sees of a recorded answer: the expression that leads to it, and the data there.

use super::answers::Notation;
use crate::answer::{self, Answer};
use crate::kept::Kept;
use crate::shared::Shared;
use druse_engine::expression::{json_in, yaml_in};
use serde_json::Value;
use std::sync::Arc;

/// The longest text that is read as YAML.
const LONGEST_YAML: usize = 200_000;

/// An answer as a run sees it.
pub(super) struct View<'a> {
    /// The expression that gives the data.
    pub(super) base: String,
    /// A list, a map, or a text.
    pub(super) data: Shared<'a>,
}

/// The data of a recorded answer, as what reads a loop finds it: nothing where the call failed.
pub(super) fn given<'a>(kept: &Kept<'a>) -> Shared<'a> {
    match crate::prune::failed(kept.call) {
        true => Shared::default(),
        false => seen(kept),
    }
}

/// The data alone of what a run sees of an answer.
pub(super) fn seen<'a>(kept: &Kept<'a>) -> Shared<'a> {
    if kept.target.is_opaque() {
        return Shared::default();
    }
    if has_place(kept)
        && let Some(json) = &kept.answer.json
    {
        return json.clone();
    }
    if !is_text(kept) {
        return kept.answer.raw.clone();
    }
    match answer::is_line(&kept.target, &kept.answer) {
        true => data_in(kept.answer.text().trim()).into(),
        false => data_of_text(&kept.answer),
    }
}

/// Whether the kind of action puts what a tool answered into a place of its own, as data where it is data.
fn has_place(kept: &Kept<'_>) -> bool {
    kept.target.result.is_some()
        || matches!(
            &*kept.target.action,
            "http" | "mcp" | "shell" | "automation"
        )
}

/// Whether the answer was recorded as a text: as one, or in blocks.
fn is_text(kept: &Kept<'_>) -> bool {
    match &*kept.answer.raw {
        Value::String(_) => true,
        Value::Array(_) => {
            let written = kept.answer.raw.to_string();
            kept.answer.text() != written
        }
        _ => false,
    }
}

/// A text as data, and how it is read; none where it is none.
fn read(text: &str) -> Option<(Notation, Value)> {
    match json_in(text) {
        Some(data) => Some((Notation::Json, data)),
        None => Some((Notation::Yaml, yaml(text)?)),
    }
}

/// The data in the text of an answer, and how it is read; none where it is none. It is read once.
fn read_answer<'a>(answer: &Answer<'a>) -> Option<(Notation, Shared<'a>)> {
    match &answer.json {
        // What the recorder kept beside the text is not read from it.
        Some(_) if answer.structured => {
            return read(answer.text()).map(|(notation, data)| (notation, data.into()));
        }
        Some(json) => return Some((Notation::Json, json.clone())),
        None => {}
    }
    let made = || yaml(answer.text()).map(Arc::new);
    let known = answer.yaml.get_or_init(made).as_ref()?;
    Some((Notation::Yaml, Shared::Made(Arc::clone(known))))
}

/// The data in the text of an answer; the text itself where there is none.
pub(super) fn data_of_text<'a>(answer: &Answer<'a>) -> Shared<'a> {
    match read_answer(answer) {
        Some((_, data)) => data,
        None => Value::from(answer.text()).into(),
    }
}

/// The data in a text; the text itself where there is none.
fn data_in(text: &str) -> Value {
    read(text).map_or_else(|| Value::from(text), |(_, data)| data)
}

/// A text as YAML, where it is worth reading as that: prose with a colon is none.
fn yaml(text: &str) -> Option<Value> {
    let first = text.trim_start();
    let key = first.lines().next().and_then(|line| line.split_once(':'));
    let begins = first.starts_with(['-', '{', '['])
        || key.is_some_and(|(key, _)| {
            !key.is_empty() && key.len() <= 60 && !key.trim().contains(char::is_whitespace)
        });
    (begins && text.len() <= LONGEST_YAML)
        .then(|| yaml_in(text))
        .flatten()
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
        data_in(answer.text().trim())
    } else if is_text(kept) {
        data_of_text(answer).into_value()
    } else {
        Value::clone(&answer.raw)
    }
}

/// The data that a run sees of an answer, shared with it where it can be.
pub(super) fn shared<'a>(kept: &Kept<'a>) -> Shared<'a> {
    if let Some(json) = &kept.answer.json
        && !kept.target.is_opaque()
        && (has_place(kept)
            || !is_text(kept) && (json.is(&kept.answer.raw) || **json == *kept.answer.raw))
    {
        return json.clone();
    }
    let at_its_place = has_place(kept) && kept.answer.json.is_some();
    let elsewhere =
        kept.target.is_opaque() || at_its_place || answer::is_line(&kept.target, &kept.answer);
    match is_text(kept) && !elsewhere {
        true => data_of_text(&kept.answer),
        false => data(kept, &kept.answer).into(),
    }
}

/// What a run sees of an answer.
pub(super) fn view<'a>(kept: &Kept<'a>) -> View<'a> {
    let base = answer::expression(&kept.step, &kept.target, &kept.answer, "");
    if kept.target.is_opaque() {
        return View {
            base,
            data: Shared::default(),
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
            data: json.clone(),
        };
    }
    if !is_text(kept) {
        return View {
            base,
            data: kept.answer.raw.clone(),
        };
    }
    let is_line = answer::is_line(&kept.target, &kept.answer);
    let text = match is_line {
        true => kept.answer.text().trim(),
        false => kept.answer.text(),
    };
    let base = match &*kept.answer.raw {
        Value::Array(_) if !has_place(kept) => format!("{base} | column('text') | join('\\n')"),
        _ => base,
    };
    let read = match is_line {
        true => read(text).map(|(notation, data)| (notation, data.into())),
        false => read_answer(&kept.answer),
    };
    let base = match &read {
        Some((Notation::Json, _)) => format!("{base} | parse_json"),
        Some((Notation::Yaml, _)) => format!("{base} | parse_yaml"),
        None if is_line => format!("{base} | trim"),
        None => base,
    };
    View {
        base,
        data: match read {
            Some((_, data)) => data,
            None => Value::from(text).into(),
        },
    }
}
