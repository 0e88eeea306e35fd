//! Reading events as they are sent over HTTP: structured, batched or binary.

use super::{Data, Event, is_json};
use crate::{suggest::shown, webhook::Headers};
use base64::{Engine, engine::general_purpose::STANDARD};
use druse_engine::json::{DEEPEST, is_deep};
use serde_json::{Map, Value};

/// What one request brought.
#[derive(Debug, Clone, PartialEq)]
pub enum Received {
    /// One event.
    One(Box<Event>),
    /// A batch, in order.
    Batch(Vec<Event>),
}

/// Why something is not an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EventError {
    /// Stable: `invalid_event`, `unsupported_event_format` or `too_many_events`.
    pub code: &'static str,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// The attribute, as a JSON Pointer into the body (`/3/source` in a batch).
    pub path: Option<String>,
}

impl EventError {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            code: "invalid_event",
            message: message.into(),
            help: help.into(),
            path: None,
        }
    }

    fn at(mut self, attribute: &str) -> Self {
        self.path = Some(format!(
            "/{}",
            attribute.replace('~', "~0").replace('/', "~1")
        ));
        self
    }
}

/// The most events in one batch.
pub const LARGEST_BATCH: usize = 1_000;

/// The longest attribute in bytes. `source` and `id` become part of a key.
const LONGEST: usize = 1_024;

const STANDARD_ATTRIBUTES: [&str; 10] = [
    "specversion",
    "id",
    "source",
    "type",
    "subject",
    "time",
    "datacontenttype",
    "dataschema",
    "data",
    "data_base64",
];

/// Reads a request. The content type decides: `application/cloudevents+json`, its batch form, or anything
/// else with `ce-` headers; plain `application/json` is taken for a structured event or a batch.
pub fn read(headers: &Headers, body: &[u8]) -> Result<Received, EventError> {
    let content_type = one(headers, "content-type")?.unwrap_or_default();
    let media = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if media.starts_with("application/cloudevents") {
        return match media.as_str() {
            "application/cloudevents+json" => Ok(Received::One(Box::new(read_one(json(body)?)?))),
            "application/cloudevents-batch+json" => batch(json(body)?),
            _ => Err(EventError {
                code: "unsupported_event_format",
                ..EventError::new(
                    format!(
                        "{} is not a form of events that is read here",
                        shown(&media)
                    ),
                    "Send application/cloudevents+json.",
                )
            }),
        };
    }
    if one(headers, "ce-specversion")?.is_some() {
        return binary(headers, content_type, body).map(|event| Received::One(Box::new(event)));
    }
    if media.is_empty() || media == "application/json" {
        return match json(body)? {
            list @ Value::Array(_) => batch(list),
            value => Ok(Received::One(Box::new(read_one(value)?))),
        };
    }
    Err(EventError {
        code: "unsupported_event_format",
        ..EventError::new(
            "the request is not an event: it has neither a CloudEvents content type nor `ce-` headers",
            "Send application/cloudevents+json, or the attributes as `ce-id`, `ce-source`, `ce-type` and `ce-specversion: 1.0`.",
        )
    })
}

fn one<'a>(headers: &'a Headers, name: &str) -> Result<Option<&'a str>, EventError> {
    headers
        .one(name)
        .map_err(|_| EventError::new(format!("the header {name} was sent twice"), "Send it once."))
}

fn json(body: &[u8]) -> Result<Value, EventError> {
    let value = serde_json::from_slice(body).map_err(|error| {
        EventError::new(
            format!(
                "the body is not valid JSON (line {}, column {})",
                error.line(),
                error.column()
            ),
            "Send one JSON object for each event.",
        )
    })?;
    shallow(value)
}

fn shallow(value: Value) -> Result<Value, EventError> {
    match is_deep(&value) {
        true => Err(EventError::new(
            format!("the body is nested more than {DEEPEST} deep"),
            "Send a flatter value, or the deep part as a text.",
        )),
        false => Ok(value),
    }
}

fn batch(value: Value) -> Result<Received, EventError> {
    let Value::Array(items) = value else {
        return Err(EventError::new(
            "a batch of events is a JSON list",
            "Send `[{…}, {…}]`.",
        ));
    };
    if items.len() > LARGEST_BATCH {
        return Err(EventError {
            code: "too_many_events",
            ..EventError::new(
                format!(
                    "the batch has {} events; {LARGEST_BATCH} are taken at once",
                    items.len()
                ),
                "Send it in parts.",
            )
        });
    }
    let read = |(index, item)| {
        read_one(item).map_err(|error| EventError {
            path: Some(format!(
                "/{index}{}",
                error.path.as_deref().unwrap_or_default()
            )),
            ..error
        })
    };
    items
        .into_iter()
        .enumerate()
        .map(read)
        .collect::<Result<_, _>>()
        .map(Received::Batch)
}

/// Reads one event in structured form.
pub fn read_one(value: Value) -> Result<Event, EventError> {
    let Value::Object(mut fields) = value else {
        return Err(EventError::new(
            "an event is a JSON object",
            "Send `{\"specversion\": \"1.0\", \"id\": …, \"source\": …, \"type\": …}`.",
        ));
    };
    // In CloudEvents null means "not set", except that `data` may be null.
    fields.retain(|name, value| name == "data" || !value.is_null());
    let data = match (fields.remove("data"), fields.remove("data_base64")) {
        (Some(_), Some(_)) => {
            return Err(EventError::new(
                "an event has `data` or `data_base64`, not both",
                "Leave one out.",
            )
            .at("data_base64"));
        }
        (Some(data), None) => Data::Json(data),
        (None, None) => Data::None,
        (None, Some(Value::String(text))) => {
            let bytes = STANDARD.decode(&text).map_err(|_| {
                EventError::new(
                    "`data_base64` is not base64",
                    "Use the alphabet of RFC 4648 §4, with padding.",
                )
                .at("data_base64")
            })?;
            let content_type = fields.get("datacontenttype").and_then(Value::as_str);
            bytes_as_data(content_type, &bytes, "data_base64")?
        }
        (None, Some(_)) => {
            return Err(
                EventError::new("`data_base64` is not a text", "Write bytes in base64.")
                    .at("data_base64"),
            );
        }
    };
    finish(fields, data)
}

fn binary(headers: &Headers, content_type: &str, body: &[u8]) -> Result<Event, EventError> {
    let mut fields = Map::new();
    for (name, value) in headers.iter() {
        let lower = name.to_ascii_lowercase();
        let Some(attribute) = lower.strip_prefix("ce-") else {
            continue;
        };
        if matches!(attribute, "data" | "data_base64" | "datacontenttype") {
            return Err(EventError::new(
                format!("`ce-{attribute}` is not a header of an event"),
                "In the binary form the body is the data and Content-Type its type.",
            ));
        }
        let value = percent_decoded(value.trim()).ok_or_else(|| {
            EventError::new(
                format!("the header ce-{attribute} is not UTF-8 in percent encoding"),
                "Encode it as CloudEvents' HTTP binding says.",
            )
        })?;
        if fields.insert(attribute.to_owned(), value.into()).is_some() {
            return Err(EventError::new(
                format!("the header ce-{attribute} was sent twice"),
                "Send it once.",
            ));
        }
    }
    if !content_type.is_empty() {
        fields.insert("datacontenttype".into(), content_type.into());
    }
    let data = if body.is_empty() {
        Data::None
    } else {
        bytes_as_data((!content_type.is_empty()).then_some(content_type), body, "")?
    };
    finish(fields, data)
}

/// CloudEvents' HTTP binding §3.1.3.2 writes what is not printable ASCII in percent encoding.
fn percent_decoded(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter();
    while let Some(byte) = rest.next() {
        if *byte != b'%' {
            out.push(*byte);
            continue;
        }
        let high = char::from(*rest.next()?).to_digit(16)?;
        let low = char::from(*rest.next()?).to_digit(16)?;
        out.push((high * 16 + low) as u8);
    }
    String::from_utf8(out).ok()
}

/// JSON becomes its value, text a text, anything else stays bytes.
fn bytes_as_data(
    content_type: Option<&str>,
    bytes: &[u8],
    place: &str,
) -> Result<Data, EventError> {
    if is_json(content_type) {
        let value = serde_json::from_slice(bytes).map_err(|_| {
            EventError::new(
                "the data of the event is not valid JSON, as its content type says",
                "Give the content type that it has.",
            )
            .at(place)
        })?;
        return shallow(value).map(Data::Json);
    }
    let is_text = content_type
        .is_some_and(|media| media.trim_start().to_ascii_lowercase().starts_with("text/"));
    match std::str::from_utf8(bytes) {
        Ok(text) if is_text => Ok(Data::Json(text.into())),
        _ => Ok(Data::Base64(STANDARD.encode(bytes))),
    }
}

fn finish(mut fields: Map<String, Value>, data: Data) -> Result<Event, EventError> {
    match fields.remove("specversion") {
        Some(Value::String(version)) if version == "1.0" => {}
        Some(other) => {
            let given = other
                .as_str()
                .map_or_else(|| other.to_string(), str::to_owned);
            return Err(EventError::new(
                format!(
                    "the version {} of CloudEvents is not read here",
                    shown(&given)
                ),
                "Send `\"specversion\": \"1.0\"`.",
            )
            .at("specversion"));
        }
        None => return Err(missing("specversion", "Send `\"specversion\": \"1.0\"`.")),
    }
    let mut take = |name: &'static str| -> Result<Option<String>, EventError> {
        match fields.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => checked(name, text).map(Some),
            Some(_) => Err(EventError::new(
                format!("`{name}` is not a text"),
                "Write it in quotes.",
            )
            .at(name)),
        }
    };
    let id = take("id")?
        .ok_or_else(|| missing("id", "Give each event an id, unique within its source."))?;
    let source = take("source")?
        .ok_or_else(|| missing("source", "Name where it happened, such as /shops/7."))?;
    let event_type = take("type")?.ok_or_else(|| {
        missing(
            "type",
            "Name what happened, such as com.example.order.paid.",
        )
    })?;
    let (subject, time) = (take("subject")?, take("time")?);
    let (content_type, schema) = (take("datacontenttype")?, take("dataschema")?);
    if source.contains(char::is_whitespace) {
        return Err(EventError::new(
            "`source` is a URI reference and holds no blanks",
            "Write a blank as %20.",
        )
        .at("source"));
    }
    if let Some(time) = &time
        && time.parse::<druse_engine::Timestamp>().is_err()
    {
        return Err(EventError::new(
            format!("`time` {} is not an RFC 3339 time", shown(time)),
            "Write it as 2027-03-28T01:00:00Z.",
        )
        .at("time"));
    }
    for (name, value) in &mut fields {
        extension(name, value)?;
    }
    fields.sort_keys();
    Ok(Event {
        id,
        source,
        event_type,
        subject,
        time,
        content_type,
        schema,
        extensions: fields,
        data,
    })
}

fn missing(name: &str, help: &str) -> EventError {
    EventError::new(format!("the event has no `{name}`"), help).at(name)
}

fn checked(name: &str, text: String) -> Result<String, EventError> {
    let wrong =
        |what: &str, help: &str| Err(EventError::new(format!("`{name}` {what}"), help).at(name));
    if text.is_empty() {
        wrong(
            "is empty",
            "Give it a value, or leave it out where it is optional.",
        )
    } else if text.len() > LONGEST {
        wrong("is longer than 1024 bytes", "Put long values into `data`.")
    } else if text.chars().any(char::is_control) {
        wrong("holds control characters", "Take them out.")
    } else {
        Ok(text)
    }
}

fn extension(name: &str, value: &mut Value) -> Result<(), EventError> {
    let lawful = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if !lawful {
        let near = STANDARD_ATTRIBUTES
            .iter()
            .find(|known| known.eq_ignore_ascii_case(name));
        let help = match near {
            Some(known) => format!("Did you mean `{known}`?"),
            None => "Names of attributes are lower-case letters and digits.".into(),
        };
        return Err(EventError::new(
            format!("{} is not the name of an attribute", shown(name)),
            help,
        )
        .at(name));
    }
    match value {
        Value::Bool(_) => Ok(()),
        Value::String(text) => checked(name, std::mem::take(text)).map(|checked| *text = checked),
        // CloudEvents' integers are those of 32 bits.
        Value::Number(number)
            if number
                .as_i64()
                .is_some_and(|whole| i32::try_from(whole).is_ok()) =>
        {
            Ok(())
        }
        _ => Err(EventError::new(
            format!(
                "the attribute {name} is not a text, a whole number of 32 bits or a truth value"
            ),
            "Put structured values into `data`.",
        )
        .at(name)),
    }
}
