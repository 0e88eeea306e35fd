//! Space ahead of need: the next segment, written with zeros while nothing waits for it, and the
//! ballast that is let go when the disk is full.

use super::Shared;
use super::writer::create;
use crate::disk::is_full;
use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

const PIECE: usize = 1 << 20;
/// Between two pieces, so that the log's own syncs come first.
const PACE: Duration = Duration::from_millis(2);
/// Between two looks at the free space.
const LOOK: Duration = Duration::from_secs(10);
/// Between two tries while the disk is full.
const SHORT_LOOK: Duration = Duration::from_millis(200);

#[derive(Default)]
struct Next {
    file: Option<File>,
    written: u64,
    closing: bool,
    look: bool,
}

pub(crate) struct Space {
    next: Mutex<Next>,
    wake: Condvar,
    path: PathBuf,
    ballast: PathBuf,
    has_ballast: AtomicBool,
}

impl Space {
    pub(crate) fn new(data: &Path, log: &Path) -> Self {
        let ballast = data.join("ballast");
        Self {
            next: Mutex::default(),
            wake: Condvar::new(),
            path: log.join("next"),
            has_ballast: AtomicBool::new(ballast.exists()),
            ballast,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Next> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The prepared file, as far as it is prepared, under its new name.
    pub(crate) fn take(&self, path: &Path) -> Option<File> {
        let mut next = self.lock();
        let file = next.file.take()?;
        next.written = 0;
        self.wake.notify_one();
        fs::rename(&self.path, path).ok().map(|()| file)
    }

    /// Lets the ballast go; false when there is none.
    pub(crate) fn release_ballast(&self) -> bool {
        self.has_ballast.swap(false, Ordering::Relaxed) && fs::remove_file(&self.ballast).is_ok()
    }

    /// Has the free space looked at now.
    pub(crate) fn look_again(&self) {
        self.lock().look = true;
        self.wake.notify_one();
    }

    /// Looks at the free space itself; when it is short, says so and has it watched.
    pub(crate) fn found_short(&self, shared: &Shared) -> bool {
        let short = self.is_short(shared);
        if short {
            self.say(shared, true);
            self.look_again();
        }
        short
    }

    pub(crate) fn close(&self) {
        self.lock().closing = true;
        self.wake.notify_one();
    }

    /// The thread's life.
    pub(crate) fn run(&self, shared: &Arc<Shared>) {
        let zeros = vec![0; PIECE];
        let mut zeros = Some(zeros);
        loop {
            let mut next = self.lock();
            if next.closing {
                return;
            }
            next.look = false;
            let target = shared.options.segment_bytes;
            let (mut short, mut failed) = (false, false);
            if shared.options.prepare && next.written < target {
                let piece = zeros.get_or_insert_with(|| vec![0; PIECE]);
                match self.extend(shared, &mut next, piece, target) {
                    Ok(file) => {
                        drop(next);
                        let _ = shared.options.disk.sync_data(&file);
                        std::thread::sleep(PACE);
                        continue;
                    }
                    Err(error) => {
                        failed = true;
                        short = is_full(&error);
                        // That there is no space is said once, below.
                        if !short {
                            tracing::warn!(%error, "the next segment of the log cannot be prepared");
                        }
                    }
                }
            } else {
                zeros = None;
            }
            drop(next);
            if !short && let Err(error) = self.load_ballast(shared) {
                short = is_full(&error);
            }
            short |= self.is_short(shared);
            self.say(shared, short);
            let next = self.lock();
            let pause = if short { SHORT_LOOK } else { LOOK };
            if !next.closing
                && !next.look
                && (next.file.is_some() || failed || !shared.options.prepare)
            {
                drop(
                    self.wake
                        .wait_timeout(next, pause)
                        .unwrap_or_else(PoisonError::into_inner),
                );
            }
        }
    }

    fn say(&self, shared: &Shared, short: bool) {
        let mut core = shared.lock();
        if core.full == short {
            return;
        }
        core.full = short;
        drop(core);
        if short {
            tracing::warn!("there is hardly any space left on the disk: no new work is taken");
        } else {
            tracing::info!("there is space on the disk again");
        }
    }

    fn extend(
        &self,
        shared: &Shared,
        next: &mut Next,
        piece: &[u8],
        target: u64,
    ) -> io::Result<File> {
        let file = match &next.file {
            Some(file) => file.try_clone()?,
            None => {
                // One left over from an earlier life holds nothing but zeros.
                let file = OpenOptions::new()
                    .read(true)
                    .write(true)
                    .create(true)
                    .truncate(false)
                    .mode(0o600)
                    .open(&self.path)?;
                let length = file.metadata()?.len();
                next.written = if length <= target { length } else { 0 };
                if length > target {
                    file.set_len(0)?;
                }
                next.file = Some(file.try_clone()?);
                file
            }
        };
        let count = (target - next.written).min(piece.len() as u64) as usize;
        if count > 0 {
            shared
                .options
                .disk
                .write_all_at(&file, &piece[..count], next.written)?;
            next.written += count as u64;
        }
        Ok(file)
    }

    fn load_ballast(&self, shared: &Shared) -> io::Result<()> {
        let size = shared.options.ballast_bytes;
        if size == 0 || self.has_ballast.load(Ordering::Relaxed) || shared.lock().full {
            return Ok(());
        }
        let file = create(&self.ballast)?;
        let made = nix::fcntl::fallocate(
            &file,
            nix::fcntl::FallocateFlags::empty(),
            0,
            i64::try_from(size).unwrap_or(0),
        );
        match made {
            Ok(()) => {
                self.has_ballast.store(true, Ordering::Relaxed);
                Ok(())
            }
            Err(error) => {
                let _ = fs::remove_file(&self.ballast);
                Err(error.into())
            }
        }
    }

    fn is_short(&self, shared: &Shared) -> bool {
        if shared.options.disk.is_short() {
            return true;
        }
        free(&self.ballast.with_file_name("")).is_some_and(|free| free < shared.options.least_free)
    }
}

/// The bytes that are free where a path is, if the system says.
fn free(path: &Path) -> Option<u64> {
    figures(path).map(|(free, _)| free)
}

/// The bytes that are free where a path is, and all that there are, if the system says.
pub(crate) fn figures(path: &Path) -> Option<(u64, u64)> {
    let figures = nix::sys::statvfs::statvfs(path).ok()?;
    let block = figures.fragment_size();
    Some((figures.blocks_available() * block, figures.blocks() * block))
}

/// Lets the ballast of a folder go that could not be opened for want of space, so that what is there can
/// at least be read. False when that is not the reason.
pub(crate) fn make_room(data: &Path) -> bool {
    let ballast = data.join("ballast");
    let Ok(kept) = fs::metadata(&ballast) else {
        return false;
    };
    free(data).is_some_and(|free| free < kept.len()) && fs::remove_file(&ballast).is_ok()
}
