//! Blobs stay while something names them, or may come to, and go when nothing does.

use super::tests::{run_id, small, whole};
use super::*;
use crate::blob::BlobUse;
use crate::entity::StoredSession;
use crate::{Entity as _, verify};
use druse_crystallizer::{Counts, SessionKind};
use druse_engine::{SessionId, Timestamp};
use std::fs;
use std::io::Write as _;

fn wait(store: &Embedded, batch: Batch) -> Position {
    store.append(batch).unwrap().wait().unwrap()
}

/// A run that uses a blob of these bytes.
fn uses(store: &Embedded, number: u64, bytes: &[u8]) -> BlobUse {
    let hold = Arc::new(store.put_blob(bytes).unwrap());
    let used = BlobUse {
        digest: hold.digest().clone(),
        run: run_id(number),
        bytes: bytes.len() as u64,
    };
    wait(store, whole(number).put(&used).holding(hold));
    used
}

fn forgets(number: u64, used: &BlobUse) -> Batch {
    let batch = Batch::new().remove::<BlobUse>(used.key());
    batch.forget(run_id(number), "age", Timestamp(1))
}

fn recording(store: &Embedded, number: u8, bytes: &[u8]) -> StoredSession {
    let recording = Arc::new(store.put_blob(bytes).unwrap());
    let normal = Arc::new(store.put_blob(&[bytes, b" in order"].concat()).unwrap());
    let session = StoredSession {
        id: SessionId::from_parts(1, [number; 10]),
        kind: SessionKind::AgentRun,
        format: "own".into(),
        status: None,
        recording: recording.digest().clone(),
        normal_form: normal.digest().clone(),
        index: 0,
        agent: None,
        goal: None,
        said: None,
        counts: Counts::default(),
        findings: Vec::new(),
        created_at: Timestamp(1),
    };
    let batch = Batch::new().holding(recording).holding(normal);
    wait(store, batch.claim(&session));
    session
}

fn there(store: &Embedded, digest: &Digest) -> bool {
    store.open_blob(digest).unwrap().is_some()
}

#[test]
fn a_blob_goes_with_the_last_that_names_it_and_its_space_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path(), small()).unwrap();
    let large = vec![7; 100_000];
    let shared = uses(&store, 1, &large);
    uses(&store, 2, &large);
    let own = uses(&store, 3, b"only of the third run");
    let first = recording(&store, 1, b"a recording");
    let second = recording(&store, 2, b"another one");
    // Kept by a recording and by a run.
    let both = uses(&store, 4, b"a recording");
    let all = store.sweep_blobs(true).unwrap();
    assert_eq!((all.unused, all.kept), (0, 6), "{all:?}");

    wait(&store, forgets(1, &shared));
    wait(&store, Batch::new().remove::<StoredSession>(second.key()));
    wait(&store, Batch::new().remove::<StoredSession>(first.key()));
    let swept = store.sweep_blobs(true).unwrap();
    assert_eq!((swept.unused, swept.kept), (3, 3), "{swept:?}");
    assert!(there(&store, &shared.digest) && there(&store, &own.digest));
    assert!(there(&store, &both.digest) && !there(&store, &second.recording));

    let bytes = |store: &Embedded| store.sweep_blobs(false).unwrap().kept_bytes;
    let before = bytes(&store);
    wait(
        &store,
        forgets(
            2,
            &BlobUse {
                run: run_id(2),
                ..shared.clone()
            },
        ),
    );
    let seen = store.sweep_blobs(false).unwrap();
    assert_eq!((seen.unused, seen.unused_bytes), (1, 100_000));
    assert!(there(&store, &shared.digest), "only looked at");
    store.sweep_blobs(true).unwrap();
    assert!(!there(&store, &shared.digest));
    assert_eq!(bytes(&store), before - 100_000);
    drop(store);
    let report = verify(folder.path()).unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    assert_eq!(report.blobs, 2);
}

#[test]
fn what_is_held_stays_until_the_row_that_names_it_is_durable_or_nobody_wants_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path(), small()).unwrap();
    let mut new = store.new_blob().unwrap();
    new.write_all(b"in ").unwrap();
    new.write_all(b"pieces").unwrap();
    let hold = new.finish().unwrap();
    assert_eq!(*hold.digest(), Digest::of(b"in pieces"));
    assert_eq!(
        (hold.bytes(), store.sweep_blobs(true).unwrap().unused),
        (9, 0)
    );
    // Somebody else comes to want it.
    let other = store.hold_blob(hold.digest()).unwrap().unwrap();
    assert_eq!(other.bytes(), 9);
    drop(hold);
    assert_eq!(store.sweep_blobs(true).unwrap().unused, 0);
    let digest = other.digest().clone();
    drop(other);
    assert_eq!(store.sweep_blobs(true).unwrap().unused, 1);
    assert!(store.hold_blob(&digest).unwrap().is_none());

    // Given up in the middle.
    let mut new = store.new_blob().unwrap();
    new.write_all(b"half").unwrap();
    drop(new);
    let left = fs::read_dir(folder.path().join("blobs")).unwrap();
    let left = left.filter(|entry| entry.as_ref().unwrap().path().is_file());
    assert_eq!(left.count(), 0);
}

#[test]
fn what_was_held_while_blobs_are_removed_is_not_removed_after() {
    let holds = Arc::new(Holds::default());
    let (early, late) = (Digest::of(b"early"), Digest::of(b"late"));
    let free = Digest::of(b"free");
    let held = holds.take(early.clone(), 5);
    holds.begin_sweep();
    // What names them may have become durable after it was looked for.
    drop(held);
    drop(holds.take(late.clone(), 4));
    assert_eq!(holds.unless_met(&early, || ()), None);
    assert_eq!(holds.unless_met(&late, || ()), None);
    assert_eq!(holds.unless_met(&free, || ()), Some(()));
    holds.end_sweep();
    assert_eq!(
        holds.unless_met(&free, || ()),
        None,
        "no sweep is under way"
    );
    holds.begin_sweep();
    assert_eq!(holds.unless_met(&early, || ()), Some(()));
}

#[test]
fn while_damage_was_found_nothing_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path(), small()).unwrap();
    let used = uses(&store, 1, b"of a run that is damaged");
    wait(&store, whole(2));
    drop(store);
    let segment = folder.path().join("log/00000001.log");
    let mut bytes = fs::read(&segment).unwrap();
    let at = bytes
        .windows(8)
        .position(|part| part == b"pay-bill")
        .unwrap();
    bytes[at] ^= 1;
    fs::write(&segment, bytes).unwrap();
    fs::remove_dir_all(folder.path().join("index")).unwrap();
    let store = Embedded::open(folder.path(), small()).unwrap();
    assert!(!store.damage().is_empty());
    let swept = store.sweep_blobs(true).unwrap();
    assert!(swept.damaged && swept.unused == 1, "{swept:?}");
    assert!(there(&store, &used.digest));
}

#[test]
fn what_is_written_again_is_whole_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path(), small()).unwrap();
    let hold = store.put_blob(b"all is well").unwrap();
    let path = blob::path(&folder.path().join("blobs"), hold.digest()).unwrap();
    let damage = || fs::write(&path, "all is weak").unwrap();
    let found = || store.blob(hold.digest()).ok().flatten();
    damage();
    assert_eq!(found(), None);
    store.put_blob(b"all is well").unwrap();
    assert_eq!(found().unwrap(), b"all is well");
    damage();
    let mut new = store.new_blob().unwrap();
    new.write_all(b"all is well").unwrap();
    let again = new.finish().unwrap();
    assert_eq!(again.digest(), hold.digest());
    assert_eq!(found().unwrap(), b"all is well");
}
