//! Sensitive values of a few characters: looked for where they stand by themselves, not within a longer word.

use super::redact::{json_escaped, lower_hex, percent_encoded};
use aho_corasick::{AhoCorasick, Input, MatchKind};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use std::{borrow::Cow, collections::BTreeSet, ops::Range};

/// How many bytes on the left tell whether a word begins there.
pub(super) const CONTEXT: usize = 24;
/// How many bytes of a form it is looked up by. No form is shorter.
const HEAD: usize = 3;

pub(super) struct Words {
    patterns: AhoCorasick,
    /// Sorted by their text.
    forms: Vec<Form>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Form {
    text: String,
    /// Where it is a part of a longer encoded text.
    within: Option<Encoded>,
}

/// What the characters of base64 in the text of a form stand for.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Encoded {
    word: String,
    /// Bytes of the word's first group of three that come before it.
    before: usize,
}

impl Encoded {
    /// Characters of the first group of four that come before the form.
    fn skipped(&self) -> usize {
        self.before * 8 / 6
    }

    /// Characters from the beginning of the form that hold the word and this many bytes behind it.
    fn holds(&self, behind: usize) -> usize {
        ((self.before + self.word.len() + behind) * 8).div_ceil(6) - self.skipped()
    }

    /// Whether the word stands by itself in the text that is encoded here.
    fn is_met(&self, left: &[u8], rest: &[u8]) -> bool {
        let came = left.iter().rev().take_while(|byte| is_base64(**byte));
        let Some(aligned) = came.count().checked_sub(self.skipped()) else {
            return false;
        };
        let groups = aligned / 4;
        if groups == 0 && aligned > 0 {
            return false;
        }
        let first = left.len() - groups * 4 - self.skipped();
        let ahead = rest.iter().take(self.holds(1));
        let ahead = ahead.take_while(|byte| is_base64(**byte));
        let text = decoded(left[first..].iter().chain(ahead));
        let (left, rest) = text.split_at((groups * 3 + self.before).min(text.len()));
        // What is no text was hardly meant, and beside a few bytes of it any word comes by chance.
        let is_text = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii);
        rest.starts_with(self.word.as_bytes())
            && is_text(left.last())
            && !goes_on(left)
            && is_text(rest.get(self.word.len()))
            && !is_inside(rest.get(self.word.len()))
    }
}

impl Form {
    /// How long it is where it stands between these bytes.
    fn length(&self, left: &[u8], rest: &[u8]) -> Option<usize> {
        if !rest.starts_with(self.text.as_bytes()) {
            return None;
        }
        match &self.within {
            None => {
                let alone = !goes_on(left) && !is_inside(rest.get(self.text.len()));
                alone.then_some(self.text.len())
            }
            Some(encoded) => encoded.is_met(left, rest).then(|| encoded.holds(0)),
        }
    }

    /// Whether it takes more than these bytes to tell that it stands there.
    fn is_open(&self, rest: &[u8]) -> bool {
        let text = self.text.as_bytes();
        text.starts_with(rest)
            || self.within.as_ref().is_some_and(|encoded| {
                rest.len() < encoded.holds(1)
                    && rest
                        .strip_prefix(text)
                        .is_some_and(|more| more.iter().all(|byte| is_base64(*byte)))
            })
    }
}

impl Words {
    /// For these words, of three characters or more; `None` if there are none.
    pub(super) fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut forms = BTreeSet::new();
        for word in words {
            let texts = written(word).into_iter();
            forms.extend(texts.map(|text| Form { text, within: None }));
            add_encoded(word, &mut forms);
        }
        if forms.is_empty() {
            return None;
        }
        let patterns = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(forms.iter().map(|form| &form.text))
            .ok()?;
        Some(Self {
            patterns,
            forms: forms.into_iter().collect(),
        })
    }

    /// Where the first word from a place on begins and ends. `before`: the bytes that came before all of these.
    pub(super) fn find(&self, bytes: &[u8], from: usize, before: &[u8]) -> Option<Range<usize>> {
        let mut from = from;
        loop {
            let start = self
                .patterns
                .find(Input::new(bytes).range(from..))?
                .range()
                .start;
            let left = left_of(bytes, start, before);
            let rest = &bytes[start..];
            // The longest that ends there, for one may be the beginning of another.
            let lengths = self
                .candidates(rest)
                .iter()
                .filter_map(|form| form.length(&left, rest));
            if let Some(length) = lengths.max() {
                return Some(start..start + length);
            }
            from = start + 1;
        }
    }

    /// The forms that begin as the bytes do.
    fn candidates(&self, rest: &[u8]) -> &[Form] {
        let head = &rest[..HEAD.min(rest.len())];
        let head_of = |form: &Form| form.text.as_bytes()[..HEAD].cmp(head);
        let first = self.forms.partition_point(|form| head_of(form).is_lt());
        let end = self.forms.partition_point(|form| head_of(form).is_le());
        &self.forms[first..end]
    }

    /// Whether it takes more than these bytes to tell that a word begins with them.
    pub(super) fn is_open(&self, rest: &[u8]) -> bool {
        self.forms.iter().any(|form| form.is_open(rest))
    }

    /// The most bytes that it takes to tell that one stands there.
    pub(super) fn longest(&self) -> usize {
        let lengths = self.forms.iter().map(|form| match &form.within {
            None => form.text.len() + 1,
            Some(encoded) => encoded.holds(1),
        });
        lengths.max().unwrap_or(0)
    }
}

/// What stands on the left of a place, as far as it matters.
fn left_of<'a>(bytes: &'a [u8], at: usize, before: &[u8]) -> Cow<'a, [u8]> {
    if at >= CONTEXT || before.is_empty() {
        return Cow::Borrowed(&bytes[at.saturating_sub(CONTEXT)..at]);
    }
    let mut left = [before, &bytes[..at]].concat();
    left.drain(..left.len().saturating_sub(CONTEXT));
    Cow::Owned(left)
}

/// A word as it is, escaped as in JSON and in JSON within JSON, percent-encoded, as hex, and as base64.
fn written(word: &str) -> BTreeSet<String> {
    let mut texts = BTreeSet::from([word.to_owned(), STANDARD_NO_PAD.encode(word)]);
    texts.insert(URL_SAFE_NO_PAD.encode(word));
    for (slash, html) in [(false, false), (true, false), (false, true), (true, true)] {
        for ascii in [false, true] {
            let escaped = json_escaped(word, slash, html, ascii);
            texts.insert(json_escaped(&escaped, false, false, false));
            texts.insert(escaped);
        }
    }
    for keeps in ["-_.~", "-_.*", "-_.!~*'()", "-_.~/", "-_.!~*'();,/?:@&=+$#"] {
        for space in ["%20", "+"] {
            let upper = percent_encoded(word, keeps, space);
            texts.insert(lower_hex(&upper));
            texts.insert(upper);
        }
    }
    let hex: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
    texts.insert(hex.to_ascii_uppercase());
    texts.insert(hex);
    texts
}

/// A word as it is written within longer texts in base64, as in `user:word`: the characters that hold nothing
/// else, and the one that holds its first bits too, whatever the rest of that is.
fn add_encoded(word: &str, forms: &mut BTreeSet<Form>) {
    for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        for before in 0..3_usize {
            let encoded = Encoded {
                word: word.to_owned(),
                before,
            };
            let shared: u8 = [1, 4, 16][before];
            for last in 0..shared {
                let bytes = [&[last, last][..before], word.as_bytes()].concat();
                let text = engine.encode(&bytes);
                let whole = encoded.skipped()..bytes.len() * 8 / 6;
                forms.insert(Form {
                    text: text[whole].to_owned(),
                    within: Some(Encoded {
                        word: encoded.word.clone(),
                        before,
                    }),
                });
            }
        }
    }
}

fn is_inside(byte: Option<&u8>) -> bool {
    byte.is_some_and(u8::is_ascii_alphanumeric)
}

/// Whether what stands on the left is of the same word or number.
fn goes_on(left: &[u8]) -> bool {
    is_inside(left.last()) && !ends_escape(left)
}

/// Whether the last character is the end of an escape that stands for something that is no letter and no digit:
/// of JSON (`\n`, `\u0020`), of an address (`%3D`, `%253D`), `\x20`, or of what colours a terminal.
fn ends_escape(left: &[u8]) -> bool {
    if let [.., b'\\', b'b' | b'f' | b'n' | b'r' | b't'] = left {
        return true;
    }
    let coded = |digits: usize| {
        let (before, code) = left.split_at(left.len().checked_sub(digits)?);
        let code = std::str::from_utf8(code).ok()?;
        let is_hex = code.bytes().all(|digit| digit.is_ascii_hexdigit());
        let code = u32::from_str_radix(code, 16).ok().filter(|_| is_hex)?;
        let code = u8::try_from(code).ok();
        (!is_inside(code.as_ref())).then_some(before)
    };
    if coded(4).is_some_and(|before| before.ends_with(b"\\u")) {
        return true;
    }
    if let Some(mut before) = coded(2) {
        if before.ends_with(b"\\x") {
            return true;
        }
        while let Some(outer) = before.strip_suffix(b"25") {
            before = outer;
        }
        if before.ends_with(b"%") {
            return true;
        }
    }
    let [rest @ .., b'A'..=b'Z' | b'a'..=b'z'] = left else {
        return false;
    };
    let parameter = |byte: &&u8| byte.is_ascii_digit() || **byte == b';';
    let parameters = rest.iter().rev().take_while(parameter).count();
    let starts: [&[u8]; 5] = [b"\x1b[", b"1b[", b"1B[", b"033[", b"\\e["];
    let rest = &rest[..rest.len() - parameters];
    starts.iter().any(|start| rest.ends_with(start))
}

fn is_base64(byte: u8) -> bool {
    sextet(byte).is_some()
}

/// What a character of either alphabet of base64 stands for.
fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// The whole bytes that these characters stand for.
fn decoded<'a>(characters: impl Iterator<Item = &'a u8>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    for six in characters.filter_map(|byte| sextet(*byte)) {
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xff) as u8);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use crate::secret::{Redactor, Secret};
    use base64::{
        Engine as _,
        engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
    };

    fn redactor(words: &[&str]) -> Redactor {
        let words: Vec<Secret> = words.iter().map(|word| Secret::from(*word)).collect();
        Redactor::of_inputs(&words)
    }

    #[test]
    fn an_escape_on_the_left_is_no_part_of_the_word() {
        let redactor = redactor(&["4711", "a\"b"]);
        for (text, clean) in [
            (r"is:\n4711 \\n4711", r"is:\n[redacted] \\n[redacted]"),
            (
                r"\t4711\r4711\b4711\f4711",
                r"\t[redacted]\r[redacted]\b[redacted]\f[redacted]",
            ),
            (r"\u00204711\u003d", r"\u0020[redacted]\u003d"),
            (r"\\u003D4711 \x3d4711", r"\\u003D[redacted] \x3d[redacted]"),
            ("pin%3D4711%26x", "pin%3D[redacted]%26x"),
            ("pin%253d4711%2526x", "pin%253d[redacted]%2526x"),
            (
                "\u{1b}[1;31m4711\u{1b}[0m",
                "\u{1b}[1;31m[redacted]\u{1b}[0m",
            ),
            (r"\u001b[31m4711\u001b[0m", r"\u001b[31m[redacted]\u001b[0m"),
            ("34373131 34373131", "[redacted] [redacted]"),
            (
                "612262 61%22 a%22b a%22B",
                "[redacted] 61%22 [redacted] a%22B",
            ),
            (r#"a\"b a\\\"b"#, "[redacted] [redacted]"),
        ] {
            assert_eq!(redactor.redact_text(text), clean, "{text}");
        }
    }

    #[test]
    fn hex_is_found_in_either_case() {
        let redactor = redactor(&["jkl"]);
        assert_eq!(
            redactor.redact_text("6a6b6c 6A6B6C"),
            "[redacted] [redacted]"
        );
    }

    #[test]
    fn a_word_is_found_within_longer_encoded_texts() {
        for word in ["123", "4711", "k-9z", "jkl", "äö", "?>~~", "12345"] {
            let redactor = redactor(&[word]);
            for before in [
                "",
                ":",
                "m:",
                "me:",
                "a me:",
                "to me:",
                "\0user\0",
                "{\"pin\":\\n",
            ] {
                for after in ["", ".", ", ", " and more"] {
                    let text = format!("{before}{word}{after}");
                    for encoded in [STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                        let shown = redactor.redact_text(&encoded);
                        assert!(shown.contains("[redacted]"), "{text:?}: {shown}");
                        // Nothing of what is left holds a whole character of the word.
                        let kept = shown.split("[redacted]").next().unwrap();
                        assert!(kept.len() * 6 / 8 <= before.len(), "{text:?}: {shown}");
                    }
                }
            }
        }
        let redactor = redactor(&["4711"]);
        assert_eq!(
            redactor.redact_text("Authorization: Basic bWU6NDcxMQ==\nuser/bWU6NDcxMQ"),
            "Authorization: Basic bWU6[redacted]==\nuser/bWU6[redacted]"
        );
    }

    #[test]
    fn what_does_not_hold_the_word_stays() {
        let redactor = redactor(&["4711", "123", "jkl", "the"]);
        let mut text = String::from(
            "24711 47110 n4711 x4711 u00204711 3D4711 [31m4711 new4711 \\new4711 %4147110 \\u00414711\n\
             %414711 amtsgericht amtsleiter other 0x1234 v1.1234 then-there/loathe_lathe bathe\n\
             sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n",
        );
        for whole in [
            "14711", "47110", "me4711", "mother", "x123y", "jklm", "a0123",
        ] {
            text.push_str(&STANDARD.encode(format!("me:{whole} is no pin")));
            text.push('\n');
        }
        assert_eq!(redactor.redact_text(&text), text);
        // The bytes of a picture, as a page may carry them.
        let mut state = 1_u32;
        let bytes: Vec<u8> = (0..200_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        let text = STANDARD.encode(bytes);
        assert_eq!(redactor.redact_text(&text), text);
    }
}
