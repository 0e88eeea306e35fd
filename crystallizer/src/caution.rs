//! Where a person's say is missing or was passed by: steps that cannot be taken back and have no gate, and what an
//! agent did instead of what a person had refused.

use crate::declined::Declined;
use crate::findings::located;
use crate::kept::{Kept, Spot};
use crate::leaf::{canonical, leaves};
use crate::objected::Objected;
use crate::session::{Role, Session, ToolCall, Turn};
use druse_engine::Finding;
use druse_engine::definition::EffectLevel;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Findings about gates that there might be.
pub(crate) fn findings(
    session: &Session,
    kept: &[Kept<'_>],
    spots: &[Spot],
    gated: &BTreeSet<usize>,
    declined: &[Declined<'_>],
    objected: &[Objected<'_>],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    // The passes of a loop are one step.
    let mut named: BTreeSet<&str> = BTreeSet::new();
    for (index, (kept, spot)) in kept.iter().zip(spots).enumerate() {
        if kept.effects == Some(EffectLevel::Destructive)
            && !gated.contains(&index)
            && named.insert(&kept.step)
        {
            let finding = Finding::warning(
                "gate_suggested",
                format!(
                    "`{}` does what cannot be taken back, and nobody is asked before it.",
                    kept.step
                ),
            )
            .help("Put an `approval_gate` before the step, unless nobody has to be asked.");
            findings.push(located(finding, &kept.step, *spot, ""));
        }
    }
    findings.extend(other_ways(session, kept, spots));
    findings.extend(after_no(declined, kept, spots));
    findings.extend(late_no(objected, kept, spots));
    findings
}

/// Changes that the person objected to once they were made.
fn late_no(objected: &[Objected<'_>], kept: &[Kept<'_>], spots: &[Spot]) -> Vec<Finding> {
    // Of the passes of a loop the one that has to be acknowledged stands for all.
    let mut of: BTreeMap<&str, Finding> = BTreeMap::new();
    for one in objected {
        let (Some(kept), Some(spot)) = (kept.get(one.at), spots.get(one.at)) else {
            continue;
        };
        if one.went_on && of.contains_key(kept.step.as_str()) {
            continue;
        }
        let finding = Finding::warning(
            "objected_after",
            format!(
                "After `{}` had been done, the person said “{}”.",
                kept.step,
                crate::show::value("", &one.said.into(), 120),
            ),
        );
        let finding = match one.went_on {
            true => finding.help("Look whether what the agent did then put it right."),
            false => finding
                .help("It may not have been wanted. Take the step out, put a gate before it, or acknowledge it.")
                .must_acknowledge(),
        };
        let mut finding = located(finding, &kept.step, *spot, "");
        finding.id = format!("objected_after:{}", kept.step);
        of.insert(&kept.step, finding);
    }
    of.into_values().collect()
}

/// Takes back that an objection has to be acknowledged, where a question about the step asks of the same words.
pub(crate) fn once(all: &mut [Finding]) {
    let quoted = |finding: &Finding| {
        let (_, behind) = finding.message.split_once('“')?;
        let (words, _) = behind.rsplit_once('”')?;
        Some(words.replace('*', ""))
    };
    let asked: Vec<(Option<String>, String)> = all
        .iter()
        .filter(|finding| finding.code == "condition_not_shown" && finding.acknowledge)
        .filter_map(|finding| Some((finding.step.clone(), quoted(finding)?)))
        .collect();
    for finding in all {
        if finding.code == "objected_after" && finding.acknowledge {
            let said = quoted(finding).unwrap_or_default();
            finding.acknowledge = !asked
                .iter()
                .any(|(step, words)| *step == finding.step && said.contains(words.as_str()));
        }
    }
}

/// Calls that changed something after a person had said no to the agent's question.
fn after_no(declined: &[Declined<'_>], kept: &[Kept<'_>], spots: &[Spot]) -> Vec<Finding> {
    // The passes of a loop are one step: what has to be acknowledged of one has to be of all.
    let mut of: BTreeMap<&str, Finding> = BTreeMap::new();
    for one in declined {
        let (Some(kept), Some(spot)) = (kept.get(one.at), spots.get(one.at)) else {
            continue;
        };
        if of
            .get(kept.step.as_str())
            .is_some_and(|known| known.acknowledge || !one.of_this)
        {
            continue;
        }
        let finding = Finding::warning(
            "after_refusal",
            format!(
                "To “{}” the person said “{}”, and `{}` is what the agent did then.",
                crate::show::value("", &one.question.into(), 120),
                crate::show::value("", &one.answer.into(), 80),
                kept.step
            ),
        );
        let finding = match one.of_this {
            true => finding
                .help("It may be what the person said no to. Take the step out, or acknowledge it; a gate stands before it.")
                .must_acknowledge(),
            false => finding.help("Look whether it does in another way what was refused."),
        };
        let mut finding = located(finding, &kept.step, *spot, "");
        finding.id = format!("after_refusal:{}", kept.step);
        of.insert(&kept.step, finding);
    }
    of.into_values().collect()
}

/// Calls that changed something after a person had refused another, before the person spoke again.
fn other_ways(session: &Session, kept: &[Kept<'_>], spots: &[Spot]) -> Vec<Finding> {
    let index: HashMap<&str, usize> = kept
        .iter()
        .enumerate()
        .map(|(index, kept)| (kept.call.id.as_str(), index))
        .collect();
    let refused_by_name: BTreeSet<&str> = session
        .turns
        .iter()
        .filter_map(|turn| match turn {
            Turn::Approval(approval) if !approval.approved => approval.call.as_deref(),
            _ => None,
        })
        .collect();
    let mut findings = Vec::new();
    let mut refused: Vec<&ToolCall> = Vec::new();
    for turn in &session.turns {
        match turn {
            Turn::Message {
                role: Role::User, ..
            } => refused.clear(),
            Turn::Message { .. } | Turn::Approval(_) => {}
            Turn::Call(call) => {
                let was_refused = refused_by_name.contains(call.id.as_str())
                    || call.result.as_ref().is_some_and(|result| result.refused);
                let at = index.get(call.id.as_str()).copied();
                let (Some(kept), Some(spot)) = (
                    at.and_then(|at| kept.get(at)),
                    at.and_then(|at| spots.get(at)),
                ) else {
                    if was_refused {
                        refused.push(call);
                    }
                    continue;
                };
                if was_refused || !kept.changes() {
                    continue;
                }
                let about_the_same = refused
                    .iter()
                    .rev()
                    .find(|before| share(&before.arguments, &call.arguments));
                let Some(before) = about_the_same.or(refused.last()) else {
                    continue;
                };
                let finding = Finding::warning(
                    "after_refusal",
                    format!(
                        "A person had refused the call of `{}` (call {}), and `{}` is what the agent did then.",
                        crate::show::text(&before.name, 60),
                        crate::show::text(&before.id, 40),
                        kept.step
                    ),
                );
                let finding = match about_the_same {
                    // With the same thing: it may be what was refused, in another way.
                    Some(_) => finding
                        .help("It works with what the refused call worked with. Take the step out, put a gate before it, or acknowledge it.")
                        .must_acknowledge(),
                    None => finding.help("Look whether it does in another way what was refused."),
                };
                let mut finding = located(finding, &kept.step, *spot, "");
                finding.id = format!("after_refusal:{}", kept.step);
                findings.push(finding);
                refused.clear();
            }
        }
    }
    findings
}

/// Whether two calls were given an equal value that says something.
fn share(one: &Value, two: &Value) -> bool {
    let values = |value: &Value| -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        leaves(value, &mut |_, _, leaf| {
            if let Some(text) = canonical(leaf) {
                for word in crate::leaf::tokens(&text) {
                    if word.len() >= 4 {
                        all.insert(word.to_lowercase());
                    }
                }
            }
        });
        all
    };
    !values(one).is_disjoint(&values(two))
}
