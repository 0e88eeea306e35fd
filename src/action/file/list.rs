//! Listing a folder: in the order of the names, within limits.

use super::{
    Failed, Job, Stop,
    folder::{Looked, inside, not_too_deep},
    is_mark,
    root::{Root, kind_of, plain},
};
use crate::action::{attempt::Performed, blocking};
use druse_engine::action_config::IfMissing;
use druse_engine::pattern::matches_name;
use jiff::Timestamp;
use nix::{
    fcntl::AtFlags,
    sys::stat::{FileStat, SFlag, fstatat},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, os::fd::AsFd as _};

/// Entries of a list that does not say how many it wants.
const ENTRIES: u32 = 1_000;
/// Entries that a list may want.
const MOST_ENTRIES: u32 = 10_000;

impl Job {
    pub(super) fn list(&self, root: &Root, stop: &Stop) -> Performed {
        let wanted = self.config.max.unwrap_or(ENTRIES);
        if wanted == 0 || wanted > MOST_ENTRIES {
            let message = format!("\"max\" is between 1 and {MOST_ENTRIES}.");
            return Err(Failed::input(message));
        }
        let start = plain(&self.config.path);
        let mut walk = Walk {
            job: self,
            root,
            stop,
            looked: Looked::default(),
            found: BTreeMap::new(),
        };
        match walk.folder(&start, 0) {
            Err(failed)
                if failed.failure.code == "not_found"
                    && self.config.if_missing == Some(IfMissing::Empty) => {}
            other => other?,
        }
        let truncated = walk.found.len() > wanted as usize;
        let entries: Vec<Value> = walk
            .found
            .into_iter()
            .take(wanted as usize)
            .map(|(path, stat)| entry(&path, &stat))
            .collect();
        Ok(json!({ "path": start, "entries": entries, "truncated": truncated }).into())
    }
}

struct Walk<'a> {
    job: &'a Job,
    root: &'a Root,
    stop: &'a Stop,
    looked: Looked,
    found: BTreeMap<String, FileStat>,
}

impl Walk<'_> {
    fn folder(&mut self, path: &str, depth: usize) -> Result<(), Failed> {
        let Some(open) = self.looked.open(self.root, path, depth)? else {
            return Ok(());
        };
        let mut folders = Vec::new();
        for name in &open.names {
            let stat = fstatat(open.as_fd(), name.as_c_str(), AtFlags::AT_SYMLINK_NOFOLLOW);
            // Gone since its name was read.
            let Ok(stat) = stat else { continue };
            let shown = name.to_string_lossy();
            if is_mark(&shown) || self.root.is_own(&inside(path, &shown)) {
                continue;
            }
            let pattern = self.job.config.pattern.as_deref();
            if pattern.is_none_or(|pattern| matches_name(pattern, &shown)) {
                self.found.insert(inside(path, &shown), stat);
            }
            if kind_of(&stat) == SFlag::S_IFDIR && name.to_str().is_ok() {
                folders.push(inside(path, &shown));
            }
        }
        if self.job.config.recursive != Some(true) {
            return Ok(());
        }
        if !folders.is_empty() {
            not_too_deep(path, depth, "listed")?;
        }
        for folder in folders {
            if self.stop.is_told() {
                return Err(blocking::stopped());
            }
            self.folder(&folder, depth + 1)?;
        }
        Ok(())
    }
}

fn entry(path: &str, stat: &FileStat) -> Value {
    let kind = match kind_of(stat) {
        SFlag::S_IFREG => "file",
        SFlag::S_IFDIR => "folder",
        SFlag::S_IFLNK => "link",
        _ => "other",
    };
    let bytes = (kind == "file").then_some(stat.st_size);
    let millis = stat
        .st_mtime
        .saturating_mul(1_000)
        .saturating_add(stat.st_mtime_nsec / 1_000_000);
    let modified = Timestamp::from_millisecond(millis).map(|at| format!("{at:.3}"));
    json!({
        "path": path,
        "name": path.rsplit('/').next().unwrap_or(path),
        "kind": kind,
        "bytes": bytes,
        "modified_at": modified.ok(),
    })
}
