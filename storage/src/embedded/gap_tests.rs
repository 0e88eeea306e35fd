//! Whatever is damaged of the newest records, no run goes on from a record before one that may be its own.

use super::tests::{begin, created, evaluated, finished, head, run_id, setting, small};
use super::*;
use crate::entity::LogDamage;
use crate::store::StoreExt;
use crate::verify;
use druse_engine::event::Status;
use proptest::prelude::*;
use serde_json::json;
use std::{fs, ops::Range};

/// What the newest record is about.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Newest {
    Advance,
    End,
    Begin,
    Row,
    Two,
    Long,
}

const NEWEST: [Newest; 6] = [
    Newest::Advance,
    Newest::End,
    Newest::Begin,
    Newest::Row,
    Newest::Two,
    Newest::Long,
];

/// The run that may have written something after the newest record.
const ANOTHER: u64 = 2;

impl Newest {
    fn batch(self) -> Batch {
        let advance =
            |number| Batch::new().run(head(number, Status::Waiting), vec![evaluated(number, 2)]);
        match self {
            Self::Advance => advance(3),
            Self::End => Batch::new().run(head(3, Status::Succeeded), vec![finished(3, 2)]),
            Self::Begin => begin(5).claim(&setting("claim of 5", json!(5))),
            Self::Row => Batch::new().put(&setting("a row", json!("of nobody"))),
            Self::Two => advance(1).run(head(4, Status::Succeeded), vec![finished(4, 2)]),
            Self::Long => {
                let long = setting("a long row", json!("x".repeat(3000)));
                advance(3).put(&long)
            }
        }
    }

    /// The runs that it is about.
    fn runs(self) -> Vec<u64> {
        match self {
            Self::Advance | Self::End | Self::Long => vec![3],
            Self::Begin => vec![5],
            Self::Row => Vec::new(),
            Self::Two => vec![1, 4],
        }
    }
}

/// What is known of the newest record from elsewhere than the log.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Index {
    Ahead,
    Behind,
    Absent,
    /// Absent, and the mark of a clean stop is there.
    Stopped,
}

const INDEXES: [Index; 4] = [Index::Ahead, Index::Behind, Index::Absent, Index::Stopped];

#[derive(Debug, Clone, Copy, PartialEq)]
enum How {
    Flip,
    Zeros,
    Noise,
}

fn wait(store: &Embedded, batch: Batch) -> Position {
    store.append(batch).unwrap().wait().unwrap()
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

/// A folder whose newest record can be damaged in many ways.
struct Story {
    folder: tempfile::TempDir,
    newest: Newest,
    followed: bool,
    /// Where the newest record stands in the log's first segment, without its padding.
    record: Range<usize>,
    bytes: Vec<u8>,
}

impl Story {
    fn new(newest: Newest, followed: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let store = Embedded::open(&path, small()).unwrap();
        for number in 1..=4 {
            wait(&store, begin(number));
        }
        wait(&store, Batch::new().put(&setting("before", json!(1))));
        drop(store);
        copy(&path.join("index"), &folder.path().join("behind"));
        let store = Embedded::open(&path, small()).unwrap();
        let start = store.shared.lock().at.offset() as usize;
        wait(&store, newest.batch());
        if followed {
            let next =
                Batch::new().run(head(ANOTHER, Status::Waiting), vec![evaluated(ANOTHER, 2)]);
            wait(&store, next);
        }
        drop(store);
        let bytes = fs::read(path.join("log/00000001.log")).unwrap();
        let length = Frame::parse(&bytes[start..]).unwrap().bytes.len();
        copy(&path, &folder.path().join("whole"));
        Self {
            folder,
            newest,
            followed,
            record: start..start + length,
            bytes,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn segment(&self) -> PathBuf {
        self.path().join("log/00000001.log")
    }

    fn open(&self) -> Result<Embedded, OpenError> {
        Embedded::open(self.path(), small())
    }

    fn without_index(&self) {
        fs::remove_dir_all(self.path().join("index")).unwrap();
    }

    /// The record's bytes after damage.
    fn damaged(&self, part: &Range<usize>, how: How) -> Vec<u8> {
        let mut record = self.bytes[self.record.clone()].to_vec();
        for (at, byte) in record[part.clone()].iter_mut().enumerate() {
            *byte = match how {
                How::Flip => *byte ^ (1 << (at % 8)),
                How::Zeros => 0,
                How::Noise => !*byte ^ ((at as u8).wrapping_mul(3) & 0x3e),
            };
        }
        record
    }

    /// Whether a write of this record that never came to its end may leave this, or what is left is no record's.
    fn may_be_torn(&self, record: &[u8], part: &Range<usize>) -> bool {
        let ends = record.iter().rev().take_while(|byte| **byte == 0).count() >= 8;
        let mut missing = false;
        let mut at = 0;
        while at < record.len() {
            let piece = (512 - (self.record.start + at) % 512).min(record.len() - at);
            missing |= record[at..at + piece].iter().all(|byte| *byte == 0);
            at += piece;
        }
        ends || missing || (part.start < 28 && part.end > 28 + 24)
    }

    /// Damages a part of the newest record and starts.
    fn hit(&self, index: Index, part: Range<usize>, how: How) {
        let about = format!(
            "{:?} followed: {}, {index:?}, {how:?} at {part:?} of {}",
            self.newest,
            self.followed,
            self.record.len()
        );
        copy(&self.folder.path().join("whole"), &self.path());
        if index != Index::Stopped {
            fs::remove_file(self.path().join("log/head")).unwrap();
        }
        match index {
            Index::Ahead => {}
            Index::Behind => copy(
                &self.folder.path().join("behind"),
                &self.path().join("index"),
            ),
            Index::Absent | Index::Stopped => self.without_index(),
        }
        let record = self.damaged(&part, how);
        if record == self.bytes[self.record.clone()] {
            return;
        }
        let mut bytes = self.bytes.clone();
        bytes[self.record.clone()].copy_from_slice(&record);
        fs::write(self.segment(), &bytes).unwrap();
        let known = self.followed || matches!(index, Index::Ahead | Index::Stopped);
        let store = match self.open() {
            Ok(store) => store,
            Err(OpenError::LogTruncated { .. }) => {
                let gone = record.iter().all(|byte| *byte == 0);
                assert!(gone && known && !self.followed, "{about}");
                return;
            }
            Err(error) => panic!("{about}: {error}"),
        };
        // With more after it, the index reads it only when it is asked for.
        let cut = store.damage().is_empty() && !(self.followed && index == Index::Ahead);
        if cut {
            assert!(!known, "{about}: it was cut");
            assert!(self.may_be_torn(&record, &part), "{about}: it was cut");
            return;
        }
        let held = self.check(&store, index, &part, &about);
        drop(store);
        // Later starts find the same, and so does one without the index.
        let store = self.open().unwrap();
        assert_eq!(self.check(&store, index, &part, &about), held, "{about}");
        drop(store);
        self.without_index();
        let _ = fs::remove_file(self.path().join("log/head"));
        let store = self.open().unwrap();
        let again = self.check(&store, Index::Absent, &part, &about);
        // A run that begins in it is known by its name alone.
        let mut held = held.iter().filter(|run| **run != 5);
        assert!(held.all(|run| again.contains(run)), "{about}");
        let seen = store.head();
        drop(store);
        let report = verify(self.path()).unwrap();
        assert!(!report.is_sound(), "{about}");
        // What is whole again is there again, with all that was written since.
        let mut bytes = fs::read(self.segment()).unwrap();
        bytes[self.record.clone()].copy_from_slice(&self.bytes[self.record.clone()]);
        fs::write(self.segment(), bytes).unwrap();
        let store = self.open().unwrap();
        assert!(store.damage().is_empty(), "{about}: {:?}", store.damage());
        assert_eq!(store.head(), seen, "{about}");
        for number in 1..=4 {
            assert!(store.run_head(run_id(number)).is_ok(), "{about}");
        }
        let newest = self.newest.runs();
        for number in newest {
            let entries = store.run_entries(run_id(number), 0, 9).unwrap();
            assert_eq!(entries.len(), if number == 5 { 1 } else { 2 }, "{about}");
        }
        drop(store);
        assert!(verify(self.path()).unwrap().is_sound(), "{about}");
    }

    /// Looks at each run. Gives those that are held.
    fn check(&self, store: &Embedded, index: Index, part: &Range<usize>, about: &str) -> Vec<u64> {
        let mut held = Vec::new();
        for number in 1..=5 {
            let refused = matches!(
                store.run_entries(run_id(number), 0, 9),
                Err(ReadError::Damaged(_))
            );
            if refused {
                held.push(number);
            }
        }
        let is_held = |number: &u64| held.contains(number);
        let lost = self.newest.runs();
        let ahead = index == Index::Ahead;
        if self.newest == Newest::Begin && !ahead {
            // Whoever waits for it is told by that.
            assert_eq!(store.missing().len(), 1, "{about}");
        } else {
            assert!(lost.iter().all(is_held), "{about}: {held:?}");
        }
        for number in &held {
            let batch =
                Batch::new().run(head(*number, Status::Waiting), vec![evaluated(*number, 3)]);
            let entry = store.shared.index.run(run_id(*number)).unwrap();
            if entry.is_some_and(|entry| entry.fenced) {
                let refused = store.append(batch).map(|_| ());
                assert!(
                    matches!(refused, Err(AppendError::Sequence { .. })),
                    "{about}"
                );
            }
        }
        // Names stand in the links, and behind them once more.
        let links = 28 + 64 * lost.len();
        let named = part.start >= 28 + 16 || part.end <= links;
        let single = lost.len() == 1 && part.len() == 1;
        if ahead || part.start >= links + 64 || single || (named && part.len() <= 4) {
            let mut others = (1..=5).filter(|number| !lost.contains(number));
            assert!(!others.any(|number| is_held(&number)), "{about}: {held:?}");
        }
        if self.followed {
            assert!(!is_held(&ANOTHER), "{about}");
        }
        held
    }
}

/// What is looked at in turn: what follows a record proves it, and then it matters only whether the index has it.
fn indexes(followed: bool) -> impl Iterator<Item = Index> {
    let only = [Index::Ahead, Index::Absent];
    let all = INDEXES.into_iter();
    all.filter(move |index| !followed || only.contains(index))
}

#[test]
fn a_damaged_byte_of_the_newest_record_holds_the_runs_of_that_record() {
    for newest in NEWEST {
        for followed in [false, true] {
            let story = Story::new(newest, followed);
            let length = story.record.len().min(320);
            for index in indexes(followed) {
                for at in (index as usize * 9..length).step_by(37) {
                    story.hit(index, at..at + 1, How::Flip);
                }
            }
        }
    }
}

#[test]
fn what_the_index_ends_with_is_not_taken_for_known_where_it_was_damaged_before() {
    for newest in NEWEST {
        let story = Story::new(newest, false);
        story.without_index();
        fs::remove_file(story.path().join("log/head")).unwrap();
        let part = story.record.len() - 9..story.record.len() - 8;
        let mut bytes = story.bytes.clone();
        bytes[story.record.clone()].copy_from_slice(&story.damaged(&part, How::Flip));
        fs::write(story.segment(), bytes).unwrap();
        let mut held = Vec::new();
        for start in 0..3 {
            // A process that is killed before it has written down what is damaged.
            let store = recover::attempt(&story.path(), small()).unwrap();
            assert_eq!(store.damage().len(), 1, "{newest:?}");
            held.push(story.check(
                &store,
                Index::Absent,
                &part,
                &format!("{newest:?}, start {start}"),
            ));
        }
        assert_eq!(held[0], held[1]);
        assert_eq!(held[0], held[2]);
    }
}

#[test]
fn a_damaged_stretch_of_the_newest_record_holds_all_that_may_be_meant() {
    for newest in NEWEST {
        for followed in [false, true] {
            let story = Story::new(newest, followed);
            let length = story.record.len();
            let parts = [
                0..length,
                0..28,
                0..140.min(length),
                20..60,
                28..130.min(length),
                length - 30..length,
            ];
            for part in parts {
                for (turn, index) in indexes(followed).enumerate() {
                    let how = [How::Zeros, How::Noise][(turn + usize::from(followed)) % 2];
                    story.hit(index, part.clone(), how);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_damage_of_the_newest_record_is_held_or_was_never_acknowledged(
        newest in 0..NEWEST.len(),
        followed in any::<bool>(),
        index in 0..INDEXES.len(),
        from in 0.0..1.0f64,
        long in 0.0..1.0f64,
        how in 0..3u8,
    ) {
        let story = Story::new(NEWEST[newest], followed);
        let length = story.record.len();
        let start = ((length as f64 * from) as usize).min(length - 1);
        let end = start + 1 + ((length - start - 1) as f64 * long * long) as usize;
        let how = [How::Flip, How::Zeros, How::Noise][usize::from(how)];
        story.hit(INDEXES[index], start..end, how);
    }
}

/// Two records in a row are gone, and with them all names.
fn unnamed() -> (tempfile::TempDir, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path(), small()).unwrap();
    for number in 1..=4 {
        wait(&store, begin(number));
    }
    let from = store.shared.lock().at.offset() as usize;
    for number in [1, 2] {
        let next = vec![evaluated(number, 2)];
        wait(
            &store,
            Batch::new().run(head(number, Status::Waiting), next),
        );
    }
    let until = store.shared.lock().at.offset() as usize;
    for (number, seq) in [(2, 3), (4, 2)] {
        let next = vec![evaluated(number, seq)];
        wait(
            &store,
            Batch::new().run(head(number, Status::Waiting), next),
        );
    }
    wait(&store, begin(6));
    drop(store);
    let path = folder.path().join("log/00000001.log");
    let whole = fs::read(&path).unwrap();
    let mut bytes = whole.clone();
    bytes[from..until].fill(0);
    fs::write(&path, bytes).unwrap();
    fs::remove_dir_all(folder.path().join("index")).unwrap();
    (folder, whole)
}

fn held(store: &Embedded) -> Vec<u64> {
    let runs = (1..=6)
        .filter(|number| matches!(store.run_head(run_id(*number)), Err(ReadError::Damaged(_))));
    runs.collect()
}

#[test]
fn where_no_name_is_left_whoever_has_written_nothing_since_is_held_until_the_loss_is_accepted() {
    let (folder, whole) = unnamed();
    let open = || Embedded::open(folder.path(), small()).unwrap();
    let store = open();
    // The second run goes on from a record that is missing. The fourth one joins what stood before, and the sixth began
    // later. Either of the others may be meant.
    assert_eq!(held(&store), [1, 2, 3]);
    assert!(
        store.damage()[0].contains("records 5 to 6"),
        "{:?}",
        store.damage()
    );
    assert!(
        store.damage()[0].ends_with("is held"),
        "{:?}",
        store.damage()
    );
    let missing = store.missing();
    assert_eq!((missing.len(), missing[0].last), (1, 6));
    assert_eq!(store.position(run_id(4), 1).unwrap(), Some(4));
    assert_eq!(store.position(run_id(4), 2).unwrap(), Some(8));
    wait(
        &store,
        Batch::new().run(head(4, Status::Succeeded), vec![finished(4, 3)]),
    );
    drop(store);
    for _ in 0..2 {
        assert_eq!(held(&open()), [1, 2, 3]);
        fs::remove_dir_all(folder.path().join("index")).unwrap();
    }
    let accepts = Options {
        accept_loss: true,
        ..small()
    };
    let store = Embedded::open(folder.path(), accepts).unwrap();
    // Of the second one it is known that something is missing.
    assert_eq!(held(&store), [2]);
    assert_eq!(store.missing().len(), 1);
    drop(store);
    for _ in 0..2 {
        let store = open();
        assert_eq!(held(&store), [2]);
        let row: LogDamage = store.get(&LogDamage::key_of(5)).unwrap().unwrap();
        assert_eq!((row.first, row.last, row.accepted), (5, 6, true));
        drop(store);
        fs::remove_dir_all(folder.path().join("index")).unwrap();
    }
    // What is whole again counts, whatever was accepted.
    drop(open());
    let path = folder.path().join("log/00000001.log");
    let mut bytes = fs::read(&path).unwrap();
    let upto = whole.iter().rposition(|byte| *byte != 0).unwrap();
    bytes[..=upto].copy_from_slice(&whole[..=upto]);
    fs::write(&path, bytes).unwrap();
    let store = open();
    assert!(store.damage().is_empty(), "{:?}", store.damage());
    assert_eq!(held(&store), [0; 0]);
    assert_eq!(store.run_entries(run_id(2), 0, 9).unwrap().len(), 3);
    assert_eq!(
        store.run_entries(run_id(1), 0, 9).unwrap(),
        [created(1), evaluated(1, 2)]
    );
}

#[test]
fn an_index_that_broke_while_it_was_open_holds_the_same_runs() {
    let (folder, _) = unnamed();
    let store = Embedded::open(folder.path(), small()).unwrap();
    store.settle();
    let broken = store
        .shared
        .index
        .with(|db| match db.contains_key(b"healed")? {
            true => Ok(()),
            false => Err(index::Broken("on command".into())),
        });
    assert!(broken.is_err());
    assert_eq!(held(&store), [1, 2, 3]);
}
