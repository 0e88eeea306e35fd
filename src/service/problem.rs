//! Why something asked for was not done, as people and machines are told: a code, one sentence, a hint.

use super::run::RunError;
use druse_engine::Finding;
use druse_storage::{AppendError, ReadError};
use http::StatusCode;
use serde_json::{Value, json};

/// A refusal or a failure. What is inside of it goes to callers; internals go to the log only.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// Stable, snake_case.
    pub code: &'static str,
    /// One sentence.
    pub message: String,
    /// What to do about it; never empty.
    pub help: String,
    /// Places in what was sent.
    pub findings: Vec<Finding>,
    /// Seconds after which to try again.
    pub retry_after: Option<u64>,
    /// What is not as it was, of a decision that came too late for it.
    pub changes: Option<Box<Value>>,
}

impl Problem {
    /// A problem without findings.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        let help = help.into();
        debug_assert!(!help.is_empty(), "{code} does not say what to do");
        Self {
            status,
            code,
            message: message.into(),
            help,
            findings: Vec::new(),
            retry_after: None,
            changes: None,
        }
    }

    /// 400: the request is not well formed.
    pub fn bad_request(
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message, help)
    }

    /// 404: there is no such thing.
    pub fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("There is no such {what}."),
            "Check the id; a list of what there is helps.",
        )
    }

    /// 409: it does not go with what is so.
    pub fn conflict(
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self::new(StatusCode::CONFLICT, code, message, help)
    }

    /// 422: understood, and wrong.
    pub fn unprocessable(
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message, help)
    }

    /// 500: a fault of ours; what it is goes to the log.
    pub fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed inside");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something broke inside the server.",
            "The server's log has more under this request id.",
        )
    }

    /// Adds findings.
    #[must_use]
    pub fn findings(mut self, findings: Vec<Finding>) -> Self {
        self.findings = findings;
        self
    }

    /// Adds the wait after which to try again, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        if matches!(error, ReadError::Busy(_)) {
            tracing::warn!(%error, "too many files are open");
            return Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "The server has as many files and connections open as it may.",
                "Try again in a moment. Who runs the server can let it have more: `ulimit -n`, or LimitNOFILE of systemd.",
            )
            .retry_after(1);
        }
        let mut problem = Self::internal(&error);
        if matches!(error, ReadError::Damaged(_)) {
            problem.code = "damaged";
            problem.message = "What was stored cannot be read.".into();
            problem.help = "Run `druse verify` on the data folder.".into();
        }
        problem
    }
}

impl From<AppendError> for Problem {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Full => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "disk_full",
                "There is no space left for new work.",
                "Free space on the disk of the data folder, or let less history be kept; nothing acknowledged is lost.",
            )
            .retry_after(30),
            AppendError::Busy => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "Too much waits to be written.",
                "Try again in a moment.",
            )
            .retry_after(1),
            AppendError::TooLarge { limit, .. } => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                format!("This is more than the {limit} bytes that one record may have."),
                "Send less.",
            ),
            AppendError::Conflict { .. } => Self::conflict(
                "conflict",
                "Somebody else changed the same thing at the same time.",
                "Read it again and repeat the change.",
            ),
            AppendError::Failed => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "ending",
                "The server cannot write any more and is ending.",
                "Look at the server's log, then start it again.",
            ),
            AppendError::Sequence { .. } | AppendError::NotOver { .. } => Self::internal(&error),
        }
    }
}

impl From<RunError> for Problem {
    fn from(error: RunError) -> Self {
        let message = error.to_string();
        match error {
            RunError::NotFound(what) => Self::not_found(what),
            RunError::ArtifactGone { step, .. } => Self::new(
                StatusCode::GONE,
                "artifact_gone",
                message,
                format!(
                    "Retry from {step:?}, so that it is made again; or bring it back with a backup."
                ),
            ),
            RunError::BadKeep { .. } => Self::unprocessable(
                "bad_keep",
                message,
                "Name in `keep` only steps whose undo was left open: the preview says of them that nobody knows whether they were undone.",
            ),
            RunError::NotActive => Self::conflict(
                "not_active",
                message,
                "Activate it, or name the version to run.",
            ),
            RunError::NotRunnable(findings) => Self::unprocessable(
                "not_runnable",
                message,
                "The findings say what has to change.",
            )
            .findings(findings),
            RunError::BadInputs(findings) => Self::unprocessable(
                "bad_inputs",
                message,
                "The findings name each input that is missing, unknown or of another type.",
            )
            .findings(findings),
            RunError::Claimed(_) => Self::conflict(
                "conflict",
                "Another request with the same key came at the same time.",
                "Repeat the request: it gets the answer of the first one.",
            ),
            RunError::LimitReached(_) => Self::conflict(
                "concurrency_limit",
                message,
                "The automation says `overflow: reject`. Start it again when that run has ended; with `overflow: queue` it would wait.",
            ),
            RunError::NoKey(_) => Self::unprocessable(
                "no_concurrency_key",
                message,
                "Give the input that the key reads, or give the key a default.",
            ),
            RunError::AlreadyOver => Self::conflict(
                "already_over",
                message,
                "Start a new run, or retry this one.",
            ),
            RunError::FencedOff => Self::conflict(
                "run_fenced_off",
                message,
                "It has not ended: the next start of Druse goes on with it where it can be read, so a new run in its place may do the same a second time. `druse doctor` says why it is fenced off.",
            ),
            RunError::NotOver => {
                Self::conflict("not_over", message, "Wait for its end, or cancel it first.")
            }
            RunError::NotPaused => Self::conflict(
                "not_paused",
                message,
                "Read the run: the steps with status `paused` wait.",
            ),
            RunError::WhichStep => {
                Self::conflict("which_step", message, "Name it by its path as `step`.")
            }
            RunError::ApprovedInput => Self::conflict(
                "approved_input",
                message,
                "Let the step fail, and start a run with other inputs: it will be approved anew.",
            ),
            RunError::BadCorrection(findings) => {
                let help = findings.iter().map(|finding| finding.help.as_str());
                let help = help.filter(|help| !help.is_empty()).collect::<Vec<_>>();
                let help = match help.as_slice() {
                    [] => "`findings` says what each key is.".to_owned(),
                    known => sentence(&known.join("; ")),
                };
                Self::unprocessable("bad_correction", message, help).findings(findings)
            }
            RunError::BadOutput(failure) => {
                let help = "Say as `output` what the step gave, as its `output_schema` has it; or that it failed, or is done again.";
                let details = failure.details.as_ref();
                let changes = details.map(|details| details.value()["changes"].clone());
                let mut problem = Self::unprocessable("bad_output", message, help);
                problem.changes = changes.map(Box::new);
                problem
            }
            RunError::NotInVersion(_) => Self::unprocessable(
                "not_in_version",
                message,
                "Only a step's configuration is taken from another version. Let the step fail, or cancel the run, and retry it with that version: results that are asked for in the same way are kept.",
            ),
            RunError::NotUncertain => Self::conflict(
                "not_uncertain",
                message,
                "GET /runs/{id} shows the steps by path; only one with the status uncertain asks for this.",
            ),
            RunError::AlreadyDecided(_) => Self::conflict(
                "already_decided",
                message,
                "Nothing more can be decided here.",
            ),
            RunError::ApprovalChanged(changes) => {
                let mut problem = Self::conflict(
                    "approval_changed",
                    message,
                    "Read the approval again and decide on what it shows now.",
                );
                problem.changes = Some(Box::new(json!(changes)));
                problem
            }
            RunError::CommentNeeded => Self::unprocessable(
                "comment_required",
                message,
                "Say in `comment` why, for whoever has to go on with it.",
            ),
            RunError::CannotSendBack(_) => Self::conflict(
                "cannot_send_back",
                message,
                "Approve or reject it. `send_back: {to: step}` in the gate names what runs again.",
            ),
            RunError::BadApprovers(_) => Self::unprocessable(
                "bad_approvers",
                message,
                "Write user:<name> or role:<role>.",
            ),
            RunError::BadFields(findings) => Self::unprocessable(
                "bad_fields",
                message,
                "`fields` of the approval is the form.",
            )
            .findings(findings),
            RunError::NotAllowed(_) => Self::new(
                StatusCode::FORBIDDEN,
                "not_allowed",
                message,
                "The approval lists who may decide.",
            ),
            RunError::Full => AppendError::Full.into(),
            RunError::Busy { retry_after } => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "busy",
                message,
                "Try again in a moment.",
            )
            .retry_after(retry_after.as_millis().div_ceil(1000).max(1)),
            RunError::TooLarge => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                message,
                "Send less; what is large is a file, and a step fetches it.",
            ),
            RunError::Read(error) => error.into(),
            RunError::Ending => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "ending",
                message,
                "Try again when it is back.",
            )
            .retry_after(5),
        }
    }
}

/// A message as a sentence: with a capital, and a full stop at its end.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    let rest = letters.as_str().trim_end_matches('.');
    match rest.ends_with(['?', '!']) {
        true => format!("{first}{rest}"),
        false => format!("{first}{rest}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_open_files_pass() {
        let problem = Problem::from(ReadError::Busy("too many open files".into()));
        assert_eq!((problem.status.as_u16(), problem.code), (503, "busy"));
        assert_eq!(problem.retry_after, Some(1));
        assert!(!problem.help.is_empty());
        assert_eq!(
            Problem::from(ReadError::Damaged("x".into())).code,
            "damaged"
        );
    }
}
