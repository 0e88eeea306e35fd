//! What the pages of documentation say about documents, held against the engine. What stands behind a
//! document says what comes of it; its form says how it is run:
//!
//! | behind the document | it says |
//! |---|---|
//! | JSON | the outputs of a run in which nothing is called and time passes |
//! | JSON with `status` and `steps` | how the run and its steps end, when the calls that say `# fails` fail |
//! | text that begins with a time | a story ([`super::story`]); JSON behind it are the outputs of its last run |
//! | other text, and JSON | what people answer at gates, and what comes of it |
//! | YAML that begins with `tests:` | tests of it, as those in the document itself |
//! | findings | all that the check says, with places |

use super::example::{Example, blocks, examples, pages, read};
use super::story;
use crate::check::{Catalog, check};
use crate::definition::{Document, FailureClass, Syntax, parse, parse_value};
use crate::difference::between;
use crate::event::{Decision, Failure, Outcome};
use crate::plan::{Plan, check_value};
use crate::rehearsal::{own_tests, read_tests, run_test};
use crate::run::{Effect, GateStatus, Input, Run};
use crate::{Json, Severity, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

const NOW: Timestamp = Timestamp(1_800_000_000_000);

impl Example {
    /// The document, which is right.
    pub(super) fn right(&self) -> &Document {
        let place = self.place();
        let document = self
            .document
            .as_ref()
            .unwrap_or_else(|findings| panic!("{place}: {findings:?}"));
        let findings = check(document, &Catalog::default());
        // Whoever copies it must not get a null where a value belongs.
        let reads_nothing = |code: &str| code == "unknown_output";
        let wrong = findings
            .iter()
            .any(|f| f.severity == Severity::Error || reads_nothing(&f.code));
        assert!(!wrong, "{place}: {findings:?}");
        document
    }

    /// Whether it is shown for what is wrong with it.
    pub(super) fn is_wrong(&self) -> bool {
        self.behind(0, "findings").is_some()
    }

    pub(super) fn plan(&self) -> Arc<Plan> {
        let plan = Plan::compile(Arc::new(self.right().clone()));
        Arc::new(plan.unwrap_or_else(|findings| panic!("{}: {findings:?}", self.place())))
    }

    fn behind(&self, number: usize, language: &str) -> Option<&str> {
        let (found, text) = self.said.get(number)?;
        (found == language).then_some(text)
    }

    /// Runs it as it says, and gives how; nothing where it says nothing.
    pub(super) fn run(&self) -> Vec<&'static str> {
        if let Some(findings) = self.behind(0, "findings") {
            assert_eq!(self.findings(), findings, "{}", self.place());
            return vec!["findings"];
        }
        let mut ways = Vec::new();
        let plan = self.plan();
        if !plan.document.tests.is_empty() || self.tests().is_some() {
            self.tested(&plan);
            ways.push("tests");
        }
        let json = |number| {
            let text = self.behind(number, "json")?;
            let value: Result<Value, _> = serde_json::from_str(text);
            Some(value.unwrap_or_else(|error| panic!("{}: {error}", self.place())))
        };
        if let Some(expected) = json(0) {
            if expected.get("steps").is_some_and(Value::is_array) {
                self.ends(&plan, &expected);
                ways.push("end");
            } else {
                self.gives(&plan, &expected);
                ways.push("outputs");
            }
        }
        if let Some(text) = self.behind(0, "text") {
            if text.starts_with(|first: char| first.is_ascii_digit()) {
                let run = story::tell(&plan, self.connections.as_deref(), text);
                if let Some(expected) = json(1) {
                    let given = run.as_ref().and_then(Run::outputs).map(Json::value);
                    assert_eq!(given, Some(&expected), "{}", self.place());
                }
                ways.push("story");
            } else if let Some(expected) = json(1) {
                self.answered(&plan, text, &expected);
                ways.push("answers");
            }
        }
        ways
    }

    /// The tests behind it.
    pub(super) fn tests(&self) -> Option<&str> {
        self.behind(0, "yaml")
            .filter(|text| text.starts_with("tests:"))
    }

    fn tested(&self, plan: &Arc<Plan>) {
        let mut tests = own_tests(plan).expect("they were checked");
        if let Some(text) = self.tests() {
            let (value, _) = parse_value(text, Syntax::Yaml).expect(text);
            tests.extend(read_tests(value, plan).expect(text));
        }
        for test in tests {
            let result = run_test(plan, &test);
            assert!(result.passed, "{}: {result:#?}", self.place());
        }
    }

    /// All that is wrong with it, a line each: place, code.
    fn findings(&self) -> String {
        let findings = match parse(&self.text, Syntax::Yaml) {
            Err(findings) => findings,
            Ok(parsed) => {
                let mut findings = check(&parsed.document, &Catalog::default());
                parsed.source.locate(&mut findings);
                findings
            }
        };
        let lines = findings.iter().map(|finding| {
            let (line, column) = (finding.line, finding.column);
            let place = format!(
                "{}:{}",
                line.unwrap_or_default(),
                column.unwrap_or_default()
            );
            format!("{place} {}: {}\n", finding.code, finding.message)
        });
        lines.collect()
    }

    /// Nothing is called, and time passes.
    fn gives(&self, plan: &Arc<Plan>, expected: &Value) {
        let inputs = plan.check_inputs(&Value::Null).expect("no input is needed");
        let mut now = NOW;
        let begin = super::start(plan, inputs.value().clone());
        let (mut run, _) = Run::begin(plan.clone(), begin, now);
        loop {
            let (at, input) = match (run.next_deadline(), run.next_silence()) {
                (Some((at, _)), _) => (at, Input::Tick),
                (None, Some(at)) => (at, Input::Silence),
                (None, None) => break,
            };
            now = now.max(at);
            run.handle(now, input).expect("time is never refused");
        }
        let given = run.outputs().map(Json::value);
        assert_eq!(given, Some(expected), "{}", self.place());
    }

    /// The ids of the steps whose line says that they fail.
    pub(super) fn failing(&self) -> Vec<&str> {
        let lines = self.text.lines().filter(|line| line.ends_with("# fails"));
        let ids = lines.filter_map(|line| line.split_once("id: ")?.1.split([',', ' ']).next());
        ids.collect()
    }

    /// The calls that say so fail, and all others succeed.
    fn ends(&self, plan: &Arc<Plan>, expected: &Value) {
        let fails = self.failing();
        let (mut run, _) = Run::begin(plan.clone(), super::start(plan, json!({})), NOW);
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
            run.handle(NOW, finished).expect("it runs");
        }
        let steps = run.steps();
        let steps = steps
            .iter()
            .map(|step| format!("{} {}", step.path, step.status.name()));
        let ended = json!({ "status": run.status().name(), "steps": steps.collect::<Vec<_>>() });
        assert_eq!(ended, *expected, "{}", self.place());
    }

    /// People answer, and time passes where they say so.
    fn answered(&self, plan: &Arc<Plan>, said: &str, expected: &Value) {
        let inputs = plan.check_inputs(&Value::Null).expect("no input is needed");
        let mut now = NOW;
        let begin = super::start(plan, inputs.value().clone());
        let (mut run, _) = Run::begin(plan.clone(), begin, now);
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
        assert_eq!(told, *expected, "{}", self.place());
    }
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

/// Documents that only show how something is written.
const ONLY_WRITTEN: [&str; 2] = ["docs/actions.md#charge", "docs/versions.md#report"];

#[test]
fn every_document_of_the_pages_does_what_its_page_says() {
    let mut ways: BTreeMap<&str, usize> = BTreeMap::new();
    let mut silent = Vec::new();
    let mut wrong = Vec::new();
    for example in examples() {
        // All that are wrong are told, each by its own panic.
        let Ok(ran) = std::panic::catch_unwind(|| example.run()) else {
            wrong.push(example.place());
            continue;
        };
        let own_page = example.file.starts_with("docs/");
        if ran.is_empty() && own_page && !ONLY_WRITTEN.contains(&&*example.place()) {
            silent.push(example.place());
        }
        for way in ran {
            *ways.entry(way).or_default() += 1;
        }
    }
    println!("{ways:?}");
    assert_eq!(wrong, [""; 0], "these do otherwise");
    assert_eq!(silent, [""; 0], "say behind each document what comes of it");
}

#[test]
fn every_semantic_has_an_example_that_runs() {
    let page = read("docs/README.md");
    let (_, table) = page
        .split_once("\n| Semantic |")
        .expect("the page has a table of semantics");
    let rows = table.lines().skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    // A line in bold is the head of a part.
    let rows: Vec<&str> = rows.filter(|line| !line.starts_with("| **")).collect();
    assert!(rows.len() > 60, "{} semantics are listed", rows.len());
    let examples = examples();
    let mut missing = Vec::new();
    for row in &rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let links: Vec<(&str, &str)> = cells
            .last()
            .into_iter()
            .flat_map(|cell| cell.split('[').skip(1))
            .filter_map(|link| link.split_once("]("))
            .filter_map(|(name, rest)| Some((name, rest.split_once([')', '#'])?.0)))
            .collect();
        let shown = |(name, page): &(&str, &str)| {
            // What only the whole program does is shown by a test of it.
            if let Some(file) = page
                .strip_prefix("../")
                .filter(|file| file.ends_with(".rs"))
            {
                return read(file).contains(&format!("fn {name}()"));
            }
            let file = format!("docs/{page}");
            let mut examples = examples.iter();
            examples.any(|one| one.file == file && one.name == *name && !one.run().is_empty())
        };
        if links.is_empty() || !links.iter().all(shown) {
            missing.push(*row);
        }
    }
    println!("{} semantics", rows.len());
    assert_eq!(missing, [""; 0], "these name no example that runs");
}

#[test]
fn every_page_stands_in_the_index() {
    let index = read("docs/README.md");
    for page in pages() {
        let name = page.trim_start_matches("docs/");
        assert!(
            name == "README.md" || index.contains(&format!("]({name})")),
            "{name}"
        );
    }
}

#[test]
fn the_page_on_failure_names_the_facts() {
    let page = read("docs/failure.md");
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
        "sent_back_before",
        "step_uncertain",
        "step_checked",
        "step_resolved",
    ] {
        assert!(page.contains(&format!("`{fact}`")), "{fact}");
    }
}

#[test]
fn the_page_on_versions_says_what_is_so() {
    let page = read("docs/versions.md");
    let blocks = blocks(&page);
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
