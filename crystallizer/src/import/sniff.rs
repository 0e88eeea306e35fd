//! Which format a value is in, by its content.

use super::formats::Format;
use super::value::{list, present, text};
use super::{
    agents_trace, ai_sdk, cursor, gemini_contents, gemini_stream, goose, langsmith, mcp_log,
    openai_responses, opencode, openhands_sdk, otel_span, pydantic_ai, qwen_code,
};
use serde_json::Value;

/// How many records are looked at to find the format of a list of records.
pub(super) const LOOK: usize = 50;

/// The format whose recordings are lists of such records, if this is one of its records.
pub(super) fn record(value: &Value) -> Option<Format> {
    if !value.is_object() {
        return None;
    }
    let kind = text(value, "type").unwrap_or("");
    let has = |key: &str| present(value, key).is_some();
    if mcp_log::is_record(value) {
        return Some(Format::McpLog);
    }
    if agents_trace::is_record(value) {
        return Some(Format::AgentsTrace);
    }
    if cursor::is_call(value) {
        return Some(Format::Cursor);
    }
    if opencode::is_event(value) {
        return Some(Format::OpenCode);
    }
    if goose::is_record(value) {
        return Some(Format::Goose);
    }
    if qwen_code::is_record(value) {
        return Some(Format::GeminiCli);
    }
    if matches!(kind, "user" | "assistant") && has("message") {
        let marked = [
            "sessionId",
            "session_id",
            "uuid",
            "parentUuid",
            "isSidechain",
        ]
        .iter()
        .any(|key| value.get(*key).is_some());
        let shaped =
            value["message"].get("role").is_some() || value["message"].get("content").is_some();
        if marked || shaped {
            return Some(Format::ClaudeCode);
        }
    }
    if kind == "system" && text(value, "subtype") == Some("init") && has("session_id") {
        return Some(Format::ClaudeCode);
    }
    if matches!(kind, "session_meta" | "response_item" | "turn_context")
        && value["payload"].is_object()
    {
        return Some(Format::CodexRollout);
    }
    if (matches!(
        kind,
        "function_call"
            | "function_call_output"
            | "custom_tool_call"
            | "local_shell_call"
            | "custom_tool_call_output"
    ) && has("call_id"))
        || (value.get("instructions").is_some()
            && has("id")
            && has("timestamp")
            && value.get("messages").is_none())
    {
        return Some(Format::CodexRollout);
    }
    if kind == "thread.started"
        || (matches!(kind, "item.completed" | "item.started") && value["item"].is_object())
    {
        return Some(Format::CodexExec);
    }
    if kind == "session" && has("cwd") {
        return Some(Format::Pi);
    }
    if kind == "message" && value["message"].get("role").is_some() {
        return Some(Format::Pi);
    }
    if super::gemini_cli::begins(value) || gemini_stream::is_record(value) {
        return Some(Format::GeminiCli);
    }
    if openhands_event(value) {
        return Some(Format::OpenHands);
    }
    if pydantic_ai::is_message(value) {
        return Some(Format::PydanticAi);
    }
    if ai_sdk::is_message(value) {
        return Some(Format::AiSdk);
    }
    if gemini_contents::is_content(value) || gemini_contents::is_response(value) {
        return Some(Format::GeminiContents);
    }
    if adk_event(value) {
        return Some(Format::GoogleAdk);
    }
    if langsmith::is_run(value) {
        return Some(Format::LangSmith);
    }
    if otel_span::is_plain(value) {
        return Some(Format::Otel);
    }
    if openai_responses::is_event(value)
        || (openai_responses::is_item(value) && !is_message(value))
        || openai_responses::is_whole(value)
    {
        return Some(Format::OpenAiResponses);
    }
    if has("expected_tool_use") && value.get("messages").is_none() {
        return Some(Format::GoogleAdk);
    }
    if is_message(value) {
        return Some(chat(std::slice::from_ref(value), None));
    }
    None
}

fn openhands_event(value: &Value) -> bool {
    if openhands_sdk::is_event(value) {
        return true;
    }
    let named = text(value, "action").is_some() || text(value, "observation").is_some();
    named
        && (value.get("source").is_some() || value.get("cause").is_some())
        && (value.get("id").is_some()
            || value.get("args").is_some()
            || value.get("extras").is_some())
}

fn is_message(value: &Value) -> bool {
    super::chat::role(value).is_some()
        && [
            "content",
            "tool_calls",
            "tool_call_id",
            "function_call",
            "decision",
        ]
        .iter()
        .any(|key| value.get(*key).is_some())
}

/// The format of a whole document that is one recording, or holds several.
pub(super) fn document(value: &Value) -> Option<Format> {
    match value {
        Value::Array(items) => array(items),
        Value::Object(_) => object(value),
        _ => None,
    }
}

fn array(items: &[Value]) -> Option<Format> {
    let mut messages = 0;
    for item in items.iter().take(LOOK) {
        // A batch of messages of a protocol is an array of its own.
        if list_of(item).iter().any(mcp_log::is_record) {
            return Some(Format::McpLog);
        }
        if openai_responses::is_response(item) && !is_message(item) {
            return Some(Format::OpenAiResponses);
        }
        if is_message(item) && !ai_sdk::is_message(item) {
            messages += 1;
            continue;
        }
        if let Some(format) = record(item) {
            // Calls as items among messages with roles are OpenAI's responses.
            let items = format == Format::CodexRollout && item.get("payload").is_none();
            return Some(if items {
                Format::OpenAiResponses
            } else {
                format
            });
        }
        if item.get("data").is_some_and(Value::is_array)
            && list(item, "data")
                .iter()
                .any(|turn| turn.get("query").is_some())
        {
            return Some(Format::GoogleAdk);
        }
        if item.get("query").is_some() && item.get("reference").is_some() {
            return Some(Format::GoogleAdk);
        }
    }
    if super::mini_swe_agent::has_action(items) {
        return Some(Format::SweAgent);
    }
    (messages > 0).then(|| chat(items, None))
}

fn list_of(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], |items| items)
}

fn object(value: &Value) -> Option<Format> {
    let has = |key: &str| value.get(key).is_some();
    let is_list = |key: &str| value.get(key).is_some_and(Value::is_array);
    if list(value, "data")
        .iter()
        .take(LOOK)
        .any(agents_trace::is_record)
    {
        return Some(Format::AgentsTrace);
    }
    if opencode::is_export(value) {
        return Some(Format::OpenCode);
    }
    if goose::is_session(value) {
        return Some(Format::Goose);
    }
    if is_list("loglines") {
        return Some(Format::ClaudeCode);
    }
    if has("sessionId")
        && is_list("messages")
        && (has("projectHash")
            || list(value, "messages")
                .iter()
                .any(|message| text(message, "type") == Some("gemini")))
    {
        return Some(Format::GeminiCli);
    }
    if is_list("messages") && has("suite_name") && has("user_task_id") {
        return Some(Format::AgentDojo);
    }
    if is_list("traj") && (has("reward") || has("task_id")) {
        return Some(Format::TauBench);
    }
    if is_list("simulations")
        || (is_list("messages")
            && has("termination_reason")
            && (has("task_id") || has("reward_info")))
        || (is_list("messages") && has("reward_info"))
    {
        return Some(Format::Tau2Bench);
    }
    let holds_events = |key: &&str| list(value, key).iter().take(LOOK).any(openhands_event);
    if super::openhands::LISTS.iter().any(holds_events) {
        return Some(Format::OpenHands);
    }
    if list(value, "history")
        .iter()
        .take(LOOK)
        .any(gemini_contents::is_content)
    {
        return Some(Format::GeminiContents);
    }
    if super::mini_swe_agent::is_one(value) {
        return Some(Format::SweAgent);
    }
    if is_list("trajectory")
        && (has("history")
            || has("environment")
            || has("info")
            || list(value, "trajectory")
                .first()
                .is_some_and(|step| step.get("action").is_some()))
    {
        return Some(Format::SweAgent);
    }
    if is_list("history")
        && list(value, "history")
            .iter()
            .take(LOOK)
            .any(|message| message.get("role").is_some())
        && !has("messages")
    {
        return Some(Format::SweAgent);
    }
    if text(value, "schema_version").is_some_and(|version| version.starts_with("ATIF-v"))
        || atif(value)
    {
        return Some(Format::Atif);
    }
    if has("eval") && is_list("samples") && (has("plan") || has("version") || has("status")) {
        return Some(Format::InspectAi);
    }
    if otel(value) {
        return Some(Format::Otel);
    }
    if is_list("eval_cases") || is_list("evalCases") || (is_list("events") && adk_events(value)) {
        return Some(Format::GoogleAdk);
    }
    if is_list("conversation")
        && list(value, "conversation")
            .iter()
            .any(|turn| turn.get("user_content").is_some())
    {
        return Some(Format::GoogleAdk);
    }
    if is_list("question") && is_list("ground_truth") {
        return Some(Format::Bfcl);
    }
    if gemini_request(value) || value.get("request").is_some_and(gemini_request) {
        return Some(Format::GeminiContents);
    }
    if langsmith::is_run(value) || list(value, "runs").iter().take(LOOK).any(langsmith::is_run) {
        return Some(Format::LangSmith);
    }
    if list(value, "messages")
        .iter()
        .take(LOOK)
        .any(pydantic_ai::is_message)
    {
        return Some(Format::PydanticAi);
    }
    if list(value, "messages")
        .iter()
        .take(LOOK)
        .any(ai_sdk::is_message)
    {
        return Some(Format::AiSdk);
    }
    if ["messages", "entries", "events", "log"]
        .iter()
        .any(|key| list(value, key).iter().take(LOOK).any(mcp_log::is_record))
    {
        return Some(Format::McpLog);
    }
    if openai_responses::is_response(value) {
        return Some(Format::OpenAiResponses);
    }
    if is_list("messages") && list(value, "messages").iter().take(LOOK).any(is_message) {
        return Some(chat(list(value, "messages"), Some(value)));
    }
    // The whole answer of a model, without its request.
    let answers = |choice: &Value| {
        choice
            .get("message")
            .is_some_and(|message| super::chat::role(message).is_some())
    };
    if list(value, "choices").iter().any(answers) {
        return Some(Format::OpenAiChat);
    }
    None
}

fn gemini_request(value: &Value) -> bool {
    gemini_contents::is_response(value)
        || list(value, "contents")
            .iter()
            .take(LOOK)
            .any(gemini_contents::is_content)
        || (value.get("contents").is_some_and(Value::is_string)
            && value.get("candidates").is_some())
}

/// A document that wraps a trajectory (`{"parent": {…}, "subagent": {…}}`).
fn atif(value: &Value) -> bool {
    value.as_object().is_some_and(|map| {
        map.values().take(LOOK).any(|inner| {
            text(inner, "schema_version").is_some_and(|version| version.starts_with("ATIF-v"))
                && inner.get("steps").is_some()
        })
    })
}

fn adk_event(value: &Value) -> bool {
    let inner = value.get("content").unwrap_or(value);
    let is_part = |part: &Value| {
        text(part, "type").is_none()
            && [
                "text",
                "function_call",
                "functionCall",
                "function_response",
                "functionResponse",
            ]
            .iter()
            .any(|key| part.get(*key).is_some())
    };
    value.is_object()
        && inner.get("parts").is_some_and(Value::is_array)
        && (value.get("author").is_some()
            || value.get("content").is_some()
            || list(inner, "parts").iter().any(is_part))
}

fn adk_events(value: &Value) -> bool {
    let events = list(value, "events");
    let shaped = events
        .iter()
        .take(LOOK)
        .any(|event| event.get("author").is_some() || event["content"].get("parts").is_some());
    shaped
        || (events.is_empty()
            && ["app_name", "appName"]
                .iter()
                .any(|key| value.get(*key).is_some()))
}

fn otel(value: &Value) -> bool {
    let batches = ["resourceSpans", "batches"]
        .iter()
        .any(|key| value.get(*key).is_some_and(Value::is_array));
    let jaeger = list(value, "data")
        .iter()
        .take(LOOK)
        .any(|trace| trace.get("spans").is_some_and(Value::is_array) || otel_span::is_plain(trace));
    let trace = value
        .get("trace")
        .is_some_and(|trace| trace.get("resourceSpans").is_some_and(Value::is_array));
    batches || jaeger || trace || otel_span::is_plain(value)
}

/// Which of the chat formats some messages are in.
fn chat(messages: &[Value], document: Option<&Value>) -> Format {
    if messages.iter().any(ai_sdk::is_message) {
        return Format::AiSdk;
    }
    if messages.iter().any(goose::is_message) {
        return Format::Goose;
    }
    if let Some(document) = document {
        let own_keys = ["status", "agent", "goal", "started_at", "finished_at"];
        if own_keys.iter().any(|key| text(document, key).is_some()) {
            return Format::Druse;
        }
    }
    let mut anthropic = false;
    let mut openai = false;
    for message in messages {
        match text(message, "role") {
            Some("approval") => return Format::Druse,
            Some("tool") => {
                let own = ["is_error", "started_at", "finished_at"]
                    .iter()
                    .any(|key| message.get(*key).is_some());
                if own
                    || message.get("content").is_some_and(|content| {
                        content.is_object() || content.is_number() || content.is_boolean()
                    })
                {
                    return Format::Druse;
                }
                openai = true;
            }
            _ => {}
        }
        openai |= !list(message, "toolCalls").is_empty();
        for call in list(message, "tool_calls") {
            if text(call, "name").is_some()
                && call.get("arguments").is_some()
                && call.get("function").is_none()
            {
                return Format::Druse;
            }
            openai = true;
        }
        openai |= present(message, "function_call").is_some();
        anthropic |= list(message, "content").iter().any(|block| {
            block.get("toolUse").is_some_and(Value::is_object)
                || matches!(
                    text(block, "type"),
                    Some("tool_use" | "tool_result" | "server_tool_use" | "thinking")
                )
        });
    }
    let answered = document.and_then(|document| document.get("response"));
    anthropic |= answered.is_some_and(|answer| {
        text(answer, "role") == Some("assistant")
            && answer.get("content").is_some_and(Value::is_array)
    });
    let system = document.is_some_and(|document| document.get("system").is_some());
    if (anthropic || system) && !openai {
        Format::AnthropicChat
    } else {
        Format::OpenAiChat
    }
}
