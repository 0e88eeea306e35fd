//! What later steps rely on of an answer, as a JSON Schema: the shape that it had wherever it was recorded, of what is
//! read and of nothing else.

use super::read::{Hop, Relies};
use druse_engine::expression::{json_in, yaml_in};
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The most values that are taken for all there are.
const MOST_VALUES: usize = 8;

/// What is relied on below a place.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Shape {
    keys: BTreeMap<String, Shape>,
    each: Option<Box<Shape>>,
    values: Option<Box<Shape>>,
    text: Option<(bool, Box<Shape>)>,
    some: bool,
    one_of: bool,
    any: bool,
    filled: bool,
    same: bool,
}

impl Shape {
    pub(super) fn add(&mut self, relies: &Relies) {
        match relies {
            Relies::On(place) => {
                self.at(&place.hops);
            }
            Relies::Some(place) => self.at(&place.hops).some = true,
            Relies::OneOf(place) => self.at(&place.hops).one_of = true,
            Relies::Any(place) => self.at(&place.hops).any = true,
            Relies::Filled(place) => self.at(&place.hops).filled = true,
            Relies::Same(place) => self.at(&place.hops).same = true,
        }
    }

    fn at(&mut self, hops: &[Hop]) -> &mut Self {
        hops.iter().fold(self, |shape, hop| match hop {
            Hop::Key(key) => shape.keys.entry(key.clone()).or_default(),
            Hop::Each => shape.each.get_or_insert_default(),
            Hop::Values => shape.values.get_or_insert_default(),
            Hop::Text(yaml) => &mut shape.text.get_or_insert_with(|| (*yaml, Box::default())).1,
        })
    }

    /// The schema that all of these fit. In a list a value that is one of several has to be so for one element only.
    pub(super) fn schema(&self, seen: &[Cow<'_, Value>]) -> Value {
        self.within(seen, false)
    }

    fn within(&self, seen: &[Cow<'_, Value>], of_list: bool) -> Value {
        let mut schema = Map::new();
        let types: BTreeSet<&str> = seen.iter().map(|value| type_of(value)).collect();
        match types.iter().copied().collect::<Vec<_>>().as_slice() {
            // Nothing that was recorded says what it is.
            [] | ["null"] => return json!({}),
            [one] => schema.insert("type".to_owned(), json!(one)),
            several => schema.insert("type".to_owned(), json!(several)),
        };
        let maps: Vec<&Map<String, Value>> =
            seen.iter().filter_map(|value| value.as_object()).collect();
        let lists: Vec<&Vec<Value>> = seen.iter().filter_map(|value| value.as_array()).collect();
        let texts: Vec<&str> = seen.iter().filter_map(|value| value.as_str()).collect();
        self.of_maps(&maps, of_list, &mut schema);
        if let Some(each) = self.each.as_ref().filter(|_| !lists.is_empty()) {
            let elements: Vec<Cow<'_, Value>> = lists
                .iter()
                .flat_map(|list| list.iter().map(Cow::Borrowed))
                .collect();
            if !elements.is_empty() {
                schema.insert("items".to_owned(), each.within(&elements, true));
                let known = each.known(&elements);
                if known != json!({}) {
                    schema.insert("contains".to_owned(), known);
                }
            }
        }
        if self.some && !lists.is_empty() && lists.iter().all(|list| !list.is_empty()) {
            schema.insert("minItems".to_owned(), json!(1));
        }
        if let Some((yaml, inner)) = self.text.as_ref().filter(|_| !texts.is_empty()) {
            let read: Option<Vec<Cow<'_, Value>>> = texts
                .iter()
                .map(|text| if *yaml { yaml_in(text) } else { json_in(text) })
                .map(|value| value.map(Cow::Owned))
                .collect();
            if let Some(read) = read {
                let media = if *yaml {
                    "application/yaml"
                } else {
                    "application/json"
                };
                schema.insert("contentMediaType".to_owned(), json!(media));
                schema.insert("contentSchema".to_owned(), inner.within(&read, false));
            }
        }
        if !texts.is_empty() && texts.iter().all(|text| is_day(text)) {
            schema.insert("format".to_owned(), json!("date"));
        }
        if self.filled && !texts.is_empty() && texts.iter().all(|text| !text.trim().is_empty()) {
            schema.insert("minLength".to_owned(), json!(1));
            schema.insert("pattern".to_owned(), json!("\\S"));
        }
        if self.same
            && let Some((first, more)) = seen.split_first()
            && more.iter().all(|one| one == first)
        {
            schema.insert("const".to_owned(), Value::clone(first));
        } else if self.one_of
            && !self.any
            && !of_list
            && let Some(all) = few(seen)
        {
            schema.insert("enum".to_owned(), all);
        }
        Value::Object(schema)
    }

    fn of_maps(
        &self,
        maps: &[&Map<String, Value>],
        of_list: bool,
        schema: &mut Map<String, Value>,
    ) {
        if maps.is_empty() {
            return;
        }
        let mut required = Vec::new();
        let mut properties = Map::new();
        for (key, inner) in &self.keys {
            let seen: Vec<Cow<'_, Value>> = maps
                .iter()
                .filter_map(|map| map.get(key))
                .map(Cow::Borrowed)
                .collect();
            if seen.is_empty() {
                continue;
            }
            if seen.len() == maps.len() {
                required.push(key.clone());
            }
            properties.insert(key.clone(), inner.within(&seen, of_list));
        }
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        if !properties.is_empty() {
            schema.insert("properties".to_owned(), Value::Object(properties));
        }
        if let Some(inner) = &self.values {
            let seen: Vec<Cow<'_, Value>> = maps
                .iter()
                .flat_map(|map| map.values().map(Cow::Borrowed))
                .collect();
            if !seen.is_empty() {
                schema.insert("additionalProperties".to_owned(), inner.within(&seen, true));
            }
        }
    }

    /// Of an element of a list, the fields with a value that was seen: a filter by a fixed word finds nothing any more
    /// when the words have changed.
    fn known(&self, elements: &[Cow<'_, Value>]) -> Value {
        if self.one_of && !self.any {
            return few(elements).map_or_else(|| json!({}), |all| json!({ "enum": all }));
        }
        let mut properties = Map::new();
        for (key, inner) in &self.keys {
            let seen: Vec<Cow<'_, Value>> = elements
                .iter()
                .filter_map(|element| element.get(key))
                .map(Cow::Borrowed)
                .collect();
            let known = inner.known(&seen);
            if known != json!({}) {
                properties.insert(key.clone(), known);
            }
        }
        if properties.is_empty() {
            return json!({});
        }
        json!({ "properties": properties })
    }
}

/// The values, where they are few enough to be all there are.
fn few(seen: &[Cow<'_, Value>]) -> Option<Value> {
    let mut all: Vec<&Value> = Vec::new();
    for value in seen {
        if value.is_object() || value.is_array() {
            return None;
        }
        if !all.contains(&&**value) {
            all.push(value);
        }
    }
    let known = all.len();
    // One value says nothing of the others; nor do many.
    (2..=MOST_VALUES).contains(&known).then(|| json!(all))
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// `2027-03-28`.
fn is_day(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

#[cfg(test)]
mod tests {
    use super::super::read::Place;
    use super::*;

    fn place(keys: &[&str]) -> Place {
        let hops = keys.iter().map(|key| match *key {
            "[]" => Hop::Each,
            "{}" => Hop::Values,
            key => Hop::Key(key.to_owned()),
        });
        Place {
            step: "a".to_owned(),
            hops: hops.collect(),
        }
    }

    #[test]
    fn only_what_is_read_is_in_it() {
        let mut shape = Shape::default();
        for relies in [
            Relies::On(place(&["rows", "[]", "id"])),
            Relies::On(place(&["rows", "[]", "note"])),
            Relies::Some(place(&["rows"])),
            Relies::OneOf(place(&["rows", "[]", "kind"])),
            Relies::On(place(&["day"])),
            Relies::OneOf(place(&["status"])),
            Relies::On(place(&["by_key", "{}", "n"])),
        ] {
            shape.add(&relies);
        }
        let one = json!({
            "day": "2027-03-28", "status": "open", "unread": 1, "by_key": { "k1": { "n": 1 } },
            "rows": [{ "id": "x", "kind": "a", "note": null }, { "id": "y", "kind": "b" }],
        });
        let other = json!({
            "day": "2027-04-01", "status": "closed", "by_key": {}, "rows": [{ "id": "z", "kind": "a", "note": "n" }],
        });
        assert_eq!(
            shape.schema(&[Cow::Borrowed(&one), Cow::Borrowed(&other)]),
            json!({
                "type": "object",
                "required": ["by_key", "day", "rows", "status"],
                "properties": {
                    "by_key": { "type": "object", "additionalProperties": {
                        "type": "object", "required": ["n"], "properties": { "n": { "type": "number" } },
                    } },
                    "day": { "type": "string", "format": "date" },
                    "rows": {
                        "type": "array", "minItems": 1,
                        "items": { "type": "object", "required": ["id", "kind"], "properties": {
                            "id": { "type": "string" }, "kind": { "type": "string" }, "note": { "type": ["null", "string"] },
                        } },
                        "contains": { "properties": { "kind": { "enum": ["a", "b"] } } },
                    },
                    "status": { "type": "string", "enum": ["open", "closed"] },
                },
            })
        );
    }
}
