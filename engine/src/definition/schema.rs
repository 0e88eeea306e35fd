//! The JSON Schema of automation documents, for editors and for the check.

use super::{Document, Step};
use crate::action_config;
use crate::plan::ActionKind;
use serde_json::{Map, Value, json};
use std::sync::OnceLock;

/// Where the schema of format 1 is served: by a server at its default address.
pub const SCHEMA_URL: &str = "http://127.0.0.1:7878/schema/v1.json";
/// The name of the schema itself, wherever it is served.
const SCHEMA_ID: &str = "urn:druse:schema:automation:1";

/// The shape of a document as its type gives it.
pub(super) fn document() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| schemars::schema_for!(Document).to_value())
}

/// The shape of a step as its type gives it.
pub(super) fn step() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| schemars::schema_for!(Step).to_value())
}

/// The JSON Schema (2020-12) of automation documents: the document, and for each kind of action its
/// configuration, in which a text with `{{` may stand for anything.
pub fn schema() -> Value {
    let mut schema = document().clone();
    let mut rules = Vec::new();
    let mut definitions = Map::new();
    for kind in ActionKind::ALL {
        let mut config = action_config::schema_of(kind).clone();
        let name = format!("with_{}", kind.name());
        if let Some(map) = config.as_object_mut() {
            map.remove("$schema");
            if let Some(Value::Object(inner)) = map.remove("$defs") {
                for (key, mut value) in inner {
                    open_to_templates(&mut value, true);
                    definitions.insert(key, value);
                }
            }
        }
        open_to_templates(&mut config, true);
        definitions.insert(name.clone(), config);
        rules.push(json!({
            "if": {"properties": {"action": {"const": kind.name()}}, "required": ["action"]},
            "then": {"properties": {"with": {"$ref": format!("#/$defs/{name}")}}},
        }));
    }
    let kinds: Vec<&str> = ActionKind::ALL.iter().map(|kind| kind.name()).collect();
    if let Some(map) = schema.as_object_mut() {
        map.insert("$id".into(), SCHEMA_ID.into());
        map.insert("title".into(), "Druse automation".into());
        let all = map
            .entry("$defs")
            .or_insert_with(|| Value::Object(Map::new()));
        if let Some(all) = all.as_object_mut() {
            if let Some(step) = all.get_mut("Step").and_then(Value::as_object_mut) {
                step.insert("allOf".into(), Value::Array(rules));
                if let Some(action) = step
                    .get_mut("properties")
                    .and_then(|properties| properties.get_mut("action"))
                    .and_then(Value::as_object_mut)
                {
                    action.insert("enum".into(), json!(kinds));
                    action.insert("type".into(), "string".into());
                }
            }
            for (key, value) in definitions {
                all.entry(key).or_insert(value);
            }
        }
    }
    schema
}

/// Lets a text with `{{` stand wherever something else than any text is asked for.
fn open_to_templates(schema: &mut Value, top: bool) {
    let Some(map) = schema.as_object_mut() else {
        return;
    };
    for key in ["properties", "$defs"] {
        if let Some(inner) = map.get_mut(key).and_then(Value::as_object_mut) {
            for value in inner.values_mut() {
                open_to_templates(value, false);
            }
        }
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = map.get_mut(key) {
            open_to_templates(inner, false);
        }
    }
    let text = map.get("type").is_some_and(|t| t == "string")
        && !map.contains_key("pattern")
        && !map.contains_key("enum");
    let constrained = ["type", "$ref", "anyOf", "oneOf", "enum"]
        .iter()
        .any(|key| map.contains_key(*key));
    if top || text || !constrained {
        return;
    }
    let inner = std::mem::take(map);
    map.insert(
        "anyOf".into(),
        json!([Value::Object(inner), {"type": "string", "pattern": "\\{\\{"}]),
    );
}
