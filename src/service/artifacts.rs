//! Files of runs, for whoever asks for them.

use super::{App, Problem, RunView};
use druse_engine::{Digest, RunId, Timestamp};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{Read as _, Seek as _};

/// Bytes that are read at once.
const PIECE: usize = 256 << 10;

/// A file that a step of a run left.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ArtifactView {
    /// Its name, one for the step.
    pub name: String,
    /// The step, by its path in the run.
    pub step: String,
    /// Its media type.
    pub media_type: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of it.
    pub digest: Digest,
    /// When it was kept.
    pub created_at: Timestamp,
    /// The earlier run whose result it belongs to, where a retry has kept that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub kept_from: Option<RunId>,
}

impl RunView {
    /// The artifact of this name, where several steps have one that of a step.
    ///
    /// # Errors
    /// 404 where there is none, 409 where it is not clear which one is meant.
    pub fn artifact(&self, name: &str, step: Option<&str>) -> Result<&ArtifactView, Problem> {
        let wanted =
            |one: &&ArtifactView| one.name == name && step.is_none_or(|step| one.step == step);
        let mut found = self.artifacts.iter().filter(wanted);
        let first = found.next().ok_or_else(|| Problem::not_found("artifact"))?;
        if found.next().is_some() {
            let steps: Vec<&str> = self
                .artifacts
                .iter()
                .filter(wanted)
                .take(10)
                .map(|one| one.step.as_str())
                .collect();
            return Err(Problem::conflict(
                "which_step",
                "Several steps have an artifact of this name.",
                format!("Say `step` in the address: {}.", steps.join(", ")),
            ));
        }
        Ok(first)
    }
}

impl App {
    /// The file of an artifact, at its beginning, once all of it has been compared with its digest. Blocks on
    /// the disk.
    ///
    /// # Errors
    /// When it is gone or damaged.
    pub fn artifact_file(&self, digest: &Digest) -> Result<File, Problem> {
        let damaged = |what: &str| {
            let message = format!("The file {digest} {what}.");
            Problem::from(druse_storage::ReadError::Damaged(message))
        };
        let mut file = self.store.open_blob(digest)?.ok_or_else(|| {
            Problem::new(
                StatusCode::GONE,
                "artifact_gone",
                "The file of the artifact is gone.",
                "`druse verify` says what else is missing; a backup brings it back.",
            )
        })?;
        let mut hash = Sha256::new();
        let mut piece = vec![0; PIECE];
        loop {
            let read = file.read(&mut piece);
            match read.map_err(|error| Problem::internal(&error))? {
                0 => break,
                count => hash.update(&piece[..count]),
            }
        }
        if Digest::from_bytes(hash.finalize().into()) != *digest {
            return Err(damaged("is damaged"));
        }
        file.rewind().map_err(|error| Problem::internal(&error))?;
        Ok(file)
    }
}
