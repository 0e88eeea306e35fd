//! What a number of a person counts or is given in: `$20`, `30 EUR`, `for 6 people`, `7 boxes`. It is said of the key
//! that is given in just that, though no word names it.

use super::claim::ends;
use super::lexicon as l;
use super::lexicon::Unit;
use crate::bound::key::named_by;

/// How many words behind a number may say what it counts: `7 large boxes`.
const BEHIND: usize = 3;

/// What stands beside a number in its clause: the words before and behind it, each in its order, and the signs that
/// touch it.
#[derive(Debug, Clone, Default)]
pub(in crate::bound) struct Beside<'t> {
    pub(in crate::bound) before: Vec<&'t str>,
    pub(in crate::bound) behind: Vec<&'t str>,
    pub(in crate::bound) signs: [Option<char>; 2],
}

/// What a number is said of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::bound) enum Measure {
    /// So much or so many of that.
    In(Unit),
    /// For so many: `a table for six`.
    For,
    /// The number of a thing, or a day: `number 12`, `#12`, `May 12`.
    Name,
    /// Nothing beside it says of what.
    Bare,
}

impl Measure {
    /// Whether what a key names is given so.
    pub(in crate::bound) fn is_of(self, key: &[String]) -> bool {
        match self {
            Self::In(unit) => unit.is_of(key),
            Self::For => Unit::People.is_of(key),
            Self::Name | Self::Bare => false,
        }
    }

    /// Whether it may be meant by another key, too: nothing tells of what kind it is.
    pub(in crate::bound) fn may_be_any(self) -> bool {
        matches!(self, Self::In(Unit::Things) | Self::For | Self::Bare)
    }
}

/// What a number is said of.
pub(in crate::bound) fn measure(beside: &Beside<'_>) -> Measure {
    let (before, behind) = (&beside.before, &beside.behind);
    for sign in beside.signs.into_iter().flatten() {
        if let Some(unit) = Unit::of(sign.encode_utf8(&mut [0; 4])) {
            return Measure::In(unit);
        }
    }
    if beside.signs[0] == Some('#') {
        return Measure::Name;
    }
    let is_month = |word: Option<&&str>| word.is_some_and(|word| is_month(word));
    let of_month = matches!(behind.as_slice(), ["of" | "de", month, ..] if is_month(Some(month)));
    if is_month(before.last()) || is_month(behind.first()) || of_month {
        return Measure::Name;
    }
    if matches!(behind.as_slice(), ["of" | "von", "us" | "uns", ..]) {
        return Measure::In(Unit::People);
    }
    let mut counts = false;
    for word in behind.iter().take(BEHIND) {
        if let Some(unit) = Unit::of(word) {
            return Measure::In(unit);
        }
        if ends(word) {
            break;
        }
        counts = true;
    }
    if counts {
        return Measure::In(Unit::Things);
    }
    match before.as_slice() {
        [.., word] if Unit::of(word) == Some(Unit::Money) => Measure::In(Unit::Money),
        [.., "we", "are"] | [.., "wir", "sind"] => Measure::In(Unit::People),
        [.., "for" | "für" | "pour"] => Measure::For,
        [.., "no" | "nr" | "number" | "nummer"] => Measure::Name,
        _ => Measure::Bare,
    }
}

/// Whether a number is what a verb is done with, and nothing behind it says of what: `Transfer 50 from …`, `please ship 12
/// of …`. `deed` are the words by which the tool is called.
pub(in crate::bound) fn is_object(beside: &Beside<'_>, deed: &[String]) -> bool {
    let Some((verb, before)) = beside.before.split_last() else {
        return false;
    };
    begins_clause(before) && named_by(deed, verb) && measure(beside) == Measure::Bare
}

/// Whether a word is a verb that tells what to do, by the words before it in its clause: `search for …`, `please search`.
pub(in crate::bound) fn is_order(before: &[&str], word: &str) -> bool {
    // `Open tickets` tells which.
    let is_adjective = matches!(
        word,
        "open" | "close" | "clean" | "clear" | "complete" | "empty" | "free" | "separate"
    );
    l::is_verb(word)
        && !is_adjective
        && before
            .last()
            .is_none_or(|last| l::is_joint(last) || matches!(*last, "please" | "bitte" | "then"))
}

fn begins_clause(before: &[&str]) -> bool {
    before.last().is_none_or(|word| {
        l::is_harmless(word)
            || l::is_joint(word)
            || l::is_boundary(word)
            || matches!(*word, "please" | "bitte")
    })
}

fn is_month(word: &str) -> bool {
    crate::bound::spoken_time::month(word).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bound::key::words;

    fn beside(text: &str) -> Beside<'_> {
        let (before, behind) = text.split_once('_').unwrap();
        let sign = |c: Option<char>| c.filter(|c| !c.is_whitespace());
        Beside {
            signs: [
                sign(before.chars().next_back()),
                sign(behind.chars().next()),
            ],
            before: before
                .split_whitespace()
                .filter(|word| word.starts_with(char::is_alphabetic))
                .collect(),
            behind: behind
                .split_whitespace()
                .filter(|word| word.starts_with(char::is_alphabetic))
                .collect(),
        }
    }

    #[test]
    fn a_number_is_given_in_what_stands_beside_it() {
        for (text, expected) in [
            ("refund $_ for order", Measure::In(Unit::Money)),
            ("the fee of _ eur", Measure::In(Unit::Money)),
            ("pay eur _ now", Measure::In(Unit::Money)),
            ("give them _% off", Measure::In(Unit::Percent)),
            ("a table for _ people", Measure::In(Unit::People)),
            ("we are _", Measure::In(Unit::People)),
            ("the _ of us", Measure::In(Unit::People)),
            ("a table for _ at luigi", Measure::For),
            ("ship _ large boxes", Measure::In(Unit::Things)),
            ("block _ hours", Measure::In(Unit::Time)),
            ("transfer _ from account", Measure::Bare),
            ("on may _", Measure::Name),
            ("close #_", Measure::Name),
        ] {
            assert_eq!(measure(&beside(text)), expected, "{text}");
        }
    }

    #[test]
    fn a_unit_is_that_of_its_keys() {
        for (unit, key, expected) in [
            (Unit::Money, "unit_amount", true),
            (Unit::Money, "party_size", false),
            (Unit::People, "party_size", true),
            (Unit::People, "quantity", false),
            (Unit::Things, "quantity", true),
            (Unit::Time, "duration_minutes", true),
            (Unit::Percent, "discount", true),
        ] {
            assert_eq!(Measure::In(unit).is_of(&words(key)), expected, "{key}");
        }
    }

    #[test]
    fn what_a_verb_is_done_with_is_no_name() {
        for (text, tool, expected) in [
            ("transfer _ from account", "transfer", true),
            ("please ship _ of order", "ship_order", true),
            ("refund order _ today", "refund_order", false),
            ("the order _ is late", "order", false),
            ("ship _ boxes", "ship_order", false),
        ] {
            assert_eq!(is_object(&beside(text), &words(tool)), expected, "{text}");
        }
    }
}
