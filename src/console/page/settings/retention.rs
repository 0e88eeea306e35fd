//! How long history is kept.

use super::page;
use crate::console::call::{Answer, Call, Done};
use crate::console::component::action;
use crate::console::twin::Refusal;
use http::{Method, header};
use maud::{Markup, html};
use serde_json::{Map, Value, json};

/// The fields of the form: name in the API, label, what one writes, and what it means.
const FIELDS: [(&str, &str, &str, &str); 3] = [
    (
        "max_age",
        "For how long",
        "90d",
        "counted from the end of a run",
    ),
    (
        "max_runs",
        "How many of each automation",
        "10000",
        "runs that have ended",
    ),
    (
        "max_bytes",
        "How much of the disk",
        "10GB",
        "the oldest leave first",
    ),
];

pub(super) async fn show(call: &Call) -> Result<Markup, Refusal> {
    let said = call
        .api
        .send(Method::GET, "/settings/retention", &[], "")
        .await?;
    let (kept, tag) = (said.json(), said.tag());
    let singles = kept["automations"].as_object().map_or(0, Map::len);
    Ok(html! {
        section #retention {
            h2 { "History" }
            p .dim { "What is left empty is kept for ever. Runs that have not ended never leave." }
            form method="post" action="/settings/retention" {
                input type="hidden" name="tag" value=(tag);
                @for (name, label, example, means) in FIELDS {
                    @let known = written(&kept[name]);
                    div .field {
                        label for={ "retention-" (name) } { (label) }
                        input #{ "retention-" (name) } name=(name) autocomplete="off" placeholder=(example) value=(call.kept(name, &known));
                        p .dim { (means) }
                    }
                }
                @if singles > 0 { p .dim { (singles) " automations have rules of their own, which stay." } }
                div .buttons { button .primary { "Save" } }
            }
            (action::button("/settings/compact", "Give back space now", ""))
        }
    })
}

fn written(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

pub(in crate::console) async fn write(call: &Call) -> Done {
    let mut kept = call.api.get("/settings/retention").await?;
    let Some(map) = kept.as_object_mut() else {
        return Err(Refusal::form(
            "The settings cannot be read.",
            "Try it again.",
        ));
    };
    for (name, ..) in FIELDS {
        let text = call.form.text(name);
        let value = match (text, text.parse::<u64>()) {
            ("", _) => Value::Null,
            (_, Ok(number)) if name != "max_age" => number.into(),
            _ => text.into(),
        };
        map.insert(name.into(), value);
    }
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::IF_MATCH, call.form.text("tag")),
    ];
    call.api
        .send(
            Method::PUT,
            "/settings/retention",
            &headers,
            kept.to_string(),
        )
        .await?;
    Ok(Answer::See("/settings#retention".into()))
}

pub(in crate::console) async fn compact(call: &Call) -> Done {
    let swept = call.api.post("/store/compact", None, &json!({})).await?;
    let told = html! {
        p { "Given back " (swept["freed_bytes"]) " bytes; " (swept["forgotten"]) " runs left. The log has " (swept["log_bytes"]) " bytes, of which " (swept["live_bytes"]) " are needed." }
    };
    Ok(page(call, Some(told)).await?.into())
}
