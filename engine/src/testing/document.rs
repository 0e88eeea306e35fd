//! Random documents that compile, made of small parts so that a failing one shrinks well.

use crate::definition::Document;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// A document to be.
#[derive(Debug, Clone)]
pub struct DocumentSpec {
    /// Its steps; each may need only those before it.
    pub steps: Vec<StepSpec>,
    /// Seconds until the run times out.
    pub timeout: Option<u32>,
}

/// A step to be.
#[derive(Debug, Clone)]
pub struct StepSpec {
    /// What it does.
    pub kind: KindSpec,
    /// What comes before it.
    pub needs: Vec<NeedSpec>,
    /// The name of its join.
    pub join: &'static str,
    /// Its condition.
    pub when: WhenSpec,
    /// Attempts and, in seconds, the time over all of them.
    pub retry: Option<(u32, Option<u32>)>,
    /// Seconds that each attempt may take.
    pub timeout: Option<u32>,
    /// `on_error: continue`.
    pub goes_on: bool,
    /// `delivery: at_most_once`.
    pub at_most_once: bool,
}

/// A need to be: `back` steps before this one, and a case of it when that is a switch.
#[derive(Debug, Clone)]
pub struct NeedSpec {
    /// How many steps before.
    pub back: usize,
    /// Which case.
    pub case: Option<bool>,
}

/// A condition to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenSpec {
    /// None.
    None,
    /// One that holds.
    Holds,
    /// One that does not.
    Not,
    /// One without a value.
    Fails,
}

/// An action to be.
#[derive(Debug, Clone, PartialEq)]
pub enum KindSpec {
    /// A value.
    Transform,
    /// A value made of what comes before, where there is one.
    Reads,
    /// A value that cannot be made.
    Broken,
    /// Two cases, of which the first, the second or none is taken.
    Switch(u8),
    /// A wait of so many seconds.
    Wait(u32),
    /// A gate: approvals needed, seconds until it expires, whether it is approved then.
    Gate(u32, Option<u32>, bool),
    /// An effect of this kind of action.
    Effect(&'static str),
}

/// Documents of up to `most` steps.
pub fn documents(most: usize) -> impl Strategy<Value = DocumentSpec> {
    (
        prop::collection::vec(step(), 0..=most),
        prop::option::weighted(0.15, 1u32..600),
    )
        .prop_map(|(steps, timeout)| DocumentSpec { steps, timeout })
}

fn step() -> impl Strategy<Value = StepSpec> {
    let kind = prop_oneof![
        3 => Just(KindSpec::Transform),
        2 => Just(KindSpec::Reads),
        1 => Just(KindSpec::Broken),
        2 => (0u8..3).prop_map(KindSpec::Switch),
        2 => (0u32..120).prop_map(KindSpec::Wait),
        2 => (1u32..4, prop::option::of(0u32..300), any::<bool>())
            .prop_map(|(needed, timeout, approve)| KindSpec::Gate(needed, timeout, approve)),
        6 => prop::sample::select(vec!["http", "shell", "mcp", "emit", "tool", "automation"])
            .prop_map(KindSpec::Effect),
    ];
    let need = (0usize..4, prop::option::of(any::<bool>()))
        .prop_map(|(back, case)| NeedSpec { back, case });
    let join = prop::sample::select(vec![
        "all_succeeded",
        "all_succeeded",
        "none_failed",
        "all_done",
        "any_succeeded",
        "any_failed",
    ]);
    let when = prop_oneof![
        6 => Just(WhenSpec::None),
        2 => Just(WhenSpec::Holds),
        1 => Just(WhenSpec::Not),
        1 => Just(WhenSpec::Fails),
    ];
    (
        kind,
        prop::collection::vec(need, 0..3),
        join,
        when,
        prop::option::weighted(0.4, (1u32..5, prop::option::weighted(0.3, 1u32..60))),
        prop::option::weighted(0.3, 0u32..30),
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.25),
    )
        .prop_map(
            |(kind, needs, join, when, retry, timeout, goes_on, at_most_once)| StepSpec {
                kind,
                needs,
                join,
                when,
                retry,
                timeout,
                goes_on,
                at_most_once,
            },
        )
}

impl DocumentSpec {
    /// The document.
    pub fn document(&self) -> Document {
        let mut full = json!({ "druse": 1, "name": "random", "steps": self.steps() });
        if let Some(seconds) = self.timeout {
            full["timeout"] = format!("{seconds}s").into();
        }
        if let Some(last) = self.steps.len().checked_sub(1) {
            full["outputs"] = json!({ "last": format!("{{{{ steps.s{last}.output }}}}") });
        }
        serde_json::from_value(full)
            .unwrap_or_else(|error| panic!("the strategy is wrong: {error}"))
    }

    fn steps(&self) -> Vec<Value> {
        (0..self.steps.len())
            .map(|index| self.step(index))
            .collect()
    }

    fn step(&self, index: usize) -> Value {
        let spec = &self.steps[index];
        let mut step = Map::new();
        step.insert("id".into(), format!("s{index}").into());
        let reads = index.checked_sub(1);
        let (action, with) = match &spec.kind {
            KindSpec::Transform => ("transform", json!({ "value": index })),
            KindSpec::Reads => match reads {
                Some(before) => (
                    "transform",
                    json!({ "value": {
                        "status": format!("{{{{ steps.s{before}.status }}}}"),
                        "output": format!("{{{{ steps.s{before}.output | default(0) }}}}"),
                    } }),
                ),
                None => ("transform", json!({ "value": "{{ inputs }}" })),
            },
            KindSpec::Broken => ("transform", json!({ "value": "{{ [1, 2] | only }}" })),
            KindSpec::Switch(taken) => (
                "switch",
                json!({ "cases": [
                    { "id": "a", "when": if *taken == 0 { "1 == 1" } else { "1 == 2" } },
                    { "id": "b", "when": if *taken == 1 { "1 == 1" } else { "1 == 2" } },
                ] }),
            ),
            KindSpec::Wait(seconds) => ("wait", json!({ "for": format!("{seconds}s") })),
            KindSpec::Gate(needed, timeout, approve) => {
                let mut with = json!({ "title": "Go on?", "needed": needed });
                if let Some(seconds) = timeout {
                    with["timeout"] = format!("{seconds}s").into();
                    with["on_timeout"] = if *approve { "approve" } else { "reject" }.into();
                }
                ("approval_gate", with)
            }
            KindSpec::Effect(action) => (*action, json!({ "n": index })),
        };
        step.insert("action".into(), action.into());
        step.insert("with".into(), with);
        let needs: Vec<Value> = spec
            .needs
            .iter()
            .filter_map(|need| self.need(index, need))
            .map(Value::from)
            .collect();
        if !needs.is_empty() {
            step.insert("needs".into(), needs.into());
        }
        step.insert("join".into(), spec.join.into());
        let when = match spec.when {
            WhenSpec::None => None,
            WhenSpec::Holds => Some("1 == 1"),
            WhenSpec::Not => Some("1 == 2"),
            WhenSpec::Fails => Some("[1, 2] | only"),
        };
        if let Some(when) = when {
            step.insert("when".into(), when.into());
        }
        if let Some((attempts, total)) = spec.retry {
            let mut retry = json!({ "attempts": attempts, "backoff": "2s", "max": "20s" });
            if let Some(total) = total {
                retry["total"] = format!("{total}s").into();
            }
            step.insert("retry".into(), retry);
        }
        if let Some(seconds) = spec.timeout {
            step.insert("timeout".into(), format!("{seconds}s").into());
        }
        if spec.goes_on {
            step.insert("on_error".into(), "continue".into());
        }
        if spec.at_most_once {
            step.insert("delivery".into(), "at_most_once".into());
        }
        step.into()
    }

    fn need(&self, index: usize, need: &NeedSpec) -> Option<String> {
        let before = index.checked_sub(need.back + 1)?;
        Some(match (need.case, &self.steps[before].kind) {
            (Some(first), KindSpec::Switch(_)) => {
                format!("s{before}.{}", if first { "a" } else { "b" })
            }
            _ => format!("s{before}"),
        })
    }
}
