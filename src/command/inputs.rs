//! Values given on the command line: `name=value`, where the value is JSON when it reads as JSON.

use crate::client::Failure;
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

/// A value: JSON when it is valid JSON, else the text itself.
pub(super) fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}
