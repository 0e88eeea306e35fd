//! Runs a draft in a world: its tool steps are answered by the world's tools.

use super::program::Called;
use druse_engine::definition::{Document, FailureClass};
use druse_engine::event::{Entry, Failure, Outcome, RunEvent, Start};
use druse_engine::plan::Plan;
use druse_engine::run::{Input, Run};
use druse_engine::{Json, RunId, Timestamp};
use serde_json::{Map, Value, json};
use std::collections::VecDeque;
use std::sync::Arc;

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::tests) enum Ended {
    Over,
    /// A step failed, for this reason.
    Failed(String),
    /// The inputs were refused.
    Refused(String),
}

/// Runs a document with these inputs; what a tool does not know fails.
pub(in crate::tests) fn run(
    document: &Document,
    inputs: Map<String, Value>,
    now: Timestamp,
    tools: &dyn Fn(&str, &Value) -> Option<Value>,
) -> (Vec<Called>, Ended) {
    let plan = Arc::new(Plan::compile(Arc::new(document.clone())).unwrap());
    let inputs = match plan.check_inputs(&Value::Object(inputs)) {
        Ok(inputs) => inputs,
        Err(findings) => return (Vec::new(), Ended::Refused(findings[0].message.clone())),
    };
    let id = RunId::from_parts(1, [1; 10]);
    let start = Start {
        run: id,
        automation: None,
        name: "known".to_owned(),
        version: 0,
        digest: plan.digest().clone(),
        cause: json!({ "kind": "manual" }).into(),
        started_by: "user:test".to_owned(),
        inputs,
        trigger: Json::null(),
        scheduled_at: None,
        root: id,
        depth: 0,
    };
    let (mut state, entries) = Run::begin(plan, start, now);
    let mut facts: VecDeque<Entry> = entries.into();
    let mut calls = Vec::new();
    let mut ended = Ended::Over;
    while let Some(fact) = facts.pop_front() {
        match fact.event {
            RunEvent::AttemptStarted {
                step,
                number,
                fence,
                input,
                ..
            } => {
                let tool = input.value()["tool"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                let arguments = input.value()["arguments"].clone();
                let outcome = match tools(&tool, &arguments) {
                    Some(answer) => {
                        calls.push(Called {
                            tool,
                            arguments,
                            answer: answer.clone(),
                        });
                        Outcome::Succeeded {
                            output: answer.into(),
                        }
                    }
                    None => {
                        calls.push(Called {
                            tool: tool.clone(),
                            arguments,
                            answer: Value::Null,
                        });
                        Outcome::Failed {
                            failure: Failure::new(
                                FailureClass::Permanent,
                                "not_found",
                                format!("{tool} finds nothing"),
                            ),
                            retry_after_ms: None,
                        }
                    }
                };
                if let Ok(more) = state.handle(
                    now,
                    Input::Finished {
                        step,
                        number,
                        fence,
                        outcome,
                    },
                ) {
                    facts.extend(more);
                }
            }
            RunEvent::StepFailed { failure, .. } => ended = Ended::Failed(failure.message),
            _ => {}
        }
    }
    (calls, ended)
}
