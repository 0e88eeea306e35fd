//! Large bodies: files named by the SHA-256 of what is in them.

use super::{base, folder};
use crate::blob::{BlobHold, Holds, NewBlob};
use crate::disk::{is_full, is_out_of_files};
use crate::store::AppendError;
use druse_engine::Digest;
use sha2::{Digest as _, Sha256};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

static NONCE: AtomicU64 = AtomicU64::new(0);
/// What the names of blobs begin with that are not whole.
const TEMPORARY: &str = "tmp-";

/// Where a blob is, below the folder of blobs; nothing for a text that is no digest.
pub(crate) fn path(blobs: &Path, digest: &Digest) -> Option<PathBuf> {
    let hex = digest.hex();
    let right = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    right.then(|| blobs.join(&hex[..2]).join(&hex[2..]))
}

/// Keeps bytes, durable when it returns.
pub(super) fn put(blobs: &Path, holds: &Arc<Holds>, bytes: &[u8]) -> io::Result<BlobHold> {
    let hold = holds.take(Digest::of(bytes), bytes.len() as u64);
    if is_there(blobs, hold.digest())? {
        return Ok(hold);
    }
    let mut new = Writer::new(blobs, holds)?;
    new.write_all(bytes)?;
    new.keep()
}

/// A blob that is there already, held; nothing when it is not.
pub(super) fn hold(
    blobs: &Path,
    holds: &Arc<Holds>,
    digest: &Digest,
) -> io::Result<Option<BlobHold>> {
    let Some(path) = path(blobs, digest) else {
        return Ok(None);
    };
    let mut hold = Some(holds.take(digest.clone(), 0));
    let found = match fs::metadata(path) {
        Ok(found) => found.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // Both hold it for a moment, so that it is never free in between.
    let known = holds.take(digest.clone(), found);
    hold.take();
    Ok(Some(known))
}

/// Whether a blob stands already where it belongs, whole and durably.
fn is_there(blobs: &Path, digest: &Digest) -> io::Result<bool> {
    if !matches!(get(blobs, digest)?, Some(Ok(_))) {
        return Ok(false);
    }
    // The one who made it may not have synced the folder yet.
    File::open(blobs.join(&digest.hex()[..2]))?.sync_all()?;
    Ok(true)
}

/// A blob on its way: its digest is known at its end.
pub(super) struct Writer {
    blobs: PathBuf,
    temporary: PathBuf,
    file: File,
    hash: Sha256,
    bytes: u64,
    holds: Arc<Holds>,
}

impl Writer {
    pub(super) fn new(blobs: &Path, holds: &Arc<Holds>) -> io::Result<Self> {
        let nonce = NONCE.fetch_add(1, Ordering::Relaxed);
        let temporary = blobs.join(format!("{TEMPORARY}{}-{nonce}", std::process::id()));
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)?;
        Ok(Self {
            blobs: blobs.to_owned(),
            temporary,
            file,
            hash: Sha256::new(),
            bytes: 0,
            holds: holds.clone(),
        })
    }

    fn keep(self) -> io::Result<BlobHold> {
        self.file.sync_all()?;
        let digest = base::digest(&self.hash.clone().finalize().into());
        let hold = self.holds.take(digest, self.bytes);
        let Some(path) = path(&self.blobs, hold.digest()) else {
            return Err(io::Error::other("a digest has no path"));
        };
        let folder = self.blobs.join(&hold.digest().hex()[..2]);
        if !folder.is_dir() {
            folder::make(&folder)?;
            File::open(&self.blobs)?.sync_all()?;
        }
        // Over one that is there already, too: that one may be damaged, and this one is not.
        fs::rename(&self.temporary, &path)?;
        File::open(&folder)?.sync_all()?;
        self.holds.wrote(self.bytes);
        Ok(hold)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Not there any more where it became a blob.
        let _ = fs::remove_file(&self.temporary);
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl NewBlob for Writer {
    fn finish(self: Box<Self>) -> Result<BlobHold, AppendError> {
        self.keep().map_err(|error| refused(&error))
    }
}

/// What it means that the disk does not take a blob. The log is not in doubt by it: nothing names the blob.
pub(super) fn refused(error: &io::Error) -> AppendError {
    tracing::error!(%error, "a blob cannot be written");
    if is_full(error) {
        AppendError::Full
    } else if is_out_of_files(error) {
        AppendError::Busy
    } else {
        AppendError::Failed
    }
}

/// The bytes of a blob, checked against its name: `Err` with nothing in it when they differ.
pub(crate) fn get(blobs: &Path, digest: &Digest) -> io::Result<Option<Result<Vec<u8>, ()>>> {
    let Some(path) = path(blobs, digest) else {
        return Ok(None);
    };
    match fs::read(path) {
        Ok(bytes) if Digest::of(&bytes) == *digest => Ok(Some(Ok(bytes))),
        Ok(_) => Ok(Some(Err(()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Removes what writers that were killed have left behind.
pub(crate) fn sweep(blobs: &Path) -> io::Result<()> {
    for entry in fs::read_dir(blobs)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The folders that blobs are in, in order.
pub(super) fn folders(blobs: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(blobs)? {
        let name = entry?.file_name().into_string();
        names.extend(name.ok().filter(|name| name.len() == 2));
    }
    names.sort_unstable();
    Ok(names)
}

/// The blobs in one of the folders with the bytes that each takes, in order.
pub(super) fn within(blobs: &Path, folder: &str) -> io::Result<Vec<(Digest, u64)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(blobs.join(folder))? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let Some(digest) = Digest::parse(&format!("sha256:{folder}{name}")) else {
            continue;
        };
        match entry.metadata() {
            Ok(metadata) => found.push((digest, metadata.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    found.sort();
    Ok(found)
}
