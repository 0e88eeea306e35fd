//! JSON text as values that take no more room than they need.
//!
//! A map that grows entry by entry has room for several from the first on. A recording is made of small maps, and
//! would be held in twice the memory.
//!
//! Keys that stand twice in one object are told beside the value: which of both counted is not known. Readers differ,
//! and the last one is kept.

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Value};
use std::fmt;

/// The most objects with a key that stands twice of one text that are kept.
pub(crate) const MOST_REPEATED: usize = 1_000;

/// A value that was read so, and the objects in it in which a key stands twice.
pub(crate) struct Packed {
    pub(crate) value: Value,
    pub(crate) repeated: Vec<Repeated>,
}

/// An object in which a key stands twice, with different values.
#[derive(Debug, Clone)]
pub(crate) struct Repeated {
    pub(crate) key: String,
    /// The last value of the key.
    pub(crate) last: Value,
    /// The object as it was read.
    pub(crate) whole: Map<String, Value>,
}

/// Reads a text that is one JSON value.
///
/// # Errors
/// As `serde_json::from_str`, in the same words.
pub(crate) fn from_str(text: &str) -> serde_json::Result<Value> {
    serde_json::from_str(text).map(|read: Packed| read.value)
}

impl<'de> Deserialize<'de> for Packed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut open = Open::default();
        let value = Reader(&mut open).deserialize(deserializer)?;
        Ok(Self {
            value,
            repeated: open.repeated,
        })
    }
}

/// What the lists and maps hold so far whose end was not read yet, those of an inner one behind those around it.
#[derive(Default)]
struct Open {
    items: Vec<Value>,
    entries: Vec<(String, Value)>,
    repeated: Vec<Repeated>,
}

struct Reader<'o>(&'o mut Open);

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any valid JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let from = self.0.items.len();
        while let Some(item) = list.next_element_seed(Reader(self.0))? {
            self.0.items.push(item);
        }
        Ok(self.0.items.drain(from..).collect())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let from = self.0.entries.len();
        while let Some(key) = map.next_key()? {
            let value = map.next_value_seed(Reader(self.0))?;
            self.0.entries.push((key, value));
        }
        let mut whole = Map::with_capacity(self.0.entries.len() - from);
        let mut twice: Option<String> = None;
        for (key, value) in self.0.entries.drain(from..) {
            match whole.entry(key) {
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
            && self.0.repeated.len() < MOST_REPEATED
        {
            self.0.repeated.push(Repeated {
                last: whole.get(&key).cloned().unwrap_or_default(),
                key,
                whole: whole.clone(),
            });
        }
        Ok(Value::Object(whole))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_others_read_it() {
        for text in [
            "null",
            " true ",
            "-12",
            "18446744073709551615",
            "0.1",
            "1e300",
            r#""a\u00fc\n""#,
            "[]",
            "{}",
            r#"[1,[2,[]],{"a":[{"b":null}],"c":{}},3]"#,
            // A key that is there twice stands where it was first, with what it was given last.
            r#"{"b":1,"a":{"x":1,"x":[2]},"b":3,"c":4}"#,
        ] {
            let read = from_str(text).unwrap();
            let others: Value = serde_json::from_str(text).unwrap();
            assert_eq!(read.to_string(), others.to_string());
        }
        for text in ["", "[1,", "{\"a\":1} 2", "1e999", "{1:2}", &"[".repeat(200)] {
            let read = from_str(text).unwrap_err();
            let others = serde_json::from_str::<Value>(text).unwrap_err();
            assert_eq!(read.to_string(), others.to_string());
        }
    }

    #[test]
    fn no_list_has_room_for_more_than_it_holds() {
        let Value::Array(items) = from_str(r#"[1,{"a":[1,2,3]},"b"]"#).unwrap() else {
            panic!("no list");
        };
        assert_eq!(items.capacity(), 3);
        assert!(matches!(&items[1]["a"], Value::Array(inner) if inner.capacity() == 3));
    }
}
