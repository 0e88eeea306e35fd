//! Opening: what the index lacks is read from the log, a torn tail is cut, the threads start.

use super::core::{Core, Slot};
use super::index::Index;
use super::scan::{Damage, End};
use super::segment::{HEADER, Header, Mark, Segments};
use super::space::{self, Space};
use super::writer::{self, Writer};
use super::{Embedded, OpenError, Options, Shared, applier, base, blob, folder, rebuild};
use crate::SCRATCH;
use crate::record::frame::{Frame, Place};
use sha2::{Digest as _, Sha256};
use std::{
    collections::VecDeque,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::Path,
    sync::{Arc, Condvar, Mutex, RwLock},
    thread,
};
use tokio::sync::watch;

pub(super) fn open(path: &Path, options: Options) -> Result<Embedded, OpenError> {
    folder::free_or_known(path)?;
    match attempt(path, options.clone()) {
        Err(OpenError::Io(error)) if space::make_room(path) => {
            tracing::warn!(%error, "there is no space to open the data folder: its reserve is given up");
            attempt(path, options)
        }
        answer => answer,
    }
}

fn attempt(path: &Path, options: Options) -> Result<Embedded, OpenError> {
    folder::prepare(path)?;
    let lock = folder::lock(path)?;
    folder::format(path, true)?;
    let log = path.join("log");
    let blobs = path.join("blobs");
    folder::make(&log)?;
    folder::make(&blobs)?;
    blob::sweep(&blobs)?;
    folder::empty(&path.join(SCRATCH));
    let segments = Arc::new(Segments::new(log.clone()));
    let index = Index::open(path.join("index"), options.cache_bytes, segments.clone())?;

    let indexed = index.applied();
    let stopped = fs::read(log.join("head"))
        .ok()
        .and_then(|bytes| Mark::decode(&bytes))
        .unwrap_or_default();
    let mut damage = Vec::new();
    let from = if holds(&segments, indexed) {
        indexed
    } else {
        if indexed.number > stopped.number {
            // Kept, so that a refusal for a lost end stays one at the next try.
            folder::replace(&log.join("head"), &indexed.encode())?;
        }
        index.wipe()?;
        Mark::default()
    };
    let mut end = rebuild::fill(
        &segments,
        from,
        None,
        &|changes| index.apply(changes).map_err(io::Error::other),
        &|run| index.run(run).map_err(io::Error::other),
        &mut |found: Damage| damage.push(found.sentence()),
    )?;
    let stopped_cleanly =
        stopped.number == end.head.number && !log.join(super::INTERRUPTED).exists();
    let expected = indexed.number.max(stopped.number);
    if end.head.number < expected {
        if !options.accept_loss {
            return Err(OpenError::LogTruncated {
                expected,
                found: end.head.number,
            });
        }
        damage.push(format!(
            "records {} to {expected} at the end of the log are lost",
            end.head.number + 1
        ));
        let _ = fs::remove_file(log.join("head"));
    }
    for sentence in &damage {
        tracing::error!("{sentence}");
    }
    let file = settle_end(&segments, &mut end, &options)?;
    base::finish(&segments, &index)?;

    let mut core = Core {
        next: end.head.number + 1,
        at: end.head.end,
        capacity: end.capacity,
        later_capacity: options.segment_bytes,
        durable: end.head,
        youngest_indexed: index.youngest()?,
        epoch: 1,
        ..Core::default()
    };
    for entry in index.live()? {
        core.slots.insert(
            entry.id,
            Slot {
                base: Some(entry),
                versions: VecDeque::new(),
            },
        );
    }
    let shared = Arc::new(Shared {
        space: Space::new(path, &log),
        options,
        core: Mutex::new(core),
        written: Condvar::new(),
        applied: Condvar::new(),
        segments,
        index,
        blobs,
        holds: Arc::default(),
        failure: watch::Sender::new(None),
        kept: RwLock::default(),
        collecting: Mutex::default(),
        folder: path.to_owned(),
    });
    let writer = Writer::new(shared.clone(), end.segment, file, end.head);
    let threads = vec![
        spawn("log-writer", move || writer.run())?,
        spawn("log-index", {
            let shared = shared.clone();
            move || applier::run(&shared)
        })?,
    ];
    let space = spawn("log-space", {
        let shared = shared.clone();
        move || shared.space.run(&shared)
    })?;
    Ok(Embedded {
        shared,
        threads,
        space: Some(space),
        damage,
        stopped_cleanly,
        taken_up: std::sync::atomic::AtomicBool::new(false),
        path: path.to_owned(),
        _lock: lock,
    })
}

fn spawn(name: &str, life: impl FnOnce() + Send + 'static) -> io::Result<thread::JoinHandle<()>> {
    thread::Builder::new()
        .name(name.into())
        .stack_size(512 << 10)
        .spawn(life)
}

/// Whether the log has the record that a mark names.
fn holds(segments: &Segments, mark: Mark) -> bool {
    mark.number == 0
        || segments.frame(mark.place).is_ok_and(|bytes| {
            Frame::parse(&bytes).is_some_and(|frame| frame.number == mark.number)
                && <[u8; 32]>::from(Sha256::digest(&bytes)) == mark.hash
        })
}

/// Makes the end of the log ready for the next record: wipes a torn tail, writes a missing header,
/// makes the first segment.
fn settle_end(segments: &Segments, end: &mut End, options: &Options) -> Result<File, OpenError> {
    let first = end.segment == 0;
    if first {
        end.segment = 1;
        end.capacity = options.first_segment_bytes;
    } else if end.capacity == 0 {
        end.capacity = options.segment_bytes;
    }
    let path = segments.path(end.segment);
    if first || end.headless {
        let file = writer::create(&path)?;
        let header = Header {
            segment: end.segment,
            first: end.head.number + 1,
            capacity: end.capacity,
            previous_hash: end.head.hash,
        };
        let mut block = header.encode();
        block.resize(
            if first {
                end.capacity as usize
            } else {
                block.len()
            },
            0,
        );
        options.disk.write_all_at(&file, &block, 0)?;
        options.disk.sync_data(&file)?;
        File::open(segments.folder())?.sync_all()?;
        end.head.end = Place::new(end.segment, HEADER);
        return Ok(file);
    }
    let file = OpenOptions::new().read(true).write(true).open(&path)?;
    if end.torn {
        let offset = end.head.end.offset();
        let length = file.metadata()?.len();
        let zeros = vec![0; 1 << 16];
        let mut at = offset;
        while at < length {
            let count = (length - at).min(zeros.len() as u64);
            file.write_all_at(&zeros[..count as usize], at)?;
            at += count;
        }
        options.disk.sync_data(&file)?;
        tracing::info!("a torn tail was cut from the log at {}", end.head.end);
    }
    Ok(file)
}
