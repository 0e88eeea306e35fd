//! Filters that read what a text holds: data in JSON or YAML, the value behind a label, what stands between
//! two other texts, the parts of addresses and paths, dates and moments in other notations. What is not
//! there, or is there twice, is an error.

use super::functions::failed;
use super::node::dynamic;
use crate::Json;
use granit_parser::{Event, Options, Parser, ScalarStyle};
use jiff::Timestamp;
use jiff::fmt::strtime;
use minijinja::Error;
use minijinja::value::{Value as Dyn, ValueKind};
use serde_json::{Map, Number, Value};

/// The longest text that is read as data, in bytes.
const DATA_LIMIT: usize = 8 * 1024 * 1024;
/// The deepest nesting of data in a text.
const DEPTH_LIMIT: usize = 64;

fn text<'v>(value: &'v Dyn, filter: &str) -> Result<&'v str, Error> {
    let text = value
        .as_str()
        .ok_or_else(|| failed(format!("`{filter}` wants a text, not a {}", value.kind())))?;
    if text.len() > DATA_LIMIT {
        return Err(failed(format!("the text is too long for `{filter}`")));
    }
    Ok(text)
}

fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

/// The JSON that a text holds. A value that is no text is data already, and stays.
pub(super) fn parse_json(value: &Dyn) -> Result<Dyn, Error> {
    if matches!(value.kind(), ValueKind::Map | ValueKind::Seq) {
        return Ok(value.clone());
    }
    let text = text(value, "parse_json")?;
    json(text).map(|json| dynamic(&json.into())).ok_or_else(|| {
        failed(format!(
            "`parse_json` cannot read this as JSON: {:?}",
            shown(text)
        ))
    })
}

/// The YAML that a text holds, one document without anchors and tags. A value that is no text stays.
pub(super) fn parse_yaml(value: &Dyn) -> Result<Dyn, Error> {
    if matches!(value.kind(), ValueKind::Map | ValueKind::Seq) {
        return Ok(value.clone());
    }
    let text = text(value, "parse_yaml")?;
    yaml(text)
        .map(|value| dynamic(&Json::from(value)))
        .ok_or_else(|| {
            failed(format!(
                "`parse_yaml` cannot read this as YAML: {:?}",
                shown(text)
            ))
        })
}

/// The value of a text that is JSON: a map or a list.
pub fn json(text: &str) -> Option<Value> {
    let text = text.trim();
    if !text.starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// The value of a text that is YAML: a map or a list. Scalars are those of YAML 1.2, so that `no` and `on` stay
/// texts; dates are texts.
pub fn yaml(text: &str) -> Option<Value> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.disallow_directives = true;
    options.emit_unresolved_aliases = true;
    options.flow_nesting_limit = DEPTH_LIMIT;
    options.block_nesting_limit = DEPTH_LIMIT;
    let mut open: Vec<Open> = Vec::new();
    let mut done: Option<Value> = None;
    for event in Parser::new_from_str_with_options(text, options) {
        let value = match event.ok()?.0 {
            Event::Alias(_) | Event::UnresolvedAlias(_) => return None,
            Event::DocumentStart(..) if done.is_some() => return None,
            Event::Scalar(_, _, anchor, tag) if anchor != 0 || tag.is_some() => return None,
            Event::Scalar(text, style, ..) => match open.last_mut() {
                Some(Open::Map(_, key @ None)) => {
                    *key = Some(text.into_owned());
                    continue;
                }
                _ if style == ScalarStyle::Plain => plain(&text),
                _ => Value::String(text.into_owned()),
            },
            Event::SequenceStart(_, anchor, tag) | Event::MappingStart(_, anchor, tag)
                if anchor != 0 || tag.is_some() =>
            {
                return None;
            }
            Event::SequenceStart(..) | Event::MappingStart(..)
                if open.len() >= DEPTH_LIMIT || matches!(open.last(), Some(Open::Map(_, None))) =>
            {
                return None;
            }
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open::Map(Map::new(), None));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop()? {
                Open::List(items) => Value::Array(items),
                Open::Map(map, _) => Value::Object(map),
            },
            _ => continue,
        };
        match open.last_mut() {
            None => done = Some(value),
            Some(Open::List(items)) => items.push(value),
            Some(Open::Map(map, key)) => {
                // A key that is there twice leaves it open which one is meant.
                if map.insert(key.take()?, value).is_some() {
                    return None;
                }
            }
        }
    }
    done.filter(|value| value.is_object() || value.is_array())
}

enum Open {
    List(Vec<Value>),
    Map(Map<String, Value>, Option<String>),
}

/// An unquoted scalar by the core schema of YAML 1.2, without its octal and infinite numbers.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let leading_zero = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    if digits.starts_with(|c: char| c.is_ascii_digit()) && !leading_zero {
        if let Ok(int) = text.parse::<i64>() {
            return int.into();
        }
        let is_decimal = digits
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'))
            && digits.contains('.');
        if is_decimal
            && let Ok(float) = text.parse::<f64>()
            && let Some(number) = Number::from_f64(float)
        {
            return Value::Number(number);
        }
    }
    Value::String(text.to_owned())
}

/// What stands behind a label on its line: `IBAN: …`, `Total = …`, or after a tab or several blanks. The
/// label must begin exactly one line that holds something behind it.
pub(super) fn line_value(value: &Dyn, label: &str) -> Result<String, Error> {
    let text = text(value, "line_value")?;
    let mut found = labelled(text, label);
    match (found.next(), found.next()) {
        (Some(value), None) => Ok(value.to_owned()),
        (None, _) => Err(failed(format!(
            "no line of the text begins with {label:?} and a value"
        ))),
        (Some(_), Some(_)) => Err(failed(format!(
            "several lines of the text begin with {label:?} and a value"
        ))),
    }
}

/// The values behind a label, one for each line that begins with it.
pub fn labelled<'t>(text: &'t str, label: &str) -> impl Iterator<Item = &'t str> {
    text.lines().filter_map(move |line| {
        let line = line.trim_start_matches(|c: char| {
            c.is_whitespace() || matches!(c, '-' | '*' | '•' | '#' | '|' | '>')
        });
        let rest = line.strip_prefix(label)?;
        // Markdown sets labels in bold.
        let rest = rest.strip_prefix("**").unwrap_or(rest);
        let blank = rest.starts_with('\t') || rest.starts_with("  ");
        let rest = rest.trim_start();
        let value = match rest.strip_prefix([':', '=']) {
            Some(value) => value.strip_prefix("**").unwrap_or(value),
            None if blank => rest,
            None => return None,
        };
        Some(value.trim()).filter(|value| !value.is_empty())
    })
}

/// What stands between two texts on one line; empty texts stand for the ends of the line. There must be
/// exactly one such place.
pub(super) fn between(value: &Dyn, before: &str, after: &str) -> Result<String, Error> {
    let text = text(value, "between")?;
    let mut found = enclosed(text, before, after);
    match (found.next(), found.next()) {
        (Some(value), None) => Ok(value.to_owned()),
        (None, _) => Err(failed(format!(
            "nothing in the text stands between {before:?} and {after:?}"
        ))),
        (Some(_), Some(_)) => Err(failed(format!(
            "several things in the text stand between {before:?} and {after:?}"
        ))),
    }
}

/// All that stands between two texts on one line.
pub fn enclosed<'t>(text: &'t str, before: &str, after: &str) -> impl Iterator<Item = &'t str> {
    text.lines().flat_map(move |line| {
        let mut at = 0;
        let mut done = false;
        std::iter::from_fn(move || {
            while !done {
                let rest = line.get(at..)?;
                let begin = if before.is_empty() {
                    done = true;
                    0
                } else {
                    rest.find(before)? + before.len()
                };
                let inside = rest.get(begin..)?;
                at += begin;
                let end = if after.is_empty() {
                    inside.len()
                } else {
                    match inside.find(after) {
                        Some(end) => end,
                        None => continue,
                    }
                };
                let found = inside.get(..end)?.trim();
                if !found.is_empty() {
                    return Some(found);
                }
            }
            None
        })
    })
}

/// A part of an e-mail address: `name` or `host`.
pub(super) fn email_part(address: &str, name: &str) -> Result<String, Error> {
    let (local, host) = address
        .trim()
        .rsplit_once('@')
        .filter(|(local, host)| !local.is_empty() && !host.is_empty())
        .ok_or_else(|| failed(format!("{:?} is no e-mail address", shown(address))))?;
    match name {
        "name" => Ok(local.to_owned()),
        "host" => Ok(host.to_owned()),
        other => Err(failed(format!(
            "an e-mail address has no part `{other}`: there are name and host"
        ))),
    }
}

/// A part of a path: `name`, `stem` (the name without its extension), `extension` or `folder`.
pub(super) fn path_part(path: &str, name: &str) -> Result<String, Error> {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let (stem, extension) = match file.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, extension),
        _ => (file, ""),
    };
    let found = match name {
        "name" => file,
        "stem" => stem,
        "extension" => extension,
        "folder" => folder,
        other => {
            return Err(failed(format!(
                "a path has no part `{other}`: there are name, stem, extension and folder"
            )));
        }
    };
    if found.is_empty() {
        return Err(failed(format!("{:?} has no {name}", shown(path))));
    }
    Ok(found.to_owned())
}

/// Whether a text is a name, an id or a number: nothing that a program takes for an option, the name of a file to
/// read (`@file`), a path, or words of a language.
pub fn is_plain_word(text: &str) -> bool {
    let begins = |c: char| c.is_alphanumeric() || c == '_';
    text.starts_with(begins) && text.chars().all(|c| begins(c) || "-.:@+,=%#".contains(c))
}

/// Whether a text is a path or an address, with no step upwards in it.
pub fn is_plain_path(text: &str) -> bool {
    let known = |c: char| c.is_alphanumeric() || "_-.:@+,=%#/?&~".contains(c);
    text.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '/'))
        && text.chars().all(known)
        && !text.split('/').any(|part| part == "..")
}

/// A value as one word for a program. It fails where the program could take it for something else than a value.
pub(super) fn plain_word(value: &Dyn) -> Result<String, Error> {
    let text = super::functions::string(value)?;
    if is_plain_word(&text) {
        return Ok(text);
    }
    Err(failed(format!(
        "{:?} is no plain word: it begins with a letter or a digit, and holds no blanks, quotes, slashes or other signs",
        shown(&text)
    )))
}

/// A value as a path or an address for a program.
pub(super) fn plain_path(value: &Dyn) -> Result<String, Error> {
    let text = super::functions::string(value)?;
    if is_plain_path(&text) {
        return Ok(text);
    }
    Err(failed(format!(
        "{:?} is no plain path: it holds no `..`, no blanks, no quotes and no other signs",
        shown(&text)
    )))
}

/// A value as one segment of a URL's path or as one value of its query: everything but letters, digits and
/// `-_~.` is encoded, so that it can add no segment and no parameter. `.` and `..` are refused.
pub(super) fn url_segment(value: &Dyn) -> Result<String, Error> {
    let text = super::functions::string(value)?;
    if text.is_empty() || text == "." || text == ".." {
        return Err(failed(format!("{text:?} cannot stand in an address")));
    }
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~' | b'.') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    Ok(out)
}

/// A date or moment in another notation (`%d.%m.%Y`, `%B %d, %Y`) as `2027-03-28` or `2027-03-28T09:30:00`.
pub(super) fn parse_date(text: &str, format: &str) -> Result<String, Error> {
    let wrong = || {
        failed(format!(
            "{:?} is not a date as {format:?} writes it",
            shown(text)
        ))
    };
    if format.len() > 256 || text.len() > 256 {
        return Err(wrong());
    }
    let parsed = strtime::parse(format, text.trim()).map_err(|_| wrong())?;
    if parsed.hour().is_some() {
        return parsed
            .to_datetime()
            .map(|at| at.to_string())
            .map_err(|_| wrong());
    }
    parsed
        .to_date()
        .map(|date| date.to_string())
        .map_err(|_| wrong())
}

/// Seconds (`s`) or milliseconds (`ms`) since 1970 as an RFC 3339 time.
pub(super) fn from_epoch(value: &Dyn, unit: &str) -> Result<String, Error> {
    let number = super::functions::parse_number(value)?;
    let number = i64::try_from(number).map_err(|_| failed("`from_epoch` wants a whole number"))?;
    let at = match unit {
        "s" => Timestamp::from_second(number),
        "ms" => Timestamp::from_millisecond(number),
        other => return Err(unit_error(other)),
    };
    at.map(|at| at.to_string())
        .map_err(|_| failed(format!("{number} is outside of the calendar")))
}

/// An RFC 3339 time as seconds (`s`) or milliseconds (`ms`) since 1970.
pub(super) fn to_epoch(text: &str, unit: &str) -> Result<i64, Error> {
    let at: Timestamp = text
        .trim()
        .parse()
        .map_err(|_| failed(format!("{:?} is not an RFC 3339 time", shown(text))))?;
    match unit {
        "s" => Ok(at.as_second()),
        "ms" => Ok(at.as_millisecond()),
        other => Err(unit_error(other)),
    }
}

fn unit_error(unit: &str) -> Error {
    failed(format!("there is no unit `{unit}`: there are s and ms"))
}
