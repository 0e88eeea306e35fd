//! A document as YAML for people: keys in the order of the format, texts quoted where YAML or an
//! expression could be misread.

use super::schema::SCHEMA_URL;
use super::{Document, yaml};
use crate::hidden::is_hidden;
use serde_json::{Map, Value};

/// Writes a document as YAML. Reading it gives the same document.
pub fn to_yaml(document: &Document) -> String {
    let value = serde_json::to_value(document).unwrap_or_default();
    let mut out = format!("# yaml-language-server: $schema={SCHEMA_URL}\n");
    match &value {
        Value::Object(map) => block_map(map, 0, &mut out),
        other => flow(other, &mut out),
    }
    out
}

/// Writes a value alone as YAML, as it stands in a document.
pub fn value_to_yaml(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => block_map(map, 0, &mut out),
        Value::Array(items) if !items.is_empty() && !short(value) => {
            for item in items {
                out.push_str("- ");
                item_of(item, 0, &mut out);
            }
        }
        other => alone(other, &mut out),
    }
    out
}

fn block_map(map: &Map<String, Value>, indent: usize, out: &mut String) {
    for (index, (key, value)) in map.iter().enumerate() {
        if indent > 0 || index > 0 {
            pad(indent, out);
        }
        entry(key, value, indent, out);
    }
}

pub(super) fn pad(indent: usize, out: &mut String) {
    for _ in 0..indent {
        out.push(' ');
    }
}

/// `key: value`, the cursor standing where the key begins.
pub(super) fn entry(key: &str, value: &Value, indent: usize, out: &mut String) {
    text(key, out);
    out.push(':');
    match value {
        Value::Object(map) if !map.is_empty() && !short(value) => {
            out.push('\n');
            block_map_padded(map, indent + 2, out);
        }
        Value::Array(items) if !items.is_empty() && !short(value) => {
            out.push('\n');
            for item in items {
                pad(indent + 2, out);
                out.push_str("- ");
                item_of(item, indent + 2, out);
            }
        }
        Value::String(lines) if literal_fits(lines) => {
            out.push_str(if lines.ends_with('\n') {
                " |\n"
            } else {
                " |-\n"
            });
            for line in lines.strip_suffix('\n').unwrap_or(lines).split('\n') {
                if !line.is_empty() {
                    pad(indent + 2, out);
                    out.push_str(line);
                }
                out.push('\n');
            }
        }
        other => {
            out.push(' ');
            alone(other, out);
            out.push('\n');
        }
    }
}

fn block_map_padded(map: &Map<String, Value>, indent: usize, out: &mut String) {
    for (key, value) in map {
        pad(indent, out);
        entry(key, value, indent, out);
    }
}

/// An element of a list, the cursor standing behind its dash.
pub(super) fn item_of(item: &Value, indent: usize, out: &mut String) {
    match item {
        Value::Object(map) if !map.is_empty() && !short(item) => {
            for (index, (key, value)) in map.iter().enumerate() {
                if index > 0 {
                    pad(indent + 2, out);
                }
                entry(key, value, indent + 2, out);
            }
        }
        Value::Array(items) if !items.is_empty() && !short(item) => {
            for (index, inner) in items.iter().enumerate() {
                if index > 0 {
                    pad(indent + 2, out);
                }
                out.push_str("- ");
                item_of(inner, indent + 2, out);
            }
        }
        other => {
            alone(other, out);
            out.push('\n');
        }
    }
}

/// Whether a list of scalars fits on a line. Maps are always written as blocks, but for empty ones.
fn short(value: &Value) -> bool {
    match value {
        Value::Array(items) => {
            items
                .iter()
                .all(|item| !item.is_array() && !item.is_object())
                && items
                    .iter()
                    .map(|item| match item {
                        Value::String(text) => text.len() + 4,
                        _ => 8,
                    })
                    .sum::<usize>()
                    <= 72
        }
        Value::Object(map) => map.is_empty(),
        _ => true,
    }
}

fn flow(value: &Value, out: &mut String) {
    match value {
        Value::String(string) => text(string, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                flow(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            for (index, (key, item)) in map.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                text(key, out);
                out.push_str(": ");
                flow(item, out);
            }
            out.push('}');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

/// A value that has the rest of the line for itself: more signs are safe there than inside brackets.
fn alone(value: &Value, out: &mut String) {
    match value {
        Value::String(string) if is_plain(string, ",?!'&*%[]{}\"") => out.push_str(string),
        other => flow(other, out),
    }
}

/// A text, unquoted where nothing can misread it.
fn text(text: &str, out: &mut String) {
    if is_plain(text, "") {
        out.push_str(text);
    } else {
        quoted(text, out);
    }
}

/// Whether a text may stand without quotes: letters, digits and few signs, and no meaning of its own
/// in YAML 1.1 or 1.2.
fn is_plain(text: &str, more: &str) -> bool {
    let mut chars = text.chars();
    if text.len() <= 20
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.parse::<crate::Span>().is_ok()
    {
        return true;
    }
    if text.len() > 200
        || !chars
            .next()
            .is_some_and(|c| c.is_ascii_alphabetic() || c == '/' || c == '_')
    {
        return false;
    }
    if text.ends_with([' ', ':'])
        || text.contains("  ")
        || text.contains(": ")
        || text.contains(" #")
        || text.contains("{{")
    {
        return false;
    }
    if !text.chars().all(|c| {
        c.is_alphanumeric() && !is_hidden(c) || " _-./:+()<>=|$;@".contains(c) || more.contains(c)
    }) {
        return false;
    }
    let lower = text.to_ascii_lowercase();
    !matches!(
        lower.as_str(),
        "null"
            | "true"
            | "false"
            | "yes"
            | "no"
            | "on"
            | "off"
            | "y"
            | "n"
            | "nan"
            | "inf"
            | "infinity"
    ) && matches!(yaml::plain(text), Value::String(_))
}

fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Whoever reads the document sees what stands there; it is the same text all the same.
            c if is_hidden(c) => out.push_str(&match u32::from(c) {
                code @ ..=0xffff => format!("\\u{code:04x}"),
                code => format!("\\U{code:08x}"),
            }),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Whether a text is safe and nicer as a literal block: several lines, nothing invisible, no blanks at
/// the edges that a block would change.
fn literal_fits(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    body.contains('\n')
        && !body.ends_with('\n')
        && !body.starts_with([' ', '\n', '\t'])
        && body.split('\n').all(|line| {
            !line.ends_with([' ', '\t'])
                && !line.starts_with('\t')
                && !line.contains(|c| is_hidden(c) || c.is_control())
        })
}
