//! The first start: a token that works once, for an hour, and makes the first administrator.

use super::audit::Audited;
use super::{App, Principal, Problem, Role, tokens::NewToken, tokens::TokenView};
use crate::runtime::clock;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use druse_engine::{Digest, Span, Timestamp};
use druse_storage::{Batch, Scan, Setting, StoreExt, Token};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{io::Write, os::unix::fs::OpenOptionsExt, path::Path};
use subtle::ConstantTimeEq;

/// How long a setup token works.
pub const VALID: Span = Span::from_secs(3600);

/// The name of the file in the data folder that holds it.
pub const FILE: &str = "setup-token";

const SETTING: &str = "setup";

#[derive(Serialize, Deserialize)]
struct Mark {
    digest: Digest,
    expires_at: Timestamp,
    used: bool,
}

impl App {
    /// Makes a setup token when there is no API token yet; `None` when there is one.
    /// An earlier setup token that was not used stops working.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn begin_setup(&self) -> Result<Option<String>, Problem> {
        let any: Vec<Token> = self.store.scan(&Scan {
            limit: 1,
            ..Scan::default()
        })?;
        if !any.is_empty() {
            self.remove_setup_file();
            return Ok(None);
        }
        let text = URL_SAFE_NO_PAD.encode(clock::random::<32>());
        let now = clock::now();
        let mark = Mark {
            digest: Digest::of(text.as_bytes()),
            expires_at: now.after(VALID),
            used: false,
        };
        self.commit(Batch::new().put(&setting(&mark, now))).await?;
        Ok(Some(text))
    }

    /// A token that works no more is not left lying about.
    fn remove_setup_file(&self) {
        if let Some(path) = &self.options.setup_file
            && let Err(error) = std::fs::remove_file(path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, path = %path.display(), "the used setup token cannot be removed");
        }
    }

    /// Exchanges the setup token for an admin token, once.
    ///
    /// # Errors
    /// 401 for a wrong one, one that was used, or one that is over.
    pub async fn finish_setup(&self, token: &str, name: &str) -> Result<Value, Problem> {
        let _edits = self.edits.lock().await;
        let refused = || {
            Problem::new(
                StatusCode::UNAUTHORIZED,
                "setup_refused",
                "This setup token does not work.",
                "It works once, for an hour after the first start; start the server again for a new one.",
            )
        };
        let row = self.store.get::<Setting>(SETTING)?.ok_or_else(refused)?;
        let mut mark: Mark = serde_json::from_value(row.value).map_err(|_| refused())?;
        let given = Digest::of(token.as_bytes());
        let equal: bool = given
            .as_str()
            .as_bytes()
            .ct_eq(mark.digest.as_str().as_bytes())
            .into();
        let now = clock::now();
        if !equal || mark.used || mark.expires_at <= now {
            return Err(refused());
        }
        mark.used = true;
        let new = NewToken {
            role: Role::Admin.name().into(),
            name: name.into(),
            expires: None,
            expires_at: None,
        };
        let (row, text) = self.make_token(&new, "setup")?;
        let who = Principal {
            id: "setup".into(),
            name: "setup".into(),
            role: Role::Admin,
        };
        let batch = Self::token_batch(&row).put(&setting(&mark, now)).audited(
            &who,
            "token.create",
            &row.id,
            json!({ "name": row.name, "role": row.role }),
        );
        self.commit(batch).await?;
        self.remove_setup_file();
        let mut answer = json!(TokenView::from(row));
        answer["token"] = text.into();
        Ok(answer)
    }
}

fn setting(mark: &Mark, now: Timestamp) -> Setting {
    Setting {
        name: SETTING.into(),
        value: json!(mark),
        updated_at: now,
    }
}

/// Writes the setup token to the data folder, readable by its owner alone.
///
/// # Errors
/// When the file cannot be written.
pub fn write_file(data: &Path, token: &str) -> std::io::Result<()> {
    let path = data.join(FILE);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    writeln!(file, "{token}")
}
