//! What a version may touch: the list that its document gives, or else what is written in its steps. What is
//! not listed is refused in every run, before anything is sent.

mod asked;
mod environment;
mod needs;
#[cfg(test)]
mod tests;
mod widen;

pub use asked::{asked, authority};
pub use environment::{is_settable, steers};
pub use needs::{Need, needs};
pub use widen::widen;

use crate::definition::Document;
#[cfg(test)]
use crate::testing::{Bug, planted};
use crate::{Digest, Pattern};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What runs a `script`.
pub const INTERPRETER: &str = "/bin/sh";

/// Everything that a version may touch. In `hosts`, `folders`, `files`, `recipients`, `automations` and
/// `events` a `*` stands for any characters.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Capabilities {
    /// Hosts that a `url` may name: `api.example.com`, with `:port` where it is not that of the scheme.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub hosts: BTreeSet<String>,
    /// Connections, of any kind.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub connections: BTreeSet<String>,
    /// Tools of MCP servers.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub tools: BTreeSet<ToolGrant>,
    /// Programs, as they stand in `argv`; `/bin/sh` for a `script`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub programs: BTreeSet<String>,
    /// Folders that programs may be started in (`cwd`).
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub folders: BTreeSet<String>,
    /// Files and folders of `file` steps.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub files: BTreeSet<FileGrant>,
    /// Addresses that mail may go to.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub recipients: BTreeSet<String>,
    /// Other automations, by name or id.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub automations: BTreeSet<String>,
    /// Types of events that may be sent.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub events: BTreeSet<String>,
    /// Names of secrets.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub secrets: BTreeSet<String>,
}

/// A tool of an MCP server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolGrant {
    /// The connection.
    pub connection: String,
    /// The tool's name.
    pub tool: String,
    /// Digest of the JSON Schema of its arguments: a tool with another one is not called. Left out: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Digest>,
}

/// Files below a root.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileGrant {
    /// The connection; left out: the run's own working folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// The path below the root.
    pub path: String,
}

/// One thing that is to be touched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grant {
    /// A host that a `url` names, with its port where that is not the scheme's own.
    Host(String),
    /// A connection.
    Connection(String),
    /// A tool, by connection and name.
    Tool(String, String),
    /// A program.
    Program(String),
    /// A folder that a program runs in.
    Folder(String),
    /// A path, by connection.
    File(Option<String>, String),
    /// An address that mail goes to.
    Recipient(String),
    /// Another automation.
    Automation(String),
    /// A type of events.
    Event(String),
    /// A secret.
    Secret(String),
}

impl Grant {
    /// The key of [`Capabilities`] that it stands under.
    pub fn list(&self) -> &'static str {
        match self {
            Self::Host(_) => "hosts",
            Self::Connection(_) => "connections",
            Self::Tool(..) => "tools",
            Self::Program(_) => "programs",
            Self::Folder(_) => "folders",
            Self::File(..) => "files",
            Self::Recipient(_) => "recipients",
            Self::Automation(_) => "automations",
            Self::Event(_) => "events",
            Self::Secret(_) => "secrets",
        }
    }

    /// What it is, in words.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Host(_) => "host",
            Self::Connection(_) => "connection",
            Self::Tool(..) => "tool",
            Self::Program(_) => "program",
            Self::Folder(_) => "folder",
            Self::File(..) => "path",
            Self::Recipient(_) => "recipient",
            Self::Automation(_) => "automation",
            Self::Event(_) => "event",
            Self::Secret(_) => "secret",
        }
    }

    /// The thing itself.
    pub fn value(&self) -> &str {
        match self {
            Self::Host(text)
            | Self::Connection(text)
            | Self::Tool(_, text)
            | Self::Program(text)
            | Self::Folder(text)
            | Self::File(_, text)
            | Self::Recipient(text)
            | Self::Automation(text)
            | Self::Event(text)
            | Self::Secret(text) => text,
        }
    }

    /// The connection that it belongs to.
    pub fn connection(&self) -> Option<&str> {
        match self {
            Self::Tool(connection, _) => Some(connection),
            Self::File(connection, _) => connection.as_deref(),
            _ => None,
        }
    }
}

impl Capabilities {
    /// What a version may touch: the document's list, or else what is written in it.
    pub fn of(document: &Document) -> Self {
        match &document.capabilities {
            Some(declared) => declared.clone(),
            None => Self::derived(document),
        }
    }

    /// What is written in a document. Where a value decides, `*` stands for it.
    pub fn derived(document: &Document) -> Self {
        let mut all = Self::default();
        for need in needs(document) {
            all.add(need.grant);
        }
        all
    }

    /// Adds one thing.
    pub fn add(&mut self, grant: Grant) {
        let (list, text) = match grant {
            Grant::Tool(connection, tool) => {
                let schema = None;
                let known =
                    |known: &ToolGrant| known.connection == connection && known.tool == tool;
                if !self.tools.iter().any(known) {
                    self.tools.insert(ToolGrant {
                        connection,
                        tool,
                        schema,
                    });
                }
                return;
            }
            Grant::File(connection, path) => {
                self.files.insert(FileGrant { connection, path });
                return;
            }
            Grant::Host(text) => (&mut self.hosts, text),
            Grant::Connection(text) => (&mut self.connections, text),
            Grant::Program(text) => (&mut self.programs, text),
            Grant::Folder(text) => (&mut self.folders, text),
            Grant::Recipient(text) => (&mut self.recipients, text),
            Grant::Automation(text) => (&mut self.automations, text),
            Grant::Event(text) => (&mut self.events, text),
            Grant::Secret(text) => (&mut self.secrets, text),
        };
        list.insert(text);
    }

    /// Whether something is on the list.
    pub fn permits(&self, grant: &Grant) -> bool {
        #[cfg(test)]
        if planted(Bug::ListIgnored) {
            return true;
        }
        let any = |list: &BTreeSet<String>, text: &str| list.iter().any(|one| fits(one, text));
        match grant {
            Grant::Host(host) => any(&self.hosts, host),
            Grant::Connection(name) => self.connections.contains(name),
            Grant::Tool(connection, tool) => self
                .tools
                .iter()
                .any(|known| known.connection == *connection && known.tool == *tool),
            Grant::Program(program) => self.programs.contains(program),
            Grant::Folder(folder) => any(&self.folders, folder),
            Grant::File(connection, path) => self
                .files
                .iter()
                .any(|known| known.connection == *connection && fits(&known.path, path)),
            Grant::Recipient(address) => any(&self.recipients, address),
            Grant::Automation(name) => any(&self.automations, name),
            Grant::Event(event) => any(&self.events, event),
            Grant::Secret(name) => self.secrets.contains(name),
        }
    }

    /// The lists that are not empty, each with what people read.
    pub fn said(&self) -> Vec<(&'static str, Vec<String>)> {
        let plain = |list: &BTreeSet<String>| list.iter().cloned().collect();
        let over = |connection: Option<&str>, what: &str| match connection {
            Some(connection) => format!("{what} of {connection}"),
            None => format!("{what} of the run's own folder"),
        };
        let tools = self.tools.iter().map(|one| {
            let said = over(Some(&one.connection), &one.tool);
            match &one.schema {
                Some(digest) => format!("{said} ({})", digest.hex().get(..12).unwrap_or_default()),
                None => said,
            }
        });
        let files = self.files.iter();
        let files = files.map(|one| over(one.connection.as_deref(), &one.path));
        let lists: [(&'static str, Vec<String>); 10] = [
            ("hosts", plain(&self.hosts)),
            ("connections", plain(&self.connections)),
            ("tools", tools.collect()),
            ("programs", plain(&self.programs)),
            ("folders", plain(&self.folders)),
            ("files", files.collect()),
            ("recipients", plain(&self.recipients)),
            ("automations", plain(&self.automations)),
            ("events", plain(&self.events)),
            ("secrets", plain(&self.secrets)),
        ];
        let lists = lists.into_iter();
        lists.filter(|(_, items)| !items.is_empty()).collect()
    }

    /// The digests of which a tool's schema has to have one; none where any will do.
    pub fn schemas(&self, connection: &str, tool: &str) -> Vec<&Digest> {
        let mut digests = Vec::new();
        for known in &self.tools {
            if known.connection == connection && known.tool == tool {
                match &known.schema {
                    Some(digest) => digests.push(digest),
                    None => return Vec::new(),
                }
            }
        }
        digests
    }
}

/// The digest of the JSON Schema of a tool's arguments.
pub fn schema_digest(schema: &serde_json::Value) -> Digest {
    Digest::of(crate::json::canonical(schema).as_bytes())
}

/// Whether a text is the listed one, or fits it where that holds a `*`. What leads upwards fits no `*`.
fn fits(listed: &str, text: &str) -> bool {
    if listed == text {
        return true;
    }
    listed.contains('*')
        && !text.split(['/', '\\']).any(|part| part == "..")
        && Pattern::new(listed).matches(text)
}
