//! From a backup to a data folder: beside it first, checked, then put in its place as a whole.

use super::archive::Reader;
use super::{FORMAT, KEY, MANIFEST, Manifest, WORK};
use crate::secret::{SealError, SecretStore};
use crate::service::{Problem, page};
use druse_engine::{Digest, RunId};
use druse_storage::embedded::{Embedded, Options};
use druse_storage::step_log::FOLDER as LOGS;
use druse_storage::{Secret, Store as _, VerifyReport, verify_against};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Why a backup cannot be restored, or is none. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Restore {
    /// There is something where the folder is to be.
    #[error("{} is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// A later version of Druse made it.
    #[error("the backup is of format {0}, which this version of Druse does not read")]
    NewerFormat(u32),
    /// It is damaged, cut or of something else.
    #[error("the backup is not whole: {0}")]
    Damaged(String),
    /// The key is none, or not the one that its secrets were sealed with.
    #[error("the key does not fit: {0}")]
    WrongKey(String),
    /// The disk.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// A folder that was restored.
#[derive(Debug)]
pub struct Restored {
    /// What the backup says of itself.
    pub manifest: Manifest,
    /// What its log came to.
    pub report: VerifyReport,
    /// Whether the key of the secrets is there.
    pub has_key: bool,
}

/// Opens the file of a backup; the error names it.
fn open(backup: &Path) -> io::Result<File> {
    File::open(backup)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", backup.display())))
}

/// Reads a whole backup, hands over each file, and compares all with its list.
///
/// # Errors
/// When it is not whole, or a file is not taken.
pub fn check(
    backup: &Path,
    mut take: impl FnMut(&str, &[u8]) -> io::Result<()>,
) -> Result<Manifest, Restore> {
    let damaged = |text: String| Restore::Damaged(text);
    let mut archive = Reader::new(BufReader::new(open(backup)?));
    let mut found: BTreeMap<String, Digest> = BTreeMap::new();
    let manifest = loop {
        let next = archive.next().map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => damaged(format!("{error}")),
            _ => error.into(),
        })?;
        let Some((name, bytes)) = next else {
            return Err(damaged("its list of files is missing".into()));
        };
        if name == MANIFEST {
            let read: Result<Manifest, _> = serde_json::from_slice(&bytes);
            break read.map_err(|error| damaged(format!("its list cannot be read: {error}")))?;
        }
        if !is_ours(&name) {
            return Err(damaged(format!("{name:?} belongs to no data folder")));
        }
        take(&name, &bytes)?;
        if found.insert(name.clone(), Digest::of(&bytes)).is_some() {
            return Err(damaged(format!("{name:?} stands in it twice")));
        }
    };
    if manifest.format > FORMAT {
        return Err(Restore::NewerFormat(manifest.format));
    }
    let names: BTreeSet<&String> = found.keys().chain(manifest.files.keys()).collect();
    for name in names {
        if found.get(name) != manifest.files.get(name) {
            return Err(damaged(format!("{name:?} is not as it was written")));
        }
    }
    Ok(manifest)
}

/// Whether a file of this name belongs into a data folder, and nowhere else.
fn is_ours(name: &str) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    let plain = parts
        .iter()
        .all(|part| !part.is_empty() && *part != "." && *part != ".." && !part.contains('\0'));
    let known = match parts.as_slice() {
        ["format"] | [KEY] => true,
        ["log", _] | ["blobs", _, _] => true,
        [folder, _, ..] => *folder == LOGS || *folder == WORK,
        _ => false,
    };
    plain && known
}

/// Makes a data folder of a backup; `key` is a file with the key of its secrets.
///
/// # Errors
/// When the folder is not empty, the backup is not whole, or its log does not hold what it should. The
/// folder is as it was then.
pub fn restore(backup: &Path, data: &Path, key: Option<&Path>) -> Result<Restored, Restore> {
    match fs::read_dir(data) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                return Err(Restore::NotEmpty(data.into()));
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    let name = data
        .file_name()
        .ok_or_else(|| Restore::NotEmpty(data.into()))?;
    let mut beside = name.to_owned();
    beside.push(".restoring");
    let parent = match data.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent)?;
    let beside = parent.join(beside);
    if beside.exists() {
        // Of a restore that was cut short.
        fs::remove_dir_all(&beside)?;
    }
    let made = fill(backup, &beside, key);
    let put = made.and_then(|restored| {
        // Where an empty folder stands, the whole one takes its place.
        fs::rename(&beside, data)?;
        File::open(parent)?.sync_all()?;
        Ok(restored)
    });
    if put.is_err() {
        let _ = fs::remove_dir_all(&beside);
    }
    put
}

fn fill(backup: &Path, folder: &Path, key: Option<&Path>) -> Result<Restored, Restore> {
    make(folder)?;
    let mut folders = BTreeSet::from([folder.to_owned()]);
    let manifest = check(backup, |name, bytes| {
        let path = folder.join(name);
        if let Some(parent) = path.parent()
            && !folders.contains(parent)
        {
            make(parent)?;
            let up = parent.ancestors().take_while(|path| *path != folder);
            folders.extend(up.map(Path::to_owned));
        }
        write(&path, bytes)
    })?;
    if let Some(key) = key {
        write(&folder.join(KEY), &fs::read(key)?)?;
    }
    for folder in &folders {
        File::open(folder)?.sync_all()?;
    }
    let report = verify_against(folder, Some(&manifest.head));
    let report = report.map_err(|error| Restore::Damaged(error.to_string()))?;
    if let Some(problem) = report.problems.first() {
        return Err(Restore::Damaged(problem.message.clone()));
    }
    if report.head != manifest.head.number {
        let text = format!(
            "its log ends at record {}, and not at {}",
            report.head, manifest.head.number
        );
        return Err(Restore::Damaged(text));
    }
    settle(folder)?;
    Ok(Restored {
        has_key: folder.join(KEY).exists(),
        manifest,
        report,
    })
}

fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Refuses a key that does not open each secret; where there is no key there is nothing to refuse.
fn fits(store: &Embedded, key: &Path) -> Result<(), Restore> {
    if !key.exists() {
        return Ok(());
    }
    let wrong = |error: SealError| Restore::WrongKey(error.to_string());
    let seal = SecretStore::at(key).map_err(wrong)?;
    let sealed: Vec<Secret> =
        page::all(store, "").map_err(|error| Restore::Damaged(Problem::from(error).message))?;
    for secret in sealed {
        seal.open(&secret.name, secret.version, &secret.sealed)
            .map_err(wrong)?;
    }
    Ok(())
}

/// Opens the folder as a server will, and removes what steps wrote of runs that it does not know: they
/// began while it was copied.
fn settle(folder: &Path) -> Result<(), Restore> {
    let options = Options {
        prepare: false,
        ballast_bytes: 0,
        ..Options::default()
    };
    let store = Embedded::open(folder, options);
    let store = store.map_err(|error| Restore::Damaged(error.to_string()))?;
    fits(&store, &folder.join(KEY))?;
    let logs = folder.join(LOGS);
    if !logs.is_dir() {
        return Ok(());
    }
    for part in fs::read_dir(logs)? {
        for file in fs::read_dir(part?.path())? {
            let file = file?;
            let name = file.file_name();
            let run = name.to_str().and_then(|name| name.parse::<RunId>().ok());
            let head = run.map(|run| store.run_head(run));
            // One that is damaged is known.
            if matches!(head, None | Some(Ok(None))) {
                fs::remove_file(file.path())?;
            }
        }
    }
    Ok(())
}
