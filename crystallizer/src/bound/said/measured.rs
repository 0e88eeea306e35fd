//! Numbers that a person gave with a unit, and what they may be meant for.

use super::{MOST, Mention, Said};
use crate::bound::canonical;
use crate::bound::qualifier::Unit;
use crate::bound::qualifier::measure::{Beside, Measure, is_object, measure};
use serde_json::Value;

impl Said {
    /// Whether a number was said in what its key is given in: `$20` for an `amount`, `6 people` for a `party_size`.
    pub(in crate::bound) fn is_measured(
        &self,
        mention: &Mention,
        value: &Value,
        key: &[String],
    ) -> bool {
        canonical::is_number(value) && self.measure(mention).is_of(key)
    }

    /// Where a person said a number of a key by what it is given in, or as what the deed is done with: `Transfer 50 from`.
    pub(in crate::bound) fn find_measured(
        &self,
        value: &Value,
        key: &[String],
        deed: &[String],
    ) -> Option<Mention> {
        if !canonical::is_number(value) {
            return None;
        }
        let counted = Unit::Money.is_of(key) || Unit::Things.is_of(key);
        self.mentions(value)
            .into_iter()
            .filter(|mention| mention.person)
            .find(|mention| {
                self.measure(mention).is_of(key)
                    || counted && is_object(&self.beside_number(mention), deed)
            })
    }

    /// Where a person said a number of such units, called by one of these words where there are some.
    pub(in crate::bound) fn find_in(
        &self,
        value: &Value,
        unit: Unit,
        called: &[&str],
    ) -> Option<Mention> {
        self.mentions(value).into_iter().find(|mention| {
            mention.person
                && self.measure(mention) == Measure::In(unit)
                && (called.is_empty()
                    || self
                        .neighbours(mention)
                        .1
                        .is_some_and(|word| called.contains(&word)))
        })
    }

    /// Whether a number was said with decimals: `20.00`.
    pub(in crate::bound) fn has_decimals(&self, mention: &Mention) -> bool {
        self.texts
            .get(mention.text)
            .is_some_and(|spoken| spoken.is_inside_number(mention.word + mention.length))
    }

    /// The places where a person said a number that may be meant by this key as well: nothing beside it says that it is
    /// another thing's, a day or a time.
    pub(in crate::bound) fn may_mean(&self, value: &Value, key: &[String]) -> Vec<Mention> {
        if !canonical::is_number(value) {
            return Vec::new();
        }
        let mut found = self.mentions(value);
        found.truncate(MOST);
        found.retain(|mention| {
            let measure = self.measure(mention);
            mention.person && (measure.may_be_any() || measure.is_of(key))
        });
        found
    }

    /// What a number was said of.
    pub(super) fn measure(&self, mention: &Mention) -> Measure {
        let spoken = self.texts.get(mention.text);
        let word = spoken.and_then(|spoken| spoken.words.get(mention.word));
        match word.map(String::as_str) {
            _ if self.counts_lines(mention) => Measure::Name,
            Some("dozen" | "dozens" | "dutzend") => Measure::In(Unit::Things),
            _ => measure(&self.beside_number(mention)),
        }
    }

    /// What stands beside a number, all of which belongs to it: `20.00` is one.
    fn beside_number(&self, mention: &Mention) -> Beside<'_> {
        let Some(spoken) = self.texts.get(mention.text) else {
            return Beside::default();
        };
        let mut whole = *mention;
        while spoken.is_inside_number(whole.word + whole.length) {
            whole.length += 1;
        }
        let (before, behind) = self.beside_in_clause(&whole);
        let start = spoken.starts.get(whole.word).copied().unwrap_or(0);
        let last = whole.word + whole.length.saturating_sub(1);
        let end = spoken.end_of(last).unwrap_or(start);
        let near = |c: &char| !c.is_whitespace();
        Beside {
            before,
            behind,
            signs: [
                spoken.text[..start].chars().rev().find(near),
                spoken.text.get(end..).unwrap_or("").chars().find(near),
            ],
        }
    }

    /// Whether a number only counts the lines of a text: `1. Refund it`.
    fn counts_lines(&self, mention: &Mention) -> bool {
        let Some(spoken) = self.texts.get(mention.text) else {
            return false;
        };
        let (Some(start), Some(word)) = (
            spoken.starts.get(mention.word),
            spoken.words.get(mention.word),
        ) else {
            return false;
        };
        let before = spoken.text[..*start].trim_end_matches([' ', '\t']);
        let behind = spoken.text.get(start + word.len()..).unwrap_or("");
        let mut behind = behind.chars();
        (before.is_empty() || before.ends_with('\n'))
            && matches!(behind.next(), Some('.' | ')'))
            && behind.next() == Some(' ')
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::said;
    use crate::bound::key::words;
    use serde_json::json;

    #[test]
    fn a_number_is_said_of_the_key_that_is_given_in_its_unit() {
        for (text, value, key, tool, expected) in [
            (
                "Refund $20.00 for O-5512.",
                json!(20),
                "amount",
                "refund",
                true,
            ),
            (
                "Refund 20 € for O-5512.",
                json!(20),
                "amount",
                "refund",
                true,
            ),
            (
                "Book it for six people",
                json!(6),
                "party_size",
                "book",
                true,
            ),
            ("We are 6 guests.", json!(6), "party_size", "book", true),
            ("Reorder 7 pieces", json!(7), "quantity", "reorder", true),
            (
                "Transfer 50 from A-1",
                json!(50),
                "amount",
                "transfer",
                true,
            ),
            (
                "Ship 12 of order O-1",
                json!(12),
                "quantity",
                "ship_order",
                true,
            ),
            (
                "Ship 12 of order O-1",
                json!(12),
                "priority",
                "ship_order",
                false,
            ),
            ("Two rooms for 3 nights", json!(3), "amount", "book", false),
        ] {
            let found = said(text).find_measured(&value, &words(key), &words(tool));
            assert_eq!(found.is_some(), expected, "{text} {key}");
        }
    }

    #[test]
    fn what_is_said_of_something_else_means_no_other_key() {
        for (text, expected) in [
            ("Put it to 7", true),
            ("Put 7 boxes there", true),
            ("Put it there on May 7", false),
            ("Put it there for 7 days", false),
            ("Close #7", false),
            ("7. Close it", false),
            ("7) Close it", false),
        ] {
            let found = said(text).may_mean(&json!(7), &words("stock"));
            assert_eq!(!found.is_empty(), expected, "{text}");
        }
    }
}
