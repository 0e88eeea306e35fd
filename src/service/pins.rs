//! The tools of MCP servers as they are when a version is activated.

use super::{App, Problem};
use crate::runtime::clock;
use druse_engine::capability::{Capabilities, schema_digest};
use druse_storage::{ToolPin, ToolPins};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long a server may take to name its tools.
const ASKED: Duration = Duration::from_secs(5);

impl App {
    /// Asks the servers whose tools a version may call what these take. One that cannot be reached holds nothing up:
    /// of its tools nothing is known then.
    ///
    /// # Errors
    /// 404 for an unknown version.
    pub async fn tools_of(
        &self,
        automation: &str,
        version: Option<u32>,
    ) -> Result<Option<ToolPins>, Problem> {
        let row = self.automation(automation)?;
        let version = self.version(row.id, version.unwrap_or(row.latest_version))?;
        let document = super::automation::document_of(&version)?;
        let mut wanted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for grant in Capabilities::of(&document).tools {
            wanted
                .entry(grant.connection)
                .or_default()
                .insert(grant.tool);
        }
        let mut tools = Vec::new();
        for (connection, names) in wanted {
            let pool = self
                .connections
                .get(&connection)
                .and_then(|open| open.mcp());
            let Ok(pool) = pool else { continue };
            let listed = match tokio::time::timeout(ASKED, pool.list_tools()).await {
                Ok(Ok(listed)) => listed,
                Ok(Err(_)) | Err(_) => {
                    tracing::warn!(
                        automation = row.name,
                        connection,
                        "the server does not name its tools: what they take is not looked at"
                    );
                    continue;
                }
            };
            for tool in listed.into_iter().filter(|tool| names.contains(&tool.name)) {
                tools.push(ToolPin {
                    connection: connection.clone(),
                    tool: tool.name,
                    digest: schema_digest(&tool.input_schema),
                    schema: tool.input_schema,
                });
            }
        }
        Ok((!tools.is_empty()).then(|| ToolPins {
            automation: row.id,
            version: version.number,
            tools,
            at: clock::now(),
        }))
    }
}
