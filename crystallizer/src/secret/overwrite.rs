//! Puts names in the place of secrets in the text of a recording, however they are written there.

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::collections::BTreeMap;

/// How deep texts stand inside of texts.
const DEPTH: usize = 4;
/// Shorter ones are only taken where they stand by themselves.
const ALONE: usize = 12;

/// A secret and what stands in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Replacement {
    pub(super) value: String,
    pub(super) marker: String,
    /// The key that the secret was told by; empty: told by its own form.
    pub(super) key: String,
}

impl Replacement {
    /// Whether the value could be a word or a number of everyday: such a one is only overwritten behind its key.
    pub(super) fn is_weak(&self) -> bool {
        let value = &self.value;
        value.chars().count() < 6
            || value.parse::<f64>().is_ok()
            || value.len() < ALONE && value.chars().all(char::is_lowercase)
            || value.len() < ALONE
                && value.chars().skip(1).all(char::is_lowercase)
                && value.starts_with(char::is_uppercase)
    }
}

/// What overwrites.
pub(super) struct Overwriter<'r> {
    patterns: Option<AhoCorasick>,
    /// The marker of each pattern, whether it has to stand by itself, and the key that the secret was told by.
    markers: Vec<(&'r str, bool, &'r str)>,
    weak: Vec<&'r Replacement>,
}

impl<'r> Overwriter<'r> {
    pub(super) fn new(replacements: &'r [Replacement]) -> Self {
        let mut forms: BTreeMap<String, (&str, bool, &str)> = BTreeMap::new();
        let mut weak = Vec::new();
        for replacement in replacements {
            if replacement.is_weak() {
                weak.push(replacement);
                continue;
            }
            let alone = replacement.value.len() < ALONE;
            for form in forms_of(&replacement.value, alone) {
                forms.entry(form).or_insert((
                    replacement.marker.as_str(),
                    alone,
                    replacement.key.as_str(),
                ));
            }
        }
        let patterns = (!forms.is_empty())
            .then(|| {
                AhoCorasick::builder()
                    .match_kind(MatchKind::LeftmostLongest)
                    .build(forms.keys())
                    .ok()
            })
            .flatten();
        Self {
            patterns,
            markers: forms.into_values().collect(),
            weak,
        }
    }

    /// The text without the secrets.
    pub(super) fn text(&self, text: &str) -> String {
        self.inside(text, DEPTH)
    }

    fn inside(&self, text: &str, depth: usize) -> String {
        let mut out = match &self.patterns {
            Some(patterns) => self.plain(patterns, text),
            None => text.to_owned(),
        };
        for weak in &self.weak {
            out = behind_key(&out, weak);
        }
        if depth == 0 || !out.contains('\\') {
            return out;
        }
        // What is written with escapes is read, overwritten and written again.
        let mut rewritten = String::with_capacity(out.len());
        let mut copied = 0;
        for (start, end) in escaped_literals(&out) {
            let Ok(inner) = serde_json::from_str::<String>(&out[start..end]) else {
                continue;
            };
            let clean = self.inside(&inner, depth - 1);
            if clean != inner {
                rewritten.push_str(&out[copied..start]);
                rewritten.push_str(&serde_json::Value::from(clean).to_string());
                copied = end;
            }
        }
        if copied == 0 {
            return out;
        }
        rewritten.push_str(&out[copied..]);
        rewritten
    }

    fn plain(&self, patterns: &AhoCorasick, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut copied = 0;
        for found in patterns.find_iter(text) {
            let (marker, alone, key) = self.markers[found.pattern().as_usize()];
            let (start, end) = (found.start(), found.end());
            if alone && !stands_alone(text, start, end) && !is_behind_lead(text, start, end, key) {
                continue;
            }
            out.push_str(&text[copied..found.start()]);
            out.push_str(marker);
            copied = found.end();
        }
        out.push_str(&text[copied..]);
        out
    }
}

fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let before = text[..start].chars().next_back();
    let after = text[end..].chars().next();
    // The letter of an escape in front is none of the word: `\nhunter2`.
    let escaped = before.is_some_and(|c| matches!(c, 'n' | 't' | 'r'))
        && text[..start]
            .trim_end_matches(['n', 't', 'r'])
            .ends_with('\\');
    (escaped || !before.is_some_and(char::is_alphanumeric))
        && !after.is_some_and(char::is_alphanumeric)
}

/// The string literals of a text that hold an escape, with their quotes. A line without a closing quote ends one.
fn escaped_literals(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'"' {
            at += 1;
            continue;
        }
        let start = at;
        let mut escapes = false;
        at += 1;
        loop {
            match bytes.get(at) {
                None => return found,
                Some(b'\n') => break,
                Some(b'\\') => {
                    escapes = true;
                    at += 2;
                }
                Some(b'"') => {
                    at += 1;
                    if escapes && text.is_char_boundary(at) {
                        found.push((start, at));
                    }
                    break;
                }
                Some(_) => at += 1,
            }
        }
    }
    found
}

/// Whether a value stands in a line for a shell behind what it was found by there: an option (`-p`), a user
/// (`ana:`), or the word before it (`ana `). Between the two stand marks alone, of a list of words a comma.
fn is_behind_lead(text: &str, start: usize, end: usize, lead: &str) -> bool {
    let is_lead = lead.starts_with('-') || lead.ends_with([':', '%', ',', ' ']);
    is_lead
        && !text[end..].starts_with(char::is_alphanumeric)
        && text[..start]
            .trim_end_matches(['"', '\'', '`', '\\', ' ', '='])
            .trim_end_matches(['"', '\'', '`', '\\', ' ', ',', '|', ';', '\t'])
            .ends_with(lead.trim_end().trim_end_matches(','))
}

/// A weak secret where it stands behind its key: `"pin": "1234"`, `pin='1234'`, `pin is 1234`.
fn behind_key(text: &str, weak: &Replacement) -> String {
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (start, _) in text.match_indices(weak.value.as_str()) {
        let end = start + weak.value.len();
        if start >= copied && is_behind_lead(text, start, end, &weak.key) {
            out.push_str(&text[copied..start]);
            out.push_str(&weak.marker);
            copied = end;
            continue;
        }
        if start < copied || !stands_alone(text, start, end) {
            continue;
        }
        let marks = |c: char| matches!(c, '"' | '\'' | '`' | '\\' | ' ');
        let before = text[..start].trim_end_matches(marks);
        let Some(before) = before
            .strip_suffix("=>")
            .or_else(|| before.strip_suffix(['=', ':', '>']))
            .or_else(|| before.strip_suffix(" is"))
        else {
            continue;
        };
        let before = before.trim_end_matches(marks);
        let from = before.len().checked_sub(weak.key.len());
        let is_key = from
            .and_then(|from| before.get(from..))
            .is_some_and(|written| written.eq_ignore_ascii_case(&weak.key));
        // A pair of a name and a value has the key one field before.
        let of_pair = || {
            let name = before
                .trim_end_matches("stringValue")
                .trim_end_matches(|c: char| marks(c) || matches!(c, '{' | ':'));
            let name = name
                .trim_end_matches("value")
                .trim_end_matches(|c: char| marks(c) || c == ',');
            name.to_ascii_lowercase()
                .ends_with(&weak.key.to_ascii_lowercase())
        };
        if !weak.key.is_empty() && (is_key || of_pair()) {
            out.push_str(&text[copied..start]);
            out.push_str(&weak.marker);
            copied = end;
        }
    }
    out.push_str(&text[copied..]);
    out
}

/// The ways in which a secret is usually written.
fn forms_of(value: &str, alone: bool) -> Vec<String> {
    let mut forms = vec![value.to_owned()];
    let mut escaped = value.to_owned();
    for _ in 0..3 {
        escaped = serde_json::Value::from(escaped).to_string();
        escaped = escaped[1..escaped.len() - 1].to_owned();
        forms.push(escaped.clone());
    }
    for lower in [false, true] {
        let mut encoded = String::new();
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                encoded.push(char::from(byte));
            } else if lower {
                encoded.push_str(&format!("%{byte:02x}"));
            } else {
                encoded.push_str(&format!("%{byte:02X}"));
            }
        }
        forms.push(encoded);
    }
    // Written so that nothing of it shows: each byte by its number, as addresses and pages may have it.
    let each = |write: &dyn Fn(u32) -> String| {
        value
            .chars()
            .map(|c| write(u32::from(c)))
            .collect::<String>()
    };
    let bytes = |write: &dyn Fn(u8) -> String| value.bytes().map(write).collect::<String>();
    forms.push(bytes(&|byte| format!("%{byte:02X}")));
    forms.push(bytes(&|byte| format!("%{byte:02x}")));
    forms.push(each(&|number| format!("&#{number};")));
    forms.push(each(&|number| format!("&#x{number:x};")));
    forms.push(each(&|number| format!("&#x{number:X};")));
    // Only the marks that a page cannot hold as they are.
    for quote in ["&#39;", "&#x27;", "&apos;"] {
        let page = value
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        forms.push(page.replace('"', "&quot;").replace('\'', quote));
    }
    if !alone {
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            for before in 0..3 {
                // The characters that depend on the secret alone, wherever in a longer text it begins.
                let mut bytes = vec![0; before];
                bytes.extend_from_slice(value.as_bytes());
                let encoded = engine.encode(&bytes);
                let begin = (before * 8).div_ceil(6);
                if let Some(core) = encoded.get(begin..bytes.len() * 8 / 6) {
                    forms.push(core.to_owned());
                }
            }
        }
        let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
        forms.push(hex.to_ascii_uppercase());
        forms.push(hex);
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn over(value: &str, key: &str, text: &str) -> String {
        let all = [Replacement {
            value: value.to_owned(),
            marker: "M".to_owned(),
            key: key.to_owned(),
        }];
        Overwriter::new(&all).text(text)
    }

    #[test]
    fn in_every_depth_and_writing() {
        let secret = "p@ss/wörd\"1\nline";
        let mut text = json!({ "a": secret }).to_string();
        for _ in 0..4 {
            assert!(!over(secret, "", &text).contains("rd"), "{text}");
            text = json!([text, 1]).to_string();
        }
        assert_eq!(
            over(
                "p@ss/wörd1-long",
                "",
                r#"{"a":"x p\u0040ss\/w\u00f6rd1-long y"}"#
            ),
            r#"{"a":"x M y"}"#
        );
        assert_eq!(over("tok/en+12345", "", "?a=tok%2Fen%2B12345&b"), "?a=M&b");
        let encoded = base64::engine::general_purpose::STANDARD.encode("me:tok/en+12345");
        assert!(over("tok/en+12345", "", &encoded).contains('M'));
    }

    #[test]
    fn ones_of_a_line_are_found_behind_what_they_stood_behind() {
        for (value, lead, text, expected) in [
            (
                "sommer",
                "-p",
                "mysql -psommer; sommer",
                "mysql -pM; sommer",
            ),
            ("hunter2", "-p", "mysql -phunter2", "mysql -pM"),
            (
                "sommer",
                "ana:",
                r#"curl -u \"ana:sommer\" x"#,
                r#"curl -u \"ana:M\" x"#,
            ),
            (
                "sommer",
                "-a",
                r#"["redis-cli","-a","sommer"]"#,
                r#"["redis-cli","-a","M"]"#,
            ),
            (
                "sommer",
                "ana ",
                "htpasswd -b f ana sommer",
                "htpasswd -b f ana M",
            ),
            (
                "sommer",
                "--password",
                "x --password=sommer",
                "x --password=M",
            ),
        ] {
            assert_eq!(over(value, lead, text), expected, "{text}");
        }
    }

    #[test]
    fn short_ones_stand_alone_and_weak_ones_behind_their_key() {
        assert_eq!(
            over("hunter2", "password", "hunter2 hunter22 a\\nhunter2"),
            "M hunter22 a\\nM"
        );
        let text = r#"{"pin":"1234","n":1234,"t":"{\"pin\": \"1234\"} pin is 1234, 1234"}"#;
        assert_eq!(
            over("1234", "pin", text),
            r#"{"pin":"M","n":1234,"t":"{\"pin\": \"M\"} pin is M, 1234"}"#
        );
        assert_eq!(
            over(
                "geheim",
                "password",
                r#"[{"name":"password","value":"geheim"}, "geheim"]"#
            ),
            r#"[{"name":"password","value":"M"}, "geheim"]"#
        );
    }
}
