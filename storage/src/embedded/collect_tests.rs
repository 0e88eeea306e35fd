//! What leaves the history stays away, and what is still needed outlives the part of the log it stood in.

use super::tests::{begin, created, evaluated, finished, head, run_id, setting, small, whole};
use super::*;
use crate::entity::Setting;
use crate::fault::FaultyDisk;
use crate::store::StoreExt;
use crate::verify;
use druse_engine::event::Status;
use druse_engine::{Json, Timestamp, event::RunEvent};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;

fn wait(store: &Embedded, batch: Batch) -> Position {
    store.append(batch).unwrap().wait().unwrap()
}

fn forget(number: u64) -> Batch {
    Batch::new().forget(run_id(number), "age", Timestamp(7))
}

/// A fact of this many bytes.
fn large(number: u64, seq: u64, bytes: usize) -> Entry {
    let mut entry = evaluated(number, seq);
    if let RunEvent::StepEvaluated { output, .. } = &mut entry.event {
        *output = Json::from(json!("x".repeat(bytes)));
    }
    entry
}

fn grown(number: u64, entry: Entry) -> Batch {
    Batch::new().run(head(number, Status::Running), vec![entry])
}

fn ended(number: u64, seq: u64) -> Batch {
    Batch::new().run(head(number, Status::Succeeded), vec![finished(number, seq)])
}

/// Gives back all that can be given back now.
fn compact(store: &Embedded) -> Compacted {
    let mut all = Compacted::default();
    let end = store.shared.lock().durable.place.segment();
    while store.shared.segments.list().unwrap()[0] < end {
        let done = store.compact().unwrap();
        assert!(done.freed > 0);
        all.freed += done.freed;
        all.moved += done.moved;
        all.runs += done.runs;
        all.rows += done.rows;
    }
    all
}

fn all() -> RunQuery {
    RunQuery {
        limit: usize::MAX,
        ..RunQuery::default()
    }
}

/// Opens the folder again, as it is and without the index, and looks each time.
fn looked_at_again(store: Embedded, folder: &Path, look: impl Fn(&Embedded)) {
    look(&store);
    drop(store);
    for without_index in [false, true] {
        if without_index {
            fs::remove_dir_all(folder.join("index")).unwrap();
        }
        let report = verify(folder).unwrap();
        assert!(report.is_sound(), "{:?}", report.problems);
        let store = Embedded::open(folder, small()).unwrap();
        assert!(store.damage().is_empty(), "{:?}", store.damage());
        look(&store);
    }
}

#[test]
fn a_run_that_left_is_gone_from_everywhere_and_the_space_of_many_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path(), small()).unwrap();
    wait(&store, begin(1));
    for number in 2..=900 {
        wait(&store, whole(number));
    }
    let before = store.usage().unwrap().log_bytes;
    for number in 2..=890 {
        wait(&store, forget(number));
    }
    assert_eq!(
        store.append(forget(1)).err(),
        Some(AppendError::NotOver { run: run_id(1) })
    );
    assert_eq!(
        store.append(forget(2)).err(),
        Some(AppendError::NotOver { run: run_id(2) })
    );
    store.settle();
    let usage = store.usage().unwrap();
    assert_eq!((usage.ended, usage.live), (10, 1));
    assert!(usage.live_bytes < before / 20, "{usage:?}");
    let done = compact(&store);
    assert_eq!(done.runs, 11, "{done:?}");
    let files: u64 = fs::read_dir(folder.path().join("log"))
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    assert!(files < before / 5, "{files} of {before} bytes are left");
    looked_at_again(store, folder.path(), |store| {
        let runs: Vec<_> = store
            .runs(&all())
            .unwrap()
            .iter()
            .map(|run| run.id)
            .collect();
        let expected: Vec<_> = (891..=900).rev().chain([1]).map(run_id).collect();
        assert_eq!(runs, expected);
        assert_eq!(store.live_runs().unwrap(), [run_id(1)]);
        assert!(store.run_head(run_id(5)).unwrap().is_none());
        assert!(store.run_entries(run_id(5), 0, 9).unwrap().is_empty());
        assert_eq!(store.run_entries(run_id(900), 0, 9).unwrap().len(), 3);
        let of = RunQuery {
            automation: head(6, Status::Running).automation,
            ..all()
        };
        assert_eq!(store.runs(&of).unwrap().len(), 4);
    });
}

#[test]
fn what_goes_on_goes_on_over_the_part_of_the_log_that_is_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path(), small()).unwrap();
    let long = "long row ".repeat(600);
    wait(&store, Batch::new().put(&setting("long", json!(long))));
    wait(&store, Batch::new().put(&setting("gone", json!(1))));
    wait(&store, Batch::new().put(&setting("short", json!(2))));
    wait(&store, begin(1));
    wait(&store, begin(2));
    let mut seq = 1;
    for round in 0..6u64 {
        if round == 1 {
            wait(&store, Batch::new().remove::<Setting>("gone"));
        }
        for number in 0..120 {
            wait(&store, whole(1_000 * (round + 1) + number));
        }
        // A journal of many records, longer than one record of what is written again.
        for _ in 0..5 {
            seq += 1;
            wait(&store, grown(1, large(1, seq, 3_000)));
        }
        for number in 0..110 {
            wait(&store, forget(1_000 * (round + 1) + number));
        }
        compact(&store);
    }
    let first = store.shared.segments.list().unwrap()[0];
    assert!(first > 10, "the log begins at segment {first}");
    wait(&store, ended(2, 2));
    looked_at_again(store, folder.path(), |store| {
        let get = |name: &str| store.get::<Setting>(name).unwrap().map(|row| row.value);
        assert_eq!(get("long"), Some(json!(long)));
        assert_eq!(get("short"), Some(json!(2)));
        assert_eq!(get("gone"), None);
        assert_eq!(store.runs(&all()).unwrap().len(), 62);
        let journal = store.run_entries(run_id(1), 0, 99).unwrap();
        assert_eq!(journal.len() as u64, seq);
        assert_eq!(journal[0], created(1));
        assert_eq!(journal[7], large(1, 8, 3_000));
        assert_eq!(store.run_entries(run_id(2), 0, 9).unwrap().len(), 2);
    });
    // And on from there.
    let store = Embedded::open(folder.path(), small()).unwrap();
    wait(&store, grown(1, large(1, seq + 1, 10)));
    wait(&store, ended(1, seq + 2));
    drop(store);
    assert!(verify(folder.path()).unwrap().is_sound());
}

#[test]
fn a_beginning_that_nobody_gave_back_is_a_loss() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path(), small()).unwrap();
    for number in 1..=400 {
        wait(&store, whole(number));
    }
    for number in 1..=300 {
        wait(&store, forget(number));
    }
    store.compact().unwrap();
    let list = store.shared.segments.list().unwrap();
    drop(store);
    assert!(verify(folder.path()).unwrap().is_sound());
    let report = verify(folder.path()).unwrap();
    assert!(report.first > 1);
    fs::remove_file(folder.path().join(format!("log/{:08}.log", list[0]))).unwrap();
    let report = verify(folder.path()).unwrap();
    assert_eq!(report.problems[0].code, "record_damaged", "{report:?}");
    fs::remove_dir_all(folder.path().join("index")).unwrap();
    let store = Embedded::open(folder.path(), small()).unwrap();
    assert!(
        store.damage()[0].contains("a segment is missing"),
        "{:?}",
        store.damage()
    );
}

#[test]
fn a_folder_whose_history_is_whole_is_still_one_of_the_first_format() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path(), small()).unwrap();
    wait(&store, whole(1));
    let format = || fs::read_to_string(folder.path().join("format")).unwrap();
    assert_eq!(format(), "format = 1\nmin_reader = 1\n");
    wait(&store, forget(1));
    assert_eq!(format(), "format = 2\nmin_reader = 2\n");
}

#[test]
fn searches_by_input_and_label_find_what_has_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path(), small()).unwrap();
    for number in 1..=300u64 {
        let mut of = RunHead::clone(&head(number, Status::Succeeded));
        let region = if number.is_multiple_of(10) {
            "EU"
        } else {
            "US"
        };
        of.inputs = Json::from(json!({ "region": region, "n": number, "deep": { "er": number } }));
        if number.is_multiple_of(50) {
            of.cause = Json::from(json!({ "kind": "manual", "labels": { "ticket": "OPS-1" } }));
        }
        let mut first = created(number);
        if let RunEvent::Created(start) = &mut first.event {
            start.inputs = of.inputs.clone();
            start.cause = of.cause.clone();
        }
        let batch = Batch::new().run(Arc::new(of), vec![first, finished(number, 2)]);
        wait(&store, batch);
    }
    looked_at_again(store, folder.path(), |store| {
        let search = |inputs: &[(&str, &str)], labels: &[(&str, &str)]| {
            let own = |pairs: &[(&str, &str)]| {
                let own = |(name, text): &(&str, &str)| ((*name).into(), (*text).into());
                pairs.iter().map(own).collect()
            };
            let query = RunQuery {
                inputs: own(inputs),
                labels: own(labels),
                ..all()
            };
            store.runs(&query).unwrap().len()
        };
        assert_eq!(search(&[("region", "EU")], &[]), 30);
        assert_eq!(search(&[("n", "17")], &[]), 1);
        assert_eq!(search(&[("deep.er", "17")], &[]), 1);
        assert_eq!(search(&[("deep.er", "17"), ("n", "18")], &[]), 0);
        assert_eq!(search(&[("region", "EU")], &[("ticket", "OPS-1")]), 6);
        assert_eq!(search(&[], &[("ticket", "OPS-2")]), 0);
    });
}

/// Small numbers from a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// What a store must hold: the entries of each run, and the rows.
#[derive(Clone, Default, PartialEq, Debug)]
struct Model {
    runs: BTreeMap<u64, (u64, bool)>,
    rows: BTreeMap<String, u64>,
}

impl Model {
    /// A change, and the batch that makes it.
    fn change(&mut self, dice: &mut Dice, next: &mut u64) -> Batch {
        let live: Vec<u64> = self.of(false);
        let over: Vec<u64> = self.of(true);
        match dice.roll(10) {
            0..=2 => {
                *next += 1;
                self.runs.insert(*next, (1, false));
                begin(*next)
            }
            3..=5 if !live.is_empty() => {
                let number = live[dice.roll(live.len() as u64) as usize];
                let run = self.runs.get_mut(&number).unwrap();
                run.0 += 1;
                let entry = large(number, run.0, dice.roll(2_500) as usize);
                grown(number, entry)
            }
            6 if !live.is_empty() => {
                let number = live[dice.roll(live.len() as u64) as usize];
                let run = self.runs.get_mut(&number).unwrap();
                *run = (run.0 + 1, true);
                ended(number, run.0)
            }
            7 if !over.is_empty() => {
                let number = over[dice.roll(over.len() as u64) as usize];
                self.runs.remove(&number);
                forget(number)
            }
            8 if !self.rows.is_empty() => {
                let keys: Vec<String> = self.rows.keys().cloned().collect();
                let key = &keys[dice.roll(keys.len() as u64) as usize];
                self.rows.remove(key);
                Batch::new().remove::<Setting>(key.clone())
            }
            _ => {
                let key = format!("row {}", dice.roll(12));
                let value = dice.roll(5);
                self.rows.insert(key.clone(), value);
                // Some stand in the index itself, some in the log alone.
                let long = "long ".repeat(if value > 2 { 600 } else { 0 });
                Batch::new().put(&setting(&key, json!({ "value": value, "long": long })))
            }
        }
    }

    fn of(&self, over: bool) -> Vec<u64> {
        let those = self.runs.iter().filter(|(_, run)| run.1 == over);
        those.map(|(number, _)| *number).collect()
    }

    fn read(store: &Embedded) -> Self {
        let mut model = Self::default();
        for run in store.runs(&all()).unwrap() {
            let entries = store.run_entries(run.id, 0, usize::MAX).unwrap();
            for (index, entry) in entries.iter().enumerate() {
                assert_eq!(entry.seq, index as u64 + 1);
            }
            let number = run.inputs.value()["n"].as_u64().unwrap();
            model
                .runs
                .insert(number, (entries.len() as u64, run.status.is_final()));
        }
        let scan = Scan {
            limit: usize::MAX,
            ..Scan::default()
        };
        for row in store.scan::<Setting>(&scan).unwrap() {
            let value = row.value["value"].as_u64().unwrap();
            model.rows.insert(row.name, value);
        }
        model
    }
}

/// The lives of one folder: changes, parts of the log given back in the middle of them, and an end by a
/// fault at a random write or sync. After each, what is there is what was acknowledged, or one step more.
fn lives(seed: u64, steps: u64) {
    let mut dice = Dice(seed | 1);
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let (mut model, mut next) = (Model::default(), 0);
    let mut collected = 0;
    for life in 0..6 {
        let disk = FaultyDisk::new();
        let options = Options {
            disk: Arc::new(disk.clone()),
            ..small()
        };
        let store = Embedded::open(folder.path(), options).unwrap();
        let about = format!("seed {seed}, life {life}");
        assert!(store.damage().is_empty(), "{about}: {:?}", store.damage());
        assert_eq!(Model::read(&store), model, "{about}");
        let fault = 1 + dice.roll(steps) as u32;
        match dice.roll(4) {
            0 => disk.fail_write(fault),
            1 => disk.cut_write(fault),
            2 => disk.fail_sync(fault),
            _ => {}
        }
        let mut possible = None;
        let mut put_back: Vec<(PathBuf, Vec<u8>)> = Vec::new();
        for _ in 0..steps {
            if dice.roll(8) == 0 {
                let first = store.shared.segments.list().unwrap()[0];
                let path = store.shared.segments.path(first);
                let bytes = fs::read(&path).unwrap();
                match store.compact() {
                    Ok(done) if done.freed > 0 => {
                        collected += 1;
                        put_back = vec![(path, bytes)];
                    }
                    Ok(_) => {}
                    Err(_) => break,
                }
                continue;
            }
            let before = model.clone();
            let batch = model.change(&mut dice, &mut next);
            match store.append(batch).map(Ticket::wait) {
                Ok(Ok(_)) => {}
                _ => {
                    possible = Some(std::mem::replace(&mut model, before));
                    break;
                }
            }
            if dice.roll(20) == 0 {
                store.settle();
            }
        }
        drop(store);
        // As if the machine had gone down just before the file was removed.
        if dice.roll(2) == 0 {
            for (path, bytes) in put_back {
                fs::write(path, bytes).unwrap();
            }
        }
        if dice.roll(3) == 0 {
            fs::remove_dir_all(folder.path().join("index")).unwrap();
            let _ = fs::remove_file(log.join("head"));
        }
        let report = verify(folder.path()).unwrap();
        assert!(report.is_sound(), "{about}: {:?}", report.problems);
        let store = Embedded::open(folder.path(), small()).unwrap();
        assert!(store.damage().is_empty(), "{about}: {:?}", store.damage());
        let found = Model::read(&store);
        if possible.as_ref() == Some(&found) {
            model = found;
        } else {
            assert_eq!(found, model, "{about}");
        }
    }
    assert!(collected > 0, "seed {seed}: nothing was given back");
}

#[test]
fn whatever_fails_in_the_middle_of_giving_back_nothing_is_lost_and_nothing_comes_back() {
    for seed in 1..=4u64 {
        lives(0x9e37_79b9_7f4a_7c15u64.wrapping_mul(seed), 150);
    }
}

#[test]
fn appends_and_reads_go_on_while_the_log_is_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path(), small()).unwrap();
    for number in 1..=5 {
        wait(&store, begin(number));
    }
    let done = std::sync::atomic::AtomicBool::new(false);
    let freed = std::thread::scope(|threads| {
        let store = &store;
        let done = &done;
        let collector = threads.spawn(move || {
            let mut freed = 0;
            while !done.load(std::sync::atomic::Ordering::SeqCst) {
                freed += store.compact().unwrap().freed;
            }
            freed
        });
        let reader = threads.spawn(move || {
            while !done.load(std::sync::atomic::Ordering::SeqCst) {
                for number in 1..=5 {
                    let journal = store.run_entries(run_id(number), 0, usize::MAX).unwrap();
                    assert_eq!(journal[0], created(number));
                    assert!(store.run_head(run_id(number)).unwrap().is_some());
                }
                assert!(store.runs(&all()).unwrap().len() >= 5);
            }
        });
        for round in 0..150u64 {
            for number in 1..=5 {
                wait(store, grown(number, large(number, round + 2, 300)));
            }
            for number in 0..4 {
                let number = 100 + round * 4 + number;
                wait(store, whole(number));
                wait(store, forget(number));
            }
        }
        done.store(true, std::sync::atomic::Ordering::SeqCst);
        reader.join().unwrap();
        collector.join().unwrap()
    });
    assert!(freed > 0);
    looked_at_again(store, folder.path(), |store| {
        let runs = store.runs(&all()).unwrap();
        assert_eq!(runs.len(), 5);
        for number in 1..=5 {
            let journal = store.run_entries(run_id(number), 0, usize::MAX).unwrap();
            assert_eq!(journal.len(), 151);
        }
    });
}

/// What was written grows with what is appended and with files, and nothing is read for it.
#[test]
fn what_was_written_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path(), small()).unwrap();
    let mut before = store.written_bytes();
    for number in 1..=20 {
        wait(&store, whole(number));
        let now = store.written_bytes();
        assert!(now > before, "{now} after {before}");
        before = now;
    }
    drop(store.put_blob(&[7; 5_000]).unwrap());
    assert_eq!(store.written_bytes(), before + 5_000);
}

/// A head that can no longer be compared is not taken for one that is still there.
#[test]
fn a_head_that_was_given_back_is_not_called_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path(), small()).unwrap();
    for number in 1..=200 {
        wait(&store, whole(number));
    }
    let early = store.log_head();
    for number in 201..=400 {
        wait(&store, whole(number));
    }
    for number in 1..=399 {
        wait(&store, forget(number));
    }
    let mut last = None;
    while verify_first(&store) <= early.number {
        store.compact().unwrap();
        let base: crate::entity::LogBase = store
            .get(crate::entity::LogBase::KEY)
            .unwrap()
            .expect("the log says where it begins");
        last = Some(crate::store::LogHead {
            number: base.number,
            digest: base.digest,
        });
    }
    let late = store.log_head();
    drop(store);
    let codes = |head: &crate::store::LogHead| -> Vec<&str> {
        let report = crate::verify::verify_against(folder.path(), Some(head)).unwrap();
        report.problems.iter().map(|problem| problem.code).collect()
    };
    assert_eq!(codes(&late), Vec::<&str>::new());
    assert_eq!(codes(&early), ["head_gone"]);
    // The last record that was given back is still named by its hash.
    let mut last = last.unwrap();
    assert_eq!(codes(&last), Vec::<&str>::new());
    last.digest = late.digest.clone();
    assert_eq!(codes(&last), ["head_changed"]);
}

fn verify_first(store: &Embedded) -> u64 {
    let first = store.shared.segments.list().unwrap()[0];
    store.shared.segments.header(first).unwrap().unwrap().first
}

/// The writer holds the last fact of a run for as long as there is no space for it; and who writes that run again
/// waits with it, however long that takes.
#[test]
fn what_waits_for_space_is_waited_for_while_the_log_is_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let disk = FaultyDisk::new();
    let options = Options {
        disk: Arc::new(disk.clone()),
        ..small()
    };
    let store = Embedded::open(folder.path(), options).unwrap();
    wait(&store, begin(1));
    for number in 2..=300 {
        wait(&store, whole(number));
    }
    for number in 2..=300 {
        wait(&store, forget(number));
    }
    store.settle();
    disk.set_full(true);
    let waiting = store.append(Batch {
        must_fit: true,
        ..grown(1, evaluated(1, 2))
    });
    let waiting = waiting.unwrap();
    let refused = |count: u64| {
        let wanted = disk.refused() + count;
        while disk.refused() < wanted {
            std::thread::yield_now();
        }
    };
    refused(1);
    let done = std::thread::scope(|threads| {
        let small = std::thread::Builder::new().stack_size(256 << 10);
        let compacting = small.spawn_scoped(threads, || store.compact()).unwrap();
        // The writer tries again every 50 ms.
        refused(60);
        assert!(!compacting.is_finished());
        disk.set_full(false);
        compacting.join().unwrap().unwrap()
    });
    assert!(done.freed > 0 && done.runs == 1, "{done:?}");
    waiting.wait().unwrap();
    let entries = store.run_entries(run_id(1), 0, 9).unwrap();
    assert_eq!(entries, [created(1), evaluated(1, 2)]);
    drop(store);
    assert!(verify(folder.path()).unwrap().is_sound());
}
