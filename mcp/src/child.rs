//! A server as a child process: its own process group, a bounded stdout, a stderr that goes to the log.

use crate::{Error, LogLine, Options, callers::Callers};
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use std::{
    collections::BTreeMap,
    io,
    path::Path,
    pin::Pin,
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader, ReadBuf},
    process::{ChildStderr, ChildStdin, ChildStdout, Command},
};
use tokio_util::sync::CancellationToken;

/// What every program needs and no secret lives in.
const INHERITED: [&str; 8] = [
    "PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR",
];
/// Bytes of stderr that are kept for an error's explanation.
const KEPT: usize = 2_000;
/// How long the rest of a stderr is waited for.
const MOMENT: Duration = Duration::from_millis(500);
/// Longest line of stderr that is handed on; the rest of it is passed over.
const LINE: u64 = 16 << 10;

/// A running child. Dropping it kills its whole process group.
pub(crate) struct Child {
    group: Pid,
    exited: CancellationToken,
    stderr: Arc<Mutex<String>>,
    silent: CancellationToken,
    /// Asks whether all is read that has been written to its stderr so far.
    drain: mpsc::UnboundedSender<oneshot::Sender<()>>,
}

impl Child {
    pub(crate) fn start(
        command: &[String],
        env: &BTreeMap<String, String>,
        cwd: Option<&Path>,
        options: &Options,
        callers: Arc<Callers>,
    ) -> Result<(Self, ChildStdin, ChildStdout), Error> {
        let program = command.first().cloned().unwrap_or_default();
        let failed = |error: io::Error| Error::Start {
            program: program.clone(),
            permanent: matches!(
                error.kind(),
                io::ErrorKind::NotFound
                    | io::ErrorKind::PermissionDenied
                    | io::ErrorKind::InvalidInput
            ),
            reason: match error.kind() {
                io::ErrorKind::NotFound => "there is no such program or folder".into(),
                io::ErrorKind::PermissionDenied => "it may not be run".into(),
                _ => error.to_string(),
            },
        };
        if program.is_empty() {
            return Err(failed(io::ErrorKind::NotFound.into()));
        }
        let mut prepared = Command::new(&program);
        prepared
            .args(&command[1..])
            .env_clear()
            .envs(
                INHERITED
                    .iter()
                    .filter_map(|name| Some((name, std::env::var_os(name)?))),
            )
            .envs(env)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        if let Some(cwd) = cwd {
            prepared.current_dir(cwd);
        }
        (options.prepare)(prepared.as_std_mut());
        let mut child = prepared.spawn().map_err(failed)?;
        let (Some(stdin), Some(stdout), Some(errors), Some(group)) = (
            child.stdin.take(),
            child.stdout.take(),
            child.stderr.take(),
            child.id().and_then(|id| i32::try_from(id).ok()),
        ) else {
            return Err(failed(io::ErrorKind::BrokenPipe.into()));
        };
        (options.watch)(group, true);
        let (drain, asked) = mpsc::unbounded_channel();
        let running = Self {
            drain,
            group: Pid::from_raw(group),
            exited: CancellationToken::new(),
            stderr: Arc::default(),
            silent: CancellationToken::new(),
        };
        let (kept, log, silent) = (
            running.stderr.clone(),
            options.log.clone(),
            running.silent.clone(),
        );
        tokio::spawn(async move {
            pump(errors, kept, log, &callers, asked).await;
            silent.cancel();
        });
        let (group, exited) = (running.group, running.exited.clone());
        let watch = options.watch.clone();
        tokio::spawn(async move {
            let _ = child.wait().await;
            // Whatever it started and left behind ends with it.
            let _ = killpg(group, Signal::SIGKILL);
            watch(group.as_raw(), false);
            exited.cancel();
        });
        Ok((running, stdin, stdout))
    }

    /// The end of its stderr, once it is complete or a moment has passed: a program that ends
    /// closes its stdout before all that it said has been read.
    pub(crate) async fn last_words(&self) -> String {
        let _ = tokio::time::timeout(MOMENT, self.silent.cancelled()).await;
        self.stderr
            .lock()
            .map(|text| text.trim().to_owned())
            .unwrap_or_default()
    }

    /// Waits until all is read that it has written to its stderr so far: what it said before it answered
    /// belongs to that call.
    pub(crate) async fn drained(&self) {
        let (done, read) = oneshot::channel();
        if self.drain.send(done).is_ok() {
            let _ = tokio::time::timeout(MOMENT, read).await;
        }
    }

    /// Whether it ended.
    pub(crate) fn has_exited(&self) -> bool {
        self.exited.is_cancelled()
    }

    /// Waits for its end, first politely. Its stdin must have been closed.
    pub(crate) async fn end(&self, grace: Duration) {
        for signal in [Signal::SIGTERM, Signal::SIGKILL] {
            if tokio::time::timeout(grace, self.exited.cancelled())
                .await
                .is_ok()
            {
                return;
            }
            let _ = killpg(self.group, signal);
        }
        self.exited.cancelled().await;
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.has_exited() {
            let _ = killpg(self.group, Signal::SIGKILL);
        }
    }
}

async fn pump(
    stderr: ChildStderr,
    kept: Arc<Mutex<String>>,
    log: LogLine,
    callers: &Callers,
    mut asked: mpsc::UnboundedReceiver<oneshot::Sender<()>>,
) {
    use tokio::io::AsyncReadExt;
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    let mut whole = false;
    loop {
        if std::mem::take(&mut whole) {
            line.clear();
        }
        let mut rest = (&mut reader).take(LINE.saturating_sub(line.len() as u64));
        let read = tokio::select! {
            biased;
            read = rest.read_until(b'\n', &mut line) => read,
            // What was read of a line by then stays where it is.
            Some(done) = asked.recv() => {
                let _ = done.send(());
                continue;
            }
        };
        match read {
            Ok(0) if line.is_empty() => return,
            Err(_) => return,
            Ok(_) => whole = true,
        }
        let text = String::from_utf8_lossy(&line);
        if let Ok(mut kept) = kept.lock() {
            kept.push_str(&text);
            if kept.len() > KEPT {
                let mut from = kept.len() - KEPT;
                while !kept.is_char_boundary(from) {
                    from += 1;
                }
                kept.drain(..from);
            }
        }
        let text = text.trim_end();
        if !text.is_empty() {
            log(text);
            callers.hear(text);
        }
    }
}

/// A stdout whose lines (one message each) may not be longer than a limit: beyond it reading fails
/// and the mark is set. The SDK by itself would pass such a line over and let its caller wait.
pub(crate) struct Bounded<R> {
    inner: R,
    limit: usize,
    line: usize,
    oversized: Arc<AtomicBool>,
    heard: Arc<AtomicU64>,
}

impl<R> Bounded<R> {
    /// `heard` counts the bytes that were read.
    pub(crate) fn new(
        inner: R,
        limit: usize,
        oversized: Arc<AtomicBool>,
        heard: Arc<AtomicU64>,
    ) -> Self {
        Self {
            inner,
            limit,
            line: 0,
            oversized,
            heard,
        }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Bounded<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.inner).poll_read(context, buffer);
        if let Poll::Ready(Ok(())) = polled {
            let read = (buffer.filled().len() - before) as u64;
            this.heard.fetch_add(read, Ordering::AcqRel);
            for &byte in &buffer.filled()[before..] {
                this.line = if byte == b'\n' { 0 } else { this.line + 1 };
                if this.line > this.limit {
                    this.oversized.store(true, Ordering::Release);
                    return Poll::Ready(Err(io::Error::other("a message is over the limit")));
                }
            }
        }
        polled
    }
}
