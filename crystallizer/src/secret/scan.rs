//! Goes over a text once and says what is worth a closer look: most texts hold no secret, and a recording is read
//! several times for some.

use super::{key, option, prefix, provider};

/// What stands in a text that may tell a secret. Each place is looked at by what knows such ones.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    /// Words that may be a key with a provider's prefix, a signed token or one of a bot.
    pub(super) words: Vec<usize>,
    /// Words that may name a secret and that a value may follow: where each begins and ends.
    pub(super) names: Vec<(usize, usize)>,
    /// Whether a private key may begin.
    pub(super) private: bool,
    /// Whether an address stands there.
    pub(super) addresses: bool,
    /// Whether `Bearer` or `Basic` stands there.
    pub(super) schemes: bool,
    /// Whether a secret is named.
    pub(super) named: bool,
    /// Whether a program is named that is known to take passwords.
    pub(super) programs: bool,
    /// Words behind which a secret stands and no mark between, in statements of SQL, in a file of logins, in what
    /// people say: where each ends.
    pub(super) beside: Vec<usize>,
    /// Words that may name a secret at the head of a column: where each begins.
    pub(super) heads: Vec<usize>,
    /// Whether a line of a file of passwords for a database may stand there.
    pub(super) database: bool,
}

/// The shortest key with a provider's prefix that has no point in it.
pub(super) const SHORTEST: usize = 16;

const IN_WORD: u8 = 1;
/// What may stand between a name and its value.
const BEFORE_VALUE: u8 = 2;
/// What may stand beside the name of a program in a line for a shell.
const BESIDE_PROGRAM: u8 = 4;

static KINDS: [u8; 256] = kinds();

const fn kinds() -> [u8; 256] {
    let mut all = [0; 256];
    let mut byte = 0_u8;
    loop {
        let mut kind = 0;
        if byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' {
            kind |= IN_WORD;
        }
        if matches!(
            byte,
            b'"' | b'\'' | b'`' | b'\\' | b']' | b' ' | b'\t' | b'=' | b':' | b'i' | b'>'
        ) {
            kind |= BEFORE_VALUE;
        }
        if byte.is_ascii_whitespace()
            || matches!(
                byte,
                b'|' | b';' | b'&' | b'(' | b')' | b'`' | b'/' | b'\'' | b'"' | b'\\'
            )
        {
            kind |= BESIDE_PROGRAM;
        }
        all[byte as usize] = kind;
        if byte == u8::MAX {
            return all;
        }
        byte += 1;
    }
}

fn is(byte: Option<&u8>, kind: u8) -> bool {
    byte.is_some_and(|byte| KINDS[usize::from(*byte)] & kind != 0)
}

/// Whether a byte is one of a word.
pub(super) fn is_word(byte: u8) -> bool {
    KINDS[usize::from(byte)] & IN_WORD != 0
}

/// Goes over a text.
pub(super) fn scan(text: &str) -> Scan {
    let bytes = text.as_bytes();
    let mut found = Scan::default();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if !is_word(*byte) {
            if *byte == b':' && bytes[at..].starts_with(b"://") {
                found.addresses = true;
            }
            at += 1;
            continue;
        }
        let start = at;
        let rest = &bytes[at..];
        at += rest
            .iter()
            .position(|byte| !is_word(*byte))
            .unwrap_or(rest.len());
        // The one name with a letter beyond ASCII in it.
        if bytes[at..].starts_with("ñ".as_bytes())
            && bytes[start..at].eq_ignore_ascii_case(b"contrase")
            && matches!(bytes.get(at + 2), Some(b'a' | b'A'))
        {
            at += "ña".len();
            if has_value(&bytes[start..at], bytes, at) {
                found.names.push((start, at));
            }
            continue;
        }
        let word = &bytes[start..at];
        let next = bytes.get(at);
        // What is shorter is none, unless it goes on behind a sign: `SG.` is the shortest prefix.
        let may_go_on = matches!(next, Some(b'.' | b':' | b'~' | b'+' | b'/'));
        if (word.len() >= SHORTEST || may_go_on)
            && (prefix::may_be_known(word, next) || provider::may_begin(word, next))
        {
            found.words.push(start);
        }
        if word.starts_with(super::form::PEM_IN_BASE64.as_bytes()) {
            found.words.push(start);
        }
        if word.len() == 2 && word.eq_ignore_ascii_case(b"pw") {
            if has_value(word, bytes, at) {
                found.names.push((start, at));
            }
            if ends_cell(bytes, at) {
                found.heads.push(start);
            }
        }
        if next == Some(&b' ') && super::beside::may_stand_behind(word) {
            found.beside.push(at);
        }
        if next == Some(&b':') && super::beside::is_port(word) {
            found.database = true;
        }
        if word.len() >= 3 {
            if has_value(word, bytes, at) && key::may_be_secret_in_text(word) {
                found.names.push((start, at));
            }
            if ends_cell(bytes, at) && key::may_be_secret(word) {
                found.heads.push(start);
            }
            match next {
                Some(b' ') => {
                    found.schemes |= word.ends_with(b"earer") || word.ends_with(b"asic");
                    found.private |= word.ends_with(b"-----BEGIN");
                }
                Some(b'.') => found.named |= word.ends_with(b"secrets"),
                _ => {}
            }
        }
        if !found.programs
            && option::is_program(word)
            && (next.is_none() || is(next, BESIDE_PROGRAM))
        {
            let before = start.checked_sub(1).and_then(|before| bytes.get(before));
            found.programs = before.is_none() || is(before, BESIDE_PROGRAM);
        }
    }
    found
}

/// Whether what ends a cell of a table stands behind a word.
fn ends_cell(bytes: &[u8], end: usize) -> bool {
    match bytes.get(end) {
        Some(b',' | b';' | b'\t' | b'|' | b'\n' | b'\r' | b')') => true,
        Some(b'"' | b'`' | b'*' | b']') => {
            matches!(
                bytes.get(end + 1),
                Some(b',' | b';' | b'\t' | b'\n' | b'\r' | b')' | b' ' | b'*')
            )
        }
        Some(b' ') => {
            let rest = bytes.get(end..).unwrap_or_default();
            let next = rest.iter().find(|byte| **byte != b' ');
            matches!(next, Some(b'|' | b'\n' | b'\r'))
        }
        _ => false,
    }
}

/// Whether a value may follow a word that ends there.
fn has_value(word: &[u8], bytes: &[u8], end: usize) -> bool {
    match bytes.get(end) {
        Some(b' ' | b'\t') => {
            // An option is followed by its value and nothing between.
            word.starts_with(b"--") || {
                let mut at = end + 1;
                while matches!(bytes.get(at), Some(b' ' | b'\t')) {
                    at += 1;
                }
                match bytes.get(at) {
                    Some(b'i' | b'l' | b'e') => super::assigned::IS
                        .iter()
                        .any(|is| bytes[at..].starts_with(is.as_bytes())),
                    Some(b'h' | b'w' | b'a') => super::assigned::made_as(bytes, at).is_some(),
                    Some(b'v') if bytes[at..].starts_with(b"value=") => true,
                    Some(b'o' | b'f' | b'v') => super::assigned::of_whom(bytes, at).is_some(),
                    other => matches!(other, Some(b'=' | b':')),
                }
            }
        }
        other => is(other, BEFORE_VALUE),
    }
}

#[cfg(test)]
mod tests {
    use super::scan;

    #[test]
    fn it_says_what_is_worth_a_look() {
        let found = scan("The order is late, see https://x.example/a; token: abc");
        assert!(found.addresses && !found.schemes && !found.private && !found.programs);
        let names: Vec<&str> = found
            .names
            .iter()
            .map(|(from, to)| &"The order is late, see https://x.example/a; token: abc"[*from..*to])
            .collect();
        assert_eq!(names, ["token"]);
        assert!(scan("Authorization: bearer x").schemes);
        assert!(scan("-----BEGIN RSA PRIVATE KEY-----").private);
        assert!(scan("{{ secrets.API }}").named);
        for (text, programs) in [
            ("mysql -p", true),
            ("run /usr/bin/mysql.", false),
            ("(/usr/bin/mysqldump)", true),
            ("the doc of the process", false),
            ("oc login", true),
            ("http://x", false),
        ] {
            assert_eq!(scan(text).programs, programs, "{text}");
        }
    }
}
