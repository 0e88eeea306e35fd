//! A loop that recorded calls were folded into: which calls it holds, what it goes over, and when it ends.

use super::answers::WholePlace;
use super::filter::Filter;
use super::turn::Compared;
use crate::kept::Kept;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The most calls in one pass.
const WIDEST: usize = 6;
/// The most passes that are folded.
const MOST_PASSES: usize = 10_000;

/// A loop.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cycle {
    /// The id of its step.
    pub(super) id: String,
    /// The first call of the first pass.
    pub(super) first: usize,
    /// How many calls a pass has.
    pub(super) width: usize,
    /// How many passes were recorded.
    pub(super) passes: usize,
    /// The list that it goes over.
    pub(super) list: WholePlace,
    /// The index in the list of the element of each pass.
    pub(super) chosen: Vec<usize>,
    /// The expression of what it goes over.
    pub(super) items: String,
    /// The name of the element in the body.
    pub(super) item: String,
    /// Which elements it takes; none: all of them.
    pub(super) filter: Option<Filter>,
    /// The bare expression that ends it early.
    pub(super) until: Option<String>,
    /// The template of what a pass gives, where it is not what its last step gives.
    pub(super) output: Option<Value>,
    /// What is compared on the way.
    pub(super) compared: Compared,
    /// Whether no call of it changes anything.
    pub(super) harmless: bool,
    /// Why, in words.
    pub(super) because: String,
}

impl Cycle {
    /// The call at a place of the body in a pass.
    pub(super) fn call(&self, pass: usize, inner: usize) -> usize {
        self.first + pass * self.width + inner
    }

    /// Its last call, which stands for it where its answers are meant.
    pub(super) fn last(&self) -> usize {
        self.first + self.passes * self.width - 1
    }

    /// Whether a call is one of its.
    pub(super) fn holds(&self, call: usize) -> bool {
        (self.first..=self.last()).contains(&call)
    }

    /// The path of a step of the body in a run.
    pub(super) fn path(&self, pass: usize, step: &str) -> String {
        format!("{}[{pass}].{step}", self.id)
    }
}

/// The elements that a loop over a value has: of a map its entries.
pub(super) fn elements(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| json!({ "key": key, "value": value }))
            .collect(),
        _ => Vec::new(),
    }
}

/// How many elements a loop over a value has.
pub(super) fn length(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.len(),
        Value::Object(map) => map.len(),
        _ => 0,
    }
}

/// What makes two calls places of the same step in two passes: the tool and the shape of what it was sent.
fn shape<'k>(kept: &'k Kept<'_>) -> (&'k str, &'k str, Vec<String>) {
    let mut pointers = Vec::new();
    crate::leaf::leaves(&kept.call.arguments, &mut |pointer, _, _| {
        pointers.push(pointer.to_owned());
    });
    (&kept.call.name, &kept.target.action, pointers)
}

/// How calls from this one on may repeat: how many make a pass, and how many passes there are at most. What covers
/// most comes first. Nothing is folded over a `cut`, where a person spoke, and no call that stands `alone`, about
/// which one was asked.
pub(super) fn repeats(
    kept: &[Kept<'_>],
    at: usize,
    cuts: &BTreeSet<usize>,
    alone: &BTreeSet<usize>,
) -> Vec<(usize, usize)> {
    let Some(first) = kept.get(at) else {
        return Vec::new();
    };
    // Nothing repeats whose tool is not called again at once.
    let near = kept.iter().skip(at + 1).take(WIDEST);
    if near
        .into_iter()
        .all(|other| other.call.name != first.call.name)
    {
        return Vec::new();
    }
    let fits = |index: usize| {
        kept.get(index).is_some_and(|kept| {
            crate::prune::succeeded(kept.call) && !kept.tolerated && super::slot::any(kept)
        }) && (index == at || !cuts.contains(&index))
            && !alone.contains(&index)
    };
    let mut found = Vec::new();
    for width in 1..=WIDEST {
        let body = at..at + width;
        if !body.clone().all(fits) {
            break;
        }
        let Some(shapes) = kept
            .get(body)
            .map(|body| body.iter().map(shape).collect::<Vec<_>>())
        else {
            break;
        };
        let mut passes = 1;
        while passes < MOST_PASSES
            && shapes.iter().enumerate().all(|(inner, wanted)| {
                let index = at + passes * width + inner;
                fits(index) && kept.get(index).is_some_and(|kept| shape(kept) == *wanted)
            })
        {
            passes += 1;
        }
        if passes >= 2 {
            found.push((width, passes));
        }
    }
    found.sort_by_key(|(width, passes)| (std::cmp::Reverse(width * passes), *width));
    found
}
