//! What a person said in a word and an agent sent as a code: `switzerland` as `CH`, `hot` as the rating `A`. No answer has
//! the one for the other, and in each run the recorded one would be sent.

use super::binder::{Binder, Sent};
use super::key::{named_by, words};
use super::qualifier::says_nothing;
use serde_json::Value;
use std::collections::BTreeSet;

/// The longest code, in letters.
const LONGEST: usize = 3;
/// The longest word that is one of a few, in letters.
const LONGEST_WORD: usize = 20;
/// The most words of people among which the one is looked for that the code stands for.
const MOST_SAID: usize = 40;
/// How many calls before and behind may carry it.
const NEAREST: usize = 100;
/// The letters of the shortest word that tells something.
const SHORTEST: usize = 3;

impl Binder<'_, '_> {
    /// Whether a value of a change is such a code: nobody said it, its key is of what has codes or was named, and the
    /// person said a word that nothing else of the session carries.
    pub(super) fn is_code_of_word(&self, sent: &Sent<'_>) -> bool {
        let Some(text) = sent.value.as_str() else {
            return false;
        };
        let letters = text.chars().count();
        let is_code = letters <= LONGEST;
        let has_codes = sent.key.words.iter().any(|word| is_of_codes(word));
        if letters == 0
            || letters > LONGEST_WORD
            || !text
                .chars()
                .all(|c| c.is_alphabetic() || c == '_' || c == '-')
            || !(is_code || has_codes)
            || !self.changes(sent.call)
            || self.said_by_person(sent.value, &sent.key).is_some()
        {
            return false;
        }
        let said: Vec<String> = self
            .said
            .by_people()
            .flat_map(|text| {
                text.split(|c: char| {
                    c.is_whitespace() || matches!(c, ',' | ';' | ':' | '!' | '?' | '(' | ')')
                })
            })
            .map(|word| {
                word.trim_matches(|c: char| !c.is_alphanumeric())
                    .to_lowercase()
            })
            .filter(|word| !word.is_empty())
            .take(MOST_SAID + 1)
            .collect();
        let is_named = said.iter().any(|word| named_by(&sent.key.words, word));
        if said.len() > MOST_SAID || !(has_codes || is_named) {
            return false;
        }
        // How urgent something is, an agent says of itself where the person said nothing of it.
        let is_level = sent.key.words.iter().any(|word| is_of_levels(word));
        if is_level && !is_code && !is_named && !said.iter().any(|word| is_degree(word)) {
            return false;
        }
        let mut carried: BTreeSet<String> = BTreeSet::new();
        let near = self.kept.iter().skip(sent.call.saturating_sub(NEAREST));
        for kept in near.take(2 * NEAREST) {
            carried.extend(crate::words::split(&crate::name::of_call(
                &kept.call.name,
                None,
            )));
            crate::leaf::leaves(&kept.call.arguments, &mut |_, key, leaf| {
                carried.extend(words(key));
                if let Value::String(text) = leaf {
                    let own = text.split(|c: char| !c.is_alphanumeric());
                    carried.extend(own.map(str::to_lowercase));
                }
            });
        }
        let carried: Vec<String> = carried
            .into_iter()
            .filter(|word| word.len() >= SHORTEST)
            .collect();
        said.iter().any(|word| {
            word.chars().count() >= SHORTEST
                && word.chars().all(char::is_alphabetic)
                && !says_nothing(word)
                && !named_by(&carried, word)
        })
    }
}

/// Whether the values under such a key are codes for what people have words for.
fn is_of_codes(word: &str) -> bool {
    matches!(
        word,
        "country"
            | "language"
            | "lang"
            | "locale"
            | "currency"
            | "unit"
            | "rating"
            | "grade"
            | "size"
    ) || is_of_levels(word)
}

/// Whether the values under such a key are the steps of a scale.
fn is_of_levels(word: &str) -> bool {
    matches!(
        word,
        "level" | "priority" | "severity" | "urgency" | "importance" | "tier"
    )
}

/// Whether a word says how urgent, how grave or how good something is.
fn is_degree(word: &str) -> bool {
    matches!(
        word,
        "urgent"
            | "urgently"
            | "asap"
            | "immediately"
            | "immediate"
            | "important"
            | "critical"
            | "emergency"
            | "soon"
            | "quick"
            | "quickly"
            | "fast"
            | "rush"
            | "hurry"
            | "serious"
            | "severe"
            | "grave"
            | "minor"
            | "major"
            | "trivial"
            | "low"
            | "lower"
            | "lowest"
            | "high"
            | "higher"
            | "highest"
            | "top"
            | "normal"
            | "regular"
            | "standard"
            | "medium"
            | "hot"
            | "warm"
            | "cold"
            | "vip"
            | "premium"
            | "best"
            | "worst"
            | "blocker"
            | "blocking"
            | "raise"
            | "escalate"
            | "dringend"
            | "sofort"
            | "wichtig"
            | "eilig"
            | "eilt"
            | "kritisch"
            | "schnell"
            | "niedrig"
            | "hoch"
            | "urgente"
            | "importante"
    )
}
