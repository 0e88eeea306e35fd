//! AgentDojo run logs: messages whose calls carry `function` and `args`, and `utility` as the verdict.

use super::builder::Builder;
use super::chat::{self, Style};
use super::value::*;
use crate::session::SessionStatus;
use serde_json::Value;

pub(super) fn read(document: &Value, builder: &mut Builder) {
    let part = |key: &str| text(document, key).map(str::to_owned);
    builder.agent = part("pipeline_name");
    builder.external_id = match (part("suite_name"), part("user_task_id")) {
        (Some(suite), Some(task)) => Some(match part("injection_task_id") {
            Some(injection) => format!("{suite}/{task}/{injection}"),
            None => format!("{suite}/{task}"),
        }),
        _ => None,
    };
    builder.status = match document.get("utility") {
        _ if truthy(document.get("error")) => Some(SessionStatus::Failed),
        Some(Value::Bool(true)) => Some(SessionStatus::Succeeded),
        Some(Value::Bool(false)) => Some(SessionStatus::Failed),
        _ => None,
    };
    builder.started_at = time(document.get("evaluation_timestamp"));
    chat::messages(list(document, "messages"), builder, Style::default());
}
