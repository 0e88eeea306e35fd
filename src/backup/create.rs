//! Making a backup, from a server or from the folder, while work goes on.

use super::archive::Writer;
use super::{FORMAT, KEY, MANIFEST, Manifest, WORK};
use crate::runtime::clock;
use crate::service::{App, Principal, Problem, audit::Audited};
use druse_engine::Digest;
use druse_storage::{Batch, step_log};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// A backup that is to be made.
#[derive(Debug, Clone, Copy, Default)]
pub struct Backup {
    /// Whether the key of the secrets goes along.
    pub with_key: bool,
}

impl Backup {
    /// Says in the audit log that a backup is made. It is part of what is copied.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn announce(self, app: &App, who: &Principal) -> Result<(), Problem> {
        let details = json!({ "with_key": self.with_key });
        app.engine.actions().logs().flush().await;
        let mut batch = Batch::new().audited(who, "backup.create", &"store", details);
        // Whoever has no space left needs it most.
        batch.must_fit = true;
        app.commit(batch).await
    }

    /// Writes the archive. Blocks on the disk and on whoever takes it.
    ///
    /// # Errors
    /// When something cannot be read, or the taker is gone. What was written by then is no backup.
    pub fn write(self, app: &App, out: impl Write) -> io::Result<Manifest> {
        let seconds = u64::try_from(clock::now().0 / 1_000).unwrap_or(0);
        let mut archive = Writer::new(out);
        let mut files = BTreeMap::new();
        let mut take = |name: &str, bytes: Vec<u8>| {
            archive.file(name, &bytes, seconds)?;
            files.insert(name.to_owned(), Digest::of(&bytes));
            Ok(())
        };
        let head = app.store.back_up(&mut take).map_err(io::Error::other)?;
        let data = app.store.health().folder;
        for folder in [step_log::FOLDER, WORK] {
            each(&data.join(folder), folder, &mut take)?;
        }
        if self.with_key {
            take(KEY, fs::read(data.join(KEY))?)?;
        }
        let manifest = Manifest {
            format: FORMAT,
            druse_version: env!("CARGO_PKG_VERSION").into(),
            created_at: clock::now(),
            head,
            with_key: self.with_key,
            files,
        };
        let text = serde_json::to_vec_pretty(&manifest).map_err(io::Error::other)?;
        archive.file(MANIFEST, &text, seconds)?;
        archive.end()?;
        Ok(manifest)
    }
}

/// Every plain file below a folder. What is gone meanwhile is not needed.
fn each(
    folder: &Path,
    name: &str,
    take: &mut dyn FnMut(&str, Vec<u8>) -> io::Result<()>,
) -> io::Result<()> {
    let gone = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    let listed = match fs::read_dir(folder) {
        Err(error) if gone(&error) => return Ok(()),
        listed => listed?,
    };
    let mut entries = Vec::new();
    for entry in listed {
        let entry = entry?;
        if let Ok(own) = entry.file_name().into_string() {
            entries.push((own, entry));
        }
    }
    entries.sort_by(|one, other| one.0.cmp(&other.0));
    for (own, entry) in entries {
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        let (path, name) = (entry.path(), format!("{name}/{own}"));
        if kind.is_dir() {
            each(&path, &name, take)?;
        } else if kind.is_file() {
            match fs::read(&path) {
                Ok(bytes) => take(&name, bytes)?,
                Err(error) if gone(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}
