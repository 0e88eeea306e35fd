//! A program in its own process group: what it writes is bounded, and nothing of it outlives its attempt.

use super::watchdog;
use crate::action::Failed;
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
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, Command},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

/// How long the pipes are read after the whole group was killed. Only a program that left its group
/// can still hold them open.
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
    let overflow = CancellationToken::new();
    let log = |stream| (stream, prepared.log.clone());
    let largest = prepared.largest;
    let stdout = collect(
        child.stdout.take(),
        largest,
        &overflow,
        log(LogStream::Stdout),
    );
    let stderr = collect(
        child.stderr.take(),
        largest,
        &overflow,
        log(LogStream::Stderr),
    );
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
    let (stdout, stderr) = (gather(stdout).await, gather(stderr).await);
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

/// Reads to the end, and keeps what fits: a full pipe would stop the program for ever.
fn collect(
    pipe: Option<impl AsyncRead + Unpin + Send + 'static>,
    largest: usize,
    overflow: &CancellationToken,
    (stream, log): (LogStream, AttemptLog),
) -> Collecting {
    let kept = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let (keep, overflow) = (kept.clone(), overflow.clone());
    let task = tokio::spawn(async move {
        let Some(mut pipe) = pipe else { return };
        let mut buffer = vec![0; 32 << 10];
        while let Ok(read @ 1..) = pipe.read(&mut buffer).await {
            {
                let Ok(mut kept) = keep.lock() else { return };
                let room = largest.saturating_sub(kept.len());
                kept.extend_from_slice(&buffer[..read.min(room)]);
                if read > room {
                    overflow.cancel();
                }
            }
            log.write(stream, &buffer[..read]).await;
        }
    });
    Collecting { kept, task }
}

struct Collecting {
    kept: std::sync::Arc<std::sync::Mutex<Vec<u8>>>,
    task: JoinHandle<()>,
}

async fn gather(mut collecting: Collecting) -> Vec<u8> {
    if tokio::time::timeout(LINGER, &mut collecting.task)
        .await
        .is_err()
    {
        collecting.task.abort();
    }
    let mut kept = match collecting.kept.lock() {
        Ok(kept) => kept,
        Err(poisoned) => poisoned.into_inner(),
    };
    std::mem::take(&mut *kept)
}
