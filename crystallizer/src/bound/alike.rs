//! Which calls are alike and how long they stay so: told once for all calls, so that looking for loops does not read
//! the rest of a long recording anew from each call on.

use super::cycle::WIDEST;
use crate::kept::Kept;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// Calls by what makes them places of the same step in two passes.
#[derive(Default)]
pub(super) struct Alike {
    /// The number of the tool and the shape of each call: equal where they are.
    shapes: Vec<u32>,
    /// The number of each call's tool.
    tools: Vec<u32>,
    /// The last call of each tool.
    last: Vec<usize>,
    /// Whether a call may be one of a loop.
    may: Vec<bool>,
    /// Whether it is a change that failed, and that the session went on after: it may be one in a later pass.
    failed: Vec<bool>,
    cut: Vec<bool>,
    gated: Vec<bool>,
    /// For each width, and each call: how many calls from it on are each like the one that many further.
    runs: Vec<Vec<u32>>,
    /// The same with changes that failed among them.
    loose: Vec<Vec<u32>>,
}

impl Alike {
    /// Nothing is folded over a `cut`, where a person spoke; about a `gated` call one was asked, and then about that in
    /// each pass.
    pub(super) fn of(kept: &[Kept<'_>], cuts: &BTreeSet<usize>, gated: &BTreeSet<usize>) -> Self {
        let mut shapes: HashMap<(&str, &str, String), u32> = HashMap::new();
        let mut tools: HashMap<&str, u32> = HashMap::new();
        let mut alike = Self::default();
        for (index, kept) in kept.iter().enumerate() {
            let next = u32::try_from(shapes.len()).unwrap_or(u32::MAX);
            let key = (
                kept.call.name.as_str(),
                &*kept.target.action,
                shape(&kept.call.arguments),
            );
            alike.shapes.push(*shapes.entry(key).or_insert(next));
            let next = u32::try_from(tools.len()).unwrap_or(u32::MAX);
            let tool = *tools.entry(&kept.call.name).or_insert(next);
            alike.tools.push(tool);
            match alike.last.get_mut(tool as usize) {
                Some(last) => *last = index,
                None => alike.last.push(index),
            }
            alike.may.push(
                crate::prune::succeeded(kept.call) && !kept.tolerated && super::slot::any(kept),
            );
            alike.failed.push(
                crate::prune::failed(kept.call)
                    && kept.tolerated
                    && kept.changes()
                    && super::slot::any(kept),
            );
            alike.cut.push(cuts.contains(&index));
            alike.gated.push(gated.contains(&index));
        }
        for width in 0..=WIDEST {
            let mut run = vec![0_u32; kept.len()];
            let mut loose = run.clone();
            for at in (0..kept.len().saturating_sub(width)).rev() {
                if width == 0 {
                    continue;
                }
                if alike.fits(at + width, at, usize::MAX) {
                    run[at] = 1 + run.get(at + 1).copied().unwrap_or(0);
                }
                if alike.fits_loosely(at + width, at) {
                    loose[at] = 1 + loose.get(at + 1).copied().unwrap_or(0);
                }
            }
            alike.runs.push(run);
            alike.loose.push(loose);
        }
        alike
    }

    /// Whether a call is like another one that a loop which begins at `at` has in its body.
    pub(super) fn fits(&self, index: usize, like: usize, at: usize) -> bool {
        self.may.get(index).copied().unwrap_or(false)
            && (index == at || !self.cut[index])
            && self.gated.get(like) == self.gated.get(index)
            && self.shapes.get(like) == self.shapes.get(index)
    }

    /// The same of two passes, where a change may have failed.
    fn fits_loosely(&self, index: usize, like: usize) -> bool {
        let may = |all: &[bool]| all.get(index).copied().unwrap_or(false);
        (may(&self.may) || may(&self.failed))
            && !self.cut[index]
            && self.gated.get(like) == self.gated.get(index)
            && self.shapes.get(like) == self.shapes.get(index)
    }

    /// How many times the calls from `from` on repeat, also where a change failed.
    pub(super) fn repeats_loosely(&self, from: usize, width: usize) -> usize {
        let run = self.loose.get(width).and_then(|run| run.get(from));
        run.map_or(0, |run| *run as usize / width.max(1))
    }

    /// Whether all calls of so many passes may be those of a loop: where a change failed, the calls of the pass went before
    /// it, and the session went on with a pass that succeeded. Of the passes most succeeded, the first among them.
    pub(super) fn may_be_passes(&self, first: usize, width: usize, passes: usize) -> bool {
        let is = |all: &[bool], pass: usize, place: usize| {
            all.get(first + pass * width + place)
                .copied()
                .unwrap_or(false)
        };
        let mut failed = 0;
        for pass in 0..passes {
            for place in 0..width {
                if is(&self.may, pass, place) {
                    continue;
                }
                let is_inside = pass > 0 && pass + 1 < passes && place + 1 == width;
                if !is_inside || !is(&self.failed, pass, place) {
                    return false;
                }
                failed += 1;
            }
        }
        failed * 2 < passes
    }

    /// Whether a call may be one of a loop that begins at `at`.
    pub(super) fn may_follow(&self, index: usize, at: usize) -> bool {
        self.fits(index, index, at)
    }

    /// How many times the calls from `from` on repeat, `width` of them a time, the first time not counted.
    pub(super) fn repeats(&self, from: usize, width: usize) -> usize {
        let run = self.runs.get(width).and_then(|run| run.get(from));
        run.map_or(0, |run| *run as usize / width.max(1))
    }

    /// Whether two calls are of one tool.
    pub(super) fn same_tool(&self, one: usize, two: usize) -> bool {
        self.tools.get(one) == self.tools.get(two)
    }

    /// Whether the tool of a call is called again after it.
    pub(super) fn comes_again(&self, at: usize) -> bool {
        let tool = self.tools.get(at).map(|tool| *tool as usize);
        tool.and_then(|tool| self.last.get(tool))
            .is_some_and(|last| *last > at)
    }
}

/// The shape of what a call was sent: where its scalars stand. Lists may be longer or shorter.
fn shape(arguments: &Value) -> String {
    fn walk(value: &Value, pointer: &mut String, found: &mut BTreeSet<String>) {
        let length = pointer.len();
        match value {
            Value::Object(map) => {
                for (key, inner) in map {
                    pointer.push('/');
                    pointer.push_str(key);
                    walk(inner, pointer, found);
                    pointer.truncate(length);
                }
            }
            Value::Array(items) => {
                found.insert(pointer.clone());
                pointer.push_str("/*");
                for inner in items {
                    walk(inner, pointer, found);
                }
                pointer.truncate(length);
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                if !found.contains(pointer.as_str()) {
                    found.insert(pointer.clone());
                }
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(arguments, &mut String::new(), &mut found);
    let mut shape = String::new();
    for pointer in found {
        // A key may hold a line's end; its length tells where it ends.
        shape.push_str(&format!("{}:{pointer}\n", pointer.len()));
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::shape;
    use serde_json::json;

    #[test]
    fn lists_of_any_length_have_one_shape() {
        let one = json!({ "a": [{ "b": 1 }], "c": "x" });
        let two = json!({ "c": 2, "a": [{ "b": "y" }, { "b": null }] });
        assert_eq!(shape(&one), shape(&two));
        for other in [
            json!({ "a": [{ "b": 1, "d": 1 }], "c": "x" }),
            json!({ "a": [], "c": "x" }),
            json!({ "a": "x", "c": "x" }),
            json!("x"),
        ] {
            assert_ne!(shape(&one), shape(&other), "{other}");
        }
    }
}
