//! Other names for the data of a real recording, made here and not by the crystallizer, so that what it takes for
//! proved is looked at from outside: ids get other digits, days move, numbers grow; lists are mixed, each with a
//! stranger somewhere in it.

use crate::bound::MONTHS;
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Map, Number, Value};
use std::collections::BTreeSet;

/// How far days move.
const DAYS: i64 = 77;
/// How much numbers grow.
const MORE: u128 = 13;
/// What the ids of strangers end in.
pub(super) const STRANGE: &str = "strangerx";

/// Longer texts are what the agent wrote.
const PROSE: usize = 60;

/// How the data of a recording is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Names<'n> {
    /// Whether lists are mixed and get a stranger each.
    pub(super) mixed: bool,
    /// What the agent made up, in its plain form: it is the same in every world, and so are the answers that repeat it.
    pub(super) stays: &'n BTreeSet<String>,
}

/// A word as it is known: numbers without their grouping and their last zeros.
pub(super) fn plain(word: &str) -> String {
    let bare: String = word.chars().filter(|c| *c != ',').collect();
    match bare.parse::<f64>() {
        Ok(number) if bare.len() < 15 && !bare.starts_with('0') => number.to_string(),
        _ => word.to_owned(),
    }
}

/// The days that a text names otherwise than by ISO 8601, as `2024-05-20`, or `-05-20` where no year is named.
pub(super) fn spoken_days(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let runs: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|run| !run.is_empty())
        .collect();
    let month = |run: &str| {
        let place = MONTHS
            .iter()
            .position(|name| *name == run || run.len() == 3 && name.starts_with(run))?;
        Some(place + 1)
    };
    let day = |run: &str| {
        let digits = run.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        digits
            .parse::<usize>()
            .ok()
            .filter(|day| (1..=31).contains(day) && digits.len() <= 2)
    };
    let mut found = Vec::new();
    for (at, run) in runs.iter().enumerate() {
        let Some(month) = month(run) else { continue };
        let before = at.checked_sub(1).and_then(|at| match runs[at] {
            "of" => at.checked_sub(1).map(|at| runs[at]),
            own => Some(own),
        });
        let after = runs.get(at + 1).copied();
        for (own, year) in [(before, after), (after, runs.get(at + 2).copied())] {
            let Some(day) = own.and_then(day) else {
                continue;
            };
            let year = year.filter(|run| run.len() == 4 && run.parse::<u16>().is_ok());
            found.push(format!("{}-{month:02}-{day:02}", year.unwrap_or("")));
        }
    }
    found
}

/// Whether a word is among those that are known: as it is, or as a day that was named without its year.
pub(super) fn knows(known: &BTreeSet<String>, word: &str) -> bool {
    known.contains(&plain(word)) || day(word) == Some(word.len()) && known.contains(&word[4..])
}

/// The words of a text: a day, a number with what belongs to it, letters and digits, or one other character.
pub(super) fn words(text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    let mut rest = text;
    // Whether what comes goes on with a word, or with the parts of a version.
    let mut joined = false;
    let mut digit = false;
    while let Some(first) = rest.chars().next() {
        let length = if joined {
            word(rest)
        } else {
            day(rest)
                .or_else(|| number(rest))
                .unwrap_or_else(|| word(rest))
        };
        let length = length.max(first.len_utf8());
        let (one, after) = rest.split_at(length);
        joined =
            one.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_') || one == "." && digit;
        digit = one.ends_with(|c: char| c.is_ascii_digit());
        all.push(one);
        rest = after;
    }
    all
}

fn word(rest: &str) -> usize {
    rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .unwrap_or(rest.len())
}

fn day(rest: &str) -> Option<usize> {
    let (date, after) = rest.split_at_checked(10)?;
    let digits = date.bytes().enumerate().all(|(at, b)| match at {
        4 | 7 => b == b'-',
        _ => b.is_ascii_digit(),
    });
    (digits && !after.starts_with(|c: char| c.is_ascii_digit())).then_some(10)
}

/// A number: with groups or a fraction, or of three digits and more; not one that a word or a version goes on with.
fn number(rest: &str) -> Option<usize> {
    let whole = rest
        .find(|c: char| !(c.is_ascii_digit() || c == ','))
        .unwrap_or(rest.len());
    let mut end = rest[..whole].trim_end_matches(',').len();
    let groups: Vec<&str> = rest[..end].split(',').collect();
    if groups.len() > 1
        && (groups[0].is_empty()
            || groups[0].len() > 3
            || groups[1..].iter().any(|group| group.len() != 3))
    {
        end = groups[0].len();
    }
    if end == 0 {
        return None;
    }
    let fraction = rest[end..].strip_prefix('.').map_or(0, |part| {
        part.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(part.len())
    });
    if fraction > 0 {
        end += fraction + 1;
    }
    let mut after = rest[end..].chars();
    let next = after.next();
    let goes_on = next.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
        || fraction > 0 && next == Some('.') && after.next().is_some_and(|c| c.is_ascii_digit());
    let digits = rest[..end].bytes().filter(u8::is_ascii_digit).count();
    let zero = rest.starts_with('0') && digits > 1 && !rest.starts_with("0.");
    (!goes_on && !zero && (fraction > 0 || digits >= 3)).then_some(end)
}

/// Whether a word is data: it gets another name.
pub(super) fn is_name(word: &str) -> bool {
    other(word) != word
}

fn other(word: &str) -> String {
    if day(word) == Some(word.len()) {
        let moved = word
            .parse::<Date>()
            .and_then(|date| date.checked_add(DAYS.days()));
        return moved.map_or_else(|_| word.to_owned(), |date| date.to_string());
    }
    if number(word) == Some(word.len()) {
        return more(word);
    }
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let letters = word.bytes().any(|b| b.is_ascii_alphabetic());
    if word.len() >= 4 && (digits >= 3 || digits > 0 && letters) {
        return word
            .chars()
            .map(|c| match c.to_digit(10) {
                Some(digit) => char::from_digit((digit * 7 + 4) % 10, 10).unwrap_or(c),
                None => c,
            })
            .collect();
    }
    word.to_owned()
}

fn more(number: &str) -> String {
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (number, None),
    };
    let plain: String = whole.chars().filter(char::is_ascii_digit).collect();
    let Ok(value) = plain.parse::<u128>() else {
        return number.to_owned();
    };
    let grown = (value + MORE).to_string();
    let mut out = String::new();
    for (at, c) in grown.chars().enumerate() {
        if whole.contains(',') && at > 0 && (grown.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// A text with other names.
pub(super) fn text(text: &str) -> String {
    words(text).into_iter().map(other).collect()
}

/// What an agent sends where everything it knows has other names: what nobody said and nothing answered stays, and so do
/// small numbers in what it wrote itself, but where it quotes what stands around them, too.
pub(super) fn sent(
    value: &Value,
    known: &dyn Fn(&str) -> bool,
    quoted: &dyn Fn(&str) -> bool,
) -> Value {
    match value {
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| sent(item, known, quoted)).collect())
        }
        Value::Object(map) => {
            let entries = map.iter();
            Value::Object(
                entries
                    .map(|(key, inner)| (key.clone(), sent(inner, known, quoted)))
                    .collect(),
            )
        }
        Value::String(content) => {
            let prose = content.len() > PROSE;
            let all = words(content);
            let named = all.iter().enumerate().map(|(at, word)| {
                let around = || all[at.saturating_sub(3)..all.len().min(at + 3)].concat();
                let weak = prose && word.len() < 6;
                if known(word) && (!weak || is_name(word) && quoted(&around())) {
                    other(word)
                } else {
                    (*word).to_owned()
                }
            });
            Value::from(named.collect::<String>())
        }
        Value::Number(number) if known(&number.to_string()) => {
            renamed(number, &other).unwrap_or_else(|| value.clone())
        }
        other => other.clone(),
    }
}

/// A value without the strangers in its lists, these in a fixed order.
pub(super) fn settled(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut all: Vec<Value> = items
                .iter()
                .filter(|item| !is_strange(item))
                .map(settled)
                .collect();
            all.sort_by_key(Value::to_string);
            Value::Array(all)
        }
        Value::Object(map) => {
            let entries = map.iter();
            Value::Object(
                entries
                    .map(|(key, inner)| (key.clone(), settled(inner)))
                    .collect(),
            )
        }
        other => other.clone(),
    }
}

impl Names<'_> {
    fn word(self, word: &str) -> String {
        if self.stays.contains(&plain(word)) {
            word.to_owned()
        } else {
            other(word)
        }
    }

    /// A value with other names.
    pub(super) fn value(self, value: &Value) -> Value {
        match value {
            Value::String(content) => Value::from(self.text(content)),
            Value::Number(number) => {
                renamed(number, &|word| self.word(word)).unwrap_or_else(|| value.clone())
            }
            Value::Array(items) => {
                let mut all: Vec<Value> = items.iter().map(|item| self.value(item)).collect();
                if self.mixed && all.iter().all(is_element) && !all.is_empty() {
                    let strange = stranger(&all[0]);
                    mix(&mut all);
                    all.insert(all.len() / 2, strange);
                }
                Value::Array(all)
            }
            Value::Object(map) => {
                let mut entries: Vec<(String, Value)> = map
                    .iter()
                    .map(|(key, inner)| (self.key(key), self.value(inner)))
                    .collect();
                let collection = entries.len() > 1
                    && map.keys().all(|key| is_entry(key))
                    && entries.iter().all(|(_, inner)| inner.is_object());
                if self.mixed && collection {
                    let (key, like) = &entries[0];
                    let strange = (format!("{key}{STRANGE}"), stranger(like));
                    entries.reverse();
                    entries.insert(entries.len() / 2, strange);
                }
                Value::Object(entries.into_iter().collect::<Map<_, _>>())
            }
            other => other.clone(),
        }
    }

    /// A text with other names.
    pub(super) fn text(self, content: &str) -> String {
        if self.mixed
            && content.trim_start().starts_with(['{', '['])
            && let Ok(data) = serde_json::from_str::<Value>(content)
        {
            return self.value(&data).to_string();
        }
        words(content)
            .into_iter()
            .map(|word| self.word(word))
            .collect()
    }

    /// The name of a field stays, the id of an element does not.
    fn key(self, key: &str) -> String {
        if is_entry(key) {
            self.text(key)
        } else {
            key.to_owned()
        }
    }
}

/// What lists are made of that may stand in any order: maps, and ids.
fn is_element(value: &Value) -> bool {
    match value {
        Value::Object(_) => true,
        Value::String(text) => is_name(text) || text.starts_with('#') && is_name(&text[1..]),
        _ => false,
    }
}

/// Whether a key is the id of an element.
fn is_entry(key: &str) -> bool {
    key.bytes().filter(u8::is_ascii_digit).count() >= 4
}

fn renamed(number: &Number, other: &dyn Fn(&str) -> String) -> Option<Value> {
    let written = number.to_string();
    if written.contains(['e', 'E']) {
        return None;
    }
    let (sign, digits) = match written.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", written.as_str()),
    };
    let named: String = words(digits).into_iter().map(other).collect();
    let other = format!("{sign}{named}");
    if number.is_f64() {
        return Number::from_f64(other.parse().ok()?).map(Value::Number);
    }
    serde_json::from_str(&other).ok()
}

/// Another order: the last first, then every second from the front.
fn mix(all: &mut Vec<Value>) {
    let mut mixed = Vec::with_capacity(all.len());
    mixed.extend(all.iter().rev().step_by(2).cloned());
    mixed.extend(all.iter().rev().skip(1).step_by(2).cloned());
    *all = mixed;
}

/// An element like this one that is none of them: ids and words end otherwise, numbers are larger, days later.
pub(super) fn stranger(like: &Value) -> Value {
    match like {
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(key, inner)| (key.clone(), stranger(inner)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(stranger).collect()),
        Value::String(text) if day(text) == Some(text.len()) => Value::from(self::text(text)),
        Value::String(text) => Value::from(format!("{text}{STRANGE}")),
        Value::Number(number) if number.is_f64() => {
            Value::from(number.as_f64().unwrap_or_default() + 1_009.5)
        }
        Value::Number(number) => Value::from(number.as_i64().unwrap_or_default() + 1_009),
        other => other.clone(),
    }
}

/// Whether something of a stranger stands in a value.
pub(super) fn is_strange(value: &Value) -> bool {
    value.to_string().contains(STRANGE)
}

#[test]
fn data_gets_other_names() {
    use serde_json::json;
    for (from, to) in [
        ("HAT069 on 2024-05-20", "HAT467 on 2024-08-05"),
        ("pay 98.70 or 1,234.50 or 5", "pay 111.70 or 1,247.50 or 5"),
        ("v1.2.3 10.0.0.1 0042", "v1.2.3 10.0.0.1 4428"),
        ("mia_li_3668: plain words", "mia_li_5660: plain words"),
        ("ord-99121, 2024-05-20T10:00", "ord-99134, 2024-08-05T10:00"),
    ] {
        assert_eq!(text(from), to, "{from}");
    }
    let none = BTreeSet::new();
    let made = BTreeSet::from(["1234".to_owned()]);
    for (stays, number) in [(&none, 1247), (&made, 1234)] {
        let plain = Names {
            mixed: false,
            stays,
        };
        assert_eq!(
            plain.value(&json!([98.7, 100.0, 1234, 3])),
            json!([111.7, 113.0, number, 3])
        );
    }
    assert_eq!(
        spoken_days("May 20th, the 3rd of June 2027 and 4 july"),
        ["-05-20", "2027-06-03", "-07-04"]
    );
    let known = BTreeSet::from(["-05-20".to_owned(), "98.7".to_owned()]);
    assert!(knows(&known, "2024-05-20") && knows(&known, "98.70"));
    assert!(!knows(&known, "2024-05-21"));
    let mixed = Names {
        mixed: true,
        stays: &none,
    };
    assert_eq!(
        mixed.value(&json!({ "orders": [{ "id": "A100", "n": 1 }, { "id": "A200", "n": 2 }] })),
        json!({ "orders": [
            { "id": "A844", "n": 2 }, { "id": "A144strangerx", "n": 1_010 }, { "id": "A144", "n": 1 },
        ] })
    );
}
