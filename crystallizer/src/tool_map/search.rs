//! The built-in map for what coding agents look for: names of files by a pattern, and lines in them.

use super::files::{FileCall, Given, Here, list, remarked};
use super::remark::Remark;
use serde_json::{Value, json};

/// Searches as `rg` does and gives a part of what it finds; the words of `rg` come in as arguments. Nothing found is
/// an empty answer.
const PART_OF_SEARCH: &str = "found=$(rg \"$@\") || { code=$?; [ $code -eq 1 ] || exit $code; }; [ -z \"$found\" ] || printf '%s\\n' \"$found\"";

impl Here<'_> {
    /// `src/**/*.ts` as a folder and a pattern of names; what is more than that as what `rg` finds.
    pub(super) fn glob(&self, given: &Given<'_>) -> Option<FileCall> {
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
            let base = self.folders.moved(base);
            let base = base.trim_end_matches('/');
            let words = [
                "find",
                base,
                "-regextype",
                "posix-extended",
                "-type",
                "f",
                "-regex",
            ];
            let mut words: Vec<String> = words.map(str::to_owned).into();
            words.push(format!("{}/{}", escaped(base), as_regex(pattern)));
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

    /// Claude Code's and Gemini CLI's search. `otherwise` is what it answers where the call does not say.
    pub(super) fn search(&self, given: &Given<'_>, otherwise: &str) -> Option<FileCall> {
        let pattern = given.text(&["pattern"])?;
        let place = given.text(&["path", "dir_path"]).unwrap_or(".");
        let names = given.text(&["glob", "include"]);
        let names = names.map(|names| names.strip_prefix("**/").unwrap_or(names));
        let is_plain = names.is_none_or(|names| !names.contains(['/', '{', '[', '!', ',']));
        let inside = self.folders.file(self.call, place).is_ok();
        if !inside || !is_plain || given.yes("multiline") || given.text(&["type"]).is_some() {
            return self.ripgrep(given, otherwise);
        }
        let lines = given.text(&["output_mode"]).unwrap_or(otherwise) == "content";
        let around = ["-A", "-B", "-C", "context"]
            .iter()
            .any(|key| given.number(key).is_some_and(|lines| lines > 0));
        let from = given.number("offset").filter(|from| *from > 0);
        let most = given.number("head_limit").filter(|most| *most > 0);
        let mut more = json!({ "op": "search", "regex": pattern, "if_missing": "empty" });
        if given.yes("-i") {
            more["ignore_case"] = true.into();
        }
        if let Some(names) = names.filter(|names| *names != "*") {
            more["pattern"] = names.into();
        }
        let remark = match (from, most) {
            (None, Some(most)) if lines && !around && most <= 10_000 => {
                more["max"] = most.into();
                None
            }
            (None, None) => None,
            _ => Some(Remark::All),
        };
        let other = (around || given.yes("-o")).then_some(Remark::Around);
        Some(remarked(self.step(place, &more), remark.or(other)))
    }

    /// The same as what the agent runs, where no step of the action `file` does it.
    fn ripgrep(&self, given: &Given<'_>, otherwise: &str) -> Option<FileCall> {
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

/// A text as a part of a regular expression.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if !(c.is_alphanumeric() || matches!(c, '/' | '_' | '-' | ' ' | ',' | '~' | '@' | ':')) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A pattern of paths as an extended regular expression.
fn as_regex(pattern: &str) -> String {
    let mut out = String::new();
    let mut rest = pattern;
    let mut open = 0_u32;
    while let Some(c) = rest.chars().next() {
        if let Some(behind) = rest.strip_prefix("**/") {
            out.push_str("(.*/)?");
            rest = behind;
            continue;
        }
        if let Some(behind) = rest.strip_prefix("**") {
            out.push_str(".*");
            rest = behind;
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '{' => {
                open += 1;
                out.push('(');
            }
            '}' if open > 0 => {
                open -= 1;
                out.push(')');
            }
            ',' if open > 0 => out.push('|'),
            c => out.push_str(&escaped(&c.to_string())),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::files::tests::of;
    use super::*;

    fn with(name: &str, arguments: Value) -> (Value, Option<Remark>) {
        match of("claude-code", name, arguments) {
            Some(FileCall::Step(with, remark)) => (with.into(), remark),
            other => panic!("{other:?}"),
        }
    }

    fn words(name: &str, arguments: Value) -> Vec<String> {
        match of("claude-code", name, arguments) {
            Some(FileCall::Search(words, _)) => words,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn patterns_of_names_become_lists() {
        assert_eq!(
            with("Glob", json!({ "pattern": "src/**/*.ts" })).0,
            json!({ "connection": "workspace", "op": "list", "path": "src", "pattern": "*.ts", "recursive": true, "if_missing": "empty" })
        );
        assert_eq!(
            with(
                "Glob",
                json!({ "pattern": "*.md", "path": "/home/ana/app/docs" })
            )
            .0,
            json!({ "connection": "workspace", "op": "list", "path": "docs", "pattern": "*.md", "if_missing": "empty" })
        );
        assert_eq!(
            words("Glob", json!({ "pattern": "**/a.b/*.{rs,toml}" })).join(" "),
            r"find . -regextype posix-extended -type f -regex \./(.*/)?a\.b/[^/]*\.(rs|toml)"
        );
    }

    #[test]
    fn searches_become_searches() {
        let grep = |arguments| with("Grep", arguments);
        assert_eq!(
            grep(
                json!({ "pattern": "-x", "path": "/home/ana/app/src", "-i": true, "glob": "**/*.go" })
            ),
            (
                json!({ "connection": "workspace", "op": "search", "path": "src", "regex": "-x", "if_missing": "empty", "ignore_case": true, "pattern": "*.go" }),
                None
            )
        );
        let (lines, remark) =
            grep(json!({ "pattern": "x", "output_mode": "content", "head_limit": 5 }));
        assert_eq!((&lines["max"], remark), (&json!(5), None));
        let (files, remark) = grep(json!({ "pattern": "x", "head_limit": 5, "offset": 2 }));
        assert_eq!((files.get("max"), remark), (None, Some(Remark::All)));
        let (_, remark) = grep(json!({ "pattern": "x", "output_mode": "content", "-C": 2 }));
        assert_eq!(remark, Some(Remark::Around));
    }

    #[test]
    fn what_is_more_than_that_is_asked_of_ripgrep() {
        let braces =
            json!({ "pattern": "-x", "output_mode": "content", "-C": 2, "glob": "*.{go,rs}" });
        assert_eq!(
            words("Grep", braces).join(" "),
            "rg --sort path -n -C 2 --glob *.{go,rs} -e -x -- ."
        );
        let part = json!({ "pattern": "x", "offset": 2, "head_limit": 5, "type": "go" });
        let part = words("Grep", part);
        assert_eq!(part[..2], ["sh", "-c"]);
        assert!(
            part[2].ends_with(" | tail -n +3 | head -n 5"),
            "{}",
            part[2]
        );
        assert_eq!(part[3..].join(" "), "rg --sort path -l --type go -e x -- .");
        let outside = json!({ "pattern": "x", "path": "/etc" });
        assert_eq!(
            words("Grep", outside).join(" "),
            "rg --sort path -l -e x -- /etc"
        );
    }
}
