//! Values that look like secrets: by the name of their key, by a provider's prefix, by their form.

/// What a value looks like, in words; `None` when it looks like none.
pub(crate) fn kind(key: &str, value: &str) -> Option<&'static str> {
    by_form(value).or_else(|| by_key(key, value))
}

/// Prefixes that providers give their keys, with the least length of the whole.
const PREFIXES: [(&str, usize, &str); 22] = [
    ("sk-", 20, "an API key"),
    ("sk_live_", 16, "a payment key"),
    ("sk_test_", 16, "a payment key"),
    ("rk_live_", 16, "a payment key"),
    ("whsec_", 20, "a webhook secret"),
    ("ghp_", 30, "a GitHub token"),
    ("gho_", 30, "a GitHub token"),
    ("ghs_", 30, "a GitHub token"),
    ("ghu_", 30, "a GitHub token"),
    ("github_pat_", 30, "a GitHub token"),
    ("glpat-", 20, "a GitLab token"),
    ("xoxb-", 20, "a Slack token"),
    ("xoxp-", 20, "a Slack token"),
    ("xapp-", 20, "a Slack token"),
    ("AKIA", 20, "an AWS key id"),
    ("ASIA", 20, "an AWS key id"),
    ("AIza", 35, "a Google API key"),
    ("ya29.", 30, "a Google access token"),
    ("npm_", 36, "an npm token"),
    ("pypi-", 40, "a PyPI token"),
    ("dop_v1_", 40, "a DigitalOcean token"),
    ("SG.", 40, "a SendGrid key"),
];

fn by_form(value: &str) -> Option<&'static str> {
    if value.len() < 16 {
        return None;
    }
    if value.contains("-----BEGIN ") && value.contains("PRIVATE KEY-----") {
        return Some("a private key");
    }
    for word in words(value) {
        if let Some((_, _, what)) = PREFIXES.iter().find(|(prefix, least, _)| {
            word.len() >= *least
                && word.starts_with(prefix)
                && word[prefix.len()..].bytes().any(|b| b.is_ascii_digit())
        }) {
            return Some(what);
        }
        if is_jwt(word) {
            return Some("a signed token (JWT)");
        }
    }
    let credentials_in_url = value
        .split_once("://")
        .and_then(|(_, rest)| rest.split(['/', '?', ' ']).next())
        .and_then(|authority| authority.split_once('@'))
        .is_some_and(|(user, _)| {
            user.split_once(':')
                .is_some_and(|(_, password)| password.len() >= 4)
        });
    if credentials_in_url {
        return Some("a password inside a URL");
    }
    let bearer = value.find("Bearer ").map(|at| &value[at + 7..]);
    if bearer.is_some_and(|rest| {
        let token = words(rest).next().unwrap_or("");
        token.len() >= 16 && token.bytes().any(|b| b.is_ascii_digit())
    }) {
        return Some("a bearer token");
    }
    None
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '"' | '\'' | ',' | ';' | '=' | '(' | ')' | '<' | '>' | '`' | ':'
            )
    })
}

fn is_jwt(word: &str) -> bool {
    let mut parts = word.split('.');
    word.starts_with("eyJ")
        && parts.clone().count() == 3
        && parts.all(|part| {
            part.len() >= 4
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        })
}

fn by_key(key: &str, value: &str) -> Option<&'static str> {
    let words = crate::words::split(key);
    let has = |word: &str| words.iter().any(|known| known == word);
    let pair = |one: &str, two: &str| {
        words
            .windows(2)
            .any(|pair| pair[0] == one && pair[1] == two)
    };
    // A page token is a place in a list, and counts of tokens are no secrets.
    let harmless = [
        "page", "next", "count", "max", "min", "limit", "id", "type", "name", "url", "path",
        "expires",
    ]
    .iter()
    .any(|word| has(word));
    let placeholder = value.is_empty()
        || value.contains("{{")
        || value.starts_with('$')
        || value.starts_with('<')
        || value
            .bytes()
            .all(|b| matches!(b, b'*' | b'x' | b'X' | b'.'));
    if placeholder || value.chars().any(char::is_whitespace) && !has("authorization") {
        return None;
    }
    let long_enough = value.chars().count() >= 6;
    if ["password", "passwd", "passphrase", "pwd", "pin"]
        .iter()
        .any(|word| has(word))
        && !harmless
    {
        return Some("a password");
    }
    let secret = [
        "secret",
        "token",
        "apikey",
        "authorization",
        "credential",
        "credentials",
        "cookie",
        "jwt",
    ]
    .iter()
    .any(|word| has(word))
        || pair("api", "key")
        || pair("access", "key")
        || pair("private", "key");
    (secret && long_enough && !harmless).then_some("a secret")
}

#[cfg(test)]
mod tests {
    use super::kind;

    #[test]
    fn known_forms_and_keys() {
        for (key, value, expected) in [
            ("password", "pw1", true),
            ("new_password", "hunter2", true),
            ("apiKey", "abcdef123456", true),
            ("x", "sk-proj-abcdefghij0123456789", true),
            ("header", "Authorization: Bearer abcdef0123456789abcd", true),
            ("x", "eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl", true),
            ("dsn", "postgres://ana:pa55word@db/main", true),
            ("page_token", "CAoQAA123456", false),
            ("max_tokens", "4096000", false),
            ("token", "{{ secrets.X }}", false),
            ("x", "sk-learn is a library of many things", false),
            ("key", "PROJ-1234", false),
            ("recipient", "GB29NWBK60161331926819", false),
            ("text", "Bearer of good news", false),
        ] {
            assert_eq!(kind(key, value).is_some(), expected, "{key} {value}");
        }
    }
}
