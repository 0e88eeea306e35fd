use super::*;
use crate::check::{Catalog, check};
use crate::definition::{Syntax, parse};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "tests" && name != "testing" {
            sources(&path, found);
        } else if name.ends_with(".rs") && !name.contains("tests") && name != "laws.rs" {
            found.push(path);
        }
    }
}

/// The calls that make a finding, or give it its code.
const MAKERS: [&str; 9] = [
    "Finding::error(",
    "Finding::warning(",
    "Finding::info(",
    ".wrong(",
    "look.wrong(",
    "self.say(",
    "ExpressionError::new(",
    "notes.add(",
    "error, ",
];

/// The codes that stand in the sources, each with a file.
fn raised() -> BTreeMap<String, PathBuf> {
    let mut files = Vec::new();
    for folder in ["engine/src", "triggers/src", "crystallizer/src", "src"] {
        sources(&root().join(folder), &mut files);
    }
    let mut raised = BTreeMap::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for maker in MAKERS {
            // Only where the first word behind it is a code: other calls of the same name give sentences.
            for (at, _) in text.match_indices(maker) {
                let rest = text[at + maker.len()..].trim_start();
                let Some(code) = rest.strip_prefix('"').and_then(|rest| rest.split_once('"'))
                else {
                    continue;
                };
                let (code, behind) = code;
                let word = !code.is_empty()
                    && code
                        .bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
                if word
                    && behind.starts_with(',')
                    && (maker.contains("Finding") || code.contains('_'))
                {
                    raised.insert(code.to_owned(), file.clone());
                }
            }
        }
    }
    raised
}

#[test]
fn no_code_is_raised_that_is_not_listed() {
    let raised = raised();
    assert!(raised.len() > 100, "{raised:#?}");
    // Other answers than findings, made by calls of the same name.
    let others = ["arguments_not_an_object"];
    let missing: Vec<_> = raised
        .iter()
        .filter(|(code, _)| find(code).is_none() && !others.contains(&code.as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "list these in engine/src/finding/codes: {missing:#?}"
    );
}

#[test]
fn no_code_is_listed_twice_or_without_being_raised() {
    let mut files = Vec::new();
    for folder in ["engine/src", "triggers/src", "crystallizer/src", "src"] {
        sources(&root().join(folder), &mut files);
    }
    let codes_folder = root().join("engine/src/finding/codes");
    let text: String = files
        .iter()
        .filter(|file| !file.starts_with(&codes_folder))
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect();
    let mut seen = BTreeSet::new();
    for code in all() {
        assert!(seen.insert(code.code), "{} is listed twice", code.code);
        let quoted = format!("\"{}\"", code.code);
        assert!(text.contains(&quoted), "{} is raised nowhere", code.code);
        assert!(
            !code.severities.is_empty() && code.meaning.ends_with('.'),
            "{}",
            code.code
        );
    }
}

/// The texts of tests: files of tests, and the modules of tests in other files.
fn tests(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            tests(&path, text);
            continue;
        }
        let read = || std::fs::read_to_string(&path).unwrap();
        let of_tests = path
            .components()
            .any(|part| part.as_os_str() == "tests" || part.as_os_str() == "testing")
            || name.contains("tests");
        if name.ends_with(".snap") || name.ends_with(".rs") && of_tests {
            text.push_str(&read());
        } else if name.ends_with(".rs")
            && let Some((_, own)) = read().split_once("#[cfg(test)]\nmod tests {")
        {
            text.push_str(own);
        }
    }
}

/// Whatever is said of documents, triggers, recordings, inputs and what a server lets through is given by something in
/// the tests: expected by its name, or by its example.
#[test]
fn every_code_is_expected_by_a_test() {
    let mut text = String::new();
    for folder in [
        "engine",
        "triggers/src",
        "triggers/tests",
        "crystallizer/src",
        "crystallizer/tests",
        "src",
        "tests",
    ] {
        tests(&root().join(folder), &mut text);
    }
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let words: BTreeSet<&str> = text
        .split(|letter: char| !letter.is_ascii() || !word(letter as u8))
        .collect();
    let missing: Vec<&str> = all()
        // Examples of documents are held to their findings below.
        .filter(|code| code.group != Group::Document || code.example.is_empty())
        .filter(|code| !words.contains(code.code))
        .map(|code| code.code)
        .collect();
    assert!(missing.is_empty(), "no test expects these: {missing:?}");
}

#[test]
fn every_example_of_a_document_has_its_finding_with_a_place_and_a_hint() {
    let catalog = Catalog {
        connections: Some(BTreeMap::from([("files".to_owned(), "folder".to_owned())])),
        secrets: Some(BTreeSet::new()),
        automations: Some(BTreeSet::new()),
        schedule: None,
    };
    let mut shown = 0;
    let mut wrong = Vec::new();
    for code in all().filter(|code| code.group == Group::Document && !code.example.is_empty()) {
        shown += 1;
        let mut text = String::new();
        for (key, line) in [("druse:", "druse: 1\n"), ("name:", "name: example\n")] {
            if !code.example.starts_with(key) {
                text.push_str(line);
            }
        }
        text.push_str(code.example);
        text.push('\n');
        if !code.example.contains("steps") && !code.example.contains("stpes") {
            text.push_str("steps: []\n");
        }
        let findings = match parse(&text, Syntax::Yaml) {
            Err(findings) => findings,
            Ok(parsed) => {
                let mut findings = parsed.findings;
                findings.extend(check(&parsed.document, &catalog));
                parsed.source.locate(&mut findings);
                findings
            }
        };
        let found = findings.iter().find(|finding| finding.code == code.code);
        match found {
            None => wrong.push(format!("{}: {findings:?}", code.code)),
            Some(found) => {
                if !code.severities.contains(&found.severity) {
                    wrong.push(format!("{} is {:?}", code.code, found.severity));
                }
                if found.line.is_none() || found.column.is_none() {
                    wrong.push(format!("{} has no place", code.code));
                }
                if found.help.is_empty() {
                    wrong.push(format!("{} has no hint", code.code));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(shown > 45, "{shown}");
}

/// Made anew with `UPDATE_DOCS=1 cargo test -p druse-engine the_page_of_findings`.
#[test]
fn the_page_of_findings_is_that_of_the_table() {
    let file = root().join("docs/findings.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, page()).unwrap();
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        there == page(),
        "docs/findings.md is stale: UPDATE_DOCS=1 makes it anew"
    );
}
