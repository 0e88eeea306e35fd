//! Finds the files of sessions. Looks only: links are passed over, and a limit holds on all that is listed.

use super::place::{Level, Place};
use crate::cli::Agent;
use std::fs::{DirEntry, FileType};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How many entries of folders are listed at most.
const ENTRIES: usize = 100_000;

/// A file of a session.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) agent: Agent,
    pub(super) path: PathBuf,
    /// When it was written to last.
    pub(super) written: SystemTime,
    pub(super) bytes: u64,
}

/// What a walk came to.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// Newest first.
    pub(super) found: Vec<Found>,
    /// Folders and files that could not be read, with why.
    pub(super) unreadable: Vec<(PathBuf, String)>,
    /// How many links were passed over.
    pub(super) links: usize,
    /// Whether the limit was reached.
    pub(super) cut: bool,
    listed: usize,
}

/// The sessions in some places.
pub(super) fn walk(places: &[Place]) -> Walk {
    let mut walk = Walk::default();
    for place in places {
        walk.folder(place, &place.root, place.levels);
    }
    walk.found
        .sort_by(|a, b| (b.written, &b.path).cmp(&(a.written, &a.path)));
    walk
}

impl Walk {
    fn folder(&mut self, place: &Place, folder: &Path, levels: &[Level]) {
        let mut entries = match std::fs::read_dir(folder) {
            Ok(entries) => self.entries(folder, entries),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => return self.unreadable(folder, &error),
        };
        // Names that begin with a date come newest first, should the limit be reached.
        entries.sort_by_key(|(entry, _)| std::cmp::Reverse(entry.file_name()));
        for (entry, kind) in entries {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let fits = match levels.first() {
                None => (place.is_session)(&name),
                Some(Level::Any) => true,
                Some(Level::Named(wanted)) => name == *wanted,
                Some(Level::Digits) => name.bytes().all(|byte| byte.is_ascii_digit()),
            };
            if !fits {
                continue;
            }
            if kind.is_symlink() {
                self.links += 1;
                continue;
            }
            match levels.split_first() {
                Some((_, below)) if kind.is_dir() => self.folder(place, &entry.path(), below),
                None if kind.is_file() => self.file(place, &entry),
                _ => {}
            }
        }
    }

    fn entries(&mut self, folder: &Path, entries: std::fs::ReadDir) -> Vec<(DirEntry, FileType)> {
        let mut all = Vec::new();
        for entry in entries {
            if self.listed >= ENTRIES {
                self.cut = true;
                break;
            }
            self.listed += 1;
            match entry.and_then(|entry| entry.file_type().map(|kind| (entry, kind))) {
                Ok(entry) => all.push(entry),
                Err(error) => self.unreadable(folder, &error),
            }
        }
        all
    }

    fn file(&mut self, place: &Place, entry: &DirEntry) {
        let path = entry.path();
        // Of an entry, not of what it would lead to.
        let seen = entry
            .metadata()
            .and_then(|about| Ok((about.modified()?, about.len())));
        match seen {
            Ok((written, bytes)) => self.found.push(Found {
                agent: place.agent,
                path,
                written,
                bytes,
            }),
            // It was removed meanwhile.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => self.unreadable(&path, &error),
        }
    }

    pub(super) fn unreadable(&mut self, path: &Path, error: &std::io::Error) {
        self.unreadable
            .push((path.to_path_buf(), crate::client::said(error)));
    }
}
