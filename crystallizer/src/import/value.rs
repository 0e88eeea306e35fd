//! Small readers of JSON values that recordings share: fields, texts, times, sizes.

use super::notes::Notes;
pub(super) use crate::size::size;
use druse_engine::Timestamp;
use serde_json::{Map, Value};

/// A field that is a string with something in it.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value
        .get(key)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

/// A field that is an array; empty where there is none.
pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], |list| list)
}

/// A field that is there and not null.
pub(super) fn present<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    value.get(key).filter(|inner| !inner.is_null())
}

/// An id that may be written as a string or as a number.
pub(super) fn id(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The name of a called tool behind the server that has it, where a block names one.
pub(super) fn server_and_name(block: &Value) -> String {
    let name = text(block, "name").unwrap_or("");
    match text(block, "server_name") {
        Some(server) => format!("mcp__{server}__{name}"),
        None => name.to_owned(),
    }
}

/// The name of a called tool behind its namespace, where an item names one.
pub(super) fn in_namespace(item: &Value, name: &str) -> String {
    match text(item, "namespace") {
        Some(space) if name.starts_with(space) => name.to_owned(),
        // Some write the line between them with one of the two.
        Some(space) if space.ends_with("__") || name.starts_with('_') => format!("{space}{name}"),
        Some(space) => format!("{space}__{name}"),
        None => name.to_owned(),
    }
}

/// Whether a flag says yes: `true`, a number that is not zero, a text or a container with something in it.
pub(super) fn truthy(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Bool(true)) => true,
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(list)) => !list.is_empty(),
        Some(Value::Object(map)) => !map.is_empty(),
    }
}

/// Whether a mark such as `is_error` says yes; some recorders write it as text.
pub(super) fn flag(value: Option<&Value>) -> bool {
    match value {
        Some(Value::String(text)) => {
            matches!(
                text.trim().to_ascii_lowercase().as_str(),
                "true" | "yes" | "1"
            )
        }
        other => truthy(other),
    }
}

/// A moment as recorders write it: RFC 3339, a date and time without a zone (taken as UTC), or a
/// number of seconds, milliseconds, microseconds or nanoseconds since the Unix epoch (told apart by size).
pub(super) fn time(value: Option<&Value>) -> Option<Timestamp> {
    match value? {
        Value::String(text) => time_text(text),
        Value::Number(number) => {
            let number = number.as_f64()?;
            let size = number.abs();
            let millis = if size < 1e11 {
                number * 1e3
            } else if size < 1e14 {
                number
            } else if size < 1e17 {
                number / 1e3
            } else {
                number / 1e6
            };
            in_range(millis.round())
        }
        _ => None,
    }
}

fn in_range(millis: f64) -> Option<Timestamp> {
    // From year 1 to year 9999: outside, a number is no time.
    (-6.2e13..2.5e14)
        .contains(&millis)
        .then_some(Timestamp(millis as i64))
}

fn time_text(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() > 64 {
        return None;
    }
    if let Ok(moment) = text.parse() {
        return Some(moment);
    }
    if let Ok(number) = text.parse::<u64>() {
        return time(Some(&Value::from(number)));
    }
    let civil: jiff::civil::DateTime = text.parse().ok()?;
    let moment = jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()?;
    Some(Timestamp(moment.as_millisecond()))
}

/// The text of a message's or a result's content: a string, or a list of blocks of which the texts
/// are joined by line ends. Blocks that hold no text are noted with their size.
pub(super) fn content_text(content: &Value, notes: &mut Notes, line: u32) -> String {
    match content {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(blocks) => {
            let mut texts = Vec::new();
            for block in blocks {
                if let Some(text) = block_text(block, notes, line) {
                    texts.push(text);
                }
            }
            texts.join("\n")
        }
        Value::Object(_) => block_text(content, notes, line).unwrap_or_default(),
        other => other.to_string(),
    }
}

/// The text of one block; `None` where it has none, which is then noted.
pub(super) fn block_text(block: &Value, notes: &mut Notes, line: u32) -> Option<String> {
    let Value::Object(map) = block else {
        return Some(match block {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
    };
    let kind = map.get("type").and_then(Value::as_str).unwrap_or("");
    match kind {
        "thinking" | "redacted_thinking" | "reasoning" | "think" => {
            notes.noise("reasoning", line);
            return None;
        }
        _ if is_media(kind, map) => {
            // A document may be given as the text that it is.
            if let Some(Value::String(told)) =
                map.get("document").and_then(|inner| inner.get("data"))
            {
                return Some(told.clone());
            }
            if let Some(source) = map.get("source").filter(|source| is_readable(source)) {
                let parts = [map.get("title"), source.get("data")];
                let parts = parts.into_iter().flatten().filter_map(Value::as_str);
                return Some(parts.collect::<Vec<_>>().join("\n"));
            }
            notes.left_out("media_left_out", media_name(kind, map), size(block), line);
            return None;
        }
        _ => {}
    }
    if matches!(kind, "web_search_result" | "search_result") {
        return Some(search_result(map, notes, line));
    }
    for key in ["text", "content", "output", "refusal"] {
        match map.get(key) {
            Some(Value::String(text)) => return Some(text.clone()),
            Some(inner @ Value::Array(_)) => return Some(content_text(inner, notes, line)),
            // Tool results in content blocks as agentdojo and Anthropic nest them are at most one level deep;
            // an object that is no block stays whole below.
            _ => {}
        }
    }
    if kind == "tool_reference" {
        return text(block, "tool_name").map(str::to_owned);
    }
    let name = if kind.is_empty() {
        "without type"
    } else {
        kind
    };
    notes.left_out("unknown_block", name, size(block), line);
    None
}

/// What a search found, a line for each: its title, its address, and what is told of it.
fn search_result(map: &Map<String, Value>, notes: &mut Notes, line: u32) -> String {
    let mut lines = Vec::new();
    for key in ["title", "url", "source", "page_age", "text", "snippet"] {
        if let Some(Value::String(told)) = map.get(key)
            && !told.is_empty()
        {
            lines.push(told.clone());
        }
    }
    if let Some(content) = map.get("content") {
        lines.push(content_text(content, notes, line));
    }
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

/// Whether what a document is given as is text.
fn is_readable(source: &Value) -> bool {
    text(source, "type") == Some("text") && text(source, "data").is_some()
}

/// How deep a value is looked into for what cannot be read.
const DEEP: usize = 12;

/// Whether a value holds a part that no reader of text can read: a picture, a document, sound.
pub(crate) fn holds_media(value: &Value) -> bool {
    holds(value, DEEP)
}

fn holds(value: &Value, depth: usize) -> bool {
    match value {
        Value::String(text) => {
            let head = text.trim_start();
            [
                "data:image/",
                "data:audio/",
                "data:video/",
                "data:application/",
            ]
            .iter()
            .any(|start| head.starts_with(start))
        }
        Value::Array(items) if depth > 0 => items.iter().any(|item| holds(item, depth - 1)),
        Value::Object(map) if depth > 0 => {
            let kind = map.get("type").and_then(Value::as_str).unwrap_or("");
            let readable = map.get("source").is_some_and(is_readable);
            has_body(map) && (is_media(kind, map) || map.contains_key("blob")) && !readable
                || map.values().any(|inner| holds(inner, depth - 1))
        }
        _ => false,
    }
}

/// Whether a block holds a picture, a document or sound itself. What a tool lists is no such block, whatever its type.
fn has_body(map: &Map<String, Value>) -> bool {
    let is_typed = ["media_type", "mediaType", "mime_type", "mimeType"]
        .iter()
        .any(|key| map.get(*key).is_some_and(Value::is_string));
    let body = |key: &str| match map.get(key) {
        Some(Value::String(_)) => is_typed || key == "image_url",
        Some(Value::Object(_)) => true,
        _ => false,
    };
    [
        "source",
        "data",
        "blob",
        "image_url",
        "input_audio",
        "file",
        "inline_data",
        "inlineData",
        "file_data",
        "fileData",
    ]
    .iter()
    .any(|key| body(key))
}

fn is_media(kind: &str, map: &Map<String, Value>) -> bool {
    matches!(
        kind,
        "image"
            | "image_url"
            | "input_image"
            | "input_audio"
            | "audio"
            | "file"
            | "input_file"
            | "document"
            | "video"
            // The AI SDK.
            | "media"
            | "image-data"
            | "image-url"
            | "image-file-id"
            | "file-data"
            | "file-url"
            | "file-id"
    ) || ["inline_data", "inlineData", "file_data", "fileData"]
        .iter()
        .any(|key| map.get(*key).is_some_and(|inner| !inner.is_null()))
}

fn media_name(kind: &str, map: &Map<String, Value>) -> String {
    let inner = [
        "source",
        "inline_data",
        "inlineData",
        "file_data",
        "fileData",
    ]
    .iter()
    .find_map(|key| map.get(*key).filter(|inner| inner.is_object()));
    let media = ["media_type", "mediaType", "mime_type", "mimeType"]
        .iter()
        .find_map(|key| {
            inner
                .and_then(|inner| inner.get(*key))
                .or_else(|| map.get(*key))
        })
        .and_then(Value::as_str);
    match media {
        Some(media) if media.len() <= 60 => media.to_owned(),
        _ if kind.is_empty() => "media".to_owned(),
        _ => kind.to_owned(),
    }
}

/// Arguments as recorded: an object stays; text that holds JSON is read; other text stands as `_raw`.
/// The flag tells whether text was no JSON.
pub(super) fn arguments(value: Option<&Value>, notes: &mut Notes) -> (Value, bool) {
    match value {
        None | Some(Value::Null) => (Value::Object(Map::new()), false),
        Some(Value::String(text)) if text.trim().is_empty() => (Value::Object(Map::new()), false),
        Some(Value::String(text)) => match super::body::parse_text(text, notes) {
            Some(Value::Null) => (Value::Object(Map::new()), false),
            Some(value) => (value, false),
            None => (raw(text), true),
        },
        Some(other) => (other.clone(), false),
    }
}

/// Text that is no JSON, as arguments.
pub(super) fn raw(text: &str) -> Value {
    Value::Object(Map::from_iter([("_raw".to_owned(), Value::from(text))]))
}

/// Whether a tool's text answer, in a format without a mark of failure, says that the call failed.
pub(super) fn text_says_failed(text: &str) -> bool {
    let start = text.trim_start();
    let begins = |words: &str| {
        let (head, rest) = start.split_at_checked(words.len())?;
        head.eq_ignore_ascii_case(words).then_some(rest)
    };
    let word = |word: &str| {
        begins(word)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
    };
    word("error")
        || word("traceback")
        || word("exception")
        || word("command failed")
        || begins("<tool_use_error>").is_some()
        || begins("fatal:").is_some()
        || begins("invalid ").is_some()
        || super::refusal::is_told(start)
}

/// Whether a tool's text or value answer is an object whose `error` says something.
pub(super) fn object_says_failed(value: &Value) -> bool {
    let says = |map: &Map<String, Value>| {
        truthy(map.get("error"))
            || map.get("isError") == Some(&Value::Bool(true))
            || map.get("is_error") == Some(&Value::Bool(true))
            || map
                .get("status")
                .and_then(Value::as_str)
                .is_some_and(|status| status.eq_ignore_ascii_case("error"))
    };
    match value {
        Value::Object(map) => says(map),
        // Only where one of the keys may be written is the text read.
        Value::String(text)
            if text.trim_start().starts_with('{')
                && ["rror", "status", "\\u"]
                    .iter()
                    .any(|part| text.contains(part)) =>
        {
            serde_json::from_str::<Map<String, Value>>(text).is_ok_and(|map| says(&map))
        }
        _ => false,
    }
}

/// Marks that recorders and tools leave where they cut an answer.
pub(super) fn is_cut(text: &str) -> bool {
    const CUT: &str = "truncated";
    const MARKS: [&str; 3] = ["<persisted-output>", "<response clipped>", "[... omitted "];
    const MARKS_OF_CUT: [&str; 7] = [
        "[truncated]",
        "[output truncated",
        "... [truncated",
        "lines truncated]",
        "characters truncated]",
        "tokens truncated",
        "[... Observation truncated",
    ];
    // The marks stand at the start, at the cut or at the end; answers are bounded by the body's size.
    let has = |mark: &&str| text.contains(*mark);
    MARKS.iter().any(has) || has(&CUT) && MARKS_OF_CUT.iter().any(has)
}

/// The exit code that a text answer begins with (`Exit code 1`, `Exit code: 1`), or says in its head.
pub(super) fn exit_code_in(text: &str) -> Option<i64> {
    let head: String = text.chars().take(300).collect();
    for mark in [
        "Exit code: ",
        "Exit code ",
        "Process exited with code ",
        "exit_code: ",
    ] {
        if let Some(at) = head.find(mark) {
            let digits: String = head[at + mark.len()..]
                .chars()
                .take_while(|c| c.is_ascii_digit() || *c == '-')
                .collect();
            if let Ok(code) = digits.parse() {
                return Some(code);
            }
        }
    }
    None
}
