//! Events in the form of CloudEvents 1.0: reading, naming and filtering them.

pub mod builtin;
mod filter;
mod read;
pub mod send;

pub use filter::Filter;
pub use read::{EventError, LARGEST_BATCH, Received, read, read_one};

use serde_json::{Map, Value};

/// One event, valid and in one form however it was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Unique within its source.
    pub id: String,
    /// Where it happened, a URI reference.
    pub source: String,
    /// What kind of event it is.
    pub event_type: String,
    /// What it is about, within its source.
    pub subject: Option<String>,
    /// When it happened, RFC 3339 as sent.
    pub time: Option<String>,
    /// The media type of `data`.
    pub content_type: Option<String>,
    /// What `data` adheres to, a URI.
    pub schema: Option<String>,
    /// Further attributes: texts, whole numbers and truth values.
    pub extensions: Map<String, Value>,
    /// What it says; bytes that are neither JSON nor text are in base64 under `data_base64`.
    pub data: Data,
}

/// What an event says.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Data {
    /// Nothing.
    #[default]
    None,
    /// A JSON value.
    Json(Value),
    /// Bytes, in base64.
    Base64(String),
}

/// How many emitted events may follow one from another before a loop is assumed.
pub const DEEPEST: u32 = 16;

/// The extension attribute that counts them.
pub const DEPTH: &str = "drusedepth";

impl Event {
    /// What makes it the same event when it comes again: `source`, a line feed and `id` (neither holds one).
    pub fn occurrence(&self) -> String {
        format!("{}\n{}", self.source, self.id)
    }

    /// How many emitted events it follows from; 0 for one from outside.
    pub fn depth(&self) -> u32 {
        self.extensions
            .get(DEPTH)
            .and_then(Value::as_i64)
            .map_or(0, |depth| u32::try_from(depth.max(0)).unwrap_or(u32::MAX))
    }

    /// Notes how many emitted events it follows from.
    #[must_use]
    pub fn with_depth(mut self, depth: u32) -> Self {
        self.extensions.insert(DEPTH.into(), depth.into());
        self
    }

    /// Whether so many events have followed one from another that this one starts nothing.
    pub fn is_too_deep(&self) -> bool {
        self.depth() > DEEPEST
    }

    /// The event in the structured JSON form of CloudEvents, attributes that it has only.
    pub fn to_value(&self) -> Value {
        let mut value = self.attributes();
        match &self.data {
            Data::None => {}
            Data::Json(data) => {
                value.insert("data".into(), data.clone());
            }
            Data::Base64(text) => {
                value.insert("data_base64".into(), text.as_str().into());
            }
        }
        value.into()
    }

    /// The value of `trigger`: as [`Event::to_value`], with null for the standard attributes and the
    /// data that it does not have, so that an expression may ask for them.
    pub fn trigger(&self) -> Value {
        let mut value = match self.to_value() {
            Value::Object(value) => value,
            _ => Map::new(),
        };
        for name in ["subject", "time", "datacontenttype", "dataschema", "data"] {
            value.entry(name).or_insert(Value::Null);
        }
        value.into()
    }

    fn attributes(&self) -> Map<String, Value> {
        let mut value = Map::new();
        let mut put = |name: &str, text: Option<&str>| {
            if let Some(text) = text {
                value.insert(name.into(), text.into());
            }
        };
        put("specversion", Some("1.0"));
        put("id", Some(&self.id));
        put("source", Some(&self.source));
        put("type", Some(&self.event_type));
        put("subject", self.subject.as_deref());
        put("time", self.time.as_deref());
        put("datacontenttype", self.content_type.as_deref());
        put("dataschema", self.schema.as_deref());
        for (name, extension) in &self.extensions {
            value.insert(name.clone(), extension.clone());
        }
        value
    }
}

/// Whether a media type is JSON (RFC 6839 §3.1). CloudEvents takes one that is left out for JSON.
fn is_json(content_type: Option<&str>) -> bool {
    let media = content_type.unwrap_or("application/json");
    let media = media
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    matches!(media.as_str(), "application/json" | "text/json") || media.ends_with("+json")
}

#[cfg(test)]
mod tests;
