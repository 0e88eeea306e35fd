//! The files that a program leaves, which are kept with the run.

use super::{Failed, input};
use crate::action::file::gather::{gather, gather_in, is_pattern};
use crate::action::file::root::Root;
use crate::artifacts::{Files, media_type};
use druse_engine::{action_config::path_fault, artifact::name_fault};
use serde_json::{Map, Value, json};
use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// The variable that names the folder of an attempt.
const FOLDER: &str = "DRUSE_ARTIFACTS";
/// What the kernel shows as files, this process and its memory among them.
const NO_FILES: [&str; 3] = ["/dev", "/proc", "/sys"];

/// What a step says that it leaves: paths by name, and the folders that they are below.
pub(super) struct Leaving {
    wanted: Vec<(String, String)>,
    /// Of this attempt alone: empty at first, and gone at its end.
    own: Own,
    /// The one that the step says its program runs in.
    runs_in: Option<PathBuf>,
}

/// A folder that goes when it is dropped.
struct Own {
    path: PathBuf,
    /// The folder as it was made: whatever a program puts in its place is not looked into.
    root: Root,
}

impl Own {
    fn make(path: PathBuf) -> io::Result<Self> {
        fs::DirBuilder::new().mode(0o700).create(&path)?;
        let flags = libc::O_DIRECTORY | libc::O_NOFOLLOW;
        let opened = fs::OpenOptions::new()
            .read(true)
            .custom_flags(flags)
            .open(&path);
        match opened {
            Ok(folder) => Ok(Self {
                path,
                root: Root::of(folder.into()),
            }),
            Err(error) => {
                let _ = fs::remove_dir(&path);
                Err(error)
            }
        }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

impl Leaving {
    /// What the configuration says; nothing where it says nothing. `restricted`: only some programs are
    /// allowed, and what they leave is looked for below the administrator's folder alone.
    pub(super) fn read(
        map: &Map<String, Value>,
        runs_in: Option<PathBuf>,
        restricted: bool,
        (files, mark): (&Files, &str),
    ) -> Result<Option<Self>, Failed> {
        let wanted = input::scalars(map, "artifacts")?;
        if wanted.is_empty() {
            return Ok(None);
        }
        for (name, path) in &wanted {
            if let Some(fault) = name_fault(name) {
                return Err(Failed::input(format!(
                    "{name:?} names no artifact: {fault}."
                )));
            }
            if path.contains("{{") {
                return Err(Failed::permanent(
                    "template_not_allowed",
                    format!(
                        "The path of the artifact {name:?} is computed, and has to be written as it is: make a version with a fixed name below \"$DRUSE_ARTIFACTS\", or with `*`."
                    ),
                ));
            }
            if let Some(fault) = path_fault(path) {
                return Err(Failed::permanent("bad_path", format!("{fault}.")));
            }
        }
        let cwd = input::text(map, "cwd")?;
        if restricted && cwd.is_some_and(|cwd| path_fault(cwd).is_some()) {
            return Err(Failed::permanent(
                "folder_not_allowed",
                "Where only some programs are allowed, artifacts come from below the server's own working folder: `cwd` is relative, without `..`.",
            ));
        }
        let own = scratch(files)
            .map(|folder| folder.join(format!("druse-{}-{mark}", std::process::id())))
            .and_then(Own::make)
            .map_err(|error| folder_failed(&error))?;
        Ok(Some(Self {
            wanted: wanted.into_iter().collect(),
            own,
            // What lies in the server's own folder was not left by the step.
            runs_in: cwd.and(runs_in),
        }))
    }

    /// The variable that tells the program where it may leave them.
    pub(super) fn variable(&self) -> (String, String) {
        (
            FOLDER.to_owned(),
            self.own.path.to_string_lossy().into_owned(),
        )
    }

    /// Keeps what is there. With `all`, it is a failure when something is not there. Blocks on the disk.
    pub(super) fn keep(&self, files: &Files, all: bool) -> Result<(), Failed> {
        let data = files.own_folder();
        for (key, path) in &self.wanted {
            let mut found = gather_in(&self.own.root, path)?;
            for (_, file) in &found {
                only_here(path, file)?;
            }
            if let (true, Some(folder)) = (found.is_empty(), &self.runs_in) {
                on_disk(folder, path)?;
                found = gather(folder, data.as_deref(), path)?;
            }
            let many = is_pattern(path);
            if found.is_empty() && all && !many {
                let looked = match &self.runs_in {
                    None => "$DRUSE_ARTIFACTS",
                    Some(_) => "$DRUSE_ARTIFACTS or `cwd`",
                };
                let message = format!(
                    "The program did not leave {path:?} in {looked}, the artifact {key:?}."
                );
                return Err(Failed::permanent("artifact_missing", message)
                    .details(json!({ "artifact": key, "path": path })));
            }
            for (own, file) in found {
                let name = match many {
                    true => format!("{key}.{own}"),
                    false => key.clone(),
                };
                let mut new = files.begin(key, &name, media_type(&own), many)?;
                new.copy(file)?;
                new.finish()?;
            }
        }
        Ok(())
    }
}

/// Where the folders of attempts are: with the server's data, so that its next start removes what a kill left.
fn scratch(files: &Files) -> io::Result<PathBuf> {
    let Some(data) = files.own_folder() else {
        return Ok(std::env::temp_dir());
    };
    let folder = data.join(druse_storage::SCRATCH);
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)?;
    // The program may run elsewhere.
    folder.canonicalize()
}

/// Refuses a file of the attempt's own folder that has another name elsewhere: it is somebody else's.
fn only_here(path: &str, file: &fs::File) -> Result<(), Failed> {
    let found = file.metadata().map_err(|error| folder_failed(&error))?;
    if found.nlink() > 1 {
        let message = format!("{path:?} is a hard link, and no file that the program left.");
        return Err(Failed::permanent("access_denied", message));
    }
    Ok(())
}

/// Refuses what is no file on a disk.
fn on_disk(folder: &Path, path: &str) -> Result<(), Failed> {
    let Ok(folder) = folder.canonicalize() else {
        // Whoever looks into it says so.
        return Ok(());
    };
    let whole = folder.join(path);
    if NO_FILES.iter().any(|none| whole.starts_with(none)) {
        let message = format!("{path:?} is no file that a program leaves: it is the system's.");
        return Err(Failed::permanent("access_denied", message));
    }
    Ok(())
}

fn folder_failed(error: &io::Error) -> Failed {
    Failed::retryable(
        "io_error",
        format!("There is no folder for the artifacts: {error}."),
    )
}
