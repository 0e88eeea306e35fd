//! How long reading and crystallizing take, and how much memory. Each is measured in a process of its own, so that its
//! peak is its own, and in the time that the processor worked for it, so that what else the machine does is not in it.
//! Nothing here says what is slow: the page does.

#[path = "../../../../benches/harness/long.rs"]
mod long;

use super::{Line, are_written, line, section};
use crate::tests::build::options;
use crate::tests::corpus::{folder, recordings};
use crate::{Mode, Options, crystallize, import};
use long::{clerk, coder};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// The allocator of the binary: what is measured is what a user waits for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const FILE: &str = "DRUSE_SPEED_FILE";
const MODE: &str = "DRUSE_SPEED_MODE";

/// A clock that goes on while the processor works for this thread; without one that goes on always.
struct Clock {
    began: Instant,
    worked: Option<u64>,
}

impl Clock {
    fn begin() -> Self {
        Self {
            began: Instant::now(),
            worked: Self::worked(),
        }
    }

    /// Nanoseconds of work so far.
    fn worked() -> Option<u64> {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        text.split(' ').next()?.parse().ok()
    }

    fn elapsed(&self) -> Duration {
        match (self.worked, Self::worked()) {
            (Some(began), Some(now)) => Duration::from_nanos(now - began),
            _ => self.began.elapsed(),
        }
    }
}

fn modes() -> [(&'static str, Options); 2] {
    [("exact", Mode::Exact), ("bound", Mode::Bound)].map(|(name, mode)| {
        let options = Options {
            mode,
            force: true,
            ..options()
        };
        (name, options)
    })
}

/// Does the work that another process asked for, and says how long it took and how much memory at the most.
#[test]
fn one() {
    let Some(path) = std::env::var_os(FILE) else {
        return;
    };
    let wanted = std::env::var(MODE).unwrap();
    let (_, options) = modes()
        .into_iter()
        .find(|(name, _)| *name == wanted)
        .unwrap();
    let bytes = std::fs::read(path).unwrap();
    let began = Clock::begin();
    let sessions = import(&bytes).unwrap();
    let read = began.elapsed();
    let mut steps = 0;
    for session in &sessions {
        if let Ok(made) = crystallize(std::slice::from_ref(session), &options) {
            steps += made.report.counts.steps;
        }
    }
    let all = began.elapsed();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"))
        .unwrap_or("0");
    println!(
        "MEASURED {} {} {} {steps}",
        read.as_micros(),
        all.as_micros(),
        peak.trim()
    );
}

/// Microseconds of reading, of all, KiB at the most, steps.
fn measured(path: &Path, mode: &str) -> [u64; 4] {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tests::figures::speed::one", "--nocapture"])
        .env(FILE, path)
        .env(MODE, mode)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let found = text
        .lines()
        .find_map(|line| line.split_once("MEASURED "))
        .unwrap_or_else(|| panic!("{text}\n{}", String::from_utf8_lossy(&output.stderr)));
    let mut numbers = found.1.split(' ').map(|number| number.parse().unwrap());
    std::array::from_fn(|_| numbers.next().unwrap())
}

#[test]
fn long_recordings_become_drafts() {
    let calls = if are_written() { 10_000 } else { 120 };
    let folder = tempfile::tempdir().unwrap();
    let mut table = String::from(
        "| | mode | calls | read | all | a call | memory at the most |\n|---|---|---|---|---|---|---|\n",
    );
    let mut worst = (0, 0);
    for (name, recording) in [("a clerk", clerk(calls)), ("a coder", coder(calls))] {
        let path = folder.path().join("recording.json");
        std::fs::write(&path, recording.to_string()).unwrap();
        for (mode, _) in modes() {
            let [read, all, peak, steps] = measured(&path, mode);
            assert!(steps > 0);
            worst = (worst.0.max(all), worst.1.max(peak));
            table.push_str(&format!(
                "| {name} | `{mode}` | {calls} | {:.2} s | {:.2} s | {:.1} µs | {} MiB |\n",
                read as f64 / 1e6,
                all as f64 / 1e6,
                all as f64 / calls as f64,
                peak / 1024,
            ));
        }
    }
    let mut medians = String::new();
    for (mode, options) in modes() {
        let mut each = each_recording(&options);
        if each.is_empty() {
            continue;
        }
        each.sort_by(f64::total_cmp);
        let median = each[each.len() / 2];
        medians.push_str(&format!("{mode}: {median:.1} µs a call; "));
        table.push_str(&format!(
            "| the median of {} real recordings | `{mode}` | | | | {median:.1} µs | |\n",
            each.len()
        ));
    }
    section("speed", &table);
    line(&Line {
        measure: "speed and memory",
        n: format!("{calls} calls"),
        coverage: String::new(),
        success: format!(
            "{medians}{calls} calls: {:.2} s, {} MiB",
            worst.0 as f64 / 1e6,
            worst.1 / 1024
        ),
        wrong: String::new(),
        reach: "median ≤ 20 µs a call; 10,000 calls ≤ 1 s, 64 MiB",
    });
}

/// Microseconds for each call of each real recording: the best of a few times. They are too short for the clock of
/// the processor, which goes on in steps of some milliseconds.
fn each_recording(options: &Options) -> Vec<f64> {
    let mut each = Vec::new();
    let Some(root) = folder().filter(|_| are_written()) else {
        return each;
    };
    let paths = recordings(&root);
    for path in paths {
        let bytes = std::fs::read(path).unwrap();
        let mut best = f64::INFINITY;
        for _ in 0..5 {
            let began = Instant::now();
            let Ok(sessions) = import(&bytes) else { break };
            let mut calls = 0;
            for session in &sessions {
                calls += session.calls().count();
                let _ = crystallize(std::slice::from_ref(session), options);
            }
            if calls > 0 {
                best = best.min(began.elapsed().as_secs_f64() * 1e6 / calls as f64);
            }
        }
        if best.is_finite() {
            each.push(best);
        }
    }
    each
}
