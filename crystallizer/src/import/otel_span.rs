//! Spans as exporters write them: OTLP and Tempo batches, Jaeger traces, and spans by themselves as
//! consoles and data frames keep them, whose attributes may be nested.

use super::notes::Notes;
use super::value::*;
use druse_engine::Timestamp;
use serde_json::{Map, Value};

/// The longest name of an attribute that nested attributes are joined to, in bytes.
const LONGEST_NAME: usize = 256;

/// The outermost names under which agents' attributes stand.
const ROOTS: [&str; 18] = [
    "ai",
    "traceloop",
    "openinference",
    "llm",
    "tool",
    "tool_call",
    "input",
    "output",
    "gen_ai",
    "session",
    "user",
    "agent",
    "retrieval",
    "error",
    "gcp",
    "graph",
    "message",
    "metadata",
];

/// Attributes whose values may be objects or lists.
const WHOLE: [&str; 18] = [
    "ai.prompt",
    "ai.prompt.messages",
    "ai.response.toolCalls",
    "ai.toolCall.args",
    "ai.toolCall.input",
    "ai.toolCall.result",
    "gen_ai.system_instructions",
    "traceloop.entity.input",
    "traceloop.entity.output",
    "input.value",
    "output.value",
    "tool.parameters",
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.call.result",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.tool.definitions",
    "gcp.vertex.agent.tool_call_args",
];

pub(super) struct Span {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) id: String,
    /// The trace that it is part of; empty where none is told.
    pub(super) trace: String,
    pub(super) parent: String,
    pub(super) name: String,
    pub(super) attributes: Map<String, Value>,
    /// The events on which messages stand, by name: their attributes as an object.
    pub(super) events: Vec<(String, Value)>,
    pub(super) failed: bool,
    /// What the span says about its failure.
    pub(super) failure: String,
}

impl Span {
    pub(super) fn attribute(&self, key: &str) -> Option<&str> {
        self.attributes
            .get(key)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    }

    /// What kind of work it is in OpenInference's words.
    pub(super) fn kind(&self) -> Option<&str> {
        self.attribute("openinference.span.kind")
    }

    /// What it does in the words of OpenTelemetry.
    pub(super) fn operation(&self) -> Option<&str> {
        let kind = || match self.kind()? {
            "TOOL" => Some("execute_tool"),
            "AGENT" => Some("invoke_agent"),
            "LLM" => Some("chat"),
            _ => None,
        };
        let ai_sdk = || match self.attribute("ai.operationId")? {
            "ai.toolCall" => Some("execute_tool"),
            "ai.generateText" | "ai.streamText" | "ai.generateObject" | "ai.streamObject" => {
                Some("invoke_agent")
            }
            other => other.contains(".do").then_some("chat"),
        };
        let traceloop = || match self.attribute("traceloop.span.kind")? {
            "tool" => Some("execute_tool"),
            "agent" => Some("invoke_agent"),
            _ => None,
        };
        self.attribute("gen_ai.operation.name")
            .or_else(kind)
            .or_else(ai_sdk)
            .or_else(traceloop)
            .or_else(|| self.attribute("agent_name").map(|_| "invoke_agent"))
    }

    /// Whether it is a call of a tool.
    pub(super) fn is_tool(&self) -> bool {
        match self.operation() {
            Some(operation) => operation == "execute_tool",
            None => self.attribute("gen_ai.tool.name").is_some(),
        }
    }

    /// The tool that it calls.
    pub(super) fn tool(&self) -> Option<&str> {
        ["gen_ai.tool.name", "ai.toolCall.name"]
            .iter()
            .find_map(|key| self.attribute(key))
            .or_else(|| {
                self.attribute("traceloop.span.kind")?;
                self.attribute("traceloop.entity.name")
            })
            .or_else(|| {
                self.kind()?;
                self.attribute("tool.name").or(Some(self.name.as_str()))
            })
    }

    /// The agent that works in it.
    pub(super) fn agent(&self) -> Option<&str> {
        if self.operation() != Some("invoke_agent") {
            return None;
        }
        [
            "gen_ai.agent.name",
            "agent.name",
            "agent_name",
            "traceloop.entity.name",
            "ai.telemetry.functionId",
        ]
        .iter()
        .find_map(|key| self.attribute(key))
        .or_else(|| {
            self.kind()
                .map(|_| self.name.as_str())
                .filter(|name| !name.is_empty())
        })
    }
}

/// Whether this is a span by itself.
pub(super) fn is_plain(value: &Value) -> bool {
    let named = value
        .get("context")
        .is_some_and(|context| context.get("span_id").is_some())
        || value.get("span_id").is_some()
        || value.get("context.span_id").is_some();
    let agents = |attributes: &Map<String, Value>| {
        attributes.keys().any(|key| {
            ["gen_ai.", "openinference", "ai.", "traceloop."]
                .iter()
                .any(|start| key.starts_with(start))
                || key == "gen_ai"
        })
    };
    named
        && value.get("start_time").is_some()
        && (value
            .get("attributes")
            .and_then(Value::as_object)
            .is_some_and(agents)
            || text(value, "span_kind").is_some())
}

/// Takes the spans of a document.
pub(super) fn collect(document: &Value, spans: &mut Vec<Span>, notes: &mut Notes) {
    if is_plain(document) {
        return spans.push(plain(document));
    }
    let mut found = false;
    for trace in list(document, "data") {
        if is_plain(trace) {
            found = true;
            spans.push(plain(trace));
        }
        for span in list(trace, "spans") {
            found = true;
            spans.push(jaeger(span));
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
                found = true;
                spans.push(otlp(span));
            }
        }
    }
    for key in ["resourceLogs", "resourceMetrics"] {
        if document.get(key).is_some_and(Value::is_array) {
            // A collector writes what else it is sent into the same file.
            found = true;
            notes.left_out("unknown_record", key, size(document), 0);
        }
    }
    if !found && (document.get("attributes").is_some() || !document.is_object()) {
        // A span that no agent's attributes mark, among others that they do.
        notes.left_out("not_a_record", "span", size(document), 0);
    }
}

fn jaeger(span: &Value) -> Span {
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
    Span {
        start,
        end: start.saturating_add(unsigned(span.get("duration")).saturating_mul(1000)),
        id: text(span, "spanID").unwrap_or("").to_owned(),
        trace: text(span, "traceID").unwrap_or("").to_owned(),
        parent: list(span, "references")
            .first()
            .and_then(|parent| text(parent, "spanID"))
            .unwrap_or("")
            .to_owned(),
        name: text(span, "operationName").unwrap_or("").to_owned(),
        failure: attributes
            .get("otel.status_description")
            .and_then(Value::as_str)
            .unwrap_or("")
            .to_owned(),
        events: list(span, "logs").iter().filter_map(logged).collect(),
        attributes,
        failed,
    }
}

/// An event as Jaeger keeps it.
fn logged(log: &Value) -> Option<(String, Value)> {
    let fields: Map<String, Value> = list(log, "fields")
        .iter()
        .filter_map(|field| Some((text(field, "key")?.to_owned(), field.get("value")?.clone())))
        .collect();
    let name = fields.get("event").and_then(Value::as_str)?;
    is_message(name).then(|| (name.to_owned(), Value::Object(fields.clone())))
}

/// Whether an event of this name is a message.
fn is_message(name: &str) -> bool {
    name == "gen_ai.choice" || name.starts_with("gen_ai.") && name.ends_with(".message")
}

fn otlp(span: &Value) -> Span {
    let mut attributes = pairs(span);
    let status = span.get("status").unwrap_or(&Value::Null);
    let code = status.get("code");
    let failed = code.is_some_and(|code| code == 2 || code == "STATUS_CODE_ERROR")
        || attributes.contains_key("error.type");
    let mut failure = text(status, "message").unwrap_or("").to_owned();
    let mut events = Vec::new();
    for event in list(span, "events") {
        event_attributes(
            event,
            pairs(event),
            &mut attributes,
            &mut failure,
            &mut events,
        );
    }
    Span {
        start: unsigned(span.get("startTimeUnixNano")),
        end: unsigned(span.get("endTimeUnixNano")),
        id: text(span, "spanId").unwrap_or("").to_owned(),
        trace: text(span, "traceId").unwrap_or("").to_owned(),
        parent: text(span, "parentSpanId").unwrap_or("").to_owned(),
        name: text(span, "name").unwrap_or("").to_owned(),
        attributes,
        events,
        failed,
        failure,
    }
}

fn plain(span: &Value) -> Span {
    let context = span.get("context").unwrap_or(span);
    let named = |key: &str| text(context, key).or_else(|| text(span, &format!("context.{key}")));
    let mut attributes = nested(span.get("attributes").unwrap_or(&Value::Null));
    // A data frame has a column for each attribute.
    for (key, value) in span.as_object().into_iter().flatten() {
        if let Some(key) = key.strip_prefix("attributes.")
            && !value.is_null()
        {
            let tree = Value::Object(Map::from_iter([(key.to_owned(), value.clone())]));
            attributes.extend(nested(&tree));
        }
    }
    if let Some(kind) = text(span, "span_kind") {
        attributes
            .entry("openinference.span.kind")
            .or_insert_with(|| Value::from(kind));
    }
    let status = span.get("status").unwrap_or(&Value::Null);
    let code = ["status_code", "code"]
        .iter()
        .find_map(|key| text(status, key))
        .or_else(|| text(span, "status_code"))
        .or_else(|| status.as_str())
        .unwrap_or("");
    let failed = code.ends_with("ERROR") || attributes.contains_key("error.type");
    let mut failure = ["message", "description"]
        .iter()
        .find_map(|key| text(status, key))
        .or_else(|| text(span, "status_message"))
        .unwrap_or("")
        .to_owned();
    let mut events = Vec::new();
    for event in list(span, "events") {
        let told = nested(event.get("attributes").unwrap_or(&Value::Null));
        event_attributes(event, told, &mut attributes, &mut failure, &mut events);
    }
    Span {
        start: nanos(span.get("start_time")),
        end: nanos(span.get("end_time")),
        id: named("span_id").unwrap_or("").to_owned(),
        trace: named("trace_id").unwrap_or("").to_owned(),
        parent: ["parent_id", "parent_span_id"]
            .iter()
            .find_map(|key| text(span, key))
            .unwrap_or("")
            .to_owned(),
        name: text(span, "name").unwrap_or("").to_owned(),
        attributes,
        events,
        failed,
        failure,
    }
}

/// Some exporters keep messages on an event of the span; an exception tells why it failed.
fn event_attributes(
    event: &Value,
    told: Map<String, Value>,
    attributes: &mut Map<String, Value>,
    failure: &mut String,
    events: &mut Vec<(String, Value)>,
) {
    if let Some(name) = text(event, "name").filter(|name| is_message(name)) {
        events.push((name.to_owned(), Value::Object(told)));
        return;
    }
    for (key, value) in told {
        if key == "exception.message" && failure.is_empty() {
            *failure = value.as_str().unwrap_or("").to_owned();
        } else if key.starts_with("gen_ai.") {
            attributes.entry(key).or_insert(value);
        }
    }
}

/// Attributes by their dotted names, however they are nested.
fn nested(attributes: &Value) -> Map<String, Value> {
    fn go(value: &Value, name: &str, out: &mut Map<String, Value>) {
        let mut each = |key: &str, inner: &Value| {
            if name.len() + key.len() < LONGEST_NAME {
                go(inner, &format!("{name}.{key}"), out);
            }
        };
        match value {
            // Values that an attribute holds whole; taken apart they would be read as names.
            _ if WHOLE.contains(&name) => {}
            Value::Object(map) if !map.is_empty() => {
                return map.iter().for_each(|(key, inner)| each(key, inner));
            }
            Value::Array(items) if items.iter().any(Value::is_object) => {
                for (index, inner) in items.iter().enumerate() {
                    each(&index.to_string(), inner);
                }
                return;
            }
            _ => {}
        }
        out.insert(name.to_owned(), value.clone());
    }
    let mut out = Map::new();
    for (key, value) in attributes.as_object().into_iter().flatten() {
        if ROOTS.contains(&key.as_str()) {
            go(value, key, &mut out);
        } else {
            out.insert(key.clone(), value.clone());
        }
    }
    out
}

fn pairs(holder: &Value) -> Map<String, Value> {
    list(holder, "attributes")
        .iter()
        .filter_map(|entry| {
            Some((
                text(entry, "key")?.to_owned(),
                any_value(entry.get("value")?),
            ))
        })
        .collect()
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

/// A moment in nanoseconds; finer than milliseconds only where the text is.
fn nanos(value: Option<&Value>) -> u64 {
    let exact = value
        .and_then(Value::as_str)
        .and_then(|text| text.parse::<jiff::Timestamp>().ok())
        .and_then(|moment| u64::try_from(moment.as_nanosecond()).ok());
    exact
        .or_else(|| {
            let millis = u64::try_from(time(value)?.0).ok()?;
            millis.checked_mul(1_000_000)
        })
        .unwrap_or(0)
}

pub(super) fn moment(nanos: u64) -> Option<Timestamp> {
    i64::try_from(nanos / 1_000_000)
        .ok()
        .filter(|millis| *millis > 0)
        .map(Timestamp)
}
