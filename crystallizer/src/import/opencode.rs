//! opencode: the export of a session, or the output of a run as JSON Lines. Calls stand with their answers in the
//! parts of the message that made them.

use super::body::Record;
use super::builder::{Answer, Builder, Call};
use super::value::*;
use crate::session::{Role, SessionStatus};
use druse_engine::Timestamp;
use serde_json::Value;

/// Whether this is an export.
pub(super) fn is_export(value: &Value) -> bool {
    list(value, "messages")
        .iter()
        .any(|message| message["info"]["role"].is_string() && message["parts"].is_array())
}

/// Whether this is a line of what a run puts out.
pub(super) fn is_event(value: &Value) -> bool {
    value.get("part").is_some_and(Value::is_object)
        && value.get("sessionID").is_some_and(Value::is_string)
        && text(value, "type").is_some()
}

/// What is remembered of the message that is read.
struct Message {
    role: Role,
    at: Option<Timestamp>,
    batch: Option<u32>,
}

pub(super) fn read(records: &[Record], builder: &mut Builder) {
    builder.agent = Some("opencode".to_owned());
    let mut run = Message {
        role: Role::Assistant,
        at: None,
        batch: None,
    };
    for record in records {
        let value = &record.value;
        match value {
            Value::Array(events) => {
                for value in events {
                    event(value, &mut run, builder);
                }
            }
            value if is_export(value) => export(value, builder),
            value => event(value, &mut run, builder),
        }
    }
}

fn export(document: &Value, builder: &mut Builder) {
    let about = &document["info"];
    builder.external_id = id(about, "id");
    builder.working_folder = text(about, "directory").map(str::to_owned);
    if present(about, "revert").is_some() {
        builder.notes.add("rewound", "", 0);
    }
    // What another agent asked for is no word of a person.
    let is_sub_agent = text(about, "parentID").is_some();
    for message in list(document, "messages") {
        let info = &message["info"];
        let is_user = text(info, "role") == Some("user");
        let mut seen = Message {
            role: match is_user && !is_sub_agent {
                true => Role::User,
                false => Role::Assistant,
            },
            at: time(info["time"].get("created")),
            batch: None,
        };
        if let Some(error) = present(info, "error") {
            let name = text(error, "name").unwrap_or("error");
            builder.notes.add("answer_cut_short", name, 0);
        }
        for one in list(message, "parts") {
            part(one, &mut seen, builder);
        }
    }
}

fn event(value: &Value, run: &mut Message, builder: &mut Builder) {
    if builder.external_id.is_none() {
        builder.external_id = id(value, "sessionID");
    }
    run.at = time(value.get("timestamp"));
    match (text(value, "type"), value.get("part")) {
        (Some("error"), _) => {
            builder.status = Some(SessionStatus::Failed);
            let said = value["error"]["data"]["message"].as_str();
            builder.message(Role::System, said.unwrap_or(""), run.at);
        }
        (_, Some(one)) => part(one, run, builder),
        (kind, None) => builder.notes.left_out(
            "unknown_record",
            kind.unwrap_or("without type"),
            size(value),
            0,
        ),
    }
}

fn part(part: &Value, seen: &mut Message, builder: &mut Builder) {
    match text(part, "type").unwrap_or("") {
        "text" if truthy(part.get("ignored")) => builder.notes.noise("ignored text", 0),
        "text" => {
            let said = text(part, "text").unwrap_or("");
            if seen.role == Role::User && truthy(part.get("synthetic")) {
                // What the product put there, files that were attached among it: anybody's word.
                let said = format!("<environment_details>\n{said}\n</environment_details>");
                builder.message(Role::System, said, seen.at);
            } else {
                builder.message(seen.role, said, seen.at);
            }
        }
        "tool" => tool(part, seen, builder),
        "step-start" => seen.batch = None,
        kind @ ("step-finish" | "snapshot" | "patch" | "agent" | "retry" | "compaction"
        | "reasoning" | "subtask") => builder.notes.noise(kind, 0),
        "file" => {
            let kind = text(part, "mime").unwrap_or("file");
            builder
                .notes
                .left_out("media_left_out", kind, size(part), 0);
        }
        kind => builder.notes.left_out("unknown_block", kind, size(part), 0),
    }
}

fn tool(part: &Value, seen: &mut Message, builder: &mut Builder) {
    let state = &part["state"];
    let (begin, end) = (state["time"].get("start"), state["time"].get("end"));
    let (given, raw) = arguments(state.get("input"), &mut builder.notes);
    let batch = *seen.batch.get_or_insert_with(|| builder.batch());
    let recorded = id(part, "callID").or_else(|| id(part, "id"));
    builder.call(Call {
        id: recorded.clone(),
        name: text(part, "tool").unwrap_or("").to_owned(),
        arguments: given,
        raw,
        batch,
        at: time(begin).or(seen.at),
        ..Call::default()
    });
    let mut answer = match text(state, "status") {
        Some("completed") => {
            let mut answer = Answer::new(state.get("output").cloned().unwrap_or_default());
            answer.is_sure = true;
            answer.result.exit_code = state["metadata"].get("exit").and_then(Value::as_i64);
            answer.result.is_error = answer.result.exit_code.is_some_and(|code| code != 0);
            answer
        }
        Some("error") => {
            let mut answer = Answer::new(text(state, "error").unwrap_or(""));
            answer.result.is_error = true;
            answer
        }
        _ => return,
    };
    answer.at = time(end).or(seen.at);
    builder.answer(recorded.as_deref(), None, answer);
}
