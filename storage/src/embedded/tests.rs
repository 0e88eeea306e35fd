use super::*;
use crate::entity::{Setting, TokenDigest};
use crate::store::{Expect, Fact, StoreExt};
use druse_engine::{
    AutomationId, Json, Timestamp,
    event::{Entry, RunEvent, Start, Status},
};
use serde_json::json;
use std::fs;

pub(super) fn small() -> Options {
    Options {
        first_segment_bytes: 16 << 10,
        segment_bytes: 32 << 10,
        ..Options::small()
    }
}

pub(super) fn run_id(number: u64) -> RunId {
    let mut random = [0; 10];
    random[2..].copy_from_slice(&number.to_be_bytes());
    RunId::from_parts(1_700_000_000_000 + number, random)
}

pub(super) fn head(number: u64, status: Status) -> Arc<RunHead> {
    let run = run_id(number);
    Arc::new(RunHead {
        id: run,
        automation: Some(AutomationId::from_parts(1, [(number % 3) as u8; 10])),
        name: "pay-bill".into(),
        version: 1,
        digest: Digest::of(b"document"),
        status,
        cause: Json::from(
            json!({ "kind": if number.is_multiple_of(2) { "manual" } else { "odd" } }),
        ),
        inputs: Json::from(json!({ "n": number })),
        outputs: status
            .is_final()
            .then(|| Json::from(json!({ "done": number }))),
        error: None,
        created_at: Timestamp(1_700_000_000_000 + number as i64),
        started_at: Some(Timestamp(1_700_000_000_001 + number as i64)),
        finished_at: status
            .is_final()
            .then_some(Timestamp(1_700_000_000_009 + number as i64)),
    })
}

pub(super) fn created(number: u64) -> Entry {
    let head = head(number, Status::Running);
    Entry {
        seq: 1,
        at: head.created_at,
        event: RunEvent::Created(Box::new(Start {
            run: head.id,
            automation: head.automation,
            name: head.name.clone(),
            version: 1,
            digest: head.digest.clone(),
            cause: head.cause.clone(),
            started_by: "user:ada".into(),
            inputs: head.inputs.clone(),
            trigger: Json::null(),
            scheduled_at: None,
            root: head.id,
            depth: 0,
        })),
    }
}

pub(super) fn evaluated(number: u64, seq: u64) -> Entry {
    Entry {
        seq,
        at: Timestamp(1_700_000_000_002),
        event: RunEvent::StepEvaluated {
            step: "total".into(),
            output: Json::from(json!({ "run": number, "seq": seq })),
        },
    }
}

pub(super) fn finished(number: u64, seq: u64) -> Entry {
    Entry {
        seq,
        at: Timestamp(1_700_000_000_009),
        event: RunEvent::Finished {
            status: Status::Succeeded,
            outputs: head(number, Status::Succeeded).outputs.clone(),
            failure: None,
        },
    }
}

pub(super) fn begin(number: u64) -> Batch {
    Batch::new().run(head(number, Status::Running), vec![created(number)])
}

pub(super) fn whole(number: u64) -> Batch {
    Batch::new().run(
        head(number, Status::Succeeded),
        vec![created(number), evaluated(number, 2), finished(number, 3)],
    )
}

pub(super) fn setting(name: &str, value: Value) -> Setting {
    Setting {
        name: name.into(),
        value,
        updated_at: Timestamp(1),
    }
}

fn wait(store: &Embedded, batch: Batch) -> Position {
    store.append(batch).unwrap().wait().unwrap()
}

#[test]
fn what_was_appended_is_read_before_and_after_the_index_has_it_and_after_a_start() {
    let folder = tempfile::tempdir().unwrap();
    let check = |store: &Embedded| {
        assert_eq!(store.head(), 4);
        assert_eq!(
            *store.run_head(run_id(1)).unwrap().unwrap(),
            *head(1, Status::Succeeded)
        );
        assert_eq!(
            *store.run_head(run_id(2)).unwrap().unwrap(),
            *head(2, Status::Waiting)
        );
        assert_eq!(
            store.run_entries(run_id(1), 0, 100).unwrap(),
            vec![created(1), evaluated(1, 2), finished(1, 3)]
        );
        assert_eq!(
            store.run_entries(run_id(2), 1, 1).unwrap(),
            vec![evaluated(2, 2)]
        );
        assert_eq!(store.live_runs().unwrap(), vec![run_id(2)]);
        let all = RunQuery {
            limit: 10,
            ..RunQuery::default()
        };
        let ids: Vec<_> = store.runs(&all).unwrap().iter().map(|run| run.id).collect();
        assert_eq!(ids, vec![run_id(2), run_id(1)]);
        assert_eq!(
            store.get::<Setting>("tools").unwrap().unwrap().value,
            json!([1])
        );
        assert_eq!(store.get::<Setting>("none").unwrap(), None);
    };
    {
        let store = Embedded::open(folder.path(), small()).unwrap();
        wait(&store, whole(1));
        wait(&store, begin(2));
        wait(
            &store,
            Batch::new().run(
                head(2, Status::Waiting),
                vec![evaluated(2, 2), evaluated(2, 3)],
            ),
        );
        wait(&store, Batch::new().put(&setting("tools", json!([1]))));
        check(&store);
        store.settle();
        check(&store);
    }
    let store = Embedded::open(folder.path(), small()).unwrap();
    check(&store);
    assert!(store.damage().is_empty());
    drop(store);
    fs::remove_dir_all(folder.path().join("index")).unwrap();
    let store = Embedded::open(folder.path(), small()).unwrap();
    check(&store);
    wait(
        &store,
        Batch::new().run(head(2, Status::Succeeded), vec![finished(2, 4)]),
    );
    assert!(store.live_runs().unwrap().is_empty());
    assert_eq!(store.run_entries(run_id(2), 0, 9).unwrap().len(), 4);
}

#[test]
fn a_second_opening_is_refused_with_the_holder_and_a_newer_format_too() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path(), small()).unwrap();
    let refused = Embedded::open(folder.path(), small()).unwrap_err();
    assert!(
        matches!(refused, OpenError::Locked { pid, .. } if pid == Some(std::process::id())),
        "{refused}"
    );
    drop(store);
    fs::write(folder.path().join("format"), "format = 9\nmin_reader = 9\n").unwrap();
    let refused = Embedded::open(folder.path(), small()).unwrap_err();
    assert!(matches!(refused, OpenError::NewerFormat { format: 9, .. }));
}

#[test]
fn sequences_and_expectations_are_checked_in_the_order_of_appends() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path(), small()).unwrap();
    let first = store.append(begin(1)).unwrap();
    for wrong in [1, 3] {
        let refused = store
            .append(Batch::new().run(head(1, Status::Running), vec![evaluated(1, wrong)]))
            .err();
        assert_eq!(
            refused,
            Some(AppendError::Sequence {
                run: run_id(1),
                last: 1,
                first: wrong
            })
        );
    }
    let claim = TokenDigest {
        digest: Digest::of(b"t"),
        token: druse_engine::TokenId::from_parts(1, [0; 10]),
    };
    let won = store.append(Batch::new().claim(&claim)).unwrap();
    assert!(matches!(
        store.append(Batch::new().claim(&claim)),
        Err(AppendError::Conflict { .. })
    ));
    won.wait().unwrap();
    first.wait().unwrap();
    store.settle();
    assert!(matches!(
        store.append(Batch::new().claim(&claim)),
        Err(AppendError::Conflict { .. })
    ));
    assert!(matches!(
        store.append(whole(1)),
        Err(AppendError::Sequence { last: 1, .. })
    ));
    wait(&store, whole(2));
    store.settle();
    assert!(matches!(
        store.append(whole(2)),
        Err(AppendError::Sequence { last: 3, .. })
    ));
    let absent = Batch {
        facts: vec![Fact::Row {
            table: Table::Setting,
            key: "gone".into(),
            value: Some(json!(1).into()),
            expect: Expect::Present,
        }],
        ..Batch::new()
    };
    assert!(matches!(
        store.append(absent),
        Err(AppendError::Conflict { .. })
    ));
    wait(
        &store,
        Batch::new().remove::<TokenDigest>(claim.digest.to_string()),
    );
    wait(&store, Batch::new().claim(&claim));
}

#[test]
fn of_many_who_claim_the_same_row_exactly_one_wins_and_every_run_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        index_lag: 64,
        ..small()
    };
    let store = Embedded::open(folder.path(), options.clone()).unwrap();
    let wins = std::sync::atomic::AtomicU64::new(0);
    std::thread::scope(|scope| {
        for thread in 0..8u64 {
            let (store, wins) = (&store, &wins);
            scope.spawn(move || {
                for round in 0..40u64 {
                    let number = thread * 40 + round + 1;
                    let ticket = loop {
                        match store.append(whole(number)) {
                            Err(AppendError::Busy) => std::thread::yield_now(),
                            other => break other.unwrap(),
                        }
                    };
                    let claim = Batch {
                        must_fit: true,
                        ..Batch::new().claim(&setting(&format!("round-{round:02}"), json!(thread)))
                    };
                    match store.append(claim) {
                        Ok(ticket) => {
                            wins.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                            ticket.wait().unwrap();
                        }
                        Err(AppendError::Conflict { .. }) => {}
                        Err(other) => panic!("{other}"),
                    }
                    ticket.wait().unwrap();
                    let entries = store.run_entries(run_id(number), 0, 9).unwrap();
                    assert_eq!(entries.len(), 3);
                }
            });
        }
    });
    assert_eq!(wins.load(std::sync::atomic::Ordering::SeqCst), 40);
    let check = |store: &Embedded| {
        let query = RunQuery {
            limit: 1000,
            ..RunQuery::default()
        };
        assert_eq!(store.runs(&query).unwrap().len(), 320);
        let scan = Scan {
            limit: 1000,
            ..Scan::default()
        };
        assert_eq!(store.scan::<Setting>(&scan).unwrap().len(), 40);
    };
    check(&store);
    drop(store);
    check(&Embedded::open(folder.path(), options).unwrap());
    assert!(crate::verify(folder.path()).unwrap().is_sound());
}

#[test]
fn scans_and_lists_merge_memory_and_index() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path(), small()).unwrap();
    for key in ["a/1", "b/1", "b/2", "b/3", "b/4", "c/1"] {
        store
            .append(Batch::new().put(&setting(key, json!("old"))))
            .unwrap();
    }
    wait(&store, whole(1));
    store.settle();
    wait(&store, Batch::new().put(&setting("b/2", json!("new"))));
    wait(&store, Batch::new().remove::<Setting>("b/3"));
    wait(&store, Batch::new().put(&setting("b/5", json!("new"))));
    let scan = |after: Option<&str>, descending, limit| {
        let scan = Scan {
            prefix: "b/".into(),
            after: after.map(Into::into),
            descending,
            limit,
        };
        let rows = store.scan::<Setting>(&scan).unwrap();
        rows.into_iter().map(|row| row.name).collect::<Vec<_>>()
    };
    for _ in 0..2 {
        assert_eq!(scan(None, false, 9), ["b/1", "b/2", "b/4", "b/5"]);
        assert_eq!(scan(None, true, 9), ["b/5", "b/4", "b/2", "b/1"]);
        assert_eq!(scan(Some("b/1"), false, 2), ["b/2", "b/4"]);
        assert_eq!(scan(Some("b/5"), true, 2), ["b/4", "b/2"]);
        assert_eq!(scan(Some("b/1"), true, 2), [""; 0]);
        assert_eq!(scan(Some("a"), true, 2), [""; 0]);
        assert_eq!(scan(Some("z"), true, 1), ["b/5"]);
        assert_eq!(scan(Some("z"), false, 1), [""; 0]);
        assert_eq!(scan(None, false, 0), [""; 0]);
        store.settle();
    }
    for number in 2..=200 {
        store.append(whole(number)).unwrap();
    }
    wait(&store, begin(201));
    let list = |query: RunQuery| {
        let runs = store.runs(&query).unwrap();
        runs.iter().map(|run| run.id).collect::<Vec<_>>()
    };
    let any = || RunQuery {
        limit: 500,
        ..RunQuery::default()
    };
    let expect = |wanted: &dyn Fn(u64) -> bool| {
        (1..=201)
            .rev()
            .filter(|number| wanted(*number))
            .map(run_id)
            .collect::<Vec<_>>()
    };
    for _ in 0..2 {
        let automation = head(1, Status::Running).automation;
        assert_eq!(list(any()), expect(&|_| true));
        assert_eq!(
            list(RunQuery {
                automation,
                ..any()
            }),
            expect(&|number| number % 3 == 1)
        );
        assert_eq!(
            list(RunQuery {
                status: Some(Status::Running),
                ..any()
            }),
            [run_id(201)]
        );
        assert_eq!(
            list(RunQuery {
                cause: Some("manual".into()),
                ..any()
            }),
            expect(&|number| number % 2 == 0)
        );
        assert_eq!(
            list(RunQuery {
                cause: Some("odd".into()),
                limit: 3,
                ..any()
            }),
            [run_id(201), run_id(199), run_id(197)]
        );
        assert_eq!(
            list(RunQuery {
                cause: Some("none".into()),
                ..any()
            }),
            []
        );
        let (since, until) = (Timestamp(1_700_000_000_050), Timestamp(1_700_000_000_060));
        assert_eq!(
            list(RunQuery {
                since: Some(since),
                until: Some(until),
                ..any()
            }),
            expect(&|number| (50..60).contains(&number))
        );
        assert_eq!(
            list(RunQuery {
                before: Some(run_id(5)),
                ..any()
            }),
            expect(&|number| number < 5)
        );
        store.settle();
    }
}

#[test]
fn blobs_are_kept_by_digest_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path(), small()).unwrap();
    let digest = store.put_blob(b"a recording").unwrap().digest().clone();
    assert_eq!(*store.put_blob(b"a recording").unwrap().digest(), digest);
    assert_eq!(store.blob(&digest).unwrap().unwrap(), b"a recording");
    assert_eq!(store.blob(&Digest::of(b"other")).unwrap(), None);
    let file = blob::path(&folder.path().join("blobs"), &digest).unwrap();
    fs::write(file, b"another one").unwrap();
    assert!(matches!(store.blob(&digest), Err(ReadError::Damaged(_))));
}

#[test]
fn what_is_too_large_or_too_much_is_refused_before_it_counts() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        queue_bytes: 0,
        ..small()
    };
    let store = Embedded::open(folder.path(), options).unwrap();
    assert!(matches!(store.append(whole(1)), Err(AppendError::Busy)));
    let fits = |batch: Batch| Batch {
        must_fit: true,
        ..batch
    };
    wait(&store, fits(whole(1)));
    let large = setting("large", json!("x".repeat(crate::record::MAX_RECORD)));
    assert!(matches!(
        store.append(fits(Batch::new().put(&large))),
        Err(AppendError::TooLarge { .. })
    ));
    let fitting = setting("large", json!("x".repeat(100_000)));
    wait(&store, fits(Batch::new().put(&fitting)));
    store.settle();
    assert_eq!(store.get::<Setting>("large").unwrap(), Some(fitting));
    assert_eq!(store.head(), 2);
}

#[test]
fn a_process_that_ended_in_order_is_told_from_one_that_did_not() {
    let folder = tempfile::tempdir().unwrap();
    let killed = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path(), small()).unwrap();
    wait(&store, whole(1));
    // What another process would find if this one were killed now.
    for part in ["", "log", "blobs"] {
        let (from, to) = (folder.path().join(part), killed.path().join(part));
        fs::create_dir_all(&to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
            }
        }
    }
    drop(store);
    let store = Embedded::open(folder.path(), small()).unwrap();
    assert!(store.stopped_cleanly());
    assert_eq!(store.head(), 1);
    drop(store);
    for _ in 0..2 {
        // Whoever only looks takes nothing up, and leaves no mark of a clean stop.
        let store = Embedded::open(killed.path(), small()).unwrap();
        assert!(!store.stopped_cleanly());
        assert_eq!(store.head(), 1);
    }
    let store = Embedded::open(killed.path(), small()).unwrap();
    store.take_up();
    drop(store);
    let store = Embedded::open(killed.path(), small()).unwrap();
    assert!(store.stopped_cleanly());
}
