//! Searching files for lines: in the order of their paths, within limits. As search tools do it, hidden names are
//! passed over, and what the plain lines of a `.gitignore` name, and files that are no text.

use super::{
    Failed, Job, Stop, failure,
    folder::{Looked, inside, not_too_deep},
    is_mark,
    root::{Root, kind_of, plain},
};
use crate::action::{attempt::Performed, blocking};
use druse_engine::Json;
use druse_engine::action_config::IfMissing;
use druse_engine::pattern::matches_name;
use nix::{
    fcntl::{AtFlags, OFlag},
    sys::stat::{Mode, SFlag, fstatat},
};
use regex::{Regex, RegexBuilder};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read as _},
    os::fd::AsFd as _,
};

/// Lines of a search that does not say how many it wants.
const LINES: u32 = 1_000;
/// Lines that a search may want.
const MOST_LINES: u32 = 10_000;
/// Bytes that are read in all.
const MOST_BYTES: u64 = 1 << 30;
/// Characters of a line that are given.
const SHOWN: usize = 500;
/// Bytes at the start of a file that tell whether it is text.
const HEAD: usize = 8 * 1024;
/// Bytes of a `.gitignore` that are read.
const IGNORED: u64 = 64 * 1024;

impl Job {
    pub(super) fn search(&self, root: &Root, stop: &Stop) -> Performed {
        let wanted = self.config.max.unwrap_or(LINES);
        if wanted == 0 || wanted > MOST_LINES {
            let message = format!("\"max\" is between 1 and {MOST_LINES}.");
            return Err(Failed::input(message));
        }
        let pattern = self.config.regex.as_deref().unwrap_or_default();
        let regex = RegexBuilder::new(pattern)
            .case_insensitive(self.config.ignore_case == Some(true))
            .build()
            .map_err(|error| {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default().trim();
                Failed::input(format!("\"regex\" is no regular expression: {reason}."))
            })?;
        let start = plain(&self.config.path);
        let mut search = Search {
            job: self,
            root,
            stop,
            regex,
            wanted: wanted as usize,
            looked: Looked::default(),
            bytes: 0,
            files: Vec::new(),
            lines: Vec::new(),
            truncated: false,
        };
        let file = root
            .at(&start, OFlag::O_RDONLY | OFlag::O_NONBLOCK, Mode::empty())
            .map(fs::File::from);
        let file = match file {
            Err(error)
                if error.kind() == io::ErrorKind::NotFound
                    && self.config.if_missing == Some(IfMissing::Empty) =>
            {
                return Ok(search.found(start));
            }
            other => other.map_err(|error| self.failed(&error))?,
        };
        let metadata = file.metadata().map_err(|error| self.failed(&error))?;
        if metadata.is_dir() {
            search.folder(&start, &[], 0)?;
        } else if metadata.is_file() && !root.is_own(&start) {
            search.file(&start)?;
        } else {
            return Err(Failed::permanent(
                "not_a_file",
                format!("{start:?} is neither a file nor a folder."),
            ));
        }
        Ok(search.found(start))
    }
}

/// A line of a `.gitignore`: the folder that it stands in, what it names, whether from there on only.
struct Ignored {
    folder: String,
    pattern: String,
    anchored: bool,
    folders_only: bool,
}

impl Ignored {
    fn names(&self, path: &str, name: &str, is_folder: bool) -> bool {
        if self.folders_only && !is_folder {
            return false;
        }
        if !self.anchored {
            return matches_name(&self.pattern, name);
        }
        let inside = match self.folder.as_str() {
            "." => Some(path),
            folder => path
                .strip_prefix(folder)
                .and_then(|rest| rest.strip_prefix('/')),
        };
        inside.is_some_and(|inside| {
            let (own, there) = (self.pattern.split('/'), inside.split('/'));
            own.clone().count() == there.clone().count()
                && own.zip(there).all(|(own, part)| matches_name(own, part))
        })
    }
}

/// The lines of a `.gitignore` that name something; exceptions and `**` inside of a path are not followed.
fn ignored(folder: &str, text: &str) -> Vec<Ignored> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with(['#', '!']))
        .filter_map(|line| {
            let line = line.strip_prefix("**/").unwrap_or(line);
            let folders_only = line.ends_with('/');
            let line = line.trim_end_matches('/');
            let line = line.strip_suffix("/**").unwrap_or(line);
            let anchored = line.contains('/');
            let pattern = line.trim_start_matches('/');
            (!pattern.is_empty() && !pattern.contains("**") && !pattern.contains('[')).then(|| {
                Ignored {
                    folder: folder.to_owned(),
                    pattern: pattern.to_owned(),
                    anchored,
                    folders_only,
                }
            })
        })
        .collect()
}

struct Search<'a> {
    job: &'a Job,
    root: &'a Root,
    stop: &'a Stop,
    regex: Regex,
    wanted: usize,
    looked: Looked,
    bytes: u64,
    files: Vec<Value>,
    lines: Vec<Value>,
    truncated: bool,
}

impl Search<'_> {
    fn found(self, start: String) -> Json {
        json!({
            "path": start,
            "matches": self.lines,
            "files": self.files,
            "truncated": self.truncated,
        })
        .into()
    }

    fn folder(&mut self, path: &str, above: &[&Ignored], depth: usize) -> Result<(), Failed> {
        let Some(open) = self.looked.open(self.root, path, depth)? else {
            return Ok(());
        };
        let own = ignored(path, &self.gitignore(&inside(path, ".gitignore")));
        let rules: Vec<&Ignored> = above.iter().copied().chain(&own).collect();
        // By name: a map keeps their order.
        let mut there: BTreeMap<String, bool> = BTreeMap::new();
        for name in &open.names {
            if name.to_bytes().starts_with(b".") {
                continue;
            }
            let stat = fstatat(open.as_fd(), name.as_c_str(), AtFlags::AT_SYMLINK_NOFOLLOW);
            // Gone since its name was read, or a name that no path can be written with.
            let (Ok(stat), Ok(name)) = (stat, name.to_str()) else {
                continue;
            };
            let is_folder = match kind_of(&stat) {
                SFlag::S_IFDIR => true,
                SFlag::S_IFREG => false,
                _ => continue,
            };
            let place = inside(path, name);
            let passed_over = is_mark(name)
                || self.root.is_own(&place)
                || rules.iter().any(|rule| rule.names(&place, name, is_folder));
            let wanted = self.job.config.pattern.as_deref();
            let fits = is_folder || wanted.is_none_or(|wanted| matches_name(wanted, name));
            if !passed_over && fits {
                there.insert(place, is_folder);
            }
        }
        if there.values().any(|is_folder| *is_folder) {
            not_too_deep(path, depth, "searched")?;
        }
        for (place, is_folder) in there {
            if self.stop.is_told() {
                return Err(blocking::stopped());
            }
            if self.truncated {
                break;
            }
            if is_folder {
                self.folder(&place, &rules, depth + 1)?;
            } else {
                self.file(&place)?;
            }
        }
        Ok(())
    }

    fn gitignore(&self, path: &str) -> String {
        let mut text = Vec::new();
        if let Ok(file) = self.root.file(path, OFlag::O_RDONLY) {
            // What cannot be read names nothing.
            let _ = file.take(IGNORED).read_to_end(&mut text);
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    fn file(&mut self, path: &str) -> Result<(), Failed> {
        let file = match self.root.file(path, OFlag::O_RDONLY) {
            Ok(file) => file,
            // Removed, or closed to this process: a search goes on without it, as search tools do.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied
                ) =>
            {
                return Ok(());
            }
            Err(error) => return Err(failure(path, &error)),
        };
        let limit = self.job.limits.file_bytes as u64;
        let mut content = Vec::new();
        file.take(limit + 1)
            .read_to_end(&mut content)
            .map_err(|error| failure(path, &error))?;
        self.bytes += content.len() as u64;
        if self.bytes > MOST_BYTES {
            let message = format!("There are more than {MOST_BYTES} bytes to search.");
            return Err(Failed::permanent("too_many_entries", message));
        }
        let head = &content[..content.len().min(HEAD)];
        if content.len() as u64 > limit || head.contains(&0) {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&content);
        let mut found = 0_u64;
        for (index, line) in text.lines().enumerate() {
            if !self.regex.is_match(line) {
                continue;
            }
            if self.lines.len() == self.wanted {
                self.truncated = true;
                break;
            }
            found += 1;
            let shown: String = line.chars().take(SHOWN).collect();
            self.lines
                .push(json!({ "path": path, "line": index + 1, "text": shown }));
        }
        if found > 0 {
            self.files.push(json!({ "path": path, "matches": found }));
        }
        Ok(())
    }
}
