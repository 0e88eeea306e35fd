//! Durable appends a second at 1, 16 and 64 threads, beside the disk's own rate of synced writes.
//! `cargo bench -p druse-storage`.

use druse_engine::{
    AutomationId, Digest, Json, RunId, Timestamp,
    event::{Entry, RunEvent, Start, Status},
};
use druse_storage::{
    Batch, RunHead, Store,
    embedded::{Embedded, Options},
};
use serde_json::json;
use std::{
    fs::OpenOptions,
    os::unix::fs::FileExt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

const LASTING: Duration = Duration::from_secs(4);

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    raw(&folder.path().join("raw"));
    let begun = Instant::now();
    let store = Embedded::open(folder.path().join("data"), Options::default()).expect("a store");
    println!("open on an empty folder: {:.1} ms", millis(begun.elapsed()));
    // The space that is prepared in the background is part of a server's first second.
    std::thread::sleep(Duration::from_secs(1));
    println!("resident when idle: {} MiB", resident());
    let next = AtomicU64::new(1);
    for threads in [1, 16, 64] {
        appends(&store, &next, threads);
    }
    println!(
        "resident after {} runs: {} MiB",
        next.load(Ordering::Relaxed),
        resident()
    );
    let begun = Instant::now();
    drop(store);
    println!("close: {:.1} ms", millis(begun.elapsed()));
    let begun = Instant::now();
    let store = Embedded::open(folder.path().join("data"), Options::default()).expect("a store");
    println!("open again: {:.1} ms", millis(begun.elapsed()));
    drop(store);
    std::fs::remove_dir_all(folder.path().join("data/index")).expect("an index");
    let begun = Instant::now();
    let store = Embedded::open(folder.path().join("data"), Options::default()).expect("a store");
    println!("open without the index: {:.1} ms", millis(begun.elapsed()));
    println!("resident then: {} MiB", resident());
    drop(store);
}

/// What the disk gives: one writer, blocks that exist, fdatasync after each KiB.
fn raw(path: &std::path::Path) {
    let file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .open(path)
        .expect("a file");
    file.write_all_at(&vec![0; 4 << 20], 0).expect("space");
    file.sync_all().expect("a sync");
    let block = [7; 1024];
    let mut times = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < LASTING / 2 {
        let once = Instant::now();
        file.write_all_at(&block, (times.len() as u64 % 4000) * 1024)
            .expect("a write");
        file.sync_data().expect("a sync");
        times.push(once.elapsed());
    }
    report("raw write and fdatasync", begun.elapsed(), times);
}

fn appends(store: &Embedded, next: &AtomicU64, threads: usize) {
    let times = Mutex::new(Vec::new());
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut own = Vec::new();
                while begun.elapsed() < LASTING {
                    let batch = one_step(next.fetch_add(1, Ordering::Relaxed));
                    let once = Instant::now();
                    store
                        .append(batch)
                        .expect("room")
                        .wait()
                        .expect("a durable record");
                    own.push(once.elapsed());
                }
                times.lock().expect("no panic").append(&mut own);
            });
        }
    });
    let times = times.into_inner().expect("no panic");
    report(
        &format!("durable one-step runs, {threads} threads"),
        begun.elapsed(),
        times,
    );
}

/// A run with one pure step: three facts, one record.
fn one_step(number: u64) -> Batch {
    let mut random = [0; 10];
    random[2..].copy_from_slice(&number.to_be_bytes());
    let run = RunId::from_parts(1_800_000_000_000 + number / 8, random);
    let at = Timestamp(1_800_000_000_000 + number as i64 / 8);
    let digest = Digest::of(b"a document");
    let outputs = Json::from(json!({ "total": 41.5 + number as f64 }));
    let automation = Some(AutomationId::from_parts(1, [1; 10]));
    let inputs =
        Json::from(json!({ "bill": { "payee": "City Power", "amount": 41.5 }, "n": number }));
    let cause = Json::from(json!({ "kind": "manual", "by": "ada" }));
    let start = Start {
        run,
        automation,
        name: "pay-bill".into(),
        version: 1,
        digest: digest.clone(),
        cause: cause.clone(),
        started_by: "user:ada".into(),
        inputs: inputs.clone(),
        trigger: Json::null(),
        scheduled_at: None,
        root: run,
        depth: 0,
    };
    let head = RunHead {
        id: run,
        automation,
        name: "pay-bill".into(),
        version: 1,
        digest,
        status: Status::Succeeded,
        cause,
        inputs,
        outputs: Some(outputs.clone()),
        error: None,
        created_at: at,
        started_at: Some(at),
        finished_at: Some(at),
    };
    let events = [
        RunEvent::Created(Box::new(start)),
        RunEvent::StepEvaluated {
            step: "total".into(),
            output: outputs.clone(),
        },
        RunEvent::Finished {
            status: Status::Succeeded,
            outputs: Some(outputs),
            failure: None,
        },
    ];
    let entries = events
        .into_iter()
        .zip(1..)
        .map(|(event, seq)| Entry { seq, at, event });
    Batch::new().run(Arc::new(head), entries.collect())
}

fn report(what: &str, took: Duration, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| {
        let index = (times.len() as f64 * share) as usize;
        times
            .get(index.min(times.len() - 1))
            .copied()
            .unwrap_or_default()
    };
    println!(
        "{what}: {:.0}/s, p50 {:.3} ms, p99 {:.3} ms",
        times.len() as f64 / took.as_secs_f64(),
        millis(at(0.5)),
        millis(at(0.99)),
    );
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .map_or(0, |kib| kib / 1024)
}
