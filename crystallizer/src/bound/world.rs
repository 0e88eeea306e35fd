//! The recording's world changed: its data under other names, its lists in another order and with elements that were
//! not there.

use super::answers::is_collection;
use super::rename;
use super::view::data_of_text;
use crate::answer::Answer;
use crate::kept::Kept;
use crate::shared::Shared;
use druse_engine::expression::json_in;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

/// How deep texts are read as data inside of data.
const DEPTH: usize = 3;

/// What is changed besides the names that every world changes.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    /// Values that get another name only under these keys: words and small numbers that a run has to follow.
    pub(super) weak: BTreeSet<(String, String)>,
    /// Keys of collections that get another name.
    pub(super) weak_keys: BTreeSet<String>,
    /// Words of texts that get another name.
    pub(super) weak_words: BTreeSet<String>,
    /// What texts begin with that gets another name there.
    pub(super) beginnings: BTreeSet<String>,
    /// Keys of fields that a run is given: the one that is given has another name.
    pub(super) given_keys: BTreeSet<String>,
    /// Fields whose extreme is looked for; true for the most.
    pub(super) extremes: BTreeMap<String, bool>,
    /// Keys of fields by which an element of one list names one of another, each with what names the first one there: the
    /// stranger of the one list names that of the other.
    pub(super) joined: BTreeMap<String, String>,
    /// Whether lists are shuffled and get one element more.
    pub(super) shuffled: bool,
}

impl World {
    /// The answer of a call in this world.
    pub(super) fn answer(&self, kept: &Kept<'_>) -> Answer<'static> {
        let old = &kept.answer;
        if !is_text(old) {
            let raw = Shared::from(self.value("", &old.raw, 0));
            let json = old.json.as_ref().map(|json| match old.structured {
                true => self.value("", json, 0).into(),
                // It is the answer itself.
                false => raw.clone(),
            });
            return Answer::made(raw, None, json, old.structured);
        }
        let data = data_of_text(old);
        let named = match &*data {
            Value::String(_) => None,
            read => Some(Arc::new(self.value("", read, 0))),
        };
        let text = match &named {
            // JSON is YAML, too.
            Some(named) => named.to_string(),
            None => self.text("", old.text()),
        };
        let json = old.json.as_ref().map(|known| match &named {
            Some(named) if known.is(&data) => Shared::Made(Arc::clone(named)),
            _ => self.value("", known, 0).into(),
        });
        let yaml = match named {
            Some(named) if json.is_none() => OnceLock::from(Some(named)),
            _ => OnceLock::new(),
        };
        let raw = raw_like(&old.raw, &text).into();
        let mut answer = Answer::made(raw, Some(text), json, old.structured);
        answer.yaml = yaml;
        answer
    }

    /// The answer to a call like this one about something that was not there. `all` holds what was answered there.
    pub(super) fn strange_answer(&self, like: &Kept<'_>, all: &[Value]) -> Answer<'static> {
        let old = &like.answer;
        let value = self.stranger("", &super::view::data(like, old), all);
        let text = match &value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let raw = if is_text(old) {
            raw_like(&old.raw, &text)
        } else {
            value.clone()
        };
        let json = old.json.as_ref().map(|_| value.into());
        Answer::made(raw.into(), Some(text), json, old.structured)
    }

    /// A value under a key, in this world.
    pub(super) fn value(&self, key: &str, value: &Value, depth: usize) -> Value {
        match value {
            Value::Object(map) => Value::Object(self.map(key, map, depth)),
            Value::Array(items) => {
                let mut all: Vec<Value> = items
                    .iter()
                    .map(|item| self.value(key, item, depth))
                    .collect();
                if self.shuffled
                    && let Some(first) = items.first()
                {
                    // No element stays where it was, and the first is a stranger.
                    all.reverse();
                    all.insert(0, self.stranger(key, first, items));
                }
                Value::Array(all)
            }
            Value::String(text) => {
                if depth < DEPTH
                    && let Some(data) = json_in(text)
                {
                    return Value::from(self.value(key, &data, depth + 1).to_string());
                }
                self.text_value(key, value)
            }
            scalar => self.scalar(key, scalar),
        }
    }

    /// What a person names one by one, in this world, each with its index in the recording.
    pub(super) fn named(&self, elements: &[Value]) -> Vec<(Value, Option<usize>)> {
        let mut all: Vec<(Value, Option<usize>)> = elements
            .iter()
            .enumerate()
            .map(|(index, element)| (rename::other(element), Some(index)))
            .collect();
        if self.shuffled
            && let Some(first) = elements.first()
        {
            all.reverse();
            all.insert(0, (self.stranger("", &rename::other(first), &[]), None));
        }
        all
    }

    fn map(&self, key: &str, map: &Map<String, Value>, depth: usize) -> Map<String, Value> {
        if !self.is_collection(map) {
            return map
                .iter()
                .map(|(key, inner)| (self.field(key), self.value(key, inner, depth)))
                .collect();
        }
        let mut entries: Vec<(String, Value)> = map
            .iter()
            .map(|(name, inner)| (self.key(name), self.value(key, inner, depth)))
            .collect();
        if self.shuffled
            && let Some((name, inner)) = map.iter().next()
        {
            entries.reverse();
            let values: Vec<Value> = map.values().cloned().collect();
            entries.insert(
                0,
                (format!("{name}zz9"), self.stranger(key, inner, &values)),
            );
        }
        entries.into_iter().collect()
    }

    /// Whether the keys of a map are data: also where a run reads what stands under one that it was given.
    fn is_collection(&self, map: &Map<String, Value>) -> bool {
        is_collection(map) || map.keys().any(|key| self.weak_keys.contains(key))
    }

    /// The key of a field, in this world.
    fn field(&self, key: &str) -> String {
        if !self.given_keys.contains(key) {
            return key.to_owned();
        }
        match rename::other(&Value::from(key)) {
            Value::String(named) => named,
            _ => key.to_owned(),
        }
    }

    /// The key of an entry of a collection, in this world.
    pub(super) fn key(&self, key: &str) -> String {
        let named = rename::text(key);
        if named == key && self.weak_keys.contains(key) {
            format!("{key}q")
        } else {
            named
        }
    }

    /// A scalar under a key, in this world.
    pub(super) fn scalar(&self, key: &str, value: &Value) -> Value {
        if let Value::String(_) = value {
            return self.text_value(key, value);
        }
        let named = rename::scalar(value);
        if named == *value && self.weak.contains(&(key.to_owned(), value.to_string())) {
            rename::weak(value)
        } else {
            named
        }
    }

    fn text_value(&self, key: &str, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::from(self.text(key, text)),
            other => other.clone(),
        }
    }

    fn text(&self, key: &str, text: &str) -> String {
        let named = rename::text(text);
        if named == text
            && self
                .weak
                .contains(&(key.to_owned(), Value::from(text).to_string()))
        {
            return self.begun(rename::weak_text(text));
        }
        let mut named = self.begun(named);
        for word in &self.weak_words {
            named = replaced(&named, word);
        }
        named
    }

    /// A text with another beginning, where that is a name.
    fn begun(&self, mut text: String) -> String {
        for beginning in &self.beginnings {
            if text.starts_with(beginning.as_str()) {
                text.insert(beginning.len(), 'q');
            }
        }
        text
    }

    /// An element that was not there: like one that was, with everything in it changed. Of what the least or the most
    /// is looked for, it has neither.
    fn stranger(&self, key: &str, like: &Value, all: &[Value]) -> Value {
        match like {
            Value::Object(map) => Value::Object(
                map.iter()
                    .map(|(key, inner)| {
                        let beside: Vec<Value> = all
                            .iter()
                            .filter_map(|other| other.get(key))
                            .cloned()
                            .collect();
                        let name = if self.is_collection(map) {
                            format!("{key}zz9")
                        } else {
                            self.field(key)
                        };
                        (name, self.stranger(key, inner, &beside))
                    })
                    .collect(),
            ),
            Value::Array(items) => Value::Array(
                items
                    .iter()
                    .map(|item| self.stranger(key, item, &[]))
                    .collect(),
            ),
            Value::String(text)
                if crate::value_class::is_date(text) || crate::value_class::is_moment(text) =>
            {
                let moved: Vec<String> = all
                    .iter()
                    .filter_map(|other| other.as_str().map(rename::text))
                    .collect();
                let edge = match self.extremes.get(key) {
                    Some(true) => moved.iter().min(),
                    _ => moved.iter().max(),
                };
                let days = if self.extremes.get(key) == Some(&true) {
                    -DAYS_OFF
                } else {
                    DAYS_OFF
                };
                shifted(edge.map_or(text.as_str(), String::as_str), days).into()
            }
            Value::String(text) => match json_in(text) {
                Some(data) => self.stranger(key, &data, &[]).to_string().into(),
                None => {
                    let text = self.joined.get(key).unwrap_or(text);
                    format!("{}zz9", rename::text(text)).into()
                }
            },
            Value::Number(_) => {
                let moved: Vec<f64> = all
                    .iter()
                    .filter_map(|other| self.scalar(key, other).as_f64())
                    .collect();
                let least = moved.iter().copied().fold(f64::INFINITY, f64::min);
                let most = moved.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let number = match self.extremes.get(key) {
                    Some(true) => least - 1.0,
                    _ => most + 1.0,
                };
                if !number.is_finite() {
                    return rename::weak(like);
                }
                if like.is_f64() {
                    serde_json::Number::from_f64(number).map_or(Value::Null, Value::Number)
                } else {
                    Value::from(number as i64)
                }
            }
            other => other.clone(),
        }
    }
}

/// Whether an answer was recorded as a text: as one, or in blocks.
fn is_text(answer: &Answer<'_>) -> bool {
    match &*answer.raw {
        Value::String(_) => true,
        Value::Array(_) => {
            let written = answer.raw.to_string();
            answer.text() != written
        }
        _ => false,
    }
}

/// How far the days of a stranger lie from those of the others.
const DAYS_OFF: i64 = 3;

fn shifted(text: &str, days: i64) -> String {
    use jiff::ToSpan as _;
    let Some((date, rest)) = text.split_at_checked(10) else {
        return text.to_owned();
    };
    match date
        .parse::<jiff::civil::Date>()
        .ok()
        .and_then(|date| date.checked_add(days.days()).ok())
    {
        Some(moved) => format!("{moved}{rest}"),
        None => text.to_owned(),
    }
}

/// A recorded answer with another text: as a text, or as the blocks that it was.
fn raw_like(raw: &Value, text: &str) -> Value {
    match raw {
        Value::Array(_) => serde_json::json!([{ "type": "text", "text": text }]),
        _ => Value::from(text),
    }
}

/// A text in which a word has another name wherever it stands alone.
fn replaced(text: &str, word: &str) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    let mut done = 0;
    for (at, _) in text.match_indices(word) {
        let end = at + word.len();
        let joins = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        if at < done || joins(text[..at].chars().next_back()) || joins(text[end..].chars().next()) {
            continue;
        }
        out.push_str(&text[done..end]);
        out.push('q');
        done = end;
    }
    out.push_str(&text[done..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_are_shuffled_and_get_a_stranger() {
        let world = World {
            weak: BTreeSet::from([("cabin".to_owned(), "\"economy\"".to_owned())]),
            extremes: BTreeMap::from([("price".to_owned(), false)]),
            given_keys: BTreeSet::from(["basic_economy".to_owned()]),
            shuffled: true,
            ..World::default()
        };
        assert_eq!(
            world.value("", &json!({ "prices": { "basic_economy": 51 } }), 0),
            json!({ "prices": { "basic_economyq": 51 } })
        );
        let value = json!({ "flights": [
            { "number": "HAT069", "cabin": "economy", "price": 121 },
            { "number": "HAT083", "cabin": "business", "price": 100 },
        ], "class": "economy" });
        assert_eq!(
            world.value("", &value, 0),
            json!({ "flights": [
                { "number": "HAT392zz9", "cabin": "economyzz9", "price": 129 },
                { "number": "HAT316", "cabin": "business", "price": 107 },
                { "number": "HAT392", "cabin": "economyq", "price": 128 },
            ], "class": "economy" })
        );
        let map = json!({ "card_421": { "kind": "visa" }, "card_422": { "kind": "amex" } });
        assert_eq!(
            world.value("", &map, 0).to_string(),
            r#"{"card_421zz9":{"kind":"visazz9"},"card_755":{"kind":"amex"},"card_754":{"kind":"visa"}}"#
        );
        assert_eq!(replaced("a b ab a", "a"), "aq b ab aq");
    }
}
