//! What was found about versions, kept: a list shows many, and to look through one may take long.

use druse_engine::check::Catalog;
use druse_engine::{AutomationId, Digest, Finding, Timestamp};
use druse_storage::Version;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most findings, and the most versions, that are kept.
const MOST_FINDINGS: usize = 100_000;
const MOST_VERSIONS: usize = 4_096;

/// The findings of versions against one state of what there is around them.
#[derive(Default)]
pub struct Checked(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    catalog: Catalog,
    found: HashMap<Key, Arc<[Finding]>>,
    count: usize,
}

/// Two versions of one number differ where the first was not stored: then it is not the same version.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    automation: AutomationId,
    number: u32,
    digest: Digest,
    created_at: Timestamp,
    reported: bool,
}

impl Key {
    fn of(version: &Version) -> Self {
        Self {
            automation: version.automation,
            number: version.number,
            digest: version.digest.clone(),
            created_at: version.created_at,
            reported: version.report.is_some(),
        }
    }
}

impl Checked {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was found before, if nothing around it has changed since.
    pub(crate) fn known(&self, version: &Version, catalog: &Catalog) -> Option<Arc<[Finding]>> {
        let kept = self.kept();
        let known = kept.found.get(&Key::of(version))?;
        same(&kept.catalog, catalog).then(|| known.clone())
    }

    /// Keeps what was found.
    pub(super) fn keep(&self, version: &Version, catalog: &Catalog, findings: &[Finding]) {
        if findings.len() > MOST_FINDINGS {
            return;
        }
        let mut kept = self.kept();
        let full = kept.count + findings.len() > MOST_FINDINGS || kept.found.len() >= MOST_VERSIONS;
        if full || !same(&kept.catalog, catalog) {
            *kept = Kept {
                catalog: catalog.clone(),
                ..Kept::default()
            };
        }
        let before = kept.found.insert(Key::of(version), findings.into());
        kept.count += findings.len();
        kept.count -= before.map_or(0, |before| before.len());
    }
}

/// Whether there are the same connections, secrets and automations. The rule for schedules is the program's own.
fn same(one: &Catalog, other: &Catalog) -> bool {
    one.connections == other.connections
        && one.secrets == other.secrets
        && one.automations == other.automations
        && one.schedule.is_some() == other.schedule.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn version(number: u32, at: i64) -> Version {
        Version {
            automation: AutomationId::from_parts(1, [0; 10]),
            number,
            digest: Digest::of(b"x"),
            document: json!({}),
            source_text: None,
            report: None,
            created_at: Timestamp(at),
            created_by: "x".into(),
        }
    }

    #[test]
    fn findings_are_known_until_something_around_them_changes() {
        let checked = Checked::default();
        let mut catalog = Catalog {
            secrets: Some(["a".to_owned()].into()),
            ..Catalog::default()
        };
        let found = [Finding::error("x", "is wrong")];
        let known = |version: &Version, catalog: &Catalog| {
            checked.known(version, catalog).map(|found| found.to_vec())
        };
        assert_eq!(known(&version(1, 0), &catalog), None);
        checked.keep(&version(1, 0), &catalog, &found);
        assert_eq!(known(&version(1, 0), &catalog), Some(found.to_vec()));
        // Another version, and one that took the number of one that was never stored.
        assert_eq!(known(&version(2, 0), &catalog), None);
        assert_eq!(known(&version(1, 7), &catalog), None);
        catalog.secrets.as_mut().unwrap().insert("b".into());
        assert_eq!(known(&version(1, 0), &catalog), None);
        checked.keep(&version(2, 0), &catalog, &[]);
        assert_eq!(known(&version(2, 0), &catalog), Some(Vec::new()));
        assert_eq!(known(&version(1, 0), &catalog), None);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let checked = Checked::default();
        let catalog = Catalog::default();
        let found = vec![Finding::error("x", "is wrong"); MOST_FINDINGS / 2];
        for number in 1..=3 {
            checked.keep(&version(number, 0), &catalog, &found);
        }
        let kept = checked.kept();
        assert_eq!((kept.count, kept.found.len()), (MOST_FINDINGS / 2, 1));
        drop(kept);
        // The same once more is no more.
        checked.keep(&version(3, 0), &catalog, &found);
        assert!(checked.kept().count <= MOST_FINDINGS);
    }
}
