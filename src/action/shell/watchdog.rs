//! Ends the programs of attempts when this process itself is killed.
//!
//! A process that gets SIGKILL cleans nothing up: its programs would go on, and after a restart the
//! same step would run a second time beside the first. So one small shell, in a process group of
//! its own, is told which groups are alive. It reads from a pipe that only this process writes to:
//! when this process is gone, however it went, the pipe ends, and the shell kills what is left.
//!
//! A program that was just being started is not told of yet. It is known by a variable in its
//! environment that names this process, and looked for in the end, where the system shows environments.

use crate::runtime::clock;
use std::{
    collections::BTreeSet,
    io::{self, Write as _},
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
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
# Twice: the last one may not have begun to be itself. A program that made a session of its own is
# meant to stay.
for pause in 1 0; do
  for one in $(grep -lF -- "$1" /proc/[0-9]*/environ 2>/dev/null); do
    one=${one#/proc/} one=${one%/environ}
    read -r line < "/proc/$one/stat" 2>/dev/null || continue
    set -- "$1" ${line##*) }
    [ "$4" = "$one" ] && [ "$5" != "$one" ] && kill -s KILL -- "-$one" 2>/dev/null
  done
  sleep $pause
done
"#;

/// The variable that names the process that a program was started by.
pub(crate) const LIFE: &str = "DRUSE_LIFE";

static WATCHDOG: LazyLock<Watchdog> = LazyLock::new(Watchdog::default);

/// To be called before a program is started: what becomes of it is seen from its first moment on. Gives
/// the value of [`LIFE`] in its environment.
pub(crate) fn begin() -> &'static str {
    WATCHDOG.begin();
    life()
}

/// Names this process and no other: the value of [`LIFE`].
pub(crate) fn life() -> &'static str {
    &WATCHDOG.life
}

/// From now on this process group does not outlive this process.
pub(crate) fn watch(group: i32) {
    WATCHDOG.tell(group, true);
}

/// This process group has ended. Its number may soon belong to another.
pub(crate) fn release(group: i32) {
    WATCHDOG.tell(group, false);
}

struct Watchdog {
    /// Names this process and no other.
    life: String,
    state: Mutex<State>,
}

impl Default for Watchdog {
    fn default() -> Self {
        let random = u128::from_ne_bytes(clock::random());
        Self {
            life: format!("{random:032x}"),
            state: Mutex::default(),
        }
    }
}

#[derive(Default)]
struct State {
    alive: BTreeSet<i32>,
    shell: Option<Child>,
}

impl Watchdog {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self) {
        let mut state = self.state();
        let lives = state
            .shell
            .as_mut()
            .is_some_and(|shell| matches!(shell.try_wait(), Ok(None)));
        if !lives && let Err(error) = state.start(&self.life) {
            unwatched(&error);
        }
    }

    fn tell(&self, group: i32, begins: bool) {
        let mut state = self.state();
        let changed = if begins {
            state.alive.insert(group)
        } else {
            state.alive.remove(&group)
        };
        if changed && let Err(error) = state.send(group, begins, &self.life) {
            unwatched(&error);
        }
    }
}

fn unwatched(error: &io::Error) {
    tracing::warn!(%error, "programs of steps are not watched: they may go on if this process is killed");
}

impl State {
    fn send(&mut self, group: i32, begins: bool, life: &str) -> io::Result<()> {
        let line = format!("{} {group}\n", if begins { '+' } else { '-' });
        if let Some(pipe) = self.shell.as_mut().and_then(|shell| shell.stdin.as_mut()) {
            // Shorter than PIPE_BUF: written as a whole.
            if pipe.write_all(line.as_bytes()).is_ok() {
                return Ok(());
            }
        }
        // There is none yet, or somebody ended it.
        self.start(life)
    }

    fn start(&mut self, life: &str) -> io::Result<()> {
        if let Some(mut gone) = self.shell.take() {
            drop(gone.stdin.take());
            let _ = gone.wait();
        }
        let mut shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "druse-watchdog", &format!("{LIFE}={life}")])
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
    use std::os::unix::process::ExitStatusExt as _;
    use std::time::{Duration, Instant};

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

    #[test]
    fn a_program_that_was_not_told_of_yet_ends_too_and_those_of_others_do_not() {
        let watchdog = Watchdog::default();
        watchdog.begin();
        let start = |life: &str, program: &str| {
            let mut command = Command::new(program);
            if program == "sleep" {
                command.process_group(0);
            } else {
                // Not the first of its group, it makes the session without a process of its own.
                command.arg("sleep");
            }
            command.arg("100000").env(LIFE, life).spawn().unwrap()
        };
        let mut started = start(&watchdog.life, "sleep");
        let foreign = start("another", "sleep");
        let meant_to_stay = start(&watchdog.life, "setsid");
        let environment = format!("/proc/{}/environ", meant_to_stay.id());
        let named = format!("{LIFE}={}", watchdog.life);
        let stat = format!("/proc/{}/stat", meant_to_stay.id());
        let (id, end) = (
            meant_to_stay.id().to_string(),
            Instant::now() + Duration::from_secs(60),
        );
        let session = || {
            let text = std::fs::read_to_string(&stat).unwrap();
            let (_, rest) = text.rsplit_once(") ").unwrap();
            rest.split(' ').nth(3) == Some(&id)
        };
        while !(session()
            && std::fs::read_to_string(&environment)
                .unwrap()
                .contains(&named))
        {
            assert!(Instant::now() < end, "it makes no session");
            std::thread::yield_now();
        }
        self::end(&watchdog);
        assert_eq!(started.wait().unwrap().signal(), Some(9));
        for mut stays in [foreign, meant_to_stay] {
            assert!(stays.try_wait().unwrap().is_none());
            stays.kill().unwrap();
            stays.wait().unwrap();
        }
    }
}
