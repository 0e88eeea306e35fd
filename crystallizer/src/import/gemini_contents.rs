//! Gemini's `contents`: a request, a request with its response, a list of contents or of responses,
//! in the spelling of the wire (`functionCall`) and of the libraries (`function_call`).

use super::builder::{Answer, Builder, Call};
use super::chat;
use super::gemini_cli;
use super::pydantic_ai;
use super::value::*;
use crate::session::Role;
use druse_engine::Timestamp;
use serde_json::{Map, Value};

/// Whether this is a content: parts without an author around them, and without a type in them.
pub(super) fn is_content(value: &Value) -> bool {
    value.get("author").is_none()
        && value.get("content").is_none()
        && value
            .get("parts")
            .and_then(Value::as_array)
            .is_some_and(|parts| {
                parts
                    .iter()
                    .all(|part| text(part, "type").is_none() && !pydantic_ai::is_part(part))
            })
}

/// Whether this is an answer of the model.
pub(super) fn is_response(value: &Value) -> bool {
    list(value, "candidates").iter().any(|candidate| {
        candidate.get("content").is_some()
            || either(candidate, "finish_reason", "finishReason").is_some()
    })
}

pub(super) fn read(document: &Value, builder: &mut Builder) {
    match document {
        Value::Array(entries) => each(entries, builder),
        document => one(document, builder),
    }
}

fn each(entries: &[Value], builder: &mut Builder) {
    let mut batch = None;
    for entry in entries {
        if is_response(entry) {
            // Pieces of a streamed answer: together until one says that it is the last.
            let number = *batch.get_or_insert_with(|| builder.batch());
            if answered(entry, builder, number) {
                batch = None;
            }
        } else if entry.get("contents").is_some() || entry.get("response").is_some() {
            one(entry, builder);
            batch = None;
        } else {
            let number = builder.batch();
            content(entry, builder, number, None);
            batch = None;
        }
    }
}

fn one(document: &Value, builder: &mut Builder) {
    let request = document.get("request").unwrap_or(document);
    builder.external_id = ["response_id", "responseId", "id"]
        .iter()
        .find_map(|key| id(document, key));
    let config = present(request, "config").unwrap_or(request);
    for side in [request, config] {
        for group in list(side, "tools") {
            for key in ["functionDeclarations", "function_declarations"] {
                tools(list(group, key), builder);
            }
        }
        if std::ptr::eq(request, config) {
            break;
        }
    }
    if let Some(system) = either(request, "system_instruction", "systemInstruction")
        .or_else(|| either(config, "system_instruction", "systemInstruction"))
    {
        let said = match system.get("parts") {
            Some(parts) => content_text(parts, &mut builder.notes, 0),
            None => content_text(system, &mut builder.notes, 0),
        };
        builder.message(Role::System, said, None);
    }
    match request.get("contents") {
        Some(Value::String(said)) => builder.message(Role::User, said.as_str(), None),
        Some(Value::Object(map)) => {
            let batch = builder.batch();
            content(&Value::Object(map.clone()), builder, batch, None);
        }
        _ => each(list(request, "contents"), builder),
    }
    each(list(request, "history"), builder);
    let response = document.get("response").unwrap_or(document);
    if let Value::Array(pieces) = response {
        return each(pieces, builder);
    }
    let batch = builder.batch();
    answered(response, builder, batch);
}

fn tools(declared: &[Value], builder: &mut Builder) {
    for entry in declared {
        let mut entry = entry.clone();
        if let Some(map) = entry.as_object_mut() {
            let schema = ["parametersJsonSchema", "parameters_json_schema"]
                .iter()
                .find_map(|key| map.remove(*key));
            if let Some(schema) = schema {
                map.insert("parameters".to_owned(), schema);
            }
        }
        let wrapped = Value::Object(Map::from_iter([(
            "tools".to_owned(),
            Value::Array(vec![entry]),
        )]));
        for tool in chat::tools(&wrapped) {
            builder.offer(tool);
        }
    }
}

/// The first candidate of an answer; whether it says that the answer is at its end.
fn answered(response: &Value, builder: &mut Builder, batch: u32) -> bool {
    let at = either(response, "create_time", "createTime").and_then(|at| time(Some(at)));
    let candidates = list(response, "candidates");
    for other in candidates.iter().skip(1) {
        builder
            .notes
            .left_out("unknown_record", "further candidate", size(other), 0);
    }
    if let Some(reason) = either(response, "prompt_feedback", "promptFeedback")
        .and_then(|feedback| either(feedback, "block_reason", "blockReason"))
    {
        let reason = reason.as_str().unwrap_or("blocked");
        builder.notes.add("answer_cut_short", reason, 0);
    }
    let Some(candidate) = candidates.first() else {
        return true;
    };
    if let Some(inner) = present(candidate, "content") {
        content(inner, builder, batch, Some(at));
    }
    let reason = either(candidate, "finish_reason", "finishReason").and_then(Value::as_str);
    match reason {
        None | Some("STOP" | "FINISH_REASON_UNSPECIFIED") => {}
        Some(other) => builder.notes.add("answer_cut_short", other, 0),
    }
    reason.is_some()
}

/// One content. `answer` is when the model gave it, where it is an answer.
pub(super) fn content(
    content: &Value,
    builder: &mut Builder,
    batch: u32,
    answer: Option<Option<Timestamp>>,
) {
    let role = match (text(content, "role"), answer) {
        (Some("user" | "function" | "tool"), _) | (None, None) => Role::User,
        (Some("model" | "assistant"), _) | (None, Some(_)) => Role::Assistant,
        (Some("system"), _) => Role::System,
        (Some(other), _) => {
            builder
                .notes
                .left_out("unknown_role", other, size(content), 0);
            return;
        }
    };
    let at = answer.flatten();
    match content.get("parts") {
        Some(Value::Array(parts)) => {
            for part in parts {
                one_part(part, builder, role, batch, at);
            }
        }
        Some(Value::String(said)) => builder.message(role, said.as_str(), at),
        Some(part @ Value::Object(_)) => one_part(part, builder, role, batch, at),
        _ if answer.is_some() => {}
        _ => builder
            .notes
            .left_out("not_a_record", "content without parts", size(content), 0),
    }
}

fn one_part(part: &Value, builder: &mut Builder, role: Role, batch: u32, at: Option<Timestamp>) {
    if let Value::String(said) = part {
        return builder.message(role, said.as_str(), at);
    }
    let mut known = false;
    if let Some(said) = part.get("text").and_then(Value::as_str) {
        known = true;
        if truthy(part.get("thought")) {
            builder.notes.noise("reasoning", 0);
        } else {
            builder.message(role, said, at);
        }
    }
    if let Some(call) = either(part, "function_call", "functionCall") {
        known = true;
        let name = text(call, "name").unwrap_or("").to_owned();
        let given = arguments(call.get("args"), &mut builder.notes);
        make(call, name, given, builder, batch, at);
    }
    if let Some(call) = either(part, "tool_call", "toolCall") {
        known = true;
        let name = either(call, "tool_type", "toolType").and_then(Value::as_str);
        let (given, _) = arguments(call.get("args"), &mut builder.notes);
        make(
            call,
            name.unwrap_or("").to_owned(),
            (given, false),
            builder,
            batch,
            at,
        );
    }
    for keys in [
        ("function_response", "functionResponse"),
        ("tool_response", "toolResponse"),
    ] {
        if let Some(response) = either(part, keys.0, keys.1) {
            known = true;
            responded(response, builder, at);
        }
    }
    if let Some(code) = either(part, "executable_code", "executableCode") {
        known = true;
        let own = builder.batch();
        make(
            code,
            CODE.to_owned(),
            (code.clone(), false),
            builder,
            own,
            at,
        );
    }
    if let Some(ran) = either(part, "code_execution_result", "codeExecutionResult") {
        known = true;
        let mut answer = Answer::new(text(ran, "output").unwrap_or(""));
        answer.result.is_error =
            text(ran, "outcome").is_some_and(|outcome| outcome != "OUTCOME_OK");
        answer.at = at;
        builder.answer(None, Some(CODE), answer);
    }
    let says_something = part.as_object().is_none_or(|map| {
        map.iter()
            .any(|(key, value)| !key.starts_with("thought") && !value.is_null())
    });
    if !known
        && says_something
        && let Some(said) = block_text(part, &mut builder.notes, 0)
    {
        builder.message(role, said, at);
    }
}

const CODE: &str = "code_execution";

fn make(
    call: &Value,
    name: String,
    (given, raw): (Value, bool),
    builder: &mut Builder,
    batch: u32,
    at: Option<Timestamp>,
) {
    builder.call(Call {
        id: id(call, "id"),
        name,
        arguments: given,
        raw,
        batch,
        at,
        ..Call::default()
    });
}

fn responded(response: &Value, builder: &mut Builder, at: Option<Timestamp>) {
    let name = text(response, "name")
        .or_else(|| either(response, "tool_type", "toolType").and_then(Value::as_str));
    let told = response.get("response").unwrap_or(&Value::Null);
    let says_error = told.get("error").is_some_and(|error| truthy(Some(error)));
    // The libraries wrap what a tool answered in an object with one key.
    let content = match told.as_object() {
        Some(map) if map.len() == 1 => ["output", "result", "error"]
            .iter()
            .find_map(|key| map.get(*key))
            .unwrap_or(told),
        _ => told,
    };
    let mut answer = Answer::new(content.clone());
    // Gemini CLI tells how its shell ended in words.
    answer.result.exit_code = content
        .as_str()
        .filter(|_| name == Some("run_shell_command"))
        .and_then(gemini_cli::shell_exit);
    answer.result.is_error = says_error
        || answer.result.exit_code.is_some_and(|code| code != 0)
        || object_says_failed(content);
    answer.at = at;
    for part in list(response, "parts") {
        builder
            .notes
            .left_out("media_left_out", "part of a result", size(part), 0);
    }
    // The model's own interface gives calls no ids: then the name and the order tell.
    let recorded = id(response, "id").filter(|id| builder.newest(id).is_some());
    builder.answer(recorded.as_deref(), name, answer);
}

fn either<'a>(value: &'a Value, snake: &str, camel: &str) -> Option<&'a Value> {
    present(value, snake).or_else(|| present(value, camel))
}
