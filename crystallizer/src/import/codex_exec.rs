//! Output of `codex exec --json`: completed items, without times.

use super::body::Record;
use super::builder::{Answer, Builder, Call};
use super::codex_answer;
use super::value::*;
use crate::session::{Role, SessionStatus};
use serde_json::{Map, Value};

pub(super) fn read(records: &[Record], builder: &mut Builder) {
    builder.agent = Some("codex".to_owned());
    for record in records {
        let value = &record.value;
        match text(value, "type") {
            Some("thread.started") => builder.external_id = id(value, "thread_id"),
            Some("item.completed") => item(&value["item"], record, builder),
            Some(kind @ ("item.started" | "item.updated" | "turn.started")) => {
                builder.notes.noise(kind, record.line)
            }
            Some("turn.completed") => builder.status = Some(SessionStatus::Succeeded),
            Some("turn.failed" | "error") => {
                builder.status = Some(SessionStatus::Failed);
                let said = value
                    .get("error")
                    .and_then(|error| text(error, "message"))
                    .or_else(|| text(value, "message"));
                builder.message(Role::System, said.unwrap_or(""), None);
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

fn item(item: &Value, record: &Record, builder: &mut Builder) {
    let kind = text(item, "type")
        .or_else(|| text(item, "item_type"))
        .unwrap_or("");
    let only = |keys: &[&str]| {
        Value::Object(
            keys.iter()
                .filter_map(|key| Some(((*key).to_owned(), present(item, key)?.clone())))
                .collect::<Map<_, _>>(),
        )
    };
    let (name, given) = match kind {
        "agent_message" | "assistant_message" => {
            return builder.message(Role::Assistant, text(item, "text").unwrap_or(""), None);
        }
        "reasoning" | "todo_list" => return builder.notes.noise(kind, record.line),
        "error" => return builder.message(Role::System, text(item, "message").unwrap_or(""), None),
        "mcp_tool_call" => {
            let name = match (text(item, "server"), text(item, "tool")) {
                (Some(server), Some(tool)) => format!("mcp__{server}__{tool}"),
                (_, tool) => tool.unwrap_or(kind).to_owned(),
            };
            (name, arguments(item.get("arguments"), &mut builder.notes).0)
        }
        "command_execution" => (kind.to_owned(), only(&["command"])),
        "file_change" => (kind.to_owned(), only(&["changes"])),
        "web_search" => (kind.to_owned(), only(&["query"])),
        other => {
            return builder
                .notes
                .left_out("unknown_record", other, record.bytes(), record.line);
        }
    };
    let batch = builder.batch();
    let recorded = id(item, "id");
    builder.call(Call {
        id: recorded.clone(),
        name,
        arguments: given,
        batch,
        line: record.line,
        ..Call::default()
    });
    let failed = present(item, "error").and_then(codex_answer::of_error);
    let by_person = failed.as_ref().is_some_and(|read| read.by_person);
    let told = item
        .get("aggregated_output")
        .or_else(|| present(item, "result"));
    let mut answer = match (told, failed) {
        (Some(content), None) => Answer::new(content.clone()),
        (told, Some(read)) => {
            let mut answer = read.answer;
            answer.result.structured = told.cloned().map(Box::new);
            answer
        }
        (None, None) => Answer::new(text(item, "status").unwrap_or("")),
    };
    answer.is_sure = true;
    answer.result.exit_code = item.get("exit_code").and_then(Value::as_i64);
    answer.result.is_error = answer.result.exit_code.is_some_and(|code| code != 0)
        || matches!(text(item, "status"), Some("failed" | "declined"))
        || truthy(item.get("error"));
    let declined = by_person || text(item, "status") == Some("declined");
    answer.result.refused |= declined;
    answer.line = record.line;
    let call = builder.answer(recorded.as_deref(), None, answer);
    if declined {
        builder.refusal(call, None, None);
    }
}
