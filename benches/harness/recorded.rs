//! The real recordings: where they are, and each of them.

#![allow(dead_code, unreachable_pub)]

use std::path::{Path, PathBuf};

/// The folder `DRUSE_SESSIONS`, or `shared/sessions` beside the checkout; none where neither is there.
pub fn folder() -> Option<PathBuf> {
    if let Some(given) = std::env::var_os("DRUSE_SESSIONS") {
        return Some(PathBuf::from(given)).filter(|path| path.is_dir());
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    ["../shared/sessions", "../../shared/sessions"]
        .iter()
        .map(|path| root.join(path))
        .find(|path| path.is_dir())
}

/// The recordings in a folder and in those below it, in the order of their paths; none where it is not there.
///
/// # Panics
/// When a folder cannot be read.
pub fn recordings(folder: &Path) -> Vec<PathBuf> {
    fn within(folder: &Path, found: &mut Vec<PathBuf>) {
        let entries = std::fs::read_dir(folder).expect("a folder that can be read");
        let mut entries: Vec<PathBuf> = entries
            .map(|entry| entry.expect("an entry that can be read").path())
            .collect();
        entries.sort();
        for path in entries {
            let ends = path.extension();
            if path.is_dir() {
                within(&path, found);
            } else if ends.is_some_and(|end| end == "json" || end == "jsonl" || end == "ndjson") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    if folder.is_dir() {
        within(folder, &mut found);
    }
    found
}
