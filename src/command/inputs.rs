//! Values given on the command line: `name=value`, where the value is JSON when it reads as JSON.

use super::document;
use crate::client::Failure;
use druse_engine::Finding;
use druse_engine::definition::{Syntax, parse_value};
use serde_json::{Map, Value};
use std::path::Path;

/// One object from a file of inputs and from `name=value` pairs, of which the later win.
///
/// # Errors
/// When a pair has no `=`, or the file is no JSON object.
pub(super) fn collect(
    file: Option<&Path>,
    pairs: &[String],
) -> Result<Map<String, Value>, Failure> {
    let mut inputs = match file {
        None => Map::new(),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| Failure::io(path, &error))?;
            match serde_json::from_str(&text) {
                Ok(Value::Object(map)) => map,
                Err(_) if let Err(findings) = parse_value(&text, Syntax::Json) => {
                    return Err(document::wrong(path, &text, &findings));
                }
                Ok(_) | Err(_) => {
                    return Err(Failure::data(
                        "bad_inputs",
                        format!("{} is not a JSON object.", path.display()),
                        "Write {\"name\": value, …}.",
                    ));
                }
            }
        }
    };
    for pair in pairs {
        let (name, value) = pair.split_once('=').ok_or_else(|| {
            Failure::usage(
                format!("{pair:?} is not name=value."),
                "Example: -i region=EU",
            )
        })?;
        inputs.insert(name.to_owned(), read(value));
    }
    Ok(inputs)
}

/// A failure that says what is wrong with inputs, with the places in the file of what came from there, and how a
/// value is written that was read as something else than was meant.
pub(super) fn placed(failure: Failure, file: Option<&Path>, pairs: &[String]) -> Failure {
    let failure = quoted(failure, "-i", pairs);
    let Some(file) = file.filter(|_| !failure.inputs.is_empty()) else {
        return failure;
    };
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let Ok((_, source)) = parse_value(&text, Syntax::Json) else {
        return failure;
    };
    failure.placed(|finding| {
        let finding: Finding = serde_json::from_value(finding.clone()).ok()?;
        let path = finding.path.clone()?;
        let name = path.split('/').nth(1)?;
        let given = pairs.iter().filter_map(|pair| pair.split_once('='));
        if given.into_iter().any(|(pair, _)| pair == name) {
            return None;
        }
        let mut found = [Finding {
            line: None,
            column: None,
            ..finding
        }];
        source.locate_keys(&mut found, &["unknown_input"]);
        let (line, column) = (found[0].line?, found[0].column?);
        Some(format!("{}:{line}:{column}", file.display()))
    })
}

/// The failure with how the values are written that were read as something else than is wanted: as a number instead
/// of a text, as a text instead of a list. `option` is how the pairs are given.
pub(super) fn quoted(mut failure: Failure, option: &str, pairs: &[String]) -> Failure {
    let mut hints = Vec::new();
    for finding in &failure.inputs {
        let message = finding["message"].as_str().unwrap_or_default();
        let path = finding["path"].as_str().unwrap_or_default();
        let name = path.strip_prefix('/').unwrap_or_default();
        let name = name.replace("~1", "/").replace("~0", "~");
        let mut given = pairs.iter().rev().filter_map(|pair| pair.split_once('='));
        let Some((_, written)) = given.find(|(given, _)| *given == name) else {
            continue;
        };
        if let Some(hint) = hint(option, &name, written, message)
            && !hints.contains(&hint)
        {
            hints.push(hint);
        }
    }
    if !hints.is_empty() {
        failure.help = hints.join("\n  ");
    }
    failure
}

/// How a value is written so that it is read as what is wanted; nothing where quotes are not what is missing.
fn hint(option: &str, name: &str, written: &str, message: &str) -> Option<String> {
    let wants = |kinds: &[&'static str]| -> Option<&'static str> {
        let (_, wanted) = message.split_once("not of type")?;
        let named = |kind: &&'static str| wanted.contains(&format!("\"{kind}\""));
        kinds.iter().copied().find(named)
    };
    let value = read(written);
    // What is not shown in the message is not to be seen here either.
    let told = message.contains(written);
    let shown = if told { written } else { "VALUE" };
    let pair = |value: &str| format!("{option} {}", shell_quoted(&format!("{name}={value}")));
    match &value {
        Value::String(text) if text == written => {
            let wanted = wants(&["object", "array"])?;
            let (kind, example) = match wanted {
                "object" => ("an object", r#"{"key": "text"}"#),
                _ => ("a list", r#"["text", 1]"#),
            };
            Some(format!(
                "It was read as a text, for it is no JSON; without quotes around it the shell takes those within it. Write {kind} as {}",
                pair(example)
            ))
        }
        Value::String(text) => {
            wants(&["integer", "number", "boolean", "null"])?;
            let shown = if told { text } else { "VALUE" };
            Some(format!(
                "In quotes it is a text. Write it without: {}",
                pair(shown)
            ))
        }
        other => {
            let as_text = Value::from(written).to_string();
            if wants(&["string"]).is_none() && !message.contains(&as_text) {
                return None;
            }
            let kind = match other {
                Value::Null => "null",
                Value::Bool(_) => "true or false",
                Value::Number(_) => "a number",
                Value::Array(_) => "a list",
                Value::Object(_) | Value::String(_) => "an object",
            };
            let text = match told {
                true => as_text,
                false => Value::from(shown).to_string(),
            };
            Some(format!(
                "It was read as {kind}. Write a text that reads as JSON in quotes that the shell leaves: {}",
                pair(&text)
            ))
        }
    }
}

/// A word as a shell takes it literally.
fn shell_quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A value: JSON when it is valid JSON, else the text itself.
pub(super) fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_was_read_as_something_else_is_shown_as_it_is_written() {
        let is = |written: &str, message: &str| hint("-i", "order", written, message);
        for (written, message, shown) in [
            (
                "123",
                r#"input `order`: 123 is not of type "string""#,
                r#"-i 'order="123"'"#,
            ),
            (
                "true",
                r#"input `order`: true is not of types "null", "string""#,
                r#"-i 'order="true"'"#,
            ),
            (
                "7",
                r#"input `order`: 7 is not one of "7" or "8""#,
                r#"-i 'order="7"'"#,
            ),
            (
                "[it's]",
                r#"input `order`: "[it's]" is not of type "array""#,
                r#"-i 'order=["text", 1]'"#,
            ),
            (
                "{a:1}",
                r#"input `order`: "{a:1}" is not of type "object""#,
                r#"-i 'order={"key": "text"}'"#,
            ),
            (
                "\"7\"",
                r#"input `order`: "7" is not of type "integer""#,
                "-i 'order=7'",
            ),
            // A sensitive one is not repeated.
            (
                "4711",
                r#"input `order`: the value is not of type "string""#,
                r#"-i 'order="VALUE"'"#,
            ),
        ] {
            let hint = is(written, message).unwrap_or_else(|| panic!("{written} has no hint"));
            assert!(hint.ends_with(shown), "{hint}");
            assert!(!hint.contains("4711"), "{hint}");
        }
        // Quotes would change nothing.
        for (written, message) in [
            ("x", r#"input `order`: "x" is not of type "integer""#),
            (
                "123",
                "input `order`: 123 is greater than the maximum of 100",
            ),
            ("abc", r#"input `order`: "abc" is longer than 2 characters"#),
        ] {
            assert_eq!(is(written, message), None, "{written}");
        }
        assert_eq!(shell_quoted("a=it's"), r"'a=it'\''s'");
    }
}
