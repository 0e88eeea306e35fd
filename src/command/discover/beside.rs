//! The files that Claude Code's sub-agents write beside the session that asked them.

use druse_crystallizer::agent_log;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// How many entries of a folder are looked at.
const ENTRIES: usize = 10_000;

/// How much of a file is read to tell whose it is.
const HEAD: u64 = 64 * 1024;

/// The files in the folder of a session, in the order of their names: `SESSION/subagents/agent-*.jsonl`, and those of
/// its workflows in folders below.
pub(in crate::command) fn of_session(path: &Path) -> Vec<PathBuf> {
    let Some(folder) = path.parent().zip(path.file_stem()) else {
        return Vec::new();
    };
    let folder = folder.0.join(folder.1).join("subagents");
    let mut found = agents_in(&folder);
    for run in entries(&folder.join("workflows")) {
        if run.is_dir() && !run.is_symlink() {
            found.extend(agents_in(&run));
        }
    }
    found
}

/// Those of older versions, which stand in one folder with all sessions: each names its session inside.
pub(in crate::command) fn of_older(path: &Path) -> Vec<PathBuf> {
    let Some((folder, session)) = path.parent().zip(path.file_stem()) else {
        return Vec::new();
    };
    let own = |path: &PathBuf| {
        let mut head = Vec::new();
        let read = File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
        read.is_ok()
            && agent_log(&head).is_some_and(|log| log.agent.is_some() && *log.session == *session)
    };
    agents_in(folder).into_iter().filter(own).collect()
}

fn agents_in(folder: &Path) -> Vec<PathBuf> {
    let is_agents = |path: &PathBuf| {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or("");
        name.starts_with("agent-") && name.ends_with(".jsonl")
    };
    let is_file = |path: &PathBuf| path.is_file() && !path.is_symlink();
    entries(folder)
        .into_iter()
        .filter(is_agents)
        .filter(is_file)
        .collect()
}

/// What stands in a folder, by name; nothing where it is not there.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut all: Vec<PathBuf> = entries
        .take(ENTRIES)
        .flatten()
        .map(|entry| entry.path())
        .collect();
    all.sort();
    all
}
