//! The kinds of action.

use serde::{Deserialize, Serialize};

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// Computes a value.
    Transform,
    /// Waits for time or an event.
    Wait,
    /// Waits for people.
    ApprovalGate,
    /// Takes one of several ways.
    Switch,
    /// Makes an HTTP call.
    Http,
    /// Runs a program.
    Shell,
    /// Calls a tool of an MCP server.
    Mcp,
    /// Starts another automation.
    Automation,
    /// Sends an event.
    Emit,
    /// Asks a database.
    Sql,
    /// Reads or writes a file.
    File,
    /// Sends a message by mail.
    Mail,
    /// A recorded tool that nothing maps yet.
    Tool,
}

impl ActionKind {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Transform,
        Self::Wait,
        Self::ApprovalGate,
        Self::Switch,
        Self::Http,
        Self::Shell,
        Self::Mcp,
        Self::Automation,
        Self::Emit,
        Self::Sql,
        Self::File,
        Self::Mail,
        Self::Tool,
    ];

    /// The name in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Transform => "transform",
            Self::Wait => "wait",
            Self::ApprovalGate => "approval_gate",
            Self::Switch => "switch",
            Self::Http => "http",
            Self::Shell => "shell",
            Self::Mcp => "mcp",
            Self::Automation => "automation",
            Self::Emit => "emit",
            Self::Sql => "sql",
            Self::File => "file",
            Self::Mail => "mail",
            Self::Tool => "tool",
        }
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether its effect happens outside of the engine, in attempts.
    pub fn has_attempts(self) -> bool {
        !self.is_pure() && !matches!(self, Self::Wait | Self::ApprovalGate)
    }

    /// Whether it is computed by the engine itself, without an attempt.
    pub fn is_pure(self) -> bool {
        matches!(self, Self::Transform | Self::Switch)
    }
}
