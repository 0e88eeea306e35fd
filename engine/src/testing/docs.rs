//! What the pages of documentation say about documents, held against the engine.

use crate::check::{Catalog, check};
use crate::definition::{Syntax, parse};
use crate::difference::between;
use crate::plan::Plan;
use crate::rehearsal::{read_tests, run_test};
use crate::run::{Input, Run};
use crate::{Severity, Timestamp};
use serde_json::Value;
use std::sync::Arc;

/// The blocks of a page, each with its language.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let parts: Vec<&str> = page.split("```").collect();
    let blocks = parts.iter().skip(1).step_by(2);
    blocks.filter_map(|block| block.split_once('\n')).collect()
}

/// Every document of a page is right; what stands behind it as JSON is what its run gives.
fn holds(page: &str) -> usize {
    let blocks = blocks(page);
    let mut ran = 0;
    for (place, (language, text)) in blocks.iter().enumerate() {
        if *language != "yaml" {
            continue;
        }
        let document = parse(text, Syntax::Yaml).expect(text).document;
        let findings = check(&document, &Catalog::default());
        let wrong = findings.iter().any(|f| f.severity == Severity::Error);
        assert!(!wrong, "{findings:?}\n{text}");
        let plan = Arc::new(Plan::compile(Arc::new(document)).expect(text));
        let Some(("json", expected)) = blocks.get(place + 1) else {
            continue;
        };
        let inputs = plan.check_inputs(&Value::Null).expect(text);
        let mut now = Timestamp(1_800_000_000_000);
        let begin = super::start(&plan, inputs.value().clone());
        let (mut run, _) = Run::begin(plan, begin, now);
        while let Some((at, _)) = run.next_deadline() {
            now = now.max(at);
            run.handle(now, Input::Tick).expect(text);
        }
        let expected: Value = serde_json::from_str(expected).expect(expected);
        assert_eq!(run.outputs().map(|o| o.value()), Some(&expected), "{text}");
        ran += 1;
    }
    ran
}

#[test]
fn the_page_on_loops_says_what_is_so() {
    assert_eq!(holds(include_str!("../../../docs/loops.md")), 3);
}

#[test]
fn the_page_on_tests_says_what_is_so() {
    let page = include_str!("../../../docs/testing.md");
    let mut plan = None;
    let mut ran = 0;
    for (language, text) in blocks(page) {
        if language != "yaml" {
            continue;
        }
        if text.starts_with("druse: 1") {
            let document = parse(text, Syntax::Yaml).expect(text).document;
            let findings = check(&document, &Catalog::default());
            let wrong = findings.iter().any(|f| f.severity == Severity::Error);
            assert!(!wrong, "{findings:?}");
            plan = Some(Arc::new(Plan::compile(Arc::new(document)).expect(text)));
            continue;
        }
        let plan = plan
            .as_ref()
            .expect("the tests stand behind their document");
        let (value, _) = crate::definition::parse_value(text, Syntax::Yaml).expect(text);
        for test in read_tests(value, plan).expect(text) {
            let result = run_test(plan, &test);
            assert!(result.passed, "{result:#?}");
            ran += 1;
        }
    }
    assert_eq!(ran, 5);
}

#[test]
fn the_page_on_versions_says_what_is_so() {
    let page = include_str!("../../../docs/versions.md");
    let blocks = blocks(page);
    let document = |place: usize| {
        let (language, text) = blocks[place];
        assert_eq!(language, "yaml");
        parse(text, Syntax::Yaml).expect(text).document
    };
    let lines: Vec<String> = between(&document(0), &document(1))
        .iter()
        .flat_map(|change| change.lines())
        .collect();
    assert_eq!(blocks[2], ("text", &*format!("{}\n", lines.join("\n"))));
}

#[test]
fn the_page_on_joins_says_what_is_so() {
    assert_eq!(holds(include_str!("../../../docs/joins.md")), 4);
}
