//! Which field a small number is said of: that which the words right beside it name. In `a room on the second floor for 2
//! guests` the 2 says how many guests there are, and neither how many beds nor which floor, however near they stand.

use super::lexicon as l;
use crate::bound::key::named_by;

/// How many words behind a number may say what it counts: `2 large double beds`.
const BEHIND: usize = 3;
/// How many words before it may name what it is the number of: `party of 4`, `floor number 2`.
const BEFORE: usize = 2;

/// Of what a number is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::bound) enum Claim {
    /// Of what the key names.
    Key,
    /// Of something else.
    Other,
    /// Nothing beside it says of what.
    Nobody,
}

/// Of what a number is said, by the words right before and behind it in its clause, each in its order. `things` name what
/// has the key, where a number before or behind them may be meant by it: `room 12`.
pub(in crate::bound) fn claim(
    before: &[&str],
    behind: &[&str],
    key: &[String],
    things: &[String],
) -> Claim {
    let mut counts = false;
    for word in behind.iter().take(BEHIND) {
        if named_by(key, word) || is_unit(word) && has_unit(key, word) {
            return Claim::Key;
        }
        if ends(word) {
            break;
        }
        counts |= !is_unit(word);
    }
    if counts {
        return Claim::Other;
    }
    let mut named = before
        .iter()
        .rev()
        .skip_while(|word| links(word))
        .take(BEFORE)
        .take_while(|word| !ends(word))
        .peekable();
    let beside = named.peek().copied();
    if named.any(|word| named_by(key, word)) || beside.is_some_and(|word| named_by(things, word)) {
        return Claim::Key;
    }
    Claim::Nobody
}

/// Whether a place in an order says which number something has: `the second floor`.
pub(in crate::bound) fn is_numbered(next: Option<&&str>, key: &[String]) -> bool {
    let Some(own) = key.last() else { return false };
    next.is_some_and(|next| named_by(std::slice::from_ref(own), next))
}

/// Words at which what a number counts ends.
pub(in crate::bound) fn ends(word: &str) -> bool {
    l::is_boundary(word)
        || l::is_joint(word)
        || l::is_determiner(word)
        || l::is_harmless(word)
        || l::is_verb(word)
        || l::negates(word)
        || l::number(word).is_some()
        || matches!(
            word,
            "please" | "bitte" | "only" | "nur" | "each" | "tomorrow"
        )
}

/// Words between a name and its number: `the floor is 2`, `floor number 2`, `a party of 4`.
fn links(word: &str) -> bool {
    matches!(
        word,
        "is" | "are"
            | "was"
            | "of"
            | "to"
            | "at"
            | "be"
            | "number"
            | "no"
            | "nr"
            | "equals"
            | "ist"
            | "sind"
            | "von"
            | "nummer"
    )
}

/// Whether a word says what an amount is given in.
fn is_unit(word: &str) -> bool {
    l::Unit::of(word) == Some(l::Unit::Money) || matches!(word, "year" | "years")
}

/// Whether what a key names is given in such amounts.
fn has_unit(key: &[String], unit: &str) -> bool {
    match l::Unit::of(unit) {
        Some(l::Unit::Money) => l::Unit::Money.is_of(key),
        _ => key.iter().any(|word| word == "age"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Claim, claim, is_numbered};
    use crate::bound::key::words;

    #[test]
    fn a_number_is_said_of_what_stands_right_beside_it() {
        for (text, key, things, expected) in [
            ("a free room on floor _ for two", "floor", "", Claim::Key),
            ("a free room on floor _ for two", "beds", "", Claim::Nobody),
            (
                "on the second floor for _ guests",
                "floor",
                "",
                Claim::Other,
            ),
            ("on the second floor for _ guests", "beds", "", Claim::Other),
            (
                "on the second floor for _ guests",
                "max_guests",
                "",
                Claim::Key,
            ),
            (
                "a room with _ large double beds please",
                "beds",
                "",
                Claim::Key,
            ),
            (
                "a room with _ large double beds please",
                "floor",
                "",
                Claim::Other,
            ),
            ("the floor is _", "floor", "", Claim::Key),
            ("a table for a party of _", "party_size", "", Claim::Key),
            ("take room _", "number", "", Claim::Nobody),
            ("take room _", "number", "room", Claim::Key),
            ("the ticket for _ euros", "price", "", Claim::Key),
            ("the ticket for _ euros", "hours", "", Claim::Nobody),
            ("a _ star hotel", "stars", "", Claim::Key),
            ("for _ and a dog", "guests", "", Claim::Nobody),
        ] {
            let (before, behind) = text.split_once('_').unwrap();
            let before: Vec<&str> = before.split_whitespace().collect();
            let behind: Vec<&str> = behind.split_whitespace().collect();
            assert_eq!(
                claim(&before, &behind, &words(key), &words(things)),
                expected,
                "{text} {key}"
            );
        }
    }

    #[test]
    fn a_place_in_an_order_is_the_number_of_what_stands_behind_it() {
        assert!(is_numbered(Some(&"floor"), &words("floor")));
        assert!(!is_numbered(Some(&"floor"), &words("beds")));
        assert!(!is_numbered(Some(&"order"), &words("order_id")));
        assert!(!is_numbered(None, &words("floor")));
    }
}
