//! Which shell reads the lines of an agent. A line means something else in another one, and only the agent's own
//! product tells which it is.

use serde_json::Value;

/// The shell that an agent's shell tool gives its line to; none where the words of the call name it, or nobody knows.
pub(super) fn of(format: &str, name: &str, arguments: &Value) -> Option<String> {
    let text = |key: &str| arguments.get(key).and_then(Value::as_str);
    let named = |path: &str| {
        let program = path.rsplit('/').next().unwrap_or(path);
        matches!(program, "bash" | "zsh" | "sh" | "dash" | "ksh").then(|| program.to_owned())
    };
    let bash = || Some("bash".to_owned());
    match (format, name) {
        // Druse's own form says it, or says that nobody knows.
        ("druse", _) => None,
        ("claude-code", "Bash") => bash(),
        ("codex-rollout", "exec_command" | "shell_command") => {
            text("shell").and_then(named).or_else(bash)
        }
        ("gemini-cli", "run_shell_command") => bash(),
        ("openhands", "execute_bash" | "run" | "terminal") | ("pi", "bash") => bash(),
        ("swe-agent", "bash") => bash(),
        ("swe-agent", _) if text("_raw").is_some() => bash(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_product_tells_the_shell() {
        for (format, name, arguments, expected) in [
            (
                "claude-code",
                "Bash",
                json!({ "command": "ls" }),
                Some("bash"),
            ),
            ("claude-code", "Read", json!({ "file_path": "/a" }), None),
            (
                "codex-rollout",
                "exec_command",
                json!({ "cmd": "ls", "shell": "/bin/zsh" }),
                Some("zsh"),
            ),
            (
                "codex-rollout",
                "exec_command",
                json!({ "cmd": "ls", "shell": "powershell" }),
                Some("bash"),
            ),
            (
                "codex-rollout",
                "shell",
                json!({ "command": ["zsh", "-lc", "ls"] }),
                None,
            ),
            (
                "gemini-cli",
                "run_shell_command",
                json!({ "command": "ls" }),
                Some("bash"),
            ),
            (
                "swe-agent",
                "python",
                json!({ "_raw": "a.py" }),
                Some("bash"),
            ),
            (
                "openai-chat",
                "run_shell_command",
                json!({ "command": "ls" }),
                None,
            ),
            ("druse", "Bash", json!({ "command": "ls" }), None),
        ] {
            assert_eq!(
                of(format, name, &arguments).as_deref(),
                expected,
                "{format} {name}"
            );
        }
    }
}
