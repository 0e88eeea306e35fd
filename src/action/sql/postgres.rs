//! PostgreSQL: a session for each attempt, so that nothing that a statement sets is there for the next.

use super::{
    Failed, Limits,
    param::{Params, wrong_count},
    postgres_tls::Tls,
    postgres_value::{Bound, Raw, is_known, shown},
    rows::Rows,
};
use crate::{action::attempt::Performed, connection::PostgresAccess};
use druse_engine::{action_config::SqlConfig, definition::FailureClass};
use futures_util::TryStreamExt as _;
use serde_json::{Map, Value, json};
use std::{
    error::Error as _,
    pin::pin,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use tokio::task::AbortHandle;
use tokio_postgres::{Client, Config, Error, NoTls, Statement, types::ToSql};
use tokio_util::sync::CancellationToken;

/// Longest time until a session stands.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a statement that was told to stop is waited for.
const GRACE: Duration = Duration::from_secs(5);
/// How long it is waited until it is told again.
const AGAIN: Duration = Duration::from_millis(100);

/// Runs one statement.
pub(super) async fn run(
    to: &PostgresAccess,
    config: &SqlConfig,
    limits: Limits,
    limit: Duration,
    cancel: &CancellationToken,
) -> Performed {
    let stopped = async {
        tokio::select! {
            biased;
            () = cancel.cancelled() => Failed::canceled(),
            () = tokio::time::sleep(limit) => Failed::timeout(limit),
        }
    };
    let mut stopped = pin!(stopped);
    let session = tokio::select! {
        biased;
        opened = connect(to) => opened?,
        given_up = &mut stopped => return Err(given_up),
    };
    let stop = session.client.cancel_token();
    let progress = Progress::default();
    let mut asking = pin!(ask(&session.client, to, config, limits, &progress));
    let given_up = tokio::select! {
        biased;
        done = &mut asking => return done.inspect_err(|_| session.cut()),
        given_up = &mut stopped => given_up,
    };
    progress.told.store(true, Ordering::Relaxed);
    let mut stopping = pin!(async {
        // The server forgets what reaches it before the statement does, so it is told again.
        loop {
            let _ = match Tls::of(to) {
                Some(tls) => stop.cancel_query(tls).await,
                None => stop.cancel_query(NoTls).await,
            };
            tokio::time::sleep(AGAIN).await;
        }
    });
    let ended = async {
        tokio::select! {
            biased;
            done = &mut asking => done,
            never = &mut stopping => never,
        }
    };
    let ended = tokio::time::timeout(GRACE, ended).await;
    session.cut();
    match ended {
        // It was done before the server heard that it should stop.
        Ok(Ok(output)) => Ok(output),
        Ok(Err(failed)) if failed.failure.class == FailureClass::Uncertain => Err(failed),
        Ok(Err(_)) => Err(given_up),
        Err(_) if progress.committing.load(Ordering::Relaxed) => Err(unknown()),
        // The session ends here, and with it the transaction.
        Err(_) => Err(given_up),
    }
}

/// How far an attempt is, and whether it is to stop.
#[derive(Default)]
struct Progress {
    told: AtomicBool,
    committing: AtomicBool,
}

impl Progress {
    fn goes_on(&self) -> Result<(), Failed> {
        if self.told.load(Ordering::Relaxed) {
            Err(Failed::canceled())
        } else {
            Ok(())
        }
    }
}

/// Opens a session and says what it leads to.
pub(crate) async fn probe(to: &PostgresAccess, limit: Duration) -> Performed {
    let asked = async {
        let session = connect(to).await?;
        let row = session
            .client
            .query_one(
                "select current_setting('server_version'), current_user",
                &[],
            )
            .await
            .map_err(|error| failure(&error))?;
        let version: String = row.try_get(0).map_err(|error| failure(&error))?;
        let user: Raw<'_> = row.try_get(1).map_err(|error| failure(&error))?;
        let message = format!("PostgreSQL {version} let {} in.", user.text());
        Ok(json!({
            "kind": "postgres", "version": version, "tls": to.tls.is_some(),
            "read_only": to.connection.read_only, "message": message,
        })
        .into())
    };
    tokio::time::timeout(limit, asked)
        .await
        .unwrap_or_else(|_| Err(Failed::timeout(limit)))
}

/// An open session. It ends politely when its client is dropped.
struct Session {
    client: Client,
    driver: AbortHandle,
}

impl Session {
    /// Ends it now: what the server still wants to send is not waited for.
    fn cut(&self) {
        self.driver.abort();
    }
}

async fn connect(to: &PostgresAccess) -> Result<Session, Failed> {
    let mut config = Config::new();
    let at = &to.connection;
    if at.host.starts_with('/') {
        config.host_path(&at.host);
    } else {
        config.host(&at.host);
    }
    config
        .port(at.port)
        .dbname(&at.database)
        .user(&at.user)
        .application_name("druse")
        .connect_timeout(CONNECT)
        .ssl_mode(if to.tls.is_some() {
            tokio_postgres::config::SslMode::Require
        } else {
            tokio_postgres::config::SslMode::Disable
        });
    if let Some(password) = &to.password {
        config.password(password);
    }
    let refused = |error: Error| not_connected(&error);
    match Tls::of(to) {
        Some(tls) => {
            let (client, connection) = config.connect(tls).await.map_err(refused)?;
            let driver = tokio::spawn(drive(connection)).abort_handle();
            Ok(Session { client, driver })
        }
        None => {
            let (client, connection) = config.connect(NoTls).await.map_err(refused)?;
            let driver = tokio::spawn(drive(connection)).abort_handle();
            Ok(Session { client, driver })
        }
    }
}

/// Carries a session until its client lets go of it. How it fails, the client hears too.
async fn drive(session: impl Future<Output = Result<(), Error>>) {
    if let Err(error) = session.await {
        tracing::debug!(%error, "a session with PostgreSQL ended");
    }
}

async fn ask(
    client: &Client,
    to: &PostgresAccess,
    config: &SqlConfig,
    limits: Limits,
    progress: &Progress,
) -> Performed {
    let failed = |error: Error| failure(&error);
    let Params::List(params) = Params::of(config.params.as_ref())? else {
        return Err(Failed::input(
            "PostgreSQL knows parameters by number: \"params\" must be a list.",
        ));
    };
    let statement = client.prepare(&config.statement).await.map_err(failed)?;
    let columns = statement
        .columns()
        .iter()
        .map(|column| column.name().to_owned());
    let mut rows = Rows::new(columns.collect(), limits)?;
    for column in statement.columns() {
        if !is_known(column.type_()) {
            let message = format!(
                "The column {:?} is of the type {}, which has no form in JSON. Write it as {}::text.",
                column.name(),
                column.type_(),
                column.name(),
            );
            return Err(Failed::permanent("unsupported_type", message));
        }
    }
    let bound = bind(&statement, params)?;
    // The read in front fixes the transaction as one that reads: nothing in the statement can undo that.
    let begin = if to.connection.read_only {
        "BEGIN READ ONLY; SELECT 1"
    } else {
        "BEGIN"
    };
    client.batch_execute(begin).await.map_err(failed)?;
    progress.goes_on()?;
    let bound = bound.iter().map(|value| value as &(dyn ToSql + Sync));
    let answer = client.query_raw(&statement, bound).await.map_err(failed)?;
    let mut answer = pin!(answer);
    while let Some(row) = answer.try_next().await.map_err(failed)? {
        let mut values = Vec::with_capacity(row.len());
        for (index, column) in row.columns().iter().enumerate() {
            let raw: Option<Raw<'_>> = row.try_get(index).map_err(failed)?;
            let value = raw.map_or(Ok(Value::Null), |raw| shown(column.type_(), raw.0));
            values.push(value.map_err(|reason| {
                let message = format!("The column {:?}: {reason}.", column.name());
                Failed::permanent("unsupported_value", message)
            })?);
        }
        rows.push(values)?;
    }
    let reported = answer.rows_affected();
    let affected = affected(&config.statement, &statement, &rows, reported);
    progress.goes_on()?;
    progress.committing.store(true, Ordering::Relaxed);
    match client.batch_execute("COMMIT").await {
        Ok(()) => Ok(rows.output(affected)),
        // A deferred constraint, a conflict: the server says that it took nothing.
        Err(error) if error.as_db_error().is_some() => Err(failure(&error)),
        Err(_) => Err(unknown()),
    }
}

fn bind(statement: &Statement, params: &[Value]) -> Result<Vec<Bound>, Failed> {
    let types = statement.params();
    if types.len() != params.len() {
        return Err(wrong_count(types.len(), params.len()));
    }
    let bound = params.iter().zip(types).enumerate();
    bound
        .map(|(index, (value, ty))| {
            Bound::of(value, ty)
                .map_err(|reason| Failed::input(format!("Parameter ${}: {reason}.", index + 1)))
        })
        .collect()
}

/// How many rows a statement changed; nothing when it only gives rows.
fn affected(text: &str, statement: &Statement, rows: &Rows, reported: Option<u64>) -> Option<u64> {
    if statement.columns().is_empty() {
        return Some(reported.unwrap_or(0));
    }
    let word = druse_engine::action_config::first_word(text);
    matches!(word.as_str(), "insert" | "update" | "delete" | "merge").then(|| rows.count())
}

/// The session was lost while the transaction was being committed.
fn unknown() -> Failed {
    Failed::new(
        FailureClass::Uncertain,
        "commit_unknown",
        "The session was lost during the commit: it is not known whether the statement took effect.",
    )
}

fn not_connected(error: &Error) -> Failed {
    if error.as_db_error().is_some() {
        return failure(error);
    }
    let said = said(error);
    if said.contains("TLS") || said.contains("certificate") {
        return Failed::permanent("tls_failed", format!("No encrypted session: {said}."));
    }
    if said.contains("password") || said.contains("authentication") {
        return Failed::permanent("access_denied", format!("The server refuses: {said}."));
    }
    Failed::retryable(
        "connection_failed",
        format!("The database could not be reached: {said}."),
    )
}

/// What an error says, with its reasons.
fn said(error: &Error) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(reason) = source {
        let text = reason.to_string();
        if !said.ends_with(&text) {
            said.push_str(": ");
            said.push_str(&text);
        }
        source = reason.source();
    }
    said
}

/// What PostgreSQL complains about, as a failure.
fn failure(error: &Error) -> Failed {
    use FailureClass::{Permanent, Retryable};
    let Some(complaint) = error.as_db_error() else {
        let message = format!("The session was lost: {}.", said(error));
        return Failed::retryable("connection_lost", message);
    };
    let state = complaint.code().code();
    let (class, name) = match (state.get(..2).unwrap_or_default(), state) {
        (_, "25006") => (Permanent, "read_only"),
        (_, "42501") | ("28", _) => (Permanent, "access_denied"),
        (_, "57014") => (FailureClass::Timeout, "timeout"),
        (_, "55P03" | "55006") | ("40", _) => (Retryable, "busy"),
        ("53", _) => (Retryable, "out_of_resources"),
        (_, "57P01" | "57P02" | "57P03" | "57P05") | ("08", _) => (Retryable, "connection_lost"),
        ("58", _) => (Retryable, "io_error"),
        ("23", _) => (Permanent, "constraint"),
        ("22", _) => (Permanent, "bad_value"),
        ("42" | "26" | "3D" | "3F" | "25", _) => (Permanent, "bad_statement"),
        _ => (Permanent, "sql_error"),
    };
    let mut details = Map::from_iter([("sqlstate".to_owned(), Value::from(state))]);
    for (key, value) in [
        ("detail", complaint.detail()),
        ("hint", complaint.hint()),
        ("table", complaint.table()),
        ("column", complaint.column()),
        ("constraint", complaint.constraint()),
    ] {
        if let Some(value) = value {
            details.insert(key.into(), value.into());
        }
    }
    let message = format!("PostgreSQL says: {}.", complaint.message());
    Failed::new(class, name, message).details(json!(details))
}
