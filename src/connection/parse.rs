//! Reads a connection and says everything that is wrong with it at once.

use super::parse_rate::RATE;
use super::{Connection, HttpConnection, McpConnection, Tls};
use crate::secret;
use druse_engine::Finding;
use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, path::PathBuf};
use url::Url;

impl Connection {
    /// Reads `{kind: …, …}`. Places of findings are JSON Pointers below `at`.
    ///
    /// # Errors
    /// All findings, each with its place.
    pub fn parse(at: &str, value: &Value) -> Result<Self, Vec<Finding>> {
        let mut reader = Reader {
            at: at.into(),
            findings: Vec::new(),
        };
        let connection = reader.connection(value);
        reader.rate(value);
        match connection {
            Some(connection) if reader.findings.is_empty() => Ok(connection),
            _ => Err(reader.findings),
        }
    }
}

pub(super) struct Reader {
    pub(super) at: String,
    pub(super) findings: Vec<Finding>,
}

impl Reader {
    pub(super) fn wrong(&mut self, code: &str, path: &str, message: impl Into<String>, help: &str) {
        let place = format!("{}{path}", self.at);
        let finding = Finding::error(code, message).at_path(place).help(help);
        self.findings.push(finding);
    }

    fn connection(&mut self, value: &Value) -> Option<Connection> {
        let Value::Object(map) = value else {
            self.wrong(
                "wrong_type",
                "",
                "A connection is an object.",
                "Write it as {kind: http, base_url: …} or {kind: mcp, url: …}.",
            );
            return None;
        };
        match map.get("kind").and_then(Value::as_str) {
            Some("http") => self.http(map),
            Some("mcp") => self.mcp(map),
            Some("sqlite") => self.sqlite(map).map(Connection::Sqlite),
            Some("postgres") => self.postgres(map).map(Connection::Postgres),
            Some("folder") => self.folder(map).map(Connection::Folder),
            Some("smtp") => self.smtp(map).map(Connection::Smtp),
            _ => {
                let kinds = Connection::KINDS.join(", ");
                self.wrong(
                    "unknown_kind",
                    "/kind",
                    "A connection says of which kind it is.",
                    &format!("What can stand here: {kinds}."),
                );
                None
            }
        }
    }

    fn http(&mut self, map: &Map<String, Value>) -> Option<Connection> {
        self.keys(map, "", &["kind", "base_url", "headers", "tls"]);
        let base_url = self.url(map, "base_url");
        let headers = self.headers(map);
        let tls = self.tls(map);
        Some(Connection::Http(HttpConnection {
            base_url: base_url?,
            headers,
            tls,
        }))
    }

    fn mcp(&mut self, map: &Map<String, Value>) -> Option<Connection> {
        if map.contains_key("command") {
            self.keys(map, "", &["kind", "command", "env", "cwd"]);
            let command = self.command(map);
            let env = self.env(map);
            let cwd = self.path(map, "cwd", "/cwd");
            return Some(Connection::Mcp(McpConnection::Command {
                command: command?,
                env,
                cwd,
            }));
        }
        if !map.contains_key("url") {
            self.wrong(
                "missing_key",
                "",
                "An MCP connection has a url or a command.",
                "Write url: https://… for a server that runs elsewhere, or command: [program, …] for one to start here.",
            );
            return None;
        }
        self.keys(map, "", &["kind", "url", "headers"]);
        let url = self.url(map, "url");
        let headers = self.headers(map);
        Some(Connection::Mcp(McpConnection::Http { url: url?, headers }))
    }

    pub(super) fn keys(&mut self, map: &Map<String, Value>, path: &str, known: &[&str]) {
        // Each connection can have these.
        let more: &[&str] = if path.is_empty() { &RATE } else { &[] };
        let known: Vec<&str> = known.iter().chain(more).copied().collect();
        for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
            let place = format!("{path}/{}", pointer(key));
            let help = format!("What can stand here: {}.", known.join(", "));
            self.wrong(
                "unknown_key",
                &place,
                format!("{key:?} is not known here."),
                &help,
            );
        }
    }

    fn url(&mut self, map: &Map<String, Value>, key: &str) -> Option<Url> {
        let path = format!("/{key}");
        let Some(text) = map.get(key).and_then(Value::as_str) else {
            let code = if map.contains_key(key) {
                "wrong_type"
            } else {
                "missing_key"
            };
            let message = format!("{key:?} must be the address of the service.");
            self.wrong(code, &path, message, "Write it as https://host/path.");
            return None;
        };
        if !secret::names_in(text).is_empty() {
            self.wrong(
                "secret_not_allowed",
                &path,
                "An address cannot hold a secret: addresses appear in logs.",
                "Put the secret into a header.",
            );
            return None;
        }
        match Url::parse(text) {
            Ok(url) if !matches!(url.scheme(), "http" | "https") || url.host().is_none() => {
                let message = format!("{text:?} is not an address of http or https.");
                self.wrong(
                    "wrong_value",
                    &path,
                    message,
                    "Write it as https://host/path.",
                );
                None
            }
            Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                self.wrong(
                    "wrong_value",
                    &path,
                    "An address cannot hold a user or a password.",
                    "Put them into an Authorization header, with the password as a secret.",
                );
                None
            }
            Ok(url) if key == "base_url" && (url.query().is_some() || url.fragment().is_some()) => {
                self.wrong(
                    "wrong_value",
                    &path,
                    "A base_url has no query and no fragment.",
                    "Put the query into the steps.",
                );
                None
            }
            Ok(url) => Some(url),
            Err(error) => {
                let message = format!("{text:?} is not an address: {error}.");
                self.wrong(
                    "wrong_value",
                    &path,
                    message,
                    "Write it as https://host/path.",
                );
                None
            }
        }
    }

    fn texts(&mut self, map: &Map<String, Value>, key: &str) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        match map.get(key) {
            None | Some(Value::Null) => {}
            Some(Value::Object(values)) => {
                for (name, value) in values {
                    let text = match value {
                        Value::String(text) => text.clone(),
                        Value::Number(number) => number.to_string(),
                        Value::Bool(flag) => flag.to_string(),
                        _ => {
                            let place = format!("/{key}/{}", pointer(name));
                            let message = format!("The value of {name:?} must be a text.");
                            self.wrong("wrong_type", &place, message, "Put it in quotes.");
                            continue;
                        }
                    };
                    texts.insert(name.clone(), text);
                }
            }
            Some(_) => {
                let message = format!("{key:?} must be an object of names and texts.");
                self.wrong("wrong_type", &format!("/{key}"), message, "");
            }
        }
        texts
    }

    fn headers(&mut self, map: &Map<String, Value>) -> BTreeMap<String, String> {
        let headers = self.texts(map, "headers");
        for (name, value) in &headers {
            let place = format!("/headers/{}", pointer(name));
            if HeaderName::from_bytes(name.as_bytes()).is_err() {
                let message = format!("{name:?} is not the name of a header.");
                self.wrong("wrong_value", &place, message, "");
            } else if HeaderValue::from_str(value).is_err() {
                let message = format!("The value of the header {name:?} cannot be sent.");
                self.wrong("wrong_value", &place, message, "Write it on one line.");
            }
        }
        headers
    }

    fn env(&mut self, map: &Map<String, Value>) -> BTreeMap<String, String> {
        let env = self.texts(map, "env");
        for (name, value) in &env {
            if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
                let place = format!("/env/{}", pointer(name));
                let message = format!("{name:?} cannot be set as an environment variable.");
                self.wrong("wrong_value", &place, message, "");
            }
        }
        env
    }

    fn command(&mut self, map: &Map<String, Value>) -> Option<Vec<String>> {
        let words: Option<Vec<String>> =
            map.get("command")
                .and_then(Value::as_array)
                .and_then(|words| {
                    let text = |word: &Value| word.as_str().map(str::to_owned);
                    words.iter().map(text).collect()
                });
        match words.filter(|words| words.first().is_some_and(|program| !program.is_empty())) {
            Some(words) if words.iter().any(|word| !secret::names_in(word).is_empty()) => {
                self.wrong(
                    "secret_not_allowed",
                    "/command",
                    "A command cannot hold a secret: every user of the machine can read command lines.",
                    "Put the secret into env.",
                );
                None
            }
            Some(words) => Some(words),
            None => {
                self.wrong(
                    "wrong_type",
                    "/command",
                    "A command is a list of texts: the program and its arguments.",
                    "Write it as command: [program, argument, …].",
                );
                None
            }
        }
    }

    fn tls(&mut self, map: &Map<String, Value>) -> Tls {
        match map.get("tls") {
            None | Some(Value::Null) => Tls::default(),
            Some(Value::Object(tls)) => {
                self.keys(tls, "/tls", &["ca_file"]);
                Tls {
                    ca_file: self.path(tls, "ca_file", "/tls/ca_file"),
                }
            }
            Some(_) => {
                self.wrong("wrong_type", "/tls", "\"tls\" must be an object.", "");
                Tls::default()
            }
        }
    }

    pub(super) fn path(
        &mut self,
        map: &Map<String, Value>,
        key: &str,
        place: &str,
    ) -> Option<PathBuf> {
        match map.get(key) {
            None | Some(Value::Null) => None,
            Some(Value::String(path)) if !path.is_empty() && !path.contains('\0') => {
                Some(path.into())
            }
            Some(_) => {
                let message = format!("{key:?} must be the path of a file or folder.");
                self.wrong("wrong_type", place, message, "");
                None
            }
        }
    }
}

/// A key as a part of a JSON Pointer (RFC 6901).
pub(super) fn pointer(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn codes(value: Value) -> Vec<String> {
        let findings = Connection::parse("", &value).expect_err("it is wrong");
        findings
            .into_iter()
            .map(|finding| format!("{} {}", finding.code, finding.path.unwrap_or_default()))
            .collect()
    }

    #[test]
    fn reads_each_kind() {
        let http = json!({
            "kind": "http",
            "base_url": "http://127.0.0.1:8080/api/",
            "headers": { "Authorization": "Bearer {{ secrets.TOKEN }}", "x-n": 5 },
            "tls": { "ca_file": "/etc/ca.pem" },
        });
        let parsed = Connection::parse("", &http).unwrap();
        assert_eq!(parsed.secrets().into_iter().collect::<Vec<_>>(), ["TOKEN"]);
        let Connection::Http(parsed) = parsed else {
            panic!("{parsed:?}")
        };
        assert_eq!(parsed.headers["x-n"], "5");

        let command = json!({ "kind": "mcp", "command": ["uvx", "srv"], "env": { "K": "v" } });
        let parsed = Connection::parse("", &command).unwrap();
        assert_eq!(parsed.kind(), "mcp");
        let url = json!({ "kind": "mcp", "url": "https://mcp.example.com/mcp" });
        assert!(Connection::parse("", &url).is_ok());
    }

    #[test]
    fn says_everything_that_is_wrong_with_its_place() {
        assert_eq!(codes(json!([])), ["wrong_type "]);
        assert_eq!(codes(json!({})), ["unknown_kind /kind"]);
        assert_eq!(codes(json!({ "kind": "mcp" })), ["missing_key "]);
        assert_eq!(
            codes(json!({
                "kind": "http", "base": "x", "headers": { "a b": "c", "d": [], "e": "x\ny" },
                "tls": { "insecure": true },
            })),
            [
                "unknown_key /base",
                "missing_key /base_url",
                "wrong_type /headers/d",
                "wrong_value /headers/a b",
                "wrong_value /headers/e",
                "unknown_key /tls/insecure",
            ]
        );
        for base_url in [
            "ftp://x",
            "x",
            "http://u:p@h/",
            "http://h/?a=1",
            "file:///etc",
        ] {
            let wrong = json!({ "kind": "http", "base_url": base_url });
            assert_eq!(codes(wrong), ["wrong_value /base_url"], "{base_url}");
        }
        let secret = "https://h/{{ secrets.K }}";
        assert_eq!(
            codes(json!({ "kind": "mcp", "url": secret })),
            ["secret_not_allowed /url"]
        );
        assert_eq!(
            codes(
                json!({ "kind": "mcp", "command": ["a", "{{ secrets.K }}"], "env": { "A=": "" } })
            ),
            ["secret_not_allowed /command", "wrong_value /env/A="]
        );
        assert_eq!(
            codes(json!({ "kind": "mcp", "command": "npx x", "url": "https://h" })),
            ["unknown_key /url", "wrong_type /command"]
        );
    }
}
