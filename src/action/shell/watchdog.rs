//! Ends the programs of attempts when this process itself is killed.
//!
//! A process that gets SIGKILL cleans nothing up: its programs would go on, and after a restart the
//! same step would run a second time beside the first. So one small shell, in a process group of
//! its own, is told which groups are alive. It reads from a pipe that only this process writes to:
//! when this process is gone, however it went, the pipe ends, and the shell kills what is left.

use std::{
    collections::BTreeSet,
    io::{self, Write as _},
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
    sync::{LazyLock, Mutex, PoisonError},
};

const SCRIPT: &str = r#"
trap '' HUP INT QUIT TERM
alive=
while read -r what group; do
  case $what in
    +) alive="$alive $group" ;;
    -) rest=
       for one in $alive; do [ "$one" = "$group" ] || rest="$rest $one"; done
       alive=$rest ;;
  esac
done
for one in $alive; do kill -s KILL -- "-$one" 2>/dev/null; done
"#;

static WATCHDOG: LazyLock<Watchdog> = LazyLock::new(Watchdog::default);

/// From now on this process group does not outlive this process.
pub(crate) fn watch(group: i32) {
    WATCHDOG.tell(group, true);
}

/// This process group has ended. Its number may soon belong to another.
pub(crate) fn release(group: i32) {
    WATCHDOG.tell(group, false);
}

#[derive(Default)]
struct Watchdog {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    alive: BTreeSet<i32>,
    shell: Option<Child>,
}

impl Watchdog {
    fn tell(&self, group: i32, begins: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = if begins {
            state.alive.insert(group)
        } else {
            state.alive.remove(&group)
        };
        if changed && let Err(error) = state.send(group, begins) {
            tracing::warn!(%error, "programs of steps are not watched: they may go on if this process is killed");
        }
    }
}

impl State {
    fn send(&mut self, group: i32, begins: bool) -> io::Result<()> {
        let line = format!("{} {group}\n", if begins { '+' } else { '-' });
        if let Some(pipe) = self.shell.as_mut().and_then(|shell| shell.stdin.as_mut()) {
            // Shorter than PIPE_BUF: written as a whole.
            if pipe.write_all(line.as_bytes()).is_ok() {
                return Ok(());
            }
        }
        // There is none yet, or somebody ended it.
        if let Some(mut gone) = self.shell.take() {
            drop(gone.stdin.take());
            let _ = gone.wait();
        }
        let mut shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "druse-watchdog"])
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        if let Some(pipe) = shell.stdin.as_mut() {
            for group in &self.alive {
                pipe.write_all(format!("+ {group}\n").as_bytes())?;
            }
        }
        self.shell = Some(shell);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper() -> Child {
        Command::new("sleep")
            .arg("100000")
            .process_group(0)
            .spawn()
            .unwrap()
    }

    fn group(child: &Child) -> i32 {
        i32::try_from(child.id()).unwrap()
    }

    /// What the end of this process does: the pipe ends. Waits until the shell is done.
    fn end(watchdog: &Watchdog) {
        let mut shell = watchdog.state.lock().unwrap().shell.take().unwrap();
        drop(shell.stdin.take());
        shell.wait().unwrap();
    }

    #[test]
    fn what_is_watched_ends_with_this_process_and_what_was_released_does_not() {
        use std::os::unix::process::ExitStatusExt as _;
        let watchdog = Watchdog::default();
        let [mut watched, mut released, mut other] = [(); 3].map(|()| sleeper());
        watchdog.tell(group(&watched), true);
        watchdog.tell(group(&released), true);
        watchdog.tell(group(&other), true);
        watchdog.tell(group(&released), false);
        end(&watchdog);
        for gone in [&mut watched, &mut other] {
            assert_eq!(gone.wait().unwrap().signal(), Some(9));
        }
        assert!(released.try_wait().unwrap().is_none());
        released.kill().unwrap();
        released.wait().unwrap();
    }

    #[test]
    fn a_shell_that_somebody_ended_is_started_again_and_told_everything() {
        let watchdog = Watchdog::default();
        let [mut first, mut second] = [(); 2].map(|()| sleeper());
        watchdog.tell(group(&first), true);
        {
            let mut state = watchdog.state.lock().unwrap();
            let shell = state.shell.as_mut().unwrap();
            shell.kill().unwrap();
            shell.wait().unwrap();
        }
        watchdog.tell(group(&second), true);
        end(&watchdog);
        first.wait().unwrap();
        second.wait().unwrap();
    }
}
