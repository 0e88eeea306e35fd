//! How long a recording takes to become a draft, as a command: `cargo bench -p druse-crystallizer --bench crystallize`.
//!
//! The recordings are those of the folder `DRUSE_SESSIONS`, or of `shared/sessions` beside the checkout, and two of
//! ten thousand calls that are made here. By itself it gives the median of the real ones and both long ones with
//! their memory. A word behind `--` asks for a part:
//!
//! - `real`, `long`: the one or the other alone
//! - `stages`: the median of the real ones, reading and crystallizing apart
//! - `digests`: a line for each recording and mode with the digest of all that came of it, to hold two builds against
//!   each other
//! - `work MODE [FORMAT]`: goes on with each recording for the same time, for a profiler; the mode `read` only reads
//! - `once MODE [FORMAT]`: takes each recording once, for what counts instructions

#![allow(missing_docs)]

#[path = "../../benches/harness/long.rs"]
mod long;
#[path = "../../benches/harness/recorded.rs"]
mod recorded;

use druse_crystallizer::{Mode, Options, Session, crystallize, import, recording};
use druse_engine::Digest;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// The allocator of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const LONG: usize = 10_000;

fn options(mode: Mode) -> Options {
    Options {
        mode,
        force: true,
        ..Options::default()
    }
}

/// The real recordings that hold calls: their paths, bytes and how many.
fn recordings() -> Vec<(PathBuf, Vec<u8>, usize)> {
    let paths = recorded::folder().map_or_else(Vec::new, |folder| recorded::recordings(&folder));
    let read = paths.into_iter().filter_map(|path| {
        let bytes = std::fs::read(&path).ok()?;
        let sessions = import(&bytes).ok()?;
        let calls = sessions.iter().map(|session| session.calls().count()).sum();
        (calls > 0).then_some((path, bytes, calls))
    });
    read.collect()
}

/// Reads and crystallizes; the time that reading took. Without a mode it only reads.
fn work(bytes: &[u8], mode: Option<Mode>) -> Duration {
    let began = Instant::now();
    let Ok(sessions) = import(bytes) else {
        return began.elapsed();
    };
    let read = began.elapsed();
    made(&sessions, mode);
    read
}

fn made(sessions: &[Session], mode: Option<Mode>) {
    for session in sessions {
        if let Some(mode) = mode {
            let made = crystallize(std::slice::from_ref(session), &options(mode));
            let _ = std::hint::black_box(made);
        }
    }
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(0.0)
}

/// The medians over the recordings, each with the best of a few times.
fn real(stages: bool) {
    let all = recordings();
    for mode in [Mode::Exact, Mode::Bound] {
        let (mut reading, mut whole) = (Vec::new(), Vec::new());
        for (_, bytes, calls) in &all {
            let (mut read, mut best) = (f64::INFINITY, f64::INFINITY);
            let micros = |time: Duration| time.as_secs_f64() * 1e6 / *calls as f64;
            let end = Instant::now() + Duration::from_millis(25);
            for round in 0.. {
                let began = Instant::now();
                let of_reading = work(bytes, Some(mode));
                best = best.min(micros(began.elapsed()));
                read = read.min(micros(of_reading));
                if round >= 4 && Instant::now() > end {
                    break;
                }
            }
            reading.push(read);
            whole.push(best);
        }
        println!(
            "{} recordings, {:5}: median {:.1} µs a call",
            all.len(),
            mode.name(),
            median(whole)
        );
        if stages {
            println!("    reading alone: median {:.1} µs a call", median(reading));
        }
    }
}

/// The long recordings, each in a process of its own, which ends with its peak of memory.
fn long() {
    for (name, made) in [("clerk", long::clerk(LONG)), ("coder", long::coder(LONG))] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("recording.json");
        std::fs::write(&path, made.to_string()).expect("a file");
        for mode in ["exact", "bound"] {
            let this = std::env::current_exe().expect("this program");
            let child = Command::new(this).arg("one").arg(&path).arg(mode).output();
            let output = child.expect("a process").stdout;
            print!(
                "{name} {LONG} calls {mode:5}: {}",
                String::from_utf8_lossy(&output)
            );
        }
    }
}

fn mode_of(name: Option<&String>) -> Option<Mode> {
    match name.map(String::as_str) {
        Some("read") => None,
        Some("bound") => Some(Mode::Bound),
        _ => Some(Mode::Exact),
    }
}

fn one(path: &str, mode: Option<Mode>) {
    let bytes = std::fs::read(path).expect("a recording");
    let began = Instant::now();
    let sessions = import(&bytes).unwrap_or_default();
    let read = began.elapsed();
    drop(bytes);
    made(&sessions, mode);
    let all = began.elapsed();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"))
        .and_then(|kib| kib.trim().parse::<u64>().ok())
        .unwrap_or_default();
    println!(
        "read {:.2} s, all {:.2} s, {} MiB at the most",
        read.as_secs_f64(),
        all.as_secs_f64(),
        peak / 1024
    );
}

fn digests() {
    let mut all: Vec<(String, Vec<u8>)> = recordings()
        .into_iter()
        .map(|(path, bytes, _)| (path.display().to_string(), bytes))
        .collect();
    all.push(("clerk".to_owned(), long::clerk(800).to_string().into()));
    all.push(("coder".to_owned(), long::coder(800).to_string().into()));
    for (name, bytes) in all {
        let Ok(recording) = recording(&bytes) else {
            continue;
        };
        let sessions = serde_json::to_vec(&recording.sessions).expect("JSON");
        println!(
            "{name} read {} {}",
            Digest::of(&sessions),
            Digest::of(&recording.bytes)
        );
        for mode in [Mode::Exact, Mode::Bound] {
            let mut made = Vec::new();
            for session in &recording.sessions {
                match crystallize(std::slice::from_ref(session), &options(mode)) {
                    Ok(one) => {
                        serde_json::to_writer(&mut made, &one.document).expect("JSON");
                        serde_json::to_writer(&mut made, &one.report).expect("JSON");
                    }
                    Err(error) => made.extend(error.message.as_bytes()),
                }
            }
            println!("{name} {} {}", mode.name(), Digest::of(&made));
        }
    }
}

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    match words.first().map(String::as_str) {
        None => {
            real(true);
            long();
        }
        Some("real") => real(false),
        Some("stages") => real(true),
        Some("long") => long(),
        Some("digests") => digests(),
        Some("one") => one(words.get(1).expect("a path"), mode_of(words.get(2))),
        Some(way @ ("work" | "once")) => {
            let part = words.get(2).map_or("", String::as_str);
            for (path, bytes, _) in recordings() {
                if !path.display().to_string().contains(part) {
                    continue;
                }
                let end = Instant::now() + Duration::from_millis(60);
                loop {
                    work(&bytes, mode_of(words.get(1)));
                    if way == "once" || Instant::now() >= end {
                        break;
                    }
                }
            }
        }
        Some(other) => eprintln!("unknown: {other}"),
    }
}
