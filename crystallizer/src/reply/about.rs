//! What a text is about: the deeds and the things that it names.

use super::phrases::{
    AROUND, BACK, BETWEEN, COURTESY, HEARD, LIMITS, NAMING, NEGATES, OBJECTS, YES,
};
use super::word::{Word, length_of, sentences, stem};
use std::collections::BTreeSet;

/// The words of a text that may name a deed, without their endings; of sentences that do not say no to it.
pub(crate) fn deeds(text: &str) -> BTreeSet<String> {
    sentences(text)
        .iter()
        .filter(|(words, _)| !words.iter().any(|one| NEGATES.contains(&&*one.word)))
        .flat_map(|(words, _)| words)
        .map(|one| &*one.word)
        .filter(|word| word.chars().count() >= 3)
        .filter(|word| !BETWEEN.contains(word) && !AROUND.contains(word))
        .map(|word| stem(word).to_owned())
        .collect()
}

/// The words of a text, without their endings, whatever is said of them.
pub(crate) fn stems(text: &str) -> BTreeSet<String> {
    let all = sentences(text);
    let words = all.iter().flat_map(|(words, _)| words);
    words.map(|one| stem(&one.word).to_owned()).collect()
}

/// The words of a text that name things: those with a digit.
pub(crate) fn names(text: &str) -> BTreeSet<String> {
    crate::leaf::tokens(text)
        .filter(|word| word.len() >= 4 && word.bytes().any(|b| b.is_ascii_digit()))
        .map(str::to_lowercase)
        .collect()
}

/// Whether more than yes was said only to name what is sent then anyway: its words are `named`, courtesies, and such as
/// lead to a name.
pub(crate) fn only_names(more: &str, named: &dyn Fn(&str) -> bool) -> bool {
    let sentences = sentences(more);
    let all: Vec<&Word<'_>> = sentences.iter().flat_map(|(words, _)| words).collect();
    if sentences.iter().any(|(_, asks)| *asks) {
        return false;
    }
    let mut at = 0;
    let mut names = false;
    while at < all.len() {
        let word = &*all[at].word;
        let limits = [LIMITS, OBJECTS, BACK]
            .iter()
            .any(|all| all.contains(&word));
        let plain = [YES, HEARD, COURTESY]
            .iter()
            .find_map(|phrases| length_of(&all[at..], phrases));
        if let Some(length) = plain.filter(|_| !limits) {
            at += length;
            continue;
        }
        let is_named = named(word);
        names |= is_named;
        if limits || !is_named && !BETWEEN.contains(&word) && !NAMING.contains(&word) {
            return false;
        }
        at += 1;
    }
    names
}
