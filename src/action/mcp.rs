//! `mcp`: one call of a tool of a connected server.

use super::{
    Action, Attempt, Failed, Limits, attempt::Performed, http::response, input, mcp_files,
};
use crate::connection::Connections;
use crate::secret::{Redactor, Secrets};
use crate::step_log::{AttemptLog, LogStream};
use druse_engine::{definition::FailureClass, event::Failure};
use druse_mcp::{Call, Error, LogLine, ToolOutput};
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

/// Characters of a tool's complaint that a failure shows.
const EXCERPT: usize = 2_000;

/// Performs `mcp` steps.
#[derive(Debug)]
pub struct Mcp {
    connections: Arc<Connections>,
    secrets: Arc<Secrets>,
    limits: Limits,
    /// What hides the sensitive inputs of the latest calls, by connection: a program may speak of an
    /// earlier call while the next one is in flight.
    hidden: Mutex<BTreeMap<String, VecDeque<Arc<Redactor>>>>,
}

/// Calls whose sensitive inputs are looked for in what a program says later.
const LATEST: usize = 64;

impl Mcp {
    /// With these connections, secrets and limits.
    pub fn new(connections: Arc<Connections>, secrets: Arc<Secrets>, limits: Limits) -> Self {
        Self {
            connections,
            secrets,
            limits,
            hidden: Mutex::default(),
        }
    }

    /// Where a program's stderr goes while a call of this attempt is its only one.
    fn hears(&self, connection: &str, log: &AttemptLog) -> Option<LogLine> {
        if !log.is_kept() {
            return None;
        }
        let hidden: Vec<Arc<Redactor>> = {
            let mut all = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
            let own = log.hidden();
            if let Some(own) = own {
                let latest = all.entry(connection.to_owned()).or_default();
                latest.push_back(own);
                if latest.len() > LATEST {
                    latest.pop_front();
                }
            }
            let latest = all.get(connection).into_iter().flatten();
            latest.cloned().collect()
        };
        let log = log.clone();
        Some(Arc::new(move |line: &str| {
            let mut line = Cow::Borrowed(line);
            for redactor in &hidden {
                if let Cow::Owned(clean) = redactor.redact_text(&line) {
                    line = Cow::Owned(clean);
                }
            }
            log.line(LogStream::Stderr, &line);
        }))
    }

    async fn call(&self, attempt: &Attempt, cancel: &CancellationToken) -> Performed {
        let map = input::object(attempt.input.value())?;
        input::only(map, &["connection", "tool", "arguments", "save_as"])?;
        let name = input::needed(map, "connection")?;
        let pool = self.connections.get(name)?.mcp()?;
        let arguments = match input::given(map, "arguments") {
            None => Map::new(),
            Some(arguments @ Value::Object(_)) => {
                match attempt.filled(arguments, "/arguments", &self.secrets)? {
                    Value::Object(arguments) => arguments,
                    _ => Map::new(),
                }
            }
            Some(_) => return Err(Failed::input("\"arguments\" must be an object.")),
        };
        let tool = input::needed(map, "tool")?;
        let save_as = input::text(map, "save_as")?;
        if let Some(name) = save_as {
            attempt.files.allows(name, "")?;
        }
        super::capability::tool(attempt, name, tool, &pool).await?;
        let call = Call {
            tool: tool.into(),
            arguments,
            meta: Map::from_iter([
                ("idempotencyKey".to_owned(), json!(attempt.idempotency_key)),
                ("druse/run_id".to_owned(), json!(attempt.run)),
                ("druse/step".to_owned(), json!(attempt.step)),
                ("druse/attempt".to_owned(), json!(attempt.number)),
                ("druse/fence".to_owned(), json!(attempt.fence)),
            ]),
            timeout: attempt.timeout.unwrap_or(self.limits.mcp_timeout),
            log: self.hears(name, &attempt.log),
        };
        match pool.call(call, cancel).await {
            Ok(output) if output.is_error => Err(tool_error(tool, &output)),
            Ok(output) => Ok(shown(kept(output, save_as, attempt).await?).into()),
            Err(error) => {
                let retry_after_ms = match &error {
                    Error::Status {
                        retry_after: Some(wait),
                        ..
                    } => response::wait_of(wait, jiff::Timestamp::now()),
                    _ => None,
                };
                Err(Failed {
                    failure: failure(&error),
                    retry_after_ms,
                })
            }
        }
    }
}

impl Action for Mcp {
    fn perform<'a>(
        &'a self,
        attempt: &'a Attempt,
        cancel: &'a CancellationToken,
    ) -> BoxFuture<'a, Performed> {
        Box::pin(self.call(attempt, cancel))
    }
}

/// The answer, with what is no text in it kept as artifacts where the step says so.
async fn kept(
    mut output: ToolOutput,
    save_as: Option<&str>,
    attempt: &Attempt,
) -> Result<ToolOutput, Failed> {
    let Some(save_as) = save_as.map(str::to_owned) else {
        return Ok(output);
    };
    let files = attempt.files.clone();
    let kept = tokio::task::spawn_blocking(move || {
        mcp_files::keep(&mut output.content, &save_as, &files)?;
        Ok(output)
    });
    kept.await.unwrap_or_else(|_| {
        let message = "Keeping the artifacts ended by a defect of Druse.";
        Err(Failed::permanent("internal_error", message))
    })
}

fn shown(output: ToolOutput) -> Value {
    let mut shown = Map::new();
    if let Some(structured) = output.structured {
        shown.insert("structured".into(), structured);
    }
    shown.insert("content".into(), output.content.into());
    shown.insert("text".into(), output.text.into());
    if let Some(json) = output.json {
        shown.insert("json".into(), json);
    }
    Value::Object(shown)
}

fn tool_error(tool: &str, output: &ToolOutput) -> Failed {
    let text: String = output.text.chars().take(EXCERPT).collect();
    let message = match text.lines().map(str::trim).find(|line| !line.is_empty()) {
        Some(line) => format!("The tool {tool:?} failed: {line}"),
        None => format!("The tool {tool:?} failed."),
    };
    Failed::permanent("tool_error", message).details(json!({ "text": text }))
}

/// The failure that an error of the protocol comes to.
pub(crate) fn failure(error: &Error) -> Failure {
    let class = match error {
        Error::Timeout(_) => FailureClass::Timeout,
        Error::Canceled => FailureClass::Canceled,
        error if error.is_retryable() => FailureClass::Retryable,
        _ => FailureClass::Permanent,
    };
    let mut details = Map::new();
    if let Some(stderr) = error.stderr() {
        details.insert("stderr".into(), stderr.into());
    }
    match error {
        Error::Status { status, .. } => drop(details.insert("status".into(), json!(status))),
        Error::UnknownTool { known, .. } => drop(details.insert("tools".into(), json!(known))),
        Error::TooLarge { limit } => drop(details.insert("limit".into(), json!(limit))),
        Error::Refused { code, .. } => drop(details.insert("code".into(), json!(code))),
        _ => {}
    }
    let mut failure = Failure::new(class, error.code(), error.to_string());
    failure.details = (!details.is_empty()).then(|| Value::Object(details).into());
    failure
}
