//! What is said of the thing that a superlative picks, and whether a superlative is what is asked for.

use super::doubt::marked;
use super::lexicon as l;
use super::read::{BEFORE, Kind, Nouns, Qualifier, behind, next_in_clause, tells};
use super::sentence::Sentence;

/// What a sentence says about the thing that a superlative in it picks.
pub(in crate::bound) fn about_superlative(
    sentence: &Sentence,
    at: usize,
    nouns: &Nouns<'_>,
) -> Vec<Qualifier> {
    let Some(own) = sentence.get(at) else {
        return Vec::new();
    };
    let mut from = at + 1;
    // `least expensive`, `highest rated`: what is least belongs to it.
    if let Some(next) = next_in_clause(sentence, at)
        && (matches!(own.word.as_str(), "most" | "least")
            || next.ends_with("ed") && !nouns.is_head(next))
    {
        from += 1;
    }
    let mut head = None;
    let mut last = None;
    for (place, token) in sentence.iter().enumerate().skip(from).take(BEFORE) {
        if token.clause != own.clause
            || l::is_boundary(&token.word)
            || l::excludes(&token.word, None)
        {
            break;
        }
        if l::is_joint(&token.word) {
            // `cheapest and refundable`, but `the cheapest and pay with …`.
            let goes_on = sentence
                .get(place + 1)
                .is_some_and(|next| !nouns.is_verb(&next.word) && !l::is_boundary(&next.word));
            if goes_on && last.is_some() {
                continue;
            }
            break;
        }
        if nouns.is_head(&token.word) || matches!(token.word.as_str(), "one" | "ones" | "option") {
            head = Some(place);
            break;
        }
        last = Some(place);
    }
    let mut found = Vec::new();
    let end = head.or(last).unwrap_or(at);
    if end > from {
        for token in sentence.iter().take(end).skip(from) {
            if tells(&token.word) && l::number(&token.word).is_none() {
                found.extend(Qualifier::of(Kind::Property, std::slice::from_ref(token)));
            }
        }
    }
    found.extend(behind(sentence, end + 1, nouns));
    marked(sentence, nouns, found)
}

/// The same of every place in a sentence where the superlative stands and is what is asked for.
pub(in crate::bound) fn about_word(
    sentence: &Sentence,
    word: &str,
    nouns: &Nouns<'_>,
) -> Vec<Qualifier> {
    let mut found = Vec::new();
    for (at, token) in sentence.iter().enumerate() {
        let before: Vec<&str> = sentence
            .get(at.saturating_sub(BEFORE)..at)
            .unwrap_or_default()
            .iter()
            .map(|one| one.word.as_str())
            .collect();
        if is_said(&token.word, word) && !is_turned(&before) {
            found.extend(about_superlative(sentence, at, nouns));
        }
    }
    found
}

/// Whether a word is a superlative, or begins with it: `best-rated`.
fn is_said(own: &str, superlative: &str) -> bool {
    own.strip_prefix(superlative)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// Whether a superlative is not what is asked for: `not the cheapest`, `the second cheapest`.
pub(in crate::bound) fn is_turned(before: &[&str]) -> bool {
    for (back, word) in before.iter().rev().enumerate() {
        if back == 0 && (l::is_part(word) && *word != "most" || is_nth(word)) {
            return true;
        }
        let next = (back > 0)
            .then(|| before.get(before.len() - back))
            .flatten()
            .copied();
        if l::negates(word) || l::excludes(word, next) {
            return true;
        }
        // A negation reaches over what leads to the noun, not over another thing that is asked for.
        if back >= 5 || matches!(*word, "but" | "then" | "so") {
            return false;
        }
    }
    false
}

fn is_nth(word: &str) -> bool {
    ["nd", "rd", "th"].iter().any(|end| {
        word.strip_suffix(end)
            .is_some_and(|digits| digits.parse::<u32>().is_ok())
    })
}
