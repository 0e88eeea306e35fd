//! What the store does when the disk fails, when bytes change under it, and when its end is torn.

use super::tests::{begin, created, evaluated, finished, head, run_id, setting, small, whole};
use super::*;
use crate::fault::FaultyDisk;
use crate::store::StoreExt;
use crate::verify;
use druse_engine::event::Status;
use proptest::prelude::*;
use serde_json::json;
use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    os::unix::fs::FileExt,
};

fn faulty() -> (Options, FaultyDisk) {
    let disk = FaultyDisk::new();
    let options = Options {
        disk: Arc::new(disk.clone()),
        ..small()
    };
    (options, disk)
}

fn wait(store: &Embedded, batch: Batch) -> Position {
    store.append(batch).unwrap().wait().unwrap()
}

fn segment(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("log/{number:08}.log"))
}

/// Overwrites bytes of a segment.
fn overwrite(path: &Path, offset: u64, bytes: &[u8]) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(bytes, offset).unwrap();
}

/// Forgets what stands beside the log, as if the machine had lost power.
fn forget_marks(folder: &Path) {
    let _ = fs::remove_file(folder.join("log/head"));
    fs::remove_dir_all(folder.join("index")).unwrap();
}

#[test]
fn a_failed_sync_fails_every_ticket_and_everything_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let (options, disk) = faulty();
    let store = Embedded::open(folder.path(), options.clone()).unwrap();
    wait(&store, whole(1));
    let failure = store.failure();
    assert!(failure.borrow().is_none());
    disk.fail_sync(1);
    assert_eq!(
        store.append(whole(2)).unwrap().wait(),
        Err(AppendError::Failed)
    );
    assert!(failure.borrow().is_some());
    assert!(matches!(store.append(whole(3)), Err(AppendError::Failed)));
    assert!(!store.accepts_work());
    assert!(store.run_head(run_id(1)).unwrap().is_some());
    assert!(store.run_head(run_id(2)).unwrap().is_none());
    drop(store);
    let store = Embedded::open(folder.path(), options).unwrap();
    assert!(store.run_head(run_id(1)).unwrap().is_some());
    wait(&store, whole(4));
}

#[test]
fn a_write_cut_short_is_cut_away_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let (options, disk) = faulty();
    let store = Embedded::open(folder.path(), options.clone()).unwrap();
    wait(&store, whole(1));
    disk.cut_write(1);
    assert_eq!(
        store.append(whole(2)).unwrap().wait(),
        Err(AppendError::Failed)
    );
    drop(store);
    let report = verify(folder.path()).unwrap();
    assert!(report.torn_tail && report.is_sound(), "{report:?}");
    let store = Embedded::open(folder.path(), options).unwrap();
    assert!(store.run_head(run_id(2)).unwrap().is_none());
    wait(&store, whole(2));
    drop(store);
    let report = verify(folder.path()).unwrap();
    assert!(!report.torn_tail && report.is_sound(), "{report:?}");
    assert_eq!((report.records, report.runs, report.entries), (2, 2, 6));
}

#[test]
fn a_full_disk_refuses_new_work_and_goes_on_when_there_is_space() {
    let folder = tempfile::tempdir().unwrap();
    let (options, disk) = faulty();
    let store = Embedded::open(folder.path(), options).unwrap();
    wait(&store, begin(1));
    disk.set_full(true);
    let waiting = store.append(begin(2)).unwrap();
    while store.accepts_work() {
        std::thread::yield_now();
    }
    assert!(matches!(store.append(whole(3)), Err(AppendError::Full)));
    assert!(matches!(store.put_blob(b"x"), Err(AppendError::Full)));
    let completion = Batch {
        must_fit: true,
        ..Batch::new().run(head(1, Status::Succeeded), vec![finished(1, 2)])
    };
    let completion = store.append(completion).unwrap();
    assert_eq!(
        store.run_head(run_id(1)).unwrap().unwrap().status,
        Status::Running
    );
    disk.set_full(false);
    waiting.wait().unwrap();
    completion.wait().unwrap();
    while !store.accepts_work() {
        std::thread::yield_now();
    }
    wait(&store, whole(3));
    drop(store);
    assert!(verify(folder.path()).unwrap().is_sound());
}

#[test]
fn a_flipped_bit_is_named_and_fences_off_only_its_run() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path(), small()).unwrap();
    for number in 1..=5 {
        wait(&store, begin(number));
    }
    wait(
        &store,
        Batch::new().run(head(3, Status::Succeeded), vec![finished(3, 2)]),
    );
    let place = store.shared.index.run(run_id(3)).unwrap();
    store.settle();
    let place = store
        .shared
        .index
        .run(run_id(3))
        .unwrap()
        .or(place)
        .unwrap();
    drop(store);
    let path = segment(folder.path(), 1);
    let mut byte = [0];
    let at = place.first.offset() + 150;
    let file = OpenOptions::new().read(true).open(&path).unwrap();
    file.read_exact_at(&mut byte, at).unwrap();
    overwrite(&path, at, &[byte[0] ^ 4]);

    let report = verify(folder.path()).unwrap();
    let codes: Vec<_> = report.problems.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["record_damaged", "sequence_gap", "chain_broken"]);
    assert_eq!(report.problems[0].record, Some(3));
    assert_eq!(report.problems[0].run, Some(run_id(3)));
    assert_eq!(report.problems[1].run, Some(run_id(3)));

    for without_index in [false, true] {
        if without_index {
            fs::remove_dir_all(folder.path().join("index")).unwrap();
        }
        let store = Embedded::open(folder.path(), small()).unwrap();
        assert_eq!(store.damage().len(), usize::from(without_index));
        assert!(matches!(
            store.run_head(run_id(3)),
            Err(ReadError::Damaged(_))
        ));
        assert!(matches!(
            store.run_entries(run_id(3), 0, 9),
            Err(ReadError::Damaged(_))
        ));
        for number in [1, 2, 4, 5] {
            assert_eq!(
                store.run_entries(run_id(number), 0, 9).unwrap(),
                vec![created(number)]
            );
        }
        let all = RunQuery {
            limit: 10,
            ..RunQuery::default()
        };
        assert_eq!(store.runs(&all).unwrap().len(), 4);
        assert_eq!(store.live_runs().unwrap().len(), 4);
    }
}

#[test]
fn a_damaged_row_is_left_out_of_lists_and_the_pages_around_it_stay_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path(), small()).unwrap();
    // Long rows stand in the log alone.
    for number in 1..=5 {
        let long = format!("{} value {number}", "x".repeat(4_000));
        let row = setting(&format!("s{number}"), json!(long));
        wait(&store, Batch::new().put(&row));
    }
    store.settle();
    drop(store);
    let (path, at) = (1..)
        .find_map(|number| {
            let path = segment(folder.path(), number);
            let bytes = fs::read(&path).expect("a segment holds the third row");
            let at = bytes.windows(7).position(|seven| seven == b"value 3")?;
            Some((path, at))
        })
        .unwrap();
    overwrite(&path, at as u64, b"w");

    let store = Embedded::open(folder.path(), small()).unwrap();
    let names = |descending, limit| {
        let mut names = Vec::new();
        let mut after = None;
        loop {
            let page: Vec<crate::entity::Setting> = store
                .scan(&Scan {
                    after: after.take(),
                    descending,
                    limit,
                    ..Scan::default()
                })
                .unwrap();
            after = page.last().map(|row| row.name.clone());
            let last = page.len() < limit;
            names.extend(page.into_iter().map(|row| row.name));
            if last {
                return names;
            }
        }
    };
    for limit in [1, 2, 9] {
        assert_eq!(names(false, limit), ["s1", "s2", "s4", "s5"]);
        assert_eq!(names(true, limit), ["s5", "s4", "s2", "s1"]);
    }
    assert!(matches!(
        store.get::<crate::entity::Setting>("s3"),
        Err(ReadError::Damaged(_))
    ));
}

#[test]
fn a_hole_before_durable_records_is_damage_and_a_lost_end_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path(), small()).unwrap();
    for number in 1..=4 {
        wait(&store, whole(number));
    }
    store.settle();
    let place = |number| {
        let entry = store.shared.index.run(run_id(number)).unwrap().unwrap();
        entry.last.offset()
    };
    let (second, third, fourth) = (place(2), place(3), place(4));
    drop(store);
    let path = segment(folder.path(), 1);
    let kept = fs::read(&path).unwrap();
    overwrite(&path, second, &vec![0; (third - second) as usize]);
    forget_marks(folder.path());
    let store = Embedded::open(folder.path(), small()).unwrap();
    assert_eq!(
        store.damage(),
        [format!(
            "records are damaged at segment 1, offset {second}: record 2"
        )]
    );
    assert!(store.run_head(run_id(2)).unwrap().is_none());
    assert_eq!(store.run_entries(run_id(4), 0, 9).unwrap().len(), 3);
    // The damage is written down.
    assert_eq!(store.head(), 5);
    drop(store);

    fs::write(&path, &kept).unwrap();
    overwrite(&path, fourth, &vec![0; kept.len() - fourth as usize]);
    let report = verify(folder.path()).unwrap();
    assert_eq!(report.problems.len(), 1, "{report:?}");
    assert_eq!(report.problems[0].code, "log_truncated");
    fs::remove_file(folder.path().join("log/head")).unwrap();
    for _ in 0..2 {
        // The index knows how far the log reached, and what it knew is not forgotten with it.
        let refused = Embedded::open(folder.path(), small()).unwrap_err();
        assert!(matches!(
            refused,
            OpenError::LogTruncated {
                expected: 5,
                found: 3
            }
        ));
    }
    let options = Options {
        accept_loss: true,
        ..small()
    };
    let store = Embedded::open(folder.path(), options).unwrap();
    assert_eq!(store.head(), 3);
    wait(&store, whole(4));
}

#[test]
fn a_damaged_index_is_made_anew_and_gives_the_same_answers() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path(), small()).unwrap();
    for number in 1..=300 {
        store.append(whole(number)).unwrap();
    }
    wait(
        &store,
        Batch::new().put(&setting("tools", json!("x".repeat(5000)))),
    );
    let answers = |store: &Embedded| {
        let query = RunQuery {
            limit: 200,
            cause: Some("odd".into()),
            ..RunQuery::default()
        };
        (
            store.runs(&query).unwrap(),
            store.get::<crate::Setting>("tools").unwrap(),
            store.run_entries(run_id(77), 0, 9).unwrap(),
        )
    };
    let expected = answers(&store);
    assert_eq!(expected.0.len(), 150);
    drop(store);
    let index = folder.path().join("index");
    let length = fs::metadata(index.join("db")).unwrap().len();
    for at in [20, length / 3, length / 2, length - 9] {
        overwrite(&index.join("db"), at, &[0xa5; 8]);
        let store = Embedded::open(folder.path(), small()).unwrap();
        assert_eq!(answers(&store), expected);
        drop(store);
    }
    // As after a killed process: the library itself must notice, or a value's own checksum.
    for at in [0, 4000, 40_000] {
        fs::remove_file(index.join("druse.clean")).unwrap();
        overwrite(&index.join("db"), at, &[0x5a; 300]);
        let store = Embedded::open(folder.path(), small()).unwrap();
        assert_eq!(answers(&store), expected);
        drop(store);
    }
    fs::write(index.join("conf"), b"nonsense").unwrap();
    let store = Embedded::open(folder.path(), small()).unwrap();
    assert_eq!(answers(&store), expected);
}

/// A disk whose syncs can be held up.
#[derive(Debug, Default)]
struct Gate {
    shut: Mutex<(bool, u64)>,
    moved: Condvar,
}

impl Gate {
    fn set(&self, shut: bool) {
        self.shut.lock().unwrap().0 = shut;
        self.moved.notify_all();
    }

    fn wait_for_arrival(&self) {
        let state = self.shut.lock().unwrap();
        drop(self.moved.wait_while(state, |(_, waiting)| *waiting == 0));
    }
}

impl Disk for Gate {
    fn write_all_at(&self, file: &fs::File, bytes: &[u8], offset: u64) -> io::Result<()> {
        file.write_all_at(bytes, offset)
    }
    fn sync_data(&self, file: &fs::File) -> io::Result<()> {
        let mut state = self.shut.lock().unwrap();
        state.1 += 1;
        self.moved.notify_all();
        let mut state = self.moved.wait_while(state, |(shut, _)| *shut).unwrap();
        state.1 -= 1;
        file.sync_data()
    }
}

#[test]
fn nothing_is_read_before_it_is_durable_and_a_hole_in_an_unacknowledged_write_is_no_damage() {
    let folder = tempfile::tempdir().unwrap();
    let gate = Arc::new(Gate::default());
    let options = Options {
        disk: gate.clone(),
        ..small()
    };
    let store = Embedded::open(folder.path(), options).unwrap();
    wait(&store, whole(1));
    gate.set(true);
    let held = store.append(whole(2)).unwrap();
    gate.wait_for_arrival();
    let third = store.shared.lock().at.offset();
    let row = setting("tools", json!(1));
    let together =
        [whole(3), begin(4), Batch::new().claim(&row)].map(|batch| store.append(batch).unwrap());
    let fourth = store.shared.lock().queue[1].place.offset();
    assert!(store.run_head(run_id(2)).unwrap().is_none());
    assert!(store.run_entries(run_id(2), 0, 9).unwrap().is_empty());
    assert!(store.live_runs().unwrap().is_empty());
    assert_eq!(store.get::<crate::Setting>("tools").unwrap(), None);
    let query = RunQuery {
        limit: 9,
        ..RunQuery::default()
    };
    assert_eq!(store.runs(&query).unwrap().len(), 1);
    // What is ordered counts for what comes after it, durable or not.
    assert!(matches!(
        store.append(Batch::new().claim(&row)),
        Err(AppendError::Conflict { .. })
    ));
    gate.set(false);
    held.wait().unwrap();
    for ticket in together {
        ticket.wait().unwrap();
    }
    assert_eq!(store.runs(&query).unwrap().len(), 4);
    assert_eq!(store.live_runs().unwrap(), [run_id(4)]);
    drop(store);

    // Power was lost in the middle of the last write, and its first block never came to the disk.
    overwrite(
        &segment(folder.path(), 1),
        third,
        &vec![0; (fourth - third) as usize],
    );
    forget_marks(folder.path());
    let store = Embedded::open(folder.path(), small()).unwrap();
    assert_eq!((store.head(), store.damage().len()), (2, 0));
    assert_eq!(store.runs(&query).unwrap().len(), 2);
    wait(&store, whole(3));
    drop(store);
    let report = verify(folder.path()).unwrap();
    assert!(report.is_sound() && report.head == 3, "{report:?}");
}

#[derive(Debug, Clone)]
enum Act {
    Begin,
    Advance(usize),
    End(usize),
    Put(u8, u16),
    Remove(u8),
    Reopen {
        index: bool,
    },
    /// Bytes of garbage after the end.
    Tear(u16),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => Just(Act::Begin),
        4 => (0..64usize).prop_map(Act::Advance),
        3 => (0..64usize).prop_map(Act::End),
        3 => (0..8u8, 0..4000u16).prop_map(|(key, size)| Act::Put(key, size)),
        1 => (0..8u8).prop_map(Act::Remove),
        1 => any::<bool>().prop_map(|index| Act::Reopen { index }),
        1 => (1..3000u16).prop_map(Act::Tear),
    ];
    proptest::collection::vec(act, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_acknowledged_survives_whatever_happens_to_the_bytes_after_it(
        kept in 1..20u64,
        more in 1..20u64,
        at in 0.0..1.0f64,
        how in 0..3u8,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let store = Embedded::open(folder.path(), small()).unwrap();
        for number in 1..=kept {
            store.append(whole(number)).unwrap();
        }
        wait(&store, begin(1000));
        let (from, segments) = (store.shared.lock().at, store.shared.segments.clone());
        for number in kept + 1..=kept + more {
            store.append(whole(number)).unwrap();
        }
        wait(&store, Batch::new().put(&setting("last", json!(1))));
        let until = store.shared.lock().at;
        drop(store);
        prop_assume!(from.segment() == until.segment());
        forget_marks(folder.path());
        let path = segments.path(from.segment());
        let length = fs::metadata(&path).unwrap().len();
        let span = (until.offset() - from.offset()) as f64;
        let place = from.offset() + (span * at) as u64;
        match how {
            0 => overwrite(&path, place, &vec![0; (length - place) as usize]),
            1 => OpenOptions::new().write(true).open(&path).unwrap().set_len(place).unwrap(),
            _ => {
                let byte = fs::read(&path).unwrap()[place as usize];
                overwrite(&path, place, &[byte ^ (1 << (place % 8))]);
            }
        }
        let store = Embedded::open(folder.path(), small()).unwrap();
        for number in 1..=kept {
            prop_assert_eq!(store.run_entries(run_id(number), 0, 9).unwrap().len(), 3);
        }
        // A run whose only record is damaged may not have ended.
        let mut live = store.live_runs().unwrap();
        live.retain(|run| store.run_head(*run).is_ok());
        prop_assert_eq!(live, vec![run_id(1000)]);
        for number in kept + 1..=kept + more {
            // A batch is there as a whole or not at all.
            match store.run_head(run_id(number)) {
                Ok(Some(stored)) => prop_assert_eq!(&*stored, &*head(number, Status::Succeeded)),
                Ok(None) | Err(ReadError::Damaged(_)) => {}
                Err(other) => panic!("{other}"),
            }
        }
        wait(&store, Batch::new().run(head(1000, Status::Succeeded), vec![finished(1000, 2)]));
        drop(store);
        let store = Embedded::open(folder.path(), small()).unwrap();
        prop_assert_eq!(store.run_entries(run_id(1000), 0, 9).unwrap().len(), 2);
    }

    #[test]
    fn any_history_reads_the_same_after_any_start(acts in acts()) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Embedded::open(folder.path(), small()).unwrap();
        let mut runs: BTreeMap<u64, (u64, Status)> = BTreeMap::new();
        let mut rows: BTreeMap<String, Value> = BTreeMap::new();
        for act in acts {
            match act {
                Act::Begin => {
                    let number = runs.len() as u64 + 1;
                    wait(&store, begin(number));
                    runs.insert(number, (1, Status::Running));
                }
                Act::Advance(which) | Act::End(which) => {
                    let live: Vec<u64> = runs
                        .iter()
                        .filter(|(_, (_, status))| !status.is_final())
                        .map(|(number, _)| *number)
                        .collect();
                    if live.is_empty() {
                        continue;
                    }
                    let number = live[which % live.len()];
                    let seq = runs[&number].0 + 1;
                    let (status, entry) = match act {
                        Act::End(_) => (Status::Succeeded, finished(number, seq)),
                        _ => (Status::Waiting, evaluated(number, seq)),
                    };
                    wait(&store, Batch::new().run(head(number, status), vec![entry]));
                    runs.insert(number, (seq, status));
                }
                Act::Put(key, size) => {
                    let row = setting(&format!("k{key}"), json!("v".repeat(size.into())));
                    wait(&store, Batch::new().put(&row));
                    rows.insert(row.name.clone(), serde_json::to_value(&row).unwrap());
                }
                Act::Remove(key) => {
                    let key = format!("k{key}");
                    wait(&store, Batch::new().remove::<crate::Setting>(key.clone()));
                    rows.remove(&key);
                }
                Act::Reopen { index } => {
                    drop(store);
                    if !index {
                        forget_marks(folder.path());
                    }
                    store = Embedded::open(folder.path(), small()).unwrap();
                }
                Act::Tear(bytes) => {
                    let end = store.shared.lock().at;
                    drop(store);
                    let garbage: Vec<u8> = (0..u32::from(bytes)).map(|at| (at * 37 + 11) as u8).collect();
                    overwrite(&segment(folder.path(), end.segment()), end.offset(), &garbage);
                    store = Embedded::open(folder.path(), small()).unwrap();
                    prop_assert!(store.damage().is_empty(), "{:?}", store.damage());
                }
            }
        }
        for (number, (seq, status)) in &runs {
            let stored = store.run_head(run_id(*number)).unwrap().unwrap();
            prop_assert_eq!(&*stored, &*head(*number, *status));
            let entries = store.run_entries(run_id(*number), 0, 1000).unwrap();
            prop_assert_eq!(entries.len() as u64, *seq);
            prop_assert!(entries.iter().zip(1..).all(|(entry, seq)| entry.seq == seq));
            prop_assert_eq!(store.run_entries(run_id(*number), seq - 1, 9).unwrap().len(), 1);
        }
        let live: Vec<_> = runs
            .iter()
            .filter(|(_, (_, status))| !status.is_final())
            .map(|(number, _)| run_id(*number))
            .collect();
        prop_assert_eq!(store.live_runs().unwrap(), live);
        let mut paged = Vec::new();
        loop {
            let query = RunQuery { limit: 3, before: paged.last().copied(), ..RunQuery::default() };
            let page = store.runs(&query).unwrap();
            if page.is_empty() {
                break;
            }
            paged.extend(page.iter().map(|run| run.id));
        }
        let youngest_first: Vec<_> = runs.keys().rev().map(|number| run_id(*number)).collect();
        prop_assert_eq!(paged, youngest_first);
        for descending in [false, true] {
            let scan = Scan { prefix: "k".into(), descending, limit: 100, ..Scan::default() };
            let mut expected: Vec<_> = rows.clone().into_iter().collect();
            if descending {
                expected.reverse();
            }
            prop_assert_eq!(store.rows(Table::Setting, &scan).unwrap(), expected);
        }
        drop(store);
        let report = verify(folder.path()).unwrap();
        prop_assert!(report.is_sound(), "{:?}", report.problems);
        prop_assert_eq!(report.runs, runs.len() as u64);
    }
}
