//! What is open behind connections to databases, folders and mail servers.

use super::{
    Connection, FolderConnection, Open, OpenError, PostgresConnection, SmtpConnection, client,
    kept::Kept,
};
use crate::action::{file::root::Root, mail, sql};
use druse_engine::event::Failure;
use serde_json::{Value, json};
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::sync::Semaphore;

/// Made when first asked for.
#[derive(Default)]
pub(super) struct DataState {
    sessions: OnceLock<Arc<Semaphore>>,
    tls: Kept<Arc<rustls::ClientConfig>>,
}

/// What a session with PostgreSQL needs.
pub struct PostgresAccess {
    /// What was set up.
    pub connection: PostgresConnection,
    /// The password, filled in.
    pub password: Option<String>,
    /// How certificates are checked; nothing for a session that is not encrypted.
    pub tls: Option<Arc<rustls::ClientConfig>>,
}

/// What a session with a mail server needs.
pub struct SmtpAccess {
    /// What was set up.
    pub connection: SmtpConnection,
    /// The account's name and password, filled in.
    pub account: Option<(String, String)>,
    /// A PEM file's content of certificate authorities that are trusted besides the system's.
    pub authorities: Option<Vec<u8>>,
}

impl Open {
    /// For a database: how many sessions it may still have; nothing for other kinds.
    pub fn sessions(&self) -> Option<Arc<Semaphore>> {
        let most = match self.connection() {
            Connection::Sqlite(sqlite) => sqlite.max_sessions,
            Connection::Postgres(postgres) => postgres.max_sessions,
            _ => return None,
        };
        let sessions = self
            .data
            .sessions
            .get_or_init(|| Arc::new(Semaphore::new(most)));
        Some(sessions.clone())
    }

    /// For PostgreSQL: what was set up, with its password and its certificates.
    ///
    /// # Errors
    /// When it is of another kind or cannot be used.
    pub fn postgres(&self) -> Result<PostgresAccess, OpenError> {
        let Connection::Postgres(postgres) = self.connection() else {
            return Err(self.wrong_kind("postgres"));
        };
        let tls = match postgres.tls {
            false => None,
            true => {
                let file = postgres.ca_file.as_deref();
                let made = self.data.tls.get(file, || client::rustls(file));
                Some(made.map_err(|reason| self.unusable(reason))?)
            }
        };
        let password = postgres.password.as_deref();
        Ok(PostgresAccess {
            connection: postgres.clone(),
            password: password.map(|text| self.filled(text)).transpose()?,
            tls,
        })
    }

    /// For a folder: what was set up.
    ///
    /// # Errors
    /// When it is of another kind.
    pub fn folder(&self) -> Result<&FolderConnection, OpenError> {
        match self.connection() {
            Connection::Folder(folder) => Ok(folder),
            _ => Err(self.wrong_kind("folder")),
        }
    }

    /// For a mail server: what was set up, with its account and its certificates.
    ///
    /// # Errors
    /// When it is of another kind or cannot be used.
    pub fn smtp(&self) -> Result<SmtpAccess, OpenError> {
        let Connection::Smtp(smtp) = self.connection() else {
            return Err(self.wrong_kind("smtp"));
        };
        let account = match (&smtp.user, &smtp.password) {
            (Some(user), Some(password)) => Some((user.clone(), self.filled(password)?)),
            _ => None,
        };
        let authorities = match &smtp.ca_file {
            None => None,
            Some(path) => {
                let read = client::pem(path).map_err(|reason| self.unusable(reason))?;
                Some(read)
            }
        };
        Ok(SmtpAccess {
            connection: smtp.clone(),
            account,
            authorities,
        })
    }

    pub(super) async fn test_data(&self, limit: Duration) -> Result<Value, Failure> {
        let tested = match self.connection() {
            Connection::Sqlite(sqlite) => sql::sqlite::probe(sqlite.clone(), limit).await,
            Connection::Postgres(_) => sql::postgres::probe(&self.postgres()?, limit).await,
            Connection::Smtp(_) => mail::probe(&self.smtp()?, limit).await,
            Connection::Folder(folder) => probe_folder(folder.clone()).await,
            Connection::Http(_) | Connection::Mcp(_) => {
                return Err(self.wrong_kind("sqlite, postgres, folder or smtp").into());
            }
        };
        tested
            .map(|found| found.value().clone())
            .map_err(|failed| failed.failure)
    }
}

async fn probe_folder(folder: FolderConnection) -> crate::action::Performed {
    let looked = tokio::task::spawn_blocking(move || {
        let entries = Root::open(&folder.path, folder.read_only, None)?.count()?;
        let what = if folder.read_only {
            "read"
        } else {
            "read and written"
        };
        let message = format!("The folder has {entries} entries, and is {what}.");
        Ok(json!({
            "kind": "folder", "entries": entries, "read_only": folder.read_only,
            "message": message,
        })
        .into())
    });
    looked
        .await
        .unwrap_or_else(|_| Err(crate::action::Failed::canceled()))
}
