//! Druse's own form: OpenAI's messages with status, tools, errors and approvals.

use super::builder::Builder;
use super::chat::{self, Style};
use super::formats::formats;
use super::value::*;
use crate::session::{SessionKind, SessionStatus};
use serde_json::Value;

pub(super) fn read(document: &mut Value, builder: &mut Builder) {
    let own = |key: &str| text(document, key).map(str::to_owned);
    builder.external_id = id(document, "id");
    builder.agent = own("agent");
    builder.goal = own("goal");
    builder.working_folder = own("working_folder").or_else(|| own("cwd"));
    let known = |name: &String| formats().iter().any(|info| info.name == name);
    builder.recorded_as = own("recorded_as").filter(known);
    builder.started_at = time(document.get("started_at"));
    builder.finished_at = time(document.get("finished_at"));
    builder.status = match text(document, "status") {
        Some("succeeded" | "success") => Some(SessionStatus::Succeeded),
        Some("failed" | "failure") => Some(SessionStatus::Failed),
        Some("canceled" | "cancelled") => Some(SessionStatus::Canceled),
        Some("unknown") | None => None,
        Some(other) => {
            builder
                .notes
                .add("unknown_record", format!("status {other}"), 0);
            None
        }
    };
    if text(document, "kind") == Some("chat_thread") {
        builder.kind = SessionKind::ChatThread;
    }
    builder.tools = chat::tools(document);
    let messages = chat::take_messages(document);
    let style = Style {
        infer_failure: false,
        content_as_is: true,
    };
    chat::messages(messages, builder, style);
}
