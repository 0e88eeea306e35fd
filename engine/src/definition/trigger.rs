//! What starts an automation, as written in its document. The rules are in the crate of triggers.

use super::{Files, Poll};
use crate::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A trigger: exactly one of `schedule`, `webhook`, `event`, `files` and `poll`.
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
    /// A folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Files>,
    /// What a service or a database answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll: Option<Poll>,
    /// A bare expression over `trigger`; the firing is filtered unless it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// The run's inputs: templates over `trigger`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub inputs: Map<String, Value>,
    /// The version that is started; left out: the active one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub version: Option<u32>,
    /// What comes again with the same key within the window starts nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedupe: Option<Dedupe>,
    /// What comes in quick succession starts one run, with the last of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub debounce: Option<Debounce>,
    /// What comes within a while starts one run, with all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<Batch>,
    /// How many runs may start within a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttle: Option<Throttle>,
}

impl Trigger {
    /// The kinds of triggers, as they stand in documents.
    pub const KINDS: [&'static str; 5] = ["schedule", "webhook", "event", "files", "poll"];

    /// The kinds that it has; a right one has one.
    pub fn kinds(&self) -> Vec<&'static str> {
        let there = [
            self.schedule.is_some(),
            self.webhook.is_some(),
            self.event.is_some(),
            self.files.is_some(),
            self.poll.is_some(),
        ];
        let kinds = Self::KINDS.into_iter().zip(there);
        kinds.filter_map(|(kind, is)| is.then_some(kind)).collect()
    }
}

/// What comes again with the same key within the window is a duplicate.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dedupe {
    /// A template over `trigger`.
    pub key: String,
    /// How long a key is remembered; left out: 1d.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Span>,
}

/// A run starts once nothing more has come for `delay`, or `max_delay` after the first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Debounce {
    /// A template over `trigger`: what has the same key belongs together. Left out: all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// How long nothing more must have come.
    pub delay: Span,
    /// How long after the first the run starts at the latest; left out: ten times `delay`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_delay: Option<Span>,
}

/// A run starts with all that came, once there are `count` of it or `time` after the first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// A template over `trigger`: what has the same key belongs together. Left out: all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// How many make a batch full.
    #[schemars(range(min = 1))]
    pub count: u32,
    /// How long after the first the run starts at the latest.
    pub time: Span,
}

/// At most `limit` runs start within `per`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Throttle {
    /// A template over `trigger`: each key has a limit of its own. Left out: one for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// How many.
    #[schemars(range(min = 1))]
    pub limit: u32,
    /// Within which time.
    pub per: Span,
    /// What happens to more than that; left out: it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<Over>,
}

/// What happens to what is over a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// It waits for its turn.
    #[default]
    Queue,
    /// It is skipped.
    Skip,
}

/// When time starts a run: exactly one of `cron`, `every` and `at`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Five fields as in crontab(5), six with seconds first, or `@daily` and its like.
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
    /// No time before this: an RFC 3339 time, or a date of the zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// No time after this: an RFC 3339 time, or the last date of the zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// Dates of the zone without a time: `2027-12-24`, `2027-12-24/2027-12-26`, or each year `12-25`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skip: Vec<String>,
    /// How far runs of several triggers with the same times are spread; each trigger has its own delay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter: Option<Span>,
    /// Which missed times are made up for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catch_up: Option<CatchUp>,
    /// Times that were missed longer ago than this are passed over; left out: 1d.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catch_up_window: Option<Span>,
    /// The most missed times that are made up for at once, the newest; left out: 1500.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub catch_up_max: Option<u32>,
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
    /// The longest body that is taken, in bytes; left out: 1048576.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_body: Option<u64>,
    /// How many verified deliveries are taken within a time; left out: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// Which origins may be granted by the handshake of CloudEvents; left out: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<String>,
}

/// At most `limit` within `per`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// How many.
    #[schemars(range(min = 1))]
    pub limit: u32,
    /// Within which time.
    pub per: Span,
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
