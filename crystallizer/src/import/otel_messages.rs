//! What spans of models and agents tell of the conversation: words, calls and answers in the order in which they stand
//! there, however the exporter spells them.

use super::otel_span::Span;
use super::value::*;
use crate::session::Role;
use druse_engine::Digest;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How many numbered attributes of one span are looked at.
const MOST: usize = 100_000;

/// One thing that a message tells.
pub(super) enum Item {
    Said(Role, String),
    Call(Told),
    Answer {
        id: String,
        content: Value,
        failed: bool,
    },
}

/// A call as it stands in a message.
pub(super) struct Told {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: Option<Value>,
    /// Which message of its span: calls of one message are issued together.
    pub(super) message: usize,
}

/// What one span tells.
#[derive(Default)]
pub(super) struct Talk {
    /// What was known when it began: the request to the model, the task of the agent.
    pub(super) before: Vec<Item>,
    /// What came of it.
    pub(super) after: Vec<Item>,
}

impl Talk {
    pub(super) fn is_empty(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }

    pub(super) fn items(&self) -> impl Iterator<Item = &Item> {
        self.before.iter().chain(&self.after)
    }
}

/// Reads what a span tells. A span that says the same in several spellings is read in the first of them.
pub(super) fn talk(span: &Span) -> Talk {
    let mut reader = Reader::default();
    let mut before = reader.first_of(span, &BEFORE);
    let is_system = |item: &Item| matches!(item, Item::Said(Role::System, _));
    if !before.iter().any(is_system)
        && let Some(told) = span.attributes.get("gen_ai.system_instructions")
    {
        let parts = parsed(told);
        let parts = parts.as_ref().unwrap_or(told);
        let mut said = Vec::new();
        for part in parts
            .as_array()
            .map_or(std::slice::from_ref(parts), Vec::as_slice)
        {
            said.extend(part.as_str().or_else(|| spoken(part)));
        }
        if !said.is_empty() {
            before.insert(0, Item::Said(Role::System, said.join("\n")));
        }
    }
    let after = reader.first_of(span, &AFTER);
    Talk { before, after }
}

type Source = fn(&mut Reader, &Span);

/// The spellings of what stands before, most exact first.
const BEFORE: [Source; 7] = [
    |reader, span| reader.openinference(&span.attributes, "llm.input_messages"),
    |reader, span| reader.whole(&span.attributes, &["gen_ai.input.messages"], "user"),
    |reader, span| reader.numbered(&span.attributes, "prompt"),
    |reader, span| reader.gemini_request(&span.attributes),
    |reader, span| {
        reader.whole(
            &span.attributes,
            &["ai.prompt.messages", "ai.prompt"],
            "user",
        )
    },
    |reader, span| reader.events(span, false),
    |reader, span| reader.whole(&span.attributes, &["events", "gen_ai.prompt"], "user"),
];

/// The spellings of what stands behind.
const AFTER: [Source; 8] = [
    |reader, span| reader.openinference(&span.attributes, "llm.output_messages"),
    |reader, span| reader.whole(&span.attributes, &["gen_ai.output.messages"], "assistant"),
    |reader, span| reader.numbered(&span.attributes, "completion"),
    |reader, span| {
        reader.whole(
            &span.attributes,
            &["gcp.vertex.agent.llm_response"],
            "assistant",
        )
    },
    |reader, span| reader.ai_sdk(&span.attributes),
    |reader, span| reader.events(span, true),
    // The whole conversation, which an agent's span holds when it has ended.
    |reader, span| {
        reader.whole(
            &span.attributes,
            &["pydantic_ai.all_messages", "all_messages_events"],
            "assistant",
        );
    },
    |reader, span| reader.whole(&span.attributes, &["gen_ai.completion"], "assistant"),
];

/// A value that may be written as text of JSON.
pub(super) fn parsed(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
            serde_json::from_str(text).ok()
        }
        Value::String(_) => None,
        other => Some(other.clone()),
    }
}

fn role(name: &str) -> Option<Role> {
    Some(match name {
        "user" | "human" => Role::User,
        "system" | "developer" => Role::System,
        "assistant" | "model" | "ai" => Role::Assistant,
        _ => return None,
    })
}

/// The words of a part of a message.
fn spoken(part: &Value) -> Option<&str> {
    let is_text = match text(part, "type") {
        Some(kind) => matches!(kind, "text" | "input_text" | "output_text" | "refusal"),
        None => true,
    };
    if !is_text || part.get("thought") == Some(&Value::Bool(true)) {
        return None;
    }
    text(part, "text").or_else(|| text(part, "content"))
}

#[derive(Default)]
struct Reader {
    items: Vec<Item>,
    messages: usize,
    /// How often a call without an id was told in this span, by what it is.
    nameless: BTreeMap<String, usize>,
    /// Calls without an id that wait for their answer, by the tool.
    waiting: Vec<(String, String)>,
}

impl Reader {
    fn first_of(&mut self, span: &Span, sources: &[Source]) -> Vec<Item> {
        for source in sources {
            source(self, span);
            if !self.items.is_empty() {
                break;
            }
        }
        std::mem::take(&mut self.items)
    }

    /// `llm.input_messages.N.message.tool_calls.M.tool_call.function.name` and the like.
    fn openinference(&mut self, attributes: &Map<String, Value>, side: &str) {
        for number in 0..MOST {
            let start = format!("{side}.{number}.message");
            let at = |key: &str| attributes.get(&format!("{start}.{key}"));
            let said = |key: &str| at(key).and_then(Value::as_str);
            let first = "tool_calls.0.tool_call.function.name";
            if at("role").is_none() && at("content").is_none() && at(first).is_none() {
                break;
            }
            self.messages += 1;
            let mut texts: Vec<&str> = said("content").into_iter().collect();
            for part in 0..MOST {
                let kind = said(&format!("contents.{part}.message_content.type"));
                let text = said(&format!("contents.{part}.message_content.text"));
                if kind.is_none() && text.is_none() {
                    break;
                }
                texts.extend(text);
            }
            self.said(said("role").unwrap_or("assistant"), &texts.join("\n"));
            for call in 0..MOST {
                let part = format!("tool_calls.{call}.tool_call");
                let Some(name) = said(&format!("{part}.function.name")) else {
                    break;
                };
                let given = at(&format!("{part}.function.arguments")).cloned();
                let id = said(&format!("{part}.id")).map(str::to_owned);
                self.call(id, name, given);
            }
            if said("role") == Some("tool") {
                let content = at("content")
                    .cloned()
                    .unwrap_or_else(|| Value::from(texts.join("\n")));
                self.answer(
                    said("tool_call_id").map(str::to_owned),
                    said("name"),
                    content,
                    false,
                );
            }
        }
    }

    /// `gen_ai.prompt.N.tool_calls.M.name` and the like.
    fn numbered(&mut self, attributes: &Map<String, Value>, side: &str) {
        for number in 0..MOST {
            let at = |key: &str| attributes.get(&format!("gen_ai.{side}.{number}.{key}"));
            let said = |key: &str| at(key).and_then(Value::as_str);
            if at("role").is_none() && at("content").is_none() && at("tool_calls.0.name").is_none()
            {
                break;
            }
            self.messages += 1;
            let role = said("role").unwrap_or(if side == "prompt" {
                "user"
            } else {
                "assistant"
            });
            if role == "tool" {
                let content = at("content").cloned().unwrap_or_default();
                self.answer(
                    said("tool_call_id").map(str::to_owned),
                    None,
                    content,
                    false,
                );
            } else {
                self.content(role, at("content").unwrap_or(&Value::Null));
            }
            for call in 0..MOST {
                let Some(name) = said(&format!("tool_calls.{call}.name")) else {
                    break;
                };
                let given = at(&format!("tool_calls.{call}.arguments")).cloned();
                let id = said(&format!("tool_calls.{call}.id")).map(str::to_owned);
                self.call(id, name, given);
            }
        }
    }

    /// Messages that stand whole in an attribute.
    fn whole(&mut self, attributes: &Map<String, Value>, keys: &[&str], unsaid: &str) {
        for key in keys {
            let Some(value) = attributes.get(*key) else {
                continue;
            };
            match parsed(value) {
                Some(Value::Array(messages)) => {
                    messages
                        .iter()
                        .for_each(|message| self.message(message, unsaid));
                }
                Some(message @ Value::Object(_)) => self.message(&message, unsaid),
                _ => {}
            }
            if !self.items.is_empty() {
                return;
            }
        }
    }

    fn gemini_request(&mut self, attributes: &Map<String, Value>) {
        let Some(request) = attributes
            .get("gcp.vertex.agent.llm_request")
            .and_then(parsed)
        else {
            return;
        };
        let config = request.get("config").unwrap_or(&Value::Null);
        self.messages += 1;
        match config.get("system_instruction") {
            Some(Value::String(said)) => self.said("system", said),
            Some(Value::Object(content)) => {
                for part in content
                    .get("parts")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                {
                    self.said("system", spoken(part).unwrap_or(""));
                }
            }
            _ => {}
        }
        let contents = list(&request, "contents");
        contents
            .iter()
            .for_each(|message| self.message(message, "user"));
    }

    /// What the AI SDK writes of a model's answer.
    fn ai_sdk(&mut self, attributes: &Map<String, Value>) {
        self.messages += 1;
        for key in ["ai.response.text", "ai.result.text"] {
            if let Some(Value::String(said)) = attributes.get(key) {
                self.said("assistant", said);
                break;
            }
        }
        for key in ["ai.response.toolCalls", "ai.result.toolCalls"] {
            if let Some(Value::Array(calls)) = attributes.get(key).and_then(parsed) {
                calls.iter().for_each(|call| self.tool_call(call));
                break;
            }
        }
    }

    /// Messages that stand on events of the span.
    fn events(&mut self, span: &Span, after: bool) {
        for (name, told) in &span.events {
            let role = match name.as_str() {
                "gen_ai.user.message" => "user",
                "gen_ai.system.message" => "system",
                "gen_ai.assistant.message" | "gen_ai.choice" => "assistant",
                "gen_ai.tool.message" => "tool",
                _ => continue,
            };
            if after == (name == "gen_ai.choice") {
                self.message(told, role);
            }
        }
    }

    /// A message, whose role is another one's word where it has none of its own.
    fn message(&mut self, message: &Value, unsaid: &str) {
        if let Value::String(said) = message {
            self.messages += 1;
            return self.content(unsaid, &Value::from(said.as_str()));
        }
        if text(message, "role").is_none() {
            for key in ["message", "content"] {
                if let Some(inner) = message.get(key).filter(|inner| inner.is_object()) {
                    return self.message(inner, unsaid);
                }
            }
            // A request: its instructions, and what was said or the messages so far.
            if message.get("prompt").is_some() || message.get("messages").is_some() {
                self.messages += 1;
                self.said("system", text(message, "system").unwrap_or(""));
                self.said("user", text(message, "prompt").unwrap_or(""));
                for key in ["messages", "prompt"] {
                    list(message, key)
                        .iter()
                        .for_each(|message| self.message(message, unsaid));
                }
                return;
            }
        }
        self.messages += 1;
        let named = text(message, "event.name").and_then(|name| match name {
            "gen_ai.user.message" => Some("user"),
            "gen_ai.system.message" => Some("system"),
            "gen_ai.tool.message" => Some("tool"),
            "gen_ai.assistant.message" | "gen_ai.choice" => Some("assistant"),
            _ => None,
        });
        let role = text(message, "role").or(named).unwrap_or(unsaid);
        let content = ["parts", "content", "message", "text"]
            .iter()
            .find_map(|key| present(message, key))
            .unwrap_or(&Value::Null);
        let of = ["tool_call_id", "toolCallId", "id"]
            .iter()
            .find_map(|key| id(message, key));
        if let ("tool", Some(of)) = (role, of) {
            let failed = text(message, "status") == Some("error");
            self.answer(Some(of), text(message, "name"), answered(content), failed);
        } else {
            self.content(role, content);
        }
        let calls = list(message, "tool_calls");
        calls.iter().for_each(|call| self.tool_call(call));
    }

    /// Content: text, parts, or text of JSON that holds parts.
    fn content(&mut self, role: &str, content: &Value) {
        let parts = match content {
            Value::String(said) => match parsed(content) {
                Some(Value::Array(parts)) if parts.iter().any(is_part) => parts,
                _ => return self.said(role, said),
            },
            Value::Array(parts) => return self.parts(role, parts),
            part @ Value::Object(_) => vec![part.clone()],
            _ => return,
        };
        self.parts(role, &parts);
    }

    fn parts(&mut self, role: &str, parts: &[Value]) {
        let texts = parts
            .iter()
            .filter_map(|part| part.as_str().or_else(|| spoken(part)));
        let texts: Vec<&str> = texts.collect();
        self.said(role, &texts.join("\n"));
        parts.iter().for_each(|part| self.part(part));
    }

    fn part(&mut self, part: &Value) {
        for key in ["toolUse", "function_call", "functionCall"] {
            if let Some(call) = part.get(key).filter(|call| call.is_object()) {
                return self.tool_call(call);
            }
        }
        for key in ["toolResult", "function_response", "functionResponse"] {
            if let Some(answer) = part.get(key).filter(|answer| answer.is_object()) {
                return self.tool_answer(answer);
            }
        }
        match text(part, "type") {
            Some("tool_call" | "tool_use" | "tool-call" | "function_call") => self.tool_call(part),
            Some("tool_call_response" | "tool_result" | "tool-result" | "function_call_output") => {
                self.tool_answer(part);
            }
            _ => {}
        }
    }

    fn tool_call(&mut self, call: &Value) {
        let function = call
            .get("function")
            .filter(|inner| inner.is_object())
            .unwrap_or(call);
        let name = ["name", "toolName"]
            .iter()
            .find_map(|key| text(function, key));
        let given = ["arguments", "args", "input"]
            .iter()
            .find_map(|key| present(function, key));
        let own = ["id", "toolCallId", "toolUseId", "call_id"]
            .iter()
            .find_map(|key| id(call, key));
        self.call(own, name.unwrap_or(""), given.cloned());
    }

    fn tool_answer(&mut self, answer: &Value) {
        let own = [
            "id",
            "tool_call_id",
            "tool_use_id",
            "toolCallId",
            "toolUseId",
            "call_id",
        ];
        let own = own.iter().find_map(|key| id(answer, key));
        let told = ["response", "result", "output", "content"]
            .iter()
            .find_map(|key| answer.get(*key));
        let Some(told) = told else { return };
        let failed = text(answer, "status") == Some("error") || flag(answer.get("is_error"));
        let name = ["name", "toolName"]
            .iter()
            .find_map(|key| text(answer, key));
        self.answer(own, name, answered(told), failed);
    }

    fn said(&mut self, name: &str, said: &str) {
        if let Some(role) = role(name).filter(|_| !said.trim().is_empty()) {
            self.items.push(Item::Said(role, said.to_owned()));
        }
    }

    /// A call; without an id it is known again by what it is, and by which of its like it is in its span.
    fn call(&mut self, id: Option<String>, name: &str, arguments: Option<Value>) {
        let id = id.unwrap_or_else(|| {
            let given = arguments.as_ref().map(Value::to_string).unwrap_or_default();
            let digest = Digest::of(given.as_bytes()).to_string();
            let short: String = digest.chars().rev().take(8).collect();
            let like = format!("{name}-{short}");
            let count = self.nameless.entry(like.clone()).or_default();
            *count += 1;
            let id = format!("{like}-{count}");
            self.waiting.push((name.to_owned(), id.clone()));
            id
        });
        self.items.push(Item::Call(Told {
            id,
            name: name.to_owned(),
            arguments,
            message: self.messages,
        }));
    }

    fn answer(&mut self, id: Option<String>, name: Option<&str>, content: Value, failed: bool) {
        let id = id.or_else(|| {
            let at = self
                .waiting
                .iter()
                .take(64)
                .position(|(tool, _)| name.is_none_or(|name| name == tool))?;
            Some(self.waiting.remove(at).1)
        });
        let Some(id) = id else { return };
        self.items.push(Item::Answer {
            id,
            content,
            failed,
        });
    }
}

fn is_part(part: &Value) -> bool {
    let keys = [
        "text",
        "type",
        "toolUse",
        "toolResult",
        "function_call",
        "function_response",
        "json",
    ];
    keys.iter().any(|key| part.get(*key).is_some())
}

/// An answer without the blocks that some exporters keep texts in.
pub(super) fn answered(content: &Value) -> Value {
    let blocks = match content {
        Value::String(_) => parsed(content),
        other => Some(other.clone()),
    };
    let Some(Value::Array(blocks)) = blocks else {
        return content.clone();
    };
    let mut texts = Vec::new();
    for block in &blocks {
        let Some(map) = block.as_object().filter(|map| map.len() <= 2) else {
            return content.clone();
        };
        match (text(block, "text"), map.get("json"), text(block, "type")) {
            (Some(said), _, None | Some("text")) => texts.push(said.to_owned()),
            (None, Some(json), None) if blocks.len() == 1 => return json.clone(),
            _ => return content.clone(),
        }
    }
    match texts.is_empty() {
        true => content.clone(),
        false => Value::from(texts.join("\n")),
    }
}
