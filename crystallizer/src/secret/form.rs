//! Secrets that are told by their own form, wherever in a text they stand: what providers put before their keys,
//! signed tokens, private keys, passwords inside addresses, headers and assignments.

use super::beside;
use super::dotted;
use super::header;
use super::key;
use super::next::{Next, walked};
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

/// What a provider puts before its keys.
struct Prefix {
    text: &'static str,
    /// The least length of the whole.
    least: usize,
    what: &'static str,
    name: &'static str,
}

const fn prefix(
    text: &'static str,
    least: usize,
    what: &'static str,
    name: &'static str,
) -> Prefix {
    Prefix {
        text,
        least,
        what,
        name,
    }
}

/// Longer ones before what they begin with.
const PREFIXES: [Prefix; 62] = [
    prefix("sk-ant-", 24, "an Anthropic API key", "ANTHROPIC_API_KEY"),
    prefix("sk-or-", 24, "an OpenRouter API key", "OPENROUTER_API_KEY"),
    prefix("sk-", 20, "an OpenAI API key", "OPENAI_API_KEY"),
    prefix("sk_live_", 16, "a Stripe key", "STRIPE_API_KEY"),
    prefix("sk_test_", 16, "a Stripe key", "STRIPE_API_KEY"),
    prefix("rk_live_", 16, "a Stripe key", "STRIPE_API_KEY"),
    prefix("rk_test_", 16, "a Stripe key", "STRIPE_API_KEY"),
    prefix("whsec_", 20, "a webhook secret", "WEBHOOK_SECRET"),
    prefix("ghp_", 30, "a GitHub token", "GITHUB_TOKEN"),
    prefix("gho_", 30, "a GitHub token", "GITHUB_TOKEN"),
    prefix("ghs_", 30, "a GitHub token", "GITHUB_TOKEN"),
    prefix("ghu_", 30, "a GitHub token", "GITHUB_TOKEN"),
    prefix("ghr_", 30, "a GitHub token", "GITHUB_TOKEN"),
    prefix("github_pat_", 30, "a GitHub token", "GITHUB_TOKEN"),
    prefix("glpat-", 20, "a GitLab token", "GITLAB_TOKEN"),
    prefix("gldt-", 20, "a GitLab token", "GITLAB_TOKEN"),
    prefix("glrt-", 20, "a GitLab token", "GITLAB_TOKEN"),
    prefix("xoxb-", 20, "a Slack token", "SLACK_TOKEN"),
    prefix("xoxp-", 20, "a Slack token", "SLACK_TOKEN"),
    prefix("xoxa-", 20, "a Slack token", "SLACK_TOKEN"),
    prefix("xoxr-", 20, "a Slack token", "SLACK_TOKEN"),
    prefix("xoxs-", 20, "a Slack token", "SLACK_TOKEN"),
    prefix("xapp-", 20, "a Slack token", "SLACK_TOKEN"),
    prefix("AKIA", 20, "an AWS key id", "AWS_ACCESS_KEY_ID"),
    prefix("ASIA", 20, "an AWS key id", "AWS_ACCESS_KEY_ID"),
    prefix("AIza", 35, "a Google API key", "GOOGLE_API_KEY"),
    prefix("ya29.", 30, "a Google access token", "GOOGLE_ACCESS_TOKEN"),
    prefix(
        "GOCSPX-",
        24,
        "a Google client secret",
        "GOOGLE_CLIENT_SECRET",
    ),
    prefix("npm_", 36, "an npm token", "NPM_TOKEN"),
    prefix("pypi-", 40, "a PyPI token", "PYPI_TOKEN"),
    prefix("rubygems_", 40, "a RubyGems token", "RUBYGEMS_TOKEN"),
    prefix("dckr_pat_", 24, "a Docker token", "DOCKER_TOKEN"),
    prefix("dop_v1_", 40, "a DigitalOcean token", "DIGITALOCEAN_TOKEN"),
    prefix("SG.", 40, "a SendGrid key", "SENDGRID_API_KEY"),
    prefix("hf_", 30, "a Hugging Face token", "HUGGINGFACE_TOKEN"),
    prefix("r8_", 36, "a Replicate token", "REPLICATE_TOKEN"),
    prefix("gsk_", 40, "a Groq API key", "GROQ_API_KEY"),
    prefix("xai-", 40, "an xAI API key", "XAI_API_KEY"),
    prefix("pplx-", 40, "a Perplexity API key", "PERPLEXITY_API_KEY"),
    prefix("tvly-", 24, "a Tavily API key", "TAVILY_API_KEY"),
    prefix("shpat_", 36, "a Shopify token", "SHOPIFY_TOKEN"),
    prefix("shpss_", 36, "a Shopify secret", "SHOPIFY_SECRET"),
    prefix("sq0atp-", 26, "a Square token", "SQUARE_TOKEN"),
    prefix("lin_api_", 36, "a Linear API key", "LINEAR_API_KEY"),
    prefix("ntn_", 40, "a Notion token", "NOTION_TOKEN"),
    prefix("figd_", 36, "a Figma token", "FIGMA_TOKEN"),
    prefix("glsa_", 36, "a Grafana token", "GRAFANA_TOKEN"),
    prefix("sntrys_", 40, "a Sentry token", "SENTRY_TOKEN"),
    prefix("PMAK-", 40, "a Postman API key", "POSTMAN_API_KEY"),
    prefix("hvs.", 24, "a Vault token", "VAULT_TOKEN"),
    prefix("AGE-SECRET-KEY-1", 50, "an age key", "AGE_KEY"),
    prefix("dapi", 36, "a Databricks token", "DATABRICKS_TOKEN"),
    prefix("tskey-", 30, "a Tailscale key", "TAILSCALE_KEY"),
    prefix("sbp_", 44, "a Supabase token", "SUPABASE_TOKEN"),
    prefix("dp.pt.", 40, "a Doppler token", "DOPPLER_TOKEN"),
    prefix("xkeysib-", 70, "a Brevo API key", "BREVO_API_KEY"),
    prefix(
        "ATATT3",
        60,
        "an Atlassian API token",
        "ATLASSIAN_API_TOKEN",
    ),
    prefix("NRAK-", 32, "a New Relic API key", "NEW_RELIC_API_KEY"),
    prefix("secret_", 50, "a Notion token", "NOTION_TOKEN"),
    prefix("CCIPAT_", 40, "a CircleCI token", "CIRCLECI_TOKEN"),
    prefix("bkua_", 44, "a Buildkite token", "BUILDKITE_TOKEN"),
    prefix("druse_", 36, "a Druse token", "DRUSE_TOKEN"),
];

/// Whether what begins there has to be looked at as a key with a provider's prefix, a signed token or one of a bot.
/// `word` is the first word of it, and `next` what stands behind.
pub(super) fn may_be_known(word: &[u8], next: Option<&u8>) -> bool {
    /// The second bytes that stand behind a first one, a bit each.
    static BEGINS: [u128; 128] = {
        let mut all = [0; 128];
        all[b'e' as usize] |= 1 << b'y';
        let mut at = 0;
        while at < PREFIXES.len() {
            let text = PREFIXES[at].text.as_bytes();
            all[text[0] as usize] |= 1 << text[1];
            at += 1;
        }
        all
    };
    let [first, second, ..] = word else {
        return false;
    };
    if next == Some(&b'.') && dotted::may_begin(word) {
        return true;
    }
    if first.is_ascii_digit() {
        return next == Some(&b':');
    }
    BEGINS
        .get(usize::from(*first))
        .is_some_and(|seconds| seconds >> (second & 127) & 1 == 1)
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
fn run(text: &str, from: usize, holds: impl Fn(u8) -> bool) -> usize {
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
    let first = rest.as_bytes()[0];
    let mut all = PREFIXES.iter();
    let Some(known) =
        all.find(|known| known.text.as_bytes()[0] == first && rest.starts_with(known.text))
    else {
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
    let body = &value[known.text.len().min(value.len())..];
    let aws = known.name == "AWS_ACCESS_KEY_ID";
    let fits = if aws {
        value.len() == known.least
            && body
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    } else {
        value.len() >= known.least
            && (body.bytes().any(|byte| byte.is_ascii_digit()) || key::is_shuffled(body))
            && has_long_part(body)
            // What is called a secret in a program begins like this, too.
            && (known.text != "secret_" || body.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    };
    if fits {
        found.push(Hit {
            start,
            value,
            what: known.what,
            name: Name::Kind(known.name),
        });
    }
}

/// Whether a part between hyphens and underscores is no word of a language: `sk-learn-1-is-a-library` has none.
fn has_long_part(body: &str) -> bool {
    body.split(['-', '_', '.']).any(|part| {
        part.len() >= 8
            && (part.bytes().any(|byte| byte.is_ascii_digit())
                || part.bytes().any(|byte| byte.is_ascii_uppercase())
                    && part.bytes().any(|byte| byte.is_ascii_lowercase()))
    })
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
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
    if value.len() < 8 {
        return false;
    }
    let decoded = STANDARD
        .decode(value)
        .or_else(|_| STANDARD_NO_PAD.decode(value));
    decoded
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .is_some_and(|text| {
            text.split_once(':').is_some_and(|(user, password)| {
                !user.is_empty()
                    && password.len() >= 3
                    && !text.chars().any(|c| c.is_control() || c.is_whitespace())
            })
        })
}

/// A text with names in it that values may follow. One may stand in the value of another, and shares its end with it.
struct Values<'t> {
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
    const fn of(text: &'t str) -> Self {
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
fn assigned<'t>(values: &mut Values<'t>, start: usize, end: usize, found: &mut Vec<Hit<'t>>) {
    let text = values.text;
    let written = &text[start..end];
    let dashes = written.len() - written.trim_start_matches('-').len();
    let name = &written[dashes..];
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
    use super::{Name, PREFIXES, hits};
    use crate::secret::next::work;

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
