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
    fn short_and_visible() {
        assert_eq!(text("  a\n\n b\tc ", 10), "a b c");
        assert_eq!(text("abcdef", 3), "abc…");
        assert_eq!(text("a\u{202e}b", 10), "a\\u{202e}b");
        assert_eq!(value("password", &json!("hunter2hunter2"), 20), "•••");
        assert_eq!(
            value("x", &json!({ "token": "s3cr3t-value-1", "n": 1 }), 40),
            "{token: •••, n: 1}"
        );
    }
}
