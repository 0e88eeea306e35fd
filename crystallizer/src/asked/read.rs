//! How texts are read for words that somebody asks about: in small letters, word for word, with the parts of addresses
//! and the numbers that are written in groups.

use super::index::is_long_number;
use crate::leaf::{DIGIT, HYPHEN, PIECES, Tokens, is_separator, shortest};
use std::borrow::Cow;

/// The shortest part of an address or a path that is a word of its own, in bytes.
pub(super) const SHORTEST_PIECE: usize = 3;

/// The text in small letters, without characters that nobody sees.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if text.is_ascii() && !text.contains('\0') {
        return match text.bytes().any(|b| b.is_ascii_uppercase()) {
            true => text.to_ascii_lowercase().into(),
            false => text.into(),
        };
    }
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        // Most of a text is of ASCII, also where not all is.
        let run = rest
            .iter()
            .position(|byte| !byte.is_ascii() || *byte == b'\0')
            .unwrap_or(rest.len());
        out.push_str(text.get(at..at + run).unwrap_or_default());
        at += run;
        if let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
            if !crate::import::is_hidden(c) {
                out.extend(c.to_lowercase());
            }
            at += c.len_utf8();
        }
    }
    out.make_ascii_lowercase();
    out.into()
}

/// The text in small letters with characters that nobody sees, where it has such.
pub(super) fn written(text: &str) -> Option<String> {
    let may_hide = !text.is_ascii() || text.contains('\0');
    (may_hide && text.contains(crate::import::is_hidden)).then(|| text.to_lowercase())
}

/// The words of a plain text, each with the kinds of bytes in it.
pub(super) fn with_kinds(text: &str) -> impl Iterator<Item = (&str, u8)> + Clone {
    Tokens::of(text).map(|(word, kinds)| (shortest(word), kinds))
}

/// The parts of an address or a path that are words of their own.
pub(crate) fn pieces(word: &str, kinds: u8, mut then: impl FnMut(&str)) {
    if kinds & PIECES != 0 {
        each_part(word, |part| {
            if part.len() >= SHORTEST_PIECE && part.len() < word.len() {
                then(part);
            }
        });
    }
}

/// What stands between the marks of an address or a path.
pub(super) fn each_part(word: &str, mut then: impl FnMut(&str)) {
    let mut from = 0;
    for (at, byte) in word.bytes().enumerate() {
        if is_separator(byte) {
            then(word.get(from..at).unwrap_or_default());
            from = at + 1;
        }
    }
    then(word.get(from..).unwrap_or_default());
}

/// Most groups that a number is written in.
const GROUPS: usize = 10;
/// The longest group, in bytes.
const LONGEST_GROUP: usize = 12;
/// The shortest and the longest number without what parts its groups, in bytes. Of more no further group is taken.
const SHORTEST: usize = 4;
const LONGEST: usize = 40;

/// What is found in a text.
pub(crate) enum Found<'t> {
    /// A word, with the kinds of bytes in it.
    Word(&'t str, u8),
    /// A number that is written in groups, put together.
    Joined(&'t str),
}

/// Gives each word of a plain text, and the numbers in it that are written in groups: `DE89 3704 0044` and each run
/// inside of it. Runs of several words only where `runs` says so.
pub(crate) fn read(text: &str, runs: bool, mut then: impl FnMut(Found<'_>)) {
    let mut rest = Tokens::of(text);
    // The word before that may be the first group of a number, and what comes after it.
    let mut before: Option<(&str, Tokens<'_>)> = None;
    let mut joined = String::new();
    while let Some((token, kinds)) = rest.next() {
        let word = shortest(token);
        then(Found::Word(word, kinds));
        if kinds & DIGIT != 0 {
            if kinds & HYPHEN != 0 && word.contains('-') {
                joined.clear();
                if take(&mut joined, word) && fits(&joined) {
                    then(Found::Joined(&joined));
                }
            }
            if runs
                && is_group(word, kinds)
                && let Some((first, behind)) = before
            {
                run(first, behind, &mut joined, &mut then);
            }
        }
        before = (runs && word.len() <= LONGEST_GROUP).then(|| (word, rest.clone()));
    }
}

/// Gives what a word and the groups behind it make, put together, as long as that is a long number.
fn run(first: &str, behind: Tokens<'_>, joined: &mut String, then: &mut impl FnMut(Found<'_>)) {
    joined.clear();
    // Only the first of them may be letters alone.
    if !take(joined, first) {
        return;
    }
    let mut length = first.len();
    for (token, kinds) in behind.take(GROUPS - 1) {
        let word = shortest(token);
        if !is_group(word, kinds) || length > LONGEST {
            break;
        }
        length += word.len();
        if !take(joined, word) {
            break;
        }
        if fits(joined) && is_long_number(joined) {
            then(Found::Joined(joined));
        }
    }
}

fn is_group(word: &str, kinds: u8) -> bool {
    kinds & DIGIT != 0
        && word.len() <= LONGEST_GROUP
        && match word.is_ascii() {
            true => word
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'),
            false => word.chars().all(|c| c.is_alphanumeric() || c == '-'),
        }
}

/// Adds a word without what parts its groups: blanks and hyphens. Gives whether there are no other marks in it, nor more
/// than a number has.
fn take(joined: &mut String, word: &str) -> bool {
    for c in word.chars() {
        if c.is_alphanumeric() && joined.len() < LONGEST {
            joined.push(c);
        } else if !c.is_whitespace() && c != '-' {
            return false;
        }
    }
    joined.len() <= LONGEST
}

/// Whether it may be the number of an account, an order or a telephone.
fn fits(joined: &str) -> bool {
    joined.len() >= SHORTEST && joined.bytes().any(|b| b.is_ascii_digit())
}

/// A number of an account, an order or a telephone without what parts its groups. `None` where it has other marks, or
/// holds no digit.
pub(super) fn together(text: &str) -> Option<String> {
    let mut joined = String::new();
    (take(&mut joined, text) && fits(&joined)).then_some(joined)
}
