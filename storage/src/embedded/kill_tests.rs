//! A writing process that is killed again and again loses nothing that it acknowledged.

use super::tests::{run_id, setting, small, whole};
use super::*;
use crate::blob::BlobUse;
use crate::store::StoreExt;
use crate::verify;
use serde_json::json;
use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

const FOLDER: &str = "DRUSE_KILL_TEST_FOLDER";
/// Set where old runs leave and the log is given back meanwhile.
const COLLECTS: &str = "DRUSE_KILL_TEST_COLLECTS";
/// Set where runs use files, and those of runs that left are removed meanwhile.
const FILES: &str = "DRUSE_KILL_TEST_FILES";
/// How many runs are kept then.
const KEPT: u64 = 40;

/// What the blob of a run holds: two runs share one.
fn content(number: u64) -> Vec<u8> {
    format!("of runs {} and {}", number / 2 * 2, number / 2 * 2 + 1).into_bytes()
}

/// Does nothing unless it is the process that the other test starts.
#[test]
fn writer() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let store = Embedded::open(PathBuf::from(folder), small()).unwrap();
    let query = RunQuery {
        limit: 1,
        ..RunQuery::default()
    };
    let store = Arc::new(store);
    if std::env::var_os(COLLECTS).is_some() {
        let store = store.clone();
        std::thread::spawn(move || {
            while store.compact().is_ok() {
                std::thread::yield_now();
            }
        });
    }
    let files = std::env::var_os(FILES).is_some();
    if files {
        let store = store.clone();
        std::thread::spawn(move || {
            while store.sweep_blobs(true).is_ok() {
                std::thread::yield_now();
            }
        });
    }
    let last = store.get::<crate::Setting>("count").unwrap();
    let mut number = last.map_or(0, |row| row.value.as_u64().unwrap());
    assert_eq!(
        store.runs(&query).unwrap().first().map(|run| run.id),
        (number > 0).then(|| run_id(number))
    );
    loop {
        // Some at once, so that kills come between records of one write too.
        let tickets = [(); 3].map(|()| {
            number += 1;
            let mut batch = whole(number).put(&setting("count", json!(number)));
            if std::env::var_os(COLLECTS).is_some() && number > KEPT {
                batch = batch.forget(run_id(number - KEPT), "count", druse_engine::Timestamp(1));
            }
            if files {
                let hold = Arc::new(store.put_blob(&content(number)).unwrap());
                let used = BlobUse {
                    digest: hold.digest().clone(),
                    run: run_id(number),
                    bytes: hold.bytes(),
                };
                batch = batch.put(&used).holding(hold);
                if number > KEPT {
                    let old = number - KEPT;
                    let digest = Digest::of(&content(old));
                    batch = batch
                        .remove::<BlobUse>(BlobUse::key_of(&digest, run_id(old)))
                        .forget(run_id(old), "count", druse_engine::Timestamp(1));
                }
            }
            (number, store.append(batch).unwrap())
        });
        for (number, ticket) in tickets {
            ticket.wait().unwrap();
            let _ = writeln!(std::io::stdout(), "acknowledged {number}");
        }
    }
}

#[test]
fn what_a_killed_process_acknowledged_is_there_and_the_index_tells_the_same_as_the_log() {
    killed_again_and_again(false);
}

#[test]
fn a_process_that_is_killed_while_it_gives_back_the_log_loses_nothing_that_is_kept() {
    let first = killed_again_and_again(true);
    assert!(first > 1, "nothing was given back");
}

#[test]
fn a_process_that_is_killed_while_it_removes_files_keeps_those_that_are_used_and_no_others() {
    killed(&[FILES]);
}

/// Gives the number of the first record that is kept in the end.
fn killed_again_and_again(collects: bool) -> u64 {
    killed(if collects { &[COLLECTS] } else { &[] })
}

fn killed(ways: &[&str]) -> u64 {
    let files = ways.contains(&FILES);
    let leaves = !ways.is_empty();
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    let mut first = 1;
    for round in 0..8u64 {
        let mut command = Command::new(std::env::current_exe().unwrap());
        for way in ways {
            command.env(way, "yes");
        }
        let mut child = command
            .args(["--exact", "embedded::kill_tests::writer", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut seen = 0;
        let mut killed = false;
        while let Some(Ok(line)) = lines.next() {
            let Some(number) = line.strip_prefix("acknowledged ") else {
                continue;
            };
            acknowledged = number.parse::<u64>().unwrap();
            seen += 1;
            if !killed && seen > round * 37 {
                child.kill().unwrap();
                killed = true;
            }
        }
        child.wait().unwrap();
        assert!(killed, "the writer ended by itself");

        let report = verify(folder.path()).unwrap();
        assert!(report.is_sound(), "{:?}", report.problems);
        let store = Embedded::open(folder.path(), small()).unwrap();
        assert!(store.damage().is_empty(), "{:?}", store.damage());
        let all = RunQuery {
            limit: usize::MAX,
            ..RunQuery::default()
        };
        let listed: Vec<_> = store.runs(&all).unwrap().iter().map(|run| run.id).collect();
        let count = store.get::<crate::Setting>("count").unwrap().unwrap();
        let count = count.value.as_u64().unwrap();
        let oldest = if leaves {
            count.saturating_sub(KEPT) + 1
        } else {
            1
        };
        let expected: Vec<_> = (oldest..=count).rev().map(run_id).collect();
        assert_eq!(listed, expected);
        assert_eq!(report.runs, listed.len() as u64);
        assert!(count >= acknowledged, "{count} < {acknowledged}");
        if files {
            // Whatever the kill left, one look later exactly what is used is there.
            store.sweep_blobs(true).unwrap();
            let swept = store.sweep_blobs(false).unwrap();
            let wanted: BTreeSet<Digest> = (oldest..=count)
                .map(|number| Digest::of(&content(number)))
                .collect();
            assert_eq!((swept.unused, swept.kept), (0, wanted.len() as u64));
            for digest in &wanted {
                assert!(store.blob(digest).unwrap().is_some(), "{digest} is gone");
            }
        }
        first = report.first;
    }
    first
}
