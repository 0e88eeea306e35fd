//! The files that a program leaves, which are kept with the run.

use super::{Failed, input};
use crate::action::file::gather::{gather, is_pattern};
use crate::artifacts::{Files, media_type};
use druse_engine::{action_config::path_fault, artifact::name_fault};
use serde_json::{Map, Value, json};
use std::{fs, io, os::unix::fs::DirBuilderExt as _, path::PathBuf};

/// The variable that names the folder of an attempt.
const FOLDER: &str = "DRUSE_ARTIFACTS";

/// What a step says that it leaves: paths by name, and the folders that they are below.
#[derive(Debug)]
pub(super) struct Leaving {
    wanted: Vec<(String, String)>,
    /// Of this attempt alone: empty at first, and gone at its end.
    own: Own,
    /// The one that the program runs in.
    runs_in: PathBuf,
}

/// A folder that goes when it is dropped.
#[derive(Debug)]
struct Own(PathBuf);

impl Drop for Own {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Leaving {
    /// What the configuration says; nothing where it says nothing. `restricted`: only some programs are
    /// allowed, and what they leave is looked for below the administrator's folder alone.
    pub(super) fn read(
        map: &Map<String, Value>,
        runs_in: Option<PathBuf>,
        restricted: bool,
        mark: &str,
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
        let runs_in = match runs_in {
            Some(folder) => folder,
            None => std::env::current_dir().map_err(|error| folder_failed(&error))?,
        };
        let own = std::env::temp_dir().join(format!("druse-{}-{mark}", std::process::id()));
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&own)
            .map_err(|error| folder_failed(&error))?;
        Ok(Some(Self {
            wanted: wanted.into_iter().collect(),
            own: Own(own),
            runs_in,
        }))
    }

    /// The variable that tells the program where it may leave them.
    pub(super) fn variable(&self) -> (String, String) {
        (FOLDER.to_owned(), self.own.0.to_string_lossy().into_owned())
    }

    /// Keeps what is there. With `all`, it is a failure when something is not there. Blocks on the disk.
    pub(super) fn keep(&self, files: &Files, all: bool) -> Result<(), Failed> {
        let data = files.own_folder();
        for (key, path) in &self.wanted {
            let mut found = gather(&self.own.0, None, path)?;
            if found.is_empty() {
                found = gather(&self.runs_in, data.as_deref(), path)?;
            }
            let many = is_pattern(path);
            if found.is_empty() && all && !many {
                let message = format!("The program did not leave {path:?}, the artifact {key:?}.");
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

fn folder_failed(error: &io::Error) -> Failed {
    Failed::retryable(
        "io_error",
        format!("There is no folder for the artifacts: {error}."),
    )
}
