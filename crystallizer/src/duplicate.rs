//! Leaves out, in the mode `bound`, looks that were repeated: the same tool asked for the same once more, with the
//! same answer and nothing changed in between.

use crate::kept::Kept;
use crate::mark::{Mark, MarkMap, mark};
use crate::prune::{self, LeftOut};
use crate::session::{Session, ToolCall, Turn};
use druse_engine::Finding;
use druse_engine::json::canonical;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

/// What was asked: by which call first, and once it was asked again the calls by what they were answered.
struct Asked<'k> {
    first: &'k ToolCall,
    answered: MarkMap<&'k ToolCall>,
}

/// What a call was answered.
fn answer(call: &ToolCall) -> Mark {
    let result = call.result.as_ref();
    mark(
        &result
            .map(|result| canonical(&result.content))
            .unwrap_or_default(),
    )
}

/// Takes repeated looks out of the kept calls.
/// Those to `keep` stay, and are told.
pub(crate) fn leave_out(
    session: &Session,
    kept: &mut Vec<Kept<'_>>,
    keep: &BTreeSet<String>,
) -> (Vec<(LeftOut, Finding)>, Vec<Finding>) {
    let approved: BTreeSet<&str> = session
        .turns
        .iter()
        .filter_map(|turn| match turn {
            Turn::Approval(approval) => approval.call.as_deref(),
            _ => None,
        })
        .collect();
    let mut seen: HashMap<(&str, Mark), Asked<'_>> = HashMap::new();
    let mut gone = Vec::new();
    let mut stays = Vec::new();
    kept.retain(|one| {
        let call = one.call;
        if !one.is_harmless() {
            // It may have changed what any look finds.
            seen.clear();
            return true;
        }
        if !one.reasons.is_empty() || !prune::succeeded(call) || approved.contains(call.id.as_str())
        {
            return true;
        }
        let asked = (call.name.as_str(), mark(&canonical(&call.arguments)));
        let known = match seen.entry(asked) {
            Entry::Vacant(free) => {
                free.insert(Asked {
                    first: call,
                    answered: MarkMap::default(),
                });
                return true;
            }
            Entry::Occupied(known) => known.into_mut(),
        };
        if known.answered.is_empty() {
            known.answered.insert(answer(known.first), known.first);
        }
        let this = answer(call);
        match known.answered.get(&this) {
            None => {
                known.answered.insert(this, call);
                true
            }
            Some(_) if keep.contains(&call.id) => {
                stays.push(prune::put_back(call, "exact_duplicate"));
                true
            }
            Some(first) => {
                gone.push((call.id.clone(), call.name.clone(), first.id.clone()));
                false
            }
        }
    });
    let gone = gone
        .into_iter()
        .map(|(call, tool, first)| {
            let mut finding = Finding::info(
                "exact_duplicate",
                format!(
                    "A call of `{}` asked for the same as call {} had, with the same answer and nothing changed in between. It is left out.",
                    crate::show::text(&tool, 60),
                    crate::show::text(&first, 60)
                ),
            )
            .help("Add a step of your own if it is wanted after all.");
            finding.id = format!("exact_duplicate:{}", crate::tool_map::escape(&call));
            let left_out = LeftOut {
                call,
                code: "exact_duplicate".to_owned(),
                repeated_as: None,
                succeeded: true,
            };
            (left_out, finding)
        })
        .collect();
    (gone, stays)
}
