//! What is made once for a connection and kept, and made anew where the file has changed that it was made from.

use std::{
    os::unix::fs::MetadataExt as _,
    path::Path,
    sync::{Mutex, PoisonError},
};

/// Which content a file has: its place on the disk, its size, and when it was written.
type Stamp = (u64, u64, u64, i64, i64);

fn stamp(path: &Path) -> Option<Stamp> {
    let file = std::fs::metadata(path).ok()?;
    Some((
        file.dev(),
        file.ino(),
        file.size(),
        file.mtime(),
        file.mtime_nsec(),
    ))
}

/// What was made last. What could not be made is not kept: the next who asks tries again.
#[derive(Debug)]
pub(crate) struct Kept<T>(Mutex<Option<(Option<Stamp>, T)>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Kept<T> {
    /// What there is, or else what is made now. While a file that has changed cannot be used, what was made of it before
    /// goes on: a certificate that is being renewed must not fail what runs.
    ///
    /// # Errors
    /// What making it said, where nothing was made before.
    pub(crate) fn get(
        &self,
        file: Option<&Path>,
        make: impl FnOnce() -> Result<T, String>,
    ) -> Result<T, String> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = file.and_then(stamp);
        if let Some((then, made)) = kept.as_ref()
            && (now.is_none() || *then == now)
        {
            return Ok(made.clone());
        }
        match (make(), kept.as_ref()) {
            (Ok(made), _) => {
                *kept = Some((now, made.clone()));
                Ok(made)
            }
            (Err(reason), Some((_, before))) => {
                tracing::warn!(reason, "what was read before goes on to be used");
                Ok(before.clone())
            }
            (Err(reason), None) => Err(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_is_tried_again_and_what_has_changed_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let kept = Kept::default();
        let get = || {
            kept.get(Some(&path), || {
                let text = std::fs::read_to_string(&path).map_err(|_| "cannot be read")?;
                match text.as_str() {
                    "torn" => Err("holds no certificates".to_owned()),
                    _ => Ok(text),
                }
            })
        };
        let write = |text: &str| {
            // In another place on the disk, as a renewal puts it there.
            let new = folder.path().join("new");
            std::fs::write(&new, text).unwrap();
            std::fs::rename(&new, &path).unwrap();
        };
        assert_eq!(get(), Err("cannot be read".to_owned()));
        write("first");
        assert_eq!(get().as_deref(), Ok("first"));
        write("torn");
        assert_eq!(get().as_deref(), Ok("first"));
        write("second");
        assert_eq!(get().as_deref(), Ok("second"));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(get().as_deref(), Ok("second"));
    }

    #[test]
    fn what_needs_no_file_is_made_once() {
        let kept = Kept::default();
        assert_eq!(kept.get(None, || Ok(1)), Ok(1));
        assert_eq!(kept.get(None, || Ok(2)), Ok(1));
    }
}
