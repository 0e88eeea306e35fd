//! The sessions that agents on this machine keep.

use clap::{Args, ValueEnum};
use druse_engine::{Span, Timestamp};
use std::path::PathBuf;

/// An agent whose sessions can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Agent {
    /// Claude Code.
    ClaudeCode,
    /// Codex.
    Codex,
    /// Gemini CLI.
    GeminiCli,
    /// pi.
    Pi,
}

impl Agent {
    /// Its name as people write it.
    pub fn title(self) -> &'static str {
        match self {
            Self::ClaudeCode => "Claude Code",
            Self::Codex => "Codex",
            Self::GeminiCli => "Gemini CLI",
            Self::Pi => "pi",
        }
    }

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::Codex => "codex",
            Self::GeminiCli => "gemini-cli",
            Self::Pi => "pi",
        }
    }

    /// The variable of the environment that moves its sessions.
    pub fn variable(self) -> &'static str {
        match self {
            Self::ClaudeCode => "CLAUDE_CONFIG_DIR",
            Self::Codex => "CODEX_HOME",
            Self::GeminiCli => "GEMINI_CLI_HOME",
            Self::Pi => "PI_CODING_AGENT_DIR",
        }
    }
}

/// `druse sessions discover`.
#[derive(Debug, Args)]
pub struct Discover {
    /// Only of this agent; may be given several times.
    #[arg(long, value_enum, value_name = "AGENT")]
    pub agent: Vec<Agent>,
    /// Only of this working folder.
    #[arg(long = "in", value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
    /// Only those written to since then: a length of time back (`7d`, `12h`), or a moment in RFC 3339.
    #[arg(long, value_name = "WHEN", value_parser = since)]
    pub since: Option<Since>,
    /// How many are shown at most.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub limit: u16,
}

/// A moment, or how long ago it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// So long ago.
    Ago(Span),
    /// Then.
    At(Timestamp),
}

fn since(text: &str) -> Result<Since, String> {
    if let Ok(span) = text.parse() {
        return Ok(Since::Ago(span));
    }
    // A day alone is its beginning in UTC.
    let whole = if text.len() == 10 {
        format!("{text}T00:00:00Z")
    } else {
        text.to_owned()
    };
    whole
        .parse()
        .map(Since::At)
        .map_err(|_| "a time is written 7d, 12h, 2027-03-01 or 2027-03-01T09:00:00Z".to_owned())
}
