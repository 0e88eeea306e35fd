//! The store of a single node: an own log that is the truth, and a disposable index beside it.

mod applier;
mod backup;
pub(crate) mod base;
mod blob;
mod collect;
#[cfg(test)]
mod collect_tests;
mod core;
mod edit;
#[cfg(test)]
mod fault_tests;
mod folder;
mod gap;
#[cfg(test)]
mod gap_tests;
mod index;
#[cfg(test)]
mod kill_tests;
mod pack;
mod quiet;
mod read;
mod rebuild;
mod recover;
mod remains;
pub(crate) mod scan;
pub(crate) mod segment;
mod signature;
mod space;
mod tail;
#[cfg(test)]
mod tests;
mod trust;
mod unused;
#[cfg(test)]
mod unused_tests;
mod writer;

pub(crate) use read::fits;

pub use backup::TakeFile;
pub(crate) use blob::get as read_blob;
pub(crate) use folder::{make as make_folder, offline};

use self::core::{Core, Fetched};
use crate::blob::{BlobHold, Holds, NewBlob, SweptBlobs};
use crate::chain::ChainPart;
use crate::disk::{Disk, RealDisk, is_full};
use crate::entity::{RunHead, Table};
use crate::record::{Draft, frame::Frame};
use crate::store::{
    AppendError, Batch, CompactError, Compacted, EndedRun, Fact, LogHead, MissingRecords, Position,
    ReadError, RunQuery, Scan, Store, StoreHealth, Ticket, Usage,
};
use druse_engine::{Digest, RunId, event::Entry};
use gap::Gap;
use index::Index;
use pack::RunEntry;
use segment::Segments;
use serde_json::Value;
use space::Space;
use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};
use tokio::sync::{oneshot, watch};

/// Stands beside the log while nobody has taken up what a killed process had under way.
const INTERRUPTED: &str = "interrupted";

/// How a store is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// Bytes of the first segment, small so that an empty folder is ready at once.
    pub first_segment_bytes: u64,
    /// Bytes of each later segment.
    pub segment_bytes: u64,
    /// Whether the next segment is written with zeros ahead of need.
    pub prepare: bool,
    /// Bytes kept in reserve for completions, approvals and cancels; 0 for none.
    pub ballast_bytes: u64,
    /// Free bytes below which no new work is taken.
    pub least_free: u64,
    /// Bytes that may wait to be written before new work is refused.
    pub queue_bytes: usize,
    /// Batches that may wait to be written before new work is refused.
    pub queue_batches: usize,
    /// Changes by which the index may lag before new work is refused.
    pub index_lag: usize,
    /// Bytes of the index's cache.
    pub cache_bytes: u64,
    /// Opens a log whose end was lost, giving up what is missing.
    pub accept_loss: bool,
    /// What the log's files are written with.
    pub disk: Arc<dyn Disk>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            first_segment_bytes: 1 << 20,
            segment_bytes: 16 << 20,
            prepare: true,
            ballast_bytes: 16 << 20,
            least_free: 64 << 20,
            queue_bytes: 64 << 20,
            queue_batches: 65_536,
            index_lag: 131_072,
            cache_bytes: 4 << 20,
            accept_loss: false,
            disk: Arc::new(RealDisk),
        }
    }
}

impl Options {
    /// Takes next to no disk: for tests and for stores that live for one command.
    pub fn small() -> Self {
        Self {
            first_segment_bytes: 64 << 10,
            segment_bytes: 1 << 20,
            prepare: false,
            ballast_bytes: 0,
            least_free: 0,
            cache_bytes: 1 << 20,
            ..Self::default()
        }
    }
}

/// Why a data folder cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("{} is in use by {}", path.display(), holder(*pid))]
    Locked {
        /// The data folder.
        path: PathBuf,
        /// The other process, where it says so.
        pid: Option<u32>,
    },
    /// A later version of Druse wrote it.
    #[error(
        "{} was written in format {format}, and this version of Druse reads up to {known}; use a newer version", path.display()
    )]
    NewerFormat {
        /// The data folder.
        path: PathBuf,
        /// Its format.
        format: u32,
        /// The newest that is understood here.
        known: u32,
    },
    /// There is something else in it.
    #[error("{} is not a data folder of Druse", .0.display())]
    NotAFolder(PathBuf),
    /// Durable records at the end of the log are gone (`log_truncated`).
    #[error(
        "the log ends at record {found}, but record {expected} was durable: its end is lost; restore a backup, or accept the loss explicitly"
    )]
    LogTruncated {
        /// The last record that was known to be durable.
        expected: u64,
        /// The last one that is there.
        found: u64,
    },
    /// The disk.
    #[error("the data folder cannot be used: {0}")]
    Io(#[from] io::Error),
    /// A read during the opening.
    #[error("the data folder cannot be read: {0}")]
    Read(#[from] ReadError),
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".into(), |pid| format!("process {pid}"))
}

pub(crate) struct Shared {
    options: Options,
    core: Mutex<Core>,
    /// Wakes the writer.
    written: Condvar,
    /// Wakes the applier.
    applied: Condvar,
    segments: Arc<Segments>,
    index: Index,
    space: Space,
    blobs: PathBuf,
    /// Blobs that no durable row names yet.
    holds: Arc<Holds>,
    failure: watch::Sender<Option<String>>,
    /// Held for reading while places in the log are followed, for writing while a segment is removed.
    kept: RwLock<()>,
    /// One part of the log is given back at a time.
    collecting: Mutex<()>,
    /// The data folder.
    folder: PathBuf,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, on: &Condvar, core: MutexGuard<'a, Core>) -> MutexGuard<'a, Core> {
        on.wait(core).unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for<'a>(
        &self,
        on: &Condvar,
        core: MutexGuard<'a, Core>,
        longest: Duration,
    ) -> MutexGuard<'a, Core> {
        on.wait_timeout(core, longest)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    /// While this is held, what places lead to is there. Not to be asked for twice by one thread.
    fn keep_segments(&self) -> RwLockReadGuard<'_, ()> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn fetch(&self, mut wanted: Fetched) -> Result<Fetched, AppendError> {
        let _kept = self.keep_segments();
        let failed = |error: ReadError| {
            tracing::error!(%error, "the index cannot be read");
            AppendError::Busy
        };
        for (run, entry) in &mut wanted.runs {
            *entry = self.index.run(*run).map_err(failed)?;
            if let Some(entry) = entry {
                self.complete(entry).map_err(failed)?;
            }
        }
        for ((table, key), there) in &mut wanted.rows {
            *there = self.index.row(*table, key).map_err(failed)?.is_some();
        }
        Ok(wanted)
    }

    /// Before what an older version of the program cannot read is written for the first time.
    fn raise_format(&self) -> Result<(), AppendError> {
        folder::raise(&self.folder).map_err(|error| {
            tracing::error!(%error, "the format of the data folder cannot be written");
            if is_full(&error) {
                AppendError::Full
            } else {
                AppendError::Failed
            }
        })
    }

    /// Reads what the index keeps of live runs only: the chain's last hash.
    ///
    /// # Errors
    /// When the disk does not give it just now. Only what is damaged is fenced off.
    fn complete(&self, entry: &mut RunEntry) -> Result<(), ReadError> {
        if !entry.status.is_final() {
            return Ok(());
        }
        match self.segments.frame(entry.last) {
            Ok(bytes) => {
                entry.hash = Frame::parse(&bytes)
                    .and_then(|frame| frame.links().filter(|link| link.run == entry.id).last())
                    .map_or([0; 32], |link| link.hash);
            }
            Err(ReadError::Damaged(_)) => entry.fenced = true,
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

fn unread(error: &io::Error) -> ReadError {
    ReadError::of("a stored file cannot be read", error)
}

/// The embedded store. Dropping it writes what waits and closes the folder.
pub struct Embedded {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    space: Option<JoinHandle<()>>,
    damage: Vec<String>,
    /// Records that are missing.
    gaps: Vec<Gap>,
    /// Whether the log ends where the last clean stop left it.
    stopped_cleanly: bool,
    /// Whether what was interrupted goes on from here.
    taken_up: AtomicBool,
    path: PathBuf,
    _lock: folder::Lock,
}

impl Embedded {
    /// Opens a data folder, and makes it where there is none. The folder is held until the store is dropped.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        recover::open(path.as_ref(), options)
    }

    /// Becomes `Some` with a sentence when the log has failed: the process must then end (exit code 74).
    pub fn failure(&self) -> watch::Receiver<Option<String>> {
        self.shared.failure.subscribe()
    }

    /// What was found damaged at the start, one sentence each.
    pub fn damage(&self) -> &[String] {
        &self.damage
    }

    /// Number of the newest durable record; 0 in an empty store.
    pub fn head(&self) -> Position {
        self.shared.lock().durable.number
    }

    /// Blocks until the index has everything that is durable now. For tests and clean stops.
    pub fn settle(&self) {
        let wanted = self.shared.lock().durable.number;
        while !self.shared.lock().failed && self.shared.index.applied().number < wanted {
            self.shared.applied.notify_all();
            std::thread::yield_now();
        }
    }

    fn close(&mut self) {
        self.shared.lock().closing = true;
        self.shared.written.notify_all();
        self.shared.applied.notify_all();
        self.shared.space.close();
        for thread in self.threads.drain(..).chain(self.space.take()) {
            let _ = thread.join();
        }
        let core = self.shared.lock();
        let (failed, head) = (core.failed, core.durable);
        drop(core);
        // The folder of a command's own store may be gone before the store is.
        let clean = self.stopped_cleanly || self.taken_up.load(Ordering::Acquire);
        if !failed
            && self.path.is_dir()
            && let Err(error) = mark_end(&self.path, clean, &head.encode())
        {
            tracing::warn!(%error, "the mark of a clean stop cannot be written");
        }
        self.shared.index.close();
    }
}

/// Says where the log ends, and whether something that a killed process had under way is still to be taken
/// up.
fn mark_end(folder: &Path, clean: bool, head: &[u8]) -> io::Result<()> {
    let log = folder.join("log");
    let interrupted = log.join(INTERRUPTED);
    if !clean {
        folder::replace(&interrupted, b"")?;
    } else if interrupted.exists() {
        std::fs::remove_file(&interrupted)?;
    }
    folder::replace(&log.join("head"), head)
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.close();
    }
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedded")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Store for Embedded {
    fn append(&self, mut batch: Batch) -> Result<Ticket, AppendError> {
        let shared = &*self.shared;
        if batch
            .facts
            .iter()
            .any(|fact| matches!(fact, Fact::Forget { .. }))
        {
            shared.raise_format()?;
        }
        let draft = Draft::encode(&mut batch)?;
        let (answer, ticket) = oneshot::channel();
        let mut fetched = Fetched::default();
        let mut core = shared.lock();
        while let Some(lacks) = core.lacks(&batch, &fetched) {
            drop(core);
            fetched = if lacks.epoch == fetched.epoch {
                let mut more = shared.fetch(lacks)?;
                more.runs.append(&mut fetched.runs);
                more.rows.append(&mut fetched.rows);
                more
            } else {
                shared.fetch(lacks)?
            };
            core = shared.lock();
        }
        if core.failed || core.closing {
            return Err(AppendError::Failed);
        }
        if !batch.must_fit {
            if core.full || core.over_quota {
                return Err(AppendError::Full);
            }
            if core.in_flight_bytes + draft.buffer.len() > shared.options.queue_bytes
                || core.in_flight >= shared.options.queue_batches
                || core.dirty.len() >= shared.options.index_lag
            {
                return Err(AppendError::Busy);
            }
        }
        core.order(batch, draft, &fetched, answer)?;
        if core.writer_waits {
            shared.written.notify_one();
        }
        drop(core);
        Ok(Ticket(ticket))
    }

    fn row(&self, table: Table, key: &str) -> Result<Option<Value>, ReadError> {
        let _kept = self.shared.keep_segments();
        self.shared.read_row(table, key)
    }

    fn rows(&self, table: Table, scan: &Scan) -> Result<Vec<(String, Value)>, ReadError> {
        let _kept = self.shared.keep_segments();
        self.shared.read_rows(table, scan)
    }

    fn run_head(&self, run: RunId) -> Result<Option<Arc<RunHead>>, ReadError> {
        let _kept = self.shared.keep_segments();
        self.shared.read_head(run)
    }

    fn run_entries(
        &self,
        run: RunId,
        after_seq: u64,
        limit: usize,
    ) -> Result<Vec<Entry>, ReadError> {
        let _kept = self.shared.keep_segments();
        self.shared.read_entries(run, after_seq, limit)
    }

    fn run_chain(&self, run: RunId) -> Result<Vec<ChainPart>, ReadError> {
        let _kept = self.shared.keep_segments();
        self.shared.read_chain(run)
    }

    fn missing(&self) -> Vec<MissingRecords> {
        let gaps = self.gaps.iter().filter(|gap| gap.begins);
        let missing = gaps.map(|gap| MissingRecords {
            last: gap.last,
            text: gap.text.clone(),
        });
        missing.collect()
    }

    fn position(&self, run: RunId, seq: u64) -> Result<Option<Position>, ReadError> {
        let _kept = self.shared.keep_segments();
        self.shared.position(run, seq)
    }

    fn runs(&self, query: &RunQuery) -> Result<Vec<Arc<RunHead>>, ReadError> {
        let _kept = self.shared.keep_segments();
        self.shared.read_runs(query)
    }

    fn live_runs(&self) -> Result<Vec<RunId>, ReadError> {
        Ok(self.shared.read_live())
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<BlobHold, AppendError> {
        self.shared.takes_blobs(false)?;
        let put = blob::put(&self.shared.blobs, &self.shared.holds, bytes);
        put.map_err(|error| blob::refused(&error))
    }

    fn new_blob(&self) -> Result<Box<dyn NewBlob>, AppendError> {
        self.shared.takes_blobs(true)?;
        match blob::Writer::new(&self.shared.blobs, &self.shared.holds) {
            Ok(new) => Ok(Box::new(new)),
            Err(error) => Err(blob::refused(&error)),
        }
    }

    fn hold_blob(&self, digest: &Digest) -> Result<Option<BlobHold>, ReadError> {
        blob::hold(&self.shared.blobs, &self.shared.holds, digest).map_err(|error| unread(&error))
    }

    fn open_blob(&self, digest: &Digest) -> Result<Option<std::fs::File>, ReadError> {
        let Some(path) = blob::path(&self.shared.blobs, digest) else {
            return Ok(None);
        };
        match std::fs::File::open(path) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unread(&error)),
        }
    }

    fn sweep_blobs(&self, remove: bool) -> Result<SweptBlobs, ReadError> {
        self.shared
            .sweep_blobs(remove && self.damage.is_empty())
            .map(|mut swept| {
                swept.damaged = !self.damage.is_empty();
                swept
            })
    }

    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, ReadError> {
        match blob::get(&self.shared.blobs, digest) {
            Ok(None) => Ok(None),
            Ok(Some(Ok(bytes))) => Ok(Some(bytes)),
            Ok(Some(Err(()))) => Err(ReadError::Damaged(format!(
                "the stored file {digest} is damaged"
            ))),
            Err(error) => Err(unread(&error)),
        }
    }

    fn stopped_cleanly(&self) -> bool {
        self.stopped_cleanly
    }

    fn take_up(&self) {
        self.taken_up.store(true, Ordering::Release);
    }

    fn accepts_work(&self) -> bool {
        let core = self.shared.lock();
        !core.full && !core.over_quota && !core.failed && !core.closing
    }

    fn log_head(&self) -> LogHead {
        let head = self.shared.lock().durable;
        LogHead {
            number: head.number,
            digest: base::digest(&head.hash),
        }
    }

    fn usage(&self) -> Result<Usage, ReadError> {
        self.shared.usage()
    }

    fn written_bytes(&self) -> u64 {
        let at = self.shared.lock().at;
        let log = u64::from(at.segment()) * self.shared.options.segment_bytes + at.offset();
        log + self.shared.holds.written()
    }

    fn oldest_ended(&self, after: Option<RunId>, limit: usize) -> Result<Vec<EndedRun>, ReadError> {
        if after.is_none() {
            self.shared.catch_up();
        }
        let _kept = self.shared.keep_segments();
        self.shared.oldest_ended(after, limit)
    }

    fn compact(&self) -> Result<Compacted, CompactError> {
        self.shared.collect()
    }

    fn back_up(&self, take: &mut TakeFile<'_>) -> Result<LogHead, ReadError> {
        self.shared.back_up(take)
    }

    fn set_over_quota(&self, over: bool) {
        self.shared.lock().over_quota = over;
    }

    fn health(&self) -> StoreHealth {
        let disk = space::figures(&self.path);
        let core = self.shared.lock();
        StoreHealth {
            folder: self.path.clone(),
            head: core.durable.number,
            failed: core.failed,
            full: core.full,
            over_quota: core.over_quota,
            damage: self.damage.clone(),
            index_lag: core.dirty.len(),
            log_bytes: self.shared.segments.bytes(),
            free_bytes: disk.map(|(free, _)| free),
            disk_bytes: disk.map(|(_, whole)| whole),
        }
    }
}
