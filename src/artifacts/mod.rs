//! Files that steps leave: taken while an attempt works, kept under their digest, and known with the run once
//! the fact that names them is durable. What is taken and never named is nobody's, and goes with the next
//! search for unused files.

mod intake;
mod media;
mod new;

pub use intake::Intake;
use media::plain_media_type;
pub use media::{extension, media_type};
pub use new::NewFile;

use crate::action::Failed;
use crate::secret::Redactor;
use druse_engine::definition::FailureClass;
use druse_engine::{Artifact, Digest, artifact::name_fault};
use druse_storage::{AppendError, BlobHold, Store};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How much steps may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArtifactLimits {
    /// The largest artifact, in bytes.
    pub one: u64,
    /// The most bytes of all artifacts of a run.
    pub run: u64,
    /// The most artifacts of a run.
    pub count: u64,
}

impl Default for ArtifactLimits {
    /// 64 MiB, 1 GiB, and 1,000.
    fn default() -> Self {
        Self {
            one: 64 << 20,
            run: 1 << 30,
            count: 1_000,
        }
    }
}

/// What a run has had already, also of attempts that failed: it stays as long as the run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Had {
    /// Bytes of its artifacts.
    pub bytes: u64,
    /// How many there are.
    pub count: u64,
}

/// An artifact that an attempt has left and that the run does not know yet.
#[derive(Debug, Clone)]
pub struct Left {
    /// What the run is told.
    pub artifact: Artifact,
    /// Keeps its bytes until that is durable.
    pub hold: Arc<BlobHold>,
}

/// The artifacts that a run has, as far as an attempt needs them.
pub trait RunFiles: Send + Sync {
    /// How much it has.
    fn had(&self) -> Had;
    /// The artifact of this digest.
    fn find(&self, digest: &Digest) -> Option<Artifact>;
}

/// Where an attempt leaves files, and where it gets those of its run. Cheap to clone; without a store nothing
/// can be left.
#[derive(Clone, Default)]
pub struct Files(Option<Arc<Inner>>);

struct Inner {
    store: Arc<dyn Store>,
    limits: ArtifactLimits,
    run: Box<dyn RunFiles>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    left: Vec<Left>,
    /// By the key in the document: one, or a list.
    shown: BTreeMap<String, Value>,
    /// What must not be in a file.
    hidden: Vec<Arc<Redactor>>,
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() {
            "Files(…)"
        } else {
            "Files"
        })
    }
}

impl Files {
    /// For an attempt of a run.
    pub fn new(store: Arc<dyn Store>, limits: ArtifactLimits, run: Box<dyn RunFiles>) -> Self {
        Self(Some(Arc::new(Inner {
            store,
            limits,
            run,
            state: Mutex::default(),
        })))
    }

    fn inner(&self) -> Result<&Arc<Inner>, Failed> {
        self.0
            .as_ref()
            .ok_or_else(|| Failed::permanent("no_artifacts", "No artifacts can be kept here."))
    }

    /// From now on a file with what this finds is not kept.
    pub fn hide(&self, redactor: Arc<Redactor>) {
        if let Some(inner) = &self.0 {
            inner.lock().hidden.push(redactor);
        }
    }

    /// The folder of the server's own data, of which nothing becomes an artifact.
    pub fn own_folder(&self) -> Option<PathBuf> {
        self.0.as_ref().map(|inner| inner.store.health().folder)
    }

    /// Looks whether a file may have this name and media type, before anything is done for what is in it.
    ///
    /// # Errors
    /// When they hold what is never shown, or the name is none.
    pub fn allows(&self, name: &str, media_type: &str) -> Result<(), Failed> {
        let inner = self.inner()?;
        // Both are stored and served as they are, as much as what is in the file.
        if inner.hides(name) || inner.hides(media_type) {
            return Err(Failed::permanent(
                "artifact_holds_secret",
                "The name or the media type of an artifact holds a secret or a sensitive input, so it is not kept.",
            ));
        }
        match name_fault(name) {
            Some(fault) => Err(Failed::input(format!(
                "{name:?} names no artifact: {fault}."
            ))),
            None => Ok(()),
        }
    }

    /// Begins an artifact. `key` is what expressions find it under, `name` what people do. Blocks on the disk,
    /// as the rest of its life does.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn begin(
        &self,
        key: &str,
        name: &str,
        media_type: &str,
        many: bool,
    ) -> Result<NewFile, Failed> {
        self.allows(name, media_type)?;
        let inner = self.inner()?;
        inner.room(name, 0)?;
        let blob = inner.store.new_blob().map_err(|error| refused(&error))?;
        Ok(NewFile::new(
            inner.clone(),
            blob,
            (key.to_owned(), many),
            name.to_owned(),
            plain_media_type(media_type).to_owned(),
        ))
    }

    /// What has been left, as the step's output shows it; nothing where nothing was.
    pub fn shown(&self) -> Option<Value> {
        let inner = self.0.as_ref()?;
        let shown = inner.lock().shown.clone();
        (!shown.is_empty()).then(|| Value::Object(shown.into_iter().collect::<Map<_, _>>()))
    }

    /// What has been left and is still to be told to the run.
    pub fn take(&self) -> Vec<Left> {
        match &self.0 {
            Some(inner) => std::mem::take(&mut inner.lock().left),
            None => Vec::new(),
        }
    }

    /// The content of an artifact of the run, as an earlier step's output shows it. Blocks on the disk.
    ///
    /// # Errors
    /// As [`Files::open`], or when it is damaged.
    pub fn read(&self, shown: &Value) -> Result<Vec<u8>, Failed> {
        let (artifact, mut file) = self.open(shown)?;
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(|error| {
            Failed::retryable("io_error", format!("An artifact cannot be read: {error}."))
        })?;
        if Digest::of(&content) != artifact.digest {
            let message = format!("The file of the artifact {:?} is damaged.", artifact.name);
            return Err(Failed::permanent("artifact_damaged", message));
        }
        Ok(content)
    }

    /// Opens an artifact of the run, as an earlier step's output shows it.
    ///
    /// # Errors
    /// When the run has no such artifact, or it cannot be read.
    pub fn open(&self, shown: &Value) -> Result<(Artifact, File), Failed> {
        let inner = self.inner()?;
        let digest = shown["digest"].as_str().and_then(Digest::parse);
        let digest = digest.ok_or_else(|| {
            Failed::input(
                "\"artifact\" is an artifact of an earlier step: `steps.x.output.artifacts.NAME`.",
            )
        })?;
        // Whatever stands in an output: only what the run itself has is given out.
        let known = inner.run.find(&digest).ok_or_else(|| {
            let message = format!("The run has no artifact with the digest {digest}.");
            Failed::permanent("unknown_artifact", message)
        })?;
        let file = inner
            .store
            .open_blob(&digest)
            .map_err(|error| Failed::retryable("io_error", error.to_string()))?;
        let file = file.ok_or_else(|| {
            let message = format!("The file of the artifact {:?} is gone.", known.name);
            Failed::permanent("artifact_gone", message)
        })?;
        Ok((known, file))
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a text holds what must not be kept.
    fn hides(&self, text: &str) -> bool {
        let hidden = &self.lock().hidden;
        hidden.iter().any(|one| one.finds_in(text.as_bytes()))
    }

    /// Whether one more artifact of so many bytes may be kept.
    fn room(&self, name: &str, bytes: u64) -> Result<(), Failed> {
        let had = self.run.had();
        let state = self.lock();
        let own: u64 = state.left.iter().map(|left| left.artifact.bytes).sum();
        let count = had.count + state.left.len() as u64;
        drop(state);
        if bytes > self.limits.one {
            return Err(too_large(
                format!(
                    "The artifact {name:?} is larger than {} bytes.",
                    self.limits.one
                ),
                self.limits.one,
            ));
        }
        if had.bytes + own + bytes > self.limits.run {
            let message = format!(
                "With the artifact {name:?} those of the run would be larger than {} bytes.",
                self.limits.run
            );
            return Err(too_large(message, self.limits.run));
        }
        if count >= self.limits.count {
            let message = format!("The run has {count} artifacts, and may have no more.");
            return Err(Failed::permanent("too_many_artifacts", message)
                .details(json!({ "limit": self.limits.count })));
        }
        Ok(())
    }
}

fn too_large(message: String, limit: u64) -> Failed {
    Failed::permanent("artifact_too_large", message).details(json!({ "limit": limit }))
}

/// Why the store did not take a file.
fn refused(error: &AppendError) -> Failed {
    match error {
        AppendError::Full => {
            Failed::retryable("disk_full", "There is no space left to keep the artifact.")
        }
        _ => Failed::new(
            FailureClass::Retryable,
            "io_error",
            "The artifact could not be written.",
        ),
    }
}
