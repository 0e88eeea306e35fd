//! Looks that were repeated until something had happened: the same tool asked for the same once more, with nothing
//! changed in between and another answer. The agent waited that way, and a draft only asks as often as it had.

use crate::findings::located;
use crate::kept::{Kept, Spot};
use crate::mark::{Mark, mark};
use druse_engine::Finding;
use druse_engine::json::canonical;
use serde_json::Value;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Why equal questions get other answers without anything having happened.
const BY_ITSELF: [&str; 6] = ["time", "random", "model", "web_search", "search", "person"];

/// What was asked: by which call first, and what it was answered.
struct Asked<'k> {
    first: usize,
    answer: &'k Value,
    /// The same as it is compared, once it was asked again.
    mark: Option<Mark>,
    /// Whether another answer came since.
    otherwise: bool,
}

/// What a call asks for.
fn question<'k>(kept: &'k Kept<'_>) -> (&'k str, Mark) {
    (
        kept.call.name.as_str(),
        mark(&canonical(&kept.call.arguments)),
    )
}

/// The calls that only ask again what the call beside them had asked, each with the first of them.
pub(crate) fn repeated(kept: &[Kept<'_>]) -> BTreeMap<usize, usize> {
    // By what is asked: the first call and its answer, and the answers since that were otherwise.
    let mut asked: HashMap<(&str, Mark), Asked<'_>> = HashMap::new();
    let mut found = BTreeMap::new();
    for (index, one) in kept.iter().enumerate() {
        if !one.is_harmless() {
            if !only_waits(one) {
                asked.clear();
            }
            continue;
        }
        let by_itself = |code: &str| BY_ITSELF.contains(&code);
        if one.reasons.iter().any(|reason| by_itself(&reason.code)) {
            continue;
        }
        let Some(result) = &one.call.result else {
            continue;
        };
        match asked.entry(question(one)) {
            Entry::Vacant(free) => {
                free.insert(Asked {
                    first: index,
                    answer: &result.content,
                    mark: None,
                    otherwise: false,
                });
            }
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                let answer = known.answer;
                let first = *known.mark.get_or_insert_with(|| mark(&canonical(answer)));
                // What was answered alike all the time told nothing new.
                known.otherwise |= mark(&canonical(&result.content)) != first;
                if known.otherwise {
                    found.insert(index, known.first);
                }
            }
        }
    }
    found
}

/// Whether a step lets time pass and does nothing else.
fn only_waits(kept: &Kept<'_>) -> bool {
    if kept.target.action == "wait" {
        return true;
    }
    let Some(shell) = &kept.target.shell else {
        return false;
    };
    let line = shell.line();
    let mut words = line.split_whitespace();
    let is_span = |word: &str| {
        word.trim_end_matches(['s', 'm', 'h', 'd'])
            .parse::<f64>()
            .is_ok()
    };
    words.next() == Some("sleep") && words.clone().next().is_some() && words.all(is_span)
}

/// Says of each question that was asked until another answer came that a run asks no longer than the agent had.
pub(crate) fn findings(kept: &[Kept<'_>], spots: &[Spot]) -> Vec<Finding> {
    let mut by_first: BTreeMap<usize, usize> = BTreeMap::new();
    for (last, first) in repeated(kept) {
        by_first.insert(first, last);
    }
    if by_first.is_empty() {
        return Vec::new();
    }
    // The calls that ask for each matter, in their order.
    let mut askers: HashMap<(&str, Mark), Vec<usize>> = HashMap::new();
    for (index, one) in kept.iter().enumerate() {
        askers.entry(question(one)).or_default().push(index);
    }
    let mut said = BTreeSet::new();
    let mut found = Vec::new();
    for (first, last) in by_first {
        let (Some(one), Some(spot)) = (kept.get(first), spots.get(first)) else {
            continue;
        };
        // The passes of a loop have one step.
        if !said.insert(one.step.as_str()) {
            continue;
        }
        let all = askers.get(&question(one)).map_or(&[][..], Vec::as_slice);
        let times = all.partition_point(|at| *at <= last) - all.partition_point(|at| *at < first);
        let finding = Finding::warning(
            "waits_by_asking",
            format!(
                "`{}` was asked the same again with nothing changed in between, and answered otherwise: the agent waited for something. A run asks {times} times, one right after the other, and goes on whatever the answer is.",
                crate::show::text(&one.call.name, 60)
            ),
        )
        .help("Put one of the steps into a `repeat` with `until` and `every`, or acknowledge it.")
        .must_acknowledge();
        let mut finding = located(finding, &one.step, *spot, "");
        finding.id = format!("waits_by_asking:{}", one.step);
        found.push(finding);
    }
    found
}
