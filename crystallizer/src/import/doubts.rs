//! What of a JSON text is not what a value of it says: numbers that lose digits or are out of range, and keys that stand
//! twice in one object. Which of both counted is not known: readers differ, and the last one is kept.

use crate::packed::{MOST_REPEATED, Repeated};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

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
        let room = MOST_REPEATED.saturating_sub(self.repeated.len());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packed::Packed;
    use serde_json::json;

    fn read(text: &str) -> Packed {
        serde_json::from_str(text).unwrap()
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
