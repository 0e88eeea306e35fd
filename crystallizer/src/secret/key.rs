//! What the name of a key, a variable, a header or a parameter says about the value under it.

use super::trigrams::{Trigrams, one_stands_in};
use crate::words::split;

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
const PARTS: [&str; 17] = [
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
    if value.len() > LONGEST || is_placeholder(value) || value.chars().any(char::is_whitespace) {
        return false;
    }
    match sort {
        Sort::Password => value.chars().count() >= 3 && !is_path(value),
        Sort::Token => is_token(value),
    }
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
            )
    });
    fits && letters >= 1
        && (digits >= 2 && entropy(value) >= 2.5 || value.len() >= 20 && is_mixed(value))
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
