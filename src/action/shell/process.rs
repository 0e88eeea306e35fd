//! A program in its own process group: what it writes is bounded, and nothing of it outlives its attempt.

use super::watchdog;
use crate::action::Failed;
use crate::open_files;
use crate::step_log::{AttemptLog, LogStream};
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use std::{
    collections::BTreeMap,
    io,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, Command},
    task::JoinHandle,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// How long a pipe is waited for, in all, after the whole group was killed. Only a program that left its group
/// can still hold it open. What stands in the pipe is read however long that takes.
const LINGER: Duration = Duration::from_secs(2);

pub(super) struct Prepared {
    pub(super) argv: Vec<String>,
    pub(super) env: BTreeMap<String, String>,
    pub(super) cwd: Option<PathBuf>,
    pub(super) stdin: Option<Vec<u8>>,
    pub(super) timeout: Duration,
    pub(super) grace: Duration,
    pub(super) largest: usize,
    pub(super) log: AttemptLog,
}

pub(super) struct Finished {
    pub(super) ended: Ended,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

pub(super) enum Ended {
    Exited(ExitStatus),
    Canceled,
    TimedOut,
    TooLarge,
}

/// Kills what is left of the group when dropped: at the end of the attempt, and when the attempt itself is dropped.
struct Group(Pid);

impl Group {
    fn of(id: i32) -> Self {
        watchdog::watch(id);
        Self(Pid::from_raw(id))
    }

    fn signal(&self, signal: Signal) {
        // There may be nobody left, which is what is wanted.
        let _ = killpg(self.0, signal);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
        watchdog::release(self.0.as_raw());
    }
}

pub(super) async fn run(
    prepared: Prepared,
    cancel: &CancellationToken,
) -> Result<Finished, Failed> {
    let mut child = spawn(&prepared)?;
    let group = child.id().and_then(|id| i32::try_from(id).ok());
    let Some(group) = group.map(Group::of) else {
        return Err(Failed::retryable(
            "start_failed",
            "The program ended before it began.",
        ));
    };
    // Beside the reading, so that neither waits for the other. A program need not read all of it.
    let (pipe, bytes) = (child.stdin.take(), prepared.stdin);
    let writing = tokio::spawn(async move {
        if let (Some(mut pipe), Some(bytes)) = (pipe, bytes) {
            let _ = pipe.write_all(&bytes).await;
        }
    });
    let (overflow, over) = (CancellationToken::new(), CancellationToken::new());
    let reader = |stream| Reader {
        kept: Kept::default(),
        largest: prepared.largest,
        overflow: overflow.clone(),
        over: over.clone(),
        stream,
        log: prepared.log.clone(),
    };
    let stdout = reader(LogStream::Stdout).collect(child.stdout.take());
    let stderr = reader(LogStream::Stderr).collect(child.stderr.take());
    let ended = tokio::select! {
        biased;
        status = child.wait() => Some(Ended::Exited(status.map_err(wait_failed)?)),
        () = cancel.cancelled() => Some(Ended::Canceled),
        () = overflow.cancelled() => Some(Ended::TooLarge),
        () = tokio::time::sleep(prepared.timeout) => None,
    };
    let ended = ended.unwrap_or(Ended::TimedOut);
    if !matches!(ended, Ended::Exited(_)) {
        group.signal(Signal::SIGTERM);
        let politely = tokio::time::timeout(prepared.grace, child.wait()).await;
        if politely.is_err() {
            group.signal(Signal::SIGKILL);
            child.wait().await.map_err(wait_failed)?;
        }
    }
    // What it started and left behind ends with it; that also closes the pipes.
    drop(group);
    writing.abort();
    over.cancel();
    let (stdout, stderr) = (stdout.gather().await, stderr.gather().await);
    let ended = match ended {
        // It ended by itself, just after it had written too much.
        Ended::Exited(_) if overflow.is_cancelled() => Ended::TooLarge,
        other => other,
    };
    Ok(Finished {
        ended,
        stdout,
        stderr,
    })
}

fn spawn(prepared: &Prepared) -> Result<Child, Failed> {
    let program = prepared.argv.first().map_or("", String::as_str);
    let mut command = Command::new(program);
    command
        .args(prepared.argv.iter().skip(1))
        .env_clear()
        .envs(&prepared.env)
        .stdin(match prepared.stdin {
            Some(_) => Stdio::piped(),
            None => Stdio::null(),
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    if let Some(cwd) = &prepared.cwd {
        // The system gives one and the same error for both.
        if !cwd.is_dir() {
            let message = format!("There is no folder {} to run in.", cwd.display());
            return Err(Failed::permanent("folder_not_found", message));
        }
        command.current_dir(cwd);
    }
    open_files::give_back(command.as_std_mut());
    command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failed::permanent(
            "program_not_found",
            format!("There is no program {program:?}."),
        ),
        io::ErrorKind::PermissionDenied => Failed::permanent(
            "program_not_executable",
            format!("The program {program:?} may not be run by the user of this process."),
        ),
        io::ErrorKind::ArgumentListTooLong => Failed::permanent(
            "arguments_too_long",
            "The arguments and variables are too long. Give large values through stdin.",
        ),
        _ => Failed::retryable(
            "start_failed",
            format!("The program {program:?} could not be started: {error}."),
        ),
    })
}

fn wait_failed(error: io::Error) -> Failed {
    Failed::retryable(
        "wait_failed",
        format!("The end of the program was not seen: {error}."),
    )
}

type Kept = Arc<Mutex<Vec<u8>>>;

/// Reads a pipe to its end, and keeps what fits: a full pipe would stop the program for ever.
struct Reader {
    kept: Kept,
    largest: usize,
    /// Says that more came than fits.
    overflow: CancellationToken,
    /// The program has ended, and what it started with it.
    over: CancellationToken,
    stream: LogStream,
    log: AttemptLog,
}

impl Reader {
    fn collect(self, pipe: Option<impl AsyncRead + Unpin + Send + 'static>) -> Collecting {
        Collecting {
            kept: self.kept.clone(),
            task: tokio::spawn(async move {
                if let Some(pipe) = pipe {
                    self.read(pipe).await;
                }
            }),
        }
    }

    async fn read(&self, mut pipe: impl AsyncRead + Unpin) {
        let mut buffer = vec![0; 32 << 10];
        let mut patience = LINGER;
        loop {
            let waits = Instant::now();
            let read = tokio::select! {
                biased;
                read = pipe.read(&mut buffer) => read,
                () = self.lingered(patience) => return self.say_cut().await,
            };
            let Ok(read @ 1..) = read else { return };
            let is_over = self.over.is_cancelled();
            if is_over {
                patience = patience.saturating_sub(waits.elapsed());
            }
            let fits = {
                let Ok(mut kept) = self.kept.lock() else {
                    return;
                };
                let room = self.largest.saturating_sub(kept.len());
                kept.extend_from_slice(&buffer[..read.min(room)]);
                read <= room
            };
            if !fits {
                self.overflow.cancel();
            }
            self.log.write(self.stream, &buffer[..read]).await;
            if is_over && !fits {
                // The attempt fails anyway, and whoever still writes may never end.
                return;
            }
        }
    }

    async fn lingered(&self, patience: Duration) {
        self.over.cancelled().await;
        tokio::time::sleep(patience).await;
    }

    async fn say_cut(&self) {
        let name = match self.stream {
            LogStream::Stderr => "stderr",
            _ => "stdout",
        };
        let said = format!(
            "The program has ended, but something that it started still holds its {name} open. What that writes \
             is not read any more.\n"
        );
        self.log.write(LogStream::Note, said.as_bytes()).await;
    }
}

struct Collecting {
    kept: Kept,
    task: JoinHandle<()>,
}

impl Collecting {
    async fn gather(self) -> Vec<u8> {
        // It ends by itself: it waits for little more once the program is over.
        let _ = self.task.await;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secrets;
    use crate::step_log::{LogLimits, LogQuery, StepLogs};
    use druse_engine::RunId;
    use tokio::io::duplex;

    fn run() -> RunId {
        RunId::from_parts(1_800_000_000_000, [3; 10])
    }

    fn reader(log: AttemptLog) -> Reader {
        Reader {
            kept: Kept::default(),
            largest: 1 << 20,
            overflow: CancellationToken::new(),
            over: CancellationToken::new(),
            stream: LogStream::Stdout,
            log,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_written_is_kept_however_slowly_it_is_logged() {
        let folder = tempfile::tempdir().unwrap();
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let (says, stopped) = std::sync::mpsc::channel();
        let slow = move || {
            let _ = says.send(());
            // Until the test lets go of the other end.
            let _ = gate.recv();
            true
        };
        let secrets = Arc::new(Secrets::new());
        let logs = StepLogs::below(folder.path(), secrets, LogLimits::default(), slow).unwrap();
        let other = logs.of(run(), "other", 1);
        other.write_now(LogStream::Stdout, b"first\n");
        stopped.recv().unwrap();
        // More than may wait to be written.
        for _ in 0..1_000 {
            other.write_now(LogStream::Stdout, b"so much\n");
        }
        let reader = reader(logs.of(run(), "slow", 1));
        let (mut program, pipe) = duplex(200_000);
        let over = reader.over.clone();
        let collecting = reader.collect(Some(pipe));
        program.write_all(&[b'x'; 150_000]).await.unwrap();
        drop(program);
        over.cancel();
        // The clock is not the machine's: it moves once nothing else can.
        tokio::time::sleep(LINGER * 10).await;
        drop(open);
        assert_eq!(collecting.gather().await.len(), 150_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pipe_that_is_held_open_is_left_in_the_end_and_that_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Arc::new(Secrets::new());
        let logs = StepLogs::below(folder.path(), secrets, LogLimits::default(), || true).unwrap();
        let log = logs.of(run(), "left", 1);
        let reader = reader(log.clone());
        let (mut program, pipe) = duplex(1_000);
        let over = reader.over.clone();
        let collecting = reader.collect(Some(pipe));
        program.write_all(b"done").await.unwrap();
        over.cancel();
        // Whoever holds it goes on writing now and then.
        let chatter = tokio::spawn(async move {
            while program.write_all(b".").await.is_ok() {
                tokio::time::sleep(LINGER / 4).await;
            }
        });
        let kept = String::from_utf8(collecting.gather().await).unwrap();
        assert!(kept.starts_with("done."), "{kept}");
        chatter.await.unwrap();
        log.end().await;
        logs.flush().await;
        let page = logs.read(
            run(),
            &LogQuery {
                limit: 100,
                bytes: 10_000,
                ..LogQuery::default()
            },
        );
        let pieces = page.unwrap().pieces;
        let note = pieces
            .iter()
            .find(|(_, piece)| piece.stream == LogStream::Note);
        assert!(note.unwrap().1.text.contains("still holds its stdout open"));
    }

    #[tokio::test]
    async fn who_holds_the_pipe_and_writes_without_end_is_not_read_for_ever() {
        let reader = reader(AttemptLog::default());
        reader.over.cancel();
        let overflow = reader.overflow.clone();
        let kept = reader.collect(Some(tokio::io::repeat(b'y'))).gather().await;
        assert_eq!(kept.len(), 1 << 20);
        assert!(overflow.is_cancelled());
    }
}
