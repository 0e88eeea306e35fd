//! The request that a configuration describes.

use crate::{
    action::{Attempt, Failed, attempt::pointed, input},
    artifacts::Files,
    connection::Connections,
    secret::Secrets,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{ACCEPT, CONTENT_TYPE},
};
use reqwest::multipart::{Form, Part};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use url::Url;

const KEYS: [&str; 13] = [
    "connection",
    "path",
    "url",
    "method",
    "query",
    "headers",
    "json",
    "form",
    "multipart",
    "body",
    "artifact",
    "save_as",
    "paginate",
];
/// What the connection itself is made of is not the document's to write.
const RESERVED: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) payload: Payload,
    /// The connection's; `None` for an address that the document names.
    pub(super) client: Option<reqwest::Client>,
    /// The path that a connection's addresses are below.
    pub(super) base: Option<String>,
    /// The connection's name.
    pub(super) connection: Option<String>,
}

pub(super) enum Payload {
    None,
    Bytes(Vec<u8>),
    Multipart(Form),
}

impl Request {
    pub(super) fn read(
        attempt: &Attempt,
        connections: &Connections,
        secrets: &Secrets,
    ) -> Result<Self, Failed> {
        let mut map = input::object(attempt.input.value())?.clone();
        input::only(&map, &KEYS)?;
        for key in ["query", "json", "form"] {
            if let Some(value) = map.get_mut(key) {
                *value = attempt.filled(value, &format!("/{key}"), secrets)?;
            }
        }
        let map = &map;
        let mut headers = HeaderMap::new();
        let (mut url, client, base) = match input::text(map, "connection")? {
            Some(name) => {
                if input::given(map, "url").is_some() {
                    return Err(Failed::input(
                        "A step with a connection has a \"path\", not a \"url\".",
                    ));
                }
                let open = connections.get(name)?;
                let (http, client, given) = open.http()?;
                add_headers(&mut headers, given, true)?;
                let path = input::text(map, "path")?.unwrap_or_default();
                let base = http.base_url.path().trim_end_matches('/').to_owned();
                (append(&http.base_url, path)?, Some(client), Some(base))
            }
            None => {
                if input::given(map, "path").is_some() {
                    return Err(Failed::input(
                        "A \"path\" needs a \"connection\"; without one write a \"url\".",
                    ));
                }
                (public_url(input::needed(map, "url")?)?, None, None)
            }
        };
        let query = input::pairs(map, "query")?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let own = own_headers(map, attempt, secrets)?;
        for name in own.keys() {
            headers.remove(name);
        }
        headers.extend(own);
        let payload = payload(map, &mut headers, &attempt.files)?;
        let method = match input::text(map, "method")? {
            Some(method) => known_method(method)?,
            None if matches!(payload, Payload::None) => Method::GET,
            None => Method::POST,
        };
        headers
            .entry(ACCEPT)
            .or_insert(HeaderValue::from_static("*/*"));
        if !headers.contains_key("idempotency-key") {
            let key = HeaderValue::from_str(&attempt.idempotency_key)
                .map_err(|_| Failed::input("The idempotency key cannot be sent as a header."))?;
            headers.insert("idempotency-key", key);
        }
        Ok(Self {
            method,
            url,
            headers,
            payload,
            client,
            base,
            connection: input::text(map, "connection")?.map(str::to_owned),
        })
    }

    /// The request in short: no header and no body, and of a query only the names. Of an address that an
    /// administrator has set up, only what the step adds to it.
    pub(super) fn summary(&self) -> String {
        let path = self.url.path();
        let mut said = match (&self.connection, &self.base) {
            (Some(name), Some(base)) => {
                let below = path.strip_prefix(base.as_str()).unwrap_or(path);
                format!("{} {name}:{below}", self.method)
            }
            _ => format!(
                "{} {}{path}",
                self.method,
                self.url.origin().ascii_serialization()
            ),
        };
        let names: BTreeSet<String> = self
            .url
            .query_pairs()
            .map(|(name, _)| format!("{name}=…"))
            .collect();
        if !names.is_empty() {
            said.push('?');
            said.push_str(&names.into_iter().collect::<Vec<_>>().join("&"));
        }
        match &self.payload {
            Payload::None => {}
            Payload::Bytes(bytes) => said.push_str(&format!(", {} bytes", bytes.len())),
            Payload::Multipart(_) => said.push_str(", multipart"),
        }
        said
    }

    /// The same request once more, without its body.
    pub(super) fn again(&self) -> Self {
        Self {
            method: self.method.clone(),
            url: self.url.clone(),
            headers: self.headers.clone(),
            payload: Payload::None,
            client: self.client.clone(),
            base: self.base.clone(),
            connection: self.connection.clone(),
        }
    }
}

fn known_method(text: &str) -> Result<Method, Failed> {
    let method = Method::from_bytes(text.to_ascii_uppercase().as_bytes()).ok();
    method
        .filter(|method| method != Method::CONNECT && method != Method::TRACE)
        .ok_or_else(|| Failed::input(format!("{text:?} is not a method that can be sent.")))
}

pub(in crate::action) fn public_url(text: &str) -> Result<Url, Failed> {
    let url = Url::parse(text.trim())
        .map_err(|error| Failed::input(format!("\"url\" is not an address: {error}.")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(Failed::input("\"url\" is not an address of http or https."));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Failed::input(
            "\"url\" holds a user or a password. Put them into a header, with the password as a secret.",
        ));
    }
    Ok(url)
}

/// The base with a path below it. What the path holds is data: it changes neither the host nor
/// leaves the base by `..`.
fn append(base: &Url, path: &str) -> Result<Url, Failed> {
    let mut url = base.clone();
    if path.is_empty() {
        return Ok(url);
    }
    if path.contains(|c: char| c == '#' || c.is_control()) {
        return Err(Failed::input(
            "\"path\" holds `#` or a character that cannot be seen, which would be lost.",
        ));
    }
    let (path, query) = match path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path, None),
    };
    let root = base.path().trim_end_matches('/');
    if !path.is_empty() {
        url.set_path(&format!("{root}/{}", path.trim_start_matches('/')));
    }
    let below = url.path().strip_prefix(root);
    if !below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) || climbs(path) {
        return Err(Failed::input(
            "\"path\" leaves the base address of the connection, or has a part that is `.` or `..`.",
        ));
    }
    url.set_query(query);
    Ok(url)
}

/// Whether a segment is `..` or `.`, in any spelling that servers take for it: both mean another address than is
/// written (RFC 3986, section 5.2.4).
pub(super) fn climbs(path: &str) -> bool {
    let plain = path.to_ascii_lowercase().replace("%2e", ".");
    let plain = plain.replace("%2f", "/").replace("%5c", "/");
    plain
        .split(['/', '\\'])
        .any(|segment| segment == ".." || segment == ".")
}

fn own_headers(
    map: &Map<String, Value>,
    attempt: &Attempt,
    secrets: &Secrets,
) -> Result<HeaderMap, Failed> {
    let mut headers = HeaderMap::new();
    for (name, value) in input::pairs(map, "headers")? {
        if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(Failed::input(format!("The header {name:?} cannot be set.")));
        }
        let filled = secrets.fill_only(&value, |secret| {
            attempt.allows(&format!("/headers/{}", pointed(&name)), secret)
        })?;
        let sensitive = filled != value;
        add_headers(&mut headers, [(name, filled)], sensitive)?;
    }
    Ok(headers)
}

fn add_headers(
    headers: &mut HeaderMap,
    given: impl IntoIterator<Item = (String, String)>,
    sensitive: bool,
) -> Result<(), Failed> {
    for (name, value) in given {
        let wrong = || Failed::input(format!("The header {name:?} cannot be sent."));
        let mut value = HeaderValue::from_str(value.trim()).map_err(|_| wrong())?;
        value.set_sensitive(sensitive);
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
        headers.append(name, value);
    }
    Ok(())
}

fn payload(
    map: &Map<String, Value>,
    headers: &mut HeaderMap,
    files: &Files,
) -> Result<Payload, Failed> {
    // `json: null` is a body of its own, unlike the others.
    let has = |key: &&str| match *key {
        "json" => map.contains_key("json"),
        key => input::given(map, key).is_some(),
    };
    let bodies: Vec<_> = ["json", "form", "multipart", "body", "artifact"]
        .into_iter()
        .filter(has)
        .collect();
    let mut default_type = |value: &'static str| {
        let value = HeaderValue::from_static(value);
        headers.entry(CONTENT_TYPE).or_insert(value);
    };
    match bodies.as_slice() {
        [] => Ok(Payload::None),
        ["json"] => {
            default_type("application/json");
            let value = map.get("json").unwrap_or(&Value::Null);
            Ok(Payload::Bytes(value.to_string().into_bytes()))
        }
        ["form"] => {
            default_type("application/x-www-form-urlencoded");
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.extend_pairs(input::pairs(map, "form")?);
            Ok(Payload::Bytes(form.finish().into_bytes()))
        }
        ["body"] => {
            default_type("text/plain; charset=utf-8");
            let text = input::text(map, "body")?.unwrap_or_default();
            Ok(Payload::Bytes(text.as_bytes().to_vec()))
        }
        ["multipart"] => {
            headers.remove(CONTENT_TYPE);
            multipart(map, files).map(Payload::Multipart)
        }
        ["artifact"] => {
            let shown = map.get("artifact").unwrap_or(&Value::Null);
            if let Some(media) = shown["media_type"].as_str()
                && let Ok(media) = HeaderValue::from_str(media)
            {
                headers.entry(CONTENT_TYPE).or_insert(media);
            }
            files.read(shown).map(Payload::Bytes)
        }
        several => Err(Failed::input(format!(
            "A request has one body, and this has several: {}.",
            several.join(", ")
        ))),
    }
}

/// Fields of a multipart body: a scalar, or `{text | json | base64, filename?, content_type?}`.
fn multipart(map: &Map<String, Value>, files: &Files) -> Result<Form, Failed> {
    let Some(Value::Object(fields)) = map.get("multipart") else {
        return Err(Failed::input("\"multipart\" must be an object of fields."));
    };
    let mut form = Form::new();
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
        let items = match value {
            Value::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        for item in items {
            form = form.part(name.clone(), part(name, item, files)?);
        }
    }
    Ok(form)
}

fn part(name: &str, value: &Value, files: &Files) -> Result<Part, Failed> {
    if let Some(text) = input::scalar(value) {
        return Ok(Part::text(text));
    }
    let wrong = |what: &str| Failed::input(format!("The field {name:?} {what}."));
    let Value::Object(map) = value else {
        return Err(wrong(
            "must be a text or {text | json | base64 | artifact, filename, content_type}",
        ));
    };
    let known = [
        "text",
        "json",
        "base64",
        "artifact",
        "filename",
        "content_type",
    ];
    input::only(map, &known)?;
    let mut kinds = BTreeMap::new();
    for kind in ["text", "json", "base64", "artifact"] {
        if let Some(value) = map.get(kind) {
            kinds.insert(kind, value);
        }
    }
    let mut part = match kinds.pop_first() {
        Some((kind, value)) if kinds.is_empty() => match (kind, value) {
            ("json", value) => Part::bytes(value.to_string().into_bytes())
                .mime_str("application/json")
                .map_err(|_| wrong("cannot be sent"))?,
            ("base64", Value::String(text)) => {
                let bytes = STANDARD.decode(text);
                Part::bytes(bytes.map_err(|_| wrong("is not base64"))?)
            }
            ("text", value) => {
                let text = input::scalar(value).ok_or_else(|| wrong("is not a text"))?;
                Part::text(text)
            }
            ("artifact", shown) => {
                let part = Part::bytes(files.read(shown)?);
                let name = shown["name"].as_str().unwrap_or_default().to_owned();
                let media = shown["media_type"].as_str().unwrap_or_default();
                let part = part.file_name(name);
                part.mime_str(media).map_err(|_| wrong("cannot be sent"))?
            }
            _ => return Err(wrong("is not base64")),
        },
        _ => return Err(wrong("must have one of text, json, base64 and artifact")),
    };
    if let Some(filename) = input::text(map, "filename")? {
        // A line break would end the part's header and begin one of the value's choice (RFC 7578, section 4.2).
        if filename.chars().any(char::is_control) {
            return Err(wrong(
                "has a file name with a line break or another control character",
            ));
        }
        part = part.file_name(filename.to_owned());
    }
    if let Some(kind) = input::text(map, "content_type")? {
        part = part
            .mime_str(kind)
            .map_err(|_| wrong("has a content type that is none"))?;
    }
    Ok(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_stay_below_the_base() {
        let base = |text: &str| Url::parse(text).unwrap();
        let joined = |at: &str, path: &str| append(&base(at), path).map(String::from);
        for (at, path, expected) in [
            ("http://h/api", "/x", "http://h/api/x"),
            ("http://h/api/", "x?a=1", "http://h/api/x?a=1"),
            ("http://h", "x y/ä", "http://h/x%20y/%C3%A4"),
            ("http://h", "@evil.com/", "http://h/@evil.com/"),
            ("http://h", "//evil.com/", "http://h/evil.com/"),
            (
                "http://h/api",
                "http://evil.com",
                "http://h/api/http://evil.com",
            ),
            ("http://h/api", "?q=1", "http://h/api?q=1"),
            ("http://h/api", "", "http://h/api"),
            ("http://h/a%20b", "c", "http://h/a%20b/c"),
        ] {
            assert_eq!(joined(at, path).as_deref(), Ok(expected));
        }
        for path in [
            "../x",
            "/a/../../x",
            "..\\x",
            "%2e%2e/x",
            "a/%2E./../x",
            "..%2fx",
            "..",
            ".",
            "a/./b",
            "a/%2e",
            "x?a=1#f",
            "a\nb",
            "a\tb",
        ] {
            assert!(joined("http://h/api", path).is_err(), "{path}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_path_leaves_its_base(path in "([a-z./\\\\@:?#% ä]|%2e|%2F|\\.\\.){0,12}") {
            let base = Url::parse("http://host:81/api/v1").unwrap();
            if let Ok(url) = append(&base, &path) {
                assert_eq!(url.origin(), base.origin());
                assert!(url.path() == "/api/v1" || url.path().starts_with("/api/v1/"), "{url}");
                assert!(!url.path().split('/').any(|segment| segment == ".."), "{url}");
            }
        }
    }

    #[test]
    fn a_part_of_a_form_has_a_file_name_of_one_line() {
        let part = |name: &str| {
            let given = json!({ "text": "x", "filename": name });
            super::part("file", &given, &Files::default())
        };
        assert!(part("Bericht \"März\".pdf").is_ok());
        for name in ["a\nContent-Type: text/html", "a\rb", "a\0b", "a\u{7f}"] {
            assert!(part(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn addresses_of_documents_are_http_and_without_credentials() {
        assert!(public_url(" https://example.com/a ").is_ok());
        for wrong in [
            "file:///etc/passwd",
            "ftp://h",
            "http://u:p@h/",
            "/x",
            "gopher://h",
        ] {
            assert!(public_url(wrong).is_err(), "{wrong}");
        }
    }
}
