//! The formats that can be read.

use crate::session::SessionKind;
use serde::{Deserialize, Serialize};

macro_rules! known {
    ($($variant:ident $name:literal $kind:ident $description:literal;)*) => {
        /// A format of recordings.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Format {
            $(#[doc = $description] #[serde(rename = $name)] $variant,)*
        }

        const FORMATS: &[FormatInfo] = &[
            $(FormatInfo { format: Format::$variant, name: $name, description: $description },)*
        ];

        impl Format {
            /// The stable name, as sessions and answers carry it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What its sessions are, when the address they were posted to does not say.
            pub(super) fn kind(self) -> SessionKind {
                match self { $(Self::$variant => SessionKind::$kind,)* }
            }
        }
    };
}

/// A format with its name and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct FormatInfo {
    /// The format.
    pub format: Format,
    /// Its stable name.
    pub name: &'static str,
    /// One line for help and documentation.
    pub description: &'static str,
}

known! {
    Druse "druse" AgentRun "Druse's own form: OpenAI's messages with status, tools, errors and approvals";
    ClaudeCode "claude-code" AgentRun "Claude Code session logs and stream-json output (JSON Lines)";
    CodexRollout "codex-rollout" AgentRun "Codex CLI rollout files (JSON Lines)";
    CodexExec "codex-exec" AgentRun "Output of codex exec --json (JSON Lines)";
    Pi "pi" AgentRun "pi coding agent sessions (JSON Lines)";
    GeminiCli "gemini-cli" AgentRun "Gemini CLI saved chats and stream-json output, and saved chats of Qwen Code (JSON or JSON Lines)";
    Cursor "cursor" AgentRun "Output of Cursor's command line as stream-json (JSON Lines)";
    OpenCode "opencode" AgentRun "opencode exports and output of opencode run (JSON or JSON Lines)";
    Goose "goose" AgentRun "Goose sessions and stream-json output (JSON or JSON Lines)";
    AgentDojo "agentdojo" AgentRun "AgentDojo run logs (JSON)";
    TauBench "tau-bench" ChatThread "tau-bench results, one run or an array of runs (JSON)";
    Tau2Bench "tau2-bench" ChatThread "tau2-bench simulations, one or a result file (JSON)";
    SweAgent "swe-agent" AgentRun "SWE-agent and mini-swe-agent trajectories (JSON)";
    OpenHands "openhands" AgentRun "OpenHands event lists, exports and evaluation outputs (JSON or JSON Lines)";
    Atif "atif" AgentRun "Agent Trajectory Interchange Format (JSON)";
    InspectAi "inspect-ai" AgentRun "Inspect evaluation logs, a session per sample (JSON)";
    Otel "otel" AgentRun "OpenTelemetry traces with GenAI or OpenInference attributes: OTLP, Tempo or Jaeger JSON, spans by themselves, pages of Phoenix and rows of its data frames; a session per trace or conversation (JSON or JSON Lines)";
    GoogleAdk "google-adk" AgentRun "Agent Development Kit sessions, evaluation sets and tests (JSON)";
    Bfcl "bfcl" ChatThread "Berkeley function calling leaderboard, multi turn (JSON)";
    OpenAiResponses "openai-responses" AgentRun "OpenAI Responses: items, responses that follow each other, streamed events (JSON or JSON Lines)";
    AgentsTrace "agents-trace" AgentRun "OpenAI Agents SDK traces as its processors export them, a session per trace (JSON or JSON Lines)";
    GeminiContents "gemini-contents" AgentRun "Gemini contents: requests, responses, saved histories (JSON or JSON Lines)";
    AiSdk "ai-sdk" ChatThread "Vercel AI SDK messages, of the user interface and for the model (JSON or JSON Lines)";
    LangSmith "langsmith" AgentRun "LangSmith runs, nested or flat, a session per trace (JSON or JSON Lines)";
    McpLog "mcp-log" AgentRun "Model Context Protocol logs: JSON-RPC messages, bare, in envelopes or behind the words of a logger (JSON, JSON Lines or text)";
    PydanticAi "pydantic-ai" AgentRun "Pydantic AI messages: requests and responses of parts (JSON or JSON Lines)";
    OpenAiChat "openai-chat" ChatThread "OpenAI chat messages, with tool calls, and those of LangChain; states and updates of LangGraph (JSON or JSON Lines)";
    AnthropicChat "anthropic-chat" ChatThread "Anthropic messages, with tool_use blocks (JSON or JSON Lines)";
}

/// The formats that can be read, in a fixed order.
pub fn formats() -> &'static [FormatInfo] {
    FORMATS
}
