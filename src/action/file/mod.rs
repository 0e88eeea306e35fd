//! `file`: works on files below one root, and nothing beside it.

mod change;
mod edit;
mod folder;
pub(super) mod gather;
mod list;
mod read;
pub(crate) mod root;
mod search;
pub(crate) mod watch;
pub mod work;

use super::{Action, Attempt, Failed, Limits, attempt::Performed, blocking, blocking::Stop};
use crate::artifacts::Files;
use crate::connection::{Connections, FolderConnection};
use druse_engine::action_config::{self, FileConfig, FileOperation};
use edit::Notes;
use futures_util::future::BoxFuture;
use root::Root;
use sha2::{Digest as _, Sha256};
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio_util::sync::CancellationToken;
use work::WorkFolders;

/// Performs `file` steps.
#[derive(Debug)]
pub struct File {
    connections: Arc<Connections>,
    work: Option<WorkFolders>,
    limits: Limits,
}

impl File {
    /// With these connections and limits, and where runs have folders of their own.
    pub fn new(connections: Arc<Connections>, work: Option<WorkFolders>, limits: Limits) -> Self {
        Self {
            connections,
            work,
            limits,
        }
    }

    async fn operate(&self, attempt: &Attempt, cancel: &CancellationToken) -> Performed {
        let config: FileConfig =
            action_config::read(attempt.input.value()).map_err(Failed::input)?;
        if let Some(fault) = action_config::path_fault(&config.path) {
            return Err(Failed::permanent("bad_path", format!("{fault}.")));
        }
        let place = match &config.connection {
            Some(name) => {
                let own = self.work.as_ref().and_then(WorkFolders::own);
                let folder = self.connections.get(name)?.folder()?.clone();
                Place::Folder(folder, own.map(Path::to_path_buf))
            }
            None => match &self.work {
                Some(work) => Place::Work(work.clone(), attempt.root.to_string()),
                None => {
                    return Err(Failed::permanent(
                        "no_working_folder",
                        "Runs have no working folder here. Name a connection of kind folder.",
                    ));
                }
            },
        };
        let limit = attempt.timeout.unwrap_or(self.limits.file_timeout);
        let job = Job {
            config,
            files: attempt.files.clone(),
            limits: self.limits,
            repeated: attempt.number > 1,
            mark: mark_of(&attempt.idempotency_key),
            notes: self.work.as_ref().map(|work| work.notes(attempt.root)),
        };
        blocking::run(limit, cancel, move |stop| {
            let root = place.open()?;
            job.perform(&root, stop)
        })
        .await
    }
}

impl Action for File {
    fn perform<'a>(
        &'a self,
        attempt: &'a Attempt,
        cancel: &'a CancellationToken,
    ) -> BoxFuture<'a, Performed> {
        Box::pin(self.operate(attempt, cancel))
    }
}

/// Where the root is.
enum Place {
    /// A connection's, and where the server's own data is.
    Folder(FolderConnection, Option<PathBuf>),
    Work(WorkFolders, String),
}

impl Place {
    fn open(&self) -> Result<Root, Failed> {
        match self {
            Self::Folder(folder, own) => Root::open(&folder.path, folder.read_only, own.as_deref()),
            Self::Work(work, run) => work.open(run),
        }
    }
}

/// One operation, ready to be performed.
pub(super) struct Job {
    config: FileConfig,
    /// Where it leaves files, and gets those of its run.
    files: Files,
    limits: Limits,
    /// Whether an earlier attempt may have had its effect already.
    repeated: bool,
    /// Names what this step leaves while it works, equal over its attempts.
    mark: String,
    /// Where it notes what it is about to make of a file; nothing where runs have no folders.
    notes: Option<Notes>,
}

impl Job {
    fn perform(&self, root: &Root, stop: &Stop) -> Performed {
        let operation = self.config.op;
        if operation.writes() && root.is_read_only() {
            return Err(Failed::permanent(
                "read_only",
                "The connection to this folder only reads.",
            ));
        }
        match operation {
            FileOperation::Read => self.read(root),
            FileOperation::Write => self.write(root, stop),
            FileOperation::Append => self.append(root, stop),
            FileOperation::Edit => self.edit(root, stop),
            FileOperation::List => self.list(root, stop),
            FileOperation::Search => self.search(root, stop),
        }
    }

    /// The failure of a call to the system, for this step's path.
    fn failed(&self, error: &io::Error) -> Failed {
        failure(&self.config.path, error)
    }

    fn too_large(&self, limit: u64) -> Failed {
        let message = format!("{:?} would be larger than {limit} bytes.", self.config.path);
        Failed::permanent("file_too_large", message).details(serde_json::json!({ "limit": limit }))
    }
}

pub(super) fn mark_of(key: &str) -> String {
    let digest = Sha256::digest(key.as_bytes());
    let hex: String = digest
        .iter()
        .take(10)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!(".druse-{hex}.tmp")
}

/// Whether a name is one of those that [`mark_of`] makes: nobody else's business.
fn is_mark(name: &str) -> bool {
    name.starts_with(".druse-") && name.ends_with(".tmp")
}

/// The digest of a content, as outputs show it.
fn digest(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// What the system says about a path, as a failure.
pub(super) fn failure(path: &str, error: &io::Error) -> Failed {
    use nix::errno::Errno;
    let errno = Errno::from_raw(error.raw_os_error().unwrap_or_default());
    let permanent = |code: &str, what: &str| Failed::permanent(code, format!("{path:?} {what}."));
    match errno {
        Errno::ENOENT => permanent("not_found", "is not there"),
        Errno::ENOTDIR => permanent("not_a_folder", "is in something that is not a folder"),
        Errno::EISDIR => permanent("not_a_file", "is a folder"),
        Errno::ENXIO => permanent("not_a_file", "is a pipe, a socket or a device"),
        Errno::EEXIST => permanent("file_exists", "is there already"),
        Errno::ELOOP => permanent(
            "symbolic_link",
            "leads through a symbolic link, which is not followed",
        ),
        Errno::EXDEV => permanent("bad_path", "leaves the root"),
        Errno::EACCES | Errno::EPERM => permanent("access_denied", "may not be accessed"),
        Errno::EROFS => permanent("read_only", "is on a file system that is only read"),
        Errno::ENAMETOOLONG => permanent("bad_path", "is too long"),
        Errno::ENOSPC | Errno::EDQUOT => Failed::retryable(
            "disk_full",
            format!("There is no space left to write {path:?}."),
        ),
        Errno::ENOSYS => Failed::permanent(
            "not_supported",
            "This system cannot keep a path below a folder (it has no openat2), so files are not touched.",
        ),
        _ => Failed::retryable("io_error", format!("{path:?}: {error}.")),
    }
}
