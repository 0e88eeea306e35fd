//! The worlds that examples run in: what comes in, and what is answered.

use super::super::example::Example;
use crate::definition::{Syntax, parse_value};
use crate::event::{ApprovalRequest, Failure, Outcome, Start, StepPath, Verdict};
use crate::plan::{ActionKind, Plan};
use crate::rehearsal::{
    Answer, Answers, Ask, Comes, EventAnswer, GateAnswer, Layers, Mocks, Resolved, Resume, Source,
    Vote, own_tests, read_tests,
};
use crate::run::{Resolution, ResumeAnswer};
use crate::{Json, Span, Timestamp};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// One way to run an example: what comes in, and what the world answers.
pub(super) struct Scenario {
    pub(super) place: String,
    pub(super) plan: Arc<Plan>,
    pub(super) start: Start,
    pub(super) at: Timestamp,
    pub(super) mocks: Mocks,
    /// Steps that fail in this world, as the page says.
    pub(super) failing: Vec<String>,
}

impl Scenario {
    pub(super) fn answers(&self) -> Layers<'_> {
        Layers::default()
            .with(self.mocks.answers())
            .with(Kind::default())
    }
}

/// What a world answers that is told nothing: everything works.
#[derive(Default)]
struct Kind {
    resumed: BTreeSet<StepPath>,
    resolved: BTreeSet<StepPath>,
}

/// A value with what the examples read of answers.
fn plenty() -> Value {
    json!({
        "id": 1, "n": 1, "to": 1, "total": 5, "done": true, "text": "short", "account": "DE1",
        "people": ["ana", "ben"], "rows": [1, 2], "said": "yes", "by": "ana", "order": "o-17",
    })
}

impl Answers for Kind {
    fn attempt(&mut self, ask: &Ask<'_>) -> Answer {
        let mut output = plenty();
        match ask.kind {
            ActionKind::Automation => output["outputs"] = plenty(),
            ActionKind::Emit => output["event_id"] = "event_1".into(),
            _ => {
                output["json"] = plenty();
                output["structured"] = plenty();
                output["stdout"] = "done".into();
            }
        }
        Answer::Ends {
            outcome: Outcome::Succeeded {
                output: output.into(),
            },
            after: Span::from_secs(1),
            source: Source::Assumed,
        }
    }

    fn gate(&mut self, _: &StepPath, request: &ApprovalRequest) -> GateAnswer {
        let form = request.fields.value()["properties"].as_object();
        let fields = form.map(|form| {
            let values = form.keys().map(|key| (key.clone(), json!(1)));
            Json::from(Value::Object(values.collect()))
        });
        let votes = (1..=request.needed.max(1)).map(|number| Vote {
            after: Span::from_secs(60),
            decision: Verdict::Approve,
            by: format!("user:kind-{number}"),
            comment: None,
            fields: fields.clone(),
        });
        GateAnswer::Votes(votes.collect(), Source::Assumed)
    }

    fn uncertain(&mut self, step: &StepPath) -> Option<Resolved> {
        match self.resolved.insert(step.clone()) {
            true => Some(Resolution::Again.into()),
            false => Some(
                Resolution::Failed {
                    message: "nobody knows".into(),
                }
                .into(),
            ),
        }
    }

    fn paused(&mut self, step: &StepPath, _: &Failure) -> Option<Resume> {
        let answer = match self.resumed.insert(step.clone()) {
            true => ResumeAnswer::Again { input: None },
            false => ResumeAnswer::Fail,
        };
        Some(Resume {
            after: Span::from_secs(60),
            by: "user:kind".into(),
            reason: None,
            answer,
            all: false,
        })
    }

    fn event(&mut self, _: &StepPath, _: &str) -> EventAnswer {
        EventAnswer::Come(vec![Comes {
            after: Span::from_secs(60),
            event: None,
            value: json!({ "data": plenty() }).into(),
        }])
    }
}

/// Inputs of an example that says none: what has no default gets the simplest value of its type.
fn inputs(plan: &Plan) -> Json {
    let mut given = Map::new();
    for (name, schema) in &plan.document.inputs {
        if schema.get("default").is_none() {
            let value = match schema["type"].as_str() {
                Some("integer" | "number") => json!(1),
                Some("array") => json!([1, 2]),
                Some("object") => json!({}),
                Some("boolean") => json!(true),
                _ => json!("text"),
            };
            given.insert(name.clone(), value);
        }
    }
    let checked = plan.check_inputs(&Value::Object(given));
    checked.unwrap_or_else(|findings| panic!("{}: {findings:?}", plan.document.name))
}

pub(super) fn scenarios(example: &Example) -> Vec<Scenario> {
    let plan = example.plan();
    let mut tests = own_tests(&plan).expect("they were checked");
    if let Some(text) = example.tests() {
        let (value, _) = parse_value(text, Syntax::Yaml).expect(text);
        tests.extend(read_tests(value, &plan).expect(text));
    }
    let failing = example.failing().into_iter().map(str::to_owned);
    let failing: Vec<String> = failing.collect();
    let one = |place: String, inputs: Json, at: Timestamp, mocks: Mocks| {
        let mut start = crate::testing::start(&plan, inputs.value().clone());
        start.root = start.run;
        Scenario {
            place,
            plan: plan.clone(),
            start,
            at,
            mocks,
            failing: failing.clone(),
        }
    };
    if tests.is_empty() {
        let at = Timestamp(1_800_000_000_000);
        return vec![one(example.place(), inputs(&plan), at, Mocks::default())];
    }
    let tests = tests.into_iter().map(|test| {
        let place = format!("{}, {}", example.place(), test.name);
        let mut scenario = one(place, test.inputs, test.at, test.mocks);
        scenario.start.trigger = test.trigger.into();
        scenario.start.scheduled_at = test.scheduled_at;
        scenario
    });
    tests.collect()
}
