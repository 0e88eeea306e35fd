//! Other names for the data of a recording, always the same for the same: ids get other digits, days move by five
//! weeks, numbers grow, people get other addresses. What stands in the names of things and in the wording of texts
//! stays.

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Number, Value};

/// How far days move: the day of the week stays.
pub(super) const DAYS: i64 = 35;
/// How much numbers grow.
const MORE: u64 = 7;

/// A text with other names in it.
pub(super) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let before = text[..at].chars().next_back();
        let Some(first) = rest.chars().next() else {
            break;
        };
        if !(first.is_ascii_alphanumeric() || first == '_') {
            out.push(first);
            at += first.len_utf8();
            continue;
        }
        let free = !before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        let taken = if free {
            day(rest, &mut out)
                .or_else(|| address(rest, &mut out))
                .or_else(|| number(text, at, &mut out))
        } else {
            None
        };
        at += taken.unwrap_or_else(|| run(rest, &mut out));
    }
    out
}

/// A day, with the time of day behind it as it is.
fn day(rest: &str, out: &mut String) -> Option<usize> {
    let (date, after) = rest.split_at_checked(10)?;
    if !crate::value_class::is_date(date) || after.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let moved = date.parse::<Date>().ok()?.checked_add(DAYS.days()).ok()?;
    out.push_str(&moved.to_string());
    let time = after
        .find(|c: char| {
            !(c.is_ascii_digit() || matches!(c, 'T' | 't' | ' ' | ':' | '.' | '+' | 'Z' | 'z'))
        })
        .unwrap_or(after.len());
    let looks = after.len() >= 3
        && after.starts_with(['T', 't', ' '])
        && after.as_bytes().get(1).is_some_and(u8::is_ascii_digit)
        && after.as_bytes().get(3) == Some(&b':');
    let time = if looks {
        after[..time].trim_end().len()
    } else {
        0
    };
    out.push_str(&after[..time]);
    Some(10 + time)
}

/// An e-mail address: another person at the same host.
fn address(rest: &str, out: &mut String) -> Option<usize> {
    let name = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-')))
        .unwrap_or(rest.len());
    let host = rest.get(name..)?.strip_prefix('@')?;
    let end = host
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-')))
        .unwrap_or(host.len());
    let host = host[..end].trim_end_matches(['.', '-']);
    if name == 0 || !host.contains('.') {
        return None;
    }
    out.push_str(&rest[..name]);
    out.push_str("q@");
    out.push_str(host);
    Some(name + 1 + host.len())
}

/// A number of three digits or more that stands alone.
fn number(text: &str, at: usize, out: &mut String) -> Option<usize> {
    let rest = &text[at..];
    if !rest.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut before = text[..at].chars().rev();
    let joined = matches!(before.next(), Some('-' | '.' | ':' | '/'))
        && before.next().is_some_and(|c| c.is_ascii_alphanumeric());
    let mut length = rest
        .find(|c: char| !(c.is_ascii_digit() || c == ','))
        .unwrap_or(rest.len());
    let mut whole = &rest[..length];
    let grouped = whole.contains(',')
        && whole.split(',').enumerate().all(|(index, group)| {
            if index == 0 {
                (1..=3).contains(&group.len())
            } else {
                group.len() == 3
            }
        });
    if !grouped {
        length = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        whole = &rest[..length];
    }
    // `1.234,56`: points part the groups, and a comma stands before the decimals.
    if let Some(end) = comma_number(rest).filter(|_| !joined) {
        let (whole, decimals) = rest[..end].split_once(',')?;
        let more = whole
            .replace('.', "")
            .parse::<u64>()
            .ok()?
            .checked_add(MORE)?;
        out.push_str(&grouped_by(
            &more.to_string(),
            whole.contains('.').then_some('.'),
        ));
        out.push(',');
        out.push_str(decimals);
        return Some(end);
    }
    let fraction = rest[length..]
        .strip_prefix('.')
        .map(|part| {
            &part[..part
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(part.len())]
        })
        .filter(|part| !part.is_empty());
    let end = length + fraction.map_or(0, |part| part.len() + 1);
    let mut after = rest[end..].chars();
    let next = after.next();
    let joins = next.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
        || matches!(next, Some('.' | '-' | ':' | '/'))
            && after.next().is_some_and(|c| c.is_ascii_alphanumeric());
    let digits = whole.bytes().filter(u8::is_ascii_digit).count() + fraction.map_or(0, str::len);
    if joined || joins || digits < 3 || whole.len() > 1 && whole.starts_with('0') {
        return None;
    }
    let plain: String = whole.chars().filter(char::is_ascii_digit).collect();
    let more = plain.parse::<u64>().ok()?.checked_add(MORE)?.to_string();
    out.push_str(&grouped_by(&more, grouped.then_some(',')));
    if let Some(part) = fraction {
        out.push('.');
        out.push_str(part);
    }
    Some(end)
}

/// Digits with a mark between their groups.
fn grouped_by(digits: &str, mark: Option<char>) -> String {
    let mut out = String::with_capacity(digits.len() + 2);
    for (index, c) in digits.chars().enumerate() {
        if let Some(mark) = mark
            && index > 0
            && (digits.len() - index).is_multiple_of(3)
        {
            out.push(mark);
        }
        out.push(c);
    }
    out
}

/// Where a number with a comma before its decimals ends that a text begins with: one or two decimals, and nothing
/// that goes on.
fn comma_number(rest: &str) -> Option<usize> {
    let whole = rest
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .filter(|end| rest[*end..].starts_with(','))?;
    let groups: Vec<&str> = rest[..whole].split('.').collect();
    let is_grouped = groups.len() == 1
        || (1..=3).contains(&groups[0].len()) && groups[1..].iter().all(|group| group.len() == 3);
    let decimals = rest[whole + 1..]
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len() - whole - 1);
    let end = whole + 1 + decimals;
    let goes_on =
        rest[end..].starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ','));
    let leads = groups.concat().len() > 1 && rest.starts_with('0');
    (is_grouped && (1..=2).contains(&decimals) && !goes_on && !leads).then_some(end)
}

/// A run of letters, digits and `_`: where it holds both, or three digits, its digits are others.
fn run(rest: &str, out: &mut String) -> usize {
    let end = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .unwrap_or(rest.len());
    let word = &rest[..end];
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let letters = word.bytes().any(|b| b.is_ascii_alphabetic());
    if word.len() >= 3 && (digits >= 3 || digits > 0 && letters) {
        out.extend(word.chars().map(|c| match c.to_digit(10) {
            Some(digit) => char::from_digit((digit + 3) % 10, 10).unwrap_or(c),
            None => c,
        }));
    } else {
        out.push_str(word);
    }
    end
}

/// A scalar with another name; the same where there is nothing to rename.
pub(super) fn scalar(value: &Value) -> Value {
    match value {
        Value::String(content) => Value::from(text(content)),
        Value::Number(number) => {
            let written = number.to_string();
            if written.contains(['e', 'E']) {
                return value.clone();
            }
            let (sign, digits) = match written.strip_prefix('-') {
                Some(digits) => ("-", digits),
                None => ("", written.as_str()),
            };
            parsed(&format!("{sign}{}", text(digits)), number).unwrap_or_else(|| value.clone())
        }
        other => other.clone(),
    }
}

fn parsed(text: &str, like: &Number) -> Option<Value> {
    if like.is_f64() {
        return text
            .parse::<f64>()
            .ok()
            .and_then(Number::from_f64)
            .map(Value::Number);
    }
    text.parse::<i64>()
        .ok()
        .map(Value::from)
        .or_else(|| text.parse::<u64>().ok().map(Value::from))
}

/// Another text in the place of one that has no name to change. A small amount stays one: what is read from it is
/// a number, and grows as a small number does.
pub(super) fn weak_text(text: &str) -> String {
    amount(text)
        .or_else(|| time_of_day(text))
        .unwrap_or_else(|| format!("{text}q"))
}

/// A time of day, and another one in its place: what is counted from it has to be able to read it.
fn time_of_day(text: &str) -> Option<String> {
    let (hour, rest) = text.split_at_checked(2)?;
    let is_clock = matches!(rest.len(), 3 | 6)
        && rest.bytes().enumerate().all(|(at, b)| match at {
            0 | 3 => b == b':',
            _ => b.is_ascii_digit(),
        });
    let hour = hour
        .parse::<u64>()
        .ok()
        .filter(|hour| is_clock && *hour < 24)?;
    Some(format!("{:02}{rest}", (hour + WEAK_MORE) % 24))
}

/// A small amount with a sign of money or a percent, and three more of it.
fn amount(text: &str) -> Option<String> {
    let is_sign = |c: char| matches!(c, '$' | '€' | '£' | '¥' | '₹' | '₽' | '₩' | '%');
    let from = text.find(|c: char| c.is_ascii_digit())?;
    let end = from
        + text[from..]
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len() - from);
    let (before, whole, after) = (&text[..from], &text[from..end], &text[end..]);
    let decimals = after.strip_prefix(['.', ',']).map_or(0, |rest| {
        rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len()
    });
    let behind = match decimals {
        0 => after,
        _ => &after[decimals + 1..],
    };
    let signs = before.chars().chain(behind.chars());
    let fits = signs.clone().any(is_sign) && signs.clone().all(|c| is_sign(c) || c == ' ');
    let leads = whole.len() > 1 && whole.starts_with('0');
    if !fits || leads {
        return None;
    }
    let more = whole.parse::<u64>().ok()?.checked_add(WEAK_MORE)?;
    Some(format!("{before}{more}{after}"))
}

/// How much small numbers grow.
const WEAK_MORE: u64 = 3;

/// Another value in the place of one that has no name to change: a word, a small number.
pub(super) fn weak(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::from(weak_text(text)),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(int), _) => Value::from(int.saturating_add(3)),
            (None, Some(float)) => {
                Number::from_f64(float + 3.0).map_or_else(|| value.clone(), Value::Number)
            }
            _ => value.clone(),
        },
        other => other.clone(),
    }
}

/// Another value in any case.
pub(super) fn other(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(other).collect()),
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(key, inner)| (key.clone(), other(inner)))
                .collect(),
        ),
        leaf => {
            let named = scalar(leaf);
            if named == *leaf { weak(leaf) } else { named }
        }
    }
}

/// The pieces of a text that get another name, as they are.
pub(super) fn names_in(content: &str) -> Vec<&str> {
    content
        .split(crate::leaf::parts_words)
        .map(|word| {
            word.trim_matches(|c: char| {
                matches!(c, '.' | ':' | '!' | '?' | '*' | '$' | '€' | '£' | '#' | '%')
            })
        })
        .filter(|word| !word.is_empty() && text(word) != *word)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_small_amount_stays_one() {
        for (from, to) in [
            ("$42", "$45"),
            ("4.5 €", "7.5 €"),
            ("7 %", "10 %"),
            ("42", "42q"),
            ("10:00", "13:00"),
            ("22:15:30", "01:15:30"),
            ("24:00", "24:00q"),
            ("4:3", "4:3q"),
            ("$02", "$02q"),
            ("$4 or 5", "$4 or 5q"),
            ("economy", "economyq"),
        ] {
            assert_eq!(text(from), from);
            assert_eq!(weak(&json!(from)), json!(to));
        }
        assert_eq!(weak(&json!(42)), json!(45));
    }

    #[test]
    fn data_gets_other_names_and_wording_stays() {
        for (from, to) in [
            ("HAT069 on 2024-05-20", "HAT392 on 2024-06-24"),
            ("2024-05-20T10:00:00.123Z", "2024-06-24T10:00:00.123Z"),
            ("2024-05-20 10:00, then", "2024-06-24 10:00, then"),
            (
                "mia_li_3668 <ana@example.com>",
                "mia_li_6991 <anaq@example.com>",
            ),
            ("$1,234.50 or 98.70 or 5", "$1,241.50 or 105.70 or 5"),
            ("999,999", "1,000,006"),
            ("ord-99121", "ord-22454"),
            ("007 10.0.0.1 v1.2.3", "330 10.0.0.1 v1.2.3"),
            (
                "123e4567-e89b-12d3-a456-426614174000",
                "456e7890-e12b-45d6-a789-759947407333",
            ),
            ("plain words stay", "plain words stay"),
            ("größe12x é", "größe45x é"),
        ] {
            assert_eq!(text(from), to, "{from}");
        }
        assert_eq!(scalar(&json!(98.7)), json!(105.7));
        assert_eq!(scalar(&json!(100.0)), json!(107.0));
        assert_eq!(scalar(&json!(-250)), json!(-257));
        assert_eq!(scalar(&json!(3)), json!(3));
        assert_eq!(
            other(&json!({ "a": [3, "no"] })),
            json!({ "a": [6, "noq"] })
        );
        assert_eq!(
            names_in("Pay 98.70 to UK123 by 2024-05-20."),
            ["98.70", "UK123", "2024-05-20"]
        );
    }

    #[test]
    fn different_names_stay_different() {
        let names = [
            "HAT069",
            "HAT070",
            "a1",
            "a2",
            "ord-1",
            "99",
            "100",
            "107",
            "2024-05-20",
            "2024-06-24",
            "98.70",
            "105.70",
        ];
        let renamed: std::collections::BTreeSet<String> =
            names.iter().map(|name| text(name)).collect();
        assert_eq!(renamed.len(), names.len());
    }
}
