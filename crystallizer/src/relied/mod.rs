//! What a draft relies on: the shape of everything in answers that later steps read. Each step that is read gets an
//! `output_schema`, so that an answer of another shape fails it before anything follows from it.

mod about;
mod mark;
mod read;
mod sent;
mod shape;

use crate::answer;
use crate::kept::Kept;
use druse_engine::definition::{Document, Step};
use druse_engine::expression::Template;
use read::{Part, Place, Reader};
use serde_json::Value;
use shape::Shape;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// For each kept call the calls of further recordings that are the same step and succeeded.
pub(crate) type Others<'o, 'k> = dyn Fn(usize) -> Vec<&'k Kept<'k>> + 'o;

/// Writes the schemas, and what answers have to be about.
pub(crate) fn write<'k>(document: &mut Document, kept: &[Kept<'_>], others: &Others<'_, 'k>) {
    let mut reader = Reader {
        changes: kept
            .iter()
            .filter(|kept| kept.changes())
            .map(|kept| kept.step.clone())
            .collect(),
        ..Reader::default()
    };
    steps(&document.steps, &mut reader);
    for output in document.outputs.values() {
        template(output, &mut reader);
    }
    mark::marks(kept, &mut reader);
    let mut shapes: BTreeMap<String, Shape> = BTreeMap::new();
    for relies in &reader.relies {
        let step = relies.place().step.clone();
        shapes.entry(step).or_default().add(relies);
    }
    let mut calls: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, kept) in kept.iter().enumerate() {
        if shapes.contains_key(&kept.step) {
            calls.entry(&kept.step).or_default().push(index);
        }
    }
    let mut schemas: HashMap<String, Arc<Value>> = HashMap::new();
    // Most steps of a tool rely on the same: what they have in common is kept once.
    let mut known: HashMap<String, Arc<Value>> = HashMap::new();
    for (step, shape) in shapes {
        let Some(calls) = calls.get(step.as_str()) else {
            continue;
        };
        let of_step = || calls.iter().filter_map(|index| kept.get(*index));
        let mut seen: Vec<Cow<'_, Value>> = Vec::new();
        for (index, kept) in calls.iter().zip(of_step()) {
            if crate::prune::succeeded(kept.call) {
                seen.push(Cow::Owned(output(kept)));
                seen.extend(others(*index).into_iter().map(output).map(Cow::Owned));
            }
        }
        let answers_outside = of_step().any(|kept| {
            !kept.tolerated
                && !matches!(
                    &*kept.target.action,
                    "transform" | "wait" | "approval_gate" | "switch" | "automation" | "emit"
                )
        });
        if seen.is_empty() || !answers_outside {
            continue;
        }
        let schema = shape.schema(&seen);
        let schema = known
            .entry(schema.to_string())
            .or_insert_with(|| Arc::new(schema));
        schemas.insert(step, Arc::clone(schema));
    }
    put(&mut document.steps, &mut schemas);
    about::write(&mut document.steps, kept, others, &mut reader);
    sent::hold_words(&mut document.steps, kept);
}

/// What the step of a call gives when it is answered as it was recorded.
pub(crate) fn output(kept: &Kept<'_>) -> Value {
    answer::output(&kept.target, kept.call, &kept.answer)
}

/// Writes each schema to the first step of its id.
fn put(steps: &mut [Step], schemas: &mut HashMap<String, Arc<Value>>) {
    for step in steps {
        if let Some(schema) = schemas.remove(&step.id) {
            step.output_schema = Some(schema);
        }
        put(&mut step.steps, schemas);
    }
}

/// Reads the steps of a list. Whether one of them may change something.
fn steps(list: &[Step], reader: &mut Reader) -> bool {
    let mut any_changes = false;
    for step in list {
        let begun = reader.relies.len();
        let changes = one_step(step, reader);
        let Reader { relies, reads, .. } = &mut *reader;
        let own = reads.entry(step.id.clone()).or_default();
        for read in relies.iter().skip(begun).map(|relies| &relies.place().step) {
            if !own.contains(read) {
                own.insert(read.clone());
            }
        }
        if changes && !step.steps.is_empty() {
            reader.changing.insert(step.id.clone());
        }
        any_changes |= changes;
    }
    any_changes
}

/// Reads a step, with its body. Whether it may change something.
fn one_step(step: &Step, reader: &mut Reader) -> bool {
    let mut changes = reader.changes.contains(&step.id);
    if let Some(when) = &step.when {
        reader.expression(when);
    }
    for value in step.with.iter().flat_map(|with| with.values()) {
        template(value, reader);
    }
    if reader.changes.contains(&step.id) {
        for (key, value) in step.with.iter().flatten() {
            sent::sent(key, value, reader);
        }
    }
    if let Some(repeat) = &step.repeat {
        changes |= steps(&step.steps, reader);
        reader.expression(&repeat.until);
        let given = match &repeat.output {
            Some(output) => template(output, reader),
            None => last_of(step),
        };
        reader.loops.insert(step.id.clone(), given);
    }
    let Some(each) = &step.for_each else {
        return changes;
    };
    let items = whole(&each.items, reader);
    let element = reader.items(&items);
    let name = each.name.clone().unwrap_or_else(|| "item".to_owned());
    let before = reader.names.insert(name.clone(), element);
    changes |= steps(&step.steps, reader);
    if let Some(until) = &each.until {
        reader.expression(until);
    }
    let given = match &each.output {
        Some(output) => template(output, reader),
        None => last_of(step),
    };
    match before {
        Some(before) => reader.names.insert(name, before),
        None => reader.names.remove(&name),
    };
    reader
        .loops
        .insert(step.id.clone(), Part::List(Box::new(given)));
    changes
}

/// What the last step of a body gives.
fn last_of(step: &Step) -> Part {
    step.steps.last().map_or(Part::Other, |last| {
        Part::At(Place {
            step: last.id.clone(),
            hops: Vec::new(),
        })
    })
}

/// What a template stands for.
fn template(value: &Value, reader: &mut Reader) -> Part {
    match value {
        Value::String(_) => whole(value, reader),
        Value::Array(items) => {
            for item in items {
                template(item, reader);
            }
            Part::Other
        }
        Value::Object(map) => Part::Map(
            map.iter()
                .map(|(key, inner)| (key.clone(), template(inner, reader)))
                .collect(),
        ),
        _ => Part::Fixed,
    }
}

/// A text with expressions: one that is nothing else stands for what it gives.
fn whole(value: &Value, reader: &mut Reader) -> Part {
    let Ok(compiled) = Template::compile(value) else {
        return Part::Other;
    };
    let expressions = compiled.expressions();
    let single = value.as_str().is_some_and(|text| {
        let text = text.trim();
        text.starts_with("{{") && text.ends_with("}}")
    });
    let mut last = Part::Other;
    let count = expressions.len();
    for (_, expression) in expressions {
        last = reader.expression(expression.source());
    }
    if single && count == 1 {
        last
    } else {
        Part::Other
    }
}
