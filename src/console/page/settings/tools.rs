//! The tool map: what a recorded tool becomes. Each rule has a form, and the whole map can be written as JSON.

use crate::console::call::{Answer, Call, Done};
use crate::console::component::config_form::{self, Field};
use crate::console::component::{action, value};
use crate::console::twin::Refusal;
use crate::console::visible::{Kept, kept};
use crate::service::Role;
use druse_engine::plan::ActionKind;
use http::{Method, StatusCode, header};
use maud::{Markup, html};
use serde_json::{Map, Value, json};

/// What may stand in a field.
const EXAMPLES: [(&str, &str); 4] = [
    ("match", "get_*"),
    (
        "with",
        "connection: shop\ntool: \"{{ call.name }}\"\narguments: \"{{ call.arguments }}\"",
    ),
    ("reason", "the inbox changes"),
    ("result", "output.json"),
];

/// The fields of a rule, from the schema that `druse schema tools` prints.
fn fields() -> Vec<Field> {
    let map = druse_crystallizer::tool_map_schema();
    let mut schema = map["$defs"]["ToolRule"].clone();
    schema["$defs"] = map["$defs"].clone();
    let mut all = config_form::fields(&schema);
    for field in &mut all {
        let known = EXAMPLES.iter().find(|(name, _)| *name == field.name);
        field.example = known.map_or("", |(_, example)| example);
        if field.name == "action" {
            let kinds = ActionKind::ALL.into_iter().map(ActionKind::name);
            field.choose(kinds.filter(|kind| *kind != "switch"));
        }
    }
    all
}

/// What the fields of a rule's form are called: by its place and what it matches, so that what was written for one
/// never stands in the form of another.
fn prefix(index: usize, rule: &Value) -> String {
    format!(
        "rule.{index}.{}",
        rule["match"].as_str().unwrap_or_default()
    )
}

/// The same for a rule that is not there yet.
const NEW: &str = "rule.new";

fn rules(map: &Value) -> &[Value] {
    map["tools"].as_array().map_or(&[], Vec::as_slice)
}

pub(super) async fn show(call: &Call) -> Result<Markup, Refusal> {
    let said = call.api.send(Method::GET, "/tools", &[], "").await?;
    let tag = said.tag();
    let map = said.json();
    let all = rules(&map);
    let written = serde_json::to_string_pretty(&map).unwrap_or_default();
    let text = call.kept("tools", &written);
    let admin = call.may(Role::Admin);
    let fields = fields();
    // What was written for a rule that is not there any more is not lost: it can be added as a new one.
    let sent = call.form.text("prefix");
    let known = all
        .iter()
        .enumerate()
        .any(|(index, rule)| prefix(index, rule) == sent);
    let adding = if sent.is_empty() || known { NEW } else { sent };
    Ok(html! {
        section #tools {
            h2 { "Tool map" }
            p .dim { "What a recorded tool becomes; the first rule that matches counts. A recorded MCP call whose connection is here needs none." }
            @if all.is_empty() { p .dim { "No rules." } }
            @for (index, rule) in all.iter().enumerate() {
                @let prefix = prefix(index, rule);
                details .more .rule open[admin && sent == prefix] {
                    summary { (line(rule)) }
                    @if admin {
                        (form(call, &fields, &prefix, index, rule, &tag, html! {
                            button .primary name="do" value="save" { "Save this rule" }
                            @if index > 0 { button name="do" value="up" { "Save and try it earlier" } }
                            @if index + 1 < all.len() { button name="do" value="down" { "Save and try it later" } }
                            button .danger name="do" value="remove" { "Remove this rule" }
                        }))
                    } @else { (value::pairs(rule)) }
                }
            }
            @if admin {
                details .more #add-rule open[all.is_empty() || sent == adding] {
                    summary { "Add a rule" }
                    (form(call, &fields, adding, all.len(), &json!({}), &tag, html! {
                        button .primary name="do" value="add" { "Add this rule" }
                    }))
                }
                details .more open[call.form.has("tools")] {
                    summary { "All rules as JSON" }
                    form method="post" action="/settings/tools" {
                        (action::key())
                        input type="hidden" name="tag" value=(tag);
                        label for="tools-map" { "Rules, as JSON" }
                        textarea #tools-map .code name="tools" rows="12" spellcheck="false" { (Kept(text)) }
                        div .buttons { button { "Save the tool map" } }
                    }
                }
            }
        }
    })
}

/// A rule in one line.
fn line(rule: &Value) -> Markup {
    let text = |name: &str| rule[name].as_str().unwrap_or_default();
    html! {
        code { (text("match")) } " becomes " strong { (text("action")) }
        @if let Some(name) = rule["with"]["connection"].as_str() { " by " code { (name) } }
        span .dim {
            @match text("effects") {
                "" => "",
                effects => { " · " (effects) }
            }
            @if rule["deterministic"] == false { " · ≈ its answer may differ" @if !text("reason").is_empty() { ": " (text("reason")) } }
        }
    }
}

fn form(
    call: &Call,
    fields: &[Field],
    prefix: &str,
    index: usize,
    rule: &Value,
    tag: &str,
    buttons: Markup,
) -> Markup {
    let place = format!("/tools/{index}/");
    let findings = match &call.refusal {
        Some(refusal) if call.form.text("prefix") == prefix => refusal.findings.as_slice(),
        _ => &[],
    };
    let about = |name: &str| {
        let place = format!("{place}{name}");
        let own = findings.iter().filter(|one| {
            one.path
                .as_deref()
                .is_some_and(|path| path.starts_with(&place))
        });
        own.cloned().collect()
    };
    html! {
        form .step-form method="post" action="/settings/tools/rule" {
            (action::key())
            input type="hidden" name="tag" value=(tag);
            input type="hidden" name="index" value=(index);
            input type="hidden" name="prefix" value=(kept(prefix));
            (config_form::show(call, prefix, fields, rule, about))
            div .buttons { (buttons) }
        }
    }
}

async fn put(call: &Call, map: &Value) -> Done {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::IF_MATCH, call.form.text("tag")),
    ];
    call.api
        .send(Method::PUT, "/tools", &headers, map.to_string())
        .await?;
    Ok(Answer::See("/settings#tools".into()))
}

/// Adds a rule, changes, moves or removes one.
pub(in crate::console) async fn rule(call: &Call) -> Done {
    let mut map = call.api.get("/tools").await?;
    let mut all = rules(&map).to_vec();
    let prefix = call.form.text("prefix");
    let said =
        |before: &Map<String, Value>| config_form::read(&call.form, prefix, &fields(), before);
    let what = call.form.text("do");
    if what == "add" {
        all.push(said(&Map::new())?.into());
    } else {
        let index = call.form.text("index").parse::<usize>().ok();
        let index = index.filter(|index| {
            all.get(*index)
                .is_some_and(|rule| self::prefix(*index, rule) == prefix)
        });
        let index = index.ok_or_else(|| {
            Refusal::new(
                StatusCode::PRECONDITION_FAILED,
                "changed_meanwhile",
                "Somebody changed the tool map since you saw it.",
                "Look at the rules again: what you wrote can be added as a new one.",
            )
        })?;
        match what {
            "remove" => {
                all.remove(index);
            }
            // What was written in the form counts, whichever of its buttons was pressed.
            _ => {
                let before = all[index].as_object().cloned().unwrap_or_default();
                all[index] = said(&before)?.into();
                match what {
                    "up" if index > 0 => all.swap(index - 1, index),
                    "down" if index + 1 < all.len() => all.swap(index, index + 1),
                    _ => {}
                }
            }
        }
    }
    map["tools"] = all.into();
    put(call, &map).await
}

/// Writes the whole map.
pub(in crate::console) async fn write(call: &Call) -> Done {
    let text = call.form.get("tools").unwrap_or_default();
    let map: Value = serde_json::from_str(text).map_err(|error| {
        Refusal::form(
            format!("The rules are not JSON: {error}."),
            "Correct them and save again.",
        )
    })?;
    put(call, &map).await
}
