//! Who asks, and what they may.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The roles, each with all of the one before.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Starts, cancels, retries.
    Operator,
    /// Decides.
    Approver,
    /// Drafts, edits, activates.
    Editor,
    /// Connections, secrets, tokens, tool map; may always decide.
    Admin,
}

impl Role {
    /// All of them, lowest first.
    pub const ALL: [Self; 5] = [
        Self::Viewer,
        Self::Operator,
        Self::Approver,
        Self::Editor,
        Self::Admin,
    ];

    /// The name in documents and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Approver => "approver",
            Self::Editor => "editor",
            Self::Admin => "admin",
        }
    }

    /// The role of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// Who asks: a token's bearer, or whoever opened the socket of the data folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Tells callers apart for idempotency keys: a token's id, `uid:<n>`.
    pub id: String,
    /// The user name in audits and approver lists.
    pub name: String,
    /// What they may.
    pub role: Role,
}

impl Principal {
    /// Whoever opened the socket of the data folder: only its owner can.
    pub fn local(uid: u32) -> Self {
        Self {
            id: format!("uid:{uid}"),
            name: format!("uid:{uid}"),
            role: Role::Admin,
        }
    }

    /// Whether it is whoever opened the socket of the data folder.
    pub fn is_local(&self) -> bool {
        self.id.starts_with("uid:")
    }

    /// `user:<name>`, as runs and approver lists name people.
    pub fn user(&self) -> String {
        format!("user:{}", self.name)
    }
}
