//! Traces of OpenAI's Agents SDK, as its processors export them: an object for the trace and one for each span. The
//! spans of functions are the calls; those of the model tell what was said, where the exporter keeps it.

use super::builder::{Answer, Builder, Call};
use super::said::Said;
use super::value::*;
use crate::session::Role;
use serde_json::Value;
use std::collections::BTreeMap;

/// Whether this is a trace or a span of one.
pub(super) fn is_record(value: &Value) -> bool {
    match text(value, "object") {
        Some("trace.span") => value.get("span_data").is_some_and(Value::is_object),
        Some("trace") => text(value, "workflow_name").is_some(),
        _ => false,
    }
}

/// The traces of a list of spans, in the order in which they are first named.
pub(super) fn unfold(value: Value) -> Vec<Value> {
    let entries = match value {
        Value::Array(entries) => entries,
        Value::Object(mut map) => match map.remove("data") {
            Some(Value::Array(entries)) => entries,
            _ => vec![Value::Object(map)],
        },
        other => return vec![other],
    };
    let mut of: BTreeMap<String, usize> = BTreeMap::new();
    let mut traces: Vec<Vec<Value>> = Vec::new();
    for entry in entries {
        let name = match text(&entry, "object") {
            Some("trace") => id(&entry, "id"),
            _ => id(&entry, "trace_id"),
        };
        let at = *of.entry(name.unwrap_or_default()).or_insert(traces.len());
        if at == traces.len() {
            traces.push(Vec::new());
        }
        traces[at].push(entry);
    }
    traces.into_iter().map(Value::Array).collect()
}

struct Reader<'b> {
    builder: &'b mut Builder,
    spans: BTreeMap<String, &'b Value>,
    said: Said,
    /// Calls of one answer of the model.
    batch: Option<u32>,
    /// Calls that the model asked for and whose span was not read yet: names, with the ids.
    asked: Vec<(String, Option<String>, Value)>,
}

pub(super) fn read(document: &Value, builder: &mut Builder) {
    let entries = match document {
        Value::Array(entries) => entries.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut spans: Vec<&Value> = Vec::new();
    for entry in entries {
        match text(entry, "object") {
            Some("trace") => {
                builder.external_id = id(entry, "id");
                builder.agent = text(entry, "workflow_name").map(str::to_owned);
            }
            Some("trace.span") => spans.push(entry),
            _ => builder
                .notes
                .left_out("unknown_record", "no span", size(entry), 0),
        }
    }
    // A span is exported when it has ended, behind those in it.
    spans.sort_by_key(|span| time(span.get("started_at")));
    let by_id = spans
        .iter()
        .filter_map(|span| Some((id(span, "id")?, *span)))
        .collect();
    let mut reader = Reader {
        builder,
        spans: by_id,
        said: Said::default(),
        batch: None,
        asked: Vec::new(),
    };
    for span in spans {
        reader.span(span);
    }
    reader.finish();
}

impl Reader<'_> {
    fn span(&mut self, span: &Value) {
        let data = &span["span_data"];
        let at = time(span.get("started_at"));
        self.builder.seen_at(at);
        match text(data, "type").unwrap_or("") {
            "function" => self.function(span, data),
            "generation" | "response" => self.model(span, data),
            "transcription" => {
                let said = text(data, "output").unwrap_or("");
                self.builder.message(Role::User, said, at);
            }
            kind @ ("agent" | "handoff" | "guardrail" | "custom" | "mcp_tools" | "speech"
            | "speech_group") => self.builder.notes.noise(kind, 0),
            kind => self
                .builder
                .notes
                .left_out("unknown_record", kind, size(span), 0),
        }
    }

    /// The spans above one, the nearest first.
    fn above(&self, span: &Value) -> Vec<&Value> {
        let mut all: Vec<&Value> = Vec::new();
        let mut own = id(span, "parent_id");
        while let Some(parent) = own.and_then(|own| self.spans.get(&own)) {
            if all.len() >= self.spans.len() {
                break;
            }
            all.push(parent);
            own = id(parent, "parent_id");
        }
        all
    }

    /// The call that an agent was started by, and the agent's name.
    fn inside(&self, span: &Value) -> Option<(String, String)> {
        let above = self.above(span);
        let kind = |span: &Value| text(&span["span_data"], "type").map(str::to_owned);
        let outer = above
            .iter()
            .find(|span| kind(span).as_deref() == Some("function"))?;
        let agent = above
            .iter()
            .find(|span| kind(span).as_deref() == Some("agent"));
        let name = agent.and_then(|agent| text(&agent["span_data"], "name"));
        Some((id(outer, "id")?, name.unwrap_or("agent").to_owned()))
    }

    fn model(&mut self, span: &Value, data: &Value) {
        let at = time(span.get("started_at"));
        let handed_on = self.inside(span).is_some();
        self.batch = None;
        self.said.begin();
        let whole = data.get("response").unwrap_or(data);
        match data.get("input") {
            Some(Value::String(said)) => self.say(Role::User, said, handed_on, at),
            Some(Value::Array(messages)) => {
                for message in messages {
                    self.message(message, handed_on, at);
                }
            }
            _ => {}
        }
        for message in list(whole, "output") {
            self.message(message, handed_on, time(span.get("ended_at")));
            let items = Some(message).filter(|item| text(item, "type") == Some("function_call"));
            for call in list(message, "tool_calls").iter().chain(items) {
                let function = call.get("function").unwrap_or(call);
                let name = text(function, "name").unwrap_or("");
                // The agent that goes on has no span of a function.
                if !name.starts_with("transfer_to_") {
                    let (given, _) = arguments(function.get("arguments"), &mut self.builder.notes);
                    let own = id(call, "call_id").or_else(|| id(call, "id"));
                    self.asked.push((name.to_owned(), own, given));
                }
            }
        }
    }

    fn message(&mut self, message: &Value, handed_on: bool, at: Option<druse_engine::Timestamp>) {
        let role = match text(message, "role") {
            Some("user") => Role::User,
            Some("system" | "developer") => Role::System,
            Some("assistant") => Role::Assistant,
            // Calls and answers stand as spans.
            _ => return,
        };
        let content = message.get("content").unwrap_or(&Value::Null);
        let said = content_text(content, &mut self.builder.notes, 0);
        self.say(role, &said, handed_on, at);
    }

    fn say(
        &mut self,
        role: Role,
        said: &str,
        handed_on: bool,
        at: Option<druse_engine::Timestamp>,
    ) {
        if said.is_empty() || !self.said.is_new(role, said) {
            return;
        }
        // What one agent asks another is no word of the person.
        let role = match handed_on && role == Role::User {
            true => Role::Assistant,
            false => role,
        };
        self.builder.message(role, said, at);
    }

    fn function(&mut self, span: &Value, data: &Value) {
        let (at, end) = (time(span.get("started_at")), time(span.get("ended_at")));
        let tool = text(data, "name").unwrap_or("");
        let (given, raw) = arguments(data.get("input"), &mut self.builder.notes);
        let asked = self
            .asked
            .iter()
            .position(|(name, _, wanted)| name == tool && *wanted == given)
            .or_else(|| self.asked.iter().position(|(name, _, _)| name == tool));
        if let Some(asked) = asked {
            self.asked.remove(asked);
        }
        let name = match data["mcp_data"].get("server").and_then(Value::as_str) {
            Some(server) => format!("mcp__{server}__{tool}"),
            None => tool.to_owned(),
        };
        let batch = match self.batch {
            Some(batch) => batch,
            None => self.builder.batch(),
        };
        self.batch = Some(batch);
        let inside = self.inside(span);
        let recorded = id(span, "id");
        let outer = inside
            .as_ref()
            .and_then(|(outer, _)| self.builder.newest(outer))
            .map(|outer| outer.id.clone());
        self.builder.call(Call {
            id: recorded.clone(),
            name,
            arguments: given,
            raw,
            batch,
            agent: inside.map(|(_, agent)| agent),
            inside: outer,
            at,
            ..Call::default()
        });
        let error = present(span, "error");
        let told = present(data, "output").cloned();
        if told.is_none() && error.is_none() && end.is_none() {
            return;
        }
        let why = error
            .and_then(|error| text(&error["data"], "error").or_else(|| text(error, "message")));
        let content = told.or_else(|| why.map(Value::from)).unwrap_or_default();
        let mut answer = Answer::new(content);
        let result = &mut answer.result;
        result.is_error = error.is_some() || object_says_failed(&result.content);
        if !result.is_error && result.content.as_str().is_some_and(text_says_failed) {
            result.is_error = true;
            self.builder.notes.add("failure_inferred", "", 0);
        }
        answer.at = end;
        self.builder.answer(recorded.as_deref(), None, answer);
    }

    /// What the model asked for and no span tells of has no answer in this recording.
    fn finish(self) {
        for (name, own, given) in self.asked {
            let batch = self.builder.batch();
            self.builder.call(Call {
                id: own,
                name,
                arguments: given,
                batch,
                ..Call::default()
            });
        }
    }
}
