//! Anthropic messages: an array of them, or a request with `system`, `messages` and `tools`, and the
//! answer's `content` where it stands in the same document.

use super::builder::Builder;
use super::chat::{self, Style};
use super::value::*;
use crate::session::Role;
use serde_json::Value;

pub(super) fn read(document: &mut Value, builder: &mut Builder) {
    let style = Style::default();
    builder.external_id = id(document, "id");
    builder.tools = chat::tools(document);
    if let Some(system) = present(document, "system") {
        let said = content_text(system, &mut builder.notes, 0);
        builder.message(Role::System, said, None);
    }
    chat::messages(chat::take_messages(document), builder, style);
    let document = &*document;
    let output = document
        .get("output")
        .and_then(|output| output.get("message"));
    let answer = [Some(document), document.get("response"), output]
        .into_iter()
        .flatten()
        .find(|answer| {
            text(answer, "role") == Some("assistant") && answer.get("content").is_some()
        });
    if let Some(answer) = answer {
        chat::messages(std::slice::from_ref(answer), builder, style);
    }
}
