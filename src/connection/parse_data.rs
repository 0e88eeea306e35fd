//! Reads connections to databases, folders and mail servers.

use super::data::{
    FolderConnection, PostgresConnection, SESSIONS, SmtpConnection, SmtpTls, SqliteConnection,
    is_here,
};
use super::parse::{Reader, pointer};
use crate::secret;
use lettre::message::Mailbox;
use serde_json::{Map, Value};
use std::path::PathBuf;
use url::Url;

type Keys = Map<String, Value>;

impl Reader {
    pub(super) fn sqlite(&mut self, map: &Keys) -> Option<SqliteConnection> {
        self.keys(
            map,
            "",
            &["kind", "path", "read_only", "create", "max_sessions"],
        );
        let path = self.needed_path(map, "The path of the database's file.");
        let read_only = self.flag(map, "read_only");
        let create = self.flag(map, "create");
        if read_only && create {
            self.wrong(
                "exclusive_keys",
                "/create",
                "\"create\" and \"read_only\" exclude each other.",
                "A database that is only read has to be there.",
            );
        }
        let max_sessions = self.sessions(map);
        Some(SqliteConnection {
            path: path?,
            read_only,
            create,
            max_sessions,
        })
    }

    pub(super) fn folder(&mut self, map: &Keys) -> Option<FolderConnection> {
        self.keys(map, "", &["kind", "path", "read_only"]);
        let path = self.needed_path(map, "The path of the folder.");
        let read_only = self.flag(map, "read_only");
        Some(FolderConnection {
            path: path?,
            read_only,
        })
    }

    pub(super) fn postgres(&mut self, map: &Keys) -> Option<PostgresConnection> {
        const PARTS: [&str; 4] = ["host", "port", "database", "user"];
        self.keys(
            map,
            "",
            &[
                "kind",
                "url",
                "host",
                "port",
                "database",
                "user",
                "password",
                "tls",
                "read_only",
                "max_sessions",
            ],
        );
        let place = if map.contains_key("url") {
            for key in PARTS.into_iter().filter(|key| map.contains_key(*key)) {
                self.wrong(
                    "exclusive_keys",
                    &format!("/{key}"),
                    format!("\"url\" and {key:?} exclude each other."),
                    "Write either the url or its parts.",
                );
            }
            self.postgres_url(map)
        } else {
            self.postgres_parts(map)
        };
        let password = self.password(map);
        let (mode, ca_file) = self.tls_of(map, &["require", "off"]);
        let read_only = self.flag(map, "read_only");
        let max_sessions = self.sessions(map);
        let (host, port, database, user) = place?;
        let tls = match mode.as_deref() {
            Some(mode) => mode == "require",
            None => !is_here(&host),
        };
        if host.starts_with('/') && mode.as_deref() == Some("require") {
            self.wrong(
                "wrong_value",
                "/tls/mode",
                "A Unix socket has no TLS.",
                "Leave tls out: the socket never leaves the machine.",
            );
        }
        Some(PostgresConnection {
            host,
            port,
            database,
            user,
            password,
            tls,
            ca_file,
            read_only,
            max_sessions,
        })
    }

    fn postgres_parts(&mut self, map: &Keys) -> Option<(String, u16, String, String)> {
        let host = self.needed_text(map, "host", "The host, or the folder of a Unix socket.");
        let port = self.port(map);
        let user = self.needed_text(map, "user", "The role that signs in.");
        let database = self.text(map, "database").or_else(|| user.clone());
        Some((host?, port.unwrap_or(5432), database?, user?))
    }

    fn postgres_url(&mut self, map: &Keys) -> Option<(String, u16, String, String)> {
        const HELP: &str = "Write it as postgres://user@host:5432/database.";
        let text = self.needed_text(map, "url", HELP)?;
        let Ok(url) = Url::parse(&text) else {
            self.wrong("wrong_value", "/url", "This is not an address.", HELP);
            return None;
        };
        let mut right = true;
        let mut say = |reader: &mut Self, message: &str, help: &str| {
            reader.wrong("wrong_value", "/url", message, help);
            right = false;
        };
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            say(
                self,
                "The address of a PostgreSQL server begins with postgres://.",
                HELP,
            );
        }
        if url.password().is_some() || !secret::names_in(&text).is_empty() {
            say(
                self,
                "An address cannot hold a password: addresses appear in logs.",
                "Write password: \"{{ secrets.NAME }}\" beside it.",
            );
        }
        if url.query().is_some() || url.fragment().is_some() {
            say(
                self,
                "The address has no query and no fragment.",
                "What they would say stands in keys of its own, such as tls.",
            );
        }
        let plain = |part: &str| percent_decoded(part);
        let host = url.host_str().map(plain).unwrap_or_default();
        let user = plain(url.username());
        if host.is_empty() || user.is_empty() {
            say(self, "The address names no host or no user.", HELP);
        }
        let database = match url.path().trim_start_matches('/') {
            "" => user.clone(),
            name => plain(name),
        };
        let host = host.trim_matches(['[', ']']).to_owned();
        right.then(|| (host, url.port().unwrap_or(5432), database, user))
    }

    pub(super) fn smtp(&mut self, map: &Keys) -> Option<SmtpConnection> {
        self.keys(
            map,
            "",
            &[
                "kind",
                "host",
                "port",
                "from",
                "tls",
                "user",
                "password",
                "recipients",
            ],
        );
        let host = self.needed_text(map, "host", "The host of the mail server.");
        let given_port = self.port(map);
        let from = self.needed_text(map, "from", "Whom messages are from.");
        if from
            .as_ref()
            .is_some_and(|from| from.parse::<Mailbox>().is_err())
        {
            self.wrong(
                "wrong_value",
                "/from",
                "\"from\" is not an address of mail.",
                "Write it as Druse <druse@example.com>.",
            );
        }
        let (mode, ca_file) = self.tls_of(map, &["tls", "starttls", "off"]);
        let user = self.text(map, "user");
        let password = self.password(map);
        if user.is_some() != password.is_some() {
            self.wrong(
                "missing_key",
                "",
                "A mail server wants a user and a password, or neither.",
                "Write both, or leave both out.",
            );
        }
        let recipients = self.recipients(map);
        let host = host?;
        let tls = match (mode.as_deref(), given_port) {
            (Some("tls"), _) | (None, Some(465)) => SmtpTls::Tls,
            (Some("off"), _) => SmtpTls::Off,
            (None, _) if is_here(&host) => SmtpTls::Off,
            _ => SmtpTls::StartTls,
        };
        if tls == SmtpTls::Off && password.is_some() && !is_here(&host) {
            self.wrong(
                "wrong_value",
                "/tls/mode",
                "A password is not sent over the network without encryption.",
                "Write tls: {mode: starttls} or {mode: tls}.",
            );
        }
        Some(SmtpConnection {
            host,
            port: given_port.unwrap_or_else(|| tls.usual_port()),
            from: from?,
            tls,
            ca_file,
            user,
            password,
            recipients,
        })
    }

    fn recipients(&mut self, map: &Keys) -> Vec<String> {
        match map.get("recipients") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(patterns)) => {
                let mut known = Vec::new();
                for (index, pattern) in patterns.iter().enumerate() {
                    match pattern.as_str() {
                        Some(text) if text.contains('@') => known.push(text.to_owned()),
                        _ => self.wrong(
                            "wrong_value",
                            &format!("/recipients/{index}"),
                            "This is not an address of mail.",
                            "Write ana@example.com, or *@example.com for everybody there.",
                        ),
                    }
                }
                if patterns.is_empty() {
                    self.wrong(
                        "wrong_value",
                        "/recipients",
                        "An empty list would let nobody be written to.",
                        "Leave \"recipients\" out to let anybody be written to.",
                    );
                }
                known
            }
            Some(_) => {
                self.wrong(
                    "wrong_type",
                    "/recipients",
                    "\"recipients\" must be a list of addresses.",
                    "Write recipients: [\"*@example.com\"].",
                );
                Vec::new()
            }
        }
    }

    /// A password, which is always a secret.
    fn password(&mut self, map: &Keys) -> Option<String> {
        let text = self.text(map, "password")?;
        if secret::names_in(&text).is_empty() {
            self.wrong(
                "secret_needed",
                "/password",
                "A password stands in the store of secrets, not in a connection.",
                "Write password: \"{{ secrets.NAME }}\", and set it with druse secrets set NAME.",
            );
        }
        Some(text)
    }

    fn tls_of(&mut self, map: &Keys, modes: &[&str]) -> (Option<String>, Option<PathBuf>) {
        match map.get("tls") {
            None | Some(Value::Null) => (None, None),
            Some(Value::Object(tls)) => {
                self.keys(tls, "/tls", &["mode", "ca_file"]);
                let ca_file = self.path(tls, "ca_file", "/tls/ca_file");
                let mode = match tls.get("mode") {
                    None | Some(Value::Null) => None,
                    Some(Value::String(mode)) if modes.contains(&mode.as_str()) => {
                        Some(mode.clone())
                    }
                    Some(_) => {
                        let help = format!("What can stand here: {}.", modes.join(", "));
                        self.wrong(
                            "wrong_value",
                            "/tls/mode",
                            "This is not a mode of encryption.",
                            &help,
                        );
                        None
                    }
                };
                if ca_file.is_some() && mode.as_deref() == Some("off") {
                    self.wrong(
                        "exclusive_keys",
                        "/tls/ca_file",
                        "Without encryption no certificate is checked.",
                        "Leave \"ca_file\" or \"mode: off\" out.",
                    );
                }
                (mode, ca_file)
            }
            Some(_) => {
                self.wrong("wrong_type", "/tls", "\"tls\" must be an object.", "");
                (None, None)
            }
        }
    }

    fn needed_path(&mut self, map: &Keys, help: &str) -> Option<PathBuf> {
        if map.get("path").is_none_or(Value::is_null) {
            self.wrong("missing_key", "/path", "\"path\" is missing.", help);
            return None;
        }
        self.path(map, "path", "/path")
    }

    fn needed_text(&mut self, map: &Keys, key: &str, help: &str) -> Option<String> {
        if map.get(key).is_none_or(Value::is_null) {
            let place = format!("/{}", pointer(key));
            self.wrong("missing_key", &place, format!("{key:?} is missing."), help);
            return None;
        }
        self.text(map, key)
    }

    fn text(&mut self, map: &Keys, key: &str) -> Option<String> {
        match map.get(key) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if !text.is_empty() && !text.contains(['\0', '\n']) => {
                Some(text.clone())
            }
            Some(_) => {
                let place = format!("/{}", pointer(key));
                self.wrong("wrong_type", &place, format!("{key:?} must be a text."), "");
                None
            }
        }
    }

    fn flag(&mut self, map: &Keys, key: &str) -> bool {
        match map.get(key) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                let message = format!("{key:?} must be true or false.");
                self.wrong("wrong_type", &format!("/{key}"), message, "");
                false
            }
        }
    }

    fn port(&mut self, map: &Keys) -> Option<u16> {
        let given = map.get("port").filter(|port| !port.is_null())?;
        let port = given.as_u64().and_then(|port| u16::try_from(port).ok());
        if port.is_none_or(|port| port == 0) {
            self.wrong(
                "wrong_value",
                "/port",
                "\"port\" must be a number between 1 and 65535.",
                "",
            );
            return None;
        }
        port
    }

    fn sessions(&mut self, map: &Keys) -> usize {
        let Some(given) = map.get("max_sessions").filter(|given| !given.is_null()) else {
            return SESSIONS;
        };
        let number = given
            .as_u64()
            .and_then(|number| usize::try_from(number).ok());
        match number.filter(|number| (1..=1_000).contains(number)) {
            Some(number) => number,
            None => {
                self.wrong(
                    "wrong_value",
                    "/max_sessions",
                    "\"max_sessions\" must be a number between 1 and 1000.",
                    "",
                );
                SESSIONS
            }
        }
    }
}

fn percent_decoded(text: &str) -> String {
    let encoded = text.replace('+', "%2B");
    url::form_urlencoded::parse(format!("a={encoded}").as_bytes())
        .next()
        .map_or_else(String::new, |(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use crate::connection::{Connection, SmtpTls};
    use serde_json::{Value, json};

    fn parsed(value: &Value) -> Connection {
        Connection::parse("", value).unwrap_or_else(|findings| panic!("{findings:?}"))
    }

    fn codes(value: Value) -> Vec<String> {
        let findings = Connection::parse("", &value).expect_err("it is wrong");
        findings
            .into_iter()
            .map(|finding| format!("{} {}", finding.code, finding.path.unwrap_or_default()))
            .collect()
    }

    #[test]
    fn a_database_in_a_file() {
        let Connection::Sqlite(sqlite) = parsed(&json!({ "kind": "sqlite", "path": "a.db" }))
        else {
            panic!()
        };
        assert!(!sqlite.read_only && !sqlite.create);
        assert_eq!(sqlite.max_sessions, 8);
        assert_eq!(
            codes(
                json!({ "kind": "sqlite", "read_only": true, "create": true, "max_sessions": 0 })
            ),
            [
                "missing_key /path",
                "exclusive_keys /create",
                "wrong_value /max_sessions"
            ]
        );
        assert_eq!(
            codes(json!({ "kind": "folder", "path": 1, "readonly": true })),
            ["unknown_key /readonly", "wrong_type /path"]
        );
    }

    #[test]
    fn postgres_by_url_or_by_parts() {
        let url = json!({
            "kind": "postgres", "url": "postgresql://app%40x@db.example.com/books",
            "password": "{{ secrets.PG }}", "read_only": true,
        });
        let connection = parsed(&url);
        assert_eq!(connection.secrets().into_iter().collect::<Vec<_>>(), ["PG"]);
        let Connection::Postgres(by_url) = connection else {
            panic!()
        };
        assert_eq!(
            (by_url.user.as_str(), by_url.host.as_str(), by_url.port),
            ("app@x", "db.example.com", 5432)
        );
        assert_eq!(by_url.database, "books");
        assert!(by_url.tls && by_url.read_only);
        let parts = json!({ "kind": "postgres", "host": "/run/postgresql", "user": "app" });
        let Connection::Postgres(by_parts) = parsed(&parts) else {
            panic!()
        };
        assert_eq!(by_parts.database, "app");
        assert!(!by_parts.tls);
        for (host, mode, expected) in [
            ("127.0.0.1", json!(null), false),
            ("::1", json!(null), false),
            ("127.0.0.1", json!("require"), true),
            ("10.0.0.1", json!(null), true),
            ("10.0.0.1", json!("off"), false),
        ] {
            let value =
                json!({ "kind": "postgres", "host": host, "user": "a", "tls": { "mode": mode } });
            let Connection::Postgres(postgres) = parsed(&value) else {
                panic!()
            };
            assert_eq!(postgres.tls, expected, "{host} {mode}");
        }
        assert_eq!(
            codes(json!({
                "kind": "postgres", "url": "postgres://a:b@h/d?sslmode=disable", "host": "h",
                "password": "plain", "tls": { "mode": "prefer" },
            })),
            [
                "exclusive_keys /host",
                "wrong_value /url",
                "wrong_value /url",
                "secret_needed /password",
                "wrong_value /tls/mode",
            ]
        );
        assert_eq!(
            codes(json!({ "kind": "postgres", "url": "mysql://h" })),
            ["wrong_value /url", "wrong_value /url"]
        );
        assert_eq!(
            codes(json!({ "kind": "postgres", "port": 70000 })),
            [
                "missing_key /host",
                "wrong_value /port",
                "missing_key /user"
            ]
        );
    }

    #[test]
    fn mail_servers_are_spoken_to_in_secret() {
        let account = json!({
            "kind": "smtp", "host": "mail.example.com", "from": "Druse <druse@example.com>",
            "user": "druse", "password": "{{ secrets.MAIL }}", "recipients": ["*@example.com"],
        });
        let Connection::Smtp(smtp) = parsed(&account) else {
            panic!()
        };
        assert_eq!((smtp.tls, smtp.port), (SmtpTls::StartTls, 587));
        for (host, port, mode, tls, expected) in [
            ("m", json!(465), json!(null), SmtpTls::Tls, 465),
            ("m", json!(null), json!("tls"), SmtpTls::Tls, 465),
            ("m", json!(2525), json!("off"), SmtpTls::Off, 2525),
            ("localhost", json!(null), json!(null), SmtpTls::Off, 25),
            (
                "127.0.0.1",
                json!(null),
                json!("starttls"),
                SmtpTls::StartTls,
                587,
            ),
        ] {
            let value = json!({
                "kind": "smtp", "host": host, "port": port, "from": "a@b", "tls": { "mode": mode },
            });
            let Connection::Smtp(smtp) = parsed(&value) else {
                panic!()
            };
            assert_eq!(
                (smtp.tls, smtp.port),
                (tls, expected),
                "{host} {port} {mode}"
            );
        }
        assert_eq!(
            codes(json!({
                "kind": "smtp", "host": "m", "from": "nobody", "tls": { "mode": "off" },
                "user": "u", "password": "{{ secrets.P }}", "recipients": [],
            })),
            [
                "wrong_value /from",
                "wrong_value /recipients",
                "wrong_value /tls/mode"
            ]
        );
        assert_eq!(
            codes(json!({ "kind": "smtp", "host": "m", "from": "a@b", "user": "u" })),
            ["missing_key "]
        );
    }
}
