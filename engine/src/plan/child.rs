//! Which other automations the steps of a document start.

use super::{ActionKind, Block};
use crate::definition::Document;
use serde_json::Value;
use std::collections::BTreeSet;

/// An automation as a step names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChildTarget {
    /// Its name, where the step gives that.
    pub name: Option<String>,
    /// Its id, where the step gives that.
    pub id: Option<String>,
    /// The version; none for the one that is active when it is started, and where it is computed.
    pub version: Option<u32>,
}

impl ChildTarget {
    /// From a configuration as it is written; none where it is computed.
    pub fn of(with: &Value) -> Option<Self> {
        let text = |key: &str| with.get(key).and_then(Value::as_str).map(ToOwned::to_owned);
        let version = match with.get("version") {
            None | Some(Value::Null) => None,
            // What it gives is bound with the configuration; where that is nothing, the active one is meant.
            Some(Value::String(text)) if text.contains("{{") => None,
            Some(version) => Some(u32::try_from(version.as_u64()?).ok()?),
        };
        let target = Self {
            name: text("name"),
            id: text("id"),
            version,
        };
        let said = target.name.iter().chain(&target.id);
        (said.clone().count() == 1 && !said.clone().any(|text| text.contains("{{")))
            .then_some(target)
    }
}

/// What steps of these lists start, where any of them are gates: only then it is bound to what people see.
pub(super) fn starts_of(document: &Document, blocks: &[Block]) -> BTreeSet<ChildTarget> {
    let steps = || blocks.iter().flat_map(|block| &block.steps);
    if !steps().any(|step| step.work.kind() == Some(ActionKind::ApprovalGate)) {
        return BTreeSet::new();
    }
    steps()
        .filter(|step| step.work.kind() == Some(ActionKind::Automation))
        .filter_map(|step| {
            let with = step.written.of(document).with.clone()?;
            ChildTarget::of(&Value::Object(with))
        })
        .collect()
}
