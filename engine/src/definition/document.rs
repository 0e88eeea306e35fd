//! The document as a whole.

use super::{Step, Trigger};
use crate::Span;
use crate::capability::Capabilities;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The JSON Schema of one input. `default` makes the input optional.
pub type InputSchema = Value;

/// An automation document, format 1. Optional parts that are left out are not written back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Format of this document: 1.
    pub druse: u32,
    /// Unique name: `[A-Za-z0-9][A-Za-z0-9_.-]*`.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Inputs by name, a JSON Schema each.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub inputs: Map<String, InputSchema>,
    /// What starts it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub triggers: Vec<Trigger>,
    /// How many runs with an equal key may go at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Concurrency>,
    /// What it does.
    pub steps: Vec<Step>,
    /// Steps that run when the run has failed or was rejected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_failure: Vec<Step>,
    /// Steps that run last, whatever happened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub finally: Vec<Step>,
    /// Whether failure undoes what succeeded, in reverse order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo_on_failure: Option<bool>,
    /// Time limit of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// Where runs wait for a limit, higher goes first: a point is worth a minute of waiting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// The run's outputs: expressions by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub outputs: Map<String, Value>,
    /// All that its runs may touch; what is not listed is refused. Left out: what is written in its steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Capabilities>,
    /// For the crystallizer and for people; never changes what runs.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// What has to come of it with given answers, as in a file of tests; never changes what runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<crate::rehearsal::Written>")]
    pub tests: Vec<Value>,
}

/// A limit on runs that share a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Concurrency {
    /// A template; runs with an equal value share the limit.
    pub key: String,
    /// How many at once, at least 1.
    #[serde(default = "one")]
    pub limit: u32,
    /// What becomes of a run over the limit.
    #[serde(default)]
    pub overflow: Overflow,
    /// Whether a run keeps its slot while it waits for people, events or a time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hold_while_waiting: bool,
}

fn one() -> u32 {
    1
}

/// What becomes of a run over a concurrency limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Overflow {
    /// It waits for its turn.
    #[default]
    Queue,
    /// It ends at once as skipped.
    Skip,
    /// Those that wait for the key and the oldest that has it are canceled, and it takes their place.
    Replace,
    /// Its start is refused.
    Reject,
}
