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

/// Whether a step other than these reads what a step gives.
pub(super) fn reads(document: &Document, id: &str, but: &BTreeSet<&str>) -> bool {
    let mut found = false;
    let mut all = Readers::new();
    for step in &document.steps {
        if but.contains(step.id.as_str()) {
            continue;
        }
        each_expression(std::slice::from_ref(step), &mut |_, expression| {
            note(expression, &mut all);
        });
        conditions(std::slice::from_ref(step), &mut all);
        found |= all.contains_key(id);
    }
    for output in document.outputs.values() {
        if let Ok(template) = Template::compile(output) {
            for (_, expression) in template.expressions() {
                note(expression, &mut all);
            }
        }
    }
    found || all.contains_key(id)
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
