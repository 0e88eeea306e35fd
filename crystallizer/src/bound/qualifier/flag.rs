//! Fields that are true or false, and the words that people say for them: `unread`, `not archived`, `free`.

use super::reading::Reading;
use crate::bound::key::words;
use crate::bound::selector::field;
use crate::bound::turn::{Equal, Operand};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// How deep in an element fields are looked for.
const DEPTH: usize = 4;

/// A field that is true or false.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::bound) struct Flag {
    pub(in crate::bound) field: Vec<String>,
    pub(in crate::bound) value: bool,
    pub(super) words: Vec<String>,
}

impl Flag {
    pub(super) fn holds(&self, element: &Value) -> bool {
        field(element, &self.field).and_then(Value::as_bool) == Some(self.value)
    }

    /// The flag as something that a field is equal to.
    pub(in crate::bound) fn equal(&self) -> Equal {
        Equal {
            field: self.field.clone(),
            operand: Operand::Expression(self.value.to_string()),
            value: Value::from(self.value),
            bits: 0.0,
            meant: true,
        }
    }
}

/// The fields that are true or false as it was said in all elements that were taken.
pub(in crate::bound) fn flags(taken: &[&Value], read: &Reading) -> Vec<Flag> {
    let Some(first) = taken.first() else {
        return Vec::new();
    };
    let mut found: Vec<Flag> = Vec::new();
    let all = Flags::of(first);
    let named = read.naming(all.by_words.keys().map(Vec::as_slice));
    for one in named.into_iter().filter(|one| one.sure) {
        let meant: Vec<(&Vec<String>, bool, Vec<String>)> = all
            .near(&one.content)
            .into_iter()
            .filter_map(|field| {
                let (field, own) = all.fields.get(field)?;
                let (value, words) = says(own, &one.content)?;
                Some((field, value != one.negated, words))
            })
            .collect();
        let [(field, value, words)] = meant.as_slice() else {
            continue;
        };
        // What is not followed wholly is asked about, and not followed in a part.
        if !one.is_all_in(words) {
            continue;
        }
        let flag = Flag {
            field: (*field).clone(),
            value: *value,
            words: words.clone(),
        };
        let fits = || taken.iter().all(|element| flag.holds(element));
        // Said twice, in two ways: `not external, only internal ones`.
        if let Some(known) = found
            .iter_mut()
            .find(|known| (&known.field, known.value) == (&flag.field, flag.value))
        {
            known.words.extend(flag.words);
        } else if !found.iter().any(|known| known.field == flag.field) && fits() {
            found.push(flag);
        }
    }
    found
}

/// The fields of an element that are true or false.
fn booleans(element: &Value) -> Vec<Vec<String>> {
    fn walk(map: &Map<String, Value>, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
        for (key, inner) in map {
            path.push(key.clone());
            match inner {
                Value::Bool(_) => found.push(path.clone()),
                Value::Object(map) if path.len() < DEPTH => walk(map, path, found),
                _ => {}
            }
            path.pop();
        }
    }
    let mut found = Vec::new();
    if let Value::Object(map) = element {
        walk(map, &mut Vec::new(), &mut found);
    }
    found
}

/// Pairs of words of which one is what the other is not.
const OPPOSITES: [(&str, &str); 15] = [
    ("internal", "external"),
    ("open", "closed"),
    ("enabled", "disabled"),
    ("public", "private"),
    ("free", "busy"),
    ("available", "sold"),
    ("active", "archived"),
    ("active", "inactive"),
    ("valid", "invalid"),
    ("complete", "incomplete"),
    ("visible", "invisible"),
    ("direct", "stopover"),
    ("nonstop", "stopover"),
    ("done", "open"),
    ("done", "pending"),
];

/// The fields of an element that are true or false, each with the words that name it.
struct Flags {
    fields: Vec<(Vec<String>, Vec<String>)>,
    by_words: BTreeMap<Vec<String>, Vec<usize>>,
    /// How many words the longest name has.
    longest: usize,
}

impl Flags {
    fn of(element: &Value) -> Self {
        let mut all = Self {
            fields: Vec::new(),
            by_words: BTreeMap::new(),
            longest: 0,
        };
        for field in booleans(element) {
            let own = field.last().map(|key| bare(words(key))).unwrap_or_default();
            if own.is_empty() {
                continue;
            }
            all.longest = all.longest.max(own.len());
            let places = all.by_words.entry(own.clone()).or_default();
            places.push(all.fields.len());
            all.fields.push((field, own));
        }
        all
    }

    /// The fields that words may say something about.
    fn near(&self, content: &[String]) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        for from in 0..content.len() {
            let mut spoken: Vec<String> = Vec::new();
            for word in &content[from..] {
                spoken.extend(words(word));
                found.extend(self.by_words.get(&spoken).into_iter().flatten());
                if spoken.len() >= self.longest {
                    break;
                }
            }
            let plain = words(&content[from]).join("");
            for one in opposites(&plain) {
                found.extend(self.by_words.get([one].as_slice()).into_iter().flatten());
            }
        }
        found
    }
}

/// The words of a key without what only says that it is a property.
fn bare(mut words: Vec<String>) -> Vec<String> {
    if words.len() > 1 {
        let plain = words.iter().position(|word| {
            !matches!(
                word.as_str(),
                "is" | "has" | "was" | "are" | "can" | "ha" | "wa" | "i"
            )
        });
        words.drain(..plain.unwrap_or(words.len()));
    }
    words
}

/// What words say about a field that has this name: whether it is true, and which of the words say so.
fn says(own: &[String], content: &[String]) -> Option<(bool, Vec<String>)> {
    // Only whole words: what is `non-refundable` is not refundable, and what is half-paid is not paid.
    for from in 0..content.len() {
        let mut spoken: Vec<String> = Vec::new();
        for (length, word) in content[from..].iter().enumerate() {
            spoken.extend(words(word));
            if spoken == own {
                return Some((true, content[from..=from + length].to_vec()));
            }
            if spoken.len() >= own.len() {
                break;
            }
        }
    }
    let [one] = own else { return None };
    content.iter().find_map(|word| {
        let plain = words(word).join("");
        (is_opposite(&plain, one)).then(|| (false, vec![word.clone()]))
    })
}

/// The words that people may say for a field that is true, or that is not.
pub(in crate::bound) fn flag_words(key: &str, value: bool) -> Vec<String> {
    let own = words(key);
    if value {
        return own;
    }
    // `not archived` has the word itself.
    own.into_iter()
        .flat_map(|word| opposites(&word).into_iter().chain([word]))
        .collect()
}

/// What turns a word round.
const PREFIXES: [&str; 2] = ["un", "non"];

/// The words of which a word may say that they do not hold.
pub(super) fn opposites(said: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for prefix in PREFIXES {
        all.push(format!("{prefix}{said}"));
        all.extend(said.strip_prefix(prefix).map(str::to_owned));
    }
    for (one, two) in OPPOSITES {
        if said == one {
            all.push(two.to_owned());
        } else if said == two {
            all.push(one.to_owned());
        }
    }
    all
}

/// Whether a word says that another does not hold.
fn is_opposite(said: &str, field: &str) -> bool {
    let prefixed = |long: &str, short: &str| {
        PREFIXES
            .iter()
            .any(|prefix| long.strip_prefix(prefix) == Some(short) && short.len() >= 3)
    };
    prefixed(said, field)
        || prefixed(field, said)
        || OPPOSITES
            .iter()
            .any(|(one, two)| (said, field) == (one, two) || (said, field) == (two, one))
}
