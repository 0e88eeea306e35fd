//! What gates ask, and what people answer.

use crate::{ApprovalId, Digest, Json, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a gate shows and asks, frozen when it was reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApprovalRequest {
    /// The gate in this run.
    pub approval: ApprovalId,
    /// What is asked, in a few words.
    pub title: String,
    /// More about it.
    pub message: Option<String>,
    /// What is shown: the document's `show`, and what would run behind the gate.
    pub details: Json,
    /// JSON Schema of the form, or null.
    pub fields: Json,
    /// `user:<name>` or `role:<role>`, any of which may decide.
    pub approvers: Vec<String>,
    /// How many approvals it takes.
    pub needed: u32,
    /// Whether who started the run may not decide.
    pub exclude_starter: bool,
    /// Digest of the version, the step and everything shown.
    pub digest: Digest,
    /// When it ends by itself, as a rejection.
    pub expires_at: Option<Timestamp>,
}

/// What a person decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Go on.
    Approve,
    /// Do not.
    Reject,
    /// Do it differently.
    SendBack,
}

/// One person's answer to a gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// The answer.
    pub decision: Verdict,
    /// Who.
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// The form's values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Json>,
    /// When.
    pub at: Timestamp,
    /// Whether it was who started the run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own_run: bool,
}

/// One thing that is not as it was when a gate asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// What: `version`, or the path of a step behind the gate and a JSON Pointer into what is shown of it.
    pub what: String,
    /// What was asked about; null where there was nothing.
    pub before: Json,
    /// What it is now; null where there is nothing, or where it is not known yet.
    pub after: Json,
}
