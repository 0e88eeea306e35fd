//! Secrets: sealed at rest, opened in memory for the actions, never given out.

use super::{App, Principal, Problem, audit::Audited, page};
use crate::runtime::clock;
use crate::secret::{Secret, is_name};
use druse_storage::{Batch, Secret as Row, StoreExt};
use serde_json::{Value, json};

/// The longest value, in bytes.
const LONGEST: usize = 64 * 1024;

/// A secret as callers see it: without its value.
pub fn view(row: &Row) -> Value {
    json!({ "name": row.name, "version": row.version, "updated_at": row.updated_at })
}

/// The entity tag of a secret.
pub fn tag(row: &Row) -> String {
    format!("\"{}-{}\"", row.version, row.updated_at.0)
}

impl App {
    /// Opens every stored secret for the actions. Called once, before the engine recovers.
    ///
    /// # Errors
    /// When rows cannot be read, or a seal does not hold.
    pub fn open_secrets(&self) -> Result<(), Problem> {
        let rows: Vec<Row> = page::all(&*self.store, "")?;
        for row in rows {
            let value = self
                .seal
                .open(&row.name, row.version, &row.sealed)
                .map_err(|error| Problem::internal(&error))?;
            self.secrets.set(row.name, value);
        }
        Ok(())
    }

    /// A sealed secret.
    ///
    /// # Errors
    /// When the row cannot be read.
    pub fn secret(&self, name: &str) -> Result<Option<Row>, Problem> {
        Ok(self.store.get::<Row>(name)?)
    }

    /// Writes a secret; the next attempt sees it. Hold [`super::app::Parts::edits`].
    ///
    /// # Errors
    /// 422 for a bad name or value.
    pub async fn write_secret(
        &self,
        who: &Principal,
        name: &str,
        value: String,
        before: Option<Row>,
    ) -> Result<Row, Problem> {
        if !is_name(name) {
            return Err(Problem::unprocessable(
                "bad_name",
                "A secret's name is letters, digits and underscores, and begins with no digit.",
                "Take a name such as orders_hook.",
            ));
        }
        if value.is_empty() || value.len() > LONGEST {
            return Err(Problem::unprocessable(
                "bad_value",
                "A secret has 1 to 65536 bytes.",
                "Send `{\"value\": \"…\"}`.",
            ));
        }
        let version = before.map_or(1, |before| before.version + 1);
        let value = Secret::from(value);
        let row = Row {
            name: name.into(),
            sealed: self
                .seal
                .seal(name, version, &value)
                .map_err(|error| Problem::internal(&error))?,
            version,
            updated_at: clock::now(),
        };
        let batch = Batch::new().put(&row).audited(
            who,
            "secret.write",
            &name,
            json!({ "version": version }),
        );
        self.commit(batch).await?;
        self.secrets.set(name, value);
        Ok(row)
    }

    /// Removes a secret. Hold [`super::app::Parts::edits`].
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn remove_secret(&self, who: &Principal, name: &str) -> Result<(), Problem> {
        let batch =
            Batch::new()
                .remove::<Row>(name)
                .audited(who, "secret.delete", &name, json!({}));
        self.commit(batch).await?;
        self.secrets.remove(name);
        Ok(())
    }
}
