//! The leaves in which two values differ.

use super::Field;
use serde_json::{Map, Value};

/// Every place in which two values differ, as deep as both are maps, or lists of equal length.
pub(super) fn fields_of(before: &Value, after: &Value) -> Vec<Field> {
    let mut fields = Vec::new();
    walk("", before, after, &mut fields);
    fields
}

fn walk(path: &str, before: &Value, after: &Value, fields: &mut Vec<Field>) {
    if before == after {
        return;
    }
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => maps(path, old, new, fields),
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() && !path.is_empty() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                walk(&format!("{path}[{index}]"), old, new, fields);
            }
        }
        _ => fields.push(Field {
            path: path.to_owned(),
            before: before.clone(),
            after: after.clone(),
        }),
    }
}

fn maps(path: &str, old: &Map<String, Value>, new: &Map<String, Value>, fields: &mut Vec<Field>) {
    let inner = |key: &str| match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    };
    let nothing = Value::Null;
    for (key, value) in new {
        walk(&inner(key), old.get(key).unwrap_or(&nothing), value, fields);
    }
    for (key, value) in old.iter().filter(|(key, _)| !new.contains_key(*key)) {
        walk(&inner(key), value, &nothing, fields);
    }
}
