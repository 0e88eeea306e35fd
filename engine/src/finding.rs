//! Diagnostics: one shape for the check of a document, the import of a recording and the crystallizer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much a finding matters. Only errors, and findings with `acknowledge`, block an activation.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Blocks.
    Error,
    /// Worth a look, never blocks.
    Warning,
    /// Explains a decision.
    Info,
}

/// A diagnostic with a stable code, a place and a hint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Stable within its report: `<code>` and, where needed, step and path. Acknowledgements name it.
    pub id: String,
    /// Stable, snake_case, documented.
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// The step it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// JSON Pointer (RFC 6901) into the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Line in the source text, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column in the source text, in characters, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// What is so, in one sentence.
    pub message: String,
    /// What to do about it; empty when nothing needs doing.
    #[serde(default)]
    pub help: String,
    /// Whether a person must acknowledge it by id before activation.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub acknowledge: bool,
}

impl Finding {
    /// A finding with its code as id; the builder methods add place and hint.
    pub fn new(severity: Severity, code: impl Into<String>, message: impl Into<String>) -> Self {
        let code = code.into();
        Self {
            id: code.clone(),
            code,
            severity,
            step: None,
            path: None,
            line: None,
            column: None,
            message: message.into(),
            help: String::new(),
            acknowledge: false,
        }
    }

    /// An error.
    pub fn error(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    /// A warning.
    pub fn warning(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    /// A piece of information.
    pub fn info(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Severity::Info, code, message)
    }

    /// Names the step, and makes the id tell steps apart.
    #[must_use]
    pub fn at_step(mut self, step: impl Into<String>) -> Self {
        let step = step.into();
        self.id = format!("{}:{step}", self.code);
        self.step = Some(step);
        self
    }

    /// Names the place as a JSON Pointer, and makes the id tell places apart.
    #[must_use]
    pub fn at_path(mut self, path: impl Into<String>) -> Self {
        let path = path.into();
        self.id = match &self.step {
            Some(step) => format!("{}:{step}:{path}", self.code),
            None => format!("{}:{path}", self.code),
        };
        self.path = Some(path);
        self
    }

    /// Adds the hint.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// Marks it as one that a person must acknowledge by id.
    #[must_use]
    pub fn must_acknowledge(mut self) -> Self {
        self.acknowledge = true;
        self
    }
}
