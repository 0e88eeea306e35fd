//! What an answer is about. Where a call was sent the id of a thing and was answered with the same id under a key that
//! agrees, an answer with another id is about another thing: of the right shape, and wrong in all that is read of it.
//! What is read for a change is held to it (`answers_to`).

use super::read::{Hop, Part, Reader};
use super::{Others, output};
use crate::answer;
use crate::bound;
use crate::kept::Kept;
use crate::value_class::{self, ValueClass};
use crate::words;
use druse_engine::definition::Step;
use druse_engine::plan::{found_at, shows};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How deep maps are looked through.
const DEPTH: usize = 4;
/// From so many characters on a value under a key that only ends alike is the same by no chance.
const LONG: usize = 3;

/// The steps whose answers a change is made by, directly or over further steps.
pub(super) fn read_for_changes(reader: &Reader) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut open: Vec<&String> = reader.changes.iter().chain(&reader.changing).collect();
    while let Some(step) = open.pop() {
        for source in reader.reads.get(step).into_iter().flatten() {
            if found.insert(source.clone()) {
                open.push(source);
            }
        }
    }
    found
}

/// Writes for these steps what their answers have to show again.
pub(super) fn write<'k>(
    steps: &mut [Step],
    kept: &[Kept<'_>],
    others: &Others<'_, 'k>,
    reader: &mut Reader,
) {
    let read = read_for_changes(reader);
    let mut calls: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, one) in kept.iter().enumerate() {
        if read.contains(&one.step) && !one.tolerated && !one.target.is_opaque() {
            calls.entry(&one.step).or_default().push(index);
        }
    }
    let mut found: HashMap<String, BTreeMap<String, String>> = HashMap::new();
    for (step, calls) in calls {
        let more: Vec<Vec<&Kept<'_>>> = calls.iter().map(|call| others(*call)).collect();
        let seen: Vec<&Kept<'_>> = calls
            .iter()
            .filter_map(|call| kept.get(*call))
            .filter(|one| crate::prune::succeeded(one.call))
            .chain(more.iter().flatten().copied())
            .collect();
        let places = of_step(&seen, reader);
        if !places.is_empty() {
            found.insert(step.to_owned(), places);
        }
    }
    put(steps, &mut found);
}

/// Writes each to the first step of its id.
fn put(steps: &mut [Step], found: &mut HashMap<String, BTreeMap<String, String>>) {
    for step in steps {
        if let Some(places) = found.remove(&step.id) {
            step.answers_to = Some(Box::new(places));
        }
        put(&mut step.steps, found);
    }
}

/// The places of the output that showed in all of these calls what was sent, each with the place of that.
fn of_step(seen: &[&Kept<'_>], reader: &mut Reader) -> BTreeMap<String, String> {
    let mut places = BTreeMap::new();
    let Some((first, base)) = seen
        .first()
        .and_then(|first| Some((*first, base(first, reader)?)))
    else {
        return places;
    };
    let outputs: Vec<Value> = seen.iter().map(|one| output(one)).collect();
    let Some(data) = outputs.first().and_then(|output| data_at(output, &base)) else {
        return places;
    };
    let mut shown = Vec::new();
    scalars(&data, &mut Vec::new(), &mut shown);
    let mut asked = Vec::new();
    scalars(&first.call.arguments, &mut Vec::new(), &mut asked);
    for (keys, value) in asked {
        let Some(key) = keys.last().filter(|key| tells_which(key, value)) else {
            continue;
        };
        let argument = druse_pointer(&keys);
        let mut fitting: Vec<(u8, usize, String)> = shown
            .iter()
            .filter(|(_, came)| shows(value, came) == Some(true))
            .filter_map(|(path, came)| {
                let rank = agree(key, path, &first.call.name, came)?;
                Some((rank, path.len(), format!("{base}{}", druse_pointer(path))))
            })
            .filter(|(_, _, place)| !places.contains_key(place))
            .collect();
        fitting.sort();
        let Some(sent) = bound::place_of(first, &argument) else {
            continue;
        };
        let all_show = |place: &str| {
            seen.iter().zip(&outputs).all(|(one, output)| {
                let asked = sent_at(one, &sent);
                let came = found_at(output, place);
                bound::place_of(one, &argument).as_ref() == Some(&sent)
                    && asked
                        .zip(came)
                        .and_then(|(asked, came)| shows(asked, &came))
                        == Some(true)
            })
        };
        let mut all = fitting.into_iter().filter(|(_, _, place)| all_show(place));
        let Some((rank, length, place)) = all.next() else {
            continue;
        };
        // Of two that fit as well nobody knows which one has to: the agent of a ticket may also be who asked.
        if all
            .next()
            .is_none_or(|(other, deep, _)| (other, deep) != (rank, length))
        {
            places.insert(place, sent);
        }
    }
    places
}

/// Where the data of an answer begins in the output, as a JSON Pointer: up to the text that holds it, if it is in one.
fn base(kept: &Kept<'_>, reader: &mut Reader) -> Option<String> {
    let whole = answer::expression(&kept.step, &kept.target, &kept.answer, "");
    let begun = reader.relies.len();
    let part = reader.expression(&whole);
    reader.relies.truncate(begun);
    let Part::At(place) = part else { return None };
    let keys = place.hops.iter().map_while(|hop| match hop {
        Hop::Key(key) => Some(key.as_str()),
        Hop::Each | Hop::Values | Hop::Text(_) => None,
    });
    Some(druse_pointer(&keys.collect::<Vec<_>>()))
}

/// The data there; of a text what it holds.
fn data_at<'o>(output: &'o Value, base: &str) -> Option<Cow<'o, Value>> {
    let found = found_at(output, base)?;
    match &*found {
        // Any key leads into the text.
        Value::String(text) => {
            let read = druse_engine::expression::json_in(text)
                .or_else(|| druse_engine::expression::yaml_in(text))?;
            Some(Cow::Owned(read))
        }
        _ => Some(found),
    }
}

fn druse_pointer<S: AsRef<str>>(keys: &[S]) -> String {
    keys.iter().fold(String::new(), |pointer, key| {
        pointer + "/" + &crate::tool_map::escape(key.as_ref())
    })
}

/// What the action was sent at a place of its configuration.
fn sent_at<'k>(kept: &'k Kept<'_>, place: &str) -> Option<&'k Value> {
    let inner = place.strip_prefix('/')?;
    let (key, rest) = inner
        .split_once('/')
        .map_or((inner, String::new()), |(key, rest)| {
            (key, format!("/{rest}"))
        });
    kept.target.filled.request.get(key)?.pointer(&rest)
}

/// The texts and numbers of a value that stand in maps alone: elements of a list are searched, and not asked for.
fn scalars<'v>(
    value: &'v Value,
    path: &mut Vec<&'v str>,
    found: &mut Vec<(Vec<&'v str>, &'v Value)>,
) {
    match value {
        Value::Object(map) if path.len() < DEPTH => each_of(map, path, found),
        Value::String(_) | Value::Number(_) if !path.is_empty() => {
            found.push((path.clone(), value));
        }
        _ => {}
    }
}

fn each_of<'v>(
    map: &'v Map<String, Value>,
    path: &mut Vec<&'v str>,
    found: &mut Vec<(Vec<&'v str>, &'v Value)>,
) {
    for (key, inner) in map {
        path.push(key);
        scalars(inner, path, found);
        path.pop();
    }
}

/// Whether an argument says which one thing is meant. Numbers of pages and lines say a place, telephones are written in
/// many ways, and `me` is somebody else for each caller.
fn tells_which(key: &str, value: &Value) -> bool {
    const PLACES: [&str; 16] = [
        "page",
        "offset",
        "limit",
        "line",
        "version",
        "index",
        "position",
        "row",
        "column",
        "size",
        "count",
        "year",
        "phone",
        "telephone",
        "mobile",
        "fax",
    ];
    const ALIASES: [&str; 10] = [
        "me", "self", "current", "latest", "default", "primary", "root", "all", "none", "head",
    ];
    let text = match value {
        Value::String(text) => Cow::Borrowed(text.trim()),
        other => Cow::Owned(other.to_string()),
    };
    if text.is_empty()
        || text.chars().count() > 128
        || words::has(key, &PLACES)
        || ALIASES.iter().any(|alias| text.eq_ignore_ascii_case(alias))
    {
        return false;
    }
    names_one(key) || is_id(&text)
}

/// Whether the values under a key name one thing each.
fn names_one(key: &str) -> bool {
    const NAMES: [&str; 19] = [
        "id",
        "uuid",
        "guid",
        "number",
        "no",
        "nr",
        "ref",
        "reference",
        "iban",
        "sku",
        "slug",
        "isbn",
        "ean",
        "gtin",
        "key",
        "username",
        "login",
        "email",
        "mail",
    ];
    words::split(key)
        .last()
        .is_some_and(|word| NAMES.contains(&word.as_str()))
}

fn is_id(text: &str) -> bool {
    matches!(
        value_class::of(text),
        Some(ValueClass::Id | ValueClass::Uuid | ValueClass::Email)
    )
}

/// Whether the key of an argument and the way to a value of the answer name the same, and how well, 0 being best.
fn agree(asked: &str, path: &[&str], tool: &str, came: &Value) -> Option<u8> {
    let (last, around) = path.split_last()?;
    let (asked, last) = (words::split(asked), words::split(last));
    let tool = words::split(tool);
    if asked.concat() == last.concat() {
        // An `id` inside of something else is the id of that.
        let is_own = |key: &&str| {
            let of = words::split(key);
            is_wrapper(&of.concat()) || of.iter().all(|word| tool.contains(word))
        };
        return (asked.len() > 1 || around.iter().all(is_own)).then_some(0);
    }
    // `order.id` is the id of an order; so is `data.id` of what `get_order` answers.
    let is_of = |thing: &[String]| {
        let wrapping = |key: &&str| {
            let of = words::split(key).concat();
            !thing.is_empty() && of == thing.concat() || is_wrapper(&of)
        };
        !thing.is_empty() && around.iter().all(wrapping)
    };
    let is_of_tool = |thing: &[String]| thing.iter().all(|word| tool.contains(word));
    let fits = match (asked.split_last(), last.split_last()) {
        // `order_id` and `id`.
        (Some((name, thing)), Some((same, []))) if name == same => is_of(thing),
        // `id` and `order_id` of `get_order`.
        (Some((name, [])), Some((same, thing))) if name == same => {
            is_of_tool(thing) && is_of(thing)
        }
        // `order` and `id`, or `order_id`.
        (Some(_), Some((name, thing))) => {
            matches!(name.as_str(), "id" | "number" | "key")
                && (thing == asked || thing.is_empty() && is_of_tool(&asked))
                && is_of(&asked)
                && is_id(
                    &came
                        .as_str()
                        .map_or_else(|| came.to_string(), str::to_owned),
                )
        }
        _ => false,
    };
    let length = match came {
        Value::String(text) => text.trim().chars().count(),
        other => other.to_string().len(),
    };
    (fits && length >= LONG).then_some(1)
}

/// A key around the record that says nothing of what it is.
fn is_wrapper(key: &str) -> bool {
    matches!(
        key,
        "data"
            | "result"
            | "response"
            | "record"
            | "item"
            | "body"
            | "content"
            | "payload"
            | "object"
            | "entity"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_that_name_the_same() {
        let long = json!("W48121");
        for (asked, path, tool, expected) in [
            ("order_id", vec!["order_id"], "get_order", Some(0)),
            ("orderId", vec!["data", "order_id"], "get_order", Some(0)),
            ("order_id", vec!["id"], "get_order", Some(1)),
            ("order_id", vec!["order", "id"], "fetch", Some(1)),
            ("order_id", vec!["data", "id"], "get_order", Some(1)),
            ("order_id", vec!["customer", "id"], "get_order", None),
            ("issue_number", vec!["number"], "get_issue", Some(1)),
            ("id", vec!["order_id"], "get_order", Some(1)),
            ("id", vec!["parent_id"], "get_order", None),
            ("id", vec!["customer_id"], "get_order", None),
            ("id", vec!["owner", "id"], "get_order", None),
            ("id", vec!["order", "id"], "get_order", Some(0)),
            ("order", vec!["id"], "get_order", Some(1)),
            ("order", vec!["order_id"], "fetch", Some(1)),
            ("order", vec!["id"], "fetch", None),
            ("email", vec!["customer_id"], "find_customer", None),
        ] {
            assert_eq!(
                agree(asked, &path, tool, &long),
                expected,
                "{asked} {path:?} {tool}"
            );
        }
        assert_eq!(agree("order_id", &["id"], "get_order", &json!(7)), None);
        assert_eq!(
            agree("order_id", &["order_id"], "get_order", &json!(7)),
            Some(0)
        );
    }

    #[test]
    fn arguments_that_say_which_thing_is_meant() {
        for (key, value, expected) in [
            ("order_id", json!("W48121"), true),
            ("number", json!(7), true),
            ("order", json!("W48121"), true),
            ("order", json!("newest"), false),
            ("email", json!("ana@example.com"), true),
            ("page_number", json!(2), false),
            ("phone_number", json!("+43 660 1234567"), false),
            ("user_id", json!("me"), false),
            ("user_id", json!(""), false),
            ("query", json!("lamps"), false),
            ("date", json!("2027-03-28"), false),
            ("path", json!("a/b.txt"), false),
        ] {
            assert_eq!(tells_which(key, &value), expected, "{key} {value}");
        }
    }
}
