//! The way that a run goes from a step's output to a value in it.

use super::answers::{Answers, Hop, Of, Place, Step, WholePlace};
use super::key::{noun, spoken_of, words};
use super::selector::{Origin, Scope, pick, pick_entry};
use super::transform::{Op, Transform};
use super::turn::{Route, Turn, Writer};
use super::view::view;
use super::{anchor, canonical};
use crate::kept::Kept;
use crate::leaf::tokens;
use crate::session::ToolCall;
use druse_engine::expression::labelled;
use serde_json::Value;
use std::collections::HashMap;

/// A way to a value and what is made of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Way {
    base: String,
    pub(super) route: Route,
    pub(super) transform: Transform,
}

impl Way {
    pub(super) fn write(&self, writer: &mut Writer<'_>) -> String {
        self.transform.write(&self.route.write(&self.base, writer))
    }
}

/// Finds ways.
#[derive(Default)]
pub(super) struct Router {
    bases: HashMap<usize, String>,
}

impl Router {
    /// The expression of what a recorded tool answered.
    pub(super) fn base(&mut self, kept: &[Kept<'_>], call: usize) -> Option<String> {
        if let Some(base) = self.bases.get(&call) {
            return Some(base.clone());
        }
        let base = view(kept.get(call)?).base;
        self.bases.insert(call, base.clone());
        Some(base)
    }

    /// Sets what gives the answers of a loop, which its last call stands for.
    pub(super) fn set_base(&mut self, call: usize, base: String) {
        self.bases.insert(call, base);
    }

    pub(super) fn way(
        &mut self,
        answers: &Answers<'_>,
        kept: &[Kept<'_>],
        place: &Place,
        wanted: &Value,
        scope: &Scope<'_>,
    ) -> Option<Way> {
        let scalar = answers.scalar(place)?;
        let steps = answers.steps_to(place);
        let key = match (&place.of, steps.last()) {
            (
                Of::Key,
                Some(Step {
                    hop: Hop::Entry(key),
                    ..
                }),
            ) => Some(Value::from(key.as_str())),
            (Of::Key, _) => return None,
            _ => None,
        };
        let target = key.as_ref().unwrap_or(scalar);
        let transform = match &place.of {
            // What finds things answers a line for each.
            Of::Value if steps.is_empty() && finds(kept, place.call) => {
                let line = Transform(vec![Op::OnlyLine]).apply(target)?;
                Transform::find(&line, wanted)?.after(Op::OnlyLine)
            }
            Of::Value | Of::Key => Transform::find(target, wanted)?,
            Of::Part(part) => {
                let op = Op::Part(part.clone());
                let inside = Transform(vec![op.clone()]).apply(scalar)?;
                Transform::find(&inside, wanted)?.after(op)
            }
            Of::Label(label) => {
                let mut found = labelled(scalar.as_str()?, label);
                let (Some(value), None) = (found.next(), found.next()) else {
                    return None;
                };
                Transform::find(&Value::from(value), wanted)?.after(Op::Label(label.clone()))
            }
            Of::Word => {
                let text = scalar.as_str()?;
                let forms = canonical::forms(wanted);
                let token = tokens(text).find(|token| {
                    canonical::of_text(token)
                        .iter()
                        .any(|form| forms.contains(form))
                });
                let Some(token) = token else {
                    // A whole line, found by the wording above it.
                    let line = wanted.as_str()?;
                    let above = anchor::above(text, line)?;
                    let transform = Transform(vec![Op::Below(above)]);
                    (transform.apply(scalar).as_ref() == Some(wanted)).then_some(())?;
                    let source = kept.get(place.call)?.call;
                    return Some(Way {
                        base: self.base(kept, place.call)?,
                        route: route(&steps, target, false, source, scope),
                        transform,
                    });
                };
                let (before, after) = anchor::around(text, token)?;
                Transform::find(&Value::from(token), wanted)?.after(Op::Between(before, after))
            }
        };
        let source = kept.get(place.call)?.call;
        let route = route(&steps, target, place.of == Of::Key, source, scope);
        Some(Way {
            base: self.base(kept, place.call)?,
            route,
            transform,
        })
    }

    /// The way to a list or map.
    pub(super) fn way_to_whole(
        &mut self,
        answers: &Answers<'_>,
        kept: &[Kept<'_>],
        place: WholePlace,
        scope: &Scope<'_>,
    ) -> Option<Way> {
        let steps = answers.steps_to_whole(place);
        let source = kept.get(place.call)?.call;
        let route = route(&steps, answers.whole(place)?, false, source, scope);
        Some(Way {
            base: self.base(kept, place.call)?,
            route,
            transform: Transform::default(),
        })
    }
}

fn route(
    steps: &[Step<'_>],
    target: &Value,
    to_key: bool,
    source: &ToolCall,
    scope: &Scope<'_>,
) -> Route {
    let mut turns = Vec::with_capacity(steps.len());
    let mut origin = Origin {
        about: noun(&source.name),
        asked: &source.arguments,
        tool: &source.name,
    };
    for (index, step) in steps.iter().enumerate() {
        let is_last = index + 1 == steps.len();
        turns.push(match (step.hop, step.from) {
            (Hop::Key(key), _) => {
                origin.about = spoken_of(std::mem::take(&mut origin.about), key, &source.name);
                Turn::Member(key.clone())
            }
            (Hop::Parsed(notation), _) => Turn::Parsed(*notation),
            (Hop::Index(at), Value::Array(items)) => {
                Turn::Element(pick(items, *at, target, &origin, scope))
            }
            (Hop::Entry(key), Value::Object(map)) => {
                let pick = pick_entry(map, key, target, &origin, scope);
                if to_key && is_last {
                    Turn::EntryKey(pick, key.clone())
                } else {
                    Turn::Entry(pick, key.clone())
                }
            }
            (Hop::Index(at), _) => Turn::Member(at.to_string()),
            (Hop::Entry(key), _) => Turn::Member(key.clone()),
        });
    }
    Route(turns)
}

/// Whether a tool looks for things, by its name.
fn finds(kept: &[Kept<'_>], call: usize) -> bool {
    let name = kept.get(call).map_or("", |kept| kept.call.name.as_str());
    words(name).iter().any(|word| {
        matches!(
            word.as_str(),
            "glob" | "find" | "list" | "search" | "ls" | "grep"
        )
    })
}
