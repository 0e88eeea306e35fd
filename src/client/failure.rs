//! What went wrong, as a sentence with a hint, and the exit code that says who must act.

use http::StatusCode;
use serde_json::Value;
use std::fmt;
use std::io::ErrorKind;

/// A failure of a command.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: u8,
    /// Stable, snake_case.
    pub code: String,
    /// What is so.
    pub message: String,
    /// What to do; never empty.
    pub help: String,
    /// What is wrong with inputs, as the API says it, to be shown where they were written.
    pub inputs: Vec<Value>,
}

/// The run, the check or the test failed.
pub const EXIT_FAILED: u8 = 1;
/// Wrong words on the command line.
pub const EXIT_USAGE: u8 = 2;
/// The input data is bad.
pub const EXIT_DATA: u8 = 65;
/// The server cannot be reached.
pub const EXIT_UNREACHABLE: u8 = 69;
/// Reading or writing failed.
pub const EXIT_IO: u8 = 74;
/// It may work later.
pub const EXIT_AGAIN: u8 = 75;
/// Not allowed.
pub const EXIT_DENIED: u8 = 77;
/// Bad configuration.
pub const EXIT_CONFIG: u8 = 78;

impl Failure {
    /// A failure with everything said.
    pub fn new(exit: u8, code: &str, message: impl Into<String>, help: impl Into<String>) -> Self {
        let help = help.into();
        debug_assert!(!help.is_empty(), "{code} does not say what to do");
        Self {
            exit,
            code: code.into(),
            message: message.into(),
            help,
            inputs: Vec::new(),
        }
    }

    /// The same with what is wrong with inputs shown where `place` says.
    #[must_use]
    pub fn placed(mut self, place: impl Fn(&Value) -> Option<String>) -> Self {
        let inputs = std::mem::take(&mut self.inputs);
        for finding in &inputs {
            if let Some(place) = place(finding) {
                let said = format!("\n  {}", finding["message"].as_str().unwrap_or_default());
                let there = format!("\n  {place}: {}", &said[3..]);
                self.message = self.message.replacen(&said, &there, 1);
            }
        }
        self
    }

    /// The same, of one of several things.
    #[must_use]
    pub fn of(self, name: &str) -> Self {
        Self {
            message: format!("{name}: {}", self.message),
            ..self
        }
    }

    /// The command line is wrong.
    pub fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(EXIT_USAGE, "usage", message, help)
    }

    /// The input data is bad.
    pub fn data(code: &str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(EXIT_DATA, code, message, help)
    }

    /// A file could not be read or written.
    pub fn io(path: &std::path::Path, error: &std::io::Error) -> Self {
        // What was named is not what is meant; all else is the machine's.
        let exit = match error.kind() {
            ErrorKind::NotFound
            | ErrorKind::InvalidData
            | ErrorKind::IsADirectory
            | ErrorKind::NotADirectory => EXIT_DATA,
            _ => EXIT_IO,
        };
        Self::new(
            exit,
            "io",
            format!("{}: {}.", path.display(), said(error)),
            match error.kind() {
                ErrorKind::NotFound => "Check the path.",
                ErrorKind::InvalidData => "It has to be text in UTF-8.",
                ErrorKind::IsADirectory => "Name a file.",
                _ => "Check the path and its permissions.",
            },
        )
    }

    /// No answer came.
    pub fn unreachable(what: &str, error: &dyn fmt::Display) -> Self {
        tracing::debug!(%error, "no answer");
        Self::new(
            EXIT_UNREACHABLE,
            "unreachable",
            format!("The server at {what} does not answer."),
            "Start one with `druse serve`, or name another with --server or --data.",
        )
    }

    /// Neither a server nor a data folder is where one was named.
    pub fn nothing_there(data: &std::path::Path) -> Self {
        Self::new(
            EXIT_UNREACHABLE,
            "unreachable",
            format!(
                "No server is running on {0}, and {0} is no data folder.",
                data.display()
            ),
            "Start one with `druse serve --data DIR`, or name another with --data or --server.",
        )
    }

    /// Something that should not be.
    pub fn internal(error: &dyn fmt::Display) -> Self {
        Self::new(
            EXIT_FAILED,
            "internal",
            format!("Something broke inside: {error}."),
            "Please report it.",
        )
    }

    /// What the API answered.
    pub fn problem(status: StatusCode, body: &Value) -> Self {
        let part = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        // Druse answers in JSON, whatever it is.
        let (code, mut message) = (part("code"), part("message"));
        if code.is_empty() || message.is_empty() {
            return Self::new(
                EXIT_UNREACHABLE,
                "not_druse",
                format!("What answers there is no Druse server: it said {status}."),
                "Check the address given with --server.",
            );
        }
        let exit = match (status.as_u16(), code.as_str()) {
            // The document is right as such; it is its activation that failed.
            (_, "activation_blocked") => EXIT_FAILED,
            (401 | 403, _) => EXIT_DENIED,
            (429 | 503 | 507, _) => EXIT_AGAIN,
            (500, _) => EXIT_IO,
            (400 | 404 | 413 | 415 | 422, _) => EXIT_DATA,
            _ => EXIT_FAILED,
        };
        // The same in the words of this surface.
        let help = match (status.as_u16(), code.as_str()) {
            (401, _) => {
                "Put a token into the environment variable DRUSE_TOKEN; `druse tokens create` on the server's machine makes one."
                    .into()
            }
            (_, "activation_blocked") => {
                "Put right what is an error; accept the others with --acknowledge ID.".into()
            }
            (_, "comment_required") => "Say why with --comment, for whoever has to go on with it.".into(),
            _ => part("help"),
        };
        // The body was put together from words and a file: nobody has seen its lines.
        let own = ["bad_inputs", "bad_fields"].contains(&code.as_str());
        // Of several documents one may have what another has not.
        let is_unknown = code == "unknown_finding";
        for (finding, steps) in alike(&body["findings"]) {
            let place = match (finding["line"].as_u64(), finding["column"].as_u64()) {
                _ if own => String::new(),
                (Some(line), Some(column)) => format!("{line}:{column}: "),
                _ => match steps[..] {
                    [] => String::new(),
                    [step] => format!("step {step}: "),
                    _ => format!("steps {}: ", steps.join(", ")),
                },
            };
            let id = if finding["acknowledge"] == true {
                format!(
                    " (acknowledge {})",
                    finding["id"].as_str().unwrap_or_default()
                )
            } else {
                String::new()
            };
            message.push_str(&format!(
                "\n  {}{} [{}]{id}",
                within(&place),
                within(finding["message"].as_str().unwrap_or_default()),
                finding["code"].as_str().unwrap_or_default()
            ));
            if let Some(help) = finding["help"].as_str().filter(|help| !help.is_empty()) {
                message.push_str(&format!("\n      {}", within(help)));
            }
        }
        for change in body["changes"].as_array().into_iter().flatten() {
            message.push_str(&format!(
                "\n  {}: {} became {}",
                change["what"].as_str().unwrap_or_default(),
                change["before"],
                change["after"]
            ));
        }
        Self {
            exit,
            code,
            message,
            help,
            inputs: match own || is_unknown {
                true => body["findings"].as_array().cloned().unwrap_or_default(),
                false => Vec::new(),
            },
        }
    }
}

/// The findings, and of those without a line that say the same only the first, with the steps of all.
fn alike(findings: &Value) -> Vec<(&Value, Vec<&str>)> {
    let mut said: Vec<(&Value, Vec<&str>)> = Vec::new();
    for finding in findings.as_array().into_iter().flatten() {
        let step = finding["step"].as_str();
        let same = said.iter_mut().find(|(known, _)| {
            finding["line"].is_null()
                && finding["acknowledge"] != true
                && ["line", "code", "message", "help", "acknowledge"]
                    .iter()
                    .all(|field| known[field] == finding[field])
        });
        match same {
            Some((_, steps)) => steps.extend(step),
            None => said.push((finding, step.into_iter().collect())),
        }
    }
    for (_, steps) in &mut said {
        steps.dedup();
    }
    said
}

/// What belongs to a line and may hold words of others: none of its own lines begins where ours do.
fn within(text: &str) -> String {
    text.replace('\n', "\n      ")
}

/// An error of the system without its number.
pub(crate) fn said(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        if !self.help.is_empty() {
            write!(f, "\n  {}", self.help)?;
        }
        Ok(())
    }
}
