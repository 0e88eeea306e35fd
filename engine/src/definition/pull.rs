//! Triggers that look by themselves: at a folder, or at what a service or a database answers.

use crate::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A folder that is watched: each file that comes into it, or changes, starts a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// The name of a `folder` connection.
    pub connection: String,
    /// A folder below it, without `..`; left out: the connection's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Names that are meant, with `*` for any characters and `?` for one; left out: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Names that are not meant, of files and of folders; left out: hidden and unfinished ones (`.*`,
    /// `*.part`, `*.partial`, `*.filepart`, `*.crdownload`, `*.tmp`, `*~`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore: Option<Vec<String>>,
    /// Whether folders inside are watched, too; left out: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recursive: Option<bool>,
    /// What starts a run: one of `complete`, `new` and `changed`, or a list of them; left out: `complete`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<FileEvents>,
    /// How long size and time of a file must have stayed for it to be complete; left out: 2s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settle: Option<Span>,
    /// How often the folder is looked through, whatever the system tells of changes; left out: 30s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Span>,
    /// Whether files that are there when the trigger becomes active start runs, too; left out: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub existing: Option<bool>,
    /// Whether `trigger.digest` is made, for which each file is read; left out: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<bool>,
}

/// What can happen to a file.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum FileEvent {
    /// It is there, perhaps not yet whole.
    New,
    /// It was there, and its size or its time is another.
    Changed,
    /// It is new or was changed, and nobody writes to it any more.
    #[default]
    Complete,
}

impl FileEvent {
    /// The name in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Complete => "complete",
        }
    }
}

/// One thing that can happen to a file, or several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum FileEvents {
    /// One.
    One(FileEvent),
    /// Several.
    Several(Vec<FileEvent>),
}

impl FileEvents {
    /// All of them, as written.
    pub fn all(&self) -> &[FileEvent] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Several(several) => several,
        }
    }
}

/// A service or a database that is asked again and again: each new item of its answer starts a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Poll {
    /// `http` or `sql`: how it is asked.
    pub action: String,
    /// The configuration of that kind; its texts may hold `{{ cursor }}`, null before the first item.
    pub with: Map<String, Value>,
    /// How often.
    pub every: Span,
    /// A bare expression over `output`, what the action gave: the list of items. Left out: `output.json`
    /// for `http`, `output.rows` for `sql`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<String>,
    /// A bare expression over `item`: what makes it one. Left out: all of the item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// A bare expression over `item` and `output`: where the next answer goes on. Left out: nowhere, each
    /// answer holds what may be new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// In which order an answer gives its items; runs start from the oldest on. Left out: `oldest_first`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<ItemOrder>,
    /// Whether items that are there when the trigger becomes active start runs, too; left out: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub existing: Option<bool>,
    /// The most items of one answer that start runs; the others are taken with the next one. Left out: 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub limit: Option<u32>,
    /// How long an answer may take; left out: as for a step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
}

/// In which order an answer gives its items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemOrder {
    /// The oldest is the first.
    #[default]
    OldestFirst,
    /// The newest is the first.
    NewestFirst,
}
