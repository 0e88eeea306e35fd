//! Pydantic AI messages: requests and responses of parts, each of which names its kind.

use super::builder::{Answer, Builder, Call};
use super::value::*;
use crate::session::Role;
use serde_json::Value;

/// Whether this is such a message.
pub(super) fn is_message(value: &Value) -> bool {
    matches!(text(value, "kind"), Some("request" | "response"))
        && list(value, "parts").iter().any(is_part)
}

/// Whether this is a part of one.
pub(super) fn is_part(part: &Value) -> bool {
    text(part, "part_kind").is_some()
}

pub(super) fn read(document: &Value, builder: &mut Builder) {
    builder.external_id = id(document, "id").or_else(|| id(document, "conversation_id"));
    let messages = match document {
        Value::Array(messages) => messages.as_slice(),
        _ => list(document, "messages"),
    };
    for message in messages {
        if !is_message(message) {
            builder
                .notes
                .left_out("not_a_record", "message", size(message), 0);
            continue;
        }
        let at = time(message.get("timestamp"));
        builder.message(
            Role::System,
            text(message, "instructions").unwrap_or(""),
            at,
        );
        let mut batch = None;
        for part in list(message, "parts") {
            let at = time(part.get("timestamp")).or(at);
            self::part(part, &mut batch, at, builder);
        }
    }
}

fn part(
    part: &Value,
    batch: &mut Option<u32>,
    at: Option<druse_engine::Timestamp>,
    builder: &mut Builder,
) {
    let content = part.get("content").unwrap_or(&Value::Null);
    let name = text(part, "tool_name");
    let recorded = id(part, "tool_call_id");
    match text(part, "part_kind") {
        Some("system-prompt") => {
            let said = content_text(content, &mut builder.notes, 0);
            builder.message(Role::System, said, at);
        }
        Some("user-prompt") => {
            let said = content_text(content, &mut builder.notes, 0);
            builder.message(Role::User, said, at);
        }
        Some("text") => {
            let said = content_text(content, &mut builder.notes, 0);
            builder.message(Role::Assistant, said, at);
        }
        Some("thinking") => builder.notes.noise("reasoning", 0),
        Some("tool-call" | "builtin-tool-call") => {
            let (given, raw) = arguments(part.get("args"), &mut builder.notes);
            let batch = *batch.get_or_insert_with(|| builder.batch());
            builder.call(Call {
                id: recorded,
                name: name.unwrap_or("").to_owned(),
                arguments: given,
                raw,
                batch,
                at,
                ..Call::default()
            });
        }
        Some("tool-return" | "builtin-tool-return") => {
            let outcome = text(part, "outcome");
            let mut answer = Answer::new(content.clone());
            answer.result.refused = outcome == Some("denied");
            answer.result.is_error = matches!(outcome, Some("failed" | "denied"))
                || object_says_failed(&answer.result.content);
            answer.at = at;
            let refused = answer.result.refused;
            let call = builder.answer(recorded.as_deref(), name, answer);
            if refused {
                let comment = content.as_str().map(str::to_owned);
                builder.refusal(call, comment, at);
            }
        }
        // What was wrong with a call, or with an answer that was none.
        Some("retry-prompt") => match name {
            Some(_) => {
                let mut answer = Answer::new(content.clone());
                answer.result.is_error = true;
                answer.at = at;
                builder.answer(recorded.as_deref(), name, answer);
            }
            None => {
                let said = content
                    .as_str()
                    .map_or_else(|| content.to_string(), str::to_owned);
                builder.message(Role::Assistant, said, at);
            }
        },
        Some("file") => {
            builder
                .notes
                .left_out("media_left_out", "file", size(part), 0);
        }
        other => builder.notes.left_out(
            "unknown_block",
            other.unwrap_or("without part_kind"),
            size(part),
            0,
        ),
    }
}
