//! The disposable index in sled: where each ended run is, which runs are live, and every row.
//!
//! Nothing here is the truth. A value that does not check, an error or a panic of the library
//! throws the folder away and fills a new one from the log; callers see only the right answer.

use super::edit::edit;
use super::gap::{Filled, Gap};
use super::pack::{self, RunEntry};
use super::quiet;
use super::rebuild;
use super::segment::{Mark, Segments};
use super::trust;
use crate::entity::Table;
use crate::record::{self, RecordFact, frame::Frame, frame::Place, frame::u32_at, frame::u64_at};
use crate::store::ReadError;
use druse_engine::{AutomationId, Json, RunId};
use std::{
    collections::BTreeMap,
    fs, io,
    ops::{Bound, ControlFlow},
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// Longest text of a row that stands in the index itself; others are read from the log.
const INLINE: usize = 2048;
const RUNS: u8 = b'R';
const BY_AUTOMATION: u8 = b'A';
const LIVE: u8 = b'L';
const ROWS: u8 = b'T';
const GAPS: u8 = b'D';
/// Is there while damage was found and it is not settled yet which runs are held because of it.
const UNSETTLED: &[u8] = b"U";
/// Says how far the index reaches, and by its name in which form: one of another form is made anew.
const MARK: &[u8] = b"M3";

/// The index is not usable as it is.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Broken(pub(crate) String);

impl From<sled::Error> for Broken {
    fn from(error: sled::Error) -> Self {
        Self(error.to_string())
    }
}

/// What a batch of records changes, merged.
#[derive(Default)]
pub(crate) struct Changes {
    pub(crate) runs: BTreeMap<RunId, RunEntry>,
    /// Runs that have left, each with its automation.
    pub(crate) left: BTreeMap<RunId, Option<AutomationId>>,
    pub(crate) rows: BTreeMap<(u8, Arc<str>), RowChange>,
    /// Records that are missing.
    pub(crate) gaps: Vec<Gap>,
    /// Whether it is settled which runs are held because of damage; nothing where none was found.
    pub(crate) settled: Option<bool>,
    pub(crate) mark: Mark,
}

pub(crate) struct RowChange {
    pub(crate) place: Place,
    pub(crate) value: Option<Json>,
}

/// A row as the index has it.
#[derive(Debug, Clone)]
pub(crate) enum IndexedRow {
    Inline(Json),
    At(Place),
}

/// What the runs and rows in the index come to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sums {
    pub(crate) ended: u64,
    pub(crate) ended_bytes: u64,
    pub(crate) live: u64,
    pub(crate) live_bytes: u64,
    pub(crate) row_bytes: u64,
}

pub(crate) struct Index {
    folder: PathBuf,
    cache: u64,
    segments: Arc<Segments>,
    /// Nothing while it could not be made anew, and once it is closed.
    db: RwLock<Option<sled::Db>>,
    applied: Mutex<Mark>,
    closed: AtomicBool,
}

impl Index {
    /// Opens what is there, or begins anew. The mark says how far it reaches.
    pub(crate) fn open(folder: PathBuf, cache: u64, segments: Arc<Segments>) -> io::Result<Self> {
        let mut found = None;
        if trust::trusted(&folder) {
            found = quiet::catch(|| {
                let db = open_sled(&folder, cache)?;
                let mark = read_mark(&db)?;
                Ok::<_, Broken>((db, mark))
            })
            .unwrap_or_else(|panic| Err(Broken(panic)))
            .map_err(|error| tracing::info!(%error, "the index is not usable and is made anew"))
            .ok();
        }
        let (db, mark) = match found {
            Some(found) => found,
            None => (fresh(&folder, cache)?, Mark::default()),
        };
        trust::begin(&folder)?;
        Ok(Self {
            folder,
            cache,
            segments,
            db: RwLock::new(Some(db)),
            applied: Mutex::new(mark),
            closed: AtomicBool::new(false),
        })
    }

    pub(crate) fn applied(&self) -> Mark {
        *self.applied.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Throws everything away.
    pub(crate) fn wipe(&self) -> io::Result<()> {
        let mut db = self.db.write().unwrap_or_else(PoisonError::into_inner);
        drop(db.take());
        *db = Some(fresh(&self.folder, self.cache)?);
        trust::begin(&self.folder)?;
        *self.applied.lock().unwrap_or_else(PoisonError::into_inner) = Mark::default();
        Ok(())
    }

    /// Puts changes in, atomically with the mark that they reach.
    pub(crate) fn apply(&self, changes: &Changes) -> Result<(), ReadError> {
        self.with(|db| write(db, changes))?;
        *self.applied.lock().unwrap_or_else(PoisonError::into_inner) = changes.mark;
        Ok(())
    }

    /// Hands buffered writes to the system.
    pub(crate) fn flush(&self) {
        let _ = self.with(|db| Ok(db.flush().map(|_| ())?));
    }

    /// Closes it so that the next start can trust it.
    pub(crate) fn close(&self) {
        self.flush();
        self.closed.store(true, Ordering::SeqCst);
        let db = self
            .db
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let closed = quiet::catch(|| drop(db)).is_ok();
        if closed && let Err(error) = trust::end(&self.folder) {
            tracing::debug!(%error, "the index will be made anew at the next start");
        }
    }

    /// Runs a piece of work on sled; when it fails or panics, on a new index filled from the log.
    pub(crate) fn with<T>(
        &self,
        work: impl Fn(&sled::Db) -> Result<T, Broken>,
    ) -> Result<T, ReadError> {
        match self.attempt(&work) {
            Ok(value) => Ok(value),
            Err(error) => {
                tracing::warn!(%error, "the index cannot be used as it is and is made anew from the log");
                self.heal()?;
                self.attempt(&work)
                    .map_err(|error| ReadError::Io(format!("the index cannot be used: {error}")))
            }
        }
    }

    fn attempt<T>(&self, work: &impl Fn(&sled::Db) -> Result<T, Broken>) -> Result<T, Broken> {
        let db = self.db.read().unwrap_or_else(PoisonError::into_inner);
        let db = db
            .as_ref()
            .ok_or_else(|| Broken("there is no index".into()))?;
        quiet::catch(|| work(db)).unwrap_or_else(|panic| Err(Broken(panic)))
    }

    fn heal(&self) -> Result<(), ReadError> {
        let failed = |error: &dyn std::fmt::Display| {
            ReadError::Io(format!("the index cannot be made anew: {error}"))
        };
        let mut db = self.db.write().unwrap_or_else(PoisonError::into_inner);
        if self.closed.load(Ordering::SeqCst) {
            return Err(ReadError::Io("the index is closed".into()));
        }
        let old = db.take();
        let _ = quiet::catch(|| drop(old));
        let new = fresh(&self.folder, self.cache).map_err(|error| failed(&error))?;
        trust::begin(&self.folder).map_err(|error| failed(&error))?;
        let upto = self.applied();
        rebuild::fill(
            &self.segments,
            Mark::default(),
            upto,
            Some(upto.number),
            Vec::new(),
            &new,
            &mut |_| {},
        )
        .map_err(|error| failed(&error))?;
        *db = Some(new);
        Ok(())
    }

    /// A run, live or ended.
    pub(crate) fn run(&self, run: RunId) -> Result<Option<RunEntry>, ReadError> {
        self.with(|db| find_any(db, run))
    }

    /// The youngest run that was ever indexed as ended.
    pub(crate) fn youngest(&self) -> Result<Option<RunId>, ReadError> {
        self.with(|db| {
            let mut youngest = None;
            walk_back(db, &[RUNS], None, &mut |entries| {
                youngest = entries.last().map(|entry| entry.id);
                ControlFlow::Break(())
            })?;
            Ok(youngest)
        })
    }

    /// All live runs, oldest first.
    pub(crate) fn live(&self) -> Result<Vec<RunEntry>, ReadError> {
        self.with(all_live)
    }

    /// The records that are missing in the log.
    pub(crate) fn gaps(&self) -> Result<Vec<Gap>, ReadError> {
        self.with(|db| {
            let mut gaps = Vec::new();
            for item in db.scan_prefix([GAPS]) {
                let (_, value) = item?;
                let gap = value
                    .split_first_chunk::<4>()
                    .filter(|(crc, text)| u32::from_le_bytes(**crc) == crc32c::crc32c(text));
                let gap = gap.and_then(|(_, text)| serde_json::from_slice(text).ok());
                gaps.push(gap.ok_or_else(|| Broken("a gap is damaged".into()))?);
            }
            Ok(gaps)
        })
    }

    /// Ended runs, youngest first, older than `before`, that a filter takes, at most `limit`.
    /// The filter may end the walk.
    pub(crate) fn ended(
        &self,
        automation: Option<AutomationId>,
        before: Option<RunId>,
        limit: usize,
        filter: &dyn Fn(&RunEntry) -> ControlFlow<(), bool>,
    ) -> Result<Vec<RunEntry>, ReadError> {
        let mut prefix = vec![RUNS];
        if let Some(automation) = automation {
            prefix[0] = BY_AUTOMATION;
            prefix.extend_from_slice(&automation.0.to_bytes());
        }
        self.with(|db| {
            let mut found = Vec::new();
            walk_back(db, &prefix, before, &mut |entries| {
                for entry in entries.into_iter().rev() {
                    if before.is_some_and(|before| entry.id >= before) {
                        continue;
                    }
                    match filter(&entry) {
                        ControlFlow::Break(()) => return ControlFlow::Break(()),
                        ControlFlow::Continue(true) => found.push(entry),
                        ControlFlow::Continue(false) => {}
                    }
                    if found.len() >= limit {
                        return ControlFlow::Break(());
                    }
                }
                ControlFlow::Continue(())
            })?;
            Ok(found)
        })
    }

    /// Adds everything up.
    pub(crate) fn sums(&self) -> Result<Sums, ReadError> {
        self.with(|db| {
            let mut sums = Sums::default();
            for item in db.scan_prefix([RUNS]) {
                for entry in unpack(&item?.1)? {
                    sums.ended += 1;
                    sums.ended_bytes += entry.bytes;
                }
            }
            for item in db.scan_prefix([LIVE]) {
                for entry in unpack(&item?.1)? {
                    sums.live += 1;
                    sums.live_bytes += entry.bytes;
                }
            }
            for item in db.scan_prefix([ROWS]) {
                let (key, value) = item?;
                let taken = row_bytes(&value).ok_or_else(|| Broken("a row is damaged".into()))?;
                sums.row_bytes += key.len() as u64 + taken;
            }
            Ok(sums)
        })
    }

    /// The oldest runs that have ended, from one on.
    pub(crate) fn oldest_ended(
        &self,
        after: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<RunEntry>, ReadError> {
        self.with(|db| {
            let mut found = Vec::new();
            let low = match after {
                // The pack that holds it begins before it.
                Some(after) => {
                    let key = run_key(&[RUNS], after);
                    let before = db.range([RUNS].to_vec()..=key.clone()).next_back();
                    before.transpose()?.map_or(key, |(key, _)| key.to_vec())
                }
                None => vec![RUNS],
            };
            for item in db.range(low..successor(&[RUNS])) {
                for entry in unpack(&item?.1)? {
                    if after.is_none_or(|after| entry.id > after) && found.len() < limit {
                        found.push(entry);
                    }
                }
                if found.len() >= limit {
                    break;
                }
            }
            Ok(found)
        })
    }

    /// A row.
    pub(crate) fn row(&self, table: u8, key: &str) -> Result<Option<IndexedRow>, ReadError> {
        let key = row_key(table, key);
        self.with(|db| db.get(&key)?.map(|value| unrow(&value)).transpose())
    }

    /// Rows in the order of their keys, at most `limit`.
    pub(crate) fn rows(
        &self,
        table: u8,
        prefix: &str,
        after: Option<&str>,
        descending: bool,
        limit: usize,
    ) -> Result<Vec<(String, IndexedRow)>, ReadError> {
        let first = row_key(table, prefix);
        let after = after.map(|after| row_key(table, after));
        self.with(|db| {
            let mut found = Vec::new();
            let mut take = |item: sled::Result<(sled::IVec, sled::IVec)>| -> Result<bool, Broken> {
                let (key, value) = item?;
                if !key.starts_with(&first) || found.len() >= limit {
                    return Ok(false);
                }
                let key = std::str::from_utf8(&key[2..])
                    .map_err(|_| Broken("a key is not text".into()))?
                    .to_owned();
                found.push((key, unrow(&value)?));
                Ok(true)
            };
            if descending {
                let mut high = successor(&first);
                if let Some(after) = &after
                    && *after < high
                {
                    high.clone_from(after);
                }
                if first < high {
                    for item in db
                        .range((Bound::Included(first.clone()), Bound::Excluded(high)))
                        .rev()
                    {
                        if !take(item)? {
                            break;
                        }
                    }
                }
            } else {
                let low = match &after {
                    Some(after) if *after >= first => Bound::Excluded(after.clone()),
                    _ => Bound::Included(first.clone()),
                };
                for item in db.range((low, Bound::Unbounded)) {
                    if !take(item)? {
                        break;
                    }
                }
            }
            Ok(found)
        })
    }
}

impl Filled for Index {
    fn apply(&self, changes: &Changes) -> io::Result<()> {
        self.apply(changes).map_err(io::Error::other)
    }
    fn run(&self, run: RunId) -> io::Result<Option<RunEntry>> {
        self.run(run).map_err(io::Error::other)
    }
    fn live(&self) -> io::Result<Vec<RunEntry>> {
        self.live().map_err(io::Error::other)
    }
    fn row(&self, table: Table, key: &str) -> io::Result<Option<IndexedRow>> {
        self.row(table as u8, key).map_err(io::Error::other)
    }
}

/// A new one, while it is filled.
impl Filled for sled::Db {
    fn apply(&self, changes: &Changes) -> io::Result<()> {
        write(self, changes).map_err(io::Error::other)
    }
    fn run(&self, run: RunId) -> io::Result<Option<RunEntry>> {
        find_any(self, run).map_err(io::Error::other)
    }
    fn live(&self) -> io::Result<Vec<RunEntry>> {
        all_live(self).map_err(io::Error::other)
    }
    fn row(&self, table: Table, key: &str) -> io::Result<Option<IndexedRow>> {
        let value = self
            .get(row_key(table as u8, key))
            .map_err(io::Error::other)?;
        let row = value.map(|value| unrow(&value));
        row.transpose().map_err(io::Error::other)
    }
}

/// The value of an indexed row.
pub(crate) fn resolve(
    segments: &Segments,
    table: u8,
    key: &str,
    row: IndexedRow,
) -> Result<Json, ReadError> {
    let place = match row {
        IndexedRow::Inline(value) => return Ok(value),
        IndexedRow::At(place) => place,
    };
    let bytes = segments.frame(place)?;
    let damaged = || ReadError::Damaged(format!("the row {key:?} is not in the record at {place}"));
    let frame = Frame::parse(&bytes).ok_or_else(damaged)?;
    let parts = record::sections(frame.body).map_err(|_| damaged())?;
    for (tag, part) in parts.into_iter().rev() {
        if record::is_row(tag)
            && let Ok(RecordFact::Row(row)) = record::decode(frame.format, tag, part)
            && row.table == table
            && row.key == key
        {
            return row.value.ok_or_else(damaged);
        }
    }
    Err(damaged())
}

fn open_sled(folder: &std::path::Path, cache: u64) -> Result<sled::Db, Broken> {
    Ok(sled::Config::new()
        .path(folder)
        .cache_capacity(cache)
        .flush_every_ms(None)
        .mode(sled::Mode::LowSpace)
        .open()?)
}

fn fresh(folder: &std::path::Path, cache: u64) -> io::Result<sled::Db> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    super::folder::make(folder)?;
    quiet::catch(|| open_sled(folder, cache))
        .unwrap_or_else(|panic| Err(Broken(panic)))
        .map_err(|error| io::Error::other(format!("the index cannot be made: {error}")))
}

fn read_mark(db: &sled::Db) -> Result<Mark, Broken> {
    if db.contains_key(UNSETTLED)? {
        return Err(Broken("it was filled in part".into()));
    }
    match db.get(MARK)? {
        None if db.is_empty() => Ok(Mark::default()),
        None => Err(Broken("the index has no mark".into())),
        Some(bytes) => Mark::decode(&bytes).ok_or_else(|| Broken("its mark is damaged".into())),
    }
}

pub(super) fn run_key(prefix: &[u8], run: RunId) -> Vec<u8> {
    let mut key = prefix.to_vec();
    key.extend_from_slice(&run.0.to_bytes());
    key
}

fn row_key(table: u8, key: &str) -> Vec<u8> {
    let mut whole = vec![ROWS, table];
    whole.extend_from_slice(key.as_bytes());
    whole
}

/// The first key after all that begin with this one, which is never all 0xff.
fn successor(prefix: &[u8]) -> Vec<u8> {
    let mut next = prefix.to_vec();
    while let Some(last) = next.pop() {
        if last < 0xff {
            next.push(last + 1);
            break;
        }
    }
    next
}

pub(super) fn unpack(bytes: &[u8]) -> Result<Vec<RunEntry>, Broken> {
    pack::decode(bytes).ok_or_else(|| Broken("a pack of runs is damaged".into()))
}

fn unrow(bytes: &[u8]) -> Result<IndexedRow, Broken> {
    let damaged = || Broken("a row is damaged".into());
    if bytes.len() < 5 || u32_at(bytes, 0) != crc32c::crc32c(&bytes[4..]) {
        return Err(damaged());
    }
    let rest = &bytes[5..];
    match bytes[4] {
        0 => String::from_utf8(rest.to_vec())
            .map(|text| IndexedRow::Inline(Json::from_trusted_text(text)))
            .map_err(|_| damaged()),
        1 if rest.len() == 12 => Ok(IndexedRow::At(Place(u64_at(rest, 0)))),
        _ => Err(damaged()),
    }
}

/// Bytes of a row's text.
fn row_bytes(value: &[u8]) -> Option<u64> {
    match value.get(4)? {
        0 => Some(value.len() as u64 - 5),
        _ => (value.len() == 17).then(|| u64::from(u32_at(value, 13))),
    }
}

fn row_value(value: &Json, place: Place) -> Vec<u8> {
    let mut out = vec![0; 4];
    let text = value.text();
    if text.len() <= INLINE {
        out.push(0);
        out.extend_from_slice(text.as_bytes());
    } else {
        out.push(1);
        out.extend_from_slice(&place.0.to_le_bytes());
        out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    }
    let crc = crc32c::crc32c(&out[4..]);
    out[..4].copy_from_slice(&crc.to_le_bytes());
    out
}

fn find_any(db: &sled::Db, run: RunId) -> Result<Option<RunEntry>, Broken> {
    for prefix in [LIVE, RUNS] {
        let key = run_key(&[prefix], run);
        let Some(item) = db.range([prefix].to_vec()..=key).next_back() else {
            continue;
        };
        let entries = unpack(&item?.1)?;
        if let Ok(at) = entries.binary_search_by_key(&run, |entry| entry.id) {
            return Ok(Some(entries[at].clone()));
        }
    }
    Ok(None)
}

fn all_live(db: &sled::Db) -> Result<Vec<RunEntry>, Broken> {
    let mut live = Vec::new();
    for item in db.scan_prefix([LIVE]) {
        live.extend(unpack(&item?.1)?);
    }
    Ok(live)
}

fn walk_back(
    db: &sled::Db,
    prefix: &[u8],
    before: Option<RunId>,
    visit: &mut dyn FnMut(Vec<RunEntry>) -> ControlFlow<()>,
) -> Result<(), Broken> {
    let high = match before {
        Some(before) => run_key(prefix, before),
        None => successor(prefix),
    };
    for item in db.range(prefix.to_vec()..high).rev() {
        if visit(unpack(&item?.1)?).is_break() {
            break;
        }
    }
    Ok(())
}

fn write(db: &sled::Db, changes: &Changes) -> Result<(), Broken> {
    let mut batch = sled::Batch::default();
    let ended = || changes.runs.values().filter(|run| run.status.is_final());
    let left = || changes.left.keys().map(|run| (*run, None));
    let mut live: BTreeMap<RunId, Option<&RunEntry>> = left().collect();
    live.extend(
        changes
            .runs
            .values()
            .map(|run| (run.id, Some(run).filter(|run| !run.status.is_final()))),
    );
    edit(db, &mut batch, &[LIVE], live.into_iter())?;
    let mut runs: BTreeMap<RunId, Option<&RunEntry>> = left().collect();
    runs.extend(ended().map(|run| (run.id, Some(run))));
    edit(db, &mut batch, &[RUNS], runs.into_iter())?;
    let mut by_automation: BTreeMap<AutomationId, BTreeMap<RunId, Option<&RunEntry>>> =
        BTreeMap::new();
    for (run, automation) in &changes.left {
        if let Some(automation) = automation {
            let runs = by_automation.entry(*automation).or_default();
            runs.insert(*run, None);
        }
    }
    for run in ended() {
        if let Some(automation) = run.automation {
            let runs = by_automation.entry(automation).or_default();
            runs.insert(run.id, Some(run));
        }
    }
    for (automation, runs) in by_automation {
        let mut prefix = vec![BY_AUTOMATION];
        prefix.extend_from_slice(&automation.0.to_bytes());
        edit(db, &mut batch, &prefix, runs.into_iter())?;
    }
    for ((table, key), change) in &changes.rows {
        let key = row_key(*table, key);
        match &change.value {
            Some(value) => batch.insert(key, row_value(value, change.place)),
            None => batch.remove(key),
        }
    }
    for gap in &changes.gaps {
        let mut key = vec![GAPS];
        key.extend_from_slice(&gap.first.to_be_bytes());
        let text = serde_json::to_vec(gap).map_err(|error| Broken(error.to_string()))?;
        let mut value = crc32c::crc32c(&text).to_le_bytes().to_vec();
        value.extend_from_slice(&text);
        batch.insert(key, value);
    }
    match changes.settled {
        Some(false) => batch.insert(UNSETTLED, &[]),
        Some(true) => batch.remove(UNSETTLED),
        None => {}
    }
    batch.insert(MARK, changes.mark.encode().as_slice());
    db.apply_batch(batch)?;
    Ok(())
}
