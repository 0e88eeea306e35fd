//! The sessions that agents keep are found where they keep them, and the newest becomes a draft.

use super::help::examples;
use super::{Desk, Ran, finish};
use clap::Parser as _;
use druse::cli::Cli;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Variables that move the sessions of an agent.
const VARIABLES: [&str; 5] = [
    "CLAUDE_CONFIG_DIR",
    "CODEX_HOME",
    "GEMINI_CLI_HOME",
    "PI_CODING_AGENT_DIR",
    "PI_CODING_AGENT_SESSION_DIR",
];

/// A home folder in which agents keep sessions.
struct Home {
    desk: Desk,
}

impl Home {
    fn new() -> Self {
        let desk = Desk::new();
        std::fs::create_dir(desk.path("home")).unwrap();
        Self { desk }
    }

    /// A file of the home folder, written so many minutes after a day in 2023.
    fn put(&self, name: &str, minutes: u64, text: impl AsRef<[u8]>) -> PathBuf {
        let moment = UNIX_EPOCH + Duration::from_secs(1_700_000_000 + minutes * 60);
        self.put_at(name, moment, text)
    }

    fn put_at(&self, name: &str, moment: SystemTime, text: impl AsRef<[u8]>) -> PathBuf {
        let name = format!("home/{name}");
        std::fs::create_dir_all(self.desk.path(&name).parent().unwrap()).unwrap();
        let path = self.desk.write(&name, text);
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(moment).unwrap();
        path
    }

    fn run_in<S: AsRef<OsStr>>(&self, words: &[S], set: &[(&str, &Path)]) -> Ran {
        let mut command = self.desk.command(words);
        for name in VARIABLES {
            command.env_remove(name);
        }
        command.env("HOME", self.desk.path("home"));
        for (name, value) in set {
            command.env(name, value);
        }
        finish(command, "")
    }

    fn run<S: AsRef<OsStr>>(&self, words: &[S]) -> Ran {
        self.run_in(words, &[])
    }

    /// What `druse sessions discover` finds with these options.
    fn discover(&self, options: &[&str]) -> Value {
        let words = [&["sessions", "discover", "--output", "json"], options].concat();
        self.run(&words).ok().json()
    }

    /// Every file and folder with what is in it and when it was written.
    fn everything(&self) -> BTreeMap<PathBuf, (Option<SystemTime>, Vec<u8>)> {
        fn walk(folder: &Path, all: &mut BTreeMap<PathBuf, (Option<SystemTime>, Vec<u8>)>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                let about = entry.metadata().unwrap();
                let bytes = if about.is_file() {
                    std::fs::read(entry.path()).unwrap()
                } else {
                    Vec::new()
                };
                all.insert(entry.path(), (about.modified().ok(), bytes));
                if about.is_dir() {
                    walk(&entry.path(), all);
                }
            }
        }
        let mut all = BTreeMap::new();
        walk(&self.desk.path("."), &mut all);
        all
    }
}

fn lines(values: &[Value]) -> String {
    values.iter().map(|value| format!("{value}\n")).collect()
}

/// A session of Claude Code with so many calls.
fn claude(folder: &str, task: &str, calls: usize) -> String {
    let line = |number: usize, kind: &str, content: Value| {
        json!({
            "type": kind, "uuid": format!("u{number}"), "parentUuid": number.checked_sub(1).map(|parent| format!("u{parent}")),
            "sessionId": "s", "cwd": folder, "timestamp": format!("2023-11-14T10:00:{number:02}Z"),
            "message": { "id": format!("m{number}"), "role": kind, "content": content },
        })
    };
    let mut all = vec![line(0, "user", json!(task))];
    for call in 0..calls {
        let id = format!("c{call}");
        let input = json!({ "command": format!("ls part-{call}") });
        let content = json!([{ "type": "tool_use", "id": id, "name": "Bash", "input": input }]);
        all.push(line(2 * call + 1, "assistant", content));
        let content = json!([{ "type": "tool_result", "tool_use_id": id, "content": "a.txt" }]);
        all.push(line(2 * call + 2, "user", content));
    }
    lines(&all)
}

fn codex(folder: &str, task: &str) -> String {
    let line = |kind: &str, payload: Value| json!({ "timestamp": "2023-11-14T10:00:00Z", "type": kind, "payload": payload });
    lines(&[
        line(
            "session_meta",
            json!({ "id": "r", "timestamp": "2023-11-14T10:00:00Z", "cwd": folder }),
        ),
        line(
            "response_item",
            json!({ "type": "message", "role": "user", "content": [{ "type": "input_text", "text": task }] }),
        ),
        line(
            "response_item",
            json!({ "type": "function_call", "name": "shell", "call_id": "c", "arguments": "{\"command\":[\"ls\"]}" }),
        ),
        line(
            "response_item",
            json!({ "type": "function_call_output", "call_id": "c", "output": "a.txt" }),
        ),
    ])
}

fn gemini_messages(task: &str) -> Vec<Value> {
    vec![
        json!({ "id": "1", "timestamp": "2023-11-14T10:00:01Z", "type": "user", "content": task }),
        json!({ "id": "2", "timestamp": "2023-11-14T10:00:02Z", "type": "gemini", "content": "", "toolCalls": [
            { "id": "c", "name": "read_file", "args": { "path": "a.txt" }, "status": "success",
              "result": [{ "functionResponse": { "response": { "output": "hello" } } }] }] }),
    ]
}

fn gemini_about() -> Value {
    json!({ "sessionId": "g", "projectHash": "h", "startTime": "2023-11-14T10:00:00Z", "lastUpdated": "2023-11-14T10:00:03Z" })
}

fn pi(folder: &str, task: &str) -> String {
    let message = |message: Value| json!({ "type": "message", "timestamp": "2023-11-14T10:00:00Z", "message": message });
    lines(&[
        json!({ "type": "session", "id": "p", "cwd": folder, "timestamp": "2023-11-14T10:00:00Z" }),
        message(json!({ "role": "user", "content": [{ "type": "text", "text": task }] })),
        message(
            json!({ "role": "assistant", "content": [{ "type": "toolCall", "id": "c", "name": "read", "arguments": { "path": "a.txt" } }] }),
        ),
        message(
            json!({ "role": "toolResult", "toolCallId": "c", "toolName": "read", "content": [{ "type": "text", "text": "hello" }], "isError": false }),
        ),
    ])
}

/// One session of each agent and shape, the later in this list the newer.
fn settled() -> Home {
    let home = Home::new();
    let put = |name: &str, minutes, text: String| drop(home.put(name, minutes, text));
    put(
        ".claude/projects/-srv-shop/old.jsonl",
        1,
        claude("/srv/shop", "Count the orders", 3),
    );
    put(
        ".codex/archived_sessions/rollout-2023-11-13T09-00-00-r.jsonl",
        2,
        codex("/srv/shop", "Tidy up"),
    );
    put(
        ".codex/sessions/2023/11/14/rollout-2023-11-14T10-00-00-r.jsonl",
        3,
        codex("/srv/bank", "Close the month"),
    );
    let mut whole = gemini_about();
    whole["messages"] = gemini_messages("Read the note").into();
    // SHA-256 of /srv/shop: how Gemini CLI named folders of chats.
    let digest = druse_engine::Digest::of(b"/srv/shop");
    put(
        &format!(".gemini/tmp/{}/chats/session-1.json", digest.hex()),
        4,
        whole.to_string(),
    );
    let mut all = vec![gemini_about()];
    all.extend(gemini_messages("Read the other note"));
    put(".gemini/tmp/bank/chats/session-2.jsonl", 5, lines(&all));
    put(
        ".gemini/tmp/bank/.project_root",
        5,
        "/srv/bank\n".to_owned(),
    );
    put(
        ".pi/agent/sessions/--srv-shop--/2023_p.jsonl",
        6,
        pi("/srv/shop", "Look at a.txt"),
    );
    put(
        ".claude/projects/-srv-bank/new.jsonl",
        7,
        claude("/srv/bank", "Pay the bill\nof March", 2),
    );
    // None of these is a session of its own.
    put(
        ".claude/projects/-srv-bank/agent-7.jsonl",
        8,
        claude("/srv/bank", "A part", 1),
    );
    put(
        ".claude/projects/-srv-bank/new/subagents/agent-8.jsonl",
        8,
        claude("/srv/bank", "A part", 1),
    );
    put(".claude/history.jsonl", 8, "{}\n".to_owned());
    put(
        ".codex/sessions/2023/notes/rollout-x.jsonl",
        8,
        codex("/", "No"),
    );
    put(".gemini/tmp/bank/logs.json", 8, "[]".to_owned());
    home
}

fn tasks(found: &Value) -> Vec<&str> {
    let items = found["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["task"].as_str().unwrap())
        .collect()
}

#[test]
fn the_newest_come_first_and_each_is_told() {
    let home = settled();
    let before = home.everything();
    let found = home.discover(&[]);
    let told: Vec<Value> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            json!([
                item["agent"],
                item["task"],
                item["working_folder"],
                item["tool_calls"]
            ])
        })
        .collect();
    assert_eq!(
        json!(told),
        json!([
            ["claude-code", "Pay the bill of March", "/srv/bank", 2],
            ["pi", "Look at a.txt", "/srv/shop", 1],
            ["gemini-cli", "Read the other note", "/srv/bank", 1],
            ["gemini-cli", "Read the note", null, 1],
            ["codex", "Close the month", "/srv/bank", 1],
            ["codex", "Tidy up", "/srv/shop", 1],
            ["claude-code", "Count the orders", "/srv/shop", 3],
        ])
    );
    let newest = &found["items"][0];
    assert_eq!(newest["written_at"], "2023-11-14T22:20:20.000Z");
    assert_eq!(newest["started_at"], "2023-11-14T10:00:00.000Z");
    assert_eq!(newest["may_go_on"], false);
    assert!(
        Path::new(newest["path"].as_str().unwrap())
            .ends_with(".claude/projects/-srv-bank/new.jsonl")
    );
    assert_eq!(found["passed_over"], json!([]));
    assert_eq!(
        (&found["more"], &found["limited"]),
        (&json!(0), &json!(false))
    );

    // The same for people.
    let shown = home.run(&["sessions", "discover"]).ok();
    assert_eq!(shown.err, "");
    let rows: Vec<&str> = shown.out.lines().collect();
    assert!(
        rows[0].starts_with("AGENT") && rows.len() == 8,
        "{}",
        shown.out
    );
    assert!(
        rows[1].contains("2023-11-14T22:20:20Z  2      /srv/bank"),
        "{}",
        rows[1]
    );
    assert_eq!(home.everything(), before, "it only reads");
}

#[test]
fn what_is_looked_for_can_be_less() {
    let home = settled();
    assert_eq!(
        tasks(&home.discover(&["--agent", "codex"])),
        ["Close the month", "Tidy up"]
    );
    assert_eq!(
        tasks(&home.discover(&["--agent", "pi", "--agent", "codex", "--limit", "2"])),
        ["Look at a.txt", "Close the month"]
    );
    let two = home.run(&["sessions", "discover", "--limit", "2"]).ok();
    assert!(
        two.err.contains("5 older files not looked into"),
        "{}",
        two.err
    );
    // Both ways in which Gemini CLI notes the folder, and a slash at the end.
    assert_eq!(
        tasks(&home.discover(&["--in", "/srv/shop/"])),
        [
            "Look at a.txt",
            "Read the note",
            "Tidy up",
            "Count the orders"
        ]
    );
    assert_eq!(
        tasks(&home.discover(&["--in", "/srv/bank", "--agent", "gemini-cli"])),
        ["Read the other note"]
    );
    // The fifth minute and later.
    assert_eq!(
        home.discover(&["--since", "2023-11-14T22:18:20Z"])["items"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    assert_eq!(
        tasks(&home.discover(&["--since", "7d"])),
        Vec::<&str>::new()
    );
    home.put_at(
        ".pi/agent/sessions/--x--/now.jsonl",
        SystemTime::now() + Duration::from_secs(600),
        pi("/x", "Just now"),
    );
    let found = home.discover(&["--since", "7d"]);
    assert_eq!(tasks(&found), ["Just now"]);
    assert_eq!(found["items"][0]["may_go_on"], true);
    home.run(&["sessions", "discover", "--since", "soon"])
        .with(2);
    home.run(&["sessions", "discover", "--agent", "clippy"])
        .with(2);
}

#[test]
fn agents_that_were_told_another_place_are_found_there() {
    let home = settled();
    let elsewhere = Home::new();
    for (variable, under, agent) in [
        ("CLAUDE_CONFIG_DIR", "projects/x/a.jsonl", "claude-code"),
        ("CODEX_HOME", "sessions/2023/11/15/rollout-a.jsonl", "codex"),
        (
            "GEMINI_CLI_HOME",
            ".gemini/tmp/x/chats/a.jsonl",
            "gemini-cli",
        ),
        ("PI_CODING_AGENT_DIR", "sessions/x/a.jsonl", "pi"),
        ("PI_CODING_AGENT_SESSION_DIR", "a.jsonl", "pi"),
    ] {
        let text = claude("/srv/moved", "Moved", 1);
        elsewhere.put(&format!("{variable}/{under}"), 1, text);
        let folder = elsewhere.desk.path(&format!("home/{variable}"));
        let words = ["sessions", "discover", "--agent", agent, "--output", "json"];
        let found = home.run_in(&words, &[(variable, &folder)]).ok().json();
        assert_eq!(tasks(&found), ["Moved"], "{variable}");
    }
}

#[test]
fn nothing_found_says_where_was_looked() {
    let home = Home::new();
    std::fs::create_dir_all(home.desk.path("home/.codex/sessions")).unwrap();
    let ran = home.run(&["sessions", "discover"]).ok();
    assert_eq!(ran.out, "");
    for place in [
        ".claude/projects (no such folder)",
        ".codex/sessions,",
        ".codex/archived_sessions (no such folder)",
        ".gemini/tmp (no such folder)",
        ".pi/agent/sessions (no such folder)",
    ] {
        assert!(ran.err.contains(place), "{place} is not in {}", ran.err);
    }
    assert_eq!(home.discover(&[])["items"], json!([]));
    let mut command = home.desk.command(&["sessions", "discover"]);
    command.env_remove("HOME");
    for name in VARIABLES {
        command.env_remove(name);
    }
    finish(command, "").refused(78, &["home folder", "Set HOME"]);
}

#[test]
fn links_are_not_followed_and_what_is_no_session_is_told() {
    let home = settled();
    let outside = home
        .desk
        .write("outside.jsonl", claude("/etc", "Outside", 1));
    let projects = home.desk.path("home/.claude/projects");
    symlink(&outside, projects.join("-srv-bank/link.jsonl")).unwrap();
    std::fs::create_dir(home.desk.path("folder")).unwrap();
    home.desk
        .write("folder/a.jsonl", claude("/etc", "Outside too", 1));
    symlink(home.desk.path("folder"), projects.join("linked")).unwrap();
    symlink(&projects, projects.join("-srv-bank/round")).unwrap();
    // Nobody ever writes to this one.
    nix::unistd::mkfifo(
        &projects.join("-srv-bank/pipe.jsonl"),
        nix::sys::stat::Mode::S_IRWXU,
    )
    .unwrap();
    home.put(".claude/projects/-srv-bank/empty.jsonl", 20, "");
    home.put(
        ".claude/projects/-srv-bank/odd.jsonl",
        21,
        "{\"type\":\"summary\",\"summary\":\"x\"}\n",
    );
    let found = home.discover(&["--agent", "claude-code"]);
    assert_eq!(tasks(&found), ["Pay the bill of March", "Count the orders"]);
    assert_eq!(found["links"], 2);
    let passed: Vec<&str> = found["passed_over"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["path"].as_str().unwrap().rsplit('/').next().unwrap())
        .collect();
    assert_eq!(passed, ["odd.jsonl", "empty.jsonl"]);
    let said = home.run(&["sessions", "discover"]).ok().err;
    assert!(said.contains("2 passed over, without a session"), "{said}");
    assert!(said.contains("2 links passed over"), "{said}");
    // The last of it is a session all the same.
    let taken = home
        .run(&["crystallize", "--from", "claude-code", "--last"])
        .ok();
    assert!(taken.err.contains("new.jsonl"), "{}", taken.err);
}

#[test]
fn words_of_others_are_shown_and_not_obeyed() {
    let home = Home::new();
    let key = format!("ghp_{}", "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5");
    let task = format!("Use {key} \u{1b}[2J\u{202e}now");
    home.put(
        ".claude/projects/a/a.jsonl",
        1,
        claude("/srv/\u{1b}[31m", &task, 1),
    );
    let ran = home.run(&["sessions", "discover"]).ok();
    assert!(!ran.out.contains(['\u{1b}', '\u{202e}']), "{:?}", ran.out);
    assert!(!ran.out.contains(&key), "{}", ran.out);
    assert!(!home.discover(&[]).to_string().contains(&key));
}

#[test]
fn a_long_session_is_told_from_its_head() {
    let home = Home::new();
    let mut text = claude("/srv/long", "Go on and on", 2);
    let filler = json!({ "type": "user", "uuid": "f", "parentUuid": "u4", "sessionId": "s", "timestamp": "2023-11-14T11:00:00Z",
        "message": { "role": "user", "content": "x".repeat(64 * 1024) } });
    for _ in 0..80 {
        text.push_str(&format!("{filler}\n"));
    }
    text.push_str("this line is not read");
    home.put(".claude/projects/a/long.jsonl", 1, text);
    let found = home.discover(&[]);
    assert_eq!(tasks(&found), ["Go on and on"]);
    let item = &found["items"][0];
    assert_eq!(
        (&item["tool_calls"], &item["tool_calls_at_least"]),
        (&json!(2), &json!(true))
    );
    assert!(
        home.run(&["sessions", "discover"])
            .ok()
            .out
            .contains(" 2+ ")
    );
}

#[test]
fn the_newest_becomes_a_draft() {
    let home = settled();
    let file = "home/.claude/projects/-srv-bank/new.jsonl";
    let of_file = home.run(&["crystallize", file, "--output", "json"]).ok();
    let before = home.everything();
    let taken = home
        .run(&[
            "crystallize",
            "--from",
            "claude-code",
            "--last",
            "--output",
            "json",
        ])
        .ok();
    let steps = |ran: &Ran| ran.json()["automation"]["document"]["steps"].clone();
    assert_eq!(steps(&taken), steps(&of_file));
    assert_eq!(steps(&taken).as_array().unwrap().len(), 2);
    assert!(
        taken
            .err
            .starts_with("Taking the newest session of Claude Code: "),
        "{}",
        taken.err
    );
    for words in [
        "-srv-bank/new.jsonl",
        "in /srv/bank, 2 calls: Pay the bill of March",
    ] {
        assert!(taken.err.contains(words), "{}", taken.err);
    }
    assert!(!taken.err.contains("may still go on"), "{}", taken.err);
    assert_eq!(home.everything(), before, "it only reads");

    for (agent, folder, calls) in [
        ("claude-code", "/srv/shop", 3),
        ("codex", "/srv/shop", 1),
        ("gemini-cli", "/srv/bank", 1),
        ("gemini-cli", "/srv/shop", 1),
        ("pi", "/srv/shop", 1),
    ] {
        let words = [
            "crystallize",
            "--from",
            agent,
            "--last",
            "--in",
            folder,
            "--output",
            "json",
        ];
        let made = home.run(&words).ok().json();
        assert_eq!(
            made["report"]["counts"]["calls"], calls,
            "{agent} in {folder}"
        );
    }
}

#[test]
fn what_cannot_be_taken_is_refused_with_what_to_do() {
    let home = settled();
    let last = |agent: &'static str| ["crystallize", "--from", agent, "--last"];
    home.put(
        ".claude/projects/-srv-bank/talk.jsonl",
        30,
        claude("/srv/bank", "Only talk", 0),
    );
    home.run(&last("claude-code")).refused(
        65,
        &[
            "newest session of Claude Code holds no calls",
            "talk.jsonl",
            "druse crystallize",
            "-srv-bank/new.jsonl",
        ],
    );
    home.run(&["crystallize", "--from", "pi", "--last", "--in", "/srv/none"])
        .refused(
            65,
            &[
                "No session of pi was found in /srv/none",
                ".pi/agent/sessions",
                "PI_CODING_AGENT_DIR",
            ],
        );
    std::fs::remove_dir_all(home.desk.path("home/.codex")).unwrap();
    home.run(&last("codex")).refused(
        65,
        &[
            "No session of Codex",
            ".codex/sessions (no such folder)",
            "CODEX_HOME",
        ],
    );
    // One that is written to is taken, with a word about it.
    home.put_at(
        ".pi/agent/sessions/--x--/now.jsonl",
        SystemTime::now() + Duration::from_secs(600),
        pi("/x", "Just now"),
    );
    let ran = home.run(&last("pi")).ok();
    assert!(
        ran.err
            .contains("warning: it was written to within the last minute"),
        "{}",
        ran.err
    );
    // One without the other says nothing.
    for words in [
        &["crystallize"][..],
        &["crystallize", "--from", "pi"],
        &["crystallize", "--last"],
        &["crystallize", "a.json", "--from", "pi", "--last"],
    ] {
        home.run(words).with(2);
    }
}

/// Recordings of others, laid out as their agents keep them: `DRUSE_SESSIONS`, or `shared/sessions` beside the checkout.
#[test]
fn real_sessions_are_told_as_they_are_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = match std::env::var_os("DRUSE_SESSIONS") {
        Some(given) => Some(PathBuf::from(given)),
        None => ["../shared/sessions", "../../shared/sessions"]
            .iter()
            .map(|path| root.join(path))
            .find(|path| path.is_dir()),
    };
    let Some(folder) = folder.filter(|path| path.is_dir()) else {
        println!("not run: no folder of recorded sessions (set DRUSE_SESSIONS)");
        return;
    };
    let home = Home::new();
    let mut laid = BTreeMap::new();
    for (kind, place, before) in [
        ("claude-code", ".claude/projects/real", ""),
        ("codex-rollout", ".codex/sessions/2025/01/01", "rollout-"),
        ("gemini-cli", ".gemini/tmp/real/chats", ""),
        ("pi", ".pi/agent/sessions/real", ""),
    ] {
        let mut paths: Vec<PathBuf> = std::fs::read_dir(folder.join(kind))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| std::fs::metadata(path).unwrap().len() < 1 << 20)
            .collect();
        paths.sort();
        for path in paths.into_iter().take(4) {
            let bytes = std::fs::read(&path).unwrap();
            let calls: u64 = druse_crystallizer::import(&bytes)
                .unwrap()
                .iter()
                .map(|session| session.counts().tool_calls)
                .sum();
            let name = path.file_name().unwrap().to_string_lossy();
            let name = format!("{place}/{before}{name}");
            laid.insert(home.put(&name, laid.len() as u64, &bytes), calls);
        }
    }
    let found = home.discover(&["--limit", "100"]);
    let told: BTreeMap<PathBuf, u64> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            assert!(
                item["task"]
                    .as_str()
                    .is_none_or(|task| task.chars().count() <= 73),
                "{item}"
            );
            (
                item["path"].as_str().unwrap().into(),
                item["tool_calls"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(told, laid);
    assert!(laid.len() > 8, "{laid:?}");
}

#[test]
fn the_page_says_where_is_looked_and_its_commands_are_understood() {
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/crystallizer.md"))
            .unwrap();
    let part = page
        .split("\n## ")
        .find(|part| part.starts_with("Sessions that agents keep"))
        .expect("the page has a part about it");
    let commands = examples(part);
    assert!(commands.len() >= 3, "{commands:?}");
    for words in commands {
        if let Err(error) = Cli::try_parse_from(&words) {
            panic!("{words:?}: {error}");
        }
    }
    let home = Home::new();
    let root = home.desk.path("home").to_string_lossy().into_owned();
    for place in home.discover(&[])["places"].as_array().unwrap() {
        let path = place["path"].as_str().unwrap().replace(&root, "~");
        assert!(part.contains(&path), "{path} is not on the page");
        assert!(part.contains(&format!("`{}`", place["agent"].as_str().unwrap())));
    }
    for name in VARIABLES {
        assert!(part.contains(name), "{name} is not on the page");
    }
}

/// What a sub-agent did stands in the session that asked it, also where it has a rollout of its own.
#[test]
fn rollouts_of_sub_agents_are_no_sessions() {
    let home = Home::new();
    let day = ".codex/sessions/2023/11/14";
    home.put(
        &format!("{day}/rollout-2023-11-14T10-00-00-a.jsonl"),
        0,
        codex("/srv/shop", "Tidy up"),
    );
    let told = codex("/srv/shop", "Fetch the page");
    for (minutes, (name, told)) in (1..).zip([
        (
            "b",
            told.replacen(
                "\"cwd\"",
                "\"source\":{\"subagent\":{\"thread_spawn\":{}}},\"cwd\"",
                1,
            ),
        ),
        (
            "c",
            told.replacen("\"cwd\"", "\"thread_source\":\"subagent\",\"cwd\"", 1),
        ),
    ]) {
        home.put(
            &format!("{day}/rollout-2023-11-14T10-00-0{minutes}-{name}.jsonl"),
            minutes,
            told,
        );
    }
    let found = home.discover(&["--agent", "codex"]);
    let items = found["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["task"], "Tidy up");
    let ran = home.run(&["crystallize", "--from", "codex", "--last"]).ok();
    assert!(
        ran.err.contains("rollout-2023-11-14T10-00-00-a.jsonl"),
        "{}",
        ran.err
    );
}

/// A session of Claude Code whose sub-agent wrote a file of its own.
fn with_sub_agent() -> (String, String) {
    let line = |agent: Option<&str>, second: u32, kind: &str, content: Value| {
        let id = format!("{}{second}", agent.unwrap_or("m"));
        let mut line = json!({
            "type": kind, "uuid": id, "sessionId": "new", "cwd": "/srv/shop",
            "timestamp": format!("2023-11-14T10:00:{second:02}Z"),
            "message": { "id": id, "role": kind, "content": content },
        });
        if let Some(agent) = agent {
            line["isSidechain"] = json!(true);
            line["agentId"] = json!(agent);
        }
        line
    };
    let uses = |id: &str, name: &str| json!([{ "type": "tool_use", "id": id, "name": name, "input": { "order": "W4" } }]);
    let told = |id: &str| json!([{ "type": "tool_result", "tool_use_id": id, "content": "ok" }]);
    let mut answered = line(None, 8, "user", told("t"));
    answered["toolUseResult"] = json!({ "status": "completed", "agentId": "ab1" });
    let main = lines(&[
        line(None, 0, "user", json!("Refund W4")),
        line(None, 1, "assistant", uses("t", "Task")),
        answered,
        line(None, 9, "assistant", uses("n", "mcp__shop__notify")),
        line(None, 10, "user", told("n")),
    ]);
    let agent = lines(&[
        line(Some("ab1"), 2, "user", json!("Refund W4")),
        line(Some("ab1"), 3, "assistant", uses("r", "mcp__shop__refund")),
        line(Some("ab1"), 4, "user", told("r")),
    ]);
    (main, agent)
}

#[test]
fn what_sub_agents_wrote_beside_a_session_is_part_of_it() {
    let (main, agent) = with_sub_agent();
    let steps = |ran: Ran| -> Vec<String> {
        let made = ran.ok().json();
        let steps = made["automation"]["document"]["steps"]
            .as_array()
            .unwrap()
            .clone();
        steps
            .iter()
            .map(|step| step["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let base = ".claude/projects/-srv-shop";
    for beside in [
        "new/subagents/agent-ab1.jsonl",
        "new/subagents/workflows/w1/agent-ab1.jsonl",
        "agent-ab1.jsonl",
    ] {
        let home = Home::new();
        home.put(&format!("{base}/new.jsonl"), 5, &main);
        home.put(&format!("{base}/{beside}"), 6, &agent);
        let ran = home.run(&[
            "crystallize",
            "--from",
            "claude-code",
            "--last",
            "--output",
            "json",
        ]);
        assert!(
            ran.err.contains("with 1 file of its sub-agents beside it"),
            "{}",
            ran.err
        );
        assert_eq!(steps(ran), ["refund", "notify"], "{beside}");
        if beside.starts_with("new/") {
            assert_eq!(home.discover(&[])["items"][0]["tool_calls"], 3, "{beside}");
        }
    }
    let home = Home::new();
    let main_at = home.put(&format!("{base}/new.jsonl"), 5, &main);
    let agent_at = home.put(&format!("{base}/new/subagents/agent-ab1.jsonl"), 6, &agent);
    let (main_at, agent_at) = (main_at.to_str().unwrap(), agent_at.to_str().unwrap());
    // Both files, in either order, and one put behind the other.
    home.put("both.jsonl", 7, format!("{main}{agent}"));
    for files in [
        vec![main_at, agent_at],
        vec![agent_at, main_at],
        vec!["home/both.jsonl"],
    ] {
        for mode in ["exact", "bound"] {
            let words = [
                vec!["crystallize", "--output", "json", "--mode", mode],
                files.clone(),
            ]
            .concat();
            assert_eq!(steps(home.run(&words)), ["refund", "notify"], "{files:?}");
        }
    }
    let stored = home
        .run(&["sessions", "import", agent_at, main_at, "--output", "json"])
        .ok()
        .json();
    assert_eq!(stored.as_array().map(Vec::len), Some(1), "{stored:#}");
    assert_eq!(stored[0]["counts"]["tool_calls"], 3);
    // The file of the session alone says what stands beside it.
    let alone = home.run(&["crystallize", main_at]).ok();
    assert!(
        alone.err.contains("Beside it: 1 file of its sub-agents"),
        "{}",
        alone.err
    );
}
