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
    cut: Vec<bool>,
    gated: Vec<bool>,
    /// For each width, and each call: how many calls from it on are each like the one that many further.
    runs: Vec<Vec<u32>>,
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
            alike.cut.push(cuts.contains(&index));
            alike.gated.push(gated.contains(&index));
        }
        for width in 0..=WIDEST {
            let mut run = vec![0_u32; kept.len()];
            for at in (0..kept.len().saturating_sub(width)).rev() {
                if width > 0 && alike.fits(at + width, at, usize::MAX) {
                    run[at] = 1 + run.get(at + 1).copied().unwrap_or(0);
                }
            }
            alike.runs.push(run);
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
