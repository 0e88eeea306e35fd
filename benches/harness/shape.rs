//! Documents of any size, and a run of each through the pure core, every attempt answered at once.

#![allow(dead_code, unreachable_pub)]

use druse_engine::event::{Entry, Outcome, RunEvent, Start, Status};
use druse_engine::plan::Plan;
use druse_engine::run::{Input, Run};
use druse_engine::{Json, RunId, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;

/// What a document is like, apart from its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Each step reads the one before.
    Chain,
    /// All steps at once, and one that needs them all.
    Fan,
    /// A `for_each` whose passes come one after the other.
    OneByOne,
    /// A `for_each` whose passes are all open at once.
    AllAtOnce,
}

impl Shape {
    pub const ALL: [Self; 4] = [Self::Chain, Self::Fan, Self::OneByOne, Self::AllAtOnce];

    pub fn name(self) -> &'static str {
        match self {
            Self::Chain => "chain",
            Self::Fan => "fan-out with join",
            Self::OneByOne => "for_each, one by one",
            Self::AllAtOnce => "for_each, all at once",
        }
    }

    /// A document with about so many steps; `call` says what a step does with a value.
    pub fn document(self, size: usize, call: impl Fn(Value) -> Value) -> Value {
        let step = |id: String, value: Value| {
            let mut step = call(value);
            step["id"] = id.into();
            step
        };
        let steps: Vec<Value> = match self {
            Self::Chain => (0..size)
                .map(|number| {
                    let before = match number.checked_sub(1) {
                        Some(before) => json!(format!("{{{{ steps.s{before}.status }}}}")),
                        None => json!(0),
                    };
                    let mut step = step(format!("s{number}"), before);
                    if let Some(before) = number.checked_sub(1) {
                        step["needs"] = json!([format!("s{before}")]);
                    }
                    step
                })
                .collect(),
            Self::Fan => {
                let mut steps: Vec<Value> = (1..size)
                    .map(|number| step(format!("s{number}"), json!(number)))
                    .collect();
                let needs: Vec<String> = (1..size).map(|number| format!("s{number}")).collect();
                let mut join = step("join".into(), json!("all"));
                join["needs"] = json!(needs);
                steps.push(join);
                steps
            }
            Self::OneByOne | Self::AllAtOnce => {
                let parallel = if self == Self::OneByOne { 1 } else { size };
                vec![json!({
                    "id": "each",
                    "for_each": { "items": "{{ inputs.items }}", "max_parallel": parallel },
                    "steps": [step("work".into(), json!("{{ item.id }}"))],
                })]
            }
        };
        json!({
            "druse": 1, "name": format!("{}-{size}", self.name().replace([' ', ','], "-")),
            "inputs": { "items": { "type": "array", "default": [] } },
            "steps": steps,
        })
    }

    /// The inputs of its run.
    pub fn inputs(self, size: usize) -> Value {
        match self {
            Self::Chain | Self::Fan => json!({ "items": [] }),
            Self::OneByOne | Self::AllAtOnce => {
                let items = (0..size).map(|id| json!({ "id": id, "name": format!("item {id}") }));
                json!({ "items": items.collect::<Vec<_>>() })
            }
        }
    }
}

/// A step that calls something.
pub fn effect(value: Value) -> Value {
    json!({ "action": "emit", "with": { "type": "com.example.done", "data": value } })
}

/// A step that only computes.
pub fn pure(value: Value) -> Value {
    json!({ "action": "transform", "with": { "value": value } })
}

pub fn plan(document: &Value) -> Arc<Plan> {
    let document = serde_json::from_value(document.clone()).expect("it is a document");
    Arc::new(Plan::compile(Arc::new(document)).expect("it is a plan"))
}

/// Drives a run to its end and gives its facts.
pub fn drive(plan: &Arc<Plan>, inputs: &Value) -> (Run, Vec<Entry>) {
    let now = Timestamp(1_800_000_000_000);
    let run = RunId::from_parts(now.0.unsigned_abs(), [7; 10]);
    let start = Start {
        run,
        automation: None,
        name: plan.document.name.clone(),
        version: 1,
        digest: plan.digest().clone(),
        cause: json!({ "kind": "manual" }).into(),
        started_by: "user:ana".into(),
        inputs: inputs.clone().into(),
        trigger: Json::null(),
        scheduled_at: None,
        root: run,
        depth: 0,
    };
    let (mut run, mut journal) = Run::begin(plan.clone(), start, now);
    let mut next = 0;
    loop {
        while let Some(entry) = journal.get(next) {
            next += 1;
            let RunEvent::AttemptStarted {
                step,
                number,
                fence,
                ..
            } = &entry.event
            else {
                continue;
            };
            let input = Input::Finished {
                step: step.clone(),
                number: *number,
                fence: *fence,
                outcome: Outcome::Succeeded {
                    output: json!({ "id": 1 }).into(),
                },
            };
            journal.extend(run.handle(now, input).expect("it runs"));
        }
        if !run.goes_on() {
            assert_eq!(run.status(), Status::Succeeded, "{:?}", run.failure());
            return (run, journal);
        }
        journal.extend(run.handle(now, Input::Tick).expect("it goes on"));
    }
}
