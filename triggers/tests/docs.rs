//! `docs/triggers.md` says what the code does: every key of what looks by itself, and every example.

use druse_engine::check::{Catalog, check};
use druse_engine::definition::{Syntax, parse, schema};
use druse_triggers::event::builtin::all;
use std::collections::BTreeSet;

const PAGE: &str = include_str!("../../docs/triggers.md");

/// The blocks of YAML of the page, each as the triggers of a document that has the inputs they give.
fn documents() -> Vec<String> {
    let blocks = PAGE.split("```yaml\n").skip(1);
    let text = blocks.map(|rest| rest.split("```").next().unwrap_or_default());
    text.map(|block| {
        let triggers = block.strip_prefix("triggers:\n").unwrap_or(block);
        let names: BTreeSet<&str> = triggers
            .split("inputs: { ")
            .skip(1)
            .filter_map(|rest| rest.split(':').next())
            .collect();
        let inputs: Vec<String> = names
            .iter()
            .map(|name| format!("{name}: {{ default: null }}"))
            .collect();
        format!(
            "druse: 1\nname: example\ninputs: {{ {} }}\ntriggers:\n{triggers}steps: [{{ id: s, action: transform, with: {{ value: 1 }} }}]\n",
            inputs.join(", ")
        )
    })
    .collect()
}

#[test]
fn every_example_is_a_document_with_nothing_wrong() {
    let documents = documents();
    assert_eq!(documents.len(), 5);
    for text in documents {
        let parsed =
            parse(&text, Syntax::Yaml).unwrap_or_else(|wrong| panic!("{text}\n{wrong:#?}"));
        let mut findings = check(&parsed.document, &Catalog::default());
        druse_triggers::check::add_to(&mut findings, &parsed.document);
        assert!(findings.is_empty(), "{text}\n{findings:#?}");
    }
}

#[test]
fn every_key_of_files_and_polls_stands_there() {
    let schema = schema();
    for (name, heading) in [("Files", "## Files"), ("Poll", "## Polls")] {
        let section = PAGE.split(heading).nth(1).unwrap();
        let section = section.split("\n## ").next().unwrap();
        for key in schema["$defs"][name]["properties"]
            .as_object()
            .unwrap()
            .keys()
        {
            let known = [format!("`{key}`"), format!("`{key}:")];
            assert!(
                known.iter().any(|text| section.contains(text)),
                "{name}: {key}"
            );
        }
    }
}

#[test]
fn every_event_that_druse_tells_stands_there() {
    for builtin in all() {
        let line = format!("| `{}` | {} |", builtin.event_type, builtin.meaning);
        assert!(PAGE.contains(&line), "{line}");
    }
    let lines = PAGE.lines().filter(|line| line.starts_with("| `"));
    assert_eq!(lines.count(), all().count());
}
