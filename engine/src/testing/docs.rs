//! What the pages of documentation say about documents, held against the engine.

use crate::check::{Catalog, check};
use crate::definition::{FailureClass, Syntax, parse};
use crate::difference::between;
use crate::event::{Decision, Failure, Outcome};
use crate::plan::{Plan, check_value};
use crate::rehearsal::{read_tests, run_test};
use crate::run::{Effect, GateStatus, Input, Run};
use crate::{Json, Severity, Timestamp};
use serde_json::{Value, json};
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

/// The ids of the steps whose line says that they fail.
fn failing(text: &str) -> Vec<&str> {
    let lines = text.lines().filter(|line| line.ends_with("# fails"));
    let ids = lines.filter_map(|line| line.split_once("id: ")?.1.split([',', ' ']).next());
    ids.collect()
}

/// Every document of a page is right; what stands behind it as JSON is how its run and its steps end,
/// when the calls that say so fail and all others succeed.
fn ends_so(page: &str) -> usize {
    let blocks = blocks(page);
    let mut ran = 0;
    for pair in blocks.windows(2) {
        let [("yaml", text), ("json", expected)] = pair else {
            continue;
        };
        let document = parse(text, Syntax::Yaml).expect(text).document;
        let findings = check(&document, &Catalog::default());
        assert!(findings.is_empty(), "{findings:?}\n{text}");
        let plan = Arc::new(Plan::compile(Arc::new(document)).expect(text));
        let fails = failing(text);
        let now = Timestamp(1_800_000_000_000);
        let (mut run, _) = Run::begin(plan.clone(), super::start(&plan, json!({})), now);
        while let Some(Effect::Attempt {
            step,
            number,
            fence,
            ..
        }) = run.pending().into_iter().next()
        {
            let id = step.0.rsplit('.').next().unwrap_or_default();
            let outcome = match fails.contains(&id) {
                true => Outcome::Failed {
                    failure: Failure::new(FailureClass::Permanent, "http_status", "422"),
                    retry_after_ms: None,
                },
                false => Outcome::Succeeded {
                    output: json!({ "json": { "id": 1 } }).into(),
                },
            };
            let finished = Input::Finished {
                step,
                number,
                fence,
                outcome,
            };
            run.handle(now, finished).expect(text);
        }
        let steps: Vec<String> = run
            .steps()
            .iter()
            .map(|step| format!("{} {}", step.path, step.status.name()))
            .collect();
        let expected: Value = serde_json::from_str(expected).expect(expected);
        let ended = json!({ "status": run.status().name(), "steps": steps });
        assert_eq!(ended, expected, "{text}");
        ran += 1;
    }
    ran
}

#[test]
fn the_page_on_failure_says_what_is_so() {
    let page = include_str!("../../../docs/failure.md");
    assert_eq!(ends_so(page), 3);
    assert_eq!(tests_of(page), 3);
    for fact in [
        "work_finished",
        "handlers_started",
        "cancel_requested",
        "paused",
        "resumed",
        "step_paused",
        "step_resumed",
        "done_before",
        "asked_before",
        "step_uncertain",
        "step_checked",
        "step_resolved",
    ] {
        assert!(page.contains(&format!("`{fact}`")), "{fact}");
    }
}

#[test]
fn the_page_on_loops_says_what_is_so() {
    assert_eq!(holds(include_str!("../../../docs/loops.md")), 3);
}

/// The tests of a page pass, each against the document in front of it; gives how many there are.
fn tests_of(page: &str) -> usize {
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
    ran
}

#[test]
fn the_page_on_tests_says_what_is_so() {
    assert_eq!(tests_of(include_str!("../../../docs/testing.md")), 8);
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

#[test]
fn the_page_on_waiting_says_what_is_so() {
    assert_eq!(holds(include_str!("../../../docs/waiting.md")), 1);
}

/// What a person says in an example: `ana: approve`, `ben: reject not today`, `ana: approve {"n": 1}`.
fn answer(run: &Run, line: &str, now: Timestamp) -> Input {
    let (by, said) = line.split_once(": ").expect(line);
    let (verdict, rest) = said.split_once(' ').unwrap_or((said, ""));
    let fields = rest.starts_with('{').then(|| {
        let fields: Value = serde_json::from_str(rest).expect(rest);
        Json::from(fields)
    });
    let mut gates = run.approvals().into_iter();
    let gate = gates.rfind(|gate| gate.status == GateStatus::Pending);
    let gate = gate.expect("a gate asks");
    if let Some(fields) = &fields {
        let findings = check_value(gate.request.fields.value(), fields.value());
        assert!(findings.is_empty(), "{findings:?}");
    }
    let comment = (fields.is_none() && !rest.is_empty()).then(|| rest.to_owned());
    Input::Decide {
        approval: gate.request.approval,
        decision: Decision {
            decision: serde_json::from_value(verdict.into()).expect(verdict),
            by: by.to_owned(),
            comment,
            fields,
            at: now,
            own_run: false,
        },
    }
}

#[test]
fn the_page_on_approvals_says_what_is_so() {
    let page = include_str!("../../../docs/approvals.md");
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
        let (Some(("text", said)), Some(("json", expected))) =
            (blocks.get(place + 1), blocks.get(place + 2))
        else {
            continue;
        };
        let inputs = plan.check_inputs(&Value::Null).expect(text);
        let mut now = Timestamp(1_800_000_000_000);
        let begin = super::start(&plan, inputs.value().clone());
        let (mut run, _) = Run::begin(plan, begin, now);
        for line in said.lines() {
            let input = match line.strip_prefix("after ") {
                Some(span) => {
                    now = now.after(span.parse().expect(span));
                    Input::Tick
                }
                None => answer(&run, line, now),
            };
            run.handle(now, input).expect(line);
        }
        let mut told = json!({ "status": run.status() });
        if let Some(outputs) = run.outputs().filter(|_| run.failure().is_none()) {
            told["outputs"] = outputs.value().clone();
        }
        if let Some(failure) = run.failure() {
            told["error"] = failure.message.as_str().into();
        }
        let expected: Value = serde_json::from_str(expected).expect(expected);
        assert_eq!(told, expected, "{text}");
        ran += 1;
    }
    assert_eq!(ran, 6);
}
