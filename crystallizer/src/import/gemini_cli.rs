//! Gemini CLI saved chats: calls stand with their results in the message that made them.
//!
//! Older ones are one document. Newer ones are lines: what is known of the chat, then a message a line. A message is
//! written anew, with its id, when more is known of it; `$set` changes what is known of the chat; `$rewindTo` takes
//! the conversation back.

use super::body::Record;
use super::builder::{Answer, Builder, Call};
use super::value::*;
use super::{gemini_stream, project_folder, qwen_code};
use crate::session::Role;
use serde_json::Value;
use std::collections::BTreeMap;

/// Whether this is the first line of a chat that is kept as lines.
pub(super) fn begins(value: &Value) -> bool {
    text(value, "sessionId").is_some()
        && (value.get("projectHash").is_some() || value.get("startTime").is_some())
        && value.get("type").is_none()
        && list(value, "messages").is_empty()
}

/// The messages of a chat, each once and as it was written last, in the order in which they were first written.
#[derive(Default)]
struct Messages<'a> {
    all: Vec<&'a Value>,
    at: BTreeMap<&'a str, usize>,
}

impl<'a> Messages<'a> {
    fn add(&mut self, message: &'a Value) {
        let known = text(message, "id").and_then(|id| self.at.get(id).copied());
        match known {
            Some(at) => self.all[at] = message,
            None => {
                if let Some(id) = text(message, "id") {
                    self.at.insert(id, self.all.len());
                }
                self.all.push(message);
            }
        }
    }

    /// A list that stands for all messages from here on. One that comes later is what the agent still remembers:
    /// its own words for what was before are not the conversation.
    fn replace(&mut self, list: &'a [Value], builder: &mut Builder, line: u32) {
        let first = self.all.is_empty();
        for message in list {
            let known = text(message, "id").is_some_and(|id| self.at.contains_key(id));
            if first || known {
                self.add(message);
            } else {
                builder.notes.noise("shortened history", line);
            }
        }
    }
}

pub(super) fn read(records: &[Record], builder: &mut Builder) {
    builder.agent = Some("gemini-cli".to_owned());
    if records
        .iter()
        .any(|record| gemini_stream::is_record(&record.value))
    {
        return gemini_stream::read(records, builder);
    }
    if records
        .iter()
        .any(|record| qwen_code::is_record(&record.value))
    {
        return qwen_code::read(records, builder);
    }
    let mut messages = Messages::default();
    for record in records {
        let value = &record.value;
        if value.get("$rewindTo").is_some() {
            builder.notes.add("rewound", "", record.line);
        } else if text(value, "type").is_some() && value.get("sessionId").is_none() {
            messages.add(value);
        } else if let Some(known) = value
            .get("$set")
            .or_else(|| value.get("sessionId").map(|_| value))
        {
            about(known, builder);
            messages.replace(list(known, "messages"), builder, record.line);
        } else {
            builder.notes.left_out(
                "unknown_record",
                "without type",
                record.bytes(),
                record.line,
            );
        }
    }
    said(&messages.all, builder);
    if builder.working_folder.is_none() {
        let hash = records
            .iter()
            .find_map(|record| text(&record.value, "projectHash"));
        builder.working_folder = hash.and_then(|hash| {
            project_folder::find(hash, records.iter().map(|record| &record.value))
        });
    }
}

/// What is known of the chat.
fn about(known: &Value, builder: &mut Builder) {
    if builder.external_id.is_none() {
        builder.external_id = id(known, "sessionId");
    }
    if builder.started_at.is_none() {
        builder.started_at = time(known.get("startTime"));
    }
    if let Some(at) = time(known.get("lastUpdated")) {
        builder.finished_at = Some(at);
    }
    if builder.working_folder.is_none() {
        builder.working_folder = list(known, "directories")
            .first()
            .and_then(Value::as_str)
            .map(str::to_owned);
    }
}

fn said(messages: &[&Value], builder: &mut Builder) {
    for &message in messages {
        let at = time(message.get("timestamp"));
        let said = content_text(
            message.get("content").unwrap_or(&Value::Null),
            &mut builder.notes,
            0,
        );
        match text(message, "type").or_else(|| text(message, "role")) {
            Some("user") => builder.message(Role::User, said, at),
            Some("gemini" | "model" | "assistant") => builder.message(Role::Assistant, said, at),
            Some("info" | "error" | "warning" | "about" | "system") => {
                builder.message(Role::System, said, at)
            }
            other => builder.notes.left_out(
                "unknown_record",
                other.unwrap_or("without type"),
                size(message),
                0,
            ),
        }
        for _ in list(message, "thoughts") {
            builder.notes.noise("reasoning", 0);
        }
        let calls = list(message, "toolCalls");
        let batch = if calls.is_empty() { 0 } else { builder.batch() };
        for call in calls {
            one(call, builder, batch, at);
        }
    }
}

/// The exit code that the product tells behind what a command put out.
pub(super) fn shell_exit(answer: &str) -> Option<i64> {
    const BEHIND: [&str; 5] = [
        "Signal:",
        "Background PIDs:",
        "Process Group PGID:",
        "</untrusted_context>",
        "</output>",
    ];
    let mut lines = answer.lines().rev().map(str::trim);
    let told = lines
        .find(|line| !line.is_empty() && !BEHIND.iter().any(|begin| line.starts_with(begin)))?;
    told.strip_prefix("Exit Code:")?.trim().parse().ok()
}

fn one(call: &Value, builder: &mut Builder, batch: u32, at: Option<druse_engine::Timestamp>) {
    let recorded = id(call, "id");
    let (given, _) = arguments(call.get("args"), &mut builder.notes);
    let unique = builder.call(Call {
        id: recorded.clone(),
        name: text(call, "name").unwrap_or("").to_owned(),
        arguments: given,
        batch,
        at,
        ..Call::default()
    });
    let status = text(call, "status").unwrap_or("");
    let responses: Vec<&Value> = call
        .get("result")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice)
        .iter()
        .filter_map(|part| {
            part.get("functionResponse")
                .and_then(|response| response.get("response"))
        })
        .collect();
    let cancelled = matches!(status, "cancelled" | "canceled");
    if responses.is_empty() && !cancelled && !matches!(status, "success" | "error") {
        return;
    }
    let said_error = responses
        .iter()
        .any(|response| truthy(response.get("error")));
    let content = match responses.as_slice() {
        [one] => match one.get("output").or_else(|| one.get("error")) {
            Some(inner) if one.as_object().is_some_and(|map| map.len() == 1) => inner.clone(),
            _ => (*one).clone(),
        },
        [] => call
            .get("result")
            .filter(|result| !result.is_array())
            .cloned()
            .unwrap_or_else(|| Value::from("")),
        many => Value::Array(many.iter().map(|one| (*one).clone()).collect()),
    };
    let mut answer = Answer::new(content);
    answer.result.exit_code = answer
        .result
        .content
        .as_str()
        .filter(|_| text(call, "name") == Some("run_shell_command"))
        .and_then(shell_exit);
    answer.result.is_error = answer.result.exit_code.is_some_and(|code| code != 0)
        || status == "error"
        || cancelled
        || (status.is_empty() && said_error);
    answer.result.refused = cancelled;
    answer.result.structured = present(call, "resultDisplay").cloned().map(Box::new);
    answer.at = time(call.get("timestamp")).or(at);
    let decided = answer.at;
    builder.answer(recorded.as_deref(), None, answer);
    if cancelled {
        builder.refusal(Some(unique), None, decided);
    }
}
