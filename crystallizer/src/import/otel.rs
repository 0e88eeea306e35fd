//! OpenTelemetry traces with GenAI attributes: OTLP and Tempo batches, or Jaeger JSON.

use super::builder::{Answer, Builder, Call};
use super::otel_messages::Messages;
use super::value::*;
use crate::session::Role;
use druse_engine::Timestamp;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

struct Span {
    start: u64,
    end: u64,
    id: String,
    parent: String,
    attributes: Map<String, Value>,
    failed: bool,
}

impl Span {
    fn attribute(&self, key: &str) -> Option<&str> {
        self.attributes
            .get(key)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    }
}

pub(super) fn read(document: &Value, builder: &mut Builder) {
    let mut spans = Vec::new();
    match document {
        Value::Array(documents) => documents
            .iter()
            .for_each(|document| collect(document, &mut spans)),
        document => collect(document, &mut spans),
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
            if parent.attribute("gen_ai.operation.name") == Some("invoke_agent")
                && let Some(name) = parent.attribute("gen_ai.agent.name")
            {
                return Some(name.to_owned());
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
    let mut together = None;
    let mut busy_until = 0u64;
    let mut seen_calls = false;
    for span in &spans {
        let operation = span.attribute("gen_ai.operation.name");
        if builder.external_id.is_none() {
            builder.external_id = span.attribute("gen_ai.conversation.id").map(str::to_owned);
        }
        if operation == Some("invoke_agent") && builder.agent.is_none() {
            builder.agent = span.attribute("gen_ai.agent.name").map(str::to_owned);
        }
        said(span, builder);
        let tool = span.attribute("gen_ai.tool.name");
        let is_call = operation == Some("execute_tool") || (operation.is_none() && tool.is_some());
        if !is_call {
            others += u64::from(operation.is_none());
            continue;
        }
        let batch = match together {
            Some(batch) if span.start < busy_until => batch,
            _ => builder.batch(),
        };
        together = Some(batch);
        seen_calls = true;
        busy_until = busy_until.max(span.end);
        let by = agent(span).filter(|by| builder.agent.as_ref() != Some(by));
        call(span, tool.unwrap_or(""), batch, by, &told, builder);
    }
    if !seen_calls {
        from_messages(&told, &spans, builder);
    }
    if others > 0 {
        builder.notes.noise("span without agent attributes", 0);
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

fn call(
    span: &Span,
    tool: &str,
    batch: u32,
    by: Option<String>,
    told: &Messages,
    builder: &mut Builder,
) {
    let first = |keys: [&str; 4]| {
        keys.iter()
            .find_map(|key| span.attributes.get(*key).filter(|value| !value.is_null()))
    };
    let given = first([
        "gen_ai.tool.call.arguments",
        "gcp.vertex.agent.tool_call_args",
        "tool.parameters",
        "input.value",
    ])
    .or_else(|| told.arguments(span.attribute("gen_ai.tool.call.id")?));
    let (given, _) = arguments(given, &mut builder.notes);
    let recorded = span
        .attribute("gen_ai.tool.call.id")
        .map(str::to_owned)
        .or_else(|| Some(span.id.clone()));
    builder.call(Call {
        id: recorded.clone(),
        name: tool.to_owned(),
        arguments: given,
        batch,
        agent: by,
        at: moment(span.start),
        line: 0,
    });
    let result = first([
        "gen_ai.tool.call.result",
        "gcp.vertex.agent.tool_response",
        "gen_ai.tool.output",
        "output.value",
    ])
    .or_else(|| told.answers.get(span.attribute("gen_ai.tool.call.id")?));
    let Some(result) = result else {
        if !span.failed {
            return;
        }
        let mut answer = Answer::new("");
        answer.result.is_error = true;
        answer.at = moment(span.end);
        builder.answer(recorded.as_deref(), None, answer);
        return;
    };
    let mut answer = Answer::new(result.clone());
    answer.result.is_error = span.failed || object_says_failed(result);
    answer.at = moment(span.end);
    builder.answer(recorded.as_deref(), None, answer);
}

/// What the person and the agent said, where a span keeps it.
fn said(span: &Span, builder: &mut Builder) {
    let at = moment(span.start);
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

fn collect(document: &Value, spans: &mut Vec<Span>) {
    for trace in list(document, "data") {
        for span in list(trace, "spans") {
            let attributes: Map<String, Value> = list(span, "tags")
                .iter()
                .filter_map(|tag| Some((text(tag, "key")?.to_owned(), tag.get("value")?.clone())))
                .collect();
            let start = unsigned(span.get("startTime")).saturating_mul(1000);
            let failed = truthy(attributes.get("error")) && attributes["error"] != "false"
                || attributes.contains_key("error.type")
                || attributes
                    .get("otel.status_code")
                    .is_some_and(|code| code == "ERROR");
            spans.push(Span {
                start,
                end: start.saturating_add(unsigned(span.get("duration")).saturating_mul(1000)),
                id: text(span, "spanID").unwrap_or("").to_owned(),
                parent: list(span, "references")
                    .first()
                    .and_then(|parent| text(parent, "spanID"))
                    .unwrap_or("")
                    .to_owned(),
                attributes,
                failed,
            });
        }
    }
    let inner = document.get("trace").unwrap_or(document);
    for batch in list(inner, "resourceSpans")
        .iter()
        .chain(list(inner, "batches"))
    {
        for key in ["scopeSpans", "instrumentationLibrarySpans"] {
            for span in list(batch, key)
                .iter()
                .flat_map(|scope| list(scope, "spans"))
            {
                let attributes: Map<String, Value> = list(span, "attributes")
                    .iter()
                    .filter_map(|entry| {
                        Some((
                            text(entry, "key")?.to_owned(),
                            any_value(entry.get("value")?),
                        ))
                    })
                    .collect();
                let code = span.get("status").and_then(|status| status.get("code"));
                let failed = code.is_some_and(|code| code == 2 || code == "STATUS_CODE_ERROR")
                    || attributes.contains_key("error.type");
                spans.push(Span {
                    start: unsigned(span.get("startTimeUnixNano")),
                    end: unsigned(span.get("endTimeUnixNano")),
                    id: text(span, "spanId").unwrap_or("").to_owned(),
                    parent: text(span, "parentSpanId").unwrap_or("").to_owned(),
                    attributes,
                    failed,
                });
            }
        }
    }
}

/// An OTLP value as JSON: 64-bit integers are written as text there.
fn any_value(value: &Value) -> Value {
    let Some((kind, inner)) = value.as_object().and_then(|map| map.iter().next()) else {
        return value.clone();
    };
    match kind.as_str() {
        "intValue" => inner
            .as_str()
            .and_then(|text| text.parse::<i64>().ok())
            .map_or_else(|| inner.clone(), Value::from),
        "arrayValue" => list(inner, "values").iter().map(any_value).collect(),
        "kvlistValue" => Value::Object(
            list(inner, "values")
                .iter()
                .filter_map(|entry| {
                    Some((
                        text(entry, "key")?.to_owned(),
                        any_value(entry.get("value")?),
                    ))
                })
                .collect(),
        ),
        _ => inner.clone(),
    }
}

fn unsigned(value: Option<&Value>) -> u64 {
    match value {
        Some(Value::Number(number)) => number.as_u64().unwrap_or(0),
        Some(Value::String(text)) => text.parse().unwrap_or(0),
        _ => 0,
    }
}

fn moment(nanos: u64) -> Option<Timestamp> {
    i64::try_from(nanos / 1_000_000)
        .ok()
        .filter(|millis| *millis > 0)
        .map(Timestamp)
}
