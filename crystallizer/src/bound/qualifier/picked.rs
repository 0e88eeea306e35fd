//! What else is said of one thing that is picked from a list by what was said of it.

use super::cover::asks_for;
use super::doubt::marked;
use super::lexicon as l;
use super::read::{Kind, Nouns, Qualifier, about_each};
use super::sentence::Sentence;
use crate::bound::information::{STRONG, bits};
use crate::bound::key::words;
use serde_json::Value;
use std::collections::BTreeSet;

/// What else is said of the one thing that is told by a value in the same words: `the unread message from Anna`. The
/// value is given by its words.
pub(in crate::bound) fn about_told(
    sentence: &Sentence,
    value: &[String],
    nouns: &Nouns<'_>,
) -> Vec<Qualifier> {
    let unknown = asks_for(sentence, nouns);
    let mut found = Vec::new();
    for all in about_each(sentence, nouns, unknown) {
        let spoken: BTreeSet<String> = all
            .iter()
            .filter(|one| !one.negated)
            .flat_map(|one| one.content.iter().flat_map(|word| figured(word)))
            .collect();
        if !value.is_empty() && value.iter().all(|word| spoken.contains(word)) {
            found.extend(before_nouns(sentence, nouns, all));
        }
    }
    found
}

/// The same with all that stands behind the noun; where the value stands elsewhere in a sentence that names one thing
/// alone, of that thing: `on the second floor reserve a free room`.
pub(super) fn about_picked(
    sentence: &Sentence,
    value: &[String],
    nouns: &Nouns<'_>,
) -> Vec<Qualifier> {
    if value.is_empty() {
        return Vec::new();
    }
    let unknown = asks_for(sentence, nouns);
    let each: Vec<Vec<Qualifier>> = about_each(sentence, nouns, unknown).collect();
    let told = |all: &Vec<Qualifier>| {
        let plain = all.iter().filter(|one| !one.negated);
        let content = plain.flat_map(|one| &one.content);
        let spoken: BTreeSet<String> = content.flat_map(|word| figured(word)).collect();
        value.iter().all(|word| spoken.contains(word))
    };
    let only = each.len() == 1 && unknown;
    each.into_iter()
        .filter(|all| only || told(all))
        .flat_map(|all| marked(sentence, nouns, all))
        .filter(|one| {
            let behind = sentence.iter().find(|token| token.start >= one.end);
            let is_deed = behind.is_some_and(|token| l::is_determiner(&token.word));
            one.kind != Kind::Property || !is_deed
        })
        .collect()
}

/// What is asked for of one thing of a list, whether it is known or any will do: `reserve a free room`.
pub(in crate::bound) fn about_wanted(sentence: &Sentence, nouns: &Nouns<'_>) -> Vec<Qualifier> {
    if !asks_for(sentence, nouns) {
        return Vec::new();
    }
    about_each(sentence, nouns, true)
        .flat_map(|all| before_nouns(sentence, nouns, all))
        .collect()
}

/// Those of some qualifiers that stand before their noun.
fn before_nouns(
    sentence: &Sentence,
    nouns: &Nouns<'_>,
    all: Vec<Qualifier>,
) -> impl Iterator<Item = Qualifier> {
    marked(sentence, nouns, all).into_iter().filter(|one| {
        // What stands before an article is a deed that no list of them has: `adjust my flight`.
        let behind = sentence.iter().find(|token| token.start >= one.end);
        one.kind == Kind::Property && behind.is_none_or(|token| !l::is_determiner(&token.word))
    })
}

/// The words of a word, and the number that it says: `2` for `two`, and for `second`.
pub(super) fn figured(word: &str) -> Vec<String> {
    let mut all = words(word);
    let number = l::number(word).or_else(|| l::place(word));
    all.extend(number.map(|number| number.to_string()));
    all
}

/// Whether a field with a value names one thing alone, so that what else is said of it only describes it: an id or a name.
pub(in crate::bound) fn names_one(key: &str, value: &Value) -> bool {
    let is_address = value.as_str().is_some_and(|text| text.contains('@'));
    let last = words(key).pop().unwrap_or_default();
    matches!(
        last.as_str(),
        "id" | "name"
            | "number"
            | "code"
            | "key"
            | "title"
            | "subject"
            | "sku"
            | "slug"
            | "reference"
            | "path"
            | "file"
    ) || !is_address && bits(value, &words(key)) >= STRONG
}
