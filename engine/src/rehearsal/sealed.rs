//! Sensitive inputs in tests: as in a real run the engine sees a text in their place. Expectations are
//! compared with what it stands for, and nothing of that is shown.

use super::expect::{Difference, TestResult};
use crate::Json;
use crate::plan::Plan;
use serde_json::{Map, Value};

/// What is shown in the place of a sensitive value.
const SENSITIVE: &str = "[sensitive]";

/// A value of fewer characters is hidden only where it stands alone: it may be a part of anything.
const LEAST: usize = 6;

/// The sensitive inputs of a run, and what stands for each.
#[derive(Debug, Default)]
pub(super) struct Sealed(Vec<(String, Value)>);

impl Sealed {
    /// Puts seals in the places of sensitive inputs.
    pub(super) fn of(plan: &Plan, inputs: &Json) -> (Json, Self) {
        let mut sealed = Vec::new();
        let mut whole = inputs.value().as_object().cloned().unwrap_or_default();
        for input in plan.inputs.iter().filter(|input| input.sensitive) {
            if let Some(value) = whole.get_mut(&*input.name).filter(|value| !value.is_null()) {
                let seal = format!("\u{27e6}sealed {}\u{27e7}", input.name);
                sealed.push((seal.clone(), std::mem::replace(value, seal.into())));
            }
        }
        match sealed.is_empty() {
            true => (inputs.clone(), Self::default()),
            false => (Value::Object(whole).into(), Self(sealed)),
        }
    }

    /// What a text with seals stands for; none when it has none.
    pub(super) fn open(&self, text: &str) -> Option<Value> {
        if let Some((_, value)) = self.0.iter().find(|(seal, _)| seal == text) {
            return Some(value.clone());
        }
        let mut opened = text.to_owned();
        for (seal, value) in &self.0 {
            let plain = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            opened = opened.replace(seal, &plain);
        }
        (opened != text).then_some(Value::String(opened))
    }

    /// A result without what must not be seen.
    pub(super) fn hide(&self, mut result: TestResult) -> TestResult {
        if self.0.is_empty() {
            return result;
        }
        let run = &mut result.run;
        run.outputs = run.outputs.take().map(|outputs| self.json(&outputs));
        if let Some(error) = &mut run.error {
            error.message = self.text(&error.message);
            error.details = error.details.take().map(|details| self.json(&details));
        }
        for call in &mut run.calls {
            call.input = self.json(&call.input);
        }
        for stop in &mut run.stops {
            stop.message = self.text(&stop.message);
        }
        for Difference {
            message,
            expected,
            found,
            ..
        } in &mut result.differences
        {
            *message = self.text(message);
            *expected = self.value(expected);
            *found = self.value(found);
        }
        result
    }

    fn json(&self, json: &Json) -> Json {
        self.value(json.value()).into()
    }

    /// A value without what must not be seen.
    pub(super) fn value(&self, value: &Value) -> Value {
        if self.0.iter().any(|(_, secret)| secret == value) {
            return SENSITIVE.into();
        }
        match value {
            Value::String(text) => self.text(text).into(),
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(map) => {
                let hidden = map
                    .iter()
                    .map(|(key, value)| (key.clone(), self.value(value)));
                Value::Object(hidden.collect::<Map<_, _>>())
            }
            other => other.clone(),
        }
    }

    /// A text without seals and without what these stand for.
    fn text(&self, text: &str) -> String {
        let mut hidden = text.to_owned();
        for (seal, value) in &self.0 {
            hidden = hidden.replace(seal, SENSITIVE);
            if let Value::String(plain) = value
                && plain.chars().count() >= LEAST
            {
                hidden = hidden.replace(plain, SENSITIVE);
            }
        }
        hidden
    }
}
