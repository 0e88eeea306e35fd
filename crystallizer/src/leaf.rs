//! The scalars of a JSON value with their places, and the tokens of a text.

use crate::tool_map::escape;
use serde_json::Value;
use std::borrow::Cow;
use std::fmt::Write as _;

/// Calls `visit(pointer, key, scalar)` for each scalar, in order. `key` is the nearest object key.
pub(crate) fn leaves<'v>(value: &'v Value, visit: &mut dyn FnMut(&str, &'v str, &'v Value)) {
    fn walk<'v>(
        value: &'v Value,
        pointer: &mut String,
        key: &'v str,
        visit: &mut dyn FnMut(&str, &'v str, &'v Value),
    ) {
        let length = pointer.len();
        match value {
            Value::Object(map) => {
                for (key, inner) in map {
                    pointer.push('/');
                    pointer.push_str(&escape(key));
                    walk(inner, pointer, key, visit);
                    pointer.truncate(length);
                }
            }
            Value::Array(items) => {
                for (index, inner) in items.iter().enumerate() {
                    // Nothing fails that is written into a text.
                    let _ = write!(pointer, "/{index}");
                    walk(inner, pointer, key, visit);
                    pointer.truncate(length);
                }
            }
            scalar => visit(pointer, key, scalar),
        }
    }
    walk(value, &mut String::new(), "", visit);
}

/// Calls `visit` for each scalar, in order, where nobody asks for its place.
pub(crate) fn scalars<'v>(value: &'v Value, visit: &mut dyn FnMut(&'v Value)) {
    match value {
        Value::Object(map) => map.values().for_each(|inner| scalars(inner, visit)),
        Value::Array(items) => items.iter().for_each(|inner| scalars(inner, visit)),
        scalar => visit(scalar),
    }
}

/// Whether a character stands between the words of a text: a blank, a quote or a bracket.
pub(crate) fn parts_words(c: char) -> bool {
    // Each letter of a recording is asked about several times.
    match u8::try_from(c).ok().filter(u8::is_ascii) {
        Some(byte) => PARTS_WORDS >> byte & 1 == 1,
        None => c.is_whitespace(),
    }
}

/// The letters of ASCII that part words, a bit each.
const PARTS_WORDS: u128 = {
    let mut all = 0;
    let mut byte = 0_u8;
    while byte < 128 {
        let blank = matches!(byte, 9..=13 | b' ');
        let mark = matches!(
            byte,
            b'"' | b'\''
                | b'`'
                | b','
                | b';'
                | b'('
                | b')'
                | b'['
                | b']'
                | b'{'
                | b'}'
                | b'<'
                | b'>'
                | b'|'
                | b'='
        );
        if blank || mark {
            all |= 1 << byte;
        }
        byte += 1;
    }
    all
};

/// The tokens of a text: what stands between blanks, quotes and brackets, without punctuation at its ends.
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = &str> + Clone {
    Tokens::of(text).map(|(token, _)| token)
}

/// The tokens of what is left of a text, each with the kinds of the bytes in it and at its end. Each byte is looked at
/// once: all of a recording is gone over several times.
#[derive(Clone)]
pub(crate) struct Tokens<'t> {
    text: &'t str,
    at: usize,
}

/// It parts words.
const PARTS: u8 = 1;
/// At the end of a word it is none of it.
const ENDS: u8 = 2;
/// It is a part of a letter that is none of ASCII.
const WIDE: u8 = 4;
/// A digit.
pub(crate) const DIGIT: u8 = 8;
/// A hyphen.
pub(crate) const HYPHEN: u8 = 16;
/// It parts an address or a path.
pub(crate) const PIECES: u8 = 32;

/// What each byte is.
static BYTES: [u8; 256] = {
    let mut all = [WIDE; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        let mut kinds = 0;
        if PARTS_WORDS >> byte & 1 == 1 {
            kinds |= PARTS;
        }
        if matches!(byte, b'.' | b':' | b'!' | b'?' | b'*' | b'$' | b'#') {
            kinds |= ENDS;
        }
        if byte.is_ascii_digit() {
            kinds |= DIGIT;
        }
        if byte == b'-' {
            kinds |= HYPHEN;
        }
        if matches!(byte, b'/' | b'?' | b'&' | b'#' | b'@' | b':') {
            kinds |= PIECES;
        }
        all[byte as usize] = kinds;
        byte += 1;
    }
    all
};

fn kinds(byte: u8) -> u8 {
    BYTES[usize::from(byte)]
}

/// Whether it parts an address or a path.
pub(crate) fn is_separator(byte: u8) -> bool {
    kinds(byte) & PIECES != 0
}

impl<'t> Tokens<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    fn letter(&self, at: usize) -> Option<char> {
        self.text.get(at..)?.chars().next()
    }
}

impl<'t> Iterator for Tokens<'t> {
    type Item = (&'t str, u8);

    fn next(&mut self) -> Option<(&'t str, u8)> {
        let bytes = self.text.as_bytes();
        let mut from = self.at;
        loop {
            let kinds = kinds(*bytes.get(from)?);
            if kinds & (WIDE | PARTS | ENDS) == 0 {
                break;
            }
            let mut length = 1;
            if kinds & WIDE != 0 {
                let c = self.letter(from)?;
                if !c.is_whitespace() && !ends_words(c) {
                    break;
                }
                length = c.len_utf8();
            }
            from += length;
        }
        let (mut to, mut all, mut last) = (from, 0, 0);
        for byte in bytes.get(from..)? {
            let kinds = kinds(*byte);
            // Of a letter that is none of ASCII the first byte is asked about.
            let parts = kinds & PARTS != 0
                || kinds & WIDE != 0
                    && *byte >= 0xc0
                    && self.letter(to).is_some_and(char::is_whitespace);
            if parts {
                break;
            }
            to += 1;
            all |= kinds;
            last = kinds;
        }
        self.at = to;
        let token = self.text.get(from..to)?;
        Some(match last & (ENDS | WIDE) {
            0 => (token, all),
            _ => (token.trim_end_matches(ends_words), all),
        })
    }
}

/// Whether a character at the end of a word is none of it.
fn ends_words(c: char) -> bool {
    match u8::try_from(c).ok().filter(u8::is_ascii) {
        Some(byte) => kinds(byte) & ENDS != 0,
        None => matches!(c, '€' | '£' | '…' | '“' | '”' | '‘' | '’'),
    }
}

/// One form for equal values: numbers and numeric texts in their shortest form, other text as it is.
pub(crate) fn canonical(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(shortest(text.trim()).into()),
        Value::Number(number) => {
            let mut text = number.to_string();
            text.truncate(shortest(&text).len());
            Some(text.into())
        }
        _ => None,
    }
}

/// The same for a text. Texts such as `007` are no numbers.
pub(crate) fn canonical_text(text: &str) -> String {
    shortest(text).to_owned()
}

/// The same as a part of the text.
pub(crate) fn shortest(text: &str) -> &str {
    // What ends otherwise has nothing to drop, and each word of a recording is asked about.
    if !text.ends_with('0') {
        return text;
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let fraction = digits.split_once('.');
    let numeric = match fraction {
        Some((whole, part)) => {
            !whole.is_empty()
                && !part.is_empty()
                && whole
                    .bytes()
                    .chain(part.bytes())
                    .all(|b| b.is_ascii_digit())
        }
        None => false,
    };
    if numeric {
        // Only what stands behind the point is dropped: no number is rounded.
        return text.trim_end_matches('0').trim_end_matches('.');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same in the words of the language's library.
    fn known(text: &str) -> Vec<&str> {
        const ENDS: &[char] = &[
            '.', ':', '!', '?', '*', '$', '€', '£', '#', '…', '“', '”', '‘', '’',
        ];
        text.split(parts_words)
            .map(|token| token.trim_matches(ENDS))
            .filter(|token| !token.is_empty())
            .collect()
    }

    #[test]
    fn words_stand_between_blanks_and_marks() {
        let text = "Pay “98.70” to <ana@x.example>: €5…\u{2003}größe! (#W12) a..b ?";
        let all = [
            "Pay",
            "98.70",
            "to",
            "ana@x.example",
            "5",
            "größe",
            "W12",
            "a..b",
        ];
        assert_eq!(tokens(text).collect::<Vec<_>>(), all);
        assert_eq!(known(text), all);
        assert_eq!(tokens("… . ").count(), 0);
    }

    proptest! {
        #[test]
        fn words_are_those_that_splitting_gives(text in "[a.:!#$ =\"(…“€ä\u{2003}\u{a0}x-]{0,40}") {
            prop_assert_eq!(tokens(&text).collect::<Vec<_>>(), known(&text));
        }
    }
}
