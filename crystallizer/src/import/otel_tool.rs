//! What the span of a tool was given and what it gave, in the spellings of its exporters.

use super::otel_messages::{answered, parsed};
use super::otel_span::Span;
use super::value::*;
use serde_json::Value;

/// Attributes that hold the arguments.
const GIVEN: [&str; 7] = [
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.arguments",
    "gen_ai.tool.input",
    "gcp.vertex.agent.tool_call_args",
    "tool_arguments",
    "ai.toolCall.args",
    "ai.toolCall.input",
];

/// Attributes that hold the answer.
const GIVES: [&str; 7] = [
    "gen_ai.tool.call.result",
    "gcp.vertex.agent.tool_response",
    "gen_ai.tool.output",
    "tool_response",
    "ai.toolCall.result",
    "ai.toolCall.output",
    "output.value",
];

/// The recorded id of the call.
pub(super) fn id(span: &Span) -> Option<String> {
    [
        "gen_ai.tool.call.id",
        "ai.toolCall.id",
        "tool_call.id",
        "tool.id",
    ]
    .iter()
    .find_map(|key| span.attribute(key))
    .map(str::to_owned)
}

/// What it was given.
pub(super) fn given(span: &Span) -> Option<Value> {
    // In OpenInference the parameters may be those that the tool declares; its input is what it was given.
    let last = match span.kind() {
        Some(_) => ["input.value", "tool.parameters", "input"],
        None => ["tool.parameters", "input.value", "input"],
    };
    first(span, &GIVEN)
        .or_else(|| first(span, &last))
        .or_else(|| traceloop(span, "traceloop.entity.input", &["inputs", "kwargs"]))
        .or_else(|| on_event(span, "gen_ai.tool.message"))
}

/// What it gave.
pub(super) fn result(span: &Span) -> Option<Value> {
    first(span, &GIVES)
        .or_else(|| first(span, &["output"]))
        .or_else(|| traceloop(span, "traceloop.entity.output", &["output"]))
        .or_else(|| on_event(span, "gen_ai.choice").map(|content| answered(&content)))
}

/// Whether the call failed by what the span says of it.
pub(super) fn failed(span: &Span) -> bool {
    span.failed || span.attribute("gen_ai.tool.status") == Some("error")
}

fn first(span: &Span, keys: &[&str]) -> Option<Value> {
    let mut all = keys.iter().filter_map(|key| span.attributes.get(*key));
    all.find(|value| !value.is_null()).cloned()
}

/// The tool's own part of what is kept of a call together with the framework's.
fn traceloop(span: &Span, key: &str, parts: &[&str]) -> Option<Value> {
    let whole = span.attributes.get(key)?;
    let Some(Value::Object(map)) = parsed(whole) else {
        return Some(whole.clone());
    };
    let part = parts
        .iter()
        .find_map(|part| map.get(*part).filter(|inner| truthy(Some(inner))));
    // A message of a tool, as LangChain's serializer wraps it.
    let inner = part.and_then(|part| part.get("kwargs")?.get("content"));
    Some(inner.or(part).cloned().unwrap_or(Value::Object(map)))
}

fn on_event(span: &Span, name: &str) -> Option<Value> {
    let (_, told) = span.events.iter().find(|(event, _)| event == name)?;
    let keys = ["content", "message", "arguments", "result"];
    keys.iter().find_map(|key| present(told, key)).cloned()
}
