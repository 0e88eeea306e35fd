//! What a session is about, from the head of its file.

use super::beside;
use super::walk::Found;
use crate::cli::Agent;
use crate::command::recordings::append;
use druse_crystallizer::{Session, import, is_sub_agent};
use druse_engine::{Digest, Timestamp};
use serde_json::Value;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// How much of a file is read to tell what it is about.
pub(super) const HEAD: u64 = 4 * 1024 * 1024;

/// How much of a file is read to tell its working folder alone.
const FOLDER_HEAD: u64 = 256 * 1024;

/// How many characters of the task are shown.
const TASK: usize = 72;

/// A session whose file was written to within this time may still go on.
const FRESH: Duration = Duration::from_secs(60);

/// What can be said of a session.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) started_at: Option<Timestamp>,
    pub(super) working_folder: Option<String>,
    pub(super) task: Option<String>,
    /// Of all sessions in the file, as far as it was read.
    pub(super) tool_calls: u64,
    pub(super) sessions: usize,
    /// Whether the file goes on behind what was read.
    pub(super) cut: bool,
}

/// Opens a file that is one: no link, and nothing that could wait to be written to.
fn open(path: &Path) -> io::Result<File> {
    let file = File::options()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("it is no file"))
    }
}

/// The beginning of a file up to a limit, in whole lines where it goes on behind it.
fn head(path: &Path, limit: u64) -> io::Result<(Vec<u8>, bool)> {
    let mut bytes = Vec::new();
    open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    let cut = bytes.len() as u64 > limit;
    if cut {
        let end = bytes.iter().rposition(|byte| *byte == b'\n');
        bytes.truncate(end.map_or(0, |end| end + 1));
    }
    Ok((bytes, cut))
}

/// Looks into a file; what is wrong with it in words where nothing can be said of it.
pub(super) fn look(found: &Found) -> Result<Look, String> {
    let (mut bytes, mut cut) =
        head(&found.path, HEAD).map_err(|error| crate::client::said(&error))?;
    if cut && (bytes.is_empty() || found.path.extension().is_some_and(|ext| ext == "json")) {
        return Err("it is too large to be looked into".to_owned());
    }
    if found.agent == Agent::ClaudeCode {
        for path in beside::of_session(&found.path) {
            let left = HEAD.saturating_sub(bytes.len() as u64);
            // Beyond the limit calls are only told to be more.
            match head(&path, left) {
                Ok((more, is_cut)) if !cut => {
                    cut = is_cut;
                    append(&mut bytes, &more);
                }
                _ => {}
            }
        }
    }
    let sessions = import(&bytes).map_err(|error| error.message)?;
    let Some(first) = sessions.first() else {
        return Err("it holds no session".to_owned());
    };
    Ok(Look {
        started_at: first.started_at,
        working_folder: first.working_folder.clone().or_else(|| project_root(found)),
        task: task(&sessions),
        tool_calls: sessions
            .iter()
            .map(|session| session.counts().tool_calls)
            .sum(),
        sessions: sessions.len(),
        cut,
    })
}

fn task(sessions: &[Session]) -> Option<String> {
    sessions
        .iter()
        .find_map(|session| session.goal.as_deref())
        .map(|goal| plain(goal, TASK))
}

/// Gemini CLI notes the working folder beside its chats.
fn project_root(found: &Found) -> Option<String> {
    if found.agent != Agent::GeminiCli {
        return None;
    }
    let note = found.path.parent()?.parent()?.join(".project_root");
    let mut text = String::new();
    open(&note)
        .ok()?
        .take(4096)
        .read_to_string(&mut text)
        .ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Whether a file holds what an agent did that another agent started: that stands in the session of the other.
pub(super) fn is_of_sub_agent(found: &Found) -> bool {
    if found.agent != Agent::Codex {
        return false;
    }
    let Ok((bytes, _)) = head(&found.path, FOLDER_HEAD) else {
        return false;
    };
    let first = bytes.split(|byte| *byte == b'\n').next();
    first
        .and_then(|line| serde_json::from_slice::<Value>(line).ok())
        .is_some_and(|line| is_sub_agent(&line["payload"]))
}

/// Whether a session was about one of these ways to write a folder. Reads little of the file where that will do.
pub(super) fn is_in(found: &Found, folders: &[String]) -> bool {
    let same = |folder: &str| {
        let folder = folder.trim_end_matches('/');
        folders
            .iter()
            .any(|wanted| wanted.trim_end_matches('/') == folder)
    };
    if let Some(folder) = project_root(found) {
        return same(&folder);
    }
    // Before it noted it, Gemini CLI named the folder of chats after a digest of it.
    if found.agent == Agent::GeminiCli
        && let Some(name) = found
            .path
            .ancestors()
            .nth(2)
            .and_then(Path::file_name)
            .and_then(|name| name.to_str())
        && folders
            .iter()
            .any(|folder| Digest::of(folder.as_bytes()).hex() == name)
    {
        return true;
    }
    let Ok((bytes, _)) = head(&found.path, FOLDER_HEAD) else {
        return false;
    };
    let named = bytes
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<Value>(line).ok())
        .find_map(|line| {
            let folder = line["cwd"].as_str().or(line["payload"]["cwd"].as_str());
            folder.map(str::to_owned)
        });
    match named {
        Some(folder) => same(&folder),
        None => look(found).is_ok_and(|look| look.working_folder.as_deref().is_some_and(same)),
    }
}

/// Whether a file was written to so lately that its session may still go on.
pub(super) fn is_fresh(found: &Found) -> bool {
    // A clock that was set back is no reason to be sure.
    SystemTime::now()
        .duration_since(found.written)
        .is_ok_and(|age| age <= FRESH)
        || found.written > SystemTime::now()
}

/// A text of others on one line, without what a terminal would obey or hide.
pub(in crate::command) fn plain(text: &str, limit: usize) -> String {
    let mut out = String::new();
    let mut left = limit;
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
            left = left.saturating_sub(1);
        }
        for letter in word.chars() {
            if left == 0 {
                out.truncate(out.trim_end().len());
                out.push('…');
                return out;
            }
            out.push(if obeyed(letter) { '\u{fffd}' } else { letter });
            left -= 1;
        }
    }
    out
}

/// Control characters, those that turn the direction of text, and those without width.
fn obeyed(letter: char) -> bool {
    letter.is_control()
        || matches!(u32::from(letter),
            0x061c | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff | 0xe0000..=0xe007f)
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_others_wrote_is_shown_and_not_obeyed() {
        assert_eq!(plain("  pay\n the\tbill ", 20), "pay the bill");
        assert_eq!(
            plain("a\u{1b}[31mb\u{202e}c", 20),
            "a\u{fffd}[31mb\u{fffd}c"
        );
        assert_eq!(plain("one two three", 7), "one two…");
        assert_eq!(plain("one two three", 8), "one two…");
        assert_eq!(plain("ää ää", 5), "ää ää");
        assert_eq!(plain("", 5), "");
    }
}
