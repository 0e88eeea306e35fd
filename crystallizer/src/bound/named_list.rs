//! What a person named one by one, and the same calls were made for each: `invite anna, bob and carl`. It is one input,
//! a list, and the calls are a loop over it, so that a run may be given as many as it likes.

use super::binder::{Binder, Sent};
use super::binding::{Binding, Bound, Piece, Source};
use super::canonical::form;
use super::column::{Column, columns, columns_of, fields_of};
use super::compose::Composed;
use super::cycle::{self, Over, repeats};
use super::decide::Decisions;
use super::filter::Filter;
use super::fold::{ONE_BY_ONE, Plan, Stretch, item_of, loop_question};
use super::information::{STRONG, WEAK, bits};
use super::inputs::schema_at;
use super::key::{Key, keys_of, noun};
use super::put_together::mentions;
use super::said::{Mention, NamedAt};
use super::transform::{Op, Transform};
use super::turn::Compared;
use super::within;
use crate::kept::Kept;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// How many numbers of passes are tried for one width of the body.
const MOST_TRIED: usize = 12;
/// How many places in what people said are gone through in the time of one look at a call.
const PLACES_A_LOOK: usize = 8;
/// The most things that one loop goes over.
const MOST_NAMED: usize = 1_000;
/// From so many on what a person named one by one is no chance, however little each tells.
const TELLING: usize = 3;
/// The fewest characters of a value that is known to come from an answer by standing in it.
const SHORTEST_TOLD: usize = 4;
/// What stands before the last of several in a text.
const LAST: [&str; 5] = [" and ", ", and ", " & ", " und ", ", "];
/// What stands for a list while the rest of a text is looked at: a sign of no script.
const HOLE: char = '\u{e001}';

/// What the person named, as the input of it would have it.
struct Named {
    elements: Vec<Value>,
    /// The input that has it already.
    input: Option<String>,
    mention: Mention,
    /// The key that each of them was sent under.
    key: Key,
}

impl Binder<'_, '_> {
    /// The loop over what the person named one by one that the calls from this one on are.
    pub(super) fn fold_named(&mut self, at: usize) -> Option<Plan> {
        if self.apart.as_ref().is_none_or(|apart| apart.contains(&at)) {
            return None;
        }
        let plan = self.find_named(at)?;
        let id = loop_question(self.kept.get(at)?);
        if self.answered.get(&id).map(String::as_str) == Some(ONE_BY_ONE) {
            self.used_answers.insert(id);
            return None;
        }
        Some(plan)
    }

    fn find_named(&mut self, at: usize) -> Option<Plan> {
        let kept = self.kept;
        for (width, most) in repeats(&self.alike, at) {
            let columns = self.said_columns(kept, at, width, most);
            if !self.may_look(columns.iter().map(|column| column.values.len()).sum()) {
                return None;
            }
            for column in columns {
                let places = self.said.named_at(&column.values);
                for passes in (2..=column.values.len()).rev().take(MOST_TRIED) {
                    if !self.may_look(passes + places.effort(passes) / PLACES_A_LOOK) {
                        return None;
                    }
                    if !self.alike.may_be_passes(at, width, passes) {
                        continue;
                    }
                    let tried = Column {
                        inner: column.inner,
                        pointer: column.pointer.clone(),
                        values: column.values[..passes].to_vec(),
                    };
                    let Some(named) = self.named(at, &tried, &places) else {
                        continue;
                    };
                    let bodies = kept.get(at..at + width * passes)?;
                    let harmless = bodies.iter().all(Kept::is_harmless);
                    let stretch = Stretch::new(at, width, passes, harmless, None);
                    let plan = self.over_named(&stretch, &tried, named);
                    if plan.is_some() {
                        return plan;
                    }
                }
            }
        }
        None
    }

    /// The places of a body where another thing is sent in each pass that a person said, as far as it is so.
    fn said_columns<'v>(
        &self,
        kept: &'v [Kept<'v>],
        first: usize,
        width: usize,
        most: usize,
    ) -> Vec<Column<'v>> {
        let mut all = Vec::new();
        for inner in 0..width {
            let begin = [first + inner, first + width + inner];
            for column in columns_of(kept, inner, &begin) {
                if !column.varies() {
                    continue;
                }
                let sent = |pass: usize| {
                    let call = kept.get(first + pass * width + inner)?.call;
                    let value = crate::pointer::at(&call.arguments, &column.pointer)?;
                    let mention = self.said.find(value, &[]).filter(|_| is_plain(value))?;
                    mention.person.then_some(value)
                };
                let values: Vec<&Value> = (0..most.min(MOST_NAMED)).map_while(sent).collect();
                if values.len() >= 2 {
                    all.push(Column {
                        inner,
                        pointer: column.pointer,
                        values,
                    });
                }
            }
        }
        all
    }

    /// The loop over what is sent in one place, where the person named that.
    fn over_named(&mut self, stretch: &Stretch, column: &Column<'_>, named: Named) -> Option<Plan> {
        let kept = self.kept;
        let at = stretch.first + column.inner;
        let tool = kept.get(at)?.call.name.as_str();
        let key = named.key.clone();
        let columns = columns(kept, stretch.first, stretch.width, stretch.passes);
        let item = item_of(&key.full().join("_"), tool);
        let fields = fields_of(
            &named.elements,
            &item,
            &|_| Source::Named(String::new()),
            &|_| key.clone(),
        );
        let mut bound = self.bodies(stretch, fields, &columns)?;
        let there: Vec<Option<Vec<Value>>> = self
            .witnesses
            .iter()
            .map(|seen| {
                let all =
                    self.sent_elsewhere(seen.calls(), seen.counterparts(), stretch, column)?;
                Some(all.into_iter().cloned().collect())
            })
            .collect();
        let input = match named.input {
            Some(input) => input,
            None => {
                let own = std::iter::once(&named.elements);
                let once = own
                    .chain(there.iter().flatten())
                    .all(|all| is_once_each(all));
                let schema = schema_at(self.spec(at), &column.pointer).cloned();
                self.inputs.add_list(
                    &key,
                    named.elements.clone(),
                    named.mention,
                    (schema.as_ref(), once && !stretch.harmless),
                )
            }
        };
        for one in bound.iter_mut().flatten() {
            give_input(one, &input, &self.said.quote(&named.mention));
        }
        let mut shown = 0;
        for (seen, list) in self.witnesses.iter_mut().zip(&there) {
            if let Some(list) = list {
                shown += usize::from(*list != named.elements);
                seen.set_input(&input, &Value::from(list.clone()));
            }
        }
        self.learn_inputs();
        Some(Plan {
            first: stretch.first,
            width: stretch.width,
            passes: stretch.passes,
            chosen: (0..stretch.passes).collect(),
            filter: Filter::default(),
            until: None,
            shown,
            items: format!("inputs.{input}"),
            compared: Compared::default(),
            item,
            bound,
            answers: stretch.answers(kept).to_vec(),
            inner: None,
            list: Over::Named {
                input,
                elements: named.elements,
            },
        })
    }

    /// What the person named in a column: the list of an input that has it already, or what they said one by one, by the
    /// places where they named each.
    fn named(&self, first: usize, column: &Column<'_>, places: &NamedAt) -> Option<Named> {
        let kept = self.kept.get(first + column.inner)?;
        let value = crate::pointer::at(&kept.call.arguments, &column.pointer)?;
        let key = self
            .sent(first + column.inner, value, &keys_of(&column.pointer))
            .key;
        let is_secret = |value: &&Value| {
            let last = column.pointer.rsplit('/').next().unwrap_or_default();
            let text = value.as_str();
            text.is_some_and(|text| crate::secret::kind(last, text).is_some())
        };
        if column.values.iter().any(is_secret) {
            return None;
        }
        if let Some((input, elements, mention)) = self.inputs.of_list(&column.values) {
            return Some(Named {
                elements: elements.to_vec(),
                input: Some(input.to_owned()),
                mention,
                key,
            });
        }
        let mention = self.said.enumerated(places, column.values.len())?;
        // Two small numbers may stand side by side for another reason.
        let tell = |value: &&Value| bits(value, &key.words) >= WEAK;
        let is_meant = column.values.len() >= TELLING
            || column.values.iter().all(tell)
            || self.said.is_near(&mention, &key.full())
            || self.said.is_near(&mention, &noun(&kept.call.name));
        is_meant.then(|| Named {
            elements: column.values.iter().map(|one| (*one).clone()).collect(),
            input: None,
            mention,
            key,
        })
    }

    /// The list of an input that a call sends as a whole, where loops go over it.
    pub(super) fn list_in_use(&self, sent: &Sent<'_>) -> Option<Binding> {
        let all: Vec<&Value> = sent.value.as_array()?.iter().collect();
        let (input, elements, mention) = self.inputs.of_list(&all)?;
        let is_used = self.named_loops().any(|(known, _)| known == input);
        (is_used && elements.iter().eq(all.iter().copied())).then(|| {
            let because = format!("the person said it: “{}”", self.said.quote(&mention));
            binding(input, Transform::default(), sent.value.clone(), because)
        })
    }

    /// The inputs that loops go over, with what they had in the recording.
    fn named_loops(&self) -> impl Iterator<Item = (&str, &[Value])> {
        self.cycles.iter().filter_map(|cycle| match &cycle.list {
            Over::Named { input, elements } => Some((input.as_str(), elements.as_slice())),
            Over::Answered(_) | Over::Counted(_) => None,
        })
    }

    /// A text that tells all of what a loop went over: `invited anna, bob and carl`.
    pub(super) fn told_list(&mut self, sent: &Sent<'_>, text: &str) -> Option<Composed> {
        let found = self.named_loops().find_map(|(input, elements)| {
            // Of a text that has not even the first of them no more is looked at.
            elements.first().filter(|one| text.contains(&shown(one)))?;
            let plain: Vec<String> = elements.iter().map(shown).collect();
            let (last, before) = plain.split_last()?;
            LAST.iter().find_map(|between| {
                let joined = format!("{}{between}{last}", before.join(", "));
                let at = alone(text, &joined).filter(|_| !before.is_empty())?;
                let value = Value::from(joined.as_str());
                let transform = Transform(vec![Op::Listed((*between).to_owned())]);
                let because = "it tells all of what the loop went over".to_owned();
                Some((at, joined, binding(input, transform, value, because)))
            })
        });
        let (at, joined, list) = found?;
        if text.contains(HOLE) {
            return None;
        }
        let masked = format!("{}{HOLE}{}", &text[..at], &text[at + joined.len()..]);
        self.around_holes(sent, &masked, HOLE, || Some(list.clone()))
    }
}

/// The first calls of loops over what was named one by one that take away from what is done besides: it follows less than
/// where nothing is a loop, or sends one of those things by itself.
pub(super) fn torn(
    kept: &[Kept<'_>],
    decisions: &Decisions<'_>,
    plain: &Decisions<'_>,
) -> BTreeSet<usize> {
    let named = || decisions.cycles.iter().filter(|cycle| cycle.is_named());
    let mut torn = BTreeSet::new();
    if named().next().is_none() {
        return torn;
    }
    for (call, (own, other)) in decisions.calls.iter().zip(&plain.calls).enumerate() {
        // What later passes of a loop send is told by the first.
        let around = cycle::of(&decisions.cycles, call).and_then(|at| decisions.cycles.get(at));
        if around.is_some_and(|cycle| cycle.is_named() || !cycle.bodies().contains(&call)) {
            continue;
        }
        let follows_less = other.bound.iter().any(|other| {
            let mut all = own.bound.iter();
            let own = all.find(|own| within(&other.pointer, &own.pointer));
            // A list has the places of several in one.
            let count = |bound: &Bound| {
                let all = bound.bindings();
                all.filter(|one| !matches!(one.source, Source::Input(_)))
                    .count()
            };
            own.is_none_or(|own| count(own) < count(other))
        });
        if follows_less {
            torn.extend(
                named()
                    .filter(|cycle| cycle.first < call)
                    .map(|cycle| cycle.first),
            );
        }
    }
    // What was looked at for each, and what came of it stays as it was: a run with other things would go on with the old.
    for cycle in named().filter(|cycle| cycle.harmless) {
        let passes = kept.get(cycle.first..=cycle.last()).unwrap_or_default();
        let told = |value: &Value| {
            let text = shown(value);
            text.chars().count() >= SHORTEST_TOLD
                && bits(value, &[]) >= WEAK
                && passes.iter().any(|one| one.answer.text().contains(&text))
        };
        let behind = decisions.calls.iter().skip(cycle.last() + 1);
        let stays = behind.flat_map(|one| &one.frozen).any(|frozen| {
            let mut found = false;
            crate::leaf::leaves(&frozen.value, &mut |_, _, leaf| found |= told(leaf));
            found
        });
        if stays {
            torn.insert(cycle.first);
        }
    }
    // One of the things by itself, be it sent or compared.
    let outside = decisions.calls.iter().enumerate();
    let outside = outside.filter(|(call, _)| !named().any(|cycle| cycle.holds(*call)));
    let bindings = outside.flat_map(|(_, one)| one.bound.iter().flat_map(Bound::bindings));
    let over_lists = decisions.cycles.iter().filter(|cycle| !cycle.is_named());
    let used: Vec<&str> = bindings
        .map(|one| one.expression.as_str())
        .chain(
            over_lists
                .flat_map(|one| [Some(one.items.as_str()), one.until.as_deref()])
                .flatten(),
        )
        .filter(|expression| expression.contains("inputs."))
        .collect();
    // By their forms, the loops over things.
    let mut loops: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for cycle in named() {
        if let Over::Named { elements, .. } = &cycle.list {
            for form in elements.iter().filter_map(form) {
                loops.entry(form).or_default().insert(cycle.first);
            }
        }
    }
    for input in decisions.inputs.iter() {
        let Some(firsts) = form(&input.value).and_then(|form| loops.get(&form)) else {
            continue;
        };
        let plain = format!("inputs.{}", input.name);
        if used.iter().any(|expression| mentions(expression, &plain)) {
            torn.extend(firsts);
        }
    }
    torn
}

/// The binding of an input, or of what is made of it.
fn binding(input: &str, transform: Transform, value: Value, because: String) -> Binding {
    Binding {
        expression: transform.write(&format!("inputs.{input}")),
        source: Source::Input(input.to_owned()),
        transform,
        score: STRONG,
        because,
        agreeing: Vec::new(),
        from_text: false,
        compared: Compared::default(),
        value,
    }
}

/// Names the input whose elements are bound.
fn give_input(bound: &mut Bound, name: &str, quote: &str) {
    for piece in &mut bound.pieces {
        if let Piece::Value(binding) = piece
            && let Source::Named(input) = &mut binding.source
        {
            name.clone_into(input);
            binding.because = format!("the person named each of them: “{quote}”");
        }
    }
}

fn is_plain(value: &Value) -> bool {
    value.is_number() || value.as_str().is_some_and(|text| !text.is_empty())
}

fn is_once_each(all: &[Value]) -> bool {
    (1..all.len()).all(|at| !all[..at].contains(&all[at]))
}

/// A value as it stands in a text.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Where a part stands in a text by itself, once.
fn alone(text: &str, part: &str) -> Option<usize> {
    let joins = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let mut all = text.match_indices(part).map(|(at, _)| at).filter(|at| {
        !joins(text[..*at].chars().next_back()) && !joins(text[at + part.len()..].chars().next())
    });
    let one = all.next()?;
    all.next().is_none().then_some(one)
}
