//! A folder below the root, opened, with the names in it: what listing, searching and watching begin with.

use super::{Failed, failure, root::Root};
use nix::{dir::Dir, fcntl::OFlag, sys::stat::Mode};
use std::{
    ffi::CString,
    io,
    os::fd::{AsFd, BorrowedFd},
};

/// Names that are looked at in all.
const MOST_NAMES: usize = 100_000;

/// How deep folders are gone through.
const DEEPEST: usize = 64;

/// What a walk through folders has looked at so far.
#[derive(Default)]
pub(super) struct Looked {
    names: usize,
}

/// An open folder.
pub(super) struct Open {
    folder: Dir,
    /// The names in it, but for itself and the one above, in the order in which the file system gives them.
    pub(super) names: Vec<CString>,
}

impl AsFd for Open {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.folder.as_fd()
    }
}

impl Looked {
    /// Opens the folder at a path below the root, so many levels below the one that was asked for. Nothing where it
    /// went away since its name was read.
    ///
    /// # Errors
    /// When it cannot be read, or the walk has looked at too many names.
    pub(super) fn open(
        &mut self,
        root: &Root,
        path: &str,
        depth: usize,
    ) -> Result<Option<Open>, Failed> {
        let failed = |error: io::Error| failure(path, &error);
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY;
        let open = match root.at(path, flags, Mode::empty()) {
            // It was there a moment ago: somebody else has removed it.
            Err(error) if depth > 0 && error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(failed)?,
        };
        let mut folder = Dir::from_fd(open).map_err(|error| failed(error.into()))?;
        let mut names = Vec::new();
        for name in folder.iter() {
            let name = name.map_err(|error| failed(error.into()))?;
            self.names += 1;
            if self.names > MOST_NAMES {
                let message = format!("There are more than {MOST_NAMES} names to look at.");
                return Err(Failed::permanent("too_many_entries", message));
            }
            if !matches!(name.file_name().to_bytes(), b"." | b"..") {
                names.push(name.file_name().to_owned());
            }
        }
        Ok(Some(Open { folder, names }))
    }
}

/// Fails where a walk is about to go deeper than it may; `done` says in a word what is done to the folders.
pub(super) fn not_too_deep(path: &str, depth: usize, done: &str) -> Result<(), Failed> {
    if depth < DEEPEST {
        return Ok(());
    }
    let message = format!("Folders are {done} {DEEPEST} deep, and {path:?} goes deeper.");
    Err(Failed::permanent("too_many_entries", message))
}

/// The path of a name in the folder at a path.
pub(super) fn inside(path: &str, name: &str) -> String {
    match path {
        "." => name.to_owned(),
        path => format!("{path}/{name}"),
    }
}
