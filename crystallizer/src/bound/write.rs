//! Writes what was decided into the draft: expressions in the place of values, and the inputs that they read.

use super::binding::{Binding, Bound, Source};
use super::decide::Decisions;
use super::{slot, title};
use crate::kept::{Kept, Spot};
use druse_engine::definition::{Document, Step};
use druse_engine::expression::{Expression, Template};
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashSet};

/// Writes the bindings of all steps. `steps` gives where the step of each kept call stands.
pub(super) fn write(
    document: &mut Document,
    kept: &[Kept<'_>],
    steps: &[Spot],
    decisions: &mut Decisions<'_>,
) {
    for ((kept, place), decided) in kept.iter().zip(steps).zip(&decisions.calls) {
        let Some(step) = place.step_mut(document) else {
            continue;
        };
        let Some(with) = &mut step.with else { continue };
        let written = slot::write(kept, with, &decided.bound);
        let mut reasons = Map::with_capacity(decided.bound.len());
        for bound in &decided.bound {
            if written.contains(&bound.pointer) {
                reasons.insert(bound.pointer.clone(), Value::from(reason(bound)));
            }
        }
        if !reasons.is_empty() {
            step.metadata
                .insert("bindings".to_owned(), Value::Object(reasons));
        }
    }
    let taken = Taken::of(steps);
    let mut titled: BTreeSet<Spot> = BTreeSet::new();
    for ((kept, place), decided) in kept.iter().zip(steps).zip(&decisions.calls) {
        // The passes of a loop have one gate, and the first tells what each is about.
        if !titled.insert(*place) {
            continue;
        }
        // The gate before a call shows what the call will send, not what was sent in the recording.
        if let Some(gate) = taken.gate_before(*place)
            && let Some(with) = gate.step_mut(document).and_then(|step| step.with.as_mut())
            && let Some(title) = title::title(kept, decided)
        {
            with.insert("title".to_owned(), title.into());
        }
    }
    decisions.inputs.keep(&read_inputs(&document.steps));
    let others = &decisions.witnessed;
    document.inputs = decisions.inputs.declared(&decisions.said, others);
}

/// Where the steps stand that calls became, with the loops around them.
pub(super) struct Taken(HashSet<(usize, Option<usize>, Option<usize>)>);

impl Taken {
    pub(super) fn of(steps: &[Spot]) -> Self {
        let mut taken = HashSet::with_capacity(steps.len());
        for spot in steps {
            taken.insert((spot.step, None, None));
            if spot.inner.is_some() {
                taken.insert((spot.step, spot.inner, None));
            }
            if spot.deep.is_some() {
                taken.insert((spot.step, spot.inner, spot.deep));
            }
        }
        Self(taken)
    }

    /// Where the gate right before a step stands: a step of the same list that no call became, nor a loop of calls.
    pub(super) fn gate_before(&self, spot: Spot) -> Option<Spot> {
        let before = spot.before()?;
        let at = match before.inner {
            None => (before.step, None, None),
            Some(_) => (before.step, before.inner, before.deep),
        };
        (!self.0.contains(&at)).then_some(before)
    }
}

/// Why a value is bound, for the document: its kinds of source with the reasons.
fn reason(bound: &Bound) -> String {
    let of = |binding: &Binding| {
        let from = match &binding.source {
            Source::Input(_) | Source::Inputs(_) => "input",
            Source::Output(_)
            | Source::Whole(..)
            | Source::Column(_)
            | Source::Total(..)
            | Source::Pass(..)
            | Source::Parts(..) => "output",
            Source::Item(..) | Source::Inside(..) | Source::Named(_) => "item",
            Source::Clock(_) => "clock",
            Source::Counted { .. } | Source::Number { .. } => "pass",
        };
        format!("{from}: {}", binding.because)
    };
    let all: Vec<String> = bound.bindings().map(of).collect();
    all.join(" | ")
}

/// The inputs that steps read.
fn read_inputs(steps: &[Step]) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    each_expression(steps, &mut |_, expression| {
        used.extend(expression.references().inputs().map(str::to_owned));
    });
    used
}

/// Calls back with every expression in the configurations of steps, with the index of its step in the list: those of
/// the body of a loop, too.
pub(super) fn each_expression(steps: &[Step], then: &mut dyn FnMut(usize, &Expression)) {
    for (index, step) in steps.iter().enumerate() {
        let mut templates: Vec<&Value> = step.with.iter().flat_map(|with| with.values()).collect();
        if let Some(each) = &step.for_each {
            templates.push(&each.items);
            templates.extend(&each.output);
            if let Some(until) = each
                .until
                .as_ref()
                .and_then(|until| Expression::compile(until).ok())
            {
                then(index, &until);
            }
        }
        if let Some(repeat) = &step.repeat {
            templates.extend(&repeat.output);
            if let Ok(until) = Expression::compile(&repeat.until) {
                then(index, &until);
            }
        }
        for value in templates
            .into_iter()
            .filter(|value| !Template::is_plain(value))
        {
            if let Ok(template) = Template::compile(value) {
                for (_, expression) in template.expressions() {
                    then(index, expression);
                }
            }
        }
        each_expression(&step.steps, &mut |_, expression| then(index, expression));
    }
}
