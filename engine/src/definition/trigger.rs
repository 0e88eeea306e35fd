//! What starts an automation, as written in its document. The rules are in the crate of triggers.

use crate::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A trigger: exactly one of `schedule`, `webhook` and `event`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// `[a-z][a-z0-9_]*`, unique in the document.
    pub id: String,
    /// Time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// An HTTP call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<Webhook>,
    /// An event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<EventFilter>,
    /// A bare expression over `trigger`; the firing is filtered unless it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// The run's inputs: templates over `trigger`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub inputs: Map<String, Value>,
}

/// When time starts a run: exactly one of `cron`, `every` and `at`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Five fields as in crontab(5), or `@daily` and its like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    /// A fixed interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Span>,
    /// Once, at an RFC 3339 time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// IANA time zone; left out: UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// Which missed times are made up for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catch_up: Option<CatchUp>,
    /// What happens when the run before is still going.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<Overlap>,
}

/// Which missed times are made up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// None.
    None,
    /// The latest one.
    #[default]
    Latest,
    /// All of them, in order.
    All,
}

/// What a firing does when the run before it is still going.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// Nothing: it is skipped.
    #[default]
    Skip,
    /// At most one waits.
    QueueOne,
    /// All wait.
    Queue,
    /// The run before is canceled.
    CancelRunning,
    /// Both go.
    Allow,
}

/// An HTTP call that starts a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// How the sender proves itself: `{scheme, secret, …}`.
    pub verify: Map<String, Value>,
    /// `accepted`, `result`, or `{status?, headers?, body}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub respond: Option<Value>,
    /// How long `respond: result` may wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub respond_timeout: Option<Span>,
}

/// Which events start a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventFilter {
    /// The CloudEvents type; `*` matches any characters.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The CloudEvents source; `*` matches any characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The CloudEvents subject; `*` matches any characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}
