//! Simple rules for the same recordings, to measure beside: all frozen; equality with the person's values only; the
//! latest equal value of an earlier answer with a fixed path. They refuse nothing.

use super::super::build::options;
use super::Notation;
use crate::session::Session;
use crate::{Crystallized, crystallize};
use druse_engine::definition::Document;
use serde_json::{Map, Value, json};

/// The shortest text that the rules follow.
const SHORTEST: usize = 4;

/// A simple rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Frozen,
    Said,
    Latest,
}

impl Rule {
    pub(super) const ALL: [Self; 3] = [Self::Frozen, Self::Said, Self::Latest];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Frozen => "all frozen (rule re-implemented)",
            Self::Said => "equality with the person's values only (rule re-implemented)",
            Self::Latest => {
                "latest equal leaf, fixed path, 4 characters or more (rule re-implemented)"
            }
        }
    }

    /// What the rule makes of a recording.
    pub(super) fn draft(self, session: &Session, notation: Notation) -> Document {
        let Crystallized { mut document, .. } =
            crystallize(std::slice::from_ref(session), &options()).unwrap();
        if self == Self::Frozen {
            return document;
        }
        let task = session.goal.clone().unwrap_or_default();
        let calls: Vec<_> = session.calls().collect();
        let ids = document.metadata["crystallized"]["calls"].clone();
        let mut inputs = Map::new();
        for index in 0..document.steps.len() {
            let earlier: Vec<(String, Value)> = document.steps[..index]
                .iter()
                .rev()
                .filter_map(|step| {
                    let id = ids[&step.id].as_str()?;
                    let call = calls.iter().find(|call| call.id == id)?;
                    let answer = call.result.as_ref()?.content.clone();
                    let (base, data) = match (notation, &answer) {
                        (Notation::Value, _) | (_, Value::Null) => (String::new(), answer),
                        (Notation::JsonText, Value::String(text)) => (
                            " | parse_json".to_owned(),
                            serde_json::from_str(text).unwrap_or(answer),
                        ),
                        (_, Value::String(text)) => (
                            " | parse_yaml".to_owned(),
                            druse_engine::expression::yaml_in(text).unwrap_or(answer),
                        ),
                        _ => (String::new(), answer),
                    };
                    Some((format!("(steps.{}.output{base})", step.id), data))
                })
                .collect();
            let Some(with) = document.steps[index].with.as_mut() else {
                continue;
            };
            if let Some(arguments) = with.get_mut("arguments") {
                self.follow(arguments, &task, &earlier, &mut inputs);
            }
        }
        document.inputs = inputs;
        document
    }

    fn follow(
        self,
        value: &mut Value,
        task: &str,
        earlier: &[(String, Value)],
        inputs: &mut Map<String, Value>,
    ) {
        match value {
            Value::Object(map) => map
                .values_mut()
                .for_each(|inner| self.follow(inner, task, earlier, inputs)),
            Value::Array(items) => items
                .iter_mut()
                .for_each(|inner| self.follow(inner, task, earlier, inputs)),
            Value::String(_) | Value::Number(_) => {
                let text = match &*value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                if text.len() < SHORTEST {
                    return;
                }
                if task.contains(&text) {
                    let known = inputs
                        .iter()
                        .find(|(_, input)| input["default"] == *value)
                        .map(|(name, _)| name.clone());
                    let name = known.unwrap_or_else(|| format!("value_{}", inputs.len() + 1));
                    inputs.insert(name.clone(), json!({ "default": value }));
                    *value = format!("{{{{ inputs.{name} }}}}").into();
                } else if self == Self::Latest
                    && let Some(expression) = latest(value, earlier)
                {
                    *value = format!("{{{{ {expression} }}}}").into();
                }
            }
            Value::Bool(_) | Value::Null => {}
        }
    }
}

/// The first equal value of the latest answer that has one.
fn latest(value: &Value, earlier: &[(String, Value)]) -> Option<String> {
    earlier.iter().find_map(|(base, data)| {
        let mut found = None;
        crate::leaf::leaves(data, &mut |pointer, _, leaf| {
            if found.is_none() && leaf == value {
                found = Some(pointer.to_owned());
            }
        });
        let mut text = base.clone();
        for word in found?.split('/').skip(1) {
            let word = word.replace("~1", "/").replace("~0", "~");
            if word.bytes().all(|b| b.is_ascii_digit()) && !word.is_empty() {
                text.push_str(&format!("[{word}]"));
            } else {
                text.push_str(&format!("[{}]", Value::from(word)));
            }
        }
        Some(text)
    })
}
