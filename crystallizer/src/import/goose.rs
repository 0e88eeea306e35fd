//! Goose: sessions as JSON Lines or as one document, and what a run puts out as JSON Lines. Calls and their answers
//! are blocks of messages.

use super::builder::{Answer, Builder, Call};
use super::chat::{self, Style};
use super::value::*;
use serde_json::Value;

/// Whether this is a message that holds a call or an answer.
pub(super) fn is_message(value: &Value) -> bool {
    list(value, "content").iter().any(is_block)
}

fn is_block(block: &Value) -> bool {
    match text(block, "type") {
        Some("toolRequest") => block.get("toolCall").is_some_and(Value::is_object),
        Some("toolResponse") => block.get("toolResult").is_some_and(Value::is_object),
        _ => false,
    }
}

/// Whether this is what a session says of itself, or a line of what a run puts out.
pub(super) fn is_record(value: &Value) -> bool {
    let is_head = text(value, "working_dir").is_some()
        && value.get("message_count").is_some()
        && value.get("role").is_none();
    let message = &value["message"];
    let is_line = text(value, "type") == Some("message")
        && (is_message(message) || message["metadata"].get("userVisible").is_some());
    is_head || is_line
}

/// Whether this is a whole session.
pub(super) fn is_session(value: &Value) -> bool {
    ["conversation", "messages"]
        .iter()
        .any(|key| list(value, key).iter().any(is_message))
}

pub(super) fn read(document: &Value, builder: &mut Builder) {
    builder.agent = Some("goose".to_owned());
    match document {
        Value::Array(entries) => entries.iter().for_each(|entry| one(entry, builder)),
        session => {
            about(session, builder);
            for key in ["conversation", "messages"] {
                for message in list(session, key) {
                    one(message, builder);
                }
            }
        }
    }
}

fn about(session: &Value, builder: &mut Builder) {
    builder.external_id = id(session, "id");
    builder.working_folder = text(session, "working_dir").map(str::to_owned);
}

fn one(entry: &Value, builder: &mut Builder) {
    let entry = match text(entry, "type") {
        Some("message") => &entry["message"],
        Some("complete") => return builder.notes.noise("complete", 0),
        _ if entry.get("role").is_none() && text(entry, "working_dir").is_some() => {
            return about(entry, builder);
        }
        _ => entry,
    };
    chat::messages(std::slice::from_ref(entry), builder, Style::default());
}

/// Reads a block that is a call, of the calls `batch`.
pub(super) fn call(
    block: &Value,
    batch: u32,
    builder: &mut Builder,
    at: Option<druse_engine::Timestamp>,
) {
    let told = &block["toolCall"];
    let Some(call) = present(told, "value").or_else(|| present(told, "Ok")) else {
        let why = text(told, "error").unwrap_or("a call that could not be read");
        return builder
            .notes
            .left_out("unreadable_call", why, size(block), 0);
    };
    let (given, raw) = arguments(call.get("arguments"), &mut builder.notes);
    builder.call(Call {
        id: id(block, "id"),
        name: text(call, "name").unwrap_or("").to_owned(),
        arguments: given,
        raw,
        batch,
        at,
        ..Call::default()
    });
}

/// Reads a block that is an answer.
pub(super) fn answer(block: &Value, builder: &mut Builder, at: Option<druse_engine::Timestamp>) {
    let told = &block["toolResult"];
    let given = present(told, "value").or_else(|| present(told, "Ok"));
    let mut answer = match given {
        Some(given) => {
            let content = given.get("content").unwrap_or(given);
            let mut answer = Answer::new(content_text(content, &mut builder.notes, 0));
            let structured = present(given, "structuredContent");
            answer.result.exit_code = structured
                .and_then(|inner| inner.get("exit_code"))
                .and_then(Value::as_i64);
            answer.result.is_error =
                flag(given.get("isError")) || answer.result.exit_code.is_some_and(|code| code != 0);
            answer.result.structured = structured.cloned().map(Box::new);
            answer
        }
        None => {
            let error = present(told, "error").or_else(|| present(told, "Err"));
            let mut answer = Answer::new(error.cloned().unwrap_or_default());
            answer.result.is_error = true;
            answer
        }
    };
    answer.at = at;
    builder.answer(id(block, "id").as_deref(), None, answer);
}
