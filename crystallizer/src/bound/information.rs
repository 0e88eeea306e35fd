//! How much a value tells: −log₂ of the chance that it stands in an answer that has nothing to do with it. A
//! small number, a date or a word of everyday matches somewhere by accident; an id does not.
//!
//! The figures are priors by value class, set by hand on the careful side.

use super::canonical::number;
use crate::value_class::{self, ValueClass};
use serde_json::Value;

/// From here on a value is taken as the same thing wherever it stands.
pub(super) const STRONG: f64 = 6.0;
/// Below this a match says nothing, whatever the key.
pub(super) const WEAK: f64 = 2.0;

/// The information of a scalar that stands under a key of these words.
pub(super) fn bits(value: &Value, key: &[String]) -> f64 {
    let own = match value {
        Value::Number(number) => of_number(&number.to_string()),
        Value::String(text) => of_text(text.trim()),
        _ => 0.0,
    };
    // Under a key that names things, chance matches of any value are rare.
    if own < 4.5 && names_things(key) && !matches!(value, Value::Bool(_) | Value::Null) {
        let length = match value {
            Value::String(text) => text.trim().chars().count(),
            other => other.to_string().len(),
        };
        return if length >= 4 { 4.5 } else { own.max(2.5) };
    }
    own
}

/// Whether the values under a key are names of things: ids, numbers of flights and orders, codes.
pub(super) fn names_things(key: &[String]) -> bool {
    key.last().is_some_and(|word| {
        matches!(
            word.as_str(),
            "id" | "uuid"
                | "guid"
                | "number"
                | "ref"
                | "reference"
                | "iban"
                | "sku"
                | "slug"
                | "sha"
        )
    })
}

/// From so many characters on no text is equal to another by chance.
const LONG: usize = 200;

fn of_number(text: &str) -> f64 {
    // Years of our time stand in most answers.
    if text.len() == 4
        && (text.starts_with("19") || text.starts_with("20"))
        && text.bytes().all(|b| b.is_ascii_digit())
    {
        return 2.6;
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let fraction = text
        .split_once('.')
        .is_some_and(|(_, part)| part.bytes().any(|b| b != b'0'));
    match (digits, fraction) {
        (0..=2, false) => 1.0,
        (0..=2, true) => 2.0,
        (3, false) => 3.0,
        (3, true) => 4.5,
        (4, false) => 4.0,
        (4, true) => 5.5,
        _ => 6.5,
    }
}

fn of_text(text: &str) -> f64 {
    if let Some(number) = number(text) {
        return of_number(&number);
    }
    match value_class::of(text) {
        Some(ValueClass::Uuid) => 12.0,
        Some(ValueClass::Url | ValueClass::Email) => 8.0,
        Some(ValueClass::Path) => 7.0,
        Some(ValueClass::Moment) => 5.0,
        Some(ValueClass::Date) => 2.6,
        Some(ValueClass::Id) => 7.0,
        Some(ValueClass::Amount) => of_number(text),
        None => of_words(text),
    }
}

fn of_words(text: &str) -> f64 {
    let length = text.chars().count();
    if length >= LONG {
        return 9.0;
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    match text.split_whitespace().count() {
        0 => 0.0,
        1 if digits > 0 && length >= 3 => 4.5,
        1 => match length {
            0..=2 => 1.0,
            3..=5 => 2.3,
            _ => 4.0,
        },
        2 if length >= 9 => 5.0,
        2 => 4.0,
        3 => 6.0,
        _ => 7.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ids_tell_and_small_numbers_do_not() {
        let id = ["user".to_owned(), "id".to_owned()];
        for (value, strong) in [
            (json!("mia_li_3668"), true),
            (json!("HAT069"), true),
            (json!(98412), true),
            (json!("ana@example.com"), true),
            (json!("2027-03-28"), false),
            (json!("economy"), false),
            (json!("JFK"), false),
            (json!(3), false),
            (json!(250), false),
            (json!(true), false),
        ] {
            assert_eq!(bits(&value, &[]) >= STRONG, strong, "{value}");
        }
        assert!(bits(&json!(7), &[]) < WEAK);
        assert!(bits(&json!(7), &id) >= WEAK);
        assert!(bits(&json!(7), &id) < STRONG);
        assert!(bits(&json!(true), &id) < WEAK);
    }
}
