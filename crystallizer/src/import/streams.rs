//! Puts the pieces of a streamed answer together: chunks of a chat completion, events of an Anthropic message, and what
//! the AI SDK sends to a user interface. The answer stands where the stream began, in the request before it where
//! there is one.

use super::body::Record;
use super::value::{id, list, present, text};
use serde_json::{Map, Value, json};

/// How many records are looked at to find a stream.
const LOOK: usize = 50;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Completion,
    Message,
    Interface,
}

/// The stream that a record can only be a piece of.
fn sure(value: &Value) -> Option<Kind> {
    if text(value, "object") == Some("chat.completion.chunk") {
        return Some(Kind::Completion);
    }
    match text(value, "type")? {
        "content_block_start" if value.get("content_block").is_some() => Some(Kind::Message),
        "content_block_delta" if value.get("delta").is_some() => Some(Kind::Message),
        "tool-input-start" | "tool-input-available" | "tool-output-available"
            if text(value, "toolCallId").is_some() =>
        {
            Some(Kind::Interface)
        }
        _ => None,
    }
}

/// Whether a record is a piece of a stream of this kind.
fn is_piece(kind: Kind, value: &Value) -> bool {
    let Some(named) = text(value, "type") else {
        return kind == Kind::Completion && sure(value) == Some(kind);
    };
    match kind {
        Kind::Completion => sure(value) == Some(kind),
        Kind::Message => matches!(
            named,
            "message_start"
                | "content_block_start"
                | "content_block_delta"
                | "content_block_stop"
                | "message_delta"
                | "message_stop"
                | "ping"
        ),
        Kind::Interface => {
            value.get("role").is_none()
                && ([
                    "start",
                    "finish",
                    "abort",
                    "error",
                    "text-",
                    "reasoning-",
                    "tool-",
                    "start-",
                    "finish-",
                    "message-",
                    "source-",
                    "data-",
                    "file",
                ]
                .iter()
                .any(|begin| named.starts_with(begin)))
        }
    }
}

/// Whether a piece begins another answer than the one that is put together.
fn begins(kind: Kind, value: &Value, current: Option<&str>) -> bool {
    match kind {
        Kind::Completion => id(value, "id").as_deref() != current,
        Kind::Message => text(value, "type") == Some("message_start"),
        Kind::Interface => text(value, "type") == Some("start"),
    }
}

/// The records with an answer in the place of each stream's pieces.
pub(super) fn assemble(records: Vec<Record>) -> Vec<Record> {
    let found = records
        .iter()
        .take(LOOK)
        .find_map(|record| sure(&record.value));
    let Some(kind) = found else {
        return records;
    };
    let mut out: Vec<Record> = Vec::new();
    let mut pieces: Vec<Record> = Vec::new();
    for record in records {
        if !is_piece(kind, &record.value) {
            close(kind, &mut pieces, &mut out);
            out.push(record);
            continue;
        }
        let current = pieces.first().and_then(|first| id(&first.value, "id"));
        if begins(kind, &record.value, current.as_deref()) {
            close(kind, &mut pieces, &mut out);
        }
        pieces.push(record);
    }
    close(kind, &mut pieces, &mut out);
    out
}

fn close(kind: Kind, pieces: &mut Vec<Record>, out: &mut Vec<Record>) {
    let pieces = std::mem::take(pieces);
    let Some(line) = pieces.first().map(|first| first.line) else {
        return;
    };
    let taken = Some(pieces.iter().map(Record::bytes).sum());
    let values = pieces.iter().map(|piece| &piece.value);
    let value = match kind {
        Kind::Completion => completion(values),
        Kind::Message => message(values),
        Kind::Interface => shown(values),
    };
    if let Some(Value::Object(request)) = out.last_mut().map(|last| &mut last.value)
        && request.get("messages").is_some_and(Value::is_array)
        && !request.contains_key("response")
        && kind != Kind::Interface
    {
        request.insert("response".to_owned(), value);
        return;
    }
    out.push(Record { value, line, taken });
}

fn append(into: &mut Value, key: &str, piece: Option<&str>) {
    let Some(piece) = piece else { return };
    match into.get_mut(key) {
        Some(Value::String(text)) => text.push_str(piece),
        _ => into[key] = Value::from(piece),
    }
}

/// What a stream puts together, each with the index that it has there: not every stream begins with zero.
#[derive(Default)]
struct Elements {
    indices: Vec<Option<u64>>,
    values: Vec<Value>,
}

impl Elements {
    /// The element with this index, or a new one.
    fn at(&mut self, index: Option<u64>) -> &mut Value {
        let known = index.and_then(|_| self.indices.iter().position(|known| *known == index));
        let at = known.unwrap_or_else(|| {
            self.indices.push(index);
            self.values.push(json!({}));
            self.values.len() - 1
        });
        &mut self.values[at]
    }
}

fn completion<'v>(chunks: impl Iterator<Item = &'v Value>) -> Value {
    let mut whole = json!({ "object": "chat.completion" });
    let mut message = json!({ "role": "assistant", "content": null });
    let mut calls = Elements::default();
    for chunk in chunks {
        for key in ["id", "created", "model", "usage"] {
            if let Some(value) = present(chunk, key) {
                whole[key] = value.clone();
            }
        }
        let choices = list(chunk, "choices");
        let Some(choice) = choices
            .iter()
            .find(|choice| matches!(choice["index"].as_u64(), None | Some(0)))
        else {
            continue;
        };
        let delta = &choice["delta"];
        for key in ["content", "refusal", "reasoning_content"] {
            append(&mut message, key, delta.get(key).and_then(Value::as_str));
        }
        for piece in list(delta, "tool_calls") {
            // A piece without the place of its call goes on with the newest, unless it names another.
            let index = piece["index"].as_u64();
            let goes_on = index.is_none() && piece.get("id").is_none();
            let call = match calls.values.len().checked_sub(1) {
                Some(newest) if goes_on => &mut calls.values[newest],
                _ => calls.at(index),
            };
            for key in ["id", "type"] {
                if let Some(value) = present(piece, key) {
                    call[key] = value.clone();
                }
            }
            let function = &piece["function"];
            if call.get("function").is_none() {
                call["function"] = json!({ "name": "", "arguments": "" });
            }
            let into = &mut call["function"];
            // Some servers repeat the name in each piece.
            let name = text(function, "name").filter(|name| into["name"] != *name);
            append(into, "name", name);
            append(into, "arguments", text(function, "arguments"));
        }
    }
    if !calls.values.is_empty() {
        message["tool_calls"] = Value::from(calls.values);
    }
    whole["choices"] = json!([{ "index": 0, "message": message }]);
    whole
}

fn message<'v>(events: impl Iterator<Item = &'v Value>) -> Value {
    let mut whole = json!({ "type": "message", "role": "assistant" });
    let mut blocks = Elements::default();
    for event in events {
        match text(event, "type") {
            Some("message_start") => {
                for key in ["id", "model", "usage"] {
                    if let Some(value) = present(&event["message"], key) {
                        whole[key] = value.clone();
                    }
                }
            }
            Some("content_block_start") => {
                let block = blocks.at(event["index"].as_u64());
                *block = event["content_block"].clone();
                // What follows is the input as text, from its beginning.
                if block["input"].as_object().is_some_and(Map::is_empty) {
                    block["input"] = Value::from("");
                }
            }
            Some("content_block_delta") => {
                let block = blocks.at(event["index"].as_u64());
                let delta = &event["delta"];
                for (piece, key) in [
                    ("text", "text"),
                    ("partial_json", "input"),
                    ("thinking", "thinking"),
                ] {
                    append(block, key, delta.get(piece).and_then(Value::as_str));
                }
            }
            Some("message_delta") => {
                if let (Some(Value::Object(more)), Some(usage)) = (
                    event.get("usage"),
                    whole.get_mut("usage").and_then(Value::as_object_mut),
                ) {
                    usage.extend(more.clone());
                }
            }
            _ => {}
        }
    }
    whole["content"] = Value::from(blocks.values);
    whole
}

fn shown<'v>(events: impl Iterator<Item = &'v Value>) -> Value {
    let mut whole = json!({ "role": "assistant" });
    let mut parts: Vec<Value> = Vec::new();
    for event in events {
        let named = text(event, "type").unwrap_or("");
        match named {
            "start" => {
                if let Some(message) = present(event, "messageId") {
                    whole["id"] = message.clone();
                }
            }
            "start-step" => parts.push(json!({ "type": "step-start" })),
            "text-start" => parts.push(json!({ "type": "text", "text": "", "id": event["id"] })),
            "text-delta" => {
                let open = parts
                    .iter_mut()
                    .rev()
                    .find(|part| part["type"] == "text" && part["id"] == event["id"]);
                match open {
                    Some(part) => append(part, "text", text(event, "delta")),
                    None => parts
                        .push(json!({ "type": "text", "text": event["delta"], "id": event["id"] })),
                }
            }
            _ if named.starts_with("tool-") => tool(named, event, &mut parts),
            _ if ["data-", "source-", "file"]
                .iter()
                .any(|begin| named.starts_with(begin)) =>
            {
                parts.push(event.clone());
            }
            _ => {}
        }
    }
    whole["parts"] = Value::from(parts);
    whole
}

fn tool(named: &str, event: &Value, parts: &mut Vec<Value>) {
    let call = &event["toolCallId"];
    let known = parts
        .iter()
        .rposition(|part| part["type"] == "dynamic-tool" && part["toolCallId"] == *call);
    let at = known.unwrap_or_else(|| {
        parts.push(
            json!({ "type": "dynamic-tool", "toolCallId": call, "state": "input-streaming" }),
        );
        parts.len() - 1
    });
    let part = &mut parts[at];
    for key in ["toolName", "input", "output", "errorText", "preliminary"] {
        if let Some(value) = event.get(key) {
            part[key] = value.clone();
        }
    }
    let state = match named {
        "tool-input-available" => "input-available",
        "tool-output-available" => "output-available",
        "tool-output-error" | "tool-input-error" => "output-error",
        "tool-output-denied" => "output-denied",
        "tool-approval-request" => "approval-requested",
        _ => return,
    };
    part["state"] = Value::from(state);
}
