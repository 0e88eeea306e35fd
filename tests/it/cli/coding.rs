//! From the log of a coding agent to a run of it in another folder: with real files, a real shell, and nothing of
//! the agent's own.

use super::help::examples;
use super::{Desk, json};
use clap::Parser as _;
use druse::cli::Cli;
use serde_json::{Value, json as value};
use std::path::Path;

/// Where the agent worked: nowhere on this machine.
const RECORDED: &str = "/recorded/by/ana/shop";

/// The log of a session of Claude Code.
struct Log {
    lines: Vec<Value>,
    folder: Option<String>,
}

impl Log {
    fn new(folder: Option<&str>) -> Self {
        let mut log = Self {
            lines: Vec::new(),
            folder: folder.map(str::to_owned),
        };
        log.line(
            "user",
            value!({ "role": "user", "content": "Put the shop in order" }),
            None,
        );
        log
    }

    fn line(&mut self, kind: &str, message: Value, twin: Option<Value>) {
        let number = self.lines.len();
        let mut line = value!({
            "type": kind, "sessionId": "s1", "uuid": format!("u{number}"), "isSidechain": false,
            "parentUuid": number.checked_sub(1).map(|number| format!("u{number}")),
            "timestamp": format!("2026-11-02T09:00:{:02}.000Z", number % 60),
            "message": message,
        });
        if let Some(folder) = &self.folder {
            line["cwd"] = folder.as_str().into();
        }
        if let Some(twin) = twin {
            line["toolUseResult"] = twin;
        }
        self.lines.push(line);
    }

    /// A call, and its answer as the agent got it; one that failed with a code.
    fn call(&mut self, name: &str, input: Value, answer: &str, failed: Option<u8>) {
        let id = format!("c{}", self.lines.len());
        let said = value!([{ "type": "tool_use", "id": id, "name": name, "input": input }]);
        let message = format!("m{}", self.lines.len());
        self.line(
            "assistant",
            value!({ "id": message, "role": "assistant", "content": said }),
            None,
        );
        let text = match failed {
            Some(code) => format!("Exit code {code}\n{answer}"),
            None => answer.to_owned(),
        };
        let result = value!([{ "type": "tool_result", "tool_use_id": id, "content": text, "is_error": failed.is_some() }]);
        self.line("user", value!({ "role": "user", "content": result }), None);
    }

    /// A call, and its answer with what the agent keeps beside it.
    fn call_with(&mut self, name: &str, input: Value, answer: &str, beside: Value) {
        self.call(name, input, answer, None);
        if let Some(line) = self.lines.last_mut() {
            line["toolUseResult"] = beside;
        }
    }

    /// Its shell stands in another folder from here on.
    fn goes(&mut self, folder: &str) {
        self.folder = Some(folder.to_owned());
    }

    fn text(&self) -> String {
        self.lines.iter().map(|line| format!("{line}\n")).collect()
    }
}

/// What a coding agent does all day.
fn session(folder: Option<&str>) -> Log {
    let mut log = Log::new(folder);
    let path = |inner: &str| match folder {
        Some(folder) => format!("{folder}/{inner}"),
        None => inner.to_owned(),
    };
    log.call(
        "Read",
        value!({ "file_path": path("src/list.txt") }),
        "     1→one\n     2→two",
        None,
    );
    log.call(
        "Edit",
        value!({ "file_path": path("src/list.txt"), "old_string": "one", "new_string": "1" }),
        "edited",
        None,
    );
    log.call(
        "Grep",
        value!({ "pattern": "tw[o0]", "output_mode": "content" }),
        "src/list.txt:2:two",
        None,
    );
    log.call(
        "Grep",
        value!({ "pattern": "no such text" }),
        "No files found",
        None,
    );
    log.call(
        "Glob",
        value!({ "pattern": "docs/*.md" }),
        "No files found",
        None,
    );
    log.call(
        "Bash",
        value!({ "command": "grep -rn absent src" }),
        "",
        Some(1),
    );
    log.call(
        "Bash",
        value!({ "command": "for w in {a..c}; do echo $w; done > words.txt" }),
        "",
        None,
    );
    log.call("Bash", value!({ "command": "cd web && ls" }), "", None);
    log
}

fn world(desk: &Desk) {
    for folder in ["box/src", "box/web"] {
        std::fs::create_dir_all(desk.path(folder)).unwrap();
    }
    desk.write("box/src/list.txt", "one\ntwo\n");
}

/// What the steps have done to the folder.
fn done(desk: &Desk) {
    assert_eq!(desk.read("box/src/list.txt"), "1\ntwo\n");
    assert_eq!(desk.read("box/words.txt"), "a\nb\nc\n");
}

fn path_of(path: &Path) -> String {
    std::path::absolute(path).unwrap().display().to_string()
}

#[test]
fn a_coding_session_runs_in_another_folder() {
    let desk = Desk::new();
    world(&desk);
    let mut log = session(Some(RECORDED));
    log.goes(&format!("{RECORDED}/web"));
    // Its folder is the one that the shell was left in.
    log.call("Bash", value!({ "command": "pwd > here.txt" }), "", None);
    desk.write("session.jsonl", log.text());
    let home = path_of(&desk.path("box"));
    desk.write(
        "connections.yaml",
        format!("connections:\n  workspace: {{ kind: folder, path: {home:?} }}\n"),
    );
    let made = desk
        .run(&[
            "crystallize",
            "session.jsonl",
            "--in",
            "box",
            "--connections",
            "connections.yaml",
            "--output",
            "json",
        ])
        .ok()
        .json();
    let report = &made["report"];
    assert_eq!(report["replay"]["matched"], 9, "{report:#}");
    let codes: Vec<&str> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|finding| finding["code"].as_str())
        .collect();
    assert!(codes.contains(&"folder_changed"), "{codes:?}");
    for code in ["folder_unknown", "unmapped_tool", "failed_call_kept"] {
        assert!(!codes.contains(&code), "{code} in {codes:?}");
    }
    desk.write("auto.json", made["automation"]["document"].to_string());
    let run = desk
        .run(&[
            "run",
            "auto.json",
            "--connections",
            "connections.yaml",
            "--yes",
            "--output",
            "json",
        ])
        .ok();
    assert!(run.out.contains("succeeded"), "{run:?}");
    done(&desk);
    assert_eq!(
        desk.read("box/web/here.txt").trim_end(),
        format!("{home}/web")
    );
}

#[test]
fn a_session_without_a_folder_asks_for_one() {
    let desk = Desk::new();
    world(&desk);
    desk.write("session.jsonl", session(None).text());
    let home = path_of(&desk.path("box"));
    let stored = json(&desk, &["sessions", "import", "session.jsonl"]);
    let id = stored[0]["id"].as_str().unwrap();
    let made = json(&desk, &["sessions", "crystallize", id]);
    let open = |made: &Value| {
        made["report"]["findings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|finding| finding["code"] == "folder_unknown" && finding["acknowledge"] == true)
    };
    assert!(open(&made), "{made:#}");

    desk.run(&["sessions", "crystallize", id, "--in", "box"])
        .refused(65, &["cannot work in the folder `box`", "written whole"]);
    let told = json(&desk, &["sessions", "crystallize", id, "--in", &home]);
    assert!(!open(&told), "{told:#}");
    let document = &told["automation"]["document"];
    assert_eq!(
        document["metadata"]["crystallized"]["folder"],
        home.as_str()
    );
    let steps = document["steps"].as_array().unwrap();
    let shells: Vec<&Value> = steps
        .iter()
        .filter(|step| step["action"] == "shell")
        .collect();
    assert_eq!(shells.len(), 3);
    for step in shells {
        assert_eq!(step["with"]["cwd"], home.as_str(), "{step:#}");
    }

    // A connection of that name tells it as well.
    let folder = value!({ "kind": "folder", "path": home }).to_string();
    desk.run(&["connections", "set", "workspace", &folder]).ok();
    let told = json(&desk, &["sessions", "crystallize", id]);
    assert!(!open(&told), "{told:#}");
    desk.write("auto.json", told["automation"]["document"].to_string());
    desk.write(
        "connections.yaml",
        format!("connections:\n  workspace: {folder}\n"),
    );
    desk.run(&[
        "run",
        "auto.json",
        "--connections",
        "connections.yaml",
        "--yes",
    ])
    .ok();
    done(&desk);
}

/// What the agent's own tools keep beside their answers is no part of what a program and a file give.
#[test]
fn values_follow_what_real_programs_and_files_give() {
    let desk = Desk::new();
    for folder in ["box", "box/orders"] {
        std::fs::create_dir_all(desk.path(folder)).unwrap();
    }
    let bill = |order: &str, total: u32| format!("{{\"order_id\":\"{order}\",\"total\":{total}}}");
    let wrote = |text: &str| value!({ "stdout": text, "stderr": "", "interrupted": false });
    let recorded = bill("ord-77812", 137);
    let mut log = Log::new(Some(RECORDED));
    log.call_with(
        "Bash",
        value!({ "command": "cat orders/bill.json" }),
        &recorded,
        wrote(&recorded),
    );
    log.call_with(
        "Bash",
        value!({ "command": "cat orders/newest.txt" }),
        "ord-90211",
        wrote("ord-90211"),
    );
    let other = bill("ord-55123", 248);
    log.call_with(
        "Read",
        value!({ "file_path": format!("{RECORDED}/orders/other.json") }),
        &format!("     1→{other}"),
        value!({ "type": "text", "file": { "content": format!("{other}\n"), "numLines": 1 } }),
    );
    log.call_with(
        "Grep",
        value!({ "pattern": "ord", "output_mode": "content" }),
        "orders/newest.txt:1:ord-90211",
        value!({ "mode": "content", "content": "orders/newest.txt:1:ord-90211" }),
    );
    log.call(
        "mcp__archive__store_orders",
        value!({
            "first": "ord-77812", "first_total": 137, "newest": "ord-90211",
            "other": "ord-55123", "other_total": 248,
        }),
        "{\"ok\":true}",
        None,
    );
    desk.write("session.jsonl", log.text());
    let home = path_of(&desk.path("box"));
    let folder = value!({ "kind": "folder", "path": home }).to_string();
    desk.run(&["connections", "set", "workspace", &folder]).ok();
    desk.write(
        "tools.yaml",
        "tools:\n  - match: \"mcp__archive__*\"\n    action: transform\n    with: { value: \"{{ call.arguments }}\" }\n    effects: write\n",
    );
    let stored = json(&desk, &["sessions", "import", "session.jsonl"]);
    let id = stored[0]["id"].as_str().unwrap();
    let made = json(
        &desk,
        &[
            "sessions",
            "crystallize",
            id,
            "--mode",
            "bound",
            "--name",
            "store",
            "--in",
            &home,
            "--tools",
            "tools.yaml",
        ],
    );
    let mut words = vec!["automations".to_owned(), "activate".into(), "store".into()];
    let shown = json(&desk, &["automations", "show", "store"]);
    for finding in shown["findings"].as_array().into_iter().flatten() {
        if finding["acknowledge"] == true {
            words.push("--acknowledge".to_owned());
            words.push(finding["id"].as_str().unwrap().to_owned());
        }
    }
    desk.run(&words).ok();

    // What people and programs write ends its lines.
    desk.write("box/orders/bill.json", bill("ord-10001", 11) + "\n");
    desk.write("box/orders/newest.txt", "ord-20002\n");
    desk.write("box/orders/other.json", bill("ord-30003", 33) + "\n");
    let ran = desk
        .run(&["runs", "start", "store", "--output", "json"])
        .json();
    assert_eq!(ran["status"], "succeeded", "{ran:#}\n{made:#}");
    let last = ran["steps"]
        .as_array()
        .and_then(|steps| steps.iter().find(|step| step["path"] == "store_orders"));
    assert_eq!(
        last.expect("the last step")["output"],
        value!({
            "first": "ord-10001", "first_total": 11, "newest": "ord-20002",
            "other": "ord-30003", "other_total": 33,
        })
    );
    let told = desk
        .run(&["runs", "drift", ran["id"].as_str().unwrap()])
        .ok();
    assert_eq!(told.out, "");
}

#[test]
fn the_page_about_coding_sessions_has_commands_that_are_understood() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/crystallizer.md");
    let page = std::fs::read_to_string(page).unwrap();
    let part = page
        .split("\n## ")
        .find(|part| part.starts_with("Coding sessions"))
        .expect("the page has a part about it");
    let commands = examples(part);
    assert_eq!(commands.len(), 2, "{commands:?}");
    for words in commands {
        if let Err(error) = Cli::try_parse_from(&words) {
            panic!("{words:?}: {error}");
        }
    }
}
