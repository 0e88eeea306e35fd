//! One rule of the tool map, and the file that holds them.

use druse_engine::definition::EffectLevel;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What the recorded calls of some tools become.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolRule {
    /// Glob on the recorded tool's name: `*` any text, `?` one character.
    #[serde(rename = "match")]
    pub pattern: String,
    /// The kind of action that a call becomes.
    pub action: String,
    /// Its configuration. `{{ call.name }}`, `{{ call.arguments }}` and `{{ call.arguments.field }}` are
    /// filled in from the recorded call; a string that is one of these alone keeps the value's type.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub with: Map<String, Value>,
    /// What a call does to the world; left out: told by the tool's name, else counted as destructive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effects: Option<EffectLevel>,
    /// Whether equal arguments give equal answers; left out: told by the tool's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deterministic: Option<bool>,
    /// Why not, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The part of the step's output that stands for what the recorded tool answered (`output.json.data`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
}

/// A file of rules. The first rule that matches wins.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolMap {
    /// The rules, in order.
    #[serde(default)]
    pub tools: Vec<ToolRule>,
}

/// The JSON Schema of a file of rules.
pub fn tool_map_schema() -> Value {
    let mut schema = schemars::schema_for!(ToolMap).to_value();
    if let Some(map) = schema.as_object_mut() {
        map.insert("title".to_owned(), Value::from("Druse tool map"));
    }
    schema
}
