//! One step, and the policies around it.

use crate::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One step of an automation. What few steps have stands in a box: a document may have thousands of steps.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// `[a-z][a-z0-9_]*`, unique in its list.
    pub id: String,
    /// What a person calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The kind of action; left out on a loop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Steps (`id`) or cases of a switch (`id.case`) that come before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    /// How the outcomes of `needs` are joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub join: Option<Join>,
    /// A bare expression; the step is skipped unless it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// The action's configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<Map<String, Value>>,
    /// Runs the body once for each item of a list or map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_each: Option<Box<ForEach>>,
    /// Runs the body until an expression holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Box<Repeat>>,
    /// The body of a loop.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// Time limit of each attempt; of a loop, of the loop as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// When and how often it is tried again; left out: tried once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Box<Retry>>,
    /// What a failure does to the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_error: Option<OnError>,
    /// Whether it may run again after a crash in the middle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
    /// What it does to the world.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effects: Option<EffectLevel>,
    /// A template for the key that makes repeating it harmless; left out: made by the engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// JSON Schema of its output; another output fails it, so that nothing goes on with what has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Arc<Value>>,
    /// Places in its output, as JSON Pointers, each with the place in `with` of what it was sent. An output that shows
    /// something else there is about another thing than was asked for, and fails it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers_to: Option<Box<BTreeMap<String, String>>>,
    /// What takes it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Box<Undo>>,
    /// How the engine finds out whether it happened when that is not known; for `delivery: at_most_once`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Box<Probe>>,
    /// For the crystallizer and for people; never changes what runs.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

/// How the outcomes of the needed steps are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Join {
    /// Each succeeded.
    #[default]
    AllSucceeded,
    /// None failed and at least one succeeded.
    NoneFailed,
    /// Each ended, however.
    AllDone,
    /// At least one succeeded.
    AnySucceeded,
    /// At least one failed.
    AnyFailed,
}

/// What a failure of a step does to the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    /// The run fails.
    #[default]
    Fail,
    /// The run goes on; the step counts as failed for joins.
    Continue,
    /// The run waits for a person.
    Pause,
}

/// Whether a step may run again when it is not known whether it ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// It is tried again with the same idempotency key.
    #[default]
    AtLeastOnce,
    /// It becomes uncertain and waits for its `check`, or else for a person.
    AtMostOnce,
}

/// What a step does to the world; unknown counts as destructive.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EffectLevel {
    /// Computes.
    Pure,
    /// Looks.
    Read,
    /// Changes, and doing it twice changes nothing more.
    IdempotentWrite,
    /// Changes.
    Write,
    /// Cannot be taken back.
    Destructive,
}

/// The classes of failure.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// May pass by itself.
    Retryable,
    /// Will fail again.
    Permanent,
    /// Its time ran out.
    Timeout,
    /// It was canceled.
    Canceled,
    /// It is not known whether it happened.
    Uncertain,
    /// The process ended in the middle.
    Interrupted,
    /// It kept killing the process.
    Quarantined,
}

/// When and how often a step is tried again. `{}` means 5 attempts, 1 s, factor 2, at most 5 min, full jitter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// How often it is tried in all, at least 1.
    pub attempts: u32,
    /// The wait before the second attempt.
    pub backoff: Span,
    /// What each further wait is multiplied by.
    pub factor: f64,
    /// The longest wait.
    pub max: Span,
    /// Full jitter: the wait is drawn between zero and the computed one.
    pub jitter: bool,
    /// Time limit over all attempts and waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Span>,
    /// The classes that are tried again.
    pub on: Vec<FailureClass>,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 5,
            backoff: Span::from_secs(1),
            factor: 2.0,
            max: Span::from_secs(300),
            jitter: true,
            total: None,
            on: vec![FailureClass::Retryable, FailureClass::Timeout],
        }
    }
}

/// A loop over a list or map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForEach {
    /// A template that gives the list or map; evaluated once. The item of a map is `{key, value}`.
    pub items: Value,
    /// The name of the item inside the body; left out: `item`.
    #[serde(rename = "as", default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many passes may be open at once; left out: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_parallel: Option<u32>,
    /// More items than this fail the loop; left out: 10000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_items: Option<u32>,
    /// What a failing pass does to the loop: `fail` (left out), or `continue`: its result is null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_item_error: Option<OnError>,
    /// A bare expression seen after each pass that succeeded; when it holds, no further one begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// A template for what a pass gives to the loop's output; left out: what the body's last step gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
}

/// A loop until something holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Repeat {
    /// A bare expression seen after each pass that succeeded; when it holds, the loop has succeeded.
    pub until: String,
    /// The wait between the end of a pass and the next one; left out: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Span>,
    /// What the wait is multiplied by after each pass, up to an hour; left out: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor: Option<f64>,
    /// The most passes, after which the loop fails; left out: 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
    /// A template for what a pass gives: the next one sees it as `loop.previous`, and that of the last is the
    /// loop's output. Left out: what the body's last step gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
}

/// A look at the other side that says whether a step happened. It must only read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// The kind of action.
    pub action: String,
    /// Its configuration; it also sees `attempt`, the one that nobody knows the end of.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub with: Map<String, Value>,
    /// A bare expression over `check.output`: true when the step happened, false when it did not, null when
    /// the answer does not say. One that reads `check.error` is seen after a failure, too.
    pub done: String,
    /// A template for the step's output when it happened; left out: what the look gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// Time limit of each attempt to look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// When and how often it is tried again; left out: as `retry: {}` of a step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// `read` says that an action only looks of which that cannot be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effects: Option<EffectLevel>,
}

/// What takes a step back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Undo {
    /// The kind of action.
    pub action: String,
    /// Its configuration.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub with: Map<String, Value>,
}
