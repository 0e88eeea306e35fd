//! Walks JSON and says which secrets stand in it, and under which keys.

use super::form::{self, Name};
use super::header;
use super::key;
use super::meaning::{Around, Key, Meanings};
use super::next::{Next, walked};
use super::option;
use super::scan::{self, scan};
use super::table;
use crate::mark::{MarkSet, mark};
use serde_json::{Map, Value};

/// How long a text is whose look is worth remembering: readers take most of a recording over as it stands there.
const LONG: usize = 64;
/// What a user and a password in base64 are.
const BASIC: &str = "a user and password (Basic)";
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
                // `["Authorization", "Token …"]`, as headers are often written.
                if let [Value::String(name), Value::String(_)] = items.as_slice()
                    && name.len() <= 60
                {
                    let own = self.meanings.of(name);
                    let says = own.says;
                    if says.sort == Some(key::Sort::Token)
                        || says.is_authorization
                        || says.is_cookie
                    {
                        self.inside(&items[1], own, around, depth);
                        return;
                    }
                }
                // `[["id", "password"], [1, "…"]]`, as cells of a sheet are given.
                if let [Value::Array(_), Value::Array(_), ..] = items.as_slice() {
                    self.tables([&items[0], value].into_iter());
                }
                for item in items {
                    self.inside(item, key, around, depth);
                }
            }
            Value::Object(map) => {
                // `{"columns": ["id", "password"], "rows": [[1, "…"]]}`
                if map.len() >= 2 {
                    self.tables(map.values());
                }
                // `{"name": "Authorization", "value": "…"}`, as headers and attributes are often written.
                let named = name_in(map);
                if typed_in(map) {
                    for field in TYPED {
                        let text = map.get(field).and_then(Value::as_str).unwrap_or_default();
                        if key::stands_under_key(key::Sort::Password, text) {
                            // A simple one is found again in the field that it was typed into.
                            let what = key::Sort::Password.what();
                            self.add(text, what, Name::Kind("PASSWORD"), field);
                        }
                    }
                }
                for (inner, item) in map {
                    let own = self.meanings.of(inner);
                    let around = own.says.holds.unwrap_or(around);
                    let of_value = inner.ends_with("Value");
                    let key = match named {
                        Some(name) if of_value || inner == "value" => self.meanings.of(name),
                        _ if of_value && !key.name.is_empty() => key,
                        _ => own,
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
            // `"auth": "…"`, as Docker keeps it.
            if form::is_basic(trimmed) {
                self.add(trimmed, BASIC, Name::Key(name), name);
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
            let lead;
            let key = match hit.name {
                // A simple one is found again behind its user.
                Name::Kind(_) if hit.what == "a password inside an address" => {
                    let before = &text[..hit.start];
                    before.rsplit("://").next().unwrap_or_default()
                }
                // So is one that stands behind a word: `BY 'sommer'`.
                Name::Kind(_) if hit.what == key::Sort::Password.what() => {
                    lead = lead_of(&text[..hit.start]);
                    &lead
                }
                Name::Kind(_) => "",
                Name::Key(key) => key,
            };
            self.add(hit.value, hit.what, hit.name, key);
        }
        if seen.addresses {
            self.parameters(text);
        }
        if !seen.heads.is_empty() {
            for cell in table::cells(text, &seen.heads) {
                self.add_cell(&cell);
            }
        }
        if seen.programs {
            for one in option::named(text) {
                self.add_bare(one);
            }
        }
    }

    /// Looks at rows of values that stand beside the list of their heads, or below it.
    fn tables<'v>(&mut self, parts: impl Iterator<Item = &'v Value> + Clone) {
        let lists = parts.filter_map(Value::as_array);
        let mut heads = lists.clone().filter_map(|list| heads_in(list));
        let Some(heads) =
            heads.find(|heads| heads.iter().any(|head| table::sort_of(head).is_some()))
        else {
            return;
        };
        let rows = lists.flatten().filter_map(Value::as_array);
        let mut found = Vec::new();
        let rows = rows.map(|row| row.iter().map(Value::as_str).collect());
        table::column(&heads, rows, &mut found);
        for cell in &found {
            self.add_cell(cell);
        }
    }

    fn add_cell(&mut self, cell: &table::Cell<'_>) {
        if self.known.insert(cell.value.to_owned()) {
            self.found.push(Found {
                value: cell.value.to_owned(),
                what: cell.sort.what(),
                base: name_of(cell.head),
                // A simple one is found again behind what stands before it.
                key: match cell.lead {
                    "" => cell.head.to_owned(),
                    lead => format!("{lead},"),
                },
            });
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
        let mut rest = text;
        while let Some((_, behind)) = rest.split_once("://") {
            let end = behind
                .find(|c: char| {
                    c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`' | ')' | '\\')
                })
                .unwrap_or(behind.len());
            walked(end);
            let (address, after) = behind.split_at(end);
            self.pairs(address);
            rest = after;
        }
    }

    /// Those of one address, and of the addresses in it: one may be a parameter of another.
    fn pairs(&mut self, address: &str) {
        let bytes = address.as_bytes();
        let mut ends = Next::of(|rest| {
            let is_end = |byte: &u8| matches!(byte, b'&' | b';' | b'#');
            rest.iter().position(is_end)
        });
        let mut equals = Next::of(|rest| rest.iter().position(|byte| *byte == b'='));
        // Whether an address has begun whose query has not, and whether the query of one has.
        let (mut is_open, mut in_query) = (true, false);
        for (at, byte) in bytes.iter().enumerate() {
            let begins = match byte {
                b':' => {
                    is_open |= bytes[at..].starts_with(b"://");
                    false
                }
                b'?' => {
                    in_query |= is_open;
                    std::mem::take(&mut is_open)
                }
                b'&' | b';' | b'#' => in_query,
                _ => false,
            };
            if !begins {
                continue;
            }
            let end = ends.from(address, at + 1);
            let middle = equals.from(address, at + 1);
            if middle >= end {
                continue;
            }
            let (name, value) = (&address[at + 1..middle], &address[middle + 1..end]);
            if name.len() <= key::LONGEST && key::is_random(value) && !key::is_public(name) {
                self.add(value, "a long random parameter", Name::Key(name), name);
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
        // The password of a user and a password in base64 may stand elsewhere as it was said.
        if (what == BASIC || what == "credentials")
            && let Some(password) = form::basic_password(value)
            && key::is_password(&password)
        {
            self.add(
                &password,
                key::Sort::Password.what(),
                Name::Kind("BASIC_PASSWORD"),
                "password",
            );
        }
    }
}

/// The word that a secret stands behind, as it is found again by it.
fn lead_of(before: &str) -> String {
    let before = before.trim_end_matches(['"', '\'', '`', '\\']);
    let last = before.split_whitespace().next_back().unwrap_or_default();
    match last.ends_with(':') {
        true => last.to_owned(),
        false => format!("{last} "),
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

/// The heads of columns that a list holds: texts, or maps that name them.
fn heads_in(list: &[Value]) -> Option<Vec<&str>> {
    let head = |value: &'_ Value| match value {
        Value::Object(map) => name_in(map).is_some(),
        other => other.is_string(),
    };
    // Most lists are none, and that is seen at the first.
    if !list.first().is_some_and(head) {
        return None;
    }
    let names = list.iter().map(|value| match value {
        Value::Object(map) => name_in(map),
        other => other.as_str(),
    });
    names.collect()
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

/// The fields that what is typed or chosen stands in.
const TYPED: [&str; 3] = ["text", "value", "val"];

/// Whether a map says that a password is typed: `{"element": "Password field", "text": "…"}`.
fn typed_in(map: &Map<String, Value>) -> bool {
    const WHERE: [&str; 6] = [
        "element",
        "selector",
        "label",
        "placeholder",
        "field",
        "option",
    ];
    let says = |field: &&str| {
        let text = map.get(*field).and_then(Value::as_str);
        text.is_some_and(|text| text.len() <= 80 && key::is_password_field(text))
    };
    let typed = |field: &&str| {
        let text = map.get(*field).and_then(Value::as_str);
        text.is_some_and(|text| !key::is_state(text))
    };
    // Few maps have both: what is there is looked at first.
    TYPED.iter().any(|field| map.contains_key(*field))
        && WHERE.iter().any(says)
        && TYPED
            .iter()
            .filter(|field| map.contains_key(**field))
            .all(typed)
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

#[cfg(test)]
mod tests {
    use super::Gathered;
    use crate::secret::next::work;

    fn found(text: &str) -> Vec<(String, String)> {
        let mut gathered = Gathered::default();
        gathered.parameters(text);
        let found = gathered.found.into_iter();
        found.map(|one| (one.key, one.value)).collect()
    }

    #[test]
    fn parameters_of_addresses_in_addresses_are_found() {
        let value = "aB3dE5fG7hI9jK1lM3nO5p";
        let other = "zY9xW7vU5tS3rQ1pO9nM7l";
        for (text, expected) in [
            ("https://a.example/?page=2&u=V", vec!["u"]),
            ("https://a.example/?to=https://b.example/?u=V", vec!["u"]),
            ("https://a.example/?to=https://b.example/&u=V", vec!["u"]),
            (
                "https://a.example/?u=V;to=https://b.example/?w=O#x",
                vec!["u", "w"],
            ),
            ("https://a.example/x&u=V", vec![]),
            ("https://a.example/x https://b.example/?u=V", vec!["u"]),
            ("see u=V?u=V", vec![]),
        ] {
            let text = text.replace('V', value).replace('O', other);
            let names: Vec<String> = found(&text).into_iter().map(|(key, _)| key).collect();
            assert_eq!(names, expected, "{text}");
        }
    }

    #[test]
    fn twice_as_many_addresses_on_a_line_take_twice_the_work() {
        for part in [
            "https://a.example/?x=1,",
            "https://a.example/?",
            "https://a.example/,",
            "?x=1&://",
        ] {
            let [once, twice] = [500, 1_000].map(|count| {
                let text = format!("https://b.example/{}", part.repeat(count));
                work(|| assert!(found(&text).is_empty()))
            });
            assert!(
                once > 0 && twice * 10 <= once * 23,
                "{part}: {once}, {twice}"
            );
        }
    }
}
