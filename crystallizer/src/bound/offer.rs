//! The question whether calls that repeat are a loop: over which list, which of its elements were taken, and what a run
//! does under each choice. Further recordings answer it: what was taken of the list there has to be what a choice takes.

use super::answers::{Answers, Hop, WholePlace};
use super::binder::Binder;
use super::body::ALL;
use super::branch::{CHANCE, scalars};
use super::column::Column;
use super::cycle::{self, elements};
use super::evaluate::member;
use super::filter::Filter;
use super::fold::{ONE_BY_ONE, Stretch, chosen, loop_question};
use super::selector::field;
use super::turn::closed;
use super::view;
use super::witness::Seen;
use crate::kept::Kept;
use crate::value_class::ValueClass;
use serde_json::Value;

/// The most fields that are offered to a person.
const MOST_OFFERED: usize = 3;

/// The most recorded values that a question shows.
const MOST_SHOWN: usize = 3;

/// A question whether calls that repeat are a loop.
pub(super) struct Offer {
    /// The first of them, and the last.
    pub(super) call: usize,
    pub(super) last: usize,
    pub(super) id: String,
    pub(super) offered: Offered,
}

/// What may be answered where calls go over a list, and what is known of that.
#[derive(Default)]
pub(super) struct Offered {
    /// The answers, each with the elements that a run takes then, in words; none for all of them.
    choices: Vec<(String, Option<String>)>,
    /// Answers that further recordings speak against.
    refuted: Vec<String>,
    /// The list, in words, and what was sent of the elements that were taken.
    list: String,
    taken: Vec<Value>,
    /// How many changes there are, where nothing tells which elements of a list they are of.
    in_turn: Option<usize>,
    /// That a key counts, in words, where calls count and go over no list.
    counts: Option<String>,
}

impl Offered {
    pub(super) fn is_empty(&self) -> bool {
        self.choices.is_empty()
    }

    /// What may be answered about so many changes, one after the other, each of another of all elements of the list that
    /// a step answered, of which nothing tells anything.
    pub(super) fn in_turn(step: &str, count: usize, all: usize, taken: Vec<Value>) -> Self {
        Self {
            choices: Vec::new(),
            refuted: Vec::new(),
            list: format!("{count} of the {all} elements of the list that `{step}` answered"),
            taken,
            in_turn: Some(count),
            counts: None,
        }
    }

    /// Whether nothing tells with which elements of a list the calls are done.
    pub(super) fn is_in_turn(&self) -> bool {
        self.in_turn.is_some()
    }

    /// What may be answered besides that the calls stay as they are.
    pub(super) fn answers(&self) -> impl Iterator<Item = &str> {
        let known = match self.in_turn {
            Some(_) => ["input", "gate"].as_slice(),
            None => &[],
        };
        let own = self.choices.iter().map(|(answer, _)| answer.as_str());
        known.iter().copied().chain(own)
    }

    /// Whether it is open that all elements are meant, though all have something that was said.
    pub(super) fn may_be_all(&self) -> bool {
        self.choices.iter().any(|(_, takes)| takes.is_none())
    }

    fn add(&mut self, answer: String, filter: &Filter) {
        if self.choices.iter().all(|(known, _)| *known != answer) {
            let takes = (answer != ALL).then(|| filter.shown());
            self.choices.push((answer, takes));
        }
    }

    /// What may be answered where calls count: each answer with what says how far, in words; and what was sent, under its
    /// key, or under the two that count.
    pub(super) fn of_count(
        choices: Vec<(String, String)>,
        keys: &[&str],
        sent: impl Iterator<Item = Value>,
    ) -> Self {
        let names = keys
            .iter()
            .map(|key| format!("`{}`", crate::show::text(key, 40)))
            .collect::<Vec<_>>()
            .join(" and ");
        let counts = if keys.len() == 1 { "counts" } else { "count" };
        Self {
            choices: choices
                .into_iter()
                .map(|(answer, how)| (answer, Some(how)))
                .collect(),
            taken: sent.collect(),
            counts: Some(format!("{names} {counts}")),
            ..Self::default()
        }
    }

    /// Why the calls stay one by one, until somebody answers.
    pub(super) fn why(&self) -> &'static str {
        match (&self.counts, self.may_be_all()) {
            (Some(_), _) => {
                "The calls count, and it is not certain what says how far. They stay one by one."
            }
            (None, true) => {
                "The calls go over a list whose elements all have what the person said for what is done with them: it may say which are meant, or not. They stay one by one."
            }
            (None, false) => {
                "The calls go over a part of a list, and nobody said which part, or what is done with which. They stay one by one."
            }
        }
    }

    fn question_of_count(&self, step: &str, counts: &str) -> String {
        let mut text = format!(
            "`{step}` is done {} times, and {counts}: {}. What says how far it counts in another run?",
            self.taken.len(),
            shown(&self.taken)
        );
        text.push_str(&format!(
            " `{ONE_BY_ONE}`: a run does it as often as it was recorded, with what was recorded."
        ));
        for (answer, how) in &self.choices {
            let how = how.as_deref().unwrap_or_default();
            text.push_str(&format!(" `{answer}`: {how}."));
        }
        text
    }

    /// The question about a step.
    pub(super) fn question(&self, step: &str) -> String {
        if let Some(count) = self.in_turn {
            let rest = crate::show::count(count - 1, "change", "changes");
            return format!(
                "`{step}` and {rest} behind it are done with {}, and nothing shows with which of them, or what is done with which, in another run. `{ONE_BY_ONE}`: a run does them as they were recorded, with what was recorded ({}). `input`: what is open in them is given anew in each run. `gate`: they are done as they were recorded, and somebody is asked before each of them.",
                self.list,
                shown(&self.taken)
            );
        }
        if let Some(key) = &self.counts {
            return self.question_of_count(step, key);
        }
        let asked = match self.may_be_all() {
            true => {
                "and all of them have what the person said for it. Is it meant for all, or only for those that have it?"
            }
            false => {
                "and nobody said for which. Is it meant for all that have this in common, and only for them?"
            }
        };
        let mut text = format!("`{step}` is done with {}, {asked}", self.list);
        text.push_str(&format!(
            " `{ONE_BY_ONE}`: a run does it as often as it was recorded, {} times, with what was recorded ({}) where nothing else gives it.",
            self.taken.len(),
            shown(&self.taken)
        ));
        for (answer, takes) in &self.choices {
            let which = match takes {
                Some(takes) => format!("each element that the list has then and whose {takes}"),
                None => "each element that the list has then".to_owned(),
            };
            text.push_str(&format!(" `{answer}`: a run does it with {which}."));
        }
        if !self.refuted.is_empty() {
            let all: Vec<String> = self.refuted.iter().map(|one| format!("`{one}`")).collect();
            text.push_str(&format!(
                " Not offered is {}: in a further recording other elements were taken.",
                all.join(", ")
            ));
        }
        text
    }
}

/// The first of some values.
fn shown(values: &[Value]) -> String {
    let mut all: Vec<String> = values
        .iter()
        .take(MOST_SHOWN)
        .map(|value| crate::show::value("", value, 40))
        .collect();
    if values.len() > MOST_SHOWN {
        all.push("…".to_owned());
    }
    all.join(", ")
}

/// What a further recording shows of the same list: its elements there, and which of them were taken. None where what
/// was sent there is not in the list, or stands in another order.
pub(super) struct Elsewhere {
    elements: Vec<Value>,
    taken: Option<Vec<usize>>,
}

impl Elsewhere {
    fn took_all(&self) -> bool {
        self.taken
            .as_ref()
            .is_some_and(|taken| taken.len() == self.elements.len())
    }

    /// Whether a part of the list was taken.
    pub(super) fn is_part(&self) -> bool {
        self.taken.is_some() && !self.took_all()
    }

    fn fits(&self, filter: &Filter) -> bool {
        self.taken.as_ref() == Some(&filter.of(&self.elements))
    }

    /// Whether elements were taken that differ in a field of a filter: what that is equal to is no reason there.
    fn takes_either(&self, filter: &Filter) -> bool {
        let Some(taken) = &self.taken else {
            return false;
        };
        let values = |path: &[String]| {
            let all = taken.iter().filter_map(|at| self.elements.get(*at));
            all.map(|element| field(element, path)).collect::<Vec<_>>()
        };
        filter.equals().iter().any(|equal| {
            let values = values(&equal.field);
            values.windows(2).any(|pair| pair[0] != pair[1])
        })
    }
}

/// What further recordings leave of the answers to a question.
#[derive(Default)]
pub(super) struct Weighed {
    pub(super) left: Vec<(String, Filter)>,
    refuted: Vec<String>,
    /// The answer that they give.
    pub(super) settled: Option<String>,
}

/// Holds answers against the further recordings. Where what all elements have was said, the answer that all are meant
/// stands among them.
pub(super) fn weigh(
    offers: Vec<(String, Filter)>,
    elements: &[Value],
    chosen: &[usize],
    elsewhere: &[Option<Elsewhere>],
) -> Weighed {
    let known: Vec<&Elsewhere> = elsewhere.iter().flatten().collect();
    let may_be_all = offers.iter().any(|(answer, _)| answer == ALL);
    // What was said may be another value there: only that elements without a common one were taken speaks against it.
    let is_said = offers
        .iter()
        .any(|(answer, filter)| answer == ALL && !filter.is_empty());
    let is_refuted = |answer: &str, filter: &Filter| {
        known.iter().any(|one| match (may_be_all, answer) {
            (true, ALL) => !is_said && !one.took_all(),
            (true, _) => one.takes_either(filter),
            (false, _) => !one.fits(filter),
        })
    };
    let (refuted, left): (Vec<_>, Vec<_>) = offers
        .into_iter()
        .partition(|(answer, filter)| is_refuted(answer, filter));
    let in_all = !known.is_empty() && known.len() == elsewhere.len();
    let settled = match left.as_slice() {
        [(answer, _)] if in_all && may_be_all => {
            let takes_all = answer == ALL && known.iter().all(|one| one.took_all());
            (takes_all && !is_said).then(|| answer.clone())
        }
        [(answer, filter)] if in_all => {
            let mut seen: Vec<(&[Value], &[usize])> = vec![(elements, chosen)];
            seen.extend(
                known
                    .iter()
                    .filter_map(|one| Some((one.elements.as_slice(), one.taken.as_deref()?))),
            );
            is_shown(filter, &seen).then(|| answer.clone())
        }
        _ => None,
    };
    let mut left = left;
    left.truncate(MOST_OFFERED);
    Weighed {
        left,
        refuted: refuted
            .into_iter()
            .map(|(answer, _)| answer)
            .take(MOST_OFFERED)
            .collect(),
        settled,
    }
}

/// Whether recordings show that a field is why elements were taken: some were left out in a further one, nothing else
/// explains it as well, and so many fields would hardly part them so by chance.
fn is_shown(filter: &Filter, seen: &[(&[Value], &[usize])]) -> bool {
    let leaves_out = |(elements, taken): &(&[Value], &[usize])| {
        !taken.is_empty() && taken.len() < elements.len()
    };
    if !seen.iter().skip(1).any(leaves_out) {
        return false;
    }
    let Some(first) = seen
        .iter()
        .find_map(|(elements, taken)| elements.get(*taken.first()?))
    else {
        return false;
    };
    let paths: Vec<Vec<String>> = scalars(first).into_iter().map(|(path, _)| path).collect();
    let is_own = |path: &[String]| filter.equals().iter().any(|equal| equal.field == path);
    if is_by_place(seen)
        || paths
            .iter()
            .any(|path| !is_own(path) && explains(path, seen))
    {
        return false;
    }
    let fields = f64::from(u32::try_from(paths.len()).unwrap_or(u32::MAX));
    let chance = seen.iter().fold(fields, |chance, (elements, taken)| {
        chance / ways(elements.len(), taken.len())
    });
    chance <= CHANCE
}

/// In how many ways so many of so many elements may be taken.
fn ways(all: usize, taken: usize) -> f64 {
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    (1..=taken.min(all - taken.min(all)))
        .fold(1.0, |ways, at| ways * number(all + 1 - at) / number(at))
}

/// Whether the same number of elements was taken from the same end of each list.
fn is_by_place(seen: &[(&[Value], &[usize])]) -> bool {
    let alike = seen
        .windows(2)
        .all(|pair| pair[0].1.len() == pair[1].1.len());
    let first = seen
        .iter()
        .all(|(_, taken)| taken.iter().enumerate().all(|(at, one)| at == *one));
    let last = seen.iter().all(|(elements, taken)| {
        let left = elements.len() - taken.len().min(elements.len());
        taken.iter().enumerate().all(|(at, one)| left + at == *one)
    });
    alike && (first || last)
}

/// Whether a field may be why elements were taken, by itself or besides another: it is the same in all of them, and not
/// in all others; or all of them lie on one side of the others.
fn explains(path: &[String], seen: &[(&[Value], &[usize])]) -> bool {
    let mut with: Vec<Option<&Value>> = Vec::new();
    let mut without: Vec<Option<&Value>> = Vec::new();
    for (elements, taken) in seen {
        for (at, element) in elements.iter().enumerate() {
            let value = element_field(element, path);
            match taken.binary_search(&at) {
                Ok(_) => with.push(value),
                Err(_) => without.push(value),
            }
        }
    }
    let Some(first) = with.first() else {
        return false;
    };
    if with.iter().all(|value| value == first) {
        return without.iter().any(|value| value != first);
    }
    let is_ordered = |less: &[Option<&Value>], more: &[Option<&Value>]| {
        less.iter()
            .all(|less| more.iter().all(|more| is_below(*less, *more)))
    };
    is_ordered(&with, &without) || is_ordered(&without, &with)
}

/// A scalar of an element, truth values and nothing too.
fn element_field<'v>(element: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter()
        .try_fold(element, |value, key| value.as_object()?.get(key))
}

/// Whether a number or a text stands before another; days do as they are written.
fn is_below(one: Option<&Value>, other: Option<&Value>) -> bool {
    match (one, other) {
        (Some(Value::Number(one)), Some(Value::Number(other))) => {
            matches!((one.as_f64(), other.as_f64()), (Some(one), Some(other)) if one < other)
        }
        (Some(Value::String(one)), Some(Value::String(other))) => {
            let is_day = |text: &str| {
                matches!(
                    crate::value_class::of(text),
                    Some(ValueClass::Date | ValueClass::Moment)
                )
            };
            is_day(one) && is_day(other) && one < other
        }
        _ => false,
    }
}

impl Binder<'_, '_> {
    /// Asks whether calls that repeat are a loop over the elements that have something in common.
    pub(super) fn offer(&mut self, at: usize, last: usize, offered: Offered) {
        let Some(kept) = self.kept.get(at) else {
            return;
        };
        let id = loop_question(kept);
        if self.answered.get(&id).map(String::as_str) == Some(ONE_BY_ONE) {
            self.used_answers.insert(id);
            self.kept_apart.extend(at..=last);
            return;
        }
        self.offers.push(Offer {
            call: at,
            last,
            id,
            offered,
        });
    }

    /// Notes what may be answered about calls over a list.
    pub(super) fn note_offered(
        &self,
        offered: &mut Offered,
        list: WholePlace,
        length: usize,
        column: &Column<'_>,
        weighed: Weighed,
    ) {
        if offered.list.is_empty() {
            let step = self
                .kept
                .get(list.call)
                .map_or("", |kept| kept.step.as_str());
            let path = self
                .plain_path(list)
                .map(|path| format!(", `{}`", crate::show::text(&path, 120)))
                .unwrap_or_default();
            let taken = column.values.len();
            let part = match taken == length {
                true => format!("all {taken}"),
                false => format!("{taken} of the {length}"),
            };
            offered.list = format!("{part} elements of the list that `{step}` answered{path}");
            offered.taken = column.values.iter().map(|value| (*value).clone()).collect();
        }
        for answer in weighed.refuted {
            if !offered.refuted.contains(&answer) {
                offered.refuted.push(answer);
            }
        }
        for (answer, filter) in weighed.left {
            offered.add(answer, &filter);
        }
    }

    /// The expression that leads to a list through keys of the answer's shape alone; none for what a loop gave.
    fn plain_path(&self, list: WholePlace) -> Option<String> {
        let mut pages = self.pages.iter();
        if cycle::ending(&self.cycles, list.call).is_some()
            || pages.any(|pages| (pages.first..=pages.last()).contains(&list.call))
        {
            return None;
        }
        let mut path = view::view(self.kept.get(list.call)?).base;
        for key in self.answers.keys_to(list)? {
            path = closed(&path);
            path.push_str(&member(key));
        }
        Some(path)
    }

    /// What each further recording shows of calls over a list; none where it shows nothing of that.
    pub(super) fn elsewhere(
        &self,
        stretch: &Stretch,
        list: WholePlace,
        field: &[String],
        column: &Column<'_>,
    ) -> Vec<Option<Elsewhere>> {
        let path = match self.witnesses.is_empty() || !stretch.is_flat() {
            true => None,
            false => self.plain_path(list),
        };
        let Some(path) = path else {
            return self.witnesses.iter().map(|_| None).collect();
        };
        let one = |seen: &Seen<'_>| {
            let values = self.sent_elsewhere(seen.calls(), seen.counterparts(), stretch, column)?;
            let elements = elements(&seen.evaluate(&path)?);
            let taken = chosen(&elements, field, &values);
            Some(Elsewhere { elements, taken })
        };
        self.witnesses.iter().map(one).collect()
    }

    /// What the calls of a further recording that are those of a stretch sent at the place of a column: all calls of its
    /// tools around one that stands at the place of one of the stretch. None where nobody can tell which they are.
    pub(super) fn sent_elsewhere<'w>(
        &self,
        there: &'w [Kept<'w>],
        counterparts: &[Option<usize>],
        stretch: &Stretch,
        column: &Column<'_>,
    ) -> Option<Vec<&'w Value>> {
        let body = self
            .kept
            .get(stretch.first..stretch.first + stretch.width)?;
        let tool = &body.get(column.inner)?.call.name;
        let is_twice = body.iter().filter(|kept| kept.call.name == *tool).count() > 1;
        let is_of_body = |kept: &Kept<'_>| body.iter().any(|one| one.call.name == kept.call.name);
        // The same calls before or behind the stretch: what of them is the loop nobody can tell.
        let end = stretch.first + stretch.width * stretch.passes;
        let around = [stretch.first.checked_sub(1), Some(end)];
        let goes_on = around
            .into_iter()
            .flatten()
            .filter_map(|at| self.kept.get(at))
            .any(&is_of_body);
        if is_twice || goes_on {
            return None;
        }
        let mut places = (stretch.first..end).filter_map(|at| *counterparts.get(at)?);
        let Some(place) = places.next() else {
            return there.iter().all(|kept| !is_of_body(kept)).then(Vec::new);
        };
        let before = there.get(..place)?;
        let first = place
            - before
                .iter()
                .rev()
                .take_while(|kept| is_of_body(kept))
                .count();
        let calls = there
            .get(first..)?
            .iter()
            .take_while(|kept| is_of_body(kept));
        // All of them stand side by side there, too.
        let count = calls.clone().count();
        if places.any(|at| at < first || at >= first + count)
            || there.iter().filter(|kept| is_of_body(kept)).count() != count
        {
            return None;
        }
        calls
            .filter(|kept| kept.call.name == *tool)
            .map(|kept| crate::pointer::at(&kept.call.arguments, &column.pointer))
            .collect()
    }
}

impl Answers<'_> {
    /// The keys that lead to a list from the data of its answer; none where a place in a list, a key that is data, or a
    /// text that is read as data lies between.
    fn keys_to(&self, list: WholePlace) -> Option<Vec<&str>> {
        self.steps_to_whole(list)
            .into_iter()
            .map(|step| match step.hop {
                Hop::Key(key) => Some(key.as_str()),
                _ => None,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::ways;

    #[test]
    fn ways_to_take_some() {
        for (all, taken, expected) in [
            (4, 2, 6.0),
            (5, 2, 10.0),
            (5, 3, 10.0),
            (5, 5, 1.0),
            (5, 0, 1.0),
            (0, 0, 1.0),
            (20, 10, 184_756.0),
        ] {
            assert!((ways(all, taken) - expected).abs() < 1e-6, "{all} {taken}");
        }
    }
}
