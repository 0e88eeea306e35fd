//! The steps of a draft, those of loops inside of their loop: what each does, with what, and what can be done about it.

use super::{Draft, bind, gate, parameter, place, question};
use crate::client::encode;
use crate::console::call::Call;
use crate::console::component::{action, finding, state, value};
use crate::service::Role;
use druse_engine::Finding;
use maud::{Markup, html};
use serde_json::Value;

/// What the steps are shown from.
pub(super) struct Shown<'a> {
    pub(super) call: &'a Call,
    pub(super) draft: &'a Draft,
    /// The address of the review.
    pub(super) review: String,
    /// Findings about steps.
    pub(super) findings: &'a [&'a Finding],
    /// The value that is to be bound.
    pub(super) panel: Option<&'a bind::Panel>,
}

impl Shown<'_> {
    /// The names under which a step reads what its passes are about.
    pub(super) fn items(&self, way: &str) -> Vec<String> {
        place::items(&self.draft.automation["document"], way)
    }

    /// All steps.
    pub(super) fn all(&self) -> Markup {
        self.list(&self.draft.automation["document"]["steps"], "/steps", "")
    }

    fn list(&self, steps: &Value, at: &str, around: &str) -> Markup {
        html! {
            ol .draft {
                @for (index, step) in steps.as_array().into_iter().flatten().enumerate() {
                    (self.one(step, &format!("{at}/{index}"), &format!("{around}{}", step["id"].as_str().unwrap_or_default())))
                }
            }
        }
    }

    fn one(&self, step: &Value, at: &str, way: &str) -> Markup {
        let id = place::id(way);
        let with = &step["with"];
        let mut own: Vec<&Finding> = self
            .findings
            .iter()
            .filter(|one| one.step.as_deref() == Some(id))
            .copied()
            .collect();
        let gate = step["action"] == "approval_gate";
        let looped = step["steps"].is_array();
        let reasons = step["metadata"]["reasons"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        let differences = self.draft.report["replay"]["differences"].as_array();
        let differs = differences.and_then(|all| all.iter().find(|one| one["step"] == id));
        let automation = self.draft.automation["id"].as_str().unwrap_or_default();
        html! {
            li .gate[gate] #{ "step-" (id) } data-link=(id) tabindex="0" {
                div .row {
                    // In a loop a level deeper.
                    @if way.contains('.') { h4 { (id) } } @else { h3 { (id) } }
                    span .dim { (step["action"].as_str().unwrap_or("loop"))
                        @for how in ["tool", "method", "connection"] { @if let Some(how) = with[how].as_str() { " · " (how) } } }
                    @if !gate && !looped && !self.draft.report.is_null() {
                        @match differs {
                            Some(one) => { span title=(one["message"].as_str().unwrap_or_default()) { (state::mark("failed")) " replay differs" } }
                            None => { span .dim { (state::mark("succeeded")) " replayed" } }
                        }
                    }
                    @if step["metadata"]["deterministic"] == false { span .pill.s-waiting title="Its answer to equal arguments may differ" { "≈ non-deterministic" } }
                }
                @if let Some(when) = step["when"].as_str() { p .only { "Only when " code { (when) } } }
                @if !reasons.is_empty() { p .dim { "Its answer may differ: " @for reason in reasons { (value::said(reason["message"].as_str().unwrap_or_default())) " " } } }
                @if looped { (turns(step)) }
                @else if gate { (gate::show(self, way, step, &format!("{at}/with"), &mut own)) }
                @else { (parameter::show(self, way, step, &format!("{at}/with"), &mut own)) }
                (question::of_step(self.call, &format!("{}/answer", self.review), self.draft, id))
                @if !own.is_empty() { (finding::folded(&own, |one| self.accept(one))) }
                @if !gate && !looped { (gate::offer(self, way, step)) }
                @if looped { (self.list(&step["steps"], &format!("{at}/steps"), &format!("{way}."))) }
                @if self.call.may(Role::Editor) {
                    p .row {
                        (action::with(&format!("{}/remove", self.review), if gate { "Leave this gate out" } else if looped { "Drop this loop" } else { "Drop this step" }, "quiet", &[("step", way), ("version", &self.draft.automation["latest_version"].to_string())]))
                        a href={ "/automations/" (automation) "?tab=steps&step=" (encode(way)) } { "Edit it" }
                    }
                }
            }
        }
    }
}

/// What a loop goes over, and until when.
fn turns(step: &Value) -> Markup {
    let (each, repeat) = (&step["for_each"], &step["repeat"]);
    let items = match each["items"].as_str() {
        Some(text) => text.to_owned(),
        None => value::line(&each["items"], 120),
    };
    html! {
        dl .pairs {
            @if each.is_object() {
                dt { "for each" } dd { code { (each["as"].as_str().unwrap_or("item")) } " of " code .value { (items) } }
            }
            @for of in [each, repeat] {
                @for name in ["until", "max", "max_items", "every"] {
                    @if !of[name].is_null() { dt { (name.replace('_', " ")) } dd { (value::show(&of[name])) } }
                }
            }
        }
    }
}
