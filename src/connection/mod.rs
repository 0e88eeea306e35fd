//! Connections: where actions may reach, as an administrator set it up.

mod clear;
pub mod client;
mod data;
mod file;
pub(crate) mod kept;
mod open;
mod parse;
mod parse_data;
mod parse_rate;
mod registry;
mod schema;

pub use clear::in_clear;
pub use data::{FolderConnection, PostgresConnection, SmtpConnection, SmtpTls, SqliteConnection};
pub use file::{file_definitions, is_name, parse_file};
pub use open::{PostgresAccess, SmtpAccess};
pub use parse_rate::rate_of;
pub use registry::{Connections, Open, OpenError};
pub use schema::{Definition, file_schema};

use crate::secret;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};
use url::Url;

/// A connection. The values of headers and of the environment may hold `{{ secrets.NAME }}`.
#[derive(Debug, Clone, PartialEq)]
pub enum Connection {
    /// `{kind: http, base_url, headers?, tls?}`.
    Http(HttpConnection),
    /// `{kind: mcp, url, headers?}` or `{kind: mcp, command, env?, cwd?}`.
    Mcp(McpConnection),
    /// `{kind: sqlite, path, read_only?, create?, max_sessions?}`.
    Sqlite(SqliteConnection),
    /// `{kind: postgres, url | host…, password?, tls?, read_only?, max_sessions?}`.
    Postgres(PostgresConnection),
    /// `{kind: folder, path, read_only?}`.
    Folder(FolderConnection),
    /// `{kind: smtp, host, from, port?, tls?, user?, password?, recipients?}`.
    Smtp(SmtpConnection),
}

/// An HTTP service.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpConnection {
    /// A step's `path` is appended to it.
    pub base_url: Url,
    /// Sent with every request.
    pub headers: BTreeMap<String, String>,
    /// How it is trusted.
    pub tls: Tls,
}

/// How a service is trusted over TLS.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tls {
    /// A PEM file of certificate authorities that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
}

/// An MCP server.
#[derive(Debug, Clone, PartialEq)]
pub enum McpConnection {
    /// Over streamable HTTP.
    Http {
        /// Its address.
        url: Url,
        /// Sent with every request.
        headers: BTreeMap<String, String>,
    },
    /// A program that is started here.
    Command {
        /// The program and its arguments.
        command: Vec<String>,
        /// Its environment.
        env: BTreeMap<String, String>,
        /// Where it runs.
        cwd: Option<PathBuf>,
    },
}

impl Connection {
    /// The kinds, as they stand under `kind`.
    pub const KINDS: [&'static str; 6] = ["http", "mcp", "sqlite", "postgres", "folder", "smtp"];

    /// `http`, `mcp`, `sqlite`, `postgres`, `folder` or `smtp`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Mcp(_) => "mcp",
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgres",
            Self::Folder(_) => "folder",
            Self::Smtp(_) => "smtp",
        }
    }

    /// The names of the secrets that it needs.
    pub fn secrets(&self) -> BTreeSet<String> {
        let (many, one) = match self {
            Self::Http(http) => (Some(&http.headers), None),
            Self::Mcp(McpConnection::Http { headers, .. }) => (Some(headers), None),
            Self::Mcp(McpConnection::Command { env, .. }) => (Some(env), None),
            Self::Postgres(postgres) => (None, postgres.password.as_ref()),
            Self::Smtp(smtp) => (None, smtp.password.as_ref()),
            Self::Sqlite(_) | Self::Folder(_) => (None, None),
        };
        many.into_iter()
            .flat_map(BTreeMap::values)
            .chain(one)
            .flat_map(|value| secret::names_in(value))
            .map(str::to_owned)
            .collect()
    }
}
