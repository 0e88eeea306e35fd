//! Codex' patches: what `apply_patch` was given, as a tool of its own or in a line for a shell. A patch that makes one
//! file, or changes one place of one, is a `file` step; what is more than that no step does whole or not at all.

use super::ShellCommand;
use super::files::{FileCall, Here};
use serde_json::{Value, json};

/// The patch in a line for a shell, where that does nothing else.
pub(super) fn in_shell(command: &ShellCommand) -> Option<String> {
    if let Some([program, patch]) = command.argv.as_deref()
        && program == "apply_patch"
    {
        return Some(patch.clone());
    }
    let line = command.line();
    let rest = line.trim().strip_prefix("apply_patch")?.trim_start();
    let (mark, text) = rest.strip_prefix("<<")?.split_once('\n')?;
    let mark = mark.trim().trim_matches(['\'', '"']);
    let end = text.trim_end().strip_suffix(mark)?;
    (!mark.is_empty() && end.ends_with('\n') && !end.lines().any(|line| line == mark))
        .then(|| end.to_owned())
}

impl Here<'_> {
    /// What a patch comes to.
    pub(super) fn patch(&self, patch: &str) -> FileCall {
        match only_change(patch) {
            Ok((path, more)) => self.step(path, &more),
            Err(why) => FileCall::Not(why.to_owned()),
        }
    }
}

/// The file of a patch and the one thing that is done to it.
fn only_change(patch: &str) -> Result<(&str, Value), &'static str> {
    const STRANGE: &str = "its patch is not written as one";
    const SEVERAL: &str = "its patch changes several places, and a step changes one";
    let mut lines = patch.trim().lines();
    if lines.next() != Some("*** Begin Patch") || lines.next_back() != Some("*** End Patch") {
        return Err(STRANGE);
    }
    let head = lines.next().ok_or(STRANGE)?;
    let body: Vec<&str> = lines.filter(|line| *line != "*** End of File").collect();
    if body.iter().any(|line| line.starts_with("*** Move to: ")) {
        return Err("its patch renames a file");
    }
    if body.iter().any(|line| line.starts_with("*** ")) {
        return Err("its patch changes several files");
    }
    if let Some(path) = head.strip_prefix("*** Add File: ") {
        let text: Option<Vec<&str>> = body.iter().map(|line| line.strip_prefix('+')).collect();
        let mut text = text.ok_or(STRANGE)?.join("\n");
        text.push('\n');
        let more =
            json!({ "op": "write", "text": text, "if_exists": "fail", "create_folders": true });
        return Ok((path, more));
    }
    let Some(path) = head.strip_prefix("*** Update File: ") else {
        return Err(match head.starts_with("*** Delete File: ") {
            true => "its patch deletes a file",
            false => STRANGE,
        });
    };
    let mut hunks: Vec<Vec<&str>> = Vec::new();
    for line in body {
        match hunks.last_mut() {
            _ if line.starts_with("@@") => hunks.push(Vec::new()),
            Some(hunk) => hunk.push(line),
            None => hunks.push(vec![line]),
        }
    }
    hunks.retain(|hunk| !hunk.is_empty());
    let [hunk] = hunks.as_slice() else {
        return Err(if hunks.is_empty() { STRANGE } else { SEVERAL });
    };
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for line in hunk {
        match line.split_at_checked(1) {
            Some((" ", rest)) => {
                before.push(rest);
                after.push(rest);
            }
            Some(("-", rest)) => before.push(rest),
            Some(("+", rest)) => after.push(rest),
            // An empty line of context is written without its blank, too.
            None => {
                before.push("");
                after.push("");
            }
            _ => return Err(STRANGE),
        }
    }
    let (mut find, mut replace) = (before.join("\n"), after.join("\n"));
    if after.is_empty() || before.is_empty() {
        // Whole lines go: with them the end of the last.
        find.push('\n');
        replace.push_str(if after.is_empty() { "" } else { "\n" });
    }
    if find.trim().is_empty() {
        return Err("its patch does not say where it adds something");
    }
    Ok((
        path,
        json!({ "op": "edit", "find": find, "replace": replace }),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(body: &str) -> String {
        format!("*** Begin Patch\n{body}\n*** End Patch")
    }

    #[test]
    fn a_patch_of_one_place_is_an_edit_and_one_of_a_new_file_a_write() {
        let edit =
            |find: &str, replace: &str| json!({ "op": "edit", "find": find, "replace": replace });
        for (body, path, expected) in [
            (
                "*** Update File: src/a.py\n@@ def f():\n     x = 1\n-    return x\n+    return 2",
                "src/a.py",
                edit("    x = 1\n    return x", "    x = 1\n    return 2"),
            ),
            (
                "*** Update File: a\n-gone\n*** End of File",
                "a",
                edit("gone\n", ""),
            ),
            (
                "*** Add File: b.md\n+# B\n+\n+text",
                "b.md",
                json!({ "op": "write", "text": "# B\n\ntext\n", "if_exists": "fail", "create_folders": true }),
            ),
        ] {
            let patch = patch(body);
            assert_eq!(only_change(&patch), Ok((path, expected)), "{body}");
        }
        for (body, why) in [
            ("*** Update File: a\n@@\n-x\n@@\n-y", "several places"),
            (
                "*** Update File: a\n-x\n*** Update File: b\n-y",
                "several files",
            ),
            ("*** Update File: a\n*** Move to: b\n-x", "renames"),
            ("*** Delete File: a", "deletes"),
            ("*** Update File: a\n+x", "where it adds"),
            ("*** Update File: a\nx", "not written"),
            ("*** Update File: a", "not written"),
            ("*** Add File: a\nx", "not written"),
        ] {
            assert!(
                only_change(&patch(body)).unwrap_err().contains(why),
                "{body}"
            );
        }
        assert!(only_change("*** Begin").is_err());
    }

    #[test]
    fn a_line_for_a_shell_may_be_a_patch_and_nothing_else() {
        let line = |script: &str| ShellCommand {
            script: Some(script.to_owned()),
            ..ShellCommand::default()
        };
        let given = patch("*** Delete File: a");
        assert_eq!(
            in_shell(&line(&format!("apply_patch <<'EOF'\n{given}\nEOF"))),
            Some(format!("{given}\n"))
        );
        let words = ShellCommand {
            argv: Some(vec!["apply_patch".to_owned(), given.clone()]),
            ..ShellCommand::default()
        };
        assert_eq!(in_shell(&words), Some(given.clone()));
        for other in [
            "ls".to_owned(),
            "apply_patch a.diff".to_owned(),
            format!("apply_patch <<'EOF'\n{given}\nEOF\nmake"),
            format!("apply_patch <<'EOF'\n{given}\nEOF\nrm x\nEOF"),
        ] {
            assert_eq!(in_shell(&line(&other)), None, "{other}");
        }
    }
}
