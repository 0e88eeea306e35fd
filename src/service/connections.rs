//! Connections: where actions may reach, set up by administrators.

use super::{App, Principal, Problem, audit::Audited, page};
use crate::connection::{Connection, in_clear, is_name, rate_of};
use crate::runtime::clock;
use druse_storage::{Batch, Connection as Row, RateHold, StoreExt};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

/// A connection as callers see it: secrets only by name.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ConnectionView {
    /// Its name.
    pub name: String,
    /// `{kind: http|mcp|sqlite|postgres|folder|smtp, rate?, burst?, …}`, as it was set up.
    #[serde(flatten)]
    pub definition: Value,
    /// When it was written.
    pub updated_at: druse_engine::Timestamp,
}

impl From<Row> for ConnectionView {
    fn from(row: Row) -> Self {
        Self {
            name: row.name,
            definition: row.definition,
            updated_at: row.updated_at,
        }
    }
}

/// The entity tag of a connection: what it is, not when it was written.
pub fn tag(row: &Row) -> String {
    let digest = druse_engine::Digest::of(row.definition.to_string().as_bytes());
    format!("\"{}-{}\"", &digest.hex()[..16], row.updated_at.0)
}

/// A connection as a caller writes it. What a GET gave can be sent back as it is: what is no part of the definition is
/// taken out of it.
///
/// # Errors
/// 422 with findings for a wrong one.
pub(crate) fn read_connection(definition: &mut Value) -> Result<Connection, Problem> {
    if let Some(map) = definition.as_object_mut() {
        map.shift_remove("name");
        map.shift_remove("updated_at");
    }
    // Of what is stored already it is not asked: a server goes on with what it was given before.
    let clear = in_clear("", definition);
    let parsed = match Connection::parse("", definition) {
        Ok(_) if !clear.is_empty() => Err(clear),
        Err(wrong) => Err(wrong.into_iter().chain(clear).collect()),
        parsed => parsed,
    };
    parsed.map_err(|findings: Vec<druse_engine::Finding>| {
        Problem::unprocessable(
            "bad_connection",
            "The connection is wrong.",
            "`findings` has each place and what to do.",
        )
        .findings(findings)
    })
}

impl App {
    /// Puts every stored connection at the actions' disposal. Called once, before the engine recovers.
    ///
    /// # Errors
    /// When rows cannot be read.
    pub fn open_connections(&self) -> Result<(), Problem> {
        let rows: Vec<Row> = page::all(&*self.store, "")?;
        for row in rows {
            match Connection::parse("", &row.definition) {
                Ok(connection) => {
                    let rate = rate_of("", &row.definition).ok().flatten();
                    self.engine.set_rate(&row.name, rate);
                    self.connections.set(row.name, connection);
                }
                Err(_) => tracing::error!(name = row.name, "a stored connection cannot be read"),
            }
        }
        Ok(())
    }

    /// A connection's row.
    ///
    /// # Errors
    /// When the row cannot be read.
    pub fn connection(&self, name: &str) -> Result<Option<Row>, Problem> {
        Ok(self.store.get::<Row>(name)?)
    }

    /// Writes a connection; the next attempt sees it. Hold [`super::app::Parts::edits`].
    ///
    /// # Errors
    /// 422 for a bad name or definition.
    pub async fn write_connection(
        &self,
        who: &Principal,
        name: &str,
        mut definition: Value,
    ) -> Result<Row, Problem> {
        if !is_name(name) {
            return Err(Problem::unprocessable(
                "bad_name",
                "This cannot be the name of a connection.",
                "Use letters, digits, dots, dashes and underscores.",
            ));
        }
        let connection = read_connection(&mut definition)?;
        let rate = rate_of("", &definition).ok().flatten();
        let row = Row {
            name: name.into(),
            definition,
            updated_at: clock::now(),
        };
        let mut batch = Batch::new().put(&row);
        if self.engine.is_held_back(name) {
            // Whoever writes it has looked at it: what the other side asked for is over.
            batch = batch.remove::<RateHold>(name);
        }
        let batch = batch.audited(
            who,
            "connection.write",
            &name,
            json!({ "kind": connection.kind() }),
        );
        self.commit(batch).await?;
        self.connections.set(name, connection);
        self.engine.set_rate(name, rate);
        Ok(row)
    }

    /// Removes a connection. Hold [`super::app::Parts::edits`].
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn remove_connection(&self, who: &Principal, name: &str) -> Result<(), Problem> {
        let batch = Batch::new()
            .remove::<Row>(name)
            .remove::<RateHold>(name)
            .audited(who, "connection.delete", &name, json!({}));
        self.commit(batch).await?;
        self.connections.remove(name);
        self.engine.set_rate(name, None);
        Ok(())
    }
}
