//! Finds calls that count, and what says how far.

use super::counting::{Counting, Form};
use super::{Count, Edge, Last};
use crate::bound::answers::Of;
use crate::bound::binder::Binder;
use crate::bound::binding::{Binding, Bound, Piece, Source};
use crate::bound::canonical;
use crate::bound::column::{Column, columns};
use crate::bound::cycle::{Over, repeats};
use crate::bound::filter::Filter;
use crate::bound::fold::{Plan, Stretch, item_of, loop_question};
use crate::bound::information::{STRONG, bits};
use crate::bound::inputs::{Found, plural};
use crate::bound::key::{Key, keys_of, noun};
use crate::bound::offer::Offered;
use crate::bound::said::Mention;
use crate::bound::transform::Transform;
use crate::bound::turn::Compared;
use crate::bound::view;
use crate::kept::Kept;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Words beside a number by which so many come to those that there are.
const MORE: [&str; 8] = [
    "more",
    "another",
    "additional",
    "extra",
    "further",
    "weitere",
    "zusätzliche",
    "noch",
];

/// How many passes show that they count, where nothing certain says how far.
const LEAST: usize = 3;
/// The most places of answers that may say how far.
const MOST_PLACES: usize = 3;
/// From so much on a number that begins the counting, and that an answer holds, hardly stands there by chance.
const TELLING: i64 = 100;
/// What is answered where a run is told how far.
pub(super) const INPUT: &str = "input";

/// Calls that count: how many of them make a pass, and what they count.
struct Counted<'v> {
    width: usize,
    passes: usize,
    columns: Vec<Column<'v>>,
    /// The columns that count and that no answer gives.
    own: Vec<(usize, Counting)>,
    main: usize,
    counting: Counting,
}

/// A number that says where counting begins or how far it goes, before it is an input.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    Fixed(i64),
    Said(Mention),
    /// Nobody said it: a run is told.
    Told,
    Answer(Box<Binding>),
}

/// What may say how far.
#[derive(Debug, Clone)]
struct Reading {
    first: Origin,
    last: Origin,
    /// Whether the last is the last number, and not how many there are.
    is_last: bool,
    is_sure: bool,
    /// How many further recordings count another number of times and show it.
    shown: usize,
    choice: String,
    how: String,
}

/// What a further recording counted.
struct There {
    first: Option<i64>,
    times: i64,
}

impl<'a> Binder<'a, '_> {
    /// The loop that counts which the calls from this one on are.
    pub(in crate::bound) fn fold_counted(&mut self, at: usize) -> Option<Plan> {
        let is_apart = |apart: &BTreeSet<usize>| apart.contains(&at);
        // What is asked about as a whole is no loop in part.
        if at < self.offered_to || self.apart.as_ref().is_none_or(is_apart) {
            return None;
        }
        // Nor is the part of calls that count in two columns and do not come as far each time.
        for (width, most) in repeats(&self.alike, at) {
            if !self.ragged(at, width, most).is_empty() {
                let all = at..at + width * most;
                self.apart.get_or_insert_default().extend(all);
                return None;
            }
        }
        let mut counted = self.counted_from(at)?;
        for (main, counting) in counted.own.clone() {
            (counted.main, counted.counting) = (main, counting);
            let plan = self.count_by(at, &counted);
            if plan.is_some() || self.offered_to > at {
                return plan;
            }
        }
        None
    }

    /// The same where one column says what is counted.
    fn count_by(&mut self, at: usize, counted: &Counted<'_>) -> Option<Plan> {
        let column = counted.columns.get(counted.main)?;
        let bodies = self.kept.get(at..at + counted.width * counted.passes)?;
        let harmless = bodies.iter().all(Kept::is_harmless);
        let stretch = Stretch::new(at, counted.width, counted.passes, harmless, None);
        let there = self.counted_elsewhere(&stretch, column, &counted.counting)?;
        let mut readings = self.readings(at, counted);
        readings.retain_mut(|reading| self.holds_there(reading, counted, &there));
        let id = loop_question(self.kept.get(at)?);
        let answer = self.answered.get(&id);
        let said = readings
            .iter()
            .position(|one| one.is_sure && !matches!(one.last, Origin::Answer(_)));
        let mut sure = readings.iter().enumerate().filter(|(_, one)| one.is_sure);
        let only = match (sure.next(), sure.next()) {
            (Some((place, _)), None) => Some(place),
            _ => None,
        };
        let taken = match answer {
            Some(answer) => readings.iter().position(|one| one.choice == *answer),
            None => said.or(only),
        };
        if let Some(reading) = taken.and_then(|place| readings.get(place)).cloned() {
            return self.over_numbers(&stretch, counted, reading, &there);
        }
        if harmless || counted.passes < LEAST || at < self.offered_to || readings.is_empty() {
            return None;
        }
        // What is offered has to be what was sent.
        self.bodies_of(&stretch, counted)?;
        let choices = readings.into_iter().map(|one| (one.choice, one.how));
        let key = keys_of(&column.pointer).pop().unwrap_or_default();
        let sent = column.values.iter().map(|value| (*value).clone());
        let offered = Offered::of_count(choices.collect(), &[key.as_str()], sent);
        let end = at + counted.width * counted.passes;
        self.offer(at, end - 1, offered);
        self.offered_to = end;
        None
    }

    /// What the calls from this one on count, as far as they do, and the columns that may say what: first those that begin
    /// elsewhere than all counting does.
    fn counted_from(&mut self, at: usize) -> Option<Counted<'a>> {
        let kept = self.kept;
        for (width, most) in repeats(&self.alike, at) {
            if !self.may_look(width * most) {
                return None;
            }
            let all = columns(kept, at, width, most);
            let counts = all.iter().filter(|column| column.varies());
            let passes = counts.map(Counting::reach).max().unwrap_or(0);
            if passes < 2 || !self.alike.may_be_passes(at, width, passes) {
                continue;
            }
            let columns: Vec<Column<'_>> = all
                .into_iter()
                .map(|column| Column {
                    values: column.values[..passes].to_vec(),
                    ..column
                })
                .collect();
            let begins = |one: &Counting| one.from == 0 || one.from == 1 || one.from == one.step;
            let mut found: Vec<_> = columns
                .iter()
                .enumerate()
                .filter_map(|(place, column)| {
                    let counting = Counting::of(&column.values)?;
                    let is_given = self.is_given_elsewhere(at, width, column);
                    (!is_given).then_some((place, counting))
                })
                .collect();
            found.sort_by_key(|(_, one)| (begins(one), one.form != Form::Number));
            let Some((main, counting)) = found.first().cloned() else {
                continue;
            };
            return Some(Counted {
                width,
                passes,
                columns,
                own: found,
                main,
                counting,
            });
        }
        None
    }

    /// Whether answers have what a column sends: what the pass answered before, or particular values of earlier ones.
    fn is_given_elsewhere(&self, at: usize, width: usize, column: &Column<'_>) -> bool {
        let in_pass = column.values.iter().enumerate().all(|(pass, value)| {
            (0..column.inner).any(|place| {
                let Some(kept) = self.kept.get(at + pass * width + place) else {
                    return false;
                };
                let mut found = false;
                crate::leaf::scalars(&view::given(kept), &mut |leaf| found |= leaf == *value);
                found
            })
        });
        in_pass && column.inner > 0
            || column.values.iter().all(|value| {
                bits(value, &[]) >= STRONG
                    && self
                        .answers
                        .find(&canonical::forms(value))
                        .iter()
                        .any(|place| place.call < at)
            })
    }

    /// What further recordings count there; none where one counts in another way. What one does not show is none of its
    /// own.
    fn counted_elsewhere(
        &self,
        stretch: &Stretch,
        column: &Column<'_>,
        counting: &Counting,
    ) -> Option<Vec<Option<There>>> {
        let mut all = Vec::with_capacity(self.witnesses.len());
        for seen in &self.witnesses {
            let sent = self.sent_elsewhere(seen.calls(), seen.counterparts(), stretch, column);
            let Some(values) = sent else {
                all.push(None);
                continue;
            };
            let times = i64::try_from(values.len()).ok()?;
            let first = match values.as_slice() {
                [] => None,
                // Of one alone the step is not seen: it is read beside the next that would follow.
                [one] => Some(single(one, &counting.form)?),
                _ => {
                    let there = Counting::of(&values)?;
                    if there.step != counting.step {
                        return None;
                    }
                    Some(there.from)
                }
            };
            all.push(Some(There { first, times }));
        }
        Some(all)
    }

    /// What may say how far, the most certain first.
    fn readings(&mut self, at: usize, counted: &Counted<'_>) -> Vec<Reading> {
        let Some(kept) = self.kept.get(at + counted.columns[counted.main].inner) else {
            return Vec::new();
        };
        let tool = kept.call.name.clone();
        let counting = &counted.counting;
        let passes = i64::try_from(counted.passes).unwrap_or(i64::MAX);
        let Some(last) = counting.at(counted.passes - 1) else {
            return Vec::new();
        };
        let mut things = noun(&tool);
        for key in keys_of(&counted.columns[counted.main].pointer) {
            things.extend(crate::bound::key::words(&key));
        }
        let mut found = Vec::new();
        let range = self.said.range(counting.from, last);
        if let Some((first, to)) = range {
            found.push(Reading {
                first: Origin::Said(first),
                last: Origin::Said(to),
                is_last: true,
                is_sure: true,
                shown: 0,
                choice: INPUT.to_owned(),
                how: "a run is told the first and the last number".to_owned(),
            });
        }
        let (first, begins) = self.begins(at, counting);
        let times = self.said.how_many_of(passes, &things);
        // `3 more` go on from those that there are, and an answer may have said which are free.
        let goes_on = times.as_ref().is_some_and(|mention| self.goes_on(mention));
        let column = &counted.columns[counted.main];
        let is_plain =
            times.is_some() && !goes_on && !self.are_answered(at, column.values.iter().copied());
        let said = times.or_else(|| self.said.number_of_person(passes));
        let told = |last: Origin, is_last: bool, is_sure: bool| Reading {
            first: first.clone(),
            last,
            is_last,
            is_sure,
            shown: 0,
            choice: INPUT.to_owned(),
            how: match is_last {
                true => "a run is told the last number".to_owned(),
                false => "a run is told how many times".to_owned(),
            },
        };
        if found.is_empty() {
            found.push(match (said, self.said.number_of_person(last)) {
                (Some(mention), _) => told(
                    Origin::Said(mention),
                    false,
                    begins && times.is_some() && is_plain,
                ),
                (None, Some(mention)) => told(Origin::Said(mention), true, false),
                (None, None) => told(Origin::Told, false, false),
            });
        }
        for (number, is_last) in [(passes, false), (last, true)] {
            if is_last && last == passes {
                continue;
            }
            for (binding, is_named) in self.numbers_before(at, number, &things) {
                found.push(Reading {
                    first: first.clone(),
                    how: match is_last {
                        true => "it counts up to that number".to_owned(),
                        false => "it is done as often as that number says".to_owned(),
                    },
                    choice: binding.expression.clone(),
                    last: Origin::Answer(Box::new(binding)),
                    is_last,
                    is_sure: begins && is_named && counted.passes >= LEAST,
                    shown: 0,
                });
            }
        }
        found
    }

    /// Whether so many come to those that there are.
    pub(super) fn goes_on(&self, mention: &Mention) -> bool {
        let (before, behind) = self.said.neighbours(mention);
        let mut beside = [before, behind].into_iter().flatten();
        beside.any(|word| MORE.contains(&word))
    }

    /// Whether one earlier call answered all of these numbers.
    pub(super) fn are_answered<'n>(
        &self,
        at: usize,
        numbers: impl IntoIterator<Item = &'n Value>,
    ) -> bool {
        let mut holders = numbers.into_iter().map(|value| {
            let places = self.answers.find(&canonical::forms(value));
            let calls = places.iter().map(|place| place.call);
            calls.filter(|call| *call < at).collect::<BTreeSet<_>>()
        });
        let Some(first) = holders.next() else {
            return false;
        };
        let common = holders.try_fold(first, |one, other| {
            let both = &one & &other;
            (!both.is_empty()).then_some(both)
        });
        common.is_some_and(|calls| !calls.is_empty())
    }

    /// Where counting begins, and whether that is certain.
    pub(super) fn begins(&mut self, at: usize, counting: &Counting) -> (Origin, bool) {
        let from = counting.from;
        if from == 0 || from == 1 || from == counting.step {
            return (Origin::Fixed(from), true);
        }
        if let Some(mention) = self.said.number_of_person(from) {
            return (Origin::Said(mention), true);
        }
        let mut all = self.numbers_before(at, from, &[]);
        match (all.pop(), all.is_empty()) {
            (Some((binding, _)), true) if from >= TELLING => {
                (Origin::Answer(Box::new(binding)), true)
            }
            _ => (Origin::Fixed(from), false),
        }
    }

    /// The places of earlier answers that hold a number, each as what gives it, and whether its key names one of these
    /// things.
    fn numbers_before(
        &mut self,
        at: usize,
        number: i64,
        things: &[String],
    ) -> Vec<(Binding, bool)> {
        let wanted = Value::from(number);
        let mut found: Vec<(Binding, bool)> = Vec::new();
        for place in self.answers.find(&canonical::forms(&wanted)) {
            if place.call >= at || place.of != Of::Value || found.len() >= MOST_PLACES {
                continue;
            }
            let Some(way) = self.way(&place, &wanted) else {
                continue;
            };
            if way.route.is_positional() {
                continue;
            }
            let key = self.answers.key(&place);
            let expression = self.written(&way);
            if self.recorded.evaluate(&expression).as_ref() != Some(&wanted)
                || found
                    .iter()
                    .any(|(known, _)| known.expression == expression)
            {
                continue;
            }
            let is_named = key.words.iter().any(|word| things.contains(word));
            let binding = Binding {
                expression,
                source: Source::Output(place),
                transform: way.transform.clone(),
                score: 0.0,
                because: "it says how far the loop counts".to_owned(),
                agreeing: Vec::new(),
                from_text: false,
                compared: way.route.compared(),
                value: wanted.clone(),
            };
            found.push((binding, is_named));
        }
        // Of several nobody knows which is meant.
        if found.len() > 1 {
            for (_, is_named) in &mut found {
                *is_named = false;
            }
        }
        found
    }

    /// Whether further recordings fit what may say how far. One that counts another number of times shows it.
    fn holds_there(
        &self,
        reading: &mut Reading,
        counted: &Counted<'_>,
        there: &[Option<There>],
    ) -> bool {
        let own = i64::try_from(counted.passes).unwrap_or(i64::MAX);
        let step = counted.counting.step;
        let (mut known, mut other, mut is_said) = (true, 0, true);
        for (seen, there) in self.witnesses.iter().zip(there) {
            let Some(there) = there else {
                known = false;
                continue;
            };
            let begins = |wanted: i64| there.first.is_none_or(|first| first == wanted);
            let fits = match &reading.first {
                Origin::Fixed(from) => begins(*from),
                Origin::Answer(binding) => seen
                    .evaluate(&binding.expression)
                    .and_then(|value| value.as_i64())
                    .is_some_and(begins),
                Origin::Said(_) | Origin::Told => true,
            };
            if !fits {
                return false;
            }
            let last = there.first.map(|first| first + step * (there.times - 1));
            let wanted = match reading.is_last {
                true => last,
                false => Some(there.times),
            };
            match &reading.last {
                Origin::Answer(binding) => {
                    let given = seen
                        .evaluate(&binding.expression)
                        .and_then(|value| value.as_i64());
                    if wanted.is_some() && given != wanted {
                        return false;
                    }
                }
                Origin::Said(_) | Origin::Told | Origin::Fixed(_) => {
                    let is = |number: Option<i64>| {
                        number.is_none_or(|one| seen.said().number_of_person(one).is_some())
                    };
                    // `16-19` says both ends, though neither is a number by itself.
                    let is_range = matches!(reading.first, Origin::Said(_)) && reading.is_last;
                    let range = there.first.filter(|_| is_range).zip(last);
                    is_said &= range
                        .is_some_and(|(from, to)| seen.said().range(from, to).is_some())
                        || is(wanted)
                            && (!matches!(reading.first, Origin::Said(_)) || is(there.first));
                }
            }
            other += usize::from(there.times != own);
        }
        let is_told = matches!(reading.last, Origin::Told);
        if is_said && !is_told && known && other > 0 {
            let begins = match &reading.first {
                Origin::Fixed(_) | Origin::Answer(_) | Origin::Said(_) => true,
                Origin::Told => false,
            };
            reading.is_sure |= begins;
            reading.shown = other;
        }
        if !is_said {
            reading.is_sure = false;
        }
        true
    }

    /// What is bound in the bodies of a loop that counts so.
    fn bodies_of(&mut self, stretch: &Stretch, counted: &Counted<'_>) -> Option<Vec<Vec<Bound>>> {
        let item = self.number_name(stretch, counted)?;
        let main = counted.counting.clone();
        let known = |column: &Column<'_>| {
            let is_it = |(place, _): &&(usize, Counting)| {
                let own = counted.columns.get(*place);
                own.is_some_and(|own| std::ptr::eq(own, column))
            };
            let (_, own) = counted.own.iter().find(is_it)?;
            bound(column, own, &main, &item, false)
        };
        self.bodies_with(stretch, Vec::new(), &counted.columns, &known)
    }

    /// The name of the number in the body.
    fn number_name(&self, stretch: &Stretch, counted: &Counted<'_>) -> Option<String> {
        let column = counted.columns.get(counted.main)?;
        let tool = &self.kept.get(stretch.first + column.inner)?.call.name;
        let key = keys_of(&column.pointer).pop().unwrap_or_default();
        let name = match key.bytes().all(|b| b.is_ascii_digit()) {
            true => "number".to_owned(),
            false => item_of(&key, tool),
        };
        Some(if name == "item" {
            "number".to_owned()
        } else {
            name
        })
    }

    /// The loop.
    fn over_numbers(
        &mut self,
        stretch: &Stretch,
        counted: &Counted<'_>,
        reading: Reading,
        there: &[Option<There>],
    ) -> Option<Plan> {
        let kept = self.kept;
        let bound = self.bodies_of(stretch, counted)?;
        let column = counted.columns.get(counted.main)?;
        let tool = kept.get(stretch.first + column.inner)?.call.name.clone();
        let counting = &counted.counting;
        let last = match reading.is_last {
            true => counting.at(counted.passes - 1)?,
            false => i64::try_from(counted.passes).ok()?,
        };
        let thing = match noun(&tool).is_empty() {
            true => vec!["pass".to_owned()],
            false => noun(&tool),
        };
        let first_at: Vec<Option<i64>> = there
            .iter()
            .map(|one| one.as_ref().and_then(|one| one.first))
            .collect();
        let last_at: Vec<Option<i64>> = there
            .iter()
            .map(|one| {
                let one = one.as_ref()?;
                match reading.is_last {
                    true => Some(one.first? + counting.step * (one.times - 1)),
                    false => Some(one.times),
                }
            })
            .collect();
        let mut because = match (&reading.last, reading.is_last) {
            (Origin::Said(mention), _) => {
                format!(
                    "it counts, as far as the person said: “{}”",
                    self.said.quote(mention)
                )
            }
            (Origin::Answer(_), _) => "it counts, as far as an answer says".to_owned(),
            (_, true) => "it counts up to a number that a run is told".to_owned(),
            (_, false) => "it counts as often as a run is told".to_owned(),
        };
        if self
            .kept
            .get(stretch.first)
            .is_some_and(|kept| self.answered.contains_key(&loop_question(kept)))
        {
            because.push_str("; a person answered so");
        }
        let named = |word: &str| {
            let mut words = vec![word.to_owned()];
            words.extend(thing.iter().cloned());
            words
        };
        let how_many = {
            let mut words = thing.clone();
            if let Some(last) = words.last_mut() {
                *last = plural(last);
            }
            words
        };
        let names = match reading.is_last {
            true => named("last"),
            false => how_many,
        };
        let first = self.edge(&reading.first, counting.from, named("first"), &first_at);
        let edge = self.edge(&reading.last, last, names, &last_at);
        self.learn_inputs();
        let item = self.number_name(stretch, counted)?;
        let count = Count {
            first,
            last: match reading.is_last {
                true => Last::To(edge),
                false => Last::Times(edge),
            },
            step: counting.step,
            passes: counted.passes,
            because,
        };
        let items = count.written();
        let given = self.recorded.evaluate(&items)?;
        if given != Value::Array(count.recorded()) {
            return None;
        }
        Some(Plan {
            first: stretch.first,
            width: stretch.width,
            passes: stretch.passes,
            chosen: (0..stretch.passes).collect(),
            filter: Filter::default(),
            until: None,
            shown: reading.shown,
            items,
            compared: Compared::default(),
            item,
            bound,
            answers: stretch.answers(kept).to_vec(),
            inner: None,
            list: Over::Counted(Box::new(count)),
        })
    }

    /// Makes an input of a number that was said, or that a run is told. `there` is what further recordings have in its place.
    pub(super) fn edge(
        &mut self,
        source: &Origin,
        number: i64,
        words: Vec<String>,
        there: &[Option<i64>],
    ) -> Edge {
        let (found, because) = match source {
            Origin::Fixed(number) => return Edge::Fixed(*number),
            Origin::Answer(binding) => {
                return Edge::Given {
                    binding: binding.clone(),
                    input: Value::Null,
                };
            }
            Origin::Said(mention) => (
                Found::Said(*mention),
                format!("the person said it: “{}”", self.said.quote(mention)),
            ),
            Origin::Told => (Found::Answered, "a person answered so".to_owned()),
        };
        let value = Value::from(number);
        // What was said once is one input.
        let known = self
            .inputs
            .iter()
            .find(|input| input.found == found && found != Found::Answered && input.value == value)
            .map(|input| input.name.clone());
        let name = known.unwrap_or_else(|| {
            let key = Key {
                words,
                around: Vec::new(),
            };
            let schema = json!({ "type": "integer", "minimum": number.min(0) });
            let (name, _) = self
                .inputs
                .get(&key, &value, found, Some(&schema), &self.said);
            name
        });
        for (seen, value) in self.witnesses.iter_mut().zip(there) {
            if let Some(value) = value {
                seen.set_input(&name, &Value::from(*value));
            }
        }
        let binding = Binding {
            expression: format!("inputs.{name}"),
            source: Source::Input(name),
            transform: Transform::default(),
            score: 0.0,
            because,
            agreeing: Vec::new(),
            from_text: false,
            compared: Compared::default(),
            value: value.clone(),
        };
        Edge::Given {
            binding: Box::new(binding),
            input: value,
        }
    }
}

/// The number of a single value that is written in this form.
fn single(value: &Value, form: &Form) -> Option<i64> {
    match form {
        Form::Number => value.as_i64(),
        Form::Text { before, behind, .. } => value
            .as_str()?
            .strip_prefix(before.as_str())?
            .strip_suffix(behind.as_str())?
            .parse()
            .ok(),
    }
}

/// What gives a column that counts, where the loop counts as `main` does; `inside`: that is the loop inside of another.
pub(super) fn bound(
    column: &Column<'_>,
    own: &Counting,
    main: &Counting,
    item: &str,
    inside: bool,
) -> Option<Bound> {
    let digits = match &own.form {
        Form::Number => 0,
        Form::Text { digits, .. } => *digits,
    };
    let is_same = own.from == main.from && own.step == main.step;
    let begins = own.from == 0 || own.from == 1 || own.from == own.step;
    let (number, source) = if is_same {
        (item.to_owned(), Source::Number { digits, inside })
    } else if begins && digits == 0 {
        let mut number = "loop.index".to_owned();
        if own.step != 1 {
            number = format!("{number} * {}", own.step);
        }
        if own.from != 0 {
            number = format!("{number} + {}", own.from);
        }
        let source = Source::Counted {
            step: own.step,
            from: own.from,
        };
        (number, source)
    } else {
        return None;
    };
    let expression = match digits {
        0 => number,
        digits => format!("'%0{digits}d' | format({number})"),
    };
    let recorded = match digits {
        0 => Value::from(own.from),
        digits => Value::from(format!("{:0digits$}", own.from)),
    };
    let binding = Piece::Value(Box::new(Binding {
        expression,
        source,
        transform: Transform::default(),
        score: 0.0,
        because: "it counts".to_owned(),
        agreeing: Vec::new(),
        from_text: false,
        compared: Compared::default(),
        value: recorded,
    }));
    let pieces = match &own.form {
        Form::Number => vec![binding],
        Form::Text { before, behind, .. } => [
            (!before.is_empty()).then(|| Piece::Text(before.clone())),
            // A text that is a number alone stays a text.
            (before.is_empty() && behind.is_empty() && digits == 0)
                .then(|| Piece::Text(String::new())),
            Some(binding),
            (!behind.is_empty()).then(|| Piece::Text(behind.clone())),
        ]
        .into_iter()
        .flatten()
        .collect(),
    };
    let key = keys_of(&column.pointer).pop().unwrap_or_default();
    Some(Bound {
        pointer: column.pointer.clone(),
        key,
        pieces,
    })
}
