//! Large bodies: files named by the SHA-256 of what is in them.

use super::folder;
use druse_engine::Digest;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

static NONCE: AtomicU64 = AtomicU64::new(0);

/// Where a blob is, below the folder of blobs; nothing for a text that is no digest.
pub(crate) fn path(blobs: &Path, digest: &Digest) -> Option<PathBuf> {
    let hex = digest.hex();
    let right = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    right.then(|| blobs.join(&hex[..2]).join(&hex[2..]))
}

/// Keeps bytes, durable when it returns.
pub(crate) fn put(blobs: &Path, bytes: &[u8]) -> io::Result<Digest> {
    let digest = Digest::of(bytes);
    let Some(path) = path(blobs, &digest) else {
        return Err(io::Error::other("a digest has no path"));
    };
    let folder = blobs.join(&digest.hex()[..2]);
    if fs::metadata(&path).is_ok_and(|found| found.len() == bytes.len() as u64) {
        // The one who made it may not have synced the folder yet.
        File::open(&folder)?.sync_all()?;
        return Ok(digest);
    }
    if !folder.is_dir() {
        folder::make(&folder)?;
        File::open(blobs)?.sync_all()?;
    }
    let temporary = blobs.join(format!(
        "tmp-{}-{}",
        std::process::id(),
        NONCE.fetch_add(1, Ordering::Relaxed)
    ));
    let written = (|| {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, &path)?;
        File::open(&folder)?.sync_all()
    })();
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written.map(|()| digest)
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
        if entry.file_name().to_string_lossy().starts_with("tmp-") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
