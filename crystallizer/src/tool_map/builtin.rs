//! The built-in map for the shell tools of coding agents: Claude Code's `Bash`, Codex' `shell`,
//! `shell_command`, `exec_command`, `local_shell_call` and `command_execution`, Gemini CLI's
//! `run_shell_command`, and the `bash` of others. Told by name and by the form of the arguments.

use super::plain_line::is_plain;
use serde_json::{Map, Value};

/// A recorded shell call.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct ShellCommand {
    /// Program and arguments, where they were recorded apart.
    pub(crate) argv: Option<Vec<String>>,
    /// One line or more for a shell, where that was recorded.
    pub(crate) script: Option<String>,
    /// The shell that reads it, where that is known.
    pub(crate) shell: Option<String>,
    /// The working folder of the call.
    pub(crate) cwd: Option<String>,
    /// The time limit of the call, in milliseconds.
    pub(crate) timeout_ms: Option<u64>,
    /// Environment variables that the call set.
    pub(crate) env: Map<String, Value>,
    /// What the agent said it is for.
    pub(crate) description: Option<String>,
    /// Whether it was left running behind the agent's back.
    pub(crate) background: bool,
}

impl ShellCommand {
    /// What the shell reads: the script, or the line behind `bash -lc`; else the words of the call.
    pub(crate) fn line(&self) -> String {
        match (&self.script, &self.argv) {
            (Some(script), _) => script.clone(),
            (None, Some(argv)) => match argv.as_slice() {
                [shell, flag, line] if is_shell(shell) && is_command_flag(flag) => line.clone(),
                words => {
                    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
                    words.join(" ")
                }
            },
            (None, None) => String::new(),
        }
    }
}

/// A word as a shell reads it as one.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+~".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn is_shell(program: &str) -> bool {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    matches!(name, "sh" | "bash" | "zsh" | "dash" | "ksh")
}

fn is_command_flag(flag: &str) -> bool {
    flag.starts_with('-') && !flag.starts_with("--") && flag.ends_with('c')
}

/// The shell call behind a recorded tool call; `None` when the tool is no known shell tool, or the
/// arguments do not have the form that this tool is known by.
pub(crate) fn shell_command(name: &str, arguments: &Value) -> Option<ShellCommand> {
    let map = arguments.as_object()?;
    match name {
        "Bash" => {
            let mut command = common(map);
            command.shell = Some("bash".to_owned());
            command.script = Some(map.get("command")?.as_str()?.to_owned());
            command.timeout_ms = map.get("timeout").and_then(Value::as_u64);
            command.background = map
                .get("run_in_background")
                .and_then(Value::as_bool)
                .unwrap_or(false);
            Some(command)
        }
        // pi's, OpenHands', SWE-agent's and Anthropic's shell, whose limits are in seconds; opencode's, which takes a
        // description with the command, has milliseconds.
        "bash" | "execute_bash" => {
            let mut command = common(map);
            command.shell = Some("bash".to_owned());
            command.script = Some(map.get("command")?.as_str()?.to_owned());
            let unit = match map.contains_key("description") {
                true => 1,
                false => 1_000,
            };
            let limit = map.get("timeout").and_then(Value::as_u64);
            command.timeout_ms = limit.map(|limit| limit.saturating_mul(unit));
            Some(command)
        }
        "run_shell_command" => {
            let mut command = common(map);
            command.script = Some(map.get("command")?.as_str()?.to_owned());
            command.cwd = map
                .get("directory")
                .or_else(|| map.get("dir_path"))
                .and_then(Value::as_str)
                .filter(|folder| !folder.is_empty())
                .map(str::to_owned);
            command.background = map.get("is_background").and_then(Value::as_bool) == Some(true);
            Some(command)
        }
        "command_execution" => {
            let mut command = common(map);
            let line = map.get("command")?.as_str()?;
            // Codex writes the words of a call as one line.
            match crate::shell_line::only_command(line) {
                Some(words) if matches!(words.as_slice(), [shell, flag, _] if is_shell(shell) && is_command_flag(flag)) =>
                {
                    command.argv = Some(words);
                }
                _ => command.script = Some(line.to_owned()),
            }
            Some(command)
        }
        "exec_command" => {
            let mut command = common(map);
            command.script = Some(
                map.get("cmd")
                    .or_else(|| map.get("command"))?
                    .as_str()?
                    .to_owned(),
            );
            Some(command)
        }
        "shell" | "shell_command" | "container.exec" | "developer__shell" => of_command(map),
        "local_shell_call" | "local_shell" => match map.get("action").and_then(Value::as_object) {
            Some(action) => of_command(action),
            None => of_command(map),
        },
        _ => None,
    }
}

/// The shell line behind a call of which only its first word was recorded as the tool, as SWE-agent does;
/// none where that word is one of the agent's own commands, which no shell has.
pub(super) fn bare_line(format: &str, name: &str, arguments: &Value) -> Option<ShellCommand> {
    // OpenHands' newer name of its shell, which others give to tools of another kind.
    if (format, name) == ("openhands", "terminal") {
        let answers = arguments.get("is_input").and_then(Value::as_bool) == Some(true);
        return shell_command("execute_bash", arguments).filter(|_| !answers);
    }
    const OWN: [&str; 18] = [
        "create",
        "decompile",
        "disassemble",
        "edit",
        "exit_forfeit",
        "find_file",
        "goto",
        "insert",
        "open",
        "scroll_down",
        "scroll_up",
        "search_dir",
        "search_file",
        "set_cursors",
        "skip",
        "str_replace_editor",
        "submit",
        "view",
    ];
    let rest = arguments.get("_raw")?.as_str()?;
    let own = OWN.contains(&name) || name.starts_with("connect_") || name.starts_with("debug_");
    if format != "swe-agent" || own || name.is_empty() {
        return None;
    }
    Some(ShellCommand {
        script: Some(format!("{name} {rest}").trim_end().to_owned()),
        shell: Some("bash".to_owned()),
        ..ShellCommand::default()
    })
}

fn of_command(map: &Map<String, Value>) -> Option<ShellCommand> {
    let mut command = common(map);
    match map.get("command").or_else(|| map.get("cmd"))? {
        Value::String(script) => command.script = Some(script.clone()),
        Value::Array(words) if !words.is_empty() => {
            let argv: Option<Vec<String>> = words
                .iter()
                .map(|word| word.as_str().map(str::to_owned))
                .collect();
            command.argv = Some(argv?);
        }
        _ => return None,
    }
    Some(command)
}

fn common(map: &Map<String, Value>) -> ShellCommand {
    let text = |key: &str| {
        map.get(key)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let env = map.get("env").and_then(Value::as_object);
    ShellCommand {
        cwd: text("workdir")
            .or_else(|| text("working_directory"))
            .or_else(|| text("cwd")),
        timeout_ms: map
            .get("timeout_ms")
            .or_else(|| map.get("timeout"))
            .and_then(Value::as_u64),
        env: env
            .map(|env| {
                env.iter()
                    .filter(|(_, value)| value.is_string())
                    .map(|(k, v)| (k.clone(), v.clone()))
                    .collect()
            })
            .unwrap_or_default(),
        description: text("description").or_else(|| text("justification")),
        ..ShellCommand::default()
    }
}

/// The `with` of the shell step: the program, and where it runs.
pub(super) fn request(command: &ShellCommand, cwd: Option<String>) -> Map<String, Value> {
    let mut with = Map::new();
    match (&command.argv, &command.script) {
        (Some(argv), _) => {
            with.insert("argv".to_owned(), argv.clone().into());
        }
        // A script is fixed text for `sh` that no template may reach: one that looks like a template, or that
        // another shell reads otherwise, goes to that as an argument.
        (None, Some(script)) => match reader(command.shell.as_deref(), script) {
            Some(shell) => {
                with.insert(
                    "argv".to_owned(),
                    vec![shell.to_owned(), "-c".to_owned(), script.clone()].into(),
                );
            }
            None => {
                with.insert("script".to_owned(), script.clone().into());
            }
        },
        (None, None) => {
            with.insert("script".to_owned(), "".into());
        }
    }
    if !command.env.is_empty() {
        with.insert("env".to_owned(), command.env.clone().into());
    }
    if let Some(cwd) = cwd {
        with.insert("cwd".to_owned(), cwd.into());
    }
    if crate::shell_line::ends_in_search(&command.line()) {
        with.insert("success_exit_codes".to_owned(), vec![0, 1].into());
    }
    with
}

/// The shell that has to read a script; none where `sh` does as well.
fn reader<'a>(shell: Option<&'a str>, script: &str) -> Option<&'a str> {
    match shell {
        Some("sh") if script.contains("{{") => Some("sh"),
        Some("sh") => None,
        Some(shell) => (script.contains("{{") || !is_plain(script)).then_some(shell),
        // Nobody knows what the agent had: its text tells, as far as it can.
        None => (script.contains("{{") || needs_bash(script)).then_some("bash"),
    }
}

/// Whether a script uses what `sh` does not know, as far as its text tells.
fn needs_bash(script: &str) -> bool {
    [
        "[[",
        "<(",
        ">(",
        "$'",
        "&>",
        "|&",
        "<<<",
        "pipefail",
        "declare ",
        "shopt ",
        "source ",
        "function ",
        "=(",
        "((",
        " == ",
        ">&",
        "echo -e",
        "let ",
        "pushd",
        "popd",
        "RANDOM",
        "PIPESTATUS",
        "%q",
        // One shell's `echo` reads these, the other's does not.
        "\\n",
        "\\t",
    ]
    .iter()
    .any(|mark| script.contains(mark))
        || script
            .split_whitespace()
            .any(|word| word == "ERR" || word == "ERR;")
        || has_braces(script)
        || has_expansion(script)
}

/// Whether it holds `{a,b}` or `{1..3}`.
fn has_braces(script: &str) -> bool {
    script.split('{').skip(1).any(|rest| {
        let inside = rest
            .split('}')
            .next()
            .filter(|inside| inside.len() < rest.len());
        inside.is_some_and(|inside| {
            !inside.contains(char::is_whitespace) && (inside.contains(',') || inside.contains(".."))
        })
    })
}

/// Whether it holds `${x//a/b}`, `${x:1:2}`, `${x^^}` and the like.
fn has_expansion(script: &str) -> bool {
    script.split("${").skip(1).any(|rest| {
        let inside = rest.split('}').next().unwrap_or(rest);
        let cut = inside.find(':').map(|place| &inside[place + 1..]);
        inside.contains('/')
            || inside.contains('^')
            || inside.contains(',')
            || inside.contains('[')
            || inside.starts_with('!')
            || cut.is_some_and(|rest| !rest.starts_with(['-', '=', '+', '?']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_only_bash_reads_goes_to_bash() {
        for script in [
            "mkdir -p {a,b}/c",
            "for i in {1..3}; do echo $i; done",
            "echo ${x//b/z}",
            "echo ${x:1:2}",
            "echo ${x^^}",
            "echo -e 'a'",
            "[ a == b ]",
            "echo \"a\\nb\"",
        ] {
            assert!(needs_bash(script), "{script}");
        }
        for script in [
            "ls -l | grep x",
            "echo ${x:-y} ${#x}",
            "awk '{ print $1, $2 }' f",
            "a() { echo b; }",
            "grep -c ERROR logs/app.log",
        ] {
            assert!(!needs_bash(script), "{script}");
        }
    }

    #[test]
    fn knows_the_shell_tools_by_name_and_form() {
        let bash = shell_command(
            "Bash",
            &json!({ "command": "npm test", "timeout": 5000, "description": "Run tests" }),
        )
        .unwrap();
        assert_eq!(bash.line(), "npm test");
        assert_eq!(bash.timeout_ms, Some(5000));
        assert_eq!(
            Value::from(request(&bash, Some("/w".to_owned()))),
            json!({ "script": "npm test", "cwd": "/w" })
        );

        // The same key has two units: opencode's shell is told by the description that it takes.
        for (arguments, limit) in [
            (json!({ "command": "ls", "timeout": 30 }), 30_000),
            (
                json!({ "command": "ls", "timeout": 30_000, "description": "List" }),
                30_000,
            ),
        ] {
            let bash = shell_command("bash", &arguments).unwrap();
            assert_eq!(bash.timeout_ms, Some(limit));
        }

        let codex = shell_command(
            "shell",
            &json!({ "command": ["bash", "-lc", "ls -l"], "workdir": "./a" }),
        )
        .unwrap();
        assert_eq!(codex.line(), "ls -l");
        assert_eq!(
            Value::from(request(&codex, Some("/w/a".to_owned()))),
            json!({ "argv": ["bash", "-lc", "ls -l"], "cwd": "/w/a" })
        );
        let local = shell_command(
            "local_shell_call",
            &json!({ "action": { "type": "exec", "command": ["ls"], "env": { "A": "b", "C": 1 } } }),
        );
        assert_eq!(
            Value::from(request(&local.unwrap(), None)),
            json!({ "argv": ["ls"], "env": { "A": "b" } })
        );

        let template = shell_command(
            "exec_command",
            &json!({ "cmd": "docker ps --format '{{.ID}}'" }),
        )
        .unwrap();
        assert_eq!(
            request(&template, None)["argv"],
            json!(["bash", "-c", "docker ps --format '{{.ID}}'"])
        );

        let exec = shell_command(
            "command_execution",
            &json!({ "command": "bash -lc 'cd a && ls'" }),
        )
        .unwrap();
        assert_eq!(
            request(&exec, None)["argv"],
            json!(["bash", "-lc", "cd a && ls"])
        );

        // The shell of the agent reads what another one would read otherwise, whatever the text looks like.
        let mut line = shell_command("Bash", &json!({ "command": "echo $RANDOM_SEED" })).unwrap();
        assert_eq!(
            request(&line, None)["argv"],
            json!(["bash", "-c", "echo $RANDOM_SEED"])
        );
        line.shell = Some("sh".to_owned());
        assert_eq!(request(&line, None)["script"], "echo $RANDOM_SEED");
        let search = shell_command("Bash", &json!({ "command": "ls | grep x" })).unwrap();
        assert_eq!(
            Value::from(request(&search, None)),
            json!({ "script": "ls | grep x", "success_exit_codes": [0, 1] })
        );

        for (name, arguments) in [
            ("bash", json!({ "restart": true })),
            ("Bash", json!({ "cmd": "ls" })),
            ("shell", json!({ "command": [1] })),
            ("shell", json!({ "command": [] })),
            ("shell", json!("ls")),
        ] {
            assert_eq!(shell_command(name, &arguments), None, "{name}");
        }
    }
}
