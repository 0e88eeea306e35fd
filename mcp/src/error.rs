//! What can go wrong between a call and its answer.

use std::time::Duration;

/// Why there is no answer. Texts of the other side are included as they came: whoever shows them redacts them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The program could not be started.
    #[error("The program {program:?} could not be started: {reason}.")]
    Start {
        /// The program.
        program: String,
        /// What the system says.
        reason: String,
        /// Whether there is no such program, or it may not be run: trying again does not help.
        permanent: bool,
    },
    /// The handshake failed.
    #[error("The server did not complete the handshake: {reason}.")]
    Handshake {
        /// What happened.
        reason: String,
        /// The end of what a program wrote to stderr.
        stderr: String,
    },
    /// The connection broke, or the program ended, before the answer came.
    #[error("The connection to the server ended before it answered.")]
    Closed {
        /// The end of what a program wrote to stderr.
        stderr: String,
    },
    /// The request could not be sent or the answer could not be read.
    #[error("The server could not be reached: {0}.")]
    Transport(String),
    /// An HTTP server answered with a status that is not a success.
    #[error("The server answered with status {status}.")]
    Status {
        /// The HTTP status.
        status: u16,
        /// Its `Retry-After`, as sent.
        retry_after: Option<String>,
    },
    /// The time limit ran out.
    #[error("The server did not answer within {}.", seconds(.0))]
    Timeout(Duration),
    /// The call was given up.
    #[error("The call was canceled.")]
    Canceled,
    /// The server has no such tool.
    #[error("The server has no tool {tool:?}.")]
    UnknownTool {
        /// What was called.
        tool: String,
        /// What there is, sorted.
        known: Vec<String>,
    },
    /// The server refused the request.
    #[error("The server refused the request: {message} (code {code}).")]
    Refused {
        /// JSON-RPC error code.
        code: i32,
        /// Its words.
        message: String,
    },
    /// The answer is larger than the limit.
    #[error("The server's answer is larger than {limit} bytes.")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// The server asked something back, which an automation does not answer.
    #[error("The server asked for input in the middle of the call, which automations do not give.")]
    InputRequired,
    /// The answer is not one to a tool call.
    #[error("The server's answer is not the result of a tool call.")]
    Unexpected,
}

fn seconds(time: &Duration) -> String {
    format!("{} s", time.as_secs_f64())
}

impl Error {
    /// Stable, snake_case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Start { .. } => "server_start_failed",
            Self::Handshake { .. } => "handshake_failed",
            Self::Closed { .. } | Self::Transport(_) => "connection_lost",
            Self::Status { .. } => "http_status",
            Self::Timeout(_) => "timeout",
            Self::Canceled => "canceled",
            Self::UnknownTool { .. } => "unknown_tool",
            Self::Refused { .. } => "tool_call_refused",
            Self::TooLarge { .. } => "output_too_large",
            Self::InputRequired => "input_required",
            Self::Unexpected => "unexpected_answer",
        }
    }

    /// Whether the same call may go better later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Start { permanent, .. } => !permanent,
            Self::Handshake { .. } | Self::Closed { .. } | Self::Transport(_) => true,
            Self::Status { status, .. } => matches!(status, 408 | 425 | 429 | 500..=599),
            // JSON-RPC: -32603 is an internal error of the server.
            Self::Refused { code, .. } => *code == -32603,
            _ => false,
        }
    }

    /// The end of what a program wrote to stderr, where that explains something.
    pub fn stderr(&self) -> Option<&str> {
        match self {
            Self::Handshake { stderr, .. } | Self::Closed { stderr } if !stderr.is_empty() => {
                Some(stderr)
            }
            _ => None,
        }
    }
}
