//! Values of the passes of a loop that no field has as it is: what two numbers of the element make, and what another
//! list has for the element, which names one of its elements by an id.

use super::answers::WholePlace;
use super::binder::{Binder, Sent};
use super::binding::{Binding, Bound, Piece, Source};
use super::canonical;
use super::column::{Column, Field};
use super::computed::{Rounding, Two, are_telling};
use super::evaluate::{member, with};
use super::information::{STRONG, WEAK, bits, names_things};
use super::key::Key;
use super::parts;
use super::selector::{field, fields};
use super::transform::Transform;
use super::turn::{Compared, closed, path};
use super::whole;
use serde_json::{Value, json};

/// The most numbers of a pass that are worked with, two at a time.
const MOST_NUMBERS: usize = 30;
/// The most other lists that are looked at, and the most elements of one.
const MOST_LISTS: usize = 4;
const LONGEST_LIST: usize = 2_000;
/// How near a formula comes to a number that was rounded to two decimals.
const NEAR: f64 = 0.005 + 1e-9;

impl Binder<'_, '_> {
    /// What two numbers of the pass make in every pass, where nothing else makes it and the passes tell more than chance.
    pub(super) fn reckoned(
        &self,
        sent: &Sent<'_>,
        column: &Column<'_>,
        all: &[Field],
    ) -> Option<Bound> {
        let wanted: Vec<f64> = column
            .values
            .iter()
            .map(|value| value.as_f64().filter(|_| value.is_number()))
            .collect::<Option<_>>()?;
        let numbers: Vec<(&Field, Vec<f64>)> = all
            .iter()
            .filter(|one| !one.is_list() && !names_things(&one.key.words) && self.may_give(one))
            .filter_map(|one| {
                let values: Option<Vec<f64>> = one
                    .values
                    .iter()
                    .map(|value| value.as_f64().filter(|_| value.is_number()))
                    .collect();
                Some((one, values?))
            })
            .take(MOST_NUMBERS)
            .collect();
        let mut tried = 1;
        let mut found: Vec<Binding> = Vec::new();
        for (at, (one, first)) in numbers.iter().enumerate() {
            for (other, (two, second)) in numbers.iter().enumerate() {
                for how in Two::ALL {
                    if other == at || how != Two::Minus && other < at {
                        continue;
                    }
                    tried += 1;
                    let mut passes = first.iter().zip(second).zip(&wanted);
                    let makes = passes
                        .all(|((one, two), wanted)| (how.of(*one, *two) - wanted).abs() <= NEAR);
                    if !makes || first.len() != wanted.len() {
                        continue;
                    }
                    let whole = |one: &Field| one.values.iter().all(|value| !value.is_f64());
                    let rounding = Rounding::of(sent.value, whole(one) && whole(two));
                    let because = "the two numbers make it in every pass";
                    let both = vec![part_of(one), part_of(two)];
                    let binding = parts::made(both, sent.value, because, |part| {
                        how.write(&part[0], &part[1], rounding)
                    });
                    let expression = how.write("v[0]", "v[1]", rounding);
                    let mut passes = one.values.iter().zip(&two.values).zip(&column.values);
                    if passes.all(|((one, two), wanted)| {
                        with(&json!([one, two]), &expression).as_ref() == Some(*wanted)
                    }) {
                        found.push(binding);
                    }
                }
            }
        }
        let (Some(binding), true) = (found.pop(), found.is_empty()) else {
            return None;
        };
        are_telling(&column.values, tried).then(|| Bound {
            pointer: sent.pointer.clone(),
            key: sent.path.last().cloned().unwrap_or_default(),
            pieces: vec![Piece::Value(Box::new(binding))],
        })
    }

    /// Whether another list may have more for the element that a field has this value of.
    pub(super) fn may_join(&self, first: usize, one: &Field, value: &Value) -> bool {
        tells(one, value)
            && self
                .answers
                .find(&canonical::forms(value))
                .iter()
                .filter(|place| place.call < first)
                .any(|place| !self.answers.lists_over(place).is_empty())
    }

    /// The fields that other lists have for the element of each pass: of their one element that has an id which a field
    /// of the pass has, too.
    pub(super) fn joined(&mut self, first: usize, all: &[Field]) -> Vec<Field> {
        let mut lists: Vec<(usize, WholePlace, Vec<String>)> = Vec::new();
        for (at, one) in all.iter().enumerate() {
            let Some(value) = one.values.first().filter(|_| !one.is_list()) else {
                continue;
            };
            if !one.values.iter().all(|value| tells(one, value)) {
                continue;
            }
            for place in self.answers.find(&canonical::forms(value)) {
                if place.call >= first {
                    continue;
                }
                for (list, key) in self.answers.lists_over(&place) {
                    let is_new = lists
                        .iter()
                        .all(|(_, known, way)| *known != list || *way != key);
                    if is_new && !key.is_empty() && lists.len() < MOST_LISTS {
                        lists.push((at, list, key));
                    }
                }
            }
        }
        let mut found = Vec::new();
        for (at, list, key) in lists {
            let (Some(one), Some(Value::Array(elements))) = (all.get(at), self.answers.whole(list))
            else {
                continue;
            };
            if elements.len() > LONGEST_LIST {
                continue;
            }
            let matched: Option<Vec<Value>> = one
                .values
                .iter()
                .map(|value| {
                    let mut same = elements.iter();
                    let mut same = same.by_ref().filter(|one| field(one, &key) == Some(value));
                    let element = same.next()?;
                    same.next().is_none().then(|| element.clone())
                })
                .collect();
            let like = elements
                .first()
                .and_then(|first| field(first, &key))
                .cloned();
            let tool = self.kept.get(list.call).map_or("", |kept| &kept.call.name);
            let (Some(matched), Some(like)) = (matched, like) else {
                continue;
            };
            let Some(whole) = whole::of_place(self, list) else {
                continue;
            };
            let compared = Compared {
                joined: vec![(one.key_of_source(), like)],
                ..Compared::default()
            };
            let by = path(&key);
            for (way, _) in matched.first().map(fields).unwrap_or_default() {
                let values: Option<Vec<Value>> = matched
                    .iter()
                    .map(|element| field(element, &way).cloned())
                    .collect();
                let Some(values) = values.filter(|_| way != key) else {
                    continue;
                };
                let members: String = way.iter().map(|key| member(key)).collect();
                let write = |list: &str, id: &str| {
                    format!("({} | where({by}, {id}) | only){members}", closed(list))
                };
                found.push(Field::made(
                    Source::Parts(vec![whole.clone(), part_of(one)], write("v[0]", "v[1]")),
                    write(&whole.expression, &one.expression),
                    Key::new(way.iter().map(String::as_str), tool),
                    values,
                    compared.clone(),
                ));
            }
        }
        found
    }
}

/// Whether a value of a field tells which element it is of.
fn tells(field: &Field, value: &Value) -> bool {
    let own = bits(value, &field.key.words);
    own >= STRONG || own >= WEAK && names_things(&field.key.words)
}

/// A field of the pass as a part of what is made of several.
fn part_of(field: &Field) -> Binding {
    Binding {
        expression: field.expression.clone(),
        source: field.source.clone(),
        transform: Transform::default(),
        score: 0.0,
        because: "it is a field of the pass".to_owned(),
        agreeing: Vec::new(),
        from_text: false,
        compared: field.compared.clone(),
        value: field.values.first().cloned().unwrap_or_default(),
    }
}
