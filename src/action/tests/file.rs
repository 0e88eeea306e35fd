use super::*;
use crate::action::file::work::WorkFolders;
use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

/// A root with a neighbour that no path may reach.
struct World {
    folder: tempfile::TempDir,
    actions: Actions,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        fs::create_dir(&root).unwrap();
        fs::write(folder.path().join("outside.txt"), "outside").unwrap();
        let actions = actions(
            json!({
                "inbox": { "kind": "folder", "path": root },
                "archive": { "kind": "folder", "path": root, "read_only": true },
                "gone": { "kind": "folder", "path": folder.path().join("gone") },
                "bi": { "kind": "http", "base_url": "http://127.0.0.1:1" },
            }),
            &[],
        );
        Self { folder, actions }
    }

    fn at(&self, path: &str) -> std::path::PathBuf {
        self.folder.path().join("root").join(path)
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap()
    }

    fn names(&self) -> Vec<String> {
        names(&self.at(""))
    }

    /// Writes a file, with the folders that it is in.
    fn file(&self, path: &str, text: &str) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    async fn gives(&self, input: Value) -> Value {
        output(&self.actions, "file", inbox(input)).await
    }

    async fn fails(&self, input: Value) -> Failure {
        failure(&self.actions, "file", inbox(input)).await
    }
}

fn inbox(mut input: Value) -> Value {
    let map = input.as_object_mut().unwrap();
    map.entry("connection").or_insert_with(|| "inbox".into());
    input
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn files_are_read_as_text_json_or_bytes() {
    let world = World::new();
    fs::write(world.at("a.txt"), "Grüße\n").unwrap();
    fs::write(world.at("b.json"), "{\"n\": 1}").unwrap();
    fs::write(world.at("c.json"), "{nonsense").unwrap();
    fs::write(world.at("d.bin"), [0xff, 0x00]).unwrap();
    let read = |path: &str| json!({ "op": "read", "path": path });
    assert_eq!(
        world.gives(read("./a.txt")).await,
        json!({ "path": "a.txt", "bytes": 8, "digest": world_digest("Grüße\n"), "text": "Grüße\n" })
    );
    let json = world.gives(read("b.json")).await;
    assert_eq!(
        (&json["json"], json.get("text")),
        (&json!({ "n": 1 }), None)
    );
    assert_eq!(world.gives(read("c.json")).await["text"], "{nonsense");
    let mut forced = read("b.json");
    forced["encoding"] = "text".into();
    assert_eq!(world.gives(forced).await["text"], "{\"n\": 1}");
    let mut bytes = read("d.bin");
    bytes["encoding"] = "base64".into();
    assert_eq!(world.gives(bytes).await["base64"], "/wA=");

    for (path, encoding, code) in [
        ("d.bin", json!(null), "not_text"),
        ("c.json", json!("json"), "not_json"),
        ("gone.txt", json!(null), "not_found"),
        (".", json!(null), "not_a_file"),
    ] {
        let input = json!({ "op": "read", "path": path, "encoding": encoding });
        let failure = world.fails(input).await;
        assert_eq!(
            (failure.code.as_str(), failure.class),
            (code, FailureClass::Permanent),
            "{path}"
        );
    }
    fs::write(world.at("big.txt"), "x".repeat(1_001)).unwrap();
    let big = world.fails(read("big.txt")).await;
    assert_eq!(big.code, "file_too_large");
    fs::write(world.at("big.txt"), "x".repeat(1_000)).unwrap();
    assert_eq!(world.gives(read("big.txt")).await["bytes"], 1_000);
}

fn world_digest(text: &str) -> String {
    format!("sha256:{}", druse_engine::Digest::of(text.as_bytes()).hex())
}

#[tokio::test]
async fn a_file_is_written_whole_and_keeps_its_permissions() {
    let world = World::new();
    let write = |text: &str| json!({ "op": "write", "path": "out.txt", "text": text });
    let made = world.gives(write("one")).await;
    assert_eq!(
        made,
        json!({ "path": "out.txt", "bytes": 3, "digest": world_digest("one"), "created": true })
    );
    fs::set_permissions(world.at("out.txt"), fs::Permissions::from_mode(0o640)).unwrap();
    let again = world.gives(write("two, longer")).await;
    assert_eq!(again["created"], false);
    assert_eq!(world.text("out.txt"), "two, longer");
    let mode = fs::metadata(world.at("out.txt"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o640);
    // Nothing is left of the work.
    assert_eq!(world.names(), ["out.txt"]);

    let json = json!({ "op": "write", "path": "deep/er/a.json", "json": { "a": [1, null] } });
    let missing = world.fails(json.clone()).await;
    assert_eq!(missing.code, "not_found");
    let mut json = json;
    json["create_folders"] = true.into();
    world.gives(json).await;
    assert_eq!(world.text("deep/er/a.json"), "{\"a\":[1,null]}\n");
    world
        .gives(json!({ "op": "write", "path": "bytes", "base64": "/wA=" }))
        .await;
    assert_eq!(fs::read(world.at("bytes")).unwrap(), [0xff, 0x00]);

    for (input, code) in [
        (
            json!({ "op": "write", "path": "deep", "text": "x" }),
            "not_a_file",
        ),
        (
            json!({ "op": "write", "path": ".", "text": "x" }),
            "not_a_file",
        ),
        (
            json!({ "op": "write", "path": "bytes/x", "text": "x" }),
            "not_a_folder",
        ),
        (json!({ "op": "write", "path": "x" }), "invalid_input"),
        (
            json!({ "op": "write", "path": "x", "text": "a", "json": 1 }),
            "invalid_input",
        ),
        (
            json!({ "op": "write", "path": "x", "base64": "!" }),
            "invalid_input",
        ),
        (
            json!({ "op": "write", "path": "x", "text": "y".repeat(1_001) }),
            "file_too_large",
        ),
        (
            json!({ "op": "write", "path": "x", "text": "a", "mode": "0777" }),
            "invalid_input",
        ),
        (json!({ "op": "chmod", "path": "x" }), "invalid_input"),
    ] {
        assert_eq!(world.fails(input.clone()).await.code, code, "{input}");
    }
    assert_eq!(world.names(), ["bytes", "deep", "out.txt"]);
}

#[tokio::test]
async fn a_file_that_must_be_new_is_not_replaced_except_by_a_repeated_attempt() {
    let world = World::new();
    let input = |text: &str| {
        inbox(json!({ "op": "write", "path": "a", "text": text, "if_exists": "fail" }))
    };
    let first = |text: &str| {
        let mut first = attempt("file", input(text));
        first.number = 1;
        first
    };
    let made = world.actions.perform(first("one"), never()).await;
    assert!(matches!(made, Outcome::Succeeded { .. }), "{made:?}");
    let taken = failed(world.actions.perform(first("one"), never()).await).0;
    assert_eq!(taken.code, "file_exists");
    // The second attempt of a step finds what its first has written, and only that.
    let repeated = output(&world.actions, "file", input("one")).await;
    assert_eq!(repeated["created"], false);
    assert_eq!(
        failure(&world.actions, "file", input("two")).await.code,
        "file_exists"
    );
    assert_eq!(world.text("a"), "one");
    assert_eq!(world.names(), ["a"]);
}

#[tokio::test]
async fn appending_adds_to_the_end_within_a_limit() {
    let world = World::new();
    let append = |json: Value| json!({ "op": "append", "path": "log.jsonl", "json": json });
    let made = world.gives(append(json!({ "n": 1 }))).await;
    assert_eq!(
        made,
        json!({ "path": "log.jsonl", "bytes": 8, "created": true })
    );
    let more = world.gives(append(json!({ "n": 2 }))).await;
    assert_eq!(
        more,
        json!({ "path": "log.jsonl", "bytes": 16, "created": false })
    );
    assert_eq!(world.text("log.jsonl"), "{\"n\":1}\n{\"n\":2}\n");
    fs::write(world.at("full"), "x".repeat(1_999)).unwrap();
    let full = json!({ "op": "append", "path": "full", "text": "yz" });
    assert_eq!(world.fails(full).await.code, "file_too_large");
    assert_eq!(world.text("full").len(), 1_999);
}

#[tokio::test]
async fn an_edit_replaces_exactly_what_was_meant() {
    let world = World::new();
    fs::write(world.at("a.conf"), "port = 1\nhost = a\nport = 1\n").unwrap();
    let edit = |find: &str, replace: &str| json!({ "op": "edit", "path": "a.conf", "find": find, "replace": replace });
    let done = world.gives(edit("host = a", "host = {b}")).await;
    let text = "port = 1\nhost = {b}\nport = 1\n";
    assert_eq!(
        done,
        json!({ "path": "a.conf", "bytes": text.len(), "digest": world_digest(text), "replaced": 1 })
    );
    let twice = world.fails(edit("port = 1", "port = 2")).await;
    assert_eq!(
        (twice.code.as_str(), &details(&twice)["found"]),
        ("several_matches", &json!(2))
    );
    assert_eq!(world.text("a.conf"), text);
    let mut all = edit("port = 1", "port = 2");
    all["all"] = true.into();
    assert_eq!(world.gives(all).await["replaced"], 2);
    assert_eq!(world.text("a.conf"), "port = 2\nhost = {b}\nport = 2\n");
    for (input, code) in [
        (edit("nowhere", "also not"), "no_match"),
        (edit("", "x"), "invalid_input"),
        (
            json!({ "op": "edit", "path": "a.conf", "find": "x" }),
            "invalid_input",
        ),
        (edit("host", &"h".repeat(1_000)), "file_too_large"),
    ] {
        assert_eq!(world.fails(input.clone()).await.code, code, "{input}");
    }
    // A second attempt whose first was cut off after its effect.
    assert_eq!(
        world.gives(edit("host = a", "host = {b}")).await["replaced"],
        0
    );
    let mut first = attempt("file", inbox(edit("host = a", "host = {b}")));
    first.number = 1;
    assert_eq!(
        failed(world.actions.perform(first, never()).await).0.code,
        "no_match"
    );
}

/// An edit whose step is attempted again, by its key, and what the file holds then.
struct Edits {
    world: World,
    edit: Value,
}

impl Edits {
    fn of(world: World, find: &str, replace: &str) -> Self {
        let edit = json!({ "op": "edit", "path": "a.conf", "find": find, "replace": replace });
        Self { world, edit }
    }

    /// In how many places it says that the text was replaced, and the text.
    async fn attempt(&self, key: &str, number: u32) -> (Value, String) {
        let mut attempt = attempt("file", inbox(self.edit.clone()));
        attempt.idempotency_key = key.into();
        attempt.number = number;
        match self.world.actions.perform(attempt, never()).await {
            Outcome::Succeeded { output } => {
                let text = self.world.text("a.conf");
                assert_eq!(output.value()["digest"], world_digest(&text));
                (output.value()["replaced"].clone(), text)
            }
            Outcome::Failed { failure, .. } => (failure.code.into(), self.world.text("a.conf")),
        }
    }

    fn put(&self, text: &str) {
        fs::write(self.world.at("a.conf"), text).unwrap();
    }
}

/// What replaces a text may hold that text.
#[tokio::test]
async fn a_repeated_edit_changes_a_file_once() {
    let data = tempfile::tempdir().unwrap();
    let mut world = World::new();
    let work = WorkFolders::below(data.path().join("work"));
    world.actions = world.actions.with_work_folders(work.clone());
    let port = Edits::of(world, "port = 80", "port = 8080");
    port.put("port = 80\n");
    let once = (json!(1), "port = 8080\n".to_owned());
    assert_eq!(port.attempt("a", 1).await, once);
    assert_eq!(port.attempt("a", 2).await, once);
    // Another step is told nothing by that: its first attempt may have died before it changed anything.
    let again = (json!(1), "port = 808080\n".to_owned());
    assert_eq!(port.attempt("b", 2).await, again);
    assert_eq!(port.attempt("b", 3).await, again);
    // What others have changed since is left to what the text tells.
    port.put("port = 8080\nhost = a\n");
    let left = (json!(0), "port = 8080\nhost = a\n".to_owned());
    assert_eq!(port.attempt("b", 4).await, left);

    let line = Edits::of(port.world, "# end", "more\n# end");
    line.put("more\n# end\n");
    let twice = (json!(1), "more\nmore\n# end\n".to_owned());
    assert_eq!(line.attempt("c", 2).await, twice);
    assert_eq!(line.attempt("c", 3).await, twice);

    let gone = Edits::of(line.world, "b", "");
    gone.put("abc");
    assert_eq!(gone.attempt("d", 1).await, (json!(1), "ac".to_owned()));
    assert_eq!(gone.attempt("d", 2).await, (json!(1), "ac".to_owned()));

    // What is noted lies in the server's own data, and goes with the working folders.
    assert_eq!(gone.world.names(), ["a.conf"]);
    let later = std::time::SystemTime::now() + 2 * crate::action::file::work::KEPT;
    assert_eq!(work.sweep(&Default::default(), later).unwrap(), 1);
    assert_eq!(gone.attempt("d", 2).await.0, "no_match");
}

/// What a person corrects at a step that waits is another edit, under the same key.
#[tokio::test]
async fn a_corrected_edit_is_not_taken_for_the_one_before() {
    let data = tempfile::tempdir().unwrap();
    let mut world = World::new();
    let work = WorkFolders::below(data.path().join("work"));
    world.actions = world.actions.with_work_folders(work);
    let mut edits = Edits::of(world, "port = 80", "port = 81");
    edits.put("port = 80\nhost = a\n");
    let first = (json!(1), "port = 81\nhost = a\n".to_owned());
    assert_eq!(edits.attempt("a", 1).await, first);
    // As it was, it is done.
    assert_eq!(edits.attempt("a", 2).await, first);
    edits.edit["path"] = "./a.conf".into();
    assert_eq!(edits.attempt("a", 3).await, first);
    edits.edit["find"] = "host = a".into();
    edits.edit["replace"] = "host = b".into();
    let corrected = (json!(1), "port = 81\nhost = b\n".to_owned());
    assert_eq!(edits.attempt("a", 4).await, corrected);
    assert_eq!(edits.attempt("a", 5).await, corrected);
    // That the text holds what this one gives, too, is not its doing.
    edits.edit["find"] = "host = c".into();
    let missed = (json!("no_match"), corrected.1);
    assert_eq!(edits.attempt("a", 6).await, missed);
}

/// What is known of the first attempt is known to all after it, whatever becomes of those between.
#[tokio::test]
async fn an_edit_that_fails_in_between_does_not_edit_its_own_result() {
    let data = tempfile::tempdir().unwrap();
    let mut world = World::new();
    let work = WorkFolders::below(data.path().join("work"));
    world.actions = world.actions.with_work_folders(work);
    let mut edits = Edits::of(world, "foo", "foobar");
    edits.edit["all"] = true.into();
    edits.put("foo");
    assert_eq!(edits.attempt("a", 1).await, (json!(1), "foobar".to_owned()));
    edits.put("foobar foo");
    // A folder in the place of what is written beside the file: it cannot be put.
    let beside = edits.world.at(&crate::action::file::mark_of("a"));
    fs::create_dir(&beside).unwrap();
    fs::write(beside.join("x"), "").unwrap();
    let unchanged = "foobar foo".to_owned();
    for number in [2, 3] {
        let (told, text) = edits.attempt("a", number).await;
        assert_eq!((told.as_u64(), &text), (None, &unchanged), "{told}");
    }
    fs::remove_dir_all(&beside).unwrap();
    let once = (json!(1), "foobar foobar".to_owned());
    assert_eq!(edits.attempt("a", 4).await, once);
    assert_eq!(edits.attempt("a", 5).await, once);
}

#[tokio::test]
async fn an_edit_that_could_note_nothing_goes_by_the_text() {
    let port = Edits::of(World::new(), "port = 80", "port = 8080");
    for (text, number, told, made) in [
        ("port = 80\n", 2, json!(1), "port = 8080\n"),
        ("port = 8080\n", 2, json!(0), "port = 8080\n"),
        ("port = 8080\n", 1, json!(1), "port = 808080\n"),
        (
            "port = 8080\nport = 80\n",
            2,
            json!("several_matches"),
            "port = 8080\nport = 80\n",
        ),
    ] {
        port.put(text);
        let (told, made) = (told, made.to_owned());
        assert_eq!(port.attempt("a", number).await, (told, made), "{text:?}");
    }
    let mut all = port;
    all.edit["all"] = true.into();
    all.put("port = 8080\nport = 80\nport = 8080\n");
    let made = "port = 8080\nport = 8080\nport = 8080\n".to_owned();
    assert_eq!(all.attempt("a", 2).await, (json!(1), made.clone()));
    assert_eq!(all.attempt("a", 2).await, (json!(0), made));
}

#[tokio::test]
async fn a_folder_is_listed_in_order_and_within_limits() {
    let world = World::new();
    fs::create_dir_all(world.at("sub/deeper")).unwrap();
    for path in [
        "b.csv",
        "a.csv",
        "sub/c.csv",
        "sub/deeper/d.csv",
        "sub/e.txt",
    ] {
        fs::write(world.at(path), "x").unwrap();
    }
    fs::write(world.at(".druse-0123.tmp"), "left by a crash").unwrap();
    symlink("/etc/passwd", world.at("link")).unwrap();
    let listed = world.gives(json!({ "op": "list", "path": "." })).await;
    let paths = |listed: &Value| -> Vec<String> {
        let entries = listed["entries"].as_array().unwrap();
        entries
            .iter()
            .map(|entry| entry["path"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(paths(&listed), ["a.csv", "b.csv", "link", "sub"]);
    assert_eq!(listed["truncated"], false);
    let first = &listed["entries"][0];
    assert_eq!(
        (&first["kind"], &first["bytes"], &first["name"]),
        (&json!("file"), &json!(1), &json!("a.csv"))
    );
    assert!(first["modified_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(listed["entries"][2]["kind"], "link");
    assert_eq!(
        (
            &listed["entries"][3]["kind"],
            &listed["entries"][3]["bytes"]
        ),
        (&json!("folder"), &json!(null))
    );

    let csv = json!({ "op": "list", "path": "sub/", "pattern": "*.csv", "recursive": true });
    assert_eq!(
        paths(&world.gives(csv).await),
        ["sub/c.csv", "sub/deeper/d.csv"]
    );
    let cut = world
        .gives(json!({ "op": "list", "path": ".", "recursive": true, "max": 2 }))
        .await;
    assert_eq!(
        (paths(&cut), &cut["truncated"]),
        (vec!["a.csv".to_owned(), "b.csv".to_owned()], &json!(true))
    );
    for (input, code) in [
        (json!({ "op": "list", "path": "a.csv" }), "not_a_folder"),
        (json!({ "op": "list", "path": "gone" }), "not_found"),
        (json!({ "op": "list", "path": "link" }), "symbolic_link"),
        (
            json!({ "op": "list", "path": ".", "max": 10_001 }),
            "invalid_input",
        ),
    ] {
        assert_eq!(world.fails(input.clone()).await.code, code, "{input}");
    }
}

#[tokio::test]
async fn no_path_leaves_the_root() {
    let world = World::new();
    symlink(world.folder.path(), world.at("up")).unwrap();
    symlink("../outside.txt", world.at("file")).unwrap();
    symlink("/proc/self/root", world.at("magic")).unwrap();
    symlink("inside.txt", world.at("inner")).unwrap();
    fs::write(world.at("inside.txt"), "inside").unwrap();
    let outside = world.folder.path().join("outside.txt");
    let absolute = outside.to_str().unwrap();
    for (path, code) in [
        ("../outside.txt", "bad_path"),
        ("a/../../outside.txt", "bad_path"),
        ("..", "bad_path"),
        (absolute, "bad_path"),
        ("a\0b", "bad_path"),
        ("up/outside.txt", "symbolic_link"),
        ("up/new.txt", "symbolic_link"),
        ("file", "symbolic_link"),
        ("magic/etc/passwd", "symbolic_link"),
        // One that would stay inside is refused too: what it leads to may change.
        ("inner", "symbolic_link"),
    ] {
        for input in [
            json!({ "op": "read", "path": path }),
            json!({ "op": "write", "path": path, "text": "overwritten", "create_folders": true }),
            json!({ "op": "append", "path": path, "text": "overwritten" }),
            json!({ "op": "edit", "path": path, "find": "outside", "replace": "overwritten" }),
        ] {
            let failure = world.fails(input.clone()).await;
            assert_eq!(failure.code, code, "{input}");
        }
    }
    assert_eq!(fs::read_to_string(&outside).unwrap(), "outside");
    assert_eq!(names(world.folder.path()), ["outside.txt", "root"]);
    assert_eq!(world.text("inside.txt"), "inside");
}

/// Somebody swaps a folder for a link out of the root again and again; no write ever lands outside.
#[tokio::test]
async fn a_root_holds_while_others_change_it() {
    let world = World::new();
    let (inside, swapped) = (world.at("sub"), world.at("swap"));
    fs::create_dir(&inside).unwrap();
    symlink(world.folder.path(), &swapped).unwrap();
    let over = CancellationToken::new();
    let until = over.clone();
    let swapping = std::thread::spawn(move || {
        use nix::fcntl::{RenameFlags, renameat2};
        let here = std::fs::File::open("/").unwrap();
        while !until.is_cancelled() {
            renameat2(
                &here,
                &inside,
                &here,
                &swapped,
                RenameFlags::RENAME_EXCHANGE,
            )
            .unwrap();
        }
    });
    let mut written = 0;
    for round in 0..300 {
        let name = format!("sub/file{round}");
        let input = inbox(json!({ "op": "write", "path": name, "text": "x" }));
        match world.actions.perform(attempt("file", input), never()).await {
            Outcome::Succeeded { .. } => written += 1,
            Outcome::Failed { failure, .. } => {
                let known = ["symbolic_link", "io_error", "not_a_folder"];
                assert!(known.contains(&failure.code.as_str()), "{failure:?}");
            }
        }
    }
    over.cancel();
    swapping.join().unwrap();
    assert_eq!(names(world.folder.path()), ["outside.txt", "root"]);
    let folder = match fs::symlink_metadata(world.at("sub")).unwrap().is_dir() {
        true => "sub",
        false => "swap",
    };
    assert_eq!(names(&world.at(folder)).len(), written);
}

#[tokio::test]
async fn a_connection_says_what_may_be_done() {
    let world = World::new();
    fs::write(world.at("a"), "x").unwrap();
    let archive = |mut input: Value| {
        input["connection"] = "archive".into();
        input
    };
    let read = archive(json!({ "op": "read", "path": "a" }));
    assert_eq!(output(&world.actions, "file", read).await["text"], "x");
    for input in [
        json!({ "op": "write", "path": "a", "text": "y" }),
        json!({ "op": "append", "path": "a", "text": "y" }),
        json!({ "op": "edit", "path": "a", "find": "x", "replace": "y" }),
    ] {
        let failure = failure(&world.actions, "file", archive(input)).await;
        assert_eq!(failure.code, "read_only");
    }
    assert_eq!(world.text("a"), "x");
    for (name, code) in [
        ("gone", "folder_unusable"),
        ("bi", "wrong_connection"),
        ("nope", "missing_connection"),
    ] {
        let input = json!({ "connection": name, "op": "read", "path": "a" });
        assert_eq!(failure(&world.actions, "file", input).await.code, code);
    }
    let tested = world.actions.connections().test("archive").await.unwrap();
    assert_eq!(
        (&tested["kind"], &tested["entries"]),
        (&json!("folder"), &json!(1))
    );
    let gone = world.actions.connections().test("gone").await.unwrap_err();
    assert_eq!(gone.code, "folder_unusable");
}

#[tokio::test]
async fn a_run_and_its_retries_share_a_folder_of_their_own() {
    let data = tempfile::tempdir().unwrap();
    let without = actions(json!({}), &[]);
    let read = json!({ "op": "read", "path": "a" });
    let nowhere = failure(&without, "file", read.clone()).await;
    assert_eq!(nowhere.code, "no_working_folder");
    let actions = without.with_work_folders(WorkFolders::below(data.path().join("work")));
    output(
        &actions,
        "file",
        json!({ "op": "write", "path": "a", "text": "mine" }),
    )
    .await;
    let mut retry = attempt("file", read.clone());
    retry.run = RunId::from_parts(1_800_000_000_001, [2; 10]);
    let Outcome::Succeeded { output } = actions.perform(retry, never()).await else {
        panic!()
    };
    assert_eq!(output.value()["text"], "mine");
    let mut other = attempt("file", read);
    other.root = RunId::from_parts(1_800_000_000_002, [3; 10]);
    assert_eq!(
        failed(actions.perform(other, never()).await).0.code,
        "not_found"
    );
    let mode = fs::metadata(data.path().join("work"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn the_data_of_the_server_is_not_a_step_s() {
    let world = World::new();
    let data = world.at("druse-data");
    fs::create_dir_all(data.join("log")).unwrap();
    fs::write(data.join("secret.key"), "key").unwrap();
    fs::write(world.at("druse-database"), "other").unwrap();
    let mut connections = json!({ "all": { "kind": "folder", "path": world.at("") } });
    connections["inner"] = json!({ "kind": "folder", "path": data.join("log") });
    let actions =
        actions(connections, &[]).with_work_folders(WorkFolders::below(data.join("work")));
    let all = |mut input: Value| {
        input["connection"] = "all".into();
        input
    };
    for input in [
        json!({ "op": "read", "path": "druse-data/secret.key" }),
        json!({ "op": "read", "path": "./druse-data//secret.key" }),
        json!({ "op": "write", "path": "druse-data/secret.key", "text": "x" }),
        json!({ "op": "write", "path": "druse-data/new/x", "text": "x", "create_folders": true }),
        json!({ "op": "append", "path": "druse-data/log/x", "text": "x" }),
        json!({ "op": "list", "path": "druse-data" }),
    ] {
        let failure = failure(&actions, "file", all(input.clone())).await;
        assert_eq!(failure.code, "access_denied", "{input}");
    }
    let listed = output(
        &actions,
        "file",
        all(json!({ "op": "list", "path": ".", "recursive": true })),
    )
    .await;
    assert_eq!(listed["entries"].as_array().unwrap().len(), 1);
    let beside = output(
        &actions,
        "file",
        all(json!({ "op": "read", "path": "druse-database" })),
    )
    .await;
    assert_eq!(beside["text"], "other");
    let inner = failure(
        &actions,
        "file",
        json!({ "connection": "inner", "op": "list", "path": "." }),
    )
    .await;
    assert_eq!(inner.code, "folder_unusable");
    output(
        &actions,
        "file",
        json!({ "op": "write", "path": "mine", "text": "x" }),
    )
    .await;
    assert_eq!(names(&data), ["log", "secret.key", "work"]);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn no_path_of_any_parts_leaves_the_root(
        parts in proptest::collection::vec(
            proptest::sample::select(vec!["..", ".", "", "a", "up", "file", "sub", "outside.txt", "etc"]),
            1..6,
        ),
        operation in 0..4usize,
    ) {
        let world = World::new();
        symlink(world.folder.path(), world.at("up")).unwrap();
        symlink("../outside.txt", world.at("file")).unwrap();
        fs::create_dir(world.at("sub")).unwrap();
        let path = parts.join("/");
        let input = [
            json!({ "op": "write", "path": path, "text": "overwritten", "create_folders": true }),
            json!({ "op": "append", "path": path, "text": "overwritten", "create_folders": true }),
            json!({ "op": "edit", "path": path, "find": "outside", "replace": "overwritten" }),
            json!({ "op": "read", "path": path }),
        ][operation].clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let outcome = runtime.block_on(world.actions.perform(attempt("file", inbox(input)), never()));
        let outside = fs::read_to_string(world.folder.path().join("outside.txt")).unwrap();
        assert_eq!(outside, "outside");
        assert_eq!(names(world.folder.path()), ["outside.txt", "root"]);
        assert!(!format!("{outcome:?}").contains("outside\""), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_folder_that_is_not_there_may_count_as_empty() {
    let world = World::new();
    let list = |path: &str, if_missing: &str| json!({ "op": "list", "path": path, "if_missing": if_missing });
    assert_eq!(
        world.gives(list("gone/deep", "empty")).await["entries"],
        json!([])
    );
    assert_eq!(world.fails(list("gone", "fail")).await.code, "not_found");
    world.file("a", "x");
    assert_eq!(world.fails(list("a", "empty")).await.code, "not_a_folder");
}

#[tokio::test]
async fn lines_are_found_in_the_order_of_their_paths() {
    let world = World::new();
    for (path, text) in [
        ("src/b.rs", "fn one() {}\nlet Needle = 1;\n"),
        ("src/a.rs", "needle\nnothing\nneedle twice\n"),
        ("src/a.txt", "needle\n"),
        (".hidden/a.rs", "needle\n"),
        ("built/a.rs", "needle\n"),
        ("src/out/a.rs", "needle\n"),
        ("src/deep/out/a.rs", "needle\n"),
        ("bin.rs", "needle\0\n"),
        (".gitignore", "# made\n/built/\n!built/keep\n"),
        ("src/.gitignore", "out\n"),
    ] {
        world.file(path, text);
    }
    let search = |more: Value| {
        let mut input =
            json!({ "op": "search", "path": ".", "regex": "needle", "pattern": "*.rs" });
        for (key, value) in more.as_object().unwrap() {
            input[key] = value.clone();
        }
        input
    };
    let found = world.gives(search(json!({}))).await;
    assert_eq!(
        found,
        json!({
            "path": ".",
            "matches": [
                { "path": "src/a.rs", "line": 1, "text": "needle" },
                { "path": "src/a.rs", "line": 3, "text": "needle twice" },
            ],
            "files": [{ "path": "src/a.rs", "matches": 2 }],
            "truncated": false,
        })
    );
    let all = world.gives(search(json!({ "ignore_case": true }))).await;
    assert_eq!(all["matches"].as_array().unwrap().len(), 3);
    let one = world.gives(search(json!({ "max": 1 }))).await;
    assert_eq!(
        (one["matches"].as_array().unwrap().len(), &one["truncated"]),
        (1, &json!(true))
    );
    let file = world
        .gives(search(
            json!({ "path": "src/a.txt", "regex": "^need(le)?$" }),
        ))
        .await;
    assert_eq!(
        file["files"],
        json!([{ "path": "src/a.txt", "matches": 1 }])
    );
    for nothing in [
        json!({ "regex": "no such" }),
        json!({ "path": "gone", "if_missing": "empty" }),
    ] {
        assert_eq!(world.gives(search(nothing)).await["matches"], json!([]));
    }
    for (more, code) in [
        (json!({ "regex": "(" }), "invalid_input"),
        (json!({ "max": 10_001 }), "invalid_input"),
        (json!({ "path": "gone" }), "not_found"),
        (json!({ "path": "../x" }), "bad_path"),
    ] {
        assert_eq!(world.fails(search(more.clone())).await.code, code, "{more}");
    }
}
