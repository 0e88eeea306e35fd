//! The scalars of a JSON value with their places, and the tokens of a text.

use crate::tool_map::escape;
use druse_engine::Digest;
use serde_json::Value;

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
                    pointer.push('/');
                    pointer.push_str(&index.to_string());
                    walk(inner, pointer, key, visit);
                    pointer.truncate(length);
                }
            }
            scalar => visit(pointer, key, scalar),
        }
    }
    walk(value, &mut String::new(), "", visit);
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
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(parts_words)
        .map(|token| {
            token.trim_matches(|c: char| {
                matches!(
                    c,
                    '.' | ':'
                        | '!'
                        | '?'
                        | '*'
                        | '$'
                        | '€'
                        | '£'
                        | '#'
                        | '…'
                        | '“'
                        | '”'
                        | '‘'
                        | '’'
                )
            })
        })
        .filter(|token| !token.is_empty())
}

/// One form for equal values: numbers and numeric texts in their shortest form, other text as it is.
pub(crate) fn canonical(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(canonical_text(text.trim())),
        Value::Number(number) => Some(canonical_text(&number.to_string())),
        _ => None,
    }
}

/// The form under which equal texts meet: the text itself, and of one that is longer than this its digest.
pub(crate) fn whole(text: String, longest: usize) -> String {
    if text.len() <= longest {
        return text;
    }
    Digest::of(text.as_bytes()).to_string()
}

/// The same for a text. Texts such as `007` are no numbers.
pub(crate) fn canonical_text(text: &str) -> String {
    shortest(text).to_owned()
}

/// The same as a part of the text.
pub(crate) fn shortest(text: &str) -> &str {
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
