//! The data folder: who may use it, and whether this program understands it.

use super::OpenError;
use nix::fcntl::{Flock, FlockArg};
use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

/// The format that this program writes.
const FORMAT: u32 = 1;
/// The oldest reader that understands what it writes.
const MIN_READER: u32 = 1;

/// Makes a folder that only its owner may enter.
pub(crate) fn make(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes the data folder, or checks that nobody else may enter it.
pub(crate) fn prepare(path: &Path) -> io::Result<()> {
    make(path)?;
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Names of our own that may stand in a folder before its format does: a start may have been cut short.
const EARLY: [&str; 2] = ["lock", "format.tmp"];

/// Checks, before anything is changed, that a folder is free or ours: a wrong path must do no harm.
pub(crate) fn free_or_known(path: &Path) -> Result<(), OpenError> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(OpenError::NotAFolder(path.to_owned()));
        }
        Err(error) => return Err(error.into()),
    };
    for entry in entries {
        let name = entry?.file_name();
        if !EARLY.iter().any(|early| name == *early) {
            return format(path, false);
        }
    }
    Ok(())
}

/// Holds the folder for this process until it is dropped.
pub(crate) struct Lock(#[expect(dead_code, reason = "held, never read")] Flock<File>);

/// Takes the folder's lock for a server, or says who has it.
pub(crate) fn lock(path: &Path) -> Result<Lock, OpenError> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path.join("lock"))?;
    take(path, file, true)
}

/// Takes the lock of a folder that is only read, and checks its format.
pub(crate) fn offline(path: &Path) -> Result<Option<Lock>, OpenError> {
    format(path, false)?;
    match File::open(path.join("lock")) {
        Ok(file) => take(path, file, false).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn take(path: &Path, file: File, write_pid: bool) -> Result<Lock, OpenError> {
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(mut held) => {
            if write_pid {
                held.set_len(0)?;
                held.rewind()?;
                held.write_all(std::process::id().to_string().as_bytes())?;
            }
            Ok(Lock(held))
        }
        Err((mut file, nix::errno::Errno::EWOULDBLOCK)) => {
            let mut pid = String::new();
            let _ = file.read_to_string(&mut pid);
            Err(OpenError::Locked {
                path: path.to_owned(),
                pid: pid.trim().parse().ok(),
            })
        }
        Err((_, error)) => Err(OpenError::Io(error.into())),
    }
}

/// Reads the format marker, and writes it where there is none.
pub(crate) fn format(path: &Path, write: bool) -> Result<(), OpenError> {
    let marker = path.join("format");
    match fs::read_to_string(&marker) {
        Ok(text) => {
            let figure = |name: &str| {
                text.lines()
                    .find_map(|line| line.strip_prefix(name)?.trim().strip_prefix('='))
                    .and_then(|value| value.trim().parse::<u32>().ok())
            };
            match (figure("format"), figure("min_reader")) {
                (Some(_), Some(least)) if least <= FORMAT => Ok(()),
                (Some(format), Some(_)) => Err(OpenError::NewerFormat {
                    path: path.to_owned(),
                    format,
                    known: FORMAT,
                }),
                _ => Err(OpenError::NotAFolder(path.to_owned())),
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && write => {
            let text = format!("format = {FORMAT}\nmin_reader = {MIN_READER}\n");
            replace(&marker, text.as_bytes())?;
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(OpenError::NotAFolder(path.to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Puts a file in place whole or not at all, durable when it returns.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}
