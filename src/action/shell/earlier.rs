//! Ends, at the start of a process, the programs that one before it on the same folder left when it was killed.
//!
//! Its [watchdog](super::watchdog) does the same, but nobody says when it is done: a step that begins anew might
//! run beside what is left of itself. So the life of whoever has the folder stands in it, and the next one sees
//! to it that nothing of that life is left before anything begins. A program that made a session of its own is
//! meant to stay. Where the system shows no environments, and for a program that was given none, the watchdog has
//! to do.

use super::watchdog::{self, LIFE};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// In the data folder: names the process that has it, or had it when it was killed.
const FILE: &str = "life";
/// How long the end of what was killed is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a process that is about to begin is waited for: one that shows nothing for longer is none of ours.
const BEGINNING: Duration = Duration::from_millis(200);
/// Between two looks.
const AGAIN: Duration = Duration::from_millis(5);

/// Ends what an earlier process on this folder left, waits until it is gone, and notes this process's life. To
/// be called by whoever holds the folder's lock: until that is free, a program that was just being started has
/// not begun to be itself. Blocks for ten seconds at most.
pub(crate) fn settle(folder: &Path) {
    let file = folder.join(FILE);
    let settled = place(folder).and_then(|place| {
        let own = format!("{} {place}\n", watchdog::life());
        match fs::read_to_string(&file) {
            Ok(known) if known == own => return Ok(()),
            // In a copy of a folder stands whoever has the other one, and may live.
            Ok(known) => match known.trim().split_once(' ') {
                Some((life, at)) if at == place => end(life),
                _ => {}
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        fs::write(&file, own)
    });
    // The watchdog does the same, a moment later. A disk without space is no reason not to start.
    if let Err(error) = settled {
        tracing::warn!(%error, file = %file.display(), "programs of a server that is killed are not waited for");
        leave(folder);
    }
}

/// Names a folder as long as it is neither moved nor copied.
fn place(folder: &Path) -> io::Result<String> {
    let folder = fs::metadata(folder)?;
    Ok(format!("{}:{}", folder.dev(), folder.ino()))
}

/// Says that this process leaves nothing: to be called when no program of it runs any more.
pub(crate) fn leave(folder: &Path) {
    // If it stays, the next start looks in vain.
    let _ = fs::remove_file(folder.join(FILE));
}

fn end(life: &str) {
    let began = Instant::now();
    loop {
        let left = Left::of(life);
        let waited = began.elapsed();
        if left.groups.is_empty() && (!left.beginning || waited >= BEGINNING) {
            return;
        }
        for group in &left.groups {
            let _ = killpg(Pid::from_raw(*group), Signal::SIGKILL);
        }
        if waited >= PATIENCE {
            let groups = left.groups;
            tracing::warn!(
                ?groups,
                "programs that a server before this one had started do not end"
            );
            return;
        }
        std::thread::sleep(AGAIN);
    }
}

/// What is there of a life.
#[derive(Default)]
struct Left {
    /// The process groups in which a program of it runs that is not meant to stay.
    groups: BTreeSet<i32>,
    /// Whether some process is between being another program and being its own, of which nothing can be told.
    beginning: bool,
}

impl Left {
    fn of(life: &str) -> Self {
        let named = format!("{LIFE}={life}");
        let mut left = Self::default();
        let Ok(processes) = fs::read_dir("/proc") else {
            return left;
        };
        for folder in processes.flatten().map(|process| process.path()) {
            let Ok(environment) = fs::read(folder.join("environ")) else {
                continue;
            };
            if environment.is_empty() {
                left.beginning |= is_beginning(&folder);
                continue;
            }
            let mut variables = environment.split(|byte| *byte == 0);
            if variables.any(|variable| variable == named.as_bytes()) {
                left.groups.extend(group(&folder));
            }
        }
        left
    }
}

/// Whether a process has a program and no words for it yet. A kernel's thread has no program.
fn is_beginning(process: &Path) -> bool {
    fs::read_link(process.join("exe")).is_ok()
        && fs::read(process.join("cmdline")).is_ok_and(|words| words.is_empty())
}

/// The group of a process that runs and is in the session that it was started in.
fn group(process: &Path) -> Option<i32> {
    let stat = fs::read_to_string(process.join("stat")).ok()?;
    // Behind the name, which may hold anything: state, parent, group, session.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?;
    let group: i32 = fields.nth(1)?.parse().ok()?;
    let session: i32 = fields.next()?.parse().ok()?;
    (group != session && !["Z", "X"].contains(&state)).then_some(group)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
    use std::process::{Child, Command};

    fn sleeper(life: &str) -> Child {
        Command::new("sleep")
            .arg("100000")
            .env(LIFE, life)
            .process_group(0)
            .spawn()
            .unwrap()
    }

    #[test]
    fn what_the_life_before_left_is_gone_when_the_next_one_begins() {
        let folder = tempfile::tempdir().unwrap();
        let before = format!("a-life-before {}\n", place(folder.path()).unwrap());
        fs::write(folder.path().join(FILE), before).unwrap();
        let [mut left, mut other] = ["a-life-before", "a-life-elsewhere"].map(sleeper);
        settle(folder.path());
        // Ended before the call came back, not some time after it.
        assert_eq!(left.try_wait().unwrap().unwrap().signal(), Some(9));
        assert!(other.try_wait().unwrap().is_none());
        other.kill().unwrap();
        other.wait().unwrap();
        let noted = fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert!(noted.starts_with(watchdog::life()));
    }

    #[test]
    fn whoever_has_the_folder_that_this_one_was_copied_from_lives_on() {
        let (folder, copied) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let known = format!("a-life-that-goes-on {}\n", place(folder.path()).unwrap());
        fs::write(copied.path().join(FILE), known).unwrap();
        let mut lives = sleeper("a-life-that-goes-on");
        settle(copied.path());
        assert!(lives.try_wait().unwrap().is_none());
        lives.kill().unwrap();
        lives.wait().unwrap();
    }

    #[test]
    fn what_this_process_started_stays_when_its_folder_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        settle(folder.path());
        let mut own = sleeper(watchdog::life());
        settle(folder.path());
        assert!(own.try_wait().unwrap().is_none());
        own.kill().unwrap();
        own.wait().unwrap();
        leave(folder.path());
        assert!(!folder.path().join(FILE).exists());
    }
}
