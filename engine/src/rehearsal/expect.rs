//! One test: rehearsed, and compared with what it expects.

use super::answers::Layers;
use super::course::{Call, Course, Stop};
use super::drive::rehearse;
use super::sealed::Sealed;
use super::spec::{ErrorExpectation, Expected, StepExpectation, Test};
use crate::event::{Failure, SkipReason, Start, Status};
use crate::plan::Plan;
use crate::run::StepView;
use crate::{Json, RunId, Span};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// What a test came to.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct TestResult {
    /// The test.
    pub name: String,
    /// Whether all is as expected.
    pub passed: bool,
    /// What is not.
    pub differences: Vec<Difference>,
    /// The run, as it came to be.
    pub run: Seen,
}

/// Something that is not as expected.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Difference {
    /// What is meant: `status`, `outputs.url`, `steps.pay.input.json.amount`.
    pub what: String,
    /// One sentence.
    pub message: String,
    /// What was expected; null where nothing can be said.
    pub expected: Value,
    /// What there is.
    pub found: Value,
    /// Where the expectation is written, as a JSON Pointer.
    pub path: String,
    /// The line, where the text is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column in that line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

/// A rehearsed run as it came to be.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Seen {
    /// How it stands.
    pub status: Status,
    /// Its outputs.
    pub outputs: Option<Json>,
    /// Why it failed.
    pub error: Option<Failure>,
    /// How long it took in its own time.
    pub took: Span,
    /// The effects that it would have had, in order.
    pub calls: Vec<Call>,
    /// Where it could not go on.
    pub stops: Vec<Stop>,
}

impl From<&Course> for Seen {
    fn from(course: &Course) -> Self {
        Self {
            status: course.run.status(),
            outputs: course.run.outputs().cloned(),
            error: course.run.failure().cloned(),
            took: course.took(),
            calls: course.calls.clone(),
            stops: course.stops.clone(),
        }
    }
}

/// Runs a test.
pub fn run_test(plan: &Arc<Plan>, test: &Test) -> TestResult {
    let milliseconds = u64::try_from(test.at.0).unwrap_or(0);
    let run = RunId::from_parts(milliseconds, [0; 10]);
    let (inputs, sealed) = Sealed::of(plan, &test.inputs);
    let start = Start {
        run,
        automation: None,
        name: plan.document.name.clone(),
        version: 0,
        digest: plan.digest().clone(),
        cause: json!({ "kind": "manual", "test": test.name }).into(),
        started_by: "user:test".into(),
        inputs,
        trigger: test.trigger.clone().into(),
        scheduled_at: test.scheduled_at,
        root: run,
        depth: 0,
    };
    let mut answers = Layers::default().with(test.mocks.answers());
    let course = rehearse(plan, start, Vec::new(), test.at, &mut answers);
    let mut looked = Look {
        test,
        course: &course,
        sealed: &sealed,
        differences: Vec::new(),
    };
    looked.at_all();
    let differences = looked.differences;
    sealed.hide(TestResult {
        name: test.name.clone(),
        passed: differences.is_empty(),
        differences,
        run: Seen::from(&course),
    })
}

struct Look<'a> {
    test: &'a Test,
    course: &'a Course,
    sealed: &'a Sealed,
    differences: Vec<Difference>,
}

impl Look<'_> {
    fn say(&mut self, what: &str, path: String, expected: Value, found: Value, message: String) {
        self.differences.push(Difference {
            what: what.to_owned(),
            message,
            expected,
            found,
            path,
            line: None,
            column: None,
        });
    }

    fn other(&mut self, what: &str, path: String, expected: Value, found: Value) {
        let (expected, found) = (self.sealed.value(&expected), self.sealed.value(&found));
        let message = format!("expected {}, found {}", shown(&expected), shown(&found));
        self.say(what, path, expected, found, message);
    }

    fn at_all(&mut self) {
        let at = format!("{}/expect", self.test.pointer);
        let expect = &self.test.expect;
        self.at_stops();
        let run = &self.course.run;
        if let Some(status) = expect.status
            && status != run.status()
        {
            let found = run.status();
            let why = match run.failure() {
                Some(failure) => format!(": {} ({})", failure.message, failure.code),
                None if !run.is_over() => format!(": {}", run.waits_for()),
                None => String::new(),
            };
            let message = format!("expected {}, found {}{why}", status.name(), found.name());
            let (expected, found) = (status.name().into(), found.name().into());
            self.say("status", format!("{at}/status"), expected, found, message);
        }
        if let Some(outputs) = &expect.outputs {
            let found = run.outputs().map(|outputs| outputs.value());
            for (name, expected) in outputs {
                let found = found.and_then(|found| found.get(name));
                let path = format!("{at}/outputs{}", crate::plan::pointer(&[name]));
                self.value(&format!("outputs.{name}"), &path, expected, found);
            }
        }
        if let Some(error) = &expect.error {
            self.error("error", &format!("{at}/error"), error, run.failure());
        }
        if let Some(within) = expect.within
            && self.course.took() > within
        {
            let took = self.course.took();
            let message = format!("expected within {within}, took {took}");
            let (within, took) = (within.to_string().into(), took.to_string().into());
            self.say("within", format!("{at}/within"), within, took, message);
        }
        let steps = run.steps();
        for expected in &expect.steps {
            self.step(expected, &steps);
        }
        for expected in &expect.called {
            if self.calls(expected).next().is_none() {
                let what = format!("steps.{}", expected.path);
                let message = format!("{} is never called", expected.path);
                let path = expected.pointer.clone();
                self.say(&what, path, "called".into(), Value::Null, message);
            }
        }
        for expected in &expect.never {
            let first = self.calls(expected).next();
            if let Some(call) = first {
                let (path, input) = (call.path.clone(), call.input.value().clone());
                let what = format!("steps.{path}");
                let message = format!("{path} is called, with {}", shown(&input));
                let pointer = expected.pointer.clone();
                self.say(&what, pointer, "never".into(), input, message);
            }
        }
    }

    fn calls<'s>(&'s self, expected: &'s Expected<()>) -> impl Iterator<Item = &'s Call> {
        let all = self.course.calls.iter();
        all.filter(|call| expected.path.matches(&call.path))
    }

    /// Where no answer was written for something that asked, the test says nothing about what follows.
    fn at_stops(&mut self) {
        let waits = matches!(
            self.test.expect.status,
            Some(Status::Waiting | Status::Paused)
        );
        for stop in &self.course.stops {
            let asked = self.course.calls.iter().rev();
            let input = asked
                .clone()
                .find(|call| call.path == stop.path)
                .map(|call| call.input.value().clone());
            let message = match stop.code.as_str() {
                // To wait for a person or an event is what may be expected.
                "no_decision" | "no_event" | "not_resolved" | "paused" if waits => continue,
                "no_answer" => {
                    let kind = asked
                        .clone()
                        .find(|call| call.path == stop.path)
                        .map_or("", |call| call.action.name());
                    let input = input.as_ref().map(shown).unwrap_or_default();
                    format!(
                        "no mock for step {} ({kind}), which asks for {input}",
                        stop.path
                    )
                }
                "no_decision" => format!("no mock for the gate {}", stop.path),
                "no_event" => format!("no mock for a wait: {}", stop.message),
                _ => stop.message.clone(),
            };
            let path = format!("{}/mocks", self.test.pointer);
            let what = format!("steps.{}", stop.path);
            self.say(&what, path, Value::Null, input.unwrap_or_default(), message);
        }
    }

    fn step(&mut self, expected: &Expected<StepExpectation>, steps: &[StepView]) {
        let found: Vec<&StepView> = steps
            .iter()
            .filter(|step| expected.path.matches(&step.path))
            .collect();
        if found.is_empty() {
            let what = format!("steps.{}", expected.path);
            let message = format!("{} does not come about", expected.path);
            let path = expected.pointer.clone();
            self.say(&what, path, Value::Null, Value::Null, message);
        }
        for view in found {
            self.step_view(expected, view);
        }
    }

    fn step_view(&mut self, expected: &Expected<StepExpectation>, view: &StepView) {
        let wanted = &expected.what;
        let at = &expected.pointer;
        let what = format!("steps.{}", view.path);
        if let Some(status) = wanted.status
            && status != view.status
        {
            let message = format!(
                "expected {}, found {}{}",
                status.name(),
                view.status.name(),
                why(view)
            );
            let (expected, found) = (status.name().into(), view.status.name().into());
            self.say(&what, format!("{at}/status"), expected, found, message);
        }
        if let Some(input) = &wanted.input {
            let found = view.input.as_ref().map(|input| input.value());
            let what = format!("{what}.input");
            self.value(&what, &format!("{at}/input"), input, found);
        }
        if let Some(output) = &wanted.output {
            let found = view.output.as_ref().map(|output| output.value());
            let what = format!("{what}.output");
            self.value(&what, &format!("{at}/output"), output, found);
        }
        if let Some(error) = &wanted.error {
            let found = view.error.as_ref();
            self.error(
                &format!("{what}.error"),
                &format!("{at}/error"),
                error,
                found,
            );
        }
        if let Some(reason) = &wanted.skipped {
            let found = reason_of(view);
            if found.as_deref() != Some(reason) {
                let found = found.map_or(Value::Null, Value::from);
                let path = format!("{at}/skipped");
                self.other(
                    &format!("{what}.skipped"),
                    path,
                    reason.clone().into(),
                    found,
                );
            }
        }
        if let Some(attempts) = wanted.attempts {
            let found = u32::try_from(view.attempts.len()).unwrap_or(u32::MAX);
            if found != attempts {
                let path = format!("{at}/attempts");
                self.other(
                    &format!("{what}.attempts"),
                    path,
                    attempts.into(),
                    found.into(),
                );
            }
        }
    }

    fn error(
        &mut self,
        what: &str,
        at: &str,
        expected: &ErrorExpectation,
        found: Option<&Failure>,
    ) {
        let Some(failure) = found else {
            let message = "expected an error, found none".to_owned();
            return self.say(what, at.to_owned(), "an error".into(), Value::Null, message);
        };
        if let Some(class) = expected.class
            && class != failure.class
        {
            let path = format!("{at}/class");
            self.other(
                &format!("{what}.class"),
                path,
                json!(class),
                json!(failure.class),
            );
        }
        if let Some(code) = &expected.code
            && *code != failure.code
        {
            let path = format!("{at}/code");
            self.other(
                &format!("{what}.code"),
                path,
                json!(code),
                json!(failure.code),
            );
        }
        if let Some(part) = &expected.message
            && !failure.message.contains(part)
        {
            let path = format!("{at}/message");
            self.other(
                &format!("{what}.message"),
                path,
                json!(part),
                json!(failure.message),
            );
        }
    }

    /// What a map names has to be there; what it does not name may be anything. All else has to be equal.
    fn value(&mut self, what: &str, at: &str, expected: &Value, found: Option<&Value>) {
        match (expected, found) {
            (Value::Object(wanted), Some(Value::Object(there))) => {
                for (key, value) in wanted {
                    let at = format!("{at}{}", crate::plan::pointer(&[key]));
                    self.value(&format!("{what}.{key}"), &at, value, there.get(key));
                }
            }
            (Value::Array(wanted), Some(Value::Array(there))) if wanted.len() == there.len() => {
                for (index, (value, found)) in wanted.iter().zip(there).enumerate() {
                    let at = format!("{at}/{index}");
                    self.value(&format!("{what}[{index}]"), &at, value, Some(found));
                }
            }
            (wanted, Some(found)) if same(wanted, found) => {}
            (wanted, Some(Value::String(text)))
                if self
                    .sealed
                    .open(text)
                    .is_some_and(|open| same(wanted, &open)) => {}
            (wanted, Some(found)) => {
                self.other(what, at.to_owned(), wanted.clone(), found.clone());
            }
            (wanted, None) => {
                let wanted = self.sealed.value(wanted);
                let message = format!("expected {}, found nothing", shown(&wanted));
                self.say(what, at.to_owned(), wanted, Value::Null, message);
            }
        }
    }
}

/// Equal, numbers by their value: 3 is 3.0.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || one.as_f64() == other.as_f64()
        }
        _ => one == other,
    }
}

fn reason_of(view: &StepView) -> Option<String> {
    let reason = serde_json::to_value(view.skipped.as_ref()?).ok()?;
    reason["kind"].as_str().map(str::to_owned)
}

/// Why a step stands as it does, where that is known.
fn why(view: &StepView) -> String {
    if let Some(error) = &view.error {
        return format!(": {} ({})", error.message, error.code);
    }
    match &view.skipped {
        Some(SkipReason::When) => ": its `when` does not hold".to_owned(),
        Some(SkipReason::Need { step, status }) => format!(": {step} is {}", status.name()),
        Some(SkipReason::Case { step, taken }) => match taken {
            Some(taken) => format!(": {step} took {taken}"),
            None => format!(": {step} took no case"),
        },
        Some(SkipReason::RunEnding) => ": the run was ending".to_owned(),
        None => String::new(),
    }
}

/// A value as text, the beginning of a long one.
fn shown(value: &Value) -> String {
    const LONGEST: usize = 200;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
