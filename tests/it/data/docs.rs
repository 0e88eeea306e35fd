//! `docs/actions.md` says what the code does: every key, every code of a failure, every example.

use druse_engine::action_config::schema_of;
use druse_engine::check::{Catalog, check};
use druse_engine::definition::{Syntax, parse};
use druse_engine::plan::ActionKind;
use druse_engine::{Finding, Severity};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page() -> String {
    std::fs::read_to_string(root().join("docs/actions.md")).unwrap()
}

/// The part of the page under a heading.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let start = page
        .find(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("{heading} is not in docs/actions.md"));
    let rest = &page[start + 1 + heading.len()..];
    let level = format!("\n{} ", "#".repeat(heading.matches('#').count()));
    let end = [rest.find(&level), rest.find("\n# ")]
        .into_iter()
        .flatten()
        .min();
    &rest[..end.unwrap_or(rest.len())]
}

/// The blocks of YAML in a text.
fn examples(text: &str) -> Vec<&str> {
    let mut rest = text;
    let mut found = Vec::new();
    while let Some((_, behind)) = rest.split_once("```yaml\n") {
        let (block, after) = behind.split_once("```").unwrap();
        found.push(block);
        rest = after;
    }
    found
}

#[test]
fn every_kind_and_every_key_stands_there() {
    let page = page();
    for kind in ActionKind::ALL {
        let text = section(&page, &format!("## {}", kind.name()));
        let properties = schema_of(kind)["properties"].as_object().unwrap();
        for key in properties.keys() {
            assert!(
                text.contains(&format!("`{key}`")),
                "{}: `{key}`",
                kind.name()
            );
        }
    }
    let connections = section(&page, "# Connections");
    for kind in druse::connection::Connection::KINDS {
        assert!(connections.contains(&format!("| `{kind}` |")), "{kind}");
    }
    let schema = druse::connection::file_schema().to_string();
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let kinds = schema["$defs"]["Definition"]["oneOf"].as_array().unwrap();
    assert_eq!(kinds.len(), druse::connection::Connection::KINDS.len());
    for kind in kinds {
        for key in kind["properties"].as_object().unwrap().keys() {
            let known = [format!("`{key}`"), format!("`{key}:")];
            assert!(known.iter().any(|text| connections.contains(text)), "{key}");
        }
    }
}

#[test]
fn every_code_of_a_failure_stands_there() {
    let page = page();
    let mut codes = BTreeSet::new();
    for folder in ["src/action", "src/artifacts", "src/runtime"] {
        for file in sources(&root().join(folder)) {
            let text = std::fs::read_to_string(&file).unwrap();
            let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
            for mark in [
                "permanent(",
                "retryable(",
                "Permanent,",
                "Retryable,",
                "Uncertain,",
                "Timeout,",
            ] {
                for (at, _) in text.match_indices(mark) {
                    let rest = text[at + mark.len()..].trim_start();
                    if let Some(code) = rest
                        .strip_prefix('"')
                        .and_then(|rest| rest.split('"').next())
                    {
                        codes.insert(code.to_owned());
                    }
                }
            }
        }
    }
    // What only shows inside.
    codes.remove("stopped");
    assert!(codes.len() > 50, "{codes:?}");
    for code in codes {
        assert!(
            page.contains(&format!("`{code}`")),
            "`{code}` is not in docs/actions.md"
        );
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "tests") {
                found.extend(sources(&path));
            }
        } else {
            found.push(path);
        }
    }
    found
}

#[test]
fn every_example_passes_the_check() {
    let page = page();
    let mut connections = BTreeMap::new();
    let mut documents = Vec::new();
    for example in examples(&page) {
        if example.starts_with("connections:") {
            for (name, connection) in druse::connection::parse_file(example).unwrap() {
                connections.insert(name, connection.kind().to_owned());
            }
        } else if example.starts_with("druse: 1") {
            documents.push(example.to_owned());
        } else {
            let head = "druse: 1\nname: example\ninputs:\n  region: { type: string }\n  amounts: { type: array }\nsteps:\n";
            let steps: String = example.lines().map(|line| format!("  {line}\n")).collect();
            documents.push(format!("{head}{steps}"));
        }
    }
    assert!(documents.len() > 10);
    let catalog = Catalog {
        connections: Some(connections),
        secrets: Some(["api_key".to_owned()].into()),
        automations: Some(["report".to_owned()].into()),
        ..Catalog::default()
    };
    for text in documents {
        let parsed = parse(&text, Syntax::Yaml).unwrap_or_else(|wrong| panic!("{text}{wrong:#?}"));
        let findings: Vec<Finding> = check(&parsed.document, &catalog)
            .into_iter()
            .filter(|finding| finding.severity != Severity::Info)
            .collect();
        assert!(findings.is_empty(), "{text}{findings:#?}");
    }
}
