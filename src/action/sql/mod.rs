//! `sql`: one statement, in a transaction of its own, with bound parameters.

mod param;
pub(crate) mod postgres;
mod postgres_array;
mod postgres_tls;
mod postgres_value;
mod rows;
pub(crate) mod sqlite;

use super::{Action, Attempt, Failed, Limits, attempt::Performed};
use crate::connection::{Connection, Connections, Open};
use druse_engine::action_config::{self, SqlConfig};
use futures_util::future::BoxFuture;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

/// Performs `sql` steps.
#[derive(Debug)]
pub struct Sql {
    connections: Arc<Connections>,
    limits: Limits,
}

impl Sql {
    /// With these connections and limits.
    pub fn new(connections: Arc<Connections>, limits: Limits) -> Self {
        Self {
            connections,
            limits,
        }
    }

    async fn ask(&self, attempt: &Attempt, cancel: &CancellationToken) -> Performed {
        let begun = Instant::now();
        let config: SqlConfig =
            action_config::read(attempt.input.value()).map_err(Failed::input)?;
        if let Some(fault) = action_config::statement_fault(&config.statement) {
            return Err(Failed::permanent("bad_statement", format!("{fault}.")));
        }
        let open = self.connections.get(&config.connection)?;
        let limit = attempt.timeout.unwrap_or(self.limits.sql_timeout);
        let _session = session(&open, limit, cancel).await?;
        let limit = limit.saturating_sub(begun.elapsed());
        match open.connection() {
            Connection::Sqlite(to) => {
                let mut to = to.clone();
                if attempt.reads_only {
                    to.read_only = true;
                }
                sqlite::run(to, config, self.limits, limit, cancel).await
            }
            Connection::Postgres(_) => {
                let mut to = open.postgres()?;
                to.connection.read_only |= attempt.reads_only;
                postgres::run(&to, &config, self.limits, limit, cancel).await
            }
            _ => Err(open.wrong_kind("sqlite or postgres").into()),
        }
    }
}

impl Action for Sql {
    fn perform<'a>(
        &'a self,
        attempt: &'a Attempt,
        cancel: &'a CancellationToken,
    ) -> BoxFuture<'a, Performed> {
        Box::pin(self.ask(attempt, cancel))
    }
}

/// Waits for one of the sessions that the connection may have at once.
async fn session(
    open: &Open,
    limit: Duration,
    cancel: &CancellationToken,
) -> Result<Option<tokio::sync::OwnedSemaphorePermit>, Failed> {
    let Some(sessions) = open.sessions() else {
        return Ok(None);
    };
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(Failed::canceled()),
        permit = sessions.acquire_owned() => Ok(permit.ok()),
        () = tokio::time::sleep(limit) => Err(Failed::timeout(limit)),
    }
}
