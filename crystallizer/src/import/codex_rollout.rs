//! Codex CLI rollout files: `response_item` records, or the same items bare as older versions wrote them.

use super::body::{Record, parse_text};
use super::builder::{Answer, Builder, Call};
use super::refusal;
use super::value::*;
use crate::session::{RecordedApproval, Role};
use druse_engine::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Default)]
struct Seen {
    /// Whether a person is asked about commands that leave the sandbox.
    asks: bool,
    /// Calls that asked to leave the sandbox, with the reason that the agent gave.
    escalated: BTreeMap<String, Option<String>>,
    /// The folder of the turn.
    folder: Option<String>,
    /// Calls of one answer of the model: until the first output.
    batch: Option<u32>,
}

pub(super) fn read(records: &[Record], builder: &mut Builder) {
    builder.agent = Some("codex".to_owned());
    let mut seen = Seen::default();
    for record in records {
        let value = &record.value;
        let at = time(value.get("timestamp"));
        let payload = &value["payload"];
        match text(value, "type") {
            Some("session_meta") => meta(payload, builder, at),
            Some("response_item") => item(payload, at, record, builder, &mut seen),
            Some("turn_context") => {
                seen.asks =
                    text(payload, "approval_policy").is_some_and(|policy| policy != "never");
                if let Some(folder) = text(payload, "cwd") {
                    seen.folder = Some(folder.to_owned());
                    builder
                        .working_folder
                        .get_or_insert_with(|| folder.to_owned());
                }
                builder.notes.noise("turn_context", record.line);
            }
            Some("event_msg") => {
                if text(payload, "type") == Some("turn_aborted") {
                    builder.notes.add("interrupted", "", record.line);
                }
                builder.notes.noise("event_msg", record.line);
            }
            Some("compacted") => {
                // The agent's own words for what was before.
                builder.message(Role::Assistant, text(payload, "message").unwrap_or(""), at);
                builder.notes.noise("compacted", record.line);
            }
            None if value.get("record_type").is_some() => builder.notes.noise("state", record.line),
            None if value.get("instructions").is_some() || value.get("git").is_some() => {
                meta(value, builder, at)
            }
            Some(_) if payload.is_null() => item(value, at, record, builder, &mut seen),
            other if !value.is_object() => {
                let _ = other;
                builder
                    .notes
                    .left_out("not_a_record", "no object", record.bytes(), record.line);
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

fn meta(payload: &Value, builder: &mut Builder, at: Option<Timestamp>) {
    let payload = payload
        .get("meta")
        .filter(|meta| meta.is_object())
        .unwrap_or(payload);
    if builder.external_id.is_none() {
        builder.external_id = id(payload, "id");
    }
    if let Some(folder) = text(payload, "cwd") {
        builder.working_folder = Some(folder.to_owned());
    }
    builder.seen_at(time(payload.get("timestamp")).or(at));
}

fn item(
    item: &Value,
    at: Option<Timestamp>,
    record: &Record,
    builder: &mut Builder,
    seen: &mut Seen,
) {
    match text(item, "type") {
        Some("message") => {
            let said = content_text(
                item.get("content").unwrap_or(&Value::Null),
                &mut builder.notes,
                record.line,
            );
            match text(item, "role") {
                Some("user") if is_context(&said) => builder.message(Role::System, said, at),
                Some("user") => {
                    let (context, request) = of_editor(&said);
                    builder.message(Role::System, context, at);
                    builder.message(Role::User, request, at);
                }
                Some("assistant") => builder.message(Role::Assistant, said, at),
                _ => builder.message(Role::System, said, at),
            }
        }
        Some("reasoning") => builder.notes.noise("reasoning", record.line),
        Some(kind @ ("ghost_snapshot" | "compaction" | "compaction_summary" | "other")) => {
            builder.notes.noise(kind, record.line)
        }
        Some(
            kind @ ("function_call" | "custom_tool_call" | "local_shell_call" | "web_search_call"
            | "tool_search_call"),
        ) => {
            call(kind, item, at, record, builder, seen);
        }
        Some(
            "function_call_output"
            | "custom_tool_call_output"
            | "local_shell_call_output"
            | "tool_search_output",
        ) => {
            seen.batch = None;
            output(item, at, record, builder, seen);
        }
        other => builder.notes.left_out(
            "unknown_record",
            other.unwrap_or("item without type"),
            record.bytes(),
            record.line,
        ),
    }
}

fn is_context(said: &str) -> bool {
    let start = said.trim_start();
    [
        "<environment_context>",
        "<user_instructions>",
        "<permissions instructions>",
        "<turn_aborted>",
        "<ENVIRONMENT",
        "# AGENTS.md instructions",
        "<INSTRUCTIONS>",
    ]
    .iter()
    .any(|mark| start.starts_with(mark))
}

/// What an editor put in front of a person's request, and the request.
fn of_editor(said: &str) -> (&str, &str) {
    if !said.trim_start().starts_with("# Context from my IDE setup") {
        return ("", said);
    }
    let is_head = |line: &str| line.starts_with("## My request");
    let mut place = 0;
    for line in said.split_inclusive('\n') {
        if is_head(line) {
            let (context, request) = said.split_at(place);
            let request = request.get(line.len()..).unwrap_or_default();
            return (context.trim_end(), request.trim());
        }
        place += line.len();
    }
    (said, "")
}

fn call(
    kind: &str,
    item: &Value,
    at: Option<Timestamp>,
    record: &Record,
    builder: &mut Builder,
    seen: &mut Seen,
) {
    let given = ["arguments", "input", "action"]
        .iter()
        .find_map(|key| present(item, key));
    let (given, raw) = arguments(given, &mut builder.notes);
    let name = match text(item, "name") {
        Some(name) => name.to_owned(),
        None => kind.trim_end_matches("_call").to_owned(),
    };
    let recorded = id(item, "call_id").or_else(|| id(item, "id"));
    let batch = *seen.batch.get_or_insert_with(|| builder.batch());
    if let Some(recorded) = recorded.as_ref().filter(|_| seen.asks) {
        let asked = truthy(given.get("with_escalated_permissions"))
            || text(&given, "sandbox_permissions") == Some("require_escalated");
        if asked {
            seen.escalated.insert(
                recorded.clone(),
                text(&given, "justification").map(str::to_owned),
            );
        }
    }
    let unique = builder.call(Call {
        id: recorded,
        name,
        arguments: given,
        batch,
        folder: seen.folder.clone(),
        at,
        line: record.line,
        ..Call::default()
    });
    // A custom tool takes free text by nature; a function's arguments should be JSON.
    if raw && kind == "function_call" {
        builder.notes.add("arguments_not_json", unique, record.line);
    }
}

fn output(
    item: &Value,
    at: Option<Timestamp>,
    record: &Record,
    builder: &mut Builder,
    seen: &mut Seen,
) {
    let output = item.get("output").unwrap_or(&Value::Null);
    let mut answer = read_output(output, builder, record.line);
    let whole = answer.result.content.as_str().unwrap_or("").to_owned();
    answer.result.refused = is_refusal(&whole);
    answer.result.is_error |= answer.result.refused;
    answer.at = at;
    answer.line = record.line;
    let refused = answer.result.refused;
    let recorded = id(item, "call_id").or_else(|| id(item, "id"));
    let Some(call) = builder.answer(recorded.as_deref(), None, answer) else {
        return;
    };
    let escalated = recorded
        .as_ref()
        .and_then(|recorded| seen.escalated.remove(recorded));
    if refused {
        builder.refusal(Some(call), None, at);
    } else if let Some(comment) = escalated {
        // Asked to leave the sandbox under a policy that asks, and ran: somebody said yes.
        builder.approval(
            recorded.as_deref(),
            RecordedApproval {
                call: None,
                approved: true,
                by: None,
                comment,
                requested_at: None,
                decided_at: at,
            },
        );
    }
}

/// The inner output as content and the exit code beside it.
fn read_output(output: &Value, builder: &mut Builder, line: u32) -> Answer {
    let parsed = output
        .as_str()
        .filter(|text| text.trim_start().starts_with('{'))
        .and_then(|text| parse_text(text, &mut builder.notes));
    let object = parsed.as_ref().unwrap_or(output);
    let code = object
        .get("metadata")
        .and_then(|metadata| metadata.get("exit_code"))
        .and_then(Value::as_i64);
    if let Some(inner) = object.get("output").filter(|_| {
        object.get("metadata").is_some() || object.as_object().is_some_and(|map| map.len() == 1)
    }) {
        let mut answer = Answer::new(inner.clone());
        answer.result.exit_code = code;
        answer.result.is_error = code.is_some_and(|code| code != 0);
        return answer;
    }
    if let Some(inner) = object.get("content").filter(|_| parsed.is_none()) {
        let mut answer = Answer::new(content_text(inner, &mut builder.notes, line));
        answer.result.is_error = object.get("success") == Some(&Value::Bool(false));
        return answer;
    }
    let text = content_text(output, &mut builder.notes, line);
    let code = match text.strip_prefix("failed in sandbox") {
        // The recorder's own words, with the code inside: "…, exit code: 1, stdout: …".
        Some(rest) => rest
            .split_once("exit code: ")
            .and_then(|(_, rest)| rest.split(',').next()?.trim().parse().ok()),
        None => exit_code_in(&text),
    };
    let inner = code
        .and_then(|_| text.split_once("Output:\n"))
        .map(|(_, inner)| inner.to_owned());
    let mut answer = Answer::new("");
    answer.result.exit_code = code;
    answer.result.is_error = code.is_some_and(|code| code != 0);
    if code.is_none() && text_says_failed(&text) {
        answer.result.is_error = true;
        builder.notes.add("failure_inferred", "", line);
    }
    if code.is_none()
        && (text.starts_with("failed ")
            || text.starts_with("execution error")
            || text.starts_with("unsupported call"))
    {
        answer.result.is_error = true;
    }
    answer.result.content = Value::from(inner.unwrap_or(text));
    answer
}

fn is_refusal(text: &str) -> bool {
    let head: String = text.chars().take(200).collect();
    refusal::is_told(text)
        || head.contains("rejected by user")
        || head.contains("denied by user")
        || head.contains("aborted by user")
}
