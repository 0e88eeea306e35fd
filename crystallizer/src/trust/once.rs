//! Who decides is asked about a matter once.

use super::is_of_trust;
use super::key::is_path;
use crate::findings::place;
use crate::kept::Kept;
use crate::leaf::leaves;
use druse_engine::{Finding, Severity};
use std::collections::{BTreeMap, BTreeSet};

/// Takes back the findings to acknowledge that ask about the same as another one does.
pub(crate) fn once(all: &mut [Finding], kept: &[Kept<'_>]) {
    by_place(all);
    by_path(all, kept);
}

/// Whose word a value is, is the stricter question than where it comes from: who says yes to the one has seen it.
fn by_place(all: &mut [Finding]) {
    let at = |finding: &Finding| (finding.step.clone(), finding.path.clone());
    let strict: BTreeSet<_> = all
        .iter()
        .filter(|finding| finding.acknowledge && finding.path.is_some() && is_of_trust(finding))
        .map(at)
        .collect();
    for finding in all {
        let open = matches!(
            finding.code.as_str(),
            "open_source" | "open_choice" | "made_by_agent"
        );
        if open && finding.acknowledge && strict.contains(&at(finding)) {
            finding.acknowledge = false;
        }
    }
}

/// The same file that the same tool changes again and again is one file.
fn by_path(all: &mut [Finding], kept: &[Kept<'_>]) {
    let mut steps: BTreeMap<&str, &Kept<'_>> = BTreeMap::new();
    for kept in kept {
        steps.entry(&kept.step).or_insert(kept);
    }
    // By step, what each place that names a file has.
    let mut files: BTreeMap<&str, BTreeMap<String, (&str, String, String)>> = BTreeMap::new();
    let mut groups: BTreeMap<(&str, String, String), Vec<usize>> = BTreeMap::new();
    for (index, finding) in all.iter().enumerate() {
        if finding.code != "frozen_from_output" || !finding.acknowledge {
            continue;
        }
        let Some(kept) = finding.step.as_deref().and_then(|step| steps.get(step)) else {
            continue;
        };
        let Some(inner) = finding
            .id
            .strip_prefix(&format!("{}:{}:", finding.code, kept.step))
        else {
            continue;
        };
        let files = files.entry(&kept.step).or_insert_with(|| {
            let mut files = BTreeMap::new();
            leaves(&kept.call.arguments, &mut |pointer, key, leaf| {
                if let Some(text) = leaf.as_str()
                    && is_path(key)
                {
                    let file = (kept.call.name.as_str(), key.to_owned(), text.to_owned());
                    files.insert(place(kept, pointer), file);
                }
            });
            files
        });
        if let Some(file) = files.get(inner) {
            groups.entry(file.clone()).or_default().push(index);
        }
    }
    for group in groups.into_values() {
        let Some((first, others)) = group.split_first() else {
            continue;
        };
        if others.is_empty() {
            continue;
        }
        let mut names: Vec<String> = Vec::new();
        for other in others {
            let Some(finding) = all.get_mut(*other) else {
                continue;
            };
            finding.acknowledge = false;
            finding.severity = Severity::Info;
            let step = finding.step.as_deref().unwrap_or_default();
            names.push(format!("`{step}`"));
        }
        if let Some(finding) = all.get_mut(*first) {
            let shown: Vec<String> = names.iter().take(5).cloned().collect();
            let more = if names.len() > shown.len() {
                ", …"
            } else {
                ""
            };
            finding.message = format!(
                "{} So it is in {} as well: {}{more}.",
                finding.message,
                crate::show::count(names.len(), "further step", "further steps"),
                shown.join(", ")
            );
            // It is about more than this step, and stays when the step goes.
            finding.path = None;
        }
    }
}
