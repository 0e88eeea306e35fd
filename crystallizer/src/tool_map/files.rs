//! The built-in map for the file tools of coding agents: Claude Code, Gemini CLI, OpenHands, SWE-agent, pi.
//! Names that no other tool has are known everywhere; a plain word such as `read` only in recordings of
//! the agent whose tool it is.

use super::{Folders, remark::Remark};
use crate::session::ToolCall;
use serde_json::{Map, Value, json};

/// Endings of files that no agent reads as text.
const BINARY: [&str; 22] = [
    "avif", "bin", "bmp", "doc", "docx", "gif", "gz", "heic", "ico", "jpeg", "jpg", "mp3", "mp4",
    "pdf", "png", "pptx", "tiff", "wasm", "wav", "webp", "xlsx", "zip",
];

/// What a coding agent's own tool is about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum FileCall {
    /// A step of the action `file`, by its configuration.
    Step(Map<String, Value>, Option<Remark>),
    /// A search through files, or a list of them: the words of a program.
    Search(Vec<String>, Option<Remark>),
    /// A page of the web, by its address.
    Fetch(String, Option<Remark>),
    /// Such a tool, used in a way that no step stands for, and why.
    Not(String),
}

/// The arguments of one call.
pub(super) struct Given<'a>(pub(super) &'a Map<String, Value>);

impl<'a> Given<'a> {
    pub(super) fn text(&self, names: &[&str]) -> Option<&'a str> {
        names.iter().find_map(|name| self.0.get(*name)?.as_str())
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.0.get(name)?.as_u64()
    }

    pub(super) fn yes(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool) == Some(true)
    }
}

/// What a call of a file tool is about; none where it is no such tool, or its arguments are not as that
/// tool has them. `format` is that of the recording.
pub(crate) fn file_call(format: &str, folders: &Folders<'_>, call: &ToolCall) -> Option<FileCall> {
    let given = Given(call.arguments.as_object()?);
    let here = Here { folders, call };
    let done = |names: &[&str], more: Value| Some(here.step(given.text(names)?, &more));
    let look = |names: &[&str]| Some(here.read(given.text(names)?, &given));
    let listed = |names: &[&str]| {
        let remark = given
            .0
            .get("ignore")
            .filter(|names| names.as_array().is_some_and(|names| !names.is_empty()))
            .map(|_| Remark::Ignored);
        Some(remarked(
            here.step(given.text(names)?, &list("*", false)),
            remark,
        ))
    };
    match (format, call.name.as_str()) {
        (_, "Read") => look(&["file_path"]),
        (_, "Write") => done(&["file_path"], write(given.text(&["content"])?)),
        // Claude Code makes a file that way.
        (_, "Edit") if given.text(&["old_string"])?.is_empty() => {
            done(&["file_path"], create(given.text(&["new_string"])?))
        }
        (_, "Edit") => done(
            &["file_path"],
            edit(
                given.text(&["old_string"])?,
                given.text(&["new_string"])?,
                given.yes("replace_all"),
            ),
        ),
        ("claude-code", "MultiEdit") => here.edits(&given),
        ("codex-rollout" | "codex-exec", "apply_patch") => given
            .text(&["input", "patch", "_raw"])
            .map(|patch| here.patch(patch))
            .or_else(|| why_not(format, "apply_patch").map(|why| FileCall::Not(why.to_owned()))),
        (_, "Glob") => here.glob(&given),
        (_, "Grep") => here.search(&given, "files_with_matches"),
        (_, "LS") => listed(&["path"]),
        ("claude-code", "WebFetch") => {
            let url = given.text(&["url"])?;
            Some(FileCall::Fetch(url.to_owned(), Some(Remark::Page)))
        }
        ("gemini-cli", "read_file") => look(&["absolute_path", "file_path", "path"]),
        ("gemini-cli", "write_file") => done(&["file_path"], write(given.text(&["content"])?)),
        ("gemini-cli", "replace") if given.text(&["old_string"])?.is_empty() => {
            done(&["file_path"], create(given.text(&["new_string"])?))
        }
        ("gemini-cli", "replace") => done(
            &["file_path"],
            edit(
                given.text(&["old_string"])?,
                given.text(&["new_string"])?,
                given.number("expected_replacements").is_some_and(|n| n > 1),
            ),
        ),
        ("gemini-cli", "list_directory") => listed(&["path", "dir_path"]),
        ("gemini-cli", "glob") => here.glob(&given),
        ("gemini-cli", "search_file_content" | "grep_search") => here.search(&given, "content"),
        ("pi", "read") => look(&["path"]),
        ("pi", "write") => done(&["path"], write(given.text(&["content"])?)),
        ("pi", "edit") => done(
            &["path"],
            edit(given.text(&["oldText"])?, given.text(&["newText"])?, false),
        ),
        ("pi", "ls") => listed(&["path"]),
        (_, "str_replace_editor" | "str_replace_based_edit_tool")
        | ("openhands", "file_editor") => here.editor(&given),
        ("swe-agent", name) => here.window(name, &given),
        (_, name) => why_not(format, name).map(|why| FileCall::Not(why.to_owned())),
    }
}

/// Why nothing that Druse does stands for a tool of a coding agent.
fn why_not(format: &str, name: &str) -> Option<&'static str> {
    Some(match (format, name) {
        ("claude-code", "MultiEdit") => "one call of it edits several places of a file",
        ("claude-code", "NotebookEdit") => "it edits a cell of a notebook",
        (
            "claude-code" | "gemini-cli" | "codex-rollout" | "codex-exec",
            "WebSearch" | "google_web_search" | "web_search",
        ) => "it searches the web through the agent's own service",
        ("gemini-cli", "web_fetch") => "the addresses stand in the words that a model was given",
        ("claude-code", "Task" | "Agent") => {
            "a sub-agent did the work, and what it called is not in this recording"
        }
        ("claude-code", "AskUserQuestion")
        | ("codex-rollout" | "codex-exec", "request_user_input") => {
            "it asked the person who sat there"
        }
        ("codex-rollout" | "codex-exec", "apply_patch" | "file_change") => {
            "what it changed in the files is not in the recording"
        }
        _ => return None,
    })
}

/// Whether a tool is one of the agent's own, however it was called.
pub(super) fn is_own(format: &str, name: &str) -> bool {
    match format {
        "claude-code" => matches!(
            name,
            "Bash"
                | "Read"
                | "Write"
                | "Edit"
                | "MultiEdit"
                | "Glob"
                | "Grep"
                | "LS"
                | "NotebookEdit"
                | "WebFetch"
        ),
        "gemini-cli" => matches!(
            name,
            "run_shell_command"
                | "read_file"
                | "write_file"
                | "replace"
                | "list_directory"
                | "glob"
                | "search_file_content"
                | "grep_search"
        ),
        "pi" => matches!(name, "bash" | "read" | "write" | "edit" | "ls"),
        "openhands" => matches!(
            name,
            "execute_bash" | "str_replace_editor" | "terminal" | "file_editor"
        ),
        "codex-rollout" => matches!(
            name,
            "shell" | "shell_command" | "exec_command" | "apply_patch"
        ),
        _ => false,
    }
}

/// Whether a tool of an agent only looks at what no step can look at again.
pub(crate) fn only_looked(format: &str, name: &str) -> bool {
    matches!(
        (format, name),
        (
            "claude-code",
            "WebSearch" | "AskUserQuestion" | "mcp__ide__getDiagnostics" | "ListMcpResourcesTool"
        ) | ("gemini-cli", "google_web_search" | "web_fetch")
            | (
                "codex-rollout" | "codex-exec",
                "web_search" | "request_user_input"
            )
            | ("swe-agent", "decompile" | "disassemble" | "search_file")
    )
}

/// Whether a tool hands work to a sub-agent.
pub(crate) fn hands_on(format: &str, name: &str) -> bool {
    format == "claude-code" && matches!(name, "Task" | "Agent")
}

/// A call, and the folders that its paths lead into.
pub(super) struct Here<'f> {
    pub(super) folders: &'f Folders<'f>,
    pub(super) call: &'f ToolCall,
}

impl Here<'_> {
    /// A step about a path.
    pub(super) fn step(&self, path: &str, more: &Value) -> FileCall {
        let (connection, path) = match self.folders.file(self.call, path) {
            Ok(place) => place,
            Err(why) => return FileCall::Not(why),
        };
        let mut with = Map::new();
        with.insert("connection".to_owned(), connection.into());
        with.insert("op".to_owned(), more["op"].clone());
        with.insert("path".to_owned(), path.into());
        let rest = more.as_object().into_iter().flatten();
        with.extend(
            rest.filter(|(name, _)| *name != "op")
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        FileCall::Step(with, None)
    }

    /// Reads a file; a folder that an editor was asked to show is listed.
    fn read(&self, path: &str, given: &Given<'_>) -> FileCall {
        let answer = self.call.result.as_ref().map(|result| &result.content);
        let answer = answer.and_then(Value::as_str).unwrap_or_default();
        if answer.starts_with("Here's the files and directories up to 2 levels deep") {
            return remarked(self.step(path, &list("*", false)), Some(Remark::Levels));
        }
        let ending = path
            .rsplit_once('.')
            .map(|(_, end)| end.to_ascii_lowercase());
        if ending.is_some_and(|end| BINARY.contains(&end.as_str())) {
            let more = json!({ "op": "read", "encoding": "base64" });
            return remarked(self.step(path, &more), Some(Remark::Binary));
        }
        let part = ["offset", "limit", "view_range", "pages", "start_line"]
            .iter()
            .any(|key| given.0.get(*key).is_some_and(|value| !value.is_null()));
        remarked(self.step(path, &read()), part.then_some(Remark::Part))
    }

    /// Claude Code's edits of one file in one call: a step where it is only one.
    fn edits(&self, given: &Given<'_>) -> Option<FileCall> {
        let several =
            || why_not("claude-code", "MultiEdit").map(|why| FileCall::Not(why.to_owned()));
        let Some(path) = given.text(&["file_path"]) else {
            return several();
        };
        let Some([only]) = given
            .0
            .get("edits")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
        else {
            return several();
        };
        let one = Given(only.as_object()?);
        let find = one.text(&["old_string"])?;
        let replace = one.text(&["new_string"])?;
        Some(match find.is_empty() {
            true => self.step(path, &create(replace)),
            false => self.step(path, &edit(find, replace, one.yes("replace_all"))),
        })
    }

    /// OpenHands', SWE-agent's and Anthropic's editor: one tool with a command.
    fn editor(&self, given: &Given<'_>) -> Option<FileCall> {
        let path = given.text(&["path"])?;
        let command = given.text(&["command"])?;
        let needed = |key: &'static str| given.text(&[key]).ok_or(key);
        let lacks = |key: &str| {
            Some(FileCall::Not(format!(
                "the command `{command}` of the editor came without `{key}`"
            )))
        };
        let more = match command {
            "view" => return Some(self.read(path, given)),
            "create" => match needed("file_text") {
                Ok(text) => write(text),
                Err(key) => return lacks(key),
            },
            "str_replace" if needed("old_str").is_err() => return lacks("old_str"),
            "str_replace" => edit(
                given.text(&["old_str"])?,
                given.text(&["new_str"]).unwrap_or_default(),
                false,
            ),
            other => {
                return Some(FileCall::Not(format!(
                    "no action does what the command `{}` of the editor did",
                    crate::show::text(other, 30)
                )));
            }
        };
        if more["op"] == "edit" && more["find"] == "" {
            return Some(FileCall::Not(
                "it edits without saying which text".to_owned(),
            ));
        }
        Some(self.step(path, &more))
    }
}

pub(super) fn remarked(call: FileCall, remark: Option<Remark>) -> FileCall {
    match call {
        FileCall::Step(with, _) => FileCall::Step(with, remark),
        other => other,
    }
}

pub(super) fn read() -> Value {
    json!({ "op": "read", "encoding": "text" })
}

pub(super) fn write(text: &str) -> Value {
    json!({ "op": "write", "text": text, "create_folders": true })
}

/// Writes a file that was not there.
fn create(text: &str) -> Value {
    json!({ "op": "write", "text": text, "if_exists": "fail", "create_folders": true })
}

fn edit(find: &str, replace: &str, all: bool) -> Value {
    let mut with = json!({ "op": "edit", "find": find, "replace": replace });
    if all {
        with["all"] = true.into();
    }
    with
}

pub(super) fn list(pattern: &str, recursive: bool) -> Value {
    let mut with = json!({ "op": "list" });
    if pattern != "*" {
        with["pattern"] = pattern.into();
    }
    if recursive {
        with["recursive"] = true.into();
    }
    with
}

/// Whether a call only keeps the agent's own notes, or says that it is done: nothing outside of its session
/// changes by it.
pub(crate) fn is_bookkeeping(format: &str, name: &str, arguments: &Value) -> bool {
    thinks(name, arguments) || keeps_notes(format, name)
}

/// Whether a tool is a place to think, as many agents are given one: it is named so, and all that it is told is the
/// thought, with counts and flags beside it.
fn thinks(name: &str, arguments: &Value) -> bool {
    let words = crate::words::split(&crate::name::of_call(name, None)).concat();
    let is_named_so = matches!(words.as_str(), "think" | "sequentialthinking" | "thinking");
    let is_told = |map: &Map<String, Value>| {
        map.contains_key("thought")
            && map
                .iter()
                .all(|(key, value)| key == "thought" || value.is_number() || value.is_boolean())
    };
    is_named_so && arguments.as_object().is_some_and(is_told)
}

fn keeps_notes(format: &str, name: &str) -> bool {
    matches!(
        (format, name),
        (
            _,
            "TodoWrite" | "TodoRead" | "ExitPlanMode" | "EnterPlanMode"
        ) | (
            "claude-code",
            "BashOutput" | "KillShell" | "KillBash" | "TaskOutput" | "TaskStop"
        ) | ("codex-rollout" | "codex-exec", "update_plan")
            | ("gemini-cli", "write_todos" | "todo_write")
            | ("opencode", "todowrite" | "todoread")
            | ("cursor", "updateTodos")
            | ("openhands", "finish" | "think" | "task_tracker")
            | (
                "swe-agent",
                "submit"
                    | "goto"
                    | "scroll_up"
                    | "scroll_down"
                    | "set_cursors"
                    | "exit_forfeit"
                    | "skip"
            )
            | ("atif", "mark_task_complete")
    )
}

/// The text of a file in the answer of a tool that numbers lines and adds notes of its own; none where it is
/// not written so.
pub(crate) fn without_numbers(text: &str) -> Option<String> {
    let text = text.split("\n\n<system-reminder>").next().unwrap_or(text);
    let text = match text.split_once('\n') {
        Some((first, rest)) if first.contains("`cat -n`") => rest,
        _ => text,
    };
    let mut plain = Vec::new();
    for line in text.lines() {
        let rest = line.trim_start_matches(' ');
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let rest = &rest[digits..];
        let content = rest.strip_prefix('→').or_else(|| rest.strip_prefix('\t'));
        match content {
            Some(content) if digits > 0 => plain.push(content),
            _ if line.is_empty() => {}
            _ => return None,
        }
    }
    (!plain.is_empty()).then(|| plain.join("\n"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn call(name: &str, arguments: Value) -> ToolCall {
        ToolCall {
            id: "c".into(),
            name: name.into(),
            arguments,
            batch: 0,
            agent: None,
            folder: None,
            shell: None,
            inside: None,
            waits: false,
            started_at: None,
            finished_at: None,
            result: None,
        }
    }

    pub(in crate::tool_map) fn of(format: &str, name: &str, arguments: Value) -> Option<FileCall> {
        let none = BTreeMap::new();
        let folders = Folders::new(Some("/home/ana/app/"), None, &none);
        file_call(format, &folders, &call(name, arguments))
    }

    fn with(format: &str, name: &str, arguments: Value) -> Value {
        match of(format, name, arguments) {
            Some(FileCall::Step(with, _)) => with.into(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn files_are_read_written_and_edited_below_the_working_folder() {
        assert_eq!(
            with(
                "claude-code",
                "Read",
                json!({ "file_path": "/home/ana/app/src/a.rs", "offset": 3 })
            ),
            json!({ "connection": "workspace", "op": "read", "path": "src/a.rs", "encoding": "text" })
        );
        assert_eq!(
            with(
                "claude-code",
                "Edit",
                json!({ "file_path": "b.md", "old_string": "x", "new_string": "", "replace_all": true })
            ),
            json!({ "connection": "workspace", "op": "edit", "path": "b.md", "find": "x", "replace": "", "all": true })
        );
        assert_eq!(
            with(
                "openhands",
                "str_replace_editor",
                json!({ "command": "create", "path": "/home/ana/app/./c/d", "file_text": "t" })
            ),
            json!({ "connection": "workspace", "op": "write", "path": "c/d", "text": "t", "create_folders": true })
        );
        assert_eq!(
            with(
                "claude-code",
                "MultiEdit",
                json!({ "file_path": "~/app/b.md", "edits": [{ "old_string": "x", "new_string": "y" }] })
            ),
            json!({ "connection": "workspace", "op": "edit", "path": "b.md", "find": "x", "replace": "y" })
        );
        let patch = "*** Begin Patch\n*** Update File: b.md\n-x\n+y\n*** End Patch";
        assert_eq!(
            with("codex-rollout", "apply_patch", json!({ "_raw": patch })),
            json!({ "connection": "workspace", "op": "edit", "path": "b.md", "find": "x", "replace": "y" })
        );
        assert_eq!(
            with("pi", "read", json!({ "path": "/home/ana/app" }))["path"],
            "."
        );
    }

    #[test]
    fn what_lies_elsewhere_or_is_more_than_a_step_says_why() {
        for (name, arguments, why) in [
            ("Read", json!({ "file_path": "/etc/passwd" }), "outside"),
            ("Read", json!({ "file_path": "/home/ana/apple" }), "outside"),
            (
                "Write",
                json!({ "file_path": "../x", "content": "" }),
                "outside",
            ),
            (
                "Read",
                json!({ "file_path": "C:\\a" }),
                "none of this system",
            ),
            (
                "str_replace_editor",
                json!({ "command": "str_replace", "path": "a", "old_str": "" }),
                "which text",
            ),
            (
                "MultiEdit",
                json!({ "file_path": "a", "edits": [{ "old_string": "x", "new_string": "y" }, { "old_string": "y", "new_string": "z" }] }),
                "several places",
            ),
            (
                "str_replace_editor",
                json!({ "command": "undo_edit", "path": "a" }),
                "undo_edit",
            ),
        ] {
            match of("claude-code", name, arguments) {
                Some(FileCall::Not(said)) => assert!(said.contains(why), "{said}"),
                other => panic!("{name}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_a_step_does_otherwise_is_remarked() {
        let mut folder = call(
            "str_replace_editor",
            json!({ "command": "view", "path": "src" }),
        );
        folder.result = Some(crate::session::ToolResult {
            content: "Here's the files and directories up to 2 levels deep in /x:\n/x/a".into(),
            structured: None,
            is_error: false,
            refused: false,
            truncated: false,
            unread: false,
            exit_code: None,
        });
        let none = BTreeMap::new();
        let folders = Folders::new(Some("/x"), None, &none);
        match file_call("openhands", &folders, &folder) {
            Some(FileCall::Step(with, Some(Remark::Levels))) => assert_eq!(with["op"], "list"),
            other => panic!("{other:?}"),
        }
        for (name, arguments, expected) in [
            (
                "Read",
                json!({ "file_path": "a.rs", "offset": 3 }),
                Some(Remark::Part),
            ),
            ("Read", json!({ "file_path": "a.rs", "offset": null }), None),
            (
                "Read",
                json!({ "file_path": "a.PNG" }),
                Some(Remark::Binary),
            ),
            (
                "LS",
                json!({ "path": ".", "ignore": ["x"] }),
                Some(Remark::Ignored),
            ),
            ("LS", json!({ "path": "." }), None),
        ] {
            match of("claude-code", name, arguments) {
                Some(FileCall::Step(_, remark)) => assert_eq!(remark, expected, "{name}"),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn plain_words_are_tools_only_of_the_agents_that_have_them() {
        assert_eq!(of("openai-chat", "read", json!({ "path": "a" })), None);
        assert_eq!(of("claude-code", "Read", json!({ "id": 7 })), None);
        assert_eq!(of("claude-code", "Read", json!("a")), None);
        assert_eq!(of("swe-agent", "python", json!({ "_raw": "a.py" })), None);
        let none = json!({});
        let notes = |format: &str, name: &str| is_bookkeeping(format, name, &none);
        assert!(notes("openhands", "finish") && !notes("openai-chat", "finish"));
        let thinks = |name: &str, told: Value| is_bookkeeping("openai-chat", name, &told);
        for name in ["think", "mcp__x__sequentialthinking", "sequential_thinking"] {
            let one = json!({ "thought": "so", "thoughtNumber": 2, "nextThoughtNeeded": true });
            assert!(thinks(name, one), "{name}");
        }
        assert!(!thinks(
            "think",
            json!({ "thought": "so", "to": "a@b.example" })
        ));
        assert!(
            !thinks("think", json!({ "id": 7 })) && !thinks("post", json!({ "thought": "so" }))
        );
    }

    #[test]
    fn numbers_of_lines_are_no_part_of_a_file() {
        assert_eq!(
            without_numbers("     1→a\n    10→  b\n\n<system-reminder>\nx\n</system-reminder>\n")
                .as_deref(),
            Some("a\n  b")
        );
        assert_eq!(
            without_numbers("Here's the result of running `cat -n` on /a:\n     1\tx\n     2\t\n")
                .as_deref(),
            Some("x\n")
        );
        assert_eq!(without_numbers("plain\ntext"), None);
    }
}
