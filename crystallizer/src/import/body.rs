//! The body as records: one JSON document, several in a row, or JSON Lines with their broken lines.

use super::error::ImportError;
use super::event_stream;
use super::log_lines;
use super::notes::Notes;
use super::value::size;
use serde_json::Value;
use std::borrow::Cow;

/// The largest body that is read, in bytes.
pub const MAX_BYTES: usize = 64 * 1024 * 1024;

/// One JSON value of the body.
#[derive(Debug, Clone)]
pub(super) struct Record {
    /// The value.
    pub(super) value: Value,
    /// Its line, from 1; 0 where it has none of its own.
    pub(super) line: u32,
    /// How many bytes of the body it takes, where it stands there by itself.
    pub(super) taken: Option<u64>,
}

impl Record {
    /// How many bytes it takes: of the body, or as compact JSON.
    pub(super) fn bytes(&self) -> u64 {
        self.taken.unwrap_or_else(|| size(&self.value))
    }
}

/// A body of so many bytes cannot hold so much that it has to be counted.
const SMALL: usize = 4 << 20;
/// The most lists and objects of one body: each takes far more memory than its few bytes in the text.
const MOST_CONTAINERS: usize = 2_000_000;

/// How many lists and objects a text of JSON holds.
fn containers(text: &str) -> usize {
    let (mut count, mut quoted, mut escaped) = (0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => count += 1,
            _ => {}
        }
    }
    count
}

/// The records of a body and what was odd about it.
pub(super) struct Body {
    pub(super) records: Vec<Record>,
    pub(super) notes: Notes,
}

/// Reads the body. Linear in its length.
pub(super) fn read(bytes: &[u8]) -> Result<Body, ImportError> {
    if bytes.len() > MAX_BYTES {
        return Err(ImportError::new(
            "too_large",
            format!(
                "The recording has {} bytes; at most {MAX_BYTES} are read.",
                bytes.len()
            ),
            "Split it into its sessions.",
        ));
    }
    let mut notes = Notes::default();
    let text = decode(bytes, &mut notes)?;
    let whole = text.trim_start_matches('\u{feff}');
    let trimmed = whole.trim_end_matches(['\0', '\u{feff}']);
    if trimmed.len() < whole.len() {
        notes.left_out("nul_bytes", "", (whole.len() - trimmed.len()) as u64, 0);
    }
    if trimmed.trim().is_empty() {
        return Err(ImportError::new(
            "empty",
            "The recording is empty.",
            "Give the recording itself: JSON or JSON Lines.",
        ));
    }
    if trimmed.len() > SMALL && containers(trimmed) > MOST_CONTAINERS {
        return Err(ImportError::new(
            "too_large",
            format!("The recording holds more than {MOST_CONTAINERS} lists and objects."),
            "Split it into its sessions.",
        ));
    }
    scan_numbers(trimmed, &mut notes);
    let records = match whole_documents(trimmed) {
        Ok(records) => records,
        Err(mut error) if is_lines(trimmed) => {
            error.before.clear();
            let records = read_lines(trimmed, &mut notes);
            if records.is_empty() {
                return documents_before(trimmed, error, &mut notes)
                    .map(|records| Body { records, notes });
            }
            records
        }
        Err(error) => {
            let mut tried = Notes::default();
            let mended = mend(trimmed, &mut tried);
            match mended.as_deref().map(whole_documents) {
                Some(Ok(records)) => {
                    notes.absorb(&tried);
                    records
                }
                _ => match log_lines::read(trimmed, &mut notes) {
                    messages if messages.is_empty() => {
                        match event_stream::read(trimmed, &mut notes) {
                            events if events.is_empty() => {
                                documents_before(trimmed, error, &mut notes)?
                            }
                            events => events,
                        }
                    }
                    messages => messages,
                },
            }
        }
    };
    Ok(Body { records, notes })
}

/// The documents that could be read before the place where reading failed; an error where there are none.
fn documents_before(
    text: &str,
    error: Broken,
    notes: &mut Notes,
) -> Result<Vec<Record>, ImportError> {
    if error.before.is_empty() {
        return Err(if error.too_deep {
            ImportError::new(
                "too_deep",
                "The recording is nested deeper than 128 levels.",
                "No recorder does that; check the file.",
            )
        } else {
            ImportError::new(
                "unreadable",
                format!("The recording is no valid JSON: {}.", error.reason),
                "It must be one JSON document or JSON Lines; check whether it was cut.",
            )
        }
        .at_line(error.line));
    }
    notes.left_out(
        "broken_line",
        error.reason,
        (text.len() - error.at) as u64,
        error.line,
    );
    Ok(error.before)
}

/// The text of a body that could be read.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    decode(bytes, &mut Notes::default()).unwrap_or_default()
}

fn decode<'a>(bytes: &'a [u8], notes: &mut Notes) -> Result<Cow<'a, str>, ImportError> {
    let wide = |bytes: &[u8], little: bool| {
        let units: Vec<u16> = bytes
            .chunks_exact(2)
            .map(|pair| {
                if little {
                    u16::from_le_bytes([pair[0], pair[1]])
                } else {
                    u16::from_be_bytes([pair[0], pair[1]])
                }
            })
            .collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => {
            notes.add("recoded_text", "UTF-16, little end first", 0);
            return Ok(Cow::Owned(wide(rest, true)));
        }
        [0xfe, 0xff, rest @ ..] => {
            notes.add("recoded_text", "UTF-16, big end first", 0);
            return Ok(Cow::Owned(wide(rest, false)));
        }
        _ => {}
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    };
    if let Cow::Owned(owned) = &text {
        let replaced = owned.matches('\u{fffd}').count();
        // A few broken characters are a recording with a fault; many are no text at all.
        if replaced * 20 > owned.len() {
            return Err(ImportError::new(
                "not_text",
                "The recording is no text.",
                "It must be JSON or JSON Lines in UTF-8; unpack archives first.",
            ));
        }
        for _ in 0..replaced.min(1000) {
            notes.add("not_text", "", 0);
        }
    }
    Ok(text)
}

/// Whether the text is JSON Lines: its first line is a whole object, or most of its first lines are.
fn is_lines(text: &str) -> bool {
    let mut whole = 0;
    let mut seen = 0;
    for line in text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .take(50)
    {
        let object = line.starts_with('{')
            && line.ends_with('}')
            && serde_json::from_str::<serde::de::IgnoredAny>(line).is_ok();
        if seen == 0 && object {
            return true;
        }
        seen += 1;
        whole += usize::from(object);
    }
    whole * 2 > seen
}

struct Broken {
    before: Vec<Record>,
    at: usize,
    line: u32,
    reason: String,
    too_deep: bool,
}

/// All documents of the text, one after another with or without blanks between.
fn whole_documents(text: &str) -> Result<Vec<Record>, Broken> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let mut records = Vec::new();
    let mut line = 1u32;
    let mut counted = 0;
    loop {
        let from = stream.byte_offset();
        let from = from + (text[from..].len() - text[from..].trim_start().len());
        line = line.saturating_add(newlines(&text[counted..from]));
        counted = from;
        match stream.next() {
            None => return Ok(records),
            Some(Ok(value)) => records.push(Record {
                value,
                line,
                taken: Some((stream.byte_offset() - from) as u64),
            }),
            Some(Err(error)) => {
                let too_deep = is_too_deep(&error);
                let reason = reason(&error);
                let at = u32::try_from(error.line()).unwrap_or(u32::MAX);
                return Err(Broken {
                    before: records,
                    at: from,
                    line: at.max(1),
                    reason,
                    too_deep,
                });
            }
        }
    }
}

fn newlines(text: &str) -> u32 {
    u32::try_from(text.bytes().filter(|byte| *byte == b'\n').count()).unwrap_or(u32::MAX)
}

fn is_too_deep(error: &serde_json::Error) -> bool {
    error.to_string().starts_with("recursion limit")
}

/// The reason without the place, which the line already tells.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or("").to_owned()
}

fn read_lines(text: &str, notes: &mut Notes) -> Vec<Record> {
    let mut records = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let trimmed =
            line.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{feff}');
        if line.contains('\0') {
            notes.left_out("nul_bytes", "", (line.len() - trimmed.len()) as u64, number);
        }
        if trimmed.is_empty() {
            continue;
        }
        match serde_json::from_str(trimmed) {
            Ok(value) => records.push(Record {
                value,
                line: number,
                taken: Some(line.len() as u64),
            }),
            Err(error) if is_too_deep(&error) => {
                notes.left_out("too_deep", "", line.len() as u64, number)
            }
            Err(error) => match mended_line(trimmed, notes) {
                Some(value) => records.push(Record {
                    value,
                    line: number,
                    taken: Some(line.len() as u64),
                }),
                None => {
                    // Two records that ran together on one line are still two records.
                    match whole_documents(trimmed) {
                        Ok(several) => records.extend(several.into_iter().map(|record| Record {
                            line: number,
                            ..record
                        })),
                        Err(_) => {
                            notes.left_out("broken_line", reason(&error), line.len() as u64, number)
                        }
                    }
                }
            },
        }
    }
    records
}

fn mended_line(line: &str, notes: &mut Notes) -> Option<Value> {
    let mut tried = Notes::default();
    let value = serde_json::from_str(&mend(line, &mut tried)?).ok()?;
    notes.absorb(&tried);
    Some(value)
}

/// Reads JSON text that a recording keeps inside a string.
pub(super) fn parse_text(text: &str, notes: &mut Notes) -> Option<Value> {
    if let Ok(value) = serde_json::from_str(text) {
        scan_numbers(text, notes);
        return Some(value);
    }
    let value = mended_line(text, notes)?;
    scan_numbers(text, notes);
    Some(value)
}

/// Mends what other languages' JSON writers emit and the standard forbids: `NaN` and `Infinity`
/// (null), numbers beyond the range of a 64-bit float (their text as a string), and halves of
/// surrogate pairs in `\u` escapes (U+FFFD). `None` where there is none of it.
fn mend(text: &str, notes: &mut Notes) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    let mut at = 0;
    let mut in_string = false;
    let mut changed = false;
    let mut replace = |from: usize, to: usize, with: &str, copied: &mut usize| {
        out.push_str(&text[*copied..from]);
        out.push_str(with);
        *copied = to;
        changed = true;
    };
    while at < bytes.len() {
        let byte = bytes[at];
        if in_string {
            match byte {
                b'"' => in_string = false,
                b'\\' => {
                    if let Some(unit) = escape(bytes, at) {
                        let low = escape(bytes, at + 6);
                        match (unit, low) {
                            (0xd800..=0xdbff, Some(0xdc00..=0xdfff)) => at += 11,
                            (0xd800..=0xdfff, _) => {
                                notes.add("repaired_json", "half of a surrogate pair", 0);
                                replace(at, at + 6, "\\ufffd", &mut copied);
                                at += 5;
                            }
                            _ => at += 5,
                        }
                    } else {
                        at += 1;
                    }
                }
                _ => {}
            }
            at += 1;
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'N' | b'I' | b'-' | b'0'..=b'9' => {
                let end = (at + 1..bytes.len())
                    .find(|end| !matches!(bytes[*end], b'0'..=b'9' | b'.' | b'+' | b'-' | b'a'..=b'z' | b'A'..=b'Z'))
                    .unwrap_or(bytes.len());
                let token = &text[at..end];
                if matches!(token, "NaN" | "Infinity" | "-Infinity") {
                    notes.add("repaired_json", token, 0);
                    replace(at, end, "null", &mut copied);
                } else if token.len() > 3
                    && token.parse::<f64>().is_ok_and(f64::is_infinite)
                    && !token.ends_with(|c: char| c.is_alphabetic())
                {
                    notes.add("repaired_json", "a number out of range", 0);
                    replace(at, end, &format!("\"{token}\""), &mut copied);
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    if !changed {
        return None;
    }
    out.push_str(&text[copied..]);
    Some(out)
}

fn escape(bytes: &[u8], at: usize) -> Option<u32> {
    let part = bytes.get(at..at + 6)?;
    if part[0] != b'\\' || part[1] != b'u' {
        return None;
    }
    let digits = std::str::from_utf8(&part[2..]).ok()?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(digits, 16).ok()
}

/// The most characters of a number that loses no digits, whatever it is.
const EXACT: usize = 15;

/// Whether a text may hold a number that loses digits, in a string or outside.
fn may_lose_digits(bytes: &[u8]) -> bool {
    let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
    // Of more than so many in a row one stands at such a place.
    let mut at = EXACT;
    while let Some(byte) = bytes.get(at) {
        if !is_part(byte) {
            at += EXACT + 1;
            continue;
        }
        let before = bytes[..at].iter().rev().take_while(|byte| is_part(byte));
        let from = at - before.count();
        let end = at + bytes[at..].iter().take_while(|byte| is_part(byte)).count();
        let run = &bytes[from..end];
        // Beside a number stands what parts values, or nothing.
        let parts = |byte: Option<&u8>| byte.is_none_or(|byte| b":,[]} \t\r\n".contains(byte));
        let is_apart = parts(bytes[..from].last()) && parts(bytes.get(end));
        if run.len() > EXACT && is_apart && loses_digits(run) {
            return true;
        }
        at = end + EXACT;
    }
    false
}

/// Whether what may be a number, or hold one, loses digits.
fn loses_digits(run: &[u8]) -> bool {
    match run.first() {
        Some(b'-' | b'0'..=b'9') => {
            let token = std::str::from_utf8(run);
            token.is_ok_and(|token| inexact(token).is_some())
        }
        // No number begins so, but one may stand behind.
        _ => run.iter().any(u8::is_ascii_digit),
    }
}

/// Finds the numbers that lose digits in all texts of a value that hold JSON, or what a program wrote in its own way.
pub(super) fn scan_texts(value: &Value, notes: &mut Notes) {
    match value {
        Value::String(text) => scan_numbers(text, notes),
        Value::Array(items) => items.iter().for_each(|item| scan_texts(item, notes)),
        Value::Object(map) => map.values().for_each(|inner| scan_texts(inner, notes)),
        _ => {}
    }
}

/// Finds the numbers outside strings that lose digits when read as a 64-bit number.
fn scan_numbers(text: &str, notes: &mut Notes) {
    let bytes = text.as_bytes();
    if !may_lose_digits(bytes) {
        return;
    }
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => at = behind_string(text, at + 1),
            b'-' | b'0'..=b'9' => {
                let end = (at + 1..bytes.len())
                    .find(|end| {
                        !matches!(bytes[*end], b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')
                    })
                    .unwrap_or(bytes.len());
                if end - at > EXACT
                    && let Some(bits) = inexact(&text[at..end])
                {
                    notes
                        .numbers
                        .insert(bits, text[at..end.min(at + 80)].to_owned());
                }
                at = end;
            }
            _ => at += 1,
        }
    }
}

/// Where a string ends that begins there: behind the quote that closes it.
fn behind_string(text: &str, begin: usize) -> usize {
    let mut at = begin;
    while let Some(rest) = text.get(at..)
        && let Some(quote) = rest.find('"')
    {
        at += quote + 1;
        let escapes = rest.as_bytes()[..quote].iter().rev();
        if escapes.take_while(|byte| **byte == b'\\').count() % 2 == 0 {
            return at;
        }
    }
    text.len()
}

/// The bits of the float that a number is read as, where that float is not the number.
fn inexact(token: &str) -> Option<u64> {
    if token.parse::<i64>().is_ok() || token.parse::<u64>().is_ok() {
        return None;
    }
    let number: f64 = token.parse().ok()?;
    if !number.is_finite() {
        return None;
    }
    (decimal(token)? != decimal(&format!("{number:e}"))?).then_some(number.to_bits())
}

/// A number's significant digits and the power of ten of the first of them.
fn decimal(token: &str) -> Option<(String, i64)> {
    let token = token.trim_start_matches('-');
    let (digits, exponent) = match token.find(['e', 'E']) {
        Some(at) => (
            &token[..at],
            token[at + 1..]
                .trim_start_matches('+')
                .parse::<i64>()
                .ok()?,
        ),
        None => (token, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    let leading = all.len() - all.trim_start_matches('0').len();
    let significant = all.trim_matches('0').to_owned();
    if significant.is_empty() {
        return Some((significant, 0));
    }
    let power = i64::try_from(whole.len()).ok()? - i64::try_from(leading).ok()? + exponent;
    Some((significant, power))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes_of(text: &str) -> Notes {
        let mut notes = Notes::default();
        scan_numbers(text, &mut notes);
        notes
    }

    #[test]
    fn numbers_that_lose_digits_are_seen_and_others_not() {
        for exact in [
            "18446744073709551615",
            "-9223372036854775808",
            "0.30000000000000004",
            "1.0000000000000000000",
            "100000000000000000000",
            "1234567890.123456",
            "1e300",
            "\"123456789012345678901234567890\"",
            r#""\"123456789012345678901234567890\\""#,
            r#""ü \\\" 123456789012345678901234567890"#,
            "\"----------------------------------\"",
        ] {
            assert!(notes_of(exact).numbers.is_empty(), "{exact}");
        }
        for inexact in [
            "18446744073709551617",
            "123456789012345678901234567890",
            "0.1234567890123456789",
            "-9223372036854775809",
        ] {
            for before in 0..20 {
                let text = format!("{}{{\"\\\"\\\\\":[{inexact}]}}", " ".repeat(before));
                assert_eq!(notes_of(&text).numbers.len(), 1, "{text}");
            }
        }
    }

    #[test]
    fn foreign_json_is_mended() {
        let mut notes = Notes::default();
        let value = parse_text(
            r#"{"a":NaN,"b":-Infinity,"c":"NaN \ud83d x \ud83d\ude00","d":1e999}"#,
            &mut notes,
        )
        .unwrap();
        assert_eq!(
            value,
            serde_json::json!({"a":null,"b":null,"c":"NaN \u{fffd} x 😀","d":"1e999"})
        );
        assert!(parse_text("ls -la", &mut notes).is_none());
    }

    #[test]
    fn a_broken_line_is_counted_and_the_rest_is_read() {
        let body = read(b"\xef\xbb\xbf{\"a\":1}\r\n{\"a\":\r\n\r\n{\"a\":2}\n").unwrap();
        assert_eq!(body.records.len(), 2);
        assert_eq!(body.records[1].line, 4);
        assert_eq!(body.notes.findings()[0].line, Some(2));
        assert!(body.notes.bytes_left_out() > 0);
    }

    #[test]
    fn documents_in_a_row_are_read_with_their_lines() {
        let body = read(b"{\n\"a\":1}\n\n{\n\"a\":2}").unwrap();
        let lines: Vec<u32> = body.records.iter().map(|record| record.line).collect();
        assert_eq!(lines, [1, 4]);
    }

    #[test]
    fn hopeless_bodies_are_refused_with_a_code() {
        let code = |bytes: &[u8]| read(bytes).err().map(|error| error.code);
        assert_eq!(code(b""), Some("empty"));
        assert_eq!(code(b"\xef\xbb\xbf \n"), Some("empty"));
        assert_eq!(code(b"\0\0\0"), Some("empty"));
        assert_eq!(code(&[0x80; 100]), Some("not_text"));
        assert_eq!(code(b"{\n\"a\": [1,"), Some("unreadable"));
        assert_eq!(code(b"hello"), Some("unreadable"));
        assert_eq!(code("[".repeat(100_000).as_bytes()), Some("too_deep"));
        assert_eq!(
            read(b"{\n\"a\": [1,}").err().and_then(|error| error.line),
            Some(2)
        );
    }
}
