//! Finding the files that a program has left, below the folder that it ran in.

use super::{Failed, failure, root::Root};
use druse_engine::{action_config::path_fault, pattern::matches_name};
use nix::{dir::Dir, fcntl::OFlag};
use std::{collections::BTreeSet, fs, path::Path};

/// The most files that one pattern may find.
const MOST: usize = 10_000;

/// Whether a path stands for all files that match.
pub(in crate::action) fn is_pattern(path: &str) -> bool {
    last(path).1.contains(['*', '?'])
}

/// The folder that a path leads to, and what is wanted in it.
fn last(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or((".", path))
}

/// The files that a path names below a folder, each with its own name, in their order. None where there is
/// none; what is no plain file is passed over by a pattern.
///
/// # Errors
/// When the path leads elsewhere, or cannot be followed.
pub(in crate::action) fn gather(
    folder: &Path,
    own: Option<&Path>,
    path: &str,
) -> Result<Vec<(String, fs::File)>, Failed> {
    let root = Root::open(folder, true, own).map_err(|_| {
        let message = format!("The folder {} cannot be looked into.", folder.display());
        Failed::permanent("folder_unusable", message)
    })?;
    gather_in(&root, path)
}

/// The same below a folder that is open.
///
/// # Errors
/// As [`gather`].
pub(in crate::action) fn gather_in(
    root: &Root,
    path: &str,
) -> Result<Vec<(String, fs::File)>, Failed> {
    if let Some(fault) = path_fault(path) {
        return Err(Failed::permanent("bad_path", format!("{fault}.")));
    }
    let (inside, name) = last(path);
    if !is_pattern(path) {
        return match root.file(path, OFlag::O_RDONLY) {
            Ok(file) => Ok(vec![(name.to_owned(), file)]),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(failure(path, &error)),
        };
    }
    let open = match root.folder(inside) {
        Ok(open) => open,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failure(path, &error)),
    };
    let mut listed = Dir::from_fd(open).map_err(|error| failure(path, &error.into()))?;
    let mut names = BTreeSet::new();
    for entry in listed.iter() {
        let entry = entry.map_err(|error| failure(path, &error.into()))?;
        if let Ok(found) = entry.file_name().to_str()
            && matches_name(name, found)
        {
            names.insert(found.to_owned());
        }
        if names.len() > MOST {
            let message = format!("More than {MOST} files match {path:?}.");
            return Err(Failed::permanent("too_many_entries", message));
        }
    }
    let mut found = Vec::new();
    for name in names {
        if let Ok(file) = root.file(&format!("{inside}/{name}"), OFlag::O_RDONLY) {
            found.push((name, file));
        }
    }
    Ok(found)
}
