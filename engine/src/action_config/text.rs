//! Text that a template may have made out of a number.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// Text. A number or a boolean is taken as it is written in JSON: `"{{ inputs.count }}"` keeps its
/// type, and a header or an argument is text all the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct Text(pub String);

impl Text {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self(text)),
            Value::Number(number) => Ok(Self(number.to_string())),
            Value::Bool(bool) => Ok(Self(bool.to_string())),
            Value::Null => Err(serde::de::Error::custom("expected a text, found null")),
            Value::Array(_) => Err(serde::de::Error::custom("expected a text, found a list")),
            Value::Object(_) => Err(serde::de::Error::custom("expected a text, found a map")),
        }
    }
}

impl JsonSchema for Text {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Text".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["string", "number", "boolean"] })
    }
}
