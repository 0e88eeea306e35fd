//! Loops: `for_each` over a list or map, `repeat` until something holds.

use super::{Plan, pointer};
use crate::definition::{OnError, Step};
use crate::expression::{Expression, Template};
use crate::{Finding, Severity, Span};
use std::sync::Arc;

/// The name of the item when `as` does not give one.
pub(crate) const ITEM: &str = "item";
/// How many items a `for_each` takes when `max_items` does not say.
const MAX_ITEMS: u32 = 10_000;
/// How many passes a `repeat` makes when `max` does not say.
const MAX_PASSES: u32 = 100;

/// A compiled loop.
#[derive(Debug)]
pub struct LoopPlan {
    /// Its body, an index in [`super::Plan::blocks`].
    pub body: usize,
    /// How often the body runs, and with what.
    pub times: Times,
}

/// How often the body of a loop runs.
#[derive(Debug)]
pub enum Times {
    /// Once for each item.
    ForEach(ForEachPlan),
    /// Until something holds.
    Repeat(RepeatPlan),
}

impl Times {
    /// The name in answers.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ForEach(_) => "for_each",
            Self::Repeat(_) => "repeat",
        }
    }

    /// How many passes may be open at once.
    pub fn max_parallel(&self) -> usize {
        match self {
            Self::ForEach(each) => each.max_parallel as usize,
            Self::Repeat(_) => 1,
        }
    }
}

/// A compiled `for_each`.
#[derive(Debug)]
pub struct ForEachPlan {
    /// Gives the list or map.
    pub items: Template,
    /// The item's name inside of the body.
    pub name: Arc<str>,
    /// How many passes may be open at once.
    pub max_parallel: u32,
    /// More items than this are a failure.
    pub max_items: u32,
    /// Whether it goes on when a pass fails.
    pub goes_on: bool,
    /// When it holds after a pass, no further one begins.
    pub until: Option<Expression>,
    /// What a pass gives; left out: what the body's last step gives. Rendered as outputs of a run are.
    pub output: Option<Template>,
}

/// A compiled `repeat`.
#[derive(Debug)]
pub struct RepeatPlan {
    /// Looked at after each pass.
    pub until: Expression,
    /// The wait after the first pass.
    pub every: Span,
    /// What the wait is multiplied by after each further pass.
    pub factor: f64,
    /// The most passes.
    pub max: u32,
    /// What a pass gives and hands to the next one; left out: what the body's last step gives, and nothing is
    /// handed on.
    pub output: Option<Template>,
}

impl LoopPlan {
    /// The body as it is written, loops inside it with theirs.
    pub fn body_written(&self, plan: &Plan) -> Vec<Step> {
        let Some(block) = plan.blocks.get(self.body) else {
            return Vec::new();
        };
        let steps = block.written.iter().map(|index| &block.steps[*index]);
        steps
            .map(|step| Step {
                steps: step
                    .work
                    .looped()
                    .map_or_else(Vec::new, |inner| inner.body_written(plan)),
                ..plan.written(step).clone()
            })
            .collect()
    }
}

impl ForEachPlan {
    pub(super) fn defaults(items: Template, name: Option<&str>) -> Self {
        Self {
            items,
            name: name.unwrap_or(ITEM).into(),
            max_parallel: 1,
            max_items: MAX_ITEMS,
            goes_on: false,
            until: None,
            output: None,
        }
    }
}

impl RepeatPlan {
    pub(super) fn defaults(until: Expression) -> Self {
        Self {
            until,
            every: Span::default(),
            factor: 1.0,
            max: MAX_PASSES,
            output: None,
        }
    }
}

/// What is wrong with the form of a step as a loop, or as none. `path` leads to the step.
pub(crate) fn shape(step: &Step, path: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut say = |severity, code: &str, keys: &[&str], message: String, help: &str| {
        findings.push(
            Finding::new(severity, code, message)
                .at_step(&step.id)
                .at_path(format!("{path}{}", pointer(keys)))
                .help(help),
        );
    };
    let error = Severity::Error;
    let kind = match (&step.for_each, &step.repeat) {
        (None, None) => {
            if !step.steps.is_empty() {
                say(
                    error,
                    "not_a_loop",
                    &["steps"],
                    format!("step `{}` has `steps` and is no loop", step.id),
                    "add `for_each` or `repeat`, or move these steps out",
                );
            }
            return findings;
        }
        (Some(_), Some(_)) => {
            say(
                error,
                "exclusive_keys",
                &["repeat"],
                "`for_each` and `repeat` exclude each other".into(),
                "put one loop into the body of the other",
            );
            return findings;
        }
        (Some(_), None) => "for_each",
        (None, Some(_)) => "repeat",
    };
    if step.steps.is_empty() {
        say(
            error,
            "missing_key",
            &[kind],
            format!("the loop `{}` has no `steps`", step.id),
            "write what it does under `steps`",
        );
    }
    for (key, there) in [
        ("action", step.action.is_some()),
        ("with", step.with.is_some()),
        ("retry", step.retry.is_some()),
        ("delivery", step.delivery.is_some()),
        ("effects", step.effects.is_some()),
        ("idempotency_key", step.idempotency_key.is_some()),
        ("answers_to", step.answers_to.is_some()),
        ("undo", step.undo.is_some()),
    ] {
        if there {
            say(
                error,
                "not_for_loops",
                &[key],
                format!("`{key}` does not belong to a loop"),
                "write it at the steps of the loop's body",
            );
        }
    }
    if let Some(each) = &step.for_each {
        for (key, limit) in [
            ("max_parallel", each.max_parallel),
            ("max_items", each.max_items),
        ] {
            if limit == Some(0) {
                let message = format!("`{key}` is at least 1");
                say(error, "bad_value", &[kind, key], message, "");
            }
        }
        if each.on_item_error == Some(OnError::Pause) {
            say(
                error,
                "bad_value",
                &[kind, "on_item_error"],
                "`on_item_error` cannot be `pause`".into(),
                "one of: fail, continue",
            );
        }
    }
    if let Some(repeat) = &step.repeat {
        if repeat.max == Some(0) {
            let message = "`max` is at least 1".into();
            say(error, "bad_value", &[kind, "max"], message, "");
        }
        if let Some(factor) = repeat.factor {
            if !(factor >= 1.0 && factor.is_finite()) {
                let message = "`factor` is at least 1".into();
                say(error, "bad_value", &[kind, "factor"], message, "");
            } else if repeat.every.is_none() {
                say(
                    Severity::Warning,
                    "no_effect",
                    &[kind, "factor"],
                    "`factor` does nothing without `every`".into(),
                    "",
                );
            }
        }
    }
    findings
}
