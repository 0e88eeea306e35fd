//! The whole shape of answers, written as a JSON Schema, and what a later answer has otherwise.

use crate::bound::is_collection;
use druse_engine::expression::json_in;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How deep a shape is told.
const DEPTH: usize = 12;
/// The most differences that are told of one answer.
const MOST: usize = 20;
/// The most elements of a list that are looked at.
const MOST_ELEMENTS: usize = 200;

/// A place where an answer has another shape than it had where it was recorded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ShapeChange {
    /// JSON Pointer into the output of the step; `*` stands for each element.
    pub place: String,
    /// `missing`, `new` or `type`.
    pub kind: String,
    /// The types that it had, where it had some.
    pub expected: Vec<String>,
    /// The type that it has, where it has one.
    pub came: Option<String>,
    /// The same in one sentence.
    pub message: String,
}

pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Texts whose data was read already.
pub(crate) type Read<'t> = HashMap<&'t str, &'t Value>;

/// The shape of some answers; none where there is nothing left to tell it with.
pub(crate) fn shape(values: &[&Value], known: &Read<'_>, left: &mut usize) -> Option<Value> {
    within(values, DEPTH, known, left)
}

fn within(values: &[&Value], depth: usize, known: &Read<'_>, left: &mut usize) -> Option<Value> {
    if depth == 0 || *left == 0 || values.is_empty() {
        return None;
    }
    *left -= 1;
    let types: BTreeSet<&str> = values.iter().map(|value| type_of(value)).collect();
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!(types));
    let maps: Vec<&Map<String, Value>> = values
        .iter()
        .filter_map(|value| value.as_object())
        .collect();
    if maps.iter().any(|map| is_collection(map)) {
        let inner: Vec<&Value> = maps
            .iter()
            .flat_map(|map| map.values())
            .take(MOST_ELEMENTS)
            .collect();
        if let Some(inner) = within(&inner, depth - 1, known, left) {
            schema.insert("additionalProperties".to_owned(), inner);
        }
    } else if !maps.is_empty() {
        let mut fields: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for (key, value) in maps.iter().flat_map(|map| map.iter()) {
            fields.entry(key).or_default().push(value);
        }
        let mut required = Vec::new();
        let mut properties = Map::new();
        for (key, inner) in fields {
            if inner.len() == maps.len() {
                required.push(key);
            }
            let inner = within(&inner, depth - 1, known, left).unwrap_or_else(|| json!({}));
            properties.insert(key.to_owned(), inner);
        }
        schema.insert("required".to_owned(), json!(required));
        schema.insert("properties".to_owned(), Value::Object(properties));
    }
    let elements: Vec<&Value> = values
        .iter()
        .filter_map(|value| value.as_array())
        .flatten()
        .take(MOST_ELEMENTS)
        .collect();
    if let Some(inner) = within(&elements, depth - 1, known, left) {
        schema.insert("items".to_owned(), inner);
    }
    let texts = values.iter().filter_map(|value| value.as_str());
    let read: Option<Vec<Cow<'_, Value>>> = texts.map(|text| data(text, known)).collect();
    if let Some(read) = read.filter(|read| !read.is_empty()) {
        let read: Vec<&Value> = read.iter().map(|data| &**data).collect();
        if let Some(inner) = within(&read, depth - 1, known, left) {
            schema.insert("contentMediaType".to_owned(), json!("application/json"));
            schema.insert("contentSchema".to_owned(), inner);
        }
    }
    Some(Value::Object(schema))
}

/// The data that a text holds as JSON.
fn data<'t>(text: &str, known: &Read<'t>) -> Option<Cow<'t, Value>> {
    // Most texts hold none, and a long one is not to be gone over for that.
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    match known.get(text) {
        Some(data) => Some(Cow::Borrowed(*data)),
        None => json_in(text).map(Cow::Owned),
    }
}

/// Where an answer has another shape than this one, in a fixed order and each kind of place once.
pub fn changes(shape: &Value, output: &Value) -> Vec<ShapeChange> {
    let mut found = BTreeSet::new();
    compare(shape, output, "", DEPTH, &mut found);
    found.into_iter().take(MOST).collect()
}

fn expected(shape: &Value) -> Vec<String> {
    let types = shape.get("type").and_then(Value::as_array);
    types
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

fn compare(
    shape: &Value,
    value: &Value,
    place: &str,
    depth: usize,
    found: &mut BTreeSet<ShapeChange>,
) {
    let types = expected(shape);
    if depth == 0 || types.is_empty() {
        return;
    }
    let came = type_of(value);
    let shown = if place.is_empty() {
        "the answer"
    } else {
        place
    };
    if !types.iter().any(|known| known == came) {
        found.insert(ShapeChange {
            place: place.to_owned(),
            kind: "type".to_owned(),
            message: format!("{shown} is {came}, and was {}.", types.join(" or ")),
            expected: types,
            came: Some(came.to_owned()),
        });
        return;
    }
    match value {
        Value::Object(map) => of_map(shape, map, place, depth, found),
        Value::Array(items) => {
            if let Some(inner) = shape.get("items") {
                for item in items.iter().take(MOST_ELEMENTS) {
                    compare(inner, item, &format!("{place}/*"), depth - 1, found);
                }
            }
        }
        Value::String(text) => {
            if let Some(inner) = shape.get("contentSchema") {
                match json_in(text) {
                    Some(data) => compare(inner, &data, place, depth - 1, found),
                    None => {
                        found.insert(ShapeChange {
                            place: place.to_owned(),
                            kind: "type".to_owned(),
                            expected: expected(inner),
                            came: Some("string".to_owned()),
                            message: format!(
                                "{shown} is a text that holds no JSON, and held some."
                            ),
                        });
                    }
                }
            }
        }
        _ => {}
    }
}

fn of_map(
    shape: &Value,
    map: &Map<String, Value>,
    place: &str,
    depth: usize,
    found: &mut BTreeSet<ShapeChange>,
) {
    if let Some(inner) = shape.get("additionalProperties") {
        for value in map.values().take(MOST_ELEMENTS) {
            compare(inner, value, &format!("{place}/*"), depth - 1, found);
        }
        return;
    }
    let Some(properties) = shape.get("properties").and_then(Value::as_object) else {
        return;
    };
    // What the action itself says around an answer: no recording has kept it as the service sent it.
    let is_around = |key: &str| place.is_empty() && key == "headers" && map.contains_key("status");
    let outermost = place.is_empty();
    let at = |key: &str| format!("{place}/{}", key.replace('~', "~0").replace('/', "~1"));
    for key in shape
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        if !map.contains_key(key) {
            let place = at(key);
            found.insert(ShapeChange {
                message: format!("{place} is missing, and was there."),
                expected: properties.get(key).map(expected).unwrap_or_default(),
                kind: "missing".to_owned(),
                came: None,
                place,
            });
        }
    }
    for (key, value) in map {
        let place = at(key);
        match properties.get(key) {
            Some(_) if is_around(key) => {}
            Some(inner) => compare(inner, value, &place, depth - 1, found),
            // Around the answer stands what the action says of it (`structured`, `headers`), whatever was recorded:
            // a recording that has not kept it tells nothing of the service.
            None if outermost => {}
            None => {
                found.insert(ShapeChange {
                    message: format!("{place} is new."),
                    kind: "new".to_owned(),
                    expected: Vec::new(),
                    came: Some(type_of(value).to_owned()),
                    place,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[Value]) -> Value {
        let all: Vec<&Value> = values.iter().collect();
        shape(&all, &Read::new(), &mut 1_000).unwrap()
    }

    fn said(shape: &Value, value: &Value) -> Vec<String> {
        changes(shape, value)
            .into_iter()
            .map(|change| change.message)
            .collect()
    }

    #[test]
    fn what_has_another_shape_is_told_once() {
        let shape = of(&[
            json!({ "json": { "orders": [{ "id": "A1", "total": 5, "note": null }, { "id": "A2", "total": 5.5, "note": "x" }], "count": 2 } }),
        ]);
        let same = json!({ "json": { "orders": [], "count": 0 } });
        assert_eq!(said(&shape, &same), [""; 0]);
        let other = json!({ "json": { "orders": [{ "id": 7, "total": 1, "note": "y", "tax": 1 }, { "id": 8, "note": "z" }], "more": true } });
        assert_eq!(
            said(&shape, &other),
            [
                "/json/count is missing, and was there.",
                "/json/more is new.",
                "/json/orders/*/id is number, and was string.",
                "/json/orders/*/tax is new.",
                "/json/orders/*/total is missing, and was there.",
            ]
        );
        assert_eq!(
            said(&shape, &json!("moved")),
            ["the answer is string, and was object."]
        );
    }

    #[test]
    fn what_the_action_adds_around_an_answer_is_no_change_of_it() {
        let shape = of(&[json!({ "content": [], "text": "{\"id\":1}", "json": { "id": 1 } })]);
        let came = json!({
            "content": [], "text": "{\"id\":1}", "json": { "id": 1 }, "structured": { "id": 1 },
        });
        assert_eq!(said(&shape, &came), [""; 0]);
        let other = json!({ "content": [], "text": "{\"id\":1,\"n\":2}", "json": { "id": 1, "n": 2 }, "structured": {} });
        assert_eq!(said(&shape, &other), ["/json/n is new.", "/text/n is new."]);
        // No recording has kept the headers of an answer.
        let shape = of(&[json!({ "status": 200, "headers": {}, "json": { "id": 1 } })]);
        let came = json!({
            "status": 200, "headers": { "date": "x", "server": "y" }, "json": { "id": 1, "headers": { "a": 1 } },
        });
        assert_eq!(said(&shape, &came), ["/json/headers is new."]);
        let shape = of(&[json!({ "content": [], "text": "{\"id\":1}", "json": { "id": 1 } })]);
        // What it had and is gone is told there, too.
        let gone = json!({ "content": [], "text": "none" });
        assert_eq!(
            said(&shape, &gone),
            [
                "/json is missing, and was there.",
                "/text is a text that holds no JSON, and held some."
            ]
        );
    }

    #[test]
    fn data_in_texts_and_ids_as_keys_are_seen() {
        let shape = of(&[
            json!({ "text": "{\"cards\":{\"card_4211\":{\"kind\":\"visa\"},\"card_4212\":{\"kind\":\"amex\"}}}" }),
        ]);
        assert_eq!(
            said(
                &shape,
                &json!({ "text": "{\"cards\":{\"card_9\":{\"kind\":\"visa\"}}}" })
            ),
            [""; 0]
        );
        assert_eq!(
            said(
                &shape,
                &json!({ "text": "{\"cards\":{\"card_9\":{\"kind\":1}}}" })
            ),
            ["/text/cards/*/kind is number, and was string."]
        );
        assert_eq!(
            said(&shape, &json!({ "text": "gone" })),
            ["/text is a text that holds no JSON, and held some."]
        );
    }

    #[test]
    fn what_was_read_before_is_not_read_again() {
        let text = "{\"id\":1}";
        let data = json!({ "id": 1 });
        let value = json!({ "text": text, "more": [text, text] });
        let known: Read<'_> = [(text, &data)].into();
        let all = [&value];
        assert_eq!(
            shape(&all, &known, &mut 1_000),
            shape(&all, &Read::new(), &mut 1_000)
        );
        // It is taken as what it was read as.
        let other = json!(["a"]);
        let known: Read<'_> = [(text, &other)].into();
        let found = shape(&all, &known, &mut 1_000).unwrap();
        let of_text = found.pointer("/properties/text/contentSchema/type");
        assert_eq!(of_text, Some(&json!(["array"])));
    }

    #[test]
    fn a_large_answer_is_told_as_far_as_there_is_room() {
        let wide: Map<String, Value> = (0..50).map(|n| (format!("f{n}x"), json!(n))).collect();
        let value = json!({ "a": wide });
        let shape = shape(&[&value], &Read::new(), &mut 10).unwrap();
        assert_eq!(said(&shape, &value), [""; 0]);
    }
}
