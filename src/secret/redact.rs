//! Takes known secrets out of texts and JSON, in every form in which they usually travel.

use super::{Secret, words::Words};
use aho_corasick::{AhoCorasick, Input, MatchKind};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use druse_engine::{
    Json,
    event::{Failure, Outcome},
};
use serde_json::{Map, Number, Value};
use std::{borrow::Cow, collections::BTreeSet, ops::Range};

/// What stands where a secret stood.
pub const REDACTED: &str = "[redacted]";
/// Shorter secrets are not looked for: they would be found in everything.
const SHORTEST: usize = 6;
/// Shortest sensitive input that is looked for, where it stands by itself.
const SHORTEST_WORD: usize = 3;
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
    /// What is too short to be looked for within other words; `None` while there is nothing such.
    words: Option<Words>,
}

/// A walk from secret to secret. What comes next of one sort is remembered while those of the other come first:
/// looked for again behind each of these, it would cost the whole rest of a text each time.
pub(super) struct Search<'a> {
    redactor: &'a Redactor,
    bytes: &'a [u8],
    /// What came before the bytes.
    before: &'a [u8],
    long: Ahead,
    word: Ahead,
    /// Bytes that were looked at.
    #[cfg(test)]
    looked: usize,
}

/// What comes next: `None` while it was not looked for.
type Ahead = Option<Option<Range<usize>>>;

impl Search<'_> {
    /// Where the first secret from a place on begins and ends. The place never goes back.
    pub(super) fn next(&mut self, from: usize) -> Option<Range<usize>> {
        if !still_ahead(&self.long, from) {
            let patterns = self.redactor.patterns.as_ref();
            let found = patterns
                .and_then(|patterns| patterns.find(Input::new(self.bytes).range(from..)))
                .map(|found| found.range());
            #[cfg(test)]
            {
                self.looked += found.as_ref().map_or(self.bytes.len(), |found| found.end) - from;
            }
            self.long = Some(found);
        }
        if !still_ahead(&self.word, from) {
            let words = self.redactor.words.as_ref();
            let found = words.and_then(|words| words.find(self.bytes, from, self.before));
            #[cfg(test)]
            {
                self.looked += found.as_ref().map_or(self.bytes.len(), |found| found.end) - from;
            }
            self.word = Some(found);
        }
        match (self.long.clone().flatten(), self.word.clone().flatten()) {
            (Some(long), Some(word)) if word.start < long.start => Some(word),
            (long, word) => long.or(word),
        }
    }
}

fn still_ahead(ahead: &Ahead, from: usize) -> bool {
    match ahead {
        Some(Some(found)) => found.start >= from,
        Some(None) => true,
        None => false,
    }
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
            ..Self::default()
        }
    }

    /// For sensitive inputs of a run: those of 3 to 5 bytes are looked for too, where they stand by
    /// themselves and not within a longer word or number. They are in the answers of few steps, so that little
    /// else is taken for them.
    pub fn of_inputs<'a>(values: impl IntoIterator<Item = &'a Secret> + Clone) -> Self {
        let mut short = BTreeSet::new();
        let mut redactor = Self::new(values.clone());
        for value in values {
            let word = value.expose().trim();
            if !(SHORTEST_WORD..SHORTEST).contains(&word.len()) {
                continue;
            }
            short.insert(word);
            if word.parse::<serde_json::Number>().is_ok() {
                redactor.numbers.insert(word.to_owned());
            }
        }
        redactor.words = Words::new(short);
        redactor
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_none() && self.words.is_none()
    }

    /// Looks for secrets in these bytes. `before`: what came before them.
    pub(super) fn search<'a>(&'a self, bytes: &'a [u8], before: &'a [u8]) -> Search<'a> {
        Search {
            redactor: self,
            bytes,
            before,
            long: None,
            word: None,
            #[cfg(test)]
            looked: 0,
        }
    }

    /// Where at the end of the bytes a secret may have begun of which the rest is still to come.
    pub(super) fn begun(&self, bytes: &[u8]) -> Vec<usize> {
        if self.is_empty() {
            return Vec::new();
        }
        let longest = self.words.as_ref().map_or(0, Words::longest);
        let longest = longest.max(self.longest() + 1);
        let from = (bytes.len() + 1).saturating_sub(longest);
        let begins = |start: &usize| {
            let rest = &bytes[*start..];
            let at = self.forms.partition_point(|form| form.as_bytes() <= rest);
            // The forms that begin with the rest and are longer stand right behind it.
            let next = self.forms.get(at);
            next.is_some_and(|form| form.as_bytes().starts_with(rest))
                // Whether a word ends there is told by what comes next.
                || self.words.as_ref().is_some_and(|words| words.is_open(rest))
        };
        (from..bytes.len()).filter(begins).collect()
    }

    /// Whether one of them stands in these bytes, those that are short left aside: in the bytes of a file they
    /// would stand by chance.
    pub fn finds_in(&self, bytes: &[u8]) -> bool {
        let patterns = self.patterns.as_ref();
        patterns.is_some_and(|patterns| patterns.is_match(bytes))
    }

    /// The length of the longest form that is looked for.
    pub fn longest(&self) -> usize {
        self.forms.iter().map(String::len).max().unwrap_or(0)
    }

    /// The text without secrets; borrowed if there were none.
    pub fn redact_text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut clean = String::new();
        let mut from = 0;
        let mut search = self.search(text.as_bytes(), &[]);
        while let Some(found) = search.next(from) {
            clean.push_str(&text[from..found.start]);
            clean.push_str(REDACTED);
            from = found.end;
        }
        if from == 0 {
            return Cow::Borrowed(text);
        }
        clean.push_str(&text[from..]);
        Cow::Owned(clean)
    }

    /// The value without secrets in its strings, numbers and keys; the same one if there were none.
    pub fn redact_json(&self, json: &Json) -> Json {
        self.redact_json_but(json, &|_| REDACTED.into())
    }

    /// The same, with what `held` gives where a number stood.
    fn redact_json_but(&self, json: &Json, held: &dyn Fn(&Number) -> Value) -> Json {
        if !self.is_empty() && self.finds(json.value()) {
            self.clean(json.value(), held).into()
        } else {
            json.clone()
        }
    }

    /// The outcome without secrets in its output, message and details. Numbers of its output are left to
    /// [`hold_numbers`].
    pub fn redact_outcome(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Succeeded { output } => Outcome::Succeeded {
                output: self.redact_json_but(&output, &|number| number.clone().into()),
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
        let in_text = |text: &str| self.search(text.as_bytes(), &[]).next(0).is_some();
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

    fn clean(&self, value: &Value, held: &dyn Fn(&Number) -> Value) -> Value {
        match value {
            Value::String(text) => self.redact_text(text).into_owned().into(),
            Value::Number(number) if self.numbers.contains(&number.to_string()) => held(number),
            Value::Array(items) => items.iter().map(|item| self.clean(item, held)).collect(),
            Value::Object(map) => {
                let clean = |(key, item): (&String, &Value)| {
                    (self.redact_text(key).into_owned(), self.clean(item, held))
                };
                Value::Object(map.iter().map(clean).collect::<Map<_, _>>())
            }
            other => other.clone(),
        }
    }
}

/// The outcome with what `held` gives in the place of each number in its output that is a secret of one of these. The
/// texts come before that: in what it gives no secret is looked for. Numbers that are fields of the output itself are
/// the action's own, such as a status or an exit code; what came from outside stands deeper.
pub fn hold_numbers(
    redactors: &[&Redactor],
    outcome: Outcome,
    held: &dyn Fn(&Number) -> Value,
) -> Outcome {
    fn within(value: &Value, redactors: &[&Redactor], held: &dyn Fn(&Number) -> Value) -> Value {
        match value {
            Value::Number(number) if is_secret(number, redactors) => held(number),
            Value::Array(items) => {
                let items = items.iter().map(|item| within(item, redactors, held));
                items.collect()
            }
            Value::Object(map) => {
                let items = map.iter();
                let items = items.map(|(key, item)| (key.clone(), within(item, redactors, held)));
                Value::Object(items.collect())
            }
            other => other.clone(),
        }
    }
    fn finds(value: &Value, redactors: &[&Redactor]) -> bool {
        match value {
            Value::Number(number) => is_secret(number, redactors),
            Value::Array(items) => items.iter().any(|item| finds(item, redactors)),
            Value::Object(map) => map.values().any(|item| finds(item, redactors)),
            Value::Null | Value::Bool(_) | Value::String(_) => false,
        }
    }
    if redactors.iter().all(|one| one.numbers.is_empty()) {
        return outcome;
    }
    let Outcome::Succeeded { output } = &outcome else {
        return outcome;
    };
    let Value::Object(fields) = output.value() else {
        return Outcome::Succeeded {
            output: within(output.value(), redactors, held).into(),
        };
    };
    let mut fields = fields.clone();
    let mut found = false;
    for field in fields.values_mut().filter(|field| !field.is_number()) {
        if finds(field, redactors) {
            *field = within(field, redactors, held);
            found = true;
        }
    }
    match found {
        true => Outcome::Succeeded {
            output: Value::Object(fields).into(),
        },
        false => outcome,
    }
}

fn is_secret(number: &Number, redactors: &[&Redactor]) -> bool {
    let number = number.to_string();
    redactors.iter().any(|one| one.numbers.contains(&number))
}

fn add_forms(value: &str, forms: &mut BTreeSet<String>) {
    forms.insert(value.to_owned());
    // As text of a page, by the habits of the writers of HTML.
    for quote in ["&quot;", "&#34;", "&#x22;", "\""] {
        for apostrophe in ["&#39;", "&#x27;", "&#039;", "&apos;", "'"] {
            forms.insert(html_escaped(value, quote, apostrophe));
        }
    }
    // In JSON, and in JSON inside a JSON string, by writers that escape `/`, what HTML reads, or all beyond ASCII.
    for (slash, html) in [(false, false), (true, false), (false, true), (true, true)] {
        for ascii in [false, true] {
            let once = json_escaped(value, slash, html, ascii);
            forms.insert(json_escaped(&once, slash, html, ascii));
            forms.insert(once);
        }
    }
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

/// A value as text or attribute of a page.
fn html_escaped(value: &str, quote: &str, apostrophe: &str) -> String {
    let mut out = String::with_capacity(value.len() + 8);
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str(quote),
            '\'' => out.push_str(apostrophe),
            c => out.push(c),
        }
    }
    out
}

/// The inside of a JSON string, with `\/`, with `<`, `>`, `&` and `'` as code points, or with all beyond ASCII
/// as code points.
pub(super) fn json_escaped(value: &str, slash: bool, html: bool, ascii: bool) -> String {
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

pub(super) fn percent_encoded(value: &str, keeps: &str, space: &str) -> String {
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

pub(super) fn lower_hex(encoded: &str) -> String {
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
    fn finds_secrets_on_pages_and_in_json_within_json() {
        let secret = "Tom & \"Jerry\" 'ä' \\4711";
        let redactor = Redactor::new(&[Secret::from(secret)]);
        let once = json!({ "pin": secret }).to_string();
        for form in [
            "Tom &amp; &quot;Jerry&quot; &#39;ä&#39; \\4711".to_owned(),
            "Tom &amp; &#34;Jerry&#34; &#x27;ä&#x27; \\4711".to_owned(),
            "Tom &amp; \"Jerry\" 'ä' \\4711".to_owned(),
            json!({ "body": once }).to_string(),
            json!({ "body": once.replace('ä', "\\u00e4") }).to_string(),
            once,
        ] {
            let shown = redactor.redact_text(&form);
            assert!(!shown.contains("Jerry"), "{form}: {shown}");
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
    fn what_is_short_is_found_where_it_stands_by_itself() {
        let values = ["4711", "ab", "x+y", "12.5"].map(Secret::from);
        let redactor = Redactor::of_inputs(&values);
        for (text, clean) in [
            ("4711", "[redacted]"),
            ("pin=4711;", "pin=[redacted];"),
            ("4711,4711", "[redacted],[redacted]"),
            (
                "a 4711 b 47111 x4711 4711x",
                "a [redacted] b 47111 x4711 4711x",
            ),
            ("34373131 NDcxMQ==", "[redacted] [redacted]=="),
            ("x+y x%2By ab", "[redacted] [redacted] ab"),
        ] {
            assert_eq!(redactor.redact_text(text), clean);
        }
        let dirty = Json::from(json!({ "4711": [4711, 12.5, 471, "4711", "14711"], "ok": 47110 }));
        assert_eq!(
            redactor.redact_json(&dirty).text(),
            r#"{"[redacted]":["[redacted]","[redacted]",471,"[redacted]","14711"],"ok":47110}"#
        );
        assert!(!redactor.finds_in(b"4711"));
        assert!(Redactor::of_inputs(&["ab"].map(Secret::from)).is_empty());
    }

    #[test]
    fn many_secrets_of_one_sort_cost_no_more_than_one_walk_for_the_other() {
        let redactor = Redactor::of_inputs(&["123", "hunter2hunter2"].map(Secret::from));
        for line in [
            "123\n",
            "hunter2hunter2\n",
            "123 hunter2hunter2\n",
            "1234\n",
        ] {
            let text = line.repeat(5_000);
            let mut search = redactor.search(text.as_bytes(), &[]);
            let mut from = 0;
            while let Some(found) = search.next(from) {
                from = found.end;
            }
            assert!(search.looked <= 4 * text.len(), "{line}: {}", search.looked);
        }
    }

    #[test]
    fn numbers_of_an_answer_are_held_and_those_of_the_action_stay() {
        let redactor = Redactor::of_inputs(&["200", "4711"].map(Secret::from));
        let output = json!({ "status": 200, "json": { "n": [4711, 47110], "status": 200 } });
        let outcome = Outcome::Succeeded {
            output: output.into(),
        };
        let held = |number: &Number| format!("held {number}").into();
        let held = hold_numbers(&[&redactor], redactor.redact_outcome(outcome), &held);
        let expected =
            json!({ "status": 200, "json": { "n": ["held 4711", 47110], "status": "held 200" } });
        assert_eq!(
            held,
            Outcome::Succeeded {
                output: expected.into()
            }
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
