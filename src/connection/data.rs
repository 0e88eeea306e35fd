//! Connections to where data lives: databases, folders, mail servers.

use std::path::PathBuf;

/// How many sessions a database connection has at once, when it does not say.
pub(super) const SESSIONS: usize = 8;

/// `{kind: sqlite, path, read_only?, create?, max_sessions?}`: a database in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteConnection {
    /// The file.
    pub path: PathBuf,
    /// Whether nothing can be changed through it.
    pub read_only: bool,
    /// Whether a file that is not there is made.
    pub create: bool,
    /// The most sessions at once.
    pub max_sessions: usize,
}

/// `{kind: postgres, url | host…, password?, tls?, read_only?, max_sessions?}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresConnection {
    /// The host, or the folder of a Unix socket.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// The role.
    pub user: String,
    /// `{{ secrets.NAME }}`.
    pub password: Option<String>,
    /// Whether the session is encrypted, and the server's certificate checked.
    pub tls: bool,
    /// A PEM file of certificate authorities that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Whether every statement runs in a read-only transaction.
    pub read_only: bool,
    /// The most sessions at once.
    pub max_sessions: usize,
}

/// `{kind: folder, path, read_only?}`: files below a folder, and nothing beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderConnection {
    /// The folder.
    pub path: PathBuf,
    /// Whether nothing can be changed through it.
    pub read_only: bool,
}

/// `{kind: smtp, host, from, port?, tls?, user?, password?, recipients?}`: a mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpConnection {
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whom messages are from: `Druse <druse@example.com>`.
    pub from: String,
    /// How the session is encrypted.
    pub tls: SmtpTls,
    /// A PEM file of certificate authorities that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// The account.
    pub user: Option<String>,
    /// `{{ secrets.NAME }}`.
    pub password: Option<String>,
    /// Whom messages may go to: addresses, with `*` for any characters. Empty: anybody.
    pub recipients: Vec<String>,
}

/// How a session with a mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// From the first byte.
    Tls,
    /// After `STARTTLS`, which the server must offer.
    StartTls,
    /// Not at all.
    Off,
}

impl SmtpTls {
    /// The name in connections.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::StartTls => "starttls",
            Self::Off => "off",
        }
    }

    /// The port that is usual with it.
    pub(super) fn usual_port(self) -> u16 {
        match self {
            Self::Tls => 465,
            Self::StartTls => 587,
            Self::Off => 25,
        }
    }
}

/// Whether a host is this machine, so that nobody else sees what is sent to it.
pub(super) fn is_here(host: &str) -> bool {
    host.starts_with('/')
        || host.eq_ignore_ascii_case("localhost")
        || host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
