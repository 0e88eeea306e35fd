//! Recordings inside of what others keep with them: a request with its response, the body of an answer, a document or
//! a list under a name of the keeper's own, or JSON as text. One or two levels down there must be just one.

use super::value::{list, present, size, text};
use super::{ai_sdk, chat, grown, sniff};
use crate::packed::{Packed, Repeated};
use serde_json::{Map, Value};

/// A recording, and what stood beside it: its name and its bytes.
pub(super) struct Inner {
    pub(super) value: Value,
    pub(super) beside: Vec<(String, u64)>,
    /// Objects of texts that were opened in which a key stands twice.
    pub(super) repeated: Vec<Repeated>,
}

/// How long a text is that says something of its own.
const LONG: usize = 200;

/// Names for what was asked of a model and what it answered.
const EXCHANGES: [(&str, &str); 4] = [
    ("request", "response"),
    ("request_body", "response_body"),
    ("input", "output"),
    ("kwargs", "response"),
];

/// Whether a recording stands inside of a value that is none.
pub(super) fn is_one(value: &Value) -> bool {
    Plan::of(value).is_some()
}

/// The recording inside of a value that is none.
pub(super) fn open(value: Value) -> Result<Inner, Value> {
    match Plan::of(&value) {
        Some(plan) => Ok(plan.follow(value)),
        None => Err(value),
    }
}

/// How to come to it.
enum Plan {
    /// The messages of an exchange, with the answer.
    Exchange(&'static str, &'static str),
    /// The messages of a result of the AI SDK.
    Result,
    /// What an agent of OpenAI's library had made when its run was kept.
    RunState,
    /// One field, or a field of it.
    Field(String, Option<String>),
}

impl Plan {
    fn of(value: &Value) -> Option<Self> {
        let map = value.as_object()?;
        for (request, response) in EXCHANGES {
            let asked = map.get(request).and_then(body);
            if asked.is_some_and(|asked| is_request(&asked)) && map.contains_key(response) {
                return Some(Self::Exchange(request, response));
            }
        }
        if map.contains_key("$schemaVersion") && !list(value, "generated_items").is_empty() {
            return Some(Self::RunState);
        }
        if has_steps(value) {
            return Some(Self::Result);
        }
        let near: Vec<&String> = fields(map)
            .filter(|(_, inner)| knows(inner))
            .map(|(key, _)| key)
            .collect();
        match near.as_slice() {
            [one] => return Some(Self::Field((*one).clone(), None)),
            [] => {}
            _ => return None,
        }
        let mut far = fields(map)
            .filter_map(|(key, inner)| Some((key, inner.as_object()?)))
            .flat_map(|(key, inner)| {
                fields(inner)
                    .filter(|(_, value)| knows(value))
                    .map(move |(below, _)| (key, below))
            });
        match (far.next(), far.next()) {
            (Some((key, below)), None) => Some(Self::Field(key.clone(), Some(below.clone()))),
            _ => None,
        }
    }

    fn follow(self, value: Value) -> Inner {
        let Value::Object(mut map) = value else {
            return Inner {
                value,
                beside: Vec::new(),
                repeated: Vec::new(),
            };
        };
        let mut beside = Vec::new();
        let mut repeated = Vec::new();
        let value = match self {
            Self::Exchange(request, response) => {
                let asked = map
                    .remove(request)
                    .map(|side| into_body(side, &mut repeated))
                    .unwrap_or_default();
                let answered = map
                    .remove(response)
                    .map(|side| into_body(side, &mut repeated))
                    .unwrap_or_default();
                let (whole, unread) = exchange(asked, answered);
                if let Some(unread) = unread {
                    map.insert(response.to_owned(), unread);
                }
                whole
            }
            Self::Result => result(&mut map),
            Self::RunState => return run_state(&map),
            Self::Field(key, below) => {
                let inner = map.remove(&key).unwrap_or_default();
                match (below, inner) {
                    (Some(below), Value::Object(mut inner)) => {
                        let value = inner.remove(&below).unwrap_or_default();
                        left(&inner, &mut beside);
                        whole(value, &mut repeated)
                    }
                    (_, inner) => whole(inner, &mut repeated),
                }
            }
        };
        left(&map, &mut beside);
        Inner {
            value,
            beside,
            repeated,
        }
    }
}

fn fields(map: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    map.iter()
        .filter(|(_, value)| value.is_object() || value.is_array() || value.is_string())
}

/// What is left of an object, but numbers and short texts: those say nothing of the task.
fn left(map: &Map<String, Value>, beside: &mut Vec<(String, u64)>) {
    for (key, value) in map {
        let says = match value {
            Value::Object(inner) => !inner.is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::String(text) => text.len() > LONG,
            _ => false,
        };
        if says {
            beside.push((key.clone(), size(value)));
        }
    }
}

/// A value, or the JSON that it is the text of.
fn read(text: &str) -> Option<Value> {
    let start = text.trim_start();
    if !start.starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// The value that a text holds, or the text.
fn opened(text: String, repeated: &mut Vec<Repeated>) -> Value {
    if !text.trim_start().starts_with(['{', '[']) {
        return Value::String(text);
    }
    match serde_json::from_str::<Packed>(&text) {
        Ok(read) => {
            repeated.extend(read.repeated);
            read.value
        }
        Err(_) => Value::String(text),
    }
}

fn knows(value: &Value) -> bool {
    match value {
        Value::String(text) => read(text).is_some_and(|value| knows_value(&value)),
        value => knows_value(value),
    }
}

fn knows_value(value: &Value) -> bool {
    sniff::document(value).is_some()
        || is_answer(value)
        || value.as_array().is_some_and(|items| {
            items
                .iter()
                .take(sniff::LOOK)
                .any(|item| sniff::document(item).is_some())
        })
}

/// Whether this is one message of a model that makes a call.
fn is_answer(value: &Value) -> bool {
    let calls = |block: &Value| matches!(text(block, "type"), Some("tool_use" | "server_tool_use"));
    chat::role(value) == Some("assistant")
        && (list(value, "content").iter().any(calls)
            || !list(value, "tool_calls").is_empty()
            || (ai_sdk::is_message(value) && !list(value, "parts").is_empty()))
}

/// What was found, as a document: text is read, and one message is a list of it.
fn whole(value: Value, repeated: &mut Vec<Repeated>) -> Value {
    let value = match value {
        Value::String(text) => opened(text, repeated),
        value => value,
    };
    if is_answer(&value) && sniff::document(&value).is_none() {
        return Value::Array(vec![value]);
    }
    value
}

/// A side of an exchange: its body, where it is kept with headers, read where it is text.
fn body(side: &Value) -> Option<std::borrow::Cow<'_, Value>> {
    use std::borrow::Cow;
    match side.get("body").unwrap_or(side) {
        Value::String(text) => read(text).map(Cow::Owned),
        value => Some(Cow::Borrowed(value)),
    }
}

fn into_body(side: Value, repeated: &mut Vec<Repeated>) -> Value {
    let side = match side {
        Value::Object(mut map) if map.contains_key("body") => {
            map.remove("body").unwrap_or_default()
        }
        side => side,
    };
    match side {
        Value::String(text) => opened(text, repeated),
        side => side,
    }
}

fn is_request(value: &Value) -> bool {
    list(value, "messages")
        .iter()
        .any(|message| chat::role(message).is_some())
}

/// A request that holds its response, as the readers of chats take it, and a response that they cannot read.
fn exchange(mut asked: Value, answered: Value) -> (Value, Option<Value>) {
    if let Some(made) = made(&answered) {
        if let Some(Value::Array(messages)) = asked.get_mut("messages") {
            let is_whole = made.len() >= messages.len()
                && messages.iter().zip(&made).all(|(a, b)| repeats(a, b));
            if is_whole {
                messages.clear();
            }
            messages.extend(made);
        }
        return (asked, None);
    }
    let is_read = answered.get("role").is_some()
        || !list(&answered, "choices").is_empty()
        || answered.get("message").and_then(chat::role).is_some();
    if !is_read {
        return (asked, Some(answered));
    }
    let answered = match answered {
        Value::Object(mut map) if map.contains_key("role") && !map.contains_key("type") => {
            let message = Value::Object(std::mem::take(&mut map));
            serde_json::json!({ "choices": [{ "message": message }] })
        }
        answered => answered,
    };
    if let Some(map) = asked.as_object_mut() {
        map.insert("response".to_owned(), answered);
    }
    (asked, None)
}

/// The messages of an answer that is a list of them, holds one, or keeps one message as its output.
fn made(answered: &Value) -> Option<Vec<Value>> {
    let messages = answered
        .as_array()
        .or_else(|| answered.get("messages")?.as_array());
    if let Some(messages) = messages {
        let is_chat = messages.iter().any(|message| chat::role(message).is_some());
        return is_chat.then(|| messages.clone());
    }
    let message = answered.get("output")?.get("message")?;
    chat::role(message)?;
    Some(vec![message.clone()])
}

/// Whether two messages are one: a recorder may add fields of its own to what it was given.
fn repeats(one: &Value, two: &Value) -> bool {
    let same = |key: &str| match (present(one, key), present(two, key)) {
        (Some(one), Some(two)) => grown::same(one, two),
        (one, two) => one.is_none() && two.is_none(),
    };
    chat::role(one) == chat::role(two) && same("content") && same("tool_calls")
}

/// The items of a run that was kept, as a response: what it was asked, and what it made.
fn run_state(map: &Map<String, Value>) -> Inner {
    let items = map.get("generated_items").and_then(Value::as_array);
    let made: Vec<Value> = items
        .into_iter()
        .flatten()
        // A question about a call holds that call again.
        .filter(|item| text(item, "type") != Some("tool_approval_item"))
        .filter_map(|item| item.get("raw_item").cloned())
        .collect();
    let asked = map.get("original_input").cloned().unwrap_or_default();
    Inner {
        value: serde_json::json!({ "object": "response", "input": asked, "output": made }),
        beside: Vec::new(),
        repeated: Vec::new(),
    }
}

fn has_steps(value: &Value) -> bool {
    let made = |step: &Value| {
        list(step, "content")
            .iter()
            .any(|part| text(part, "toolCallId").is_some())
    };
    list(value, "steps").iter().any(made)
        || (value.get("steps").is_some_and(Value::is_array)
            && list(&value["response"], "messages")
                .iter()
                .any(ai_sdk::is_message))
}

/// The messages of a result: those of the last response hold them all; without them, what each step made.
fn result(map: &mut Map<String, Value>) -> Value {
    let steps = match map.remove("steps") {
        Some(Value::Array(steps)) => steps,
        _ => Vec::new(),
    };
    let messages = |response: Option<Value>| match response {
        Some(Value::Object(mut response)) => response.remove("messages"),
        _ => None,
    };
    let given = messages(map.remove("response")).filter(|messages| {
        messages
            .as_array()
            .is_some_and(|messages| messages.iter().any(ai_sdk::is_message))
    });
    let messages = given.unwrap_or_else(|| {
        let made = steps.into_iter().filter_map(|mut step| {
            let content = step.get_mut("content")?.take();
            Some(serde_json::json!({ "role": "assistant", "content": content }))
        });
        made.collect()
    });
    for repeated in [
        "text",
        "content",
        "toolCalls",
        "toolResults",
        "staticToolCalls",
        "dynamicToolCalls",
        "staticToolResults",
        "dynamicToolResults",
        "usage",
        "totalUsage",
        "request",
    ] {
        map.remove(repeated);
    }
    serde_json::json!({ "messages": messages })
}
