//! Lists and maps that are sent as they were answered, or as the person said them: bound as a whole, so that they
//! may be longer or shorter in another run.

use super::answers::{ColumnPlace, WholePlace};
use super::binder::{Binder, Sent};
use super::binding::{Binding, Source};
use super::information::{STRONG, WEAK, bits};
use super::inputs::{Found, schema_at};
use super::key::{agree, words};
use super::route::Way;
use super::selector::Scope;
use super::sent::Forms;
use super::transform::Transform;
use super::turn::Compared;
use serde_json::Value;

/// Remembers lists and maps that were sent: an answer that repeats one is not where it comes from.
pub(super) fn forms(value: &Value, sent: &mut Forms) {
    match value {
        Value::Object(map) => map.values().for_each(|inner| forms(inner, sent)),
        Value::Array(items) => items.iter().for_each(|inner| forms(inner, sent)),
        _ => return,
    }
    sent.insert(&druse_engine::json::canonical(value));
}

/// The source of a list or map as a whole.
pub(super) fn find(binder: &mut Binder<'_, '_>, sent: &Sent<'_>) -> Option<Binding> {
    let mut scalars = Vec::new();
    crate::leaf::leaves(sent.value, &mut |_, key, leaf| {
        scalars.push((words(key), leaf))
    });
    if scalars.is_empty()
        || scalars
            .iter()
            .any(|(_, leaf)| leaf.as_str().is_some_and(str::is_empty))
    {
        return None;
    }
    let all_said = sent.value.is_array()
        && scalars.iter().all(|(key, leaf)| {
            binder.said.find(leaf, key).is_some_and(|mention| {
                mention.person
                    && (bits(leaf, key) >= WEAK || binder.said.is_near(&mention, &sent.key.words))
            })
        });
    if all_said {
        return said(binder, sent);
    }
    let sum: f64 = scalars.iter().map(|(key, leaf)| bits(leaf, key)).sum();
    equal(binder, sent, sum)
        .or_else(|| column(binder, sent, sum))
        .or_else(|| picked(binder, sent, sum))
}

/// A list of which the person said every value: one input that may hold others, and more or fewer.
fn said(binder: &mut Binder<'_, '_>, sent: &Sent<'_>) -> Option<Binding> {
    if let Some(list) = binder.list_in_use(sent) {
        return Some(list);
    }
    let items = sent.value.as_array()?;
    let first = items.iter().find_map(|item| match item {
        Value::Object(map) => map
            .values()
            .find(|inner| inner.is_string() || inner.is_number()),
        scalar => Some(scalar),
    })?;
    let mention = binder.said.find(first, &sent.key.words)?;
    let schema = schema_at(binder.spec(sent.call), &sent.pointer).cloned();
    Some(binder.input(sent, Found::Said(mention), schema.as_ref()))
}

fn enough(sum: f64, agreement: u8) -> bool {
    sum >= STRONG || sum >= WEAK && agreement >= 2
}

fn equal(binder: &mut Binder<'_, '_>, sent: &Sent<'_>, sum: f64) -> Option<Binding> {
    let places = binder.answers.find_whole(sent.value);
    let mut found = Vec::new();
    for place in places.into_iter().filter(|place| place.call < sent.call) {
        let agreement = agreement(binder, sent, place);
        if enough(sum, agreement) && !is_one_of_several(sent.value, agreement) {
            found.push((agreement, place));
        }
    }
    let (place, rivals) = best(found)?;
    let expression = way(binder, place)?;
    let others = rivals
        .into_iter()
        .filter_map(|rival| way(binder, rival))
        .collect();
    made(
        binder,
        sent,
        expression,
        others,
        sum,
        Source::Whole(place, Vec::new()),
        "it is equal to this part of the answer",
    )
}

/// A list of one is as likely that one element as the whole list; only its key can tell.
fn is_one_of_several(value: &Value, agreement: u8) -> bool {
    value.as_array().is_some_and(|items| items.len() == 1) && agreement < 3
}

fn column(binder: &mut Binder<'_, '_>, sent: &Sent<'_>, sum: f64) -> Option<Binding> {
    let items = sent.value.as_array().filter(|items| items.len() >= 2)?;
    let places = binder.answers.find_column(items);
    let mut found = Vec::new();
    for place in places
        .into_iter()
        .filter(|place| place.list.call < sent.call)
    {
        let key = binder.answers.key_of_whole(place.list, &place.field);
        let agreement = agree(&sent.key, &key);
        if enough(sum, agreement) {
            found.push((agreement, place));
        }
    }
    let (place, rivals) = best(found)?;
    let expression = column_of(binder, &place)?;
    let others = rivals
        .iter()
        .filter_map(|rival| column_of(binder, rival))
        .collect();
    made(
        binder,
        sent,
        expression,
        others,
        sum,
        Source::Column(place),
        "it is this field of every element of the list",
    )
}

fn column_of(binder: &mut Binder<'_, '_>, place: &ColumnPlace) -> Option<Written> {
    let (list, compared) = way(binder, place.list)?;
    Some((format!("{list} | column({})", field(place)), compared))
}

fn field(place: &ColumnPlace) -> String {
    match place.field.as_slice() {
        [one] => super::evaluate::quoted(one),
        several => {
            let keys: Vec<String> = several
                .iter()
                .map(|key| super::evaluate::quoted(key))
                .collect();
            format!("[{}]", keys.join(", "))
        }
    }
}

/// A list of maps that has some of the fields of every element of an answered list.
fn picked(binder: &mut Binder<'_, '_>, sent: &Sent<'_>, sum: f64) -> Option<Binding> {
    let items = sent.value.as_array().filter(|items| items.len() >= 2)?;
    let names: Vec<String> = items.first()?.as_object()?.keys().cloned().collect();
    let key = names
        .iter()
        .max_by_key(|name| u8::from(super::information::names_things(&words(name))))?;
    let column: Option<Vec<Value>> = items.iter().map(|item| item.get(key).cloned()).collect();
    let places = binder.answers.find_column(&column?);
    let mut found = Vec::new();
    for place in places
        .into_iter()
        .filter(|place| place.list.call < sent.call)
    {
        let Some(Value::Array(source)) = binder.answers.whole(place.list) else {
            continue;
        };
        let same = place.field.as_slice() == [key.clone()]
            && source.len() == items.len()
            && source.iter().zip(items).all(|(from, to)| {
                to.as_object().is_some_and(|to| {
                    to.len() == names.len()
                        && to.iter().all(|(key, value)| from.get(key) == Some(value))
                })
            });
        if same && sum >= STRONG {
            found.push((agreement(binder, sent, place.list), place.list));
        }
    }
    let (place, rivals) = best(found)?;
    let quoted: Vec<String> = names
        .iter()
        .map(|name| super::evaluate::quoted(name))
        .collect();
    let written =
        |(list, compared): Written| (format!("{list} | pick({})", quoted.join(", ")), compared);
    let expression = way(binder, place).map(written)?;
    let others = rivals
        .into_iter()
        .filter_map(|rival| way(binder, rival).map(written))
        .collect();
    let source = Source::Whole(place, names);
    made(
        binder,
        sent,
        expression,
        others,
        sum,
        source,
        "it holds these fields of every element of the list",
    )
}

fn agreement(binder: &Binder<'_, '_>, sent: &Sent<'_>, place: WholePlace) -> u8 {
    agree(&sent.key, &binder.answers.key_of_whole(place, &[]))
}

/// The best of several, and those that are as good.
fn best<T>(mut found: Vec<(u8, T)>) -> Option<(T, Vec<T>)> {
    found.sort_by_key(|(agreement, _)| std::cmp::Reverse(*agreement));
    let most = found.first()?.0;
    let mut equal = found
        .into_iter()
        .take_while(|(agreement, _)| *agreement == most)
        .map(|(_, place)| place);
    let first = equal.next()?;
    Some((first, equal.collect()))
}

/// An expression and what it compares.
type Written = (String, Compared);

fn way(binder: &mut Binder<'_, '_>, place: WholePlace) -> Option<Written> {
    let scope = Scope {
        said: &binder.said,
        known: &binder.known,
        loosely: None,
        at_hand: binder.at_hand,
    };
    let way: Way = binder
        .router
        .way_to_whole(&binder.answers, binder.kept, place, &scope)?;
    (!way.route.is_positional()).then(|| (binder.written(&way), way.route.compared()))
}

/// What gives a list of an answer in a run.
pub(super) fn of_place(binder: &mut Binder<'_, '_>, place: WholePlace) -> Option<Binding> {
    let (expression, compared) = way(binder, place)?;
    Some(Binding {
        expression,
        source: Source::Whole(place, Vec::new()),
        transform: Transform::default(),
        score: 0.0,
        because: "it is a list of the answer".to_owned(),
        agreeing: Vec::new(),
        from_text: false,
        compared,
        value: binder.answers.whole(place)?.clone(),
    })
}

/// The binding, checked against the recording. Other places that hold the same have to agree with it, where the
/// value is too particular for that to be chance; else it is not known which is meant.
fn made(
    binder: &Binder<'_, '_>,
    sent: &Sent<'_>,
    (expression, mut compared): Written,
    others: Vec<Written>,
    sum: f64,
    source: Source,
    because: &str,
) -> Option<Binding> {
    if !others.is_empty() && sum < STRONG {
        return None;
    }
    let gives =
        |expression: &str| binder.recorded.evaluate(expression).as_ref() == Some(sent.value);
    let mut agreeing = Vec::new();
    for (other, more) in others.into_iter().filter(|(other, _)| gives(other)).take(2) {
        agreeing.push(other);
        compared.join(more);
    }
    let expression = if agreeing.is_empty() {
        expression
    } else {
        format!("{expression} | agreed({})", agreeing.join(", "))
    };
    gives(&expression).then(|| Binding {
        expression,
        source,
        transform: Transform::default(),
        score: sum.min(10.0),
        because: because.to_owned(),
        agreeing,
        from_text: false,
        compared,
        value: sent.value.clone(),
    })
}
