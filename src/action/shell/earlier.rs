//! Ends, at the start of a process, the programs that one before it on the same folder left when it was killed.
//!
//! Its [watchdog](super::watchdog) does the same, but nobody says when it is done: a step that begins anew might
//! run beside what is left of itself. So the life of whoever has the folder stands in it, and the next one sees
//! to it that nothing of that life is left before anything begins. A program that made a session of its own is
//! meant to stay. Where the system shows no environments the watchdog has to do.

use super::watchdog::{self, LIFE};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::fs;
use std::io;
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
///
/// # Errors
/// When the file cannot be read or written.
pub(crate) fn settle(folder: &Path) -> io::Result<()> {
    let file = folder.join(FILE);
    match fs::read_to_string(&file) {
        Ok(life) if life.trim() == watchdog::life() => return Ok(()),
        Ok(life) => end(life.trim()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    fs::write(&file, format!("{}\n", watchdog::life()))
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
        fs::write(folder.path().join(FILE), "a-life-before\n").unwrap();
        let [mut left, mut other] = ["a-life-before", "a-life-elsewhere"].map(sleeper);
        settle(folder.path()).unwrap();
        // Ended before the call came back, not some time after it.
        assert_eq!(left.try_wait().unwrap().unwrap().signal(), Some(9));
        assert!(other.try_wait().unwrap().is_none());
        other.kill().unwrap();
        other.wait().unwrap();
        let noted = fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert_eq!(noted.trim(), watchdog::life());
    }

    #[test]
    fn what_this_process_started_stays_when_its_folder_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        settle(folder.path()).unwrap();
        let mut own = sleeper(watchdog::life());
        settle(folder.path()).unwrap();
        assert!(own.try_wait().unwrap().is_none());
        own.kill().unwrap();
        own.wait().unwrap();
        leave(folder.path());
        assert!(!folder.path().join(FILE).exists());
    }
}
