//! Data of every format that was ever written must open for ever.
//!
//! Each folder of `tests/data` was written once by this file, with `DRUSE_WRITE_DATA=<folder>`, which writes
//! all of them below that folder; none is ever written again. `v1` is what format 1 began with, and the
//! others are the kinds of event that came to it later.

mod approval;
mod artifact;
mod check;
mod common;
mod general;
mod handler;
mod r#loop;
mod rate;
mod review;
mod round;
mod seen;
mod turn;
mod wait;

use common::{head, run};
use druse_engine::{
    Digest,
    event::{Entry, Status},
};
use druse_storage::{
    Batch, BlobUse, RunQuery, Scan, Setting, Store, StoreExt, Table, VerifyReport,
    embedded::{Embedded, Options},
    verify,
};
use std::{fs, path::Path, sync::Arc};
use tempfile::TempDir;

fn options() -> Options {
    Options {
        first_segment_bytes: 12 << 10,
        segment_bytes: 64 << 10,
        prepare: false,
        ballast_bytes: 0,
        least_free: 0,
        ..Options::default()
    }
}

/// Kinds of event that came to format 1 later, as one record.
struct Later {
    /// The folder.
    name: &'static str,
    status: Status,
    entries: fn() -> Vec<Entry>,
    /// What is written with them.
    add: fn(&Embedded, Batch) -> Batch,
}

const LATER: [Later; 9] = [
    later("v1-loops", Status::Running, r#loop::entries),
    later("v1-handlers", Status::Paused, handler::entries),
    later("v1-waits", Status::Running, wait::entries),
    later("v1-turns", Status::Queued, turn::entries),
    later("v1-approvals", Status::Running, approval::entries),
    Later {
        add: |_, batch| {
            let (start, hold) = rate::rows();
            batch.put(&start).put(&hold)
        },
        ..later("v1-rates", Status::Waiting, rate::entries)
    },
    later("v1-checks", Status::Running, check::entries),
    Later {
        add: artifact::add,
        ..later("v1-artifacts", Status::Running, artifact::entries)
    },
    later("v1-rounds", Status::Running, round::entries),
];

const fn later(name: &'static str, status: Status, entries: fn() -> Vec<Entry>) -> Later {
    Later {
        name,
        status,
        entries,
        add: |_, batch| batch,
    }
}

impl Later {
    fn write(&self, store: &Embedded) {
        let batch = Batch::new().run(Arc::new(head(self.status)), (self.entries)());
        let batch = (self.add)(store, batch);
        store.append(batch).unwrap().wait().unwrap();
    }
}

/// Writes all data anew, each kind into the folder of its name.
fn write_all(folder: &Path) -> Vec<&'static str> {
    let store = |name| Embedded::open(folder.join(name), options()).unwrap();
    general::write(&store("v1"));
    let later = LATER.iter().map(|kind| {
        kind.write(&store(kind.name));
        kind.name
    });
    let mut names: Vec<&str> = ["v1"].into_iter().chain(later).collect();
    review::write(&store("v1-reviews"));
    names.push("v1-reviews");
    seen::write(&store("v1-seen"));
    names.push("v1-seen");
    names
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn kept(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

/// A copy of what was written once, checked and open.
fn opened(name: &str) -> (TempDir, VerifyReport, Embedded) {
    let folder = tempfile::tempdir().unwrap();
    copy(&kept(name), folder.path());
    let report = verify(folder.path()).unwrap();
    assert!(report.is_sound(), "{name}: {:?}", report.problems);
    let store = Embedded::open(folder.path(), options()).unwrap();
    assert!(store.damage().is_empty(), "{name}");
    (folder, report, store)
}

#[test]
fn what_is_written_today_is_format_1_to_the_byte() {
    if let Some(target) = std::env::var_os("DRUSE_WRITE_DATA") {
        write_all(Path::new(&target));
    }
    let folder = tempfile::tempdir().unwrap();
    for name in write_all(folder.path()) {
        let (new, kept) = (folder.path().join(name), kept(name));
        for file in ["format", "log/00000001.log", "log/head"] {
            let same = fs::read(new.join(file)).unwrap() == fs::read(kept.join(file)).unwrap();
            assert!(
                same,
                "{name}/{file} differs: a change of format needs a new number"
            );
        }
    }
}

#[test]
fn events_that_came_to_format_1_later_say_what_they_said() {
    for kind in &LATER {
        let (_folder, _, store) = opened(kind.name);
        let entries = store.run_entries(run(), 0, 100).unwrap();
        assert_eq!(entries, (kind.entries)(), "{}", kind.name);
        let head = store.run_head(run()).unwrap().unwrap();
        assert_eq!(head.status, kind.status, "{}", kind.name);
    }
}

#[test]
fn what_is_about_artifacts_of_format_1_says_what_it_said() {
    let (_folder, report, store) = opened("v1-artifacts");
    assert_eq!(report.blobs, 1);
    let key = BlobUse::key_of(&Digest::of(artifact::ARTIFACT), run());
    assert_eq!(store.get::<BlobUse>(&key).unwrap().unwrap().bytes, 3);
}

#[test]
fn what_is_about_rates_of_format_1_says_what_it_said() {
    let (_folder, _, store) = opened("v1-rates");
    let (start, hold) = rate::rows();
    assert_eq!(store.get("crm/00000000000000000007").unwrap(), Some(start));
    assert_eq!(store.get("crm").unwrap(), Some(hold));
}

#[test]
fn data_of_format_1_opens_and_says_what_it_said() {
    let (_folder, report, store) = opened("v1");
    assert_eq!(
        (report.records, report.runs, report.entries, report.rows),
        (3, 1, 26, 4)
    );
    assert_eq!(
        *store.run_head(run()).unwrap().unwrap(),
        head(Status::Failed)
    );
    let entries = general::entries();
    assert_eq!(store.run_entries(run(), 0, 100).unwrap(), entries);
    assert_eq!(store.run_entries(run(), 6, 3).unwrap(), entries[6..9]);
    let scan = Scan {
        limit: 10,
        ..Scan::default()
    };
    let long = general::setting("long", &"long ".repeat(600));
    assert_eq!(
        store.scan::<Setting>(&scan).unwrap(),
        [long, general::setting("short", "ß")]
    );
    assert_eq!(store.row(Table::Setting, "gone").unwrap(), None);
    let query = RunQuery {
        cause: Some("schedule".into()),
        limit: 9,
        ..RunQuery::default()
    };
    assert_eq!(store.runs(&query).unwrap().len(), 1);
}
