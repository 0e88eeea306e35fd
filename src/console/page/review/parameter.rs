//! The parameters of a step, lists and objects with all that is in them, and what can be done with each.

use super::step::Shown;
use super::{Draft, acknowledge, bind, place};
use crate::console::component::{action, finding, value};
use crate::console::page::draft;
use crate::service::Role;
use druse_engine::Finding;
use druse_engine::definition::takes_sensitive;
use maud::{Markup, html};
use serde_json::Value;

/// Values inside of a list or object that stand open; more are folded.
const OPEN: usize = 8;

/// A parameter and what is inside of it.
pub(super) struct Parameter<'v> {
    /// JSON Pointer into `with`.
    pub(super) pointer: String,
    pub(super) value: &'v Value,
    pub(super) inner: Vec<Self>,
    in_list: bool,
}

impl<'v> Parameter<'v> {
    fn new(pointer: String, value: &'v Value, in_list: bool) -> Self {
        let inner: Vec<Self> = match value {
            Value::Object(map) => map
                .iter()
                .map(|(name, value)| {
                    Self::new(format!("{pointer}/{}", escaped(name)), value, false)
                })
                .collect(),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .map(|(index, value)| Self::new(format!("{pointer}/{index}"), value, true))
                .collect(),
            _ => Vec::new(),
        };
        Self {
            pointer,
            value,
            inner,
            in_list,
        }
    }

    /// What it is called where it stands: by its name, or by its place in a list, as an expression has it.
    fn name(&self) -> String {
        let last = self.pointer.rsplit('/').next().unwrap_or_default();
        match self.in_list {
            true => format!("[{last}]"),
            false => draft::name(&format!("/{last}")),
        }
    }

    /// How many single values are in it.
    fn size(&self) -> usize {
        match self.inner.as_slice() {
            [] => 1,
            inner => inner.iter().map(Self::size).sum(),
        }
    }

    fn holds(&self, pointer: &str) -> bool {
        pointer
            .strip_prefix(&self.pointer)
            .is_some_and(|rest| rest.starts_with('/'))
    }
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Those of a step's configuration. How it is reached is none; the arguments of a tool stand for themselves.
pub(super) fn of(with: &Value) -> Vec<Parameter<'_>> {
    let mut all = Vec::new();
    for (name, value) in with.as_object().into_iter().flatten() {
        match (name.as_str(), value) {
            ("connection" | "tool" | "method", Value::String(_)) => {}
            ("arguments", Value::Object(_)) => {
                all.extend(Parameter::new("/arguments".into(), value, false).inner);
            }
            _ => all.push(Parameter::new(format!("/{}", escaped(name)), value, false)),
        }
    }
    all
}

/// What makes sense with a parameter. Any can be bound.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(super) struct Ways {
    pub(super) input: bool,
    pub(super) secret: bool,
    pub(super) freeze: bool,
}

/// Whether anything in a value is an expression.
pub(super) fn follows(value: &Value) -> bool {
    any_text(value, &mut |text| text.contains("{{"))
}

fn any_text(value: &Value, holds: &mut dyn FnMut(&str) -> bool) -> bool {
    match value {
        Value::String(text) => holds(text),
        Value::Array(items) => items.iter().any(|one| any_text(one, holds)),
        Value::Object(map) => map.values().any(|one| any_text(one, holds)),
        _ => false,
    }
}

/// The input that a value is, and nothing else.
pub(super) fn input_of(value: &Value) -> Option<&str> {
    let inside = value
        .as_str()?
        .trim()
        .strip_prefix("{{")?
        .strip_suffix("}}")?;
    let name = inside.trim().strip_prefix("inputs.")?;
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    plain.then_some(name)
}

/// Whether a value is kept from whoever reads the document.
fn is_secret(draft: &Draft, value: &Value) -> bool {
    let inputs = draft.automation["document"]["inputs"].as_object();
    let hidden: Vec<String> = inputs
        .into_iter()
        .flatten()
        .filter(|(_, schema)| schema["sensitive"] == true)
        .map(|(name, _)| format!("inputs.{name}"))
        .collect();
    any_text(value, &mut |text| {
        text.contains("{{")
            && (text.contains("secrets.") || hidden.iter().any(|name| text.contains(name.as_str())))
    })
}

/// What can be done with the parameter of the step at a way.
pub(super) fn ways(draft: &Draft, way: &str, pointer: &str, value: &Value) -> Ways {
    let document = &draft.automation["document"];
    let items = place::items(document, way);
    // What each pass gives anew is one value in none of them, and what is secret is in no recording's words.
    let open = !any_text(value, &mut |text| place::reads(text, &items)) && !is_secret(draft, value);
    let follows = follows(value);
    let was = open.then(|| bind::recorded(draft, way, pointer)).flatten();
    let action =
        place::step(document, way).map_or("", |step| step["action"].as_str().unwrap_or_default());
    let key = pointer.split('/').nth(1).unwrap_or_default();
    let single = was
        .as_ref()
        .is_some_and(|was| was.is_string() || was.is_number());
    Ways {
        input: was.as_ref().is_some_and(|was| !was.is_null()) && input_of(value).is_none(),
        secret: single && takes_sensitive(action, key),
        freeze: follows && was.is_some(),
    }
}

fn buttons(shown: &Shown<'_>, way: &str, one: &Parameter<'_>) -> Markup {
    let ways = ways(shown.draft, way, &one.pointer, one.value);
    let answer = format!("{}/answer", shown.review);
    let version = shown.draft.automation["latest_version"].to_string();
    let button = |what: &str, label: &str| {
        let values = [
            ("step", way),
            (what, one.pointer.as_str()),
            ("version", version.as_str()),
        ];
        action::with(&answer, label, "small", &values)
    };
    html! {
        (bind::link(&shown.review, way, &one.pointer))
        @if ways.input { (button("input", "Make it an input")) }
        @if ways.secret { (button("secret", "Mark it as secret")) }
        @if ways.freeze { (button("freeze", "Freeze it")) }
    }
}

/// The parameters of a step with their findings; `place` is where its configuration stands in the document.
pub(super) fn show(
    shown: &Shown<'_>,
    way: &str,
    step: &Value,
    place: &str,
    own: &mut Vec<&Finding>,
) -> Markup {
    list(shown, way, step, place, &of(&step["with"]), own)
}

fn list(
    shown: &Shown<'_>,
    way: &str,
    step: &Value,
    place: &str,
    all: &[Parameter<'_>],
    own: &mut Vec<&Finding>,
) -> Markup {
    html! {
        dl .pairs { @for parameter in all { (row(shown, way, step, place, parameter, own)) } }
    }
}

fn row(
    shown: &Shown<'_>,
    way: &str,
    step: &Value,
    place: &str,
    one: &Parameter<'_>,
    own: &mut Vec<&Finding>,
) -> Markup {
    let id = place::id(way);
    let bound = one
        .pointer
        .strip_prefix("/arguments")
        .unwrap_or(&one.pointer);
    let why = step["metadata"]["bindings"][bound].as_str();
    let editor = shown.call.may(Role::Editor);
    let panel = shown
        .panel
        .filter(|panel| panel.is_about(way, &one.pointer));
    let about = take(own, &format!("{place}{}", one.pointer));
    html! {
        dt { (one.name()) }
        dd data-parameter={ (way) " " (one.pointer) } {
            @if one.inner.is_empty() {
                (draft::show(one.value, &shown.items(way), why))
            } @else {
                span .dim.what { (what(one)) }
                @if let Some(why) = why { div .dim.why-bound { (value::said(why)) } }
            }
            (draft::word(&shown.draft.report["labels"], id, &one.pointer))
            @if editor { " " div .ways { (buttons(shown, way, one)) } }
            @if !about.is_empty() { (finding::folded(&about, |one| shown.accept(one))) }
            @if let Some(panel) = panel { (bind::show(shown.call, &shown.review, panel)) }
            @if !one.inner.is_empty() {
                @let open = one.size() <= OPEN || shown.panel.is_some_and(|panel| panel.is_in(way, |pointer| one.holds(pointer))) || own.iter().any(|finding| needs_somebody(finding) && finding.path.as_deref().is_some_and(|path| path.starts_with(&format!("{place}{}/", one.pointer))));
                details .inside open[open] {
                    summary { "What is in it" span .sr { ": " (draft::name(&one.pointer)) } }
                    (list(shown, way, step, place, &one.inner, own))
                }
            }
        }
    }
}

fn needs_somebody(finding: &Finding) -> bool {
    finding.acknowledge || finding.severity == druse_engine::Severity::Error
}

/// What a list or an object is, in words.
fn what(one: &Parameter<'_>) -> String {
    match one.value {
        Value::Array(items) => format!("list of {}", items.len()),
        _ => value::count(one.inner.len(), "value", "values"),
    }
}

/// Takes the findings about exactly this place out.
fn take<'f>(own: &mut Vec<&'f Finding>, place: &str) -> Vec<&'f Finding> {
    let (here, rest) = own
        .iter()
        .partition(|one| one.path.as_deref() == Some(place));
    *own = rest;
    here
}

impl Shown<'_> {
    /// The box that accepts a finding, where it waits for one.
    pub(super) fn accept(&self, one: &Finding) -> Option<Markup> {
        self.draft
            .is_open(one)
            .then(|| acknowledge::in_place(self.call, one, self.draft))
    }
}
