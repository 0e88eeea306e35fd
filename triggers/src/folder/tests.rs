use super::*;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn folder(change: Value) -> Folder {
    let mut all = json!({ "connection": "inbox" });
    for (key, value) in change.as_object().unwrap() {
        all[key] = value.clone();
    }
    Folder::compile(&serde_json::from_value(all).unwrap()).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp(seconds * 1_000)
}

fn file(size: u64, modified: i64, inode: u64) -> Found {
    Found {
        size,
        modified: modified * 1_000_000_000,
        inode,
        born: None,
    }
}

/// What is known, carried over looks as whoever looks does.
#[derive(Default)]
struct World {
    known: BTreeMap<String, Known>,
    there: BTreeMap<String, Found>,
    moved: BTreeSet<String>,
}

impl World {
    fn put(&mut self, path: &str, found: Found) {
        self.there.insert(path.into(), found);
    }

    fn look(&mut self, folder: &Folder, now: i64, first: bool) -> Vec<String> {
        let moved = std::mem::take(&mut self.moved);
        let look = folder.look(&self.known, &self.there, &moved, at(now), first);
        let mut told = Vec::new();
        for change in look.changes {
            if let Some(event) = change.event {
                told.push(format!("{} {}", event.name(), change.path));
            }
            match change.known {
                Some(known) => self.known.insert(change.path, known),
                None => self.known.remove(&change.path),
            };
        }
        told
    }
}

#[test]
fn a_file_is_complete_once_it_has_stayed() {
    let folder = folder(json!({ "settle": "5s" }));
    let mut world = World::default();
    world.put("a", file(1, 10, 1));
    assert!(world.look(&folder, 10, false).is_empty());
    world.put("a", file(2, 13, 1));
    assert!(world.look(&folder, 13, false).is_empty());
    let look = folder.look(&world.known, &world.there, &BTreeSet::new(), at(17), false);
    assert_eq!(look.next, Some(at(18)), "looked at again when it is due");
    assert_eq!(world.look(&folder, 18, false), ["complete a"]);
    assert!(world.look(&folder, 60, false).is_empty(), "once");
    world.put("a", file(2, 61, 1));
    assert!(world.look(&folder, 62, false).is_empty());
    assert_eq!(world.look(&folder, 67, false), ["complete a"]);
    assert_eq!(world.known["a"].changes, 2);
}

#[test]
fn what_was_renamed_into_place_is_complete_at_once() {
    let folder = folder(json!({ "on": ["new", "complete"] }));
    let mut world = World::default();
    world.put("a", file(1, 10, 1));
    world.moved.insert("a".into());
    assert_eq!(world.look(&folder, 10, false), ["new a", "complete a"]);
    // The notice comes after the look that found it.
    world.put("b", file(1, 10, 2));
    assert_eq!(world.look(&folder, 11, false), ["new b"]);
    world.moved.insert("b".into());
    assert_eq!(world.look(&folder, 11, false), ["complete b"]);
}

#[test]
fn new_and_changed_files_are_told_at_once_and_in_the_order_of_their_times() {
    let folder = folder(json!({ "on": ["new", "changed"] }));
    let mut world = World::default();
    world.put("a", file(1, 12, 1));
    world.put("b", file(1, 11, 2));
    assert_eq!(world.look(&folder, 20, false), ["new b", "new a"]);
    world.put("b", file(9, 21, 2));
    world.there.remove("a");
    assert_eq!(world.look(&folder, 22, false), ["changed b"]);
    assert_eq!(world.known.len(), 1, "what is gone is forgotten");
    // The same name, size and time, and yet another file.
    world.put("a", file(1, 12, 1));
    assert_eq!(world.look(&folder, 23, false), ["new a"]);
    world.put("a", file(1, 12, 7));
    assert_eq!(world.look(&folder, 24, false), ["new a"]);
    let born = Found {
        born: Some(5),
        ..file(1, 12, 7)
    };
    world.put("a", born);
    assert!(world.look(&folder, 25, false).is_empty());
    world.known.get_mut("a").unwrap().found.born = Some(5);
    world.put(
        "a",
        Found {
            born: Some(6),
            ..born
        },
    );
    assert_eq!(
        world.look(&folder, 26, false),
        ["new a"],
        "its number came again"
    );
}

#[test]
fn what_is_there_at_first_is_only_remembered() {
    let folder = folder(json!({ "settle": "1s" }));
    let mut world = World::default();
    world.put("a", file(1, 10, 1));
    assert!(world.look(&folder, 10, true).is_empty());
    assert!(world.look(&folder, 100, false).is_empty());
    world.put("a", file(2, 101, 1));
    world.look(&folder, 101, false);
    assert_eq!(
        world.look(&folder, 102, false),
        ["complete a"],
        "it was changed since"
    );
}

#[test]
fn a_clock_that_goes_back_keeps_nothing_waiting() {
    let folder = folder(json!({ "settle": "5s" }));
    let mut world = World::default();
    world.put("a", file(1, 10, 1));
    world.look(&folder, 10_000, false);
    world.look(&folder, 100, false);
    assert_eq!(world.look(&folder, 105, false), ["complete a"]);
}

#[test]
fn names_that_are_not_meant_are_told_with_the_reason() {
    let folder = folder(json!({ "path": "in/", "pattern": "*.csv" }));
    assert_eq!(folder.path, "in");
    let told = |path| {
        folder
            .mismatch(path, FileEvent::Complete)
            .unwrap_or_default()
    };
    let lines = [
        told("in/a.csv"),
        told("a.csv"),
        told("in/deep/a.csv"),
        told("in/.a.csv"),
        told("in/a.csv.part"),
        told("in/a.txt"),
        folder
            .mismatch("in/a.csv", FileEvent::New)
            .unwrap_or_default(),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r###"

    it is not in the folder "in"
    it is in a folder inside, and those are not watched
    names like ".a.csv" are ignored
    names like "a.csv.part" are ignored
    its name "a.txt" is not *.csv
    it is new, and complete starts a run
    "###);
    for hidden in [".a.csv", "a.csv.tmp", "a.csv~", "a.crdownload"] {
        assert!(!folder.means(hidden), "{hidden}");
    }
    let all = super::tests::folder(json!({ "ignore": [] }));
    assert!(all.means(".a.part"));
}

#[test]
fn folders_that_cannot_be_are_told() {
    let wrong = [
        json!({ "settle": "2d", "every": "10ms", "pattern": "a/*.csv", "ignore": [""], "on": [] }),
        json!({ "pattern": "*.tmp" }),
    ];
    let told: Vec<String> = wrong
        .into_iter()
        .flat_map(|mut files| {
            files["connection"] = "inbox".into();
            Folder::compile(&serde_json::from_value(files).unwrap()).unwrap_err()
        })
        .map(|f| {
            format!(
                "{} {} {} | {}",
                f.code,
                f.path.unwrap_or_default(),
                f.message,
                f.help
            )
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r###"
    bad_value /settle `settle` is a time from 0s to 1d | Give one in between.
    bad_value /every `every` is a time from 1s to 1d | Give one in between.
    bad_value /pattern "a/*.csv" is no pattern of a name | Write a name with `*` and `?`; `recursive` takes in folders inside.
    bad_value /ignore/0 "" is no pattern of a name | Write a name with `*` and `?`; `recursive` takes in folders inside.
    bad_value /on `on` names nothing that starts a run | Leave it out for complete files.
    never_matches /pattern *.tmp is ignored, so "*.tmp" means no file | Write `ignore: []` to ignore nothing.
    "###);
}

#[derive(Debug, Clone)]
enum Does {
    Write(u8, u64),
    Remove(u8),
    Rename(u8),
    Look(i64),
}

fn deeds() -> impl Strategy<Value = Vec<Does>> {
    let one = prop_oneof![
        3 => (0u8..4, 1u64..5).prop_map(|(name, size)| Does::Write(name, size)),
        1 => (0u8..4).prop_map(Does::Remove),
        1 => (0u8..4).prop_map(Does::Rename),
        3 => (0i64..8).prop_map(Does::Look),
    ];
    prop::collection::vec(one, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: RngSeed::Fixed(9), ..ProptestConfig::default() })]

    /// Whatever is written, removed, renamed and looked at in between: each file that stays is complete
    /// once for each content that a look saw, and never before it has stayed.
    #[test]
    fn each_content_that_stays_is_complete_once(deeds in deeds()) {
        let folder = folder(json!({ "settle": "3s" }));
        let mut world = World::default();
        let (mut now, mut inode) = (100i64, 0u64);
        let mut complete: BTreeSet<(String, Found)> = BTreeSet::new();
        let mut written: BTreeMap<String, i64> = BTreeMap::new();
        for does in deeds.into_iter().chain([Does::Look(0), Does::Look(3), Does::Look(3)]) {
            match does {
                Does::Write(name, size) => {
                    now += 1;
                    let path = format!("f{name}");
                    let number = world.there.get(&path).map_or_else(|| { inode += 1; inode }, |found| found.inode);
                    world.put(&path, file(size, now, number));
                    written.insert(path, now);
                }
                Does::Remove(name) => { world.there.remove(&format!("f{name}")); }
                Does::Rename(name) => {
                    now += 1;
                    inode += 1;
                    let path = format!("f{name}");
                    world.put(&path, file(1, now, inode));
                    world.moved.insert(path);
                }
                Does::Look(after) => {
                    now += after;
                    let moved = world.moved.clone();
                    for told in world.look(&folder, now, false) {
                        let path = told.trim_start_matches("complete ").to_owned();
                        let found = world.there[&path];
                        let stayed = moved.contains(&path) || now - written[&path] >= 3;
                        prop_assert!(stayed, "{path} was written {} s ago", now - written[&path]);
                        prop_assert!(complete.insert((path.clone(), found)), "{path} twice: {found:?}");
                    }
                }
            }
        }
        for (path, found) in &world.there {
            prop_assert!(complete.contains(&(path.clone(), *found)), "{path} never: {found:?}");
        }
    }
}
