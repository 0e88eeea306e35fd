//! What a shell line does, as far as it can be told without running it. Unknown is the answer to doubt.

/// Programs that only look.
const LOOKS: [&str; 47] = [
    "cat", "ls", "grep", "egrep", "fgrep", "rg", "head", "tail", "wc", "pwd", "echo", "printf",
    "which", "type", "nl", "sort", "uniq", "cut", "tr", "diff", "cmp", "stat", "file", "du", "df",
    "tree", "jq", "basename", "dirname", "realpath", "readlink", "true", "false", "test", "[",
    "whoami", "id", "hostname", "uname", "date", "less", "more", "cd", "column", "fold", "ag",
    "ps",
];

/// The pieces of a line, as [`joined`] finds them.
fn pieces(line: &str) -> Option<Vec<Vec<String>>> {
    joined(line).map(|pieces| pieces.into_iter().map(|(_, words)| words).collect())
}

/// The pieces of a line between `&&`, `||`, `|`, `;` and line ends, outside quotes, each behind what stands in front
/// of it. `None` when the line holds what cannot be told: substitution, redirection into a file, a here-document,
/// background.
fn joined(line: &str) -> Option<Vec<(&'static str, Vec<String>)>> {
    let mut pieces: Vec<(&str, Vec<String>)> = vec![("", Vec::new())];
    let mut word = String::new();
    let mut in_word = false;
    let mut quote: Option<char> = None;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some('\''), '\'') => quote = None,
            (Some('\''), c) => word.push(c),
            (Some('"'), '"') => quote = None,
            (_, '`') => return None,
            (_, '$') if chars.peek() == Some(&'(') => return None,
            (_, '\\') => {
                in_word = true;
                if let Some(next) = chars.next() {
                    word.push(next);
                }
            }
            (Some(_), c) => word.push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                in_word = true;
            }
            (None, '>') => {
                // Throwing output away and joining the two streams write nothing.
                let rest: String = chars.clone().take(10).collect();
                let rest = rest.trim_start_matches('>');
                let skip = if rest.starts_with("&1") || rest.starts_with("&2") {
                    2
                } else if rest.trim_start().starts_with("/dev/null") {
                    rest.len() - rest.trim_start().len() + "/dev/null".len()
                } else {
                    return None;
                };
                for _ in 0..skip {
                    chars.next();
                }
                if matches!(word.as_str(), "1" | "2" | "&") {
                    word.clear();
                    in_word = false;
                }
            }
            (None, '<' | '(' | ')') => return None,
            (None, '&') => match chars.peek() {
                Some('&') => {
                    chars.next();
                    end_word(&mut pieces, &mut word, &mut in_word);
                    pieces.push(("&&", Vec::new()));
                }
                Some('>') => word.push('&'),
                _ => return None,
            },
            (None, '|' | ';' | '\n') => {
                let mark = match (c, chars.peek()) {
                    ('|', Some('|')) => {
                        chars.next();
                        "||"
                    }
                    ('|', _) => "|",
                    _ => ";",
                };
                end_word(&mut pieces, &mut word, &mut in_word);
                pieces.push((mark, Vec::new()));
            }
            (None, c) if c.is_whitespace() => end_word(&mut pieces, &mut word, &mut in_word),
            (None, c) => {
                word.push(c);
                in_word = true;
            }
        }
    }
    if quote.is_some() {
        return None;
    }
    end_word(&mut pieces, &mut word, &mut in_word);
    pieces.retain(|(_, words)| !words.is_empty());
    Some(pieces)
}

/// The words of a line that is one command and nothing else.
pub(crate) fn only_command(line: &str) -> Option<Vec<String>> {
    let mut pieces = pieces(line)?;
    (pieces.len() == 1).then(|| pieces.remove(0))
}

/// Whether the end of a line is that of a search, whose code 1 says that nothing was found.
pub(crate) fn ends_in_search(line: &str) -> bool {
    let Some(pieces) = joined(line.trim()) else {
        return false;
    };
    let alone = pieces.iter().skip(1).all(|(mark, _)| *mark == "|");
    let last = pieces.last().map(|(_, words)| words.as_slice());
    alone
        && last.is_some_and(|words| {
            let mut words = words.iter().skip_while(|word| is_assignment(word));
            let searches = match words.next().map(String::as_str) {
                Some("grep" | "egrep" | "fgrep" | "rg" | "zgrep") => true,
                Some("git") => words.next().is_some_and(|word| word == "grep"),
                _ => false,
            };
            // Then it is the code that is asked for.
            searches && !words.any(|word| word == "-q" || word == "--quiet")
        })
}

/// Whether a line leaves a shell that goes on in another folder.
pub(crate) fn leaves_its_folder(line: &str) -> bool {
    without_documents(line)
        .split(['\n', ';', '&', '|'])
        .filter_map(|piece| piece.split_whitespace().next())
        .any(|word| matches!(word, "cd" | "pushd" | "popd"))
}

/// Whether a line leaves variables, names or an environment behind in a shell that goes on.
pub(crate) fn leaves_its_state(line: &str) -> bool {
    without_documents(line)
        .split(['\n', ';', '&', '|'])
        .any(|piece| {
            let mut words = piece.split_whitespace();
            match words.next() {
                Some("export" | "source" | "." | "alias" | "unset" | "shopt") => true,
                Some("conda" | "nvm" | "pyenv") => words
                    .next()
                    .is_some_and(|word| matches!(word, "activate" | "use" | "shell")),
                _ => false,
            }
        })
}

fn end_word(pieces: &mut [(&'static str, Vec<String>)], word: &mut String, in_word: &mut bool) {
    if *in_word && let Some((_, piece)) = pieces.last_mut() {
        piece.push(std::mem::take(word));
    }
    word.clear();
    *in_word = false;
}

/// Whether every program of the line only looks. Doubt is no.
pub(crate) fn only_looks(line: &str) -> bool {
    pieces(line).is_some_and(|pieces| {
        !pieces.is_empty()
            && pieces.iter().all(|words| match words.split_first() {
                Some((program, rest)) => looks(program, rest),
                None => false,
            })
    })
}

fn looks(program: &str, rest: &[String]) -> bool {
    match program {
        "find" => !rest.iter().any(|word| {
            let acts = ["-delete", "-exec", "-ok", "-fprint", "-fls"];
            acts.iter().any(|act| word.starts_with(act))
        }),
        "sed" => {
            // Any other option may bring a script of its own, or a file to write into.
            rest.first().is_some_and(|word| word == "-n")
                && rest.get(1).is_some_and(|script| {
                    script
                        .bytes()
                        .all(|b| b.is_ascii_digit() || matches!(b, b',' | b'p' | b'$'))
                })
                && rest
                    .iter()
                    .skip(2)
                    .all(|word| word == "-" || !word.starts_with('-'))
        }
        // `-uo file` writes too, and a long name may be cut short.
        "sort" => !option(rest, 'o', &["--o", "--co"]),
        // What stands second is written.
        "uniq" => operands(rest, "fsw") <= 1,
        "git" => crate::repository_words::git_looks(rest),
        "gh" => crate::repository_words::gh_looks(rest),
        // They can set the date, or the host's name.
        "date" => rest
            .iter()
            .all(|word| word.starts_with('+') || word == "-u"),
        "hostname" => rest.is_empty(),
        "rg" => !rest
            .iter()
            .any(|word| word.starts_with("--pre") || word.starts_with("--hostname-bin")),
        "tree" => !option(rest, 'o', &[]),
        "file" => !option(rest, 'C', &["--comp"]),
        "ag" => !rest.iter().any(|word| word.starts_with("--pa")),
        "less" | "more" => {
            !option(rest, 'o', &["--log", "--LOG"])
                && !option(rest, 'O', &[])
                && !rest.iter().any(|word| word.starts_with('+'))
        }
        name => LOOKS.contains(&name),
    }
}

/// Whether an option is among words, alone or with others behind one dash, or by the beginning of a long name.
fn option(words: &[String], letter: char, long: &[&str]) -> bool {
    words.iter().any(|word| match word.strip_prefix("--") {
        Some(_) => long.iter().any(|name| word.starts_with(name)),
        None => word.starts_with('-') && word.contains(letter),
    })
}

/// How many words are no options. Some letters take the next word.
fn operands(words: &[String], letters: &str) -> usize {
    let mut count = 0;
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        if word == "--" {
            return count + rest.count();
        }
        if word == "-" || !word.starts_with('-') {
            count += 1;
        } else if !word.starts_with("--") && word.ends_with(|c| letters.contains(c)) {
            rest.next();
        }
    }
    count
}

/// A script without the texts of its here-documents: they are given to programs, and name none.
fn without_documents(script: &str) -> String {
    let mut kept = Vec::new();
    let mut ends: Vec<String> = Vec::new();
    for line in script.lines() {
        if let Some(end) = ends.first() {
            if line.trim_start_matches('\t') == end {
                ends.remove(0);
            }
            continue;
        }
        for (place, _) in line.match_indices("<<") {
            let rest = &line[place + 2..];
            if rest.starts_with(['<', '=']) || line[..place].ends_with('<') {
                continue;
            }
            let rest = rest.trim_start_matches('-').trim_start();
            let quoted = rest.starts_with(['\'', '"', '\\']);
            let word: String = rest
                .trim_start_matches(['\'', '"', '\\'])
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            if !word.is_empty()
                && (quoted || word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
            {
                ends.push(word);
            }
        }
        kept.push(line);
    }
    kept.join("\n")
}

/// The program that a line is about, and its sub-command where it is a plain word: what stands after
/// changes of folder and variables.
pub(crate) fn program(line: &str) -> Option<(String, Option<String>)> {
    let short: String = line.chars().take(4_000).collect();
    let words: Vec<String> = match pieces(&short) {
        Some(pieces) => pieces.into_iter().find(|words| !skipped(words))?,
        None => short
            .split(['|', ';', '\n', '&'])
            .map(|piece| {
                piece
                    .split_whitespace()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .find(|words| !words.is_empty() && !skipped(words))?,
    };
    let mut words = words.iter().skip_while(|word| {
        is_assignment(word) || matches!(word.as_str(), "sudo" | "time" | "env" | "nohup")
    });
    let first = words.next()?;
    let name = first.rsplit('/').next().unwrap_or(first).to_owned();
    let with_sub = matches!(
        name.as_str(),
        "git"
            | "npm"
            | "pnpm"
            | "yarn"
            | "cargo"
            | "docker"
            | "kubectl"
            | "go"
            | "pip"
            | "pip3"
            | "uv"
            | "gh"
            | "make"
            | "brew"
            | "apt"
            | "apt-get"
            | "systemctl"
            | "terraform"
            | "aws"
            | "gcloud"
            | "bun"
            | "deno"
            | "npx"
            | "mise"
    );
    let sub = words
        .next()
        .filter(|word| {
            with_sub
                && word.len() <= 20
                && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        })
        .filter(|word| !word.starts_with('-'))
        .cloned();
    Some((name, sub))
}

fn skipped(words: &[String]) -> bool {
    words.iter().all(|word| is_assignment(word))
        || matches!(
            words.first().map(String::as_str),
            Some("cd" | "export" | "set" | "source" | ".")
        )
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_ends_a_line_or_a_pipe() {
        for (line, expected) in [
            ("rg -n 'a && b' src", true),
            ("cat a | grep -v x", true),
            ("LC_ALL=C grep a b", true),
            ("git grep a", true),
            ("cd a && grep b c", false),
            ("grep a b || true", false),
            ("grep -q a b", false),
            ("grep a b | head", false),
            ("ls", false),
            ("", false),
        ] {
            assert_eq!(ends_in_search(line), expected, "{line}");
        }
    }

    #[test]
    fn what_a_line_leaves_behind_in_its_shell() {
        assert!(leaves_its_folder("cd web && npm test"));
        assert!(leaves_its_folder("ls; cd .."));
        assert!(!leaves_its_folder("npm run cd"));
        assert!(leaves_its_state("export A=1 && make"));
        assert!(leaves_its_state("source venv/bin/activate"));
        assert!(leaves_its_state("conda activate x"));
        assert!(!leaves_its_state("A=1 make; echo export"));
    }

    #[test]
    fn doubt_is_not_looking() {
        for (line, expected) in [
            ("ls -la", true),
            ("cd /a && git status | head -5", true),
            ("rg 'a > b' src 2>/dev/null", true),
            ("cat a 2>&1 | grep x", true),
            ("cat a > b", false),
            ("echo $(rm x)", false),
            ("echo `rm x`", false),
            ("find . -delete", false),
            ("sed -n '1,20p' a", true),
            ("sed -i s/a/b/ a", false),
            ("sed -n 1p -i a", false),
            ("sed -n 1p -e 'w b' a", false),
            ("uniq a", true),
            ("sort a | uniq -c -f 1 -", true),
            ("uniq a b", false),
            ("uniq -c a b", false),
            ("uniq - b", false),
            ("uniq -- a b", false),
            ("sort -u a", true),
            ("sort -o a a", false),
            ("sort -uo a a", false),
            ("sort --outp=a a", false),
            ("sort --compress-program=x a", false),
            ("find . -name x -print0", true),
            ("find . -fprint0 a", false),
            ("find . -execdir rm {} +", false),
            ("tree -ao x", false),
            ("tree --noreport", true),
            ("file -C -m x", false),
            ("less +!x a", false),
            ("npm test", false),
            ("ls; rm a", false),
            ("git commit -m x", false),
            ("sleep 5 &", false),
            ("cat <<EOF", false),
            ("echo 'open", false),
            ("", false),
        ] {
            assert_eq!(only_looks(line), expected, "{line}");
        }
    }

    #[test]
    fn the_program_behind_folders_and_variables() {
        for (line, expected) in [
            ("cd /a && FOO=1 npm run build", Some(("npm", Some("run")))),
            ("/usr/bin/python3 -m x", Some(("python3", None))),
            ("git -C x status", Some(("git", None))),
            ("cat \"a b\" | wc", Some(("cat", None))),
            ("echo $(date)", Some(("echo", None))),
            ("", None),
            ("cd /a", None),
        ] {
            let found = program(line);
            assert_eq!(
                found.as_ref().map(|(p, s)| (p.as_str(), s.as_deref())),
                expected,
                "{line}"
            );
        }
    }
}
