//! The rows that Druse keeps beside the journals of its runs.

use druse_crystallizer::{Counts, SessionKind, SessionStatus};
use druse_engine::{
    ApprovalId, AutomationId, BackfillId, Digest, EventId, Finding, FiringId, Json, RunId,
    SessionId, Timestamp, TokenId, TriggerId,
    event::{Decision, Failure, Status},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

/// The tables. The numbers are written to disk and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Table {
    /// Automations by id.
    Automation = 1,
    /// Automation ids by name.
    AutomationName = 2,
    /// Versions by `<automation id>/<number, 8 digits>`.
    Version = 3,
    /// Recordings by id.
    Session = 4,
    /// Approvals by id.
    Approval = 5,
    /// Triggers by id.
    Trigger = 6,
    /// Trigger ids by the digest of a webhook's token.
    HookAddress = 7,
    /// Firings by `<trigger id>/<firing id>`.
    Firing = 8,
    /// Claims of a trigger's occurrence by `<trigger id>/<key>`.
    FiringKey = 9,
    /// Events by id.
    Event = 10,
    /// Claims of `<source>\n<id>` of events.
    EventKey = 11,
    /// Answers by caller, path and idempotency key.
    IdempotencyKey = 12,
    /// API tokens by id.
    Token = 13,
    /// Token ids by the SHA-256 of the token.
    TokenDigest = 14,
    /// Sealed secrets by name.
    Secret = 15,
    /// Connections by name.
    Connection = 16,
    /// Settings of the server (the tool map, the setup mark) by name.
    Setting = 17,
    /// The audit log by `<milliseconds, 16 digits>/<request or random id>`.
    Audit = 18,
    /// Runs that use a blob by `<hex digits of its digest>/<run id>`.
    BlobUse = 30,
    /// Backfills by `<trigger id>/<backfill id>`.
    Backfill = 40,
    /// Windows in which a trigger collects or counts by `<trigger id>/<digest of the key>`.
    Window = 41,
    /// Firings that wait in a window by `<window's key>/<firing id>`.
    Held = 42,
    /// Subscriptions by id.
    Subscription = 43,
    /// Events still to be sent by `<subscription id>/<event id>`.
    Outgoing = 44,
    /// Events that were sent, or given up, by `<subscription id>/<event id>`.
    Sent = 45,
    /// What happened inside and is still to be published by event id.
    Outbox = 46,
    /// Where triggers stand that look by themselves, by trigger id.
    Lookout = 47,
    /// Files that were seen by `<trigger id>/<path>`.
    SeenFile = 48,
    /// Items that were seen by `<trigger id>/<SHA-256 of the key>`.
    SeenItem = 49,
    /// Attempts that began over connections with a rate by `<connection>/<number, 20 digits>`.
    RateStart = 50,
    /// Until when connections have to wait, by name.
    RateHold = 51,
    /// Versions that need review by `<automation>/<version, 10 digits>`; earlier ones by the automation alone.
    Review = 52,
    /// Changes of answers that nothing relies on by `<automation>/<version, 10 digits>/<digest of the change>`.
    UnreadChange = 53,
    /// The tools that a version was activated with by `<automation>/<version, 10 digits>`.
    ToolPins = 54,
    /// Names whose token was revoked, by name.
    Revocation = 55,
    /// Sessions of browsers by the SHA-256 of what the browser keeps.
    BrowserSession = 56,
    /// Failed runs that a person has seen, by id.
    SeenRun = 57,
    /// Links to approvals by the SHA-256 of their token.
    ApprovalLink = 60,
    /// Ids of events by `<type>\n<event id>`.
    EventOfType = 61,
    /// Runs that took an event by `<event id>/<run id>/<step>`.
    Woken = 62,
    /// From where on the log is kept; one row.
    LogBase = 63,
    /// What is damaged in the log by the number of the first record that is missing, 20 digits.
    LogDamage = 64,
}

/// A typed row.
pub trait Entity: Serialize + DeserializeOwned {
    /// Where it lives.
    const TABLE: Table;
    /// Its key there.
    fn key(&self) -> String;
}

macro_rules! entity {
    ($name:ty, $table:ident, $self:ident => $key:expr) => {
        impl Entity for $name {
            const TABLE: Table = Table::$table;
            fn key(&$self) -> String {
                $key
            }
        }
    };
}

/// What lists show about a run: its fold without its steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunHead {
    /// The run.
    pub id: RunId,
    /// Absent for a document that was run from a file.
    pub automation: Option<AutomationId>,
    /// The automation's name.
    pub name: String,
    /// The version's number.
    pub version: u32,
    /// The version's digest.
    pub digest: Digest,
    /// Where it stands.
    pub status: Status,
    /// How it began.
    pub cause: Json,
    /// Its inputs.
    pub inputs: Json,
    /// Its outputs, once it succeeded.
    pub outputs: Option<Json>,
    /// Its failure.
    pub error: Option<Failure>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it began to work.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// An automation: a named thing with versions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Automation {
    /// Its id.
    pub id: AutomationId,
    /// Its unique name.
    pub name: String,
    /// Whether a recording or a person made it.
    pub source_type: SourceType,
    /// The recording it came from.
    pub source: Option<Source>,
    /// Draft until first activated.
    pub status: AutomationStatus,
    /// The newest version.
    pub latest_version: u32,
    /// The version that triggers start.
    pub active_version: Option<u32>,
    /// Findings (by id) of which only the audit log says in which version they were acknowledged.
    #[serde(default)]
    pub acknowledged: Vec<String>,
    /// What people have acknowledged; it holds for what stood in that version, and wherever the same stands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acknowledgements: Vec<Acknowledgement>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
entity!(Automation, Automation, self => self.id.to_string());

/// That a person has acknowledged a finding of a version. The version says what it was about: it never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// The finding's id.
    pub finding: String,
    /// The version in which it stood.
    pub version: u32,
    /// That version's digest.
    pub digest: Digest,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Who made an automation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SourceType {
    /// A person wrote it.
    #[serde(rename = "MANUAL")]
    Manual,
    /// It came from a recording.
    #[serde(rename = "CRYSTALLIZED")]
    Crystallized,
}

/// The recording that an automation came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Agent run or chat thread.
    pub kind: SessionKind,
    /// The stored recording.
    pub id: SessionId,
    /// Its digest.
    pub digest: Digest,
}

/// Whether triggers start an automation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AutomationStatus {
    /// Never activated.
    Draft,
    /// Triggers start it.
    Active,
    /// Was active.
    Inactive,
}

/// The claim of an automation's name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AutomationName {
    /// The name.
    pub name: String,
    /// Whose it is.
    pub automation: AutomationId,
}
entity!(AutomationName, AutomationName, self => self.name.clone());

/// An immutable version of an automation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Version {
    /// Whose.
    pub automation: AutomationId,
    /// From 1.
    pub number: u32,
    /// SHA-256 of the canonical JSON.
    pub digest: Digest,
    /// The document.
    pub document: Value,
    /// The YAML as it was written, comments and all.
    #[serde(default)]
    pub source_text: Option<String>,
    /// What the crystallizer said, for a version it made.
    #[serde(default)]
    pub report: Option<Value>,
    /// When.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
}
entity!(Version, Version, self => Version::key_of(self.automation, self.number));

impl Version {
    /// The key of a version.
    pub fn key_of(automation: AutomationId, number: u32) -> String {
        format!("{automation}/{number:08}")
    }
}

/// A stored recording; its bytes are a blob, its normal form another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredSession {
    /// Its id.
    pub id: SessionId,
    /// The address it was posted to.
    pub kind: SessionKind,
    /// The format found.
    pub format: String,
    /// What the recording says about its end.
    pub status: Option<SessionStatus>,
    /// Digest of the recorded bytes: the blob's name.
    pub recording: Digest,
    /// Digest of the normal form: the blob's name.
    pub normal_form: Digest,
    /// Which session of the recording it is, from 0.
    pub index: u32,
    /// The recording agent's name.
    pub agent: Option<String>,
    /// The task.
    pub goal: Option<String>,
    /// The beginning of what people said in it, for searches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// The figures.
    pub counts: Counts,
    /// What was odd.
    pub findings: Vec<Finding>,
    /// When it was stored.
    pub created_at: Timestamp,
}
entity!(StoredSession, Session, self => self.id.to_string());

/// A gate that waits or waited, as the inbox shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// Its id.
    pub id: ApprovalId,
    /// The run that waits.
    pub run: RunId,
    /// The gate's step.
    pub step: String,
    /// The automation.
    pub automation: Option<AutomationId>,
    /// The request as it was frozen in the run's journal.
    pub request: Value,
    /// Where it stands.
    pub status: ApprovalStatus,
    /// The answers so far.
    pub decisions: Vec<Decision>,
    /// When it was asked.
    pub requested_at: Timestamp,
    /// When it ended.
    pub closed_at: Option<Timestamp>,
    /// What has become of it since it was asked; of rows of before this was kept, null.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub since: Value,
}
entity!(Approval, Approval, self => self.id.to_string());

/// A link by which one person decides about one approval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApprovalLink {
    /// SHA-256 of the token; the token itself is not kept.
    pub digest: Digest,
    /// The approval.
    pub approval: ApprovalId,
    /// The name of the person.
    pub person: String,
    /// The role that the person has by it.
    pub role: String,
    /// By whom it was made.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was used: then it is used up.
    #[serde(default)]
    pub used_at: Option<Timestamp>,
}
entity!(ApprovalLink, ApprovalLink, self => self.digest.to_string());

/// Where a gate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalStatus {
    /// It waits.
    Pending,
    /// Enough people said yes.
    Approved,
    /// Somebody said no.
    Rejected,
    /// Nobody answered in time.
    Expired,
    /// The run ended before.
    Canceled,
    /// Somebody sent it back, and it was asked anew.
    SentBack,
    /// What it let through has changed, and it was asked anew.
    Void,
}

/// A trigger of an automation's active version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// Its id, kept over versions.
    pub id: TriggerId,
    /// Whose.
    pub automation: AutomationId,
    /// Its id in the document.
    pub name: String,
    /// The trigger as the document writes it.
    pub definition: Value,
    /// Off while paused or while the automation is not active.
    pub status: TriggerStatus,
    /// The token of a webhook's address, 256 bits; a secret to everybody but editors.
    #[serde(default)]
    pub token: Option<String>,
    /// From when on times count: activation or resumption.
    pub since: Timestamp,
    /// The last scheduled time that was fired or passed over.
    #[serde(default)]
    pub last_scheduled: Option<Timestamp>,
    /// Why it is paused.
    #[serde(default)]
    pub reason: Option<String>,
}
entity!(Trigger, Trigger, self => self.id.to_string());

/// Whether a trigger fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerStatus {
    /// It fires.
    Active,
    /// A person stopped it.
    Paused,
    /// Its automation is not active, or its version no longer has it.
    Inactive,
}

/// Which trigger a webhook's address belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HookAddress {
    /// SHA-256 of the token in the address.
    pub digest: Digest,
    /// The trigger.
    pub trigger: TriggerId,
}
entity!(HookAddress, HookAddress, self => self.digest.to_string());

/// One occurrence of a trigger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Firing {
    /// Its id.
    pub id: FiringId,
    /// Whose.
    pub trigger: TriggerId,
    /// What makes it one: a scheduled time, a delivery id, an event's source and id.
    pub occurrence: String,
    /// The logical time of a schedule.
    pub scheduled_at: Option<Timestamp>,
    /// When it came.
    pub received_at: Timestamp,
    /// What became of it.
    pub status: FiringStatus,
    /// Why.
    pub reason: Option<String>,
    /// The run it started.
    pub run: Option<RunId>,
    /// How long after its time a scheduled firing came, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_ms: Option<u64>,
    /// What expressions saw as `trigger`, or the bytes that could not be read; kept where no run has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Value>,
    /// The firing that this one repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay_of: Option<FiringId>,
    /// The backfill that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backfill: Option<BackfillId>,
    /// The people behind what came, as `user:<name>`; kept with the payload.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starters: Vec<String>,
}
impl Firing {
    /// A firing about which nothing more is known yet.
    pub fn new(
        id: FiringId,
        trigger: TriggerId,
        occurrence: String,
        received_at: Timestamp,
        status: FiringStatus,
    ) -> Self {
        Self {
            id,
            trigger,
            occurrence,
            scheduled_at: None,
            received_at,
            status,
            reason: None,
            run: None,
            late_ms: None,
            payload: None,
            replay_of: None,
            backfill: None,
            starters: Vec::new(),
        }
    }

    /// The key of a firing.
    pub fn key_of(trigger: TriggerId, id: FiringId) -> String {
        format!("{trigger}/{id}")
    }
}
entity!(Firing, Firing, self => Firing::key_of(self.trigger, self.id));

/// What became of a firing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FiringStatus {
    /// It started a run.
    Accepted,
    /// Its `when` did not hold.
    Filtered,
    /// It came before.
    Duplicate,
    /// It was not what it should be.
    Rejected,
    /// The overlap rule or the catch-up rule passed it over.
    Skipped,
    /// It waits for its turn.
    Queued,
}

/// The claim of an occurrence: one firing each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FiringKey {
    /// Whose.
    pub trigger: TriggerId,
    /// What makes it one.
    pub occurrence: String,
    /// The firing that has it.
    pub firing: FiringId,
    /// The run it started.
    pub run: Option<RunId>,
    /// When it came.
    pub at: Timestamp,
    /// Digest of what came, where the caller gave the key of its own: the same key with something else is
    /// no repetition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Digest>,
}
entity!(FiringKey, FiringKey, self => format!("{}/{}", self.trigger, self.occurrence));

/// An event that came or was emitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredEvent {
    /// Its id here.
    pub id: EventId,
    /// The CloudEvents attributes and `data`.
    pub event: Value,
    /// When it came.
    pub received_at: Timestamp,
    /// The runs it started.
    pub runs: Vec<RunId>,
    /// The people behind it, as `user:<name>`: who sent it, or began the run that told it. Of an event that was
    /// kept before this was known there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starters: Vec<String>,
}
entity!(StoredEvent, Event, self => self.id.to_string());

/// The claim of an event's `source` and `id`: the same again answers the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventKey {
    /// CloudEvents `source`.
    pub source: String,
    /// CloudEvents `id`.
    pub id: String,
    /// What it is here.
    pub event: EventId,
    /// When it came.
    pub at: Timestamp,
}
entity!(EventKey, EventKey, self => format!("{}\n{}", self.source, self.id));

/// Which events of a type there are, in the order in which they came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventOfType {
    /// CloudEvents `type`.
    pub event_type: String,
    /// What it is here.
    pub event: EventId,
}
entity!(EventOfType, EventOfType, self => EventOfType::key_of(&self.event_type, self.event));

impl EventOfType {
    /// What the keys of a type begin with.
    pub fn prefix_of(event_type: &str) -> String {
        format!("{event_type}\n")
    }

    /// The key of an event of a type.
    pub fn key_of(event_type: &str, event: EventId) -> String {
        format!("{event_type}\n{event}")
    }
}

/// A run that waited for an event and took it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Woken {
    /// The event.
    pub event: EventId,
    /// The run.
    pub run: RunId,
    /// The step that waited.
    pub step: String,
    /// When.
    pub at: Timestamp,
}
entity!(Woken, Woken, self => format!("{}{}/{}", Woken::prefix_of(self.event), self.run, self.step));

impl Woken {
    /// What the keys of an event begin with.
    pub fn prefix_of(event: EventId) -> String {
        format!("{event}/")
    }
}

/// The first answer to a caller's idempotency key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IdempotencyKey {
    /// Caller and path.
    pub scope: String,
    /// The caller's key.
    pub key: String,
    /// Digest of the request's body.
    pub body: Digest,
    /// What the request made (a run, a session, …), to answer from.
    pub made: Value,
    /// When it was kept.
    pub at: Timestamp,
}
entity!(IdempotencyKey, IdempotencyKey, self => format!("{}\n{}", self.scope, self.key));

/// An API token; the token itself is not kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// What a person calls it; also the user name in audits and approver lists.
    pub name: String,
    /// viewer, operator, approver, editor or admin.
    pub role: String,
    /// SHA-256 of the token.
    pub digest: Digest,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// By whom it was made.
    pub created_by: String,
}
entity!(Token, Token, self => self.id.to_string());

/// Which token has a digest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TokenDigest {
    /// SHA-256 of the token.
    pub digest: Digest,
    /// The token's id.
    pub token: TokenId,
}
entity!(TokenDigest, TokenDigest, self => self.digest.to_string());

/// A name whose token was revoked: whoever it stands for had access once, and has none without another token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Revocation {
    /// The name.
    pub name: String,
    /// When, for the last time.
    pub at: Timestamp,
}
entity!(Revocation, Revocation, self => self.name.clone());

/// A session of a browser. It carries no right of its own: what its person may is read from their token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BrowserSession {
    /// SHA-256 of what the browser keeps.
    pub digest: Digest,
    /// Who signed in: the id of their token, or `uid:<number>`.
    pub id: String,
    /// Their name.
    pub name: String,
    /// The role that they had.
    pub role: String,
    /// When.
    pub begun: Timestamp,
    /// When they did something last, give or take a few minutes.
    pub used: Timestamp,
}
entity!(BrowserSession, BrowserSession, self => self.digest.to_string());

/// A secret, sealed: only the holder of the key reads it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Secret {
    /// Its name.
    pub name: String,
    /// Nonce and ciphertext, base64.
    pub sealed: String,
    /// Goes up with every write; bound into the seal.
    pub version: u32,
    /// When it was written.
    pub updated_at: Timestamp,
}
entity!(Secret, Secret, self => self.name.clone());

/// A connection, as an administrator set it up; secrets only by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    /// Its name.
    pub name: String,
    /// `{kind: http|mcp, …}`.
    pub definition: Value,
    /// When it was written.
    pub updated_at: Timestamp,
}
entity!(Connection, Connection, self => self.name.clone());

/// From where on the log is kept. What stood before was given back: it had left the history, or stands
/// again further on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogBase {
    /// The first segment that is kept.
    pub segment: u32,
    /// The number of the last record before it.
    pub number: u64,
    /// SHA-256 of that record: the header of the first kept segment names it too.
    pub digest: Digest,
    /// When.
    pub at: Timestamp,
}
entity!(LogBase, LogBase, self => { let _ = self; LogBase::KEY.to_owned() });

impl LogBase {
    /// There is one row.
    pub const KEY: &'static str = "base";
}

/// Records that are missing in the log because their bytes are damaged. It is written by the start that finds them:
/// from then on a whole record after them shows that they were there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogDamage {
    /// The number of the first one.
    pub first: u64,
    /// The number of the last one.
    pub last: u64,
    /// Whether a person has accepted that nobody knows whose they were: runs that they do not name go on.
    pub accepted: bool,
    /// When.
    pub at: Timestamp,
}
entity!(LogDamage, LogDamage, self => LogDamage::key_of(self.first));

impl LogDamage {
    /// The key of damage that begins with a record.
    pub fn key_of(first: u64) -> String {
        format!("{first:020}")
    }
}

/// A setting of the server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// Its name (`tools`, `setup`).
    pub name: String,
    /// Its value.
    pub value: Value,
    /// When it was written.
    pub updated_at: Timestamp,
}
entity!(Setting, Setting, self => self.name.clone());

/// One line of the audit log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// When.
    pub at: Timestamp,
    /// Makes the key unique.
    pub nonce: String,
    /// Who: a token's name, `uid:<n>` on the socket.
    pub actor: String,
    /// The id of who: a token's, `uid:<n>`. Of lines of before this was kept, empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub actor_id: String,
    /// What: `automation.activate`, `approval.decide`, …
    pub action: String,
    /// On what.
    pub subject: String,
    /// The automation that it is about; the line is found by it when all else of it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automation: Option<AutomationId>,
    /// The run that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// More.
    #[serde(default)]
    pub details: Value,
}
entity!(Audit, Audit, self => format!("{:016}/{}", self.at.0, self.nonce));
