//! JSON values and ids, as text.

use super::time;
use maud::{Markup, html};
use serde_json::Value;

/// Characters that are shown at once; more is folded.
const SHORT: usize = 320;
/// Characters of lists and objects that stand in one line.
const IN_A_LINE: usize = 72;
/// Characters that a page shows at all of one value.
const LONGEST: usize = 60_000;

/// A value: short ones in place, long ones folded, and of the longest the beginning.
pub(in crate::console) fn show(value: &Value) -> Markup {
    let text = written(value);
    let length = text.chars().count();
    if length <= SHORT && text.lines().count() <= 8 {
        return html! { code .value { (text) } };
    }
    let shown: String = text.chars().take(LONGEST).collect();
    let first: String = text.chars().take(80).collect();
    html! {
        details .value {
            summary { code { (first.replace('\n', " ")) "…" } " " span .dim { (number(length as u64)) " characters" } }
            pre tabindex="0" { code { (shown) } }
            @if length > LONGEST { p .dim { "The rest of it is read by the API." } }
        }
    }
}

/// A sentence in which names stand between backticks, and times as programs write them.
pub(in crate::console) fn said(text: &str) -> Markup {
    let whole = text.matches('`').count().is_multiple_of(2);
    html! {
        @if whole {
            @for (index, part) in text.split('`').enumerate() {
                @if index % 2 == 0 { (time::in_text(part)) } @else { code { (part) } }
            }
        } @else { (time::in_text(text)) }
    }
}

/// Something and how many of it there are.
pub(in crate::console) fn count(many: usize, one: &str, more: &str) -> String {
    match many {
        1 => format!("1 {one}"),
        many => format!("{} {more}", number(many as u64)),
    }
}

/// A number as people read it: `1,234,567`.
pub(in crate::console) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A value in one line, cut.
pub(in crate::console) fn line(value: &Value, most: usize) -> String {
    cut(&written(value).replace('\n', " "), most)
}

/// A text, cut.
pub(in crate::console) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut shown: String = text.chars().take(most.saturating_sub(1)).collect();
    shown.push('…');
    shown
}

/// Texts as they are, everything else as JSON.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(_) | Value::Array(_) => {
            let line = value.to_string();
            if line.chars().count() <= IN_A_LINE {
                return line;
            }
            serde_json::to_string_pretty(value).unwrap_or_default()
        }
        other => other.to_string(),
    }
}

/// Names with values, as a list of terms.
pub(in crate::console) fn pairs(value: &Value) -> Markup {
    match value.as_object() {
        Some(map) if !map.is_empty() => html! {
            dl .pairs {
                @for (name, value) in map { dt { (name) } dd { (show(value)) } }
            }
        },
        _ => show(value),
    }
}

/// An id: its last six characters, the whole on hover and for copying.
pub(in crate::console) fn id(value: &Value) -> Markup {
    let text = value.as_str().unwrap_or_default();
    html! { code .id title=(text) data-copy=(text) { (short(text)) } }
}

/// The last six characters of an id.
pub(in crate::console) fn short(text: &str) -> String {
    let count = text.chars().count();
    text.chars().skip(count.saturating_sub(6)).collect()
}

/// A run by the end of its id, with the way to its page.
pub(in crate::console) fn run(id: &Value) -> Markup {
    let id = id.as_str().unwrap_or_default();
    html! { a href={ "/runs/" (id) } { "…" (short(id)) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_grouped() {
        for (given, shown) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
            (100_000, "100,000"),
        ] {
            assert_eq!(number(given), shown);
        }
        assert_eq!(count(1_200, "call", "calls"), "1,200 calls");
    }
}
