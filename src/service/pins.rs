//! The tools of MCP servers as they are when a version is activated.

use super::{App, Problem};
use crate::runtime::clock;
use druse_engine::AutomationId;
use druse_engine::capability::{Capabilities, schema_digest};
use druse_engine::definition::Document;
use druse_storage::{Automation, Review, StoreExt as _, ToolPin, ToolPins};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long a server may take to name its tools.
const ASKED: Duration = Duration::from_secs(5);

/// What servers said of the tools that a version may call.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The version whose tools were asked for.
    pub version: u32,
    /// Those of them that the version may call.
    pub tools: Vec<ToolPin>,
    /// By connection what each server that answered offers: the names of its tools and the schemas of their arguments.
    pub offered: BTreeMap<String, Vec<(String, Value)>>,
}

/// Connections and the names of their tools that a document may call.
fn wanted(document: &Document) -> BTreeMap<String, BTreeSet<String>> {
    let mut wanted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for grant in Capabilities::of(document).tools {
        wanted
            .entry(grant.connection)
            .or_default()
            .insert(grant.tool);
    }
    wanted
}

impl App {
    /// Asks the servers whose tools a version may call what these take. One that cannot be reached holds nothing up:
    /// of its tools nothing new is known then.
    ///
    /// # Errors
    /// 404 for an unknown version.
    pub async fn tools_of(
        &self,
        automation: AutomationId,
        version: u32,
    ) -> Result<Listed, Problem> {
        let version = self.version(automation, version)?;
        let document = super::automation::document_of(&version)?;
        let mut tools = Vec::new();
        let mut offered = BTreeMap::new();
        for (connection, names) in wanted(&document) {
            let Ok(open) = self.connections.get(&connection) else {
                continue;
            };
            let Ok(pool) = open.mcp() else { continue };
            let listed = match tokio::time::timeout(ASKED, pool.list_tools()).await {
                Ok(Ok(listed)) => listed,
                Ok(Err(_)) | Err(_) => {
                    tracing::warn!(
                        %automation,
                        connection,
                        "the server does not name its tools: what they take is not looked at"
                    );
                    continue;
                }
            };
            open.offers(&listed);
            for tool in listed.iter().filter(|tool| names.contains(&tool.name)) {
                tools.push(ToolPin {
                    connection: connection.clone(),
                    tool: tool.name.clone(),
                    digest: schema_digest(&tool.input_schema),
                    schema: tool.input_schema.clone(),
                });
            }
            let all = listed.into_iter();
            let all = all.map(|tool| (tool.name, tool.input_schema)).collect();
            offered.insert(connection, all);
        }
        Ok(Listed {
            version: version.number,
            tools,
            offered,
        })
    }

    /// The tools that a version is held to; none where it was never active.
    fn pinned_tools(
        &self,
        automation: AutomationId,
        version: Option<u32>,
    ) -> Result<Vec<ToolPin>, Problem> {
        let Some(version) = version else {
            return Ok(Vec::new());
        };
        let pins: Option<ToolPins> = self.store.get(&Review::key_of(automation, version))?;
        Ok(pins.map(|pins| pins.tools).unwrap_or_default())
    }

    /// The tools as they were seen before a version is activated: with the version in force, or else with this one.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(super) fn seen_before(
        &self,
        row: &Automation,
        number: u32,
    ) -> Result<Vec<ToolPin>, Problem> {
        let mut pins = self.pinned_tools(row.id, row.active_version)?;
        pins.extend(self.pinned_tools(row.id, Some(number))?);
        Ok(pins)
    }

    /// The tools that a version is held to from its activation on: as they are now, and where a server does not name
    /// one, as they were known before, so that nobody takes a pin away by being silent. `row` is the automation as it
    /// was before.
    ///
    /// # Errors
    /// When earlier ones cannot be read.
    pub(super) fn pins(
        &self,
        row: &Automation,
        number: u32,
        document: &Document,
        listed: &Listed,
    ) -> Result<Option<ToolPins>, Problem> {
        let mut known: BTreeMap<(String, String), ToolPin> = BTreeMap::new();
        let mut take = |pins: &[ToolPin]| {
            for pin in pins {
                known
                    .entry((pin.connection.clone(), pin.tool.clone()))
                    .or_insert_with(|| pin.clone());
            }
        };
        take(&listed.tools);
        for version in [Some(number), Some(listed.version), row.active_version] {
            take(&self.pinned_tools(row.id, version)?);
        }
        let wanted = wanted(document);
        let tools: Vec<ToolPin> = known
            .into_values()
            .filter(|pin| {
                wanted
                    .get(&pin.connection)
                    .is_some_and(|names| names.contains(&pin.tool))
            })
            .collect();
        Ok((!tools.is_empty()).then(|| ToolPins {
            automation: row.id,
            version: number,
            tools,
            at: clock::now(),
        }))
    }
}
