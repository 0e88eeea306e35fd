//! `approval_gate`.

use crate::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A gate: the run waits until people have decided.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GateConfig {
    /// What is asked, in a few words; left out: the step's name or id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What is shown to whoever decides: any values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Value")]
    pub show: Option<Value>,
    /// `user:<name>` or `role:<role>`, any of which may decide; left out: `role:approver`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<String>,
    /// How many approvals it takes; left out: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub needed: Option<u32>,
    /// Whether who started the run may not decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude_starter: Option<bool>,
    /// JSON Schema of the form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Value")]
    pub fields: Option<Value>,
    /// How long it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// What happens then; left out: reject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_timeout: Option<OnTimeout>,
    /// Who decides after `on_timeout: escalate`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub escalate_to: Vec<String>,
    /// How often it is asked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remind: Option<Span>,
    /// Who is told, and how: one action, or a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<OneOrMore<Notify>>,
    /// The steps before the gate that run again when somebody sends it back; left out: nobody can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send_back: Option<SendBack>,
}

/// One, or a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMore<T> {
    /// One.
    One(T),
    /// A list.
    More(Vec<T>),
}

impl<T> OneOrMore<T> {
    /// All of them.
    pub fn all(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::More(list) => list,
        }
    }
}

/// Where a gate sends back to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendBack {
    /// The step, or steps, before the gate that run again, with all that lies between them and the gate.
    pub to: OneOrMore<String>,
    /// How often at most; left out: 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 50))]
    pub rounds: Option<u32>,
}

/// An action that tells somebody of a gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    /// The kind of action.
    pub action: String,
    /// Its configuration; expressions in it also see `approval`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub with: Map<String, Value>,
    /// The user (`user:<name>`) whom `approval.link` is made for; left out: it is the plain address.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Time limit of each try; left out: that of the action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
}

/// What happens to a gate whose time runs out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnTimeout {
    /// It counts as refused.
    #[default]
    Reject,
    /// It counts as approved.
    Approve,
    /// Others are asked.
    Escalate,
}
