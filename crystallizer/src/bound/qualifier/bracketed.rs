//! What is said behind a deed of which things it is done with: `close T-8812 (solved ones only)`.

use super::lexicon as l;
use super::read::{Kind, Qualifier};
use super::sentence::{Sentence, Token};

/// The most words of such a clause.
const MOST: usize = 5;

/// The clauses of a sentence, behind its first, that say nothing but of which things something is done only.
pub(super) fn only(sentence: &Sentence) -> Vec<Qualifier> {
    let mut found = Vec::new();
    let mut rest = sentence.as_slice();
    while let Some(first) = rest.first() {
        let own = rest
            .iter()
            .take_while(|one| one.clause == first.clause)
            .count();
        let (clause, behind) = rest.split_at(own);
        rest = behind;
        if first.clause > 0 && is_only(clause) {
            found.extend(Qualifier::of(Kind::Condition, clause));
        }
    }
    found
}

fn is_only(clause: &[Token]) -> bool {
    let is_word =
        |one: Option<&Token>| one.is_some_and(|one| matches!(one.word.as_str(), "only" | "nur"));
    let tells = clause.iter().any(|one| {
        !l::is_determiner(&one.word)
            && !l::is_preposition(&one.word)
            && !l::is_harmless(&one.word)
            && !matches!(
                one.word.as_str(),
                "only" | "nur" | "ones" | "one" | "once" | "this" | "that"
            )
    });
    (2..=MOST).contains(&clause.len())
        && (is_word(clause.last()) || is_word(clause.first()) && clause.len() <= 3)
        && !clause
            .iter()
            .any(|one| l::is_verb(&one.word) || l::number(&one.word).is_some())
        && tells
}
