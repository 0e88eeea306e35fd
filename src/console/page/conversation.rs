//! A recording as a conversation that can be read.

use crate::console::component::{action, value};
use maud::{Markup, html};
use serde_json::Value;
use std::collections::BTreeMap;

/// What became of a call.
pub(super) enum Fate {
    /// It is this step now.
    Step(String),
    /// It was left out, and why.
    LeftOut(String),
}

/// The form that puts a call back that was left out.
pub(super) struct Restore {
    /// Where it is sent.
    pub(super) address: String,
    /// The version that its sender has seen.
    pub(super) version: String,
}

/// Turns of a page.
const MOST: usize = 400;

/// The conversation; `fates` by the id of a call, and where calls that were left out can be put back.
pub(super) fn show(
    session: &Value,
    fates: &BTreeMap<String, Fate>,
    restore: Option<&Restore>,
) -> Markup {
    let turns = session["turns"].as_array().map_or(&[][..], Vec::as_slice);
    html! {
        ol .conversation {
            @for turn in turns.iter().take(MOST) {
                @match turn["type"].as_str().unwrap_or_default() {
                    "message" => (message(turn)),
                    "call" => (call(turn, fates, restore)),
                    _ => (approval(turn)),
                }
            }
        }
        @if turns.len() > MOST { p .dim { "These are the first " (MOST) " of " (turns.len()) " turns." } }
    }
}

fn message(turn: &Value) -> Markup {
    let role = turn["role"].as_str().unwrap_or_default();
    let text = turn["text"].as_str().unwrap_or_default();
    let long = text.chars().count() > 600;
    html! {
        li .said.(match role { "user" => "by-user", "system" => "by-system", _ => "by-agent" }) {
            span .who-said { @match role { "user" => "user", "system" => "instructions", _ => "agent" } }
            @if role == "system" || long {
                details { summary { (value::cut(text, 120)) } p .text { (value::cut(text, 20_000)) } }
            } @else { p .text { (text) } }
        }
    }
}

fn call(turn: &Value, fates: &BTreeMap<String, Fate>, restore: Option<&Restore>) -> Markup {
    let id = turn["id"].as_str().unwrap_or_default();
    let fate = fates.get(id);
    let result = &turn["result"];
    let failed = result["is_error"] == true;
    let step = match fate {
        Some(Fate::Step(step)) => Some(step.as_str()),
        _ => None,
    };
    html! {
        li .call .left-out[matches!(fate, Some(Fate::LeftOut(_)))] #{ "call-" (id) } data-link=[step] tabindex=[step.map(|_| "0")] {
            p {
                span .who-said { "call" }
                strong { (turn["name"].as_str().unwrap_or_default()) } " "
                @match fate {
                    Some(Fate::Step(step)) => { a .to-step href={ "#step-" (step) } { "→ " (step) } }
                    Some(Fate::LeftOut(why)) => {
                        span .dim { "left out: " (why.replace('_', " ")) }
                        // What a person said no to is nobody's to bring back by a click.
                        @if let Some(restore) = restore.filter(|_| why != "refused") {
                            " " (action::with(&restore.address, "Put it back", "small", &[("keep", id), ("version", &restore.version)]))
                        }
                    }
                    None => {}
                }
            }
            @if turn["arguments"].as_object().is_some_and(|map| !map.is_empty()) { (value::pairs(&turn["arguments"])) }
            @if result.is_null() { p .dim { "No answer was recorded." } }
            @else {
                div .answer { span aria-hidden="true" { @if failed { "✕ " } @else { "⇒ " } } @if failed { span .sr { "failed: " } } (value::show(&result["content"])) }
            }
        }
    }
}

fn approval(turn: &Value) -> Markup {
    html! {
        li .said.by-user {
            span .who-said { "person" }
            p { @if turn["approved"] == true { "✓ approved" } @else { "⊘ refused" }
                @if let Some(by) = turn["by"].as_str() { " by " (by) }
                @if let Some(comment) = turn["comment"].as_str() { ": “" (comment) "”" } }
        }
    }
}
