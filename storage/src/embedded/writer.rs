//! The one thread that writes: takes all that waits, writes it at once, syncs once, answers all.

use super::Shared;
use super::core::Pending;
use super::segment::{HEADER, Header, Mark};
use crate::disk::{is_full, is_out_of_files};
use crate::record::frame::Place;
use crate::store::AppendError;
use sha2::{Digest as _, Sha256};
use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    sync::Arc,
    time::Duration,
};

/// Between two tries to write while the disk is full.
const AGAIN: Duration = Duration::from_millis(50);
/// Bytes after which the free space is looked at again.
const LOOK: usize = 8 << 20;

pub(crate) struct Writer {
    shared: Arc<Shared>,
    segment: u32,
    file: File,
    /// Bytes written to the current segment.
    end: u64,
    head: Mark,
    scratch: Vec<u8>,
    /// Bytes written since the free space was looked at.
    unseen: usize,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, segment: u32, file: File, head: Mark) -> Self {
        Self {
            shared,
            segment,
            file,
            end: head.end.offset(),
            head,
            scratch: Vec::new(),
            unseen: 0,
        }
    }

    pub(crate) fn run(mut self) {
        while let Some(mut batch) = self.take() {
            match self.write(&batch) {
                Ok(()) => self.publish(&mut batch),
                Err(error) => {
                    self.fail(&error, &mut batch);
                    return;
                }
            }
        }
    }

    fn take(&self) -> Option<Vec<Pending>> {
        let mut core = self.shared.lock();
        loop {
            if !core.queue.is_empty() {
                return Some(std::mem::take(&mut core.queue));
            }
            if core.closing {
                return None;
            }
            core.writer_waits = true;
            core = self.shared.wait(&self.shared.written, core);
            core.writer_waits = false;
        }
    }

    fn write(&mut self, batch: &[Pending]) -> io::Result<()> {
        let mut rest = batch;
        while let Some(first) = rest.first() {
            let segment = first.place.segment();
            let count = rest
                .iter()
                .take_while(|pending| pending.place.segment() == segment)
                .count();
            let (now, later) = rest.split_at(count);
            if segment != self.segment {
                self.roll(segment, first.number)?;
            }
            let mut scratch = std::mem::take(&mut self.scratch);
            let bytes: &[u8] = match now {
                [one] => &one.frame,
                many => {
                    scratch.clear();
                    many.iter()
                        .for_each(|pending| scratch.extend_from_slice(&pending.frame));
                    &scratch
                }
            };
            self.put(bytes, first.place.offset())?;
            self.shared.options.disk.sync_data(&self.file)?;
            if scratch.capacity() > 4 << 20 {
                scratch = Vec::new();
            }
            self.scratch = scratch;
            self.unseen += now.iter().map(|one| one.frame.len()).sum::<usize>();
            if self.unseen >= LOOK {
                self.unseen = 0;
                self.shared.space.look_again();
            }
            if let Some(last) = now.last() {
                self.end = last.place.offset() + last.frame.len() as u64;
                self.head = Mark {
                    number: last.number,
                    place: last.place,
                    end: Place::new(segment, self.end),
                    hash: Sha256::digest(&last.frame[..last.length]).into(),
                };
            }
            rest = later;
        }
        Ok(())
    }

    /// Writes, and waits for space where there is none: what is ordered is never taken back.
    fn put(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        loop {
            let error = match self
                .shared
                .options
                .disk
                .write_all_at(&self.file, bytes, offset)
            {
                Ok(()) => return Ok(()),
                Err(error) if is_full(&error) => error,
                Err(error) => return Err(error),
            };
            let mut core = self.shared.lock();
            if !core.full {
                tracing::error!("the disk is full: no new work is taken until there is space");
            }
            core.full = true;
            if core.closing {
                return Err(error);
            }
            drop(core);
            if !self.shared.space.release_ballast() {
                let core = self.shared.lock();
                drop(self.shared.wait_for(&self.shared.written, core, AGAIN));
            }
            self.shared.space.look_again();
        }
    }

    fn roll(&mut self, segment: u32, first: u64) -> io::Result<()> {
        // What is left of the old segment is not needed; not worth a sync of its own.
        let _ = self.file.set_len(self.end);
        let header = Header {
            segment,
            first,
            capacity: self.shared.options.segment_bytes,
            previous_hash: self.head.hash,
        };
        let path = self.shared.segments.path(segment);
        self.file = match self.shared.space.take(&path) {
            Some(file) => file,
            None => self.opened(|| create(&path))?,
        };
        self.segment = segment;
        self.put(&header.encode(), 0)?;
        self.shared.options.disk.sync_data(&self.file)?;
        let folder = self.opened(|| File::open(self.shared.segments.folder()))?;
        folder.sync_all()?;
        self.end = HEADER;
        Ok(())
    }

    /// Opens a file, and waits for others to be closed where no more may be open: what is ordered is never
    /// taken back.
    fn opened(&self, open: impl Fn() -> io::Result<File>) -> io::Result<File> {
        let mut said = false;
        loop {
            let error = match open() {
                Err(error) if is_out_of_files(&error) => error,
                done => return done,
            };
            if !std::mem::replace(&mut said, true) {
                tracing::error!(%error, "the log waits until other files are closed");
            }
            let core = self.shared.lock();
            if core.closing {
                return Err(error);
            }
            drop(self.shared.wait_for(&self.shared.written, core, AGAIN));
        }
    }

    fn publish(&self, batch: &mut [Pending]) {
        let bytes: usize = batch.iter().map(|pending| pending.frame.len()).sum();
        let mut core = self.shared.lock();
        core.durable = self.head;
        core.in_flight -= batch.len();
        core.in_flight_bytes -= bytes;
        if core.applier_waits {
            self.shared.applied.notify_one();
        }
        drop(core);
        for pending in batch {
            if let Some(answer) = pending.answer.take() {
                let _ = answer.send(Ok(pending.number));
            }
        }
    }

    fn fail(&self, error: &io::Error, batch: &mut [Pending]) {
        let reason = format!("the log could not be written: {error}");
        tracing::error!(%error, "the log could not be written; nothing more is accepted");
        let mut core = self.shared.lock();
        core.failed = true;
        let mut queue = std::mem::take(&mut core.queue);
        drop(core);
        self.shared.applied.notify_all();
        let _ = self.shared.failure.send(Some(reason));
        for pending in batch.iter_mut().chain(&mut queue) {
            if let Some(answer) = pending.answer.take() {
                let _ = answer.send(Err(AppendError::Failed));
            }
        }
    }
}

/// A new file for a segment.
pub(crate) fn create(path: &std::path::Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}
