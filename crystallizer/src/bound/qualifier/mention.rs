//! Fields and values of elements that a sentence names, whatever its grammar: a flag, a value out of a few, a day.

use super::lexicon as l;
use crate::bound::key::words;
use serde_json::Value;
use std::collections::BTreeSet;

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

    /// What a word of a person names: the word without what turns it round.
    pub(super) fn named(&self, word: &str) -> Option<String> {
        let word = word.strip_suffix("'s").unwrap_or(word);
        if word.len() < 3
            || l::is_determiner(word)
            || l::is_neutral(word) && !is_state(word)
            || l::is_boundary(word)
            || l::is_joint(word)
            || l::is_verb(word)
        {
            return None;
        }
        let bare = ["un", "non-", "non", "not-"]
            .iter()
            .find_map(|prefix| word.strip_prefix(prefix))
            .filter(|bare| bare.len() >= 3);
        [Some(word), bare]
            .into_iter()
            .flatten()
            .find(|word| self.keys.contains(*word) || self.values.contains(*word))
            .map(str::to_owned)
    }
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
