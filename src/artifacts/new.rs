//! An artifact that is being written.

use super::{Inner, Left, refused};
use crate::action::Failed;
use crate::secret::Redactor;
use druse_engine::Artifact;
use druse_storage::NewBlob;
use serde_json::{Value, json};
use std::io::Read;
use std::sync::Arc;

/// Bytes that are read at once.
const PIECE: usize = 256 << 10;

/// Takes bytes until its end. Dropped before, nothing is left of it.
pub struct NewFile {
    inner: Arc<Inner>,
    blob: Box<dyn NewBlob>,
    /// What expressions find it under, and whether there may be several.
    key: (String, bool),
    name: String,
    media_type: String,
    bytes: u64,
    hidden: Vec<Arc<Redactor>>,
    /// The end of what came, in which a secret may have begun.
    tail: Vec<u8>,
    longest: usize,
}

impl NewFile {
    pub(super) fn new(
        inner: Arc<Inner>,
        blob: Box<dyn NewBlob>,
        key: (String, bool),
        name: String,
        media_type: String,
    ) -> Self {
        let hidden = inner.lock().hidden.clone();
        let longest = hidden.iter().map(|one| one.longest()).max().unwrap_or(0);
        Self {
            inner,
            blob,
            key,
            name,
            media_type,
            bytes: 0,
            hidden,
            tail: Vec::new(),
            longest,
        }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// When it becomes too large, a secret is in it, or the disk does not take it.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        self.bytes += bytes.len() as u64;
        self.inner.room(&self.name, self.bytes)?;
        if self.longest > 0 {
            self.tail.extend_from_slice(bytes);
            if self.hidden.iter().any(|one| one.finds_in(&self.tail)) {
                let message = format!(
                    "The artifact {:?} holds a secret or a sensitive input, so it is not kept.",
                    self.name
                );
                return Err(Failed::permanent("artifact_holds_secret", message));
            }
            let seen = self.tail.len().saturating_sub(self.longest - 1);
            self.tail.drain(..seen);
        }
        self.blob.write_all(bytes).map_err(|error| {
            let full = matches!(
                error.kind(),
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
            );
            refused(&if full {
                druse_storage::AppendError::Full
            } else {
                druse_storage::AppendError::Failed
            })
        })
    }

    /// Takes all that a file has.
    ///
    /// # Errors
    /// As [`NewFile::write`], or when it cannot be read.
    pub fn copy(&mut self, mut from: impl Read) -> Result<(), Failed> {
        let mut piece = vec![0; PIECE];
        loop {
            match from.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(count) => self.write(&piece[..count])?,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let message = format!("The artifact {:?} cannot be read: {error}.", self.name);
                    return Err(Failed::retryable("io_error", message));
                }
            }
        }
    }

    /// Nothing more comes: it is kept, and gives what outputs show of it.
    ///
    /// # Errors
    /// When the disk does not take it, or the attempt has left one of this name.
    pub fn finish(self) -> Result<Value, Failed> {
        self.inner.room(&self.name, self.bytes)?;
        let hold = self.blob.finish().map_err(|error| refused(&error))?;
        let artifact = Artifact {
            name: self.name,
            media_type: self.media_type,
            bytes: hold.bytes(),
            digest: hold.digest().clone(),
        };
        let shown = json!(artifact);
        let mut state = self.inner.lock();
        if state
            .left
            .iter()
            .any(|left| left.artifact.name == artifact.name)
        {
            let message = format!(
                "The step leaves two artifacts of the name {:?}.",
                artifact.name
            );
            return Err(Failed::input(message));
        }
        state.left.push(Left {
            artifact,
            hold: Arc::new(hold),
        });
        let (key, many) = self.key;
        match (many, state.shown.get_mut(&key)) {
            (true, Some(Value::Array(list))) => list.push(shown.clone()),
            (true, _) => drop(state.shown.insert(key, json!([shown]))),
            (false, _) => drop(state.shown.insert(key, shown.clone())),
        }
        drop(state);
        Ok(shown)
    }
}
