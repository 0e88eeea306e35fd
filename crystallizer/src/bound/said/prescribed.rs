//! Whether the instructions name what is sent in every run: not as one of several, not as a limit, and not for some
//! cases only.

use super::{Mention, Said};
use crate::bound::canonical::runs;
use crate::bound::information::{STRONG, bits};
use crate::value_class;
use serde_json::Value;

/// How many words before a value may say that it is a limit.
const BEFORE: usize = 6;
/// Words that offer several, or hold for some cases only.
const OFFERS: [&str; 29] = [
    "or",
    "either",
    "if",
    "unless",
    "whenever",
    "otherwise",
    "else",
    "except",
    "depending",
    "depends",
    "choose",
    "between",
    "usually",
    "normally",
    "typically",
    "default",
    "oder",
    "entweder",
    "wenn",
    "falls",
    "sonst",
    "außer",
    "je",
    "wähle",
    "zwischen",
    "meist",
    "meistens",
    "normalerweise",
    "gewöhnlich",
];
/// Words that say how far something may go.
const LIMITS: [&str; 28] = [
    "up",
    "over",
    "above",
    "under",
    "below",
    "than",
    "most",
    "least",
    "within",
    "until",
    "maximum",
    "max",
    "minimum",
    "min",
    "limit",
    "limits",
    "exceed",
    "exceeds",
    "exceeding",
    "bis",
    "über",
    "unter",
    "als",
    "höchstens",
    "mindestens",
    "innerhalb",
    "maximal",
    "minimal",
];
/// What parts the elements of a list in a sentence.
const PARTS: [char; 3] = [',', '/', '|'];

impl Said {
    /// The words of the instructions by which a value stands for a key in every run. A particular value needs no word
    /// that names the key.
    pub(in crate::bound) fn prescribed(&self, value: &Value, key: &[String]) -> Option<String> {
        let is_particular = bits(value, &[]) >= STRONG;
        self.mentions(value)
            .into_iter()
            .filter(|mention| !mention.person)
            .filter(|mention| is_particular || self.is_near(mention, key))
            .find(|mention| !self.is_offered(mention) && !self.has_like(mention, value))
            .map(|mention| self.quote(&mention))
    }

    /// The first and the last word of the sentence of a mention.
    fn bounds(&self, mention: &Mention) -> (usize, usize) {
        let spoken = &self.texts[mention.text];
        let own = spoken.sentences.get(mention.word).copied().unwrap_or(0);
        let from = spoken.sentences.partition_point(|one| *one < own);
        let to = spoken.sentences.partition_point(|one| *one <= own);
        (from, to.saturating_sub(1))
    }

    /// Whether what is said there is one of several, a limit, or holds for some cases only.
    fn is_offered(&self, mention: &Mention) -> bool {
        let spoken = &self.texts[mention.text];
        let (from, to) = self.bounds(mention);
        let word = |at: usize| spoken.words.get(at).map_or("", String::as_str);
        let first = mention.word;
        let last = mention.word + mention.length.saturating_sub(1);
        let offers = (from..=to).any(|at| {
            OFFERS.contains(&word(at))
                // `if you are asked to` says when, and not for which of them.
                && !(matches!(word(at), "if" | "wenn" | "falls") && word(at + 1) == "you")
        });
        let limits =
            (first.saturating_sub(BEFORE).max(from)..first).any(|at| LIMITS.contains(&word(at)));
        offers || limits || self.is_in_list(mention, (from, to), (first, last))
    }

    /// Whether a value is an element of a list in a sentence: `low, medium, high`, `R-100 (late), R-200 (lost)`.
    fn is_in_list(
        &self,
        mention: &Mention,
        (from, to): (usize, usize),
        (first, last): (usize, usize),
    ) -> bool {
        let spoken = &self.texts[mention.text];
        let word = |at: usize| spoken.words.get(at).map_or("", String::as_str);
        let between = |at: usize| -> &str {
            let begin = spoken.end_of(at).unwrap_or(0);
            let end = spoken.starts.get(at + 1).copied();
            spoken
                .text
                .get(begin..end.unwrap_or(spoken.text.len()))
                .unwrap_or("")
        };
        let parts = |at: usize| between(at).contains(PARTS);
        let joins = |at: usize| matches!(word(at), "and" | "und");
        // What only explains an element stands in brackets behind it.
        let mut behind = last;
        if between(behind).trim_start().starts_with('(') {
            while behind < to && !between(behind).contains(')') {
                behind += 1;
            }
            if between(behind).trim_start().starts_with('(') && behind < to {
                behind += 1;
                while behind < to && !between(behind).contains(')') {
                    behind += 1;
                }
            }
        }
        let length = mention.length.max(1);
        // As many words as the value has, and then the next sign or the end.
        let is_element = |begin: usize| {
            (begin..begin + length).all(|at| at <= to)
                && (begin..begin + length.saturating_sub(1)).all(|at| !parts(at))
                && (begin + length > to
                    || joins(begin + length)
                    || !between(begin + length - 1).trim().is_empty())
        };
        let goes_on = behind < to
            && (parts(behind) && is_element(behind + 1)
                || parts(behind) && joins(behind + 1) && behind + 2 <= to
                || joins(behind + 1) && behind + 2 <= to && is_element(behind + 2));
        let ends = behind >= to
            || !between(behind)
                .trim_matches([' ', '"', '\'', '`'])
                .is_empty();
        let comes_behind = first > from
            && ends
            && (parts(first - 1)
                || joins(first - 1) && first - 1 > from && {
                    let begin = (first - 1).checked_sub(length);
                    begin.is_some_and(|begin| {
                        begin >= from && (begin == from || parts(begin - 1) || parts(first - 2))
                    })
                });
        goes_on || comes_behind
    }

    /// Whether another value of the same kind stands in the sentence, the one before or the one behind: then the
    /// instructions tell which of them is meant when.
    fn has_like(&self, mention: &Mention, value: &Value) -> bool {
        let Some(class) = value
            .as_str()
            .and_then(value_class::of)
            .filter(|class| class.is_strong())
        else {
            return false;
        };
        let spoken = &self.texts[mention.text];
        let own = spoken.sentences.get(mention.word).copied().unwrap_or(0);
        let from = spoken.sentences.partition_point(|one| *one + 1 < own);
        let to = spoken.sentences.partition_point(|one| *one <= own + 1);
        let begin = spoken.starts.get(from).copied().unwrap_or(0);
        let end = spoken.starts.get(to).copied();
        let text = spoken
            .text
            .get(begin..end.unwrap_or(spoken.text.len()))
            .unwrap_or("");
        let plain = |text: &str| runs(text).collect::<Vec<_>>();
        let own = value.as_str().map(plain);
        crate::leaf::tokens(text)
            .map(|token| token.trim_matches(|c: char| !c.is_alphanumeric()))
            .any(|token| value_class::of(token) == Some(class) && Some(plain(token)) != own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bound::key::words;
    use serde_json::json;

    #[test]
    fn what_is_one_of_several_or_a_limit_is_not_prescribed() {
        for (text, value, key, expected) in [
            (
                "Always use the currency EUR.",
                json!("EUR"),
                "currency",
                true,
            ),
            ("Set the priority to low.", json!("low"), "priority", true),
            (
                "Every refund has the quantity 3.",
                json!(3),
                "quantity",
                true,
            ),
            (
                "Use currency EUR, language de.",
                json!("EUR"),
                "currency",
                true,
            ),
            (
                "If you open a ticket, set its priority to high.",
                json!("high"),
                "priority",
                true,
            ),
            (
                "Copies go to billing@acme.io.",
                json!("billing@acme.io"),
                "cc",
                true,
            ),
            (
                "Priorities are low, medium, high.",
                json!("low"),
                "priority",
                false,
            ),
            (
                "Priorities are low, medium, high.",
                json!("medium"),
                "priority",
                false,
            ),
            (
                "Priorities are low, medium, high.",
                json!("high"),
                "priority",
                false,
            ),
            (
                "Priorities are low and high.",
                json!("low"),
                "priority",
                false,
            ),
            (
                "The priority is low or high.",
                json!("low"),
                "priority",
                false,
            ),
            (
                "For VIPs the priority is high, otherwise low.",
                json!("low"),
                "priority",
                false,
            ),
            ("Default priority is low.", json!("low"), "priority", false),
            (
                "Refunds up to an amount of 80 are allowed.",
                json!(80),
                "amount",
                false,
            ),
            (
                "Refunds over 250 need a human.",
                json!(250),
                "refund",
                false,
            ),
            ("Answer within 24 hours.", json!(24), "due_hours", false),
            ("2 agents work here.", json!(2), "paid_bags", false),
            (
                "Use reason codes R-10021 (late), R-20021 (lost).",
                json!("R-10021"),
                "reason",
                false,
            ),
            (
                "Use reason codes R-10021 (late), R-20021 (lost).",
                json!("R-20021"),
                "reason",
                false,
            ),
            (
                "Sales: a@acme.io\nBilling: b@acme.io",
                json!("b@acme.io"),
                "to",
                false,
            ),
            (
                "If it is late, the priority is high.",
                json!("high"),
                "priority",
                false,
            ),
        ] {
            let mut said = Said::default();
            said.hear(text, false);
            let found = said.prescribed(&value, &words(key));
            assert_eq!(found.is_some(), expected, "{text} {value}");
        }
    }
}
