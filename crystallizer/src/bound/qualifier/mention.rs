//! Fields and values of elements that a sentence names, whatever its grammar: a flag, a value out of a few, a day.

use super::lexicon as l;
use super::sentence::Sentence;
use crate::bound::key::words;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The longest value that a person may mean by its words.
const LONGEST: usize = 24;
/// Words of keys that say nothing by themselves.
const EMPTY: [&str; 16] = [
    "is", "has", "at", "on", "by", "date", "time", "day", "last", "id", "can", "was", "in", "of",
    "to", "the",
];

/// The words of what elements have.
#[derive(Default)]
pub(super) struct Fields {
    /// Of the keys of flags and days.
    keys: BTreeSet<String>,
    /// Of short values.
    values: BTreeSet<String>,
}

impl Fields {
    pub(super) fn of(value: &Value) -> Self {
        let mut all = Self::default();
        crate::leaf::leaves(value, &mut |_, key, leaf| {
            let day = leaf.as_str().is_some_and(is_day);
            if leaf.is_boolean() || day {
                let own = words(key);
                all.keys.extend(
                    own.into_iter()
                        .filter(|word| !EMPTY.contains(&word.as_str())),
                );
            } else if let Some(text) = leaf.as_str().filter(|text| is_short(text)) {
                all.values.insert(text.to_lowercase());
            }
        });
        all
    }
}

/// A word of a sentence that names something of elements.
pub(super) struct Named {
    /// The number of its sentence, and of the word in it.
    pub(super) sentence: usize,
    pub(super) token: usize,
    /// The word without what turns it round.
    pub(super) word: String,
}

/// The words of sentences by what they may name, so that they are not gone through for each list.
pub(super) struct Words<'s> {
    /// Each place with whether the word there is turned round: `unread`.
    places: BTreeMap<&'s str, Vec<(usize, usize, bool)>>,
}

impl<'s> Words<'s> {
    /// Of the sentences with these numbers.
    pub(super) fn of(sentences: impl Iterator<Item = (usize, &'s Sentence)>) -> Self {
        let mut places: BTreeMap<&str, Vec<(usize, usize, bool)>> = BTreeMap::new();
        for (number, sentence) in sentences {
            for (at, token) in sentence.iter().enumerate() {
                let [whole, bare] = names(&token.word);
                for (word, turned) in [(whole, false), (bare, true)] {
                    if let Some(word) = word {
                        places.entry(word).or_default().push((number, at, turned));
                    }
                }
            }
        }
        Self { places }
    }

    /// The words that name something of some elements, in the order in which they were said.
    pub(super) fn naming(&self, fields: &Fields) -> Vec<Named> {
        let mut found: BTreeMap<(usize, usize), (bool, &str)> = BTreeMap::new();
        for word in fields.keys.iter().chain(&fields.values) {
            for (sentence, token, turned) in self.places.get(word.as_str()).into_iter().flatten() {
                let known = found
                    .entry((*sentence, *token))
                    .or_insert((*turned, word.as_str()));
                if known.0 && !turned {
                    *known = (*turned, word.as_str());
                }
            }
        }
        found
            .into_iter()
            .map(|((sentence, token), (_, word))| Named {
                sentence,
                token,
                word: word.to_owned(),
            })
            .collect()
    }
}

/// What a word of a person may name: the word, and the word without what turns it round.
fn names(word: &str) -> [Option<&str>; 2] {
    let word = word.strip_suffix("'s").unwrap_or(word);
    if word.len() < 3
        || l::is_determiner(word)
        || l::is_neutral(word) && !is_state(word)
        || l::is_boundary(word)
        || l::is_joint(word)
        || l::is_verb(word)
    {
        return [None, None];
    }
    let bare = ["un", "non-", "non", "not-"]
        .iter()
        .find_map(|prefix| word.strip_prefix(prefix))
        .filter(|bare| bare.len() >= 3);
    [Some(word), bare]
}

/// Words that mostly say nothing, and are a state where a field has their name.
fn is_state(word: &str) -> bool {
    matches!(
        word,
        "available" | "existing" | "current" | "complete" | "matching" | "listed" | "different"
    )
}

fn is_day(text: &str) -> bool {
    text.get(..10)
        .is_some_and(|day| day.parse::<jiff::civil::Date>().is_ok())
}

fn is_short(text: &str) -> bool {
    text.len() <= LONGEST && !text.is_empty() && text.chars().all(char::is_alphabetic)
}
