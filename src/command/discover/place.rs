//! Where agents keep their sessions.

use crate::cli::Agent;
use std::ffi::OsString;
use std::path::PathBuf;

/// One level below a place.
#[derive(Debug, Clone, Copy)]
pub(super) enum Level {
    /// Any folder.
    Any,
    /// Folders of this name.
    Named(&'static str),
    /// Folders named with digits: years, months, days.
    Digits,
}

/// A folder below which an agent keeps sessions.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) agent: Agent,
    pub(super) root: PathBuf,
    /// The folders between it and the files.
    pub(super) levels: &'static [Level],
    /// Whether a file of this name is a session.
    pub(super) is_session: fn(&str) -> bool,
}

/// The places of an agent, by these variables of the environment. None where there is no home folder.
pub(super) fn places(agent: Agent, var: &dyn Fn(&str) -> Option<OsString>) -> Vec<Place> {
    let set = |name: &str| {
        var(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let home = || set("HOME");
    let at = |root: PathBuf, levels: &'static [Level], is_session: fn(&str) -> bool| Place {
        agent,
        root,
        levels,
        is_session,
    };
    match agent {
        Agent::ClaudeCode => set("CLAUDE_CONFIG_DIR")
            .or_else(|| home().map(|home| home.join(".claude")))
            .map(|root| at(root.join("projects"), &[Level::Any], claude_code))
            .into_iter()
            .collect(),
        Agent::Codex => set("CODEX_HOME")
            .or_else(|| home().map(|home| home.join(".codex")))
            .into_iter()
            .flat_map(|root| {
                [
                    at(
                        root.join("sessions"),
                        &[Level::Digits, Level::Digits, Level::Digits],
                        rollout,
                    ),
                    at(root.join("archived_sessions"), &[], rollout),
                ]
            })
            .collect(),
        Agent::GeminiCli => set("GEMINI_CLI_HOME")
            .or_else(home)
            .map(|home| {
                at(
                    home.join(".gemini/tmp"),
                    &[Level::Any, Level::Named("chats")],
                    chat,
                )
            })
            .into_iter()
            .collect(),
        Agent::Pi => match set("PI_CODING_AGENT_SESSION_DIR") {
            // A folder that was named holds the sessions of all working folders, with or without one for each.
            Some(root) => vec![at(root.clone(), &[], lines), at(root, &[Level::Any], lines)],
            None => set("PI_CODING_AGENT_DIR")
                .or_else(|| home().map(|home| home.join(".pi/agent")))
                .map(|root| at(root.join("sessions"), &[Level::Any], lines))
                .into_iter()
                .collect(),
        },
    }
}

fn lines(name: &str) -> bool {
    name.ends_with(".jsonl")
}

/// What a sub-agent did stands in the session that asked it, or in a file of its own that is none.
fn claude_code(name: &str) -> bool {
    lines(name) && !name.starts_with("agent-")
}

fn rollout(name: &str) -> bool {
    name.starts_with("rollout-") && lines(name)
}

fn chat(name: &str) -> bool {
    name.ends_with(".json") || lines(name)
}
