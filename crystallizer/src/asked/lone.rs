//! Values of one character. One stands in nearly every text: what tells where it came from is the word of its key that
//! it stands beside, as in `9 boxes` and `size X`.

use crate::leaf::tokens;
use serde_json::Value;

/// How many words may stand between a value and the word that says what it is, and one more.
const NEAR: usize = 2;
/// Keys of how many there are of something: a text says that as `take 9 of them`, too.
const COUNTS: [&str; 7] = [
    "quantity", "qty", "count", "amount", "units", "copies", "pieces",
];

/// What stands between the word and the value.
const MARK: char = '\u{1}';

/// Whether a value is one character.
pub(crate) fn is_short(text: &str) -> bool {
    text.trim().len() == 1
}

/// What a value of one character would stand in a text as.
pub(super) fn each_beside(key: &str, value: &str, then: &mut dyn FnMut(&str)) {
    let value = value.trim().to_ascii_lowercase();
    for word in crate::words::split(key) {
        if word.len() >= 2 {
            let one = word.strip_suffix("es").or_else(|| word.strip_suffix('s'));
            for (stem, end) in [(word.as_str(), ""), (&word, "s"), (&word, "es")] {
                then(&pair(&format!("{stem}{end}"), &value));
            }
            for stem in one.into_iter().chain(word.strip_suffix('s')) {
                then(&pair(stem, &value));
            }
        }
    }
    // One of something is what is taken where nobody says how many.
    if crate::words::has(key, &COUNTS) && value.bytes().all(|b| (b'2'..=b'9').contains(&b)) {
        then(&pair("", &value));
    }
}

/// Each value of one character in a plain text, with the words that stand near it; where `counts`, also as a number of
/// anything.
pub(crate) fn each_pair(text: &str, counts: bool, then: &mut dyn FnMut(&str)) {
    if !has_lone(text) {
        return;
    }
    let words: Vec<&str> = tokens(text).collect();
    let mut pair = String::new();
    let mut give = |beside: &str, word: &str| {
        pair.clear();
        pair.push_str(beside);
        pair.push(MARK);
        pair.push_str(word);
        then(&pair);
    };
    for (at, word) in words.iter().enumerate().filter(|(_, word)| word.len() == 1) {
        let near = at.saturating_sub(NEAR)..words.len().min(at + NEAR + 1);
        for beside in near.filter(|beside| *beside != at) {
            give(words[beside], word);
        }
        if counts && words.len() > NEAR {
            give("", word);
        }
    }
}

/// Gives each scalar with the key that it stands under.
pub(crate) fn each_keyed<'v>(
    value: &'v Value,
    key: &'v str,
    then: &mut dyn FnMut(&'v str, &'v Value),
) {
    match value {
        Value::Object(map) => map
            .iter()
            .for_each(|(key, inner)| each_keyed(inner, key, then)),
        Value::Array(items) => items.iter().for_each(|inner| each_keyed(inner, key, then)),
        scalar => then(key, scalar),
    }
}

/// The same of a value by itself, under its key.
pub(crate) fn each_under(key: &str, value: &str, then: &mut dyn FnMut(&str)) {
    for word in crate::words::split(key) {
        then(&pair(&word, &value.trim().to_ascii_lowercase()));
    }
}

fn pair(word: &str, value: &str) -> String {
    format!("{word}{MARK}{value}")
}

/// Whether a letter or a digit stands by itself.
fn has_lone(text: &str) -> bool {
    let is_part = |at: Option<usize>| {
        let byte = at.and_then(|at| text.as_bytes().get(at));
        byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii())
    };
    (0..text.len())
        .any(|at| is_part(Some(at)) && !is_part(at.checked_sub(1)) && !is_part(Some(at + 1)))
}

#[cfg(test)]
mod tests {
    use super::{each_beside, each_pair, each_under};

    fn meets(key: &str, value: &str, text: &str, counts: bool) -> bool {
        let mut sought = Vec::new();
        each_beside(key, value, &mut |pair| sought.push(pair.to_owned()));
        let mut found = false;
        each_pair(text, counts, &mut |pair| {
            found |= sought.iter().any(|one| one == pair)
        });
        found
    }

    #[test]
    fn a_character_is_told_by_the_word_of_its_key() {
        for (key, value, text) in [
            ("boxes", "9", "please take 9 boxes and the size x"),
            ("box_count", "9", "please take 9 of them"),
            ("size", "X", "please take 9 boxes and the size x"),
            ("size", "X", "the size is x"),
            ("room", "7", "add 7 rooms"),
            ("rooms", "7", "in room 7"),
        ] {
            assert!(meets(key, value, text, true), "{key}: {value}");
        }
        for (key, value, text) in [
            ("size", "X", "a text of 9 boxes"),
            ("boxes", "8", "please take 9 boxes"),
            ("page", "2", "there are 2 of them in here"),
            ("quantity", "1", "take 1 of them"),
        ] {
            assert!(!meets(key, value, text, true), "{key}: {value}");
        }
        // Of how many anybody may write is only asked about where others write.
        assert!(!meets("quantity", "9", "please take 9 of them", false));
        let mut found = Vec::new();
        each_under("shoeSize", "X", &mut |pair| found.push(pair.to_owned()));
        assert_eq!(found, ["shoe\u{1}x", "size\u{1}x"]);
    }
}
