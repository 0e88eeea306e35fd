//! Small numbers in the words of people: they stand near anything, and are said of what stands right beside them.

use super::{MOST, Mention, NEAR, Said};
use crate::bound::qualifier::claim::{Claim, claim, is_numbered};
use serde_json::Value;

impl Said {
    /// Where a person said a small number of what a key names: `2 beds`, `floor 2`, `the second floor`. What was said of
    /// something else is none, however near it stands. `things` name what has the key, where that goes by its number.
    /// None where nothing says of what it is, if that is `open`.
    pub(in crate::bound) fn find_counted(
        &self,
        value: &Value,
        key: &[String],
        things: &[String],
        open: bool,
    ) -> Option<Mention> {
        let mut unclaimed = None;
        for mention in self.mentions(value).into_iter().filter(|one| one.person) {
            let (before, behind) = self.beside_in_clause(&mention);
            // `add one bag` says what is to come, not what there is.
            if is_to_come(&before) {
                continue;
            }
            match claim(&before, &behind, key, things) {
                Claim::Key => return Some(mention),
                Claim::Nobody if self.is_near(&mention, key) || self.is_near(&mention, things) => {
                    unclaimed = unclaimed.or(Some(mention));
                }
                Claim::Nobody | Claim::Other => {}
            }
        }
        let number = value
            .as_u64()
            .or_else(|| value.as_str().and_then(|text| text.parse().ok()));
        let places = number.and_then(|number| self.ordinals.get(&number));
        places
            .into_iter()
            .flatten()
            .take(MOST)
            .map(|(at, word)| self.mention(*at, *word, 1))
            .find(|mention| {
                let (_, behind) = self.beside_in_clause(mention);
                mention.person && is_numbered(behind.first(), key)
            })
            .or(unclaimed.filter(|_| open))
    }

    /// The words before and behind a mention that no comma parts from it, in its sentence.
    pub(super) fn beside_in_clause(&self, mention: &Mention) -> (Vec<&str>, Vec<&str>) {
        let Some(spoken) = self.texts.get(mention.text) else {
            return (Vec::new(), Vec::new());
        };
        let sentence = spoken.sentences.get(mention.word);
        let joined = |place: usize| {
            let end = spoken.end_of(place)?;
            let between = spoken.text.get(end..*spoken.starts.get(place + 1)?)?;
            let same = spoken.sentences.get(place) == sentence
                && spoken.sentences.get(place + 1) == sentence;
            Some(same && !between.contains([',', ';', '(', ')', '–', '—']))
        };
        let word = |place: usize| spoken.words.get(place).map(String::as_str);
        let last = mention.word + mention.length.saturating_sub(1);
        let mut before: Vec<&str> = (mention.word.saturating_sub(NEAR)..mention.word)
            .rev()
            .take_while(|place| joined(*place) == Some(true))
            .filter_map(word)
            .collect();
        before.reverse();
        let behind = (last..last + NEAR)
            .take_while(|place| joined(*place) == Some(true))
            .filter_map(|place| word(place + 1))
            .collect();
        (before, behind)
    }
}

/// Whether the words before a number tell to add so many.
fn is_to_come(before: &[&str]) -> bool {
    let near = before.iter().rev().take(2);
    near.into_iter().any(|word| {
        matches!(
            *word,
            "add" | "adding" | "additional" | "another" | "extra" | "zusätzlich" | "weitere"
        )
    })
}
