//! What the name of a key, a variable, a header or a parameter says about the value under it.

use super::trigrams::{Trigrams, one_stands_in};
use crate::words::{has, split};

/// What a name says of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// A password: any text may be one.
    Password,
    /// A key or token: made by chance.
    Token,
}

impl Sort {
    pub(super) fn what(self) -> &'static str {
        match self {
            Self::Password => "a password",
            Self::Token => "a secret",
        }
    }
}

/// One of these stands in each name that says that it is one of a secret, of a cookie or of who asks.
const PARTS: [&str; 18] = [
    "secret",
    "token",
    "key",
    "auth",
    "credential",
    "cookie",
    "jwt",
    "pass",
    "pwd",
    "pin",
    "bearer",
    "signature",
    "session",
    "csrf",
    "xsrf",
    "sig",
    "otp",
    "kennwort",
];

static BEGINS: Trigrams = Trigrams::of(&PARTS);

/// Whether a name has to be looked at: most are ruled out.
pub(super) fn may_be_secret(name: &[u8]) -> bool {
    one_stands_in(&PARTS, &BEGINS, name)
}

/// Names that only tell a secret where they are a parameter of an address.
const OF_QUERIES: [&str; 7] = ["key", "sig", "signature", "auth", "code", "sas", "hmac"];

/// Whether a name in a text has to be looked at: there it may be that of a parameter, too.
pub(super) fn may_be_secret_in_text(name: &[u8]) -> bool {
    static ALL: Trigrams = Trigrams::of(&PARTS).and(&OF_QUERIES);
    ALL.may_stand_in(name)
}

/// What a name says of its value; `None`: that it is no secret.
pub(super) fn sort_of(name: &str) -> Option<Sort> {
    // Two letters hold nothing that a name could be told by.
    if name.eq_ignore_ascii_case("pw") {
        return Some(Sort::Password);
    }
    if name.eq_ignore_ascii_case("mot de passe") || is_spanish(name) {
        return Some(Sort::Password);
    }
    // Splitting takes time.
    if !may_be_secret(name.as_bytes()) {
        return None;
    }
    let words = split(name);
    let has = |word: &str| words.iter().any(|known| known == word);
    let pair = |one: &str, two: &str| {
        words
            .windows(2)
            .any(|pair| pair[0] == one && pair[1] == two)
    };
    // A page token is a place in a list, and counts of tokens are no secrets.
    let harmless = [
        "page",
        "next",
        "count",
        "max",
        "min",
        "limit",
        "id",
        "type",
        "name",
        "url",
        "uri",
        "path",
        "file",
        "expires",
        "expiry",
        "ttl",
        "length",
        "usage",
        "public",
        "prompt",
        "completion",
        "total",
        "hash",
        "policy",
        "cache",
        "sync",
        "continuation",
        "cursor",
        "thread",
        "field",
        "index",
        "hint",
        "env",
    ]
    .iter()
    .any(|word| has(word));
    if harmless && !pair("session", "token") {
        return None;
    }
    let is_password = [
        "password",
        "passwd",
        "passphrase",
        "pwd",
        "pin",
        "passcode",
        "pass",
        "sshpass",
        "passwort",
        "kennwort",
    ]
    .iter()
    .any(|word| has(word))
        // `PGPASSWORD` is one word.
        || words
            .iter()
            .any(|word| word.ends_with("password") || word.ends_with("passwd"))
        // What the program of that name reads.
        || pair("rediscli", "auth");
    if is_password {
        return Some(Sort::Password);
    }
    let is_token = [
        "secret",
        "token",
        "apikey",
        "authorization",
        "credential",
        "credentials",
        "cookie",
        "jwt",
        "authtoken",
        "apitoken",
        "accesstoken",
        "secretkey",
        "bearer",
    ]
    .iter()
    .any(|word| has(word))
        || pair("api", "key")
        || pair("access", "key")
        || pair("private", "key")
        || pair("auth", "key")
        || pair("account", "key")
        || pair("signing", "key")
        || pair("encryption", "key")
        || pair("x", "auth")
        || pair("amz", "signature");
    is_token.then_some(Sort::Token)
}

/// `contraseña`, in any letters.
fn is_spanish(name: &str) -> bool {
    name.len() == "contraseña".len() && !name.is_ascii() && name.to_lowercase() == "contraseña"
}

/// Whether the name of a field on a page, as people or selectors say it, is that of one for a password.
pub(super) fn is_password_field(text: &str) -> bool {
    const NAMES: [&str; 8] = [
        "password",
        "passwd",
        "passcode",
        "passphrase",
        "passwort",
        "kennwort",
        "pwd",
        "contraseña",
    ];
    // What is beside the field: links, switches and what is said of it.
    const BESIDE: [&str; 14] = [
        "forgot",
        "forgotten",
        "reset",
        "show",
        "hide",
        "toggle",
        "hint",
        "error",
        "message",
        "policy",
        "strength",
        "length",
        "manager",
        "expiry",
    ];
    has(text, &NAMES) && !has(text, &BESIDE)
}

/// The same for parameters of an address, where shorter names are usual.
pub(super) fn query_sort(name: &str) -> Option<Sort> {
    OF_QUERIES
        .iter()
        .any(|one| name.eq_ignore_ascii_case(one))
        .then_some(Sort::Token)
}

/// Whether a header sets or sends cookies.
pub(super) fn is_cookie(name: &str) -> bool {
    name.eq_ignore_ascii_case("cookie") || name.eq_ignore_ascii_case("set-cookie")
}

/// Names of headers and parameters whose values are made by chance and give nobody anything.
pub(super) fn is_public(name: &str) -> bool {
    let words = split(name);
    words.iter().any(|word| {
        word.ends_with("id")
            || matches!(
                word.as_str(),
                "etag"
                    | "digest"
                    | "md5"
                    | "sha"
                    | "sha1"
                    | "sha256"
                    | "hash"
                    | "checksum"
                    | "trace"
                    | "traceparent"
                    | "tracestate"
                    | "ray"
                    | "request"
                    | "correlation"
                    | "idempotency"
                    | "agent"
                    | "accept"
                    | "content"
                    | "date"
                    | "modified"
                    | "match"
                    | "cache"
                    | "version"
                    | "ref"
                    | "page"
                    | "cursor"
                    | "next"
                    | "offset"
                    | "range"
                    | "origin"
                    | "referer"
                    | "host"
                    | "via"
                    | "server"
                    | "location"
                    | "link"
                    | "vary"
                    | "policy"
                    | "nel"
                    | "report"
                    | "boundary"
                    | "type"
                    | "state"
                    | "nonce"
                    | "commit"
                    | "revision"
                    | "span"
                    | "parent"
                    | "q"
                    | "query"
                    | "search"
                    | "filter"
                    | "url"
                    | "uri"
                    | "path"
                    | "file"
                    | "name"
                    | "title"
                    | "continuation"
                    | "cf"
                    | "amz"
            )
    })
}

/// Words that stand for a value: in a schema, in a manual, in a text that was made unreadable before.
fn is_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    value.is_empty()
        || value.contains("{{")
        || value.starts_with(['$', '<', '%', '{', '[', '('])
        || value.contains("...")
        || value.contains('…')
        || value
            .bytes()
            .all(|byte| matches!(byte, b'*' | b'x' | b'X' | b'.' | b'-' | b'_' | b'0'))
        || [
            "your",
            "redacted",
            "example",
            "changeme",
            "placeholder",
            "insert",
            "dummy",
        ]
        .iter()
        .any(|word| lower.starts_with(word) && !is_random(value))
        || matches!(
            lower.as_str(),
            "string"
                | "str"
                | "text"
                | "password"
                | "passwd"
                | "pass"
                | "token"
                | "secret"
                | "none"
                | "null"
                | "nil"
                | "true"
                | "false"
                | "undefined"
                | "number"
                | "int"
                | "integer"
                | "boolean"
                | "bool"
                | "required"
                | "optional"
                | "object"
                | "array"
                | "bytes"
                | "any"
                | "hidden"
                | "empty"
                | "basic"
                | "bearer"
                | "oauth"
                | "oauth2"
                | "apikey"
                | "api_key"
                | "key"
                | "value"
                | "varchar"
                | "self"
        )
}

/// Whether a text is a password inside an address.
pub(super) fn is_password(value: &str) -> bool {
    value.len() >= 3 && !is_placeholder(value) && !value.chars().any(char::is_whitespace)
}

/// The longest secret that a name tells, in bytes.
pub(super) const LONGEST: usize = 4096;

/// Whether the value under a key of a map is a secret.
pub(super) fn stands_under_key(sort: Sort, value: &str) -> bool {
    if value.len() > LONGEST || is_placeholder(value) {
        return false;
    }
    if value.chars().any(char::is_whitespace) {
        return sort == Sort::Password && is_in_groups(value);
    }
    match sort {
        Sort::Password => value.chars().count() >= 3 && !is_path(value),
        Sort::Token => is_token(value),
    }
}

/// Whether a text is a password with blanks in it: no word of it is one of a language, `Kx9 mQ2`.
fn is_in_groups(value: &str) -> bool {
    let has = |group: &str, is: fn(&u8) -> bool| group.bytes().any(|byte| is(&byte));
    value.len() <= 64
        && !value.contains('\n')
        && value
            .split_whitespace()
            .all(|group| has(group, u8::is_ascii_digit) && has(group, u8::is_ascii_alphabetic))
}

/// Whether a value is a password that a text assigns to the plain name of one, though no digit is in it. A text is
/// often a program: `is_alone` says that nothing of one stands behind the value.
pub(super) fn is_assigned_password(name: &str, value: &str, is_alone: bool) -> bool {
    const NAMES: [&str; 9] = [
        "password",
        "passwd",
        "passphrase",
        "passcode",
        "pwd",
        "passwort",
        "kennwort",
        "pass",
        "pw",
    ];
    let is_exact = split(name).last().is_some_and(|last| {
        NAMES.contains(&last.as_str()) || last.ends_with("password") || last.ends_with("passwd")
    });
    is_exact
        && is_alone
        && value.len() >= 6
        && value.len() <= 128
        && value.is_ascii()
        && !is_placeholder(value)
        && !is_path(value)
        && !is_state(value)
        && !value.contains(['(', ')', '[', ']', '{', '}', '.', ':', '='])
        && !is_identifier(value)
        && value.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// What a text says about a password, and not the password.
pub(super) fn is_state(value: &str) -> bool {
    const WORDS: [&str; 40] = [
        "incorrect",
        "invalid",
        "missing",
        "wrong",
        "failed",
        "changed",
        "expired",
        "enabled",
        "disabled",
        "default",
        "unknown",
        "forgotten",
        "encrypted",
        "hashed",
        "masked",
        "accepted",
        "rejected",
        "updated",
        "matches",
        "mismatch",
        "valid",
        "correct",
        "provided",
        "absent",
        "prompt",
        "stdin",
        "credential",
        "credentials",
        "protected",
        "rotated",
        "unset",
        "ignored",
        "input",
        "username",
        "email",
        "access",
        "reset",
        "security",
        "service",
        "passwort",
    ];
    let lower = value.to_ascii_lowercase();
    let lower = lower.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
    WORDS.contains(&lower) || sort_of(value).is_some()
}

/// Whether a text is written as a name in a program is: `db_secret_value`, `userInput`, `SecureString`, `DB_HOST`.
fn is_identifier(value: &str) -> bool {
    let is_name = value
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let is_camel = || {
        value
            .as_bytes()
            .windows(2)
            .any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
    };
    is_name && (value.contains('_') || is_camel() && !is_out_of_order(value))
}

/// Whether capitals and small letters stand in an order that no name has: `hKwQzrTbNxLfgVmD` is made by chance.
pub(super) fn is_shuffled(value: &str) -> bool {
    if value.len() < 16 || value.len() > 512 || entropy(value) < 3.2 {
        return false;
    }
    let count = |is: fn(&u8) -> bool| value.bytes().filter(is).count();
    let letters = count(u8::is_ascii_alphabetic);
    let vowels = count(|byte| b"aeiouAEIOU".contains(byte));
    letters >= 14
        && letters * 10 >= value.len() * 8
        && vowels * 100 <= letters * 36
        && is_out_of_order(value)
}

/// Whether words of one small letter or several capitals are among those that capitals begin.
fn is_out_of_order(value: &str) -> bool {
    let (mut runs, mut odd, mut length, mut before) = (0_usize, 0_usize, 0_usize, None);
    for byte in value.bytes().filter(u8::is_ascii_alphabetic) {
        let is_upper = byte.is_ascii_uppercase();
        if before == Some(is_upper) {
            length += 1;
            continue;
        }
        // In a name a word has more than one small letter, and one capital.
        if let Some(was_upper) = before {
            runs += 1;
            odd += usize::from(was_upper == (length > 1));
        }
        (before, length) = (Some(is_upper), 1);
    }
    runs >= 3 && odd * 10 >= runs * 3
}

/// Whether a value that a text assigns is one. A text is often a program, where names stand on both sides.
pub(super) fn stands_in_text(sort: Sort, value: &str, quoted: bool) -> bool {
    if value.len() > LONGEST
        || is_placeholder(value)
        || value
            .chars()
            .any(|c| c.is_whitespace() || !c.is_ascii_graphic())
    {
        return false;
    }
    let has_digit = value.bytes().any(|byte| byte.is_ascii_digit());
    let is_code = value.contains(['(', ')', '[', ']', '{'])
        || is_path(value)
        || value.contains("::")
        || is_names(value);
    match sort {
        Sort::Password if quoted => value.len() >= 6 && has_digit && !value.contains("://"),
        Sort::Password => value.len() >= 6 && has_digit && !is_code && !value.contains("://"),
        Sort::Token => !is_code && is_token(value) && value.len() >= 10,
    }
}

/// Whether a text is names of a program with points between: `config.api_key2`.
fn is_names(value: &str) -> bool {
    value.contains('.')
        && value.split('.').all(|part| {
            part.len() < 20
                && part
                    .bytes()
                    .next()
                    .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        })
}

/// Whether a text is a path. One in forty keys of AWS begins like one.
fn is_path(value: &str) -> bool {
    value.starts_with(['/', '~', '.']) && !(value.len() == 40 && is_mixed(value))
}

/// Whether a text looks made by chance, as keys and tokens are.
fn is_token(value: &str) -> bool {
    if value.len() < 8 || value.contains("://") || is_path(value) {
        return false;
    }
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    let fits = value.bytes().all(|byte| {
        byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'-' | b'_'
                    | b'.'
                    | b'~'
                    | b'+'
                    | b'/'
                    | b'='
                    | b':'
                    | b'%'
                    | b'|'
                    | b'!'
                    | b'@'
                    | b'#'
                    | b'^'
                    | b'*'
                    | b'$'
                    | b'&'
                    | b','
                    | b'('
                    | b';'
                    | b'?'
            )
    });
    // What goes on behind such a mark in the same way is a list or a call.
    let is_list = value.contains(", ") || value.contains("${") || value.contains("&&");
    fits && !is_list
        && letters >= 1
        && (digits >= 2 && entropy(value) >= 2.5
            || value.len() >= 20 && is_mixed(value)
            || is_shuffled(value))
}

/// Whether a text is long and made by chance, whatever it stands under. Ids that are written in the usual
/// forms, digests and dates are not: they are often what the work is about.
pub(super) fn is_random(value: &str) -> bool {
    value.len() >= 20
        && value.len() <= 512
        && value.bytes().all(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'+' | b'/' | b'=' | b'%')
        })
        && is_mixed(value)
        && entropy(value) >= 3.5
        && !is_hex(value)
        && !crate::value_class::is_date(value)
}

/// Whether a text is a UUID or a digest in hexadecimal.
fn is_hex(value: &str) -> bool {
    value
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// Whether small letters, capitals and digits all are in it.
pub(super) fn is_mixed(value: &str) -> bool {
    value.bytes().any(|byte| byte.is_ascii_digit())
        && value.bytes().any(|byte| byte.is_ascii_uppercase())
        && value.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// Bits a character, after Shannon.
fn entropy(value: &str) -> f64 {
    let mut counts = [0u32; 256];
    for byte in value.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let length = f64::from(u32::try_from(value.len()).unwrap_or(u32::MAX));
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / length;
            -share * share.log2()
        })
        .sum()
}
