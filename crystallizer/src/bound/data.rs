//! Whether a text is data, however it is written: a telephone, addresses with names beside them, a day or an amount as
//! people write them, a code of a bank, JSON that holds any of these.

use super::canonical;
use super::written;
use crate::value_class::{self, ValueClass};
use serde_json::Value;

/// The longest text that is read as one value.
const LONGEST: usize = 200;
/// The digits of a telephone.
const TELEPHONE: std::ops::RangeInclusive<usize> = 7..=15;
/// How deep texts are read as data inside of data.
const DEPTH: usize = 2;

/// Whether a text under a key is data that can hardly be the same in another run.
pub(super) fn holds_data(key: &str, text: &str) -> bool {
    holds(key, text, 0)
}

fn holds(key: &str, text: &str, depth: usize) -> bool {
    if depth < DEPTH
        && text.starts_with(['{', '['])
        && let Ok(inner) = serde_json::from_str::<Value>(text)
    {
        let mut found = false;
        crate::leaf::leaves(&inner, &mut |_, key, leaf| {
            found |= match leaf {
                Value::Number(number) => number.as_f64().is_some_and(|number| number.abs() > 1.0),
                Value::String(text) => is_class(text.trim()) || holds(key, text.trim(), depth + 1),
                _ => false,
            };
        });
        return found;
    }
    if text.is_empty() || text.len() > LONGEST || text.contains('\n') {
        return false;
    }
    is_telephone(text)
        || is_addresses(text)
        || is_written(text)
        || is_code_of(key, text)
        || is_handle(text)
        || crate::trust::is_recipient(key) && !text.contains(char::is_whitespace)
}

/// Whether what kind of value it is says that it is data.
fn is_class(text: &str) -> bool {
    matches!(
        value_class::of(text),
        Some(
            ValueClass::Date
                | ValueClass::Moment
                | ValueClass::Email
                | ValueClass::Uuid
                | ValueClass::Id
                | ValueClass::Amount
                | ValueClass::Url
        )
    )
}

/// `+43 660 1234567`, `(415) 555-0132`, `0660/1234567`.
pub(super) fn is_telephone(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_plain = text
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b' ' | b'(' | b')' | b'-' | b'/' | b'.' | b'+'));
    is_plain
        && TELEPHONE.contains(&digits)
        && (text.starts_with(['+', '(', '0']) || text.contains([' ', '-']))
}

/// Addresses of people with hardly a word beside their names.
fn is_addresses(text: &str) -> bool {
    let words = text
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '"' | '(' | ')'))
        .filter(|word| !word.is_empty());
    let (mut addresses, mut others) = (0_usize, 0_usize);
    for word in words {
        match value_class::of(word) {
            Some(ValueClass::Email) => addresses += 1,
            _ => others += 1,
        }
    }
    addresses > 0 && others <= addresses * 4
}

/// A day, a time of day or an amount that is the whole text: `12/03/2026`, `3 December 2026`, `15:30`, `450 EUR`, `15%`.
fn is_written(text: &str) -> bool {
    let is_time = text.split_once(':').is_some_and(|(hour, minute)| {
        let is_number = |part: &str| part.len() <= 2 && part.bytes().all(|b| b.is_ascii_digit());
        is_number(hour) && minute.len() == 2 && is_number(minute) && !hour.is_empty()
    });
    let is_day = || {
        written::figures(text)
            .iter()
            .any(|figure| figure.is_day && figure.shown == text)
    };
    let is_amount = || {
        text.split_whitespace().count() <= 2
            && text.bytes().any(|b| b.is_ascii_digit())
            && !text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
            && canonical::number(text).is_some()
    };
    is_time || is_day() || is_amount()
}

/// Whether a text is the code of an account or a bank under a key that says so.
fn is_code_of(key: &str, text: &str) -> bool {
    let names = crate::words::split(key);
    let is_named = names.iter().any(|word| {
        matches!(
            word.as_str(),
            "bic" | "swift" | "iban" | "account" | "wallet" | "routing" | "phone" | "telephone"
        )
    });
    is_named && text.len() >= 6 && !text.bytes().any(|b| b.is_ascii_lowercase())
}

/// `#general`, `@kim.lee`, `CC/1200`: the name of a channel, of somebody, of an account in a ledger.
fn is_handle(text: &str) -> bool {
    let is_name = text.starts_with(['#', '@'])
        && text.chars().skip(1).any(char::is_alphanumeric)
        && !text.contains(char::is_whitespace);
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_code = digits >= 2
        && text.bytes().any(|b| b.is_ascii_uppercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase() || matches!(b, b'/' | b'-'));
    is_name || is_code
}

#[cfg(test)]
mod tests {
    use super::holds_data;

    #[test]
    fn texts_that_are_data() {
        for (key, text, expected) in [
            ("phone", "+436601234567", true),
            ("number", "(415) 555-0132", true),
            ("owner", "Kim Lee <kim@x.test>", true),
            ("cc", "kim@x.test, al@x.test", true),
            ("due", "12/03/2026", true),
            ("when", "3 December 2026", true),
            ("time", "15:30", true),
            ("amount", "450 EUR", true),
            ("price", "$450", true),
            ("discount", "15%", true),
            ("bic", "COBADEFFXXX", true),
            ("status", "APPROVED", false),
            ("payload", "{\"amount\": 450}", true),
            ("payload", "{\"mode\": \"fast\"}", false),
            ("callback_url", "localhost/cb", true),
            ("to", "general", true),
            ("channel", "#general", true),
            ("handle", "@kim", true),
            ("cost_center", "CC/1200", true),
            ("title", "Follow up", false),
            (
                "body",
                "Please write to help@x.test when the parcel did not come.",
                false,
            ),
            ("count", "3", false),
        ] {
            assert_eq!(holds_data(key, text), expected, "{key}: {text}");
        }
    }
}
