//! Whether what was read of a sentence is plainly meant: an adjective at its noun, or a plain exclusion. What is said
//! with a second negation, as one of two, in passing or about as much is asked about and never followed on a guess.

use super::cover::asks_for;
use super::lexicon as l;
use super::read::{Kind, Nouns, Qualifier};
use super::sentence::Sentence;

/// Says of each of these whether it is plain, and which of its words only name the thing itself.
pub(super) fn marked(
    sentence: &Sentence,
    nouns: &Nouns<'_>,
    found: Vec<Qualifier>,
) -> Vec<Qualifier> {
    if found.is_empty() {
        return found;
    }
    let turns = turns(sentence);
    // What only tells how things are may narrow what is asked for elsewhere, or not.
    let hedged =
        is_hedged(sentence, &turns) || has_alternatives(sentence) || !asks_for(sentence, nouns);
    found
        .into_iter()
        .map(|one| Qualifier {
            sure: one.sure && !hedged && is_plain(sentence, nouns, &turns, &one),
            things: one
                .content
                .iter()
                .filter(|word| nouns.is_head(word))
                .cloned()
                .collect(),
            ..one
        })
        .collect()
}

/// Where something is turned round; `but not` does so once.
fn turns(sentence: &Sentence) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    let mut joined = false;
    for (at, token) in sentence.iter().enumerate() {
        let word = token.word.as_str();
        let next = sentence.get(at + 1).map(|next| next.word.as_str());
        let by_both = l::excludes(word, next) && !l::excludes(word, None);
        let alone = l::negates(word) || l::excludes(word, None) || l::denies(word);
        if (by_both || alone || l::is_skipped(word, next) || l::leaves_out(word)) && !joined {
            found.push(at);
        }
        joined = by_both;
    }
    found
}

/// Whether the sentence says that it makes no difference, or that it is no more than a wish: `I don't mind if`,
/// `not only`, `no matter whether`, `even if`.
fn is_hedged(sentence: &Sentence, turns: &[usize]) -> bool {
    let word = |at: usize| sentence.get(at).map(|token| token.word.as_str());
    sentence.iter().enumerate().any(|(at, token)| {
        l::hedges(&token.word)
            || token.word == "even" && word(at + 1).is_some_and(|next| l::is_condition(next, None))
    }) || turns
        .iter()
        .any(|at| (at + 1..at + 3).filter_map(word).any(l::makes_nothing_of))
}

/// Whether one of two is meant: `unpinned or urgent`. Two deeds are none: `close or forward`.
fn has_alternatives(sentence: &Sentence) -> bool {
    sentence.iter().enumerate().any(|(at, token)| {
        let is_verb = |place: Option<usize>| {
            place
                .and_then(|place| sentence.get(place))
                .is_some_and(|token| l::is_verb(&token.word))
        };
        matches!(token.word.as_str(), "either" | "entweder")
            || matches!(token.word.as_str(), "or" | "oder")
                && !(is_verb(at.checked_sub(1)) && is_verb(Some(at + 1)))
    })
}

/// Whether what stands at a place of a text stands right behind something that turns it round, in its clause.
pub(in crate::bound) fn is_turned_at(sentence: &Sentence, start: usize) -> bool {
    let at = sentence
        .iter()
        .position(|token| token.end > start)
        .unwrap_or(sentence.len());
    let Some(clause) = sentence.get(at).map(|token| token.clause) else {
        return false;
    };
    (at.saturating_sub(4)..at).any(|place| {
        let token = &sentence[place];
        let next = sentence.get(place + 1).map(|next| next.word.as_str());
        token.clause == clause
            && (l::negates(&token.word) || l::excludes(&token.word, next) || l::keeps(&token.word))
    })
}

fn is_plain(sentence: &Sentence, nouns: &Nouns<'_>, turns: &[usize], one: &Qualifier) -> bool {
    let Some(first) = sentence.iter().position(|token| token.start >= one.start) else {
        return false;
    };
    let clause = sentence[first].clause;
    // Two bounds: `older than 30 days but newer than 200 days`.
    let compared = sentence
        .iter()
        .filter(|token| {
            l::is_comparative(&token.word) || matches!(token.word.as_str(), "least" | "most")
        })
        .count();
    let numbers = one.content.iter().filter(|word| l::number(word).is_some());
    let numbers = numbers.count();
    if one.kind == Kind::Clause && (numbers > 1 || numbers == 1 && compared > 1) {
        return false;
    }
    if !one.negated {
        return !turns
            .iter()
            .any(|at| *at < first && sentence[*at].clause == clause);
    }
    let [turn] = turns else { return false };
    if *turn >= first {
        return true;
    }
    // `do not close the waiting ones`, `not the waiting ones`: not `I would not want the waiting ones closed`.
    sentence.get(turn + 1).is_some_and(|next| {
        *turn + 1 == first
            || nouns.is_verb(&next.word)
            || l::is_determiner(&next.word)
            || l::excludes(&sentence[*turn].word, Some(&next.word))
    })
}
