//! tau-bench results: OpenAI messages in `traj`, the verdict in `reward`.

use super::builder::Builder;
use super::chat::{self, Style};
use super::value::*;
use crate::session::{SessionKind, SessionStatus};
use serde_json::Value;

pub(super) fn read(document: &Value, builder: &mut Builder) {
    builder.kind = SessionKind::ChatThread;
    builder.external_id = id(document, "task_id").map(|task| match id(document, "trial") {
        Some(trial) => format!("task-{task}-trial-{trial}"),
        None => format!("task-{task}"),
    });
    builder.status = verdict(document.get("reward"));
    let style = Style {
        infer_failure: true,
        content_as_is: false,
    };
    chat::messages(list(document, "traj"), builder, style);
}

/// A reward of 1 is a success, any other number a failure.
pub(super) fn verdict(reward: Option<&Value>) -> Option<SessionStatus> {
    let reward = reward?.as_f64()?;
    Some(if reward >= 1.0 - 1e-9 {
        SessionStatus::Succeeded
    } else {
        SessionStatus::Failed
    })
}
