//! What differs between two documents, for the API and the command line.

use druse_engine::definition::{Document, to_yaml};
use druse_engine::difference::{self, Became, Change, Part};
use schemars::JsonSchema;
use serde::Serialize;

/// The parts and the lines that differ.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Difference {
    /// Steps by what became of them.
    pub steps: Steps,
    /// Every part that differs, with its fields.
    pub changes: Vec<Change>,
    /// The same as lines for people.
    pub text: String,
    /// A unified diff of both documents in their usual form: only what changed shows, not how it was typed.
    pub diff: String,
}

/// Steps by what became of them; those of a loop's body with the loop before them.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Steps {
    /// Only in the newer one.
    pub added: Vec<String>,
    /// Only in the older one.
    pub removed: Vec<String>,
    /// In both, but different.
    pub changed: Vec<String>,
    /// In both, under another id.
    pub renamed: Vec<String>,
    /// In both, at another place of their list.
    pub moved: Vec<String>,
}

/// Compares two documents; the names stand at the head of the diff.
pub fn between(old: &Document, new: &Document, names: (&str, &str)) -> Difference {
    let changes = difference::between(old, new);
    let ids = |became: Became| -> Vec<String> {
        changes
            .iter()
            .filter(|change| change.part == Part::Step && change.became == became)
            .map(|change| change.id.clone())
            .collect()
    };
    let steps = Steps {
        added: ids(Became::Added),
        removed: ids(Became::Removed),
        changed: ids(Became::Changed),
        renamed: ids(Became::Renamed),
        moved: ids(Became::Moved),
    };
    let lines: Vec<String> = changes.iter().flat_map(Change::lines).collect();
    let (before, after) = (to_yaml(old), to_yaml(new));
    let diff = similar::TextDiff::from_lines(&before, &after)
        .unified_diff()
        .header(names.0, names.1)
        .to_string();
    Difference {
        steps,
        text: lines.join("\n"),
        changes,
        diff,
    }
}

impl Difference {
    /// Whether both say the same.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.diff.is_empty()
    }

    /// The same in a few words.
    pub fn words(&self) -> String {
        let parts = [
            ("added", &self.steps.added),
            ("removed", &self.steps.removed),
            ("changed", &self.steps.changed),
            ("renamed", &self.steps.renamed),
            ("moved", &self.steps.moved),
        ];
        let said: Vec<String> = parts
            .iter()
            .filter(|(_, ids)| !ids.is_empty())
            .map(|(what, ids)| format!("{what} {}", ids.join(", ")))
            .collect();
        match (self.is_empty(), said.is_empty()) {
            (true, _) => "unchanged".into(),
            (false, true) if self.changes.iter().all(|change| change.part == Part::Test) => {
                "changed in its tests alone".into()
            }
            (false, true) => "changed outside its steps".into(),
            (false, false) => said.join("; "),
        }
    }
}
