//! What only a person can answer: at the step that it is about, and all of it at once.

use super::{Draft, place};
use crate::console::call::Call;
use crate::console::component::{action, value};
use crate::service::Role;
use crate::service::edits;
use druse_engine::carried::StepPlaces;
use maud::{Markup, html};
use serde_json::Value;

/// Those that stand: a step that was dropped and a value that somebody changed by hand are not asked about.
fn all(draft: &Draft) -> Vec<&Value> {
    those(draft, |_| true)
}

/// Those of them that are wanted.
fn those(draft: &Draft, wanted: impl Fn(&Value) -> bool) -> Vec<&Value> {
    let asked = draft.report["questions"].as_array().into_iter().flatten();
    let mut asked: Vec<&Value> = asked.filter(|one| wanted(one)).collect();
    if asked.is_empty() {
        return asked;
    }
    let made = StepPlaces::of(&draft.made);
    let now = StepPlaces::of(&draft.automation["document"]);
    asked.retain(|one| edits::still_asked(one, &made, &now).is_some());
    asked
}

fn id(question: &Value) -> &str {
    question["id"].as_str().unwrap_or_default()
}

fn step(question: &Value) -> &str {
    question["step"].as_str().unwrap_or_default()
}

/// How many there are.
pub(super) fn many(draft: &Draft) -> usize {
    all(draft).len()
}

/// What is assumed for each question until somebody answers it.
pub(super) fn suggested(draft: &Draft) -> impl Iterator<Item = (String, Value)> {
    let known = all(draft).into_iter();
    known
        .filter(|one| one["default"].is_string())
        .map(|one| (id(one).to_owned(), one["default"].clone()))
}

/// How many there are, where they stand, and a button that takes what is suggested for all of them.
pub(super) fn summary(call: &Call, address: &str, draft: &Draft) -> Markup {
    let questions = all(draft);
    let version = draft.reported.to_string();
    let suggested = suggested(draft).count();
    let all = place::all(&draft.automation["document"]);
    let lost = |question: &&&Value| !all.iter().any(|(_, one)| one["id"] == question["step"]);
    html! {
        @if !questions.is_empty() {
            section .questions #questions {
                h2 { (value::count(questions.len(), "question", "questions")) }
                ul .plain.jumps {
                    @for one in &questions {
                        li { a href={ "#question-" (id(one)) } { (step(one)) } " " span .dim { (value::said(&value::cut(one["text"].as_str().unwrap_or_default(), 90))) }
                            @if let Some(choice) = one["default"].as_str() { " " span { "Suggested: " (label(one, choice)) } } }
                    }
                }
                @for one in questions.iter().filter(lost) { (asked(call, address, one, &version)) }
                @if call.may(Role::Editor) && suggested > 0 {
                    (action::with(address, &format!("Take what is suggested ({suggested})"), "",
                        &[("suggested", "all"), ("version", &version)]))
                }
                p .dim { "An answer makes a new version from the recording and proves it again. What was changed by hand is kept: where it does not fit any more, you are asked before anything is made." }
            }
        }
    }
}

/// The questions about one step.
pub(super) fn of_step(call: &Call, address: &str, draft: &Draft, step_id: &str) -> Markup {
    let version = draft.reported.to_string();
    html! {
        @for one in those(draft, |one| step(one) == step_id) { (asked(call, address, one, &version)) }
    }
}

fn asked(call: &Call, address: &str, question: &Value, version: &str) -> Markup {
    let choices = question["choices"].as_array().into_iter().flatten();
    let choices = choices.filter_map(Value::as_str);
    html! {
        div .question #{ "question-" (id(question)) } {
            p { span .sr { "Question: " } span aria-hidden="true" { "? " } (value::said(question["text"].as_str().unwrap_or_default())) }
            @if call.may(Role::Editor) {
                div .buttons {
                    @for choice in choices {
                        @let label = label(question, choice);
                        (action::with(address, &label, if question["default"] == choice { "chosen" } else { "" },
                            &[("question", id(question)), ("choice", choice), ("version", version)]))
                        @if is_expression(choice) && !label.starts_with('⇐') {
                            " " code .dim { "⇐ " (value::cut(choice, MOST_OF_CHOICE)) } br;
                        }
                    }
                }
            }
        }
    }
}

/// What is shown of an expression beside what it means.
const MOST_OF_CHOICE: usize = 200;

/// What a choice means, in a few words.
fn label(question: &Value, choice: &str) -> String {
    match choice {
        "constant" => return "Keep it as it is".into(),
        "input" => return "Make it an input".into(),
        _ => {}
    }
    let mut all = question["choices"].as_array().into_iter().flatten();
    let told = all
        .position(|one| one == choice)
        .and_then(|at| question["labels"][at].as_str());
    match told {
        Some(told) if is_expression(choice) => told.to_owned(),
        Some(told) => format!("{choice}: {told}"),
        // A report of before has none.
        None => format!("⇐ {}", value::cut(choice, 90)),
    }
}

/// Whether a choice is written in the language of expressions: the others are single words.
fn is_expression(choice: &str) -> bool {
    choice.contains(|c: char| !(c.is_alphanumeric() || c == '_'))
}
