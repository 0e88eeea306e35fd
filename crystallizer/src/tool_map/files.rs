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

/// Searches as `rg` does and gives a part of what it finds; the words of `rg` come in as arguments. Nothing found is
/// an empty answer.
const PART_OF_SEARCH: &str = "found=$(rg \"$@\") || { code=$?; [ $code -eq 1 ] || exit $code; }; [ -z \"$found\" ] || printf '%s\\n' \"$found\"";

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
struct Given<'a>(&'a Map<String, Value>);

impl<'a> Given<'a> {
    fn text(&self, names: &[&str]) -> Option<&'a str> {
        names.iter().find_map(|name| self.0.get(*name)?.as_str())
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.0.get(name)?.as_u64()
    }

    fn yes(&self, name: &str) -> bool {
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
        (_, "str_replace_editor" | "str_replace_based_edit_tool") => here.editor(&given),
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
        ("claude-code", "AskUserQuestion") => "it asked the person who sat there",
        ("codex-rollout" | "codex-exec", "apply_patch" | "file_change") => {
            "it changes files by a patch of the agent's own kind"
        }
        _ => return None,
    })
}

/// A call, and the folders that its paths lead into.
struct Here<'f> {
    folders: &'f Folders<'f>,
    call: &'f ToolCall,
}

impl Here<'_> {
    /// A step about a path.
    fn step(&self, path: &str, more: &Value) -> FileCall {
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

    /// SWE-agent's own commands: words behind a name, or arguments by theirs.
    fn window(&self, name: &str, given: &Given<'_>) -> Option<FileCall> {
        let line = given.text(&["_raw"]);
        let words = line.map(|line| {
            let words = crate::shell_line::only_command(line).unwrap_or_default();
            let is_word = |word: &String| !word.is_empty();
            words.into_iter().filter(is_word).collect::<Vec<_>>()
        });
        let word = |place: usize, names: &[&str]| match &words {
            Some(words) => words.get(place).cloned(),
            None => given.text(names).map(str::to_owned),
        };
        let or_here =
            |place: usize| word(place, &["dir", "file"]).unwrap_or_else(|| ".".to_owned());
        let search = |words: &[&str], place: String| {
            let mut all: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            all.push(self.folders.moved(&place));
            Some(FileCall::Search(all, None))
        };
        match name {
            "open" => {
                let part = (word(1, &["line_number"]).is_some()).then_some(Remark::Part);
                Some(remarked(self.step(&word(0, &["path"])?, &read()), part))
            }
            "create" => Some(self.step(&word(0, &["filename"])?, &write(""))),
            "find_file" => {
                let name = word(0, &["file_name"])?;
                let place = or_here(1);
                let mut all = vec!["find".to_owned(), self.folders.moved(&place)];
                all.extend(["-type", "f", "-name"].map(str::to_owned));
                all.push(name);
                Some(FileCall::Search(all, None))
            }
            "search_dir" => {
                let term = word(0, &["search_term"])?;
                search(
                    &["grep", "-nIHr", "--exclude-dir=.*", "-e", &term, "--"],
                    or_here(1),
                )
            }
            "search_file" => {
                let term = word(0, &["search_term"])?;
                let place = word(1, &["file"]);
                match place {
                    Some(place) => search(&["grep", "-nH", "-e", &term, "--"], place),
                    None => Some(FileCall::Not(
                        "it searches the file in the agent's window".to_owned(),
                    )),
                }
            }
            "edit" | "insert" => Some(FileCall::Not(
                "it edits by the lines of the file in the agent's window".to_owned(),
            )),
            "decompile" | "disassemble" => Some(FileCall::Not(
                "it is a program of the agent's own machine".to_owned(),
            )),
            name if name.starts_with("connect_") || name.starts_with("debug_") => Some(
                FileCall::Not("it talks to a program that the agent kept running".to_owned()),
            ),
            _ => None,
        }
    }

    /// `src/**/*.ts` as a folder and a pattern of names; what is more than that as what `rg` finds.
    fn glob(&self, given: &Given<'_>) -> Option<FileCall> {
        let pattern = given.text(&["pattern"])?;
        let base = given.text(&["path", "dir_path"]).unwrap_or(".");
        let (place, names) = pattern.rsplit_once('/').unwrap_or(("", pattern));
        let (place, recursive) = match place.strip_suffix("**") {
            Some(place) => (place.trim_end_matches('/'), true),
            None => (place, false),
        };
        let more = place.contains(['*', '?', '[', '{'])
            || names.contains(['[', '{', '!'])
            || names.contains("**");
        if more {
            let words = [
                "rg",
                "--files",
                "--no-ignore",
                "--hidden",
                "--sort",
                "path",
                "--glob",
            ];
            let mut words: Vec<String> = words.map(str::to_owned).into();
            words.extend([
                pattern.to_owned(),
                "--".to_owned(),
                self.folders.moved(base),
            ]);
            return Some(FileCall::Search(words, None));
        }
        let whole = match (base, place) {
            (base, "") => base.to_owned(),
            (_, place) if place.starts_with('/') => place.to_owned(),
            (".", place) => place.to_owned(),
            (base, place) => format!("{}/{place}", base.trim_end_matches('/')),
        };
        let mut more = list(names, recursive);
        // Nothing is found in a folder that is not there.
        more["if_missing"] = "empty".into();
        Some(self.step(&whole, &more))
    }

    /// Claude Code's and Gemini CLI's search as what it runs: ripgrep.
    /// `otherwise` is what it answers where the call does not say.
    fn search(&self, given: &Given<'_>, otherwise: &str) -> Option<FileCall> {
        let pattern = given.text(&["pattern"])?;
        // The order is told, for `rg` looks into several files at a time.
        let mut words: Vec<String> = ["rg", "--sort", "path"].map(str::to_owned).into();
        match given.text(&["output_mode"]).unwrap_or(otherwise) {
            "content" => {
                if given.0.get("-n") != Some(&Value::Bool(false)) {
                    words.push("-n".to_owned());
                }
                if given.yes("-o") {
                    words.push("-o".to_owned());
                }
            }
            "count" => words.push("-c".to_owned()),
            _ => words.push("-l".to_owned()),
        }
        if given.yes("-i") {
            words.push("-i".to_owned());
        }
        if given.yes("multiline") {
            words.extend(["-U".to_owned(), "--multiline-dotall".to_owned()]);
        }
        for (name, flag) in [("-A", "-A"), ("-B", "-B"), ("-C", "-C"), ("context", "-C")] {
            if let Some(lines) = given.number(name) {
                words.extend([flag.to_owned(), lines.to_string()]);
            }
        }
        if let Some(names) = given.text(&["glob", "include"]) {
            words.extend(["--glob".to_owned(), names.to_owned()]);
        }
        if let Some(kind) = given.text(&["type"]) {
            words.extend(["--type".to_owned(), kind.to_owned()]);
        }
        words.extend(["-e".to_owned(), pattern.to_owned(), "--".to_owned()]);
        let place = given.text(&["path", "dir_path"]).unwrap_or(".");
        words.push(self.folders.moved(place));
        let from = given.number("offset").filter(|from| *from > 0);
        let most = given.number("head_limit").filter(|most| *most > 0);
        if from.is_some() || most.is_some() {
            let mut script = PART_OF_SEARCH.to_owned();
            if let Some(from) = from {
                script.push_str(&format!(" | tail -n +{}", from.saturating_add(1)));
            }
            if let Some(most) = most {
                script.push_str(&format!(" | head -n {most}"));
            }
            // The first word is the name that the script has for itself.
            words.splice(0..0, ["sh".to_owned(), "-c".to_owned(), script]);
        }
        Some(FileCall::Search(words, None))
    }
}

fn remarked(call: FileCall, remark: Option<Remark>) -> FileCall {
    match call {
        FileCall::Step(with, _) => FileCall::Step(with, remark),
        other => other,
    }
}

fn read() -> Value {
    json!({ "op": "read", "encoding": "text" })
}

fn write(text: &str) -> Value {
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

fn list(pattern: &str, recursive: bool) -> Value {
    let mut with = json!({ "op": "list" });
    if pattern != "*" {
        with["pattern"] = pattern.into();
    }
    if recursive {
        with["recursive"] = true.into();
    }
    with
}

/// Whether a tool only keeps the agent's own notes, or says that it is done: nothing outside of its session
/// changes by it.
pub(crate) fn is_bookkeeping(format: &str, name: &str) -> bool {
    matches!(
        (format, name),
        (
            _,
            "TodoWrite" | "TodoRead" | "ExitPlanMode" | "EnterPlanMode"
        ) | (
            "claude-code",
            "BashOutput" | "KillShell" | "KillBash" | "TaskOutput" | "TaskStop"
        ) | ("codex-rollout" | "codex-exec", "update_plan")
            | ("gemini-cli", "write_todos")
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
mod tests {
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
            started_at: None,
            finished_at: None,
            result: None,
        }
    }

    fn of(format: &str, name: &str, arguments: Value) -> Option<FileCall> {
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
            ("MultiEdit", json!({ "file_path": "a" }), "several places"),
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
        assert!(is_bookkeeping("openhands", "finish") && !is_bookkeeping("openai-chat", "finish"));
    }

    #[test]
    fn patterns_become_lists_and_searches_words_of_ripgrep() {
        assert_eq!(
            with("claude-code", "Glob", json!({ "pattern": "src/**/*.ts" })),
            json!({ "connection": "workspace", "op": "list", "path": "src", "pattern": "*.ts", "recursive": true, "if_missing": "empty" })
        );
        assert_eq!(
            with(
                "claude-code",
                "Glob",
                json!({ "pattern": "*.md", "path": "/home/ana/app/docs" })
            ),
            json!({ "connection": "workspace", "op": "list", "path": "docs", "pattern": "*.md", "if_missing": "empty" })
        );
        let words = |format: &str, name: &str, arguments: Value| match of(format, name, arguments) {
            Some(FileCall::Search(words, _)) => words,
            other => panic!("{other:?}"),
        };
        let grep = json!({ "pattern": "-x", "output_mode": "content", "-C": 2, "glob": "*.go" });
        assert_eq!(
            words("claude-code", "Grep", grep).join(" "),
            "rg --sort path -n -C 2 --glob *.go -e -x -- ."
        );
        let part = json!({ "pattern": "x", "offset": 2, "head_limit": 5 });
        let part = words("claude-code", "Grep", part);
        assert_eq!(part[..2], ["sh", "-c"]);
        assert!(
            part[2].ends_with(" | tail -n +3 | head -n 5"),
            "{}",
            part[2]
        );
        assert_eq!(part[3..].join(" "), "rg --sort path -l -e x -- .");
        let braces = words("claude-code", "Glob", json!({ "pattern": "{a,b}/*.rs" }));
        assert_eq!(braces[0], "rg");
        assert_eq!(
            words(
                "swe-agent",
                "find_file",
                json!({ "_raw": "\"fields.py\" src" })
            )
            .join(" "),
            "find src -type f -name fields.py"
        );
        assert_eq!(
            words(
                "swe-agent",
                "search_dir",
                json!({ "search_term": "a b", "dir": "x" })
            )
            .last()
            .unwrap(),
            "x"
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
