//! Lists that were asked for page by page without a loop that came of it: a run asks for the recorded pages, however
//! many there are.

use super::turn::sent;
use crate::bound::binding::{Bound, Source};
use crate::bound::decide::Decisions;
use crate::bound::inputs::Found;
use crate::bound::key::words;
use crate::findings::located;
use crate::kept::{Kept, Spot};
use crate::tool_map::Origin;
use druse_engine::Finding;
use druse_engine::json::canonical;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The calls that ask for pages of one list: by the tool, the argument that says which page, and the other arguments.
type Lists<'k> = BTreeMap<(&'k str, String, String), Vec<(usize, &'k Value)>>;

/// Says of each list how many of its pages a run asks for.
pub(in crate::bound) fn fixed(
    kept: &[Kept<'_>],
    spots: &[Spot],
    decisions: &Decisions<'_>,
) -> Vec<Finding> {
    let mut lists = Lists::new();
    let mut without: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for (index, one) in kept.iter().enumerate() {
        let folded = decisions.pages.iter().any(|pages| pages.holds(index));
        // The parts of a file that a coding agent reads are no pages of a list.
        if folded || !(one.is_harmless() || one.informs()) || one.target.origin == Origin::Builtin {
            continue;
        }
        let sent = sent(one);
        let name = one.call.name.as_str();
        without.entry((name, others(&sent, ""))).or_insert(index);
        for (pointer, value) in &sent {
            if says_which(pointer) {
                lists
                    .entry((name, pointer.clone(), others(&sent, pointer)))
                    .or_default()
                    .push((index, value));
            }
        }
    }
    let mut said = BTreeSet::new();
    let mut found = Vec::new();
    for ((name, pointer, rest), asked) in &lists {
        let Some((first, _)) = asked.first() else {
            continue;
        };
        // The first page is often asked for without saying which.
        let before = without
            .get(&(*name, rest.clone()))
            .filter(|index| *index < first);
        if !turns(kept, asked, before.copied()) || by_person(asked, pointer, decisions) {
            continue;
        }
        let first = before.unwrap_or(first);
        let (Some(one), Some(spot)) = (kept.get(*first), spots.get(*first)) else {
            continue;
        };
        if !said.insert((one.step.as_str(), pointer)) {
            continue;
        }
        let pages: BTreeSet<String> = asked.iter().map(|(_, value)| value.to_string()).collect();
        let count = pages.len() + usize::from(before.is_some());
        let key = pointer.rsplit('/').next().unwrap_or_default();
        let finding = Finding::warning(
            "pages_as_recorded",
            format!(
                "`{}` was asked for {count} pages by `{}`, and no loop came of it: a run asks for {count}, however many there are.",
                crate::show::text(name, 60),
                crate::show::text(key, 40)
            ),
        )
        .help("Put the steps of one page into a `repeat` with `until`, or acknowledge that no further page is looked at.")
        .must_acknowledge();
        let mut finding = located(finding, &one.step, *spot, "");
        finding.id = format!("pages_as_recorded:{}", one.step);
        found.push(finding);
    }
    found
}

fn others(sent: &BTreeMap<String, &Value>, pointer: &str) -> String {
    let rest: serde_json::Map<String, Value> = sent
        .iter()
        .filter(|(other, _)| *other != pointer)
        .map(|(other, value)| (other.clone(), (*value).clone()))
        .collect();
    canonical(&Value::Object(rest))
}

/// Whether the key at a place says which page is meant.
fn says_which(pointer: &str) -> bool {
    let key = pointer.rsplit('/').next().unwrap_or_default();
    let words = words(key);
    let has = |word: &str| words.iter().any(|own| own == word);
    // How long a page is, or how many there are at most.
    if has("size") || has("limit") || has("per") || has("max") {
        return false;
    }
    has("page")
        || has("offset")
        || has("skip")
        || has("cursor")
        || has("start")
        || has("token") && (has("next") || has("continuation"))
        || has("after") && words.len() > 1
}

/// Whether each call asks for the page behind that of the one before: by a number that grows evenly, or by what an
/// answer before it gave.
fn turns(kept: &[Kept<'_>], asked: &[(usize, &Value)], before: Option<usize>) -> bool {
    let mut pages = asked.to_vec();
    pages.dedup_by(|later, earlier| later.1 == earlier.1);
    let numbers: Option<Vec<i64>> = pages
        .iter()
        .map(|(_, value)| {
            value
                .as_i64()
                .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
        })
        .collect();
    if let Some(numbers) = numbers {
        let steps: BTreeSet<i64> = numbers
            .iter()
            .zip(numbers.iter().skip(1))
            .map(|(one, two)| two.saturating_sub(*one))
            .collect();
        return match steps.first() {
            Some(step) => steps.len() == 1 && *step > 0,
            None => before.is_some() && numbers.iter().all(|number| *number > 0),
        };
    }
    let answers = |call: usize, text: &str| {
        kept.get(call)
            .and_then(|kept| kept.call.result.as_ref())
            .is_some_and(|result| canonical(&result.content).contains(text))
    };
    let mut from = before;
    let mut turned = false;
    for (call, value) in pages {
        let text = value.as_str().unwrap_or_default();
        if let Some(from) = from
            && !text.is_empty()
        {
            if !answers(from, text) {
                return false;
            }
            turned = true;
        }
        from = Some(call);
    }
    turned
}

/// Whether the person said which page is meant.
fn by_person(asked: &[(usize, &Value)], pointer: &str, decisions: &Decisions<'_>) -> bool {
    let is_said = |name: &String| {
        let input = decisions.inputs.named(name);
        input.is_some_and(|input| matches!(input.found, Found::Said(_)))
    };
    asked
        .iter()
        .filter_map(|(call, _)| decisions.calls.get(*call))
        .flat_map(|decided| &decided.bound)
        .filter(|bound| bound.pointer == pointer)
        .flat_map(Bound::bindings)
        .any(|binding| matches!(&binding.source, Source::Input(name) if is_said(name)))
}
