//! Takes a body's records apart into the recordings that it holds.

use super::body::Record;
use super::formats::Format;
use super::sniff;
use super::value::id;
use super::{grown, streams, wrapped};
use crate::packed::Repeated;
use serde_json::Value;

/// One recording of the body: a document, or a list of records.
pub(super) struct Part {
    /// Its format; `None` where no known one fits.
    pub(super) format: Option<Format>,
    /// Its records: one for a document, and behind it requests that it repeats.
    pub(super) records: Vec<Record>,
    /// What stood beside it and is no part of it: names and bytes.
    pub(super) beside: Vec<(String, u64)>,
    /// Objects of texts that were opened for it in which a key stands twice.
    pub(super) repeated: Vec<Repeated>,
}

impl Part {
    pub(super) fn new(format: Option<Format>, records: Vec<Record>) -> Self {
        Self {
            format,
            records,
            beside: Vec::new(),
            repeated: Vec::new(),
        }
    }

    /// The document, for formats that are one.
    pub(super) fn document(&self) -> &Value {
        self.records
            .first()
            .map_or(&Value::Null, |record| &record.value)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.records.iter().map(Record::bytes).sum()
    }

    pub(super) fn line(&self) -> u32 {
        self.records.first().map_or(0, |record| record.line)
    }

    /// The document, to be taken apart while it is read.
    pub(super) fn document_mut(&mut self) -> Option<&mut Value> {
        self.records.first_mut().map(|record| &mut record.value)
    }

    /// This part as compact JSON, a record a line.
    pub(super) fn json(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for record in &self.records {
            // Values made from JSON always serialise, and writing to memory cannot fail.
            let _ = serde_json::to_writer(&mut bytes, &record.value);
            bytes.push(b'\n');
        }
        bytes
    }
}

/// The recordings of a body, in order.
pub(super) fn split(records: Vec<Record>) -> Vec<Part> {
    let records = streams::assemble(super::langchain::unpack(records));
    if let Some(format) = list_format(&records) {
        return lists(format, records);
    }
    let is_spans = |record: &Record| sniff::document(&record.value) == Some(Format::Otel);
    let is_signal =
        |record: &Record| super::otel_traces::is_other_signal(&record.value) || is_spans(record);
    if records.len() > 1 && records.iter().all(is_signal) && records.iter().any(is_spans) {
        return exported(records);
    }
    // Requests without a response: what each repeats tells which go on from which.
    let is_request =
        |record: &Record| sniff::document(&record.value) == Some(Format::OpenAiResponses);
    if records.len() > 1 && records.iter().all(is_request) {
        return lists(Format::OpenAiResponses, records);
    }
    let mut parts = Vec::new();
    for record in records {
        document(record, &mut parts, DEEP);
    }
    grown::together(parts)
}

/// How deep recordings are looked for inside of one another.
const DEEP: usize = 3;

/// An exporter writes a batch of spans a line: what belongs together may stand in several.
fn exported(records: Vec<Record>) -> Vec<Part> {
    let line = records.first().map_or(0, |record| record.line);
    let taken = Some(records.iter().map(Record::bytes).sum());
    let whole = Value::Array(records.into_iter().map(|record| record.value).collect());
    let values = unfold(Format::Otel, whole);
    let taken = taken.filter(|_| values.len() == 1);
    let part = |value| Part::new(Some(Format::Otel), vec![Record { value, line, taken }]);
    values.into_iter().map(part).collect()
}

/// The format of a list of records, when that is what the body is.
fn list_format(records: &[Record]) -> Option<Format> {
    let single = records.len() == 1;
    // Its first lines are those of another product.
    if records
        .iter()
        .any(|record| super::cursor::is_call(&record.value))
    {
        return Some(Format::Cursor);
    }
    records.iter().take(sniff::LOOK).find_map(|record| {
        let format = sniff::record(&record.value)?;
        // One document with `role` at its top may be a message, or a whole answer of a model: a list of one either way.
        (!single || sniff::document(&record.value).is_none()).then_some(format)
    })
}

fn lists(format: Format, records: Vec<Record>) -> Vec<Part> {
    match format {
        Format::ClaudeCode => super::claude_code::split(records),
        Format::CodexRollout => cut(format, records, super::codex_rollout::starts()),
        Format::CodexExec => cut(format, records, |record| {
            record.value["type"] == "thread.started"
        }),
        Format::GeminiCli => {
            // What is known of a chat may be written again.
            let mut current = None;
            cut(format, records, |record| {
                let id = id(&record.value, "sessionId");
                let another = super::gemini_cli::begins(&record.value) && id != current;
                if another {
                    current = id;
                }
                another || super::gemini_stream::begins(&record.value)
            })
        }
        Format::Pi => cut(format, records, |record| record.value["type"] == "session"),
        Format::Cursor => cut(format, records, |record| {
            record.value["type"] == "system" && record.value["subtype"] == "init"
        }),
        Format::OpenCode => cut(format, records, |_| false),
        // Formats whose documents are arrays: the lines are the elements.
        _ => {
            let line = records.first().map_or(0, |record| record.line);
            let taken = Some(records.iter().map(Record::bytes).sum());
            let value = Value::Array(records.into_iter().map(|record| record.value).collect());
            // All messages together may show a format that the first of them did not.
            let format = sniff::document(&value).unwrap_or(format);
            let values = match format {
                Format::OpenAiResponses
                | Format::LangSmith
                | Format::Otel
                | Format::AgentsTrace => unfold(format, value),
                _ => vec![value],
            };
            let several = values.len() > 1;
            values
                .into_iter()
                .map(|value| {
                    let taken = taken.filter(|_| !several);
                    Part::new(Some(format), vec![Record { value, line, taken }])
                })
                .collect()
        }
    }
}

/// Cuts a list before each record that starts a recording.
fn cut(format: Format, records: Vec<Record>, mut starts: impl FnMut(&Record) -> bool) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut started = false;
    for record in records {
        let start = starts(&record);
        if parts.is_empty() || (start && started) {
            parts.push(Part::new(Some(format), Vec::new()));
        }
        started |= start;
        if let Some(part) = parts.last_mut() {
            part.records.push(record);
        }
    }
    parts
}

fn document(record: Record, parts: &mut Vec<Part>, deep: usize) {
    let Record { value, line, taken } = record;
    match sniff::document(&value) {
        Some(
            format @ (Format::ClaudeCode
            | Format::CodexRollout
            | Format::CodexExec
            | Format::Pi
            | Format::Cursor),
        ) => {
            let items = match value {
                Value::Array(items) => items,
                Value::Object(mut map) => match map.remove("loglines") {
                    Some(Value::Array(items)) => items,
                    _ => Vec::new(),
                },
                _ => Vec::new(),
            };
            parts.extend(lists(format, unlisted(items)));
        }
        Some(format) => {
            for value in unfold(format, value) {
                let taken = None;
                parts.push(Part::new(Some(format), vec![Record { value, line, taken }]));
            }
        }
        None if deep > 0 => match value {
            // An array of recordings.
            Value::Array(items) if items.iter().any(is_one) => {
                for item in unlisted(items) {
                    document(Record { line, ..item }, parts, deep - 1);
                }
            }
            value => match wrapped::open(value) {
                Ok(inner) => {
                    let first = parts.len();
                    let record = Record {
                        value: inner.value,
                        line,
                        taken: None,
                    };
                    document(record, parts, deep - 1);
                    if let Some(part) = parts.get_mut(first) {
                        part.beside.extend(inner.beside);
                        part.repeated.extend(inner.repeated);
                    }
                }
                Err(value) => parts.push(Part::new(None, vec![Record { value, line, taken }])),
            },
        },
        None => parts.push(Part::new(None, vec![Record { value, line, taken }])),
    }
}

fn is_one(value: &Value) -> bool {
    sniff::document(value).is_some() || wrapped::is_one(value)
}

fn unlisted(items: Vec<Value>) -> Vec<Record> {
    items
        .into_iter()
        .map(|value| Record {
            value,
            line: 0,
            taken: None,
        })
        .collect()
}

/// The recordings inside one document that can hold several.
fn unfold(format: Format, value: Value) -> Vec<Value> {
    match (format, value) {
        (Format::Tau2Bench, Value::Object(mut map)) => match map.remove("simulations") {
            Some(Value::Array(simulations)) => simulations,
            _ => vec![Value::Object(map)],
        },
        (Format::GoogleAdk, value) => super::google_adk::unfold(value),
        (Format::OpenAiResponses, value) => super::openai_responses::unfold(value),
        (Format::LangSmith, value) => super::langsmith::unfold(value),
        (Format::Otel, value) => super::otel_traces::unfold(value),
        (Format::AgentsTrace, value) => super::agents_trace::unfold(value),
        (Format::InspectAi, value) => super::inspect_ai::unfold(value),
        (_, value) => vec![value],
    }
}
