//! Steps that only some recordings of the task have. What parts the recordings that have one from those that do not
//! has to be known before it: one field that is alike on one side, with two recordings a side at least, and nothing
//! else that parts them as well. Otherwise a person is asked, and also where a few recordings would be parted by some
//! field or other whatever the reason was, and nobody named it.

mod cut;

use super::binding::Bound;
use super::cycle;
use super::decide::Decisions;
use super::evaluate::{literal, member};
use super::information::names_things;
use super::key::words;
use super::qualifier::{Parting, Unshown};
use super::selector::field;
use super::turn::closed;
use super::view;
use super::witness::Witness;
use super::write::each_expression;
use crate::kept::{Kept, Spot};
use crate::shared::Shared;
use cut::Cut;
use druse_engine::definition::Document;
use druse_engine::expression::Expression;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The recordings that there have to be on each side.
const A_SIDE: usize = 2;
/// The most conditions that are offered.
const MOST: usize = 4;
/// How many fields may be expected to part the recordings by chance where one of them is followed and nobody named it.
pub(super) const CHANCE: f64 = 0.06;
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
    /// How many fields part as many recordings of each side, on average over all ways to choose these.
    chance: f64,
    /// The condition that was taken.
    pub(super) taken: Option<String>,
    /// Whether it was taken though nobody named it and chance may have parted the recordings.
    by_chance: bool,
    /// Whether the person named it, and said what is done otherwise.
    otherwise: bool,
    /// The question of a step before it that it goes with, for the same recordings have that.
    goes_with: Option<String>,
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
    /// That it is none of what the other side has, where each side has one value: whether a third one belongs to it is
    /// for the person to say.
    rest: Option<(String, Parting)>,
}

impl Condition {
    /// Makes it the condition for all that the other side does not have.
    fn take_rest(&mut self) {
        if let Some((expression, parting)) = self.rest.take() {
            self.expression = expression;
            self.parting = parting;
        }
    }
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

    /// Whether a person has to say that what was taken is the reason: it is only what happens to part the recordings.
    pub(super) fn is_by_chance(&self) -> bool {
        self.by_chance && self.taken.is_some()
    }

    /// Whether a person is asked when the step is done.
    pub(super) fn is_asked(&self) -> bool {
        self.goes_with.is_none()
            && !self.conditions.is_empty()
            && (self.taken.is_none() || self.by_chance)
    }

    /// The id of the question when it is done.
    pub(super) fn question(&self) -> &str {
        self.goes_with.as_deref().unwrap_or(&self.id)
    }

    /// Takes what a step takes that the same recordings have, where that parts them for this one, too. Says whether it
    /// does: whatever the reason is, it is one.
    pub(super) fn go_with(&mut self, other: &Self, given: &BTreeMap<String, String>) -> bool {
        let same = self.recordings == other.recordings
            && !given.contains_key(&self.id)
            && other.taken.as_ref().is_none_or(|taken| self.knows(taken))
            && !self.conditions.is_empty();
        if same {
            self.taken.clone_from(&other.taken);
            self.by_chance = false;
            self.otherwise = other.otherwise;
            self.goes_with = Some(other.question().to_owned());
        }
        same
    }

    /// Whether a condition is one of its own. What is done otherwise is done for all that the other side does not have,
    /// and so is what goes with it.
    fn knows(&mut self, condition: &str) -> bool {
        let rest = self.conditions.iter_mut().find(|one| {
            let rest = one.rest.as_ref();
            rest.is_some_and(|(expression, _)| expression == condition)
        });
        if let Some(rest) = rest {
            rest.take_rest();
        }
        self.choices().any(|choice| choice == condition)
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
        let names = |one: &Unshown, condition: &Condition| {
            one.is_named_by(&condition.parting, &condition.other)
        };
        let of_call = || unshown.iter().filter(|one| one.call == self.call);
        let all = || self.conditions.iter().enumerate();
        let named: BTreeSet<usize> = of_call()
            .flat_map(|one| all().filter(move |(_, condition)| names(one, condition)))
            .map(|(at, _)| at)
            .collect();
        let only = match (self.conditions.len(), named.len()) {
            (1, _) => Some(0),
            (_, 1) => named.first().copied(),
            _ => None,
        };
        // What was said may have been heard as said of a step that all recordings have.
        let naming = only
            .and_then(|at| self.conditions.get(at))
            .and_then(|condition| {
                let said = of_call().chain(unshown).find(|one| names(one, condition))?;
                Some((said.says_otherwise(), said.is_turned_at(self.call)))
            });
        // Whether what parts them is what was meant is asked with what was said of the step.
        let is_asked = unshown.iter().any(|one| one.is_condition_of(self.call));
        self.by_chance =
            answered.is_none() && naming.is_none() && !is_asked && self.chance > CHANCE;
        if answered.is_some() || given == Some(unasked) {
            self.taken = answered.map(str::to_owned);
            return;
        }
        let taken = only.and_then(|at| self.conditions.get_mut(at));
        self.taken = taken.map(|condition| {
            if let Some((otherwise, turned)) = naming {
                self.otherwise = otherwise;
                if turned {
                    condition.take_rest();
                }
            }
            condition.expression.clone()
        });
    }

    /// Takes the condition on the field by which another one is parted, or none where that one has none. What is asked
    /// about that one is asked about both.
    pub(super) fn follow(&mut self, other: &Self) {
        self.by_chance = false;
        let field = other.taken.as_ref().and_then(|taken| {
            let mut all = other.conditions.iter();
            all.find(|one| one.expression == *taken)
        });
        self.taken = field.and_then(|field| {
            let mut all = self.conditions.iter_mut();
            let own = all.find(|one| one.place == field.place)?;
            if other.otherwise && field.parting.equal {
                own.take_rest();
            }
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

    /// Those of some calls that only some recordings have, each with its condition where one is certain or was answered.
    fn taken(
        &self,
        calls: impl Iterator<Item = usize>,
        unshown: &[Unshown],
        answers: &BTreeMap<String, String>,
    ) -> Vec<Branch> {
        let mut found: Vec<Branch> = Vec::new();
        for mut branch in calls.filter_map(|call| self.branch(call)) {
            if !found.iter().any(|other| branch.go_with(other, answers)) {
                branch.take(answers, ALWAYS, unshown);
            }
            found.push(branch);
        }
        found
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
        let (conditions, chance) = if sides.0 >= A_SIDE && sides.1 >= A_SIDE {
            conditions(self.kept, call, self.witnesses)
        } else {
            (Vec::new(), 0.0)
        };
        Some(Branch {
            call,
            id: format!("branch:{}", one.step),
            sides,
            recordings,
            conditions,
            chance,
            taken: None,
            by_chance: false,
            otherwise: false,
            goes_with: None,
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
    decisions: &Decisions<'_>,
    unshown: &[Unshown],
    answers: &BTreeMap<String, String>,
) -> Option<Vec<Witness<'w>>> {
    if decisions.cycles.len() + decisions.pages.len() > 0 {
        return None;
    }
    let aligned = Aligned::followed(kept, witnesses);
    let all = aligned.taken(0..kept.len(), unshown, answers).into_iter();
    let partial: BTreeMap<&str, Branch> = all
        .filter(|branch| branch.taken.is_some())
        .filter_map(|branch| Some((kept.get(branch.call)?.step.as_str(), branch)))
        .collect();
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
    (decisions, unshown): (&Decisions<'_>, &[Unshown]),
    answers: &BTreeMap<String, String>,
) -> Vec<Branch> {
    let in_loop = |call: usize| {
        cycle::of(&decisions.cycles, call).is_some()
            || decisions.pages.iter().any(|pages| pages.holds(call))
    };
    let aligned = Aligned::followed(kept, witnesses);
    let calls = (0..kept.len()).filter(|call| !in_loop(*call));
    let mut found = aligned.taken(calls, unshown, answers);
    // What reads a step that may not run has to be on the same side.
    let conditions: BTreeMap<usize, String> = found
        .iter()
        .filter_map(|branch| Some((spots.get(branch.call)?.step, branch.taken.clone()?)))
        .collect();
    if conditions.is_empty() {
        return found;
    }
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (place, step) in document.steps.iter().enumerate() {
        places.entry(&step.id).or_insert(place);
    }
    let mut read_elsewhere: BTreeSet<usize> = BTreeSet::new();
    each_expression(&document.steps, &mut |reader, expression| {
        for reference in expression.references().steps() {
            let source = reference.key(0).and_then(|id| places.get(id).copied());
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
            branch.goes_with = None;
        }
    }
    found
}

/// The conditions that part the recordings that have a call from those that do not, and how many fields would part as
/// many of them whichever these were.
fn conditions(kept: &[Kept<'_>], call: usize, witnesses: &[Witness<'_>]) -> (Vec<Condition>, f64) {
    let mut found = Vec::new();
    // Fields that group the recordings alike part them alike.
    let mut groupings: BTreeSet<Vec<usize>> = BTreeSet::new();
    let mut sides = (0, 0);
    // What parts them by its size, where nothing is the same on one side.
    let mut cuts: Vec<(String, Cut, &Kept<'_>, Vec<String>)> = Vec::new();
    let batch = kept.get(call).map(|kept| kept.call.batch);
    for (before, source) in kept.iter().enumerate().take(call) {
        let known = Some(source.call.batch) != batch
            && crate::prune::succeeded(source.call)
            && witnesses.iter().all(|witness| has(before, witness));
        if !known {
            continue;
        }
        let seen = view::view(source);
        let others: Option<Vec<Shared<'_>>> = witnesses
            .iter()
            .map(|witness| {
                let at = (*witness.counterparts.get(before)?)?;
                let kept = witness.kept.get(at)?;
                crate::prune::succeeded(kept.call).then(|| view::seen(kept))
            })
            .collect();
        let Some(others) = others else { continue };
        for (path, own) in scalars(&seen.data) {
            let mut with = vec![own];
            let mut without = Vec::new();
            let mut whole = true;
            for (witness, data) in witnesses.iter().zip(&others) {
                match field(data, &path).map(parted_by) {
                    Some(value) if has(call, witness) => with.push(value),
                    Some(value) => without.push(value),
                    None => whole = false,
                }
            }
            if !whole {
                continue;
            }
            sides = (with.len(), without.len());
            groupings.insert(grouping(with.iter().chain(&without).copied()));
            let mut place = closed(&seen.base);
            for word in &path {
                place.push_str(&member(word));
            }
            let (shared, equal) = match (alike(&with), alike(&without)) {
                (Some(shared), _) if !without.contains(&shared) => (shared, true),
                (_, Some(shared)) if !with.contains(&shared) => (shared, false),
                _ => {
                    // The number of a thing says nothing by its size.
                    let is_id = path.last().is_some_and(|key| names_things(&words(key)));
                    let cut = cut::between(&with, &without).filter(|_| !is_id);
                    cuts.extend(cut.map(|cut| (place, cut, source, path)));
                    continue;
                }
            };
            // A list parts them by whether it is empty.
            let is_list = field(&seen.data, &path).is_some_and(Value::is_array);
            let sign = if equal { "==" } else { "!=" };
            let other = match alike(&without).filter(|_| equal) {
                Some(value) => parting(source, &path, value, true),
                None => parting(source, &path, shared, !equal),
            };
            let rest = alike(&without).filter(|_| equal && !is_list).map(|value| {
                (
                    format!("{place} not in [{}]", literal(value)),
                    parting(source, &path, value, false),
                )
            });
            found.push(Condition {
                expression: match is_list {
                    true => {
                        let empty = (*shared == EMPTY) == equal;
                        format!("({place} | length) {} 0", if empty { "==" } else { ">" })
                    }
                    false => format!("{place} {sign} {}", literal(shared)),
                },
                parting: parting(source, &path, shared, equal),
                place,
                other,
                rest,
            });
        }
    }
    if found.is_empty() {
        return (of_cuts(cuts), 0.0);
    }
    found.truncate(MOST);
    let chance = groupings.iter().map(|groups| by_chance(groups, sides));
    (found, chance.sum())
}

/// The conditions on which side of a number a field is. Each field has two: nobody showed what holds for what lies
/// between the sides, so that a person has to say it.
fn of_cuts(cuts: Vec<(String, Cut, &Kept<'_>, Vec<String>)>) -> Vec<Condition> {
    let of_field = |(place, cut, source, path): (String, Cut, &Kept<'_>, Vec<String>)| {
        let one = |(sign, limit): (&str, Value)| Condition {
            expression: format!("{place} {sign} {}", literal(&limit)),
            parting: parting(source, &path, &limit, cut.is_below),
            other: parting(source, &path, &limit, !cut.is_below),
            // The other way is on the other side of the same number.
            place: format!("{place} at {limit}"),
            rest: None,
        };
        cut.signs().map(one)
    };
    let mut all: Vec<Condition> = cuts.into_iter().flat_map(of_field).collect();
    all.truncate(MOST);
    all
}

/// Which of the values are alike: to each the place of the first that is the same.
fn grouping<'v>(values: impl Iterator<Item = &'v Value>) -> Vec<usize> {
    let mut known: Vec<&Value> = Vec::new();
    values
        .map(|value| {
            known
                .iter()
                .position(|one| *one == value)
                .unwrap_or_else(|| {
                    known.push(value);
                    known.len() - 1
                })
        })
        .collect()
}

/// The share of all ways to choose the recordings of one side in which a field with these values parts them: they are
/// alike on one side, and on the other none is the same. With two recordings a side a field with two values does in two
/// of six, with four a side in two of seventy.
fn by_chance(groups: &[usize], (with, without): (usize, usize)) -> f64 {
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    for group in groups {
        *sizes.entry(*group).or_default() += 1;
    }
    let of = |size: usize| sizes.values().filter(|one| **one == size).count();
    // Of two values the one side is alike where the other one is.
    let parting = match sizes.len() {
        2 if with != without => of(with).min(1),
        2 => of(with),
        _ => of(with) + of(without),
    };
    let ways = (1..=with).fold(1.0, |all, at| {
        all * f64::from(u32::try_from(without + at).unwrap_or(u32::MAX))
            / f64::from(u32::try_from(at).unwrap_or(u32::MAX))
    });
    f64::from(u32::try_from(parting).unwrap_or(u32::MAX)) / ways
}

pub(super) fn parting(source: &Kept<'_>, path: &[String], value: &Value, equal: bool) -> Parting {
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

/// What a list that is empty parts recordings by, and one that is not.
static EMPTY: Value = Value::Bool(true);
static FILLED: Value = Value::Bool(false);

/// What recordings are parted by at a place: its value, and of a list whether it is empty.
fn parted_by(value: &Value) -> &Value {
    match value {
        Value::Array(items) if items.is_empty() => &EMPTY,
        Value::Array(_) => &FILLED,
        other => other,
    }
}

/// The scalars of a value through maps, truth values and nothing too, and of lists whether they are empty.
pub(super) fn scalars(value: &Value) -> Vec<(Vec<String>, &Value)> {
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
            Value::Object(_) => {}
            other => found.push((path.clone(), parted_by(other))),
        }
    }
    let mut found = Vec::new();
    if value.is_object() || value.is_array() {
        walk(value, &mut Vec::new(), &mut found);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{by_chance, grouping};
    use serde_json::{Value, json};

    #[test]
    fn the_fewer_recordings_the_more_parts_them_by_chance() {
        for (values, sides, expected) in [
            (json!(["a", "a", "b", "b"]), (2, 2), 2.0 / 6.0),
            (json!(["a", "a", "b", "c"]), (2, 2), 2.0 / 6.0),
            (json!(["a", "b", "c", "d"]), (2, 2), 0.0),
            (json!(["a", "a", "a", "b"]), (2, 2), 0.0),
            (json!(["a", "a", "b", "b", "b"]), (2, 3), 1.0 / 10.0),
            (json!(["a", "a", "b", "b", "c"]), (2, 3), 2.0 / 10.0),
            (json!([1, 1, 1, 1, 2, 2, 2, 2]), (4, 4), 2.0 / 70.0),
            (json!([true, true, null, null]), (3, 1), 0.0),
        ] {
            let values: &Vec<Value> = values.as_array().unwrap();
            let found = by_chance(&grouping(values.iter()), sides);
            assert!((found - expected).abs() < 1e-9, "{values:?}: {found}");
        }
    }
}
