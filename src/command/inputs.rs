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

/// A failure that says what is wrong with inputs, with the places in the file of what came from there.
pub(super) fn placed(failure: Failure, file: Option<&Path>, pairs: &[String]) -> Failure {
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

/// A value: JSON when it is valid JSON, else the text itself.
pub(super) fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}
