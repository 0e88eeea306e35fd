//! Calls and answers as the spans of requests to a model repeat them: exporters that leave arguments
//! off the spans of tools often keep them there.

use super::value::*;
use crate::session::Role;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How many numbered attributes of one span are looked at.
const MOST: usize = 100_000;

/// Where OpenInference keeps messages.
const SIDES: [&str; 2] = ["llm.input_messages", "llm.output_messages"];

/// What OpenInference's messages say, in their order.
pub(super) fn spoken(attributes: &Map<String, Value>) -> Vec<(Role, String)> {
    let mut out = Vec::new();
    for side in SIDES {
        for number in 0..MOST {
            let start = format!("{side}.{number}.message");
            let said = |key: &str| {
                attributes
                    .get(&format!("{start}.{key}"))
                    .and_then(Value::as_str)
            };
            let Some(role) = said("role") else { break };
            let role = match role {
                "user" | "human" => Role::User,
                "system" | "developer" => Role::System,
                "assistant" | "model" | "ai" => Role::Assistant,
                _ => continue,
            };
            let mut texts: Vec<&str> = said("content").into_iter().collect();
            for part in 0..MOST {
                let kind = said(&format!("contents.{part}.message_content.type"));
                let text = said(&format!("contents.{part}.message_content.text"));
                if kind.is_none() && text.is_none() {
                    break;
                }
                texts.extend(text);
            }
            out.push((role, texts.join("\n")));
        }
    }
    out
}

/// A call as it stands in a message.
pub(super) struct Told {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: Option<Value>,
    /// The index of the span that told it first.
    pub(super) span: usize,
}

/// What the messages of all spans tell, each call once, in the order of first telling.
#[derive(Default)]
pub(super) struct Messages {
    pub(super) calls: Vec<Told>,
    pub(super) answers: BTreeMap<String, Value>,
    known: BTreeMap<String, usize>,
}

impl Messages {
    /// The arguments of a call that some message tells.
    pub(super) fn arguments(&self, id: &str) -> Option<&Value> {
        self.calls.get(*self.known.get(id)?)?.arguments.as_ref()
    }

    /// Takes the attributes of one span.
    pub(super) fn take(&mut self, attributes: &Map<String, Value>, span: usize) {
        for key in ["gen_ai.input.messages", "gen_ai.output.messages"] {
            let parsed = match attributes.get(key) {
                Some(Value::String(text)) => serde_json::from_str::<Value>(text).ok(),
                Some(other) => Some(other.clone()),
                None => None,
            };
            for message in parsed
                .as_ref()
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                for part in list(message, "parts") {
                    self.part(part, span);
                }
            }
        }
        for side in ["prompt", "completion"] {
            self.numbered(attributes, side, span);
        }
        for side in SIDES {
            self.openinference(attributes, side, span);
        }
    }

    /// `llm.input_messages.N.message.tool_calls.M.tool_call.function.name` and the like.
    fn openinference(&mut self, attributes: &Map<String, Value>, side: &str, span: usize) {
        for number in 0..MOST {
            let start = format!("{side}.{number}.message");
            let at = |key: &str| attributes.get(&format!("{start}.{key}"));
            let said = |key: &str| at(key).and_then(Value::as_str).map(str::to_owned);
            let first = "tool_calls.0.tool_call.function.name";
            if at("role").is_none() && at("content").is_none() && at(first).is_none() {
                break;
            }
            for call in 0..MOST {
                let part = format!("tool_calls.{call}.tool_call");
                let Some(name) = said(&format!("{part}.function.name")) else {
                    break;
                };
                // Without an id a call that was told again cannot be known: its place in this span names it.
                let id = said(&format!("{part}.id"))
                    .unwrap_or_else(|| format!("{side}-{span}-{number}-{call}"));
                let given = at(&format!("{part}.function.arguments")).cloned();
                self.call(id, name, given, span);
            }
            if let (Some("tool"), Some(id), Some(content)) =
                (said("role").as_deref(), said("tool_call_id"), at("content"))
            {
                self.answers.entry(id).or_insert_with(|| content.clone());
            }
        }
    }

    fn part(&mut self, part: &Value, span: usize) {
        let Some(id) = id(part, "id") else { return };
        match text(part, "type") {
            Some("tool_call") => {
                let name = text(part, "name").unwrap_or("").to_owned();
                self.call(id, name, part.get("arguments").cloned(), span);
            }
            Some("tool_call_response") => {
                let answer = ["response", "result"].iter().find_map(|key| part.get(*key));
                if let Some(answer) = answer {
                    self.answers.entry(id).or_insert_with(|| answer.clone());
                }
            }
            _ => {}
        }
    }

    /// `gen_ai.prompt.N.tool_calls.M.name` and the like.
    fn numbered(&mut self, attributes: &Map<String, Value>, side: &str, span: usize) {
        for number in 0..MOST {
            let at = |key: &str| attributes.get(&format!("gen_ai.{side}.{number}.{key}"));
            let said = |key: &str| at(key).and_then(Value::as_str).map(str::to_owned);
            if at("role").is_none() && at("content").is_none() && at("tool_calls.0.name").is_none()
            {
                break;
            }
            for call in 0..MOST {
                let Some(name) = said(&format!("tool_calls.{call}.name")) else {
                    break;
                };
                let id = said(&format!("tool_calls.{call}.id"))
                    .unwrap_or_else(|| format!("{side}-{number}-{call}"));
                self.call(
                    id,
                    name,
                    at(&format!("tool_calls.{call}.arguments")).cloned(),
                    span,
                );
            }
            if let (Some("tool"), Some(id), Some(content)) =
                (said("role").as_deref(), said("tool_call_id"), at("content"))
            {
                self.answers.entry(id).or_insert_with(|| content.clone());
            }
        }
    }

    fn call(&mut self, id: String, name: String, arguments: Option<Value>, span: usize) {
        if !self.known.contains_key(&id) {
            self.known.insert(id.clone(), self.calls.len());
            self.calls.push(Told {
                id,
                name,
                arguments,
                span,
            });
        }
    }
}
