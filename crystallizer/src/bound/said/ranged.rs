//! How far people say that something counts: `5 seats`, `seats 3 to 9`.

use super::{Mention, Said};
use crate::bound::key::named_by;
use crate::bound::qualifier::claim::ends;
use crate::bound::spoken_time::small_number;
use serde_json::Value;

/// How many words behind a number may say what it counts: `5 new red seats`.
const BEHIND: usize = 3;
/// The most words between the two ends of a range: `3 up to 9`.
const BETWEEN: usize = 2;

impl Said {
    /// Where a person said that there are so many of what these words name.
    pub(in crate::bound) fn how_many_of(&self, count: i64, things: &[String]) -> Option<Mention> {
        self.by_person(&Value::from(count))
            .into_iter()
            .find(|mention| {
                let (_, behind) = self.beside_in_clause(mention);
                behind
                    .iter()
                    .take(BEHIND)
                    .take_while(|word| !ends(word))
                    .any(|word| named_by(things, word))
            })
    }

    /// Where a person said a number.
    pub(in crate::bound) fn number_of_person(&self, number: i64) -> Option<Mention> {
        self.by_person(&Value::from(number)).into_iter().next()
    }

    /// Where a person said these numbers one right behind the other: `20, 30 and 40 EUR`.
    pub(in crate::bound) fn numbers_in_a_row(&self, numbers: &[&Value]) -> Option<Vec<Mention>> {
        let (first, rest) = numbers.split_first()?;
        if rest.is_empty() || !numbers.iter().all(|one| one.is_number()) {
            return None;
        }
        self.by_person(first).into_iter().find_map(|begin| {
            let mut all = vec![begin];
            for number in rest {
                let last = *all.last()?;
                let next = self.by_person(number).into_iter().find(|next| {
                    next.text == last.text
                        && next.word > last.word
                        && self.texts.get(last.text).is_some_and(|spoken| {
                            let same =
                                spoken.sentences.get(last.word) == spoken.sentences.get(next.word);
                            let between = spoken.words.get(last.word + last.length..next.word);
                            same && between
                                .is_some_and(|words| words.iter().all(|word| joins(word)))
                        })
                })?;
                all.push(next);
            }
            Some(all)
        })
    }

    /// Where a person said a range of numbers, both ends of it.
    pub(in crate::bound) fn range(&self, from: i64, to: i64) -> Option<(Mention, Mention)> {
        for (at, spoken) in self.texts.iter().enumerate().filter(|(_, one)| one.person) {
            let is = |place: usize, number: i64| {
                let word = spoken.words.get(place);
                word.is_some_and(|word| {
                    word.parse() == Ok(number) || small_number(word).map(i64::from) == Some(number)
                })
            };
            for first in (0..spoken.words.len()).filter(|place| is(*place, from)) {
                for last in first + 1..=first + 1 + BETWEEN {
                    if is(last, to)
                        && spoken.sentences.get(first) == spoken.sentences.get(last)
                        && spoken.links(first, last)
                    {
                        return Some((self.mention(at, first, 1), self.mention(at, last, 1)));
                    }
                }
            }
        }
        None
    }
}

/// Whether a word may stand between two numbers of a row.
fn joins(word: &str) -> bool {
    matches!(
        word,
        "and"
            | "und"
            | "et"
            | "y"
            | "e"
            | "eur"
            | "euro"
            | "euros"
            | "usd"
            | "dollar"
            | "dollars"
            | "gbp"
            | "pounds"
            | "chf"
            | "percent"
            | "prozent"
    )
}

impl super::Spoken {
    /// Whether what stands between two numbers makes them the ends of a range.
    fn links(&self, first: usize, last: usize) -> bool {
        let between = || self.words.get(first + 1..last).unwrap_or_default().iter();
        if between().next().is_none() {
            let (Some(start), Some(word)) = (self.starts.get(first), self.words.get(first)) else {
                return false;
            };
            let sign = self
                .starts
                .get(last)
                .and_then(|next| self.text.get(start + word.len()..*next));
            return sign
                .is_some_and(|sign| matches!(sign.trim(), "-" | "–" | "—" | "..." | "…" | ".."));
        }
        let is_between = || {
            let before = first.checked_sub(1).and_then(|at| self.words.get(at));
            before.is_some_and(|word| matches!(word.as_str(), "between" | "zwischen"))
        };
        between().all(|word| match word.as_str() {
            "to" | "through" | "thru" | "until" | "till" | "bis" | "up" | "zu" => true,
            "and" | "und" => is_between(),
            _ => false,
        })
    }
}
