//! Whether the condition that parts recordings is the one that the person named. What parts a few recordings may part
//! them by chance: it stands for what was said only where it speaks of the same.

use super::flag::flag_words;
use super::lexicon as l;
use super::sentence::{Token, sentences};
use super::told::normal;
use crate::bound::filter::spoken;
use crate::bound::key::words;
use serde_json::Value;

/// One field compared with one value, as recordings are parted.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::bound) struct Parting {
    /// The words of the thing that the field is of.
    pub(in crate::bound) thing: Vec<String>,
    /// The last key of the field.
    pub(in crate::bound) key: String,
    pub(in crate::bound) value: Value,
    /// Whether the field is the value, or is not.
    pub(in crate::bound) equal: bool,
}

/// Whether the words of a condition are all carried: each part of an `and` or an `or`, and what does not hold as what
/// does not hold.
pub(super) fn is_carried(quote: &str, parting: &Parting) -> bool {
    let sentences = sentences(quote);
    let tokens: Vec<&Token> = sentences.iter().flatten().collect();
    let unless = tokens.iter().any(|token| token.word == "unless");
    tokens
        .split(|token| l::is_joint(&token.word) || matches!(token.word.as_str(), "nor" | "but"))
        .all(|part| {
            let part: Vec<&str> = part.iter().map(|token| token.word.as_str()).collect();
            is_part_carried(&part, unless, parting)
        })
}

fn is_part_carried(part: &[&str], unless: bool, parting: &Parting) -> bool {
    let is_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    // A bound, an age or a place in time is no equality.
    let compares = part.iter().any(|word| {
        l::is_comparative(word)
            || matches!(
                *word,
                "than"
                    | "under"
                    | "over"
                    | "above"
                    | "below"
                    | "least"
                    | "most"
                    | "before"
                    | "after"
                    | "since"
                    | "until"
                    | "within"
                    | "between"
            )
    });
    if compares {
        return false;
    }
    let negations = part.iter().filter(|word| l::negates(word)).count() + usize::from(unless);
    let negated = negations % 2 == 1;
    let content: Vec<&str> = part
        .iter()
        .copied()
        .filter(|word| {
            !(l::negates(word)
                || l::is_condition(word, None)
                || l::is_determiner(word)
                || l::is_neutral(word)
                || l::is_boundary(word)
                || matches!(
                    *word,
                    "still" | "already" | "currently" | "yet" | "really" | "provided" | "case"
                ))
        })
        .collect();
    // The field's own words, and those of which one has to be said.
    let (own, meant) = match &parting.value {
        Value::Bool(_) | Value::Null => {
            let holds = parting.equal == (parting.value == Value::Bool(true));
            // `not paid` says of a field what `paid` says of its opposite.
            let mut meant = flag_words(&parting.key, holds != negated);
            if holds == negated {
                let plain = words(&parting.key);
                meant.retain(|word| !plain.contains(word));
            }
            (Vec::new(), meant)
        }
        value => {
            if parting.equal == negated {
                return false;
            }
            (words(&parting.key), spoken(value))
        }
    };
    let says = |list: &[String], word: &str| {
        let mut parts = normal(word).into_iter().peekable();
        parts.peek().is_some()
            && parts.all(|part| list.iter().any(|one| normal(one).contains(&part)))
    };
    let mut is_meant = false;
    for word in content {
        if says(&meant, word) {
            is_meant = true;
        } else if is_number(word) || !says(&own, word) && !says(&parting.thing, word) {
            return false;
        }
    }
    is_meant
}

#[cfg(test)]
mod tests {
    use super::{Parting, is_carried};
    use serde_json::{Value, json};

    fn parting(key: &str, value: Value, equal: bool) -> Parting {
        Parting {
            thing: vec!["order".to_owned()],
            key: key.to_owned(),
            value,
            equal,
        }
    }

    #[test]
    fn a_condition_is_carried_by_what_says_the_same() {
        for (quote, key, value, equal, expected) in [
            ("if it has not shipped", "gift", json!(true), true, false),
            ("if it has not shipped", "shipped", json!(false), true, true),
            ("if it has not shipped", "shipped", json!(true), true, false),
            ("if it has not shipped", "shipped", json!(true), false, true),
            ("if it has shipped", "shipped", json!(false), true, false),
            ("unless it has shipped", "shipped", json!(false), true, true),
            ("unless it has shipped", "shipped", json!(true), true, false),
            (
                "unless it has not shipped",
                "shipped",
                json!(true),
                true,
                true,
            ),
            ("if it is unpaid", "paid", json!(false), true, true),
            ("if it is unpaid", "paid", json!(true), true, false),
            ("if it isn't paid yet", "paid", json!(false), true, true),
            (
                "if it is unpaid and not a gift",
                "paid",
                json!(false),
                true,
                false,
            ),
            (
                "if it is unpaid or a gift",
                "paid",
                json!(false),
                true,
                false,
            ),
            (
                "if the order is packed",
                "status",
                json!("packed"),
                true,
                true,
            ),
            (
                "if the order is packed",
                "status",
                json!("packed"),
                false,
                false,
            ),
            (
                "if it is not packed",
                "status",
                json!("packed"),
                false,
                true,
            ),
            (
                "if the status is wrong",
                "status",
                json!("packed"),
                true,
                false,
            ),
            ("if the total is 40", "total", json!(40), true, true),
            ("if the total is under 40", "total", json!(40), true, false),
            (
                "if it has not been shipped",
                "shipped_at",
                json!(null),
                true,
                true,
            ),
            ("if it has shipped", "shipped_at", json!(null), true, false),
            ("if it is a paid gift", "gift", json!(true), true, false),
        ] {
            assert_eq!(
                is_carried(quote, &parting(key, value.clone(), equal)),
                expected,
                "{quote} {key} {equal} {value}"
            );
        }
    }
}
