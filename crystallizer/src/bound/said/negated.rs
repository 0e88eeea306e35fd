//! What the person said not to take: `not LAX`, `not a gift card`, `instead of W48121`.

use super::{Mention, Said};

/// The most words between a negation and what it takes away.
const BETWEEN: usize = 3;
/// Words that may stand between the two.
const LEADING: [&str; 50] = [
    "a", "an", "the", "my", "your", "his", "her", "our", "their", "its", "this", "that", "these",
    "those", "any", "another", "from", "to", "with", "by", "via", "on", "in", "at", "of", "as",
    "for", "ein", "eine", "einen", "einem", "einer", "der", "die", "das", "den", "dem", "mein",
    "meine", "meinen", "meiner", "von", "vom", "zu", "zum", "nach", "mit", "per", "für", "am",
];

impl Said {
    /// Whether a person named something only to say that it is not meant. A negation of what is done (`I did not get
    /// order W48121`) takes nothing away.
    pub(super) fn is_negated(&self, mention: &Mention, value: &str) -> bool {
        let Some(spoken) = self.texts.get(mention.text).filter(|one| one.person) else {
            return false;
        };
        let word = |at: usize| spoken.words.get(at).map_or("", String::as_str);
        let goes_on = |at: usize| {
            spoken
                .end_of(at)
                .zip(spoken.starts.get(at + 1))
                .and_then(|(end, next)| spoken.text.get(end..*next))
                .is_some_and(|between| {
                    between.chars().all(|c| {
                        c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '“' | '„' | '#' | '$')
                    })
                })
        };
        let mut at = mention.word;
        for _ in 0..=BETWEEN {
            let Some(before) = at.checked_sub(1).filter(|before| goes_on(*before)) else {
                return false;
            };
            at = before;
            let two = |first: &str| at > 0 && word(at - 1) == first && goes_on(at - 1);
            match word(at) {
                // `or not`, `if not` and `why not` ask, and say nothing of what stands behind.
                "not" | "nicht" => {
                    return !["or", "if", "whether", "why", "ob", "oder", "wenn", "warum"]
                        .into_iter()
                        .any(two);
                }
                "never" | "kein" | "keine" | "keinen" | "keinem" | "keiner" | "statt"
                | "anstatt" | "anstelle" => return true,
                "of" if two("instead") => return true,
                "than" if two("rather") => return true,
                // `order no 4711` is a number; `no gift card` is none.
                "no" => return !value.bytes().any(|b| b.is_ascii_digit()),
                other if LEADING.contains(&other) => {}
                _ => return false,
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_taken_away_was_not_said() {
        for (text, value, expected) in [
            (
                "Refund it to my original payment method, not a gift card.",
                "gift_card",
                false,
            ),
            ("I need a nonstop flight to LAS, not LAX.", "LAX", false),
            ("I need a nonstop flight to LAS, not LAX.", "LAS", true),
            ("Cancel W48122 instead of W48121.", "W48121", false),
            ("Cancel W48122 instead of W48121.", "W48122", true),
            ("Take the train rather than the bus.", "bus", false),
            ("Storniere W48122 statt W48121.", "W48121", false),
            (
                "Bitte nicht an ann@x.test, sondern an bob@x.test.",
                "bob@x.test",
                true,
            ),
            ("I did not get order W48121. Refund it.", "W48121", true),
            ("I never received W48121.", "W48121", true),
            ("It is not working: W48121.", "W48121", true),
            ("Refund order no 48121.", "48121", true),
            ("No, W48121 is right.", "W48121", true),
            ("Not W48121. But later on W48121 was right.", "W48121", true),
            ("It is not only Berlin.", "Berlin", true),
        ] {
            let mut said = Said::default();
            said.hear(text, true);
            let found = said.find(&json!(value), &[]).is_some();
            assert_eq!(found, expected, "{text} {value}");
        }
    }
}
