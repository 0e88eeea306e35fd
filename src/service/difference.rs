//! What differs between two documents.

use druse_engine::definition::{Document, Step, to_yaml};
use serde::Serialize;

/// The steps and the lines that differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Steps by what became of them.
    pub steps: Steps,
    /// A unified diff of both documents in their usual form: only what changed shows, not how it was typed.
    pub diff: String,
}

/// Steps by what became of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Steps {
    /// Only in the newer one.
    pub added: Vec<String>,
    /// Only in the older one.
    pub removed: Vec<String>,
    /// In both, but different.
    pub changed: Vec<String>,
}

/// Compares two documents; the names stand at the head of the diff.
pub fn between(old: &Document, new: &Document, names: (&str, &str)) -> Difference {
    fn find<'a>(all: &'a [Step], id: &str) -> Option<&'a Step> {
        all.iter().find(|step| step.id == id)
    }
    let ids = |steps: &[Step], keep: &dyn Fn(&Step) -> bool| -> Vec<String> {
        steps
            .iter()
            .filter(|step| keep(step))
            .map(|step| step.id.clone())
            .collect()
    };
    let steps = Steps {
        added: ids(&new.steps, &|step| find(&old.steps, &step.id).is_none()),
        removed: ids(&old.steps, &|step| find(&new.steps, &step.id).is_none()),
        changed: ids(&new.steps, &|step| {
            find(&old.steps, &step.id).is_some_and(|before| before != step)
        }),
    };
    let (before, after) = (to_yaml(old), to_yaml(new));
    let diff = similar::TextDiff::from_lines(&before, &after)
        .unified_diff()
        .header(names.0, names.1)
        .to_string();
    Difference { steps, diff }
}

impl Difference {
    /// Whether both say the same.
    pub fn is_empty(&self) -> bool {
        self.diff.is_empty()
    }

    /// The same in a few words.
    pub fn words(&self) -> String {
        let parts = [
            ("added", &self.steps.added),
            ("removed", &self.steps.removed),
            ("changed", &self.steps.changed),
        ];
        let said: Vec<String> = parts
            .iter()
            .filter(|(_, ids)| !ids.is_empty())
            .map(|(what, ids)| format!("{what} {}", ids.join(", ")))
            .collect();
        match (self.is_empty(), said.is_empty()) {
            (true, _) => "unchanged".into(),
            (false, true) => "changed outside its steps".into(),
            (false, false) => said.join("; "),
        }
    }
}
