//! Diagnostics: one shape for the check of a document, the import of a recording and the crystallizer.

pub mod codes;

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

/// What a code's `fix` says where only the finding itself knows more.
const BESIDE: &str = "The hint beside it";

/// Gives each finding that has no hint of its own the one of its code.
pub fn hint(findings: &mut [Finding]) {
    for finding in findings.iter_mut().filter(|one| one.help.is_empty()) {
        let fix = codes::find(&finding.code).map_or("", |code| code.fix);
        if fix.starts_with(BESIDE) {
            continue;
        }
        // Hints go on from the message: they begin small, and have no full stop.
        let mut chars = fix.strip_suffix('.').unwrap_or(fix).chars();
        finding.help = chars
            .next()
            .map(|first| first.to_ascii_lowercase())
            .into_iter()
            .chain(chars)
            .collect();
    }
}

/// As [`hint`].
pub(crate) fn hinted(mut findings: Vec<Finding>) -> Vec<Finding> {
    hint(&mut findings);
    findings
}

impl Finding {
    /// A finding with its code as id; the builder methods add place and hint.
    pub fn new(severity: Severity, code: impl Into<String>, message: impl Into<String>) -> Self {
        let code = code.into();
        let mut message = message.into();
        message.shrink_to_fit();
        Self {
            id: code.clone(),
            code,
            severity,
            step: None,
            path: None,
            line: None,
            column: None,
            message,
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
        self.help.shrink_to_fit();
        self
    }

    /// Marks it as one that a person must acknowledge by id.
    #[must_use]
    pub fn must_acknowledge(mut self) -> Self {
        self.acknowledge = true;
        self
    }

    /// The finding as text for a terminal: place, code, message, hint, and the line of the source with
    /// a caret under the column.
    pub fn render(&self, file: &str, text: &str) -> String {
        use std::fmt::Write as _;
        let mut out = file.to_owned();
        if let Some(line) = self.line {
            let _ = write!(out, ":{line}:{}", self.column.unwrap_or(1));
        }
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        };
        let _ = writeln!(out, ": {severity}[{}]: {}", self.code, self.message);
        let source = self
            .line
            .and_then(|line| text.lines().nth(line.saturating_sub(1) as usize));
        if let (Some(line), Some(source)) = (self.line, source) {
            let number = line.to_string();
            let column = self.column.unwrap_or(1).saturating_sub(1) as usize;
            // A long line is cut around the column, so that the caret can be seen.
            let from = column.saturating_sub(80);
            let shown: String = source.chars().skip(from).take(160).collect();
            let blank: String = shown
                .chars()
                .take(column - from)
                .map(|c| if c == '\t' { '\t' } else { ' ' })
                .collect();
            let _ = writeln!(out, "  {number} | {shown}");
            let _ = writeln!(out, "  {:width$} | {blank}^", "", width = number.len());
        }
        if !self.help.is_empty() {
            let _ = writeln!(out, "  help: {}", self.help);
        }
        out
    }
}
