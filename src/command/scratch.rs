//! A folder for one command, gone with it.

use crate::client::{EXIT_IO, Failure};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use tempfile::TempDir;

/// A temporary folder that is made when it is first asked for. It outlives the runtime, so that a store in
/// it is closed before it goes.
#[derive(Default)]
pub(super) struct Scratch(Mutex<Option<TempDir>>);

impl Scratch {
    /// The folder.
    pub(super) fn path(&self) -> Result<PathBuf, Failure> {
        let mut made = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let folder = match made.take() {
            Some(folder) => folder,
            None => tempfile::Builder::new()
                .prefix("druse-")
                .tempdir()
                .map_err(|error| {
                    Failure::new(
                        EXIT_IO,
                        "io",
                        format!("No temporary folder can be made: {error}."),
                        "Name a folder with --data.",
                    )
                })?,
        };
        Ok(made.insert(folder).path().to_path_buf())
    }

    /// Lets the folder stay.
    pub(super) fn keep(&self) {
        let mut made = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(folder) = made.take() {
            let _: PathBuf = folder.keep();
        }
    }
}

/// Whether there is nothing at a path, or an empty folder.
pub(super) fn is_free(path: &Path) -> bool {
    match std::fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}
