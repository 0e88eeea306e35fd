//! What steps write while they run: taken as it comes, without secrets, within limits, and handed to one
//! thread that writes it. A step that writes nothing meets none of this; the journal holds none of it.

mod attempt;
mod writer;

pub use attempt::AttemptLog;
pub use druse_storage::step_log::{LogPage, LogPiece, LogQuery, LogStream};

use crate::runtime::clock;
use crate::secret::Secrets;
use druse_engine::RunId;
use druse_storage::step_log::LogFolder;
use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot, watch};
use writer::{Message, Writer};

/// Messages that may wait to be written. A program that writes faster is made to wait.
const QUEUE: usize = 256;

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub struct LogLimits {
    /// Bytes of an attempt that are kept as they come. A piece counts 64 bytes more than its text.
    pub attempt: usize,
    /// Bytes of the end of an attempt that are kept beside these, once it has ended.
    pub tail: usize,
    /// Bytes of a run's file.
    pub run: u64,
}

impl Default for LogLimits {
    /// 1 MiB of an attempt and its last 64 KiB, 16 MiB of a run.
    fn default() -> Self {
        Self {
            attempt: 1 << 20,
            tail: 64 << 10,
            run: 16 << 20,
        }
    }
}

/// The logs of all steps. Cheap to clone; the default one keeps nothing.
#[derive(Clone, Default)]
pub struct StepLogs(Option<Arc<Shared>>);

struct Shared {
    folder: LogFolder,
    limits: LogLimits,
    secrets: Arc<Secrets>,
    queue: mpsc::Sender<Message>,
    /// Who follows which run.
    followed: Arc<Mutex<HashMap<RunId, watch::Sender<()>>>>,
    /// What all files take, once it was asked for.
    bytes: Arc<Taken>,
}

/// Bytes of all files. Nobody counts until somebody asks: that looks at each file.
#[derive(Default)]
pub(crate) struct Taken {
    known: Mutex<bool>,
    bytes: AtomicU64,
}

impl Taken {
    fn more(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn less(&self, bytes: u64) {
        let _ = self
            .bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| {
                Some(now.saturating_sub(bytes))
            });
    }
}

impl std::fmt::Debug for StepLogs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StepLogs")
            .field("kept", &self.0.is_some())
            .finish()
    }
}

impl StepLogs {
    /// Logs below a data folder. `room` says whether there is space for them.
    ///
    /// # Errors
    /// When the thread that writes them cannot be started.
    pub fn below(
        data: &Path,
        secrets: Arc<Secrets>,
        limits: LogLimits,
        room: impl Fn() -> bool + Send + 'static,
    ) -> io::Result<Self> {
        let folder = LogFolder::of(data);
        let (queue, messages) = mpsc::channel(QUEUE);
        let followed = Arc::default();
        let bytes: Arc<Taken> = Arc::default();
        let writer = Writer {
            folder: folder.clone(),
            limit: limits.run,
            messages,
            followed: Arc::clone(&followed),
            bytes: bytes.clone(),
            room: Box::new(room),
            said: false,
        };
        std::thread::Builder::new()
            .name("step-log".into())
            .spawn(|| writer.run())?;
        Ok(Self(Some(Arc::new(Shared {
            folder,
            limits,
            secrets,
            queue,
            followed,
            bytes,
        }))))
    }

    /// The log of an attempt.
    pub fn of(&self, run: RunId, step: &str, attempt: u32) -> AttemptLog {
        AttemptLog::new(self, run, step, attempt)
    }

    /// Says something about an attempt, without waiting. It must hold no secret.
    pub fn note(&self, run: RunId, step: &str, attempt: u32, text: &str) {
        let Some(shared) = &self.0 else { return };
        let piece = LogPiece {
            at: clock::now(),
            step: step.to_owned(),
            attempt,
            stream: LogStream::Note,
            text: format!("{text}\n"),
            left_out: 0,
        };
        let _ = shared.queue.try_send(Message::Piece {
            run,
            piece,
            must: true,
            left_out: Arc::default(),
        });
    }

    /// Waits until all that was taken so far is written.
    pub async fn flush(&self) {
        let Some(shared) = &self.0 else { return };
        let (done, written) = oneshot::channel();
        if shared.queue.send(Message::Flush(done)).await.is_ok() {
            let _ = written.await;
        }
    }

    /// Pieces of a run that are written. Blocks on the disk.
    ///
    /// # Errors
    /// When they are there and cannot be read.
    pub fn read(&self, run: RunId, query: &LogQuery) -> io::Result<LogPage> {
        match &self.0 {
            Some(shared) => shared.folder.read(run, query),
            None => Ok(LogPage::default()),
        }
    }

    /// Changes whenever more of a run is written.
    pub fn follow(&self, run: RunId) -> watch::Receiver<()> {
        let Some(shared) = &self.0 else {
            return watch::Sender::new(()).subscribe();
        };
        let mut followed = lock(&shared.followed);
        followed.retain(|known, sender| *known == run || sender.receiver_count() > 0);
        let sender = followed
            .entry(run)
            .or_insert_with(|| watch::Sender::new(()));
        sender.subscribe()
    }

    /// Removes what a run's steps wrote; gives the bytes that come back. Blocks on the disk.
    pub fn remove(&self, run: RunId) -> u64 {
        let Some(shared) = &self.0 else { return 0 };
        match shared.folder.remove(run) {
            Ok(bytes) => {
                shared.bytes.less(bytes);
                bytes
            }
            Err(error) => {
                tracing::warn!(%run, %error, "what the steps of a run wrote cannot be removed");
                0
            }
        }
    }

    /// What a run's steps take of the disk.
    pub fn bytes(&self, run: RunId) -> u64 {
        self.0.as_ref().map_or(0, |shared| shared.folder.bytes(run))
    }

    /// What all of them take of the disk. Blocks on it the first time.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn all_bytes(&self) -> io::Result<u64> {
        let Some(shared) = &self.0 else { return Ok(0) };
        let taken = &shared.bytes;
        let mut known = taken.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !*known {
            // What is written meanwhile may count twice: a little too much, until the next start.
            taken.bytes.store(0, Ordering::Relaxed);
            taken.more(shared.folder.all_bytes()?);
            *known = true;
        }
        Ok(taken.bytes.load(Ordering::Relaxed))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
