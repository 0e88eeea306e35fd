//! Takes known secrets out of texts and JSON, in every form in which they usually travel.

use super::Secret;
use aho_corasick::{AhoCorasick, Input, MatchKind};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use druse_engine::{
    Json,
    event::{Failure, Outcome},
};
use serde_json::{Map, Value};
use std::{borrow::Cow, collections::BTreeSet, ops::Range};

/// What stands where a secret stood.
pub const REDACTED: &str = "[redacted]";
/// Shorter secrets are not looked for: they would be found in everything.
const SHORTEST: usize = 6;
/// Shortest line of a secret of several lines (a key file) that is looked for by itself.
const SHORTEST_LINE: usize = 16;

/// Finds secrets of at least 6 bytes: as they are, escaped as in JSON, percent-encoded, as hex, and
/// as base64 in both alphabets, also in the middle of a longer encoded text (`user:secret`).
#[derive(Default)]
pub struct Redactor {
    /// `None` while there is nothing to look for.
    patterns: Option<AhoCorasick>,
    /// What is looked for, sorted.
    forms: Vec<String>,
    /// The secrets that are numbers: those may appear as JSON numbers.
    numbers: BTreeSet<String>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor(…)")
    }
}

impl Redactor {
    /// For these secrets.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut forms = BTreeSet::new();
        let mut numbers = BTreeSet::new();
        for secret in secrets {
            let value = secret.expose();
            let lines = value.lines().map(str::trim);
            let long_lines = lines.filter(|line| line.len() >= SHORTEST_LINE);
            for part in [value, value.trim()].into_iter().chain(long_lines) {
                if part.len() >= SHORTEST {
                    add_forms(part, &mut forms);
                }
            }
            if value.len() >= SHORTEST && value.parse::<serde_json::Number>().is_ok() {
                numbers.insert(value.to_owned());
            }
        }
        let patterns = (!forms.is_empty()).then(|| {
            AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostLongest)
                .build(&forms)
                .ok()
        });
        Self {
            patterns: patterns.flatten(),
            forms: forms.into_iter().collect(),
            numbers,
        }
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_none()
    }

    /// Where the first secret from a place on begins and ends.
    pub(super) fn find(&self, bytes: &[u8], from: usize) -> Option<Range<usize>> {
        let input = Input::new(bytes).range(from..);
        let found = self.patterns.as_ref()?.find(input)?;
        Some(found.range())
    }

    /// Where at the end of the bytes a secret may have begun of which the rest is still to come.
    pub(super) fn begun(&self, bytes: &[u8]) -> Vec<usize> {
        if self.patterns.is_none() {
            return Vec::new();
        }
        let longest = self.forms.iter().map(String::len).max().unwrap_or(0);
        let from = (bytes.len() + 1).saturating_sub(longest);
        let begins = |start: &usize| {
            let rest = &bytes[*start..];
            let at = self.forms.partition_point(|form| form.as_bytes() <= rest);
            // The forms that begin with the rest and are longer stand right behind it.
            let next = self.forms.get(at);
            next.is_some_and(|form| form.as_bytes().starts_with(rest))
        };
        (from..bytes.len()).filter(begins).collect()
    }

    /// Whether one of them stands in these bytes.
    pub fn finds_in(&self, bytes: &[u8]) -> bool {
        self.find(bytes, 0).is_some()
    }

    /// The length of the longest form that is looked for.
    pub fn longest(&self) -> usize {
        self.forms.iter().map(String::len).max().unwrap_or(0)
    }

    /// The text without secrets; borrowed if there were none.
    pub fn redact_text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match &self.patterns {
            Some(patterns) if patterns.is_match(text) => {
                let mut clean = String::with_capacity(text.len());
                patterns.replace_all_with(text, &mut clean, |_, _, clean| {
                    clean.push_str(REDACTED);
                    true
                });
                Cow::Owned(clean)
            }
            _ => Cow::Borrowed(text),
        }
    }

    /// The value without secrets in its strings, numbers and keys; the same one if there were none.
    pub fn redact_json(&self, json: &Json) -> Json {
        if self.patterns.is_some() && self.finds(json.value()) {
            self.clean(json.value()).into()
        } else {
            json.clone()
        }
    }

    /// The outcome without secrets in its output, message and details.
    pub fn redact_outcome(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Succeeded { output } => Outcome::Succeeded {
                output: self.redact_json(&output),
            },
            Outcome::Failed {
                failure,
                retry_after_ms,
            } => Outcome::Failed {
                failure: self.redact_failure(failure),
                retry_after_ms,
            },
        }
    }

    /// The failure without secrets in its message and details.
    pub fn redact_failure(&self, failure: Failure) -> Failure {
        Failure {
            message: self.redact_text(&failure.message).into_owned(),
            details: failure.details.map(|details| self.redact_json(&details)),
            ..failure
        }
    }

    fn finds(&self, value: &Value) -> bool {
        let in_text = |text: &str| self.patterns.as_ref().is_some_and(|p| p.is_match(text));
        match value {
            Value::String(text) => in_text(text),
            Value::Number(number) => self.numbers.contains(&number.to_string()),
            Value::Array(items) => items.iter().any(|item| self.finds(item)),
            Value::Object(map) => map
                .iter()
                .any(|(key, item)| in_text(key) || self.finds(item)),
            Value::Null | Value::Bool(_) => false,
        }
    }

    fn clean(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.redact_text(text).into_owned().into(),
            Value::Number(number) if self.numbers.contains(&number.to_string()) => REDACTED.into(),
            Value::Array(items) => items.iter().map(|item| self.clean(item)).collect(),
            Value::Object(map) => {
                let clean = |(key, item): (&String, &Value)| {
                    (self.redact_text(key).into_owned(), self.clean(item))
                };
                Value::Object(map.iter().map(clean).collect::<Map<_, _>>())
            }
            other => other.clone(),
        }
    }
}

fn add_forms(value: &str, forms: &mut BTreeSet<String>) {
    forms.insert(value.to_owned());
    // In JSON, and in JSON inside a JSON string.
    let mut escaped = value.to_owned();
    for _ in 0..2 {
        escaped = serde_json::to_string(&escaped).unwrap_or_default();
        escaped = escaped.trim_start_matches('"').trim_end_matches('"').into();
        if escaped.len() >= SHORTEST {
            forms.insert(escaped.clone());
        }
    }
    // As other writers of JSON escape: `/`, what HTML reads, and all beyond ASCII.
    for (slash, html) in [(true, false), (false, true), (true, true)] {
        for ascii in [false, true] {
            forms.insert(json_escaped(value, slash, html, ascii));
        }
    }
    forms.insert(json_escaped(value, false, false, true));
    for keeps in ["-_.~", "-_.*", "-_.!~*'()", "-_.~/", "-_.!~*'();,/?:@&=+$#"] {
        for space in ["%20", "+"] {
            let upper = percent_encoded(value, keeps, space);
            forms.insert(lower_hex(&upper));
            forms.insert(upper);
        }
    }
    let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
    forms.insert(hex.to_ascii_uppercase());
    forms.insert(hex);
    for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        forms.insert(engine.encode(value));
        for before in 0..3 {
            // The characters that depend on the secret alone, wherever in a longer text it begins.
            let mut bytes = vec![0; before];
            bytes.extend_from_slice(value.as_bytes());
            let encoded = engine.encode(&bytes);
            let begin = (before * 8).div_ceil(6);
            let end = bytes.len() * 8 / 6;
            if let Some(core) = encoded.get(begin..end)
                && core.len() >= SHORTEST
            {
                forms.insert(core.to_owned());
            }
        }
    }
}

/// The inside of a JSON string, with `\/`, with `<`, `>`, `&` and `'` as code points, or with all beyond ASCII
/// as code points.
fn json_escaped(value: &str, slash: bool, html: bool, ascii: bool) -> String {
    let plain = serde_json::to_string(value).unwrap_or_default();
    let inside = plain
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let mut escaped = String::with_capacity(value.len() * 2);
    for character in inside.unwrap_or_default().chars() {
        match character {
            '/' if slash => escaped.push_str("\\/"),
            '<' | '>' | '&' | '\'' if html => {
                escaped.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            character if ascii && !character.is_ascii() => {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    escaped.push_str(&format!("\\u{unit:04x}"));
                }
            }
            character => escaped.push(character),
        }
    }
    escaped
}

fn percent_encoded(value: &str, keeps: &str, space: &str) -> String {
    let mut encoded = String::with_capacity(value.len() * 3);
    for byte in value.bytes() {
        if byte == b' ' {
            encoded.push_str(space);
        } else if byte.is_ascii_alphanumeric() || keeps.as_bytes().contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn lower_hex(encoded: &str) -> String {
    let mut lower = String::with_capacity(encoded.len());
    let mut hex = 0;
    for character in encoded.chars() {
        lower.push(if hex > 0 {
            character.to_ascii_lowercase()
        } else {
            character
        });
        hex = if character == '%' {
            2
        } else {
            usize::saturating_sub(hex, 1)
        };
    }
    lower
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use serde_json::json;

    fn redactor() -> Redactor {
        let secrets = ["p@ss wörd\"1", "short", "314159265", "tok/en+12345"].map(Secret::from);
        Redactor::new(&secrets)
    }

    #[test]
    fn finds_secrets_as_other_writers_escape_them() {
        let secret = "wJalr/K7MD+bPx&Rf<9=ä";
        let redactor = Redactor::new(&[Secret::from(secret)]);
        for form in [
            "wJalr/K7MD%2BbPx%26Rf%3C9%3D%C3%A4",
            "wJalr/K7MD+bPx\\u0026Rf\\u003c9=ä",
            "wJalr\\/K7MD+bPx&Rf<9=\\u00e4",
            "wJalr/K7MD+bPx&Rf%3C9=%C3%A4",
        ] {
            let shown = redactor.redact_text(form);
            assert!(!shown.contains("K7MD"), "{shown}");
        }
    }

    #[test]
    fn finds_secrets_in_every_form() {
        let redactor = redactor();
        let secret = "p@ss wörd\"1";
        let in_json = json!({ "a": secret }).to_string();
        for text in [
            format!("pass={secret};"),
            in_json.clone(),
            json!({ "b": in_json }).to_string(),
            "x=p%40ss%20w%C3%B6rd%221&y".into(),
            "x=p%40ss%20w%c3%b6rd%221&y".into(),
            "x=p%40ss+w%C3%B6rd%221&y".into(),
            STANDARD.encode(secret),
            URL_SAFE.encode(secret),
            STANDARD.encode(format!("me:{secret}")),
            STANDARD.encode(format!("you:{secret} and more")),
            STANDARD.encode(format!("x:y:{secret}")),
            "tok/en+12345".into(),
            "tok%2Fen%2B12345".into(),
            "746f6b2f656e2b3132333435".into(),
        ] {
            let clean = redactor.redact_text(&text);
            assert!(clean.contains(REDACTED), "{text} → {clean}");
            assert!(
                !clean.contains("rd\"1") && !clean.contains("12345"),
                "{clean}"
            );
        }
        assert_eq!(redactor.redact_text("a short text"), "a short text");
        assert_eq!(
            redactor.redact_text("Authorization: Bearer tok/en+12345, then"),
            "Authorization: Bearer [redacted], then"
        );
    }

    #[test]
    fn cleans_strings_numbers_and_keys_of_json() {
        let dirty = Json::from(json!({ "tok/en+12345": [1, 314_159_265, "a tok/en+12345 b"] }));
        assert_eq!(
            redactor().redact_json(&dirty).text(),
            r#"{"[redacted]":[1,"[redacted]","a [redacted] b"]}"#
        );
        let clean = Json::from(json!({ "a": [1, 2] }));
        assert_eq!(redactor().redact_json(&clean), clean);
        assert_eq!(Redactor::default().redact_json(&dirty), dirty);
    }

    proptest::proptest! {
        #[test]
        fn finds_secrets_inside_encoded_texts(
            before in proptest::collection::vec(proptest::num::u8::ANY, 0..9),
            secret in "[!-~]{6,40}",
            after in proptest::collection::vec(proptest::num::u8::ANY, 0..9),
        ) {
            let redactor = Redactor::new([&Secret::from(secret.as_str())]);
            let whole = [before.as_slice(), secret.as_bytes(), &after].concat();
            for encoded in [STANDARD.encode(&whole), URL_SAFE.encode(&whole)] {
                assert!(redactor.redact_text(&encoded).contains(REDACTED), "{encoded}");
            }
            let query = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect::<String>();
            assert!(redactor.redact_text(&query).contains(REDACTED), "{query}");
        }
    }

    #[test]
    fn finds_the_lines_of_a_key_file() {
        let key = Secret::from("-----BEGIN KEY-----\nMIIBVgIBADANBgkqhkiG9w0BAQEFAASC\n");
        let text = "error near MIIBVgIBADANBgkqhkiG9w0BAQEFAASC";
        assert_eq!(
            Redactor::new([&key]).redact_text(text),
            "error near [redacted]"
        );
    }
}
