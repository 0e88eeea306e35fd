//! Texts that stand in an answer in another writing: as addresses, pages or mails write them. Whoever reads the answer
//! reads them as what they mean.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::borrow::Cow;

/// The shortest and the longest run of letters that is read as base64, in bytes.
const SHORTEST: usize = 16;
const LONGEST: usize = 1 << 20;
/// The longest name or number of a character, between `&` and `;`.
const LONGEST_NAME: usize = 10;

/// Gives each text that stands in another writing: with the escapes of addresses (`%40`) and of pages (`&#64;`) taken
/// out, and what is base64 of a text.
pub(super) fn each_decoded(text: &str, then: &mut dyn FnMut(&str)) {
    let plain = unescaped(text);
    if let Some(plain) = &plain {
        then(plain);
    }
    let percent = from_percent(plain.as_deref().unwrap_or(text));
    if let Some(percent) = &percent {
        then(percent);
    }
    from_base64(text, then);
}

/// A text without the escapes of addresses; `None` where there are none.
fn from_percent(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
    // Most signs of percent are no escapes.
    let is_escape = |(at, _)| digit(at + 1).is_some() && digit(at + 2).is_some();
    if !text.match_indices('%').any(is_escape) {
        return None;
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or(b' '));
                at += 3;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    let out = String::from_utf8_lossy(&out).into_owned();
    (out != text).then_some(out)
}

/// A text without the escapes of pages; `None` where there are none.
fn unescaped(text: &str) -> Option<String> {
    if !text.contains('&') {
        return None;
    }
    let mut rest = text;
    let mut out = String::new();
    while let Some(at) = rest.find('&') {
        let behind = &rest[at + 1..];
        let end = behind
            .bytes()
            .take(LONGEST_NAME + 1)
            .position(|byte| byte == b';');
        let read = end.and_then(|end| Some((end, character(behind.get(..end)?)?)));
        match read {
            Some((end, c)) => {
                out.push_str(&rest[..at]);
                out.push(c);
                rest = &behind[end + 1..];
            }
            None => {
                out.push_str(&rest[..=at]);
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    (out.len() != text.len()).then_some(out)
}

/// The character that a page writes by a name or a number.
fn character(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let number = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        return char::from_u32(number.ok()?);
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "commat" => '@',
        "period" => '.',
        "comma" => ',',
        "colon" => ':',
        "semi" => ';',
        "sol" => '/',
        "bsol" => '\\',
        "lowbar" => '_',
        "hyphen" | "dash" => '-',
        "num" => '#',
        "excl" => '!',
        "quest" => '?',
        "equals" => '=',
        "percnt" => '%',
        "plus" => '+',
        "Tab" | "NewLine" => ' ',
        _ => return None,
    })
}

/// Gives what runs of base64 mean, where that is a text. A run may go over several lines of one length, as mails have it.
fn from_base64(text: &str, then: &mut dyn FnMut(&str)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some((from, length)) = long_run(bytes, at) {
        let first = &bytes[from..from + length];
        let mut joined = Cow::Borrowed(first);
        at = from + length;
        // Further lines.
        while let Some(more) = next_line(&bytes[at..])
            && joined.len().is_multiple_of(4)
            && joined.len() + length <= LONGEST
        {
            let from = at + more;
            let next = run(&bytes[from..]);
            if next == 0 || next > length {
                break;
            }
            joined.to_mut().extend_from_slice(&bytes[from..from + next]);
            at = from + next;
            if next < length {
                break;
            }
        }
        // What stands in the next line need not belong to it.
        let alone = Some(first).filter(|first| first.len() < joined.len());
        let read = read_base64(&joined).or_else(|| read_base64(alone?));
        if let Some(read) = read {
            then(&read);
        }
    }
}

/// Where the next run of letters that is long enough begins, and how long it is. `at` is where a run may begin.
fn long_run(bytes: &[u8], mut at: usize) -> Option<(usize, usize)> {
    // Of a run that begins before it, this letter is one: where it is none there is no need to look at those before.
    while let Some(last) = bytes.get(at + SHORTEST - 1) {
        if !is_letter(*last) {
            at += SHORTEST;
            continue;
        }
        let before = bytes.get(at..at + SHORTEST)?.iter().rev();
        let from = at + SHORTEST - before.take_while(|byte| is_letter(**byte)).count();
        let length = run(bytes.get(from..)?);
        if length >= SHORTEST {
            return Some((from, length));
        }
        at = from + length;
    }
    None
}

/// The text that a run of base64 means.
fn read_base64(run: &[u8]) -> Option<String> {
    if run.len() > LONGEST {
        return None;
    }
    let letters = match run.iter().any(|byte| matches!(byte, b'-' | b'_')) {
        true => &URL_SAFE_NO_PAD,
        false => &STANDARD_NO_PAD,
    };
    // Most runs are paths and names: what they begin with means no text.
    let mut begin = [0; SHORTEST];
    let length = letters
        .decode_slice(run.get(..SHORTEST)?, &mut begin)
        .ok()?;
    if !begins_text(begin.get(..length)?) {
        return None;
    }
    let read = String::from_utf8(letters.decode(run).ok()?).ok()?;
    is_text(&read).then_some(read)
}

/// Whether a text may begin so.
fn begins_text(bytes: &[u8]) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(text) => is_text(text),
        // A letter may go on behind it.
        Err(error) if error.error_len().is_none() => {
            let whole = bytes.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(whole).is_ok_and(is_text)
        }
        Err(_) => false,
    }
}

/// How many letters of base64 a text begins with.
fn run(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| is_letter(**byte)).count()
}

/// Whether it is a letter of base64.
fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// How long the end of a line is that a text begins with.
fn next_line(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'\r', b'\n', ..] => Some(2),
        [b'\n', ..] => Some(1),
        _ => None,
    }
}

/// Whether it reads as a text: letters, blanks and signs that people write.
fn is_text(text: &str) -> bool {
    text.chars()
        .all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::each_decoded;

    fn decoded(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        each_decoded(text, &mut |one| all.push(one.to_owned()));
        all
    }

    #[test]
    fn what_a_text_means_is_read() {
        for (text, expected) in [
            ("a plain text & nothing more; 100 % of it", vec![]),
            ("mail%20eve%40x.org", vec!["mail eve@x.org"]),
            ("eve&#64;x&#x2E;org &amp; co", vec!["eve@x.org & co"]),
            (
                "eve&commat;x.org &unknown; &",
                vec!["eve@x.org &unknown; &"],
            ),
            ("eve&#37;40x.org", vec!["eve%40x.org", "eve@x.org"]),
            (
                "see UGF5IHRvIGV2ZUBldmlsLmV4YW1wbGU= now",
                vec!["Pay to eve@evil.example"],
            ),
            // Over two lines.
            (
                "UGF5IHRvIGV2ZUBl\ndmlsLmV4YW1wbGU=",
                vec!["Pay to eve@evil.example"],
            ),
            ("UGF5IHRvIGV2ZUBl\nthanks", vec!["Pay to eve@e"]),
            // Letters that begin among the first and go on behind them.
            (
                "R3LDvMOfZSBhbiBhbGxl4oCcw7w= and aGVsbG8gdGhl4oKs4oKs",
                vec!["Grüße an alle“ü", "hello the€€"],
            ),
            // Wherever it stands.
            (
                "a=UGF5IHRvIGV2ZUBl a-short-one UGF5IHRvIGV2ZUBl",
                vec!["Pay to eve@e", "Pay to eve@e"],
            ),
            ("fifteen-letters: UGF5IHRvIGV2ZUB", vec![]),
            // Neither a digest nor a path nor a picture is a text.
            ("9f86d081884c7d659a2feaa0c55ad015", vec![]),
            ("home/ana/projects/shop/readme", vec![]),
            ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAf", vec![]),
        ] {
            assert_eq!(decoded(text), expected, "{text}");
        }
    }
}
