//! Whatever is refused says what to do about it: the table of all error codes, read out of the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What makes a problem of the API or a failure of the command line; the last argument is the hint.
const MAKERS: [&str; 10] = [
    "Problem::new(",
    "Problem::bad_request(",
    "Problem::conflict(",
    "Problem::unprocessable(",
    "Failure::new(",
    "Failure::usage(",
    "Failure::data(",
    " Self::conflict(",
    " Self::unprocessable(",
    " Self::new(",
];

/// A call: its code, if that is written there, and its hint.
struct Made {
    place: String,
    code: Option<String>,
    hint: String,
}

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "tests" {
            sources(&path, found);
        } else if name.ends_with(".rs") && !name.contains("tests") {
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            found.push((path.display().to_string(), text.to_owned()));
        }
    }
}

/// The arguments of a call, from behind its bracket.
fn arguments(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut one = String::new();
    let mut depth = 0;
    let mut letters = text.chars().peekable();
    let mut within = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if within => {
                one.push(letter);
                one.extend(letters.next());
                continue;
            }
            '"' => within = !within,
            // A letter by itself, which may be a quote or a bracket.
            '\'' if !within => {
                let rest: Vec<char> = letters.clone().take(3).collect();
                let long = match rest[..] {
                    ['\\', _, '\''] => 3,
                    [_, '\'', ..] => 2,
                    _ => 0,
                };
                one.push(letter);
                one.extend(letters.by_ref().take(long));
                continue;
            }
            _ if within => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => break,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                all.push(std::mem::take(&mut one).trim().to_owned());
                continue;
            }
            _ => {}
        }
        one.push(letter);
    }
    all.push(one.trim().to_owned());
    all.retain(|argument| !argument.is_empty());
    all
}

fn made() -> Vec<Made> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    let mut made = Vec::new();
    for (file, text) in files {
        // Outside of these a `Self` is something else.
        let own = file.ends_with("service/problem.rs") || file.ends_with("client/failure.rs");
        for maker in MAKERS.iter().filter(|maker| own || !maker.contains("Self")) {
            for (at, _) in text.match_indices(maker) {
                let arguments = arguments(&text[at + maker.len()..]);
                // The failure of a step has a class, and what a person does about it says its automation.
                let other = arguments.iter().any(|one| one.contains("FailureClass"))
                    || arguments.len() < 2
                    || file.contains("/action/");
                if other {
                    continue;
                }
                let code = arguments.iter().find_map(|one| {
                    let code = one.strip_prefix('"')?.strip_suffix('"')?;
                    let word = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
                    (!code.is_empty() && code.bytes().all(word)).then(|| code.to_owned())
                });
                let line = text[..at].matches('\n').count() + 1;
                made.push(Made {
                    place: format!("{file}:{line}"),
                    code,
                    hint: arguments.last().unwrap().clone(),
                });
            }
        }
    }
    made
}

#[test]
fn every_error_code_says_what_to_do() {
    let made = made();
    let mut table: BTreeMap<&str, Vec<&Made>> = BTreeMap::new();
    for one in &made {
        if let Some(code) = &one.code {
            table.entry(code).or_default().push(one);
        }
    }
    assert!(table.len() > 80, "{:?}", table.keys());
    for known in [
        "not_found",
        "disk_full",
        "bad_inputs",
        "usage",
        "unreachable",
    ] {
        let there = table.contains_key(known) || known == "usage";
        assert!(there, "{known} is not in the table");
    }
    let empty: Vec<&str> = made
        .iter()
        .filter(|one| one.hint.contains("\"\"") || one.hint.contains("String::new()"))
        // What is empty there is what it looks at, not what it says.
        .filter(|one| !one.hint.starts_with("match "))
        .map(|one| one.place.as_str())
        .collect();
    assert!(empty.is_empty(), "these do not say what to do: {empty:#?}");
    // A hint is a sentence, and another one than the code.
    let short: BTreeSet<&str> = made
        .iter()
        .filter(|one| one.hint.starts_with('"') && one.hint.len() < 12)
        .map(|one| one.place.as_str())
        .collect();
    assert!(short.is_empty(), "these hints say little: {short:#?}");
}

#[test]
fn the_arguments_of_a_call_are_told_apart() {
    let text = r#""code", format!("a, {b:?}", b), if x { "(" } else { '"'.into() }, "say \"so\", do") more"#;
    let all = arguments(text);
    assert_eq!(all.len(), 4, "{all:?}");
    assert_eq!(all[0], "\"code\"");
    assert_eq!(all[3], r#""say \"so\", do""#);
}
