//! Secrets that are told by their own form, wherever in a text they stand: what providers put before their keys,
//! signed tokens, private keys, passwords inside addresses, headers and assignments.

use super::assigned::{Values, assigned};
use super::beside;
use super::dotted;
use super::key;
use super::next::{Next, walked};
use super::prefix::Prefix;
use super::provider;
use super::scan::{Scan, is_word, scan};

/// A secret in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit<'t> {
    /// The byte where it begins.
    pub(super) start: usize,
    /// The secret itself.
    pub(super) value: &'t str,
    /// What it is, in words.
    pub(super) what: &'static str,
    /// What it is called; for one told by its key this is the key.
    pub(super) name: Name<'t>,
}

/// Where the name of a secret comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name<'t> {
    /// The kind of secret has one.
    Kind(&'static str),
    /// The key or variable that it stood under.
    Key(&'t str),
}

/// All that a text shows by form, in the order in which it stands there; where two overlap the longer counts.
pub(super) fn hits(text: &str) -> Vec<Hit<'_>> {
    seen(text, &scan(text))
}

/// The same of a text that was gone over.
pub(super) fn seen<'t>(text: &'t str, scan: &Scan) -> Vec<Hit<'t>> {
    let mut found = Vec::new();
    if text.len() < 8 {
        return found;
    }
    if scan.private {
        private_keys(text, &mut found);
    }
    let mut dotted = Dotted::default();
    for start in &scan.words {
        known_word(text, *start, &mut dotted, &mut found);
    }
    if scan.addresses {
        addresses(text, &mut found);
    }
    if scan.schemes {
        schemes(text, &mut found);
    }
    for end in &scan.beside {
        beside::behind(text, *end, &mut found);
    }
    if scan.database {
        beside::lines(text, &mut found);
    }
    let mut values = Values::of(text);
    for (start, end) in &scan.names {
        assigned(&mut values, *start, *end, &mut found);
    }
    if found
        .iter()
        .any(|hit| hit.name == Name::Kind("AWS_ACCESS_KEY_ID"))
    {
        aws_secrets(text, &mut found);
    }
    apart(found)
}

/// The hits without those that stand inside of another.
fn apart(mut found: Vec<Hit<'_>>) -> Vec<Hit<'_>> {
    // Of two at the same place the first that was looked for says best what it is.
    found.sort_by(|a, b| {
        a.start
            .cmp(&b.start)
            .then(b.value.len().cmp(&a.value.len()))
    });
    let mut end = 0;
    found.retain(|hit| {
        let free = hit.start >= end;
        if free {
            end = hit.start + hit.value.len();
        }
        free
    });
    found
}

/// The end of the run of bytes that hold, from a place on.
pub(super) fn run(text: &str, from: usize, holds: impl Fn(u8) -> bool) -> usize {
    let bytes = text.as_bytes();
    let mut at = from;
    while at < bytes.len() && holds(bytes[at]) {
        at += 1;
    }
    walked(at - from);
    at
}

/// Words with points between them, each of which may begin a secret: all of them are gone over once.
#[derive(Default)]
struct Dotted {
    /// Where the last one goes on to, and where the points at its end begin.
    end: usize,
    bare: usize,
    /// The prefixes that were looked at in it. What stands behind the same one again is a part of the first.
    tried: Vec<&'static str>,
}

impl Dotted {
    /// What begins at a word.
    fn at<'t>(&mut self, text: &'t str, start: usize) -> &'t str {
        if start >= self.end {
            self.end = run(text, start, |byte| is_word(byte) || byte == b'.');
            self.bare = start + text[start..self.end].trim_end_matches('.').len();
            self.tried.clear();
        }
        &text[start..self.bare]
    }

    /// Whether a prefix was looked at before in the same.
    fn was_tried(&mut self, prefix: &'static str) -> bool {
        let was = self.tried.contains(&prefix);
        if !was {
            self.tried.push(prefix);
        }
        was
    }
}

/// How `-----BEGIN ` is written in base64.
pub(super) const PEM_IN_BASE64: &str = "LS0tLS1CRUdJTi";

/// A private key in base64, as the files of a cluster's users hold it: `client-key-data`.
fn encoded_key(text: &str, start: usize) -> Option<&str> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    let end = run(text, start, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
    });
    let value = &text[start..end];
    // What it is stands in its first line.
    let head = STANDARD_NO_PAD.decode(value.get(..48)?).ok()?;
    let head = String::from_utf8_lossy(&head);
    (value.len() >= 80 && head.contains("PRIVATE KEY")).then_some(value)
}

/// A key with a provider's prefix, or a signed token, where a word begins.
fn known_word<'t>(text: &'t str, start: usize, dotted: &mut Dotted, found: &mut Vec<Hit<'t>>) {
    let rest = &text[start..];
    if let Some((value, what, name)) = provider::token(text, start) {
        found.push(Hit {
            start,
            value,
            what,
            name: Name::Kind(name),
        });
        return;
    }
    if rest.starts_with(PEM_IN_BASE64)
        && let Some(value) = encoded_key(text, start)
    {
        found.push(Hit {
            start,
            value,
            what: "a private key",
            name: Name::Kind("PRIVATE_KEY"),
        });
        return;
    }
    if rest.starts_with("eyJ") {
        let value = dotted.at(text, start);
        if is_jwt(value) {
            found.push(Hit {
                start,
                value,
                what: "a signed token (JWT)",
                name: Name::Kind("JWT"),
            });
        }
        return;
    }
    if let Some((value, what, name)) = dotted::token(rest) {
        found.push(Hit {
            start,
            value,
            what,
            name: Name::Kind(name),
        });
        return;
    }
    if rest.as_bytes()[0].is_ascii_digit() {
        bot_token(text, start, found);
        return;
    }
    // A prefix may stand behind an underscore or a hyphen of something else: `token_ghp_…` is looked at, too.
    let Some(known) = Prefix::of(rest) else {
        return;
    };
    let value = if known.text.ends_with('.') {
        let value = dotted.at(text, start);
        if dotted.was_tried(known.text) {
            return;
        }
        value
    } else {
        &text[start..run(text, start, is_word)]
    };
    let value = value.trim_end_matches(['.', '-']);
    if known.fits(value) {
        found.push(Hit {
            start,
            value,
            what: known.what,
            name: Name::Kind(known.name),
        });
    }
}

/// `123456789:AA…`, as bots of Telegram have.
fn bot_token<'t>(text: &'t str, start: usize, found: &mut Vec<Hit<'t>>) {
    let colon = run(text, start, |byte| byte.is_ascii_digit());
    if !(8..=10).contains(&(colon - start)) || !text[colon..].starts_with(":AA") {
        return;
    }
    let end = run(text, colon + 1, is_word);
    if end - colon - 1 == 35 {
        found.push(Hit {
            start,
            value: &text[start..end],
            what: "a bot token",
            name: Name::Kind("BOT_TOKEN"),
        });
    }
}

fn is_jwt(word: &str) -> bool {
    // Of more than three no further one is looked at.
    let parts: Vec<&str> = word.split('.').take(4).collect();
    parts.len() == 3
        && parts
            .iter()
            .all(|part| part.len() >= 4 && part.bytes().all(is_word))
}

/// PEM blocks of private keys.
fn private_keys<'t>(text: &'t str, found: &mut Vec<Hit<'t>>) {
    const OPENS: &str = "-----BEGIN ";
    const ENDS: &[u8] = b"-----END ";
    let mut ends = Next::of(|rest| rest.windows(ENDS.len()).position(|part| part == ENDS));
    let mut from = 0;
    while let Some(start) = text[from..].find(OPENS).map(|at| from + at) {
        from = start + OPENS.len();
        let label = run(text, from, |byte| byte.is_ascii_uppercase() || byte == b' ');
        if !text[from..label].contains("PRIVATE KEY") || !text[label..].starts_with("-----") {
            continue;
        }
        // One that was cut goes on as far as what it is made of.
        let inside = label + 5;
        let end = match ends.from(text, inside) {
            at if at < text.len() => run(text, at + ENDS.len(), |byte| {
                byte.is_ascii_uppercase() || byte == b' ' || byte == b'-'
            }),
            _ => run(text, inside, |byte| {
                byte.is_ascii_alphanumeric()
                    || byte.is_ascii_whitespace()
                    || matches!(byte, b'+' | b'/' | b'=' | b'\\' | b':' | b',' | b'-')
            }),
        };
        from = end;
        let value = text[start..end].trim_end();
        if end - inside >= 40 {
            found.push(Hit {
                start,
                value,
                what: "a private key",
                name: Name::Kind("PRIVATE_KEY"),
            });
        }
    }
}

/// Passwords inside addresses, and addresses that are a secret themselves.
fn addresses<'t>(text: &'t str, found: &mut Vec<Hit<'t>>) {
    let mut from = 0;
    while let Some(at) = text[from..].find("://").map(|at| from + at) {
        from = at + 3;
        let authority_end = run(text, from, |byte| {
            !byte.is_ascii_whitespace()
                && !matches!(
                    byte,
                    b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\' | b'|'
                )
        });
        let authority = &text[from..authority_end];
        if let Some((begin, what, name)) = webhook(authority) {
            let end = run(text, authority_end, |byte| {
                is_word(byte) || matches!(byte, b'/' | b'@')
            });
            let path = &text[authority_end..end];
            if let Some(secret) = path.strip_prefix(begin)
                && secret.len() >= 24
            {
                found.push(Hit {
                    start: end - secret.len(),
                    value: secret,
                    what,
                    name: Name::Kind(name),
                });
            }
            continue;
        }
        let Some((user, _)) = authority.rsplit_once('@') else {
            continue;
        };
        let scheme = text[..at]
            .rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '+'))
            .next()
            .unwrap_or("");
        let name = match scheme.split('+').next().unwrap_or("") {
            "postgres" | "postgresql" => "POSTGRES_PASSWORD",
            "mysql" | "mariadb" => "MYSQL_PASSWORD",
            "mongodb" => "MONGODB_PASSWORD",
            "redis" | "rediss" => "REDIS_PASSWORD",
            "amqp" | "amqps" => "AMQP_PASSWORD",
            "smtp" | "smtps" | "imap" | "imaps" => "MAIL_PASSWORD",
            _ => "URL_PASSWORD",
        };
        match user.split_once(':') {
            Some((before, password)) if key::is_password(password) => found.push(Hit {
                start: from + before.len() + 1,
                value: password,
                what: "a password inside an address",
                name: Name::Kind(name),
            }),
            None if key::is_random(user) => found.push(Hit {
                start: from,
                value: user,
                what: "a token inside an address",
                name: Name::Kind("URL_TOKEN"),
            }),
            _ => {}
        }
    }
}

/// How the path of a webhook begins on a host, what it is, and its name: who knows the rest may post there.
fn webhook(host: &str) -> Option<(&'static str, &'static str, &'static str)> {
    match host {
        "hooks.slack.com" => Some(("/services/", "the path of a Slack webhook", "SLACK_WEBHOOK")),
        "discord.com" | "discordapp.com" | "canary.discord.com" | "ptb.discord.com" => Some((
            "/api/webhooks/",
            "the path of a Discord webhook",
            "DISCORD_WEBHOOK",
        )),
        host if host.ends_with(".webhook.office.com") => Some((
            "/webhookb2/",
            "the path of a Teams webhook",
            "TEAMS_WEBHOOK",
        )),
        _ => None,
    }
}

/// `Bearer …`, and `Basic …` as a header has them.
fn schemes<'t>(text: &'t str, found: &mut Vec<Hit<'t>>) {
    for (scheme, what, name) in [
        ("earer ", "a bearer token", "BEARER_TOKEN"),
        ("asic ", "a user and password (Basic)", "BASIC_AUTH"),
    ] {
        let mut from = 0;
        while let Some(at) = text[from..].find(scheme).map(|at| from + at) {
            from = at + scheme.len();
            let begins = text[..at].ends_with(['B', 'b']);
            let end = run(text, from, |byte| {
                is_word(byte) || matches!(byte, b'.' | b'~' | b'+' | b'/' | b'=')
            });
            let value = text[from..end].trim_end_matches('.');
            let fits = if name == "BASIC_AUTH" {
                is_basic(value)
            } else {
                value.len() >= 16 && value.bytes().any(|byte| byte.is_ascii_digit())
                    || key::is_shuffled(value)
            };
            if begins && fits {
                found.push(Hit {
                    start: from,
                    value,
                    what,
                    name: Name::Kind(name),
                });
            }
        }
    }
}

/// Whether a text is a user and a password in base64.
pub(super) fn is_basic(value: &str) -> bool {
    basic_password(value).is_some()
}

/// The password of a user and a password in base64.
pub(super) fn basic_password(value: &str) -> Option<String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
    if value.len() < 8 {
        return None;
    }
    let decoded = STANDARD
        .decode(value)
        .or_else(|_| STANDARD_NO_PAD.decode(value))
        .ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, password) = text.split_once(':')?;
    let is_pair = !user.is_empty()
        && password.len() >= 3
        && !text.chars().any(|c| c.is_control() || c.is_whitespace());
    is_pair.then(|| password.to_owned())
}

/// The second half of a pair of AWS keys, which only stands out beside the first.
fn aws_secrets<'t>(text: &'t str, found: &mut Vec<Hit<'t>>) {
    let bytes = text.as_bytes();
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+');
    let mut at = 0;
    while at < bytes.len() {
        if !is_part(bytes[at]) {
            at += 1;
            continue;
        }
        let end = run(text, at, is_part);
        let value = &text[at..end];
        if value.len() == 40 && key::is_mixed(value) {
            found.push(Hit {
                start: at,
                value,
                what: "an AWS secret key",
                name: Name::Kind("AWS_SECRET_ACCESS_KEY"),
            });
        }
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::{Name, hits};
    use crate::secret::next::work;
    use crate::secret::prefix::PREFIXES;

    /// What stands behind a prefix, as long as needed: small letters, capitals and digits.
    fn key(prefix: &str, least: usize) -> String {
        let letters = b"7QX2AB9KLM4ZR8TYNW31";
        let mut key = prefix.to_owned();
        for at in 0..least.saturating_sub(prefix.len()) {
            key.push(char::from(letters[at % letters.len()]));
        }
        key
    }

    #[test]
    fn every_known_form_is_found_in_a_running_text() {
        for known in &PREFIXES {
            let key = key(known.text, known.least);
            for text in [
                format!("use {key} for it"),
                format!("{key}, as before"),
                format!("the new one (was: {key})."),
            ] {
                let found = hits(&text);
                assert_eq!(found.len(), 1, "{text}");
                assert_eq!(found[0].value, key, "{text}");
                assert_eq!(found[0].name, Name::Kind(known.name), "{text}");
                assert_eq!(text[found[0].start..].find(&key), Some(0), "{text}");
            }
        }
        let key = "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";
        for (text, expected) in [
            (format!("use {key}"), vec![key]),
            (format!("SG.{key}"), vec![&*format!("SG.{key}")]),
            (
                format!("hvs.x.SG.{}", &key[3..]),
                vec![&*format!("hvs.x.{key}")],
            ),
            (format!("eyJx.y.{key}"), vec![key]),
            (
                "SG. is short for Singapore, SG.1 for a part of it".to_owned(),
                vec![],
            ),
        ] {
            let found: Vec<&str> = hits(&text).iter().map(|hit| hit.value).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn cookies_are_found_behind_each_name_on_a_line() {
        for (text, expected) in [
            ("Cookie: a=1; sid=k3j4h5g6; b=2", vec!["k3j4h5g6"]),
            (
                "-H Cookie: a=b -H Cookie: sid=k3j4h5g6; token=q9w8e7r6",
                vec!["k3j4h5g6", "q9w8e7r6"],
            ),
            ("cookie: cookie: sid=k3j4h5g6", vec!["k3j4h5g6"]),
        ] {
            let found: Vec<&str> = hits(text).iter().map(|hit| hit.value).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn twice_as_long_a_line_takes_twice_the_work() {
        for (part, end) in [
            ("-----BEGIN PRIVATE KEY-----!", ""),
            ("cookie:", ""),
            ("cookie:", "a=1"),
            ("cookie:=", ""),
            ("cookie: a=1;", ""),
            ("password:", ""),
            ("SG.", ""),
            ("hvs.eyJ.", ""),
        ] {
            let [once, twice] = [2_000, 4_000].map(|count| {
                let text = part.repeat(count) + end;
                work(|| assert!(hits(&text).is_empty(), "{part}"))
            });
            assert!(
                once > 0 && twice * 10 <= once * 23,
                "{part}{end}: {once}, {twice}"
            );
        }
    }
}
