//! What runs show about the schemas that a draft relies on: good ones where a schema could be tighter, those that it
//! stopped where it could be wider. It is proposed to a person and never applied.

use super::shape::type_of;
use druse_engine::expression::{json_in, yaml_in};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// So many answers show that something is always so.
const ENOUGH: usize = 5;
/// So many show that a text is one of a few.
const ENOUGH_WORDS: usize = 20;
/// The most words that are taken for all there are.
const MOST_WORDS: usize = 8;

/// A place where a schema stopped a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rejected {
    /// JSON Pointer to the keyword in the schema.
    pub keyword: String,
    /// The type of what came.
    pub came: String,
    /// What came, where it was a scalar.
    pub value: Value,
    /// The keys that were not there.
    pub missing: Vec<String>,
}

/// The schema as all of these answers fit it, no wider than it is; `None` where they show nothing more.
pub fn tighter(schema: &Value, seen: &[&Value]) -> Option<Value> {
    if seen.len() < ENOUGH {
        return None;
    }
    let mut narrowed = schema.clone();
    narrow(&mut narrowed, seen);
    (narrowed != *schema).then_some(narrowed)
}

fn narrow(schema: &mut Value, seen: &[&Value]) {
    let Some(map) = schema.as_object_mut().filter(|_| !seen.is_empty()) else {
        return;
    };
    if let Some(Value::Array(types)) = map.get("type") {
        let came: BTreeSet<&str> = seen.iter().map(|value| type_of(value)).collect();
        let left: Vec<Value> = types
            .iter()
            .filter(|known| known.as_str().is_some_and(|known| came.contains(known)))
            .cloned()
            .collect();
        if seen.len() >= ENOUGH && left.len() < types.len() {
            match left.as_slice() {
                [one] => map.insert("type".to_owned(), one.clone()),
                _ => map.insert("type".to_owned(), Value::Array(left)),
            };
        }
    }
    let maps: Vec<&Map<String, Value>> =
        seen.iter().filter_map(|value| value.as_object()).collect();
    let mut always = Vec::new();
    if let Some(Value::Object(properties)) = map.get_mut("properties") {
        for (key, inner) in properties.iter_mut() {
            let values: Vec<&Value> = maps.iter().filter_map(|map| map.get(key)).collect();
            if values.len() == maps.len() && values.len() >= ENOUGH {
                always.push(key.clone());
            }
            narrow(inner, &values);
        }
    }
    if !always.is_empty() {
        let known = map.entry("required").or_insert_with(|| json!([]));
        if let Value::Array(known) = known {
            for key in always {
                if !known.iter().any(|one| *one == *key) {
                    known.push(key.into());
                }
            }
        }
    }
    let lists: Vec<&Vec<Value>> = seen.iter().filter_map(|value| value.as_array()).collect();
    if let Some(items) = map.get_mut("items") {
        let elements: Vec<&Value> = lists.iter().flat_map(|list| list.iter()).collect();
        narrow(items, &elements);
    }
    if let Some(inner) = map.get_mut("additionalProperties") {
        let values: Vec<&Value> = maps.iter().flat_map(|map| map.values()).collect();
        narrow(inner, &values);
    }
    let texts: Vec<&str> = seen.iter().filter_map(|value| value.as_str()).collect();
    let yaml = map.get("contentMediaType").and_then(Value::as_str) == Some("application/yaml");
    if let Some(inner) = map.get_mut("contentSchema") {
        let read = texts
            .iter()
            .filter_map(|text| if yaml { yaml_in(text) } else { json_in(text) });
        let read: Vec<Value> = read.collect();
        let read: Vec<&Value> = read.iter().collect();
        narrow(inner, &read);
    } else if let Some(words) =
        words(&texts).filter(|_| !map.contains_key("enum") && texts.len() == seen.len())
    {
        map.insert("enum".to_owned(), words);
    }
}

/// The words that texts are, where these are few, each seen again, and none is data.
fn words(texts: &[&str]) -> Option<Value> {
    if texts.len() < ENOUGH_WORDS {
        return None;
    }
    let all: BTreeSet<&str> = texts.iter().copied().collect();
    let known = all.len() <= MOST_WORDS
        && all.iter().all(|word| {
            word.len() <= 40
                && crate::value_class::of(word).is_none()
                && texts.iter().filter(|text| *text == word).count() > 1
        });
    known.then(|| json!(all))
}

/// The schema so wide that what it stopped would go through; `None` where that cannot be told.
pub fn wider(schema: &Value, rejected: &[Rejected]) -> Option<Value> {
    let mut widened = schema.clone();
    for one in rejected {
        let Some((place, keyword)) = one.keyword.rsplit_once('/') else {
            continue;
        };
        let Some(Value::Object(map)) = widened.pointer_mut(place) else {
            continue;
        };
        match keyword {
            "type" => {
                let mut types: Vec<Value> = match map.get("type") {
                    Some(Value::Array(types)) => types.clone(),
                    Some(one) => vec![one.clone()],
                    None => continue,
                };
                if !types.iter().any(|known| *known == *one.came) {
                    types.push(one.came.as_str().into());
                }
                map.insert("type".to_owned(), Value::Array(types));
            }
            "required" => {
                if let Some(Value::Array(keys)) = map.get_mut("required") {
                    keys.retain(|key| !one.missing.iter().any(|gone| *key == **gone));
                    if keys.is_empty() {
                        map.remove("required");
                    }
                }
            }
            "enum" => {
                if let Some(Value::Array(values)) = map.get_mut("enum")
                    && !values.contains(&one.value)
                {
                    values.push(one.value.clone());
                }
            }
            "const" => {
                if let Some(known) = map.remove("const") {
                    map.insert("enum".to_owned(), json!([known, one.value]));
                }
            }
            "minItems" | "minLength" | "pattern" | "format" | "contains" => {
                map.remove(keyword);
            }
            _ => {}
        }
    }
    (widened != *schema).then_some(widened)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_runs_show_what_is_always_so() {
        let schema = json!({ "type": "object", "required": ["id"], "properties": {
            "id": { "type": ["number", "string"] }, "state": { "type": "string" }, "note": { "type": "string" },
        } });
        let answers: Vec<Value> = (0..24)
            .map(|n| {
                let mut answer =
                    json!({ "id": format!("A{n}"), "state": (["open", "done"][n % 2]), "more": n });
                if n == 3 {
                    answer["note"] = "rare".into();
                }
                answer
            })
            .collect();
        let seen: Vec<&Value> = answers.iter().collect();
        assert_eq!(
            tighter(&schema, &seen),
            Some(
                json!({ "type": "object", "required": ["id", "state"], "properties": {
                "id": { "type": "string" }, "state": { "type": "string", "enum": ["done", "open"] }, "note": { "type": "string" },
            } })
            )
        );
        assert_eq!(tighter(&schema, &seen[..4]), None);
        let known = tighter(&schema, &seen).unwrap();
        assert_eq!(tighter(&known, &seen), None);
    }

    #[test]
    fn what_was_stopped_shows_what_would_let_it_through() {
        let schema = json!({ "type": "object", "required": ["json"], "properties": { "json": {
            "type": "object", "required": ["a", "b"], "properties": {
                "a": { "type": "string" }, "b": { "type": "array", "minItems": 1 }, "c": { "enum": ["x"] },
            },
        } } });
        let at = |keyword: &str| Rejected {
            keyword: keyword.to_owned(),
            came: "number".to_owned(),
            value: json!("y"),
            missing: vec!["b".to_owned()],
        };
        let wide = wider(
            &schema,
            &[
                at("/properties/json/required"),
                at("/properties/json/properties/a/type"),
                at("/properties/json/properties/b/minItems"),
                at("/properties/json/properties/c/enum"),
                at("/properties/gone/type"),
            ],
        );
        assert_eq!(
            wide.unwrap()["properties"]["json"],
            json!({ "type": "object", "required": ["a"], "properties": {
                "a": { "type": ["string", "number"] }, "b": { "type": "array" }, "c": { "enum": ["x", "y"] },
            } })
        );
        assert_eq!(wider(&schema, &[]), None);
    }
}
