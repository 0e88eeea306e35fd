//! tau2-bench simulations: messages with calls of the agent and of the simulated person.

use super::builder::Builder;
use super::chat::{self, Style};
use super::tau_bench::verdict;
use super::value::*;
use serde_json::Value;

pub(super) fn read(document: &Value, builder: &mut Builder) {
    builder.external_id = id(document, "id").or_else(|| id(document, "task_id"));
    builder.started_at = time(document.get("start_time"));
    builder.finished_at = time(document.get("end_time"));
    builder.status = document
        .get("reward_info")
        .and_then(|info| verdict(info.get("reward")));
    let style = Style {
        infer_failure: true,
        content_as_is: false,
    };
    chat::messages(list(document, "messages"), builder, style);
}
