//! The log of one attempt: what it writes goes through here, piece by piece.

use super::writer::{Message, missing};
use super::{LogPiece, LogStream, Shared, StepLogs, lock};
use crate::runtime::clock;
use crate::secret::{Redactor, StreamRedactor};
use druse_engine::RunId;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// The longest text of one piece.
const LONGEST: usize = 32 << 10;
/// What a piece counts beside its text.
const AROUND: usize = 64;

/// Where an attempt writes. Cheap to clone; the default one keeps nothing.
#[derive(Clone, Default)]
pub struct AttemptLog(Option<Arc<Inner>>);

struct Inner {
    shared: Arc<Shared>,
    run: RunId,
    step: String,
    attempt: u32,
    state: Mutex<State>,
    /// Bytes of it that the writer did not write.
    left_out: Arc<AtomicU64>,
}

#[derive(Default)]
struct State {
    streams: BTreeMap<LogStream, Stream>,
    /// What takes the sensitive inputs of the run out, where it has any.
    own: Option<Arc<Redactor>>,
    /// What was taken so far.
    taken: usize,
    /// The latest of what came when all was taken that may be.
    tail: VecDeque<LogPiece>,
    tail_bytes: usize,
    /// Bytes that came then and are not among the latest any more.
    passed: u64,
    begun: bool,
}

#[derive(Default)]
struct Stream {
    own: StreamRedactor,
    known: StreamRedactor,
    /// A character of which the rest is still to come.
    rest: Vec<u8>,
}

impl std::fmt::Debug for AttemptLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AttemptLog")
            .field("kept", &self.0.is_some())
            .finish()
    }
}

impl AttemptLog {
    pub(super) fn new(logs: &StepLogs, run: RunId, step: &str, attempt: u32) -> Self {
        Self(logs.0.as_ref().map(|shared| {
            Arc::new(Inner {
                shared: shared.clone(),
                run,
                step: step.to_owned(),
                attempt,
                state: Mutex::default(),
                left_out: Arc::default(),
            })
        }))
    }

    /// Whether anything is kept.
    pub fn is_kept(&self) -> bool {
        self.0.is_some()
    }

    /// What takes the sensitive inputs of the run out of what comes. Before the first piece.
    pub fn hide(&self, own: Arc<Redactor>) {
        if let Some(inner) = &self.0 {
            lock(&inner.state).own = Some(own);
        }
    }

    /// What takes the sensitive inputs of the run out, where it has any.
    pub fn hidden(&self) -> Option<Arc<Redactor>> {
        let inner = self.0.as_ref()?;
        lock(&inner.state).own.clone()
    }

    /// Takes what came, and waits while the writer is behind: so a program that writes without end is
    /// slowed down, and memory stays bounded.
    pub async fn write(&self, stream: LogStream, bytes: &[u8]) {
        let Some(inner) = &self.0 else { return };
        for piece in inner.take(stream, bytes) {
            let _ = inner.shared.queue.send(inner.message(piece)).await;
        }
    }

    /// Takes what came without waiting. Where the writer is behind, it is left out, and said so.
    pub fn write_now(&self, stream: LogStream, bytes: &[u8]) {
        let Some(inner) = &self.0 else { return };
        for piece in inner.take(stream, bytes) {
            let length = piece.text.len() as u64;
            if inner.shared.queue.try_send(inner.message(piece)).is_err() {
                inner.left_out.fetch_add(length, Ordering::Relaxed);
            }
        }
    }

    /// Takes a line that is whole.
    pub fn line(&self, stream: LogStream, text: &str) {
        if self.0.is_some() {
            self.write_now(stream, format!("{text}\n").as_bytes());
        }
    }

    /// The attempt has ended: what was kept back is written, and what is not kept is said.
    pub async fn end(&self) {
        let Some(inner) = &self.0 else { return };
        let Some(pieces) = inner.finish() else { return };
        for piece in pieces {
            let _ = inner.shared.queue.send(inner.message(piece)).await;
        }
        let end = Message::End {
            run: inner.run,
            step: inner.step.clone(),
            attempt: inner.attempt,
            left_out: inner.left_out.clone(),
        };
        let _ = inner.shared.queue.send(end).await;
    }
}

impl Inner {
    fn message(&self, piece: LogPiece) -> Message {
        Message::Piece {
            run: self.run,
            must: piece.stream == LogStream::Note,
            piece,
            left_out: self.left_out.clone(),
        }
    }

    /// The pieces to be written now.
    fn take(&self, from: LogStream, bytes: &[u8]) -> Vec<LogPiece> {
        let known = self.shared.secrets.redactor();
        let mut locked = lock(&self.state);
        let state = &mut *locked;
        state.begun = true;
        let stream = state.streams.entry(from).or_default();
        let clean = match &state.own {
            Some(own) => stream.own.push(own, bytes),
            None => bytes.to_vec(),
        };
        let clean = stream.known.push(&known, &clean);
        let text = stream.text(clean, false);
        self.admit(state, from, text)
    }

    /// What is left to be written at the end; nothing where nothing ever came.
    fn finish(&self) -> Option<Vec<LogPiece>> {
        let known = self.shared.secrets.redactor();
        let mut locked = lock(&self.state);
        let state = &mut *locked;
        if !state.begun {
            return None;
        }
        let mut pieces = Vec::new();
        for (from, mut stream) in std::mem::take(&mut state.streams) {
            let clean = match &state.own {
                Some(own) => stream.own.finish(own),
                None => Vec::new(),
            };
            let mut whole = stream.known.push(&known, &clean);
            whole.extend(stream.known.finish(&known));
            let text = stream.text(whole, true);
            pieces.extend(self.admit(state, from, text));
        }
        if state.passed > 0 {
            pieces.push(missing(&self.step, self.attempt, state.passed));
        }
        state.passed = 0;
        state.tail_bytes = 0;
        pieces.extend(state.tail.drain(..));
        Some(pieces)
    }

    /// What of a text is written now; of the rest, the latest is kept for the end.
    fn admit(&self, state: &mut State, from: LogStream, text: String) -> Vec<LogPiece> {
        let limits = self.shared.limits;
        let mut now = Vec::new();
        for part in parts(&text) {
            let piece = LogPiece {
                at: clock::now(),
                step: self.step.clone(),
                attempt: self.attempt,
                stream: from,
                text: part.to_owned(),
                left_out: 0,
            };
            let counts = part.len() + AROUND;
            if state.tail.is_empty() && state.taken + counts <= limits.attempt {
                state.taken += counts;
                now.push(piece);
                continue;
            }
            // From the first piece that does not fit on, all wait: their order stays.
            state.tail_bytes += counts;
            state.tail.push_back(piece);
            while state.tail_bytes > limits.tail
                && state.tail.len() > 1
                && let Some(oldest) = state.tail.pop_front()
            {
                state.tail_bytes -= oldest.text.len() + AROUND;
                state.passed += oldest.text.len() as u64;
            }
        }
        now
    }
}

impl Stream {
    /// The whole characters; what is none becomes U+FFFD.
    fn text(&mut self, bytes: Vec<u8>, last: bool) -> String {
        self.rest.extend_from_slice(&bytes);
        let cut = match std::str::from_utf8(&self.rest) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            // Of what is wrong in the middle, only the end can still become a character.
            Err(_) => self.rest.len() - unfinished(&self.rest),
            Ok(_) => self.rest.len(),
        };
        let cut = if last { self.rest.len() } else { cut };
        let whole: Vec<u8> = self.rest.drain(..cut).collect();
        String::from_utf8_lossy(&whole).into_owned()
    }
}

/// How many bytes at the end are the beginning of a character.
fn unfinished(bytes: &[u8]) -> usize {
    (1..=3.min(bytes.len()))
        .find(|count| {
            let end = &bytes[bytes.len() - count..];
            std::str::from_utf8(end)
                .is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
        })
        .unwrap_or(0)
}

/// A text in parts of bounded length.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut end = rest.len().min(LONGEST);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (part, more) = rest.split_at(end);
        rest = more;
        Some(part)
    })
}
