//! The built-in map for the file tools of coding agents: Claude Code, Gemini CLI, OpenHands, SWE-agent, pi.
//! Names that no other tool has are known everywhere; a plain word such as `read` only in recordings of
//! the agent whose tool it is.

use serde_json::{Map, Value, json};

/// The connection that a draft names for the working folder where none points at it.
const FOLDER: &str = "workspace";

/// What a coding agent's own tool is about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum FileCall {
    /// A step of the action `file`, by its configuration without the connection.
    Step(Map<String, Value>),
    /// A search through files: the words of `rg`.
    Search(Vec<String>),
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
/// tool has them. `format` is that of the recording, `folder` its working folder.
pub(crate) fn file_call(
    format: &str,
    folder: Option<&str>,
    name: &str,
    arguments: &Value,
) -> Option<FileCall> {
    let given = Given(arguments.as_object()?);
    let path = |names: &[&str]| given.text(names).map(|path| below(folder, path));
    let done = |path: Result<String, String>, more: Value| Some(step(path, &more));
    match (format, name) {
        (_, "Read") => done(path(&["file_path"])?, read()),
        (_, "Write") => done(path(&["file_path"])?, write(given.text(&["content"])?)),
        (_, "Edit") => done(
            path(&["file_path"])?,
            edit(
                given.text(&["old_string"])?,
                given.text(&["new_string"])?,
                given.yes("replace_all"),
            ),
        ),
        (_, "Glob") => glob(folder, &given),
        (_, "Grep") => search(&given, "files_with_matches"),
        (_, "LS") => done(path(&["path"])?, list("*", false)),
        ("gemini-cli", "read_file") => done(path(&["absolute_path", "file_path", "path"])?, read()),
        ("gemini-cli", "write_file") => {
            done(path(&["file_path"])?, write(given.text(&["content"])?))
        }
        ("gemini-cli", "replace") => done(
            path(&["file_path"])?,
            edit(
                given.text(&["old_string"])?,
                given.text(&["new_string"])?,
                given.number("expected_replacements").is_some_and(|n| n > 1),
            ),
        ),
        ("gemini-cli", "list_directory") => done(path(&["path", "dir_path"])?, list("*", false)),
        ("gemini-cli", "glob") => glob(folder, &given),
        ("gemini-cli", "search_file_content" | "grep_search") => search(&given, "content"),
        ("pi", "read") => done(path(&["path"])?, read()),
        ("pi", "write") => done(path(&["path"])?, write(given.text(&["content"])?)),
        ("pi", "edit") => done(
            path(&["path"])?,
            edit(given.text(&["oldText"])?, given.text(&["newText"])?, false),
        ),
        ("pi", "ls") => done(path(&["path"])?, list("*", false)),
        (_, "str_replace_editor" | "str_replace_based_edit_tool") => editor(folder, &given),
        ("swe-agent", "open") if !given.0.contains_key("_raw") => done(path(&["path"])?, read()),
        ("swe-agent", "create") if !given.0.contains_key("_raw") => {
            done(path(&["filename"])?, write(""))
        }
        _ => None,
    }
}

/// OpenHands', SWE-agent's and Anthropic's editor: one tool with a command.
fn editor(folder: Option<&str>, given: &Given<'_>) -> Option<FileCall> {
    let path = below(folder, given.text(&["path"])?);
    let more = match given.text(&["command"])? {
        // A path without an ending may be a folder; then the recorded answer is a list of names.
        "view" => read(),
        "create" => write(given.text(&["file_text"])?),
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
    Some(step(path, &more))
}

fn read() -> Value {
    json!({ "op": "read", "encoding": "text" })
}

fn write(text: &str) -> Value {
    json!({ "op": "write", "text": text, "create_folders": true })
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

fn step(path: Result<String, String>, more: &Value) -> FileCall {
    let path = match path {
        Ok(path) => path,
        Err(why) => return FileCall::Not(why),
    };
    if more["op"] == "edit" && more["find"] == "" {
        return FileCall::Not("it edits without saying which text".to_owned());
    }
    let mut with = Map::new();
    with.insert("connection".to_owned(), FOLDER.into());
    with.insert("op".to_owned(), more["op"].clone());
    with.insert("path".to_owned(), path.into());
    let rest = more.as_object().into_iter().flatten();
    with.extend(
        rest.filter(|(name, _)| *name != "op")
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    FileCall::Step(with)
}

/// The path below the working folder; or why it is not there.
fn below(folder: Option<&str>, path: &str) -> Result<String, String> {
    let shown = crate::show::text(path, 80);
    let inner = if path.starts_with('/') {
        let Some(folder) = folder else {
            return Err(format!(
                "the recording does not say in which folder the agent worked, and the path `{shown}` is a whole one"
            ));
        };
        let folder = folder.trim_end_matches('/');
        match path.strip_prefix(folder) {
            Some("") => "",
            Some(rest) if rest.starts_with('/') => rest,
            _ => {
                return Err(format!(
                    "the path `{shown}` lies outside of the working folder `{}`",
                    crate::show::text(folder, 80)
                ));
            }
        }
    } else {
        path
    };
    let mut parts = Vec::new();
    for part in inner.split('/') {
        match part {
            "" | "." => {}
            ".." | "~" => {
                return Err(format!(
                    "the path `{shown}` leads out of the working folder"
                ));
            }
            part if part.contains('\\') || part.contains(':') && parts.is_empty() => {
                return Err(format!("the path `{shown}` is none of this system"));
            }
            part => parts.push(part),
        }
    }
    Ok(match parts.is_empty() {
        true => ".".to_owned(),
        false => parts.join("/"),
    })
}

/// `src/**/*.ts` as a folder and a pattern of names.
fn glob(folder: Option<&str>, given: &Given<'_>) -> Option<FileCall> {
    let pattern = given.text(&["pattern"])?;
    let not = || {
        FileCall::Not(format!(
            "`{}` is more than a folder and a pattern of names",
            crate::show::text(pattern, 60)
        ))
    };
    let (place, names) = pattern.rsplit_once('/').unwrap_or(("", pattern));
    let (place, recursive) = match place.strip_suffix("**") {
        Some(place) => (place.trim_end_matches('/'), true),
        None => (place, false),
    };
    if place.contains(['*', '?', '[', '{'])
        || names.contains(['[', '{', '!'])
        || names.contains("**")
    {
        return Some(not());
    }
    let base = given.text(&["path", "dir_path"]).unwrap_or(".");
    let whole = match (base, place) {
        (base, "") => base.to_owned(),
        (_, place) if place.starts_with('/') => place.to_owned(),
        (".", place) => place.to_owned(),
        (base, place) => format!("{}/{place}", base.trim_end_matches('/')),
    };
    Some(step(below(folder, &whole), &list(names, recursive)))
}

/// Claude Code's and Gemini CLI's search as what it runs: ripgrep.
/// `otherwise` is what it answers where the call does not say.
fn search(given: &Given<'_>, otherwise: &str) -> Option<FileCall> {
    let pattern = given.text(&["pattern"])?;
    let mut words = vec!["rg".to_owned()];
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
    words.push(given.text(&["path", "dir_path"]).unwrap_or(".").to_owned());
    Some(FileCall::Search(words))
}

/// Whether a tool only keeps the agent's own notes, or says that it is done: nothing outside of its session
/// changes by it.
pub(crate) fn is_bookkeeping(format: &str, name: &str) -> bool {
    matches!(
        (format, name),
        (
            _,
            "TodoWrite" | "TodoRead" | "ExitPlanMode" | "EnterPlanMode"
        ) | ("codex-rollout" | "codex-exec", "update_plan")
            | ("gemini-cli", "write_todos")
            | ("openhands", "finish" | "think" | "task_tracker")
            | ("swe-agent", "submit")
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

    fn of(format: &str, name: &str, arguments: Value) -> Option<FileCall> {
        file_call(format, Some("/home/ana/app/"), name, &arguments)
    }

    fn with(format: &str, name: &str, arguments: Value) -> Value {
        match of(format, name, arguments) {
            Some(FileCall::Step(with)) => with.into(),
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
                "leads out",
            ),
            (
                "Read",
                json!({ "file_path": "C:\\a" }),
                "none of this system",
            ),
            (
                "Edit",
                json!({ "file_path": "a", "old_string": "", "new_string": "b" }),
                "which text",
            ),
            (
                "Glob",
                json!({ "pattern": "{a,b}/*.rs" }),
                "more than a folder",
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
        assert!(matches!(
            file_call("claude-code", None, "Read", &json!({ "file_path": "/a" })),
            Some(FileCall::Not(_))
        ));
    }

    #[test]
    fn plain_words_are_tools_only_of_the_agents_that_have_them() {
        assert_eq!(of("openai-chat", "read", json!({ "path": "a" })), None);
        assert_eq!(of("claude-code", "Read", json!({ "id": 7 })), None);
        assert_eq!(of("claude-code", "Read", json!("a")), None);
        assert!(is_bookkeeping("openhands", "finish") && !is_bookkeeping("openai-chat", "finish"));
    }

    #[test]
    fn patterns_become_lists_and_searches_words_of_ripgrep() {
        assert_eq!(
            with("claude-code", "Glob", json!({ "pattern": "src/**/*.ts" })),
            json!({ "connection": "workspace", "op": "list", "path": "src", "pattern": "*.ts", "recursive": true })
        );
        assert_eq!(
            with(
                "claude-code",
                "Glob",
                json!({ "pattern": "*.md", "path": "/home/ana/app/docs" })
            ),
            json!({ "connection": "workspace", "op": "list", "path": "docs", "pattern": "*.md" })
        );
        let Some(FileCall::Search(words)) = of(
            "claude-code",
            "Grep",
            json!({ "pattern": "-x", "output_mode": "content", "-C": 2, "glob": "*.go" }),
        ) else {
            panic!("a search");
        };
        assert_eq!(words.join(" "), "rg -n -C 2 --glob *.go -e -x -- .");
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
