//! What an action gets, what it gives, and how far it may go.

use crate::artifacts::Files;
use crate::secret::{MissingSecret, Secrets};
use crate::step_log::AttemptLog;
use druse_engine::{
    Json, RunId, capability::Capabilities, definition::FailureClass, event::Failure,
    plan::SecretPlace,
};
use druse_storage::ToolPin;
use serde_json::{Map, Value};
use std::{sync::Arc, time::Duration};

/// One attempt of a step, ready to be performed.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The run.
    pub run: RunId,
    /// The first run of which this one is a retry, or the run itself.
    pub root: RunId,
    /// The step.
    pub step: String,
    /// Numbered from 1.
    pub number: u32,
    /// The kind of action, as in documents: `http`, `shell`, `mcp`, `sql`, …
    pub kind: String,
    /// The rendered configuration, with secrets as the literal text `{{ secrets.NAME }}`.
    pub input: Json,
    /// The inputs of the run, where some of them are sealed: what comes back holds none of those, whichever step
    /// sent it out. Null where none is.
    pub given: Json,
    /// Where in the configuration sensitive inputs of the run stand, as JSON Pointers.
    pub sensitive: Vec<String>,
    /// The secrets that may be filled in, each at its place: those that the step's template names there.
    pub secrets: Vec<SecretPlace>,
    /// Equal over the attempts of a step.
    pub idempotency_key: String,
    /// Goes up with every acquisition.
    pub fence: u64,
    /// Longest time of this attempt; each kind has one of its own if left out.
    pub timeout: Option<Duration>,
    /// Whether nothing may be changed by it, whatever its connection lets through: a database runs it in a
    /// transaction that only reads.
    pub reads_only: bool,
    /// All that it may touch; none for what Druse does by itself, which no version bounds.
    pub capabilities: Option<Arc<Capabilities>>,
    /// The tools of MCP servers as they were when its version was activated.
    pub pins: Arc<[ToolPin]>,
    /// Where what it writes goes.
    pub log: AttemptLog,
    /// Where it leaves files, and gets those of its run.
    pub files: Files,
}

impl Attempt {
    /// Whether the step's template names this secret at this place of its configuration.
    pub fn allows(&self, place: &str, secret: &str) -> bool {
        self.secrets.iter().any(|one| {
            let rest = place.strip_prefix(one.place.as_str());
            one.name == secret && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// A part of the configuration with the secrets that its template names there.
    ///
    /// # Errors
    /// When one of them is not in the store.
    pub fn filled(
        &self,
        value: &Value,
        place: &str,
        secrets: &Secrets,
    ) -> Result<Value, MissingSecret> {
        Ok(match value {
            Value::String(text) => secrets
                .fill_only(text, |name| self.allows(place, name))?
                .into(),
            Value::Array(items) => {
                let items = items.iter().enumerate();
                items
                    .map(|(index, item)| self.filled(item, &format!("{place}/{index}"), secrets))
                    .collect::<Result<_, _>>()?
            }
            Value::Object(map) => {
                let mut filled = Map::new();
                for (key, item) in map {
                    let inner = format!("{place}/{}", pointed(key));
                    filled.insert(key.clone(), self.filled(item, &inner, secrets)?);
                }
                filled.into()
            }
            other => other.clone(),
        })
    }
}

/// A key as a part of a JSON Pointer.
pub(super) fn pointed(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// How far actions may go.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Time of an HTTP request without a limit of its own.
    pub http_timeout: Duration,
    /// Largest body of an HTTP response, in bytes.
    pub http_body: usize,
    /// Time of a shell step without a limit of its own.
    pub shell_timeout: Duration,
    /// Largest stdout, and largest stderr, in bytes.
    pub shell_output: usize,
    /// Time between SIGTERM and SIGKILL.
    pub shell_grace: Duration,
    /// Time of a tool call without a limit of its own.
    pub mcp_timeout: Duration,
    /// Time of a statement without a limit of its own.
    pub sql_timeout: Duration,
    /// Most rows of an answer.
    pub sql_rows: usize,
    /// Largest answer, in bytes of JSON.
    pub sql_bytes: usize,
    /// Time of work on a file without a limit of its own.
    pub file_timeout: Duration,
    /// Largest content that is read or written at once, in bytes.
    pub file_bytes: usize,
    /// How large appending may make a file, in bytes.
    pub file_size: u64,
    /// Time of sending a message without a limit of its own.
    pub mail_timeout: Duration,
    /// Largest message, in bytes.
    pub mail_bytes: usize,
}

impl Default for Limits {
    /// http 30 s and 10 MiB; shell 1 h, 10 MiB and 10 s; mcp 60 s; sql 60 s, 10,000 rows and 4 MiB;
    /// file 60 s, 4 MiB and 100 MiB; mail 60 s and 20 MiB.
    fn default() -> Self {
        Self {
            http_timeout: Duration::from_secs(30),
            http_body: 10 << 20,
            shell_timeout: Duration::from_secs(3_600),
            shell_output: 10 << 20,
            shell_grace: Duration::from_secs(10),
            mcp_timeout: Duration::from_secs(60),
            sql_timeout: Duration::from_secs(60),
            sql_rows: 10_000,
            sql_bytes: 4 << 20,
            file_timeout: Duration::from_secs(60),
            file_bytes: 4 << 20,
            file_size: 100 << 20,
            mail_timeout: Duration::from_secs(60),
            mail_bytes: 20 << 20,
        }
    }
}

/// What an action gives.
pub type Performed = Result<Json, Failed>;

/// A failure, and the wait that the other side asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Failed {
    /// The failure.
    pub failure: Failure,
    /// Milliseconds that the other side asked to wait.
    pub retry_after_ms: Option<u64>,
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            retry_after_ms: None,
        }
    }
}

impl From<crate::connection::OpenError> for Failed {
    fn from(error: crate::connection::OpenError) -> Self {
        Failure::from(error).into()
    }
}

impl From<crate::secret::MissingSecret> for Failed {
    fn from(missing: crate::secret::MissingSecret) -> Self {
        let message = format!(
            "The step needs the secret {:?}, which is not set.",
            missing.0
        );
        Self::permanent("missing_secret", message)
    }
}

impl Failed {
    /// A failure of any class.
    pub fn new(class: FailureClass, code: &str, message: impl Into<String>) -> Self {
        Failure::new(class, code, message).into()
    }

    /// One that happens again.
    pub fn permanent(code: &str, message: impl Into<String>) -> Self {
        Self::new(FailureClass::Permanent, code, message)
    }

    /// One that may pass.
    pub fn retryable(code: &str, message: impl Into<String>) -> Self {
        Self::new(FailureClass::Retryable, code, message)
    }

    /// The configuration, as rendered, is wrong.
    pub fn input(message: impl Into<String>) -> Self {
        Self::permanent("invalid_input", message)
    }

    /// The time ran out.
    pub fn timeout(after: Duration) -> Self {
        let message = format!("There was no end within {} s.", after.as_secs_f64());
        Self::new(FailureClass::Timeout, "timeout", message)
    }

    /// It was given up on request.
    pub fn canceled() -> Self {
        Self::new(
            FailureClass::Canceled,
            "canceled",
            "The attempt was canceled.",
        )
    }

    /// Adds what a machine may want.
    #[must_use]
    pub fn details(mut self, details: Value) -> Self {
        self.failure.details = Some(details.into());
        self
    }
}
