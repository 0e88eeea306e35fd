//! The one thread that writes: takes all that waits, and writes it run by run.

use super::{LogPiece, LogStream, Taken, lock};
use crate::runtime::clock;
use druse_engine::RunId;
use druse_storage::step_log::LogFolder;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::{mpsc, oneshot, watch};

/// Messages that are written together.
const TOGETHER: usize = 256;

pub(super) enum Message {
    /// Something to be written.
    Piece {
        run: RunId,
        piece: LogPiece,
        /// Whether it is written even where a run has all that it may have.
        must: bool,
        /// Grows by what is not written.
        left_out: Arc<AtomicU64>,
    },
    /// An attempt has ended; what of it is not there is said.
    End {
        run: RunId,
        step: String,
        attempt: u32,
        left_out: Arc<AtomicU64>,
    },
    /// Answered when all before it is written.
    Flush(oneshot::Sender<()>),
}

pub(super) struct Writer {
    pub(super) folder: LogFolder,
    /// Bytes of a run's file.
    pub(super) limit: u64,
    pub(super) messages: mpsc::Receiver<Message>,
    pub(super) followed: Arc<Mutex<HashMap<RunId, watch::Sender<()>>>>,
    pub(super) bytes: Arc<Taken>,
    /// Whether there is space on the disk.
    pub(super) room: Box<dyn Fn() -> bool + Send>,
    /// Whether it was said that nothing can be written.
    pub(super) said: bool,
}

impl Writer {
    pub(super) fn run(mut self) {
        while let Some(first) = self.messages.blocking_recv() {
            let mut runs: BTreeMap<RunId, Vec<Message>> = BTreeMap::new();
            let mut flushed = Vec::new();
            let mut next = Some(first);
            for number in 1..=TOGETHER {
                match next {
                    Some(Message::Flush(done)) => flushed.push(done),
                    Some(message @ (Message::Piece { run, .. } | Message::End { run, .. })) => {
                        runs.entry(run).or_default().push(message);
                    }
                    None => break,
                }
                // What is taken from the queue is written.
                next = (number < TOGETHER)
                    .then(|| self.messages.try_recv().ok())
                    .flatten();
            }
            let room = (self.room)();
            for (run, waiting) in runs {
                self.write(run, waiting, room);
            }
            for done in flushed {
                let _ = done.send(());
            }
        }
    }

    fn write(&mut self, run: RunId, waiting: Vec<Message>, room: bool) {
        let mut counted = BTreeSet::new();
        let written = if room {
            self.append(run, &waiting, &mut counted)
        } else {
            Err(io::ErrorKind::StorageFull.into())
        };
        match written {
            Ok(bytes) => {
                self.said = false;
                self.bytes.more(bytes);
            }
            Err(error) => {
                for (index, message) in waiting.iter().enumerate() {
                    if let Message::Piece {
                        piece, left_out, ..
                    } = message
                        && !counted.contains(&index)
                    {
                        left_out.fetch_add(piece.text.len() as u64, Ordering::Relaxed);
                    }
                }
                if !self.said {
                    self.said = true;
                    tracing::warn!(%error, "what steps write cannot be kept");
                }
            }
        }
        if let Some(follower) = lock(&self.followed).get(&run) {
            follower.send_replace(());
        }
    }

    /// `counted` are those that are over the run's limit.
    fn append(
        &self,
        run: RunId,
        waiting: &[Message],
        counted: &mut BTreeSet<usize>,
    ) -> io::Result<u64> {
        let mut file = self.folder.open(run)?;
        let mut lines = Vec::new();
        for (index, message) in waiting.iter().enumerate() {
            match message {
                Message::Piece {
                    piece,
                    must,
                    left_out,
                    ..
                } => {
                    let line = piece.line();
                    let after = file.length() + (lines.len() + line.len()) as u64;
                    if after > self.limit && !must {
                        left_out.fetch_add(piece.text.len() as u64, Ordering::Relaxed);
                        counted.insert(index);
                    } else {
                        lines.extend_from_slice(&line);
                    }
                }
                Message::End {
                    step,
                    attempt,
                    left_out,
                    ..
                } => {
                    let bytes = left_out.load(Ordering::Relaxed);
                    if bytes > 0 {
                        lines.extend_from_slice(&missing(step, *attempt, bytes).line());
                    }
                }
                Message::Flush(_) => {}
            }
        }
        if !lines.is_empty() {
            file.append(&lines)?;
        }
        Ok(lines.len() as u64)
    }
}

/// Says that something is not there.
pub(super) fn missing(step: &str, attempt: u32, bytes: u64) -> LogPiece {
    LogPiece {
        at: clock::now(),
        step: step.to_owned(),
        attempt,
        stream: LogStream::Note,
        text: format!("{bytes} bytes of this attempt are not kept\n"),
        left_out: bytes,
    }
}
