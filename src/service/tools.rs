//! The server's tool map: what a recorded tool becomes.

use super::{App, Principal, Problem, audit::Audited};
use crate::runtime::clock;
use druse_crystallizer::{ToolRule, tools_from_value};
use druse_storage::{Batch, Setting, StoreExt};
use serde_json::{Value, json};

const SETTING: &str = "tools";

impl App {
    /// The tool map and its entity tag.
    ///
    /// # Errors
    /// When the row cannot be read.
    pub fn tools(&self) -> Result<(Value, String), Problem> {
        let row = self.store.get::<Setting>(SETTING)?;
        let value = row.map_or_else(|| json!({ "tools": [] }), |row| row.value);
        let digest = druse_engine::Digest::of(value.to_string().as_bytes());
        let tag = format!("\"{}\"", &digest.hex()[..16]);
        Ok((value, tag))
    }

    /// The rules of the server's tool map.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn tool_rules(&self) -> Result<Vec<ToolRule>, Problem> {
        let (value, _) = self.tools()?;
        tool_rules(value)
    }

    /// Writes the tool map. Hold [`super::app::Parts::edits`].
    ///
    /// # Errors
    /// 422 with findings for wrong rules.
    pub async fn write_tools(&self, who: &Principal, value: Value) -> Result<(), Problem> {
        let rules = tool_rules(value)?;
        let row = Setting {
            name: SETTING.into(),
            value: json!({ "tools": rules }),
            updated_at: clock::now(),
        };
        let batch = Batch::new().put(&row).audited(
            who,
            "tools.write",
            &"tools",
            json!({ "rules": rules.len() }),
        );
        self.commit(batch).await
    }
}

/// Reads rules: `{tools: […]}`, or the list itself.
///
/// # Errors
/// 422 with findings.
pub fn tool_rules(value: Value) -> Result<Vec<ToolRule>, Problem> {
    tools_from_value(value).map_err(|findings| {
        Problem::unprocessable(
            "bad_tools",
            "The rules of the tool map are wrong.",
            "`findings` has each place and what to do.",
        )
        .findings(findings)
    })
}
