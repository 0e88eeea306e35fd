//! What the pages of documentation say about documents, held against the engine.

use crate::check::{Catalog, check};
use crate::definition::{Syntax, parse};
use crate::plan::Plan;
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
        loop {
            let (at, input) = match (run.next_deadline(), run.next_silence()) {
                (Some((at, _)), _) => (at, Input::Tick),
                (None, Some(at)) => (at, Input::Silence),
                (None, None) => break,
            };
            now = now.max(at);
            run.handle(now, input).expect(text);
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
fn the_page_on_waiting_says_what_is_so() {
    assert_eq!(holds(include_str!("../../../docs/waiting.md")), 1);
}
