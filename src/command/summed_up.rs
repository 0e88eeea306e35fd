//! `druse crystallize --summary`: one line for each session of many recordings.

use super::crystallize::{import, source_of};
use super::progress::Progress;
use super::{document, print};
use crate::client::{EXIT_DATA, Failure};
use crate::command::print::talk;
use druse_crystallizer::{Options, Summary};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// One line a session; a bad file is a line too, and the rest goes on.
pub(super) fn summary(paths: &[PathBuf], options: &Options) -> ExitCode {
    let mut files = Vec::new();
    let mut skipped = 0;
    for path in paths {
        collect(path, true, &mut files, &mut skipped);
    }
    if skipped > 0 {
        talk!(
            "Passed over for their names, which are none of *.json, *.jsonl, *.ndjson: {}",
            print::count(&json!(skipped), "file")
        );
    }
    let mut all_read = true;
    let mut progress = Progress::new("read", files.len());
    for path in &files {
        if let Err((failure, took)) = of_file(path, options) {
            all_read = false;
            let name = path.display().to_string();
            let unread = Summary::unreadable(&name, &failure.code, &failure.message);
            line(unread, took);
        }
        progress.step();
    }
    if all_read {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_DATA)
    }
}

/// The lines of a file; where it cannot be read, why, and how long that took.
fn of_file(path: &Path, options: &Options) -> Result<(), (Failure, Duration)> {
    let began = Instant::now();
    let sessions = document::read_bytes(path)
        .and_then(|bytes| import(path, &bytes))
        .map_err(|failure| (failure, began.elapsed()))?;
    // Reading is shared by the sessions of a file.
    let reading = began.elapsed() / u32::try_from(sessions.len().max(1)).unwrap_or(u32::MAX);
    let name = path.display().to_string();
    for (index, session) in sessions.iter().enumerate() {
        let compiling = Instant::now();
        let options = Options {
            source: Some(source_of(session, path)),
            ..options.clone()
        };
        let summary = Summary::of(&name, index, session, &options);
        line(summary, reading + compiling.elapsed());
    }
    Ok(())
}

fn line(summary: Summary, took: Duration) {
    let summary = Summary {
        micros: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        ..summary
    };
    print::exact(&json!(summary).to_string());
}

/// The recordings below a path, in the order of their paths. A file that is named itself is always taken.
fn collect(path: &Path, named: bool, files: &mut Vec<PathBuf>, skipped: &mut usize) {
    if path.is_dir() {
        let mut inside: Vec<PathBuf> = std::fs::read_dir(path)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        inside.sort();
        for path in inside {
            collect(&path, false, files, skipped);
        }
    } else if named
        || path.extension().is_some_and(|name| {
            ["json", "jsonl", "ndjson"]
                .iter()
                .any(|known| name == *known)
        })
    {
        files.push(path.to_path_buf());
    } else {
        *skipped += 1;
    }
}
