//! What headers of HTTP hold that let somebody in: credentials behind the name of a scheme, and cookies.

use super::key::{self, Sort};
use crate::words::split;

/// Whether a name is that of a header that says who asks, or is called like one.
pub(super) fn is_authorization(name: &str) -> bool {
    let named = key::may_be_secret(name.as_bytes())
        && split(name).iter().any(|word| {
            matches!(
                word.as_str(),
                "authorization" | "auth" | "authentication" | "credentials" | "credential"
            )
        });
    named || key::sort_of(name) == Some(Sort::Token)
}

/// Whether a header is called a key: `X-Shop-Key`. One that only keeps a request from being done twice is none.
pub(super) fn is_key(name: &str) -> bool {
    split(name).last().is_some_and(|word| word == "key") && !key::is_public(name)
}

/// The credentials of `scheme SP credentials` (RFC 9110, 11.4), whatever the scheme is called: what stands behind it,
/// or the values of its parameters. Empty where a text has another form.
pub(super) fn credentials(text: &str, in_headers: bool) -> Vec<&str> {
    let text = text.trim();
    let Some((scheme, rest)) = text.split_once(' ') else {
        return Vec::new();
    };
    let is_scheme = scheme.len() <= 60
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
    if !is_scheme {
        return Vec::new();
    }
    let rest = rest.trim();
    if !rest.contains(char::is_whitespace) && !is_parameter(rest) {
        return match stands(rest, in_headers) {
            true => vec![rest],
            false => Vec::new(),
        };
    }
    rest.split(',')
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| !is_description(name.trim()))
        .map(|(_, value)| value.trim().trim_matches('"'))
        .filter(|value| stands(value, false))
        .collect()
}

/// Whether a text is a name and a value, and no end of a base64.
fn is_parameter(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, value)| {
        !value.trim_start_matches('=').is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    })
}

/// Parameters that only describe what the others are.
fn is_description(name: &str) -> bool {
    const NAMES: [&str; 14] = [
        "realm",
        "username",
        "uri",
        "algorithm",
        "qop",
        "nc",
        "opaque",
        "charset",
        "userhash",
        "oauth_version",
        "oauth_signature_method",
        "oauth_timestamp",
        "signedheaders",
        "headers",
    ];
    NAMES.iter().any(|one| name.eq_ignore_ascii_case(one))
}

/// Whether a word may be one that lets somebody in. Among headers any may be.
fn stands(word: &str, in_headers: bool) -> bool {
    key::stands_under_key(Sort::Token, word)
        || in_headers && word.len() >= 6 && key::stands_under_key(Sort::Password, word)
}

/// The values of cookies that may let somebody in: `name=value; name=value`.
pub(super) fn cookies(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(';')
        .filter_map(|pair| pair.trim().split_once('='))
        .map(|(name, value)| (name.trim(), value.trim().trim_matches('"')))
        .filter(|(name, value)| is_cookie_secret(name, value))
}

/// Whether what a cookie holds may let somebody in: one of a session, or what looks made by chance.
pub(super) fn is_cookie_secret(name: &str, value: &str) -> bool {
    const ATTRIBUTES: [&str; 7] = [
        "expires", "max-age", "domain", "path", "samesite", "priority", "version",
    ];
    if ATTRIBUTES.iter().any(|one| name.eq_ignore_ascii_case(one)) {
        return false;
    }
    let long = value.len() >= 16 && key::stands_under_key(Sort::Token, value);
    long || key::is_random(value)
        || is_session(name) && value.len() >= 6 && key::stands_under_key(Sort::Password, value)
}

/// Whether a cookie is called like one that a session is known by.
fn is_session(name: &str) -> bool {
    if name.len() > key::LONGEST {
        return false;
    }
    let lower = name.to_ascii_lowercase();
    [
        "sess", "token", "auth", "jwt", "csrf", "xsrf", "secret", "login",
    ]
    .iter()
    .any(|part| lower.contains(part))
        || split(name).iter().any(|word| word == "sid")
        || lower.ends_with("sid")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_stand_behind_any_scheme() {
        let value = "9f86d081884c7d659a2feaa0c55ad015";
        for scheme in ["Token", "SSWS", "Zoho-oauthtoken", "Some-New-Thing"] {
            assert_eq!(credentials(&format!("{scheme} {value}"), false), [value]);
        }
        for (text, expected) in [
            ("Basic YW5hOnNvbW1lcjE=", vec!["YW5hOnNvbW1lcjE="]),
            ("Token token=\"ab83kd92ls0d\"", vec!["ab83kd92ls0d"]),
            (
                "Digest username=\"ana99ana99\", realm=\"r1r2r3r4a\", response=\"6629fae49393a05397450978507c4ef1\"",
                vec!["6629fae49393a05397450978507c4ef1"],
            ),
            ("Token <your-token>", vec![]),
            ("Bearer $TOKEN_12345678", vec![]),
            ("required by the manager", vec![]),
            ("by manager", vec![]),
            ("9f86d081884c7d659a2feaa0c55ad015", vec![]),
        ] {
            assert_eq!(credentials(text, false), expected, "{text}");
        }
        assert_eq!(credentials("Token sommer", true), ["sommer"]);
    }

    #[test]
    fn cookies_of_a_session_are_told_by_name_and_others_by_chance() {
        let all = |text| cookies(text).map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(
            all("sid=31d4d96e407aad42a7c2b1e0f5d6c7b8; theme=dark; PHPSESSID=abcdefgh; lang=de"),
            ["sid", "PHPSESSID"]
        );
        assert_eq!(
            all(
                "sessionid=ab83kd92ls0dk3ms; Path=/; Max-Age=31536000; Expires=Wed, 21 Oct 2026 07:28:00 GMT; HttpOnly"
            ),
            ["sessionid"]
        );
        assert_eq!(all("seen=yes; cookie_consent=accepted"), Vec::<&str>::new());
    }
}
