//! The JSON Schema of connections, for the API's description and for editors. What is right beyond its
//! shape (addresses, secrets, what excludes what) is said by the reader of connections.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A connection as it is written. Values of headers, of the environment and passwords may be
/// `{{ secrets.NAME }}`; a password must be.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Definition {
    /// An HTTP service.
    Http {
        /// A step's `path` is appended to it.
        base_url: String,
        /// Sent with every request.
        #[schemars(default)]
        headers: Option<BTreeMap<String, Value>>,
        /// How it is trusted.
        #[schemars(default)]
        tls: Option<TlsFiles>,
        /// How many attempts of steps may begin over it in any period: `30/m`. Left out: no limit.
        #[schemars(default, regex(pattern = "^0*[1-9][0-9]*/[smhd]$"))]
        rate: Option<String>,
        /// How many of them may begin at once; left out: as many as the rate says.
        #[schemars(default, range(min = 1))]
        burst: Option<u32>,
    },
    /// An MCP server: either `url`, or `command` for one that is started here.
    Mcp {
        /// Its address.
        #[schemars(default)]
        url: Option<String>,
        /// Sent with every request.
        #[schemars(default)]
        headers: Option<BTreeMap<String, Value>>,
        /// The program and its arguments.
        #[schemars(default)]
        command: Option<Vec<String>>,
        /// Its environment.
        #[schemars(default)]
        env: Option<BTreeMap<String, Value>>,
        /// Where it runs.
        #[schemars(default)]
        cwd: Option<String>,
        /// How many attempts of steps may begin over it in any period: `30/m`. Left out: no limit.
        #[schemars(default, regex(pattern = "^0*[1-9][0-9]*/[smhd]$"))]
        rate: Option<String>,
        /// How many of them may begin at once; left out: as many as the rate says.
        #[schemars(default, range(min = 1))]
        burst: Option<u32>,
    },
    /// A database in a file.
    Sqlite {
        /// The file.
        path: String,
        /// Nothing can be changed through it.
        #[schemars(default)]
        read_only: Option<bool>,
        /// A file that is not there is made.
        #[schemars(default)]
        create: Option<bool>,
        /// The most sessions at once; left out: 8.
        #[schemars(default, range(min = 1, max = 1000))]
        max_sessions: Option<u32>,
        /// How many attempts of steps may begin over it in any period: `30/m`. Left out: no limit.
        #[schemars(default, regex(pattern = "^0*[1-9][0-9]*/[smhd]$"))]
        rate: Option<String>,
        /// How many of them may begin at once; left out: as many as the rate says.
        #[schemars(default, range(min = 1))]
        burst: Option<u32>,
    },
    /// A PostgreSQL database: either `url`, or `host` and `user`.
    Postgres {
        /// `postgres://user@host:5432/database`, without a password.
        #[schemars(default)]
        url: Option<String>,
        /// The host, or the folder of a Unix socket.
        #[schemars(default)]
        host: Option<String>,
        /// Left out: 5432.
        #[schemars(default, range(min = 1))]
        port: Option<u16>,
        /// Left out: the user's name.
        #[schemars(default)]
        database: Option<String>,
        /// The role that signs in.
        #[schemars(default)]
        user: Option<String>,
        /// `{{ secrets.NAME }}`.
        #[schemars(default)]
        password: Option<String>,
        /// Left out: required, except on this machine.
        #[schemars(default)]
        tls: Option<PostgresTls>,
        /// Every statement runs in a read-only transaction.
        #[schemars(default)]
        read_only: Option<bool>,
        /// The most sessions at once; left out: 8.
        #[schemars(default, range(min = 1, max = 1000))]
        max_sessions: Option<u32>,
        /// How many attempts of steps may begin over it in any period: `30/m`. Left out: no limit.
        #[schemars(default, regex(pattern = "^0*[1-9][0-9]*/[smhd]$"))]
        rate: Option<String>,
        /// How many of them may begin at once; left out: as many as the rate says.
        #[schemars(default, range(min = 1))]
        burst: Option<u32>,
    },
    /// Files below a folder.
    Folder {
        /// The folder.
        path: String,
        /// Nothing can be changed through it.
        #[schemars(default)]
        read_only: Option<bool>,
        /// How many attempts of steps may begin over it in any period: `30/m`. Left out: no limit.
        #[schemars(default, regex(pattern = "^0*[1-9][0-9]*/[smhd]$"))]
        rate: Option<String>,
        /// How many of them may begin at once; left out: as many as the rate says.
        #[schemars(default, range(min = 1))]
        burst: Option<u32>,
    },
    /// A mail server.
    Smtp {
        /// Its host.
        host: String,
        /// Left out: the one that is usual with `tls`.
        #[schemars(default, range(min = 1))]
        port: Option<u16>,
        /// Whom messages are from.
        from: String,
        /// Left out: `tls` on port 465, `off` on this machine, otherwise `starttls`.
        #[schemars(default)]
        tls: Option<SmtpTlsFiles>,
        /// The account.
        #[schemars(default)]
        user: Option<String>,
        /// `{{ secrets.NAME }}`.
        #[schemars(default)]
        password: Option<String>,
        /// Whom messages may go to, such as `*@example.com`; left out: anybody.
        #[schemars(default)]
        recipients: Option<Vec<String>>,
        /// How many attempts of steps may begin over it in any period: `30/m`. Left out: no limit.
        #[schemars(default, regex(pattern = "^0*[1-9][0-9]*/[smhd]$"))]
        rate: Option<String>,
        /// How many of them may begin at once; left out: as many as the rate says.
        #[schemars(default, range(min = 1))]
        burst: Option<u32>,
    },
}

/// How a service is trusted over TLS.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// A PEM file of certificate authorities that are trusted besides the system's.
    #[schemars(default)]
    ca_file: Option<String>,
}

/// How a session with PostgreSQL is encrypted.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostgresTls {
    /// `require`, which also checks the certificate, or `off`.
    #[schemars(default)]
    mode: Option<PostgresTlsMode>,
    /// A PEM file of certificate authorities that are trusted besides the system's.
    #[schemars(default)]
    ca_file: Option<String>,
}

/// Whether a session with PostgreSQL is encrypted.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code)]
pub(super) enum PostgresTlsMode {
    /// Encrypted, with a certificate that is checked.
    Require,
    /// Not encrypted.
    Off,
}

/// How a session with a mail server is encrypted.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmtpTlsFiles {
    /// `tls`, `starttls` or `off`.
    #[schemars(default)]
    mode: Option<SmtpTlsMode>,
    /// A PEM file of certificate authorities that are trusted besides the system's.
    #[schemars(default)]
    ca_file: Option<String>,
}

/// When a session with a mail server is encrypted.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code)]
pub(super) enum SmtpTlsMode {
    /// From the first byte.
    Tls,
    /// After `STARTTLS`.
    Starttls,
    /// Never.
    Off,
}

/// A connections file.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct File {
    /// The connections by name.
    connections: BTreeMap<String, Definition>,
}

/// The JSON Schema of a connections file.
pub fn file_schema() -> Value {
    let mut schema = schemars::schema_for!(File).to_value();
    if let Some(map) = schema.as_object_mut() {
        map.insert("$id".into(), "urn:druse:schema:connections:1".into());
        map.insert("title".into(), "Druse connections".into());
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::Connection;
    use serde_json::json;

    /// The schema takes what the reader takes, and sees what has another shape.
    #[test]
    fn schema_and_reader_agree() {
        let schema = schemars::schema_for!(Definition).to_value();
        let fits = |value: &Value| druse_engine::plan::check_value(&schema, value).is_empty();
        let right = [
            json!({ "kind": "http", "base_url": "https://h", "headers": { "a": "b", "c": 5 }, "tls": { "ca_file": "/a" } }),
            json!({ "kind": "mcp", "url": "https://h" }),
            json!({ "kind": "mcp", "command": ["a"], "env": { "A": "b" }, "cwd": "/a" }),
            json!({ "kind": "sqlite", "path": "a.db", "read_only": true, "max_sessions": 2 }),
            json!({ "kind": "sqlite", "path": "a.db", "create": true }),
            json!({ "kind": "postgres", "url": "postgres://u@h/d", "password": "{{ secrets.P }}", "tls": { "mode": "require", "ca_file": "/a" } }),
            json!({ "kind": "postgres", "host": "h", "port": 1, "database": "d", "user": "u", "read_only": null }),
            json!({ "kind": "folder", "path": "/a", "read_only": false }),
            json!({ "kind": "smtp", "host": "h", "port": 25, "from": "a@b", "tls": { "mode": "starttls" }, "user": "u", "password": "{{ secrets.P }}", "recipients": ["*@b"] }),
        ];
        for value in &right {
            assert!(Connection::parse("", value).is_ok(), "{value}");
            assert!(fits(value), "{value}");
        }
        for kind in Connection::KINDS {
            assert!(right.iter().any(|value| value["kind"] == kind), "{kind}");
        }
        let wrong = [
            json!({}),
            json!({ "kind": "ftp" }),
            json!({ "kind": "http" }),
            json!({ "kind": "sqlite" }),
            json!({ "kind": "sqlite", "path": "a", "read_only": "yes" }),
            json!({ "kind": "sqlite", "path": "a", "max_sessions": 0 }),
            json!({ "kind": "folder", "path": "a", "readonly": true }),
            json!({ "kind": "postgres", "host": "h", "user": "u", "port": 0 }),
            json!({ "kind": "postgres", "host": "h", "user": "u", "tls": { "mode": "prefer" } }),
            json!({ "kind": "smtp", "host": "h" }),
            json!({ "kind": "smtp", "host": "h", "from": "a@b", "recipients": "a@b" }),
        ];
        for value in &wrong {
            assert!(Connection::parse("", value).is_err(), "{value}");
            assert!(!fits(value), "{value}");
        }
    }

    #[test]
    fn a_file_has_a_schema_of_its_own() {
        let schema = file_schema();
        let file = json!({ "connections": { "a": { "kind": "folder", "path": "/a" } } });
        assert!(druse_engine::plan::check_value(&schema, &file).is_empty());
        let other = json!({ "connections": {}, "more": 1 });
        assert!(!druse_engine::plan::check_value(&schema, &other).is_empty());
    }
}
