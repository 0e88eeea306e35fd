//! The parameters of a step.

use super::Failed;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

/// Parameters by number or by name.
pub(super) enum Params<'a> {
    List(&'a [Value]),
    Named(&'a Map<String, Value>),
}

impl<'a> Params<'a> {
    pub(super) fn of(params: Option<&'a Value>) -> Result<Self, Failed> {
        match params {
            None | Some(Value::Null) => Ok(Self::List(&[])),
            Some(Value::Array(values)) => Ok(Self::List(values)),
            Some(Value::Object(values)) => Ok(Self::Named(values)),
            Some(_) => Err(Failed::input("\"params\" must be a list or a map.")),
        }
    }
}

/// The bytes of `{base64: …}`, which is how a value of bytes is written; nothing for any other value.
pub(super) fn bytes(value: &Value) -> Option<Result<Vec<u8>, String>> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    let text = map.get("base64")?.as_str()?;
    Some(
        STANDARD
            .decode(text)
            .map_err(|_| "its \"base64\" is not base64".to_owned()),
    )
}

/// Bytes as outputs show them, the same way round.
pub(super) fn base64(bytes: &[u8]) -> Value {
    serde_json::json!({ "base64": STANDARD.encode(bytes) })
}

/// Another number of parameters than the statement has.
pub(super) fn wrong_count(wanted: usize, given: usize) -> Failed {
    Failed::input(format!(
        "The statement has {wanted} parameters, and \"params\" has {given}."
    ))
}
