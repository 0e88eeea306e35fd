//! What is wrong with an expression.

use std::ops::Range;

/// Why an expression does not compile or has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExpressionError {
    /// `bad_expression`, `undefined_value`, `expression_failed`, `expression_too_costly` or `output_too_large`.
    pub code: &'static str,
    /// One sentence that names the path.
    pub message: String,
    /// What to do about it; may be empty.
    pub help: String,
    /// Bytes of the expression that it is about.
    pub range: Option<Range<usize>>,
    /// JSON Pointer into the template, when the expression stood in one.
    pub path: Option<String>,
}

impl ExpressionError {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            help: String::new(),
            range: None,
            path: None,
        }
    }

    pub(super) fn syntax(message: impl Into<String>, range: Range<usize>) -> Self {
        let mut error = Self::new("bad_expression", message);
        error.range = Some(range);
        error
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// A fault in what works expressions out, which must not take the run with it.
    pub(super) fn fault() -> Self {
        Self::new(
            "expression_failed",
            "working the expression out failed by a fault of Druse",
        )
        .help("write it another way, and report it: the server's log names the fault")
    }

    pub(super) fn too_large() -> Self {
        Self::new(
            "output_too_large",
            "the expression makes more than 1 MiB of output",
        )
        .help("pass the value on as it stands, or make it smaller in a step of its own")
    }
}

/// The known name that is nearest to a wrong one, if any is near enough to be meant.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = match wrong.chars().count() {
        0..=1 => 0,
        2 => 1,
        3..=5 => 2,
        _ => 3,
    };
    known
        .into_iter()
        .filter(|name| *name != wrong)
        .take(1_000)
        .map(|name| (strsim::damerau_levenshtein(wrong, name), name))
        .filter(|(distance, name)| *distance <= limit && *distance < name.chars().count().max(2))
        .min()
        .map(|(_, name)| name)
}
