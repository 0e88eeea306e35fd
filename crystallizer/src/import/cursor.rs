//! Cursor's command line: its output as JSON Lines. A call is told when it begins and when it has ended.

use super::body::Record;
use super::builder::{Answer, Builder, Call};
use super::value::*;
use crate::session::{Role, SessionStatus};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Whether this is a line that only such an output has.
pub(super) fn is_call(value: &Value) -> bool {
    text(value, "type") == Some("tool_call")
        && matches!(text(value, "subtype"), Some("started" | "completed"))
        && value.get("tool_call").is_some_and(Value::is_object)
}

pub(super) fn read(records: &[Record], builder: &mut Builder) {
    builder.agent = Some("cursor".to_owned());
    let mut made = BTreeSet::new();
    let mut batch = None;
    for record in records {
        let value = &record.value;
        let at = time(value.get("timestamp_ms"));
        match text(value, "type") {
            Some("system") => {
                builder.external_id = id(value, "session_id");
                builder.working_folder = text(value, "cwd").map(str::to_owned);
            }
            Some(kind @ ("user" | "assistant")) => {
                batch = None;
                let content = value["message"].get("content").unwrap_or(&Value::Null);
                let said = content_text(content, &mut builder.notes, record.line);
                let role = match kind {
                    "user" => Role::User,
                    _ => Role::Assistant,
                };
                builder.message(role, said, at);
            }
            Some("tool_call") => {
                let batch = *batch.get_or_insert_with(|| builder.batch());
                call(value, batch, record, &mut made, builder);
            }
            Some("result") => {
                builder.status = Some(match flag(value.get("is_error")) {
                    true => SessionStatus::Failed,
                    false => SessionStatus::Succeeded,
                });
            }
            Some(kind @ ("thinking" | "status")) => builder.notes.noise(kind, record.line),
            other => builder.notes.left_out(
                "unknown_record",
                other.unwrap_or("without type"),
                record.bytes(),
                record.line,
            ),
        }
    }
}

/// A call: the tool stands as the name of the one object in it.
fn call(
    value: &Value,
    batch: u32,
    record: &Record,
    made: &mut BTreeSet<String>,
    builder: &mut Builder,
) {
    let at = time(value.get("timestamp_ms"));
    let told = value["tool_call"].as_object();
    let found = told.and_then(|map| {
        map.iter().find_map(|(key, inner)| {
            let name = key.strip_suffix("ToolCall")?;
            inner.is_object().then_some((name, inner))
        })
    });
    let Some((name, inner)) = found else {
        return builder.notes.left_out(
            "unreadable_call",
            "a call without a tool",
            record.bytes(),
            record.line,
        );
    };
    let recorded = id(value, "call_id");
    let is_new = recorded
        .as_ref()
        .is_none_or(|recorded| made.insert(recorded.clone()));
    if is_new {
        let (name, given) = named(name, inner, builder);
        builder.call(Call {
            id: recorded.clone(),
            name,
            arguments: given,
            batch,
            at,
            line: record.line,
            ..Call::default()
        });
    }
    let Some(result) = present(inner, "result") else {
        return;
    };
    let mut answer = answered(result, builder, record.line);
    answer.at = at;
    answer.line = record.line;
    let refused = answer.result.refused;
    let reason = text(&result["rejected"], "reason").map(str::to_owned);
    let call = builder.answer(recorded.as_deref(), None, answer);
    if refused {
        builder.refusal(call, reason, at);
    }
}

fn named(name: &str, inner: &Value, builder: &mut Builder) -> (String, Value) {
    let (mut given, _) = arguments(inner.get("args"), &mut builder.notes);
    if name == "mcp"
        && let Some(tool) = text(&given, "toolName").or_else(|| text(&given, "name"))
    {
        let name = match text(&given, "providerIdentifier") {
            Some(server) => format!("mcp__{server}__{tool}"),
            None => tool.to_owned(),
        };
        let (inner, _) = arguments(given.get("args"), &mut builder.notes);
        return (name, inner);
    }
    if let Some(map) = given.as_object_mut() {
        map.remove("toolCallId");
    }
    (name.to_owned(), given)
}

/// The answer: an object under the name of how it ended.
fn answered(result: &Value, builder: &mut Builder, line: u32) -> Answer {
    let ended = |key: &str| present(result, key);
    if let Some(rejected) = ended("rejected") {
        let mut answer = Answer::new(text(rejected, "reason").unwrap_or("rejected"));
        answer.result.is_error = true;
        answer.result.refused = true;
        return answer;
    }
    let (told, failed) = match ended("success") {
        Some(told) => (told, false),
        None => {
            let other = result
                .as_object()
                .and_then(|map| map.values().find(|inner| inner.is_object()));
            (other.unwrap_or(result), true)
        }
    };
    let mut answer = Answer::new(content(told, builder, line));
    answer.is_sure = true;
    answer.result.exit_code = told.get("exitCode").and_then(Value::as_i64);
    answer.result.is_error = failed
        || flag(told.get("isError"))
        || answer.result.exit_code.is_some_and(|code| code != 0);
    answer
}

fn content(told: &Value, builder: &mut Builder, line: u32) -> Value {
    if told.get("stdout").is_some() || told.get("stderr").is_some() {
        let texts = [text(told, "stdout"), text(told, "stderr")];
        let texts: Vec<&str> = texts.into_iter().flatten().collect();
        return Value::from(texts.join("\n"));
    }
    match told.get("content") {
        Some(Value::String(said)) => Value::from(said.as_str()),
        Some(Value::Array(parts)) => {
            // A text stands one level deeper than elsewhere.
            let flat: Vec<Value> = parts
                .iter()
                .map(|part| match part["text"].get("text") {
                    Some(said) => {
                        Value::Object(Map::from_iter([("text".to_owned(), said.clone())]))
                    }
                    None => part.clone(),
                })
                .collect();
            Value::from(content_text(&Value::Array(flat), &mut builder.notes, line))
        }
        _ => told.clone(),
    }
}
