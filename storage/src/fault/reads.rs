//! A store of which reads fail on command.

use crate::blob::{BlobHold, NewBlob, SweptBlobs};
use crate::chain::ChainPart;
use crate::embedded::TakeFile;
use crate::entity::{RunHead, Table};
use crate::store::{
    AppendError, Batch, CompactError, Compacted, EndedRun, LogHead, MissingRecords, Position,
    ReadError, RunQuery, Scan, Store, StoreHealth, Ticket, Usage,
};
use druse_engine::{Digest, RunId, event::Entry};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs::File,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A store of which some reads fail, as when too many files are open or a disk is at fault. Clones share their faults.
#[derive(Clone)]
pub struct FaultyReads {
    store: Arc<dyn Store>,
    faults: Arc<Mutex<Faults>>,
}

#[derive(Default)]
struct Faults {
    runs: BTreeSet<RunId>,
    tables: BTreeSet<u8>,
    of_disk: bool,
    refused: u64,
}

impl FaultyReads {
    /// A store without a fault so far.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            faults: Arc::default(),
        }
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on, or no longer, neither the head nor the facts of a run can be read.
    pub fn set_unread(&self, run: RunId, unread: bool) {
        let mut faults = self.faults();
        match unread {
            true => faults.runs.insert(run),
            false => faults.runs.remove(&run),
        };
    }

    /// From now on, or no longer, no row of a table can be read.
    pub fn set_table_unread(&self, table: Table, unread: bool) {
        let mut faults = self.faults();
        match unread {
            true => faults.tables.insert(table as u8),
            false => faults.tables.remove(&(table as u8)),
        };
    }

    /// From now on, or no longer, what fails does so because of the disk, and not because too many files are open.
    pub fn set_of_disk(&self, of_disk: bool) {
        self.faults().of_disk = of_disk;
    }

    /// How many reads have failed so far.
    pub fn refused(&self) -> u64 {
        self.faults().refused
    }

    fn of_run(&self, run: RunId) -> Result<(), ReadError> {
        let mut faults = self.faults();
        let fails = faults.runs.contains(&run);
        faults.answer(fails)
    }

    fn of_table(&self, table: Table) -> Result<(), ReadError> {
        let mut faults = self.faults();
        let fails = faults.tables.contains(&(table as u8));
        faults.answer(fails)
    }
}

impl Faults {
    fn answer(&mut self, fails: bool) -> Result<(), ReadError> {
        if !fails {
            return Ok(());
        }
        self.refused += 1;
        let error = "a read failed on command".into();
        Err(match self.of_disk {
            true => ReadError::Io(error),
            false => ReadError::Busy(error),
        })
    }
}

impl Store for FaultyReads {
    fn append(&self, batch: Batch) -> Result<Ticket, AppendError> {
        self.store.append(batch)
    }

    fn row(&self, table: Table, key: &str) -> Result<Option<Value>, ReadError> {
        self.of_table(table)?;
        self.store.row(table, key)
    }

    fn rows(&self, table: Table, scan: &Scan) -> Result<Vec<(String, Value)>, ReadError> {
        self.of_table(table)?;
        self.store.rows(table, scan)
    }

    fn run_head(&self, run: RunId) -> Result<Option<Arc<RunHead>>, ReadError> {
        self.of_run(run)?;
        self.store.run_head(run)
    }

    fn run_entries(
        &self,
        run: RunId,
        after_seq: u64,
        limit: usize,
    ) -> Result<Vec<Entry>, ReadError> {
        self.of_run(run)?;
        self.store.run_entries(run, after_seq, limit)
    }

    fn run_chain(&self, run: RunId) -> Result<Vec<ChainPart>, ReadError> {
        self.of_run(run)?;
        self.store.run_chain(run)
    }

    fn missing(&self) -> Vec<MissingRecords> {
        self.store.missing()
    }

    fn position(&self, run: RunId, seq: u64) -> Result<Option<Position>, ReadError> {
        self.of_run(run)?;
        self.store.position(run, seq)
    }

    fn runs(&self, query: &RunQuery) -> Result<Vec<Arc<RunHead>>, ReadError> {
        self.store.runs(query)
    }

    fn live_runs(&self) -> Result<Vec<RunId>, ReadError> {
        self.store.live_runs()
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<BlobHold, AppendError> {
        self.store.put_blob(bytes)
    }

    fn new_blob(&self) -> Result<Box<dyn NewBlob>, AppendError> {
        self.store.new_blob()
    }

    fn hold_blob(&self, digest: &Digest) -> Result<Option<BlobHold>, ReadError> {
        self.store.hold_blob(digest)
    }

    fn open_blob(&self, digest: &Digest) -> Result<Option<File>, ReadError> {
        self.store.open_blob(digest)
    }

    fn sweep_blobs(&self, remove: bool) -> Result<SweptBlobs, ReadError> {
        self.store.sweep_blobs(remove)
    }

    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, ReadError> {
        self.store.blob(digest)
    }

    fn stopped_cleanly(&self) -> bool {
        self.store.stopped_cleanly()
    }

    fn take_up(&self) {
        self.store.take_up();
    }

    fn accepts_work(&self) -> bool {
        self.store.accepts_work()
    }

    fn health(&self) -> StoreHealth {
        self.store.health()
    }

    fn log_head(&self) -> LogHead {
        self.store.log_head()
    }

    fn usage(&self) -> Result<Usage, ReadError> {
        self.store.usage()
    }

    fn written_bytes(&self) -> u64 {
        self.store.written_bytes()
    }

    fn oldest_ended(&self, after: Option<RunId>, limit: usize) -> Result<Vec<EndedRun>, ReadError> {
        self.store.oldest_ended(after, limit)
    }

    fn compact(&self) -> Result<Compacted, CompactError> {
        self.store.compact()
    }

    fn back_up(&self, take: &mut TakeFile<'_>) -> Result<LogHead, ReadError> {
        self.store.back_up(take)
    }

    fn set_over_quota(&self, over: bool) {
        self.store.set_over_quota(over);
    }
}
