//! The data folder: who may use it, and whether this program understands it.

use super::OpenError;
use nix::fcntl::{Flock, FlockArg};
use nix::{sys::signal::kill, unistd::Pid};
use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
    time::{Duration, Instant},
};

/// The newest format that this program writes and reads.
const FORMAT: u32 = 2;
/// The format of a folder until runs leave its history: older versions of the program read it, too.
const FIRST: u32 = 1;
/// How long the lock of a holder that has ended is waited for: a program that it was just starting has
/// its files until that program begins.
const LEFT_BEHIND: Duration = Duration::from_secs(5);
/// Between two tries.
const AGAIN: Duration = Duration::from_millis(5);

/// Makes a folder that only its owner may enter.
pub(crate) fn make(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Removes what is only of use while a server runs, and what one that was killed has left of it. That something
/// of it stays is no reason not to open the folder.
pub(crate) fn empty(path: &Path) {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, folder = %path.display(), "what a server left behind cannot be removed");
        }
        _ => {}
    }
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

fn take(path: &Path, mut file: File, write_pid: bool) -> Result<Lock, OpenError> {
    let end = Instant::now() + LEFT_BEHIND;
    loop {
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(mut held) => {
                if write_pid {
                    held.set_len(0)?;
                    held.rewind()?;
                    held.write_all(std::process::id().to_string().as_bytes())?;
                }
                return Ok(Lock(held));
            }
            Err((mut back, nix::errno::Errno::EWOULDBLOCK)) => {
                let mut text = String::new();
                let _ = back.rewind().and_then(|()| back.read_to_string(&mut text));
                let pid = text.trim().parse().ok();
                if !pid.is_some_and(is_gone) || Instant::now() >= end {
                    let path = path.to_owned();
                    return Err(OpenError::Locked { path, pid });
                }
                std::thread::sleep(AGAIN);
                file = back;
            }
            Err((_, error)) => return Err(OpenError::Io(error.into())),
        }
    }
}

/// Whether a process has ended, asked about or not.
fn is_gone(pid: u32) -> bool {
    match fs::read_to_string(format!("/proc/{pid}/stat")) {
        // The state stands behind the name, which may hold anything.
        Ok(stat) => stat
            .rsplit_once(") ")
            .is_some_and(|(_, rest)| rest.starts_with(['Z', 'X'])),
        Err(_) => i32::try_from(pid)
            .is_ok_and(|pid| kill(Pid::from_raw(pid), None) == Err(nix::errno::Errno::ESRCH)),
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
            replace(&marker, written(FIRST).as_bytes())?;
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(OpenError::NotAFolder(path.to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

fn written(format: u32) -> String {
    format!("format = {format}\nmin_reader = {format}\n")
}

/// Marks a folder as one that only this version of the program and later ones understand, durable when it
/// returns. Runs that left the history and a log whose beginning is gone need it.
pub(crate) fn raise(path: &Path) -> io::Result<()> {
    let marker = path.join("format");
    let text = written(FORMAT);
    if fs::read_to_string(&marker).is_ok_and(|found| found == text) {
        return Ok(());
    }
    replace(&marker, text.as_bytes())
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::{process::Command, thread};

    #[test]
    fn the_lock_of_a_holder_that_has_ended_is_waited_for_and_that_of_a_living_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let hold = |pid: u32| {
            fs::write(path.join("lock"), pid.to_string()).unwrap();
            let file = File::open(path.join("lock")).unwrap();
            Flock::lock(file, FlockArg::LockExclusiveNonblock).unwrap()
        };
        let own = std::process::id();
        let held = hold(own);
        let refused = lock(&path).err().unwrap();
        assert!(matches!(refused, OpenError::Locked { pid: Some(pid), .. } if pid == own));
        drop(held);

        // Ended, and asked about by nobody yet.
        let mut ended = Command::new("true").spawn().unwrap();
        let end = Instant::now() + Duration::from_secs(60);
        while !is_gone(ended.id()) {
            assert!(Instant::now() < end, "it does not end");
            thread::yield_now();
        }
        let held = hold(ended.id());
        let (tell, told) = std::sync::mpsc::channel();
        let waiting = thread::spawn({
            let path = path.clone();
            move || {
                tell.send(()).unwrap();
                lock(&path).map(drop)
            }
        });
        told.recv().unwrap();
        for _ in 0..20 {
            assert!(!waiting.is_finished(), "it does not wait");
            thread::yield_now();
        }
        drop(held);
        waiting.join().unwrap().unwrap();
        ended.wait().unwrap();
        assert!(is_gone(ended.id()));
    }
}
