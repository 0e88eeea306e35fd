//! What is asked of the crystallizer, and what it answers.

use crate::report::Report;
use crate::session::Session;
use crate::tool_map::ToolRule;
use druse_engine::definition::Document;
use druse_engine::{Digest, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// How much of the recording stays as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Every kept call becomes a step with frozen parameters, in the recorded order.
    #[default]
    Exact,
    /// Values flow from step to step and from inputs.
    Bound,
}

impl Mode {
    /// The name in documents and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Bound => "bound",
        }
    }
}

/// Where a recording is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceRef {
    /// `agent_run`, `chat_thread` or `file`.
    pub kind: String,
    /// Its id there: a session id, or a file's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// SHA-256 of the recording.
    pub digest: Digest,
}

/// What is asked. Nothing else goes into the result: equal sessions and options give equal bytes.
#[derive(Debug, Clone)]
pub struct Options {
    /// How much of the recording stays as it was.
    pub mode: Mode,
    /// The automation's name; left out: made of the goal.
    pub name: Option<String>,
    /// What recorded tools become; the first rule that matches wins.
    pub tools: Vec<ToolRule>,
    /// The configured connections by name, as in the connections file.
    pub connections: BTreeMap<String, Value>,
    /// The names of the stored secrets; `None`: not known, not checked.
    pub secrets: Option<Vec<String>>,
    /// Where the recording is kept; left out: what the session says of itself.
    pub source: Option<SourceRef>,
    /// The moment that the document names as that of its making.
    pub at: Timestamp,
    /// The version that the document names as its maker.
    pub druse_version: String,
    /// Takes a session that did not succeed.
    pub force: bool,
    /// Codes of findings whose suggestions are taken: in `bound` each open question that stands with one is answered
    /// with what the report assumes. `exact` asks nothing and applies none, and says so.
    pub accept: Vec<String>,
    /// Answers to the questions of an earlier report, by their ids. Only `bound` asks any.
    pub answers: BTreeMap<String, String>,
    /// The values, as people are shown them, that answers were given for, by the ids of the questions. An answer holds
    /// for that value; one without is given now.
    pub answered_for: BTreeMap<String, String>,
    /// What people call the recordings, in the order of these: their files, or the ids under which they are stored. Those
    /// without a name are called as they call themselves.
    pub names: Vec<String>,
    /// Calls, by their ids, that become steps though they would be left out. Not those that a person refused.
    pub keep: BTreeSet<String>,
    /// The folder that the automation works in, in the place of the one that the recording names, or where it names
    /// none.
    pub folder: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mode: Mode::Exact,
            name: None,
            tools: Vec::new(),
            connections: BTreeMap::new(),
            secrets: None,
            source: None,
            at: Timestamp(0),
            druse_version: env!("CARGO_PKG_VERSION").to_owned(),
            force: false,
            accept: Vec::new(),
            answers: BTreeMap::new(),
            answered_for: BTreeMap::new(),
            names: Vec::new(),
            keep: BTreeSet::new(),
            folder: None,
        }
    }
}

impl Options {
    /// What to call a recording, by its place.
    pub(crate) fn called(&self, at: usize, session: &Session) -> String {
        let own = || session.external_id.clone();
        let name = self.names.get(at).cloned().or_else(own);
        name.unwrap_or_else(|| session.digest.to_string())
    }
}

/// A draft and what is to be known about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Crystallized {
    /// The automation document.
    pub document: Document,
    /// What was done, what is to be looked at, and the proof.
    pub report: Report,
}

/// Why there is no draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct CrystallizeError {
    /// `run_not_successful`, `nothing_to_crystallize`, `too_many_calls`, `unknown_call`, `unknown_code`, `bad_name` or
    /// `bad_folder`.
    pub code: &'static str,
    /// One sentence.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl CrystallizeError {
    pub(crate) fn new(
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            code,
            message: message.into(),
            help: help.into(),
        }
    }

    /// The HTTP status that fits the code.
    pub fn status(&self) -> u16 {
        if self.code == "run_not_successful" {
            409
        } else {
            422
        }
    }
}
