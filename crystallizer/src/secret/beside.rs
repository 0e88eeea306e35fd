//! Secrets that stand behind a word and nothing between: in statements of SQL, in files of logins and of passwords,
//! and in what people say.

use super::form::{Hit, Name};
use super::key::{self, Sort};

/// Whether a secret may stand right behind a word.
pub(super) fn may_stand_behind(word: &[u8]) -> bool {
    const WORDS: [&[u8]; 6] = [b"by", b"key", b"token", b"secret", b"password", b"passwort"];
    WORDS.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Whether a word is a port that PostgreSQL is usually asked at.
pub(super) fn is_port(word: &[u8]) -> bool {
    matches!(word, b"5432" | b"5433" | b"6432")
}

/// How far back the words are looked for that say what a word means, in bytes.
const BACK: usize = 160;

/// What stands behind a word that ends there.
pub(super) fn behind<'t>(text: &'t str, end: usize, found: &mut Vec<Hit<'t>>) {
    let mut from = end.saturating_sub(BACK);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let (Some(before), Some(rest)) = (text.get(from..end), text.get(end + 1..)) else {
        return;
    };
    // Only the words of the same line, or of the same login.
    let words = crate::words::split(before);
    let back = |at: usize| {
        let at = words.len().checked_sub(at + 1);
        at.and_then(|at| words.get(at)).map_or("", String::as_str)
    };
    let has = |word: &str| words.iter().any(|known| known == word);
    let (value, is_quoted) = match rest.chars().next() {
        Some(quote @ ('\'' | '"' | '`')) => {
            let inside = rest.get(1..).unwrap_or_default();
            let Some(end) = inside.find([quote, '\n']) else {
                return;
            };
            (inside.get(..end).unwrap_or_default(), true)
        }
        _ => {
            let is_end = |c: char| {
                c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '\\' | ',' | ';' | '<')
            };
            let end = rest.find(is_end).unwrap_or(rest.len());
            let value = rest.get(..end).unwrap_or_default();
            (value.trim_end_matches(['.', ':', ')', '!', '?']), false)
        }
    };
    let is_sql = is_quoted
        && match back(0) {
            "by" => back(1) == "identified" || has("identified") && has("with"),
            "password" => {
                (has("alter") || has("create"))
                    && ["role", "user", "login", "group"]
                        .iter()
                        .any(|word| has(word))
            }
            _ => false,
        };
    let is_login = !is_quoted
        && back(0) == "password"
        && back(2) == "login"
        && (has("machine") || has("default"));
    let is_said = match back(0) {
        "key" => matches!(back(1), "api" | "access" | "secret" | "private"),
        "token" | "secret" | "password" | "passwort" => true,
        _ => false,
    };
    let (what, name) = if is_sql && key::stands_under_key(Sort::Password, value) {
        (Sort::Password.what(), "DATABASE_PASSWORD")
    } else if is_login && key::stands_under_key(Sort::Password, value) {
        (Sort::Password.what(), "LOGIN_PASSWORD")
    } else if is_said && (key::is_random(value) || is_mixed(value)) {
        match back(0) {
            "password" | "passwort" => (Sort::Password.what(), "PASSWORD"),
            _ => (Sort::Token.what(), "API_KEY"),
        }
    } else {
        return;
    };
    found.push(Hit {
        start: (value.as_ptr() as usize).saturating_sub(text.as_ptr() as usize),
        value,
        what,
        name: Name::Kind(name),
    });
}

/// Whether a word of a sentence is one made by chance, and no name: letters of both sizes and digits among each other.
fn is_mixed(value: &str) -> bool {
    value.len() >= 16
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && (key::is_mixed(value) && value.bytes().filter(u8::is_ascii_digit).count() >= 2
            || key::is_shuffled(value))
}

/// The passwords of a file as PostgreSQL reads it: `host:port:database:user:password` on each line.
pub(super) fn lines<'t>(text: &'t str, found: &mut Vec<Hit<'t>>) {
    for line in text.lines() {
        let parts: Vec<&str> = line.trim_end().splitn(5, ':').collect();
        let [host, port, database, user, password] = parts.as_slice() else {
            continue;
        };
        let is_name = |name: &str| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_.-*".contains(&byte))
        };
        if is_port(port.as_bytes())
            && [host, database, user].into_iter().all(|name| is_name(name))
            && key::stands_under_key(Sort::Password, password)
        {
            found.push(Hit {
                start: (password.as_ptr() as usize).saturating_sub(text.as_ptr() as usize),
                value: password,
                what: Sort::Password.what(),
                name: Name::Kind("POSTGRES_PASSWORD"),
            });
        }
    }
}
