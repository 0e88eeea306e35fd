//! The three calls on which durability rests, behind a trait so that tests can make them fail.

use std::{fmt::Debug, fs::File, io, os::unix::fs::FileExt};

/// Writes and syncs of the log's files.
pub trait Disk: Send + Sync + Debug + 'static {
    /// Writes all of the bytes at an offset.
    fn write_all_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// `fdatasync`.
    fn sync_data(&self, file: &File) -> io::Result<()>;
    /// Whether a fault is set under which the disk must count as full.
    fn is_short(&self) -> bool {
        false
    }
}

/// The real one.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn write_all_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        file.write_all_at(bytes, offset)
    }
    fn sync_data(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }
}

/// Whether an error says that there are as many files open as may be, here or in the system.
pub(crate) fn is_out_of_files(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE))
}

/// Whether an error says that the disk or the quota is full.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}
