//! Passwords that one command hands to the next in a line for a shell.

use super::option::{Bare, Command};

/// Programs that read a password from what is handed to them, or keep one that they are given by name.
pub(super) const READERS: [&str; 4] = ["chpasswd", "sudo", "aws", "npm"];

/// The password that a command writes for the next one, and the words that it is found behind.
pub(super) fn piped(commands: &[Command], mut add: impl FnMut(&str, &'static str, String)) {
    for pair in commands.windows(2) {
        let [writer, reader] = pair else { continue };
        if !writer.is_piped {
            continue;
        }
        let Some(name) = reads(&reader.words) else {
            continue;
        };
        let mut words = writer.words.iter();
        let is_echo = |word: &String| matches!(program(word), "echo" | "printf");
        if !words.by_ref().any(is_echo) {
            continue;
        }
        let given: Vec<&String> = words
            .filter(|word| !(word.starts_with('%') || word.starts_with('-') && word.len() <= 3))
            .collect();
        if let [value] = given.as_slice() {
            write(&reader.words, value, writer, name, &mut add);
        }
    }
    // `sudo -S true <<< 'secret'`
    for command in commands {
        let at = command.words.iter().position(|word| word == "<<<");
        if let Some(at) = at
            && let Some(value) = command.words.get(at + 1)
            && let Some(name) = reads(&command.words)
        {
            write(&command.words, value, command, name, &mut add);
        }
    }
}

fn write(
    reader: &[String],
    value: &str,
    writer: &Command,
    name: &'static str,
    add: &mut impl FnMut(&str, &'static str, String),
) {
    // A user stands before it: `echo ana:secret | chpasswd`.
    if reader.iter().any(|word| program(word) == "chpasswd") {
        if let Some((user, password)) = value.split_once(':') {
            add(password, name, format!("{user}:"));
        }
        return;
    }
    let before = writer.words.iter().position(|word| word == value);
    let before = before
        .and_then(|at| at.checked_sub(1))
        .and_then(|at| writer.words.get(at));
    add(
        value,
        name,
        format!("{} ", before.map_or("echo", String::as_str)),
    );
}

/// The name of the password that a command reads from what is handed to it.
fn reads(words: &[String]) -> Option<&'static str> {
    let has = |word: &str| words.iter().any(|known| known == word);
    let runs = |name: &str| words.iter().any(|word| program(word) == name);
    if has("--password-stdin") {
        return Some("REGISTRY_PASSWORD");
    }
    if runs("chpasswd") || runs("passwd") && has("--stdin") {
        return Some("USER_PASSWORD");
    }
    if runs("gh") && has("--with-token") {
        return Some("GITHUB_TOKEN");
    }
    let flag = |word: &String| {
        word.starts_with('-') && !word.starts_with("--") && word.contains('S') && word.len() <= 5
    };
    let at = words.iter().position(|word| program(word) == "sudo")?;
    let options = words.get(at + 1..).unwrap_or_default();
    let mut options = options.iter().take_while(|word| word.starts_with('-'));
    options
        .any(|word| flag(word) || word == "--stdin")
        .then_some("SUDO_PASSWORD")
}

fn program(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or_default()
}

/// Passwords that a command sets by name: `aws configure set aws_secret_access_key …`.
pub(super) fn set(words: &[String], mut add: impl FnMut(&Bare)) {
    let Some(at) = words.iter().position(|word| word == "set") else {
        return;
    };
    if !words
        .iter()
        .take(at)
        .any(|word| matches!(word.as_str(), "configure" | "config"))
    {
        return;
    }
    let [name, value, ..] = words.get(at + 1..).unwrap_or_default() else {
        return;
    };
    let written = name.rsplit([':', '.']).next().unwrap_or_default();
    if let Some(sort) = super::key::sort_of(written)
        && super::key::stands_under_key(sort, value)
    {
        add(&Bare {
            value: value.clone(),
            name: "",
            lead: format!("{written} "),
        });
    }
}
