//! Lines that mean the same to every shell: words, quotes without anything to be filled in, pipes, chains and
//! redirections into files. What is not known to be such is not.

/// Commands that shells have built in and do not agree about, or that only one of them has.
const OWN: [&str; 47] = [
    ".",
    "alias",
    "bind",
    "builtin",
    "caller",
    "case",
    "command",
    "compgen",
    "complete",
    "coproc",
    "declare",
    "dirs",
    "disown",
    "do",
    "done",
    "enable",
    "eval",
    "exec",
    "export",
    "for",
    "function",
    "hash",
    "help",
    "history",
    "if",
    "jobs",
    "kill",
    "let",
    "local",
    "mapfile",
    "popd",
    "printf",
    "pushd",
    "read",
    "readarray",
    "readonly",
    "select",
    "set",
    "shopt",
    "source",
    "test",
    "time",
    "trap",
    "type",
    "typeset",
    "ulimit",
    "while",
];

/// A word, and whether a command can begin with it.
#[derive(Default)]
struct Word {
    begins: bool,
    text: String,
}

/// Whether `sh` reads a script as any shell does.
pub(super) fn is_plain(script: &str) -> bool {
    words(script).is_some_and(|words| {
        let mut options = false;
        words.iter().all(|word| {
            if word.begins {
                options = word.text == "echo";
                return !OWN.contains(&word.text.as_str());
            }
            // What one shell's `echo` takes for an option the other's prints.
            !(options && word.text.starts_with('-'))
        })
    })
}

/// The words of a script without anything that shells do not agree about.
fn words(script: &str) -> Option<Vec<Word>> {
    let mut words: Vec<Word> = Vec::new();
    let mut word = Word {
        begins: true,
        ..Word::default()
    };
    let mut quote = None;
    let mut chars = script.chars().peekable();
    while let Some(c) = chars.next() {
        let ends = match (quote, c) {
            (Some(quoted), c) if c == quoted => {
                quote = None;
                None
            }
            // Within quotes a dollar, a backtick and a mark of history are not what they are, and one shell's `echo`
            // reads backslashes, the other's does not.
            (Some('"'), '$' | '`' | '!') | (Some(_), '\\') => return None,
            (Some(_), c) => {
                word.text.push(c);
                None
            }
            (None, '\'' | '"') => {
                quote = Some(c);
                None
            }
            (None, ' ' | '\t') => Some(false),
            (None, '\n' | ';') => Some(true),
            (None, '|') => {
                match chars.peek() {
                    Some('&') => return None,
                    Some('|') => drop(chars.next()),
                    _ => {}
                }
                Some(true)
            }
            (None, '&') => match chars.next() {
                Some('&') => Some(true),
                _ => return None,
            },
            (None, '>') => {
                // `2>&1` and `>file` are everyone's, `>&file` is not.
                if chars.next_if_eq(&'&').is_some()
                    && !chars.next().is_some_and(|c| matches!(c, '1' | '2'))
                {
                    return None;
                }
                Some(false)
            }
            (None, '<') => match chars.peek() {
                Some('<' | '(' | '&' | '>') => return None,
                _ => Some(false),
            },
            (None, c) if c.is_alphanumeric() || "-_./:,@%+=*".contains(c) => {
                word.text.push(c);
                None
            }
            _ => return None,
        };
        if let Some(begins) = ends {
            // A variable in front of a command is no command.
            let still = word.begins && (word.text.is_empty() || word.text.contains('='));
            let next = Word {
                begins: begins || still,
                ..Word::default()
            };
            words.push(std::mem::replace(&mut word, next));
        }
    }
    words.push(word);
    words.retain(|word| !word.text.is_empty());
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn only_what_every_shell_reads_alike_is_plain() {
        for script in [
            "npm test",
            "cd web && npm run build 2>&1 | tail -20",
            "git log --oneline -5 > log.txt; wc -l < log.txt",
            "grep -rn 'a (b|c) $d' src",
            "ls *.md",
            "FOO=1 make",
            "echo a-b",
            "git commit -m 'let it be'",
        ] {
            assert!(is_plain(script), "{script}");
        }
        for script in [
            "echo $RANDOM",
            "echo {a,b}",
            "[[ a == b ]]",
            "diff <(ls) <(ls a)",
            "make &> log",
            "cat <<EOF\na\nEOF",
            "source venv/bin/activate",
            "echo -e a",
            "cd a &&  echo  -n a",
            "A=1 read x",
            "echo 'a\\tb'",
            "printf '%q' a",
            "a |& b",
            "sleep 5 &",
            "echo \"$HOME\"",
            "echo 'open",
            "ls ~+",
            "ls !(a)",
            "set -o pipefail",
            "for i in a b; do echo; done",
        ] {
            assert!(!is_plain(script), "{script}");
        }
    }
}
