//! Reading a step that may not have run.
//!
//! Each step has the set of conditions under which it has an output. A reader may read it without
//! `| default(…)` when its own conditions hold all of those: because it needs the step, stands on the
//! same case, or tests the same `when`.

use super::Context;
use crate::Finding;
use crate::definition::{Join, OnError, Step};
use crate::expression::{Expression, References, Template};
use crate::plan::{Graph, pointer, split_need};
use serde_json::Value;
use std::collections::BTreeSet;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Condition {
    /// A `when`, by its source.
    When(String),
    /// A case of a switch.
    Case(String, String),
    /// A step that may fail while the run goes on.
    Success(String),
}

pub(super) fn check(context: &mut Context<'_>) {
    let document = context.document;
    let graph = Graph::new(document);
    let mut all: Vec<BTreeSet<Condition>> = vec![BTreeSet::new(); document.steps.len()];
    for position in graph.order() {
        let mut own = by_needs(context, &document.steps[position], &all);
        let step = &document.steps[position];
        if let Some(when) = &step.when {
            own.insert(Condition::When(when.trim().to_owned()));
        }
        if step.on_error == Some(OnError::Continue) {
            own.insert(Condition::Success(step.id.clone()));
        }
        all[position] = own;
    }
    for (index, step) in document.steps.iter().enumerate() {
        let mut given = by_needs(context, step, &all);
        let path = format!("/steps/{index}");
        let when = step
            .when
            .as_deref()
            .and_then(|w| Expression::compile(w).ok());
        if let Some(when) = &when {
            read(
                context,
                step,
                when.references(),
                None,
                &given,
                &all,
                &format!("{path}/when"),
            );
            given.insert(Condition::When(when.source().to_owned()));
        }
        let guard = when.as_ref().map(Expression::references);
        let Some(with) = &step.with else { continue };
        if step.action.as_deref() == Some("switch") {
            let cases = with.get("cases").and_then(Value::as_array);
            for (number, case) in cases.into_iter().flatten().enumerate() {
                if let Some(Ok(expression)) = case
                    .get("when")
                    .and_then(Value::as_str)
                    .map(Expression::compile)
                {
                    let path = format!("{path}/with/cases/{number}/when");
                    read(
                        context,
                        step,
                        expression.references(),
                        guard,
                        &given,
                        &all,
                        &path,
                    );
                }
            }
            continue;
        }
        for (key, value) in with {
            let Ok(template) = Template::compile(value) else {
                continue;
            };
            for (inner, expression) in template.expressions() {
                let path = format!("{path}/with{}{inner}", pointer(&[key]));
                read(
                    context,
                    step,
                    expression.references(),
                    guard,
                    &given,
                    &all,
                    &path,
                );
            }
        }
    }
}

/// The conditions that the written needs of a step bring with them.
fn by_needs(
    context: &Context<'_>,
    step: &Step,
    all: &[BTreeSet<Condition>],
) -> BTreeSet<Condition> {
    let mut conditions = BTreeSet::new();
    if step.join.unwrap_or_default() != Join::AllSucceeded {
        return conditions;
    }
    for need in &step.needs {
        let (id, case) = split_need(need);
        if let Some(&position) = context.ids.get(id) {
            conditions.extend(all[position].iter().cloned());
        }
        if let Some(case) = case {
            conditions.insert(Condition::Case(id.to_owned(), case.to_owned()));
        }
    }
    conditions
}

fn read(
    context: &mut Context<'_>,
    reader: &Step,
    references: &References,
    guard: Option<&References>,
    given: &BTreeSet<Condition>,
    all: &[BTreeSet<Condition>],
    path: &str,
) {
    let mut said = BTreeSet::new();
    for item in references.steps() {
        let (Some(id), Some("output"), false) = (item.key(0), item.key(1), item.guarded) else {
            continue;
        };
        let Some(&position) = context.ids.get(id) else {
            continue;
        };
        let wanted = &all[position];
        if id == reader.id || wanted.is_subset(given) || said.contains(id) {
            continue;
        }
        let tests = |references: &References| {
            references.steps().any(|other| {
                other.key(0) == Some(id) && (other.key(1) == Some("status") || other.guarded)
            })
        };
        // The reader asks about the step, in this expression or in its `when`.
        if tests(references) || guard.is_some_and(tests) {
            continue;
        }
        if item.fallback && excludes(context, references, wanted, all) {
            continue;
        }
        said.insert(id.to_owned());
        let why = if wanted
            .difference(given)
            .all(|condition| matches!(condition, Condition::Success(_)))
        {
            "may fail while the run goes on"
        } else {
            "may be skipped"
        };
        context.say(
            Finding::error(
                "may_be_skipped",
                format!("step `{id}` {why}, and then it has no output to read"),
            )
            .at_step(&reader.id)
            .at_path(path)
            .help(format!(
                "write `{} | default(…)`, or add `{id}` to the `needs` of this step",
                item.text(item.path.len())
            )),
        );
    }
}

/// Whether one of the guarded steps of the expression stands on another case of the same switch.
fn excludes(
    context: &Context<'_>,
    references: &References,
    wanted: &BTreeSet<Condition>,
    all: &[BTreeSet<Condition>],
) -> bool {
    references
        .steps()
        .filter(|other| other.guarded)
        .filter_map(|other| context.ids.get(other.key(0)?))
        .any(|&position| {
            all[position].iter().any(|condition| match condition {
                Condition::Case(switch, case) => wanted
                    .iter()
                    .any(|one| matches!(one, Condition::Case(s, c) if s == switch && c != case)),
                _ => false,
            })
        })
}
