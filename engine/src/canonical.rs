//! The canonical text of whatever can be serialised: no blanks, keys sorted by code point at every depth. It is written
//! without a tree of all of it, which would take several times the room of a long document.

use serde::ser::{
    Error as _, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use serde_json::{Error, Value};
use std::ops::Range;

/// How a text that is JSON already says so.
const RAW: &str = "$serde_json::private::RawValue";

/// The canonical text; that of null for what is no JSON.
pub(crate) fn canonical<T: Serialize + ?Sized>(value: &T) -> String {
    let mut out = String::new();
    match value.serialize(Writer { out: &mut out }) {
        Ok(()) => out,
        Err(_) => "null".to_owned(),
    }
}

/// Writes one value.
struct Writer<'o> {
    out: &'o mut String,
}

/// Writes a list.
struct List<'o> {
    out: &'o mut String,
    first: bool,
    /// What closes it.
    end: &'static str,
}

/// Writes a map: its entries in the order in which they come, and then in theirs.
struct Entries<'o> {
    out: &'o mut String,
    start: usize,
    entries: Vec<(String, Range<usize>)>,
    key: Option<String>,
    /// What closes it.
    end: &'static str,
}

/// A text that is JSON already.
struct Raw<'o> {
    out: &'o mut String,
}

/// A map, or the text that is JSON already.
enum Fields<'o> {
    Entries(Entries<'o>),
    Raw(Raw<'o>),
}

fn text(out: &mut String, text: &str) {
    let plain = text.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\');
    if plain {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&Value::from(text).to_string());
    }
}

impl<'o> Writer<'o> {
    fn list(self, end: &'static str) -> List<'o> {
        self.out.push('[');
        List {
            out: self.out,
            first: true,
            end,
        }
    }

    fn entries(self, end: &'static str) -> Entries<'o> {
        self.out.push('{');
        Entries {
            start: self.out.len(),
            out: self.out,
            entries: Vec::new(),
            key: None,
            end,
        }
    }

    /// Opens a map of one entry, as variants that hold something are written.
    fn variant(self, name: &str) -> Self {
        self.out.push('{');
        text(self.out, name);
        self.out.push(':');
        self
    }

    fn plain(self, value: impl Into<Value>) -> Result<(), Error> {
        self.out.push_str(&value.into().to_string());
        Ok(())
    }
}

impl<'o> Serializer for Writer<'o> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = List<'o>;
    type SerializeTuple = List<'o>;
    type SerializeTupleStruct = List<'o>;
    type SerializeTupleVariant = List<'o>;
    type SerializeMap = Entries<'o>;
    type SerializeStruct = Fields<'o>;
    type SerializeStructVariant = Entries<'o>;

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.out.push_str(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), Error> {
        self.plain(value)
    }

    fn serialize_i16(self, value: i16) -> Result<(), Error> {
        self.plain(value)
    }

    fn serialize_i32(self, value: i32) -> Result<(), Error> {
        self.plain(value)
    }

    fn serialize_i64(self, value: i64) -> Result<(), Error> {
        self.plain(value)
    }

    fn serialize_u8(self, value: u8) -> Result<(), Error> {
        self.plain(value)
    }

    fn serialize_u16(self, value: u16) -> Result<(), Error> {
        self.plain(value)
    }

    fn serialize_u32(self, value: u32) -> Result<(), Error> {
        self.plain(value)
    }

    fn serialize_u64(self, value: u64) -> Result<(), Error> {
        self.plain(value)
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        self.plain(value)
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        self.plain(value)
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        text(self.out, value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        let mut list = self.list("]");
        for byte in value {
            list.add(byte)?;
        }
        list.close()
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.out.push_str("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let inner = self.variant(variant);
        value.serialize(Writer { out: inner.out })?;
        inner.out.push('}');
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<List<'o>, Error> {
        Ok(self.list("]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<List<'o>, Error> {
        Ok(self.list("]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<List<'o>, Error> {
        Ok(self.list("]"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<List<'o>, Error> {
        Ok(self.variant(variant).list("]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Entries<'o>, Error> {
        Ok(self.entries("}"))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Fields<'o>, Error> {
        Ok(match name {
            RAW => Fields::Raw(Raw { out: self.out }),
            _ => Fields::Entries(self.entries("}")),
        })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Entries<'o>, Error> {
        Ok(self.variant(variant).entries("}}"))
    }
}

impl List<'_> {
    fn add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        if !std::mem::replace(&mut self.first, false) {
            self.out.push(',');
        }
        value.serialize(Writer { out: self.out })
    }

    fn close(self) -> Result<(), Error> {
        self.out.push_str(self.end);
        Ok(())
    }
}

impl SerializeSeq for List<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.add(value)
    }

    fn end(self) -> Result<(), Error> {
        self.close()
    }
}

impl SerializeTuple for List<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.add(value)
    }

    fn end(self) -> Result<(), Error> {
        self.close()
    }
}

impl SerializeTupleStruct for List<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.add(value)
    }

    fn end(self) -> Result<(), Error> {
        self.close()
    }
}

impl SerializeTupleVariant for List<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.add(value)
    }

    fn end(self) -> Result<(), Error> {
        self.close()
    }
}

impl Entries<'_> {
    fn add<T: Serialize + ?Sized>(&mut self, key: String, value: &T) -> Result<(), Error> {
        let from = self.out.len();
        text(self.out, &key);
        self.out.push(':');
        value.serialize(Writer { out: self.out })?;
        self.entries.push((key, from..self.out.len()));
        Ok(())
    }

    fn close(mut self) -> Result<(), Error> {
        // Of entries under one key the last counts.
        self.entries.sort_by(|one, two| one.0.cmp(&two.0));
        let written = self.out.split_off(self.start);
        let mut all = self.entries.iter().peekable();
        while let Some((key, range)) = all.next() {
            if all.peek().is_some_and(|(next, _)| next == key) {
                continue;
            }
            if self.out.len() > self.start {
                self.out.push(',');
            }
            let range = range.start - self.start..range.end - self.start;
            self.out.push_str(written.get(range).unwrap_or_default());
        }
        self.out.push_str(self.end);
        Ok(())
    }
}

impl SerializeMap for Entries<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.key = Some(match serde_json::to_value(key)? {
            Value::String(text) => text,
            scalar @ (Value::Bool(_) | Value::Number(_)) => scalar.to_string(),
            _ => return Err(Error::custom("a key is a text")),
        });
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let key = self.key.take().unwrap_or_default();
        self.add(key, value)
    }

    fn end(self) -> Result<(), Error> {
        self.close()
    }
}

impl SerializeStructVariant for Entries<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.add(key.to_owned(), value)
    }

    fn end(self) -> Result<(), Error> {
        self.close()
    }
}

impl SerializeStruct for Fields<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        match self {
            Self::Entries(entries) => entries.add(key.to_owned(), value),
            Self::Raw(raw) => {
                let Value::String(text) = serde_json::to_value(value)? else {
                    return Err(Error::custom("a text that is JSON is a text"));
                };
                let value: Value = serde_json::from_str(&text)?;
                value.serialize(Writer { out: raw.out })
            }
        }
    }

    fn end(self) -> Result<(), Error> {
        match self {
            Self::Entries(entries) => entries.close(),
            Self::Raw(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::canonical;
    use crate::Json;
    use serde::Serialize;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    #[derive(Serialize)]
    enum Shape {
        Nothing,
        One(u8),
        Two(i64, Option<f64>),
        Named { z: bool, a: &'static str },
    }

    #[derive(Serialize)]
    struct Whole {
        text: String,
        numbers: (f32, u64, i8),
        shapes: Vec<Shape>,
        raw: Json,
        map: BTreeMap<i32, char>,
        unit: (),
        value: Value,
    }

    #[test]
    fn it_is_the_text_of_the_tree() {
        let raw = Json::from(json!({ "z": 1, "a": [1.5, "\u{1}"] }));
        // A text that is known is written as it is.
        assert!(!raw.text().is_empty());
        let whole = Whole {
            text: "a \"quoted\" \\ line\n\u{7f} ünï \u{2028}".to_owned(),
            numbers: (0.1, u64::MAX, -3),
            shapes: vec![
                Shape::Nothing,
                Shape::One(7),
                Shape::Two(i64::MIN, Some(f64::NAN)),
                Shape::Two(0, Some(1e300)),
                Shape::Named { z: true, a: "b" },
            ],
            raw,
            map: BTreeMap::from([(10, 'x'), (9, '"')]),
            unit: (),
            value: json!({ "b": { "d": null, "c": [] }, "a": {}, "ä": -0.0, "": 1e-7 }),
        };
        let tree = serde_json::to_value(&whole).unwrap();
        assert_eq!(canonical(&whole), crate::json::canonical(&tree));
        assert_eq!(canonical(&tree), crate::json::canonical(&tree));
    }
}
