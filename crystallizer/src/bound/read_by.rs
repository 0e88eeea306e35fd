//! Which looks a change hangs on: what is open about them is open about the change.

use super::decide::Decisions;
use crate::kept::Kept;
use std::collections::{BTreeMap, BTreeSet};

/// The calls whose answers changes are sent something of, or are picked by, directly or by other looks.
pub(super) fn read_by_changes(kept: &[Kept<'_>], decisions: &Decisions<'_>) -> BTreeSet<usize> {
    let steps: BTreeMap<&str, usize> = kept
        .iter()
        .enumerate()
        .map(|(call, kept)| (kept.step.as_str(), call))
        .collect();
    let mut found = BTreeSet::new();
    let mut open: Vec<usize> = kept
        .iter()
        .enumerate()
        .filter(|(_, kept)| kept.changes())
        .map(|(call, _)| call)
        .collect();
    while let Some(call) = open.pop() {
        let Some(decided) = decisions.calls.get(call) else {
            continue;
        };
        for binding in decided.bound.iter().flat_map(|bound| bound.bindings()) {
            let texts = std::iter::once(&binding.expression).chain(&binding.agreeing);
            for step in texts.flat_map(|text| named_in(text)) {
                if let Some(read) = steps.get(step)
                    && found.insert(*read)
                {
                    open.push(*read);
                }
            }
        }
    }
    found
}

/// The steps that an expression names.
fn named_in(expression: &str) -> impl Iterator<Item = &str> {
    expression.split("steps.").skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        &rest[..end.unwrap_or(rest.len())]
    })
}

#[cfg(test)]
mod tests {
    use super::named_in;

    #[test]
    fn an_expression_names_steps() {
        let text = "(steps.get_order.output | parse_json).id | agreed(steps.find_2.output.id)";
        let found: Vec<&str> = named_in(text).collect();
        assert_eq!(found, ["get_order", "find_2"]);
    }
}
