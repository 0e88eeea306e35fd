//! A disk that fails on command, for tests of what a store does then; and a store, for tests of what others do.

mod reads;

pub use reads::FaultyReads;

use crate::disk::{Disk, RealDisk};
use std::{
    fs::File,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
};

/// A real disk with faults. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct FaultyDisk(Arc<Faults>);

#[derive(Debug, Default)]
struct Faults {
    full: AtomicBool,
    short: AtomicBool,
    /// Writes until one fails; 0 and below: none will.
    write_in: AtomicI64,
    /// Syncs until one fails; 0 and below: none will.
    sync_in: AtomicI64,
    /// Writes until one writes only half and fails; 0 and below: none will.
    short_in: AtomicI64,
    syncs: AtomicU64,
    /// Writes for which there was no space.
    refused: AtomicU64,
}

impl FaultyDisk {
    /// A disk without a fault so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on, or no longer, every write says that there is no space.
    pub fn set_full(&self, full: bool) {
        self.0.full.store(full, Ordering::SeqCst);
    }

    /// From now on, or no longer, there is hardly any space left, and what is written still fits.
    pub fn set_short(&self, short: bool) {
        self.0.short.store(short, Ordering::SeqCst);
    }

    /// The `nth` write from now on, counted from 1, fails with an I/O error.
    pub fn fail_write(&self, nth: u32) {
        self.0.write_in.store(nth.into(), Ordering::SeqCst);
    }

    /// The `nth` write from now on writes only its first half and fails.
    pub fn cut_write(&self, nth: u32) {
        self.0.short_in.store(nth.into(), Ordering::SeqCst);
    }

    /// The `nth` sync from now on fails.
    pub fn fail_sync(&self, nth: u32) {
        self.0.sync_in.store(nth.into(), Ordering::SeqCst);
    }

    /// For how many writes there was no space.
    pub fn refused(&self) -> u64 {
        self.0.refused.load(Ordering::SeqCst)
    }

    /// How many syncs there were.
    pub fn syncs(&self) -> u64 {
        self.0.syncs.load(Ordering::SeqCst)
    }
}

fn due(counter: &AtomicI64) -> bool {
    counter.fetch_sub(1, Ordering::SeqCst) == 1
}

impl Disk for FaultyDisk {
    fn write_all_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        if self.0.full.load(Ordering::SeqCst) {
            self.0.refused.fetch_add(1, Ordering::SeqCst);
            let _ = RealDisk.write_all_at(file, &bytes[..bytes.len() / 3], offset);
            return Err(io::ErrorKind::StorageFull.into());
        }
        if due(&self.0.short_in) {
            RealDisk.write_all_at(file, &bytes[..bytes.len() / 2], offset)?;
            return Err(io::Error::other("a write was cut short on command"));
        }
        if due(&self.0.write_in) {
            return Err(io::Error::other("a write failed on command"));
        }
        RealDisk.write_all_at(file, bytes, offset)
    }

    fn sync_data(&self, file: &File) -> io::Result<()> {
        self.0.syncs.fetch_add(1, Ordering::SeqCst);
        if due(&self.0.sync_in) {
            return Err(io::Error::other("a sync failed on command"));
        }
        RealDisk.sync_data(file)
    }

    fn is_short(&self) -> bool {
        self.0.full.load(Ordering::SeqCst) || self.0.short.load(Ordering::SeqCst)
    }
}
