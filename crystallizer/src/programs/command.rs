//! What a command starts: itself, or what it starts in turn.

use super::piece::is_assignment;
use super::reader::read;
use super::starter::{STARTERS, options};
use super::{DEEPEST, Started};

/// What a command starts: itself, or what it starts in turn.
pub(super) fn started(words: &[String], writes: bool, depth: usize, found: &mut Vec<Started>) {
    let Some((first, rest)) = words.split_first() else {
        return;
    };
    let mut add = |name: &str| {
        found.push(Started {
            name: name.to_owned(),
            writes,
        });
    };
    if first == "case" {
        return;
    }
    if depth >= DEEPEST {
        return add(first);
    }
    let own = first.rsplit('/').next().unwrap_or(first);
    if let Some(starter) = STARTERS.iter().find(|starter| starter.name == own) {
        let options = options(rest, starter);
        let split = rest.iter().take(options).position(|word| {
            own == "env"
                && (word.starts_with("--split-string")
                    || word.starts_with('-') && !word.starts_with("--") && word.contains('S'))
        });
        if let Some(at) = split {
            let word = rest[at].split_once(['S', '=']).map_or("", |(_, rest)| rest);
            let line = [word, rest.get(at + 1).map_or("", String::as_str)].join(" ");
            return found.extend(read(&line, depth + 1));
        }
        let inner = rest.get(options + starter.before..).unwrap_or_default();
        let skip = inner.iter().take_while(|word| is_assignment(word)).count();
        let inner = inner.get(skip..).unwrap_or_default();
        let asks = own == "command" && rest.first().is_some_and(|w| w == "-v" || w == "-V");
        // `xargs` without a command only says what it was given.
        if starter.counts || inner.is_empty() && own != "xargs" || asks {
            add(first);
        }
        if !asks {
            started(inner, writes, depth + 1, found);
        }
        return;
    }
    match own {
        "sh" | "bash" | "zsh" | "dash" | "ksh" | "fish" | "ash" => {
            let at = rest.iter().position(|word| {
                word.starts_with('-') && !word.starts_with("--") && word.contains('c')
            });
            // A file that is run may itself be given such an option.
            let before = rest.iter().take_while(|word| {
                word.starts_with(['-', '+']) || matches!(word.as_str(), "pipefail" | "errexit")
            });
            let before = before.count();
            let script = at.filter(|at| *at < before).and_then(|at| {
                let more = rest.get(at + 1..)?;
                more.iter()
                    .find(|word| !word.starts_with(['-', '+']) && *word != "pipefail")
            });
            match script {
                Some(script) => {
                    let inner = read(script, depth + 1);
                    if inner.is_empty() {
                        add(first);
                    }
                    found.extend(inner);
                }
                None => add(first),
            }
        }
        "eval" => found.extend(read(&rest.join(" "), depth + 1)),
        "trap" => {
            add(first);
            if let Some(script) = rest.first().filter(|word| !word.starts_with('-')) {
                found.extend(read(script, depth + 1));
            }
        }
        "find" | "fd" | "fdfind" => {
            add(first);
            let mut rest = rest.iter();
            while let Some(word) = rest.next() {
                let runs = match own {
                    "find" => ["-exec", "-execdir", "-ok", "-okdir"].contains(&word.as_str()),
                    _ => ["-x", "-X", "--exec", "--exec-batch"].contains(&word.as_str()),
                };
                if runs {
                    let inner = rest
                        .by_ref()
                        .take_while(|word| *word != ";" && *word != "+");
                    let inner: Vec<String> = inner.cloned().collect();
                    started(&inner, writes, depth + 1, found);
                }
            }
        }
        _ => add(first),
    }
}
