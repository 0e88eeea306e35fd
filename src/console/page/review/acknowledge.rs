//! What has to be acknowledged by name before a draft is activated: each alone, or all of a kind at once.

use crate::console::call::Call;
use crate::console::component::value;
use druse_engine::Finding;
use maud::{Markup, html};
use serde_json::Value;
use std::collections::BTreeSet;

/// The form that the boxes belong to, wherever on the page they stand.
pub(super) const FORM: &str = "activation";

/// What a kind of finding asks for, in the words of somebody who signs it.
fn words(code: &str) -> &str {
    match code {
        "runs_program" => "It may run these programs on the server's machine",
        "frozen_volatile" => "These values stay although they look made for one occasion",
        "frozen_from_output" => "These values stay although they came from an earlier answer",
        "made_by_agent" => "These values stay as the agent made them",
        "open_source" | "open_choice" => {
            "These values stay although it is open where they come from"
        }
        "frozen_date" => "These days stay as they are",
        "flows_into_sink" => "What others wrote decides what these steps do",
        "looks_like_secret" => "These values stay although they look like secrets",
        "secret_lifted" => "These steps may have these secrets",
        other => other,
    }
}

/// Findings of one kind, in the order in which they came.
fn groups<'a>(open: &[&'a Finding]) -> Vec<(&'a str, Vec<&'a Finding>)> {
    let mut groups: Vec<(&str, Vec<&Finding>)> = Vec::new();
    for one in open {
        match groups.iter_mut().find(|(code, _)| *code == one.code) {
            Some((_, all)) => all.push(one),
            None => groups.push((&one.code, vec![one])),
        }
    }
    groups
}

/// What a finding is about: a program, or else a step.
fn subject(finding: &Finding) -> &str {
    match finding.id.strip_prefix("runs_program:") {
        Some(program) => program,
        None => finding.step.as_deref().unwrap_or(&finding.id),
    }
}

/// The id with the version that is shown: what somebody signs is what stands on the page, whatever comes meanwhile.
pub(super) fn signed(id: &str, shown: &Value) -> String {
    let version = format!("@{shown}");
    match id.ends_with(&version) {
        true => id.to_owned(),
        false => format!("{id}{version}"),
    }
}

/// Whether a refused form had a box ticked.
fn ticked(call: &Call, id: &str) -> bool {
    ids(call).any(|given| given == id)
}

/// The ids that a form acknowledges. A box for several holds one on each line.
pub(super) fn ids(call: &Call) -> impl Iterator<Item = &str> {
    call.form.all("acknowledge").flat_map(str::lines)
}

/// The boxes of a form.
pub(super) fn boxes(call: &Call, open: &[&Finding], shown: &Value) -> Markup {
    // What has changed since somebody signed it is never one of many.
    let again = format!("@{shown}");
    let (again, open): (Vec<&Finding>, Vec<&Finding>) =
        open.iter().partition(|one| one.id.ends_with(&again));
    html! {
        @if !open.is_empty() || !again.is_empty() {
            fieldset {
                legend { "To be acknowledged" }
                @for one in again { (alone(call, one, shown)) }
                @for (code, all) in groups(&open) {
                    @match all.as_slice() {
                        [one] => (alone(call, one, shown)),
                        _ => (together(call, code, &all, shown)),
                    }
                }
            }
        }
    }
}

fn alone(call: &Call, one: &Finding, shown: &Value) -> Markup {
    let id = signed(&one.id, shown);
    html! {
        label .check {
            input type="checkbox" name="acknowledge" value=(id) checked[ticked(call, &id)];
            span { @if let Some(step) = &one.step { code { (step) } " " } (value::said(&one.message)) " " code .dim { (one.id) } }
        }
    }
}

fn together(call: &Call, code: &str, all: &[&Finding], shown: &Value) -> Markup {
    let ids: Vec<String> = all.iter().map(|one| signed(&one.id, shown)).collect();
    let subjects: BTreeSet<&str> = all.iter().map(|one| subject(one)).collect();
    html! {
        div .together {
            label .check {
                input type="checkbox" name="acknowledge" value=(ids.join("\n")) checked[ids.iter().all(|id| ticked(call, id))];
                span { (words(code)) " (" (all.len()) "): "
                    @for (index, one) in subjects.iter().enumerate() { @if index > 0 { ", " } code { (one) } }
                    " " code .dim { (code) } }
            }
            details .more {
                summary { "Each of them" }
                @for one in all { (alone(call, one, shown)) }
            }
        }
    }
}

/// A box beside a finding in its place, which belongs to the form at the end.
pub(super) fn in_place(call: &Call, finding: &Finding, shown: &Value) -> Markup {
    let id = signed(&finding.id, shown);
    html! {
        label .check.accept {
            input type="checkbox" name="acknowledge" form=(FORM) value=(id) checked[ticked(call, &id)];
            span { "Accept: " (value::cut(subject(finding), 60)) }
        }
    }
}
