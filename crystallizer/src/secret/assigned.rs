//! Secrets that are told by the name they are given to: `name = value` in its many forms.

use super::form::{Hit, Name, is_basic, run};
use super::header;
use super::key;
use super::next::Next;
use super::scan::is_word;

/// A text with names in it that values may follow. One may stand in the value of another, and shares its end with it.
pub(super) struct Values<'t> {
    text: &'t str,
    /// Where a value ends that stands in no quotes.
    ends: Next,
    /// Where the cookies of a header end.
    lines: Next,
    /// Where one cookie ends, and its name.
    cookies: Next,
    equals: Next,
    /// How far cookies were looked at.
    looked: usize,
}

impl<'t> Values<'t> {
    pub(super) const fn of(text: &'t str) -> Self {
        Self {
            text,
            ends: Next::of(|rest| {
                rest.iter().position(|byte| {
                    byte.is_ascii_whitespace()
                        || matches!(
                            byte,
                            b'"' | b'\''
                                | b'`'
                                | b'&'
                                | b';'
                                | b','
                                | b'<'
                                | b'>'
                                | b'|'
                                | b'\\'
                                | b'#'
                                | b')'
                                | b']'
                                | b'}'
                        )
                })
            }),
            lines: Next::of(|rest| {
                rest.iter().position(|byte| {
                    matches!(byte, b'"' | b'\'' | b'`' | b'\\' | b'\n' | b'\r' | b'<')
                })
            }),
            cookies: Next::of(|rest| rest.iter().position(|byte| *byte == b';')),
            equals: Next::of(|rest| rest.iter().position(|byte| *byte == b'=')),
            looked: 0,
        }
    }

    /// What may be cookies from a place on; `None` where no cookie stands there.
    fn cookies(&mut self, from: usize) -> Option<&'t str> {
        let end = self.lines.from(self.text, from);
        if self.equals.from(self.text, from) >= end {
            return None;
        }
        if from >= self.looked {
            self.looked = end;
            return self.text.get(from..end);
        }
        // Only the first has another name than before.
        let first = self.cookies.from(self.text, from).min(end);
        match first - from <= 2 * key::LONGEST {
            true => self.text.get(from..first),
            false => Some(""),
        }
    }
}

/// `name = value`, `name: value`, `--name value`, `?name=value`, where the name says that it is a secret.
pub(super) fn assigned<'t>(
    values: &mut Values<'t>,
    start: usize,
    end: usize,
    found: &mut Vec<Hit<'t>>,
) {
    let text = values.text;
    let written = &text[start..end];
    let dashes = written.len() - written.trim_start_matches('-').len();
    let name = match dashes {
        0 => of_two(text, start, end),
        _ => &written[dashes..],
    };
    if name.len() < 2 || name.len() > 60 {
        return;
    }
    let bytes = text.as_bytes();
    let before = start.checked_sub(1).map(|before| bytes[before]);
    let in_query = matches!(before, Some(b'?' | b'&'));
    // Most names are those of no secret, and that is seen at once.
    let in_query = || in_query.then(|| key::query_sort(name)).flatten();
    let Some(sort) = key::sort_of(name).or_else(in_query) else {
        of_registry(values, name, end, found);
        return;
    };
    // Most words of a text are followed by no value.
    let Some((from, quoted)) = value_after(text, end, dashes == 2) else {
        return;
    };
    let stop = match quoted {
        Some(quote) => run(text, from, |byte| {
            byte != quote && byte != b'\\' && byte != b'\n'
        }),
        // A line of a file of variables goes on to its end.
        None if is_variable(text, start, name, from) => run(text, from, |byte| {
            !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b'`' | b'\\')
        }),
        None => values.ends.from(text, from),
    };
    if key::is_cookie(name)
        && let Some(all) = values.cookies(from)
    {
        found.extend(header::cookies(all).map(|(_, value)| Hit {
            start: place_of(text, value),
            value,
            what: "a cookie",
            name: Name::Key(name),
        }));
        return;
    }
    // A word that long is no secret, whatever stands at its end.
    if quoted.is_none() && stop - from > 2 * key::LONGEST {
        return;
    }
    let (from, value) = {
        let value = text[from..stop].trim_end_matches(['.', ':']);
        match behind_scheme(text, name, from, value, quoted.is_some()) {
            Some(value) => (place_of(text, value), value),
            None => (from, value),
        }
    };
    // Of two texts beside each other the first is seldom the name of the second.
    if text[end..from].contains(',') && !key::is_mixed(value) {
        return;
    }
    let bare = || {
        let is_said = text[end..from]
            .trim_start()
            .starts_with(|c: char| c.is_ascii_lowercase())
            && !text[end..from].contains("value=");
        sort == key::Sort::Password
            && !is_said
            && key::is_assigned_password(
                name,
                value,
                quoted.is_some() || ends_alone(text, start, end, from + value.len()),
            )
    };
    if key::stands_in_text(sort, value, quoted.is_some()) || bare() {
        found.push(Hit {
            start: from,
            value,
            what: sort.what(),
            name: Name::Key(name),
        });
    }
}

/// A name of several words: `API key`, `mot de passe`.
fn of_two(text: &str, start: usize, end: usize) -> &str {
    const KINDS: [&str; 6] = [
        "api",
        "access",
        "secret",
        "private",
        "signing",
        "encryption",
    ];
    let name = &text[start..end];
    let before = text[..start].strip_suffix(' ');
    let word_at = |length: usize| {
        let from = start.checked_sub(length + 1)?;
        let word = text.get(from..start - 1)?;
        let is_whole = !text.as_bytes()[..from]
            .last()
            .is_some_and(|byte| is_word(*byte));
        is_whole.then_some((from, word))
    };
    if before.is_some() && name.eq_ignore_ascii_case("key") {
        let kind = KINDS.iter().find_map(|kind| {
            let (from, word) = word_at(kind.len())?;
            word.eq_ignore_ascii_case(kind).then_some(from)
        });
        return kind.map_or(name, |from| &text[from..end]);
    }
    if before.is_some() && name == "passe" {
        return match word_at("mot de".len()) {
            Some((from, word)) if word.eq_ignore_ascii_case("mot de") => &text[from..end],
            _ => name,
        };
    }
    name
}

/// `//registry.example/:_auth=…`: a user and a password in base64.
fn of_registry<'t>(values: &mut Values<'t>, name: &'t str, end: usize, found: &mut Vec<Hit<'t>>) {
    let text = values.text;
    if name.trim_start_matches('_') != "auth" {
        return;
    }
    if let Some((from, _)) = value_after(text, end, false) {
        let stop = values.ends.from(text, from);
        let value = &text[from..stop];
        if is_basic(value) {
            found.push(Hit {
                start: from,
                value,
                what: "a user and password (Basic)",
                name: Name::Kind("BASIC_AUTH"),
            });
        }
    }
}

/// Whether a name is that of a variable that begins a line, with its value right behind it.
fn is_variable(text: &str, start: usize, name: &str, from: usize) -> bool {
    let before = text[..start].trim_end_matches([' ', '\t']);
    let before = before.strip_suffix("export").unwrap_or(before);
    (before.is_empty() || before.ends_with('\n'))
        && name.contains('_')
        && !name.bytes().any(|byte| byte.is_ascii_lowercase())
        && text[..from].ends_with('=')
}

/// Whether nothing of a program or a sentence stands around an assignment: `password=sommer` by itself, in an address
/// or in a list with semicolons, and `password: sommer` on a line of its own.
fn ends_alone(text: &str, start: usize, name_end: usize, end: usize) -> bool {
    let behind = text[end..].chars().next();
    if matches!(behind, Some(',' | ')' | ']' | '}')) {
        return false;
    }
    let between = &text[name_end..];
    if between.starts_with("</") || between.starts_with('>') {
        return text[end..].starts_with("</");
    }
    // Each step of these ends at the first letter: a line is not gone over once for each name in it.
    let rest = text[end..].trim_start_matches([' ', '\t', '\r', ';']);
    let is_last = rest.is_empty() || rest.starts_with('\n');
    if between.starts_with('=') {
        let before = text[..start].chars().next_back();
        // A folder may be called like this, too.
        let is_folder = matches!(text.get(start..name_end), Some("pwd" | "pass"))
            && !matches!(before, Some(';' | '?' | '&' | '"' | '\''))
            && behind != Some(';');
        return !is_folder
            && !matches!(before, Some('(' | '.' | '$'))
            && (is_last || matches!(behind, Some('&' | '"' | '\'' | '#' | ';')));
    }
    // `- password: sommer`
    let indent = text[..start].trim_end_matches([' ', '\t', '-', '*', '"', '\'']);
    let is_first = indent.is_empty() || indent.ends_with('\n');
    is_first
        && between.starts_with(':')
        && (is_last || rest.starts_with('#') && behind != Some('#'))
}

/// Where a part of a text begins in it.
fn place_of(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}

/// What stands behind the scheme of `Authorization: scheme credentials`, where the value found so far is the scheme.
fn behind_scheme<'t>(
    text: &'t str,
    name: &str,
    from: usize,
    value: &'t str,
    quoted: bool,
) -> Option<&'t str> {
    if !header::is_authorization(name) {
        return None;
    }
    if quoted {
        return header::credentials(value, false).into_iter().next();
    }
    if key::stands_in_text(key::Sort::Token, value, false) {
        return None;
    }
    let rest = text.get(from + value.len()..)?.strip_prefix(' ')?;
    let end = run(rest, 0, |byte| {
        !byte.is_ascii_whitespace()
            && !matches!(
                byte,
                b'"' | b'\'' | b'`' | b'\\' | b',' | b';' | b'<' | b'>'
            )
    });
    let whole = text.get(from..from + value.len() + 1 + end)?;
    header::credentials(whole, false).into_iter().next()
}

/// What stands between the name of a secret and the secret in a sentence.
pub(super) const IS: [&str; 4] = ["is ", "ist ", "lautet ", "est "];

/// Where it goes on behind the one word that says whose a secret is: `password of anna is …`, `Passwort für anna: …`.
/// `None` where no value follows.
pub(super) fn of_whom(bytes: &[u8], at: usize) -> Option<usize> {
    const OF: [&str; 4] = ["of ", "for ", "für ", "von "];
    let rest = &bytes[at..];
    let of = OF.iter().find(|of| rest.starts_with(of.as_bytes()))?;
    let whose = rest[of.len()..]
        .iter()
        .take(64)
        .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b':' | b'=' | b','))?;
    let end = of.len() + whose;
    let behind = &rest[end..];
    let said = || {
        let is = behind.strip_prefix(b" ")?;
        IS.iter().find(|one| is.starts_with(one.as_bytes()))
    };
    (whose > 0 && (behind.starts_with(b": ") || said().is_some())).then_some(at + end)
}

/// Where it goes on behind the words that say that a secret was made: `API key has been generated: …`. `None` where no
/// value follows.
pub(super) fn made_as(bytes: &[u8], at: usize) -> Option<usize> {
    const MADE: [&str; 6] = [
        "has been ",
        "have been ",
        "was ",
        "wurde ",
        "a été ",
        "ha sido ",
    ];
    /// How far the colon may be, in bytes.
    const NEAR: usize = 48;
    let rest = bytes.get(at..)?;
    let made = MADE.iter().find(|made| rest.starts_with(made.as_bytes()))?;
    let behind = &rest[made.len()..];
    let ends = |byte: &u8| !(byte.is_ascii_lowercase() || *byte == b' ' || !byte.is_ascii());
    let colon = behind.iter().take(NEAR).position(ends)?;
    (colon > 0 && behind[colon..].starts_with(b": ")).then_some(at + made.len() + colon)
}

/// Where the value behind a name begins, and the quote that it stands in.
fn value_after(text: &str, end: usize, flag: bool) -> Option<(usize, Option<u8>)> {
    let bytes = text.as_bytes();
    let blank = |from| run(text, from, |byte| byte == b' ' || byte == b'\t');
    // The quote that closes the name, as it stands in text and in text inside of a text.
    let mut at = run(text, end, |byte| {
        matches!(byte, b'"' | b'\'' | b'`' | b'\\' | b']')
    });
    let closed = at > end;
    at = blank(at);
    if at > end
        && !closed
        && let Some(behind) = of_whom(bytes, at).or_else(|| made_as(bytes, at))
    {
        at = blank(behind);
    }
    let rest = &text[at..];
    let said = IS.iter().find(|is| rest.starts_with(**is));
    if rest.starts_with("=>") || rest.starts_with(":=") {
        at += 2;
    } else if rest.starts_with("==") || rest.starts_with("!=") {
        return None;
    } else if rest.starts_with(['=', ':']) {
        at += 1;
    } else if let Some(is) = said {
        at += is.len();
    } else if rest.starts_with("value=") && closed {
        at += "value=".len();
    } else if rest.starts_with('>') && at == end {
        // `<password>…</password>`
        at += 1;
    } else if closed && (rest.starts_with(",\"") || rest.starts_with(", \"")) {
        at += 1;
    } else if !(flag && at > end) {
        return None;
    }
    at = blank(at);
    // `Authorization: Bearer …` and `Basic …` have their own form; `token …` is the same for others.
    for scheme in ["token ", "Token ", "ApiKey "] {
        if text[at..].starts_with(scheme) {
            at += scheme.len();
        }
    }
    at = run(text, at, |byte| byte == b'\\');
    match bytes.get(at)? {
        quote @ (b'"' | b'\'' | b'`') => Some((at + 1, Some(*quote))),
        _ => Some((at, None)),
    }
}
