//! Words that say nothing of what is wanted, and deeds.

use super::lexicon as l;
use super::read::tells;

/// Whether a word of a person names nothing: it is one of every sentence, or says what is done.
pub(in crate::bound) fn says_nothing(word: &str) -> bool {
    !tells(word)
        || l::is_harmless(word)
        || l::is_verb(word)
        || l::is_any_deed(word)
        || l::is_preposition(word)
        || l::is_subject(word)
        || l::is_condition(word, None)
        || l::number(word).is_some()
        || matches!(
            word,
            "nach"
                | "auf"
                | "von"
                | "für"
                | "mit"
                | "new"
                | "neu"
                | "neue"
                | "neuen"
                | "called"
                | "named"
                | "customer"
                | "kunde"
        )
}
