//! What a person said of what a key names: that there is to be none of it (`no insurance`), or that it is that of
//! another thing (`with the guests of the meeting`, `the same cabin`).

use super::{Mention, Said};
use crate::bound::key::named_by;

/// Words of keys that say nothing of what there is.
const COUNTS: [&str; 7] = [
    "total", "number", "count", "amount", "type", "value", "status",
];

impl Said {
    /// Where a person said of what a key names that there is to be none.
    pub(in crate::bound) fn denies(&self, key: &[String]) -> Option<Mention> {
        let names: Vec<String> = key
            .iter()
            .filter(|word| !COUNTS.contains(&word.as_str()))
            .cloned()
            .collect();
        let people = self.texts.iter().enumerate().filter(|(_, one)| one.person);
        people
            .flat_map(|(at, spoken)| (0..spoken.words.len()).map(move |word| (at, word)))
            .filter(|(at, word)| named_by(&names, &self.texts[*at].words[*word]))
            .map(|(at, word)| self.mention(at, word, 1))
            .find(|mention| self.is_left_out(mention))
    }

    /// Whether a person spoke in one sentence of what a key names and of a kind of thing, or of the same as before.
    pub(in crate::bound) fn names_of_kind(&self, key: &[String], kind: &[String]) -> bool {
        let people = self.texts.iter().enumerate().filter(|(_, one)| one.person);
        people
            .flat_map(|(at, spoken)| (0..spoken.words.len()).map(move |word| (at, word)))
            .filter(|(at, word)| named_by(key, &self.texts[*at].words[*word]))
            .any(|(at, word)| {
                let spoken = &self.texts[at];
                let Some(sentence) = spoken.sentences.get(word) else {
                    return false;
                };
                // The words of a sentence stand together.
                let from = spoken.sentences.partition_point(|one| one < sentence);
                let to = spoken.sentences.partition_point(|one| one <= sentence);
                let mut others = (from..to)
                    .filter(|other| *other != word)
                    .filter_map(|other| spoken.words.get(other).map(String::as_str));
                !self.is_left_out(&self.mention(at, word, 1))
                    && others.any(|other| {
                        matches!(other, "same" | "selbe" | "selben" | "gleiche" | "gleichen")
                            || named_by(kind, other)
                    })
            })
    }
}
