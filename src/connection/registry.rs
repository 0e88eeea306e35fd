//! The connections that this process knows, and what is open behind them.

use super::{Connection, HttpConnection, McpConnection, client, kept::Kept, open::DataState};
use crate::{
    action::shell::watchdog,
    open_files,
    secret::{MissingSecret, Secrets},
};
use druse_engine::{definition::FailureClass, event::Failure};
use druse_mcp::{Endpoint, Options, Pool, ToolInfo};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

/// How long a test of a connection may take.
const TEST: Duration = Duration::from_secs(15);

/// The connections by name. A change is seen by the next attempt; attempts that run keep what they have.
#[derive(Debug)]
pub struct Connections {
    open: RwLock<BTreeMap<String, Arc<Open>>>,
    secrets: Arc<Secrets>,
}

impl Connections {
    /// None yet.
    pub fn new(secrets: Arc<Secrets>) -> Self {
        Self {
            open: RwLock::default(),
            secrets,
        }
    }

    /// Adds or replaces one. What is open stays open if nothing changed.
    pub fn set(&self, name: impl Into<String>, connection: Connection) {
        let name = name.into();
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        if open
            .get(&name)
            .is_none_or(|old| old.connection != connection)
        {
            let new = Open::new(name.clone(), connection, self.secrets.clone());
            open.insert(name, Arc::new(new));
        }
    }

    /// Removes one; whether it was there. What is open closes when the last attempt lets go of it.
    pub fn remove(&self, name: &str) -> bool {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        open.remove(name).is_some()
    }

    /// Puts these in the place of all.
    pub fn replace(&self, all: BTreeMap<String, Connection>) {
        let gone: Vec<_> = self.names();
        for name in gone.iter().filter(|name| !all.contains_key(*name)) {
            self.remove(name);
        }
        for (name, connection) in all {
            self.set(name, connection);
        }
    }

    /// The names, sorted.
    pub fn names(&self) -> Vec<String> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.keys().cloned().collect()
    }

    /// One by its name.
    ///
    /// # Errors
    /// When there is none.
    pub fn get(&self, name: &str) -> Result<Arc<Open>, OpenError> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.get(name)
            .cloned()
            .ok_or_else(|| OpenError::Missing { name: name.into() })
    }

    /// Tries one out: `{kind, message, …}`, where the message says in one sentence what was found.
    ///
    /// # Errors
    /// A failure without secrets.
    pub async fn test(&self, name: &str) -> Result<Value, Failure> {
        let tested = match self.get(name) {
            Ok(open) => open.test().await,
            Err(error) => Err(error.into()),
        };
        tested.map_err(|failure| self.secrets.redactor().redact_failure(failure))
    }

    /// Tries one out that is not kept, as [`Connections::test`] does.
    ///
    /// # Errors
    /// A failure without secrets.
    pub async fn try_out(&self, name: &str, connection: Connection) -> Result<Value, Failure> {
        let open = Open::new(name.to_owned(), connection, self.secrets.clone());
        let tested = open.test().await;
        if let Some(pool) = open.pool() {
            pool.close().await;
        }
        tested.map_err(|failure| self.secrets.redactor().redact_failure(failure))
    }

    /// The names of the tools that an MCP server offered when it was asked last, since the process began.
    pub fn last_tools(&self, name: &str) -> Vec<String> {
        self.get(name)
            .map_or_else(|_| Vec::new(), |open| open.last_tools())
    }

    /// Ends everything that is open, programs first politely.
    pub async fn close(&self) {
        let all: Vec<_> = {
            let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *open).into_values().collect()
        };
        let pools = all.iter().filter_map(|open| open.pool());
        futures_util::future::join_all(pools.map(|pool| async move { pool.close().await })).await;
    }
}

/// Why a connection cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// There is none of this name.
    #[error("There is no connection {name:?}. An administrator sets it up.")]
    Missing {
        /// The name.
        name: String,
    },
    /// It is of another kind.
    #[error(
        "The connection {name:?} is of kind {kind}, and this action needs one of kind {wanted}."
    )]
    WrongKind {
        /// The name.
        name: String,
        /// What it is.
        kind: &'static str,
        /// What it should be.
        wanted: &'static str,
    },
    /// It needs a secret that is not set.
    #[error("The connection {name:?} needs the secret {secret:?}, which is not set.")]
    MissingSecret {
        /// The name.
        name: String,
        /// The secret.
        secret: String,
    },
    /// It cannot be set up.
    #[error("The connection {name:?} cannot be used. {reason}")]
    Unusable {
        /// The name.
        name: String,
        /// One sentence.
        reason: String,
    },
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let code = match &error {
            OpenError::Missing { .. } => "missing_connection",
            OpenError::WrongKind { .. } => "wrong_connection",
            OpenError::MissingSecret { .. } => "missing_secret",
            OpenError::Unusable { .. } => "connection_unusable",
        };
        Failure::new(FailureClass::Permanent, code, error.to_string())
    }
}

/// A connection with what is open behind it.
pub struct Open {
    name: String,
    connection: Connection,
    secrets: Arc<Secrets>,
    client: Kept<reqwest::Client>,
    pool: Mutex<Option<Filled>>,
    /// The names of the tools that its server offered last.
    tools: Mutex<Vec<String>>,
    pub(super) data: DataState,
}

/// A pool and the secrets that it was made with.
struct Filled {
    generation: u64,
    values: BTreeMap<String, String>,
    pool: Arc<Pool>,
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Open")
            .field("name", &self.name)
            .field("kind", &self.connection.kind())
            .finish_non_exhaustive()
    }
}

impl Open {
    fn new(name: String, connection: Connection, secrets: Arc<Secrets>) -> Self {
        Self {
            name,
            connection,
            secrets,
            client: Kept::default(),
            pool: Mutex::default(),
            tools: Mutex::default(),
            data: DataState::default(),
        }
    }

    /// What was set up.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// For HTTP: what was set up, its client, and its headers with secrets filled in.
    ///
    /// # Errors
    /// When it is of another kind or cannot be used.
    pub fn http(
        &self,
    ) -> Result<(&HttpConnection, reqwest::Client, BTreeMap<String, String>), OpenError> {
        let Connection::Http(http) = &self.connection else {
            return Err(self.wrong_kind("http"));
        };
        let file = http.tls.ca_file.as_deref();
        let client = self.client.get(file, || client::trusted(&http.tls));
        let client = client.map_err(|reason| self.unusable(reason))?;
        Ok((http, client, self.fill(&http.headers)?))
    }

    /// For MCP: the pool of its connection. A new one when a secret that it uses has changed.
    ///
    /// # Errors
    /// When it is of another kind or cannot be used.
    pub fn mcp(&self) -> Result<Arc<Pool>, OpenError> {
        let Connection::Mcp(server) = &self.connection else {
            return Err(self.wrong_kind("mcp"));
        };
        let generation = self.secrets.generation();
        let mut current = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(filled) = current.as_ref().filter(|old| old.generation == generation) {
            return Ok(filled.pool.clone());
        }
        let values = match server {
            McpConnection::Http { headers, .. } => self.fill(headers)?,
            McpConnection::Command { env, .. } => self.fill(env)?,
        };
        if let Some(filled) = current.as_mut().filter(|old| old.values == values) {
            filled.generation = generation;
            return Ok(filled.pool.clone());
        }
        let endpoint = match server {
            McpConnection::Http { url, .. } => {
                let make = || client::trusted(&super::Tls::default());
                let client = self.client.get(None, make);
                Endpoint::Http {
                    url: url.to_string(),
                    headers: values.clone(),
                    client: client.map_err(|reason| self.unusable(reason))?,
                }
            }
            McpConnection::Command { command, cwd, .. } => Endpoint::Stdio {
                command: command.clone(),
                env: values.clone(),
                cwd: cwd.clone(),
            },
        };
        let pool = Arc::new(Pool::new(endpoint, self.options()));
        *current = Some(Filled {
            generation,
            values,
            pool: pool.clone(),
        });
        Ok(pool)
    }

    fn options(&self) -> Options {
        let (name, secrets) = (self.name.clone(), self.secrets.clone());
        Options {
            version: env!("CARGO_PKG_VERSION").into(),
            log: Arc::new(move |line| {
                let line = secrets.redactor().redact_text(line).into_owned();
                tracing::info!(target: "druse::mcp", connection = %name, "{}", line);
            }),
            watch: Arc::new(|group, begins| {
                if begins {
                    watchdog::watch(group);
                } else {
                    watchdog::release(group);
                }
            }),
            prepare: Arc::new(open_files::give_back),
            ..Options::default()
        }
    }

    async fn test(&self) -> Result<Value, Failure> {
        match &self.connection {
            Connection::Http(_) => {
                let (http, client, headers) = self.http()?;
                let mut request = client.get(http.base_url.clone()).timeout(TEST);
                for (name, value) in headers {
                    request = request.header(name, value);
                }
                let answer = request
                    .send()
                    .await
                    .map_err(|error| crate::action::http::send_failure(&error, TEST))?;
                let status = answer.status().as_u16();
                let message = format!("The service answered with status {status}.");
                Ok(json!({ "kind": "http", "status": status, "message": message }))
            }
            Connection::Mcp(_) => {
                let pool = self.mcp()?;
                let listed = tokio::time::timeout(TEST, pool.list_tools()).await;
                let listed = listed.unwrap_or(Err(druse_mcp::Error::Timeout(TEST)));
                let tools = listed.map_err(|error| crate::action::mcp::failure(&error))?;
                self.offers(&tools);
                let message = format!("The server has {} tools.", tools.len());
                Ok(json!({ "kind": "mcp", "tools": tools, "message": message }))
            }
            Connection::Sqlite(_)
            | Connection::Postgres(_)
            | Connection::Folder(_)
            | Connection::Smtp(_) => self.test_data(TEST).await,
        }
    }

    /// Keeps what its server offers now.
    pub fn offers(&self, tools: &[ToolInfo]) {
        let mut known = self.tools.lock().unwrap_or_else(PoisonError::into_inner);
        *known = tools.iter().map(|tool| tool.name.clone()).collect();
    }

    fn last_tools(&self) -> Vec<String> {
        let known = self.tools.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }

    fn pool(&self) -> Option<Arc<Pool>> {
        let current = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().map(|filled| filled.pool.clone())
    }

    fn fill(
        &self,
        values: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, OpenError> {
        values
            .iter()
            .map(|(name, value)| Ok((name.clone(), self.filled(value)?)))
            .collect()
    }

    /// A text with its secrets filled in.
    pub(super) fn filled(&self, value: &str) -> Result<String, OpenError> {
        self.secrets
            .fill(value)
            .map_err(|MissingSecret(secret)| OpenError::MissingSecret {
                name: self.name.clone(),
                secret,
            })
    }

    /// That it is of another kind than an action wants.
    pub fn wrong_kind(&self, wanted: &'static str) -> OpenError {
        OpenError::WrongKind {
            name: self.name.clone(),
            kind: self.connection.kind(),
            wanted,
        }
    }

    pub(super) fn unusable(&self, reason: String) -> OpenError {
        OpenError::Unusable {
            name: self.name.clone(),
            reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mcp(value: Value) -> Connection {
        Connection::parse("", &value).unwrap()
    }

    #[test]
    fn pools_are_kept_until_the_connection_or_its_secrets_change() {
        let secrets = Arc::new(Secrets::new());
        let connections = Connections::new(secrets.clone());
        let command = json!({ "kind": "mcp", "command": ["x"], "env": { "K": "{{ secrets.K }}" } });
        connections.set("a", mcp(command.clone()));
        let pool = || connections.get("a").unwrap().mcp();
        let missing = Failure::from(pool().unwrap_err());
        assert_eq!(missing.code, "missing_secret");

        secrets.set("K", "one");
        let first = pool().unwrap();
        secrets.set("OTHER", "x");
        connections.set("a", mcp(command));
        assert!(Arc::ptr_eq(&first, &pool().unwrap()));
        secrets.set("K", "two");
        let second = pool().unwrap();
        assert!(!Arc::ptr_eq(&first, &second));
        connections.set("a", mcp(json!({ "kind": "mcp", "command": ["y"] })));
        assert!(!Arc::ptr_eq(&second, &pool().unwrap()));

        let wrong = connections
            .get("a")
            .unwrap()
            .http()
            .map(|_| ())
            .unwrap_err();
        assert_eq!(Failure::from(wrong).code, "wrong_connection");
        connections.replace(BTreeMap::new());
        assert_eq!(
            connections.get("a").unwrap_err(),
            OpenError::Missing { name: "a".into() }
        );
    }

    #[test]
    fn a_file_of_certificates_must_hold_some() {
        let connections = Connections::new(Arc::default());
        let http = json!({
            "kind": "http", "base_url": "https://h", "tls": { "ca_file": "/nonexistent.pem" },
        });
        connections.set("a", mcp(http));
        let unusable = connections
            .get("a")
            .unwrap()
            .http()
            .map(|_| ())
            .unwrap_err();
        assert_eq!(
            unusable.to_string(),
            "The connection \"a\" cannot be used. The file of certificates /nonexistent.pem cannot be read."
        );
    }
}
