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
        prepare: false,
        ballast_bytes: 0,
        least_free: 0,
        cache_bytes: 1 << 20,
        ..Options::default()
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
            value: Some(json!(1)),
            expect: Expect::Present,
        }],
        must_fit: false,
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
