//! What of a JSON text is not what a value of it says: numbers that lose digits or are out of range, and keys that stand
//! twice in one object. Which of both counted is not known: readers differ, and the last one is kept.

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The most objects with a key that stands twice of one text that are kept.
const MOST: usize = 1_000;

/// What is in doubt of the texts that were read.
#[derive(Debug, Default, Clone)]
pub(super) struct Doubts {
    /// Numbers that a 64-bit number cannot hold: the bits of what was read, and the text that stood there.
    pub(super) numbers: BTreeMap<u64, String>,
    /// Numbers out of the range of a 64-bit float, which stand as texts.
    pub(super) too_large: BTreeSet<String>,
    /// Objects in which a key stands twice.
    pub(super) repeated: Vec<Repeated>,
}

/// An object in which a key stands twice.
#[derive(Debug, Clone)]
pub(super) struct Repeated {
    key: String,
    /// The last value of the key.
    last: Value,
    /// The object as it was read.
    whole: Map<String, Value>,
}

impl Doubts {
    /// Takes over what is in doubt elsewhere.
    pub(super) fn absorb(&mut self, other: &Self) {
        let numbers = other.numbers.iter();
        self.numbers
            .extend(numbers.map(|(bits, text)| (*bits, text.clone())));
        self.too_large.extend(other.too_large.iter().cloned());
        self.keep(other.repeated.clone());
    }

    /// Takes over objects in which a key stands twice.
    pub(super) fn keep(&mut self, repeated: Vec<Repeated>) {
        let room = MOST.saturating_sub(self.repeated.len());
        self.repeated.extend(repeated.into_iter().take(room));
    }

    /// Whether a scalar is a number that was recorded as another one.
    pub(super) fn is_inexact(&self, value: &Value) -> bool {
        match value {
            Value::Number(number) if number.is_f64() => {
                let bits = number.as_f64().unwrap_or_default().to_bits();
                self.numbers.contains_key(&bits)
            }
            Value::String(text) => self.too_large.contains(text),
            _ => false,
        }
    }

    /// The key that stands twice in what a call was given, or of whose two values that is the last.
    pub(super) fn repeated_in(&self, arguments: &Value) -> Option<&str> {
        let found = self.repeated.iter().find(|one| {
            holds(arguments, &one.whole)
                || match &one.last {
                    Value::Object(map) => !map.is_empty() && arguments.as_object() == Some(map),
                    Value::String(text) => {
                        text.trim_start().starts_with('{')
                            && serde_json::from_str::<Value>(text)
                                .is_ok_and(|value| value == *arguments)
                    }
                    _ => false,
                }
        });
        found.map(|one| one.key.as_str())
    }
}

/// Whether a value is an object, or holds it.
fn holds(value: &Value, whole: &Map<String, Value>) -> bool {
    match value {
        Value::Object(map) => map == whole || map.values().any(|inner| holds(inner, whole)),
        Value::Array(items) => items.iter().any(|inner| holds(inner, whole)),
        _ => false,
    }
}

/// A value of JSON, and the objects in it in which a key stands twice.
#[derive(Default)]
pub(super) struct Read {
    pub(super) value: Value,
    pub(super) repeated: Vec<Repeated>,
}

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut repeated = Vec::new();
        let value = Reader(&mut repeated).deserialize(from)?;
        Ok(Self { value, repeated })
    }
}

/// Reads a value as `Value` does, and notes the keys that stand twice.
struct Reader<'r>(&'r mut Vec<Repeated>);

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("any valid JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element_seed(Reader(self.0))? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        let mut twice: Option<String> = None;
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(Reader(self.0))?;
            match map.entry(key) {
                Entry::Vacant(entry) => {
                    entry.insert(value);
                }
                Entry::Occupied(mut entry) => {
                    if *entry.get() != value {
                        twice = Some(entry.key().clone());
                    }
                    entry.insert(value);
                }
            }
        }
        if let Some(key) = twice
            && self.0.len() < MOST
        {
            self.0.push(Repeated {
                last: map.get(&key).cloned().unwrap_or_default(),
                key,
                whole: map.clone(),
            });
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> Read {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn values_are_those_that_are_read_otherwise() {
        for text in [
            "null",
            "true",
            "-3",
            "18446744073709551615",
            "0.1",
            r#""a\nü\u00e9""#,
            r#"{"b":1,"a":[{"c":null},[]],"ü":{}}"#,
            r#"{"a":1,"a":2,"b":{"c":1,"c":1}}"#,
        ] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(read(text).value, value, "{text}");
            assert_eq!(read(text).value.to_string(), value.to_string(), "{text}");
        }
        for broken in ["", "{", "[1,]", "{\"a\"}", "nul", "\"a"] {
            let error = serde_json::from_str::<Value>(broken).unwrap_err();
            let own = serde_json::from_str::<Read>(broken).err().unwrap();
            assert_eq!(own.to_string(), error.to_string(), "{broken}");
        }
    }

    #[test]
    fn keys_that_stand_twice_are_found_with_what_they_are_in() {
        let doubts = Doubts {
            repeated: read(r#"{"x":[{"to":"a","n":{"to":"c"},"to":"b"}]}"#).repeated,
            ..Doubts::default()
        };
        let given = json!({ "to": "b", "n": { "to": "c" } });
        assert_eq!(doubts.repeated_in(&given), Some("to"));
        assert_eq!(doubts.repeated_in(&json!({ "in": [given] })), Some("to"));
        assert_eq!(doubts.repeated_in(&json!({ "to": "b" })), None);
        // The same twice is in no doubt, and the same key in another object is another one.
        assert!(read(r#"{"to":"a","to":"a"}"#).repeated.is_empty());
        assert!(read(r#"[{"to":"a"},{"to":"b"}]"#).repeated.is_empty());
    }

    #[test]
    fn what_a_call_was_given_may_itself_stand_twice() {
        for twice in [
            r#"{"arguments":{"to":"a"},"arguments":{"to":"b"}}"#,
            r#"{"arguments":"{\"to\":\"a\"}","arguments":"{\"to\":\"b\"}"}"#,
        ] {
            let doubts = Doubts {
                repeated: read(twice).repeated,
                ..Doubts::default()
            };
            assert_eq!(doubts.repeated_in(&json!({ "to": "b" })), Some("arguments"));
            assert_eq!(doubts.repeated_in(&json!({ "to": "a" })), None);
        }
    }
}
