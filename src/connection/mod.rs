//! Connections: where actions may reach, as an administrator set it up.

pub mod client;
mod file;
mod parse;
mod registry;

pub use file::{is_name, parse_file};
pub use registry::{Connections, Open, OpenError};

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
    /// `http` or `mcp`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Mcp(_) => "mcp",
        }
    }

    /// The names of the secrets that it needs.
    pub fn secrets(&self) -> BTreeSet<String> {
        let values = match self {
            Self::Http(http) => &http.headers,
            Self::Mcp(McpConnection::Http { headers, .. }) => headers,
            Self::Mcp(McpConnection::Command { env, .. }) => env,
        };
        values
            .values()
            .flat_map(|value| secret::names_in(value))
            .map(str::to_owned)
            .collect()
    }
}
