//! Expressions on recorded values, evaluated as a run evaluates them.

use crate::answer;
use crate::kept::Kept;
use druse_engine::event::Status;
use druse_engine::expression::{Expression, Frame, Names, RunFacts, StepValue, Values};
use druse_engine::{Json, RunId, Timestamp};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The values of a recorded run: what every step gave, and the inputs.
pub(super) struct Recorded {
    values: Arc<Values>,
}

impl Recorded {
    pub(super) fn new(kept: &[Kept<'_>], started_at: Timestamp) -> Self {
        let names: Names = kept
            .iter()
            .enumerate()
            .map(|(index, kept)| (kept.step.clone(), index))
            .collect();
        let mut values = nothing(started_at, Arc::new(names));
        for (value, kept) in values.steps_mut().iter_mut().zip(kept) {
            *value = given(kept);
        }
        Self {
            values: Arc::new(values),
        }
    }

    /// The same under given names, of those calls that were answered.
    pub(super) fn named<'k, 'a: 'k>(
        steps: impl Iterator<Item = (String, &'k Kept<'a>)>,
        started_at: Timestamp,
    ) -> Self {
        let (names, kept): (Vec<String>, Vec<&Kept<'a>>) = steps.unzip();
        let names: Names = names
            .into_iter()
            .enumerate()
            .map(|(index, name)| (name, index))
            .collect();
        let mut values = nothing(started_at, Arc::new(names));
        for (value, kept) in values.steps_mut().iter_mut().zip(kept) {
            *value = given(kept);
        }
        Self {
            values: Arc::new(values),
        }
    }

    /// Gives a loop what it gave in the recording, in the place of its last call.
    pub(super) fn set_loop(&mut self, id: &str, call: usize, output: Value) {
        let values = Arc::make_mut(&mut self.values);
        let Some(frame) = values.frames.first_mut().map(Arc::make_mut) else {
            return;
        };
        Arc::make_mut(&mut frame.names).insert(id.to_owned(), call);
        if let Some(step) = frame.steps.get_mut(call) {
            *step = StepValue {
                status: Some(Status::Succeeded),
                output: Some(Json::from(output)),
                error: None,
            };
        }
    }

    /// Gives an input its recorded value.
    pub(super) fn set_input(&mut self, name: &str, value: &Value) {
        let values = Arc::make_mut(&mut self.values);
        let mut inputs = match values.inputs.value() {
            Value::Object(map) => map.clone(),
            _ => Map::new(),
        };
        inputs.insert(name.to_owned(), value.clone());
        values.inputs = Value::Object(inputs).into();
    }

    /// The inputs that were given a value.
    pub(super) fn inputs(&self) -> Map<String, Value> {
        match self.values.inputs.value() {
            Value::Object(map) => map.clone(),
            _ => Map::new(),
        }
    }

    /// The value of an expression; none when it has none.
    pub(super) fn evaluate(&self, expression: &str) -> Option<Value> {
        Expression::compile(expression)
            .ok()?
            .evaluate(&self.values)
            .ok()
    }
}

/// What a step gave; nothing where it failed.
fn given(kept: &Kept<'_>) -> StepValue {
    if crate::prune::failed(kept.call) {
        return StepValue::default();
    }
    StepValue {
        status: Some(Status::Succeeded),
        output: Some(Json::from(answer::output(
            &kept.target,
            kept.call,
            &kept.answer,
        ))),
        error: None,
    }
}

fn nothing(started_at: Timestamp, names: Arc<Names>) -> Values {
    let facts = RunFacts {
        id: RunId::from_parts(0, [0; 10]),
        started_at,
        scheduled_at: None,
    };
    Values::new(Value::Object(Map::new()).into(), Json::null(), facts, names)
}

/// The value of an expression in which `v` is this value.
pub(super) fn with(value: &Value, expression: &str) -> Option<Value> {
    let mut values = nothing(Timestamp(0), Arc::default());
    values.frames = vec![Arc::new(Frame {
        locals: vec![("v".into(), value.clone().into())],
        ..Frame::default()
    })];
    Expression::compile(expression)
        .ok()?
        .evaluate(&Arc::new(values))
        .ok()
}

/// A text as a literal of the language.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// A scalar as a literal of the language.
pub(super) fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Null => "none".to_owned(),
        other => other.to_string(),
    }
}

/// `.key` where a key is a name, else `['key']`.
pub(super) fn member(key: &str) -> String {
    let plain = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !matches!(
            key,
            "and" | "or" | "not" | "in" | "is" | "if" | "else" | "true" | "false" | "none"
        );
    if plain {
        format!(".{key}")
    } else {
        format!("[{}]", quoted(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn literals_come_back() {
        for text in ["a", "it's", "a\\b\n\t", "{{ x }}", "}}", "ünï\u{1}"] {
            assert_eq!(
                with(&Value::Null, &quoted(text)),
                Some(json!(text)),
                "{text:?}"
            );
            let value = json!({ text: 1 });
            assert_eq!(
                with(&value, &format!("v{}", member(text))),
                Some(json!(1)),
                "{text:?}"
            );
        }
        for key in ["in", "items", "not", "from", "length", "x y"] {
            let value = json!({ key: 1 });
            assert_eq!(
                with(&value, &format!("v{}", member(key))),
                Some(json!(1)),
                "{key}"
            );
        }
    }
}
