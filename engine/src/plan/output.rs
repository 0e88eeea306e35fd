//! The output of a step against the schema that its document has for it.

use super::inputs::{short, validator};
use crate::definition::FailureClass;
use crate::event::Failure;
use crate::expression::{json_in, yaml_in};
use serde_json::{Map, Value, json};
use std::fmt;

/// The code of the failure of a step whose answer is not as the document says.
pub const ANSWER_CHANGED: &str = "answer_changed";
/// How many differences are told.
const MOST: usize = 5;
/// How many characters of what came are shown.
const SHOWN: usize = 200;
/// What is told in the place of what came and is not shown.
const HIDDEN: &str = "[sensitive]";
/// How deep texts are read that hold data.
const DEPTH: usize = 4;

/// What a step's output has to be. Beside JSON Schema (2020-12) it reads texts: `contentSchema` is what the JSON or
/// YAML in a text has to be, as `contentMediaType` says.
pub struct OutputCheck {
    schema: Value,
    validator: jsonschema::Validator,
    texts: Vec<Text>,
}

/// A text that holds data.
struct Text {
    /// The keys that lead to it.
    path: Vec<String>,
    yaml: bool,
    check: OutputCheck,
}

/// One way in which an output is not as it has to be.
#[derive(Debug, Clone, PartialEq)]
struct Change {
    /// JSON Pointer in the output.
    place: String,
    message: String,
    expected: Value,
    came: String,
    /// JSON Pointer to the keyword in the schema.
    keyword: String,
    /// The type of what came.
    came_type: &'static str,
    /// The keys that are not there.
    missing: Vec<String>,
    /// What came, where it is a short scalar.
    value: Value,
}

impl fmt::Debug for OutputCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OutputCheck").field(&self.schema).finish()
    }
}

impl OutputCheck {
    /// Compiles a schema; the error is one sentence.
    pub(crate) fn compile(schema: &Value) -> Result<Self, String> {
        Self::deep(schema, DEPTH)
    }

    fn deep(schema: &Value, depth: usize) -> Result<Self, String> {
        let mut texts = Vec::new();
        if depth > 0 {
            find_texts(schema, &mut Vec::new(), depth, &mut texts)?;
        }
        Ok(Self {
            validator: validator(schema)?,
            schema: schema.clone(),
            texts,
        })
    }

    /// The failure of a step that gave this; nothing where it is as it has to be.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn failure(&self, output: &Value) -> Option<Failure> {
        self.failure_of(output, output)
    }

    /// The failure of a step that gave `clear`, of which `kept` is what may be seen: nothing else of it is told.
    pub(crate) fn failure_of(&self, kept: &Value, clear: &Value) -> Option<Failure> {
        let changes = self.changes(clear, Some(kept), "", "");
        let first = changes.first()?;
        let more = match changes.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        let place = match first.place.as_str() {
            "" => String::new(),
            place => format!(" at `{place}`"),
        };
        let mut failure = Failure::new(
            FailureClass::Permanent,
            ANSWER_CHANGED,
            format!(
                "the answer is not what later steps rely on{place}: {}{more}",
                first.message
            ),
        );
        let changes: Vec<Value> = changes
            .iter()
            .map(|change| {
                json!({
                    "place": change.place, "message": change.message, "expected": change.expected, "came": change.came,
                    "keyword": change.keyword, "came_type": change.came_type, "missing": change.missing,
                    "value": change.value,
                })
            })
            .collect();
        failure.details = Some(
            json!({
                "needs_review": true,
                "changes": changes,
                "help": "Look whether the service has changed. Where that is meant, record and crystallize it anew, or change the step's `output_schema`.",
            })
            .into(),
        );
        Some(failure)
    }

    fn changes(
        &self,
        output: &Value,
        kept: Option<&Value>,
        base: &str,
        base_of_schema: &str,
    ) -> Vec<Change> {
        let mut changes: Vec<Change> = self
            .validator
            .iter_errors(output)
            .take(MOST)
            .map(|error| {
                let schema = error.schema_path().to_string();
                let keyword = schema.rsplit_once('/').map_or("", |(parent, _)| parent);
                let expected = self.schema.pointer(keyword).unwrap_or(&self.schema);
                let place = error.instance_path().to_string();
                let came = error.instance();
                let seen = kept.and_then(|kept| kept.pointer(&place)) == Some(&**came);
                let is_scalar = !came.is_object() && !came.is_array();
                Change {
                    place: format!("{base}{place}"),
                    message: short(match seen {
                        true => error.to_string(),
                        false => error.masked().to_string(),
                    }),
                    expected: shown_schema(expected),
                    came: match seen || !is_scalar {
                        true => shown(came),
                        false => HIDDEN.into(),
                    },
                    came_type: type_of(came),
                    missing: missing(expected, came),
                    value: match seen {
                        true => short_scalar(came),
                        false => Value::Null,
                    },
                    keyword: format!("{base_of_schema}{schema}"),
                }
            })
            .collect();
        for text in &self.texts {
            let within = |value| {
                text.path
                    .iter()
                    .try_fold(value, |value: &Value, key| value.get(key))
            };
            let found = within(output);
            // That it is a text at all the schema around it says.
            let Some(Value::String(written)) = found else {
                continue;
            };
            let place = text.path.iter().fold(base.to_owned(), |place, key| {
                format!("{place}{}", super::build::pointer(&[key]))
            });
            let inside = text
                .path
                .iter()
                .fold(base_of_schema.to_owned(), |place, key| {
                    format!("{place}/properties{}", super::build::pointer(&[key]))
                })
                + "/contentSchema";
            let read = |written: &str| match text.yaml {
                true => yaml_in(written),
                false => json_in(written),
            };
            let kept = kept.and_then(within).and_then(Value::as_str);
            match read(written) {
                Some(value) => {
                    let kept = kept.and_then(read);
                    let inner = text.check.changes(&value, kept.as_ref(), &place, &inside);
                    changes.extend(inner);
                }
                None => changes.push(Change {
                    place,
                    message: format!(
                        "the text holds no {}",
                        if text.yaml { "YAML" } else { "JSON" }
                    ),
                    expected: shown_schema(&text.check.schema),
                    came: match kept == Some(written) {
                        true => shown(&Value::from(written.as_str())),
                        false => HIDDEN.into(),
                    },
                    keyword: inside,
                    came_type: "string",
                    missing: Vec::new(),
                    value: Value::Null,
                }),
            }
        }
        changes.truncate(MOST);
        changes
    }
}

fn find_texts(
    schema: &Value,
    path: &mut Vec<String>,
    depth: usize,
    found: &mut Vec<Text>,
) -> Result<(), String> {
    if let Some(inner) = schema.get("contentSchema") {
        let media = schema.get("contentMediaType").and_then(Value::as_str);
        let yaml = match media {
            Some("application/json") => false,
            Some("application/yaml") => true,
            _ => {
                return Err(
                    "a `contentSchema` needs the `contentMediaType` application/json or application/yaml"
                        .into(),
                );
            }
        };
        found.push(Text {
            path: path.clone(),
            yaml,
            check: OutputCheck::deep(inner, depth - 1)?,
        });
    }
    for (key, inner) in schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        path.push(key.clone());
        find_texts(inner, path, depth, found)?;
        path.pop();
    }
    Ok(())
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

/// The keys that a schema requires and a map has not.
fn missing(schema: &Value, value: &Value) -> Vec<String> {
    let required = schema.get("required").and_then(Value::as_array);
    let Some(map) = value.as_object() else {
        return Vec::new();
    };
    required
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter(|key| !map.contains_key(*key))
        .map(str::to_owned)
        .collect()
}

fn short_scalar(value: &Value) -> Value {
    match value {
        Value::String(text) if text.len() > SHOWN => Value::Null,
        Value::Array(_) | Value::Object(_) => Value::Null,
        scalar => scalar.clone(),
    }
}

/// A schema without what is deeper in it.
fn shown_schema(schema: &Value) -> Value {
    let Value::Object(map) = schema else {
        return schema.clone();
    };
    let shown: Map<String, Value> = map
        .iter()
        .filter(|(key, _)| {
            !matches!(
                key.as_str(),
                "properties" | "items" | "additionalProperties" | "contentSchema"
            )
        })
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Value::Object(shown)
}

/// What came, short: of a map its keys.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::Object(map) => {
            let keys: Vec<&str> = map.keys().take(20).map(String::as_str).collect();
            format!("a map with {}", keys.join(", "))
        }
        Value::Array(items) => format!("a list of {}", items.len()),
        other => other.to_string(),
    };
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_told_beside_what_was_expected() {
        let check = OutputCheck::compile(&json!({
            "type": "object", "required": ["json"],
            "properties": { "json": { "type": "object", "required": ["orders"], "properties": {
                "orders": { "type": "array", "minItems": 1, "items": {
                    "type": "object", "required": ["id"], "properties": { "id": { "type": "string" } },
                } },
            } } },
        }))
        .unwrap();
        assert_eq!(
            check.failure(&json!({ "json": { "orders": [{ "id": "a", "new": 1 }], "new": 2 } })),
            None
        );
        for (output, place, message) in [
            (
                json!({ "json": { "items": [] } }),
                "/json",
                "\"orders\" is a required property",
            ),
            (
                json!({ "json": { "orders": [] } }),
                "/json/orders",
                "[] has less than 1 item",
            ),
            (
                json!({ "json": { "orders": [{ "id": 5 }] } }),
                "/json/orders/0/id",
                "5 is not of type \"string\"",
            ),
            (json!("moved"), "", "\"moved\" is not of type \"object\""),
        ] {
            let failure = check.failure(&output).unwrap();
            assert_eq!(failure.code, ANSWER_CHANGED);
            let details = failure.details.unwrap();
            let change = &details.value()["changes"][0];
            assert_eq!(
                (change["place"].as_str(), change["message"].as_str()),
                (Some(place), Some(message)),
                "{change}"
            );
            assert!(details.value()["needs_review"] == true && failure.message.contains(message));
        }
        let failure = check.failure(&json!({ "json": { "items": [] } })).unwrap();
        assert_eq!(
            failure.details.unwrap().value()["changes"][0],
            json!({
                "place": "/json", "message": "\"orders\" is a required property",
                "expected": { "type": "object", "required": ["orders"] }, "came": "a map with items",
                "keyword": "/properties/json/required", "came_type": "object", "missing": ["orders"], "value": null,
            })
        );
    }

    #[test]
    fn what_is_not_shown_is_judged_and_not_told() {
        let inner = json!({ "type": "object", "properties": { "id": { "type": "integer" } } });
        let check = OutputCheck::compile(&json!({ "type": "object", "properties": {
            "n": { "type": "integer", "maximum": 9_000_000 },
            "rows": { "type": "array", "maxItems": 2, "items": { "type": "integer" } },
            "text": { "type": "string", "contentMediaType": "application/json", "contentSchema": inner },
        } }))
        .unwrap();
        let kept = json!({ "n": "<1>", "rows": [1, "<1>"], "text": "{\"id\":<1>}" });
        let of = |n: Value| {
            let text = json!({ "id": n.clone() }).to_string();
            json!({ "n": n, "rows": [1, n], "text": text })
        };
        assert!(check.failure(&kept).is_some());
        assert_eq!(check.failure_of(&kept, &of(json!(8_314_275))), None);
        let mut long = of(json!(8_314_275));
        long["rows"] = json!([1, 2, 8_314_275]);
        for (clear, changes) in [
            (of(json!(9_314_275)), 1),
            (of(json!(8_314_275.5)), 3),
            (long, 1),
        ] {
            let failure = check.failure_of(&kept, &clear).unwrap();
            let told = format!("{failure:?}");
            assert!(!told.contains("314"), "{told}");
            let details = failure.details.unwrap();
            let found = details.value()["changes"].as_array().unwrap();
            assert_eq!(found.len(), changes, "{told}");
            assert!(found.iter().all(|change| change["value"].is_null()));
        }
        // What may be seen is told beside it.
        let clear = json!({ "n": 8_314_275, "rows": "none" });
        let failure = check.failure_of(&json!({ "n": "<1>", "rows": "none" }), &clear);
        let failure = failure.unwrap();
        assert!(
            failure.message.contains("\"none\" is not of type"),
            "{failure:?}"
        );
    }

    #[test]
    fn data_in_texts_is_read() {
        let inner = json!({ "type": "object", "required": ["id"], "properties": { "id": { "type": "number" } } });
        let of = |media: &str| {
            json!({ "type": "object", "required": ["text"], "properties": { "text": {
                "type": "string", "contentMediaType": media, "contentSchema": inner,
            } } })
        };
        let check = OutputCheck::compile(&of("application/json")).unwrap();
        assert_eq!(check.failure(&json!({ "text": "{\"id\": 4}" })), None);
        for text in ["{\"id\": \"4\"}", "{}", "gone"] {
            assert!(check.failure(&json!({ "text": text })).is_some(), "{text}");
        }
        let check = OutputCheck::compile(&of("application/yaml")).unwrap();
        assert_eq!(check.failure(&json!({ "text": "id: 4" })), None);
        assert!(check.failure(&json!({ "text": "id: four" })).is_some());
        assert!(OutputCheck::compile(&of("text/csv")).is_err());
    }
}
