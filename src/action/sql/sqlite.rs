//! SQLite: a session for each attempt, on a thread of its own.

use super::{
    Failed, Limits,
    param::{Params, base64, bytes, wrong_count},
    rows::Rows,
};
use crate::{
    action::{
        attempt::Performed,
        blocking::{self, Stop},
    },
    connection::SqliteConnection,
};
use druse_engine::{action_config::SqlConfig, definition::FailureClass};
use rusqlite::{
    Connection, ErrorCode, OpenFlags, Statement,
    config::DbConfig,
    hooks::{AuthAction, AuthContext, Authorization},
    limits::Limit,
    types::{Value as Sqlite, ValueRef},
};
use serde_json::{Value, json};
use std::{
    path::Path,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

/// How long a lock is waited for before the attempt fails as `busy`.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it is slept between two looks at a lock.
const NAP: Duration = Duration::from_millis(5);
/// Steps of SQLite's machine between two looks at whether to stop.
const OPERATIONS: i32 = 1_000;
/// Bytes of the largest single value.
const LARGEST_VALUE: i32 = 64 << 20;

/// Runs one statement.
pub(super) async fn run(
    to: SqliteConnection,
    config: SqlConfig,
    limits: Limits,
    limit: Duration,
    cancel: &CancellationToken,
) -> Performed {
    blocking::run(limit, cancel, move |stop| {
        let session = Session::open(&to, stop)?;
        session.ask(&config, limits)
    })
    .await
}

/// Opens the database and says what it is.
pub(crate) async fn probe(to: SqliteConnection, limit: Duration) -> Performed {
    blocking::run(limit, &CancellationToken::new(), move |stop| {
        let session = Session::open(&to, stop)?;
        let asked = session.connection.query_row(
            "select sqlite_version(), (select count(*) from sqlite_schema where type = 'table')",
            [],
            |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)),
        );
        let (version, tables) = asked.map_err(|error| session.failed(error))?;
        let message = format!("SQLite {version} opened the file, which has {tables} tables.");
        Ok(json!({
            "kind": "sqlite", "version": version, "tables": tables, "read_only": to.read_only,
            "message": message,
        })
        .into())
    })
    .await
}

struct Session<'a> {
    connection: Connection,
    read_only: bool,
    stop: &'a Stop,
}

impl<'a> Session<'a> {
    fn open(to: &SqliteConnection, stop: &'a Stop) -> Result<Self, Failed> {
        let access = match (to.read_only, to.create) {
            (true, _) => OpenFlags::SQLITE_OPEN_READ_ONLY,
            (false, false) => OpenFlags::SQLITE_OPEN_READ_WRITE,
            (false, true) => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        };
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(&to.path, flags)
            .and_then(|connection| guarded(connection, to.read_only, stop));
        match opened {
            Ok(connection) => Ok(Self {
                connection,
                read_only: to.read_only,
                stop,
            }),
            Err(error) => Err(not_opened(&to.path, error)),
        }
    }

    fn ask(&self, config: &SqlConfig, limits: Limits) -> Performed {
        let failed = |error| self.failed(error);
        let mut statement = self.connection.prepare(&config.statement).map_err(failed)?;
        let writes = !statement.readonly();
        if writes && self.read_only {
            return Err(read_only());
        }
        let columns = statement.column_names().map(str::to_owned);
        let mut rows = Rows::new(columns.collect(), limits)?;
        bind(&mut statement, Params::of(config.params.as_ref())?)?;
        // What writes takes the lock at once: later, others could keep it from ever getting it.
        let begin = if writes { "BEGIN IMMEDIATE" } else { "BEGIN" };
        self.connection.execute_batch(begin).map_err(failed)?;
        let width = statement.column_count();
        let mut answer = statement.raw_query();
        while let Some(row) = answer.next().map_err(failed)? {
            let mut values = Vec::with_capacity(width);
            for index in 0..width {
                values.push(shown(row.get_ref(index).map_err(failed)?));
            }
            rows.push(values)?;
        }
        drop(answer);
        drop(statement);
        let affected = writes.then(|| self.connection.changes());
        if self.stop.is_told() {
            return Err(blocking::stopped());
        }
        self.connection.execute_batch("COMMIT").map_err(failed)?;
        Ok(rows.output(affected))
    }

    fn failed(&self, error: rusqlite::Error) -> Failed {
        if self.stop.is_told() {
            return blocking::stopped();
        }
        failure(error)
    }
}

/// Takes away what a statement may not do, and lets it be stopped.
fn guarded(
    mut connection: Connection,
    read_only: bool,
    stop: &Stop,
) -> rusqlite::Result<Connection> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // ATTACH and VACUUM INTO would reach other files than the connection's.
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, LARGEST_VALUE)?;
    let told = stop.clone();
    connection.progress_handler(OPERATIONS, Some(move || told.is_told()))?;
    let handle = connection.get_interrupt_handle();
    stop.on_told(move || handle.interrupt());
    let told = stop.clone();
    let begun = Instant::now();
    connection.busy_handler(Some(move |_| {
        if told.is_told() || begun.elapsed() > PATIENCE {
            return false;
        }
        std::thread::sleep(NAP);
        true
    }))?;
    if read_only {
        connection.execute_batch("PRAGMA query_only = ON")?;
    }
    connection.authorizer(Some(allowed))?;
    Ok(connection)
}

/// Pragmas that set something for the whole process, so for all other steps too (<https://sqlite.org/pragma.html>).
const FOR_ALL: [&str; 4] = [
    "data_store_directory",
    "hard_heap_limit",
    "soft_heap_limit",
    "temp_store_directory",
];

fn allowed(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Pragma { pragma_name, .. }
            if FOR_ALL
                .iter()
                .any(|name| pragma_name.eq_ignore_ascii_case(name)) =>
        {
            Authorization::Deny
        }
        _ => Authorization::Allow,
    }
}

fn bind(statement: &mut Statement<'_>, params: Params<'_>) -> Result<(), Failed> {
    let wanted = statement.parameter_count();
    let values = match params {
        Params::List(values) if values.len() == wanted => values
            .iter()
            .enumerate()
            .map(|(at, value)| (at + 1, value))
            .collect::<Vec<_>>(),
        Params::List(values) => return Err(wrong_count(wanted, values.len())),
        Params::Named(map) => {
            let mut named = Vec::with_capacity(wanted);
            for index in 1..=wanted {
                let Some(name) = statement.parameter_name(index) else {
                    return Err(Failed::input(
                        "The statement has a parameter without a name: give the parameters as a list.",
                    ));
                };
                let name = name.trim_start_matches([':', '@', '$']);
                let value = map.get(name).ok_or_else(|| {
                    Failed::input(format!("The parameter {name:?} is not in \"params\"."))
                })?;
                named.push((index, value));
            }
            let known = |key: &String| {
                (1..=wanted).any(|index| {
                    let name = statement.parameter_name(index).unwrap_or_default();
                    name.trim_start_matches([':', '@', '$']) == key
                })
            };
            if let Some(key) = map.keys().find(|key| !known(key)) {
                return Err(Failed::input(format!(
                    "The statement has no parameter {key:?}."
                )));
            }
            named
        }
    };
    for (index, value) in values {
        let value = stored(value)
            .map_err(|reason| Failed::input(format!("Parameter {index}: {reason}.")))?;
        statement
            .raw_bind_parameter(index, value)
            .map_err(failure)?;
    }
    Ok(())
}

/// A JSON value as SQLite keeps it.
fn stored(value: &Value) -> Result<Sqlite, String> {
    if let Some(bytes) = bytes(value) {
        return bytes.map(Sqlite::Blob);
    }
    Ok(match value {
        Value::Null => Sqlite::Null,
        Value::Bool(flag) => Sqlite::Integer(i64::from(*flag)),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Sqlite::Integer(whole),
            (None, _) if number.is_u64() => {
                return Err(format!("{number} is larger than SQLite's whole numbers"));
            }
            (None, Some(real)) => Sqlite::Real(real),
            (None, None) => return Err(format!("{number} is not a number that SQLite has")),
        },
        Value::String(text) => Sqlite::Text(text.clone()),
        Value::Array(_) | Value::Object(_) => Sqlite::Text(value.to_string()),
    })
}

/// A value of SQLite's as JSON.
fn shown(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(whole) => whole.into(),
        ValueRef::Real(real) => match serde_json::Number::from_f64(real) {
            Some(number) => Value::Number(number),
            None if real.is_nan() => "NaN".into(),
            None if real > 0.0 => "Infinity".into(),
            None => "-Infinity".into(),
        },
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => text.into(),
            Err(_) => base64(text),
        },
        ValueRef::Blob(blob) => base64(blob),
    }
}

fn read_only() -> Failed {
    Failed::permanent(
        "read_only",
        "The statement changes the database, and its connection only reads.",
    )
}

fn not_opened(path: &Path, error: rusqlite::Error) -> Failed {
    match error.sqlite_error_code() {
        Some(ErrorCode::CannotOpen) => Failed::retryable(
            "connection_failed",
            format!("The database {} cannot be opened.", path.display()),
        ),
        _ => failure(error),
    }
}

/// What SQLite complains about, as a failure.
fn failure(error: rusqlite::Error) -> Failed {
    use FailureClass::{Permanent, Retryable};
    let (code, said) = match &error {
        rusqlite::Error::SqliteFailure(code, said) => {
            (*code, said.clone().unwrap_or_else(|| code.to_string()))
        }
        rusqlite::Error::SqlInputError { error, msg, .. } => (*error, msg.clone()),
        other => return Failed::permanent("sql_error", format!("SQLite says: {other}.")),
    };
    let (class, name) = match code.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => (Retryable, "busy"),
        ErrorCode::FileLockingProtocolFailed | ErrorCode::SystemIoFailure => {
            (Retryable, "io_error")
        }
        ErrorCode::DiskFull => (Retryable, "disk_full"),
        ErrorCode::OutOfMemory => (Retryable, "out_of_memory"),
        ErrorCode::CannotOpen => (Retryable, "connection_failed"),
        ErrorCode::ConstraintViolation => (Permanent, "constraint"),
        ErrorCode::ReadOnly => (Permanent, "read_only"),
        ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied => {
            (Permanent, "access_denied")
        }
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => (Permanent, "damaged"),
        ErrorCode::TooBig => (Permanent, "output_too_large"),
        ErrorCode::TypeMismatch => (Permanent, "bad_value"),
        ErrorCode::Unknown => (Permanent, "bad_statement"),
        _ => (Permanent, "sql_error"),
    };
    let message = format!("SQLite says: {said}.");
    Failed::new(class, name, message).details(json!({ "sqlite_code": code.extended_code }))
}
