//! Whether something was said by itself or only as a part of something else, how often it was said, and whether it was
//! said with other signs between its letters and digits.

use super::{Mention, Said};
use crate::bound::qualifier::measure::is_order;
use serde_json::Value;

/// The letters and digits from which on a number in groups is known without what stands between them.
const SPELLED: usize = 7;
/// The most letters and digits that may be left out before it.
const LEFT_OUT: usize = 4;
/// The digits that it has to have at least.
const DIGITS: usize = 5;

impl Said {
    /// The places where people said a value, each once.
    pub(super) fn by_person(&self, value: &Value) -> Vec<Mention> {
        let mut found: Vec<Mention> = self.mentions(value);
        found.retain(|mention| mention.person);
        found.sort_unstable_by_key(|one| (one.text, one.word, std::cmp::Reverse(one.length)));
        // A day is found as what it is and as it is written.
        found.dedup_by(|next, one| {
            next.text == one.text && next.word < one.word + one.length.max(1)
        });
        found
    }

    /// Whether people said a part nowhere but inside of a whole.
    pub(in crate::bound) fn is_only_inside(&self, part: &Value, whole: &Value) -> bool {
        let wholes = self.by_person(whole);
        let parts = self.by_person(part);
        !parts.is_empty()
            && parts
                .iter()
                .all(|part| wholes.iter().any(|whole| self.holds(whole, part)))
    }

    /// Whether people said a value more than once in one breath, by itself: each time it may be another thing.
    pub(in crate::bound) fn is_repeated(&self, value: &Value) -> bool {
        let mut all = self.by_person(value);
        all.retain(|mention| !self.is_in_name(mention));
        all.windows(2).any(|pair| pair[0].text == pair[1].text)
    }

    /// Whether a word of the sentence in which a person said a value names a key.
    pub(in crate::bound) fn is_named_beside(&self, value: &Value, key: &[String]) -> bool {
        self.by_person(value).iter().any(|mention| {
            let Some(spoken) = self.texts.get(mention.text) else {
                return false;
            };
            let own = spoken.sentences.get(mention.word);
            let inside = mention.word..mention.word + mention.length;
            (0..spoken.words.len())
                .filter(|word| !inside.contains(word) && spoken.sentences.get(*word) == own)
                .any(|word| super::named_by(key, &spoken.words[word]))
        })
    }

    /// Whether a person said of what a key names that it is to be a value: `assign … to Kim`, `caller is Kim Lee`.
    pub(in crate::bound) fn is_assigned(&self, value: &Value, key: &[String]) -> bool {
        const ASSIGNS: [&str; 10] = [
            "to", "with", "as", "is", "be", "are", "an", "auf", "mit", "als",
        ];
        let all = self.by_person(value);
        !all.is_empty()
            && all.iter().all(|mention| {
                let before = self.neighbours(mention).0;
                before.is_some_and(|word| ASSIGNS.contains(&word))
            })
            && self.is_named_beside(value, key)
    }

    /// Whether a mention is a part of a longer name: a capital or a digit stands right beside it.
    fn is_in_name(&self, mention: &Mention) -> bool {
        let Some(spoken) = self.texts.get(mention.text) else {
            return false;
        };
        let start = |word: usize| spoken.starts.get(word).copied();
        let end = |word: usize| spoken.end_of(word);
        let is_part = |one: usize, two: usize, beside: usize| {
            let between = end(one).zip(start(two));
            between.and_then(|(from, to)| spoken.text.get(from..to)) == Some(" ")
                && start(beside)
                    .and_then(|at| spoken.text.get(at..)?.chars().next())
                    .is_some_and(|c| c.is_uppercase() || c.is_ascii_digit())
        };
        let last = mention.word + mention.length.saturating_sub(1);
        let is_name = start(mention.word)
            .and_then(|at| spoken.text.get(at..)?.chars().next())
            .is_some_and(char::is_uppercase);
        is_name
            && (mention.word.checked_sub(1).is_some_and(|before| {
                // The first word of a sentence has a capital anyway.
                let begins = spoken.sentences.get(before)
                    != before
                        .checked_sub(1)
                        .and_then(|one| spoken.sentences.get(one));
                !begins && is_part(before, mention.word, before)
            }) || is_part(last, last + 1, last + 1))
    }

    /// Whether people said a value just once.
    pub(in crate::bound) fn is_said_once(&self, value: &Value) -> bool {
        self.by_person(value).len() == 1
    }

    /// Whether what goes by a name with a capital was said only as a word that tells what to do: `search for …` names no
    /// field `Search`.
    pub(in crate::bound) fn is_only_deed(&self, value: &Value) -> bool {
        let is_called = value.as_str().is_some_and(|text| {
            text.starts_with(char::is_uppercase) && text.chars().skip(1).all(char::is_lowercase)
        });
        if !is_called {
            return false;
        }
        let all = self.by_person(value);
        !all.is_empty()
            && all.iter().all(|mention| {
                let word = self.texts[mention.text].words.get(mention.word);
                let (before, _) = self.beside_in_clause(mention);
                mention.length == 1 && word.is_some_and(|word| is_order(&before, word))
            })
    }

    /// The words right before and right behind a mention, in small letters.
    pub(in crate::bound) fn neighbours(&self, mention: &Mention) -> (Option<&str>, Option<&str>) {
        let spoken = self.texts.get(mention.text);
        let at = |place: usize| Some(spoken?.words.get(place)?.as_str());
        (
            mention.word.checked_sub(1).and_then(at),
            at(mention.word + mention.length),
        )
    }

    /// Where a person wrote just this text, on the borders of words.
    pub(in crate::bound) fn find_written(&self, text: &str) -> Option<Mention> {
        let value = Value::from(text);
        self.by_person(&value).into_iter().find(|mention| {
            let Some(spoken) = self.texts.get(mention.text) else {
                return false;
            };
            let start = spoken.starts.get(mention.word).copied().unwrap_or(0);
            let own = text
                .find(char::is_alphanumeric)
                .and_then(|own| start.checked_sub(own));
            own.and_then(|own| spoken.text.get(own..))
                .is_some_and(|rest| rest.starts_with(text))
        })
    }

    /// Where a person said a number of an account, a telephone or the like with other signs between its groups, or with
    /// a part less before it: `(415) 555-0132` for `+14155550132`. With it whether all of it was said.
    pub(in crate::bound) fn find_spelled(&self, text: &str) -> Option<(Mention, bool)> {
        let plain = |text: &str| -> String {
            text.chars()
                .filter(|c| c.is_alphanumeric())
                .flat_map(char::to_lowercase)
                .collect()
        };
        let wanted = plain(text);
        let digits = wanted.bytes().filter(u8::is_ascii_digit).count();
        if wanted.len() < SPELLED
            || digits < DIGITS
            || digits * 2 < wanted.len()
            || text.contains('@')
        {
            return None;
        }
        // A country's code or a zero may be left out before it.
        let begins = wanted.char_indices().map(|(begin, _)| begin);
        let mut whole = None;
        let mut part = None;
        for begin in begins.take_while(|begin| *begin <= LEFT_OUT) {
            let rest = &wanted[begin..];
            let is_number = rest.bytes().all(|b| b.is_ascii_digit());
            if begin > 0 && !(is_number && rest.len() >= SPELLED) {
                continue;
            }
            let found = match begin {
                0 => &mut whole,
                _ => &mut part,
            };
            for (at, word, length) in self.joined(rest) {
                if found.is_none_or(|(known, known_word, _)| (at, word) < (known, known_word)) {
                    *found = Some((at, word, length));
                }
            }
        }
        let told = |found: Option<(usize, usize, usize)>, all: bool| {
            found.map(|(at, word, length)| (self.mention(at, word, length), all))
        };
        told(whole, true).or_else(|| told(part, false))
    }

    /// Where words that a person said are a text when they are put together: the text they stand in, the first of them,
    /// and how many.
    pub(super) fn joined<'s>(
        &'s self,
        text: &'s str,
    ) -> impl Iterator<Item = (usize, usize, usize)> + 's {
        let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
        ends.flat_map(move |end| {
            let places = self.words.get(&text[..end]).into_iter().flatten();
            places.take(super::MOST).filter_map(move |(at, word)| {
                let spoken = self.texts.get(*at).filter(|spoken| spoken.person)?;
                let mut rest = &text[end..];
                let mut length = 1;
                while !rest.is_empty() {
                    rest = rest.strip_prefix(spoken.words.get(word + length)?.as_str())?;
                    length += 1;
                }
                Some((*at, *word, length))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::said;
    use serde_json::json;

    #[test]
    fn a_part_that_is_said_by_itself_is_no_part() {
        let said =
            said("Create the campaign \"Summer Sale\" with the segment \"Summer\" for Kim Lee");
        assert!(!said.is_only_inside(&json!("Summer"), &json!("Summer Sale")));
        assert!(said.is_only_inside(&json!("Kim"), &json!("Kim Lee")));
        assert!(!said.is_repeated(&json!("Summer")));
        assert!(!said.is_repeated(&json!("Kim")));
        let twice = self::said("Create a task for Kim and let Kim review it.");
        assert!(twice.is_repeated(&json!("Kim")));
    }

    #[test]
    fn numbers_in_groups_are_found() {
        let said = said("Pay 50 EUR to DE89 3704 0044 0532 0130 00 and call (415) 555-0132.");
        for (text, all) in [
            ("DE89370400440532013000", Some(true)),
            ("4155550132", Some(true)),
            ("+14155550132", Some(false)),
            ("+14155550133", None),
            ("89370400", None),
        ] {
            assert_eq!(said.find_spelled(text).map(|(_, all)| all), all, "{text}");
        }
    }
}
