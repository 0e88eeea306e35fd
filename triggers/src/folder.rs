//! A folder that is watched: what is new, what was changed and what is complete follows from what was seen
//! of it before and what is there now. Who looks, and when, is not decided here.

use crate::suggest::shown;
use druse_engine::{
    Digest, Finding, Span, Timestamp,
    definition::{FileEvent, Files},
    pattern::matches_name,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Names that mean nothing to anybody but who writes them.
const IGNORED: [&str; 7] = [
    ".*",
    "*.part",
    "*.partial",
    "*.filepart",
    "*.crdownload",
    "*.tmp",
    "*~",
];

/// How long a file must have stayed when nothing is said.
const SETTLE: Span = Span::from_secs(2);

/// How often a folder is looked through when nothing is said.
const EVERY: Span = Span::from_secs(30);

/// The longest of both.
const LONGEST: Span = Span::from_secs(86_400);

/// A compiled `files`.
#[derive(Debug, Clone)]
pub struct Folder {
    /// The name of its connection.
    pub connection: String,
    /// The folder below it; `.` is the connection's own.
    pub path: String,
    /// Whether folders inside belong to it.
    pub recursive: bool,
    /// How often it is looked through at least.
    pub every: Span,
    /// Whether files that are there at first start runs.
    pub existing: bool,
    /// Whether the content of files is read for a digest.
    pub digest: bool,
    pattern: Option<String>,
    ignore: Vec<String>,
    on: BTreeSet<FileEvent>,
    settle: Span,
}

/// A file as it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Found {
    /// Bytes.
    pub size: u64,
    /// When it was written last, in nanoseconds since 1970.
    pub modified: i64,
    /// Its number in the file system.
    pub inode: u64,
    /// When it was made, in nanoseconds since 1970, where the file system says so: numbers come again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub born: Option<i64>,
}

/// What is known of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// As it was found last.
    #[serde(flatten)]
    pub found: Found,
    /// When it was seen first.
    pub first_at: Timestamp,
    /// Since when it has been as it is.
    pub since: Timestamp,
    /// How often it was changed since it was seen first.
    pub changes: u32,
    /// Whether it counts as complete.
    pub settled: bool,
}

/// What a look comes to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Look {
    /// In the order in which they are carried out.
    pub changes: Vec<Change>,
    /// When a file may be complete that is not yet.
    pub next: Option<Timestamp>,
}

/// One thing that is to be remembered of a file, and perhaps starts a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Its path below the connection's folder.
    pub path: String,
    /// What is known of it from now on; nothing when it is gone.
    pub known: Option<Known>,
    /// What starts a run.
    pub event: Option<FileEvent>,
}

impl Folder {
    /// Compiles a folder. Paths of findings begin at it (`/settle`).
    pub fn compile(files: &Files) -> Result<Self, Vec<Finding>> {
        let mut findings = Vec::new();
        let mut span = |key: &str, given: Option<Span>, otherwise: Span, least: Span| {
            let span = given.unwrap_or(otherwise);
            if span < least || span > LONGEST {
                let message = format!("`{key}` is a time from {least} to {LONGEST}");
                findings.push(
                    Finding::error("bad_value", message)
                        .at_path(format!("/{key}"))
                        .help("Give one in between."),
                );
            }
            span
        };
        let settle = span("settle", files.settle, SETTLE, Span::default());
        let every = span("every", files.every, EVERY, Span::from_secs(1));
        let mut name =
            |key: String, pattern: &str| {
                if pattern.is_empty() || pattern.contains('/') {
                    let message = format!("{} is no pattern of a name", shown(pattern));
                    findings.push(Finding::error("bad_value", message).at_path(key).help(
                        "Write a name with `*` and `?`; `recursive` takes in folders inside.",
                    ));
                }
            };
        if let Some(pattern) = &files.pattern {
            name("/pattern".into(), pattern);
        }
        for (index, pattern) in files.ignore.iter().flatten().enumerate() {
            name(format!("/ignore/{index}"), pattern);
        }
        let on: BTreeSet<FileEvent> = match &files.on {
            Some(on) => on.all().iter().copied().collect(),
            None => [FileEvent::default()].into(),
        };
        if on.is_empty() {
            findings.push(
                Finding::error("bad_value", "`on` names nothing that starts a run")
                    .at_path("/on")
                    .help("Leave it out for complete files."),
            );
        }
        let pattern = files.pattern.as_deref().unwrap_or("*");
        if let Some(ignore) = IGNORED
            .iter()
            .find(|ignored| files.ignore.is_none() && matches_name(ignored, pattern))
        {
            let message = format!("{ignore} is ignored, so {} means no file", shown(pattern));
            findings.push(
                Finding::error("never_matches", message)
                    .at_path("/pattern")
                    .help("Write `ignore: []` to ignore nothing."),
            );
        }
        if !findings.is_empty() {
            return Err(findings);
        }
        Ok(Self {
            connection: files.connection.clone(),
            path: plain(files.path.as_deref().unwrap_or(".")),
            recursive: files.recursive.unwrap_or(false),
            every,
            existing: files.existing.unwrap_or(false),
            digest: files.digest.unwrap_or(false),
            pattern: files.pattern.clone(),
            ignore: match &files.ignore {
                Some(ignore) => ignore.clone(),
                None => IGNORED.map(str::to_owned).into(),
            },
            on,
            settle,
        })
    }

    /// All that is to be said about a folder, warnings included.
    pub(crate) fn findings(files: &Files) -> Vec<Finding> {
        match Self::compile(files) {
            Err(findings) => findings,
            Ok(folder) if files.settle.is_some() && !folder.on.contains(&FileEvent::Complete) => {
                vec![
                    Finding::warning(
                        "unused_setting",
                        "`settle` changes nothing without `on: complete`",
                    )
                    .at_path("/settle")
                    .help("Take it out."),
                ]
            }
            Ok(_) => Vec::new(),
        }
    }

    /// What most likely starts a run.
    pub fn usual_event(&self) -> FileEvent {
        self.on.last().copied().unwrap_or_default()
    }

    /// What tells it from another folder: when that changes, what is there has not been seen yet.
    pub fn identity(&self) -> Digest {
        let of = json!([
            self.connection,
            self.path,
            self.recursive,
            self.pattern,
            self.ignore
        ]);
        Digest::of(of.to_string().as_bytes())
    }

    /// Whether a name, of a file or a folder, is one of those that are passed by.
    pub fn ignores(&self, name: &str) -> bool {
        self.ignore
            .iter()
            .any(|pattern| matches_name(pattern, name))
    }

    /// Whether a file of this name is meant.
    pub fn means(&self, name: &str) -> bool {
        let pattern = self.pattern.as_deref();
        pattern.is_none_or(|pattern| matches_name(pattern, name)) && !self.ignores(name)
    }

    /// Why a file at this path starts nothing; `None` when it may.
    pub fn mismatch(&self, path: &str, event: FileEvent) -> Option<String> {
        let inside = match self.path.as_str() {
            "." => Some(path),
            folder => path
                .strip_prefix(folder)
                .and_then(|rest| rest.strip_prefix('/')),
        };
        let Some(inside) = inside else {
            return Some(format!("it is not in the folder {}", shown(&self.path)));
        };
        let mut names: Vec<&str> = inside.split('/').collect();
        if names.len() > 1 && !self.recursive {
            return Some("it is in a folder inside, and those are not watched".into());
        }
        if let Some(name) = names.iter().find(|name| self.ignores(name)) {
            return Some(format!("names like {} are ignored", shown(name)));
        }
        let name = names.pop().unwrap_or_default();
        if !self.means(name) {
            let pattern = self.pattern.as_deref().unwrap_or_default();
            return Some(format!("its name {} is not {pattern}", shown(name)));
        }
        if !self.on.contains(&event) {
            let on: Vec<&str> = self.on.iter().map(|event| event.name()).collect();
            let message = format!(
                "it is {}, and {} starts a run",
                event.name(),
                on.join(" or ")
            );
            return Some(message);
        }
        None
    }

    /// What has become of the files since the last look. `moved` are paths that were renamed into place:
    /// such a file is whole. With `first`, what is there is only remembered.
    pub fn look(
        &self,
        known: &BTreeMap<String, Known>,
        found: &BTreeMap<String, Found>,
        moved: &BTreeSet<String>,
        now: Timestamp,
        first: bool,
    ) -> Look {
        let mut look = Look::default();
        for (path, file) in found {
            let moved = moved.contains(path);
            match known.get(path) {
                Some(before) if same_file(&before.found, file) => {
                    self.seen_again(&mut look, path, *before, *file, moved, now);
                }
                _ => {
                    let known = Known {
                        found: *file,
                        first_at: now,
                        since: now,
                        changes: 0,
                        settled: first,
                    };
                    if first {
                        look.remember(path, known);
                    } else {
                        self.comes(&mut look, path, known, FileEvent::New, moved, now);
                    }
                }
            }
        }
        for path in known.keys().filter(|path| !found.contains_key(*path)) {
            look.changes.push(Change {
                path: path.clone(),
                known: None,
                event: None,
            });
        }
        // Who wrote first comes first.
        look.changes.sort_by_cached_key(|change| {
            let written = change.known.map(|known| known.found.modified);
            (change.event.is_some(), written, change.path.clone())
        });
        look
    }

    fn seen_again(
        &self,
        look: &mut Look,
        path: &str,
        before: Known,
        file: Found,
        moved: bool,
        now: Timestamp,
    ) {
        if before.found.size != file.size || before.found.modified != file.modified {
            let known = Known {
                found: file,
                since: now,
                changes: before.changes.saturating_add(1),
                settled: false,
                ..before
            };
            self.comes(look, path, known, FileEvent::Changed, moved, now);
        } else if !before.settled {
            // A clock that was set back must not keep it waiting.
            let since = before.since.min(now);
            let due = since.after(self.settle);
            if moved || due <= now {
                let known = Known {
                    settled: true,
                    since,
                    ..before
                };
                self.tell(look, path, known, FileEvent::Complete);
            } else {
                if since != before.since {
                    look.remember(path, Known { since, ..before });
                }
                look.wait_until(due);
            }
        }
    }

    /// A file is new or was changed: it is told as that, and as complete now or once it has settled.
    fn comes(
        &self,
        look: &mut Look,
        path: &str,
        mut known: Known,
        event: FileEvent,
        moved: bool,
        now: Timestamp,
    ) {
        let waits = self.on.contains(&FileEvent::Complete);
        known.settled = !waits;
        self.tell(look, path, known, event);
        if !waits {
            return;
        }
        if moved || self.settle == Span::default() {
            known.settled = true;
            self.tell(look, path, known, FileEvent::Complete);
        } else {
            look.wait_until(now.after(self.settle));
        }
    }

    fn tell(&self, look: &mut Look, path: &str, known: Known, event: FileEvent) {
        look.changes.push(Change {
            path: path.to_owned(),
            known: Some(known),
            event: self.on.contains(&event).then_some(event),
        });
    }
}

impl Look {
    fn remember(&mut self, path: &str, known: Known) {
        self.changes.push(Change {
            path: path.to_owned(),
            known: Some(known),
            event: None,
        });
    }

    fn wait_until(&mut self, due: Timestamp) {
        self.next = Some(self.next.map_or(due, |next| next.min(due)));
    }
}

/// Whether what is found at a path is what was found there before, and not another file in its place.
fn same_file(before: &Found, now: &Found) -> bool {
    let born = match (before.born, now.born) {
        (Some(before), Some(now)) => before == now,
        _ => true,
    };
    before.inode == now.inode && born
}

/// What makes a file's event one: the same again is a repetition.
pub fn occurrence(path: &str, known: &Known, event: FileEvent) -> String {
    format!(
        "{}/{}.{}/{path}",
        event.name(),
        known.first_at,
        known.changes
    )
}

/// The value of `trigger` for a file.
pub fn seen(path: &str, file: &Found, event: FileEvent, digest: Option<&str>) -> Value {
    let modified = Timestamp(file.modified.div_euclid(1_000_000));
    json!({
        "path": path, "name": path.rsplit('/').next(), "size": file.size, "modified": modified,
        "event": event, "digest": digest,
    })
}

/// A path without empty parts and single dots.
fn plain(path: &str) -> String {
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    match parts.is_empty() {
        true => ".".into(),
        false => parts.join("/"),
    }
}

#[cfg(test)]
mod tests;
