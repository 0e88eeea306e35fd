//! Whether calls turn the pages of a list: what says which page is next, and what tells the last.

use super::{Next, counted, way};
use crate::bound::key::words;
use crate::bound::nested::{list_at, list_paths};
use crate::bound::selector::{field, fields};
use crate::kept::Kept;
use serde_json::Value;
use std::collections::BTreeMap;

/// What calls that follow each other send that may be pages: the argument in which alone they differ, and what each
/// sent there; nothing where the first one left it out.
pub(super) struct Turned<'k> {
    pub(super) pointer: String,
    pub(super) values: Vec<Option<&'k Value>>,
}

/// The scalars of what a call sent, but for those that say nothing.
pub(super) fn sent<'k>(kept: &'k Kept<'_>) -> BTreeMap<String, &'k Value> {
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

/// What alone differs between calls.
pub(super) fn turned<'k>(calls: &'k [Kept<'_>]) -> Option<Turned<'k>> {
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
pub(super) fn longest_list(answers: &[Value]) -> Option<Vec<String>> {
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

/// Whether what the first page was asked for by is where a list begins.
pub(super) fn begins(first: Option<&Option<&Value>>) -> bool {
    first.is_some_and(|first| match first {
        None => true,
        Some(first) => {
            first.is_null() || *first == "" || first.as_i64().is_some_and(|n| n == 0 || n == 1)
        }
    })
}

/// Whether an answer may be the last of pages of which another one is the first, whatever comes between: it has a mark,
/// a number or an empty list that tells.
pub(super) fn may_end(first: &Value, last: &Value) -> bool {
    let flag = flags(last)
        .into_iter()
        .any(|(path, value)| at(first, &path).and_then(Value::as_bool) == Some(!value));
    flag || fields(first)
        .into_iter()
        .any(|(path, _)| !is_none(at(first, &path)) && is_none(at(last, &path)))
        || fields(last).into_iter().any(|(path, value)| {
            value.is_i64()
                && path
                    .iter()
                    .any(|key| key.to_ascii_lowercase().contains("page"))
        })
        || list_paths(std::slice::from_ref(first)).iter().any(|path| {
            list_at(last, path)
                .and_then(Value::as_array)
                .is_some_and(Vec::is_empty)
        })
}

/// What may say which page is next.
pub(super) fn nexts(turned: &Turned<'_>, answers: &[Value], list: &[String]) -> Vec<Next> {
    let mut found = Vec::new();
    let later: Vec<&Value> = turned.values.iter().skip(1).flatten().copied().collect();
    if let Some(one) = answers.first().filter(|_| begins(turned.values.first())) {
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
pub(super) fn end(
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

fn is_none(value: Option<&Value>) -> bool {
    value.is_none_or(|value| value.is_null() || value == "" || *value == Value::Bool(false))
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
