//! Why a body cannot be read at all.

use std::fmt;

/// A recording that cannot be read: one sentence, a hint, and the line where one can be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportError {
    /// `empty`, `too_large`, `not_text`, `unreadable`, `too_deep` or `unknown_format`.
    pub code: &'static str,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// Line in the body, from 1.
    pub line: Option<u32>,
}

impl ImportError {
    pub(super) fn new(
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            code,
            message: message.into(),
            help: help.into(),
            line: None,
        }
    }

    pub(super) fn at_line(mut self, line: u32) -> Self {
        self.line = Some(line);
        self
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(line) = self.line {
            write!(f, " (line {line})")?;
        }
        if !self.help.is_empty() {
            write!(f, " {}", self.help)?;
        }
        Ok(())
    }
}

impl std::error::Error for ImportError {}
