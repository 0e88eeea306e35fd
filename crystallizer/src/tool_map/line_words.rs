//! The words of a line that every shell reads alike, each with its place, so that one can be given to the shell beside
//! the line: `curl "$1"`, and the word as an argument of its own. No value becomes text that a shell reads.

use super::ShellCommand;
use super::plain_line::is_plain;
use serde_json::{Map, Value};

/// Parts of the names of options behind which a program, a place of one, or words of a language stand.
const PROGRAMS: [&str; 14] = [
    "action", "command", "config", "editor", "eval", "exec", "filter", "hook", "pager", "print",
    "program", "rsh", "script", "shell",
];

/// Short options behind which a program may stand.
const SHORT: [&str; 10] = [
    "-c", "-e", "-K", "-lc", "-ok", "-okdir", "-p", "-q", "-r", "-x",
];

/// Whether what stands behind an option may be read as a program.
pub(crate) fn reads_program(option: &str) -> bool {
    let name = option.trim_start_matches('-').to_ascii_lowercase();
    SHORT.contains(&option) || option.len() > 2 && PROGRAMS.iter().any(|part| name.contains(part))
}

/// What parts the pointer of a word from its number.
const MARK: &str = "/command#";

/// A word of a line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LineWord {
    /// Its number among the words and signs of the line.
    pub(crate) number: usize,
    pub(crate) text: String,
    /// The option right before it.
    pub(crate) option: Option<String>,
}

/// A word or a sign of a line.
#[derive(Debug, Clone, PartialEq)]
struct Token {
    text: String,
    start: usize,
    end: usize,
    is_sign: bool,
    /// Whether names of files may take its place.
    is_pattern: bool,
}

/// The pointer of a word of a line, beside those into the call's arguments.
pub(crate) fn pointer(number: usize) -> String {
    format!("{MARK}{number}")
}

/// The number of the word that a pointer is about.
pub(crate) fn number(pointer: &str) -> Option<usize> {
    pointer.strip_prefix(MARK)?.parse().ok()
}

/// The words and signs of a plain line.
fn tokens(line: &str) -> Option<Vec<Token>> {
    if !is_plain(line) {
        return None;
    }
    let mut tokens: Vec<Token> = Vec::new();
    let mut word: Option<Token> = None;
    let mut quote = None;
    for (at, c) in line.char_indices() {
        let end = at + c.len_utf8();
        let blank = quote.is_none() && matches!(c, ' ' | '\t');
        let sign = quote.is_none() && matches!(c, '\n' | ';' | '|' | '&' | '<' | '>');
        if blank || sign {
            tokens.extend(word.take());
            if sign {
                tokens.push(Token {
                    text: c.to_string(),
                    start: at,
                    end,
                    is_sign: true,
                    is_pattern: false,
                });
            }
            continue;
        }
        let word = word.get_or_insert(Token {
            text: String::new(),
            start: at,
            end,
            is_sign: false,
            is_pattern: false,
        });
        word.end = end;
        match quote {
            Some(mark) if c == mark => quote = None,
            None if matches!(c, '\'' | '"') => quote = Some(c),
            _ => {
                word.is_pattern |= quote.is_none() && c == '*';
                word.text.push(c);
            }
        }
    }
    tokens.extend(word);
    Some(tokens)
}

/// The words of a command that are data: arguments that hold nothing that any program would read as more.
pub(crate) fn words(command: &ShellCommand) -> Vec<LineWord> {
    if let Some(argv) = apart(command) {
        let tokens: Vec<Token> = argv
            .iter()
            .map(|word| Token {
                text: word.clone(),
                start: 0,
                end: 0,
                is_sign: false,
                is_pattern: false,
            })
            .collect();
        return data(&tokens);
    }
    tokens(&command.line()).map_or_else(Vec::new, |tokens| data(&tokens))
}

/// The words of a command that was recorded as words, without a shell.
fn apart(command: &ShellCommand) -> Option<&[String]> {
    let argv = command.argv.as_deref()?;
    (command.line() != *argv.last()?).then_some(argv)
}

fn data(tokens: &[Token]) -> Vec<LineWord> {
    let is_data = |c: char| c.is_ascii_alphanumeric() || "._~:/?#@%+=,-".contains(c);
    let mut found = Vec::new();
    let name = |token: &Token| {
        let name = token.text.rsplit('/').next().unwrap_or_default();
        crate::programs::hands_on(name)
    };
    if tokens.iter().any(|token| !token.is_sign && name(token)) {
        return found;
    }
    let mut begins = true;
    let mut before: Option<&Token> = None;
    for (number, token) in tokens.iter().enumerate() {
        let redirected =
            before.is_some_and(|token| matches!(token.text.as_str(), "<" | ">") && token.is_sign);
        if token.is_sign {
            begins |= !matches!(token.text.as_str(), "<" | ">");
        } else if begins {
            // A variable before the command is none.
            begins = token.text.contains('=');
        } else if !redirected && !token.is_pattern && token.text.chars().all(is_data) {
            let option = before
                .filter(|token| !token.is_sign && token.text.starts_with('-'))
                .map(|token| token.text.clone());
            if !option.as_deref().is_some_and(reads_program) {
                found.push(LineWord {
                    number,
                    text: token.text.clone(),
                    option,
                });
            }
        }
        before = Some(token);
    }
    found
}

/// A request with words beside the line, and where each of them stands in it, by its number.
pub(crate) type Apart = (Map<String, Value>, Vec<(String, usize)>);

/// What a shell is given: words and signs, and the other keys of its request.
type Given<'r> = (Vec<String>, Vec<(&'r String, &'r Value)>);

/// The request of a command with some of its words as arguments beside the line, and where each of them stands in it.
pub(crate) fn given_apart(
    command: &ShellCommand,
    request: &Map<String, Value>,
    numbers: &[usize],
) -> Option<Apart> {
    if apart(command).is_some() {
        let places = numbers
            .iter()
            .map(|number| (format!("/argv/{number}"), *number));
        return Some((request.clone(), places.collect()));
    }
    let line = command.line();
    let tokens = tokens(&line)?;
    let mut argv: Vec<Value> = match request.get("argv") {
        Some(Value::Array(argv)) => argv.get(..2)?.to_vec(),
        // As a script is run.
        _ => vec!["/bin/sh".into(), "-c".into()],
    };
    let mut text = String::new();
    let mut words: Vec<Value> = Vec::new();
    let mut places = Vec::new();
    let mut done = 0;
    for number in numbers {
        let token = tokens.get(*number)?;
        text.push_str(line.get(done..token.start)?);
        words.push(token.text.as_str().into());
        text.push_str(&format!("\"${{{}}}\"", words.len()));
        done = token.end;
        places.push((format!("/argv/{}", words.len() + 3), *number));
    }
    text.push_str(line.get(done..)?);
    argv.push(text.into());
    // What the shell calls itself.
    argv.push(argv.first()?.clone());
    argv.extend(words);
    let mut with = Map::new();
    for (key, value) in request {
        match key.as_str() {
            "script" | "argv" => with.insert("argv".to_owned(), argv.clone().into()),
            _ => with.insert(key.clone(), value.clone()),
        };
    }
    Some((with, places))
}

/// What a shell is given, as words and signs, with those beside the line in their places; the other keys as they are.
fn read(request: &Map<String, Value>) -> Option<Given<'_>> {
    let rest = request
        .iter()
        .filter(|(key, _)| !matches!(key.as_str(), "argv" | "script"))
        .collect();
    let (line, given): (&str, &[Value]) = match (request.get("script"), request.get("argv")) {
        (Some(script), _) => (script.as_str()?, &[]),
        (None, Some(Value::Array(argv))) => match argv.as_slice() {
            [_, flag, line] if matches!(flag.as_str(), Some("-c" | "-lc")) => (line.as_str()?, &[]),
            [_, flag, line, _, given @ ..] if matches!(flag.as_str(), Some("-c" | "-lc")) => {
                (line.as_str()?, given)
            }
            _ => return None,
        },
        _ => return None,
    };
    let mut plain = line.to_owned();
    // A word that no line holds stands where one is put in.
    for number in 1..=given.len() {
        plain = plain.replace(&format!("\"${{{number}}}\""), &format!("%%{number}%%"));
    }
    let mut words = Vec::new();
    for token in tokens(&plain)? {
        let number = token
            .text
            .strip_prefix("%%")
            .and_then(|text| text.strip_suffix("%%")?.parse::<usize>().ok());
        words.push(
            match number.and_then(|number| given.get(number.checked_sub(1)?)) {
                Some(value) => value.as_str()?.to_owned(),
                None => token.text,
            },
        );
    }
    Some((words, rest))
}

/// Whether two requests have a shell do the same with the same words, however these are given to it.
pub(crate) fn same_command(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    match (read(one), read(other)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn line(script: &str) -> ShellCommand {
        ShellCommand {
            script: Some(script.to_owned()),
            ..ShellCommand::default()
        }
    }

    #[test]
    fn only_words_that_are_data_are_given_apart() {
        for (script, expected) in [
            (
                "curl -s 'https://x.io/orders/123?a=b' | jq .id",
                "-s https://x.io/orders/123?a=b .id",
            ),
            (
                "cd web && deploy build --id=7 > log-123",
                "web build --id=7",
            ),
            ("A=1 deploy ord_123 *.py 'two words'", "ord_123"),
            ("ssh host reboot-123", ""),
            ("ls | xargs rm-123", ""),
            ("caffeinate -t 5 deploy ord_123", ""),
            ("sed s/a/ord_123/ f", ""),
            ("psql -c ord_123 shop", ""),
            ("shop -c ord_123 box", "-c box"),
            ("echo $(ord_123)", ""),
            ("git commit -m \"fix ord_123\"", "commit -m"),
        ] {
            let words: Vec<String> = words(&line(script))
                .into_iter()
                .map(|word| word.text)
                .collect();
            assert_eq!(words.join(" "), expected, "{script}");
        }
        let apart = ShellCommand {
            argv: Some(vec!["curl".into(), "https://x/ord_123".into()]),
            ..ShellCommand::default()
        };
        assert_eq!(words(&apart)[0].number, 1);
        assert_eq!(number(&pointer(12)), Some(12));
        assert_eq!(number("/command/12"), None);
    }

    #[test]
    fn a_word_beside_the_line_is_the_same_command_and_no_text_of_it() {
        let command = line("cat a.txt && curl -s --id='ord_1' https://x/b");
        let plain = json!({ "script": command.line(), "cwd": "/w" });
        let numbers: Vec<usize> = words(&command)
            .into_iter()
            .filter(|word| word.text.contains("ord_1") || word.text.contains("://"))
            .map(|word| word.number)
            .collect();
        let (with, places) = given_apart(&command, plain.as_object().unwrap(), &numbers).unwrap();
        assert_eq!(
            Value::Object(with.clone()),
            json!({ "argv": ["/bin/sh", "-c", "cat a.txt && curl -s \"${1}\" \"${2}\"", "/bin/sh", "--id=ord_1", "https://x/b"], "cwd": "/w" })
        );
        assert_eq!(places[0].0, "/argv/4");
        assert!(same_command(&with, plain.as_object().unwrap()));
        let other = |at: usize, word: &str| {
            let mut other = Value::Object(with.clone());
            other["argv"][at] = word.into();
            let other = other.as_object().unwrap().clone();
            same_command(&other, plain.as_object().unwrap())
        };
        assert!(
            !other(4, "--id=ord_2")
                && !other(2, "rm \"${1}\" \"${2}\"")
                && !other(4, "--id=ord_1 x")
        );
    }
}
