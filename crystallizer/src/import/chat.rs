//! Messages with roles, as OpenAI and Anthropic write them and many recorders keep them.

use super::builder::{Answer, Builder, Call};
use super::goose;
use super::product_words::{self, Words};
use super::value::*;
use crate::session::{RecordedApproval, Role, ToolSpec};
use serde_json::Value;
use std::borrow::Borrow;

/// What differs between recorders that keep such messages.
#[derive(Clone, Copy, Default)]
pub(super) struct Style {
    /// The format has no mark of failure: the text of an answer tells.
    pub(super) infer_failure: bool,
    /// A tool's content is any JSON and stays as it is.
    pub(super) content_as_is: bool,
}

/// Takes the messages out of a document that is a list of them, or holds one. So each is given back once it was read,
/// and a long recording is never there twice.
pub(super) fn take_messages(document: &mut Value) -> Vec<Value> {
    let list = match document {
        Value::Array(list) => Some(list),
        other => other.get_mut("messages").and_then(Value::as_array_mut),
    };
    list.map(std::mem::take).unwrap_or_default()
}

/// Reads messages in order.
pub(super) fn messages<M: Borrow<Value>>(
    messages: impl IntoIterator<Item = M>,
    builder: &mut Builder,
    style: Style,
) {
    let mut together = None;
    for entry in messages {
        let entry = entry.borrow();
        if role(entry).is_none() && item(entry, builder, style, &mut together) {
            continue;
        }
        together = None;
        message(entry, builder, style);
    }
}

/// Who a message is from: OpenAI's and Anthropic's `role`, or LangChain's `type`.
pub(super) fn role(message: &Value) -> Option<&str> {
    text(message, "role").or_else(|| {
        let kind = text(message, "type")?;
        let has_content = message.get("content").is_some();
        (has_content && matches!(kind, "human" | "ai" | "tool" | "system")).then_some(kind)
    })
}

/// An item of OpenAI's Responses that is no message: a call, its output, or reasoning.
/// Calls without an output between them were issued together.
fn item(entry: &Value, builder: &mut Builder, style: Style, together: &mut Option<u32>) -> bool {
    let at = time(entry.get("created_at"));
    match text(entry, "type") {
        Some("function_call" | "custom_tool_call") => {
            let batch = *together.get_or_insert_with(|| builder.batch());
            let mut call = entry.clone();
            if let (Some(map), Some(id)) = (call.as_object_mut(), entry.get("call_id")) {
                map.insert("id".to_owned(), id.clone());
            }
            one_call(&call, builder, batch, None, at);
        }
        Some("function_call_output" | "custom_tool_call_output") => {
            *together = None;
            let mut output = entry.clone();
            if let (Some(map), Some(content)) = (output.as_object_mut(), entry.get("output")) {
                map.insert("content".to_owned(), content.clone());
            }
            answer(&output, builder, style, at);
        }
        Some("reasoning") => builder.notes.noise("reasoning", 0),
        _ => return false,
    }
    true
}

fn message(message: &Value, builder: &mut Builder, style: Style) {
    let Some(role) = role(message) else {
        builder
            .notes
            .left_out("not_a_record", "message without a role", size(message), 0);
        return;
    };
    let at = ["timestamp", "at", "created_at", "createdAt", "created"]
        .iter()
        .find_map(|key| time(message.get(*key)));
    let content = message.get("content").unwrap_or(&Value::Null);
    match role {
        "system" | "developer" => {
            let said = content_text(content, &mut builder.notes, 0);
            builder.message(Role::System, said, at);
        }
        "user" | "human" => {
            let made = blocks(content, Role::User, builder, style, at);
            calls(message, &made, builder, Some("user"), at);
        }
        "assistant" | "model" | "ai" => {
            for key in ["reasoning_content", "reasoning"] {
                if truthy(message.get(key)) {
                    builder.notes.noise("reasoning", 0);
                }
            }
            let made = blocks(content, Role::Assistant, builder, style, at);
            if let Some(refusal) = text(message, "refusal") {
                builder.message(Role::Assistant, refusal, at);
            }
            calls(message, &made, builder, None, at);
        }
        "tool" | "function" => {
            let several = list(message, "tool_messages");
            if several.is_empty() {
                answer(message, builder, style, at);
            }
            for inner in several {
                answer(inner, builder, style, time(inner.get("timestamp")).or(at));
            }
        }
        "approval" => approval(message, builder),
        other => builder
            .notes
            .left_out("unknown_role", other, size(message), 0),
    }
}

/// A message's content: texts are said, Anthropic's blocks are calls and answers. Gives the recorded ids of the calls.
fn blocks(
    content: &Value,
    role: Role,
    builder: &mut Builder,
    style: Style,
    at: Option<druse_engine::Timestamp>,
) -> Vec<String> {
    let mut made = Vec::new();
    let Value::Array(list) = content else {
        let said = content_text(content, &mut builder.notes, 0);
        builder.message(role, said, at);
        return made;
    };
    let mut said = Vec::new();
    let mut batch = None;
    for block in list {
        let uses = block.get("toolUse").filter(|uses| uses.is_object());
        if let Some(uses) = uses {
            flush(&mut said, role, builder, at);
            let batch = *batch.get_or_insert_with(|| builder.batch());
            let (arguments, _) = arguments(uses.get("input"), &mut builder.notes);
            builder.call(Call {
                id: id(uses, "toolUseId"),
                name: text(uses, "name").unwrap_or("").to_owned(),
                arguments,
                batch,
                at,
                ..Call::default()
            });
            continue;
        }
        let converse = block
            .get("toolResult")
            .filter(|told| told.is_object() && block.get("type").is_none());
        if let Some(told) = converse {
            flush(&mut said, role, builder, at);
            let content = match super::value::list(told, "content") {
                [one] if one.get("json").is_some() => one["json"].clone(),
                _ => result_content(told.get("content"), builder, style),
            };
            let mut answer = Answer::new(content);
            answer.result.is_error = text(told, "status") == Some("error");
            answer.is_sure = text(told, "status") == Some("success");
            answer.at = at;
            builder.answer(id(told, "toolUseId").as_deref(), None, answer);
            continue;
        }
        match text(block, "type") {
            Some("tool_use" | "server_tool_use" | "mcp_tool_use") => {
                flush(&mut said, role, builder, at);
                let batch = *batch.get_or_insert_with(|| builder.batch());
                let (arguments, raw) = arguments(block.get("input"), &mut builder.notes);
                made.extend(id(block, "id"));
                builder.call(Call {
                    id: id(block, "id"),
                    name: server_and_name(block),
                    arguments,
                    raw,
                    batch,
                    at,
                    ..Call::default()
                });
            }
            Some(kind) if kind == "tool_result" || kind.ends_with("_tool_result") => {
                flush(&mut said, role, builder, at);
                let content = block.get("content");
                let mut answer = Answer::new(result_content(content, builder, style));
                answer.result.exit_code = content
                    .and_then(|content| content.get("return_code"))
                    .and_then(Value::as_i64);
                answer.result.is_error = flag(block.get("is_error"))
                    || answer.result.exit_code.is_some_and(|code| code != 0)
                    || content.is_some_and(is_error_block);
                answer.is_sure = block.get("is_error") == Some(&Value::Bool(false));
                answer.at = at;
                builder.answer(id(block, "tool_use_id").as_deref(), None, answer);
            }
            Some("toolRequest") => {
                flush(&mut said, role, builder, at);
                let batch = *batch.get_or_insert_with(|| builder.batch());
                goose::call(block, batch, builder, at);
            }
            Some("toolResponse") => {
                flush(&mut said, role, builder, at);
                goose::answer(block, builder, at);
            }
            Some(kind @ "toolConfirmationRequest") => builder.notes.noise(kind, 0),
            _ => said.extend(block_text(block, &mut builder.notes, 0)),
        }
    }
    // Said with nothing in it, too: what stood there that cannot be read is of this message, and of no answer.
    say(&said, role, builder, at);
    made
}

/// Whether the answer of a tool that the model's own server has is an error (`web_search_tool_result_error`).
fn is_error_block(content: &Value) -> bool {
    content.get("error_code").is_some()
        && text(content, "type").is_some_and(|kind| kind.ends_with("_error"))
}

fn flush(
    said: &mut Vec<String>,
    role: Role,
    builder: &mut Builder,
    at: Option<druse_engine::Timestamp>,
) {
    if !said.is_empty() {
        say(said, role, builder, at);
        said.clear();
    }
}

/// Says the texts of one message. What a product put beside a person's words stands by itself.
fn say(said: &[String], role: Role, builder: &mut Builder, at: Option<druse_engine::Timestamp>) {
    let texts: Vec<&str> = said.iter().map(String::as_str).collect();
    let Some(parts) = (role == Role::User)
        .then(|| product_words::cut_all(&texts))
        .flatten()
    else {
        return builder.message(role, said.join("\n"), at);
    };
    for together in parts.chunk_by(|(one, _), (two, _)| *one == Words::Asker && one == two) {
        let words: Vec<&str> = together.iter().map(|(_, words)| *words).collect();
        let whose = together.first().map_or(Words::Asker, |(whose, _)| *whose);
        match whose {
            Words::Asker => builder.message(Role::User, words.join("\n"), at),
            whose => builder.told(whose, words.join("\n"), at),
        }
    }
}

fn result_content(content: Option<&Value>, builder: &mut Builder, style: Style) -> Value {
    match content {
        None => Value::Null,
        Some(content) if style.content_as_is => content.clone(),
        Some(Value::Null) => Value::from(""),
        Some(content @ (Value::String(_) | Value::Array(_))) => {
            Value::from(content_text(content, &mut builder.notes, 0))
        }
        Some(other) => other.clone(),
    }
}

/// The calls beside the content, but those that a block of it has `made`: some libraries keep each in both places.
fn calls(
    message: &Value,
    made: &[String],
    builder: &mut Builder,
    agent: Option<&str>,
    at: Option<druse_engine::Timestamp>,
) {
    let list = match list(message, "tool_calls") {
        [] => list(message, "toolCalls"),
        calls => calls,
    };
    let old = present(message, "function_call").filter(|call| call.is_object() && list.is_empty());
    if list.is_empty() && old.is_none() {
        return;
    }
    let batch = builder.batch();
    let is_made = |entry: &Value| id(entry, "id").is_some_and(|id| made.contains(&id));
    for entry in list.iter().chain(old).filter(|entry| !is_made(entry)) {
        one_call(entry, builder, batch, agent, at);
    }
}

fn one_call(
    entry: &Value,
    builder: &mut Builder,
    batch: u32,
    agent: Option<&str>,
    at: Option<druse_engine::Timestamp>,
) {
    if !entry.is_object() {
        builder
            .notes
            .left_out("unreadable_call", "not an object", size(entry), 0);
        return;
    }
    let function = entry.get("function").unwrap_or(&Value::Null);
    let custom = entry.get("custom").unwrap_or(&Value::Null);
    let name = function
        .as_str()
        .or_else(|| text(function, "name"))
        .or_else(|| text(custom, "name"))
        .or_else(|| text(entry, "name"))
        .unwrap_or("");
    let given = [
        function.get("arguments"),
        custom.get("input"),
        entry.get("arguments"),
        entry.get("args"),
        entry.get("input"),
        function.get("parameters"),
    ]
    .into_iter()
    .flatten()
    .find(|value| !value.is_null());
    let (arguments, raw) = arguments(given, &mut builder.notes);
    let batch = entry
        .get("batch")
        .and_then(Value::as_u64)
        .and_then(|batch| u32::try_from(batch).ok())
        .filter(|batch| *batch < 1 << 24)
        .unwrap_or(batch);
    builder.call(Call {
        id: id(entry, "id").or_else(|| id(entry, "call_id")),
        name: name.to_owned(),
        arguments,
        raw,
        batch,
        agent: text(entry, "agent").or(agent).map(str::to_owned),
        folder: text(entry, "folder").map(str::to_owned),
        shell: text(entry, "shell").map(str::to_owned),
        inside: text(entry, "inside").map(str::to_owned),
        waits: flag(entry.get("waits")),
        at: time(entry.get("started_at")).or(at),
        line: 0,
    });
}

fn answer(
    message: &Value,
    builder: &mut Builder,
    style: Style,
    at: Option<druse_engine::Timestamp>,
) {
    let recorded = id(message, "tool_call_id")
        .or_else(|| id(message, "toolCallId"))
        .or_else(|| id(message, "call_id"))
        .or_else(|| id(message, "id"));
    let called = message.get("tool_call").unwrap_or(&Value::Null);
    let recorded = recorded.or_else(|| id(called, "id"));
    let name = text(message, "name")
        .or_else(|| text(called, "function"))
        .or_else(|| text(message, "function"));
    let mut answer = Answer::new(result_content(message.get("content"), builder, style));
    let result = &mut answer.result;
    let error = message.get("error");
    result.is_error =
        flag(message.get("is_error")) || truthy(error) || text(message, "status") == Some("error");
    if let Some(Value::String(text)) = error {
        if matches!(&result.content, Value::Null) || result.content == "" {
            result.content = Value::from(text.as_str());
        }
    } else if let Some(told) = error.and_then(|error| text(error, "message"))
        && result.content == ""
    {
        result.content = Value::from(told);
    }
    if style.infer_failure && !result.is_error && message.get("is_error").is_none() {
        let failed = result.content.as_str().is_some_and(text_says_failed)
            || object_says_failed(&result.content);
        if failed {
            result.is_error = true;
            builder.notes.add("failure_inferred", "", 0);
        }
    }
    result.refused = flag(message.get("refused"));
    result.is_error |= result.refused;
    result.truncated = flag(message.get("truncated"));
    result.unread = flag(message.get("unread"));
    result.exit_code = message.get("exit_code").and_then(Value::as_i64);
    result.structured = present(message, "structured").cloned().map(Box::new);
    answer.is_sure = message.get("is_error") == Some(&Value::Bool(false));
    answer.started_at = time(message.get("started_at"));
    answer.at = time(message.get("finished_at")).or(at);
    builder.answer(recorded.as_deref(), name, answer);
}

fn approval(message: &Value, builder: &mut Builder) {
    let decision = text(message, "decision").unwrap_or("");
    let approved = matches!(
        decision,
        "approved" | "approve" | "allow" | "allowed" | "yes" | "granted"
    ) || message.get("approved") == Some(&Value::Bool(true));
    let refused = matches!(
        decision,
        "rejected" | "reject" | "denied" | "deny" | "refused" | "no"
    ) || message.get("approved") == Some(&Value::Bool(false));
    if !approved && !refused {
        // An answer that says neither is taken as no: a gate that was not passed is the safe reading.
        builder
            .notes
            .add("unknown_record", format!("approval {decision}"), 0);
    }
    let own = |key: &str| text(message, key).map(str::to_owned);
    builder.approval(
        id(message, "tool_call_id").as_deref(),
        RecordedApproval {
            call: None,
            approved,
            by: own("by"),
            comment: own("comment").or_else(|| own("content")),
            requested_at: time(message.get("requested_at")),
            decided_at: time(message.get("decided_at")).or_else(|| time(message.get("at"))),
        },
    );
}

/// Tools as they were offered: OpenAI's, Anthropic's, MCP's and our own way of writing them.
pub(super) fn tools(document: &Value) -> Vec<ToolSpec> {
    let mut all = Vec::new();
    let configured = document
        .get("toolConfig")
        .map_or(&[][..], |config| list(config, "tools"));
    for entry in list(document, "tools").iter().chain(configured) {
        if text(entry, "type") == Some("namespace") {
            let inner = list(entry, "tools").iter().filter_map(tool);
            all.extend(inner.map(|mut inner| {
                let space = serde_json::json!({ "namespace": entry["name"] });
                inner.name = in_namespace(&space, &inner.name);
                inner
            }));
        } else {
            all.extend(tool(entry));
        }
    }
    all
}

fn tool(entry: &Value) -> Option<ToolSpec> {
    let inner = entry
        .get("function")
        .or_else(|| entry.get("toolSpec"))
        .filter(|function| function.is_object())
        .unwrap_or(entry);
    let name = entry.as_str().or_else(|| text(inner, "name"))?;
    let schema = ["input_schema", "parameters", "inputSchema"]
        .iter()
        .find_map(|key| present(inner, key))
        .map(|schema| {
            schema
                .get("json")
                .filter(|inner| inner.is_object())
                .unwrap_or(schema)
        })
        .cloned();
    let annotations = inner
        .get("annotations")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    Some(ToolSpec {
        name: name.to_owned(),
        description: text(inner, "description").map(str::to_owned),
        input_schema: schema,
        annotations,
    })
}
