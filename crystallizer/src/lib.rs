//! Recorded agent sessions become automation drafts, deterministically and offline.
//!
//! [`import()`] reads a recording of any known format into a [`Session`]; [`crystallize()`] turns a session
//! into a document and a [`Report`]. The report's proof is a replay: the engine runs the document, each
//! step answered by the recording, and every request is compared with the recorded call.

pub mod drift;
pub mod import;
pub mod mining;
pub mod report;
pub mod session;
pub mod summary;
pub mod text;
pub mod tool_map;
mod trust;

mod about;
mod advice;
mod align;
mod answer;
mod asked;
mod bound;
mod capability;
mod caution;
mod compare;
mod copies;
mod crystallize;
mod decisions;
mod declined;
mod determinism;
mod drive;
mod duplicate;
mod effects;
mod emit;
mod exchange;
mod findings;
mod gate;
mod informs;
mod judgement;
mod kept;
mod leaf;
mod lent;
mod mark;
mod name;
mod not_repeated;
mod objected;
mod options;
mod overwritten;
mod packed;
mod pointer;
mod programs;
mod provenance;
mod prune;
mod reads;
mod relied;
mod replay;
mod reply;
mod repository_words;
mod secret;
mod shared;
mod shell_line;
mod show;
mod size;
mod spoken;
mod value_class;
mod waiting;
mod words;
mod working_place;

pub use crystallize::{crystallize, recorded_outcomes, replay_edited};
pub use decisions::Decisions;
pub use import::{
    AgentLog, Format, FormatInfo, ImportError, Recording, agent_log, detect, formats, import,
    is_sub_agent, recording, to_own_form,
};
pub use options::{CrystallizeError, Crystallized, Mode, Options, SourceRef};
pub use report::{Report, report_schema, session_schema};
pub use secret::{looks_like_one, stands_in_clear, stands_in_query};
pub use session::*;
pub use show::{apart as shown_apart, value as shown_value};
pub use summary::Summary;
pub use text::text as report_text;
pub use tool_map::{
    ToolMap, ToolRule, matches as tool_matches, parse_tools, tool_map_schema, tools_from_value,
};
pub use trust::{Label, Word};

#[cfg(test)]
mod tests;
