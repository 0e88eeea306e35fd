//! A value inside a text, found again by what stands around it.

use druse_engine::expression::enclosed;

/// The most words before the value that are taken to find it.
const MOST_WORDS: usize = 3;

/// The texts before and after a value on its line that enclose it and nothing else; none where the value
/// stands in the text more than once, or where only data stands around it.
pub(super) fn around(text: &str, value: &str) -> Option<(String, String)> {
    let mut places = text
        .match_indices(value)
        .filter(|(at, _)| is_whole(text, *at, value.len()));
    let (at, _) = places.next()?;
    if places.next().is_some() {
        return None;
    }
    let line_start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let line_end = text[at..].find('\n').map_or(text.len(), |end| at + end);
    let before = &text[line_start..at];
    let after = &text[at + value.len()..line_end];
    let afters = endings(after);
    for words in 1..=MOST_WORDS {
        let Some(start) = word_start(before, words) else {
            break;
        };
        let left = &before[start..];
        if left.bytes().any(|b| b.is_ascii_digit()) {
            break;
        }
        // A sign alone, as in `issue #123`, needs the word before it.
        if !is_wording(left) {
            continue;
        }
        for right in &afters {
            let mut found = enclosed(text, left, right);
            if found.next() == Some(value) && found.next().is_none() {
                return Some((left.to_owned(), (*right).to_owned()));
            }
        }
    }
    None
}

/// The end of the wording above a line, up to the line itself, where it stands in the text once.
pub(super) fn above(text: &str, line: &str) -> Option<String> {
    let mut places = text
        .match_indices(line)
        .filter(|(at, _)| is_whole(text, *at, line.len()));
    let (Some((at, _)), None) = (places.next(), places.next()) else {
        return None;
    };
    let before = &text[..at];
    let above = before.trim_end();
    let begin = above.rfind('\n').map_or(0, |end| end + 1);
    // It has to be a line of its own.
    if !before[above.len()..].contains('\n') {
        return None;
    }
    for words in 1..=MOST_WORDS {
        let left = &before[begin + word_start(&above[begin..], words)?..];
        if left.bytes().any(|b| b.is_ascii_digit()) {
            break;
        }
        if is_wording(left) && text.matches(left).count() == 1 {
            return Some(left.to_owned());
        }
    }
    None
}

/// Whether the value is no part of a longer word.
fn is_whole(text: &str, at: usize, length: usize) -> bool {
    let joins = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    !joins(text[..at].chars().next_back()) && !joins(text[at + length..].chars().next())
}

/// Where the last words of a text begin.
fn word_start(text: &str, words: usize) -> Option<usize> {
    let mut start = text.len();
    for _ in 0..words {
        let rest = text[..start].trim_end();
        if rest.is_empty() {
            return None;
        }
        start = rest.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    }
    Some(start)
}

/// What may end the value: nothing but the line's end, a sign, a sign and the next word.
fn endings(after: &str) -> Vec<&str> {
    let mut all = Vec::new();
    let sign = after
        .find(|c: char| c.is_alphanumeric())
        .unwrap_or(after.len());
    if after.trim().is_empty() {
        all.push("");
        return all;
    }
    if sign > 0 {
        all.push(&after[..sign]);
    }
    let word = after[sign..]
        .find(|c: char| !c.is_alphanumeric())
        .map_or(after.len(), |end| sign + end);
    if word > sign && is_wording(&after[..word]) {
        all.push(&after[..word]);
    }
    all
}

/// Whether a text is wording that stays: at least one word, and no digits, which would be data.
fn is_wording(text: &str) -> bool {
    !text.bytes().any(|b| b.is_ascii_digit())
        && text
            .split(|c: char| !c.is_alphabetic())
            .any(|word| word.chars().count() >= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_around_a_value() {
        for (text, value, expected) in [
            ("Your order ord-7 is ready.", "ord-7", Some(("order ", " "))),
            (
                "Created issue #123.\nSee issue list",
                "123",
                Some(("issue #", ".")),
            ),
            ("Saved as rep_12", "rep_12", Some(("as ", ""))),
            ("ids: a1, a2", "a2", None),
            ("ord-7 and ord-7", "ord-7", None),
            ("7 8", "8", None),
            ("ord-77 is not ord-7", "ord-7", Some(("not ", ""))),
        ] {
            let found = around(text, value);
            assert_eq!(
                found.as_ref().map(|(a, b)| (a.as_str(), b.as_str())),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn what_stands_above_a_line() {
        for (text, expected) in [
            (
                "Please write to\n\nDalton Street 123\nNew York",
                Some("to\n\n"),
            ),
            ("Flat 7\nDalton Street 123\n", None),
            ("Dalton Street 123", None),
            ("to Dalton Street 123", None),
        ] {
            assert_eq!(above(text, "Dalton Street 123").as_deref(), expected);
        }
    }
}
