//! What stands in the place of a value where the same was said of another one: `change their business trips`, beside
//! `change their premium trips`.

use super::{Mention, Said};
use std::collections::BTreeSet;
use std::ops::Range;

/// The fewest words that two sentences have to share.
const LEAST_SHARED: usize = 2;
/// The most words that stand in one place.
const MOST_IN_PLACE: usize = 4;
/// The most places of a sentence that may differ.
const MOST_PLACES: usize = 3;

/// A part of how something is worded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::bound) enum Part<'s> {
    Word(&'s str),
    /// What is looked for.
    Wanted,
    /// What may be another in each recording.
    Other,
}

impl Said {
    /// How the sentence is worded that a person said something in, with places for that and for the other things.
    pub(in crate::bound) fn wording(
        &self,
        mention: &Mention,
        others: &[Mention],
    ) -> Option<Vec<Part<'_>>> {
        let spoken = self.texts.get(mention.text).filter(|one| one.person)?;
        let sentence = sentence_around(&spoken.sentences, mention.word)?;
        let covers = |one: &Mention, word: usize| {
            one.text == mention.text && (one.word..one.word + one.length.max(1)).contains(&word)
        };
        let mut parts: Vec<Part<'_>> = Vec::new();
        let mut places = 0;
        for word in sentence {
            let part = if covers(mention, word) {
                Part::Wanted
            } else if others.iter().any(|other| covers(other, word)) {
                Part::Other
            } else {
                Part::Word(spoken.words.get(word)?)
            };
            let is_place = !matches!(part, Part::Word(_));
            if is_place && parts.last() == Some(&part) {
                continue;
            }
            places += usize::from(is_place);
            parts.push(part);
        }
        let shared = parts.iter().filter(|part| matches!(part, Part::Word(_)));
        (shared.count() >= LEAST_SHARED && places <= MOST_PLACES).then_some(parts)
    }

    /// What a person said in the place that is wanted, in a sentence worded so; none where nothing is, or several things
    /// are.
    pub(in crate::bound) fn worded_so(&self, parts: &[Part<'_>]) -> Option<&str> {
        let mut found: BTreeSet<&str> = BTreeSet::new();
        for spoken in self.texts.iter().filter(|one| one.person) {
            let mut from = 0;
            while let Some(sentence) = sentence_around(&spoken.sentences, from) {
                from = sentence.end;
                let words = spoken.words.get(sentence.clone())?;
                let mut places = BTreeSet::new();
                fits(parts, words, 0, None, &mut places);
                for place in places {
                    let first = sentence.start + place.0;
                    let last = sentence.start + place.1 - 1;
                    let end = spoken.end_of(last)?;
                    found.insert(spoken.text.get(*spoken.starts.get(first)?..end)?);
                }
            }
        }
        match found.len() {
            1 => found.pop_first(),
            _ => None,
        }
    }
}

/// The words of the sentence that a word stands in.
fn sentence_around(sentences: &[usize], word: usize) -> Option<Range<usize>> {
    let own = sentences.get(word)?;
    let from = sentences.partition_point(|one| one < own);
    let to = sentences.partition_point(|one| one <= own);
    Some(from..to)
}

/// Gathers where what is wanted may stand, in all ways in which words fit.
fn fits(
    parts: &[Part<'_>],
    words: &[String],
    at: usize,
    wanted: Option<(usize, usize)>,
    found: &mut BTreeSet<(usize, usize)>,
) {
    let Some((first, rest)) = parts.split_first() else {
        if at == words.len() {
            found.extend(wanted);
        }
        return;
    };
    match first {
        Part::Word(word) => {
            if words.get(at).is_some_and(|own| own == word) {
                fits(rest, words, at + 1, wanted, found);
            }
        }
        Part::Wanted | Part::Other => {
            for length in 1..=MOST_IN_PLACE.min(words.len().saturating_sub(at)) {
                let own = match first {
                    Part::Wanted => Some((at, at + length)),
                    _ => wanted,
                };
                fits(rest, words, at + length, own, found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::said;
    use proptest::prelude::*;
    use serde_json::json;

    proptest! {
        #[test]
        fn whatever_stands_in_the_place_is_found(
            before in "[a-z]{2,6}( [a-z]{2,6}){0,4}",
            behind in "[a-z]{2,6}( [a-z]{2,6}){0,4}",
            here in "[a-z][0-9]{5}",
            there in "[A-Z][0-9]{1,7}( [0-9]{2,3}){0,2}",
        ) {
            let first = said(&format!("Hello. {before} {here} {behind}."));
            let mention = first.find(&json!(here), &[]).unwrap();
            let parts = first.wording(&mention, &[]).unwrap();
            prop_assert_eq!(first.worded_so(&parts), Some(here.as_str()));
            let second = said(&format!("{before} {there} {behind}! Thanks."));
            prop_assert_eq!(second.worded_so(&parts), Some(there.as_str()));
            // A word more on either side, and it is another sentence.
            let third = said(&format!("never {before} {there} {behind}."));
            prop_assert_eq!(third.worded_so(&parts), None);
        }
    }

    #[test]
    fn what_stands_in_the_same_place_is_found() {
        let here = said("I have 2 cats. Please change their business trips to economy class.");
        let class = here.find(&json!("business"), &[]).unwrap();
        let other = here.find(&json!("economy"), &[]).unwrap();
        for (there, one, two) in [
            (
                "Please change their premium trips to economy class. Thanks!",
                Some("premium"),
                Some("economy"),
            ),
            (
                "Please change their first class trips to Business class.",
                Some("first class"),
                Some("Business"),
            ),
            (
                "Please move their premium trips to economy class.",
                None,
                None,
            ),
            (
                "Please change their premium trips to economy class. Please change their cheap trips to economy class.",
                None,
                Some("economy"),
            ),
        ] {
            let there = said(there);
            let parts = here.wording(&class, &[other]).unwrap();
            assert_eq!(there.worded_so(&parts), one);
            let parts = here.wording(&other, &[class]).unwrap();
            assert_eq!(there.worded_so(&parts), two);
        }
        // One word beside it is too little to know a sentence by.
        let short = said("Take gold.");
        let tier = short.find(&json!("gold"), &[]).unwrap();
        assert_eq!(short.wording(&tier, &[]), None);
        let two = said("Take gold and silver now.");
        let (gold, silver) = (
            two.find(&json!("gold"), &[]).unwrap(),
            two.find(&json!("silver"), &[]).unwrap(),
        );
        assert!(two.wording(&gold, &[silver]).is_some());
    }
}
