//! The rows of triggers at work: what is made up for, what is collected in windows, and what is sent to
//! subscribers.

use crate::entity::{Entity, Table};
use druse_engine::{
    BackfillId, Digest, EventId, FiringId, RunId, SubscriptionId, Timestamp, TriggerId,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A stretch of missed times that is made up for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Backfill {
    /// Its id.
    pub id: BackfillId,
    /// Whose times.
    pub trigger: TriggerId,
    /// From this time on.
    pub from: Timestamp,
    /// Up to this time.
    pub to: Timestamp,
    /// What people call it; stands in the cause of its runs.
    pub label: Option<String>,
    /// Whether times that have a run are left out.
    pub only_missing: bool,
    /// How many of its runs go at once.
    pub parallel: u32,
    /// Where it stands.
    pub status: BackfillStatus,
    /// Why it ended early.
    pub reason: Option<String>,
    /// How many times there are.
    pub total: u64,
    /// All times up to here are dealt with.
    pub reached: Option<Timestamp>,
    /// How many runs it started.
    pub started: u64,
    /// How many times had a run already.
    pub present: u64,
    /// How many times started none: `when` did not hold, or the inputs were wrong.
    pub refused: u64,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

impl Backfill {
    /// The key of a backfill.
    pub fn key_of(trigger: TriggerId, id: BackfillId) -> String {
        format!("{trigger}/{id}")
    }
}

impl Entity for Backfill {
    const TABLE: Table = Table::Backfill;
    fn key(&self) -> String {
        Self::key_of(self.trigger, self.id)
    }
}

/// Where a backfill stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackfillStatus {
    /// It goes on.
    Running,
    /// All its times are dealt with.
    Done,
    /// A person stopped it.
    Canceled,
    /// It cannot go on.
    Failed,
}

/// What a window is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowKind {
    /// The same key again is a duplicate.
    Dedupe,
    /// The last of what came in quick succession starts a run.
    Debounce,
    /// All that came starts a run.
    Batch,
    /// Runs are counted.
    Throttle,
}

impl WindowKind {
    /// The name in documents and keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dedupe => "dedupe",
            Self::Debounce => "debounce",
            Self::Batch => "batch",
            Self::Throttle => "throttle",
        }
    }
}

/// A window of a trigger, for one key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Whose.
    pub trigger: TriggerId,
    /// What it is for.
    pub kind: WindowKind,
    /// SHA-256 of the key.
    pub digest: Digest,
    /// The key, as far as it can be shown.
    pub key: String,
    /// When the first of what it holds came.
    pub opened_at: Timestamp,
    /// When what it holds is looked at, or when it is forgotten.
    pub due: Timestamp,
    /// How many it holds.
    pub held: u32,
    /// About how many bytes they are.
    pub bytes: u64,
    /// The last starts that are counted, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starts: Vec<Timestamp>,
    /// The first firing with this key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firing: Option<FiringId>,
    /// The run that it started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
}

impl Window {
    /// The key of a window.
    pub fn key_of(trigger: TriggerId, kind: WindowKind, digest: &Digest) -> String {
        format!("{trigger}/{}/{digest}", kind.name())
    }
}

impl Entity for Window {
    const TABLE: Table = Table::Window;
    fn key(&self) -> String {
        Self::key_of(self.trigger, self.kind, &self.digest)
    }
}

/// A firing that waits in a window; what came is in the firing itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// The key of the window.
    pub window: String,
    /// The firing.
    pub firing: FiringId,
    /// Whether its occurrence is claimed.
    pub claimed: bool,
    /// The key of the window by which the same is known as a duplicate, which holds until it is rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedupe: Option<String>,
    /// How the run that it becomes will have begun.
    pub cause: Value,
    /// Digest of what came, where the caller gave the key of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Digest>,
}

impl Entity for Held {
    const TABLE: Table = Table::Held;
    fn key(&self) -> String {
        format!("{}/{}", self.window, self.firing)
    }
}

/// An address that events are sent to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subscription {
    /// Its id.
    pub id: SubscriptionId,
    /// What people call it.
    pub name: String,
    /// Types of events, `*` for any characters.
    pub types: Vec<String>,
    /// Source of events, `*` for any characters.
    pub source: Option<String>,
    /// Subject of events, `*` for any characters.
    pub subject: Option<String>,
    /// An expression over `event` that must hold.
    pub when: Option<String>,
    /// A public address.
    pub url: Option<String>,
    /// A connection of kind `http`.
    pub connection: Option<String>,
    /// The path below the connection.
    pub path: Option<String>,
    /// The name of the secret that signs.
    pub secret: String,
    /// The name of a second secret that signs too, while secrets change.
    pub also: Option<String>,
    /// Whether events are sent.
    pub status: SubscriptionStatus,
    /// Why they are not.
    pub reason: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
}

impl Entity for Subscription {
    const TABLE: Table = Table::Subscription;
    fn key(&self) -> String {
        self.id.to_string()
    }
}

/// Whether events are sent to a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionStatus {
    /// They are.
    Active,
    /// A person stopped it.
    Paused,
    /// The other side said that it is gone.
    Gone,
}

/// An event that is still to be sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outgoing {
    /// To whom.
    pub subscription: SubscriptionId,
    /// What.
    pub event: EventId,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next.
    pub next_at: Timestamp,
    /// What came of the last try.
    pub error: Option<String>,
    /// Since when it waits.
    pub created_at: Timestamp,
}

impl Entity for Outgoing {
    const TABLE: Table = Table::Outgoing;
    fn key(&self) -> String {
        format!("{}/{}", self.subscription, self.event)
    }
}

/// An event that was sent, or given up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    /// To whom.
    pub subscription: SubscriptionId,
    /// What.
    pub event: EventId,
    /// The type of the event.
    pub event_type: String,
    /// Whether the other side took it.
    pub delivered: bool,
    /// How often it was tried.
    pub attempts: u32,
    /// The HTTP status of the last answer.
    pub answered: Option<u16>,
    /// Why it was given up.
    pub error: Option<String>,
    /// Since when it waited.
    pub created_at: Timestamp,
    /// When it ended.
    pub at: Timestamp,
}

impl Entity for Sent {
    const TABLE: Table = Table::Sent;
    fn key(&self) -> String {
        format!("{}/{}", self.subscription, self.event)
    }
}

/// Something that happened inside and is still to be published; durable together with what happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outbox {
    /// Orders what is to be published; the id of the event itself is in `event`.
    pub id: EventId,
    /// The event in the structured form of CloudEvents.
    pub event: Value,
    /// The people behind it, as `user:<name>`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starters: Vec<String>,
}

impl Entity for Outbox {
    const TABLE: Table = Table::Outbox;
    fn key(&self) -> String {
        self.id.to_string()
    }
}
