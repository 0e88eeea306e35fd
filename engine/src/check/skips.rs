//! Reading a step that may not have run.
//!
//! Each step has the set of conditions under which it has an output. A reader may read it without
//! `| default(…)` when its own conditions hold all of those: because it needs the step, stands on the
//! same case, or tests the same `when`.

use super::Context;
use super::list::{List, find};
use crate::Finding;
use crate::definition::{Join, OnError, Step};
use crate::expression::{Expression, References, Template};
use crate::plan::{self, pointer, split_need};
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

type Conditions = BTreeSet<Condition>;

pub(super) fn check(context: &mut Context<'_>) {
    let mut known = Known {
        lists: context.lists,
        all: Vec::new(),
        base: Vec::new(),
    };
    // Lists stand behind those around them: what holds around a loop holds inside of it.
    for list in context.lists {
        let base = match list.around {
            None => Conditions::new(),
            Some((around, position)) => {
                let step = &context.lists[around].steps[position];
                let mut base = known.given(around, step);
                base.extend(
                    step.when
                        .as_ref()
                        .map(|when| Condition::When(when.trim().to_owned())),
                );
                base
            }
        };
        known.base.push(base);
        known.all.push(vec![Conditions::new(); list.steps.len()]);
        let number = known.all.len() - 1;
        for position in list.graph().order() {
            let step = &list.steps[position];
            let mut own = known.given(number, step);
            if let Some(when) = &step.when {
                own.insert(Condition::When(when.trim().to_owned()));
            }
            if step.on_error == Some(OnError::Continue) {
                own.insert(Condition::Success(step.id.clone()));
            }
            known.all[number][position] = own;
        }
    }
    for number in 0..context.lists.len() {
        let list = &context.lists[number];
        for (position, step) in list.steps.iter().enumerate() {
            of_step(context, &known, number, position, step);
        }
    }
}

fn of_step(
    context: &mut Context<'_>,
    known: &Known<'_>,
    list: usize,
    position: usize,
    step: &Step,
) {
    let path = known.lists[list].at(position);
    let mut reader = Reader {
        known,
        list,
        step,
        guard: None,
        undoes: None,
        given: known.given(list, step),
    };
    let when = step
        .when
        .as_deref()
        .and_then(|when| Expression::compile(when).ok());
    if let Some(when) = &when {
        reader.read(context, when.references(), &format!("{path}/when"));
        let holds = Condition::When(when.source().to_owned());
        reader.given.insert(holds);
    }
    reader.guard = when.as_ref().map(Expression::references);
    if let Some(each) = &step.for_each {
        reader.template(context, &each.items, &format!("{path}/for_each/items"));
    }
    if let Some(undo) = &step.undo {
        let before = known.before(list, position);
        let undo_reader = Reader {
            undoes: Some(&before),
            ..reader.clone()
        };
        for (key, value) in &undo.with {
            let path = format!("{path}/undo/with{}", pointer(&[key]));
            undo_reader.template(context, value, &path);
        }
    }
    if let Some(probe) = &step.check {
        // It sees what was over before its step began.
        let before = known.before(list, position);
        let reads = Reader {
            undoes: Some(&before),
            ..reader.clone()
        };
        let path = format!("{path}/check");
        for (key, value) in &probe.with {
            reads.template(context, value, &format!("{path}/with{}", pointer(&[key])));
        }
        reads.bare(context, Some(&probe.done), &format!("{path}/done"));
        if let Some(output) = &probe.output {
            reads.template(context, output, &format!("{path}/output"));
        }
    }
    if let Some(with) = &step.with {
        if step.action.as_deref() == Some("switch") {
            let cases = with.get("cases").and_then(Value::as_array);
            for (number, case) in cases.into_iter().flatten().enumerate() {
                let when = case.get("when").and_then(Value::as_str);
                reader.bare(context, when, &format!("{path}/with/cases/{number}/when"));
            }
        } else {
            let when = plan::when_of(step);
            reader.bare(context, when, &format!("{path}/with/event/when"));
            for (key, value) in with.iter().filter(|(_, value)| !Template::is_plain(value)) {
                reader.template(context, value, &format!("{path}/with{}", pointer(&[key])));
            }
        }
    }
    // What is looked at after a pass sees the steps of the body.
    let Some(&body) = known.lists[list].bodies.get(&position) else {
        return;
    };
    reader.list = body;
    let each = step.for_each.as_ref();
    let until = each.and_then(|each| each.until.as_deref());
    reader.bare(context, until, &format!("{path}/for_each/until"));
    let until = step.repeat.as_ref().map(|repeat| repeat.until.as_str());
    reader.bare(context, until, &format!("{path}/repeat/until"));
}

/// The conditions under which steps have outputs.
struct Known<'a> {
    lists: &'a [List<'a>],
    /// Of each step of each list.
    all: Vec<Vec<Conditions>>,
    /// What holds wherever a list's steps run.
    base: Vec<Conditions>,
}

impl Known<'_> {
    /// The conditions that hold when a step is reached: those of its loop, and those that its written
    /// needs bring with them.
    fn given(&self, list: usize, step: &Step) -> Conditions {
        let mut conditions = self.base[list].clone();
        if step.join.unwrap_or_default() != Join::AllSucceeded {
            return conditions;
        }
        for need in &step.needs {
            let (id, case) = split_need(need);
            if let Some(&position) = self.lists[list].ids.get(id) {
                conditions.extend(self.all[list][position].iter().cloned());
            }
            if let Some(case) = case {
                conditions.insert(Condition::Case(id.to_owned(), case.to_owned()));
            }
        }
        conditions
    }

    /// The step itself and all steps that come before it, in its list and in those around it.
    fn before(&self, list: usize, position: usize) -> BTreeSet<(usize, usize)> {
        let mut before = BTreeSet::new();
        let mut next = Some((list, position));
        while let Some((list, position)) = next {
            let graph = self.lists[list].graph();
            let mut open = vec![position];
            while let Some(position) = open.pop() {
                if before.insert((list, position)) {
                    open.extend(graph.before[position].iter().map(|edge| edge.from));
                }
            }
            next = self.lists[list].around;
        }
        before
    }

    fn of(&self, list: usize, id: &str) -> Option<&Conditions> {
        let (list, position) = find(self.lists, list, id)?;
        self.all.get(list)?.get(position)
    }
}

/// A step whose expressions are looked at.
#[derive(Clone)]
struct Reader<'a> {
    known: &'a Known<'a>,
    /// The list whose steps the expressions see.
    list: usize,
    step: &'a Step,
    /// What its `when` names.
    guard: Option<&'a References>,
    /// For what undoes or checks the step: the steps, by their lists, that were over before that.
    undoes: Option<&'a BTreeSet<(usize, usize)>>,
    /// What holds when its expressions are evaluated.
    given: Conditions,
}

impl Reader<'_> {
    fn bare(&self, context: &mut Context<'_>, source: Option<&str>, path: &str) {
        if let Some(Ok(expression)) = source.map(Expression::compile) {
            self.read(context, expression.references(), path);
        }
    }

    fn template(&self, context: &mut Context<'_>, value: &Value, path: &str) {
        if Template::is_plain(value) {
            return;
        }
        if let Ok(template) = Template::compile(value) {
            for (inner, expression) in template.expressions() {
                self.read(context, expression.references(), &format!("{path}{inner}"));
            }
        }
    }

    fn read(&self, context: &mut Context<'_>, references: &References, path: &str) {
        let mut said = BTreeSet::new();
        for item in references.steps() {
            let (Some(id), Some("output"), false) = (item.key(0), item.key(1), item.guarded) else {
                continue;
            };
            let (Some(wanted), Some(place)) = (
                self.known.of(self.list, id),
                find(self.known.lists, self.list, id),
            ) else {
                continue;
            };
            // What a handler reads of the run's own steps need not have happened, and what undoes a step
            // may run before what does not come before the step.
            let handles = self.known.lists[self.list].handles && !self.known.lists[place.0].handles;
            let later = self.undoes.is_some_and(|before| !before.contains(&place));
            let sure = wanted.is_subset(&self.given) && !handles && !later;
            if id == self.step.id || sure || said.contains(id) {
                continue;
            }
            let tests = |references: &References| {
                references.steps().any(|other| {
                    other.key(0) == Some(id) && (other.key(1) == Some("status") || other.guarded)
                })
            };
            // The reader asks about the step, in this expression or in its `when`.
            if tests(references) || self.guard.is_some_and(tests) {
                continue;
            }
            if item.fallback && self.excludes(references, wanted) {
                continue;
            }
            said.insert(id.to_owned());
            let why = if handles || later {
                "may not have run"
            } else if wanted
                .difference(&self.given)
                .all(|condition| matches!(condition, Condition::Success(_)))
            {
                "may fail while the run goes on"
            } else {
                "may be skipped"
            };
            let text = item.text(item.path.len());
            let can_need = self.undoes.is_none()
                && self.known.lists[self.list].ids.contains_key(id)
                && self.known.lists[self.list]
                    .ids
                    .contains_key(self.step.id.as_str());
            let help = if can_need {
                format!("write `{text} | default(…)`, or add `{id}` to the `needs` of this step")
            } else {
                format!("write `{text} | default(…)`")
            };
            context.say(
                Finding::error(
                    "may_be_skipped",
                    format!("step `{id}` {why}, and then it has no output to read"),
                )
                .at_step(&self.step.id)
                .at_path(path)
                .help(help),
            );
        }
    }

    /// Whether one of the guarded steps of the expression stands on another case of the same switch.
    fn excludes(&self, references: &References, wanted: &Conditions) -> bool {
        references
            .steps()
            .filter(|other| other.guarded)
            .filter_map(|other| self.known.of(self.list, other.key(0)?))
            .any(|conditions| {
                conditions.iter().any(|condition| match condition {
                    Condition::Case(switch, case) => wanted.iter().any(
                        |one| matches!(one, Condition::Case(s, c) if s == switch && c != case),
                    ),
                    _ => false,
                })
            })
    }
}
