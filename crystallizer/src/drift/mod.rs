//! How answers look: the whole shape that they had where they were recorded, what of it a later answer has otherwise,
//! and what good runs show about what a draft relies on. Nothing here stops a run or changes a document.

mod learn;
mod shape;

pub use learn::{Rejected, tighter, wider};
pub use shape::{ShapeChange, changes};

pub(crate) use shape::{Read, shape};

use crate::kept::Kept;
use crate::relied;
use druse_engine::Json;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

/// How many places all shapes of a draft may have together.
const MOST_PLACES: usize = 20_000;

/// Shapes as texts. Most calls of a tool answer alike: what they have in common is kept once.
#[derive(Default)]
struct Alike {
    hasher: BuildHasherDefault<DefaultHasher>,
    known: HashMap<u64, Json>,
}

impl Alike {
    fn one(&mut self, shape: &Value) -> Json {
        let text = shape.to_string();
        let hash = self.hasher.hash_one(&text);
        match self.known.get(&hash) {
            Some(known) if known.text() == text => known.clone(),
            _ => {
                let made = Json::from_trusted_text(text);
                self.known.insert(hash, made.clone());
                made
            }
        }
    }
}

/// The shapes of the answers of a draft's steps, by the ids of the steps. `others` gives for each kept call what
/// further recordings have there.
pub(crate) fn shapes(
    kept: &[Kept<'_>],
    others: &dyn Fn(usize) -> Vec<Value>,
) -> BTreeMap<String, Json> {
    let mut calls: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, kept) in kept.iter().enumerate() {
        let answers = !kept.tolerated
            && !kept.target.is_opaque()
            && crate::prune::succeeded(kept.call)
            && !matches!(
                &*kept.target.action,
                "transform" | "wait" | "approval_gate" | "switch" | "automation" | "emit"
            );
        if answers {
            calls.entry(&kept.step).or_default().push(index);
        }
    }
    let mut left = MOST_PLACES;
    let mut shapes = BTreeMap::new();
    let mut alike = Alike::default();
    // What the steps of a long recording gave is never held all at once.
    for (step, calls) in calls {
        if left == 0 {
            break;
        }
        let mut values = Vec::new();
        let mut known = Read::new();
        for index in calls {
            if let Some(kept) = kept.get(index) {
                values.push(relied::output(kept));
                known.extend(kept.answer.read());
            }
            values.extend(others(index));
        }
        let all: Vec<&Value> = values.iter().collect();
        if let Some(shape) = shape(&all, &known, &mut left) {
            shapes.insert(step.to_owned(), alike.one(&shape));
        }
    }
    shapes
}
