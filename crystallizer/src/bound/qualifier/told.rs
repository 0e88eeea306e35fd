//! The words that tools were told: what was sent to them, and under which keys.

use super::lexicon as l;
use crate::bound::filter::spoken;
use crate::bound::key::words;
use crate::kept::Kept;
use std::collections::BTreeMap;

/// The longest value of which the words count as said to a tool.
const LONGEST_VALUE: usize = 60;

/// The words that tools were told, each with the first call that it was told in.
#[derive(Default)]
pub(super) struct Told {
    /// The words of the tools' names, and of the values.
    sent: BTreeMap<String, usize>,
    /// The words of the keys.
    keys: BTreeMap<String, usize>,
}

impl Told {
    pub(super) fn of(kept: &[Kept<'_>]) -> Self {
        let mut all = Self::default();
        for (call, kept) in kept.iter().enumerate() {
            note(&mut all.sent, call, words(&kept.call.name));
            crate::leaf::leaves(&kept.call.arguments, &mut |_, key, leaf| {
                let short = leaf.as_str().is_none_or(|text| text.len() <= LONGEST_VALUE);
                if short && !leaf.is_null() {
                    for word in spoken(leaf) {
                        note(&mut all.sent, call, normal(&word));
                    }
                }
                note(&mut all.keys, call, words(key));
            });
        }
        all
    }

    /// Whether a word is one of a tool's name or of what was sent, before a call.
    pub(super) fn sent_before(&self, call: usize, word: &str) -> bool {
        self.sent.get(word).is_some_and(|first| *first < call)
    }

    /// Whether a word is one of those or of a key, before a call or in it.
    pub(super) fn up_to(&self, call: usize, word: &str) -> bool {
        [&self.sent, &self.keys]
            .iter()
            .any(|all| all.get(word).is_some_and(|first| *first <= call))
    }
}

fn note(all: &mut BTreeMap<String, usize>, call: usize, words: Vec<String>) {
    for word in words {
        all.entry(word).or_insert(call);
    }
}

/// The words of a word, as values and keys have them.
pub(super) fn normal(word: &str) -> Vec<String> {
    words(word)
        .into_iter()
        .map(|word| match l::number(&word) {
            Some(number) => number.to_string(),
            None => word,
        })
        .collect()
}
