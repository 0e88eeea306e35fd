//! A step that a person adds or changes by itself takes along what it touches.

use super::{Need, needs};
use crate::Finding;
use crate::definition::Document;

/// Adds to the list of a document what its steps touch since it was another document, and gives a finding for
/// each thing. What was missing before stays missing. A document without a list needs none.
pub fn widen(before: &Document, after: &mut Document) -> Vec<Finding> {
    let known: Vec<Need> = needs(before);
    let all = needs(after);
    let Some(list) = after.capabilities.as_mut() else {
        return Vec::new();
    };
    let mut said = Vec::new();
    for need in all {
        let is_new = !known
            .iter()
            .any(|one| one.step == need.step && one.grant == need.grant);
        if !is_new || list.permits(&need.grant) {
            continue;
        }
        let (kind, value) = (need.grant.kind(), need.grant.value().to_owned());
        let mut finding = Finding::info(
            "capability_widened",
            format!("the {kind} `{value}` is on the list of what may be touched now"),
        )
        .at_path(format!("/capabilities/{}", need.grant.list()))
        .help("take it out of `capabilities` if the step is not to touch it");
        if let Some(step) = &need.step {
            finding = finding.at_step(step);
        }
        list.add(need.grant);
        said.push(finding);
    }
    said
}
