//! Reads the rendered configuration of a step. The check of the document has seen its shape; what
//! expressions gave is seen here for the first time.

use super::Failed;
use serde_json::{Map, Value};

/// The object that a configuration is.
pub(super) fn object(input: &Value) -> Result<&Map<String, Value>, Failed> {
    input
        .as_object()
        .ok_or_else(|| Failed::input("The configuration of the step is not an object."))
}

/// Refuses keys that mean nothing here: what is misspelt must not be silently ignored.
pub(super) fn only(map: &Map<String, Value>, known: &[&str]) -> Result<(), Failed> {
    match map.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(Failed::input(format!(
            "{key:?} is not known here. What can stand here: {}.",
            known.join(", ")
        ))),
        None => Ok(()),
    }
}

/// A value that is there and not null.
pub(super) fn given<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    map.get(key).filter(|value| !value.is_null())
}

/// A text, if given.
pub(super) fn text<'a>(map: &'a Map<String, Value>, key: &str) -> Result<Option<&'a str>, Failed> {
    match given(map, key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Failed::input(format!("{key:?} must be a text."))),
    }
}

/// A text that must be given.
pub(super) fn needed<'a>(map: &'a Map<String, Value>, key: &str) -> Result<&'a str, Failed> {
    text(map, key)?.ok_or_else(|| Failed::input(format!("{key:?} is missing.")))
}

/// A text, a number or a truth value as text.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// Names and scalars; null leaves a name out.
pub(super) fn scalars(
    map: &Map<String, Value>,
    key: &str,
) -> Result<Vec<(String, String)>, Failed> {
    let values = match given(map, key) {
        None => return Ok(Vec::new()),
        Some(Value::Object(values)) => values,
        Some(_) => return Err(Failed::input(format!("{key:?} must be an object."))),
    };
    let given = values.iter().filter(|(_, value)| !value.is_null());
    given
        .map(|(name, value)| match scalar(value) {
            Some(text) => Ok((name.clone(), text)),
            None => Err(Failed::input(format!(
                "The value of {name:?} in {key:?} must be a text, a number or a truth value."
            ))),
        })
        .collect()
}

/// Like [`scalars`], but a list gives its name several times.
pub(super) fn pairs(map: &Map<String, Value>, key: &str) -> Result<Vec<(String, String)>, Failed> {
    let values = match given(map, key) {
        None => return Ok(Vec::new()),
        Some(Value::Object(values)) => values,
        Some(_) => return Err(Failed::input(format!("{key:?} must be an object."))),
    };
    let mut pairs = Vec::new();
    for (name, value) in values {
        let items = match value {
            Value::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        for item in items.iter().filter(|item| !item.is_null()) {
            let text = scalar(item).ok_or_else(|| {
                Failed::input(format!(
                    "The value of {name:?} in {key:?} must be a text, a number, a truth value or a list of these."
                ))
            })?;
            pairs.push((name.clone(), text));
        }
    }
    Ok(pairs)
}
