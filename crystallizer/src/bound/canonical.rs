//! The forms under which equal values meet, however they are written: `42`, `"42"` and `42.0`; `1,234.50` and
//! `1234.5`; `2027-03-28` and the day of `2027-03-28T09:00:00Z`; `Economy` and `economy`.

use crate::leaf::canonical_text;
use crate::value_class;
use druse_engine::Digest;
use jiff::civil::{Date, DateTime};
use serde_json::Value;

/// The longest text that is looked for however it is written. Longer ones are equal letter by letter, and known by
/// their digest.
const LONGEST: usize = 400;

/// The forms of a scalar, the main one first; none for truth values and nothing.
pub(super) fn forms(value: &Value) -> Vec<String> {
    match value {
        Value::Number(number) => vec![format!("n:{}", canonical_text(&number.to_string()))],
        Value::String(text) => of_text(text),
        _ => Vec::new(),
    }
}

/// Whether a scalar is a number, be it written as text.
pub(super) fn is_number(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        Value::String(text) => number(text).is_some(),
        _ => false,
    }
}

/// The main form of a scalar.
pub(super) fn form(value: &Value) -> Option<String> {
    forms(value).into_iter().next()
}

/// The forms of a text.
pub(super) fn of_text(text: &str) -> Vec<String> {
    let text = text.trim();
    if text.is_empty() {
        return Vec::new();
    }
    if text.len() > LONGEST {
        return vec![format!("l:{}", Digest::of(text.as_bytes()))];
    }
    // Most texts are words, and neither numbers nor days.
    if !text.bytes().any(|b| b.is_ascii_digit()) {
        return vec![words(text)];
    }
    if let Some(number) = number(text).or_else(|| comma_number(text)) {
        return vec![format!("n:{number}")];
    }
    if value_class::is_date(text) {
        return vec![format!("d:{text}")];
    }
    if value_class::is_moment(text)
        && let Some(day) = text.get(..10)
    {
        let at = moment(text).unwrap_or_else(|| text.to_ascii_lowercase());
        return vec![format!("t:{at}"), format!("d:{day}")];
    }
    let mut forms: Vec<String> = written_days(text).map(|day| format!("d:{day}")).collect();
    forms.push(words(text));
    forms.extend(compact(text));
    forms
}

/// The form of a text as words: in lower case, with one blank between them.
fn words(text: &str) -> String {
    let mut plain = String::with_capacity(text.len() + 2);
    plain.push_str("s:");
    for word in text.split_whitespace() {
        if plain.len() > 2 {
            plain.push(' ');
        }
        if word.is_ascii() {
            let begin = plain.len();
            plain.push_str(word);
            plain[begin..].make_ascii_lowercase();
        } else {
            plain.extend(word.chars().flat_map(char::to_lowercase));
        }
    }
    plain
}

/// A number in groups, as of a bank account or a card, without what stands between its groups.
fn compact(text: &str) -> Option<String> {
    let parts = text.split([' ', '-']);
    let grouped = parts.clone().count() > 1;
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase() || matches!(b, b' ' | b'-'));
    // Only what is mostly digits: words with a number behind them are no number.
    if !plain
        || digits < 8
        || digits < 2 * letters
        || grouped && parts.clone().any(|part| part.len() > 8)
    {
        return None;
    }
    Some(format!("c:{}", parts.collect::<String>()))
}

/// Notations of days other than that of ISO 8601. Where day and month could be taken for each other, both are.
pub(super) const DAYS: [&str; 9] = [
    "%d.%m.%Y",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%Y/%m/%d",
    "%B %d, %Y",
    "%b %d, %Y",
    "%d %B %Y",
    "%d %b %Y",
    "%Y%m%d",
];

/// The days that a whole text writes.
fn written_days(text: &str) -> impl Iterator<Item = Date> + use<'_> {
    let runs = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|run| !run.is_empty());
    let year = |run: &str| run.len() == 4 && run.bytes().all(|b| b.is_ascii_digit());
    let likely = (8..=20).contains(&text.len())
        && runs.clone().count() == 3
        && runs.clone().any(year)
        && runs
            .clone()
            .filter(|run| run.bytes().all(|b| b.is_ascii_digit()))
            .count()
            >= 2;
    DAYS.iter()
        .filter(move |_| likely)
        .filter_map(move |format| jiff::fmt::strtime::parse(format, text).ok()?.to_date().ok())
}

/// The number that a text writes, in its shortest form: signs of currency, separators of thousands and a sign of
/// per cent are no part of it. Texts such as `007` are no numbers.
pub(super) fn number(text: &str) -> Option<String> {
    let text = without_unit(text.trim())
        .trim_start_matches(['$', '€', '£'])
        .trim_end_matches(['%', '€', '£', '$'])
        .trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let groups: Vec<&str> = whole.split(',').collect();
    let grouped = match groups.split_first() {
        Some((first, rest)) => {
            first.len() <= 3 && rest.iter().all(|group| group.len() == 3) || rest.is_empty()
        }
        None => false,
    };
    let plain: String = groups.concat();
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !grouped
        || !is_digits(&plain)
        || fraction.is_some_and(|fraction| !is_digits(fraction))
        || plain.len() > 1 && plain.starts_with('0')
    {
        return None;
    }
    Some(canonical_text(&match fraction {
        Some(fraction) => format!("{sign}{plain}.{fraction}"),
        None => format!("{sign}{plain}"),
    }))
}

/// The number that a text writes with a comma before its decimals, and points between its groups: `1.234,56`,
/// `84,20 €`. What may be groups of thousands is none.
pub(super) fn comma_number(text: &str) -> Option<String> {
    let (whole, decimals) = text.rsplit_once(',')?;
    let digits = decimals.bytes().take_while(u8::is_ascii_digit).count();
    if whole.contains(',') || digits == 0 || digits == 3 && !whole.contains('.') {
        return None;
    }
    let turned: String = text
        .chars()
        .map(|c| match c {
            ',' => '.',
            '.' => ',',
            other => other,
        })
        .collect();
    number(&turned)
}

/// An amount without the code of its currency: `84.20 EUR`.
fn without_unit(text: &str) -> &str {
    let is_code = |code: &str| code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase());
    match text.split_once(' ') {
        Some((amount, code)) if is_code(code) => amount,
        Some((code, amount)) if is_code(code) => amount,
        _ => text,
    }
}

/// A moment in one notation: with an offset as UTC, without one as it stands.
fn moment(text: &str) -> Option<String> {
    if let Ok(at) = text.replacen(' ', "T", 1).parse::<jiff::Timestamp>() {
        return Some(at.to_string());
    }
    text.parse::<DateTime>().ok().map(|at| at.to_string())
}

/// The day of a form that names one.
pub(super) fn day(form: &str) -> Option<Date> {
    form.strip_prefix("d:")?.parse().ok()
}

/// The runs of letters and digits of a text, in lower case: what is left when notation is taken away.
pub(super) fn runs(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|run| !run.is_empty())
        .map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn equal_values_meet() {
        for (one, two) in [
            (json!(42), json!("42")),
            (json!(42.0), json!("42")),
            (json!("1,234.50"), json!(1234.5)),
            (json!("$42"), json!(42)),
            (json!("15%"), json!(15)),
            (json!(" Economy "), json!("economy")),
            (
                json!("2027-03-28T11:00:00+02:00"),
                json!("2027-03-28T09:00:00Z"),
            ),
            (json!("2027-03-28 09:00"), json!("2027-03-28T09:00:00")),
            (json!("March 28, 2027"), json!("2027-03-28")),
            (json!("28.03.2027"), json!("2027-03-28")),
            (json!("84.20 EUR"), json!(84.2)),
            (json!("84.20 €"), json!(84.2)),
            (json!("1.234,56"), json!(1234.56)),
            (json!("84,20 EUR"), json!(84.2)),
            (json!("12,5 %"), json!(12.5)),
        ] {
            assert_eq!(form(&one), form(&two), "{one} {two}");
            assert!(form(&one).is_some());
        }
        assert!(forms(&json!("2027-03-28T09:00:00Z")).contains(&"d:2027-03-28".to_owned()));
        for (one, two) in [
            (json!("007"), json!(7)),
            (json!("1,23"), json!(123)),
            (json!("1,234"), json!(1.234)),
            (json!("1,2,3"), json!(1.2)),
            (json!("10.0.0.1"), json!(10)),
        ] {
            assert_ne!(form(&one), form(&two), "{one} {two}");
        }
        let iban = forms(&json!("DE89 3704 0044 0532 0130 00"));
        assert!(
            iban.iter()
                .any(|form| forms(&json!("DE89370400440532013000")).contains(form))
        );
        assert_eq!(forms(&json!(true)), Vec::<String>::new());
        let long = "A long text. ".repeat(100);
        assert_eq!(form(&json!(long)), form(&json!(format!(" {long}"))));
        assert_ne!(form(&json!(long)), form(&json!(format!("{long}x"))));
        assert!(form(&json!(long)).unwrap().len() < 100);
    }
}
