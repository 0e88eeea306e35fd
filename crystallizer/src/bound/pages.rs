//! Calls that turn the pages of a list: the same call again with the next number, or with what the answer before it
//! gave, until an answer says that there is no more. They become a `repeat` that gives all pages as one list.

use super::answers::{Answers, WholePlace};
use super::binder::Binder;
use super::cycle::fits;
use super::enter::Pending;
use super::evaluate::{literal, member};
use super::key::{noun, words};
use super::nested::{list_at, list_paths};
use super::passes::before;
use super::selector::{field, fields};
use super::slot;
use super::turn::closed;
use super::view;
use super::world::World;
use crate::kept::{Kept, Spot};
use druse_engine::definition::{Document, Repeat, Step};
use druse_engine::expression::Template;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The most pages that are turned.
const MOST: usize = 1_000;
/// How many more pages than were recorded a loop turns, times their number, before it fails.
const MORE: usize = 10;
/// How many pages every loop turns.
const ENOUGH: usize = 100;

/// A list that was asked for page by page.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pages {
    /// The id of its step.
    pub(super) id: String,
    /// The call of the first page.
    pub(super) first: usize,
    /// How many pages were recorded.
    pub(super) passes: usize,
    /// The call that the body is made of: the first that says which page it wants.
    pub(super) body: usize,
    /// The argument that says so.
    pub(super) pointer: String,
    pub(super) next: Next,
    /// The way to the list in the answer.
    pub(super) list: Vec<String>,
    /// The bare expression that holds after the last page.
    until: String,
    /// The expression of what the body is answered.
    base: String,
    /// Why, in words.
    pub(super) because: String,
}

/// What says which page is next.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Next {
    /// A number that grows.
    Count { from: i64, by: i64 },
    /// A field of the answer before. The first page has this in its place, where it has anything.
    Handed {
        path: Vec<String>,
        first: Option<Value>,
    },
}

/// The key under which what a pass hands on stands in what it gives.
const NEXT: &str = "next";

impl Pages {
    /// Its last call, which stands for it where its answers are meant.
    pub(super) fn last(&self) -> usize {
        self.first + self.passes - 1
    }

    pub(super) fn holds(&self, call: usize) -> bool {
        (self.first..=self.last()).contains(&call)
    }

    pub(super) fn path(&self, pass: usize, step: &str) -> String {
        format!("{}[{pass}].{step}", self.id)
    }

    /// The name of the list in what it gives.
    fn name(&self) -> &str {
        self.list.last().map_or("items", String::as_str)
    }

    /// The list as it is in a world, page after page, each element with its index in the recorded one.
    pub(super) fn over(&self, kept: &[Kept<'_>], world: &World) -> Vec<(Value, Option<usize>)> {
        let mut all = Vec::new();
        let mut offset = 0;
        for kept in kept.iter().skip(self.first).take(self.passes) {
            let length = |data: &Value| {
                list_at(data, &self.list)
                    .and_then(Value::as_array)
                    .map_or(0, Vec::len)
            };
            let count = length(&view::data(kept, &kept.answer));
            let now = view::data(kept, &world.answer(kept));
            if let Some(Value::Array(items)) = list_at(&now, &self.list) {
                all.extend(items.iter().enumerate().map(|(index, item)| {
                    let before = before(index, count, world).map(|index| offset + index);
                    (item.clone(), before)
                }));
            }
            offset += count;
        }
        all
    }

    /// Whether a place is the list of all pages.
    pub(super) fn gives(&self, answers: &Answers, place: WholePlace) -> bool {
        place.call == self.last()
            && !Answers::is_root(place)
            && answers.last_key_of(place) == self.name()
            && answers.steps_to_whole(place).len() == 1
    }

    fn list_expression(&self) -> String {
        way(&self.base, &self.list)
    }

    /// What says which page a pass asks for; that of the first page where it is not left out there.
    fn asks(&self) -> String {
        match &self.next {
            Next::Count { from, by } => counted(*from, *by),
            Next::Handed { first: None, .. } => format!("loop.previous{}", member(NEXT)),
            Next::Handed {
                first: Some(first), ..
            } => format!(
                "loop.previous{} if loop.previous else {}",
                member(NEXT),
                literal(first)
            ),
        }
    }

    /// What a pass gives: the list so far, and what the next one is asked for by.
    fn output(&self) -> Value {
        let name = self.name();
        let mut map = Map::new();
        map.insert(
            name.to_owned(),
            format!(
                "{{{{ loop.previous{} | default([]) | chain({}) | list }}}}",
                member(name),
                self.list_expression()
            )
            .into(),
        );
        if let Next::Handed { path, .. } = &self.next {
            let next = way(&self.base, path);
            map.insert(
                NEXT.to_owned(),
                format!("{{{{ {next} | default(none) }}}}").into(),
            );
        }
        Value::Object(map)
    }
}

fn counted(from: i64, by: i64) -> String {
    match (from, by) {
        (0, 1) => "loop.index".to_owned(),
        (from, 1) => format!("loop.index + {from}"),
        (0, by) => format!("loop.index * {by}"),
        (from, by) => format!("loop.index * {by} + {from}"),
    }
}

fn way(base: &str, path: &[String]) -> String {
    let mut text = if path.is_empty() {
        base.to_owned()
    } else {
        closed(base)
    };
    for word in path {
        text.push_str(&member(word));
    }
    text
}

/// What calls that follow each other send that may be pages: the argument in which alone they differ, and what each
/// sent there; nothing where the first one left it out.
struct Turned<'k> {
    pointer: String,
    values: Vec<Option<&'k Value>>,
}

/// The scalars of what a call sent, but for those that say nothing.
fn sent<'k>(kept: &'k Kept<'_>) -> BTreeMap<String, &'k Value> {
    fn walk<'v>(value: &'v Value, pointer: &str, found: &mut BTreeMap<String, &'v Value>) {
        match value {
            Value::Object(map) => {
                for (key, inner) in map {
                    let key = crate::tool_map::escape(key);
                    walk(inner, &format!("{pointer}/{key}"), found);
                }
            }
            Value::Array(items) if !items.is_empty() => {
                for (index, inner) in items.iter().enumerate() {
                    walk(inner, &format!("{pointer}/{index}"), found);
                }
            }
            scalar => {
                found.insert(pointer.to_owned(), scalar);
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(&kept.call.arguments, "", &mut found);
    found
}

impl Binder<'_> {
    /// Finds the pages that calls from this one on turn. Gives the last of them.
    pub(super) fn turn_pages(&mut self, at: usize) -> Option<usize> {
        if !self.folds {
            return None;
        }
        let kept = self.kept;
        let first = kept.get(at)?;
        let count = kept
            .iter()
            .enumerate()
            .skip(at)
            .take(MOST)
            .take_while(|(index, one)| {
                one.call.name == first.call.name
                    && one.target.action == first.target.action
                    && one.is_harmless()
                    && !self.gated.contains(index)
                    && fits(kept, *index, *index, at, &self.cuts, &self.gated)
            })
            .count();
        // As many as there are, and fewer where what comes behind is another list.
        for passes in (2..=count).rev() {
            if let Some(pages) = self.pages(at, passes) {
                let last = pages.last();
                self.enter_pages(pages);
                return Some(last);
            }
        }
        None
    }

    fn pages(&mut self, first: usize, passes: usize) -> Option<Pages> {
        let kept = self.kept;
        let calls = kept.get(first..first + passes)?;
        let turned = turned(calls)?;
        let answers: Vec<Value> = calls.iter().map(|kept| view::view(kept).data).collect();
        let body = first + usize::from(turned.values.first()?.is_none());
        slot::first(kept.get(body)?, &turned.pointer)?;
        // A page that the person named is none that follows.
        let said = turned
            .values
            .iter()
            .flatten()
            .any(|value| value.is_string() && self.said.find(value, &[]).is_some());
        if said {
            return None;
        }
        let list = longest_list(&answers)?;
        let base = self.router.base(kept, body)?;
        let mut found = None;
        for next in nexts(&turned, &answers, &list) {
            if let Some((until, why)) = end(&base, &next, &answers, &list, passes) {
                found = Some((next, until, why));
                break;
            }
        }
        let (next, until, why) = found?;
        let tool = kept.get(first)?.call.name.as_str();
        let how = match &next {
            Next::Count { .. } => "each page was asked for by the next number",
            Next::Handed { .. } => "each page was asked for by what the answer before it gave",
        };
        Some(Pages {
            id: self.pages_id(tool),
            first,
            passes,
            body,
            pointer: turned.pointer,
            next,
            list,
            until,
            base,
            because: format!("{how}, until {why}"),
        })
    }

    fn pages_id(&self, tool: &str) -> String {
        let name: Vec<String> = noun(tool)
            .iter()
            .map(|word| {
                word.chars()
                    .filter(char::is_ascii_alphanumeric)
                    .collect::<String>()
            })
            .filter(|word| !word.is_empty())
            .collect();
        let base = if name.is_empty() {
            "all_pages".to_owned()
        } else {
            format!("all_{}_pages", name.join("_").to_ascii_lowercase())
        };
        let taken = |id: &str| {
            self.kept.iter().any(|kept| kept.step == id)
                || self.cycles.iter().any(|cycle| cycle.id == id)
                || self.pages.iter().any(|pages| pages.id == id)
        };
        let mut id = base.clone();
        let mut number = 2;
        while taken(&id) {
            id = format!("{base}_{number}");
            number += 1;
        }
        id
    }

    fn enter_pages(&mut self, pages: Pages) {
        let kept = self.kept;
        let before = self.sent.clone();
        if let Some(body) = kept.get(pages.body) {
            self.strong = super::decide::strong_values(&body.call.arguments);
            self.others(pages.body, &[pages.pointer.clone()].into());
        }
        let mut all = Vec::new();
        for kept in kept.iter().skip(pages.first).take(pages.passes) {
            self.note_sent(&kept.call.arguments);
            let data = view::view(kept).data;
            if let Some(Value::Array(items)) = list_at(&data, &pages.list) {
                all.extend(items.iter().cloned());
            }
        }
        let mut output = Map::new();
        output.insert(pages.name().to_owned(), Value::Array(all));
        self.paged.push(Pending {
            sent: before,
            output: Value::Object(output),
        });
        self.pages.push(pages);
    }

    /// Takes in what pages gave.
    pub(super) fn learn_pages(&mut self, index: usize) {
        let (Some(pages), Some(pending)) = (self.pages.get(index), self.paged.get(index)) else {
            return;
        };
        let (id, last) = (pages.id.clone(), pages.last());
        let (output, sent) = (pending.output.clone(), pending.sent.clone());
        self.learn_as(last, &id, output, &sent);
    }
}

/// What alone differs between calls.
fn turned<'k>(calls: &'k [Kept<'_>]) -> Option<Turned<'k>> {
    let all: Vec<BTreeMap<String, &Value>> = calls.iter().map(sent).collect();
    let (first, rest) = all.split_first()?;
    let second = rest.first()?;
    let differing: Vec<&String> = second
        .iter()
        .filter(|(pointer, value)| first.get(*pointer) != Some(value))
        .map(|(pointer, _)| pointer)
        .collect();
    let [pointer] = differing.as_slice() else {
        return None;
    };
    let others = |sent: &BTreeMap<String, &'k Value>| {
        let mut sent = sent.clone();
        sent.remove(*pointer);
        sent
    };
    let same = others(second);
    if !all.iter().all(|sent| others(sent) == same) {
        return None;
    }
    let values: Vec<Option<&Value>> = all.iter().map(|sent| sent.get(*pointer).copied()).collect();
    // Only the first may leave it out.
    if values.iter().skip(1).any(Option::is_none) {
        return None;
    }
    Some(Turned {
        pointer: (*pointer).clone(),
        values,
    })
}

/// The list of the answers that holds most.
fn longest_list(answers: &[Value]) -> Option<Vec<String>> {
    let length = |path: &[String]| -> usize {
        answers
            .iter()
            .filter_map(|answer| list_at(answer, path)?.as_array())
            .map(Vec::len)
            .sum()
    };
    list_paths(answers)
        .into_iter()
        .filter(|path| {
            answers
                .iter()
                .all(|answer| list_at(answer, path).is_some_and(Value::is_array))
        })
        .max_by_key(|path| (length(path), std::cmp::Reverse(path.len())))
        .filter(|path| length(path) > 0)
}

/// What may say which page is next.
fn nexts(turned: &Turned<'_>, answers: &[Value], list: &[String]) -> Vec<Next> {
    let mut found = Vec::new();
    let later: Vec<&Value> = turned.values.iter().skip(1).flatten().copied().collect();
    // What the first page was asked for by says nothing of where the list begins.
    let begins = turned.values.first().is_some_and(|first| match first {
        None => true,
        Some(first) => {
            first.is_null() || *first == "" || first.as_i64().is_some_and(|n| n == 0 || n == 1)
        }
    });
    if let Some(one) = answers.first().filter(|_| begins) {
        for (path, _) in fields(one) {
            let gives = answers
                .iter()
                .zip(&later)
                .all(|(answer, sent)| field(answer, &path) == Some(*sent));
            if gives {
                found.push(Next::Handed {
                    path,
                    first: turned.values.first().and_then(|value| value.cloned()),
                });
            }
        }
    }
    let numbers: Option<Vec<i64>> = later.iter().map(|value| value.as_i64()).collect();
    let numbers = numbers.and_then(|later| {
        let step = match later.as_slice() {
            [one, two, ..] => two - one,
            // One further page shows the step only beside the first.
            [one] => match turned.values.first()? {
                Some(first) => one - first.as_i64()?,
                None => match one {
                    1 | 2 => 1,
                    other => *other,
                },
            },
            [] => return None,
        };
        let first = match turned.values.first()? {
            Some(first) => first.as_i64()?,
            None => later.first()? - step,
        };
        let all: Vec<i64> = std::iter::once(first).chain(later).collect();
        let even = step > 0 && all.windows(2).all(|pair| pair[1] - pair[0] == step);
        // A list is read from its beginning, and a place in it is as far on as there were elements.
        let begins = first == 0 || first == 1;
        // Only before an empty page one may be short.
        let length = |answer: &Value| {
            let items = list_at(answer, list).and_then(Value::as_array)?;
            i64::try_from(items.len()).ok()
        };
        let full = answers
            .iter()
            .rev()
            .skip(2)
            .all(|answer| length(answer) == Some(step))
            && answers
                .iter()
                .rev()
                .nth(1)
                .and_then(length)
                .is_some_and(|length| length <= step);
        (even && begins && (step == 1 || full)).then_some((first, step))
    });
    if let Some((from, by)) = numbers {
        found.push(Next::Count { from, by });
    }
    found
}

/// What tells the last answer from those before it, as a bare expression, and in words.
fn end(
    base: &str,
    next: &Next,
    answers: &[Value],
    list: &[String],
    passes: usize,
) -> Option<(String, String)> {
    let (last, before) = answers.split_last()?;
    for (path, value) in flags(last) {
        let was = before
            .iter()
            .all(|answer| at(answer, &path).and_then(Value::as_bool) == Some(!value));
        if was {
            let flag = way(base, &path);
            let until = if value { flag } else { format!("not {flag}") };
            return Some((
                until,
                format!("`{}` said that it was the last", path.join(".")),
            ));
        }
    }
    let is_none = |value: Option<&Value>| {
        value.is_none_or(|value| value.is_null() || value == "" || *value == Value::Bool(false))
    };
    let named = |path: &[String]| {
        let words = path.last().map(|key| words(key)).unwrap_or_default();
        words.iter().any(|word| {
            matches!(
                word.as_str(),
                "next" | "cursor" | "token" | "continuation" | "after"
            )
        })
    };
    if let Some(one) = before.first() {
        for (path, _) in fields(one) {
            let hands = matches!(next, Next::Handed { path: handed, .. } if *handed == path);
            let told = (hands || named(&path))
                && before.iter().all(|answer| !is_none(at(answer, &path)))
                && is_none(at(last, &path));
            if told {
                let until = format!("not ({} | default(''))", way(base, &path));
                return Some((until, format!("`{}` was empty", path.join("."))));
            }
        }
    }
    if let Next::Count { from, by: 1 } = next {
        let number = from + i64::try_from(passes).ok()? - 1;
        for (path, value) in fields(last) {
            let words = path.last().map(|key| words(key)).unwrap_or_default();
            let named = words.iter().any(|word| word == "page")
                && words
                    .iter()
                    .any(|word| matches!(word.as_str(), "total" | "count" | "last" | "max" | "of"))
                || path.last().is_some_and(|key| key == "pages");
            let same = answers
                .iter()
                .all(|answer| at(answer, &path) == Some(value));
            if named && same && passes >= 2 && value.as_i64() == Some(number) {
                let until = format!("{} >= {}", counted(*from, 1), way(base, &path));
                return Some((until, format!("`{}` was reached", path.join("."))));
            }
        }
    }
    let length = |answer: &Value| {
        list_at(answer, list)
            .and_then(Value::as_array)
            .map(Vec::len)
    };
    let full = before
        .iter()
        .all(|answer| length(answer).is_some_and(|length| length > 0));
    (length(last) == Some(0) && full).then(|| {
        (
            format!("{} | length == 0", way(base, list)),
            "a page was empty".to_owned(),
        )
    })
}

fn at<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, key| value.get(key))
}

/// The truth values of an answer, through maps.
fn flags(value: &Value) -> Vec<(Vec<String>, bool)> {
    fn walk(value: &Value, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, bool)>) {
        match value {
            Value::Object(map) if path.len() < 3 => {
                for (key, inner) in map {
                    path.push(key.clone());
                    walk(inner, path, found);
                    path.pop();
                }
            }
            Value::Bool(flag) => found.push((path.clone(), *flag)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(value, &mut Vec::new(), &mut found);
    found
}

/// Puts the calls of pages into bodies: one step stands for all of them.
pub(super) fn nest(
    document: &mut Document,
    kept: &mut [Kept<'_>],
    spots: &mut [Spot],
    pages: &[Pages],
) {
    for one in pages {
        let places: Vec<usize> = (one.first..=one.last())
            .filter_map(|call| spots.get(call).map(|spot| spot.step))
            .collect();
        let (Some(first), Some(body), Some(name)) = (
            places.first().copied(),
            spots.get(one.body).map(|spot| spot.step),
            kept.get(one.first).map(|kept| kept.step.clone()),
        ) else {
            continue;
        };
        let Some(step) = document.steps.get(body).cloned() else {
            continue;
        };
        let mut metadata = Map::new();
        metadata.insert(
            "folded".to_owned(),
            json!({ "passes": one.passes, "because": one.because }),
        );
        let around = Step {
            id: one.id.clone(),
            repeat: Some(Repeat {
                until: one
                    .until
                    .replace(&format!("steps.{}.", step.id), &format!("steps.{name}.")),
                every: None,
                factor: None,
                max: u32::try_from((one.passes * MORE).max(ENOUGH)).ok(),
                output: Some(renamed(&one.output(), &step.id, &name)),
            }),
            steps: vec![Step {
                id: name.clone(),
                needs: Vec::new(),
                join: None,
                when: None,
                ..step
            }],
            metadata,
            ..Step::default()
        };
        let mut index = 0;
        let mut now: BTreeMap<usize, usize> = BTreeMap::new();
        let mut steps: Vec<Step> = Vec::with_capacity(document.steps.len());
        for old in std::mem::take(&mut document.steps) {
            if index == first {
                steps.push(around.clone());
            } else if !places.contains(&index) {
                steps.push(old);
            }
            now.insert(index, steps.len().saturating_sub(1));
            index += 1;
        }
        document.steps = steps;
        for spot in spots.iter_mut() {
            if let Some(step) = now.get(&spot.step) {
                spot.step = *step;
            }
        }
        for (pass, call) in (one.first..=one.last()).enumerate() {
            if let Some(spot) = spots.get_mut(call) {
                spot.inner = Some(0);
            }
            if let Some(kept) = kept.get_mut(call) {
                kept.path = one.path(pass, &name);
                kept.step.clone_from(&name);
            }
        }
    }
}

/// A template in which the body has another name.
fn renamed(template: &Value, old: &str, new: &str) -> Value {
    match template {
        Value::String(text) => text
            .replace(&format!("steps.{old}."), &format!("steps.{new}."))
            .into(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), renamed(value, old, new)))
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// Writes into the bodies which page a pass asks for. Gives whether that was possible everywhere.
pub(super) fn write(
    document: &mut Document,
    kept: &[Kept<'_>],
    spots: &[Spot],
    pages: &[Pages],
) -> bool {
    pages.iter().all(|one| {
        let asks = one.asks();
        let (Some(body), Some(spot)) = (kept.get(one.body), spots.get(one.body)) else {
            return false;
        };
        let places = slot::whole(body, &one.pointer);
        let Some(with) = spot.step_mut(document).and_then(|step| step.with.as_mut()) else {
            return false;
        };
        let mut whole = Value::Object(std::mem::take(with));
        let mut done = !places.is_empty();
        for place in places {
            done &= if one.body == one.first {
                match whole.pointer_mut(&place) {
                    Some(value) => {
                        *value = format!("{{{{ {asks} }}}}").into();
                        true
                    }
                    None => false,
                }
            } else {
                left_out_at_first(&mut whole, &place, &asks)
            };
        }
        if let Value::Object(map) = whole {
            *with = map;
        }
        done
    })
}

/// Writes a map of which the first pass leaves one key out.
fn left_out_at_first(whole: &mut Value, place: &str, asks: &str) -> bool {
    let Some((around, key)) = place.rsplit_once('/') else {
        return false;
    };
    let key = key.replace("~1", "/").replace("~0", "~");
    let Some(map) = whole.pointer_mut(around) else {
        return false;
    };
    let Value::Object(mut with) = map.clone() else {
        return false;
    };
    with.insert(key.clone(), format!("{{{{ {asks} }}}}").into());
    let mut without = with.clone();
    without.remove(&key);
    match (
        expression_of(&Value::Object(without)),
        expression_of(&Value::Object(with)),
    ) {
        (Some(without), Some(with)) => {
            *map = format!("{{{{ {without} if loop.index == 0 else {with} }}}}").into();
            !around.is_empty()
        }
        _ => false,
    }
}

/// A template as one expression; none where a text has expressions in it.
fn expression_of(template: &Value) -> Option<String> {
    match template {
        Value::Object(map) => {
            let entries: Option<Vec<String>> = map
                .iter()
                .map(|(key, value)| {
                    Some(format!(
                        "{}: {}",
                        super::evaluate::quoted(key),
                        expression_of(value)?
                    ))
                })
                .collect();
            Some(format!("{{{}}}", entries?.join(", ")))
        }
        Value::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(expression_of).collect();
            Some(format!("[{}]", items?.join(", ")))
        }
        Value::String(_) => {
            let compiled = Template::compile(template).ok()?;
            if let Some(constant) = compiled.constant() {
                return Some(literal(constant.value()));
            }
            let text = template.as_str()?.trim();
            let inner = text.strip_prefix("{{")?.strip_suffix("}}")?.trim();
            match compiled.expressions().as_slice() {
                [(_, one)] if one.source().trim() == inner => Some(format!("({inner})")),
                _ => None,
            }
        }
        scalar => Some(literal(scalar)),
    }
}
