//! OpenTelemetry traces with GenAI or OpenInference attributes.

use super::builder::{Answer, Builder, Call};
use super::chat;
use super::otel_messages::{Messages, spoken};
use super::otel_span::{Span, collect, moment};
use super::python_call;
use super::value::*;
use crate::session::Role;
use druse_engine::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) fn read(document: &Value, builder: &mut Builder) {
    let mut spans = Vec::new();
    match document {
        Value::Array(documents) => documents
            .iter()
            .for_each(|document| collect(document, &mut spans, &mut builder.notes)),
        document => collect(document, &mut spans, &mut builder.notes),
    }
    spans.sort_by(|a, b| (a.start, &a.id).cmp(&(b.start, &b.id)));
    let by_id: BTreeMap<&str, usize> = spans
        .iter()
        .enumerate()
        .map(|(index, span)| (span.id.as_str(), index))
        .collect();
    let agent = |span: &Span| {
        let mut at = by_id.get(span.parent.as_str()).copied();
        // A chain of parents longer than this is no chain of agents; a circle ends here too.
        for _ in 0..64 {
            let parent = &spans[at?];
            if let Some(name) = parent.agent() {
                return Some(name.to_owned());
            }
            at = by_id.get(parent.parent.as_str()).copied();
        }
        None
    };
    // The nearest call of a tool around a span.
    let around = |span: &Span| {
        let mut at = by_id.get(span.parent.as_str()).copied();
        for _ in 0..64 {
            let parent = &spans[at?];
            if is_tool(parent) {
                return at;
            }
            at = by_id.get(parent.parent.as_str()).copied();
        }
        None
    };
    let mut told = Messages::default();
    for (index, span) in spans.iter().enumerate() {
        told.take(&span.attributes, index);
    }
    let mut others = 0u64;
    let mut together: BTreeMap<Option<usize>, (u32, u64)> = BTreeMap::new();
    let mut calls: BTreeMap<usize, String> = BTreeMap::new();
    for (index, span) in spans.iter().enumerate() {
        let operation = span.operation();
        // What the agent does after its last call belongs to the session, too.
        if operation.is_some() || span.kind().is_some() {
            builder.seen_at(moment(span.start));
            builder.seen_at(moment(span.end));
        }
        if builder.external_id.is_none() {
            builder.external_id = ["gen_ai.conversation.id", "session.id"]
                .iter()
                .find_map(|key| span.attribute(key))
                .map(str::to_owned);
        }
        if builder.agent.is_none() {
            builder.agent = span.agent().map(str::to_owned);
        }
        offered(span, builder);
        said(span, builder);
        let tool = span.attribute("gen_ai.tool.name").or_else(|| {
            span.kind()?;
            span.attribute("tool.name").or(Some(span.name.as_str()))
        });
        let outer = around(span);
        let search = span.kind() == Some("RETRIEVER") && outer.is_none();
        let is_call = search || is_tool(span);
        if !is_call {
            match span.kind() {
                Some(kind) if operation.is_none() => {
                    builder.notes.noise(&format!("{kind} span"), 0);
                }
                _ => others += u64::from(operation.is_none()),
            }
            continue;
        }
        // What a call makes is not issued together with it.
        let (batch, busy) = match together.get(&outer) {
            Some((batch, busy)) if span.start < *busy => (*batch, *busy),
            _ => (builder.batch(), 0),
        };
        together.insert(outer, (batch, busy.max(span.end)));
        let by = agent(span).filter(|by| builder.agent.as_ref() != Some(by));
        let id = call(span, tool.unwrap_or(""), batch, by, &told, builder);
        calls.insert(index, id);
    }
    let outer = calls.iter().filter_map(|(index, id)| {
        let outer = calls.get(&around(&spans[*index])?)?;
        Some((id.clone(), outer.clone()))
    });
    builder.nested(&outer.collect());
    if calls.is_empty() {
        from_messages(&told, &spans, builder);
    }
    for _ in 0..others {
        builder.notes.noise("span without agent attributes", 0);
    }
}

/// Whether a span is a call of a tool.
fn is_tool(span: &Span) -> bool {
    match span.operation() {
        Some(operation) => operation == "execute_tool",
        None => span.attribute("gen_ai.tool.name").is_some(),
    }
}

/// Calls of a trace without spans of tools.
fn from_messages(told: &Messages, spans: &[Span], builder: &mut Builder) {
    let mut last: Option<(usize, u32)> = None;
    for told_call in &told.calls {
        let batch = match last {
            Some((span, batch)) if span == told_call.span => batch,
            _ => builder.batch(),
        };
        last = Some((told_call.span, batch));
        let (given, _) = arguments(told_call.arguments.as_ref(), &mut builder.notes);
        builder.call(Call {
            id: Some(told_call.id.clone()),
            name: told_call.name.clone(),
            arguments: given,
            batch,
            at: spans
                .get(told_call.span)
                .and_then(|span| moment(span.start)),
            ..Call::default()
        });
        if let Some(content) = told.answers.get(&told_call.id) {
            let mut answer = Answer::new(content.clone());
            answer.result.is_error = object_says_failed(content);
            builder.answer(Some(&told_call.id), None, answer);
        }
    }
}

/// Adds the call of a span, and gives its id in the session.
fn call(
    span: &Span,
    tool: &str,
    batch: u32,
    by: Option<String>,
    told: &Messages,
    builder: &mut Builder,
) -> String {
    let first = |keys: [&str; 4]| {
        keys.iter()
            .find_map(|key| span.attributes.get(*key).filter(|value| !value.is_null()))
    };
    // In OpenInference the parameters may be those that the tool declares; its input is what it was given.
    let keys = match span.kind() {
        Some(_) => ["input.value", "tool.parameters"],
        None => ["tool.parameters", "input.value"],
    };
    let call_id = ["gen_ai.tool.call.id", "tool_call.id", "tool.id"]
        .iter()
        .find_map(|key| span.attribute(key));
    let given = first([
        "gen_ai.tool.call.arguments",
        "gcp.vertex.agent.tool_call_args",
        keys[0],
        keys[1],
    ])
    .or_else(|| told.arguments(call_id?));
    let (mut given, raw) = arguments(given, &mut builder.notes);
    let written = text(&given, "_raw").filter(|_| raw);
    let literal = written
        .and_then(python_call::literal)
        .filter(Value::is_object);
    let unread = raw && literal.is_none();
    given = literal.unwrap_or(given);
    let recorded = call_id.map(str::to_owned).or_else(|| Some(span.id.clone()));
    let unique = builder.call(Call {
        id: recorded.clone(),
        name: tool.to_owned(),
        arguments: given,
        batch,
        agent: by,
        at: moment(span.start),
        line: 0,
        ..Call::default()
    });
    if unread {
        builder.notes.add("arguments_not_json", unique.as_str(), 0);
    }
    let result = first([
        "gen_ai.tool.call.result",
        "gcp.vertex.agent.tool_response",
        "gen_ai.tool.output",
        "output.value",
    ])
    .or_else(|| told.answers.get(call_id?));
    let Some(result) = result else {
        if !span.failed {
            return unique;
        }
        let mut answer = Answer::new(span.failure.as_str());
        answer.result.is_error = true;
        answer.at = moment(span.end);
        builder.answer(recorded.as_deref(), None, answer);
        return unique;
    };
    let mut answer = Answer::new(result.clone());
    answer.result.is_error = span.failed || object_says_failed(result);
    answer.at = moment(span.end);
    builder.answer(recorded.as_deref(), None, answer);
    unique
}

/// The tools that a request to a model offers.
fn offered(span: &Span, builder: &mut Builder) {
    let mut tools = Vec::new();
    let parsed = |value: &Value| match value {
        Value::String(text) => serde_json::from_str::<Value>(text).ok(),
        other => Some(other.clone()),
    };
    if let Some(Value::Array(entries)) = span
        .attributes
        .get("gen_ai.tool.definitions")
        .and_then(parsed)
    {
        tools.extend(entries);
    }
    for number in 0..MOST_TOOLS {
        let Some(tool) = span
            .attributes
            .get(&format!("llm.tools.{number}.tool.json_schema"))
        else {
            break;
        };
        tools.extend(parsed(tool));
    }
    for tool in chat::tools(&serde_json::json!({ "tools": tools })) {
        builder.offer(tool);
    }
}

/// How many numbered tools of one span are looked at.
const MOST_TOOLS: usize = 100_000;

/// What the person and the agent said, where a span keeps it.
fn said(span: &Span, builder: &mut Builder) {
    let at = moment(span.start);
    for (role, said) in spoken(&span.attributes) {
        once(builder, role, &said, at);
    }
    for number in 0..64 {
        let part = |key: &str| span.attribute(&format!("gen_ai.prompt.{number}.{key}"));
        let Some(role) = part("role") else { break };
        let role = match role {
            "user" => Role::User,
            "system" => Role::System,
            _ => continue,
        };
        once(builder, role, part("content").unwrap_or(""), at);
    }
    for key in ["gen_ai.input.messages", "gcp.vertex.agent.llm_request"] {
        let Some(value) = span
            .attribute(key)
            .and_then(|text| serde_json::from_str::<Value>(text).ok())
        else {
            continue;
        };
        let messages = value
            .as_array()
            .map_or_else(|| list(&value, "contents"), Vec::as_slice);
        for message in messages
            .iter()
            .filter(|message| text(message, "role") == Some("user"))
        {
            for part in list(message, "parts") {
                let said = text(part, "text").or_else(|| text(part, "content"));
                once(builder, Role::User, said.unwrap_or(""), at);
            }
        }
    }
}

/// Each request to a model repeats what was said before it: what was said is kept once.
fn once(builder: &mut Builder, role: Role, said: &str, at: Option<Timestamp>) {
    if !said.is_empty() && builder.first_time(role, said) {
        builder.message(role, said, at);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    /// What the agent says after its last call takes time, too.
    #[test]
    fn a_session_lasts_until_the_agent_has_ended() {
        let span = |id: &str, operation: &str, from: u64| {
            let text =
                |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
            let second = |at: u64| format!("{}000000000", 1_795_000_000 + at);
            json!({ "traceId": "t", "spanId": id, "name": operation, "startTimeUnixNano": second(from), "endTimeUnixNano": second(from + 1), "attributes": [
                text("gen_ai.operation.name", operation), text("gen_ai.tool.name", "f"), text("gen_ai.tool.call.arguments", "{}"),
            ] })
        };
        let spans = [
            span("1", "chat", 1),
            span("2", "execute_tool", 3),
            span("3", "chat", 5),
        ];
        let trace = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": spans }] }] });
        let session = crate::import(trace.to_string().as_bytes())
            .unwrap()
            .remove(0);
        let took = session
            .finished_at
            .unwrap()
            .since(session.started_at.unwrap());
        assert_eq!(took.as_millis(), 5_000);
    }
}
