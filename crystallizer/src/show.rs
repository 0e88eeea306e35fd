//! How recorded values are shown to people: short, on one line, with hidden characters visible and secrets masked.

use crate::secret;
use serde_json::Value;

/// A text of at most `limit` characters on one line.
pub(crate) fn text(text: &str, limit: usize) -> String {
    let mut out = String::new();
    let mut count = 0;
    let mut blank = false;
    for c in text.trim().chars() {
        if c.is_whitespace() {
            blank = true;
            continue;
        }
        if count >= limit {
            out.push('…');
            return out;
        }
        if blank && count > 0 {
            out.push(' ');
            count += 1;
        }
        blank = false;
        if hidden(c) {
            out.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
        } else {
            out.push(c);
        }
        count += 1;
    }
    out
}

/// The name of a recording: of a long one the end, for in a path that is the file.
pub(crate) fn name(name: &str, limit: usize) -> String {
    let count = name.chars().count();
    let end: String = name.chars().skip(count.saturating_sub(limit)).collect();
    let lead = if count > limit { "…" } else { "" };
    format!("{lead}{}", text(&end, limit))
}

/// A recorded value, for a message: text in its own words, anything else as JSON; secrets as dots.
pub fn value(key: &str, value: &Value, limit: usize) -> String {
    match value {
        Value::String(content) => {
            if secret::kind(key, content).is_some() {
                return "•••".to_owned();
            }
            text(content, limit)
        }
        Value::Array(items) => {
            let shown: Vec<_> = items
                .iter()
                .take(4)
                .map(|item| self::value(key, item, limit / 2))
                .collect();
            let more = if items.len() > 4 { ", …" } else { "" };
            text(&format!("[{}{more}]", shown.join(", ")), limit)
        }
        Value::Object(map) => {
            let shown: Vec<_> = map
                .iter()
                .take(4)
                .map(|(key, item)| {
                    format!("{}: {}", text(key, 30), self::value(key, item, limit / 2))
                })
                .collect();
            let more = if map.len() > 4 { ", …" } else { "" };
            text(&format!("{{{}{more}}}", shown.join(", ")), limit)
        }
        scalar => text(&scalar.to_string(), limit),
    }
}

/// How much of a value is kept where the whole of it is wanted.
const WHOLE: usize = 10_000;
/// How much of what two texts share is shown before they part.
const LEAD: usize = 20;

/// A recorded value as a whole, for a report: text in its own words, anything else as JSON; secrets as dots. Of more than
/// ten thousand characters the beginning.
pub(crate) fn whole(key: &str, value: &Value) -> String {
    let all = match value {
        Value::String(text) if secret::kind(key, text).is_some() => "•••".to_owned(),
        Value::String(text) => visible(&text.chars().take(WHOLE + 1).collect::<String>()),
        other => visible(&masked(key, other).to_string()),
    };
    match all.char_indices().nth(WHOLE) {
        Some((end, _)) => format!("{}…", &all[..end]),
        None => all,
    }
}

/// The same value with dots in the place of secrets.
fn masked(key: &str, value: &Value) -> Value {
    match value {
        Value::String(text) if secret::kind(key, text).is_some() => "•••".into(),
        Value::Array(items) => items.iter().map(|item| masked(key, item)).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, item)| (key.clone(), masked(key, item)))
            .collect(),
        other => other.clone(),
    }
}

/// Two values that differ, for a message: short, and each so that it is seen where they do. Of texts it is the place
/// where they part, of lists and maps what the other one has not.
pub fn apart(key: &str, one: &Value, two: &Value, limit: usize) -> (String, String) {
    let short = (value(key, one, limit), value(key, two, limit));
    let is_whole = |text: &str, value: &Value| {
        !text.ends_with('…')
            && match value {
                Value::Array(items) => items.len() <= 4,
                Value::Object(map) => map.len() <= 4,
                _ => true,
            }
    };
    let plain = |value: &Value| !value.is_array() && !value.is_object();
    let fits = is_whole(&short.0, one) && is_whole(&short.1, two);
    let found = match (one, two) {
        _ if short.0 != short.1 && (fits || plain(one) != plain(two)) => short,
        (Value::String(one), Value::String(two)) if !short.0.contains("•••") => {
            parting(one, two, limit)
        }
        (Value::Array(one), Value::Array(two)) => {
            (only_in(key, one, two, limit), only_in(key, two, one, limit))
        }
        (Value::Object(one), Value::Object(two)) => {
            let mut shown = (Vec::new(), Vec::new());
            for name in one
                .keys()
                .chain(two.keys().filter(|name| !one.contains_key(*name)))
            {
                let name_shown = text(name, 30);
                match (one.get(name), two.get(name)) {
                    (Some(a), Some(b)) if a != b => {
                        let (a, b) = apart(name, a, b, limit / 2);
                        shown.0.push(format!("{name_shown}: {a}"));
                        shown.1.push(format!("{name_shown}: {b}"));
                    }
                    (Some(a), None) => {
                        shown
                            .0
                            .push(format!("{name_shown}: {}", value(name, a, limit / 2)));
                    }
                    (None, Some(b)) => {
                        shown
                            .1
                            .push(format!("{name_shown}: {}", value(name, b, limit / 2)));
                    }
                    _ => {}
                }
            }
            let listed = |parts: &[String], all: usize| {
                let more = if parts.len() < all { ", …" } else { "" };
                text(&format!("{{{}{more}}}", parts.join(", ")), limit)
            };
            (listed(&shown.0, one.len()), listed(&shown.1, two.len()))
        }
        _ => short,
    };
    if found.0 != found.1 {
        return found;
    }
    // They look alike: the type, or what nobody sees, is what differs.
    (
        format!("{} ({})", found.0, kind(one)),
        format!("{} ({})", found.1, kind(two)),
    )
}

/// The place where two texts part, in each of them.
fn parting(one: &str, two: &str, limit: usize) -> (String, String) {
    let shared = one
        .chars()
        .zip(two.chars())
        .take_while(|(a, b)| a == b)
        .count();
    let from = shared.saturating_sub(LEAD);
    let shown = |content: &str| {
        let part: String = content.chars().skip(from).collect();
        let part = part.replace('\n', "\\n").replace('\t', "\\t");
        let lead = if from > 0 { "…" } else { "" };
        format!("{lead}{}", text(&part, limit))
    };
    (shown(one), shown(two))
}

/// The elements of a list that another one has not; those from the first other one on, where only the order differs.
fn only_in(key: &str, list: &[Value], other: &[Value], limit: usize) -> String {
    let mut left: Vec<&Value> = other.iter().collect();
    let mut own: Vec<&Value> = Vec::new();
    for item in list {
        match left.iter().position(|known| *known == item) {
            Some(at) => {
                left.swap_remove(at);
            }
            None => own.push(item),
        }
    }
    if own.is_empty() && left.is_empty() {
        let same = list.iter().zip(other).take_while(|(a, b)| a == b).count();
        own = list.iter().skip(same).collect();
    }
    let shown: Vec<String> = own
        .iter()
        .take(4)
        .map(|item| value(key, item, limit / 2))
        .collect();
    let lead = if own.len() < list.len() { "…" } else { "" };
    let between = if lead.is_empty() || shown.is_empty() {
        ""
    } else {
        ", "
    };
    let more = if own.len() > 4 { ", …" } else { "" };
    text(
        &format!("[{lead}{between}{}{more}]", shown.join(", ")),
        limit,
    )
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a truth value",
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(_) => "a whole number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// A text as it stands, with hidden characters visible.
pub(crate) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if hidden(c) && !c.is_whitespace() {
            out.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

/// Characters that change how a text looks without being seen.
fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c), 0xad | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f | 0xfeff | 0xe0000..=0xe007f)
}

/// `1 call`, `2 calls`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn two_values_are_shown_where_they_part() {
        let long = |end: &str| json!(format!("{} and {end}", "the same words ".repeat(20)));
        let keys = |more: &[&str]| {
            let all = ["order_id", "amount", "notify", "reason", "items"];
            json!(all.iter().chain(more).collect::<Vec<_>>())
        };
        for (one, two, expected) in [
            (json!(false), json!(true), ["false", "true"]),
            (json!(1), json!("1"), ["1 (a whole number)", "1 (a text)"]),
            (
                long("one"),
                long("two"),
                ["…the same words  and one", "…the same words  and two"],
            ),
            (keys(&[]), keys(&["currency"]), ["[…]", "[…, currency]"]),
            (
                json!([1, 2, 3, 4, 5]),
                json!([1, 2, 4, 3, 5]),
                ["[…, 3, 4, 5]", "[…, 4, 3, 5]"],
            ),
            (
                json!({ "a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "flag": true }),
                json!({ "a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "flag": false, "g": 6 }),
                ["{flag: true, …}", "{flag: false, g: 6, …}"],
            ),
            (
                json!("a\nb  c"),
                json!("a\nb c"),
                ["a\\nb c (a text)", "a\\nb c (a text)"],
            ),
        ] {
            let (a, b) = apart("x", &one, &two, 60);
            let blank = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!([a.as_str(), b.as_str()], expected.map(blank), "{one} {two}");
        }
        // A secret stays one, and what is kept as a whole is whole.
        let (a, b) = apart(
            "password",
            &json!("hunter2hunter2"),
            &json!("hunter3hunter3"),
            60,
        );
        assert_eq!(a, b);
        let list: Value = (0..40).collect();
        assert_eq!(whole("x", &list), list.to_string());
        assert_eq!(
            whole("x", &json!({ "token": "s3cr3t-value-1" })),
            r#"{"token":"•••"}"#
        );
        assert_eq!(
            whole("x", &json!("x".repeat(20_000))).chars().count(),
            WHOLE + 1
        );
    }

    #[test]
    fn short_and_visible() {
        assert_eq!(text("  a\n\n b\tc ", 10), "a b c");
        assert_eq!(text("abcdef", 3), "abc…");
        assert_eq!(name("/home/ana/monday.json", 12), "…/monday.json");
        assert_eq!(name("monday.json", 60), "monday.json");
        assert_eq!(text("a\u{202e}b", 10), "a\\u{202e}b");
        assert_eq!(value("password", &json!("hunter2hunter2"), 20), "•••");
        assert_eq!(
            value("x", &json!({ "token": "s3cr3t-value-1", "n": 1 }), 40),
            "{token: •••, n: 1}"
        );
    }
}
