//! Tests of a document as people write them, read as strictly as the document itself.

use super::mock::{Mock, Mocks, ResumeMock};
use super::pattern::PathPattern;
use crate::definition::{FailureClass, Mode, OnError, Walk};
use crate::event::{Status, Verdict};
use crate::plan::{ActionKind, Plan, PlannedStep, pointer};
use crate::{Finding, Span, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// When a test begins that does not say.
const BEGIN: Timestamp = Timestamp(1_800_000_000_000);

/// What is wrong with a name in a file of tests is wrong with the key: for `SourceMap::locate_keys`.
pub const KEYS_OF_TESTS: [&str; 3] = ["unknown_step", "unknown_input", "unknown_output"];

/// The shape of a file of tests.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Tests {
    /// The tests.
    tests: Vec<Written>,
    /// The document that is tested, from the folder of this file; left out: the one beside it.
    #[serde(default)]
    automation: Option<String>,
}

/// A test as it is written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Test")]
pub(crate) struct Written {
    /// What it shows, in a few words.
    name: String,
    /// Values by the names of inputs.
    #[serde(default)]
    inputs: Map<String, Value>,
    /// What expressions see as `trigger`.
    #[serde(default)]
    trigger: Value,
    /// When it begins; left out: 2027-01-15T08:00:00Z.
    #[serde(default)]
    at: Option<Timestamp>,
    /// The logical time that a schedule gives.
    #[serde(default)]
    scheduled_at: Option<Timestamp>,
    /// Answers by the paths of steps: one, or a list of them, an attempt each.
    #[serde(default)]
    mocks: Map<String, Value>,
    /// What has to come of it.
    expect: WrittenExpectation,
}

/// What has to come of a test as it is written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Expectation")]
struct WrittenExpectation {
    /// How the run ends; `waiting` where it waits for a person or an event, `paused` where a step has failed
    /// and waits for a person.
    status: Option<Status>,
    /// Outputs of the run; those that are not named may be anything.
    outputs: Option<Map<String, Value>>,
    /// Why it fails.
    error: Option<ErrorExpectation>,
    /// What becomes of steps, by their paths: a status, or more.
    steps: Map<String, Value>,
    /// Steps of which an attempt is made.
    called: Vec<String>,
    /// Steps of which no attempt is made.
    never: Vec<String>,
    /// How long it takes at most, in its own time.
    within: Option<Span>,
}

/// Why something has to fail; what is left out may be anything.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ErrorExpectation {
    /// The class.
    pub class: Option<FailureClass>,
    /// The code.
    pub code: Option<String>,
    /// A part of the message.
    pub message: Option<String>,
}

/// What has to become of a step; what is left out may be anything.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StepExpectation {
    /// How it ends.
    pub status: Option<Status>,
    /// Its rendered configuration.
    #[serde(deserialize_with = "there")]
    pub input: Option<Value>,
    /// What it gives.
    #[serde(deserialize_with = "there")]
    pub output: Option<Value>,
    /// Why it fails.
    pub error: Option<ErrorExpectation>,
    /// Why it is skipped: `when`, `need`, `case` or `run_ending`.
    pub skipped: Option<String>,
    /// How many attempts are made.
    pub attempts: Option<u32>,
}

fn there<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// A test.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// What it shows.
    pub name: String,
    /// Where it stands in its file, as a JSON Pointer.
    pub pointer: String,
    /// The inputs, with their defaults.
    pub inputs: crate::Json,
    /// What expressions see as `trigger`.
    pub trigger: Value,
    /// When it begins.
    pub at: Timestamp,
    /// The logical time that a schedule gives.
    pub scheduled_at: Option<Timestamp>,
    /// The answers.
    pub mocks: Mocks,
    /// What has to come of it.
    pub expect: Expectation,
}

/// What has to come of a test.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Expectation {
    /// How the run ends.
    pub status: Option<Status>,
    /// Outputs of the run.
    pub outputs: Option<Map<String, Value>>,
    /// Why it fails.
    pub error: Option<ErrorExpectation>,
    /// What becomes of steps.
    pub steps: Vec<Expected<StepExpectation>>,
    /// Steps of which an attempt is made.
    pub called: Vec<Expected<()>>,
    /// Steps of which no attempt is made.
    pub never: Vec<Expected<()>>,
    /// How long it takes at most.
    pub within: Option<Span>,
}

/// Something that is expected of the steps with a path.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected<T> {
    /// Which steps.
    pub path: PathPattern,
    /// Where it is written, as a JSON Pointer.
    pub pointer: String,
    /// What.
    pub what: T,
}

/// Reads a file of tests, `{tests: […]}`, for a plan.
///
/// # Errors
/// All that is wrong with it, with JSON Pointers.
pub fn read_tests(value: Value, plan: &Plan) -> Result<Vec<Test>, Vec<Finding>> {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    let schema = SCHEMA.get_or_init(|| schemars::schema_for!(Tests).to_value());
    let mut value = value;
    let mut walk = Walk::new(schema, Mode::Plain);
    walk.value(&mut value, "");
    // Where a part has the wrong shape, the rest is looked at all the same.
    for finding in &walk.findings {
        remove(&mut value, finding.path.as_deref().unwrap_or_default());
    }
    let mut reader = Reader {
        plan,
        findings: walk.findings,
    };
    let written = value.get_mut("tests").and_then(Value::as_array_mut);
    let written = written.map(std::mem::take).unwrap_or_default();
    let mut names = BTreeSet::new();
    let mut tests = Vec::with_capacity(written.len());
    for (index, value) in written.into_iter().enumerate() {
        let at = format!("/tests/{index}");
        let written: Written = match serde_json::from_value(value) {
            Ok(written) => written,
            Err(error) => {
                // What is said already is why it cannot be read.
                if !reader.findings.iter().any(|known| within(known, &at)) {
                    let finding = Finding::error("wrong_type", error.to_string());
                    reader.say(finding.at_path(at));
                }
                continue;
            }
        };
        if !names.insert(written.name.clone()) {
            reader.say(
                Finding::error(
                    "duplicate_id",
                    format!("two tests have the name `{}`", written.name),
                )
                .at_path(format!("{at}/name"))
                .help("give each a name of its own"),
            );
        }
        tests.push(reader.test(written, at));
    }
    if reader.findings.is_empty() {
        Ok(tests)
    } else {
        Err(reader.findings)
    }
}

/// Reads the tests that stand in the document of a plan.
///
/// # Errors
/// All that is wrong with them, with JSON Pointers into the document.
pub fn own_tests(plan: &Plan) -> Result<Vec<Test>, Vec<Finding>> {
    read_tests(json!({ "tests": plan.document.tests }), plan)
}

/// Reads mocks alone: a map of paths to answers. `at` leads to it.
///
/// # Errors
/// All that is wrong with them, with JSON Pointers.
pub fn read_mocks(mocks: Map<String, Value>, at: &str, plan: &Plan) -> Result<Mocks, Vec<Finding>> {
    let mut reader = Reader {
        plan,
        findings: Vec::new(),
    };
    let read = reader.mocks(mocks, at);
    if reader.findings.is_empty() {
        Ok(read)
    } else {
        Err(reader.findings)
    }
}

/// Whether a finding is about a place or something inside of it.
fn within(finding: &Finding, at: &str) -> bool {
    let path = finding.path.as_deref().unwrap_or_default();
    path.strip_prefix(at)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Takes away what a pointer leads to, out of a map.
fn remove(value: &mut Value, path: &str) {
    if let Some((around, key)) = path.rsplit_once('/')
        && let Some(map) = value.pointer_mut(around).and_then(Value::as_object_mut)
    {
        map.remove(&key.replace("~1", "/").replace("~0", "~"));
    }
}

/// A value of a shape, or all that is wrong with it.
fn conforming<T: DeserializeOwned>(
    schema: &Value,
    mut value: Value,
    at: &str,
) -> Result<T, Vec<Finding>> {
    let mut walk = Walk::new(schema, Mode::Plain);
    walk.value(&mut value, at);
    if !walk.findings.is_empty() {
        return Err(walk.findings);
    }
    serde_json::from_value(value)
        .map_err(|error| vec![Finding::error("wrong_type", error.to_string()).at_path(at)])
}

struct Reader<'a> {
    plan: &'a Plan,
    findings: Vec<Finding>,
}

impl Reader<'_> {
    fn say(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    fn test(&mut self, written: Written, at: String) -> Test {
        let inputs = self
            .plan
            .check_inputs(&Value::Object(written.inputs))
            .unwrap_or_else(|findings| {
                for mut finding in findings {
                    let inner = finding.path.take().unwrap_or_default();
                    self.say(finding.at_path(format!("{at}/inputs{inner}")));
                }
                crate::Json::null()
            });
        let mocks = self.mocks(written.mocks, &format!("{at}/mocks"));
        let expect = self.expectation(written.expect, &format!("{at}/expect"));
        Test {
            name: written.name,
            inputs,
            trigger: written.trigger,
            at: written.at.unwrap_or(BEGIN),
            scheduled_at: written.scheduled_at,
            mocks,
            expect,
            pointer: at,
        }
    }

    fn mocks(&mut self, mocks: Map<String, Value>, at: &str) -> Mocks {
        static SCHEMA: OnceLock<Value> = OnceLock::new();
        let schema = SCHEMA.get_or_init(|| schemars::schema_for!(Mock).to_value());
        let mut read = Mocks::default();
        for (path, value) in mocks {
            let here = format!("{at}{}", pointer(&[&path]));
            let (items, several) = match value {
                Value::Array(items) => (items, true),
                one => (vec![one], false),
            };
            if items.is_empty() {
                self.wrong(&here, "it has no answer", "write one, or a list of them");
            }
            let mut list = Vec::with_capacity(items.len());
            for (index, item) in items.into_iter().enumerate() {
                let place = match several {
                    true => format!("{here}/{index}"),
                    false => here.clone(),
                };
                match conforming::<Mock>(schema, item, &place) {
                    Ok(mock) => list.push((place, mock)),
                    Err(findings) => self.findings.extend(findings),
                }
            }
            if let Some(pattern) = self.path(&path, &here) {
                let example = pattern.example();
                if let Some(step) = self.plan.find(&example) {
                    for (place, mock) in &list {
                        self.fits(step, mock, place);
                    }
                }
                let list = list.into_iter().map(|(_, mock)| mock).collect();
                read.by_path.push((pattern, list));
            }
        }
        read
    }

    /// Whether a mock is one for this step.
    fn fits(&mut self, step: &PlannedStep, mock: &Mock, at: &str) {
        let kind = step.work.kind();
        let answers = [
            mock.output.is_some(),
            mock.fail.is_some(),
            mock.hangs,
            mock.decision.is_some(),
            mock.event.is_some(),
            mock.resume.is_some(),
        ];
        let ends = mock.output.is_some() || mock.fail.is_some();
        match kind {
            None => self.wrong(
                at,
                "a loop has no answer of its own",
                "mock the steps of its body: `loop[*].step`",
            ),
            Some(ActionKind::Wait) if step.hears.is_some() => {
                if ends || mock.decision.is_some() || mock.resume.is_some() {
                    self.wrong(
                        at,
                        "to a wait an event comes, or none",
                        "write `event: { data: … }`, or `hangs: true`",
                    );
                }
            }
            Some(kind) if kind.is_pure() || kind == ActionKind::Wait => self.wrong(
                at,
                &format!("a {} is done by the engine itself", kind.name()),
                "leave it out: it really happens in a test",
            ),
            Some(ActionKind::ApprovalGate) => self.answers(step, mock, at),
            Some(_) if mock.decision.is_some() || mock.event.is_some() => self.wrong(
                at,
                "only a gate has a decision, and only a wait an event",
                "write `output`, or `fail` with a class of failure",
            ),
            Some(_) if mock.resume.is_some() && step.on_error != OnError::Pause => self.wrong(
                at,
                "only a step with `on_error: pause` is resumed",
                "write the answers of its attempts alone",
            ),
            Some(_) => {}
        }
        if mock.input.is_some() && mock.resume != Some(ResumeMock::Again) {
            self.wrong(
                at,
                "`input` corrects what a person has tried again",
                "write `resume: again` beside it",
            );
        }
        if answers.iter().filter(|there| **there).count() != 1 {
            self.wrong(
                at,
                "a mock says one thing: `output`, `fail`, `hangs`, `decision`, `event` or `resume`",
                "write exactly one of them",
            );
        }
    }

    /// Whether a mock is what a person may answer at this gate.
    fn answers(&mut self, gate: &PlannedStep, mock: &Mock, at: &str) {
        if mock.decision.is_none() && !mock.hangs {
            self.wrong(
                at,
                "a gate is answered by people",
                "write `decision: approve`, `reject` or `send_back`, or `hangs: true`",
            );
        }
        let back = gate.gate.as_ref().and_then(|gate| gate.send_back.as_ref());
        if mock.decision == Some(Verdict::SendBack) && back.is_none() {
            self.wrong(
                at,
                "this gate names no step that it sends back to",
                "write `decision: approve` or `decision: reject`",
            );
        }
        let refuses = matches!(mock.decision, Some(Verdict::Reject | Verdict::SendBack));
        let comment = mock.comment.as_deref().unwrap_or_default();
        if refuses && comment.trim().is_empty() {
            self.wrong(
                at,
                "whoever rejects or sends back says why",
                "add a `comment`",
            );
        }
    }

    fn wrong(&mut self, at: &str, message: &str, help: &str) {
        self.say(Finding::error("bad_mock", message).at_path(at).help(help));
    }

    fn path(&mut self, text: &str, at: &str) -> Option<PathPattern> {
        let pattern = PathPattern::new(text);
        match pattern.check(self.plan) {
            Ok(()) => Some(pattern),
            Err(help) => {
                self.say(
                    Finding::error("unknown_step", format!("there is no step `{text}`"))
                        .at_path(at)
                        .help(help),
                );
                None
            }
        }
    }

    fn paths(&mut self, list: &[String], at: &str) -> Vec<Expected<()>> {
        let mut read = Vec::with_capacity(list.len());
        for (index, text) in list.iter().enumerate() {
            let pointer = format!("{at}/{index}");
            if let Some(path) = self.path(text, &pointer) {
                read.push(Expected {
                    path,
                    pointer,
                    what: (),
                });
            }
        }
        read
    }

    fn expectation(&mut self, written: WrittenExpectation, at: &str) -> Expectation {
        static SCHEMA: OnceLock<Value> = OnceLock::new();
        let schema = SCHEMA.get_or_init(|| schemars::schema_for!(StepExpectation).to_value());
        if let Some(outputs) = &written.outputs {
            let known = &self.plan.document.outputs;
            for name in outputs.keys().filter(|name| !known.contains_key(*name)) {
                let names = known.keys().map(String::as_str);
                let help = match crate::expression::nearest(name, names) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "`outputs` of the document names what a run gives".into(),
                };
                self.findings.push(
                    Finding::error("unknown_output", format!("there is no output `{name}`"))
                        .at_path(format!("{at}/outputs{}", pointer(&[name])))
                        .help(help),
                );
            }
        }
        let mut steps = Vec::new();
        for (text, value) in written.steps {
            let here = format!("{at}/steps{}", pointer(&[&text]));
            // A status alone is the same as a map with nothing else.
            let value = match value {
                Value::String(_) => {
                    let mut map = Map::new();
                    map.insert("status".into(), value);
                    Value::Object(map)
                }
                other => other,
            };
            let what = match conforming::<StepExpectation>(schema, value, &here) {
                Ok(what) => what,
                Err(findings) => {
                    self.findings.extend(findings);
                    continue;
                }
            };
            const REASONS: [&str; 4] = ["when", "need", "case", "run_ending"];
            if let Some(reason) = &what.skipped
                && !REASONS.contains(&reason.as_str())
            {
                self.say(
                    Finding::error("bad_value", format!("no step is skipped for `{reason}`"))
                        .at_path(format!("{here}/skipped"))
                        .help(format!("one of: {}", REASONS.join(", "))),
                );
            }
            if let Some(path) = self.path(&text, &here) {
                steps.push(Expected {
                    path,
                    pointer: here,
                    what,
                });
            }
        }
        Expectation {
            status: written.status,
            outputs: written.outputs,
            error: written.error,
            steps,
            called: self.paths(&written.called, &format!("{at}/called")),
            never: self.paths(&written.never, &format!("{at}/never")),
            within: written.within,
        }
    }
}
