//! Editing: an exact text in a file becomes another, once for a step, however often it is attempted.
//!
//! What an edit makes of a file may hold again what is to be replaced. So it is noted, durably, which content
//! is about to become which, before that happens: a repeated attempt knows by the file's content whether it has.

use super::{Failed, Job, Stop, digest, root::Root, root::plain};
use crate::action::attempt::Performed;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{
    fs::{self, File},
    io::{self, Write as _},
    ops::Range,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// What an edit is about to make of a file.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    /// The digest of its content.
    before: String,
    /// The digest of what that becomes.
    after: String,
    /// How many places of it.
    replaced: usize,
    /// The digest of what is asked for; nothing in a note of a version that did not tell requests apart.
    #[serde(default)]
    asked: Option<String>,
    /// Whether it was not known, when this was noted, that no earlier attempt had edited the file.
    #[serde(default)]
    unsure: bool,
}

/// Where the edits of a run, and of its retries, keep their notes.
#[derive(Debug, Clone)]
pub(super) struct Notes {
    /// In the server's own data.
    folder: PathBuf,
}

impl Notes {
    pub(super) fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// What the step with this mark noted last.
    fn read(&self, mark: &str) -> io::Result<Option<Note>> {
        match fs::read(self.folder.join(mark)) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps a note; it is durable when this returns. Until then the one before it stands.
    fn write(&self, mark: &str, note: &Note) -> io::Result<()> {
        self.make()?;
        let beside = self.folder.join(format!("{mark}.new"));
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)?;
        file.write_all(&serde_json::to_vec(note)?)?;
        file.sync_all()?;
        fs::rename(beside, self.folder.join(mark))?;
        File::open(&self.folder)?.sync_all()
    }

    /// Takes back what was noted last; what stood before it is there again.
    fn take_back(&self, mark: &str, before: Option<&Note>) -> io::Result<()> {
        match before {
            Some(before) => self.write(mark, before),
            None => fs::remove_file(self.folder.join(mark)),
        }
    }

    fn make(&self) -> io::Result<()> {
        if self.folder.is_dir() {
            return Ok(());
        }
        let mut made = fs::DirBuilder::new();
        made.recursive(true).mode(0o700).create(&self.folder)?;
        // The folders above may be new, too, up to that of the data.
        let above = self.folder.ancestors().skip(1).take(3);
        above
            .into_iter()
            .try_for_each(|folder: &Path| File::open(folder)?.sync_all())
    }
}

/// What a repeated attempt knows of those before it.
enum Before {
    /// One of them has edited the file, in so many places.
    Edited(usize),
    /// None of them has.
    Nothing,
    /// It was not noted, or others have changed the file since: only the text may tell. With what was noted.
    Unknown(Option<Note>),
}

impl Job {
    pub(super) fn edit(&self, root: &Root, stop: &Stop) -> Performed {
        let wrong = |key: &str| Failed::input(format!("An edit needs {key:?}."));
        let find = self.config.find.as_deref().ok_or_else(|| wrong("find"))?;
        let replace = self.config.replace.as_deref();
        let replace = replace.ok_or_else(|| wrong("replace"))?;
        if find.is_empty() {
            return Err(Failed::input("The text to be replaced is empty."));
        }
        let file = root.file(&self.config.path, nix::fcntl::OFlag::O_RDONLY);
        let file = file.map_err(|error| self.failed(&error))?;
        let seen = file.metadata().map_err(|error| self.failed(&error))?;
        let text = self.utf8(self.content(&file)?)?;
        let mut places: Vec<usize> = text.match_indices(find).map(|(at, _)| at).collect();
        let mut unsure = false;
        let mut earlier = None;
        if self.repeated {
            match self.before(&text)? {
                Before::Edited(replaced) => return Ok(self.edited(text.as_bytes(), replaced)),
                Before::Nothing => {}
                Before::Unknown(note) => {
                    unsure = true;
                    earlier = note;
                    let results = ranges(&text, replace);
                    let own = |at: &usize| lies_in(&results, *at..*at + find.len());
                    let (inside, outside): (Vec<usize>, Vec<usize>) =
                        places.iter().copied().partition(own);
                    if outside.is_empty() && !inside.is_empty() {
                        return Ok(self.edited(text.as_bytes(), 0));
                    }
                    // Without `all` no result of it stands beside another match: there were several before.
                    if self.config.all == Some(true) {
                        places = outside;
                    }
                }
            }
        }
        let found = places.len();
        if found == 0 {
            // The attempt before may have edited the file.
            if unsure && !replace.is_empty() && text.contains(replace) {
                return Ok(self.edited(text.as_bytes(), 0));
            }
            let path = &self.config.path;
            let message = format!("{path:?} does not hold the text to be replaced.");
            return Err(Failed::permanent("no_match", message));
        }
        if found > 1 && self.config.all != Some(true) {
            let message = format!(
                "{:?} holds the text to be replaced {found} times. Give more of it, or set all.",
                self.config.path
            );
            return Err(
                Failed::permanent("several_matches", message).details(json!({ "found": found }))
            );
        }
        let limit = self.limits.file_bytes;
        let grown = text.len() - found * find.len() + found * replace.len();
        if grown > limit {
            return Err(self.too_large(limit as u64));
        }
        let changed = replaced(&text, &places, find, replace);
        // Before the last look at the file: between that and its change there is to be no time.
        self.note(&text, &changed, found, unsure)?;
        let spot = self.spot(root)?;
        let now = self.plain_file(&spot)?;
        let same = now.as_ref().is_some_and(|now| {
            now.st_ino == seen.ino()
                && now.st_size == seen.size().cast_signed()
                && (now.st_mtime, now.st_mtime_nsec) == (seen.mtime(), seen.mtime_nsec())
        });
        if !same {
            self.forget_note(earlier.as_ref());
            let message = format!("{:?} changed while it was edited.", self.config.path);
            return Err(Failed::retryable("file_changed", message));
        }
        self.put(&spot, changed.as_bytes(), now.as_ref(), false, stop)?;
        Ok(self.edited(changed.as_bytes(), found))
    }

    /// What the attempts before this one have made of the file, by its text now.
    fn before(&self, text: &str) -> Result<Before, Failed> {
        let Some(notes) = &self.notes else {
            return Ok(Before::Unknown(None));
        };
        let note = notes.read(&self.mark).map_err(|error| unnoted(&error))?;
        let now = digest(text.as_bytes());
        // What was done for another request, before a person corrected it, is nothing of this one.
        let asked = self.asked();
        let note = note.filter(|note| note.asked.as_ref().is_none_or(|noted| *noted == asked));
        Ok(match note {
            Some(note) if note.after == now => Before::Edited(note.replaced),
            Some(note) if note.before != now || note.unsure => Before::Unknown(Some(note)),
            // What was not noted was not begun.
            Some(_) | None => Before::Nothing,
        })
    }

    /// The digest of what this edit asks for.
    fn asked(&self) -> String {
        let config = &self.config;
        let all = config.all == Some(true);
        let path = plain(&config.path);
        let asked = json!([config.connection, path, config.find, config.replace, all]);
        digest(asked.to_string().as_bytes())
    }

    fn note(&self, before: &str, after: &str, replaced: usize, unsure: bool) -> Result<(), Failed> {
        let Some(notes) = &self.notes else {
            return Ok(());
        };
        let note = Note {
            before: digest(before.as_bytes()),
            after: digest(after.as_bytes()),
            replaced,
            asked: Some(self.asked()),
            unsure,
        };
        let written = notes.write(&self.mark, &note);
        written.map_err(|error| unnoted(&error))
    }

    /// What was noted has not come about, and what was known of earlier attempts is again all that is known. A note
    /// that stays all the same leaves it to the text.
    fn forget_note(&self, earlier: Option<&Note>) {
        if let Some(notes) = &self.notes {
            let _ = notes.take_back(&self.mark, earlier);
        }
    }

    fn edited(&self, content: &[u8], replaced: usize) -> druse_engine::Json {
        json!({
            "path": plain(&self.config.path),
            "bytes": content.len(),
            "digest": digest(content),
            "replaced": replaced,
        })
        .into()
    }
}

/// What an edit is about to make cannot be noted, or not be read: nothing is changed then.
fn unnoted(error: &io::Error) -> Failed {
    let message = format!("What becomes of the file cannot be noted: {error}.");
    Failed::retryable("io_error", message)
}

fn ranges(text: &str, part: &str) -> Vec<Range<usize>> {
    let all = (!part.is_empty()).then(|| text.match_indices(part));
    let all = all.into_iter().flatten();
    all.map(|(at, found)| at..at + found.len()).collect()
}

/// Whether a range lies in one of these, which are in order.
fn lies_in(ranges: &[Range<usize>], of: Range<usize>) -> bool {
    let behind = ranges.partition_point(|range| range.start <= of.start);
    let last = behind.checked_sub(1).map(|at| &ranges[at]);
    last.is_some_and(|range| of.end <= range.end)
}

/// A text with another part at each of these places.
fn replaced(text: &str, places: &[usize], find: &str, replace: &str) -> String {
    let mut made = String::with_capacity(text.len());
    let mut from = 0;
    for at in places {
        made.push_str(&text[from..*at]);
        made.push_str(replace);
        from = at + find.len();
    }
    made.push_str(&text[from..]);
    made
}
