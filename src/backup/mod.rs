//! Backups: one file, a tar archive, with all that a data folder needs. It is whole or it is none: its last
//! entry lists every file with its hash, and nothing without it is taken.

mod archive;
mod create;
mod restore;

pub use create::Backup;
pub use restore::{Restore, Restored, check, restore};

use druse_engine::{Digest, Timestamp};
use druse_storage::LogHead;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The media type of a backup.
pub const MEDIA: &str = "application/x-tar";
/// The name of the last entry.
const MANIFEST: &str = "backup.json";
/// The format that is written, and the newest that is read.
const FORMAT: u32 = 1;
/// The key of the secrets, in the data folder and in a backup that holds it.
const KEY: &str = "secret.key";
/// The working folders of runs.
const WORK: &str = "work";

/// What is in a backup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    /// Of the archive: 1.
    pub format: u32,
    /// The version of Druse that made it.
    pub druse_version: String,
    /// When the copy was complete.
    #[schemars(with = "String")]
    pub created_at: Timestamp,
    /// The last record of its log.
    #[schemars(with = "serde_json::Value")]
    pub head: LogHead,
    /// Whether the key of the secrets is within.
    pub with_key: bool,
    /// SHA-256 of every other file, by name.
    #[schemars(with = "BTreeMap<String, String>")]
    pub files: BTreeMap<String, Digest>,
}
