//! Qwen Code's saved chats: Gemini's contents, each in a line with its place in the conversation.

use super::body::Record;
use super::builder::Builder;
use super::gemini_contents;
use super::value::*;
use crate::session::Role;
use serde_json::Value;
use std::collections::BTreeSet;

/// Whether this is a line of such a chat.
pub(super) fn is_record(value: &Value) -> bool {
    matches!(
        text(value, "type"),
        Some("user" | "assistant" | "tool_result")
    ) && value["message"]["parts"].is_array()
        && text(value, "sessionId").is_some()
}

pub(super) fn read(records: &[Record], builder: &mut Builder) {
    builder.agent = Some("qwen-code".to_owned());
    let mut known = BTreeSet::new();
    for record in records {
        let value = &record.value;
        if builder.external_id.is_none() {
            builder.external_id = id(value, "sessionId");
        }
        if builder.working_folder.is_none() {
            builder.working_folder = text(value, "cwd").map(str::to_owned);
        }
        if let Some(own) = text(value, "uuid")
            && !known.insert(own)
        {
            builder.notes.add("repeated_record", "record", record.line);
            continue;
        }
        match text(value, "type") {
            Some("system") if text(value, "subtype") == Some("rewind") => {
                builder.notes.add("rewound", "", record.line);
            }
            Some("system") => builder.notes.noise("system", record.line),
            Some("user" | "assistant" | "tool_result") => line(value, builder),
            other => builder.notes.left_out(
                "unknown_record",
                other.unwrap_or("without type"),
                record.bytes(),
                record.line,
            ),
        }
    }
}

fn line(value: &Value, builder: &mut Builder) {
    let at = time(value.get("timestamp"));
    let message = &value["message"];
    let parts = list(message, "parts");
    let side = text(value, "agentId").filter(|_| truthy(value.get("isSidechain")));
    if text(value, "type") == Some("user") {
        // A kind of its own stands at what the product says in the person's place.
        let is_said = text(value, "subtype").is_none_or(|kind| kind == "mid_turn_user_message");
        let role = match (side, is_said) {
            (Some(_), _) => Role::Assistant,
            (None, true) => Role::User,
            (None, false) => Role::System,
        };
        for part in parts {
            if let Some(said) = block_text(part, &mut builder.notes, 0) {
                builder.message(role, said, at);
            }
        }
        return;
    }
    let batch = builder.batch();
    gemini_contents::content(message, builder, batch, Some(at));
    for call in parts.iter().filter_map(|part| part.get("functionCall")) {
        if let Some(agent) = side
            && let Some(made) = id(call, "id").and_then(|own| builder.newest(&own))
        {
            made.agent = Some(agent.to_owned());
        }
    }
    let told = &value["toolCallResult"];
    if text(told, "status") == Some("error")
        && let Some(call) = id(told, "callId").and_then(|own| builder.newest(&own))
        && let Some(result) = &mut call.result
    {
        result.is_error = true;
    }
}
