//! A JSON value that is serialised at most once and parsed at most once, however often it is
//! recorded, answered and read.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, value::RawValue};
use std::sync::{Arc, OnceLock};

/// An immutable, cheaply cloned JSON value that keeps its text and its tree, each made when first asked for.
#[derive(Clone)]
pub struct Json(Arc<Inner>);

struct Inner {
    text: OnceLock<Box<str>>,
    tree: OnceLock<Tree>,
}

/// A tree, or an item of a list that is shared.
enum Tree {
    Own(Value),
    Item(Json, usize),
}

/// The deepest nesting of a value that a run is given, makes or reads from an answer. Readers of JSON refuse what is
/// deeper than 128; what is told of a run stands within other values.
pub const DEEPEST: usize = 100;

/// Whether a value is nested deeper than [`DEEPEST`].
pub fn is_deep(value: &Value) -> bool {
    fn deeper(value: &Value, left: usize) -> bool {
        match value {
            Value::Array(items) => left == 0 || items.iter().any(|item| deeper(item, left - 1)),
            Value::Object(map) => left == 0 || map.values().any(|item| deeper(item, left - 1)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        }
    }
    deeper(value, DEEPEST)
}

const NOTHING: &Value = &Value::Null;

impl Tree {
    fn value(&self) -> &Value {
        match self {
            Self::Own(value) => value,
            Self::Item(list, index) => list.value().get(*index).unwrap_or(NOTHING),
        }
    }
}

/// The longest text, in bytes, that is copied to give up a tree: a longer one may be shared by many.
const COMPACTED: usize = 64 * 1024;

static NULL: OnceLock<Json> = OnceLock::new();
static EMPTY: OnceLock<Json> = OnceLock::new();

fn shared(known: &'static OnceLock<Json>, text: &str) -> Json {
    let made = || Json::from_trusted_text(text.to_owned());
    known.get_or_init(made).clone()
}

impl Json {
    /// JSON `null`.
    pub fn null() -> Self {
        shared(&NULL, "null")
    }

    /// Takes a text that must be valid JSON.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let value: Value = serde_json::from_str(text)?;
        let json = Self::from(value);
        let _ = json.0.text.set(text.into());
        Ok(json)
    }

    /// Takes a text known to be valid JSON (from a record whose checksum held); parsed when first read.
    pub fn from_trusted_text(text: String) -> Self {
        let inner = Inner {
            text: OnceLock::new(),
            tree: OnceLock::new(),
        };
        let _ = inner.text.set(text.into_boxed_str());
        Self(Arc::new(inner))
    }

    /// An item of a list, read in place; `null` where there is none.
    pub fn item(&self, index: usize) -> Self {
        let inner = Inner {
            text: OnceLock::new(),
            tree: OnceLock::new(),
        };
        let _ = inner.tree.set(Tree::Item(self.clone(), index));
        Self(Arc::new(inner))
    }

    /// The JSON text.
    pub fn text(&self) -> &str {
        self.0.text.get_or_init(|| {
            let value = self.0.tree.get().map_or(NOTHING, Tree::value);
            serde_json::to_string(value)
                .unwrap_or_else(|_| "null".into())
                .into_boxed_str()
        })
    }

    /// The same value for keeping: a short one whose text is known keeps that alone, and its tree is made
    /// again when it is read. A tree takes several times the room of its text.
    pub fn compacted(&self) -> Self {
        match self.0.text.get() {
            // Most of what is not given is one of these; all of them are one.
            Some(text) if &**text == "null" => shared(&NULL, "null"),
            Some(text) if &**text == "{}" => shared(&EMPTY, "{}"),
            Some(text) if text.len() <= COMPACTED && self.0.tree.get().is_some() => {
                Self::from_trusted_text(text.to_string())
            }
            _ => self.clone(),
        }
    }

    /// A tree of one's own. Where there is only the text, it is read for the caller and not kept beside it.
    pub fn to_value(&self) -> Value {
        match (self.0.tree.get(), self.0.text.get()) {
            (Some(tree), _) => tree.value().clone(),
            (None, Some(text)) => serde_json::from_str(text).unwrap_or(Value::Null),
            (None, None) => Value::Null,
        }
    }

    /// A tree of one's own, which is not copied where nobody else holds it.
    pub fn into_value(self) -> Value {
        match Arc::try_unwrap(self.0) {
            Ok(Inner { text, tree }) => match (tree.into_inner(), text.into_inner()) {
                (Some(Tree::Own(value)), _) => value,
                (Some(item), _) => item.value().clone(),
                (None, Some(text)) => serde_json::from_str(&text).unwrap_or(Value::Null),
                (None, None) => Value::Null,
            },
            Err(shared) => Self(shared).to_value(),
        }
    }

    /// The tree.
    pub fn value(&self) -> &Value {
        let tree = self.0.tree.get_or_init(|| {
            let text = self.0.text.get().map_or("null", |text| text);
            Tree::Own(serde_json::from_str(text).unwrap_or(Value::Null))
        });
        tree.value()
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        let inner = Inner {
            text: OnceLock::new(),
            tree: OnceLock::new(),
        };
        let _ = inner.tree.set(Tree::Own(value));
        Self(Arc::new(inner))
    }
}

impl Default for Json {
    fn default() -> Self {
        Self::null()
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        let same_text = match (self.0.text.get(), other.0.text.get()) {
            (Some(one), Some(two)) => one == two,
            _ => false,
        };
        Arc::ptr_eq(&self.0, &other.0) || same_text || self.value() == other.value()
    }
}

impl std::fmt::Debug for Json {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text())
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.text.get() {
            Some(text) => {
                let raw: &RawValue =
                    serde_json::from_str(text).map_err(serde::ser::Error::custom)?;
                raw.serialize(serializer)
            }
            None => self.value().serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::from)
    }
}

impl schemars::JsonSchema for Json {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AnyJson".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!(true)
    }
}

/// The canonical text of a value: no blanks, object keys sorted by code point, at every depth.
pub fn canonical(value: &Value) -> String {
    fn write(value: &Value, out: &mut String) {
        match value {
            Value::Object(map) => {
                let mut keys: Vec<_> = map.iter().collect();
                keys.sort_unstable_by(|a, b| a.0.cmp(b.0));
                out.push('{');
                for (index, (key, inner)) in keys.into_iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_text(key, out);
                    out.push(':');
                    write(inner, out);
                }
                out.push('}');
            }
            Value::Array(items) => {
                out.push('[');
                for (index, inner) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write(inner, out);
                }
                out.push(']');
            }
            Value::String(text) => write_text(text, out),
            Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Value::Null => out.push_str("null"),
            scalar @ Value::Number(_) => out.push_str(&scalar.to_string()),
        }
    }
    /// A text as JSON. Most hold nothing that is written otherwise.
    fn write_text(text: &str, out: &mut String) {
        let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
        if text.bytes().all(plain) {
            out.push('"');
            out.push_str(text);
            out.push('"');
        } else {
            out.push_str(&Value::from(text).to_string());
        }
    }
    let mut out = String::new();
    write(value, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_text_it_was_given_and_parses_when_read() {
        let json = Json::parse("{ \"b\": 1, \"a\": [2] }").unwrap();
        assert_eq!(json.text(), "{ \"b\": 1, \"a\": [2] }");
        assert_eq!(serde_json::to_string(&json).unwrap(), json.text());
        assert_eq!(
            Json::from_trusted_text("[1]".into()).value(),
            &serde_json::json!([1])
        );
        assert_eq!(canonical(json.value()), "{\"a\":[2],\"b\":1}");
        let odd = serde_json::json!({ "b\"": "x\\y\u{7f}ü\n\u{1}", "a": [true, null, "z"] });
        let text = canonical(&odd);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), odd);
        assert!(text.contains(&odd["b\""].to_string()), "{text}");
    }

    #[test]
    fn a_tree_of_ones_own_is_not_kept_beside_a_text() {
        let text = Json::from_trusted_text("{\"b\":1,\"a\":[2]}".into());
        assert_eq!(text.to_value(), serde_json::json!({ "b": 1, "a": [2] }));
        assert!(text.0.tree.get().is_none());
        let tree = Json::from(serde_json::json!({ "b": 1 }));
        assert_eq!(tree.to_value(), *tree.value());
        assert_eq!(
            Json::from(serde_json::json!([3])).item(0).to_value(),
            serde_json::json!(3)
        );
        assert_eq!(Json::null().to_value(), Value::Null);
        for json in [
            text,
            tree.clone(),
            tree,
            Json::from(serde_json::json!([3])).item(0),
        ] {
            assert_eq!(json.to_value(), json.into_value());
        }
    }

    #[test]
    fn an_item_is_read_in_its_list() {
        let list = Json::parse("[ { \"a\": 1 }, 2 ]").unwrap();
        let item = list.item(0);
        assert!(std::ptr::eq(item.value(), &list.value()[0]));
        assert_eq!((item.text(), list.item(1).text()), ("{\"a\":1}", "2"));
        assert_eq!(list.item(2), Json::null());
        assert_eq!(
            Json::from(serde_json::json!({"b": 1})).item(0),
            Json::null()
        );
        // Kept, it does not keep the list.
        drop(list);
        let small = item.compacted();
        assert!(small.0.tree.get().is_none());
        assert_eq!(small, item);
    }

    #[test]
    fn a_compacted_value_is_the_same_value() {
        let json = Json::from(serde_json::json!({"b": [1, 2.5]}));
        assert!(Arc::ptr_eq(&json.compacted().0, &json.0));
        assert_eq!(json.text(), "{\"b\":[1,2.5]}");
        let small = json.compacted();
        assert!(small.0.tree.get().is_none());
        assert_eq!(small, json);
        assert_eq!(small.value(), json.value());
        let long = Json::from(Value::from("x".repeat(COMPACTED)));
        assert!(long.text().len() > COMPACTED);
        assert!(Arc::ptr_eq(&long.compacted().0, &long.0));
    }
}
