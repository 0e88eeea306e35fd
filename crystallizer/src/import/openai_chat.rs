//! OpenAI chat messages: an array of them, or a document with `messages` (a request, a stored chat),
//! and the answer in `choices` where it stands beside them, or in a `response` beside them.

use super::builder::Builder;
use super::chat::{self, Style};
use super::value::*;
use serde_json::Value;

pub(super) fn read(document: &mut Value, builder: &mut Builder) {
    let style = Style {
        infer_failure: true,
        content_as_is: false,
    };
    builder.external_id = id(document, "id");
    builder.tools = chat::tools(document);
    chat::messages(chat::take_messages(document), builder, style);
    let document = &*document;
    // The answer stands in the document, or in what is kept beside the request.
    let answers = [
        Some(document),
        document.get("response"),
        document.get("output"),
    ];
    for answer in answers.into_iter().flatten() {
        if let Some(message) =
            present(answer, "message").filter(|message| chat::role(message).is_some())
        {
            chat::messages(std::slice::from_ref(message), builder, style);
        }
        for choice in list(answer, "choices").iter().take(1) {
            if let Some(message) = present(choice, "message") {
                chat::messages(std::slice::from_ref(message), builder, style);
            }
        }
    }
}
