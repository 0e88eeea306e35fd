//! What else happens to a data folder while nobody serves it: its index is gone, its log has a torn tail,
//! a server is killed before it is ready.

use super::random::Random;
use crate::harness::processes::any_shows;
use crate::harness::wait::DEADLINE;
use crate::harness::{Server, druse};
use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

/// How often each was done.
#[derive(Debug, Default)]
pub(super) struct Ruin {
    pub(super) indexes: u32,
    pub(super) tails: u32,
    pub(super) starts: u32,
    pub(super) verified: u32,
    /// Stops in order, between two kills.
    pub(super) stops: u32,
}

impl Ruin {
    /// Between a kill and the next start.
    pub(super) fn between(
        &mut self,
        server: &Server,
        effects: &Path,
        cycle: u64,
        random: &mut Random,
    ) {
        let data = server.data();
        if cycle % 10 == 3 {
            self.drop_index(data);
        }
        if cycle % 10 == 6 {
            tear(data, random);
            self.tails += 1;
        }
        if cycle % 10 == 6 || cycle.is_multiple_of(20) {
            server.verify();
            self.verified += 1;
        }
        if random.one_in(8) {
            start_and_kill(
                data,
                effects,
                When::ALL[usize::try_from(random.below(4)).expect("it fits")],
            );
            self.starts += 1;
        }
    }

    pub(super) fn drop_index(&mut self, data: &Path) {
        fs::remove_dir_all(data.join("index")).expect("there is an index");
        self.indexes += 1;
    }
}

/// Adds what a write that never came to its end leaves behind: bytes after the last record.
fn tear(data: &Path, random: &mut Random) {
    let mut segments: Vec<PathBuf> = fs::read_dir(data.join("log"))
        .expect("there is a log")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .collect();
    segments.sort();
    let last = segments.last().expect("it has a segment");
    let bytes = fs::read(last).expect("it can be read");
    // The last record ends in fewer zeros than this.
    let used = bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |at| at + 1);
    let from = used.next_multiple_of(8) + 64;
    let torn: Vec<u8> = (0..8 + random.below(400))
        .map(|_| random.next().to_le_bytes()[0])
        .collect();
    OpenOptions::new()
        .write(true)
        .open(last)
        .and_then(|file| file.write_all_at(&torn, from as u64))
        .expect("it can be written");
}

/// When a start is killed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum When {
    AtOnce,
    /// It has taken the folder.
    Holds,
    /// A step that it took up has done something.
    Works,
    Ready,
}

impl When {
    const ALL: [Self; 4] = [Self::AtOnce, Self::Holds, Self::Works, Self::Ready];
}

/// A start that is killed.
pub(crate) fn start_and_kill(data: &Path, effects: &Path, when: When) {
    let before = length(effects);
    let mut child = druse([
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--allow-program",
        "/bin/sh",
        "--data",
    ])
    .arg(data)
    .stdout(Stdio::null())
    .stderr(Stdio::piped())
    .spawn()
    .expect("the binary can be started");
    let end = Instant::now() + DEADLINE;
    let pid = child.id().to_string();
    let mut wait_for = |what: &str, there: &dyn Fn() -> bool| {
        while !there() {
            let ended = child.try_wait().expect("it can be asked");
            assert!(ended.is_none() && Instant::now() < end, "{what}");
            std::thread::yield_now();
        }
    };
    match when {
        When::AtOnce => {}
        When::Holds => {
            let lock = data.join("lock");
            let taken = || fs::read_to_string(&lock).is_ok_and(|holder| holder == pid);
            wait_for("it does not take the folder", &taken);
        }
        When::Works => wait_for("it takes no step up", &|| length(effects) > before),
        When::Ready => {
            let stderr = BufReader::new(child.stderr.take().expect("it is piped"));
            let ready = stderr
                .lines()
                .map_while(Result::ok)
                .any(|line| line.starts_with("listening on"));
            assert!(ready, "it ended at its start");
        }
    }
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
}

fn length(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |file| file.len())
}

/// Whether a program is left that a step started: its environment names the file of effects.
pub(super) fn any_program(effects: &Path) -> bool {
    any_shows("environ", &format!("EFFECTS={}", effects.display()))
}
