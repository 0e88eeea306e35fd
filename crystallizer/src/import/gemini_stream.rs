//! What Gemini CLI puts out with `--output-format stream-json`: a line for each thing that happens.

use super::body::Record;
use super::builder::{Answer, Builder, Call};
use super::gemini_cli::shell_exit;
use super::value::*;
use crate::session::{Role, SessionStatus};
use druse_engine::Timestamp;
use serde_json::Value;

/// Whether this is a line that no other recorder writes.
pub(super) fn is_record(value: &Value) -> bool {
    match text(value, "type") {
        Some("init") => begins(value),
        Some("tool_use") => text(value, "tool_id").is_some() && text(value, "tool_name").is_some(),
        Some("tool_result") => text(value, "tool_id").is_some() && text(value, "status").is_some(),
        _ => false,
    }
}

/// Whether this is the first line of a run.
pub(super) fn begins(value: &Value) -> bool {
    text(value, "type") == Some("init")
        && text(value, "session_id").is_some()
        && text(value, "model").is_some()
}

/// What the agent says, piece by piece.
#[derive(Default)]
struct Said {
    text: String,
    at: Option<Timestamp>,
}

impl Said {
    fn flush(&mut self, builder: &mut Builder) {
        builder.message(
            Role::Assistant,
            std::mem::take(&mut self.text),
            self.at.take(),
        );
    }
}

pub(super) fn read(records: &[Record], builder: &mut Builder) {
    let mut said = Said::default();
    let mut batch = None;
    for record in records {
        let value = &record.value;
        let at = time(value.get("timestamp"));
        let kind = text(value, "type");
        let goes_on = kind == Some("message")
            && text(value, "role") != Some("user")
            && flag(value.get("delta"));
        if goes_on {
            said.text
                .push_str(value.get("content").and_then(Value::as_str).unwrap_or(""));
            said.at = said.at.or(at);
            continue;
        }
        said.flush(builder);
        if kind != Some("tool_use") {
            batch = None;
        }
        match kind {
            Some("init") => {
                builder.external_id = id(value, "session_id");
                builder.seen_at(at);
            }
            Some("message") => {
                let content = value.get("content").unwrap_or(&Value::Null);
                let content = content_text(content, &mut builder.notes, record.line);
                let role = match text(value, "role") {
                    Some("user") => Role::User,
                    _ => Role::Assistant,
                };
                builder.message(role, content.trim_end(), at);
            }
            Some("tool_use") => {
                let (given, _) = arguments(value.get("parameters"), &mut builder.notes);
                let batch = *batch.get_or_insert_with(|| builder.batch());
                builder.call(Call {
                    id: id(value, "tool_id"),
                    name: text(value, "tool_name").unwrap_or("").to_owned(),
                    arguments: given,
                    batch,
                    at,
                    line: record.line,
                    ..Call::default()
                });
            }
            Some("tool_result") => result(value, at, record, builder),
            Some("error") => {
                builder.message(Role::Assistant, text(value, "message").unwrap_or(""), at);
            }
            Some("result") => {
                builder.seen_at(at);
                builder.status = match text(value, "status") {
                    Some("success") => Some(SessionStatus::Succeeded),
                    Some("error") => Some(SessionStatus::Failed),
                    _ => builder.status,
                };
            }
            other => builder.notes.left_out(
                "unknown_record",
                other.unwrap_or("without type"),
                record.bytes(),
                record.line,
            ),
        }
    }
    said.flush(builder);
}

fn result(value: &Value, at: Option<Timestamp>, record: &Record, builder: &mut Builder) {
    let told = value
        .get("error")
        .and_then(|error| present(error, "message"));
    let content = present(value, "output").or(told).cloned();
    let recorded = id(value, "tool_id");
    let called = recorded
        .as_deref()
        .and_then(|recorded| builder.newest(recorded));
    let is_shell = called.is_some_and(|call| call.name == "run_shell_command");
    let mut answer = Answer::new(content.unwrap_or_else(|| Value::from("")));
    answer.result.exit_code = answer
        .result
        .content
        .as_str()
        .filter(|_| is_shell)
        .and_then(shell_exit);
    answer.result.is_error = text(value, "status") == Some("error")
        || answer.result.exit_code.is_some_and(|code| code != 0);
    answer.at = at;
    answer.line = record.line;
    builder.answer(recorded.as_deref(), None, answer);
}
