//! SWE-agent's own commands, which show files in a window.

use super::files::{FileCall, Given, Here, read, remarked, write};
use super::remark::Remark;

impl Here<'_> {
    /// SWE-agent's own commands: words behind a name, or arguments by theirs.
    pub(super) fn window(&self, name: &str, given: &Given<'_>) -> Option<FileCall> {
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
}

#[cfg(test)]
mod tests {
    use super::super::files::tests::of;
    use super::*;
    use serde_json::json;

    #[test]
    fn commands_of_the_window_are_known_by_their_words() {
        let words = |name: &str, arguments| match of("swe-agent", name, arguments) {
            Some(FileCall::Search(words, _)) => words.join(" "),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            words("find_file", json!({ "_raw": "\"fields.py\" src" })),
            "find src -type f -name fields.py"
        );
        assert_eq!(
            words("search_dir", json!({ "search_term": "a b", "dir": "x" })),
            "grep -nIHr --exclude-dir=.* -e a b -- x"
        );
        let step = |name: &str, arguments| match of("swe-agent", name, arguments) {
            Some(FileCall::Step(with, remark)) => {
                (with["op"].clone(), with["path"].clone(), remark)
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(
            step("open", json!({ "_raw": "src/a.py 12" })),
            (json!("read"), json!("src/a.py"), Some(Remark::Part))
        );
        assert_eq!(
            step("create", json!({ "filename": "b.py" })),
            (json!("write"), json!("b.py"), None)
        );
        assert!(matches!(
            of("swe-agent", "edit", json!({ "_raw": "1:1 x" })),
            Some(FileCall::Not(_))
        ));
        assert_eq!(of("swe-agent", "python", json!({ "_raw": "a.py" })), None);
    }
}
