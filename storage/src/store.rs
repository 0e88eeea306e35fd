//! What the rest of Druse asks of a store, in its own words. Each backend does it in its own way.

use crate::blob::{BlobHold, NewBlob, SweptBlobs};
use crate::chain::ChainPart;
use crate::disk::is_out_of_files;
use crate::embedded::TakeFile;
use crate::entity::{Entity, RunHead, Table};
use druse_engine::{AutomationId, Digest, Json, RunId, Timestamp, event::Entry, event::Status};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{future::Future, path::PathBuf, pin::Pin, sync::Arc, task};

/// A fact to be made durable.
#[derive(Debug, Clone)]
pub enum Fact {
    /// The next facts of one run, with what lists show about it after them.
    Run {
        /// What the run is like after these entries.
        head: Arc<RunHead>,
        /// Numbered without gaps; the first must follow the last one stored.
        entries: Vec<Entry>,
    },
    /// A run that has ended leaves the history, whole.
    Forget {
        /// The run.
        run: RunId,
        /// Why: `age`, `count`, `quota`.
        reason: String,
        /// When.
        at: Timestamp,
    },
    /// A row of a table is written, or removed.
    Row {
        /// The table.
        table: Table,
        /// Its key.
        key: String,
        /// The row as JSON; `None` removes it.
        value: Option<Json>,
        /// What must be so for the write to happen.
        expect: Expect,
    },
}

/// What must be so about a row when it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Anything.
    Any,
    /// No such row: the write is a claim.
    Absent,
    /// The row is there.
    Present,
}

/// Facts that become durable together or not at all: one record of the log.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// In this order.
    pub facts: Vec<Fact>,
    /// Whether it is let in when the store is short of space or its queue is full
    /// (completions, approvals, cancels): those are never shed.
    pub must_fit: bool,
    /// Blobs that its facts name: held until these are durable.
    pub holds: Vec<Arc<BlobHold>>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds facts of a run.
    #[must_use]
    pub fn run(mut self, head: Arc<RunHead>, entries: Vec<Entry>) -> Self {
        self.facts.push(Fact::Run { head, entries });
        self
    }

    /// Adds a row, whatever was there.
    #[must_use]
    pub fn put<E: Entity>(self, row: &E) -> Self {
        self.row(row, Expect::Any)
    }

    /// Adds a row that must not exist yet.
    #[must_use]
    pub fn claim<E: Entity>(self, row: &E) -> Self {
        self.row(row, Expect::Absent)
    }

    /// Removes a row, or what is not there.
    #[must_use]
    pub fn remove<E: Entity>(self, key: impl Into<String>) -> Self {
        self.without::<E>(key.into(), Expect::Any)
    }

    /// Removes a row that must exist.
    #[must_use]
    pub fn take<E: Entity>(self, key: impl Into<String>) -> Self {
        self.without::<E>(key.into(), Expect::Present)
    }

    fn without<E: Entity>(mut self, key: String, expect: Expect) -> Self {
        self.facts.push(Fact::Row {
            table: E::TABLE,
            key,
            value: None,
            expect,
        });
        self
    }

    /// Lets a run that has ended leave the history.
    #[must_use]
    pub fn forget(mut self, run: RunId, reason: &str, at: Timestamp) -> Self {
        let reason = reason.to_owned();
        self.facts.push(Fact::Forget { run, reason, at });
        self
    }

    /// Holds a blob that a fact of it names until that is durable.
    #[must_use]
    pub fn holding(mut self, blob: Arc<BlobHold>) -> Self {
        self.holds.push(blob);
        self
    }

    fn row<E: Entity>(mut self, row: &E, expect: Expect) -> Self {
        // The text is what is stored: no tree is made of it first.
        let text = serde_json::to_string(row).expect("entities are plain data");
        self.facts.push(Fact::Row {
            table: E::TABLE,
            key: row.key(),
            value: Some(Json::from_trusted_text(text)),
            expect,
        });
        self
    }
}

/// Why a batch was refused. Nothing of it is stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// A row's expectation does not hold.
    #[error("the row {key:?} is not as expected")]
    Conflict {
        /// The table.
        table: Table,
        /// The key.
        key: String,
    },
    /// The entries do not follow the run's last one.
    #[error("run {run} is at entry {last}, which entry {first} does not follow")]
    Sequence {
        /// The run.
        run: RunId,
        /// Its last entry.
        last: u64,
        /// The first of the refused ones.
        first: u64,
    },
    /// A run that is to leave the history is not there, or has not ended.
    #[error("run {run} cannot leave the history: it is not there, or has not ended")]
    NotOver {
        /// The run.
        run: RunId,
    },
    /// The disk is full, or nearly.
    #[error("there is no space left for new work")]
    Full,
    /// Too much waits to be written.
    #[error("too much waits to be written")]
    Busy,
    /// A record is larger than the log takes.
    #[error("a record of {bytes} bytes is larger than the limit of {limit}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The log has failed; the process must end.
    #[error("the log has failed")]
    Failed,
}

/// A place in the log: the number of a record, from 1.
pub type Position = u64;

/// A promise that a batch is durable. Order is fixed when it is handed out; dropping it does not undo the write.
pub struct Ticket(pub tokio::sync::oneshot::Receiver<Result<Position, AppendError>>);

impl Future for Ticket {
    type Output = Result<Position, AppendError>;
    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> task::Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(cx)
            .map(|answer| answer.unwrap_or(Err(AppendError::Failed)))
    }
}

impl Ticket {
    /// Blocks the thread until the batch is durable. Not for use on an async worker.
    pub fn wait(self) -> Result<Position, AppendError> {
        self.0.blocking_recv().unwrap_or(Err(AppendError::Failed))
    }
}

/// Damaged records that follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingRecords {
    /// The number of the last one.
    pub last: Position,
    /// One sentence about them, without a full stop.
    pub text: String,
}

/// Why a read failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadError {
    /// The bytes are damaged; what they belonged to is fenced off.
    #[error("{0}")]
    Damaged(String),
    /// The disk did not give them.
    #[error("{0}")]
    Io(String),
    /// The process, or the system, has as many files open as it may: it goes on when others are closed.
    #[error("{0}")]
    Busy(String),
}

impl ReadError {
    /// Whether the next try may give what this one did not: nothing is known to be damaged.
    pub fn is_transient(&self) -> bool {
        !matches!(self, Self::Damaged(_))
    }

    /// What it means that a file cannot be read.
    pub(crate) fn of(what: &str, error: &std::io::Error) -> Self {
        let text = format!("{what}: {error}");
        match is_out_of_files(error) {
            true => Self::Busy(text),
            false => Self::Io(text),
        }
    }
}

/// Which runs a list wants; `None` means any.
#[derive(Debug, Clone, Default)]
pub struct RunQuery {
    /// Of this automation.
    pub automation: Option<AutomationId>,
    /// With this status.
    pub status: Option<Status>,
    /// Begun in this way (`kind` of the cause).
    pub cause: Option<String>,
    /// With these values of inputs, by name; a dot goes into an object.
    pub inputs: Vec<(String, String)>,
    /// With these labels.
    pub labels: Vec<(String, String)>,
    /// Created at or after.
    pub since: Option<Timestamp>,
    /// Created before.
    pub until: Option<Timestamp>,
    /// Only runs older than this one (the cursor).
    pub before: Option<RunId>,
    /// At most this many.
    pub limit: usize,
}

impl RunQuery {
    /// Whether a run is one of those that are searched for, by what its head says; where the search goes on and how
    /// many it gives is not looked at.
    pub fn fits(&self, head: &RunHead) -> bool {
        self.automation.is_none_or(|id| head.automation == Some(id))
            && self.status.is_none_or(|status| head.status == status)
            && self.since.is_none_or(|since| head.created_at >= since)
            && self.until.is_none_or(|until| head.created_at < until)
            && crate::embedded::fits(head, self)
    }
}

/// Where a scan of a table goes on.
#[derive(Debug, Clone, Default)]
pub struct Scan {
    /// Only keys that begin with this.
    pub prefix: String,
    /// Only keys after this one, in the direction of the scan.
    pub after: Option<String>,
    /// Largest key first.
    pub descending: bool,
    /// At most this many.
    pub limit: usize,
}

/// A store. Writes are ordered by the call of `append` and acknowledged by the ticket; a read sees every
/// batch whose ticket has been answered.
pub trait Store: Send + Sync + 'static {
    /// Checks the expectations, fixes the order, and has the batch written. Never blocks on the disk.
    fn append(&self, batch: Batch) -> Result<Ticket, AppendError>;

    /// A row.
    fn row(&self, table: Table, key: &str) -> Result<Option<Value>, ReadError>;

    /// Rows in the order of their keys.
    fn rows(&self, table: Table, scan: &Scan) -> Result<Vec<(String, Value)>, ReadError>;

    /// What lists show about a run.
    fn run_head(&self, run: RunId) -> Result<Option<Arc<RunHead>>, ReadError>;

    /// A run's facts after `after_seq`, in order, at most `limit`.
    fn run_entries(
        &self,
        run: RunId,
        after_seq: u64,
        limit: usize,
    ) -> Result<Vec<Entry>, ReadError>;

    /// A run's facts as they are written, with the links of its chain of hashes, in order.
    fn run_chain(&self, run: RunId) -> Result<Vec<ChainPart>, ReadError>;

    /// Records of the log that are damaged, and in which runs may have begun of which nothing else is known, as the start
    /// found them.
    fn missing(&self) -> Vec<MissingRecords>;

    /// The number of the record that holds a fact of a run, by the fact's number; nothing where there is no such run,
    /// or its facts were written again since, and stood further in front before.
    fn position(&self, run: RunId, seq: u64) -> Result<Option<Position>, ReadError>;

    /// Runs, youngest first.
    fn runs(&self, query: &RunQuery) -> Result<Vec<Arc<RunHead>>, ReadError>;

    /// The runs that have not ended, oldest first.
    fn live_runs(&self) -> Result<Vec<RunId>, ReadError>;

    /// Keeps bytes as a file named by their digest, durable when it returns. Blocks on the disk.
    fn put_blob(&self, bytes: &[u8]) -> Result<BlobHold, AppendError>;

    /// A blob that is written piece by piece. For work that goes on: only a full disk refuses it.
    fn new_blob(&self) -> Result<Box<dyn NewBlob>, AppendError>;

    /// Holds a blob that is there, as if it had just been written; nothing when it is not there.
    fn hold_blob(&self, digest: &Digest) -> Result<Option<BlobHold>, ReadError>;

    /// The file of a blob, to be read piece by piece. What is in it was not checked.
    fn open_blob(&self, digest: &Digest) -> Result<Option<std::fs::File>, ReadError>;

    /// Looks for blobs that nothing names, and with `remove` removes them. Blocks on the disk; a backup and
    /// this wait for each other.
    fn sweep_blobs(&self, remove: bool) -> Result<SweptBlobs, ReadError>;

    /// The bytes of a blob.
    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, ReadError>;

    /// Whether the process before this one ended in order, with everything written: then nothing that it
    /// left in the middle can have killed it.
    fn stopped_cleanly(&self) -> bool;

    /// Says that what a death of the process interrupted goes on from here. Until then closing the store
    /// leaves no mark of a clean stop where none was: whoever only looked has taken nothing up.
    fn take_up(&self);

    /// Whether new work is let in: false while the disk is full or nearly.
    fn accepts_work(&self) -> bool;

    /// How it does.
    fn health(&self) -> StoreHealth;

    /// The newest durable record.
    fn log_head(&self) -> LogHead;

    /// How much of the disk the history takes, and how much of that is still needed. Reads the whole index.
    fn usage(&self) -> Result<Usage, ReadError>;

    /// Bytes of the log and of files that were written so far, as a count that only grows: two of them say what
    /// came in between. Reads nothing.
    fn written_bytes(&self) -> u64;

    /// Runs that have ended, oldest first, after one of them, at most `limit`. From the beginning, it waits
    /// a moment for what has just ended.
    fn oldest_ended(&self, after: Option<RunId>, limit: usize) -> Result<Vec<EndedRun>, ReadError>;

    /// Gives back the oldest stretch of the log, once what is still needed of it stands further on. Blocks
    /// on the disk, in small pieces; nothing else waits for it.
    fn compact(&self) -> Result<Compacted, CompactError>;

    /// Hands over each file of a copy that ends with the newest durable record, while writing goes on.
    /// Gives that record. Blocks on the disk.
    fn back_up(&self, take: &mut TakeFile<'_>) -> Result<LogHead, ReadError>;

    /// From now on, or no longer, the history takes more than it may, and none of it can go: new work is
    /// refused.
    fn set_over_quota(&self, over: bool);
}

/// How a store does, for whoever looks after it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreHealth {
    /// Where it keeps its files.
    pub folder: PathBuf,
    /// Number of the newest durable record.
    pub head: Position,
    /// Whether the log has failed.
    pub failed: bool,
    /// Whether no new work is taken for want of space.
    pub full: bool,
    /// Whether no new work is taken because the history takes more than it may.
    pub over_quota: bool,
    /// What was found damaged at the start, one sentence each.
    pub damage: Vec<String>,
    /// Changes that are durable and that the index does not have yet.
    pub index_lag: usize,
    /// Bytes of the log's files.
    pub log_bytes: u64,
    /// Bytes that are free on its disk, if the system says.
    pub free_bytes: Option<u64>,
    /// Bytes of its disk, if the system says.
    pub disk_bytes: Option<u64>,
}

/// A record of the log, by number and hash. Who keeps one elsewhere can tell later whether the log still
/// holds all up to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogHead {
    /// Its number; 0 in an empty log.
    pub number: Position,
    /// SHA-256 of its bytes.
    pub digest: Digest,
}

/// What the history takes of the disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of the log's files, without what is only prepared.
    pub log_bytes: u64,
    /// Bytes of it that are still needed.
    pub live_bytes: u64,
    /// Of these, bytes of runs that have ended.
    pub ended_bytes: u64,
    /// Runs that have ended.
    pub ended: u64,
    /// Runs that have not.
    pub live: u64,
    /// Stretches of the log that are whole and can be given back.
    pub segments: u64,
}

/// A run that has ended, as far as the index tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedRun {
    /// The run.
    pub run: RunId,
    /// Whose.
    pub automation: Option<AutomationId>,
    /// When it ended; when it began, where that is not known.
    pub ended_at: Timestamp,
    /// What its journal takes of the log.
    pub bytes: u64,
}

/// What giving back a stretch of the log came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Bytes that were given back; 0 when there was nothing to give back.
    pub freed: u64,
    /// Bytes that were written again.
    pub moved: u64,
    /// Runs among them.
    pub runs: u64,
    /// Rows among them.
    pub rows: u64,
}

/// Why a stretch of the log cannot be given back. Nothing is lost by trying.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CompactError {
    /// What is damaged is not thrown away.
    #[error("the oldest part of the log is damaged and is kept: {0}")]
    Damaged(String),
    /// It cannot be written or read.
    #[error("the log cannot be compacted: {0}")]
    Append(#[from] AppendError),
    /// The disk.
    #[error("the log cannot be compacted: {0}")]
    Io(String),
}

impl From<ReadError> for CompactError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Damaged(text) => Self::Damaged(text),
            ReadError::Io(text) | ReadError::Busy(text) => Self::Io(text),
        }
    }
}

/// Reads of typed rows, on top of any store.
pub trait StoreExt: Store {
    /// A typed row.
    fn get<E: Entity>(&self, key: &str) -> Result<Option<E>, ReadError> {
        self.row(E::TABLE, key)?
            .map(|value| {
                serde_json::from_value(value).map_err(|error| ReadError::Damaged(error.to_string()))
            })
            .transpose()
    }

    /// Typed rows in the order of their keys.
    fn scan<E: Entity>(&self, scan: &Scan) -> Result<Vec<E>, ReadError> {
        self.rows(E::TABLE, scan)?
            .into_iter()
            .map(|(_, value)| {
                serde_json::from_value(value).map_err(|error| ReadError::Damaged(error.to_string()))
            })
            .collect()
    }
}

impl<S: Store + ?Sized> StoreExt for S {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_open_files_are_no_damage_and_no_fault_of_the_disk() {
        let of = |code| {
            ReadError::of(
                "it cannot be read",
                &std::io::Error::from_raw_os_error(code),
            )
        };
        assert!(matches!(of(libc::EMFILE), ReadError::Busy(_)));
        assert!(matches!(of(libc::ENFILE), ReadError::Busy(_)));
        assert!(matches!(of(libc::EIO), ReadError::Io(_)));
    }
}
