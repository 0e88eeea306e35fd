//! Reads JSON into values that take no more room than they need, and that are put together once: a list or an object
//! that grows while it is read is moved several times, and keeps the room that it might have needed.

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// A JSON value, for what reads several in a row.
pub(crate) struct Json(pub(crate) Value);

/// The value that a text is.
///
/// # Errors
/// As `serde_json` has them: a text that is no JSON, or nested deeper than 128 levels.
pub(crate) fn value(text: &str) -> serde_json::Result<Value> {
    serde_json::from_str::<Json>(text).map(|json| json.0)
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Part(&mut Open::default())
            .deserialize(deserializer)
            .map(Json)
    }
}

/// What was read of the lists and objects that are not closed yet: those of the innermost stand last.
#[derive(Default)]
struct Open {
    items: Vec<Value>,
    entries: Vec<(String, Value)>,
}

struct Part<'o>(&'o mut Open);

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any valid JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let from = self.0.items.len();
        while let Some(item) = list.next_element_seed(Part(self.0))? {
            self.0.items.push(item);
        }
        Ok(Value::Array(self.0.items.drain(from..).collect()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let from = self.0.entries.len();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(Part(self.0))?;
            self.0.entries.push((key, value));
        }
        Ok(Value::Object(self.0.entries.drain(from..).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::value;
    use serde_json::Value;

    #[test]
    fn it_is_the_value_that_the_text_is() {
        for text in [
            r#"{"a":[1,-2,18446744073709551615,0.1,1e300,null,true],"b":{"c":"ü\n\ud83d\ude00","":{}},"d":[]}"#,
            r#"{"a":1,"b":2,"a":3}"#,
            "[[[],[1]],[[2,3],4],{\"x\":[5]}]",
            "\"text\"",
            "-0.0",
            "[1,",
            "{\"a\":}",
            "[1e999]",
            "{} {}",
            "",
        ] {
            let known = serde_json::from_str::<Value>(text);
            match (value(text), known) {
                (Ok(read), Ok(known)) => {
                    assert_eq!(read.to_string(), known.to_string(), "{text}");
                }
                (Err(read), Err(known)) => {
                    assert_eq!(read.to_string(), known.to_string(), "{text}");
                }
                (read, known) => panic!("{text}: {read:?} and not {known:?}"),
            }
        }
        assert!(
            value(&"[".repeat(200)).is_err_and(|error| error.to_string().contains("recursion"))
        );
    }
}
