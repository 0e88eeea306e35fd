//! Which spans of a body are one session: those of a trace, and the traces of one conversation.

use super::notes::Notes;
use super::otel::CONVERSATIONS;
use super::otel_messages::{Item, talk};
use super::otel_span::{collect, is_plain};
use super::value::*;
use crate::session::Role;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How a document keeps its spans.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Otlp,
    Jaeger,
    Plain,
}

/// The sessions of a body's spans, in the order in which they begin there.
pub(super) fn unfold(value: Value) -> Vec<Value> {
    let Some(groups) = groups(&value) else {
        return vec![value];
    };
    let mut out: Vec<(Vec<Value>, Vec<Value>, Vec<Value>)> = Vec::new();
    out.resize_with(groups.count, Default::default);
    let mut others = Vec::new();
    take(value, &mut others, &mut |shape, span| {
        let group = groups.of.get(trace(&span)).copied().flatten().unwrap_or(0);
        if let Some(group) = out.get_mut(group) {
            match shape {
                Shape::Otlp => group.0.push(span),
                Shape::Jaeger => group.1.push(span),
                Shape::Plain => group.2.push(span),
            }
        }
    });
    let each = out.into_iter().map(|(otlp, jaeger, mut plain)| {
        if !otlp.is_empty() {
            plain.push(json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": otlp }] }] }));
        }
        if !jaeger.is_empty() {
            plain.push(json!({ "data": [{ "spans": jaeger }] }));
        }
        // What is of no trace stands with the first.
        plain.append(&mut others);
        Value::Array(plain)
    });
    each.collect()
}

/// Whether a document of a collector holds no spans but other signals.
pub(super) fn is_other_signal(value: &Value) -> bool {
    ["resourceLogs", "resourceMetrics"]
        .iter()
        .any(|key| value.get(*key).is_some_and(Value::is_array))
        && value.get("resourceSpans").is_none()
}

/// The session of each trace; traces of which no agent has a part have none of their own.
struct Groups {
    of: BTreeMap<String, Option<usize>>,
    count: usize,
}

/// The sessions, where there are several.
fn groups(value: &Value) -> Option<Groups> {
    struct Trace {
        name: String,
        conversation: Option<String>,
        is_agents: bool,
    }
    let mut traces: Vec<Trace> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    look(value, &mut |_, span| {
        let name = trace(span);
        let at = match known.get(name) {
            Some(at) => *at,
            None => {
                known.insert(name.to_owned(), traces.len());
                traces.push(Trace {
                    name: name.to_owned(),
                    conversation: None,
                    is_agents: false,
                });
                traces.len() - 1
            }
        };
        let one = &mut traces[at];
        if one.conversation.is_none() {
            one.conversation = CONVERSATIONS.iter().find_map(|key| attribute(span, key));
        }
        one.is_agents |= is_agents(span);
    });
    if traces.iter().filter(|trace| trace.is_agents).count() < 2 {
        return None;
    }
    let going_on = continued(value);
    let mut count = 0;
    let mut of: BTreeMap<String, Option<usize>> = BTreeMap::new();
    let mut conversations: BTreeMap<String, usize> = BTreeMap::new();
    for trace in &traces {
        let group = trace.is_agents.then(|| {
            let earlier = || of.get(going_on.get(&trace.name)?).copied().flatten();
            let known = match &trace.conversation {
                Some(conversation) => conversations.get(conversation).copied(),
                None => earlier(),
            };
            known.unwrap_or_else(|| {
                count += 1;
                count - 1
            })
        });
        if let (Some(conversation), Some(group)) = (&trace.conversation, group) {
            conversations.insert(conversation.clone(), group);
        }
        of.insert(trace.name.clone(), group);
    }
    (count > 1).then_some(Groups { of, count })
}

/// The earlier trace that a trace goes on from: recorders that give each request to a model a trace of its own tell by
/// the calls in its history what came before.
fn continued(value: &Value) -> BTreeMap<String, String> {
    let mut spans = Vec::new();
    let mut notes = Notes::default();
    match value {
        Value::Array(documents) => documents
            .iter()
            .for_each(|document| collect(document, &mut spans, &mut notes)),
        document => collect(document, &mut spans, &mut notes),
    }
    spans.sort_by(|a, b| (a.start, &a.id).cmp(&(b.start, &b.id)));
    let mut out = BTreeMap::new();
    let mut asked: BTreeMap<String, String> = BTreeMap::new();
    for span in spans.iter().filter(|span| !span.is_tool()) {
        let told = talk(span);
        let first = told.before.iter().find_map(|item| match item {
            Item::Said(Role::User, words) => Some(words.as_str()),
            _ => None,
        });
        let Some(first) = first else { continue };
        let key = |item: &Item| match item {
            Item::Call(call) => {
                let given = call.arguments.as_ref().map(Value::to_string);
                Some(format!(
                    "{first}\n{}\n{}\n{}",
                    call.id,
                    call.name,
                    given.unwrap_or_default()
                ))
            }
            _ => None,
        };
        for key in told.before.iter().filter_map(key) {
            match asked.get(&key) {
                Some(trace) if *trace != span.trace => {
                    out.entry(span.trace.clone())
                        .or_insert_with(|| trace.clone());
                }
                _ => {}
            }
        }
        for key in told.after.iter().filter_map(key) {
            // Another run may ask the same with the same ids: the nearest request is meant.
            asked.insert(key, span.trace.clone());
        }
    }
    out
}

fn trace(span: &Value) -> &str {
    let context = span.get("context").unwrap_or(span);
    text(span, "traceId")
        .or_else(|| text(span, "traceID"))
        .or_else(|| text(context, "trace_id"))
        .or_else(|| text(span, "context.trace_id"))
        .unwrap_or("")
}

/// An attribute that is text.
fn attribute(span: &Value, name: &str) -> Option<String> {
    for key in ["attributes", "tags"] {
        let listed = list(span, key).iter().find(|entry| entry["key"] == name);
        if let Some(value) = listed.and_then(|entry| entry.get("value")) {
            return value
                .as_str()
                .map(str::to_owned)
                .or_else(|| id(value, "stringValue"));
        }
    }
    let attributes = span.get("attributes").unwrap_or(&Value::Null);
    let nested = || {
        name.split('.')
            .try_fold(attributes, |at, part| at.get(part))?
            .as_str()
    };
    text(attributes, name)
        .or_else(|| text(span, &format!("attributes.{name}")))
        .or_else(nested)
        .map(str::to_owned)
}

/// Whether an agent's part is told in a span.
fn is_agents(span: &Value) -> bool {
    let starts = [
        "gen_ai.operation",
        "gen_ai.tool",
        "gen_ai.prompt",
        "gen_ai.request",
        "gen_ai.input",
        "gcp.vertex.agent",
        "openinference",
        "llm.",
        "ai.",
        "traceloop.span",
    ];
    let told = |key: &str| {
        let key = key.strip_prefix("attributes.").unwrap_or(key);
        starts.iter().any(|start| key.starts_with(start)) || matches!(key, "gen_ai" | "llm" | "ai")
    };
    let listed = ["attributes", "tags"]
        .iter()
        .flat_map(|key| list(span, key))
        .filter_map(|entry| text(entry, "key"));
    let named = span.get("attributes").and_then(Value::as_object);
    let columns = span
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key.as_str());
    span.get("span_kind").is_some()
        || listed.into_iter().any(told)
        || named.is_some_and(|named| named.keys().any(|key| told(key)))
        || columns
            .filter(|key| key.starts_with("attributes."))
            .any(told)
}

/// Looks at each span of a body.
fn look(value: &Value, each: &mut dyn FnMut(Shape, &Value)) {
    match value {
        Value::Array(documents) => documents.iter().for_each(|document| look(document, each)),
        document if is_plain(document) => each(Shape::Plain, document),
        document => {
            for trace in list(document, "data") {
                if is_plain(trace) {
                    each(Shape::Plain, trace);
                }
                list(trace, "spans")
                    .iter()
                    .for_each(|span| each(Shape::Jaeger, span));
            }
            let inner = document.get("trace").unwrap_or(document);
            for key in ["resourceSpans", "batches"] {
                for batch in list(inner, key) {
                    for key in ["scopeSpans", "instrumentationLibrarySpans"] {
                        for scope in list(batch, key) {
                            list(scope, "spans")
                                .iter()
                                .for_each(|span| each(Shape::Otlp, span));
                        }
                    }
                }
            }
        }
    }
}

/// Takes each span out of a body, and what holds none.
fn take(value: Value, others: &mut Vec<Value>, each: &mut dyn FnMut(Shape, Value)) {
    let items = |map: &mut Value, key: &str| match map.get_mut(key).map(Value::take) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    };
    match value {
        Value::Array(documents) => {
            for document in documents {
                take(document, others, each);
            }
        }
        document if is_plain(&document) => each(Shape::Plain, document),
        mut document => {
            let mut found = false;
            for mut trace in items(&mut document, "data") {
                found = true;
                if is_plain(&trace) {
                    each(Shape::Plain, trace);
                    continue;
                }
                for span in items(&mut trace, "spans") {
                    each(Shape::Jaeger, span);
                }
            }
            let mut inner = match document.get_mut("trace").map(Value::take) {
                Some(inner) => inner,
                None => document.take(),
            };
            for key in ["resourceSpans", "batches"] {
                for mut batch in items(&mut inner, key) {
                    found = true;
                    for key in ["scopeSpans", "instrumentationLibrarySpans"] {
                        for mut scope in items(&mut batch, key) {
                            for span in items(&mut scope, "spans") {
                                each(Shape::Otlp, span);
                            }
                        }
                    }
                }
            }
            if is_other_signal(&inner) || !found {
                others.push(inner);
            }
        }
    }
}
