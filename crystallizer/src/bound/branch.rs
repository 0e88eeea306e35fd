//! Steps that only some recordings of the task have. What parts the recordings that have one from those that do not
//! has to be known before it: one field that is alike on one side, with two recordings a side at least, and nothing
//! else that parts them as well. Otherwise a person is asked.

use super::binding::Bound;
use super::cycle;
use super::decide::Decisions;
use super::evaluate::{literal, member};
use super::key::words;
use super::qualifier::{Parting, Unshown};
use super::selector::field;
use super::turn::closed;
use super::view;
use super::witness::Witness;
use super::write::each_expression;
use crate::kept::{Kept, Spot};
use druse_engine::definition::Document;
use druse_engine::expression::Expression;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The recordings that there have to be on each side.
const A_SIDE: usize = 2;
/// The most conditions that are offered.
const MOST: usize = 4;
/// The answer that leaves a step to every run.
pub(super) const ALWAYS: &str = "always";
/// The answer that leaves a step of another recording out.
pub(super) const NEVER: &str = "never";

/// A step that only some recordings have.
pub(super) struct Branch {
    /// The call, in the recording that it is a step of.
    pub(super) call: usize,
    pub(super) id: String,
    /// How many recordings have it, and how many do not.
    pub(super) sides: (usize, usize),
    /// Those that have it: 0 is the one that is followed.
    pub(super) recordings: BTreeSet<usize>,
    /// What parts them.
    conditions: Vec<Condition>,
    /// The condition that was taken.
    pub(super) taken: Option<String>,
    /// The steps that other recordings have in its place: their names, and under which conditions.
    pub(super) instead: Vec<Instead>,
}

/// What parts the recordings that have a step from those that do not.
struct Condition {
    expression: String,
    /// The field that is compared.
    place: String,
    parting: Parting,
    /// The same of the recordings on the other side.
    other: Parting,
}

/// A step that other recordings have in the place of one.
pub(super) struct Instead {
    pub(super) step: String,
    pub(super) parting: Option<Parting>,
}

impl Branch {
    /// What the condition that was taken compares.
    pub(super) fn parting(&self) -> Option<&Parting> {
        let taken = self.taken.as_ref()?;
        let mut all = self.conditions.iter();
        Some(&all.find(|one| one.expression == *taken)?.parting)
    }

    /// The conditions that a person may choose from.
    pub(super) fn choices(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().map(|one| one.expression.as_str())
    }

    /// Takes the condition that was answered, or the only one there is, or the only one that the person named.
    /// `unasked` is the answer that takes none.
    pub(super) fn take(
        &mut self,
        answers: &BTreeMap<String, String>,
        unasked: &str,
        unshown: &[Unshown],
    ) {
        let given = answers.get(&self.id).map(String::as_str);
        let answered = given.filter(|answer| self.choices().any(|choice| choice == *answer));
        let of_call = unshown.iter().filter(|one| one.call == self.call);
        let named: Vec<&Condition> = of_call
            .flat_map(|one| {
                let all = self.conditions.iter();
                all.filter(move |condition| one.is_named_by(&condition.parting, &condition.other))
            })
            .collect();
        let only = match (self.conditions.as_slice(), named.as_slice()) {
            ([one], _) => Some(one),
            (_, [one]) => Some(*one),
            _ => None,
        };
        let only = only
            .filter(|_| given != Some(unasked))
            .map(|one| one.expression.clone());
        self.taken = answered.map(str::to_owned).or(only);
    }

    /// Takes the condition on the field by which another one is parted, or none where that one has none.
    pub(super) fn follow(&mut self, other: &Self) {
        let field = other.taken.as_ref().and_then(|taken| {
            let mut all = other.conditions.iter();
            all.find(|one| one.expression == *taken)
        });
        self.taken = field.and_then(|field| {
            let mut all = self.conditions.iter();
            let own = all.find(|one| one.place == field.place)?;
            Some(own.expression.clone())
        });
    }

    /// Whether no run does both: their conditions are on one field, and it cannot have both values.
    pub(super) fn excludes(&self, other: &Self) -> bool {
        let of = |one: &Self| {
            let mut all = one.conditions.iter();
            let taken = one.taken.as_ref()?;
            let found = all.find(|condition| condition.expression == *taken)?;
            Some((found.place.clone(), found.parting.clone()))
        };
        let (Some((place, own)), Some((other_place, other))) = (of(self), of(other)) else {
            return false;
        };
        place == other_place
            && match (own.equal, other.equal) {
                (true, true) => own.value != other.value,
                (false, false) => false,
                _ => own.value == other.value,
            }
    }

    /// Whether the recordings that have it are all that do not have another one.
    pub(super) fn is_other_half(&self, other: &Self) -> bool {
        self.recordings.is_disjoint(&other.recordings)
            && self.recordings.len() + other.recordings.len() == self.sides.0 + self.sides.1
    }

    /// Notes a step that others have in its place.
    pub(super) fn beside(&mut self, step: &str, other: &Self) {
        self.instead.push(Instead {
            step: step.to_owned(),
            parting: other.parting().cloned(),
        });
    }
}

/// What is known of the recording whose steps are looked at: its calls, the other recordings, and the numbers of all.
pub(super) struct Aligned<'a, 'w> {
    pub(super) kept: &'a [Kept<'w>],
    pub(super) witnesses: &'a [Witness<'w>],
    /// The number of this recording, and those of the others.
    pub(super) own: usize,
    pub(super) others: Vec<usize>,
}

impl<'a, 'w> Aligned<'a, 'w> {
    /// The recording that is followed.
    pub(super) fn followed(kept: &'a [Kept<'w>], witnesses: &'a [Witness<'w>]) -> Self {
        Self {
            kept,
            witnesses,
            own: 0,
            others: (1..=witnesses.len()).collect(),
        }
    }

    /// A call as a step that only some recordings have; none where all do.
    pub(super) fn branch(&self, call: usize) -> Option<Branch> {
        let one = self.kept.get(call)?;
        let with = self.witnesses.iter().zip(&self.others);
        let mut recordings: BTreeSet<usize> = with
            .filter(|(witness, _)| has(call, witness))
            .map(|(_, number)| *number)
            .collect();
        if recordings.len() == self.witnesses.len() || one.tolerated {
            return None;
        }
        recordings.insert(self.own);
        let sides = (
            recordings.len(),
            self.witnesses.len() + 1 - recordings.len(),
        );
        let conditions = if sides.0 >= A_SIDE && sides.1 >= A_SIDE {
            conditions(self.kept, call, self.witnesses)
        } else {
            Vec::new()
        };
        Some(Branch {
            call,
            id: format!("branch:{}", one.step),
            sides,
            recordings,
            conditions,
            taken: None,
            instead: Vec::new(),
        })
    }
}

fn has(call: usize, witness: &Witness<'_>) -> bool {
    witness.counterparts.get(call).is_some_and(Option::is_some)
}

/// The further recordings, where what reads a step that not all have is no step that all share: in the others it
/// reads something else, and is a step of theirs. None where nothing does.
pub(super) fn set_apart<'w>(
    kept: &[Kept<'_>],
    witnesses: &[Witness<'w>],
    decisions: &Decisions,
    unshown: &[Unshown],
    answers: &BTreeMap<String, String>,
) -> Option<Vec<Witness<'w>>> {
    if decisions.cycles.len() + decisions.pages.len() > 0 {
        return None;
    }
    let aligned = Aligned::followed(kept, witnesses);
    let mut partial: BTreeMap<&str, Branch> = BTreeMap::new();
    for (call, one) in kept.iter().enumerate() {
        if let Some(mut branch) = aligned.branch(call) {
            branch.take(answers, ALWAYS, unshown);
            if branch.taken.is_some() {
                partial.insert(&one.step, branch);
            }
        }
    }
    if partial.is_empty() {
        return None;
    }
    let mut apart: BTreeSet<(usize, usize)> = BTreeSet::new();
    for (call, decided) in decisions.calls.iter().enumerate() {
        for binding in decided.bound.iter().flat_map(Bound::bindings) {
            let Ok(expression) = Expression::compile(&binding.expression) else {
                continue;
            };
            for reference in expression.references().steps() {
                let Some(source) = reference.key(0).and_then(|id| partial.get(id)) else {
                    continue;
                };
                for (at, witness) in witnesses.iter().enumerate() {
                    if has(call, witness) && !source.recordings.contains(&(at + 1)) {
                        apart.insert((at, call));
                    }
                }
            }
        }
    }
    if apart.is_empty() {
        return None;
    }
    let mut witnesses = witnesses.to_vec();
    for (at, call) in apart {
        let witness = witnesses.get_mut(at);
        if let Some(there) = witness.and_then(|witness| witness.counterparts.get_mut(call)) {
            *there = None;
        }
    }
    Some(witnesses)
}

/// The steps of the recording that is followed that only some recordings have, each with its condition where one is
/// certain or was answered.
pub(super) fn branches(
    document: &Document,
    kept: &[Kept<'_>],
    spots: &[Spot],
    witnesses: &[Witness<'_>],
    (decisions, unshown): (&Decisions, &[Unshown]),
    answers: &BTreeMap<String, String>,
) -> Vec<Branch> {
    let in_loop = |call: usize| {
        cycle::of(&decisions.cycles, call).is_some()
            || decisions.pages.iter().any(|pages| pages.holds(call))
    };
    let aligned = Aligned::followed(kept, witnesses);
    let mut found: Vec<Branch> = (0..kept.len())
        .filter(|call| !in_loop(*call))
        .filter_map(|call| aligned.branch(call))
        .collect();
    for branch in &mut found {
        branch.take(answers, ALWAYS, unshown);
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
fn conditions(kept: &[Kept<'_>], call: usize, witnesses: &[Witness<'_>]) -> Vec<Condition> {
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
            let mut place = closed(&seen.base);
            for word in &path {
                place.push_str(&member(word));
            }
            let (shared, equal) = match (alike(&with), alike(&without)) {
                (Some(shared), _) if !without.contains(&shared) => (shared, true),
                (_, Some(shared)) if !with.contains(&shared) => (shared, false),
                _ => continue,
            };
            let sign = if equal { "==" } else { "!=" };
            let other = match alike(&without).filter(|_| equal) {
                Some(value) => parting(source, &path, value, true),
                None => parting(source, &path, shared, !equal),
            };
            found.push(Condition {
                expression: format!("{place} {sign} {}", literal(shared)),
                parting: parting(source, &path, shared, equal),
                place,
                other,
            });
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
