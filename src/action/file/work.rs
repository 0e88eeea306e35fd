//! The working folders of runs: one for a run and its retries, made when a step first wants it.

use super::{Failed, edit::Notes, root::Root};
use druse_engine::RunId;
use std::{
    collections::BTreeSet,
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// How long a folder is kept after a step last used it, when its run has ended.
pub const KEPT: Duration = Duration::from_secs(7 * 24 * 3_600);

/// The name beside the folders of runs, below which edits keep their notes.
const NOTES: &str = "edits";

/// Where the folders are.
#[derive(Debug, Clone)]
pub struct WorkFolders {
    base: PathBuf,
}

impl WorkFolders {
    /// Below this folder, which is made when the first of them is.
    pub fn below(base: impl Into<PathBuf>) -> Self {
        Self { base: base.into() }
    }

    /// Opens the folder of a run as a root.
    pub(super) fn open(&self, run: &str) -> Result<Root, Failed> {
        let path = self.base.join(run);
        let made = fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .and_then(|()| {
                // Its own time says when it was last used, whatever steps do inside.
                fs::File::open(&path)?.set_modified(SystemTime::now())
            });
        made.map_err(|error| {
            let message = format!("The run's working folder cannot be made: {error}.");
            Failed::retryable("io_error", message)
        })?;
        Root::open(&path, false, None)
    }

    /// Where the edits of a run, and of its retries, note what they are about to do.
    pub(super) fn notes(&self, root: RunId) -> Notes {
        Notes::in_folder(self.notes_of_all().join(root.to_string()))
    }

    fn notes_of_all(&self) -> PathBuf {
        self.base.join(NOTES)
    }

    /// The folder that they are in: that of the server's data.
    pub(crate) fn own(&self) -> Option<&Path> {
        self.base.parent()
    }

    /// Removes the folders that no live run needs and no step has used for longer than [`KEPT`], and with them the
    /// notes of edits. Says how many folders.
    ///
    /// # Errors
    /// When the folders cannot be listed.
    pub fn sweep(&self, live: &BTreeSet<RunId>, now: SystemTime) -> io::Result<usize> {
        let removed = Self::sweep_in(&self.base, live, now)?;
        Ok(removed + Self::sweep_in(&self.notes_of_all(), live, now)?)
    }

    fn sweep_in(base: &Path, live: &BTreeSet<RunId>, now: SystemTime) -> io::Result<usize> {
        let listed = match fs::read_dir(base) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            other => other?,
        };
        let mut removed = 0;
        for entry in listed {
            let entry = entry?;
            let name = entry.file_name();
            let Some(run) = name.to_str().and_then(|name| name.parse::<RunId>().ok()) else {
                continue;
            };
            let used = entry.metadata()?.modified()?;
            let old = now.duration_since(used).is_ok_and(|age| age > KEPT);
            if !live.contains(&run) && old {
                fs::remove_dir_all(entry.path())?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_ended_runs_go_after_a_while() {
        let base = tempfile::tempdir().unwrap();
        let work = WorkFolders::below(base.path().join("work"));
        assert_eq!(work.sweep(&BTreeSet::new(), SystemTime::now()).unwrap(), 0);
        let run = |number| RunId::from_parts(1_800_000_000_000, [number; 10]);
        for number in [1, 2] {
            work.open(&run(number).to_string()).unwrap();
            fs::create_dir_all(work.notes_of_all().join(run(number).to_string())).unwrap();
            let folder = base.path().join("work").join(run(number).to_string());
            fs::write(folder.join("a"), "x").unwrap();
        }
        fs::create_dir(base.path().join("work/other")).unwrap();
        let live = BTreeSet::from([run(1)]);
        assert_eq!(work.sweep(&live, SystemTime::now()).unwrap(), 0);
        let later = SystemTime::now() + KEPT + Duration::from_secs(60);
        assert_eq!(work.sweep(&live, later).unwrap(), 2);
        let mut left: Vec<_> = fs::read_dir(base.path().join("work"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, ["edits".into(), "other".into(), run(1).to_string()]);
        assert!(work.notes_of_all().join(run(1).to_string()).is_dir());
        assert!(!work.notes_of_all().join(run(2).to_string()).exists());
    }
}
