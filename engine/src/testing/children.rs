//! Which version of another automation is active around a simulated run: that changes while it goes on.

use crate::plan::{ChildTarget, Plan};
use crate::run::{ChildVersion, ChildVersions};
use crate::{AutomationId, Digest};
use std::sync::Arc;

/// After so many facts of a run another version is active.
const FACTS: u64 = 12;

/// The version that is active after so many facts. Not drawn: lives without gates stay what they are.
pub(super) fn version(seq: u64) -> u32 {
    1 + u32::from(seq / FACTS % 2 == 1)
}

/// What the steps of a plan would start, with this version active.
pub(super) fn children(plan: &Plan, version: u32) -> Option<Arc<ChildVersions>> {
    if plan.starts.is_empty() {
        return None;
    }
    let found = |target: &ChildTarget| {
        let version = target.version.unwrap_or(version);
        ChildVersion {
            automation: AutomationId::from_parts(1, [5; 10]),
            version,
            digest: Digest::of(&version.to_be_bytes()),
        }
    };
    let all = plan.starts.iter();
    Some(Arc::new(
        all.map(|target| (target.clone(), Some(found(target))))
            .collect(),
    ))
}
