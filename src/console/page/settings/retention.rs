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
    let singles = kept["automations"].as_object().cloned().unwrap_or_default();
    Ok(html! {
        section #retention {
            h2 { "History" }
            p .dim { "What is left empty is kept for ever. Runs that have not ended never leave." }
            form method="post" action="/settings/retention" {
                (action::key())
                input type="hidden" name="tag" value=(tag);
                @for (name, label, example, means) in FIELDS {
                    @let known = written(&kept[name]);
                    div .field {
                        label for={ "retention-" (name) } { (label) }
                        input #{ "retention-" (name) } name=(name) autocomplete="off" placeholder=(example) value=(call.kept(name, &known));
                        p .dim { (means) }
                    }
                }
                h3 { "Single automations" }
                p .dim { "Instead of the above. One whose name is taken out has no rule of its own any more." }
                div .scroll tabindex="0" role="region" aria-label="Rules of single automations" { table .list {
                    thead { tr { th scope="col" { "Automation" } th scope="col" { "For how long" } th scope="col" { "How many" } } }
                    tbody {
                        @for (index, (name, own)) in singles.iter().enumerate() { (single(call, index, name, own)) }
                        (single(call, singles.len(), "", &Value::Null))
                    }
                } }
                div .buttons { button .primary { "Save" } }
            }
            (action::button("/settings/compact", "Give back space now", ""))
        }
    })
}

/// The fields of a rule of a single automation, in the order in which they stand.
const SINGLE: [(&str, &str, &str); 3] = [
    ("name", "Automation", "inbox-triage"),
    ("max_age", "For how long", "30d"),
    ("max_runs", "How many", "1000"),
];

/// A row of the rules of single automations; the last one is empty.
fn single(call: &Call, index: usize, name: &str, own: &Value) -> Markup {
    html! {
        tr {
            @for (field, label, example) in SINGLE {
                @let known = if field == "name" { name.to_owned() } else { written(&own[field]) };
                @let id = format!("single.{index}.{field}");
                td { input name=(id) aria-label={ (label) " " (index + 1) } autocomplete="off" placeholder=(example) value=(call.kept(&id, &known)); }
            }
        }
    }
}

/// What a form says of single automations; nothing where it has no such fields.
fn singles(call: &Call) -> Option<Map<String, Value>> {
    if !call.form.has("single.0.name") {
        return None;
    }
    let mut all = Map::new();
    for index in 0.. {
        let field = |name: &str| format!("single.{index}.{name}");
        if !call.form.has(&field("name")) {
            break;
        }
        let name = call.form.text(&field("name"));
        if name.is_empty() {
            continue;
        }
        let mut own = Map::new();
        for limit in ["max_age", "max_runs"] {
            let value = limited(limit, call.form.text(&field(limit)));
            if !value.is_null() {
                own.insert(limit.into(), value);
            }
        }
        all.insert(name.into(), own.into());
    }
    Some(all)
}

/// A limit as the API takes it.
fn limited(name: &str, text: &str) -> Value {
    match (text, text.parse::<u64>()) {
        ("", _) => Value::Null,
        (_, Ok(number)) if name != "max_age" => number.into(),
        _ => text.into(),
    }
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
        map.insert(name.into(), limited(name, call.form.text(name)));
    }
    if let Some(singles) = singles(call) {
        map.insert("automations".into(), singles.into());
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
