//! Help teaches by example, and each of its examples is a command that is understood.

use super::Desk;
use clap::{Command, CommandFactory as _, Parser as _};
use druse::cli::Cli;

#[test]
fn the_first_help_is_the_way_in() {
    let desk = Desk::new();
    let help = desk.run(&["--help"]).ok();
    assert_eq!(help.err, "");
    insta::assert_snapshot!("druse", help.out);
    // Nothing said is the same as help, as a mistake.
    assert_eq!(desk.run::<&str>(&[]).with(2).err, help.out);
}

#[test]
fn help_of_a_verb() {
    let desk = Desk::new();
    for name in [
        "crystallize",
        "run",
        "runs start",
        "sessions discover",
        "triggers next",
    ] {
        let mut words: Vec<&str> = name.split(' ').collect();
        words.push("--help");
        let help = desk.run(&words).ok();
        insta::assert_snapshot!(name.replace(' ', "_"), help.out);
    }
}

/// Every command that is shown, with the words that lead to it.
fn all(command: &Command, path: &str, found: &mut Vec<(String, String)>) {
    for verb in command.get_subcommands() {
        if verb.is_hide_set() || verb.get_name() == "help" {
            continue;
        }
        let path = format!("{path} {}", verb.get_name());
        let after = verb.get_after_help().map(ToString::to_string);
        found.push((path.clone(), after.unwrap_or_default()));
        all(verb, &path, found);
    }
}

#[test]
fn every_verb_has_an_example_that_is_understood() {
    let mut command = Cli::command();
    // What clap holds against a definition, it says here.
    command.build();
    command.clone().debug_assert();
    let mut found = vec![(
        "druse".to_owned(),
        command
            .get_after_help()
            .map(ToString::to_string)
            .unwrap_or_default(),
    )];
    all(&command, "druse", &mut found);
    assert!(found.len() > 50, "{found:#?}");
    for (verb, help) in found {
        let examples = examples(&help);
        assert!(!examples.is_empty(), "{verb} has no example");
        assert!(
            verb == "druse"
                || examples
                    .iter()
                    .any(|line| line.join(" ").starts_with(&verb)),
            "no example of {verb} is one: {examples:?}"
        );
        for words in examples {
            if let Err(error) = Cli::try_parse_from(&words) {
                panic!("{verb}: {words:?}: {error}");
            }
        }
    }
}

/// The commands of `druse` in a help text, as their words.
pub(super) fn examples(help: &str) -> Vec<Vec<String>> {
    help.replace("\\\n", " ")
        .lines()
        .filter_map(|line| {
            let line = line.strip_prefix("  ")?;
            let from = line.find("druse ")?;
            Some(words(&line[from..]))
        })
        .collect()
}

/// The words of a shell line up to its end, a pipe, a redirection or a remark after several blanks.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut blanks) = (Vec::new(), String::new(), None, 0);
    for letter in line.chars() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (Some(_), _) => word.push(letter),
            (None, '\'' | '"') => quote = Some(letter),
            (None, '|' | '>' | '&' | ';' | ')') => break,
            (None, ' ') => {
                blanks += 1;
                // Two lines that were joined leave more than one blank, too; those are followed by a flag.
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            (None, _) => {
                if blanks > 1 && letter != '-' {
                    return words;
                }
                word.push(letter);
            }
        }
        if letter != ' ' {
            blanks = 0;
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[test]
fn version_and_completions() {
    let desk = Desk::new();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        desk.run(&["version"]).ok().out,
        format!("druse {version}\n")
    );
    assert_eq!(
        desk.run(&["--version"]).ok().out,
        format!("druse {version}\n")
    );
    let found = super::json(&desk, &["version"]);
    assert_eq!(found["version"], version);
    for shell in ["bash", "zsh", "fish"] {
        let script = desk.run(&["completions", shell]).ok().out;
        assert!(script.contains("crystallize"), "{shell}");
    }
    desk.run(&["completions", "tcsh"]).with(2);
}

#[test]
fn nothing_is_coloured_where_nobody_looks() {
    let desk = Desk::new();
    for words in [&["--help"][..], &["frobnicate"], &["check", "nothing.yaml"]] {
        let mut command = desk.command(words);
        command.env_remove("NO_COLOR");
        let ran = super::finish(command, "");
        assert!(
            !ran.out.contains('\x1b') && !ran.err.contains('\x1b'),
            "{ran:#?}"
        );
    }
}
