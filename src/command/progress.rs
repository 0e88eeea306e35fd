//! A line about what goes on, on standard error, when a person looks and it takes over a second.

use std::io::{IsTerminal as _, Write as _};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long something must take before it is talked about, and between two lines.
const PATIENCE: Duration = Duration::from_secs(1);

/// Counts work that is being done.
pub(super) struct Progress {
    what: &'static str,
    of: usize,
    done: usize,
    said: Instant,
    shown: bool,
}

impl Progress {
    /// `of` things of a kind are to be done.
    pub(super) fn new(what: &'static str, of: usize) -> Self {
        Self {
            what,
            of,
            done: 0,
            said: Instant::now(),
            shown: false,
        }
    }

    /// One more is done.
    pub(super) fn step(&mut self) {
        self.done += 1;
        if self.said.elapsed() >= PATIENCE && std::io::stderr().is_terminal() {
            self.said = Instant::now();
            self.shown = true;
            let _ = write!(
                std::io::stderr(),
                "\r{} {} of {}",
                self.what,
                self.done,
                self.of
            );
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

/// Says that one long piece of work goes on, and for how long.
pub(super) struct Busy {
    end: Option<mpsc::Sender<()>>,
    talk: Option<JoinHandle<()>>,
}

impl Busy {
    /// Work that is `what` (`reading the log`).
    pub(super) fn new(what: &'static str) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self {
                end: None,
                talk: None,
            };
        }
        let (end, ended) = mpsc::channel::<()>();
        let talk = std::thread::spawn(move || {
            let began = Instant::now();
            let mut shown = false;
            while let Err(mpsc::RecvTimeoutError::Timeout) = ended.recv_timeout(PATIENCE) {
                shown = true;
                let seconds = began.elapsed().as_secs();
                let _ = write!(std::io::stderr(), "\r{what}, {seconds} s");
            }
            if shown {
                let _ = write!(std::io::stderr(), "\r\x1b[K");
            }
        });
        Self {
            end: Some(end),
            talk: Some(talk),
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.end = None;
        if let Some(talk) = self.talk.take() {
            let _ = talk.join();
        }
    }
}
