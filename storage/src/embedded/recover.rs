//! Opening: what the index lacks is read from the log, a torn tail is cut, the threads start.

use super::core::{Core, Slot};
use super::index::Index;
use super::scan::{Damage, End, Met, scan};
use super::segment::{HEADER, Header, Mark, Segments};
use super::space::{self, Space};
use super::writer::{self, Writer};
use super::{Embedded, OpenError, Options, Shared, applier, base, blob, collect, folder, rebuild};
use crate::SCRATCH;
use crate::entity::LogDamage;
use crate::record::frame::{Frame, Place};
use crate::store::{Batch, Store as _, StoreExt as _, Ticket};
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
    let store = match attempt(path, options.clone()) {
        Err(OpenError::Io(error)) if space::make_room(path) => {
            tracing::warn!(%error, "there is no space to open the data folder: its reserve is given up");
            attempt(path, options.clone())?
        }
        answer => answer?,
    };
    if !note(&store, options.accept_loss) {
        return Ok(store);
    }
    // Whoever was held because of it is held no longer.
    drop(store);
    fs::remove_dir_all(path.join("index"))?;
    attempt(path, options)
}

/// Writes down what is damaged, where that is not done yet: from then on a record after it shows that it was durable.
/// Gives whether something that cannot be told is accepted by it for the first time.
fn note(store: &Embedded, accept: bool) -> bool {
    let mut batch = Batch {
        must_fit: true,
        ..Batch::new()
    };
    let mut accepts = false;
    for gap in &store.gaps {
        let noted = store.get::<LogDamage>(&LogDamage::key_of(gap.first));
        let noted = noted.ok().flatten().filter(|row| row.last == gap.last);
        let newly = accept && gap.unnamed;
        if noted.is_some() && !newly {
            continue;
        }
        accepts |= newly;
        batch = batch.put(&LogDamage {
            first: gap.first,
            last: gap.last,
            accepted: newly || noted.is_some_and(|row| row.accepted),
            at: collect::now(),
        });
    }
    if batch.facts.is_empty() {
        return false;
    }
    match store.append(batch).map(Ticket::wait) {
        Ok(Ok(_)) => accepts,
        Ok(Err(error)) | Err(error) => {
            tracing::warn!(%error, "what is damaged in the log cannot be written down");
            false
        }
    }
}

pub(super) fn attempt(path: &Path, options: Options) -> Result<Embedded, OpenError> {
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

    let stopped = fs::read(log.join("head"))
        .ok()
        .and_then(|bytes| Mark::decode(&bytes))
        .unwrap_or_default();
    let mut damage = Vec::new();
    let indexed = index.applied();
    let gaps = index.gaps()?;
    let is_told = |found: &Damage| {
        gaps.iter()
            .any(|gap| (gap.first..=gap.last).contains(&found.last))
    };
    let stands = if gaps.iter().any(|gap| gap.is_whole(&segments)) {
        tracing::info!("what was damaged in the log can be read again: the index is made anew");
        Standing::Another
    } else {
        standing(&segments, indexed)?
    };
    let (from, known) = match stands {
        Standing::Whole => (indexed, Vec::new()),
        // A record that was damaged before the index had it stays one of which nothing is known.
        Standing::Damaged(found) if is_told(&found) => (indexed, Vec::new()),
        Standing::Damaged(found) => (indexed, vec![found]),
        Standing::Another => {
            if indexed.number > stopped.number {
                // Kept, so that a refusal for a lost end stays one at the next try.
                folder::replace(&log.join("head"), &indexed.encode())?;
            }
            index.wipe()?;
            (Mark::default(), Vec::new())
        }
    };
    let reached = if indexed.number > stopped.number {
        indexed
    } else {
        stopped
    };
    let mut end = rebuild::fill(
        &segments,
        from,
        reached,
        None,
        known,
        &index,
        &mut |found: Damage| damage.push(found.sentence()),
    )?;
    let gaps = index.gaps()?;
    damage.extend(gaps.iter().map(|gap| gap.text.clone()));
    let stopped_cleanly =
        stopped.number == end.head.number && !log.join(super::INTERRUPTED).exists();
    let expected = reached.number;
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
        gaps,
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

/// What stands where the log has the record that a mark names.
enum Standing {
    Whole,
    /// That record and no other one, damaged.
    Damaged(Damage),
    /// Another one, or nothing.
    Another,
}

fn standing(segments: &Segments, mark: Mark) -> io::Result<Standing> {
    let whole = |bytes: &[u8]| {
        Frame::parse(bytes).is_some_and(|frame| frame.number == mark.number)
            && <[u8; 32]>::from(Sha256::digest(bytes)) == mark.hash
    };
    if mark.number == 0 {
        return Ok(Standing::Whole);
    }
    match segments.frame(mark.place) {
        Ok(bytes) if whole(&bytes) => return Ok(Standing::Whole),
        Ok(_) => return Ok(Standing::Another),
        Err(error) if error.is_transient() => return Err(io::Error::other(error)),
        Err(_) => {}
    }
    let segment = mark.place.segment();
    if !segments.path(segment).exists() {
        return Ok(Standing::Another);
    }
    // It is the same log where the records before lead to this place.
    let Some(header) = segments.header(segment)? else {
        return Ok(Standing::Another);
    };
    let begin = Mark {
        number: header.first.saturating_sub(1),
        end: Place::new(segment, HEADER),
        ..Mark::default()
    };
    let mut found = None;
    scan(segments, begin, mark, |met| -> io::Result<()> {
        if let Met::Damage(damage) = met
            && (damage.first..=damage.last).contains(&mark.number)
            && damage.place <= mark.place
            && (damage.until == mark.end || (damage.until > mark.end && damage.last > mark.number))
        {
            found = Some(damage);
        }
        Ok(())
    })?;
    // What it took with it that comes after is not in the index.
    Ok(found.map_or(Standing::Another, |damage| {
        Standing::Damaged(Damage {
            last: mark.number,
            until: mark.end,
            indexed: true,
            ..damage
        })
    }))
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
