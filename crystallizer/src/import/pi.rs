//! pi coding agent sessions.

use super::body::Record;
use super::builder::{Answer, Builder, Call};
use super::value::*;
use crate::session::Role;
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) fn read(records: &[Record], builder: &mut Builder) {
    builder.agent = Some("pi".to_owned());
    let mut went_on = BTreeSet::new();
    for record in records {
        let value = &record.value;
        // A second way from the same entry: the first was left.
        if text(value, "id").is_some()
            && let Some(parent) = text(value, "parentId")
            && !went_on.insert(parent)
        {
            builder.notes.add("rewound", "", record.line);
        }
        match text(value, "type") {
            Some("session") => {
                builder.external_id = id(value, "id");
                builder.working_folder = text(value, "cwd").map(str::to_owned);
                builder.seen_at(time(value.get("timestamp")));
            }
            Some("message") => message(
                &value["message"],
                time(value.get("timestamp")),
                record,
                builder,
            ),
            Some(kind @ ("model_change" | "thinking_level_change" | "label" | "session_info")) => {
                builder.notes.noise(kind, record.line)
            }
            Some(kind @ ("compaction" | "branch_summary")) => {
                // The agent's own words for what was before.
                if kind == "compaction" {
                    builder.summed_up(record.line);
                } else {
                    builder.notes.noise(kind, record.line);
                }
                builder.message(
                    Role::Assistant,
                    text(value, "summary").unwrap_or(""),
                    time(value.get("timestamp")),
                );
            }
            other => builder.notes.left_out(
                "unknown_record",
                other.unwrap_or("without type"),
                record.bytes(),
                record.line,
            ),
        }
    }
}

fn message(
    message: &Value,
    at: Option<druse_engine::Timestamp>,
    record: &Record,
    builder: &mut Builder,
) {
    let at = time(message.get("timestamp")).or(at);
    let content = message.get("content").unwrap_or(&Value::Null);
    match text(message, "role") {
        Some("user") => {
            let said = content_text(content, &mut builder.notes, record.line);
            builder.message(Role::User, said, at);
        }
        Some("assistant") => {
            let mut batch = None;
            let blocks = content
                .as_array()
                .map_or(std::slice::from_ref(content), Vec::as_slice);
            for block in blocks {
                if text(block, "type") != Some("toolCall") {
                    if let Some(said) = block_text(block, &mut builder.notes, record.line)
                        .filter(|_| !block.is_null())
                    {
                        builder.message(Role::Assistant, said, at);
                    }
                    continue;
                }
                let batch = *batch.get_or_insert_with(|| builder.batch());
                let (given, _) = arguments(block.get("arguments"), &mut builder.notes);
                builder.call(Call {
                    id: id(block, "id"),
                    name: text(block, "name").unwrap_or("").to_owned(),
                    arguments: given,
                    batch,
                    at,
                    line: record.line,
                    ..Call::default()
                });
            }
            if text(message, "stopReason") == Some("aborted") {
                builder.notes.add("interrupted", "", record.line);
            }
        }
        Some("toolResult") => {
            let mut answer = Answer::new(content_text(content, &mut builder.notes, record.line));
            answer.result.is_error = flag(message.get("isError"));
            answer.result.structured = present(message, "details")
                .filter(|details| truthy(Some(details)))
                .cloned()
                .map(Box::new);
            answer.at = at;
            answer.line = record.line;
            builder.answer(
                id(message, "toolCallId").as_deref(),
                text(message, "toolName"),
                answer,
            );
        }
        Some("bashExecution") => {
            builder.message(Role::System, text(message, "command").unwrap_or(""), at);
        }
        other => builder.notes.left_out(
            "unknown_role",
            other.unwrap_or("none"),
            record.bytes(),
            record.line,
        ),
    }
}
