//! Recordings of many products become [`Session`]s. The format is found by content alone.
//!
//! A reader is tolerant of what it does not know and never silent about it: what no turn holds has
//! a finding, with its kind, its count and its bytes.

mod asked;
mod body;
mod builder;
mod chat;
mod doubts;
mod error;
mod event_stream;
mod formats;
mod grown;
mod log_lines;
mod notes;
mod own_form;
mod product_words;
mod project_folder;
mod recording;
mod refusal;
mod said;
mod shell;
mod sniff;
mod split;
mod streams;
mod usage;
mod value;
mod wrapped;

mod agentdojo;
mod agents_trace;
mod ai_sdk;
mod anthropic_chat;
mod atif;
mod bfcl;
mod claude_code;
mod claude_files;
mod claude_words;
mod codex_answer;
mod codex_exec;
mod codex_rollout;
mod codex_words;
mod cursor;
mod druse;
mod gemini_cli;
mod gemini_contents;
mod gemini_stream;
mod google_adk;
mod goose;
mod inspect_ai;
mod langchain;
mod langsmith;
mod mcp_log;
mod mini_swe_agent;
mod openai_chat;
mod openai_responses;
mod opencode;
mod openhands;
mod openhands_sdk;
mod otel;
mod otel_messages;
mod otel_span;
mod otel_tool;
mod otel_traces;
mod pi;
mod pydantic_ai;
mod python_call;
mod qwen_code;
mod swe_agent;
mod tau2_bench;
mod tau_bench;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

pub(crate) use asked::{chosen, is_talk};
pub use body::MAX_BYTES;
pub(crate) use builder::is_hidden;
pub use claude_files::{AgentLog, agent_log};
pub use codex_rollout::is_sub_agent;
pub use error::ImportError;
pub use formats::{Format, FormatInfo, formats};
pub use own_form::to_own_form;
pub use recording::{Recording, recording};
pub(crate) use value::holds_media;

use crate::session::Session;
use body::Body;
use builder::Builder;
use doubts::Doubts;
use druse_engine::Digest;
use serde_json::Value;
use split::Part;
use std::sync::Arc;

/// Reads a body of up to [`MAX_BYTES`]: one recording, or several in one body, in recorded order. No session holds a
/// secret that could be told as one: its name stands in its place.
///
/// Takes time and memory linear in the body's length, and gives the same sessions for the same bytes.
pub fn import(bytes: &[u8]) -> Result<Vec<Session>, ImportError> {
    recording(bytes).map(|recording| recording.sessions)
}

/// The sessions of a body.
fn sessions(body: Body, bytes: &[u8]) -> Result<Vec<Session>, ImportError> {
    let mut notes = body.notes;
    let doubts = Arc::new(std::mem::take(&mut notes.doubts));
    let parts = split::split(body.records);
    let mut unknown = 0usize;
    let mut sessions = Vec::new();
    let several = parts.iter().filter(|part| part.format.is_some()).count() > 1;
    let mut left_out = Vec::new();
    for mut part in parts {
        let Some(format) = part.format else {
            unknown += 1;
            left_out.push(part);
            continue;
        };
        // Reading takes the part apart.
        let own = several.then(|| part.json());
        let builder = read(format, &mut part, &doubts);
        let digest = match own {
            // The session's own id tells it apart where the part holds several.
            Some(mut own) => {
                own.extend_from_slice(builder.external_id.as_deref().unwrap_or("").as_bytes());
                Digest::of(&own)
            }
            None => Digest::of(bytes),
        };
        sessions.push((builder, digest));
    }
    if sessions.is_empty() {
        return Err(unknown_format(unknown));
    }
    // What was odd about the body as a whole stands with its first session.
    if let Some((first, _)) = sessions.first_mut() {
        first.notes.absorb(&notes);
        for part in left_out {
            first.notes.left_out(
                "unknown_record",
                "no known format",
                part.bytes(),
                part.line(),
            );
        }
    }
    let sessions = sessions.into_iter();
    Ok(sessions
        .map(|(builder, digest)| builder.finish(digest))
        .collect())
}

/// The format of a body, told by its content; `None` where no known one fits or the body cannot be read.
pub fn detect(bytes: &[u8]) -> Option<Format> {
    let body = body::read(bytes).ok()?;
    split::split(body.records)
        .iter()
        .find_map(|part| part.format)
}

fn unknown_format(parts: usize) -> ImportError {
    let names: Vec<&str> = formats().iter().map(|info| info.name).collect();
    let message = if parts > 1 {
        format!("None of the {parts} documents is a recording in a known format.")
    } else {
        "This is no recording in a known format.".to_owned()
    };
    ImportError::new(
        "unknown_format",
        message,
        format!(
            "Known formats: {}. Any other recording can be written in Druse's own form: \
             {{\"messages\": [...]}} with OpenAI's roles.",
            names.join(", ")
        ),
    )
}

/// Reads one recording. `doubts` are what is in doubt of the body.
fn read(format: Format, part: &mut Part, doubts: &Arc<Doubts>) -> Builder {
    let usage = usage::of(format, part);
    let mut builder = Builder::new(format.name(), format.kind(), Arc::clone(doubts));
    builder.notes.doubts.keep(part.repeated.clone());
    let mut nothing = Value::Null;
    let document = part.document();
    match format {
        Format::Druse => druse::read(part.document_mut().unwrap_or(&mut nothing), &mut builder),
        Format::ClaudeCode => claude_code::read(&part.records, &mut builder),
        Format::CodexRollout => codex_rollout::read(&part.records, &mut builder),
        Format::CodexExec => codex_exec::read(&part.records, &mut builder),
        Format::Pi => pi::read(&part.records, &mut builder),
        Format::GeminiCli => gemini_cli::read(&part.records, &mut builder),
        Format::Cursor => cursor::read(&part.records, &mut builder),
        Format::OpenCode => opencode::read(&part.records, &mut builder),
        Format::Goose => goose::read(document, &mut builder),
        Format::AgentsTrace => agents_trace::read(document, &mut builder),
        Format::AgentDojo => agentdojo::read(document, &mut builder),
        Format::TauBench => tau_bench::read(document, &mut builder),
        Format::Tau2Bench => tau2_bench::read(document, &mut builder),
        Format::SweAgent => swe_agent::read(document, &mut builder),
        Format::OpenHands => openhands::read(document, &mut builder),
        Format::Atif => atif::read(document, &mut builder),
        Format::InspectAi => inspect_ai::read(document, &mut builder),
        Format::Otel => otel::read(document, &mut builder),
        Format::GoogleAdk => google_adk::read(document, &mut builder),
        Format::Bfcl => bfcl::read(document, &mut builder),
        Format::OpenAiResponses => openai_responses::read(document, &mut builder),
        Format::GeminiContents => gemini_contents::read(document, &mut builder),
        Format::AiSdk => ai_sdk::read(document, &mut builder),
        Format::LangSmith => langsmith::read(document, &mut builder),
        Format::McpLog => mcp_log::read(document, &mut builder),
        Format::PydanticAi => pydantic_ai::read(document, &mut builder),
        Format::OpenAiChat => {
            openai_chat::read(part.document_mut().unwrap_or(&mut nothing), &mut builder)
        }
        Format::AnthropicChat => {
            anthropic_chat::read(part.document_mut().unwrap_or(&mut nothing), &mut builder)
        }
    }
    if matches!(
        format,
        Format::OpenAiChat
            | Format::AnthropicChat
            | Format::AiSdk
            | Format::PydanticAi
            | Format::GeminiContents
    ) {
        // Each is a request that the recording repeats.
        for _ in part.records.iter().skip(1) {
            builder.notes.add("repeated_record", "request", 0);
        }
    }
    for (name, bytes) in &part.beside {
        builder
            .notes
            .left_out("beside_the_recording", name.as_str(), *bytes, part.line());
    }
    builder.usage = usage;
    builder
}
