//! Walks JSON and says which secrets stand in it, and under which keys.

use super::form::{self, Name};
use super::header;
use super::key;
use super::meaning::{Key, Meanings};
use super::option;
use super::scan::{self, scan};
use crate::mark::{MarkSet, mark};
use serde_json::{Map, Value};

/// How long a text is whose look is worth remembering: readers take most of a recording over as it stands there.
const LONG: usize = 64;
/// How deep texts that hold JSON are read as such.
const DEPTH: usize = 3;

/// A secret that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) value: String,
    pub(super) what: &'static str,
    /// The name that it would have where it is free.
    pub(super) base: String,
    /// The key that it was told by; empty: told by its own form.
    pub(super) key: String,
}

/// What stands in some values.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// The secrets, in the order in which they first stand there.
    pub(super) found: Vec<Found>,
    /// The names that the recording itself names as secrets: nothing that was put into a recording may be taken for
    /// what was lifted from it.
    pub(super) named: std::collections::BTreeSet<String>,
    known: std::collections::BTreeSet<String>,
    /// The longer texts that were looked at, by themselves and for what they hold.
    seen: MarkSet,
    meanings: Meanings,
}

impl Gathered {
    /// Looks at a value.
    pub(super) fn value(&mut self, value: &Value) {
        self.inside(value, Key::NONE, Around::Nothing, DEPTH);
    }

    fn inside(&mut self, value: &Value, key: Key<'_>, around: Around, depth: usize) {
        match value {
            Value::String(text) => self.text(text, key, around, depth),
            Value::Array(items) => {
                if key.says.is_line {
                    let words: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
                    for one in option::bare_words(&words.unwrap_or_default()) {
                        self.add_bare(one);
                    }
                }
                for item in items {
                    self.inside(item, key, around, depth);
                }
            }
            Value::Object(map) => {
                // `{"name": "Authorization", "value": "…"}`, as headers and attributes are often written.
                let named = name_in(map);
                for (inner, item) in map {
                    let around = around_of(inner).unwrap_or(around);
                    let of_value = inner.ends_with("Value");
                    let key = match named {
                        Some(name) if of_value || inner == "value" => self.meanings.of(name),
                        _ if of_value && !key.name.is_empty() => key,
                        _ => self.meanings.of(inner),
                    };
                    self.inside(item, key, around, depth);
                    if inner.len() >= 8 {
                        self.shown(inner);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn text(&mut self, text: &str, key: Key<'_>, around: Around, depth: usize) {
        let trimmed = text.trim();
        let is_json = trimmed.starts_with(['{', '[']);
        // How deep it stands only matters for what is read as JSON.
        if (depth == DEPTH || !is_json)
            && text.len() >= LONG
            && !self.seen.insert(mark(text))
            && !tells_more(text, is_json, key, around)
        {
            return;
        }
        self.shown(text);
        let Key { name, says } = key;
        if says.is_line {
            for one in option::bare(text, true) {
                self.add_bare(one);
            }
        }
        if let Some(sort) = says.sort
            && !(says.is_cookie && trimmed.contains('='))
            && key::stands_under_key(sort, trimmed)
        {
            self.add(trimmed, sort.what(), Name::Key(name), name);
        } else if around == Around::Headers && key::is_random(trimmed) && !key::is_public(name) {
            self.add(trimmed, "a long random header", Name::Key(name), name);
        } else if around == Around::Headers
            && header::is_key(name)
            && key::stands_under_key(key::Sort::Token, trimmed)
        {
            self.add(trimmed, "a key in a header", Name::Key(name), name);
        } else if says.is_cookie {
            for (_, value) in header::cookies(trimmed) {
                self.add(value, "a cookie", Name::Key(name), name);
            }
        } else if around == Around::Cookies {
            if header::is_cookie_secret(name, trimmed) {
                self.add(trimmed, "a cookie", Name::Key(name), name);
            }
        } else if says.is_authorization {
            for value in header::credentials(trimmed, around == Around::Headers) {
                self.add(value, "credentials", Name::Key(name), name);
            }
        }
        if depth > 0
            && is_json
            && let Ok(inner @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(trimmed)
        {
            self.inside(&inner, key, around, depth - 1);
        }
    }

    /// Whether a longer text was looked at before as it stands.
    pub(super) fn has_seen(&self, text: &str) -> bool {
        text.len() >= LONG && self.seen.contains(&mark(text))
    }

    /// Looks at a text for what its own form tells.
    pub(super) fn shown(&mut self, text: &str) {
        // A short word by itself is nothing that has a form.
        if text.len() < scan::SHORTEST && text.bytes().all(scan::is_word) {
            return;
        }
        let seen = scan(text);
        if seen.named {
            self.names(text);
        }
        for hit in form::seen(text, &seen) {
            let key = match hit.name {
                // A simple one is found again behind its user.
                Name::Kind(_) if hit.what == "a password inside an address" => {
                    let before = &text[..hit.start];
                    before.rsplit("://").next().unwrap_or_default()
                }
                Name::Kind(_) => "",
                Name::Key(key) => key,
            };
            self.add(hit.value, hit.what, hit.name, key);
        }
        if seen.addresses {
            self.parameters(text);
        }
        if seen.programs {
            for one in option::named(text) {
                self.add_bare(one);
            }
        }
    }

    /// Takes one that stands bare in a line.
    fn add_bare(&mut self, one: option::Bare) {
        let base = match one.name {
            "" => name_of(&one.lead),
            name => name.to_owned(),
        };
        if self.known.insert(one.value.clone()) {
            self.found.push(Found {
                value: one.value,
                what: "a password",
                base,
                key: one.lead,
            });
        }
    }

    /// Long random values of parameters in addresses.
    fn parameters(&mut self, text: &str) {
        let mut from = 0;
        while let Some(at) = text[from..].find("://").map(|at| from + at) {
            from = at + 3;
            let end = text[from..]
                .find(|c: char| {
                    c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`' | ')' | '\\')
                })
                .map_or(text.len(), |end| from + end);
            let Some((_, query)) = text[from..end].split_once('?') else {
                continue;
            };
            for (name, value) in query
                .split(['&', ';', '#'])
                .filter_map(|pair| pair.split_once('='))
            {
                if key::is_random(value) && !key::is_public(name) {
                    self.add(value, "a long random parameter", Name::Key(name), name);
                }
            }
        }
    }

    /// Takes one that its form tells.
    pub(super) fn add_kind(&mut self, value: &str, what: &'static str, name: &'static str) {
        self.add(value, what, Name::Kind(name), "");
    }

    fn names(&mut self, text: &str) {
        let mut rest = text;
        while let Some(at) = rest.find("secrets.") {
            rest = &rest[at + "secrets.".len()..];
            let end = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                .unwrap_or(rest.len());
            if end > 0 {
                self.named.insert(rest[..end].to_owned());
            }
        }
    }

    fn add(&mut self, value: &str, what: &'static str, name: Name<'_>, key: &str) {
        if !self.known.insert(value.to_owned()) {
            return;
        }
        self.found.push(Found {
            value: value.to_owned(),
            what,
            base: match name {
                Name::Kind(name) => name.to_owned(),
                Name::Key(key) => name_of(key),
            },
            key: key.to_owned(),
        });
    }
}

/// Whether a text that was looked at before may tell more under this key. Under none, what it holds may be known by
/// names that another key stood for.
fn tells_more(text: &str, is_json: bool, key: Key<'_>, around: Around) -> bool {
    let Key { name, says } = key;
    around != Around::Nothing
        || says.is_line
        || says.sort.is_some()
        || says.is_cookie
        || says.is_authorization
        || is_json && name.is_empty() && ["Value", "\\u"].iter().any(|part| text.contains(part))
}

/// What a pair of a name and a value says is its name: the first of these fields that is a text.
fn name_in(map: &Map<String, Value>) -> Option<&str> {
    let mut found = None;
    for (field, value) in map {
        let rank = match field.as_str() {
            "name" => 0,
            "key" => 1,
            "header" => 2,
            _ => continue,
        };
        if let Value::String(text) = value
            && found.is_none_or(|(known, _)| rank < known)
        {
            found = Some((rank, text.as_str()));
        }
    }
    found.map(|(_, name)| name)
}

/// What a value stands among.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Around {
    Nothing,
    Headers,
    Cookies,
}

/// What a key says of all that stands under it.
fn around_of(key: &str) -> Option<Around> {
    if ["cookies", "cookie_jar", "cookiejar"]
        .iter()
        .any(|cookies| key.eq_ignore_ascii_case(cookies))
    {
        return Some(Around::Cookies);
    }
    is_headers(key).then_some(Around::Headers)
}

fn is_headers(key: &str) -> bool {
    const HEADERS: [&str; 6] = [
        "headers",
        "header",
        "http_headers",
        "httpheaders",
        "extra_headers",
        "request_headers",
    ];
    HEADERS
        .iter()
        .any(|headers| key.eq_ignore_ascii_case(headers))
}

/// A key as the name of a secret: `x-api-key` becomes `X_API_KEY`.
fn name_of(key: &str) -> String {
    let mut name: String = crate::words::split(key)
        .join("_")
        .to_ascii_uppercase()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
        .take(60)
        .collect();
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name.insert_str(0, "SECRET_");
    }
    name.trim_end_matches('_').to_owned()
}
