//! Steps that only some recordings of the task have. What parts the recordings that have one from those that do not
//! has to be known before it: one field that is alike on one side, with two recordings a side at least, and nothing
//! else that parts them as well. Otherwise a person is asked.

use super::cycle;
use super::decide::Decisions;
use super::evaluate::{literal, member};
use super::key::words;
use super::qualifier::Parting;
use super::selector::field;
use super::turn::closed;
use super::view;
use super::witness::Witness;
use super::write::each_expression;
use crate::kept::{Kept, Spot};
use druse_engine::definition::Document;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The recordings that there have to be on each side.
const A_SIDE: usize = 2;
/// The most conditions that are offered.
const MOST: usize = 4;
/// The answer that leaves a step to every run.
pub(super) const ALWAYS: &str = "always";

/// A step that only some recordings have.
pub(super) struct Branch {
    pub(super) call: usize,
    pub(super) id: String,
    /// How many recordings have it, and how many do not.
    pub(super) sides: (usize, usize),
    /// What parts them.
    pub(super) choices: Vec<String>,
    /// The same as one field and one value each.
    partings: Vec<Parting>,
    /// The condition that was taken.
    pub(super) taken: Option<String>,
}

impl Branch {
    /// What the condition that was taken compares.
    pub(super) fn parting(&self) -> Option<&Parting> {
        let taken = self.taken.as_ref()?;
        let at = self.choices.iter().position(|choice| choice == taken)?;
        self.partings.get(at)
    }
}

/// The steps that only some recordings have, each with its condition where one is certain or was answered.
pub(super) fn branches(
    document: &Document,
    kept: &[Kept<'_>],
    spots: &[Spot],
    witnesses: &[Witness<'_>],
    decisions: &Decisions,
    answers: &BTreeMap<String, String>,
) -> Vec<Branch> {
    let in_loop = |call: usize| {
        cycle::of(&decisions.cycles, call).is_some()
            || decisions.pages.iter().any(|pages| pages.holds(call))
    };
    let has = |call: usize, witness: &Witness<'_>| {
        witness.counterparts.get(call).is_some_and(Option::is_some)
    };
    let mut found: Vec<Branch> = Vec::new();
    for (call, one) in kept.iter().enumerate() {
        let with = witnesses
            .iter()
            .filter(|witness| has(call, witness))
            .count();
        if with == witnesses.len() || in_loop(call) || one.tolerated {
            continue;
        }
        let sides = (with + 1, witnesses.len() - with);
        let (choices, partings): (Vec<String>, Vec<Parting>) =
            if sides.0 >= A_SIDE && sides.1 >= A_SIDE {
                conditions(kept, call, witnesses, &has).into_iter().unzip()
            } else {
                (Vec::new(), Vec::new())
            };
        let id = format!("branch:{}", one.step);
        let answered = answers.get(&id).filter(|answer| choices.contains(answer));
        let taken = match (answered, choices.as_slice()) {
            (Some(answer), _) => Some(answer.clone()),
            (None, [one]) if answers.get(&id).map(String::as_str) != Some(ALWAYS) => {
                Some(one.clone())
            }
            _ => None,
        };
        found.push(Branch {
            call,
            id,
            sides,
            choices,
            partings,
            taken,
        });
    }
    // What reads a step that may not run has to be on the same side.
    let conditions: BTreeMap<usize, String> = found
        .iter()
        .filter_map(|branch| Some((spots.get(branch.call)?.step, branch.taken.clone()?)))
        .collect();
    let mut read_elsewhere: BTreeSet<usize> = BTreeSet::new();
    each_expression(&document.steps, &mut |reader, expression| {
        for reference in expression.references().steps() {
            let source = document
                .steps
                .iter()
                .position(|step| reference.key(0) == Some(step.id.as_str()));
            if let Some(source) = source
                && conditions.contains_key(&source)
                && conditions.get(&reader) != conditions.get(&source)
            {
                read_elsewhere.insert(source);
            }
        }
    });
    for branch in &mut found {
        if spots
            .get(branch.call)
            .is_some_and(|spot| read_elsewhere.contains(&spot.step))
        {
            branch.taken = None;
        }
    }
    found
}

/// The conditions that part the recordings that have a call from those that do not.
fn conditions(
    kept: &[Kept<'_>],
    call: usize,
    witnesses: &[Witness<'_>],
    has: &dyn Fn(usize, &Witness<'_>) -> bool,
) -> Vec<(String, Parting)> {
    let mut found = Vec::new();
    let batch = kept.get(call).map(|kept| kept.call.batch);
    for (before, source) in kept.iter().enumerate().take(call) {
        let known = Some(source.call.batch) != batch
            && crate::prune::succeeded(source.call)
            && witnesses.iter().all(|witness| has(before, witness));
        if !known {
            continue;
        }
        let seen = view::view(source);
        let others: Option<Vec<Value>> = witnesses
            .iter()
            .map(|witness| {
                let at = (*witness.counterparts.get(before)?)?;
                let kept = witness.kept.get(at)?;
                crate::prune::succeeded(kept.call).then(|| view::view(kept).data)
            })
            .collect();
        let Some(others) = others else { continue };
        for (path, own) in scalars(&seen.data) {
            let mut with = vec![own];
            let mut without = Vec::new();
            let mut whole = true;
            for (witness, data) in witnesses.iter().zip(&others) {
                match field(data, &path) {
                    Some(value) if has(call, witness) => with.push(value),
                    Some(value) => without.push(value),
                    None => whole = false,
                }
            }
            if !whole {
                continue;
            }
            let mut expression = closed(&seen.base);
            for word in &path {
                expression.push_str(&member(word));
            }
            if let Some(shared) = alike(&with)
                && !without.contains(&shared)
            {
                let expression = format!("{expression} == {}", literal(shared));
                found.push((expression, parting(source, &path, shared, true)));
            } else if let Some(shared) = alike(&without)
                && !with.contains(&shared)
            {
                let expression = format!("{expression} != {}", literal(shared));
                found.push((expression, parting(source, &path, shared, false)));
            }
        }
    }
    found.truncate(MOST);
    found
}

fn parting(source: &Kept<'_>, path: &[String], value: &Value, equal: bool) -> Parting {
    let (key, above) = path
        .split_last()
        .map_or(("", path), |(key, above)| (key.as_str(), above));
    let mut thing = words(&source.step);
    thing.extend(above.iter().flat_map(|word| words(word)));
    Parting {
        thing,
        key: key.to_owned(),
        value: value.clone(),
        equal,
    }
}

fn alike<'v>(values: &[&'v Value]) -> Option<&'v Value> {
    let (first, rest) = values.split_first()?;
    rest.iter().all(|value| value == first).then_some(*first)
}

/// The scalars of a value through maps, truth values and nothing too.
fn scalars(value: &Value) -> Vec<(Vec<String>, &Value)> {
    fn walk<'v>(
        value: &'v Value,
        path: &mut Vec<String>,
        found: &mut Vec<(Vec<String>, &'v Value)>,
    ) {
        match value {
            Value::Object(map) if path.len() < 4 => {
                for (key, inner) in map {
                    path.push(key.clone());
                    walk(inner, path, found);
                    path.pop();
                }
            }
            Value::Object(_) | Value::Array(_) => {}
            scalar => found.push((path.clone(), scalar)),
        }
    }
    let mut found = Vec::new();
    if value.is_object() {
        walk(value, &mut Vec::new(), &mut found);
    }
    found
}
