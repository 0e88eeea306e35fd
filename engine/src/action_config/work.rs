//! The other kinds.

use super::Text;
use crate::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// `transform`: computes a value.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransformConfig {
    /// The value.
    pub value: Value,
}

/// `wait`: exactly one of `for`, `until` and `event`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitConfig {
    /// How long.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<Span>,
    /// An RFC 3339 time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// An event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<WaitEvent>,
    /// How long it waits for the event; left out: for as long as the run goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// What happens when no event has come by then; left out: fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_timeout: Option<OnSilence>,
    /// How long before the start of the run an event may have come; left out: not before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookback: Option<Span>,
}

/// What happens to a `wait` whose event did not come in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnSilence {
    /// The step fails: class `timeout`, code `event_timeout`.
    #[default]
    Fail,
    /// The step succeeds, and the event in its output is null.
    Continue,
}

/// The event that a `wait` waits for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitEvent {
    /// The CloudEvents type; `*` matches any characters.
    #[serde(rename = "type")]
    pub event_type: String,
    /// A bare expression over `event` and over what the step may read otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
}

/// `switch`: takes the first case that holds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchConfig {
    /// The cases, in order.
    pub cases: Vec<SwitchCase>,
}

/// One case of a `switch`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchCase {
    /// Its name: steps need `switch.case`.
    pub id: String,
    /// A bare expression; the case without one is the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
}

/// `shell`: exactly one of `argv` and `script`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShellConfig {
    /// The program and its arguments; no shell is involved. The program is never a template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argv: Option<Vec<Text>>,
    /// A script for `sh`; never a template: values go in through `env` or `stdin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
    /// What the program reads: text as it is, anything else as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Value")]
    pub stdin: Option<Value>,
    /// Environment variables; values may be `{{ secrets.NAME }}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, Text>,
    /// The folder that it runs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Files that it leaves and that are kept with the run, by name: a path below the folder that it runs in,
    /// or below the empty one that `DRUSE_ARTIFACTS` names. With `*` or `?` in its last part, all that match.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub artifacts: BTreeMap<String, String>,
    /// The exit codes that are no failure; left out: 0 alone. A search that finds nothing ends with 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub success_exit_codes: Vec<u8>,
}

/// `mcp`: calls a tool of an MCP server.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct McpConfig {
    /// The connection's name; never a template.
    pub connection: String,
    /// The tool's name; never a template.
    pub tool: String,
    /// The tool's arguments.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub arguments: Map<String, Value>,
    /// Keeps what is no text in the answer (images, sound, files) as artifacts of this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub save_as: Option<String>,
}

/// `automation`: starts another automation, by `name` or by `id`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AutomationConfig {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The version; left out: the active one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Its inputs.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub inputs: Map<String, Value>,
    /// Whether the step ends with that run; left out: yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<bool>,
}

/// `emit`: sends a CloudEvent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmitConfig {
    /// The CloudEvents type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The CloudEvents source; left out: made of the automation's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The CloudEvents subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What it carries.
    #[serde(default)]
    pub data: Value,
}

/// `tool`: a recorded tool that nothing maps yet. It is stored and replayed, never run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolConfig {
    /// The recorded tool's name.
    pub tool: String,
    /// The recorded arguments.
    #[serde(default)]
    pub arguments: Value,
}
