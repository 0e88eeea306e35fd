//! The one normal form of a recorded session, whatever product recorded it.

use druse_engine::{Digest, Finding, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The two kinds of session that the API knows.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SessionKind {
    /// An agent working on a goal.
    AgentRun,
    /// A conversation in which tools were called.
    ChatThread,
}

/// What the recording says about its own end.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    /// It reached its goal.
    Succeeded,
    /// It did not.
    Failed,
    /// Somebody stopped it.
    Canceled,
}

/// A session: what was said, called, answered and approved, in recorded order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Session {
    /// The format it was read from (`claude-code`, `tau-bench`, `druse`, …).
    pub format: String,
    /// The format that it was recorded in, where Druse has written it in its own form since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_as: Option<String>,
    /// Agent run or chat thread, by what the recording looks like; the address it was posted to wins.
    pub kind: SessionKind,
    /// The recorder's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The recording agent's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The task, where the recording names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal: Option<String>,
    /// Absent: the recording does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<SessionStatus>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// The working folder, for coding sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_folder: Option<String>,
    /// The tools that the agent was offered, where the recording lists them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<ToolSpec>,
    /// Messages, calls and approvals in recorded order.
    pub turns: Vec<Turn>,
    /// SHA-256 of the recording's bytes (of this session's part, where a file holds several).
    pub digest: Digest,
    /// Bytes of the recording that no turn holds and that are not known noise (each kind also has a finding).
    pub bytes_left_out: u64,
    /// What was odd about the recording: nothing is dropped in silence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// The secrets that stood in it; `{{ secrets.NAME }}` stands in the place of each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<LiftedSecret>,
    /// What its models used; absent: the recording does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

/// What the models of a session used, as its recorder counted it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// Tokens that went in, those from a cache included.
    pub input_tokens: u64,
    /// Those of them that came from a cache.
    #[serde(default)]
    pub cached_input_tokens: u64,
    /// Tokens that came out, thoughts included where they were counted.
    pub output_tokens: u64,
    /// What it cost in US dollars, where the recorder says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
}

impl Usage {
    /// Both together.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let costs = [self.cost_usd, other.cost_usd];
        Self {
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            cached_input_tokens: self
                .cached_input_tokens
                .saturating_add(other.cached_input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            cost_usd: costs.into_iter().flatten().reduce(|one, two| one + two),
        }
    }
}

/// A secret that was taken out of a recording before anything of it was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LiftedSecret {
    /// Its name: the same secret has one, wherever it stood.
    pub name: String,
    /// What it is, in words.
    pub what: String,
    /// In how many places of this session it stood.
    pub count: u64,
    /// The first of them, in words.
    pub places: Vec<String>,
}

/// A tool as it was offered to the agent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ToolSpec {
    /// Its name.
    pub name: String,
    /// Its description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// JSON Schema of its arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_schema: Option<Value>,
    /// MCP annotations (`readOnlyHint`, …).
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub annotations: Map<String, Value>,
}

/// Who said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Instructions.
    System,
    /// The person.
    User,
    /// The agent.
    Assistant,
}

/// The mark of a message in which a product hands the agent what a command gave, a file held, a hook or another agent
/// said, or what it says itself. It is nobody's word and no instruction, whatever the role that it was recorded with.
pub(crate) fn handed_on(text: &str) -> Option<&'static str> {
    const MARKS: [&str; 15] = [
        "bash-stdout",
        "bash-stderr",
        "local-command-stdout",
        "local-command-stderr",
        "local-command-caveat",
        "task-notification",
        "subagent_notification",
        "user_shell_command",
        "system-reminder",
        "user-prompt-submit-hook",
        "teammate-message",
        "ide_selection",
        "ide_opened_file",
        "ide_diagnostics",
        "environment_details",
    ];
    let text = text.trim_start();
    let Some(inside) = text.strip_prefix('<') else {
        return is_of_hook(text).then_some("hook feedback");
    };
    let begins = |mark: &&str| {
        inside
            .split_at_checked(mark.len())
            .is_some_and(|(head, rest)| {
                head.eq_ignore_ascii_case(mark)
                    && rest.starts_with(|c: char| c == '>' || c.is_whitespace())
            })
    };
    MARKS.into_iter().find(begins)
}

/// Whether a text is what a hook told the agent: `Stop hook feedback: …`.
fn is_of_hook(text: &str) -> bool {
    let Some((name, _)) = text.split_once(" hook feedback:") else {
        return false;
    };
    name.len() <= 40 && !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Whether what was handed on is a remark of the product itself, and not what others wrote.
pub(crate) fn is_remark(mark: &str, text: &str) -> bool {
    match mark {
        "system-reminder" => !text.contains("Result of calling the "),
        "ide_opened_file" | "local-command-caveat" => true,
        _ => false,
    }
}

/// One entry of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Turn {
    /// Something was said.
    Message {
        /// By whom.
        role: Role,
        /// What.
        text: String,
        /// When.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Timestamp>,
    },
    /// A tool was called; its result stands with it.
    Call(Box<ToolCall>),
    /// A person was asked about a call and answered.
    Approval(Box<RecordedApproval>),
}

/// A call of a tool, with its result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToolCall {
    /// Unique in the session: the recorded id, with `#2`, `#3` … where the recording repeats one, or `call-N`.
    pub id: String,
    /// The tool's name as recorded.
    pub name: String,
    /// The arguments as recorded, with their types; text that was no JSON stands as `{"_raw": "…"}`.
    pub arguments: Value,
    /// Calls with an equal number were issued together.
    pub batch: u32,
    /// The sub-agent that called, where it was not the main one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The folder that it was made in, where the recording tells it and it is not that of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The shell that reads its line, where the agent is known to use one: `bash`, `zsh`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shell: Option<String>,
    /// The call (its id in this session) that was under way and made this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<String>,
    /// Whether a person was asked about it and had not answered when the recording ends.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waits: bool,
    /// When it was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// Absent: the recording holds no answer to it (unmatched).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ToolResult>,
}

/// The answer to a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToolResult {
    /// What the tool answered: a JSON value, or a string; a string that holds JSON stays a string.
    pub content: Value,
    /// The structured twin that some recorders keep beside the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structured: Option<Box<Value>>,
    /// Whether the call failed.
    pub is_error: bool,
    /// Whether a person, or a rule in a person's place, refused the call: a failed call of its own kind, that did nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refused: bool,
    /// Whether the recorder cut the answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
    /// Whether a part of the answer was left out that no reader of text can read: a picture, a document, sound.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unread: bool,
    /// The exit code of a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
}

/// A person's answer about a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecordedApproval {
    /// The call (its id in this session) that it let through or stopped; absent where none can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// Whether the answer was yes.
    pub approved: bool,
    /// Who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// When it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_at: Option<Timestamp>,
    /// When it was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Timestamp>,
}

/// The figures of a session, as the API gives them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Messages, of all roles.
    pub turns: u64,
    /// Calls.
    pub tool_calls: u64,
    /// Calls with a result that is no error.
    pub succeeded: u64,
    /// Calls with a result that is an error.
    pub failed: u64,
    /// Calls without a result.
    pub unmatched: u64,
    /// Recorded approvals, refusals included.
    pub approvals: u64,
    /// Bytes of the recording that were left out.
    pub bytes_left_out: u64,
}

impl Session {
    /// The format whose agent it was: that of the recording, also where Druse has written it anew.
    pub fn agent_format(&self) -> &str {
        self.recorded_as.as_deref().unwrap_or(&self.format)
    }

    /// The product whose agent it was, by the name of its format: where a format is many products', the agent's name tells.
    pub fn product(&self) -> &str {
        let agent = self.agent.as_deref().unwrap_or("");
        match self.agent_format() {
            "swe-agent" if agent == "mini-swe-agent" => "mini-swe-agent",
            "atif" if agent.to_ascii_lowercase().starts_with("openhands") => "openhands",
            format => format,
        }
    }

    /// The calls in recorded order.
    pub fn calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.turns.iter().filter_map(|turn| match turn {
            Turn::Call(call) => Some(call.as_ref()),
            Turn::Message { .. } | Turn::Approval(_) => None,
        })
    }

    /// The figures.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts {
            bytes_left_out: self.bytes_left_out,
            ..Counts::default()
        };
        for turn in &self.turns {
            match turn {
                Turn::Message { .. } => counts.turns += 1,
                Turn::Approval(_) => counts.approvals += 1,
                Turn::Call(call) => {
                    counts.tool_calls += 1;
                    match &call.result {
                        None => counts.unmatched += 1,
                        Some(result) if result.is_error => counts.failed += 1,
                        Some(_) => counts.succeeded += 1,
                    }
                }
            }
        }
        counts
    }
}
