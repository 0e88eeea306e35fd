//! What loops give and nothing reads. It is left out of the document: a run would fail on an answer of another shape,
//! behind an effect that has happened, for a value that nobody wants.

use super::write::each_expression;
use druse_engine::definition::{Document, Step};
use druse_engine::expression::{Expression, Template};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The words of the expressions that read a step, by the step's id.
type Readers = BTreeMap<String, BTreeSet<String>>;

/// Leaves out of what loops give what no step reads.
pub(super) fn leave_out(document: &mut Document) {
    let mut readers = Readers::new();
    each_expression(&document.steps, &mut |_, expression| {
        note(expression, &mut readers);
    });
    conditions(&document.steps, &mut readers);
    for output in document.outputs.values() {
        if let Ok(template) = Template::compile(output) {
            for (_, expression) in template.expressions() {
                note(expression, &mut readers);
            }
        }
    }
    shorten(&mut document.steps, &readers);
}

/// Who reads what: the steps that name each step, by their places in the document's list; the document itself as
/// `None`.
pub(super) struct ReadBy(BTreeMap<String, Vec<Option<usize>>>);

impl ReadBy {
    pub(super) fn of(document: &Document) -> Self {
        let mut by: BTreeMap<String, Vec<Option<usize>>> = BTreeMap::new();
        for (at, step) in document.steps.iter().enumerate() {
            let mut read = Readers::new();
            each_expression(std::slice::from_ref(step), &mut |_, expression| {
                note(expression, &mut read);
            });
            conditions(std::slice::from_ref(step), &mut read);
            for id in read.into_keys() {
                by.entry(id).or_default().push(Some(at));
            }
        }
        let mut read = Readers::new();
        for output in document.outputs.values() {
            if let Ok(template) = Template::compile(output) {
                for (_, expression) in template.expressions() {
                    note(expression, &mut read);
                }
            }
        }
        for id in read.into_keys() {
            by.entry(id).or_default().push(None);
        }
        Self(by)
    }

    /// Whether a step other than these reads what a step gives.
    pub(super) fn reads(&self, id: &str, but: &BTreeSet<usize>) -> bool {
        self.0.get(id).is_some_and(|readers| {
            readers
                .iter()
                .any(|reader| reader.is_none_or(|at| !but.contains(&at)))
        })
    }
}

fn note(expression: &Expression, readers: &mut Readers) {
    let words = expression
        .source()
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty());
    for reference in expression.references().steps() {
        if let Some(id) = reference.key(0) {
            let known = readers.entry(id.to_owned()).or_default();
            known.extend(words.clone().map(str::to_owned));
        }
    }
}

fn conditions(steps: &[Step], readers: &mut Readers) {
    for step in steps {
        let when = step.when.as_deref().map(Expression::compile);
        if let Some(Ok(when)) = when {
            note(&when, readers);
        }
        conditions(&step.steps, readers);
    }
}

fn shorten(steps: &mut [Step], readers: &Readers) {
    for step in steps {
        shorten(&mut step.steps, readers);
        let Some(each) = &mut step.for_each else {
            continue;
        };
        let Some(words) = readers.get(&step.id) else {
            each.output = None;
            continue;
        };
        if let Some(Value::Object(output)) = &mut each.output
            && output.keys().any(|key| words.contains(key))
        {
            output.retain(|key, _| words.contains(key));
        }
    }
}
